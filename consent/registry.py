"""The only door to people, their signed consents and what identifies them.

A registry is a folder: `registry.sqlite3`, the folder `evidence` with encrypted
scans and portraits, and the institution's key, unless that lies elsewhere.
Names, portraits, templates and scans are encrypted under the person's key;
serials, days, channels and random ids are not. Every change is one transaction
with its entry in the audit log.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from consent import filing, words
from consent.admission import (
    admitted_author,
    admitted_birth,
    admitted_name,
    admitted_portrait,
    admitted_reason,
    admitted_scan,
    admitted_serial,
    check_consent,
    name_key,
)
from consent.audit import AuditLog, AuditVerdict
from consent.decision import may_keep_biometrics, may_match
from consent.errors import (
    KeyWrongError,
    PersonAmbiguousError,
    PersonUnknownError,
    RecordInvalidError,
    RegistryDamagedError,
    RegistryUnwritableError,
    SerialTakenError,
)
from consent.files import EncryptedFiles
from consent.policy import Policy
from consent.records import (
    Consent,
    Evidence,
    NotAFace,
    Person,
    Portrait,
    StoredPortrait,
    Withdrawal,
    new_person_id,
    new_portrait_id,
    new_word_id,
    person_id_in,
)
from consent.store import Store, damaged, unwritable
from consent.vault import InstitutionKey, PersonSafe, Vault, key_file

if TYPE_CHECKING:
    import sqlite3
    import types

DATABASE_NAME = "registry.sqlite3"
EVIDENCE_FOLDER = "evidence"

_PEOPLE = """
    SELECT id, name, born, added_on, wrapped FROM person JOIN person_key ON person = id
"""
_LOOKALIKES = """
    SELECT other AS id FROM lookalike WHERE one = ?
    UNION SELECT one FROM lookalike WHERE other = ?
"""


class Registry:
    """An open registry. Made by `Registry.open` or `Registry.create`; close it after use.

    Every method raises `RegistryDamagedError` when what it reads was altered
    outside the program, and every change `RegistryBusyError` or
    `RegistryUnwritableError` when it could not be recorded.
    """

    def __init__(self, store: Store, key: InstitutionKey, policy: Policy) -> None:
        self._store = store
        self._vault = Vault(key)
        self._files = EncryptedFiles(store.path.parent / EVIDENCE_FOLDER)
        self._log = AuditLog(store, key.derive("audit"))
        self._policy = policy

    @classmethod
    def create(cls, folder: Path, policy: Policy | None = None) -> Registry:
        """Make a registry in the folder, with a new institution key, and open it.

        A key file that is there already is used, never overwritten: it may open
        backups.

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
            path = key_file(folder)
            key = InstitutionKey.load(path) if path.exists() else InstitutionKey.create(path)
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

        The key is read from the file that CLEARANCE_KEY_FILE names, else from
        `institution.key` in the folder.

        Raises:
            RegistryMissingError: the folder holds none.
            RegistryDamagedError: the file is not a registry, is truncated or inconsistent.
            RegistryTooNewError: a newer version of the program wrote it.
            KeyMissingError, KeyExposedError, KeyWrongError: the key cannot be used.
        """
        store = Store.open(folder / DATABASE_NAME)
        try:
            path = key_file(folder)
            key = InstitutionKey.load(path)
            known = store.rows("SELECT key_id, check_value FROM institution_key")
            if not known:
                cause = RegistryDamagedError("it does not say which key it was made with")
                raise damaged(store.path, cause)
            if known[0]["check_value"] != key.check_value:
                raise KeyWrongError(
                    "the key in {path} has the id {id}; the registry in {folder} was made "
                    "with the key {wanted}. Put that one there",
                    path=path,
                    id=key.id,
                    folder=folder,
                    wanted=known[0]["key_id"],
                )
            return cls(store, key, policy or Policy())
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

    # People

    def add_person(
        self,
        name: str,
        portraits: Sequence[Portrait],
        on: dt.date,
        born: dt.date | None = None,
    ) -> Person:
        """Add a person, with portraits that wait, unmatched, for a consent.

        Raises:
            RecordInvalidError: the name, the day of birth or a portrait cannot be recorded.
        """
        name = admitted_name(name)
        born = admitted_birth(born, on) if born else None
        person = Person(self._unused_person_id(), name, on, born)
        wrapped = self._vault.new_person_key(person.id)
        safe = self._vault.safe(person.id, wrapped)
        with self._store.writing():
            record = {
                "id": person.id,
                "name": safe.encrypt("name", name.encode()),
                "name_tag": self._vault.name_tag(name_key(name)),
                "born": _born_as_kept(born, safe),
                "added_on": on.isoformat(),
            }
            self._store.insert("person", record)
            self._store.insert("person_key", {"person": person.id, "wrapped": wrapped})
            for portrait in portraits:
                self._insert_portrait(person.id, new_portrait_id(), portrait, safe, on)
            self._log.append("person.added", person.id, {"portraits": len(portraits)})
        return person

    def set_born(self, person_id: str, born: dt.date, on: dt.date) -> Person:
        """Say, or correct, on which day a person was born.

        Raises:
            PersonUnknownError: nobody has that id.
            RecordInvalidError: the day is still to come, or too long ago.
        """
        born = admitted_birth(born, on)
        with self._store.writing():
            kept = _born_as_kept(born, self._safe(person_id))
            self._store.database.table("person").update(person_id, {"born": kept})
            # Not the day: the log names nobody, and is never erased.
            self._log.append("person.born", person_id)
        return self.person(person_id)

    def add_portrait(self, person_id: str, portrait: Portrait, on: dt.date) -> str:
        """Add a portrait of a person and give its id.

        Raises:
            PersonUnknownError: nobody has that id.
            RecordInvalidError: the portrait cannot be recorded.
        """
        portrait_id = new_portrait_id()
        self.add_portraits(person_id, {portrait_id: portrait}, on)
        return portrait_id

    def add_portraits(
        self,
        person_id: str,
        portraits: Mapping[str, Portrait],
        on: dt.date,
        *,
        templates: Mapping[str, bytes] | None = None,
        recogniser: str | None = None,
    ) -> None:
        """Add portraits of a person, all of them or none, under ids of `new_portrait_id`.

        `templates`, if any, take the place of all there were, as in `store_templates`;
        they may be of these portraits and of older ones.

        Raises:
            PersonUnknownError: nobody has that id.
            RecordInvalidError: a portrait or a template cannot be recorded.
        """
        with self._store.writing():
            safe = self._safe(person_id)
            for portrait_id, portrait in portraits.items():
                self._insert_portrait(person_id, portrait_id, portrait, safe, on)
                self._log.append("portrait.added", person_id, {"portrait": portrait_id})
            if templates:
                self._replace_templates(person_id, templates, recogniser, on)

    def link_lookalikes(self, person_id: str, other_id: str) -> None:
        """Say that two people look alike: twins, siblings. Linking them again changes nothing.

        Raises:
            PersonUnknownError: nobody has one of the ids.
            RecordInvalidError: both are the same person.
        """
        if person_id == other_id:
            raise RecordInvalidError("a person is not their own look-alike; name two people")
        pair = dict(zip(("one", "other"), sorted((person_id, other_id)), strict=True))
        with self._store.writing():
            self.person(person_id)
            self.person(other_id)
            if other_id in self.lookalikes_of(person_id):
                return
            self._store.insert("lookalike", {**pair})
            self._log.append("people.alike", person_id, {"other": other_id})

    def lookalikes_of(self, person_id: str) -> frozenset[str]:
        """Ids of the people who were said to look like this one."""
        rows = self._store.rows(_LOOKALIKES, [person_id, person_id])
        return frozenset(row["id"] for row in rows)

    def people(self) -> list[Person]:
        """Everybody, by name."""
        everybody = [self._person_from(row) for row in self._store.rows(_PEOPLE)]
        return sorted(everybody, key=lambda person: (name_key(person.name), person.id))

    def person(self, person_id: str) -> Person:
        """The person with that id.

        Raises:
            PersonUnknownError: nobody has it.
        """
        rows = self._store.rows(_PEOPLE + "WHERE id = ?", [person_id])
        if not rows:
            raise PersonUnknownError("nobody in the registry has the id {id!r}", id=person_id)
        return self._person_from(rows[0])

    def find_person(self, ref: str) -> Person:
        """The person somebody meant: by id, or by the whole name, in any case.

        Raises:
            PersonUnknownError: nobody has that id or name.
            PersonAmbiguousError: several have that name; the message lists their ids.
        """
        tag = self._vault.name_tag(name_key(ref))
        rows = self._store.rows(_PEOPLE + "WHERE id = ?", [person_id_in(ref)])
        rows = rows or self._store.rows(_PEOPLE + "WHERE name_tag = ? ORDER BY id", [tag])
        if not rows:
            raise PersonUnknownError(
                "nobody in the registry has the id or the name {ref!r}; "
                "give the whole name, or the id as 'clearance people list' shows it",
                ref=ref,
            )
        if len(rows) > 1:
            ids = ", ".join(row["id"] for row in rows)
            raise PersonAmbiguousError(
                "{n} people are called {ref!r}; name one by id: {ids}",
                n=len(rows),
                ref=ref,
                ids=ids,
            )
        return self._person_from(rows[0])

    def portraits_of(self, person_id: str) -> tuple[StoredPortrait, ...]:
        """The portraits of a person, decrypted, oldest first.

        Raises:
            PersonUnknownError: nobody has that id.
        """
        safe = self._safe(person_id)
        rows = self._store.rows(
            "SELECT id, file, suffix, added_on FROM portrait WHERE person = ? ORDER BY rowid",
            [person_id],
        )
        return tuple(
            StoredPortrait(
                row["id"],
                safe.decrypt(f"portrait {row['id']}", self._files.read(row["file"])),
                row["suffix"],
                dt.date.fromisoformat(row["added_on"]),
            )
            for row in rows
        )

    def portrait_days(self) -> Mapping[str, tuple[dt.date, ...]]:
        """The days on which each person's portraits were added, oldest first, by person id."""
        days: dict[str, tuple[dt.date, ...]] = {}
        for row in self._store.rows("SELECT person, added_on FROM portrait ORDER BY added_on"):
            day = dt.date.fromisoformat(row["added_on"])
            days[row["person"]] = (*days.get(row["person"], ()), day)
        return days

    # Consents

    def record_consent(  # noqa: PLR0913 - a form has that many fields
        self,
        person_id: str,
        *,
        serial: str,
        signed: dt.date,
        valid_until: dt.date,
        channels: Iterable[str],
        biometric: bool,
        evidence: bytes,
        evidence_suffix: str,
        on: dt.date,
        valid_from: dt.date | None = None,
        templates: Mapping[str, bytes] | None = None,
        recogniser: str | None = None,
    ) -> Consent:
        """Record a signed form on the day `on`, with its scan and, if allowed, templates.

        `templates` maps ids of the person's portraits to what `recogniser` made of
        them. They are kept, in place of all there were, only if the form, as it stands
        on the day, lets the face be matched now or later. Without `valid_from` the term
        begins when signed.

        Raises:
            PersonUnknownError: nobody has that id.
            SerialTakenError: a form with that serial is recorded already.
            RecordInvalidError: the form contradicts itself or the policy, the scan is
                empty, or templates come without the biometric tick.
        """
        suffix = admitted_scan(evidence, evidence_suffix)
        consent = Consent(
            serial=admitted_serial(serial),
            person=person_id,
            signed=signed,
            valid_from=valid_from or signed,
            valid_until=valid_until,
            channels=frozenset(channels),
            biometric=biometric,
            evidence=Evidence(hashlib.sha256(evidence).hexdigest(), suffix, len(evidence)),
            recorded_on=on,
        )
        check_consent(consent, on, self._policy)
        if templates and not biometric:
            raise RecordInvalidError(
                "the form {serial} has no biometric tick: no template may be kept",
                serial=consent.serial,
            )
        with self._store.writing():
            safe = self._safe(person_id)
            if filing.is_recorded(self._store, consent.serial):
                raise SerialTakenError(
                    "the form {serial} is recorded already; a new signature needs a new form",
                    serial=consent.serial,
                )
            scan = self._files.write(safe.encrypt(f"evidence {consent.serial}", evidence))
            filing.insert_consent(self._store, consent, scan)
            kept = may_keep_biometrics(self.consents_of(person_id), on)
            stored = templates if templates and kept else {}
            if stored:
                self._insert_templates(person_id, stored, recogniser, safe)
            self._log.append("consent.recorded", person_id, filing.summary(consent, len(stored)))
        return consent

    def consents_of(self, person_id: str) -> tuple[Consent, ...]:
        """Every form recorded for a person, by serial; none for an unknown id."""
        return filing.consents_of(self._store, person_id)

    def evidence_of(self, serial: str) -> bytes:
        """The scan of a form, decrypted.

        Raises:
            RecordInvalidError: no form has that serial.
        """
        rows = self._store.rows(
            "SELECT person, evidence_file FROM consent WHERE serial = ?", [serial]
        )
        if not rows:
            raise RecordInvalidError(
                "no form with the serial {serial!r} is recorded", serial=serial
            )
        ciphertext = self._files.read(rows[0]["evidence_file"])
        return self._safe(rows[0]["person"]).decrypt(f"evidence {serial}", ciphertext)

    def withdraw(self, person_id: str, channel: str | None, on: dt.date) -> int:
        """Withdraw every consent of a person, wholly or for a channel; how many it touched.

        When no consent is left that lets the face be matched, templates and
        portraits are deleted at once.

        Raises:
            PersonUnknownError: nobody has that id.
            RecordInvalidError: there is nothing to withdraw.
            RegistryUnwritableError: the message says whether the withdrawal was recorded.
        """
        with self._store.writing():
            self._safe(person_id)
            touched = [c for c in self.consents_of(person_id) if _stands(c, channel)]
            if not touched:
                raise _nothing_to_withdraw(person_id, channel)
            for consent in touched:
                filing.insert_withdrawal(self._store, consent.serial, Withdrawal(on, channel))
            details = {"serials": [c.serial for c in touched], "channel": channel}
            self._log.append("consent.withdrawn", person_id, details)
            files: tuple[str, ...] = ()
            if not may_keep_biometrics(self.consents_of(person_id), on):
                files = self._delete_biometrics(person_id)
        self._forget(files)
        return len(touched)

    # Templates

    def store_templates(
        self, person_id: str, templates: Mapping[str, bytes], recogniser: str, on: dt.date
    ) -> None:
        """Keep what a recogniser made of a person's portraits, in place of all there was before.

        What another recogniser made is deleted: it is of no use beside the new
        ones, and what is of no use is not kept.

        Raises:
            PersonUnknownError: nobody has that id.
            RecordInvalidError: no consent lets the face be matched, or a portrait is not theirs.
        """
        with self._store.writing():
            self._replace_templates(person_id, templates, recogniser, on)

    def outdated(self, recogniser: str, on: dt.date) -> Mapping[str, frozenset[str]]:
        """Whose face may be matched on that day but has no template of the recogniser.

        By person id: the recognisers that made the templates there are. Somebody
        without any template is not there.
        """
        rows = self._store.rows(
            "SELECT DISTINCT person, recogniser FROM template "
            "WHERE person NOT IN (SELECT person FROM template WHERE recogniser = ?)",
            [recogniser],
        )
        made: dict[str, set[str]] = {}
        for row in rows:
            made.setdefault(row["person"], set()).add(row["recogniser"])
        return {
            person: frozenset(names)
            for person, names in made.items()
            if may_match(self.consents_of(person), on)
        }

    def gallery(self, recogniser: str, on: dt.date) -> tuple[tuple[str, bytes], ...]:
        """Person id and template, of everybody whose face may be matched on that day."""
        # Templates first: of a withdrawal in between, the consents then know.
        rows = self._store.rows(
            "SELECT portrait, person, data, wrapped FROM template JOIN person_key USING (person) "
            "WHERE recogniser = ? ORDER BY person, portrait",
            [recogniser],
        )
        consents = filing.consents_of_enrolled(self._store)
        allowed = {person for person, forms in consents.items() if may_match(forms, on)}
        return tuple(
            (
                row["person"],
                self._vault.safe(row["person"], row["wrapped"]).decrypt(
                    _template_purpose(row["portrait"], recogniser), row["data"]
                ),
            )
            for row in rows
            if row["person"] in allowed
        )

    def enrolled(self, on: dt.date) -> bool:
        """Whether anybody's face may be matched on that day, so that networks are worth loading."""
        people = self._store.rows("SELECT DISTINCT person FROM template")
        return any(may_match(self.consents_of(row["person"]), on) for row in people)

    def sweep(self, on: dt.date) -> int:
        """Delete what may not be kept on that day; how many things went.

        Templates whose consent has ended, portraits that waited longer than the
        policy allows, and files that an interrupted run left behind. Nothing is
        locked when there is nothing to do.
        """
        if not any(self._overdue(on)):
            return 0
        with self._store.writing():
            templates, portraits, strays = self._overdue(on)
            for person in templates:
                self._store.database.table("template").delete_where("person = ?", [person])
            for file in portraits:
                self._store.database.table("portrait").delete_where("file = ?", [file])
            details = {
                "enrolments": len(templates),
                "portraits": len(portraits),
                "strays": len(strays),
            }
            self._log.append("registry.swept", details=details)
        self._forget(portraits + strays)
        return len(templates) + len(portraits) + len(strays)

    # Words on pictures

    def say_not_a_face(
        self,
        picture: str,
        boxes: Sequence[tuple[int, int, int, int]],
        *,
        by: str,
        reason: str,
        on: dt.date,
    ) -> tuple[NotAFace, ...]:
        """Remember that regions of a file show nobody, as a person said.

        Args:
            picture: the file's SHA-256; another file needs another word.
            boxes: left, top, right, bottom in pixels of the upright picture.
            by: who says so.
            reason: why.
            on: the day.

        Raises:
            RecordInvalidError: the name or the reason cannot be kept.
        """
        by, reason = admitted_author(by), admitted_reason(reason)
        said = tuple(
            NotAFace(id=new_word_id(), picture=picture, box=box, by=by, reason=reason, on=on)
            for box in boxes
        )
        with self._store.writing():
            for word in said:
                words.insert(self._store, word, self._vault.house)
                self._log.append("not_a_face.said", picture, {"word": word.id, "box": word.box})
        return said

    def take_back_not_a_face(self, said: Sequence[NotAFace], *, by: str, on: dt.date) -> None:
        """Take words on a picture back; they stay on file as taken back.

        Raises:
            RecordInvalidError: the name of who takes them back cannot be kept.
        """
        by = admitted_author(by)
        with self._store.writing():
            for word in said:
                words.insert_undone(self._store, word, by, on, self._vault.house)
                self._log.append("not_a_face.taken_back", word.picture, {"word": word.id})

    def not_faces_in(self, picture: str) -> tuple[NotAFace, ...]:
        """What was said of the file with that SHA-256 and not taken back, oldest first."""
        return words.standing(self._store, picture, self._vault.house)

    # The log

    def audit(self, action: str, *, subject: str | None = None, **details: object) -> None:
        """Add an entry to the log. Ids, hashes and serials only: never a name.

        Raises:
            RegistryBusyError, RegistryUnwritableError: it could not be recorded.
        """
        with self._store.writing():
            self._log.append(action, subject, details)

    def verify_audit(self) -> AuditVerdict:
        """Whether the log is whole and unchanged."""
        return self._log.verify()

    # Below the counter

    def _unused_person_id(self) -> str:
        while True:
            person_id = new_person_id()
            if not self._store.rows("SELECT 1 FROM person WHERE id = ?", [person_id]):
                return person_id

    def _safe(self, person_id: str) -> PersonSafe:
        rows = self._store.rows("SELECT wrapped FROM person_key WHERE person = ?", [person_id])
        if not rows:
            raise PersonUnknownError("nobody in the registry has the id {id!r}", id=person_id)
        return self._vault.safe(person_id, rows[0]["wrapped"])

    def _person_from(self, row: sqlite3.Row) -> Person:
        safe = self._vault.safe(row["id"], row["wrapped"])
        name = safe.decrypt("name", row["name"]).decode()
        born = safe.decrypt("born", row["born"]).decode() if row["born"] else None
        return Person(
            row["id"],
            name,
            dt.date.fromisoformat(row["added_on"]),
            dt.date.fromisoformat(born) if born else None,
        )

    def _insert_portrait(
        self,
        person_id: str,
        portrait_id: str,
        portrait: Portrait,
        safe: PersonSafe,
        on: dt.date,
    ) -> None:
        suffix = admitted_portrait(portrait.data, portrait.suffix)
        record = {
            "id": portrait_id,
            "person": person_id,
            "file": self._files.write(safe.encrypt(f"portrait {portrait_id}", portrait.data)),
            "suffix": suffix,
            "added_on": on.isoformat(),
        }
        self._store.insert("portrait", record)

    def _replace_templates(
        self,
        person_id: str,
        templates: Mapping[str, bytes],
        recogniser: str | None,
        on: dt.date,
    ) -> None:
        safe = self._safe(person_id)
        if not may_keep_biometrics(self.consents_of(person_id), on):
            raise RecordInvalidError(
                "{person} has no consent with the biometric tick: no template may be kept",
                person=person_id,
            )
        self._insert_templates(person_id, templates, recogniser, safe)
        self._log.append("templates.stored", person_id, {"templates": len(templates)})

    def _insert_templates(
        self,
        person_id: str,
        templates: Mapping[str, bytes],
        recogniser: str | None,
        safe: PersonSafe,
    ) -> None:
        """Keep templates in place of all the person had."""
        if not recogniser or not all(templates.values()):
            raise RecordInvalidError("a template needs its bytes and the name of its recogniser")
        rows = self._store.rows("SELECT id FROM portrait WHERE person = ?", [person_id])
        if foreign := sorted(set(templates) - {row["id"] for row in rows}):
            raise RecordInvalidError(
                "{person} has no portrait {portraits}",
                person=person_id,
                portraits=", ".join(foreign),
            )
        self._store.database.table("template").delete_where("person = ?", [person_id])
        for portrait, data in templates.items():
            record = {
                "portrait": portrait,
                "recogniser": recogniser,
                "person": person_id,
                "data": safe.encrypt(_template_purpose(portrait, recogniser), data),
            }
            self._store.insert("template", record)

    def _delete_biometrics(self, person_id: str) -> tuple[str, ...]:
        """Delete a person's templates and portraits; the files to delete once that is certain."""
        rows = self._store.rows("SELECT file FROM portrait WHERE person = ?", [person_id])
        if rows:
            self._store.database.table("template").delete_where("person = ?", [person_id])
            self._store.database.table("portrait").delete_where("person = ?", [person_id])
            self._log.append("biometrics.deleted", person_id, {"portraits": len(rows)})
        return tuple(row["file"] for row in rows)

    def _forget(self, files: Sequence[str]) -> None:
        """Remove from the disk what the registry has just forgotten."""
        try:
            self._files.delete(files)
        except RegistryUnwritableError as error:
            raise RegistryUnwritableError(
                "the change is recorded, but {cause}; the next sweep tries again", cause=error
            ) from error
        self._store.forget_deleted()

    def _overdue(self, on: dt.date) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """People whose templates, and files of portraits and of nobody, that must go."""
        # Whoever has a running form with the tick and never withdrew anything is
        # passed over here, so that only the doubtful few are judged one by one.
        doubtful = self._store.rows(
            "SELECT person FROM portrait EXCEPT SELECT person FROM consent "
            "WHERE biometric = 1 AND valid_until >= ? AND person NOT IN "
            "(SELECT c.person FROM withdrawal JOIN consent c ON serial = withdrawal.consent)",
            [on.isoformat()],
        )
        people = {row["person"] for row in doubtful}
        gone = {p for p in people if not may_keep_biometrics(self.consents_of(p), on)}
        waited = (on - dt.timedelta(days=self._policy.portrait_days)).isoformat()
        templates = self._store.rows("SELECT DISTINCT person FROM template ORDER BY person")
        portraits = self._store.rows("SELECT person, file, added_on FROM portrait")
        scans = self._store.rows("SELECT evidence_file AS file FROM consent")
        return (
            tuple(row["person"] for row in templates if row["person"] in gone),
            tuple(
                row["file"]
                for row in portraits
                if row["person"] in gone and row["added_on"] < waited
            ),
            self._files.strays(row["file"] for row in (*portraits, *scans)),
        )


def _nothing_to_withdraw(person_id: str, channel: str | None) -> RecordInvalidError:
    if channel is None:
        return RecordInvalidError(
            "{person} has no consent that could be withdrawn", person=person_id
        )
    return RecordInvalidError(
        "{person} has no consent for {channel!r} that could be withdrawn",
        person=person_id,
        channel=channel,
    )


def _stands(consent: Consent, channel: str | None) -> bool:
    """Whether there is something left to withdraw: of the channel, or at all."""
    withdrawn = {withdrawal.channel for withdrawal in consent.withdrawals}
    if None in withdrawn:
        return False
    return channel is None or (channel in consent.channels and channel not in withdrawn)


def _born_as_kept(born: dt.date | None, safe: PersonSafe) -> bytes | None:
    return safe.encrypt("born", born.isoformat().encode()) if born else None


def _template_purpose(portrait: str, recogniser: str) -> str:
    return f"template {portrait} {recogniser}"
