"""Ray, for real: its driver and its workers are killed, and the next run, or the same one, ends with today's tree."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from faults import Days, broken, lost, seeded, tree
from sessions import wait_until_gone

REPOSITORY = Path(__file__).parent.parent.parent
KILLS = int(os.environ.get("CRASH_RAY", "1"))
pytest.importorskip("ray")


def start(source: Path, out: Path) -> subprocess.Popen[bytes]:
    """A run on Ray, with a session of its own."""
    call = [sys.executable, "-m", "cleaner", "clean", str(source), "-o", str(out), "-q", "--engine", "ray", "-w", "2"]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env, start_new_session=True)


def actors(session: int) -> list[int]:
    """Ray's processes that run our actor, of this session or started by it."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            name = (place / "cmdline").read_bytes()
        except OSError:
            continue
        if b"MapWorker" in name and is_below(int(place.name), session):
            found.append(int(place.name))
    return found


def is_below(pid: int, ancestor: int) -> bool:
    """Whether a process descends from another."""
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            pid = int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False


@pytest.mark.slow
def test_the_driver_is_killed(days: Days, out: Path) -> None:
    """Killed at random, the run leaves only whole files, and the next one ends with today's tree without any unlocking."""
    random = seeded("ray", KILLS)
    for _ in range(KILLS):
        running = start(days.source, out)
        time.sleep(random.uniform(2, 12))
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        wait_until_gone(running.pid)
        assert broken(out, days.before, days.after) == []
        assert lost(out, days.before, days.after) == []
    running = start(days.source, out)
    _, said = running.communicate(timeout=120)
    assert running.returncode == 3, said
    assert tree(out) == days.after


@pytest.mark.slow
def test_a_worker_is_killed(days: Days, out: Path) -> None:
    """An actor that is killed is replaced by Ray, and the same run ends with today's tree."""
    running = start(days.source, out)
    killed = 0
    while running.poll() is None and killed < 1:
        for pid in actors(running.pid):
            os.kill(pid, signal.SIGKILL)
            killed += 1
        time.sleep(0.01)
    _, said = running.communicate(timeout=120)
    assert killed
    assert running.returncode == 3, said
    assert tree(out) == days.after
