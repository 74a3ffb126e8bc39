"""`cleaner bench`: each set's format and metric, runs that nothing stops, and tables that say what was measured."""

from __future__ import annotations

import gzip
import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from cleaner.benchmarks import metadata, peers, rouge, sets
from cleaner.benchmarks.child import Answer, LoadError, Started, Task, answers
from cleaner.benchmarks.metrics import LINES, METRICS, ROUGE, SEGMENTS, SHINGLES, WORDS, figures
from cleaner.benchmarks.run import TRAINED_ON, Report, SystemReport, run, trained_on
from cleaner.benchmarks.sets import HOW_TO_GET, READERS, Page
from cleaner.benchmarks.table import as_json, as_tables
from cleaner.cli import main
from cleaner.errors import UsageError
from cleaner.evaluation.metrics import keep_drop
from cleaner.model_store import load_model

LONG = (
    "The covered market of Vernoux reopened on Saturday morning in front of several hundred people who had waited for it since "
    "the roof gave way, and who were told by the mayor that it would now stand for as long as the church on the other side of "
    "the square has stood there."
)
"""jusText keeps no paragraph under 200 characters unless one as long as this stands near."""
BODY = (
    LONG,
    "The mayor recalled that the works had cost two million euros, half of which the region had paid over three years.",
    "The traders had agreed to move into a tent for the whole winter, in spite of the cold and the wind on the square.",
)
MENU = "Log in to read more"
HTML = (
    "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>The market is back</title></head><body>"
    f"<nav><a href='/'>{MENU}</a></nav><article><h1>The market is back</h1>{''.join(f'<p>{p}</p>' for p in BODY)}</article></body></html>"
)
GOLD = "\n\n".join(BODY)


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def zipped(text: str) -> bytes:
    return gzip.compress(text.encode())


def make_wcxb(root: Path) -> Path:
    for split, key, kind in (("dev", "0001", {"primary": "category"}), ("dev", "0002", "forum"), ("test", "0003", None)):
        truth = {"title": "The market is back", "publish_date": "2021-05-03", "main_content": GOLD, "with": [], "without": []}
        row = {"url": "https://a.example/1", "ground_truth": truth, "_internal": {"page_type": kind} if kind else {}}
        write(root / split / "ground-truth" / f"{key}.json", row)
        write(root / split / "html" / f"{key}.html.gz", zipped(HTML))
    return root


def make_article_extraction(root: Path) -> Path:
    write(root / "ground-truth.json", {"aa": {"articleBody": GOLD, "url": "https://a.example/1"}, "bb": {"articleBody": GOLD}})
    for key in ("aa", "bb"):
        write(root / "html" / f"{key}.html.gz", zipped(HTML))
    return root


def make_trafilatura(root: Path) -> Path:
    segments = {"with": [BODY[0][:40], BODY[2][-30:]], "without": [MENU]}
    rows = {f"https://a.example/{inner}": {"file": f"{inner}.html", **segments} for inner in ("cache", "eval")}
    write(root / "tests" / "evaldata.json", rows)
    for inner in ("cache", "eval"):
        write(root / "tests" / inner / f"{inner}.html", HTML.encode())
    return root


def make_fundus(root: Path) -> Path:
    row = {"url": "https://a.example/1", "body": [*BODY, "[By Ann Smith.]"], "crawl_date": "2024-01-01T00:00:00"}
    write(root / "dataset" / "ground_truth.json", {"B_1.html.gz": row, "A_1.html.gz": row})
    for key in ("A_1", "B_1"):
        write(root / "dataset" / "html" / f"{key}.html.gz", zipped(HTML))
    return root


def make_pages(root: Path) -> Path:
    pa = pytest.importorskip("pyarrow", reason="pyarrow, of the bench extra, is not installed")
    pq = pytest.importorskip("pyarrow.parquet")
    rows = [
        {"url": f"https://a.example/{i}", "html": HTML.encode(), "gold": GOLD, "page_type": kind, "title": "The market is back"}
        for i, kind in enumerate(("article", "article", "forum"))
    ]
    pq.write_table(pa.Table.from_pylist(rows), root / "market.parquet")
    return root / "market.parquet"


def make_lines(root: Path) -> Path:
    row = {"id": "a", "lang": "en", "lines": [MENU, *BODY, "By Ann Smith"], "also_acceptable": [[4, "content"]]}
    row["labels"] = ["navigation", "content", "content", "content", "byline"]
    write(root / "lines.jsonl", json.dumps(row) + "\n")
    return root / "lines.jsonl"


MAKERS = {
    "wcxb": make_wcxb, "article-extraction-benchmark": make_article_extraction, "trafilatura": make_trafilatura,
    "fundus-evaluation": make_fundus, "pages": make_pages, "lines": make_lines,
}  # fmt: skip


@pytest.fixture(params=MAKERS)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """Each benchmark by name, with a tiny copy of its files."""
    return request.param, MAKERS[request.param](tmp_path)


def test_every_benchmark_has_all_it_needs() -> None:
    """A benchmark has a reader, a metric, a way to get it and a test of its format."""
    assert set(READERS) == set(METRICS) == set(HOW_TO_GET) == set(MAKERS)


def test_perfect_output_scores_one_and_empty_output_nothing(made: tuple[str, Path]) -> None:
    """Read from its own files, every benchmark gives 1 to the gold itself and 0 to nothing."""
    name, path = made
    metric, pages = METRICS[name], list(READERS[name](path))
    perfect = ["\n".join(page.wanted) or page.gold for page in pages]
    best = figures(metric, np.array([metric.score(page, text) for page, text in zip(pages, perfect, strict=True)], float))
    none = figures(metric, np.array([metric.score(page, "") for page in pages], float))
    assert list(best)[:3] == ["precision", "recall", "f1"]
    assert [best[figure].value for figure in ("precision", "recall", "f1")] == [1, 1, 1]
    assert [none[figure].value for figure in ("precision", "recall", "f1")] == [0, 0, 0]


def test_pages_are_read_whole(made: tuple[str, Path]) -> None:
    """Every reader gives the page's HTML with its text, an id of its own, and the gold."""
    name, path = made
    pages = list(READERS[name](path))
    assert len({page.id for page in pages}) == len(pages) > 0
    for page in pages:
        html = page.html.decode() if isinstance(page.html, bytes) else page.html
        assert all(paragraph in html for paragraph in BODY)
        assert page.gold or page.wanted


def test_wcxb_reads_the_split_that_is_named(tmp_path: Path) -> None:
    """The repository means its dev split, a split's folder means that split; a category page is a collection."""
    root = make_wcxb(tmp_path)
    assert [(p.id, p.type) for p in READERS["wcxb"](root)] == [("0001", "collection"), ("0002", "forum")]
    assert [(p.id, p.type) for p in READERS["wcxb"](root / "test")] == [("0003", "article")]
    assert next(READERS["wcxb"](root)).known == {"title": "The market is back", "date": "2021-05-03"}


def test_lines_with_two_right_labels_are_not_scored(tmp_path: Path) -> None:
    """A line that may be kept or dropped is neither wanted nor unwanted, and keeping it costs nothing."""
    (page,) = READERS["lines"](make_lines(tmp_path))
    assert (page.wanted, page.unwanted) == (BODY, (MENU,))
    assert LINES.score(page, "\n".join([*BODY, "By Ann Smith"])) == (3, 0, 0)


@pytest.mark.parametrize("name", READERS)
def test_missing_files_say_how_to_get_them(name: str, tmp_path: Path) -> None:
    """A path without the benchmark's files ends with status 2 and how to get them, before anything runs."""
    if name == "pages":
        pytest.importorskip("pyarrow", reason="pyarrow, of the bench extra, is not installed")
    for path in (tmp_path, tmp_path / "nowhere", Path(__file__)):
        if name == "lines" and path.is_file():
            continue
        result = CliRunner().invoke(main, ["bench", name, str(path)])
        assert result.exit_code in (2, 65), result.output
        assert HOW_TO_GET[name] in result.stderr
        assert result.stdout == ""


def test_a_page_without_its_file_is_an_error(tmp_path: Path) -> None:
    """A copy that lacks pages is not the benchmark: the missing file is named."""
    root = make_article_extraction(tmp_path)
    (root / "html" / "bb.html.gz").unlink()
    with pytest.raises(UsageError, match=r"bb\.html\.gz"):
        list(READERS["article-extraction-benchmark"](root))


def test_word_score_by_hand() -> None:
    """3 of 4 words are the gold's (the, the, cat), 3 of its 6 are there."""
    assert WORDS.score(Page("", "", gold="The cat sat on the mat"), "the cat the dog") == pytest.approx((0.75, 0.5, 0.6))
    assert WORDS.score(Page("", ""), "") == (1, 1, 1)
    assert WORDS.score(Page("", ""), "word") == (0, 0, 0)


def test_shingle_score_by_hand() -> None:
    """Of `abcd bcde` and `abcd bcdx` one shingle is shared; a page without output has no precision, only no recall."""
    page = Page("", "", gold="a b c d e")
    rows = np.array([SHINGLES.score(page, text) for text in ("a b c d x", "a b c d e", "")])
    assert rows[0] == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])
    total = {name: float(value) for name, value in SHINGLES.total(rows).items()}
    assert total == pytest.approx({"precision": 0.75, "recall": 0.5, "f1": 0.6, "accuracy": 1 / 3})
    assert SHINGLES.score(Page("", "", gold="a b"), "a b") == (1, 0, 0, 1)


def test_segment_score_by_hand() -> None:
    """One of two wanted segments and one of two unwanted ones are there; white space does not matter."""
    page = Page("", "", wanted=("a  phrase", "other"), unwanted=("menu", "foot"))
    rows = np.array([SEGMENTS.score(page, "has a\nphrase and menu")])
    assert rows.tolist() == [[1, 1, 1, 1]]
    assert {name: float(value) for name, value in SEGMENTS.total(rows).items()} == {
        "precision": 0.5, "recall": 0.5, "f1": 0.5, "accuracy": 0.5,
    }  # fmt: skip


def test_rouge_by_hand() -> None:
    """The example of Lin 2004, section 3.2: the union of `w1 w2` and `w1 w3 w5` is four of five words."""
    reference = [("w1", "w2", "w3", "w4", "w5")]
    output = [("w1", "w2", "w6", "w7", "w8"), ("w1", "w3", "w8", "w9", "w5")]
    assert rouge.rouge_lsum(reference, output) == pytest.approx((4 / 10, 4 / 5, 8 / 15))


def test_rouge_takes_optional_paragraphs_either_way() -> None:
    """A paragraph in brackets costs nothing when it is there and nothing when it is not."""
    page = Page("", "", wanted=("The first paragraph.", "[By Ann Smith.]", "The last one."))
    assert ROUGE.score(page, "The first paragraph. The last one.") == (1, 1, 1)
    assert ROUGE.score(page, "The first paragraph. By Ann Smith. The last one.") == (1, 1, 1)
    assert len(list(rouge.versions(["[a]", "[b]", "c"]))) == 4
    assert len(list(rouge.versions([f"[{i}]" for i in range(9)]))) == 2


def test_spread_is_over_pages() -> None:
    """fundus-evaluation's standard deviation is that of the pages' scores, not of the mean."""
    total = ROUGE.total(np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]))
    assert (float(total["f1"]), float(total["f1_std"])) == pytest.approx((0.5, 0.5**0.5))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12))
def test_line_score_is_keep_drop(lines: list[tuple[bool, bool]]) -> None:
    """From the output's text alone, lines score as `evaluation.metrics.keep_drop` scores decisions."""
    texts = tuple(f"line {i}" for i in range(len(lines)))
    wanted, kept = (np.array(side) for side in zip(*lines, strict=True))
    page = Page("", "", wanted=tuple(np.array(texts)[wanted]), unwanted=tuple(np.array(texts)[~wanted]), lines=texts)
    rows = np.array([LINES.score(page, "\n".join(np.array(texts)[kept]))])
    sizes, zeros = np.ones(len(lines), np.int64), np.zeros(len(lines), np.int64)
    assert float(LINES.total(rows)["f1"]) == pytest.approx(keep_drop(kept, wanted, zeros.astype(bool), sizes, zeros).f1)


@given(st.text(), st.text())
def test_scores_are_shares(text: str, gold: str) -> None:
    """Whatever the texts, every score lies from 0 to 1, and the gold itself is perfect by every text metric."""
    page = Page("", "", gold=gold, wanted=(gold,))
    for metric in (WORDS, ROUGE, SHINGLES):
        assert all(0 <= score <= 1 for score in metric.score(page, text))
    assert WORDS.score(page, gold) == (1, 1, 1)
    assert SHINGLES.score(page, gold)[1:3] == (0, 0)


def test_intervals_hold_the_value_and_repeat() -> None:
    """The interval lies around the value, and the same pages give the same figures."""
    rows = np.random.default_rng(1).random((80, 3))
    found = figures(WORDS, rows)
    assert all(figure.low < figure.value < figure.high and figure.deviation > 0 for figure in found.values())
    assert found == figures(WORDS, rows)
    assert found["f1"].value == pytest.approx(rows[:, 2].mean())


def test_metadata_is_right_when_equal_or_within() -> None:
    """Case, punctuation and a site's name around a title do not matter; another day does; unknown gold is not asked."""
    gold = [{"title": "The Market is back!", "date": "2021-05-03 18:12:00+02:00"}, {"title": "Rain", "author": "A. B"}, None]
    found = [{"title": "The market is back - Gazette", "date": "2021-05-03"}, {"title": "Snow", "author": None}, {}]
    assert {name: (s.hits, s.of) for name, s in metadata.shares(gold, found).items()} == {
        "title": (1, 2), "author": (0, 1), "date": (1, 1),
    }  # fmt: skip
    assert metadata.shares([{"date": "2021-05"}], [{"date": "2021-05-03"}])["date"].hits == 1
    assert metadata.shares([{"title": "…"}], [{"title": "!"}])["title"].hits == 0


def six_pages(_: Path) -> Iterator[Page]:
    yield from (Page(name, HTML, gold=GOLD) for name in ("good", "crash", "raise", "net", "slow", "last"))


def load_wild(_: peers.Settings) -> peers.Loaded:
    def text(page: Page) -> str | None:
        if page.id == "crash":
            os._exit(3)
        if page.id == "raise":
            raise RecursionError("too deep")
        if page.id == "net":
            socket.create_connection(("127.0.0.1", 9))
        if page.id == "slow":
            time.sleep(600)
        print("noise on stdout")
        return page.id

    return peers.Loaded(text)


def load_broken(_: peers.Settings) -> peers.Loaded:
    raise ImportError("no libfoo")


def test_nothing_that_a_system_does_stops_the_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A crash, an exception, a page without end and a call to the network each cost that page alone."""
    started, *given = answers(Task(six_pages, tmp_path, 6, load_wild, page_seconds=6))
    assert isinstance(started, Started)
    found = [answer for answer in given if isinstance(answer, Answer)]
    assert [answer.text for answer in found] == ["good", "", "", "", "", "last"]
    assert [bool(answer.error) for answer in found] == [False, True, True, True, True, False]
    assert "too deep" in found[2].error
    assert "offline" in found[3].error
    assert found[4].seconds >= 6
    assert found[0].peak_mb > 1
    assert capfd.readouterr().out == ""


def test_a_system_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    """A peer whose import fails is told by its reason."""
    with pytest.raises(LoadError, match="no libfoo"):
        list(answers(Task(six_pages, tmp_path, 6, load_broken)))


@pytest.mark.parametrize("name", peers.PEERS)
def test_peers_give_the_article(name: str, tmp_path: Path) -> None:
    """Every installed peer, loaded in its own process, gives the article of a plain page, as text or as bytes."""
    if peers.installed(name) is None:
        pytest.skip(f"{name} is not installed: pip install 'cleaner[bench]'")
    for path in (make_article_extraction(tmp_path / "a"), make_trafilatura(tmp_path / "t")):
        read = READERS["trafilatura" if path.name == "t" else "article-extraction-benchmark"]
        _, answer, _ = answers(Task(read, path, 2, peers.SYSTEMS[name].load))
        assert isinstance(answer, Answer)
        assert answer.error == ""
        assert all(paragraph in " ".join(answer.text.split()) for paragraph in BODY)


def test_a_run_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command prints figures, cost, page types, metadata and absent peers, and writes every page to JSON."""
    monkeypatch.setattr("cleaner.benchmarks.run.installed", lambda name: "1.0" if name == "cleaner" else None)
    into = tmp_path / "all.json"
    document = tmp_path / "README.md"
    document.write_text("before\n<!-- bench wcxb -->\n<!-- /bench wcxb -->\nafter\n", encoding="utf-8")
    call = ["bench", "wcxb", str(make_wcxb(tmp_path)), "--peers", "justext", "--json", str(into), "--into", str(document)]
    result = CliRunner().invoke(main, call)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    for shown in ("2 pages", "style all", "| justext |  | not installed |", "f1 by page type", "metadata right", "| title |"):
        assert shown in result.stdout
    written = document.read_text(encoding="utf-8")
    assert written.startswith("before\n<!-- bench wcxb -->")
    assert "| cleaner |" in written
    assert written.endswith("<!-- /bench wcxb -->\nafter\n")
    whole = json.loads(into.read_text(encoding="utf-8"))
    ours, absent = whole["systems"]
    assert (absent["system"], absent["absent"]) == ("justext", "not installed")
    assert (ours["errors"], ours["empty"], len(ours["pages"])) == (0, 0, 2)
    assert ours["figures"]["f1"]["value"] > 0.8
    assert {kind: found["pages"] for kind, found in ours["by_type"].items()} == {"collection": 1, "forum": 1}
    assert ours["peak_mb"] > 1
    assert ours["pages_per_cpu_second"] > 0
    assert ours["times_trafilatura"] is None
    assert GOLD[:40] not in into.read_text(encoding="utf-8")


def test_lines_are_given_to_cleaner_as_lines(tmp_path: Path) -> None:
    """A page that lost its HTML is judged line by line; the limit holds."""
    report = run("lines", make_lines(tmp_path), peers=[], limit=1)
    assert (report.pages, report.style, report.warning) == (1, "news", "")
    assert report.systems[0].figures["recall"].value == 1


def test_a_model_trained_on_the_set_is_told() -> None:
    """Provenance decides, by the names that training gives its sets."""
    model = replace(load_model(), header={"provenance": {"examples": {"wcxb-dev": [1, 1, 1], "daniel": [1, 1, 1], "press": []}}})
    seen = [("pages", "x/daniel.parquet"), ("wcxb", "repository"), ("lines", "press-lines-train.jsonl")]
    new = [("pages", "x/other.parquet"), ("fundus-evaluation", "x"), ("lines", "press-lines-dev.jsonl")]
    assert all(trained_on(model, sets.set_name(name, Path(path))) for name, path in seen)
    assert not any(trained_on(model, sets.set_name(name, Path(path))) for name, path in new)
    assert not trained_on(replace(model, header={}), "daniel")


def test_the_warning_is_shown() -> None:
    """A figure on trained pages carries its warning in the table and in JSON."""
    report = Report("pages", "p", "m", "news", "abc", 1, 1.0, [SystemReport("cleaner", absent="not installed")], TRAINED_ON)
    assert f"WARNING: {TRAINED_ON}" in as_tables(report)
    assert as_json(report)["warning"] == TRAINED_ON


def test_the_test_split_of_wcxb_is_not_the_dev_split(tmp_path: Path) -> None:
    """Only the split that was trained on is named so."""
    root = make_wcxb(tmp_path)
    assert (sets.set_name("wcxb", root), sets.set_name("wcxb", root / "test")) == ("wcxb-dev", "wcxb-test")


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    """A wrong peer or benchmark ends with status 2 and the known names."""
    for call, known in ((["bench", "wcxb", str(tmp_path), "--peers", "goose"], "boilerpy3"), (["bench", "no", "."], "wcxb")):
        result = CliRunner().invoke(main, call)
        assert result.exit_code == 2
        assert known in result.stderr
