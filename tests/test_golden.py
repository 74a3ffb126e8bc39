"""Whole files as users have them, with the decision that each of their paragraphs deserves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cleaner import Cleaner
from cleaner.pipeline import Result
from cleaner.records import KEPT_LABELS

RAW = Path(__file__).parent.parent / "seeds" / "raw"
GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
MOST_LOST = 0.02
"""Share of the content characters of all files that may leave; a floor that only a person lowers."""
MOST_LEFT = 0.15
"""Share of the noise lines of all files that may stay."""


def gold_of(path: Path) -> tuple[list[str], list[bool]]:
    lines = json.loads(path.read_text(encoding="utf-8"))["lines"]
    return [text for text, _ in lines], [label in KEPT_LABELS for _, label in lines]


@pytest.fixture(scope="module")
def results(cleaner: Cleaner) -> dict[str, Result]:
    return {path.stem: cleaner.clean((RAW / path.stem).read_bytes(), id=path.stem) for path in GOLDEN}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_files_are_cut_into_the_paragraphs_a_reader_sees(results: dict[str, Result], path: Path) -> None:
    """Blank lines, hard wraps, Windows line ends, bullets, windows-1252 bytes and the markup of pages give the paragraphs a person would mark."""
    assert [p.text.split() for p in results[path.stem].paragraphs] == [text.split() for text in gold_of(path)[0]]


def test_the_article_stays(results: dict[str, Result]) -> None:
    """Next to none of what belongs to the articles is lost."""
    lost = whole = 0
    for path in GOLDEN:
        for (text, wanted), p in zip(zip(*gold_of(path), strict=True), results[path.stem].paragraphs, strict=True):
            whole += wanted * len(text)
            lost += wanted * (not p.stays) * len(text)
    assert lost <= MOST_LOST * whole


def test_the_noise_goes(results: dict[str, Result]) -> None:
    """Most of what does not belong to the articles leaves."""
    stays = [
        p.stays
        for path in GOLDEN
        for wanted, p in zip(gold_of(path)[1], results[path.stem].paragraphs, strict=True)
        if not wanted
    ]
    assert sum(stays) <= MOST_LEFT * len(stays)


def five_files(cleaner: Cleaner, shared: Path) -> list[tuple[dict[str, Any], Result]]:
    """The five real files that the project was made for, with what cleaner makes of them."""
    rows = json.loads((shared / "seeds" / "gold.json").read_text(encoding="utf-8"))
    return [(row, cleaner.clean((shared / "seeds" / row["id"]).read_bytes())) for row in rows]


def test_the_users_own_files_come_out_perfect(cleaner: Cleaner, shared: Path) -> None:
    """The five real files lose no line of theirs, and keep none that is not."""
    wrong = [
        p.text
        for row, result in five_files(cleaner, shared)
        for label, p in zip(row["labels"], result.paragraphs, strict=True)
        if p.stays != (label in KEPT_LABELS)
    ]
    assert wrong == []


def test_the_users_own_files_are_split_into_their_articles(cleaner: Cleaner, shared: Path) -> None:
    """Each of the five real files gives as many articles as it holds."""
    found = {row["id"]: len(result.articles) for row, result in five_files(cleaner, shared)}
    assert found == {row["id"]: len(row["article_starts"]) for row, _ in five_files(cleaner, shared)}


def test_no_real_file_is_cut_where_no_article_begins(cleaner: Cleaner, shared: Path) -> None:
    """No article of the five real files is cut in two."""
    for row, result in five_files(cleaner, shared):
        assert {i for i, p in enumerate(result.paragraphs) if p.opens and i} <= set(row["article_starts"])
