"""Where does a further whole article begin in the same file?

A title is told from a sub-heading by what stands before it (a body long enough, a signature), by
its own form, and by whether the text after it speaks of what the text before it spoke of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.records import LABELS

NAMES = (
    "heading", "log_length", "question", "mass_before", "mass_after", "byline_before", "byline_after",
    "caption_after", "noise_before", "topic_shared", "title_before", "title_after", "colon_or_quote", "first_after",
)  # fmt: skip
LEAST_HEADING = 0.25
LEAST_BEFORE, LEAST_AFTER = 250, 120
"""Probable content characters that a whole article has at least, before and after its neighbour's title."""
REACH = 14
"""Lines of probable content compared on each side."""
LONG_WORD = 5

CONTENT, HEADING, CAPTION, BYLINE = (LABELS.index(label) for label in ("content", "heading", "caption", "byline"))
_WORD = re.compile(rf"[^\W\d_]{{{LONG_WORD},}}|[\u3040-\u30ff\u4e00-\u9fff]{{2}}")


class Candidate(NamedTuple):
    """A heading that may open a further article, and what is measured of it."""

    line: int
    values: tuple[float, ...]


def candidates(lines: Sequence[str], probabilities: NDArray[np.float64]) -> list[Candidate]:
    """Headings of one article that have enough text before and after them, measured as NAMES."""
    content = probabilities[:, CONTENT]
    mass = content * np.minimum([len(line) for line in lines], 1000)
    before = np.cumsum(mass) - mass
    after = mass.sum() - before - mass
    titled = (probabilities[:, HEADING] >= LEAST_HEADING) & (before >= LEAST_BEFORE) & (after >= LEAST_AFTER)
    titled &= probabilities[:, HEADING] > content
    bodies = np.flatnonzero(content > 0.5)
    return [Candidate(int(i), _measure(int(i), lines, probabilities, bodies, mass)) for i in np.flatnonzero(titled)]


def _measure(
    i: int, lines: Sequence[str], probabilities: NDArray[np.float64], bodies: NDArray[np.int64], mass: NDArray[np.float64]
) -> tuple[float, ...]:
    at = int(np.searchsorted(bodies, i))
    previous, following = bodies[max(0, at - REACH) : at], bodies[at : at + REACH]
    words_before, words_after = _words(lines, previous), _words(lines, following)
    title = _words(lines, [i])
    window = slice(max(0, i - 3), i)
    next_lines = slice(i + 1, i + 5)
    text = lines[i]
    gap = i - int(previous[-1]) - 1 if len(previous) else 0
    return (
        float(probabilities[i, HEADING]),
        float(np.log2(len(text) + 1)),
        float(text.rstrip('»”" ').endswith("?")),
        float(np.log2(1 + mass[:i].sum() / 100)),
        float(np.log2(1 + mass[i + 1 :].sum() / 100)),
        float(probabilities[window, BYLINE].max(initial=0)),
        float(probabilities[next_lines, BYLINE].max(initial=0)),
        float(probabilities[next_lines, CAPTION].max(initial=0)),
        float(min(gap, 6)),
        _overlap(words_after, words_before),
        _overlap(title, words_before),
        _overlap(title, words_after),
        float(":" in text or "«" in text or "“" in text),
        float(np.log2(1 + len(lines[following[0]]))) if len(following) else 0.0,
    )


def _words(lines: Sequence[str], indices: Sequence[int] | NDArray[np.int64]) -> set[str]:
    return {word for i in indices for word in _WORD.findall(lines[i][:1000].lower())}


def _overlap(words: set[str], others: set[str]) -> float:
    return len(words & others) / len(words) if words else 0.5
