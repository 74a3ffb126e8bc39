"""Lines of JSON that only grow: which last line counts."""

from __future__ import annotations

import json


def is_whole(line: bytes) -> bool:
    """Whether a last line without a line feed, as some editors leave it, is a line all the same: a torn object parses nowhere."""
    try:
        json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return False
    return True
