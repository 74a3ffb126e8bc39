"""Pages and plots: inert whatever is in them, the same bytes for the same figures, and right about the figures."""

from __future__ import annotations

import base64
import json
import random
import re
import sys
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from cleaner import Cleaner
from cleaner.audit import read_all
from cleaner.cli import main
from cleaner.corpus import clean_corpus
from cleaner.evaluation.metrics import calibration_error, confusion_table, per_label, reliability_bins
from cleaner.records import LABELS
from cleaner.report.card import card_figures, card_markdown, card_page, plot_files, scores_of
from cleaner.report.charts import Bar, Bin, Point, bars, confusion, line_chart, reliability, standalone
from cleaner.report.corpus import EXAMPLES, corpus_page, summarise
from cleaner.report.html import ATTRIBUTES, ELEMENTS, element, page, table, text
from cleaner.visible import shown

sys.path.insert(0, str(Path(__file__).parent / "crash"))
from faults import story, yesterday

HEAD = {"html", "head", "meta", "title", "style", "body"}
PAYLOADS = (
    "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "</style><style>*{}", '" onmouseover="x', "javascript:alert(1)",
    "<svg/onload=x>", "&#0;&lt;b&gt;", "{{7*7}}${x}", "]]><!--", "\u202eabc\u200b\x00\x1b[0m\x9b", "\ud800", "<a href='//evil'>",
)  # fmt: skip


class Seen(HTMLParser):
    """What a browser would find: elements, attributes, text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


def seen(markup: str) -> Seen:
    parser = Seen()
    parser.feed(markup)
    parser.close()
    return parser


def is_inert(markup: str) -> None:
    """Only elements and attributes of a report, links within it, nothing that a reader would not see."""
    found = seen(markup)
    assert found.elements <= {name.lower() for name in ELEMENTS} | HEAD
    assert found.attributes <= {name.lower() for name in ATTRIBUTES} | {"http-equiv", "content", "charset", "name"}
    assert all(link.startswith("#") for link in found.links)
    assert shown(markup) == markup
    markup.encode("utf-8")


@given(st.one_of(st.text(st.characters(exclude_categories=()), max_size=60), st.sampled_from(PAYLOADS)))
def test_any_text_stays_text(value: str) -> None:
    """Whatever is scraped: a page has no element of its making, and shows it all, hidden characters as marks."""
    markup = element("p", value, title=value)
    is_inert(markup)
    found = seen(markup)
    assert found.elements <= {"p", "bdi", "span"}
    assert found.text == shown(value.replace("\r\n", "\n"))


@pytest.mark.parametrize(
    ("name", "attributes"),
    [("script", {}), ("iframe", {}), ("img", {}), ("style", {}), ("p", {"onclick": "x"}), ("p", {"style": "x"}), ("a", {"href": "//x"}),
     ("a", {"href": "javascript:x"}), ("p", {"src": "x"})],
)  # fmt: skip
def test_what_runs_or_loads_cannot_be_made(name: str, attributes: dict[str, str]) -> None:
    """There is no way to put a script, a picture, a style or a link to elsewhere into a page."""
    with pytest.raises(ValueError, match=r"report"):
        element(name, **attributes)


def test_the_policy_lets_in_its_own_style_alone() -> None:
    """The page's policy names the checksum of its style sheet and allows nothing else."""
    whole = page("A <title>", element("p", "x"), style="p{color:red}")
    digest = base64.b64encode(sha256(b"p{color:red}").digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'" in whole
    assert "<title>A &lt;title&gt;</title>" in whole
    assert "unsafe" not in whole
    is_inert(whole)


def test_foreign_scripts_keep_their_direction() -> None:
    """Arabic in a line does not turn what stands beside it; plain text has no markup around it."""
    assert text("abc é") == "abc é"
    assert text("عربي") == "<bdi>عربي</bdi>"


def test_columns_of_numbers_stand_to_the_right() -> None:
    """A column is one of numbers as a whole: a name that begins with a digit stays with the names."""
    markup = table(("site", "n"), [["1tv.ru", 1234], ["a.fr", 2]])
    assert markup.count('<td class="number">') == 2
    assert "<td>1tv.ru</td>" in markup
    assert "1,234" in markup
    assert table(("a", "b"), []).count("<th") == 3


CURVE = (Point(0, 0.9, 0.88, 0.92), Point(50, 0.94, 0.93, 0.95), Point(200, 0.95, 0.94, 0.96))


def all_charts() -> list[str]:
    counts = [[9 if r == c else (r + c) % 3 for c in range(len(LABELS))] for r in range(len(LABELS))]
    return [
        line_chart(CURVE, of="F1", title="Curve"),
        reliability((Bin(0.5, 0.4, 10), Bin(0.9, 0.95, 100)), title="Calibration"),
        confusion(LABELS, counts, title="Confusion"),
        bars([Bar("content", 0.9, 0.8, "9 of 10")], first="precision", second="recall", title="Scores"),
    ]


def test_plots_are_well_formed_inert_and_the_same_each_time() -> None:
    """Each plot is valid XML, also as a file of its own, says in words what it shows, and is made of the same bytes again."""
    assert all_charts() == all_charts()
    for chart in all_charts():
        is_inert(chart)
        root = ET.fromstring(chart)  # noqa: S314 - made above
        assert root.get("role") == "img"
        assert len(root.get("aria-label", "")) > 15
        whole = ET.fromstring(standalone(chart))  # type: ignore[arg-type]  # noqa: S314
        assert whole.tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize("points", [CURVE[:1], CURVE[1:2], CURVE, tuple(reversed(CURVE)), (Point(10, 1.0, 1.0, 1.0),)])
def test_a_curve_lies_within_its_frame(points: tuple[Point, ...]) -> None:
    """One point or many, in any order, with intervals of no width: every dot is in the picture, those of more labels to the right."""
    root = ET.fromstring(line_chart(points, of="F1", title="Curve"))  # noqa: S314
    places = [(float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in root.iter("circle")]
    assert len(places) == len(points)
    assert places == sorted(places)
    assert all(0 <= x <= 520 and 0 <= y <= 300 for x, y in places)


def test_the_confusion_plot_shows_every_count() -> None:
    """Every count is written in its cell, and the worst mistakes are named for those who don't see the plot."""
    counts = [[0] * len(LABELS) for _ in LABELS]
    counts[0][4], counts[3][3], counts[9][6] = 17, 1234, 3
    root = ET.fromstring(confusion(LABELS, counts, title="Confusion"))  # noqa: S314
    written = {node.text for node in root.iter("text")}
    assert {"17", "1,234", "3"} <= written
    assert "17 content taken for teaser; 3 spam taken for navigation" in root.get("aria-label", "")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=80))
def test_scores_follow_from_the_confusion_table(pairs: list[tuple[int, int]]) -> None:
    """Precision and recall of the card are those of the evaluation."""
    labels, predicted = (np.array(side) for side in zip(*pairs, strict=True))
    expected = {s.label: (s.precision, s.recall) for s in per_label(predicted, labels) if s.precision.of or s.recall.of}
    assert {label: (p, r) for label, p, r in scores_of(confusion_table(predicted, labels))} == expected


@given(st.integers(0, 2**32 - 1))
def test_reliability_bins_add_up_to_the_calibration_error(seed: int) -> None:
    """The plot shows the bins that the figure is computed from."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(len(LABELS)) / 3, 50)
    labels = rng.integers(0, len(LABELS), 50)
    bins = reliability_bins(probabilities, labels)
    assert sum(count for *_, count in bins) == 50
    total = sum(abs(sure - right) * count for sure, right, count in bins) / 50
    assert total == pytest.approx(calibration_error(probabilities, labels), abs=2e-4)


def figures() -> dict[str, object]:
    counts = [[20 if r == c else 1 for c in range(len(LABELS))] for r in range(len(LABELS))]
    return {
        "model": "0123456789ab",
        "about": ["Written by a test <b>."],
        "trained_on": [["seeds", 1234, 8, 99]],
        "curve": [list(point) for point in CURVE],
        "sets": [
            {"name": "seeds", "rows": [["keep F1", "0.950"]], "confusion": counts, "reliability": [[0.5, 0.4, 3], [0.9, 0.9, 40]]}
        ],
        "pages": [["wcxb", 30, "0.950"]],
    }


def test_a_card_shows_all_figures_in_both_forms() -> None:
    """From one plain mapping, as JSON carries it, come a page with plots and Markdown with links to them, each link to a file."""
    card = card_figures(json.loads(json.dumps(figures())))
    whole, plain = card_page(card), card_markdown(card, "press.plots")
    is_inert(whole)
    assert whole.count("<svg") == 4
    for said in ("1,234", "0.950", "0.930-0.950", "wcxb"):
        assert said in whole
        assert said in plain
    links = re.findall(r"\]\(press\.plots/([\w.-]+)\)", plain)
    assert sorted(links) == sorted(plot_files(card))
    assert card_page(card) == card_page(card_figures(figures()))
    assert "](" not in card_markdown(card)


def test_a_card_of_little_is_a_card(tmp_path: Path) -> None:
    """What was not measured is left out, not shown as nothing; a table of the wrong size is refused."""
    bare = card_figures({"model": "x"})
    assert "<svg" not in card_page(bare)
    assert card_markdown(bare, "plots") == "# Model x\n"
    with pytest.raises(ValueError, match="confusion table has 10 rows"):
        card_figures({"model": "x", "sets": [{"name": "a", "confusion": [[1, 2], [3, 4]]}]})


def test_the_summary_of_a_corpus_is_that_of_its_run(tmp_path: Path, cleaner: Cleaner) -> None:
    """Sources, reasons, decisions and labels add up to what the run reported, by site and in all."""
    source, out = yesterday(tmp_path / "in"), tmp_path / "out"
    report = clean_corpus([source], out, cleaner)
    found = summarise(read_all(out))
    assert (found.sources, found.cleaned, found.articles) == (report.sources, report.cleaned, report.articles)
    assert (found.actions, +found.gone, found.reasons) == (report.decisions, report.removed, report.reasons)
    assert sum(site.sources for site in found.sites.values()) == report.sources
    assert sum(site.gone for site in found.sites.values()) == sum(report.removed.values())
    whole = corpus_page(found, "out")
    is_inert(whole)
    assert f"<dd>{report.sources:,}</dd>" in whole


def test_examples_are_the_same_in_any_order_and_each_once(tmp_path: Path, cleaner: Cleaner) -> None:
    """The sample of what went does not depend on the order of sources; a text that stands everywhere is shown once."""
    (tmp_path / "in").mkdir()
    for number in range(40):
        (tmp_path / f"in/{number}.txt").write_text(story(number), encoding="utf-8")
    clean_corpus([tmp_path / "in"], tmp_path / "out", cleaner)
    entries = list(read_all(tmp_path / "out"))
    mixed = random.Random(3).sample(entries, len(entries))
    one, other = summarise(entries), summarise(mixed)
    texts = {label: sorted(row[4] for row in rows) for label, rows in one.examples.items()}
    assert texts == {label: sorted(row[4] for row in rows) for label, rows in other.examples.items()}
    assert all(len(set(some)) == len(some) <= EXAMPLES for some in texts.values())


def test_the_command_writes_a_page_and_never_into_the_corpus(tmp_path: Path, cleaner: Cleaner) -> None:
    """`cleaner report` gives a page with hostile text as text; a place inside the output folder, or no audit, is refused."""
    (tmp_path / "in").mkdir()
    hostile = story(1).replace("Partager cet article", "Partager <script>alert(1)</script> \u202e cet article")
    (tmp_path / "in/<i>.txt").write_text(hostile, encoding="utf-8")
    out, html = tmp_path / "out", tmp_path / "report.html"
    clean_corpus([tmp_path / "in"], out, cleaner)
    run = CliRunner().invoke(main, ["report", str(out), "--html", str(html)])
    assert run.exit_code == 0, run.output
    is_inert(html.read_text(encoding="utf-8"))
    assert "&lt;script&gt;" in html.read_text(encoding="utf-8")
    assert CliRunner().invoke(main, ["report", str(out), "--html", str(out / "x.html")]).exit_code == 2
    assert CliRunner().invoke(main, ["report", str(tmp_path / "in"), "--html", str(html)]).exit_code == 73
