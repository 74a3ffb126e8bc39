"""Stage two, a line in its place: a small network, exact in integers whatever the BLAS.

Inputs are rounded to 8 bits and weights to whole numbers whose absolute sum a unit is bounded, so
every partial sum of the single-precision product stays below 2**24 and is exact in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]

INPUT_STEP = 32
"""Steps of a standard deviation; inputs beyond INPUT_LIMIT / INPUT_STEP deviations are clipped."""
INPUT_LIMIT = 127
HIDDEN_LIMIT = 1023
EXACT = 1 << 24
"""Whole numbers up to here are exact in single precision (IEEE 754)."""


class Network(NamedTuple):
    """One hidden layer. Whole-number weights in float arrays, ready for the product."""

    centre: Singles
    spread: Singles
    hidden: Singles
    hidden_bias: Singles
    hidden_scale: Singles
    output: Singles
    output_bias: Singles
    output_scale: Singles


ROWS = 512
"""Rows that are standardised and multiplied at once: their inputs fit the cache."""


def standardise(centre: Singles, spread: Singles, columns: Singles) -> Singles:
    """Columns as whole numbers from -127 to 127: steps of a 32nd of a standard deviation."""
    scaled = np.asarray(columns - centre, np.float32)
    scaled *= np.float32(INPUT_STEP) / spread
    np.clip(scaled, -INPUT_LIMIT, INPUT_LIMIT, out=scaled)
    return np.rint(scaled, out=scaled)


def evaluate(network: Network, columns: Singles) -> NDArray[np.float64]:
    """Output scores, shape (lines, outputs)."""
    return evaluate_all([network], columns)[0]


def evaluate_all(networks: Sequence[Network], columns: Singles, more: Singles | None = None) -> list[NDArray[np.float64]]:
    """Output scores of several networks; those that were trained on the same columns share the standardised inputs.

    `more` are further columns that are alike in all rows: they come after `columns`, and their part of the sums, which
    are exact in any order, is added with the bias.
    """
    outputs = [np.empty((len(columns), network.output.shape[1])) for network in networks]
    width = columns.shape[1]
    biases = [network.hidden_bias if more is None else network.hidden_bias + _constant(network, more) for network in networks]
    for low in range(0, len(columns), ROWS):
        seen: Network | None = None
        for network, bias, output in zip(networks, biases, outputs, strict=True):
            if seen is None or not _same_inputs(seen, network):
                inputs = standardise(network.centre[:width], network.spread[:width], columns[low : low + ROWS])
                seen = network
            output[low : low + ROWS] = _propagated(network, inputs @ network.hidden[:width] + bias)
    return outputs


def _constant(network: Network, more: Singles) -> Singles:
    """What columns that are alike in all rows add to the hidden sums."""
    width = len(network.centre) - len(more)
    inputs = standardise(network.centre[width:], network.spread[width:], more)
    return np.asarray(inputs @ network.hidden[width:], np.float32)


def _same_inputs(one: Network, other: Network) -> bool:
    return np.array_equal(one.centre, other.centre) and np.array_equal(one.spread, other.spread)


def _propagated(network: Network, hidden: Singles) -> NDArray[np.float64]:
    """Outputs from the sums of the hidden units."""
    hidden *= network.hidden_scale
    np.clip(hidden, 0, HIDDEN_LIMIT, out=hidden)
    np.rint(hidden, out=hidden)
    outputs = hidden @ network.output + network.output_bias
    return np.asarray(outputs, np.float64) * np.asarray(network.output_scale, np.float64)


def quantise(
    centre: Singles, spread: Singles, layers: list[NDArray[np.float64]], biases: list[NDArray[np.float64]], peak: Singles
) -> Network:
    """Round a trained network; `peak` is the largest activation of each hidden unit in training."""
    first, second = layers
    unit = (EXACT / 2) / np.maximum(INPUT_LIMIT * np.abs(first).sum(axis=0), 1e-12)
    hidden = np.trunc(first * unit)
    hidden_bias = np.rint(biases[0] * INPUT_STEP * unit)
    step = HIDDEN_LIMIT / np.maximum(peak, 1e-6)
    scale = step / (INPUT_STEP * unit)
    folded = second / step[:, None]
    out_unit = (EXACT / 2) / np.maximum(HIDDEN_LIMIT * np.abs(folded).sum(axis=0), 1e-12)
    arrays = (
        centre, spread, hidden, np.clip(hidden_bias, -EXACT / 4, EXACT / 4), scale,
        np.trunc(folded * out_unit), np.clip(np.rint(biases[1] * out_unit), -EXACT / 4, EXACT / 4), 1 / out_unit,
    )  # fmt: skip
    return Network(*(np.ascontiguousarray(array, np.float32) for array in arrays))
