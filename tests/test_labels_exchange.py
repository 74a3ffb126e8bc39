"""Labels given to other programs and taken back: nothing is lost on the way, and nothing is run by a spreadsheet."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import click
import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from cleaner.cli import main
from cleaner.cli.labelling import labels
from cleaner.errors import OutputError
from cleaner.labels import read_labels
from cleaner.labels.events import LabelEvent, LabelledArticle
from cleaner.labels.exchange import EXPORTS, encoded
from cleaner.labels.journal import append_events, read_events
from cleaner.labels.label_studio import CONTROL, labelling_config
from cleaner.labels.proposals import CHECK, MARKUP, proposal
from cleaner.labels.spreadsheet import COLUMNS, guarded, unguarded
from cleaner.records import LABELS, STYLES
from cleaner.seeds import Seed

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NASTY = st.lists(
    st.sampled_from(["=", "+", "-", "@", "＝", "'", '"', ",", ";", "\t", "\r", "\n", "\u2028", "\u00a0", "\u200b", " ", "a"])
).map("".join)
LINE = st.one_of(TEXT, NASTY)


@st.composite
def seeds(draw: st.DrawFn, *, rich: bool) -> list[Seed]:
    found = []
    for number in range(draw(st.integers(1, 4))):
        lines = draw(st.lists(st.tuples(LINE, st.sampled_from(("", *LABELS))), min_size=1, max_size=5))
        seed = Seed(
            f"{number} {draw(LINE)}", draw(LINE.filter(bool)), draw(st.sampled_from(("", "fr"))),
            tuple(text for text, _ in lines), tuple(label for _, label in lines), also={},
        )  # fmt: skip
        places = st.sampled_from(range(len(lines)))
        if rich:
            seed = replace(
                seed, opens=frozenset(draw(st.sets(places))), also=draw(st.dictionaries(places, st.sampled_from(LABELS))),
                html=draw(TEXT), style=draw(st.sampled_from(STYLES)),
            )  # fmt: skip
        found.append(replace(seed, source_sha256=draw(st.sampled_from(("", f"{number}" * 64)))))
    return found


def there_and_back(folder: Path, format_: str, given_seeds: list[Seed]) -> list[Seed]:
    path = folder / f"back.{'csv' if format_ == 'csv' else 'json'}"
    path.write_bytes(b"".join(map(encoded, EXPORTS[format_](given_seeds))))
    return list(read_labels(path))


@pytest.mark.parametrize("format_", ["jsonl", "label-studio"])
@given(given_seeds=seeds(rich=True))
def test_nothing_is_lost(tmp_path_factory: pytest.TempPathFactory, format_: str, given_seeds: list[Seed]) -> None:
    """Articles come back from our own format and from Label Studio's as they went: texts, labels, pages, places, second labels."""
    assert there_and_back(tmp_path_factory.getbasetemp(), format_, given_seeds) == given_seeds


@given(given_seeds=seeds(rich=False))
def test_a_table_keeps_what_it_has_columns_for(tmp_path_factory: pytest.TempPathFactory, given_seeds: list[Seed]) -> None:
    """Articles come back from a table as they went, whatever stands in their cells."""
    assert there_and_back(tmp_path_factory.getbasetemp(), "csv", given_seeds) == given_seeds


PAYLOADS = [
    blank + sign + rest
    for blank in ("", " ", "\u00a0", "\u3000", "\u200b", "\ufeff", "\t", "\r", "\n", "\r\n", "ok\n", "ok\r\n \u00a0", "ok\r", "ok\u2028", "ok\x85", "'", "' ")
    for sign in "=+-@＝＋－＠\t"
    for rest in ("HYPERLINK(0)", "")
]  # fmt: skip


def starts_formula(line: str) -> bool:
    """Judged by itself: what a spreadsheet sees first on the line, behind anything that is not shown."""
    return line[:1] == "\t" or line.lstrip(" \t\u00a0\u3000\u200b\ufeff\u2028\x85")[:1] in tuple("=+-@＝＋－＠")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_line_starts_a_formula(payload: str) -> None:
    """No physical line of a cell begins with what a spreadsheet runs, also behind blanks, and the cell comes back as it was."""
    lines = guarded(payload).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert not any(map(starts_formula, lines))
    assert payload[0] not in "\r\n\t" or guarded(payload)[0] == "'"
    assert unguarded(guarded(payload)) == payload


@given(LINE)
@example("'=1")
@example("''\r\n=1")
def test_the_guard_comes_off(text: str) -> None:
    """Apostrophes that stood in the text itself stay, those of the guard go."""
    assert unguarded(guarded(text)) == text


def test_other_tables_keep_their_apostrophes(tmp_path: Path) -> None:
    """A table of somebody else is read as it is: only ours have a guard to take off."""
    path = tmp_path / "other.csv"
    path.write_text("text,label\n'-tis,content\n", encoding="utf-8")
    assert [seed.lines for seed in read_labels(path)] == [("'-tis",)]


def test_the_labelling_configuration_fits_the_tasks() -> None:
    """Label Studio refuses tasks that lack a field of the configuration, and annotations that name another tag or choice."""
    config = ET.fromstring(labelling_config())  # noqa: S314  our own
    [choices] = config.findall(".//Choices")
    names = {tag.get("name") for tag in config.iter("Text")}
    fields = {tag.get("value", "").removeprefix("$") for tag in config.iter() if tag.get("value", "").startswith("$")}
    assert [choice.get("value") for choice in choices] == list(LABELS)
    tasks = json.loads("".join(EXPORTS["label-studio"]([Seed("a", "s", "en", ("A", "B"), ("legal", ""))])))
    assert all(fields <= set(task["data"]) for task in tasks)
    [annotation] = tasks[0]["annotations"]
    [region] = annotation["result"]
    assert (region["from_name"], region["to_name"], region["type"]) == (choices.get("name"), choices.get("toName"), "choices")
    assert region["to_name"] in names
    assert choices.get("name") == CONTROL
    assert "annotations" not in tasks[1]


def run(*args: object, code: int = 0) -> Any:
    result = CliRunner().invoke(main, ["labels", *map(str, args)])
    assert result.exit_code == code, (result.output, result.exception)
    return result


ARTICLE = LabelledArticle("a.html", "ab" * 32, "a.example", "en", "news", ("Menu", "The bridge reopens.", "Terms"), "<p>Menu</p>")


@pytest.fixture
def reviewed(tmp_path: Path) -> Path:
    """A journal in which a person labelled two of three paragraphs."""
    events = [
        replace(proposal(ARTICLE, i, label, MARKUP, "2026-11-28T10:00:00Z"), who="ana")
        for i, label in ((0, "legal"), (2, "legal"))
    ]
    append_events(tmp_path / "reviewed.jsonl", [ARTICLE, *events])
    return tmp_path / "reviewed.jsonl"


def test_corrected_elsewhere(tmp_path: Path, reviewed: Path) -> None:
    """Labels corrected in Label Studio come back to the journal under the annotator's name, on the same paragraphs; the rest is not said twice."""
    tasks = tmp_path / "tasks.json"
    run("export", reviewed, "--to", "label-studio", "-o", tasks)
    assert (tmp_path / "tasks.xml").read_text(encoding="utf-8") == labelling_config()
    exported = json.loads(tasks.read_text(encoding="utf-8"))
    for number, task in enumerate(exported):
        task["id"] = number
    exported[0]["annotations"][0]["result"][0]["value"]["choices"] = ["navigation"]
    tasks.write_text(json.dumps(exported), encoding="utf-8")
    result = run("import", tasks, "-o", reviewed, "--who", "ben")
    assert result.stderr.startswith("2 labels read: 1 added")
    [seed] = read_labels(reviewed)
    assert (seed.labels, seed.html) == (("navigation", "", "legal"), ARTICLE.html)
    events = list(read_events(reviewed))
    assert len(events) == 4
    assert isinstance(events[-1], LabelEvent)
    assert (events[-1].who, events[-1].source_sha256) == ("ben", ARTICLE.source_sha256)
    assert "0 added" in run("import", tasks, "-o", reviewed, "--who", "ben").stderr


def corrected(table: Path, columns: Sequence[str] = COLUMNS) -> Path:
    """The table as a person saves it: with these columns, and the first label another one."""
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    rows[0]["label"] = "navigation"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return table


@pytest.mark.parametrize("columns", [COLUMNS, COLUMNS[:6], (*COLUMNS, "remarks")], ids=["as written", "as once", "one more"])
def test_corrected_in_a_table(tmp_path: Path, reviewed: Path, columns: Sequence[str]) -> None:
    """A label corrected in a table overrules the one it was, the article counts once and keeps its page; unchanged, nothing is said twice."""
    table = tmp_path / "table.csv"
    run("export", reviewed, "--to", "csv", "-o", table)
    assert "0 added" in run("import", table, "-o", reviewed, "--who", "ben").stderr
    assert run("import", corrected(table, columns), "-o", reviewed, "--who", "ben").stderr.startswith("2 labels read: 1 added")
    [seed] = read_labels(reviewed)
    assert (seed.labels, seed.html, seed.source_sha256) == (("navigation", "", "legal"), ARTICLE.html, ARTICLE.source_sha256)


def test_single_lines_corrected_in_a_table(tmp_path: Path, reviewed: Path) -> None:
    """Labels of which the journal has no article, and rows that a person picked out of an article, are overruled all the same."""
    table = tmp_path / "mine.csv"
    table.write_text("text,label,site\nSubscribe,legal,b\nThe bridge.,content,b\n", encoding="utf-8")
    journal = tmp_path / "j.jsonl"
    run("import", table, "-o", journal, "--who", "ana")
    run("export", journal, "--to", "csv", "-o", tmp_path / "back.csv")
    assert run("import", corrected(tmp_path / "back.csv"), "-o", journal, "--who", "ben").stderr.startswith(
        "2 labels read: 1 added"
    )
    assert [seed.labels for seed in read_labels(journal)] == [("navigation",), ("content",)]
    run("export", reviewed, "--to", "csv", "-o", tmp_path / "part.csv")
    rows = (tmp_path / "part.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "part.csv").write_text("\n".join([rows[0], rows[3]]), encoding="utf-8")
    run("import", corrected(tmp_path / "part.csv"), "-o", reviewed, "--who", "ben")
    assert [seed.labels for seed in read_labels(reviewed)] == [("legal", "", "navigation")]


def test_a_page_is_not_lost_to_an_import(tmp_path: Path, reviewed: Path) -> None:
    """Labels that come back without the page leave the journal's page where it is, also where it was overruled by an earlier version."""
    seed = replace(next(iter(read_labels(reviewed))), html="", labels=("navigation", "", ""))
    (tmp_path / "bare.jsonl").write_text("".join(EXPORTS["jsonl"]([seed])), encoding="utf-8")
    run("import", tmp_path / "bare.jsonl", "-o", reviewed, "--who", "ben")
    assert sum(isinstance(event, LabelledArticle) for event in read_events(reviewed)) == 1
    append_events(reviewed, [replace(ARTICLE, html="")])
    assert [(seed.labels, seed.html) for seed in read_labels(reviewed)] == [(("navigation", "", "legal"), ARTICLE.html)]


def test_a_table_becomes_a_journal(tmp_path: Path) -> None:
    """A CSV of text,label from anywhere is learned from as it stands and as a journal, to the same effect."""
    table = tmp_path / "mine.csv"
    table.write_text("text,label,site\nMenu,navigation,a\nThe bridge.,content,a\nNothing,,a\n", encoding="utf-8")
    run("import", table, "-o", tmp_path / "j.jsonl", "--who", "ana")
    labelled = [seed for seed in read_labels(table) if seed.labels[0]]
    assert [(s.lines, s.labels, s.site) for s in read_labels(tmp_path / "j.jsonl")] == [
        (s.lines, s.labels, s.site) for s in labelled
    ]


@pytest.mark.parametrize("who", ["", " ", MARKUP, CHECK])
def test_somebody_must_have_said_it(tmp_path: Path, reviewed: Path, who: str) -> None:
    """Nobody imports under the name of a proposer: such labels would never count, and nobody would know why."""
    assert "give the name" in run("import", reviewed, "-o", tmp_path / "x", "--who", who, code=2).stderr


def test_labels_of_people_are_not_written_over(tmp_path: Path, reviewed: Path) -> None:
    """An export or a list of proposals never takes the place of a journal, which is the only copy of what people said."""
    before = reviewed.read_bytes()
    run("export", reviewed, "--to", "csv", "-o", reviewed, code=73)
    run("check", reviewed, "-o", reviewed, code=73)
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    run("propose", tmp_path / "a.txt", "-o", reviewed, code=73)
    assert reviewed.read_bytes() == before


def test_no_file_of_labels_is_written_over(tmp_path: Path, reviewed: Path) -> None:
    """Labels by hand, in whatever format and even damaged, the inputs themselves and the tasks of an export stay as they are."""
    kept = {
        "seeds.jsonl": '{"id": "x", "paragraphs": [{"text": "A", "label": "legal"}]}\n',
        "mine.csv": "text,label\nMenu,navigation\n",
        "tasks.json": '[{"id": 1, "text": "Menu", "label": "navigation"}]',
        "damaged.csv": "text,label\nMenu,navigatoin\nTerms,legal\n",
        "corpus/a.txt": "The bridge reopens.",
    }
    (tmp_path / "corpus").mkdir()
    for name, content in kept.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    for name in kept:
        run("propose", tmp_path / "corpus", "-o", tmp_path / name, code=73)
        if "corpus" not in name:
            run("check", tmp_path / "seeds.jsonl", "-o", tmp_path / name, code=73)
            run("export", reviewed, "--to", "jsonl", "-o", tmp_path / name, code=73)
    run("propose", tmp_path / "corpus/a.txt", "-o", tmp_path / "corpus/a.txt", code=73)
    assert "name the tasks .json" in run("export", reviewed, "--to", "label-studio", "-o", tmp_path / "t.xml", code=2).stderr
    assert not (tmp_path / "t.xml").exists()
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in kept} == kept


def test_what_holds_no_label_is_written_again(tmp_path: Path) -> None:
    """A list of proposals takes the place of the one before, also beside the corpus, and a table without labels that of another."""
    (tmp_path / "a.html").write_text("<nav><a>Home</a></nav><footer><p>All rights reserved</p></footer>", encoding="utf-8")
    (tmp_path / "a.txt").write_text("Home\n\nAll rights reserved", encoding="utf-8")
    for _ in range(2):
        assert not run("propose", tmp_path, "-o", tmp_path / "p.jsonl").stderr.startswith("0 ")
    (tmp_path / "open.jsonl").write_text('{"id": "x", "paragraphs": [{"text": "A", "label": null}]}\n', encoding="utf-8")
    for _ in range(2):
        run("export", tmp_path / "open.jsonl", "--to", "csv", "-o", tmp_path / "open.csv")


@pytest.mark.parametrize(
    "content",
    [
        '[{"id": 1, "text": "Menu", "label": "navigation"}]',
        "text,label\nMenu,navigation\n",
        '{"id": "x", "paragraphs": [{"text": "A", "label": "legal"}]}',
        "notes, by hand",
    ],
    ids=["one line", "table", "seed", "text"],
)
def test_nothing_else_is_made_a_journal(tmp_path: Path, reviewed: Path, content: str) -> None:
    """A file of another kind that is named where the journal belongs stays as it is: annotations were lost in this way."""
    other = tmp_path / "project-1.json"
    other.write_text(content, encoding="utf-8")
    assert "not a label journal; choose another name" in run("import", reviewed, "-o", other, code=73).stderr
    with pytest.raises(OutputError, match=r"project-1\.json: not a label journal"):
        append_events(other, [ARTICLE])
    assert other.read_text(encoding="utf-8") == content


def test_export_on_stdout(reviewed: Path) -> None:
    """In a pipe there is the table and nothing else."""
    rows = list(csv.reader(run("export", reviewed, "--to", "csv").stdout.splitlines()))
    assert rows[0] == list(COLUMNS)
    assert [row[1] for row in rows[1:]] == ["legal", "", "legal"]


@pytest.mark.parametrize("name", ["export", "import", "check", "propose"])
def test_help_shows_an_example(name: str) -> None:
    """Whoever asks one of these commands for help sees a call that can be copied, and what each option is."""
    shown = run(name, "--help").stdout
    assert f"  cleaner labels {name}" in shown
    assert all(option.help for option in labels.commands[name].params if isinstance(option, click.Option))
