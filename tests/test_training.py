"""A user's own labels train a model, however few their sites, and the model judges texts and pages."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from cleaner import Cleaner
from cleaner.classifier import network
from cleaner.model_store import load_model
from cleaner.policy import load_policy
from cleaner.seeds import Seed
from cleaner.training.corpora import as_text, fold_of
from cleaner.training.network import Recipe, _train, fit_network
from cleaner.training.rows import rows_of
from cleaner.training.run import train
from cleaner.training.unseen import kept_labelled

SEEDS = Path(__file__).parent.parent / "seeds"
PAGE = "<html><body><nav><a href='/'>Accueil</a></nav><p>Le pont rouvre lundi aux voitures, a dit le maire.</p></body></html>"


def labels(path: Path, names: tuple[str, ...], folds: set[int]) -> Path:
    """A file with a few of our seeds, of sites in some folds only."""
    rows = [line for name in names for line in (SEEDS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    path.write_text("\n".join(line for line in rows if fold_of(json.loads(line)["site"]) in folds), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("names", "folds"),
    [(("french-dailies", "pages-press"), {1, 3}), (("pages-press",), {0, 4})],
)
def test_labels_of_few_sites_train(tmp_path: Path, names: tuple[str, ...], folds: set[int]) -> None:
    """Sites that fall into two of the five folds are enough; layouts are learned where there are pages."""
    trained = train([labels(tmp_path / "mine.jsonl", names, folds)], tmp_path / "mine.model")
    cleaner = Cleaner.load(trained.model)
    assert cleaner.model.classifier.pages is not None
    assert len(cleaner.clean(PAGE).paragraphs) == 2
    assert len(cleaner.clean_lines(["Accueil", "Le pont rouvre."]).paragraphs) == 2


def test_the_same_labels_give_the_same_bytes(tmp_path: Path) -> None:
    """Training twice on the same labels writes the same model file, threads and hash seeds notwithstanding."""
    mine = labels(tmp_path / "mine.jsonl", ("french-boxes",), {0, 1})
    first, second = (train([mine], tmp_path / name).model.read_bytes() for name in ("a.model", "b.model"))
    assert first == second
    assert load_model(tmp_path / "a.model").classifier.pages is None, "there was no page to learn layouts from"
    _check_card(tmp_path / "a.md")


def test_networks_side_by_side_are_their_mean() -> None:
    """Networks of two layers, trained apart and rounded as one, give the mean of what each gives; a label never seen is far below."""
    random = np.random.default_rng(5)
    columns = random.normal(0, 2, (6000, 12)).astype(np.float32)
    targets, recipe = np.array([0, 4, 7])[columns[:, :3].argmax(axis=1)], Recipe(3, (16, 8), 6, 0.1, 1e-2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed number of passes
        found = network.evaluate(fit_network(columns, targets, np.ones(6000), recipe), columns)
        scaled = (columns - columns.mean(axis=0)) / (columns.std(axis=0) + np.float32(1e-3))
        inputs = np.float32(np.rint(32 * scaled) / 32)
        nets = [_train(inputs, targets, np.ones(6000), recipe, seed) for seed in range(recipe.networks)]
    exact = np.mean([_scores(net, inputs) for net in nets], axis=0)
    assert np.abs(found[:, [0, 4, 7]] - exact).mean() < 0.02 * exact.std()
    np.testing.assert_allclose(np.delete(found, [0, 4, 7], axis=1), -10, atol=0.001)
    assert (found.argmax(axis=1) == targets).mean() > 0.9


def _scores(net: MLPClassifier, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    hidden = inputs
    for weights, bias in zip(net.coefs_[:-1], net.intercepts_[:-1], strict=True):
        hidden = np.maximum(hidden @ weights + bias, 0)
    return np.asarray(hidden @ net.coefs_[-1] + net.intercepts_[-1], np.float64)


def _check_card(card: Path) -> None:
    """A learning curve on sites that were not learned from, figures of each set and plots, as Markdown and as a page."""
    text = card.read_text(encoding="utf-8")
    assert "## seeds:" in text
    counts = [int(found.replace(",", "")) for found in re.findall(r"^\| ([\d,]+) \| 0\.", text, re.MULTILINE)]
    assert len(counts) == 3
    assert counts == sorted(counts)
    assert "plots/learning-curve.svg" in text
    assert (card.parent / "a.plots" / "learning-curve.svg").exists()
    assert card.with_suffix(".html").read_text(encoding="utf-8").count("<svg") > 3


def test_a_line_alone_is_decided_by_itself() -> None:
    """Figures of loose lines say what the model takes: a line of the page's furniture is no article that loses too much."""
    rows = rows_of(
        [
            as_text(Seed(f"{n}", "a.example", "fr", (text,), ("navigation",)), "loose")
            for n, text in enumerate(("Menu", "Accueil"))
        ]
    )
    sure = np.tile([0.0] * 6 + [1.0] + [0.0] * 3, (2, 1))
    assert not kept_labelled(rows, sure, load_policy()).any()
