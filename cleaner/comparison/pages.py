"""What a new model would change, as text and as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cleaner.comparison.changes import KEPT, REMOVED, SOURCES, WAYS, Surprise, as_rows
from cleaner.comparison.compare import RELABELLED, Comparison, aside_rows, by_label, label_rows
from cleaner.report.html import Html, element, figure_list, join, page, table
from cleaner.report.style import PAGE_STYLE

WIDTH = 110
"""Characters of a paragraph in text."""
MOST_ROWS, MOST_SITES = 20, 200
"""Rows of a table in text and on the page."""
SIGNS: Mapping[str, str] = {REMOVED: "-", KEPT: "+"}
TITLES: Mapping[str, str] = {REMOVED: "Newly removed", KEPT: "Newly kept"}


def comparison_lines(found: Comparison) -> Iterator[str]:
    """The sums, the largest groups, and the most surprising paragraphs each way."""
    sums = found.sums
    yield f"old {found.old}, new {found.new}: {sums.records:,} records, {sums.paragraphs:,} paragraphs{_unread(found)}"
    yield (
        f"{found.removed:,} paragraphs newly removed, {found.kept:,} newly kept, in {sums.sources:,} sources; "
        f"{found.relabelled:,} relabelled with the same decision"
    )
    yield from _rows("set aside, old -> new", ((f"{r['old']} -> {r['new']}", f"{r['sources']:,}") for r in aside_rows(found)))
    yield from _rows(
        "label, old -> new", ((f"{r['old']} -> {r['new']}", f"{r['paragraphs']:,} {r['way']}") for r in label_rows(found))
    )
    for name, counter in (("language", sums.languages), ("site", sums.sites)):
        yield from _rows(name, ((str(r["name"]), _both(r)) for r in as_rows(counter)))
    for way in WAYS:
        if found.surprises[way]:
            yield f"{TITLES[way]}, the most surprising first:"
            yield from (_line(way, s, copies) for s, copies in found.surprises[way])


def _unread(found: Comparison) -> str:
    return f", {found.sums.unread:,} records could not be read" if found.sums.unread else ""


def _both(row: Mapping[str, Any]) -> str:
    return f"{row[REMOVED]:,} removed, {row[KEPT]:,} kept, in {row[SOURCES]:,} sources"


def _rows(title: str, rows: Iterator[tuple[str, str]]) -> Iterator[str]:
    listed = list(rows)
    if listed:
        yield f"{title}:"
        yield from (f"  {name:<28} {said}" for name, said in listed[:MOST_ROWS])
        if len(listed) > MOST_ROWS:
            yield f"  and {len(listed) - MOST_ROWS:,} more: --json has them"


def _line(way: str, s: Surprise, copies: int) -> str:
    text = s.text if len(s.text) <= WIDTH else s.text[: WIDTH - 1] + "…"
    like = f" (at least {copies:,} more like it)" if copies else ""
    return (
        f"{SIGNS[way]} {_share(s.old_keep)} -> {_share(s.new_keep)}  {s.old} -> {s.new}  {s.source}:{s.paragraph}{like}  {text}"
    )


def _share(keep: int) -> str:
    return f"{keep / 10_000:.2f}"


def comparison_page(found: Comparison) -> str:
    """The comparison as a page of its own."""
    sums = found.sums
    figures = {
        "newly removed": found.removed, "newly kept": found.kept, "relabelled only": found.relabelled,
        "sources changed": sums.sources, "records": sums.records, "paragraphs": sums.paragraphs,
    } | ({"not read": sums.unread} if sums.unread else {})  # fmt: skip
    return page(
        f"Model {found.new} beside {found.old}",
        element("h1", "What the new model would change"),
        element("p", "Model ", element("code", found.new), " beside ", element("code", found.old), ". Nothing was changed.",
                class_="soft"),
        figure_list(figures),
        element("nav", *(element("a", TITLES[way], href=f"#{way}") for way in WAYS), element("a", "Counts", href="#counts")),
        *(_surprises(found, way) for way in WAYS),
        *_counts(found),
        style=PAGE_STYLE,
    )  # fmt: skip


def _surprises(found: Comparison, way: str) -> Html:
    shown = found.surprises[way]
    said = "by how much the probability that a paragraph is the article's moved; one of each cluster of near copies"
    rows = [_paragraph(way, s, copies) for s, copies in shown]
    inner = element("ol", join(rows, "\n"), class_="paragraphs") if rows else element("p", "None.")
    return element(
        "section",
        element("h2", f"{TITLES[way]} ({SIGNS[way]})", id=way),
        element("p", f"The most surprising first: {said}.", class_="soft"),
        inner,
    )


def _paragraph(way: str, s: Surprise, copies: int) -> Html:
    like = f"; at least {copies:,} more like it" if copies else ""
    where = f", paragraph {s.paragraph}; ", s.site, ", ", s.language, like
    what = element(
        "span", element("span", SIGNS[way], class_="sign"), element("strong", f"{s.old} → {s.new}"),
        f", keep {_share(s.old_keep)} → {_share(s.new_keep)}, ", s.source, *where, class_="what",
    )  # fmt: skip
    return element("li", what, element("span", s.text, class_="words"), class_=way)


def _counts(found: Comparison) -> Iterator[Html]:
    yield element("h2", "Counts", id="counts")
    yield element("h3", "By label")
    yield table(
        ("old label", "newly removed", "newly kept", "relabelled only"),
        ([label, *(sums[way] for way in (*WAYS, RELABELLED))] for label, sums in by_label(found)),
    )
    yield element("details", element("summary", "By old and new label"), table(
        ("old label", "new label", "what changed", "paragraphs"),
        ([r["old"], r["new"], r["way"], r["paragraphs"]] for r in label_rows(found)),
    ))  # fmt: skip
    for title, counter in (("language", found.sums.languages), ("site", found.sums.sites)):
        rows = as_rows(counter)
        yield element("h3", f"By {title}")
        yield table(
            (title, "newly removed", "newly kept", SOURCES),
            ([r["name"], r[REMOVED], r[KEPT], r[SOURCES]] for r in rows[:MOST_SITES]),
        )
        if len(rows) > MOST_SITES:
            yield element("p", f"And {len(rows) - MOST_SITES:,} more: --json has them.", class_="soft")
    if aside := aside_rows(found):
        yield element("h3", "Set aside")
        yield table(("old", "new", "sources"), ([r["old"], r["new"], r["sources"]] for r in aside))
