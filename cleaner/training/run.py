"""`cleaner train`: from labelled articles to a model file and its card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleaner.articles import first_copies
from cleaner.errors import SeedError
from cleaner.evaluation.metrics import accuracy, calibration_error, is_kept, keep_drop, per_label, word_f1
from cleaner.model_store import save_model
from cleaner.policy import Policy, decide_many, load_policy
from cleaner.records import ACTIONS, STAYING, STYLES
from cleaner.training.alignment import tokens
from cleaner.training.card import card
from cleaner.training.corpora import Example, read_examples, spam_lines
from cleaner.training.fit import Log, fit
from cleaner.training.made import made_examples
from cleaner.training.rows import Rows, rows_of
from cleaner.verdicts import likeliest

FEWEST_SITES = 2
CALIBRATED_ON = ("seeds", "press")
"""Real pages with all ten labels; made examples would skew the label frequencies."""
SPAM_MAIL = "spam-mail.parquet"


@dataclass(frozen=True, slots=True)
class Trained:
    """What training gave: the files, and the figures on unseen sites."""

    model: Path
    card: Path
    digest: str
    unseen: dict[str, Any]


def train(seed_paths: Sequence[Path], out: Path, *, public: Path | None = None, log: Log = lambda _: None) -> Trained:
    """Train a model on labelled articles and write it to `out` with a card beside it.

    `public` is a folder of the public sets (see README); without it the model knows the labelled
    articles alone. Raises SeedError when there is too little to train on.
    """
    examples = list(read_examples(seed_paths, public))
    labelled = [e for e in examples if e.labelled]
    if len({e.fold for e in labelled}) < FEWEST_SITES:
        raise SeedError(f"{len(labelled)} labelled articles of too few sites; give articles of at least ten sites")
    log(f"{len(examples):,} articles of {len({e.site for e in examples}):,} sites")
    mail = spam_lines(public / SPAM_MAIL) if public and (public / SPAM_MAIL).exists() else []
    texts = [e for e in examples if e.layout is None]
    texts += made_examples(examples, mail)
    pages = [e for e in examples if e.layout is not None]
    if len({e.fold for e in pages}) < FEWEST_SITES:
        pages = []  # too few to learn layouts from: pages will be judged by their text
    rows, page_rows = rows_of(texts), rows_of(pages) if pages else None
    groups = np.repeat([e.group for e in texts], [len(e.lines) for e in texts])
    fitted = fit(rows, page_rows, log, np.isin(groups, CALIBRATED_ON))
    unseen = unseen_scores(texts, rows, fitted.unseen, load_policy())
    if page_rows is not None and fitted.unseen_pages is not None:
        unseen |= unseen_scores(pages, page_rows, fitted.unseen_pages, load_policy())
    provenance = {
        "examples": _counts([*texts, *pages]),
        "lines": len(rows.lines) + (len(page_rows.lines) if page_rows else 0),
        "fingerprint": _fingerprint(examples),
        "unseen": unseen,
    }
    digest = save_model(out, fitted.linear, fitted.classifier(), provenance, fitted.layout)
    path = out.with_suffix(".md")
    path.write_text(card(digest, out.stat().st_size, provenance), encoding="utf-8")
    return Trained(out, path, digest, unseen)


def unseen_scores(examples: Sequence[Example], rows: Rows, unseen: NDArray[np.float64], policy: Policy) -> dict[str, Any]:
    """Scores of every set by the folds that did not train on its sites, decided by the default policy."""
    kept = _kept(rows, unseen, policy)
    article = np.repeat(np.arange(len(examples)), np.diff(rows.offsets))
    groups = np.array([e.group for e in examples])
    scores: dict[str, Any] = {}
    for group in dict.fromkeys(groups.tolist()):
        mine = np.flatnonzero(groups[article] == group)
        if rows.labels[mine].min() >= 0:
            scores[group] = _labelled_scores(rows, unseen, kept, article, mine)
        else:
            scores[group] = _page_scores([i for i, e in enumerate(examples) if e.group == group], examples, rows, kept)
    return scores


def _labelled_scores(
    rows: Rows, unseen: NDArray[np.float64], kept: NDArray[np.bool_], article: NDArray[np.int64], mine: NDArray[np.int64]
) -> dict[str, Any]:
    labels, predicted = rows.labels[mine], likeliest(unseen[mine])
    lengths = np.array([len(rows.lines[i]) for i in mine])
    pages = np.unique(article[mine], return_inverse=True)[1]
    score = keep_drop(kept[mine], is_kept(labels), np.zeros(len(mine), bool), lengths, pages)
    return {
        "articles": int(pages.max()) + 1,
        "lines": len(mine),
        "keep_f1": round(score.f1, 4),
        "keep_f1_interval": [round(v, 4) for v in score.f1_interval],
        "content_lines_lost": str(score.content_lines_lost),
        "content_characters_lost": str(score.content_characters_lost),
        "noise_lines_left": str(score.noise_lines_left),
        "label_accuracy": str(accuracy(predicted, labels, np.full(len(mine), -1))),
        "calibration_error": round(calibration_error(unseen[mine], labels), 4),
        "labels": [[s.label, str(s.precision), str(s.recall)] for s in per_label(predicted, labels)],
    }


def _page_scores(pages: Sequence[int], examples: Sequence[Example], rows: Rows, kept: NDArray[np.bool_]) -> dict[str, Any]:
    """Mean word F1 of pages against their gold text, all together and by type of page."""
    values = {}
    for i in pages:
        begin, end = rows.offsets[i], rows.offsets[i + 1]
        text = " ".join(line for line, stays in zip(rows.lines[begin:end], kept[begin:end], strict=True) if stays)
        values[i] = word_f1(tokens(text), tokens(examples[i].gold))
    kinds = sorted({examples[i].kind for i in pages})
    by_kind = {kind: [values[i] for i in pages if examples[i].kind == kind] for kind in kinds if len(kinds) > 1}
    return _mean(list(values.values())) | {"kinds": {kind: _mean(some) for kind, some in by_kind.items()}}


def _mean(values: Sequence[float]) -> dict[str, Any]:
    draws = np.random.default_rng(0).choice(values, (1000, len(values))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return {
        "articles": len(values),
        "word_f1": round(float(np.mean(values)), 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
    }


def _kept(rows: Rows, unseen: NDArray[np.float64], policy: Policy) -> NDArray[np.bool_]:
    staying = np.array([action in STAYING for action in ACTIONS])
    lengths = np.array([len(line) for line in rows.lines])
    kept = np.zeros(len(rows.lines), bool)
    copied = first_copies(rows.lines, rows.offsets.tolist())
    for number, style in enumerate(STYLES):
        decided = decide_many(policy, unseen, lengths, rows.offsets, style, copied)
        mine = rows.style == number
        kept[mine] = np.concatenate([staying[d.actions] for d in decided])[mine]
    return kept


def _counts(examples: Sequence[Example]) -> dict[str, list[int]]:
    """Articles, sites and lines by group."""
    articles = Counter(e.group for e in examples)
    return {
        group: [
            count,
            len({e.site for e in examples if e.group == group}),
            sum(len(e.lines) for e in examples if e.group == group),
        ]
        for group, count in articles.items()
    }


def _fingerprint(examples: Sequence[Example]) -> str:
    """Digest of the training lines and labels, so that two models can be told to know the same."""
    total = sha256()
    for e in examples:
        total.update("\n".join((e.id, e.site, *e.lines)).encode("utf-8", "replace"))
        total.update(e.labels.tobytes() + e.keep.tobytes())
    return total.hexdigest()[:16]
