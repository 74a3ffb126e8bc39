"""The words of the project as frozen records: source, paragraph, article, decision, result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, repeat
from operator import add
from typing import NamedTuple

LABELS = (
    "content",
    "heading",
    "caption",
    "byline",
    "teaser",
    "promo",
    "navigation",
    "comment",
    "legal",
    "spam",
)
"""What a paragraph is for the article it stands in; the order is the order of model columns."""

KEPT_LABELS = ("content", "heading")
"""The labels that are the article itself; all others are noise around it."""


STYLES = ("news", "all")
"""`news` keeps the story alone; `all` keeps everything that the page is about."""

ACTIONS = ("keep", "remove", "metadata", "review")
"""What becomes of a paragraph. `review` stays in the clean article and is listed as doubtful."""

STAYING = ("keep", "review")
"""Actions that leave a paragraph in the clean article."""


class Paragraph(NamedTuple):
    """The unit that is judged."""

    text: str
    start: int
    """Place of its first character in the source's text."""
    end: int
    """Place after its last character."""


def laid_end_to_end(texts: Sequence[str]) -> tuple[Paragraph, ...]:
    """Paragraphs placed as in the texts joined by line feeds."""
    after = list(accumulate(map(add, map(len, texts), repeat(1))))  # where the next begins
    places = zip(texts, [0, *after], [end - 1 for end in after], strict=False)
    return tuple(map(partial(tuple.__new__, Paragraph), places))  # half the time of calls of `Paragraph`


@dataclass(frozen=True, slots=True)
class Source:
    """One raw file or record as read, decoded."""

    id: str
    text: str
    kind: str
    """`html` or `text`."""
    raw: bytes
    encoding: str
    encoding_reason: str
    """What decided the encoding: `bom`, `declared`, `utf-8`, `sniffed`, `given` or `repaired`."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a page's markup says of its paragraphs: the elements that hold them, and their links.

    Elements are those that hold text, parents before children.
    """

    parents: tuple[int, ...]
    """Each element's parent, -1 for the root."""
    tags: tuple[str, ...]
    signs: tuple[str, ...]
    """Each element's `class`, `id`, `role` and `itemprop`, a line each."""
    hidden: tuple[bool, ...]
    """Whether the markup hides the element itself."""
    holders: tuple[int, ...]
    """One a paragraph: the innermost element that holds all of its text."""
    links: tuple[int, ...]
    """One a paragraph: characters that stand in links."""


@dataclass(frozen=True, slots=True)
class Article:
    """Ordered paragraphs of one source, not yet judged."""

    id: str
    paragraphs: tuple[Paragraph, ...]
    text: str = ""
    """The text that the paragraphs' places refer to."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Title, author, date and site name as the source itself gives them; empty for plain text."""
    layout: Layout | None = None
    """What the markup says; None where there is none."""


class JudgedParagraph(NamedTuple):
    """A paragraph with what the model said and what the policy decided."""

    text: str
    start: int
    end: int
    label: str
    probability: float
    """Probability of the label, 0 to 1, calibrated on sites not trained on."""
    runner_up: str
    decision: str
    """One of ACTIONS."""
    rule: str
    """The rule of the policy that decided."""
    opens: bool
    """Whether a further article of the source begins here."""
    probabilities: tuple[float, ...]
    """One a label, in the order of LABELS."""

    @property
    def stays(self) -> bool:
        """Whether it is part of the clean article."""
        return self.decision in STAYING


class Columns(NamedTuple):
    """What an audit says of a source's paragraphs, column by column: for where a record a paragraph costs more than its use."""

    texts: Sequence[str]
    starts: Sequence[int]
    ends: Sequence[int]
    labels: Sequence[str]
    runners_up: Sequence[str]
    decisions: Sequence[str]
    rules: Sequence[str]
    opens: Sequence[bool]

    @property
    def staying(self) -> list[bool]:
        """Whether each is part of the clean article."""
        return [decision in STAYING for decision in self.decisions]


def columns_of(paragraphs: Sequence[JudgedParagraph]) -> Columns:
    """Judged paragraphs column by column."""
    if not paragraphs:
        return Columns((), (), (), (), (), (), (), ())
    texts, starts, ends, labels, _, runners_up, decisions, rules, opens, _ = zip(*paragraphs, strict=True)
    return Columns(texts, starts, ends, labels, runners_up, decisions, rules, opens)
