"""Columns and n-grams of a line are the same whatever else is in the batch, and measure what they are named for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cleaner.features import ngrams
from cleaner.features.buffer import lay_out
from cleaner.features.context import FAR, Alone, column_names, context
from cleaner.features.ngrams import Spans, grams_of, mix
from cleaner.features.surface import log2_1p
from cleaner.records import LABELS, STYLES

Article = Sequence[str]
NAMES = column_names(STYLES)

odd_lines = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(codec=None), max_size=20),  # lone surrogates included
    st.text("aB1. \n\r\t\u2028\u0085", max_size=20),
    st.text('Ab1.!?: »"', min_size=1, max_size=3),  # what ends one line and begins the next
    st.text("ΣςσİßǅＡ\u200b\u00ad\u202e\ufeff😀雨。ﷺ", max_size=20),
    st.sampled_from(["", " ", "\n", "\x00", "Menu", "Menu", "Il pleut. Il fait froid.", "x" * 1401, "é " * 900, "ab\n" * 700]),
)
articles = st.lists(odd_lines, max_size=8)


def offsets_of(batch: Sequence[Article]) -> NDArray[np.int64]:
    return np.cumsum([0, *map(len, batch)])


def grams(batch: Sequence[Article]) -> list[list[Counter[int]]]:
    """Counted hashes of every line of every article."""
    lines = [line for article in batch for line in article]
    buffer = lay_out(lines, offsets_of(batch))
    found = grams_of(buffer, Spans(buffer.folded))
    rows = [Counter(found.hashes[found.lines == i].tolist()) for i in range(len(lines))]
    return [rows[start:end] for start, end in zip(offsets_of(batch)[:-1], offsets_of(batch)[1:], strict=True)]


def scores_for(line: str) -> NDArray[np.int64]:
    """Stand-ins for stage one's scores, drawn from the line alone: ten labels in thousandths and five more."""
    seed = sum(line.encode("utf-8", "replace")) + 31 * len(line)
    raw = mix(np.arange(seed * 15, seed * 15 + 15, dtype=np.uint64)) >> np.uint64(40)
    return raw.astype(np.int64)


def alone(lines: Sequence[str]) -> Alone:
    raw = np.array([scores_for(line) for line in lines], np.int64).reshape(len(lines), 15)
    shares = raw[:, : len(LABELS)]
    return Alone(
        probabilities=shares * 1000 // np.maximum(shares.sum(axis=1, keepdims=True), 1),
        keep_logits=raw[:, 10:12] % 193 - 96,
        keeps=raw[:, 12:14] % 1001,
        spam_logit=raw[:, 14] % 193 - 96,
    )


def columns(batch: Sequence[Article]) -> list[NDArray[np.float32]]:
    """The table of every article, measured in one batch."""
    lines = [line for article in batch for line in article]
    buffer = lay_out(lines, offsets_of(batch))
    table = context(buffer, Spans(buffer.folded), alone(lines))
    return np.split(table, offsets_of(batch)[1:-1])


def same(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    return one.shape == other.shape and one.tobytes() == other.tobytes()


@settings(max_examples=60, deadline=None)
@given(line=odd_lines, before=articles, after=articles, mates=articles)
def test_grams_do_not_depend_on_the_batch(line: str, before: Article, after: Article, mates: Article) -> None:
    """A line's n-grams are its own: no neighbour, article or place in the batch changes them."""
    (alone_,) = grams([[line]])[0]
    assert grams([before, [*mates, line, *mates], after])[1][len(mates)] == alone_


@settings(max_examples=60, deadline=None)
@given(article=articles)
def test_every_gram_of_a_line_is_counted(article: Article) -> None:
    """Words, pairs, edges and every run of three and five bytes count once each, in lines shorter than a gram too."""
    buffer = lay_out(article, [0, len(article)])
    found = np.bincount(grams_of(buffer, Spans(buffer.folded)).lines, minlength=len(article))
    for line, (start, end) in enumerate(zip(buffer.starts, buffer.ends, strict=True)):
        words = len(re.findall(rb"[a-z0-9\x80-\xff]+", buffer.folded[start + 1 : end].tobytes()))
        runs = sum(max(int(end - start) + 2 - size, 0) for size in (3, 5))
        assert found[line] == words + max(words - 1, 0) + 2 * (words > 0) + (words > 1) + 2 + runs


def test_grams_do_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch summed in many small blocks has the grams of a batch summed at once."""
    article = ["Menu", "", "Il pleut. Il fait froid.", "x" * 90, "ab"] * 4
    whole = grams([article])
    monkeypatch.setattr(ngrams, "BLOCK", 16)
    assert grams([article]) == whole


@settings(max_examples=60, deadline=None)
@given(article=articles.filter(len), before=articles, after=articles)
def test_columns_do_not_depend_on_the_batch(article: Article, before: Article, after: Article) -> None:
    """An article's columns are bit-identical alone and between any others, empty articles and lines included."""
    (lonely,) = columns([article])
    assert same(columns([before, article, [], after, article])[1], lonely)
    assert same(columns([[], article, article, before])[2], lonely)


def test_a_sentence_ends_with_its_line() -> None:
    """A full stop at a line's end and a capital at the next line's start are no sentence break inside either line."""
    table = np.concatenate(columns([["It rained.", "Then it stopped. Then it rained."], ["A new story."]]))
    assert table[:, NAMES.index("sentence_breaks")].tolist() == log2_1p(np.array([0, 1, 0])).tolist()


def test_columns_of_long_and_short_articles() -> None:
    """An article of 3,000 lines and one of a single line measure the same alone, together and in either order."""
    long = [f"Line {i % 97} of the harbour log, wind {i * i % 11}. Rain!" for i in range(3000)]
    short = ["Une gifle."]
    (long_alone,), (short_alone,) = columns([long]), columns([short])
    for batch in ([long, short], [short, long], [short, long, short, long]):
        for article, table in zip(batch, columns(batch), strict=True):
            assert same(table, long_alone if article is long else short_alone)


@settings(max_examples=60, deadline=None)
@given(article=articles.filter(len))
def test_columns_are_named_and_finite(article: Article) -> None:
    """Every column has a name of its own and a finite value, whatever the text."""
    (table,) = columns([article])
    assert table.shape == (len(article), len(NAMES))
    assert len(set(NAMES)) == len(NAMES)
    assert table.dtype == np.float32
    assert np.isfinite(table).all()


plain_text = st.text("abcdefghij XYZ 0123456789.,!-", min_size=1, max_size=60).filter(str.strip)


@settings(max_examples=60, deadline=None)
@given(text=plain_text, places=st.lists(st.integers(0, 60), min_size=1, max_size=6))
@pytest.mark.parametrize("mark", ["\u200b", "\u200d", "\u00ad", "\ufeff", "\u2060", "\u202e", "\u200f", "\u2066"])
def test_invisible_marks_change_no_gram(mark: str, text: str, places: list[int]) -> None:
    """A word cut by zero-width, soft-hyphen or direction marks is read as the word that a reader sees."""
    disguised = text
    for place in places:
        disguised = disguised[:place] + mark + disguised[place:]
    assert grams([[disguised]]) == grams([[text]])


@settings(max_examples=60, deadline=None)
@given(text=st.text("abcdefghijXYZ0123456789.,!-", min_size=1, max_size=60))
def test_full_width_letters_change_no_gram(text: str) -> None:
    """Full-width letters are read as the plain ones that a reader sees."""
    assert grams([["".join(chr(ord(c) + 0xFEE0) for c in text)]]) == grams([[text]])


def test_mathematical_letters_change_no_gram() -> None:
    """Letters from the mathematical alphabets are read as plain ones."""
    assert grams([["".join(chr(0x1D41A + ord(c) - 97) for c in "casino")]]) == grams([["casino"]])


def test_grams_tell_lines_apart() -> None:
    """Other words give other grams; case and the value of digits do not."""
    assert grams([["Casino 12"]]) == grams([["casino 98"]])
    assert not grams([["casino"]])[0][0].keys() & grams([["tunnel works"]])[0][0].keys()


def test_disguise_is_counted() -> None:
    """The number of disguising marks is a column, so that hiding a word is itself a sign."""
    (table,) = columns([["casino", "ca\u200bsi\u200bno"]])
    assert table[:, NAMES.index("disguised")].tolist() == log2_1p(np.array([0, 2])).tolist()


def hand_made() -> tuple[NDArray[np.float32], Alone]:
    """Two articles, of four lines and two, measured with scores written by hand; the table of both."""
    lines = ["Menu", "The bridge opens.", "Read also", "The bridge opens.", "Menu", "Rain."]
    probabilities = np.zeros((6, len(LABELS)), np.int64)
    for i, (label, share) in enumerate(
        [("navigation", 1000), ("content", 800), ("teaser", 700), ("content", 400), ("content", 1000), ("content", 600)]
    ):
        probabilities[i, LABELS.index(label)] = share
    keeps = np.array([[0, 0], [900, 800], [100, 200], [500, 600], [1000, 1000], [700, 700]])
    scores = Alone(probabilities, np.zeros((6, 2), np.int64), keeps, np.zeros(6, np.int64))
    buffer = lay_out(lines, [0, 4, 6])
    return context(buffer, Spans(buffer.folded), scores), scores


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alone.content", [0, 0.8, 0, 0.4, 1, 0.6]),
        ("line-1.content", [0, 0, 0.8, 0, 0, 1]),
        ("line+1.content", [0.8, 0, 0.4, 0, 0.6, 0]),
        ("line+2.teaser", [0.7, 0, 0, 0, 0, 0]),
        ("line-3.navigation", [0, 0, 0, 1, 0, 0]),
        ("line+1.keep.all", [0.8, 0.2, 0.6, 0, 0.7, 0]),
        ("line+1.length", [0.017, 0.009, 0.017, 0, 0.005, 0]),
        ("line+1.ends_stop", [1, 0, 1, 0, 1, 0]),
        ("lines-4..-1.content", [0, 0, 0.4, 0.8 / 3, 0, 1]),
        ("lines+1..+4.content", [0.4, 0.2, 0.4, 0, 0.6, 0]),
        ("lines-4..-1.keep.news", [0, 0, 0.45, 1 / 3, 0, 1]),
        ("lines+1..+30.ends_stop", [2 / 3, 0.5, 1, 0, 1, 0]),
        ("page.content", [0.3, 0.3, 0.3, 0.3, 0.8, 0.8]),
        ("page.keep.all", [0.4, 0.4, 0.4, 0.4, 0.85, 0.85]),
        ("place", [0, 1 / 3, 2 / 3, 1, 0, 1]),
    ],
)
def test_neighbours_and_windows(name: str, expected: list[float]) -> None:
    """Neighbour, window and page columns hold the values of the lines they name, and stop at the article's ends."""
    table, _ = hand_made()
    assert table[:, NAMES.index(name)].tolist() == pytest.approx(expected, abs=1e-6)


def test_distances_and_copies() -> None:
    """Distances count lines to the nearest mark on each side of the same article, and copies the equal lines in it."""
    table, _ = hand_made()

    def column(name: str) -> list[float]:
        return table[:, NAMES.index(name)].tolist()

    far = FAR
    assert column("teaser_before") == log2_1p(np.array([far, far, far, 1, far, far])).tolist()
    assert column("teaser_after") == log2_1p(np.array([2, 1, far, far, far, far])).tolist()
    assert column("lines_before") == log2_1p(np.array([0, 1, 2, 3, 0, 1])).tolist()
    assert column("lines_after") == log2_1p(np.array([3, 2, 1, 0, 1, 0])).tolist()
    assert column("copies") == log2_1p(np.array([1, 2, 1, 2, 1, 1])).tolist()
    assert column("copies_before") == log2_1p(np.array([0, 0, 0, 1, 0, 0])).tolist()


def test_shared_words() -> None:
    """A line on the article's topic shares words with its other lines; a foreign line shares none, nor does a lone line."""
    article = ["The viaduct reopened", "The viaduct was closed", "Купить таблетки дёшево"]
    batch = [article, ["The viaduct reopened"]]
    lines = [line for part in batch for line in part]
    probabilities = np.zeros((4, len(LABELS)), np.int64)
    probabilities[:, LABELS.index("content")] = 1000
    zeros = np.zeros((4, 2), np.int64)
    buffer = lay_out(lines, [0, 3, 4])
    table = context(buffer, Spans(buffer.folded), Alone(probabilities, zeros, zeros, np.zeros(4, np.int64)))
    long, short = table[:, NAMES.index("long_weight")], table[:, NAMES.index("short_weight")]
    assert (long[:2] > 0).all()
    assert (short[:2] > 0).all()
    assert long[2:].tolist() == [0, 0]
    assert short[2:].tolist() == [0, 0]
