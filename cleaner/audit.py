"""The record of every decision: from it alone a source is explained, restored, verified, re-decided.

`audit.jsonl` holds, for every source, one source line and then one line a paragraph. The text
between paragraphs is kept too, so that a text source comes back byte for byte.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from cleaner.errors import OutputError
from cleaner.records import ACTIONS, LABELS, JudgedParagraph, Source

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


def entry_of(source: Source, text: str, paragraphs: Sequence[JudgedParagraph], line: SourceLine) -> Entry:
    """The audit of one source; `text` is the text that the paragraphs' places refer to."""
    lines = tuple(_paragraph_lines(source.id, text, paragraphs, line.model, line.policy))
    tail = text[paragraphs[-1].end if paragraphs else 0 :]
    complete = replace(line, paragraphs=len(lines), tail=tail)
    if source.kind == "html":
        return Entry(complete, lines)
    back = _encoded(text_of(Entry(complete, lines)), source.encoding)
    original = "" if back == source.raw else base64.b64encode(zlib.compress(source.raw, 9)).decode()
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
        raw = _encoded(text_of(entry), line.encoding if line.kind == "text" else "utf-8")
    if line.kind == "text" and sha256(raw).hexdigest() != line.sha256:
        raise OutputError(f"{line.source}: the audit does not give back the source's bytes; audit.jsonl was changed by hand")
    return raw


def _unpacked(original: str) -> bytes:
    try:
        return zlib.decompress(base64.b64decode(original))
    except (ValueError, zlib.error):
        return b""


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding, "surrogatepass" if encoding == "utf-8" else "strict")
    except (UnicodeEncodeError, LookupError):
        return b""


def entry_lines(entry: Entry) -> Iterator[str]:
    """The lines of an entry, without line ends."""
    yield _dumps({"record": "source", **asdict(entry.source)})
    for p in entry.paragraphs:
        yield _dumps({"record": "paragraph", **{name: getattr(p, name) for name in ParagraphLine.__dataclass_fields__}})


def _dumps(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace").decode()


def read_entries(path: Path) -> Iterator[Entry]:
    """All entries of an audit file, one at a time.

    Raises OutputError, with the line, when the file is missing, cut or not an audit.
    """
    line: SourceLine | None = None
    paragraphs: list[ParagraphLine] = []
    for number, row in _rows(path):
        try:
            if row.pop("record") == "source":
                if line:
                    yield _complete(line, paragraphs, path)
                line, paragraphs = _source_line(row), []
            else:
                paragraphs.append(_paragraph_line(row, line))
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


def _paragraph_line(row: dict[str, Any], source: SourceLine | None) -> ParagraphLine:
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


def removed_counts(paragraphs: Iterable[JudgedParagraph]) -> dict[str, int]:
    """How many paragraphs of each label left the article, in the order of the labels."""
    gone = [p.label for p in paragraphs if not p.stays]
    return {label: gone.count(label) for label in LABELS if label in gone}
