"""People and forms for the tests of this room: all fictional, all on one day."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from consent.records import Consent, Evidence, Portrait, Withdrawal
from consent.registry import Registry

TODAY = dt.date(2026, 11, 21)
YESTERDAY = TODAY - dt.timedelta(days=1)
TOMORROW = TODAY + dt.timedelta(days=1)
NEXT_YEAR = dt.date(2027, 11, 21)
RECOGNISER = "dlib_resnet 1"
NAME = "Élodie Zürcher-Favre"
PORTRAIT = Portrait(b"\xff\xd8 the portrait of Elodie " * 40, ".jpg")
SCAN = b"%PDF-1.7 the signed form of Elodie " * 40
TEMPLATE = b"the template of Elodie's face.. " * 16


def a_consent(
    *,
    serial: str = "A-1",
    signed: dt.date = YESTERDAY,
    valid_from: dt.date | None = None,
    valid_until: dt.date = NEXT_YEAR,
    channels: Iterable[str] = ("website",),
    biometric: bool = True,
    withdrawals: Iterable[Withdrawal] = (),
) -> Consent:
    return Consent(
        serial=serial,
        person="p-00000000",
        signed=signed,
        valid_from=valid_from or signed,
        valid_until=valid_until,
        channels=frozenset(channels),
        biometric=biometric,
        evidence=Evidence(hashlib.sha256(b"scan").hexdigest(), ".pdf", 4),
        recorded_on=TODAY,
        withdrawals=tuple(withdrawals),
    )


def record(
    registry: Registry,
    person: str,
    *,
    serial: str = "A-1",
    signed: dt.date = YESTERDAY,
    valid_from: dt.date | None = None,
    valid_until: dt.date = NEXT_YEAR,
    channels: Iterable[str] = ("website", "print"),
    biometric: bool = True,
    on: dt.date = TODAY,
    evidence: bytes = SCAN,
    suffix: str = ".pdf",
    templates: Mapping[str, bytes] | None = None,
    recogniser: str | None = None,
) -> Consent:
    return registry.record_consent(
        person,
        serial=serial,
        signed=signed,
        valid_from=valid_from,
        valid_until=valid_until,
        channels=channels,
        biometric=biometric,
        evidence=evidence,
        evidence_suffix=suffix,
        on=on,
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


def bytes_on_disk(folder: Path) -> bytes:
    """Everything the registry wrote, the institution's key apart."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return b"\n".join(path.read_bytes() for path in files if path.name != "institution.key")
