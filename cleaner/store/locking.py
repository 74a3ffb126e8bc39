"""Locks on folders, held by the kernel: one that a dead program had is nobody's."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cleaner.errors import LockedError, OutputError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a folder's lock for as long as this lasts; the kernel lets go of it when the program dies.

    Raises LockedError when another run holds it, OutputError when it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
    except OSError as error:
        raise OutputError(f"{path.parent.parent}: cannot be written ({(error.strerror or str(error)).lower()})") from error
    with held(file, fcntl.LOCK_EX, f"{path.parent.parent}: another run is at work on this folder; wait for it to end"):
        yield


@contextmanager
def shared(path: Path) -> Iterator[None]:
    """Keep runs away for as long as this lasts, where there is a lock. Raises LockedError when one is at work."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        yield
        return
    with held(file, fcntl.LOCK_SH, f"{path.parent.parent}: a run is at work on this folder; wait for it to end"):
        yield


@contextmanager
def held(file: int, lock: int, refusal: str) -> Iterator[None]:
    """Hold a lock on an open file, and close it in the end. Raises LockedError at once where another holds it."""
    try:
        try:
            fcntl.flock(file, lock | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockedError(refusal) from error
        yield
    finally:
        os.close(file)
