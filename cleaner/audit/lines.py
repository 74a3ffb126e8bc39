"""Entries of the audit as lines of JSON."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from json.encoder import encode_basestring
from typing import Any

from cleaner.audit.entries import Entry, ParagraphLine, SourceLine, encoded, text_of
from cleaner.records import LABELS, JudgedParagraph, Source


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
        probability = repr(round(p.probability, 4))
        line = _paragraph_line(begin, p.before, p.raw, _seen(p), probability, _joined([p.probabilities])[0], end, p.index)
        yield line.encode("utf-8", "backslashreplace").decode().rstrip("\n")


def _seen(p: ParagraphLine) -> tuple[Any, ...]:
    return (p.text, p.start, p.end, p.label, p.probability, p.runner_up, p.decision, p.rule, p.opens, p.probabilities)


def source_head(line: SourceLine) -> bytes:
    """A source line up to its outputs, which come last: their places depend on the other sources."""
    fields = {name: getattr(line, name) for name in SourceLine.__dataclass_fields__ if name != "outputs"}
    return _dumps({"record": "source", **fields})[:-1]


def entry_bytes(
    source: Source, text: str, paragraphs: Sequence[JudgedParagraph], shares: Sequence[Sequence[int]], line: SourceLine
) -> tuple[bytes, bytes]:
    """The head of a source's line and its paragraph lines, as `entry_lines` gives them, without the records between.

    `shares` are the paragraphs' probabilities in ten-thousandths. (asdict and json.dumps took 23 us a
    paragraph, more than a fifth of judging it.)
    """
    begin, end = _constant_ends(line)
    lines: list[str] = []
    pieces: list[str] = []
    at = 0
    for index, (p, row, joined) in enumerate(zip(paragraphs, shares, _joined(shares), strict=True)):
        before, raw = text[at : p[1]], text[p[1] : p[2]]
        probability = _SHARES[row[_AT[p[3]]]]
        lines.append(_paragraph_line(begin, before, raw if raw != p[0] else None, p, probability, joined, end, index))
        pieces += (before, raw)
        at = p[2]
    tail = text[at:]
    original = ""
    if source.kind != "html" and encoded("".join([*pieces, tail]), source.encoding) != source.raw:
        original = packed(source.raw)
    complete = replace(line, paragraphs=len(lines), tail=tail, original=original)
    return source_head(complete), "".join(lines).encode("utf-8", "backslashreplace")


def _joined(shares: Sequence[Sequence[int]]) -> list[str]:
    """Numbers with commas, a string a paragraph."""
    number = _NUMBERS.__getitem__
    return [",".join(map(number, row)) for row in shares]


def packed(raw: bytes) -> str:
    """Bytes as the audit keeps them: zlib, base64."""
    return base64.b64encode(zlib.compress(raw, 9)).decode()


_NUMBERS = [str(share) for share in range(10_001)]
_AT = {label: at for at, label in enumerate(LABELS)}
_SHARES = [repr(share / 10_000) for share in range(10_001)]
"""Probabilities as they are written: to four places, like those of all labels (repr of a float takes as long as the rest)."""


def _constant_ends(line: SourceLine) -> tuple[str, str]:
    """What all of a source's paragraph lines begin and end with."""
    begin = f'{{"record":"paragraph","source":{encode_basestring(line.source)},"index":'
    return begin, f'],"model":{encode_basestring(line.model)},"policy":{encode_basestring(line.policy)}}}\n'


def _paragraph_line(
    begin: str, before: str, raw: str | None, p: Sequence[Any], probability: str, shares: str, end: str, index: int
) -> str:
    """One line, put together by hand; labels, decisions and rules are words of ours and need no escapes."""
    text, start, stop, label, _, runner_up, decision, rule, opens, _ = p
    return (
        f'{begin}{index},"start":{start},"end":{stop},"before":{encode_basestring(before)},"text":{encode_basestring(text)},'
        f'"raw":{"null" if raw is None else encode_basestring(raw)},"label":"{label}","probability":{probability},'
        f'"runner_up":"{runner_up}","decision":"{decision}","rule":"{rule}","opens":{"true" if opens else "false"},'
        f'"probabilities":[{shares}{end}'
    )


def _dumps(row: Any) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
