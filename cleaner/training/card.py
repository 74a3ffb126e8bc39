"""The model card, in Markdown, from what training recorded; nothing in it is written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cleaner.training.corpora import PAGES


def card(digest: str, size: int, provenance: Mapping[str, Any]) -> str:
    """The card of a model file of `size` bytes."""
    unseen = provenance["unseen"]
    parts = [
        f"# Model {digest}\n",
        _ABOUT.format(size=size / 1e6, lines=provenance["lines"], fingerprint=provenance["fingerprint"]),
        "## Trained on\n\n| set | articles | sites | lines |\n|---|---|---|---|\n" + _rows(provenance["examples"]),
        *(_labelled(name, score) for name, score in unseen.items() if "labels" in score),
        _pages({name: score for name, score in unseen.items() if "word_f1" in score}),
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _rows(table: Mapping[str, Any]) -> str:
    return "".join(f"| {name} | " + " | ".join(f"{n:,}" for n in row) + " |\n" for name, row in table.items())


def _labelled(name: str, score: Mapping[str, Any]) -> str:
    low, high = score["keep_f1_interval"]
    labels = "".join(f"| {label} | {precision} | {recall} |\n" for label, precision, recall in score["labels"])
    return (
        f"## {name}: {score['articles']:,} articles, {score['lines']:,} lines\n\n"
        f"| figure | value |\n|---|---|\n| keep F1 | {score['keep_f1']:.3f} ({low:.3f}-{high:.3f}) |\n"
        f"| content lines lost | {score['content_lines_lost']} |\n"
        f"| content characters lost | {score['content_characters_lost']} |\n"
        f"| noise lines left | {score['noise_lines_left']} |\n| label accuracy | {score['label_accuracy']} |\n"
        f"| calibration error | {score['calibration_error']:.3f} |\n\n"
        f"| label | precision | recall |\n|---|---|---|\n{labels}"
    )


def _pages(scores: Mapping[str, Any]) -> str:
    """Word F1 with the page in hand and without, by set and type of page."""
    with_layout = {name: score for name, score in scores.items() if name.endswith(PAGES)}
    flattened = {name: score for name, score in scores.items() if name not in with_layout}
    titled = (("Pages", with_layout), ("Flattened pages (the HTML has been lost)", flattened))
    return "\n".join(
        f"## {title}\n\n| set | pages | mean word F1 |\n|---|---|---|\n{_table(some)}" for title, some in titled if some
    )


def _table(scores: Mapping[str, Any]) -> str:
    rows = []
    for name, score in scores.items():
        kinds = {f"{name}: {kind}": own for kind, own in score.get("kinds", {}).items()}
        rows += [
            f"| {row} | {s['articles']:,} | {s['word_f1']:.3f} ({s['interval'][0]:.3f}-{s['interval'][1]:.3f}) |\n"
            for row, s in ({name: score} | kinds).items()
        ]
    return "".join(rows)


_ABOUT = """\
Written by `cleaner train`: {size:.1f} MB, {lines:,} training lines, training data {fingerprint}.

Judges the paragraphs of scraped articles: ten labels, calibrated probabilities. It stores weights by
hash and no text. All figures below are for sites that the scoring fold was not trained on (5 folds by
site), decided by the default policy; `review` counts as kept. In brackets: counts, 95 % interval.
"""
