"""Hashed n-grams of lines: every span's hash in O(1) from one rolling polynomial.

Method: prefix sums of `byte * B**i` modulo 2**64; a span is their difference times `B**-start`, so
words, word pairs, line edges and byte n-grams all come from one pass (Karp and Rabin 1987, over a
ring in which B is odd and hence invertible). Hashes only: a model that stores weights by hash
cannot give back a training text.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.features.buffer import Buffer, Hashes, Ints

BASE = 0x9E3779B97F4A7C15
"""Odd, from the golden ratio; any odd constant with mixed bits will do."""
BASE_INVERSE = pow(BASE, -1, 1 << 64)
BYTE_NGRAMS = (3, 5)
"""Bytes a gram. Spam caught at 0.2 % of content lost, stage one alone: 3 and 5 .84, 3 to 5 .81,
5 .78, 4 .76, 4 and 6 .75, words only .67."""

BLOCK = 32_768
"""Bytes of lines whose n-grams are summed at once: half the time of a whole batch at once, which leaves the cache."""

SALT_WORD, SALT_PAIR, SALT_FIRST, SALT_LAST, SALT_OPENING, SALT_LINE, SALT_SIZE, SALT_GRAM = range(1, 9)


class Grams(NamedTuple):
    """Hashed grams of a batch: `hashes[i]` stands in line `lines[i]`; not sorted."""

    hashes: Hashes
    lines: Ints


class Runs(NamedTuple):
    """Hashed grams in the order of their lines: `hashes[starts[i]:ends[i]]` stand in line `lines[i]`.

    No run is empty, lines differ, and the last run ends where `hashes` does; what lies between runs belongs to no line.
    """

    hashes: Hashes
    lines: Ints
    starts: Ints
    ends: Ints


class ByteRuns(NamedTuple):
    """Byte n-grams that are not hashed yet: one in line `i` begins at each place of `folded` from `starts[i]` up to `ends[i]`."""

    folded: NDArray[np.uint8]
    starts: Ints
    ends: Ints
    size: int
    salt: int
    """Added to a gram's polynomial in BASE, whose bytes count from 1, before it is mixed."""


class Spans:
    """Hashes of spans of one buffer."""

    def __init__(self, buffer: NDArray[np.uint8]) -> None:
        powers, self._inverse = _powers(len(buffer).bit_length())
        self._sums = np.zeros(len(buffer) + 1, np.uint64)
        values = buffer.astype(np.uint64)
        values += np.uint64(1)
        values *= powers[: len(buffer)]
        np.cumsum(values, out=self._sums[1:])
        self._words: Hashes | None = None

    def hash(self, starts: Ints, ends: Ints, salt: int) -> Hashes:
        """Hash `buffer[start:end]` for every pair; equal bytes and salt give equal hashes."""
        return mix((self._sums[ends] - self._sums[starts]) * self._inverse[starts] + np.uint64(span_salt(salt)))

    def words(self, buffer: Buffer) -> Hashes:
        """Hashes of the buffer's words, worked out once."""
        if self._words is None:
            self._words = self.hash(buffer.word_starts, buffer.word_ends, SALT_WORD)
        return self._words

    def hash_all(self, low: int, high: int, size: int, salt: int) -> Hashes:
        """Hash the `size` bytes from every place of `low` up to `high`, as `hash` does, without looking places up."""
        values = self._sums[low + size : high + size] - self._sums[low:high]
        values *= self._inverse[low:high]
        values += np.uint64(span_salt(salt))
        return mix(values)


def span_salt(salt: int) -> int:
    """What is added to a polynomial so that spans of one kind hash apart from those of another."""
    return salt * 0x632BE5AB


def mix(values: Hashes) -> Hashes:
    """Spread every bit over the word (the finaliser of SplitMix64, Steele et al. 2014)."""
    mixed = values >> np.uint64(30)
    mixed ^= values
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    shifted = mixed >> np.uint64(27)
    mixed ^= shifted
    mixed *= np.uint64(0x94D049BB133111EB)
    np.right_shift(mixed, np.uint64(31), out=shifted)
    mixed ^= shifted
    return mixed


def grams_of(buffer: Buffer, spans: Spans) -> Grams:
    """Words, word pairs, line edges, whole lines, sizes and byte n-grams of a batch, hashed."""
    runs = list(gram_runs(buffer, spans))
    counts = [run.ends - run.starts for run in runs]
    places = [
        np.repeat(run.ends - np.cumsum(count), count) + np.arange(count.sum()) for run, count in zip(runs, counts, strict=True)
    ]
    return Grams(
        np.concatenate([run.hashes[place] for run, place in zip(runs, places, strict=True)]),
        np.concatenate([np.repeat(run.lines, count) for run, count in zip(runs, counts, strict=True)]),
    )


def gram_runs(buffer: Buffer, spans: Spans) -> Iterator[Runs]:
    """The grams of a batch run by run, a few thousand lines' worth at a time: what is summed at once fits the cache."""
    yield from word_runs(buffer, spans)
    for low, high in _blocks(buffer):
        for size in BYTE_NGRAMS:
            yield from _bytes(buffer, spans, size, low, high)


def word_runs(buffer: Buffer, spans: Spans) -> Iterator[Runs]:
    """The grams of a batch but for its byte n-grams."""
    yield from _words(buffer, spans)
    yield from _edges(buffer, spans)


def byte_runs(buffer: Buffer) -> Iterator[ByteRuns]:
    """The byte n-grams of a batch, for who hashes them."""
    for size in BYTE_NGRAMS:
        yield ByteRuns(buffer.folded, buffer.starts, buffer.ends + (2 - size), size, span_salt(SALT_GRAM))


def _words(buffer: Buffer, spans: Spans) -> Iterator[Runs]:
    """Words, and pairs of words side by side; a pair begins at every word of a line but the last."""
    words = spans.words(buffer)
    counts = np.bincount(buffer.word_lines, minlength=len(buffer.starts))
    ends = np.cumsum(counts)
    pairs = words[:-1] * np.uint64(3)
    pairs += words[1:]
    pairs += np.uint64(SALT_PAIR)
    for hashes, short in ((words, 0), (mix(pairs), 1)):
        lines = np.flatnonzero(counts > short)
        if len(lines):
            last = ends[lines] - short
            yield Runs(hashes[: last[-1]], lines, ends[lines] - counts[lines], last)


def _edges(buffer: Buffer, spans: Spans) -> Iterator[Runs]:
    """The first word of a line, its last, its first two, the whole line and its size: one gram a line each."""
    starts, ends, lines = buffer.word_starts, buffer.word_ends, buffer.word_lines
    changes = lines[1:] != lines[:-1]
    first = np.flatnonzero(np.concatenate([[True], changes])) if len(lines) else np.zeros(0, np.int64)
    last = np.flatnonzero(np.concatenate([changes, [True]])) if len(lines) else np.zeros(0, np.int64)
    opening = first[first < last]
    whole = np.arange(len(buffer.starts))
    size = _log_size(buffer.ends - buffer.starts) + np.uint64(SALT_SIZE << 32)
    yield _singles(spans.hash(starts[first], ends[first], SALT_FIRST), lines[first])
    yield _singles(spans.hash(starts[last], ends[last], SALT_LAST), lines[last])
    yield _singles(spans.hash(starts[opening], ends[opening + 1], SALT_OPENING), lines[opening])
    yield _singles(spans.hash(buffer.starts, buffer.ends + 1, SALT_LINE), whole)
    yield _singles(mix(size), whole)


def _singles(hashes: Hashes, lines: Ints) -> Runs:
    """One gram a line."""
    places = np.arange(len(lines))
    return Runs(hashes, lines, places, places + 1)


def _blocks(buffer: Buffer) -> list[tuple[int, int]]:
    """Bounds of blocks of lines of about BLOCK bytes."""
    if not len(buffer.starts):
        return []
    at = np.arange(0, int(buffer.ends[-1]), BLOCK)
    bounds = [*sorted(set(np.searchsorted(buffer.starts, at).tolist())), len(buffer.starts)]
    return [(low, high) for low, high in zip(bounds, bounds[1:], strict=False) if low < high]


def _bytes(buffer: Buffer, spans: Spans, size: int, low: int, high: int) -> Iterator[Runs]:
    """Byte n-grams inside lines `low` to `high`, the line feeds around a line counted as its first and last byte."""
    starts, ends = buffer.starts[low:high], buffer.ends[low:high] + (2 - size)
    lines = np.flatnonzero(ends > starts)
    if len(lines):
        first, after = int(starts[lines[0]]), int(ends[lines[-1]])
        hashes = spans.hash_all(first, after, size, SALT_GRAM)
        yield Runs(hashes, lines + low, starts[lines] - first, ends[lines] - first)


def _log_size(sizes: Ints) -> Hashes:
    """Half-octave of a byte count, by comparing with integer bounds (no float logarithm)."""
    return np.searchsorted(_HALF_OCTAVES, sizes).astype(np.uint64)


@lru_cache(maxsize=2)
def _powers(bits: int) -> tuple[Hashes, Hashes]:
    """Powers of BASE and of its inverse for buffers of fewer than 2**bits bytes; kept, as batches are of one size."""
    count = 1 << bits
    powers, inverse = np.full(count, BASE, np.uint64), np.full(count, BASE_INVERSE, np.uint64)
    powers[0] = inverse[0] = 1
    return np.cumprod(powers), np.cumprod(inverse)


_HALF_OCTAVES = np.array([round(2 ** (i / 2)) for i in range(2, 28)])
