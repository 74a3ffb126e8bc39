"""Which lines of a page does its gold text hold? From gold text to a keep mark a line.

Method: all maximal runs of tokens that page and gold share, the heaviest chain of them that goes
forward in both (so that a repeated passage is matched once, in its place), then long runs off the
chain on what is still unused, then short lines that fill a gap of the gold exactly. Keeping the
marked lines gives word F1 .983 to .9996 against the gold of the public sets (measured); matching
each line by itself gave .952.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

SEED = 4
"""Tokens: a shared run of four words is rarely chance within one page."""
MOST_PLACES = 12
"""Places of one run that are followed: "terms and conditions apply" may stand a hundred times."""
OFF_CHAIN = 6
"""Tokens that a run off the chain has at least."""
SLACK = 60
"""Tokens: how far past the first or last run a short line is looked for."""
COVERED = 0.5
"""A line counts as kept from half of its tokens covered."""

_TOKEN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]|[^\W_\u3040-\u30ff\u4e00-\u9fff]+")


class Run(NamedTuple):
    """`size` tokens alike, from `page` on in the page and from `gold` on in the gold."""

    page: int
    gold: int
    size: int


def tokens(text: str) -> list[str]:
    """Words in lower case; each Chinese or Japanese character is a word."""
    return _TOKEN.findall(text.lower())


def kept_lines(lines: Sequence[str], gold: str) -> list[bool]:
    """Mark the lines of which at least half stands in the gold text."""
    split = [tokens(line) for line in lines]
    marks = _Marks(split, tokens(gold))
    runs = list(_runs(marks.page, marks.gold))
    chain = _heaviest_chain([piece for run in runs for piece in marks.cut_at_lines(run)])
    for run in chain:
        marks.cover(run)
    for run in sorted(runs, key=lambda run: -run.size):
        marks.cover_unused(run)
    for i, line in enumerate(split):
        if line and not marks.is_covered(i):
            marks.fill_gap(i, line, chain)
    return [bool(line) and marks.is_covered(i) for i, line in enumerate(split)]


def _runs(page: Sequence[str], gold: Sequence[str]) -> Iterator[Run]:
    """Maximal runs of at least SEED tokens, found by their diagonals."""
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for j in range(len(gold) - SEED + 1):
        places[tuple(gold[j : j + SEED])].append(j)
    open_runs: dict[int, int] = {}
    for i in range(len(page) - SEED + 2):
        found = places.get(tuple(page[i : i + SEED]), []) if i <= len(page) - SEED else []
        if len(found) > MOST_PLACES:
            found = [j for j in found if j - i in open_runs] or found[:MOST_PLACES]
        still = {j - i: open_runs.pop(j - i, i) for j in found}
        for diagonal, start in open_runs.items():
            yield Run(start, start + diagonal, i - start + SEED - 1)
        open_runs = still


def _heaviest_chain(runs: Sequence[Run]) -> list[Run]:
    """The runs of greatest total size that follow each other in page and gold, without overlap."""
    ordered = sorted(runs)
    best = _PrefixMaximum(sorted({run.gold + run.size for run in ordered}))
    totals, before = [0] * len(ordered), [-1] * len(ordered)
    waiting: list[tuple[int, int]] = []
    for k, run in enumerate(ordered):
        while waiting and waiting[0][0] <= run.page:
            done = heappop(waiting)[1]
            best.add(ordered[done].gold + ordered[done].size, (totals[done], done))
        total, before[k] = best.up_to(run.gold)
        totals[k] = total + run.size
        heappush(waiting, (run.page + run.size, k))
    return _backwards(ordered, totals, before)


def _backwards(runs: Sequence[Run], totals: Sequence[int], before: Sequence[int]) -> list[Run]:
    chain = []
    k = max(range(len(runs)), key=totals.__getitem__) if runs else -1
    while k >= 0:
        chain.append(runs[k])
        k = before[k]
    return chain[::-1]


class _PrefixMaximum:
    """The greatest value at or below a key (Fenwick 1994)."""

    def __init__(self, keys: Sequence[int]) -> None:
        self._keys = keys
        self._best = [(0, -1)] * (len(keys) + 1)

    def add(self, key: int, value: tuple[int, int]) -> None:
        at = bisect_left(self._keys, key) + 1
        while at < len(self._best):
            self._best[at] = max(self._best[at], value)
            at += at & -at

    def up_to(self, key: int) -> tuple[int, int]:
        at, best = bisect_right(self._keys, key), (0, -1)
        while at > 0:
            best = max(best, self._best[at])
            at -= at & -at
        return best


class _Marks:
    """Which tokens of page and gold are matched so far."""

    def __init__(self, lines: Sequence[Sequence[str]], gold: Sequence[str]) -> None:
        self.page = [token for line in lines for token in line]
        self.gold = gold
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line))
        self._line_of = [i for i, line in enumerate(lines) for _ in line]
        self._page_used, self._gold_used = bytearray(len(self.page)), bytearray(len(gold))

    def cut_at_lines(self, run: Run) -> Iterator[Run]:
        """A run as pieces that each stand in one line, so that a chain can leave one out."""
        at, end = run.page, run.page + run.size
        while at < end:
            stop = min(end, self._starts[self._line_of[at] + 1])
            yield Run(at, run.gold + at - run.page, stop - at)
            at = stop

    def cover(self, run: Run) -> None:
        self._page_used[run.page : run.page + run.size] = b"\1" * run.size
        self._gold_used[run.gold : run.gold + run.size] = b"\1" * run.size

    def cover_unused(self, run: Run) -> None:
        """Cover the stretches of a run, OFF_CHAIN tokens or longer, that neither side has used."""
        start = 0
        for k in range(run.size + 1):
            if k < run.size and not (self._page_used[run.page + k] or self._gold_used[run.gold + k]):
                continue
            if k - start >= OFF_CHAIN:
                self.cover(Run(run.page + start, run.gold + start, k - start))
            start = k + 1

    def is_covered(self, line: int) -> bool:
        first, after = self._starts[line], self._starts[line + 1]
        return sum(self._page_used[first:after]) >= COVERED * (after - first)

    def fill_gap(self, number: int, line: Sequence[str], chain: Sequence[Run]) -> None:
        """Cover a line that stands exactly in unused gold between the runs around it."""
        first, size = self._starts[number], len(line)
        low, high = self._gap(first, first + size, chain)
        for at in range(low, high - size + 1):
            if self.gold[at : at + size] == line and not any(self._gold_used[at : at + size]):
                self.cover(Run(first, at, size))
                return

    def _gap(self, first: int, after: int, chain: Sequence[Run]) -> tuple[int, int]:
        """The stretch of gold between the runs before and after a stretch of the page."""
        past = bisect_right(chain, first, key=lambda run: run.page)
        coming = bisect_left(chain, after, key=lambda run: run.page)
        if not past and coming >= len(chain):
            return 0, 0
        low = chain[past - 1].gold + chain[past - 1].size if past else max(0, chain[coming].gold - SLACK)
        high = chain[coming].gold if coming < len(chain) else low + SLACK
        return max(low - 2, 0), min(high + 3, len(self.gold))
