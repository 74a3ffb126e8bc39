"""From verdicts to decisions: a closed set of rules in TOML, which never see a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleaner.closed_toml import check_keys, check_version, number_in, read_toml, table_in
from cleaner.errors import PolicyError
from cleaner.records import ACTIONS, LABELS, STYLES
from cleaner.verdicts import likeliest

DEFAULT = Path(__file__).parent / "policies" / "default.toml"
VERSION = 1
NEVER = 2.0
"""A probability that none reaches."""
LONGEST = 100_000
"""Characters: a longer paragraph weighs no more, so that whole-number sums stay exact."""

RULES = ("kept", "removed", "moved", "doubtful", "unsure label", "set aside", "suspected", "repeated", "restored")
"""`kept`: the label stays. `removed`, `moved`: the label leaves, surely enough. `doubtful`: it may be
the article's, kept. `unsure label`: below the label's own least probability, kept. `set aside`: the
article would have lost too much. `suspected`: a label's `enough` is reached, though another is likelier.
`repeated`: word for word an earlier paragraph that stays. `restored`: put back by a person."""
KEPT, REMOVED, MOVED, DOUBTFUL, UNSURE, SET_ASIDE, SUSPECTED, REPEATED = range(8)


@dataclass(frozen=True, slots=True)
class Doubt:
    """How sure the model must be before a paragraph leaves, for one style."""

    short: int
    long: int
    short_least: float
    long_least: float
    least_content: float
    last_resort: float
    """What `least_content` falls to in an article that would lose too much."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What becomes of each label, how sure the model must be, and what an article may lose."""

    actions: Mapping[str, str]
    least: Mapping[str, float]
    enough: Mapping[str, float]
    """By label: from this probability on its paragraphs leave, whatever else is likelier; above 1 for never."""
    doubt: Mapping[str, Doubt]
    """By style."""
    most_lost: float
    shortest_repeat: int
    """Characters from which a paragraph that an earlier one said word for word leaves."""
    digest: str
    """First 12 hexadecimal digits of the SHA-256 of the file."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Decisions of one article as columns: index into ACTIONS and into RULES, a number a paragraph."""

    actions: NDArray[np.int64]
    rules: NDArray[np.int64]
    set_aside: bool


def decide(
    policy: Policy,
    probabilities: NDArray[np.float64],
    lengths: Sequence[int] | NDArray[np.int64],
    style: str = STYLES[0],
    copied: Sequence[int] | NDArray[np.int64] | None = None,
) -> Decided:
    """Decide every paragraph of one article from label probabilities and lengths in characters.

    `copied` gives the index of the first paragraph that says the same, its own where it is the first.

    A paragraph leaves when its label's action is to leave, and the probability that it is not
    content or heading reaches a bar that rises with its length: a wrongly lost paragraph costs its
    length, a teaser that stays costs a line.
    """
    return decide_many(policy, probabilities, lengths, [0, len(probabilities)], style, copied)[0]


def decide_many(
    policy: Policy,
    probabilities: NDArray[np.float64],
    lengths: Sequence[int] | NDArray[np.int64],
    offsets: Sequence[int] | NDArray[np.int64],
    style: str = STYLES[0],
    copied: Sequence[int] | NDArray[np.int64] | None = None,
) -> list[Decided]:
    """Decide articles laid end to end; article `i` has the rows from `offsets[i]` to `offsets[i + 1]`."""
    sizes, bounds = np.asarray(lengths, np.int64), np.asarray(offsets, np.int64)
    labels = likeliest(probabilities)
    actions = np.array([ACTIONS.index(policy.actions[label]) for label in LABELS])[labels]
    least = np.array([policy.least.get(label, 0.0) for label in LABELS])[labels]
    goes = (actions == REMOVE) | (actions == METADATA)
    content, doubtful = _doubted(policy, probabilities, sizes, bounds, style, goes)
    own = probabilities[np.arange(len(labels)), labels]
    unsure = goes & ~doubtful & (own < least)
    suspected = _suspected(policy, probabilities) & (~goes | doubtful | unsure)
    rules = np.select(
        [suspected, doubtful & goes, unsure, actions == REMOVE, actions == METADATA],
        [SUSPECTED, DOUBTFUL, UNSURE, REMOVED, MOVED],
        KEPT,
    )
    stays = (doubtful | unsure) & goes
    decided = np.where(suspected, REMOVE, np.where(stays, REVIEW, actions))
    gone = (decided == REMOVE) | (decided == METADATA)
    aside = _loses_too_much(policy, content * sizes, gone, bounds).tolist()
    if copied is not None:
        repeats = _repeats(~gone & (sizes >= policy.shortest_repeat), np.asarray(copied, np.int64))
        decided[repeats], rules[repeats] = REMOVE, REPEATED
    return [
        _set_aside(end - begin) if out else Decided(decided[begin:end], rules[begin:end], set_aside=False)
        for begin, end, out in zip(offsets, offsets[1:], aside, strict=False)
    ]


def _doubted(
    policy: Policy,
    probabilities: NDArray[np.float64],
    sizes: NDArray[np.int64],
    offsets: NDArray[np.int64],
    style: str,
    goes: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Each paragraph's content in ten-thousandths, and whether it may be the article's after all.

    An article that would lose too much by the policy's bound is cut by its own probabilities, down to the last resort.
    """
    doubt = policy.doubt[style]
    leaving = probabilities @ np.array([_leaves(policy, label) for label in LABELS])
    content = np.rint((1 - leaving) * 10_000).astype(np.int64)
    unlikely = 10_000 - content >= np.rint(_bar(doubt, sizes) * 10_000)
    doubtful = ~unlikely | (content >= _cuts(doubt, content, sizes, offsets))
    poor = _loses_too_much(policy, content * sizes, goes & ~doubtful, offsets)
    if poor.any():
        lower = ~unlikely | (content >= _cuts(replace(doubt, least_content=doubt.last_resort), content, sizes, offsets))
        doubtful = np.where(np.repeat(poor, np.diff(offsets)), lower, doubtful)
    return content, doubtful


def _repeats(staying: NDArray[np.bool_], copied: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of paragraphs that stay and say the same, all but the first."""
    places = np.flatnonzero(staying)
    return np.delete(places, np.unique(copied[places], return_index=True)[1])


def _suspected(policy: Policy, probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether any label's `enough` is reached."""
    enough = np.array([policy.enough.get(label, NEVER) for label in LABELS])
    return np.asarray((probabilities >= enough).any(axis=1))


def _loses_too_much(
    policy: Policy, content: NDArray[np.int64], gone: NDArray[np.bool_], offsets: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Per article: whether more than the policy's share of its probable content would leave. Whole-number sums."""
    whole, lost = (np.concatenate([[0], np.cumsum(values)]) for values in (content, content * gone))
    total, away = (sums[offsets[1:]] - sums[offsets[:-1]] for sums in (whole, lost))
    return np.asarray(away > policy.most_lost * total)


def _set_aside(paragraphs: int) -> Decided:
    return Decided(np.full(paragraphs, REVIEW), np.full(paragraphs, SET_ASIDE), set_aside=True)


def _cuts(doubt: Doubt, content: NDArray[np.int64], sizes: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cut of each paragraph's article, in ten-thousandths: keeping what reaches it gives the best expected F1.

    With characters as weights, keeping the surest paragraphs first, expected F1 is twice the content
    kept over what is kept plus all content (Lipton et al. 2014 show that the optimum is such a cut).
    The policy bounds it on both sides.
    """
    low, high = round(doubt.least_content * 10_000), round((1 - doubt.short_least) * 10_000)
    counts = np.diff(offsets)
    article = np.repeat(np.arange(len(counts)), counts)
    order = np.argsort(article * 20_000 - content, kind="stable")  # by article, the surest first; half the time of two keys
    weighted = content[order] * np.minimum(sizes[order], LONGEST)
    first = offsets[:-1][article]
    kept, length = (_within(np.cumsum(values), values, first) for values in (weighted, np.minimum(sizes[order], LONGEST)))
    totals = np.concatenate([[0], np.cumsum(weighted)])
    expected = 2 * kept / np.maximum(length * 10_000 + (totals[offsets[1:]] - totals[offsets[:-1]])[article], 1)
    best = content[order][_best(expected, offsets)] if len(order) else content
    return np.clip(np.repeat(best, counts[counts > 0]), low, high)


def _best(expected: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each article that has a paragraph the first place whose value is its largest."""
    counts = np.diff(offsets)
    starts = offsets[:-1][counts > 0]
    largest = np.repeat(np.maximum.reduceat(expected, starts), counts[counts > 0])
    found = np.flatnonzero(expected == largest)
    return np.asarray(found[np.searchsorted(found, starts)], np.int64)


def _within(running: NDArray[np.int64], values: NDArray[np.int64], first: NDArray[np.int64]) -> NDArray[np.int64]:
    """A running sum that starts anew where each article begins."""
    return running - (running - values)[first]


def _leaves(policy: Policy, label: str) -> float:
    return float(policy.actions[label] in ("remove", "metadata"))


def _bar(doubt: Doubt, sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    place = np.clip((sizes - doubt.short) / max(doubt.long - doubt.short, 1), 0, 1)
    return doubt.short_least + place * (doubt.long_least - doubt.short_least)


def load_policy(path: Path | str | None = None) -> Policy:
    """Read a policy file; the default policy when no path is given.

    Raises PolicyError naming the file and the key, with the nearest known key.
    """
    file = Path(path) if path is not None else DEFAULT
    table, digest = read_toml(file, "give the path of a policy in TOML")
    return _checked(table, str(file), digest)


def _checked(table: Mapping[str, Any], where: str, digest: str) -> Policy:
    check_keys(table, ("version", "labels", "doubt", "limits"), where, "")
    check_version(table, VERSION, where)
    labels = table_in(table, "labels", where)
    check_keys(labels, LABELS, where, "labels.")
    missing = [label for label in LABELS if label not in labels]
    if missing:
        raise PolicyError(f"{where}: no [labels.{missing[0]}]; every label needs an action")
    doubt, limits = table_in(table, "doubt", where), table_in(table, "limits", where)
    check_keys(doubt, STYLES, where, "doubt.")
    check_keys(limits, ("most_lost", "shortest_repeat"), where, "limits.")
    for label in LABELS:
        check_keys(table_in(labels, label, where), ("action", "least", "enough"), where, f"labels.{label}.")
    return Policy(
        actions={label: _action(labels[label], f"{where}: labels.{label}.action") for label in LABELS},
        least={label: _share(labels[label], "least", f"{where}: labels.{label}", 0.0) for label in LABELS},
        enough={label: _enough(labels[label], f"{where}: labels.{label}") for label in LABELS if "enough" in labels[label]},
        doubt={style: _doubt(table_in(doubt, style, where), where, f"doubt.{style}") for style in STYLES},
        most_lost=_share(limits, "most_lost", f"{where}: limits"),
        shortest_repeat=_length(limits, "shortest_repeat", f"{where}: limits"),
        digest=digest,
    )


def _doubt(table: Mapping[str, Any], file: str, name: str) -> Doubt:
    check_keys(table, tuple(Doubt.__dataclass_fields__), file, f"{name}.")
    where = f"{file}: {name}"
    doubt = Doubt(
        short=_length(table, "short", where),
        long=_length(table, "long", where),
        short_least=_share(table, "short_least", where),
        long_least=_share(table, "long_least", where),
        least_content=_share(table, "least_content", where),
        last_resort=_share(table, "last_resort", where),
    )
    if doubt.short > doubt.long or not doubt.last_resort <= doubt.least_content <= 1 - doubt.short_least:
        raise PolicyError(f"{where}: short must not exceed long, nor last_resort least_content, nor that 1 - short_least")
    return doubt


def _action(table: Mapping[str, Any], where: str) -> str:
    action = table.get("action")
    if action not in ACTIONS:
        raise PolicyError(f"{where} is {action!r}; it must be one of {', '.join(ACTIONS)}")
    return str(action)


def _share(table: Mapping[str, Any], key: str, where: str, default: float | None = None) -> float:
    return number_in(table, key, where, 1, default)


def _enough(table: Mapping[str, Any], where: str) -> float:
    if table.get("action") not in ("remove", "metadata"):
        raise PolicyError(f"{where}.enough: only a label that leaves can have it")
    return _share(table, "enough", where)


def _length(table: Mapping[str, Any], key: str, where: str) -> int:
    value = table.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise PolicyError(f"{where}.{key} is {value!r}; it must be a whole number of characters")
    return value


REMOVE, METADATA, REVIEW = (ACTIONS.index(action) for action in ("remove", "metadata", "review"))
