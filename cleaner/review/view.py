"""Articles and paragraphs as the page gets them: text in pieces, never markup; numbers, never paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cleaner.audit import Entry, ParagraphLine
from cleaner.policy import RULES, SUSPECTED
from cleaner.records import KEPT_LABELS, LABELS
from cleaner.review.evidence import Evidence
from cleaner.review.index import Index
from cleaner.review.said import Said
from cleaner.visible import pieces

LONGEST = 20_000
"""Characters of a paragraph that are shown; the label is on all of it."""
SNIPPET = 160
"""Characters of a paragraph in the queue."""
AROUND = 150
"""Paragraphs of a long article that are shown on each side of the one that is looked at."""
WHY: Mapping[str, str] = {
    "kept": "its label stays in the article",
    "removed": "its label leaves, and the model is sure enough",
    "moved": "its label is metadata, and the model is sure enough",
    "doubtful": "its label would leave, but it may be the article's",
    "unsure label": "the model is not sure enough of this very label",
    "set aside": "the article would have lost too much, so all of it stays",
    "suspected": "a label that leaves is likely enough, though another is likelier",
    "repeated": "word for word an earlier paragraph that stays",
    "restored": "put back by a person",
}
"""Rules of the policy in plain words."""


def article_view(entry: Entry, index: Index, first: int, paragraph: int, said: Mapping[int, Said], where: Any) -> dict[str, Any]:
    """An article with the paragraphs around one of them; `where` adds what the index knows of it."""
    at = paragraph - first
    low, high = max(0, at - AROUND), min(len(entry.paragraphs), at + AROUND + 1)
    line = entry.source
    return {
        "source": pieces(line.source),
        "title": pieces(line.metadata.get("title", "")),
        "url": pieces(line.metadata.get("url", "")),
        "model": pieces(line.model),
        "status": pieces(f"{line.status}: {line.reason}" if line.reason else line.status),
        "style": pieces(line.style),
        **where,
        "before": low,
        "after": len(entry.paragraphs) - high,
        "paragraphs": [paragraph_view(p, first + p.index, index, said.get(first + p.index)) for p in entry.paragraphs[low:high]],
    }


def paragraph_view(p: ParagraphLine, number: int, index: Index, said: Said | None) -> dict[str, Any]:
    """A paragraph with what the model said, what was decided and why, and what a person said."""
    columns = index.columns
    return {
        "paragraph": number,
        "text": pieces(p.text[:LONGEST]),
        "more": max(0, len(p.text) - LONGEST),
        "label": p.label,
        "probability": round(p.probability, 4),
        "runner_up": p.runner_up,
        "decision": p.decision,
        "why": WHY.get(p.rule, "by the policy"),
        "opens": p.opens,
        "files": int(columns.files[number]),
        "copies": int(index.cluster_sizes[columns.clusters[number]]),
        "keep": keep_of(p),
        "said": said_view(said),
    }


def keep_of(p: ParagraphLine) -> float:
    """The probability that a paragraph is the article's, in its place."""
    return sum(p.probabilities[: len(KEPT_LABELS)]) / 10_000


def deciding_label(p: ParagraphLine) -> str:
    """The label that decided: the likeliest, but of a suspected paragraph the likeliest that leaves."""
    if p.rule != RULES[SUSPECTED]:
        return p.label
    leaving = range(len(KEPT_LABELS), len(LABELS))
    return LABELS[max(leaving, key=lambda at: p.probabilities[at])]


def evidence_view(evidence: Evidence, label: str) -> dict[str, Any]:
    """What a paragraph is taken for when it is read alone, and the words that speak for a label."""
    words = [pieces(word) for word in evidence.words]
    return {"label": evidence.label, "probability": evidence.probability, "for": label, "words": words}


def said_view(said: Said | None) -> dict[str, Any] | None:
    """What a person said."""
    return said and {"label": said.label, "who": pieces(said.who), "when": said.when}


def queued_view(
    source: str, row: Mapping[str, Any], number: int, place: int, said: Said | None, proposed: Said | None
) -> dict[str, Any]:
    """A paragraph in the queue."""
    return {
        "paragraph": number,
        "place": place,
        "source": pieces(source),
        "text": pieces(str(row["text"])[:SNIPPET]),
        "label": str(row["label"]),
        "decision": str(row["decision"]),
        "said": said.label if said else "",
        "proposed": proposed.label if proposed else "",
    }


def named_counts(names: Sequence[str], counts: Sequence[int], most: int) -> list[dict[str, Any]]:
    """Names to choose from with how many doubtful paragraphs each has, the most first; their numbers are their places."""
    ranked = sorted(range(len(names)), key=lambda i: (-counts[i], names[i]))[:most]
    return [{"number": i, "name": pieces(names[i]), "count": int(counts[i])} for i in ranked]


def labels_view(counts: Sequence[int]) -> list[dict[str, Any]]:
    """The labels in the order of their keys, 1 to 9 and 0."""
    return [{"label": label, "key": str((i + 1) % 10), "count": int(counts[i])} for i, label in enumerate(LABELS)]
