"""Train stage two, the network over a line in its place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

from cleaner.classifier import network as stage_two
from cleaner.records import KEPT_LABELS, LABELS
from cleaner.training.corpora import UNKNOWN
from cleaner.training.rows import Rows, even

Matrix = NDArray[np.float32]

HIDDEN, EPOCHS, NETWORK_ALPHA = 64, 8, 1e-2
"""32 to 128 hidden units score alike; several networks averaged are steadier than one: between runs that differed
by their seeds alone, keep F1 on the press development lines went from .919 to .951 with two."""
LABELLED_WEIGHT = (2.0, 0.5)
"""By style: what a labelled row weighs beside a row of a page that is known by its gold text alone.
Labelled articles follow the `news` convention."""


class Recipe(NamedTuple):
    """How networks are trained."""

    networks: int
    """Averaged by their outputs; they differ by the seed."""
    epochs: int
    alpha: float
    hidden: int = HIDDEN


TEACHER = Recipe(1, EPOCHS, NETWORK_ALPHA)
TEXT = (Recipe(4, EPOCHS, NETWORK_ALPHA, 32), Recipe(4, EPOCHS, NETWORK_ALPHA, 32))
"""By style."""


def fit_network(columns: Matrix, targets: NDArray[np.int64], weights: NDArray[np.float64], recipe: Recipe) -> stage_two.Network:
    """Train one-layer networks on standardised columns and lay them side by side as one."""
    networks = recipe.networks
    centre, spread = columns.mean(axis=0), columns.std(axis=0) + np.float32(1e-3)
    inputs = np.asarray(stage_two.standardise(centre, spread, columns) / stage_two.INPUT_STEP, np.float32)
    trained = [_train(inputs, targets, weights, recipe, seed) for seed in range(networks)]
    first = np.concatenate([net.coefs_[0] for net in trained], axis=1)
    first_bias = np.concatenate([net.intercepts_[0] for net in trained])
    second = np.concatenate([_all_labels(net, net.coefs_[1]) for net in trained]) / networks
    second_bias = sum(_all_labels(net, net.intercepts_[1][None])[0] for net in trained) / networks
    peak = np.quantile(np.maximum(inputs[::7] @ first + first_bias, 0), 0.9999, axis=0)
    layers = [np.asarray(first, np.float64), np.asarray(second, np.float64)]
    biases = [np.asarray(first_bias, np.float64), np.asarray(second_bias, np.float64)]
    return stage_two.quantise(centre, spread, layers, biases, np.asarray(peak, np.float32))


def _train(inputs: Matrix, targets: NDArray[np.int64], weights: NDArray[np.float64], recipe: Recipe, seed: int) -> MLPClassifier:
    net = MLPClassifier(
        (recipe.hidden,), alpha=recipe.alpha, max_iter=recipe.epochs, batch_size=min(512, len(targets)),
        n_iter_no_change=recipe.epochs + 1, random_state=seed,
    )  # fmt: skip
    return net.fit(inputs, targets, sample_weight=even(weights))


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
