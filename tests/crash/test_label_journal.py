"""Labels on a disk that fails, or whose power goes: what was confirmed stands, and nothing else is taken for a label."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

import pytest
from faults import ERRORS, FaultyDisk, LossyDisk, PowerCutError, failing

from cleaner.errors import WriteError
from cleaner.labels.events import LabelEvent, LabelledArticle
from cleaner.labels.journal import append_events, read_events
from cleaner.store.commit import Disk

ARTICLE = LabelledArticle("a.txt", "0" * 64, "a.example", "fr", "news", ("Le pont rouvre lundi.", "Lu 5 fois"))


def acts() -> list[tuple[LabelledArticle | LabelEvent, ...]]:
    """Five clicks as the page keeps them: the first brings its article."""
    said = [LabelEvent("Lu 5 fois", label, "a.txt", "0" * 64, 1, "a.example", "fr", "Ada", "2026-01-01T00:00:00Z", "0" * 12, "content")
            for label in ("navigation", "", "legal", "navigation", "spam")]  # fmt: skip
    return [(ARTICLE, said[0]), *((one,) for one in said[1:])]


def whole(path: Path) -> list[tuple[str, str]]:
    """What stands in the journal, as far as can be told apart."""
    return [(type(e).__name__, getattr(e, "label", "")) for e in read_events(path)] if path.exists() else []


def click(path: Path, disk: Disk) -> list[tuple[str, str]]:
    """Click until something fails; returns what was confirmed."""
    confirmed: list[tuple[str, str]] = []
    try:
        for events in acts():
            append_events(path, events, disk)
            confirmed += [(type(e).__name__, getattr(e, "label", "")) for e in events]
    except (WriteError, PowerCutError):
        pass
    return confirmed


def stands(path: Path, confirmed: list[tuple[str, str]], at: int) -> None:
    """What was confirmed stands, and the next click is kept. Of what was not, only the first may stand: its folder comes last."""
    stood = whole(path)
    assert stood == confirmed or (not confirmed and len(stood) == len(acts()[0])), f"call {at}"
    append_events(path, acts()[-1])
    assert whole(path) == [*stood, ("LabelEvent", "spam")], f"call {at}"


@pytest.mark.parametrize("error", ERRORS, ids=os.strerror)
def test_a_fault_at_every_writing_call(tmp_path: Path, error: int) -> None:
    """A click that the disk refused leaves nothing behind, those before it stand, and the next click is kept (T11)."""
    for at in count(1):
        path, disk = tmp_path / f"{at}.jsonl", FaultyDisk(at, failing(error))
        confirmed = click(path, disk)
        if disk.calls < at:
            break
        stands(path, confirmed, at)
    assert at > 10, "there are that many calls"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of open files from /proc")
def test_the_power_goes_at_every_writing_call(tmp_path: Path) -> None:
    """What the page called saved is there when the power is back, and the next click is kept."""
    for at in count(1):
        path, disk = tmp_path / f"{at}.jsonl", LossyDisk(at, names=False)
        confirmed = click(path, disk)
        if disk.calls < at:
            break
        stands(path, confirmed, at)
    assert at > 10


def test_without_durability_the_check_fails(tmp_path: Path) -> None:
    """A journal that is not made durable loses what it confirmed: the check above can fail."""
    disk = LossyDisk(8, names=False)
    disk.__class__ = type("Careless", (LossyDisk,), {"fsync": lambda *_: None})
    confirmed = click(tmp_path / "lost.jsonl", disk)
    assert len(whole(tmp_path / "lost.jsonl")) < len(confirmed)
