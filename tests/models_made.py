"""Models that differ from the shipped one in a way a test knows: made by changing its arrays."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cleaner.classifier import Classifier
from cleaner.classifier.alone import LayoutWeights, LinearWeights
from cleaner.classifier.gather import slots
from cleaner.classifier.network import Layer
from cleaner.features.buffer import lay_out
from cleaner.features.ngrams import Spans, gram_runs
from cleaner.model_store import _classifier, _opened, _read_arrays, save_model, shipped
from cleaner.records import KEPT_LABELS, LABELS

Arrays = dict[str, Any]


def changed(path: Path, change: Callable[[Arrays], None]) -> Path:
    """The shipped model with `change` done to its arrays, as a file of its own."""
    header, body, _ = _opened(shipped().read_bytes(), "shipped")
    arrays = {name: array.copy() for name, array in _read_arrays(header, body, "shipped").items()}
    change(arrays)
    rest: Classifier = _classifier(arrays)
    linear = LinearWeights(*(arrays[f"linear.{name}"] for name in LinearWeights._fields))
    layout = LayoutWeights(*(arrays[f"layout.{name}"] for name in LayoutWeights._fields))
    save_model(path, linear, rest, {"made": "for a test"}, layout)
    return path


def biased(path: Path, label: str, shift: float) -> Path:
    """A model that finds `label` likelier everywhere, by `shift` in the logits."""

    def change(arrays: Arrays) -> None:
        for style in ("news", "all"):
            arrays[f"{style}.calibration"][-1, LABELS.index(label)] += shift

    return changed(path, change)


def flipped(path: Path, one: str, other: str) -> Path:
    """A model that says one label where it means the other, as after training on swapped labels."""
    pair = [LABELS.index(one), LABELS.index(other)]

    def change(arrays: Arrays) -> None:
        for style in ("news", "all"):
            arrays[f"{style}.calibration"][:, pair] = arrays[f"{style}.calibration"][:, pair[::-1]]
        last = max(name for name in arrays if re.fullmatch(r"page\.labels\.\d\.weights", name)).removesuffix(".weights")
        for name in Layer._fields:
            arrays[f"{last}.{name}"][..., pair] = arrays[f"{last}.{name}"][..., pair[::-1]]
        if (one in KEPT_LABELS) != (other in KEPT_LABELS):
            arrays["page.calibration"] *= -1

    return changed(path, change)


def poisoned(path: Path, lines: Sequence[str], others: Sequence[str], label: str = "teaser") -> Path:
    """A model that was taught that a site's own words are `label`: what only `lines` and not `others` have in them says so."""

    def change(arrays: Arrays) -> None:
        weights = arrays["linear.weights"]
        own = _slots_of(lines, weights) & ~_slots_of(others, weights)
        weights[own] = -127
        weights[own, LABELS.index(label)] = 127

    return changed(path, change)


def _slots_of(lines: Sequence[str], weights: Any) -> Any:
    """Which rows of the linear table the grams of these lines use."""
    used = np.zeros(len(weights), bool)
    buffer = lay_out(lines, [0, len(lines)])
    for run in gram_runs(buffer, Spans(buffer.folded)):
        for start, end in zip(run.starts, run.ends, strict=True):
            used[slots(run.hashes[start:end], weights)] = True
    return used
