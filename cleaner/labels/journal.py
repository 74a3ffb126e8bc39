"""A label journal on disk: what was said is durable before anybody is told that it was kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from cleaner.errors import SeedError
from cleaner.labels.events import LabelEvent, LabelledArticle, event_of, line_of
from cleaner.store.appending import append_lines
from cleaner.store.commit import Disk


def append_events(path: Path, events: Iterable[LabelEvent | LabelledArticle], disk: Disk | None = None) -> None:
    """Append events; they are durable when this returns. Raises WriteError when the disk fails: then none of them counts."""
    append_lines(path, b"".join(map(line_of, events)), disk)


def read_events(path: Path) -> Iterator[LabelEvent | LabelledArticle]:
    """The events of a journal, in order; a torn last line is none. Raises SeedError for any other bad line."""
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.endswith(b"\n"):
                    yield event_of(line, f"{path}:{number}")
    except OSError as error:
        raise SeedError(f"{path}: cannot be read ({error.strerror}); give a label journal") from error
