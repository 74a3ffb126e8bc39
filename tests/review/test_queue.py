"""The order in which a person sees paragraphs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from made_audit import entry, write_audit

from cleaner.review.index import open_index
from cleaner.review.queue import doubts, order, turns_within


def test_doubtful_first() -> None:
    """What the model is unsure of comes before what it is sure of, on both sides of the decision."""
    assert order([0.99, 0.45, 0.02, 0.7]).tolist() == [1, 3, 2, 0]


def test_stages_that_disagree_come_earlier() -> None:
    """Where a paragraph alone says one thing and its place another, a person should look; not known counts as none."""
    assert order([0.8, 0.8, 0.8], [0.0, 0.9, np.nan]).tolist() == [1, 0, 2]


def test_one_of_a_cluster() -> None:
    """Ten thousand near copies of a spam line take one place at the head of the queue, not ten thousand."""
    shares = np.concatenate([np.full(10_000, 0.5), [0.7, 0.2, 0.9]])
    clusters = np.concatenate([np.zeros(10_000, int), [1, 2, 3]])
    assert order(shares, None, clusters)[:4].tolist() == [0, 10_000, 10_001, 10_002]


def test_the_queue_does_not_stay_with_one_article() -> None:
    """Equally doubtful paragraphs of two articles take turns."""
    assert order([0.5] * 6, groups=[7, 7, 7, 7, 8, 8]).tolist() == [0, 4, 1, 5, 2, 3]


def test_what_a_site_repeats_comes_earlier() -> None:
    """One label decides every copy: a line in 100 files comes before one in a single file, doubtful or sure; doubt still counts more."""
    assert order([0.6, 0.6], copies=[1, 100]).tolist() == [1, 0]
    assert order([1.0, 1.0], copies=[1, 100]).tolist() == [1, 0]
    assert order([0.5, 0.99], copies=[1, 100]).tolist() == [0, 1]


def test_the_measured_order() -> None:
    """Doubt, with a little for the sure ones, times the logarithm of the copies: the order that beat chance, to the last place."""
    chance = np.random.default_rng(3)
    shares, copies = chance.random(500), chance.integers(1, 5000, 500)
    usefulness = (1 - np.abs(2 * shares - 1) + 0.02) * np.log1p(copies)
    assert order(shares, clusters=np.arange(500), copies=copies).tolist() == np.argsort(-usefulness, kind="stable").tolist()


def test_a_flood_takes_no_more_of_the_queue(tmp_path: Path) -> None:
    """Ten thousand near copies of a spam line in one site's files take one place before everything else is shown once (P1)."""
    flood = [entry(f"spam.example/{n}.txt", [f"Gagnez {n} euros par jour grâce à la méthode secrète"]) for n in range(10_000)]
    story = [
        entry(f"press.example/{n}.txt", [f"Le pont de {town} rouvre lundi"]) for n, town in enumerate(("Dole", "Pau", "Lyon"))
    ]
    index = open_index(write_audit(tmp_path / "out", [*story, *flood]), None)
    assert index.columns.order[0] >= 3, "equally doubtful, but it decides most"
    assert sorted(index.columns.order[1:4].tolist()) == [0, 1, 2]
    assert index.columns.files[3] == 10_000
    index.close()


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 3), st.integers(1, 500)), max_size=40))
def test_every_paragraph_once(rows: list[tuple[float, float, int, int]]) -> None:
    """No paragraph is left out of the queue or shown twice, and each cluster's first comes before any second."""
    shares, apart, clusters, copies = (np.array(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
    found = order(shares, apart, clusters, copies, groups=clusters)
    assert sorted(found.tolist()) == list(range(len(rows)))
    firsts = len(set(np.asarray(clusters).tolist()))
    assert len({rows[i][2] for i in found[:firsts]}) == firsts


def test_places_within_groups() -> None:
    """The best of each group is its first; doubt is highest at the decision."""
    assert turns_within([1, 2, 1, 1], np.array([0.1, 0.5, 0.9, 0.4])).tolist() == [2, 0, 0, 1]
    assert doubts([0.5, 0.0, 1.0, 0.25]).tolist() == [1, 0, 0, 0.5]
