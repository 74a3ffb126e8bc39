"""Figures of lines that were judged by a fold that had not seen their site, for the card and for the model's own record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.articles import first_copies
from cleaner.evaluation.metrics import word_f1
from cleaner.policy import Policy, decide_many
from cleaner.records import ACTIONS, STAYING, STYLES
from cleaner.report.figures import Estimate, Pages, SetFigures, label_scores, measure
from cleaner.training.alignment import tokens
from cleaner.training.corpora import Example
from cleaner.training.rows import Rows

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

RESAMPLES = 1000


class Unseen(NamedTuple):
    """What is known of a model on sites that it was not trained on."""

    sets: tuple[SetFigures, ...] = ()
    """Sets whose every line has a label."""
    pages: tuple[Pages, ...] = ()
    """Sets of pages with a gold text; types of page as `SET: TYPE`, after their set."""

    def record(self) -> dict[str, Any]:
        """The figures as a model file holds them, by set."""
        found: dict[str, Any] = {one.name: set_record(one) for one in self.sets}
        for one in self.pages:
            name, _, kind = one.name.partition(": ")
            if kind:
                found[name]["kinds"][kind] = _page_record(one)
            else:
                found[name] = _page_record(one) | {"kinds": {}}
        return found


def unseen_figures(examples: Sequence[Example], rows: Rows, probabilities: Floats, policy: Policy) -> Unseen:
    """Figures of every set that the examples come from, as `policy` decides; `rows` are the examples' rows."""
    kept = kept_rows(rows, probabilities, policy)
    as_labelled = _lines_alone(kept, rows, probabilities, policy)
    of_row = np.repeat([e.group for e in examples], np.diff(rows.offsets))
    sets: list[SetFigures] = []
    pages: list[Pages] = []
    for group in dict.fromkeys(e.group for e in examples):
        mine = np.flatnonzero(of_row == group)
        if rows.labelled[mine].all():
            sites = len({e.site for e in examples if e.group == group})
            sets.append(labelled_figures(group, rows, probabilities, as_labelled, mine, sites))
        else:
            pages += _page_figures(group, examples, rows, kept)
    return Unseen(tuple(sets), tuple(pages))


def labelled_figures(name: str, rows: Rows, probabilities: Floats, kept: Mask, mine: NDArray[np.int64], sites: int) -> SetFigures:
    """Figures of the rows `mine`, all of which have a label."""
    lengths = np.array([len(rows.lines[i]) for i in mine])
    article = np.searchsorted(rows.offsets, mine, side="right") - 1
    return measure(name, probabilities[mine], rows.labels[mine], kept[mine], lengths, article, sites=sites)


def kept_rows(rows: Rows, probabilities: Floats, policy: Policy) -> Mask:
    """Which rows stay, `review` included, each article in its own style."""
    staying = np.array([action in STAYING for action in ACTIONS])
    lengths = np.array([len(line) for line in rows.lines])
    kept = np.zeros(len(rows.lines), bool)
    copied = first_copies(rows.lines, rows.offsets.tolist())
    for number, style in enumerate(STYLES):
        decided = decide_many(policy, probabilities, lengths, rows.offsets, style, copied)
        mine = rows.style == number
        kept[mine] = np.concatenate([staying[d.actions] for d in decided])[mine]
    return kept


def kept_labelled(rows: Rows, probabilities: Floats, policy: Policy) -> Mask:
    """As `kept_rows`, but a line alone is decided by itself.

    Set aside whole, as an article that loses too much, it would count as left whatever the model says of it.
    """
    return _lines_alone(kept_rows(rows, probabilities, policy), rows, probabilities, policy)


def _lines_alone(kept: Mask, rows: Rows, probabilities: Floats, policy: Policy) -> Mask:
    """What `kept_labelled` gives, from what `kept_rows` gave."""
    alone = np.repeat(np.diff(rows.offsets) == 1, np.diff(rows.offsets))
    return np.where(alone, kept_rows(rows, probabilities, replace(policy, most_lost=1.0)), kept) if alone.any() else kept


def _page_figures(group: str, examples: Sequence[Example], rows: Rows, kept: Mask) -> list[Pages]:
    """Mean word F1 of pages against their gold text, all together and by type of page."""
    pages = [i for i, e in enumerate(examples) if e.group == group]
    values = {i: _word_f1(i, examples[i], rows, kept) for i in pages}
    kinds = sorted({examples[i].kind for i in pages})
    by_kind = {kind: [values[i] for i in pages if examples[i].kind == kind] for kind in kinds if len(kinds) > 1}
    named = {group: list(values.values())} | {f"{group}: {kind}": some for kind, some in by_kind.items()}
    return [Pages(name, len(some), _mean(some)) for name, some in named.items()]


def _word_f1(page: int, example: Example, rows: Rows, kept: Mask) -> float:
    begin, end = rows.offsets[page], rows.offsets[page + 1]
    text = " ".join(line for line, stays in zip(rows.lines[begin:end], kept[begin:end], strict=True) if stays)
    return word_f1(tokens(text), tokens(example.gold))


def _mean(values: Sequence[float]) -> Estimate:
    draws = np.random.default_rng(0).choice(values, (RESAMPLES, len(values))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(float(np.mean(values)), float(low), float(high))


def _page_record(one: Pages) -> dict[str, Any]:
    found = one.word_f1
    return {"articles": one.pages, "word_f1": round(found.value, 4), "interval": [round(found.low, 4), round(found.high, 4)]}


def set_record(one: SetFigures) -> dict[str, Any]:
    """Figures of a set as a model file holds them."""
    keep = one.keep_f1 or Estimate(0.0, 0.0, 1.0)
    return {
        "articles": one.articles,
        "lines": one.lines,
        "keep_f1": round(keep.value, 4),
        "keep_f1_interval": [round(keep.low, 4), round(keep.high, 4)],
        "content_lines_lost": str(one.content_lost),
        "content_characters_lost": str(one.characters_lost),
        "noise_lines_left": str(one.noise_left),
        "label_accuracy": str(one.accuracy),
        "calibration_error": round(one.calibration_error or 0.0, 4),
        "labels": [[s.label, str(s.precision), str(s.recall)] for s in label_scores(one.confusion)],
    }
