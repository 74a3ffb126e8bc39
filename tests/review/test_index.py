"""The index of an audit: made once, made anew when the audit changed, and never in the way of `verify`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError

import pytest
from made_audit import STORY, entry, fill, write_audit
from served import Served

from cleaner import Cleaner
from cleaner.audit import read_all
from cleaner.corpus import clean_corpus
from cleaner.errors import OutputError, UsageError
from cleaner.labels import read_labels
from cleaner.labels.events import LabelEvent, LabelledArticle
from cleaner.labels.journal import append_events, read_events
from cleaner.review.desk import Asked, Desk
from cleaner.review.index import Index, open_index
from cleaner.review.sources import pages_of
from cleaner.verification import differences


@pytest.fixture
def desk(out: Path, tmp_path: Path, cleaner: Cleaner) -> Desk:
    return Desk(open_index(out, cleaner.model), out, tmp_path / "reviewed.jsonl", "Ada")


def texts(rows: list[dict[str, object]]) -> list[str]:
    return ["".join(piece for piece, _ in row["text"]) for row in rows]  # type: ignore[attr-defined]


def test_it_is_made_once_and_the_folder_stays_sound(out: Path, cleaner: Cleaner) -> None:
    """A second look does not read the corpus again, a changed audit does; `verify` takes the index as part of the folder."""
    calls: list[int] = []
    for expected in (True, False):
        calls.clear()
        open_index(out, cleaner.model, lambda done, total: calls.append(done)).close()
        assert bool(calls) == expected
    assert list(differences(out)) == []
    (out / ".cleaner/review.db").write_bytes(b"SQLite format 3\0 and then nothing")
    open_index(out, cleaner.model).close()
    open_index(out, None, lambda done, total: calls.append(done)).close()
    assert calls, "without the model the stages are not compared: another index"


def test_every_paragraph_is_where_the_index_says(out: Path, cleaner: Cleaner) -> None:
    """Articles read by their place in the audit are those that reading it from the start gives."""
    index = open_index(out, cleaner.model)
    entries = [e for e in read_all(out) if e.paragraphs]
    assert [index.entry(n) for n in range(index.articles)] == entries
    for n, one in enumerate(entries):
        assert index.find(one.source.source) == n
        assert index.article_of(int(index.columns.first[n])) == n
        assert index.row(int(index.columns.first[n + 1]) - 1)[1]["text"] == one.paragraphs[-1].text
    index.close()


def test_odd_line_ends_inside_texts(tmp_path: Path) -> None:
    """Line separators of other conventions inside a text do not move the places of what follows."""
    odd = ["a\u2028b\u2029c\x85d\x0be\x1cf", "\u2028", "plain"]
    index = open_index(write_audit(tmp_path / "out", [entry("a.txt", odd), entry("b.txt", odd[::-1])]), None)
    assert [p.text for p in index.entry(1).paragraphs] == odd[::-1]
    assert index.row(3)[1]["text"] == "plain"
    index.close()


def test_cleaned_again_while_the_page_is_open(out: Path, corpus: Path, serve: Callable[..., Served], cleaner: Cleaner) -> None:
    """A page over an audit that is no longer there says so, and takes no label for a text that it cannot see."""
    served = serve(out)
    served.say(1, "spam")
    clean_corpus([corpus / "in"], out, cleaner, again=True)
    with pytest.raises(HTTPError) as refused:
        served.say(2, "spam")
    assert refused.value.code == 409
    assert "start `cleaner review` again" in refused.value.read().decode()


def test_what_cannot_be_reviewed(tmp_path: Path) -> None:
    """No audit, a damaged one and one without a paragraph are told apart in words."""
    with pytest.raises(OutputError, match="no audit can be read"):
        open_index(tmp_path, None)
    place = write_audit(tmp_path / "empty", [entry("a.txt", [])])
    with pytest.raises(UsageError, match="nothing to review"):
        open_index(place, None)
    with (place / "audit.jsonl").open("a") as file:
        file.write('{"record": "source"')
    with pytest.raises(OutputError, match="damaged"):
        open_index(place, None)


def test_filters(desk: Desk) -> None:
    """Each filter gives what it says; together they narrow; a label takes its near copies out of the queue and undo brings them back."""
    state = desk.state()
    sites = {"".join(p for p, _ in row["name"]): row["number"] for row in state["sites"]}
    assert set(sites) == {"rivage.example", "vallon.example", "aube.example"}
    found = desk.queue(Asked(site=sites["vallon.example"], words="partager"))
    assert texts(found) == ["Partager cet article"] * 3
    assert all(row["label"] == "navigation" for row in desk.queue(Asked(label=6)))
    assert all(row["decision"] == "remove" for row in desk.queue(Asked(decision=1)))
    assert 0 < len(desk.queue(Asked(doubtful=True))) < desk._index.paragraphs
    before = len(desk.queue(Asked(words="partager")))
    copy = found[0]["paragraph"]
    desk.label(copy, "navigation")
    assert desk.queue(Asked(words="partager")) == []
    assert [row["said"] for row in desk.queue(Asked(said=True))] == ["navigation"]
    desk.label(copy, "")
    assert len(desk.queue(Asked(words="partager"))) == before
    desk.close()


@pytest.mark.parametrize("sort", ["useful", "site", "label", "corpus"])
def test_the_whole_queue(desk: Desk, sort: str) -> None:
    """Asked for part by part, in any order, the queue gives every paragraph once."""
    asked, seen = Asked(sort=sort, said=None), []
    while rows := desk.queue(asked):
        seen += [row["paragraph"] for row in rows]
        asked = asked._replace(after=rows[-1]["place"])
    assert sorted(seen) == list(range(len(seen)))
    assert len(seen) == desk._index.paragraphs
    desk.close()


@pytest.mark.parametrize(
    "words", ["", '"', "*", "a OR b", "NEAR(", "text:x", "\0", "é" * 200, "'; DROP TABLE words; --", "le pont"]
)
def test_search_takes_any_words(desk: Desk, words: str) -> None:
    """Whatever is typed is searched for as words: no syntax, no error."""
    assert isinstance(desk.queue(Asked(words=words)), list)
    assert texts(desk.queue(Asked(words="PONT numero 3"))) == ["Le pont numéro 3 rouvre"]
    desk.close()


def test_pages_only_where_they_are_the_same(tmp_path: Path, cleaner: Cleaner) -> None:
    """A page that changed since it was cleaned is not put beside labels that were given on another."""
    source, out = fill(tmp_path / "in"), tmp_path / "out"
    clean_corpus([source], out, cleaner)
    wanted = {e.source.source: LabelledArticle(e.source.source, e.source.sha256, "", "", "news", ())
              for e in read_all(out) if e.source.kind == "html"}  # fmt: skip
    assert {page.source for page in pages_of(out, wanted)} == set(wanted)
    page = source / "rivage.example/page.html"
    page.write_text(page.read_text().replace("samedi", "hier"))
    assert {page.source for page in pages_of(out, wanted)} == set(wanted) - {"rivage.example/page.html"}
    assert STORY not in page.read_text()


def versions(place: Path, labels: Path) -> tuple[Desk, Desk]:
    """A page over an article, then one over the article as it was crawled again: the same lines under a new one."""
    lines = ["Le pont rouvre", "Lire aussi : le bac"]
    first = write_audit(place / "first", [entry("a.txt", lines, sha256="1" * 64)])
    second = write_audit(place / "second", [entry("a.txt", ["Accueil", *lines], sha256="2" * 64)])
    earlier = Desk(open_index(first, None), first, labels, "Ada")
    return earlier, Desk(open_index(second, None), second, labels, "Ben")


@pytest.mark.parametrize(("said", "stands"), [("", []), ("content", ["content"]), ("teaser", ["teaser"])])
def test_a_label_on_an_earlier_version(tmp_path: Path, said: str, stands: list[str]) -> None:
    """What is said of a paragraph after its page changed overrules what was said before: training never sees both."""
    labels = tmp_path / "reviewed.jsonl"
    earlier, later = versions(tmp_path, labels)
    earlier.label(1, "teaser")
    assert [row["said"] for row in later.queue(Asked(said=True))] == ["teaser"]
    answer = later.label(2, said)
    assert (answer["before"], (answer["said"] or {"label": ""})["label"]) == ("teaser", said)
    assert [label for seed in read_labels(labels) for label in seed.labels if label] == stands
    assert {act.who for act in read_events(labels) if isinstance(act, LabelEvent)} == {"Ada", "Ben"}
    for desk in (earlier, later):
        desk.close()


def test_labels_on_two_versions_that_others_gave(tmp_path: Path) -> None:
    """Where labels on both versions stand, the page shows the last one, the other once that is taken back, and clears both at once."""
    labels = tmp_path / "reviewed.jsonl"
    earlier, later = versions(tmp_path, labels)
    earlier.label(1, "teaser")
    [act] = [event for event in read_events(labels) if isinstance(event, LabelEvent)]
    other = replace(act, source_sha256="2" * 64, index=2, label="legal")
    append_events(labels, [other])
    assert [row["said"] for row in later.queue(Asked(said=True))] == ["legal"]
    append_events(labels, [replace(other, label="")])
    assert [row["said"] for row in later.queue(Asked(said=True))] == ["teaser"]
    append_events(labels, [other])
    assert later.label(2, "")["progress"]["labelled"] == 0
    assert [label for seed in read_labels(labels) for label in seed.labels if label] == []
    for desk in (earlier, later):
        desk.close()


def test_labels_that_alternate_between_articles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal whose labels jump from article to article opens as fast as any: each article is read once, not once a label."""
    out = write_audit(tmp_path / "out", [entry(f"{n}.txt", [f"{n} {k}" for k in range(5)]) for n in range(4)])
    acts = [
        LabelEvent(f"{n} {k}", label, f"{n}.txt", "0" * 64, k, "", "fr", "Ada", "2026-01-01T00:00:00Z", "", "")
        for label in ("spam", "legal")
        for k in range(5)
        for n in range(4)
    ]
    append_events(tmp_path / "reviewed.jsonl", acts)
    read, entry_of = [], Index.entry
    monkeypatch.setattr(Index, "entry", lambda self, n: read.append(n) or entry_of(self, n))
    desk = Desk(open_index(out, None), out, tmp_path / "reviewed.jsonl", "Ada")
    assert read == [0, 1, 2, 3]
    assert desk.state()["progress"]["labelled"] == 20
    assert {row["said"] for row in desk.queue(Asked(said=True))} == {"legal"}
    desk.close()


def test_a_search_finds_all(tmp_path: Path) -> None:
    """A word that thousands of paragraphs hold is searched in all of them: a filter also finds those at the end of the corpus."""
    many = [entry(f"a.example/{n}.txt", [f"Le pont {n} {k}" for k in range(100)]) for n in range(60)]
    out = write_audit(tmp_path / "out", [*many, entry("z.example/z.txt", ["Le pont de Dole"])])
    desk = Desk(open_index(out, None), out, tmp_path / "reviewed.jsonl", "Ada")
    [site] = [row["number"] for row in desk.state()["sites"] if "".join(p for p, _ in row["name"]) == "z.example"]
    assert texts(desk.queue(Asked(words="pont", site=site, said=None))) == ["Le pont de Dole"]
    assert texts(desk.queue(Asked(words="pont dole"))) == ["Le pont de Dole"]
    desk.close()
