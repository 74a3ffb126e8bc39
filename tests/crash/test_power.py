"""The power goes at a writing call: what was not made durable is gone, and the next run finishes the job all the same.

The model is harsh: of everything that was written since it was last made durable, nothing is left, and
names that were not made durable are as they were before, or stand over empty files. The journal's own
database is left to SQLite, which is tested for this. Writes that the disk itself reorders are not modelled.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import Days
from faults import FaultyDisk, broken, tree

from cleaner import Cleaner
from cleaner.corpus import clean_corpus
from cleaner.verification import differences

EVERY = int(os.environ.get("CRASH_EVERY", "5"))


class PowerCutError(Exception):
    """The lights go out."""


class LossyDisk(FaultyDisk):
    """Knows what is durable, and takes the rest away when the power goes."""

    def __init__(self, at: int, *, names: bool) -> None:
        super().__init__(at, self._cut)
        self._names = names
        self._sizes: dict[str, int] = {}
        """Of each file that was written to: its bytes that are durable."""
        self._before: list[tuple[str, bytes | None]] = []
        """Names that changed and are not durable: what each showed before."""

    def _cut(self, name: str, args: tuple[Any, ...]) -> None:
        for path, size in self._sizes.items():
            if Path(path).exists():
                os.truncate(path, size)
        for path, content in reversed(self._before if self._names else []):
            if content is None:
                Path(path).unlink(missing_ok=True)
            else:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                if not Path(path).is_dir():
                    Path(path).write_bytes(content)
        if name == "commit":
            args[0].rollback()
        raise PowerCutError

    def create(self, path: str) -> int:
        self._sizes[path] = 0
        return super().create(path)

    def extend(self, path: str) -> int:
        self._sizes[path] = Path(path).stat().st_size if Path(path).exists() else 0
        return super().extend(path)

    def fsync(self, file: int) -> None:
        super().fsync(file)
        path = os.readlink(f"/proc/self/fd/{file}")
        if os.path.isdir(path):
            self._before = [row for row in self._before if os.path.dirname(row[0]) != path]
        else:
            self._sizes[path] = os.fstat(file).st_size

    def sync(self, folder: int) -> None:
        super().sync(folder)
        self._before.clear()
        self._sizes = {path: Path(path).stat().st_size for path in self._sizes if Path(path).exists()}

    def truncate(self, file: int, size: int) -> None:
        super().truncate(file, size)
        self._sizes[os.readlink(f"/proc/self/fd/{file}")] = size

    def rename(self, old: str, new: str) -> None:
        self._before.append((new, Path(new).read_bytes() if Path(new).exists() else None))
        self._sizes[new] = self._sizes.pop(old, 0)
        super().rename(old, new)

    def unlink(self, path: str) -> None:
        if Path(path).is_file():
            self._before.append((path, Path(path).read_bytes()))
        super().unlink(path)


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
