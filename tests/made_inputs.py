"""Inputs made for the tests of the readers: archives, packed files, bombs."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import io
import random
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

from cleaner.readers import LIMITS, Fields, Input, Limits, Record, Rejected, input_of, read_records, read_stream

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CHECKED = {zstd.CompressionParameter.checksum_flag: 1}
"""As the zstd command packs."""
PACK = {
    "": bytes,
    "gz": lambda plain: gzip.compress(plain, mtime=0),
    "zst": lambda plain: zstd.compress(plain, options=CHECKED),
    "bz2": bz2.compress,
}
"""What packs plain bytes for each codec."""


def page(number: int, words: int = 40) -> bytes:
    """A page whose words differ from every other's, so that it packs as pages do."""
    rng = random.Random(number)
    story = " ".join(f"{rng.choice(WORDS)}{rng.randrange(1000)}" for _ in range(words))
    return f"<html><body><h1>Page {number}</h1><p>{story}</p></body></html>".encode()


WORDS = ("bridge", "harbour", "council", "mayor", "ferry", "river", "Monday", "budget", "school", "storm")


def warc_record(
    block: bytes, *, type: str = "response", url: str = "http://example.org/", media: str = "application/http; msgtype=response",
    length: int | None = None, digest: bool = False, extra: str = "",
) -> bytes:  # fmt: skip
    """One record as it stands in a plain archive."""
    named = (
        f"WARC-Block-Digest: sha1:{base64.b32encode(hashlib.new('sha1', block, usedforsecurity=False).digest()).decode()}\r\n"
        if digest
        else ""
    )
    header = (
        f"WARC/1.0\r\nWARC-Type: {type}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2026-11-01T00:00:00Z\r\n"
        f"WARC-Record-ID: <urn:uuid:{hashlib.sha256(block).hexdigest()[:32]}>\r\nContent-Type: {media}\r\n{named}{extra}"
        f"Content-Length: {len(block) if length is None else length}\r\n\r\n"
    )
    return header.encode() + block + b"\r\n\r\n"


def http(body: bytes, media: str = "text/html; charset=utf-8", status: str = "200 OK", extra: str = "") -> bytes:
    """An HTTP response."""
    return f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\n{extra}Content-Length: {len(body)}\r\n\r\n".encode() + body


def warc_records(pages: Sequence[bytes], **options: bool) -> list[bytes]:
    """A response record for each page."""
    return [warc_record(http(p), url=f"http://example.org/{i}", **options) for i, p in enumerate(pages)]


def packed_each(records: Sequence[bytes], codec: str) -> bytes:
    """An archive as crawlers write it: each record packed for itself."""
    return b"".join(PACK[codec](record) for record in records)


def zeros_gz(megabytes: int) -> bytes:
    """A gzip file of that many MB of zeros, made in no time from one piece of it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + piece * megabytes + b"\x03\0" + bytes(8)


def written(folder: Path, name: str, content: bytes) -> Input:
    """A file with this content, as listed."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return input_of(path, name)


FIELDS = Fields()


def read(item: Input, fields: Fields = FIELDS, limits: Limits = LIMITS) -> tuple[list[Record], list[Rejected]]:
    """The records and the rejected ones of an input."""
    found = list(read_records(item, fields, limits))
    return [f for f in found if isinstance(f, Record)], [f for f in found if isinstance(f, Rejected)]


def read_memory(
    content: bytes, item: Input, limits: Limits = LIMITS, fields: Fields = FIELDS
) -> tuple[list[Record], list[Rejected]]:
    """As `read`, of bytes that stand in no file: for loops over thousands of them."""
    found = list(read_stream(io.BytesIO(content), item, fields, limits))
    return [f for f in found if isinstance(f, Record)], [f for f in found if isinstance(f, Rejected)]


def raws(item: Input) -> list[bytes]:
    """The bytes of every article of an input that has nothing to reject."""
    records, rejected = read(item)
    assert not rejected
    return [record.raw for record in records]
