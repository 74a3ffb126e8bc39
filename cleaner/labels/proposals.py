"""Labels that nobody gave yet, for a person to accept: what a page's markup says of the paragraphs of its text.

A proposal is a label event whose `who` is `markup` or `check` (joining.PROPOSERS). It stands in a file of its own,
with the articles that it speaks of; `read_labels` leaves it out, the review page shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from cleaner.decoding import decode
from cleaner.errors import SourceError
from cleaner.labels.events import LabelEvent, LabelledArticle, line_of
from cleaner.labels.joining import PROPOSERS
from cleaner.labels.replacing import write_unless_labels
from cleaner.labels.weighting import words
from cleaner.language import language_of
from cleaner.readers import CODECS, Fields, Input, Record, Rejected, list_inputs, read_records
from cleaner.readers.inputs import endings_of
from cleaner.records import LABELS, STYLES, Source
from cleaner.segment_html import segment_html
from cleaner.segment_text import segment_text
from cleaner.sites import site_of
from cleaner.weak import agreed_labels

MARKUP, CHECK = PROPOSERS
_PAGES = Fields(text=())
_TEXTS = Fields(html=())


class Pair(NamedTuple):
    """An article that a corpus has twice: its text, and the page that the text was made from."""

    text: Record
    page: Record


def pairs_of(inputs: Sequence[str | Path]) -> Iterator[Pair | Rejected]:
    """Rows with a field of each kind, and files that lie side by side under one name (`a.html`, `a.txt`), in order.

    What cannot be read is Rejected; what is there once only is left out. Raises UsageError for a path that does not exist.
    """
    beside: dict[str, dict[str, Input]] = {}
    for item in list_inputs(inputs):
        if item.container in ("jsonl", "csv", "parquet"):
            yield from _of_rows(item)
        elif item.container == "file" and item.kind:
            beside.setdefault(_stem(item.id), {})[item.kind] = item
    for found in beside.values():
        if len(found) == 2:
            [text], [page] = (list(read_records(found[kind])) for kind in ("text", "html"))
            yield _paired(text, page)


def _stem(id: str) -> str:
    """An id without what says how it is packed and of which kind it is: `lemonde.fr-0` of `lemonde.fr-0.html.gz`."""
    ending, codec = endings_of(id)
    packed = next((end for end, name in CODECS.items() if name == codec), "")
    return id[: len(id) - len(ending) - len(packed)]


def _of_rows(item: Input) -> Iterator[Pair | Rejected]:
    """Rows as the two readings of one file give them: a row that lacks a field is none in one of them."""
    pages = read_records(item, _PAGES)
    page = next(pages, None)
    for text in read_records(item, _TEXTS):
        while page is not None and page.id != text.id and _line(page.id) < _line(text.id):
            page = next(pages, None)
        if page is not None and page.id == text.id and not _lacks_field(text, page):
            yield _paired(text, page)


def _line(id: str) -> int:
    place = id.rpartition("#")[2]
    return int(place) if place.isdigit() else -1


def _lacks_field(*records: Record | Rejected) -> bool:
    return any(isinstance(record, Rejected) and record.reason == "no-text" for record in records)


def _paired(text: Record | Rejected, page: Record | Rejected) -> Pair | Rejected:
    if isinstance(text, Rejected):
        return text
    return page if isinstance(page, Rejected) else Pair(text, page)


def propose(pair: Pair, when: str) -> list[LabelEvent | LabelledArticle]:
    """The article of a pair and a proposal for every paragraph of its text that the page's markup names; empty for none.

    A paragraph of the text is one of the page where their words are the same; where the page has it several times,
    all of them must be named alike. `when` is UTC, ISO 8601. Raises SourceError where text or page cannot be decoded.
    """
    lines = tuple(p.text for p in segment_text(decode(pair.text.raw, where=pair.text.id)[0]))
    named = _named_on_page(pair.page)
    found = [(i, label) for i, line in enumerate(lines) if (label := named.get(words(line), -1)) >= 0]
    if not found:
        return []
    article = LabelledArticle(
        source=pair.text.id,
        source_sha256=sha256(pair.text.raw).hexdigest(),
        site=site_of(pair.text.id, {**pair.page.metadata, **pair.text.metadata}),
        language=language_of("\n".join(lines)) or "",
        style=STYLES[0],
        paragraphs=lines,
    )
    return [article, *(proposal(article, index, LABELS[label], MARKUP, when) for index, label in found)]


def _named_on_page(page: Record) -> Mapping[str, int]:
    """The label that the markup names for each text of the page, by its words; -1 where it names none or several."""
    text, encoding, reason = decode(page.raw, where=page.id)
    article = segment_html(Source(page.id, text, "html", page.raw, encoding, reason))
    assert article.layout is not None
    named: dict[str, int] = {}
    for paragraph, label in zip(article.paragraphs, agreed_labels(article.layout).tolist(), strict=True):
        key = words(paragraph.text)
        named[key] = label if named.get(key, label) == label else -1
    named.pop("", None)
    return named


def proposal(
    article: LabelledArticle, index: int, label: str, who: str, when: str, *, model: str = "", was: str = ""
) -> LabelEvent:
    """An event that proposes a label; `who` is MARKUP or CHECK. Of CHECK, `was` is the label that stands."""
    return LabelEvent(
        article.paragraphs[index], label, article.source, article.source_sha256, index, article.site, article.language,
        who, when, model, was,
    )  # fmt: skip


def propose_all(inputs: Sequence[str | Path], when: str) -> Iterator[list[LabelEvent | LabelledArticle] | Rejected]:
    """What `propose` gives for every pair of a corpus, and what could not be read. Raises UsageError for a missing path."""
    for pair in pairs_of(inputs):
        if isinstance(pair, Rejected):
            yield pair
            continue
        try:
            yield propose(pair, when)
        except SourceError as error:
            yield Rejected(pair.text.id, "no-text", str(error))


def write_proposals(path: Path, events: Iterable[LabelEvent | LabelledArticle]) -> None:
    """Write a file of proposals in place of an older one. Raises OutputError where `path` holds labels of people, WriteError."""
    write_unless_labels(path, b"".join(map(line_of, events)))
