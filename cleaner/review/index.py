"""The index of an audit: where each article stands in it, and the queue; in SQLite beside the journal, without the texts.

It can be made again at any time, and is whenever the audit is another than the one it was made from.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.audit import Entry, read_entry, shard_files
from cleaner.errors import OutputError, UsageError
from cleaner.model_store import Model
from cleaner.review.copies import clusters_of, files_with
from cleaner.review.queue import DOUBTFUL, doubts, order, turns_within
from cleaner.review.scanning import UNKNOWN, Place, Scanned, Scanning
from cleaner.store.folder import INDEX
from cleaner.store.journal import STATE

VERSION = 2
CHANGED = "the corpus was cleaned again since this page was opened: start `cleaner review` again"
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (n INTEGER PRIMARY KEY, shard INTEGER NOT NULL, at INTEGER NOT NULL, size INTEGER NOT NULL,
    source TEXT NOT NULL, sha256 TEXT NOT NULL);
CREATE TABLE columns (name TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(text, content='', detail=none, columnsize=0, tokenize="unicode61 remove_diacritics 2");
CREATE VIRTUAL TABLE names USING fts5(source, content='', detail=none, columnsize=0)
"""
Progress = Callable[[int, int], object]
"""Called with the bytes read so far and those of the whole audit."""


class Columns(NamedTuple):
    """A number a paragraph, then a number an article."""

    labels: NDArray[np.uint8]
    decisions: NDArray[np.uint8]
    doubtful: NDArray[np.uint8]
    clusters: NDArray[np.int32]
    heads: NDArray[np.uint8]
    """Whether it comes before all others of its cluster in the queue."""
    files: NDArray[np.int32]
    """In how many files of its site its masked text stands."""
    order: NDArray[np.int32]
    """Paragraphs, the most useful to label first."""
    first: NDArray[np.int32]
    """Each article's first paragraph; one more for the end."""
    sites: NDArray[np.int32]
    languages: NDArray[np.int32]


_TYPES: Mapping[str, type[np.generic]] = {
    **dict.fromkeys(("labels", "decisions", "doubtful", "heads"), np.uint8),
    **dict.fromkeys(("clusters", "files", "order", "first", "sites", "languages"), np.int32),
}


class Index:
    """An open index. Its methods are called by one thread at a time."""

    def __init__(self, db: sqlite3.Connection, shards: Sequence[Path]) -> None:
        self._db, self._shards, self._made_from = db, shards, made_from(shards)
        content = dict(db.execute("SELECT name, content FROM columns"))
        self.columns = Columns(*(np.frombuffer(content[name], _TYPES[name]) for name in Columns._fields))
        self.cluster_sizes = np.bincount(self.columns.clusters)
        self.site_names: list[str] = json.loads(self._meta("sites"))
        self.language_names: list[str] = json.loads(self._meta("languages"))

    def _meta(self, name: str) -> str:
        return str(self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0])

    @property
    def articles(self) -> int:
        """How many articles have paragraphs."""
        return len(self.columns.first) - 1

    @property
    def paragraphs(self) -> int:
        """How many paragraphs there are; they are numbered from 0."""
        return len(self.columns.labels)

    def article_of(self, paragraph: int) -> int:
        """The article that a paragraph stands in."""
        return int(np.searchsorted(self.columns.first, paragraph, side="right")) - 1

    def copies(self, cluster: int) -> NDArray[np.int32]:
        """The paragraphs of a cluster."""
        ranked, ends = self._by_cluster
        return ranked[ends[cluster] : ends[cluster + 1]]

    @cached_property
    def _by_cluster(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        ranked = np.argsort(self.columns.clusters, kind="stable").astype(np.int32)
        return ranked, np.concatenate([[0], np.cumsum(self.cluster_sizes)])

    def entry(self, article: int) -> Entry:
        """An article's entry, read from the audit. Raises OutputError where the corpus was cleaned again since."""
        place = self._place(article)
        return read_entry(self._shards[place.shard], place.at, place.size)

    def row(self, paragraph: int) -> tuple[str, Mapping[str, Any]]:
        """The source and the audit line of one paragraph, as they stand there. Raises OutputError as `entry`."""
        article = self.article_of(paragraph)
        place = self._place(article)
        try:
            with self._shards[place.shard].open("rb") as stream:
                stream.seek(place.at)
                line = stream.read(place.size).split(b"\n")[1 + paragraph - int(self.columns.first[article])]
            return place.source, json.loads(line)
        except (OSError, ValueError, IndexError) as error:
            raise OutputError(CHANGED) from error

    def _place(self, article: int) -> Place:
        query = "SELECT shard, at, size, source, sha256 FROM articles WHERE n = ?"
        place = Place(*self._db.execute(query, (article,)).fetchone())
        if signature(self._shards[place.shard]) != self._made_from[place.shard]:
            raise OutputError(CHANGED)
        return place

    def find(self, source: str) -> int | None:
        """The article of a source's id."""
        row = self._db.execute("SELECT n FROM articles WHERE source = ?", (storable(source),)).fetchone()
        return None if row is None else int(row[0])

    def search(self, words: str) -> NDArray[np.bool_]:
        """For each paragraph whether it holds all words, or begins an article whose name does; the last word may be cut.

        All that hold them, before any filter: a million take 0.4 s, of which the search itself is a quarter.
        """
        found = np.zeros(self.paragraphs, np.bool_)
        asked = " AND ".join(f'"{word}"' for word in words.replace('"', " ").replace("\0", " ").split()) + "*"
        if asked == "*":
            return found
        with suppress(sqlite3.OperationalError):  # signs alone are no words
            found[self._numbers("SELECT rowid FROM words WHERE words MATCH ?", asked)] = True
            found[self.columns.first[self._numbers("SELECT rowid FROM names WHERE names MATCH ?", asked)]] = True
        return found

    def _numbers(self, query: str, asked: str) -> NDArray[np.int64]:
        return np.fromiter((number for (number,) in self._db.execute(query, (asked,))), np.int64)

    def close(self) -> None:
        """Close the database."""
        self._db.close()


def open_index(out: Path, model: Model | None, progress: Progress | None = None) -> Index:
    """The index of an output folder's audit (or of one file of an audit); made where there is none that fits.

    `model` judges doubtful paragraphs alone where the audit is its own. Raises OutputError where there
    is no readable audit, UsageError where it has no paragraph.
    """
    shards = shard_files(out)
    key = json.dumps([VERSION, made_from(shards), model.digest if model else ""])
    place = out / STATE / INDEX
    db = _opened(place, key)
    if db is None:
        db = _new(place)
        try:
            _build(db, shards, model, progress or _ignore, key)
        except BaseException:
            db.close()
            raise
    return Index(db, shards)


def _ignore(*_: object) -> None:
    pass


def made_from(shards: Sequence[Path]) -> list[tuple[str, int, int]]:
    """What tells an audit from another: the signatures of its files. Raises OutputError where one is missing."""
    return [signature(path) for path in shards]


def signature(path: Path) -> tuple[str, int, int]:
    """Name, size and time of a file."""
    try:
        stat = path.stat()
    except OSError as error:
        raise OutputError(
            f"{path}: no audit can be read there ({error.strerror}); is this the output of `cleaner clean`?"
        ) from error
    return path.name, stat.st_size, stat.st_mtime_ns


def _opened(place: Path, key: str) -> sqlite3.Connection | None:
    """The index that was made before, where it fits and is whole."""
    if not place.is_file():
        return None
    db = sqlite3.connect(f"{place.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
    with suppress(sqlite3.Error):
        if db.execute("SELECT value FROM meta WHERE name = 'key'").fetchone() == (key,):
            return db
    db.close()
    return None


def _new(place: Path) -> sqlite3.Connection:
    """An empty database in the state folder; a temporary one where that cannot be written.

    Another server may read the one before: it keeps what it has open.
    """
    path = ""
    if place.parent.is_dir() and os.access(place.parent, os.W_OK):
        place.unlink(missing_ok=True)
        path = str(place)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = OFF")  # a build that is broken off leaves no key, and is done again
    db.execute("PRAGMA synchronous = OFF")
    return db


def _build(db: sqlite3.Connection, shards: Sequence[Path], model: Model | None, progress: Progress, key: str) -> None:
    db.execute("BEGIN")
    for statement in _SCHEMA.split(";"):
        db.execute(statement)
    scanning = Scanning(model, lambda texts: _add_texts(db, texts))
    done, total = 0, sum(path.stat().st_size for path in shards)
    n = 0
    for number, path in enumerate(shards):
        for place in scanning.scan(path, number):
            _add_article(db, n, place)
            n, done = n + 1, done + place.size
            progress(done, total)
    if not n:
        raise UsageError(f"{shards[0].parent}: its audit has no paragraph; there is nothing to review")
    scanned = scanning.scanned()
    for name, column in columns_of(scanned)._asdict().items():
        db.execute("INSERT INTO columns VALUES (?, ?)", (name, column.astype(_TYPES[name]).tobytes()))
    db.execute("CREATE INDEX sources ON articles (source)")
    names = (json.dumps([storable(name) for name in names]) for names in (scanned.site_names, scanned.language_names))
    db.executemany("INSERT INTO meta VALUES (?, ?)", zip(("sites", "languages", "key"), (*names, key), strict=True))
    db.execute("COMMIT")


def _add_texts(db: sqlite3.Connection, texts: Iterable[tuple[int, str]]) -> None:
    rows = ((n, storable(text)) for n, text in texts)
    db.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", rows)


def _add_article(db: sqlite3.Connection, n: int, place: Place) -> None:
    source = storable(place.source)
    db.execute("INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?)", (n, place.shard, place.at, place.size, source, place.sha256))
    db.execute("INSERT INTO names (rowid, source) VALUES (?, ?)", (n, source))


def storable(text: str) -> str:
    """Text that a database takes: halves of characters as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def columns_of(scanned: Scanned) -> Columns:
    """The queue of a scanned audit."""
    articles = np.repeat(np.arange(len(scanned.first) - 1), np.diff(scanned.first))
    clusters = clusters_of(scanned.signs)
    apart = np.where(scanned.disagreements == UNKNOWN, 0, np.abs(scanned.disagreements.astype(np.float64))) / 100
    files = files_with(scanned.signs.masked, scanned.sites[articles], articles)
    ranked = order(scanned.keeps, apart, clusters, files, groups=articles)
    places = np.empty(len(ranked), np.int64)
    places[ranked] = np.arange(len(ranked))
    return Columns(
        scanned.labels,
        scanned.decisions,
        (scanned.review | (doubts(scanned.keeps) >= DOUBTFUL)).view(np.uint8),
        clusters.astype(np.int32),
        (turns_within(clusters, -places.astype(np.float64)) == 0).view(np.uint8),
        files.astype(np.int32),
        ranked.astype(np.int32),
        scanned.first.astype(np.int32),
        scanned.sites.astype(np.int32),
        scanned.languages.astype(np.int32),
    )
