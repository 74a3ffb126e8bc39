"""A label journal as labelled articles: what stands after every act, joined with the articles that it speaks of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from cleaner.labels.events import LabelEvent, LabelledArticle, digest_of_text
from cleaner.labels.lines import LabelledLine, loose
from cleaner.seeds import Seed

PROPOSERS = ("markup", "check")
"""Who proposes labels without being a person: `labels propose` and `labels check`. Their events are read by the
review page alone: nothing is learned from a proposal until a person accepts it under another name."""


class _Place(NamedTuple):
    """What an act is about. The text is part of it: after a change of segmentation an index means another paragraph."""

    article: str
    at: int
    text_sha256: str


def place_of(event: LabelEvent) -> _Place:
    """What two events share when the later one overrules the earlier one."""
    return _Place(key_of(event), event.index, event.text_sha256 or digest_of_text(event.text))


def standing(events: Iterable[LabelEvent | LabelledArticle]) -> dict[_Place, LabelEvent]:
    """The last act on every paragraph, in the order of the first acts; proposals and what was taken back are left out."""
    acts = {place_of(event): event for event in events if isinstance(event, LabelEvent) and event.who not in PROPOSERS}
    return {place: event for place, event in acts.items() if event.label}


def seeds_of_events(events: Iterable[LabelEvent | LabelledArticle]) -> Iterator[Seed]:
    """Articles with the labels that stand, then loose lines: labels whose article, or whose text in it, is not there."""
    everything = list(events)
    articles = _articles(everything)
    inside: dict[str, dict[int, str]] = {}
    outside: list[LabelEvent] = []
    for place, event in standing(everything).items():
        if _fits(event, articles.get(place.article)):
            inside.setdefault(place.article, {})[event.index] = event.label
        else:
            outside.append(event)
    for key, labels in inside.items():
        yield _joined(articles[key], labels)
    yield from (loose(_line(event)) for event in outside)


def key_of(event: LabelEvent | LabelledArticle) -> str:
    """What an article and the acts on it share."""
    return event.source_sha256 or event.source


def _articles(events: Iterable[LabelEvent | LabelledArticle]) -> dict[str, LabelledArticle]:
    """Each article as it was said last, with the page that it came with before: one without a page takes none away."""
    found: dict[str, LabelledArticle] = {}
    for event in events:
        if isinstance(event, LabelledArticle):
            before = found.get(key_of(event))
            had = before.html if before and before.paragraphs == event.paragraphs else ""
            found[key_of(event)] = event if event.html or not had else replace(event, html=had)
    return found


def _fits(event: LabelEvent, article: LabelledArticle | None) -> bool:
    return article is not None and event.index < len(article.paragraphs) and article.paragraphs[event.index] == event.text


def _joined(article: LabelledArticle, labels: dict[int, str]) -> Seed:
    return Seed(
        id=article.source,
        site=article.site or article.source,
        language=article.language,
        lines=article.paragraphs,
        labels=tuple(labels.get(i, "") for i in range(len(article.paragraphs))),
        also={},
        html=article.html,
        style=article.style,
        source_sha256=article.source_sha256,
    )


def _line(event: LabelEvent) -> LabelledLine:
    return LabelledLine(event.text, event.label, event.source, event.site, event.language, event.source, index=event.index)
