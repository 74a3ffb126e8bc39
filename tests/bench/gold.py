"""What the gold holds, as a table of paragraphs by language and label: printed, or written into the card of the seeds (`make readme`)."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from cleaner.comparison.gold import read_gold
from cleaner.evaluation.tables import replace_table
from cleaner.records import LABELS
from cleaner.seeds import Seed

GOLD = Path(__file__).parent.parent.parent / "seeds" / "gold"


def table(gold: Sequence[Seed]) -> Iterator[str]:
    """Lines of Markdown: a row a language, those with most articles first, and one for all."""
    articles = Counter(language(seed) for seed in gold)
    pages = Counter(language(seed) for seed in gold if seed.html)
    labels = Counter((language(seed), label) for seed in gold for label in seed.labels)
    yield f"| language | articles | with page | {' | '.join(LABELS)} | all |"
    yield "|---|" + "---:|" * (len(LABELS) + 3)
    for name in sorted(articles, key=lambda name: (-articles[name], name)):
        yield row(name, articles[name], pages[name], [labels[name, label] for label in LABELS])
    sums = Counter(label for seed in gold for label in seed.labels)
    yield row("all", len(gold), pages.total(), [sums[label] for label in LABELS])


def row(name: str, articles: int, pages: int, counts: Sequence[int]) -> str:
    return f"| {name} | {articles} | {pages} | {' | '.join(map(str, counts))} | {sum(counts):,} |"


def language(seed: Seed) -> str:
    return seed.language.partition("-")[0]


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, help="document to write the table into, between its `gold` markers")
    into = parser.parse_args().into
    written = "\n".join(table(read_gold([GOLD])))
    if into:
        replace_table(into, "gold", written)
    else:
        print(written)


if __name__ == "__main__":
    run()
