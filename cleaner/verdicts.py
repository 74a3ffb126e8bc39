"""Reading label probabilities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.records import KEPT_LABELS, LABELS


def likeliest(probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    """The label of each row: the likeliest one on the likelier side, the article's own or the noise.

    A line that is a teaser or navigation with .3 each and content with .4 is noise, most likely.
    """
    sides = np.arange(len(LABELS)) < len(KEPT_LABELS)
    kept = probabilities[:, sides].sum(axis=1) >= probabilities[:, ~sides].sum(axis=1)
    return np.asarray(np.where(kept[:, None] == sides, probabilities, -1.0).argmax(axis=1), np.int64)


class Verdicts(NamedTuple):
    """Label probabilities of paragraphs, a row each, and what is read from them."""

    probabilities: NDArray[np.float64]
    labels: NDArray[np.int64]
    """The likeliest label of each, as an index into LABELS."""
    runners_up: NDArray[np.int64]
    """The likeliest of the other labels."""

    def part(self, begin: int, end: int) -> Verdicts:
        """Those of the rows from `begin` to `end`."""
        return Verdicts(self.probabilities[begin:end], self.labels[begin:end], self.runners_up[begin:end])


def verdicts_of(probabilities: NDArray[np.float64]) -> Verdicts:
    """The verdicts of many articles together: a call for each of them takes ten times as long."""
    labels = likeliest(probabilities)
    others = probabilities.copy()
    others[np.arange(len(labels)), labels] = -1
    return Verdicts(probabilities, labels, np.asarray(others.argmax(axis=1), np.int64))
