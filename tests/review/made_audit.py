"""Audits put together by hand, with texts that no reader of sources would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cleaner.audit import CLEANED, Entry, ParagraphLine, SourceLine, entry_lines
from cleaner.records import LABELS

SHARES = (4000, 0, 0, 0, 0, 0, 0, 0, 0, 6000)


def source_line(source: str, **fields: object) -> SourceLine:
    line = SourceLine(source, CLEANED, "", "text", 0, "0" * 64, "utf-8", "utf-8", 0, (), "", "", "news", "0" * 12, "0" * 12, {})
    return replace(line, **fields)  # type: ignore[arg-type]


def entry(source: str, texts: Sequence[str], **fields: object) -> Entry:
    """An entry whose paragraphs are all removed as spam."""
    line = source_line(source, paragraphs=len(texts), **fields)
    lines = [
        ParagraphLine(
            source, i, 0, 0, "", text, None, LABELS[9], 0.6, LABELS[0], "remove", "removed", False, SHARES, line.model, "0" * 12
        )
        for i, text in enumerate(texts)
    ]
    return Entry(line, tuple(lines))


def write_audit(folder: Path, entries: Sequence[Entry]) -> Path:
    """An output folder with these entries in its audit, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [line for one in entries for line in entry_lines(one)]
    (folder / "audit.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder
