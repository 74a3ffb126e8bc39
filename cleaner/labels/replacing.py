"""Files that are written in place of older ones, never in place of labels or of what they are made from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cleaner.errors import OutputError, SeedError
from cleaner.labels.events import LabelEvent
from cleaner.labels.joining import PROPOSERS
from cleaner.labels.journal import read_events
from cleaner.labels.reading import ENDINGS, is_journal, read_labels
from cleaner.store.commit import write_whole


def write_unless_labels(path: Path, content: bytes) -> None:
    """Write a file in place of an older one. Raises OutputError where `path` holds labels of people, WriteError."""
    refuse_to_replace_labels(path)
    write_whole(path, content)


def refuse_to_replace_labels(path: Path, inputs: Sequence[str | Path] = ()) -> None:
    """Raise OutputError where a file holds labels, or is one of `inputs` or lies in one: it may be kept nowhere else.

    A file of proposals alone is free, wherever it lies: it is made again by the same command.
    """
    if not path.is_file() or not path.stat().st_size or _holds_only_proposals(path):
        return
    if {Path(given).resolve() for given in inputs} & {path.resolve(), *path.resolve().parents}:
        raise OutputError(f"{path}: is one of the inputs, and would be replaced; choose another name")
    if _may_hold_labels(path):
        raise OutputError(
            f"{path}: holds labels that people gave, and would be replaced; choose another name, or remove it first"
        )


def _holds_only_proposals(path: Path) -> bool:
    try:
        events = read_events(path) if is_journal(path) else None
        return events is not None and all(event.who in PROPOSERS for event in events if isinstance(event, LabelEvent))
    except (SeedError, OSError):
        return False


def _may_hold_labels(path: Path) -> bool:
    """Whether a file has a label that anybody gave; of one that is named as labels are and cannot be read, for all we know."""
    try:
        return is_journal(path) or any(any(seed.labels) for seed in read_labels(path))
    except (SeedError, OSError):
        return path.suffix in ENDINGS
