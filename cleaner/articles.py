"""From decided paragraphs to clean articles: one or more a source, with title, author, date, language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from cleaner.bylines import author_of, date_of
from cleaner.language import language_of
from cleaner.records import JudgedParagraph

SEPARATOR = "\n\n"
LATEST_TITLE = 2
"""Content paragraphs that may stand before a title: a standfirst and, on some pages, one more."""


@dataclass(frozen=True)
class CleanArticle:
    """One article as found in a source: its kept paragraphs and its metadata, read on demand."""

    source: str
    paragraphs: tuple[JudgedParagraph, ...]
    """All of its paragraphs in source order, removed ones included."""
    start: int
    """Index of its first paragraph in the source."""
    known: Mapping[str, str]
    """What the page's own markup says of it: title, author, date, url."""

    @cached_property
    def text(self) -> str:
        """The paragraphs that stay, separated by a blank line."""
        return clean_text(self.paragraphs)

    @cached_property
    def title(self) -> str | None:
        """The page's own title, or the first heading that stays and comes early enough."""
        return self.known.get("title") or _early_heading(self.paragraphs)

    @cached_property
    def author(self) -> str | None:
        """The author as its bylines name one, else as the markup does."""
        return author_of(self._bylines) or self.known.get("author")

    @cached_property
    def date(self) -> str | None:
        """ISO 8601 date from its bylines, else from the markup."""
        return date_of(self._bylines) or self.known.get("date")

    @cached_property
    def language(self) -> str | None:
        """ISO 639-1 code; None where the text is too short to tell."""
        return language_of(self.text)

    @property
    def _bylines(self) -> list[str]:
        return [p.text for p in self.paragraphs if p.label == "byline"]


def first_copies(lines: Sequence[str], offsets: Iterable[int]) -> list[int]:
    """Of each line the first of its article that says the same, word for word: itself, mostly.

    Article `i` is `lines[offsets[i]:offsets[i + 1]]`.
    """
    copies: list[int] = []
    for begin, end in pairwise(offsets):
        first: dict[str, int] = {}
        copies += [first.setdefault(lines[i], i) for i in range(begin, end)]
    return copies


def article_starts(opens: Sequence[bool]) -> list[int]:
    """Where the articles of a source begin, by which of its paragraphs open a further one."""
    return [0, *(i for i, further in enumerate(opens) if further and i)]


def clean_articles(
    source: str, paragraphs: Sequence[JudgedParagraph], known: Mapping[str, str] | None = None
) -> Iterator[CleanArticle]:
    """Cut judged paragraphs where further articles open, and build each article.

    `known` is what the page's markup says; it speaks for a source that holds a single article.
    """
    starts = article_starts([p.opens for p in paragraphs])
    single = len(starts) == 1
    for start, end in zip(starts, [*starts[1:], len(paragraphs)], strict=True):
        yield CleanArticle(source, tuple(paragraphs[start:end]), start, (known or {}) if single else {})


def clean_text(paragraphs: Sequence[JudgedParagraph]) -> str:
    """The paragraphs that stay, separated by a blank line."""
    return SEPARATOR.join(p.text for p in paragraphs if p.stays)


def _early_heading(paragraphs: Sequence[JudgedParagraph]) -> str | None:
    contents = 0
    for p in paragraphs:
        if p.stays and p.label == "heading":
            return p.text
        contents += p.stays and p.label == "content"
        if contents > LATEST_TITLE:
            return None
    return None
