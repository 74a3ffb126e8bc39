"""What labels of a user's own add to a trained model: what they say, to what is like it, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from house_lines import BODIES, LABELS, PROMOTIONS, TEASERS, lines, page, write_labels

from cleaner import Cleaner
from cleaner.classifier.adaptation import shifted
from cleaner.cli import main
from cleaner.comparison.gate import gate
from cleaner.errors import SeedError
from cleaner.model_store import load_model, save_adapted, shipped
from cleaner.records import STAYING
from cleaner.training.adapt import adapt, labelled_articles
from cleaner.training.corpora import as_text
from cleaner.training.information import square
from cleaner.training.judged import judge_rows
from cleaner.training.rows import rows_of
from cleaner.training.run import Trained
from cleaner.training.shift import anchor_weights, fit_shift

GOLD = Path(__file__).parent.parent / "seeds" / "gold" / "texts.jsonl"
UNSEEN = (2, 3, 4)
"""Articles of the site that are judged by the labels of all others."""


def others(number: int) -> list[int]:
    return [other for other in range(len(BODIES)) if other != number]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A model that learned the house lines of three articles."""
    folder = tmp_path_factory.mktemp("adapted")
    return adapt([write_labels(folder / "labels.jsonl")], folder / "new.model")


def staying(cleaner: Cleaner, number: int) -> set[str]:
    return {p.text for p in cleaner.clean_lines(lines(number)).paragraphs if p.decision in STAYING}


def test_there_is_something_to_teach() -> None:
    """The shipped model keeps house lines of two of the articles at least: the lessons below have something to do."""
    shipped_cleaner = Cleaner.load()
    assert sum(TEASERS[number] in staying(shipped_cleaner, number) for number in UNSEEN) >= 2


@pytest.mark.parametrize("number", UNSEEN)
def test_labels_teach_what_is_like_them(tmp_path: Path, number: int) -> None:
    """House lines go on the site's other articles, and the articles' own paragraphs stay."""
    new = adapt([write_labels(tmp_path / "labels.jsonl", others(number))], tmp_path / "new.model").model
    assert staying(Cleaner.load(new), number) == set(BODIES[number])


@pytest.mark.parametrize("number", UNSEEN)
def test_labels_of_pages_teach_pages(tmp_path: Path, number: int) -> None:
    """With their pages at hand, the same labels teach the judge of pages, which is surer of what it knows and needs more of them."""
    new = adapt([write_labels(tmp_path / "pages.jsonl", others(number), html=True)], tmp_path / "new.model").model
    before, after = (cleaner.clean(page(number)).paragraphs for cleaner in (Cleaner.load(), Cleaner.load(new)))
    stay = {p.text for p in after if p.decision in STAYING}
    assert set(BODIES[number]) <= stay <= {*BODIES[number], TEASERS[number]}
    content = [{p.text: p.probabilities[0] for p in some}[TEASERS[number]] for some in (before, after)]
    assert content[1] < content[0] - 0.1


def test_what_is_unlike_the_labels_stays_as_it_was(trained: Trained) -> None:
    """A few labels of one site hardly move the verdicts on other sites: of the gold's lines not one in fifty is decided otherwise."""
    old, new, moved, count = Cleaner.load(), Cleaner.load(trained.model), 0, 0
    for row in map(json.loads, GOLD.read_text(encoding="utf-8").splitlines()):
        texts = [p["text"] for p in row["paragraphs"]]
        pairs = zip(old.clean_lines(texts).paragraphs, new.clean_lines(texts).paragraphs, strict=True)
        differ = [(a.decision in STAYING) != (b.decision in STAYING) for a, b in pairs]
        moved, count = moved + sum(differ), count + len(differ)
    assert moved < count / 50


def test_an_adapted_model_passes_the_gate(trained: Trained) -> None:
    """Honest labels of one site make no model that the gate refuses."""
    assert not gate(None, trained.model).refusals


def test_flipped_labels_are_refused_by_the_gate(tmp_path: Path) -> None:
    """Whoever labels many articles of a language the wrong way round gets a model, and the gate keeps it out."""
    seeds = [json.loads(line) for line in (GOLD.parent.parent / "french-dailies.jsonl").read_text(encoding="utf-8").splitlines()]
    for seed in seeds:
        for paragraph in seed["paragraphs"]:
            paragraph["label"] = "teaser" if paragraph["label"] in ("content", "heading") else "content"
    path = tmp_path / "flipped.jsonl"
    path.write_text("\n".join(map(json.dumps, seeds)), encoding="utf-8")
    found = gate(None, adapt([path], tmp_path / "flipped.model").model)
    assert found.refusals


def test_what_the_training_lines_hold_against_a_shift_counts(tmp_path: Path) -> None:
    """The surer the model's training lines make a direction, the less labels move verdicts in it, down to nothing."""
    seeds = labelled_articles([write_labels(tmp_path / "labels.jsonl")], log=lambda _: None)
    rows = rows_of([as_text(seed, "labels") for seed in seeds])
    model = load_model()
    judged = judge_rows(model.classifier, rows, np.ones(len(rows.lines)))
    information = square(model.information["text"])
    assert (information == information.T).all()
    assert (np.linalg.eigvalsh(information) > -1e-3 * np.abs(information).max()).all()
    shifts = [fit_shift(judged, known) for known in (None, information, information + 1e9 * np.eye(len(information)))]
    reach = [np.abs(shift.dense * shift.dense_scale)[:, 0].sum() for shift in shifts]
    assert reach[0] > reach[1] > 100 * reach[2]


def test_copies_of_what_is_labelled_say_nothing_against_it(tmp_path: Path) -> None:
    """A line that stands in every article and was labelled once is no anchor elsewhere; what the person left as it was is one."""
    house = {"text": "La lampe de la rédaction restera allumée ce soir."}
    rows = [
        {"id": f"a{n}", "site": "lampe.example", "language": "fr",
         "paragraphs": [{"text": BODIES[n][0], "label": "heading"}, {"text": BODIES[n][1], "label": ""}, house | {"label": "" if n else "promo"}]}
        for n in range(3)
    ]  # fmt: skip
    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    known = rows_of([as_text(seed, "labels") for seed in labelled_articles([path], log=lambda _: None)])
    weights = anchor_weights(judge_rows(load_model().classifier, known, np.ones(len(known.lines))))
    assert len(weights) == 9
    assert {line for line, weight in zip(known.lines, weights, strict=True) if weight > 0} == {body[1] for body in BODIES[:3]}


def test_no_shift_moves_nothing() -> None:
    """Probabilities come back as they were where the labels say nothing of a paragraph."""
    found = np.array([[0.5, 0.2, 0.05, 0.05, 0.05, 0.05, 0.05, 0.03, 0.01, 0.01], [1.0, *[0.0] * 9]])
    assert np.abs(shifted(found, np.zeros((2, 11))) - found).max() <= 0.0011  # what counts as 0 is moved to the least share


def test_the_same_labels_give_the_same_bytes(trained: Trained, tmp_path: Path) -> None:
    """Training twice on the same labels writes the same file."""
    again = adapt([write_labels(tmp_path / "labels.jsonl")], tmp_path / "again.model")
    assert again.model.read_bytes() == trained.model.read_bytes()


def test_labels_of_before_are_not_counted_twice(trained: Trained, tmp_path: Path) -> None:
    """Adding the same labels to a model that has learned from them gives that model again, whatever it was made from."""
    again = adapt([write_labels(tmp_path / "labels.jsonl")], tmp_path / "again.model", base=trained.model)
    assert again.model.read_bytes() == trained.model.read_bytes()


def test_a_model_without_its_shift_is_the_one_it_was_made_from(trained: Trained, tmp_path: Path) -> None:
    """The stages of the base are in the new file unchanged: taking the shift out gives every byte of its arrays back."""
    save_adapted(tmp_path / "back.model", trained.model, {}, load_model().header["provenance"])
    assert (tmp_path / "back.model").read_bytes() == shipped().read_bytes()


@pytest.mark.parametrize("paragraph", range(len(LABELS)))
def test_one_label_is_enough_to_train(tmp_path: Path, paragraph: int) -> None:
    """A single label of any kind makes a model and a card that says that nothing could be held back."""
    labels = ["" if i != paragraph else label for i, label in enumerate(LABELS)]
    said: list[str] = []
    new = adapt([write_labels(tmp_path / "one.jsonl", (0,), labels)], tmp_path / "one.model", log=said.append)
    assert staying(Cleaner.load(new.model), 1) >= set(BODIES[1])
    assert any("nothing to hold back" in line for line in said)


def test_unlabelled_paragraphs_are_no_evidence(tmp_path: Path) -> None:
    """Labels of the house lines alone, the rest of their articles left alone, teach the house lines and cost no paragraph."""
    labels = [label if label in ("teaser", "promo") else "" for label in LABELS]
    new = Cleaner.load(adapt([write_labels(tmp_path / "some.jsonl", labels=labels)], tmp_path / "some.model").model)
    stay = staying(new, UNSEEN[1])
    assert set(BODIES[UNSEEN[1]]) <= stay
    assert PROMOTIONS[UNSEEN[1]] not in stay


def test_figures_are_of_labels_held_back(trained: Trained) -> None:
    """The card compares before and after on articles that were not learned from, by number of labels, as page and as text."""
    after, before = trained.unseen.sets
    assert before.noise_left
    assert after.noise_left
    assert before.noise_left.hits >= after.noise_left.hits
    text = trained.card.read_text(encoding="utf-8")
    assert "articles not learned from" in text
    assert "Learning curve" in text
    assert trained.card.with_suffix(".html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_files_without_a_label_are_refused(tmp_path: Path) -> None:
    """A file in which nothing is labelled is an error that says what to do."""
    with pytest.raises(SeedError, match="no paragraph has a label"):
        adapt([write_labels(tmp_path / "none.jsonl", labels=[""] * len(LABELS))], tmp_path / "new.model")


def test_paragraphs_that_are_not_the_pages_teach_texts(tmp_path: Path) -> None:
    """A label file whose page has changed is learned from as a text, and that is said."""
    path = write_labels(tmp_path / "pages.jsonl", html=True)
    path.write_text(path.read_text(encoding="utf-8").replace("<article>", "<article><p>Une ligne de plus.</p>"), encoding="utf-8")
    said: list[str] = []
    new = adapt([path], tmp_path / "new.model", log=said.append)
    assert sum("as a text alone" in line for line in said) == 3
    assert load_model(new.model).classifier.adaptation.page is None


def run(*args: object) -> tuple[int, str]:
    found = CliRunner().invoke(main, [str(arg) for arg in args])
    return found.exit_code, found.output


def test_the_command_takes_a_table_of_lines(tmp_path: Path) -> None:
    """A CSV of text,label is enough; progress and figures go to stderr, the model's name to stdout."""
    table = tmp_path / "mine.csv"
    rows = [f'"{text}",{label}' for n in range(3) for text, label in zip(lines(n), LABELS, strict=True)]
    table.write_text("text,label\n" + "\n".join(rows), encoding="utf-8")
    found = CliRunner().invoke(main, ["train", str(table), "-o", str(tmp_path / "new.model")])
    assert found.exit_code == 0, found.output
    assert "new.model" in found.stdout
    assert "gives 18 of your 18 labels" in found.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [(("--scratch", "--from", "models"), "leave one of them out"), (("--public", "."), "give --scratch")],
)
def test_options_that_contradict_are_refused(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    """A model that labels add to and a new model exclude each other; public sets need a new model."""
    _, output = run("train", write_labels(tmp_path / "labels.jsonl"), "-o", tmp_path / "new.model", *options)
    assert said in output


def test_training_from_scratch_needs_whole_articles(tmp_path: Path) -> None:
    """Paragraphs without a label do not silently count as something: the message says how many and what to do."""
    code, output = run(
        "train", "--scratch", write_labels(tmp_path / "some.jsonl", labels=("", *LABELS[1:])), "-o", tmp_path / "x.model"
    )
    assert code == 65
    assert "have no label" in output
    assert "without --scratch" in output


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("labels.jsonl", "cannot be both"),
        ("folder", "a folder"),
        ("new.md", "cannot be both"),
        ("notes.txt", "no model"),
        ("other.model", "is none"),
        ("press.model", "goes back to this model"),
    ],
)
def test_nothing_else_is_written_over(tmp_path: Path, name: str, said: str) -> None:
    """A slip in the name of the output costs no labels, no notes and no model of a shelf, and is said before anything is learned."""
    labels = write_labels(tmp_path / "labels.jsonl")
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("Ne pas perdre.", encoding="utf-8")
    (tmp_path / "other.md").write_text("# Notes", encoding="utf-8")
    (tmp_path / "press.model").write_bytes(shipped().read_bytes())
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    code, output = run("train", labels, "-o", tmp_path / name)
    assert code in {2, 73}, output
    assert said in output
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_files_that_contradict_each_other_are_told(tmp_path: Path) -> None:
    """Two files with other labels for the same article are one article: the later file counts, and how often it overruled is said."""
    wrong = ["teaser" if label == "content" else label for label in LABELS]
    first, second = write_labels(tmp_path / "a.jsonl", labels=wrong), write_labels(tmp_path / "b.jsonl")
    said: list[str] = []
    both = adapt([first, second], tmp_path / "both.model", log=said.append)
    alone = adapt([second], tmp_path / "alone.model")
    assert any("9 paragraphs have one label in one file and another" in line for line in said)
    assert both.model.read_bytes() == alone.model.read_bytes()


def test_names_and_order_of_files_do_not_matter(tmp_path: Path) -> None:
    """The labels alone make the model: renamed, moved or given in another order the files give the same bytes."""
    one, other = write_labels(tmp_path / "one.jsonl", (0, 1)), write_labels(tmp_path / "other.jsonl", (2,))
    table = tmp_path / "table.csv"
    table.write_text('text,label\n"Bienvenue à bord de l\'Aube.",promo\n', encoding="utf-8")
    moved = Path(shutil.copy(table, tmp_path / "moved.csv"))
    models = [adapt(paths, tmp_path / "m.model").model.read_bytes() for paths in ([one, other, table], [moved, other, one])]
    assert models[0] == models[1]


def test_gold_that_was_trained_on_measures_nothing(tmp_path: Path) -> None:
    """The gate says so instead of passing a model that has seen its answers."""
    first = tmp_path / "gold.jsonl"
    first.write_text(GOLD.read_text(encoding="utf-8").splitlines()[0], encoding="utf-8")
    model = adapt([first], tmp_path / "new.model").model
    with pytest.raises(SeedError, match="were trained on"):
        gate(None, model)


def test_lines_of_unknown_sites_count_once(tmp_path: Path) -> None:
    """A table without a site does not weigh as much as it has copies of a line: a thousand of them teach what one does."""
    rows = [f'"{TEASERS[0]} {number}",teaser' for number in range(1000)]
    for name, some in (("many", rows), ("one", rows[:1])):
        (tmp_path / f"{name}.csv").write_text("text,label\n" + "\n".join(some), encoding="utf-8")
    many, one = (Cleaner.load(adapt([tmp_path / f"{name}.csv"], tmp_path / f"{name}.model").model) for name in ("many", "one"))
    texts = [text for number in UNSEEN for text in BODIES[number]]
    kept = [sum(p.probabilities[0] for p in cleaner.clean_lines(texts).paragraphs) for cleaner in (many, one)]
    assert abs(kept[0] - kept[1]) < 0.5


def test_what_cannot_be_learned_from_is_said(tmp_path: Path) -> None:
    """Labels without a page leave pages as they were, and a page without any text is learned from as a text: both are told."""
    said: list[str] = []
    adapt([write_labels(tmp_path / "labels.jsonl")], tmp_path / "new.model", log=said.append)
    assert any("pages will be judged as before" in line for line in said)
    empty = write_labels(tmp_path / "empty.jsonl", html=True)
    rows = [json.loads(line) | {"html": "<html><body></body></html>"} for line in empty.read_text(encoding="utf-8").splitlines()]
    empty.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    adapt([empty], tmp_path / "new.model", log=said.append)
    assert sum("as a text alone" in line for line in said) == 3


def test_names_from_label_files_do_not_reach_the_terminal(tmp_path: Path) -> None:
    """Escape sequences in the name of an article are shown, not obeyed."""
    path = write_labels(tmp_path / "labels.jsonl", html=True)
    text = path.read_text(encoding="utf-8").replace("aube-", "\\u001b]0;aube-").replace("<article>", "<article><p>Autre.</p>")
    path.write_text(text, encoding="utf-8")
    _, output = run("train", path, "-o", tmp_path / "new.model")
    assert "as a text alone" in output
    assert "\x1b" not in output
