"""Text as a person must see it: what is invisible or turns the direction of writing is shown as a mark."""

from __future__ import annotations

import unicodedata
from itertools import groupby

HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})
"""Controls, format characters (zero widths, directions, tags), private use, unassigned, halves of pairs, odd line ends."""
PLAIN = frozenset("\n\t")
SELECTORS = frozenset(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
"""Variation selectors: any text can be hidden in a row of them behind one sign (a byte each)."""
BLANKS = SELECTORS | frozenset("\u00ad\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800")
"""Shown as nothing though their category is that of letters, marks or signs: fillers, joiners, the blank Braille cell."""


def is_hidden(character: str) -> bool:
    """Whether a reader would not see the character, or would see others in another order because of it."""
    if character in PLAIN:
        return False
    category = unicodedata.category(character)
    return category in HIDDEN_CATEGORIES or character in BLANKS or (category == "Zs" and character not in " \u00a0\u202f\u3000")


def mark_of(character: str) -> str:
    """A hidden character as it is shown: `⟦U+202E⟧`."""
    return f"⟦U+{ord(character):04X}⟧"


def pieces(text: str) -> list[tuple[str, bool]]:
    """The text in order as (shown, is a mark): every hidden character is a mark of its own, all else stays as it is."""
    found: list[tuple[str, bool]] = []
    for hidden, group in groupby(text, is_hidden):
        run = "".join(group)
        found += [(mark_of(character), True) for character in run] if hidden else [(run, False)]
    return found


def shown(text: str) -> str:
    """The text with its marks, as one string."""
    return "".join(piece for piece, _ in pieces(text))
