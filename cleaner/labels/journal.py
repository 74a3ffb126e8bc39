"""A label journal on disk: what was said is durable before anybody is told that it was kept.

Lines are appended under the file's own lock, so that any number of programs may write to one journal;
a line that a kill tore is cut off by the next writer, and never read.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from cleaner.errors import SeedError
from cleaner.labels.events import LabelEvent, LabelledArticle, event_of, line_of
from cleaner.store.commit import Disk, named, sync_folder, write_all

TAIL = 1 << 16
"""Bytes read at once when the end of the last whole line is looked for."""


def append_events(path: Path, events: Iterable[LabelEvent | LabelledArticle], disk: Disk | None = None) -> None:
    """Append events; they are durable when this returns. Raises WriteError when the disk fails: then none of them counts."""
    disk = disk or Disk()
    content = b"".join(map(line_of, events))
    with named(path):
        new = not path.exists()
        file = disk.extend(str(path))
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            whole = _whole_lines(file)
            if whole != os.fstat(file).st_size:
                disk.truncate(file, whole)
            _append(disk, file, content, whole)
        finally:
            os.close(file)
        if new:
            sync_folder(disk, str(path.parent))


def _append(disk: Disk, file: int, content: bytes, size: int) -> None:
    """Write and make durable; when that fails nothing of it stays behind."""
    try:
        write_all(disk, file, content)
        disk.fsync(file)
    except OSError:
        os.ftruncate(file, size)
        raise


def _whole_lines(file: int) -> int:
    """The size of the file up to its last line feed."""
    end = os.fstat(file).st_size
    while end:
        start = max(0, end - TAIL)
        at = os.pread(file, end - start, start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0


def read_events(path: Path) -> Iterator[LabelEvent | LabelledArticle]:
    """The events of a journal, in order; a torn last line is none. Raises SeedError for any other bad line."""
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.endswith(b"\n"):
                    yield event_of(line, f"{path}:{number}")
    except OSError as error:
        raise SeedError(f"{path}: cannot be read ({error.strerror}); give a label journal") from error
