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
from numpy.typing import NDArray

from cleaner.classifier import Classifier
from cleaner.classifier.adaptation import ShiftWeights
from cleaner.errors import ModelError, SeedError, SourceError
from cleaner.labels import read_labels, weights
from cleaner.model_store import Model, load_model, save_adapted, shipped, without_adaptation
from cleaner.report.card import write_card
from cleaner.report.figures import CardFigures, SetFigures, Source
from cleaner.seeds import Seed, digest_of_lines
from cleaner.training.corpora import UNKNOWN, Example, as_page, as_text
from cleaner.training.fit import Log
from cleaner.training.held_out import HeldOut, held_out
from cleaner.training.information import square
from cleaner.training.judged import Judged, judge_rows
from cleaner.training.output import Outputs, outputs
from cleaner.training.rows import Rows, rows_of
from cleaner.training.run import Trained
from cleaner.training.shift import fit_shift, moved
from cleaner.training.unseen import Unseen
from cleaner.verdicts import likeliest

KINDS = ("text", "page")
Weights = tuple[float, ...]


class Taught(NamedTuple):
    """The labelled articles of one kind, as texts or as pages, and what the model makes of them."""

    examples: list[Example]
    rows: Rows
    judged: Judged


def adapt(label_paths: Sequence[Path], out: Path, *, base: Path | None = None, log: Log = lambda _: None) -> Trained:
    """Let labels add to a trained model and write the result to `out` with a card beside it.

    Reads all that `cleaner.labels.read_labels` reads; paragraphs without a label are no evidence of anything. `base` is
    a model file or a shelf, the shipped model by default; what labels added to it before is taken out first, so give
    all labels each time. The names of the files do not matter, nor their order but where they contradict each other: there
    the later one counts. Raises SeedError where nothing has a label, UsageError and
    OutputError where `out` cannot be written to, ModelError, WriteError.
    """
    files = outputs(out, label_paths)
    seeds = labelled_articles(label_paths, log)
    model = load_model(base)
    log(f"{_count(seeds):,} labels of {len(seeds):,} articles{_of_sites(seeds)}")
    if model.header["provenance"].get("labels"):
        log(f"what labels added to {model.digest} before is left out: only the files given now are learned from")
    measured, shifts = [], {}
    for kind in KINDS:
        if taught := _taught(without_adaptation(model.classifier), seeds, kind, log):
            information = _information(model, kind, log)
            shifts[kind] = fit_shift(taught.judged, information)
            log(f"{kind}s: fitted, {_agreement(taught, shifts[kind])}")
            measured.append(held_out(taught.examples, taught.rows, taught.judged, f"your labels, as {kind}s", information))
            log(f"{kind}s: {_said(measured[-1])}")
    return _written(files, base or shipped(), model, shifts, seeds, [found for found in measured if found])


def labelled_articles(paths: Iterable[Path], log: Log) -> list[Seed]:
    """The articles of which something is labelled, once each, in an order that their files have no say in.

    Raises SeedError where there is none.
    """
    found: dict[tuple[str, tuple[str, ...]], Seed] = {}
    contradicted = 0
    for seed in (seed for path in paths for seed in read_labels(path) if any(seed.labels)):
        key = seed.source_sha256 or seed.id, seed.lines
        contradicted += sum(a != b for a, b in zip(seed.labels, found[key].labels, strict=True) if a and b) if key in found else 0
        found[key] = _merged(found[key], seed) if key in found else seed
    if not found:
        raise SeedError(f"{', '.join(map(str, paths))}: no paragraph has a label; label some with `cleaner review`")
    if contradicted:
        log(f"{contradicted:,} paragraphs have one label in one file and another in a later one: the later one counts")
    return sorted(found.values(), key=_digest)


def _merged(one: Seed, other: Seed) -> Seed:
    """An article with the labels of two files: where both have one, the other's."""
    labels = tuple(b or a for a, b in zip(one.labels, other.labels, strict=True))
    return replace(other, labels=labels, html=other.html or one.html)


def _of_sites(seeds: Sequence[Seed]) -> str:
    sites = {seed.site for seed in seeds}
    return f", {len(sites - {''}):,} sites{' and lines of unknown ones' if '' in sites else ''}" if sites != {""} else ""


def _information(model: Model, kind: str, log: Log) -> NDArray[np.float64] | None:
    """What the training lines of the model hold against a shift. Raises ModelError where the file's numbers do not fit."""
    if kind not in model.information:
        log(f"{kind}s: {model.digest} does not say what its training lines hold against a shift: verdicts elsewhere may move")
        return None
    try:
        return square(model.information[kind])
    except ValueError as error:
        raise ModelError(f"model {model.digest}: {error} for its {kind}s; get the file again") from error


def _taught(base: Classifier, seeds: Sequence[Seed], kind: str, log: Log) -> Taught | None:
    """The articles as texts or as pages; None where there is no page, or the model knows nothing of pages."""
    if kind == "page" and base.pages is None:
        return None
    weight = weights(seeds)
    texts = ((as_text(seed, "labels"), own) for seed, own in zip(seeds, weight, strict=True))
    found = list(texts if kind == "text" else _pages(seeds, weight, log))
    if not found:
        log("no labelled article has its page (`html`): pages will be judged as before, texts by what the labels add")
        return None
    examples = [example for example, _ in found]
    rows = rows_of(examples)
    return Taught(examples, rows, judge_rows(base, rows, np.concatenate([np.array(own) for _, own in found])))


def _pages(seeds: Sequence[Seed], weight: Sequence[Weights], log: Log) -> Iterator[tuple[Example, Weights]]:
    for seed, own in zip(seeds, weight, strict=True):
        try:
            if seed.html:
                yield as_page(seed, "labels"), own
        except (SeedError, SourceError) as error:
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
    files: Outputs,
    base: Path,
    model: Model,
    shifts: Mapping[str, ShiftWeights],
    seeds: Sequence[Seed],
    measured: Sequence[HeldOut],
) -> Trained:
    known: Mapping[str, Any] = model.header["provenance"]
    from_ = known.get("adapted_from", model.digest)
    unseen = Unseen((*(found.after for found in measured), *(_named(found.before, ", before") for found in measured)))
    labels = Counter(label for seed in seeds for label in seed.labels if label)
    learned = sorted({digest_of_lines(seed.lines) for seed in seeds})
    record = {"by_label": labels, "fingerprint": _fingerprint(seeds), "held_out": unseen.record(), "learned": learned}
    digest = save_adapted(files.model, base, shifts, {**known, "adapted_from": from_, "labels": record})
    about = _ABOUT.format(base=from_, labels=_count(seeds), fingerprint=record["fingerprint"])
    figures = CardFigures(
        digest, tuple(about.split("\n\n")), _sources(seeds), tuple(found.curve for found in measured),
        f"keep F1 on {measured[0].what}" if measured else "", unseen.sets,
        held_out=measured[0].what if measured else "",
    )  # fmt: skip
    write_card(figures, files.page, files.card)
    return Trained(files.model, files.card, digest, unseen)


def _named(figures: SetFigures, more: str) -> SetFigures:
    return replace(figures, name=figures.name + more)


def _sources(seeds: Sequence[Seed]) -> tuple[Source, ...]:
    sites = Counter(seed.site for seed in seeds)
    return (Source("your labels", len(seeds), len(sites), _count(seeds)),)


def _count(seeds: Iterable[Seed]) -> int:
    return sum(1 for seed in seeds for label in seed.labels if label)


def _fingerprint(seeds: Sequence[Seed]) -> str:
    """Digest of all that was learned from, so that two models can be told to know the same."""
    return sha256(b"".join(map(_digest, seeds))).hexdigest()[:16]


def _digest(seed: Seed) -> bytes:
    told = [seed.site, seed.style, seed.html, seed.lines, seed.labels]
    return sha256(json.dumps(told).encode()).digest()


_ABOUT = """\
Written by cleaner train: model {base} and what {labels:,} labels ({fingerprint}) add to it. The stages of {base} are \
in it unchanged; its own card says what they were trained on.

Figures are for labels that were held back, a fifth of the sites (or, of few sites, of the articles) at a time, decided \
by the default policy; review counts as kept. A queue asks for what a model is least sure of: on such labels it looks \
worse than it is."""
