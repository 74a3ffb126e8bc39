"""What a run did, in figures that must balance: records in = kept + partly kept + dropped + quarantined."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cleaner.errors import OutputError
from cleaner.records import ACTIONS, LABELS
from cleaner.store.journal import COUNTS, OUTCOMES, Journal

MOST_NAMED = 1000
"""Sources that a report names; the audit has all of them."""


class Changes(NamedTuple):
    """What this run found, against what the folder held before."""

    done: int = 0
    """Records that were judged: new, changed, or to be judged again."""
    unchanged: int = 0
    gone: int = 0
    again: int = 0
    """Of those judged: as they were before, under another model, policy or setting."""
    written: int = 0
    """Clean files written: the new ones, and those whose content changed."""


NO_CHANGES = Changes()


@dataclass(frozen=True, slots=True)
class Report:
    """What an output folder holds. The sums balance: sources = kept + partly kept + dropped + quarantined."""

    sources: int = 0
    cleaned: int = 0
    """Sources with a clean article: kept whole or partly."""
    articles: int = 0
    set_aside: tuple[tuple[str, str], ...] = ()
    """(source, reason) of the first MOST_NAMED sources that gave no clean file, unreadable ones included."""
    decisions: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    """Paragraphs that left, by label."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Sources by what became of them: OUTCOMES."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Sources that gave no clean file, by the code of the reason."""
    changes: Changes = field(default=NO_CHANGES, compare=False)

    @property
    def aside(self) -> int:
        """How many sources gave no clean file."""
        return self.outcomes["dropped"] + self.outcomes["quarantined"]


def report_of(journal: Journal, changes: Changes = NO_CHANGES) -> Report:
    """The report of a settled folder. Raises OutputError when its sums do not balance."""
    outcomes, sums = journal.totals()
    counts = dict(zip(COUNTS, sums[1:], strict=True))
    by_outcome = Counter({name: count for name, count in zip(OUTCOMES, outcomes, strict=True) if count})
    reasons = Counter(journal.reasons())
    report = Report(
        sources=journal.size(),
        cleaned=by_outcome["kept"] + by_outcome["partly kept"],
        articles=sums[0],
        set_aside=tuple(journal.set_aside(MOST_NAMED)),
        decisions=Counter({name: counts[f"count_{name}"] for name in ACTIONS if counts[f"count_{name}"]}),
        removed=Counter({label: counts[f"count_{label}"] for label in LABELS if counts[f"count_{label}"]}),
        outcomes=by_outcome,
        reasons=reasons,
        changes=changes,
    )
    _check(report)
    return report


def _check(report: Report) -> None:
    if report.sources != sum(report.outcomes.values()) or report.aside != sum(report.reasons.values()):
        raise OutputError(
            f"the sums do not balance: {report.sources} records in, {dict(report.outcomes)}, reasons {dict(report.reasons)}; "
            "please report this"
        )


def report_bytes(report: Report) -> bytes:
    """The report as JSON: sums first, then what this run changed."""
    shown: dict[str, Any] = {
        "records": report.sources,
        "outcomes": {name: report.outcomes[name] for name in OUTCOMES},
        "reasons": dict(sorted(report.reasons.items())),
        "articles": report.articles,
        "paragraphs": {name: report.decisions[name] for name in ACTIONS},
        "removed": {label: report.removed[label] for label in LABELS if report.removed[label]},
        "run": report.changes._asdict(),
    }
    return json.dumps(shown, indent=1).encode() + b"\n"
