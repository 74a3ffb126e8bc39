"""What people said so far, and what is proposed: the label journal, read along as it grows, whoever writes to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cleaner.errors import SeedError
from cleaner.json_lines import is_whole
from cleaner.labels.events import LabelEvent, LabelledArticle, digest_of_text, event_of
from cleaner.labels.joining import PROPOSERS, place_of
from cleaner.labels.journal import read_events
from cleaner.labels.proposals import CHECK
from cleaner.review.index import Index


class Said(NamedTuple):
    """The last word on a paragraph, or a proposal."""

    label: str
    who: str
    when: str


def _word(event: LabelEvent) -> Said:
    return Said(event.label, event.who, event.when)


class Labels:
    """The journal's labels on the paragraphs of an index. Its methods are called by one thread at a time.

    `proposals` are files of proposed labels, read once; a person's word settles them. Raises SeedError where one cannot be read.
    """

    def __init__(self, path: Path, index: Index, proposals: Sequence[Path] = ()) -> None:
        self._path, self._index = path, index
        self._texts: tuple[int, list[str]] | None = None
        """An article and the texts of its paragraphs."""
        self._proposals = [e for file in proposals for e in read_events(file) if isinstance(e, LabelEvent) and e.who in PROPOSERS]
        self._start()

    def _start(self) -> None:
        self._at = self._lines = 0
        self._ended = True
        """Whether what was read so far ends with a line feed."""
        self.said: dict[int, Said] = {}
        self.articles: dict[tuple[str, str], LabelledArticle] = {}
        """By source and SHA-256, as the journal has them last."""
        self.standing: dict[int, dict[Hashable, LabelEvent]] = {}
        """Every act of people on a paragraph that stands, by its place in the journal, the last one last. There are several
        where a source changed: to whoever reads the journal the paragraph of its earlier version is another one."""
        self.open = np.ones(self._index.paragraphs, np.bool_)
        """Paragraphs that nobody labelled, nor any near copy of them."""
        self.proposed: dict[int, Said] = {}
        self.waiting: set[int] = set()
        """Paragraphs with a proposal that no person settled."""
        self._said_of: Counter[int] = Counter()
        self._take_all(self._proposals)

    def refresh(self) -> None:
        """Read what was added. Raises SeedError for a line that is none of a label journal's, and where it cannot be read."""
        if not self._path.exists():
            if self._at:
                self._start()
            return
        if self._path.stat().st_size < self._at:  # another file than before
            self._start()
        events: list[LabelEvent] = []
        try:
            for event in self._new_events():
                if isinstance(event, LabelledArticle):
                    self.articles[event.source, event.source_sha256] = event
                else:
                    events.append(event)
        finally:  # those before a bad line are not read again
            self._take_all(events)

    def _take_all(self, events: Sequence[LabelEvent]) -> None:
        """Article by article, so that each is read once; acts on different articles have nothing to do with each other."""
        for event in sorted(events, key=lambda event: event.source):
            self._take(event)

    def _new_events(self) -> Iterator[LabelEvent | LabelledArticle]:
        try:
            with self._path.open("rb") as lines:
                lines.seek(self._at)
                for line in lines:
                    if not line.endswith(b"\n") and not is_whole(line):  # torn by a kill, or still being written
                        return
                    ended = line == b"\n" and not self._ended  # the line feed that the last line lacked
                    event = None if ended else event_of(line, f"{self._path}:{self._lines + 1}")
                    self._at, self._ended = self._at + len(line), line.endswith(b"\n")
                    self._lines += self._ended
                    if event is not None:
                        yield event
        except OSError as error:
            raise SeedError(f"{self._path}: cannot be read ({error.strerror}); give a label journal") from error

    def _take(self, event: LabelEvent) -> None:
        paragraph = self._paragraph_of(event)
        if paragraph is None:
            return
        before = paragraph in self.said
        if event.who in PROPOSERS:
            _put(self.proposed, paragraph, _word(event) if event.label else None)
        else:
            self._stand(event, paragraph)
        (self.waiting.add if self._is_waiting(paragraph) else self.waiting.discard)(paragraph)
        cluster = int(self._index.columns.clusters[paragraph])
        self._said_of[cluster] += (paragraph in self.said) - before
        self.open[self._index.copies(cluster)] = not self._said_of[cluster]

    def _stand(self, event: LabelEvent, paragraph: int) -> None:
        acts = self.standing.setdefault(paragraph, {})
        acts.pop(place_of(event), None)
        if event.label:
            acts[place_of(event)] = event
        _put(self.said, paragraph, _word(list(acts.values())[-1]) if acts else None)

    def _is_waiting(self, paragraph: int) -> bool:
        """Markup proposes where nobody spoke; a check doubts what was said until somebody says it again."""
        said, proposed = self.said.get(paragraph), self.proposed.get(paragraph)
        if said is None or proposed is None:
            return proposed is not None
        return proposed.who == CHECK and said.when < proposed.when and said.label != proposed.label

    def _paragraph_of(self, event: LabelEvent) -> int | None:
        """The paragraph that an event speaks of, where the corpus still has it: by its text, at its place or another one."""
        article = self._index.find(event.source)
        if article is None:
            return None
        if self._texts is None or self._texts[0] != article:
            self._texts = article, [p.text for p in self._index.entry(article).paragraphs]
        texts = self._texts[1]
        digest = event.text_sha256 or digest_of_text(event.text)
        nearest = sorted(range(len(texts)), key=lambda i: (i != event.index, i))
        place = next((i for i in nearest if len(texts[i]) == len(event.text) and digest_of_text(texts[i]) == digest), None)
        return None if place is None else int(self._index.columns.first[article]) + place


def _put(words: dict[int, Said], paragraph: int, word: Said | None) -> None:
    if word is None:
        words.pop(paragraph, None)
    else:
        words[paragraph] = word
