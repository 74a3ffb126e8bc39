"""Files that hold many sources: shards of the audit, and of the articles where they are gathered.

A source's shard follows from its id and from the number of sources alone. In a shard, sources stand
in the order of their ids; so a shard is rewritten by merging what it holds with what is new.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import merge
from pathlib import Path
from typing import Any, NamedTuple

from cleaner.errors import OutputError, UsageError
from cleaner.store.journal import bucket_of

PER_SHARD = 2048
"""Sources a shard, at most twice as many on the unlucky side: a changed source rewrites about 20 MB of audit."""
BITS = 32
"""Of a bucket."""
AUDIT, ARTICLES = "audit", "articles"
ROWS = 256
"""Rows of a Parquet row group: a reader that needs one article reads a few megabytes."""
_SOURCE = re.compile(rb'\{"id":"(?:[^"\\]|\\.)*","source":("(?:[^"\\]|\\.)*")')
_NAME = re.compile(r"(?:audit|articles)(?:/[0-9]+-of-([0-9]+))?\.(?:jsonl(?:\.gz|\.zst)?|parquet)")


def shards_for(sources: int) -> int:
    """The number of shards, a power of two, for so many sources."""
    return 1 << max(sources - 1, 0).bit_length() - (PER_SHARD - 1).bit_length() if sources > PER_SHARD else 1


def shard_path(stem: str, shard: int, shards: int, ending: str) -> str:
    """A shard's path: `audit.jsonl` alone, `audit/00003-of-00008.jsonl` among others."""
    return f"{stem}{ending}" if shards == 1 else f"{stem}/{shard:05d}-of-{shards:05d}{ending}"


def shard_of(bucket: int, shards: int) -> int:
    """The shard, from 0, that a bucket belongs to."""
    return bucket >> BITS - (shards.bit_length() - 1) if shards > 1 else 0


def shard_paths(out: Path, stem: str, ending: str) -> list[Path]:
    """The shards that a folder holds, in order; the single one where there is none."""
    single = out / f"{stem}{ending}"
    several = sorted((out / stem).glob(f"[0-9]*-of-[0-9]*{ending}")) if not single.exists() else []
    return several or [single]


def is_shard(path: str) -> bool:
    """Whether a path is one that a shard can have."""
    return _NAME.fullmatch(path) is not None


class Held(NamedTuple):
    """What a shard holds of one source: the audit's source line and the lines after it, or one article."""

    id: str
    """In articles as `printable_id` gives it."""
    line: bytes
    rest: bytes


def held_by(out: Path, stem: str, ending: str, shard: int, shards: int, earlier: int) -> Iterator[Held]:
    """What shards written when there were `earlier` shards hold for one of `shards` shards, by id."""
    read = _audit_entries if stem == AUDIT else _articles
    if earlier <= shards:
        old = shard_of(_first_bucket(shard, shards), earlier)
        found = read(out / shard_path(stem, old, earlier, ending), ending)
        yield from (held for held in found if shard_of(bucket_of(held.id), shards) == shard)
        return
    several = earlier // shards
    olds = range(shard * several, (shard + 1) * several)
    yield from merge(*(read(out / shard_path(stem, old, earlier, ending), ending) for old in olds), key=lambda held: held.id)


def _first_bucket(shard: int, shards: int) -> int:
    return shard << BITS - (shards.bit_length() - 1)


def _audit_entries(path: Path, _: str) -> Iterator[Held]:
    """Entries of an audit shard as bytes."""
    line = b""
    rest: list[bytes] = []
    for row in _lines(path, b""):
        if row.startswith(b'{"record":"source"'):
            if line:
                yield Held(_id_of(line, path), line, b"".join(rest))
            line, rest = row, []
        else:
            rest.append(row)
    if line:
        yield Held(_id_of(line, path), line, b"".join(rest))


def _id_of(line: bytes, path: Path) -> str:
    try:
        return str(json.loads(line)["source"])
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{path}: damaged ({error}); run `cleaner clean` with --again") from error


def _articles(path: Path, ending: str) -> Iterator[Held]:
    for line in _lines(path, ending):
        match = _SOURCE.match(line)
        if not match:
            raise OutputError(f"{path}: not a line that cleaner wrote; run `cleaner clean` with --again")
        yield Held(json.loads(match[1]), line, b"")


def _lines(path: Path, ending: str | bytes) -> Iterator[bytes]:
    try:
        if ending == ".parquet":
            yield from parquet_lines(path)
            return
        with path.open("rb") as stream:
            yield from _unpacked(stream, str(ending))
    except (OSError, EOFError, zlib.error) as error:
        raise OutputError(f"{path}: cannot be read ({error}); run `cleaner clean` with --again") from error


def _unpacked(stream: Any, ending: str) -> Iterator[bytes]:
    if ending.endswith(".gz"):
        yield from gzip.GzipFile(fileobj=stream)
    elif ending.endswith(".zst"):
        yield from _zstd().ZstdFile(stream)
    else:
        yield from stream


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a gathered file, unpacked; the rows of a table as the lines that they were made from."""
    name = path.name
    yield from _lines(path, name[name.index(".") :])


Packer = Callable[[Iterable[bytes]], Iterator[bytes]]


def plain(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines, gathered into pieces that are worth a call."""
    waiting, size = [], 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= 1 << 20:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


def gzipped(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines as gzip without a time or a name in its header, so that the same lines give the same bytes."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    check, size = 0, 0
    yield b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    for piece in plain(lines):
        check, size = zlib.crc32(piece, check), size + len(piece)
        yield packer.compress(piece)
    yield packer.flush() + check.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")


def zstandard(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines as one Zstandard frame."""
    packer = _zstd().ZstdCompressor(level=6)
    for piece in plain(lines):
        yield packer.compress(piece)
    yield packer.flush()


def parquet(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Records, one JSON line each, as a Parquet table; written in memory, a shard at a time."""
    import pyarrow as pa  # an extra, 0.3 s to import
    from pyarrow import parquet as pq

    schema = _schema(pa)
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        rows: list[dict[str, Any]] = []
        for line in lines:
            rows.append(_row(json.loads(line)))
            if len(rows) == ROWS:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                rows = []
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, schema))
    yield sink.getvalue().to_pybytes()


def parquet_lines(path: Path) -> Iterator[bytes]:
    """The records of a table as the JSON lines that it was made from."""
    from pyarrow import ArrowException
    from pyarrow import parquet as pq

    try:
        with pq.ParquetFile(path) as table:
            for batch in table.iter_batches(ROWS):
                for row in batch.to_pylist():
                    row["removed"] = dict(row["removed"])
                    yield json_line(row)
    except ArrowException as error:
        raise OutputError(f"{path}: damaged ({str(error)[:200]}); run `cleaner clean` with --again") from error


def json_line(row: Mapping[str, Any]) -> bytes:
    """A record as one line of JSON; halves of characters as escapes."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace") + b"\n"


def _schema(pa: Any) -> Any:
    text, number = pa.string(), pa.int64()
    paragraph = pa.struct([("text", text), ("label", text), ("start", number), ("end", number)])
    names = ("id", "source", "url", "title", "author", "date", "language", "text")
    return pa.schema([
        *((name, text) for name in names),
        ("paragraphs", pa.list_(paragraph)), ("removed", pa.map_(text, number)), ("model", text), ("policy", text),
    ])  # fmt: skip


def _row(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "removed": list(record["removed"].items())}


def _zstd() -> Any:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError as error:  # pragma: no cover - it is a dependency where Python has none of its own
        raise UsageError("Zstandard is not installed; `pip install backports.zstd`") from error
    return zstd


PACKERS: Mapping[str, Packer] = {".jsonl": plain, ".jsonl.gz": gzipped, ".jsonl.zst": zstandard, ".parquet": parquet}
"""What makes the bytes of a shard of records, by the ending of its files."""
