"""JSONL, read as bytes: a bad line costs itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cleaner.readers.fields import Fields, record_of
from cleaner.readers.inputs import Input, shown
from cleaner.readers.lines import Line, split_lines
from cleaner.readers.records import RAW_BYTES, Limits, Record, Rejected
from cleaner.readers.unpacking import Break, unpack
from cleaner.readers.window import Stream

MOST_LEVELS = 64
"""Objects and lists within each other. Python's parser stops at about 1,000, at another depth in each
version; one limit far below gives the same answer everywhere."""
_TOO_DEEP = ("too-deep", f"more than {MOST_LEVELS} levels within each other")


class _Doubled(dict[str, Any]):
    """An object that names a field twice: one of its values would be lost."""


def read_jsonl(stream: Stream, item: Input, codec: str, fields: Fields, limits: Limits) -> Iterator[Record | Rejected]:
    """One record a line; empty lines are none."""
    for line in split_lines(unpack(stream, codec, limits), limits.line):
        if isinstance(line, Break):
            yield Rejected(item.id, line.reason, f"{shown(item.id)}: {line.message}")
        elif line.raw.strip():
            yield _record(line, item.id, fields, limits)


def _record(line: Line, source: str, fields: Fields, limits: Limits) -> Record | Rejected:
    name = f"{source}#{line.number}"
    where = f"{shown(source)}: line {line.number:,} at byte {line.offset:,}"
    parsed = _fault_of(line, limits) or _parsed(line.raw)
    if isinstance(parsed, tuple):
        return Rejected(name, parsed[0], f"{where}: {parsed[1]}", line.raw[:RAW_BYTES])
    record = record_of(name, parsed, fields, where)
    return record if isinstance(record, Record) else Rejected(name, record.reason, record.message, line.raw[:RAW_BYTES])


def _fault_of(line: Line, limits: Limits) -> tuple[str, str] | None:
    if line.cut:
        return "truncated", "the file breaks off within it"
    if line.too_long:
        return "too-long", f"more than {limits.line:,} bytes; is there a line feed after each object?"
    return None


def _parsed(raw: bytes) -> dict[str, Any] | tuple[str, str]:
    """The object of a line, or why there is none."""
    try:
        found = json.loads(raw.decode(), object_pairs_hook=_object, parse_int=str, parse_float=str, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        return "not-utf8", f"byte {error.start:,} of the line is not UTF-8 ({raw[error.start]:#04x})"
    except RecursionError:
        return _TOO_DEEP
    except ValueError as error:
        return "bad-json", f"not JSON ({error})"
    if isinstance(found, dict) and raw.count(b"[") + raw.count(b"{") > MOST_LEVELS and _levels(found) > MOST_LEVELS:
        return _TOO_DEEP
    if isinstance(found, _Doubled):
        return "bad-json", "a field stands twice in it"
    return found if isinstance(found, dict) else ("not-an-object", f"a {type(found).__name__}, not an object with fields")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Doubled(found)


def _no_number(_: str) -> None:
    """NaN and Infinity, as pandas writes them for a value that is missing."""


def _levels(found: object) -> int:
    """How many containers stand within each other, level by level."""
    level: list[object] = [found]
    depth = 0
    while level and depth <= MOST_LEVELS:
        level = [value for one in level for value in _within(one) if isinstance(value, (dict, list))]
        depth += 1
    return depth


def _within(found: object) -> list[object]:
    if isinstance(found, dict):
        return list(found.values())
    return found if isinstance(found, list) else []
