"""What to look at first: doubtful, judged differently by the two stages, and unlike what stands before it in the queue.

Uncertainty sampling (Lewis and Gale 1994) with one of each cluster of near copies, so that ten thousand
copies of a line cost a person one look and not the whole queue.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

CUT = 0.5
"""The keep share around which a decision turns."""
DISAGREEMENT = 0.5
"""A full disagreement of the stages counts like so much doubt."""
SHORT = 40
"""Characters from which a paragraph counts in full: a wrong line of three letters costs little."""
LEAST = 0.5
"""What a paragraph without length counts, against one of SHORT characters or more."""
AGAIN = 0.9
"""Each further paragraph of a group counts so much of the one before: the queue does not stay with one article."""
DOUBTFUL = 0.5
"""From this doubt on a paragraph is doubtful: its keep share lies between a quarter and three quarters."""


def doubts(keep_shares: ArrayLike, cut: float = CUT) -> NDArray[np.float64]:
    """How close each keep share (0 to 1) is to the decision: 1 at the cut, 0 at both ends."""
    shares = np.asarray(keep_shares, np.float64)
    return np.asarray(np.where(shares < cut, shares / cut, (1 - shares) / (1 - cut)))


def order(
    keep_shares: ArrayLike,
    disagreements: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    *,
    groups: ArrayLike | None = None,
    cut: float = CUT,
    disagreement: float = DISAGREEMENT,
    again: float = AGAIN,
) -> NDArray[np.int64]:
    """Indices of all paragraphs, the most useful to label first; the same arrays give the same order.

    `keep_shares` are probabilities (0 to 1) that a paragraph is the article's. `disagreements` say how
    far the keep shares of the two stages lie apart (0 to 1, nan where not known); `clusters` number
    near copies; `lengths` are in characters; `groups` number articles or sites. Each may be None. The
    best of each cluster comes before the second of any.
    """
    shares = np.asarray(keep_shares, np.float64)
    scores = doubts(shares, cut)
    if disagreements is not None:
        scores = scores + disagreement * np.nan_to_num(np.asarray(disagreements, np.float64))
    if lengths is not None:
        scores = scores * (LEAST + (1 - LEAST) * np.minimum(np.asarray(lengths, np.float64) / SHORT, 1))
    turns = np.zeros(len(shares), np.int64) if clusters is None else turns_within(clusters, scores)
    if groups is not None:
        first = turns == 0
        scores[first] *= again ** turns_within(np.asarray(groups)[first], scores[first])
    return np.lexsort((-scores, turns))


def turns_within(groups: ArrayLike, scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Each one's place in its own group, from the highest score down; 0 for the best."""
    numbers = np.asarray(groups)
    ranked = np.lexsort((-scores, numbers))
    begins = np.flatnonzero(np.diff(numbers[ranked], prepend=numbers[ranked[:1]] - 1))
    places = np.arange(len(ranked)) - np.repeat(begins, np.diff(begins, append=len(ranked)))
    turns = np.empty(len(ranked), np.int64)
    turns[ranked] = places
    return turns
