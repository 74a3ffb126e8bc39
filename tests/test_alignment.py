"""Gold text finds its lines on the page: those and no others are marked to keep, each passage once."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.training.alignment import kept_lines, tokens

STORY = [
    "The old bridge over the river reopened on Monday after two years of work.",
    "Hundreds of people walked across it in the morning, many of them in the sports clothes of the town's club.",
    "The mayor, who had opposed the repairs, did not come; nor did the engineer who had planned them.",
    "Trams will follow in the spring, when the last rails have been laid on the northern bank.",
]
GOLD = "\n".join(STORY)
MENU = ["Home", "News", "Sports", "The mayor", "Sign in"]
FOOTER = ["Read also: a new school for the valley", "About us", "All rights reserved, no part of this page may be copied"]


def kept(lines: list[str], gold: str = GOLD) -> list[str]:
    marks = kept_lines(lines, gold)
    assert len(marks) == len(lines)
    assert all(type(mark) is bool for mark in marks)
    return [line for line, mark in zip(lines, marks, strict=True) if mark]


def test_the_lines_of_the_gold_text_are_kept() -> None:
    """The paragraphs of the story are marked; menu and footer around and between them are not."""
    assert kept([*MENU, *STORY, *FOOTER]) == STORY
    assert kept([*MENU, *STORY[:2], FOOTER[0], STORY[2], *MENU, STORY[3], *FOOTER]) == STORY


def test_a_menu_word_that_stands_in_the_story_too_is_not_kept() -> None:
    """Words that the story uses are no story where they stand in a menu, before it, inside it or after it."""
    menu = [
        "Sports",
        "The mayor",
        "The river",
        "the northern bank",
        "of the town's club",
        "in the morning",
        "Bridge over the river",
    ]
    assert kept([*menu, *STORY[:2], *menu, *STORY[2:], *menu]) == STORY


@pytest.mark.parametrize("between", [[], MENU, FOOTER])
def test_a_passage_that_the_page_repeats_is_kept_once(between: list[str]) -> None:
    """Of the copies for telephones and for screens one is marked, whole."""
    marks = kept_lines([*STORY, *between, *STORY], GOLD)
    first, second = marks[: len(STORY)], marks[-len(STORY) :]
    assert [one or other for one, other in zip(first, second, strict=True)] == [True] * len(STORY)
    assert not any(one and other for one, other in zip(first, second, strict=True))
    assert all(first) or all(second)
    assert not any(marks[len(STORY) : -len(STORY)])


def test_a_passage_that_the_gold_repeats_too_is_kept_twice() -> None:
    """A refrain that stands twice in page and gold is marked at both places."""
    lines = [STORY[0], STORY[1], STORY[0], STORY[2]]
    assert kept_lines([*MENU, *lines], "\n".join(lines)) == [False] * len(MENU) + [True] * 4


@pytest.mark.parametrize("order", [(3, 0, 1, 2), (1, 0, 3, 2), (3, 2, 1, 0)])
def test_another_order_of_the_gold_loses_no_line(order: tuple[int, ...]) -> None:
    """Where the gold has a box or the lead at another place than the page, its lines are found all the same."""
    assert kept([*MENU, *STORY, *FOOTER], "\n".join(STORY[i] for i in order)) == STORY


def test_short_lines_between_kept_ones() -> None:
    """A subheading or a reply of a word or two is kept where the gold has it, and not where a menu has it."""
    gold = "\n".join([STORY[0], "Sports", STORY[1], "Why?", "Nobody knows.", STORY[2], "The end"])
    page = [*MENU, STORY[0], "Sports", STORY[1], "Why?", "Share", "Nobody knows.", STORY[2], "The end", "Why?", "Sports"]
    assert kept_lines(page, gold) == [False] * 5 + [True] * 4 + [False] + [True] * 3 + [False] * 2


def test_short_lines_before_the_first_and_after_the_last_long_one() -> None:
    """A title, a byline and a dateline that the gold begins with are kept at the story, not in the menu; so is its end."""
    above, below = ["Reopened!", "By Ann Other", "Newport, Monday"], ["Ann Other", "Newport Herald", "Yes, really"]
    page = ["Home", *(part for line in above for part in (line, "Share")), *STORY, *(part for line in below for part in ("Share", line)), "About us"]  # fmt: skip
    assert kept(page, "\n".join([*above, *STORY, *below])) == [*above, *STORY, *below]


def test_a_title_that_stands_with_a_copy_of_the_lead() -> None:
    """Where a box above repeats title and lead of the story, the title is kept there and the lead once."""
    marks = kept_lines(["Video: Bridge reopens at last", STORY[0], *MENU, *STORY], f"Bridge reopens at last\n{GOLD}")
    assert marks[0]
    assert marks[1] + marks[2 + len(MENU)] == 1
    assert marks[2 : 2 + len(MENU)] + marks[3 + len(MENU) :] == [False] * len(MENU) + [True] * 3


def test_a_phrase_of_a_part_that_the_page_does_not_hold_is_not_kept() -> None:
    """A line of five words that the gold has somewhere else entirely is chance; a sentence is not."""
    gold = f"{GOLD}\nIt is open every day until noon, and on Sundays it is closed to all traffic but trams and bicycles."
    page = ["Open every day until noon", *MENU, *STORY]
    assert kept(page, gold) == STORY
    assert kept(["On Sundays it is closed to all traffic", *page], gold) == ["On Sundays it is closed to all traffic", *STORY]


def test_half_a_line_is_enough() -> None:
    """A line is kept from half of its words in the gold: a credit joined to it does not cost it, a quotation does not save it."""
    lead = " ".join(STORY[0].split()[:7])
    assert kept([f"{lead} one two three four five six seven"], STORY[0]) != []
    assert kept([f"{lead} one two three four five six seven eight"], STORY[0]) == []
    assert kept([f"{STORY[0]} Photo: Ann Other", *STORY[1:]])[0].endswith("Ann Other")


def test_lines_may_be_cut_elsewhere_than_the_gold() -> None:
    """Gold that joins or splits lines, and other white space, case, punctuation or quotes, marks the same lines."""
    page = [*MENU, *STORY, *FOOTER]
    assert kept(page, " ".join(STORY)) == STORY
    assert kept(page, GOLD.replace(" ", "\n")) == STORY
    assert kept(page, GOLD.upper().replace(",", " —").replace("'", "’")) == STORY
    halves = [half for line in STORY for half in (line[: len(line) // 2].rpartition(" ")[0], line[len(line[: len(line) // 2].rpartition(" ")[0]) :])]  # fmt: skip
    assert kept([*MENU, *halves, *FOOTER]) == halves


def test_chinese_and_japanese() -> None:
    """Text without spaces is matched by its characters; other characters of the page are not kept."""
    story = ["大桥周一重新开放，数百人步行通过。", "市长没有出席。", "橋は月曜日に再び開通した。"]
    page = ["首页", "市长", "新闻 体育", *story, "版权所有，未经许可不得转载", "相关阅读：新学校开学"]
    assert kept(page, "\n".join(story)) == story
    assert tokens("大桥 opens 橋は") == ["大", "桥", "opens", "橋", "は"]


@pytest.mark.parametrize("gold", ["", " \n", "…!?", "word", "nothing that stands on this page at all"])
def test_gold_that_is_not_there_keeps_nothing(gold: str) -> None:
    """An empty gold, or one of another page, marks no line."""
    assert kept([*MENU, *STORY, "", "…", *FOOTER], gold) == []


def test_empty_lines_are_not_kept() -> None:
    """Lines without a word are not part of the story, also between its paragraphs; a page without lines has no marks."""
    assert kept([STORY[0], "", "—", STORY[1], " \n", *STORY[2:]]) == STORY
    assert kept([]) == []


@settings(max_examples=100, deadline=None)
@given(
    sizes=st.lists(st.tuples(st.integers(4, 30), st.integers(0, 3)), min_size=1, max_size=8),
    noise=st.lists(st.integers(1, 12), max_size=20),
    random=st.randoms(use_true_random=False),
)
def test_exactly_the_gold_lines_are_kept(sizes: list[tuple[int, int]], noise: list[int], random: Random) -> None:
    """Paragraphs in order among shuffled noise of other words, a short line after some: exactly they are marked."""
    words = iter(range(10_000))
    gold = [" ".join(f"w{next(words)}" for _ in range(size)) for pair in sizes for size in pair if size]
    lines = [(line, True) for line in gold]
    for size in noise:
        lines.insert(random.randint(0, len(lines)), (" ".join(f"n{random.randint(0, 5)}" for _ in range(size)), False))
    assert kept_lines([line for line, _ in lines], "\n".join(gold)) == [mark for _, mark in lines]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abcde"), min_size=4, max_size=12), min_size=1, max_size=3),
    st.randoms(use_true_random=False),
)
def test_repeated_words_are_no_trouble(paragraphs: list[list[str]], random: Random) -> None:
    """Paragraphs that use the same few words over and over are marked, each one, and the noise between them is not."""
    gold = [" ".join(words) for words in paragraphs if sum(map(len, paragraphs)) <= 12 or words is paragraphs[0]]
    lines = [part for line in gold for part in (*["x y z"] * random.randint(0, 2), line)]
    assert kept(lines, "\n".join(gold)) == gold


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=12), max_size=12), st.lists(st.sampled_from("abcde"), max_size=60))
def test_no_word_of_the_gold_is_used_twice(lines: list[list[str]], gold: list[str]) -> None:
    """However words repeat: half of what is kept stands in the gold, and no word of the gold answers for two of the page."""
    marked = [
        line for line, mark in zip(lines, kept_lines([" ".join(line) for line in lines], " ".join(gold)), strict=True) if mark
    ]
    assert all(2 * sum(word in gold for word in line) >= len(line) > 0 for line in marked)
    assert sum(map(len, marked)) <= 2 * len(gold)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=10), st.text(max_size=60))
def test_any_text_can_be_aligned(lines: list[str], gold: str) -> None:
    """No text of any script raises, and a line without words is never kept."""
    assert [mark and not tokens(line) for line, mark in zip(lines, kept_lines(lines, gold), strict=True)] == [False] * len(lines)
