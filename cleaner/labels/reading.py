"""Labels from every format that people keep them in, told by content: a name may lie, and often says nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cleaner.errors import SeedError
from cleaner.labels.events import LabelEvent, LabelledArticle
from cleaner.labels.joining import PROPOSERS, seeds_of_events
from cleaner.labels.journal import begins_journal, first_line, object_of, read_events
from cleaner.labels.label_studio import seeds_of_tasks
from cleaner.labels.lines import articles_of
from cleaner.labels.spreadsheet import read_rows
from cleaner.seeds import Seed, seed_of

ENDINGS = (".jsonl", ".csv", ".json")
"""Files of these names are read when their folder is given; a file that is named outright is always read."""
FORMATS = "seeds (.jsonl), a table of text,label (.csv), a label journal or a Label Studio export (.json)"


def read_labels(path: Path) -> Iterator[Seed]:
    """Labelled articles of a file, or of every `.jsonl`, `.csv` and `.json` file of a folder, its sub-folders left out.

    Reads seeds, tables of `text,label`, label journals and Label Studio exports (JSON and JSON-MIN). A label may be
    empty: this paragraph is not labelled. Of a label journal the last act on each paragraph counts; proposals
    (`who` is one of PROPOSERS) are left out, and a file that holds nothing else is refused unless its folder was given.
    Raises SeedError, with file and place, for anything that is not a labelled article.
    """
    if path.is_dir():
        files = sorted(inner for inner in path.iterdir() if inner.suffix.lower() in ENDINGS and inner.is_file())
        if not files:
            raise SeedError(f"{path}: holds no file of labels; expected {FORMATS}")
        for inner in files:
            yield from _read(inner, named=False)
    else:
        yield from _read(path, named=True)


def _read(path: Path, *, named: bool) -> Iterator[Seed]:
    try:
        start = first_line(path)
        if begins_journal(start):
            yield from _read_journal(path, named)
        elif start.startswith(b"[") or _is_task(start):
            yield from seeds_of_tasks(_json(path), str(path))
        elif start.startswith(b"{") or (path.suffix != ".csv" and not start):
            yield from _read_jsonl(path)
        else:
            yield from articles_of(read_rows(path))
    except UnicodeDecodeError as error:
        raise SeedError(f"{path}: not UTF-8 ({error}); expected {FORMATS}") from error
    except OSError as error:
        raise SeedError(f"{path}: cannot be read ({error.strerror}); expected {FORMATS}") from error


def is_journal(path: Path) -> bool:
    """Whether a file begins as a label journal, whatever comes then. Raises OSError."""
    return begins_journal(first_line(path))


def _is_task(start: bytes) -> bool:
    """Whether this is one task of Label Studio, as its cloud storages hold them, a file each; they may be indented."""
    return start.strip() == b"{" or "data" in object_of(start)


def _json(path: Path) -> Any:
    text = path.read_text(encoding="utf-8-sig")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SeedError(f"{path}: not JSON ({error}); expected {FORMATS}") from error


def _read_jsonl(path: Path) -> Iterator[Seed]:
    with path.open(encoding="utf-8-sig", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield seed_of(line, f"{path}:{number}", partial=True)


def _read_journal(path: Path, named: bool) -> Iterator[Seed]:
    events = list(read_events(path))
    acts = [event for event in events if isinstance(event, LabelEvent)]
    if named and acts and all(event.who in PROPOSERS for event in acts):
        raise SeedError(f"{path}: holds only proposals; a person must accept them first: cleaner review OUT --proposals {path}")
    yield from seeds_of_events(events)


def read_proposals(path: Path) -> tuple[list[LabelledArticle], list[LabelEvent]]:
    """The articles and the proposals of a file that `labels propose` or `labels check` wrote. Raises SeedError."""
    events = list(read_events(path))
    articles = [event for event in events if isinstance(event, LabelledArticle)]
    return articles, [event for event in events if isinstance(event, LabelEvent) and event.who in PROPOSERS]
