"""How much each labelled line counts: near copies once, and no site more than its share.

Whoever can put ten thousand almost equal paragraphs before a reviewer would otherwise write the model.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from cleaner.seeds import Seed

MOST_OF_ALL = 0.02
"""The share of all weight that one site may have."""
MOST_OF_FEW = 500.0
"""Distinct lines that a site may count for in any case: more than a person labels of one site in an afternoon,
and with less than 50 sites a share of 2 % would leave nothing. The largest of the 1,462 sites of our seeds has 121."""
_DIGITS = re.compile(r"\d+")
_NO_WORD = re.compile(r"[\W_]+")


def mask(text: str) -> str:
    """The text without case, digits, punctuation and blanks; the text itself where nothing else is in it."""
    return _DIGITS.sub("0", words(text)) or text


def words(text: str) -> str:
    """The text without case, punctuation and blanks: what two copies of a paragraph share."""
    return _NO_WORD.sub("", unicodedata.normalize("NFKC", text).casefold())


def weights(seeds: Sequence[Seed]) -> list[tuple[float, ...]]:
    """One weight a line and a tuple a seed, 0 to 1; 0 where the line has no label.

    Lines of one site whose masked texts and labels are alike share the weight of one. Where there are several
    sites, none has more than MOST_OF_FEW, or MOST_OF_ALL of what is left of all, whichever is more.
    """
    keys = [[(seed.site, label, mask(line)) for line, label in zip(seed.lines, seed.labels, strict=True)] for seed in seeds]
    copies = Counter(key for seed in keys for key in seed if key[1])
    sites = Counter[str]()
    for site, _, _ in copies:
        sites[site] += 1
    most = _most(sites.values())
    return [tuple(min(1.0, most / sites[key[0]]) / copies[key] if key[1] else 0.0 for key in seed) for seed in keys]


def _most(sites: Iterable[float]) -> float:
    """The weight that no site may exceed: MOST_OF_ALL of the total in which all sites above it count for just that.

    With k sites above it and the others' total r it is c (k most + r), hence c r / (1 - c k).
    """
    falling = sorted(sites, reverse=True)
    if len(falling) < 2:
        return float("inf")
    rest, most = float(sum(falling)), MOST_OF_FEW
    for above, largest in enumerate(falling):
        room = 1 - MOST_OF_ALL * above
        most = max(MOST_OF_FEW, MOST_OF_ALL * rest / room) if room > 0 else MOST_OF_FEW
        if largest <= most:
            break
        rest -= largest
    return most
