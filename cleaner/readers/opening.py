"""The one door through which bytes come in: regular files, standard input, addresses."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from typing import BinaryIO, cast

from cleaner.errors import SourceError
from cleaner.readers.addresses import open_address
from cleaner.readers.inputs import STDIN, Input, shown

SIGN_BYTES = 8
"""Enough to tell every codec from plain bytes."""


def open_input(item: Input) -> BinaryIO:
    """The packed bytes of an input, from its start. Closing those of standard input leaves it open.

    Raises SourceError, with the path and the reason, for what cannot be opened and for pipes, devices
    and folders.
    """
    if item.id == item.place == STDIN:
        return cast(BinaryIO, _Unclosed(sys.stdin.buffer))
    if not item.is_local:
        return open_address(item.place)
    try:
        return _open_regular(item.place)
    except OSError as error:
        raise unreadable(item, error) from error


def unreadable(item: Input, error: OSError) -> SourceError:
    """What to say of a file that the system does not give."""
    why = "a link that leads in a circle" if error.errno == errno.ELOOP else (error.strerror or str(error)).lower()
    return SourceError(f"{shown(item.place)}: cannot be read ({why})")


class Started(io.RawIOBase):
    """A stream whose first bytes were looked at; it can be read from its start all the same."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.first = stream.read(SIGN_BYTES)
        self._ahead = self.first

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; never more than `size`, none only at the end."""
        if not self._ahead:
            return self._stream.read(size)
        data, self._ahead = (self._ahead, b"") if size < 0 else (self._ahead[:size], self._ahead[size:])
        return data if size >= 0 else data + self._stream.read()

    def whole(self) -> BinaryIO | None:
        """The stream itself, at its start, where one can move about in it."""
        if not self._stream.seekable():
            return None
        self._stream.seek(0)
        return self._stream


class _Unclosed(io.RawIOBase):
    """Standard input belongs to the process: whoever reads it must not close it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int = -1, /) -> bytes:
        return self._stream.read(size)


def _open_regular(path: str) -> BinaryIO:
    """Open without blocking on pipes and devices."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    stream = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        stream.close()
        raise SourceError(f"{shown(path)}: not a regular file (a folder, pipe or device)")
    return stream
