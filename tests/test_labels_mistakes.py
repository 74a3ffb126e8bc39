"""Labels that are probably wrong are found, and only listed."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cleaner import Cleaner
from cleaner.cli import main
from cleaner.errors import SeedError
from cleaner.evaluation.mistakes import judged, probable_mistakes
from cleaner.labels import read_labels
from cleaner.labels.exchange import as_jsonl
from cleaner.labels.mistakes import suspects, thresholds
from cleaner.labels.proposals import CHECK
from cleaner.labels.reading import read_proposals
from cleaner.records import LABELS
from cleaner.seeds import Seed

SEEDS = Path(__file__).parent.parent / "seeds"
FLIPPED = 0.05


def test_the_method_on_a_case_worked_by_hand() -> None:
    """The estimate says that one 0 is a 1, and the one with the widest margin is listed; a line below every threshold is not."""
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6], [0.6, 0.4], [0.15, 0.85]])
    given_labels = [0, 0, 1, 1, 1, 0]
    assert thresholds(probabilities, np.array(given_labels)).round(4).tolist() == [0.6167, 0.5667]
    [only] = suspects(probabilities, given_labels)  # row 4 says 0 with .6, below the .6167 of a typical 0
    assert (only.row, only.given, only.suggested, round(only.confidence, 4)) == (5, 0, 1, 0.85)


def test_no_labels_no_suspects() -> None:
    """An empty set has no mistakes, and shapes that do not fit are refused."""
    assert suspects(np.zeros((0, 3)), []) == []
    with pytest.raises(ValueError, match="2 labels"):
        suspects(np.zeros((3, 3)), [0, 1])


@given(
    st.integers(1, 30).flatmap(
        lambda n: st.tuples(
            arrays(float, (n, 4), elements=st.floats(0.001, 1)), st.lists(st.integers(0, 3), min_size=n, max_size=n)
        )
    )
)
def test_suspects_are_well_formed(case: tuple[np.ndarray, list[int]]) -> None:
    """Each line is listed at most once, with another label than it has, the surest first, whatever the model says."""
    scores, labels = case
    found = suspects(scores / scores.sum(axis=1, keepdims=True), labels)
    assert len({one.row for one in found}) == len(found)
    assert all(one.given == labels[one.row] != one.suggested for one in found)
    assert all(0 <= one.confidence <= 1 for one in found)
    assert [one.confidence for one in found] == sorted((one.confidence for one in found), reverse=True)


def flipped_seeds() -> tuple[list[Seed], set[tuple[int, int]]]:
    """Articles of the seeds with FLIPPED of their labels changed at random, and the places of those."""
    articles = [seed for name in ("english", "french-dailies", "germanic") for seed in read_labels(SEEDS / f"{name}.jsonl")]
    chance = random.Random(4)
    places = [(s, i) for s, seed in enumerate(articles) for i in range(len(seed.lines))]
    wrong = set(chance.sample(places, int(FLIPPED * len(places))))
    return [
        replace(seed, labels=tuple(chance.choice([other for other in LABELS if other != label]) if (s, i) in wrong else label for i, label in enumerate(seed.labels)))
        for s, seed in enumerate(articles)
    ], wrong  # fmt: skip


def test_most_flipped_labels_are_near_the_top(cleaner: Cleaner) -> None:
    """Of labels flipped at random five in six stand among as many at the top of the list, and nearly all of its first half are flipped."""
    seeds, wrong = flipped_seeds()
    found = probable_mistakes(seeds, judged(cleaner, seeds))
    at = {id(seed): s for s, seed in enumerate(seeds)}
    hits = [(at[id(one.seed)], one.index) in wrong for one in found]
    assert len(wrong) > 100
    assert sum(hits[: len(wrong)]) >= 5 / 6 * len(wrong)
    assert sum(hits[: len(wrong) // 2]) >= 0.95 * (len(wrong) // 2)


def test_pages_are_judged_as_pages(cleaner: Cleaner) -> None:
    """A labelled page is judged with its markup and by its own style, as cleaning would; a page that no longer fits, by its lines."""
    page = next(seed for seed in read_labels(SEEDS / "pages-other.jsonl") if seed.html)
    [with_page, unfit, lines] = judged(cleaner, [page, replace(page, html="<p>Other</p>"), replace(page, html="")])
    as_cleaned = Cleaner(cleaner.model, cleaner.policy, page.style).clean(page.html, kind="html")
    assert np.array_equal(with_page, [p.probabilities for p in as_cleaned.paragraphs])
    assert np.array_equal(unfit, lines)
    assert not np.array_equal(with_page, lines)


def test_a_second_acceptable_label_is_no_mistake(cleaner: Cleaner) -> None:
    """Where an article accepts two labels, neither is called a mistake for the other."""
    sure = np.full((3, len(LABELS)), 0.01)
    sure[:, 3] = 0.91
    seed = Seed("a", "a", "en", ("A", "B", "C"), ("byline", "byline", "legal"))
    [only] = probable_mistakes([seed], [sure])
    assert (only.index, only.suggested) == (2, "byline")
    assert probable_mistakes([replace(seed, also={2: "byline"})], [sure]) == []


def test_the_command_lists_and_proposes_but_changes_nothing(tmp_path: Path) -> None:
    """`labels check` prints place, labels and confidence, and writes proposals of which nothing is learned; the labels stay as they were."""
    seeds, _ = flipped_seeds()
    path, out = tmp_path / "labels.jsonl", tmp_path / "doubtful.jsonl"
    path.write_text("".join(as_jsonl(seeds[:4])), encoding="utf-8")
    before = path.read_bytes()
    result = CliRunner().invoke(main, ["labels", "check", str(path), "-o", str(out), "-n", "2"])
    assert result.exit_code == 0, result.output
    first = result.stdout.splitlines()[0].split("\t")
    assert len(result.stdout.splitlines()) == 2
    name, _, index = first[0].rpartition("#")
    seed = next(seed for seed in seeds if seed.id == name)
    assert (first[1], seed.lines[int(index)][:20]) == (seed.labels[int(index)], first[4][:20])
    articles, proposals = read_proposals(out)
    assert {event.who for event in proposals} == {CHECK}
    assert (proposals[0].source, proposals[0].index, proposals[0].was, proposals[0].label) == (
        name,
        int(index),
        first[1],
        first[2],
    )
    assert {article.source for article in articles} == {event.source for event in proposals}
    assert path.read_bytes() == before
    with pytest.raises(SeedError, match="only proposals"):
        list(read_labels(out))
