"""What the page called saved is in the file, whatever is killed (P2)."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from served import REPOSITORY, Served, until

from cleaner.labels.events import LabelEvent, line_of
from cleaner.labels.journal import read_events
from cleaner.records import LABELS

CLICKS = int(os.environ.get("CRASH_CLICKS", "300"))
"""In `make test`; `make crash` does 10,000."""
CLICKS_A_KILL = 38


def acts(path: Path) -> list[tuple[str, int, str]]:
    return [(e.source, e.index, e.label) for e in read_events(path) if isinstance(e, LabelEvent)]


def test_kills_lose_no_confirmed_label(out: Path, tmp_path: Path, serve: Callable[..., Served]) -> None:
    """The server is killed at random moments while somebody clicks: every label that was confirmed is in the file, in order, once."""
    chance, labels = random.Random(P2_SEED), tmp_path / "reviewed.jsonl"
    served = serve(out, labels)
    count = 15  # paragraphs that are clicked on; few, so that the last word on each changes often
    confirmed: list[tuple[int, str]] = []
    places = {n: place_of(served, n) for n in range(count)}
    kills = midway = 0
    while len(confirmed) < CLICKS:
        timer = threading.Timer(chance.uniform(0.01, 0.9), served.process.kill)
        timer.start()
        enough = len(confirmed) + chance.randrange(CLICKS_A_KILL, 2 * CLICKS_A_KILL)
        while len(confirmed) < enough:
            n, label = chance.randrange(count), chance.choice([*LABELS, ""])
            try:
                served.say(n, label)
            except (URLError, HTTPException, ConnectionError, TimeoutError, ValueError):  # no answer, or half of one
                midway += 1
                break
            confirmed.append((n, label))
            time.sleep(chance.uniform(0, 0.01))
        timer.cancel()
        served.process.kill()
        served.process.communicate()
        kills += 1
        served = serve(out, labels)
    found = iter(acts(labels))
    for n, label in confirmed:
        wanted = (*places[n], label)
        assert any(act == wanted for act in found), f"{wanted} was confirmed, and is not in the file in its place"
    standing = {(source, index): label for source, index, label in acts(labels)}
    assert served.ask("/api/state")["progress"]["labelled"] == sum(map(bool, standing.values()))
    assert len(acts(labels)) <= len(confirmed) + midway, "and nothing was written twice"
    assert kills >= CLICKS // (2 * CLICKS_A_KILL)
    assert midway >= kills // 5, "too few kills came between a click and its answer"
    print(f"{len(confirmed):,} confirmed labels, {kills} kills, {midway} of them before an answer: none lost")


def place_of(served: Served, paragraph: int) -> tuple[str, int]:
    """Source and index of a paragraph, as the page shows them."""
    article = served.ask(f"/api/article?paragraph={paragraph}")
    [at] = [i for i, row in enumerate(article["paragraphs"]) if row["paragraph"] == paragraph]
    return "".join(piece for piece, _ in article["source"]), article["before"] + at


def test_a_torn_line(out: Path, tmp_path: Path, serve: Callable[..., Served]) -> None:
    """A line that a power cut tore costs nothing: the labels before it stand, and the next one is written whole."""
    labels = tmp_path / "reviewed.jsonl"
    first = serve(out, labels)
    first.say(1, "spam")
    first.end()
    with labels.open("ab") as file:
        file.write(b'{"record": "label", "text": "half')
    served = serve(out, labels)
    assert served.ask("/api/state")["progress"]["labelled"] == 1
    served.say(2, "legal")
    assert [label for _, _, label in acts(labels)] == ["spam", "legal"]


def test_an_edited_journal(out: Path, tmp_path: Path, serve: Callable[..., Served]) -> None:
    """A journal that an editor left without its last line feed shows its last label, and keeps it when the next ones come."""
    labels = tmp_path / "reviewed.jsonl"
    first = serve(out, labels)
    first.say(1, "spam")
    first.end()
    lines = sorted(labels.read_bytes().splitlines(), key=lambda line: b'{"record": "label"' in line)
    labels.write_bytes(b"\n".join(lines))
    served = serve(out, labels)
    assert served.ask("/api/state")["progress"]["labelled"] == 1
    served.say(2, "legal")
    assert served.say(3, "promo")["progress"]["labelled"] == 3
    assert [label for _, _, label in acts(labels)] == ["spam", "legal", "promo"]


def test_labels_of_others(out: Path, tmp_path: Path, serve: Callable[..., Served]) -> None:
    """Labels that another program appends show up; those on sources that are not here are kept in the file and harm nothing."""
    labels = tmp_path / "reviewed.jsonl"
    served = serve(out, labels)
    served.say(1, "spam")
    [event] = [e for e in read_events(labels) if isinstance(e, LabelEvent)]
    with labels.open("ab") as file:
        file.write(line_of(replace(event, source="elsewhere.txt")) + line_of(replace(event, label="promo", who="Grace")))
    shown = served.ask("/api/article?paragraph=1")["paragraphs"][1]["said"]
    assert (shown["label"], shown["who"]) == ("promo", [["Grace", False]])
    assert served.ask("/api/state")["progress"]["labelled"] == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system with next to no room."""
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(place)], capture_output=True, check=False
    ).returncode:
        pytest.skip("mounting a small file system needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk(out: Path, small_disk: Path, serve: Callable[..., Served], tab: Callable[[str], Any]) -> None:
    """On a full disk the page says that the label was not kept, and stays where it is; with room again, it goes on."""
    labels = small_disk / "reviewed.jsonl"
    page = tab(serve(out, labels).address)
    page.keyboard.press("0")
    until(page, "document.getElementById('saved').textContent === 'saved: spam'")
    with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(4096))
    bad = "document.getElementById('saved').classList.contains('bad')"
    here = "document.querySelector('#paragraphs li.current .text').textContent"
    for _ in range(40):  # the file's last page of memory still takes a few
        before, reached = labels.read_bytes(), page.evaluate(here)
        page.keyboard.press("9")
        until(page, f"reached => {bad} || {here} !== reached", reached)
        if page.evaluate(bad):
            break
    assert "reviewed.jsonl" in page.text_content("#saved")
    assert page.evaluate(here) == reached
    assert labels.read_bytes() == before
    (small_disk / "filler").unlink()
    page.keyboard.press("8")
    until(page, "document.getElementById('saved').textContent === 'saved: comment'")
    assert [label for _, _, label in acts(labels)][-1] == "comment"
    assert labels.read_bytes().startswith(before)


@pytest.mark.parametrize("content", ['{"text": "a", "label": "spam"}\n', '[{"id": 1, "text": "Menu", "label": "navigation"}]'])
def test_a_file_that_is_no_journal(out: Path, tmp_path: Path, content: str) -> None:
    """A file of something else, as an export of another program in one line, is refused at once, and stays as it is."""
    labels = tmp_path / "mine.jsonl"
    labels.write_text(content, encoding="utf-8")
    call = [sys.executable, "-m", "cleaner", "review", str(out), "-l", str(labels), "--no-browser"]
    run = subprocess.run(call, capture_output=True, text=True, check=False, timeout=60)
    assert (run.returncode, "mine.jsonl: not a label journal; choose another name" in run.stderr) == (73, True), run.stderr
    assert labels.read_text(encoding="utf-8") == content


def test_labels_lie_outside_the_output(out: Path) -> None:
    """Who starts the page from within the output folder is told so: a file of labels there would make `verify` fail from then on."""
    call = [sys.executable, "-m", "cleaner", "review", ".", "--no-browser"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    run = subprocess.run(call, cwd=out, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (run.returncode, "reviewed.jsonl: lies in the output of `cleaner clean`" in run.stderr) == (2, True), run.stderr
    assert not (out / "reviewed.jsonl").exists()


P2_SEED = 12
