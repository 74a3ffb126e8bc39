"""What the page can ask for and do: the queue, an article, a label. It knows no HTTP, and no path comes to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.acting import now
from cleaner.audit import Entry
from cleaner.errors import UsageError
from cleaner.labels.events import LabelEvent, LabelledArticle
from cleaner.labels.joining import place_of
from cleaner.labels.journal import append_events, check_journal
from cleaner.language import language_of
from cleaner.model_store import Model
from cleaner.records import ACTIONS, LABELS, STAYING
from cleaner.review.evidence import evidence_of
from cleaner.review.index import Index
from cleaner.review.said import Labels, Said
from cleaner.review.sources import Sources
from cleaner.review.view import article_view, deciding_label, evidence_view, labels_view, named_counts, queued_view, said_view
from cleaner.visible import pieces

AT_ONCE = 20
"""Paragraphs of the queue that are given at once: each is read from the audit."""
LOOKED_AT = 1 << 16
"""Paragraphs that are filtered together: a common filter is served from the first few."""
MOST_SITES = 2000
SORTS = ("useful", "site", "label", "corpus")


class Asked(NamedTuple):
    """Which paragraphs, and from which place in the queue on; None leaves a filter out."""

    after: int = -1
    sort: str = SORTS[0]
    site: int | None = None
    label: int | None = None
    language: int | None = None
    decision: int | None = None
    doubtful: bool = False
    said: bool | None = False
    """False: what nobody labelled, nor a near copy of it. True: what was labelled. None: both."""
    proposed: bool = False
    """Only what has a proposal that nobody settled."""
    words: str = ""


class Desk:
    """One audit, one label journal, one person, and what is proposed to them. Safe to be called from any thread.

    Raises OutputError where `labels` is a file that is no label journal.
    """

    def __init__(
        self, index: Index, out: Path, labels: Path, who: str, proposals: Sequence[Path] = (), model: Model | None = None
    ) -> None:
        self._index, self._labels, self._who, self._model = index, labels, who, model
        check_journal(labels)
        self._found: tuple[str, NDArray[np.bool_]] | None = None
        self._lock = threading.Lock()
        self._said = Labels(labels, index, proposals)
        self._said.refresh()
        self._sources = Sources(out, labels)
        for article in self._said.articles.values():
            self._want_again(article)

    def _want_again(self, article: LabelledArticle) -> None:
        """A kill may have come between a label and its page."""
        number = None if article.html else self._index.find(article.source)
        if number is not None:
            line = self._index.entry(number).source
            if line.kind == "html" and line.sha256 == article.source_sha256:
                self._sources.want(article)

    def close(self) -> None:
        """Wait a little for pages that are still looked up."""
        self._sources.finish(5)
        self._index.close()

    def state(self) -> dict[str, Any]:
        """What there is to choose from, and how far the person is."""
        with self._lock:
            self._said.refresh()
            columns = self._index.columns
            doubtful = columns.doubtful.view(np.bool_) & columns.heads.view(np.bool_)
            sites, languages = (
                np.bincount(of[self._articles[doubtful]], minlength=len(names)).tolist()
                for of, names in ((columns.sites, self._index.site_names), (columns.languages, self._index.language_names))
            )
            return {
                "who": pieces(self._who),
                "file": pieces(self._labels.name),
                "articles": self._index.articles,
                "labels": labels_view(np.bincount(columns.labels[doubtful], minlength=len(LABELS)).tolist()),
                "decisions": list(ACTIONS),
                "sites": named_counts(self._index.site_names, sites, MOST_SITES),
                "languages": named_counts(self._index.language_names, languages, MOST_SITES),
                "progress": self._progress(),
            }

    def queue(self, asked: Asked) -> list[dict[str, Any]]:
        """The next paragraphs of the queue that pass the filters."""
        with self._lock:
            self._said.refresh()
            found = []
            for place, number in self._matching(asked):
                source, row = self._index.row(number)
                found.append(queued_view(source, row, number, place, self._said.said.get(number), self._proposed(number)))
                if len(found) == AT_ONCE:
                    break
            return found

    def article(self, paragraph: int) -> dict[str, Any]:
        """The article of a paragraph, as it was, with what became of it."""
        with self._lock:
            self._said.refresh()
            article, entry = self._entry(paragraph)
            columns = self._index.columns
            where = {
                "article": article,
                "focus": paragraph,
                "site": pieces(self._index.site_names[columns.sites[article]]),
                "language": pieces(self._index.language_names[columns.languages[article]]),
                "progress": self._progress(),
            }
            view = article_view(entry, self._index, int(columns.first[article]), paragraph, self._said.said, where)
            for row in view["paragraphs"]:
                row["proposed"] = said_view(self._proposed(row["paragraph"]))
            return view

    def evidence(self, paragraph: int) -> dict[str, Any]:
        """What speaks in a paragraph for the label that decided; nothing where another model gave it."""
        with self._lock:
            article, entry = self._entry(paragraph)
            p = entry.paragraphs[paragraph - int(self._index.columns.first[article])]
        ours = self._model if self._model is not None and self._model.digest == entry.source.model else None
        label = deciding_label(p)
        return {"paragraph": paragraph, "evidence": evidence_view(evidence_of(ours, p.text, label), label) if ours else None}

    def label(self, paragraph: int, label: str) -> dict[str, Any]:
        """Keep what a person said of a paragraph; it is durable when this returns. An empty label takes back.

        Raises WriteError when it could not be kept.
        """
        with self._lock:
            self._said.refresh()
            if label and label not in LABELS:
                raise UsageError(f"{label!r} is not a label")
            article, entry = self._entry(paragraph)
            before = self._said.said.get(paragraph)
            snapshot = self._snapshot(article, entry)
            event = self._event(article, entry, paragraph, label, snapshot.language)
            new = (snapshot.source, snapshot.source_sha256) not in self._said.articles
            append_events(self._labels, [*self._overruled(event, paragraph), *([snapshot] if new else []), event])
            if new and entry.source.kind == "html":
                self._sources.want(snapshot)
            self._said.refresh()
            return {
                "paragraph": paragraph,
                "said": said_view(self._said.said.get(paragraph)),
                "proposed": said_view(self._proposed(paragraph)),
                "before": before.label if before else "",
                "progress": self._progress(),
            }

    def _entry(self, paragraph: int) -> tuple[int, Entry]:
        if not 0 <= paragraph < self._index.paragraphs:
            raise UsageError(f"there is no paragraph {paragraph}")
        article = self._index.article_of(paragraph)
        return article, self._index.entry(article)

    def _snapshot(self, article: int, entry: Entry) -> LabelledArticle:
        line, columns = entry.source, self._index.columns
        known = self._said.articles.get((line.source, line.sha256))
        if known:
            return known
        kept = "\n".join(p.text for p in entry.paragraphs if p.decision in STAYING)
        language = self._index.language_names[columns.languages[article]] or language_of(kept) or ""
        site = self._index.site_names[columns.sites[article]]
        return LabelledArticle(line.source, line.sha256, site, language, line.style, tuple(p.text for p in entry.paragraphs))

    def _event(self, article: int, entry: Entry, paragraph: int, label: str, language: str) -> LabelEvent:
        p = entry.paragraphs[paragraph - int(self._index.columns.first[article])]
        site = self._index.site_names[self._index.columns.sites[article]]
        source = entry.source
        return LabelEvent(
            p.text, label, source.source, source.sha256, p.index, site, language, self._who, now(), source.model, p.label
        )

    def _overruled(self, event: LabelEvent, paragraph: int) -> list[LabelEvent]:
        """What takes back the acts on a paragraph that the event would leave standing, because its source was another then."""
        acts = self._said.standing.get(paragraph, {})
        return [replace(act, label="", who=event.who, when=event.when) for place, act in acts.items() if place != place_of(event)]

    def _proposed(self, paragraph: int) -> Said | None:
        return self._said.proposed[paragraph] if paragraph in self._said.waiting else None

    def _progress(self) -> dict[str, int]:
        columns = self._index.columns
        doubtful = columns.doubtful.view(np.bool_) & columns.heads.view(np.bool_)
        left = int(np.count_nonzero(doubtful & self._said.open))
        return {"labelled": len(self._said.said), "doubtful": left, "proposed": len(self._said.waiting)}

    @cached_property
    def _articles(self) -> NDArray[np.int32]:
        """Each paragraph's article."""
        first = self._index.columns.first
        return np.repeat(np.arange(len(first) - 1, dtype=np.int32), np.diff(first))

    @cached_property
    def _orders(self) -> dict[str, NDArray[np.int32]]:
        """Paragraphs in each order of SORTS; filled as they are asked for."""
        return {SORTS[0]: self._index.columns.order}

    def _ordered(self, sort: str) -> NDArray[np.int32]:
        if sort not in self._orders:
            columns, useful = self._index.columns, self._index.columns.order
            keys: Mapping[str, NDArray[Any]] = {
                "site": columns.sites[self._articles[useful]],
                "label": columns.labels[useful],
                "corpus": useful,
            }
            self._orders[sort] = useful[np.argsort(keys[sort], kind="stable")]
        return self._orders[sort]

    def _matching(self, asked: Asked) -> Iterator[tuple[int, int]]:
        """Places in the queue and the paragraphs there."""
        order = self._ordered(asked.sort)
        if asked.words or asked.proposed:
            few = self._holding(asked.words)[order] if asked.words else np.ones(len(order), np.bool_)
            if asked.proposed:
                few &= np.isin(order, list(self._said.waiting))
            places = np.flatnonzero(few)
            yield from self._passing(asked, order, places[places > asked.after])
            return
        for begin in range(asked.after + 1, len(order), LOOKED_AT):
            yield from self._passing(asked, order, np.arange(begin, min(begin + LOOKED_AT, len(order))))

    def _holding(self, words: str) -> NDArray[np.bool_]:
        """What a search finds; that of the last one is kept, for a person goes through it part by part."""
        if self._found is None or self._found[0] != words:
            self._found = words, self._index.search(words)
        return self._found[1]

    def _passing(self, asked: Asked, order: NDArray[np.int32], places: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
        columns, numbers = self._index.columns, order[places]
        passes = np.ones(len(places), np.bool_)
        articles = self._articles[numbers]
        wanted = ((columns.labels[numbers], asked.label), (columns.decisions[numbers], asked.decision),
                  (columns.sites[articles], asked.site), (columns.languages[articles], asked.language))  # fmt: skip
        for column, value in wanted:
            if value is not None:
                passes &= column == value
        if asked.doubtful:
            passes &= columns.doubtful[numbers] > 0
        if asked.said is False:
            passes &= self._said.open[numbers]
        elif asked.said:
            passes &= np.isin(numbers, list(self._said.said))
        for at in np.flatnonzero(passes):
            yield int(places[at]), int(numbers[at])
