"""One bounded reader for every codec: packed bytes in, plain bytes out, damage said where it is."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple

from cleaner.readers.decoders import (
    DECODERS,
    MAGIC,
    MOST_DICTIONARY,
    SAID,
    ZSTD_DICTIONARY,
    DamageError,
    Decoder,
    decode_piece,
    zstd_with,
)
from cleaner.readers.records import LIMITS, Limits
from cleaner.readers.window import Stream, Window

PIECE = 1 << 18
"""Plain bytes taken from a decoder at once, at most."""
PLAIN_PIECE = 1 << 16
"""Bytes that need no decoder: from 128 KB on the C library asks the kernel for each buffer, short as the file may be."""
SEARCH_BYTES = 64 << 20
"""What may be read twice in search of the next member, beyond the size of the input: keeps hostile files linear."""
CANDIDATE_BYTES = 1 << 20
"""Packed bytes after which a member must have shown how it begins: bzip2 unpacks 900 KB at once."""


class Piece(NamedTuple):
    """Plain bytes of one member."""

    at: int
    """Offset of the member in the packed input."""
    plain: bytes
    ends: bool = False
    """Whether the member is complete and its checksum, where it has one, is right."""


class Break(NamedTuple):
    """A member that cannot be unpacked to its end; what was given of it is not checked."""

    at: int
    reason: str
    message: str


def unpack(stream: Stream, codec: str, limits: Limits = LIMITS, *, resync: bytes = b"") -> Iterator[Piece | Break]:
    """The plain bytes of a stream, member by member; a Break where one is damaged, cut short or a bomb.

    Without `resync` a Break is the last thing that comes. With it, reading goes on at the next member
    whose plain bytes begin with it. Memory: a few MB, whatever the input.
    """
    if codec not in DECODERS:
        yield from _plain(stream)
        return
    window, tally = Window(stream), _Tally(limits)
    new = _decoders(window, codec)
    while (first := window.peek(1)) and not (first == b"\0" and _only_zeros_left(window)):
        start = window.at
        broken = yield from _member(window, new(), codec, tally)
        if broken is None:
            continue
        found = bool(resync) and _to_next_member(window, start, broken.reason, new, codec, resync, tally)
        if found and broken.reason == "truncated":
            broken = broken._replace(reason="damaged", message=f"{_place(codec, start)} runs over into the next")
        yield broken
        if not found:
            return


class _Tally:
    """What was unpacked so far, and what was read twice."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.plain = 0
        self.searched = 0

    def bomb(self, plain: int, packed: int, all_packed: int) -> str:
        """What to say where a member, or all of them so far, unpack to more than honest data does; else nothing."""
        for p, q in (plain, packed), (self.plain, all_packed):
            if p > self.limits.ratio_from and p > self.limits.ratio * q:
                return f"{p >> 20} MB come out of {q:,} bytes, more than {self.limits.ratio} times as many; unpack it first"
        return ""


def _decoders(window: Window, codec: str) -> Callable[[], Decoder]:
    """What makes the decoder of each member; with the dictionary that the first frame holds, where it holds one."""
    start = window.peek(8)
    size = int.from_bytes(start[4:], "little")
    if codec != "zst" or not start.startswith(ZSTD_DICTIONARY) or size > MOST_DICTIONARY:
        return DECODERS[codec]
    return zstd_with(window.peek(8 + size)[8:])


def _plain(stream: Stream) -> Iterator[Piece]:
    while data := stream.read(PLAIN_PIECE):
        yield Piece(0, data)
    yield Piece(0, b"", ends=True)


def _member(window: Window, decoder: Decoder, codec: str, tally: _Tally) -> Generator[Piece, None, Break | None]:
    """Give the pieces of the member that begins here; return the Break that ended it, if one did."""
    start, plain = window.at, 0
    try:
        while not decoder.eof:
            data = window.read() if decoder.needs_input else b""
            if decoder.needs_input and not data:
                return Break(start, "truncated", f"{_place(codec, start)} is cut short; get the file again")
            piece = decode_piece(decoder, codec, data, PIECE)
            plain += len(piece)
            tally.plain += len(piece)
            if too_much := tally.bomb(plain, window.at - start, window.at):
                return Break(start, "bomb", f"{_place(codec, start)}: {too_much}")
            if piece:
                yield Piece(start, piece)
    except DamageError as error:
        return Break(start, "damaged", f"{_place(codec, start)} is damaged ({error}); get the file again")
    window.go(window.at - len(decoder.unused_data))
    yield Piece(start, b"", ends=True)
    return None


def _place(codec: str, start: int) -> str:
    return f"{SAID[codec]} data that begins at byte {start:,}"


def _only_zeros_left(window: Window) -> bool:
    """Whether nothing but zeros follows, as tapes and disks leave them; a zero begins no member."""
    here = window.at
    while data := window.read():
        if data.count(0) < len(data):
            window.go(here)
            return False
    return True


def _to_next_member(
    window: Window, start: int, reason: str, new: Callable[[], Decoder], codec: str, resync: bytes, tally: _Tally
) -> bool:
    """Go to the next member that begins as it should; False when there is none, or the search costs too much.

    A damaged member may have swallowed those after it, so the search begins inside it, as far as its
    bytes are still at hand. That of a bomb begins where reading stopped.
    """
    end = window.at
    if reason != "bomb":
        window.go(start + 1)
        tally.searched += end - window.at
    while tally.searched <= SEARCH_BYTES + end and window.seek(MAGIC[codec]):
        here = window.at
        begins = _begins(window, new(), codec, resync)
        tally.searched += window.at - here
        window.go(here)
        if begins:
            return True
        window.go(here + 1)
    return False


def _begins(window: Window, decoder: Decoder, codec: str, expected: bytes) -> bool:
    """Whether a member begins here, and its plain bytes with `expected`."""
    plain, last = b"", window.at + CANDIDATE_BYTES
    try:
        while len(plain) < len(expected) and window.at < last and not decoder.eof:
            data = window.read(512) if decoder.needs_input else b""
            if decoder.needs_input and not data:
                break
            plain += decode_piece(decoder, codec, data, len(expected) - len(plain))
    except DamageError:
        return False
    return plain == expected
