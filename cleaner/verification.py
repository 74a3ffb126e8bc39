"""Is an output folder still what its audit and its journal say?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

from cleaner import audit
from cleaner.audit import Entry, Output, read_all, shard_files
from cleaner.errors import OutputError
from cleaner.store.folder import FILES, LOCK, REPORT, SEAL, sums_of
from cleaner.store.gathered import PACKERS, lines_of
from cleaner.store.journal import NAME, STATE
from cleaner.store.locking import shared
from cleaner.store.sharding import digest_of


def differences(out: Path) -> Iterator[str]:
    """Every way in which an output folder differs from its audit and journal; nothing when it is sound.

    Raises OutputError when there is no readable audit, LockedError while a run is at work on it.
    """
    with shared(out / STATE / LOCK), closing(sqlite3.connect("")) as paths:  # a file of its own: a corpus may have millions
        paths.execute("CREATE TABLE expected (path TEXT PRIMARY KEY) WITHOUT ROWID")
        found = False
        for difference in _in_tree(out, paths):
            found = True
            yield difference
        yield from _in_state(out, found)


def _in_tree(out: Path, paths: sqlite3.Connection) -> Iterator[str]:
    gathered = _Gathered(out)
    for file in shard_files(out):
        paths.execute("INSERT INTO expected VALUES (?)", (file.relative_to(out).as_posix(),))
    for entry in read_all(out):
        yield from _broken_entry(entry)
        for output in entry.source.outputs:
            paths.execute("INSERT OR IGNORE INTO expected VALUES (?)", (output.path,))
            yield from gathered.check(output) if _is_gathered(output.path) else _broken_file(out, output)
    yield from gathered.finish()
    for (path,) in _recorded_shards(out):
        paths.execute("INSERT OR IGNORE INTO expected VALUES (?)", (path,))
        if not (out / path).is_file():
            yield f"{path}: missing"
    yield from _foreign(out, paths)


def _is_gathered(path: str) -> bool:
    return any(path.endswith(ending) for ending in PACKERS)


def _foreign(out: Path, paths: sqlite3.Connection) -> Iterator[str]:
    known = {f"{STATE}/{name}" for name in FILES}
    for path in sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if not p.is_dir() or p.is_symlink()):
        shown = path.encode("utf-8", "backslashreplace").decode()
        if path not in known and not paths.execute("SELECT 1 FROM expected WHERE path = ?", (shown,)).fetchone():
            yield f"{path}: not written by cleaner, or left from a broken run"


def _broken_entry(entry: Entry) -> Iterator[str]:
    try:
        if entry.source.status != audit.UNREADABLE:
            audit.bytes_of(entry)
    except OutputError as error:
        yield str(error)
    if entry.source.status == audit.CLEANED and not entry.source.outputs:
        yield f"{entry.source.source}: cleaned, but no clean file is on record"


def _broken_file(out: Path, output: Output) -> Iterator[str]:
    try:
        content = (out / output.path).read_bytes()
    except OSError as error:
        yield f"{output.path}: {(error.strerror or str(error)).lower()}"
        return
    if sha256(content).hexdigest() != output.sha256:
        yield f"{output.path}: changed since it was written"


class _Gathered:
    """Gathered files, read along with the audit: both are in the order of the sources."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._path = ""
        self._lines: Iterator[bytes] = iter(())
        self._broken = False

    def check(self, output: Output) -> Iterator[str]:
        """Compare the next record of a file with the checksum that the audit has of it."""
        if output.path != self._path:
            yield from self.finish()
            self._path, self._lines, self._broken = output.path, lines_of(self._out / output.path), False
        if not self._broken:
            yield from self._compare(output.sha256)

    def finish(self) -> Iterator[str]:
        """Nothing may be left in a file after the last record that the audit knows."""
        if self._path and not self._broken:
            yield from self._compare("")

    def _compare(self, digest: str) -> Iterator[str]:
        try:
            line = next(self._lines, b"")
            sound = (sha256(line).hexdigest() if line else "") == digest
        except (OutputError, ValueError, KeyError, TypeError, AttributeError):
            sound = False
        if not sound:
            self._broken = True
            yield f"{self._path}: changed since it was written"


def _in_state(out: Path, found: bool) -> Iterator[str]:
    """Journal and report against their seal; then the shards of the audit, where nothing else was found in the tree."""
    state = out / STATE
    try:
        sealed, now = (state / SEAL).read_bytes(), sums_of(state)
    except OSError as error:
        name = Path(str(error.filename)).name
        yield f"{STATE}/{name}: missing; the last run did not end, or the journal was removed: clean the corpus again"
        return
    if sealed != now:
        lines = zip((NAME, REPORT), [*sealed.split(b"\n"), b"", b""], now.split(b"\n"), strict=False)
        broken = [name for name, before, after in lines if before != after] or [SEAL]
        yield from (f"{STATE}/{name}: changed since it was written" for name in broken)
        return
    if (state / LOCK).stat().st_size:
        yield f"{STATE}/{LOCK}: changed since it was written"
    if not found:
        for path, digest in _recorded_shards(out, "path, sha256"):
            if digest_of(out / path) != digest:
                yield f"{path}: changed since it was written"


def _recorded_shards(out: Path, columns: str = "path") -> Iterator[tuple[Any, ...]]:
    """Shards as a sealed journal has them; nothing where there is none that can be read."""
    journal = out / STATE / NAME
    if not journal.exists():
        return
    try:
        with closing(sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            yield from db.execute(f"SELECT {columns} FROM shards ORDER BY path").fetchall()
    except sqlite3.Error:
        return
