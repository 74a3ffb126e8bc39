"""Train the second stage of pages: one network for keep or drop, one for the label on each side.

A network that answers keep or drop alone beat one of ten labels, whose public rows have labels from a
teacher (mean word F1 on two unseen folds of WCXB .894 against .887); one network that reads the style beat one a
style (.893 against .889); four of 32 hidden units beat two of 64 (.895 against .892), and one of 128 (.890),
each in two passes at one rate.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from cleaner.classifier import network as stage_two
from cleaner.classifier import two_sided, with_style
from cleaner.records import LABELS, STYLES
from cleaner.training.network import Matrix, Recipe, fit_network
from cleaner.training.parallel import side_by_side
from cleaner.training.rows import Rows

KEEP = Recipe(6, (32,), 3, 0.1)
NAMING = Recipe(1, (64,), 2, 0.1)
NEWS_WEIGHT, HAND_WEIGHT = 3.0, 2.0
"""What a row of a news page weighs (2 cost news .002 and gave the others .001), and one labelled by hand."""


class PageStage(NamedTuple):
    """The trained second stage of pages."""

    keep: stage_two.Network
    labels: stage_two.Network
    calibration: NDArray[np.float64]


def fit_pages(columns: Matrix, pages: Rows) -> tuple[PageStage, NDArray[np.float64]]:
    """The second stage trained on everything, and calibrated probabilities for unseen sites."""
    inputs = with_style(columns, pages.style)
    everything = np.ones(len(pages.lines), bool)
    stages = side_by_side(partial(_networks, inputs, pages), [*(pages.fold != fold for fold in pages.folds), everything])
    keep, labels = np.zeros(len(pages.lines)), np.zeros((len(pages.lines), len(LABELS)))
    for fold, (keeper, namer) in zip(pages.folds, stages, strict=False):
        inside = pages.fold == fold
        keep[inside] = stage_two.evaluate(keeper, inputs[inside])[:, 0]
        labels[inside] = stage_two.evaluate(namer, inputs[inside])
    calibration = np.array([_calibration(keep, pages, style) for style in range(len(STYLES))])
    unseen = np.zeros_like(labels)
    for style in range(len(STYLES)):
        mine = pages.style == style
        unseen[mine] = two_sided(calibration[style], keep[mine], labels[mine])
    return PageStage(*stages[-1], calibration), unseen


def _networks(inputs: Matrix, pages: Rows, chosen: NDArray[np.bool_]) -> tuple[stage_two.Network, stage_two.Network]:
    rows = np.flatnonzero(chosen)
    weights = (
        pages.weight[rows] * np.where(pages.style[rows] == 0, NEWS_WEIGHT, 1.0) * np.where(pages.hand[rows], HAND_WEIGHT, 1.0)
    )
    keep = fit_network(inputs[rows], pages.keep[rows].astype(np.int64), weights, KEEP)
    return keep, fit_network(inputs[rows], pages.labels[rows], weights, NAMING)


def _calibration(keep: NDArray[np.float64], pages: Rows, style: int) -> list[float]:
    """Slope and intercept of the keep logit (Platt 1999) over rows of a style, by their weight."""
    mine = np.flatnonzero(pages.style == style)
    if len(set(pages.keep[mine].tolist())) < len((True, False)):
        return [1.0, 0.0]
    model = LogisticRegression(C=1e6, max_iter=1000).fit(keep[mine, None], pages.keep[mine], sample_weight=pages.weight[mine])
    return [float(model.coef_[0, 0]), float(model.intercept_[0])]
