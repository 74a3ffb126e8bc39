"""The public API: `Cleaner` judges sources paragraph by paragraph and gives clean articles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import compress, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cleaner.articles import SEPARATOR, CleanArticle, article_starts, clean_articles, first_copies
from cleaner.classifier import judge, judge_pages, openings
from cleaner.decoding import decode
from cleaner.errors import UsageError
from cleaner.metadata import page_metadata
from cleaner.model_store import Model, load_model
from cleaner.parallel import ordered_map
from cleaner.policy import RULES, Decided, Policy, decide_many, load_policy
from cleaner.records import ACTIONS, LABELS, STAYING, STYLES, Article, Columns, JudgedParagraph, Layout, Source, laid_end_to_end
from cleaner.segment_text import segment_text
from cleaner.verdicts import Verdicts, verdicts_of

BATCH_LINES = 4000
"""Lines judged together. On our seeds, MB a CPU second: 3.3 at 8 articles a batch, 4.2 at 32, 4.5 at 64
and 3.7 at 256, whose columns no longer fit the cache."""
BATCH_SOURCES = 64
KINDS = ("html", "text")
STAYS = np.array([action in STAYING for action in ACTIONS])
_HTML_SIGNS = ("<!doctype html", "<html", "<head", "<body", "<article", "<div", "<p>", "<p ", "<meta", "<?xml")


class Result:
    """What cleaning one source gave. Everything but the judgement itself is worked out on demand."""

    def __init__(
        self, opening: NDArray[np.float64], source: Source | None, article: Article, verdicts: Verdicts, decided: Decided
    ) -> None:
        self._opening = opening
        self._source = source
        self._article = article
        self._verdicts = verdicts
        self._decided = decided

    @property
    def source(self) -> Source | None:
        """The source as read; None for lines given one by one."""
        return self._source

    @property
    def article(self) -> Article:
        """The paragraphs as segmented, not judged."""
        return self._article

    @property
    def id(self) -> str:
        """The source's name."""
        return self._article.id

    @property
    def set_aside(self) -> bool:
        """Whether the article would have lost too much and was kept whole for a person to look at."""
        return self._decided.set_aside

    @property
    def actions(self) -> NDArray[np.int64]:
        """What was decided of each paragraph, as an index into ACTIONS."""
        return self._decided.actions

    @property
    def text(self) -> str:
        """The clean text: the paragraphs that stay, separated by a blank line."""
        stays = STAYS[self._decided.actions].tolist()
        return SEPARATOR.join(p.text for p in compress(self._article.paragraphs, stays))

    @cached_property
    def columns(self) -> Columns:
        """All paragraphs in source order, column by column."""
        texts, starts, ends = zip(*self._article.paragraphs, strict=True) if self._article.paragraphs else ((), (), ())
        opening = set(openings(self._opening, texts, self._verdicts.probabilities))
        return Columns(
            texts,
            starts,
            ends,
            list(map(LABELS.__getitem__, self._verdicts.labels.tolist())),
            list(map(LABELS.__getitem__, self._verdicts.runners_up.tolist())),
            list(map(ACTIONS.__getitem__, self._decided.actions.tolist())),
            list(map(RULES.__getitem__, self._decided.rules.tolist())),
            list(map(opening.__contains__, range(len(texts)))),
        )

    @property
    def verdicts(self) -> Verdicts:
        """Label probabilities, a row a paragraph."""
        return self._verdicts

    @cached_property
    def paragraphs(self) -> tuple[JudgedParagraph, ...]:
        """All paragraphs in source order, removed ones included."""
        rows = self._verdicts.probabilities.tolist()
        own = [row[label] for row, label in zip(rows, self._verdicts.labels.tolist(), strict=True)]
        texts, starts, ends, labels, *others = self.columns
        columns = texts, starts, ends, labels, own, *others, map(tuple, rows)
        return tuple(map(JudgedParagraph._make, zip(*columns, strict=True)))  # half the time of a call with ten arguments

    @property
    def texts(self) -> Iterator[tuple[int, str]]:
        """Of each clean article that has a text: the paragraph that it begins at, and the text."""
        texts, stays = self.columns.texts, self.columns.staying
        starts = article_starts(self.columns.opens)
        for start, end in zip(starts, [*starts[1:], len(texts)], strict=True):
            if text := SEPARATOR.join(compress(texts[start:end], stays[start:end])):
                yield start, text

    @cached_property
    def articles(self) -> tuple[CleanArticle, ...]:
        """The clean articles found in the source, in order."""
        return tuple(clean_articles(self.id, self.paragraphs, self.metadata))

    @cached_property
    def metadata(self) -> Mapping[str, str]:
        """What the source itself says of its title, author, date and site; empty for plain text."""
        if self._source is None or self._source.kind != "html":
            return self._article.metadata
        return page_metadata(self._source)


class Cleaner:
    """A model, a style and a policy, ready to clean.

    >>> cleaner = Cleaner.load()
    >>> cleaner.clean_lines(["Partager cet article"]).paragraphs[0].label
    'navigation'
    """

    def __init__(self, model: Model, policy: Policy, style: str = "news") -> None:
        if style not in STYLES:
            raise UsageError(f"style is {style!r}; it must be one of {', '.join(STYLES)}")
        self.model = model
        self.policy = policy
        self.style = style

    @classmethod
    def load(cls, model: Path | str | None = None, *, style: str = "news", policy: Path | str | Policy | None = None) -> Cleaner:
        """Load a model and a policy file, the shipped ones by default; of a folder, the model that was promoted there.

        `style="news"` keeps the story alone; `"all"` keeps everything that a page is about
        (specifications, cards, comments of a forum). Raises ModelError, PolicyError or UsageError.
        """
        chosen = policy if isinstance(policy, Policy) else load_policy(policy)
        return cls(load_model(model), chosen, style)

    def clean(self, raw: bytes | str, *, kind: str | None = None, id: str = "-") -> Result:
        """Clean one page or text. `kind` is `html`, `text` or None, which looks at the first characters.

        Raises SourceError when bytes are not text at all.
        """
        return next(self.clean_sources([as_source(raw, kind=kind, id=id)]))

    def clean_lines(self, lines: Sequence[str], *, id: str = "-") -> Result:
        """Clean an article given as flattened lines: exactly one paragraph a line, in the same order."""
        return next(self.judge_articles([(None, article_of_lines(id, lines))]))

    def clean_many(self, items: Iterable[bytes | str | Sequence[str]], *, workers: int = 1) -> Iterator[Result]:
        """Clean many pages, texts or lists of lines; results come in order, whatever the workers."""
        for results in ordered_map(_clean_batch, self, _batched(items), workers):
            yield from results

    def clean_sources(self, sources: Iterable[Source]) -> Iterator[Result]:
        """Clean sources that were read already, in order."""
        yield from self.judge_articles((source, segment(source)) for source in sources)

    def judge_articles(self, articles: Iterable[tuple[Source | None, Article]]) -> Iterator[Result]:
        """Judge segmented articles, in batches of about BATCH_LINES lines; results come in order."""
        waiting: list[tuple[Source | None, Article]] = []
        lines = 0
        for pair in articles:
            waiting.append(pair)
            lines += len(pair[1].paragraphs)
            if lines >= BATCH_LINES:
                yield from self._judge_together(waiting)
                waiting, lines = [], 0
        if waiting:
            yield from self._judge_together(waiting)

    def _judge_together(self, pairs: Sequence[tuple[Source | None, Article]]) -> Iterator[Result]:
        """Judge texts and pages each among their own, and give all results in order."""
        results: dict[int, Result] = {}
        for pages in (False, True):
            chosen = [i for i, (_, article) in enumerate(pairs) if (article.layout is not None) == pages]
            articles = [pairs[i][1] for i in chosen]
            for i, (verdicts, decided) in zip(chosen, self._decided(articles), strict=True):
                source, article = pairs[i]
                results[i] = Result(self.model.classifier.opening, source, article, verdicts, decided)
        yield from (results[i] for i in range(len(pairs)))

    def _decided(self, articles: Sequence[Article]) -> Iterator[tuple[Verdicts, Decided]]:
        """Verdicts and decisions of articles that all have a layout, or none."""
        lines = [paragraph.text for article in articles for paragraph in article.paragraphs]
        offsets = np.cumsum([0, *(len(article.paragraphs) for article in articles)])
        probabilities = self._judged(lines, offsets, [article.layout for article in articles])
        sizes = np.fromiter(map(len, lines), np.int64, len(lines))
        copied = first_copies(lines, offsets.tolist())
        decisions = decide_many(self.policy, probabilities, sizes, offsets, self.style, copied)
        verdicts = verdicts_of(probabilities)
        for i, decided in enumerate(decisions):
            yield verdicts.part(offsets[i], offsets[i + 1]), decided

    def _judged(self, lines: Sequence[str], offsets: NDArray[np.int64], layouts: Sequence[Layout | None]) -> NDArray[np.float64]:
        if not lines:
            return np.zeros((0, len(LABELS)))
        present = [layout for layout in layouts if layout is not None]
        if present:
            return judge_pages(self.model.classifier, lines, offsets, present, self.style)
        return judge(self.model.classifier, lines, offsets, self.style)


def as_source(raw: bytes | str, *, kind: str | None = None, id: str = "-") -> Source:
    """Decode bytes and tell HTML from text where `kind` does not say."""
    if kind not in (None, *KINDS):
        raise UsageError(f"kind is {kind!r}; it must be one of {', '.join(KINDS)} or None")
    if isinstance(raw, str):
        raw = raw.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")  # halves of a pair become one character
        return Source(id, raw, kind or sniff(raw), raw.encode("utf-8", "surrogatepass"), "utf-8", "given")
    text, encoding, reason = decode(raw, where=id)
    return Source(id, text, kind or sniff(text), raw, encoding, reason)


def sniff(text: str) -> str:
    """`html` when the first characters hold a tag that pages begin with, else `text`."""
    start = text[:2000].lstrip("\ufeff \t\r\n").lower()
    if start.startswith("<") and any(sign in start for sign in _HTML_SIGNS):
        return "html"
    return "html" if "<html" in start or "<!doctype html" in start else "text"


def segment(source: Source) -> Article:
    """A source's paragraphs, from its markup or from its lines."""
    if source.kind == "html":
        from cleaner.segment_html import segment_html  # texts need no parser

        return segment_html(source)
    return Article(source.id, segment_text(source.text), source.text)


def _as_article(item: bytes | str | Sequence[str]) -> tuple[Source | None, Article]:
    if isinstance(item, (bytes, str)):
        source = as_source(item)
        return source, segment(source)
    return None, article_of_lines("-", item)


def article_of_lines(id: str, lines: Sequence[str]) -> Article:
    """Lines as paragraphs, placed as if each ended with a line feed."""
    return Article(id, laid_end_to_end(lines), "\n".join(lines))


def _batched(items: Iterable[bytes | str | Sequence[str]]) -> Iterator[list[bytes | str | Sequence[str]]]:
    stream = iter(items)
    while batch := list(islice(stream, BATCH_SOURCES)):
        yield batch


def _clean_batch(cleaner: Cleaner, batch: Sequence[bytes | str | Sequence[str]]) -> list[Result]:
    return list(cleaner.judge_articles(_as_article(item) for item in batch))


@lru_cache(maxsize=1)
def shipped_cleaner() -> Cleaner:
    """A cleaner with the shipped model and policy, loaded once a process."""
    return Cleaner.load()
