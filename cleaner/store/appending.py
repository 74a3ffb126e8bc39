"""Files of lines of JSON that only grow: what was appended is durable before anybody is told so.

Lines are appended under the file's own lock, so that any number of programs may write to one file;
a line that a kill tore is cut off by the next writer, and no reader takes it for one. A last line that lacks
nothing but its line feed, as some editors leave it, is whole: the next writer gives it one.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from cleaner.json_lines import is_whole
from cleaner.store.commit import Disk, named, sync_folder, write_all

TAIL = 1 << 16
"""Bytes read at once when the end of the last whole line is looked for."""


def append_lines(path: Path, content: bytes, disk: Disk | None = None) -> None:
    """Append whole lines; they are durable when this returns. Raises WriteError when the disk fails: then none of them counts."""
    disk = disk or Disk()
    with named(path):
        new = not path.exists()
        file = disk.extend(str(path))
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            whole, size = _whole_lines(file), os.fstat(file).st_size
            if whole != size and is_whole(os.pread(file, size - whole, whole)):
                whole, content = size, b"\n" + content
            elif whole != size:
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
