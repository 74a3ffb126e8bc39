"""One system over one set in a process of its own, so that its time, memory and crashes are its own.

A page is read, given to the system, and the answer sent at once: when the process dies or a page takes
too long, the parent starts another after that page.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic, process_time
from typing import Any, NamedTuple

from cleaner.benchmarks.peers import Loaded, Settings
from cleaner.benchmarks.sets import Page

PAGE_SECONDS = 120.0
"""Wall-clock limit for loading and for a page."""
WARM_UP = Page(
    "-", "<html><head><title>A</title></head><body><p>A first page, so that lazy imports are not timed.</p></body></html>"
)
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
MESSAGE = 200
"""Characters of an error message that are kept."""


class Task(NamedTuple):
    """What a process has to do; the functions are named, not sent."""

    read: Callable[[Path], Iterator[Page]]
    path: Path
    pages: int
    load: Callable[[Settings], Loaded]
    settings: Settings = Settings()
    page_seconds: float = PAGE_SECONDS


class Started(NamedTuple):
    """The system is loaded and has seen one page, or why not."""

    seconds: float = 0.0
    error: str = ""


class Answer(NamedTuple):
    """What a system made of a page."""

    text: str = ""
    seconds: float = 0.0
    """CPU seconds; wall-clock seconds waited, where the process was lost."""
    error: str = ""
    known: Mapping[str, str | None] | None = None
    peak_mb: float = 0.0
    """Peak memory of the process so far."""


class LoadError(Exception):
    """A system is installed but cannot be loaded."""


def answers(task: Task) -> Iterator[Started | Answer]:
    """How the system started, then one answer a page, whatever happens to its process.

    Raises LoadError when it cannot be loaded at all.
    """
    done, heard = -1, monotonic()
    while done < task.pages:
        for answer in _from_process(task, max(done, 0)):
            heard = monotonic()
            if isinstance(answer, Answer) or done < 0:
                yield answer
                done += 1
        if done < 0:
            raise LoadError("its process ended before it had loaded")
        if done < task.pages:
            error = f"its process ended, or gave no answer in {task.page_seconds:g} s"
            yield Answer(seconds=monotonic() - heard, error=error)
            done += 1


def _from_process(task: Task, skip: int) -> Iterator[Started | Answer]:
    """What one process says until it has finished, dies or is too slow."""
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=work, args=(theirs, task, skip), daemon=True)
    child.start()
    theirs.close()  # so that the end of the process is the end of the pipe
    try:
        yield from _messages(ours, task.page_seconds)
    finally:
        child.kill()
        child.join()
        ours.close()


def _messages(connection: Connection, seconds: float) -> Iterator[Started | Answer]:
    while connection.poll(seconds):
        try:
            message = connection.recv()
        except EOFError:
            return
        if message.error and isinstance(message, Started):
            raise LoadError(message.error)
        yield message


def work(connection: Connection, task: Task, skip: int) -> None:
    """The process: load, then answer every page from `skip` on."""
    _alone()
    begin = process_time()
    try:
        system = task.load(task.settings)
    except Exception as error:  # noqa: BLE001  (a peer may raise anything; it is told, not hidden)
        connection.send(Started(error=_said(error)))
        return
    _answer(system, WARM_UP)
    connection.send(Started(process_time() - begin))
    for page in islice(task.read(task.path), skip, task.pages):
        connection.send(_answer(system, page))


def _answer(system: Loaded, page: Page) -> Answer:
    begin = process_time()
    try:
        text, error = system.text(page) or "", ""
    except Exception as raised:  # noqa: BLE001  (counted as an error and an empty output)
        text, error = "", _said(raised)
    return Answer(text, process_time() - begin, error, _known(system, page), peak_mb())


def _known(system: Loaded, page: Page) -> Mapping[str, str | None] | None:
    """Title, author and date, outside the time of the text."""
    if system.known is None or not page.known:
        return None
    try:
        return {name: str(value) if value else None for name, value in system.known(page).items()}
    except Exception:  # noqa: BLE001  (what it does not know is counted as wrong)
        return {}


def peak_mb() -> float:
    """Peak memory of this process: Linux's own mark, as `ru_maxrss` can begin with the parent's."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        import resource  # not on Windows

        unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _alone() -> None:
    """One thread, no network, and nothing on the terminal but our table."""
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))  # before NumPy is imported
    sys.addaudithook(_refuse_network)
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)


def _refuse_network(event: str, _: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise ConnectionRefusedError("benchmarks run offline")


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:MESSAGE]
