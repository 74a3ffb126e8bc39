"""A shelf of models: which one counts, how it is replaced and taken back, and what a kill leaves."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from models_made import biased

from cleaner import Cleaner, CleanerError, ModelError, UsageError
from cleaner.comparison.shelf import promote, rollback
from cleaner.errors import GateError, LockedError
from cleaner.model_store import load_model, shipped
from cleaner.promotions import RECORD, model_at, read_promotions

sys.path.insert(0, str(Path(__file__).parent / "crash"))
from faults import FaultyDisk, failing, killing

REPOSITORY = Path(__file__).parent.parent


def passes(_old: Path, _new: Path) -> dict[str, object]:
    return {"content_lost": 0}


def refuses(_old: Path, _new: Path) -> dict[str, object]:
    raise GateError("worse")


@pytest.fixture(scope="module")
def candidates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two models that are not the shipped one."""
    folder = tmp_path_factory.mktemp("candidates")
    return biased(folder / "mine.model", "teaser", 0.5), biased(folder / "other.model", "teaser", 1.0)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A shelf as a fresh clone has it."""
    (tmp_path / "models").mkdir()
    shutil.copy(shipped(), tmp_path / "models/press.model")
    return tmp_path / "models"


def test_a_folder_stands_for_its_promoted_model(shelf: Path, candidates: tuple[Path, Path]) -> None:
    """A shelf is taken wherever a model file is: the shipped model first, then what was promoted last."""
    assert Cleaner.load(shelf).model.digest == load_model().digest
    promote(candidates[0], shelf, passes, who="Lise")
    assert Cleaner.load(str(shelf)).model.digest == load_model(candidates[0]).digest
    promote(candidates[1], shelf, passes)
    assert load_model(shelf).digest == load_model(candidates[1]).digest
    first = json.loads((shelf / RECORD).read_text().splitlines()[0])
    assert (first["act"], first["who"], first["gate"]) == ("promote", "Lise", {"content_lost": 0})
    assert {p.name for p in shelf.iterdir()} == {
        "press.model", RECORD, f"press-{load_model().digest}.model",
        *(f"{c.stem}-{load_model(c).digest}.model" for c in candidates),
    }  # fmt: skip


def test_rollback_goes_back_step_by_step_to_the_same_bytes(shelf: Path, candidates: tuple[Path, Path]) -> None:
    """Each rollback takes one promotion back, to the very file; with none left it is refused, and nothing is lost of the record."""
    for candidate in candidates:
        promote(candidate, shelf, passes)
    (shelf / "press.model").write_bytes(b"a newer release overwrote it")
    for expected in (candidates[0], shipped()):
        rollback(shelf)
        assert model_at(shelf).path.read_bytes() == expected.read_bytes()
        assert load_model(shelf).digest == load_model(expected).digest
    with pytest.raises(UsageError, match="nothing to take back"):
        rollback(shelf)
    promote(candidates[1], shelf, passes)
    assert [p.act for p in read_promotions(shelf)] == ["promote", "promote", "rollback", "rollback", "promote"]
    rollback(shelf)
    assert load_model(shelf).digest == load_model().digest


def test_a_refused_model_leaves_no_trace(shelf: Path, candidates: tuple[Path, Path]) -> None:
    """What the gate refuses, or what is no model, changes no byte of the shelf."""
    bad = candidates[0].parent / "bad.model"
    bad.write_bytes(candidates[0].read_bytes()[:-1] + b"\0")
    for new, error in ((candidates[0], GateError), (bad, ModelError), (bad.with_name("none"), ModelError)):
        with pytest.raises(error):
            promote(new, shelf, refuses)
    assert [p.name for p in shelf.iterdir()] == ["press.model"]


def test_the_current_model_is_not_promoted_again(shelf: Path, candidates: tuple[Path, Path]) -> None:
    """Promoting what is current already adds nothing to the record."""
    assert promote(shipped(), shelf, refuses) is None
    promote(candidates[0], shelf, passes)
    assert promote(candidates[0], shelf, refuses) is None
    assert len(read_promotions(shelf)) == 1


def test_an_empty_shelf_begins_with_the_shipped_model(tmp_path: Path, candidates: tuple[Path, Path]) -> None:
    """Where cleaner was installed without a folder of models, the first promotion makes one that can be rolled back."""
    with pytest.raises(ModelError, match="no model was promoted"):
        load_model(tmp_path)
    promote(candidates[0], tmp_path / "new/shelf", passes)
    rollback(tmp_path / "new/shelf")
    assert load_model(tmp_path / "new/shelf").digest == load_model().digest


@pytest.mark.parametrize(
    ("line", "said"),
    [("{}", "not a line"), ('{"act": "promote"}', "not a line"), ("\xff", "not a line")],
)
def test_a_damaged_record_is_named_never_guessed_around(shelf: Path, line: str, said: str) -> None:
    """A bad whole line stops the load with its place, as a validation error of a model."""
    (shelf / RECORD).write_text(line + "\n", encoding="latin-1")
    with pytest.raises(ModelError, match=f"{RECORD}:1.*{said}"):
        load_model(shelf)


def test_a_record_without_its_last_line_feed(shelf: Path, candidates: tuple[Path, Path]) -> None:
    """A record that an editor saved without the last line feed still names the model that was promoted last, also after the next one."""
    promote(candidates[0], shelf, passes)
    record = shelf / RECORD
    record.write_bytes(record.read_bytes().removesuffix(b"\n"))
    current = load_model(shelf).digest
    assert current == load_model(candidates[0]).digest
    promote(candidates[1], shelf, passes)
    rollback(shelf)
    assert load_model(shelf).digest == current


def test_a_record_never_points_out_of_its_shelf(shelf: Path, candidates: tuple[Path, Path]) -> None:
    """A line that names a path, not a file of the shelf, is refused."""
    promote(candidates[0], shelf, passes)
    record = shelf / RECORD
    for name in ("../mine.model", "/etc/passwd", "a/b.model", ".."):
        row = json.loads(record.read_text().splitlines()[0]) | {"to": name}
        record.write_text(json.dumps(row) + "\n")
        with pytest.raises(ModelError):
            load_model(shelf)


def test_another_file_under_the_promoted_name_is_refused(shelf: Path, candidates: tuple[Path, Path]) -> None:
    """A model on the shelf that is not the one promoted is never loaded in its place, and a rollback to one is refused."""
    promote(candidates[0], shelf, passes)
    shutil.copy(candidates[1], model_at(shelf).path)
    with pytest.raises(ModelError, match="not the file that was promoted"):
        load_model(shelf)
    shutil.copy(candidates[0], model_at(shelf).path)
    (shelf / f"press-{load_model().digest}.model").unlink()
    with pytest.raises(ModelError):
        rollback(shelf)
    assert load_model(shelf).digest == load_model(candidates[0]).digest


def test_two_promotions_at_once_are_told_apart(shelf: Path, candidates: tuple[Path, Path]) -> None:
    """While one promotion is at its gate, another is turned away: neither was measured against a model that has gone."""

    def busy(_old: Path, _new: Path) -> dict[str, object]:
        with pytest.raises(LockedError):
            promote(candidates[1], shelf, passes)
        with pytest.raises(LockedError):
            rollback(shelf)
        return {}

    promote(candidates[0], shelf, busy)
    assert len(read_promotions(shelf)) == 1


@pytest.mark.parametrize("way", ["promote", "rollback"])
@pytest.mark.parametrize("fault", ["kill", "full disk"])
def test_a_shelf_has_the_old_or_the_new_model_wherever_it_is_stopped(
    shelf: Path, tmp_path: Path, candidates: tuple[Path, Path], way: str, fault: str
) -> None:
    """Killed, or out of disk, at any writing call of a promotion or a rollback: a whole model is current, and the same command then ends well."""
    if way == "rollback":
        promote(candidates[0], shelf, passes)
    old = load_model(shelf).digest
    new = load_model().digest if way == "rollback" else load_model(candidates[0]).digest

    def act(folder: Path, disk: FaultyDisk | None = None) -> None:
        if way == "rollback":
            rollback(folder, disk=disk)
        else:
            promote(candidates[0], folder, passes, disk=disk)

    counting = FaultyDisk()
    act(Path(shutil.copytree(shelf, tmp_path / "counted")), counting)
    assert counting.calls >= (12 if way == "promote" else 3)
    found = set()
    for at in range(1, counting.calls + 1):
        folder = Path(shutil.copytree(shelf, tmp_path / str(at)))
        if fault == "kill":
            assert _killed(lambda folder=folder, at=at: act(folder, FaultyDisk(at, killing)))
        else:
            with pytest.raises(CleanerError):
                act(folder, FaultyDisk(at, failing(errno.ENOSPC)))
        current = load_model(folder).digest
        assert current in (old, new), f"call {at}"
        found.add(current)
        if current == old:
            act(folder)
        assert load_model(folder).digest == new
        shutil.rmtree(folder)
    assert old in found


def _killed(act: object) -> bool:
    """Whether a child that does this dies of SIGKILL."""
    child = os.fork()
    if child == 0:  # pragma: no cover
        try:
            act()  # type: ignore[operator]
        finally:
            os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
