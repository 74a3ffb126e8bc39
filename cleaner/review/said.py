"""What people said so far: the label journal, read along as it grows, whoever writes to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cleaner.audit import Entry
from cleaner.errors import SeedError
from cleaner.labels.events import LabelEvent, LabelledArticle, digest_of_text, event_of
from cleaner.review.index import Index


class Said(NamedTuple):
    """The last word on a paragraph."""

    label: str
    who: str
    when: str


class Labels:
    """The journal's labels on the paragraphs of an index. Its methods are called by one thread at a time."""

    def __init__(self, path: Path, index: Index) -> None:
        self._path, self._index = path, index
        self._entry: tuple[int, Entry] | None = None
        self._start()

    def _start(self) -> None:
        self._at = self._lines = 0
        self.said: dict[int, Said] = {}
        self.articles: dict[tuple[str, str], LabelledArticle] = {}
        """By source and SHA-256, as the journal has them last."""
        self.open = np.ones(self._index.paragraphs, np.bool_)
        """Paragraphs that nobody labelled, nor any near copy of them."""

    def refresh(self) -> None:
        """Read what was added. Raises SeedError for a line that is none of a label journal's, and where it cannot be read."""
        if not self._path.exists():
            if self._at:
                self._start()
            return
        if self._path.stat().st_size < self._at:  # another file than before
            self._start()
        for event in self._new_events():
            if isinstance(event, LabelledArticle):
                self.articles[event.source, event.source_sha256] = event
            else:
                self._take(event)

    def _new_events(self) -> Iterator[LabelEvent | LabelledArticle]:
        try:
            with self._path.open("rb") as lines:
                lines.seek(self._at)
                for line in lines:
                    if not line.endswith(b"\n"):  # torn by a kill, or not yet whole
                        return
                    self._lines += 1
                    event = event_of(line, f"{self._path}:{self._lines}")
                    self._at += len(line)
                    yield event
        except OSError as error:
            raise SeedError(f"{self._path}: cannot be read ({error.strerror}); give a label journal") from error

    def _take(self, event: LabelEvent) -> None:
        paragraph = self._paragraph_of(event)
        if paragraph is None:
            return
        if event.label:
            self.said[paragraph] = Said(event.label, event.who, event.when)
        else:
            self.said.pop(paragraph, None)
        clusters = self._index.columns.clusters
        copies = np.flatnonzero(clusters == clusters[paragraph])
        self.open[copies] = not any(int(copy) in self.said for copy in copies) if len(self.said) else True

    def _paragraph_of(self, event: LabelEvent) -> int | None:
        """The paragraph that an event speaks of, where the corpus still has it: by its text, at its place or another one."""
        article = self._index.find(event.source)
        if article is None:
            return None
        if self._entry is None or self._entry[0] != article:
            self._entry = article, self._index.entry(article)
        texts = [p.text for p in self._entry[1].paragraphs]
        digest = event.text_sha256 or digest_of_text(event.text)
        nearest = sorted(range(len(texts)), key=lambda i: (i != event.index, i))
        place = next((i for i in nearest if len(texts[i]) == len(event.text) and digest_of_text(texts[i]) == digest), None)
        return None if place is None else int(self._index.columns.first[article]) + place
