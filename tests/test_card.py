"""Model cards and their plots: right about the figures, inert whatever is in them, the same bytes for the same figures."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inert import is_inert, seen

from cleaner.errors import WriteError
from cleaner.evaluation.metrics import Share, calibration_error, confusion_table, keep_drop, per_label, reliability_bins
from cleaner.records import KEPT_LABELS, LABELS
from cleaner.report.card import card_markdown, card_page, plots_folder, write_card
from cleaner.report.charts import Bar, bars, line_chart, reliability
from cleaner.report.confusion import confusion
from cleaner.report.drawing import DIGIT, standalone
from cleaner.report.figures import (
    MOST_CURVES,
    Bin,
    CardFigures,
    Curve,
    Estimate,
    Pages,
    Point,
    SetFigures,
    Source,
    label_scores,
    measure,
)
from cleaner.report.markdown import escaped
from cleaner.store.commit import Disk

CURVE = (Point(0, 0.9, 0.88, 0.92), Point(50, 0.94, 0.93, 0.95), Point(200, 0.95, 0.94, 0.96))
COUNTS = tuple(tuple(9000 if r == c else (r + c) % 3 for c in range(len(LABELS))) for r in range(len(LABELS)))
HOSTILE = "press </text><script>alert(1)</script> | [x](javascript:y) \u202eabc\u200b\x1b[0m `b` **c** & é → نص"
SET = SetFigures(
    HOSTILE, 30, 8, Estimate(0.953, 0.941, 0.962), Share(12, 811), Share(1201, 91231), Share(32, 702), Share(1400, 1514),
    0.0213, COUNTS, (Bin(0.5, 0.4, 10), Bin(0.9, 0.95, 100)), (("set aside", "2 of 30"),),
)  # fmt: skip
CARD = CardFigures(
    "0123456789ab", (HOSTILE,), (Source("seeds", 1234, 8, 99),), (Curve(CURVE, "queue"), Curve(CURVE[:2], "random order")),
    "keep F1", (SET, SetFigures("bare")), (Pages("wcxb", 511, Estimate(0.912, 0.9, 0.921)),),
)  # fmt: skip


def all_charts() -> list[str]:
    return [
        line_chart((Curve(CURVE),), of="F1", title="Curve"),
        line_chart(CARD.curves, of="F1", title=HOSTILE),
        reliability(SET.bins, title="Calibration"),
        confusion(LABELS, COUNTS, title="Confusion"),
        bars(
            [Bar("content", 0.9, 0.8, "9 of 10"), Bar("spam", 1.0, 0.0, HOSTILE)], first="precision", second="recall", title="x"
        ),
    ]


def test_plots_are_well_formed_inert_and_the_same_each_time() -> None:
    """Each plot is valid XML of SVG's own elements, also as a file of its own, says in words what it shows, and is made of the same bytes again."""
    assert all_charts() == all_charts()
    for chart in all_charts():
        is_inert(chart)
        root = ET.fromstring(chart)  # noqa: S314 - made above
        assert root.get("role") == "img"
        assert len(root.get("aria-label", "")) > 15
        assert {node.tag for node in root.iter()} <= {"svg", "g", "title", "text", "path", "line", "rect"}
        whole = ET.fromstring(standalone(chart))  # type: ignore[arg-type]  # noqa: S314
        assert whole.tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize("points", [CURVE[:1], CURVE[1:2], CURVE, tuple(reversed(CURVE)), (Point(10, 1.0, 1.0, 1.0),)])
def test_a_curve_lies_within_its_frame(points: tuple[Point, ...]) -> None:
    """One point or many, in any order, with intervals of no width: every dot is in the picture, those of more labels to the right."""
    root = ET.fromstring(line_chart((Curve(points),), of="F1", title="Curve"))  # noqa: S314
    places = [
        tuple(map(float, re.findall(r"[\d.]+", dot.get("transform", "")))) for dot in root.iter("path") if dot.get("transform")
    ]
    assert len(places) == len(points)
    assert places == sorted(places)
    assert all(0 <= x <= 560 and 0 <= y <= 320 for x, y in places)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30, unique=True))
def test_numbers_below_a_curve_do_not_run_into_one_another(numbers: list[int]) -> None:
    """However close the points, the numbers written under them stand apart and inside the picture."""
    chart = line_chart((Curve(tuple(Point(n, 0.5, 0.4, 0.6) for n in numbers)),), of="F1", title="Curve")
    below = [t for t in ET.fromstring(chart).iter("text") if t.get("y") == "294"]  # noqa: S314
    spans = sorted((float(t.get("x", "")), DIGIT * len(t.text or "") / 2) for t in below)
    assert f"{max(numbers):,}" in {t.text for t in below}
    assert all(x + half <= y - other for (x, half), (y, other) in zip(spans, spans[1:], strict=False))


def test_curves_are_told_apart_without_colour() -> None:
    """Each of several curves has its own stroke and shape of points, named on top; more than can be told apart are refused."""
    root = ET.fromstring(line_chart(CARD.curves, of="F1", title="Curve"))  # noqa: S314
    assert {"queue", "random order"} <= {node.text for node in root.iter("text")}
    assert len({node.get("d") for node in root.iter("path") if "dot" in node.get("class", "")}) == 2
    with pytest.raises(ValueError, match=f"at most {MOST_CURVES}"):
        CardFigures("x", curves=(Curve(CURVE),) * (MOST_CURVES + 1))
    with pytest.raises(ValueError, match="no points"):
        Curve(())


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
    """Precision and recall of the card are those of the evaluation, and F1 is their harmonic mean."""
    labels, predicted = (np.array(side) for side in zip(*pairs, strict=True))
    expected = {s.label: (s.precision, s.recall) for s in per_label(predicted, labels) if s.precision.of or s.recall.of}
    found = label_scores(confusion_table(predicted, labels))
    assert {s.label: (s.precision, s.recall) for s in found} == expected
    for s in found:
        p, r = s.precision.value, s.recall.value
        assert s.f1 == pytest.approx(2 * p * r / (p + r) if p + r else 0.0)


def judged(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "probabilities": rng.dirichlet(np.ones(len(LABELS)) / 3, 50), "labels": rng.integers(0, len(LABELS), 50),
        "kept": rng.random(50) < 0.5, "lengths": rng.integers(1, 300, 50), "articles": np.sort(rng.integers(0, 9, 50)),
    }  # fmt: skip


@given(st.integers(0, 2**32 - 1))
def test_reliability_bins_add_up_to_the_calibration_error(seed: int) -> None:
    """The plot shows the bins that the figure is computed from."""
    lines = judged(seed)
    bins = reliability_bins(lines["probabilities"], lines["labels"])
    assert sum(count for *_, count in bins) == 50
    total = sum(abs(sure - right) * count for sure, right, count in bins) / 50
    assert total == pytest.approx(calibration_error(lines["probabilities"], lines["labels"]), abs=2e-4)


def test_measured_figures_are_those_of_the_evaluation() -> None:
    """What a card says of a set is what the evaluation says; counts add up to the lines."""
    lines = judged(5)
    found = measure("s", **lines, sites=3)
    wanted = lines["labels"] < len(KEPT_LABELS)
    score = keep_drop(lines["kept"], wanted, np.zeros(50, bool), lines["lengths"], lines["articles"])
    assert (found.content_lost, found.noise_left) == (score.content_lines_lost, score.noise_lines_left)
    assert found.keep_f1 is not None
    assert found.keep_f1.value == score.f1
    assert found.lines == 50
    assert found.accuracy is not None
    assert sum(found.confusion[i][i] for i in range(len(LABELS))) == found.accuracy.hits
    with pytest.raises(ValueError, match="no line"):
        measure("s", np.zeros((0, 10)), *(np.zeros(0, int),) * 4)  # type: ignore[arg-type]


def test_a_second_label_is_no_mistake() -> None:
    """Where a person accepts two labels, giving either is right, in every figure and in the table."""
    content, teaser = LABELS.index("content"), LABELS.index("teaser")
    probabilities = np.eye(len(LABELS))[[teaser, content]]
    labels, also = np.array([content, content]), np.array([teaser, -1])
    found = measure("s", probabilities, labels, np.array([False, True]), np.array([9, 9]), np.array([0, 0]), also=also)
    assert found.content_lost == Share(0, 1)
    assert found.accuracy == Share(2, 2)
    assert (found.confusion[teaser][teaser], found.confusion[content][content]) == (1, 1)
    assert found.calibration_error == 0


def test_a_card_shows_all_figures_in_both_forms(tmp_path: Path) -> None:
    """One call gives a page with plots and Markdown with links to them, each link to a file; hostile names are text in both."""
    write_card(CARD, tmp_path / "card.html", tmp_path / "card.md")
    whole, plain = (tmp_path / "card.html").read_text("utf-8"), (tmp_path / "card.md").read_text("utf-8")
    is_inert(whole)
    assert whole.count("<svg") == 4
    for said in ("1,234", "0.953", "0.930-0.950", "wcxb", "12 of 811", "0.021", "queue"):
        assert said in whole
        assert said in plain
    links = re.findall(r"\]\(card\.plots/([\w.-]+)\)", plain)
    assert sorted(links) == sorted(path.name for path in (tmp_path / "card.plots").iterdir())
    assert not re.search(r"(?<!\\)[<`|*]script|(?<!\\)\]\(javascript|(?<!\\)`b|(?<!\\)\*\*c", plain)
    assert "\u202e" not in plain
    assert "<script" not in seen(whole).elements


def test_a_card_written_again_is_the_same_and_leaves_no_old_plots(tmp_path: Path) -> None:
    """The same figures give the same bytes; a plot of an earlier card goes, files of others beside it stay."""
    html, markdown = tmp_path / "a.html", tmp_path / "a.md"
    write_card(CARD, html, markdown)
    first = html.read_bytes(), markdown.read_bytes()
    (tmp_path / "press.model").write_bytes(b"model")
    write_card(CARD, html, markdown)
    assert (html.read_bytes(), markdown.read_bytes()) == first
    write_card(CardFigures("x", sets=(SET,)), html, markdown)
    assert "learning-curve.svg" not in {path.name for path in plots_folder(markdown).iterdir()}
    assert (tmp_path / "press.model").read_bytes() == b"model"


def test_a_full_disk_is_said_plainly(tmp_path: Path) -> None:
    """A card that cannot be written ends with the error that names the file, and leaves the old card whole."""

    class Full(Disk):
        def write(self, file: int, content: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    html, markdown = tmp_path / "a.html", tmp_path / "a.md"
    write_card(CARD, html, markdown)
    first = html.read_bytes(), markdown.read_bytes()
    with pytest.raises(WriteError, match=r"\.svg"):
        write_card(CardFigures("other", sets=(SET,)), html, markdown, disk=Full())
    assert (html.read_bytes(), markdown.read_bytes()) == first


def test_a_card_of_little_is_a_card() -> None:
    """What was not measured is left out, not shown as nothing; a table of the wrong size is refused."""
    assert "<svg" not in card_page(CardFigures("x"))
    assert card_markdown(CardFigures("x"), "plots") == "# Model x\n"
    assert "None" not in card_page(CardFigures("x", sets=(SetFigures("a"),)))
    with pytest.raises(ValueError, match="confusion table has 10 rows"):
        SetFigures("a", confusion=((1, 2), (3, 4)))


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_text_in_markdown_stays_one_line_of_text(value: str) -> None:
    """No text opens a list, a title, a table cell, a link, code or HTML: every sign is escaped and lines are joined."""
    line = escaped(value)
    assert "\n" not in line
    assert not re.search(r"(?<!\\)(?:\\\\)*[<>`*\[\]|#]", line)
    assert not re.match(r"\d*[-+.)] |=", line)
