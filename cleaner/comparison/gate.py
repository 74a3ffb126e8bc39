"""The check that a new model must pass: no worse than the old one on gold, overall and in any group.

The test is McNemar's (1947), exact and one-sided, over the paragraphs that only one model gets right: it asks
whether the new model fails where the old one did not more often than the other way round. A bootstrap over
articles allows for paragraphs of an article being alike, but has no power where a site or language has a
handful of articles, which is where a poisoned site shows. McNemar's errs towards refusal there; what
that costs is a look by a person. Near copies of a site count once for the same reason. A site whose articles are lost
whole refuses without a test: there may be too few paragraphs for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import comb
from pathlib import Path
from typing import Any

from cleaner.comparison.floors import CONTENT_LOST, FIGURES, Floors, load_floors
from cleaner.comparison.gold import Paired, gold_digest, paired, read_gold
from cleaner.errors import GateError, SeedError
from cleaner.model_store import Model, load_model
from cleaner.policy import Policy, load_policy
from cleaner.records import LABELS
from cleaner.seeds import Seed, digest_of_lines

GOLD = Path("seeds/gold")
"""Where gold articles are looked for when none are named."""
ALL, SITE = "all", "site"
GROUPS: Mapping[str, Callable[[Paired], str]] = {
    ALL: lambda _: "", "language": lambda p: p.language, "label": lambda p: p.label, SITE: lambda p: p.site,
}  # fmt: skip
WHOLE = 3
"""A site with so many paragraphs of articles is never lost whole, where up to six that leave may be chance."""
SHOWN = 5
"""Paragraphs that are shown of a figure that got worse."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure in one group: paragraphs, how many each model gets wrong, how many only one does."""

    group: str
    name: str
    figure: str
    paragraphs: int
    old: int
    new: int
    worse: int
    """Wrong by the new model alone."""
    better: int
    """Wrong by the old model alone."""
    p: float
    """Probability of so many worse ones among the worse and better ones, if both were as likely."""
    refused: str = ""
    """Why this refuses the model; empty where it does not."""

    @property
    def points(self) -> float:
        """By how much the share of wrong paragraphs grew, in points."""
        return 100 * (self.new - self.old) / self.paragraphs


@dataclass(frozen=True, slots=True)
class Gate:
    """What the gate found."""

    old: str
    new: str
    gold: str
    """Digest of the gold articles."""
    floors: str
    articles: int
    paragraphs: int
    figures: tuple[Compared, ...]
    examples: Mapping[tuple[str, str, str], tuple[Paired, ...]]
    """By group, name and figure of each refusal: the paragraphs that only the new model gets wrong."""

    @property
    def refusals(self) -> tuple[Compared, ...]:
        """The figures that refuse the model, those over more paragraphs first."""
        return tuple(f for f in self.figures if f.refused)

    def summary(self) -> dict[str, Any]:
        """For the record of promotions: the figures over all gold, in counts."""
        overall = {f.figure: [f.old, f.new, f.paragraphs] for f in self.figures if f.group == ALL}
        return {"gold": self.gold, "floors": self.floors, "articles": self.articles, **overall}


def gate(
    old: Path | None, new: Path, gold: Sequence[Path] = (), floors: Path | None = None, policy: Policy | None = None
) -> Gate:
    """Judge gold articles with two models and compare.

    Raises ModelError, PolicyError for floors that are not valid, SeedError where there is no gold to be read.
    """
    allowed, seeds = load_floors(floors), read_gold(gold or [GOLD])
    one, other = load_model(old), load_model(new)
    _refuse_learned(seeds, other)
    pairs = paired(seeds, one, other, policy or load_policy())
    figures = tuple(compared(pairs, allowed))
    worse = {(f.group, f.name, f.figure): _examples(pairs, f) for f in figures if f.refused}
    return Gate(one.digest, other.digest, gold_digest(seeds), allowed.digest, len(seeds), len(pairs), figures, worse)


def _refuse_learned(seeds: Sequence[Seed], model: Model) -> None:
    """Raise SeedError where the model was trained on gold: what it says of that proves nothing."""
    record = model.header["provenance"]
    learned = {*record.get("learned", ()), *record.get("labels", {}).get("learned", ())}
    known = [seed.id for seed in seeds if digest_of_lines(seed.lines) in learned]
    if known:
        raise SeedError(
            f"{len(known)} of {len(seeds)} gold articles were trained on ({known[0]} first); gold is never trained on"
        )


def refuse(found: Gate) -> None:
    """Raise GateError when a model is refused, with how many figures and the gravest of them."""
    if found.refusals:
        first, more = found.refusals[0], len(found.refusals) - 1
        others = f", and {more} more" if more else ""
        raise GateError(f"the gate refuses model {found.new}: {said(first)}{others}")


def compared(pairs: Sequence[Paired], floors: Floors) -> Iterable[Compared]:
    """All figures of all groups, refused where a floor says so."""
    for group, key in GROUPS.items():
        for name in _in_order({key(p) for p in pairs}):
            mine = [p for p in pairs if key(p) == name]
            for figure in FIGURES:
                counted = [p for p in mine if figure in p.old]
                if counted:
                    yield _refused(_compared(group, name, figure, counted), floors)


def _in_order(names: set[str]) -> list[str]:
    return [label for label in LABELS if label in names] if names <= set(LABELS) else sorted(names)


def _compared(group: str, name: str, figure: str, pairs: Sequence[Paired]) -> Compared:
    outcomes = [(p.old[figure], p.new[figure]) for p in pairs]
    worse, better = outcomes.count((False, True)), outcomes.count((True, False))
    both = outcomes.count((True, True))
    return Compared(group, name, figure, len(pairs), both + better, both + worse, worse, better, chance(worse, better))


def chance(worse: int, better: int) -> float:
    """The probability of at least `worse` heads in `worse + better` throws of a fair coin."""
    throws = worse + better
    return float(sum(comb(throws, heads) for heads in range(worse, throws + 1)) / 2**throws)


def _refused(f: Compared, floors: Floors) -> Compared:
    """The figure with the reason why it refuses, if it does."""
    reason = ""
    if f.group == SITE and f.figure == CONTENT_LOST and f.old < f.new == f.paragraphs >= WHOLE:
        reason = "all that the site has, of which the old model keeps some"
    elif f.group != ALL:
        if f.points > floors.group[f.figure] and f.p <= floors.significance:
            reason = f"more than {floors.group[f.figure]:g} points, and chance has p = {f.p:.2g}"
    elif f.points > floors.overall[f.figure]:
        reason = f"more than {floors.overall[f.figure]:g} points"
    elif f.new > f.old and 100 * f.new / f.paragraphs > floors.bar[f.figure]:
        reason = f"more than the {floors.bar[f.figure]:g} % that no model may pass"
    return replace(f, refused=reason)


def _examples(pairs: Sequence[Paired], f: Compared) -> tuple[Paired, ...]:
    key = GROUPS[f.group]
    return tuple(p for p in pairs if key(p) == f.name and f.figure in p.new and p.new[f.figure] and not p.old[f.figure])


def said(f: Compared) -> str:
    """A figure in words: `content lost in site x.fr: 12 of 40 paragraphs, 1 by the old model, ...`."""
    where = "overall" if f.group == ALL else f"in {f.group} {f.name}"
    return (
        f"{f.figure.replace('_', ' ')} {where}: {f.new:,} of {f.paragraphs:,} paragraphs, {f.old:,} by the old model "
        f"({f.points:+.1f} points{f'; {f.refused}' if f.refused else ''})"
    )
