"""Ids survive a telephone; ages are counted as the law counts them."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.records import (
    EvidenceLevel,
    Person,
    Portrait,
    Supersession,
    new_id,
    new_person_id,
    person_id_in,
    same_event,
)
from tests.consent.dossiers import SELF, a_consent, a_dossier, a_person
from tests.consent.factories import NAME, TODAY


def test_ids_are_random_and_have_nothing_that_sounds_like_something_else() -> None:
    ids = {new_person_id() for _ in range(200)}
    assert len(ids) == 200
    assert not set("".join(ids)[2:]) & set("ILOU")
    assert len({new_id() for _ in range(200)}) == 200


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
    ("born", "last"),
    [
        (None, None),
        (dt.date(2008, 11, 22), dt.date(2026, 11, 21)),
        (dt.date(2008, 1, 1), dt.date(2025, 12, 31)),
        (dt.date(2008, 2, 29), dt.date(2026, 2, 28)),
        (dt.date(2008, 3, 1), dt.date(2026, 2, 28)),
    ],
)
def test_childhood_ends_the_day_before(born: dt.date | None, last: dt.date | None) -> None:
    person = Person("p-00000000", NAME, TODAY, born)
    assert person.last_day_as_minor == last
    if last:
        assert person.minor_on(last)
        assert not person.minor_on(last + dt.timedelta(days=1))


@pytest.mark.parametrize(
    ("day", "age"),
    [
        (dt.date(2026, 2, 28), 17),
        (dt.date(2026, 3, 1), 18),
        (dt.date(2028, 2, 28), 19),
        (dt.date(2028, 2, 29), 20),
    ],
)
def test_years_are_whole(day: dt.date, age: int) -> None:
    assert Person("p-00000000", NAME, TODAY, dt.date(2008, 2, 29)).age_on(day) == age


def test_levels_of_proof_are_in_order() -> None:
    ranks = [EvidenceLevel(name).rank for name in ("verbal", "simple", "advanced", "wet_ink")]
    assert [*ranks, EvidenceLevel.QUALIFIED.rank] == [0, 1, 2, 3, 4]


def test_a_renewal_takes_all_channels_or_those_it_names() -> None:
    assert Supersession(serial="A-1").takes("tv")
    some = Supersession(serial="A-1", channels=frozenset({"tv"}))
    assert (some.takes("tv"), some.takes("press")) == (True, False)


def test_a_dossier_holds_no_form_of_somebody_else() -> None:
    form = a_consent()
    assert a_dossier(form).consent("A-1") == form
    assert a_dossier(form).consent("A-2") is None
    assert form.signed_by(SELF.role) == (SELF,)
    with pytest.raises(ValueError, match="one person"):
        a_dossier(form, person=a_person(id="p-11111111"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Summer  Party ", "summer party", True),
        ("GRÜNDUNGSFEIER", "Gründungsfeier", True),
        ("Straße", "STRASSE", True),
        ("Party 2026", "Party 2027", False),
    ],
)
def test_an_event_is_the_same_in_any_case_and_spacing(one: str, other: str, same: bool) -> None:
    assert same_event(one, other) is same
