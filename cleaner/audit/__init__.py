"""The record of every decision: from it alone a source is explained, restored, verified, re-decided.

`audit.jsonl` holds, for every source in the order of their ids, one source line and then one line a
paragraph; the audit of a large corpus is a folder of such files. The text between paragraphs is kept
too, so that a text source comes back byte for byte.
"""

from __future__ import annotations

from cleaner.audit.entries import (
    CLEANED,
    NAME,
    SET_ASIDE,
    STATUSES,
    UNREADABLE,
    Entry,
    Output,
    ParagraphLine,
    SourceLine,
    bytes_of,
    removed_counts,
    text_of,
)
from cleaner.audit.lines import entry_bytes, entry_lines, entry_of, packed, source_head
from cleaner.audit.reading import read_all, read_entries, read_entry, shard_files
from cleaner.audit.rows import quoted, unfolded

__all__ = [
    "CLEANED",
    "NAME",
    "SET_ASIDE",
    "STATUSES",
    "UNREADABLE",
    "Entry",
    "Output",
    "ParagraphLine",
    "SourceLine",
    "bytes_of",
    "entry_bytes",
    "entry_lines",
    "entry_of",
    "packed",
    "quoted",
    "read_all",
    "read_entries",
    "read_entry",
    "removed_counts",
    "shard_files",
    "source_head",
    "text_of",
    "unfolded",
]
