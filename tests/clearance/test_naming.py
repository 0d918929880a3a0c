"""Of many who share a name, one who did not agree is enough; who made a picture may be named."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from clearance.naming import Naming
from clearance.use import IntendedUse
from consent.policy import Policy
from consent.records import Person

if TYPE_CHECKING:
    from consent.registry import Registry

DAY = dt.date(2026, 1, 1)
USE = IntendedUse(("website",), DAY)


def naming(
    monkeypatch: pytest.MonkeyPatch, agreed: set[str], *names: str, credited: tuple[str, ...] = ()
) -> Naming:
    people = [Person(name, name, DAY) for name in names]
    made = Naming(
        cast("Registry", SimpleNamespace(people=lambda: people)), Policy(), credited=credited
    )
    monkeypatch.setattr(Naming, "_agreed", lambda _self, person, _use: person in agreed)
    return made


def said(
    checker: Naming, where: str, text: str, *, tagged: tuple[str, ...] = ()
) -> set[str | None]:
    found = checker.beside((), tagged, USE).found({where: (text,)})
    return {name.person for name in found}


def test_one_of_many_who_refused_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [f"{chr(65 + n)}na Keller" for n in range(26)]
    assert said(naming(monkeypatch, set(many[:25]), *many), "alt_text", "bei Keller")


def test_a_few_who_all_agreed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    few = ["Ana Keller", "Bea Keller"]
    assert not said(naming(monkeypatch, set(few), *few), "alt_text", "bei Keller")


def test_a_maker_may_be_named_as_maker_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    checker = naming(monkeypatch, set(), "Luca Rossi", "Ana Keller", credited=("Luca Rossi",))
    assert not said(checker, "creator", "Luca Rossi")
    assert said(checker, "alt_text", "Luca Rossi im Gang") == {"Luca Rossi"}
    assert said(checker, "credit", "Luca Rossi, mit Dank an Ana Keller") == {"Ana Keller"}


def test_whoever_the_file_names_and_nobody_knows_has_not_agreed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checker = naming(monkeypatch, {"Ana Keller"}, "Ana Keller")
    assert said(checker, "alt_text", "Zoe Amsler lacht", tagged=("Zoe Amsler",)) == {None}
