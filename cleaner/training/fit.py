"""Train both stages on articles, grouped by site, and calibrate on sites not trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from cleaner.classifier import Classifier, Context, alone, calibrated, opening
from cleaner.classifier import network as stage_two
from cleaner.records import LABELS, STYLES
from cleaner.training.corpora import FOLDS
from cleaner.training.linear import HASH_BITS, SPAM_BITS, fit_linear, gram_matrix, measure_columns
from cleaner.training.network import Matrix, complete, fit_context
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

    def classifier(self) -> Classifier:
        """Ready to score."""
        return Classifier(alone.pack(self.linear), self.contexts, self.opening)


def fit(rows: Rows, log: Log, natural: NDArray[np.bool_]) -> Fitted:
    """Train with grouped cross-validation, then on everything; calibrate on the `natural` rows."""
    grams, fine = gram_matrix(rows, HASH_BITS), gram_matrix(rows, SPAM_BITS)
    log(f"{len(rows.lines):,} lines, {grams.nnz:,} grams")
    everything = np.ones(len(rows.lines), bool)
    columns = _unseen_columns(grams, fine, rows, log)
    linear = fit_linear(grams, fine, rows, everything)
    contexts, unseen = [], np.zeros((len(rows.lines), len(LABELS)))
    for style, name in enumerate(STYLES):
        outputs = _unseen_outputs(columns, rows, style)
        log(f"{name}: folds scored")
        network = fit_context(columns, rows, everything, style)
        calibration = fit_calibration(outputs, rows, natural, style)
        contexts.append(Context(network, calibration))
        mine = rows.style == style
        unseen[mine] = calibrated(calibration, outputs[mine])
        log(f"{name}: fitted on all sites")
    return Fitted(linear, tuple(contexts), fit_opening(rows, unseen, natural), unseen)


def _unseen_columns(grams: sparse.csr_matrix, fine: sparse.csr_matrix, rows: Rows, log: Log) -> Matrix:
    """Columns of every row, made by a first stage that was not trained on its site."""

    def of_fold(fold: int) -> Matrix:
        inside = rows.fold == fold
        measured = measure_columns(fit_linear(grams, fine, rows, ~inside), rows, inside)
        log(f"stage one, fold {fold + 1} of {FOLDS}")
        return measured

    folds = _present_folds(rows)
    parts = _side_by_side(of_fold, folds)
    columns = np.zeros((len(rows.lines), parts[0].shape[1]), np.float32)
    for fold, part in zip(folds, parts, strict=True):
        columns[rows.fold == fold] = part
    return columns


def _present_folds(rows: Rows) -> list[int]:
    return sorted(set(rows.fold.tolist()))


def _side_by_side(work: Callable[[int], NDArray[Any]], folds: Sequence[int]) -> list[NDArray[Any]]:
    """Folds in two threads: SGD and NumPy let go of the interpreter lock, and no fold sees another."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, folds))


def _unseen_outputs(columns: Matrix, rows: Rows, style: int) -> NDArray[np.float64]:
    """Second-stage outputs of every row by a network that was not trained on its site."""

    def of_fold(fold: int) -> NDArray[np.float64]:
        inside = rows.fold == fold
        return stage_two.evaluate(fit_context(columns, rows, ~inside, style), columns[inside])

    folds = _present_folds(rows)
    outputs = np.zeros((len(rows.lines), len(LABELS)))
    with threadpool_limits(1):  # small products: two threads of ours beat two of BLAS
        for fold, part in zip(folds, _side_by_side(of_fold, folds), strict=True):
            outputs[rows.fold == fold] = part
    return outputs


def fit_calibration(outputs: NDArray[np.float64], rows: Rows, natural: NDArray[np.bool_], style: int) -> NDArray[np.float64]:
    """Vector scaling on outputs for unseen sites: an affine map to calibrated logits.

    Labelled rows calibrate `news`; `all` has pages with gold text only, whose labels are completed.
    """
    pages = (rows.style == style) & ~rows.labelled
    chosen = natural & rows.labelled if style == 0 or not pages.any() else pages
    bounded = np.clip(outputs - outputs.max(axis=1, keepdims=True), -30, 0)[chosen]
    labels = complete(rows.labels, rows.keep, outputs)[chosen]
    model = LogisticRegression(C=1.0, max_iter=2000, tol=1e-3).fit(bounded, labels)
    calibration = np.vstack([np.eye(len(LABELS)), np.full(len(LABELS), -10.0)])
    calibration[:-1, model.classes_], calibration[-1, model.classes_] = model.coef_.T, model.intercept_
    return calibration
