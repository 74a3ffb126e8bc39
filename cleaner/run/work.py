"""What a worker does: parts of a shard in, judged and rendered records out. Pure: it writes nothing.

A part names a file to read, or carries a record that was read already. Everything that crosses is
bytes (see `wire`), so that a process beside this one and a machine far away are served alike.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Final, NamedTuple

from cleaner import audit
from cleaner.articles import CleanArticle, clean_articles
from cleaner.audit import SourceLine, entry_bytes, packed, source_head
from cleaner.engines.wire import pack, unpack
from cleaner.errors import SourceError
from cleaner.pipeline import Cleaner, Result, as_source, segment
from cleaner.readers import REASONS as READING
from cleaner.readers import Fields, Input, Record, Rejected, digest_of_input, read_records
from cleaner.records import ACTIONS, STAYING, Article, Source
from cleaner.run.counting import NO_COUNTS, Written, written_of
from cleaner.store.journal import DROPPED, KEPT, PARTLY, QUARANTINED, Known, Unit
from cleaner.writers import render, text_bytes

REASONS: Final[Mapping[str, str]] = {
    **READING,
    "not-text": "bytes that are no text in any encoding",
    "empty": "empty: no text in it",
    "no-article": "nothing in it looks like an article",
    "loses-too-much": "would lose too much that may be the article's; kept whole for review",
    "timeout": "took longer than a record may take",
    "memory": "needed more memory than a record may have",
    "died": "ended the process that worked on it, also alone and again",
    "error": "an error of cleaner itself",
}
"""Why a record gave no clean article: the codes, and what each means."""
ASIDE: Final[Mapping[str, int]] = {"empty": DROPPED, "no-article": DROPPED}
"""Codes of records in which there is nothing to lose; all others are quarantined: a person should look."""


CODE_FORMAT = 1
"""Counts up when the same bytes, model and policy give other files than before."""


class Settings(NamedTuple):
    """What a worker needs to know."""

    cleaner: Cleaner
    format: str
    kind: str | None
    fields: Fields
    key: bytes
    """Names model, policy, style, format and version: a record is done again when it changes."""


def asked_of(kind: str | None, fields: Fields) -> str:
    """How inputs were asked to be read, in a word that a journal can keep."""
    return json.dumps([kind, repr(fields)])


def settings_key(model: str, policy: str, style: str, format: str, asked: str) -> bytes:
    """What a record's result depends on besides its bytes, in 16 bytes."""
    said = json.dumps([CODE_FORMAT, model, policy, style, format, asked])
    return sha256(said.encode()).digest()[:16]


Rendered = tuple[int, bytes]
"""A clean article: the paragraph that it begins at, and its bytes in the format."""
NOTHING_KNOWN: Final[Mapping[str, str]] = {}


class Finished(NamedTuple):
    """A record that was worked on, and its bytes for the log: source line, paragraph lines, clean articles."""

    unit: Unit
    content: bytes | memoryview


class Same(NamedTuple):
    """A record that is as the journal has it."""

    staged: bool
    row: int


def part_of_input(item: Input, known: Known | None) -> bytes:
    """The part that names a file to read; what the journal knows of it goes with it.

    Text between NULs, which no path holds.
    """
    found = f"{known.staged:d}\0{known.row}\0{known.digest.hex()}" if known else "\0\0"
    said = f"f{item.is_local:d}\0{found}\0{item.place}\0{item.kind or ''}\0{item.container}\0{item.codec}\0{item.id}"
    return said.encode("utf-8", "surrogatepass")


def _input_of_part(part: bytes) -> tuple[Input, list[str]]:
    """The file that a part names, and what the journal knows of it."""
    local, staged, row, digest, place, kind, container, codec, id = part.decode("utf-8", "surrogatepass").split("\0", 8)
    return Input(place, id, kind or None, container, codec, local == "f1"), [staged, row, digest]


def part_of_record(record: Record) -> bytes:
    """The part that carries a record."""
    return b"r" + pack([record.id, record.kind, dict(record.metadata)], record.raw)


def _record_of_part(part: bytes) -> Record:
    (id, kind, metadata), body = unpack(part[1:])
    return Record(id, bytes(body), kind, metadata)


def open_work(settings: Settings) -> Callable[[Sequence[bytes]], bytes]:
    """The work on a shard, ready to be called with its parts."""
    return lambda parts: _packed(list(work_on(settings, parts)))


def _packed(done: Sequence[Finished | Same]) -> bytes:
    header = [
        list(d) if isinstance(d, Same) else [*d.unit[:1], d.unit.digest.hex(), d.unit.settings.hex(), *d.unit[3:]] for d in done
    ]
    return pack(header, *(d.content for d in done if isinstance(d, Finished)))


def results_of(message: bytes) -> Iterator[Finished | Same]:
    """What a worker sent back."""
    header, body = unpack(message)
    at = 0
    for row in header:
        if len(row) == len(Same._fields):
            yield Same(*row)
            continue
        id, digest, key, *others = row
        unit = Unit(id, bytes.fromhex(digest), bytes.fromhex(key), *others)
        yield Finished(unit, body[at : at + unit.size])
        at += unit.size


def work_on(settings: Settings, parts: Sequence[bytes]) -> Iterator[Finished | Same]:
    """Read, judge and render the records of a shard, in order."""
    done: list[Finished | Same | None] = []
    waiting: list[tuple[Source, Article]] = []
    digests: list[bytes] = []
    for part in parts:
        ready = _read(settings, part)
        if isinstance(ready, (Finished, Same)):
            done.append(ready)
            continue
        source, article, digest = ready
        waiting.append((source, article))
        digests.append(digest)
        done.append(None)
    results = list(settings.cleaner.judge_articles(waiting))
    written = zip(results, digests, written_of(results), strict=True)
    for finished in done:
        yield finished if finished is not None else finish(settings, *next(written))


def _read(settings: Settings, part: bytes) -> Finished | Same | tuple[Source, Article, bytes]:
    """A part's record, segmented; or what there is to say of it already."""
    if part[:1] == b"r":
        return _segmented(settings, _record_of_part(part))
    item, (staged, row, digest) = _input_of_part(part)
    [record] = read_records(item, settings.fields)
    if isinstance(record, Rejected):
        return rejected(settings, record, digest_of_input(item))
    if digest and digest == sha256(record.raw).hexdigest():
        return Same(staged == "1", int(row))
    return _segmented(settings, record)


def failed(settings: Settings, part: bytes, reason: str, message: str) -> Finished:
    """A record that could not be worked on, twice."""
    if part[:1] == b"r":
        record = _record_of_part(part)
        said = f"{REASONS[reason]} ({message})"
        return unreadable(settings, record.id, record.kind, record.raw, digest_of(record), reason, said)
    item, _ = _input_of_part(part)
    said = f"{REASONS[reason]} ({message}); look at it, then --again tries it"
    return unreadable(settings, item.id, item.kind, b"", digest_of_input(item), reason, said)


def _segmented(settings: Settings, record: Record) -> Finished | tuple[Source, Article, bytes]:
    digest = digest_of(record)
    try:
        source = as_source(record.raw, kind=settings.kind or record.kind, id=record.id)
        article = segment(source)
    except SourceError as error:
        return unreadable(settings, record.id, record.kind, record.raw, digest, "not-text", str(error))
    if record.metadata:
        article = replace(article, metadata={**article.metadata, **record.metadata})
    return source, article, digest


def digest_of(record: Record) -> bytes:
    """What a record is known by: SHA-256 of its bytes, and of its fields where it has any."""
    digest = sha256(record.raw)
    if "#" in record.id and (record.metadata or record.kind):
        digest.update(json.dumps([record.kind, sorted(record.metadata.items())]).encode())
    return digest.digest()


def finish(settings: Settings, result: Result, digest: bytes, written: Written) -> Finished:
    """Audit and clean articles of a judged source."""
    source, columns, metadata = result.source, result.columns, _metadata(result)
    assert source is not None
    code = code_of(result)
    line = _source_line(
        settings, source.id, code, REASONS[code] if code else "", source.kind, source.raw, source.encoding,
        source.encoding_reason, metadata, "" if "#" in source.id else digest.hex(),
    )  # fmt: skip
    head, body = entry_bytes(source, result.article.text, columns, written.own, written.shares, line)
    rendered = () if code else _rendered(settings, result, metadata)
    return finished(settings.key, line, head, body, written.counts, rendered, digest)


def _rendered(settings: Settings, result: Result, metadata: Mapping[str, str]) -> Iterable[Rendered]:
    """The clean articles; text alone is there without a record a paragraph."""
    if settings.format == "txt":
        return ((start, text_bytes(text)) for start, text in result.texts)
    cleaner = settings.cleaner
    return rendered_of(
        clean_articles(result.id, result.paragraphs, metadata), settings.format, cleaner.model.digest, cleaner.policy.digest
    )


def _metadata(result: Result) -> Mapping[str, str]:
    """What the page says of itself; fields that came with a record go before it."""
    given = result.article.metadata
    own = result.metadata
    return own if own is given or not given else {**own, **given}


def code_of(result: Result) -> str:
    """Why a source gives no clean file; empty when it does."""
    if not result.article.paragraphs:
        return "empty"
    if result.set_aside:
        return "loses-too-much"
    return "" if result.text else "no-article"


def _source_line(
    settings: Settings, id: str, code: str, reason: str, kind: str, raw: bytes, encoding: str = "", encoding_reason: str = "",
    metadata: Mapping[str, str] = NOTHING_KNOWN, sha256_of_raw: str = "",
) -> SourceLine:  # fmt: skip
    cleaner = settings.cleaner
    status = audit.SET_ASIDE if code else audit.CLEANED
    return SourceLine(
        id, status, reason, kind, len(raw), sha256_of_raw or sha256(raw).hexdigest(), encoding, encoding_reason, 0, (), "", "",
        cleaner.style, cleaner.model.digest, cleaner.policy.digest, metadata, code,
    )  # fmt: skip


def rendered_of(articles: Iterable[CleanArticle], format: str, model: str, policy: str) -> Iterator[Rendered]:
    """Articles in a format; those without a text are left out."""
    return ((article.start, render(article, format, model, policy)) for article in articles if article.text)


def finished(
    key: bytes, line: SourceLine, head: bytes, body: bytes, counts: tuple[int, ...], rendered: Iterable[Rendered], digest: bytes
) -> Finished:
    """A unit with its bytes for the log."""
    articles = tuple(rendered)
    outputs = [(start, len(content), sha256(content).hexdigest()) for start, content in articles]
    unit = Unit(
        line.source, digest, key, outcome_of(line.code, counts), line.status, line.code, line.reason, counts,
        json.dumps(outputs, separators=(",", ":")), len(outputs), len(head), len(body), sum(size for _, size, _ in outputs),
    )  # fmt: skip
    return Finished(unit, b"".join([head, body, *(content for _, content in articles)]))


def outcome_of(code: str, counts: Sequence[int]) -> int:
    """Kept whole, partly kept, dropped or quarantined."""
    if code:
        return ASIDE.get(code, QUARANTINED)
    return PARTLY if any(count for action, count in zip(ACTIONS, counts, strict=False) if action not in STAYING) else KEPT


def rejected(settings: Settings, record: Rejected, digest: bytes) -> Finished:
    """A record that could not be read, with what there is of it."""
    return unreadable(settings, record.id, None, record.raw, digest, record.reason, record.message)


def unreadable(settings: Settings, id: str, kind: str | None, raw: bytes, digest: bytes, code: str, message: str) -> Finished:
    """A record that is quarantined: its line in the audit says why. What came out of a container is kept with it."""
    line = replace(
        _source_line(settings, id, code, message, kind or "", raw),
        status=audit.UNREADABLE,
        original=packed(raw) if raw and "#" in id else "",
    )
    return finished(settings.key, line, source_head(line), b"", NO_COUNTS, (), digest)
