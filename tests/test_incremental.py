"""Any history of a corpus gives the tree of a run from nothing; whatever the workers, batches, order, hash seed, locale or zone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cleaner import Cleaner, OutputError, UsageError
from cleaner.audit import read_all
from cleaner.corpus import clean_corpus, redecide, restore_paragraph
from cleaner.engines import Limits
from cleaner.policy import DEFAULT, load_policy
from cleaner.readers import Fields
from cleaner.run.intake import Choice
from cleaner.store.commit import Disk
from cleaner.store.gathered import PACKERS, lines_of
from cleaner.verification import differences

sys.path.insert(0, str(Path(__file__).parent / "crash"))
from faults import FaultyDisk, digest, failing, story, today, tree, yesterday
from models_made import biased

REPOSITORY = Path(__file__).parent.parent
NAMES = (
    "a.txt",
    "a.md",
    "A.txt",
    "b/a.txt",
    "a.txt/inner.txt",
    "a~1.txt",
    "b/é.html",
    "b/CON.txt",
    "c.jsonl",
    "c.jsonl.gz",
    "-.txt",
)
"""Names that collide with each other, with folders, and with what they become."""
FORMATS = ("txt", "md", "jsonl", "jsonl.gz", "jsonl.zst", "parquet")


def fresh(source: Path, cleaner: Cleaner, format: str = "txt") -> dict[str, str]:
    """The tree of a run from nothing."""
    with tempfile.TemporaryDirectory() as folder:
        clean_corpus([source], Path(folder) / "out", cleaner, format=format)
        return tree(Path(folder) / "out")


class History(RuleBasedStateMachine):
    """Sources come, change and go; runs end, or fail on the way; formats change."""

    cleaner: Cleaner

    @initialize()
    def begin(self) -> None:
        self.place = tempfile.TemporaryDirectory()
        self.source, self.out = Path(self.place.name) / "in", Path(self.place.name) / "out"
        self.source.mkdir()
        self.format = "txt"

    def teardown(self) -> None:
        self.place.cleanup()

    @rule(name=st.sampled_from(NAMES), number=st.integers(0, 5))
    def write(self, name: str, number: int) -> None:
        path = self.source / name
        for above in (path, *path.parents):
            if above.is_relative_to(self.source) and above.is_file():
                above.unlink()
        if path.is_dir():
            shutil.rmtree(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(name, number))

    @rule(name=st.sampled_from(NAMES))
    def remove(self, name: str) -> None:
        if (self.source / name).is_file():
            (self.source / name).unlink()

    @rule(format=st.sampled_from(("txt", "md", "jsonl.gz")))
    def change_format(self, format: str) -> None:
        self.format = format

    @rule(at=st.integers(1, 90))
    def fail(self, at: int) -> None:
        try:
            clean_corpus([self.source], self.out, self.cleaner, format=self.format, disk=FaultyDisk(at, failing(28)))
        except (OutputError, OSError):
            pass

    @rule()
    def clean(self) -> None:
        clean_corpus([self.source], self.out, self.cleaner, format=self.format)
        assert tree(self.out) == fresh(self.source, self.cleaner, self.format)
        assert list(differences(self.out)) == []

    @invariant()
    def nothing_partial_is_left_after_a_run(self) -> None:
        if hasattr(self, "out") and (self.out / ".cleaner/SHA256SUMS").exists():
            assert list(self.out.rglob("*.partial")) == []


def content(name: str, number: int) -> bytes:
    """What a source of this name holds."""
    import gzip

    if ".jsonl" not in name:
        return story(number).encode() if number else b""
    raw = b"".join(json.dumps({"text": story(number + n)}).encode() + b"\n" for n in range(number))
    return gzip.compress(raw) if name.endswith(".gz") else raw


def test_any_history_gives_the_tree_of_a_run_from_nothing(cleaner: Cleaner) -> None:
    """Edits, failed runs and changes of format in any order: after each run that ends, the tree is that of a full rebuild."""
    from hypothesis.stateful import run_state_machine_as_test

    History.cleaner = cleaner
    examples = int(os.environ.get("CRASH_EXAMPLES", "12"))
    run_state_machine_as_test(
        History,
        settings=settings(max_examples=examples, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)),
    )


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_incremental_and_sound(tmp_path: Path, cleaner: Cleaner, format: str) -> None:
    """In each format a changed corpus gives the tree of a full run, verify accepts it, and a second run does nothing."""
    if format == "parquet":
        pytest.importorskip("pyarrow")
    source = yesterday(tmp_path / "in")
    out = tmp_path / "out"
    clean_corpus([source], out, cleaner, format=format)
    assert list(differences(out)) == []
    today(source)
    clean_corpus([source], out, cleaner, format=format)
    assert tree(out) == fresh(source, cleaner, format)
    assert list(differences(out)) == []
    assert clean_corpus([source], out, cleaner, format=format).changes.done == 0


def test_gathered_formats_hold_the_same_records(tmp_path: Path, cleaner: Cleaner) -> None:
    """Plain, packed and as a table: the records are the same ones, in the order of their sources."""
    pytest.importorskip("pyarrow")
    source = yesterday(tmp_path / "in")
    held = []
    for format in FORMATS[2:]:
        clean_corpus([source], tmp_path / format, cleaner, format=format)
        held.append(list(lines_of(tmp_path / format / f"articles.{format}")))
    assert all(lines == held[0] for lines in held)
    sources = [json.loads(line)["source"] for line in held[0]]
    assert sources == sorted(sources)
    assert len(sources) == 18


def test_shards_of_a_large_corpus(tmp_path: Path, cleaner: Cleaner, monkeypatch: pytest.MonkeyPatch) -> None:
    """More sources than a shard holds: audit and articles are cut by id, only touched shards are written again, and growing and shrinking back gives the same tree."""
    from cleaner.store import gathered

    monkeypatch.setattr(gathered, "PER_SHARD", 8)
    source = tmp_path / "in"
    source.mkdir()
    for number in range(20):
        (source / f"{number}.txt").write_text(story(number), encoding="utf-8")
    out = tmp_path / "out"
    clean_corpus([source], out, cleaner, format="jsonl")
    small = tree(out)
    assert len(small) == 8
    assert [entry.source.source for entry in read_all(out)] != []
    assert list(differences(out)) == []
    (source / "7.txt").write_text(story(99), encoding="utf-8")
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*.jsonl")}
    clean_corpus([source], out, cleaner, format="jsonl")
    assert sum(path.stat().st_mtime_ns != times[path] for path in out.rglob("*.jsonl")) == 2
    assert tree(out) == fresh(source, cleaner, "jsonl")
    for number in range(20, 70):
        (source / f"{number}.txt").write_text(story(number), encoding="utf-8")
    clean_corpus([source], out, cleaner, format="jsonl")
    assert tree(out) == fresh(source, cleaner, "jsonl")
    assert list(differences(out)) == []
    for number in range(20, 70):
        (source / f"{number}.txt").unlink()
    (source / "7.txt").write_text(story(7), encoding="utf-8")
    clean_corpus([source], out, cleaner, format="jsonl")
    assert tree(out) == small
    for number in range(18):
        (source / f"{number}.txt").unlink()
    clean_corpus([source], out, cleaner, format="jsonl")
    assert set(tree(out)) == {"audit.jsonl", "articles.jsonl"}
    assert tree(out) == fresh(source, cleaner, "jsonl")


SCRIPT = """
import sys
from pathlib import Path
sys.path[:0] = [{root!r}, {crash!r}]
from cleaner import Cleaner
from cleaner.corpus import clean_corpus
from cleaner.engines import Limits
from faults import digest
if __name__ == "__main__":
    paths, out, engine, workers, together = sys.argv[1].split(":"), Path(sys.argv[2]), *sys.argv[3:]
    limits = None if workers == "0" else Limits()
    clean_corpus(paths, out, Cleaner.load(), engine=engine, workers=int(workers) or 1, limits=limits, together=int(together))
    print(digest(out))
"""


def ran(folder: Path, paths: Sequence[Path], engine: str, workers: int, together: int, **env: str) -> str:
    """The SHA-256 of the tree that a process of its own writes."""
    script = folder / "run.py"
    script.write_text(SCRIPT.format(root=str(REPOSITORY), crash=str(REPOSITORY / "tests/crash")), encoding="utf-8")
    out = Path(tempfile.mkdtemp(dir=folder)) / "out"
    call = [sys.executable, str(script), ":".join(map(str, paths)), str(out), engine, str(workers), str(together)]
    done = subprocess.run(call, capture_output=True, text=True, env={**os.environ, **env}, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_one_tree_whatever_the_circumstances(tmp_path: Path) -> None:
    """Workers 1, 2, 3, 8, batches of 1 to 1000, inputs in another order, PYTHONHASHSEED, locale, time zone: one SHA-256."""
    source = yesterday(tmp_path / "in", 70)
    for part in ("one", "two"):
        (tmp_path / part).mkdir()
    for path in list(source.iterdir()):
        path.rename(tmp_path / ("one" if path.name < "05" else "two") / path.name)
    one, two = tmp_path / "one", tmp_path / "two"
    seen = {
        ran(tmp_path, [one, two], "local", 0, 64),
        ran(tmp_path, [one, two], "local", 1, 1, PYTHONHASHSEED="1", LC_ALL="C"),
        ran(tmp_path, [two, one], "local", 2, 7, PYTHONHASHSEED="2", TZ="Asia/Kathmandu"),
        ran(tmp_path, [one, two], "local", 3, 64, LC_ALL="tr_TR.UTF-8", LANG="tr_TR.UTF-8"),
        ran(tmp_path, [two, one], "local", 8, 1000, PYTHONHASHSEED="3", TZ="America/Caracas"),
    }
    assert len(seen) == 1
    (one / "000.txt").write_text(story(77), encoding="utf-8")
    assert ran(tmp_path, [one, two], "local", 2, 64) not in seen, "the digest does not see a changed source"


def test_ray_gives_the_same_bytes(tmp_path: Path) -> None:
    """The same tree from Ray, started for real: dashboard off, on the loopback address."""
    pytest.importorskip("ray")
    source = yesterday(tmp_path / "in", 20)
    assert ran(tmp_path, [source], "ray", 2, 4) == ran(tmp_path, [source], "local", 2, 64)


def test_what_went_missing_is_made_again(tmp_path: Path, cleaner: Cleaner) -> None:
    """A clean file, an audit and a journal that somebody removed come back with the next run."""
    source, out = yesterday(tmp_path / "in"), tmp_path / "out"
    clean_corpus([source], out, cleaner)
    whole = tree(out)
    for path in ("sub/002.txt", "audit.jsonl", ".cleaner/journal.db"):
        (out / path).unlink()
        assert list(differences(out)) if path != "audit.jsonl" else True
        clean_corpus([source], out, cleaner)
        assert tree(out) == whole
        assert list(differences(out)) == []
    shutil.rmtree(out / ".cleaner")
    clean_corpus([source], out, cleaner)
    assert tree(out) == whole


def test_a_changed_audit_is_made_again(tmp_path: Path, cleaner: Cleaner) -> None:
    """When a shard that a run must merge is not what was written, its sources are judged again instead of passed on."""
    source, out = yesterday(tmp_path / "in"), tmp_path / "out"
    clean_corpus([source], out, cleaner)
    audit = (out / "audit.jsonl").read_bytes()
    (out / "audit.jsonl").write_bytes(audit.replace(b"Accueil", b"Agcueil"))
    (source / "000.txt").write_text(story(42), encoding="utf-8")
    clean_corpus([source], out, cleaner)
    assert tree(out) == fresh(source, cleaner)
    assert list(differences(out)) == []


def test_foreign_files_are_never_touched(tmp_path: Path, cleaner: Cleaner) -> None:
    """A file of somebody's in the place of a clean file stops the run before anything is changed; elsewhere it is left alone."""
    source, out = yesterday(tmp_path / "in"), tmp_path / "out"
    clean_corpus([source], out, cleaner)
    (out / "mine.txt").write_text("mine\n", encoding="utf-8")
    (out / "sub/mine.txt").write_text("mine\n", encoding="utf-8")
    (source / "sub/002.txt").unlink()
    clean_corpus([source], out, cleaner)
    (source / "mine.txt").write_text(story(1), encoding="utf-8")
    before = tree(out)
    with pytest.raises(OutputError, match=r"mine\.txt"):
        clean_corpus([source], out, cleaner)
    assert tree(out) == before
    (out / "mine.txt").unlink()
    clean_corpus([source], out, cleaner)
    assert (out / "sub/mine.txt").read_text(encoding="utf-8") == "mine\n"
    assert {**fresh(source, cleaner), "sub/mine.txt": before["sub/mine.txt"]} == tree(out)


def test_part_of_a_corpus_takes_nothing_away(tmp_path: Path, cleaner: Cleaner) -> None:
    """--limit and --sample clean some of the records and leave what the folder has; the whole run adds the rest."""
    source, out = yesterday(tmp_path / "in"), tmp_path / "out"
    assert clean_corpus([source], out, cleaner, choice=Choice(limit=3)).sources == 3
    half = clean_corpus([source], out, cleaner, choice=Choice(sample=0.5)).sources
    assert 3 <= half < 21
    assert clean_corpus([source], out, cleaner, choice=Choice(limit=2)).sources == half
    clean_corpus([source], out, cleaner)
    assert tree(out) == fresh(source, cleaner)


def test_too_many_sources_gone(tmp_path: Path, cleaner: Cleaner) -> None:
    """When more of the sources are gone than is allowed, nothing is changed: a folder was not mounted."""
    source, out = yesterday(tmp_path / "in"), tmp_path / "out"
    clean_corpus([source], out, cleaner)
    before = tree(out)
    shutil.rmtree(source / "sub")
    with pytest.raises(UsageError, match="gone"):
        clean_corpus([source], out, cleaner, most_gone=0.1)
    assert tree(out) == before
    clean_corpus([source], out, cleaner, most_gone=0.9)
    assert tree(out) == fresh(source, cleaner)


def test_one_bad_line_costs_itself(tmp_path: Path, cleaner: Cleaner) -> None:
    """One line of a JSONL file that is no JSON is quarantined with its place; when it is mended, it alone is cleaned."""
    (tmp_path / "in").mkdir()
    rows = [json.dumps({"text": story(n), "title": f"T{n}", "url": f"http://x/{n}"}) for n in range(60)]
    rows[10] = "{broken"
    (tmp_path / "in/feed.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    report = clean_corpus([tmp_path / "in"], tmp_path / "out", cleaner, format="jsonl")
    assert (report.sources, report.cleaned, dict(report.reasons)) == (60, 59, {"bad-json": 1})
    assert report.set_aside[0][0] == "feed.jsonl#11"
    records = [json.loads(line) for line in (tmp_path / "out/articles.jsonl").read_bytes().splitlines()]
    assert {record["source"]: (record["title"], record["url"]) for record in records}["feed.jsonl#5"] == ("T4", "http://x/4")
    rows[10] = json.dumps({"text": story(10)})
    (tmp_path / "in/feed.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    report = clean_corpus([tmp_path / "in"], tmp_path / "out", cleaner, format="jsonl")
    assert (report.cleaned, report.changes.done, report.changes.unchanged) == (60, 1, 59)
    assert clean_corpus([tmp_path / "in"], tmp_path / "out", cleaner, format="jsonl").changes.unchanged == 60


def test_another_policy_or_style_is_done_again(tmp_path: Path, cleaner: Cleaner) -> None:
    """What the result depends on is part of what a record is known by."""
    source, out = yesterday(tmp_path / "in"), tmp_path / "out"
    clean_corpus([source], out, cleaner)
    other = Cleaner(cleaner.model, cleaner.policy, "all")
    assert clean_corpus([source], out, other).changes.unchanged == 0
    assert clean_corpus([source], out, other).changes.done == 0


def test_deciding_again_needs_no_second_cleaning(tmp_path: Path, cleaner: Cleaner) -> None:
    """After `decide` with a policy, a run with the same policy has nothing to do, and a restored paragraph stays."""
    source, out = yesterday(tmp_path / "in"), tmp_path / "out"
    clean_corpus([source], out, cleaner)
    before = tree(out)
    redecide(out, load_policy())
    assert tree(out) == before
    restore_paragraph(out, "sub/002.txt", 1)
    restored = (out / "sub/002.txt").read_bytes()
    assert clean_corpus([source], out, cleaner).changes.done == 0
    assert (out / "sub/002.txt").read_bytes() == restored
    assert list(differences(out)) == []
    fields = Fields(text=("text",))
    clean_corpus([source], out, cleaner, fields=fields)
    redecide(out, load_policy())
    assert clean_corpus([source], out, cleaner, fields=fields).changes.done == 0


def stamps(out: Path) -> dict[str, tuple[int, int]]:
    """Every clean file with its inode and the time of its last change."""
    return {
        path.relative_to(out).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in out.rglob("*")
        if path.is_file() and ".cleaner" not in path.parts and not path.name.startswith("audit")
    }


def rewritten(before: dict[str, tuple[int, int]], out: Path) -> set[str]:
    """Clean files that are not the very files that stood there before."""
    return {path for path, stamp in stamps(out).items() if before.get(path) != stamp}


@pytest.mark.parametrize("way", ["model", "policy", "decide", "again"])
def test_only_clean_files_whose_content_changed_are_written(tmp_path: Path, cleaner: Cleaner, way: str) -> None:
    """After another model or policy every source is judged again, but a clean file that would be the same stays the same file; the report counts both."""
    source, out = yesterday(tmp_path / "in"), tmp_path / "out"
    clean_corpus([source], out, cleaner)
    first, was = stamps(out), tree(out)
    stricter = tmp_path / "policy.toml"
    stricter.write_text(DEFAULT.read_text().replace('[labels.heading]\naction = "keep"', '[labels.heading]\naction = "remove"'))
    other = Cleaner(cleaner.model, load_policy(stricter))
    if way == "model":
        report = clean_corpus([source], out, Cleaner.load(biased(tmp_path / "new.model", "heading", 0.1)))
    elif way == "policy":
        report = clean_corpus([source], out, other)
    elif way == "decide":
        report = redecide(out, other.policy)
    else:
        report = clean_corpus([source], out, cleaner, again=True)
    changed = {path for path, content in tree(out).items() if path in first and was[path] != content}
    assert rewritten(first, out) == changed
    assert report.changes.again == report.sources
    assert report.changes.written == len(changed)
    assert (way in ("policy", "decide")) == bool(changed)
    assert len(changed) < len(first) or way in ("policy", "decide")
    assert list(differences(out)) == []


def test_a_clean_file_that_was_altered_is_written_anew(tmp_path: Path, cleaner: Cleaner) -> None:
    """Same size, other bytes, or a link in its place: what stands there is looked at before it is left alone."""
    source, out = yesterday(tmp_path / "in"), tmp_path / "out"
    clean_corpus([source], out, cleaner)
    was = tree(out)
    altered, linked = out / "000.txt", out / "sub/001.txt"
    altered.write_bytes(altered.read_bytes().swapcase())
    linked.rename(tmp_path / "elsewhere.txt")
    linked.symlink_to(tmp_path / "elsewhere.txt")
    report = clean_corpus([source], out, cleaner, again=True)
    assert (tree(out), report.changes.written) == (was, 2)
    assert not linked.is_symlink()


def test_gathered_formats_count_their_files(tmp_path: Path, cleaner: Cleaner) -> None:
    """Records carry the model's name, so that their file is written with every other model, and only then."""
    source, out = yesterday(tmp_path / "in", 3), tmp_path / "out"
    assert clean_corpus([source], out, cleaner, format="jsonl").changes.written == 1
    assert clean_corpus([source], out, cleaner, format="jsonl").changes.written == 0


def test_a_poisonous_record_is_quarantined_and_left_alone(tmp_path: Path, cleaner: Cleaner) -> None:
    """A record over its memory is quarantined with the reason, the others are cleaned, and it is not tried every hour."""
    source = yesterday(tmp_path / "in", 3)
    (source / "huge.html").write_bytes(b"<html><body>" + b"<p>word word word</p>" * 700_000)
    report = clean_corpus([source], tmp_path / "out", cleaner, workers=2, limits=Limits(30, 96 << 20))
    assert sum(report.reasons[code] for code in ("memory", "died", "timeout", "error")) == 1
    assert dict(report.set_aside)["huge.html"]
    again = clean_corpus([source], tmp_path / "out", cleaner, workers=2, limits=Limits(30, 96 << 20))
    assert (again, again.changes.done) == (report, 0)


def test_verify_finds_every_flipped_bit(tmp_path: Path, cleaner: Cleaner) -> None:
    """A bit flipped anywhere in clean files, audit, journal, report or seal is found; so is a foreign and a missing file."""
    source, out = yesterday(tmp_path / "in", 3), tmp_path / "out"
    clean_corpus([source], out, cleaner)
    files = [path for path in out.rglob("*") if path.is_file() and path.name not in ("lock", "log")]
    assert {".cleaner/journal.db", ".cleaner/report.json", ".cleaner/SHA256SUMS"} <= {
        p.relative_to(out).as_posix() for p in files
    }
    for path in files:
        raw = path.read_bytes()
        for at in range(0, len(raw), max(len(raw) // 25, 1)):
            path.write_bytes(raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :])
            assert found(out), f"{path} at {at}"
        path.unlink()
        assert found(out), f"{path} missing"
        path.write_bytes(raw)
    (out / ".cleaner/foreign").touch()
    assert found(out)
    (out / ".cleaner/foreign").unlink()
    assert not found(out)


def found(out: Path) -> bool:
    """Whether verify finds a difference, or refuses."""
    try:
        return bool(list(differences(out)))
    except OutputError:
        return True


def test_an_older_folder_is_taken_over(tmp_path: Path, cleaner: Cleaner) -> None:
    """A folder with an audit and no journal, as earlier versions wrote, is cleaned anew without leaving anything stale."""
    source, out = yesterday(tmp_path / "in"), tmp_path / "out"
    clean_corpus([source], out, cleaner, format="jsonl")
    shutil.rmtree(out / ".cleaner")
    clean_corpus([source], out, cleaner, format="md")
    assert tree(out) == fresh(source, cleaner, "md")


def test_the_shim_counts_what_a_run_writes(tmp_path: Path, cleaner: Cleaner) -> None:
    """The disk of the fault tests is the one that all writing goes through: a run without it writes nothing."""

    class Refusing(Disk):
        def create(self, path: str) -> int:
            raise OSError(28, "no space")

    with pytest.raises(OutputError):
        clean_corpus([yesterday(tmp_path / "in")], tmp_path / "out", cleaner, disk=Refusing())
    assert tree(tmp_path / "out") == {}
    assert digest(tmp_path / "out")
    assert set(PACKERS) == {".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet"}
