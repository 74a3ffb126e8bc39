"""Which lines of a page does its gold text hold? From gold text to a keep mark a line."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

RUN = 4
"""Tokens: a shared run of four words is rarely chance within one page."""
SHORT = 6
"""Lines of fewer tokens are matched between their neighbours' places only."""
SLACK = 60
"""Tokens: how far past the first or last sure line a short line is looked for."""
COVERED = 0.5
"""A line counts as kept from half of its tokens covered."""

_TOKEN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]|[^\W_\u3040-\u30ff\u4e00-\u9fff]+")


def tokens(text: str) -> list[str]:
    """Words in lower case; each Chinese or Japanese character is a word."""
    return _TOKEN.findall(text.lower())


def kept_lines(lines: Sequence[str], gold: str) -> list[bool]:
    """Mark the lines that stand in the gold text.

    Long lines by the share of their tokens in four-token runs of the gold; short ones only where
    they stand exactly in the gold between the places of the long lines around them, so that a
    menu's "Politics" is not taken for the word in the story.
    """
    words = tokens(gold)
    split = [tokens(line) for line in lines]
    places = _places_of_long_lines(split, words)
    sure = [i for i, place in enumerate(places) if place and len(split[i]) >= SHORT]
    return [
        places[i] is not None if len(line) >= SHORT else _stands_between(i, line, words, places, sure)
        for i, line in enumerate(split)
    ]


def _places_of_long_lines(split: list[list[str]], words: list[str]) -> list[tuple[int, int] | None]:
    runs: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i in range(len(words) - RUN + 1):
        runs[tuple(words[i : i + RUN])].append(i)
    places: list[tuple[int, int] | None] = []
    reached = 0
    for line in split:
        place = _place(line, runs, reached) if len(line) >= SHORT else None
        places.append(place)
        reached = max(reached, place[0]) if place else reached
    return places


def _place(line: list[str], runs: dict[tuple[str, ...], list[int]], reached: int) -> tuple[int, int] | None:
    covered, found = bytearray(len(line)), []
    for j in range(len(line) - RUN + 1):
        where = runs.get(tuple(line[j : j + RUN]))
        if where:
            covered[j : j + RUN] = b"\1" * RUN
            next_one = bisect_left(where, reached)
            found.append(where[next_one] if next_one < len(where) else where[-1])
    return (min(found), max(found) + RUN) if found and sum(covered) >= COVERED * len(line) else None


def _stands_between(i: int, line: list[str], words: list[str], places: list[tuple[int, int] | None], sure: list[int]) -> bool:
    if not line or not sure:
        return False
    at = bisect_left(sure, i)
    before = places[sure[at - 1]] if at else None
    after = places[sure[at]] if at < len(sure) else None
    low = before[1] if before else max(0, after[0] - SLACK) if after else 0
    high = after[0] if after else low + SLACK
    low, high = min(low, high), max(low, high)
    size = len(line)
    return any(words[s : s + size] == line for s in range(max(low - 3, 0), min(high + 4, len(words) - size + 1)))
