"""Files elsewhere, through fsspec: `s3://bucket/folder/`, `gs://...`, `memory://...`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from cleaner.errors import SourceError, UsageError
from cleaner.readers.inputs import Input, input_of, is_known, shown

SCHEMES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "hdfs", "oci", "oss", "r2", "hf", "sftp", "memory")
"""Where files may stand. http and https are not among them: a list of pages to fetch is a crawler's work, and a
name in a list must not make a run call a stranger's server."""
_GLOB = "*?["


def is_address(path: object) -> bool:
    """Whether a given path is an address with a scheme."""
    return isinstance(path, str) and "://" in path


def list_address(address: str) -> Iterator[Input]:
    """Every readable file at an address: one file, all files below a folder, or those that match a pattern.

    In the order of their names. Hidden files and unknown endings are left out, but a file that is
    named outright is read. Raises UsageError for schemes that are not read, for what does not exist
    or cannot be listed, and where fsspec or the package for the scheme is missing.
    """
    system, path = _system(address)
    scheme = address.partition("://")[0]
    try:
        if any(sign in path for sign in _GLOB):
            root, found = _fixed_part(path), system.glob(path)
        elif system.isfile(path):
            yield input_of(_address(scheme, path), path.rpartition("/")[2])
            return
        else:
            root, found = path.rstrip("/"), system.find(path)
        names = sorted(str(name) for name in found)
    except Exception as error:  # each service raises its own for missing rights and lost connections: all stop the run
        raise UsageError(f"{shown(address)}: cannot be listed ({shown(str(error) or type(error).__name__)})") from error
    if not names:
        raise UsageError(f"{shown(address)}: no such file or folder")
    for name in names:
        relative = name.removeprefix(root).lstrip("/")
        if is_known(relative) and not any(part.startswith(".") for part in relative.split("/")):
            yield input_of(_address(scheme, name), relative)


def open_address(address: str) -> BinaryIO:
    """The bytes at an address. Raises SourceError when they cannot be had."""
    system, path = _system(address)
    try:
        return cast(BinaryIO, system.open(path, "rb"))
    except OSError as error:
        raise SourceError(f"{shown(address)}: cannot be read ({shown(error.strerror or str(error)).lower()})") from error


def _address(scheme: str, path: str) -> str:
    """One form for each file, so that it is listed once however it was given."""
    return path if "://" in path else f"{scheme}://{path.lstrip('/')}"


def _fixed_part(pattern: str) -> str:
    """The folders of a pattern before its first sign."""
    first = min(pattern.index(sign) for sign in _GLOB if sign in pattern)
    return pattern[:first].rpartition("/")[0]


def _system(address: str) -> tuple[Any, str]:
    """The file system and the path in it."""
    scheme = address.partition("://")[0]
    if "::" in address or scheme not in SCHEMES:
        raise UsageError(f"{shown(address)}: files are read from {', '.join(SCHEMES)}; fetch others first")
    try:
        import fsspec
    except ImportError as error:
        raise UsageError(f"{shown(address)}: addresses need fsspec; pip install 'cleaner[urls]'") from error
    try:
        system, path = fsspec.core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{shown(address)}: {shown(str(error))}") from error
    return system, str(path)
