"""Pages with their HTML beside trafilatura, in one run: accuracy on unseen sites, and speed: `make bench`.

    python tests/bench/pages.py [folder of the public sets]

Cleaner's accuracy comes from the shipped model's own record of its training: every page was scored by
the fold that was not trained on its site. trafilatura extracts the same pages now. Word F1 of both is
against the same gold, tokens as in training. Speed is CPU time, one thread, on the same pages in turns,
from bytes to clean text; metadata, which both can give beside, is timed in neither.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pyarrow.parquet as pq
import trafilatura
from selectolax.lexbor import LexborHTMLParser

from cleaner import Cleaner
from cleaner.errors import SourceError
from cleaner.evaluation.metrics import word_f1
from cleaner.evaluation.tables import replace_table
from cleaner.pipeline import as_source
from cleaner.segment_html import segment_html
from cleaner.training.alignment import tokens
from cleaner.training.corpora import PAGE_SETS, PAGES

TIMED_PAGES, ROUNDS = 300, 3


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Pages of a set."""
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def theirs(row: dict[str, Any], *, news: bool) -> float:
    """Word F1 of trafilatura; comments are content only where a set keeps everything."""
    text = trafilatura.extract(row["html"], include_comments=not news) or ""
    return word_f1(tokens(text), tokens(row["gold"]))


def silent(row: dict[str, Any]) -> bool:
    """Whether we find no text at all in a page: such pages were not scored in training."""
    try:
        segment_html(as_source(row["html"], kind="html"))
    except SourceError:
        return True
    return False


def accuracy(folder: Path, cleaner: Cleaner) -> list[str]:
    """Table rows: set or type of page, pages, ours, theirs."""
    lines = []
    for name, style in PAGE_SETS.items():
        unseen = cleaner.model.header["provenance"]["unseen"].get(f"{name}{PAGES}")
        if unseen is None or not (folder / f"{name}.parquet").exists():
            continue
        rows = rows_of(folder / f"{name}.parquet")
        for row in rows:
            row |= {"theirs": theirs(row, news=style == "news"), "silent": silent(row)}
        lines.append(_line(f"{name}, `{style}`", unseen, rows))
        for kind, own in unseen["kinds"].items():
            lines.append(_line(f"… {kind}", own, [row for row in rows if (row.get("page_type") or "") == kind]))
    return lines


def _line(name: str, ours: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    """A row of the table; a page in which we find no text counts as an empty answer."""
    empty = [word_f1([], tokens(row["gold"])) for row in rows if row["silent"]]
    assert len(empty) + ours["articles"] == len(rows), "the model was trained on other pages"
    f1, low, high = ((ours["articles"] * figure + sum(empty)) / len(rows) for figure in (ours["word_f1"], *ours["interval"]))
    return f"| {name} | {len(rows):,} | {f1:.3f} ({low:.3f}-{high:.3f}) | {np.mean([row['theirs'] for row in rows]):.3f} |"


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of this process for one call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def speed(folder: Path, cleaner: Cleaner) -> list[str]:
    """Table rows: pages a CPU second of the parser alone, ours and trafilatura's; medians of rounds in turns."""
    pages = [row["html"] for row in rows_of(folder / "wcxb-dev.parquet")[:TIMED_PAGES]]
    works: dict[str, Callable[[], object]] = {
        "lexbor's parse alone": lambda: [LexborHTMLParser(page) for page in pages],
        "cleaner": lambda: [result.text for result in cleaner.clean_many(pages)],
        "trafilatura": lambda: [trafilatura.extract(page) for page in pages],
    }
    works["cleaner"]()
    timed = [{name: cpu(work) for name, work in works.items()} for _ in range(ROUNDS)]
    middle = {name: sorted(times[name] for times in timed)[ROUNDS // 2] for name in works}
    return [
        f"| {name} | {len(pages) / seconds:.0f} | {middle['trafilatura'] / seconds:.1f} |" for name, seconds in middle.items()
    ]


def main() -> None:
    """Measure, print, and write into a document where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("public", nargs="?", type=Path, default=Path("../shared/data"))
    parser.add_argument("--into", type=Path, help="document to write the tables into, between its `pages` markers")
    options = parser.parse_args()
    if not (options.public / "wcxb-dev.parquet").exists():
        print(f"{options.public}: no wcxb-dev.parquet there; pages are not measured (README, 'Public sets', says how to get it)")
        return
    cleaner = Cleaner.load(style="all")
    head = [f"| set | pages | cleaner, sites unseen | trafilatura {trafilatura.__version__} |", "|---|---|---|---|"]
    fast = ["| 300 pages of wcxb-dev | pages a CPU second | times trafilatura |", "|---|---|---|"]
    table = "\n".join([*head, *accuracy(options.public, cleaner), "", *fast, *speed(options.public, cleaner)])
    print(table)
    if options.into:
        replace_table(options.into, "pages", table)


if __name__ == "__main__":
    main()
