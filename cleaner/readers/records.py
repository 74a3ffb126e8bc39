"""What reading gives: articles as they were found, and what could not be read, each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

REASONS: Final = {
    "unreadable": "the file cannot be opened or read, or is no regular file",
    "too-large": "more bytes than an article may have",
    "too-long": "a line, row, header or record longer than any article's",
    "bomb": "unpacks to more than RATIO times its size",
    "layers": "packed more than twice",
    "truncated": "ends before it is complete",
    "damaged": "packed data or a container that is not what it says it is",
    "not-utf8": "bytes that are not UTF-8 where they must be",
    "bad-json": "a line that is not JSON, or names a field twice",
    "not-an-object": "a line of JSON that is not an object",
    "too-deep": "a line of JSON with more levels than any article has",
    "bad-row": "a row that is not CSV, or has other columns than the header",
    "bad-record": "a record of a web archive that breaks the format",
    "digest": "a record of a web archive whose bytes are not those that were archived",
    "no-text": "none of the fields that hold an article",
}
"""Why something could not be read: the codes, and what each means."""

MOST_BYTES = 256 << 20
"""A larger file is set aside: no article weighs 256 MB, and a run must not."""
RAW_BYTES = 1 << 20
"""What is kept of a record that cannot be read, so that a person can look at it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one input may cost. All sizes in bytes."""

    article: int = MOST_BYTES
    """A file that is one article, unpacked."""
    record: int = 64 << 20
    """A record of a web archive or a table; the largest page in our development sets has 14 MB."""
    line: int = 16 << 20
    """A line of JSONL or a row of CSV: its text is held three times while it is parsed."""
    header: int = 1 << 16
    """The header of a web archive's record. The longest URL that crawlers keep has 8 KB."""
    ratio: int = 200
    """Unpacked bytes for each packed one. Pages pack 4 to 20 times, deflate reaches 1,032 on zeros."""
    ratio_from: int = 16 << 20
    """Below this the ratio does not count: short runs of spaces pack very well and cost nothing."""


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Record:
    """One raw article as read, unpacked."""

    id: str
    """The input's id; within a container with its place: `a.jsonl#17` is line 17, `a.parquet#17` row 17,
    both from 1; `a.warc.gz#1024` the record that begins at byte 1024 of the file."""
    raw: bytes
    """The article's bytes: HTML or text."""
    kind: str | None
    """`html`, `text` or None, which looks at the first characters."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Title, author, date, url and id as the container's fields give them."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be read; those before and after it can."""

    id: str
    """As of a Record."""
    reason: str
    """One of REASONS."""
    message: str
    """What was wrong, where, and what to try."""
    raw: bytes = b""
    """What could be read of it, at most RAW_BYTES."""

    def __post_init__(self) -> None:
        """A code that is not in the list would be lost in every count."""
        if self.reason not in REASONS:
            raise ValueError(f"{self.reason!r} is not one of {', '.join(REASONS)}")
