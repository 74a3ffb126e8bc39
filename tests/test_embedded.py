"""Text that a page carries in its scripts alone is recovered, once, as text; what its markup shows is not repeated."""

from __future__ import annotations

import json

import pytest

from cleaner import embedded
from cleaner.pipeline import as_source
from cleaner.segment_html import EMBEDDED_SIGN, segment_html

STORY = [
    f"In its {nth} sitting of the year the council took up the matter of the {thing}, which had divided the town since the spring."
    for nth, thing in [("first", "old bridge"), ("second", "new school"), ("third", "fish market"), ("fourth", "harbour wall")]
]
STORY += [
    f"The {who} said on Monday that the money was there; what had been missing until now was the will to spend it on the {thing}."
    for who, thing in [("mayor", "quay"), ("treasurer", "tram line"), ("engineer", "sluices"), ("harbour master", "cranes")]
]
OTHER = "Nobody had thought of bringing an umbrella, and nobody needed one; the picnic was a success, the wine was cold."
SHOWN = "".join(f"<p>{text}</p>" for text in STORY)


def texts(html: str) -> list[str]:
    return [paragraph.text for paragraph in segment_html(as_source(html, kind="html", id="page.html")).paragraphs]


def ld(value: object) -> str:
    """Data as a page's JSON-LD script."""
    return f'<script type="application/ld+json">{json.dumps(value).replace("</", "<" + chr(92) + "/")}</script>'


def state(value: object) -> str:
    """Data as the state of an app in a page's script."""
    return f"<script>window.__STATE__ = {json.dumps(value).replace('</', '<' + chr(92) + '/')};</script>"


@pytest.mark.parametrize(
    "value",
    [
        {"@type": "NewsArticle", "articleBody": "\n".join(STORY)},
        [{"@type": "WebSite"}, {"@graph": [{"@type": "Article", "articleBody": "\r\n\r\n".join(STORY)}]}],
        {"@type": "Review", "reviewBody": "".join(f"<p class=x>{text}</p>" for text in STORY)},
        {"articleBody": "<br />".join(text.replace("the", "<b>the</b>") for text in STORY)},
        {"articleBody": "".join(f"<div>{text}</div>" for text in STORY).replace(" ", "&nbsp;")},
    ],
    ids=["lines", "graph", "paragraphs", "line breaks", "divisions"],
)
def test_an_article_in_json_ld_alone_is_recovered(value: object) -> None:
    """A body that only JSON-LD holds becomes paragraphs after those of the markup, any HTML in it taken out."""
    assert texts(f"<head>{ld(value)}</head><h1>Council</h1>") == ["Council", *STORY]
    notice = "Cookies help us to show you this page as it is meant to be shown; tell us below which ones you allow."
    assert texts(f"{ld(value)}<p>{notice}</p>") == [notice, *STORY]


def test_the_rest_of_an_article_behind_a_paywall_is_recovered() -> None:
    """A page that shows less than a third of the article that it states shows its start alone."""
    body = [
        f"Point {n}: in 19{n} quay {n} cost {n} crowns; in 20{n} it cost {n * 7}, and nobody asked for {n} more." * 2
        for n in range(10, 40)
    ]
    found = texts("".join(f"<p>{text}</p>" for text in body[:6]) + ld({"articleBody": "\n".join(body)}))
    assert sorted(found) == sorted(body)


def test_texts_in_scripts_beside_a_story_are_not_the_pages() -> None:
    """Where the markup shows a story, what scripts hold (reviews, other products, a summary) is left there."""
    review = {"@type": "Review", "reviewBody": f"In use for a year. {OTHER} {OTHER}"}
    assert texts(f"{SHOWN}{ld(review)}{ld({'articleBody': OTHER * 3})}{state({'next': OTHER * 3})}") == STORY


def test_recovered_text_hangs_from_an_element_of_its_own() -> None:
    """The layout says that the text is an article body, and not part of what the markup shows around."""
    layout = segment_html(as_source(f"<h1>Council</h1>{ld({'articleBody': chr(10).join(STORY)})}", kind="html")).layout
    assert layout is not None
    assert [layout.tags[holder] for holder in layout.holders] == ["h1", *["p"] * len(STORY)]
    above = {layout.signs[layout.parents[holder]] for holder in layout.holders[1:]}
    assert (above, layout.hidden[-1], layout.links[-1]) == ({EMBEDDED_SIGN}, False, 0)
    assert len(layout.parents) == len(layout.tags) == len(layout.signs) == len(layout.hidden)


@pytest.mark.parametrize("body", ["\n".join(STORY), SHOWN, " ".join(STORY).replace(" ", "  ")])
def test_a_body_that_the_page_shows_is_not_repeated(body: str) -> None:
    """JSON-LD that says once more what the markup shows adds nothing, however its white space or markup differ."""
    assert texts(f"{ld({'articleBody': body})}{SHOWN}{ld({'articleBody': body})}") == STORY


def test_a_body_stated_twice_is_recovered_once() -> None:
    """Two scripts with the same body give its paragraphs once."""
    assert texts(ld({"articleBody": "\n".join(STORY)}) * 2 + "<h1>Council</h1>") == ["Council", *STORY]


def test_the_part_that_the_page_shows_is_not_repeated() -> None:
    """Where the markup shows the first paragraph and JSON-LD holds them all, each is there once."""
    found = texts(f"<p>{STORY[0]}</p>{ld({'articleBody': chr(10).join(STORY)})}")
    assert sorted(found) == sorted(STORY)


def test_short_bodies_are_no_articles() -> None:
    """A description of a line, as video players and menus state it, is not text of the page."""
    body = "The bridge is open. " * 20
    some = STORY[:4]
    assert embedded.LITTLE_TEXT <= sum(map(len, some)) < embedded.LITTLE_PROSE
    shown = "".join(f"<p>{text}</p>" for text in some)
    assert texts(f"{shown}{ld({'articleBody': body[: embedded.LEAST_BODY - 1], 'description': body})}") == some
    assert texts(f"{shown}{ld({'articleBody': body[: embedded.LEAST_BODY]})}") == [*some, body[: embedded.LEAST_BODY].strip()]


@pytest.mark.parametrize("html", ["", "markup"])
def test_the_state_of_an_app_is_read_where_the_page_shows_no_prose(html: str) -> None:
    """A single-page app's story stands in a script's strings: those of prose are recovered, its settings are not."""
    body = "".join(f"<p>{text}</p>" for text in STORY) if html else "\n".join(STORY)
    code = "function () { throw new Error('It is not open yet. Try again later.'); } " * 4
    settings = {
        "css": ".a{color:red} " * 20,
        "url": "https://example.org/" + "x" * 200,
        "code": code,
        "key": "aHR0cHM6Ly9leGFtcGxlLm9yZw. " * 9,
    }
    data = {**settings, "props": {"pages": [{"body": body}]}}
    assert texts(f"<div id=root>Loading</div>{state(data)}") == ["Loading", *STORY]


def test_the_state_of_an_app_is_not_read_beside_prose() -> None:
    """Where the markup shows a story, other stories in a script's data stay there."""
    assert texts(f"{SHOWN}{state({'next': 'The harbour was closed on Friday. ' * 9})}") == STORY
    assert texts(f"<p>{STORY[0]}</p>{state({'all': STORY})}").count(STORY[0]) == 1


@pytest.mark.parametrize(
    "script",
    [
        json.dumps({"articleBody": "\n".join(STORY)})[:-5],
        "[" * 100_000 + json.dumps({"articleBody": "\n".join(STORY)}),
        json.dumps({"articleBody": [1, None, {"text": 3}]}),
        '{"articleBody": ' + "1" * 10_000 + "}",
        "",
        '"articleBody"',
    ],
    ids=["cut", "deep", "no text", "endless number", "empty", "a string"],
)
def test_json_that_cannot_be_read_is_ignored(script: str) -> None:
    """Broken or hostile JSON costs a page nothing of what its markup shows."""
    assert texts(f'<script type="application/ld+json">{script}</script>{SHOWN}') == STORY


@pytest.mark.parametrize("deep", [20, 400, 800, 950, 5_000])
def test_bodies_under_deep_json_are_recovered_or_ignored(deep: int) -> None:
    """JSON that nests without end raises nothing, and costs nothing of what the page shows."""
    data = "[" * deep + json.dumps({"articleBody": OTHER * 3}) + "]" * deep
    found = texts(f'<script type="application/ld+json">{data}</script><p>{STORY[0]}</p>')
    assert found in (STORY[:1], [STORY[0], OTHER * 3])
    assert len(found) == 2 or deep > 20


def test_code_in_a_body_is_no_text() -> None:
    """Scripts and styles inside the HTML of a body stay unseen, as they are in a page."""
    body = f"{SHOWN}<script>var a = 1;</script><style>b {{}}</style>"
    assert texts(f"<h1>Council</h1>{ld({'articleBody': body})}") == ["Council", *STORY]


@pytest.mark.parametrize("sep", ["\n", "<br>"])
def test_half_a_character_in_a_body_loses_no_text(sep: str) -> None:
    """JSON may escape half of an emoji: the words after it are kept, and the text can be written as UTF-8."""
    found = texts(f"<h1>Council</h1>{ld({'articleBody': sep.join([STORY[0] + chr(0xD83D) + ' And so on.', *STORY[1:]])})}")
    assert found[2:] == STORY[1:]
    assert found[1].startswith(STORY[0])
    assert found[1].endswith(" And so on.")
    assert "\n".join(found).encode()
