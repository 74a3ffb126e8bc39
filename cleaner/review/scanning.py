"""One pass over an audit: what the queue needs to know of every paragraph, without its text."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.classifier.alone import judge_alone
from cleaner.errors import OutputError
from cleaner.features.buffer import lay_out
from cleaner.features.ngrams import Spans
from cleaner.language import language_of
from cleaner.model_store import Model
from cleaner.policy import RULES, SET_ASIDE
from cleaner.records import ACTIONS, KEPT_LABELS, LABELS, STYLES
from cleaner.review.copies import Signs, signs_of
from cleaner.review.queue import CUT
from cleaner.sites import site_of

BATCH = 4000
"""Paragraphs hashed together: their words fit the cache."""
DETECTED, DETECTED_OF_SITE, DETECTED_AT_MOST = 500, 3, 1000
"""Articles whose language is worked out: the first ones, then some of each site. One takes 3 ms; 100,000 would take minutes."""
ENOUGH_TO_KNOW = 3
"""So many articles of a site, all in one language, speak for the others."""
UNKNOWN = 127
"""In the place of a disagreement in hundredths."""
Texts = Callable[[Iterable[tuple[int, str]]], object]


class Place(NamedTuple):
    """An article's entry in the audit."""

    shard: int
    at: int
    size: int
    source: str
    sha256: str


class Scanned(NamedTuple):
    """An audit as columns; the first are a number a paragraph, those from `first` on one an article."""

    labels: NDArray[np.uint8]
    decisions: NDArray[np.uint8]
    review: NDArray[np.bool_]
    """Whether the policy kept it as doubtful, and not because the whole article was set aside."""
    keeps: NDArray[np.float64]
    disagreements: NDArray[np.int8]
    """The keep share alone less that in its place, in hundredths; UNKNOWN without the model and where there is no doubt."""
    signs: Signs
    first: NDArray[np.int64]
    """Each article's first paragraph; one more for the end."""
    sites: NDArray[np.int64]
    languages: NDArray[np.int64]
    site_names: list[str]
    language_names: list[str]


class Scanning:
    """Gathers the columns; articles are handed on as they are found, texts to whoever makes them searchable."""

    def __init__(self, model: Model | None, texts: Texts) -> None:
        self._model, self._texts = model, texts
        self._labels, self._decisions, self._review = array("B"), array("B"), array("B")
        self._keeps, self._first = array("H"), array("q")
        self._sites, self._languages = array("q"), array("q")
        self._site_names: dict[str, int] = {}
        self._language_names: dict[str, int] = {"": 0}
        self._asked: Counter[int] = Counter()
        self._batch: list[str] = []
        self._doubted: list[tuple[int, int]] = []
        self._signs: list[Signs] = []
        self._apart: list[NDArray[np.int8]] = []

    def scan(self, path: Path, shard: int) -> Iterator[Place]:
        """The articles of one file of the audit that have paragraphs. Raises OutputError where it is not one."""
        try:
            with path.open("rb") as lines:
                yield from self._articles(lines, shard)
        except OSError as error:
            raise OutputError(f"{path}: no audit can be read there ({error.strerror}); clean the corpus first") from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise OutputError(f"{path}: damaged ({error!r}); clean the corpus again") from error

    def _articles(self, lines: Iterable[bytes], shard: int) -> Iterator[Place]:
        stream, at = iter(lines), 0
        for head in stream:
            row, size = json.loads(head), len(head)
            paragraphs = []
            for _ in range(row["paragraphs"]):
                line = next(stream, b"")
                size += len(line)
                paragraphs.append(json.loads(line))
            if paragraphs:
                self._take(row, paragraphs)
                yield Place(shard, at, size, row["source"], row["sha256"])
            at += size

    def _take(self, source: Mapping[str, Any], paragraphs: Sequence[Mapping[str, Any]]) -> None:
        self._first.append(len(self._labels))
        site = self._site_names.setdefault(site_of(source["source"], source["metadata"]), len(self._site_names))
        self._sites.append(site)
        self._languages.append(self._language(site, source["metadata"], paragraphs))
        judged_by = self._model is not None and source["model"] == self._model.digest
        style = STYLES.index(source["style"]) if judged_by else -1
        for row in paragraphs:
            self._add(row, style)
        if len(self._batch) >= BATCH:
            self._flush()

    def _add(self, row: Mapping[str, Any], style: int) -> None:
        keep = sum(row["probabilities"][: len(KEPT_LABELS)])
        review = row["decision"] == "review" and row["rule"] != RULES[SET_ASIDE]
        if style >= 0 and (review or CUT / 2 <= keep / 10_000 <= (1 + CUT) / 2):
            self._doubted.append((len(self._batch), style))
        self._labels.append(_LABEL_AT[row["label"]])
        self._decisions.append(_ACTION_AT[row["decision"]])
        self._review.append(review)
        self._keeps.append(keep)
        self._batch.append(row["text"])

    def _language(self, site: int, metadata: Mapping[str, str], paragraphs: Sequence[Mapping[str, Any]]) -> int:
        """The article's language where its metadata or its kept text tell; 0 where not."""
        found = metadata.get("language", "")
        asked = self._asked
        if not found and (asked.total() < DETECTED or asked[site] < DETECTED_OF_SITE) and asked.total() < DETECTED_AT_MOST:
            asked[site] += 1
            found = language_of("\n".join(row["text"] for row in paragraphs if row["label"] == LABELS[0])) or ""
        return self._language_names.setdefault(found, len(self._language_names))

    def _flush(self) -> None:
        begin = len(self._labels) - len(self._batch)
        self._signs.append(signs_of(self._batch))
        self._texts(enumerate(self._batch, begin))
        apart = np.full(len(self._batch), UNKNOWN, np.int8)
        if self._doubted and self._model:
            places = [place for place, _ in self._doubted]
            keeps = keeps_alone(self._model, [self._batch[place] for place in places])
            alone = keeps[np.arange(len(places)), [style for _, style in self._doubted]]
            judged = np.array([self._keeps[begin + place] / 10_000 for place in places])
            apart[places] = np.rint(100 * (alone - judged))
        self._apart.append(apart)
        self._batch, self._doubted = [], []

    def scanned(self) -> Scanned:
        """All columns, when every file was scanned."""
        self._flush()
        masked, bands = (np.concatenate([getattr(signs, name) for signs in self._signs]) for name in Signs._fields)
        sites, languages = np.array(self._sites, np.int64), np.array(self._languages, np.int64)
        return Scanned(
            np.array(self._labels, np.uint8),
            np.array(self._decisions, np.uint8),
            np.array(self._review, np.bool_),
            np.array(self._keeps, np.float64) / 10_000,
            np.concatenate(self._apart),
            Signs(masked, bands),
            np.array([*self._first, len(self._labels)], np.int64),
            sites,
            _spread(sites, languages),
            list(self._site_names),
            list(self._language_names),
        )


def keeps_alone(model: Model, texts: Sequence[str]) -> NDArray[np.float64]:
    """The keep share that the first stage gives each text alone, a column a style; shape (texts, styles)."""
    buffer = lay_out(texts, [0, len(texts)])
    judged = judge_alone(model.classifier.linear, buffer, Spans(buffer.folded))
    return np.asarray(judged.keeps / 1000, np.float64)


def _spread(sites: NDArray[np.int64], languages: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where all known articles of a site are in one language, so are the others."""
    spread = languages.copy()
    known = np.unique(np.stack([sites, languages])[:, languages > 0], axis=1, return_counts=True)
    for (site, language), count in zip(known[0].T, known[1], strict=True):
        if count >= ENOUGH_TO_KNOW and (known[0][0] == site).sum() == 1:
            spread[(sites == site) & (languages == 0)] = language
    return spread


_LABEL_AT = {label: at for at, label in enumerate(LABELS)}
_ACTION_AT = {action: at for at, action in enumerate(ACTIONS)}
