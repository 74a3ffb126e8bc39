"""Markup is bounded before it is parsed: depth, attributes and elements, counted on the parser's own tree; text is not touched."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleaner import markup
from cleaner.markup import tamed

UNSEEN = ("script", "style", "textarea", "template", "select")
MANY = "<i>x</i> " * (markup.MANY_TAGS // 2 + 1)
"""Enough tags that nesting is looked at."""


def nodes(html: str) -> Iterator[LexborNode]:
    root = LexborHTMLParser(html).root
    assert root is not None
    yield from root.traverse(include_text=True)


def words(html: str) -> list[str]:
    """Words of a page in order, those of scripts and the like marked."""
    found: list[str] = []
    for node in nodes(html):
        if node.tag == "-text" and node.parent is not None:
            mark = "unseen:" if node.parent.tag in UNSEEN else ""
            found += [mark + word for word in (node.text_content or "").split()]
    return found


def depth(html: str) -> int:
    """How deep the parser's tree is."""
    depths: dict[int, int] = {}
    for node in nodes(html):
        depths[node.mem_id] = 1 + (depths.get(node.parent.mem_id, 0) if node.parent is not None else 0)
    return max(depths.values())


def attributes(html: str) -> dict[str, str | None]:
    """The attributes of the page's first `div`."""
    found = LexborHTMLParser(html).css_first("div")
    assert found is not None
    return found.attributes


ORDINARY = "<div class=a><p>Some <b>words</b>, <br>a <a href='x?a>b'>link</a>.<ul><li>one<li>two</ul></div>\n" * 700
SOUP = st.lists(
    st.one_of(st.text(max_size=8), st.sampled_from(["<p>", "</p>", "<b a='>'>", "<br/>", "<", ">", "<!--", "<script>", '"']))
)


@settings(max_examples=100, deadline=None)
@given(SOUP.map("".join))
def test_ordinary_pages_are_left_as_they_are(soup: str) -> None:
    """A page of a few thousand tags of bounded length is not changed by a character, broken or not."""
    assert tamed(soup) == soup
    assert tamed(ORDINARY) == ORDINARY


def test_a_long_page_of_real_depth_is_left_as_it_is() -> None:
    """Neither many tags nor a nesting far beyond that of real pages changes a page."""
    html = f"<body>{MANY}{'<div>' * 900}deep{'</div>' * 900}<p>after</p>"
    assert tamed(html) == html


def test_a_picture_written_into_an_attribute_is_left_as_it_is() -> None:
    """A picture of 200,000 letters in `src`, as many pages have, stays in its tag, and so do the attributes after it."""
    html = f'<p>one</p><div style="background:url(data:image/png;base64,{"iVBOR" * 40_000})" class=last id=b>two</div>'
    assert tamed(html) == html


NODES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(["word", "word", "<br>", "<img alt='>' src=x>", "<!-- <div> </p> -->", "script"]),
    lambda inner: st.tuples(st.sampled_from(["div", "b", "section", "span", "ul", "x-y"]), st.lists(inner, max_size=4)),
    max_leaves=30,
)


def rendered(node: Any, numbers: Iterator[int]) -> str:
    if isinstance(node, tuple):
        return f"<{node[0]} class='a b'>{''.join(rendered(inner, numbers) for inner in node[1])}</{node[0]}>"
    if node == "script":
        return f"<script>code{next(numbers)} = '<b>' + \"</p><div>\"</script>"
    return f" w{next(numbers)} " if node == "word" else str(node)


@settings(max_examples=25, deadline=None)
@given(st.lists(NODES, min_size=1, max_size=6), st.integers(markup.DEEPEST - 8, markup.DEEPEST + 300))
def test_the_text_of_a_deep_page_is_not_touched(parts: list[Any], around: int) -> None:
    """Where nesting passes the bound, every word stays, in order, and code stays code."""
    numbers = count()
    inner = "".join(rendered(part, numbers) for part in parts)
    html = f"<body>{MANY}{'<div>' * around}{inner}{'</div>' * around}<p>after</p>"
    assert words(tamed(html)) == words(html)


N = 20_000
DEEP = {
    "plain": "<div>" * N,
    "closed": "<div>" * N + "x" + "</div>" * N,
    "with a slash": "<div/>" * N,
    "an attribute with a slash": "<div a=b/>" * N,
    "other tags closed": "<div></b>" * N,
    "tags closed before": "</b>" * N + "<div>" * N,
    "brackets in attributes": '<div a="<">' * N,
    "closed in comments": "<div><!--</div>-->" * N,
    "closed in attributes": "<div a='</div>'>" * N,
    "closed in scripts": "<div><script></div></script>" * N,
    "void tags closed": "<div></br>" * N,
    "without brackets": "<div\n<div>" * N,
    "upper case": "<DIV\t>" * N,
    "spans": "<span>" * N,
    "unknown": "<x_y.z>" * N,
    "drawings": "<svg>" + "<g>" * N,
    "tables": "<table><tr><td>" * N,
}


@pytest.mark.parametrize("html", DEEP.values(), ids=DEEP)
def test_nesting_is_bounded(html: str) -> None:
    """No way to write 20,000 nested elements gives the parser a tree that deep, whose cost grows with its square."""
    assert depth(tamed(html + "end")) <= markup.MANY_TAGS
    assert words(tamed(html + "end"))[-1] == "end"


WIDE = {
    "spaces": " ".join(f"a{i}=1" for i in range(N)),
    "line feeds": "\n".join(f"a{i}" for i in range(N)),
    "quoted": " ".join(f"a{i}='x y'" for i in range(N)),
    "brackets": " ".join(f'a{i}=">"' for i in range(N)),
    "opening brackets": " ".join(f"a{i}='<'" for i in range(N)),
    "slashes": "/".join(f"a{i}" for i in range(N)),
    "nothing between": "".join(f'a{i}="1"' for i in range(N)),
}


@pytest.mark.parametrize("many", WIDE.values(), ids=WIDE)
def test_attributes_are_bounded(many: str) -> None:
    """No way to write 20,000 attributes gives the parser them all, whose cost grows with their square; the first ones stay."""
    found = attributes(tamed(f"<p>one</p><div class=story id=x {many}>two</div><p>three</p>"))
    assert len(found) <= markup.MOST_ATTRIBUTES + 1
    assert (found.get("class"), found.get("id")) == ("story", "x")
    assert words(tamed(f"<p>one</p><div class=story {many}>two</div><p>three</p>")) == ["one", "two", "three"]


@pytest.mark.parametrize("name", ["script", "style", "scripts", "x-y"])
@pytest.mark.parametrize("value", ["=1", "='x>y'", '=">"'])
def test_attributes_of_any_tag_are_bounded(name: str, value: str) -> None:
    """Scripts are long without being tags, but their own tag may not have 40,000 attributes either (5.9 s in the parser)."""
    html = tamed(f"<p>one</p><{name} {' '.join(f'a{i}{value}' for i in range(N))}>x</{name}><p>two</p>")
    assert html.count(" a") <= markup.MOST_ATTRIBUTES
    assert "<p>two</p>" in html


@pytest.mark.parametrize("name", ["b", "font", "a href=x><i"])
def test_elements_are_bounded(name: str) -> None:
    """Open formatting elements are opened anew in each paragraph: a page of 10 KB must not become 500,000 elements."""
    html = "<p>" + "".join(f"<{name} id=i{i}>" for i in range(400)) + "<p>x" * 400
    assert sum(1 for _ in nodes(tamed(html))) < 100 * html.count("<")
    assert words(tamed(html)) == ["x"] * 400


def test_long_text_in_scripts_is_left_as_it_is() -> None:
    """A comparison in code is no tag: the data that follows it in the script stays whole."""
    html = f"<script>if (a<b) x = '{'some words ' * 7000}end';</script><p>after</p>"
    assert words(tamed(html)) == words(html)
