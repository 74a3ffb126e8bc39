"""Weak labels: what the markup of a page says of a paragraph by itself, `figcaption`, `nav`, a class of `newsletter`.

They help to train where nobody labelled, and they are proposed to a person; they never score.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleaner.records import LABELS, Layout

NEAREST = 4
"""Elements from the holder up whose names are read."""
WEAK_TAGS = {
    "figcaption": "caption",
    "nav": "navigation",
    "button": "navigation",
    "h1": "heading",
    "h2": "heading",
    "h3": "heading",
}
WEAK_WORDS = {
    "caption": ("caption", "legende", "credit", "copyright-photo"),
    "byline": (
        "byline",
        "author",
        "auteur",
        "autor",
        "signature",
        "dateline",
        "timestamp",
        "published",
        "post-meta",
        "entry-meta",
    ),
    "teaser": ("related", "recommend", "teaser", "most-read", "more-stories", "read-more", "lire-aussi", "trending", "popular"),
    "promo": ("newsletter", "subscribe", "paywall", "promo", "donate", "abo-", "sponsor", "advert"),
    "navigation": ("menu", "breadcrumb", "share", "social", "pagination", "toolbar", "skip-link", "tags", "search"),
    "comment": ("comment", "disqus", "respond"),
    "legal": ("cookie", "consent", "gdpr", "legal", "terms", "privacy"),
}
"""Words of class, id or role that say what an element holds."""


def weak_labels(layout: Layout) -> NDArray[np.int64]:
    """The label that markup alone names for each paragraph, -1 where it names none."""
    own = [_named_by(tag, sign) for tag, sign in zip(layout.tags, layout.signs, strict=True)]
    return np.array([_nearest(holder, own, layout.parents) for holder in layout.holders], np.int64)


def _named_by(tag: str, sign: str) -> int:
    names = sign.lower().replace("_", "-")
    for label, words in WEAK_WORDS.items():
        if any(word in names for word in words):
            return LABELS.index(label)
    return LABELS.index(WEAK_TAGS[tag]) if tag in WEAK_TAGS else -1


def _nearest(element: int, own: list[int], parents: tuple[int, ...]) -> int:
    for _ in range(NEAREST):
        if element < 0 or own[element] >= 0:
            break
        element = parents[element]
    return own[element] if element >= 0 else -1


def agreed_labels(layout: Layout) -> NDArray[np.int64]:
    """As `weak_labels`, but only where all of the NEAREST elements that name a label name the same: surer, and fewer."""
    own = [_named_by(tag, sign) for tag, sign in zip(layout.tags, layout.signs, strict=True)]
    return np.array([_agreed(holder, own, layout.parents) for holder in layout.holders], np.int64)


def _agreed(element: int, own: list[int], parents: tuple[int, ...]) -> int:
    named = set()
    for _ in range(NEAREST):
        if element < 0:
            break
        named.add(own[element])
        element = parents[element]
    named.discard(-1)
    return named.pop() if len(named) == 1 else -1
