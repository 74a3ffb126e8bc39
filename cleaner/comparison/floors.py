"""What a new model may cost: a closed schema in TOML, as a policy's."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cleaner.errors import PolicyError
from cleaner.policy import _known, _table

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib

DEFAULT = Path(__file__).parent / "floors.toml"
VERSION = 1
FIGURES = ("content_lost", "noise_left", "label_wrong")
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
    try:
        raw = file.read_bytes()
        table = tomllib.loads(raw.decode("utf-8"))
    except OSError as error:
        raise PolicyError(f"{file}: cannot be read ({error.strerror}); give floors in TOML, as {DEFAULT}") from error
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"{file}: not valid TOML ({error})") from error
    return _checked(table, str(file), sha256(raw).hexdigest()[:12])


def _checked(table: Mapping[str, Any], where: str, digest: str) -> Floors:
    _known(table, ("version", *PARTS, "test"), where, "")
    if table.get("version") != VERSION or isinstance(table["version"], bool):
        raise PolicyError(f"{where}: version is {table.get('version')!r}, this cleaner reads version {VERSION}")
    test = _table(table, "test", where)
    _known(test, ("significance",), where, "test.")
    overall, group, bar = (_part(_table(table, part, where), f"{where}: {part}") for part in PARTS)
    return Floors(overall, group, bar, _number(test, "significance", f"{where}: test", 1), digest)


def _part(table: Mapping[str, Any], where: str) -> Mapping[str, float]:
    _known(table, FIGURES, where, "")
    return {figure: _number(table, figure, where, 100) for figure in FIGURES}


def _number(table: Mapping[str, Any], key: str, where: str, most: float) -> float:
    value = table.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise PolicyError(f"{where}.{key} is {value!r}; it must be a number from 0 to {most:g}")
    return float(value)
