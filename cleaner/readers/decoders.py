"""The decoders of each codec in one shape."""

from __future__ import annotations

import bz2
import sys
import zlib
from collections.abc import Callable
from functools import partial
from typing import Protocol

MAGIC = {"gz": b"\x1f\x8b\x08", "zst": b"\x28\xb5\x2f\xfd", "bz2": b"BZh"}
ZSTD_DICTIONARY = b"\x5d\x2a\x4d\x18"
"""How the frame begins in which a web archive carries its dictionary (IIPC, WARC-zstd 1.0)."""
MOST_DICTIONARY = 16 << 20
"""Archive Team's have 1 MB."""
ZSTD_WINDOW_LOG = 27
"""Windows to 128 MB, as the zstd command takes them without being told otherwise."""


class Decoder(Protocol):
    """The decoders of the standard library, as `bz2` and `compression.zstd` shape them."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class Inflate:
    """zlib's decoder in the shape of the others; `bits` tells gzip (31), zlib (15) and bare deflate (-15) apart."""

    def __init__(self, bits: int = 31) -> None:
        self._zlib = zlib.decompressobj(bits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """At most `max_length` bytes; the rest comes with the next calls."""
        plain = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self.needs_input = not self._zlib.unconsumed_tail and len(plain) < max_length
        return plain


class Unbrotli:
    """brotli's decoder in the shape of the others."""

    unused_data = b""

    def __init__(self) -> None:
        import brotli

        self._brotli = brotli.Decompressor()

    @property
    def eof(self) -> bool:
        return bool(self._brotli.is_finished())

    @property
    def needs_input(self) -> bool:
        return bool(self._brotli.can_accept_more_data())

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """About `max_length` bytes; the rest comes with the next calls."""
        return bytes(self._brotli.process(data, output_buffer_limit=max_length))


def _unzstd(dictionary: bytes = b"") -> Decoder:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG}
    return zstd.ZstdDecompressor(zstd.ZstdDict(dictionary) if dictionary else None, options)


def _errors(codec: str) -> tuple[type[Exception], ...]:
    """What a decoder raises for data that is not its own."""
    if codec == "br":
        import brotli

        return (brotli.error,)
    if codec != "zst":
        return (zlib.error, OSError, ValueError, EOFError)
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return (zstd.ZstdError,)


DECODERS: dict[str, Callable[[], Decoder]] = {
    "gz": Inflate,
    "zst": _unzstd,
    "bz2": bz2.BZ2Decompressor,
    "br": Unbrotli,
    "zlib": partial(Inflate, 15),
    "deflate": partial(Inflate, -15),
}
"""The last three have no sign of their own: only servers use them, and name them in a header."""
SAID = {"gz": "gzip", "zst": "zstd", "bz2": "bzip2", "br": "brotli", "zlib": "deflate", "deflate": "deflate"}


def zstd_with(dictionary: bytes) -> Callable[[], Decoder]:
    """Decoders that know a dictionary, itself packed or not, as web archives carry one in their first frame.

    Without one where it is none: its members are then damaged, each for itself.
    """
    no_dictionary: tuple[type[Exception], ...] = (DamageError, ValueError, *_errors("zst"))
    try:
        if dictionary.startswith(MAGIC["zst"]):
            dictionary = decode_piece(_unzstd(), "zst", dictionary, MOST_DICTIONARY)
        _unzstd(dictionary)
    except no_dictionary:
        return _unzstd
    return partial(_unzstd, dictionary)


class DamageError(Exception):
    """Packed data that its decoder does not take."""


def decode_piece(decoder: Decoder, codec: str, packed: bytes, most: int) -> bytes:
    """The next plain bytes, at most `most`. Raises DamageError where the packed ones are damaged."""
    try:
        return decoder.decompress(packed, most)
    except _errors(codec) as error:
        raise DamageError(str(error)) from error


def codec_of(start: bytes, named: str = "") -> str:
    """The codec of an input by its first bytes, `named` by its ending; nothing for plain bytes.

    One wrong byte in the sign of the named codec is damage, not another format.
    """
    found = next((codec for codec, magic in MAGIC.items() if start.startswith(magic)), "")
    if found or not named:
        return found
    signs = (MAGIC[named], *([start[:1] + b"\x2a\x4d\x18"] if named == "zst" else []))  # a frame of zstd that is skipped
    return named if any(sum(a != b for a, b in zip(start, sign, strict=False)) <= 1 for sign in signs) else ""
