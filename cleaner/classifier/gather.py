"""Sums of a table's rows over the grams of lines: in C where it was compiled at installation, else in NumPy.

NumPy waits for one row after the other, a fifth to a third of the time of a text (docs/performance.md); C asks for
them ahead. Sums are of whole numbers: of runs as `Runs` describes them both give the same bits, held by tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.features.buffer import Buffer, Ints
from cleaner.features.ngrams import BASE, Runs, Spans, byte_runs, gram_runs, word_runs

compiled: ModuleType | None
try:
    from cleaner.classifier import _gather

    compiled = _gather
except ImportError:  # no C compiler where it was installed
    compiled = None


class Sums(NamedTuple):
    """What a batch's grams add up to, line by line."""

    words: NDArray[np.uint64]
    """(lines, words)"""
    bytes: NDArray[np.int32]
    """(lines,)"""
    counts: Ints
    """(lines,), how many grams."""


def line_sums(words: NDArray[np.uint64], small: NDArray[np.int8], buffer: Buffer, spans: Spans) -> Sums:
    """Rows of both tables picked by all grams of each line. Every line has grams (its size and its whole text are two)."""
    if compiled is None:
        return run_sums(words, small, gram_runs(buffer, spans), len(buffer.starts))
    sums = run_sums(words, small, word_runs(buffer, spans), len(buffer.starts))
    for grams in byte_runs(buffer):
        bounds = [np.ascontiguousarray(bound, np.int64) for bound in (grams.starts, grams.ends)]
        compiled.add_gram_sums(grams.folded, *bounds, grams.size, BASE, grams.salt, words, small, sums.words, sums.bytes)
        np.add(sums.counts, np.maximum(grams.ends - grams.starts, 0), out=sums.counts)
    return sums


def run_sums(words: NDArray[np.uint64], small: NDArray[np.int8], runs: Iterable[Runs], lines: int) -> Sums:
    """As `line_sums`, of grams that are hashed."""
    sums = Sums(np.zeros((lines, words.shape[1]), np.uint64), np.zeros(lines, np.int32), np.zeros(lines, np.int64))
    for run in runs:
        sums.counts[run.lines] += run.ends - run.starts
        sums.words[run.lines] += word_sums(words, run)
        sums.bytes[run.lines] += byte_sums(small, run)
    return sums


def word_sums(table: NDArray[np.uint64], run: Runs) -> NDArray[np.uint64]:
    """Rows of `table`, shape (power of two, words), picked by each hash's top bits and summed line by line: (lines, words)."""
    if compiled is None:
        return word_sums_in_numpy(table, run)
    sums = np.empty((len(run.lines), table.shape[1]), np.uint64)
    compiled.word_sums(*_together(run), table, sums)
    return sums


def byte_sums(table: NDArray[np.int8], run: Runs) -> NDArray[np.int32]:
    """As `word_sums`, of a table of single bytes: (lines,)."""
    if compiled is None:
        return byte_sums_in_numpy(table, run)
    sums = np.empty(len(run.lines), np.int32)
    compiled.byte_sums(*_together(run), table, sums)
    return sums


def word_sums_in_numpy(table: NDArray[np.uint64], run: Runs) -> NDArray[np.uint64]:
    """As `word_sums`, wherever there is NumPy."""
    rows = np.take(table, slots(run.hashes, table), axis=0, mode="clip")
    return np.asarray(np.add.reduceat(rows, _bounds(run), axis=0)[::2])


def byte_sums_in_numpy(table: NDArray[np.int8], run: Runs) -> NDArray[np.int32]:
    """As `byte_sums`, wherever there is NumPy."""
    own = np.take(table, slots(run.hashes, table), mode="clip")
    return np.asarray(np.add.reduceat(own, _bounds(run), dtype=np.int32)[::2])


def slots(hashes: NDArray[np.uint64], table: NDArray[Any]) -> Ints:
    """Places in a table whose size is a power of two: the top bits of the hash."""
    return (hashes >> np.uint64(65 - len(table).bit_length())).view(np.int64)


def _together(run: Runs) -> tuple[NDArray[np.uint64], Ints, Ints]:
    """Arrays as the compiled module wants them; where whole numbers have 32 bits by default, bounds come so."""
    bounds = [np.ascontiguousarray(bound, np.int64) for bound in (run.starts, run.ends)]
    return np.ascontiguousarray(run.hashes), bounds[0], bounds[1]


def _bounds(run: Runs) -> Ints:
    """Where the lines of a run begin and end: every other sum between these is of what lies between two lines."""
    return np.asarray(np.column_stack([run.starts, run.ends]).ravel()[:-1])
