"""CSV, read as bytes row by row: a bad row costs itself, a quote that never closes costs its own line."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cleaner.readers.fields import Fields, record_of
from cleaner.readers.inputs import Input, shown
from cleaner.readers.lines import Line, split_lines
from cleaner.readers.records import RAW_BYTES, Limits, Record, Rejected
from cleaner.readers.unpacking import Break, unpack
from cleaner.readers.window import Stream

DELIMITERS = ",;\t|"
"""What stands between fields; the first that gives a header with a field of an article."""
AGAIN_BYTES = 64 << 20
"""What may be read again after quotes that never close, beyond what was read: keeps hostile files linear."""


class _Row(NamedTuple):
    """One row, or why it is none."""

    line: int
    offset: int
    values: list[str]
    raw: bytes
    fault: tuple[str, str] | None = None


def read_csv(stream: Stream, item: Input, codec: str, fields: Fields, limits: Limits) -> Iterator[Record | Rejected]:
    """One record a row; the first row names the columns. Ids count lines, as editors do."""
    csv.field_size_limit(max(csv.field_size_limit(), limits.line))  # one for the whole process: only ever raised
    lines = _Lines(split_lines(unpack(stream, codec, limits), limits.line), limits.line)
    header = next(_rows(lines, DELIMITERS[0], 0), None)
    found = _columns(header, fields) if header else None
    if header and not found:
        yield Rejected(item.id, "no-text", f"{shown(item.id)}: {_no_column(header, fields)}", header.raw)
        return
    if found:
        delimiter, names = found
        for row in _rows(lines, delimiter, len(names)):
            yield _record(row, names, item.id, fields)
    if lines.broken:
        yield Rejected(item.id, lines.broken.reason, f"{shown(item.id)}: {lines.broken.message}")


def _record(row: _Row, names: list[str], source: str, fields: Fields) -> Record | Rejected:
    name = f"{source}#{row.line}"
    where = f"{shown(source)}: row at line {row.line:,}, byte {row.offset:,}"
    if row.fault:
        return Rejected(name, row.fault[0], f"{where}: {row.fault[1]}", row.raw)
    record = record_of(name, dict(zip(names, row.values, strict=True)), fields, where)
    return record if isinstance(record, Record) else Rejected(name, record.reason, record.message, row.raw)


def _columns(header: _Row, fields: Fields) -> tuple[str, list[str]] | None:
    """The delimiter and the names of the columns; None where no delimiter gives one that holds an article."""
    text = header.raw.decode("utf-8", "replace")
    for delimiter in DELIMITERS:
        names = [name.strip() for name in next(csv.reader([text], delimiter=delimiter), [])]
        if set(names) & set(fields.articles):
            return delimiter, names
    return None


def _no_column(header: _Row, fields: Fields) -> str:
    has = shown(header.raw[:200].decode("utf-8", "replace").strip())
    return f"no column is named {', '.join(fields.articles)}; the first line is {has!r}; name the right one (UTF-8 is needed)"


def _rows(lines: _Lines, delimiter: str, columns: int) -> Iterator[_Row]:
    """Rows that are not empty; each has `columns` values or a fault. Of a faulty one only the first line is spent."""
    while lines.begin():
        values: list[str] = []
        try:
            values = next(csv.reader(lines, delimiter=delimiter, strict=True), [])
            fault = lines.fault or (_other_columns(values, columns) if values and columns else None)
        except csv.Error as error:
            fault = lines.fault or ("bad-row", f"not CSV ({error}); quotes within a field are doubled")
        first = lines.row[0]
        raw = b"\n".join(line.raw for line in lines.row)[:RAW_BYTES]
        if fault:
            lines.give_back()
        if values or fault:
            yield _Row(first.number, first.offset, values, raw, fault)


def _other_columns(values: list[str], columns: int) -> tuple[str, str] | None:
    if len(values) == columns:
        return None
    return "bad-row", f"{len(values)} values, the header has {columns}; fields with a delimiter or line feed need quotes"


class _Lines:
    """Lines as text for the csv module; they remember what the row at hand stands on and can give it again."""

    def __init__(self, lines: Iterable[Line | Break], most: int) -> None:
        self.broken: Break | None = None
        self.row: list[Line] = []
        self.fault: tuple[str, str] | None = None
        self._lines = iter(lines)
        self._waiting: deque[Line] = deque()
        self._most = most
        self._size = self._read = self._again = 0

    def begin(self) -> bool:
        """Begin a row; whether there is anything left to begin with."""
        self.row, self.fault, self._size = [], None, 0
        if not self._waiting:
            self._load()
        return bool(self._waiting)

    def give_back(self) -> None:
        """Read the lines of this row again, but the first."""
        again = self.row[1:]
        self._again += sum(len(line.raw) for line in again)
        if self._again <= AGAIN_BYTES + self._read:
            self._waiting.extendleft(reversed(again))

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if not self._waiting:
            self._load()
        if not self._waiting:
            raise StopIteration
        line = self._waiting[0]
        self._size += len(line.raw) + 1
        if self.row and self._size > self._most:
            self.fault = ("too-long", f"more than {self._most:,} bytes; does a quote not close?")
            raise csv.Error
        self.row.append(self._waiting.popleft())
        self.fault = self.fault or _fault_of(line, self._most)
        return line.raw.decode("utf-8", "surrogateescape").replace("\0", "") + "\n"

    def _load(self) -> None:
        line = next(self._lines, None)
        if isinstance(line, Break):
            self.broken = line
        elif line is not None:
            self._read += len(line.raw)
            self._waiting.append(line)


def _fault_of(line: Line, most: int) -> tuple[str, str] | None:
    """Why a row that stands on this line cannot be read."""
    if line.cut:
        return "truncated", "the file breaks off within it"
    if line.too_long:
        return "too-long", f"more than {most:,} bytes"
    if b"\0" in line.raw:
        return "bad-row", "a NUL byte, which no CSV has"
    try:
        line.raw.decode()
    except UnicodeDecodeError as error:
        return "not-utf8", f"byte {error.start:,} of line {line.number:,} is not UTF-8 ({line.raw[error.start]:#04x})"
    return None
