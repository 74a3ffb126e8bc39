"""One thread of BLAS while a model judges.

For products of this size a second thread waits more than it works: pages took 1.6 times as much CPU, and no less time, where
a program had not set `OPENBLAS_NUM_THREADS=1` before NumPy was loaded (docs/performance.md). Processes are what gives speed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

SET = "OPENBLAS_NUM_THREADS"


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold NumPy's BLAS to one thread inside; as it was once the last of all threads inside has left.

    The setting is the process's own: other products of the program that run meanwhile are held to one thread too.
    """
    limit = _limit()
    if limit is None:
        yield
        return
    limit.enter()
    try:
        yield
    finally:
        limit.leave()


class _Limit:
    """The limit of this process, set by the first inside and lifted by the last."""

    def __init__(self, controller: Any) -> None:
        self._controller = controller
        self._lock = Lock()
        self._inside = 0
        self._set: Any = None

    def enter(self) -> None:
        with self._lock:
            if not self._inside:
                self._set = self._controller.limit(limits=1)
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._set.restore_original_limits()


@cache
def _limit() -> _Limit | None:
    """None where BLAS was told to have one thread, as the command line tells it: nothing more is loaded there."""
    if os.environ.get(SET) == "1":
        return None
    from threadpoolctl import ThreadpoolController

    return _Limit(ThreadpoolController().select(user_api="blas"))
