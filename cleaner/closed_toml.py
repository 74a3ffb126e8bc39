"""Settings in TOML with a closed schema: what is unknown, missing or out of range is an error that names file and key."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from cleaner.errors import PolicyError

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib


def read_toml(file: Path, advice: str) -> tuple[Mapping[str, Any], str]:
    """The table of a file, and the first 12 hexadecimal digits of the SHA-256 of its bytes.

    `advice` says what to do when it cannot be read. Raises PolicyError.
    """
    try:
        raw = file.read_bytes()
        return tomllib.loads(raw.decode("utf-8")), sha256(raw).hexdigest()[:12]
    except OSError as error:
        raise PolicyError(f"{file}: cannot be read ({error.strerror}); {advice}") from error
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"{file}: not valid TOML ({error})") from error


def check_version(table: Mapping[str, Any], version: int, where: str) -> None:
    """Raise PolicyError unless the file says that it is of this version."""
    if table.get("version") != version or isinstance(table["version"], bool):
        raise PolicyError(f"{where}: version is {table.get('version')!r}, this cleaner reads version {version}")


def check_keys(table: Mapping[str, Any], keys: Sequence[str], where: str, prefix: str) -> None:
    """Raise PolicyError for a key that is none of `keys`, with the nearest of them."""
    for key in table:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, 1) or [", ".join(keys)]
            raise PolicyError(f"{where}: unknown key `{prefix}{key}`; did you mean `{near[0]}`?")


def table_in(table: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    """The table under a key. Raises PolicyError where there is none."""
    value = table.get(key)
    if not isinstance(value, dict):
        raise PolicyError(f"{where}: [{key}] is missing or not a table")
    return value


def number_in(table: Mapping[str, Any], key: str, where: str, most: float, default: float | None = None) -> float:
    """The number under a key, from 0 to `most`. Raises PolicyError for anything else."""
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise PolicyError(f"{where}.{key} is {value!r}; it must be a number from 0 to {most:g}")
    return float(value)
