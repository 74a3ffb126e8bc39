"""Labelled articles: one JSON object a line, or a CSV of `text,label`.

Everything here is labelled whole. Articles of which only some paragraphs have a label are read by `cleaner.labels`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cleaner.errors import SeedError
from cleaner.records import LABELS, STYLES


@dataclass(frozen=True, slots=True)
class Seed:
    """An article with a label on every paragraph."""

    id: str
    site: str
    language: str
    lines: tuple[str, ...]
    labels: tuple[str, ...]
    """One a paragraph. Empty where it has none: `cleaner.labels.read_labels` gives such articles, `read_seeds` never."""
    opens: frozenset[int] = frozenset()
    """Indices of paragraphs that begin a further whole article of the file."""
    also: Mapping[int, str] | None = None
    """A second acceptable label, by paragraph."""
    html: str = ""
    """The page that the paragraphs are read from, where there is one."""
    style: str = "news"
    """The convention that its labels follow."""
    source_sha256: str = ""
    """Of the source's bytes, where the article is a source of a corpus."""


def digest_of_lines(lines: Sequence[str]) -> str:
    """Names an article by its paragraphs: 12 hexadecimal digits."""
    return sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def read_seeds(path: Path) -> Iterator[Seed]:
    """Read labelled articles from a `.jsonl` or `.csv` file, or from every such file of a folder.

    Raises SeedError, with file and line, for anything that is not a labelled article.
    """
    try:
        yield from _read(path)
    except (UnicodeDecodeError, csv.Error) as error:
        raise SeedError(f"{path}: not a text file of labelled articles ({error})") from error


def _read(path: Path) -> Iterator[Seed]:
    if path.is_dir():
        for inner in sorted([*path.glob("*.jsonl"), *path.glob("*.csv")]):
            yield from read_seeds(inner)
    elif path.suffix == ".csv":
        yield from _read_csv(path)
    else:
        yield from _read_jsonl(path)


def _read_jsonl(path: Path) -> Iterator[Seed]:
    with _open(path) as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield seed_of(line, f"{path}:{number}")


def seed_of(line: str, where: str, *, partial: bool = False) -> Seed:
    """The labelled article of one line of JSON; `partial` allows paragraphs without a label (null or empty).

    Raises SeedError, naming `where`, for anything else.
    """
    try:
        row = json.loads(line)
        if "paragraphs" not in row and "lines" not in row:
            row["paragraphs"] = [{"text": row["text"], "label": row["label"]}]
        return _from_lines(row, where, partial) if "lines" in row else _from_paragraphs(row, where, partial)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"{where}: not a labelled article ({error!r}); expected id, site, language, paragraphs:[{{text,label}}]"
        raise SeedError(message) from error


def _from_paragraphs(row: Mapping[str, Any], where: str, partial: bool) -> Seed:
    paragraphs = row["paragraphs"]
    return Seed(
        id=str(row.get("id", where)),
        site=str(row.get("site", row.get("id", where))),
        language=str(row.get("language", "")),
        lines=tuple(_text(p["text"]) for p in paragraphs),
        labels=tuple(label_of(p["label"], where, partial) for p in paragraphs),
        opens=frozenset(i for i, p in enumerate(paragraphs) if p.get("opens")),
        also={i: label_of(p["also"], where) for i, p in enumerate(paragraphs) if p.get("also")},
        html=str(row.get("html", "")),
        style=_style(row.get("style", STYLES[0]), where),
        source_sha256=str(row.get("source_sha256", "")),
    )


def _from_lines(row: Mapping[str, Any], where: str, partial: bool) -> Seed:
    """The column form: `lines` and `labels` side by side."""
    if len(row["lines"]) != len(row["labels"]):
        raise ValueError(f"{len(row['lines'])} lines but {len(row['labels'])} labels")
    return Seed(
        id=str(row.get("id", where)),
        site=str(row.get("site", row.get("id", where))),
        language=str(row.get("lang", row.get("language", ""))),
        lines=tuple(map(_text, row["lines"])),
        labels=tuple(label_of(label, where, partial) for label in row["labels"]),
        opens=frozenset(i for i in row.get("article_starts", ()) if i),
        also={int(i): label_of(label, where) for i, label in row.get("also_acceptable", ())},
    )


def _read_csv(path: Path) -> Iterator[Seed]:
    with _open(path) as lines:
        reader = csv.DictReader(lines)
        if not {"text", "label"} <= set(reader.fieldnames or ()):
            raise SeedError(f"{path}: no columns `text` and `label` in the first line")
        for row in reader:
            where = f"{path}:{reader.line_num}"
            if row["text"] is None or row["label"] is None:
                raise SeedError(f"{where}: fewer cells than the first line has columns")
            if None in row:
                raise SeedError(f"{where}: more cells than the first line has columns; put the text in quotes")
            site = row.get("site") or where
            yield Seed(where, site, row.get("language") or "", (row["text"],), (label_of(row["label"], where),))


def _text(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(f"a paragraph's text is {text!r}")
    return text


def label_of(label: object, where: str, partial: bool = False) -> str:
    """The label, empty for none where `partial` allows it. Raises SeedError, naming `where`, for what is no label."""
    if partial and label in (None, ""):
        return ""
    if label not in LABELS:
        raise SeedError(f"{where}: {label!r} is not a label; the labels are {', '.join(LABELS)}")
    return str(label)


def _style(style: object, where: str) -> str:
    if style not in STYLES:
        raise SeedError(f"{where}: style is {style!r}; it must be one of {', '.join(STYLES)}")
    return str(style)


def _open(path: Path) -> Any:
    try:
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise SeedError(f"{path}: cannot be read ({error.strerror}); give a .jsonl or .csv file or a folder of them") from error
