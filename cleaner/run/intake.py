"""From inputs to shards of parts: what a run reads, what it knows already, and what goes to the workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from cleaner.readers import STDIN, Input, Record, Rejected, digest_of_input, digest_of_path, read_records
from cleaner.run.work import (
    Finished,
    Same,
    Settings,
    digest_of,
    part_of_input,
    part_of_record,
    rejected,
)
from cleaner.store.journal import Journal, bucket_of, raw_id

TOGETHER = 64
"""Records judged together. On our seeds, MB a CPU second: 3.3 at 8 a batch, 4.2 at 32, 4.5 at 64, 3.7 at 256."""
LOOKED_UP = 256
"""Files asked for in the journal together. Whether one is as it was is found here: asking a worker takes longer."""
SHARD_BYTES = 4 << 20
"""Bytes of records sent to a worker together."""


class Choice(NamedTuple):
    """Which records to take: a fixed share of them, told by their ids, and the first so many."""

    limit: int | None = None
    sample: float | None = None

    @property
    def is_partial(self) -> bool:
        """Whether records are left out, so that those not seen are not gone."""
        return self.limit is not None or self.sample is not None

    def takes(self, id: str) -> bool:
        """Whether a record is in the sample."""
        return self.sample is None or bucket_of(id) < self.sample * (1 << 32)


class Intake:
    """Shards of an output folder's inputs, in order."""

    def __init__(
        self, journal: Journal | None, settings: Settings, choice: Choice, take: Callable[[Finished | Same], None], together: int
    ) -> None:
        self._journal, self._settings, self._choice, self._take, self._together = journal, settings, choice, take, together
        self.containers: list[tuple[bytes, bytes, bytes]] = []
        """Of each file that holds many records: its id, its digest, and the settings."""
        self._taken = 0

    def shards(self, inputs: Iterator[Input]) -> Iterator[Sequence[bytes]]:
        """Shards of parts: files by name, to be read by the workers; records of containers as they are read here."""
        while some := list(islice(inputs, LOOKED_UP)):
            files = [item for item in some if item.container == "file" and item.id != STDIN and self._choice.takes(item.id)]
            yield from self._of_files(files)
            for item in some:
                if item.container != "file" or item.id == STDIN:
                    yield from self._of_container(item)

    def _of_files(self, files: Sequence[Input]) -> Iterator[Sequence[bytes]]:
        if self._choice.limit is not None:
            files = files[: max(self._choice.limit - self._taken, 0)]
            self._taken += len(files)
        known = self._journal.known([item.id for item in files], self._settings.key) if files and self._journal else {}
        parts = []
        for item in files:
            found = known.get(item.id)
            if found and item.is_local and digest_of_path(item.place) == found.digest:
                self._take(Same(found.staged, found.row))
            else:
                parts.append(part_of_input(item, found))
        for at in range(0, len(parts), self._together):
            yield parts[at : at + self._together]

    def _of_container(self, item: Input) -> Iterator[Sequence[bytes]]:
        digest = digest_of_input(item) if item.id != STDIN else b""
        row = (raw_id(item.id), digest, self._settings.key)
        if digest and not self._choice.is_partial and self._all_same(row):
            return
        self.containers.append(row)
        records = self._chosen(read_records(item, self._settings.fields))
        while some := list(_until(records, self._together, SHARD_BYTES)):
            yield from self._of_records(some)

    def _all_same(self, row: tuple[bytes, bytes, bytes]) -> bool:
        """Whether a container is as it was; then all of its records are."""
        if (
            not self._journal
            or not self._journal.db.execute(
                "SELECT 1 FROM containers WHERE id = ? AND digest = ? AND settings = ?", row
            ).fetchone()
        ):
            return False
        self.containers.append(row)
        for (n,) in self._journal.rows(
            "SELECT n FROM units WHERE id = ? OR (id > ? AND id < ?)", row[0], row[0] + b"#", row[0] + b"$"
        ):
            self._take(Same(staged=False, row=n))
        return True

    def _chosen(self, records: Iterator[Record | Rejected]) -> Iterator[Record | Rejected]:
        for record in records:
            if self._choice.limit is not None and self._taken >= self._choice.limit:
                return
            if self._choice.takes(record.id):
                self._taken += 1
                yield record

    def _of_records(self, records: Sequence[Record | Rejected]) -> Iterator[Sequence[bytes]]:
        known = self._journal.known([record.id for record in records], self._settings.key) if self._journal else {}
        parts = []
        for record in records:
            digest = digest_of(Record(record.id, record.raw, None) if isinstance(record, Rejected) else record)
            found = known.get(record.id)
            if found and found.digest == digest:
                self._take(Same(found.staged, found.row))
            elif isinstance(record, Rejected):
                self._take(rejected(self._settings, record, digest))
            else:
                parts.append(part_of_record(record))
        if parts:
            yield parts


def _until(records: Iterator[Record | Rejected], most: int, most_bytes: int) -> Iterator[Record | Rejected]:
    """The next records: so many, or fewer when they weigh more."""
    size = 0
    for count, record in enumerate(records, 1):
        yield record
        size += len(record.raw)
        if count >= most or size >= most_bytes:
            return
