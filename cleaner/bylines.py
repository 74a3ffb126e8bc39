"""Author and date read from byline paragraphs, where they can be read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

MONTHS = {
    1: "janvier janv jan january januar enero ene gennaio janeiro januari stycznia января január ocak",
    2: "février fevrier févr fév feb february februar febrero febbraio fevereiro februari lutego февраля şubat",
    3: "mars mar march märz maerz mrz marzo março marco maart marca марта mart",
    4: "avril avr apr april abril abr aprile kwietnia апреля nisan",
    5: "mai may mayo maggio mag maio mei maja мая mayıs maj",
    6: "juin june juni junio giugno giu junho czerwca июня haziran jun",
    7: "juillet juil jul july juli julio luglio lug julho lipca июля temmuz",
    8: "août aout aug august agosto ago augustus sierpnia августа ağustos",
    9: "septembre sept sep september septiembre settembre setembro set września сентября eylül",
    10: "octobre oct october oktober okt octubre ottobre ott outubro out października октября ekim",
    11: "novembre nov november noviembre novembro listopada ноября kasım",
    12: "décembre decembre déc dec december dezember dez diciembre dic dicembre dezembro grudnia декабря aralık",
}
_MONTH = {name: number for number, names in MONTHS.items() for name in names.split()}
_NUMERIC = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)|(?<!\d)(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?!\d)")
_DAY_FIRST = re.compile(
    r"(?<!\d)(\d{1,2})(?:er|st|nd|rd|th|º|°|\.)?\s+(?:de\s+|d['’]\s?)?([^\W\d_]{3,12})\.?,?\s+(?:de\s+|del\s+)?(\d{4})(?!\d)"
)
_MONTH_FIRST = re.compile(r"([^\W\d_]{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?!\d)")
_IDEOGRAPHIC = re.compile(r"(\d{4})\s?年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?日")
_BY = re.compile(
    r"^(?:\W*(?:publié|posted|written|rédigé|écrit|texte|scritto|veröffentlicht)?\s*(?:par|by|von|por|di|door|av|av|autor(?:e|a)?|auteur|author)\s*:?\s+)"
    r"([^\W\d_][^\d,;|()–—]{2,60}?)(?=\s*(?:,|;|\||\(|–|—|\d|(?-i:\b(?:le|on|am|el|avec|with|mis|publié)\b)|$))",
    re.IGNORECASE,
)
_NAME = re.compile(r"^[–—-]?\s*((?:[^\W\d_][\w.'’-]+\s+){1,3}[^\W\d_][\w'’-]+)$")
EARLIEST, LATEST = 1900, 2100
NOT_A_NAME = ("avec", "with", "mit", "con", "com", "von", "source")


def date_of(lines: Iterable[str]) -> str | None:
    """The first whole date in byline paragraphs, as ISO 8601; day before month in bare numbers."""
    for line in lines:
        for _, (year, month, day) in sorted(_dates(line)):
            try:
                found = date(year, month, day)
            except ValueError:
                continue
            if EARLIEST <= found.year <= LATEST:
                return found.isoformat()
    return None


def _dates(line: str) -> Iterable[tuple[int, tuple[int, int, int]]]:
    """(place in the line, (year, month, day)) of everything that has the form of a date."""
    for m in _NUMERIC.finditer(line):
        yield m.start(), (int(m[1]), int(m[2]), int(m[3])) if m[1] else (int(m[6]), int(m[5]), int(m[4]))
    for m in _DAY_FIRST.finditer(line):
        yield m.start(), (int(m[3]), _MONTH.get(m[2].lower(), 0), int(m[1]))
    for m in _MONTH_FIRST.finditer(line):
        yield m.start(), (int(m[3]), _MONTH.get(m[1].lower(), 0), int(m[2]))
    for m in _IDEOGRAPHIC.finditer(line):
        yield m.start(), (int(m[1]), int(m[2]), int(m[3]))


def author_of(lines: Iterable[str]) -> str | None:
    """The first author named in byline paragraphs: after "Par", "By", "Von"…, or a line that is a name alone."""
    names = list(lines)
    for line in names:
        found = _BY.match(line.strip())
        if found and found[1][:1].isupper():
            return found[1].strip(" .:")
    return next((m[1] for m in map(_NAME.match, map(str.strip, names)) if m and _is_name(m[1])), None)


def _is_name(text: str) -> bool:
    words = text.split()
    if words[0].lower() in NOT_A_NAME:
        return False
    return all(word[0].isupper() for word in words) and any(not word.isupper() for word in words)
