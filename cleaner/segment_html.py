"""A page to paragraphs, through trafilatura's recall mode.

The issue that replaces this path walks the DOM itself; until then trafilatura gives what it can
find with a preference for keeping, and the page's own metadata.
"""

from __future__ import annotations

from typing import Any

from cleaner.errors import SourceError
from cleaner.records import Article, Source
from cleaner.segment_text import segment_text


def segment_html(source: Source) -> Article:
    """Paragraphs of an HTML page with its title, author, date and site name.

    Paragraph places refer to the text that trafilatura gives, not to the page's bytes.
    Raises SourceError when no text is found.
    """
    import trafilatura  # 0.5 s to import

    page = trafilatura.load_html(source.text)
    if page is None:
        raise SourceError(f"{source.id}: no HTML tree can be built from it; if it is plain text, pass --kind text")
    metadata = _metadata(trafilatura.extract_metadata(page))
    text = trafilatura.extract(
        source.text, favor_recall=True, include_comments=True, include_tables=True, deduplicate=False
    ) or trafilatura.html2txt(source.text)
    if not text or not text.strip():
        raise SourceError(f"{source.id}: the page holds no text outside scripts and styles")
    return Article(source.id, segment_text(text), text, metadata)


def _metadata(document: Any) -> dict[str, str]:
    found = {name: getattr(document, name, None) for name in ("title", "author", "date", "sitename", "url")}
    return {name: value for name, value in found.items() if value}
