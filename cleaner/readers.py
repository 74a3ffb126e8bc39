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
    """Every readable file of the given files and folders, in a fixed order, each once, with a name of its own.

    Folders are walked without following links; `exclude` (the output folder) is left out. Files of a
    folder whose ending is unknown are left out; a file that is named outright is always read. Where
    two given paths would give the same name, the names of their folders are put before it.
    Raises UsageError for a path that does not exist.
    """
    roots = [Path(path) for path in paths]
    for root in roots:
        if str(root) != STDIN and not os.path.lexists(root):
            raise UsageError(f"{_shown(root)}: no such file or folder")
    seen: set[str] = set()
    skip = real_path(exclude) if exclude else None
    prefixes = _distinct_prefixes(roots)
    for root, prefix in zip(roots, prefixes, strict=True):
        for item in _of_root(root, prefix, skip):
            if len(roots) == 1:
                yield item
                continue
            own = str(item.path.absolute())
            if own not in seen:
                seen.add(own)
                yield item


def real_path(path: Path) -> Path:
    """The path with links resolved as far as they lead somewhere; circles do not raise."""
    return Path(os.path.realpath(path))


def _of_root(root: Path, prefix: PurePosixPath, skip: Path | None) -> Iterator[Input]:
    if str(root) == STDIN:
        yield Input(root, STDIN, None)
    elif root.is_dir():
        yield from _folder(root, prefix, skip)
    else:
        yield Input(root, (prefix / root.name).as_posix(), KINDS.get(root.suffix.lower()))


def _distinct_prefixes(roots: Sequence[Path]) -> list[PurePosixPath]:
    """What goes before the names of each root's files so that no two roots share a name."""
    if len(roots) == 1:
        return [PurePosixPath()]
    places = [real_path(root) for root in roots]
    folders = [place if root.is_dir() else place.parent for root, place in zip(roots, places, strict=True)]
    depth = 0
    while True:
        shown = [_last_parts(f, depth + root.is_dir()) for f, root in zip(folders, roots, strict=True)]
        names = [s / ("" if root.is_dir() else root.name) for s, root in zip(shown, roots, strict=True)]
        if depth > max(len(f.parts) for f in folders) or len(set(names)) == len(set(places)):
            return shown
        depth += 1


def _last_parts(folder: Path, count: int) -> PurePosixPath:
    parts = [part for part in folder.parts if part != folder.anchor]
    return PurePosixPath(*parts[len(parts) - count :]) if count > 0 else PurePosixPath()


def _folder(root: Path, prefix: PurePosixPath, skip: Path | None) -> Iterator[Input]:
    """Files of a folder; a sub-folder that cannot be opened is an input too, and is set aside when read."""
    closed: list[Path] = []
    for folder, names, files in os.walk(root, followlinks=False, onerror=lambda e: closed.append(Path(e.filename))):
        here = Path(folder)
        names[:] = sorted(n for n in names if not n.startswith(".") and real_path(here / n) != skip)
        for name in sorted(files):
            path = here / name
            kind = KINDS.get(path.suffix.lower())
            if kind and not name.startswith("."):
                yield Input(path, (prefix / path.relative_to(root).as_posix()).as_posix(), kind)
    for path in closed:
        yield Input(path, (prefix / path.relative_to(root).as_posix()).as_posix(), None)


def read_bytes(item: Input) -> bytes:
    """The bytes of a regular file or of standard input.

    Raises SourceError, with the path and the reason, for anything else.
    """
    if item.id == STDIN:
        return _bounded(sys.stdin.buffer.read(MOST_BYTES + 1), "standard input")
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


def _bounded(raw: bytes, where: str) -> bytes:
    if len(raw) > MOST_BYTES:
        raise SourceError(f"{where}: more than {MOST_BYTES >> 20} MB; split it")
    return raw


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
