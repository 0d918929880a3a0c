"""The only door to people, their signed consents and what identifies them.

A registry is a folder: `registry.sqlite3`, the folder `evidence` with encrypted scans and
portraits, `drafts` with encrypted forms that nobody has confirmed, and the institution's
key, unless that lies elsewhere. Everything about a person is encrypted under the
person's key: names, days of birth, forms, withdrawals, portraits, templates. Readable are
random ids, serials, the last days of forms and portraits, and the log, which names
nobody. Every change is one transaction with its entry in the log.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from consent.audit import AuditLog, AuditVerdict, Entry
from consent.backup import (
    SETTINGS,
    BackupReport,
    backup_key_id,
    restore_backup,
    verify_backup,
    write_backup,
)
from consent.decision import last_day_of
from consent.desk import seal_mark
from consent.drafts import DraftDesk
from consent.errors import BackupInvalidError, PersonUnknownError, RegistryDamagedError
from consent.files import EncryptedFiles
from consent.journal import Journal, journal_in
from consent.keys import InstitutionKey, KeyPlace, find_key, key_for_new
from consent.legacy import LegacyDesk
from consent.objecting import ObjectingDesk
from consent.policy import Policy
from consent.publications import PublicationDesk
from consent.saying import SayingDesk
from consent.signing import SigningDesk
from consent.store import Store, damaged, translated_errors, unwritable
from consent.vault import Vault

if TYPE_CHECKING:
    import sqlite3
    import types

    from consent.vault import PersonSafe

DATABASE_NAME = "registry.sqlite3"
EVIDENCE_FOLDER = "evidence"


@dataclasses.dataclass(frozen=True, slots=True)
class Figures:
    """How much a registry holds; people by the value of their `Capacity`."""

    people: int
    forms: int
    portraits: int
    templates: int
    by_capacity: Mapping[str, int]


_OF_ONE_PICTURE = frozenset(
    {"not_a_face.said", "not_a_face.taken_back", "face.identified", "identification.taken_back"}
)
"""What changes the verdict on one picture only: the one that is the subject of the entry."""
_OF_NOTHING = frozenset(
    {
        *("photo.checked", "evidence.read", "draft.kept", "draft.read"),
        *("person.exported", "registry.backed_up"),
    }
)
"""What changes no verdict. Whatever is not named may change all of them."""


@dataclasses.dataclass(frozen=True, slots=True)
class Changes:
    """What happened since an entry of the log, as far as it can change a verdict.

    Attributes:
        number: of the newest entry.
        anybody: whether verdicts on any picture may be others now.
        pictures: the SHA-256 of pictures of which somebody said something.
    """

    number: int
    anybody: bool
    pictures: frozenset[str]


class Registry(PublicationDesk, SigningDesk, ObjectingDesk, SayingDesk, DraftDesk, LegacyDesk):
    """An open registry. Made by `Registry.open` or `Registry.create`; close it after use.

    Every method raises `RegistryDamagedError` when what it reads was altered
    outside the program, and every change `RegistryBusyError` or
    `RegistryUnwritableError` when it could not be recorded.
    """

    def __init__(self, store: Store, key: InstitutionKey, policy: Policy) -> None:
        super().__init__(
            store,
            Vault(key),
            EncryptedFiles(store.path.parent / EVIDENCE_FOLDER),
            AuditLog(store, key.derive("audit")),
            policy,
        )
        self._key = key

    @classmethod
    def create(
        cls, folder: Path, policy: Policy | None = None, place: KeyPlace = KeyPlace.FILE
    ) -> Registry:
        """Make a registry in the folder, with a new institution key kept in `place`, and open it.

        A key that is there already is used, never overwritten: it may open backups.

        Raises:
            RegistryExistsError: the folder holds a registry.
            RegistryUnwritableError: the folder or the key cannot be written.
            KeyWrongError, KeyExposedError: the key file that is there cannot be used.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from error
        store = Store.create(folder / DATABASE_NAME)
        try:
            key = key_for_new(folder, place)
            registry = cls(store, key, policy or Policy())
            with store.writing():
                store.insert(
                    "institution_key", {"only": 1, "key_id": key.id, "check_value": key.check_value}
                )
                registry._log.begin()
                registry._log.append("registry.created", details={"key": key.id})
        except BaseException:
            store.close()
            store.path.unlink()
            raise
        return registry

    @classmethod
    def open(cls, folder: Path, policy: Policy | None = None) -> Registry:
        """Open the registry in the folder.

        The key is looked for by `consent.keys.find_key`.

        Raises:
            RegistryMissingError: the folder holds none.
            RegistryDamagedError: the file is not a registry, is truncated or inconsistent.
            RegistryTooNewError: a newer version of the program wrote it.
            KeyMissingError, KeyExposedError, KeyWrongError: the key cannot be used.
        """
        store = Store.open(folder / DATABASE_NAME)
        try:
            known = store.rows("SELECT key_id, check_value FROM institution_key")
            if not known:
                cause = RegistryDamagedError("it does not say which key it was made with")
                raise damaged(store.path, cause)
            key = find_key(folder, known[0]["key_id"])
            if known[0]["check_value"] != key.check_value:
                raise damaged(store.path, RegistryDamagedError("it does not fit its own key"))
            registry = cls(store, key, policy or Policy())
            registry.seal_unsealed()
            return registry
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Close the registry."""
        self._store.close()

    def __enter__(self) -> Registry:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        self.close()

    # Copies

    def backup(self, target: Path) -> BackupReport:
        """Write the registry, and the clearance.toml beside it, to one file; not its key.

        Raises:
            RegistryUnwritableError: something has that name, or it cannot be written.
            BackupInvalidError: what was written cannot be read back; it is not left there.
            RegistryDamagedError: a file of the registry is missing or altered.
            RegistryBusyError: others kept the registry for too long.
        """
        folder = self._store.path.parent
        files, settings = folder / EVIDENCE_FOLDER, folder / SETTINGS
        write_backup(self._store, files, self._key, target, _files_of, settings)
        try:
            # A backup is worth what can be restored from it.
            return verify_backup(target, self._key)
        except BackupInvalidError:
            target.unlink(missing_ok=True)
            raise

    @staticmethod
    def restore(backup: Path, folder: Path) -> BackupReport:
        """Make a registry in `folder` from a backup, after everything in it was verified.

        Raises:
            RegistryExistsError: the folder holds a registry, or the files of one.
            BackupInvalidError: it cannot be read, is damaged or altered, or of another key.
            KeyMissingError, KeyExposedError, KeyWrongError: the key cannot be used.
            RegistryUnwritableError: the folder cannot be written.
        """
        return restore_backup(backup, find_key(folder, backup_key_id(backup)), folder)

    def journal(self, name: str) -> Journal:
        """A journal beside the registry, under the institution's key; in no backup."""
        return journal_in(self._store.path.parent, name, self._vault.house)

    @property
    def house_safe(self) -> PersonSafe:
        """What encrypts for the institution itself what its staff keep beside the registry."""
        return self._vault.house

    # The log

    def changes_after(self, number: int) -> Changes:
        """What may have changed a verdict since the entry of the log with that number.

        Args:
            number: of the last entry that was taken into account; 0 for none.
        """
        with self._store.reading():
            last = self._log.last()
            told = self._log.after(number) if last != number else []
        others = [(action, subject) for action, subject in told if action not in _OF_NOTHING]
        pictures = {subject for action, subject in others if action in _OF_ONE_PICTURE and subject}
        # A log that is shorter than it was is that of another registry, or of a backup.
        anybody = last < number or any(action not in _OF_ONE_PICTURE for action, _ in others)
        return Changes(last, anybody, frozenset(pictures))

    def audit(self, action: str, *, subject: str | None = None, **details: object) -> None:
        """Add an entry to the log. Ids, hashes and serials only: never a name.

        Raises:
            RegistryBusyError, RegistryUnwritableError: it could not be recorded.
        """
        with self._store.writing():
            self._log.append(action, subject, details)

    def audit_entries(self) -> Iterator[Entry]:
        """Every entry of the log, oldest first."""
        return self._log.entries()

    def verify_audit(self) -> AuditVerdict:
        """Whether the log is whole and unchanged."""
        return self._log.verify()

    def verify_dossiers(self) -> tuple[str, ...]:
        """Ids of people whose dossier is not as the log and its own seal say, or not there.

        What forms are found by counts too.
        """
        with self._store.reading():
            return self._wrong_dossiers()

    def _wrong_dossiers(self) -> tuple[str, ...]:
        forms: dict[str, dict[str, str]] = {}
        for row in self._store.rows("SELECT serial, person, last_day FROM form"):
            forms.setdefault(row["person"], {})[row["serial"]] = row["last_day"]
        sealed = self._seals_in_the_log()
        seals = {row["id"]: row["seal"] for row in self._store.rows("SELECT id, seal FROM person")}
        wrong = (sealed.keys() | forms.keys()) - seals.keys()
        for person_id, seal in seals.items():
            try:
                dossier = self.dossier(person_id)
            except (RegistryDamagedError, PersonUnknownError):
                # Without a key there is nobody to read.
                wrong.add(person_id)
                continue
            ends = {one.serial: last_day_of(one, dossier).isoformat() for one in dossier.consents}
            if seal_mark(seal) != sealed.get(person_id) or ends != forms.get(person_id, {}):
                wrong.add(person_id)
        return tuple(sorted(wrong))

    def verify_files(self) -> tuple[str, ...]:
        """Names of portraits and scans that are missing or altered."""
        wrong = []
        for name in self._known_files():
            try:
                self._files.read(name)
            except RegistryDamagedError:
                wrong.append(name)
        # What another process deleted meanwhile is not missed.
        known = frozenset(self._known_files() if wrong else ())
        return tuple(name for name in wrong if name in known)

    def check_whole(self) -> None:
        """Read every page of the database.

        Raises:
            RegistryDamagedError: it is not consistent.
        """
        self._store.check_whole()

    def figures(self) -> Figures:
        """How much is on file."""

        def count(table: str) -> int:
            return int(self._store.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"])  # noqa: S608

        capacities = collections.Counter(person.capacity.value for person in self.people())
        return Figures(
            people=count("person"),
            forms=count("form"),
            portraits=count("portrait"),
            templates=count("template"),
            by_capacity=dict(capacities),
        )

    def _known_files(self) -> list[str]:
        with translated_errors(self._store.path):
            return _files_of(self._store.connection)

    def _seals_in_the_log(self) -> dict[str, object]:
        """The mark of the last seal of everybody who was not erased since, by person id."""
        sealed: dict[str, object] = {}
        for entry in self._log.entries():
            if entry.action == "person.erased" and entry.subject:
                sealed.pop(entry.subject, None)
            elif entry.action == "people.merged":
                sealed.pop(str(entry.details["other"]), None)
            if entry.subject and "seal" in entry.details:
                sealed[entry.subject] = entry.details["seal"]
        return sealed


def _files_of(connection: sqlite3.Connection) -> list[str]:
    """The encrypted files that a database refers to."""
    rows = connection.execute("SELECT file FROM portrait UNION ALL SELECT scan FROM form")
    return [name for (name,) in rows]
