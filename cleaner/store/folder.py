"""An output folder and its state: the lock, the journal, the log, and the seal over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from cleaner.store.commit import Disk, Log, named, sync_folder, write_whole
from cleaner.store.journal import NAME, STATE, Journal, Unit
from cleaner.store.locking import locked

LOCK, LOG, REPORT, SEAL = "lock", "log", "report.json", "SHA256SUMS"
INDEX = "review.db"
"""The review page's index of the audit: made from it, not sealed, and made again whenever it is not there."""
FILES = (NAME, LOCK, LOG, REPORT, SEAL, INDEX)
"""What the state folder may hold."""


class Store(NamedTuple):
    """An output folder with its journal and its log, held by this run."""

    out: Path
    journal: Journal
    log: Log
    disk: Disk

    def keep(self, rows: Sequence[tuple[Unit, int, int]]) -> None:
        """Make units durable (with their place in the log and their row): first the log, then the journal that points into it."""
        self.log.flush()
        with named(self.journal.path):
            self.journal.begin()
            self.journal.stage(rows)
            self.journal.commit()


@contextmanager
def opened(out: Path, disk: Disk) -> Iterator[Store]:
    """An output folder, locked, with its journal; both are made where they are not there.

    A journal that is not what its seal says is put away: everything is cleaned anew. Raises
    LockedError when another run is at work, OutputError when the folder cannot be written.
    """
    state = out / STATE
    with locked(state / LOCK):
        if is_damaged(state):
            with named(state / NAME):
                disk.unlink(str(state / NAME))
        _break_seal(state, disk)
        journal = Journal(state / NAME, disk)
        try:
            log = Log(state / LOG, disk, journal.log_end())
            try:
                yield Store(out, journal, log, disk)
            finally:
                log.close()
        finally:
            journal.close()


def _break_seal(state: Path, disk: Disk) -> None:
    """From here on the journal may change; without a seal it is trusted as SQLite recovers it.

    Durable before the journal changes: a seal that came back after a power cut would have the journal put away, and with it what
    it knows of files to be removed.
    """
    with named(state / SEAL):
        if (state / SEAL).exists():
            disk.unlink(str(state / SEAL))
            sync_folder(disk, str(state))


def sums_of(state: Path) -> bytes:
    """SHA-256 of journal and report, as `sha256sum -c` reads them."""
    lines = []
    for name in (NAME, REPORT):
        digest = sha256()
        with (state / name).open("rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
        lines.append(f"{digest.hexdigest()}  {name}\n")
    return "".join(lines).encode()


def is_damaged(state: Path) -> bool:
    """Whether a sealed journal is not what it was: a run that was broken off leaves none sealed."""
    try:
        return (state / SEAL).read_bytes().splitlines()[:1] != sums_of(state).splitlines()[:1]
    except FileNotFoundError:
        return False


def seal(store: Store, report: bytes) -> None:
    """Write the report, close the journal, and seal both."""
    state = store.out / STATE
    write_whole(state / REPORT, report, store.disk)
    store.journal.close()
    write_whole(state / SEAL, sums_of(state), store.disk)
