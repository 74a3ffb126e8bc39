"""A batch of pages' layouts as arrays: elements, their tokens, and the paragraphs they hold.

Tokens are hashed: tag, class names and their words, id, role, itemprop. A paragraph's layout grams
are the tokens of the element that holds it and of its ancestors, near and far.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.features.buffer import Hashes, Ints
from cleaner.features.ngrams import Grams, mix
from cleaner.records import Layout

TAGS = (
    "p", "li", "td", "th", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "div", "span", "a", "pre", "blockquote", "figcaption",
    "dt", "dd", "button", "time", "label", "section", "strong", "em",
)  # fmt: skip
"""Tags that hold text by themselves on real pages; all others are one more."""
REGIONS = (
    "nav", "footer", "header", "aside", "article", "main", "form", "figure", "table", "section", "ul", "ol", "a", "button",
    "details", "dialog", "blockquote", "noscript", "td",
)  # fmt: skip
"""Ancestors that say what a part of a page is for."""
FAR_ANCESTORS = 14
"""Elements from the holder up whose tokens count; real pages nest 10 to 25 deep."""
NAMES_A_SIGN, WORDS_A_NAME, NAME_LENGTH = 12, 5, 40
SIGNS_KEPT = 1 << 16

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_a-zA-Z]+")
_DIGITS = re.compile(r"\d+")
_LENGTHS = (5, 15, 30, 60, 100, 160, 250, 500)
_LINK_SHARES = (0.01, 0.2, 0.5, 0.9)
_OWN, _PARENT, _GRANDPARENT, _FAR, _PATH, _SHAPE = (np.uint64(i * 0x9E3779B97F4A7C15 % (1 << 64)) for i in range(11, 17))


class Page(NamedTuple):
    """What layout features need of one article."""

    layout: Layout
    lengths: Sequence[int]
    """Characters of each paragraph."""


class Layouts:
    """Elements of a batch of pages, laid end to end."""

    def __init__(self, pages: Sequence[Page]) -> None:
        layouts = [page.layout for page in pages]
        counts = [len(layout.parents) for layout in layouts]
        bases = np.cumsum([0, *counts])
        self.parents = _shifted([layout.parents for layout in layouts], bases)
        self.holders = _shifted([layout.holders for layout in layouts], bases)
        self.offsets = np.cumsum([0, *(len(layout.holders) for layout in layouts)])
        self.article = np.repeat(np.arange(len(pages)), np.diff(self.offsets))
        self.element_article = np.repeat(np.arange(len(pages)), counts)
        self.lengths = np.array([size for page in pages for size in page.lengths], np.int64)
        self.links = np.array([size for layout in layouts for size in layout.links], np.int64)
        self.tags = [tag for layout in layouts for tag in layout.tags]
        self.hidden = np.array([h for layout in layouts for h in layout.hidden], bool)
        tokens = [_tokens(tag, sign) for layout in layouts for tag, sign in zip(layout.tags, layout.signs, strict=True)]
        self.token_counts = np.fromiter(map(len, tokens), np.int64, len(tokens))
        self.tokens: Hashes = np.array([token for own in tokens for token in own], np.uint64)
        self.token_starts = np.cumsum(self.token_counts) - self.token_counts

    @cached_property
    def depths(self) -> Ints:
        """Depth of each element, the roots' zero."""
        depths = [0] * len(self.parents)
        for i, parent in enumerate(self.parents.tolist()):
            if parent >= 0:
                depths[i] = depths[parent] + 1
        return np.array(depths, np.int64)

    @cached_property
    def levels(self) -> list[Ints]:
        """Elements by depth, the roots first."""
        order = np.argsort(self.depths, kind="stable")
        bounds = np.searchsorted(self.depths[order], np.arange(int(self.depths.max(initial=0)) + 2))
        return [order[low:high] for low, high in zip(bounds, bounds[1:], strict=False)]

    @cached_property
    def signatures(self) -> Hashes:
        """A hash of each element's own tokens."""
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(self.tokens)])
        return mix(sums[self.token_starts + self.token_counts] - sums[self.token_starts])

    def above(self, elements: Ints) -> Ints:
        """Parents of elements; -1 above the root and above -1."""
        return np.where(elements >= 0, self.parents[np.maximum(elements, 0)], -1)

    def signature(self, elements: Ints) -> Hashes:
        """Signatures of elements, zero for -1."""
        return np.where(elements >= 0, self.signatures[np.maximum(elements, 0)], np.uint64(0))


def layout_grams(layouts: Layouts) -> Grams:
    """Layout grams of every paragraph of a batch, hashed; a gram may stand twice."""
    own = layouts.holders
    parent = layouts.above(own)
    parts = [_tokens_of(layouts, own, _OWN), _tokens_of(layouts, parent, _PARENT)]
    parts += [_tokens_of(layouts, layouts.above(parent), _GRANDPARENT), *_shape(layouts)]
    at = own
    for _ in range(FAR_ANCESTORS):
        parts.append(_tokens_of(layouts, at, _FAR))
        at = layouts.above(at)
    return Grams(np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts]))


def _tokens_of(layouts: Layouts, elements: Ints, salt: np.uint64) -> Grams:
    """Tokens of one element a paragraph."""
    paragraphs = np.flatnonzero(elements >= 0)
    chosen = elements[paragraphs]
    counts = layouts.token_counts[chosen]
    within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    places = within + np.repeat(layouts.token_starts[chosen], counts)
    return Grams(mix(layouts.tokens[places] + salt), np.repeat(paragraphs, counts))


def _shape(layouts: Layouts) -> list[Grams]:
    """Tag path, tag with length, length with link share, and depth."""
    everyone = np.arange(len(layouts.holders))
    tags = layouts.tokens[layouts.token_starts] if len(layouts.tokens) else layouts.tokens
    path = np.full(len(everyone), _PATH)
    at, paths = layouts.holders, []
    for step in range(4):
        path = mix(path + np.where(at >= 0, tags[np.maximum(at, 0)], np.uint64(0)))
        at = layouts.above(at)
        paths += [Grams(path, everyone)] if step >= 2 else []
    length = np.searchsorted(_LENGTHS, layouts.lengths).astype(np.uint64)
    links = np.searchsorted(_LINK_SHARES, layouts.links / np.maximum(layouts.lengths, 1)).astype(np.uint64)
    depth = np.minimum(layouts.depths[layouts.holders], 30).astype(np.uint64)
    return [
        *paths,
        Grams(mix(tags[layouts.holders] + length * np.uint64(11) + _SHAPE), everyone),
        Grams(mix(links * np.uint64(1300) + length * np.uint64(11) + (_SHAPE ^ _OWN)), everyone),
        Grams(mix(depth + (_SHAPE ^ _FAR)), everyone),
    ]


def _shifted(rows: Sequence[Sequence[int]], bases: NDArray[np.int64]) -> Ints:
    """Element numbers of each page moved to their place in the batch; -1 stays."""
    flat = np.array([number for row in rows for number in row], np.int64)
    return np.where(flat >= 0, flat + np.repeat(bases[:-1], [len(row) for row in rows]), -1)


@lru_cache(maxsize=SIGNS_KEPT)
def _tokens(tag: str, sign: str) -> tuple[int, ...]:
    """Hashes of the tokens of an element, the tag's first; kept, as a site's pages share their elements."""
    classes, identity, role, prop = sign.split("\n", 3) if sign.count("\n") == 3 else (sign, "", "", "")
    words = [f"<{tag}"]
    for name in classes.split()[:NAMES_A_SIGN]:
        words += [f".{_without_digits(name)}", *_words(name)]
    if identity:
        words += [f"#{_without_digits(identity)}", *_words(identity)]
    words += [f"{mark}{value[:NAME_LENGTH].lower()}" for mark, value in (("@", role), ("!", prop)) if value]
    return tuple(map(_hash, dict.fromkeys(words)))


def _without_digits(name: str) -> str:
    return _DIGITS.sub("0", name[:NAME_LENGTH].lower())


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name[:NAME_LENGTH]) if len(word) > 1][:WORDS_A_NAME]


def _hash(token: str) -> int:
    return int.from_bytes(blake2b(token.encode("utf-8", "replace"), digest_size=8).digest(), "little")
