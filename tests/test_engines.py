"""Engines: shards come back, a part that kills, hangs or eats memory costs itself alone, and nothing is left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sessions import parents_in

from cleaner.engines import ENGINES, Done, Failed, Limits
from cleaner.errors import UsageError

REPOSITORY = Path(__file__).parent.parent
LIMITS = Limits(seconds=1.5, memory=300 << 20)


def open_work(settings: str) -> Callable[[Sequence[bytes]], bytes]:
    """Work that gives the parts back with a greeting, and does what a part tells it to."""

    def work(parts: Sequence[bytes]) -> bytes:
        for part in parts:
            _obey(part)
        return b"|".join(settings.encode() + part for part in parts)

    return work


def _obey(part: bytes) -> None:
    word, _, value = part.decode().partition(" ")
    if word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "hang":
        time.sleep(60)
    elif word == "eat":
        bytearray(1 << 30)
    elif word == "raise":
        raise RuntimeError("no good")
    elif word == "refuse":
        raise UsageError("a library is missing; pip install it")
    elif word == "once" and not Path(value).exists():
        Path(value).touch()
        os.kill(os.getpid(), signal.SIGKILL)


def worked(
    shards: Sequence[Sequence[bytes]], workers: int = 2, limits: Limits | None = LIMITS
) -> tuple[list[bytes], list[Failed]]:
    """Parts that were done, and those that failed."""
    done: list[bytes] = []
    failed = []
    for result in ENGINES["local"]()(open_work, "hi ", iter(shards), workers, limits):
        if isinstance(result, Done):
            done += result.result.split(b"|")
        else:
            failed.append(result)
    return sorted(done), failed


@pytest.mark.parametrize("workers", [1, 3])
def test_every_part_comes_back_once(workers: int) -> None:
    """Many shards over few workers: nothing lost, nothing doubled."""
    shards = [[b"%d.%d" % (shard, part) for part in range(shard % 5 + 1)] for shard in range(40)]
    done, failed = worked(shards, workers)
    assert failed == []
    assert done == sorted(b"hi " + part for shard in shards for part in shard)


@pytest.mark.parametrize(
    ("bad", "reason"), [(b"die", "died"), (b"hang", "timeout"), (b"eat", "memory"), (b"raise", "error")], ids=str
)
def test_a_bad_part_costs_itself_alone(bad: bytes, reason: str) -> None:
    """A part that ends its process, takes too long, needs too much memory or raises is given back; its neighbours are done."""
    begin = time.monotonic()
    done, failed = worked([[b"a", bad, b"b"], [b"c"]])
    assert done == [b"hi a", b"hi b", b"hi c"]
    assert [(f.part, f.reason) for f in failed] == [(bad, reason)]
    assert failed[0].message
    assert time.monotonic() - begin < 20


def test_a_victim_is_tried_again(tmp_path: Path) -> None:
    """A part whose worker was killed by something else is done when it is tried again."""
    done, failed = worked([[b"once " + str(tmp_path / "mark").encode()]])
    assert (len(done), failed) == (1, [])


def test_errors_are_contained_in_this_process_too() -> None:
    """Without limits there is no other process, and an error still costs one part."""
    done, failed = worked([[b"a", b"raise", b"b"]], 1, None)
    assert (done, [f.part for f in failed]) == ([b"hi a", b"hi b"], [b"raise"])


@pytest.mark.parametrize("limits", [None, LIMITS])
def test_work_that_cannot_be_done_ends_the_run(limits: Limits | None) -> None:
    """A missing library is no fault of a record: the run ends and says which."""
    with pytest.raises(UsageError, match="pip install"):
        worked([[b"refuse"]], 1, limits)


def test_shards_are_asked_for_as_they_are_needed() -> None:
    """An endless list of shards is no trouble: of each worker one is at work, one waits in its pipe, one is ready; no more."""
    taken = 0

    def endless() -> Iterator[Sequence[bytes]]:
        nonlocal taken
        while True:
            taken += 1
            yield [b"x"]

    results: Any = ENGINES["local"]()(open_work, "", endless(), 2, LIMITS)
    for _ in range(10):
        next(results)
    results.close()
    assert taken <= 10 + 3 * 2


def test_workers_end_with_their_parent() -> None:
    """When the parent is killed, a worker that hangs is not left behind."""
    program = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from test_engines import *\n"
        "if __name__ == '__main__':\n"
        "    list(ENGINES['local']()(open_work, '', iter([[b'hang']]), 1, Limits(50, 1 << 30)))\n"
    )
    script = [sys.executable, "-c", program]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    running = subprocess.Popen(script, cwd=REPOSITORY, env=env, start_new_session=True)
    deadline = time.monotonic() + 20
    while len(parents_in(running.pid)) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(parents_in(running.pid)) >= 3
    time.sleep(0.5)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    while parents_in(running.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert parents_in(running.pid) == {}
