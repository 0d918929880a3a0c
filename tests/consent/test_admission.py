"""Names, days, texts and files that make no sense are refused before anything is kept."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent import admission
from consent.admission import (
    LANGUAGES,
    MAX_CONTACT,
    MAX_NAME,
    MAX_REASON,
    MAX_SERIAL,
    admitted_author,
    admitted_birth,
    admitted_contact,
    admitted_form_language,
    admitted_language,
    admitted_name,
    admitted_note,
    admitted_person,
    admitted_portrait,
    admitted_reason,
    admitted_scan,
    admitted_serial,
    name_key,
)
from consent.errors import RecordInvalidError
from consent.records import Person
from tests.consent.factories import NAME, TODAY, TOMORROW, YESTERDAY

Line = Callable[[str], str]
LINES: dict[Line, tuple[int, str]] = {
    admitted_name: (MAX_NAME, "the name"),
    admitted_author: (MAX_NAME, "who says so"),
    admitted_serial: (MAX_SERIAL, "the serial"),
    admitted_reason: (MAX_REASON, "the reason"),
    admitted_contact: (MAX_CONTACT, "the contact"),
    admitted_note: (MAX_REASON, "the remark"),
}
OPTIONAL = (admitted_contact, admitted_note)
UNSEEN = (
    "Anna\nKeller",
    "Anna\x00Keller",
    "Anna\x1b[31mKeller",
    "Anna\x7fKeller",
    "Anna\N{RIGHT-TO-LEFT OVERRIDE}Keller",
    "Anna\N{LINE SEPARATOR}Keller",
    "Anna\N{SOFT HYPHEN}Keller",
    "Anna\ue000Keller",
    "Anna\ud800",
)

every_line = pytest.mark.parametrize("admitted", LINES, ids=lambda one: one.__name__)


def test_every_line_of_text_is_tried_here() -> None:
    names = {name for name in vars(admission) if name.startswith("admitted_")}
    others = {"birth", "form_language", "language", "person", "portrait", "scan"}
    assert names == {one.__name__ for one in LINES} | {f"admitted_{name}" for name in others}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Anna   Keller ", "Anna Keller"),
        ("E\N{COMBINING ACUTE ACCENT}lodie", "Élodie"),
        ("\N{ARABIC LETTER ALEF}\N{ZERO WIDTH NON-JOINER}x", "\N{ARABIC LETTER ALEF}\u200cx"),
    ],
)
def test_names_are_composed_and_evenly_spaced(typed: str, kept: str) -> None:
    assert {one(typed) for one in LINES if one is not admitted_serial} == {kept}


def test_a_serial_is_kept_as_it_was_printed() -> None:
    assert admitted_serial("  A  1 ") == "A  1"


@every_line
@pytest.mark.parametrize("text", UNSEEN, ids=ascii)
def test_what_cannot_be_seen_is_refused(admitted: Line, text: str) -> None:
    with pytest.raises(RecordInvalidError, match=f"{LINES[admitted][1]} cannot be kept: .*seen"):
        admitted(text)


@every_line
def test_what_is_too_long_is_refused(admitted: Line) -> None:
    longest, field = LINES[admitted]
    assert admitted(" " + "x" * longest + " ") == "x" * longest
    for length in (longest + 1, 10_000_000):
        with pytest.raises(RecordInvalidError, match=field) as caught:
            admitted("x" * length)
        assert f"it has {length} characters; {longest} are allowed" in str(caught.value)


@every_line
@pytest.mark.parametrize("blank", ["", "  ", " \n "])
def test_a_blank_is_one_only_where_it_may_be(admitted: Line, blank: str) -> None:
    if admitted in OPTIONAL:
        assert admitted(blank) == ""
        return
    with pytest.raises(RecordInvalidError, match="it is blank"):
        admitted(blank)


@every_line
@given(st.text(max_size=60))
def test_what_is_admitted_is_admitted_again_unchanged(admitted: Line, text: str) -> None:
    try:
        kept = admitted(text)
    except RecordInvalidError:
        return
    assert admitted(kept) == kept
    assert kept == kept.strip()
    assert "\n" not in kept
    if admitted is not admitted_serial:
        assert unicodedata.is_normalized("NFC", kept)


def test_a_name_is_found_in_any_case_and_spelling() -> None:
    decomposed = " élodie  ZÜRCHER-favre".replace("é", "e\N{COMBINING ACUTE ACCENT}")
    assert name_key(decomposed) == name_key(NAME)


@pytest.mark.parametrize(
    ("data", "suffix"),
    [
        (b"", ".pdf"),
        (b"x", ""),
        (b"x", "pdf"),
        (b"x", "./../x"),
        (b"x", ".pdf\n"),
        (b"x", ".tarball99"),
    ],
)
def test_empty_or_nameless_files_are_refused(data: bytes, suffix: str) -> None:
    with pytest.raises(RecordInvalidError, match="the scan"):
        admitted_scan(data, suffix)
    with pytest.raises(RecordInvalidError, match="the portrait"):
        admitted_portrait(data, suffix)


def test_suffixes_are_kept_in_small_letters() -> None:
    assert (admitted_scan(b"x", ".PDF"), admitted_portrait(b"x", ".Jpeg")) == (".pdf", ".jpeg")


@pytest.mark.parametrize(
    ("born", "complaint"),
    [(TOMORROW, "still to come"), (dt.date(1905, 12, 31), "120 years ago")],
)
def test_a_day_of_birth_that_cannot_be_is_refused(born: dt.date, complaint: str) -> None:
    with pytest.raises(RecordInvalidError, match=complaint):
        admitted_birth(born, TODAY)


@pytest.mark.parametrize("born", [TODAY, dt.date(1906, 1, 1)])
def test_newborns_and_the_very_old_are_admitted(born: dt.date) -> None:
    assert admitted_birth(born, TODAY) == born


def test_only_the_languages_of_the_forms_are_written() -> None:
    assert [admitted_language(f" {code.upper()} ") for code in LANGUAGES] == list(LANGUAGES)
    assert admitted_language(" ") == ""
    for code in ("rm", "french", "f\nr", "fr\x00"):
        with pytest.raises(RecordInvalidError, match="there are fr, de, it, en"):
            admitted_language(code)


def test_a_form_is_in_one_language_or_in_two() -> None:
    assert admitted_form_language(" FR + de ") == "fr+de"
    assert admitted_form_language("it") == "it"
    assert admitted_form_language("") == ""
    for code in ("fr+", "+fr", "fr+fr", "fr+rm", "fr+de+it"):
        with pytest.raises(RecordInvalidError, match="is not a language of the forms"):
            admitted_form_language(code)


def test_every_detail_of_a_person_is_put_in_order() -> None:
    typed = Person(
        "p-00000000", " Anna  Keller", TODAY, YESTERDAY, contact=" a@b.org ", language="DE"
    )
    kept = admitted_person(typed, TODAY)
    assert (kept.name, kept.contact, kept.language) == ("Anna Keller", "a@b.org", "de")
    assert (kept.id, kept.born, kept.added_on) == (typed.id, YESTERDAY, TODAY)


@pytest.mark.parametrize(
    ("detail", "complaint"),
    [
        ({"name": " "}, "the name"),
        ({"born": TOMORROW}, "the day of birth"),
        ({"contact": "a\x00b"}, "the contact"),
        ({"language": "xx"}, "not a language"),
    ],
)
def test_no_detail_of_a_person_is_let_through(detail: dict[str, object], complaint: str) -> None:
    fields: dict[str, object] = {"id": "p-00000000", "name": NAME, "added_on": TODAY, **detail}
    with pytest.raises(RecordInvalidError, match=complaint):
        admitted_person(Person(**fields), TODAY)  # type: ignore[arg-type]
