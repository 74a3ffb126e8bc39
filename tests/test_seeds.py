"""The repository's own seeds are enough, varied and distinct, and reading errors say where."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from near_copies import LONG_LINE, near_duplicates

from cleaner.errors import SeedError
from cleaner.records import LABELS
from cleaner.seeds import Seed, read_seeds

SEEDS = Path(__file__).parent.parent / "seeds"


@pytest.fixture(scope="module")
def seeds() -> list[Seed]:
    return list(read_seeds(SEEDS))


@pytest.fixture(scope="module")
def articles(seeds: list[Seed]) -> list[Seed]:
    return [seed for seed in seeds if len(seed.lines) > 1]


def base(seed: Seed) -> str:
    return seed.language.partition("-")[0]


def test_there_are_enough(articles: list[Seed]) -> None:
    """There are articles of several paragraphs enough to learn a paragraph's place from."""
    assert len(articles) >= 240
    assert sum(len(seed.lines) for seed in articles) >= 7000


def test_every_label_is_shown(articles: list[Seed]) -> None:
    """Every label has at least 200 paragraphs in their place."""
    counts = Counter(label for seed in articles for label in seed.labels)
    assert {label: counts[label] for label in LABELS if counts[label] < 200} == {}


def test_half_are_french(articles: list[Seed]) -> None:
    """Half of the flattened articles are French, as the README of the seeds says."""
    flattened = [seed for seed in articles if not seed.html]
    french = sum(base(seed) == "fr" for seed in flattened)
    assert 2 * french >= len(flattened), f"{french} of {len(flattened)}"


def test_other_languages(articles: list[Seed]) -> None:
    """At least nine languages beside French are there, and every article names its own."""
    assert all(seed.language for seed in articles)
    assert len({base(seed) for seed in articles} - {"fr"}) >= 9


def test_sites(seeds: list[Seed], articles: list[Seed]) -> None:
    """Every article names a site in the file, and whole articles never share one, so that folds by site are honest."""
    named = [
        json.loads(line).get("site") for path in SEEDS.glob("*.jsonl") for line in path.read_text(encoding="utf-8").splitlines()
    ]
    assert len(named) == len(seeds)
    assert all(named)
    assert [site for site, n in Counter(seed.site for seed in articles).items() if n > 1] == []


def test_ids(seeds: list[Seed]) -> None:
    """An id names one seed."""
    assert [name for name, n in Counter(seed.id for seed in seeds).items() if n > 1] == []


def test_every_paragraph_holds_text(seeds: list[Seed]) -> None:
    """A labelled paragraph is never blank."""
    assert [seed.id for seed in seeds if not seed.lines or not all(line.strip() for line in seed.lines)] == []


def test_no_near_duplicates(seeds: list[Seed]) -> None:
    """No long line nearly repeats a line of another site: a score on unseen sites is on unseen text."""
    lines = [(seed.site, line) for seed in seeds for line in seed.lines]
    assert [f"{a} ~ {b}: {line[:80]}" for a, b, line in near_duplicates(lines)] == []


def test_near_duplicates_are_found() -> None:
    """The check itself sees a long line with one word changed, in a script with spaces and in one without."""
    spaced = "the old ferry left the harbour at dawn with eleven passengers and a piano tied to its deck"
    ideographs = "".join(chr(0x4E00 + i) for i in range(70))
    lines = [("a", spaced), ("b", spaced.replace("piano", "harp")), ("c", ideographs), ("d", ideographs[:-3]), ("a", spaced)]
    assert {(one, other) for one, other, _ in near_duplicates(lines)} == {("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")}


GOOD = '{"id": "x-1", "site": "x.example", "language": "en", "paragraphs": [{"text": "Menu", "label": "navigation"}]}'


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("cut.jsonl", f'{GOOD}\n\n{{"id": "x-2", "paragr', ":3"),
        ("bare.jsonl", f"{GOOD}\n[1, 2]", ":2"),
        ("label.jsonl", f"{GOOD}\n{GOOD.replace('navigation', 'menu')}", ":2"),
        ("also.jsonl", GOOD.replace('"label"', '"also": "menu", "label"'), ":1"),
        ("uneven.jsonl", '{"id": "x", "lines": ["a", "b"], "labels": ["content"]}', ":1"),
        ("label.csv", "text,label\nMenu,navigation\nMenu,menu\n", ":3"),
        ("multiline.csv", 'text,label\n"two\nlines",content\nMenu,menu\n', ":4"),
        ("short.csv", "label,text\ncontent,One\ncontent\n", ":3"),
        ("columns.csv", "line,kind\nMenu,navigation\n", "first line"),
        ("empty.csv", "", "first line"),
    ],
)
def test_errors_say_where(tmp_path: Path, name: str, text: str, line: str) -> None:
    """A bad seed is refused with the file and the line to look at."""
    path = written(tmp_path / name, text)
    with pytest.raises(SeedError) as raised:
        list(read_seeds(path))
    assert str(path) in str(raised.value)
    assert line in str(raised.value)


@pytest.mark.parametrize("name", ["latin.jsonl", "latin.csv"])
def test_other_encodings_are_refused_by_name(tmp_path: Path, name: str) -> None:
    """A file that is not UTF-8, as spreadsheets write them, is refused with its name, not with a traceback."""
    text = GOOD.replace("Menu", "Météo") if name.endswith("jsonl") else "text,label\nMétéo,navigation\n"
    path = written(tmp_path / name, text, "latin-1")
    with pytest.raises(SeedError, match=re.escape(str(path))):
        list(read_seeds(path))


def test_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    """A path that is not there is an error that names it."""
    with pytest.raises(SeedError, match="nowhere"):
        list(read_seeds(tmp_path / "nowhere.jsonl"))


def test_csv_with_a_byte_order_mark(tmp_path: Path) -> None:
    """The CSV that Excel saves as UTF-8, with a mark at its start, is read."""
    path = written(tmp_path / "excel.csv", "text,label\nMenu,navigation\n", "utf-8-sig")
    assert [seed.lines for seed in read_seeds(path)] == [("Menu",)]


def test_forms_of_a_seed(tmp_path: Path) -> None:
    """Articles, loose lines, columns of lines and CSV rows all give labelled paragraphs, a folder in the order of names."""
    written(tmp_path / "a.jsonl", f'{GOOD}\n{{"text": "Une gifle.", "label": "content"}}\n')
    written(tmp_path / "b.jsonl", '{"id": "y", "lines": ["T", "U"], "labels": ["heading", "content"], "article_starts": [0, 1]}')
    written(tmp_path / "c.csv", 'text,label,language\n"He said ""no"".",content,en\n')
    found = list(read_seeds(tmp_path))
    assert [(seed.lines, seed.labels) for seed in found] == [
        (("Menu",), ("navigation",)),
        (("Une gifle.",), ("content",)),
        (("T", "U"), ("heading", "content")),
        (('He said "no".',), ("content",)),
    ]
    assert found[2].opens == {1}
    assert found[3].language == "en"


def test_no_line_of_the_public_data(seeds: list[Seed], shared: Path) -> None:
    """The seeds are our own: no long line of the public sets stands in them, not even a notice inside another."""
    public = {
        line
        for name in ("press-lines-train.jsonl", "press-lines-dev.jsonl")
        for s in read_seeds(shared / name)
        for line in s.lines
    }
    written = "\n".join(line for seed in seeds for line in seed.lines)
    assert [line for line in public if len(line) > LONG_LINE and line in written] == []
