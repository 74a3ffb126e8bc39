"""A model file is data that proves itself: anything else, and anything damaged, is refused by name and never run."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from numpy.typing import NDArray

from cleaner.classifier import Classifier, Context, network, opening
from cleaner.classifier.alone import LayoutWeights, LinearWeights, pack
from cleaner.errors import ModelError
from cleaner.features.context import column_names
from cleaner.model_store import MAGIC, load_model, save_model, shipped
from cleaner.records import LABELS, STYLES

Arrays = dict[str, NDArray[Any]]
Header = dict[str, Any]
HASHES, HIDDEN = 1 << 8, 4
TYPES = {"int8": "<i1", "int16": "<i2", "float16": "<f2", "float32": "<f4", "float64": "<f8"}


def small_linear(random: np.random.Generator) -> LinearWeights:
    columns = len(LABELS) + len(STYLES)
    weights = random.integers(-127, 128, (HASHES, columns)).astype(np.int8)
    spam = random.integers(-127, 128, HASHES).astype(np.int8)
    return LinearWeights(
        weights, random.uniform(0.001, 0.01, columns), random.normal(0, 1, columns), spam, np.array([0.01, -0.5])
    )


def small_context(random: np.random.Generator) -> Context:
    columns = len(column_names(STYLES))
    centre, spread = random.normal(0, 1, columns).astype(np.float32), random.uniform(0.5, 2, columns).astype(np.float32)
    shapes = (1, columns, HIDDEN), (1, HIDDEN, len(LABELS))
    layers = [
        (random.normal(0, size, shape), random.normal(0, 1, shape[2])) for size, shape in zip((0.1, 1), shapes, strict=True)
    ]
    rounded = network.quantise(centre, spread, layers, [np.full(HIDDEN, 5, np.float32)])
    return Context(rounded, np.concatenate([np.eye(len(LABELS)), random.normal(0, 1, (1, len(LABELS)))]))


def save_small(path: Path) -> str:
    """Write a model with random weights, small enough to damage thousands of times; returns its digest."""
    random = np.random.default_rng(7)
    linear = small_linear(random)
    contexts = tuple(small_context(random) for _ in STYLES)
    return save_model(
        path, linear, Classifier(pack(linear), contexts, random.normal(0, 1, len(opening.NAMES) + 1)), {"by": "test"}
    )


def unpacked(path: Path) -> tuple[Header, Arrays]:
    """A model file taken apart by its documented layout, without our own reader."""
    raw = path.read_bytes()
    size = int.from_bytes(raw[8:12], "little")
    header = json.loads(raw[12 : 12 + size])
    arrays, at = {}, 12 + size
    for entry in header["arrays"]:
        kind = np.dtype(TYPES[entry["type"]])
        end = at + kind.itemsize * int(np.prod(entry["shape"]))
        arrays[entry["name"]], at = np.frombuffer(raw[at:end], kind).reshape(entry["shape"]).copy(), end
    assert at == len(raw) - 32
    return header, arrays


def signed(payload: bytes) -> bytes:
    return payload + hashlib.sha256(payload).digest()


def packed(head: bytes, body: bytes) -> bytes:
    """A file with a checksum that fits, as a forger would write it."""
    return signed(MAGIC + len(head).to_bytes(4, "little") + head + body)


def rewrite(path: Path, header: object, arrays: Arrays) -> None:
    path.write_bytes(packed(json.dumps(header).encode(), b"".join(array.tobytes() for array in arrays.values())))


def refused(path: Path, match: str = "") -> None:
    """Loading raises ModelError with a message that names the file."""
    try:
        load_model(path)
    except ModelError as error:
        message = str(error)
    else:
        pytest.fail("a model that must be refused was loaded")
    assert str(path) in message
    assert re.search(match, message)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "small.model"
    save_small(path)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "forged.model"


def resaved(source: Path, path: Path) -> str:
    """Load a model and save its arrays again."""
    model = load_model(source)
    _, arrays = unpacked(source)
    linear = LinearWeights(*(arrays[f"linear.{name}"] for name in LinearWeights._fields))
    layout = None
    if "layout.weights" in arrays:
        layout = LayoutWeights(*(arrays[f"layout.{name}"] for name in LayoutWeights._fields))
    return save_model(path, linear, model.classifier, model.header["provenance"], layout, model.information)


def test_round_trip_of_a_new_model(small: Path, target: Path) -> None:
    """A model that is loaded and saved again has the same bytes and the same digest."""
    assert resaved(small, target) == load_model(small).digest
    assert target.read_bytes() == small.read_bytes()


def test_first_layers_take_one_byte_a_weight_and_older_files_of_two_are_still_read(tmp_path: Path) -> None:
    """A model is half as large for it, and one that a user promoted before still judges the same."""
    new, old = tmp_path / "new.model", tmp_path / "old.model"
    save_small(new)
    header, arrays = unpacked(new)
    assert {arrays[f"{style}.{depth}.weights"].dtype.name for style in STYLES for depth in (0, 1)} == {"int8", "int16"}
    assert {arrays[f"{style}.0.weights"].dtype.name for style in STYLES} == {"int8"}
    for entry in header["arrays"]:
        if entry["name"].endswith(".0.weights") and entry["name"].startswith(STYLES):
            entry["type"], arrays[entry["name"]] = "int16", arrays[entry["name"]].astype(np.int16)
    rewrite(old, header, arrays)
    assert load_model(old).header["self_test"] == load_model(new).header["self_test"]


def test_round_trip_of_the_shipped_model(target: Path) -> None:
    """The shipped file is what this code writes from its arrays, so its self-test and columns are of this code."""
    resaved(shipped(), target)
    assert target.read_bytes() == shipped().read_bytes()


def test_same_arrays_same_bytes(small: Path, target: Path) -> None:
    """Saving twice gives the same file, in a folder that is made when needed."""
    inner = target.parent / "new" / "folder" / "again.model"
    digest = save_small(inner)
    assert inner.read_bytes() == small.read_bytes()
    assert hashlib.sha256(inner.read_bytes()[:-32]).hexdigest().startswith(digest)


def test_missing_model(target: Path) -> None:
    """A path that is not there, or is a folder, is refused by name."""
    refused(target)
    refused(target.parent)


def test_any_flipped_bit_is_refused(small: Path, target: Path) -> None:
    """A file with any single bit wrong, in 2,000 random places and at both ends, is never loaded."""
    raw = small.read_bytes()
    random = np.random.default_rng(11)
    places = [0, 7, *(8 * len(raw) - 1 - np.arange(8)), *random.choice(8 * len(raw), 2000, replace=False)]
    target.write_bytes(raw)
    with target.open("r+b", buffering=0) as file:  # in place: writing 2,000 files anew takes seconds on some disks
        for place in map(int, places):
            at, bit = divmod(place, 8)
            file.seek(at)
            file.write(bytes([raw[at] ^ (1 << bit)]))
            refused(target)
            file.seek(at)
            file.write(raw[at : at + 1])
    load_model(target)


def test_flipped_bits_of_the_shipped_model_are_refused(target: Path) -> None:
    """The shipped file is guarded as a small one is."""
    raw = bytearray(shipped().read_bytes())
    for place in np.random.default_rng(3).integers(0, len(raw), 20).tolist():
        raw[place] ^= 16
        target.write_bytes(raw)
        refused(target)
        raw[place] ^= 16


def test_truncated_files_are_refused(small: Path, target: Path) -> None:
    """A download that stopped anywhere, even before its first byte, is refused."""
    raw = small.read_bytes()
    cuts = [0, 1, 7, 8, 9, 12, 31, 32, 33, 40, 44, len(raw) - 32, len(raw) - 1]
    for cut in [*cuts, *np.random.default_rng(5).integers(0, len(raw), 200).tolist()]:
        target.write_bytes(raw[:cut])
        refused(target)


def test_longer_files_are_refused(small: Path, target: Path) -> None:
    """Bytes after the end, or arrays that the header does not name, are refused."""
    raw = small.read_bytes()
    target.write_bytes(raw + b"\0")
    refused(target)
    target.write_bytes(signed(raw[:-32] + b"\0"))
    refused(target)


def test_an_untouched_forgery_loads(small: Path, target: Path) -> None:
    """The helpers of this file forge correctly: unchanged parts put together again are a valid model."""
    rewrite(target, *unpacked(small))
    load_model(target)


@pytest.mark.parametrize("name", [
    "linear.weights", "linear.scale", "linear.bias", "linear.spam_weights", "linear.spam_scale", "opening",
    *(f"{style}.{name}" for style in STYLES for name in ("centre", "spread", "calibration")),
    *(f"{style}.{depth}.{name}" for style in STYLES for depth in (0, 1) for name in network.Layer._fields),
])  # fmt: skip
def test_changed_weights_are_refused(small: Path, target: Path, name: str) -> None:
    """Weights changed by someone who fixed the checksum are refused by the self-test, in every array of every style."""
    header, arrays = unpacked(small)
    array = arrays[name]
    arrays[name] = ~array if array.dtype.kind == "i" else -array
    rewrite(target, header, arrays)
    refused(target)


@pytest.mark.parametrize("name", ["linear.weights", "news.0.weights"])
def test_changed_weights_of_the_shipped_model_are_refused(target: Path, name: str) -> None:
    """The shipped model's self-test sees its weights changed."""
    header, arrays = unpacked(shipped())
    arrays[name] = ~arrays[name] if arrays[name].dtype.kind == "i" else -arrays[name]
    rewrite(target, header, arrays)
    refused(target, "self-test")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["linear.scale", "news.0.scale", "news.calibration", "all.1.bias", "opening"])
def test_numbers_that_are_not_finite_are_refused(small: Path, target: Path, name: str, value: float) -> None:
    """One NaN or infinity among the weights is refused before anything is scored."""
    header, arrays = unpacked(small)
    arrays[name].flat[-1] = value
    rewrite(target, header, arrays)
    refused(target, "finite")


HEADER_CHANGES: dict[str, Callable[[Header], object]] = {
    "newer": lambda header: header | {"format": header["format"] + 1},
    "labels": lambda header: header | {"labels": header["labels"][::-1]},
    "styles": lambda header: header | {"styles": ["news"]},
    "columns": lambda header: header | {"columns": "0" * 16},
}


@pytest.mark.parametrize("change", HEADER_CHANGES.values(), ids=HEADER_CHANGES)
def test_other_versions_are_refused(small: Path, target: Path, change: Callable[[Header], object]) -> None:
    """A model of another format, or with other labels, styles or columns, is refused with what to do."""
    header, arrays = unpacked(small)
    rewrite(target, change(header), arrays)
    refused(target, "version.*cleaner train")


BAD_HEADERS: dict[str, Callable[[Header], object]] = {
    **{f"no {key}": lambda header, key=key: {k: v for k, v in header.items() if k != key}
       for key in ("format", "labels", "styles", "columns", "arrays", "self_test", "provenance")},
    "array whose name is a number": lambda header: header | {"arrays": [*header["arrays"], {"name": 5, "shape": [0], "type": "int8"}]},
    "array twice": lambda header: header | {"arrays": [*header["arrays"], header["arrays"][0] | {"shape": [0]}]},
    "a list": lambda header: [header],
    "null": lambda header: None,
    "arrays null": lambda header: header | {"arrays": None},
    "array without shape": lambda header: header | {"arrays": [{"name": "linear.weights", "type": "int8"}]},
    "array without name": lambda header: header | {"arrays": [{"shape": [1], "type": "int8"}]},
    "array not a table": lambda header: header | {"arrays": ["linear.weights"]},
    "objects": lambda header: header | {"arrays": [header["arrays"][0] | {"type": "object"}, *header["arrays"][1:]]},
    "negative": lambda header: header | {"arrays": [header["arrays"][0] | {"shape": [-1, 12]}, *header["arrays"][1:]]},
    "huge": lambda header: header | {"arrays": [header["arrays"][0] | {"shape": [9000] * 9}, *header["arrays"][1:]]},
    "an array less": lambda header: header | {"arrays": header["arrays"][:-1]},
    "renamed": lambda header: header | {"arrays": [header["arrays"][0] | {"name": "x"}, *header["arrays"][1:]]},
}  # fmt: skip


@pytest.mark.parametrize("change", BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_broken_headers_are_refused(small: Path, target: Path, change: Callable[[Header], object]) -> None:
    """A header that lacks or garbles a part is refused by the file's name, not with a traceback."""
    header, arrays = unpacked(small)
    rewrite(target, change(header), arrays)
    refused(target)


@pytest.mark.parametrize("head", [b"", b"{", b"\xff\xfe", b"[" * 200_000, b"NaN"], ids=["empty", "cut", "binary", "deep", "nan"])
def test_headers_that_are_not_json_are_refused(target: Path, head: bytes) -> None:
    """A header that is no JSON, or nested to break the reader, is refused."""
    target.write_bytes(packed(head, b""))
    refused(target)


def test_a_header_longer_than_the_file_is_refused(target: Path) -> None:
    """A header that claims to be larger than the file is refused before it is read."""
    target.write_bytes(signed(MAGIC + b"\xff\xff\xff\xff{}"))
    refused(target)


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.canary),)


def write_bombs(folder: Path, canary: Path) -> list[Path]:
    """Files that run code where they are unpickled, plain and dressed up as models."""
    bomb = pickle.dumps(Bomb(canary))
    (folder / "pickle.model").write_bytes(bomb)
    joblib.dump([Bomb(canary), np.zeros(3)], folder / "joblib.model")
    joblib.dump(Bomb(canary), folder / "compressed.model", compress=3)
    with zipfile.ZipFile(folder / "zip.model", "w") as archive:
        archive.writestr("schema.json", "{}")
        archive.writestr("data.pkl", bomb)
    with (folder / "array.model").open("wb") as file:
        np.save(file, np.array([Bomb(canary)], object), allow_pickle=True)
    with (folder / "arrays.model").open("wb") as file:
        np.savez(file, weights=np.array([Bomb(canary)], object))
    (folder / "dressed.model").write_bytes(packed(bomb, b""))
    (folder / "appended.model").write_bytes(packed(b"{}", bomb))
    return sorted(folder.glob("*.model"))


WATCHED = """
import sys
from pathlib import Path
from cleaner.errors import ModelError
from cleaner.model_store import load_model, shipped
load_model()
seen = []
run = ("pickle.", "marshal.", "exec", "compile", "os.system", "os.exec", "os.posix_spawn", "os.mkdir", "subprocess.", "code.")
sys.addaudithook(lambda event, _: event.startswith(run) and seen.append(event))
for name in sys.argv[1:]:
    try:
        load_model(Path(name))
    except ModelError as error:
        print(name in str(error), *seen)
    else:
        print("loaded")
"""


def test_files_that_can_run_are_refused_unread(tmp_path: Path) -> None:
    """Pickle, joblib, zip and NumPy object files renamed to .model are refused by name, and nothing in them runs."""
    canary = tmp_path / "ran"
    folder = tmp_path / "bombs"
    folder.mkdir()
    bombs = write_bombs(folder, canary)
    run = subprocess.run(
        [sys.executable, "-c", WATCHED, *map(str, bombs)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split("\n") == ["True"] * len(bombs) + [""]
    assert not canary.exists()


def test_the_bombs_are_live(tmp_path: Path) -> None:
    """The files of the test above do run code in a reader that unpickles, so that refusing them means something."""
    canary = tmp_path / "ran"
    pickle.loads(pickle.dumps(Bomb(canary)))  # noqa: S301  (our own)
    assert canary.exists()
