"""Training articles from seeds and from public page sets with a gold text.

Page sets are Parquet files with `url`, `html` and `gold`. Every page comes twice: with its layout, and
flattened (the HTML is lost on purpose); each line is marked kept or not by aligning it with the gold.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from cleaner.errors import SeedError, SourceError, UsageError
from cleaner.evaluation.judged import article_of
from cleaner.labels import read_labels
from cleaner.pipeline import as_source
from cleaner.records import KEPT_LABELS, LABELS, STYLES, Layout
from cleaner.seeds import Seed, read_seeds
from cleaner.segment_html import segment_html
from cleaner.training.alignment import kept_lines

FOLDS = 5
UNKNOWN = -1
PAGES = ", pages"
"""Ends the group of examples that have a layout."""
PAGE_SETS = {"wcxb-dev": "all", "fundus": "news", "daniel": "news", "readability": "news"}
"""Page sets by file name, with the convention that their gold follows."""
LABELLED_SETS = ("press-lines-train.jsonl",)

_FIGURE = re.compile(r"<(/?)fig(?:ure|caption)\b", re.IGNORECASE)
_SHORT_LABEL, _COUNTRY_CODE = 3, 2


@dataclass(frozen=True, slots=True)
class Example:
    """A training article: lines with labels (UNKNOWN where only keep or drop is known)."""

    id: str
    site: str
    group: str
    """The set it comes from: `seeds`, `loose` (articles of one line), `press`, a page set's name, or a kind of made example."""
    style: int
    lines: tuple[str, ...]
    labels: NDArray[np.int64]
    keep: NDArray[np.bool_]
    opens: frozenset[int] = frozenset()
    gold: str = ""
    layout: Layout | None = None
    kind: str = ""
    """The type of page, where its set names it."""
    language: str = ""
    """Of the article, where its set names it."""

    @property
    def labelled(self) -> bool:
        """Whether every line has its label."""
        return int(self.labels.min(initial=0)) >= 0

    @property
    def fold(self) -> int:
        """The site's fold, from a stable hash: a site is never in two folds."""
        return fold_of(self.site)


def fold_of(site: str) -> int:
    """Fold of a site, 0 to FOLDS - 1."""
    return int.from_bytes(hashlib.sha256(site.encode("utf-8", "surrogatepass")).digest()[:8], "big") % FOLDS


def from_seed(seed: Seed, group: str) -> Iterator[Example]:
    """A labelled training article; a seed with a page comes a second time with its layout. Raises SeedError."""
    yield as_text(seed, group)
    if seed.html:
        yield as_page(seed, group)


def as_text(seed: Seed, group: str) -> Example:
    """A labelled article without its page."""
    labels = np.array([LABELS.index(label) if label else UNKNOWN for label in seed.labels], np.int64)
    keep = (labels != UNKNOWN) & (labels < len(KEPT_LABELS))
    style = STYLES.index(seed.style)
    name = group if style == 0 else f"{group} ({seed.style})"
    return Example(seed.id, seed.site or seed.id, name, style, seed.lines, labels, keep, seed.opens, language=seed.language)


def as_page(seed: Seed, group: str) -> Example:
    """A labelled article with its layout. Raises SeedError where its paragraphs are not those of its page."""
    text = as_text(seed, group)
    return replace(text, group=f"{text.group}{PAGES}", opens=frozenset(), layout=article_of(seed).layout)


def read_examples(seed_paths: Iterable[Path], public: Path | None) -> Iterator[Example]:
    """All training articles: seeds, then, where the folder is there, the public sets."""
    for path in seed_paths:
        for seed in read_labels(path):
            if seed.lines:
                yield from from_seed(_whole(seed), "seeds" if len(seed.lines) > 1 else "loose")
    if public is None:
        return
    for name in LABELLED_SETS:
        if (public / name).exists():
            for seed in read_seeds(public / name):
                yield from from_seed(seed, "press")
    for name, style in PAGE_SETS.items():
        if (public / f"{name}.parquet").exists():
            yield from page_set(public / f"{name}.parquet", style)


def _whole(seed: Seed) -> Seed:
    """The same article. Raises SeedError where a paragraph has no label."""
    if "" in seed.labels:
        raise SeedError(
            f"{seed.id}: {seed.labels.count('')} of {len(seed.lines)} paragraphs have no label; training from scratch learns "
            "from whole articles: label all of it, or let the labels add to a trained model (without --scratch)"
        )
    return seed


def page_set(path: Path, style: str) -> Iterator[Example]:
    """Pages of a Parquet set, flattened and with their layout, each line marked kept or not."""
    for row in _rows(path):
        make = partial(_page_example, row, path.stem, STYLES.index(style))
        lines = tuple(flatten(row["html"]))
        if lines:
            yield make(lines, None)
        try:
            page = segment_html(as_source(row["html"], kind="html", id=str(row["id"])))
        except SourceError:
            continue  # a page without any text teaches nothing
        yield make(tuple(p.text for p in page.paragraphs), page.layout)


def _page_example(row: Mapping[str, Any], name: str, style: int, lines: tuple[str, ...], layout: Layout | None) -> Example:
    keep = np.array(kept_lines(lines, row["gold"]), bool)
    group = name if layout is None else f"{name}{PAGES}"
    unknown = np.full(len(lines), UNKNOWN)
    kind = row.get("page_type") or ""
    site = site_of(row["url"])
    return Example(str(row["id"]), site, group, style, lines, unknown, keep, gold=row["gold"], layout=layout, kind=kind)


def spam_lines(path: Path) -> list[str]:
    """Paragraphs of a Parquet set of spam mails, those of a length that web spam has."""
    shortest, longest = 40, 600
    return [p for row in _rows(path) for p in row["paragraphs"] if shortest <= len(p) <= longest]


def flatten(page: bytes) -> list[str]:
    """A page as plain lines, furniture included: what is left when the HTML has been lost.

    Resiliparse drops figures whole, hence the renaming.
    """
    from resiliparse.extract.html2text import extract_plain_text  # training extra

    html = _FIGURE.sub(r"<\1div", _decode(page))
    text = extract_plain_text(html, main_content=False, alt_texts=False, links=False)
    return [line.strip() for line in text.split("\n") if line.strip()]


def site_of(url: str) -> str:
    """The registered domain of a URL, near enough to group pages: last two labels, or three."""
    host = urlsplit(url).hostname or url
    labels = host.split(".")
    public_suffix = len(labels) > _COUNTRY_CODE and len(labels[-1]) == _COUNTRY_CODE and len(labels[-2]) <= _SHORT_LABEL
    return ".".join(labels[-3:] if public_suffix else labels[-2:])


def _decode(page: bytes) -> str:
    from resiliparse.parse.encoding import detect_encoding  # training extra

    try:
        return page.decode("utf-8")
    except UnicodeDecodeError:
        try:
            return page.decode(str(detect_encoding(page)), "replace")
        except LookupError:
            return page.decode("latin-1")


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        import pyarrow.parquet as pq  # training extra
    except ImportError as error:
        raise UsageError(f"{path}: reading Parquet needs the training extra: pip install 'cleaner[training]'") from error
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows
