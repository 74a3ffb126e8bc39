"""A label journal on disk: what was said is durable before anybody is told that it was kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cleaner.errors import OutputError, SeedError
from cleaner.json_lines import is_whole
from cleaner.labels.events import LabelEvent, LabelledArticle, event_of, line_of
from cleaner.store.appending import append_lines
from cleaner.store.commit import Disk

FIRST_LINE_BYTES = 64 << 20
"""Of the first line, which may hold a whole page, to tell what the file is."""
_BEGINS = re.compile(rb'\s*\{\s*"record"\s*:')
_BOM = b"\xef\xbb\xbf"


def append_events(path: Path, events: Iterable[LabelEvent | LabelledArticle], disk: Disk | None = None) -> None:
    """Append events; they are durable when this returns.

    Raises WriteError when the disk fails: then none of them counts. Raises OutputError for a file that is no label journal.
    """
    check_journal(path)
    append_lines(path, b"".join(map(line_of, events)), disk)


def check_journal(path: Path) -> None:
    """Raise OutputError where there is a file that is no label journal: labels are not appended to anything else."""
    try:
        start = first_line(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"{path}: cannot be read ({error.strerror}); give a label journal, or a name that is free") from error
    if start and not begins_journal(start) and not _is_torn(start):
        raise OutputError(f"{path}: not a label journal; choose another name")


def read_events(path: Path) -> Iterator[LabelEvent | LabelledArticle]:
    """The events of a journal, in order; a torn last line is none. Raises SeedError for any other bad line."""
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.endswith(b"\n") or is_whole(line):
                    yield event_of(line, f"{path}:{number}")
    except OSError as error:
        raise SeedError(f"{path}: cannot be read ({error.strerror}); give a label journal") from error


def first_line(path: Path) -> bytes:
    """The first line of a file, without what does not count before it. Raises OSError."""
    with path.open("rb") as file:
        return file.readline(FIRST_LINE_BYTES).removeprefix(_BOM).lstrip()


def begins_journal(start: bytes) -> bool:
    """Whether a first line is, or was going to be, one of a label journal."""
    return bool(_BEGINS.match(start)) or "record" in object_of(start)


def object_of(line: bytes) -> dict[str, Any]:
    """The object of a line of JSON; empty where it is none."""
    try:
        found = json.loads(line) if line.startswith(b"{") else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_torn(start: bytes) -> bool:
    """Whether these are the first few bytes of a journal's first line, and a power cut kept the rest."""
    return b'{"record":'.startswith(start)
