"""The power goes at a writing call: what was not made durable is gone, and the next run finishes the job all the same.

The model is harsh: of everything that was written since it was last made durable, nothing is left, and
names that were not made durable are as they were before, or stand over empty files. The journal's own
database is left to SQLite, which is tested for this. Writes that the disk itself reorders are not modelled.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from faults import Days, FaultyDisk, LossyDisk, PowerCutError, broken, tree

from cleaner import Cleaner
from cleaner.corpus import clean_corpus
from cleaner.verification import differences

EVERY = int(os.environ.get("CRASH_EVERY", "5"))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of open files from /proc")
@pytest.mark.parametrize("names", [False, True], ids=["data-is-lost", "data-and-names-are-lost"])
def test_the_power_goes_at_every_writing_call(days: Days, cleaner: Cleaner, tmp_path: Path, names: bool) -> None:
    """Nothing is torn under a final name, and the next run ends with today's tree."""
    counted = FaultyDisk()
    shutil.copytree(days.out, tmp_path / "counted")
    clean_corpus([days.source], tmp_path / "counted", cleaner, disk=counted)
    decisive = {at for at, name in enumerate(counted.made, 1) if name in ("sync", "commit")}  # something is said to be done there
    for at in sorted(decisive | {*range(1 + 2 * names, counted.calls + 1, EVERY)}):
        out = Path(shutil.copytree(days.out, tmp_path / f"{at}"))
        with pytest.raises(PowerCutError):
            clean_corpus([days.source], out, cleaner, disk=LossyDisk(at, names=names))
        assert broken(out, days.before, days.after) == [], f"call {at}"
        clean_corpus([days.source], out, cleaner)
        assert tree(out) == days.after, f"call {at}"
        assert list(differences(out)) == [], f"call {at}"
        shutil.rmtree(out)


def test_without_durability_the_check_fails(days: Days, cleaner: Cleaner, tmp_path: Path) -> None:
    """When files are not made durable before they get their names, torn files show: the check above can fail."""
    torn = 0
    for at in range(20, 60, 3):
        out = Path(shutil.copytree(days.out, tmp_path / f"{at}"))
        disk = LossyDisk(at, names=False)
        disk.__class__ = type("Careless", (LossyDisk,), {"sync": lambda *_: None, "fsync": lambda *_: None})
        with pytest.raises(PowerCutError):
            clean_corpus([days.source], out, cleaner, disk=disk)
        torn += len(broken(out, days.before, days.after))
    assert torn > 0
