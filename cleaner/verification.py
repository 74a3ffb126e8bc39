"""Is an output folder still what its audit says?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from cleaner import audit
from cleaner.audit import Entry, read_entries
from cleaner.errors import OutputError


def differences(out: Path) -> Iterator[str]:
    """Every way in which an output folder differs from its audit; nothing when it is sound.

    Raises OutputError when there is no readable audit.
    """
    expected: dict[str, list[str]] = {}
    for entry in read_entries(out / audit.NAME):
        yield from _broken_entry(entry)
        for output in entry.source.outputs:
            expected.setdefault(output.path, []).append(output.sha256)
    for path, digests in expected.items():
        yield from _broken_file(out / path, path, digests)
    present = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    for path in sorted(present - set(expected) - {audit.NAME}):
        yield f"{path}: not written by cleaner, or left from a broken run"


def _broken_entry(entry: Entry) -> Iterator[str]:
    try:
        if entry.source.status != audit.UNREADABLE:
            audit.bytes_of(entry)
    except OutputError as error:
        yield str(error)
    rendered = {(o.start, o.sha256) for o in entry.source.outputs}
    if entry.source.status == audit.CLEANED and not rendered:
        yield f"{entry.source.source}: cleaned, but no clean file is on record"


def _broken_file(file: Path, path: str, digests: Sequence[str]) -> Iterator[str]:
    try:
        content = file.read_bytes()
    except OSError as error:
        yield f"{path}: {(error.strerror or str(error)).lower()}"
        return
    parts = content.splitlines(keepends=True) if path.endswith(".jsonl") and len(digests) >= 1 else [content]
    if [sha256(part).hexdigest() for part in parts] != list(digests):
        yield f"{path}: changed since it was written"
