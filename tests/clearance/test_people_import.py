"""The people of a list into the registry, as a clerk types it."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path

import openpyxl
import pytest

from clearance.commandline import ExitCode
from tests.clearance.clerk import Clerk
from tests.commands import SAMPLES, run

PORTRAITS = SAMPLES / "portraits"
LIST = (
    "Nachname;Vorname;Geburtsdatum;Rolle;E-Mail;Bemerkung\r\n"
    "Müller;Jürg;2.3.1971;Mitarbeiter/in;j@belmont.example;nett\r\n"
    "Keller;Anna;31.2.2011;Patientin;;\r\n"
    "Frei;Zoé;;bénévole;;\r\n"
)


@pytest.fixture
def clerk(empty_registry: Path, evidence: Path) -> Clerk:
    return Clerk(empty_registry, evidence)


@pytest.fixture
def german(tmp_path: Path) -> Path:
    """As a German Excel saves it: semicolons, Windows-1252; line 3 has no such day."""
    path = tmp_path / "Liste.csv"
    path.write_bytes(LIST.encode("cp1252"))
    return path


def people(clerk: Clerk) -> dict[str, dict[str, object]]:
    told = clerk.does("people", "list", "--json").documents
    return {str(one["name"]): one for one in told}


def test_good_rows_are_added_and_bad_ones_refused_by_their_line(clerk: Clerk, german: Path) -> None:
    did = clerk.does(
        "people", "import", german, "--yes", "--json", code=ExitCode.INPUT_OR_OUTPUT
    ).documents
    assert [(one["line"], one["outcome"]) for one in did] == [
        (2, "added"),
        (4, "added"),
        (3, "refused"),
    ]
    assert "31.2.2011" in did[2]["problem"]
    on_file = people(clerk)
    assert sorted(on_file) == ["Jürg Müller", "Zoé Frei"]
    assert did[0]["person"] == on_file["Jürg Müller"]["person"]
    jurg = on_file["Jürg Müller"]
    assert (jurg["born"], jurg["capacity"]) == ("1971-03-02", "staff")
    assert on_file["Zoé Frei"]["capacity"] == "volunteer"


def test_a_person_reads_what_became_of_each_row(clerk: Clerk, german: Path) -> None:
    told = clerk.reads("people", "import", german, "--yes", code=ExitCode.INPUT_OR_OUTPUT)
    assert "line 2: Jürg Müller, staff, born 1971-03-02" in told
    assert "line 3 is refused: there is no day '31.2.2011'" in told
    assert "columns that mean nothing here: Bemerkung" in told
    assert "2 people to add." in told
    assert "Zoé Frei is p-" in told


def test_a_list_without_a_bad_row_ends_well(clerk: Clerk, tmp_path: Path) -> None:
    path = tmp_path / "list.tsv"
    path.write_text("Name\tCode\nAnna Keller\tP-1\n\tP-2\n", encoding="utf-8")
    clerk.does("people", "import", path, "--yes")
    assert {name: one["coded"] for name, one in people(clerk).items()} == {
        "Anna Keller": False,
        "P-2": True,
    }


def test_the_second_time_everybody_is_there_already(clerk: Clerk, german: Path) -> None:
    clerk.does("people", "import", german, "--yes", code=ExitCode.INPUT_OR_OUTPUT)
    before = people(clerk)
    again = clerk.does(
        "people", "import", german, "--yes", "--json", code=ExitCode.INPUT_OR_OUTPUT
    ).documents
    assert [(one["line"], one["outcome"]) for one in again] == [
        (2, "refused"),
        (3, "refused"),
        (4, "refused"),
    ]
    assert str(before["Jürg Müller"]["person"]) in again[0]["problem"]
    assert "in the registry already" in again[2]["problem"]
    assert people(clerk) == before


def test_a_dry_run_says_the_same_and_adds_nobody(clerk: Clerk, german: Path) -> None:
    told = clerk.reads("people", "import", german, "--dry-run", code=ExitCode.INPUT_OR_OUTPUT)
    assert "line 4: Zoé Frei, volunteer" in told
    planned = clerk.does(
        "people", "import", german, "--dry-run", "--json", code=ExitCode.INPUT_OR_OUTPUT
    ).documents
    assert [one["outcome"] for one in planned] == ["planned", "refused", "planned"]
    assert people(clerk) == {}


def test_nobody_is_added_unasked(clerk: Clerk, german: Path) -> None:
    clerk.does("people", "import", german, code=ExitCode.USAGE)
    assert people(clerk) == {}


def test_a_workbook_with_portraits_named_like_the_people(clerk: Clerk, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (
        ("Nom / Name", "Prénom / Vorname", "Date de naissance", "Langue"),
        ("Mettler", "Jürg", dt.date(1971, 3, 2), "allemand"),
        ("Amsler", "Zoe", None, "fr"),
        ("Nobody", "Nadine", None, "it"),
    ):
        book.active.append(row)
    book.save(tmp_path / "list.xlsx")
    words = ("people", "import", tmp_path / "list.xlsx", "--portraits", PORTRAITS)
    planned = clerk.reads(*words, "--dry-run")
    assert "jurg-mettler-1.jpg, jurg-mettler-2.jpg" in planned
    assert "no row, or several, for the portrait linh-dubach-1.jpg" in planned
    did = clerk.does(*words, "--yes", "--json").documents
    assert [(one["name"], one["portraits"]) for one in did] == [
        ("Jürg Mettler", 2),
        ("Zoe Amsler", 2),
        ("Nadine Nobody", 0),
    ]
    assert {name: one["portraits"] for name, one in people(clerk).items()} == {
        "Jürg Mettler": 2,
        "Zoe Amsler": 2,
        "Nadine Nobody": 0,
    }


def test_a_portrait_that_is_no_photo_refuses_its_row(clerk: Clerk, tmp_path: Path) -> None:
    folder = tmp_path / "portraits"
    folder.mkdir()
    (folder / "anna-keller.jpg").write_bytes(b"no photo")
    (tmp_path / "list.csv").write_text("Name\nAnna Keller\nBen Keller\n", encoding="utf-8")
    words = ("people", "import", tmp_path / "list.csv", "--portraits", folder, "--yes", "--json")
    did = clerk.does(*words, code=ExitCode.INPUT_OR_OUTPUT).documents
    assert [(one["line"], one["outcome"]) for one in did] == [(2, "refused"), (3, "added")]
    assert list(people(clerk)) == ["Ben Keller"]


@pytest.mark.parametrize("name", ["list.xls", "missing.csv"])
def test_a_file_that_is_no_list_adds_nobody(clerk: Clerk, tmp_path: Path, name: str) -> None:
    (tmp_path / "list.xls").write_bytes(b"Name\nAnna\n")
    words = ("people", "import", tmp_path / name, "--yes", "--registry", clerk.registry)
    told = run(*words).assert_exit(ExitCode.INPUT_OR_OUTPUT).result.stderr
    assert name in told
    assert people(clerk) == {}


def test_a_name_that_would_run_in_a_spreadsheet_stays_a_name(clerk: Clerk, tmp_path: Path) -> None:
    source, table = tmp_path / "list.csv", tmp_path / "people.csv"
    source.write_text("Name;Telefon\n=cmd|calc;+41 79 000 00 00\n", encoding="utf-8")
    clerk.does("people", "import", source, "--yes")
    clerk.does("people", "list", "--csv", table)
    text = table.read_bytes().decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text, newline=""), delimiter=";")
    assert row["name"] == "'=cmd|calc"
    assert row["contact"] == "'+41 79 000 00 00"


def test_a_table_of_the_registry_fills_another(
    clerk: Clerk, german: Path, tmp_path: Path, evidence: Path
) -> None:
    clerk.does("people", "import", german, "--yes", code=ExitCode.INPUT_OR_OUTPUT)
    clerk.does("people", "list", "--csv", tmp_path / "people.csv")
    other = Clerk(tmp_path / "other", evidence)
    run("init", "--registry", other.registry).assert_exit(ExitCode.CLEARED)
    other.does("people", "import", tmp_path / "people.csv", "--yes")
    said = ("name", "born", "contact", "language", "capacity", "coded")

    def known(of: Clerk) -> list[tuple[object, ...]]:
        return [tuple(one.get(key) for key in said) for one in people(of).values()]

    assert known(other) == known(clerk)
