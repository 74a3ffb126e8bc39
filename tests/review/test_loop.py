"""The loop as a person goes through it: articles are cleaned by the command, labelled on the page, and the labels are learned from."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loop_articles import HOUSE, STORIES, truth, write_articles
from served import REPOSITORY, Served, until
from test_inert import FORMS, RUN

from cleaner.audit import read_all
from cleaner.labels import read_labels
from cleaner.labels.events import LabelEvent
from cleaner.labels.journal import read_events
from cleaner.model_store import shipped
from cleaner.records import LABELS, STAYING
from cleaner.visible import is_hidden, shown

Serve = Callable[..., Served]
Open = Callable[[str], Any]
LABELLED = 12
"""Paragraphs that the person labels, of the 25 that differ."""
HERE = "document.querySelector('#paragraphs li.current .text').textContent"


def clean(place: Path, model: Path | None = None) -> Path:
    """The articles in `in` cleaned into `out` by the command, with the shipped model or another."""
    run("clean", place / "in", "-o", place / "out", "-q", *(("--model", model) if model else ()))
    return place / "out"


def run(*args: object) -> subprocess.CompletedProcess[str]:
    """A command that succeeds."""
    call = [sys.executable, "-m", "cleaner", *map(str, args)]
    return subprocess.run(call, check=True, cwd=REPOSITORY, timeout=120, text=True, capture_output=True)


def label_in_browser(out: Path, labels: Path, serve: Serve, tab: Open, count: int = LABELLED) -> Path:
    """Label so many paragraphs of the queue by keyboard, as the articles' author would; returns the file that the labels are in.

    The first is labelled wrongly, taken back, and labelled again; half-way the page is loaded anew.
    """
    page = tab(serve(out, labels).address)
    first = page.evaluate(HERE)
    page.keyboard.press("1")
    until(page, f"first => {HERE} !== first", first)
    page.keyboard.press("u")
    until(page, f"first => {HERE} === first && document.getElementById('saved').textContent === 'undone'", first)
    for done in range(count):
        if done == count // 2:
            page.reload()
            page.wait_for_selector("body[data-ready]")
            assert page.text_content("#progress").startswith(f"{done} labelled")
        text = page.evaluate(HERE)
        page.keyboard.press(str((LABELS.index(truth(text)) + 1) % 10))
        until(page, f"text => {HERE} !== text", text)
    assert page.said == []
    return labels


def test_labels_from_the_page(tmp_path: Path, serve: Serve, tab: Open) -> None:
    """Clean, look, relabel by keyboard, undo, reload: what the house repeats is asked first, and the file teaches what the person said."""
    write_articles(tmp_path / "in")
    labels = label_in_browser(clean(tmp_path), tmp_path / "reviewed.jsonl", serve, tab)
    acts = [event for event in read_events(labels) if isinstance(event, LabelEvent)]
    assert [act.label for act in acts[:3]] == ["content", "", "promo"]
    assert {act.text for act in acts[:4]} == set(HOUSE.values()), "one line of each house, though it stands in every article"
    assert len({(act.source, act.index) for act in acts[2:]}) == LABELLED
    assert len(acts) == 2 + LABELLED
    seeds = list(read_labels(labels))
    learned = [(line, label) for seed in seeds for line, label in zip(seed.lines, seed.labels, strict=True) if label]
    assert len(learned) == LABELLED
    assert all(label == truth(line) for line, label in learned)
    assert {seed.site for seed in seeds} == set(HOUSE)
    stories = {title for title, _ in STORIES}
    assert all(stories & set(seed.lines) for seed in seeds), "each article stands there whole: neighbours teach too"


def test_the_whole_loop(tmp_path: Path, serve: Serve, tab: Open) -> None:
    """Label, train, compare, promote, clean again: the house lines that stood in every article are gone, and nothing else is."""
    write_articles(tmp_path / "in")
    shelf, new = tmp_path / "models", tmp_path / "new.model"
    shelf.mkdir()
    shutil.copy(shipped(), shelf)
    before = kept(clean(tmp_path, shelf))
    labels = label_in_browser(tmp_path / "out", tmp_path / "reviewed.jsonl", serve, tab)
    assert f"gives {LABELLED} of your {LABELLED} labels itself" in run("train", labels, "--from", shelf, "-o", new).stderr
    changes = run("compare", shelf, new, tmp_path / "in", "--html", tmp_path / "changes.html").stdout
    assert any(line[:40] in changes for line in HOUSE.values()), changes
    run("promote", new, "--shelf", shelf)
    after = kept(clean(tmp_path, shelf))
    assert {line for lines in before.values() for line in lines} & set(HOUSE.values()), "else there would be nothing to learn"
    assert after == {source: lines - set(HOUSE.values()) for source, lines in before.items()}
    run("rollback", "--shelf", shelf)
    assert kept(clean(tmp_path, shelf)) == before


def kept(out: Path) -> dict[str, set[str]]:
    """The paragraphs that stay, by source."""
    return {entry.source.source: {p.text for p in entry.paragraphs if p.decision in STAYING} for entry in read_all(out)}


def test_hostile_articles_from_files(tmp_path: Path, serve: Serve, tab: Open) -> None:
    """Articles full of markup and unseen characters, cleaned like any other: nothing runs, all of it is shown, and can be labelled."""
    payloads = [form.format(RUN) for form in FORMS]
    hidden = "Le maire\u202e a\u200b dit\u2066 oui\ufeff hier\u00ad soir\ufe0f\U000e0041, sous les applaudissements de la salle."
    text = "\n\n".join([STORIES[0][0], *STORIES[0][1], hidden, *(f"Il a écrit {one} au tableau." for one in payloads)])
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "<img src=x onerror=window.__xss=1>.txt").write_text(text, encoding="utf-8")
    (tmp_path / "in" / "page.html").write_text(
        f"<html><head><title>&lt;script&gt;{RUN}&lt;/script&gt;</title></head><body><article><h1>{STORIES[1][0]}</h1>"
        + "".join(f"<p>{one}</p>" for one in [*STORIES[1][1], f"&lt;svg onload={RUN}&gt; &amp;lt;b&amp;gt; {hidden}"])
        + "</article></body></html>",
        encoding="utf-8",
    )
    out = clean(tmp_path)
    page = tab(serve(out, tmp_path / "reviewed.jsonl").address)
    page.select_option("#sort", "corpus")
    page.select_option("#said", "all")
    seen = 0
    for entry in read_all(out):
        texts = [p.text for p in entry.paragraphs]
        until(page, "count => document.querySelectorAll('#paragraphs .text').length === count", len(texts))
        assert page.evaluate("[...document.querySelectorAll('#paragraphs .text')].map(e => e.textContent)") == list(
            map(shown, texts)
        )
        assert not [c for one in map(shown, texts) for c in one if is_hidden(c)]
        assert any("⟦U+202E⟧ a⟦U+200B⟧ dit⟦U+2066⟧" in shown(one) for one in texts)
        seen += sum(one in text for one in payloads for text in texts)
        for _ in texts:
            page.keyboard.press("9")
    until(
        page,
        "total => document.querySelectorAll('#queue li.done').length === total",
        sum(len(e.paragraphs) for e in read_all(out)),
    )
    assert seen > 40, "most payloads came through reading and cleaning as they were"
    assert page.evaluate("window.__xss === undefined")
    assert page.said == []
