"""The gate: an equal model passes, one that got worse anywhere is refused with the paragraphs that say so."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from models_made import biased, flipped, poisoned

from cleaner import PolicyError, SeedError
from cleaner.cli import main
from cleaner.comparison.floors import DEFAULT, load_floors
from cleaner.comparison.gate import chance, compared, gate, refuse
from cleaner.comparison.gold import Paired
from cleaner.errors import GateError
from cleaner.model_store import load_model, shipped
from cleaner.records import KEPT_LABELS

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
LANGUAGES = ("fr", "en", "de")


def run(*args: object) -> Result:
    return CliRunner().invoke(main, [*map(str, args)])


@pytest.fixture(scope="module")
def gold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labelled files of these tests as gold articles: each file is a site of its own."""
    path = tmp_path_factory.mktemp("gold") / "gold.jsonl"
    rows = []
    for number, file in enumerate(GOLDEN):
        lines = json.loads(file.read_text(encoding="utf-8"))["lines"]
        paragraphs = [{"text": text, "label": label} for text, label in lines]
        rows.append({"id": file.stem, "site": f"{number}.example", "language": LANGUAGES[number % 3], "paragraphs": paragraphs})
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def lines_of(gold: Path) -> dict[str, list[tuple[str, str]]]:
    rows = map(json.loads, gold.read_text(encoding="utf-8").splitlines())
    return {row["site"]: [(p["text"], p["label"]) for p in row["paragraphs"]] for row in rows}


def test_an_identical_model_passes(gold: Path) -> None:
    """The shipped model is not refused in its own place, and every figure says that nothing changed."""
    found = gate(shipped(), shipped(), [gold])
    assert not found.refusals
    assert {(f.worse, f.better, f.p) for f in found.figures} == {(0, 0, 1.0)}
    refuse(found)


@pytest.mark.parametrize(
    ("one", "other", "figure"),
    [("content", "teaser", "content_lost"), ("content", "navigation", "content_lost"), ("teaser", "navigation", "label_wrong")],
)
def test_a_model_with_labels_flipped_is_refused(gold: Path, models: Path, one: str, other: str, figure: str) -> None:
    """A model trained on swapped labels is refused, also where the swap is among noise and changes no decision; the reason names the figure."""
    found = gate(None, flipped(models / f"{one}-{other}.model", one, other), [gold])
    assert ("all", figure) in {(f.group, f.figure) for f in found.refusals}
    with pytest.raises(GateError, match=figure.replace("_", " ")):
        refuse(found)


def test_a_poisoned_site_is_refused_though_the_rest_is_as_it_was(gold: Path, models: Path) -> None:
    """A model taught that one site's own words are teasers is refused for that site, and the paragraphs it loses are shown."""
    sites = lines_of(gold)
    site = max(sites, key=lambda s: sum(label in KEPT_LABELS for _, label in sites[s]))
    content = [text for text, label in sites[site] if label in KEPT_LABELS]
    others = [text for name, lines in sites.items() for text, _ in lines if name != site]
    found = gate(None, poisoned(models / "poisoned.model", content, others), [gold])
    [refusal] = [f for f in found.refusals if (f.group, f.name, f.figure) == ("site", site, "content_lost")]
    assert refusal.worse >= 5
    shown = found.examples["site", site, "content_lost"]
    assert len(shown) == refusal.worse
    assert {p.text for p in shown} <= set(content)
    lost = Counter(f.name for f in found.figures if f.group == "site" and f.figure == "content_lost" and f.worse)
    assert set(lost) == {site}


def test_a_model_that_leaves_more_noise_is_refused(gold: Path, models: Path) -> None:
    """Keeping everything loses no content and is still refused."""
    found = gate(None, biased(models / "keeps.model", "content", 6.0), [gold])
    figures = {f.figure: f for f in found.figures if f.group == "all"}
    assert not figures["content_lost"].refused
    assert figures["noise_left"].refused


def test_pages_are_judged_with_their_layout(models: Path, tmp_path: Path) -> None:
    """A gold article with its page is judged as a page; one whose labels are not the page's paragraphs is refused with its name."""
    html = "<html><body><nav><a href='/'>Accueil</a></nav><article><h1>Le pont rouvre</h1><p>{}</p></article></body></html>"
    text = "Après onze mois de travaux, le pont a été rendu à la circulation lundi matin, devant une centaine d'habitants."
    labels = (("Accueil", "navigation"), ("Le pont rouvre", "heading"), (text, "content"))
    row = {
        "id": "page",
        "site": "a.example",
        "language": "fr",
        "html": html.format(text),
        "paragraphs": [{"text": t, "label": label} for t, label in labels],
    }
    path = tmp_path / "pages.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    found = gate(None, shipped(), [path])
    assert [(f.new, f.paragraphs) for f in found.figures if f.group == "all"] == [(0, 2), (0, 1), (0, 3)]
    path.write_text(json.dumps(row | {"paragraphs": row["paragraphs"][1:]}), encoding="utf-8")
    with pytest.raises(SeedError, match="page: its paragraphs"):
        gate(None, shipped(), [path])


def pair(label: str = "content", old: bool = False, new: bool = False, site: str = "a") -> Paired:
    figure = "content_lost" if label in KEPT_LABELS else "noise_left"
    return Paired("x", site, "fr", label, "text", {figure: old}, {figure: new}, ("", ""))


def test_a_small_loss_passes_and_a_larger_one_does_not() -> None:
    """Up to the floor a loss is allowed overall; beyond it one paragraph more refuses."""
    floors = load_floors()
    for lost, refused in ((5, False), (6, True)):
        pairs = [pair(new=n < lost, site=str(n)) for n in range(1000)]
        assert any(f.refused for f in compared(pairs, floors)) is refused


def test_chance_does_not_refuse_a_group() -> None:
    """In a group, as many paragraphs won as lost, or too few lost to tell, refuse nothing."""
    floors = load_floors()
    for outcomes in ([(False, True)] * 10 + [(True, False)] * 9, [(False, True)] * 6 + [(False, False)]):
        pairs = [pair(old=old, new=new) for old, new in outcomes] + [pair(site=f"b{n}") for n in range(5000)]
        assert not [f for f in compared(pairs, floors) if f.refused and f.group == "site"]
    pairs = [pair(new=True) for _ in range(7)] + [pair(site=f"b{n}") for n in range(5000)]
    assert [f.name for f in compared(pairs, floors) if f.refused] == ["a"]


@pytest.mark.parametrize("paragraphs", [3, 6])
def test_a_site_that_is_lost_whole_refuses(paragraphs: int) -> None:
    """A site too short for chance to be ruled out may not lose all it has; where one paragraph stays, or stayed before, it may."""
    floors, rest = load_floors(), [pair(site=f"b{n}") for n in range(5000)]
    for kept in (0, 1):
        pairs = [pair(new=n >= kept) for n in range(paragraphs)] + rest
        assert [f.name for f in compared(pairs, floors) if f.refused] == ["a"] * (not kept)
    before = [pair(old=True, new=True) for _ in range(paragraphs)] + rest
    assert not [f for f in compared(before, floors) if f.refused]


def test_two_paragraphs_or_noise_are_no_site_lost_whole() -> None:
    """Two paragraphs that leave are chance, and so is a site's noise that stays."""
    floors, rest = load_floors(), [pair(site=f"b{n}") for n in range(5000)]
    for some in ([pair(new=True)] * 2, [pair("teaser", new=True)] * 6 + [pair("teaser", site="c")] * 5000):
        assert not [f for f in compared(some + rest, floors) if f.refused]


def test_many_small_steps_down_end_at_the_bar() -> None:
    """A model a little worse than the last is allowed only as long as it is above what no model may pass; a better one always is."""
    floors = load_floors()
    at_bar = [pair(old=n < 50, new=n < 51, site=str(n)) for n in range(1000)]
    assert [f.refused for f in compared(at_bar, floors) if f.group == "all"] != [""]
    recovering = [pair(old=n < 90, new=n < 80, site=str(n)) for n in range(1000)]
    assert not any(f.refused for f in compared(recovering, floors))


@given(worse=st.integers(0, 60), better=st.integers(0, 60))
def test_the_probability_is_that_of_a_fair_coin(worse: int, better: int) -> None:
    """The exact test agrees with the binomial distribution of SciPy, and more loss never looks less significant."""
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(worse, worse + better, 0.5, alternative="greater").pvalue if worse + better else 1.0
    assert chance(worse, better) == pytest.approx(expected)
    assert chance(worse + 1, better) <= chance(worse, better)


def test_near_copies_of_a_site_count_once(tmp_path: Path, models: Path) -> None:
    """A line in every article of a site is one paragraph of gold, with its digits left out of account; another site's is another."""
    rows = [
        {"id": f"{site}{n}", "site": site, "language": "fr", "paragraphs": [{"text": f"Lu {n} fois", "label": "navigation"}]}
        for site in "ab"
        for n in range(9)
    ]
    path = tmp_path / "copies.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert {f.paragraphs for f in gate(None, shipped(), [path]).figures if f.group == "all"} == {2}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("content_lost = 0.5", "content_lots = 0.5"), "did you mean `content_lost`"),
        (("content_lost = 0.5", ""), "overall.content_lost is None"),
        (("content_lost = 0.5", "content_lost = true"), "must be a number from 0 to 100"),
        (("significance = 0.01", "significance = 1.5"), "number from 0 to 1"),
        (("[bar]", "[bars]"), "did you mean `bar`"),
        (("version = 1", "version = 2"), "reads version 1"),
    ],
)
def test_floors_have_a_closed_schema(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    """A misspelt or missing floor is named: it never means "no floor"."""
    path = tmp_path / "floors.toml"
    path.write_text(DEFAULT.read_text(encoding="utf-8").replace(*change, 1), encoding="utf-8")
    with pytest.raises(PolicyError, match=said):
        load_floors(path)


def test_floors_of_a_file_count(gold: Path, models: Path, tmp_path: Path) -> None:
    """A person who lowers the floors lets a model through that the shipped ones refuse."""
    path = tmp_path / "floors.toml"
    path.write_text(
        DEFAULT.read_text(encoding="utf-8").replace("label_wrong = 1.0", "label_wrong = 100").replace("= 2.0", "= 100")
    )
    new = flipped(models / "noise.model", "teaser", "navigation")
    assert gate(None, new, [gold]).refusals
    assert not [f for f in gate(None, new, [gold], path).refusals if "points" in f.refused]


def test_the_command_says_what_got_worse_and_ends_with_4(gold: Path, models: Path) -> None:
    """Refusal is an exit status, a table, the group with its counts and the paragraphs; all of it as JSON on request."""
    new = flipped(models / "again.model", "content", "teaser")
    shown = run("gate", shipped(), new, gold)
    assert shown.exit_code == 4
    assert "REFUSED: content lost overall:" in shown.stdout
    assert "new says teaser, remove" in shown.stdout
    assert shown.stderr.startswith("cleaner: the gate refuses model")
    found = json.loads(run("gate", shipped(), new, gold, "--json").stdout)
    assert found["passed"] is False
    assert found["refusals"][0]["paragraphs"]
    passed = run("gate", shipped(), shipped(), gold)
    assert (passed.exit_code, passed.stdout.splitlines()[-1]) == (0, "passed")


def test_promote_asks_the_gate_first(gold: Path, models: Path, tmp_path: Path) -> None:
    """One command promotes a model that passes and says how to go back; a bad one ends with 4 and the old one stays."""
    shelf = tmp_path / "models"
    shelf.mkdir()
    (shelf / "press.model").write_bytes(shipped().read_bytes())
    bad = flipped(models / "bad.model", "content", "teaser")
    good = biased(models / "good.model", "promo", 0.01)
    refused = run("promote", bad, "--shelf", shelf, "--gold", gold)
    assert refused.exit_code == 4
    assert load_model(shelf).digest == load_model().digest
    done = run("promote", good, "--shelf", shelf, "--gold", gold, "--who", "Lise")
    assert (done.exit_code, load_model(shelf).digest) == (0, load_model(good).digest)
    row = json.loads((shelf / "promotions.jsonl").read_text())
    assert (row["who"], row["gate"]["articles"]) == ("Lise", len(GOLDEN))
    back = run("rollback", "--shelf", shelf)
    assert (back.exit_code, load_model(shelf).digest) == (0, load_model().digest)
    assert run("rollback", "--shelf", shelf).exit_code == 2


def test_no_gold_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without gold articles no model passes: the command says what to give."""
    monkeypatch.chdir(tmp_path)
    assert run("gate", shipped(), shipped()).exit_code == 65
    (tmp_path / "empty.jsonl").touch()
    assert "no labelled article" in run("gate", shipped(), shipped(), "empty.jsonl").stderr
