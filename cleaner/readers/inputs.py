"""An input: one file, address or standard input, and what its name says is in it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

STDIN = "-"
KINDS = {".txt": "text", ".text": "text", ".md": "text", ".html": "html", ".htm": "html", ".xhtml": "html"}
"""Endings of files that are one article, and what they say of it."""
CONTAINERS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet", ".warc": "warc", ".wet": "warc"}
"""Endings of files that hold many articles. `.wet` is how Common Crawl names archives of plain text."""
CODECS = {".gz": "gz", ".zst": "zst", ".bz2": "bz2"}
"""Endings of packed files; they follow the others."""
ENDINGS = (*KINDS, *CONTAINERS)


class Input(NamedTuple):
    """Something to read, as listed: cheap, nothing of it was read."""

    place: str
    """A local path, or the address of a file elsewhere (`s3://...`), as text: a Path costs as much as listing a file."""
    id: str
    """Its name relative to the folder that was given."""
    kind: str | None
    """`html`, `text` or None: what the articles in it are, as far as its name says."""
    container: str = "file"
    """`file` is one article; `jsonl`, `csv`, `parquet` and `warc` hold many."""
    codec: str = ""
    """`gz`, `zst`, `bz2` or nothing, as its name says; its first bytes decide."""
    is_local: bool = True

    @property
    def path(self) -> Path | str:
        """The place as a Path where it is local, else the address."""
        return Path(self.place) if self.is_local else self.place


def input_of(path: Path | str, id: str) -> Input:
    """An input with what its name says of it."""
    ending, codec = endings_of(id)
    return Input(str(path), id, KINDS.get(ending), CONTAINERS.get(ending, "file"), codec, isinstance(path, Path))


def endings_of(name: str) -> tuple[str, str]:
    """The ending that says what is in a file, and the codec: `a.html.gz` gives `.html` and `gz`."""
    stem, ending = _split(name)
    codec = CODECS.get(ending, "")
    return (_split(stem)[1], codec) if codec else (ending, "")


def is_known(name: str) -> bool:
    """Whether files of this name are read when their folder is given."""
    return endings_of(name)[0] in ENDINGS


def _split(name: str) -> tuple[str, str]:
    """A name before its ending, and the ending in small letters; none where nothing stands before it, or in a folder's name."""
    stem, dot, ending = name.rpartition(".")
    return ("", "") if not stem or stem[-1] == "/" or "/" in ending else (stem, dot + ending.lower())


def shown(path: Path | str) -> str:
    """A path as it can be printed anywhere: undecodable and control characters escaped."""
    return ascii_safe(str(path))


def ascii_safe(text: str) -> str:
    """Text with control characters, direction marks and lone surrogates as escapes, safe on a terminal."""
    return "".join(c if c.isprintable() or c == " " else c.encode("unicode_escape").decode("ascii") for c in text)
