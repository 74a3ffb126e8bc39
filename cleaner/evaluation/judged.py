"""Labelled articles as a model judges them: each in its own style, with its page where it has one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cleaner.errors import SeedError
from cleaner.model_store import Model
from cleaner.pipeline import Cleaner, Result, article_of_lines, as_source, segment
from cleaner.policy import Policy
from cleaner.records import STYLES, Article
from cleaner.seeds import Seed


def article_of(seed: Seed) -> Article:
    """A labelled article, with its layout where it has a page. Raises SeedError when its paragraphs are not the page's."""
    if not seed.html:
        return article_of_lines(seed.id, seed.lines)
    page = segment(as_source(seed.html, kind="html", id=seed.id))
    if tuple(p.text for p in page.paragraphs) != seed.lines:
        raise SeedError(f"{seed.id}: its paragraphs are not those of its page; label the page's paragraphs, in order")
    return page


def judged(
    seeds: Sequence[Seed], model: Model, policy: Policy, article: Callable[[Seed], Article] = article_of
) -> Iterator[Result]:
    """What a model makes of each article, in order."""
    articles = [article(seed) for seed in seeds]
    results: dict[int, Result] = {}
    for style in STYLES:
        mine = [i for i, seed in enumerate(seeds) if seed.style == style]
        found = Cleaner(model, policy, style).judge_articles((None, articles[i]) for i in mine)
        results |= dict(zip(mine, found, strict=True))
    return (results[i] for i in range(len(seeds)))
