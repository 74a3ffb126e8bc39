"""The walk over lexbor's tree, in Python.

A paragraph ends where a browser would begin a new line of blocks: at the edge of a block element and at a double line
break. What stands inside an element that is never seen counts as that element.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

UNSEEN = frozenset(["script", "style", "template", "svg", "head", "iframe", "select", "datalist", "textarea", "noframes"])
"""Elements whose text no reader of the page sees as text."""
BLOCKS = frozenset(
    """address article aside blockquote body button caption center dd details dialog dir div dl dt fieldset figcaption
    figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav noscript ol optgroup
    option p pre search section summary table tbody td tfoot th thead tr ul listing xmp""".split()  # noqa: SIM905 - sixty names read better so
)
"""Elements that a browser sets on lines of their own (HTML standard, rendering section), and buttons."""
NO_SIGN = "\n\n\n"
"""The sign of an element without attributes that say something."""

_CHILDLESS = ("br", "img", "input", "link", "meta", "source", "wbr", "area", "col", "embed", "track")
_PLAIN = ("span", "b", "i", "em", "strong", "small", "u", "sup", "sub", "time", "label", "picture", "html", "video", "code")
_BLOCK, _UNSEEN, _LINKED, _VERBATIM, _VOID = 1, 2, 4, 8, 16
TRAITS = {
    **dict.fromkeys(_PLAIN, 0), **dict.fromkeys(_CHILDLESS, _VOID),
    **dict.fromkeys(BLOCKS, _BLOCK), **dict.fromkeys(UNSEEN, _UNSEEN),
    "a": _LINKED, "pre": _BLOCK | _VERBATIM, "select": _BLOCK | _UNSEEN, "datalist": _BLOCK | _UNSEEN,
    "hr": _BLOCK | _VOID, "textarea": _BLOCK | _UNSEEN, "iframe": _BLOCK | _UNSEEN,
}  # fmt: skip
"""What an element's tag says; all but _BLOCK pass to the elements inside. A tag that is not here says nothing."""


class Walked(NamedTuple):
    """Paragraphs of a page, n, and the elements around them, m, parents first."""

    texts: list[str]
    """(n,)"""
    holders: list[int]
    """(n,), the innermost element around the paragraph."""
    blocks: list[int]
    """(n,), the block element around it."""
    links: list[int]
    """(n,), characters of it that are in links."""
    parents: list[int]
    """(m,), -1 for the first."""
    tags: list[str]
    """(m,)"""
    signs: list[str]
    """(m,), `class`, `id`, `role` and `itemprop` in a line each."""
    hidden: list[bool]
    """(m,), whether the element says that it is not shown."""


def only_used(found: Walked) -> Walked:
    """The same paragraphs, with the elements that hold them and those around these alone."""
    used, number = _numbered(found.holders, found.parents)
    return Walked(
        found.texts,
        [number[holder] for holder in found.holders],
        [number[block] for block in found.blocks],
        found.links,
        [number[found.parents[element]] for element in used],
        *([column[element] for element in used] for column in (found.tags, found.signs, found.hidden)),  # type: ignore[arg-type]
    )


def walk_in_python(tree: LexborHTMLParser) -> Walked:
    """As `cleaner.walk.walk`, wherever there is Python."""
    elements = _Elements()
    texts, holders, blocks, links = _finished(_made(tree, elements), elements)
    used, _ = _numbered(holders, elements.parents)
    signs, hidden = [NO_SIGN] * len(elements.nodes), [False] * len(elements.nodes)
    for element in used:
        signs[element], hidden[element] = _read_attributes(elements.nodes[element])
    return only_used(Walked(texts, holders, blocks, links, elements.parents, elements.tags, signs, hidden))


def _numbered(leaves: Iterable[int], parents: Sequence[int]) -> tuple[list[int], list[int]]:
    """The leaves and all elements around them; and the number of each element among these, the last, of none, being -1."""
    marks, number = bytearray(len(parents)), [-1] * (len(parents) + 1)
    for leaf in leaves:
        element = leaf
        while element >= 0 and not marks[element]:
            marks[element] = 1
            element = parents[element]
    used = list(compress(range(len(marks)), marks))
    for i, element in enumerate(used):
        number[element] = i
    return used, number


_Made = tuple[list[str], list[str], int, int, int]
"""What a paragraph is made of: runs of text, those of them in links, the first and the last of the elements, in the
order of the page, that hold them, and the block around them."""


class _Elements:
    """The elements of a page, parents first, with what each inherits."""

    __slots__ = ("blocks", "nodes", "parents", "tags", "traits")

    def __init__(self) -> None:
        self.nodes: list[LexborNode] = []
        self.parents: list[int] = []
        self.tags: list[str] = []
        self.blocks: list[int] = []
        """The nearest block element, itself included."""
        self.traits: list[int] = []

    def common(self, a: int, b: int) -> int:
        """The innermost element around both."""
        parents = self.parents
        while a != b:
            if a > b:
                a = parents[a]
            else:
                b = parents[b]
        return a


def _made(tree: LexborHTMLParser, elements: _Elements) -> list[_Made]:  # noqa: C901, PLR0912, PLR0915 - see below
    """Paragraphs in order; one pass, no recursion.

    One long loop over local names: it runs 2,300 times a page, and a call a node would double its time.
    """
    made: list[_Made] = []
    if tree.root is None:
        return made
    index: dict[int, int] = {}
    element_of, traits_of = index.get, TRAITS.get
    parents, tags, blocks, traits = elements.parents, elements.tags, elements.blocks, elements.traits
    parts: list[str] = []
    linked: list[str] = []
    first = last = block = -1
    breaks, ended = 0, True
    for node in tree.root.traverse(include_text=True):
        tag = node.tag or "-"
        if tag == "-text":
            text = node.text_content
            inside = element_of(node.parent.mem_id, -1)  # type: ignore[union-attr]  # only the document has no parent
            if not text or inside < 0 or traits[inside] & _UNSEEN:
                continue
            if text.isspace():
                if not ended:
                    parts.append(text)
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
        parent = element_of(node.parent.mem_id, -1)  # type: ignore[union-attr]
        inherited = traits[parent] if parent >= 0 else 0
        if own & _VOID:
            if inherited & _UNSEEN:
                continue
            if tag == "br":
                parts.append(_BREAK)
                breaks += 1
                ended = ended or breaks > 1
            elif own & _BLOCK:
                breaks, ended = 0, True
            continue
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


def _finished(made: Iterable[_Made], elements: _Elements) -> tuple[list[str], list[int], list[int], list[int]]:
    """Texts, as a browser shows them, holders, blocks and linked characters of the paragraphs that have text."""
    texts: list[str] = []
    holders: list[int] = []
    blocks: list[int] = []
    links: list[int] = []
    for parts, linked, first, last, block in made:
        holder = first if first == last else elements.common(first, last)
        verbatim = bool(elements.traits[holder] & _VERBATIM)
        text = _tidy(parts, verbatim)
        if text:
            same = not verbatim and linked == parts
            texts.append(text)
            holders.append(holder)
            blocks.append(block)
            links.append(len(text) if same else len(_tidy(linked, verbatim=False)) if linked else 0)
    return texts, holders, blocks, links


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


def _read_attributes(node: LexborNode) -> tuple[str, bool]:
    """An element's sign, and whether it is hidden."""
    attributes = node.attributes
    return (_sign(attributes), _is_hidden(attributes)) if attributes else (NO_SIGN, False)


def _sign(attributes: dict[str, str | None]) -> str:
    """`class`, `id`, `role` and `itemprop`, a line each; most elements have but the first."""
    get = attributes.get
    classes, identity, role, prop = get("class"), get("id"), get("role"), get("itemprop")
    named = " ".join(classes.split()) if classes else ""
    if identity or role or prop:
        return "\n".join([named, *(" ".join((value or "").split()) for value in (identity, role, prop))])
    return named + NO_SIGN


def _is_hidden(attributes: dict[str, str | None]) -> bool:
    style = attributes.get("style")
    if style:
        style = style.replace(" ", "").lower()
        if "display:none" in style or "visibility:hidden" in style:
            return True
    return "hidden" in attributes or attributes.get("aria-hidden") == "true"
