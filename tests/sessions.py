"""Processes of a session: what a killed command may leave behind, and for how long."""

from __future__ import annotations

import time
from pathlib import Path


def parents_in(session: int) -> dict[int, int]:
    """Processes of a session that are not dead, each with its parent."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found[int(place.name)] = int(fields[1])
    return found


def wait_until_gone(session: int, seconds: float = 10.0) -> None:
    """Until no process of a killed session is left: one that is still dying may hold the folder's lock."""
    deadline = time.monotonic() + seconds
    while parents_in(session) and time.monotonic() < deadline:
        time.sleep(0.005)
