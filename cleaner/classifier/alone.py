"""Stage one, a line alone: a log-loss linear model over hashed n-grams, summed in integers.

Weights are bytes. Three columns share one 64-bit word (21 bits each), so four words a gram score twelve
columns, and no order of addition can change a sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.classifier.gather import line_sums, slots, word_sums
from cleaner.features.buffer import Buffer, Ints
from cleaner.features.context import Alone
from cleaner.features.layout import Layouts, salted, shape_grams
from cleaner.features.ngrams import Runs, Spans, mix
from cleaner.features.page import LayoutAlone
from cleaner.records import LABELS, STYLES

Floats = NDArray[np.float64]

LANE_BITS, LANES = 21, 3
OFFSET = 128
"""Added to every weight so that lanes never go negative. A line gives at most 2 * 3,000 byte n-grams
and 1,500 words and pairs, fewer than 2**21 / 256 = 8,192, so a lane cannot run over."""


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
    """Linear weights laid out for scoring: a row of 64-bit words a hash, one cache line wide."""

    table: NDArray[np.uint64]
    scale: Floats
    bias: Floats
    spam_table: NDArray[np.int8]
    spam_scale: Floats


class LayoutWeights(NamedTuple):
    """The linear stage over layout grams: the same columns as `LinearWeights`, without the spam table."""

    weights: NDArray[np.int8]
    scale: NDArray[np.float64]
    bias: NDArray[np.float64]


class PackedLayout(NamedTuple):
    """Layout weights laid out for scoring."""

    table: NDArray[np.uint64]
    scale: Floats
    bias: Floats


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


def quantise_layout(coefficients: Floats, bias: Floats) -> LayoutWeights:
    """Round (columns, hashes) coefficients to bytes, one scale a column."""
    weights, scale = _to_bytes(coefficients)
    return LayoutWeights(np.ascontiguousarray(weights.T), scale, np.asarray(bias, np.float64))


def _to_bytes(coefficients: Floats) -> tuple[NDArray[np.int8], Floats]:
    scale = np.maximum(np.quantile(np.abs(coefficients), CLIP_QUANTILE, axis=1), 1e-9) / 127
    return np.clip(np.rint(coefficients / scale[:, None]), -127, 127).astype(np.int8), scale


def pack(linear: LinearWeights) -> PackedWeights:
    """Lay weights out three to a 64-bit word. Raises ValueError for tables that a hash's top bits cannot pick a row of."""
    _check_rows(linear.weights, 2)
    _check_rows(linear.spam_weights, 1)
    return PackedWeights(lanes_of(linear.weights), linear.scale, linear.bias, linear.spam_weights, linear.spam_scale)


def pack_layout(linear: LayoutWeights) -> PackedLayout:
    """Lay layout weights out three to a 64-bit word. Raises ValueError as `pack`."""
    _check_rows(linear.weights, 2)
    return PackedLayout(lanes_of(linear.weights), linear.scale, linear.bias)


def _check_rows(weights: NDArray[np.int8], dimensions: int) -> None:
    rows = len(weights)
    if weights.ndim != dimensions or rows < 2 or rows & (rows - 1):
        raise ValueError(f"a table of {weights.shape}; its rows must be a power of two")


def lanes_of(weights: NDArray[np.int8]) -> NDArray[np.uint64]:
    """Weights of shape (hashes, columns) three columns to a word."""
    shifted = weights.astype(np.int16) + OFFSET
    columns = shifted.shape[1]
    table = np.zeros((len(shifted), -(-columns // LANES)), np.uint64)
    for column in range(columns):
        table[:, column // LANES] |= shifted[:, column].astype(np.uint64) << np.uint64(LANE_BITS * (column % LANES))
    return table


def judge_alone(packed: PackedWeights, buffer: Buffer, spans: Spans) -> Alone:
    """What the linear stage says of every line, in whole thousandths and sixteenths."""
    return _as_integers(*score_alone(packed, buffer, spans))


def score_alone(packed: PackedWeights, buffer: Buffer, spans: Spans) -> tuple[Floats, Floats]:
    """The linear stage's scores of every line, a column a label and a style, and its spam score; not yet rounded."""
    sums, spam, counts = line_sums(packed.table, packed.spam_table, buffer, spans)
    roots = np.sqrt(counts)
    scored = (_lanes(sums, len(packed.scale)) - OFFSET * counts[:, None]) * packed.scale / roots[:, None] + packed.bias
    return scored, spam * packed.spam_scale[0] / roots + packed.spam_scale[1]


def lane_sums(table: NDArray[np.uint64], runs: Iterable[Runs], lines: int, columns: int) -> tuple[Floats, NDArray[np.int64]]:
    """Sums of the weights of each line's grams, shape (lines, columns), and how many grams it has."""
    counts, sums = np.zeros(lines, np.int64), np.zeros((lines, table.shape[1]), np.uint64)
    for run in runs:
        counts[run.lines] += run.ends - run.starts
        sums[run.lines] += word_sums(table, run)
    return _lanes(sums, columns) - OFFSET * counts[:, None], counts


def judge_layout(packed: PackedLayout, layouts: Layouts) -> LayoutAlone:
    """What the linear stage says of every paragraph's layout: sums over `layout_grams`, added up a kind of element.

    Elements of a kind have the same tokens, so their weights are summed once a kind and salt.
    """
    shapes = shape_grams(layouts)
    counts = np.full(len(layouts.holders), len(shapes))
    sums = np.zeros((len(counts), packed.table.shape[1]), np.uint64)
    for shape in shapes:
        sums += np.take(packed.table, slots(shape.hashes, packed.table), axis=0, mode="clip")
    by_kind: dict[np.uint64, NDArray[np.uint64]] = {}
    tokens_of = np.append(layouts.token_counts, 0)
    for salt, elements in salted(layouts):
        if salt not in by_kind:
            by_kind[salt] = _sums_of_kinds(packed.table, layouts, salt)
        kinds = layouts.kinds_or_none[elements]
        sums += np.take(by_kind[salt], kinds, axis=0, mode="clip")
        counts += tokens_of[kinds]
    scored = (_lanes(sums, len(packed.scale)) - OFFSET * counts[:, None]) * packed.scale / np.sqrt(counts)[:, None]
    labels, keeps = _split(scored + packed.bias)
    return LayoutAlone(_softmax(labels), np.rint(np.clip(keeps, -8, 8) * 16).astype(np.int64))


def _sums_of_kinds(table: NDArray[np.uint64], layouts: Layouts, salt: np.uint64) -> NDArray[np.uint64]:
    """Summed weights of the tokens of each kind of element, a row a kind and one of zeros for no element."""
    rows = np.take(table, slots(mix(layouts.tokens + salt), table), axis=0, mode="clip")
    none = np.zeros((1, table.shape[1]), np.uint64)
    return np.concatenate([np.add.reduceat(rows, layouts.token_starts, axis=0), none]) if len(rows) else none


def _lanes(sums: NDArray[np.uint64], columns: int) -> Floats:
    """Packed sums as numbers, shape (lines, columns)."""
    mask = np.uint64((1 << LANE_BITS) - 1)
    lanes = [(sums[:, i // LANES] >> np.uint64(LANE_BITS * (i % LANES))) & mask for i in range(columns)]
    return np.stack(lanes, axis=1).astype(np.float64)


def _as_integers(scored: Floats, spam: Floats) -> Alone:
    labels, keeps = _split(scored)
    return Alone(
        probabilities=_softmax(labels),
        keep_logits=np.rint(np.clip(keeps, -6, 6) * 16).astype(np.int64),
        keeps=np.rint(1000 / (1 + np.exp(-np.clip(keeps, -30, 30)))).astype(np.int64),
        spam_logit=np.rint(np.clip(spam, -6, 6) * 16).astype(np.int64),
    )


def _split(scored: Floats) -> tuple[Floats, Floats]:
    """Label scores and keep scores."""
    return scored[:, : len(LABELS)], scored[:, len(LABELS) : len(LABELS) + len(STYLES)]


def _softmax(scores: Floats) -> Ints:
    """Probabilities in thousandths."""
    spread = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(np.rint(1000 * spread / spread.sum(axis=1, keepdims=True)), np.int64)


CLIP_QUANTILE = 0.9999
"""The largest hundredth of a percent of weights is clipped: it buys a finer step for all others."""
