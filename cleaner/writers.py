"""Clean articles as bytes: text, Markdown, or a record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cleaner.articles import CleanArticle
from cleaner.audit import removed_counts


def text_bytes(text: str) -> bytes:
    """A clean text as a file of its own."""
    return (text + "\n").encode("utf-8", "replace")


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


def as_jsonl(article: CleanArticle, model: str, policy: str) -> bytes:
    """The record on one line; halves of characters, as undecodable file names have them, as escapes."""
    record = as_record(article, model, policy)
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace") + b"\n"


FORMATS: Mapping[str, str] = {
    "txt": ".txt",
    "md": ".md",
    "jsonl": ".jsonl",
    "jsonl.gz": ".jsonl.gz",
    "jsonl.zst": ".jsonl.zst",
    "parquet": ".parquet",
}
"""Output formats and the ending of their files; all but `txt` and `md` gather many articles in a file."""
FOLDERS = ("txt", "md")
"""Formats with a file an article."""


def render(article: CleanArticle, format: str, model: str, policy: str) -> bytes:
    """An article's bytes in a format of FORMATS; gathered ones all begin as a line of JSON."""
    if format not in FOLDERS:
        return as_jsonl(article, model, policy)
    return as_markdown(article).encode("utf-8", "replace") if format == "md" else text_bytes(article.text)
