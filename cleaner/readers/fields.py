"""Which fields of a row hold an article, and what they give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cleaner.readers.lines import BOM
from cleaner.readers.records import Record, Rejected

_DECLARATIONS = (b"charset", b"encoding")
_DECLARED_WITHIN = 4096


@dataclass(frozen=True, slots=True)
class Fields:
    """Names of the fields of JSONL, CSV and Parquet, most wanted first; the first that is there and not empty counts.

    Where a row has both a page and its text, the page is read: it says more of what each line is.
    """

    html: tuple[str, ...] = ("html", "raw_html", "page_html", "html_content")
    text: tuple[str, ...] = ("text", "content", "body", "article", "raw_content", "article_text", "raw_text")
    id: tuple[str, ...] = ("id", "doc_id", "_id", "uuid", "guid")
    url: tuple[str, ...] = ("url", "source_url", "link", "uri", "WARC-Target-URI")
    title: tuple[str, ...] = ("title", "headline")
    author: tuple[str, ...] = ("author", "authors", "byline")
    date: tuple[str, ...] = (
        "date",
        "published",
        "date_published",
        "publish_date",
        "published_at",
        "publication_date",
        "timestamp",
    )

    @property
    def articles(self) -> tuple[str, ...]:
        """Fields that may hold an article, most wanted first."""
        return (*self.html, *self.text)

    @property
    def names(self) -> frozenset[str]:
        """Every field that is read."""
        return frozenset((*self.articles, *self.id, *self.url, *self.title, *self.author, *self.date))


METADATA = ("id", "url", "title", "author", "date")


def record_of(id: str, row: Mapping[str, Any], fields: Fields, where: str) -> Record | Rejected:
    """The article of a row, with its metadata; Rejected where no field holds one."""
    name = next((name for name in fields.articles if isinstance(row.get(name), (str, bytes)) and row[name]), None)
    if name is None:
        return Rejected(id, "no-text", f"{where}: {_missing(row, fields)}", b"")
    kind = "html" if name in fields.html else "text" if name == "text" else None
    return Record(id, _as_bytes(row[name]), kind, metadata_of(row, fields))


def metadata_of(row: Mapping[str, Any], fields: Fields) -> dict[str, str]:
    """Title, author, date, url and id, those that the row has."""
    found = {key: _first(row, getattr(fields, key)) for key in METADATA}
    return {key: value for key, value in found.items() if value}


def _missing(row: Mapping[str, Any], fields: Fields) -> str:
    empty = [name for name in fields.articles if name in row]
    if empty:
        return f"{', '.join(empty)}: empty, or no text"
    has = ", ".join(sorted(map(str, row))[:12]) or "none"
    return f"none of the fields {', '.join(fields.articles)}; its fields are {has}; name the right one"


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := _as_text(row.get(name)))), "")


def _as_text(value: Any) -> str:
    """Text of a simple value or a list of them; nothing for objects, which are no author or title."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (list, tuple)):
        return ", ".join(filter(None, map(_as_text, value)))
    return "" if value is None or isinstance(value, (dict, bool)) else str(value)


def _as_bytes(text: str | bytes) -> bytes:
    """UTF-8; marked as such where the page names another encoding, which was true before it stood in this field."""
    if isinstance(text, bytes):
        return text
    raw = _encoded(text)
    if raw.isascii() or not any(sign in raw[:_DECLARED_WITHIN].lower() for sign in _DECLARATIONS):
        return raw
    return BOM + raw


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # halves of a pair: together a character, alone none
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
