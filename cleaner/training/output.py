"""Where a training writes: checked before anything is learned, so that an hour's work does not end on a wrong name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cleaner.errors import OutputError, UsageError
from cleaner.model_store import MAGIC
from cleaner.promotions import FIRST, read_promotions

ENDING = ".model"
CARDS = (".md", ".html")
TITLE = "# Model "
"""Begins a card in Markdown."""


class Outputs(NamedTuple):
    """The files of a training."""

    model: Path
    card: Path
    """In Markdown."""
    page: Path


def outputs(model: Path, label_paths: Sequence[Path]) -> Outputs:
    """The files that go with a model file, `mine.md` and `mine.html` beside `mine.model`.

    Raises UsageError where the model would be written over its labels or its card, OutputError where something else
    stands there that no training wrote, or a model that a shelf still needs.
    """
    name = model.name.removesuffix(ENDING)
    found = Outputs(model, model.with_name(f"{name}.md"), model.with_name(f"{name}.html"))
    if model.is_dir():
        raise UsageError(f"{model}: a folder; give the name of a model file in it, such as {model / 'new.model'}")
    if model.resolve() in {path.resolve() for path in label_paths} or model.suffix in CARDS:
        raise UsageError(f"{model}: cannot be both a model and its labels or its card; choose another name, such as new.model")
    if _start(model) not in (b"", MAGIC):
        raise OutputError(f"{model}: holds something that is no model; choose another name")
    if _start(found.card) not in (b"", TITLE.encode()[: len(MAGIC)]):
        raise OutputError(f"{found.card}: stands where the model's card would go, and is none; choose another name for the model")
    if model.name in _needed(model.parent) and model.exists():
        raise OutputError(f"{model}: the shelf goes back to this model; choose another name, and `cleaner promote` it")
    return found


def _start(path: Path) -> bytes:
    """The first bytes of a file; empty where there is none."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(len(MAGIC))


def _needed(shelf: Path) -> set[str]:
    """Names of the models that a promotion or a rollback on the shelf may take."""
    promotions = read_promotions(shelf)
    return {FIRST, *(p.before for p in promotions), *(p.to for p in promotions)}
