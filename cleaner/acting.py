"""Who acts, and when: as the records of what people decided have it."""

from __future__ import annotations

import getpass
from datetime import datetime, timezone


def me() -> str:
    """The name of whoever runs this, as the system has it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
