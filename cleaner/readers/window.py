"""A stream with a bounded way back."""

from __future__ import annotations

from typing import Protocol

FEED = 1 << 14
"""Packed bytes given to a decoder at once. What follows a member is copied once a member: 16 KB keeps
a million tiny members linear."""
WAY_BACK = 1 << 20
"""Packed bytes that stay at hand for finding the next member: a damaged one may swallow those after it."""


class Stream(Protocol):
    """Anything that gives bytes."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


class Window:
    """A stream that remembers the last WAY_BACK bytes and can go back over them."""

    def __init__(self, stream: Stream) -> None:
        self.at = 0
        self._stream = stream
        self._held = bytearray()
        self._start = 0

    def read(self, size: int = FEED) -> bytes:
        """The next bytes; none at the end."""
        if self.at - self._start >= len(self._held):
            self._load()
        begin = self.at - self._start
        data = bytes(self._held[begin : begin + size])
        self.at += len(data)
        return data

    def peek(self, size: int) -> bytes:
        """The next `size` bytes without going on; fewer only at the end."""
        while len(self._held) - (self.at - self._start) < size and self._load():
            pass
        begin = self.at - self._start
        return bytes(self._held[begin : begin + size])

    def go(self, at: int) -> None:
        """Go back as far as the bytes are still at hand."""
        self.at = max(at, self._start)

    def seek(self, magic: bytes) -> bool:
        """Go forward to where `magic` stands next; whether it does."""
        while True:
            found = self._held.find(magic, self.at - self._start)
            if found >= 0:
                self.at = self._start + found
                return True
            self.at = max(self.at, self._start + len(self._held) - len(magic) + 1)
            if not self._load():
                return False

    def _load(self) -> bool:
        more = self._stream.read(WAY_BACK // 4)
        self._held += more
        spare = min(len(self._held) - WAY_BACK - len(more), self.at - self._start)
        if spare > 0:
            del self._held[:spare]
            self._start += spare
        return bool(more)
