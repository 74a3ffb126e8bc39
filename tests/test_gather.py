"""What is compiled gives the same bits as NumPy, refuses what does not fit, and may be missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner import walk
from cleaner.classifier import gather
from cleaner.features.buffer import lay_out
from cleaner.features.ngrams import BASE, Runs, Spans, gram_runs

ROOT = Path(__file__).parent.parent
HEADER = Path(sysconfig.get_path("include")) / "Python.h"
needs_compiled = pytest.mark.skipif(gather.compiled is None, reason="not compiled: no C compiler where cleaner was installed")


@st.composite
def tables_and_runs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, Runs]:
    """A table of words and one of bytes, and runs with gaps between them that end where the hashes do."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    gaps = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 40)), min_size=1, max_size=12))
    sizes = np.array([size for pair in gaps for size in pair])
    bounds = np.cumsum(sizes)
    hashes = rng.integers(0, 2**64, bounds[-1], dtype=np.uint64)
    rows, width = 1 << draw(st.integers(1, 12)), draw(st.sampled_from([1, 2, 4, 5]))
    words = rng.integers(0, 2**56, (rows, width), dtype=np.uint64)
    return words, rng.integers(-127, 128, rows, dtype=np.int8), Runs(hashes, np.arange(len(gaps)), bounds[::2], bounds[1::2])


@needs_compiled
@given(tables_and_runs())
def test_compiled_sums_are_those_of_numpy(given_: tuple[np.ndarray, np.ndarray, Runs]) -> None:
    """Whoever has no C compiler gets the same output, byte for byte."""
    words, table, run = given_
    assert np.array_equal(gather.word_sums(words, run), gather.word_sums_in_numpy(words, run))
    assert np.array_equal(gather.byte_sums(table, run), gather.byte_sums_in_numpy(table, run))


def test_sums_are_those_of_single_lines() -> None:
    """A line's sum is of the rows that its own grams pick, whichever way it is worked out."""
    table = np.arange(8, dtype=np.uint64)[:, None] * np.array([1, 100], np.uint64)
    hashes = np.array([7, 0, 1, 2, 3], np.uint64) << np.uint64(61)
    run = Runs(hashes, np.array([4, 9]), np.array([1, 4]), np.array([3, 5]))
    assert gather.word_sums(table, run).tolist() == [[1, 100], [3, 300]]
    assert gather.byte_sums(np.arange(0, -8, -1, dtype=np.int8), run).tolist() == [-1, -3]


@needs_compiled
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"starts": [-1]}, "leaves"),
        ({"ends": [4]}, "leaves"),
        ({"ends": [1, 2]}, "fit"),
        ({"table": np.zeros((3, 4), np.uint64)}, "power of two"),
        ({"table": np.zeros((1, 4), np.uint64)}, "power of two"),
        ({"table": np.zeros((2, 2, 2), np.uint64)}, "fit"),
        ({"table": np.zeros((4, 4), np.uint32)}, "fit"),
        ({"table": np.zeros((4, 4))}, "fit"),
        ({"table": np.zeros((4, 4), ">u8")}, "fit"),
        ({"table": np.zeros(4, np.uint64)}, "fit"),
        ({"table": np.zeros((4, 0), np.uint64)}, "fit"),
        ({"hashes": np.zeros(3, np.uint32)}, "fit"),
        ({"starts": np.zeros(1)}, "fit"),
        ({"sums": np.zeros((1, 4), object)}, "fit"),
        ({"sums": np.zeros((2, 4), np.uint64)}, "fit"),
        ({"sums": np.zeros((1, 4), np.uint32)}, "fit"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_and_not_read(changed: dict[str, object], said: str) -> None:
    """A damaged call ends in an error that says why, never in a crash or in numbers from elsewhere in memory."""
    arrays = {
        "hashes": np.zeros(3, np.uint64), "starts": np.array([0]), "ends": np.array([3]),
        "table": np.zeros((4, 4), np.uint64), "sums": np.zeros((1, 4), np.uint64),
    } | {name: np.asarray(value) for name, value in changed.items()}  # fmt: skip
    with pytest.raises(ValueError, match=said):
        gather.compiled.word_sums(*arrays.values())


@needs_compiled
@pytest.mark.parametrize("shape", [(4, 1), (4, 0), (4, 2), ()])
def test_a_table_of_bytes_has_one_a_row(shape: tuple[int, ...]) -> None:
    """No shape makes it write more sums than there is room for."""
    with pytest.raises(ValueError, match="fit"):
        gather.compiled.byte_sums(
            np.zeros(3, np.uint64), np.zeros(9, np.int64), np.full(9, 3), np.zeros(shape, np.int8), np.zeros(0, np.int32)
        )


@needs_compiled
def test_bounds_that_share_memory_with_sums_cannot_lead_astray() -> None:
    """Bounds are checked when they are used: what the call itself writes over them is checked too."""
    memory = np.array([1, 1, 1, 1, 1], np.int64)
    hashes, table = np.full(3, 2**63, np.uint64), np.full((4, 1), 2**40, np.uint64)
    with pytest.raises(ValueError, match="leaves"):
        gather.compiled.word_sums(hashes, np.zeros(4, np.int64), memory[:4], table, memory[1:].view(np.uint64).reshape(4, 1))


def test_bounds_of_32_bits_do_too() -> None:
    """NumPy 1 on Windows counts in 32 bits."""
    table = np.arange(8, dtype=np.uint64)[:, None]
    run = Runs(np.array([7, 6], np.uint64) << np.uint64(61), np.arange(1), np.array([0], np.int32), np.array([2], np.int32))
    assert gather.word_sums(table, run).tolist() == [[13]]
    assert gather.byte_sums(np.arange(8, dtype=np.int8), run).tolist() == [13]


LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=400), min_size=1, max_size=9)


@needs_compiled
@given(LINES, st.integers(1, 6), st.sampled_from([1, 4, 5]))
def test_grams_that_are_hashed_in_c_are_those_of_numpy(lines: list[str], bits: int, width: int) -> None:
    """Lines of any length, empty ones too, give the same sums whichever way their grams are hashed."""
    rng = np.random.default_rng(bits)
    words = rng.integers(0, 2**48, (1 << bits, width), dtype=np.uint64)
    small = rng.integers(-127, 128, 1 << (bits + 2), dtype=np.int8)
    buffer = lay_out(lines, [0, len(lines)])
    spans = Spans(buffer.folded)
    found = gather.line_sums(words, small, buffer, spans)
    expected = gather.run_sums(words, small, gram_runs(buffer, spans), len(lines))
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))


@needs_compiled
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"starts": [-1]}, "leaves"),
        ({"ends": [7]}, "leaves"),
        ({"ends": [2**62]}, "leaves"),
        ({"ends": [1, 2]}, "fit"),
        ({"size": 0}, "fit"),
        ({"size": 99}, "leaves"),
        ({"words": np.zeros((3, 4), np.uint64)}, "power of two"),
        ({"small": np.zeros(3, np.int8)}, "power of two"),
        ({"words": np.zeros(4, np.uint64)}, "fit"),
        ({"small": np.zeros(4, np.uint8)}, "fit"),
        ({"folded": np.zeros(8, np.int16)}, "fit"),
        ({"word_sums": np.zeros((2, 4), np.uint64)}, "fit"),
        ({"byte_sums": np.zeros(2, np.int32)}, "fit"),
        ({"byte_sums": np.zeros(1, np.int64)}, "fit"),
    ],
)
def test_lines_that_do_not_fit_are_refused_and_not_read(changed: dict[str, object], said: str) -> None:
    """As with runs: a damaged call ends in an error that says why."""
    given = {"folded": np.zeros(8, np.uint8), "starts": [0], "ends": [6], "size": 3, "base": BASE, "salt": 1}
    given |= {"words": np.zeros((4, 4), np.uint64), "small": np.zeros(8, np.int8)}
    given |= {"word_sums": np.zeros((1, 4), np.uint64), "byte_sums": np.zeros(1, np.int32)}
    given |= changed
    given |= {name: np.array(given[name], np.int64) for name in ("starts", "ends")}
    with pytest.raises(ValueError, match=said):
        gather.compiled.add_gram_sums(*given.values())


@needs_compiled
def test_sums_are_never_written_into_what_must_not_change() -> None:
    """A model's own arrays are read-only, and stay so."""
    table = np.zeros((4, 4), np.uint64)
    fixed = np.zeros((1, 4), np.uint64)
    fixed.flags.writeable = False
    with pytest.raises((BufferError, ValueError)):
        gather.compiled.word_sums(np.zeros(3, np.uint64), np.array([0]), np.array([3]), table, fixed)


CLEANED = """
import hashlib, pathlib, sys
if sys.argv[1] == "python":
    for module in ("cleaner.classifier._gather", "cleaner.features._tokens", "cleaner.walk._walk"):
        sys.modules[module] = None
from cleaner import Cleaner, walk
from cleaner.classifier import gather
assert (gather.compiled is None) == (walk.compiled is None) == (sys.argv[1] == "python")
files = sorted(f for f in pathlib.Path("seeds/raw").iterdir() if f.suffix in (".txt", ".html"))
verdicts = [result.verdicts.probabilities.tobytes() for result in Cleaner.load().clean_many([f.read_bytes() for f in files])]
print(hashlib.sha256(b"".join(verdicts)).hexdigest())
"""


@needs_compiled
def test_a_corpus_is_judged_alike_with_and_without_what_is_compiled() -> None:
    """A corpus that was begun on one machine can be continued on another."""

    def judged(how: str) -> str:
        return subprocess.run([sys.executable, "-c", CLEANED, how], cwd=ROOT, check=True, capture_output=True, text=True).stdout

    assert judged("python") == judged("compiled")


def built(folder: Path, compiler: str | None = None) -> str:
    """What the build hook made in a copy of what it needs: a path, or "None"."""
    (folder / "cleaner" / "classifier").mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "hatch_build.py", folder)
    shutil.copy(ROOT / "cleaner" / "_module.h", folder / "cleaner")
    shutil.copy(ROOT / "cleaner" / "classifier" / "_gather.c", folder / "cleaner" / "classifier")
    code = "import hatch_build, pathlib; print(hatch_build.compiled(pathlib.Path.cwd(), 'cleaner.classifier._gather'))"
    environment = os.environ | ({"CC": compiler} if compiler else {})
    ran = subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True, text=True, env=environment)
    return ran.stdout.splitlines()[-1]


@pytest.mark.parametrize("compiler", ["false", "no-such-compiler"])
def test_installing_without_a_working_compiler_leaves_numpy(tmp_path: Path, compiler: str) -> None:
    """Nothing but Python is needed to install."""
    assert built(tmp_path, compiler) == "None"
    assert not list(tmp_path.rglob("*.so"))


@needs_compiled
def test_the_same_source_gives_the_same_bytes_and_an_old_build_is_never_taken_for_a_new_one(tmp_path: Path) -> None:
    """A wheel can be built again and compared; one whose compiler broke holds no module of older source."""
    here, there = Path(built(tmp_path / "here")), Path(built(tmp_path / "there"))
    assert here.read_bytes() == there.read_bytes()
    assert built(tmp_path / "here", "false") == "None"
    assert not here.exists()


@pytest.mark.skipif(shutil.which("cc") is None or not HEADER.exists(), reason="no C compiler, or no headers of Python")
def test_it_is_compiled_where_it_can_be() -> None:
    """A compile that broke is seen here, not in a text that takes longer."""
    assert gather.compiled is not None
    assert walk.compiled is not None
