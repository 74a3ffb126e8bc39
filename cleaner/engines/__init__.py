"""Engines map a pure function over shards. They know nothing of what is in them, and write nothing.

An engine calls `open_work(settings)` once a worker, and the work that this gives on the parts of each
shard. A shard that fails is taken apart and each part is tried alone; a part that fails again is
given back as Failed, and the others are Done. The order of results is not promised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cleaner.engines.contract import Done, Engine, Failed, Limits, OpenWork, Work

__all__ = ["ENGINES", "Done", "Engine", "Failed", "Limits", "OpenWork", "Work"]


def _local() -> Engine:
    from cleaner.engines.local import run  # multiprocessing takes 20 ms to import

    return run


def _ray() -> Engine:
    from cleaner.engines.ray import run  # an extra, 1 s

    return run


ENGINES: Mapping[str, Callable[[], Engine]] = {"local": _local, "ray": _ray}
"""`local`: processes of this machine. `ray`: Ray Data, on this machine or a cluster."""
