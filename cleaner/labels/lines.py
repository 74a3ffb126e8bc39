"""Labelled lines that stand alone in a table or a task, put together again as the articles that they are from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cleaner.records import STYLES
from cleaner.seeds import Seed


@dataclass(frozen=True, slots=True)
class LabelledLine:
    """One paragraph with what its row says of it."""

    text: str
    label: str
    """Empty where it has none."""
    where: str
    """The file and the place in it."""
    site: str = ""
    language: str = ""
    source: str = ""
    """The id of its article; empty for a loose line."""
    source_sha256: str = ""
    index: int = -1
    """Its place in its article; -1 for a loose line."""
    of: int = 0
    """How many paragraphs its article has; 0 where the row does not say."""
    html: str = ""
    """The article's page, on its first paragraph."""
    style: str = STYLES[0]
    opens: bool = False
    also: str = ""


def articles_of(lines: Iterable[LabelledLine]) -> Iterator[Seed]:
    """Lines as articles, in the order of their first lines.

    Lines of an article that is not there from its first paragraph to its last come as loose lines: their
    neighbours are not known, and the context of a paragraph is half of what is learned from it.
    """
    groups: list[dict[int, LabelledLine]] = []
    open_group: dict[str, dict[int, LabelledLine]] = {}
    for line in lines:
        key = line.source_sha256 or line.source if line.index >= 0 else ""
        group = open_group.get(key) if key else None
        if group is None or line.index in group:  # a loose line, a new article, or another one of the same name
            group = open_group[key] = {}
            groups.append(group)
        group[line.index] = line
    for group in groups:
        yield from _seeds_of([group[index] for index in sorted(group)])


def _seeds_of(lines: list[LabelledLine]) -> Iterator[Seed]:
    whole = [line.index for line in lines] == list(range(max(len(lines), lines[0].of)))
    if whole:
        yield _article(lines)
    elif len(lines) == 1 and lines[0].index < 0:
        yield loose(lines[0])
    else:
        yield from map(loose, lines)


def _article(lines: list[LabelledLine]) -> Seed:
    first = lines[0]
    return Seed(
        id=first.source,
        site=first.site or first.source,
        language=first.language,
        lines=tuple(line.text for line in lines),
        labels=tuple(line.label for line in lines),
        opens=frozenset(line.index for line in lines if line.opens),
        also={line.index: line.also for line in lines if line.also},
        html=first.html,
        style=first.style,
        source_sha256=first.source_sha256,
    )


def loose(line: LabelledLine) -> Seed:
    """A line as an article of one paragraph, its site empty where neither it nor its source is known."""
    name = f"{line.source}#{line.index}" if line.source and line.index >= 0 else line.where
    also = {0: line.also} if line.also else {}
    return Seed(name, line.site or line.source, line.language, (line.text,), (line.label,), also=also, style=line.style)
