"""A whole benchmark: every chosen system over the same pages, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from cleaner.benchmarks.child import Answer, LoadError, Started, Task, answers
from cleaner.benchmarks.metadata import shares
from cleaner.benchmarks.metrics import METRICS, Figure, Metric, Rows, figures
from cleaner.benchmarks.peers import OURS, PEERS, SYSTEMS, Settings, installed, load_nothing
from cleaner.benchmarks.sets import HOW_TO_GET, READERS, Page, set_name
from cleaner.errors import UsageError
from cleaner.evaluation.metrics import Share
from cleaner.model_store import Model, load_model

Progress = Callable[[str, int, int], None]
"""Told the system, pages done and pages in all."""

TRAINED_ON = "the model was trained on these pages: not a held-out figure; see models/press.md for unseen-site folds"
STYLES = {"wcxb": "all"}
"""The convention of a benchmark's gold, `news` where none is named."""
PRESS = Settings()
SETTINGS: Mapping[str, Settings] = {
    "wcxb": Settings(trafilatura={}),
    "article-extraction-benchmark": PRESS,
    "trafilatura": Settings(trafilatura={"include_comments": False, "include_tables": True, "include_formatting": False}),
    "fundus-evaluation": Settings(trafilatura={"include_comments": False, "include_tables": False}, justext_headings=True),
    "pages": PRESS,
    "lines": PRESS,
}
"""Why so: the docstring of `peers`."""


@dataclass(frozen=True, slots=True)
class PageScore:
    """One page of one system."""

    id: str
    type: str
    scores: tuple[float, ...]
    empty: bool
    error: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SystemReport:
    """One system's figures; `absent` says why there are none."""

    system: str
    version: str = ""
    absent: str = ""
    figures: Mapping[str, Figure] = field(default_factory=dict)
    by_type: Mapping[str, tuple[int, Mapping[str, Figure]]] = field(default_factory=dict)
    """Pages and figures of each page type, where there are several."""
    metadata: Mapping[str, Share] = field(default_factory=dict)
    pages: Sequence[PageScore] = ()
    load_seconds: float = 0.0
    peak_mb: float = 0.0

    @property
    def empty(self) -> int:
        return sum(page.empty for page in self.pages)

    @property
    def errors(self) -> int:
        return sum(bool(page.error) for page in self.pages)

    @property
    def speed(self) -> float:
        """Pages a CPU second."""
        return len(self.pages) / max(sum(page.seconds for page in self.pages), 1e-9)

    @property
    def median_ms(self) -> float:
        """CPU milliseconds of the middle page: what is built once, on some page, does not weigh on it."""
        return 1000 * median(page.seconds for page in self.pages)


@dataclass(frozen=True, slots=True)
class Report:
    """A benchmark's run."""

    benchmark: str
    path: str
    metric: str
    style: str
    model: str
    pages: int
    reading_mb: float
    """Peak memory of reading the pages with no system."""
    systems: Sequence[SystemReport]
    warning: str = ""


def run(
    benchmark: str,
    path: Path,
    *,
    peers: Sequence[str] = PEERS,
    style: str | None = None,
    model: Path | None = None,
    limit: int | None = None,
    progress: Progress = lambda *_: None,
) -> Report:
    """Run ours and the named peers over a benchmark's pages, one process each, one after the other.

    Raises UsageError for an unknown name, or where the path does not hold the benchmark's files.
    """
    _check(benchmark, peers)
    loaded = load_model(model)
    pages = _pages(benchmark, path, limit)
    settings = SETTINGS[benchmark]._replace(style=style or STYLES.get(benchmark, "news"), model=str(model) if model else None)
    task = Task(READERS[benchmark], path, len(pages), load_nothing, settings)
    measured = [measure(name, task, pages, METRICS[benchmark], progress) for name in (OURS, *peers)]
    warning = TRAINED_ON if trained_on(loaded, set_name(benchmark, path)) else ""
    about = METRICS[benchmark].about
    reading = _reading_mb(task)
    return Report(benchmark, str(path), about, settings.style, loaded.digest, len(pages), reading, measured, warning)


def trained_on(model: Model, name: str) -> bool:
    """Whether a model's own provenance names a set among its examples."""
    provenance: Mapping[str, Any] = model.header.get("provenance") or {}
    return name in (provenance.get("examples") or {})


def measure(name: str, task: Task, pages: Sequence[Page], metric: Metric, progress: Progress) -> SystemReport:
    """One system over all pages."""
    version = installed(name)
    if version is None:
        return SystemReport(name, absent="not installed")
    try:
        started, *given = _answers(task._replace(load=SYSTEMS[name].load), partial(progress, name))
    except LoadError as error:
        return SystemReport(name, version, absent=f"cannot be loaded: {error}")
    return _report(SystemReport(name, version, load_seconds=started.seconds), given, pages, metric)


def _answers(task: Task, progress: Callable[[int, int], None]) -> list[Any]:
    """How it started and every answer."""
    given: list[Started | Answer] = []
    for answer in answers(task):
        given.append(answer)
        progress(len(given) - 1, task.pages)
    return given


def _report(bare: SystemReport, given: Sequence[Answer], pages: Sequence[Page], metric: Metric) -> SystemReport:
    scored = [_page_score(page, answer, metric) for page, answer in zip(pages, given, strict=True)]
    rows = np.array([page.scores for page in scored], np.float64)
    knows = any(answer.known is not None for answer in given)
    return SystemReport(
        bare.system,
        bare.version,
        "",
        figures(metric, rows),
        _by_type(metric, rows, [page.type for page in pages]),
        shares([page.known for page in pages], [answer.known or {} for answer in given]) if knows else {},
        scored,
        bare.load_seconds,
        max(answer.peak_mb for answer in given),
    )


def _page_score(page: Page, answer: Answer, metric: Metric) -> PageScore:
    scores = metric.score(page, answer.text)
    return PageScore(page.id, page.type, scores, not answer.text.strip(), answer.error, answer.seconds)


def _by_type(metric: Metric, rows: Rows, types: Sequence[str]) -> dict[str, tuple[int, Mapping[str, Figure]]]:
    names = sorted(set(types), key=lambda name: (-types.count(name), name))
    if len(names) < 2:
        return {}
    chosen = {name: np.array([other == name for other in types]) for name in names}
    return {name: (int(mask.sum()), figures(metric, rows[mask])) for name, mask in chosen.items()}


def _reading_mb(task: Task) -> float:
    return max(answer.peak_mb for answer in answers(task) if isinstance(answer, Answer))


def _pages(benchmark: str, path: Path, limit: int | None) -> list[Page]:
    """The gold of all pages; their HTML stays with the systems' own processes."""
    pages = [page._replace(html="") for page in islice(READERS[benchmark](path), limit)]
    if not pages:
        raise UsageError(f"{path}: holds no pages; for {benchmark}, {HOW_TO_GET[benchmark]}")
    return pages


def _check(benchmark: str, peers: Sequence[str]) -> None:
    if benchmark not in READERS:
        raise UsageError(f"{benchmark!r} is no benchmark that is known here; known are {', '.join(READERS)}")
    for name in peers:
        if name not in PEERS:
            raise UsageError(f"{name!r} is no peer that is known here; known are {', '.join(PEERS)}")
