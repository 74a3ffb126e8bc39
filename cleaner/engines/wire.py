"""What goes between processes: a header of JSON and bytes after it. Nothing in it can run."""

from __future__ import annotations

import json
from typing import Any


def pack(header: Any, *bodies: bytes | memoryview) -> bytes:
    """A header and bytes as one message; the bytes are copied once."""
    shown = json.dumps(header, separators=(",", ":")).encode()
    return b"".join((len(shown).to_bytes(4, "little"), shown, *bodies))


def unpack(message: bytes) -> tuple[Any, memoryview]:
    """The header of a message, and the bytes after it."""
    size = int.from_bytes(message[:4], "little")
    return json.loads(message[4 : 4 + size]), memoryview(message)[4 + size :]
