"""Fixtures for all tests: the shipped cleaner, and the public data where it is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from cleaner import Cleaner

REPOSITORY = Path(__file__).parent.parent
PUBLIC = REPOSITORY.parent / "shared" / "data"

settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Trainings first: half a minute each, at the end they would keep one core waiting."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/test_training.py"))


@pytest.fixture(scope="session")
def cleaner() -> Cleaner:
    """The shipped model with the shipped policy."""
    return Cleaner.load()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public development sets."""
    if not PUBLIC.exists():
        pytest.skip(f"{PUBLIC} is absent: the README says how to get the public sets")
    return PUBLIC
