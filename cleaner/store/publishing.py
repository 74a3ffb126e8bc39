"""From the journal to the tree: what was judged gets its place in the output folder.

Planning is one transaction; from then on everything that is to be done is written down, can be done
again from the start, and gives the same bytes: a run that finds a publication under way completes it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from cleaner.errors import OutputError
from cleaner.store.commit import TOGETHER, Batch, named, sync_all
from cleaner.store.folder import Store
from cleaner.store.gathered import PACKERS, shards_for
from cleaner.store.journal import PUBLISHING, Journal
from cleaner.store.naming import place_outputs, refuse_foreign_names
from cleaner.store.places import key_of
from cleaner.store.sharding import check_shards, digest_of, dirty_shards, write_shards
from cleaner.writers import FORMATS

NOTED = 32
"""Batches after which the journal says how far the writing is: 16,000 files, some seconds of work."""


class Published(NamedTuple):
    """What a publication came to."""

    again: int = 0
    """Sources that were judged again though they are as they were: under another model, policy or setting."""
    written: int = 0
    """Clean files that were written: those that are new, and those whose content changed."""


def publish(store: Store, format: str, gone: Iterable[bytes]) -> Published:
    """Bring everything staged into the tree, and take out what belongs to the sources `gone`.

    A clean file whose content would be the same is left as it is.
    Raises OutputError before anything is changed when a file that cleaner did not write has a name
    that is needed, StaleError when the audit was changed; the sources that this concerns are noted.
    """
    journal = store.journal
    journal.begin()
    try:
        _clear(journal)
        journal.db.executemany("INSERT INTO gone VALUES (?)", ((id,) for id in gone))
        again = journal.count("SELECT count(*) FROM staged s JOIN units u ON u.id = s.id AND u.digest = s.digest")
        published = Published(again, _plan(store, format))
        store.log.flush()
    except BaseException:
        journal.db.rollback()
        raise
    with named(journal.path):
        journal.commit()
    complete(store)
    return published


def _clear(journal: Journal) -> None:
    for table in ("gone", "moved", "intents", "removals"):
        journal.db.execute(f"DELETE FROM {table}")
    for table in ("freed", "touched", "renamed", "moves", "dirty"):
        journal.db.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _plan(store: Store, format: str) -> int:
    """Write down what is to be done; returns how many clean files that writes."""
    journal, ending, before = store.journal, FORMATS[format], store.journal.get("format")
    if before and before != format:
        journal.db.execute("INSERT OR IGNORE INTO removals SELECT path, 1 FROM outputs")
        journal.db.execute("DELETE FROM outputs")
    if ending not in PACKERS:
        place_outputs(journal, ending)
        _log_moves(store)
        refuse_foreign_names(store.out, journal)
        _leave_same(store)
    journal.set("earlier", journal.get("shards"))
    journal.set("shards", str(shards_for(_count(journal))))
    journal.set("format", format)
    journal.set("done", "0")
    journal.set("state", PUBLISHING)
    check_shards(store, ending)
    return len(dirty_shards(journal, ending)) if ending in PACKERS else journal.count("SELECT count(*) FROM intents")


def _leave_same(store: Store) -> None:
    """Drop the intents whose content stands under their name already: told by the file's bytes, not by the journal alone.

    A name that differs from one to be removed only in case may be the same file: it is written.
    """
    journal = store.journal
    query = """SELECT i.n, i.path, f.sha256 FROM intents i JOIN freed f ON f.path = i.path
        JOIN outputs o ON o.id = i.id AND o.number = i.number AND o.path = i.path AND o.sha256 = f.sha256"""
    twins = {key_of(path) for (path,) in journal.rows("SELECT path FROM removals WHERE early")}
    same = [
        (n,) for n, path, digest in journal.rows(query) if key_of(path) not in twins and _stands(f"{store.out}/{path}", digest)
    ]
    journal.db.executemany("DELETE FROM intents WHERE n = ?", same)


def _stands(path: str, digest: bytes) -> bool:
    return not os.path.islink(path) and digest_of(Path(path)) == digest


def _count(journal: Journal) -> int:
    """Sources that the tree will hold."""
    new = journal.count("SELECT count(*) FROM staged WHERE id NOT IN (SELECT id FROM units)")
    return journal.size() + new - journal.count("SELECT count(*) FROM gone")


def _log_moves(store: Store) -> None:
    """What changes its name alone is written anew too, from the log: two files may exchange their names."""
    for id, number, old, new in store.journal.db.execute("SELECT id, number, old, new FROM moves").fetchall():
        try:
            content = (store.out / old).read_bytes()
        except OSError as error:
            raise OutputError(f"{store.out / old}: cannot be read ({(error.strerror or str(error)).lower()})") from error
        row = (id, number, new, store.log.append(content), len(content))
        store.journal.db.execute("INSERT INTO intents VALUES (NULL, ?, ?, ?, ?, ?)", row)


def complete(store: Store) -> None:
    """Do what is planned, from the start: a publication that was broken off is done again and ends the same."""
    journal = store.journal
    _remove(store, early=True)
    _write_files(store)
    shards = write_shards(store)
    kept = {path for path, _, _ in shards}
    _remove(store, early=False)
    for (path,) in journal.db.execute("SELECT path FROM shards").fetchall():
        if path not in kept:
            _unlink(store, path)
    with named(store.out):
        sync_all(store.disk, str(store.out))
    with named(journal.path):
        journal.settle(shards)
    store.log.clear()


def _remove(store: Store, *, early: bool) -> None:
    for (path,) in store.journal.rows("SELECT path FROM removals WHERE early = ?", early):
        _unlink(store, path)


def _unlink(store: Store, path: str) -> None:
    """Remove one of our files, and the folders that held nothing else."""
    with named(store.out / path):
        with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            store.disk.unlink(f"{store.out}/{path}")
        folder = path.rpartition("/")[0]
        while folder and not os.path.isdir(f"{store.out}/{folder}"):
            folder = folder.rpartition("/")[0]
        while folder and _is_empty(f"{store.out}/{folder}"):
            store.disk.rmdir(f"{store.out}/{folder}")
            folder = folder.rpartition("/")[0]


def _is_empty(folder: str) -> bool:
    with os.scandir(folder) as inside:
        return next(inside, None) is None


def _write_files(store: Store) -> None:
    """Write what is intended, from where an earlier try is known to be durable."""
    journal, batch = store.journal, Batch(store.disk, store.out)
    renamed = n = int(journal.get("done") or 0)
    for number, (n, path, at, size) in enumerate(
        journal.rows("SELECT n, path, at, size FROM intents WHERE n > ? ORDER BY n", renamed), 1
    ):
        batch.write(path, store.log.read(at, size))
        if number % TOGETHER == 0:
            batch.settle()
            if number % (TOGETHER * NOTED) == 0:
                _note_done(journal, renamed)
            batch.rename()
            renamed = n
    batch.settle()
    batch.rename()


def _note_done(journal: Journal, n: int) -> None:
    with named(journal.path):
        journal.begin()
        journal.set("done", str(n))
        journal.commit()
