"""What both steps do: clean a batch of texts that somebody else reads and writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from cleaner.pipeline import Cleaner, Result, as_source
from cleaner.records import LABELS
from cleaner.run.work import code_of

CLEANED = "cleaned"


@dataclass(frozen=True)
class Settings:
    """How to clean, as plain values: small to send to workers, and different when the result would be."""

    kind: str | None = None
    """`html`, `text` or None, which looks at the first characters."""
    style: str = "news"
    model: str | None = None
    """A model file; the shipped one by default."""
    policy: str | None = None
    """A policy file; the shipped one by default."""

    def digests(self) -> tuple[str, str]:
        """Of the model and the policy that these settings name now. Raises as `Cleaner.load` does."""
        cleaner = _loaded(self)
        return cleaner.model.digest, cleaner.policy.digest


class CleanText(NamedTuple):
    """One text after cleaning."""

    text: str
    """The clean text; the text as it came where it was set aside."""
    status: str
    """`cleaned`, or the code of why it was set aside (`cleaner.run.work.REASONS`)."""
    removed: dict[str, int]
    """How many paragraphs were taken, by label; all labels, so that every row has the same fields."""


def clean_texts(texts: Sequence[str | None], settings: Settings) -> Iterator[CleanText]:
    """Clean texts or pages in order; None is an empty text."""
    cleaner = _loaded(settings)
    for given, result in zip(texts, _results(cleaner, texts, settings.kind), strict=True):
        code = code_of(result)
        gone = Counter(p.label for p in result.paragraphs if not p.stays) if not code else Counter[str]()
        yield CleanText((given or "") if code else result.text, code or CLEANED, {label: gone[label] for label in LABELS})


def _results(cleaner: Cleaner, texts: Sequence[str | None], kind: str | None) -> Iterator[Result]:
    return cleaner.clean_sources(as_source(text or "", kind=kind) for text in texts)


@lru_cache(maxsize=2)
def _loaded(settings: Settings) -> Cleaner:
    """Loaded once a process for each of its settings."""
    return Cleaner.load(settings.model, style=settings.style, policy=settings.policy)
