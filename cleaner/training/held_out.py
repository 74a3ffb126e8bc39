"""What labels add, on labels that were held back: before and after, and by how many were learned from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.policy import load_policy
from cleaner.report.figures import Curve, Point, SetFigures
from cleaner.seeds import digest_of_lines
from cleaner.training.corpora import UNKNOWN, Example
from cleaner.training.judged import Judged
from cleaner.training.parallel import side_by_side
from cleaner.training.rows import Rows
from cleaner.training.shift import fit_shift, moved
from cleaner.training.unseen import kept_labelled, labelled_figures

Floats = NDArray[np.float64]

PARTS = 5
FRACTIONS = (0.25, 0.5, 1.0)
"""Of the labels that may be learned from; each doubling is as far on the plot."""
BY_SITE, BY_ARTICLE = "sites not learned from", "articles not learned from"


class HeldOut(NamedTuple):
    """How a model judges labels that it did not learn from, before and after it learned from the others."""

    before: SetFigures
    after: SetFigures
    curve: Curve
    what: str
    """BY_SITE, or BY_ARTICLE where there are less than PARTS sites, or some are not known."""


def held_out(examples: Sequence[Example], rows: Rows, judged: Judged, name: str, information: Floats | None) -> HeldOut | None:
    """Figures on labels that were held back, a PARTS-th of the sites or articles at a time; None where there is one article.

    `rows` and `judged` are those of the examples; `information` is as for `fit_shift`.
    """
    names, what = _groups(examples)
    part = _parts(names)[judged.article]
    if len(set(names)) < 2:
        return None
    known = np.flatnonzero(judged.labels != UNKNOWN)
    measured = [
        _figures(name, rows, known, _unseen(judged, part, fraction, information), len({e.site for e in examples}))
        for fraction in (0.0, *FRACTIONS)
    ]
    share = 1 - 1 / len(set(part.tolist()))
    points = [
        Point(round(fraction * share * len(known)), found.keep_f1.value, found.keep_f1.low, found.keep_f1.high)
        for fraction, found in zip((0.0, *FRACTIONS), measured, strict=True)
        if found.keep_f1
    ]
    return HeldOut(measured[0], measured[-1], Curve(tuple(points), name), what)


def _groups(examples: Sequence[Example]) -> tuple[list[str], str]:
    """What each article is held back with: its site, or itself where there are few sites, or some are not known."""
    sites = [e.site for e in examples]
    known = all(e.site != e.id for e in examples)
    return (
        (sites, BY_SITE)
        if known and len(set(sites)) >= PARTS
        else (list(map(digest_of_lines, (e.lines for e in examples))), BY_ARTICLE)
    )


def _parts(names: Sequence[str]) -> NDArray[np.int64]:
    """The part of each name, 0 to PARTS - 1: dealt out in the order of their digests, so that no part is empty."""
    dealt = sorted(set(names), key=_digest)
    place = {name: number % PARTS for number, name in enumerate(dealt)}
    return np.array([place[name] for name in names], np.int64)


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def _unseen(judged: Judged, part: NDArray[np.int64], fraction: float, information: Floats | None) -> Floats:
    """Probabilities of every row when its part was held back and a fraction of the other labels was learned from."""
    found = judged.probabilities.copy()
    if not fraction:
        return found
    drawn = np.random.default_rng(0).random(len(judged.labels)) < fraction
    learned = judged.relabelled(np.where(drawn, judged.labels, UNKNOWN))
    parts = sorted(set(part.tolist()))
    for number, probabilities in zip(
        parts, side_by_side(partial(_without, judged, learned, part, information), parts), strict=True
    ):
        found[part == number] = probabilities
    return found


def _without(judged: Judged, learned: Judged, part: NDArray[np.int64], information: Floats | None, number: int) -> Floats:
    """Probabilities of the rows of a part by what the others teach."""
    return moved(judged.rows(part == number), fit_shift(learned.rows(part != number), information))


def _figures(name: str, rows: Rows, known: NDArray[np.int64], probabilities: Floats, sites: int) -> SetFigures:
    return labelled_figures(name, rows, probabilities, kept_labelled(rows, probabilities, load_policy()), known, sites)
