"""Labels as a table for spreadsheets, which run what begins like a formula.

Cells come from scraped pages. Every physical line of a cell that a spreadsheet could take for a formula, also after
blanks and invisible characters, gets an apostrophe before it, and loses it when the table is read again. Which
characters begin one: https://owasp.org/www-community/attacks/CSV_Injection.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cleaner.errors import SeedError
from cleaner.labels.lines import LabelledLine
from cleaner.seeds import Seed, label_of
from cleaner.visible import is_hidden

_OURS = ("text", "label", "site", "language", "source", "index")
"""A table with these, whatever people added to it, is one of ours: its apostrophes are taken off again."""
COLUMNS = (*_OURS, "source_sha256")
"""The columns that are written. Without the last, as tables had it once, a label is told by article and text alone."""
DELIMITERS = ",;\t"
"""Spreadsheets in much of Europe save with semicolons."""
FORMULA = frozenset("=+-@＝＋－＠﹢﹣﹦﹫|%")
"""What begins a formula, full-width and small forms included; `|` and `%` begin one in old clients."""
LONGEST_CELL = 16 << 20
"""Characters. The default of the csv module is 131,072, less than some pages put in one paragraph."""
SHOWN = 200
"""Characters of the first line in a message: of a file that is no table it may be all of it."""
_ENDS = "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_LINES = re.compile(f"[^{_ENDS}]*(?:\r\n|[{_ENDS}]|$)")
_GUARD = "'"


def guarded(cell: str) -> str:
    """The cell with an apostrophe before every physical line that could be run."""
    return "".join(_GUARD + line if _could_run(line, first) else line for first, line in _physical(cell))


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return "".join(line[1:] if line.startswith(_GUARD) and _could_run(line, first) else line for first, line in _physical(cell))


def _physical(cell: str) -> Iterator[tuple[bool, str]]:
    """The lines of a cell with their line ends, and whether each is the first."""
    return ((match.start() == 0, match.group()) for match in _LINES.finditer(cell) if match.group())


def _could_run(line: str, first: bool) -> bool:
    """Whether a formula begins the line, behind whatever blanks; apostrophes before it do not change the answer.

    A line that begins with a tab counts too, and a cell that begins with a line end: some readers strip it and look again.
    """
    bare = line.lstrip(_GUARD)
    if bare[:1] == "\t" or (first and bare[:1] in _ENDS):
        return bool(bare)
    return next((c for c in bare if c != _GUARD and not c.isspace() and not is_hidden(c)), "") in FORMULA


def table_of(seeds: Iterable[Seed]) -> Iterator[list[str]]:
    """The rows of a table, the names of its columns first: a row a paragraph, cells as they may be shown to a spreadsheet."""
    yield list(COLUMNS)
    for seed in seeds:
        for index, (text, label) in enumerate(zip(seed.lines, seed.labels, strict=True)):
            yield [*map(guarded, (text, label, seed.site, seed.language, seed.id)), str(index), guarded(seed.source_sha256)]


def read_rows(path: Path) -> Iterator[LabelledLine]:
    """The lines of a table with columns `text` and `label`, and those of COLUMNS that it has.

    Raises SeedError with the line of the file; UnicodeDecodeError and OSError are the caller's.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))  # one for the whole process: only ever raised
    with path.open(encoding="utf-8-sig", newline="") as lines:
        first = lines.readline()
        lines.seek(0)
        delimiter = max(DELIMITERS, key=first.count)
        reader = csv.DictReader(lines, delimiter=delimiter)
        try:
            reader.fieldnames = _names(reader.fieldnames or (), path)
            own = set(_OURS) <= set(reader.fieldnames)
            for row in reader:
                yield _line(row, f"{path}:{reader.line_num}", own)
        except csv.Error as error:
            raise SeedError(f"{path}:{reader.line_num}: not a table ({error})") from error


def _names(found: Sequence[str], path: Path) -> list[str]:
    """The names of the columns, as people write them too: `Text`, ` label`."""
    names = [name.strip().lower() for name in found]
    if not {"text", "label"} <= set(names):
        shown = ", ".join(found)[:SHOWN] or "nothing"
        raise SeedError(f"{path}: no columns `text` and `label` in the first line; found {shown}")
    twice = [name for name in COLUMNS if names.count(name) > 1]
    if twice:
        raise SeedError(f"{path}: two columns `{twice[0]}` in the first line; which one counts is not known")
    return names


def _line(row: Mapping[str | None, Any], where: str, own: bool) -> LabelledLine:
    if row["text"] is None or row["label"] is None:
        raise SeedError(f"{where}: fewer cells than the first line has columns")
    if None in row:
        raise SeedError(f"{where}: more cells than the first line has columns; put a text with a delimiter in it in quotes")
    cells = {name: (unguarded(row[name]) if own else row[name]) for name in COLUMNS if isinstance(row.get(name), str)}
    label = label_of(cells["label"].strip().lower(), where, partial=True)
    index = _index(cells.get("index", ""), where)
    site, language, source, sha256 = (cells.get(name, "") for name in ("site", "language", "source", "source_sha256"))
    return LabelledLine(cells["text"], label, where, site, language, source, sha256, index)


def _index(cell: str, where: str) -> int:
    if not cell.strip():
        return -1
    if not (cell.strip().isascii() and cell.strip().isdigit() and len(cell.strip()) < 10):
        raise SeedError(f"{where}: index is {cell!r}; it must be a whole number from 0")
    return int(cell)
