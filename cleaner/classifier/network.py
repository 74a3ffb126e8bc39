"""Stage two, a line in its place: a small network, exact in integers whatever the BLAS.

Inputs are rounded to 8 bits and weights to whole numbers whose absolute sum a unit is bounded, so
every partial sum of the single-precision product stays below 2**24 and is exact in any order.
"""

from __future__ import annotations

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


def standardise(centre: Singles, spread: Singles, columns: Singles) -> Singles:
    """Columns as whole numbers from -127 to 127: steps of a 32nd of a standard deviation."""
    scaled = (columns - centre) * (np.float32(INPUT_STEP) / spread)
    return np.asarray(np.rint(np.clip(scaled, -INPUT_LIMIT, INPUT_LIMIT)), np.float32)


def evaluate(network: Network, columns: Singles) -> NDArray[np.float64]:
    """Output scores, shape (lines, outputs)."""
    inputs = standardise(network.centre, network.spread, columns)
    hidden = (inputs @ network.hidden + network.hidden_bias) * network.hidden_scale
    rounded = np.rint(np.clip(hidden, 0, HIDDEN_LIMIT))
    outputs = rounded @ network.output + network.output_bias
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
