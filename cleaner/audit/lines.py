"""Entries of the audit as lines of JSON."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from json.encoder import encode_basestring
from operator import add, attrgetter
from typing import Any

from cleaner.audit.entries import Entry, ParagraphLine, SourceLine, encoded, text_of
from cleaner.records import LABELS, Columns, JudgedParagraph, Source


def entry_of(source: Source, text: str, paragraphs: Sequence[JudgedParagraph], line: SourceLine) -> Entry:
    """The audit of one source; `text` is the text that the paragraphs' places refer to."""
    lines = tuple(_paragraph_lines(source.id, text, paragraphs, line.model, line.policy))
    tail = text[paragraphs[-1].end if paragraphs else 0 :]
    complete = replace(line, paragraphs=len(lines), tail=tail)
    if source.kind == "html":
        return Entry(complete, lines)
    back = encoded(text_of(Entry(complete, lines)), source.encoding)
    original = "" if back == source.raw else packed(source.raw)
    return Entry(replace(complete, original=original), lines)


def _paragraph_lines(
    id: str, text: str, paragraphs: Sequence[JudgedParagraph], model: str, policy: str
) -> Iterator[ParagraphLine]:
    at = 0
    for index, p in enumerate(paragraphs):
        raw = text[p.start : p.end]
        yield ParagraphLine(
            id, index, p.start, p.end, text[at : p.start], p.text, raw if raw != p.text else None, p.label, p.probability,
            p.runner_up, p.decision, p.rule, p.opens, tuple(round(q * 10_000) for q in p.probabilities), model, policy,
        )  # fmt: skip
        at = p.end


def entry_lines(entry: Entry) -> Iterator[str]:
    """The lines of an entry, without line ends."""
    outputs = [asdict(output) for output in entry.source.outputs]
    yield (source_head(entry.source) + b',"outputs":' + _dumps(outputs) + b"}").decode()
    begin, end = _constant_ends(entry.source)
    for p in entry.paragraphs:
        line = _paragraph_line(
            begin, end, p.index, p.start, p.end, p.before, p.text, "null" if p.raw is None else encode_basestring(p.raw), p.label,
            repr(round(p.probability, 4)), p.runner_up, p.decision, p.rule, p.opens, _joined([p.probabilities])[0],
        )  # fmt: skip
        yield line.encode("utf-8", "backslashreplace").decode().rstrip("\n")


def source_head(line: SourceLine, **found: object) -> bytes:
    """A source line up to its outputs, which come last: their places depend on the other sources. `found` replaces fields."""
    fields = dict(zip(_HEAD, _head_values(line), strict=True))
    return _dumps({"record": "source", **fields, **found})[:-1]


def entry_bytes(
    source: Source, text: str, columns: Columns, shares: Sequence[Sequence[int]], line: SourceLine
) -> tuple[bytes, bytes]:
    """The head of a source's line and its paragraph lines, as `entry_lines` gives them, without the records between.

    `shares` are the paragraphs' probabilities in ten-thousandths. (A record a paragraph took 3 us, asdict and
    json.dumps 23; now 2, a fifteenth of judging it.)
    """
    before = [text[after:start] for after, start in zip([0, *columns.ends], columns.starts, strict=False)]
    raw = [text[start:end] for start, end in zip(columns.starts, columns.ends, strict=True)]
    tail = text[columns.ends[-1] if columns.ends else 0 :]
    original = ""
    if source.kind != "html" and encoded("".join([*map(add, before, raw), tail]), source.encoding) != source.raw:
        original = packed(source.raw)
    head = source_head(line, paragraphs=len(raw), tail=tail, original=original)
    return head, "".join(_lines(before, raw, columns, shares, line)).encode("utf-8", "backslashreplace")


def _lines(
    before: Sequence[str], raw: Sequence[str], columns: Columns, shares: Sequence[Sequence[int]], line: SourceLine
) -> Iterator[str]:
    """One line a paragraph, with their ends."""
    begin, end = _constant_ends(line)
    probabilities = (_SHARES[row[_AT[label]]] for row, label in zip(shares, columns.labels, strict=True))
    shown = ("null" if own == text else encode_basestring(own) for own, text in zip(raw, columns.texts, strict=True))
    rows = zip(columns.starts, columns.ends, before, columns.texts, shown, columns.labels, probabilities, columns.runners_up,
               columns.decisions, columns.rules, columns.opens, _joined(shares), strict=True)  # fmt: skip
    return (_paragraph_line(begin, end, index, *row) for index, row in enumerate(rows))


def _joined(shares: Sequence[Sequence[int]]) -> list[str]:
    """Numbers with commas, a string a paragraph."""
    number = _NUMBERS.__getitem__
    return [",".join(map(number, row)) for row in shares]


def packed(raw: bytes) -> str:
    """Bytes as the audit keeps them: zlib, base64."""
    return base64.b64encode(zlib.compress(raw, 9)).decode()


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_NUMBERS = [str(share) for share in range(10_001)]
_HEAD = tuple(name for name in SourceLine.__dataclass_fields__ if name != "outputs")
_head_values = attrgetter(*_HEAD)
_AT = {label: at for at, label in enumerate(LABELS)}
_SHARES = [repr(share / 10_000) for share in range(10_001)]
"""Probabilities as they are written: to four places, like those of all labels (repr of a float takes as long as the rest)."""


def _constant_ends(line: SourceLine) -> tuple[str, str]:
    """What all of a source's paragraph lines begin and end with."""
    begin = f'{{"record":"paragraph","source":{encode_basestring(line.source)},"index":'
    return begin, f'],"model":{encode_basestring(line.model)},"policy":{encode_basestring(line.policy)}}}\n'


def _paragraph_line(
    begin: str, finish: str, index: int, start: int, end: int, before: str, text: str, raw: str, label: str, probability: str,
    runner_up: str, decision: str, rule: str, opens: bool, shares: str,
) -> str:  # fmt: skip
    """One line, put together by hand; labels, decisions and rules are words of ours and need no escapes."""
    return (
        f'{begin}{index},"start":{start},"end":{end},"before":{encode_basestring(before)},"text":{encode_basestring(text)},'
        f'"raw":{raw},"label":"{label}","probability":{probability},'
        f'"runner_up":"{runner_up}","decision":"{decision}","rule":"{rule}","opens":{"true" if opens else "false"},'
        f'"probabilities":[{shares}{finish}'
    )


def _dumps(row: Any) -> bytes:
    return _JSON.encode(row).encode("utf-8", "backslashreplace")
