"""The order in which a person sees paragraphs."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

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


def test_length_counts() -> None:
    """Of two equally doubtful paragraphs the longer one, whose loss costs more, comes first."""
    assert order([0.5, 0.5], lengths=[3, 300]).tolist() == [1, 0]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 3), st.integers(0, 500)), max_size=40))
def test_every_paragraph_once(rows: list[tuple[float, float, int, int]]) -> None:
    """No paragraph is left out of the queue or shown twice, and each cluster's first comes before any second."""
    shares, apart, clusters, lengths = (np.array(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
    found = order(shares, apart, clusters, lengths, groups=clusters)
    assert sorted(found.tolist()) == list(range(len(rows)))
    firsts = len(set(np.asarray(clusters).tolist()))
    assert len({rows[i][2] for i in found[:firsts]}) == firsts


def test_places_within_groups() -> None:
    """The best of each group is its first; doubt is highest at the decision."""
    assert turns_within([1, 2, 1, 1], np.array([0.1, 0.5, 0.9, 0.4])).tolist() == [2, 0, 0, 1]
    assert doubts([0.5, 0.0, 1.0, 0.25]).tolist() == [1, 0, 0, 0.5]
