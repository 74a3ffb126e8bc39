"""What an HTTP response carries, freed of its transfer and content codings, within limits."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Sequence

from cleaner.decoding import ALLOWED, AS_BROWSERS_READ, SINGLE_BYTE, decode
from cleaner.errors import SourceError
from cleaner.readers.decoders import MAGIC
from cleaner.readers.lines import BOM
from cleaner.readers.records import Limits
from cleaner.readers.unpacking import Break, unpack

MOST_LAYERS = 2
"""Content codings one over the other; no server has a use for more."""
_CODINGS = {"gzip": ("gz",), "x-gzip": ("gz",), "zstd": ("zst",), "br": ("br",), "deflate": ("zlib", "deflate"), "identity": ()}
"""`deflate` should be zlib's format; some servers send it bare."""
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]{0,1000})?\r\n")


class PayloadError(Exception):
    """A payload that cannot be had: the reason, and what to say."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def payload_of(body: bytes, transfer: str, content: str, limits: Limits) -> bytes:
    """The page itself: without the marks of a chunked transfer, unpacked as `Content-Encoding` says.

    Many archives keep these headers and bytes that are plain already; those are given as they are.
    Raises PayloadError for more than MOST_LAYERS codings, bombs, and bytes that break off.
    """
    codings = [name for name in re.split(r"[,\s]+", content.lower()) if name]
    if len(codings) > MOST_LAYERS:
        raise PayloadError("layers", f"{len(codings)} content codings ({content[:80]}), more than {MOST_LAYERS}")
    plain = _dechunked(body) if "chunked" in transfer.lower() else body
    for coding in reversed(codings):
        if coding not in _CODINGS:
            raise PayloadError("bad-record", f"content coding {coding[:40]!r} is none of {', '.join(_CODINGS)}")
        plain = _unpacked(plain, _CODINGS[coding], limits)
    return plain


def _dechunked(body: bytes) -> bytes:
    parts: list[bytes] = []
    at = 0
    while mark := _CHUNK.match(body, at):
        size = int(mark[1], 16)
        if not size:
            return b"".join(parts)
        parts.append(body[mark.end() : mark.end() + size])
        at = mark.end() + size + 2
    if not parts or (len(parts) == 1 and at < len(body)):
        return body  # plain already, and its text may begin with a number
    raise PayloadError("truncated" if at >= len(body) else "bad-record", f"its chunks break off at byte {at:,} of {len(body):,}")


def _unpacked(packed: bytes, ways: Sequence[str], limits: Limits) -> bytes:
    """Unpacked in the first way that gives anything; as it is where none does."""
    for codec in ways:
        if not packed.startswith(MAGIC.get(codec, b"")):
            continue
        plain, broken = _whole(packed, codec, limits)
        if broken and (plain or codec in MAGIC):
            raise PayloadError(broken.reason, f"its content coding: {broken.message}")
        if not broken:
            return plain
    return packed


def _whole(packed: bytes, codec: str, limits: Limits) -> tuple[bytes, Break | None]:
    """All plain bytes; where they break off, whether there were any is all that matters."""
    parts: list[bytes] = []
    size = 0
    for piece in unpack(io.BytesIO(packed), codec, limits):
        if isinstance(piece, Break):
            return b"".join(parts[:1]), piece
        parts.append(piece.plain)
        size += len(piece.plain)
        if size > limits.record:
            return parts[0], Break(0, "too-large", f"unpacks to more than {limits.record >> 20} MB")
    return b"".join(parts), None


def with_charset(raw: bytes, charset: str) -> bytes:
    """The page in the charset that HTTP declares, which goes before what the page says of itself.

    Where reading it without would give another text, it becomes UTF-8 with a mark; else it stays as it
    is. A charset that the bytes are not in, or of one byte a letter on bytes that are UTF-8, is not
    believed: servers send one setting for all their pages.
    """
    name = _codec(charset)
    if name is None or raw.isascii() or raw.startswith((BOM, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw
    if name in SINGLE_BYTE and _decodes(raw, "utf-8") is not None:
        return raw
    text = _decodes(raw, name)
    return raw if text is None or text == _alone(raw) else BOM + text.encode("utf-8", "replace")


def _codec(charset: str) -> str | None:
    try:
        name = codecs.lookup(charset.strip("\"' ")).name
    except (LookupError, ValueError):
        return None
    name = name if name.startswith("utf-16") else AS_BROWSERS_READ.get(name, name)
    return name if name in ALLOWED else None


def _decodes(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None


def _alone(raw: bytes) -> str | None:
    """The text as it is read without the header."""
    try:
        return decode(raw).text
    except SourceError:
        return None
