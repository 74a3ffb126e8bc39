"""One small adapter a system, all in one dict: ours and the peers that a user may have installed.

Every system gets the same page in the same form (sets.Page.html). Options are those of the benchmark's
published runner where there is one:

- trafilatura: `extract(include_comments=False)` for article-extraction-benchmark (extractors/run_trafilatura.py),
  the same with tables and without formatting for trafilatura's evaluation (tests/eval_common.py), without
  tables for fundus-evaluation (scrapers/_scrapers.py). WCXB publishes no runner and keeps comments in its
  gold: plain `extract()`. Our own sets are press: no comments.
- jusText: all three runners pass 50, 200, 0.1, 0.2, 0.2, 200; fundus-evaluation keeps headings, the others
  drop them. The stop list is the page's language where the set names it (English for the two English
  sets), else all languages together, as trafilatura's runner has it.
- Resiliparse: `extract_plain_text(main_content=True)`, as both runners.
- readability-lxml: `summary(html_partial=True)` as text, as article-extraction-benchmark's runner.
- boilerpy3: `ArticleExtractor`, as both runners.
- newspaper4k: a page given as text is parsed, as article-extraction-benchmark's runner; pictures are not
  fetched. The page's language is told where the set names it; else it reads the page's own, or takes English.

Loading is apart from extracting so that imports are not timed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple

from cleaner.benchmarks.sets import Page
from cleaner.decoding import decode


class Settings(NamedTuple):
    """What a run asks of the systems; plain values, as they travel to another process."""

    style: str = "news"
    model: str | None = None
    trafilatura: Mapping[str, Any] = {"include_comments": False}
    justext_headings: bool = False


class Loaded(NamedTuple):
    """A system ready to work: a page to its text and, where it gives them, to title, author and date."""

    text: Callable[[Page], str | None]
    known: Callable[[Page], Mapping[str, str | None]] | None = None


class System(NamedTuple):
    """A system by the names of its distribution and its module."""

    package: str
    module: str
    load: Callable[[Settings], Loaded]


_LANGUAGES = {
    "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "fr": "French", "it": "Italian", "nl": "Dutch",
    "pl": "Polish", "pt": "Portuguese", "ru": "Russian", "cs": "Czech", "sv": "Swedish", "da": "Danish", "tr": "Turkish",
}  # fmt: skip
"""jusText's names of languages, by the codes that newspaper4k takes; our sets use either."""
_BREAKS = (
    "p",
    "div",
    "br",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "tr",
    "pre",
    "blockquote",
    "section",
    "article",
    "dd",
    "dt",
)
"""Tags after which a line ends when readability's HTML is read as text."""
NOWHERE = "https://example.org/"
"""For a system that insists on a URL where the set has none."""


def load_cleaner(settings: Settings) -> Loaded:
    """Ours, one page a call; lines are given as lines."""
    from cleaner.pipeline import Cleaner, Result

    cleaner = Cleaner.load(settings.model, style=settings.style)

    def clean(page: Page) -> Result:
        return cleaner.clean_lines(page.lines) if page.lines else cleaner.clean(page.html, kind="html")

    def known(page: Page) -> Mapping[str, str | None]:
        articles = clean(page).articles
        return {"title": articles[0].title, "author": articles[0].author, "date": articles[0].date} if articles else {}

    return Loaded(lambda page: clean(page).text, known)


def load_trafilatura(settings: Settings) -> Loaded:
    """trafilatura.extract with the benchmark's options; extract_metadata for what it knows."""
    import trafilatura

    def known(page: Page) -> Mapping[str, str | None]:
        document = trafilatura.extract_metadata(page.html)
        return {name: getattr(document, name, None) for name in ("title", "author", "date")}

    return Loaded(lambda page: trafilatura.extract(page.html, **settings.trafilatura), known)


def load_justext(settings: Settings) -> Loaded:
    """JusText with the runners' parameters."""
    import justext

    stoplists = {language: justext.get_stoplist(language) for language in justext.get_stoplists()}
    union = frozenset[str]().union(*stoplists.values())

    def text(page: Page) -> str:
        language = _LANGUAGES.get(page.language[:2], page.language)
        stoplist = stoplists.get(language, union)
        paragraphs = justext.justext(page.html, stoplist, 50, 200, 0.1, 0.2, 0.2, 200, not settings.justext_headings)
        return "\n".join(p.text for p in paragraphs if not p.is_boilerplate)

    return Loaded(text)


def load_resiliparse(_: Settings) -> Loaded:
    """Resiliparse's main content."""
    from resiliparse.extract.html2text import extract_plain_text

    return Loaded(lambda page: extract_plain_text(_decoded(page), main_content=True))


def load_readability(_: Settings) -> Loaded:
    """The Python port of Readability, its HTML read as text."""
    from readability import Document

    return Loaded(lambda page: _as_text(Document(_decoded(page)).summary(html_partial=True)))


def load_boilerpy3(_: Settings) -> Loaded:
    """The Python port of Boilerpipe."""
    from boilerpy3.extractors import ArticleExtractor

    return Loaded(lambda page: ArticleExtractor().get_content(_decoded(page)))


def load_newspaper(_: Settings) -> Loaded:
    """newspaper4k on a page that is already here."""
    from newspaper import Article

    def text(page: Page) -> Any:
        code = next((code for code, name in _LANGUAGES.items() if page.language in (code, name)), None)
        article = Article(page.url or NOWHERE, fetch_images=False, **({"language": code} if code else {}))
        article.download(input_html=_decoded(page))
        article.parse()
        return article.text

    return Loaded(text)


def load_nothing(_: Settings) -> Loaded:
    """No system: what reading the set alone costs."""
    return Loaded(lambda _page: None)


OURS = "cleaner"
REFERENCE = "trafilatura"
"""Speeds are given as ratios to this one."""
SYSTEMS: Mapping[str, System] = {
    OURS: System("cleaner", "cleaner", load_cleaner),
    REFERENCE: System("trafilatura", "trafilatura", load_trafilatura),
    "justext": System("jusText", "justext", load_justext),
    "resiliparse": System("Resiliparse", "resiliparse", load_resiliparse),
    "readability-lxml": System("readability-lxml", "readability", load_readability),
    "boilerpy3": System("boilerpy3", "boilerpy3", load_boilerpy3),
    "newspaper4k": System("newspaper4k", "newspaper", load_newspaper),
}
PEERS = tuple(name for name in SYSTEMS if name != OURS)


def installed(name: str) -> str | None:
    """The version of a system that is installed, else None; nothing is imported. We run from a checkout too."""
    from importlib.metadata import PackageNotFoundError, version  # 15 ms, and every command imports this module

    system = SYSTEMS[name]
    try:
        return version(system.package) if find_spec(system.module) else None
    except PackageNotFoundError:
        return "checkout" if name == OURS else None


def _decoded(page: Page) -> str:
    """The page as text for systems that take no bytes; all with the same decoder, within their time."""
    return page.html if isinstance(page.html, str) else decode(page.html, where=page.id).text


def _as_text(fragment: str) -> str:
    """The text of a piece of HTML, a line a paragraph."""
    from lxml import html

    tree = html.fromstring(fragment)
    for element in tree.iter(*_BREAKS):
        element.tail = "\n" + (element.tail or "")
    return str(tree.text_content())
