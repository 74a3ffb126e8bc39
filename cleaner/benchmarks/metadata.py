"""Whether title, author and date are right, for sets that know them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from cleaner.benchmarks.sets import KNOWN
from cleaner.evaluation.metrics import Share

Known = Mapping[str, str | None]
DAY = len("2026-11-20")


def shares(gold: Sequence[Known | None], found: Sequence[Known]) -> dict[str, Share]:
    """Share of pages on which each field is right, among pages whose gold has it; fields no page has are left out."""
    pairs = [(page, ours) for page, ours in zip(gold, found, strict=True) if page]
    counts = {name: [_right(name, page[name], ours.get(name)) for page, ours in pairs if page.get(name)] for name in KNOWN}
    return {name: Share(sum(right), len(right)) for name, right in counts.items() if right}


def _right(name: str, gold: str | None, ours: str | None) -> bool:
    """Dates: the same day, or month where the gold has no day. Else equal, or one within the other."""
    if not gold or not ours:
        return False
    if name == "date":
        return ours[:DAY].startswith(gold[:DAY])
    one, other = _normal(gold), _normal(ours)
    return bool(one and other) and (one in other or other in one)


def _normal(text: str) -> str:
    """Words alone, without case, in compatibility form."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))
