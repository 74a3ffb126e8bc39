"""Whole runs of the command, killed at random moments, two at once, on disks that are full: nothing lost, doubled or torn."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from faults import Days, broken, lost, seeded, tree
from sessions import parents_in, wait_until_gone

from cleaner import Cleaner
from cleaner.corpus import clean_corpus
from cleaner.verification import differences

REPOSITORY = Path(__file__).parent.parent.parent
KILLS = int(os.environ.get("CRASH_KILLS", "40"))
"""In `make test`; `make crash` does more."""
GROUPS = 4
ENGINE = os.environ.get("CRASH_ENGINE", "local")


def command(source: Path, out: Path, *more: str) -> list[str]:
    """The command line of a run."""
    return [sys.executable, "-m", "cleaner", "clean", str(source), "-o", str(out), "-q", "--engine", ENGINE, "-w", "2", *more]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def run(source: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """A whole run."""
    call = command(source, out, *more)
    return subprocess.run(call, capture_output=True, text=True, env=environment(), check=False, timeout=120)


def start(source: Path, out: Path) -> subprocess.Popen[bytes]:
    """A run with a session of its own, so that all of it can be killed."""
    return subprocess.Popen(
        command(source, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(), start_new_session=True
    )


def wait_for_work(out: Path, running: subprocess.Popen[bytes]) -> None:
    """Until the run holds the folder: what comes before is the start of Python."""
    seal = out / ".cleaner/SHA256SUMS"
    while seal.exists() and running.poll() is None:
        time.sleep(0.005)


@pytest.mark.parametrize("group", range(GROUPS))
def test_random_kills(days: Days, cleaner: Cleaner, out: Path, group: int) -> None:
    """Killed at random, again and again: before each next run only whole files show, and the last run ends with today's tree."""
    random = seeded(group, KILLS)
    began = time.monotonic()
    assert run(days.source, out).returncode == 3
    longest = (time.monotonic() - began) * 0.6
    assert tree(out) == days.after
    killed = 0
    for _ in range(KILLS // GROUPS):
        for path in sorted(out.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        os.rmdir(out)
        subprocess.run(["cp", "-r", str(days.out), str(out)], check=True)
        running = start(days.source, out)
        wait_for_work(out, running)
        time.sleep(random.uniform(0, longest))
        os.killpg(running.pid, signal.SIGKILL)
        was_killed = running.wait() == -signal.SIGKILL
        killed += was_killed
        longest *= 1 if was_killed else 0.6  # how much of a run is work, and how fast, differs from machine to machine
        wait_until_gone(running.pid)
        assert broken(out, days.before, days.after) == []
        assert lost(out, days.before, days.after) == []
        clean_corpus([days.source], out, cleaner)
        assert tree(out) == days.after
        assert list(differences(out)) == []
    assert killed > KILLS // GROUPS // 3, "most runs had ended before they were killed: the check shows little"


def test_two_runs_at_once(days: Days, out: Path) -> None:
    """The second says so, ends with 75 and touches nothing; when the first is killed, the next needs no unlocking."""
    first = start(days.source, out)
    wait_for_work(out, first)
    os.killpg(first.pid, signal.SIGSTOP)
    before = tree(out)
    second = run(days.source, out)
    try:
        assert second.returncode == 75
        assert str(out) in second.stderr
        assert "another run" in second.stderr
        assert tree(out) == before
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        wait_until_gone(first.pid)
    assert run(days.source, out).returncode == 3
    assert tree(out) == days.after


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system with next to no room."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk(days: Days, cleaner: Cleaner, small_disk: Path) -> None:
    """A run that fills a real disk ends with 74 and the path; with a little more room each time it gets further, and ends with today's tree."""
    out = small_disk / "out"
    failed = 0
    for kilobytes in range(64, 2000, 24):
        subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", str(small_disk)], check=True)
        result = run(days.source, out) if failed < 3 else None
        try:
            if result is None:
                clean_corpus([days.source], out, cleaner)
                break
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001
            assert getattr(error, "exit_code", 0) in (73, 74), error  # noqa: PT017
            continue
        assert result.returncode in (73, 74), result.stderr
        assert "Traceback" not in result.stderr
        assert str(out) in result.stderr
        assert broken(out, days.after) == []
        failed += 1
    assert failed == 3
    assert tree(out) == days.after


def test_a_folder_that_cannot_be_written(days: Days, out: Path, tmp_path: Path) -> None:
    """A read-only file system ends the run with 73 or 74 and the path, and nothing is changed."""
    place = tmp_path / "readonly"
    place.mkdir()
    if subprocess.run(["mount", "--bind", str(out), str(place)], capture_output=True, check=False).returncode:
        pytest.skip("mounting needs root")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
        result = run(days.source, place)
        assert result.returncode in (73, 74)
        assert str(place) in result.stderr
        assert "Traceback" not in result.stderr
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
    assert tree(out) == days.before


def test_a_killed_worker_costs_nothing(days: Days, out: Path, tmp_path: Path) -> None:
    """When all workers are killed under a run, they are replaced and every record is cleaned."""
    source = tmp_path / "more"
    subprocess.run(["cp", "-r", str(days.source), str(source)], check=True)
    from faults import story

    for number in range(1500):
        (source / f"more{number}.txt").write_text(story(number), encoding="utf-8")
    running = start(source, tmp_path / "new")
    killed = 0
    while running.poll() is None:
        found = workers_of(running.pid)
        if not killed and len(found) >= 2:
            time.sleep(0.2)  # long enough to have begun, short enough not to have ended
            for pid in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
        time.sleep(0.02)
    assert running.wait() == 3
    assert killed
    once = tmp_path / "once"
    assert run(source, once).returncode == 3
    assert tree(tmp_path / "new") == tree(once)


def workers_of(session: int) -> list[int]:
    """Processes of the session whose parent is the fork server, or another child, of its leader."""
    return [pid for pid, parent in parents_in(session).items() if session not in (pid, parent)]
