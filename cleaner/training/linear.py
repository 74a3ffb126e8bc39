"""Train stage one, the linear model over hashed grams."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import SGDClassifier

from cleaner.classifier import alone, measure
from cleaner.features.buffer import lay_out
from cleaner.features.context import Alone
from cleaner.features.ngrams import Spans, grams_of
from cleaner.features.surface import Columns
from cleaner.records import LABELS, STYLES
from cleaner.training.rows import Rows, batches, even

HASH_BITS, SPAM_BITS = 18, 20
"""2**18 slots: 17 cost 0.4 points of label accuracy on unseen press sites, 19 gave 0.1."""
LABEL_ALPHA, KEEP_ALPHA = 1e-5, 3e-6
"""L2 strengths, with averaged weights (Polyak & Juditsky 1992). Of weights that are not averaged a factor of ten either way from
1e-5 and 1e-6 lost 1 to 2 points of AUC on unseen sites, and L-BFGS run to convergence gave .882/.949/.927 (WCXB, news, press)
where SGD at 1e-6 gave .883/.954/.930 in a fifth of the time."""
SPAM_ALPHA, SPAM_BALANCE, SPAM_PAGES = 1e-6, 0.5, 10_000
"""Not averaged: rare words decide. At 1e-5 the AUC against genuine look-alikes was .90, with more page lines or at 1e-4 .85 to
.87; in its place, behind stage two, 1e-6 catches more at the same loss (docs/known-limits.md)."""
PASSES = 10


def gram_matrix(rows: Rows, bits: int) -> sparse.csr_matrix:
    """Hashed grams of all rows as `line_grams` gives them."""
    parts = [line_grams(rows.lines[rows.offsets[first] : rows.offsets[last]], bits) for first, last in batches(rows)]
    return sparse.vstack(parts, format="csr")


def line_grams(lines: Sequence[str], bits: int) -> sparse.csr_matrix:
    """Hashed grams as a sparse matrix of shape (lines, 2**bits), each row divided by the root of its gram count."""
    buffer = lay_out(lines, [0, len(lines)])
    grams = grams_of(buffer, Spans(buffer.folded))
    slots = (grams.hashes >> np.uint64(64 - bits)).astype(np.int64)
    share = 1 / np.sqrt(np.bincount(grams.lines, minlength=len(lines)))
    return sparse.csr_matrix((share[grams.lines].astype(np.float32), (grams.lines, slots)), (len(lines), 1 << bits))


def fit_linear(grams: sparse.csr_matrix, fine: sparse.csr_matrix, rows: Rows, chosen: NDArray[np.bool_]) -> alone.LinearWeights:
    """Train the linear stage on the chosen rows: ten label scores, one keep score a style, and spam."""
    labelled = np.flatnonzero(chosen & rows.labelled & (rows.style == 0))  # the `news` convention defines the labels
    weights = even(rows.weight[labelled])
    labels = sgd(LABEL_ALPHA, averaged=True).fit(grams[labelled], rows.labels[labelled], sample_weight=weights)
    coefficients, bias = np.zeros((len(LABELS), grams.shape[1])), np.full(len(LABELS), -6.0)
    coefficients[labels.classes_], bias[labels.classes_] = labels.coef_, labels.intercept_
    for style in range(len(STYLES)):
        mine = np.flatnonzero(chosen & (rows.style == style))
        mine = mine if len(set(rows.keep[mine].tolist())) > 1 else labelled
        keep = sgd(KEEP_ALPHA, averaged=True).fit(grams[mine], rows.keep[mine], sample_weight=even(rows.weight[mine]))
        coefficients, bias = np.vstack([coefficients, keep.coef_]), np.append(bias, keep.intercept_)
    return alone.quantise(coefficients, bias, *_fit_spam(fine, rows, chosen))


def _fit_spam(grams: sparse.csr_matrix, rows: Rows, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """Spam against text that is the article's: rare lines, weighed up to SPAM_BALANCE of the others.

    Furniture is left to the other labels; trained against everything, rare spam drowns.
    """
    spam = rows.labels == LABELS.index("spam")
    against = np.flatnonzero(chosen & ~spam & rows.labelled)
    pages = np.flatnonzero(chosen & ~rows.labelled & rows.keep)
    pages = pages[:: max(1, len(pages) // SPAM_PAGES)]
    positive = np.flatnonzero(chosen & spam)
    if not len(positive):
        return np.zeros(grams.shape[1]), -6.0
    taken = np.concatenate([positive, against, pages])
    weights = np.where(spam[taken], SPAM_BALANCE * (len(taken) - len(positive)) / len(positive), 1.0)
    model = sgd(SPAM_ALPHA).fit(grams[taken], spam[taken], sample_weight=even(weights))
    return model.coef_[0], float(model.intercept_[0])


def sgd(alpha: float, passes: int = PASSES, *, averaged: bool = False) -> SGDClassifier:
    """Log-loss linear model, a fixed number of passes; `averaged` over all its steps, or as the last one left it."""
    return SGDClassifier(
        loss="log_loss", alpha=alpha, max_iter=passes, tol=None, average=averaged, random_state=0, n_jobs=2
    )  # fmt: skip


def measure_columns(linear: alone.LinearWeights, rows: Rows, chosen: NDArray[np.bool_]) -> tuple[Alone, Columns]:
    """What stage one says of the chosen articles' lines and their dense columns, through the same path as scoring."""
    packed = alone.pack(linear)
    parts = []
    for first, last in batches(rows, chosen):
        begin, end = rows.offsets[first], rows.offsets[last]
        parts.append(measure(packed, rows.lines[begin:end], rows.offsets[first : last + 1] - begin))
    return join_alone([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def join_alone(parts: Sequence[Alone]) -> Alone:
    """Verdicts of several batches end to end."""
    return Alone(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
