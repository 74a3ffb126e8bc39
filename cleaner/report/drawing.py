"""What plots are made of: lines, words, dots, and where values lie. By arithmetic alone: the same figures give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log2
from typing import NamedTuple

from cleaner.report.html import Html, element, join
from cleaner.report.style import PLOT_STYLE

LEFT, TOP, RIGHT, BOTTOM = 52, 14, 26, 44
"""Margins in pixels of a plot with axes."""
STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0)
MOST_TICKS = 6
DIGIT = 7.2
"""Pixels that a digit or a letter of a plot takes at most, on average over a word."""


class Frame(NamedTuple):
    """Where values of 0 to 1 lie in a plot."""

    width: int
    height: int
    above: int = 0
    """Pixels left free on top, for a legend."""

    def x(self, share: float) -> float:
        """Pixels from the left."""
        return round(LEFT + share * (self.width - LEFT - RIGHT), 1)

    def y(self, share: float) -> float:
        """Pixels from the top."""
        top = TOP + self.above
        return round(self.height - BOTTOM - share * (self.height - top - BOTTOM), 1)


def svg(width: int, height: int, title: str, said: str, parts: Sequence[Html]) -> Html:
    """A picture, with a title and what it shows in words."""
    return element(
        "svg", element("title", title), join(parts, "\n"),
        role="img", aria_label=f"{title}: {said}", width=width, height=height, viewBox=f"0 0 {width} {height}",
    )  # fmt: skip


def standalone(plot: Html) -> str:
    """A plot as a file of its own, with its style in it."""
    head, rest = plot.split(">", 1)
    return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{PLOT_STYLE}svg {{ background: var(--paper); }}</style>{rest}\n'


def level(frame: Frame, y: float, said: str) -> Html:
    """A line across at a value, and the value."""
    line = element("line", x1=LEFT, y1=y, x2=frame.width - RIGHT, y2=y, class_="grid")
    return join([line, word(LEFT - 8, y + 4, said, "end", "soft")])


def word(x: float, y: float, said: str, anchor: str, kind: str | None = None) -> Html:
    """A word in a plot."""
    return element("text", said, x=x, y=round(y, 1), text_anchor=anchor, class_=kind)


def path(points: Sequence[tuple[float, float]]) -> str:
    """A line through points."""
    return "".join(f"{'L' if at else 'M'}{x:g} {y:g}" for at, (x, y) in enumerate(points))


def upward(frame: Frame, said: str) -> Html:
    """The name of what rises, along the left side."""
    return element("text", said, transform=f"translate(13 {frame.y(0.5)}) rotate(-90)", text_anchor="middle")


def short(value: float) -> str:
    """A number without zeros at its end."""
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"


def doubling(values: Sequence[int]) -> list[float]:
    """Places from 0 to 1 on a scale on which each doubling is as far; 0 is one doubling before the smallest."""
    smallest = min((v for v in values if v > 0), default=1)
    logs = [log2(v / smallest) if v > 0 else -1.0 for v in values]
    first, last = min(logs), max(logs)
    return [(value - first) / (last - first) if last > first else 0.5 for value in logs]


def ticks_of(low: float, high: float) -> list[float]:
    """Round values, evenly spaced, from below `low` to above `high`."""
    step = next((s for s in STEPS if (high - low) / s <= MOST_TICKS - 2), STEPS[-1])
    first, last = floor(low / step), max(ceil(high / step), floor(low / step) + 1)
    return [round(n * step, 6) for n in range(first, last + 1)]
