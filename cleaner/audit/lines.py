"""Entries of the audit as lines of JSON."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import chain, pairwise
from operator import attrgetter
from typing import Any

from cleaner.audit.entries import Entry, ParagraphLine, SourceLine, encoded, text_of
from cleaner.audit.rows import folded_lines, quoted, unfolded
from cleaner.records import Columns, JudgedParagraph, Source


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
    yield from _lines_of(entry).decode().split("\n")[:-1]


def _lines_of(entry: Entry) -> bytes:
    """Paragraph lines with their ends."""
    found = entry.paragraphs
    columns = Columns(
        [p.text for p in found], [p.start for p in found], [p.end for p in found], [p.label for p in found],
        [p.runner_up for p in found], [p.decision for p in found], [p.rule for p in found], [p.opens for p in found],
    )  # fmt: skip
    raw = [NULL if p.raw is None else quoted(p.raw) for p in found]
    probabilities = [repr(round(p.probability, 4)).encode() for p in found]
    shares = [",".join(map(str, p.probabilities)).encode() for p in found]
    index, before = [p.index for p in found], [p.before for p in found]
    return b"".join(unfolded(folded_lines(_ends(entry.source), index, columns, before, raw, probabilities, shares)))


def source_head(line: SourceLine, **found: object) -> bytes:
    """A source line up to its outputs, which come last: their places depend on the other sources. `found` replaces fields."""
    fields = dict(zip(_HEAD, _head_values(line), strict=True))
    return _dumps({"record": "source", **fields, **found})[:-1]


def entry_bytes(
    source: Source, text: str, columns: Columns, probabilities: Sequence[bytes], shares: Sequence[bytes], line: SourceLine
) -> tuple[bytes, bytes]:
    """The head of a source's line and its paragraph lines, folded; unfolded they are as `entry_lines` gives them.

    `probabilities` and `shares` are as `written_shares` gives them.
    """
    texts = columns.texts
    cut, tail = _cut(text, columns)
    before, stood = cut[::2], cut[1::2]
    raw = None
    if stood != list(texts):
        raw = [NULL if own == shown else quoted(own) for own, shown in zip(stood, texts, strict=True)]
    back = source.raw if source.kind == "html" else encoded("".join(cut) + tail, source.encoding)
    original = "" if back == source.raw else packed(source.raw)
    head = source_head(line, paragraphs=len(texts), tail=tail, original=original)
    body = folded_lines(_ends(line), range(len(texts)), columns, before, raw, probabilities, shares)
    return head, body


def _cut(text: str, columns: Columns) -> tuple[list[str], str]:
    """A text cut at its paragraphs: by turns what stands before one and the paragraph as it stood, and what follows the last."""
    places = [0, *chain.from_iterable(zip(columns.starts, columns.ends, strict=True))]
    return [text[begin:end] for begin, end in pairwise(places)], text[places[-1] :]


def packed(raw: bytes) -> str:
    """Bytes as the audit keeps them: zlib, base64."""
    return base64.b64encode(zlib.compress(raw, 9)).decode()


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_HEAD = tuple(name for name in SourceLine.__dataclass_fields__ if name != "outputs")
_head_values = attrgetter(*_HEAD)
NULL = b"null"


def _ends(line: SourceLine) -> tuple[bytes, bytes]:
    """What all of a source's paragraph lines begin and end with."""
    begin = b'{"record":"paragraph","source":' + quoted(line.source) + b',"index":'
    return begin, b'],"model":' + quoted(line.model) + b',"policy":' + quoted(line.policy) + b"}"


def _dumps(row: Any) -> bytes:
    return _JSON.encode(row).encode("utf-8", "backslashreplace")
