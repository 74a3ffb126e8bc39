"""Judging holds BLAS to one thread, and gives it back: the program around it keeps its own settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core: BLAS has one thread anyway")

START = """
import os
os.environ["OPENBLAS_NUM_THREADS"] = "{given}"
from collections import UserList
from threadpoolctl import threadpool_info
import numpy as np
from cleaner import Cleaner

def threads():
    return {{found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"}}

cleaner = Cleaner.load()
"""


def run(code: str, given: str = "2") -> list[str]:
    """What a fresh process prints, whose BLAS was given threads of its own."""
    ran = subprocess.run(
        [sys.executable, "-c", START.format(given=given) + code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return ran.stdout.split()


def test_a_program_that_set_nothing_is_judged_for_on_one_thread_and_has_its_own_back() -> None:
    """Whoever imports cleaner need not know of BLAS, and their own products are as fast afterwards as before."""
    code = """
from cleaner.classifier import judge
seen = []
class Lines(UserList):
    def __iter__(self):
        seen.append(threads())
        return super().__iter__()
before = threads()
judge(cleaner.model.classifier, Lines(["Accueil", "Le pont rouvre lundi."]), [0, 2], "news")
print(before == {2}, seen != [] and all(found == {1} for found in seen), threads() == before)
"""
    assert run(code) == ["True", "True", "True"]


@pytest.mark.parametrize("given", ["1", "2"])
def test_threads_of_a_program_that_judge_at_once_leave_all_as_it_was(given: str) -> None:
    """Whoever leaves first does not take the limit from the other, and the last one lifts it."""
    code = """
from cleaner.classifier.threads import one_thread
first, second = one_thread(), one_thread()
before = threads()
first.__enter__(); second.__enter__()
first.__exit__(None, None, None)
inside = threads()
second.__exit__(None, None, None)
print(inside == {1}, threads() == before)
"""
    assert run(code, given) == ["True", "True"]


def test_an_error_inside_gives_the_threads_back() -> None:
    """A damaged call does not slow down the rest of the program."""
    code = """
from cleaner.classifier import judge
try:
    judge(cleaner.model.classifier, ["x"], [0, 1], "no such style")
except ValueError:
    print(threads() == {2})
"""
    assert run(code) == ["True"]
