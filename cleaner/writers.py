"""Clean articles to files. The one door through which bytes go out: whole files or none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO, Any

from cleaner import audit
from cleaner.articles import CleanArticle
from cleaner.audit import Output, removed_counts
from cleaner.errors import OutputError

PARTIAL = ".partial"
LONGEST_NAME = 240
"""Bytes: file systems take 255."""


def as_text(article: CleanArticle) -> str:
    """The article alone."""
    return article.text + "\n"


def as_markdown(article: CleanArticle) -> str:
    """Front matter (YAML; every value a JSON string, which YAML reads) and the article with its headings marked."""
    fields = {name: getattr(article, name) for name in ("title", "author", "date", "language", "source")}
    front = "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in fields.items() if value)
    body = "\n\n".join(_marked(p.text, p.label, p.text == article.title) for p in article.paragraphs if p.stays)
    return f"---\n{front}---\n\n{body}\n"


def _marked(text: str, label: str, is_title: bool) -> str:
    if text.startswith("#") or label != "heading":
        return text
    return f"{'#' if is_title else '##'} {text}"


def as_record(article: CleanArticle, model: str, policy: str) -> dict[str, Any]:
    """The article as a JSON record; places of paragraphs refer to its own `text`."""
    at, paragraphs = 0, []
    for p in article.paragraphs:
        if p.stays:
            paragraphs.append({"text": p.text, "label": p.label, "start": at, "end": at + len(p.text)})
            at += len(p.text) + 2
    return {
        "id": f"{article.source}#{article.start}" if article.start else article.source,
        "source": article.source,
        "url": article.known.get("url"),
        "title": article.title,
        "author": article.author,
        "date": article.date,
        "language": article.language,
        "text": article.text,
        "paragraphs": paragraphs,
        "removed": removed_counts(article.paragraphs),
        "model": model,
        "policy": policy,
    }


def as_jsonl(article: CleanArticle, model: str, policy: str) -> str:
    """The record on one line."""
    return json.dumps(as_record(article, model, policy), ensure_ascii=False, separators=(",", ":")) + "\n"


FORMATS: Mapping[str, str] = {"txt": ".txt", "md": ".md", "jsonl": ".jsonl"}
"""Output formats and the ending of their files; `jsonl` gathers all articles in one file."""
GATHERED = "articles.jsonl"


def render(article: CleanArticle, format: str, model: str, policy: str) -> bytes:
    """An article's bytes in a format of FORMATS."""
    if format == "jsonl":
        return as_jsonl(article, model, policy).encode("utf-8", "replace")
    return (as_markdown(article) if format == "md" else as_text(article)).encode("utf-8", "replace")


class FolderWriter:
    """Clean files in the same relative places as their sources; `jsonl` goes to one file."""

    def __init__(self, out: Path, format: str) -> None:
        self._out = out
        self._format = format
        self._taken: set[str] = set()
        self._folders: set[str] = set()
        self._gathered: IO[bytes] | None = None

    def __enter__(self) -> FolderWriter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._gathered:
            self._gathered.close()

    def write(self, source: str, rendered: Sequence[tuple[int, bytes]]) -> tuple[Output, ...]:
        """Write a source's articles, given as (first paragraph, bytes)."""
        outputs = []
        for number, (start, content) in enumerate(rendered, 1):
            if self._format == "jsonl":
                self._gather(content)
                path = GATHERED
            else:
                path = self._name(source, number if len(rendered) > 1 else 0)
                write_whole(self._out / path, content)
            outputs.append(Output(path, sha256(content).hexdigest(), start))
        return tuple(outputs)

    def _gather(self, content: bytes) -> None:
        if self._gathered is None:
            self._gathered = _create(self._out / (GATHERED + PARTIAL))
        self._gathered.write(content)

    def finish(self) -> None:
        """Put gathered articles under their final name."""
        if self._gathered:
            self._gathered.close()
            _final(self._out / (GATHERED + PARTIAL), self._out / GATHERED)

    def _name(self, source: str, number: int) -> str:
        """The source's own place with the format's ending; its full name or a number where that is taken."""
        place = PurePosixPath("stdin" if source == "-" else source)
        ending = FORMATS[self._format]
        suffix = f"-{number}" if number else ""
        folder = self._folder(place.parent)
        options = [f"{place.stem}{suffix}{ending}", f"{place.name}{suffix}{ending}"]
        options += [f"{place.name}{suffix}~{copy}{ending}" for copy in range(2, 1000)]
        for option in options:
            name = (folder / _short(option, ending)).as_posix()
            if name.lower() not in self._taken and name.lower() not in self._folders and name != audit.NAME:
                self._taken.add(name.lower())
                return name
        raise OutputError(f"{source}: a thousand other sources have taken its name")

    def _folder(self, folder: PurePosixPath) -> PurePosixPath:
        """The folder itself, or a like name where a clean file stands in its place."""
        place = PurePosixPath()
        for part in folder.parts:
            options = (place / f"{part}{'~' * copy}" for copy in range(1000))
            place = next(option for option in options if option.as_posix().lower() not in self._taken)
            self._folders.add(place.as_posix().lower())
        return place


def _short(name: str, ending: str) -> str:
    """A name that a file system takes: at most LONGEST_NAME bytes, the rest told by a hash."""
    raw = name.encode("utf-8", "surrogateescape")
    if len(raw) <= LONGEST_NAME:
        return name
    kept = raw[: LONGEST_NAME - len(ending) - 17].decode("utf-8", "ignore")
    return f"{kept}~{sha256(raw).hexdigest()[:16]}{ending}"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that its final name only ever shows whole content."""
    partial = path.with_name(sha256(path.name.encode("utf-8", "surrogateescape")).hexdigest()[:24] + PARTIAL)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({(error.strerror or str(error)).lower()})") from error


def _create(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({(error.strerror or str(error)).lower()})") from error


def _final(partial: Path, path: Path) -> None:
    partial.replace(path)


class AuditWriter:
    """`audit.jsonl`, written under a partial name and put in place when the run is complete."""

    def __init__(self, path: Path, lines_of: Callable[[Any], Any]) -> None:
        self._path = path
        self._lines_of = lines_of
        self._stream = _create(path.with_name(path.name + PARTIAL))

    def __enter__(self) -> AuditWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def write(self, entry: Any) -> None:
        """Append an entry."""
        self._stream.write("".join(line + "\n" for line in self._lines_of(entry)).encode("utf-8"))

    def finish(self) -> None:
        """Put the audit in place: from here on the run counts."""
        self._stream.close()
        _final(self._path.with_name(self._path.name + PARTIAL), self._path)
