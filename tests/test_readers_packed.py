"""Packed files: every codec is read, nothing grows without bound, and what is cut or damaged is said."""

from __future__ import annotations

import bz2
import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_inputs import PACK, http, page, raws, read, read_memory, warc_record, written, zeros_gz

from cleaner.errors import SourceError
from cleaner.readers import Limits, input_of, list_inputs, read_bytes, read_records

ARTICLE = page(1, 2000)
PACKED = ("gz", "zst", "bz2")
EXTRA_MB = 64
"""What refusing a bomb may cost in memory, over a reader that read nothing yet."""


@pytest.mark.parametrize("codec", PACKED)
@pytest.mark.parametrize("name", ["a.html", "A.TXT", "b.md", "c.xhtml"])
def test_packed_articles_are_read(tmp_path: Path, name: str, codec: str) -> None:
    """A packed page or text is found in its folder and read like a plain one, with the kind of its inner name."""
    written(tmp_path, f"{name}.{codec}", PACK[codec](ARTICLE))
    [item] = list_inputs([tmp_path])
    [record] = read_records(item)
    assert (record.id, record.raw, record.kind) == (f"{name}.{codec}", ARTICLE, "html" if "html" in name else "text")
    assert read_bytes(item) == ARTICLE


@pytest.mark.parametrize("codec", PACKED)
def test_files_of_several_members_are_read_whole(tmp_path: Path, codec: str) -> None:
    """Packed files that were appended to, as logs are, give all of their text, and zeros after them give none."""
    assert raws(written(tmp_path, f"a.txt.{codec}", PACK[codec](b"one ") + PACK[codec](b"two") + bytes(1000))) == [b"one two"]


@pytest.mark.parametrize("codec", PACKED)
def test_the_first_bytes_tell_the_codec(tmp_path: Path, codec: str) -> None:
    """A page that a crawler stored packed under a plain name, or plain under a packed name, is read all the same."""
    assert raws(written(tmp_path, "packed.html", PACK[codec](ARTICLE))) == [ARTICLE]
    assert raws(written(tmp_path, f"plain.html.{codec}", ARTICLE)) == [ARTICLE]
    other = PACKED[PACKED.index(codec) - 1]
    assert raws(written(tmp_path, f"other.html.{other}", PACK[codec](ARTICLE))) == [ARTICLE]


@pytest.mark.parametrize("codec", PACKED)
def test_a_cut_anywhere_is_reported_with_what_came_before(codec: str) -> None:
    """Half an article never passes for a whole one; what could be read of it is kept for a person."""
    packed = PACK[codec](ARTICLE)
    item = input_of("-", f"a.html.{codec}")
    for cut in range(0, len(packed), 1 if codec == "gz" else 5):
        found, [rejected] = read_memory(packed[:cut], item)
        assert (found, rejected.reason) == ([], "truncated"), cut
        assert ARTICLE.startswith(rejected.raw), cut
    _, [late] = read_memory(packed[:-1], item)
    assert late.raw == ARTICLE or codec == "bz2"


@pytest.mark.parametrize("codec", PACKED)
def test_a_flipped_bit_never_gives_another_article(codec: str) -> None:
    """Damage on disk is refused, or it hit a byte that says nothing of the text."""
    packed = PACK[codec](ARTICLE)
    item = input_of("-", f"a.html.{codec}")
    for at in range(0, len(packed), 3):
        damaged = bytearray(packed)
        damaged[at] ^= 1 << at % 8
        found, rejected = read_memory(damaged, item)
        assert [record.raw for record in found] in ([], [ARTICLE]) or not found[0].raw.startswith(b"<"), at
        assert found or rejected


def test_two_layers_are_read_and_three_are_not(tmp_path: Path) -> None:
    """A page that a server packed and a crawler packed again is read; deeper nesting is nobody's article."""
    assert raws(written(tmp_path, "two.html.gz", gzip.compress(bz2.compress(ARTICLE)))) == [ARTICLE]
    _, [rejected] = read(written(tmp_path, "three.html.gz", gzip.compress(bz2.compress(gzip.compress(ARTICLE)))))
    assert rejected.reason == "layers"


def test_what_unpacks_to_more_than_an_article_is_refused(tmp_path: Path) -> None:
    """The limit counts after unpacking: a small file cannot bring in what a large one must not."""
    noise = os.urandom(3 << 20)
    item = written(tmp_path, "a.txt.gz", gzip.compress(noise, 1))
    _, [rejected] = read(item, limits=Limits(article=2 << 20))
    assert rejected.reason == "too-large"
    assert "split it" in rejected.message
    assert read(item, limits=Limits(article=4 << 20))[0]


BOMBS = {
    "page.html.gz": lambda: zeros_gz(10240),
    "twice.html.gz": lambda: gzip.compress(zeros_gz(10240)),
    "small-members.txt.gz": lambda: gzip.compress(bytes(15 << 20)) * 700,
    "lines.jsonl.gz": lambda: zeros_gz(10240),
    "rows.csv.gz": lambda: gzip.compress(b"id,text\n") + zeros_gz(10240),
    "table.parquet.gz": lambda: zeros_gz(10240),
    "archive.warc.gz": lambda: zeros_gz(10240),
    "response.warc.gz": lambda: gzip.compress(warc_record(http(zeros_gz(10240), extra="Content-Encoding: gzip\r\n"))),
    "page.html.zst": lambda: PACK["zst"](bytes(1 << 30)),
    "page.html.bz2": lambda: bz2.compress(bytes(90_000_000)) * 110,
}
"""10 GB each, but for zstd, which packs 1 GB of zeros in the time of the others."""
MEASURE = """
import resource, sys, time
from cleaner.readers import input_of, read_records
import brotli, fastwarc.warc, pyarrow.parquet
from backports import zstd
before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
reasons = [found.reason for found in read_records(input_of(__import__("pathlib").Path(sys.argv[1]), sys.argv[1]))]
took, extra = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(extra // 1024, took, *reasons)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory in KB is what Linux gives")
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_within_64_mb(tmp_path: Path, name: str) -> None:
    """A few MB that would unpack to 10 GB end no run: refused at once, with their reason, in little memory."""
    (tmp_path / name).write_bytes(BOMBS[name]())
    program = MEASURE if sys.version_info < (3, 14) else MEASURE.replace("backports", "compression")
    run = subprocess.run([sys.executable, "-c", program, tmp_path / name], capture_output=True, text=True, check=True)
    extra, took, *reasons = run.stdout.split()
    assert "bomb" in reasons
    assert int(extra) <= EXTRA_MB
    assert float(took) < 5


@given(st.binary(max_size=300), st.sampled_from(["html.gz", "txt.zst", "md.bz2", "jsonl.gz", "csv.zst", "parquet", "warc.gz"]))
def test_no_bytes_end_in_an_error(junk: bytes, ending: str) -> None:
    """Whatever a file holds, reading it ends and raises nothing."""
    for content in (junk, b"\x1f\x8b\x08\0" + junk, b"\x28\xb5\x2f\xfd" + junk, b"BZh9" + junk):
        read_memory(content, input_of("-", f"a.{ending}"))


def test_read_bytes_says_what_is_wrong(tmp_path: Path) -> None:
    """Who asks for one article is told why there is none, and that a container holds many."""
    with pytest.raises(SourceError, match=r"cut\.txt\.gz.*cut short"):
        read_bytes(written(tmp_path, "cut.txt.gz", gzip.compress(ARTICLE)[:-4]))
    with pytest.raises(SourceError, match=r"a\.jsonl.*many articles"):
        read_bytes(written(tmp_path, "a.jsonl", b"{}"))


@pytest.mark.parametrize(("codec", "content"), [("", ARTICLE), ("gz", gzip.compress(ARTICLE))])
def test_standard_input_is_read_packed_or_plain(codec: str, content: bytes) -> None:
    """`zcat` is not needed before a pipe into cleaner."""
    program = (
        "import sys; from cleaner.readers import list_inputs, read_bytes\n"
        "sys.stdout.buffer.write(read_bytes(next(list_inputs(['-']))))\n"
        "assert not sys.stdin.closed and not sys.stdin.buffer.closed"
    )
    run = subprocess.run([sys.executable, "-c", program], input=content, capture_output=True, check=True)
    assert run.stdout == ARTICLE
