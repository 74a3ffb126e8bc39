"""The words that the page names are those that the label hangs on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_audit import entry, write_audit
from served import Served, until

from cleaner import Cleaner
from cleaner.records import LABELS
from cleaner.review.evidence import MOST, evidence_of, words_of
from cleaner.review.view import deciding_label

STORY = "Le conseil municipal a voté mardi soir le budget de la commune, après trois heures de débat."
SPAM = "achetez du viagra sans ordonnance, livraison gratuite"


def test_the_planted_words_are_found(cleaner: Cleaner) -> None:
    """Spam inside a sentence of the press: the words named for spam are the planted ones, and those for content are not."""
    text = STORY.replace(", après", f" {SPAM}, après")
    named = evidence_of(cleaner.model, text, "spam").words
    assert "viagra" in named
    assert set(named) <= set(words_of(SPAM))
    assert "viagra" not in evidence_of(cleaner.model, text, "content").words


def test_without_the_first_word_the_label_is_less_likely(cleaner: Cleaner) -> None:
    """What is called evidence is: with the strongest word left out, the first stage gives the label a smaller share."""
    found = evidence_of(cleaner.model, SPAM, "spam")
    less = evidence_of(cleaner.model, SPAM.replace(found.words[0], ""), "spam")
    shares = [one.probability if one.label == "spam" else 0 for one in (found, less)]
    assert shares[0] > shares[1]


@given(text=st.text(max_size=900), label=st.sampled_from(LABELS))
def test_any_text(cleaner: Cleaner, text: str, label: str) -> None:
    """Whatever a paragraph holds, there is an answer, of words that stand in it, and no more than a reader takes in."""
    found = evidence_of(cleaner.model, text, label)
    assert 0 <= found.probability <= 1
    assert len(found.words) <= MOST
    assert all(word in text for word in found.words)


def test_a_long_text_costs_no_more(cleaner: Cleaner) -> None:
    """A megabyte of different words is asked about by its head and tail; where no spaces stand, by twos."""
    assert len(words_of(" ".join(map(str, range(200_000))))) < 400
    assert list(words_of("雨のため試合は")) == ["雨の", "ため", "試合", "は"]


def test_on_the_page(out: Path, serve: Callable[..., Served], tab: Callable[[str], Any]) -> None:
    """A paragraph that is looked at says what it is taken for alone and which words speak for its label."""
    page = tab(serve(out).address)
    page.keyboard.press("/")
    page.keyboard.type("partager article")
    until(page, "/Partager/.test(document.querySelector('#paragraphs li.current .text')?.textContent)")
    until(page, "/read alone: [a-z]+ [0-9]+ %/.test(document.querySelector('#paragraphs li.current .why').textContent)")
    assert "Partager" in page.text_content("#paragraphs li.current .why").partition("for navigation: ")[2]
    assert page.said == []


def test_the_label_that_decided() -> None:
    """Of a paragraph that leaves because spam is likely enough, the words for spam are named, though content is likelier."""
    [line] = entry("a.txt", ["Lu"]).paragraphs
    suspected = replace(line, label="content", runner_up="spam", rule="suspected", probabilities=(5100, *(0,) * 8, 4900))
    assert [deciding_label(one) for one in (suspected, replace(suspected, rule="kept"))] == ["spam", "content"]


@pytest.mark.parametrize("paragraph", ["0", "1"])
def test_another_model(tmp_path: Path, serve: Callable[..., Served], paragraph: str) -> None:
    """Of a label that another model gave nothing is claimed."""
    served = serve(write_audit(tmp_path / "out", [entry("a.txt", ["Accueil", "Menu"])]))
    assert served.ask(f"/api/evidence?paragraph={paragraph}") == {"paragraph": int(paragraph), "evidence": None}
