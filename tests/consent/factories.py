"""People and forms for the tests of this room: all fictional, all on one day."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from consent.policy import PURPOSES
from consent.records import (
    Consent,
    EvidenceLevel,
    Material,
    Person,
    Portrait,
    Role,
    Scope,
    Signatory,
    Terms,
)
from consent.registry import Registry
from consent.signing import evidence_from

TODAY = dt.date(2026, 11, 21)
YESTERDAY = TODAY - dt.timedelta(days=1)
TOMORROW = TODAY + dt.timedelta(days=1)
NEXT_YEAR = dt.date(2027, 11, 21)
RECOGNISER = "dlib_resnet 1"
NAME = "Élodie Zürcher-Favre"
PORTRAIT = Portrait(b"\xff\xd8 the portrait of Elodie " * 40, ".jpg")
SCAN = b"%PDF-1.7 the signed form of Elodie " * 40
TEMPLATE = b"the template of Elodie's face.. " * 16


def a_form(
    person: str,
    *,
    serial: str = "A-1",
    signed: dt.date = YESTERDAY,
    valid_from: dt.date | None = None,
    valid_until: dt.date = NEXT_YEAR,
    channels: Iterable[str] = ("website", "print"),
    materials: Iterable[Material] = (Material.PHOTO,),
    purposes: Iterable[str] = PURPOSES,
    biometric: bool = True,
    on: dt.date = TODAY,
    evidence: bytes = SCAN,
    suffix: str = ".pdf",
    **more: Any,
) -> Consent:
    """A form that an adult signed on paper."""
    scope = Scope(
        materials=frozenset(materials),
        channels=frozenset(channels),
        purposes=frozenset(purposes),
        valid_from=valid_from or signed,
        valid_until=valid_until,
    )
    return Consent(
        serial=serial,
        person=person,
        signed=signed,
        scope=scope,
        evidence=evidence_from(evidence, suffix, EvidenceLevel.WET_INK),
        recorded_on=on,
        **{"terms": Terms(biometric=biometric), **more},
    )


def record(
    registry: Registry,
    person: str,
    *,
    evidence: bytes = SCAN,
    templates: Mapping[str, bytes] | None = None,
    recogniser: str | None = None,
    **form: Any,
) -> Consent:
    return registry.record_consent(
        a_form(person, evidence=evidence, **form),
        evidence,
        templates=templates,
        recogniser=recogniser,
    )


def enrol(registry: Registry, name: str = NAME, serial: str = "A-1") -> str:
    """Somebody with a portrait, a form with the biometric tick, and a template."""
    person = registry.add_person(name, [PORTRAIT], on=YESTERDAY).id
    (portrait,) = registry.portraits_of(person)
    record(
        registry,
        person,
        serial=serial,
        templates={portrait.id: TEMPLATE},
        recogniser=RECOGNISER,
    )
    return person


def enrol_child(registry: Registry, day: dt.date, signed: dt.date = YESTERDAY) -> str:
    """A child whose guardians both signed, and who signed too."""
    child = registry.add_person(NAME, [PORTRAIT], on=TODAY, born=day).id
    guardians = tuple(Signatory(role=Role.GUARDIAN, name=name) for name in ("Eva", "Ivo"))
    signatories = (*guardians, Signatory(role=Role.SELF))
    record(registry, child, serial="C-1", signed=signed, signatories=signatories)
    return child


def born(registry: Registry, person: str, day: dt.date) -> Person:
    """Say when somebody was born."""
    return registry.change_person(dataclasses.replace(registry.person(person), born=day), on=TODAY)


def bytes_on_disk(folder: Path) -> bytes:
    """Everything the registry wrote, the institution's key apart."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return b"\n".join(path.read_bytes() for path in files if path.name != "institution.key")
