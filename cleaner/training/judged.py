"""Labelled articles as a trained model judges them: what a shift of its verdicts is fitted to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from cleaner.classifier import Classifier, in_context, judge_columns, measure, measure_pages, read
from cleaner.classifier.adaptation import GRAM_BITS, dense_inputs
from cleaner.labels.weighting import mask
from cleaner.records import STYLES
from cleaner.training.linear import line_grams
from cleaner.training.rows import Rows, batches

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """Paragraphs of labelled articles, n rows, as a model judges them, and what a person said of some."""

    grams: sparse.csr_matrix
    """(n, 2**GRAM_BITS), each row divided by the root of its gram count."""
    dense: NDArray[np.float32]
    """(n, columns + labels): `classifier.adaptation.dense_inputs`."""
    probabilities: Floats
    """(n, labels)."""
    labels: NDArray[np.int64]
    """(n,), UNKNOWN where the person said nothing."""
    weight: Floats
    """(n,), what each label counts, 0 to 1: near copies count once."""
    article: NDArray[np.int64]
    """(n,), the number of the row's article."""
    wording: NDArray[np.int64]
    """(n,), `wordings` of the rows."""

    def rows(self, chosen: NDArray[Any]) -> Judged:
        """Some of the rows."""
        return Judged(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def relabelled(self, labels: NDArray[np.int64]) -> Judged:
        """The same rows with other labels, n of them."""
        return replace(self, labels=labels)


class _Piece(NamedTuple):
    """A few articles of one style, judged."""

    first: int
    """Number of the first of them."""
    grams: sparse.csr_matrix
    dense: NDArray[np.float32]
    probabilities: Floats


def judge_rows(base: Classifier, rows: Rows, weight: Floats) -> Judged:
    """Rows as `base` judges them, each article in its own style: texts, or pages where the rows have layouts.

    `weight` has one number a row. `base` must know pages where there are layouts.
    """
    pieces = sorted(_pieces(base, rows), key=lambda piece: piece.first)
    return Judged(
        grams=sparse.vstack([piece.grams for piece in pieces], format="csr"),
        dense=np.concatenate([piece.dense for piece in pieces]),
        probabilities=np.concatenate([piece.probabilities for piece in pieces]),
        labels=rows.labels,
        weight=weight,
        article=np.repeat(np.arange(len(rows.offsets) - 1), np.diff(rows.offsets)),
        wording=wordings(rows.lines),
    )


def wordings(lines: Sequence[str]) -> NDArray[np.int64]:
    """A number for each line: lines that are alike but for case, digits, punctuation and blanks have the same."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(mask(line), len(numbers)) for line in lines], np.int64)


def _pieces(base: Classifier, rows: Rows) -> Iterator[_Piece]:
    for style in range(len(STYLES)):
        for first, last in batches(rows, rows.style == style):
            yield _piece(base, rows, first, last, style)


def _piece(base: Classifier, rows: Rows, first: int, last: int, style: int) -> _Piece:
    offsets = rows.offsets[first : last + 1] - rows.offsets[first]
    lines = rows.lines[rows.offsets[first] : rows.offsets[last]]
    if rows.layouts and base.pages:
        columns = measure_pages(base.linear, base.pages.layout, read(lines, offsets), rows.layouts[first:last])
        network, found = base.pages.keep, judge_columns(base.pages, columns, style)
    else:
        columns = measure(base.linear, lines, offsets)[1]
        network, found = base.contexts[0].network, in_context(base.contexts[style], columns)
    return _Piece(first, line_grams(lines, GRAM_BITS), dense_inputs(network, columns, found), found)
