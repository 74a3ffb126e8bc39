"""A page is walked over its tree in Python, or over its markup in C: both find the same, whatever the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from cleaner import walk
from cleaner.walk.tree import TRAITS

needs_compiled = pytest.mark.skipif(walk.compiled is None, reason="not compiled: no C compiler where cleaner was installed")
PAGES = sorted((Path(__file__).parent / "pages").rglob("*.html"))

NAMES = (  # noqa: SIM905 - fifty names read better so
    "p div span a a b i li ul br br hr pre code td tr table h1 section nav img input script style template svg math textarea select "
    "option iframe noscript body html head title noframes form button xmp plaintext noembed frameset mi foreignObject o:p a<b image"
).split()
TEXTS = [
    "word", " ", "\n", "  two words ", "&nbsp;", "\u2003", "é ", "日本 ", "\U0001f600", "a &amp; b", "&lt;p&gt;", "\r\n x", "&#0;", "\0", "]]>",
    "\u0085", "\u1680x", "&quot;", "<", "<!-- c -->", "<!-->", "<!--a--!>", "<?php x ?>", "<!DOCTYPE html>", "</", "<![CDATA[x]]>", "--><script>",
]  # fmt: skip
ATTRIBUTES = [
    "", ' class="a  b"', " id=x", ' class="" id=" "', " hidden", ' style="Display : NONE"', ' style="visibility:hid den"', " aria-hidden=true",
    ' aria-hidden="true "', ' role="a&amp;b&quot;&lt;&nbsp;"', " itemprop='é日'", ' a"b=1', " =x", " class=1 class=2", ' data-x=">"', " style", " class",
]  # fmt: skip
START = st.builds("<{}{}{}>".format, st.sampled_from(NAMES), st.sampled_from(ATTRIBUTES), st.sampled_from(["", "", " /"]))
END = st.builds("</{}>".format, st.sampled_from(NAMES))
SOUP = st.lists(st.one_of(START, END, st.sampled_from(TEXTS)), max_size=40).map("".join)


def both(html: str) -> tuple[object, walk.Walked]:
    tree = LexborHTMLParser(html)
    return walk.compiled.walk(tree.html or "", TRAITS), walk.walk_in_python(tree)


@needs_compiled
@given(SOUP)
@example("a<script> </script>b")
@example("word<template> <br></template><title><p>")
@example("<pre>\n a  \n\n<b>b</b> <br></pre>c<br>d<br> <br>e")
@example("<script><!--<script></script>--></script>x")
@example("<a> x </a><a>y</a> <p style=' display:\tnone'>z")
@example("<table><tr>x<td>a<td>b")
def test_both_walks_find_the_same(html: str) -> None:
    """Whoever has no C compiler gets the same paragraphs and the same layout."""
    found, expected = both(html)
    assert found is None or walk.Walked(*found) == expected


@needs_compiled
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name + "/" + page.name)
def test_pages_as_they_are_written_are_read_in_c(page: Path) -> None:
    """No page of ours is so odd that it is walked slowly."""
    found, expected = both(page.read_text(encoding="utf-8", errors="replace"))
    assert found is not None
    assert walk.Walked(*found) == expected


@needs_compiled
@given(SOUP, st.data())
def test_markup_that_lexbor_would_not_write_is_never_guessed_at(html: str, data: st.DataObject) -> None:
    """Damaged markup gives no answer, or one for the elements that are there: never a crash."""
    written = LexborHTMLParser(html).html or ""
    low = data.draw(st.integers(0, len(written)))
    high = data.draw(st.integers(low, len(written)))
    for damaged in (written[:low], written[low:], written[:low] + written[high:], html):
        found = walk.compiled.walk(damaged, TRAITS)
        if found is not None:
            answer = walk.Walked(*found)
            assert len(answer.texts) == len(answer.holders) == len(answer.blocks) == len(answer.links)
            assert all(parent < i for i, parent in enumerate(answer.parents))
            assert all(0 <= element < len(answer.tags) for element in (*answer.holders, *answer.blocks))


@needs_compiled
@pytest.mark.parametrize(
    "markup", ["<p>a", "a</p>", "<p>a&eacute;</p>", "<p class=a>b</p>", "<p", "<", "<!--", "<xmp>a</xmp>", "<script>a", "<p></b>"]
)
def test_odd_markup_is_left_to_python(markup: str) -> None:
    """What is not as lexbor writes it gets no answer, so that the tree is walked instead."""
    assert walk.compiled.walk(markup, TRAITS) is None


def test_elements_whose_content_is_shown_as_it_is_are_walked_all_the_same() -> None:
    """Old pages show markup in `<xmp>`; its text is there with and without what is compiled."""
    found = walk.walk(LexborHTMLParser("<p>before</p><xmp><b>bold</b></xmp>"))
    assert found.texts == ["before", "<b>bold</b>"]


@needs_compiled
@pytest.mark.parametrize("arguments", [(), ("x",), (b"x", {}), ("x", []), ("x", {}, 1)])
def test_wrong_arguments_are_refused(arguments: tuple[object, ...]) -> None:
    """A call that makes no sense ends in an error."""
    with pytest.raises(TypeError):
        walk.compiled.walk(*arguments)
