"""A page to paragraphs, each with its place in the markup: one walk over lexbor's tree.

A paragraph ends where a browser would begin a new line of blocks: at the edge of a block element
and at a double line break. Nothing is judged here: menus, hidden text and `noscript` are paragraphs
like any other, and the layout says where they stood.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleaner.embedded import embedded_paragraphs
from cleaner.errors import SourceError
from cleaner.markup import tamed_bytes
from cleaner.records import Article, Layout, Source, laid_end_to_end

UNSEEN = frozenset(["script", "style", "template", "svg", "head", "iframe", "select", "datalist", "textarea", "noframes"])
"""Elements whose text no reader of the page sees as text."""
BLOCKS = frozenset(
    """address article aside blockquote body button caption center dd details dialog dir div dl dt fieldset figcaption
    figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav noscript ol optgroup
    option p pre search section summary table tbody td tfoot th thead tr ul listing xmp""".split()  # noqa: SIM905 - sixty names read better so
)
"""Elements that a browser sets on lines of their own (HTML standard, rendering section), and buttons."""
CELLS = frozenset(["td", "th"])
ROW_LENGTH = 400
"""Characters: cells of a longer row are paragraphs of their own; the table lays out the page."""
CELL_MARK = " | "
EMBEDDED_SIGN = "\n\n\narticleBody"
"""The element that stands for an article found in scripts: as schema.org marks one up."""
_NO_SIGN = "\n\n\n"

_CHILDLESS = ("br", "img", "input", "link", "meta", "source", "wbr", "area", "col", "embed", "track")
_PLAIN = ("span", "b", "i", "em", "strong", "small", "u", "sup", "sub", "time", "label", "picture", "html", "video", "code")
_BLOCK, _UNSEEN, _LINKED, _VERBATIM, _VOID = 1, 2, 4, 8, 16
_TRAITS = {
    **dict.fromkeys(_PLAIN, 0), **dict.fromkeys(_CHILDLESS, _VOID),
    **dict.fromkeys(BLOCKS, _BLOCK), **dict.fromkeys(UNSEEN, _UNSEEN),
    "a": _LINKED, "pre": _BLOCK | _VERBATIM, "select": _BLOCK | _UNSEEN, "datalist": _BLOCK | _UNSEEN,
    "hr": _BLOCK | _VOID, "textarea": _BLOCK | _UNSEEN, "iframe": _BLOCK | _UNSEEN,
}  # fmt: skip
"""What an element's tag says; all but _BLOCK pass to the elements inside. A tag that is not here says nothing."""


_Made = tuple[list[str], list[str], int, int, int]
"""What a paragraph is made of: runs of text, those of them in links, the first and the last of the elements, in the
order of the page, that hold them, and the block around them."""


class _Found(NamedTuple):
    """The paragraphs of a page, a list a column."""

    texts: list[str]
    holders: list[int]
    blocks: list[int]
    links: list[int]

    def part(self, low: int, high: int) -> _Found:
        return _Found(self.texts[low:high], self.holders[low:high], self.blocks[low:high], self.links[low:high])


class _Elements:
    """The elements of a page, parents first, with what each inherits."""

    __slots__ = ("blocks", "nodes", "parents", "scripts", "tags", "traits")

    def __init__(self) -> None:
        self.nodes: list[LexborNode] = []
        self.parents: list[int] = []
        self.tags: list[str] = []
        self.blocks: list[int] = []
        """The nearest block element, itself included."""
        self.traits: list[int] = []
        self.scripts: list[LexborNode] = []

    def common(self, a: int, b: int) -> int:
        """The innermost element around both."""
        parents = self.parents
        while a != b:
            if a > b:
                a = parents[a]
            else:
                b = parents[b]
        return a


def segment_html(source: Source) -> Article:
    """Paragraphs of an HTML page with their layout, in the order of the source.

    Their places refer to the page's paragraphs joined by line feeds, not to its bytes. Raises
    SourceError when the page holds no text.
    """
    tree = LexborHTMLParser(tamed_bytes(source.text, _utf8(source)))
    elements = _Elements()
    found = _joined_rows(_finished(_walk(tree, elements), elements), elements)
    embedded = embedded_paragraphs(tree, elements.scripts, found.texts)
    if not found.texts and not embedded:
        raise SourceError(f"{source.id}: the page holds no text outside scripts and styles")
    at = _under_title(elements, found) if embedded else 0
    texts = [*found.texts[:at], *embedded, *found.texts[at:]]
    layout = _layout(elements, found, len(embedded), at)
    return Article(source.id, laid_end_to_end(texts), "\n".join(texts), layout=layout)


def _utf8(source: Source) -> bytes:
    """The page's text in UTF-8; the bytes as read where they are that."""
    if source.encoding == "utf-8" and source.encoding_reason in {"declared", "utf-8"}:
        return source.raw
    return source.text.encode("utf-8", "replace")


def _walk(tree: LexborHTMLParser, elements: _Elements) -> list[_Made]:  # noqa: C901, PLR0912, PLR0915 - see below
    """Paragraphs in order; one pass, no recursion.

    One long loop over local names: it runs 2,300 times a page, and a call a node would double its time.
    """
    made: list[_Made] = []
    if tree.root is None:
        return made
    index: dict[int, int] = {}
    element_of, traits_of = index.get, _TRAITS.get
    parents, tags, blocks, traits = elements.parents, elements.tags, elements.blocks, elements.traits
    parts: list[str] = []
    linked: list[str] = []
    first = last = block = -1
    breaks, ended = 0, True
    for node in tree.root.traverse(include_text=True):
        tag = node.tag or "-"
        if tag == "-text":
            text = node.text_content
            if not text or text.isspace():
                if text and not ended:
                    parts.append(text)
                continue
            inside = element_of(node.parent.mem_id, -1)  # type: ignore[union-attr]  # only the document has no parent
            if inside < 0 or traits[inside] & _UNSEEN:
                continue
            if ended or blocks[inside] != block:
                if first >= 0:
                    made.append((parts, linked, first, last, block))
                parts, linked, ended = [text], [], False
                first, last, block = inside, inside, blocks[inside]
            else:
                parts.append(text)
                if inside > last:
                    last = inside
                elif inside < first:
                    first = inside
            if traits[inside] & _LINKED:
                linked.append(text)
            breaks = 0
            continue
        own = traits_of(tag)
        if own is None:
            if tag[0] in "-!_":  # the document, a comment, a declaration
                continue
            own = 0
        if own & _VOID:
            if tag == "br":
                parts.append(_BREAK)
                breaks += 1
                ended = ended or breaks > 1
            elif own & _BLOCK:
                breaks, ended = 0, True
            continue
        parent = element_of(node.parent.mem_id, -1)  # type: ignore[union-attr]
        inherited = traits[parent] if parent >= 0 else 0
        if tag == "script":
            elements.scripts.append(node)
        if inherited & _UNSEEN:  # what is inside an unseen element counts as that one
            index[node.mem_id] = parent
            continue
        me = len(parents)
        index[node.mem_id] = me
        elements.nodes.append(node)
        parents.append(parent)
        tags.append(tag)
        traits.append(own | inherited & ~_BLOCK)
        if own & _BLOCK or parent < 0:
            blocks.append(me)
            breaks, ended = 0, True
        else:
            blocks.append(blocks[parent])
    if first >= 0:
        made.append((parts, linked, first, last, block))
    return made


def _finished(made: Iterable[_Made], elements: _Elements) -> _Found:
    """Paragraphs with their text as a browser shows it; those without any left out."""
    found = _Found([], [], [], [])
    for parts, linked, first, last, block in made:
        holder = first if first == last else elements.common(first, last)
        verbatim = bool(elements.traits[holder] & _VERBATIM)
        text = _tidy(parts, verbatim)
        if text:
            same = not verbatim and linked == parts
            found.texts.append(text)
            found.holders.append(holder)
            found.blocks.append(block)
            found.links.append(len(text) if same else len(_tidy(linked, verbatim=False)) if linked else 0)
    return found


_BREAK = "\0"
"""Stands for `<br>` until white space is tidied: the one character that no parsed text can hold."""


def _tidy(parts: Sequence[str], verbatim: bool) -> str:
    """White space as a browser shows it: runs become one space, `<br>` a line feed, `pre` stays."""
    text = "".join(parts) if len(parts) > 1 else parts[0]
    if verbatim:
        return "\n".join(line.rstrip() for line in text.replace(_BREAK, "\n").split("\n")).strip("\n")
    if _BREAK not in text:
        return " ".join(text.split())
    return "\n".join(line for line in (" ".join(part.split()) for part in text.split(_BREAK)) if line)


def _joined_rows(found: _Found, elements: _Elements) -> _Found:
    """Cells of a short table row become one paragraph, so that a value keeps its name."""
    if CELLS.isdisjoint(elements.tags):
        return found
    joined = _Found([], [], [], [])
    start, row = 0, -1
    for i, block in enumerate(found.blocks):
        inside = elements.parents[block] if elements.tags[block] in CELLS else -1
        if inside < 0 or inside != row:
            _add_row(joined, found.part(start, i), row)
            start, row = i, inside
    _add_row(joined, found.part(start, len(found.blocks)), row)
    return joined


def _add_row(joined: _Found, cells: _Found, row: int) -> None:
    whole = row >= 0 and len(set(cells.blocks)) == len(cells.blocks) > 1
    if whole and sum(map(len, cells.texts)) <= ROW_LENGTH:
        cells = _Found([CELL_MARK.join(cells.texts)], [row], [row], [sum(cells.links)])
    joined.texts.extend(cells.texts)
    joined.holders.extend(cells.holders)
    joined.blocks.extend(cells.blocks)
    joined.links.extend(cells.links)


def _under_title(elements: _Elements, found: _Found) -> int:
    """Where an article found in scripts belongs: after the page's last main title, or after everything."""
    titles = [i for i, block in enumerate(found.blocks) if elements.tags[block] == "h1"]
    return titles[-1] + 1 if titles else len(found.blocks)


def _layout(elements: _Elements, found: _Found, embedded: int, at: int) -> Layout:
    """The elements that hold text. Text found in scripts stands as an article would: in paragraphs of one element."""
    marks = _with_ancestors(found.holders, elements.parents)
    used = list(compress(range(len(marks)), marks))
    number = [-1] * (len(marks) + 1)  # the last place answers for "no parent", -1
    for i, element in enumerate(used):
        number[element] = i
    signs, hidden = _read_attributes(compress(elements.nodes, marks))
    tags = list(compress(elements.tags, marks))
    holders, links = [number[holder] for holder in found.holders], found.links
    apart, body = len(used), tags.index("body") if "body" in tags else -1
    return Layout(
        parents=(
            *(number[elements.parents[element]] for element in used),
            *([body, *[apart] * embedded] if embedded else ()),
        ),
        tags=(*tags, *(["article", *["p"] * embedded] if embedded else ())),
        signs=(*signs, *([EMBEDDED_SIGN, *[_NO_SIGN] * embedded] if embedded else ())),
        hidden=(*hidden, *([False] * (embedded + 1) if embedded else ())),
        holders=(*holders[:at], *range(apart + 1, apart + 1 + embedded), *holders[at:]),
        links=(*links[:at], *[0] * embedded, *links[at:]),
    )


def _with_ancestors(leaves: Iterable[int], parents: Sequence[int]) -> bytearray:
    """A byte an element, 1 for the leaves and all elements around them."""
    marks = bytearray(len(parents))
    for leaf in leaves:
        element = leaf
        while element >= 0 and not marks[element]:
            marks[element] = 1
            element = parents[element]
    return marks


def _read_attributes(nodes: Iterable[LexborNode]) -> tuple[list[str], list[bool]]:
    """Signs of elements, and whether each is hidden; many have no attribute."""
    signs, hidden = [], []
    for node in nodes:
        attributes = node.attributes
        signs.append(_sign(attributes) if attributes else _NO_SIGN)
        hidden.append(_is_hidden(attributes) if attributes else False)
    return signs, hidden


def _sign(attributes: dict[str, str | None]) -> str:
    """`class`, `id`, `role` and `itemprop`, a line each; most elements have but the first."""
    get = attributes.get
    classes, identity, role, prop = get("class"), get("id"), get("role"), get("itemprop")
    named = " ".join(classes.split()) if classes else ""
    if identity or role or prop:
        return "\n".join([named, *(" ".join((value or "").split()) for value in (identity, role, prop))])
    return named + _NO_SIGN


def _is_hidden(attributes: dict[str, str | None]) -> bool:
    style = attributes.get("style")
    if style:
        style = style.replace(" ", "").lower()
        if "display:none" in style or "visibility:hidden" in style:
            return True
    return "hidden" in attributes or attributes.get("aria-hidden") == "true"
