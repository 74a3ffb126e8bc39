"""Parquet: rows are read a few at a time, damage costs its row group, and a missing library is named."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_inputs import page, raws, read, read_memory, written

from cleaner.decoding import decode
from cleaner.readers import Fields, Limits, input_of, list_inputs

PAGES = [page(number, 60).decode() for number in range(10)]


def parquet(columns: dict[str, Any], **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    "type", [pa.string(), pa.large_string(), pa.binary(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_rows_are_read_in_order(tmp_path: Path, type: pa.DataType) -> None:
    """Every row of every row group gives its page, whatever kind of text column holds it, with a place counted from 1."""
    written(tmp_path, "a.parquet", parquet({"html": pa.array(PAGES).cast(type), "n": range(10)}, row_group_size=3))
    [item] = list_inputs([tmp_path])
    found, rejected = read(item)
    assert not rejected
    assert [record.raw.decode() for record in found] == PAGES
    assert [record.id for record in found] == [f"a.parquet#{row}" for row in range(1, 11)]
    assert {record.kind for record in found} == {"html"}


def test_metadata_is_read_from_typed_columns(tmp_path: Path) -> None:
    """Dates, numbers and lists of authors become plain text."""
    columns = {
        "text": ["The ferry sank."],
        "id": [17],
        "date": pa.array([dt.date(2026, 11, 1)]),
        "authors": [["A. Writer", "B. Other"]],
        "url": ["http://example.org/"],
        "title": pa.array([None], pa.string()),
    }
    [record], _ = read(written(tmp_path, "a.parquet", parquet(columns)))
    assert record.metadata == {"id": "17", "date": "2026-11-01", "author": "A. Writer, B. Other", "url": "http://example.org/"}


def test_rows_without_an_article_are_set_aside(tmp_path: Path) -> None:
    """An empty row is reported with its number, and the others are read."""
    found, rejected = read(written(tmp_path, "a.parquet", parquet({"text": ["one", None, "", "four"]})))
    assert [record.id for record in found] == ["a.parquet#1", "a.parquet#4"]
    assert [(r.id, r.reason) for r in rejected] == [("a.parquet#2", "no-text"), ("a.parquet#3", "no-text")]


def test_a_table_without_a_known_column_names_those_it_has(tmp_path: Path) -> None:
    """A table whose article column has another name is refused once, with the names that it has."""
    item = written(tmp_path, "a.parquet", parquet({"corps": ["Le pont rouvre."]}))
    _, [rejected] = read(item)
    assert (rejected.id, rejected.reason) == ("a.parquet", "no-text")
    assert "it has corps" in rejected.message
    assert read(item, Fields(text=("corps",)))[0][0].raw == b"Le pont rouvre."


def test_a_page_in_a_column_is_utf8_whatever_it_says(tmp_path: Path) -> None:
    """A page that was decoded for its column still names its old encoding; it is not decoded in it a second time."""
    text = '<html><head><meta charset="gbk"></head><p>大桥</p></html>'
    [raw] = raws(written(tmp_path, "a.parquet", parquet({"html": [text]})))
    assert decode(raw).text == text
    [raw] = raws(written(tmp_path, "b.parquet", parquet({"html": [text.encode("gbk")]})))
    assert decode(raw).text == text


def test_text_that_is_not_utf8_is_still_read(tmp_path: Path) -> None:
    """Tools that never check write bytes into text columns: they are read as a file's bytes would be."""
    broken = pa.array([b"caf\xe9 on the quay", b"fine"]).view(pa.binary()).cast(pa.binary())
    table = pa.table({"text": pa.Array.from_buffers(pa.string(), 2, broken.buffers())})
    out = io.BytesIO()
    pq.write_table(table, out)
    assert raws(written(tmp_path, "a.parquet", out.getvalue())) == [b"caf\xe9 on the quay", b"fine"]


def test_a_cut_anywhere_is_reported() -> None:
    """A Parquet file says at its end what is in it: a cut one is refused, whole and with a reason."""
    content = parquet({"text": PAGES})
    for cut in range(0, len(content), 7):
        found, rejected = read_memory(content[:cut], input_of("-", "a.parquet"))
        assert (found, [r.reason for r in rejected]) == ([], ["damaged"]), cut


def test_damage_costs_its_row_group(tmp_path: Path) -> None:
    """Bytes that flipped within one row group cost its rows; those of the others are read, and the loss is counted."""
    content = bytearray(parquet({"text": PAGES}, row_group_size=2, write_page_checksum=True, compression="zstd"))
    facts = pq.ParquetFile(io.BytesIO(bytes(content))).metadata.row_group(1).column(0)
    content[facts.dictionary_page_offset + 200] ^= 255  # among the texts
    found, [rejected] = read(written(tmp_path, "a.parquet", bytes(content)))
    assert [record.raw.decode() for record in found] == PAGES[:2] + PAGES[4:]
    assert (rejected.id, rejected.reason) == ("a.parquet#3", "damaged")
    assert "rows 3 to 4" in rejected.message


def test_no_flipped_bit_ends_in_an_error() -> None:
    """Wherever a bit flips, reading ends and raises nothing, and no row is lost in silence or comes out twice."""
    content = parquet({"text": PAGES}, row_group_size=2, write_page_checksum=True)
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    for at in (*range(0, footer, 31), *range(footer, len(content))):
        damaged = bytearray(content)
        damaged[at] ^= 1 << at % 8
        found, rejected = read_memory(damaged, input_of("-", "a.parquet"))
        assert len({record.id for record in found}) == len(found) <= len(PAGES), at
        assert rejected or len(found) == len(PAGES), at


def test_a_table_that_repeats_one_value_without_end_is_refused(tmp_path: Path) -> None:
    """A dictionary column that names one large text a million times would give terabytes: refused after the first few."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), ["x " * 500_000])
    found, [rejected] = read(written(tmp_path, "a.parquet", parquet({"text": column})))
    assert rejected.reason == "bomb"
    assert len(found) < 300


def test_a_table_that_packs_too_well_is_refused_unread(tmp_path: Path) -> None:
    """100 MB of blanks in a few KB are not unpacked at all."""
    content = parquet({"text": [" " * (1 << 20)] * 100}, use_dictionary=False, compression="zstd")
    found, [rejected] = read(written(tmp_path, "a.parquet", content))
    assert (found, rejected.reason) == ([], "bomb")


def test_a_row_over_the_limit_is_set_aside(tmp_path: Path) -> None:
    """One row that is larger than any page costs itself."""
    item = written(tmp_path, "a.parquet", parquet({"text": ["one", "x" * 5000, "three"]}))
    found, [rejected] = read(item, limits=Limits(record=2000))
    assert [record.raw for record in found] == [b"one", b"three"]
    assert (rejected.id, rejected.reason) == ("a.parquet#2", "too-large")


def test_packed_tables_are_read(tmp_path: Path) -> None:
    """Somebody will pack a Parquet file once more; it is read all the same."""
    assert raws(written(tmp_path, "a.parquet.gz", gzip.compress(parquet({"text": ["one"]})))) == [b"one"]


@pytest.mark.parametrize(
    ("library", "name", "extra"),
    [("pyarrow", "a.parquet", "parquet"), ("fastwarc", "a.warc", "warc"), ("fsspec", "s3://b/a.txt", "urls")],
)
def test_a_missing_library_is_named_with_what_to_install(tmp_path: Path, library: str, name: str, extra: str) -> None:
    """Who has not installed an extra is told which, instead of a traceback."""
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    (tmp_path / "a.warc").write_bytes(b"WARC/1.0\r\n")
    program = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from cleaner.errors import UsageError; from cleaner.readers import list_inputs, read_records\n"
        "try: [list(read_records(item)) for item in list_inputs([sys.argv[1]])]\n"
        "except UsageError as error: print(error)"
    )
    path = name if "://" in name else str(tmp_path / name)
    run = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert f"pip install 'cleaner[{extra}]'" in run.stdout
