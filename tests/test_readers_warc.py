"""Web archives: every page is read, damage costs the record that it hits, and no damage passes in silence."""

from __future__ import annotations

import gzip
import random
import zlib
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_inputs import PACK, http, packed_each, page, raws, read, read_memory, warc_record, warc_records, written, zeros_gz, zstd

from cleaner.decoding import decode
from cleaner.readers import LIMITS, Limits, input_of

PAGES = [page(number, 1100) for number in range(6)]
CODECS = ("gz", "zst", "bz2", "")
KINDS_OF_NAMES = {codec: "a.warc" + (f".{codec}" if codec else "") for codec in CODECS}


@pytest.mark.parametrize("codec", CODECS)
def test_every_page_of_an_archive_is_read(tmp_path: Path, codec: str) -> None:
    """All pages of an archive come out as they were archived, in order, each with its address and place."""
    records = warc_records(PAGES, digest=True)
    found, rejected = read(written(tmp_path, KINDS_OF_NAMES[codec], packed_each(records, codec)))
    assert not rejected
    assert [record.raw for record in found] == PAGES
    assert [record.metadata["url"] for record in found] == [f"http://example.org/{i}" for i in range(len(PAGES))]
    offsets = [sum(len(PACK[codec](record)) for record in records[:i]) for i in range(len(records))]
    assert [record.id for record in found] == [f"{KINDS_OF_NAMES[codec]}#{offset}" for offset in offsets]


@pytest.mark.parametrize("codec", ["gz", "zst", "bz2"])
def test_an_archive_packed_as_a_whole_is_read(tmp_path: Path, codec: str) -> None:
    """An archive that somebody unpacked and packed again as one piece gives the same pages, each with an id of its own."""
    found, rejected = read(written(tmp_path, KINDS_OF_NAMES[codec], PACK[codec](b"".join(warc_records(PAGES)))))
    assert not rejected
    assert [record.raw for record in found] == PAGES
    assert len({record.id for record in found}) == len(PAGES)


@pytest.mark.parametrize("packed", [False, True])
def test_an_archive_with_a_dictionary_is_read(tmp_path: Path, packed: bool) -> None:
    """Archives packed by zstd with a dictionary, plain or packed, in their first frame are read; a broken one damages, not ends."""
    records = warc_records([page(number, 60) for number in range(200)])
    trained = zstd.train_dict(records, 4000)
    frames = [zstd.compress(record, zstd_dict=trained) for record in records]
    carried = zstd.compress(trained.dict_content) if packed else trained.dict_content
    first = b"\x5d\x2a\x4d\x18" + len(carried).to_bytes(4, "little") + carried
    assert raws(written(tmp_path, "a.warc.zst", first + b"".join(frames))) == [page(number, 60) for number in range(200)]
    found, rejected = read(written(tmp_path, "b.warc.zst", first[:20] + bytes(len(first) - 20) + b"".join(frames[:3])))
    assert not found
    assert {r.reason for r in rejected} == {"damaged"}


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("codec", ["gz", ""])
def test_truncation_at_every_byte(codec: str, part: int) -> None:
    """A download that broke off anywhere: every complete page is kept, and the cut is reported.

    A packed archive that ends where a record ends is whole as far as anyone can tell; no other cut is.
    """
    pages = PAGES if codec else [page(number, 200) for number in range(9)]
    records = [PACK[codec](record) for record in warc_records(pages)]
    item, archive = input_of("-", KINDS_OF_NAMES[codec]), b"".join(records)
    ends = [sum(map(len, records[: i + 1])) for i in range(len(records))]
    assert 20_000 <= ends[-1] <= 26_000
    for cut in range(part * ends[-1] // 4, (part + 1) * ends[-1] // 4):
        found, rejected = read_memory(archive[:cut], item)
        whole = sum(end - (0 if codec else 4) <= cut for end in ends)  # plain: without the empty lines that end a record
        assert [record.raw for record in found] == pages[:whole], cut
        assert cut in (0, *ends) or rejected, cut
        assert {r.reason for r in rejected} <= {"truncated"}, cut


@pytest.mark.parametrize("codec", CODECS)
def test_one_flipped_bit_costs_one_record_at_most(codec: str) -> None:
    """A bit that flipped on disk costs the record that it hits; the loss is reported, and no page comes out wrong."""
    archive = packed_each(warc_records(PAGES, digest=True), codec)
    item = input_of("-", KINDS_OF_NAMES[codec])
    rng = random.Random(codec)
    for _ in range(500):
        damaged = bytearray(archive)
        at = rng.randrange(len(archive))
        damaged[at] ^= 1 << rng.randrange(8)
        found, rejected = read_memory(damaged, item)
        pages = [record.raw for record in found]
        lost = [number for number, one in enumerate(PAGES) if one not in pages]
        assert len(lost) <= 1, (at, lost)
        assert set(pages) <= set(PAGES), at
        assert rejected or not lost, at


def test_a_damaged_member_does_not_hide_those_that_it_swallows(tmp_path: Path) -> None:
    """A gzip member whose end is lost runs over into the next ones; all of those are still found."""
    members = [gzip.compress(record) for record in warc_records(PAGES)]
    stored = members[0][:10] + b"\x00\xff\xff\x00\x00" + members[0][15:]  # a stored part of 65,535 bytes, all members within
    found, rejected = read(written(tmp_path, "a.warc.gz", stored + b"".join(members[1:])))
    assert [record.raw for record in found] == PAGES[1:]
    assert [(r.id, r.reason) for r in rejected] == [("a.warc.gz#0", "damaged")]


def test_a_damaged_archive_in_one_piece_keeps_what_came_before(tmp_path: Path) -> None:
    """In an archive packed as a whole nothing can be read after damage; what came before is, and the loss is said."""
    packed = bytearray(gzip.compress(b"".join(warc_records([page(number, 2000) for number in range(20)]))))
    packed[len(packed) // 2] ^= 255
    found, rejected = read(written(tmp_path, "a.warc.gz", bytes(packed)))
    assert 5 <= len(found) <= 12
    assert {r.reason for r in rejected} == {"damaged"}
    assert rejected[-1].id.partition("+")[0] == "a.warc.gz#0"


def test_a_missing_checksum_sets_aside_what_it_leaves_unchecked(tmp_path: Path) -> None:
    """The last record of a member whose checksum is cut off is set aside under its own place, with its bytes."""
    one, two = warc_records(PAGES[:2])
    found, [rejected] = read(written(tmp_path, "a.warc.gz", gzip.compress(one + two)[:-3]))
    assert [record.raw for record in found] == PAGES[:1]
    assert (rejected.id, rejected.reason, rejected.raw) == (f"a.warc.gz#0+{len(one)}", "truncated", two[:-4])


@pytest.mark.parametrize(
    ("length", "reason"),
    [(5, "bad-record"), (100_000, "truncated"), (10**12, "too-large"), (-5, "bad-record"), (600, "bad-record")],
)
def test_a_wrong_length_costs_its_own_record(tmp_path: Path, length: int, reason: str) -> None:
    """A record of a plain archive whose Content-Length lies, whichever way, does not take its neighbours along."""
    one, _, three = warc_records(PAGES[:3])
    wrong = warc_record(http(PAGES[1]), length=length)
    found, rejected = read(written(tmp_path, "a.warc", one + wrong + three))
    assert [record.raw for record in found] == [PAGES[0], PAGES[2]]
    assert [(r.id, r.reason) for r in rejected] == [(f"a.warc#{len(one)}", reason)]
    assert rejected[0].raw.startswith(b"WARC/1.0")
    assert f"{len(one)}" in rejected[0].message


def test_a_record_with_two_lengths_is_refused(tmp_path: Path) -> None:
    """Which of two lengths is right nobody can tell: the record is set aside, not cut at the first."""
    right = len(http(PAGES[0]))
    one, two = warc_record(http(PAGES[0]), extra=f"Content-Length: {right}\r\n", length=20), warc_record(http(PAGES[1]))
    found, [rejected] = read(written(tmp_path, "a.warc", one + two))
    assert ([record.raw for record in found], rejected.reason) == ([PAGES[1]], "bad-record")


def test_a_header_without_end_is_given_up_early(tmp_path: Path) -> None:
    """A record whose header never ends is said to be so after 64 KB, and the next one is found."""
    endless = b"WARC/1.0\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n"
    found, [rejected] = read(written(tmp_path, "a.warc", endless + warc_record(http(PAGES[1]))))
    assert ([record.raw for record in found], rejected.reason) == ([PAGES[1]], "too-long")


@pytest.mark.parametrize(
    "garbage",
    [b"garbage\r\n\r\n", b"\0" * 500, b"WARC/1.0\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n", b"WARC/1.0\r\nno length\r\n\r\n"],
)
def test_garbage_between_records_is_reported(tmp_path: Path, garbage: bytes) -> None:
    """Bytes that are no record are reported once, and the next record is read."""
    one, two = warc_records(PAGES[:2])
    for name, archive in (("a.warc", one + garbage + two), ("a.warc.gz", packed_each([one, garbage, two], "gz"))):
        found, rejected = read(written(tmp_path, name, archive))
        assert [record.raw for record in found] == PAGES[:2]
        assert len(rejected) == 1


def test_bytes_after_the_last_member_are_reported(tmp_path: Path) -> None:
    """What is no gzip at the end of an archive is said; zeros, as tapes and disks leave them, are nothing."""
    archive = packed_each(warc_records(PAGES), "gz")
    assert raws(written(tmp_path, "a.warc.gz", archive + bytes(100_000))) == PAGES
    found, rejected = read(written(tmp_path, "b.warc.gz", archive + bytes(100) + b"something"))
    assert len(found) == len(PAGES)
    assert [r.reason for r in rejected] == ["damaged"]


def test_only_pages_become_articles(tmp_path: Path) -> None:
    """Requests, metadata, revisits, pictures, name look-ups and the server's own error pages are no articles and no errors."""
    other = [
        warc_record(b"software: x\r\n", type="warcinfo", media="application/warc-fields"),
        warc_record(b"GET / HTTP/1.1\r\n\r\n", type="request", media="application/http; msgtype=request"),
        warc_record(b"x: y\r\n", type="metadata", media="application/warc-fields"),
        warc_record(http(b""), type="revisit"),
        warc_record(http(b"\x89PNG", media="image/png")),
        warc_record(http(b"{}", media="application/json")),
        warc_record(http(PAGES[1], status="404 Not Found")),
        warc_record(http(b"", status="301 Moved")),
        warc_record(b"2026 example.org 1.2.3.4", media="text/dns", url="dns:example.org"),
        warc_record(b"%PDF-1.4", type="resource", media="application/pdf"),
    ]
    wanted = [
        warc_record(http(PAGES[0])),
        warc_record(b"The ferry sank.", type="conversion", media="text/plain"),
        warc_record(PAGES[2], type="resource", media="text/html; charset=utf-8"),
        warc_record(http(b"Plain words.", media="text/plain")),
        warc_record(http(PAGES[3], media="application/xhtml+xml", status="203 Fine")),
    ]
    records = [record for pair in zip(other, wanted * 2, strict=True) for record in pair]
    found, rejected = read(written(tmp_path, "a.warc.gz", packed_each(records, "gz")))
    assert not rejected
    assert [record.raw for record in found] == [PAGES[0], b"The ferry sank.", PAGES[2], b"Plain words.", PAGES[3]] * 2
    assert [record.kind for record in found] == ["html", "text", "html", "text", "html"] * 2


def test_a_page_that_was_not_archived_so_is_refused(tmp_path: Path) -> None:
    """A record whose bytes do not give the digest in its header was changed on the way: it is set aside."""
    records = warc_records(PAGES[:3], digest=True)
    records[1] = records[1].replace(b"<p>", b"<q>")
    found, rejected = read(written(tmp_path, "a.warc", b"".join(records)))
    assert [record.raw for record in found] == [PAGES[0], PAGES[2]]
    assert [r.reason for r in rejected] == ["digest"]


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ"])
def test_digests_of_every_usual_kind_are_checked(tmp_path: Path, digest: str) -> None:
    """Hexadecimal SHA-256 and base-32 SHA-1 both count; a kind that nobody knows is no reason to lose a page."""
    _, rejected = read(written(tmp_path, "a.warc", warc_record(http(PAGES[0]), extra=f"WARC-Block-Digest: {digest}\r\n")))
    assert [r.reason for r in rejected] == ["digest"]
    assert raws(written(tmp_path, "b.warc", warc_record(http(PAGES[0]), extra="WARC-Block-Digest: blake9:00\r\n"))) == [PAGES[0]]


def chunked(body: bytes, size: int = 700) -> bytes:
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def bare_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("body", "extra"),
    [
        (gzip.compress(PAGES[0]), "Content-Encoding: gzip\r\n"),
        (zlib.compress(PAGES[0]), "Content-Encoding: deflate\r\n"),
        (bare_deflate(PAGES[0]), "Content-Encoding: deflate\r\n"),
        (brotli.compress(PAGES[0]), "Content-Encoding: br\r\n"),
        (PACK["zst"](PAGES[0]), "Content-Encoding: zstd\r\n"),
        (chunked(PAGES[0]), "Transfer-Encoding: chunked\r\n"),
        (chunked(gzip.compress(PAGES[0])), "Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n"),
        (gzip.compress(brotli.compress(PAGES[0])), "Content-Encoding: br\r\nContent-Encoding: gzip\r\n"),
        (PAGES[0], "Content-Encoding: gzip\r\n"),
        (PAGES[0], "Content-Encoding: br\r\n"),
        (PAGES[0], "Content-Encoding: deflate\r\n"),
        (PAGES[0], "Transfer-Encoding: chunked\r\n"),
        (PAGES[0], "Content-Encoding: identity\r\n"),
    ],
)
def test_transfer_and_content_codings_are_taken_off(tmp_path: Path, body: bytes, extra: str) -> None:
    """A page is read however its server packed it, and as it stands where the archive kept it plain under the old headers."""
    assert raws(written(tmp_path, "a.warc.gz", gzip.compress(warc_record(http(body, extra=extra))))) == [PAGES[0]]


@pytest.mark.parametrize(
    ("body", "extra", "reason"),
    [
        (zeros_gz(1024), "Content-Encoding: gzip\r\n", "bomb"),
        (brotli.compress(bytes(64 << 20), quality=1), "Content-Encoding: br\r\n", "bomb"),
        (gzip.compress(PAGES[0])[:-20], "Content-Encoding: gzip\r\n", "truncated"),
        (chunked(PAGES[0])[:-900], "Transfer-Encoding: chunked\r\n", "truncated"),
        (b"x", "Content-Encoding: gzip, gzip, gzip\r\n", "layers"),
        (b"x", "Content-Encoding: rot13\r\n", "bad-record"),
    ],
)
def test_payloads_that_cannot_be_had_cost_their_own_record(tmp_path: Path, body: bytes, extra: str, reason: str) -> None:
    """Bombs, broken and unknown codings within one response are refused for that response alone."""
    records = [warc_record(http(body, extra=extra)), warc_record(http(PAGES[1]))]
    found, rejected = read(written(tmp_path, "a.warc.gz", packed_each(records, "gz")))
    assert [record.raw for record in found] == [PAGES[1]]
    assert [r.reason for r in rejected] == [reason]


def test_a_bomb_as_a_member_costs_itself(tmp_path: Path) -> None:
    """10 GB of zeros between two pages: both pages are read, and the zeros are not unpacked."""
    one, two = packed_each(warc_records(PAGES[:1]), "gz"), packed_each(warc_records(PAGES[1:2]), "gz")
    found, rejected = read(written(tmp_path, "a.warc.gz", one + zeros_gz(10240) + two))
    assert [record.raw for record in found] == PAGES[:2]
    assert [r.reason for r in rejected] == ["bomb"]


@pytest.mark.parametrize(("declared", "says"), [("gb2312", ""), ("shift_jis", ""), ("windows-1251", ""), ("gbk", "utf-8")])
def test_the_charset_of_http_counts(tmp_path: Path, declared: str, says: str) -> None:
    """A page that names no encoding, or a wrong one, is read in the one that its server declared."""
    words = {
        "gb2312": "桥梁周一重新开放",
        "gbk": "桥梁周一重新开放",
        "shift_jis": "橋は月曜日に再開する",
        "windows-1251": "Мост откроют в понедельник",
    }
    said = f'<meta charset="{says}">' if says else ""
    text = f"<html><head>{said}</head><body><p>{words[declared]}</p></body></html>"
    response = http(text.encode(declared), media=f'text/html; charset="{declared.upper()}"')
    [raw] = raws(written(tmp_path, "a.warc", warc_record(response)))
    assert decode(raw).text == text


def test_a_page_that_is_read_right_without_help_stays_as_it_was(tmp_path: Path) -> None:
    """Where page and server name the same encoding, the archived bytes are those that are cleaned and can be restored."""
    body = '<html><head><meta charset="gbk"></head><p>桥梁周一重新开放</p></html>'.encode("gbk")
    assert raws(written(tmp_path, "a.warc", warc_record(http(body, media="text/html; charset=gbk")))) == [body]


@pytest.mark.parametrize("declared", ["iso-8859-1", "utf-7", "hex", "nonsense", "utf-16"])
def test_a_charset_that_cannot_be_is_not_believed(tmp_path: Path, declared: str) -> None:
    """Servers send one charset for all pages: bytes that are UTF-8 stay UTF-8, and no charset makes Python run strange codecs."""
    body = "<html><body><p>Le café rouvre, dit-on à l'Élysée.</p></body></html>".encode()
    assert raws(written(tmp_path, "a.warc", warc_record(http(body, media=f"text/html; charset={declared}")))) == [body]


def test_headers_with_bare_line_feeds_are_read(tmp_path: Path) -> None:
    """Servers that end their header lines with a line feed alone lose no page."""
    response = b"HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Encoding: gzip\n\n" + gzip.compress(PAGES[0])
    [record], _ = read(written(tmp_path, "a.warc", warc_record(response)))
    assert (record.raw, record.kind) == (PAGES[0], "html")


def test_responses_that_are_none_are_reported(tmp_path: Path) -> None:
    """A response without status, without an end of its header or under another name is set aside, not passed over."""
    for block, media in (
        (b"no http at all", "application/http"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html", "application/http"),
        (http(PAGES[0]), "applicatiom/http"),
    ):
        found, rejected = read(written(tmp_path, "a.warc", warc_record(block, media=media)))
        assert (found, [r.reason for r in rejected]) == ([], ["bad-record"])
    _, rejected = read(written(tmp_path, "a.warc", warc_record(http(PAGES[0]), type="responsd")))
    assert [r.reason for r in rejected] == ["bad-record"]


def test_a_record_over_the_limit_is_passed_over(tmp_path: Path) -> None:
    """A film between two pages costs no memory and neither page."""
    records = [warc_record(http(PAGES[0])), warc_record(http(bytes(3 << 20), media="video/mp4")), warc_record(http(PAGES[1]))]
    small = Limits(record=1 << 20)
    for name, archive in (("a.warc", b"".join(records)), ("a.warc.gz", packed_each(records, "gz"))):
        found, rejected = read(written(tmp_path, name, archive), limits=small)
        assert [record.raw for record in found] == PAGES[:2]
        assert [r.reason for r in rejected] == ["too-large"]


def test_an_honest_big_archive_is_not_a_bomb(tmp_path: Path) -> None:
    """Many pages that pack eightfold are far over 16 MB together, and none is refused."""
    member = gzip.compress(warc_record(http(page(1, 200) * 50)))
    found, rejected = read(written(tmp_path, "a.warc.gz", member * 600))
    assert (len(found), rejected) == (600, [])
    assert sum(len(record.raw) for record in found) > 2 * LIMITS.ratio_from


@given(st.binary(max_size=400), st.integers(0, 3))
def test_no_bytes_end_in_an_error(junk: bytes, place: int) -> None:
    """Whatever stands in an archive: reading ends, raises nothing, and pages before the junk are kept."""
    for codec in CODECS:
        parts = [PACK[codec](record) for record in warc_records(PAGES[:3])]
        parts.insert(place, junk)
        found, _ = read_memory(b"".join(parts), input_of("-", KINDS_OF_NAMES[codec]))
        assert [record.raw for record in found][:place] == PAGES[:place]
