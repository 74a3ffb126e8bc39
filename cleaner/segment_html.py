"""A page to paragraphs, each with its place in the markup: one walk over lexbor's tree.

A paragraph ends where a browser would begin a new line of blocks: at the edge of a block element
and at a double line break. Nothing is judged here: menus, hidden text and `noscript` are paragraphs
like any other, and the layout says where they stood.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleaner.embedded import embedded_paragraphs
from cleaner.errors import SourceError
from cleaner.markup import tamed
from cleaner.records import Article, Layout, Paragraph, Source

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
_SIGNS = ("class", "id", "role", "itemprop")
EMBEDDED_SIGN = "\n\n\narticleBody"
"""The element that stands for an article found in scripts: as schema.org marks one up."""
_NO_SIGN = "\n\n\n"


_CHILDLESS = ("br", "img", "input", "link", "meta", "source", "wbr", "area", "col", "embed", "track")
_BLOCK, _UNSEEN, _LINKED, _VERBATIM, _VOID = 1, 2, 4, 8, 16
_TRAITS = dict.fromkeys(_CHILDLESS, _VOID) | dict.fromkeys(BLOCKS, _BLOCK) | dict.fromkeys(UNSEEN, _UNSEEN) | {
    "a": _LINKED, "pre": _BLOCK | _VERBATIM, "select": _BLOCK | _UNSEEN, "datalist": _BLOCK | _UNSEEN,
    "hr": _BLOCK | _VOID, "textarea": _BLOCK | _UNSEEN, "iframe": _BLOCK | _UNSEEN,
}  # fmt: skip
"""What an element's tag says; all but _BLOCK pass to the elements inside."""


class _Found(NamedTuple):
    """A paragraph in the making."""

    text: str
    holder: int
    block: int
    links: int


class _Elements:
    """The elements of a page, parents first, with what each inherits."""

    __slots__ = ("blocks", "index", "nodes", "parents", "tags", "traits")

    def __init__(self) -> None:
        self.index: dict[int, int] = {}
        self.nodes: list[LexborNode] = []
        self.parents: list[int] = []
        self.tags: list[str] = []
        self.blocks: list[int] = []
        """The nearest block element, itself included."""
        self.traits: list[int] = []

    def add(self, node: LexborNode, tag: str, own: int) -> bool:
        """Add an element; True if it is a block. What is inside an unseen one counts as that one."""
        above = node.parent
        parent = self.index.get(above.mem_id, -1) if above is not None else -1
        inherited = self.traits[parent] if parent >= 0 else 0
        if inherited & _UNSEEN:
            self.index[node.mem_id] = parent
            return False
        me = len(self.nodes)
        block = own & _BLOCK or parent < 0
        self.index[node.mem_id] = me
        self.nodes.append(node)
        self.parents.append(parent)
        self.tags.append(tag)
        self.blocks.append(me if block else self.blocks[parent])
        self.traits.append(own | inherited & ~_BLOCK)
        return bool(block)

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
    tree = LexborHTMLParser(tamed(source.text).encode("utf-8", "replace"))
    elements = _Elements()
    found = _joined_rows(list(_walk(tree, elements)), elements)
    embedded = embedded_paragraphs(tree, [paragraph.text for paragraph in found])
    if not found and not embedded:
        raise SourceError(f"{source.id}: the page holds no text outside scripts and styles")
    at = _under_title(elements, found) if embedded else 0
    texts = [paragraph.text for paragraph in found]
    text, paragraphs = _placed([*texts[:at], *embedded, *texts[at:]])
    return Article(source.id, paragraphs, text, layout=_layout(elements, found, len(embedded), at))


class _Making:
    """A paragraph while its text is being collected."""

    __slots__ = ("block", "first", "last", "linked", "parts")

    def __init__(self, block: int) -> None:
        self.block = block
        self.first = -1
        """The first and the last of the elements, in the order of the page, whose text it holds."""
        self.last = -1
        self.parts: list[str] = []
        self.linked: list[str] = []

    def take(self, text: str, inside: int, elements: _Elements) -> None:
        """Add text of an element, more than white space."""
        self.parts.append(text)
        if elements.traits[inside] & _LINKED:
            self.linked.append(text)
        self.first = inside if self.first < 0 else min(self.first, inside)
        self.last = max(self.last, inside)

    def done(self, elements: _Elements) -> Iterator[_Found]:
        """The paragraph, if it has text."""
        if self.first < 0:
            return
        holder = elements.common(self.first, self.last)
        text = _tidy(self.parts, bool(elements.traits[holder] & _VERBATIM))
        if text:
            yield _Found(text, holder, self.block, len(_tidy(self.linked, verbatim=False)) if self.linked else 0)


def _walk(tree: LexborHTMLParser, elements: _Elements) -> Iterator[_Found]:
    """Paragraphs in order; one pass, no recursion."""
    making, breaks, ended = _Making(-1), 0, True
    for node in tree.root.traverse(include_text=True) if tree.root is not None else ():
        tag = node.tag or "-"
        if tag == "-text":
            text = node.text_content or ""
            if not text or text.isspace():
                making.parts += [text] * (not ended)
                continue
            inside = _place_of(node, elements)
            if inside < 0:
                continue
            if ended or elements.blocks[inside] != making.block:
                yield from making.done(elements)
                making, ended = _Making(elements.blocks[inside]), False
            making.take(text, inside, elements)
            breaks = 0
        elif tag[0] not in "-!_":
            own = _TRAITS.get(tag, 0)
            is_block = bool(own & _BLOCK) if own & _VOID else elements.add(node, tag, own)
            breaks = 0 if is_block else breaks + (tag == "br")
            ended = ended or is_block or breaks > 1
            making.parts += [_BREAK] * (tag == "br")
    yield from making.done(elements)


def _place_of(node: LexborNode, elements: _Elements) -> int:
    """The element around a text node; -1 where no reader sees its text."""
    above = node.parent
    inside = elements.index.get(above.mem_id, -1) if above is not None else -1
    return -1 if inside >= 0 and elements.traits[inside] & _UNSEEN else inside


_BREAK = "\0"
"""Stands for `<br>` until white space is tidied: the one character that no parsed text can hold."""


def _tidy(parts: Sequence[str], verbatim: bool) -> str:
    """White space as a browser shows it: runs become one space, `<br>` a line feed, `pre` stays."""
    text = "".join(parts)
    if verbatim:
        return "\n".join(line.rstrip() for line in text.replace(_BREAK, "\n").split("\n")).strip("\n")
    if _BREAK not in text:
        return " ".join(text.split())
    return "\n".join(line for line in (" ".join(part.split()) for part in text.split(_BREAK)) if line)


def _joined_rows(found: Sequence[_Found], elements: _Elements) -> list[_Found]:
    """Cells of a short table row become one paragraph, so that a value keeps its name."""
    joined: list[_Found] = []
    row: list[_Found] = []
    row_of = -1
    for paragraph in found:
        inside = elements.parents[paragraph.block] if elements.tags[paragraph.block] in CELLS else -1
        if inside < 0 or inside != row_of:
            joined += _as_row(row, row_of)
            row, row_of = [], inside
        row.append(paragraph)
    return [*joined, *_as_row(row, row_of)]


def _as_row(cells: list[_Found], row: int) -> list[_Found]:
    whole = len({cell.block for cell in cells}) == len(cells) > 1 and row >= 0
    if not whole or sum(len(cell.text) for cell in cells) > ROW_LENGTH:
        return cells
    return [_Found(CELL_MARK.join(cell.text for cell in cells), row, row, sum(cell.links for cell in cells))]


def _placed(texts: Sequence[str]) -> tuple[str, tuple[Paragraph, ...]]:
    """Texts laid end to end, a line feed between, with their places."""
    paragraphs, at = [], 0
    for text in texts:
        paragraphs.append(Paragraph(text, at, at + len(text)))
        at += len(text) + 1
    return "\n".join(texts), tuple(paragraphs)


def _under_title(elements: _Elements, found: Sequence[_Found]) -> int:
    """Where an article found in scripts belongs: after the page's last main title, or after everything."""
    titles = [i for i, paragraph in enumerate(found) if elements.tags[paragraph.block] == "h1"]
    return titles[-1] + 1 if titles else len(found)


def _layout(elements: _Elements, found: Sequence[_Found], embedded: int, at: int) -> Layout:
    """The elements that hold text. Text found in scripts stands as an article would: in paragraphs of one element."""
    used = _with_ancestors((paragraph.holder for paragraph in found), elements.parents)
    number = {element: i for i, element in enumerate(used)}
    attributes = [elements.nodes[element].attributes for element in used]
    tags = [elements.tags[element] for element in used]
    holders, links = [number[paragraph.holder] for paragraph in found], [paragraph.links for paragraph in found]
    apart, body = len(used), tags.index("body") if "body" in tags else -1
    return Layout(
        parents=(
            *(number.get(elements.parents[element], -1) for element in used),
            *([body, *[apart] * embedded] if embedded else ()),
        ),
        tags=(*tags, *(["article", *["p"] * embedded] if embedded else ())),
        signs=(*map(_sign, attributes), *([EMBEDDED_SIGN, *[_NO_SIGN] * embedded] if embedded else ())),
        hidden=(*map(_is_hidden, attributes), *([False] * (embedded + 1) if embedded else ())),
        holders=(*holders[:at], *range(apart + 1, apart + 1 + embedded), *holders[at:]),
        links=(*links[:at], *[0] * embedded, *links[at:]),
    )


def _with_ancestors(leaves: Iterable[int], parents: Sequence[int]) -> list[int]:
    seen: set[int] = set()
    for leaf in leaves:
        element = leaf
        while element >= 0 and element not in seen:
            seen.add(element)
            element = parents[element]
    return sorted(seen)


def _sign(attributes: dict[str, str | None]) -> str:
    if not attributes:
        return _NO_SIGN
    get = attributes.get
    return "\n".join([" ".join((get(name) or "").split()) for name in _SIGNS])


def _is_hidden(attributes: dict[str, str | None]) -> bool:
    if not attributes:
        return False
    style = (attributes.get("style") or "").replace(" ", "").lower()
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or "display:none" in style
        or "visibility:hidden" in style
    )
