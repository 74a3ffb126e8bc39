"""Plain text to paragraphs: blank lines, hard wraps, one line a paragraph, bullets, any line end.

A paragraph is a run of lines of the source; its place is exact, so that the source can be put
together again byte for byte. Text is never changed except that the lines of a hard-wrapped
paragraph are joined by a space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cleaner.records import Paragraph

WRAP_LOW, WRAP_HIGH = 55, 90
"""Columns. Mail and Usenet wrap at 60 to 80; words end before the margin, so the longest lines of
wrapped text stand between these."""
WRAPPED_SHARE = 0.6
"""Share of line breaks that must fall where one more word would have crossed the margin."""
ENOUGH_LINES = 4
LONGEST = 100_000
"""Characters: a longer line is cut at sentence ends, so that no single unit is unbounded."""

_LINE = re.compile(r"[^\n\r\x0b\x0c\x85\u2028\u2029]+")
_LINE_END = re.compile(r"\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_BULLET = re.compile(r"\s*(?:[•◦▪‣·*+–—-]\s|\(?\d{1,3}[.)]\s|[a-z]\)\s)")
_SENTENCE_END = re.compile(r"[.!?…。！？]['\"»”)\]]*\s+")


_OPENERS = '«“„‹"‘0123456789'


class _Line(NamedTuple):
    text: str
    start: int
    end: int
    gap: bool
    """Whether a blank line (or the start of the text) stands before it."""


def segment_text(text: str) -> tuple[Paragraph, ...]:
    """Split text into paragraphs with their places; `text[start:end]` is the paragraph as it stood."""
    lines = list(_lines(text))
    paragraphs: list[Paragraph] = []
    runs = list(_runs(lines))
    margin = _common_margin(runs)
    for run in runs:
        joined = _join_wrapped(run) if _is_wrapped(run) or _fills(run, margin) else [[line] for line in run]
        paragraphs += [_paragraph(group) for group in joined]
    return tuple(piece for paragraph in paragraphs for piece in _bounded(paragraph))


def _lines(text: str) -> Iterator[_Line]:
    """Non-blank lines, stripped, with their places."""
    last_end = 0
    for found in _LINE.finditer(text):
        whole, start = found[0], found.start()
        stripped = whole.strip()
        if not stripped:
            continue
        gap = last_end == 0 or _is_gap(text[last_end:start])
        if len(stripped) < len(whole):
            start += whole.index(stripped)
        last_end = start + len(stripped)
        yield _Line(stripped, start, last_end, gap)


def _is_gap(between: str) -> bool:
    """Two or more line ends: at least one blank line."""
    return between != "\n" and len(_LINE_END.findall(between)) > 1


def _runs(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """Lines with no blank line between them."""
    run: list[_Line] = []
    for line in lines:
        if line.gap and run:
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def _common_margin(runs: Sequence[Sequence[_Line]]) -> int:
    """The margin of a text most of whose runs are wrapped; zero for any other."""
    several = [run for run in runs if len(run) > 1]
    wrapped = [run for run in several if _is_wrapped(run)]
    if not wrapped or 2 * sum(map(len, wrapped)) < sum(map(len, several)):
        return 0
    return max(len(line.text) for run in wrapped for line in run)


def _fills(run: Sequence[_Line], margin: int) -> bool:
    """Whether every line break of a short run falls at the margin of the text around it."""
    breaks = zip(run, run[1:], strict=False)
    return len(run) > 1 and margin > 0 and all(_is_full(line, after, margin) for line, after in breaks)


def _is_full(line: _Line, after: _Line, margin: int) -> bool:
    """Whether the first word after the break would have crossed the margin."""
    return len(line.text) + 1 + len(after.text.split(None, 1)[0]) > margin


def _is_wrapped(run: Sequence[_Line]) -> bool:
    """Whether the lines of a run were broken at a margin rather than at paragraph ends."""
    if len(run) < 2:
        return False
    margin = max(len(line.text) for line in run)
    if not WRAP_LOW <= margin <= WRAP_HIGH or 2 * sum(" " in line.text for line in run) <= len(run):
        return False
    breaks = list(zip(run, run[1:], strict=False))
    full = sum(_is_full(line, after, margin) for line, after in breaks)
    return full >= WRAPPED_SHARE * len(breaks) and (len(run) >= ENOUGH_LINES or full == len(breaks)) and _runs_on(breaks)


def _runs_on(breaks: Sequence[tuple[_Line, _Line]]) -> bool:
    """Sentences run on over some of the breaks: a list of titles of one length does not."""
    running = sum(
        line.text[-1] not in '.!?…:»”"' and not after.text[0].isupper() and after.text[0] not in _OPENERS
        for line, after in breaks
    )
    return running * 3 >= len(breaks)


def _join_wrapped(run: Sequence[_Line]) -> list[list[_Line]]:
    """Group the lines of wrapped text into paragraphs: a bullet or a clearly short line ends one."""
    margin = max(len(line.text) for line in run)
    groups: list[list[_Line]] = [[run[0]]]
    for line, after in zip(run, run[1:], strict=False):
        room = not _is_full(line, after, margin - 10)
        unbounded = after.end - groups[-1][0].start > LONGEST
        if unbounded or _BULLET.match(after.text) or (room and line.text[-1] in '.!?…:»”"'):
            groups.append([after])
        else:
            groups[-1].append(after)
    return groups


def _paragraph(lines: Sequence[_Line]) -> Paragraph:
    if len(lines) == 1:
        return Paragraph(*lines[0][:3])
    return Paragraph(" ".join(line.text for line in lines), lines[0].start, lines[-1].end)


def _bounded(paragraph: Paragraph) -> Iterator[Paragraph]:
    """A paragraph as it is, or cut after sentences where it is longer than LONGEST."""
    text, start, end = paragraph
    if len(text) <= LONGEST or len(text) != end - start:
        yield paragraph
        return
    at = 0
    while at < len(text):
        cut = _cut(text, at)
        piece = text[at:cut].strip()
        if piece:
            begin = start + at + len(text[at:cut]) - len(text[at:cut].lstrip())
            yield Paragraph(piece, begin, begin + len(piece))
        at = cut


def _cut(text: str, at: int) -> int:
    limit = at + LONGEST
    if limit >= len(text):
        return len(text)
    ends = [found.end() for found in _SENTENCE_END.finditer(text, limit - 2000, limit)]
    if ends:
        return ends[-1]
    space = text.rfind(" ", at + 1, limit)
    return space + 1 if space > at else limit
