"""`cleaner train --scratch`: from labelled articles alone to a model file and its card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cleaner.errors import SeedError
from cleaner.model_store import save_model
from cleaner.policy import load_policy
from cleaner.report.card import write_card
from cleaner.report.figures import CardFigures, Source
from cleaner.seeds import digest_of_lines
from cleaner.training.corpora import Example, read_examples, spam_lines
from cleaner.training.fit import Fitted, Log, fit
from cleaner.training.made import made_examples
from cleaner.training.output import Outputs, outputs
from cleaner.training.rows import Rows, rows_of
from cleaner.training.unseen import Unseen, unseen_figures

FEWEST_SITES = 2
CALIBRATED_ON = ("seeds", "press")
"""Real pages with all ten labels; made examples would skew the label frequencies."""
MEASURED_BY = ("seeds",)
"""Groups whose articles a person might also give to the gate: the model's record names them."""
SPAM_MAIL = "spam-mail.parquet"


@dataclass(frozen=True, slots=True)
class Trained:
    """What training gave: the files, and the figures on lines that were not learned from."""

    model: Path
    card: Path
    """In Markdown; the page lies beside it, as `.html`."""
    digest: str
    unseen: Unseen


def train(label_paths: Sequence[Path], out: Path, *, public: Path | None = None, log: Log = lambda _: None) -> Trained:
    """Train a model on labelled articles and write it to `out` with a card beside it.

    `public` is a folder of the public sets (see README); without it the model knows the labelled
    articles alone. Raises SeedError when there is too little to train on, or paragraphs have no label.
    """
    return write_model(outputs(out, label_paths), fit_all(label_paths, public, log))


class Run(NamedTuple):
    """All that a training gave, before it is written."""

    fitted: Fitted
    texts: list[Example]
    rows: Rows
    """Of the texts."""
    pages: list[Example]
    page_rows: Rows | None
    fingerprint: str
    """Digest of the training lines and labels."""


def fit_all(label_paths: Sequence[Path], public: Path | None, log: Log) -> Run:
    """Read everything and train on it; otherwise as `train`."""
    examples = list(read_examples(label_paths, public))
    labelled = [e for e in examples if e.labelled]
    if len({e.fold for e in labelled}) < FEWEST_SITES:
        raise SeedError(f"{len(labelled)} labelled articles of too few sites; give articles of at least ten sites")
    log(f"{len(examples):,} articles of {len({e.site for e in examples}):,} sites")
    texts, pages = _texts_and_pages(examples, public)
    rows, page_rows = rows_of(texts), rows_of(pages) if pages else None
    groups = np.repeat([e.group for e in texts], [len(e.lines) for e in texts])
    fitted = fit(rows, page_rows, log, np.isin(groups, CALIBRATED_ON))
    return Run(fitted, texts, rows, pages, page_rows, _fingerprint(examples))


def _texts_and_pages(examples: Sequence[Example], public: Path | None) -> tuple[list[Example], list[Example]]:
    """Articles without layout, made ones among them, and with it."""
    mail = spam_lines(public / SPAM_MAIL) if public and (public / SPAM_MAIL).exists() else []
    texts = [e for e in examples if e.layout is None]
    pages = [e for e in examples if e.layout is not None]
    if len({e.fold for e in pages}) < FEWEST_SITES:
        pages = []  # too few to learn layouts from: pages will be judged by their text
    return [*texts, *made_examples(examples, mail)], pages


def write_model(files: Outputs, run: Run) -> Trained:
    """The model file, and its card beside it."""
    fitted, sources = run.fitted, _sources([*run.texts, *run.pages])
    unseen, lines = _unseen(run), sum(source.lines for source in sources)
    provenance = {
        "examples": {source.name: list(source[1:]) for source in sources},
        "lines": lines,
        "fingerprint": run.fingerprint,
        "unseen": unseen.record(),
        "learned": sorted({digest_of_lines(e.lines) for e in (*run.texts, *run.pages) if e.group.startswith(MEASURED_BY)}),
    }
    digest = save_model(files.model, fitted.linear, fitted.classifier(), provenance, fitted.layout, fitted.information)
    about = _ABOUT.format(size=files.model.stat().st_size / 1e6, lines=lines, fingerprint=run.fingerprint)
    figures = CardFigures(
        digest, tuple(about.split("\n\n")), tuple(sources), tuple(fitted.curves), CURVE_OF, unseen.sets, unseen.pages
    )
    write_card(figures, files.page, files.card)
    return Trained(files.model, files.card, digest, unseen)


def _unseen(run: Run) -> Unseen:
    found = unseen_figures(run.texts, run.rows, run.fitted.unseen, load_policy())
    if run.page_rows is None or run.fitted.unseen_pages is None:
        return found
    more = unseen_figures(run.pages, run.page_rows, run.fitted.unseen_pages, load_policy())
    return Unseen((*found.sets, *more.sets), (*found.pages, *more.pages))


def _sources(examples: Sequence[Example]) -> list[Source]:
    """Articles, sites and lines by group."""
    found = []
    for group, count in Counter(e.group for e in examples).items():
        mine = [e for e in examples if e.group == group]
        found.append(Source(group, count, len({e.site for e in mine}), sum(len(e.lines) for e in mine)))
    return found


def _fingerprint(examples: Sequence[Example]) -> str:
    """Digest of the training lines and labels, so that two models can be told to know the same."""
    total = sha256()
    for e in examples:
        total.update("\n".join((e.id, e.site, *e.lines)).encode("utf-8", "replace"))
        total.update(e.labels.tobytes() + e.keep.tobytes())
    return total.hexdigest()[:16]


CURVE_OF = "keep F1 of the first stage on unseen sites"
_ABOUT = """\
Written by cleaner train: {size:.1f} MB, {lines:,} training lines, training data {fingerprint}.

Judges the paragraphs of scraped articles: ten labels, calibrated probabilities. It stores weights by hash and no text. \
All figures below are for sites that the scoring fold was not trained on (5 folds by site), decided by the default \
policy; review counts as kept, and a line that stands alone, in no article, is decided by itself."""
