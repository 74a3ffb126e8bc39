"""Yesterday's output, and what today's should be, made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from faults import Days, today, tree, yesterday

from cleaner import Cleaner
from cleaner.corpus import clean_corpus


@pytest.fixture(scope="session")
def days(tmp_path_factory: pytest.TempPathFactory, cleaner: Cleaner) -> Days:
    """Yesterday cleaned, then the inputs changed; and today cleaned from nothing, undisturbed."""
    folder = tmp_path_factory.mktemp("days")
    source = yesterday(folder / "in")
    clean_corpus([source], folder / "out", cleaner)
    before = tree(folder / "out")
    today(source)
    clean_corpus([source], folder / "fresh", cleaner)
    return Days(source, folder / "out", before, tree(folder / "fresh"))


@pytest.fixture
def out(days: Days, tmp_path: Path) -> Path:
    """A copy of yesterday's output."""
    return Path(shutil.copytree(days.out, tmp_path / "out"))
