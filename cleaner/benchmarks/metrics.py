"""The published metric of each benchmark, written from its definition.

A metric scores one page as a row of numbers and sums rows up; the bootstrap draws pages and sums up again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.benchmarks.rouge import best_rouge
from cleaner.benchmarks.sets import Page, lines_either
from cleaner.evaluation.metrics import RESAMPLES

Rows = NDArray[np.float64]
"""(..., pages, columns)"""
Totals = Mapping[str, NDArray[np.float64]]

SHINGLE = 4
_WORD = re.compile(r"\w+")


class Metric(NamedTuple):
    """How a page is scored and how pages are summed up; totals begin with precision, recall and f1."""

    about: str
    score: Callable[[Page, str], tuple[float, ...]]
    total: Callable[[Rows], Totals]


class Figure(NamedTuple):
    """A value with its 95 % bootstrap interval and the bootstrap's standard deviation."""

    value: float
    low: float
    high: float
    deviation: float


def figures(metric: Metric, rows: Rows) -> dict[str, Figure]:
    """Every total over the pages, its interval from RESAMPLES draws of as many pages."""
    draws = np.random.default_rng(0).integers(0, len(rows), (RESAMPLES, len(rows)))
    samples = metric.total(rows[draws])
    return {name: _figure(float(value), samples[name]) for name, value in metric.total(rows).items()}


def _figure(value: float, samples: NDArray[np.float64]) -> Figure:
    low, high = np.quantile(samples, [0.025, 0.975])
    return Figure(value, float(low), float(high), float(samples.std(ddof=1)))


def word_score(page: Page, text: str) -> tuple[float, float, float]:
    """Precision, recall and F1 of two bags of lower-case words; all 1 when both are empty.

    Source: WCXB, evaluate.py, tokenize and word_f1.
    """
    ours, gold = (Counter(_WORD.findall(side.lower())) for side in (text, page.gold))
    if not ours and not gold:
        return 1.0, 1.0, 1.0
    shared, size, wanted = (ours & gold).total(), ours.total(), gold.total()
    return (shared / size, shared / wanted, 2 * shared / (size + wanted)) if shared else (0.0, 0.0, 0.0)


def shingle_score(page: Page, text: str) -> tuple[float, float, float, float]:
    """Shares of four-word shingles that are right, too many and missing, and whether all tokens are the same.

    Shares, so that long texts weigh no more than short ones; case counts. Source:
    article-extraction-benchmark, evaluate.py, string_shingle_matching and get_accuracy.
    """
    ours, gold = (_WORD.findall(side) for side in (text, page.gold))
    given, wanted = _shingles(ours), _shingles(gold)
    counts = [(given & wanted).total(), (given - wanted).total(), (wanted - given).total()]
    hit, over, missed = (count / (sum(counts) or 1) for count in counts)
    return hit, over, missed, float(ours == gold)


def _shingles(words: list[str]) -> Counter[tuple[str, ...]]:
    """Runs of SHINGLE words; a shorter text is one run, an empty one none."""
    if not words:
        return Counter()
    return Counter(tuple(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1)))


def segment_score(page: Page, text: str) -> tuple[float, float, float, float]:
    """Segments rightly there, wrongly there, wrongly gone and rightly gone, white space aside.

    Source: trafilatura, tests/eval_common.py, count_item.
    """
    output = _squeezed(text)
    hit = sum(_squeezed(segment) in output for segment in page.wanted)
    over = sum(_squeezed(segment) in output for segment in page.unwanted)
    return hit, over, len(page.wanted) - hit, len(page.unwanted) - over


def rouge_score(page: Page, text: str) -> tuple[float, float, float]:
    """ROUGE-LSum precision, recall and F1 (fundus-evaluation, scorers.py, score_rouge_lsum)."""
    return best_rouge(page.wanted, text)


def line_score(page: Page, text: str) -> tuple[float, float, float]:
    """Lines rightly kept, wrongly kept and wrongly dropped; a line counts as kept when the output has such a line.

    As `evaluation.metrics.keep_drop`, from the output's text alone. A text that stands several times in the
    page is taken as the wanted line first.
    """
    output = Counter(_squeezed(line) for line in text.splitlines())
    wanted, unwanted, either = (_squeezed_all(lines) for lines in (page.wanted, page.unwanted, lines_either(page).elements()))
    hit = (output & wanted).total()
    over = ((output - wanted - either) & unwanted).total()
    return hit, over, wanted.total() - hit


def _squeezed_all(lines: Iterable[str]) -> Counter[str]:
    return Counter(map(_squeezed, lines))


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def mean_total(rows: Rows) -> Totals:
    """Plain means over pages."""
    return dict(zip(("precision", "recall", "f1"), np.moveaxis(rows.mean(axis=-2), -1, 0), strict=True))


def mean_and_spread(rows: Rows) -> Totals:
    """Means over pages, and the standard deviations over pages that fundus-evaluation prints beside them (analysis.py)."""
    spread = np.moveaxis(rows.std(axis=-2, ddof=1 if rows.shape[-2] > 1 else 0), -1, 0)
    return {**mean_total(rows), **dict(zip(("precision_std", "recall_std", "f1_std"), spread, strict=True))}


def shingle_total(rows: Rows) -> Totals:
    """Mean precision of pages with output, mean recall of pages with gold, F1 of these two means, mean accuracy.

    Source: article-extraction-benchmark, evaluate.py, metrics_from_tp_fp_fns.
    """
    hit, over, missed, exact = np.moveaxis(rows, -1, 0)
    precision = _share((_share(hit, hit + over)).sum(axis=-1), (hit + over > 0).sum(axis=-1))
    recall = _share((_share(hit, hit + missed)).sum(axis=-1), (hit + missed > 0).sum(axis=-1))
    f1 = _share(2 * precision * recall, precision + recall)
    return {"precision": precision, "recall": recall, "f1": f1, "accuracy": exact.mean(axis=-1)}


def pooled_total(rows: Rows) -> Totals:
    """Precision, recall and F1 of counts pooled over pages; accuracy where true negatives are counted.

    Source: trafilatura, tests/eval_common.py, ConfusionMatrix.scores.
    """
    hit, over, missed, *rest = np.moveaxis(rows.sum(axis=-2), -1, 0)
    shares = {"precision": _share(hit, hit + over), "recall": _share(hit, hit + missed)}
    accuracy = {"accuracy": _share(hit + rest[0], hit + over + missed + rest[0])} if rest else {}
    return {**shares, "f1": _share(2 * hit, 2 * hit + over + missed), **accuracy}


def _share(part: Rows, whole: Rows) -> Rows:
    """Part by whole, 0 where there is no whole."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


WORDS = Metric("word-level precision, recall and F1, mean over pages (WCXB, evaluate.py)", word_score, mean_total)
SHINGLES = Metric(
    "4-word shingles; F1 of mean precision and mean recall (article-extraction-benchmark, evaluate.py)",
    shingle_score,
    shingle_total,
)
SEGMENTS = Metric(
    "segments that must and must not be there, pooled (trafilatura, tests/eval_common.py)", segment_score, pooled_total
)
ROUGE = Metric(
    "ROUGE-LSum, mean over pages; sentences cut by rule, not by Punkt (fundus-evaluation)", rouge_score, mean_and_spread
)
LINES = Metric(
    "lines kept or dropped, pooled (as cleaner evaluate); systems that read pages get every line as a <p>, without layout",
    line_score,
    pooled_total,
)

METRICS: Mapping[str, Metric] = {
    "wcxb": WORDS,
    "article-extraction-benchmark": SHINGLES,
    "trafilatura": SEGMENTS,
    "fundus-evaluation": ROUGE,
    "pages": WORDS,
    "lines": LINES,
}
"""By the benchmark's name."""
