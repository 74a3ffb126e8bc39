"""Metrics over judged lines. All take plain arrays and give frozen records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleaner.records import KEPT_LABELS, LABELS

Z95 = 1.959964
RESAMPLES = 1000
BINS = 15
"""Equal-width confidence bins, as in Guo et al. 2017."""


@dataclass(frozen=True, slots=True)
class Share:
    """A proportion with its count and its 95 % Wilson interval."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson score interval (Wilson 1927)."""
        if not self.of:
            return 0.0, 1.0
        n, p = self.of, self.value
        middle = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
        reach = Z95 * np.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n)) / (1 + Z95**2 / n)
        return max(0.0, float(middle - reach)), min(1.0, float(middle + reach))

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.3f} ({self.hits}/{self.of}, {low:.3f}-{high:.3f})"


@dataclass(frozen=True, slots=True)
class KeepDrop:
    """How keeping and dropping went. `review` counts as kept."""

    f1: float
    f1_interval: tuple[float, float]
    content_lines_lost: Share
    content_characters_lost: Share
    noise_lines_left: Share


def keep_drop(
    kept: NDArray[np.bool_],
    wanted: NDArray[np.bool_],
    either: NDArray[np.bool_],
    lengths: NDArray[np.int64],
    pages: NDArray[np.int64],
) -> KeepDrop:
    """Score decisions; a line marked `either` is right both ways. Interval by resampling pages."""
    truth = np.where(either, kept, wanted)
    hit, over, missed = kept & truth, kept & ~truth, ~kept & truth
    count = int(pages.max(initial=0)) + 1
    counts = np.stack([np.bincount(pages, mask, minlength=count) for mask in (hit, over, missed)])
    draws = np.random.default_rng(0).integers(0, count, (RESAMPLES, count))
    samples = [_f1(*counts[:, draw].sum(axis=1)) for draw in draws]
    low, high = np.quantile(samples, [0.025, 0.975])
    return KeepDrop(
        f1=_f1(hit.sum(), over.sum(), missed.sum()),
        f1_interval=(float(low), float(high)),
        content_lines_lost=Share(int(missed.sum()), int(truth.sum())),
        content_characters_lost=Share(int(lengths[missed].sum()), int(lengths[truth].sum())),
        noise_lines_left=Share(int(over.sum()), int((~truth).sum())),
    )


def _f1(hits: float, over: float, missed: float) -> float:
    return float(2 * hits / max(2 * hits + over + missed, 1))


@dataclass(frozen=True, slots=True)
class LabelScore:
    """Precision and recall of one label, with counts."""

    label: str
    precision: Share
    recall: Share


def per_label(predicted: NDArray[np.int64], labels: NDArray[np.int64]) -> list[LabelScore]:
    """Precision and recall of every label."""
    scores = []
    for i, label in enumerate(LABELS):
        hits = int(((predicted == i) & (labels == i)).sum())
        scores.append(LabelScore(label, Share(hits, int((predicted == i).sum())), Share(hits, int((labels == i).sum()))))
    return scores


def accuracy(predicted: NDArray[np.int64], labels: NDArray[np.int64], also: NDArray[np.int64]) -> Share:
    """Share of lines with the label, or the second acceptable one (-1 where there is none)."""
    return Share(int(((predicted == labels) | (predicted == also)).sum()), len(labels))


def calibration_error(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Expected calibration error of the likeliest label over BINS bins."""
    if not len(labels):
        return 0.0
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, right, minlength=BINS) - np.bincount(bins, confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(labels))


def confusion_table(predicted: NDArray[np.int64], labels: NDArray[np.int64]) -> list[list[int]]:
    """Counts by true label (rows) and given label (columns), in the order of LABELS."""
    size = len(LABELS)
    table: list[list[int]] = np.bincount(labels * size + predicted, minlength=size * size).reshape(size, size).tolist()
    return table


def reliability_bins(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> list[tuple[float, float, int]]:
    """Of each bin that `calibration_error` sums over: mean confidence, share that is right, lines."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    sums = (np.bincount(bins, values, minlength=BINS) / np.maximum(counts, 1) for values in (confidence, right))
    rows = zip(*(values.tolist() for values in sums), counts.tolist(), strict=True)
    return [(round(sure, 4), round(share, 4), count) for sure, share, count in rows if count]


def word_f1(kept: Sequence[str], gold: Sequence[str]) -> float:
    """F1 of the two bags of words (as WCXB measures); 1 when both are empty."""
    ours, theirs = Counter(kept), Counter(gold)
    if not ours and not theirs:
        return 1.0
    return 2 * (ours & theirs).total() / (ours.total() + theirs.total())


def is_kept(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which labels are the article itself."""
    return labels < len(KEPT_LABELS)
