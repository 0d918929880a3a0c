"""Signed forms as rows of the registry's tables, and back."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from consent.records import Consent, Evidence, Withdrawal

if TYPE_CHECKING:
    import sqlite3

    from consent.store import Store

_CONSENTS = """
    SELECT *,
        (SELECT json_group_array(channel) FROM consent_channel WHERE consent = serial)
            AS channels,
        (SELECT json_group_array(json_array(effective, channel))
            FROM withdrawal WHERE consent = serial) AS withdrawals
    FROM consent
"""
_OF_PERSON = "WHERE person = ? ORDER BY serial"
_OF_ENROLLED = "WHERE person IN (SELECT person FROM template)"


def is_recorded(store: Store, serial: str) -> bool:
    """Whether a form with that serial is on file."""
    return bool(store.rows("SELECT 1 FROM consent WHERE serial = ?", [serial]))


def consents_of(store: Store, person_id: str) -> tuple[Consent, ...]:
    """Every form of a person, by serial."""
    return tuple(_consent_from(row) for row in store.rows(_CONSENTS + _OF_PERSON, [person_id]))


def consents_of_enrolled(store: Store) -> Mapping[str, Sequence[Consent]]:
    """Every form of everybody who has a template, by person."""
    consents = defaultdict(list)
    for row in store.rows(_CONSENTS + _OF_ENROLLED):
        consents[row["person"]].append(_consent_from(row))
    return consents


def insert_consent(store: Store, consent: Consent, scan: str) -> None:
    """File a new form whose scan lies in the file `scan`; inside a transaction."""
    record = {
        "serial": consent.serial,
        "person": consent.person,
        "signed": consent.signed.isoformat(),
        "valid_from": consent.valid_from.isoformat(),
        "valid_until": consent.valid_until.isoformat(),
        "biometric": int(consent.biometric),
        "evidence_sha256": consent.evidence.sha256,
        "evidence_suffix": consent.evidence.suffix,
        "evidence_size": consent.evidence.size,
        "evidence_file": scan,
        "recorded_on": consent.recorded_on.isoformat(),
    }
    store.insert("consent", record)
    channels = ({"consent": consent.serial, "channel": c} for c in sorted(consent.channels))
    store.insert("consent_channel", *channels)


def insert_withdrawal(store: Store, serial: str, withdrawal: Withdrawal) -> None:
    """Attach a withdrawal to a form; inside a transaction."""
    record = {
        "consent": serial,
        "effective": withdrawal.effective.isoformat(),
        "channel": withdrawal.channel,
    }
    store.insert("withdrawal", record)


def summary(consent: Consent, templates: int) -> dict[str, object]:
    """What the audit log says about a form that was recorded."""
    return {
        "serial": consent.serial,
        "signed": consent.signed.isoformat(),
        "valid_from": consent.valid_from.isoformat(),
        "valid_until": consent.valid_until.isoformat(),
        "channels": sorted(consent.channels),
        "biometric": consent.biometric,
        "evidence": consent.evidence.sha256,
        "templates": templates,
    }


def _consent_from(row: sqlite3.Row) -> Consent:
    return Consent(
        serial=row["serial"],
        person=row["person"],
        signed=dt.date.fromisoformat(row["signed"]),
        valid_from=dt.date.fromisoformat(row["valid_from"]),
        valid_until=dt.date.fromisoformat(row["valid_until"]),
        channels=frozenset(json.loads(row["channels"])),
        biometric=bool(row["biometric"]),
        evidence=Evidence(row["evidence_sha256"], row["evidence_suffix"], row["evidence_size"]),
        recorded_on=dt.date.fromisoformat(row["recorded_on"]),
        withdrawals=tuple(
            Withdrawal(dt.date.fromisoformat(effective), channel)
            for effective, channel in json.loads(row["withdrawals"])
        ),
    )
