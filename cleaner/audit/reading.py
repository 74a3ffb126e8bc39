"""Reading the audit back: nothing in it is trusted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from cleaner.audit.entries import NAME, STATUSES, Entry, Output, ParagraphLine, SourceLine
from cleaner.errors import OutputError
from cleaner.records import ACTIONS, LABELS


def shard_files(path: Path) -> list[Path]:
    """The files of an audit: of an output folder in order, or the one that is named."""
    if not path.is_dir() or (path / NAME).exists():
        return [path / NAME if path.is_dir() else path]
    return sorted((path / "audit").glob("[0-9]*-of-[0-9]*.jsonl")) or [path / NAME]


def read_all(out: Path) -> Iterator[Entry]:
    """All entries of an output folder's audit, one at a time; shard after shard, each in the order of ids."""
    for path in shard_files(out):
        yield from read_entries(path)


def read_entries(path: Path) -> Iterator[Entry]:
    """All entries of an audit file, one at a time.

    Raises OutputError, with the line, when the file is missing, cut or not an audit.
    """
    yield from _entries(_rows(path), path)


def read_entry(path: Path, at: int, size: int) -> Entry:
    """The entry whose lines are the `size` bytes from byte `at` of an audit file. Raises OutputError as `read_entries`."""
    try:
        with path.open("rb") as stream:
            stream.seek(at)
            rows = enumerate(map(json.loads, stream.read(size).decode().rstrip("\n").split("\n")), 1)
            [entry] = _entries(rows, path)
            return entry
    except OSError as error:
        raise OutputError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise OutputError(f"{path}: no entry at byte {at}; it was written anew since it was looked at") from error


def _entries(rows: Iterable[tuple[int, Any]], path: Path) -> Iterator[Entry]:
    line: SourceLine | None = None
    paragraphs: list[ParagraphLine] = []
    for number, row in rows:
        try:
            if row.pop("record") == "source":
                if line:
                    yield _complete(line, paragraphs, path)
                line, paragraphs = _source_line(row), []
            else:
                paragraphs.append(_paragraph_of(row, line))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise OutputError(f"{path}:{number}: not an audit line ({error}); clean the corpus again") from error
    if line:
        yield _complete(line, paragraphs, path)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8") as lines:
            for number, text in enumerate(lines, 1):
                row = json.loads(text)
                if not isinstance(row, dict):
                    raise OutputError(f"{path}:{number}: not an audit line; clean the corpus again")
                yield number, row
    except OSError as error:
        raise OutputError(
            f"{path}: no audit can be read there ({error.strerror}); is this the output of `cleaner clean`?"
        ) from error
    except (ValueError, RecursionError) as error:
        raise OutputError(f"{path}: damaged ({error}); clean the corpus again") from error


def _source_line(row: dict[str, Any]) -> SourceLine:
    row["outputs"] = tuple(Output(**output) for output in row["outputs"])
    line = SourceLine(**row)
    _check_types(line)
    _check_inside(line.source, *(output.path for output in line.outputs))
    if line.status not in STATUSES or not all(isinstance(v, str) for v in line.metadata.values()):
        raise ValueError(f"status {line.status!r} or metadata are none that cleaner writes")
    return line


def _check_inside(*paths: str) -> None:
    """Paths of an audit stay inside its folder, whoever wrote it."""
    for path in paths:
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts or "\0" in path:
            raise ValueError(f"{path!r} leads out of the folder")


def _check_types(line: SourceLine | ParagraphLine) -> None:
    """Every plain field has the type that it is declared with."""
    for name, declared in type(line).__dataclass_fields__.items():
        value, expected = getattr(line, name), _PLAIN.get(str(declared.type))
        if expected and (not isinstance(value, expected) or (isinstance(value, bool) and declared.type != "bool")):
            raise TypeError(f"{name} is {value!r}, not {declared.type}")


_PLAIN: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": (float, int),
    "str | None": (str, type(None)),
    "Mapping[str, str]": (dict,),
}


def _paragraph_of(row: dict[str, Any], source: SourceLine | None) -> ParagraphLine:
    if source is None:
        raise ValueError("a decision before its source")
    row["probabilities"] = tuple(row["probabilities"])
    if len(row["probabilities"]) != len(LABELS):
        raise ValueError(f"{len(row['probabilities'])} probabilities for {len(LABELS)} labels")
    line = ParagraphLine(**row)
    _check_types(line)
    if line.label not in LABELS or line.runner_up not in LABELS or line.decision not in ACTIONS:
        raise ValueError(f"label {line.label!r} or decision {line.decision!r} is none that cleaner knows")
    if not all(isinstance(p, int) for p in line.probabilities):
        raise TypeError("probabilities are not whole numbers")
    return line


def _complete(line: SourceLine, paragraphs: Sequence[ParagraphLine], path: Path) -> Entry:
    if len(paragraphs) != line.paragraphs or any(p.index != i or p.source != line.source for i, p in enumerate(paragraphs)):
        raise OutputError(f"{path}: {line.source} has {len(paragraphs)} of its {line.paragraphs} decisions; the file was cut")
    return Entry(line, tuple(paragraphs))
