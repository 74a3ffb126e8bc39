"""Ray Data: the same work on the cores of this machine, or on a cluster.

Shards go out as rows of bytes, results come back as rows of bytes; the caller alone writes. Each actor
watches a worker of its own (see `local`), so a record has the same limits here as there. Where Ray is
not running yet it is started without its dashboard, on the loopback address. RAY_ADDRESS names a cluster.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from cleaner.engines.contract import Done, Failed, Limits, OpenWork
from cleaner.engines.local import Crew
from cleaner.engines.wire import pack, unpack
from cleaner.errors import UsageError

WAVE, WAVE_BYTES = 512, 256 << 20
"""Shards that are out together: actors start anew with each wave, 2 s for some 30,000 records."""
STORE = 256 << 20
"""Bytes of shared memory for rows under way, where Ray is started here."""
DONE, FAILED, REFUSED = b"+", b"-", b"!"


def run(
    open_work: OpenWork, settings: Any, shards: Iterable[Sequence[bytes]], workers: int, limits: Limits | None
) -> Iterator[Done | Failed]:
    """Work on shards on Ray, `workers` actors at a time. Raises UsageError where Ray is not installed."""
    try:
        import ray
    except ImportError as error:
        raise UsageError("Ray is not installed; `pip install 'cleaner[ray]'`, or leave out --engine ray") from error
    with _started(ray, workers):
        held = ray.put((open_work, settings, limits or Limits()))
        for wave in _waves(iter(shards)):
            for row in _mapped(ray, held, wave, workers):
                yield from _results(row)


@contextmanager
def _started(ray: Any, workers: int) -> Iterator[None]:
    """Ray, started here where it is not running; what was started here is stopped."""
    if ray.is_initialized():
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # else its C++ side writes advice to our stderr
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR, "include_dashboard": False}
    if os.environ.get("RAY_ADDRESS"):
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    else:
        ray.init(num_cpus=workers, object_store_memory=STORE, _node_ip_address="127.0.0.1", **quiet)
    try:
        yield
    finally:
        ray.shutdown()


def _waves(shards: Iterator[Sequence[bytes]]) -> Iterator[list[bytes]]:
    wave: list[bytes] = []
    size = 0
    for shard in shards:
        wave.append(pack([len(part) for part in shard], b"".join(shard)))
        size += len(wave[-1])
        if len(wave) >= WAVE or size >= WAVE_BYTES:
            yield wave
            wave, size = [], 0
    if wave:
        yield wave


def _mapped(ray: Any, held: Any, wave: list[bytes], workers: int) -> Iterator[bytes]:
    """Rows of results of a wave, as they come."""
    import pyarrow as pa

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    rows = ray.data.from_arrow([pa.table({"shard": pa.array([shard], pa.large_binary())}) for shard in wave])
    count = min(workers, len(wave))
    done = rows.map_batches(
        Actor,
        fn_constructor_args=(held,),
        batch_size=1,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=count),
        num_cpus=1,
    )
    for batch in done.iter_batches(batch_size=None, batch_format="pyarrow"):
        yield from batch.column("result").to_pylist()


class Actor:
    """A worker on Ray: it watches a process that has the model and does the work."""

    def __init__(self, held: Any) -> None:
        import ray

        open_work, settings, limits = ray.get(held)
        self._crew = Crew(open_work, settings, 1, limits)

    def __call__(self, batch: Any) -> Any:
        """Work on the shards of a batch."""
        import pyarrow as pa

        rows = [row for shard in batch.column("shard").to_pylist() for row in self._worked(shard)]
        return pa.table({"result": pa.array(rows, pa.large_binary())})

    def _worked(self, shard: bytes) -> Iterator[bytes]:
        sizes, body = unpack(shard)
        parts, at = [], 0
        for size in sizes:
            parts.append(bytes(body[at : at + size]))
            at += size
        try:
            for result in self._crew.run(iter([parts])):
                yield DONE + result.result if isinstance(result, Done) else FAILED + pack(result[1:], result.part)
        except UsageError as error:
            yield REFUSED + str(error).encode("utf-8", "backslashreplace")


def _results(row: bytes) -> Iterator[Done | Failed]:
    sign, content = row[:1], row[1:]
    if sign == REFUSED:
        raise UsageError(content.decode())
    if sign == DONE:
        yield Done(content)
    else:
        (reason, message), part = unpack(content)
        yield Failed(bytes(part), reason, message)
