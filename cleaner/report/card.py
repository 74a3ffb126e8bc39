"""The model card as a page and as Markdown: figures on unseen sites, with their plots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cleaner.evaluation.metrics import Share
from cleaner.records import LABELS
from cleaner.report.charts import Bar, Bin, Point, bars, confusion, line_chart, reliability, standalone
from cleaner.report.html import Html, element, page, table
from cleaner.report.style import PAGE_STYLE


@dataclass(frozen=True, slots=True)
class SetFigures:
    """What is known of a model on one set of labelled articles of sites that it was not trained on."""

    name: str
    rows: tuple[tuple[str, str], ...]
    """Figures in words, in order: name and value with counts and interval."""
    confusion: tuple[tuple[int, ...], ...] = ()
    """Counts by true label (rows) and given label (columns), in the order of LABELS; precision and recall follow from it."""
    reliability: tuple[Bin, ...] = ()

    def __post_init__(self) -> None:
        if self.confusion and {len(self.confusion), *map(len, self.confusion)} != {len(LABELS)}:
            raise ValueError(f"{self.name}: a confusion table has {len(LABELS)} rows and columns")


@dataclass(frozen=True, slots=True)
class CardFigures:
    """Everything that a card shows."""

    model: str
    """Digest of the model."""
    about: tuple[str, ...] = ()
    """Paragraphs on top."""
    trained_on: tuple[tuple[str, int, int, int], ...] = ()
    """Set, articles, sites, lines."""
    sets: tuple[SetFigures, ...] = ()
    curve: tuple[Point, ...] = ()
    """Learning curve: labels, and the figure `curve_of` with its 95 % interval."""
    curve_of: str = "keep F1 on unseen sites"
    pages: tuple[tuple[str, int, str], ...] = field(default=())
    """Set or type of page, pages, mean word F1 with its interval."""


def card_figures(figures: Mapping[str, Any]) -> CardFigures:
    """A record out of a plain mapping, as JSON gives it: every key may be missing but `model`.

    `sets` is a list of `{name, rows: [[name, value]], confusion: 10 x 10, reliability: [[confidence, right, lines]]}`,
    `curve` one of `[labels, value, low, high]`. Raises KeyError or ValueError for another shape.
    """
    return CardFigures(
        model=str(figures["model"]),
        about=tuple(map(str, figures.get("about", ()))),
        trained_on=tuple((str(n), int(a), int(s), int(lines)) for n, a, s, lines in figures.get("trained_on", ())),
        sets=tuple(map(_set_figures, figures.get("sets", ()))),
        curve=tuple(Point(int(n), float(v), float(low), float(high)) for n, v, low, high in figures.get("curve", ())),
        curve_of=str(figures.get("curve_of", CardFigures.__dataclass_fields__["curve_of"].default)),
        pages=tuple((str(name), int(count), str(value)) for name, count, value in figures.get("pages", ())),
    )


def _set_figures(row: Mapping[str, Any]) -> SetFigures:
    return SetFigures(
        name=str(row["name"]),
        rows=tuple((str(name), str(value)) for name, value in row.get("rows", ())),
        confusion=tuple(tuple(map(int, line)) for line in row.get("confusion", ())),
        reliability=tuple(Bin(float(c), float(r), int(n)) for c, r, n in row.get("reliability", ())),
    )


def scores_of(counts: Sequence[Sequence[int]]) -> list[tuple[str, Share, Share]]:
    """Of each label its precision and its recall, from a confusion table."""
    columns = [sum(line[at] for line in counts) for at in range(len(LABELS))]
    return [
        (label, Share(counts[at][at], columns[at]), Share(counts[at][at], sum(counts[at])))
        for at, label in enumerate(LABELS)
        if columns[at] or sum(counts[at])
    ]


def plots(figures: CardFigures) -> dict[str, Html]:
    """All plots of a card by name: a set's begin with its place, such as `1-confusion`."""
    found: dict[str, Html] = {}
    if figures.curve:
        found["learning-curve"] = line_chart(figures.curve, of=figures.curve_of, title="Learning curve")
    for number, one in enumerate(figures.sets, 1):
        if one.confusion:
            rows = [Bar(label, p.value, r.value, f"{p.hits:,} of {p.of:,}; {r.of:,}") for label, p, r in scores_of(one.confusion)]
            title = f"Precision and recall, {one.name}"
            found[f"{number}-labels"] = bars(rows, first="precision", second="recall", title=title)
            found[f"{number}-confusion"] = confusion(LABELS, one.confusion, title=f"Labels taken for others, {one.name}")
        if one.reliability:
            found[f"{number}-reliability"] = reliability(one.reliability, title=f"Calibration, {one.name}")
    return found


CAPTIONS: Mapping[str, str] = {
    "learning-curve": "By how many labels it learned from, with 95 % intervals; each doubling is as far.",
    "labels": "At the end of each row: right of so many that the model said, and how many there are.",
    "confusion": "The stronger a cell's colour, the larger its share of the row.",
    "reliability": "On the dashed line the model is right as often as it says. Light bars: how many paragraphs.",
}


def caption_of(name: str) -> str:
    """What is said below a plot."""
    return CAPTIONS[name if name in CAPTIONS else name.partition("-")[2]]


def card_page(figures: CardFigures) -> str:
    """The card as a page of its own, plots included."""
    drawn = plots(figures)
    return page(
        f"Model {figures.model}",
        element("h1", "Model ", element("code", figures.model)),
        *_sections(figures, drawn),
        style=PAGE_STYLE,
    )


def _sections(figures: CardFigures, drawn: Mapping[str, Html]) -> Iterator[Html]:
    yield from (element("p", paragraph) for paragraph in figures.about)
    if figures.trained_on:
        yield element("h2", "Trained on")
        yield table(("set", "articles", "sites", "lines"), figures.trained_on)
    if "learning-curve" in drawn:
        yield element("h2", f"Learning curve: {figures.curve_of}")
        yield _figure("learning-curve", drawn)
        yield table(
            ("labels", figures.curve_of, "95 % interval"),
            ((p.labels, p.value, f"{p.low:.3f}-{p.high:.3f}") for p in figures.curve),
        )
    for number, one in enumerate(figures.sets, 1):
        yield element("h2", one.name)
        yield table(("figure", "value"), one.rows)
        mine = [name for name in drawn if name.startswith(f"{number}-")]
        yield element("div", *(_figure(name, drawn) for name in mine if not name.endswith("confusion")), class_="plots")
        yield from (_figure(name, drawn) for name in mine if name.endswith("confusion"))
        if one.confusion:
            yield table(("label", "precision", "recall"), ((label, str(p), str(r)) for label, p, r in scores_of(one.confusion)))
    if figures.pages:
        yield element("h2", "Pages: mean word F1")
        yield table(("set", "pages", "mean word F1"), figures.pages)


def _figure(name: str, drawn: Mapping[str, Html]) -> Html:
    return element("figure", element("div", drawn[name], class_="scroll"), element("figcaption", caption_of(name)))


def card_markdown(figures: CardFigures, folder: str = "") -> str:
    """The card in Markdown; plots are linked as `folder/NAME.svg`, or left out where no folder is given."""
    drawn = plots(figures) if folder else {}
    parts = [f"# Model {figures.model}", *figures.about]
    if figures.trained_on:
        parts += ["## Trained on", _rows(("set", "articles", "sites", "lines"), figures.trained_on)]
    if figures.curve:
        head = ("labels", figures.curve_of, "95 % interval")
        rows = [(p.labels, f"{p.value:.3f}", f"{p.low:.3f}-{p.high:.3f}") for p in figures.curve]
        parts += ["## Learning curve", *_linked(["learning-curve"], drawn, folder), _rows(head, rows)]
    for number, one in enumerate(figures.sets, 1):
        mine = [name for name in drawn if name.startswith(f"{number}-")]
        parts += [f"## {one.name}", _rows(("figure", "value"), one.rows), *_linked(mine, drawn, folder)]
        if one.confusion:
            parts.append(_rows(("label", "precision", "recall"), scores_of(one.confusion)))
    if figures.pages:
        parts += ["## Pages: mean word F1", _rows(("set", "pages", "mean word F1"), figures.pages)]
    return "\n\n".join(parts) + "\n"


def _linked(names: Sequence[str], drawn: Mapping[str, Html], folder: str) -> list[str]:
    return [f"![{name.replace('-', ' ')}]({folder}/{name}.svg)\n\n{caption_of(name)}" for name in names if name in drawn]


def _rows(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    cells = [[f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|") for value in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [list(head), ["---"] * len(head), *cells])


def plot_files(figures: CardFigures) -> dict[str, str]:
    """The plots as SVG files of their own, by file name."""
    return {f"{name}.svg": standalone(plot) for name, plot in plots(figures).items()}
