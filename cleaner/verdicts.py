"""Reading label probabilities."""

from __future__ import annotations

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
