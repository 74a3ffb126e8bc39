"""Hostile markup made harmless before it is parsed: bounded attributes, depth and open formatting.

lexbor takes time by the square of the nesting depth and of the attributes of one tag (measured: 100,000
nested tags 17 s, 128,000 attributes 35 s), and the HTML standard opens every unclosed `<b>` again in every
`<p>` (10 KB became 490,000 elements). Real pages never come near the bounds. Only pages that look
odd are read tag by tag; the others cost three counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

LONG_STRETCH = 60_000
"""Characters without a bracket of a tag that make a page odd: long scripts do, and rare tags."""
MOST_ATTRIBUTES = 1_000
MANY_TAGS = 15_000
"""Tags: pages with fewer cannot nest deep enough to cost a second."""
MANY_UNCLOSED = 300
"""More start tags than end tags, comments and void elements apart."""
DEEPEST = 1_000
MOST_FORMATTING = 100
"""Open formatting elements at once."""

_VALUE = r"""=\s*(?:"[^"]*(?:"|\Z)|'[^']*(?:'|\Z)|[^\s>"'][^\s>]*)?"""
_TOKEN = re.compile(
    rf"<!--(?:-?>|.*?(?:--!?>|\Z))|<(?:[!?]|/[^a-zA-Z])[^>]*>?|<(/?)([a-zA-Z][^\s/>]*)((?:[^>=]+|{_VALUE})*)(>?)", re.DOTALL
)
"""A comment, a declaration, or a tag with its slash, name, attributes and end (HTML standard, tokenization)."""
_ATTRIBUTE = re.compile(rf"[\s/]*[^\s/>=]+\s*(?:{_VALUE})?")
_VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"])
_LIKE_TAG = re.compile(r"<[a-zA-Z][^\s<>]*[\s/]")
_LONG_START = re.compile(r"""/?[a-zA-Z](?!(?:[^"'>]|"[^"]{0,2000}"|'[^']{0,2000}'){0,2000}>)""")
"""What may begin a long tag: a letter, and no end in the next two thousand characters and values. `<=` and `<%` in scripts,
comments and declarations have no attributes."""
_EMPTY_START = re.compile(r"<(?:br|img|link|meta|input|hr|source|path|use|!--)")
_RAW = frozenset(["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"])
"""Elements whose content is not markup."""
_FORMATTING = frozenset(["b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"])
_CELL = frozenset(["td", "th", "p"])
_ENDS = {
    "p": {"p"}, "li": {"li", "p"}, "dt": {"dt", "dd", "p"}, "dd": {"dt", "dd", "p"}, "option": {"option"},
    "td": _CELL, "th": _CELL, "tr": _CELL | {"tr"}, "div": {"p"}, "table": {"p"}, "ul": {"p"},
}  # fmt: skip
"""Open elements that a start tag ends, so that an omitted end tag is no depth."""


def tamed(html: str) -> str:
    """The page with surplus attributes, needless nesting and formatting left out; its text is untouched."""
    return _Tamer(html).run() if _is_odd(html, html.encode("utf-8", "replace")) else html


def tamed_bytes(html: str, encoded: bytes) -> bytes:
    """As `tamed`, for a page whose UTF-8 bytes are at hand; in UTF-8."""
    return _Tamer(html).run().encode("utf-8", "replace") if _is_odd(html, encoded) else encoded


def _is_odd(html: str, encoded: bytes) -> bool:
    raw = np.frombuffer(encoded, np.uint8)  # counts four times as fast as `str.count`
    opens = raw == ord("<")
    tags = np.count_nonzero(opens)
    unclosed = tags - 2 * np.count_nonzero(opens[:-1] & (raw[1:] == ord("/")))
    if unclosed > MANY_UNCLOSED:
        unclosed -= len(_EMPTY_START.findall(html))
    return bool(tags > MANY_TAGS or unclosed > MANY_UNCLOSED) or _has_long_tag(html)


def _has_long_tag(html: str) -> bool:
    """Whether a tag may be LONG_STRETCH characters long: such a stretch without `>` or without `<`."""
    endless = any(_LIKE_TAG.search(html, start, end) for start, end in _stretches(html, ">"))
    return endless or any(_LONG_START.match(html, start) for start, _ in _stretches(html, "<"))


def _stretches(html: str, mark: str) -> Iterator[tuple[int, int]]:
    """Stretches of at least LONG_STRETCH characters without a mark; looks at few of them."""
    at = 0
    while at + LONG_STRETCH < len(html):
        last = html.rfind(mark, at, at + LONG_STRETCH)
        if last < 0:
            end = html.find(mark, at)
            yield at, end if end >= 0 else len(html)
            last = end if end >= 0 else len(html)
        at = last + 1


class _Tamer:
    """One pass over the tags of a page, with the elements that are open."""

    def __init__(self, html: str) -> None:
        self._html = html
        self._out: list[str] = []
        self._done = 0
        """The page up to here is in `_out`."""
        self._open: list[tuple[str, bool]] = []
        """Names of open elements, and whether their tags stay."""
        self._counts: dict[str, int] = {}
        self._formatting = 0

    def run(self) -> str:
        """The page without what is too much."""
        at = 0
        while found := _TOKEN.search(self._html, at):
            at = found.end()
            if found[2] is None:
                continue
            name = found[2].lower()
            stays = self._end(name) if found[1] else self._start(name)
            if not stays:
                self._leave_out(found.start(), at, " ")
            elif not found[1]:
                self._narrow(found)
                at = self._after_raw(name, at)
        return "".join([*self._out, self._html[self._done :]]) if self._out else self._html

    def _leave_out(self, start: int, end: int, instead: str) -> None:
        self._out += [self._html[self._done : start], instead]
        self._done = end

    def _narrow(self, tag: re.Match[str]) -> None:
        """Leave out what a tag has beyond MOST_ATTRIBUTES; attributes are cut whole."""
        at, end = tag.span(3)
        if end - at <= MOST_ATTRIBUTES:
            return
        for _ in range(MOST_ATTRIBUTES):
            one = _ATTRIBUTE.match(self._html, at, end)
            if one is None:
                return
            at = one.end()
        self._leave_out(at, end, "")

    def _after_raw(self, name: str, at: int) -> int:
        """Where the content of a script or the like ends, if `name` opens one."""
        if name not in _RAW:
            return at
        end = re.compile(rf"</{re.escape(name)}(?=[\s/>])", re.IGNORECASE).search(self._html, at)
        return end.start() if end else len(self._html)

    def _start(self, name: str) -> bool:
        if name in _VOID or name in _RAW:
            return True
        if name in _FORMATTING:
            if self._formatting >= MOST_FORMATTING:
                return False
            self._formatting += 1
        ended = _ENDS.get(name, frozenset())
        while self._open and self._open[-1][0] in ended:
            self._close()
        stays = len(self._open) < DEEPEST
        self._open.append((name, stays))
        self._counts[name] = self._counts.get(name, 0) + 1
        return stays

    def _close(self) -> tuple[str, bool]:
        name, stayed = self._open.pop()
        self._counts[name] -= 1
        return name, stayed

    def _end(self, name: str) -> bool:
        """Whether an end tag stays: as its start tag did; one without a start where it can cost nothing."""
        if name in _FORMATTING:
            self._formatting = max(0, self._formatting - 1)
        if not self._counts.get(name):
            return name in _RAW or name in _VOID or name == "p" or len(self._open) < DEEPEST
        while True:
            closed, stayed = self._close()
            if closed == name:
                return stayed
