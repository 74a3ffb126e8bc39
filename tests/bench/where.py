"""Where the time goes on a page, stage by stage, in CPU milliseconds a page.

python tests/bench/where.py [folder of the public sets]
"""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pyarrow.parquet as pq
from selectolax.lexbor import LexborHTMLParser

from cleaner import Cleaner
from cleaner.classifier import judge_columns, read
from cleaner.classifier.alone import judge_alone, judge_layout
from cleaner.features.context import context_parts
from cleaner.features.layout import Layouts, Page
from cleaner.features.page import page_parts
from cleaner.features.surface import side_by_side
from cleaner.markup import tamed
from cleaner.pipeline import BATCH_LINES, as_source
from cleaner.policy import decide_many
from cleaner.records import Article
from cleaner.segment_html import segment_html

PAGES, ROUNDS = 200, 3
T = TypeVar("T")


class Clock:
    """CPU seconds by stage."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    def time(self, stage: str, work: Callable[[], T]) -> T:
        """Do the work and note what it took."""
        begin = time.process_time()
        result = work()
        self.spent[stage] += time.process_time() - begin
        return result


def judge_batch(cleaner: Cleaner, articles: list[Article], clock: Clock) -> None:
    """One batch through every stage of judging."""
    pages = cleaner.model.classifier.pages
    assert pages is not None
    lines = [paragraph.text for article in articles for paragraph in article.paragraphs]
    sizes = [[len(paragraph.text) for paragraph in article.paragraphs] for article in articles]
    offsets = np.cumsum([0, *map(len, sizes)])
    given = [article.layout for article in articles if article.layout is not None]
    text = clock.time("text: laid out", lambda: read(lines, offsets))
    first = clock.time("text: grams, stage one", lambda: judge_alone(cleaner.model.classifier.linear, *text))
    columns = clock.time("text: columns", lambda: context_parts(*text, first))
    layouts = clock.time("layout: arrays", lambda: Layouts([Page(*pair) for pair in zip(given, sizes, strict=True)]))
    alone = clock.time("layout: stage one", lambda: judge_layout(pages.layout, layouts))
    more = clock.time("layout: columns", lambda: page_parts(layouts, first, alone))
    both = clock.time("columns side by side", lambda: side_by_side([*columns, *more], len(lines)))
    said = clock.time("stage two: networks", lambda: judge_columns(pages, both, 1))
    lengths = np.array([size for own in sizes for size in own])
    clock.time("policy", lambda: decide_many(cleaner.policy, said, lengths, offsets, "all"))


def main() -> None:
    """Print the median round."""
    public = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("../shared/data")
    pages = pq.read_table(public / "wcxb-dev.parquet", columns=["html"]).column("html").to_pylist()[:PAGES]
    cleaner = Cleaner.load(style="all")
    rounds = [one_round(cleaner, pages) for _ in range(ROUNDS)]
    stages = {stage: sorted(spent[stage] for spent in rounds)[ROUNDS // 2] * 1000 / PAGES for stage in rounds[0]}
    for stage, spent in stages.items():
        print(f"| {stage} | {spent:.2f} |")
    whole = sum(spent for stage, spent in stages.items() if not stage.startswith("("))
    print(f"| all but the parse in brackets | {whole:.2f} |")


def one_round(cleaner: Cleaner, pages: list[bytes]) -> dict[str, float]:
    """Seconds by stage for all pages."""
    clock, batch, size = Clock(), list[Article](), 0
    for page in pages:
        source = clock.time("decode", lambda page=page: as_source(page, kind="html"))  # type: ignore[misc]
        clock.time("(lexbor's parse, part of the next)", lambda source=source: LexborHTMLParser(tamed(source.text)))  # type: ignore[misc]
        article = clock.time("parse and walk", lambda source=source: segment_html(source))  # type: ignore[misc]
        batch.append(article)
        size += len(article.paragraphs)
        if size >= BATCH_LINES:
            judge_batch(cleaner, batch, clock)
            batch, size = [], 0
    if batch:
        judge_batch(cleaner, batch, clock)
    return clock.spent


if __name__ == "__main__":
    main()
