"""Paragraph lines of the audit as bytes, put together column by column.

A source's lines cost 2 us a paragraph so, 3.7 line by line as text (a page of French or curly quotes takes two bytes a
character as text, and every line is copied twice), 23 with asdict and json.dumps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, repeat
from json.encoder import encode_basestring

from cleaner.records import Columns

_BETWEEN = "\x7f"
"""Stands between texts that are escaped together: JSON leaves it as it is, and it is in next to no text."""
_CONTROLS = bytes(range(32))
_NO_RAW = b'","raw":null'
_INDEX = [b'%d,"start":' % number for number in range(5_000)]
_START = [b'%d,"end":' % number for number in range(20_001)]
_STOP = [b'%d,"before":"' % number for number in range(20_001)]
"""Places in all but the longest sources, each with what follows it in a line: half as many pieces to join."""


def folded_lines(
    ends: tuple[bytes, bytes],
    index: Sequence[int],
    columns: Columns,
    before: Iterable[str],
    raw: Iterable[bytes] | None,
    probabilities: Iterable[bytes],
    shares: Iterable[bytes],
) -> bytes:
    """One line a paragraph, folded: what all of them begin and end with (`ends`) is said once, and is more than half of them.

    `raw` is JSON, None where all are null; the last two are numbers as they are written. Labels, decisions and rules are
    words of ours and need no escapes.
    """
    begin, end = ends
    texts, starts, stops, labels, *said = columns
    pieces = zip(
        _numbers(index, _INDEX), _numbers(starts, _START), _numbers(stops, _STOP), map(_gap, before), escaped(texts),
        _raw_and_label(raw, labels), probabilities, map(_SAID.__getitem__, zip(*said, strict=True)), shares,
        repeat(b"\n"),
    )  # fmt: skip
    found = [end, b"\n", begin, b"\n", *chain.from_iterable(pieces)]
    return b"".join(found[:-1]) if len(found) > 4 else b""


def unfolded(folded: bytes) -> Iterator[bytes]:
    """The pieces of the lines themselves; of lines that are not folded, as earlier versions left them, the lines."""
    if folded[:1] != b"]":  # which every end begins with, and no line
        yield folded
        return
    end, begin, lines = folded.split(b"\n", 2)
    yield begin
    yield lines.replace(b"\n", b"".join((end, b"\n", begin)))
    yield end + b"\n"


def _raw_and_label(raw: Iterable[bytes] | None, labels: Iterable[str]) -> Iterable[bytes]:
    if raw is None:
        return map(_LABEL.__getitem__, labels)
    return (b'","raw":' + own + _LABEL[label][len(_NO_RAW) :] for own, label in zip(raw, labels, strict=True))


def _numbers(numbers: Sequence[int], written: Sequence[bytes]) -> Iterable[bytes]:
    """Numbers as they are written, each with what follows it; they nearly always rise, so that the last is looked at first."""
    if not numbers or (numbers[-1] < len(written) and max(numbers) < len(written)):
        return map(written.__getitem__, numbers)
    after = written[0][1:]
    return [b"%d%b" % (number, after) for number in numbers]


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
    """What stands between two paragraphs, up to the text of the second: the same few line ends, nearly always."""
    return quoted(between)[1:-1] + b'","text":"'


class _Labels(dict[str, bytes]):
    """What stands between a paragraph's text and its probability, where the source has the same text."""

    def __missing__(self, label: str) -> bytes:
        self[label] = _NO_RAW + f',"label":"{label}","probability":'.encode()
        return self[label]


class _Said(dict[tuple[str, str, str, bool], bytes]):
    """What stands between a paragraph's probability and those of all labels: a few hundred, all of our own words."""

    def __missing__(self, said: tuple[str, str, str, bool]) -> bytes:
        runner_up, decision, rule, opens = said
        self[said] = (
            f',"runner_up":"{runner_up}","decision":"{decision}","rule":"{rule}","opens":{"true" if opens else "false"},'
            '"probabilities":['
        ).encode()
        return self[said]


_LABEL, _SAID = _Labels(), _Said()
