"""Pages of labelled articles, found again among the inputs that the corpus was cleaned from.

Reading a container takes as long as it takes: it is done in a thread of its own, after the label is safe.
No path comes from a request: inputs are those that the journal of the output folder names, and a page
is taken only where its id and its SHA-256 are those of the audit.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from cleaner.errors import CleanerError
from cleaner.labels.events import LabelledArticle
from cleaner.labels.journal import append_events
from cleaner.language import language_of
from cleaner.pipeline import as_source
from cleaner.readers import STDIN, Fields, Input, Record, list_inputs, read_records
from cleaner.readers.addresses import is_address
from cleaner.store.journal import NAME, STATE, reading

MOST_CHARS = 4_000_000
"""A longer page is left out of the journal: its paragraphs are in it."""
_SAMPLE = "The bridge was opened to traffic again on Monday morning, said the mayor of the town."


class Sources:
    """The inputs of an output folder; what is wanted of them is looked up in the background."""

    def __init__(self, out: Path, labels: Path) -> None:
        self._out, self._labels = out, labels
        self._wanted: SimpleQueue[LabelledArticle | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="sources", daemon=True)
        self._thread.start()

    def want(self, article: LabelledArticle) -> None:
        """Have the article's page appended to the label journal, where it can be found."""
        self._wanted.put(article)

    def finish(self, seconds: float) -> None:
        """End when what is wanted was looked up, at the latest after so many seconds."""
        self._wanted.put(None)
        self._thread.join(seconds)

    def _work(self) -> None:
        language_of(_SAMPLE)  # its profiles take half a second to read: not while a person waits for a label
        open_ = True
        while open_:
            batch = [self._wanted.get()]
            while not self._wanted.empty():
                batch.append(self._wanted.get())
            open_ = None not in batch
            wanted = {article.source: article for article in batch if article is not None}
            if wanted:
                with suppress(CleanerError, OSError):  # the label is kept: a page that cannot be had, or kept, is none
                    for found in pages_of(self._out, wanted):
                        append_events(self._labels, [found])


def pages_of(out: Path, wanted: Mapping[str, LabelledArticle]) -> Iterator[LabelledArticle]:
    """The wanted articles, by the ids of their sources, with their pages, those whose pages can be found."""
    paths, fields = recorded_inputs(out)
    left = dict(wanted)
    for item in list_inputs(paths, exclude=out) if paths else ():
        if not left:
            return
        if item.id in left or any(id.startswith(f"{item.id}#") for id in left):
            for record in _records(item, fields, left):
                article = left.pop(record.id)
                page = as_source(record.raw, kind="html", id=record.id).text
                if len(page) <= MOST_CHARS:
                    yield replace(article, html=page)


def _records(item: Input, fields: Fields, wanted: Mapping[str, LabelledArticle]) -> Iterator[Record]:
    """The wanted records of one input; it is read no further than the last of them."""
    waiting = {id for id in wanted if id == item.id or id.startswith(f"{item.id}#")}
    for record in read_records(item, fields):
        if record.id in waiting:
            waiting.discard(record.id)
            if isinstance(record, Record) and sha256(record.raw).hexdigest() == wanted[record.id].source_sha256:
                yield record
        if not waiting:
            return


def recorded_inputs(out: Path) -> tuple[Sequence[str], Fields]:
    """Local inputs that a folder was cleaned from, those that are still there, and the fields that were asked for."""
    with reading(out / STATE / NAME) as journal:
        said = journal.get("inputs") if journal else ""
    try:
        row: Mapping[str, Any] = json.loads(said)
        fields = Fields(**{name: tuple(map(str, names)) for name, names in row["fields"].items()})
        paths = [str(path) for path in row["paths"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [], Fields()
    return (paths if all(_is_local(path) for path in paths) else []), fields


def _is_local(path: str) -> bool:
    """Whether an input is on this machine: nothing is fetched, and one that is left out would change the others' names."""
    return path != STDIN and not is_address(path)
