"""What became of a corpus, out of its audit: a summary that a person can read before looking at single lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from heapq import heappush, heappushpop

from cleaner.audit import CLEANED, Entry
from cleaner.records import ACTIONS, LABELS, STAYING
from cleaner.report.charts import Bar, bars
from cleaner.report.html import Html, element, figure_list, join, page, table
from cleaner.report.style import PAGE_STYLE
from cleaner.sites import site_of

EXAMPLES = 12
"""Paragraphs shown of each label that leaves, and of those kept in doubt."""
LONGEST = 600
MOST_SITES, MOST_ASIDE = 100, 200
DOUBT = "kept for review"
_SAID = dict(zip(ACTIONS, ("kept", "removed", "moved to metadata", DOUBT), strict=True))


@dataclass
class Site:
    """Sums of one site."""

    sources: int = 0
    aside: int = 0
    paragraphs: int = 0
    gone: int = 0


@dataclass
class Summary:
    """Sums over an audit, and a few of its paragraphs; memory does not grow with the corpus, but for a line a site."""

    sources: int = 0
    cleaned: int = 0
    articles: int = 0
    models: Counter[str] = field(default_factory=Counter)
    policies: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    """Paragraphs by label."""
    gone: Counter[str] = field(default_factory=Counter)
    """Paragraphs that left, by label."""
    rules: Counter[str] = field(default_factory=Counter)
    sites: dict[str, Site] = field(default_factory=dict)
    aside: list[tuple[str, str]] = field(default_factory=list)
    examples: dict[str, list[tuple[int, str, int, float, str]]] = field(default_factory=dict)
    """By label, or DOUBT: minus the hash, source, paragraph, probability, text."""


def summarise(entries: Iterable[Entry]) -> Summary:
    """Sum up an audit, one entry at a time. The examples are a fair sample, the same one every time."""
    found = Summary()
    for entry in entries:
        _add(found, entry)
    return found


def _add(found: Summary, entry: Entry) -> None:
    line = entry.source
    site = found.sites.setdefault(site_of(line.source, line.metadata) or "unknown", Site())
    cleaned = line.status == CLEANED
    found.sources, found.cleaned, found.articles = found.sources + 1, found.cleaned + cleaned, found.articles + len(line.outputs)
    site.sources, site.aside = site.sources + 1, site.aside + (not cleaned)
    found.models[line.model] += 1
    found.policies[line.policy] += 1
    if not cleaned:
        found.reasons[line.code or line.status] += 1
        if len(found.aside) < MOST_ASIDE:
            found.aside.append((line.source, line.reason))
    for p in entry.paragraphs:
        leaves = p.decision not in STAYING
        found.actions[p.decision] += 1
        found.labels[p.label] += 1
        found.rules[p.rule] += 1
        found.gone[p.label] += leaves
        site.paragraphs, site.gone = site.paragraphs + 1, site.gone + leaves
        if leaves or p.decision == "review":
            _show(found.examples.setdefault(p.label if leaves else DOUBT, []), p.source, p.index, p.probability, p.text)


def _show(held: list[tuple[int, str, int, float, str]], source: str, index: int, probability: float, text: str) -> None:
    """Hold the EXAMPLES texts whose hashes are smallest; a text that stands in many files is one."""
    place = -int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    if any(row[0] == place for row in held):
        return
    row = (place, source, index, probability, text[:LONGEST])
    if len(held) < EXAMPLES:
        heappush(held, row)
    elif row > held[0]:
        heappushpop(held, row)


def corpus_page(found: Summary, name: str) -> str:
    """The summary as a page of its own; `name` says of what."""
    gone = sum(found.gone.values())
    figures = {
        "sources": found.sources, "cleaned": found.cleaned, "clean articles": found.articles,
        "set aside": found.sources - found.cleaned, "paragraphs": sum(found.actions.values()), "taken": gone,
    }  # fmt: skip
    names = ", ".join(sorted(found.models)), ", ".join(sorted(found.policies))
    return page(
        f"Cleaned corpus {name}",
        element("h1", "What became of ", element("code", name)),
        element("p", "Model ", element("code", names[0]), ", policy ", element("code", names[1]), ".", class_="soft"),
        figure_list(figures),
        *_labels(found),
        *_aside(found),
        *_examples(found),
        *_sites(found),
        style=PAGE_STYLE,
    )


def _labels(found: Summary) -> Iterator[Html]:
    most = max(found.labels.values(), default=1)
    said = [(label, found.labels[label], found.gone[label]) for label in LABELS if found.labels[label]]
    rows = [Bar(label, gone / most, count / most, f"{gone:,} of {count:,} taken") for label, count, gone in said]
    yield element("h2", "By label")
    yield element(
        "figure",
        element("div", bars(rows, first="taken", second="all", title="Paragraphs by label", ticks=False), class_="scroll"),
    )
    yield table(("what became of them", "paragraphs"), ((_SAID[a], found.actions[a]) for a in ACTIONS if found.actions[a]))
    yield table(("rule of the policy", "paragraphs"), found.rules.most_common())


def _sites(found: Summary) -> Iterator[Html]:
    listed = sorted(found.sites.items(), key=lambda pair: (-pair[1].sources, pair[0]))
    yield element("h2", "By site")
    head = ("site", "sources", "set aside", "paragraphs", "taken", "share taken")
    yield table(
        head, ([n, s.sources, s.aside, s.paragraphs, s.gone, s.gone / max(s.paragraphs, 1)] for n, s in listed[:MOST_SITES])
    )
    if len(listed) > MOST_SITES:
        yield element("p", f"And {len(listed) - MOST_SITES:,} more sites.", class_="soft")


def _aside(found: Summary) -> Iterator[Html]:
    if not found.reasons:
        return
    yield element("h2", "Set aside")
    yield table(("reason", "sources"), found.reasons.most_common())
    yield table(("source", "why"), found.aside, caption=f"The first {len(found.aside):,}")


def _examples(found: Summary) -> Iterator[Html]:
    yield element("h2", "Some of what went, and some of what was kept in doubt")
    for label in (*LABELS, DOUBT):
        rows = sorted(found.examples.get(label, ()), reverse=True)
        if rows:
            kept = label == DOUBT
            yield element("h3", label)
            yield element("ol", join((_paragraph(row, kept=kept) for row in rows), "\n"), class_="paragraphs")


def _paragraph(row: tuple[int, str, int, float, str], *, kept: bool) -> Html:
    _, source, index, probability, text = row
    sign, kind = ("?", "kept") if kept else ("-", "removed")
    what = element(
        "span", element("span", sign, class_="sign"), f"{probability:.2f}, ", source, f", paragraph {index}", class_="what"
    )
    return element("li", what, element("span", text, class_="words"), class_=kind)
