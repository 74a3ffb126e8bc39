"""Judge every line of a batch of articles: first alone, then in context. NumPy only.

Articles with a layout (pages) and without one (flattened text) share the first stage over text; a page
has a linear stage over its layout beside it, and a second stage of its own that reads both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.classifier import adaptation, opening
from cleaner.classifier import alone as stage_one
from cleaner.classifier import network as stage_two
from cleaner.classifier.threads import one_thread
from cleaner.features.buffer import Buffer, Ints, lay_out
from cleaner.features.context import Alone, context, context_parts
from cleaner.features.layout import Layouts, Page
from cleaner.features.ngrams import Runs, Spans, gram_runs
from cleaner.features.page import page_parts
from cleaner.features.surface import Columns, side_by_side
from cleaner.records import KEPT_LABELS, STYLES, Layout

Probabilities = NDArray[np.float64]


class Context(NamedTuple):
    """The second stage for one style."""

    network: stage_two.Network
    calibration: NDArray[np.float64]
    """(labels + 1, labels): maps output scores to calibrated logits, the last row a bias."""


class PageClassifier(NamedTuple):
    """What a model knows of layouts. One second stage serves both styles: the style is a column."""

    layout: stage_one.PackedLayout
    keep: stage_two.Network
    """One output: does the paragraph belong to what the page is about?"""
    labels: stage_two.Network
    """One output a label: which label, on the side that `keep` says."""
    calibration: NDArray[np.float64]
    """(styles, 2): slope and intercept of the calibrated logit of keep."""


class Classifier(NamedTuple):
    """A trained model ready to score; made by `model_store.load` or by training."""

    linear: stage_one.PackedWeights
    contexts: tuple[Context, ...]
    """One a style."""
    opening: NDArray[np.float64]
    """(len(opening.NAMES) + 1,): weights of a logistic model for "a further article begins here"."""
    pages: PageClassifier | None = None
    """None for a model that was trained without pages: it judges them by their text."""
    adaptation: adaptation.Adaptation = adaptation.Adaptation()
    """What labels of a user's own add; nothing, for a model as it was trained."""


def judge(model: Classifier, lines: Sequence[str], offsets: Sequence[int] | Ints, style: str) -> Probabilities:
    """Judge `lines`; article `i` is `lines[offsets[i]:offsets[i + 1]]`.

    Gives probabilities of shape (lines, labels), calibrated; each row sums to 1. A line's verdict
    depends on its own article alone, never on others in the batch.
    """
    with one_thread():
        text, shift = read(lines, offsets), model.adaptation.text
        columns = _columns_of(model.linear, text)[1]
        found = in_context(model.contexts[STYLES.index(style)], columns)
        return found if shift is None else adaptation.adapted(shift, text.runs(), model.contexts[0].network, columns, found)


def judge_pages(
    model: Classifier, lines: Sequence[str], offsets: Sequence[int] | Ints, layouts: Sequence[Layout], style: str
) -> Probabilities:
    """Judge pages: `layouts[i]` is the layout of article `i`. Otherwise as `judge`."""
    if model.pages is None:
        return judge(model, lines, offsets, style)
    with one_thread():
        text, shift = read(lines, offsets), model.adaptation.page
        columns = measure_pages(model.linear, model.pages.layout, text, layouts)
        found = judge_columns(model.pages, columns, STYLES.index(style))
        return found if shift is None else adaptation.adapted(shift, text.runs(), model.pages.keep, columns, found)


def judge_columns(pages: PageClassifier, columns: Columns, style: int) -> Probabilities:
    """Probabilities of page paragraphs from their columns, without the style's."""
    given = np.array([2 * style - 1], np.float32)
    keep, labels = stage_two.evaluate_all([pages.keep, pages.labels], columns, given)
    return two_sided(pages.calibration[style], keep[:, 0], labels)


def with_style(columns: Columns, style: Ints) -> Columns:
    """Columns with the style of each row as one more, -1 or 1."""
    return np.concatenate([columns, (2 * style[:, None] - 1).astype(np.float32)], axis=1)


def two_sided(calibration: NDArray[np.float64], keep: NDArray[np.float64], labels: NDArray[np.float64]) -> Probabilities:
    """Label probabilities in ten-thousandths: the side by the keep logit, the label by its share of its side."""
    kept = 1 / (1 + np.exp(-np.clip(calibration[0] * keep + calibration[1], -30, 30)))
    spread = np.exp(np.clip(labels - labels.max(axis=1, keepdims=True), -30, 0))
    sides = [spread[:, : len(KEPT_LABELS)], spread[:, len(KEPT_LABELS) :]]
    shares = [side / side.sum(axis=1, keepdims=True) for side in sides]
    probabilities = np.concatenate([shares[0] * kept[:, None], shares[1] * (1 - kept[:, None])], axis=1)
    return np.asarray(np.rint(10_000 * probabilities) / 10_000)


def in_context(stage: Context, columns: Columns) -> Probabilities:
    """Probabilities of paragraphs of text from their columns."""
    return calibrated(stage.calibration, stage_two.evaluate(stage.network, columns))


class Text(NamedTuple):
    """The words of a batch, ready to be measured."""

    buffer: Buffer
    spans: Spans

    def runs(self) -> Iterator[Runs]:
        """Its grams, hashed."""
        return gram_runs(self.buffer, self.spans)


def read(lines: Sequence[str], offsets: Sequence[int] | Ints) -> Text:
    """Lay lines out for measuring."""
    buffer = lay_out(lines, offsets)
    return Text(buffer, Spans(buffer.folded))


def measure(linear: stage_one.PackedWeights, lines: Sequence[str], offsets: Sequence[int] | Ints) -> tuple[Alone, Columns]:
    """What stage one says of each line, and the columns that stage two reads."""
    return _columns_of(linear, read(lines, offsets))


def _columns_of(linear: stage_one.PackedWeights, text: Text) -> tuple[Alone, Columns]:
    first = stage_one.judge_alone(linear, *text)
    return first, context(text.buffer, text.spans, first)


def measure_pages(
    linear: stage_one.PackedWeights, layout: stage_one.PackedLayout, text: Text, layouts: Sequence[Layout]
) -> Columns:
    """The columns that the second stage of pages reads: those of their text, then those of their layout."""
    first, lengths, bounds = stage_one.judge_alone(linear, *text), text.buffer.lengths.tolist(), text.buffer.offsets.tolist()
    sizes = [lengths[low:high] for low, high in pairwise(bounds)]
    batch = Layouts([Page(*pair) for pair in zip(layouts, sizes, strict=True)])
    alone = stage_one.judge_layout(layout, batch)
    parts = [*context_parts(*text, first), *page_parts(batch, first, alone)]
    return side_by_side(parts, len(lengths))


def calibrated(calibration: NDArray[np.float64], outputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Softmax of affinely mapped outputs (vector scaling, Guo et al. 2017), in ten-thousandths."""
    bounded = np.ascontiguousarray(outputs.T)  # a row a label: long rows take a third of the time of short ones
    bounded = np.maximum(bounded - bounded.max(axis=0), -30)
    logits = np.zeros_like(bounded)
    for row, weights in zip(bounded, calibration[:-1], strict=True):
        logits += row * weights[:, None]
    logits += calibration[-1][:, None]
    spread = np.ascontiguousarray(np.exp(logits - logits.max(axis=0)).T)
    return np.asarray(np.rint(10_000 * spread / spread.sum(axis=1, keepdims=True)) / 10_000)


def openings(weights: NDArray[np.float64], lines: Sequence[str], probabilities: NDArray[np.float64]) -> list[int]:
    """Indices of the lines of one file at which a further whole article begins; `weights` are a model's `opening`."""
    found = opening.candidates(lines, probabilities)
    return [candidate.line for candidate in found if _opens(weights, candidate.values)]


def _opens(weights: NDArray[np.float64], values: Sequence[float]) -> bool:
    return float(np.dot(weights[:-1], values)) + float(weights[-1]) > 0
