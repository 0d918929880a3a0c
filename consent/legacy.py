"""Moves readable forms of an earlier schema into sealed dossiers, once, with the key.

The earlier program recorded channels only, and only judged photos: such a form is read
as a yes to photos and to every purpose of the printed form, which is what it has been
taken for until now. It counts as signed by the person alone, on paper.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from consent.desk import Desk
from consent.filing import Kind
from consent.policy import PURPOSES
from consent.records import Consent, Evidence, Material, Scope, Terms, Withdrawal

if TYPE_CHECKING:
    import sqlite3

_CONSENTS = """
    SELECT *,
        (SELECT json_group_array(channel) FROM consent_channel WHERE consent = serial)
            AS channels,
        (SELECT json_group_array(json_array(effective, channel))
            FROM withdrawal WHERE consent = serial) AS withdrawals
    FROM consent WHERE person = ? ORDER BY recorded_on, serial
"""


class LegacyDesk(Desk):
    """Brings dossiers of an earlier schema up to date."""

    def seal_unsealed(self) -> None:
        """Make a sealed dossier of everybody who has none yet."""
        if not self._store.rows("SELECT 1 FROM unsealed LIMIT 1"):
            return
        with self._store.writing():
            people = [row["person"] for row in self._store.rows("SELECT person FROM unsealed")]
            for person in people:
                self._move_forms(person)
            for table in ("unsealed", "withdrawal", "consent_channel", "consent"):
                self._store.database.table(table).delete_where()
        self._store.rewrite()
        self._store.forget_deleted()

    def _move_forms(self, person: str) -> None:
        rows = self._store.rows(_CONSENTS, [person])
        for row in rows:
            form = {"serial": row["serial"], "person": person, "last_day": row["valid_until"]}
            self._store.insert("form", {**form, "scan": row["evidence_file"]})
        self._file(person, Kind.CONSENT, *(_consent(row) for row in rows))
        self._file(person, Kind.WITHDRAWAL, *_withdrawals(rows))
        self._set_terms(self.dossier(person))
        self._note("dossier.sealed", person, {})


def _consent(row: sqlite3.Row) -> Consent:
    return Consent(
        serial=row["serial"],
        person=row["person"],
        signed=dt.date.fromisoformat(row["signed"]),
        scope=Scope(
            materials=frozenset({Material.PHOTO}),
            channels=frozenset(json.loads(row["channels"])),
            purposes=frozenset(PURPOSES),
            valid_from=dt.date.fromisoformat(row["valid_from"]),
            valid_until=dt.date.fromisoformat(row["valid_until"]),
        ),
        terms=Terms(biometric=bool(row["biometric"])),
        evidence=Evidence(row["evidence_sha256"], row["evidence_suffix"], row["evidence_size"]),
        recorded_on=dt.date.fromisoformat(row["recorded_on"]),
    )


def _withdrawals(rows: Sequence[sqlite3.Row]) -> list[Withdrawal]:
    """One withdrawal for each day and channel, with the forms it was recorded with."""
    serials: dict[tuple[str, str | None], set[str]] = {}
    for row in rows:
        for effective, channel in json.loads(row["withdrawals"]):
            serials.setdefault((effective, channel), set()).add(row["serial"])
    return [
        Withdrawal(
            effective=dt.date.fromisoformat(effective),
            channel=channel,
            serials=frozenset(found),
            recorded_on=dt.date.fromisoformat(effective),
        )
        for (effective, channel), found in sorted(serials.items(), key=repr)
    ]
