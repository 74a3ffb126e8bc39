"""Every writing call fails in turn, or is the last thing that the process does; the next run finishes the job."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults import ERRORS, Days, FaultyDisk, broken, digest, failing, killing, lost, tree

from cleaner import Cleaner, OutputError
from cleaner.corpus import clean_corpus
from cleaner.verification import differences

EVERY = int(os.environ.get("CRASH_EVERY", "5"))
"""Each so many calls in `make test`, every one in `make crash`."""


def copies(days: Days, folder: Path) -> Iterator[Path]:
    """A fresh copy of yesterday's output each time."""
    number = 0
    while True:
        number += 1
        yield Path(shutil.copytree(days.out, folder / str(number)))
        shutil.rmtree(folder / str(number))


def calls_of_a_run(days: Days, cleaner: Cleaner, out: Path) -> int:
    """How many writing calls a whole run takes."""
    disk = FaultyDisk()
    clean_corpus([days.source], out, cleaner, disk=disk)
    return disk.calls


def finishes(days: Days, cleaner: Cleaner, out: Path) -> None:
    """The next run ends with today's tree, sound, and has nothing left to do."""
    clean_corpus([days.source], out, cleaner)
    assert tree(out) == days.after
    assert list(differences(out)) == []
    assert clean_corpus([days.source], out, cleaner).changes.done == 0


def test_an_incremental_run_gives_the_tree_of_a_full_one(days: Days, cleaner: Cleaner, out: Path) -> None:
    """Changed, new, gone, renamed and colliding sources: the tree is that of a run from nothing, and others were left alone."""
    assert days.before != days.after
    kept = (out / "sub/002.txt").stat().st_mtime_ns
    report = clean_corpus([days.source], out, cleaner)
    assert tree(out) == days.after
    assert list(differences(out)) == []
    assert (out / "sub/002.txt").stat().st_mtime_ns == kept
    assert report.changes.unchanged > report.changes.done > 0
    assert report.changes.gone > 0


@pytest.mark.parametrize("error", ERRORS, ids=os.strerror)
def test_a_fault_at_every_writing_call(days: Days, cleaner: Cleaner, tmp_path: Path, error: int) -> None:
    """A full disk, a failing disk, a quota, a disk gone read-only, no more handles, at each call: said, nothing torn, finished by the next run."""
    folders = copies(days, tmp_path)
    calls = calls_of_a_run(days, cleaner, next(folders))
    assert calls > 30
    for at in range(1 + ERRORS.index(error) % EVERY, calls + 1, EVERY):
        out = next(folders)
        with pytest.raises((OutputError, OSError)):
            clean_corpus([days.source], out, cleaner, disk=FaultyDisk(at, failing(error)))
        assert broken(out, days.before, days.after) == [], f"call {at}"
        assert lost(out, days.before, days.after) == [], f"call {at}"
        finishes(days, cleaner, out)


def test_a_fault_while_all_is_judged_again(days: Days, cleaner: Cleaner, tmp_path: Path) -> None:
    """Where most clean files are left as they are, a fault at any call leaves nothing torn or lost either, and the next run ends the same."""
    folders = copies(days, tmp_path)
    disk = FaultyDisk()
    clean_corpus([days.source], next(folders), cleaner, again=True, disk=disk)
    for at in range(1, disk.calls + 1, EVERY):
        out = next(folders)
        with pytest.raises((OutputError, OSError)):
            clean_corpus([days.source], out, cleaner, again=True, disk=FaultyDisk(at, failing(ERRORS[0])))
        assert broken(out, days.before, days.after) == [], f"call {at}"
        assert lost(out, days.before, days.after) == [], f"call {at}"
        finishes(days, cleaner, out)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_at_every_writing_call(days: Days, cleaner: Cleaner, tmp_path: Path) -> None:
    """Killed at each call, in the middle of what it writes: nothing torn or lost, finished by the next run."""
    folders = copies(days, tmp_path)
    calls = calls_of_a_run(days, cleaner, next(folders))
    for at in range(2, calls + 1, EVERY):
        out = next(folders)
        child = os.fork()
        if not child:
            try:
                clean_corpus([days.source], out, cleaner, disk=FaultyDisk(at, killing))
            finally:
                os._exit(9)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"call {at} was not reached"
        assert broken(out, days.before, days.after) == [], f"call {at}"
        assert lost(out, days.before, days.after) == [], f"call {at}"
        finishes(days, cleaner, out)


def test_several_faults_in_a_row(days: Days, cleaner: Cleaner, out: Path) -> None:
    """Run after run fails a little later than the one before; the first that does not ends with today's tree."""
    for at in range(3, 2000, 7):
        try:
            clean_corpus([days.source], out, cleaner, disk=FaultyDisk(at, failing(ERRORS[at % len(ERRORS)])))
            break
        except (OutputError, OSError):
            assert broken(out, days.before, days.after) == []
    assert tree(out) == days.after


def test_the_checks_can_fail(days: Days, cleaner: Cleaner, out: Path) -> None:
    """A torn, an invented and a missing file are each found by the checks above."""
    (out / "sub/002.txt").write_bytes((out / "sub/002.txt").read_bytes()[:-9])
    (out / "sub/invented.txt").touch()
    (out / "sub/005.txt").unlink()
    assert sorted(broken(out, days.before, days.after)) == ["sub/002.txt", "sub/invented.txt"]
    assert lost(out, days.before, days.after) == ["sub/005.txt"]
    assert digest(out) != digest(days.out)
