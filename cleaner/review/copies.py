"""Near copies: which paragraphs say the same but for case, digits, signs and a few words.

A paragraph's words, folded and with every number alike, are its masked text. Near copies share most of
their runs of three words: min-hash (Broder 1997) with bands (Indyk and Motwani 1998) finds them without
comparing pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.features.buffer import Buffer, lay_out
from cleaner.features.ngrams import SALT_LINE, Spans, mix

Hashes = NDArray[np.uint64]
BANDS, ROWS = 6, 5
"""Two paragraphs share a band with probability 1 - (1 - s**5)**6, s the share of runs that they have in common:
0.17 at a half, 0.91 at four fifths, 0.996 at nine tenths."""
RUN = 3
"""Words in a run."""
_NUMBER = np.uint64(0x5851F42D4C957F2D)
_STEP = 0x9E3779B97F4A7C15
_ZERO = ord("0")


class Signs(NamedTuple):
    """What copies are told by, a row a paragraph."""

    masked: Hashes
    """Hash of the masked text."""
    bands: Hashes
    """(paragraphs, BANDS): near copies share at least one, in the same column."""


def signs_of(texts: Sequence[str]) -> Signs:
    """Hashes of each text; a long one is known by its head and tail, as the classifier sees it."""
    if not texts:
        return Signs(np.zeros(0, np.uint64), np.zeros((0, BANDS), np.uint64))
    buffer = lay_out(texts, [0, len(texts)])
    spans = Spans(buffer.folded)
    masked = spans.hash(buffer.starts, buffer.ends, SALT_LINE)
    words, lines = _masked_words(buffer, spans), buffer.word_lines
    first = np.searchsorted(lines, np.arange(len(texts)))
    worded = np.bincount(lines, minlength=len(texts))[: len(texts)] > 0
    if worded.any():
        places = (np.arange(len(lines)) - first[lines]).astype(np.uint64)
        ordered = mix(words + places * np.uint64(_STEP))
        masked[worded] = np.add.reduceat(ordered, first[worded])
    return Signs(masked, _bands(masked, words, lines, first, worded))


def _masked_words(buffer: Buffer, spans: Spans) -> Hashes:
    """Hashes of words; those of digits alone are one, however many digits they have."""
    words = spans.words(buffer).copy()
    letters = np.concatenate([[0], np.cumsum(buffer.folded != _ZERO)])
    words[letters[buffer.word_ends] == letters[buffer.word_starts]] = _NUMBER
    return words


def _bands(
    masked: Hashes, words: Hashes, lines: NDArray[np.int64], first: NDArray[np.int64], worded: NDArray[np.bool_]
) -> Hashes:
    """Min-hashes of runs of words, some rows together; a paragraph of fewer words has its masked text alone."""
    bands = np.repeat(masked[:, None], BANDS, axis=1)
    runs = words.copy()
    for step in range(1, RUN):
        following = np.roll(words, -step) * np.uint64(2 * step + 1)
        within = np.roll(lines, -step) == lines
        within[len(lines) - step :] = False
        runs += np.where(within, following, np.uint64(0))
    long = worded & (np.bincount(lines, minlength=len(masked))[: len(masked)] > RUN)
    if not long.any():
        return bands
    for band in range(BANDS):
        joined = np.zeros(int(worded.sum()), np.uint64)
        for row in range(ROWS):
            salt = np.uint64((band * ROWS + row + 1) * _STEP & 0xFFFFFFFFFFFFFFFF)
            joined = mix(joined + np.minimum.reduceat(mix(runs + salt), first[worded]))
        bands[long, band] = joined[long[worded]]
    return bands


def clusters_of(signs: Signs) -> NDArray[np.int64]:
    """A number for each paragraph's cluster: those that share a band, and those that share one with these."""
    from scipy.sparse import coo_array  # slow to import
    from scipy.sparse.csgraph import connected_components

    count = len(signs.masked)
    pairs = [_neighbours(signs.masked), *(_neighbours(signs.bands[:, band]) for band in range(BANDS))]
    left, right = (np.concatenate([pair[side] for pair in pairs]) for side in (0, 1))
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _neighbours(hashes: Hashes) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Pairs that chain all paragraphs of equal hash together."""
    ranked = np.argsort(hashes, kind="stable").astype(np.int32)
    same = np.flatnonzero(hashes[ranked[1:]] == hashes[ranked[:-1]])
    return ranked[same], ranked[same + 1]


def files_with(masked: Hashes, sites: NDArray[np.int64], articles: NDArray[np.int64]) -> NDArray[np.int64]:
    """In how many articles of its own site each paragraph's masked text stands; 1 for one that stands alone.

    `articles` rise: paragraphs come article after article.
    """
    keys = mix(masked + sites.astype(np.uint64) * np.uint64(_STEP))
    ranked = np.argsort(keys, kind="stable")
    keys, owners = keys[ranked], articles[ranked]
    begins = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.zeros(0, np.int64)
    another = np.ones(len(keys), np.int64)
    another[1:] = (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1])
    counts = np.add.reduceat(another, begins) if len(keys) else another
    files = np.empty(len(keys), np.int64)
    files[ranked] = np.repeat(counts, np.diff(begins, append=len(keys)))
    return files
