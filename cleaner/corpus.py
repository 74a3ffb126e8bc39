"""Clean a corpus into a folder: sources in, clean files and an audit out, every source accounted for.

A run first judges what changed and keeps the results in the folder's log, then brings them into the
tree in one go. Killed at any point it goes on where it was, and the tree follows from sources, model,
policy and format alone.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

import numpy as np

from cleaner import audit
from cleaner.articles import CleanArticle, clean_articles, first_copies
from cleaner.audit import Entry, ParagraphLine, entry_lines, read_all, shard_files, source_head
from cleaner.engines import ENGINES, Limits
from cleaner.errors import OutputError, UsageError, WriteError
from cleaner.pipeline import Cleaner
from cleaner.policy import RULES, Policy, decide
from cleaner.readers import STDIN, Fields, list_inputs, real_path
from cleaner.readers.addresses import is_address
from cleaner.records import ACTIONS, STAYING, JudgedParagraph, columns_of
from cleaner.run.counting import counts_of
from cleaner.run.intake import TOGETHER, Choice
from cleaner.run.judging import KEPT_RECORDS, Judging
from cleaner.run.preview import Preview, preview_of
from cleaner.run.work import REASONS, Settings, asked_of, finished, rendered_of, settings_key
from cleaner.store.commit import Disk
from cleaner.store.folder import Store, opened, seal
from cleaner.store.journal import PUBLISHING, STATE, Unit
from cleaner.store.ledger import Changes, Report, report_bytes, report_of
from cleaner.store.presence import adopt, note_missing, note_stale, note_stale_shard
from cleaner.store.publishing import Published, complete, publish
from cleaner.store.sharding import StaleError
from cleaner.writers import FORMATS

RESTORED = RULES[-1]
ALL, FIELDS = Choice(), Fields()
Progress = Callable[[int], None]
Note = Callable[..., None]
"""Called with an event and its fields: `note("set aside", source="a.txt", code="empty")`."""


def clean_corpus(
    paths: Sequence[str | Path],
    out: Path,
    cleaner: Cleaner,
    *,
    format: str = "txt",
    kind: str | None = None,
    workers: int = 1,
    engine: str = "local",
    limits: Limits | None = None,
    fields: Fields = FIELDS,
    choice: Choice = ALL,
    again: bool = False,
    most_gone: float = 1.0,
    together: int = TOGETHER,
    progress: Progress | None = None,
    note: Note | None = None,
    disk: Disk | None = None,
) -> Report:
    """Clean files and folders into `out`, with one audit line a decision.

    What is as it was when it was cleaned before is left as it is; `again` does it all anew. What a
    source gave goes with it, unless `choice` leaves sources out; when more than the share `most_gone`
    of them went, nothing is changed. `together` records are judged at once. With one worker and no
    limits everything runs in this process.
    No input is ever changed. A source that cannot be read, or that would lose too much, is set aside
    with its reason. Raises UsageError or OutputError before anything is written when the paths or
    the output folder do not allow a run, LockedError when another run is at work on it, WriteError
    when the disk fails: the next run goes on from there.
    """
    refuse_overlap(paths, out)
    next(list_inputs(paths, exclude=out), None)  # a path that does not exist is named before anything is written
    settings = _settings(cleaner, format, kind, fields)
    if limits is None and (workers > 1 or engine != "local"):
        limits = Limits()
    with _ready(out, disk) as store:
        _refuse_mixture(store, format, choice, out)
        if again:
            note_stale(store, "1")
        note_missing(store)
        for attempt in range(2):
            judging = Judging(store, settings, choice, progress or _ignore, note or _ignore, together)
            judging.run(list_inputs(paths, exclude=out), ENGINES[engine](), workers, limits)
            try:
                gone, published = _publish(store, judging, format, most_gone)
                break
            except StaleError as error:
                if attempt:
                    raise
                note_stale_shard(store, error.shard, error.count, FORMATS[format])
        store.journal.keep("asked", asked_of(kind, fields))
        store.journal.keep("inputs", inputs_of(paths, fields))
        changes = Changes(judging.done, judging.records - judging.done, gone, *published)
        return _sealed(store, changes, None if choice.is_partial else judging.records)


def inputs_of(paths: Sequence[str | Path], fields: Fields) -> str:
    """Where the sources came from, so that a labelled page can be found again: absolute paths and addresses, and the fields."""
    places = [str(path) if str(path) == STDIN or is_address(path) else str(Path(path).absolute()) for path in paths]
    return json.dumps({"paths": places, "fields": asdict(fields)})


def _settings(cleaner: Cleaner, format: str, kind: str | None, fields: Fields) -> Settings:
    key = settings_key(cleaner.model.digest, cleaner.policy.digest, cleaner.style, format, asked_of(kind, fields))
    return Settings(cleaner, format, kind, fields, key)


def preview(
    paths: Sequence[str | Path], out: Path, cleaner: Cleaner, *, format: str = "txt", kind: str | None = None, workers: int = 1,
    engine: str = "local", limits: Limits | None = None, fields: Fields = FIELDS, choice: Choice = ALL, **_: object,
) -> Preview:  # fmt: skip
    """What `clean_corpus` would do with the same arguments; nothing is written."""
    refuse_overlap(paths, out)
    settings = _settings(cleaner, format, kind, fields)
    return preview_of(out, settings, choice, list_inputs(paths, exclude=out), ENGINES[engine](), workers, limits)


def _ignore(*_: object, **__: object) -> None:
    pass


@contextmanager
def _ready(out: Path, disk: Disk | None) -> Iterator[Store]:
    """An output folder for this run alone, with whatever an earlier run left undone completed."""
    with opened(out, disk or Disk()) as store:
        try:
            if store.journal.get("state") == PUBLISHING:
                complete(store)
            if not store.journal.get("format"):
                adopt(store)
            yield store
        except sqlite3.Error as error:
            raise WriteError(f"{out / STATE}: cannot be written ({error}); run the same command again") from error


def _refuse_mixture(store: Store, format: str, choice: Choice, out: Path) -> None:
    before = store.journal.get("format")
    if choice.is_partial and before not in ("", format):
        raise UsageError(
            f"{out}: holds {before} files, which a part of the sources in {format} cannot replace; choose another folder"
        )


def _publish(store: Store, judging: Judging, format: str, most_gone: float) -> tuple[int, Published]:
    """Bring what was judged into the tree; returns how many sources went, and what was written."""
    judging.drop_unseen()
    gone, before = sum(1 for _ in judging.gone()), store.journal.size()
    if gone > most_gone * before:
        raise UsageError(
            f"{store.out}: {gone:,} of {before:,} sources are gone, more than --most-gone {most_gone:g} allows; "
            "nothing was changed: is every input folder there?"
        )
    published = Published()
    if gone or store.journal.count("SELECT count(*) FROM staged") or store.journal.get("format") != format:
        published = publish(store, format, judging.gone())
    judging.note_containers()
    return gone, published


def _sealed(store: Store, changes: Changes, records: int | None) -> Report:
    report = report_of(store.journal, changes)
    if records is not None and records != report.sources:
        raise OutputError(f"{store.out}: {records} records in, but {report.sources} are accounted for; please report this")
    seal(store, report_bytes(report))
    return report


def redecide(out: Path, policy: Policy, *, into: Path | None = None, format: str = "txt") -> Report:
    """Decide anew from the audit alone, without the model; rewrites `out`, or writes to `into`."""
    if into is not None:
        refuse_foreign(into)
    _refuse_unaudited(out)
    with _ready(into or out, None) as store:
        staged = Staging(store, format)
        for entry in read_all(out):
            staged.add(_decided(entry, policy))
        return staged.published()


def restore_paragraph(out: Path, source: str, index: int, *, format: str = "txt") -> ParagraphLine:
    """Put one paragraph back into its clean article, and record that a person did.

    Raises UsageError when there is no such source or paragraph.
    """
    _refuse_unaudited(out)
    with _ready(out, None) as store:
        entry = next((entry for entry in read_all(out) if entry.source.source == source), None)
        if entry is None:
            raise UsageError(f"{out}: no source {source!r} in its audit; `cleaner explain {out}` lists them")
        if not 0 <= index < len(entry.paragraphs):
            raise UsageError(f"{source} has paragraphs 0 to {len(entry.paragraphs) - 1}, not {index}; see `cleaner explain`")
        lines = list(entry.paragraphs)
        lines[index] = replace(lines[index], decision="keep", rule=RESTORED)
        staged = Staging(store, format)
        staged.add(Entry(replace(entry.source, status=audit.CLEANED, reason="", code=""), tuple(lines)))
        staged.published(partly=True)
    return lines[index]


class Staging:
    """Entries of an audit, rewritten: they go the way of judged sources, under the settings that they had."""

    def __init__(self, store: Store, format: str) -> None:
        self._store, self._format = store, format
        self._rows: list[tuple[Unit, int, int]] = []
        self._next = store.journal.count("SELECT max(n) FROM staged") + 1
        self._seen = 0

    def add(self, entry: Entry) -> None:
        """Render and stage one entry."""
        line = entry.source
        known = self._store.journal.digest_of(line.source)
        digest = known or bytes.fromhex(line.sha256)
        asked = self._store.journal.get("asked") or asked_of(None, FIELDS)
        key = settings_key(line.model, line.policy, line.style, self._format, asked)
        content = "".join(f"{text}\n" for text in islice(entry_lines(entry), 1, None)).encode()
        articles = articles_of(entry) if line.status == audit.CLEANED else ()
        rendered = rendered_of(articles, self._format, line.model, line.policy)
        counts = counts_of(columns_of([p.judged() for p in entry.paragraphs]))
        done = finished(key, line, source_head(line), content, counts, rendered, digest)
        self._rows.append((done.unit, self._store.log.append(done.content), self._next + self._seen))
        self._seen += 1
        if len(self._rows) >= KEPT_RECORDS:
            self._keep()

    def _keep(self) -> None:
        self._store.keep(self._rows)
        self._rows = []

    def published(self, *, partly: bool = False) -> Report:
        """Bring what was added into the tree; unless `partly`, it is all that the folder holds from then on."""
        self._keep()
        journal = self._store.journal
        gone = "SELECT id FROM units WHERE id NOT IN (SELECT id FROM staged)"
        published = publish(self._store, self._format, [] if partly else (id for (id,) in journal.rows(gone)))
        return _sealed(self._store, Changes(self._seen, journal.size() - self._seen, 0, *published), None)


def refuse_overlap(paths: Sequence[str | Path], out: Path) -> None:
    """Raise when writing to `out` could touch an input or files that cleaner did not write."""
    target = real_path(out)
    for path in map(str, paths):
        if path == "-" or is_address(path):
            continue
        if real_path(Path(path)) == target or target in real_path(Path(path)).parents:
            raise UsageError(f"{out}: the output folder holds the input {path}; choose another folder with -o")
    refuse_foreign(out)


def refuse_foreign(out: Path) -> None:
    """Raise OutputError when `out` holds files that cleaner did not write."""
    target = real_path(out)
    if target.exists() and not target.is_dir():
        raise OutputError(f"{out}: exists and is not a folder; choose another with -o")
    ours = (target / STATE).is_dir() or any(path.exists() for path in shard_files(target))
    if target.is_dir() and any(target.iterdir()) and not ours:
        raise OutputError(f"{out}: holds files that cleaner did not write; choose an empty or new folder with -o")


def _refuse_unaudited(out: Path) -> None:
    """Raise OutputError where there is no audit to work from."""
    next(read_all(out), None)


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
    code = "loses-too-much" if decided.set_aside else "no-article"
    aside = decided.set_aside or not any(p.decision in STAYING for p in lines)
    said = ("set aside", code, REASONS[code]) if aside else (audit.CLEANED, "", "")
    return Entry(replace(entry.source, policy=policy.digest, status=said[0], code=said[1], reason=said[2]), lines)


def articles_of(entry: Entry) -> Iterator[CleanArticle]:
    """The clean articles of an audited source."""
    paragraphs: list[JudgedParagraph] = [p.judged() for p in entry.paragraphs]
    return clean_articles(entry.source.source, paragraphs, entry.source.metadata)
