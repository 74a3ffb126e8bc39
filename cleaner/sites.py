"""The site that an article is from, as far as its name and address tell."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit


def site_of(source: str, metadata: Mapping[str, str]) -> str:
    """The host of an article's address, else the top folder of its id, else nothing."""
    try:
        host = urlsplit(metadata.get("url", "")).hostname or ""
    except ValueError:
        host = ""
    folder, slash, _ = source.partition("/")
    return (host or (folder if slash else "")).removeprefix("www.")
