"""Labels for other programs, and labels of other programs for a label journal."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cleaner.errors import UsageError
from cleaner.labels.events import LabelEvent, LabelledArticle
from cleaner.labels.joining import PROPOSERS, key_of, place_of, standing
from cleaner.labels.label_studio import tasks_as_json
from cleaner.labels.places import Places
from cleaner.labels.spreadsheet import table_of
from cleaner.seeds import Seed


def as_jsonl(seeds: Iterable[Seed]) -> Iterator[str]:
    """Seeds as their own format, a line an article; the label of a paragraph that has none is null."""
    return (json.dumps(_row(seed), ensure_ascii=False) + "\n" for seed in seeds)


def _row(seed: Seed) -> dict[str, Any]:
    row: dict[str, Any] = {"id": seed.id, "site": seed.site, "language": seed.language, "style": seed.style}
    if seed.source_sha256:
        row["source_sha256"] = seed.source_sha256
    row["paragraphs"] = [_paragraph(seed, index) for index in range(len(seed.lines))]
    return {**row, "html": seed.html} if seed.html else row


def _paragraph(seed: Seed, index: int) -> dict[str, Any]:
    paragraph: dict[str, Any] = {"text": seed.lines[index], "label": seed.labels[index] or None}
    if index in seed.opens:
        paragraph["opens"] = True
    if seed.also and index in seed.also:
        paragraph["also"] = seed.also[index]
    return paragraph


def as_csv(seeds: Iterable[Seed]) -> Iterator[str]:
    """Seeds as a table for spreadsheets, a line a paragraph. Pages, second labels and where articles open are left out."""
    for row in table_of(seeds):
        line = io.StringIO()
        csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(row)
        yield line.getvalue()


EXPORTS: Mapping[str, Callable[[Iterable[Seed]], Iterator[str]]] = {
    "label-studio": tasks_as_json,
    "csv": as_csv,
    "jsonl": as_jsonl,
}
"""By name: what writes seeds in a format, in pieces of text."""


def encoded(text: str) -> bytes:
    """A piece of an export as UTF-8. Halves of a pair are none: in JSON they become escapes that mean the same."""
    return text.encode("utf-8", "backslashreplace")


def events_of_seeds(
    seeds: Iterable[Seed], who: str, when: str, before: Iterable[LabelEvent | LabelledArticle] = ()
) -> Iterator[LabelEvent | LabelledArticle]:
    """Labelled articles as events of a label journal that holds `before`: only what it does not say already.

    Each article comes before its labels. `when` is UTC, ISO 8601. Raises UsageError where `who` is nobody.
    """
    check_who(who)
    known = list(before)
    said, places = {place: event.label for place, event in standing(known).items()}, Places(known)
    articles = {key_of(event): event for event in known if isinstance(event, LabelledArticle)}
    for seed in map(places.version_of, seeds):
        article = article_of(seed)
        new = [act for act in map(places.of, _acts(seed, who, when)) if said.get(place_of(act)) != act.label]
        if new and _is_worth_keeping(article, articles.get(key_of(article))):
            yield article
        yield from new


def check_who(who: str) -> None:
    """Raise UsageError unless this is the name of a person: what proposers say is not learned from."""
    if not who.strip() or who.strip() in PROPOSERS:
        raise UsageError(f"who is {who!r}; give the name of the person who labelled, not one of {', '.join(PROPOSERS)}")


def _is_worth_keeping(article: LabelledArticle, known: LabelledArticle | None) -> bool:
    """Whether an article says more than the one that the journal has: what other programs do not carry is in that one alone."""
    if known is not None and known.paragraphs == article.paragraphs and article.html in ("", known.html):
        return False
    return len(article.paragraphs) > 1 or bool(article.html)


def article_of(seed: Seed) -> LabelledArticle:
    """The article of a seed as a label journal holds it."""
    return LabelledArticle(seed.id, seed.source_sha256, seed.site, seed.language, seed.style, seed.lines, seed.html)


def _acts(seed: Seed, who: str, when: str) -> Iterator[LabelEvent]:
    for index, (text, label) in enumerate(zip(seed.lines, seed.labels, strict=True)):
        if label:
            yield LabelEvent(text, label, seed.id, seed.source_sha256, index, seed.site, seed.language, who, when, "", "")
