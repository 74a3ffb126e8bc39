"""Train stage two, the network over a line in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

from cleaner.classifier import network as stage_two
from cleaner.records import KEPT_LABELS, LABELS
from cleaner.training.corpora import UNKNOWN
from cleaner.training.rows import Rows, even

Matrix = NDArray[np.float32]
Doubles = NDArray[np.float64]

LABELLED_WEIGHT = (2.0, 0.5)
"""By style: what a labelled row weighs beside a row of a page that is known by its gold text alone.
Labelled articles follow the `news` convention."""
ROWS_AT_ONCE = 512


class Recipe(NamedTuple):
    """How networks are trained."""

    networks: int
    """Averaged by their outputs; they differ by the seed. Between runs that differed by their seeds alone, keep F1 on the
    press development lines went from .919 to .951 with two of 64 units."""
    hidden: tuple[int, ...]
    passes: int
    alpha: float
    rate: float = 1e-3
    """Of the first pass; it falls evenly to `rate / passes` in the last."""


TEACHER = Recipe(1, (64,), 8, 1e-2)
TEXT = (Recipe(4, (56, 32), 8, 0.1, 2e-3), Recipe(3, (64, 32), 6, 0.1, 2e-3))
"""By style. One hidden layer at one rate (4 of 32 units) left the networks under-trained (figures: docs/known-limits.md)."""


def fit_network(columns: Matrix, targets: NDArray[np.int64], weights: NDArray[np.float64], recipe: Recipe) -> stage_two.Network:
    """Train networks on standardised columns and lay them side by side as one."""
    centre, spread = columns.mean(axis=0), columns.std(axis=0) + np.float32(1e-3)
    inputs = np.asarray(stage_two.standardise(centre, spread, columns) / stage_two.INPUT_STEP, np.float32)
    nets = [_train(inputs, targets, weights, recipe, seed) for seed in range(recipe.networks)]
    layers = [_joined([_hidden(net, depth) for net in nets], depth > 0) for depth in range(len(recipe.hidden))]
    outputs = [_outputs(net) for net in nets]
    last = np.concatenate([slopes for slopes, _ in outputs])[None] / len(nets), _mean([bias for _, bias in outputs])
    return stage_two.quantise(centre, spread, [*layers, last], _peaks(inputs[::7], nets))


def _train(inputs: Matrix, targets: NDArray[np.int64], weights: NDArray[np.float64], recipe: Recipe, seed: int) -> MLPClassifier:
    """Adam, a pass at a time: each begins with the weights of the one before, a smaller rate, its own order, new moments."""
    net = MLPClassifier(
        recipe.hidden, alpha=recipe.alpha, max_iter=1, batch_size=min(ROWS_AT_ONCE, len(targets)), warm_start=True,
    )  # fmt: skip
    balanced = even(weights)
    for done in range(recipe.passes):
        rate = recipe.rate * (recipe.passes - done) / recipe.passes
        net.set_params(learning_rate_init=rate, random_state=seed * recipe.passes + done)
        net.fit(inputs, targets, sample_weight=balanced)
    return net


def _hidden(net: MLPClassifier, depth: int) -> tuple[Doubles, Doubles]:
    return np.asarray(net.coefs_[depth], np.float64), np.asarray(net.intercepts_[depth], np.float64)


def _joined(layers: Sequence[tuple[Doubles, Doubles]], apart: bool) -> tuple[Doubles, Doubles]:
    """Layers of several networks as one: of the same inputs, or `apart`, each of its own."""
    slopes = [weights for weights, _ in layers]
    return np.stack(slopes) if apart else np.concatenate(slopes, axis=1)[None], np.concatenate([bias for _, bias in layers])


def _outputs(net: MLPClassifier) -> tuple[Doubles, Doubles]:
    return _all_labels(net, net.coefs_[-1]), _all_labels(net, net.intercepts_[-1][None])[0]


def _mean(biases: Sequence[Doubles]) -> Doubles:
    return np.asarray(np.mean(biases, axis=0), np.float64)


def _peaks(inputs: Matrix, nets: Sequence[MLPClassifier]) -> list[Matrix]:
    """The largest activation of each unit but for one row in ten thousand, a hidden layer each."""
    found = []
    hidden = [inputs] * len(nets)
    for depth in range(len(nets[0].coefs_) - 1):
        hidden = [np.maximum(a @ net.coefs_[depth] + net.intercepts_[depth], 0) for a, net in zip(hidden, nets, strict=True)]
        found.append(np.asarray(np.quantile(np.concatenate(hidden, axis=1), 0.9999, axis=0), np.float32))
    return found


def _all_labels(net: MLPClassifier, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns for all labels, those never seen in training far below the rest; one column for a yes or no."""
    if weights.shape[1] == 1:
        return weights
    full = np.zeros((weights.shape[0], len(LABELS)))
    full[:, net.classes_] = weights
    if weights.shape[0] == 1:
        full[:, np.setdiff1d(np.arange(len(LABELS)), net.classes_)] = -10
    return full


def complete(labels: NDArray[np.int64], keep: NDArray[np.bool_], outputs: NDArray[np.float64]) -> NDArray[np.int64]:
    """Fill unknown labels with the teacher's likeliest label on the gold's side of keep and drop."""
    kept_side = np.arange(len(LABELS)) < len(KEPT_LABELS)
    allowed = np.where(keep[:, None], kept_side, ~kept_side)
    doubtful = outputs.copy()
    doubtful[:, LABELS.index("spam")] -= 3.0  # clean public pages carry next to none
    return np.where(labels == UNKNOWN, np.where(allowed, doubtful, -np.inf).argmax(axis=1), labels)


def fit_context(columns: Matrix, rows: Rows, style: int, chosen: NDArray[np.bool_]) -> stage_two.Network:
    """Train the second stage of a style.

    A teacher, trained on labelled rows, names the unknown labels of that style's pages; then all of
    them train.
    """
    labelled = chosen & rows.labelled & (rows.style <= style)  # what `all` keeps, `news` may not
    network = fit_network(columns[labelled], rows.labels[labelled], rows.weight[labelled], TEACHER)
    pages = chosen & ~rows.labelled & (rows.style == style)
    if not pages.any():
        return network
    taken = labelled | pages
    teacher = np.full((len(rows.lines), len(LABELS)), -np.inf)
    teacher[taken] = stage_two.evaluate(network, columns[taken])
    targets = complete(rows.labels, rows.keep, teacher)
    weights = rows.weight * np.where(rows.labelled, LABELLED_WEIGHT[style], 1.0)
    return fit_network(columns[taken], targets[taken], weights[taken], TEXT[style])
