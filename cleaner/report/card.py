"""The model card: figures on unseen sites with their plots, as a page and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from cleaner.records import LABELS
from cleaner.report.charts import Bar, bars, line_chart, reliability
from cleaner.report.confusion import confusion
from cleaner.report.drawing import standalone
from cleaner.report.figures import CardFigures, LabelScore, SetFigures, label_scores
from cleaner.report.html import Html, element, figure_list, page, table
from cleaner.report.markdown import escaped, picture
from cleaner.report.markdown import table as rows_of
from cleaner.report.style import PAGE_STYLE
from cleaner.store.commit import Disk, write_whole

CAPTIONS: Final[Mapping[str, str]] = {
    "labels": "Precision and recall of each label; at the end of its row F1, and of how many lines.",
    "calibration": "On the dashed line the model is right as often as it says. Light bars: how many lines.",
    "confusion": "In lines: the stronger a cell's colour, the larger its share of the row.",
}


class Plot(NamedTuple):
    """A plot of the card."""

    name: str
    """Of its file, without ending."""
    title: str
    caption: str
    drawn: Html


class Table(NamedTuple):
    """A table of the card."""

    head: tuple[str, ...]
    rows: list[tuple[object, ...]]


class Section(NamedTuple):
    """A part of the card, whatever it is written in."""

    title: str
    parts: list[Plot | Table]


def write_card(figures: CardFigures, html: Path, markdown: Path, *, disk: Disk | None = None) -> None:
    """Write the card twice: a page with everything in it, and Markdown with its plots as files in a folder beside it.

    The folder is `NAME.plots` for `NAME.md`, and the card's own: plots of an earlier card are removed from it. The
    same figures give the same bytes. Raises WriteError when the disk fails.
    """
    disk, folder = disk or Disk(), plots_folder(markdown)
    plots = {f"{plot.name}.svg": standalone(plot.drawn) for plot in _plots(sections(figures))}
    for name, plot in plots.items():
        write_whole(folder / name, plot.encode(), disk)
    write_whole(html, card_page(figures).encode(), disk)
    write_whole(markdown, card_markdown(figures, folder.name).encode(), disk)
    for old in sorted(set(folder.glob("*.svg")) - {folder / name for name in plots}):
        disk.unlink(str(old))


def plots_folder(markdown: Path) -> Path:
    """Where the plots of a card in Markdown are."""
    return markdown.with_name(f"{markdown.stem}.plots")


def sections(figures: CardFigures) -> list[Section]:
    """What the card says, in order."""
    found: list[Section] = []
    if figures.trained_on:
        found.append(Section("Trained on", [Table(("set", "articles", "sites", "lines"), list(figures.trained_on))]))
    if figures.curves:
        found.append(Section("Learning curve", list(_curve_parts(figures))))
    for number, one in enumerate(figures.sets, 1):
        found.append(Section(f"{one.name}{_size(one)}", list(_set_parts(one, number))))
    if figures.pages:
        rows: list[tuple[object, ...]] = [(p.name, p.pages, str(p.word_f1)) for p in figures.pages]
        found.append(Section("Pages", [Table(("set", "pages", "mean word F1"), rows)]))
    return found


def _size(one: SetFigures) -> str:
    counts = {"articles": one.articles, "sites": one.sites, "lines": one.lines}
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    return f": {said}" if said else ""


def _curve_parts(figures: CardFigures) -> Iterator[Plot | Table]:
    what = f"{figures.curve_of[:1].upper()}{figures.curve_of[1:]}, by labels learned from"
    caption = f"{what}. Bands: 95 % intervals; each doubling is as far."
    title = "Learning curve"
    yield Plot("learning-curve", title, caption, line_chart(figures.curves, of=figures.curve_of, title=title))
    named = any(curve.name for curve in figures.curves)
    rows = [
        (*((curve.name,) if named else ()), p.labels, p.value, f"{p.low:.3f}-{p.high:.3f}")
        for curve in figures.curves
        for p in sorted(curve.points)
    ]
    yield Table((*(("curve",) if named else ()), "labels", figures.curve_of, "95 % interval"), list(rows))


def _set_parts(one: SetFigures, number: int) -> Iterator[Plot | Table]:
    if rows := list(_set_rows(one)):
        yield Table(("figure", "value", "95 % interval", "count"), rows)
    if one.confusion:
        scores = label_scores(one.confusion)
        yield _plot(number, "labels", f"Precision and recall, {one.name}", lambda title: _score_bars(scores, title))
    if one.bins:
        yield _plot(number, "calibration", f"Calibration, {one.name}", lambda title: reliability(one.bins, title=title))
    if one.confusion:
        title = f"Labels taken for others, {one.name}"
        yield _plot(number, "confusion", title, lambda title: confusion(LABELS, one.confusion, title=title))
        yield Table(("label", "precision", "recall", "F1"), [(s.label, str(s.precision), str(s.recall), s.f1) for s in scores])


def _plot(number: int, kind: str, title: str, draw: Callable[[str], Html]) -> Plot:
    return Plot(f"{number}-{kind}", title, CAPTIONS[kind], draw(title))


def _score_bars(scores: Sequence[LabelScore], title: str) -> Html:
    rows = [Bar(s.label, s.precision.value, s.recall.value, f"F1 {s.f1:.3f}, of {s.recall.of:,}") for s in scores]
    return bars(rows, first="precision", second="recall", title=title)


def _set_rows(one: SetFigures) -> Iterator[tuple[object, ...]]:
    if one.keep_f1:
        yield "keep F1", one.keep_f1.value, f"{one.keep_f1.low:.3f}-{one.keep_f1.high:.3f}", ""
    shares = {
        "content lines lost": one.content_lost, "content characters lost": one.characters_lost,
        "noise lines left": one.noise_left, "label accuracy": one.accuracy,
    }  # fmt: skip
    for name, share in shares.items():
        if share:
            yield name, share.value, "{:.3f}-{:.3f}".format(*share.interval), f"{share.hits:,} of {share.of:,}"
    if one.calibration_error is not None:
        yield "calibration error", one.calibration_error, "", ""
    yield from ((name, value, "", "") for name, value in one.more)


def _plots(found: Sequence[Section]) -> list[Plot]:
    return [part for section in found for part in section.parts if isinstance(part, Plot)]


def _headline(figures: CardFigures) -> Mapping[str, str]:
    """The figures of the first set that say most."""
    first = figures.sets[0] if figures.sets else SetFigures("")
    said = {
        "keep F1": first.keep_f1,
        "content lost": first.content_lost,
        "noise left": first.noise_left,
        "labels right": first.accuracy,
    }
    return {
        name: f"{found.value:.3f}" if name == "keep F1" else f"{found.value * 100:.1f} %" for name, found in said.items() if found
    }


def card_page(figures: CardFigures) -> str:
    """The card as a page of its own, plots included."""
    body = [element("h1", "Model ", element("code", figures.model)), *(element("p", said) for said in figures.about)]
    if headline := _headline(figures):
        body += [figure_list(headline), element("p", f"Measured on {figures.sets[0].name}, {figures.held_out}.", class_="soft")]
    for section in sections(figures):
        body += [element("h2", section.title), *_laid_out(section.parts)]
    return page(f"Model {figures.model}", *body, style=PAGE_STYLE)


def _laid_out(parts: Sequence[Plot | Table]) -> Iterator[Html]:
    """Plots that follow one another side by side, where there is room."""
    row: list[Html] = []
    for part in parts:
        if isinstance(part, Plot):
            row.append(element("figure", element("div", part.drawn, class_="scroll"), element("figcaption", part.caption)))
            continue
        yield from [element("div", *row, class_="plots")] if row else []
        row = []
        yield table(part.head, part.rows)
    yield from [element("div", *row, class_="plots")] if row else []


def card_markdown(figures: CardFigures, folder: str) -> str:
    """The card in Markdown; its plots are linked as `folder/NAME.svg`."""
    written = [f"# Model {escaped(figures.model)}", *map(escaped, figures.about)]
    for section in sections(figures):
        written.append(f"## {escaped(section.title)}")
        for part in section.parts:
            written += (
                [picture(part.title, f"{folder}/{part.name}.svg", part.caption)] if isinstance(part, Plot) else [rows_of(*part)]
            )
    return "\n\n".join(written) + "\n"
