"""Lists of people from an office: what is read, what is refused, and whose a portrait is."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import tracemalloc
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearance.errors import RosterRowError, RosterUnreadableError
from clearance.roster import Roster, read_roster
from clearance.roster_columns import Column, capacity_of, column_of, language_of
from clearance.roster_grid import MAX_CELL, MAX_COLUMNS, MAX_FILE_BYTES, MAX_ROWS
from clearance.tables import write_csv
from consent.records import Capacity


@pytest.fixture
def listed(tmp_path: Path) -> Listed:
    return Listed(tmp_path)


class Listed:
    """Writes a list, and a folder of files that may be portraits, and reads both."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "list.csv"
        self.portraits = folder / "portraits"

    def text(self, text: str, encoding: str = "utf-8") -> Roster:
        return self.data(text.encode(encoding))

    def data(self, data: bytes) -> Roster:
        self.path.write_bytes(data)
        return read_roster(self.path)

    def with_files(self, text: str, *names: str) -> Roster:
        self.path.write_text(text, encoding="utf-8")
        self.portraits.mkdir(exist_ok=True)
        for name in names:
            (self.portraits / name).write_bytes(b"never opened")
        return read_roster(self.path, portraits=self.portraits)

    def sheet(self, *rows: Sequence[object]) -> Roster:
        book = openpyxl.Workbook()
        assert book.active is not None
        for row in rows:
            book.active.append(list(row))
        return self.book(book)

    def book(self, book: openpyxl.Workbook) -> Roster:
        path = self.path.with_suffix(".xlsx")
        book.save(path)
        return read_roster(path)


def names(roster: Roster) -> list[str]:
    return [row.name for row in roster.rows]


def problems(roster: Roster) -> dict[int, str]:
    return {row.line: str(row.problem) for row in roster.refused}


def files(roster: Roster) -> dict[str, list[str]]:
    return {row.name: [path.name for path in row.portraits] for row in roster.rows}


def unused(roster: Roster) -> list[str]:
    return [path.name for path in roster.unused_portraits]


# What is read


def test_a_whole_row(listed: Listed) -> None:
    roster = listed.text(
        "Nachname;Vorname;Geb.-Datum;E-Mail;Tel.;Strasse;PLZ;Ort;Sprache;Rolle;Bemerkung\n"
        "Keller;Anna;2.3.2011;a@b.ch;079 123 45 67;Weg 1;8000;Zürich;Deutsch;Patientin;nett\n"
    )
    (row,) = roster.rows
    assert (row.line, row.name, row.coded) == (2, "Anna Keller", False)
    assert row.born == dt.date(2011, 3, 2)
    assert row.contact == "a@b.ch; 079 123 45 67; Weg 1, 8000 Zürich"
    assert (row.language, row.capacity) == ("de", Capacity.PATIENT)
    assert roster.ignored_columns == ("Bemerkung",)
    assert not roster.refused


def test_what_is_not_said_is_empty(listed: Listed) -> None:
    (row,) = listed.text("Name\nAnna Keller\n").rows
    assert (row.born, row.contact, row.language, row.capacity) == (None, "", "", Capacity.OTHER)
    assert row.portraits == ()


@pytest.mark.parametrize(
    ("header", "row", "name"),
    [
        ("Name", "Anna Keller", "Anna Keller"),
        ("Nom complet", "Anna Keller", "Anna Keller"),
        ("Nom;Prénom", "Keller;Anna", "Anna Keller"),
        ("PRENOM;NOM", "Anna;Keller", "Anna Keller"),
        ("Name;Vorname", "Keller;Anna", "Anna Keller"),
        ("Cognome;Nome", "Keller;Anna", "Anna Keller"),
        ("First name;Surname", "Anna;Keller", "Anna Keller"),
        ("Nom / Name;Prénom / Vorname", "Keller;Anna", "Anna Keller"),
        (" Name, Vorname ;Nr", "Keller Anna;1", "Keller Anna"),
        ("Vorname;Nachname", "Anna;", "Anna"),
        ("Code;Name", "P-1;Anna Keller", "Anna Keller"),
    ],
)
def test_a_name_in_any_columns(listed: Listed, header: str, row: str, name: str) -> None:
    roster = listed.text(f"{header}\n{row}\n")
    assert names(roster) == [name]
    assert not roster.rows[0].coded


def test_a_code_stands_for_a_name_only_where_there_is_none(listed: Listed) -> None:
    roster = listed.text("Referenzcode;Name\nP-1;\nP-2;Anna Keller\n")
    assert [(row.name, row.coded) for row in roster.rows] == [("P-1", True), ("Anna Keller", False)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_any_encoding_and_delimiter(listed: Listed, encoding: str, delimiter: str) -> None:
    rows = (("Nom", "Prénom", "Adresse"), ("Müller", "Zoé", "Rue 1; x, y"))
    text = "\r\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    (row,) = listed.text(text, encoding).rows
    assert (row.name, row.contact) == ("Zoé Müller", "Rue 1; x, y")


def test_utf_16_of_the_other_order(listed: Listed) -> None:
    assert names(listed.text("\ufeffName\nZoé\n", "utf-16-be")) == ["Zoé"]


def test_the_line_excel_puts_first_is_no_header(listed: Listed) -> None:
    roster = listed.text("sep=;\nName;Ort\nAnna, die Erste;Bern\n")
    assert [(row.line, row.name) for row in roster.rows] == [(3, "Anna, die Erste")]


def test_a_row_has_the_number_of_the_line_where_it_begins(listed: Listed) -> None:
    roster = listed.text('\nName;Adresse\nAnna;"Weg 1\n8000 Zürich"\n\n;;\nBen;x\nCora;"y\r\nz"\n')
    assert [(row.line, row.name) for row in roster.rows] == [(3, "Anna"), (7, "Ben"), (8, "Cora")]
    assert roster.rows[0].contact == "Weg 1, 8000 Zürich"


def test_a_table_of_ours_can_be_read_again(tmp_path: Path) -> None:
    header = ("id", "name", "code", "born", "contact", "language", "capacity", "status")
    row = ("p-1", "Anna", "", dt.date(2011, 3, 2), "+41 79 1", "fr", "staff", "active")
    write_csv(tmp_path / "people.csv", header, [row])
    (read,) = read_roster(tmp_path / "people.csv").rows
    assert (read.name, read.born, read.contact) == ("Anna", dt.date(2011, 3, 2), "+41 79 1")
    assert (read.language, read.capacity) == ("fr", Capacity.STAFF)


word = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=12)
line_of_text = st.lists(word, min_size=1, max_size=4).map(" ".join)


@given(people=st.lists(st.tuples(line_of_text, line_of_text), max_size=8))
def test_whatever_a_spreadsheet_writes_is_read(
    people: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("lists") / "list.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = [(f"{number}x {name}", contact) for number, (name, contact) in enumerate(people)]
        csv.writer(stream, delimiter=";").writerows([("Name", "Kontakt"), *rows])
    roster = read_roster(path)
    assert not roster.refused
    assert [len(row.contact) > 0 for row in roster.rows] == [True] * len(people)
    assert [row.line for row in roster.rows] == list(range(2, len(people) + 2))


@given(data=st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for suffix in (".csv", ".xlsx"):
        path = tmp_path_factory.mktemp("lists") / f"list{suffix}"
        for start in (b"", b"Name;Born\n", b"PK\x03\x04"):
            path.write_bytes(start + data)
            try:
                read_roster(path)
            except RosterUnreadableError as error:
                assert "\n" not in str(error).replace(str(path), "")


# Words


@pytest.mark.parametrize(
    ("word", "capacity"),
    [
        ("patient·e", Capacity.PATIENT),
        ("Patient(in)", Capacity.PATIENT),
        ("Patient:innen", Capacity.PATIENT),
        ("PAZIENTE", Capacity.PATIENT),
        ("Mitarbeiter/in", Capacity.STAFF),
        ("Mitarbeiter*in", Capacity.STAFF),
        ("Mitarbeitende", Capacity.STAFF),
        ("collaborateur·trice", Capacity.STAFF),
        ("collaborateur/collaboratrice", Capacity.STAFF),
        ("employé(e)", Capacity.STAFF),
        ("collaboratore/trice", Capacity.STAFF),
        ("Besucher oder Angehörige", Capacity.VISITOR),
        ("visitor or relative", Capacity.VISITOR),
        ("visiteur·euse", Capacity.VISITOR),
        ("bénévole", Capacity.VOLUNTEER),
        ("Freiwillige*r", Capacity.VOLUNTEER),
        ("étudiant·e", Capacity.STUDENT),
        ("Schueler", Capacity.STUDENT),
        ("Lernende", Capacity.STUDENT),
        ("Externe Referentin", Capacity.SPEAKER),
        ("intervenant·e externe", Capacity.SPEAKER),
        ("autre", Capacity.OTHER),
        ("Extern", None),
        ("Patient und Mitarbeiter", None),
        ("Chef", None),
        ("", None),
    ],
)
def test_capacities_in_four_languages(word: str, capacity: Capacity | None) -> None:
    assert capacity_of(word) is capacity


@pytest.mark.parametrize("capacity", Capacity)
def test_every_capacity_is_known_by_its_own_name(capacity: Capacity) -> None:
    assert capacity_of(capacity.value) is capacity


@pytest.mark.parametrize(
    ("word", "code"),
    [("fr-CH", "fr"), ("DE", "de"), ("tedesco", "de"), ("Französisch", "fr"), ("anglais", "en")],
)
def test_languages_in_four_languages(word: str, code: str) -> None:
    assert language_of(word) == code
    assert language_of("rumantsch") is None


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("Date de naissance", Column.BORN),
        ("Geburtsdatum (TT.MM.JJJJ)", Column.BORN),
        ("Né·e le", Column.BORN),
        ("N° de tél.", None),
        ("N° tél.", Column.PHONE),
        ("e_mail *", Column.EMAIL),
        ("PORTRÄT", Column.PORTRAIT),
        ("Portraet", Column.PORTRAIT),
        ("Nr", None),
        ("Geburtsname", None),
        ("Name der Mutter", None),
        ("Name / E-Mail", None),
    ],
)
def test_headers(header: str, column: Column | None) -> None:
    assert column_of(header) is column


# Rows that are refused


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2011-03-02", dt.date(2011, 3, 2)),
        ("02.03.2011", dt.date(2011, 3, 2)),
        ("2.3.2011", dt.date(2011, 3, 2)),
        ("02/03/2011", dt.date(2011, 3, 2)),
        ("29.02.2012", dt.date(2012, 2, 29)),
        ("2011-03-02 00:00:00", dt.date(2011, 3, 2)),
    ],
)
def test_days_of_birth(listed: Listed, text: str, day: dt.date) -> None:
    assert listed.text(f"Name;Geburtsdatum\nAnna;{text}\n").rows[0].born == day


@pytest.mark.parametrize(
    "text", ["02.03.11", "29.02.2011", "13/13/2011", "2.März 2011", "40603", "######", "2.3/2011"]
)
def test_a_day_that_is_none_refuses_its_row_only(listed: Listed, text: str) -> None:
    roster = listed.text(f"Name;Geburtsdatum\nAnna;{text}\nBen;2.3.2011\n")
    assert names(roster) == ["Ben"]
    assert list(problems(roster)) == [2]
    assert isinstance(roster.refused[0].problem, RosterRowError)
    assert text in problems(roster)[2]


def test_an_unknown_word_is_answered_with_the_known_ones(listed: Listed) -> None:
    roster = listed.text("Name;Sprache;Rolle\nAnna;Rumantsch;\nBen;;Chef\nCora;fr;staff\n")
    assert names(roster) == ["Cora"]
    assert "fr, de, it, en" in problems(roster)[2]
    assert ", ".join(Capacity) in problems(roster)[3]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (";a@b.ch", "no name"),
        ("An\u200bna;x", "cannot be seen"),
        ("A" * (MAX_CELL + 1) + ";x", "more than 1000 characters"),
        ("A" * 201 + ";x", "201 characters"),
        ("Anna;x;y", "more cells than the header"),
        ("#N/A;x", "a formula without a result"),
        ("Anna;#DIV/0!", "a formula without a result"),
    ],
)
def test_a_row_that_cannot_be_used(listed: Listed, row: str, told: str) -> None:
    roster = listed.text(f"Name;Kontakt\nBen;ok\n{row}\nCora;ok\n")
    assert names(roster) == ["Ben", "Cora"]
    assert told in problems(roster)[3]


def test_a_problem_shows_no_more_than_a_line(listed: Listed) -> None:
    roster = listed.text("Name;Rolle\nAnna;\x0b\N{RIGHT-TO-LEFT OVERRIDE}" + "x" * 900 + "\n")
    (told,) = problems(roster).values()
    assert len(told) < 300
    assert told.isprintable()


def test_a_header_that_means_nothing_is_fit_to_be_shown(listed: Listed) -> None:
    roster = listed.text("Name;Be\N{RIGHT-TO-LEFT OVERRIDE}merkung;" + "x" * 500 + "\nAnna\n")
    assert roster.ignored_columns == ("Be\\x202emerkung", "x" * 60)


def test_a_very_long_name_costs_its_row_alone(listed: Listed) -> None:
    roster = listed.text("Name;Ort\n" + "A" * 10_000_000 + ";Bern\nBen;Bern\n")
    assert names(roster) == ["Ben"]
    assert len(problems(roster)[2]) < 200
    assert csv.field_size_limit() == 131_072


def test_who_is_in_the_list_twice_is_refused_the_second_time(listed: Listed) -> None:
    roster = listed.text(
        "Name;Geburtsdatum\nAnna  Keller;2.3.2011\nanna keller;2011-03-02\n"
        "Anna Keller;3.3.2011\nAnna Keller;\n"
    )
    assert [row.line for row in roster.rows] == [2, 4]
    assert list(problems(roster)) == [3, 5]
    assert "in line 2 already" in problems(roster)[3]


def test_a_row_may_repeat_one_that_was_refused(listed: Listed) -> None:
    roster = listed.text("Name;Rolle\nAnna;Chef\nAnna;staff\n")
    assert [row.line for row in roster.rows] == [3]


def test_a_code_is_given_once(listed: Listed) -> None:
    roster = listed.text("Code;Geburtsdatum\nP-1;2.3.2011\nP-1;3.3.2011\n")
    assert list(problems(roster)) == [3]


# Files that cannot be used


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (b"\n\n  \n", "is empty"),
        (b"Name;Ort\nAn\0na;Bern\n", "not a table of text"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "not a table of text"),
        (b"Name\n\x81\x8d\n", "not a table of text"),
        ("Name\nZoé\n".encode() + b"\xfc\n", "not a table of text"),
        ("Name\nAnna\n".encode("utf-16-le"), "not a table of text"),
        (b"Anna Keller;2.3.2011\nBen Keller;3.4.2012\n", "no column of"),
        (b"E-Mail;Ort\na@b.ch;Bern\n", "no column of"),
        (b"Nachname;Ort\nKeller;Bern\n", "no column of"),
        (b"Name;Geburtsdatum;Geboren am\n", "the same in several columns"),
        (b"Name;Name\n", "the same in several columns"),
        (b"Name;E-Mail;e-mail\n", "the same in several columns"),
        (b'Name;Ort\nAnna;Bern\n"Ben;Bern\nCora;Bern\n', "line 3 of"),
        (b'Name;Ort\n"Anna;Bern\n"Ben";Bern\n', "line 2 of"),
    ],
)
def test_a_file_that_is_no_list(listed: Listed, data: bytes, told: str) -> None:
    with pytest.raises(RosterUnreadableError, match=told):
        listed.data(data)


@pytest.mark.parametrize("name", ["list.xls", "list.pdf", "list", "missing.csv", "."])
def test_a_path_that_is_no_list(tmp_path: Path, name: str) -> None:
    if name.startswith("list"):
        (tmp_path / name).write_bytes(b"Name\nAnna\n")
    with pytest.raises(RosterUnreadableError):
        read_roster(tmp_path / name)


def test_a_folder_called_like_a_list(tmp_path: Path) -> None:
    (tmp_path / "list.csv").mkdir()
    with pytest.raises(RosterUnreadableError, match="not a file"):
        read_roster(tmp_path / "list.csv")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "list.csv")
    with pytest.raises(RosterUnreadableError, match="not a file"):
        read_roster(tmp_path / "list.csv")


def test_a_file_has_limits(listed: Listed) -> None:
    with pytest.raises(RosterUnreadableError, match="16 MiB"):
        listed.data(b"Name\n" + b"a" * MAX_FILE_BYTES)
    with pytest.raises(RosterUnreadableError, match="200 columns"):
        listed.text("Name" + ";x" * MAX_COLUMNS)
    assert len(listed.text("Name" + ";x" * (MAX_COLUMNS - 1) + "\nAnna\n").rows) == 1


def test_a_list_has_as_many_rows_as_allowed(
    listed: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_ROWS == 100_000
    monkeypatch.setattr("clearance.roster_grid.MAX_ROWS", 300)
    rows = [f"person {number}" for number in range(300)]
    assert len(listed.text("\n".join(["Name", *rows])).rows) == 300
    with pytest.raises(RosterUnreadableError, match="300 rows"):
        listed.text("\n".join(["Name", *rows, "one more"]))


# Workbooks


def test_a_workbook(listed: Listed) -> None:
    roster = listed.sheet(
        (),
        ("Name", "Vorname", "Geburtsdatum", "Telefon", "PLZ", "Ort"),
        ("Keller", "Anna", dt.datetime(2011, 3, 2, tzinfo=None), 791234567.0, 8000, "Zürich"),  # noqa: DTZ001
        (None, None),
        ("Meier", "Ben", "3.4.2012", 12.0),
        ("Frei", "Cora", dt.date(2013, 5, 4), "x", None, None, "a remark without a header"),
        ("Roth", "Dora", 40603),
    )
    assert [(row.line, row.name) for row in roster.rows] == [
        (3, "Anna Keller"),
        (5, "Ben Meier"),
        (6, "Cora Frei"),
    ]
    assert [row.born for row in roster.rows] == [
        dt.date(2011, 3, 2),
        dt.date(2012, 4, 3),
        dt.date(2013, 5, 4),
    ]
    assert roster.rows[0].contact == "791234567; 8000 Zürich"
    assert roster.rows[1].contact == "12"
    assert "40603" in problems(roster)[7]


def test_the_first_sheet_that_is_seen_and_has_anything(listed: Listed) -> None:
    book = openpyxl.Workbook()
    hidden, filled, other = (book.create_sheet(name) for name in ("hidden", "filled", "other"))
    hidden.sheet_state = "hidden"
    for sheet, name in ((hidden, "Nobody"), (filled, "Anna"), (other, "Ben")):
        sheet.append(("Name",))
        sheet.append((name,))
    assert names(listed.book(book)) == ["Anna"]


def test_a_formula_that_was_never_calculated_refuses_its_row(listed: Listed) -> None:
    # Without its day of birth, a child would count as of age.
    roster = listed.sheet(
        ("Name", "Geburtsdatum"), ("Anna", "=DATE(2011,3,2)"), ("Ben", "2.3.2011"), ("Cora",)
    )
    assert names(roster) == ["Ben", "Cora"]
    assert "formula without a result" in problems(roster)[2]


def test_a_formula_that_gave_an_empty_text_is_empty(listed: Listed) -> None:
    listed.sheet(("Name", "Ort"), ("Anna", '=""'), ("Ben", "=1"))
    changed = {
        b'<c r="B2"><f>""</f><v></v></c>': b'<c r="B2" t="str"><f>""</f><v></v></c>',
        b'<c r="B2"><f>""</f><v /></c>': b'<c r="B2" t="str"><f>""</f><v></v></c>',
        b'<c r="B3"><f>1</f><v></v></c>': b'<c r="B3"><f>1</f><v>1</v></c>',
        b'<c r="B3"><f>1</f><v /></c>': b'<c r="B3"><f>1</f><v>1</v></c>',
    }
    path = _with_part(listed.path.with_suffix(".xlsx"), "xl/worksheets/sheet1.xml", changed)
    assert [(row.name, row.contact) for row in read_roster(path).rows] == [
        ("Anna", ""),
        ("Ben", "1"),
    ]


def test_a_sheet_that_says_it_is_smaller_is_read_whole(listed: Listed) -> None:
    listed.sheet(("Name", "Ort"), ("Anna", "Bern"), ("Ben", "Biel"))
    changed = {b'<dimension ref="A1:B3"': b'<dimension ref="A1:A2"'}
    path = _with_part(listed.path.with_suffix(".xlsx"), "xl/worksheets/sheet1.xml", changed)
    roster = read_roster(path)
    assert [(row.name, row.contact) for row in roster.rows] == [("Anna", "Bern"), ("Ben", "Biel")]


def test_a_workbook_has_limits(listed: Listed) -> None:
    with pytest.raises(RosterUnreadableError, match="200 columns"):
        listed.sheet(("Name", *["x"] * MAX_COLUMNS))
    roster = listed.sheet(("Name",), ("A" * 30_000,), ("Ben",))
    assert names(roster) == ["Ben"]
    assert "more than 1000 characters" in problems(roster)[2]


def _with_part(path: Path, part: str, changed: dict[bytes, bytes]) -> Path:
    """The workbook with some bytes of a part replaced, each of which it may have."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    before = parts[part]
    for old, new in changed.items():
        parts[part] = parts[part].replace(old, new)
    assert parts[part] != before
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_a_row_far_down_is_not_walked_to(listed: Listed) -> None:
    listed.sheet(("Name",), ("Anna",))
    changed = {b'<row r="2"': b'<row r="99999999999"'}
    path = _with_part(listed.path.with_suffix(".xlsx"), "xl/worksheets/sheet1.xml", changed)
    with pytest.raises(RosterUnreadableError):
        read_roster(path)


def test_a_row_with_millions_of_empty_cells_is_refused(listed: Listed) -> None:
    listed.sheet(("Name",))
    changed = {b"</row>": b"<c/>" * 2_000_000 + b"</row>"}
    path = _with_part(listed.path.with_suffix(".xlsx"), "xl/worksheets/sheet1.xml", changed)
    with pytest.raises(RosterUnreadableError, match="not a workbook"):
        read_roster(path)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(2):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b"\0" * (33 * 2**20))
    tracemalloc.start()
    try:
        with pytest.raises(RosterUnreadableError, match="64 MiB when it is unpacked"):
            read_roster(path)
        assert tracemalloc.get_traced_memory()[1] < 48 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_that_grow_are_refused(listed: Listed, encoding: str) -> None:
    listed.sheet(("Name",), ("Anna",))
    part = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY a "aa">]><x>&a;</x>'
    path = listed.path.with_suffix(".xlsx")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/more.xml", part.encode(encoding))
    with pytest.raises(RosterUnreadableError, match="not a workbook"):
        read_roster(path)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, "of the old kind; save it as .xlsx"),
        (
            bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le"),
            "protected with a password",
        ),
        (b"Name;Ort\nAnna;Bern\n", "not a workbook"),
        (b"PK\x03\x04broken", "not a workbook"),
        (b"", "is empty"),
    ],
)
def test_a_file_that_is_no_workbook(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(data)
    with pytest.raises(RosterUnreadableError, match=told):
        read_roster(path)


def test_a_damaged_workbook_is_refused(listed: Listed) -> None:
    listed.sheet(("Name",), *[(f"person {number}",) for number in range(50)])
    path = listed.path.with_suffix(".xlsx")
    whole = path.read_bytes()
    for place in range(0, len(whole), 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            read_roster(path)
        except RosterUnreadableError as error:
            assert "save it" in str(error) or "name" in str(error)


def test_a_zip_that_is_no_workbook(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("hello.txt", "hello")
    (tmp_path / "list.xlsx").write_bytes(data.getvalue())
    with pytest.raises(RosterUnreadableError, match="not a workbook"):
        read_roster(tmp_path / "list.xlsx")


# Portraits that are named


def test_a_row_names_its_portraits(listed: Listed) -> None:
    roster = listed.with_files(
        "Name;Foto\nAnna;a1.jpg; \nBen;b.PNG|c.heic\n".replace("a1.jpg; ", '"A1.jpg;a2.jpg"'),
        *("a1.jpg", "a2.jpg", "b.PNG", "c.heic", "Anna.jpg"),
    )
    assert files(roster) == {"Anna": ["a1.jpg", "a2.jpg"], "Ben": ["b.PNG", "c.heic"]}
    assert unused(roster) == ["Anna.jpg"]


@pytest.mark.parametrize(
    "name",
    [
        *("missing.jpg", "../secret.jpg", "..", "sub/a.jpg", "sub\\a.jpg", "C:a.jpg", "/etc/a.jpg"),
        *("notes.pdf", "link.jpg", "a.jpg/../a.jpg", ".hidden.jpg"),
    ],
)
def test_a_portrait_comes_from_the_folder_alone(listed: Listed, name: str, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"not to be read")
    sub = listed.portraits / "sub"
    sub.mkdir(parents=True)
    (sub / "a.jpg").write_bytes(b"")
    try:
        (listed.portraits / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    except OSError:
        assert os.name == "nt"
    text = f"Name;Foto\nAnna;{name}\nBen;a.jpg\n"
    roster = listed.with_files(text, "a.jpg", "notes.pdf", ".hidden.jpg")
    assert files(roster) == {"Ben": ["a.jpg"]}
    assert list(problems(roster)) == [2]
    assert unused(roster) == []


def test_a_portrait_that_two_rows_name_is_neithers(listed: Listed) -> None:
    text = "Name;Foto;Rolle\nAnna;a.jpg;\nBen;a.jpg;\nCora;c.jpg;\nDora;c.jpg;Chef\n"
    roster = listed.with_files(text, "a.jpg", "c.jpg")
    assert names(roster) == []
    assert "in line 3 as well" in problems(roster)[2]
    assert "in line 2 as well" in problems(roster)[3]
    assert "in line 5 as well" in problems(roster)[4]
    assert unused(roster) == ["a.jpg", "c.jpg"]


@pytest.mark.parametrize("named", ["a.jpg|gone.jpg", "gone.jpg|a.jpg"])
def test_a_row_claims_its_portrait_although_another_is_missing(listed: Listed, named: str) -> None:
    roster = listed.with_files(f"Name;Foto\nAnna;{named}\nBen;a.jpg\n", "a.jpg")
    assert names(roster) == []
    assert "gone.jpg" in problems(roster)[2]
    assert "in line 2 as well" in problems(roster)[3]


def test_without_a_folder_the_column_of_portraits_means_nothing(listed: Listed) -> None:
    roster = listed.text("Name;Foto\nAnna;a.jpg\n")
    assert roster.ignored_columns == ("Foto",)
    assert files(roster) == {"Anna": []}


def test_a_folder_that_is_not_there(listed: Listed, tmp_path: Path) -> None:
    listed.text("Name\nAnna\n")
    for folder in (tmp_path / "nowhere", listed.path):
        with pytest.raises(RosterUnreadableError, match="folder of portraits"):
            read_roster(listed.path, portraits=folder)


# Portraits that are called like somebody


@pytest.mark.parametrize(
    "file",
    [
        *("Anna Keller.jpg", "anna-keller-1.jpg", "keller_anna 2.png", "KELLER, Anna (3).JPEG"),
        *("Anna.Keller.webp", "anna-keller2.tif", "ännâ kéller.heif", "anna-keller-1-2.avif"),
    ],
)
def test_a_file_spells_a_name(listed: Listed, file: str) -> None:
    roster = listed.with_files("Name\nAnna Keller\nBen Keller\n", file)
    assert files(roster) == {"Anna Keller": [file], "Ben Keller": []}


@pytest.mark.parametrize(
    "file",
    [
        *("anna.jpg", "keller.jpg", "anna-keller.gif", "anna-keller.txt", "hanna-keller.jpg"),
        *("anna-b-keller.jpg", "._anna-keller.jpg", "1.jpg"),
    ],
)
def test_a_file_that_spells_another_name(listed: Listed, file: str) -> None:
    assert files(listed.with_files("Name\nAnna Keller\n", file)) == {"Anna Keller": []}


def test_umlauts_are_spelled_both_ways_but_not_taken_for_each_other(listed: Listed) -> None:
    text = "Name\nJürg Müller\nUwe Frei\nUwe Muller\nÖ Groß\n"
    roster = listed.with_files(
        text, "juerg-mueller.jpg", "jurg-muller.jpg", "uwe-mueller.jpg", "oe_gross.jpg"
    )
    assert files(roster)["Jürg Müller"] == ["juerg-mueller.jpg", "jurg-muller.jpg"]
    assert files(roster)["Uwe Muller"] == []
    assert files(roster)["Ö Groß"] == ["oe_gross.jpg"]
    assert unused(roster) == ["uwe-mueller.jpg"]


def test_a_file_spells_a_code(listed: Listed) -> None:
    text = "Code;Name\nPT-0042;\nPT-0043;Anna\n"
    roster = listed.with_files(text, "pt-0042.jpg", "PT_0042 (1).jpg", "pt-0043.jpg", "pt-00.jpg")
    assert files(roster) == {"PT-0042": ["pt-0042.jpg", "PT_0042 (1).jpg"], "Anna": ["pt-0043.jpg"]}
    assert unused(roster) == ["pt-00.jpg"]


def test_a_file_that_fits_two_fits_none(listed: Listed) -> None:
    text = "Name;Geburtsdatum\nMartin Peter;2.3.2011\nPeter Martin;3.3.2011\nAnna;\n"
    roster = listed.with_files(text, "peter-martin.jpg", "anna.jpg")
    assert files(roster) == {"Martin Peter": [], "Peter Martin": [], "Anna": ["anna.jpg"]}
    assert unused(roster) == ["peter-martin.jpg"]


def test_a_file_may_be_of_somebody_whose_row_was_refused(listed: Listed) -> None:
    text = "Name;Geburtsdatum\nAnna Keller;31.2.2011\nAnna Keller;2.3.2012\n"
    roster = listed.with_files(text, "anna-keller.jpg")
    assert files(roster) == {"Anna Keller": []}
    assert unused(roster) == ["anna-keller.jpg"]


def test_a_row_that_stands_twice_keeps_its_portrait(listed: Listed) -> None:
    text = "Name;Geburtsdatum\nAnna Keller;2.3.2011\nAnna Keller;2.3.2011\n"
    roster = listed.with_files(text, "anna-keller.jpg")
    assert files(roster) == {"Anna Keller": ["anna-keller.jpg"]}
    assert list(problems(roster)) == [3]


def test_two_without_a_day_of_birth_may_be_two(listed: Listed) -> None:
    roster = listed.with_files("Name\nAnna Keller\nAnna Keller\n", "anna-keller.jpg")
    assert files(roster) == {"Anna Keller": []}
    assert unused(roster) == ["anna-keller.jpg"]
