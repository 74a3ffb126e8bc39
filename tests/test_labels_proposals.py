"""Weak labels: what the markup of a page says of its text is proposed, where it is sure, and never learned from."""

from __future__ import annotations

import gzip
import json
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from cleaner.cli import main
from cleaner.errors import SeedError
from cleaner.labels import read_labels
from cleaner.labels.proposals import MARKUP
from cleaner.labels.reading import read_proposals

PAGE = """<html><body><nav><a>Home</a></nav>
<h1>The bridge reopens</h1>
<p>The bridge reopens on Monday, said the mayor, who had waited eleven months for the day.</p>
<figure><img><figcaption>The bridge, in March. Photo: A. Smith</figcaption></figure>
<p>Share</p>
<div class="related"><h3>The tunnel closes</h3><p>Share</p></div>
<div class="newsletter-box"><p>Get our letter every morning.</p></div>
<footer><div class="legal"><p>All rights reserved 2021</p></div></footer></body></html>"""
TEXT = """Home

THE BRIDGE REOPENS

The bridge reopens on Monday, said the mayor, who had waited eleven months for the day.

The bridge, in March. Photo: A. Smith

Share

The tunnel closes

Get our letter every morning.

All rights reserved 2022

All rights reserved 2021
"""
NAMED = {
    "Home": "navigation",
    "THE BRIDGE REOPENS": "heading",
    "The bridge, in March. Photo: A. Smith": "caption",
    "Get our letter every morning.": "promo",
    "All rights reserved 2021": "legal",
}
"""Not: the body, which nothing names; what the page has both named and unnamed; a heading within related; another year."""


def proposed(folder: Path, *inputs: str, code: int = 0) -> list[tuple[str, str, str]]:
    result = CliRunner().invoke(
        main, ["labels", "propose", *(str(folder / name) for name in inputs), "-o", str(folder / "out.jsonl")]
    )
    assert result.exit_code == code, (result.output, result.exception)
    return [(event.source, event.text, event.label) for event in read_proposals(folder / "out.jsonl")[1]]


def expected(source: str) -> list[tuple[str, str, str]]:
    return [(source, text, label) for text, label in NAMED.items()]


def test_files_side_by_side(tmp_path: Path) -> None:
    """A text beside its page gets what the page's markup names, by the text's own place and digest; a text alone gets nothing."""
    (tmp_path / "news").mkdir()
    (tmp_path / "news/a.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "news/a.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "news/b.txt").write_text(TEXT, encoding="utf-8")
    assert proposed(tmp_path, "") == expected("news/a.txt")
    [article], events = read_proposals(tmp_path / "out.jsonl")
    assert article.source_sha256 == sha256(TEXT.encode()).hexdigest()
    assert (article.site, article.language) == ("news", "en")
    assert all(article.paragraphs[event.index] == event.text for event in events)


def test_names_with_dots(tmp_path: Path) -> None:
    """Names of sites and dates in names pair each text with its own page, packed or not, and with no other that begins alike."""
    names = ("lemonde.fr-0", "lemonde.fr-1", "2026.11.28")
    for name in names:
        (tmp_path / f"{name}.txt").write_text(TEXT, encoding="utf-8")
    for name in names[:2]:
        (tmp_path / f"{name}.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "2026.11.28.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    (tmp_path / "lemonde.txt").write_text(TEXT, encoding="utf-8")
    assert sorted({source for source, _, _ in proposed(tmp_path, "")}) == sorted(f"{name}.txt" for name in names)


def test_rows_with_both_fields(tmp_path: Path) -> None:
    """Rows that hold a page and its text give proposals; rows with one of them give none, bad rows are named and set aside."""
    both = {"html": PAGE, "text": TEXT, "url": "https://www.bridge.example/a"}
    rows = [{"text": TEXT}, both, {"html": PAGE}, {"html": PAGE, "text": ""}, {"title": "x"}, both]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "{bad\n", encoding="utf-8")
    assert proposed(tmp_path, "rows.jsonl", code=3) == [*expected("rows.jsonl#2"), *expected("rows.jsonl#6")]
    assert {article.site for article in read_proposals(tmp_path / "out.jsonl")[0]} == {"bridge.example"}


def test_nothing_is_learned_until_a_person_accepts(tmp_path: Path) -> None:
    """A file of proposals is refused as labels, and cannot be imported under any name."""
    (tmp_path / "a.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    assert {event.who for event in read_proposals(tmp_path / "out.jsonl")[1]} == {MARKUP} if proposed(tmp_path, "") else False
    with pytest.raises(SeedError, match="only proposals"):
        list(read_labels(tmp_path / "out.jsonl"))
    command = ["labels", "import", str(tmp_path / "out.jsonl"), "-o", str(tmp_path / "j.jsonl"), "--who", "ana"]
    assert CliRunner().invoke(main, command).exit_code == 65
    assert not (tmp_path / "j.jsonl").exists()
