"""Which model of a shelf counts: a folder of models with a record of what a person promoted.

`promotions.jsonl` only grows; its last whole line names the current model and the SHA-256 of its file.
A shelf without one has the model that came with it: `press.model`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from cleaner.errors import ModelError
from cleaner.json_lines import is_whole

RECORD = "promotions.jsonl"
FIRST = "press.model"
"""The model of a shelf on which nothing was promoted yet."""
PROMOTE, ROLLBACK = ACTS = ("promote", "rollback")


class Shelved(NamedTuple):
    """A model file, and what its SHA-256 must be; empty where nothing is promised."""

    path: Path
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Promotion:
    """One line of the record: from now on this model counts."""

    act: str
    when: str
    """UTC, ISO 8601, to the second."""
    who: str
    before: str
    """File name of the model that counted until then; `from` in the record."""
    before_sha256: str
    to: str
    sha256: str
    gate: Mapping[str, Any] = field(default_factory=dict)
    """Figures of the gate that it passed; empty for a rollback."""


def line_of(promotion: Promotion) -> bytes:
    """A promotion as a line of the record, its line feed included."""
    row = {
        "act": promotion.act, "when": promotion.when, "who": promotion.who,
        "from": promotion.before, "from_sha256": promotion.before_sha256,
        "to": promotion.to, "sha256": promotion.sha256, "gate": promotion.gate,
    }  # fmt: skip
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def read_promotions(shelf: Path) -> list[Promotion]:
    """The record of a shelf, in order; a line that a kill tore is none. Raises ModelError for any other bad line."""
    path = shelf / RECORD
    try:
        *lines, last = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from error
    if is_whole(last):
        lines.append(last)
    return [_promotion(line, f"{path}:{number}") for number, line in enumerate(lines, 1)]


def _promotion(line: bytes, where: str) -> Promotion:
    try:
        row = json.loads(line.decode("utf-8"))
        found = Promotion(
            row["act"],
            row["when"],
            row["who"],
            _name(row["from"]),
            row["from_sha256"],
            _name(row["to"]),
            row["sha256"],
            row["gate"],
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(f"{where}: not a line of a record of promotions ({error!r}); put the file back as it was") from error
    if found.act not in ACTS:
        raise ModelError(f"{where}: {found.act!r} is none of {', '.join(ACTS)}; put the file back as it was")
    return found


def _name(name: object) -> str:
    """A plain file name: a record never points out of its shelf."""
    if not isinstance(name, str) or Path(name).name != name or "\0" in name or "\\" in name:
        raise ValueError(f"{name!r} is not the name of a file on the shelf")
    return name


def standing(promotions: Iterable[Promotion]) -> list[Shelved]:
    """The models that a rollback goes back through, the current one last: a rollback takes one off, a promotion adds one.

    Their paths are names on the shelf; empty where nothing was promoted.
    """
    stack: list[Shelved] = []
    for promotion in promotions:
        if not stack:
            stack.append(Shelved(Path(promotion.before), promotion.before_sha256))
        if promotion.act == ROLLBACK:
            stack = stack[:-1]
        if not stack or stack[-1].sha256 != promotion.sha256:
            stack.append(Shelved(Path(promotion.to), promotion.sha256))
    return stack


def model_at(path: Path) -> Shelved:
    """The model file that a path stands for: itself, or the current one of a shelf. Raises ModelError."""
    if not path.is_dir():
        return Shelved(path)
    promotions = read_promotions(path)
    if promotions:
        return Shelved(path / promotions[-1].to, promotions[-1].sha256)
    if (path / FIRST).is_file():
        return Shelved(path / FIRST)
    raise ModelError(f"{path}: no model was promoted there and it has no {FIRST}; give a model file, or `cleaner promote` one")
