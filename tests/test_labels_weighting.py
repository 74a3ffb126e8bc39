"""Near copies count once, and one site cannot outweigh the others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cleaner.labels import weights
from cleaner.labels.weighting import MOST_OF_ALL, MOST_OF_FEW
from cleaner.seeds import Seed


def seed(site: str, *lines: tuple[str, str]) -> Seed:
    return Seed(site, site, "en", tuple(text for text, _ in lines), tuple(label for _, label in lines))


def distinct(site: str, count: int) -> Seed:
    return seed(site, *((chr(0x4E00 + i % 9000) + chr(0x4E00 + i // 9000), "content") for i in range(count)))


def test_near_copies_share_the_weight_of_one() -> None:
    """Ten thousand paragraphs that differ in case, numbers and punctuation teach what one teaches."""
    flood = seed(
        "evil",
        *((f"Buy PILLS now - only ${i}.99!" if i % 2 else f"buy pills now: only {i},99", "content") for i in range(10_000)),
    )
    [shares] = weights([flood])
    assert abs(sum(shares) - 1) < 1e-9


def test_what_counts_as_a_copy() -> None:
    """Another site, another label or other words are no copy; signs without words are told apart; unlabelled lines weigh nothing."""
    first = seed(
        "a",
        ("Menu", "navigation"),
        ("MENU!", "navigation"),
        ("Menu", "heading"),
        ("☰", "navigation"),
        ("×", "navigation"),
        ("x", ""),
    )
    assert weights([first, seed("b", ("Menu", "navigation"))]) == [(0.5, 0.5, 1.0, 1.0, 1.0, 0.0), (1.0,)]


def test_one_site_alone_is_not_capped() -> None:
    """Whoever labels one site only learns from all of it."""
    assert sum(weights([distinct("mine", 3000)])[0]) == 3000


def test_a_flood_from_one_site_is_capped() -> None:
    """Beside other sites, ten thousand different lines of one site count for MOST_OF_FEW; a person's few hundred stay whole."""
    flood, honest = weights([distinct("evil", 10_000), distinct("mine", 400)])
    assert abs(sum(flood) - MOST_OF_FEW) < 1e-6
    assert sum(honest) == 400


@given(st.lists(st.integers(1, 3000), min_size=2, max_size=120))
def test_no_site_has_more_than_its_share(sizes: list[int]) -> None:
    """However many sites there are, none has more than MOST_OF_FEW or MOST_OF_ALL of the total after capping; those below lose nothing."""
    totals = [sum(one) for one in weights([distinct(f"s{i}", size) for i, size in enumerate(sizes)])]
    most = max(MOST_OF_FEW, MOST_OF_ALL * sum(totals))
    assert max(totals) <= most * (1 + 1e-9)
    assert all(abs(total - min(size, most)) < 1e-6 * most for total, size in zip(totals, sizes, strict=True))
