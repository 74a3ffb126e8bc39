"""Where does a further whole article begin in the same file?

A title is told from a sub-heading by what stands around it (a body long enough, a signature, a
byline) and by its own form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.records import LABELS

NAMES = (
    "heading", "log_length", "length_over_others", "question", "mass_before", "mass_after", "byline_before", "byline_after",
    "caption_after", "gap_before", "length_before", "length_after", "colon_or_quote", "signed",
)  # fmt: skip
"""What a title has that a sub-heading has not. A question is an interview's, but not under a signature; `signed` is a
root, as a doubtful signature signs too. Whether the text after it shares the words of the text
before it is left out on purpose: corpora are scraped by topic, and glued articles speak of one thing."""
LEAST_HEADING = 0.2
LEAST_BEFORE, LEAST_AFTER = 250, 120
"""Probable content characters that a whole article has at least, before and after its neighbour's title."""
CONTENT, HEADING, CAPTION, BYLINE = (LABELS.index(label) for label in ("content", "heading", "caption", "byline"))


class Candidate(NamedTuple):
    """A heading that may open a further article, and what is measured of it."""

    line: int
    values: tuple[float, ...]


def candidates(lines: Sequence[str], probabilities: NDArray[np.float64]) -> list[Candidate]:
    """Headings of one article that have enough text before and after them, measured as NAMES."""
    content = probabilities[:, CONTENT]
    titled = (probabilities[:, HEADING] >= LEAST_HEADING) & (probabilities[:, HEADING] > content / 2)
    if not titled.any():
        return []
    mass = content * np.minimum([len(line) for line in lines], 1000)
    before = np.cumsum(mass) - mass
    after = mass.sum() - before - mass
    titled &= (before >= LEAST_BEFORE) & (after >= LEAST_AFTER)
    bodies = np.flatnonzero(content > 0.5)
    found = np.flatnonzero(titled)
    usual = float(np.mean([_log_length(lines[int(i)]) for i in found])) if len(found) else 0.0
    return [Candidate(int(i), _measure(int(i), lines, probabilities, bodies, mass, usual)) for i in found]


def _measure(
    i: int,
    lines: Sequence[str],
    probabilities: NDArray[np.float64],
    bodies: NDArray[np.int64],
    mass: NDArray[np.float64],
    usual: float,
) -> tuple[float, ...]:
    at = int(np.searchsorted(bodies, i))
    gap = i - int(bodies[at - 1]) - 1 if at else 0
    before, after = probabilities[max(0, i - 3) : i], probabilities[i + 1 : i + 5]
    signed = float(probabilities[i - 1, BYLINE]) if i and gap else 0.0
    text = lines[i]
    return (
        float(probabilities[i, HEADING]),
        _log_length(text),
        _log_length(text) - usual,
        float(text.rstrip('»”" ').endswith("?")) * max(0.0, 1 - 1.5 * signed),
        float(np.log2(1 + mass[:i].sum() / 100)),
        float(np.log2(1 + mass[i + 1 :].sum() / 100)),
        float(before[:, BYLINE].max(initial=0)),
        float(after[:, BYLINE].max(initial=0)),
        float(after[:, CAPTION].max(initial=0)),
        float(min(gap, 6)),
        _log_length(lines[i - 1]) if i else 0.0,
        _log_length(lines[i + 1]) if i + 1 < len(lines) else 0.0,
        float(":" in text or "«" in text or "“" in text),
        math.sqrt(signed),
    )


def _log_length(line: str) -> float:
    return float(np.log2(len(line) + 1))
