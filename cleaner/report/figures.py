"""The figures that a model card shows, as plain frozen records, and how they are taken from judged lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.evaluation.metrics import Share, accuracy, calibration_error, confusion_table, is_kept, keep_drop, reliability_bins
from cleaner.records import LABELS
from cleaner.verdicts import likeliest


class Estimate(NamedTuple):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}-{self.high:.3f})"


class Bin(NamedTuple):
    """A bin of a calibration plot."""

    confidence: float
    """Mean probability of the likeliest label, 0 to 1."""
    right: float
    """Share of its lines that have that label, 0 to 1."""
    lines: int


class Point(NamedTuple):
    """A point of a learning curve."""

    labels: int
    """How many labels the model learned from, 0 or more."""
    value: float
    low: float
    """Of the 95 % interval."""
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A learning curve: a figure by the number of labels."""

    points: tuple[Point, ...]
    """At least one, in any order."""
    name: str = ""
    """Tells it from others in the same plot."""

    def __post_init__(self) -> None:
        if not self.points:
            raise ValueError(f"{self.name or 'a learning curve'}: no points")


class Source(NamedTuple):
    """A set of labelled articles that the model was trained on."""

    name: str
    articles: int
    sites: int
    lines: int


class Pages(NamedTuple):
    """How well the text of whole pages is found, of a set or of one type of page in it."""

    name: str
    pages: int
    word_f1: Estimate


@dataclass(frozen=True, slots=True)
class SetFigures:
    """What is known of a model on one set of labelled articles, of sites that it was not trained on.

    All but the name may be missing, and is left out of the card then.
    """

    name: str
    articles: int = 0
    sites: int = 0
    keep_f1: Estimate | None = None
    content_lost: Share | None = None
    """Lines of the articles that were taken, of all that there are."""
    characters_lost: Share | None = None
    """The same in characters."""
    noise_left: Share | None = None
    """Lines of noise that stay, of all that there are."""
    accuracy: Share | None = None
    """Lines with the right label."""
    calibration_error: float | None = None
    confusion: tuple[tuple[int, ...], ...] = ()
    """Lines by true label (rows) and given label (columns), 10 x 10 in the order of LABELS.

    Precision, recall and F1 of each label follow from it.
    """
    bins: tuple[Bin, ...] = ()
    more: tuple[tuple[str, str], ...] = ()
    """Further figures in words: name and value."""

    def __post_init__(self) -> None:
        if self.confusion and {len(self.confusion), *map(len, self.confusion)} != {len(LABELS)}:
            raise ValueError(f"{self.name}: a confusion table has {len(LABELS)} rows and columns")

    @property
    def lines(self) -> int:
        """How many lines the confusion table counts."""
        return sum(map(sum, self.confusion))


@dataclass(frozen=True, slots=True)
class CardFigures:
    """Everything that a card shows; all but the model may be missing, and is left out then."""

    model: str
    """Digest of the model."""
    about: tuple[str, ...] = ()
    """Paragraphs on top."""
    trained_on: tuple[Source, ...] = ()
    curves: tuple[Curve, ...] = ()
    """In one plot, at most MOST_CURVES of them."""
    curve_of: str = "keep F1 on unseen sites"
    """What figure the curves show."""
    sets: tuple[SetFigures, ...] = ()
    pages: tuple[Pages, ...] = ()
    held_out: str = "sites not trained on"
    """What the figures of the first set, which stand large on top, were measured on."""

    def __post_init__(self) -> None:
        if len(self.curves) > MOST_CURVES:
            raise ValueError(f"{len(self.curves)} learning curves; a plot that can be read has at most {MOST_CURVES}")


MOST_CURVES = 3
"""More could not be told apart by their strokes alone."""


class LabelScore(NamedTuple):
    """How well one label is given, with counts."""

    label: str
    precision: Share
    recall: Share
    f1: float
    """0 where the label was never given rightly."""


def label_scores(confusion: Sequence[Sequence[int]]) -> list[LabelScore]:
    """Scores of each label that occurs or was given, in the order of LABELS, from a confusion table."""
    found = []
    for at, label in enumerate(LABELS):
        hits, given, are = confusion[at][at], sum(line[at] for line in confusion), sum(confusion[at])
        if given or are:
            found.append(LabelScore(label, Share(hits, given), Share(hits, are), 2 * hits / (given + are)))
    return found


def measure(
    name: str,
    probabilities: NDArray[np.float64],
    labels: NDArray[np.int64],
    kept: NDArray[np.bool_],
    lengths: NDArray[np.int64],
    articles: NDArray[np.int64],
    *,
    sites: int = 0,
    also: NDArray[np.int64] | None = None,
    more: Sequence[tuple[str, str]] = (),
) -> SetFigures:
    """The figures of a set from its judged lines, all of which have a label: n rows each, probabilities with 10 columns.

    `labels` and `also` (a second acceptable label, -1 for none) are indices into LABELS, `kept` is what the policy
    lets stay, `lengths` are characters, `articles` numbers the article of each line. A line with a second label on
    the other side is lost or left by neither decision; the confusion table has such a line under the label that was
    given, where that one is acceptable. Raises ValueError where there is no line.
    """
    if not len(labels):
        raise ValueError(f"{name}: no line to measure")
    second = np.full(len(labels), -1) if also is None else also
    predicted = likeliest(probabilities)
    accepted = np.where(predicted == second, second, labels)
    either = (second >= 0) & (is_kept(labels) != is_kept(second))
    number, of_article = np.unique(articles, return_inverse=True)
    score = keep_drop(kept, is_kept(labels), either, lengths, of_article)
    return SetFigures(
        name, len(number), sites, Estimate(score.f1, *score.f1_interval), score.content_lines_lost,
        score.content_characters_lost, score.noise_lines_left, accuracy(predicted, labels, second),
        calibration_error(probabilities, accepted), tuple(map(tuple, confusion_table(predicted, accepted))),
        tuple(Bin(*row) for row in reliability_bins(probabilities, accepted)), tuple(more),
    )  # fmt: skip
