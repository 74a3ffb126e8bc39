"""Gold articles judged by two models: what each got wrong, paragraph by paragraph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cleaner.comparison.floors import FIGURES
from cleaner.errors import SeedError
from cleaner.evaluation.judged import judged
from cleaner.labels.weighting import mask
from cleaner.model_store import Model
from cleaner.policy import Policy
from cleaner.records import KEPT_LABELS, JudgedParagraph
from cleaner.seeds import Seed, read_seeds


@dataclass(frozen=True, slots=True)
class Paired:
    """A gold paragraph, or all of a site that are its near copies, with what two models got wrong in it."""

    article: str
    site: str
    language: str
    label: str
    """The gold's."""
    text: str
    old: Mapping[str, bool]
    """By figure that it counts for: whether the old model is wrong, in any of the copies."""
    new: Mapping[str, bool]
    said: tuple[str, str]
    """What the old and the new model say: label and decision."""


def read_gold(paths: Iterable[Path]) -> list[Seed]:
    """The labelled articles of files and folders. Raises SeedError when there are none."""
    paths = list(paths)
    seeds = [seed for path in paths for seed in read_seeds(path) if seed.lines]
    if not seeds:
        raise SeedError(f"{', '.join(map(str, paths)) or 'no file'}: no labelled article to measure a model on")
    return seeds


def gold_digest(seeds: Iterable[Seed]) -> str:
    """Names a set of gold articles: 12 hexadecimal digits, of texts and labels in order."""
    total = sha256()
    for seed in seeds:
        total.update(repr((seed.id, seed.style, seed.html, seed.lines, seed.labels)).encode("utf-8", "backslashreplace"))
    return total.hexdigest()[:12]


def paired(seeds: Sequence[Seed], old: Model, new: Model, policy: Policy) -> list[Paired]:
    """Every gold paragraph judged by both models under one policy; near copies of a site are one.

    A line that stands in every page of a site says little more than one that stands in one: it counts once, and as
    wrong when it was judged wrongly anywhere.
    """
    found: dict[tuple[str, str, str], Paired] = {}
    for seed, one, other in zip(seeds, judged(seeds, old, policy), judged(seeds, new, policy), strict=True):
        for index, (before, after) in enumerate(zip(one.paragraphs, other.paragraphs, strict=True)):
            pair = _paired(seed, index, before, after)
            key = seed.site, pair.label, mask(pair.text)
            found[key] = _merged(found[key], pair) if key in found else pair
    return list(found.values())


def _paired(seed: Seed, index: int, before: JudgedParagraph, after: JudgedParagraph) -> Paired:
    right = {seed.labels[index]} | ({seed.also[index]} if seed.also and index in seed.also else set())
    label, text, language = seed.labels[index], seed.lines[index], seed.language.partition("-")[0] or "unknown"
    said = (f"{before.label}, {before.decision}", f"{after.label}, {after.decision}")
    return Paired(seed.id, seed.site, language, label, text, _wrong(right, before), _wrong(right, after), said)


def _wrong(right: set[str], p: JudgedParagraph) -> dict[str, bool]:
    """By figure whether a paragraph is wrong; where both sides are acceptable its decision cannot be."""
    lost, left, label = FIGURES
    kept = {r in KEPT_LABELS for r in right}
    side = {lost: not p.stays} if kept == {True} else {left: p.stays} if kept == {False} else {}
    return side | {label: p.label not in right}


def _merged(one: Paired, other: Paired) -> Paired:
    """Two copies as one; shown is the first that the new model gets wrong."""
    old, new = (
        {f: a.get(f, False) or b.get(f, False) for f in {**a, **b}} for a, b in ((one.old, other.old), (one.new, other.new))
    )
    shown = other if sum(other.new.values()) > sum(one.new.values()) else one
    return Paired(shown.article, one.site, one.language, one.label, shown.text, old, new, shown.said)
