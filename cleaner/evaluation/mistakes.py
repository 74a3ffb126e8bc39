"""Labelled articles judged by a model, and the labels that it doubts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleaner.errors import SeedError
from cleaner.evaluation.judged import article_of
from cleaner.evaluation.judged import judged as judged_seeds
from cleaner.labels.mistakes import suspects
from cleaner.pipeline import Cleaner, article_of_lines
from cleaner.records import LABELS, Article
from cleaner.seeds import Seed


@dataclass(frozen=True, slots=True)
class Mistake:
    """A label that is probably wrong, and where it is."""

    seed: Seed
    index: int
    """The paragraph's place in its article."""
    given: str
    suggested: str
    confidence: float
    """0 to 1, as of a labels.mistakes.Suspect."""


def probable_mistakes(seeds: Sequence[Seed], probabilities: Sequence[NDArray[np.float64]]) -> list[Mistake]:
    """Labels that are probably wrong, the surest first; a label that the article accepts as well is never suggested.

    `probabilities`: an array a seed, with a row a paragraph and a column a label, best from a model that was not
    trained on these articles (out of fold, as in training). Raises ValueError where the shapes do not fit.
    """
    places = [(s, i) for s, seed in enumerate(seeds) for i, label in enumerate(seed.labels) if label]
    if not places:
        return []
    rows = np.array([probabilities[s][i] for s, i in places])
    found = suspects(rows, [LABELS.index(seeds[s].labels[i]) for s, i in places])
    mistakes = [Mistake(seeds[places[r][0]], places[r][1], LABELS[given], LABELS[other], sure) for r, given, other, sure in found]
    return [one for one in mistakes if (one.seed.also or {}).get(one.index) != one.suggested]


def judged(cleaner: Cleaner, seeds: Sequence[Seed]) -> list[NDArray[np.float64]]:
    """What a model says of labelled articles: an array a seed, a row a paragraph, a column a label.

    An article is judged by its own style, and with its page where the page still gives its paragraphs.
    """
    return [result.verdicts.probabilities for result in judged_seeds(seeds, cleaner.model, cleaner.policy, _as_article)]


def _as_article(seed: Seed) -> Article:
    try:
        return article_of(seed)
    except SeedError:
        return article_of_lines(seed.id, seed.lines)
