"""Writing shards: what a shard holds already, merged with what is new."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from cleaner.audit import quoted, unfolded
from cleaner.errors import OutputError
from cleaner.store.commit import make_folder, named, sync_folder, temporary, write_measured
from cleaner.store.folder import Store
from cleaner.store.gathered import ARTICLES, AUDIT, BITS, PACKERS, Held, held_by, plain, shard_path
from cleaner.store.journal import Journal, printable_id, text_id
from cleaner.store.naming import keys_of
from cleaner.writers import FORMATS

OUTPUTS = b',"outputs":['
"""Begins the last field of an audit's source line, the only one that depends on other sources."""
FROM_BUCKETS = """
SELECT bucket >> {shift} AS shard FROM staged
UNION SELECT bucket >> {shift} FROM units WHERE id IN (SELECT id FROM gone) OR id IN (SELECT id FROM moved)"""
ROWS = """
SELECT shard, id, new, at, head, body, outputs, articles, moved FROM (
  SELECT bucket >> {shift} AS shard, id, 1 AS new, at, head, body, outputs, articles, 0 AS moved FROM staged
  UNION ALL
  SELECT bucket >> {shift}, id, 0, 0, 0, 0, '', articles, id IN (SELECT id FROM moved) FROM units
  WHERE id NOT IN (SELECT id FROM staged) AND id NOT IN (SELECT id FROM gone))
WHERE shard IN (SELECT shard FROM dirty) ORDER BY shard, id"""


PLACED = """
WITH wanted (key, id, number) AS (VALUES {})
SELECT o.id, o.number, o.path, o.sha256, o.start
FROM wanted w CROSS JOIN outputs o ON o.key = w.key AND o.id = w.id AND o.number = w.number"""
"""A cross join looks each of them up; of rows of values in a list SQLite makes a scan of the whole table."""
TOGETHER = 256
"""Clean articles that are looked up together: a query for each took a third of the time of writing a shard."""
Placed = tuple[str, str, int]
"""Path, SHA-256 and first paragraph of a clean article."""


class StaleError(OutputError):
    """A shard is not what was written; its sources are to be judged again."""

    def __init__(self, message: str, shard: int, count: int) -> None:
        super().__init__(message)
        self.shard = shard
        self.count = count


class Row(NamedTuple):
    """A source of a shard, in the order of ids."""

    shard: int
    raw_id: bytes
    new: int
    """Whether it comes from the log."""
    at: int
    head: int
    body: int
    outputs: str
    articles: int
    moved: int

    @property
    def id(self) -> str:
        """The source's id."""
        return text_id(self.raw_id)


def dirty_shards(journal: Journal, ending: str) -> list[int]:
    """The shards to write, also kept in the temporary table `dirty`: all of them when their number changed."""
    count, earlier = int(journal.get("shards")), journal.get("earlier")
    journal.db.execute("DROP TABLE IF EXISTS temp.dirty")
    journal.db.execute("CREATE TEMP TABLE dirty (shard INTEGER PRIMARY KEY)")
    if str(count) == earlier and not _incomplete(journal, count, ending):
        journal.db.execute(f"INSERT INTO dirty {FROM_BUCKETS.format(shift=_shift(count))}")
    else:
        journal.db.executemany("INSERT INTO dirty VALUES (?)", ((shard,) for shard in range(count)))
    return [shard for (shard,) in journal.db.execute("SELECT shard FROM dirty ORDER BY shard").fetchall()]


def _shift(shards: int) -> int:
    return BITS - (shards.bit_length() - 1)


def _incomplete(journal: Journal, count: int, ending: str) -> bool:
    """Whether shards are missing: in a new folder, or where another format gathered or did not."""
    return journal.count("SELECT count(*) FROM shards") != count * (2 if ending in PACKERS else 1)


def check_shards(store: Store, ending: str) -> None:
    """Raise StaleError when a shard that will be merged is not as it was written, of which the sources are to be done again."""
    journal, earlier = store.journal, store.journal.get("earlier")
    if not earlier or not journal.size():
        return
    dirty = set(dirty_shards(journal, ending))
    bits = int(earlier).bit_length() - int(journal.get("shards")).bit_length()
    for old in range(int(earlier)):
        merged = {old >> bits} if bits >= 0 else set(range(old << -bits, (old + 1) << -bits))
        if not dirty & merged:
            continue
        for path in shards_at(old, int(earlier), ending):
            _check_shard(store, path, old, int(earlier))


def shards_at(shard: int, count: int, ending: str) -> list[str]:
    """The paths of a shard: its audit, and its articles where they are gathered."""
    gathered = [shard_path(ARTICLES, shard, count, ending)] if ending in PACKERS else []
    return [shard_path(AUDIT, shard, count, ".jsonl"), *gathered]


def _check_shard(store: Store, path: str, shard: int, count: int) -> None:
    row = store.journal.db.execute("SELECT sha256 FROM shards WHERE path = ?", (path,)).fetchone()
    if row and digest_of(store.out / path) != row[0]:
        raise StaleError(f"{store.out / path}: changed since it was written", shard, count)


def digest_of(path: Path) -> bytes:
    """SHA-256 of a file; of nothing where it cannot be read."""
    digest = sha256()
    try:
        with path.open("rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
    except OSError:
        return b""
    return digest.digest()


def write_shards(store: Store) -> list[tuple[str, int, bytes]]:
    """Write what is dirty of the audit, and of the articles where they are gathered.

    Returns path, size and SHA-256 of every shard that the folder then has.
    """
    journal, ending = store.journal, FORMATS[store.journal.get("format")]
    count = int(journal.get("shards"))
    dirty = dirty_shards(journal, ending)
    wanted = {path for shard in range(count) for path in shards_at(shard, count, ending)}
    known = {row[0]: row for row in journal.rows("SELECT path, size, sha256 FROM shards") if row[0] in wanted}
    rows = _Rows(journal, count)
    for shard in dirty:
        known |= {row[0]: row for row in _write_shard(store, shard, rows.of(shard), ending)}
    return [known[path] for path in sorted(known)]


class _Rows:
    """Rows of all dirty shards, taken shard by shard from one sorted query."""

    def __init__(self, journal: Journal, count: int) -> None:
        self._rows = map(Row._make, journal.rows(ROWS.format(shift=_shift(count))))
        self._next = next(self._rows, None)

    def of(self, shard: int) -> list[Row]:
        """The rows of a shard; shards are asked for in order."""
        rows = []
        while self._next and self._next.shard == shard:
            rows.append(self._next)
            self._next = next(self._rows, None)
        return rows


def _write_shard(store: Store, shard: int, rows: Sequence[Row], ending: str) -> Iterator[tuple[str, int, bytes]]:
    count = int(store.journal.get("shards"))
    if ending in PACKERS:
        articles = shard_path(ARTICLES, shard, count, ending)
        yield _write(store, articles, PACKERS[ending](_article_lines(store, shard, rows, ending)))
        outputs = {row.raw_id: articles for row in rows}
    else:
        outputs = {}
    yield _write(store, shard_path(AUDIT, shard, count, ".jsonl"), plain(_audit_lines(store, shard, rows, ending, outputs)))


def _write(store: Store, path: str, parts: Iterable[bytes]) -> tuple[str, int, bytes]:
    """Write a file in parts; returns its path, size and digest."""
    full = f"{store.out}/{path}"
    with named(full):
        make_folder(store.disk, full.rpartition("/")[0])
        size, digest = write_measured(store.disk, full, parts)
        store.disk.rename(temporary(full), full)
        sync_folder(store.disk, full.rpartition("/")[0])
    return path, size, digest


def _held(store: Store, stem: str, shard: int, rows: Sequence[Row], ending: str) -> Iterator[Held]:
    """What is held of this shard's sources, nothing where all of them are new."""
    if all(row.new for row in rows):
        return iter(())
    count, earlier = int(store.journal.get("shards")), int(store.journal.get("earlier") or 1)
    return held_by(store.out, stem, ending, shard, count, earlier)


def _audit_lines(store: Store, shard: int, rows: Sequence[Row], ending: str, gathered: dict[bytes, str]) -> Iterator[bytes]:
    held = _held(store, AUDIT, shard, rows, ".jsonl")
    renamed = bool(gathered) and store.journal.get("shards") != store.journal.get("earlier")
    for row, outputs in _with_outputs(store.journal, rows, ending, gathered):
        if row.new:
            entry = store.log.read(row.at, row.head + row.body)
            yield entry[: row.head]
            yield _tail(outputs)
            yield from unfolded(entry[row.head :])
            continue
        found = _advanced(held, row.id, store.out)
        line = found.line
        if row.moved or (renamed and row.articles):
            line = _with_paths(line, outputs, gathered.get(row.raw_id))
        yield line
        yield found.rest


def _advanced(held: Iterator[Held], id: str, out: Path) -> Held:
    """What is held of this source; what comes before it is of sources that changed or went."""
    for found in held:
        if found.id == id:
            return found
    raise OutputError(f"{out}: its audit has lost {printable_id(id)}; remove {out}/.cleaner and clean the corpus again")


def _with_paths(line: bytes, outputs: Iterable[Placed], gathered: str | None) -> bytes:
    """A held source line with the paths that its outputs have now."""
    at = line.rindex(OUTPUTS)
    if gathered is not None:
        outputs = [(gathered, o["sha256"], o["start"]) for o in json.loads(b"{" + line[at + 1 :])["outputs"]]
    return line[:at] + _tail(outputs)


def _with_outputs(
    journal: Journal, rows: Sequence[Row], ending: str, gathered: dict[bytes, str]
) -> Iterator[tuple[Row, list[Placed]]]:
    """Rows, those that are new or moved with path, SHA-256 and first paragraph of each of their clean articles."""
    displaced = journal.count("SELECT count(*) FROM aliases") > 0  # every name of its own has one
    for at in range(0, len(rows), TOGETHER):
        some = rows[at : at + TOGETHER]
        asked = [row for row in some if row.moved or (row.new and displaced)]
        placed = {} if gathered else _placed(journal, asked, ending)
        for row in some:
            sure = row.new and (gathered or not displaced)
            yield row, _own_places(row, ending, gathered) if sure else placed.get(row.raw_id, [])


def _own_places(row: Row, ending: str, gathered: dict[bytes, str]) -> list[Placed]:
    """Where the clean articles of a new source stand: gathered, or each where it should be when no other wanted the place."""
    outputs = json.loads(row.outputs)
    inside = gathered.get(row.raw_id)
    if inside is not None:
        return [(inside, digest, start) for start, _, digest in outputs]
    paths = (path for _, path, _ in keys_of(row.id, row.articles, ending))
    return [(path, digest, start) for path, (start, _, digest) in zip(paths, outputs, strict=True)]


def _placed(journal: Journal, rows: Iterable[Row], ending: str) -> dict[bytes, list[Placed]]:
    """Where the clean articles of these sources stand, in the order of their numbers."""
    wanted = [(key, row.raw_id, number) for row in rows for number, _, key in keys_of(row.id, row.articles, ending)]
    found: dict[bytes, list[Placed]] = {}
    for at in range(0, len(wanted), TOGETHER):
        some = wanted[at : at + TOGETHER]
        values = [value for row in some for value in row]
        placed = {
            (id, number): rest
            for id, number, *rest in journal.db.execute(PLACED.format(",".join(["(?,?,?)"] * len(some))), values)
        }
        for _, id, number in some:
            path, digest, start = placed[id, number]
            found.setdefault(id, []).append((path, digest.hex(), start))
    return found


def _tail(outputs: Iterable[tuple[str, str, int]]) -> bytes:
    """The end of a source line."""
    shown = (b'{"path":%b,"sha256":"%b","start":%d}' % (quoted(path), digest.encode(), start) for path, digest, start in outputs)
    return OUTPUTS + b",".join(shown) + b"]}\n"


def _article_lines(store: Store, shard: int, rows: Sequence[Row], ending: str) -> Iterator[bytes]:
    """Records of a shard in the order of their sources."""
    held = _held(store, ARTICLES, shard, rows, ending)
    waiting: Any = next(held, None)
    for row in rows:
        if row.new:
            at = row.at + row.head + row.body
            for _, size, _ in json.loads(row.outputs):
                yield store.log.read(at, size)
                at += size
            continue
        name = printable_id(row.id)
        for _ in range(row.articles):
            while waiting and waiting.id != name:
                waiting = next(held, None)
            if waiting is None:
                raise OutputError(
                    f"{store.out}: {name} is no longer among its articles; remove {store.out}/.cleaner and run again"
                )
            yield waiting.line
            waiting = next(held, None)
