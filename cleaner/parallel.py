"""An ordered, bounded map over worker processes. It knows nothing of what it maps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

In = TypeVar("In")
Out = TypeVar("Out")

AHEAD = 2
"""Shards waiting a worker: enough to keep it busy, few enough to keep memory flat."""


def ordered_map(work: Callable[[Any, In], Out], shared: Any, shards: Iterable[In], workers: int) -> Iterator[Out]:
    """`work(shared, shard)` for every shard, in order; `shared` is sent once to each process.

    With one worker everything runs in this process. At most AHEAD shards a worker are in flight.
    """
    if workers <= 1:
        yield from (work(shared, shard) for shard in shards)
        return
    from concurrent.futures import ProcessPoolExecutor  # 8 ms that cleaning in this process has no use for
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, get_context("spawn"), _receive, (work, shared)) as pool:
        waiting: deque[Future[Out]] = deque()
        for shard in shards:
            waiting.append(pool.submit(_run, shard))
            if len(waiting) >= AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_received: dict[str, Any] = {}
"""What this worker process was sent at its start; the only way to hand a process pool's tasks
something large without sending it with each of them."""


def _receive(work: Callable[[Any, Any], Any], shared: Any) -> None:
    _received.update(work=work, shared=shared)


def _run(shard: Any) -> Any:
    return _received["work"](_received["shared"], shard)
