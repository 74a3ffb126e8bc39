"""Worker processes on this machine, watched from outside.

A signal cannot interrupt C code, so the deadline is the parent's and the means is SIGKILL; memory has
a lid in the worker itself. A worker that ends is replaced, and its shard is tried again part by part.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import connection, get_context
from time import monotonic
from typing import Any, NamedTuple

from cleaner.engines.contract import Done, Failed, Limits, OpenWork, Work
from cleaner.engines.wire import pack, unpack
from cleaner.errors import CleanerError, UsageError

RECYCLED = 5_000
"""Parts after which a worker is replaced: libraries under it leak up to 1 MB a page (htmldate #56)."""
SENT_AHEAD = 32 << 10
"""Bytes of a task that a worker may be given while it is at work on another: it need not wait for this process then. More than
the pipe holds must not be sent to one that may be sending itself, or both wait for ever; Linux holds 200 KB, macOS 64 or more."""
START = 60.0
"""Seconds that a worker may take before its first shard: imports and the model, on a machine that is busy."""
FALSE_STARTS = 8
"""Workers in a row that end before they are ready: something is wrong with the machine, not with a record."""
KILLED_ALONE = 2
"""How often a part may end its process when tried alone. Once is not enough: somebody else may have killed the process, twice
in a row where memory is short or a test kills all (1 of 1,500 records, in one run of three)."""
METHOD = "forkserver" if sys.platform == "linux" else "spawn"
OK, FAILED, REFUSED, READY = b"+", b"-", b"!", b"r"


class Task(NamedTuple):
    """Parts to work on, and how often that was tried."""

    parts: Sequence[bytes]
    tries: int = 0


def run(
    open_work: OpenWork, settings: Any, shards: Iterable[Sequence[bytes]], workers: int, limits: Limits | None
) -> Iterator[Done | Failed]:
    """Work on shards in `workers` processes; in this one, without limits, when there are none.

    Raises UsageError when the work itself cannot be done, such as for want of a library.
    """
    if limits is None:
        yield from _here(open_work(settings), shards)
        return
    crew = Crew(open_work, settings, workers, limits)
    try:
        yield from crew.run(iter(shards))
    finally:
        crew.dismiss()


def _here(work: Work, shards: Iterable[Sequence[bytes]]) -> Iterator[Done | Failed]:
    """Everything in this process: nothing can be stopped from outside, errors are contained all the same."""
    for shard in shards:
        try:
            yield Done(work(shard))
            continue
        except UsageError:
            raise
        except Exception as error:  # noqa: BLE001 - the one catch-all: what fails here is quarantined below
            if len(shard) == 1:
                yield Failed(shard[0], *_told(error))
                continue
        yield from _here(work, ([part] for part in shard))


def _told(error: BaseException) -> tuple[str, str]:
    return "memory" if isinstance(error, MemoryError) else "error", f"{type(error).__name__}: {error}"


class _Worker:
    """A process and the pipe to it."""

    def __init__(self, open_work: OpenWork, settings: Any, limits: Limits) -> None:
        context: Any = get_context(METHOD)
        self.pipe, theirs = context.Pipe()
        with _one_thread():
            if METHOD == "forkserver":
                context.set_forkserver_preload([open_work.__module__, __name__])
            self.process = context.Process(target=_serve, args=(theirs, open_work, settings, limits.memory), daemon=True)
            self.process.start()
        theirs.close()
        self.tasks: deque[Task] = deque()
        """The one that it is at work on, and at most one more."""
        self.deadline = 0.0
        self.ready = False
        self.worked = 0

    @property
    def takes_ahead(self) -> bool:
        """Whether it may have a task that follows the one it is at work on."""
        return self.ready and len(self.tasks) == 1 and self.worked < RECYCLED

    def give(self, task: Task, seconds: float) -> None:
        """Send a task; what a dead worker did not take shows when its pipe is read."""
        self.tasks.append(task)
        self.worked += len(task.parts)
        if len(self.tasks) == 1:
            self.deadline = monotonic() + seconds + (0 if self.ready else START)
        with suppress(OSError):
            self.pipe.send_bytes(pack([len(part) for part in task.parts], *task.parts))

    def end(self) -> None:
        """Kill it and wait for it."""
        self.process.kill()
        self.process.join()
        self.process.close()
        self.pipe.close()


class Crew:
    """Workers and what they have in hand."""

    def __init__(self, open_work: OpenWork, settings: Any, workers: int, limits: Limits) -> None:
        self._make = partial(_Worker, open_work, settings, limits)
        self._most = max(workers, 1)
        self._limits = limits
        self._workers: list[_Worker] = []
        self._again: deque[Task] = deque()
        self._ahead: deque[Task] = deque()
        self._shards: Iterator[Sequence[bytes]] = iter(())
        self._false_starts = 0

    def run(self, shards: Iterator[Sequence[bytes]]) -> Iterator[Done | Failed]:
        """Keep every worker busy until nothing is left."""
        self._shards = shards
        while True:
            self._feed()
            busy = [worker for worker in self._workers if worker.tasks]
            if not busy:
                return
            self._prepare(len(busy))
            for worker in self._answered(busy):
                yield from self._received(worker)
            now = monotonic()
            for worker in [w for w in self._workers if w.tasks and w.deadline < now]:
                yield from self._broken(worker, "timeout", f"more than {self._limits.seconds:g} seconds")

    def dismiss(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def _feed(self) -> None:
        """A task for each worker that has none; a new worker where there is room for one and work for it; then tasks ahead."""
        idle = [worker for worker in self._workers if not worker.tasks]
        while idle or len(self._workers) < self._most:
            task = self._next()
            if task is None:
                return
            if not idle:
                self._workers.append(self._make())
                idle.append(self._workers[-1])
            idle.pop().give(task, self._limits.seconds)
        for worker in [worker for worker in self._workers if worker.takes_ahead]:
            if self._ahead and sum(map(len, self._ahead[0].parts)) <= SENT_AHEAD:
                worker.give(self._ahead.popleft(), self._limits.seconds)

    def _next(self) -> Task | None:
        if self._again:
            return self._again.popleft()
        self._prepare(1)
        return self._ahead.popleft() if self._ahead else None

    def _prepare(self, most: int) -> None:
        """Have tasks ready before a worker asks: reading the next shard takes time that it would wait."""
        while len(self._ahead) < most:
            shard = next(self._shards, None)
            if shard is None:
                return
            self._ahead.append(Task(shard))

    @staticmethod
    def _answered(busy: list[_Worker]) -> list[_Worker]:
        """Workers whose pipe says something, also that they ended; none when a deadline passes first."""
        wait = max(0.0, min(worker.deadline for worker in busy) - monotonic()) + 0.01
        said = set(connection.wait([worker.pipe for worker in busy], wait))
        return [worker for worker in busy if worker.pipe in said]

    def _received(self, worker: _Worker) -> Iterator[Done | Failed]:
        try:
            sign, content = worker.pipe.recv_bytes(), worker.pipe.recv_bytes()
        except (EOFError, OSError):
            yield from self._broken(worker, "died", "its process ended")
            return
        if sign == READY:
            worker.ready, worker.deadline, self._false_starts = True, monotonic() + self._limits.seconds, 0
        elif sign == OK:
            worker.tasks.popleft()
            worker.deadline = monotonic() + self._limits.seconds
            self._recycle(worker)
            self._feed()  # before what it gave is looked at: it need not wait for that
            yield Done(content)
        elif sign == REFUSED:
            raise UsageError(content.decode())
        else:
            reason, text = unpack(content)[0]
            yield from self._broken(worker, reason, text)

    def _recycle(self, worker: _Worker) -> None:
        if worker.worked >= RECYCLED and not worker.tasks:
            self._workers.remove(worker)
            worker.end()

    def _broken(self, worker: _Worker, reason: str, message: str) -> Iterator[Failed]:
        """Replace a worker that failed; its parts are tried alone, and one that fails alone again is given back."""
        task = worker.tasks.popleft()
        self._ahead.extendleft(worker.tasks)  # it never looked at that one
        self._workers.remove(worker)
        worker.end()
        if not worker.ready:
            self._again.append(task)  # it never got to its task
            self._false_starts += 1
            if self._false_starts >= FALSE_STARTS:
                raise CleanerError(f"worker processes end before they begin ({message}); is there memory for {self._most}?")
        elif len(task.parts) == 1 and task.tries >= (KILLED_ALONE if reason == "died" else 1):
            yield Failed(task.parts[0], reason, message)
        else:
            self._again.extend(Task([part], task.tries + 1) for part in task.parts)


@contextmanager
def _one_thread() -> Iterator[None]:
    """A worker a core: numerical libraries that would start threads of their own get one each."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update({name: value or "1" for name, value in before.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]


def _serve(pipe: Any, open_work: OpenWork, settings: Any, memory: int) -> None:
    """A worker's life: open the work once, then a shard at a time until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    _die_with_parent()
    work = open_work(settings)
    gc.collect()
    gc.freeze()  # the model and the modules are here to stay: no collection looks at them again
    gc.set_threshold(50_000, 20, 20)
    _lid(memory)
    answer = READY, b""
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            for part in answer:  # a sign, then what goes with it: together they would be copied once more
                pipe.send_bytes(part)
            answer = _answer(work, *unpack(pipe.recv_bytes()))


def _answer(work: Work, sizes: Sequence[int], body: memoryview) -> tuple[bytes, bytes]:
    parts, at = [], 0
    for size in sizes:
        parts.append(bytes(body[at : at + size]))
        at += size
    try:
        return OK, work(parts)
    except UsageError as error:
        return REFUSED, str(error).encode("utf-8", "backslashreplace")
    except Exception as error:  # noqa: BLE001 - the one catch-all: the parent quarantines what fails
        return FAILED, pack(_told(error))


def _lid(memory: int) -> None:
    """Let this process have so much memory beyond what it has now."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        with open("/proc/self/statm", "rb") as sizes:  # noqa: PTH123
            now = int(sizes.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (now + memory, now + memory))


def _die_with_parent() -> None:
    """When the parent is killed, so are we; and when memory runs out, we go before others do. Linux only.

    Our own parent is the fork server. It ends when nobody holds its pipe any more, so we let go of ours.
    """
    with suppress(OSError, AttributeError, TypeError):
        from multiprocessing import forkserver

        os.close(forkserver._forkserver._forkserver_alive_fd)  # type: ignore[attr-defined]
    with suppress(OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as score:  # noqa: PTH123
            score.write("500")
