"""What to look at first: doubtful, repeated over a site, judged differently by the two stages, and unlike what stood before.

Uncertainty sampling (Lewis and Gale 1994) times how much a label would decide, with one of each cluster of
near copies: ten thousand copies of a line cost a person one look and not the whole queue. In this order 50
labels teach a model twice what 50 drawn at random do (measured: tests/bench/adaptation.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

CUT = 0.5
"""The keep share around which a decision turns."""
SURE = 0.02
"""Added to the doubt: of paragraphs that the model is sure of, those that a site repeats come before those that stand once."""
DISAGREEMENT = 0.5
"""Where the stages disagree in full, a paragraph counts so much more."""
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
    copies: ArrayLike | None = None,
    *,
    groups: ArrayLike | None = None,
    cut: float = CUT,
    disagreement: float = DISAGREEMENT,
    again: float = AGAIN,
) -> NDArray[np.int64]:
    """Indices of all paragraphs, the most useful to label first; the same arrays give the same order.

    A paragraph counts (doubt + SURE) * log(1 + copies) * (1 + `disagreement` * its disagreement); measured:
    tests/bench/adaptation.py. `keep_shares` are probabilities (0 to 1) that a paragraph is the article's.
    `disagreements` say how far the keep shares of the two stages lie apart (0 to 1, nan where not known);
    `clusters` number near copies; `copies` say in how many files of its site a paragraph stands (from 1 on);
    `groups` number articles or sites, and each further paragraph of one counts `again` times the one
    before. Each may be None. The best of each cluster comes before the second of any.
    """
    shares = np.asarray(keep_shares, np.float64)
    scores = doubts(shares, cut) + SURE
    if copies is not None:
        scores = scores * np.log1p(np.asarray(copies, np.float64))
    if disagreements is not None:
        scores = scores * (1 + disagreement * np.nan_to_num(np.asarray(disagreements, np.float64)))
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
