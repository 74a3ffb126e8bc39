"""What a new model would change in a corpus: counted exactly, shown safely, the same whoever counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from inert import is_inert
from models_made import biased, flipped

from cleaner import Cleaner, UsageError
from cleaner.cli import main
from cleaner.comparison import changes
from cleaner.comparison.changes import Sums, Surprise
from cleaner.comparison.compare import compare, comparison_json
from cleaner.comparison.near import one_of_each
from cleaner.comparison.pages import comparison_lines, comparison_page
from cleaner.corpus import clean_corpus
from cleaner.readers import list_inputs, read_records

sys.path.insert(0, str(Path(__file__).parent / "crash"))
from faults import page, story, tree, yesterday

NASTY = "Le maire \u202emalsain\u202c <img src=x onerror=alert(1)> </script> a rouvert le pont devant 40 habitants & {{x}} \x1b]0;t\x07."


def run(*args: object) -> Result:
    return CliRunner().invoke(main, [*map(str, args)])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Cleaner]:
    """The shipped model, one that takes more, one that keeps more."""
    folder = tmp_path_factory.mktemp("models")
    return {
        "shipped": Cleaner.load(),
        "takes": Cleaner.load(flipped(folder / "takes.model", "content", "teaser")),
        "keeps": Cleaner.load(biased(folder / "keeps.model", "content", 12.0)),
    }


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Texts, pages, a container with a bad record, and files that are no text."""
    folder = yesterday(tmp_path / "in")
    (folder / "www.site.example").mkdir()
    for number in range(3):
        (folder / f"www.site.example/{number}.html").write_text(page(number), encoding="utf-8")
    return folder


def by_hand(folder: Path, old: Cleaner, new: Cleaner) -> Counter[tuple[str, str, str]]:
    """What differs, from cleaning every record on its own with both models."""
    found: Counter[tuple[str, str, str]] = Counter()
    for item in list_inputs([folder]):
        for record in read_records(item):
            try:
                results = [c.clean(record.raw, kind=getattr(record, "kind", None), id=record.id) for c in (old, new)]
            except Exception:  # noqa: BLE001, S112 - what is no text is no part of the sums
                continue
            for before, after in zip(results[0].paragraphs, results[1].paragraphs, strict=True):
                way = "" if before.stays == after.stays else "removed" if before.stays else "kept"
                if way or before.label != after.label:
                    found[way, before.label, after.label] += 1
    return found


@pytest.mark.parametrize("other", ["takes", "keeps"])
def test_the_counts_are_those_of_cleaning_twice(corpus: Path, models: dict[str, Cleaner], other: str) -> None:
    """Every changed decision and label is counted, of texts, pages and records of containers; what cannot be read is counted apart."""
    found = compare([corpus], models["shipped"], models[other])
    (corpus / "feed.jsonl").write_bytes(
        b"\n".join(row for row in (corpus / "feed.jsonl").read_bytes().split(b"\n") if row != b"{broken")
    )
    assert found.sums.labels == by_hand(corpus, models["shipped"], models[other])
    assert found.removed + found.kept > 5
    assert found.sums.unread == 2
    assert found.sums.records == 12 + 2 + 2 + 5 + 3


def test_equal_models_change_nothing(corpus: Path, models: dict[str, Cleaner]) -> None:
    """A model beside itself: no difference, of nothing."""
    found = compare([corpus], models["shipped"], models["shipped"])
    assert (found.removed, found.kept, found.relabelled, found.sums.sources) == (0, 0, 0, 0)
    assert not found.sums.aside
    assert "0 paragraphs newly removed" in "\n".join(comparison_lines(found))


def test_the_workers_do_not_show(corpus: Path, models: dict[str, Cleaner], monkeypatch: pytest.MonkeyPatch) -> None:
    """One process or two, and shards of any size: the same text, page and figures to the byte; the corpus is as it was."""
    was = tree(corpus)
    whole = compare([corpus], models["shipped"], models["takes"])
    two = compare([corpus], models["shipped"], models["takes"], workers=2)
    monkeypatch.setattr("cleaner.comparison.compare.TOGETHER", 3)
    small = compare([corpus], models["shipped"], models["takes"])
    for other in (two, small):
        assert comparison_json(other) == comparison_json(whole)
        assert comparison_page(other) == comparison_page(whole)
    assert tree(corpus) == was


def test_sites_languages_and_set_aside(corpus: Path, models: dict[str, Cleaner]) -> None:
    """Changes are told by site (the folder where no address is known) and language, and so are sources that newly give no article."""
    found = comparison_json(compare([corpus], models["shipped"], models["takes"]))
    assert {"site.example", "sub", "unknown"} == {row["name"] for row in found["sites"]}
    assert found["languages"][0]["name"] == "fr"
    assert sum(row["removed"] for row in found["sites"]) == found["newly_removed"]
    assert sum(row["kept"] for row in found["languages"]) == found["newly_kept"]
    assert sum(row["sources"] for row in found["sites"]) == found["sources_changed"] <= found["records"]
    assert all(row["old"] != row["new"] for row in found["set_aside"])


def test_near_copies_are_shown_once(tmp_path: Path, models: dict[str, Cleaner]) -> None:
    """A line that differs by numbers and a name in 30 articles takes one place among the surprising ones, with how many are like it."""
    (tmp_path / "in").mkdir()
    for number in range(30):
        name = f"{chr(65 + number % 26)}{'aeiouy'[number % 6] * (1 + number // 6)}nd"
        text = story(number * 8).replace("Le maire de", f"Le maire {name} de")
        (tmp_path / f"in/{number}.txt").write_text(text, encoding="utf-8")
    found = compare([tmp_path / "in"], models["shipped"], models["takes"])
    shown = found.surprises["removed"]
    assert found.removed >= 30
    assert 1 <= len(shown) <= 5
    assert max(copies for _, copies in shown) >= 20
    assert "more like it" in "".join(comparison_lines(found))


def surprise(change: int, source: str, text: str) -> Surprise:
    return Surprise(change, source, 0, "s", "fr", "content", "teaser", 9000, 9000 - change, text)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc"), st.text("xyz", min_size=1, max_size=2)), max_size=60),
    st.randoms(),
)
def test_the_most_surprising_are_the_same_in_any_order(rows: list[tuple[int, str, str]], random: object) -> None:
    """Which paragraphs are held does not depend on the order of records, though only a few are held at a time."""
    pool, changes.POOL = changes.POOL, 5
    try:
        one, other = Sums(), Sums()
        mixed = list(rows)
        random.shuffle(mixed)  # type: ignore[attr-defined]
        for sums, order in ((one, rows), (other, mixed)):
            for row in order:
                sums.surprise("removed", surprise(*row))
        assert one.ranked("removed") == other.ranked("removed")
        best: dict[str, int] = {}
        for change, _, text in rows:
            best[text] = max(best.get(text, -1), change)
        assert sorted((s.change for s in one.ranked("removed")), reverse=True) == sorted(best.values(), reverse=True)[:5]
    finally:
        changes.POOL = pool


@given(st.lists(st.text(max_size=30), max_size=20), st.integers(1, 5))
def test_clusters_account_for_every_text(texts: Sequence[str], most: int) -> None:
    """Nothing is shown twice, and no more is counted than there was."""
    found = one_of_each(texts, str, most)
    assert len(found) <= most
    assert len(found) + sum(count for _, count in found) <= len(texts)
    assert len({text for text, _ in found}) == len(found)


def test_scraped_text_is_inert_on_the_page_and_in_the_terminal(tmp_path: Path, models: dict[str, Cleaner]) -> None:
    """Markup, directions and escape sequences in a paragraph are shown as text and marks, in page and terminal alike."""
    (tmp_path / "in").mkdir()
    text = story(1).replace("Le maire de", f"{NASTY} Le maire de")
    (tmp_path / "in/<b>&.txt").write_text(text, encoding="utf-8")
    found = compare([tmp_path / "in"], models["shipped"], models["takes"])
    shown = comparison_page(found)
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
    assert "⟦U+202E⟧" in shown
    assert "⟦U+001B⟧" in shown
    assert not any(raw in shown for raw in ("<img", "<script", "</script", "\u202e", "\x1b", "<b>&"))
    is_inert(shown)
    assert shown.count("⟦U+202E⟧") == shown.count("⟦U+202C⟧") == sum("\u202e" in s.text for s, _ in found.surprises["removed"])
    assert "default-src 'none'" in shown
    (tmp_path / "new.model").write_bytes(b"")
    result = run("compare", _file(models, tmp_path, "shipped"), _file(models, tmp_path, "takes"), tmp_path / "in", "-w", 1)
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout


def _file(models: dict[str, Cleaner], folder: Path, name: str) -> Path:
    from cleaner.model_store import shipped

    return shipped() if name == "shipped" else flipped(folder / "takes.model", "content", "teaser")


def test_the_command_writes_text_page_and_json(corpus: Path, models: dict[str, Cleaner], tmp_path: Path) -> None:
    """One command: text on stdout, a page and figures where they are asked for; a shelf is a model; a missing input ends with 2."""
    shelf = Path(__file__).parent.parent / "models"
    new = _file(models, tmp_path, "takes")
    result = run("compare", shelf, new, corpus, "--html", tmp_path / "c.html", "--json", tmp_path / "c.json", "-w", 1)
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "c.json").read_text())
    assert f"{found['newly_removed']:,} paragraphs newly removed" in result.stdout
    assert "Newly removed" in (tmp_path / "c.html").read_text()
    assert result.stdout.count("\n- ") == len(found["surprises"]["removed"])
    assert run("compare", shelf, new, tmp_path / "none").exit_code == 2
    with pytest.raises(UsageError):
        compare([tmp_path / "none"], models["shipped"], models["takes"])


def test_what_it_says_is_what_then_happens(tmp_path: Path, models: dict[str, Cleaner]) -> None:
    """As many sources as compare counts are written anew by the next run with the new model, and no others."""
    raw, out = Path(__file__).parent.parent / "seeds/raw", tmp_path / "out"
    new = Cleaner.load(biased(tmp_path / "new.model", "content", 1.0))
    found = compare([raw], models["shipped"], new)
    clean_corpus([raw], out, models["shipped"])
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in out.rglob("*.txt")}
    report = clean_corpus([raw], out, new)
    stays = {path for path, stamp in before.items() if (path.stat().st_ino, path.stat().st_mtime_ns) == stamp}
    assert report.changes.written == len(before) - len(stays) == found.sums.sources
    assert 0 < found.sums.sources < len(before)


@given(st.lists(st.tuples(st.integers(0, 999), st.integers(0, 9999)), max_size=200))
def test_no_more_is_held_than_is_shown_from(rows: list[tuple[int, int]]) -> None:
    """However many paragraphs differ, few are held, and of each no more than is shown of it."""
    pool, changes.POOL = changes.POOL, 5
    try:
        sums = Sums()
        for change, number in rows:
            sums.surprise("removed", surprise(change, "a", chr(0x4E00 + number)))
            assert len(sums.surprises["removed"]) <= 2 * changes.POOL
    finally:
        changes.POOL = pool


def test_a_long_paragraph_is_cut_and_says_so(tmp_path: Path, models: dict[str, Cleaner]) -> None:
    """Of a paragraph of thousands of characters a part is held and shown, with a sign that there is more."""
    text = story(1).replace("Le maire de", f"{'Le conseil de la ville a rouvert le pont. ' * 100} Le maire de")
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    found = compare([tmp_path / "a.txt"], models["shipped"], models["takes"])
    [long] = [s.text for s, _ in found.surprises["removed"] if len(s.text) > 1000]
    assert len(long) == changes.LONGEST + 1
    assert long.endswith("…")


def test_a_page_that_cannot_be_written_costs_the_page_alone(corpus: Path, tmp_path: Path) -> None:
    """A page inside the corpus is refused before anything is judged; a place that cannot be written ends with 74 after the text was shown."""
    shelf = Path(__file__).parent.parent / "models"
    result = run("compare", shelf, shelf, corpus, "--html", corpus / "c.html", "-w", 1)
    assert result.exit_code == 2
    assert "would be an article of it" in result.stderr
    (tmp_path / "file").write_text("x")
    result = run("compare", shelf, shelf, corpus, "--html", tmp_path / "file/c.html", "-w", 1)
    assert result.exit_code == 74
    assert "0 paragraphs newly removed" in result.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals of POSIX")
def test_a_bar_on_a_terminal_alone(corpus: Path, tmp_path: Path) -> None:
    """A person sees how far it is; a pipe gets the text and nothing else, and stderr stays empty."""
    import pty

    root = Path(__file__).parent.parent
    call = [sys.executable, "-m", "cleaner", "compare", "models", "models", str(corpus), "-w", "1"]
    env = {**os.environ, "PYTHONPATH": str(root), "TERM": "xterm"}
    reading, terminal = pty.openpty()
    seen = subprocess.run(call, stdout=subprocess.PIPE, stderr=terminal, env=env, cwd=root, check=True)
    shown = os.read(reading, 65_536)
    os.close(reading)
    os.close(terminal)
    piped = subprocess.run(call, capture_output=True, env=env, cwd=root, check=True)
    assert b"Comparing" in shown
    assert (piped.stdout, piped.stderr) == (seen.stdout, b"")


def test_a_sample_is_a_part_of_the_whole(corpus: Path, models: dict[str, Cleaner]) -> None:
    """--limit looks at so many records and no more."""
    result = run(
        "compare", Path(__file__).parent.parent / "models", Path(__file__).parent.parent / "models", corpus, "--limit", 3, "-w", 1
    )
    assert ": 3 records" in result.stdout.splitlines()[0]
