"""Judge articles paragraph by paragraph, keep the article, record everything that was taken.

>>> from cleaner import Cleaner
>>> result = Cleaner.load().clean("Accueil\\n\\nLe pont rouvre lundi, après onze mois de travaux.")
>>> result.paragraphs[0].decision
'remove'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cleaner.errors import (
        CleanerError,
        ModelError,
        OutputError,
        PolicyError,
        SeedError,
        SourceError,
        UsageError,
    )
    from cleaner.pipeline import Cleaner, Result

__version__ = "0.1.0"
__all__ = [
    "Cleaner",
    "CleanerError",
    "ModelError",
    "OutputError",
    "PolicyError",
    "Result",
    "SeedError",
    "SourceError",
    "UsageError",
    "__version__",
    "clean",
    "clean_lines",
    "clean_many",
]


def clean(raw: bytes | str, *, kind: str | None = None) -> Result:
    """Clean one page or text with the shipped model; load a `Cleaner` once to clean many."""
    return _default().clean(raw, kind=kind)


def clean_lines(lines: Sequence[str]) -> Result:
    """Clean an article given as flattened lines with the shipped model: one paragraph a line."""
    return _default().clean_lines(lines)


def clean_many(items: Iterable[bytes | str | Sequence[str]], *, workers: int = 1) -> Iterator[Result]:
    """Clean many with the shipped model; results come in order."""
    return _default().clean_many(items, workers=workers)


def _default() -> Cleaner:
    from cleaner.pipeline import shipped_cleaner  # keeps `import cleaner` light

    return shipped_cleaner()


def __getattr__(name: str) -> Any:
    """Load public names on first use: `cleaner --help` needs no NumPy."""
    if name in ("Cleaner", "Result"):
        from cleaner import pipeline

        return getattr(pipeline, name)
    if name in __all__:
        from cleaner import errors

        return getattr(errors, name)
    raise AttributeError(f"module 'cleaner' has no attribute {name!r}")
