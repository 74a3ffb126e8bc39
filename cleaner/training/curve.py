"""Learning curves: how much better a model gets with more labels, and so whether more of them would help."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from cleaner.evaluation.metrics import is_kept, keep_drop
from cleaner.report.figures import Curve, Point
from cleaner.training.linear import fit_linear, measure_columns
from cleaner.training.rows import Rows
from cleaner.verdicts import likeliest

Mask = NDArray[np.bool_]

FRACTIONS = (0.25, 0.5, 1.0)
"""Of the articles; each doubling is as far on the plot."""


def first_stage_curve(grams: sparse.csr_matrix, fine: sparse.csr_matrix, rows: Rows, natural: Mask) -> tuple[Curve, ...]:
    """Keep F1 of the first stage on the fold with most `natural` labelled rows, by how much of the others it learned from.

    The first stage alone: it takes most of what a text teaches, and the second would cost a whole training a point. Made
    articles are left out, which are made from all of the others.
    Empty where there is too little to learn from.
    """
    counts = np.bincount(rows.fold[natural & rows.labelled], minlength=1)
    fold = int(counts.argmax())
    points = tuple(_points(grams, fine, rows, fold, natural)) if counts.any() else ()
    return (Curve(points),) if points else ()


def _points(grams: sparse.csr_matrix, fine: sparse.csr_matrix, rows: Rows, fold: int, natural: Mask) -> Iterator[Point]:
    article = np.repeat(np.arange(len(rows.offsets) - 1), np.diff(rows.offsets))
    asked = natural & rows.labelled & (rows.fold == fold)
    drawn = np.random.default_rng(0).random(len(rows.offsets) - 1)[article]
    learned = (rows.fold != fold) & (natural | ~rows.labelled)
    for fraction in FRACTIONS:
        chosen = learned & (drawn < fraction)
        if not _teaches(rows, chosen):
            continue
        alone, _ = measure_columns(fit_linear(grams, fine, rows, chosen), rows, asked)
        kept = is_kept(likeliest(alone.probabilities / 1000))
        lengths = np.array([len(rows.lines[i]) for i in np.flatnonzero(asked)])
        of_page = np.unique(article[asked], return_inverse=True)[1]
        score = keep_drop(kept, is_kept(rows.labels[asked]), np.zeros(len(kept), bool), lengths, of_page)
        yield Point(int((chosen & rows.labelled).sum()), score.f1, *score.f1_interval)


def _teaches(rows: Rows, chosen: Mask) -> bool:
    """Whether the chosen rows have labels of both sides."""
    return len(set(is_kept(rows.labels[chosen & rows.labelled & (rows.style == 0)]).tolist())) == len((True, False))
