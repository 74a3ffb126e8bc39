"""Pages and plots: inert whatever is in them, the same bytes for the same figures, and right about the figures."""

from __future__ import annotations

import base64
import random
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from inert import is_inert, seen

from cleaner import Cleaner
from cleaner.audit import read_all
from cleaner.cli import main
from cleaner.corpus import clean_corpus
from cleaner.report.corpus import EXAMPLES, corpus_page, summarise
from cleaner.report.html import element, page, table, text
from cleaner.visible import shown

sys.path.insert(0, str(Path(__file__).parent / "crash"))
from faults import story, yesterday

PAYLOADS = (
    "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "</style><style>*{}", '" onmouseover="x', "javascript:alert(1)",
    "<svg/onload=x>", "&#0;&lt;b&gt;", "{{7*7}}${x}", "]]><!--", "\u202eabc\u200b\x00\x1b[0m\x9b", "\ud800", "<a href='//evil'>",
)  # fmt: skip


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
