"""The confusion table as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cleaner.report.drawing import svg, word
from cleaner.report.html import Html, element

ACROSS, DOWN = 54, 28
"""Pixels of a cell: `1,234,567` fits."""
LEFT, TOP = 86, 74
STRONG = 0.75
"""Share of a row from which letters in the colour of the paper are read better on its cell, in light and in dark."""
NAMED = 5


def confusion(labels: Sequence[str], counts: Sequence[Sequence[int]], *, title: str) -> Html:
    """Counts by what a paragraph is (rows) and what the model says (columns); a colour says the share of its row."""
    parts = [
        word(LEFT, 14, "the model says →", "start", "soft"),
        word(LEFT - 8, TOP - 8, "it is ↓", "end", "soft"),
        *(_column(label, at) for at, label in enumerate(labels)),
        *(part for at, line in enumerate(counts) for part in _row(labels[at], line, TOP + DOWN * at)),
    ]
    width, height = LEFT + ACROSS * len(labels) + 36, TOP + DOWN * len(labels) + 8
    return svg(width, height, title, _worst(labels, counts) or "no mistakes", parts)


def _column(label: str, at: int) -> Html:
    place = f"translate({LEFT + ACROSS * at + ACROSS // 2 + 4} {TOP - 6}) rotate(-35)"
    return element("text", label, transform=place, text_anchor="start")


def _row(label: str, line: Sequence[int], y: int) -> Iterator[Html]:
    yield word(LEFT - 8, y + 18, label, "end")
    whole = max(sum(line), 1)
    for column, count in enumerate(line):
        x, share = LEFT + ACROSS * column, count / whole
        place = {"x": x, "y": y, "width": ACROSS, "height": DOWN}
        yield element("rect", **place, class_="heat", fill_opacity=round(0.9 * share, 3))
        yield element("rect", **place, class_="cell")
        if count:
            yield word(x + ACROSS // 2, y + 18, f"{count:,}", "middle", "strong" if share > STRONG else None)


def _worst(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """The most frequent mistakes in words."""
    wrong = [(n, labels[r], labels[c]) for r, line in enumerate(counts) for c, n in enumerate(line) if r != c and n]
    listed = sorted(wrong, key=lambda w: (-w[0], w[1:]))[:NAMED]
    return "; ".join(f"{n:,} {true} taken for {said}" for n, true, said in listed)
