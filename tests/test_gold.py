"""The gold is whole, large enough to judge by, seen by no training, and strict enough to refuse a bad model."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from models_made import biased, flipped, poisoned
from near_copies import near_duplicates, words

from cleaner.comparison.floors import load_floors
from cleaner.comparison.gate import Gate, compared, gate
from cleaner.comparison.gold import Paired, paired, read_gold
from cleaner.evaluation.judged import article_of
from cleaner.labels import read_labels
from cleaner.model_store import load_model, shipped
from cleaner.policy import load_policy
from cleaner.records import KEPT_LABELS, LABELS
from cleaner.seeds import Seed, read_seeds
from cleaner.training.corpora import read_examples

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"
GOLD = SEEDS / "gold"
"""Measured on, never trained on."""
FEWEST = {
    "fr": 29, "en": 12, "de": 8, "es": 6, "it": 5, "pt": 4, "nl": 3, "pl": 3, "ru": 3, "zh": 2, "ar": 2, "ja": 2, "el": 2, "tr": 2,
}  # fmt: skip
"""Articles by language."""
FEWEST_OF_A_LABEL = 80
SHORTEST = 20
"""Paragraphs of an article."""
LEAK = 9
"""From this many words on (ideographs are one each), a line that stands in two articles was copied, not met by chance."""
SMALLEST = 12
"""Sites with fewest paragraphs of their own that a check looks at: what holds for them holds for all."""


@pytest.fixture(scope="module")
def gold() -> list[Seed]:
    return read_gold([GOLD])


@pytest.fixture(scope="module")
def seeds() -> list[Seed]:
    return list(read_seeds(SEEDS))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def same(gold: list[Seed]) -> list[Paired]:
    """The gold judged by the shipped model, twice."""
    model = load_model(None)
    return paired(gold, model, model, load_policy())


def language(seed: Seed) -> str:
    return seed.language.partition("-")[0]


def test_languages(gold: list[Seed]) -> None:
    """Every language has the articles that it is said to have; about a third of all are French."""
    found = Counter(map(language, gold))
    assert {name: found[name] for name, n in FEWEST.items() if found[name] < n} == {}
    assert 0.3 * len(gold) <= found["fr"] <= 0.5 * len(gold)


def test_labels(gold: list[Seed]) -> None:
    """Every label is frequent enough for its score to mean something, and seen in at least nine languages."""
    counts = Counter(label for seed in gold for label in seed.labels)
    assert {label: counts[label] for label in LABELS if counts[label] < FEWEST_OF_A_LABEL} == {}
    seen = {label: {language(seed) for seed in gold if label in seed.labels} for label in LABELS}
    assert {label: names for label, names in seen.items() if len(names) < 9} == {}


def test_every_article_is_whole(gold: list[Seed]) -> None:
    """An article has an id and a site of its own, a language, enough lines and none that is blank, and something to keep and to remove."""
    for name in ("id", "site"):
        assert [value for value, n in Counter(getattr(seed, name) for seed in gold).items() if n > 1] == []
    for seed in gold:
        assert seed.language, seed.id
        assert len(seed.lines) >= SHORTEST, seed.id
        assert all(line == line.strip() != "" for line in seed.lines), seed.id
        assert {"content", "heading"} <= set(seed.labels), seed.id
        assert set(seed.labels) - set(KEPT_LABELS), seed.id
        assert all(0 < i < len(seed.lines) for i in seed.opens), seed.id
        assert not [i for i, label in (seed.also or {}).items() if label == seed.labels[i]], seed.id


def test_every_article_is_read_as_the_gate_reads_it(gold: list[Seed]) -> None:
    """The gate's own reader finds the labelled paragraphs, in order, in the lines or in the page that the article comes with."""
    for seed in gold:
        assert tuple(p.text for p in article_of(seed).paragraphs) == seed.lines  # raises SeedError where a page differs
    assert sum(bool(seed.html) for seed in gold) >= 15


def test_what_it_comes_from_is_said() -> None:
    """Every article says that it was written for this and under which licence."""
    rows = [json.loads(line) for path in GOLD.glob("*.jsonl") for line in path.read_text(encoding="utf-8").splitlines()]
    assert {(row["origin"], row["licence"]) for row in rows} == {("written for cleaner", "CC-BY-4.0")}
    assert all(row["site"].endswith(".example") and row["kind"] for row in rows)


def test_training_never_reads_it(seeds: list[Seed], gold: list[Seed]) -> None:
    """Given the folder of the seeds, neither training nor the reader of labels goes down to the gold; no site or id is in both."""
    measured = {seed.site for seed in gold}
    assert {example.site for example in read_examples([SEEDS], None)} & measured == set()
    assert {seed.site for seed in read_labels(SEEDS)} & measured == set()
    assert {seed.id for seed in seeds} & {seed.id for seed in gold} == set()


def copied(gold: Iterable[Seed], others: Iterable[tuple[str, str]]) -> list[str]:
    """Gold lines, long enough not to be met by chance, that stand in other lines, or nearly so."""
    own = [(seed.site, line) for seed in gold for line in seed.lines]
    long = [(site, line) for site, line in [*own, *others] if len(words(line)) >= LEAK]
    names = {site for site, _ in own}
    return [f"{a} ~ {b}: {line[:80]}" for a, b, line in near_duplicates(long, 0) if a in names]


def test_no_line_stands_in_the_seeds(seeds: list[Seed], gold: list[Seed]) -> None:
    """No gold line stands in a seed or in another gold article, nor nearly so: the gate measures unseen text."""
    assert copied(gold, [(f"seed {seed.site}", line) for seed in seeds for line in seed.lines]) == []


def test_no_line_stands_in_the_public_sets(gold: list[Seed], shared: Path) -> None:
    """No gold line stands in a public set of lines, trained on or measured on, nor nearly so."""
    sets = sorted(shared.glob("*.jsonl"))
    assert len(sets) >= 5
    assert copied(gold, [(path.name, line) for path in sets for line in lines_in(path)]) == []


def lines_in(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as file:  # not splitlines: a text may hold U+2028
        rows = [json.loads(line) for line in file]
    return [line for row in rows for line in (row["lines"] if "lines" in row else [row["text"]])]


@pytest.mark.parametrize("change", [str, str.upper, lambda line: line.replace("chalk", "flour"), lambda line: line + " Read on."])
def test_copies_would_be_found(gold: list[Seed], change: Callable[[str], str]) -> None:
    """The check sees a copied line, also with its case, a word or its end changed."""
    [line] = [line for seed in gold for line in seed.lines if "You see this cloud? That is chalk" in line]
    assert len(copied(gold, [("elsewhere", change(line))])) == 1


def test_the_card_counts_what_is_there() -> None:
    """The table in the card of the seeds is the one that its command writes."""
    printed = subprocess.run([sys.executable, ROOT / "tests/bench/gold.py"], capture_output=True, text=True, check=True)
    assert printed.stdout in (SEEDS / "README.md").read_text(encoding="utf-8")


def refused(found: Gate) -> set[tuple[str, str, str]]:
    return {(f.group, f.name, f.figure) for f in found.refusals}


def test_the_shipped_model_passes_in_its_own_place() -> None:
    """An identical model passes, and stands above what no model may pass: the next one is not refused for the last one's faults."""
    found = gate(None, shipped(), [GOLD])
    assert refused(found) == set()
    bar = load_floors().bar
    overall = {f.figure: 100 * f.new / f.paragraphs for f in found.figures if f.group == "all"}
    assert {figure: share for figure, share in overall.items() if share > bar[figure]} == {}


@pytest.mark.parametrize(
    ("one", "other", "figure"),
    [
        ("content", "teaser", "content_lost"),
        ("content", "navigation", "content_lost"),
        ("content", "spam", "noise_left"),
        ("caption", "byline", "label_wrong"),
        ("legal", "promo", "label_wrong"),
    ],
)
def test_flipped_labels_are_refused(models: Path, one: str, other: str, figure: str) -> None:
    """A model trained on swapped labels is refused on the shipped gold, also where the swap is among noise and changes no decision."""
    assert ("all", "", figure) in refused(gate(None, flipped(models / f"{one}-{other}.model", one, other), [GOLD]))


def test_keeping_more_is_refused(models: Path) -> None:
    """A model that keeps nearly everything loses no content and is still refused."""
    found = refused(gate(None, biased(models / "keeps.model", "content", 6.0), [GOLD]))
    assert ("all", "", "noise_left") in found
    assert "content_lost" not in {figure for _, _, figure in found}


@pytest.mark.parametrize("name", ["fr", "en", "de", "es", "it"])
def test_a_poisoned_site_is_refused(gold: list[Seed], models: Path, name: str) -> None:
    """A model that was taught to take one site's own words for menus is refused for that site and no other.

    The figure differs: where it would take too much of an article, the policy keeps the whole for review, its noise too.
    """
    texts = [seed for seed in gold if language(seed) == name and not seed.html]
    site = max(texts, key=lambda seed: sum(label in KEPT_LABELS for label in seed.labels))
    own = [line for line, label in zip(site.lines, site.labels, strict=True) if label in KEPT_LABELS]
    others = [line for seed in gold if seed is not site for line in seed.lines]
    found = gate(None, poisoned(models / f"{name}.model", own, others, "navigation"), [GOLD])
    assert {name for group, name, _ in refused(found) if group == "site"} == {site.site}


def without(pairs: Sequence[Paired], figure: str, gone: Iterable[Paired]) -> list[Paired]:
    """As if a new model got these wrong and were otherwise the old one."""
    ids = set(map(id, gone))
    return [replace(p, new={**p.new, figure: True}) if id(p) in ids and figure in p.new else p for p in pairs]


def test_the_loss_of_any_one_article_is_refused(same: list[Paired]) -> None:
    """However short a site's article is, a model that loses the whole of it is refused: no site hides below the floors."""
    floors = load_floors()
    sizes = Counter(p.site for p in same if not p.old.get("content_lost", True))
    for site, _ in sizes.most_common()[-SMALLEST:]:
        lost = without(same, "content_lost", [p for p in same if p.site == site])
        assert any(f.refused for f in compared(lost, floors)), site


@pytest.mark.parametrize("figure", ["content_lost", "noise_left"])
def test_every_language_and_label_can_be_refused(same: list[Paired], figure: str) -> None:
    """Each language, and each label, has enough paragraphs that a model which fails on them is refused in that group by name."""
    floors = load_floors()
    failing = list(compared(without(same, figure, same), floors))
    groups = {(f.group, f.name): f.refused for f in failing if f.figure == figure and f.group in ("language", "label")}
    assert {name for name, reason in groups.items() if not reason} == set()
    assert {name for group, name in groups if group == "language"} == set(FEWEST)
