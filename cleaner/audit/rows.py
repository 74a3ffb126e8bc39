"""Paragraph lines of the audit as bytes, put together column by column.

A source's lines cost 2 us a paragraph so, 3.7 line by line as text (a page of French or curly quotes takes two bytes a
character as text, and every line is copied twice), 23 with asdict and json.dumps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain, repeat
from json.encoder import encode_basestring

from cleaner.records import Columns

_BETWEEN = "\x7f"
"""Stands between texts that are escaped together: JSON leaves it as it is, and it is in next to no text."""
_CONTROLS = bytes(range(32))
_NUMBERS = [str(number).encode() for number in range(20_001)]
"""Ten-thousandths, and the places in all but the longest sources."""


def paragraph_lines(
    ends: tuple[bytes, bytes],
    index: Iterable[int],
    columns: Columns,
    before: Iterable[str],
    raw: Iterable[bytes],
    probabilities: Iterable[bytes],
    shares: Iterable[bytes],
) -> bytes:
    """One line a paragraph. `ends` is what all begin and end with, `raw` JSON, the last two are numbers as they are written.

    Labels, decisions and rules are words of ours and need no escapes.
    """
    begin, end = ends
    texts, starts, stops, labels, *said = columns
    pieces = zip(
        repeat(begin), digits(index), repeat(b',"start":'), digits(starts), repeat(b',"end":'), digits(stops),
        repeat(b',"before":"'), map(_gap, before), repeat(b'","text":"'), escaped(texts), repeat(b'","raw":'), raw,
        map(_label, labels), probabilities, map(_said, *said), shares, repeat(end),
    )  # fmt: skip
    return b"".join(chain.from_iterable(pieces))


def digits(numbers: Iterable[int]) -> Iterable[bytes]:
    """Numbers as they are written."""
    found = list(numbers)
    return map(_NUMBERS.__getitem__, found) if max(found, default=0) < len(_NUMBERS) else [b"%d" % n for n in found]


def escaped(texts: Sequence[str]) -> list[bytes]:
    """Texts as they stand between the quotes of JSON; all together where nothing odd is in them, such as halves of characters."""
    try:
        whole = _BETWEEN.join(texts).encode()
    except UnicodeEncodeError:
        return [quoted(text)[1:-1] for text in texts]
    if whole.count(_BETWEEN.encode()) != len(texts) - 1 or len(whole.translate(None, _CONTROLS)) != len(whole):
        return [quoted(text)[1:-1] for text in texts]
    return whole.replace(b"\\", b"\\\\").replace(b'"', b'\\"').split(_BETWEEN.encode())


def quoted(text: str) -> bytes:
    """A text as JSON."""
    return encode_basestring(text).encode("utf-8", "backslashreplace")


@lru_cache(maxsize=1024)
def _gap(between: str) -> bytes:
    """What stands between two paragraphs: the same few line ends, nearly always."""
    return quoted(between)[1:-1]


@lru_cache(maxsize=1024)
def _label(label: str) -> bytes:
    return f',"label":"{label}","probability":'.encode()


@lru_cache(maxsize=4096)
def _said(runner_up: str, decision: str, rule: str, opens: bool) -> bytes:
    return (
        f',"runner_up":"{runner_up}","decision":"{decision}","rule":"{rule}","opens":{"true" if opens else "false"},'
        '"probabilities":['
    ).encode()
