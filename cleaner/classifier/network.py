"""Stage two, a line in its place: a small network, exact in integers whatever the BLAS.

Inputs are rounded to 8 bits and weights to whole numbers whose absolute sum a unit is bounded, so
every partial sum of the single-precision product stays below 2**24 and is exact in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]
Doubles = NDArray[np.float64]

INPUT_STEP = 32
"""Steps of a standard deviation; inputs beyond INPUT_LIMIT / INPUT_STEP deviations are clipped."""
INPUT_LIMIT = 127
HIDDEN_LIMIT = 1023
EXACT = 1 << 24
"""Whole numbers up to here are exact in single precision (IEEE 754)."""
LARGEST_GIVEN, LARGEST = (1 << 7) - 1, (1 << 15) - 1
"""Weights of the first layer, most of all, are stored in one byte, the others in two. Of two bytes in the first as well no figure
of the development sets or the gold was better (one label of 2,616, one body line of 1,199)."""


class Layer(NamedTuple):
    """Whole numbers in float arrays, ready for the product. Parts lie side by side: each reads its share of the inputs."""

    weights: Singles
    """(parts, inputs of a part, outputs of a part)"""
    bias: Singles
    scale: Singles
    """What an output's sum is multiplied by: to an activation from 0 to HIDDEN_LIMIT, or to a score in the last layer."""


class Network(NamedTuple):
    """Layers over standardised columns; the first and the last have one part."""

    centre: Singles
    spread: Singles
    layers: tuple[Layer, ...]


ROWS = 512
"""Rows that are standardised and multiplied at once: their inputs fit the cache."""


def standardise(centre: Singles, spread: Singles, columns: Singles) -> Singles:
    """Columns as whole numbers from -127 to 127: steps of a 32nd of a standard deviation."""
    scaled = np.asarray(columns - centre, np.float32)
    scaled *= np.float32(INPUT_STEP) / spread
    np.clip(scaled, -INPUT_LIMIT, INPUT_LIMIT, out=scaled)
    return np.rint(scaled, out=scaled)


def evaluate(network: Network, columns: Singles) -> Doubles:
    """Output scores, shape (lines, outputs)."""
    return evaluate_all([network], columns)[0]


def evaluate_all(networks: Sequence[Network], columns: Singles, more: Singles | None = None) -> list[Doubles]:
    """Output scores of several networks; those that were trained on the same columns share the standardised inputs.

    `more` are further columns that are alike in all rows: they come after `columns`, and their part of the sums, which
    are exact in any order, is added with the bias.
    """
    outputs = [np.empty((len(columns), len(network.layers[-1].bias))) for network in networks]
    width = columns.shape[1]
    ready = [network.layers if more is None else (_given(network, more), *network.layers[1:]) for network in networks]
    for low in range(0, len(columns), ROWS):
        seen: Network | None = None
        for network, layers, output in zip(networks, ready, outputs, strict=True):
            if seen is None or not _same_inputs(seen, network):
                inputs = standardise(network.centre[:width], network.spread[:width], columns[low : low + ROWS])
                seen = network
            output[low : low + ROWS] = _propagated(layers, inputs)
    return outputs


def _given(network: Network, more: Singles) -> Layer:
    """The first layer where the last columns are alike in all rows: what they add stands in the bias."""
    first, width = network.layers[0], len(network.centre) - len(more)
    inputs = standardise(network.centre[width:], network.spread[width:], more)
    added = np.asarray(inputs @ first.weights[0, width:], np.float32)
    return first._replace(weights=first.weights[:, :width], bias=first.bias + added)


def _same_inputs(one: Network, other: Network) -> bool:
    return np.array_equal(one.centre, other.centre) and np.array_equal(one.spread, other.spread)


def _propagated(layers: Sequence[Layer], inputs: Singles) -> Doubles:
    """Output scores from standardised inputs."""
    sums = _sums(layers[0], inputs)
    for before, layer in pairwise(layers):
        sums *= before.scale
        np.clip(sums, 0, HIDDEN_LIMIT, out=sums)
        sums = _sums(layer, np.rint(sums, out=sums))
    return np.asarray(sums, np.float64) * np.asarray(layers[-1].scale, np.float64)


def _sums(layer: Layer, inputs: Singles) -> Singles:
    parts, width, _ = layer.weights.shape
    shares = [inputs[:, part * width : (part + 1) * width] @ layer.weights[part] for part in range(parts)]
    sums = shares[0] if parts == 1 else np.concatenate(shares, axis=1)
    sums += layer.bias
    return sums


def quantise(centre: Singles, spread: Singles, trained: Sequence[tuple[Doubles, Doubles]], peaks: Sequence[Singles]) -> Network:
    """Round a trained network.

    `trained` are the weights, shaped as in `Layer`, and the biases of each layer; `peaks` the largest activation of each
    unit in training, a hidden layer each.
    """
    limit, steps = INPUT_LIMIT, np.full(len(centre), float(INPUT_STEP))
    given = [*(HIDDEN_LIMIT / np.maximum(np.asarray(peak, np.float64), 1e-6) for peak in peaks), None]
    layers: list[Layer] = []
    for (weights, bias), outgoing in zip(trained, given, strict=True):
        step = np.ones(len(bias)) if outgoing is None else outgoing
        largest = LARGEST if layers else LARGEST_GIVEN
        layers.append(_rounded(weights / steps.reshape(len(weights), -1, 1), bias, step, (limit, largest)))
        limit, steps = HIDDEN_LIMIT, step
    return Network(_single(centre), _single(spread), tuple(layers))


def _rounded(weights: Doubles, bias: Doubles, step: Doubles, limits: tuple[int, int]) -> Layer:
    """Weights as whole numbers, as large as exact sums and `limits` allow: of the whole inputs, and of the weights."""
    limit, largest = limits
    sizes = np.maximum(np.abs(weights), 1e-12)
    unit = np.minimum(EXACT / 2 / (limit * sizes.sum(axis=1)), largest / sizes.max(axis=1)).ravel()
    unit = np.minimum(unit, EXACT / 4 / np.maximum(np.abs(bias), 1e-12))
    whole = np.rint(weights * unit.reshape(len(weights), 1, -1))  # rounding adds at most limit * inputs / 2: far below EXACT / 4
    return Layer(_single(whole), _single(np.rint(bias * unit)), _single(step / unit))


def checked(network: Network, inputs: int, outputs: int) -> Network:
    """The network, if its arrays fit together between so many columns and scores and all its sums are exact.

    Raises ValueError.
    """
    if network.centre.shape != (inputs,) or network.spread.shape != (inputs,) or not (network.spread > 0).all():
        raise ValueError(f"no scale of {inputs} columns")
    if not network.layers or len(network.layers[0].weights) != 1:
        raise ValueError("no first layer of one part")
    given, limit = inputs, INPUT_LIMIT
    for layer in network.layers:
        given, limit = _checked(layer, given, limit), HIDDEN_LIMIT
    if given != outputs:
        raise ValueError(f"{given} scores instead of {outputs}")
    return network


def _checked(layer: Layer, given: int, limit: int) -> int:
    """How many outputs a layer has whose `given` inputs are up to `limit`. Raises ValueError."""
    parts, width, each = layer.weights.shape
    if parts * width != given or layer.bias.shape != (parts * each,) or layer.scale.shape != (parts * each,):
        raise ValueError(f"a layer of {layer.weights.shape} after {given} units")
    largest = limit * np.abs(layer.weights.astype(np.float64)).sum(axis=1).ravel() + np.abs(layer.bias.astype(np.float64))
    if largest.max(initial=0) >= EXACT or any((array != np.rint(array)).any() for array in (layer.weights, layer.bias)):
        raise ValueError("a layer whose sums are not exact")
    return int(parts * each)


def _single(array: NDArray[np.floating]) -> Singles:
    return np.ascontiguousarray(array, np.float32)
