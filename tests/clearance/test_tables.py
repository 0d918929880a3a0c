"""Tables for a spreadsheet: they open as they were meant, and nothing in them runs."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearance.errors import TableNotWrittenError
from clearance.tables import guarded, unguarded, write_csv
from consent.records import Capacity

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", "﹣")
# Also what a spreadsheet passes over before it sees the formula.
BEFORE = ("", " ", "   ", "\N{NO-BREAK SPACE}", "\N{ZERO WIDTH SPACE}", "\x00", " \x1b")
texts = st.text(alphabet=st.characters(codec="utf-8") | st.sampled_from("=+-@;,'\"\t\r\n\x00＝"))


def read(path: Path, delimiter: str = ";") -> list[list[str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def test_it_opens_in_an_office(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    write_csv(path, ("name", "born"), [("Zoé Müller; Ärztin", dt.date(2011, 3, 2)), ("Linh", None)])
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == 3
    assert data.count(b"\n") == 3
    assert read(path) == [["name", "born"], ["Zoé Müller; Ärztin", "2011-03-02"], ["Linh", ""]]


def test_values_are_written_as_they_are_meant(tmp_path: Path) -> None:
    path = tmp_path / "values.csv"
    write_csv(path, ("a", "b", "c", "d"), [(-5, 1.5, Capacity.STAFF, None)])
    assert read(path)[1] == ["-5", "1.5", "staff", ""]


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_stays_text(formula: str, before: str, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    write_csv(path, (f"{formula}head",), [(f"{before}{formula}cmd|' /C calc'!A0",)])
    header, row = read(path)
    assert header[0].startswith("'")
    assert row[0].startswith("'")


@given(texts)
def test_no_cell_begins_like_a_formula(text: str) -> None:
    cell = guarded(text)
    seen = cell.lstrip().lstrip("\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}").lstrip()
    assert unicodedata.normalize("NFKC", seen[:1]) not in {"=", "+", "-", "@"}
    assert not any(unicodedata.category(char) == "Cc" for char in cell)


@given(texts.filter(lambda text: text.isprintable() and not text.startswith("'")))
def test_what_was_guarded_can_be_read_again(text: str) -> None:
    assert unguarded(guarded(text)) == text


@given(rows=st.lists(st.lists(texts, min_size=2, max_size=2), max_size=5))
def test_any_text_comes_back_as_it_is_shown(
    rows: list[list[str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("tables") / "any.csv"
    write_csv(path, ("one", "other"), rows)
    assert read(path) == [["one", "other"], *([guarded(cell) for cell in row] for row in rows)]


def test_control_characters_go_and_line_breaks_become_spaces(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    write_csv(path, ("a",), [("Rue\n1\x00\x1b[31m\N{RIGHT-TO-LEFT OVERRIDE}",), ("half \udc80",)])
    assert read(path)[1:] == [["Rue 1[31m"], ["half "]]


def test_joiners_that_spell_a_name_stay() -> None:
    name = "می\N{ZERO WIDTH NON-JOINER}نا"
    assert guarded(name) == name


def test_an_earlier_table_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("old", encoding="utf-8")
    write_csv(path, ("new",), [])
    assert read(path) == [["new"]]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    write_csv(tmp_path / "people.csv", ("name",), [("Linh",)])
    assert (tmp_path / "people.csv").stat().st_mode & 0o077 == 0


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "no" / "people.csv", tmp_path / "folder", tmp_path / "a\0b.csv"):
        with pytest.raises(TableNotWrittenError, match="choose another name or folder"):
            write_csv(path, ("name",), [("Linh",)])
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "people.csv"
    path.write_text("old", encoding="utf-8")

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(TableNotWrittenError, match="No space left"):
        write_csv(path, ("name",), [("Linh",)])
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_rows_that_fail_write_nothing(tmp_path: Path) -> None:
    def rows() -> Iterator[tuple[str]]:
        yield ("Linh",)
        raise RuntimeError("the registry went away")

    with pytest.raises(RuntimeError):
        write_csv(tmp_path / "people.csv", ("name",), rows())
    assert not list(tmp_path.iterdir())
