"""Markdown, with all text as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from cleaner.visible import shown

_SIGNS = re.compile(r"([\\`*_\[\]<>|~$&#])")
_OPENING = re.compile(r"^(\d*)([-+.)] |=)")
"""What begins a list or underlines a title."""


def escaped(value: object) -> str:
    """Any text as one line of text: signs of Markdown escaped, hidden characters as marks."""
    line = " ".join(shown(str(value)).split())
    return _OPENING.sub(r"\1\\\2", _SIGNS.sub(r"\\\1", line))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; whole numbers with commas, others with three digits."""
    cells = [[escaped(_number(value)) for value in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [[*map(escaped, head)], ["---"] * len(head), *cells])


def picture(name: str, path: str, caption: str) -> str:
    """A picture with what it shows below it."""
    return f"![{escaped(name)}]({quote(path)})\n\n{escaped(caption)}"


def _number(value: object) -> object:
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}" if isinstance(value, float) else value
