"""Is what the journal calls done still there? What is not is done again; folders without a journal are taken over."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import closing
from itertools import islice
from stat import S_ISREG
from typing import Any

from cleaner.audit import read_all, shard_files
from cleaner.errors import OutputError
from cleaner.store.commit import named
from cleaner.store.folder import Store
from cleaner.store.gathered import BITS, PACKERS
from cleaner.store.journal import COUNTS, QUARANTINED, bucket_of, raw_id
from cleaner.store.sharding import digest_of, shards_at
from cleaner.writers import FORMATS

ADOPTED = "adopted"
"""Stands for the format of a folder whose journal is lost: everything in it is written anew."""
TOGETHER = 10_000


def note_stale(store: Store, where: str, *values: Any) -> None:
    """Have the units that a condition names done again; what is staged of them too."""
    with named(store.journal.path):
        store.journal.begin()
        store.journal.db.execute(f"UPDATE units SET settings = x'' WHERE {where}", values)
        store.journal.db.execute(f"DELETE FROM staged WHERE {where}", values)
        store.journal.db.execute("DELETE FROM containers")
        store.journal.commit()


def note_stale_shard(store: Store, shard: int, count: int, ending: str) -> None:
    """Have the units of a shard done again, and the shard written without a look at what it held."""
    with named(store.journal.path):
        store.journal.begin()
        store.journal.db.executemany("DELETE FROM shards WHERE path = ?", ((path,) for path in shards_at(shard, count, ending)))
        store.journal.commit()
    note_stale(store, "bucket >> ? = ?", BITS - (count.bit_length() - 1), shard)


def note_missing(store: Store) -> None:
    """Have units done again whose files went or have another size; `verify` compares every byte."""
    journal = store.journal
    with closing(_missing(store)) as missing:
        while some := list(islice(missing, TOGETHER)):
            marks = ",".join("?" * len(some))
            note_stale(store, f"id IN ({marks})", *some)
    ending, count = FORMATS.get(journal.get("format"), ""), int(journal.get("shards") or 0)
    for shard in range(count if ending else 0):
        sizes: dict[str, int] = dict(journal.db.execute("SELECT path, size FROM shards").fetchall())
        if any(_size(f"{store.out}/{path}") != sizes.get(path) for path in shards_at(shard, count, ending)):
            note_stale_shard(store, shard, count, ending)


def _missing(store: Store) -> Generator[bytes, None, None]:
    root = str(store.out)
    for id, path, size in store.journal.rows("SELECT id, path, size FROM outputs"):
        if _size(f"{root}/{path}") != size:
            yield id


def _size(path: str) -> int:
    try:
        facts = os.lstat(path)
    except OSError:
        return -1
    return facts.st_size if S_ISREG(facts.st_mode) else -1


def adopt(store: Store) -> None:
    """Take over a folder that has an audit and no journal: know what is ours in it, and do all of it anew.

    Raises OutputError when its audit cannot be read: nothing says then which files are ours.
    """
    files = [path for path in shard_files(store.out) if path.exists()]
    if not files:
        return
    db = store.journal.db
    store.journal.begin()
    try:
        gathered = set()
        for entry in read_all(store.out):
            line = entry.source
            values = (
                raw_id(line.source),
                bucket_of(line.source),
                bytes.fromhex(line.sha256),
                b"",
                QUARANTINED,
                line.status,
                "",
                "",
                0,
            )
            marks = ",".join("?" * (len(values) + len(COUNTS)))
            db.execute(f"INSERT OR IGNORE INTO units VALUES (NULL, {marks})", (*values, *[0] * len(COUNTS)))
            for number, output in enumerate(line.outputs, 1):
                if any(output.path.endswith(ending) for ending in PACKERS):
                    gathered.add(output.path)
                    continue
                row = (output.path, raw_id(line.source), number, output.start, 0, bytes.fromhex(output.sha256), output.path)
                db.execute("INSERT OR IGNORE INTO outputs VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        paths = [path.relative_to(store.out).as_posix() for path in files] + sorted(gathered)
        db.executemany("INSERT INTO shards VALUES (?, -1, ?)", ((path, digest_of(store.out / path)) for path in paths))
        store.journal.set("format", ADOPTED)
    except (OutputError, ValueError) as error:
        db.rollback()
        raise OutputError(
            f"{store.out}: has an audit that cannot be read and no journal; choose another folder ({error})"
        ) from error
    store.journal.commit()
