"""Author and date are read from the lines that name them, in the languages of the press; nothing is made up."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.bylines import MONTHS, author_of, date_of


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Publié le 3 mars 2024 à 10h12", "2024-03-03"),
        ("Mis à jour le 1er août 2023", "2023-08-01"),
        ("LE 14 JUILLET 2021", "2021-07-14"),
        ("14 déc. 2022, 08:30", "2022-12-14"),
        ("Published March 5, 2024 at 9 a.m.", "2024-03-05"),
        ("Sept. 9, 2020", "2020-09-09"),
        ("3rd May 2019", "2019-05-03"),
        ("Stand: 5. März 2024, 10:15 Uhr", "2024-03-05"),
        ("12 de octubre de 2023", "2023-10-12"),
        ("7 de enero del 2022", "2022-01-07"),
        ("5 de março de 2024", "2024-03-05"),
        ("9 maggio 2018", "2018-05-09"),
        ("21 mei 2020", "2020-05-21"),
        ("5 grudnia 2023", "2023-12-05"),
        ("12 января 2024, 18:00", "2024-01-12"),
        ("19 Ağustos 2022", "2022-08-19"),
        ("17 maj 2021", "2021-05-17"),
        ("2024年3月5日 10時", "2024-03-05"),
        ("2024-03-05T10:00:00+01:00", "2024-03-05"),
        ("05/03/2024 à 10:00", "2024-03-05"),
        ("21.06.2024", "2024-06-21"),
        ("2024/3/5", "2024-03-05"),
    ],
)
def test_a_date_is_read(line: str, expected: str) -> None:
    """The date of an article is read as it is written in its language."""
    assert date_of([line]) == expected


@pytest.mark.parametrize(
    "line",
    [
        "Par Camille Roussel",
        "Lecture : 5 min",
        "31/02/2024",
        "30 février 2024",
        "mars 2024",
        "Le 3 mars",
        "3 oranges 2024",
        "Ref. 12345/67/89012",
        "01/02/0024",
        "1234-05-06",
        "",
    ],
)
def test_no_date_is_made_up(line: str) -> None:
    """A line without a whole, possible date gives none."""
    assert date_of([line]) is None


def test_the_first_date_of_the_bylines_wins() -> None:
    """The date of publication, which stands first, is not replaced by one that follows."""
    assert date_of(["Par Camille Roussel", "Publié le 3 mars 2024", "Mis à jour le 9 mars 2024"]) == "2024-03-03"


@pytest.mark.parametrize(
    "line",
    [
        "Publié le 3 mars 2024 à 08:00, mis à jour le 05/03/2024 à 10:00",
        "03/03/2024 — mis à jour le 5 mars 2024",
        "March 3, 2024 (updated 5 March 2024)",
        "2024年3月3日, 05.03.2024",
    ],
)
def test_the_first_date_of_a_line_wins(line: str) -> None:
    """Within a line the date that stands first counts, in whatever form the two are written."""
    assert date_of([line]) == "2024-03-03"


def test_an_impossible_date_does_not_hide_a_possible_one() -> None:
    """A number that only looks like a date does not cost the article its date."""
    assert date_of(["Réf. 45/67/2024, le 3 mars 2024"]) == "2024-03-03"


@settings(max_examples=60, deadline=None)
@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.data())
def test_every_day_of_every_language_comes_back(day: date, data: st.DataObject) -> None:
    """Any day, with any known name of its month, is read back as that day."""
    month = data.draw(st.sampled_from(MONTHS[day.month].split()))
    for written in (
        f"{day.day} {month} {day.year}",
        f"{month.title()} {day.day}, {day.year}",
        day.isoformat(),
        f"{day:%d.%m.%Y}",
    ):
        assert date_of([f"Publié : {written}, 10:00"]) == day.isoformat()


def test_no_month_has_two_numbers() -> None:
    """A month's name means one month in all languages that we read."""
    names = [name for line in MONTHS.values() for name in line.split()]
    assert sorted({name for name in names if names.count(name) > 1}) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Par Camille Roussel", "Camille Roussel"),
        ("Par Camille Roussel, envoyée spéciale", "Camille Roussel"),
        ("Par Camille Roussel avec AFP", "Camille Roussel"),
        ("Par Camille Roussel le 3 mars 2024", "Camille Roussel"),
        ("Publié par Inès Faure le 3 mars 2024", "Inès Faure"),
        ("Rédigé par : Jean-Noël d’Aubigné", "Jean-Noël d’Aubigné"),
        ("By Jane Doe", "Jane Doe"),
        ("BY JANE DOE", "JANE DOE"),
        ("By Jane Doe | 3 May 2024", "Jane Doe"),
        ("By Jane Doe on 3 May 2024", "Jane Doe"),
        ("Von Anna Berger am 5. März 2024", "Anna Berger"),
        ("Por María Pérez (Madrid)", "María Pérez"),
        ("Di Luca Bianchi", "Luca Bianchi"),
        ("Door Pieter Bakker – 21 mei 2020", "Pieter Bakker"),
        ("Av Kari Nordmann", "Kari Nordmann"),
        ("Autor: Jan Kowalski", "Jan Kowalski"),
        ("Byron Keller", "Byron Keller"),
        ("— Camille Roussel", "Camille Roussel"),
    ],
)
def test_an_author_is_read(line: str, expected: str) -> None:
    """The author is named without the words around the name."""
    assert author_of([line]) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Par Yann Le Goff", "Yann Le Goff"),
        ("Par Anne Le Bihan, à Brest", "Anne Le Bihan"),
        ("Por Karim El Idrissi", "Karim El Idrissi"),
        ("By Nadia El Mansouri on 3 May 2024", "Nadia El Mansouri"),
        ("Von Minh Am Tran am 5. März 2024", "Minh Am Tran"),
    ],
)
def test_a_name_with_a_small_word_in_it_is_whole(line: str, expected: str) -> None:
    """Le, El and Am inside a name are part of the name, not the beginning of a date."""
    assert author_of([line]) == expected


@pytest.mark.parametrize(
    "line",
    [
        "Publié le 3 mars 2024",
        "Temps de lecture : 4 min",
        "par exemple",
        "By the numbers",
        "Avec AFP",
        "AFP",
        "3 mars 2024",
        "Le pont rouvre lundi, après onze mois de travaux.",
        "",
    ],
)
def test_no_author_is_made_up(line: str) -> None:
    """A line that names nobody gives no author."""
    assert author_of([line]) is None


def test_a_line_that_says_by_beats_a_bare_name() -> None:
    """A line that says who wrote stands before a line that is only a name, wherever the two stand."""
    assert author_of(["Marc Aubin", "Par Camille Roussel"]) == "Camille Roussel"
    assert author_of(["Publié le 3 mars 2024", "Camille Roussel"]) == "Camille Roussel"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=120), max_size=4))
def test_any_lines_are_read_without_an_error(lines: list[str]) -> None:
    """Whatever a byline holds, author and date are a clean string or nothing, and come from its own words."""
    author, day = author_of(lines), date_of(lines)
    assert author is None or (author.strip() == author != "" and any(author in line for line in lines))
    assert day is None or date.fromisoformat(day)
