"""What an engine is given and gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

Work = Callable[[Sequence[bytes]], bytes]
OpenWork = Callable[[Any], Work]


class Limits(NamedTuple):
    """What a part may cost when it is worked on alone; a shard may cost as much as one part."""

    seconds: float = 60.0
    memory: int = 2 << 30
    """Bytes beyond what a worker has when it is ready."""


class Done(NamedTuple):
    """What the work gave for a shard, or for a part of one."""

    result: bytes


class Failed(NamedTuple):
    """A part that cannot be worked on."""

    part: bytes
    reason: str
    """`timeout`, `memory`, `died` or `error`."""
    message: str


Engine = Callable[[OpenWork, Any, Iterable[Sequence[bytes]], int, Limits | None], Iterator[Done | Failed]]
"""(open_work, settings, shards, workers, limits): results as they come. Closing the iterator ends the workers."""
