"""A user's own labels train a model, however few their sites, and the model judges texts and pages."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from cleaner import Cleaner
from cleaner.model_store import load_model
from cleaner.policy import load_policy
from cleaner.seeds import Seed
from cleaner.training.corpora import as_text, fold_of
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
