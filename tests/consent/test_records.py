"""Ids survive a telephone; records that contradict themselves are refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.admission import (
    admitted_birth,
    admitted_name,
    admitted_scan,
    admitted_serial,
    check_consent,
    name_key,
)
from consent.errors import RecordInvalidError
from consent.policy import Policy
from consent.records import Person, Portrait, new_person_id, person_id_in
from tests.consent.factories import NAME, NEXT_YEAR, TODAY, TOMORROW, YESTERDAY, a_consent


def test_ids_are_random_and_have_nothing_that_sounds_like_something_else() -> None:
    ids = {new_person_id() for _ in range(200)}
    assert len(ids) == 200
    assert not set("".join(ids)[2:]) & set("ILOU")


@settings(deadline=None)
@given(st.builds(new_person_id))
def test_an_id_is_understood_as_it_is_heard(person_id: str) -> None:
    heard = person_id.replace("0", "o").replace("1", "l").lower()
    assert person_id_in(f" {heard} ") == person_id


@pytest.mark.parametrize("text", ["", "p-", "p-1234567", "p-123456789", "p-1234567U", "Anna"])
def test_what_is_no_id_is_not_taken_for_one(text: str) -> None:
    assert person_id_in(text) is None


def test_a_portrait_does_not_print_its_bytes() -> None:
    assert "secret" not in repr(Portrait(b"secret", ".jpg"))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Anna   Keller ", "Anna Keller"),
        ("E\N{COMBINING ACUTE ACCENT}lodie", "Élodie"),
        ("\N{ARABIC LETTER ALEF}\N{ZERO WIDTH NON-JOINER}x", "\N{ARABIC LETTER ALEF}\u200cx"),
    ],
)
def test_names_are_composed_and_evenly_spaced(typed: str, kept: str) -> None:
    assert admitted_name(typed) == kept


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  \n ",
        "Anna\nKeller",
        "Anna\x1b[31mKeller",
        "Anna\N{RIGHT-TO-LEFT OVERRIDE}Keller",
        "Anna\ud800",
        "x" * 201,
    ],
)
def test_names_that_cannot_be_shown_are_refused(name: str) -> None:
    with pytest.raises(RecordInvalidError, match="the name"):
        admitted_name(name)


def test_a_name_is_found_in_any_case_and_spelling() -> None:
    decomposed = " élodie  ZÜRCHER-favre".replace("é", "e\N{COMBINING ACUTE ACCENT}")
    assert name_key(decomposed) == name_key(NAME)


@pytest.mark.parametrize("serial", ["", " ", "A\t1", "9" * 65])
def test_serials_that_nobody_printed_are_refused(serial: str) -> None:
    with pytest.raises(RecordInvalidError, match="the serial"):
        admitted_serial(serial)


@pytest.mark.parametrize(
    ("data", "suffix"), [(b"", ".pdf"), (b"x", ""), (b"x", "pdf"), (b"x", "./../x")]
)
def test_empty_or_nameless_files_are_refused(data: bytes, suffix: str) -> None:
    with pytest.raises(RecordInvalidError, match="the scan"):
        admitted_scan(data, suffix)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"signed": TOMORROW}, "still to come"),
        ({"signed": TODAY, "valid_from": YESTERDAY, "valid_until": YESTERDAY}, "before it was"),
        ({"valid_from": NEXT_YEAR, "valid_until": TOMORROW}, "before it begins"),
        ({"channels": frozenset()}, "no channel"),
        ({"channels": frozenset({"website", "billboard"})}, "billboard: no such channel"),
    ],
)
def test_forms_that_contradict_themselves_are_refused(
    change: dict[str, Any], complaint: str
) -> None:
    form = dataclasses.replace(a_consent(), **change)
    with pytest.raises(RecordInvalidError, match=complaint):
        check_consent(form, TODAY, Policy())


@pytest.mark.parametrize("until", [TODAY, dt.date(2020, 1, 1)])
def test_a_form_may_have_ended_already(until: dt.date) -> None:
    check_consent(a_consent(signed=dt.date(2019, 1, 1), valid_until=until), TODAY, Policy())


def test_values_and_decisions_load_no_store_and_no_cipher() -> None:
    code = (
        "import sys, consent.decision, consent.errors, consent.policy, consent.records\n"
        "heavy = {'sqlite3', 'sqlite_utils', 'cryptography', 'numpy'} & set(sys.modules)\n"
        "sys.exit(' '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("born", "day", "minor"),
    [
        (None, TODAY, False),
        (dt.date(2008, 11, 22), dt.date(2026, 11, 21), True),
        (dt.date(2008, 11, 21), dt.date(2026, 11, 21), False),
        (dt.date(2008, 12, 1), dt.date(2026, 1, 31), True),
        (dt.date(2008, 2, 29), dt.date(2026, 2, 28), True),
        (dt.date(2008, 2, 29), dt.date(2026, 3, 1), False),
        (dt.date(2015, 3, 2), dt.date(2026, 11, 21), True),
        (dt.date(1970, 1, 1), dt.date(2026, 11, 21), False),
    ],
)
def test_a_minor_is_one_until_the_eighteenth_birthday(
    born: dt.date | None, day: dt.date, minor: bool
) -> None:
    assert Person("p-00000000", NAME, TODAY, born).minor_on(day) is minor


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
