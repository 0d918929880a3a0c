"""People, forms and whole dossiers as plain values, for tests that need no registry.

All of it is fictional, and all on one day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from consent.policy import PURPOSES
from consent.records import (
    MAJORITY,
    WORLD,
    Consent,
    Dossier,
    Evidence,
    EvidenceLevel,
    Exemption,
    ExemptionKind,
    Hold,
    Material,
    Person,
    Refusal,
    Role,
    Scope,
    Secrecy,
    Signatory,
    Supersession,
    Terms,
    Use,
    Withdrawal,
)

TODAY = dt.date(2026, 11, 21)
YESTERDAY = TODAY - dt.timedelta(days=1)
TOMORROW = TODAY + dt.timedelta(days=1)
LAST_YEAR = dt.date(2025, 11, 21)
NEXT_YEAR = dt.date(2027, 11, 21)
PERSON = "p-00000000"
SELF = Signatory(role=Role.SELF)
MOTHER = Signatory(role=Role.GUARDIAN, name="Nora Zürcher", relation="mother")
FATHER = Signatory(role=Role.GUARDIAN, name="Émile Favre", relation="father")
CURATOR = Signatory(role=Role.REPRESENTATIVE, name="Carla Meier", basis="curatorship")


def turning(age: int, on: dt.date) -> dt.date:
    """The day of birth of somebody who reaches that age on that day."""
    return on.replace(year=on.year - age)


def a_person(**details: Any) -> Person:
    """An adult member of staff of whom the day of birth is not on file."""
    return Person(
        **{"id": PERSON, "name": "Élodie Zürcher-Favre", "added_on": LAST_YEAR, **details}
    )


def a_child(age: int = 10, *, on: dt.date = TODAY, **details: Any) -> Person:
    """Somebody who reaches that age on the day."""
    return a_person(**{"born": turning(age, on), **details})


def a_child_of_age_on(day: dt.date, **details: Any) -> Person:
    """Somebody whose eighteenth birthday that is."""
    return a_person(born=turning(MAJORITY, day), **details)


def a_consent(
    serial: str = "A-1",
    *,
    signed: dt.date = LAST_YEAR,
    valid_from: dt.date | None = None,
    valid_until: dt.date = NEXT_YEAR,
    channels: Iterable[str] = ("website", "print"),
    materials: Iterable[Material] = (Material.PHOTO,),
    purposes: Iterable[str] = PURPOSES,
    event: str | None = None,
    territory: Iterable[str] = (WORLD,),
    level: EvidenceLevel = EvidenceLevel.WET_INK,
    biometric: bool = True,
    named: bool = False,
    editing: bool = False,
    presence: bool = False,
    remuneration: str = "",
    **more: Any,
) -> Consent:
    """A form that an adult signed by hand a year ago: photos, the website and print."""
    scope = Scope(
        materials=frozenset(materials),
        channels=frozenset(channels),
        purposes=frozenset(purposes),
        valid_from=valid_from or signed,
        valid_until=valid_until,
        event=event,
        territory=frozenset(territory),
    )
    terms = Terms(
        biometric=biometric,
        named=named,
        editing=editing,
        secrecy=Secrecy(presence=presence),
        remuneration=remuneration,
    )
    evidence = Evidence("5e" * 32, ".pdf", 1000, level)
    return Consent(
        **{
            "serial": serial,
            "person": PERSON,
            "signed": signed,
            "scope": scope,
            "terms": terms,
            "evidence": evidence,
            "recorded_on": signed,
            **more,
        }
    )


def a_childs_consent(serial: str = "A-1", **more: Any) -> Consent:
    """A form that both parents signed, and the child beside them."""
    return a_consent(serial, **{"signatories": (SELF, MOTHER, FATHER), **more})


def a_renewal(of: str, channels: Iterable[str] | None = None) -> Supersession:
    """That a form takes the place of another, of some channels of it or of all of it."""
    return Supersession(serial=of, channels=None if channels is None else frozenset(channels))


def a_withdrawal(
    *serials: str,
    channel: str | None = None,
    effective: dt.date = TODAY,
    only: bool = False,
) -> Withdrawal:
    return Withdrawal(
        effective=effective,
        channel=channel,
        serials=frozenset(serials),
        only=only,
        recorded_on=effective,
    )


def a_refusal(
    *serials: str, on: dt.date = TODAY, channel: str | None = None, **more: Any
) -> Refusal:
    return Refusal(
        **{"id": "r-1", "on": on, "channel": channel, "serials": frozenset(serials), **more}
    )


def a_hold(**more: Any) -> Hold:
    return Hold(**{"id": "h-1", "on": YESTERDAY, "by": "T. Roth", "reason": "a complaint", **more})


def an_exemption(**more: Any) -> Exemption:
    """Somebody answers for it that a person in a crowd may be on the website."""
    usual = {
        "id": "e-1",
        "kind": ExemptionKind.CROWD,
        "reason": "one of three hundred in the hall",
        "approver": "T. Roth",
        "on": YESTERDAY,
        "valid_until": TOMORROW,
        "channels": frozenset({"website"}),
    }
    return Exemption(**{**usual, **more})


def a_dossier(*consents: Consent, person: Person | None = None, **more: Any) -> Dossier:
    """What is on file about one person: these forms, and what else is named."""
    return Dossier(person=person or a_person(), consents=consents, **more)


def a_use(channel: str = "website", on: dt.date = TODAY, **more: Any) -> Use:
    """A photo of some event on the website, today."""
    return Use(**{"channel": channel, "on": on, "purpose": "events", **more})
