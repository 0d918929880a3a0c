"""What is on file as encrypted JSON, and back: the entries of a dossier, a person's details.

A field that an older program did not know is read as its default, which is the
strict one.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
from collections.abc import Iterable, Mapping
from typing import Any

from consent.records import (
    Capacity,
    Consent,
    Dossier,
    Evidence,
    EvidenceLevel,
    Exemption,
    ExemptionKind,
    Hold,
    Material,
    Paper,
    Person,
    Refusal,
    Role,
    Scope,
    Secrecy,
    Signatory,
    Status,
    Supersession,
    Terms,
    Withdrawal,
)

Json = dict[str, Any]


class Kind(enum.StrEnum):
    """What an entry of a dossier says."""

    CONSENT = "consent"
    WITHDRAWAL = "withdrawal"
    REFUSAL = "refusal"
    REFUSAL_TAKEN_BACK = "refusal_taken_back"
    HOLD = "hold"
    HOLD_LIFTED = "hold_lifted"
    EXEMPTION = "exemption"
    EXEMPTION_ENDED = "exemption_ended"


def body_of(entry: object) -> bytes:
    """An entry, or the details of a person, as JSON."""
    if not dataclasses.is_dataclass(entry) or isinstance(entry, type):
        raise TypeError(f"{type(entry).__name__} is no record")
    return json.dumps(document_of(entry), sort_keys=True).encode()


def document_of(record: Any) -> Json:
    """A record as plain JSON values: days as ISO texts, sets as sorted lists."""
    told: Json = {
        field.name: _plain(getattr(record, field.name)) for field in dataclasses.fields(record)
    }
    return told


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return document_of(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.value if isinstance(value, enum.Enum) else value


def details_of(person: Person) -> bytes:
    """What is kept of a person beside the name and the day of birth."""
    told = document_of(person)
    kept = ("coded", "contact", "language", "capacity", "status")
    return json.dumps({name: told[name] for name in kept}, sort_keys=True).encode()


def details_from(body: bytes | None) -> Json:
    """The fields of a `Person` that `details_of` kept; none for a person without details."""
    told: Json = json.loads(body) if body else {}
    if told:
        told["capacity"] = Capacity(told["capacity"])
        told["status"] = Status(told["status"])
    return told


def dossier_from(
    person: Person, entries: Iterable[tuple[Kind, bytes]], lookalikes: frozenset[str]
) -> Dossier:
    """The dossier that the decrypted entries make, in the order in which they were filed."""
    consents: list[Consent] = []
    withdrawals: list[Withdrawal] = []
    refusals: dict[str, Refusal] = {}
    holds: dict[str, Hold] = {}
    exemptions: dict[str, Exemption] = {}
    for kind, body in entries:
        told = json.loads(body)
        match kind:
            case Kind.CONSENT:
                consents.append(_consent(told, person.id))
            case Kind.WITHDRAWAL:
                withdrawals.append(_withdrawal(told))
            case Kind.REFUSAL | Kind.REFUSAL_TAKEN_BACK:
                refusals[told["id"]] = _refusal(told)
            case Kind.HOLD | Kind.HOLD_LIFTED:
                holds[told["id"]] = _hold(told)
            case Kind.EXEMPTION | Kind.EXEMPTION_ENDED:
                exemptions[told["id"]] = _exemption(told)
    return Dossier(
        person=person,
        consents=tuple(consents),
        withdrawals=tuple(withdrawals),
        refusals=tuple(refusals.values()),
        holds=tuple(holds.values()),
        exemptions=tuple(exemptions.values()),
        lookalikes=lookalikes,
    )


def summary(consent: Consent, templates: int) -> dict[str, object]:
    """What the audit log says about a form that was recorded: nothing of what it reveals."""
    return {
        "serial": consent.serial,
        "signed": consent.signed.isoformat(),
        "valid_from": consent.scope.valid_from.isoformat(),
        "valid_until": consent.scope.valid_until.isoformat(),
        "channels": sorted(consent.scope.channels),
        "materials": sorted(consent.scope.materials),
        "purposes": sorted(consent.scope.purposes),
        "biometric": consent.terms.biometric,
        "evidence": consent.evidence.sha256,
        "level": consent.evidence.level.value,
        "supersedes": [one.serial for one in consent.supersedes],
        "templates": templates,
    }


def _consent(told: Json, person: str) -> Consent:
    scope, terms, evidence = told["scope"], told["terms"], told["evidence"]
    return Consent(
        serial=told["serial"],
        person=person,
        signed=_day(told["signed"]),
        recorded_on=_day(told["recorded_on"]),
        scope=Scope(
            materials=frozenset(map(Material, scope["materials"])),
            channels=frozenset(scope["channels"]),
            purposes=frozenset(scope["purposes"]),
            valid_from=_day(scope["valid_from"]),
            valid_until=_day(scope["valid_until"]),
            event=scope["event"],
            territory=frozenset(scope["territory"]),
        ),
        terms=Terms(**{**terms, "secrecy": Secrecy(**terms["secrecy"])}),
        evidence=Evidence(
            evidence["sha256"],
            evidence["suffix"],
            evidence["size"],
            EvidenceLevel(evidence["level"]),
        ),
        signatories=tuple(
            Signatory(**{**one, "role": Role(one["role"])}) for one in told["signatories"]
        ),
        sole_authority=told["sole_authority"],
        paper=Paper(**told["paper"]),
        supersedes=tuple(
            Supersession(serial=one["serial"], channels=_set(one["channels"]))
            for one in told["supersedes"]
        ),
    )


def _withdrawal(told: Json) -> Withdrawal:
    return Withdrawal(
        effective=_day(told["effective"]),
        channel=told["channel"],
        serials=frozenset(told["serials"]),
        only=told["only"],
        recorded_on=_day(told["recorded_on"]),
        # Those of earlier versions have none.
        note=told.get("note", ""),
    )


def _refusal(told: Json) -> Refusal:
    days = {"on": _day(told["on"]), "taken_back": _day_or_none(told["taken_back"])}
    return Refusal(**{**told, **days, "serials": frozenset(told["serials"])})


def _hold(told: Json) -> Hold:
    days = {"on": _day(told["on"]), "lifted_on": _day_or_none(told["lifted_on"])}
    return Hold(**{**told, **days})


def _exemption(told: Json) -> Exemption:
    days: Mapping[str, Any] = {
        "on": _day(told["on"]),
        "valid_until": _day(told["valid_until"]),
        "ended_on": _day_or_none(told["ended_on"]),
    }
    sets = {"kind": ExemptionKind(told["kind"]), "channels": frozenset(told["channels"])}
    return Exemption(**{**told, **days, **sets})


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _day_or_none(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _set(values: list[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)
