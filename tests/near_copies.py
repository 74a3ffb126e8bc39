"""Lines that nearly repeat one another, found by the runs of words that they share."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

LONG_LINE = 60
SHINGLE = 5
MOST_SHARED = 0.6
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")
"""Words; single characters where a script has no spaces."""


def words(line: str) -> list[str]:
    """Words in lower case; ideographs and kana one by one."""
    return _TOKEN.findall(line.lower())


def shingles(line: str) -> set[tuple[str, ...]]:
    found = words(line)
    if 2 * sum(len(word) == 1 and word.isascii() for word in found) > len(found):
        return set()  # "v i a g r a": letters apart are a disguise, and any two of such look alike
    return {tuple(found[i : i + SHINGLE]) for i in range(max(len(found) - SHINGLE + 1, 1))}


def near_duplicates(lines: list[tuple[str, str]], longer_than: int = LONG_LINE) -> Iterator[tuple[str, str, str]]:
    """Lines, given with their article, most of whose shingles stand in one line of another article; short ones left out."""
    long = [(article, line) for article, line in lines if len(line) > longer_than]
    cut = [shingles(line) for _, line in long]
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, own in enumerate(cut):
        for shingle in own:
            holders[shingle].append(i)
    for i, (article, line) in enumerate(long):
        shared = Counter(j for shingle in cut[i] for j in holders[shingle] if long[j][0] != article)
        for j, count in shared.most_common(1):
            if count > MOST_SHARED * len(cut[i]):
                yield article, long[j][0], line
