"""What a new model may cost: a closed schema in TOML, as a policy's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cleaner.closed_toml import check_keys, check_version, number_in, read_toml, table_in

DEFAULT = Path(__file__).parent / "floors.toml"
VERSION = 1
CONTENT_LOST = "content_lost"
FIGURES = (CONTENT_LOST, "noise_left", "label_wrong")
"""Each a share of paragraphs: the lower, the better."""
PARTS = ("overall", "group", "bar")


@dataclass(frozen=True, slots=True)
class Floors:
    """By figure: points that may be lost overall and in a group, and the share in percent that must not be passed."""

    overall: Mapping[str, float]
    group: Mapping[str, float]
    bar: Mapping[str, float]
    significance: float
    digest: str
    """First 12 hexadecimal digits of the SHA-256 of the file."""


def load_floors(path: Path | None = None) -> Floors:
    """Read a file of floors; those that come with cleaner when no path is given. Raises PolicyError naming file and key."""
    file = path or DEFAULT
    table, digest = read_toml(file, f"give floors in TOML, as {DEFAULT}")
    return _checked(table, str(file), digest)


def _checked(table: Mapping[str, Any], where: str, digest: str) -> Floors:
    check_keys(table, ("version", *PARTS, "test"), where, "")
    check_version(table, VERSION, where)
    test = table_in(table, "test", where)
    check_keys(test, ("significance",), where, "test.")
    overall, group, bar = (_part(table_in(table, part, where), f"{where}: {part}") for part in PARTS)
    return Floors(overall, group, bar, number_in(test, "significance", f"{where}: test", 1), digest)


def _part(table: Mapping[str, Any], where: str) -> Mapping[str, float]:
    check_keys(table, FIGURES, where, "")
    return {figure: number_in(table, figure, where, 100) for figure in FIGURES}
