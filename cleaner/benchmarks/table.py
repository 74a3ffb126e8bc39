"""A benchmark's report as Markdown tables and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from cleaner.benchmarks.metrics import Figure
from cleaner.benchmarks.peers import REFERENCE
from cleaner.benchmarks.run import Report, SystemReport

INTERVALS = ("precision", "recall", "f1")
"""Figures whose interval is shown; JSON has all."""


def as_tables(report: Report) -> str:
    """The report for a reader: figures, cost, page types, metadata."""
    parts = [_head(report), "\n".join(_figures(report)), "\n".join(_cost(report))]
    parts += ["\n".join(rows) for rows in (list(_types(report)), list(_metadata(report))) if rows]
    return "\n\n".join(parts)


def as_json(report: Report) -> dict[str, Any]:
    """Everything, pages included; no text of any page."""
    whole = {name: getattr(report, name) for name in Report.__dataclass_fields__ if name != "systems"}
    return {**whole, "systems": [_system(report, system) for system in report.systems]}


def _system(report: Report, system: SystemReport) -> dict[str, Any]:
    if system.absent:
        return {"system": system.system, "version": system.version, "absent": system.absent}
    speed, ratio = system.speed, _ratio(report, system)
    return {
        "system": system.system,
        "version": system.version,
        "figures": _plain(system.figures),
        "by_type": {name: {"pages": count, "figures": _plain(found)} for name, (count, found) in system.by_type.items()},
        "metadata": {
            n: {"hits": s.hits, "of": s.of, "value": s.value, "interval": s.interval} for n, s in system.metadata.items()
        },
        "empty": system.empty,
        "errors": system.errors,
        "pages_per_cpu_second": speed,
        "times_trafilatura": ratio,
        "median_cpu_ms": system.median_ms,
        "load_cpu_seconds": system.load_seconds,
        "peak_mb": system.peak_mb,
        "pages": [asdict(page) for page in system.pages],
    }


def _plain(found: Mapping[str, Figure]) -> dict[str, dict[str, float]]:
    return {name: figure._asdict() for name, figure in found.items()}


def _head(report: Report) -> str:
    lines = [f"{report.benchmark}: {report.pages:,} pages of {report.path}. Metric: {report.metric}."]
    lines += [f"cleaner: model {report.model}, style {report.style}. In brackets 95 % intervals, pages drawn 1,000 times."]
    lines += [f"WARNING: {report.warning}"] if report.warning else []
    return "\n".join(lines)


def _figures(report: Report) -> Iterator[str]:
    names = list(next(system.figures for system in report.systems if system.figures)) if _present(report) else list(INTERVALS)
    yield from _top(["system", "version", *names, "empty", "errors"])
    for system in report.systems:
        found = [_shown(name, figure) for name, figure in system.figures.items()]
        counts = [str(system.empty), str(system.errors)]
        yield _row([system.system, system.version, *found, *counts] if found else [system.system, system.version, system.absent])


def _cost(report: Report) -> Iterator[str]:
    yield from _top(["system", "pages a CPU second", "times trafilatura", "median page, CPU ms", "loading, CPU s", "peak MB"])
    for system in _present(report):
        ratio = _ratio(report, system)
        shown = "" if ratio is None else f"{ratio:.2f}"
        cost = [f"{system.median_ms:.1f}", f"{system.load_seconds:.2f}", f"{system.peak_mb:.0f}"]
        yield _row([system.system, f"{system.speed:.1f}", shown, *cost])
    yield _row(["(reading the pages alone)", "", "", "", "", f"{report.reading_mb:.0f}"])


def _types(report: Report) -> Iterator[str]:
    """F1 by page type."""
    systems = [system for system in _present(report) if system.by_type]
    if not systems:
        return
    yield from _top(["f1 by page type", "pages", *(system.system for system in systems)])
    for name, (count, _) in systems[0].by_type.items():
        yield _row([name or "(none)", str(count), *(_shown("f1", system.by_type[name][1]["f1"]) for system in systems)])


def _metadata(report: Report) -> Iterator[str]:
    systems = [system for system in _present(report) if system.metadata]
    if not systems:
        return
    yield from _top(["metadata right", *(system.system for system in systems)])
    for name in systems[0].metadata:
        yield _row([name, *(str(system.metadata[name]) for system in systems)])


def _shown(name: str, figure: Figure) -> str:
    interval = f" ({figure.low:.3f}-{figure.high:.3f})" if name in INTERVALS else ""
    return f"{figure.value:.3f}{interval}"


def _ratio(report: Report, system: SystemReport) -> float | None:
    reference = next((other for other in _present(report) if other.system == REFERENCE), None)
    return system.speed / reference.speed if reference else None


def _present(report: Report) -> list[SystemReport]:
    return [system for system in report.systems if not system.absent]


def _top(names: Sequence[str]) -> Iterator[str]:
    yield _row(names)
    yield "|" + "---|" * len(names)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
