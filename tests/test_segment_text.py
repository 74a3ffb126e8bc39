"""Plain text falls into the paragraphs that its author wrote, each at its exact place."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.segment_text import LONGEST, segment_text

PARAGRAPHS = (
    (
        "The old bridge over the river reopened on Monday after eleven months of repairs that cost the town far more than it "
        "had planned, and the first lorries crossed before dawn while a small crowd of neighbours watched from the quay."
    ),
    (
        "Its mayor said that the money had come from three funds, one of which nobody in the council had heard of before the "
        "spring, and that the last invoices would be paid before the winter closes the road to the upper valley again."
    ),
    (
        "Shopkeepers on the left bank are relieved because the detour through the forest took half an hour and kept away most "
        "of the visitors who used to stop for bread, for petrol or simply for a look at the water under the arches."
    ),
)


def texts(text: str) -> list[str]:
    return [paragraph.text for paragraph in segment_text(text)]


def folded(text: str) -> str:
    return " ".join(text.split())


def assert_places_are_exact(text: str) -> None:
    at = 0
    for paragraph in segment_text(text):
        assert at <= paragraph.start < paragraph.end <= len(text)
        assert not text[at : paragraph.start].strip()
        assert folded(text[paragraph.start : paragraph.end]) == folded(paragraph.text)
        assert paragraph.text == paragraph.text.strip() != ""
        assert not text[paragraph.start].isspace()
        assert not text[paragraph.end - 1].isspace()
        at = paragraph.end
    assert not text[at:].strip()


def test_nothing_gives_no_paragraphs() -> None:
    """An empty text, or one of blanks and line ends alone, has no paragraphs."""
    assert [segment_text(text) for text in ("", " ", "\n\n\r\n \t\n", "\u2028\u2029")] == [(), (), (), ()]


def test_blank_lines_separate_paragraphs() -> None:
    """Paragraphs divided by blank lines, with blanks on them or not, come out one by one, as they stood."""
    assert texts("\n\n \t\n".join(PARAGRAPHS)) == list(PARAGRAPHS)


def test_one_line_a_paragraph() -> None:
    """Where each line is a paragraph, no two are joined."""
    assert texts("\n".join(PARAGRAPHS)) == list(PARAGRAPHS)


def test_short_lines_of_furniture_stay_apart() -> None:
    """Menu entries under each other are one paragraph each, so that each can be judged alone."""
    menu = ["Home", "World", "Culture", "Sport", "Share this article", "Log in"]
    assert texts("\n".join(menu)) == menu


@pytest.mark.parametrize("columns", [60, 72, 80])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_hard_wrapped_paragraphs_are_joined(columns: int, end: str) -> None:
    """Mail-like text wrapped at a margin comes back as its paragraphs, whatever the line ends."""
    wrapped = "\n\n".join(textwrap.fill(paragraph, columns, break_on_hyphens=False) for paragraph in PARAGRAPHS)
    text = wrapped.replace("\n", end)
    assert texts(text) == list(PARAGRAPHS)
    assert_places_are_exact(text)


@pytest.mark.parametrize("columns", [60, 72, 80])
def test_wrapped_paragraphs_without_blank_lines_end_at_their_short_lines(columns: int) -> None:
    """A clearly short last line ends a wrapped paragraph although no blank line follows."""
    wrapped = [[*textwrap.wrap(paragraph, columns)[:-1], "so they say."] for paragraph in PARAGRAPHS]
    text = "\n".join("\n".join(lines) for lines in wrapped)
    assert texts(text) == [" ".join(lines) for lines in wrapped]
    assert_places_are_exact(text)


@pytest.mark.parametrize("end", ["\r\n", "\r", "\u2028", "\x85", "\x0b"])
def test_every_line_end_is_a_line_end(end: str) -> None:
    """Windows, old Mac and Unicode line ends give the paragraphs that a plain line end gives."""
    lines = [*PARAGRAPHS, "", "A last line.", "And one more."]
    assert texts(end.join(lines)) == texts("\n".join(lines)) == [*PARAGRAPHS, "A last line.", "And one more."]


@pytest.mark.parametrize("bullet", ["• ", "- ", "* ", "– ", "1. ", "2) ", "a) "])
def test_bullets_in_wrapped_text_stay_apart(bullet: str) -> None:
    """In wrapped text each bullet is its own paragraph, together with its own further lines."""
    bullets = [bullet + paragraph for paragraph in PARAGRAPHS]
    text = "\n".join(textwrap.fill(paragraph, 72) for paragraph in [PARAGRAPHS[0], *bullets])
    assert texts(text) == [PARAGRAPHS[0], *bullets]
    assert_places_are_exact(text)


def test_short_bullets_stay_apart() -> None:
    """A plain list keeps one paragraph a bullet."""
    bullets = ["• two eggs", "• a pinch of salt", "• 200 g of flour"]
    assert texts("\n".join(bullets)) == bullets


@pytest.mark.parametrize(
    "line",
    [
        "AgricultureLe Conseil a tranché lundi matin.",
        "Photo Marc Aubin/Agence TestLe pont, vu du quai.",
        "Lire aussiPartager3 commentaires",
    ],
)
def test_glued_lines_are_left_as_they_are(line: str) -> None:
    """What a scraper glued is neither cut nor changed: cutting could lose a word of the article."""
    assert texts(f"{line}\n{PARAGRAPHS[0]}") == [line, PARAGRAPHS[0]]


def test_titles_of_one_length_are_not_a_wrapped_paragraph() -> None:
    """A list of other articles' titles, all about as long, is not taken for one paragraph."""
    titles = [
        "The council votes the budget for the new school by the lake",
        "Three bakers share one oven and the whole village is grateful",
        "Snow closes the upper road for the second time this November",
        "Police look for the owner of a parrot found in the station",
        "Harbour festival moves to June as the quay is being repaired",
    ]
    assert texts("\n".join(titles)) == titles


def test_titles_that_open_with_a_quote_or_a_number_are_not_joined() -> None:
    """Headlines that begin with a quotation or a figure are beginnings, not the middle of a sentence."""
    titles = [
        "“Nothing is left of it”, says the mayor after the flood at noon",
        "“Three of us, one oven”: how the bakers of the valley joined up",
        "12,000 visitors are awaited on the quay for the harbour week",
        "“Give me back my parrot”, begs its owner at the station door",
        "2,400 metres up, the warden has never seen so early a winter",
        "“Never again”, say the skippers who sailed through that night",
    ]
    assert texts("\n".join(titles)) == titles


def test_paragraphs_of_scripts_without_spaces_are_not_joined() -> None:
    """Chinese paragraphs, one a line and about as long as a mail's line, stay as many paragraphs."""
    paragraphs = [
        "市政府昨天宣布，横跨河流的旧桥在经过十一个月的维修之后，将于下周一重新向公众开放，第一批货车将在黎明前通过，附近的居民都表示欢迎。",
        "市长在新闻发布会上说，维修资金来自三个不同的基金，其中一个基金在今年春天以前没有人听说过，最后的账单将在冬天到来之前付清。",
        "左岸的商店老板们松了一口气，因为绕道穿过森林需要半个小时，过去常常停下来买面包、加油或者只是看看河水的游客几乎都不来了。",
        "不过也有一些居民感到担心，他们认为桥上的交通会比以前更加拥挤，孩子们上学的路也会变得更加危险，希望市政府尽快采取措施。",
    ]
    assert texts("\n".join(paragraphs)) == paragraphs


def test_verse_and_dialogue_keep_their_lines() -> None:
    """Short lines of a poem or an interview are not poured together."""
    lines = ["— Were you afraid?", "— No.", "— And now?", "— Now I am.", "A slap."]
    assert texts("\n".join(lines)) == lines


def test_free_verse_with_one_long_line_is_not_poured_together() -> None:
    """Lines of uneven length that run on into each other were broken by their author, not at a margin."""
    verse = [
        "the bridge",
        "was never there for us to cross, my love, but for the river",
        "to have something",
        "to pass under",
        "and a reason",
        "to go on",
    ]
    assert texts("\n".join(verse)) == verse


def test_bullets_whose_lines_are_full_stay_apart() -> None:
    """In wrapped text a bullet begins a paragraph also where the line before is full and ends without a stop."""
    opening = "The council has put on its list for the coming winter, in this order,"
    items = [
        "- a new roof for the school by the lake, and for the gymnasium that\n  stands behind it since the summer of the great flood in the valley",
        "- the quay, where the stones have been loose since the spring and no\n  boat may be moored before the engineers have seen it from below now",
    ]
    assert texts("\n".join([opening, *items])) == [opening, *(folded(found) for found in items)]


def assert_cut_without_loss(text: str) -> None:
    pieces = segment_text(text)
    assert len(pieces) > 1
    assert max(len(piece.text) for piece in pieces) <= LONGEST
    assert "".join("".join(piece.text.split()) for piece in pieces) == "".join(text.split())
    assert_places_are_exact(text)


@pytest.mark.parametrize(
    "text",
    [
        "A sentence like any other. " * (LONGEST // 10),
        "word " * (LONGEST // 2),
        "x" * (2 * LONGEST + 7),
        "大桥重新开放。" * (LONGEST // 4),
        "a" + " " * (2 * LONGEST + LONGEST // 2) + "b",
    ],
    ids=["sentences", "words", "one word", "no spaces", "a hole of blanks"],
)
def test_a_very_long_line_is_cut_without_loss(text: str) -> None:
    """A line without end becomes bounded paragraphs that together hold every character, and none is empty."""
    assert_cut_without_loss(text)


def test_long_sentences_are_cut_between_sentences() -> None:
    """Where a very long line has sentences, each piece but the last ends one."""
    pieces = texts("Here is a sentence of a book without paragraphs. " * (LONGEST // 20))
    assert all(piece.endswith("paragraphs.") and piece.startswith("Here") for piece in pieces)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_endless_wrapped_text_is_bounded_too(end: str) -> None:
    """A whole book wrapped at a margin without a blank line does not become one unbounded paragraph."""
    text = textwrap.fill("the river went on and on under the bridge and over the weir " * (LONGEST // 25), 72)
    assert_cut_without_loss(text.replace("\n", end))


WORDS = st.sampled_from(
    [
        "The",
        "river",
        "l’été",
        "naît,",
        "« Oui »",
        "fin.",
        "橋は開いた。",
        "x" * 40,
        "•",
        "-",
        "12)",
        "\u200b",
        "\ufeff",
        "A",
        "no…",
        "\0",
    ]
)
GAPS = st.sampled_from(
    [" ", " ", " ", "  ", "\t", "\u00a0", "\n", "\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\u2028", "\x0b", "\x0c", "\x85", "\x1c"]
)
SOUP = st.lists(st.tuples(WORDS, GAPS), max_size=120).map(lambda pairs: "".join(word + gap for word, gap in pairs))


@settings(max_examples=100, deadline=None)
@given(SOUP, st.text(" \n\r\t", max_size=5))
def test_places_are_exact(soup: str, lead: str) -> None:
    """Paragraphs stand in order at exact places, and nothing but blanks lies between: nothing is lost or made up."""
    assert_places_are_exact(lead + soup)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["the", "old", "bridge", "over", "It", "reopened", "on", "Monday."]), min_size=1, max_size=60), max_size=5),
       st.sampled_from([50, 60, 72, 80, 100]))  # fmt: skip
def test_places_are_exact_in_wrapped_text(paragraphs: list[list[str]], columns: int) -> None:
    """Joining the lines of wrapped text loses no word and crosses no blank line."""
    wrapped = [textwrap.fill(" ".join(words), columns) for words in paragraphs]
    text = "\n\n".join(wrapped)
    assert_places_are_exact(text)
    assert all("\n\n" not in text[found.start : found.end] for found in segment_text(text))


@settings(max_examples=60, deadline=None)
@given(SOUP)
def test_line_ends_do_not_change_paragraphs(soup: str) -> None:
    """The same text with Unix, Windows or old Mac line ends has the same paragraphs."""
    unix = soup.replace("\r\n", "\n").replace("\r", "\n")
    assert texts(unix) == texts(unix.replace("\n", "\r\n")) == texts(unix.replace("\n", "\r"))
