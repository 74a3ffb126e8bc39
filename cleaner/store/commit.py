"""The one door out: whole files or none, and only what was made durable is reported.

A file is written under a temporary name in its own folder, made durable, renamed, and its folder is
made durable; whoever keeps a record of it does so after that. (Pillai et al., OSDI 2014, found 60 bugs
of this kind in 11 systems: rename without fsync, fsync without fsync of the folder.)
"""

from __future__ import annotations

import ctypes
import os
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from cleaner.errors import OutputError, WriteError

PARTIAL = ".partial"
TOGETHER = 512
"""Files made durable by one call: on ext4 one syncfs for 500 files costs 1 ms, one fsync for each of them 2 s."""
FEW = 8
"""Up to so many files are made durable one by one: a whole file system may have much else to write."""
KNOWN_FOLDERS = 4096
LOG_BUFFER = 1 << 20
"""Bytes gathered before a call."""


class Disk:
    """The writing calls of the operating system. Tests hand in one that fails, or dies, at the n-th call."""

    def create(self, path: str) -> int:
        """Open a new or emptied file for writing."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0), 0o666)

    def extend(self, path: str) -> int:
        """Open a file to write at its end."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o666)

    def write(self, file: int, content: bytes) -> int:
        """Write some of the bytes; returns how many."""
        return os.write(file, content)

    def fsync(self, file: int) -> None:
        """Make a file, or a folder's names, durable."""
        os.fsync(file)

    def sync(self, folder: int) -> None:
        """Make everything on the folder's file system durable."""
        if _syncfs is None:
            os.sync()
        elif _syncfs(folder):
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))

    def rename(self, old: str, new: str) -> None:
        """Give a file its final name, in place of what had it."""
        os.replace(old, new)

    def unlink(self, path: str) -> None:
        """Remove a file."""
        os.unlink(path)

    def mkdir(self, path: str) -> None:
        """Make a folder."""
        os.mkdir(path)

    def rmdir(self, path: str) -> None:
        """Remove an empty folder."""
        os.rmdir(path)

    def truncate(self, file: int, size: int) -> None:
        """Cut a file."""
        os.ftruncate(file, size)

    def commit(self, database: sqlite3.Connection) -> None:
        """End a transaction of the journal: durable when this returns."""
        database.commit()


def _find_syncfs() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL(None, use_errno=True).syncfs
    except (OSError, AttributeError, TypeError):
        return None


_syncfs = _find_syncfs()


class named:  # noqa: N801 - reads as the function that it could be; as a generator it took as long as writing a file
    """Failures of the disk inside end as WriteError with this path."""

    __slots__ = ("_path",)

    def __init__(self, path: str | Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (OSError, sqlite3.Error)):
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise WriteError(
                f"{self._path}: cannot be written ({reason.lower()}); what was done before stands, run the same command again"
            ) from error


def write_all(disk: Disk, file: int, content: bytes) -> None:
    """Write all of the bytes, in as many calls as it takes."""
    done = disk.write(file, content)
    while done < len(content):
        done += disk.write(file, content[done:])


def temporary(path: str) -> str:
    """The name beside `path` under which it is written."""
    folder, _, name = path.rpartition("/")
    own = f".{sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:24]}{PARTIAL}"
    return f"{folder}/{own}" if folder or path.startswith("/") else own


def sync_folder(disk: Disk, folder: str) -> None:
    """Make a folder's names durable."""
    opened = os.open(folder or ".", os.O_RDONLY)
    try:
        disk.fsync(opened)
    finally:
        os.close(opened)


def sync_all(disk: Disk, folder: str) -> None:
    """Make everything on a folder's file system durable."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        disk.sync(opened)
    finally:
        os.close(opened)


def write_whole(path: Path, content: bytes, disk: Disk | None = None) -> None:
    """Write one file so that its final name only ever shows whole content. Raises WriteError."""
    disk = disk or Disk()
    with named(path):
        make_folder(disk, str(path.parent))
        write_partial(disk, str(path), [content], durable=True)
        disk.rename(temporary(str(path)), str(path))
        sync_folder(disk, str(path.parent))


def write_partial(disk: Disk, path: str, parts: Iterable[bytes], *, durable: bool) -> None:
    """Write parts under the temporary name of `path`."""
    _write_new(disk, temporary(path), parts, durable=durable)


def _write_new(disk: Disk, path: str, parts: Iterable[bytes], *, durable: bool) -> None:
    file = disk.create(path)
    try:
        for part in parts:
            write_all(disk, file, part)
        if durable:
            disk.fsync(file)
    finally:
        os.close(file)


def write_measured(disk: Disk, path: str, parts: Iterable[bytes]) -> tuple[int, bytes]:
    """Write parts under the temporary name of `path`, durable; returns their bytes and SHA-256.

    A thread writes and hashes one part while the next is made; neither needs the interpreter. Calls come in the same order.
    """
    file, digest, size = disk.create(temporary(path)), sha256(), 0

    def put(part: bytes) -> None:
        write_all(disk, file, part)
        digest.update(part)

    try:
        with ThreadPoolExecutor(1) as beside:
            last: Future[None] | None = None
            for part in parts:
                if last:
                    last.result()
                last = beside.submit(put, part)
                size += len(part)
            if last:
                last.result()
        disk.fsync(file)
    finally:
        os.close(file)
    return size, digest.digest()


def make_folder(disk: Disk, folder: str) -> None:
    """Make a folder and those above it, each durable in the one that holds it."""
    if not folder or os.path.isdir(folder):
        return
    above = os.path.dirname(folder)
    make_folder(disk, above)
    with suppress(FileExistsError):
        disk.mkdir(folder)
    sync_folder(disk, above)


class Batch:
    """Files that get their final names together, after one call has made all of them durable."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk = disk
        self._root = str(folder)
        self._waiting: list[tuple[str, str]] = []
        """Temporary and final names."""
        self._touched: set[str] = set()
        self._folders: set[str] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def write(self, path: str, content: bytes) -> None:
        """Write a file, `path` relative to the batch's folder, under its temporary name."""
        full = f"{self._root}/{path}"
        with named(full):
            folder = full.rpartition("/")[0]
            if folder not in self._folders:
                make_folder(self._disk, folder)
                if len(self._folders) >= KNOWN_FOLDERS:
                    self._folders.clear()
                self._folders.add(folder)
            own = temporary(full)
            _write_new(self._disk, own, (content,), durable=False)
        self._waiting.append((own, full))

    def settle(self) -> None:
        """Make what was written and renamed before durable: the files that wait, and the folders of the last batch."""
        with named(self._root):
            if len(self._waiting) + len(self._touched) <= FEW:
                for own, _ in self._waiting:
                    self._sync_file(own)
                for folder in sorted(self._touched):
                    sync_folder(self._disk, folder)
            else:
                sync_all(self._disk, self._root)
        self._touched.clear()

    def rename(self) -> None:
        """Give the waiting files their names; `settle` makes the names durable."""
        for own, path in self._waiting:
            with named(path):
                self._disk.rename(own, path)
            self._touched.add(path.rpartition("/")[0])
        self._waiting.clear()

    def _sync_file(self, path: str) -> None:
        file = os.open(path, os.O_RDONLY)
        try:
            self._disk.fsync(file)
        finally:
            os.close(file)


class Log:
    """A file that only grows, until everything in it is in its place; what was flushed is durable."""

    def __init__(self, path: Path, disk: Disk, end: int) -> None:
        self._path = path
        self._disk = disk
        with named(path):
            self._file = disk.extend(str(path))
            if os.fstat(self._file).st_size != end:
                disk.truncate(self._file, end)  # the tail of a write that was never reported
        self.end = end
        self._waiting: list[bytes | memoryview] = []
        self._written = end

    def append(self, content: bytes | memoryview) -> int:
        """Add bytes; returns the place where they begin."""
        at = self.end
        self._waiting.append(content)
        self.end += len(content)
        if self.end - self._written >= LOG_BUFFER:
            self._write()
        return at

    def flush(self) -> None:
        """Make what was added durable."""
        self._write()
        with named(self._path):
            self._disk.fsync(self._file)

    def read(self, at: int, size: int) -> bytes:
        """Bytes that were added and flushed. Raises OutputError when they are not there."""
        content = os.pread(self._file, size, at)
        if len(content) != size:
            raise OutputError(f"{self._path}: cut; remove it and journal.db beside it, and clean the corpus again")
        return content

    def clear(self) -> None:
        """Forget everything."""
        with named(self._path):
            self._disk.truncate(self._file, 0)
        self.end = self._written = 0

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _write(self) -> None:
        content = b"".join(self._waiting)
        self._waiting = []
        if content:
            with named(self._path):
                write_all(self._disk, self._file, content)
            self._written += len(content)
