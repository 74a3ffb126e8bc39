"""What the audit and the journal say of judged sources in numbers, worked out for a shard at once.

A few calls to NumPy cost as much as a page has to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.audit.shares import written_shares
from cleaner.pipeline import STAYS, Result
from cleaner.records import ACTIONS, LABELS, Columns
from cleaner.store.journal import COUNTS

NO_COUNTS = (0,) * len(COUNTS)
"""Of a source without paragraphs."""


class Written(NamedTuple):
    """What the audit says of a source in numbers."""

    own: Sequence[bytes]
    shares: Sequence[bytes]
    """Probabilities as `written_shares` gives them."""
    counts: tuple[int, ...]
    """As `counts_of` gives them."""


def written_of(results: Sequence[Result]) -> Iterator[Written]:
    """The numbers of each source."""
    if not results:
        return
    verdicts = [result.verdicts for result in results]
    labels = np.concatenate([v.labels for v in verdicts])
    own, shares = written_shares(np.concatenate([v.probabilities for v in verdicts]), labels)
    sizes = [len(v.labels) for v in verdicts]
    counts = _counted(sizes, np.concatenate([result.actions for result in results]), labels)
    for end, size, counted in zip(accumulate(sizes), sizes, counts, strict=True):
        yield Written(own[end - size : end], shares[end - size : end], tuple(counted))


def _counted(sizes: Sequence[int], actions: NDArray[np.int64], labels: NDArray[np.int64]) -> list[list[int]]:
    """What `counts_of` gives, of many sources of so many paragraphs each."""
    count, gone = len(sizes), ~STAYS[actions]
    sources = np.repeat(np.arange(count), sizes)
    by_action = np.bincount(sources * len(ACTIONS) + actions, minlength=count * len(ACTIONS))
    by_label = np.bincount((sources * len(LABELS) + labels)[gone], minlength=count * len(LABELS))
    found: list[list[int]] = np.hstack([by_action.reshape(count, -1), by_label.reshape(count, -1)]).tolist()
    return found


def counts_of(columns: Columns) -> tuple[int, ...]:
    """In the order of COUNTS: paragraphs by what became of them, then those that left by label."""
    gone = [label for label, stays in zip(columns.labels, columns.staying, strict=True) if not stays]
    return (*map(columns.decisions.count, ACTIONS), *map(gone.count, LABELS))
