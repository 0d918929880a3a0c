"""What every part of the registry works with: the store, the keys, the files, the log.

Everything about a person lies in one dossier. Its entries are encrypted and only ever
added; a seal under the person's key covers all of them, the person's name and details,
and who looks alike. So a row that was edited, moved, swapped or taken out is damage.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from consent import filing
from consent.admission import name_key
from consent.decision import biometrics_until, last_day_of
from consent.errors import (
    PersonUnknownError,
    RegistryBusyError,
    RegistryDamagedError,
    RegistryUnwritableError,
)
from consent.filing import Kind
from consent.records import Dossier, Person

if TYPE_CHECKING:
    import sqlite3

    from consent.audit import AuditLog
    from consent.files import EncryptedFiles
    from consent.policy import Policy
    from consent.store import Store
    from consent.vault import PersonSafe, Vault

PEOPLE = """
    SELECT id, name, name_tag, born, details, seal, added_on, wrapped,
        (SELECT json_group_array(id) FROM (
            SELECT other AS id FROM lookalike WHERE one = person.id
            UNION SELECT one FROM lookalike WHERE other = person.id)) AS lookalikes
    FROM person JOIN person_key ON person_key.person = id
"""
ENTRIES = "SELECT person, number, kind, body FROM dossier_entry"
# Dossiers read in one go: all of a large registry would fill the memory.
_AT_ONCE = 500


class Desk:
    """The base of every part of the registry."""

    def __init__(
        self, store: Store, vault: Vault, files: EncryptedFiles, log: AuditLog, policy: Policy
    ) -> None:
        self._store = store
        self._vault = vault
        self._files = files
        self._log = log
        self._policy = policy

    # Reading

    def dossier(self, person_id: str) -> Dossier:
        """Everything on file about a person that decides what may be published.

        Raises:
            PersonUnknownError: nobody has that id.
            RegistryDamagedError: the dossier is not as it was written.
        """
        # Of one moment: the seal and what it covers are two queries.
        with self._store.reading():
            rows = self._store.rows(PEOPLE + "WHERE person.id = ?", [person_id])
            entries = self._store.rows(ENTRIES + " WHERE person = ? ORDER BY number", [person_id])
        if not rows:
            raise unknown(person_id)
        return self._dossier_from(rows[0], entries)

    def dossiers(self, *, enrolled: bool = False) -> Iterator[Dossier]:
        """The dossiers of everybody, by id; or only of whoever has a template.

        Raises:
            RegistryDamagedError: one is not as it was written.
        """
        table = (
            "SELECT DISTINCT person AS id FROM template" if enrolled else "SELECT id FROM person"
        )
        return self._dossiers_of([row["id"] for row in self._store.rows(f"{table} ORDER BY id")])

    def _dossiers_of(self, people: Sequence[str]) -> Iterator[Dossier]:
        """The dossiers of people, by id; nothing of somebody who was erased meanwhile."""
        for some in (people[at : at + _AT_ONCE] for at in range(0, len(people), _AT_ONCE)):
            among = f"IN ({', '.join('?' * len(some))})"
            entries: dict[str, list[sqlite3.Row]] = {}
            with self._store.reading():
                rows = self._store.rows(f"{PEOPLE} WHERE person.id {among} ORDER BY id", some)
                numbered = f"{ENTRIES} WHERE person {among} ORDER BY person, number"
                for entry in self._store.rows(numbered, some):
                    entries.setdefault(entry["person"], []).append(entry)
            for row in rows:
                yield self._dossier_from(row, entries.get(row["id"], ()))

    def person(self, person_id: str) -> Person:
        """The person with that id.

        Raises:
            PersonUnknownError: nobody has it.
        """
        rows = self._store.rows(PEOPLE + "WHERE person.id = ?", [person_id])
        if not rows:
            raise unknown(person_id)
        return self._person_from(rows[0])

    # Writing, inside a transaction

    def _file(self, person_id: str, kind: Kind, *entries: object) -> None:
        """Add entries to a dossier, and seal it."""
        safe = self._safe(person_id)
        number = self._store.rows(
            "SELECT coalesce(max(number), 0) AS n FROM dossier_entry WHERE person = ?", [person_id]
        )[0]["n"]
        for number, entry in enumerate(entries, number + 1):  # noqa: B020 - counts on
            body = safe.encrypt(entry_purpose(number, kind), filing.body_of(entry))
            record = {"person": person_id, "number": number, "kind": kind.value, "body": body}
            self._store.insert("dossier_entry", record)
        self._seal(person_id)

    def _seal(self, person_id: str) -> None:
        """Seal a dossier as it stands now."""
        row = self._store.rows(PEOPLE + "WHERE person.id = ?", [person_id])[0]
        entries = self._store.rows(ENTRIES + " WHERE person = ? ORDER BY number", [person_id])
        seal = self._safe(person_id).encrypt("seal", _digest(row, entries))
        self._store.database.table("person").update(person_id, {"seal": seal})

    def _note(self, action: str, person_id: str, details: Mapping[str, object]) -> None:
        """Log what was done to a dossier, and how it is sealed since.

        By that an older copy of the dossier, put back with its seal, is noticed.
        """
        row = self._store.rows("SELECT seal FROM person WHERE id = ?", [person_id])[0]
        self._log.append(action, person_id, {**details, "seal": seal_mark(row["seal"])})

    def _set_terms(self, dossier: Dossier) -> None:
        """Note until when forms last and portraits may be kept; what is due is found by it."""
        for consent in dossier.consents:
            last_day = last_day_of(consent, dossier).isoformat()
            self._store.database.table("form").update(consent.serial, {"last_day": last_day})
        until = biometrics_until(dossier, self._policy)
        self._store.connection.execute(
            "UPDATE portrait SET keep_until = ? WHERE person = ?",
            (until.isoformat() if until else None, dossier.person.id),
        )

    def _end_biometrics(self, dossier: Dossier, on: dt.date) -> tuple[str, ...]:
        """Delete portraits and templates that nothing allows any more; the files to forget."""
        until = biometrics_until(dossier, self._policy)
        if until is not None and on <= until:
            return ()
        return self._delete_biometrics(dossier.person.id)

    def _delete_biometrics(self, person_id: str) -> tuple[str, ...]:
        """Delete a person's templates and portraits; the files to delete once that is certain."""
        rows = self._store.rows("SELECT file FROM portrait WHERE person = ?", [person_id])
        if rows:
            self._files.begun()
            self._store.database.table("template").delete_where("person = ?", [person_id])
            self._store.database.table("portrait").delete_where("person = ?", [person_id])
            self._log.append("biometrics.deleted", person_id, {"portraits": len(rows)})
        return tuple(row["file"] for row in rows)

    def _forget(self, files: Sequence[str], *, rows: bool = False) -> None:
        """Remove from the disk what the registry has just forgotten: files, and rows."""
        try:
            if files or rows:
                self._store.rewrite()
            self._files.delete(files)
            self._store.forget_deleted()
        except (RegistryBusyError, RegistryUnwritableError) as error:
            raise RegistryUnwritableError(
                "the change is recorded, but {cause}; the next sweep tries again", cause=error
            ) from error

    # Below the counter

    def _safe(self, person_id: str) -> PersonSafe:
        rows = self._store.rows("SELECT wrapped FROM person_key WHERE person = ?", [person_id])
        if not rows:
            raise unknown(person_id)
        return self._vault.safe(person_id, rows[0]["wrapped"])

    def _person_from(self, row: sqlite3.Row) -> Person:
        safe = self._vault.safe(row["id"], row["wrapped"])
        born = safe.decrypt("born", row["born"]).decode() if row["born"] else None
        details = safe.decrypt("details", row["details"]) if row["details"] else None
        return Person(
            row["id"],
            safe.decrypt("name", row["name"]).decode(),
            dt.date.fromisoformat(row["added_on"]),
            dt.date.fromisoformat(born) if born else None,
            **filing.details_from(details),
        )

    def _dossier_from(self, row: sqlite3.Row, entries: Sequence[sqlite3.Row]) -> Dossier:
        safe = self._vault.safe(row["id"], row["wrapped"])
        if not row["seal"] or safe.decrypt("seal", row["seal"]) != _digest(row, entries):
            raise RegistryDamagedError(
                "the dossier of {person} was altered outside this program; restore the registry "
                "from a backup",
                person=row["id"],
            )
        bodies = [
            (
                Kind(one["kind"]),
                safe.decrypt(entry_purpose(one["number"], one["kind"]), one["body"]),
            )
            for one in entries
        ]
        return filing.dossier_from(
            self._person_from(row), bodies, frozenset(json.loads(row["lookalikes"]))
        )

    def _kept(self, person: Person, safe: PersonSafe) -> Mapping[str, object]:
        """A person's name, day of birth and details as columns."""
        born = person.born.isoformat().encode() if person.born else None
        return {
            "name": safe.encrypt("name", person.name.encode()),
            "name_tag": self._vault.name_tag(name_key(person.name)),
            "born": safe.encrypt("born", born) if born else None,
            "details": safe.encrypt("details", filing.details_of(person)),
        }


def by_name(people: Iterable[Person]) -> list[Person]:
    """People in the order of a list that somebody reads."""
    return sorted(people, key=lambda person: (name_key(person.name), person.id))


def unknown(person_id: str) -> PersonUnknownError:
    """The error for an id that nobody has."""
    return PersonUnknownError("nobody in the registry has the id {id!r}", id=person_id)


def seal_mark(seal: bytes) -> str:
    """What the log says of a seal: no two are alike, even of the same dossier."""
    return hashlib.sha256(seal).hexdigest()[:32]


def entry_purpose(number: int, kind: str) -> str:
    """What an entry is encrypted for: its place in the dossier, and its kind."""
    return f"{kind} {number}"


def _digest(row: sqlite3.Row, entries: Iterable[sqlite3.Row]) -> bytes:
    """What a seal covers: everything about the person that a decision rests on."""
    digest = hashlib.sha256()
    parts = [row["added_on"].encode(), row["name_tag"]]
    parts += [row["name"], row["born"] or b"", row["details"] or b""]
    parts.append(json.dumps(sorted(json.loads(row["lookalikes"]))).encode())
    for entry in entries:
        parts += [f"{entry['number']} {entry['kind']}".encode(), entry["body"]]
    for part in parts:
        # With its length: no byte can pass from one part to the next.
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()
