"""Bytes become the text that was meant, and what decided is on record."""

from __future__ import annotations

import codecs
import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.decoding import ALLOWED, SAMPLE_BYTES, decode
from cleaner.errors import SourceError
from cleaner.pipeline import as_source

FRENCH = "Près de la forêt, l’été s’achève ; « à bientôt », répète le garçon où naît l’œuvre."
POLISH = "Burmistrz ogłosił wczoraj, że most zostanie otwarty w środę; mieszkańcy są zadowoleni."
RUSSIAN = "Вчера вечером дождь пошёл снова, и река вышла из берегов у старой мельницы."


def page(charset: str, body: str = FRENCH) -> str:
    return f'<html><head><meta charset="{charset}"></head><body><p>{body}</p></body></html>'


@pytest.mark.parametrize("text", [FRENCH, POLISH, RUSSIAN, "昨日、橋が再び開通した。", "عاد الجسر إلى العمل 🎉"])
def test_utf8_is_read_as_it_is(text: str) -> None:
    """UTF-8 in any script comes through untouched, and the record says that nothing was guessed."""
    assert decode(text.encode()) == (text, "utf-8", "utf-8")


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"), max_size=200))
def test_any_utf8_text_survives(text: str) -> None:
    """Whatever a person writes in UTF-8 is given back character for character."""
    assert decode(codecs.BOM_UTF8 + text.encode()).text == text
    assert decode(("Le texte : " + text).encode()).text == "Le texte : " + text


@pytest.mark.parametrize(
    ("mark", "codec"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
@pytest.mark.parametrize("text", [FRENCH, RUSSIAN])
def test_a_byte_order_mark_decides(mark: bytes, codec: str, text: str) -> None:
    """A file that carries a byte order mark is read by it, and the mark is not part of the text."""
    decoded = decode(mark + text.encode(codec))
    assert (decoded.text, decoded.reason) == (text, "bom")


def test_a_mark_is_stronger_than_a_declaration() -> None:
    """A page saved as UTF-8 with a mark keeps its accents although it still declares its old charset."""
    decoded = decode(codecs.BOM_UTF8 + page("windows-1251").encode())
    assert FRENCH in decoded.text
    assert decoded.reason == "bom"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [FRENCH, page("utf-16")])
def test_utf16_without_a_mark_is_seen(codec: str, text: str) -> None:
    """Windows exports without a mark are read as text, not refused as binary."""
    assert decode(text.encode(codec)) == (text, codec, "sniffed")


@pytest.mark.parametrize(("text", "codec"), [(FRENCH, "cp1252"), (POLISH, "cp1250"), (RUSSIAN, "cp1251")])
def test_undeclared_windows_pages_are_told_apart(text: str, codec: str) -> None:
    """An old French, Polish or Russian text that declares nothing keeps its letters, and is recorded as sniffed."""
    assert decode(text.encode(codec)) == (text, codec, "sniffed")


@pytest.mark.parametrize(
    "text",
    [
        "Правительство одобрило новый закон о поддержке регионов.",
        "Мост снова открыт. Жители довольны, торговля оживает.",
    ],
)
def test_russian_needs_no_particular_letter(text: str) -> None:
    """A Russian text is not turned into Western letters because no letter in it is impossible there."""
    assert decode(text.encode("cp1251")).text == text


def test_one_accent_in_english_is_western() -> None:
    """A single accented letter in an otherwise plain text is read as Western European."""
    assert (
        decode("The café by the bridge reopens on Monday.".encode("cp1252")).text == "The café by the bridge reopens on Monday."
    )


@pytest.mark.parametrize(
    ("declaration", "codec"),
    [
        ('<meta charset="windows-1251">', "cp1251"),
        ("<META CHARSET=koi8-r>", "koi8-r"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">', "cp1251"),
        ('<?xml version="1.0" encoding="windows-1251"?>', "cp1251"),
        ('<meta charset="iso-8859-5">', "iso8859-5"),
    ],
)
def test_a_declared_charset_is_used(declaration: str, codec: str) -> None:
    """A page that says in which charset it is written is read in it."""
    raw = f"{declaration}<p>{RUSSIAN}</p>".encode(codec)
    assert decode(raw) == (f"{declaration}<p>{RUSSIAN}</p>", codec, "declared")


def test_latin1_means_windows() -> None:
    """Quotes and dashes of pages that call themselves ISO-8859-1 are quotes and dashes, as in a browser."""
    text = page("iso-8859-1", "« L’été » — 10 €")
    assert decode(text.encode("cp1252")).text == text


def test_asian_charsets_are_read() -> None:
    """Declared Japanese, Chinese and Korean charsets give their own scripts."""
    for charset, body in (
        ("shift_jis", "橋は月曜日に再開する。"),
        ("gb2312", "大桥星期一重新开放。"),
        ("euc-kr", "다리는 월요일에 다시 열린다."),
    ):
        assert body in decode(page(charset, body).encode(charset)).text


@pytest.mark.parametrize("declared", ["utf-8", "ascii", "shift_jis", "no-such-charset"])
def test_a_declaration_that_cannot_be_true_is_passed_over(declared: str) -> None:
    """A page whose bytes contradict its declaration is read by its bytes."""
    text = page(declared, "Le café, l'été, « déjà vu » : « où ? »")
    raw = text.encode("utf-8" if declared == "no-such-charset" else "cp1252")
    assert decode(raw).text == text


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1252", "windows-1250", "windows-1251"])
def test_utf8_under_an_old_declaration_stays_utf8(declared: str) -> None:
    """A site that moved to UTF-8 and kept its old meta line does not lose its accents to "Ã©"."""
    text = page(declared, "Le café rouvre. Déjà fermé l'été passé, il fêtera sa réouverture.")
    assert decode(text.encode()).text == text


@pytest.mark.parametrize("declared", ["utf-16le", "utf-16be", "utf-16", "utf-32le"])
@pytest.mark.parametrize("padding", ["", " ", "  ", "   "])
def test_bytes_that_show_their_meta_are_not_utf16(declared: str, padding: str) -> None:
    """A declaration that can be read byte by byte cannot be UTF-16: the page is UTF-8, as browsers take it."""
    text = page(declared) + padding
    assert decode(text.encode()).text == text


@pytest.mark.parametrize(
    "codec",
    [
        "utf-7",
        "idna",
        "punycode",
        "hex",
        "base64",
        "rot13",
        "uu",
        "zlib",
        "bz2",
        "unicode_escape",
        "raw_unicode_escape",
        "charmap",
    ],
)
def test_a_page_cannot_ask_for_a_dangerous_codec(codec: str) -> None:
    """Codecs that are no text encodings of the web are passed over when a page declares them."""
    text = page(codec, FRENCH + " +ADw-script+AD4- \\u0041 6869")
    assert decode(text.encode()) == (text, "utf-8", "utf-8")


def test_allowed_codecs_are_text_encodings_under_their_own_names() -> None:
    """Every charset that we promise to read can be declared: its name is the one that Python looks up."""
    for name in ALLOWED:
        found = codecs.lookup(name)
        assert found.name == name
        assert isinstance(codecs.decode(b"abc  abc", name, "replace"), str)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x89PNG\r\n\x1a\n" + b"IHDR text " * 40,
        b"%PDF-1.7\n" + b"a long text " * 40,
        b"PK\x03\x04" + b"word/document.xml " * 40,
        gzip.compress(b"an article", mtime=0),
        b"\0" * 5000,
        bytes(range(256)) * 20,
        b"The bridge reopens." + b"\0" * 400,
    ],
    ids=["png", "pdf", "zip", "gzip", "zeros", "random", "zero-padded"],
)
def test_binary_is_refused_by_name(raw: bytes) -> None:
    """What is no text is set aside with the file's name, never passed on as an article."""
    with pytest.raises(SourceError, match="holiday/photo"):
        decode(raw, where="holiday/photo")


def test_a_few_control_characters_are_no_reason_to_refuse() -> None:
    """A text with form feeds, tabs, an escape and a stray NUL is still read whole."""
    text = "Page one.\f\nThe bridge\treopens.\x1b[0m\nOne stray\0zero. " + "And then much more text follows. " * 20
    assert decode(text.encode()).text == text


def test_empty_and_tiny_inputs_are_text() -> None:
    """Nothing, a letter or a line end are texts, not errors."""
    assert [decode(raw).text for raw in (b"", b"a", b"\n", "é".encode())] == ["", "a", "\n", "é"]


def test_damaged_utf8_is_repaired_and_said_so() -> None:
    """One broken byte costs one character, not the accents of the whole text, and the record says `repaired`."""
    raw = FRENCH.encode() + b" \xff " + FRENCH.encode()
    assert decode(raw) == (f"{FRENCH} \ufffd {FRENCH}", "utf-8", "repaired")


def test_damage_late_in_a_long_text_is_weighed_with_all_its_letters() -> None:
    """A long plain beginning does not make the accents after it count for nothing."""
    beginning = "A long beginning without an accent. " * (SAMPLE_BYTES // 30)
    raw = beginning.encode() + FRENCH.encode() + b" \xff " + FRENCH.encode()
    assert decode(raw) == (f"{beginning}{FRENCH} \ufffd {FRENCH}", "utf-8", "repaired")


def test_a_text_cut_inside_a_letter_is_repaired() -> None:
    """A download that stops in the middle of a character loses that character alone."""
    raw = (FRENCH + " é").encode()[:-1]
    assert decode(raw) == (f"{FRENCH} \ufffd", "utf-8", "repaired")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_text_or_a_source_error(raw: bytes) -> None:
    """No bytes can end a run: they are text with a recorded reason, or a source that is set aside."""
    try:
        decoded = decode(raw)
    except SourceError:
        return
    assert decoded.reason in ("bom", "declared", "utf-8", "sniffed", "repaired")
    assert ("\ufffd" not in decoded.text) or decoded.reason == "repaired" or "\ufffd" in raw.decode(decoded.encoding, "ignore")


def test_the_source_carries_the_decision() -> None:
    """What decided the encoding travels with the source, so that the audit can tell it."""
    source = as_source(RUSSIAN.encode("cp1251"), id="old.txt")
    assert (source.encoding, source.encoding_reason, source.text) == ("cp1251", "sniffed", RUSSIAN)
    assert as_source(FRENCH).encoding_reason == "given"
