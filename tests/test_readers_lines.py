"""JSONL and CSV: a bad line costs itself, and the report says where it stands."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_inputs import PACK, raws, read, read_memory, written

from cleaner.decoding import decode
from cleaner.readers import Fields, Limits, input_of


def lines(count: int) -> list[bytes]:
    return [
        json.dumps({"id": i, "text": f"Line {i}: the ferry sails at noon, é."}, ensure_ascii=False).encode() for i in range(count)
    ]


def test_one_bad_byte_costs_one_line(tmp_path: Path) -> None:
    """One Latin-1 byte in a file of 5,000 articles: 4,999 are read, and the line is named with its number and offset."""
    content = lines(5000)
    content[10] = content[10].replace("é".encode(), b"\xe9")
    found, [rejected] = read(written(tmp_path, "a.jsonl", b"\n".join(content) + b"\n"))
    assert len(found) == 4999
    offset = sum(len(line) + 1 for line in content[:10])
    assert (rejected.id, rejected.reason, rejected.raw) == ("a.jsonl#11", "not-utf8", content[10])
    assert f"line 11 at byte {offset}:" in rejected.message
    assert [record.id for record in found[9:12]] == ["a.jsonl#10", "a.jsonl#12", "a.jsonl#13"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"not json", "bad-json"),
        (b'{"text": "a"', "bad-json"),
        (b'{"text": "a"}{"text": "b"}', "bad-json"),
        (b'{"text": "a", "text": "b"}', "bad-json"),
        (b"[1, 2]", "not-an-object"),
        (b'"text"', "not-an-object"),
        (b"17", "not-an-object"),
        (b'{"text": "\xff"}', "not-utf8"),
        (b'{"text": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too-deep"),
        (b'{"text": "a", "x": ' + b'[{"x":' * 50 + b"1" + b"}]" * 50 + b"}", "too-deep"),
        (b'{"title": "no article"}', "no-text"),
        (b'{"text": ""}', "no-text"),
        (b'{"text": null, "html": NaN}', "no-text"),
        (b'{"text": {"a": 1}}', "no-text"),
        (b'{"text": "' + b"x" * 3_000_000 + b'"}', "too-long"),
    ],
)
def test_each_kind_of_bad_line_is_set_aside(line: bytes, reason: str) -> None:
    """Every way in which a line can be bad costs that line alone and has a reason of its own."""
    good = lines(2)
    item = input_of("-", "a.jsonl")
    for end in (b"\n", b"\r\n"):
        found, [rejected] = read_memory(end.join([good[0], line, good[1]]), item, Limits(line=2 << 20))
        assert [record.id for record in found] == ["a.jsonl#1", "a.jsonl#3"]
        assert (rejected.id, rejected.reason) == ("a.jsonl#2", reason)
        assert len(rejected.raw) <= 1 << 20
        assert line.startswith(rejected.raw.rstrip(b"\r"))


def test_lines_that_are_fine_though_odd() -> None:
    """A byte order mark, empty lines, huge numbers, 60 levels, lone surrogates and an unfinished last line lose nothing."""
    content = [
        b'\xef\xbb\xbf{"text": "one"}',
        b"",
        b'{"n": ' + b"9" * 100_000 + b', "text": "two"}',
        b'  {"text": "three", "x": ' + b"[" * 60 + b"]" * 60 + b"}  ",
        b'{"text": "half \\ud800 of a pair, and \\ud83d\\ude00"}',
        b'{"text": "' + b"[" * 500 + b'"}',
    ]
    found, rejected = read_memory(b"\n".join(content), input_of("-", "a.jsonl"))
    assert not rejected
    assert [r.raw.decode() for r in found] == ["one", "two", "three", "half \ufffd of a pair, and \U0001f600", "[" * 500]


def test_a_page_goes_before_its_text() -> None:
    """Where a line has both, the page is read: it says more of what each line is."""
    row = {
        "text": "plain",
        "html": "<html><p>page</p></html>",
        "url": "http://a.org/",
        "title": "T",
        "authors": ["A", "B"],
        "date": 2026,
    }
    [record], _ = read_memory(json.dumps(row).encode(), input_of("-", "a.jsonl"))
    assert (record.raw, record.kind) == (b"<html><p>page</p></html>", "html")
    assert record.metadata == {"url": "http://a.org/", "title": "T", "author": "A, B", "date": "2026"}
    [record], _ = read_memory(json.dumps({**row, "html": ""}).encode(), input_of("-", "a.jsonl"))
    assert (record.raw, record.kind) == (b"plain", "text")


def test_fields_can_be_named() -> None:
    """A corpus with names of its own is read once they are said; what a line has instead is in the message."""
    row = json.dumps({"corps": "Le pont rouvre.", "titre": "Pont"}).encode()
    item = input_of("-", "a.jsonl")
    _, [rejected] = read_memory(row, item)
    assert "its fields are corps, titre" in rejected.message
    [record], _ = read_memory(row, item, fields=Fields(text=("corps",), title=("titre",)))
    assert (record.raw.decode(), record.metadata) == ("Le pont rouvre.", {"title": "Pont"})


def test_a_page_in_a_field_is_utf8_whatever_it_says() -> None:
    """A page that was decoded for JSON still names its old encoding; it is not decoded in it a second time."""
    text = '<html><head><meta charset="gbk"></head><p>大桥</p></html>'
    assert text.encode().decode("gbk") != text, "bytes that are valid in both"
    [record], _ = read_memory(json.dumps({"html": text}).encode(), input_of("-", "a.jsonl"))
    assert decode(record.raw).text == text


@pytest.mark.parametrize("codec", ["gz", "zst", "bz2"])
def test_a_packed_file_that_breaks_off_keeps_its_complete_lines(codec: str) -> None:
    """Of a download that broke off, every complete line is kept, and the broken one and the cut are reported."""
    content = lines(60_000)
    packed = PACK[codec](b"\n".join(content) + b"\n")
    found, rejected = read_memory(packed[: len(packed) * 3 // 4], input_of("-", f"a.jsonl.{codec}"))
    assert 1000 < len(found) < 60_000
    assert [record.raw for record in found] == [json.loads(line)["text"].encode() for line in content[: len(found)]]
    assert {r.reason for r in rejected} == {"truncated"}
    assert rejected[0].id == f"a.jsonl.{codec}#{len(found) + 1}"


@given(st.lists(st.binary(max_size=60).filter(lambda line: b"\n" not in line), max_size=6))
def test_every_line_is_answered_for(junk: list[bytes]) -> None:
    """Each line that is not blank gives exactly one record or one rejection, whatever bytes it holds."""
    content = b"\n".join([*junk, *lines(2)])
    found, rejected = read_memory(content, input_of("-", "a.jsonl"))
    assert len(found) + len(rejected) == sum(
        bool(line.removeprefix(b"\xef\xbb\xbf" if not i else b"").strip()) for i, line in enumerate([*junk, *lines(2)])
    )
    assert len(found) >= 2


ROWS = [
    {"id": "1", "title": "Bridge", "text": 'The bridge reopens.\nOn Monday, "probably".', "url": "http://a.org/1"},
    {"id": "2", "title": "Ferry, the", "text": "The ferry sank.\r\n\r\nNobody was hurt; all were saved.", "url": ""},
    {"id": "3", "title": "", "text": "=HYPERLINK(1)\tand a | bar", "url": "http://a.org/3"},
]


def sheet(rows: list[dict[str, str]], delimiter: str = ",", end: str = "\r\n") -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_sheets_are_read_as_they_were_written(tmp_path: Path, delimiter: str, end: str) -> None:
    """Quoted line feeds, quotes and delimiters are part of the text; ids name the line that a row begins on."""
    found, rejected = read(written(tmp_path, "a.csv", b"\xef\xbb\xbf" + sheet(ROWS, delimiter, end)))
    assert not rejected
    assert [record.raw.decode() for record in found] == [row["text"] for row in ROWS]
    assert [record.id for record in found] == ["a.csv#2", "a.csv#4", "a.csv#7"]
    assert found[1].metadata == {"id": "2", "title": "Ferry, the"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"9,t,caf\xe9,u", "not-utf8"),
        (b"9,t,one,comma,too many", "bad-row"),
        (b"9,t,too few", "bad-row"),
        (b'9,t,"closed" early,u', "bad-row"),
        (b"9,t,nul \0 byte,u", "bad-row"),
        (b"9,t,,u", "no-text"),
        (b"9,t," + b"x" * 3000 + b",u", "too-long"),
        (b'9,t,"never closed,u', "bad-row"),
    ],
)
def test_each_kind_of_bad_row_is_set_aside(row: bytes, reason: str) -> None:
    """A row that is not CSV costs itself: a quote that never closes does not swallow the rows after it."""
    header, *rows = sheet([{**r, "text": r["text"].replace("\n", " ").replace("\r", "")} for r in ROWS], end="\n").splitlines()
    content = b"\n".join([header, rows[0], row, rows[2], rows[2]]) + b"\n"
    found, [rejected] = read_memory(content, input_of("-", "a.csv"), Limits(line=2000))
    assert [record.id for record in found] == ["a.csv#2", "a.csv#4", "a.csv#5"]
    assert (rejected.id, rejected.reason) == ("a.csv#3", reason)
    assert f"line 3, byte {len(header) + len(rows[0]) + 2}" in rejected.message


def test_a_row_over_the_limit_is_given_up() -> None:
    """A row of many long fields is held to the limit as a whole, and the rows after it are read."""
    wide = b",".join([b'"' + b"x\n" * 400 + b'"'] * 4)
    found, rejected = read_memory(b"id,text,a,b\n" + wide + b"\n1,good,a,b\n", input_of("-", "a.csv"), Limits(line=2000))
    assert rejected[0].reason == "too-long"
    assert found[-1].raw == b"good"


def test_a_sheet_without_a_known_column_names_those_it_has(tmp_path: Path) -> None:
    """A sheet whose article column has another name is refused once, with the names that it has."""
    found, [rejected] = read(written(tmp_path, "a.csv", b"nom,corps\nx,Le pont rouvre.\n"))
    assert (found, rejected.id, rejected.reason) == ([], "a.csv", "no-text")
    assert "nom,corps" in rejected.message
    assert raws(written(tmp_path, "empty.csv", b"")) == []
    [record], _ = read(written(tmp_path, "a.csv", b"nom,corps\nx,Le pont rouvre.\n"), Fields(text=("corps",)))
    assert record.raw == b"Le pont rouvre."


def test_a_packed_sheet_that_breaks_off_keeps_its_rows() -> None:
    """Rows before a cut are kept; the row that it hits is not taken for a whole one."""
    content = b"id,text\n" + b"".join(b'%d,"text %d\nsecond line %d"\n' % (i, i, i * i * 7919) for i in range(20_000))
    found, rejected = read_memory(gzip.compress(content)[:-5000], input_of("-", "a.csv.gz"))
    assert 1000 < len(found) < 20_000
    assert all(record.raw == b"text %d\nsecond line %d" % (i, i * i * 7919) for i, record in enumerate(found))
    assert {r.reason for r in rejected} == {"truncated"}


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1, max_size=5))
def test_any_text_comes_through_a_sheet(texts: list[str]) -> None:
    """What Python's own writer puts into a sheet is what is read."""
    content = sheet([{"id": str(i), "text": text} for i, text in enumerate(texts)])
    found, rejected = read_memory(content, input_of("-", "a.csv"))
    assert not rejected
    assert [decode(record.raw).text if record.raw.startswith(b"\xef\xbb\xbf") else record.raw.decode() for record in found] == [
        text.removeprefix("\ufeff") if record.raw.startswith(b"\xef\xbb\xbf") else text
        for text, record in zip(texts, found, strict=True)
    ]


@given(st.binary(max_size=200))
def test_no_sheet_ends_in_an_error(junk: bytes) -> None:
    """Whatever stands in a sheet, the good row before it is read and reading ends."""
    found, _ = read_memory(b"id,text\n1,good\n" + junk, input_of("-", "a.csv"))
    assert found[0].raw == b"good"
