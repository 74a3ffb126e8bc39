"""What a file is known by while nobody looks into it."""

from __future__ import annotations

import os
import stat
from hashlib import sha256

from cleaner.errors import SourceError
from cleaner.readers.inputs import STDIN, Input
from cleaner.readers.opening import open_input

PIECE = 1 << 16
"""Bytes read at once: one call for nearly every file. From 128 KB on the C library asks the kernel for the memory of each
buffer, which cost three times as much as opening, reading and hashing a short file."""
FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
NOTHING = bytes(32)
"""Stands for what cannot be read: no bytes have it as their digest, none at all included."""


def digest_of_path(path: str) -> bytes:
    """SHA-256 of a local file as it lies there; NOTHING where it cannot be read. Never waits for a pipe."""
    try:
        file = os.open(path, FLAGS)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                return NOTHING
            piece = os.read(file, PIECE)
            digest = sha256(piece)
            while len(piece) == PIECE:
                piece = os.read(file, PIECE)
                digest.update(piece)
            return digest.digest()
        finally:
            os.close(file)
    except OSError:
        return NOTHING


def digest_of_input(item: Input) -> bytes:
    """SHA-256 of an input as it lies there, packed or not; NOTHING for standard input and what cannot be read."""
    if item.is_local:
        return NOTHING if item.id == STDIN else digest_of_path(item.place)
    digest = sha256()
    try:
        with open_input(item) as stream:
            while piece := stream.read(PIECE):
                digest.update(piece)
    except (OSError, SourceError):
        return NOTHING
    return digest.digest()
