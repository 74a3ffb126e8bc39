"""A page to paragraphs, each with its place in the markup.

Nothing is judged here: menus, hidden text and `noscript` are paragraphs like any other, and the layout says where they stood.
"""

from __future__ import annotations

from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser

from cleaner.embedded import embedded_paragraphs
from cleaner.errors import SourceError
from cleaner.markup import tamed_bytes
from cleaner.records import Article, Layout, Source, laid_end_to_end
from cleaner.walk import NO_SIGN, Walked, only_used, walk

CELLS = frozenset(["td", "th"])
ROW_LENGTH = 400
"""Characters: cells of a longer row are paragraphs of their own; the table lays out the page."""
CELL_MARK = " | "
EMBEDDED_SIGN = "\n\n\narticleBody"
"""The element that stands for an article found in scripts: as schema.org marks one up."""


class _Paragraphs(NamedTuple):
    """The first columns of a `Walked`."""

    texts: list[str]
    holders: list[int]
    blocks: list[int]
    links: list[int]


def segment_html(source: Source) -> Article:
    """Paragraphs of an HTML page with their layout, in the order of the source.

    Their places refer to the page's paragraphs joined by line feeds, not to its bytes. Raises
    SourceError when the page holds no text.
    """
    markup = tamed_bytes(source.text, _utf8(source))
    tree = LexborHTMLParser(markup)
    found = _joined_rows(walk(tree))
    embedded = embedded_paragraphs(tree, markup, found.texts)
    if not found.texts and not embedded:
        raise SourceError(f"{source.id}: the page holds no text outside scripts and styles")
    at = _under_title(found) if embedded else 0
    texts = [*found.texts[:at], *embedded, *found.texts[at:]]
    return Article(source.id, laid_end_to_end(texts), "\n".join(texts), layout=_layout(found, len(embedded), at))


def _utf8(source: Source) -> bytes:
    """The page's text in UTF-8; the bytes as read where they are that."""
    if source.encoding == "utf-8" and source.encoding_reason in {"declared", "utf-8"}:
        return source.raw
    return source.text.encode("utf-8", "replace")


def _joined_rows(found: Walked) -> Walked:
    """Cells of a short table row become one paragraph, so that a value keeps its name."""
    if CELLS.isdisjoint(found.tags):
        return found
    joined = _Paragraphs([], [], [], [])
    start, row = 0, -1
    for i, block in enumerate(found.blocks):
        inside = found.parents[block] if found.tags[block] in CELLS else -1
        if inside < 0 or inside != row:
            _add_row(joined, _part(found, start, i), row)
            start, row = i, inside
    _add_row(joined, _part(found, start, len(found.blocks)), row)
    return only_used(found._replace(**joined._asdict()))


def _part(found: Walked, low: int, high: int) -> _Paragraphs:
    part = slice(low, high)
    return _Paragraphs(found.texts[part], found.holders[part], found.blocks[part], found.links[part])


def _add_row(joined: _Paragraphs, cells: _Paragraphs, row: int) -> None:
    whole = row >= 0 and len(set(cells.blocks)) == len(cells.blocks) > 1
    if whole and sum(map(len, cells.texts)) <= ROW_LENGTH:
        cells = _Paragraphs([CELL_MARK.join(cells.texts)], [row], [row], [sum(cells.links)])
    joined.texts.extend(cells.texts)
    joined.holders.extend(cells.holders)
    joined.blocks.extend(cells.blocks)
    joined.links.extend(cells.links)


def _under_title(found: Walked) -> int:
    """Where an article found in scripts belongs: after the page's last main title, or after everything."""
    titles = [i for i, block in enumerate(found.blocks) if found.tags[block] == "h1"]
    return titles[-1] + 1 if titles else len(found.blocks)


def _layout(found: Walked, embedded: int, at: int) -> Layout:
    """The elements that hold text. Text found in scripts stands as an article would: in paragraphs of one element."""
    if not embedded:
        return Layout(
            tuple(found.parents),
            tuple(found.tags),
            tuple(found.signs),
            tuple(found.hidden),
            tuple(found.holders),
            tuple(found.links),
        )
    apart, body = len(found.tags), found.tags.index("body") if "body" in found.tags else -1
    return Layout(
        parents=(*found.parents, body, *[apart] * embedded),
        tags=(*found.tags, "article", *["p"] * embedded),
        signs=(*found.signs, EMBEDDED_SIGN, *[NO_SIGN] * embedded),
        hidden=(*found.hidden, *[False] * (embedded + 1)),
        holders=(*found.holders[:at], *range(apart + 1, apart + 1 + embedded), *found.holders[at:]),
        links=(*found.links[:at], *[0] * embedded, *found.links[at:]),
    )
