"""`cleaner train`: what a few labels add to a trained model, to a model file and its card."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cleaner.classifier import Classifier
from cleaner.classifier.adaptation import ShiftWeights
from cleaner.errors import SeedError
from cleaner.labels import read_labels, weights
from cleaner.model_store import Model, load_model, save_adapted, shipped, without_adaptation
from cleaner.report.card import write_card
from cleaner.report.figures import CardFigures, SetFigures, Source
from cleaner.seeds import Seed
from cleaner.training.corpora import UNKNOWN, Example, as_page, as_text
from cleaner.training.fit import Log
from cleaner.training.held_out import HeldOut, held_out
from cleaner.training.information import square
from cleaner.training.judged import Judged, judge_rows
from cleaner.training.rows import Rows, rows_of
from cleaner.training.run import Trained
from cleaner.training.shift import fit_shift, moved
from cleaner.training.unseen import Unseen
from cleaner.verdicts import likeliest

KINDS = ("text", "page")


class Taught(NamedTuple):
    """The labelled articles of one kind, as texts or as pages, and what the model makes of them."""

    examples: list[Example]
    rows: Rows
    judged: Judged


def adapt(label_paths: Sequence[Path], out: Path, *, base: Path | None = None, log: Log = lambda _: None) -> Trained:
    """Let labels add to a trained model and write the result to `out` with a card beside it.

    Reads all that `cleaner.labels.read_labels` reads; paragraphs without a label are no evidence of anything. `base` is
    a model file or a shelf, the shipped model by default; what labels added to it before is taken out first, so give
    all labels each time. Raises SeedError where nothing has a label, ModelError, WriteError.
    """
    seeds = _labelled(label_paths)
    model = load_model(base)
    classifier = without_adaptation(model.classifier)
    log(f"{_count(seeds):,} labels of {len(seeds):,} articles, {len({seed.site for seed in seeds}):,} sites")
    if classifier is not model.classifier and model.header["provenance"].get("labels"):
        log(f"what labels added to {model.digest} before is left out: only the files given now are learned from")
    taught = {kind: found for kind in KINDS if (found := _taught(classifier, seeds, kind, log))}
    shifts, measured = {}, []
    for kind, one in taught.items():
        information = square(model.information[kind]) if kind in model.information else None
        shifts[kind] = fit_shift(one.judged, information)
        log(f"{kind}s: fitted, {_agreement(one, shifts[kind])}")
        measured.append(held_out(one.examples, one.rows, one.judged, f"your labels, as {kind}s", information))
        log(f"{kind}s: {_said(measured[-1])}")
    return _written(out, base or shipped(), model, shifts, seeds, [found for found in measured if found])


def _labelled(paths: Iterable[Path]) -> list[Seed]:
    """The articles of which something is labelled. Raises SeedError where there is none."""
    seeds = [seed for path in paths for seed in read_labels(path) if any(seed.labels)]
    if not seeds:
        raise SeedError(f"{', '.join(map(str, paths))}: no paragraph has a label; label some with `cleaner review`")
    return seeds


def _taught(base: Classifier, seeds: Sequence[Seed], kind: str, log: Log) -> Taught | None:
    """The articles as texts or as pages; None where there is no page, or the model knows nothing of pages."""
    weight = weights(seeds)
    if kind == "text":
        found = [(as_text(seed, "labels"), own) for seed, own in zip(seeds, weight, strict=True)]
    else:
        found = list(_pages(seeds, weight, log)) if base.pages else []
    if not found:
        return None
    examples = [example for example, _ in found]
    rows = rows_of(examples)
    return Taught(examples, rows, judge_rows(base, rows, np.concatenate([np.array(own) for _, own in found])))


def _pages(seeds: Sequence[Seed], weight: Sequence[tuple[float, ...]], log: Log) -> Iterator[tuple[Example, tuple[float, ...]]]:
    for seed, own in zip(seeds, weight, strict=True):
        try:
            if seed.html:
                yield as_page(seed, "labels"), own
        except SeedError as error:
            log(f"{error}: it is learned from as a text alone")


def _agreement(taught: Taught, shift: ShiftWeights) -> str:
    """How many of the labels the model gives itself, before and after it learned from them."""
    known = np.flatnonzero(taught.judged.labels != UNKNOWN)
    right = [
        int((likeliest(found[known]) == taught.judged.labels[known]).sum())
        for found in (taught.judged.probabilities, moved(taught.judged, shift))
    ]
    return f"gives {right[1]:,} of your {len(known):,} labels itself, {right[0]:,} before"


def _said(found: HeldOut | None) -> str:
    """The held-out figures in a line."""
    if found is None:
        return "labels of a single article: nothing to hold back, so nothing is known of others; label a few more"
    before, after = (f"content lost {one.content_lost}, noise left {one.noise_left}" for one in (found.before, found.after))
    return f"on {found.what}: {after}; before: {before}"


def _written(
    out: Path, base: Path, model: Model, shifts: Mapping[str, ShiftWeights], seeds: Sequence[Seed], measured: Sequence[HeldOut]
) -> Trained:
    known: Mapping[str, Any] = model.header["provenance"]
    from_ = known.get("adapted_from", model.digest)
    unseen = Unseen(
        tuple(_named(found.after, "") for found in measured) + tuple(_named(found.before, ", before") for found in measured)
    )
    labels = Counter(label for seed in seeds for label in seed.labels if label)
    record = {"by_label": labels, "fingerprint": _fingerprint(seeds), "held_out": unseen.record()}
    digest = save_adapted(out, base, shifts, {**known, "adapted_from": from_, "labels": record})
    about = _ABOUT.format(base=from_, labels=_count(seeds), fingerprint=record["fingerprint"])
    figures = CardFigures(
        digest, tuple(about.split("\n\n")), _sources(seeds), tuple(found.curve for found in measured),
        f"keep F1 on {measured[0].what}" if measured else "", unseen.sets,
        held_out=measured[0].what if measured else "",
    )  # fmt: skip
    write_card(figures, out.with_suffix(".html"), out.with_suffix(".md"))
    return Trained(out, out.with_suffix(".md"), digest, unseen)


def _named(figures: SetFigures, more: str) -> SetFigures:
    return replace(figures, name=figures.name + more)


def _sources(seeds: Sequence[Seed]) -> tuple[Source, ...]:
    sites = Counter(seed.site for seed in seeds)
    return (Source("your labels", len(seeds), len(sites), _count(seeds)),)


def _count(seeds: Iterable[Seed]) -> int:
    return sum(1 for seed in seeds for label in seed.labels if label)


def _fingerprint(seeds: Sequence[Seed]) -> str:
    """Digest of the labelled lines, so that two models can be told to know the same."""
    total = sha256()
    for seed in seeds:
        total.update(json.dumps([seed.id, seed.site, seed.lines, seed.labels]).encode())
    return total.hexdigest()[:16]


_ABOUT = """\
Written by cleaner train: model {base} and what {labels:,} labels ({fingerprint}) add to it. The stages of {base} are \
in it unchanged; its own card says what they were trained on.

Figures are for labels that were held back, a fifth of the sites (or, of few sites, of the articles) at a time, decided \
by the default policy; review counts as kept. A queue asks for what a model is least sure of: on such labels it looks \
worse than it is."""
