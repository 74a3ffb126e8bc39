"""What is compiled gives the same bits as NumPy, refuses what does not fit, and may be missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.classifier import gather
from cleaner.features.ngrams import Runs

ROOT = Path(__file__).parent.parent
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
        ({"hashes": np.zeros(3, np.uint32)}, "fit"),
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
def test_sums_are_never_written_into_what_must_not_change() -> None:
    """A model's own arrays are read-only, and stay so."""
    table = np.zeros((4, 4), np.uint64)
    fixed = np.zeros((1, 4), np.uint64)
    fixed.flags.writeable = False
    with pytest.raises((BufferError, ValueError)):
        gather.compiled.word_sums(np.zeros(3, np.uint64), np.array([0]), np.array([3]), table, fixed)


CLEANED = """
import hashlib, pathlib, sys
if sys.argv[1] == "numpy":
    sys.modules["cleaner.classifier._gather"] = None
from cleaner import Cleaner
from cleaner.classifier import gather
assert (gather.compiled is None) == (sys.argv[1] == "numpy")
files = sorted(pathlib.Path("seeds/raw").iterdir())
verdicts = [result.verdicts.probabilities.tobytes() for result in Cleaner.load().clean_many([f.read_bytes() for f in files])]
print(hashlib.sha256(b"".join(verdicts)).hexdigest())
"""


@needs_compiled
def test_a_corpus_is_judged_alike_with_and_without_what_is_compiled() -> None:
    """A corpus that was begun on one machine can be continued on another."""

    def judged(how: str) -> str:
        return subprocess.run([sys.executable, "-c", CLEANED, how], cwd=ROOT, check=True, capture_output=True, text=True).stdout

    assert judged("numpy") == judged("compiled")


@pytest.mark.parametrize("compiler", ["false", "no-such-compiler"])
def test_installing_without_a_working_compiler_leaves_numpy(tmp_path: Path, compiler: str) -> None:
    """Nothing but Python is needed to install: the build says what it left out, and goes on."""
    (tmp_path / "cleaner" / "classifier").mkdir(parents=True)
    shutil.copy(ROOT / "hatch_build.py", tmp_path)
    shutil.copy(ROOT / "cleaner" / "classifier" / "_gather.c", tmp_path / "cleaner" / "classifier")
    code = "import hatch_build, pathlib; print(hatch_build.compiled(pathlib.Path.cwd()))"
    environment = os.environ | {"CC": compiler}
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True, env=environment)
    assert ran.stdout.splitlines()[-1] == "None"
    assert not list(tmp_path.rglob("*.so"))
