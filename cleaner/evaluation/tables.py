"""Tables in documents, written between markers by a command and never by hand."""

from __future__ import annotations

from pathlib import Path

from cleaner.errors import UsageError


def replace_table(document: Path, name: str, table: str) -> None:
    """Put a table between `<!-- name -->` and `<!-- /name -->` of a document.

    Raises UsageError when the markers are not there.
    """
    text = document.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    head, found, rest = text.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise UsageError(f"{document}: no {begin} … {end} to put the table between")
    document.write_text(f"{head}{begin}\n{table.rstrip()}\n{end}{tail}", encoding="utf-8")
