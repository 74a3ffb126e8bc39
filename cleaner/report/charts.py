"""Plots as SVG out of figures. Each says in words what it shows, and tells things apart by stroke and shape besides colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from cleaner.report.drawing import (
    BOTTOM,
    DIGIT,
    LEFT,
    Frame,
    doubling,
    level,
    path,
    short,
    svg,
    ticks_of,
    upward,
    word,
)
from cleaner.report.figures import Bin, Curve, Point
from cleaner.report.html import Html, element

KINDS = ("one", "two", "three")
"""Of curves: each has its own colour, stroke and shape of its points."""
SHAPES = ("M-3.5 -3.5H3.5V3.5H-3.5Z", "M0 -5L5 0L0 5L-5 0Z", "M0 -5L4.8 3.6H-4.8Z")
QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)


class Bar(NamedTuple):
    """A bar with a second value beside it, both from 0 to 1, and what is written at its end."""

    name: str
    value: float
    other: float
    said: str


class _Scale(NamedTuple):
    """Where numbers of labels and values lie."""

    frame: Frame
    across: dict[int, float]
    ticks: list[float]

    def y(self, value: float) -> float:
        return self.frame.y((value - self.ticks[0]) / (self.ticks[-1] - self.ticks[0]))

    def places(self, values: Sequence[tuple[int, float]]) -> list[tuple[float, float]]:
        return [(self.across[labels], self.y(value)) for labels, value in values]


def line_chart(curves: Sequence[Curve], *, of: str, by: str = "labels", title: str) -> Html:
    """Lines with their 95 % intervals as bands; each doubling is as far on the horizontal axis."""
    frame = Frame(560, 320, 26 if len(curves) > 1 or curves[0].name else 0)
    points = [p for curve in curves for p in curve.points]
    ticks = ticks_of(min(p.low for p in points), max(p.high for p in points))
    digits = max(len(short(tick).partition(".")[2]) for tick in ticks)
    numbers = sorted({p.labels for p in points})
    scale = _Scale(frame, dict(zip(numbers, map(frame.x, doubling(numbers)), strict=True)), ticks)
    parts = [
        *(_legend(curves) if frame.above else ()),
        *(level(frame, scale.y(tick), f"{tick:.{digits}f}") for tick in ticks),
        *(part for at, curve in enumerate(curves) for part in _curve(scale, curve, by, at)),
        *(word(scale.across[n], frame.height - BOTTOM + 18, f"{n:,}", "middle", "soft") for n in _apart(scale.across)),
        word(frame.x(0.5), frame.height - 8, by, "middle"),
    ]
    said = "; ".join(f"{c.name}{': ' if c.name else ''}{_said_point(p, by)}" for c in curves for p in sorted(c.points))
    return svg(frame.width, frame.height, title, f"{of}. {said}", parts)


def _curve(scale: _Scale, curve: Curve, by: str, at: int) -> Iterator[Html]:
    points, kind = sorted(curve.points), KINDS[at]
    band = scale.places([(p.labels, p.high) for p in points] + [(p.labels, p.low) for p in reversed(points)])
    line = scale.places([(p.labels, p.value) for p in points])
    yield element("path", d=f"{path(band)}Z", class_=f"band {kind}")
    yield element("path", d=path(line), class_=f"line {kind}")
    for (x, y), point in zip(line, points, strict=True):
        yield _dot(x, y, _said_point(point, by), at)


def _legend(curves: Sequence[Curve]) -> Iterator[Html]:
    """The names of the curves with their strokes, in a row."""
    wide = [46 + DIGIT * len(curve.name) for curve in curves]
    for at, (curve, x) in enumerate(zip(curves, accumulate(wide, initial=float(LEFT)), strict=False)):
        yield element("line", x1=round(x, 1), y1=14, x2=round(x + 24, 1), y2=14, class_=f"line {KINDS[at]}")
        yield _dot(round(x + 12, 1), 14, curve.name, at)
        yield word(round(x + 30, 1), 18, curve.name, "start")


def _apart(across: dict[int, float]) -> list[int]:
    """Those numbers that do not run into one another where they are written; the last one always."""
    chosen: list[int] = []
    for number in sorted(across, reverse=True):
        room = DIGIT * (len(f"{number:,}") + len(f"{chosen[-1]:,}")) / 2 + 8 if chosen else 0
        if not chosen or across[chosen[-1]] - across[number] >= room:
            chosen.append(number)
    return chosen


def _said_point(p: Point, by: str) -> str:
    return f"{p.labels:,} {by}: {p.value:.3f} ({p.low:.3f}-{p.high:.3f})"


def _dot(x: float, y: float, said: str, at: int = 0) -> Html:
    mark = element("path", d=SHAPES[at], transform=f"translate({x:g} {y:g})", class_=f"dot {KINDS[at]}")
    return element("g", element("title", said), mark)


def reliability(bins: Sequence[Bin], *, title: str) -> Html:
    """How often the model is right, by how sure it is: on the dashed line it is exactly as sure as it should be."""
    frame = Frame(360, 340)
    filled = [b for b in bins if b.lines]
    most = max((b.lines for b in filled), default=1)
    parts = [
        *(level(frame, frame.y(tick), short(tick)) for tick in QUARTERS),
        *(word(frame.x(tick), frame.height - BOTTOM + 18, short(tick), "middle", "soft") for tick in QUARTERS),
        *(_count_bar(frame, b, most) for b in filled),
        element("line", x1=frame.x(0), y1=frame.y(0), x2=frame.x(1), y2=frame.y(1), class_="ideal"),
        element("path", d=path([(frame.x(b.confidence), frame.y(b.right)) for b in filled]), class_="line one"),
        *(_dot(frame.x(b.confidence), frame.y(b.right), _said_bin(b)) for b in filled),
        word(frame.x(0.5), frame.height - 8, "probability that the model gives", "middle"),
        upward(frame, "share that is right"),
    ]
    return svg(frame.width, frame.height, title, "; ".join(map(_said_bin, filled)), parts)


def _said_bin(b: Bin) -> str:
    return f"{b.lines:,} at {b.confidence:.2f}: {b.right:.2f} right"


def _count_bar(frame: Frame, b: Bin, most: int) -> Html:
    """How many paragraphs a point stands for, as a light bar at the bottom."""
    height = round((frame.y(0) - frame.y(0.25)) * b.lines / most, 1)
    x, y = round(frame.x(b.confidence) - 5, 1), round(frame.y(0) - height, 1)
    return element("rect", x=x, y=y, width=10, height=height, class_="band one")


def bars(rows: Sequence[Bar], *, first: str, second: str, title: str, ticks: bool = True) -> Html:
    """A bar a row for the first value and a mark for the second, from 0 to 1; without `ticks` their scale is not shown."""
    left, width, step = 86, 560, 24
    right, height = 170, 30 + step * len(rows) + (24 if ticks else 4)
    across, second_at = width - left - right, round(left + 38 + DIGIT * len(first))
    parts = [
        element("rect", x=left, y=6, width=12, height=10, class_="first"), word(left + 17, 15, first, "start"),
        element("line", x1=second_at, y1=4, x2=second_at, y2=18, class_="second"), word(second_at + 7, 15, second, "start"),
    ]  # fmt: skip
    for tick in QUARTERS if ticks else ():
        x = round(left + across * tick, 1)
        parts += [
            element("line", x1=x, y1=26, x2=x, y2=height - 22, class_="grid"),
            word(x, height - 8, short(tick), "middle", "soft"),
        ]
    parts += [part for at, row in enumerate(rows) for part in _bar(row, left, 30 + step * at, across, step)]
    said = "; ".join(f"{row.name}: {first} {row.value:.3f}, {second} {row.other:.3f}" for row in rows)
    return svg(width, height, title, said, parts)


def _bar(row: Bar, left: int, y: int, across: int, step: int) -> Iterator[Html]:
    mark = round(left + across * row.other, 1)
    yield word(left - 8, y + 13, row.name, "end")
    yield element("rect", x=left, y=y + 2, width=round(across * row.value, 1), height=step - 10, class_="first")
    yield element("line", x1=mark, y1=y - 1, x2=mark, y2=y + step - 5, class_="second")
    yield word(left + across + 10, y + 13, row.said, "start", "soft")
