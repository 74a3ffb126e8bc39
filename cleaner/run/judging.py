"""The first half of a run: find what changed, have it judged, and keep the results in the log and the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import monotonic

from cleaner.engines import Engine, Failed, Limits
from cleaner.readers import Input
from cleaner.run.intake import TOGETHER, Choice, Intake
from cleaner.run.work import Finished, Same, Settings, failed, open_work, results_of
from cleaner.store.commit import named
from cleaner.store.folder import Store
from cleaner.store.journal import Unit

KEPT_SECONDS, KEPT_RECORDS, KEPT_BYTES = 2.0, 4096, 32 << 20
"""After so much, results are made durable: what a kill can cost. A commit takes about 10 ms on ext4."""


class Judging:
    """What a run has found so far."""

    def __init__(
        self, store: Store, settings: Settings, choice: Choice, progress: Callable[[int], None], note: Callable[..., None],
        together: int = TOGETHER,
    ) -> None:  # fmt: skip
        self._store, self._settings, self._choice = store, settings, choice
        self._progress, self._note = progress, note
        journal = store.journal
        self._seen = bytearray(journal.count("SELECT max(n) FROM units") + 1)
        self._kept = bytearray(journal.count("SELECT max(n) FROM staged") + 1)
        self._next = len(self._kept)
        self._waiting: list[tuple[Unit, int, int]] = []
        self._kept_at, self._kept_end = monotonic(), store.log.end
        self._intake = Intake(journal, settings, choice, self._take, together)
        self.records = self.done = 0

    def run(self, inputs: Iterable[Input], engine: Engine, workers: int, limits: Limits | None) -> None:
        """Judge everything that is not as the journal has it."""
        results = engine(open_work, self._settings, self._intake.shards(iter(inputs)), workers, limits)
        for result in results:
            if isinstance(result, Failed):
                self._take(failed(self._settings, result.part, result.reason, result.message))
            else:
                for one in results_of(result.result):
                    self._take(one)
            if self._is_due():
                self.keep()
        self.keep()

    def gone(self) -> Iterator[bytes]:
        """Ids of the sources that the journal knows and this run did not see."""
        if self._choice.is_partial:
            return
        for n, id in self._store.journal.rows("SELECT n, id FROM units WHERE id NOT IN (SELECT id FROM staged)"):
            if not self._seen[n]:
                yield id

    def drop_unseen(self) -> None:
        """Forget what an earlier run staged and this one did not see."""
        unseen = [] if self._choice.is_partial else [(n,) for n in range(1, len(self._kept)) if not self._kept[n]]
        with named(self._store.journal.path):
            self._store.journal.begin()
            self._store.journal.db.executemany("DELETE FROM staged WHERE n = ?", unseen)
            self._store.journal.commit()

    def note_containers(self) -> None:
        """Remember whole files that hold many records: while one is the same, none of its records is looked at."""
        db = self._store.journal.db
        with named(self._store.journal.path):
            found = self._intake.containers
            if self._choice.is_partial or set(found) == set(db.execute("SELECT * FROM containers").fetchall()):
                return
            self._store.journal.begin()
            db.execute("DELETE FROM containers")
            db.executemany("INSERT OR REPLACE INTO containers VALUES (?, ?, ?)", found)
            self._store.journal.commit()

    def _take(self, one: Finished | Same) -> None:
        self.records += 1
        if isinstance(one, Same):
            (self._kept if one.staged else self._seen)[one.row] = 1
        else:
            self.done += 1
            self._waiting.append((one.unit, self._store.log.append(one.content), self._next))
            self._next += 1
            if one.unit.code:
                self._note("set aside", source=one.unit.id, code=one.unit.code, reason=one.unit.reason)
        self._progress(1)

    def _is_due(self) -> bool:
        return (
            monotonic() - self._kept_at > KEPT_SECONDS
            or len(self._waiting) >= KEPT_RECORDS
            or self._store.log.end - self._kept_end >= KEPT_BYTES
        )

    def keep(self) -> None:
        """Make the results so far durable."""
        self._kept_at, self._kept_end = monotonic(), self._store.log.end
        if not self._waiting:
            return
        self._store.keep(self._waiting)
        self._waiting = []
        self._note("kept", records=self.records)
