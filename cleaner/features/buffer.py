"""A batch of articles as two byte buffers, with the place of every line and word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

NEWLINE = 10
HEAD_CHARS, TAIL_CHARS = 400, 200
"""A longer paragraph is judged by its head, where credits and solicitations announce themselves, and
its tail, where a pitch comes: so a long text cannot drown them, nor a hostile one cost more."""
SURE_TO_FIT = 500
"""Characters: no more than MOST_BYTES bytes, whatever the script."""
MOST_BYTES = 2000
"""Bytes of UTF-8 that are looked at: lower case may grow them by half, and 3,000 bytes give fewer
grams than a lane of the linear stage can add."""

_DIGITS_TO_ZERO = bytes(48 if 48 <= byte <= 57 else byte for byte in range(256))
_DISGUISE = re.compile(
    "[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\uff01-\uff5e\U0001d400-\U0001d7ff]"
)
"""Soft hyphens, zero-width and direction marks, full-width forms and mathematical alphabets."""

_WORD_BYTE = bytes(48 <= byte <= 57 or 97 <= byte <= 122 or byte >= 128 for byte in range(256))


class Buffer(NamedTuple):
    """Lines of a batch of articles, laid end to end with a line feed before each and one at the end.

    `raw` keeps the case, `folded` is what n-grams see: lower case, every digit a zero, disguises
    undone. `starts` and `ends` are the places in `folded` of the line feeds around each line, and
    `raw_starts`/`raw_ends` the same in `raw`. Words are runs of letters, digits and non-ASCII bytes.
    """

    raw: NDArray[np.uint8]
    raw_starts: Ints
    raw_ends: Ints
    folded: NDArray[np.uint8]
    starts: Ints
    ends: Ints
    word_starts: Ints
    word_ends: Ints
    word_lines: Ints
    disguised: Ints
    lengths: Ints
    article: Ints
    offsets: Ints


def lay_out(lines: Sequence[str], offsets: Sequence[int] | Ints) -> Buffer:
    """Lay lines out as bytes. Article `i` of the batch is `lines[offsets[i]:offsets[i + 1]]`."""
    bounds = np.asarray(offsets, dtype=np.int64)
    clipped = [line if len(line) <= SURE_TO_FIT and "\n" not in line else _clip(line) for line in lines]
    text = _joined(clipped)
    disguised, undone = _undo_disguise(clipped, text)
    raw = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    folded = np.frombuffer(undone.lower().encode("utf-8", "replace").translate(_DIGITS_TO_ZERO), np.uint8)
    feeds, raw_feeds = np.flatnonzero(folded == NEWLINE), np.flatnonzero(raw == NEWLINE)
    word_starts, word_ends = _runs(np.frombuffer(folded.tobytes().translate(_WORD_BYTE), np.bool_))
    return Buffer(
        raw=raw,
        raw_starts=raw_feeds[:-1],
        raw_ends=raw_feeds[1:],
        folded=folded,
        starts=feeds[:-1],
        ends=feeds[1:],
        word_starts=word_starts,
        word_ends=word_ends,
        word_lines=np.repeat(np.arange(len(feeds)), np.diff(np.searchsorted(word_starts, feeds), append=len(word_starts))),
        disguised=disguised,
        lengths=np.fromiter(map(len, lines), np.int64, len(lines)),
        article=np.repeat(np.arange(len(bounds) - 1), np.diff(bounds)),
        offsets=bounds,
    )


def _clip(line: str) -> str:
    if len(line) > HEAD_CHARS + TAIL_CHARS:
        line = f"{line[:HEAD_CHARS]} {line[-TAIL_CHARS:]}"
    if len(line) * 4 > MOST_BYTES and len(raw := line.encode("utf-8", "replace")) > MOST_BYTES:
        line = raw[: MOST_BYTES - TAIL_CHARS].decode("utf-8", "ignore") + " " + raw[-TAIL_CHARS:].decode("utf-8", "ignore")
    return line.replace("\n", " ") if "\n" in line else line


def _joined(lines: Sequence[str]) -> str:
    return "\n" + "\n".join(lines) + "\n"


def _undo_disguise(lines: list[str], text: str) -> tuple[Ints, str]:
    """Count disguising characters in each line, and give the joined text as a reader sees it."""
    counts = np.array([0 if line.isascii() else len(_DISGUISE.findall(line)) for line in lines], np.int64)
    if not counts.any():
        return counts, text
    undone = list(lines)
    for i in np.flatnonzero(counts).tolist():
        undone[i] = _as_seen(lines[i])
    return counts, _joined(undone)


def _as_seen(line: str) -> str:
    folded = unicodedata.normalize("NFKC", line)
    seen = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    return _clip(seen)


def _runs(mask: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Start and end of every run of true values; a line feed always separates."""
    edges = np.flatnonzero(mask[1:] != mask[:-1]) + 1
    return edges[::2], edges[1::2]
