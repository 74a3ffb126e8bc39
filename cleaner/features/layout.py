"""A batch of pages' layouts as arrays: elements, their tokens, and the paragraphs they hold.

A paragraph's layout grams are the hashed tokens of the element that holds it and of its ancestors, near and far.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain, count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.features.buffer import Hashes, Ints
from cleaner.features.ngrams import Grams, mix
from cleaner.features.tokens import TOKEN_BYTES, tokens
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
        self.lengths = _flat([page.lengths for page in pages], np.int64)
        self.links = _flat([layout.links for layout in layouts], np.int64)
        self.hidden = _flat([layout.hidden for layout in layouts], bool)
        kinds: defaultdict[tuple[str, str], int] = defaultdict(count().__next__)
        """Elements with the same tag and sign are of one kind: tokens are hashed and summed once a kind."""
        names = chain.from_iterable(zip(layout.tags, layout.signs, strict=True) for layout in layouts)
        self.kinds = np.fromiter(map(kinds.__getitem__, names), np.int64, len(self.parents))
        self.kind_tags = [tag for tag, _ in kinds]
        found = [tokens(tag, sign) for tag, sign in kinds]
        self.token_counts = np.fromiter(map(len, found), np.int64, len(found)) // TOKEN_BYTES
        """Tokens of each kind: so many from its start on in `tokens`."""
        self.tokens: Hashes = np.frombuffer(b"".join(found), np.uint64)
        self.token_starts = np.cumsum(self.token_counts) - self.token_counts

    @cached_property
    def depths(self) -> Ints:
        """Depth of each element, the roots' zero."""
        depths = np.append(self.parents >= 0, False).astype(np.int64)
        jump = self.up
        while (jump >= 0).any():  # the way up doubles each time
            depths += np.where(jump >= 0, depths[jump], 0)
            jump = jump[jump]
        return depths[:-1]

    @cached_property
    def levels(self) -> list[Ints]:
        """Elements by depth, the roots first."""
        order = np.argsort(self.depths, kind="stable")
        bounds = np.searchsorted(self.depths[order], np.arange(int(self.depths.max(initial=0)) + 2))
        return [order[low:high] for low, high in zip(bounds, bounds[1:], strict=False)]

    @cached_property
    def signatures(self) -> Hashes:
        """A hash of each element's own tokens; one more at the end, zero, for -1."""
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(self.tokens)])
        own = mix(sums[self.token_starts + self.token_counts] - sums[self.token_starts])
        return np.append(own[self.kinds], np.uint64(0))

    @cached_property
    def up(self) -> Ints:
        """The parent of each element; one more at the end, so that -1 is above -1."""
        return np.append(self.parents, -1)

    @cached_property
    def kinds_or_none(self) -> Ints:
        """The kind of each element; one more at the end for -1, the number of kinds."""
        return np.append(self.kinds, len(self.kind_tags))

    def above(self, elements: Ints) -> Ints:
        """Parents of elements; -1 above the root and above -1."""
        return self.up[elements]

    def signature(self, elements: Ints) -> Hashes:
        """Signatures of elements, zero for -1."""
        return self.signatures[elements]


def layout_grams(layouts: Layouts) -> Grams:
    """Layout grams of every paragraph of a batch, hashed; a gram may stand twice."""
    parts = shape_grams(layouts)
    for salt, elements in salted(layouts):
        paragraphs = np.flatnonzero(elements >= 0)
        kinds = layouts.kinds[elements[paragraphs]]
        counts = layouts.token_counts[kinds]
        within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        places = within + np.repeat(layouts.token_starts[kinds], counts)
        parts.append(Grams(mix(layouts.tokens[places] + salt), np.repeat(paragraphs, counts)))
    return Grams(np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts]))


def salted(layouts: Layouts) -> Iterator[tuple[np.uint64, Ints]]:
    """Whose tokens are grams of a paragraph, and the salt that says how near: an element a paragraph, -1 for none."""
    at = layouts.holders
    for salt in (_OWN, _PARENT, _GRANDPARENT):
        yield salt, at
        at = layouts.above(at)
    at = layouts.holders
    for _ in range(FAR_ANCESTORS):
        yield _FAR, at
        at = layouts.above(at)


def shape_grams(layouts: Layouts) -> list[Grams]:
    """Tag path, tag with length, length with link share, and depth: one gram a paragraph each."""
    everyone = np.arange(len(layouts.holders))
    tags = np.append(layouts.tokens[layouts.token_starts], np.uint64(0))[layouts.kinds_or_none]
    path = np.full(len(everyone), _PATH)
    at, paths = layouts.holders, []
    for step in range(4):
        path = mix(path + tags[at])
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
    flat = _flat(rows, np.int64)
    return np.where(flat >= 0, flat + np.repeat(bases[:-1], [len(row) for row in rows]), -1)


def _flat(rows: Sequence[Sequence[Any]], dtype: Any) -> NDArray[Any]:
    return np.fromiter(chain.from_iterable(rows), dtype, sum(map(len, rows)))
