"""Train what the model knows of layouts: labels for page rows, the linear stage over layout grams, columns.

Public pages say keep or drop only. A teacher, trained on labelled texts, names the label by the text;
markup that says what it holds (`figcaption`, `nav`, a class of `newsletter`) adds its weak word. Weak
labels train; they never score.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from cleaner.classifier import alone
from cleaner.classifier import network as stage_two
from cleaner.features.context import Alone
from cleaner.features.layout import Layouts, Page, layout_grams
from cleaner.features.page import page_columns
from cleaner.records import LABELS, STYLES
from cleaner.training.linear import sgd
from cleaner.training.network import TEACHER, Matrix, complete, fit_network
from cleaner.training.parallel import side_by_side
from cleaner.training.rows import Rows, batches, even
from cleaner.weak import weak_labels

LAYOUT_BITS = 16
LAYOUT_ALPHA, LAYOUT_PASSES = 1e-5, 5
"""Weighted AUC of keep on unseen sites, layout alone: .981 on press pages, .945 on WCXB; 3e-6 gave .980 and .945."""
MOST_LABEL_ROWS = 150_000
WEAK_BONUS = 3.0
"""Added to the teacher's score of the label that the markup names; a doubtful teacher follows it."""


def named_rows(pages: Rows, texts: Rows, text_columns: Matrix, page_text_columns: Matrix) -> Rows:
    """Page rows with all labels named: by hand, or by a teacher over their text and the markup's word."""
    by_hand = texts.labelled & (texts.style == 0)
    teacher = fit_network(text_columns[by_hand], texts.labels[by_hand], texts.weight[by_hand], TEACHER)
    scores = stage_two.evaluate(teacher, page_text_columns)
    weak = np.concatenate([weak_labels(layout) for layout in pages.layouts])
    said = np.flatnonzero(weak >= 0)
    scores[said, weak[said]] += WEAK_BONUS
    return replace(pages, labels=complete(pages.labels, pages.keep, scores))


def fit_layouts(pages: Rows, text: Alone, text_columns: Matrix, log: Any) -> tuple[alone.LayoutWeights, Matrix]:
    """The linear layout stage, and all columns of page rows by stages that did not train on their sites."""
    grams = layout_matrix(pages)
    log(f"{len(pages.lines):,} paragraphs of pages, {grams.nnz:,} layout grams")

    def of_fold(fold: int) -> Matrix:
        inside = pages.fold == fold
        return _measured(alone.pack_layout(_fit_layout(grams, pages, ~inside)), pages, inside, text)

    everything = np.zeros((len(pages.lines), 0), np.float32)
    for fold, part in zip(pages.folds, side_by_side(of_fold, pages.folds), strict=True):
        if not everything.shape[1]:
            everything = np.empty((len(pages.lines), text_columns.shape[1] + part.shape[1]), np.float32)
            everything[:, : text_columns.shape[1]] = text_columns
        everything[pages.fold == fold, text_columns.shape[1] :] = part
    log("layouts measured")
    return _fit_layout(grams, pages, np.ones(len(pages.lines), bool)), everything


def layout_matrix(pages: Rows) -> sparse.csr_matrix:
    """Layout grams as a sparse matrix, each row divided by the root of its gram count."""
    parts = []
    for layouts, count in _batches(pages, np.ones(len(pages.lines), bool)):
        grams = layout_grams(layouts)
        slots = (grams.hashes >> np.uint64(64 - LAYOUT_BITS)).astype(np.int64)
        share = 1 / np.sqrt(np.bincount(grams.lines, minlength=count))
        values = share[grams.lines].astype(np.float32)
        parts.append(sparse.csr_matrix((values, (grams.lines, slots)), (count, 1 << LAYOUT_BITS)))
    return sparse.vstack(parts, format="csr")


def _fit_layout(grams: sparse.csr_matrix, pages: Rows, chosen: NDArray[np.bool_]) -> alone.LayoutWeights:
    rows = np.flatnonzero(chosen)
    some = rows[:: max(1, len(rows) // MOST_LABEL_ROWS)]
    labels = sgd(LAYOUT_ALPHA, LAYOUT_PASSES).fit(grams[some], pages.labels[some], sample_weight=even(pages.weight[some]))
    coefficients, bias = np.zeros((len(LABELS), grams.shape[1])), np.full(len(LABELS), -6.0)
    coefficients[labels.classes_], bias[labels.classes_] = labels.coef_, labels.intercept_
    for style in range(len(STYLES)):
        mine = rows[pages.style[rows] == style]
        mine = mine if len(set(pages.keep[mine].tolist())) > 1 else rows
        keep = sgd(LAYOUT_ALPHA, LAYOUT_PASSES).fit(grams[mine], pages.keep[mine], sample_weight=even(pages.weight[mine]))
        coefficients, bias = np.vstack([coefficients, keep.coef_]), np.append(bias, keep.intercept_)
    return alone.quantise_layout(coefficients, bias)


def _measured(linear: alone.PackedLayout, pages: Rows, chosen: NDArray[np.bool_], text: Alone) -> Matrix:
    """Layout columns of the chosen pages, through the same path as scoring."""
    places, parts, done = np.flatnonzero(chosen), [], 0
    for layouts, count in _batches(pages, chosen):
        own = places[done : done + count]
        done += count
        said = Alone(*(array[own] for array in text))
        parts.append(page_columns(layouts, said, alone.judge_layout(linear, layouts)))
    return np.concatenate(parts)


def _batches(pages: Rows, chosen: NDArray[np.bool_]) -> Iterator[tuple[Layouts, int]]:
    for first, last in batches(pages, chosen):
        offsets = pages.offsets[first : last + 1]
        sizes = [list(map(len, pages.lines[low:high])) for low, high in zip(offsets, offsets[1:], strict=False)]
        batch = [Page(layout, size) for layout, size in zip(pages.layouts[first:last], sizes, strict=True)]
        yield Layouts(batch), int(offsets[-1] - offsets[0])
