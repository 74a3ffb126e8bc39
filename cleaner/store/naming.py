"""Which path each clean file gets: the names of an output folder as one decision over all sources.

Works on the journal's `outputs`, inside the transaction that plans a publication. Only names that a
change could have touched are looked at.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from cleaner.errors import OutputError
from cleaner.store.journal import Journal, text_id
from cleaner.store.places import key_of, other_path, wanted_path

TOGETHER = 1000
ATTEMPTS = 100
"""Hashes tried for a name that nobody else wants; a second is needed only where somebody planted the first."""


def place_outputs(journal: Journal, ending: str) -> None:
    """Take away the outputs of what changed or went, add those of what is staged, and settle who gets which name.

    Afterwards `intents` has every new content with its path and its place in the log, `moved` every
    unit that changed its name alone (the temporary table `moves` says from where to where), and `removals`
    every path that is nobody's any more. The temporary table `freed` has the paths that were ours before, and what
    stood there.
    """
    db = journal.db
    db.execute("CREATE TEMP TABLE freed (path TEXT PRIMARY KEY, key TEXT NOT NULL, sha256 BLOB) WITHOUT ROWID")
    db.execute("CREATE TEMP TABLE touched (key TEXT PRIMARY KEY) WITHOUT ROWID")
    db.execute("CREATE TEMP TABLE renamed (id BLOB, number INTEGER, path TEXT, PRIMARY KEY (id, number)) WITHOUT ROWID")
    db.execute("CREATE TEMP TABLE moves (id BLOB, number INTEGER, old TEXT, new TEXT)")
    _free_old(journal, ending)
    _add_new(journal, ending)
    for key in _doubtful(journal):
        _resolve(journal, key, ending)
    if db.execute("SELECT 1 FROM renamed LIMIT 1").fetchone():
        db.execute(_RENAME_INTENTS)
    _note_removals(journal)


def keys_of(id: str, articles: int, ending: str) -> Iterator[tuple[int, str, str]]:
    """Of each of a source's articles: its number, the path that it should have, and its key."""
    for number in range(1, articles + 1):
        path = wanted_path(id, number if articles > 1 else 0, ending)
        yield number, path, key_of(path)


def _free_old(journal: Journal, ending: str) -> None:
    if not journal.size():
        return
    changed = "SELECT id, articles FROM units WHERE articles AND (id IN (SELECT id FROM staged) OR id IN (SELECT id FROM gone))"
    for id, articles in journal.rows(changed):
        for number, _, key in keys_of(text_id(id), articles, ending):
            where = (key, id, number)
            query = "SELECT path, sha256 FROM outputs WHERE key = ? AND id = ? AND number = ?"
            row = journal.db.execute(query, where).fetchone()
            if row:
                journal.db.execute("INSERT OR REPLACE INTO freed VALUES (?, ?, ?)", (row[0], key, row[1]))
                journal.db.execute("DELETE FROM outputs WHERE key = ? AND id = ? AND number = ?", where)
                journal.db.execute("INSERT OR IGNORE INTO touched VALUES (?)", (key,))


def _add_new(journal: Journal, ending: str) -> None:
    """The staged outputs under the names that they should have; most keep them."""
    mark = f"{key_of(ending)}/"
    first = not journal.db.execute("SELECT 1 FROM outputs LIMIT 1").fetchone()
    rows: list[tuple[str, bytes, int, int, int, bytes, str, int]] = []
    for id, at, outputs in journal.rows("SELECT id, at + head + body, outputs FROM staged WHERE articles ORDER BY id"):
        place, rendered = at, _parsed(outputs)
        for (number, path, key), (start, size, digest) in zip(keys_of(text_id(id), len(rendered), ending), rendered, strict=True):
            rows.append((key, id, number, start, size, digest, path, place))
            place += size
            if mark in key:
                _note_folders(journal, key, mark)
        if len(rows) >= TOGETHER:
            _insert(journal, rows, first)
            rows = []
    _insert(journal, rows, first)
    if first:
        journal.db.execute("INSERT OR IGNORE INTO touched SELECT key FROM outputs GROUP BY key HAVING count(*) > 1")
        journal.db.execute("INSERT OR IGNORE INTO touched SELECT key FROM folders")


def _insert(journal: Journal, rows: list[tuple[str, bytes, int, int, int, bytes, str, int]], first: bool) -> None:
    db = journal.db
    db.executemany("INSERT INTO outputs VALUES (?, ?, ?, ?, ?, ?, ?)", (row[:7] for row in rows))
    db.executemany(
        "INSERT INTO intents VALUES (NULL, ?, ?, ?, ?, ?)",
        ((id, number, path, place, size) for _, id, number, _, size, _, path, place in rows),
    )
    if not first:
        db.executemany("INSERT OR IGNORE INTO touched VALUES (?)", ((row[0],) for row in rows))


def _parsed(outputs: str) -> list[tuple[int, int, bytes]]:
    return [(start, size, bytes.fromhex(digest)) for start, size, digest in json.loads(outputs)]


def _note_folders(journal: Journal, key: str, mark: str) -> None:
    """Folders whose names end as clean files do: a file may want the same name."""
    at = key.find(mark)
    while at >= 0:
        folder = key[: at + len(mark) - 1]
        journal.db.execute("INSERT OR IGNORE INTO folders VALUES (?)", (folder,))
        journal.db.execute("INSERT OR IGNORE INTO touched VALUES (?)", (folder,))
        at = key.find(mark, at + 1)


def _doubtful(journal: Journal) -> list[str]:
    """Touched keys that more than one file wants, or that a name of their own does not go with any more."""
    db = journal.db
    db.execute("INSERT OR IGNORE INTO touched SELECT a.key FROM aliases a JOIN touched t ON t.key = a.alias")
    if db.execute("SELECT 1 FROM folders LIMIT 1").fetchone():
        _touch_folders(journal)
    query = (
        "SELECT t.key FROM touched t JOIN outputs o ON o.key = t.key GROUP BY t.key "
        "HAVING count(*) > 1 OR t.key IN (SELECT key FROM aliases) OR t.key IN (SELECT alias FROM aliases) "
        "OR t.key IN (SELECT key FROM folders)"
    )
    return [str(row[0]) for row in db.execute(query)]


def _touch_folders(journal: Journal) -> None:
    """A folder that came or went may free or take a name; names that were freed may have been its last file."""
    for (folder,) in journal.db.execute("SELECT key FROM folders").fetchall():
        journal.db.execute("INSERT OR IGNORE INTO touched VALUES (?)", (folder,))
        if not _is_folder(journal, folder):
            journal.db.execute("DELETE FROM folders WHERE key = ?", (folder,))


def _is_folder(journal: Journal, key: str) -> bool:
    below = (f"{key}/", f"{key}0")  # "0" follows "/"
    return journal.db.execute("SELECT 1 FROM outputs WHERE key > ? AND key < ? LIMIT 1", below).fetchone() is not None


def _resolve(journal: Journal, key: str, ending: str) -> None:
    """Give the name to one of those who want it, to each other one a name of its own."""
    rows = journal.db.execute("SELECT id, number, path FROM outputs WHERE key = ?", (key,)).fetchall()
    wanted = [(text_id(id), id, number, path) for id, number, path in rows]
    wanted.sort(key=lambda row: (wanted_path(row[0], _shown(journal, row[1], row[2]), ending) != row[0], row[1], row[2]))
    winner = None if _is_folder(journal, key) else wanted[0][1:3]
    journal.db.execute("DELETE FROM aliases WHERE key = ?", (key,))
    for name, id, number, path in wanted:
        shown = _shown(journal, id, number)
        new = wanted_path(name, shown, ending) if (id, number) == winner else _own_path(journal, name, shown, ending, key)
        if new != path:
            _rename(journal, key, id, number, path, new)


def _shown(journal: Journal, id: bytes, number: int) -> int:
    """The number that stands in a name: none where the source has a single article."""
    several = journal.db.execute(
        "SELECT articles FROM staged WHERE id = ? UNION ALL SELECT articles FROM units WHERE id = ?", (id, id)
    ).fetchone()
    return number if several and several[0] > 1 else 0


def _own_path(journal: Journal, name: str, number: int, ending: str, key: str) -> str:
    for attempt in range(ATTEMPTS):
        path = other_path(name, number, ending, attempt)
        alias = key_of(path)
        taken = journal.db.execute("SELECT 1 FROM outputs WHERE key = ?", (alias,)).fetchone() or _is_folder(journal, alias)
        journal.db.execute("INSERT OR REPLACE INTO aliases VALUES (?, ?)", (alias, key))
        if not taken:
            break
    return path


def _rename(journal: Journal, key: str, id: bytes, number: int, old: str, new: str) -> None:
    where = (key, id, number)
    journal.db.execute("UPDATE outputs SET path = ? WHERE key = ? AND id = ? AND number = ?", (new, *where))
    if journal.db.execute("SELECT 1 FROM staged WHERE id = ?", (id,)).fetchone():
        journal.db.execute("INSERT OR REPLACE INTO renamed VALUES (?, ?, ?)", (id, number, new))
        return
    journal.db.execute("INSERT OR IGNORE INTO moved VALUES (?)", (id,))
    journal.db.execute("INSERT OR REPLACE INTO freed VALUES (?, ?, NULL)", (old, key))
    journal.db.execute("INSERT INTO moves VALUES (?, ?, ?, ?)", (id, number, old, new))


_RENAME_INTENTS = """
UPDATE intents SET path = (SELECT path FROM renamed r WHERE r.id = intents.id AND r.number = intents.number)
WHERE EXISTS (SELECT 1 FROM renamed r WHERE r.id = intents.id AND r.number = intents.number)"""


def _note_removals(journal: Journal) -> None:
    """Freed paths that nobody has now; first of all those that stand in the way of a new name."""
    early = journal.db.execute("SELECT 1 FROM folders LIMIT 1").fetchone() is not None
    for (path,) in journal.rows("SELECT path FROM freed"):
        key = key_of(path)
        owners = journal.db.execute(
            "SELECT path FROM outputs WHERE key = ? UNION ALL "
            "SELECT o.path FROM aliases a JOIN outputs o ON o.key = a.key WHERE a.alias = ?", (key, key)
        ).fetchall()  # fmt: skip
        if (path,) not in owners:
            twin = any(key_of(other) == key for (other,) in owners)
            journal.db.execute("INSERT OR IGNORE INTO removals VALUES (?, ?)", (path, early or twin))


def refuse_foreign_names(out: Path, journal: Journal) -> None:
    """Raise OutputError when a file that cleaner did not write has a name that is needed."""
    there: dict[str, bool] = {"": True}  # folders; what is in one that is not there is not there either
    for path, ours in journal.rows("SELECT i.path, f.path IS NOT NULL FROM intents i LEFT JOIN freed f ON f.path = i.path"):
        folder = path.rpartition("/")[0]
        if folder not in there:
            _look_for(out, folder, journal, there)
        if there[folder]:
            _refuse(out, path, journal, os.path.isdir(f"{out}/{path}") if ours else os.path.lexists(f"{out}/{path}"))


def _look_for(out: Path, folder: str, journal: Journal, there: dict[str, bool]) -> None:
    """Note whether a folder and those above it are there; refuse what stands in the place of one."""
    while folder not in there:
        there[folder] = os.path.lexists(f"{out}/{folder}")
        _refuse(out, folder, journal, there[folder] and not os.path.isdir(f"{out}/{folder}"))
        folder = folder.rpartition("/")[0]


def _refuse(out: Path, path: str, journal: Journal, there: bool) -> None:
    if there and not _becomes_free(journal, path):
        raise OutputError(f"{out}/{path}: not written by cleaner, and in the place of a clean file; move it away and run again")


def _becomes_free(journal: Journal, path: str) -> bool:
    """Whether what stands there is ours and goes first."""
    query = "SELECT 1 FROM removals WHERE early AND (path = ? OR (path > ? AND path < ?)) LIMIT 1"
    return journal.db.execute(query, (path, f"{path}/", f"{path}0")).fetchone() is not None
