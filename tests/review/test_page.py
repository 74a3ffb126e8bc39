"""The page in a real browser, as a person uses it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from served import Served, until

from cleaner.labels.events import LabelEvent
from cleaner.labels.journal import read_events

Open = Callable[[str], Any]


def labels_in(path: Path) -> list[tuple[str, str]]:
    """Text and label of every act, in order."""
    return [(e.text, e.label) for e in read_events(path) if isinstance(e, LabelEvent)]


def current(page: Any) -> str:
    """The text of the paragraph that is looked at."""
    return str(page.text_content("#paragraphs li.current .text"))


def saved(page: Any, message: str) -> None:
    until(page, "said => document.getElementById('saved').textContent === said", message)


def test_label_undo_reload(out: Path, serve: Callable[..., Served], tab: Open) -> None:
    """Open, relabel by keyboard, accept, undo, reload: the file holds every act in order, and the page shows what stands."""
    served = serve(out)
    page = tab(served.address)
    assert page.url == f"http://127.0.0.1:{served.port}/", "the token left the address bar"
    first = current(page)
    page.keyboard.press("0")
    saved(page, "saved: spam")
    second = current(page)
    assert second != first
    page.keyboard.press("Enter")
    until(page, "document.getElementById('progress').textContent.startsWith('2 labelled')")
    accepted = labels_in(served.labels)[1]
    page.keyboard.press("u")
    saved(page, "undone")
    assert current(page) == second, "undo goes back to what it undid"
    assert labels_in(served.labels) == [(first, "spam"), accepted, (second, "")]
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert str(page.text_content("#progress")).startswith("1 labelled")
    page.select_option("#said", "yes")
    until(page, "document.querySelectorAll('#queue li').length === 1")
    page.wait_for_selector("#paragraphs li.current .now")
    assert current(page) == first
    assert page.text_content("#paragraphs li.current .now") in ("spam", "accepted")
    page.keyboard.press("u")  # also after a reload
    saved(page, "undone")
    assert labels_in(served.labels)[-1] == (first, "")
    assert page.said == []


def test_undo_ends_with_its_server(out: Path, tmp_path: Path, serve: Callable[..., Served], tab: Open) -> None:
    """In a tab that goes on with a new server on the same port, undo takes back nothing: its paragraphs have other numbers."""
    served = serve(out)
    page = tab(served.address)
    page.keyboard.press("0")
    saved(page, "saved: spam")
    served.end()
    other = serve(out, tmp_path / "other.jsonl", "--port", str(served.port))
    assert other.say(0, "legal")["progress"]["labelled"] == 1
    with page.expect_event("load"):  # the address differs in its end alone: the page sees that and loads itself again
        page.evaluate("hash => { location.hash = hash }", other.address.partition("#")[2])
    page.wait_for_selector("body[data-ready]")
    page.keyboard.press("u")
    saved(page, "nothing to undo")
    assert [label for _, label in labels_in(other.labels)] == ["legal"]


def test_keys_reach_everything(out: Path, serve: Callable[..., Served], tab: Open) -> None:
    """Next, previous, up, down, search, help and filters work without a mouse; typing in a field labels nothing."""
    served = serve(out)
    page = tab(served.address)
    first = current(page)
    page.keyboard.press("j")
    until(page, "first => document.querySelector('#paragraphs li.current .text').textContent !== first", first)
    page.keyboard.press("k")
    until(page, "first => document.querySelector('#paragraphs li.current .text').textContent === first", first)
    page.keyboard.press("?")
    assert page.evaluate("document.getElementById('help').open")
    page.keyboard.press("3")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("numero 3")
    until(page, "/numéro 3/.test(document.querySelector('#paragraphs li.current .text').textContent)")
    page.keyboard.press("Escape")
    assert current(page) == "Le pont numéro 3 rouvre"
    page.keyboard.press("ArrowDown")
    until(page, "document.querySelector('#paragraphs li.current .text').textContent.startsWith('Le pont de')")
    assert not served.labels.exists()
    focusable = page.evaluate("[...document.querySelectorAll('button, input, select')].every(e => e.tabIndex >= 0)")
    assert focusable


def test_what_is_shown(out: Path, serve: Callable[..., Served], tab: Open) -> None:
    """Kept and removed are told apart by a sign that is read aloud, not by colour alone; furniture says in how many files it stands."""
    served = serve(out)
    page = tab(served.address)
    page.keyboard.press("/")
    page.keyboard.type("partager article")
    until(page, "[...document.querySelectorAll('#queue .line')].some(e => /Partager/.test(e.textContent))")
    page.keyboard.press("Escape")
    until(page, "/Partager/.test(document.querySelector('#paragraphs li.current .text').textContent)")
    assert "in 3 files of this site" in page.text_content("#paragraphs li.current .why")
    signs = page.evaluate(
        "[...document.querySelectorAll('#paragraphs .sign')].map(e => [e.textContent, e.getAttribute('aria-label')])"
    )
    assert ["−", "removed"] in signs
    assert ["+", "kept"] in signs


def test_two_tabs(out: Path, serve: Callable[..., Served], tab: Open) -> None:
    """Two tabs and two servers on one file lose nothing, and each sees what the others said."""
    served = serve(out)
    other = serve(out)
    pages = [tab(served.address), tab(served.address), tab(other.address)]
    for turn in range(3):
        for page in pages:
            page.keyboard.press("357"[turn])
    for page in pages:
        until(page, "document.querySelectorAll('#queue li.done').length === 3")
    assert len(labels_in(served.labels)) == 9
    said = {(e.source, e.index): e.label for e in read_events(served.labels) if isinstance(e, LabelEvent)}
    for server in (served, other):
        assert server.ask("/api/state")["progress"]["labelled"] == len(said)


def test_phone_and_dark(out: Path, serve: Callable[..., Served], tab: Open) -> None:
    """On a telephone nothing is cut off at the side, and the labels are there to tap; dark is dark."""
    served = serve(out)
    page = tab(served.address)
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("[...document.querySelectorAll('#labels button')].every(e => e.getBoundingClientRect().right <= 360)")
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert max(dark) < 60
    page.click("#labels button[value=legal]")
    saved(page, "saved: legal")


def test_without_the_token(out: Path, serve: Callable[..., Served], browser: Any) -> None:
    """The address without its key shows no text of the corpus, and says what to do."""
    served = serve(out)
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{served.port}/")
    until(page, "document.getElementById('saved').textContent.includes('cleaner review')")
    assert page.text_content("#paragraphs") == ""
    page.close()


def test_journal_lines(out: Path, serve: Callable[..., Served]) -> None:
    """The first label on an article brings the article, and soon its page, also out of a container; each label says who, when and which model."""
    served = serve(out)
    for words in ("adieux lundi", "adieux"):
        for row in served.ask(f"/api/queue?said=all&words={words.split()[0]}"):
            served.say(row["paragraph"], "heading")
    assert served.end() == (0, f"Review of {out}, labels in {served.labels}. Open in a browser (Ctrl-C ends):\n")
    rows = [json.loads(line) for line in served.labels.read_bytes().splitlines()]
    acts = [row for row in rows if row["record"] == "label"]
    assert all(row["who"] == "Ada" and row["when"].endswith("Z") and len(row["model"]) == 12 for row in acts)
    pages = {row["source"]: row["html"] for row in rows if row["record"] == "article" and row["html"]}
    assert set(pages) == {"crawl.jsonl#1", "crawl.jsonl#2", "rivage.example/page.html"}
    assert "lundi" in pages["crawl.jsonl#1"]
    assert {row["site"] for row in acts if "#" in row["source"]} == {"aube.example"}


def test_a_new_address_in_an_old_tab(out: Path, serve: Callable[..., Served], tab: Open) -> None:
    """Whoever pastes the address that `cleaner review` printed last into the tab of an earlier one gets the page, not its end."""
    served = serve(out)
    page = tab(served.address)
    page.evaluate("sessionStorage.setItem('cleaner-token', 'of an earlier server')")
    page.reload()
    until(page, "document.body.textContent.includes('this address has ended')")
    page.evaluate("hash => { location.hash = hash }", served.address.partition("#")[2])
    page.wait_for_selector("body[data-ready]")
    page.keyboard.press("0")
    saved(page, "saved: spam")
