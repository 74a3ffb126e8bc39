"""Bytes to text, with the decision recorded; never a guess that passes silently."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from cleaner.errors import SourceError

ALLOWED = (
    "utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "ascii",
    "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "cp932", "cp949",
    "iso8859-1", "iso8859-2", "iso8859-3", "iso8859-4", "iso8859-5", "iso8859-6", "iso8859-7", "iso8859-8", "iso8859-9",
    "iso8859-10", "iso8859-13", "iso8859-14", "iso8859-15", "iso8859-16", "koi8-r", "koi8-u", "mac-roman",
    "gb2312", "gbk", "gb18030", "big5", "euc_jp", "shift_jis", "iso2022_jp", "euc_kr",
)  # fmt: skip
"""Text encodings of the web. Python knows others (`hex`, `idna`, `unicode_escape`, `utf-7`) that a
page must not be able to ask for."""

AS_BROWSERS_READ = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "gb2312": "gb18030",
    "utf-16-le": "utf-8", "utf-16-be": "utf-8", "utf-16": "utf-8", "utf-32-le": "utf-8", "utf-32-be": "utf-8", "utf-32": "utf-8",
}  # fmt: skip
"""What a declared label means in practice (WHATWG Encoding Standard, section 4.2)."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,300}?(?:charset|encoding)\s{0,5}=\s{0,5}[\"']?\s{0,5}([\w.:-]{2,40})", re.IGNORECASE
)
DECLARATION_BYTES = 4096
"""Browsers look for a charset in the first 1,024 bytes; pages in the wild put it up to 4,000 in."""
SAMPLE_BYTES = 65_536
BINARY_SHARE = 0.02
"""A text holds next to no control bytes; 2 % leaves room for form feeds and stray escapes."""
SIGNATURES = {
    b"\x89PNG": "a PNG picture", b"\xff\xd8\xff": "a JPEG picture", b"GIF8": "a GIF picture", b"%PDF-": "a PDF",
    b"PK\x03\x04": "a zip archive or office document", b"\x1f\x8b": "gzip data", b"\x7fELF": "a program",
    b"\xd0\xcf\x11\xe0": "an old office document", b"SQLite format 3": "a database", b"\x28\xb5\x2f\xfd": "zstd data",
}  # fmt: skip


class Decoded(NamedTuple):
    """Text, the codec that made it, and what decided."""

    text: str
    encoding: str
    reason: str


def decode(raw: bytes, *, where: str = "input") -> Decoded:
    """Decode bytes: BOM, then declared in the markup, then UTF-8, then a sniffed single-byte page.

    Raises SourceError when the bytes are no text at all.
    """
    for bom, codec in _BOMS:
        if raw.startswith(bom):
            return _lenient(raw, codec, "bom")
    utf16 = _looks_like_utf16(raw)
    if utf16:
        return _lenient(raw, utf16, "sniffed")
    refuse_binary(raw, where)
    declared = _declared(raw)
    if declared in SINGLE_BYTE and not raw.isascii() and _is_utf8(raw):
        declared = None  # a stale declaration: chance text of one byte a letter is hardly ever valid UTF-8
    for codec, reason in ([(declared, "declared")] if declared else []) + [("utf-8", "utf-8")]:
        try:
            return Decoded(raw.decode(codec), codec, reason)
        except (UnicodeDecodeError, LookupError):
            continue
    return _mostly_utf8(raw) or _single_byte(raw)


def refuse_binary(raw: bytes, where: str) -> None:
    """Raise SourceError for pictures, archives and other bytes that are no text."""
    for signature, what in SIGNATURES.items():
        if raw.startswith(signature):
            raise SourceError(f"{where}: {what}, not an article; give text or HTML (unpack archives first)")
    sample = raw[:SAMPLE_BYTES]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > BINARY_SHARE * len(sample) + 2:
        raise SourceError(f"{where}: binary data ({controls} control bytes in {len(sample)}), not text or HTML")


def _declared(raw: bytes) -> str | None:
    found = _DECLARED.search(raw[:DECLARATION_BYTES])
    if not found:
        return None
    try:
        name = codecs.lookup(found[1].decode("ascii", "replace")).name
    except LookupError:
        return None
    name = AS_BROWSERS_READ.get(name, name)
    return name if name in ALLOWED else None


def _mostly_utf8(raw: bytes) -> Decoded | None:
    """UTF-8 with a few damaged bytes: more good multi-byte characters than bad ones."""
    text = raw.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = len(text) - len(raw.translate(None, _HIGH)) - bad
    return Decoded(text, "utf-8", "repaired") if good > 2 * bad else None


def _single_byte(raw: bytes) -> Decoded:
    """Windows pages by how many words of letters they give; Western European when in doubt."""
    sample = raw[:SAMPLE_BYTES]
    best = max(_PAGES, key=lambda codec: (_letters(sample.decode(codec, "replace")), -_PAGES.index(codec)))
    return _lenient(raw, best, "sniffed")


def _letters(text: str) -> int:
    """How well non-ASCII characters fit where they stand: letters in words of their own alphabet and case.

    French has one or two accented letters in a row, never five; a Cyrillic word has no Latin letter.
    """
    score = in_a_row = 0
    for before, here in zip(text, text[1:], strict=False):
        if here <= "\x7f":
            score -= 2 * (_other_alphabet(before) and here.isalpha())
            in_a_row = 0
            continue
        in_a_row += 1
        if not here.isalpha():
            score -= 2 * (here not in _SIGNS)
            continue
        latin = not _other_alphabet(here)
        fits = here.islower() or not before.islower()
        mixed = before.isalpha() and _other_alphabet(before) == latin
        score += -2 if mixed or not fits else int(not latin or in_a_row <= LATIN_RUN)
    return score


def _other_alphabet(character: str) -> bool:
    """Greek or Cyrillic."""
    return "\u0370" <= character <= "\u052f"


LATIN_RUN = 2
_SIGNS = "\xa0«»“”‘’–—…€°·•"


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _lenient(raw: bytes, codec: str, reason: str) -> Decoded:
    try:
        return Decoded(raw.decode(codec), codec, reason)
    except UnicodeDecodeError:
        return Decoded(raw.decode(codec, "replace"), codec, "repaired")


def _looks_like_utf16(raw: bytes) -> str | None:
    """UTF-16 without a mark: in Latin text every second byte is zero."""
    sample = raw[:2000]
    half = len(sample) // 2
    if half < 2 or b"\0" not in sample:
        return None
    if sample[1::2].count(0) > 0.7 * half and sample[::2].count(0) < 0.05 * half:
        return "utf-16-le"
    return "utf-16-be" if sample[::2].count(0) > 0.7 * half and sample[1::2].count(0) < 0.05 * half else None


SINGLE_BYTE = tuple(name for name in ALLOWED if name.startswith(("cp12", "cp874", "iso8859", "koi8", "mac")))
_HIGH = bytes(range(128, 256))
_PAGES = ("cp1252", "cp1250", "cp1251", "cp1253")
_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\r\f\x1b\x85")
