"""What a person said of a paragraph, as it happened: events of a label journal.

A journal is lines of JSON. A `label` line is one act of one person; an `article` line is the article that
later `label` lines speak of, so that a journal can be learned from where the corpus is not at hand.
Nothing is ever changed in it: the last act on a paragraph counts, and an act with an empty label takes back what stood.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from cleaner.errors import SeedError
from cleaner.records import LABELS, STYLES


@dataclass(frozen=True, slots=True)
class LabelEvent:
    """One act: this paragraph is that."""

    text: str
    label: str
    """One of LABELS; empty takes back what stood before."""
    source: str
    """The source's id in the corpus."""
    source_sha256: str
    """Of the source's bytes, as in its audit; empty for a loose line."""
    index: int
    """The paragraph's place in its source."""
    site: str
    language: str
    who: str
    when: str
    """UTC, ISO 8601, to the second."""
    model: str
    """Digest of the model whose verdict the person saw."""
    was: str
    """The label that the model gave."""
    text_sha256: str = ""
    """Of the text as UTF-8; worked out where it is empty."""


@dataclass(frozen=True, slots=True)
class LabelledArticle:
    """The article that labels speak of, as its audit has it."""

    source: str
    source_sha256: str
    site: str
    language: str
    style: str
    paragraphs: tuple[str, ...]
    html: str = ""
    """The page that the paragraphs were read from; empty for a text, and where the page was not at hand."""


def digest_of_text(text: str) -> str:
    """SHA-256 of a paragraph's text."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def line_of(event: LabelEvent | LabelledArticle) -> bytes:
    """An event as one line of a journal, its line feed included."""
    fields = asdict(event)
    if isinstance(event, LabelEvent):
        fields["text_sha256"] = digest_of_text(event.text)
    kind = "label" if isinstance(event, LabelEvent) else "article"
    return json.dumps({"record": kind, **fields}, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def event_of(line: bytes, where: str) -> LabelEvent | LabelledArticle:
    """The event of one line. Raises SeedError, naming `where`, for anything else."""
    try:
        row = json.loads(line.decode("utf-8"))
        kind = row.pop("record")
        return _label(row) if kind == "label" else _article(row) if kind == "article" else _unknown(kind)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SeedError(f"{where}: not a line of a label journal ({error!r})") from error


def _label(row: Mapping[str, Any]) -> LabelEvent:
    event = LabelEvent(**row)
    _check_types({**row, "index": ""})
    if type(event.index) is not int or event.index < 0:
        raise ValueError(f"index is {event.index!r}")
    if event.label and event.label not in LABELS:
        raise ValueError(f"{event.label!r} is not a label")
    if event.text_sha256 and event.text_sha256 != digest_of_text(event.text):
        raise ValueError("the text is not the one that was labelled: its checksum differs")
    return event


def _article(row: Mapping[str, Any]) -> LabelledArticle:
    if row["style"] not in STYLES:
        raise ValueError(f"style is {row['style']!r}")
    if not isinstance(row["paragraphs"], list):
        raise TypeError("paragraphs is not a list")
    _check_types({**{str(i): text for i, text in enumerate(row["paragraphs"])}, **row, "paragraphs": ""})
    return LabelledArticle(**{**row, "paragraphs": tuple(row["paragraphs"])})


def _check_types(fields: Mapping[str, Any]) -> None:
    """What is not text here would be found out far from the file that it came from."""
    wrong = [name for name, value in fields.items() if not isinstance(value, str)]
    if wrong:
        raise TypeError(f"{wrong[0]} is {fields[wrong[0]]!r}, no text")


def _unknown(kind: object) -> LabelEvent:
    raise ValueError(f"record is {kind!r}")
