"""Label probabilities as the audit writes them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WRITTEN = [repr(share / 10_000).encode() for share in range(10_001)]
"""Probabilities to four places, like those of all labels (repr of a float takes as long as the rest of a line)."""


def written_shares(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[list[bytes], list[bytes]]:
    """Of each row: the probability of its label as a number, and those of all labels in ten-thousandths, with commas."""
    shares = np.rint(probabilities * 10_000).astype(np.int64)
    own = shares[np.arange(len(labels)), labels].tolist()
    inner, last = _padded()
    numbers = inner[shares]
    numbers[:, -1] = last[shares[:, -1]]
    return [_WRITTEN[share] for share in own], numbers.tobytes().translate(None, b"\0").split(b"\n")[:-1]


@cache
def _padded() -> tuple[NDArray[Any], NDArray[Any]]:
    """All shares with a comma, and with a line feed for the last of a row, in six bytes each, zeros where there are fewer."""
    return np.array([b"%d," % share for share in range(10_001)]), np.array([b"%d\n" % share for share in range(10_001)])
