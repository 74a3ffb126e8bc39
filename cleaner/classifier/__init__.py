"""Judge every line of a batch of articles: first alone, then in context. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.classifier import alone as stage_one
from cleaner.classifier import network as stage_two
from cleaner.classifier import opening
from cleaner.features.buffer import Ints, lay_out
from cleaner.features.context import Alone, context
from cleaner.features.ngrams import Spans, grams_of
from cleaner.features.surface import Columns
from cleaner.records import STYLES


class Context(NamedTuple):
    """The second stage for one style."""

    network: stage_two.Network
    calibration: NDArray[np.float64]
    """(labels + 1, labels): maps output scores to calibrated logits, the last row a bias."""


class Classifier(NamedTuple):
    """A trained model ready to score; made by `model_store.load` or by training."""

    linear: stage_one.PackedWeights
    contexts: tuple[Context, ...]
    """One a style."""
    opening: NDArray[np.float64]
    """(len(opening.NAMES) + 1,): weights of a logistic model for "a further article begins here"."""


class Verdicts(NamedTuple):
    """What the model says of each line of a batch."""

    probabilities: NDArray[np.float64]
    """(lines, labels), calibrated, each row sums to 1."""
    alone: Alone


def judge(model: Classifier, lines: Sequence[str], offsets: Sequence[int] | Ints, style: str) -> Verdicts:
    """Judge `lines`; article `i` is `lines[offsets[i]:offsets[i + 1]]`.

    A line's verdict depends on its own article alone, never on others in the batch.
    """
    first, columns = measure(model.linear, lines, offsets)
    stage = model.contexts[STYLES.index(style)]
    return Verdicts(calibrated(stage.calibration, stage_two.evaluate(stage.network, columns)), first)


def measure(linear: stage_one.PackedWeights, lines: Sequence[str], offsets: Sequence[int] | Ints) -> tuple[Alone, Columns]:
    """What stage one says of each line, and the columns that stage two reads."""
    buffer = lay_out(lines, offsets)
    spans = Spans(buffer.folded)
    first = stage_one.judge_alone(linear, grams_of(buffer, spans), len(lines))
    return first, context(buffer, spans, first)


def calibrated(calibration: NDArray[np.float64], outputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Softmax of affinely mapped outputs (vector scaling, Guo et al. 2017), in ten-thousandths."""
    bounded = np.clip(outputs - outputs.max(axis=1, keepdims=True), -30, 0)
    logits = sum(bounded[:, [i]] * calibration[i] for i in range(bounded.shape[1])) + calibration[-1]
    spread = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(np.rint(10_000 * spread / spread.sum(axis=1, keepdims=True)) / 10_000)


def openings(weights: NDArray[np.float64], lines: Sequence[str], probabilities: NDArray[np.float64]) -> list[int]:
    """Indices of the lines of one file at which a further whole article begins; `weights` are a model's `opening`."""
    found = opening.candidates(lines, probabilities)
    return [candidate.line for candidate in found if _opens(weights, candidate.values)]


def _opens(weights: NDArray[np.float64], values: Sequence[float]) -> bool:
    return float(np.dot(weights[:-1], values)) + float(weights[-1]) > 0
