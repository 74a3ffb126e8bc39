"""What a new model would change in a corpus, before anything of it is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cleaner.comparison.changes import KEPT, REMOVED, WAYS, Pair, Sums, Surprise, as_rows, open_comparison
from cleaner.comparison.near import one_of_each
from cleaner.engines import ENGINES, Failed, Limits
from cleaner.pipeline import Cleaner
from cleaner.readers import Fields, list_inputs
from cleaner.records import LABELS
from cleaner.run.intake import TOGETHER, Choice, Intake
from cleaner.run.work import Finished, Same, Settings

SHOWN = 50
"""Paragraphs shown each way."""
RELABELLED = "relabelled"
"""What is said of paragraphs of which the label alone differs."""
ALL, FIELDS = Choice(), Fields()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What would change; nothing in it depends on the number of workers."""

    old: str
    new: str
    """Digests of the models."""
    sums: Sums
    surprises: dict[str, tuple[tuple[Surprise, int], ...]]
    """By way: the most surprising paragraphs, each with how many near copies of it were among those held: there may be more."""

    @property
    def removed(self) -> int:
        """Paragraphs that the new model takes and the old one keeps."""
        return _of(self.sums.labels, REMOVED)

    @property
    def kept(self) -> int:
        """Paragraphs that the new model keeps and the old one takes."""
        return _of(self.sums.labels, KEPT)

    @property
    def relabelled(self) -> int:
        """Paragraphs whose label alone differs."""
        return _of(self.sums.labels, "")


def _of(labels: Counter[tuple[str, str, str]], way: str) -> int:
    return sum(count for key, count in labels.items() if key[0] == way)


def compare(
    paths: Sequence[str | Path],
    old: Cleaner,
    new: Cleaner,
    *,
    kind: str | None = None,
    workers: int = 1,
    engine: str = "local",
    limits: Limits | None = None,
    fields: Fields = FIELDS,
    choice: Choice = ALL,
    progress: Callable[[int], None] | None = None,
) -> Comparison:
    """Judge files, folders and containers with two models and sum up what differs; nothing is written.

    `paths` are as `clean_corpus` takes them. What cannot be read or judged is counted, with neither model having a say.
    Memory does not grow with the corpus, but for a count per site. Raises UsageError for a path that is not there.
    """
    pair = Pair(Settings(old, "txt", kind, fields, b""), new)
    sums, count = Sums(), progress or (lambda _: None)
    if limits is None and (workers > 1 or engine != "local"):
        limits = Limits()

    def unread(_: Finished | Same) -> None:
        sums.records += 1
        sums.unread += 1

    intake = Intake(None, pair.settings, choice, unread, TOGETHER)
    for result in ENGINES[engine]()(open_comparison, pair, intake.shards(list_inputs(paths)), workers, limits):
        before = sums.records
        if isinstance(result, Failed):
            sums.records, sums.unread = sums.records + 1, sums.unread + 1
        else:
            sums.add(result.result)
        count(sums.records - before)
    shown = {way: tuple(one_of_each(sums.ranked(way), lambda s: s.text, SHOWN)) for way in WAYS}
    return Comparison(old.model.digest, new.model.digest, sums, shown)


def by_label(found: Comparison) -> list[tuple[str, Counter[str]]]:
    """Of each label of the old model: paragraphs by way, RELABELLED where the decision is the same."""
    sums = {label: Counter[str]() for label in LABELS}
    for (way, old, _), count in found.sums.labels.items():
        sums[old][way or RELABELLED] += count
    return [(label, counts) for label, counts in sums.items() if counts]


def label_rows(found: Comparison) -> list[dict[str, Any]]:
    """Counts by old and new label and way: changed decisions before labels alone, the largest first."""
    order = {label: at for at, label in enumerate(LABELS)}
    rows = sorted(
        found.sums.labels.items(), key=lambda pair: (not pair[0][0], -pair[1], pair[0][0], order[pair[0][1]], order[pair[0][2]])
    )
    return [{"way": way or RELABELLED, "old": old, "new": new, "paragraphs": count} for (way, old, new), count in rows]


def aside_rows(found: Comparison) -> list[dict[str, Any]]:
    """Sources that one model sets aside and the other does not, or for another reason."""
    rows = sorted(found.sums.aside.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"old": old or "cleaned", "new": new or "cleaned", "sources": count} for (old, new), count in rows]


def comparison_json(found: Comparison) -> dict[str, Any]:
    """Everything that was found."""
    sums = found.sums
    return {
        "old": found.old, "new": found.new,
        "records": sums.records, "not_read": sums.unread, "paragraphs": sums.paragraphs, "sources_changed": sums.sources,
        "newly_removed": found.removed, "newly_kept": found.kept, "relabelled": found.relabelled,
        "labels": label_rows(found), "sites": as_rows(sums.sites), "languages": as_rows(sums.languages),
        "set_aside": aside_rows(found),
        "surprises": {way: [{**s._asdict(), "copies": copies} for s, copies in found.surprises[way]] for way in WAYS},
    }  # fmt: skip
