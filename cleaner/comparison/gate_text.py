"""What the gate found, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from cleaner.comparison.floors import FIGURES
from cleaner.comparison.gate import ALL, SHOWN, SITE, Compared, Gate, said
from cleaner.comparison.gold import Paired

WIDTH = 100
"""Characters shown of a paragraph."""
MOST_IN_JSON = 50
MOST_SITES = 12
"""Sites shown in the table, those that got worst; --json has all."""


def gate_lines(found: Gate) -> Iterator[str]:
    """A table of all groups, of sites only those that got worse; then what refuses the model, with paragraphs."""
    yield f"old {found.old}, new {found.new}; {found.articles:,} gold articles ({found.gold}), {found.paragraphs:,} paragraphs"
    yield from _table(found)
    for refusal in found.refusals:
        yield f"REFUSED: {said(refusal)}"
        examples = found.examples[refusal.group, refusal.name, refusal.figure]
        yield from map(_example, examples[:SHOWN])
        if len(examples) > SHOWN:
            yield f"    and {len(examples) - SHOWN:,} more: --json has them"
    yield "refused" if found.refusals else "passed"


def _table(found: Gate) -> Iterator[str]:
    rows = _rows(found)
    worst = sorted((name for name in rows if name[0] == SITE), key=lambda name: (-_worst(rows[name]), name))
    shown = [name for name in rows if name[0] != SITE] + [name for name in worst[:MOST_SITES] if _worst(rows[name]) > 0]
    lines = [["wrong: old -> new", *(figure.replace("_", " ") for figure in FIGURES)]]
    for group, name in shown:
        row = rows[group, name]
        lines.append(["overall" if group == ALL else f"{group} {name}", *(_cell(row.get(figure)) for figure in FIGURES)])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for first, *cells in lines:
        yield f"{first:<{widths[0]}}" + "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))


def _worst(row: Mapping[str, Compared]) -> float:
    return max(f.points for f in row.values())


def _rows(found: Gate) -> dict[tuple[str, str], dict[str, Compared]]:
    rows: dict[tuple[str, str], dict[str, Compared]] = {}
    for f in found.figures:
        rows.setdefault((f.group, f.name), {})[f.figure] = f
    return rows


def _cell(f: Compared | None) -> str:
    if f is None:
        return "-"
    change = f" {f.points:+.1f}" if f.worse or f.better else ""
    return f"{f.old:,} -> {f.new:,} of {f.paragraphs:,}{change}{'!' if f.refused else ''}"


def _example(p: Paired) -> str:
    text = p.text if len(p.text) <= WIDTH else p.text[: WIDTH - 1] + "…"
    return f"    {p.article}: {p.label}; old says {p.said[0]}; new says {p.said[1]}: {text}"


def gate_json(found: Gate) -> dict[str, Any]:
    """Everything that was found."""
    return {
        "passed": not found.refusals,
        **{name: getattr(found, name) for name in ("old", "new", "gold", "floors", "articles", "paragraphs")},
        "figures": [asdict(f) | {"points": round(f.points, 3)} for f in found.figures],
        "refusals": [
            {"group": f.group, "name": f.name, "figure": f.figure, "said": said(f), "paragraphs": _shown(found, f)}
            for f in found.refusals
        ],
    }


def _shown(found: Gate, f: Compared) -> list[dict[str, Any]]:
    return [asdict(p) for p in found.examples[f.group, f.name, f.figure][:MOST_IN_JSON]]
