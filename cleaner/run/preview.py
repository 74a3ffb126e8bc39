"""What a run would do, without a byte written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from pathlib import Path

from cleaner.audit import unfolded
from cleaner.engines import Engine, Failed, Limits
from cleaner.readers import Input
from cleaner.records import STAYING
from cleaner.run.intake import TOGETHER, Choice, Intake
from cleaner.run.work import Finished, Same, Settings, failed, open_work, results_of
from cleaner.store.journal import NAME, OUTCOMES, STATE, bucket_of, reading

SHOWN = 20
"""Paragraphs shown of those that would go."""


@dataclass
class Preview:
    """What a run would do."""

    records: int = 0
    done: int = 0
    """Records that are new or have changed."""
    unchanged: int = 0
    gone: int = 0
    paragraphs: int = 0
    taken: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    shown: list[tuple[str, str, str]] = field(default_factory=list)
    """Source, label and text of some paragraphs that would go: the same ones every time."""
    _before: Callable[[str], bool] = field(default=lambda _: False, repr=False)
    """Whether the tree has a record already."""
    _again: int = 0
    _nearest: list[tuple[int, str, str, str]] = field(default_factory=list)

    def take(self, one: Finished | Same) -> None:
        """Count a record."""
        self.records += 1
        if isinstance(one, Same):
            self.unchanged += 1
            return
        self.done += 1
        self._again += self._before(one.unit.id)
        self.outcomes[OUTCOMES[one.unit.outcome]] += 1
        for index, row in enumerate(_paragraphs(one)):
            self.paragraphs += 1
            if row["decision"] not in STAYING:
                self.taken += 1
                self._show(one.unit.id, index, row["label"], row["text"])

    def _show(self, source: str, index: int, label: str, text: str) -> None:
        """Keep the SHOWN paragraphs whose hashes are smallest: a fair sample that no order of work changes."""
        place = (-bucket_of(f"{source}\0{index}"), source, label, text)
        if len(self._nearest) < SHOWN:
            heappush(self._nearest, place)
        else:
            heappushpop(self._nearest, place)

    def finish(self, settled: int) -> None:
        """Tell what is gone of the records that the tree has, and put what is shown in the order of sources."""
        self.gone = max(settled - self.unchanged - self._again, 0)
        self.shown = sorted(row[1:] for row in self._nearest)


def _paragraphs(one: Finished) -> Iterator[dict[str, str]]:
    unit = one.unit
    folded = bytes(one.content[unit.head : unit.head + unit.body])
    for line in b"".join(unfolded(folded)).splitlines():
        yield json.loads(line)


def preview_of(
    out: Path, settings: Settings, choice: Choice, inputs: Iterable[Input], engine: Engine, workers: int, limits: Limits | None
) -> Preview:
    """What a run would do to `out`, whether it is there or not."""
    with reading(out / STATE / NAME) as journal:
        preview = Preview(_before=(lambda name: bool(journal.digest_of(name))) if journal else lambda _: False)
        intake = Intake(journal, settings, choice, preview.take, TOGETHER)
        for result in engine(open_work, settings, intake.shards(iter(inputs)), workers, limits):
            if isinstance(result, Failed):
                preview.take(failed(settings, result.part, result.reason, result.message))
            else:
                for one in results_of(result.result):
                    preview.take(one)
        preview.finish(journal.size() if journal and not choice.is_partial else 0)
    return preview
