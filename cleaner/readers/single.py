"""A file that is one article."""

from __future__ import annotations

import io
from collections.abc import Iterator

from cleaner.readers.decoders import SAID, codec_of
from cleaner.readers.fields import Fields
from cleaner.readers.inputs import Input, shown
from cleaner.readers.records import RAW_BYTES, Limits, Record, Rejected
from cleaner.readers.unpacking import Break, unpack
from cleaner.readers.window import Stream

MOST_LAYERS = 2
"""A page that a server packed and a crawler packed again; more is nobody's article."""


def read_single(stream: Stream, item: Input, codec: str, fields: Fields, limits: Limits) -> Iterator[Record | Rejected]:
    """The one article of a file; what came before damage is kept in the Rejected, not taken for the whole."""
    del fields
    raw, broken = _whole(stream, codec, limits)
    layers = int(bool(codec))
    while not broken and (inner := codec_of(raw[:8])):
        if layers == MOST_LAYERS:
            broken = Break(0, "layers", f"{SAID[inner]} data within {layers} others; unpack it first")
            break
        raw, broken = _whole(io.BytesIO(raw), inner, limits)
        layers += 1
    if broken:
        yield Rejected(item.id, broken.reason, f"{shown(item.place)}: {broken.message}", raw[:RAW_BYTES])
    else:
        yield Record(item.id, raw, item.kind)


def _whole(stream: Stream, codec: str, limits: Limits) -> tuple[bytes, Break | None]:
    parts: list[bytes] = []
    size = 0
    for piece in unpack(stream, codec, limits):
        if isinstance(piece, Break):
            return _start(parts), piece
        parts.append(piece.plain)
        size += len(piece.plain)
        if size > limits.article:
            most = limits.article >> 20
            return _start(parts), Break(0, "too-large", f"more than {most} MB in one file; split it")
    return b"".join(parts), None


def _start(parts: list[bytes]) -> bytes:
    """The first RAW_BYTES, without copying the rest."""
    start = bytearray()
    for part in parts:
        if len(start) >= RAW_BYTES:
            break
        start += part
    return bytes(start[:RAW_BYTES])
