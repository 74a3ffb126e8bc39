"""A page's verdict depends on that page alone, whatever stands beside it in the batch, and its layout counts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cleaner import Cleaner
from cleaner.errors import SourceError
from cleaner.pipeline import Result
from cleaner.records import LABELS, STYLES

PAGES = [path.read_bytes() for path in sorted((Path(__file__).parent / "pages").glob("*.html"))]
TEXT = "Menu\n\nThe ferry sailed again on Monday. Forty people were aboard!\n\nShare this article"
STORY = "The ferry sailed again on Monday with forty people aboard, said the harbour master after the storm had passed."
TAGS = ("div", "p", "li", "td", "h2", "nav", "a", "span", "aside", "figcaption", "b", "table", "tr", "pre")

soups = st.recursive(
    st.sampled_from([STORY, "Menu", "Share", "©", "雨。", ""]),
    lambda inner: st.builds(
        lambda tag, sign, parts: f"<{tag} class='{sign}'>{''.join(parts)}</{tag}>",
        st.sampled_from(TAGS),
        st.sampled_from(["", "entry-content", "menu x1", "a\nb"]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=20,
)


def verdicts(result: Result) -> list[tuple[object, ...]]:
    return [(p.text, p.label, p.probabilities, p.decision, p.rule, p.opens) for p in result.paragraphs]


@pytest.mark.parametrize("style", STYLES)
def test_company_changes_nothing(cleaner: Cleaner, style: str) -> None:
    """Pages and texts cleaned together, in any order, get the very verdicts that they get alone."""
    mine = Cleaner(cleaner.model, cleaner.policy, style)
    mixed: Sequence[bytes | str] = [item for page in PAGES for item in (page, TEXT)]
    alone = [verdicts(mine.clean(item)) for item in mixed]
    assert [verdicts(result) for result in mine.clean_many(mixed)] == alone
    assert [verdicts(result) for result in mine.clean_many(mixed[::-1])] == alone[::-1]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(soup=soups, style=st.sampled_from(STYLES))
def test_any_page_gets_probabilities(cleaner: Cleaner, soup: str, style: str) -> None:
    """Whatever the markup, every paragraph has a probability a label that sum to 1 within rounding, or the page has no text."""
    try:
        result = Cleaner(cleaner.model, cleaner.policy, style).clean(f"<html><body>{soup}</body></html>", kind="html")
    except SourceError:
        return
    table = np.array([p.probabilities for p in result.paragraphs])
    assert table.shape == (len(result.article.paragraphs), len(LABELS))
    assert ((table >= 0) & (table <= 1)).all()
    assert np.abs(table.sum(axis=1) - 1).max() <= len(LABELS) * 0.5e-4 + 1e-9


def test_layout_counts(cleaner: Cleaner) -> None:
    """The same titles stay as the article's sub-headings and go as cards of other stories after it."""
    titles = [
        "Harbour fees will rise in spring",
        "A lighthouse keeper looks back",
        "Why the market moved",
        "Four walks by the sea",
    ]
    parts = [
        f"<p>{STORY} {more}</p>" for more in ("Nobody was hurt.", "The mayor was there.", "It rained.", "Cafés opened late.")
    ]
    cards = "".join(f"<div class='card related-card'><a href='/{title}'><h4>{title}</h4></a></div>" for title in titles)
    inside = "".join(f"<h4>{title}</h4>{part}" for title, part in zip(titles, parts, strict=True))
    beside = f"{''.join(parts)}</article><aside class='related-articles'>{cards}</aside><article>"
    stays = [
        [
            p.text
            for p in cleaner.clean(f"<html><body><article><h1>The ferry</h1>{body}</article></body></html>").paragraphs
            if p.stays
        ]
        for body in (inside, beside)
    ]
    assert set(titles) <= set(stays[0])
    assert not set(titles) & set(stays[1])
    assert len(stays[1]) == 1 + len(parts)
