"""Dense columns for a line in its place: itself, its neighbours, its page, its topic.

What the linear stage says of the lines around carries most: a teaser header claims what follows
because the windows after it see it. All window sums are sums of integers (thousandths).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.features import cohesion as topic
from cleaner.features import surface as looks
from cleaner.features.buffer import Buffer, Ints
from cleaner.features.ngrams import SALT_LINE, Spans, mix
from cleaner.features.standing import standing, standing_names
from cleaner.features.surface import Columns, log2_1p, side_by_side
from cleaner.records import LABELS

WINDOWS = ((-4, -1), (1, 4), (-10, -1), (1, 10), (-30, -1), (1, 30))
NEIGHBOURS = (-3, -2, -1, 1, 2, 3)
LENGTH_CAP = 400
"""Characters: beyond this a longer paragraph is no surer a paragraph."""
HEADER_LENGTH, SHORT_LINE = 60, 30
"""Characters: a box's header ("In the same section") and a bare date, duration or rubric."""
MARKS = ("strong", "teaser", "heading", "comment", "teaser_header", "comment_header", "short_noise")
FAR = 400
"""Lines: the distance given where there is nothing to be near to."""

CONTENT, HEADING, TEASER, NAVIGATION, COMMENT = (
    LABELS.index(label) for label in ("content", "heading", "teaser", "navigation", "comment")
)
SEEN_BY_NEIGHBOURS = (CONTENT, HEADING, TEASER, NAVIGATION, COMMENT)


class Alone(NamedTuple):
    """What the first stage says of lines alone, in integers: thousandths, and sixteenths of a logit."""

    probabilities: Ints
    """(lines, labels), thousandths."""
    keep_logits: Ints
    """(lines, styles), sixteenths, from -96 to 96."""
    keeps: Ints
    """(lines, styles), thousandths."""
    spam_logit: Ints
    """(lines,), sixteenths: spam against the article's own text."""


def context(buffer: Buffer, spans: Spans, alone: Alone) -> Columns:
    """All dense columns of a batch, shape (lines, len(column_names()))."""
    return side_by_side(context_parts(buffer, spans, alone), len(buffer.lengths))


def context_parts(buffer: Buffer, spans: Spans, alone: Alone) -> list[NDArray[Any]]:
    """The same in parts that lie side by side."""
    lengths = np.minimum(buffer.lengths, LENGTH_CAP)
    shape = looks.surface(buffer)
    content = alone.probabilities[:, CONTENT] * np.minimum(lengths, 80) // 80
    shared = topic.cohesion(buffer, spans, content)
    ends = shape[:, looks.NAMES.index("ends_stop")].astype(np.int64) * 1000
    place = _Place(buffer)
    return [
        shape,
        shared,
        alone.probabilities / 1000,
        _LOGIT[alone.probabilities],
        alone.keep_logits / 16,
        alone.spam_logit[:, None] / 16,
        *_around(place, alone, lengths, ends, shared),
        place.position(),
        place.mass(alone.keeps.sum(axis=1) * lengths // 2000),
        *place.distances(alone, buffer.lengths, ends > 0),
        place.copies(spans),
        standing(alone.keeps, lengths, buffer.offsets),
    ]


def _around(place: _Place, alone: Alone, lengths: Ints, ends: Ints, shared: Columns) -> list[NDArray[Any]]:
    """What the lines before and after are, one by one and in windows, and all of the article's."""
    whole = np.rint(shared[:, [0, 3]] * 1000).astype(np.int64)
    seen = _running(np.column_stack([alone.probabilities, alone.keeps, lengths * 4, ends, whole]))
    near = np.column_stack([alone.probabilities[:, SEEN_BY_NEIGHBOURS], alone.keeps, lengths, ends])
    return [
        *[place.neighbour(near, step) / 1000 for step in NEIGHBOURS],
        *[place.window(seen, low, high) for low, high in WINDOWS],
        place.page(seen),
    ]


def column_names(styles: Sequence[str]) -> list[str]:
    """Names of the columns of `context`, in order."""
    return [
        *looks.NAMES,
        *topic.NAMES,
        *(f"alone.{label}" for label in LABELS),
        *(f"alone_logit.{label}" for label in LABELS),
        *(f"keep_logit.{style}" for style in styles),
        "spam_logit",
        *_names_around(styles),
        "place", "lines_before", "lines_after", "lines",
        "mass_place", "mass_before", "mass_after", "mass_total",
        *(f"{name}_{side}" for name in MARKS for side in ("before", "after")),
        "copies", "copies_before",
        *standing_names("alone", styles),
    ]  # fmt: skip


def _names_around(styles: Sequence[str]) -> list[str]:
    seen = [*LABELS, *(f"keep.{style}" for style in styles), "length", "ends_stop", "short_weight", "long_weight"]
    near = [*(LABELS[i] for i in SEEN_BY_NEIGHBOURS), *(f"keep.{style}" for style in styles), "length", "ends_stop"]
    return [
        *(f"line{step:+d}.{name}" for step in NEIGHBOURS for name in near),
        *(f"lines{low:+d}..{high:+d}.{name}" for low, high in WINDOWS for name in seen),
        *(f"page.{name}" for name in seen),
    ]


class _Place:
    """Where lines stand in their articles, and what stands around them."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._rows = np.arange(len(buffer.article))
        self._first = buffer.offsets[buffer.article]
        self._after = buffer.offsets[buffer.article + 1]
        self._spaces = (self._rows - self._first, self._after - 1 - self._rows)

    def neighbour(self, values: Ints, step: int) -> Ints:
        """Values of the line `step` lines on, zero outside the article."""
        at = self._rows + step
        inside = (at >= self._first) & (at < self._after)
        return np.where(inside[:, None], values[np.where(inside, at, 0)], 0)

    def window(self, sums: Ints, low: int, high: int) -> Columns:
        """Mean of what `sums` are the running sums of over lines low to high on, inside the article; zero for an empty window."""
        begin = np.clip(self._rows + low, self._first, self._after)
        end = np.clip(self._rows + high + 1, self._first, self._after)
        share = 1 / (1000.0 * np.maximum(end - begin, 1))
        inside = np.take(sums, end, axis=0)
        inside -= np.take(sums, begin, axis=0)
        return np.asarray(inside * share[:, None], np.float32)

    def page(self, sums: Ints) -> Columns:
        """The same over the article, for each of its lines."""
        offsets = self._buffer.offsets
        means = (sums[offsets[1:]] - sums[offsets[:-1]]) / (1000.0 * np.maximum(np.diff(offsets), 1))[:, None]
        return np.asarray(means[self._buffer.article], np.float32)

    def position(self) -> Columns:
        before, after = self._spaces
        lines = before + after
        return np.column_stack([before / np.maximum(lines, 1), log2_1p(before), log2_1p(after), log2_1p(lines)])

    def mass(self, mass: Ints) -> Columns:
        """Where the line stands in the article's probable text, counted in characters."""
        sums = _running(mass)
        before, total = sums[self._rows] - sums[self._first], sums[self._after] - sums[self._first]
        after = total - before - mass
        return np.column_stack([before / np.maximum(total, 1), *(_log_mass(m) for m in (before, after, total))])

    def distances(self, alone: Alone, lengths: Ints, sentence: NDArray[np.bool_]) -> list[Columns]:
        """Lines to the nearest mark of each kind of MARKS on each side."""
        p = alone.probabilities
        long = (p[:, CONTENT] > 500) & (lengths > 120)
        header = (lengths < HEADER_LENGTH) & ~sentence
        teasing, talking = p[:, TEASER] > 400, p[:, COMMENT] > 400
        short = (lengths < SHORT_LINE) & (p[:, CONTENT] + p[:, HEADING] < 300)
        marks = (long, p[:, TEASER] > 600, p[:, HEADING] > 300, p[:, COMMENT] > 500, header & teasing, header & talking, short)
        return [self._nearest(mark) for mark in marks]

    def _nearest(self, mark: NDArray[np.bool_]) -> Columns:
        rows, count = self._rows, len(self._rows)
        past = np.maximum.accumulate(np.where(mark, rows, -1))
        past = np.concatenate([[-1], past[:-1]])
        next_ = np.minimum.accumulate(np.where(mark, rows, count)[::-1])[::-1]
        next_ = np.concatenate([next_[1:], [count]])
        before = np.where(past >= self._first, rows - past, FAR)
        after = np.where(next_ < self._after, next_ - rows, FAR)
        return np.column_stack([log2_1p(np.minimum(before, FAR)), log2_1p(np.minimum(after, FAR))])

    def copies(self, spans: Spans) -> Columns:
        """How often the same line stands in the article, and how often before this one, as log2(1 + count)."""
        buffer = self._buffer
        own = spans.hash(buffer.starts, buffer.ends + 1, SALT_LINE)
        keys = mix(own + buffer.article.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
        order = np.argsort(keys, kind="stable")
        first = np.flatnonzero(np.concatenate([[True], keys[order][1:] != keys[order][:-1]])) if len(keys) else self._rows
        counts = np.diff(np.append(first, len(keys)))
        copies, before = np.empty((2, len(keys)), np.int64)
        copies[order] = np.repeat(counts, counts)
        before[order] = self._rows - np.repeat(first, counts)
        return np.column_stack([log2_1p(copies), log2_1p(before)])


def _running(values: Ints) -> Ints:
    return np.concatenate([np.zeros((1, *values.shape[1:]), np.int64), np.cumsum(values, axis=0)])


def _log_mass(characters: Ints) -> Columns:
    return log2_1p(characters >> 4)


_LOGIT = np.round(16 * np.log(np.arange(1001) + 3)).astype(np.float32) / 16
"""Natural logarithm of a probability in thousandths, smoothed, in sixteenths."""
