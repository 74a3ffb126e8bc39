"""Does a line speak of what its article speaks of, in the article's words?

For every word of a line: the content weight of the *other* lines of the article that hold it. Long
words carry the topic, short ones the language (a Latin keyword list in a French article shares
neither). Counts go to a table of buckets that belongs to one article, so no other article of the
batch can change them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleaner.features.buffer import Buffer, Ints
from cleaner.features.ngrams import Spans
from cleaner.features.surface import Columns, log2_1p

SHORT_WORD_BYTES = 3
"""Words of up to 3 bytes are mostly function words in the alphabets we read."""
WEIGHT_CAP = 3000
"""In thousandths of a sure content line: what stands in three such lines is on topic."""
SHARED_WEIGHT = 300
NAMES = ("short_weight", "short_shared", "short_words", "long_weight", "long_shared", "long_words")


def cohesion(buffer: Buffer, spans: Spans, weights: Ints) -> Columns:
    """Columns NAMES for every line; `weights` is each line's content weight in thousandths."""
    sizes = buffer.word_ends - buffer.word_starts
    buckets, total = _buckets(buffer, spans.words(buffer))
    short = sizes <= SHORT_WORD_BYTES
    columns: list[NDArray[np.float32]] = []
    for chosen in (short, ~short):
        columns += _shared(buckets[chosen], buffer.word_lines[chosen], weights, total)
    return np.stack(columns, axis=1)


def _buckets(buffer: Buffer, hashes: NDArray[np.uint64]) -> tuple[Ints, int]:
    """A bucket for every word, in a range of its article's own, 4 to 8 times its word count wide."""
    articles = len(buffer.offsets) - 1
    owner = buffer.article[buffer.word_lines]
    words = np.bincount(owner, minlength=articles)
    bits = np.minimum(np.ceil(np.log2(np.maximum(words, 2))).astype(np.int64) + 2, 22)
    bases = np.concatenate([[0], np.cumsum(1 << bits)])
    return bases[owner] + (hashes >> (np.uint64(64) - bits[owner].astype(np.uint64))).astype(np.int64), int(bases[-1])


def _shared(buckets: Ints, lines: Ints, weights: Ints, total: int) -> list[NDArray[np.float32]]:
    word_weights = weights[lines].astype(np.float64)
    inside = np.bincount(buckets, word_weights, minlength=total)
    elsewhere = np.clip(inside[buckets] - word_weights, 0, WEIGHT_CAP)
    count = len(weights)
    words = np.bincount(lines, minlength=count)
    weight = np.bincount(lines, elsewhere, minlength=count)
    shared = np.bincount(lines, elsewhere > SHARED_WEIGHT, minlength=count)
    safe = np.maximum(words, 1)
    return [(weight / safe / 1000).astype(np.float32), (shared / safe).astype(np.float32), log2_1p(words)]
