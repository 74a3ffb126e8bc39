"""Training articles as one table of lines, with weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cleaner.records import Layout
from cleaner.training.corpora import UNKNOWN, Example

PAGE_CAP = 60.0
"""In lines of LINE characters: a page counts by the 0.3rd power of what exceeds it."""
LINE = 60.0
MADE = ("spammed", "lone", "groups", "framed", "glued", "boxed")
PLACED_WEIGHT = 2.5
"""A noise line put into a body teaches against the strongest habit, that what stands in a body is body. With 4, one of the 160
lines of the five files was lost."""
BATCH = 400
"""Articles a batch when columns are measured."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Training articles as one table of lines."""

    lines: list[str]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int64]
    keep: NDArray[np.bool_]
    style: NDArray[np.int64]
    fold: NDArray[np.int64]
    weight: NDArray[np.float64]
    opens: NDArray[np.bool_]
    layouts: tuple[Layout, ...] = ()
    """One an article, for pages."""

    hand: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    """Whether a person named the row's label; the others have it from a teacher."""

    @property
    def folds(self) -> list[int]:
        """The folds that have rows: labels of few sites leave some empty."""
        return sorted(set(self.fold.tolist()))

    @property
    def labelled(self) -> NDArray[np.bool_]:
        return self.labels != UNKNOWN


def rows_of(examples: Sequence[Example]) -> Rows:
    """Lay examples out line by line, with weights."""
    sizes = [len(e.lines) for e in examples]

    def spread(value: Callable[[Example], int]) -> NDArray[np.int64]:
        return np.repeat([value(e) for e in examples], sizes)

    return Rows(
        lines=[line for e in examples for line in e.lines],
        offsets=np.concatenate([[0], np.cumsum(sizes)]),
        labels=np.concatenate([e.labels for e in examples]),
        keep=np.concatenate([e.keep for e in examples]),
        style=spread(lambda e: e.style),
        fold=spread(lambda e: e.fold),
        weight=np.concatenate(list(_weights(examples))),
        opens=np.concatenate([np.isin(np.arange(len(e.lines)), list(e.opens)) for e in examples]),
        hand=np.concatenate([e.labels != UNKNOWN for e in examples]),
        layouts=tuple(e.layout for e in examples if e.layout is not None),
    )


def _weights(examples: Sequence[Example]) -> Iterator[NDArray[np.float64]]:
    """What each line of each example weighs.

    Longer lines of pages count more, by the root: their gold is a text, not a list of lines. Lines
    labelled by hand count alike. Crowded pages and sites with many pages count less.
    """
    sites: dict[str, int] = {}
    for e in examples:
        sites[e.site + e.group] = sites.get(e.site + e.group, 0) + 1
    for e in examples:
        lengths = np.minimum([len(line) for line in e.lines], 600)
        weight = np.ones(len(lengths)) if e.labelled else np.sqrt(lengths / LINE)
        page = min(1.0, PAGE_CAP / weight.sum()) ** 0.7
        made = e.group in MADE
        site = 1.0 if made else min(1.0, 4 / sites[e.site + e.group]) ** 0.5
        placed = np.where(made & ~e.keep, PLACED_WEIGHT, 1.0)
        yield weight * page * site * placed


def even(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights scaled to a mean of one."""
    return weights / weights.mean()


def batches(rows: Rows, chosen: NDArray[np.bool_] | None = None) -> Iterator[tuple[int, int]]:
    """Runs of chosen articles, at most BATCH long."""
    articles = len(rows.offsets) - 1
    wanted = np.ones(articles, bool) if chosen is None else chosen[rows.offsets[:-1]]
    first = 0
    while first < articles:
        if not wanted[first]:
            first += 1
            continue
        last = first
        while last < articles and wanted[last] and last - first < BATCH:
            last += 1
        yield first, last
        first = last
