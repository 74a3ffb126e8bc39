"""What labels of a site are worth: of three of its pages, measured on its other pages and on other sites.

    python tests/bench/adaptation.py PUBLIC [--measures FOLDER] [--json FILE]

For every site of the public page sets with at least PAGES pages, judged by the folds of a training that had not seen it: a
person labels some paragraphs of three pages as the gold text says, in the order of `cleaner review` or at random, and what
the labels add is measured on up to TESTED other pages of the site. Keep and drop are labelled `content` and `teaser`: the
sets know no more. Intervals resample sites. What the model's training lines hold against a shift is that of the shipped
model, which has seen all sites: it holds the shift back on the tested site too. Reading the sets and training on them takes about 15 minutes and 12 GB of
memory; with --measures, what they gave is kept in FOLDER and read from there the next time.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
from numpy.typing import NDArray

from cleaner.classifier.adaptation import GRAM_BITS, dense_inputs
from cleaner.model_store import load_model
from cleaner.policy import load_policy
from cleaner.records import LABELS
from cleaner.review.queue import order
from cleaner.training.corpora import UNKNOWN, Example
from cleaner.training.information import square
from cleaner.training.judged import Judged, wordings
from cleaner.training.linear import line_grams
from cleaner.training.rows import Rows, rows_of
from cleaner.training.run import Run, fit_all
from cleaner.training.shift import fit_shift, moved
from cleaner.training.unseen import kept_rows

PAGES, LABELLED, TESTED = 8, 3, 15
BUDGETS = {"queue": (25, 50, 100, 200), "random": (50, 200)}
ELSEWHERE = 2
"""Pages of each other site on which is measured what labels change where they should not."""
CONTENT, TEASER = LABELS.index("content"), LABELS.index("teaser")
POLICY = replace(load_policy(), most_lost=1.0)
"""Articles are not set aside: one that is would be left whole, and each of its lines counted as left."""


class Measures(NamedTuple):
    """Pages of sites that have many, as a model judges them that had not seen the site."""

    examples: list[Example]
    rows: Rows
    judged: Judged
    information: NDArray[np.float64] | None


class Errors(NamedTuple):
    """Of one site and budget: content lines lost and noise lines left, before and after, here and on other sites."""

    set: str
    lost: int
    left: int
    lost_after: int
    left_after: int
    others: int
    others_after: int
    others_lost: int
    others_lost_after: int


def measured(run: Run, kind: str) -> tuple[list[Example], NDArray[np.float32], NDArray[np.float64]]:
    """Examples of sites with many pages, their columns and their probabilities."""
    of_page = kind == "page"
    examples, rows = (run.pages, run.page_rows) if of_page else (run.texts, run.rows)
    columns, found = (run.fitted.page_columns, run.fitted.unseen_pages) if of_page else (run.fitted.columns, run.fitted.unseen)
    assert rows is not None
    assert columns is not None
    assert found is not None
    pages = defaultdict(list)
    for number, example in enumerate(examples):
        if example.gold:
            pages[example.group, example.site].append(number)
    mine = sorted(number for numbers in pages.values() if len(numbers) >= PAGES for number in numbers)
    at = np.concatenate([np.arange(rows.offsets[i], rows.offsets[i + 1]) for i in mine])
    return [examples[i] for i in mine], columns[at], found[at]


def save(folder: Path, kind: str, examples: Sequence[Example], columns: NDArray[Any], found: NDArray[Any]) -> None:
    """Keep measures, as plain data."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / f"{kind}.npz", columns=columns, probabilities=found, keep=np.concatenate([e.keep for e in examples]))
    told = [{"id": e.id, "site": e.site, "group": e.group, "style": e.style, "lines": e.lines} for e in examples]
    (folder / f"{kind}.json").write_text(json.dumps(told), encoding="utf-8")


def load(folder: Path, kind: str) -> Measures:
    """Read measures and lay them out."""
    with np.load(folder / f"{kind}.npz") as arrays:
        columns, found, keep = arrays["columns"], arrays["probabilities"], arrays["keep"]
    told = json.loads((folder / f"{kind}.json").read_text(encoding="utf-8"))
    bounds = np.cumsum([0, *(len(e["lines"]) for e in told)])
    examples = [
        Example(e["id"], e["site"], e["group"], e["style"], tuple(e["lines"]), np.full(end - begin, UNKNOWN), keep[begin:end])
        for e, begin, end in zip(told, bounds, bounds[1:], strict=False)
    ]
    return laid_out(examples, columns, found, kind)


def laid_out(examples: list[Example], columns: NDArray[np.float32], found: NDArray[np.float64], kind: str) -> Measures:
    model = load_model()
    pages = model.classifier.pages
    assert pages is not None
    network = pages.keep if kind == "page" else model.classifier.contexts[0].network
    rows = rows_of(examples)
    judged = Judged(
        line_grams(rows.lines, GRAM_BITS), dense_inputs(network, columns, found), found, rows.labels, np.ones(len(rows.lines)),
        np.repeat(np.arange(len(examples)), np.diff(rows.offsets)), wordings(rows.lines),
    )  # fmt: skip
    return Measures(examples, rows, judged, square(model.information[kind]) if kind in model.information else None)


def part(measures: Measures, articles: Sequence[int]) -> Measures:
    """Some of the articles."""
    examples = [measures.examples[i] for i in articles]
    offsets = measures.rows.offsets
    at = np.concatenate([np.arange(offsets[i], offsets[i + 1]) for i in articles])
    judged = measures.judged.rows(at)
    number = np.repeat(np.arange(len(articles)), [len(e.lines) for e in examples])
    return Measures(examples, rows_of(examples), replace(judged, article=number), measures.information)


def errors(measures: Measures, probabilities: NDArray[np.float64]) -> tuple[int, int]:
    """Content lines lost and noise lines left."""
    kept, keep = kept_rows(measures.rows, probabilities, POLICY), measures.rows.keep
    return int((keep & ~kept).sum()), int((~keep & kept).sum())


def queued(labelled: Measures, site: Measures, seed: int, how: str) -> NDArray[np.int64]:
    """The rows of the labelled pages in the order in which a person labels them."""
    if how == "random":
        return np.random.default_rng(seed).permutation(len(labelled.rows.lines))
    stands: dict[int, set[int]] = defaultdict(set)
    for wording, article in zip(site.judged.wording.tolist(), site.judged.article.tolist(), strict=True):
        stands[wording].add(article)
    shares = labelled.judged.probabilities[:, :2].sum(axis=1)
    return order(
        shares,
        clusters=labelled.judged.wording,
        copies=[len(stands[wording]) for wording in labelled.judged.wording.tolist()],
        groups=labelled.judged.article,
    )


def taught(labelled: Measures, chosen: NDArray[np.int64]) -> Judged:
    """The labelled pages with labels on the chosen rows."""
    labels = np.full(len(labelled.rows.lines), UNKNOWN)
    labels[chosen] = np.where(labelled.rows.keep[chosen], CONTENT, TEASER)
    return labelled.judged.relabelled(labels)


def experiment(measures: Measures) -> Iterator[tuple[str, int, Errors]]:
    """For every site, order and budget: the errors before and after."""
    pages: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, example in enumerate(measures.examples):
        pages[example.group, example.site].append(number)
    for seed, ((group, site), mine) in enumerate(sorted(pages.items())):
        drawn = np.random.default_rng(seed).permutation(mine).tolist()
        labelled, tested = part(measures, drawn[:LABELLED]), part(measures, drawn[LABELLED:][:TESTED])
        whole, before = part(measures, mine), errors(tested, tested.judged.probabilities)
        elsewhere = part(measures, [i for key, some in sorted(pages.items()) if key[1] != site for i in some[:ELSEWHERE]])
        others = errors(elsewhere, elsewhere.judged.probabilities)
        for how, budgets in BUDGETS.items():
            queue = queued(labelled, whole, seed, how)
            for budget in budgets:
                shift = fit_shift(taught(labelled, queue[:budget]), measures.information)
                after = errors(tested, moved(tested.judged, shift))
                then = errors(elsewhere, moved(elsewhere.judged, shift))
                yield how, budget, Errors(group, *before, *after, sum(others), sum(then), others[0], then[0])


def summary(found: Sequence[Errors]) -> dict[str, Any]:
    """The share of errors that is cut, over all errors and a site's mean, with 95 % intervals over sites."""
    before = np.array([e.lost + e.left for e in found])
    after = np.array([e.lost_after + e.left_after for e in found])
    draws = np.random.default_rng(0).integers(0, len(found), (2000, len(found)))
    pooled = 1 - after[draws].sum(axis=1) / before[draws].sum(axis=1)
    some = before > 0
    return {
        "sites": len(found),
        "cut": round(1 - after.sum() / before.sum(), 3),
        "interval": [round(float(v), 3) for v in np.quantile(pooled, [0.025, 0.975])],
        "mean_of_sites": round(float(np.mean(1 - after[some] / before[some])), 3),
        "lost": [sum(e.lost for e in found), sum(e.lost_after for e in found)],
        "left": [sum(e.left for e in found), sum(e.left_after for e in found)],
        "sites_that_lose_more": sum(e.lost_after > e.lost for e in found),
        "on_other_sites": round(sum(e.others_after for e in found) / max(1, sum(e.others for e in found)) - 1, 3),
        "lost_on_other_sites": round(sum(e.others_lost_after for e in found) / max(1, sum(e.others_lost for e in found)) - 1, 3),
    }


def rows_of_table(kind: str, found: Sequence[tuple[str, int, Errors]]) -> Iterator[dict[str, Any]]:
    groups = {"all": "", "daniel": "daniel"}
    for how, budget in dict.fromkeys((how, budget) for how, budget, _ in found):
        for name, prefix in groups.items():
            mine = [e for h, b, e in found if (h, b) == (how, budget) and e.set.startswith(prefix)]
            if mine:
                yield {"kind": kind, "sets": name, "order": how, "labels": budget, **summary(mine)}


def table(rows: Sequence[dict[str, Any]]) -> str:
    lines = [
        "| kind | sets | order | labels | sites | errors cut | mean of sites | lost | left | sites that lose more | errors elsewhere |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        low, high = row["interval"]
        lines.append(
            f"| {row['kind']} | {row['sets']} | {row['order']} | {row['labels']} | {row['sites']} | {row['cut']:.1%} ({low:.1%} to {high:.1%}) | "
            f"{row['mean_of_sites']:.1%} | {row['lost'][0]:,} → {row['lost'][1]:,} | {row['left'][0]:,} → {row['left'][1]:,} | "
            f"{row['sites_that_lose_more']} | {row['on_other_sites']:+.1%} |"
        )
    return "\n".join(lines)


@click.command(help=__doc__)
@click.argument("public", type=click.Path(path_type=Path))
@click.option("--measures", type=click.Path(path_type=Path))
@click.option("--json", "into", type=click.Path(path_type=Path))
def main(public: Path, measures: Path | None, into: Path | None) -> None:
    if not public.is_dir():
        sys.exit(f"{public}: not there; the README says how to get the public sets")
    folder = measures or Path(tempfile.mkdtemp())
    if not all((folder / f"{kind}.json").exists() for kind in ("text", "page")):
        run = fit_all([Path("seeds")], public, lambda message: click.echo(message, err=True))
        for kind in ("text", "page"):
            save(folder, kind, *measured(run, kind))
    rows = [row for kind in ("text", "page") for row in rows_of_table(kind, list(experiment(load(folder, kind))))]
    click.echo(table(rows))
    if into:
        into.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
