"""A function for `datasets.Dataset.map`, and for anything else that gives columns as lists.

from cleaner.integrations.datasets import cleaning

dataset.map(cleaning("text"), batched=True, num_proc=2)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cleaner.errors import UsageError
from cleaner.integrations.texts import Settings, clean_texts
from cleaner.run.work import CODE_FORMAT


@dataclass(frozen=True)
class CleanColumn:
    """Cleans one column of a batch. Equal for equal results: datasets tells from it whether a cached one still holds."""

    column: str
    into: str
    settings: Settings
    digests: tuple[str, str]
    code: int = CODE_FORMAT

    def __call__(self, batch: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """The columns that are new or changed: the clean text, `cleaner_status` and `cleaner_removed`.

        Raises UsageError where the batch has no such column.
        """
        if self.column not in batch:
            raise UsageError(f"no column {self.column!r}; there are {', '.join(batch)}; and map needs batched=True")
        cleaned = list(clean_texts(batch[self.column], self.settings))
        return {
            self.into: [found.text for found in cleaned],
            "cleaner_status": [found.status for found in cleaned],
            "cleaner_removed": [found.removed for found in cleaned],
        }


def cleaning(
    column: str = "text", *, into: str | None = None, kind: str | None = None, style: str = "news", model: str | None = None,
    policy: str | None = None,
) -> CleanColumn:  # fmt: skip
    """A function for `Dataset.map(..., batched=True)` that cleans `column` in place, or into another column.

    A row that is set aside keeps its text; `cleaner_status` says why. Raises ModelError, PolicyError or
    UsageError.
    """
    settings = Settings(kind, style, model, policy)
    return CleanColumn(column, into or column, settings, settings.digests())
