"""What a line looks like, counted in bytes: case, digits, punctuation, ends, disguises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleaner.features.buffer import Buffer, Hashes, Ints

Columns = NDArray[np.float32]

LANE_BITS, LANES = 12, 5
"""Five counts share one 64-bit sum; a line of MOST_BYTES, a space between head and tail, needs 11 bits."""
LANE_MASK = (1 << LANE_BITS) - 1

COUNTED = {
    "upper": range(65, 91),
    "lower": range(97, 123),
    "digit": range(48, 58),
    "space": b" \t",
    "lead": range(192, 256),
    "tail": range(128, 192),
    "comma": b",",
    "stop": b".",
    "ask": b"?!",
    "link": b"/@",
    "bar": b"|>\xb7",
    "colon": b":",
    "quote": b"\"'",
    "rare": range(240, 256),
    "cyrillic": (0xCE, 0xCF, 0xD0, 0xD1),
}
"""`tail` with `lead` gives non-ASCII characters, `rare` the planes of emoji and mathematical
letters, `cyrillic` the lead bytes of Cyrillic and Greek, whose letters pass for Latin ones."""

LOG = np.round(16 * np.log2(np.arange(1, 4097))).astype(np.float32) / 16
"""log2(1 + n) for n up to 4095, in sixteenths: a table, so that no machine computes another value."""

NAMES = (
    "log_chars", "log_words", "word_length", "upper", "digit", "punctuation", "non_ascii", "title_case",
    "commas", "stops", "asks", "links", "bars", "colons", "quotes", "rare", "mixed_script", "leet", "lone_letters",
    "disguised", "shouting", "ends_stop", "ends_colon", "ends_quote", "ends_dots", "ends_letter",
    "starts_lower", "starts_digit", "starts_upper", "starts_quote", "starts_bullet", "sentence_breaks",
)  # fmt: skip


def log2_1p(counts: Ints) -> Columns:
    """log2(1 + count) in sixteenths; counts above 4095 are read as 4095."""
    return np.asarray(LOG[np.minimum(counts, 4095)], np.float32)


def surface(buffer: Buffer) -> Columns:
    """Columns NAMES for every line of the batch, shape (lines, len(NAMES))."""
    count = dict(zip(COUNTED, _counts(buffer.raw, buffer.raw_starts), strict=True))
    size = buffer.raw_ends - buffer.raw_starts - 1
    chars = np.maximum(size - count["tail"], 1).astype(np.float32)
    words = count["space"] + 1
    letters = count["upper"] + count["lower"]
    punctuation = size - letters - count["digit"] - count["space"] - count["lead"] - count["tail"]
    inner = _inner_counts(buffer)
    columns = [
        log2_1p(buffer.lengths), log2_1p(words), chars / words, count["upper"] / chars, count["digit"] / chars,
        punctuation / chars, (count["lead"]) / chars, inner["capitals"] / words,
        log2_1p(count["comma"]), log2_1p(count["stop"]), log2_1p(count["ask"]), log2_1p(count["link"]),
        log2_1p(count["bar"]), log2_1p(count["colon"]), log2_1p(count["quote"]), log2_1p(count["rare"]),
        log2_1p(inner["mixed"]), log2_1p(inner["leet"]), inner["lone"] / words, log2_1p(buffer.disguised),
        (count["upper"] * 5 > letters * 3), *_ends(buffer), log2_1p(inner["breaks"]),
    ]  # fmt: skip
    return side_by_side(columns, len(buffer.lengths))


def side_by_side(parts: Sequence[NDArray[Any]], rows: int) -> Columns:
    """Columns and tables of columns laid beside each other in single precision, each copied once."""
    widths = [1 if part.ndim == 1 else part.shape[1] for part in parts]
    table = np.empty((rows, sum(widths)), np.float32)
    at = 0
    for part, width in zip(parts, widths, strict=True):
        table[:, at : at + width] = part if part.ndim > 1 else part[:, None]
        at += width
    return table


def _counts(raw: NDArray[np.uint8], starts: Ints) -> list[Ints]:
    """Bytes of each kind of COUNTED in every line; the line feed before a line is of none."""
    counts: list[Ints] = []
    places = raw[:-1].astype(np.intp)
    for table in _TABLES:
        packed = np.add.reduceat(np.take(table, places, mode="clip"), starts) if len(starts) else np.zeros(0, np.uint64)
        counts += [((packed >> np.uint64(LANE_BITS * lane)) & np.uint64(LANE_MASK)).astype(np.int64) for lane in range(LANES)]
    return counts


def _packed_tables() -> list[Hashes]:
    tables = [np.zeros(256, np.uint64) for _ in range(len(COUNTED) // LANES)]
    for i, members in enumerate(COUNTED.values()):
        tables[i // LANES][list(members)] |= np.uint64(1 << (LANE_BITS * (i % LANES)))
    return tables


def _inner_counts(buffer: Buffer) -> dict[str, Ints]:
    """Counts that need two or three bytes side by side, or whole words."""
    raw, lines = buffer.raw, len(buffer.starts)
    kind = np.frombuffer(raw.tobytes().translate(_KIND.tobytes()), np.uint8)  # a third of the time of an index by bytes
    before, here, after = kind[:-2], kind[1:-1], kind[2:]
    line_of = np.repeat(np.arange(lines + 1), np.diff(np.concatenate([buffer.raw_starts, [len(raw) - 1, len(raw)]])))

    def per_line(mask: NDArray[np.bool_]) -> Ints:
        return np.bincount(line_of[np.flatnonzero(mask) + 1], minlength=lines + 1)[:lines]

    return {
        "capitals": per_line((before == _SPACE) & (here == _UPPER)),
        "leet": per_line((before & _LETTER > 0) & (here == _DIGIT) & (after & _LETTER > 0)),
        "lone": per_line((before == _SPACE) & (here & _LETTER > 0) & (after == _SPACE)),
        "breaks": per_line((before == _STOP) & (raw[1:-1] == ord(" ")) & (after == _UPPER)),
        "mixed": per_line((before & _LETTER > 0) & (raw[1:-1] >= _CYRILLIC[0]) & (raw[1:-1] <= _CYRILLIC[-1])),
    }


def _ends(buffer: Buffer) -> list[NDArray[np.bool_]]:
    raw, first = buffer.raw, buffer.raw[buffer.raw_starts + 1]
    last, last_but_one = raw[buffer.raw_ends - 1], raw[np.maximum(buffer.raw_ends - 2, 0)]
    dots = (last == 0xA6) | ((last == ord(".")) & (last_but_one == ord(".")))
    return [
        np.isin(last, _ENDS_SENTENCE) & ~dots, last == ord(":"), np.isin(last, _QUOTES), dots,
        (_KIND[last] & _LETTER) > 0, (first >= 97) & (first <= 122), (first >= 48) & (first <= 57),
        (first >= 65) & (first <= 90), np.isin(first, _QUOTES), np.isin(first, _BULLETS),
    ]  # fmt: skip


_LOWER, _UPPER, _DIGIT, _SPACE, _STOP = 1, 2, 4, 8, 16
_LETTER = _LOWER | _UPPER
_KIND = np.zeros(256, np.uint8)
_KIND[97:123], _KIND[65:91], _KIND[48:58] = _LOWER, _UPPER, _DIGIT
_KIND[[10, 32]] = _SPACE
_KIND[list(b".!?")] = _STOP
_CYRILLIC = tuple(COUNTED["cyrillic"])
"""Four bytes in a row."""
_ENDS_SENTENCE = np.frombuffer(b".!?\x82", np.uint8)
"""The last is the last byte of the ideographic full stop."""
_QUOTES = np.frombuffer(b"\"'\xbb\xab\x9c\x9d\xc2\xe3", np.uint8)
"""Bytes by which straight, angle, curly and corner quotation marks begin or end."""
_BULLETS = np.frombuffer(b"-*+\xe2", np.uint8)
_TABLES = _packed_tables()
