"""Plain bytes to lines, each with its number and place, none longer than it may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cleaner.readers.records import RAW_BYTES
from cleaner.readers.unpacking import Break, Piece

BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One line as its bytes, without the line feed."""

    number: int
    """From 1."""
    offset: int
    """Of its first byte in the plain bytes."""
    raw: bytes
    """All of it; of a line that is too long, the first RAW_BYTES."""
    too_long: bool = False
    cut: bool = False
    """Whether the input broke off within it."""


def split_lines(pieces: Iterable[Piece | Break], most: int) -> Iterator[Line | Break]:
    """Lines that end with a line feed, and the last one; then the Break that ended the input, if one did.

    At most `most` bytes of a line are held.
    """
    cutter = _Cutter(most)
    for piece in pieces:
        if isinstance(piece, Break):
            yield from cutter.rest(cut=True)
            yield piece
            return
        if piece.plain:
            yield from cutter.feed(piece.plain)
    yield from cutter.rest(cut=False)


class _Cutter:
    """The line that is not complete yet."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._number = 1
        self._offset = 0
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, plain: bytes) -> Iterator[Line]:
        """The lines that these bytes complete."""
        *complete, last = plain.split(b"\n")
        for part in complete:
            self._add(part)
            yield self._line()
            self._offset += self._size + 1
            self._number += 1
            self._parts, self._size = [], 0
        self._add(last)

    def rest(self, *, cut: bool) -> Iterator[Line]:
        """What follows the last line feed."""
        if self._size:
            yield self._line()._replace(cut=cut)

    def _add(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= self._most:
            self._parts.append(part)
        elif len(self._parts) != 1 or len(self._parts[0]) > RAW_BYTES:
            self._parts = [b"".join([*self._parts, part])[:RAW_BYTES]]

    def _line(self) -> Line:
        raw = b"".join(self._parts)
        return Line(self._number, self._offset, raw.removeprefix(BOM) if self._number == 1 else raw, self._size > self._most)
