"""Hostile and broken pages: their text is kept, and twice the page takes about twice the work."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from cleaner import segment_html as module
from cleaner.pipeline import as_source
from cleaner.records import Article
from cleaner.segment_html import CELL_MARK, segment_html

Make = Callable[[int], str]
PACKAGE = module.__file__.rpartition("segment_html")[0]


def page(html: str) -> Article:
    return segment_html(as_source(html, kind="html", id="page.html"))


def words(article: Article) -> list[str]:
    return " ".join(found.text for found in article.paragraphs).split()


def attributes(count: int, form: str, gap: str) -> str:
    """A page whose one tag has `count` attributes."""
    return f"<p>word</p><div {gap.join(form.format(i) for i in range(count))}>word</div><p>word</p>"


def in_script(code: str) -> str:
    return f"<p>word</p><script>{code}</script><p>word</p>"


def json_ld(body: str) -> str:
    """A page with a body that is only in its JSON-LD, brackets escaped as many sites do."""
    data = json.dumps({"articleBody": body}).replace("<", "\\u003c")
    return f'<h1>word</h1><script type="application/ld+json">{data}</script>'


NESTED: dict[str, Make] = {
    "divisions": lambda n: "<div>word " * n,
    "spans": lambda n: "<p>" + "<span>word " * n,
    "bold and paragraphs": lambda n: "<b><i><p>word " * n,
    "links": lambda n: "<a href=x>word " * n,
    "tables": lambda n: "<table><tr><td>word " * n,
    "rows": lambda n: "<table>" + "<tr><td>word " * n,
    "lists": lambda n: "<ul><li>word " * n,
    "quotes closed": lambda n: "<blockquote>word " * n + "</blockquote>" * n,
    "headings": lambda n: "<h1><h2>word " * n,
    "forms and buttons": lambda n: "<form><button>word " * n,
    "stray ends": lambda n: "word </div></b></table></x>" * n,
    "inline alternating": lambda n: "<b>word </i></b><i>" * n,
    "breaks": lambda n: "<p>" + "word <br>" * n,
    "entities": lambda n: "<p>" + "word &#32;&nbsp;" * n,
    "comments": lambda n: "<p>" + "word <!-- <div> -->" * n,
    "unknown": lambda n: "<x-y>word " * n,
    "cells": lambda n: "<table><tr>" + "<td>word " * n,
}
"""Pages with `n` words each."""


@pytest.mark.parametrize("make", NESTED.values(), ids=NESTED)
@pytest.mark.parametrize("count", [300, 20_000])
def test_no_word_of_a_broken_page_is_lost(make: Make, count: int) -> None:
    """Elements that nest without end, never close or close in the wrong order cost no word of the text."""
    found = words(page(make(count) + "<p>end"))
    assert [word for word in found if word != CELL_MARK.strip()] == [*["word"] * count, "end"]


def test_a_hundred_thousand_nested_elements() -> None:
    """The text under 100,000 nested tags is kept, and what follows their end too."""
    html = "<p>before</p>" + "<div>" * 100_000 + "deep" + "</div>" * 100_000 + "<p>after</p>"
    assert words(page(html)) == ["before", "deep", "after"]


@pytest.mark.parametrize("quoted", ['a{}="1"', "a{}=1", "a{}", "a{}='>'"])
def test_many_attributes_in_one_tag(quoted: str) -> None:
    """A tag of 20,000 attributes costs the page no text, however they are written."""
    assert words(page(attributes(20_000, quoted, " "))) == ["word"] * 3


def test_a_hundred_thousand_attributes_in_one_tag() -> None:
    """The page of the well-known denial of service, 128,000 attributes in one tag, keeps its text."""
    assert words(page(attributes(128_000, "a{}=1", "\n"))) == ["word"] * 3


@pytest.mark.parametrize("name", ["alt", "data-page", "style"])
@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_long_attribute_does_not_swallow_the_page(name: str, quote: str) -> None:
    """An app's state or an endless description in an attribute, 70,000 characters of words, hides nothing that follows it."""
    html = f"<p>before</p><div id=app {name}={quote}{'some words ' * 7000}{quote} class=x>inside</div><p title='a' class=\"b\">after</p>"
    assert words(page(html)) == ["before", "inside", "after"]


def test_an_endless_text() -> None:
    """A text of 11 MB in one element, above the limits of some parsers, is one paragraph with every word."""
    (found,) = page("<p>" + "word " * 2_200_000 + "end").paragraphs
    assert len(found.text) == 11_000_003
    assert found.text.endswith("word end")


def test_a_page_of_fifty_megabytes() -> None:
    """A page of 50 MB gives all its paragraphs, whole."""
    text = "word " * 2_000
    article = page(f"<p>{text}</p>\n" * 5_000)
    assert len(article.paragraphs) == 5_000
    assert {found.text for found in article.paragraphs} == {text.strip()}


def test_a_long_page_without_end_tags_keeps_its_paragraphs() -> None:
    """HTML allows paragraphs and items without end tags: a book of 20,000 of them has 20,000 paragraphs."""
    assert len(page("<p>A paragraph of the book." * 20_000).paragraphs) == 20_000
    assert len(page("<ul>" + "<li>An item" * 20_000 + "</ul>").paragraphs) == 20_000
    assert len(page("<table>" + "<tr><td>Toll<td>2 EUR" * 8_000 + "</table>").paragraphs) == 8_000


@pytest.mark.parametrize("open_tags", [985, 998, 1_050, 20_000])
def test_code_stays_code_in_a_long_page_without_end_tags(open_tags: int) -> None:
    """A script after many open elements neither becomes text nor swallows the text that follows it."""
    full = "<p>full</p>" * 16_000
    html = (
        f"<body>{full}{'<p>open' * open_tags}<script>if (a) b('{'<b>' * 20}', seen)</script><style>p {{ seen }}</style><p>after"
    )
    assert words(page(html)) == [*["full"] * 16_000, *["open"] * open_tags, "after"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            '<table><tr><td colspan="9007199254740991" rowspan=99999999999>a<td>b</table><ol start=99999999999999999999><li>c',
            ["a | b", "c"],
        ),
        ("<p>a<p>b<!-- never closed <p>x", ["a", "b"]),
        ("<p>a</p><![CDATA[<p>b</p>]]><?php echo '<p>c", ["a", "b", "]]>c"]),
        ("<p>a</p></html></body><p>b", ["a", "b"]),
        ("<p>a<p>b <a href='x>never closed", ["a", "b"]),
        ("<p>a</p><script>document.write('<p>x</p>')", ["a"]),
        ("<<<<p>a << b</p <p>></ >c", ["<<<", "a << b", ">c"]),
        ("<p>a</p>b <frameset><frame src=x></frameset> c", ["a", "b c"]),
        ("<p>a</p><//p><!><!--><p>b</p><!--->c", ["a", "b", "c"]),
    ],
)
def test_broken_pages_keep_what_a_browser_shows(html: str, expected: list[str]) -> None:
    """Absurd spans, markup of other languages, stray brackets and ends that never come cost no word that a browser shows."""
    assert [found.text for found in page(html).paragraphs] == expected


def lines_run(html: str) -> int:
    """How many lines of this package run to segment a page: a count, the same on every machine."""
    ran = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal ran
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        ran += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        page(html)
    finally:
        sys.settrace(before)
    return ran


@pytest.mark.parametrize("make", NESTED.values(), ids=NESTED)
def test_our_own_work_grows_with_the_page(make: Make) -> None:
    """Twice the page takes at most three times the lines of code that run, so that no page can be made to cost a minute."""
    lines_run(make(10))  # imports and caches
    assert lines_run(make(800)) <= 3 * lines_run(make(400))


GROWING: dict[str, tuple[Make, int]] = {
    "nested": (lambda n: "<div>" * n + "word", 25_000),
    "nested and closed": (lambda n: "<div>" * n + "word" + "</div>" * n, 25_000),
    "bold and paragraphs": (lambda n: "<b><i><p>word " * n, 10_000),
    "tables": (lambda n: "<table><tr><td>word " * n, 10_000),
    "attributes": (lambda n: attributes(n, "a{}=1", " "), 32_000),
    "text": (lambda n: "<p>" + "word " * n, 500_000),
    "open brackets": (lambda n: "<p>word" + "<a" * n, 100_000),
    "brackets": (lambda n: "<p>word" + "< " * n, 100_000),
    "comments": (lambda n: "<p>word" + "<!--" * n, 100_000),
    "script of strings": (lambda n: in_script('x = "' + "word " * n + '"'), 200_000),
    "script of escaped quotes": (lambda n: in_script("x = '" + '\\"' * n + "'"), 2_000),
    "script of quotes": (lambda n: in_script('"' * n), 100_000),
    "script of backslashes": (lambda n: in_script('"' + "\\" * n), 100_000),
    "JSON-LD of nested elements": (lambda n: json_ld("<div>word " * n), 5_000),
    "JSON-LD of divisions": (lambda n: json_ld("<div>some word</div>" * n), 5_000),
    "JSON-LD of arrays": (lambda n: f'<p>word<script type="application/ld+json">{"[" * n}"articleBody"</script>', 200_000),
}


def seconds(html: str) -> float:
    """Processor time to segment a page."""
    source = as_source(html, kind="html", id="page.html")
    start = time.process_time()
    segment_html(source)
    return time.process_time() - start


@pytest.mark.parametrize(("make", "size"), GROWING.values(), ids=GROWING)
def test_time_grows_with_the_page(make: Make, size: int) -> None:
    """Four times the page takes about four times as long (eight at most; sixteen would be the square), the parser included."""
    short, long = make(size), make(4 * size)
    ratios = (seconds(long) / max(seconds(short), 0.025) for _ in range(5))
    assert any(ratio <= 8 for ratio in ratios)
