"""Title, author, date and site name of a page, as its own markup gives them, through trafilatura."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from cleaner.markup import tamed
from cleaner.records import Source

NAMES = ("title", "author", "date", "sitename", "url")


def page_metadata(source: Source) -> Mapping[str, str]:
    """Metadata of an HTML page; empty where none can be read.

    Slow beside judging (10 to 30 ms a page, and 0.5 s to import): asked for only when an output
    carries it.
    """
    import trafilatura  # only where metadata is asked for

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of time zones that its date parser does not know
            page = trafilatura.load_html(tamed(source.text))
            return _found(trafilatura.extract_metadata(page)) if page is not None else {}
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):  # its date and name parsers raise on odd pages
        return {}


def _found(document: Any) -> dict[str, str]:
    values = {name: getattr(document, name, None) for name in NAMES}
    return {name: str(value) for name, value in values.items() if value}
