"""Labels from tables and other programs, found again in a label journal: a correction overrules what it corrects.

A table may not say which version of a source it is about: tables did not once, and a single line never does.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from cleaner.labels.events import LabelEvent, LabelledArticle
from cleaner.seeds import Seed

_Key = TypeVar("_Key", bound=Hashable)
_Found = TypeVar("_Found", bound=Hashable)


class _At(NamedTuple):
    """Where a label of a journal stands."""

    source: str
    source_sha256: str
    at: int


class Places:
    """The articles and the single paragraphs that a journal speaks of, by what a table says of them."""

    def __init__(self, known: Sequence[LabelEvent | LabelledArticle]) -> None:
        articles = [event for event in known if isinstance(event, LabelledArticle)]
        self._versions = _only(((a.source, a.paragraphs), a.source_sha256) for a in articles)
        self._lines = _only(_lines(known))

    def version_of(self, seed: Seed) -> Seed:
        """The seed with the version that it is of, where the journal has exactly one article of this name and these lines."""
        version = "" if seed.source_sha256 else self._versions.get((seed.id, seed.lines), "")
        return replace(seed, source_sha256=version) if version else seed

    def of(self, act: LabelEvent) -> LabelEvent:
        """The act at its place, where it is on a single line that the journal has at exactly one."""
        at = None if act.source_sha256 or act.index else self._lines.get((act.source, act.text))
        return replace(act, source=at.source, source_sha256=at.source_sha256, index=at.at) if at else act


def _lines(known: Iterable[LabelEvent | LabelledArticle]) -> Iterator[tuple[tuple[str, str], _At]]:
    """Every paragraph under the name that it has as a loose line (see `lines.loose`)."""
    for event in known:
        if isinstance(event, LabelEvent):
            paragraphs: Iterable[tuple[int, str]] = ((event.index, event.text),)
        else:
            paragraphs = enumerate(event.paragraphs)
        for index, text in paragraphs:
            yield (f"{event.source}#{index}", text), _At(event.source, event.source_sha256, index)


def _only(pairs: Iterable[tuple[_Key, _Found]]) -> Mapping[_Key, _Found]:
    """What is found under each key, where it is one thing."""
    found: dict[_Key, set[_Found]] = {}
    for key, one in pairs:
        found.setdefault(key, set()).add(one)
    return {key: ones.pop() for key, ones in found.items() if len(ones) == 1}
