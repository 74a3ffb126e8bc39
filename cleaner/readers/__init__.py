"""Inputs to raw articles: files, folders, patterns, addresses and standard input; plain or packed, single or in containers.

The one door through which bytes come in. What cannot be read is Rejected with its place and a reason
from REASONS, and the rest is read on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import BinaryIO

from cleaner.errors import SourceError
from cleaner.readers.archives import read_warc
from cleaner.readers.decoders import codec_of
from cleaner.readers.digests import digest_of_input, digest_of_path
from cleaner.readers.fields import Fields
from cleaner.readers.inputs import CODECS, CONTAINERS, ENDINGS, KINDS, STDIN, Input, ascii_safe, input_of, shown
from cleaner.readers.jsonl import read_jsonl
from cleaner.readers.listing import list_inputs, real_path
from cleaner.readers.opening import Started, open_input, unreadable
from cleaner.readers.records import LIMITS, MOST_BYTES, RAW_BYTES, REASONS, Limits, Record, Rejected
from cleaner.readers.rows import read_csv
from cleaner.readers.single import read_single
from cleaner.readers.tables import read_parquet

__all__ = [
    "CODECS",
    "CONTAINERS",
    "ENDINGS",
    "KINDS",
    "LIMITS",
    "MOST_BYTES",
    "RAW_BYTES",
    "READERS",
    "REASONS",
    "STDIN",
    "Fields",
    "Input",
    "Limits",
    "Record",
    "Rejected",
    "ascii_safe",
    "digest_of_input",
    "digest_of_path",
    "input_of",
    "list_inputs",
    "open_input",
    "read_bytes",
    "read_records",
    "read_stream",
    "real_path",
    "split_readable",
]

READERS: Mapping[str, Callable[[Started, Input, str, Fields, Limits], Iterator[Record | Rejected]]] = {
    "file": read_single,
    "jsonl": read_jsonl,
    "csv": read_csv,
    "parquet": read_parquet,
    "warc": read_warc,
}
"""What reads each container: the stream from its start, its input, its codec, the fields and the limits."""

_FIELDS = Fields()


def read_records(item: Input, fields: Fields = _FIELDS, limits: Limits = LIMITS) -> Iterator[Record | Rejected]:
    """Every article of an input, and every record that cannot be read, in the order of the input.

    Bad content never raises: it is Rejected. Memory is bounded by `limits`, not by the input. Raises
    UsageError where an optional library that the input needs is missing.
    """
    try:
        with open_input(item) as stream:
            yield from read_stream(stream, item, fields, limits)
    except SourceError as error:
        yield Rejected(item.id, "unreadable", str(error))
    except OSError as error:
        yield Rejected(item.id, "unreadable", str(unreadable(item, error)))


def read_stream(stream: BinaryIO, item: Input, fields: Fields = _FIELDS, limits: Limits = LIMITS) -> Iterator[Record | Rejected]:
    """As `read_records`, of a stream that is open already; `item` says what is in it. Raises OSError where it cannot be read."""
    start = Started(stream)
    codec = codec_of(start.first, item.codec)
    if item.codec and not start.first:
        yield Rejected(item.id, "truncated", f"{shown(item.id)}: empty, which no packed file is; get it again")
    else:
        yield from READERS[item.container](start, item, codec, fields, limits)


def read_bytes(item: Input) -> bytes:
    """The bytes of a file that is one article, unpacked.

    Raises SourceError, with the path and the reason, where they cannot be had, and for containers,
    which `read_records` reads.
    """
    if item.container != "file":
        raise SourceError(f"{shown(item.place)}: holds many articles; `cleaner clean` reads it into a folder (-o)")
    [found] = read_records(item)
    if isinstance(found, Rejected):
        raise SourceError(found.message)
    return found.raw


def split_readable(
    items: Iterable[Input], read: Callable[[Input], bytes] = read_bytes
) -> Iterator[tuple[Input, bytes | SourceError]]:
    """Each input with its bytes, or with the error that sets it aside."""
    for item in items:
        try:
            yield item, read(item)
        except SourceError as error:
            yield item, error
