"""What a user's labels add to a trained model: a small linear stage that shifts its probabilities.

The stages below it stay as they are. The shift is linear in what is known of a paragraph: its grams, the columns that
stage two reads, and the verdict itself. It is worked out in whole numbers, so that no order of addition can change it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.classifier.alone import Floats, lane_sums, lanes_of
from cleaner.classifier.network import INPUT_LIMIT, Network, Singles, standardise
from cleaner.features.ngrams import Runs
from cleaner.records import KEPT_LABELS, LABELS

GRAM_BITS = 16
OUTPUTS = 1 + len(LABELS)
"""The shift of the keep logit, then one a label, which moves labels of a side against each other."""
LEAST = 1e-4
"""Probabilities are whole ten-thousandths: nothing is surer than that."""
KEPT = len(KEPT_LABELS)


class ShiftWeights(NamedTuple):
    """A shift as a file holds it; OUTPUTS columns each."""

    grams: NDArray[np.int8]
    """(2**GRAM_BITS, OUTPUTS), by the top bits of a gram's hash, in units of `gram_scale`."""
    gram_scale: Floats
    dense: Singles
    """(columns + labels, OUTPUTS): whole numbers, for the standardised columns and the verdict, in units of `dense_scale`."""
    dense_scale: Floats
    bias: Floats


class Shift(NamedTuple):
    """A shift laid out for scoring."""

    table: NDArray[np.uint64]
    weights: ShiftWeights


class Adaptation(NamedTuple):
    """What was learned of lines by their words, and of paragraphs of pages; None where there were no labels of the kind."""

    text: Shift | None = None
    page: Shift | None = None


def pack_shift(weights: ShiftWeights) -> Shift:
    """Lay a shift out for scoring; sums of its whole numbers must be exact. Raises ValueError."""
    wholes = np.abs(weights.dense).sum(axis=0) * INPUT_LIMIT
    if weights.dense.shape[1] != OUTPUTS or wholes.max(initial=0) >= 1 << 24:
        raise ValueError("weights of an adaptation are too large, or too few")
    return Shift(lanes_of(weights.grams), weights)


def dense_inputs(network: Network, columns: Singles, probabilities: Floats) -> Singles:
    """Whole numbers from -INPUT_LIMIT to INPUT_LIMIT: columns standardised as for `network`, then the verdict."""
    width = columns.shape[1]
    verdict = np.rint(INPUT_LIMIT * probabilities).astype(np.float32)
    return np.concatenate([standardise(network.centre[:width], network.spread[:width], columns), verdict], axis=1)


def adapted(shift: Shift, runs: Iterable[Runs], network: Network, columns: Singles, probabilities: Floats) -> Floats:
    """Probabilities shifted, shape (lines, labels); `runs` are the grams of the lines."""
    weights = shift.weights
    sums, counts = lane_sums(shift.table, runs, len(probabilities), OUTPUTS)
    of_grams = sums * weights.gram_scale / np.sqrt(counts)[:, None]
    of_columns = np.asarray(dense_inputs(network, columns, probabilities) @ weights.dense, np.float64) * weights.dense_scale
    return shifted(probabilities, of_grams + of_columns + weights.bias)


def shifted(probabilities: Floats, shifts: Floats) -> Floats:
    """Probabilities whose keep logit is moved by column 0 of `shifts` and whose labels, side by side, by the others."""
    kept = 1 / (1 + np.exp(-np.clip(keep_logits(probabilities) + shifts[:, 0], -30, 30)))
    logits = np.log(np.maximum(probabilities, LEAST)) + shifts[:, 1:]
    sides = [_shares(side) for side in (logits[:, :KEPT], logits[:, KEPT:])]
    moved = np.concatenate([sides[0] * kept[:, None], sides[1] * (1 - kept[:, None])], axis=1)
    return np.asarray(np.rint(10_000 * moved) / 10_000)


def keep_logits(probabilities: Floats) -> Floats:
    """The logit of belonging to the article, bounded as the probabilities are."""
    kept = np.clip(probabilities[:, :KEPT].sum(axis=1), LEAST, 1 - LEAST)
    return np.asarray(np.log(kept / (1 - kept)))


def _shares(logits: Floats) -> Floats:
    spread = np.exp(np.clip(logits - logits.max(axis=1, keepdims=True), -30, 0))
    return np.asarray(spread / spread.sum(axis=1, keepdims=True))
