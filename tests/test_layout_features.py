"""Layout grams and page columns of a page are its own, whatever else is in the batch, and measure what they are named for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cleaner.classifier.alone import LayoutWeights, judge_layout, pack_layout
from cleaner.features.context import Alone
from cleaner.features.layout import Layouts, Page, layout_grams
from cleaner.features.ngrams import mix
from cleaner.features.page import LayoutAlone, page_column_names, page_columns
from cleaner.features.surface import log2_1p
from cleaner.pipeline import as_source
from cleaner.records import LABELS, STYLES, Layout
from cleaner.segment_html import segment_html

NAMES = page_column_names()
EMPTY = "\n\n\n"


def said_of(page: Page) -> NDArray[np.int64]:
    """Stand-ins for stage one's scores, drawn from a page's paragraphs alone: thirty numbers each."""
    keys = [17 + 30 * (length * 7 + links * 3 + holder) for length, links, holder in zip(page.lengths, page.layout.links, page.layout.holders, strict=True)]  # fmt: skip
    spread = np.array(keys, np.uint64).reshape(-1, 1) + np.arange(30, dtype=np.uint64)
    return (mix(spread.astype(np.uint64)) >> np.uint64(40)).astype(np.int64)


def stage_one(pages: Sequence[Page]) -> tuple[Alone, LayoutAlone]:
    raw = np.concatenate([said_of(page) for page in pages])
    text, layout = raw[:, :10], raw[:, 10:20]
    return (
        Alone(
            probabilities=text * 1000 // np.maximum(text.sum(axis=1, keepdims=True), 1),
            keep_logits=raw[:, 20:22] % 193 - 96,
            keeps=raw[:, 22:24] % 1001,
            spam_logit=raw[:, 24] % 193 - 96,
        ),
        LayoutAlone(layout * 1000 // np.maximum(layout.sum(axis=1, keepdims=True), 1), raw[:, 25:27] % 257 - 128),
    )


def columns(pages: Sequence[Page]) -> list[NDArray[np.float32]]:
    """The table of every page, measured in one batch."""
    layouts = Layouts(pages)
    return np.split(page_columns(layouts, *stage_one(pages)), layouts.offsets[1:-1])


def grams(pages: Sequence[Page]) -> list[list[Counter[int]]]:
    """Counted layout grams of every paragraph of every page."""
    layouts = Layouts(pages)
    found = layout_grams(layouts)
    rows: list[Counter[int]] = [Counter() for _ in range(len(layouts.holders))]
    for paragraph, gram in zip(found.lines.tolist(), found.hashes.tolist(), strict=True):
        rows[paragraph][gram] += 1
    return [rows[start:end] for start, end in zip(layouts.offsets[:-1], layouts.offsets[1:], strict=True)]


def same(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    return one.shape == other.shape and one.dtype == np.float32 and one.tobytes() == other.tobytes()


def page_of(html: str) -> Page:
    article = segment_html(as_source(html, kind="html"))
    assert article.layout is not None
    return Page(article.layout, [len(found.text) for found in article.paragraphs])


def column(html: str, name: str) -> list[float]:
    (table,) = columns([page_of(html)])
    values: list[float] = table[:, NAMES.index(name)].tolist()
    return values


TAGS = st.sampled_from(["p", "div", "li", "nav", "article", "a", "td", "x-new", "figure"])
SIGNS = st.sampled_from(
    [EMPTY, EMPTY, "story\n\n\n", "menu item-3\n\n\n", "\nmain\nmain\n", "a b\n\n\narticleBody", "postBody\n\n\n"]
)


@st.composite
def layouts_of_pages(draw: st.DrawFn) -> Page:
    """A tree of elements in document order, each of which holds text, and the paragraphs of each."""
    path, parents, holders = [-1], list[int](), list[int]()
    for i in range(draw(st.integers(1, 12))):
        depth = draw(st.integers(1, len(path)))
        path = [*path[:depth], i]
        parents.append(path[-2])
    for i in range(len(parents)):
        holders += [i] * draw(st.integers(0 if i in parents else 1, 2))
    size = len(parents)
    lengths = [draw(st.one_of(st.integers(1, 30), st.integers(1, 20_000))) for _ in holders]
    layout = Layout(
        parents=tuple(parents),
        tags=tuple(draw(st.lists(TAGS, min_size=size, max_size=size))),
        signs=tuple(draw(st.lists(SIGNS, min_size=size, max_size=size))),
        hidden=tuple(draw(st.lists(st.booleans(), min_size=size, max_size=size))),
        holders=tuple(holders),
        links=tuple(draw(st.integers(0, length)) for length in lengths),
    )
    return Page(layout, lengths)


@settings(max_examples=80, deadline=None)
@given(pages=st.lists(layouts_of_pages(), min_size=2, max_size=4), order=st.randoms(use_true_random=False))
def test_a_pages_columns_do_not_depend_on_the_batch(pages: list[Page], order: Any) -> None:
    """A page's columns are the same to the bit alone, among any other pages, and in any order of them."""
    alone = [columns([page])[0] for page in pages]
    shuffled = list(range(len(pages)))
    order.shuffle(shuffled)
    for places in (list(range(len(pages))), shuffled, [0, 0, *shuffled]):
        assert all(same(table, alone[i]) for i, table in zip(places, columns([pages[i] for i in places]), strict=True))


@settings(max_examples=60, deadline=None)
@given(page=layouts_of_pages(), before=layouts_of_pages(), after=layouts_of_pages())
def test_a_pages_grams_do_not_depend_on_the_batch(page: Page, before: Page, after: Page) -> None:
    """A paragraph's layout grams are the same alone and between any other pages."""
    assert grams([before, page, page, after])[1:3] == grams([page]) * 2


@settings(max_examples=60, deadline=None)
@given(page=layouts_of_pages())
def test_columns_are_named_and_finite(page: Page) -> None:
    """Every column has a name of its own and a finite value, whatever the layout; so does every paragraph its grams."""
    (table,) = columns([page])
    assert table.shape == (len(page.lengths), len(NAMES))
    assert len(set(NAMES)) == len(NAMES)
    assert np.isfinite(table).all()
    assert all(grams([page])[0])


def test_a_recovered_body_is_measured_too() -> None:
    """A page with a second root, as text found in its scripts has, is measured like any other."""
    shown = page_of("<div><p>one</p></div>").layout
    joined = Layout((*shown.parents, -1), (*shown.tags, "script"), (*shown.signs, EMPTY), (*shown.hidden, False), (*shown.holders, 4), (0, 0))  # fmt: skip
    (table,) = columns([Page(joined, [3, 500])])
    assert np.isfinite(table).all()
    assert table[:, NAMES.index("depth")].tolist() == pytest.approx([0.3, 0])


@pytest.mark.parametrize("deep", [300, 5_000, 14_000])
def test_deep_pages_work(deep: int) -> None:
    """A page that nests thousands of elements is measured, and the same so in a batch."""
    rest = range(deep - 1)
    chain = Layout((-1, *rest), ("nav", *["div"] * (deep - 1)), (EMPTY,) * deep, (True, *[False] * (deep - 1)), (0, deep // 2, deep - 1), (0, 2, 0))  # fmt: skip
    page, other = Page(chain, [10, 20, 500]), page_of("<p>one</p>")
    (table,) = columns([page])
    assert np.isfinite(table).all()
    assert same(columns([other, page, other])[1], table)
    assert table[:, [NAMES.index("in.nav"), NAMES.index("hidden")]].tolist() == [[1, 1]] * 3
    assert grams([other, page])[1] == grams([page])[0]


def grams_of(html: str) -> list[Counter[int]]:
    return grams([page_of(html)])[0]


def test_like_elements_give_like_grams() -> None:
    """Paragraphs of equal length in equal elements have equal grams; another class, tag or place gives others."""
    first, second, other_class, other_tag, inside = grams_of(
        "<div><p class=body>aaaa</p><p class=body>bbbb</p><p class=menu>cccc</p><h2 class=body>dddd</h2></div>"
        "<nav><div><p class=body>eeee</p></div></nav>"
    )
    assert first == second
    for other in (other_class, other_tag, inside):
        assert first != other
        assert first & other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("class=post-123", "class=post-98765"),
        ("id=comment_4 class='w-100 x'", "id=comment_77 class='w-5 x'"),
        ("class='a b'", "class=' a\t b '"),
        ("class=Post", "class=post"),
        ("role=Main", "role=main"),
        ("class='b b c'", "class='b c'"),
        ("style=color:red title=x data-x=1", ""),
    ],
)
def test_tokens_look_past_numbers_and_spelling(one: str, other: str) -> None:
    """Digits, case, repeats and white space of names do not tell two elements apart, nor do attributes that name nothing."""
    assert grams_of(f"<div {one}>text</div>") == grams_of(f"<div {other}>text</div>")


@settings(max_examples=60, deadline=None)
@given(st.from_regex(r"[a-zA-Z_-]{1,6}", fullmatch=True), st.from_regex(r"[a-zA-Z_-]{0,6}", fullmatch=True), st.integers(0, 10**9), st.integers(0, 10**9))  # fmt: skip
def test_numbers_in_names_do_not_count(start: str, end: str, one: int, other: int) -> None:
    """A number anywhere in a class or id may have any value; that there is one does count."""
    first, second = (grams_of(f'<div class="{start}{n}{end}" id="{start}{n}{end}">text</div>') for n in (one, other))
    assert first == second
    assert first != grams_of(f'<div class="{start}{end}" id="{start}{end}">text</div>')


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("class=story", "id=story"),
        ("class=story", ""),
        ("role=main", "itemprop=main"),
        ("class='a b'", "class=a-b"),
        ("class=x", "class=y"),
    ],
)
def test_tokens_tell_elements_apart(one: str, other: str) -> None:
    """Where a name stands, and which it is, gives other grams."""
    assert grams_of(f"<div {one}>text</div>") != grams_of(f"<div {other}>text</div>")


def test_words_of_a_name_are_shared() -> None:
    """Names that share a word, joined by hyphens or capitals, share grams that other names do not have."""
    camel, hyphens, other = (
        grams_of(f"<div class={name}>text</div>")[0] for name in ("relatedStories", "most-related", "weather")
    )
    assert (camel & hyphens).total() > (camel & other).total()


PAGE = (
    "<nav hidden><ul><li><a href=x>Home</a></li><li><a href=x>News</a></li></ul></nav>"
    "<article><h1>Bridge</h1><p>The old bridge.</p><p>It <a href=x>reopened</a>.</p></article>"
)
"""Paragraphs: Home, News, Bridge, The old bridge., It reopened."""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tag.li", [0, 0, 0, 0, 0]),
        ("tag.a", [1, 1, 0, 0, 0]),
        ("tag.h1", [0, 0, 1, 0, 0]),
        ("parent.li", [1, 1, 0, 0, 0]),
        ("parent.other", [0, 0, 1, 1, 1]),
        ("in.nav", [1, 1, 0, 0, 0]),
        ("in.ul", [1, 1, 0, 0, 0]),
        ("in.article", [0, 0, 1, 1, 1]),
        ("in.a", [1, 1, 0, 0, 0]),
        ("hidden", [1, 1, 0, 0, 0]),
        ("depth", [0.5, 0.5, 0.3, 0.3, 0.3]),
        ("link_share", [1, 1, 0, 0, 0.666]),
        ("links", log2_1p(np.array([4, 4, 0, 0, 8])).tolist()),
        ("like1.count", log2_1p(np.array([2, 2, 1, 2, 2])).tolist()),
        ("like2.link_share", [1, 1, 0, 0.333, 0.333]),
        ("paragraph-1.same_element", [0, 1, 0, 0, 1]),
        ("paragraph+1.same_element", [1, 0, 0, 1, 0]),
        ("paragraph+1.same_parent", [0, 0, 1, 1, 0]),
        ("paragraph+1.deeper", [0, -0.4, 0, 0, 0]),
        ("paragraph-2.length", [0, 0, *log2_1p(np.array([4, 4, 6])).tolist()]),
        ("container1.paragraphs", log2_1p(np.array([2, 2, 3, 3, 3])).tolist()),
        ("container2.paragraphs", log2_1p(np.array([5] * 5)).tolist()),
        ("container1.semantic", [0, 0, 1, 1, 1]),
    ],
)
def test_columns_hold_what_they_are_named_for(name: str, expected: list[float]) -> None:
    """Tags, regions, links, likes, neighbours and containers of a small page, counted by hand."""
    assert column(PAGE, name) == pytest.approx(expected, abs=1e-6)


def test_page_sums_are_the_pages_own() -> None:
    """What is summed over a page is one value for all of its paragraphs, and another where the page has another paragraph."""
    shorter, longer = columns([page_of(PAGE), page_of(PAGE + "<p>One more paragraph of some length.</p>" * 3)])
    for name in ("page.text", *(f"page.joint.{style}" for style in STYLES)):
        one, other = (set(table[:, NAMES.index(name)].tolist()) for table in (shorter, longer))
        assert len(one) == len(other) == 1
        assert one != other


def test_stage_one_is_among_the_columns() -> None:
    """The columns of a label hold what stage one says of it."""
    page = page_of(PAGE)
    (table,) = columns([page])
    _, layout = stage_one([page])
    for i, label in enumerate(LABELS):
        assert table[:, NAMES.index(f"layout.{label}")].tolist() == pytest.approx((layout.probabilities[:, i] / 1000).tolist())


def test_layout_scores_are_plain_sums() -> None:
    """Summing tokens once a kind of element gives what adding up every gram of every paragraph gives, bit for bit."""
    deep = "<div class='a b'>" * 20 + "<p>one</p><p id=x>two</p>" + "</div>" * 20
    pages = [page_of(deep), page_of("<p>alone</p>"), page_of(f"<nav><a href=/>Menu</a></nav>{deep}<p class=b>three</p>")]
    random, columns = np.random.default_rng(2), len(LABELS) + len(STYLES)
    weights = random.integers(-127, 128, (1 << 10, columns)).astype(np.int8)
    linear = LayoutWeights(weights, random.uniform(1e-3, 1e-2, columns), random.normal(0, 0.3, columns))
    layouts = Layouts(pages)
    grams_found = layout_grams(layouts)
    slots = (grams_found.hashes >> np.uint64(64 - 10)).astype(np.int64)
    sums = np.zeros((len(layouts.holders), columns))
    np.add.at(sums, grams_found.lines, weights[slots])
    roots = np.sqrt(np.bincount(grams_found.lines))[:, None]
    keeps = (sums * linear.scale / roots + linear.bias)[:, len(LABELS) :]
    found = judge_layout(pack_layout(linear), layouts)
    assert (found.keep_logits == np.rint(np.clip(keeps, -8, 8) * 16)).all()
