"""Which words of a paragraph speak for its label: each is left out once, and the first stage asked again.

Erasure (Li, Monroe and Jurafsky 2016): it needs no knowledge of the model, and says what the model would
have said, not what a weight looks like. Neighbours and a page's layout count in the second stage; what they
change is seen beside it, as the difference to what the paragraph is taken for when it is read alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.classifier import read
from cleaner.classifier.alone import score_alone
from cleaner.features.buffer import HEAD_CHARS, TAIL_CHARS
from cleaner.model_store import Model
from cleaner.records import LABELS

MOST = 4
"""Words that are named."""
LEAST = 0.1
"""Natural logarithm of odds: a word that changes them by less than a tenth is no evidence."""
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{1,2}|[^\W\u3040-\u30ff\u3400-\u9fff]+")
"""Words; where they are written together, characters by twos."""


class Evidence(NamedTuple):
    """What the first stage says of a text alone, and the words that speak most for the label asked about."""

    label: str
    probability: float
    words: tuple[str, ...]


def evidence_of(model: Model, text: str, label: str) -> Evidence:
    """Evidence for `label` in a text; a long one is known by its head and tail, as the classifier sees it."""
    words = words_of(text)
    odds, shares = _asked(model, [text, *(_without(text, spans) for spans in words.values())], label)
    drops = odds[0] - odds[1:]
    strongest = np.argsort(-drops, kind="stable")[:MOST]
    named = [text[slice(*list(words.values())[i][0])] for i in strongest if drops[i] >= LEAST]
    best = int(np.argmax(shares))
    return Evidence(LABELS[best], round(float(shares[best]), 4), tuple(named))


def words_of(text: str) -> Mapping[str, list[tuple[int, int]]]:
    """The places of each word in the parts of a text that are looked at; case makes no difference."""
    found: dict[str, list[tuple[int, int]]] = {}
    for match in _WORD.finditer(text):
        if match.end() <= HEAD_CHARS or match.start() >= max(len(text) - TAIL_CHARS, HEAD_CHARS):
            found.setdefault(match[0].casefold(), []).append(match.span())
    return found


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    starts, ends = [0, *(end for _, end in spans)], [*(start for start, _ in spans), len(text)]
    return "".join(text[start:end] for start, end in zip(starts, ends, strict=True))


def _asked(model: Model, texts: Sequence[str], label: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log odds of a label for each text, and the shares of all labels for the first."""
    scores = score_alone(model.classifier.linear, *read(texts, [0, len(texts)]))[0][:, : len(LABELS)]
    at = LABELS.index(label)
    others = np.delete(scores, at, axis=1)
    shares = np.exp(scores[0] - scores[0].max())
    return scores[:, at] - np.logaddexp.reduce(others, axis=1), np.asarray(shares / shares.sum(), np.float64)
