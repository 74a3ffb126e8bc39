"""Text that a page carries in its scripts only: JSON-LD `articleBody`, or the state of an app.

Read as data, never run. Looked at only where the markup holds little: on 39 pages of the public sets whose
scripts held prose beside what the markup shows, not a line of it was the article's (reviews, descriptions of
other products, consent texts).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from cleaner.markup import tamed

BODY, OTHER_BODIES = ("articleBody",), ("reviewBody", "text")
"""JSON-LD's name for the text of the page's article; and those of texts that stand for it where there is nothing else."""
LEAST_BODY = 200
"""Characters: a shorter body is a description."""
LITTLE_PROSE = 600
"""Characters in paragraphs of PROSE or more: a page with less shows no article."""
PROSE = 80
TEASER_SHARE = 3
"""A page that shows less than a third of its stated article shows the start of it, before a paywall."""
LITTLE_TEXT = 500
"""Characters in all: a page with less shows an app's shell."""
LEAST_STATE, MOST_STATE = 120, 20_000
"""Characters of a string that may be prose."""
MOST_SCRIPT = 3_000_000
"""Characters of one script that are looked at."""
SAMPLE = 40
MOST_DEPTH = 30

_JSON_LD = "application/ld+json"
_QUOTE = re.compile(r'\\.|"', re.DOTALL)
_SENTENCE = re.compile(r"\w[.!?…。](?:\s|<|$)")
_BLOCK_END = re.compile(r"</(?:p|div|li|h[1-6]|blockquote|tr)>|<br\s*/?>", re.IGNORECASE)


def embedded_paragraphs(tree: LexborHTMLParser, markup: bytes, seen: Sequence[str]) -> list[str]:
    """Paragraphs that stand in scripts and not among the `seen` ones; `markup` is what the tree was made of."""
    bodies = _unseen(_articles(tree, seen), seen) if any(name.encode() in markup for name in BODY) else []
    if not bodies and sum(map(len, seen)) < LITTLE_TEXT:
        bodies = _unseen(_bodies(tree, OTHER_BODIES), seen) or _unseen(_states(tree), seen)
    shown = set(seen) if bodies else ()
    return list(dict.fromkeys(line for body in bodies for line in body.split("\n") if line not in shown))


def _articles(tree: LexborHTMLParser, seen: Sequence[str]) -> list[str]:
    """Article bodies that JSON-LD states, where the page shows little of them."""
    bodies = list(_bodies(tree, BODY))
    prose = sum(len(text) for text in seen if len(text) >= PROSE)
    return bodies if prose < max(LITTLE_PROSE, max(map(len, bodies), default=0) // TEASER_SHARE) else []


def _unseen(bodies: Iterable[str], seen: Sequence[str]) -> list[str]:
    """Bodies that are not shown on the page."""
    found = list(bodies)
    if not found:
        return []
    shown = " ".join(" ".join(seen).split())
    return [body for body in found if not _stands_in(body, shown)]


def _bodies(tree: LexborHTMLParser, names: Sequence[str]) -> Iterator[str]:
    """Texts that JSON-LD gives under these names."""
    for script in tree.css(f'script[type="{_JSON_LD}"]'):
        text = script.text()
        if any(name in text for name in names):
            yield from (_plain(body) for body in _named(_loaded(text), names, 0) if len(body) >= LEAST_BODY)


def _named(value: Any, names: Sequence[str], depth: int) -> Iterator[str]:
    if depth > MOST_DEPTH:
        return
    if isinstance(value, list):
        for entry in value:
            yield from _named(entry, names, depth + 1)
    elif isinstance(value, dict):
        for name, entry in value.items():
            if name in names and isinstance(entry, str):
                yield entry
            else:
                yield from _named(entry, names, depth + 1)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text[:MOST_SCRIPT], strict=False)
    except (ValueError, RecursionError):
        return None


def _states(tree: LexborHTMLParser) -> Iterator[str]:
    """Strings of prose in scripts that hold data."""
    for script in tree.css("script"):
        text = script.text()[:MOST_SCRIPT]
        quotes = [found.start() for found in _QUOTE.finditer(text) if found[0] == '"']
        for start, end in zip(quotes, quotes[1:], strict=False):
            value = _loaded(text[start : end + 1]) if LEAST_STATE <= end - start <= MOST_STATE else None
            if isinstance(value, str) and _is_prose(body := _plain(value)):
                yield body


def _is_prose(text: str) -> bool:
    words = text.split()
    return len(text) >= LEAST_STATE and len(words) * 12 > len(text) and bool(_SENTENCE.search(text)) and "{" not in text


def _plain(body: str) -> str:
    """Markup in a string taken out; a line a paragraph."""
    body = body.encode("utf-8", "replace").decode()  # half an emoji is no text
    if "<" in body or "&" in body:
        tree = LexborHTMLParser(tamed(_BLOCK_END.sub(lambda end: f"\n{end[0]}", body)))
        tree.strip_tags(["script", "style", "template"])
        body = tree.text() or ""
    return "\n".join(line for line in (" ".join(part.split()) for part in body.splitlines()) if line)


def _stands_in(body: str, shown: str) -> bool:
    """Whether two of three samples of it are shown on the page."""
    squeezed = " ".join(body.split())
    places = [len(squeezed) * part // 8 for part in (1, 4, 6)]
    return not squeezed or sum(squeezed[at : at + SAMPLE] in shown for at in places) >= 2
