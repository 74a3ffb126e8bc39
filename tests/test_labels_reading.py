"""Reading labels: every format that people keep them in, what counts of a journal, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.errors import SeedError
from cleaner.labels import read_labels
from cleaner.labels.events import LabelEvent, LabelledArticle, line_of
from cleaner.labels.journal import append_events
from cleaner.seeds import Seed, read_seeds

SEEDS = Path(__file__).parent.parent / "seeds"
PAGE = "<p>Menu</p><p>The bridge reopens.</p>"
ARTICLE = LabelledArticle("a.html", "ab" * 32, "a.example", "en", "all", ("Menu", "The bridge reopens.", "Menu"), PAGE)


def act(index: int, label: str, text: str | None = None, **other: Any) -> LabelEvent:
    event = LabelEvent(
        ARTICLE.paragraphs[index] if text is None else text, label, ARTICLE.source, ARTICLE.source_sha256, index,
        ARTICLE.site, "en", "ana", "2026-11-28T10:00:00Z", "m" * 12, "content",
    )  # fmt: skip
    return replace(event, **other)


def journal(path: Path, *events: LabelEvent | LabelledArticle) -> Path:
    append_events(path, events)
    return path


def plain(seeds: list[Seed]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(seed.lines, seed.labels) for seed in seeds]


def test_reads_what_read_seeds_reads() -> None:
    """The seeds of the project read as before: a person moves from one to the other without a change."""
    assert list(read_labels(SEEDS)) == list(read_seeds(SEEDS))


def test_unlabelled_paragraphs(tmp_path: Path) -> None:
    """null and nothing both say that a paragraph has no label; training's own reader still refuses them."""
    path = tmp_path / "part.jsonl"
    path.write_text('{"id": "x", "paragraphs": [{"text": "A", "label": null}, {"text": "B", "label": "content"}]}\n')
    assert plain(list(read_labels(path))) == [(("A", "B"), ("", "content"))]
    with pytest.raises(SeedError, match="None is not a label"):
        list(read_seeds(path))


def test_a_journal_gives_its_article_with_the_labels_that_stand(tmp_path: Path) -> None:
    """The last act on a paragraph counts, an empty one takes back, and the article comes whole with its page."""
    path = journal(
        tmp_path / "reviewed.jsonl", ARTICLE, act(0, "content"), act(1, "content"), act(0, "navigation"), act(1, ""),
        act(2, "legal"), act(2, ""), act(2, "navigation"),
    )  # fmt: skip
    [seed] = read_labels(path)
    assert seed.labels == ("navigation", "", "navigation")
    assert (seed.lines, seed.html, seed.site, seed.style) == (ARTICLE.paragraphs, PAGE, "a.example", "all")
    assert (seed.id, seed.source_sha256) == (ARTICLE.source, ARTICLE.source_sha256)


def test_labels_without_their_article_are_loose_lines(tmp_path: Path) -> None:
    """A label whose article is not in the journal, or holds another text at its place, is still learned from, alone."""
    other = act(0, "promo", "Subscribe", source="b.html", source_sha256="cd" * 32)
    path = journal(tmp_path / "j", ARTICLE, act(1, "content", "An older text"), act(7, "legal", "Terms"), other)
    assert plain(list(read_labels(path))) == [
        (("An older text",), ("content",)), (("Terms",), ("legal",)), (("Subscribe",), ("promo",)),
    ]  # fmt: skip
    assert {seed.site for seed in read_labels(path)} == {"a.example"}


def test_nothing_is_learned_from_proposals(tmp_path: Path) -> None:
    """What markup or a check proposes neither counts nor overrules a person, and a file of proposals alone is refused by name."""
    proposals = [act(0, "legal", who="markup"), act(1, "", who="check")]
    path = journal(tmp_path / "mixed.jsonl", ARTICLE, act(0, "navigation"), act(1, "content"), *proposals)
    assert [seed.labels for seed in read_labels(path)] == [("navigation", "content", "")]
    alone = journal(tmp_path / "proposals.jsonl", ARTICLE, *proposals)
    with pytest.raises(SeedError, match=r"proposals\.jsonl: holds only proposals"):
        list(read_labels(alone))
    assert len(list(read_labels(tmp_path))) == 1  # beside others in a folder they do not stop the rest


def test_a_torn_line_is_none(tmp_path: Path) -> None:
    """A journal whose writer was killed within a line is read up to that line, even when it is the first."""
    for kept in (0, 1, 2):
        path = tmp_path / f"torn{kept}.jsonl"
        path.write_bytes(b"".join([line_of(ARTICLE), line_of(act(0, "legal"))][:kept]) + line_of(act(1, "content"))[:-9])
        assert [seed.labels for seed in read_labels(path)] == ([("legal", "", "")] if kept == 2 else [])


def test_a_line_without_its_line_feed_is_a_line(tmp_path: Path) -> None:
    """The last label of a journal that an editor saved without the last line feed counts, and the next one does not cut it off."""
    path = tmp_path / "edited.jsonl"
    path.write_bytes((line_of(ARTICLE) + line_of(act(0, "legal"))).removesuffix(b"\n"))
    assert [seed.labels for seed in read_labels(path)] == [("legal", "", "")]
    append_events(path, [act(1, "content")])
    assert [seed.labels for seed in read_labels(path)] == [("legal", "content", "")]
    assert path.read_bytes() == line_of(ARTICLE) + line_of(act(0, "legal")) + line_of(act(1, "content"))


@pytest.mark.parametrize("kept", range(14))
def test_a_journal_torn_in_its_first_bytes(tmp_path: Path, kept: int) -> None:
    """A power cut within the very first label leaves a file that the next label still goes into."""
    path = tmp_path / "torn.jsonl"
    path.write_bytes(line_of(ARTICLE)[:kept])
    append_events(path, [act(1, "content")])
    assert path.read_bytes() == line_of(act(1, "content"))


TASK = {"id": 7, "data": {"text": "Menu", "site": "a.example", "source": "a", "index": 0, "paragraphs": 1}}


def annotation(label: str, when: str = "2026-01-01", **other: Any) -> dict[str, Any]:
    region = {
        "from_name": "label",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": [label]},
        "id": "x",
        "origin": "manual",
    }
    return {"id": 1, "completed_by": 1, "was_cancelled": False, "updated_at": when, "result": [region], **other}


@pytest.mark.parametrize(
    ("export", "labels"),
    [
        ([{**TASK, "annotations": [annotation("navigation")]}], ["navigation"]),
        ([{**TASK, "annotations": []}], [""]),
        ([{**TASK, "annotations": [annotation("legal", was_cancelled=True)]}], [""]),
        ([{**TASK, "annotations": [annotation("legal", "2026-02-01"), annotation("promo", "2026-01-01")]}], ["legal"]),
        ([{**TASK, "annotations": [], "predictions": [annotation("legal")]}], [""]),
        ({**TASK, "annotations": [annotation("Navigation")]}, ["navigation"]),
        ([{"text": "Menu", "id": 1, "label": "navigation", "annotator": 1, "annotation_id": 2}], ["navigation"]),
        ([{"text": "A", "id": 1, "label": "legal"}, {"text": "B", "id": 2, "annotator": 1}], ["legal", ""]),
        ([{"text": "A", "id": 1, "label": "legal", "updated_at": "2"}, {"text": "A", "id": 1, "label": "promo", "updated_at": "1"}],
         ["legal"]),
    ],
    ids=["task", "not annotated", "skipped", "the newest", "predictions", "one task", "min", "min in part", "min twice"],
)  # fmt: skip
@pytest.mark.parametrize("indent", [None, 2])
def test_label_studio_exports(tmp_path: Path, export: Any, labels: list[str], indent: int | None) -> None:
    """Exports of Label Studio, whole and minimal, give the label of the newest annotation that was not skipped, never a prediction."""
    path = tmp_path / "export.txt"  # told by content
    path.write_text(json.dumps(export, indent=indent), encoding="utf-8")
    assert [seed.labels[0] for seed in read_labels(path)] == labels


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[1, 2]", "task number 1"),
        ('[{"id": 9, "data": {"text": "A"}, "annotations": [{"result": 3}]}]', "task 9"),
        ('[{"id": 9, "data": {"text": "A"}, "annotations": [{"result": [{"type": "choices", "value": {"choices": ["x"]}}]}]}]', "'x'"),
        ('[{"id": 9, "text": "A", "label": {"choices": ["legal", "promo"]}}]', "2 labels"),
        ('[{"id": 9, "text": "A", "sentiment": "legal"}]', "`label`"),
        ('[{"id": 9', "not JSON"),
        ("hello\n", "no columns `text` and `label` in the first line; found hello"),
        ("label,text\ncontent,Le maire, hier, a dit oui.\n", "labels.any:2: more cells than the first line has columns; put a text"),
        ("text,label,Text\nA,legal,B\n", "two columns `text`"),
        ('text,label\n"a', "labels.any:2"),
        ("text,label,index\nA,legal,x\n", "labels.any:2"),
        ('{"record": "label"}\n', "labels.any:1"),
        (line_of(act(0, "legal")).decode().replace('"index": 0', '"index": [0]'), "labels.any:1"),
        (line_of(ARTICLE).decode().replace('["Menu"', "[null"), "labels.any:1"),
        (line_of(act(0, "legal")).decode().replace("Menu", "Menus"), "checksum"),
    ],
)  # fmt: skip
def test_errors_say_where(tmp_path: Path, text: str, says: str) -> None:
    """What is no file of labels is refused with the file, the place and the reason."""
    path = tmp_path / "labels.any"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SeedError) as raised:
        list(read_labels(path))
    assert str(path) in str(raised.value)
    assert says in str(raised.value)


def test_empty_folders_and_missing_files_are_refused(tmp_path: Path) -> None:
    """A path without labels is named: nobody should train on nothing by a typing mistake."""
    for path in (tmp_path, tmp_path / "nowhere.jsonl"):
        with pytest.raises(SeedError, match=path.name):
            list(read_labels(path))


def test_a_table_saved_with_semicolons(tmp_path: Path) -> None:
    """The table that a European spreadsheet saves is read, an article's rows as one article."""
    path = tmp_path / "t.csv"
    path.write_text(
        "text;label;source;index\nTitle, and more;heading;a;0\nBody;;a;1\nAlone;legal;;\nThird;promo;b;2\n", encoding="utf-8-sig"
    )
    assert plain(list(read_labels(path))) == [
        (("Title, and more", "Body"), ("heading", "")), (("Alone",), ("legal",)), (("Third",), ("promo",)),
    ]  # fmt: skip


def test_columns_as_people_name_them(tmp_path: Path) -> None:
    """Names of columns in capitals or with blanks around them are the same names."""
    path = tmp_path / "t.csv"
    path.write_text("Text, LABEL ,Site\nMenu,Navigation,a\n", encoding="utf-8")
    assert [(s.lines, s.labels, s.site) for s in read_labels(path)] == [(("Menu",), ("navigation",), "a")]


def test_a_column_added_to_our_table(tmp_path: Path) -> None:
    """Remarks beside the labels do not turn the apostrophe before a formula into text."""
    path = tmp_path / "t.csv"
    path.write_text("text,label,site,language,source,index,remarks\n'=1,legal,s,en,x,0,?\n", encoding="utf-8")
    assert [seed.lines for seed in read_labels(path)] == [("=1",)]


GOOD = [
    line_of(ARTICLE) + line_of(act(0, "legal")) + line_of(act(1, "content")),
    json.dumps([{**TASK, "annotations": [annotation("legal")]}, {**TASK, "id": 8}]).encode(),
    json.dumps([{"text": "A", "id": 1, "label": "legal"}]).encode(),
    b'text,label,site,language,source,index\n"A ""b""",legal,s,en,x,0\nB,,s,en,x,1\n',
    b'{"id": "x", "site": "s", "paragraphs": [{"text": "A", "label": null, "also": "legal"}]}\n{"text": "B", "label": "promo"}\n',
    b'{"id": "x", "lines": ["A", "B"], "labels": ["content", "promo"], "article_starts": [0, 1], "also_acceptable": [[0, "legal"]]}\n',
]
VALUES = [
    b"null",
    b"[]",
    b"{}",
    b"-1",
    b"1e999",
    b'"\\ud800"',
    b"true",
    b"9" * 5000,
    b"[" * 5000,
    b'"x"',
    b"\xff",
    b"\n",
    b'"',
    b",",
    b"",
]
SPLICE = st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(VALUES))


@settings(max_examples=1500)
@given(content=st.sampled_from(GOOD), changes=st.lists(SPLICE, min_size=1, max_size=4))
def test_mutated_files_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, changes: list[tuple[float, int, bytes]]
) -> None:
    """Whatever is done to a file, it gives well-formed articles or SeedError with its name: never a traceback."""
    for place, size, value in changes:
        at = int(place * len(content))
        content = content[:at] + value + content[at + size :]
    path = tmp_path_factory.getbasetemp() / "mutated"
    path.write_bytes(content)
    try:
        for seed in read_labels(path):
            assert len(seed.lines) == len(seed.labels)
            assert all(isinstance(text, str) for text in (*seed.lines, *seed.labels, seed.id, seed.site, seed.html))
    except SeedError as error:
        refused = str(error)
    else:
        refused = str(path)
    assert str(path) in refused
