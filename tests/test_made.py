"""Made articles put real lines where pages never show them, as a newspaper would: in one language, of one fold."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from cleaner.labels import read_labels
from cleaner.training.corpora import Example, as_text
from cleaner.training.made import GROUPS, MAKERS, made_examples

SEEDS = Path(__file__).parent.parent / "seeds"
FILES = ("french-dailies", "french-newsrooms", "english", "germanic", "spam-romance", "spam-other", "lines-pitches-french",
         "lines-english", "lines-germanic", "press-furniture")  # fmt: skip


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    seeds = [seed for name in FILES for seed in read_labels(SEEDS / f"{name}.jsonl") if seed.lines]
    return [as_text(seed, "seeds" if len(seed.lines) > 1 else "loose") for seed in seeds if seed.style == "news"]


@pytest.fixture(scope="module")
def made(examples: list[Example]) -> list[Example]:
    return list(made_examples(examples, [f"Mail number {i} sells pills to everyone." for i in range(500)]))


@pytest.fixture(scope="module")
def spoken(examples: list[Example]) -> dict[str, set[str]]:
    """The languages that a line was written in."""
    found: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        for line in example.lines:
            found[line].add(example.language)
    return found


def test_spam_mostly_speaks_the_language_of_its_host(made: list[Example], spoken: dict[str, set[str]]) -> None:
    """Otherwise a model learns that what is foreign is spam, and lets through what is written for its readers."""
    alike = Counter()
    for example in made:
        if example.group == "spammed":
            own = Counter(language for line in example.lines for language in spoken[line] if len(spoken[line]) == 1)
            alike[len(own) == 1] += 1
    assert alike[True] > 0.7 * alike.total()
    assert alike[False] > 0.05 * alike.total(), "foreign spam comes as well"


def test_glued_articles_are_of_one_language(made: list[Example], spoken: dict[str, set[str]]) -> None:
    """A file of several articles comes from one newspaper: a change of language must not be what tells them apart."""
    glued = [example for example in made if example.group == "glued"]
    languages = [{next(iter(spoken[line])) for line in example.lines if len(spoken[line]) == 1} for example in glued]
    assert sum(len(own) == 1 for own in languages) > 0.7 * len(glued)


def test_every_kind_is_made_of_each_fold(examples: list[Example], made: list[Example]) -> None:
    """No kind is missing, and no line crosses from the folds that train into the one that is judged."""
    folds = {example.fold for example in examples}
    assert Counter(example.group for example in made) == {kind: maker.number * len(folds) for kind, maker in MAKERS.items()}
    assert sum(example.group == "groups" for example in made) == GROUPS * len(folds)
    at = defaultdict(set)
    for example in examples:
        for line in example.lines:
            at[line].add(example.fold)
    for example in made:
        assert all(example.fold in at[line] for line in example.lines if len(line) > 90 and line in at)
