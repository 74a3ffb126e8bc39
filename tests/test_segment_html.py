"""A page becomes the paragraphs that its reader sees, each with its place in the markup, and no word is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext, suppress
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.errors import SourceError
from cleaner.pipeline import as_source
from cleaner.records import Article, Layout
from cleaner.segment_html import segment_html


def page(html: str | bytes) -> Article:
    return segment_html(as_source(html, kind="html", id="page.html"))


def texts(html: str | bytes) -> list[str]:
    return [paragraph.text for paragraph in page(html).paragraphs]


def layout_of(html: str) -> Layout:
    layout = page(html).layout
    assert layout is not None
    return layout


def around(layout: Layout, paragraph: int) -> Iterator[int]:
    """The element that holds a paragraph, and its ancestors."""
    element = layout.holders[paragraph]
    while element >= 0:
        yield element
        assert layout.parents[element] < element
        element = layout.parents[element]


@pytest.mark.parametrize(
    "tag",
    """address article aside blockquote button center dd details dialog dir div dl dt fieldset figcaption figure footer form
    h1 h2 h3 h4 h5 h6 header hgroup legend li listing main menu nav noscript ol p pre search section summary ul xmp""".split(),  # noqa: SIM905
)
def test_a_block_element_is_a_paragraph_of_its_own(tag: str) -> None:
    """Text before, in and after an element that browsers set on its own lines are three paragraphs."""
    assert texts(f"<body>one <{tag}>two</{tag}> three") == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<div>Lead.<p>First.</p>Between.<p>Last.</p>Tail.</div>", ["Lead.", "First.", "Between.", "Last.", "Tail."]),
        ("<p>one<hr>two", ["one", "two"]),
        ("<p>wo<b>r</b>d, <a href=x>a <i>li</i>nk</a> and <x-new>more</x-new>.</p>", ["word, a link and more."]),
        ("<p>one<!-- a note -->two<wbr>three</p>", ["onetwothree"]),
        ("<p>  one\n\t two\u00a0 three </p>", ["one two three"]),
        ("<p>one<br>two<br/>\n three</p>", ["one\ntwo\nthree"]),
        ("<p>one<br><br>two<br> \n<br>three<br><i></i><br>four</p>", ["one", "two", "three", "four"]),
        ("<br><br>one<br>", ["one"]),
        ("<div>one<hr>two<div></div>three<button></button>four</div>", ["one", "two", "three", "four"]),
        ("<p>unclosed<p>paragraphs<li>and<li>items", ["unclosed", "paragraphs", "and", "items"]),
        ("<a href=x><div>one</div><div>two</div></a>", ["one", "two"]),
    ],
)
def test_paragraph_edges(html: str, expected: list[str]) -> None:
    """Paragraphs end where a reader sees a new block or an empty line, not at inline markup or line feeds of the source."""
    assert texts(html) == expected


def test_single_line_breaks_stay_in_the_paragraph() -> None:
    """An address or a verse with a `<br>` at each line stays one paragraph, a line feed at each break."""
    assert texts("<p>Town Hall<br>1 Quay Street\n<br> <b>Newport</b></p>") == ["Town Hall\n1 Quay Street\nNewport"]


def test_noscript_is_read() -> None:
    """What a page shows without scripts is text of the page: some forums stand in `noscript` as a whole."""
    assert texts("<p>one</p><noscript><div>two <b>bold</b></div><p>three</p></noscript>") == ["one", "two bold", "three"]


@pytest.mark.parametrize("tag", ["script", "style", "template", "svg", "select", "iframe", "textarea", "datalist"])
def test_what_no_reader_sees_is_no_text(tag: str) -> None:
    """Code, templates, drawings and fields give no text, wherever they stand."""
    html = f"<body><{tag}>unseen</{tag}><p>one <{tag}>unseen</{tag}>two</p><{tag}>unseen</{tag}>three"
    assert " ".join(texts(html)).split() == ["one", "two", "three"]
    assert texts("<p>a</p><template>bare<div>unseen<p>deep</p></div></template><svg><title>x</title><text>y</text></svg>") == [
        "a"
    ]
    assert " ".join(texts("<p>a <select><optgroup label=x><option>b<option>c</select>d</p>")).split() == ["a", "d"]


@pytest.mark.parametrize("tag", ["script", "style", "template", "svg"])
def test_code_does_not_cut_a_paragraph(tag: str) -> None:
    """A script or a drawing between two words leaves them in one paragraph."""
    assert texts(f"<p>one <{tag}>unseen</{tag}>two</p>") == ["one two"]


@pytest.mark.parametrize(
    "mark", ["hidden", 'style="color:red; DISPLAY : none"', "style='visibility: hidden !important'", "aria-hidden=true"]
)
def test_hidden_text_is_a_paragraph_marked_hidden(mark: str) -> None:
    """Text that the markup hides is not thrown away unseen: it is a paragraph whose layout says hidden."""
    html = f"<div {mark}><p>unseen</p></div><p style='display:block' aria-hidden=false>seen</p>"
    layout = layout_of(html)
    assert texts(html) == ["unseen", "seen"]
    assert [any(layout.hidden[i] for i in around(layout, p)) for p in (0, 1)] == [True, False]


def test_short_rows_keep_names_with_values() -> None:
    """A row of short cells is one paragraph, so that a value keeps its name; head rows and captions too."""
    table = "<table><caption>Prices</caption><tr><th>Item<th>Price<tr><td>Bridge toll<td>2 <b>EUR</b><tr><td>alone</table>"
    assert texts(table) == ["Prices", "Item | Price", "Bridge toll | 2 EUR", "alone"]
    layout = layout_of(table)
    assert [layout.tags[holder] for holder in layout.holders] == ["caption", "tr", "tr", "td"]


def test_a_table_that_lays_out_the_page_is_no_row() -> None:
    """Columns of an old page that is laid out by a table are paragraphs of their own, also beside a short cell."""
    story = "The bridge reopened on Monday. " * 20
    assert texts(f"<table><tr><td>Menu<td>{story}</table>") == ["Menu", story.strip()]
    assert texts("<table><tr><td>Menu<td><p>One.</p><p>Two.</p></table>") == ["Menu", "One.", "Two."]
    assert texts("<table><tr><td>one<br><br>two<td>three</table>") == ["one", "two", "three"]
    assert texts("<table><tr><td>x<table><tr><td>a<td>b</table><td>y</table>") == ["x", "a | b", "y"]


def test_lists() -> None:
    """Terms and their definitions, items and the items nested in them are paragraphs in reading order."""
    assert texts("<dl><dt>Toll<dd>A fee.<dt>Quay<dd>A wall.</dl>") == ["Toll", "A fee.", "Quay", "A wall."]
    assert texts("<ol><li>one<ul><li>two<li>three</ul>four<li>five</ol>") == ["one", "two", "three", "four", "five"]


def test_code_keeps_its_lines() -> None:
    """Preformatted text keeps its lines, its indents and the empty lines between, with or without markup in it."""
    assert texts("<pre><code>def f():\n    <b>return</b>  1\n\n\nf()<br>f()\n</code></pre>") == [
        "def f():\n    return  1\n\n\nf()\nf()"
    ]


def test_odd_characters() -> None:
    """Entities are read; NUL bytes, halves of characters and private-use icons neither break a word's line nor the page."""
    assert texts("<p>&lt;b&gt; &amp;amp; caf&eacute;&#8217;s &#x1F600; &copy &hellip;</p>") == ["<b> &amp; café’s 😀 © …"]
    assert texts("<p>no\0thing</p>") == ["nothing"]
    assert texts("<p>half \ud83d and whole</p>") == ["half ? and whole"]
    assert texts("<p>x\uf0e0y</p>") == ["x\uf0e0y"]


def test_an_icon_of_the_private_use_area_is_no_line_break() -> None:
    """Icon fonts use any private character, the first too: it breaks no line, and alone it makes no empty paragraph."""
    assert texts("<p>Share\ue000 this</p>") in (["Share this"], ["Share\ue000 this"])
    assert [text for text in texts("<p>\ue000</p><pre>\ue000</pre><p>one</p>") if text != "\ue000"] == ["one"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>See <a href=x>the <b>report</b></a> and <a>that</a>.</p><p>None.</p>", [14, 0]),
        ("<a><p>All of it</p></a>", [9]),
        ("<table><tr><td><a>one</a><td>two<td><a>three</a></table>", [8]),
        ("<p>See <a href=x>\n        the\n        report\n    </a> now.</p>", [10]),
    ],
)
def test_linked_characters_are_counted(html: str, expected: list[int]) -> None:
    """The layout says how many characters of a paragraph are link text, however the source is indented."""
    assert list(layout_of(html).links) == expected


def test_what_an_element_says_of_itself_keeps_its_line() -> None:
    """Class, id, role and itemprop are told apart, also where a class attribute runs over several lines."""
    html = '<div class="post\n   post-body\n" id=main role=main itemprop=articleBody>one</div>'
    classes, *others = layout_of(html).signs[-1].split("\n")
    assert classes.split() == ["post", "post-body"]
    assert others == ["main", "main", "articleBody"]


def assert_sound(article: Article) -> None:
    """The invariants that features and training rely on."""
    layout, paragraphs = article.layout, article.paragraphs
    assert layout is not None
    assert len(layout.parents) == len(layout.tags) == len(layout.signs) == len(layout.hidden)
    assert len(layout.holders) == len(layout.links) == len(paragraphs) > 0
    assert all(-1 <= parent < i for i, parent in enumerate(layout.parents))
    assert all(0 <= holder < len(layout.parents) for holder in layout.holders)
    assert {i for p in range(len(paragraphs)) for i in around(layout, p)} == set(range(len(layout.parents)))
    assert all(sign.count("\n") == 3 for sign in layout.signs)
    assert all(0 <= links <= len(found.text) for links, found in zip(layout.links, paragraphs, strict=True))
    assert all(article.text[found.start : found.end] == found.text and found.text.strip() for found in paragraphs)
    assert "\n".join(found.text for found in paragraphs) == article.text


SOUP_TAGS = "html head body title p div span a b i table tr td th tbody caption ul li pre select option form h1 br svg math template noscript script nobr x-y".split()  # noqa: SIM905
ATTRIBUTES = [
    "",
    " hidden",
    " class='a\n b'",
    " id=main",
    " class=x9 role=nav itemprop=text",
    " href='>'",
    " style=display:none",
    ' title="un',
]
TAG = st.builds("<{}{}{}>".format, st.sampled_from(["", "", "/"]), st.sampled_from(SOUP_TAGS), st.sampled_from(ATTRIBUTES))
TEXT = st.sampled_from(
    ["word ", "two\n words", " ", "\n", "\t\u00a0", "&amp;", "&#0;", "\0", "\ue000", "<!-- x -->", "<![CDATA[x]]>", "<", "</", "\ud800", "大桥。"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(TAG, TEXT), max_size=40).map("".join), st.sampled_from(["", "<p>start</p>"]))
def test_the_layout_of_any_soup_is_sound(soup: str, start: str) -> None:
    """Whatever the markup: parents come before children, all counts agree, and every element listed holds text."""
    with nullcontext() if start else suppress(SourceError):
        assert_sound(page(start + soup))


BLOCKS = "div p section article blockquote h2 ul li pre nav noscript figure details button form".split()  # noqa: SIM905
INLINE = "b i a span em label x-new".split()  # noqa: SIM905
UNSEEN = "script style template select svg textarea iframe datalist".split()  # noqa: SIM905
NODES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(["word", "word", "br", *UNSEEN]),
    lambda inner: st.tuples(st.sampled_from([*BLOCKS, *INLINE]), st.lists(inner, max_size=5)),
    max_leaves=40,
)


def rendered(node: Any, numbers: Iterator[int], shown: list[str]) -> str:
    """A node as HTML, each word numbered; the words that a reader sees are added to `shown`."""
    if isinstance(node, tuple):
        return f"<{node[0]}>{''.join(rendered(inner, numbers, shown) for inner in node[1])}</{node[0]}>"
    word = f"w{next(numbers)}"
    if node == "word":
        shown.append(word)
        return f" {word} "
    return "<br>" if node == "br" else f"<{node}>{word}</{node}>"


@settings(max_examples=200, deadline=None)
@given(st.lists(NODES, max_size=6))
def test_every_visible_word_appears_once_and_in_order(nodes: list[Any]) -> None:
    """However elements nest, no word that a reader sees is lost, repeated or moved, and no unseen one appears."""
    numbers, shown = count(), list[str]()
    html = "".join(rendered(node, numbers, shown) for node in nodes)
    article = page(f"<body>{html}<p>end</p>")
    assert " ".join(found.text for found in article.paragraphs).split() == [*shown, "end"]
    assert_sound(article)


@pytest.mark.parametrize(
    "html",
    ["", "  \n", "<!DOCTYPE html>", "<script>var a = 'text';</script><style>b {}</style>", "<p> &nbsp; </p><br>", "<!-- x -->"],
)
def test_a_page_without_text_is_an_error_that_names_the_file(html: str) -> None:
    """A page of scripts or of nothing is refused by name instead of giving an empty article."""
    with pytest.raises(SourceError, match=r"news/page-7\.html"):
        segment_html(as_source(html, kind="html", id="news/page-7.html"))


RUSSIAN, FRENCH = "Мост снова открыт, сказал мэр в понедельник.", "Le pont a été rouvert après l’été, dit le maire."


@pytest.mark.parametrize(
    ("written", "declared", "text"),
    [
        ("utf-16", "utf-16", RUSSIAN),
        ("utf-16-le", "utf-16", FRENCH),
        ("utf-8-sig", "windows-1251", FRENCH),
        ("cp1251", "windows-1251", RUSSIAN),
        ("cp1251", "utf-8", RUSSIAN),
        ("cp1252", "iso-8859-1", FRENCH),
        ("cp1252", "utf-8", FRENCH),
        ("utf-8", "windows-1251", RUSSIAN),
        ("utf-8", "x-no-such", FRENCH),
        ("gb18030", "gb2312", "大桥重新开放。"),
        ("shift_jis", "shift_jis", "橋は再び開いた。"),
    ],
)
def test_pages_are_read_in_the_encoding_they_are_written_in(written: str, declared: str, text: str) -> None:
    """The words come out whole from old encodings, byte order marks and declarations that lie."""
    html = f'<!DOCTYPE html><html><head><meta charset="{declared}"></head><body><p>{text}</p><p>{text}</p></body></html>'
    source = as_source(html.encode(written), id="page.html")
    assert source.kind == "html"
    assert [found.text for found in segment_html(source).paragraphs] == [text, text]
