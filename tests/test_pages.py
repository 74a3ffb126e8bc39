"""Small pages of every kind that users have: what must stay and what must go, paragraph by paragraph.

A case is a page in `tests/pages/` and a JSON file beside it: `what` a user expects, the `style`, and the
indices of the paragraphs that must stay (`kept`) and must go (`dropped`). Arguable ones are in neither.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from cleaner import Cleaner
from cleaner.pipeline import as_source, segment
from cleaner.records import STYLES, JudgedParagraph

PAGES = Path(__file__).parent / "pages"
SHOWN = 100
"""Characters of a wrong paragraph that a failure shows."""

KNOWN_FAILURES: dict[str, str] = {
    "en-hashed-class-names": "two teaser cards inside the body and the author's biography stay: only their place says what they are",
    "en-listing-with-summaries": "the listing's own title is lost, and the heading of its filters stays in doubt, both at even odds",
    "en-question-and-answers": "the site's advice beside the answer form stays as if it were an answer",
    "en-repeated-disclaimers": "the legal notice stays under each block (the footer's goes); the account's name, its title, is lost",
    "en-tail-faq-of-another-matter": "header, all questions and one answer of the FAQ on another matter stay",
    "es-app-shell-json-ld": "the last, short sentence of the JSON-LD body is lost beside the shell's lines",
    "fr-bare-td-double-br": "the signature under the article, an initial and a name, stays as a sub-heading",
    "fr-category-page-cards": "the product count above the cards stays",
    "fr-comments-under-news": "three long readers' posts stay as if the story went on; their names and dates go",
    "fr-forum-thread": "the thread's title, a link, is lost; a signature that reads like a sentence stays",
    "en-noscript-only-text": "the byline with its date, alone under the title, stays as a sub-heading at even odds",
    "fr-infinite-scroll-second-article": "both bylines, a name and a date, stay at even odds, the first for review",
}
"""Cases that fail today, with what goes wrong. A case that begins to pass must leave this table."""


class Case(NamedTuple):
    """A page and what becomes of its paragraphs."""

    name: str
    what: str
    style: str
    kept: tuple[int, ...]
    dropped: tuple[int, ...]

    @property
    def page(self) -> bytes:
        return (PAGES / f"{self.name}.html").read_bytes()


def case_of(path: Path) -> Case:
    fields = json.loads(path.read_text(encoding="utf-8"))
    assert fields.keys() == {"what", "style", "kept", "dropped"}, path.name
    return Case(path.stem, fields["what"], fields["style"], tuple(fields["kept"]), tuple(fields["dropped"]))


CASES = [case_of(path) for path in sorted(PAGES.glob("*.json"))]


def marked(case: Case) -> object:
    reason = KNOWN_FAILURES.get(case.name)
    marks = [pytest.mark.xfail(strict=True, reason=reason, raises=AssertionError)] if reason else []
    return pytest.param(case, id=case.name, marks=marks)


@pytest.fixture(scope="module")
def cleaners(cleaner: Cleaner) -> dict[str, Cleaner]:
    """The shipped model in each style."""
    return {style: Cleaner(cleaner.model, cleaner.policy, style) for style in STYLES}


def report(case: Case, paragraphs: tuple[JudgedParagraph, ...], lost: list[int], left: list[int]) -> str:
    """What a failure says: what was expected, then each wrong paragraph."""
    lines = [f"{case.name} (style {case.style}): {case.what}"]
    for title, wrong in (("lost", lost), ("left", left)):
        for i in wrong:
            p = paragraphs[i]
            lines.append(f"{title:>6} {i:3} {p.label} {p.probability:.2f} ({p.rule})  {p.text[:SHOWN]!r}")
    return "\n".join(lines)


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_a_page_keeps_its_text_and_loses_its_furniture(cleaners: dict[str, Cleaner], case: Case) -> None:
    """A user gets all of what the page is about and nothing of what stands around it; the page's JSON says which is which."""
    result = cleaners[case.style].clean(case.page, kind="html", id=case.name)
    lost = [i for i in case.kept if not result.paragraphs[i].stays]
    left = [i for i in case.dropped if result.paragraphs[i].stays]
    assert (lost, left) == ([], []), report(case, result.paragraphs, lost, left)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_speaks_of_paragraphs_that_its_page_has(case: Case) -> None:
    """A case asks for something, contradicts itself nowhere, and its indices are those of the page as cut today."""
    size = len(segment(as_source(case.page, kind="html", id=case.name)).paragraphs)
    asked = [*case.kept, *case.dropped]
    assert case.what
    assert case.style in STYLES
    assert case.kept
    assert case.dropped
    assert len(set(asked)) == len(asked)
    assert set(asked) <= set(range(size))


def test_every_page_has_a_case_and_every_known_failure_too() -> None:
    """No page stands in the folder unread, and no excuse outlives its case."""
    names = {case.name for case in CASES}
    assert {path.stem for path in PAGES.glob("*.html")} == names
    assert set(KNOWN_FAILURES) <= names
