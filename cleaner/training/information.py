"""What a model's training lines say of every direction in which labels could move it: Fisher information.

Without it fifty labels of one site moved verdicts on other sites as well: the paragraphs that were lost there grew by 22 %, with
it by 2 % (`tests/bench/adaptation.py`). It stands in the file in the place of the lines themselves,
as in elastic weight consolidation (Kirkpatrick et al. 2017, PNAS 114).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleaner.classifier.adaptation import KEPT, dense_inputs
from cleaner.classifier.network import Network

Floats = NDArray[np.float64]

AT_ONCE = 50_000
"""Rows that are laid out together."""


def information(network: Network, columns: NDArray[np.float32], probabilities: Floats, weight: Floats) -> NDArray[np.float16]:
    """Mean information of a row on the shift of its keep logit, over `dense_inputs` and a one: the upper triangle, row by row.

    n rows each; a row counts as `weight` says, and as it is doubtful: one whose verdict is sure can be shifted unpunished.
    """
    total = np.zeros((0, 0))
    for first in range(0, len(columns), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        kept = probabilities[part, :KEPT].sum(axis=1)
        given = dense_inputs(network, columns[part], probabilities[part]).astype(np.float64)
        given = np.concatenate([given, np.ones((len(given), 1))], axis=1)
        found = (given * (weight[part] * kept * (1 - kept))[:, None]).T @ given
        total = found if not first else total + found
    return np.asarray(total[np.triu_indices(len(total))] / weight.sum(), np.float16)


def square(triangle: NDArray[np.floating]) -> Floats:
    """The symmetric matrix of an upper triangle. Raises ValueError where the numbers are none."""
    size = int(np.sqrt(2 * len(triangle)))
    if size * (size + 1) // 2 != len(triangle):
        raise ValueError(f"{len(triangle)} numbers are no triangle")
    upper = np.zeros((size, size))
    upper[np.triu_indices(size)] = triangle
    return upper + np.triu(upper, 1).T
