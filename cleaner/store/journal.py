"""The journal: what was done to every source, in SQLite, so that a run can stop anywhere and the next goes on.

It is the history of an output folder and no part of its content: without it everything is cleaned
anew and gives the same files. Three states, each reached by one transaction:

    judging      `staged` grows: results that are in the log, not yet in the tree
    publishing   `intents` and `removals` say what becomes of which path; all of it can be done again
    settled      `units` and `outputs` are the tree
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from cleaner.errors import OutputError
from cleaner.records import ACTIONS, LABELS
from cleaner.store.commit import Disk, named

STATE = ".cleaner"
"""Folder of the journal in an output folder."""
NAME = "journal.db"
VERSION = 1
PUBLISHING, SETTLED = "publishing", "settled"
KEPT, PARTLY, DROPPED, QUARANTINED = range(4)
OUTCOMES = ("kept", "partly kept", "dropped", "quarantined")
"""What becomes of a record: whole, without some of its paragraphs, no article in it, or set aside for a person."""
COUNTS = tuple(f"count_{name}" for name in (*ACTIONS, *LABELS))
"""Paragraphs by action, then those that left by label."""
_COMMON = ("id", "bucket", "digest", "settings", "outcome", "status", "code", "reason", "articles", *COUNTS)
_STAGED = ("at", "head", "body", "outputs")
_COLUMNS = """id BLOB NOT NULL UNIQUE, bucket INTEGER NOT NULL, digest BLOB NOT NULL, settings BLOB NOT NULL,
    outcome INTEGER NOT NULL, status TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, articles INTEGER NOT NULL, """
_SCHEMA = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE units (n INTEGER PRIMARY KEY, {_COLUMNS} {", ".join(f"{name} INTEGER NOT NULL" for name in COUNTS)});
CREATE TABLE staged (n INTEGER PRIMARY KEY, {_COLUMNS} {", ".join(f"{name} INTEGER NOT NULL" for name in COUNTS)},
    at INTEGER NOT NULL, head INTEGER NOT NULL, body INTEGER NOT NULL, outputs TEXT NOT NULL);
CREATE TABLE gone (id BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE moved (id BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE outputs (key TEXT NOT NULL, id BLOB NOT NULL, number INTEGER NOT NULL, start INTEGER NOT NULL, size INTEGER NOT NULL,
    sha256 BLOB NOT NULL, path TEXT NOT NULL, PRIMARY KEY (key, id, number)) WITHOUT ROWID;
CREATE TABLE aliases (alias TEXT PRIMARY KEY, key TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE folders (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE intents (n INTEGER PRIMARY KEY, id BLOB NOT NULL, number INTEGER NOT NULL, path TEXT NOT NULL, at INTEGER NOT NULL,
    size INTEGER NOT NULL);
CREATE TABLE removals (path TEXT PRIMARY KEY, early INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE containers (id BLOB PRIMARY KEY, digest BLOB NOT NULL, settings BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE shards (path TEXT PRIMARY KEY, size INTEGER NOT NULL, sha256 BLOB NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('version', '{VERSION}'), ('state', '{SETTLED}');
"""


class Unit(NamedTuple):
    """What became of one record, as the journal keeps it."""

    id: str
    digest: bytes
    """SHA-256 of the record's bytes."""
    settings: bytes
    outcome: int
    """Index into OUTCOMES."""
    status: str
    code: str
    reason: str
    counts: tuple[int, ...]
    """In the order of COUNTS."""
    outputs: str
    """JSON: of each clean article its first paragraph, its bytes in the log, their SHA-256 in hexadecimal."""
    articles: int
    head: int
    """Bytes of the audit's source line, open at its end for the paths of the outputs."""
    body: int
    """Bytes of the audit's paragraph lines, folded."""
    rendered: int
    """Bytes of all its clean articles."""

    @property
    def size(self) -> int:
        """Its bytes in the log: source line, paragraph lines, clean articles."""
        return self.head + self.body + self.rendered


class Known(NamedTuple):
    """What the journal knows of a record: the table that has it, its row there, and its digest."""

    staged: bool
    row: int
    digest: bytes


def raw_id(id: str) -> bytes:
    """An id as the journal keys it: ordered as the text is, halves of characters included."""
    return id.encode("utf-8", "surrogatepass")


def text_id(raw: bytes) -> str:
    """The id that `raw_id` was given."""
    return raw.decode("utf-8", "surrogatepass")


def printable_id(id: str) -> str:
    """An id that any file format takes: halves of characters, as undecodable file names have them, as escapes."""
    return id.encode("utf-8", "backslashreplace").decode()


def bucket_of(id: str) -> int:
    """32 bits of the id's SHA-256: they say which shard a source belongs to, whatever the number of shards."""
    return int.from_bytes(sha256(id.encode("utf-8", "backslashreplace")).digest()[:4], "big")


class Journal:
    """The database of one output folder; made when it is not there, unless it is only read."""

    def __init__(self, path: Path, disk: Disk, *, reads: bool = False) -> None:
        self.path = path
        self._disk = disk
        with named(path):
            where = f"{path.absolute().as_uri()}{'?mode=ro' if reads else ''}"
            self.db = sqlite3.connect(where, isolation_level=None, uri=True)
            try:
                if not reads:
                    self._open()
            except BaseException:
                self.db.close()
                raise

    def _open(self) -> None:
        self.db.execute("PRAGMA journal_mode = DELETE")
        self.db.execute("PRAGMA synchronous = EXTRA")  # the rollback journal's removal is durable too
        self.db.execute("PRAGMA temp_store = FILE")
        self.db.execute("PRAGMA cache_size = -16000")  # 16 MB: 1,000,000 sources need 300 MB on disk
        if not self.db.execute("SELECT 1 FROM sqlite_master").fetchone():
            self.db.execute("BEGIN")
            for statement in _SCHEMA.split(";"):
                self.db.execute(statement)
            self._disk.commit(self.db)
        if self.get("version") != str(VERSION):
            raise OutputError(f"{self.path}: written by another version of cleaner; remove it and clean the corpus again")

    def close(self) -> None:
        """Close the database."""
        self.db.close()

    def get(self, name: str) -> str:
        """A named value, empty where there is none."""
        row = self.db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def set(self, name: str, value: str) -> None:
        """Set a named value, inside a transaction."""
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def keep(self, name: str, value: str) -> None:
        """Set a named value for good, where it is another than before."""
        if self.get(name) != value:
            with named(self.path):
                self.begin()
                self.set(name, value)
                self.commit()

    def begin(self) -> None:
        """Begin a transaction."""
        self.db.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """End the transaction; durable when this returns."""
        self._disk.commit(self.db)

    def known(self, ids: Sequence[str], settings: bytes) -> dict[str, Known]:
        """Of each id that was done under these settings: its row and digest; what is staged hides what is settled."""
        names = {raw_id(id): id for id in ids}
        marks = ",".join("?" * len(names))
        found: dict[str, Known] = {}
        for staged in (False, True):
            rows = self.db.execute(
                f"SELECT n, id, digest, settings FROM {'staged' if staged else 'units'} WHERE id IN ({marks})",
                list(names),
            )
            for n, id, digest, under in rows:
                name = names[id]
                if under == settings:
                    found[name] = Known(staged, n, digest)
                elif staged:
                    found.pop(name, None)
        return found

    def digest_of(self, id: str) -> bytes:
        """The digest of a settled record; empty where there is none."""
        row = self.db.execute("SELECT digest FROM units WHERE id = ?", (raw_id(id),)).fetchone()
        return bytes(row[0]) if row else b""

    def stage(self, units: Iterable[tuple[Unit, int, int]]) -> None:
        """Record units with the place in the log at which each begins and a row that none had, inside a transaction."""
        names = (*_COMMON, *_STAGED, "n")
        self.db.executemany(
            f"INSERT OR REPLACE INTO staged ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            ((*_row(unit, at), n) for unit, at, n in units),
        )

    def settle(self, shards: Iterable[tuple[str, int, bytes]]) -> None:
        """What was staged is the tree now, with these files of many sources (path, size, SHA-256): one transaction."""
        names = ", ".join(_COMMON)
        updates = ", ".join(f"{name} = excluded.{name}" for name in _COMMON)
        self.begin()
        self.db.execute("DELETE FROM units WHERE id IN (SELECT id FROM gone)")
        self.db.execute(
            f"INSERT INTO units ({names}) SELECT {names} FROM staged WHERE true ON CONFLICT (id) DO UPDATE SET {updates}"
        )
        for table in ("staged", "gone", "moved", "intents", "removals", "shards"):
            self.db.execute(f"DELETE FROM {table}")
        self.db.executemany("INSERT INTO shards VALUES (?, ?, ?)", shards)
        self.set("state", SETTLED)
        self.commit()

    def size(self) -> int:
        """How many units are settled."""
        return self.count("SELECT count(*) FROM units")

    def count(self, query: str, *values: Any) -> int:
        """The number that a query gives."""
        return int(self.db.execute(query, values).fetchone()[0] or 0)

    def log_end(self) -> int:
        """The place in the log after the last staged unit and the last intent."""
        staged = self.db.execute("SELECT at, head, body, outputs FROM staged ORDER BY at DESC LIMIT 1").fetchone()
        intent = self.db.execute("SELECT max(at + size) FROM intents").fetchone()[0]
        end = staged[0] + staged[1] + staged[2] + sum(o[1] for o in json.loads(staged[3])) if staged else 0
        return int(max(end, intent or 0))

    def totals(self) -> tuple[list[int], list[int]]:
        """How many units have each outcome; and the sums of COUNTS."""
        outcomes = [0] * len(OUTCOMES)
        for outcome, count in self.db.execute("SELECT outcome, count(*) FROM units GROUP BY outcome"):
            outcomes[outcome] = count
        sums = self.db.execute(f"SELECT sum(articles), {', '.join(f'sum({name})' for name in COUNTS)} FROM units")
        return outcomes, [int(value or 0) for value in sums.fetchone()]

    def reasons(self) -> dict[str, int]:
        """How many units were dropped or quarantined for each reason, by its code."""
        rows = self.db.execute("SELECT code, count(*) FROM units WHERE outcome >= ? GROUP BY code ORDER BY code", (DROPPED,))
        return dict(rows.fetchall())

    def set_aside(self, most: int) -> Iterator[tuple[str, str]]:
        """The first units without a clean file, with their reasons, by id."""
        rows = self.db.execute("SELECT id, reason FROM units WHERE outcome >= ? ORDER BY id LIMIT ?", (DROPPED, most))
        for id, reason in rows:
            yield text_id(id), reason

    def rows(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Rows of a query on a cursor of its own."""
        return self.db.cursor().execute(query, values)


def _row(unit: Unit, at: int) -> tuple[Any, ...]:
    id = raw_id(unit.id)
    reason = unit.reason.encode("utf-8", "backslashreplace").decode()
    return (
        id, bucket_of(unit.id), unit.digest, unit.settings, unit.outcome, unit.status, unit.code, reason, unit.articles,
        *unit.counts, at, unit.head, unit.body, unit.outputs,
    )  # fmt: skip


@contextmanager
def reading(path: Path) -> Iterator[Journal | None]:
    """A journal to look things up in, or None where there is none or a run has left it unfinished."""
    journal = None
    with suppress(OSError, sqlite3.Error):
        if path.exists():
            journal = Journal(path, Disk(), reads=True)
            journal.size()
    try:
        yield journal
    finally:
        if journal:
            journal.close()
