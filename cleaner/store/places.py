"""Where a source's clean files stand: names that every file system takes, and that no history can change.

A name follows from the source's id. Where two would have the same name, the set of sources alone
decides who gets it, never who came first.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from hashlib import sha256

LONGEST_NAME = 240
"""Bytes: file systems take 255."""
OWN_NAMES = (".cleaner", "audit.jsonl")
"""Names at the top of an output folder that are not free for sources."""
_RECORD = re.compile(r"(.+\.(?:jsonl|ndjson|csv|tsv|parquet|warc|wet)(?:\.(?:gz|zst|bz2))?)#([0-9]+)", re.DOTALL | re.IGNORECASE)
_CODEC = re.compile(r"(?<=.)\.(?:gz|zst|bz2)$", re.IGNORECASE)
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"\\|?*\ud800-\udfff\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]')
"""Control and direction marks, halves of characters, and what Windows reserves."""
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE | re.DOTALL)


def wanted_path(id: str, number: int, ending: str) -> str:
    """The place that a source's clean file should have; `number` counts a source's articles from 1, 0 for the only one.

    `a/b.html` gives `a/b.txt`; record 17 of `x.jsonl` gives `x.jsonl/17.txt`.
    """
    folder, stem = _parted(id)
    return _joined(folder, f"{stem}-{number}" if number else stem, ending)


def other_path(id: str, number: int, ending: str, attempt: int = 0) -> str:
    """The place where another source has the wanted one: the whole name and a hash of the id."""
    folder, _ = _parted(id)
    name = "stdin" if id == "-" else id.rpartition("/")[2]
    told = sha256(id.encode("utf-8", "surrogatepass") + b"\n" * attempt).hexdigest()[:16]
    return _joined(folder, f"{name}-{number}~{told}" if number else f"{name}~{told}", ending)


def key_of(path: str) -> str:
    """What two paths share where letter case and the composition of accents do not count."""
    return path.lower() if path.isascii() else unicodedata.normalize("NFC", path).casefold()


def _parted(id: str) -> tuple[str, str]:
    """A source's folder and the stem of its name."""
    if id == "-":
        return "", "stdin"
    record = _RECORD.fullmatch(id) if "#" in id else None
    if record:
        return _safe_folder(record[1]), record[2]
    folder, _, name = id.rpartition("/")
    name = _CODEC.sub("", name)
    at = name.rfind(".")
    return _safe_folder(folder) if folder else "", name[:at] if at > 0 else name


@lru_cache(maxsize=1024)
def _safe_folder(folder: str) -> str:
    parts = [_safe(part) for part in folder.split("/") if part not in ("", ".")]
    if parts and parts[0].casefold() in OWN_NAMES:
        parts[0] = f"{parts[0]}~{_told(parts[0])}"
    return "/".join(parts)


def _joined(folder: str, stem: str, ending: str) -> str:
    name = _short(_safe(stem), ending)
    return f"{folder}/{name}" if folder else name


def _safe(name: str) -> str:
    """The name itself, or one with `_` for what is not safe and a hash that keeps it apart from its likes."""
    odd = _UNSAFE.search(name) or name[-1:] in (".", " ") or name[:1] == "-" or _DEVICE.fullmatch(name)
    if not odd:
        return name if len(name.encode()) <= LONGEST_NAME else _cut(name)
    safe = _UNSAFE.sub("_", name).rstrip(". ")
    safe = "_" + safe if safe[:1] in ("-", "") or _DEVICE.fullmatch(safe) else safe
    return _cut(f"{safe}~{_told(name)}")


def _cut(name: str) -> str:
    raw = name.encode()
    return name if len(raw) <= LONGEST_NAME else f"{raw[: LONGEST_NAME - 17].decode('utf-8', 'ignore')}~{_told(name)}"


def _short(stem: str, ending: str) -> str:
    """Stem and ending as one name that a file system takes."""
    raw = (stem + ending).encode()
    if len(raw) <= LONGEST_NAME:
        return stem + ending
    return f"{raw[: LONGEST_NAME - len(ending) - 17].decode('utf-8', 'ignore')}~{_told(stem)}{ending}"


def _told(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
