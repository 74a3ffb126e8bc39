"""Cuts the plain bytes of a web archive into records; one whose length or beginning is wrong costs itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from cleaner.readers.records import RAW_BYTES, Limits

SIGN = b"WARC/"
"""What a record begins with."""
_BLANK = b"\r\n\r\n"
_NEXT = re.compile(rb"WARC/1\.[0-9]\r\n[A-Za-z-]{1,40}:")
"""How a record begins, whatever stands before it: the line feed there may be what is damaged."""
_NEXT_BYTES = 52
_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*([0-9]{1,18})[ \t]*(?=\r\n)", re.IGNORECASE)


class Frame(NamedTuple):
    """A whole record: its header, its content and the blank line between them."""

    offset: int
    """In the plain bytes of its member."""
    raw: bytes
    body: int
    """Where its content begins."""


class Broken(NamedTuple):
    """Bytes that are no whole record."""

    offset: int
    reason: str
    message: str
    raw: bytes


class Cutter:
    """The plain bytes of one member that are not cut yet: at most one record, its header and what follows."""

    def __init__(self, limits: Limits, *, packed: bool) -> None:
        self._limits = limits
        self._packed = packed
        """Whether a codec vouches for the end of the member; without one, a last record must end as the format says."""
        self._held = bytearray()
        self._offset = 0
        self._lost: Broken | None = None

    def rest(self, reason: str, message: str) -> Broken:
        """What is not cut yet, where no more can come."""
        if self._lost:
            return self._lost._replace(reason=reason, message=message)
        return Broken(self._offset, reason, message, self._start())

    def _start(self) -> bytes:
        return bytes(self._held[:RAW_BYTES])

    def feed(self, plain: bytes, *, last: bool = False) -> Iterator[Frame | Broken]:
        """Records that these bytes complete; `last` says that no more will come."""
        self._held += plain
        while self._held:
            found = self._search(last=last) if self._lost else self._next(last=last)
            if found is None:
                break
            if found is not self._lost:  # what is still being lost is said once it is known that a record follows
                yield found
        if last and self._lost:
            yield self._lost
            self._lost = None

    def _drop(self, count: int) -> None:
        del self._held[:count]
        self._offset += count

    def _lose(self, reason: str, message: str, skip: int = 1) -> Broken:
        """Give up the record that begins here and look for the next one, `skip` bytes on."""
        self._lost = Broken(self._offset, reason, message, self._start())
        self._drop(skip)
        return self._lost

    def _search(self, *, last: bool) -> Broken | None:
        """Go to where the next record begins; what was lost, once it is known where it ends."""
        found = _NEXT.search(self._held)
        if found is None:
            self._drop(len(self._held) if last else max(len(self._held) - _NEXT_BYTES, 0))
            return None
        self._drop(found.start())
        lost, self._lost = self._lost, None
        return lost

    def _next(self, *, last: bool) -> Frame | Broken | None:
        """The record that begins here; None when more bytes are needed."""
        blank = len(self._held) - len(self._held.lstrip(b"\r\n"))
        if blank:
            self._drop(blank)
            return self._next(last=last) if self._held else None
        if not self._held.startswith(SIGN[: len(self._held)]):
            return self._lose("damaged", "bytes that begin no record")
        end = self._held.find(_BLANK, 0, self._limits.header)
        if end < 0:
            if len(self._held) >= self._limits.header:
                return self._lose("too-long", f"a header of more than {self._limits.header:,} bytes")
            return self._lose("truncated", "breaks off within its header") if last else None
        return self._framed(end, last=last)

    def _framed(self, end: int, *, last: bool) -> Frame | Broken | None:
        """The record whose header ends at `end`."""
        lengths = _LENGTH.findall(self._held, 0, end + 2)
        if len(lengths) != 1:
            return self._lose("bad-record", f"{len(lengths)} usable Content-Length in its header, not one", end)
        body, length = end + len(_BLANK), int(lengths[0])
        if length > self._limits.record:
            return self._lose("too-large", f"{length >> 20} MB, more than {self._limits.record >> 20}", end)
        whole = body + length
        after = bytes(self._held[whole : whole + len(_BLANK)])
        if len(self._held) < whole + len(_BLANK) and not last:
            return None
        if len(self._held) < whole:
            return self._lose("truncated", f"breaks off {whole - len(self._held):,} bytes before its end", end)
        if not _BLANK.startswith(after):
            return self._lose("bad-record", f"does not end after the {length:,} bytes that its Content-Length says", end)
        frame = Frame(self._offset, bytes(self._held[:whole]), body)
        self._drop(whole + len(after))
        if len(after) < len(_BLANK) and not self._packed:
            self._lost = Broken(self._offset, "truncated", "breaks off in the empty lines after its last record", b"")
        return frame
