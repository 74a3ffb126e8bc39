"""Fit what labels add to a trained model: a maximum a posteriori shift whose prior is the model as it stands.

Offset logistic regression with a Gaussian prior, in the features that the model has anyway (cf. Chelba and Acero 2004,
"Adaptation of maximum entropy capitalizer: little data can help a lot"). No label moves nothing; fifty move what is like them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from cleaner.classifier.adaptation import KEPT, LEAST, OUTPUTS, ShiftWeights, keep_logits, shifted
from cleaner.classifier.network import EXACT, INPUT_LIMIT, INPUT_STEP
from cleaner.records import LABELS
from cleaner.training.corpora import UNKNOWN
from cleaner.training.judged import Judged

Floats = NDArray[np.float64]

OF_BIAS, OF_GRAMS, OF_COLUMNS, OF_VERDICT = 0.05, 5.0, 40.0, 15.0
"""Prior variances. With 10 for grams, 50 labels cut a text site's errors by 18 % instead of 20, and other sites were touched
as much; without columns they cut two thirds as much (`tests/bench/adaptation.py`, 41 sites that the model had not seen)."""
REHEARSED = 1000
"""As how many lines of its training the model's information counts. From 100 to 1,000, 50 labels cut a text site's errors by
22 to 20 % (without any: 23 %), and what is lost on other sites grew by 10 to 2 % (without any: 22 %)."""
CONTENT_WEIGHT = 4.0
"""What a label counts that a paragraph is the article's which the model was sure to lose; one that it was sure to keep
counts 1. With 4 for both the errors that were cut were fewer by a twentieth, with 1 more of the articles is lost."""
ANCHOR_WEIGHT, ANCHORS = 0.3, 133
"""What the model's own verdict counts on a paragraph that the person left as it was, and on how many an article at most.
With 0.1 more noise goes and more of the articles too, with 1 labels hardly count."""
ROUNDS, TOLERANCE = 200, 1e-6
"""Of the solver. 2e-9 took half as long again; no probability of 2,616 labels' rows differed by more than .003."""
CLIP_QUANTILE = 0.999


def fit_shift(judged: Judged, information: Floats | None = None) -> ShiftWeights:
    """The shift that the labels of `judged` call for; zero where it has none.

    `information` is the square matrix of `training.information` for the model that judged, None where it has none.
    """
    slots = np.unique(judged.grams[judged.labels != UNKNOWN].indices)
    to_dense = _prior_root(judged, information)
    dense = np.concatenate([judged.dense, np.ones((len(judged.labels), 1))], axis=1) @ to_dense
    features = sparse.hstack([judged.grams[:, slots] * np.sqrt(OF_GRAMS), sparse.csr_matrix(dense)], format="csr")
    learned = np.concatenate([_fit_keep(features, judged)[:, None], _fit_labels(features, judged)], axis=1)
    of_dense = to_dense @ learned[len(slots) :]
    grams = np.zeros((judged.grams.shape[1], OUTPUTS))
    grams[slots] = learned[: len(slots)] * np.sqrt(OF_GRAMS)
    return _quantised(grams, of_dense[:-1], of_dense[-1])


def moved(judged: Judged, weights: ShiftWeights) -> Floats:
    """The probabilities of rows as a shift moves them, shape (n, labels); scoring gives the same from packed weights."""
    of_grams = (judged.grams @ weights.grams.astype(np.float64)) * weights.gram_scale
    of_columns = (judged.dense @ weights.dense) * weights.dense_scale
    return shifted(judged.probabilities, of_grams + of_columns + weights.bias)


def _prior_root(judged: Judged, information: Floats | None) -> Floats:
    """A root of the prior covariance over columns, verdict and one: weights are the root times standard normal ones."""
    width = judged.dense.shape[1] - len(LABELS)
    columns = np.full(width, np.sqrt(OF_COLUMNS / width) / INPUT_STEP)
    verdict = np.full(len(LABELS), np.sqrt(OF_VERDICT) / INPUT_LIMIT)
    scales = np.concatenate([columns, verdict, [np.sqrt(OF_BIAS)]])
    if information is None:
        return np.diag(scales)
    values, directions = np.linalg.eigh(REHEARSED * scales[:, None] * information * scales)
    return np.asarray(scales[:, None] * directions / np.sqrt(1 + np.maximum(values, 0)))


def _fit_keep(features: sparse.csr_matrix, judged: Judged) -> Floats:
    """The shift of the keep logit: labels against the model's own verdict on what was left as it was."""
    known = judged.labels != UNKNOWN
    said = (judged.labels < KEPT).astype(float)
    own = judged.probabilities[:, :KEPT].sum(axis=1)
    kept = np.where(known, said, own)
    counts = 1 + (CONTENT_WEIGHT - 1) * said * (1 - own)
    weight = np.where(known, judged.weight * counts, anchor_weights(judged))
    offset = np.stack([keep_logits(judged.probabilities), np.zeros(len(kept))], axis=1)
    pair = fit_softmax(features / np.sqrt(2), offset, np.stack([kept, 1 - kept], axis=1), weight)
    return np.asarray((pair[:, 0] - pair[:, 1]) / np.sqrt(2))


def _fit_labels(features: sparse.csr_matrix, judged: Judged) -> Floats:
    """Shifts of the labels against the others of their side."""
    known, shifts = judged.labels != UNKNOWN, np.zeros((features.shape[1], len(LABELS)))
    anchors = anchor_weights(judged)
    for side in (slice(0, KEPT), slice(KEPT, len(LABELS))):
        shares = np.maximum(judged.probabilities[:, side], LEAST)
        mass = shares.sum(axis=1)
        target = np.where(known[:, None], np.eye(len(LABELS))[judged.labels][:, side], shares / mass[:, None])
        weight = np.where(known, judged.weight * target.sum(axis=1), anchors * mass)
        used = np.flatnonzero(weight > 0)
        shifts[:, side] = fit_softmax(features[used], np.log(shares[used]), target[used], weight[used])
    return shifts


def anchor_weights(judged: Judged) -> Floats:
    """What each row counts as an anchor: 0 for rows with a label, and for copies of them.

    The review asks once for what stands in every article; its other copies are not what the person left as it was.
    """
    anchors = ~np.isin(judged.wording, judged.wording[judged.labels != UNKNOWN])
    of_article = np.bincount(judged.article[anchors], minlength=int(judged.article.max(initial=0)) + 1)
    return np.asarray(np.where(anchors, ANCHOR_WEIGHT * np.minimum(1, ANCHORS / np.maximum(of_article[judged.article], 1)), 0.0))


def fit_softmax(features: sparse.csr_matrix, offset: Floats, target: Floats, weight: Floats) -> Floats:
    """Coefficients, shape (features, k), of a softmax model with prior N(0, 1) on each; `offset` and `target` are (n, k)."""
    shape = features.shape[1], offset.shape[1]
    transposed = features.T.tocsr()

    def objective(flat: Floats) -> tuple[float, Floats]:
        beta = flat.reshape(shape)
        z = offset + features @ beta
        top = z.max(axis=1, keepdims=True)
        spread = np.exp(z - top)
        total = spread.sum(axis=1, keepdims=True)
        loss = weight @ ((top + np.log(total))[:, 0] - (target * z).sum(axis=1))
        gradient = transposed @ (weight[:, None] * (spread / total - target)) + beta
        return float(loss + (beta * beta).sum() / 2), np.asarray(gradient).ravel()

    start = np.zeros(shape[0] * shape[1])
    return np.asarray(
        minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS, "ftol": TOLERANCE}).x
    ).reshape(shape)


def _quantised(grams: Floats, dense: Floats, bias: Floats) -> ShiftWeights:
    """Whole numbers: bytes for grams, and for the others what keeps every sum exact."""
    found = np.abs(grams)
    peaks = [np.quantile(column[column > 0], CLIP_QUANTILE) if column.any() else 1.0 for column in found.T]
    scale = np.maximum(np.array(peaks), 1e-9) / 127
    unit = (EXACT / 2) / np.maximum(INPUT_LIMIT * np.abs(dense).sum(axis=0), 1e-6)
    return ShiftWeights(
        np.clip(np.rint(grams / scale), -127, 127).astype(np.int8),
        scale,
        np.trunc(dense * unit).astype(np.float32),
        1 / unit,
        bias,
    )
