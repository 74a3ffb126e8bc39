"""What the audit says of a source, and how the source comes back from it."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from cleaner.errors import OutputError
from cleaner.records import LABELS, JudgedParagraph

NAME = "audit.jsonl"
CLEANED, SET_ASIDE, UNREADABLE = "cleaned", "set aside", "unreadable"
STATUSES = (CLEANED, SET_ASIDE, UNREADABLE)


@dataclass(frozen=True, slots=True)
class Output:
    """A clean file: its path in the output folder, its checksum, and the paragraph it begins at."""

    path: str
    sha256: str
    start: int


@dataclass(frozen=True, slots=True)
class SourceLine:
    """What became of one source."""

    source: str
    status: str
    reason: str
    kind: str
    bytes: int
    sha256: str
    encoding: str
    encoding_reason: str
    paragraphs: int
    outputs: tuple[Output, ...]
    tail: str
    """The text after the last paragraph."""
    original: str
    """The source's bytes (zlib, base64) where its text cannot give them back; else empty."""
    style: str
    model: str
    policy: str
    metadata: Mapping[str, str]
    code: str = ""
    """The reason as one word of a closed list; empty for a source that was cleaned."""


@dataclass(frozen=True, slots=True)
class ParagraphLine:
    """One decision."""

    source: str
    index: int
    start: int
    end: int
    before: str
    """The text between the paragraph before and this one."""
    text: str
    raw: str | None
    """The paragraph as it stood in the source, where it differs from `text`."""
    label: str
    probability: float
    runner_up: str
    decision: str
    rule: str
    opens: bool
    probabilities: tuple[int, ...]
    """Ten-thousandths, in the order of the labels."""
    model: str
    policy: str

    def judged(self) -> JudgedParagraph:
        """The paragraph as the policy sees it."""
        shares = tuple(p / 10_000 for p in self.probabilities)
        return JudgedParagraph(
            self.text,
            self.start,
            self.end,
            self.label,
            self.probability,
            self.runner_up,
            self.decision,
            self.rule,
            self.opens,
            shares,
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A source with its decisions."""

    source: SourceLine
    paragraphs: tuple[ParagraphLine, ...]


def text_of(entry: Entry) -> str:
    """The whole text of the source, furniture and gaps included."""
    parts = [piece for p in entry.paragraphs for piece in (p.before, p.text if p.raw is None else p.raw)]
    return "".join(parts) + entry.source.tail


def bytes_of(entry: Entry) -> bytes:
    """The source as it was: its bytes for a text source, its paragraphs as UTF-8 for a page.

    Raises OutputError when the audit does not give back what its own checksum promises.
    """
    line = entry.source
    if line.original:
        raw = _unpacked(line.original)
    else:
        raw = encoded(text_of(entry), line.encoding if line.kind == "text" else "utf-8")
    if line.kind == "text" and sha256(raw).hexdigest() != line.sha256:
        raise OutputError(f"{line.source}: the audit does not give back the source's bytes; audit.jsonl was changed by hand")
    return raw


def _unpacked(original: str) -> bytes:
    try:
        return zlib.decompress(base64.b64decode(original))
    except (ValueError, zlib.error):
        return b""


def encoded(text: str, encoding: str) -> bytes:
    """Text as bytes again; nothing where the encoding has no place for it."""
    try:
        return text.encode(encoding, "surrogatepass" if encoding == "utf-8" else "strict")
    except (UnicodeEncodeError, LookupError):
        return b""


def removed_counts(paragraphs: Iterable[JudgedParagraph]) -> dict[str, int]:
    """How many paragraphs of each label left the article, in the order of the labels."""
    gone = [p.label for p in paragraphs if not p.stays]
    return {label: gone.count(label) for label in LABELS if label in gone}
