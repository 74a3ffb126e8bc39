"""The development sets: what each asks, and how the shipped cleaner answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleaner.evaluation.metrics import KeepDrop, LabelScore, Share, accuracy, calibration_error, is_kept, keep_drop, per_label
from cleaner.pipeline import Cleaner, Result
from cleaner.records import LABELS
from cleaner.seeds import Seed, read_seeds

TENS = 10
NOISE_AROUND = 4
"""Furniture lines put around one body."""
HOST_LINES = 6
"""A host article has at least so many lines of content."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure, its bar, and whether it is reached."""

    set: str
    name: str
    shown: str
    bar: str
    reached: bool


def evaluate_all(cleaner: Cleaner, public: Path) -> Iterator[Figure]:
    """Every figure of the sets that lie in the folder."""
    for name, measure in SETS.items():
        if (public / name).exists():
            yield from measure(cleaner, public)


def figure_table(figures: Sequence[Figure]) -> str:
    """Figures as a Markdown table."""
    rows = [f"| {f.set} | {f.name} | {f.shown} | {f.bar} | {'reached' if f.reached else 'MISSED'} |" for f in figures]
    return "\n".join(["| set | figure | measured | bar | |", "|---|---|---|---|---|", *rows])


def _press(cleaner: Cleaner, public: Path) -> Iterator[Figure]:
    seeds = list(read_seeds(public / "press-lines-dev.jsonl"))
    score, right, _, error = score_seeds(cleaner, seeds)
    yield _at_least("press-lines-dev", "keep F1", score.f1, 0.89, f"{score.f1:.3f} ({_range(score.f1_interval)})")
    yield _at_most("press-lines-dev", "content characters lost", score.content_characters_lost, 0.02)
    yield _at_most("press-lines-dev", "content lines lost", score.content_lines_lost, 0.08)
    yield _at_most("press-lines-dev", "noise lines left", score.noise_lines_left, 0.03)
    yield _at_least("press-lines-dev", "label accuracy", right.value, 0.80, str(right))
    yield _at_least("press-lines-dev", "calibration error", -error, -1.0, f"{error:.3f}")


def score_seeds(cleaner: Cleaner, seeds: Sequence[Seed]) -> tuple[KeepDrop, Share, list[LabelScore], float]:
    """Keep and drop, label accuracy, per label and calibration error of a cleaner on labelled articles."""
    results = list(cleaner.clean_many([seed.lines for seed in seeds]))
    labels = _indices(label for seed in seeds for label in seed.labels)
    also = _indices((seed.also or {}).get(i) for seed in seeds for i in range(len(seed.lines)))
    judged = [p for result in results for p in result.paragraphs]
    predicted = _indices(p.label for p in judged)
    either = (also >= 0) & (is_kept(np.maximum(also, 0)) != is_kept(labels))
    pages = np.repeat(np.arange(len(seeds)), [len(seed.lines) for seed in seeds])
    lengths = np.array([len(p.text) for p in judged])
    kept = np.array([p.stays for p in judged])
    probabilities = np.array([p.probabilities for p in judged])
    score = keep_drop(kept, is_kept(labels), either, lengths, pages)
    return score, accuracy(predicted, labels, also), per_label(predicted, labels), calibration_error(probabilities, labels)


def _gold(cleaner: Cleaner, public: Path) -> Iterator[Figure]:
    rows = json.loads((public / "seeds" / "gold.json").read_text(encoding="utf-8"))
    wrong, lines, split = 0, 0, 0
    for row in rows:
        result = cleaner.clean((public / "seeds" / row["id"]).read_bytes(), id=row["id"])
        wanted = is_kept(_indices(row["labels"]))
        kept = np.array([p.stays for p in result.paragraphs])
        same = len(kept) == len(wanted)
        wrong += int((kept != wanted).sum()) if same else len(wanted)
        lines += len(wanted)
        opens = [0, *(i for i, p in enumerate(result.paragraphs) if p.opens)]
        split += len(opens) == len(row["article_starts"])
    right = Share(lines - wrong, lines)
    yield _at_least("the five real files", "lines kept or dropped right", right.value, 1.0, str(right))
    files = Share(split, len(rows))
    yield _at_least("the five real files", "files split into their articles", files.value, 1.0, str(files))


def _spam(cleaner: Cleaner, public: Path) -> Iterator[Figure]:
    rows, bodies = _rows(public / "spam-dev.jsonl"), _bodies(public)
    random = np.random.default_rng(1)
    articles, places = [], []
    for row in rows:
        host = list(_any(bodies.get(row["lang"]) or bodies["en"], random))
        places.append(int(random.integers(1, len(host) + 1)))
        articles.append([*host[: places[-1]], row["text"], *host[places[-1] :]])
    stays = [_stays(result) for result in cleaner.clean_many(articles)]
    gone = [not kept[place] for kept, place in zip(stays, places, strict=True)]
    caught = Share(sum(gone), len(rows))
    yield _at_least("spam-dev in a host", "caught", caught.value, 0.95, str(caught))
    subtle = [g for g, row in zip(gone, rows, strict=True) if row["subtle"]]
    yield _at_least(
        "spam-dev in a host", "fluent ones caught", sum(subtle) / len(subtle), 0.95, str(Share(sum(subtle), len(subtle)))
    )
    lost = [not k for kept, place in zip(stays, places, strict=True) for i, k in enumerate(kept) if i != place]
    yield _at_most("spam-dev in a host", "host lines lost", Share(sum(lost), len(lost)), 0.005)


def _ham(cleaner: Cleaner, public: Path) -> Iterator[Figure]:
    texts = [row["text"] for row in _rows(public / "hard-ham-dev.jsonl")]
    for name, groups in (("alone", [[t] for t in texts]), ("in tens", [texts[i : i + TENS] for i in range(0, len(texts), TENS)])):
        stays = [k for result in cleaner.clean_many(groups) for k in _stays(result)]
        yield _at_most("hard-ham-dev", f"lost {name}", Share(len(stays) - sum(stays), len(stays)), 0.03)


def _noise(cleaner: Cleaner, public: Path) -> Iterator[Figure]:
    rows, bodies = _rows(public / "press-noise-dev.jsonl"), _bodies(public)
    random = np.random.default_rng(1)
    articles, noisy = [], []
    for start in range(0, len(rows), NOISE_AROUND):
        some = rows[start : start + NOISE_AROUND]
        lines = [(text, False) for text in _any(bodies.get(some[0]["lang"]) or bodies["en"], random)]
        for row in some:
            lines.insert(_somewhere(len(lines), random), (row["text"], True))
        articles.append([text for text, _ in lines])
        noisy += [noise for _, noise in lines]
    stays = [k for result in cleaner.clean_many(articles) for k in _stays(result)]
    gone = [not k for k, noise in zip(stays, noisy, strict=True) if noise]
    lost = [not k for k, noise in zip(stays, noisy, strict=True) if not noise]
    removed = Share(sum(gone), len(gone))
    yield _at_least("press-noise-dev around a body", "removed", removed.value, 0.93, str(removed))
    yield _at_most("press-noise-dev around a body", "body lines lost", Share(sum(lost), len(lost)), 0.02)


def _somewhere(lines: int, random: np.random.Generator) -> int:
    """Before, after or inside a body, equally likely."""
    return (0, lines, int(random.integers(0, lines + 1)))[int(random.integers(3))]


def _bodies(public: Path) -> Mapping[str, list[list[str]]]:
    """Bodies of labelled press pages by language, to put lines into."""
    bodies: dict[str, list[list[str]]] = {}
    for seed in read_seeds(public / "press-lines-train.jsonl"):
        body = [line for line, label in zip(seed.lines, seed.labels, strict=True) if label in ("content", "heading")]
        if len(body) >= HOST_LINES:
            bodies.setdefault(seed.language, []).append(body)
    return bodies


def _stays(result: Result) -> list[bool]:
    return [p.stays for p in result.paragraphs]


def _any(items: Sequence[Any], random: np.random.Generator) -> Any:
    return items[int(random.integers(len(items)))]


def _indices(labels: Any) -> NDArray[np.int64]:
    return np.array([LABELS.index(label) if label is not None else -1 for label in labels], np.int64)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _range(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.3f}-{interval[1]:.3f}"


def _at_least(set: str, name: str, value: float, bar: float, shown: str) -> Figure:
    return Figure(set, name, shown, f"at least {bar}" if bar >= 0 else "", value >= bar)


def _at_most(set: str, name: str, share: Share, bar: float) -> Figure:
    return Figure(set, name, str(share), f"at most {bar}", share.value <= bar)


SETS: Mapping[str, Callable[[Cleaner, Path], Iterator[Figure]]] = {
    "seeds/gold.json": _gold,
    "press-lines-dev.jsonl": _press,
    "spam-dev.jsonl": _spam,
    "hard-ham-dev.jsonl": _ham,
    "press-noise-dev.jsonl": _noise,
}
"""Measured here; never trained on."""
