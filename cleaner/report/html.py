"""The one exit to HTML: whatever goes into a page goes through here, and stays text.

Only known elements and attributes can be made, none of which runs, loads or sends anything; text is
escaped, and what a reader would not see in it is shown as a mark. The page says the same to the browser: its
policy allows the one style sheet, by its checksum, and nothing else.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from hashlib import sha256
from html import escape
from itertools import zip_longest
from typing import Final

from cleaner.visible import pieces, shown

ELEMENTS: Final = frozenset({
    "a", "bdi", "code", "dd", "details", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "li", "main",
    "nav", "ol", "p", "section", "small", "span", "strong", "summary", "ul", "caption", "table", "tbody", "td", "th",
    "thead", "tr", "g", "line", "path", "rect", "svg", "text", "title",
})  # fmt: skip
EMPTY: Final = frozenset({"line", "path", "rect"})
PLAIN: Final = frozenset({"text", "title"})
"""In a picture and in a title there is no markup: marks are letters there."""
ATTRIBUTES: Final = frozenset({
    "aria-label", "class", "href", "id", "lang", "role", "scope", "title", "d", "fill-opacity", "height", "text-anchor",
    "transform", "viewBox", "width", "x", "x1", "x2", "y", "y1", "y2",
})  # fmt: skip


class Html(str):
    """Markup that this module made."""

    __slots__ = ()


def text(value: object) -> Html:
    """Any text as text: escaped, hidden characters as marks, its direction its own affair."""
    said = "".join(_mark(piece) if marked else escape(piece) for piece, marked in pieces(str(value).replace("\r\n", "\n")))
    return Html(f"<bdi>{said}</bdi>" if any(ord(c) > 0x58F for c in said) else said)


def _mark(piece: str) -> str:
    return f'<span class="mark" title="a character that is not seen">{escape(piece)}</span>'


def element(name: str, *children: object, **attributes: object) -> Html:
    """An element; children that are not `Html` are text. `class_` is `class`, `aria_label` is `aria-label`.

    Raises ValueError for an element or attribute that is not known, and for a link that leaves the page.
    """
    if name not in ELEMENTS:
        raise ValueError(f"<{name}> is not an element of a report")
    given = "".join(
        _attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None
    )
    inner = "".join(map(_plain, children)) if name in PLAIN else join(children)
    return Html(f"<{name}{given}/>" if name in EMPTY else f"<{name}{given}>{inner}</{name}>")


def _attribute(name: str, value: object) -> str:
    if name not in ATTRIBUTES:
        raise ValueError(f"{name}= is not an attribute of a report")
    if name == "href" and not str(value).startswith("#"):
        raise ValueError(f"href={value!r}: a report links to itself alone")
    return f' {name}="{_plain(value)}"'


def _plain(value: object) -> str:
    return escape(shown(str(value).replace("\r\n", "\n")))


def join(children: Iterable[object], between: str = "") -> Html:
    """Children one after the other."""
    return Html(between.join(child if isinstance(child, Html) else text(child) for child in children))


def table(head: Iterable[object], rows: Iterable[Iterable[object]], caption: str = "") -> Html:
    """A table; columns of numbers, or of texts that all begin with one, stand to the right."""
    filled = [list(row) for row in rows]
    right = [all(map(_is_number, column)) for column in zip(*filled, strict=True)]
    kinds = ["number" if is_right else None for is_right in right]
    names = [element("th", name, scope="col", class_=kind) for name, kind in zip_longest(head, kinds)]
    body = [element("tr", *(element("td", _number(v), class_=k) for v, k in zip(row, kinds, strict=True))) for row in filled]
    said = [element("caption", caption)] if caption else []
    inner = element("table", *said, element("thead", element("tr", *names)), element("tbody", join(body, "\n")))
    return element("div", inner, class_="scroll")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) or (isinstance(value, str) and value[:1].isdigit() and not isinstance(value, Html))


def _number(value: object) -> object:
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}" if isinstance(value, float) else value


def figure_list(figures: Mapping[str, object]) -> Html:
    """Figures by name, large."""
    pairs = (element("div", element("dt", name), element("dd", _number(value))) for name, value in figures.items())
    return element("dl", *pairs, class_="figures")


def page(title: str, *body: object, style: str, lang: str = "en") -> str:
    """A whole page with its style sheet, which is the only thing that its policy lets in."""
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = (
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
        f'<meta name="referrer" content="no-referrer">\n{element("title", title)}\n'
    )
    inner = element("main", join(body, "\n"))
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(lang)}">\n<head>\n{head}<style>{style}</style>\n</head>\n'
        f"<body>\n{inner}\n</body>\n</html>\n"
    )
