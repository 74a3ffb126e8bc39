"""Clean a corpus into a folder: sources in, clean files and an audit out, every source accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cleaner import audit
from cleaner.articles import CleanArticle, clean_articles, first_copies
from cleaner.audit import Entry, ParagraphLine, SourceLine, entry_lines, entry_of, read_entries
from cleaner.errors import OutputError, SourceError, UsageError
from cleaner.parallel import ordered_map
from cleaner.pipeline import Cleaner, Result, as_source, segment
from cleaner.policy import RULES, Policy, decide
from cleaner.readers import Input, list_inputs, read_bytes, real_path
from cleaner.records import ACTIONS, STAYING, Article, JudgedParagraph, Source
from cleaner.writers import PARTIAL, AuditWriter, FolderWriter, render

SHARD = 24
"""Files read and judged together: enough lines for one batch of the classifier, little memory."""
RESTORED = RULES[-1]
LOSES_TOO_MUCH = "would lose too much that may be the article's; kept whole for review"
NO_ARTICLE = "nothing in it looks like an article"


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did. The sums balance: sources = cleaned + set aside + unreadable."""

    sources: int = 0
    cleaned: int = 0
    articles: int = 0
    set_aside: tuple[tuple[str, str], ...] = ()
    """(source, reason) of every source that gave no clean file, unreadable ones included."""
    decisions: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    """Paragraphs that left, by label."""

    def with_entry(self, entry: Entry) -> Report:
        """The report with one more source."""
        line = entry.source
        aside = () if line.status == audit.CLEANED else ((line.source, line.reason),)
        gone = (p.label for p in entry.paragraphs if p.decision not in STAYING)
        return Report(
            self.sources + 1,
            self.cleaned + (line.status == audit.CLEANED),
            self.articles + len(line.outputs),
            self.set_aside + aside,
            self.decisions + Counter(p.decision for p in entry.paragraphs),
            self.removed + Counter(gone),
        )


class Settings(NamedTuple):
    """What a shard's work needs."""

    cleaner: Cleaner
    format: str
    kind: str | None


Rendered = list[tuple[int, bytes]]
Progress = Callable[[int], None]


def clean_corpus(
    paths: Sequence[str | Path],
    out: Path,
    cleaner: Cleaner,
    *,
    format: str = "txt",
    kind: str | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Report:
    """Clean files and folders into `out`, with one audit line a decision.

    No input is ever changed. A source that cannot be read, or that would lose too much, is set aside
    with its reason. Raises UsageError or OutputError before anything is written when the paths or
    the output folder do not allow a run.
    """
    refuse_overlap(paths, out)
    inputs = list_inputs(paths, exclude=out)
    first = list(islice(inputs, 1))  # a path that does not exist is named before anything is written
    entries = ordered_map(_clean_shard, Settings(cleaner, format, kind), _shards(chain(first, inputs)), workers)
    return _write(out, (pair for shard in entries for pair in shard), format, progress)


def redecide(out: Path, policy: Policy, *, into: Path | None = None, format: str = "txt") -> Report:
    """Decide anew from the audit alone, without the model; rewrites `out`, or writes to `into`."""
    if into is not None:
        refuse_foreign(into)
    entries = (_decided(entry, policy) for entry in read_entries(out / audit.NAME))
    return _rewrite(entries, into or out, format)


def restore_paragraph(out: Path, source: str, index: int, *, format: str = "txt") -> ParagraphLine:
    """Put one paragraph back into its clean article, and record that a person did.

    Raises UsageError when there is no such source or paragraph.
    """
    found: list[ParagraphLine] = []

    def put_back(entry: Entry) -> Entry:
        if entry.source.source != source:
            return entry
        if not 0 <= index < len(entry.paragraphs):
            raise UsageError(f"{source} has paragraphs 0 to {len(entry.paragraphs) - 1}, not {index}; see `cleaner explain`")
        lines = list(entry.paragraphs)
        lines[index] = replace(lines[index], decision="keep", rule=RESTORED)
        found.append(lines[index])
        return Entry(replace(entry.source, status=audit.CLEANED, reason=""), tuple(lines))

    entries = [put_back(entry) for entry in read_entries(out / audit.NAME)]
    if not found:
        raise UsageError(f"{out}: no source {source!r} in its audit; `cleaner explain {out}` lists them")
    _rewrite(iter(entries), out, format)
    return found[0]


def refuse_overlap(paths: Sequence[str | Path], out: Path) -> None:
    """Raise when writing to `out` could touch an input or files that cleaner did not write."""
    target = real_path(out)
    for path in map(Path, paths):
        if str(path) != "-" and (real_path(path) == target or target in real_path(path).parents):
            raise UsageError(f"{out}: the output folder holds the input {path}; choose another folder with -o")
    refuse_foreign(out)


def refuse_foreign(out: Path) -> None:
    """Raise OutputError when `out` holds files that cleaner did not write."""
    target = real_path(out)
    if target.exists() and not target.is_dir():
        raise OutputError(f"{out}: exists and is not a folder; choose another with -o")
    if target.is_dir() and any(target.iterdir()) and not (target / audit.NAME).exists() and not _unfinished(target):
        raise OutputError(f"{out}: holds files that cleaner did not write; choose an empty or new folder with -o")


def _unfinished(folder: Path) -> bool:
    return (folder / (audit.NAME + PARTIAL)).exists()


def _shards(inputs: Iterable[Input]) -> Iterator[list[Input]]:
    stream = iter(inputs)
    while shard := list(islice(stream, SHARD)):
        yield shard


def _clean_shard(settings: Settings, shard: Sequence[Input]) -> list[tuple[Entry, Rendered]]:
    """Read, judge and render one shard; every input gives an entry."""
    done: dict[int, tuple[Entry, Rendered]] = {}
    readable: list[tuple[Source, Article]] = []
    places: list[int] = []
    for i, item in enumerate(shard):
        raw = b""
        try:
            raw = read_bytes(item)
            source = as_source(raw, kind=settings.kind or item.kind, id=item.id)
            readable.append((source, segment(source)))
            places.append(i)
        except SourceError as error:
            done[i] = (_unreadable(item, raw, str(error), settings.cleaner), [])
    for i, result in zip(places, settings.cleaner.judge_articles(readable), strict=True):
        done[i] = _finished(result, settings)
    return [done[i] for i in range(len(shard))]


def _finished(result: Result, settings: Settings) -> tuple[Entry, Rendered]:
    cleaner, source = settings.cleaner, result.source
    assert source is not None
    reason = _reason(result)
    line = SourceLine(
        source=source.id,
        status=audit.SET_ASIDE if reason else audit.CLEANED,
        reason=reason,
        kind=source.kind,
        bytes=len(source.raw),
        sha256=sha256(source.raw).hexdigest(),
        encoding=source.encoding,
        encoding_reason=source.encoding_reason,
        paragraphs=len(result.paragraphs),
        outputs=(),
        tail="",
        original="",
        style=cleaner.style,
        model=cleaner.model.digest,
        policy=cleaner.policy.digest,
        metadata=result.metadata,
    )
    entry = entry_of(source, result.article.text, result.paragraphs, line)
    return entry, [] if reason else _rendered(result.articles, settings.format, line)


def _reason(result: Result) -> str:
    """Why a source gives no clean file; empty when it does."""
    if not result.paragraphs:
        return "empty: no text in it"
    if result.set_aside:
        return LOSES_TOO_MUCH
    return "" if result.text else NO_ARTICLE


def _rendered(articles: Iterable[CleanArticle], format: str, line: SourceLine) -> Rendered:
    return [(a.start, render(a, format, line.model, line.policy)) for a in articles if a.text]


def _unreadable(item: Input, raw: bytes, reason: str, cleaner: Cleaner) -> Entry:
    line = SourceLine(
        item.id, audit.UNREADABLE, reason, item.kind or "", len(raw), sha256(raw).hexdigest(), "", "", 0, (), "", "",
        cleaner.style, cleaner.model.digest, cleaner.policy.digest, {},
    )  # fmt: skip
    return Entry(line, ())


def _decided(entry: Entry, policy: Policy) -> Entry:
    """The entry under another policy; paragraphs that a person restored stay."""
    if not entry.paragraphs:
        return Entry(replace(entry.source, policy=policy.digest), ())
    shares = np.array([p.probabilities for p in entry.paragraphs]) / 10_000
    texts = [p.text for p in entry.paragraphs]
    decided = decide(policy, shares, list(map(len, texts)), entry.source.style, first_copies(texts, [0, len(texts)]))
    lines = tuple(
        replace(p, policy=policy.digest)
        if p.rule == RESTORED
        else replace(p, decision=ACTIONS[action], rule=RULES[rule], policy=policy.digest)
        for p, action, rule in zip(entry.paragraphs, decided.actions.tolist(), decided.rules.tolist(), strict=True)
    )
    aside = decided.set_aside or not any(p.decision in STAYING for p in lines)
    reason = LOSES_TOO_MUCH if decided.set_aside else NO_ARTICLE
    status = audit.SET_ASIDE if aside else audit.CLEANED
    return Entry(replace(entry.source, policy=policy.digest, status=status, reason=reason if aside else ""), lines)


def _rewrite(entries: Iterator[Entry], out: Path, format: str) -> Report:
    return _write(out, ((entry, _rendered_again(entry, format)) for entry in entries), format, None)


def _rendered_again(entry: Entry, format: str) -> Rendered:
    if entry.source.status != audit.CLEANED:
        return []
    return _rendered(articles_of(entry), format, entry.source)


def articles_of(entry: Entry) -> Iterator[CleanArticle]:
    """The clean articles of an audited source."""
    paragraphs: list[JudgedParagraph] = [p.judged() for p in entry.paragraphs]
    return clean_articles(entry.source.source, paragraphs, entry.source.metadata)


def _write(out: Path, entries: Iterable[tuple[Entry, Rendered]], format: str, progress: Progress | None) -> Report:
    """Write clean files and audit; then files of an earlier run that this one did not write again go."""
    earlier = _outputs_of(out)
    report, written = Report(), set()
    with FolderWriter(out, format) as writer, AuditWriter(out / audit.NAME, entry_lines) as ledger:
        for entry, rendered in entries:
            outputs = writer.write(entry.source.source, rendered)
            written |= {output.path for output in outputs}
            complete = Entry(replace(entry.source, outputs=outputs), entry.paragraphs)
            ledger.write(complete)
            report = report.with_entry(complete)
            if progress:
                progress(1)
        writer.finish()
        ledger.finish()
    for path in earlier - written:
        with suppress(OSError):
            (out / path).unlink()
    return report


def _outputs_of(out: Path) -> set[str]:
    """Paths that an earlier run's audit claims; none where there is no audit or it is damaged."""
    try:
        return {output.path for entry in read_entries(out / audit.NAME) for output in entry.source.outputs}
    except OutputError:
        return set()
