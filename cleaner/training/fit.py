"""Train both stages on articles, grouped by site, and calibrate on sites not trained on."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from cleaner.classifier import Classifier, Context, PageClassifier, alone, calibrated, opening
from cleaner.classifier import network as stage_two
from cleaner.features.context import Alone
from cleaner.records import LABELS, STYLES
from cleaner.report.figures import Curve
from cleaner.training.corpora import FOLDS
from cleaner.training.curve import first_stage_curve
from cleaner.training.information import information
from cleaner.training.layouts import fit_layouts, named_rows
from cleaner.training.linear import HASH_BITS, SPAM_BITS, fit_linear, gram_matrix, join_alone, measure_columns
from cleaner.training.network import Matrix, complete, fit_context
from cleaner.training.pages import PageStage, fit_pages
from cleaner.training.parallel import side_by_side
from cleaner.training.rows import Rows

Log = Callable[[str], None]

NATURAL_WEIGHT = 4.0
"""An article as scraped tells more of openings than one that we glued; 1 to 10 score alike."""


def fit_opening(rows: Rows, unseen: NDArray[np.float64], natural: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Logistic model of "a further article begins here", on probabilities for unseen sites.

    Learned from natural articles and from glued ones.
    """
    measured, opens, weights = [], [], []
    for first, last in zip(rows.offsets, rows.offsets[1:], strict=False):
        if not natural[first] and not rows.opens[first:last].any():
            continue
        for candidate in opening.candidates(rows.lines[first:last], unseen[first:last]):
            measured.append(candidate.values)
            opens.append(bool(rows.opens[first + candidate.line]))
            weights.append(NATURAL_WEIGHT if natural[first] else 1.0)
    if len(set(opens)) < 2:
        return np.append(np.zeros(len(opening.NAMES)), -1.0)
    values = np.array(measured)
    centre, spread = values.mean(axis=0), values.std(axis=0) + 1e-6
    model = LogisticRegression(C=1.0, max_iter=1000).fit((values - centre) / spread, opens, sample_weight=weights)
    slopes = model.coef_[0] / spread
    return np.append(slopes, model.intercept_[0] - (slopes * centre).sum())


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained model, with what it says of every training line when its site was not trained on."""

    linear: alone.LinearWeights
    contexts: tuple[Context, ...]
    opening: NDArray[np.float64]
    unseen: NDArray[np.float64]
    """Calibrated probabilities of each row, in its own style, from the fold that did not train on its site."""
    layout: alone.LayoutWeights | None = None
    pages: PageStage | None = None
    unseen_pages: NDArray[np.float64] | None = None
    curves: tuple[Curve, ...] = ()
    information: dict[str, NDArray[np.float16]] = field(default_factory=dict)
    """Of texts and pages."""
    columns: Matrix | None = None
    """What the second stage of texts read of each row, from the first stage that had not seen its site."""
    page_columns: Matrix | None = None

    def classifier(self) -> Classifier:
        """Ready to score."""
        pages = None
        if self.layout is not None and self.pages is not None:
            pages = PageClassifier(alone.pack_layout(self.layout), *self.pages)
        return Classifier(alone.pack(self.linear), self.contexts, self.opening, pages)


def _call(work: Callable[[], Any]) -> Any:
    return work()


class _Measured(NamedTuple):
    """What first stages say of rows whose sites they were not trained on."""

    alone: Alone
    columns: Matrix


def fit(rows: Rows, pages: Rows | None, log: Log, natural: NDArray[np.bool_]) -> Fitted:
    """Train with grouped cross-validation, then on everything; calibrate on the `natural` rows.

    `rows` are texts, `pages` articles with a layout.
    """
    grams, fine = gram_matrix(rows, HASH_BITS), gram_matrix(rows, SPAM_BITS)
    log(f"{len(rows.lines):,} lines, {grams.nnz:,} grams")
    texts, on_pages = _unseen_measures(grams, fine, rows, pages, log)
    everything = np.ones(len(rows.lines), bool)
    works: list[Callable[[], Any]] = [
        partial(fit_linear, grams, fine, rows, everything), partial(first_stage_curve, grams, fine, rows, natural)
    ]  # fmt: skip
    linear, curves = side_by_side(_call, works)
    log("stage one, whole, and learning curve drawn")
    del grams, fine
    with threadpool_limits(1), warnings.catch_warnings():  # small products: two threads of ours beat two of BLAS
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed number of passes is what we want
        contexts, unseen = fit_styles(texts.columns, rows, natural, log)
        opening_weights = fit_opening(rows, unseen, natural)
        known = {"text": information(contexts[0].network, texts.columns, unseen, rows.weight)}
        if pages is None or on_pages is None:
            return Fitted(linear, contexts, opening_weights, unseen, curves=curves, information=known, columns=texts.columns)
        named = named_rows(pages, rows, texts.columns, on_pages.columns)
        layout, columns = fit_layouts(named, on_pages.alone, on_pages.columns, log)
        stage, unseen_pages = fit_pages(columns, named)
        known |= {"page": information(stage.keep, columns, unseen_pages, named.weight)}
        log("pages: stage two fitted")
    return Fitted(
        linear, contexts, opening_weights, unseen, layout, stage, unseen_pages, curves, known, texts.columns, columns
    )  # fmt: skip


def _unseen_measures(
    grams: sparse.csr_matrix, fine: sparse.csr_matrix, rows: Rows, pages: Rows | None, log: Log
) -> tuple[_Measured, _Measured | None]:
    """Columns of every row, made by a first stage that was not trained on its site."""

    def of_fold(fold: int) -> list[_Measured | None]:
        linear = fit_linear(grams, fine, rows, rows.fold != fold)
        measured = [
            _Measured(*measure_columns(linear, some, some.fold == fold)) if some is not None and fold in some.folds else None
            for some in (rows, pages)
        ]
        log(f"stage one, fold {fold + 1} of {FOLDS}")
        return measured

    parts = side_by_side(of_fold, rows.folds)
    texts = _in_place(rows, [part[0] for part in parts])
    return texts, None if pages is None else _in_place(pages, [part[1] for part in parts])


def _in_place(rows: Rows, parts: Sequence[_Measured | None]) -> _Measured:
    """Measures of the folds put back into the order of the rows."""
    order = np.argsort(np.concatenate([np.flatnonzero(rows.fold == fold) for fold in rows.folds]), kind="stable")
    found = [part for part in parts if part is not None]
    columns = np.concatenate([part.columns for part in found])[order]
    return _Measured(Alone(*(array[order] for array in join_alone([part.alone for part in found]))), columns)


def fit_styles(
    columns: Matrix, rows: Rows, natural: NDArray[np.bool_], log: Log
) -> tuple[tuple[Context, ...], NDArray[np.float64]]:
    """A calibrated second stage for each style, and calibrated probabilities for unseen sites."""
    everything = np.ones(len(rows.lines), bool)
    contexts, unseen = [], np.zeros((len(rows.lines), len(LABELS)))
    for style, name in enumerate(STYLES):
        without = [rows.fold != fold for fold in rows.folds]
        stages = side_by_side(partial(fit_context, columns, rows, style), [*without, everything])
        outputs = np.zeros((len(rows.lines), len(LABELS)))
        for chosen, stage in zip(without, stages, strict=False):
            outputs[~chosen] = stage_two.evaluate(stage, columns[~chosen])
        calibration = fit_calibration(outputs, rows, natural, style)
        contexts.append(Context(stages[-1], calibration))
        mine = rows.style == style
        unseen[mine] = calibrated(calibration, outputs[mine])
        log(f"{name}: stage two fitted on {int(everything.sum()):,} lines")
    return tuple(contexts), unseen


def fit_calibration(outputs: NDArray[np.float64], rows: Rows, natural: NDArray[np.bool_], style: int) -> NDArray[np.float64]:
    """Vector scaling on outputs for unseen sites: an affine map to calibrated logits.

    Natural rows of the style whose labels are known calibrate it; where there are none, as for texts of
    `all`, pages with gold text only, whose labels are completed; where a user's labels have none of the
    style at all, those of the other.
    """
    mine = rows.style == style
    options = (natural & rows.labelled & mine, mine & ~rows.labelled, rows.labelled)
    chosen = next(some for some in options if some.any())
    bounded = np.clip(outputs - outputs.max(axis=1, keepdims=True), -30, 0)[chosen]
    labels = complete(rows.labels, rows.keep, outputs)[chosen]
    model = LogisticRegression(C=1.0, max_iter=2000, tol=1e-3).fit(bounded, labels)
    calibration = np.vstack([np.eye(len(LABELS)), np.full(len(LABELS), -10.0)])
    calibration[:-1, model.classes_], calibration[-1, model.classes_] = model.coef_.T, model.intercept_
    return calibration
