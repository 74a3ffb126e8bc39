"""Plots as SVG, drawn by arithmetic: the same figures give the same bytes. Each says in words what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log2
from typing import NamedTuple

from cleaner.report.html import Html, element, join
from cleaner.report.style import PLOT_STYLE

LEFT, TOP, RIGHT, BOTTOM = 52, 14, 16, 44
"""Margins in pixels of a plot with axes."""
STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0)
MOST_TICKS = 6


class Point(NamedTuple):
    """A point of a learning curve."""

    labels: int
    value: float
    low: float
    high: float


class Bin(NamedTuple):
    """A bin of a reliability diagram: mean confidence, share that was right, and how many."""

    confidence: float
    right: float
    lines: int


class Bar(NamedTuple):
    """A bar with a second value beside it, both from 0 to 1, and what is written at its end."""

    name: str
    value: float
    other: float
    said: str


class _Frame(NamedTuple):
    """Where values of 0 to 1 lie in a plot."""

    width: int
    height: int

    def x(self, share: float) -> float:
        return round(LEFT + share * (self.width - LEFT - RIGHT), 1)

    def y(self, share: float) -> float:
        return round(self.height - BOTTOM - share * (self.height - TOP - BOTTOM), 1)


def standalone(plot: Html) -> str:
    """A plot as a file of its own, with its style in it."""
    head, rest = plot.split(">", 1)
    return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{PLOT_STYLE}svg {{ background: var(--paper); }}</style>{rest}\n'


def line_chart(points: Sequence[Point], *, of: str, by: str = "labels", title: str) -> Html:
    """A line with its 95 % intervals as a band; each doubling is as far on the horizontal axis."""
    frame = _Frame(520, 300)
    points = sorted(points)
    low, high = min(p.low for p in points), max(p.high for p in points)
    ticks = _ticks(low, high)
    digits = max(len(_short(tick).partition(".")[2]) for tick in ticks)
    place = [_Place(frame.x(x), points[i]) for i, x in enumerate(_doubling([p.labels for p in points]))]

    def up(value: float) -> float:
        return frame.y((value - ticks[0]) / (ticks[-1] - ticks[0]))

    band = [(p.x, up(p.point.high)) for p in place] + [(p.x, up(p.point.low)) for p in reversed(place)]
    parts = [
        *(_level(frame, up(tick), f"{tick:.{digits}f}") for tick in ticks),
        element("path", d=f"{_path(band)}Z", class_="band"),
        element("path", d=_path([(p.x, up(p.point.value)) for p in place]), class_="line"),
        *(_dot(p.x, up(p.point.value), f"{p.point.labels:,} {by}: {_interval(p.point)}") for p in place),
        *(_word(p.x, frame.height - BOTTOM + 18, f"{p.point.labels:,}", "middle", "soft") for p in _apart(place)),
        _word(frame.x(0.5), frame.height - 8, by, "middle"),
    ]
    said = "; ".join(f"{p.labels:,} {by}: {_interval(p)}" for p in points)
    return _svg(frame.width, frame.height, title, f"{of}. {said}", parts)


class _Place(NamedTuple):
    x: float
    point: Point


def _apart(places: Sequence[_Place]) -> list[_Place]:
    """Those whose numbers do not run into one another; the last one always."""
    chosen: list[_Place] = []
    for place in reversed(places):
        if not chosen or chosen[-1].x - place.x >= 34:  # five digits are 33 pixels wide
            chosen.append(place)
    return chosen


def _interval(p: Point) -> str:
    return f"{p.value:.3f} ({p.low:.3f}-{p.high:.3f})"


def _doubling(values: Sequence[int]) -> list[float]:
    """Places from 0 to 1 on a scale on which each doubling is as far; 0 is one doubling before the smallest."""
    smallest = min((v for v in values if v > 0), default=1)
    logs = [log2(v / smallest) if v > 0 else -1.0 for v in values]
    first, last = min(logs), max(logs)
    return [(value - first) / (last - first) if last > first else 0.5 for value in logs]


def _ticks(low: float, high: float) -> list[float]:
    step = next((s for s in STEPS if (high - low) / s <= MOST_TICKS - 2), STEPS[-1])
    first, last = floor(low / step), max(ceil(high / step), floor(low / step) + 1)
    return [round(n * step, 6) for n in range(first, last + 1)]


def reliability(bins: Sequence[Bin], *, title: str) -> Html:
    """How often the model is right, by how sure it is: on the dashed line it is exactly as sure as it should be."""
    frame = _Frame(360, 340)
    most = max((b.lines for b in bins), default=1)
    filled = [b for b in bins if b.lines]
    ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
    parts = [
        *(_level(frame, frame.y(tick), _short(tick)) for tick in ticks),
        *(_word(frame.x(tick), frame.height - BOTTOM + 18, _short(tick), "middle", "soft") for tick in ticks),
        *(_count_bar(frame, b, most) for b in filled),
        element("line", x1=frame.x(0), y1=frame.y(0), x2=frame.x(1), y2=frame.y(1), class_="ideal"),
        element("path", d=_path([(frame.x(b.confidence), frame.y(b.right)) for b in filled]), class_="line"),
        *(_dot(frame.x(b.confidence), frame.y(b.right), _said_bin(b)) for b in filled),
        _word(frame.x(0.5), frame.height - 8, "probability that the model gives", "middle"),
        element("text", "share that is right", transform=f"translate(13 {frame.y(0.5)}) rotate(-90)", text_anchor="middle"),
    ]
    return _svg(frame.width, frame.height, title, "; ".join(map(_said_bin, filled)), parts)


def _said_bin(b: Bin) -> str:
    return f"{b.lines:,} at {b.confidence:.2f}: {b.right:.2f} right"


def _count_bar(frame: _Frame, b: Bin, most: int) -> Html:
    """How many paragraphs a point stands for, as a light bar at the bottom."""
    height = round((frame.y(0) - frame.y(0.25)) * b.lines / most, 1)
    return element(
        "rect", x=round(frame.x(b.confidence) - 5, 1), y=round(frame.y(0) - height, 1), width=10, height=height, class_="band"
    )


def confusion(labels: Sequence[str], counts: Sequence[Sequence[int]], *, title: str) -> Html:
    """Counts by what a paragraph is (rows) and what the model says (columns); a colour says the share of its row."""
    cell_x, cell_y, left, top = 52, 28, 86, 74
    width, height = left + cell_x * len(labels) + 8, top + cell_y * len(labels) + 8
    parts = [
        element("text", "the model says →", x=left, y=14, class_="soft"),
        element("text", "it is ↓", x=8, y=top - 8, class_="soft"),
    ]
    for column, label in enumerate(labels):
        at = f"translate({left + cell_x * column + cell_x // 2 + 4} {top - 6}) rotate(-35)"
        parts.append(element("text", label, transform=at, text_anchor="start"))
    for row, (label, line) in enumerate(zip(labels, counts, strict=True)):
        y, whole = top + cell_y * row, max(sum(line), 1)
        parts.append(_word(left - 8, y + 18, label, "end"))
        for column, count in enumerate(line):
            share = count / whole
            x = left + cell_x * column
            parts.append(
                element("rect", x=x, y=y, width=cell_x, height=cell_y, class_="heat", fill_opacity=round(0.9 * share, 3))
            )
            parts.append(element("rect", x=x, y=y, width=cell_x, height=cell_y, class_="cell"))
            if count:
                parts.append(_word(x + cell_x // 2, y + 18, f"{count:,}", "middle", "dark" if share > 0.55 else None))
    wrong = [(count, labels[r], labels[c]) for r, line in enumerate(counts) for c, count in enumerate(line) if r != c and count]
    worst = "; ".join(
        f"{count:,} {true} taken for {said}" for count, true, said in sorted(wrong, key=lambda w: (-w[0], w[1:]))[:5]
    )
    return _svg(width, height, title, worst or "no mistakes", parts)


def bars(rows: Sequence[Bar], *, first: str, second: str, title: str, ticks: bool = True) -> Html:
    """A bar a row for the first value and a mark for the second, from 0 to 1; without `ticks` their scale is not shown."""
    left, width, step = 86, 560, 24
    right, height = 170, 30 + step * len(rows) + 24
    across = width - left - right
    parts = [
        element("rect", x=left, y=6, width=12, height=10, class_="first"), element("text", first, x=left + 17, y=15),
        element("line", x1=left + 110, y1=5, x2=left + 110, y2=17, class_="second"), element("text", second, x=left + 117, y=15),
    ]  # fmt: skip
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0) if ticks else ():
        x = round(left + across * tick, 1)
        parts.append(element("line", x1=x, y1=26, x2=x, y2=height - 22, class_="grid"))
        parts.append(_word(x, height - 8, _short(tick), "middle", "soft"))
    for at, row in enumerate(rows):
        y = 30 + step * at
        mark = round(left + across * row.other, 1)
        parts.append(_word(left - 8, y + 13, row.name, "end"))
        parts.append(element("rect", x=left, y=y + 2, width=round(across * row.value, 1), height=step - 10, class_="first"))
        parts.append(element("line", x1=mark, y1=y - 1, x2=mark, y2=y + step - 5, class_="second"))
        parts.append(_word(left + across + 10, y + 13, row.said, "start", "soft"))
    said = "; ".join(f"{row.name}: {first} {row.value:.3f}, {second} {row.other:.3f}" for row in rows)
    return _svg(width, height, title, said, parts)


def _svg(width: int, height: int, title: str, said: str, parts: Sequence[Html]) -> Html:
    named = element("title", title)
    return element(
        "svg",
        named,
        join(parts, "\n"),
        role="img",
        aria_label=f"{title}: {said}",
        width=width,
        height=height,
        viewBox=f"0 0 {width} {height}",
    )


def _level(frame: _Frame, y: float, said: str) -> Html:
    line = element("line", x1=LEFT, y1=y, x2=frame.width - RIGHT, y2=y, class_="grid")
    return join([line, _word(LEFT - 8, y + 4, said, "end", "soft")])


def _dot(x: float, y: float, said: str) -> Html:
    return element("g", element("title", said), element("circle", cx=x, cy=y, r=3.5, class_="dot"))


def _word(x: float, y: float, said: str, anchor: str, kind: str | None = None) -> Html:
    return element("text", said, x=x, y=round(y, 1), text_anchor=anchor, class_=kind)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "".join(f"{'L' if at else 'M'}{x:g} {y:g}" for at, (x, y) in enumerate(points))


def _short(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"
