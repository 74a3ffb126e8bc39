"""Labels that a page's markup or a check proposes: a person settles them on the page, and only then do they count."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from served import Served, until

from cleaner.errors import SeedError
from cleaner.labels import read_labels
from cleaner.labels.events import LabelEvent
from cleaner.labels.journal import append_events, read_events

Serve = Callable[..., Served]


@pytest.fixture
def events(out: Path, tmp_path: Path, serve: Serve) -> list[LabelEvent]:
    """Labels that somebody gave to three paragraphs, in a file of their own."""
    labels = tmp_path / "earlier.jsonl"
    served = serve(out, labels)
    for paragraph in (1, 7, 9):
        served.say(paragraph, "spam")
    served.end()
    return [event for event in read_events(labels) if isinstance(event, LabelEvent)]


def proposals(path: Path, events: list[LabelEvent], who: str = "markup", when: str = "2026-01-01T00:00:00Z") -> Path:
    append_events(path, [replace(event, label="promo", who=who, when=when) for event in events])
    return path


def standing(labels: Path) -> list[str]:
    return [label for seed in read_labels(labels) for label in seed.labels if label]


def test_accepted_by_a_key(events: list[LabelEvent], out: Path, tmp_path: Path, serve: Serve, tab: Callable[[str], Any]) -> None:
    """Proposals come first; `p` accepts one under the person's name, another label refuses one, and undo brings it back."""
    served = serve(out, None, "--proposals", str(proposals(tmp_path / "proposals.jsonl", events)))
    page = tab(served.address)
    assert page.evaluate("document.querySelectorAll('#queue li').length") == 3
    assert "promo? proposes markup" in page.text_content("#paragraphs li.current .why")
    page.keyboard.press("p")
    until(page, "document.getElementById('progress').textContent.endsWith('2 proposed')")
    page.keyboard.press("9")
    until(page, "document.getElementById('progress').textContent.endsWith('1 proposed')")
    page.keyboard.press("u")
    until(page, "document.getElementById('progress').textContent.endsWith('2 proposed')")
    acts = [(event.label, event.who) for event in read_events(served.labels) if isinstance(event, LabelEvent)]
    assert acts == [("promo", "Ada"), ("legal", "Ada"), ("", "Ada")]
    assert standing(served.labels) == ["promo"]
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.evaluate("document.querySelectorAll('#queue li').length") == 2
    assert page.said == []


def test_a_check_doubts_what_was_said(events: list[LabelEvent], out: Path, tmp_path: Path, serve: Serve) -> None:
    """A label that a later check doubts comes up again until a person repeats or changes it; the markup has no word after a person."""
    labels = tmp_path / "reviewed.jsonl"
    append_events(labels, [replace(event, when="2026-01-01T00:00:00Z") for event in events])
    doubted = proposals(tmp_path / "doubted.jsonl", events[:2], "check", "2026-01-02T00:00:00Z")
    served = serve(out, labels, "-p", str(doubted), "-p", str(proposals(tmp_path / "markup.jsonl", events[2:])))
    assert {row["paragraph"] for row in served.ask("/api/queue?said=proposed")} == {1, 7}
    assert served.say(1, "spam")["proposed"] is None
    assert served.say(7, "promo")["progress"]["proposed"] == 0
    assert served.ask("/api/queue?said=proposed") == []


def test_proposals_are_no_labels(events: list[LabelEvent], out: Path, tmp_path: Path, serve: Serve) -> None:
    """Proposals that stand in the label journal itself do not count as labelled either."""
    served = serve(out, proposals(tmp_path / "reviewed.jsonl", events))
    assert served.ask("/api/state")["progress"] | {"doubtful": 0} == {"labelled": 0, "doubtful": 0, "proposed": 3}
    with pytest.raises(SeedError, match=r"only proposals.*cleaner review OUT --proposals"):
        standing(served.labels)


@pytest.mark.parametrize(("more", "status", "said"), [
    (["--who", "markup"], 2, "who is 'markup'"), (["--who", " "], 2, "who is ' '"), (["-p", "missing.jsonl"], 65, "missing.jsonl"),
])  # fmt: skip
def test_refused(out: Path, tmp_path: Path, more: list[str], status: int, said: str) -> None:
    """Nobody labels under a program's name, and a file of proposals that is not there is named."""
    call = [sys.executable, "-m", "cleaner", "review", str(out), "-l", str(tmp_path / "l.jsonl"), "--no-browser", *more]
    run = subprocess.run(call, capture_output=True, text=True, check=False, timeout=60)
    assert (run.returncode, said in run.stderr) == (status, True), run.stderr
