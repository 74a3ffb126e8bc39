"""What a worker does to compare: both models judge the records of a shard, and what differs is summed up.

Sums and the most surprising paragraphs go back, no texts besides: however large a corpus is, what is held is small.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.articles import SEPARATOR
from cleaner.engines.wire import pack, unpack
from cleaner.labels.weighting import mask
from cleaner.language import language_of
from cleaner.pipeline import STAYS, Cleaner, Result
from cleaner.records import KEPT_LABELS, LABELS, Article, Source
from cleaner.run.work import Finished, Same, Settings, _metadata, _read, code_of
from cleaner.sites import site_of

POOL = 1_000
"""Paragraphs held each way, no two with the same masked text; shown are the first that are no near copies of one another."""
LONGEST = 2_000
"""Characters of a paragraph that are held."""
REMOVED, KEPT = WAYS = ("removed", "kept")
"""Newly removed: the old model keeps it. Newly kept: the old model does not."""
SOURCES = "sources"
UNKNOWN = "unknown"


class Surprise(NamedTuple):
    """A paragraph on which the models differ."""

    change: int
    """By how much the keep probability moved in the direction of the decision, in ten-thousandths."""
    source: str
    paragraph: int
    site: str
    language: str
    old: str
    """The old model's label."""
    new: str
    old_keep: int
    """Keep probability of the old model, in ten-thousandths."""
    new_keep: int
    text: str


@dataclass
class Sums:
    """What was found so far; sums of shards add up in any order."""

    records: int = 0
    unread: int = 0
    paragraphs: int = 0
    sources: int = 0
    """Sources whose clean articles differ."""
    labels: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Paragraphs by way (removed, kept, empty where only the label differs), old label and new label."""
    sites: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Changed decisions by site and way; SOURCES for sources that are touched."""
    languages: Counter[tuple[str, str]] = field(default_factory=Counter)
    aside: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Sources whose outcome differs: why each model gives no clean article, empty where it gives one."""
    surprises: dict[str, dict[str, Surprise]] = field(default_factory=lambda: {way: {} for way in WAYS})
    """By way, then by masked text: the copy whose probability moved most."""

    def surprise(self, way: str, found: Surprise) -> None:
        """Hold a paragraph if it is among the most surprising ones. Their choice does not depend on the order."""
        held, key = self.surprises[way], mask(found.text)
        if key not in held or _rank(found) < _rank(held[key]):
            held[key] = found
        if len(held) > 2 * POOL:
            self.surprises[way] = dict(sorted(held.items(), key=lambda pair: _rank(pair[1]))[:POOL])

    def ranked(self, way: str) -> list[Surprise]:
        """The most surprising paragraphs, first the one whose probability moved most."""
        return sorted(self.surprises[way].values(), key=_rank)[:POOL]

    def add(self, message: bytes) -> None:
        """Add what a worker sent."""
        plain, counters, surprises = unpack(message)[0]
        for name, value in zip(_PLAIN, plain, strict=True):
            setattr(self, name, getattr(self, name) + value)
        for name, rows in zip(_COUNTERS, counters, strict=True):
            getattr(self, name).update({tuple(key): count for key, count in rows})
        for way, rows in surprises.items():
            for row in rows:
                self.surprise(way, Surprise(*row))

    def packed(self) -> bytes:
        """As a message."""
        counters = [sorted(map(list, getattr(self, name).items())) for name in _COUNTERS]
        return pack([[getattr(self, name) for name in _PLAIN], counters, {way: self.ranked(way) for way in WAYS}])


_PLAIN = ("records", "unread", "paragraphs", "sources")
_COUNTERS = ("labels", "sites", "languages", "aside")


def _rank(found: Surprise) -> tuple[int, str, int, str]:
    return -found.change, found.source, found.paragraph, found.text


class Pair(NamedTuple):
    """What a worker needs to know: how the old model reads and judges, and the new one."""

    settings: Settings
    new: Cleaner


def open_comparison(pair: Pair) -> Callable[[Sequence[bytes]], bytes]:
    """The work on a shard, ready to be called with its parts."""
    return lambda parts: compare_parts(pair, parts).packed()


def compare_parts(pair: Pair, parts: Sequence[bytes]) -> Sums:
    """Read the records of a shard once, judge them twice, and sum up."""
    sums, waiting = Sums(records=len(parts)), list[tuple[Source | None, Article]]()
    for part in parts:
        ready = _read(pair.settings, part)
        if isinstance(ready, (Finished, Same)):
            sums.unread += 1
        else:
            waiting.append(ready[:2])
    judged = (cleaner.judge_articles(waiting) for cleaner in (pair.settings.cleaner, pair.new))
    for old, new in zip(*judged, strict=True):
        _compare(sums, old, new)
    return sums


def _compare(sums: Sums, old: Result, new: Result) -> None:
    sums.paragraphs += len(old.article.paragraphs)
    codes = code_of(old), code_of(new)
    if codes[0] != codes[1]:
        sums.aside[codes] += 1
    labels = old.verdicts.labels, new.verdicts.labels
    stay = STAYS[old._decided.actions], STAYS[new._decided.actions]
    moved, written = stay[0] != stay[1], _written(old) != _written(new)
    place = _place(old) if written or moved.any() else ("", "")
    if written:
        sums.sources += 1
        sums.sites[place[0], SOURCES] += 1
        sums.languages[place[1], SOURCES] += 1
    keeps = _keeps(old), _keeps(new)
    for i in np.flatnonzero((labels[0] != labels[1]) | moved).tolist():
        way = "" if not moved[i] else REMOVED if stay[0][i] else KEPT
        pair = LABELS[labels[0][i]], LABELS[labels[1][i]]
        sums.labels[(way, *pair)] += 1
        if way:
            sums.sites[place[0], way] += 1
            sums.languages[place[1], way] += 1
            before, after = int(keeps[0][i]), int(keeps[1][i])
            change = before - after if way == REMOVED else after - before
            text = old.article.paragraphs[i].text
            text = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
            sums.surprise(way, Surprise(change, old.id, i, *place, *pair, before, after, text))


def _written(result: Result) -> list[str]:
    """The clean texts that a run would write for a source: cut anew, they differ even where every decision is the same."""
    return [] if code_of(result) else [text for _, text in result.texts]


def _keeps(result: Result) -> NDArray[np.int64]:
    """Of each paragraph: the probability that it is the article's, in ten-thousandths."""
    return np.asarray(np.rint(result.verdicts.probabilities[:, : len(KEPT_LABELS)].sum(axis=1) * 10_000), np.int64)


def _place(result: Result) -> tuple[str, str]:
    """Site and language; the language is that of what the old model keeps, or of everything where it keeps nothing."""
    metadata: Mapping[str, str] = _metadata(result)
    text = result.text or SEPARATOR.join(_texts(result))
    return site_of(result.id, metadata) or UNKNOWN, language_of(text) or UNKNOWN


def _texts(result: Result) -> Iterator[str]:
    return (paragraph.text for paragraph in result.article.paragraphs)


def as_rows(counter: Counter[tuple[str, str]]) -> list[dict[str, Any]]:
    """A counter by name and way as rows, the names with most changed decisions first."""
    names = {name for name, _ in counter}
    rows = [{"name": name, SOURCES: counter[name, SOURCES], **{way: counter[name, way] for way in WAYS}} for name in names]
    return sorted(rows, key=lambda row: (-(int(str(row[REMOVED])) + int(str(row[KEPT]))), str(row["name"])))
