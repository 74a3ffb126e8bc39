"""Inputs to sources: files, folders and stdin. The one door through which bytes come in.

A file that cannot be read is a SourceError for that file; the others are still read.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cleaner.errors import SourceError, UsageError

KINDS = {".txt": "text", ".text": "text", ".md": "text", ".html": "html", ".htm": "html", ".xhtml": "html"}
"""What a file's ending says of it."""
STDIN = "-"
MOST_BYTES = 256 << 20
"""A larger file is set aside: no article weighs 256 MB, and a run must not."""


@dataclass(frozen=True, slots=True)
class Input:
    """A file to read: its path, and its name relative to the folder that was given."""

    path: Path
    id: str
    kind: str | None


def list_inputs(paths: Sequence[str | Path], exclude: Path | None = None) -> Iterator[Input]:
    """Every readable file of the given files and folders, in a fixed order, each once.

    Folders are walked without following links; `exclude` (the output folder) is left out. Files of a
    folder whose ending is unknown are left out; a file that is named outright is always read.
    Raises UsageError for a path that does not exist.
    """
    roots = [Path(path) for path in paths]
    for root in roots:
        if str(root) != STDIN and not root.exists() and not root.is_symlink():
            raise UsageError(f"{root}: no such file or folder")
    several = len(roots) > 1
    skip = exclude.resolve() if exclude else None
    for root in roots:
        if str(root) == STDIN:
            yield Input(root, STDIN, None)
        elif root.is_dir():
            prefix = PurePosixPath(root.resolve().name) if several else PurePosixPath()
            yield from _folder(root, prefix, skip)
        else:
            yield Input(root, root.name, KINDS.get(root.suffix.lower()))


def _folder(root: Path, prefix: PurePosixPath, skip: Path | None) -> Iterator[Input]:
    for folder, names, files in os.walk(root, followlinks=False):
        here = Path(folder)
        names[:] = sorted(n for n in names if not n.startswith(".") and (here / n).resolve() != skip)
        for name in sorted(files):
            path = here / name
            kind = KINDS.get(path.suffix.lower())
            if kind and not name.startswith("."):
                yield Input(path, (prefix / path.relative_to(root).as_posix()).as_posix(), kind)


def read_bytes(item: Input) -> bytes:
    """The bytes of a regular file or of standard input.

    Raises SourceError, with the path and the reason, for anything else.
    """
    if item.id == STDIN:
        return sys.stdin.buffer.read(MOST_BYTES)
    try:
        return _regular(item.path)
    except OSError as error:
        why = "a link that leads in a circle" if error.errno == errno.ELOOP else (error.strerror or str(error)).lower()
        raise SourceError(f"{_shown(item.path)}: cannot be read ({why})") from error


def _regular(path: Path) -> bytes:
    """Read without blocking on pipes and devices."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as stream:
        facts = os.fstat(stream.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise SourceError(f"{_shown(path)}: not a regular file (a folder, pipe or device)")
        if facts.st_size > MOST_BYTES:
            size = facts.st_size >> 20
            raise SourceError(
                f"{_shown(path)}: {size:,} MB in one file; split it, the most for one article is {MOST_BYTES >> 20} MB"
            )
        return stream.read()


def _shown(path: Path) -> str:
    """A path as it can be printed anywhere: undecodable and control characters escaped."""
    return ascii_safe(str(path))


def ascii_safe(text: str) -> str:
    """Text with control characters, direction marks and lone surrogates as escapes, safe on a terminal."""
    return "".join(c if c.isprintable() or c == " " else c.encode("unicode_escape").decode("ascii") for c in text)


def split_readable(
    items: Iterable[Input], read: Callable[[Input], bytes] = read_bytes
) -> Iterator[tuple[Input, bytes | SourceError]]:
    """Each input with its bytes, or with the error that sets it aside."""
    for item in items:
        try:
            yield item, read(item)
        except SourceError as error:
            yield item, error
