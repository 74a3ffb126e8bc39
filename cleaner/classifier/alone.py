"""Stage one, a line alone: a log-loss linear model over hashed n-grams, summed in integers.

Weights are bytes. Three columns share one 64-bit word (21 bits each), so four gathers and four
prefix sums score twelve columns, and no order of addition can change a sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.features.buffer import Ints
from cleaner.features.context import Alone
from cleaner.features.ngrams import Grams
from cleaner.records import LABELS, STYLES

Floats = NDArray[np.float64]

LANE_BITS, LANES = 21, 3
OFFSET = 128
"""Added to every weight so that lanes never go negative; 1,400 characters give fewer than
2**21 / 256 = 8,192 grams, so a lane cannot run over."""


class LinearWeights(NamedTuple):
    """The linear stage: `weights[gram hash]` in units of `scale`, then `bias`, a column a score.

    Columns are the ten labels (softmax) and one keep score a style (logistic). Spam has a finer table
    of its own: injected lines are rare, and their words must not share slots with the press's.
    """

    weights: NDArray[np.int8]
    scale: NDArray[np.float64]
    bias: NDArray[np.float64]
    spam_weights: NDArray[np.int8]
    spam_scale: NDArray[np.float64]
    """(2,): scale and bias."""


class PackedWeights(NamedTuple):
    """Linear weights laid out for scoring."""

    tables: tuple[NDArray[np.uint64], ...]
    scale: Floats
    bias: Floats
    spam_table: NDArray[np.int8]
    spam_scale: Floats


def quantise(coefficients: Floats, bias: Floats, spam: Floats, spam_bias: float) -> LinearWeights:
    """Round (columns, hashes) coefficients, and those of the spam table, to bytes, one scale a column."""
    weights, scale = _to_bytes(coefficients)
    spam_weights, spam_scale = _to_bytes(spam[None])
    return LinearWeights(
        np.ascontiguousarray(weights.T),
        scale,
        np.asarray(bias, np.float64),
        spam_weights[0],
        np.array([spam_scale[0], spam_bias]),
    )


def _to_bytes(coefficients: Floats) -> tuple[NDArray[np.int8], Floats]:
    scale = np.maximum(np.quantile(np.abs(coefficients), CLIP_QUANTILE, axis=1), 1e-9) / 127
    return np.clip(np.rint(coefficients / scale[:, None]), -127, 127).astype(np.int8), scale


def pack(linear: LinearWeights) -> PackedWeights:
    """Lay weights out three to a 64-bit word."""
    shifted = linear.weights.astype(np.int64) + OFFSET
    columns = shifted.shape[1]
    tables = []
    for start in range(0, columns, LANES):
        table = np.zeros(len(shifted), np.uint64)
        for lane, column in enumerate(range(start, min(start + LANES, columns))):
            table |= shifted[:, column].astype(np.uint64) << np.uint64(LANE_BITS * lane)
        tables.append(table)
    return PackedWeights(tuple(tables), linear.scale, linear.bias, linear.spam_weights, linear.spam_scale)


def judge_alone(packed: PackedWeights, grams: Grams, lines: int) -> Alone:
    """What the linear stage says of every line, in whole thousandths and sixteenths."""
    counts = np.bincount(grams.lines, minlength=lines)
    hashes = grams.hashes[np.argsort(grams.lines, kind="stable")]
    ends = np.cumsum(counts)
    roots = np.sqrt(np.maximum(counts, 1))
    scored = _sums(packed.tables, hashes, ends, counts, len(packed.scale)) * packed.scale / roots[:, None] + packed.bias
    spam = _span_sums(packed.spam_table[_slots(hashes, packed.spam_table)].astype(np.int64), ends, counts)
    return _as_integers(scored, spam * packed.spam_scale[0] / roots + packed.spam_scale[1])


def _sums(tables: Sequence[NDArray[np.uint64]], hashes: NDArray[np.uint64], ends: Ints, counts: Ints, columns: int) -> Floats:
    """Sums of weights, shape (lines, columns)."""
    slots = _slots(hashes, tables[0])
    sums = np.empty((len(counts), columns))
    for column in range(columns):
        if column % LANES == 0:
            packed = _span_sums(tables[column // LANES][slots], ends, counts)
        lane = np.uint64(LANE_BITS * (column % LANES))
        sums[:, column] = (packed >> lane) & np.uint64((1 << LANE_BITS) - 1)
    return sums - OFFSET * counts[:, None]


def _slots(hashes: NDArray[np.uint64], table: NDArray[Any]) -> NDArray[np.int64]:
    """Places in a table whose size is a power of two: the top bits of the hash."""
    return (hashes >> np.uint64(65 - len(table).bit_length())).astype(np.int64)


def _span_sums(values: NDArray[Any], ends: Ints, counts: Ints) -> NDArray[Any]:
    running = np.concatenate([np.zeros(1, values.dtype), np.cumsum(values)])
    return np.asarray(running[ends] - running[ends - counts])


def _as_integers(scored: Floats, spam: Floats) -> Alone:
    labels, keeps = scored[:, : len(LABELS)], scored[:, len(LABELS) : len(LABELS) + len(STYLES)]
    spread = np.exp(labels - labels.max(axis=1, keepdims=True))
    return Alone(
        probabilities=np.rint(1000 * spread / spread.sum(axis=1, keepdims=True)).astype(np.int64),
        keep_logits=np.rint(np.clip(keeps, -6, 6) * 16).astype(np.int64),
        keeps=np.rint(1000 / (1 + np.exp(-np.clip(keeps, -30, 30)))).astype(np.int64),
        spam_logit=np.rint(np.clip(spam, -6, 6) * 16).astype(np.int64),
    )


CLIP_QUANTILE = 0.9999
"""The largest hundredth of a percent of weights is clipped: it buys a finer step for all others."""
