"""A line's standing in its article is what a reader would count by hand, and depends on nothing else in the batch."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.features.standing import NAMES, standing, standing_names
from cleaner.records import STYLES

ARTICLES = st.lists(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 400)), max_size=12), min_size=1, max_size=6)
"""Of each article its lines: keep probability in thousandths, and length."""


def table(articles: list[list[tuple[int, int]]]) -> np.ndarray:
    lines = [line for article in articles for line in article]
    judged = np.array([[line[0]] * len(STYLES) for line in lines], np.int64).reshape(-1, len(STYLES))
    lengths = np.array([line[1] for line in lines], np.int64)
    return standing(judged, lengths, np.cumsum([0, *map(len, articles)]))


def test_three_lines_by_hand() -> None:
    """Surest first: the best expected F1 keeps the two sure lines, so the cut is at the second and the third lies under it."""
    found = dict(zip(NAMES, table([[(100, 100), (900, 100), (800, 200)]])[:, : len(NAMES)].T, strict=True))
    assert found["top"].tolist() == np.float32([0.9] * 3).tolist()
    assert found["cut"].tolist() == np.float32([0.8] * 3).tolist()
    assert found["over_cut"].tolist() == np.float32([-0.7, 0.1, 0.0]).tolist()
    assert found["rank"].tolist() == np.float32([400 / 401, 100 / 401, 300 / 401]).tolist()
    assert found["mass_above"].tolist() == np.float32([260_000 / 260_001, 90_000 / 260_001, 250_000 / 260_001]).tolist()
    assert found["best_f1"].tolist() == np.float32([500_000 / 560_001] * 3).tolist()


@settings(max_examples=80, deadline=None)
@given(ARTICLES)
def test_an_article_stands_for_itself(articles: list[list[tuple[int, int]]]) -> None:
    """The same article gives the same columns, bit for bit, alone and among others; empty articles disturb none."""
    together = table(articles)
    assert together.shape == (sum(map(len, articles)), len(standing_names("joint", STYLES)))
    assert together.tobytes() == b"".join(table([article]).tobytes() for article in articles)


@settings(max_examples=80, deadline=None)
@given(ARTICLES)
def test_the_order_of_lines_decides_nothing_but_ties(articles: list[list[tuple[int, int]]]) -> None:
    """What is said of the whole article is the same whatever the order of its lines."""
    whole = [NAMES.index(name) for name in ("top",)]
    for article in articles:
        straight, turned = table([article]), table([article[::-1]])
        assert straight[:, whole].tolist() == turned[::-1][:, whole].tolist()
