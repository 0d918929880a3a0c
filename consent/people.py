"""The part of the registry about people: who they are, found, joined, exported, erased."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from consent import filing, identifications
from consent.admission import admitted_person, name_key
from consent.biometrics import BiometricsDesk
from consent.desk import ENTRIES, PEOPLE, by_name, entry_purpose
from consent.errors import (
    OnHoldError,
    PersonAmbiguousError,
    PersonUnknownError,
    RecordInvalidError,
)
from consent.journal import drop_journals
from consent.records import (
    Capacity,
    Person,
    Portrait,
    Status,
    new_id,
    new_person_id,
    person_id_in,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Holdings:
    """How much is on file about a person."""

    forms: int
    entries: int
    portraits: int
    templates: int
    lookalikes: int
    on_hold: bool


class PeopleDesk(BiometricsDesk):
    """Adds, changes, finds and erases people."""

    def add_person(  # noqa: PLR0913 - a person has that many details
        self,
        name: str,
        portraits: Sequence[Portrait],
        on: dt.date,
        born: dt.date | None = None,
        *,
        coded: bool = False,
        contact: str = "",
        language: str = "",
        capacity: Capacity = Capacity.OTHER,
    ) -> Person:
        """Add a person, with portraits that wait, unmatched, for a consent.

        Raises:
            RecordInvalidError: the name, a detail or a portrait cannot be recorded.
        """
        person = admitted_person(
            Person(
                self._unused_person_id(),
                name,
                on,
                born,
                coded=coded,
                contact=contact,
                language=language,
                capacity=capacity,
            ),
            on,
        )
        wrapped = self._vault.new_person_key(person.id)
        safe = self._vault.safe(person.id, wrapped)
        with self._store.writing():
            record = {"id": person.id, "added_on": on.isoformat(), **self._kept(person, safe)}
            self._store.insert("person", record)
            self._store.insert("person_key", {"person": person.id, "wrapped": wrapped})
            for portrait in portraits:
                self._insert_portrait(person.id, new_id(), portrait, safe, on)
            self._seal(person.id)
            self._note("person.added", person.id, {"portraits": len(portraits)})
        self._files.finished()
        return person

    def change_person(self, changed: Person, on: dt.date) -> Person:
        """Keep a person's details as they are now: `changed` is the person with new ones.

        Who has died is matched no longer: templates and portraits go at once.

        Raises:
            PersonUnknownError: nobody has that id.
            RecordInvalidError: a detail cannot be recorded.
        """
        person = admitted_person(changed, on)
        with self._store.writing():
            # Read whole, so that a damaged dossier is not sealed anew.
            before = self.dossier(person.id).person
            kept = self._kept(person, self._safe(person.id))
            self._store.database.table("person").update(person.id, dict(kept))
            self._seal(person.id)
            # Which fields, not what they say: the log names nobody, and is never erased.
            old, new = filing.document_of(before), filing.document_of(person)
            told = {"fields": sorted(field for field in new if new[field] != old[field])}
            self._note("person.changed", person.id, told)
            after = self.dossier(person.id)
            self._set_terms(after)
            ended = person.status is Status.DECEASED
            files = self._end_biometrics(after, on) if ended else ()
        self._forget(files)
        return person

    def link_lookalikes(self, person_id: str, other_id: str) -> None:
        """Say that two people look alike: twins, siblings. Linking them again changes nothing.

        Raises:
            PersonUnknownError: nobody has one of the ids.
            RecordInvalidError: both are the same person.
        """
        if person_id == other_id:
            raise RecordInvalidError("a person is not their own look-alike; name two people")
        with self._store.writing():
            self.dossier(other_id)
            if other_id in self.dossier(person_id).lookalikes:
                return
            self._link(person_id, other_id)

    def people(self) -> list[Person]:
        """Everybody, by name."""
        return by_name(map(self._person_from, self._store.rows(PEOPLE)))

    def find_person(self, ref: str) -> Person:
        """The person somebody meant: by id, or by the whole name or code, in any case.

        Raises:
            PersonUnknownError: nobody has that id or name.
            PersonAmbiguousError: several have that name; the message lists their ids.
        """
        rows = self._store.rows(PEOPLE + "WHERE person.id = ?", [person_id_in(ref)])
        found = [self._person_from(row) for row in rows] or self.people_named(ref)
        if not found:
            raise PersonUnknownError(
                "nobody in the registry has the id or the name {ref!r}; "
                "give the whole name, or the id as 'clearance people list' shows it",
                ref=ref,
            )
        if len(found) > 1:
            raise PersonAmbiguousError(
                "{n} people are called {ref!r}; name one by id: {ids}",
                n=len(found),
                ref=ref,
                ids=", ".join(person.id for person in found),
            )
        return found[0]

    def people_named(self, name: str) -> list[Person]:
        """Everybody with that whole name or code, in any case, by id."""
        tag = self._vault.name_tag(name_key(name))
        rows = self._store.rows(PEOPLE + "WHERE name_tag = ? ORDER BY person.id", [tag])
        return [self._person_from(row) for row in rows]

    def holdings(self, person_id: str) -> Holdings:
        """How much is on file about a person: what erasing them would destroy.

        Raises:
            PersonUnknownError: nobody has that id.
        """
        dossier = self.dossier(person_id)

        def count(table: str) -> int:
            counted = f"SELECT count(*) AS n FROM {table} WHERE person = ?"  # noqa: S608
            return int(self._store.rows(counted, [person_id])[0]["n"])

        return Holdings(
            forms=len(dossier.consents),
            entries=count("dossier_entry"),
            portraits=count("portrait"),
            templates=count("template"),
            lookalikes=len(dossier.lookalikes),
            on_hold=any(hold.lifted_on is None for hold in dossier.holds),
        )

    def erase_person(self, person_id: str, *, why: str = "asked") -> Holdings:
        """Destroy a person's key and everything under it; what was destroyed.

        Only the log still holds the id, which then means nothing. Copies of the
        registry that were made earlier keep what they have.

        Raises:
            PersonUnknownError: nobody has that id.
            OnHoldError: a hold is in force.
            RegistryUnwritableError: the message says whether the erasure was recorded.
        """
        with self._store.writing():
            holdings = self.holdings(person_id)
            if holdings.on_hold:
                raise OnHoldError(
                    "{person} is on hold and cannot be erased; lift the hold first with "
                    "'clearance consent hold {person} --lift --by NAME'",
                    person=person_id,
                )
            files = self._destroy(person_id)
            told = dataclasses.asdict(holdings)
            self._log.append("person.erased", person_id, {"why": why, **told})
            # The copies that were made before a change of schema still have the key.
            # Before the end: where one cannot be deleted, nobody is said to be erased.
            self._store.drop_earlier_copies()
            # They may say in which pictures the person was.
            drop_journals(self._store.path.parent)
        self._forget(files, rows=True)
        return holdings

    def merge_people(self, keep_id: str, other_id: str, on: dt.date) -> Person:
        """Make one person of two records of the same person; the other id is erased.

        Forms, noes, holds and portraits pass over; templates go, and are to be made anew
        of all portraits together.

        Raises:
            PersonUnknownError: nobody has one of the ids.
            RecordInvalidError: both are the same record, or two days of birth contradict.
        """
        if keep_id == other_id:
            raise RecordInvalidError("a person cannot be merged with themselves; name two people")
        with self._store.writing():
            keep, other = self.dossier(keep_id), self.dossier(other_id)
            if keep.person.born and other.person.born and keep.person.born != other.person.born:
                raise RecordInvalidError(
                    "{keep} and {other} have different days of birth; correct one with 'clearance "
                    "people born', or they are two people",
                    keep=keep_id,
                    other=other_id,
                )
            files = self._move_all(keep_id, other_id)
            kept = self._kept(_merged(keep.person, other.person), self._safe(keep_id))
            self._store.database.table("person").update(keep_id, dict(kept))
            for alike in other.lookalikes - keep.lookalikes - {keep_id}:
                self._link(keep_id, alike)
            files += self._destroy(other_id)
            self._seal(keep_id)
            self._note("people.merged", keep_id, {"other": other_id})
            merged = self.dossier(keep_id)
            self._set_terms(merged)
            said_no = merged.withdrawals or merged.refusals
            if said_no or merged.person.status is Status.DECEASED:
                files += self._end_biometrics(merged, on)
            self._store.drop_earlier_copies()
        self._forget(files, rows=True)
        self._files.finished()
        return merged.person

    # Below the counter

    def _unused_person_id(self) -> str:
        while True:
            person_id = new_person_id()
            used = "SELECT 1 FROM person WHERE id = ? UNION SELECT 1 FROM audit WHERE subject = ?"
            if not self._store.rows(used, [person_id, person_id]):
                return person_id

    def _link(self, person_id: str, other_id: str) -> None:
        pair = dict(zip(("one", "other"), sorted((person_id, other_id)), strict=True))
        self._store.insert("lookalike", {**pair})
        for one, other in ((person_id, other_id), (other_id, person_id)):
            self._seal(one)
            self._note("people.alike", one, {"other": other})

    def _destroy(self, person_id: str) -> tuple[str, ...]:
        """Delete every row about a person, the key among them; the files to delete then."""
        alike = self.dossier(person_id).lookalikes
        files = self._store.rows(
            "SELECT file FROM portrait WHERE person = ? UNION ALL "
            "SELECT scan FROM form WHERE person = ?",
            [person_id, person_id],
        )
        tables = (
            *("template", "portrait", "form", "dossier_entry", "identification"),
            *("person_key", "unsealed"),
        )
        for table in tables:
            self._store.database.table(table).delete_where("person = ?", [person_id])
        self._store.database.table("lookalike").delete_where(
            "one = ? OR other = ?", [person_id, person_id]
        )
        self._store.database.table("person").delete_where("id = ?", [person_id])
        for other in alike:
            self._seal(other)
            self._note("dossier.sealed", other, {})
        if files:
            self._files.begun()
        return tuple(row["file"] for row in files)

    def _move_all(self, keep_id: str, other_id: str) -> tuple[str, ...]:
        """Move what is under one person's key under another's; the files to delete then."""
        keep, other = self._safe(keep_id), self._safe(other_id)
        files: list[str] = []
        for row in self._store.rows("SELECT * FROM portrait WHERE person = ?", [other_id]):
            purpose = f"portrait {row['id']}"
            data = other.decrypt(purpose, self._files.read(row["file"]))
            moved = {"person": keep_id, "file": self._files.write(keep.encrypt(purpose, data))}
            self._store.database.table("template").delete_where("portrait = ?", [row["id"]])
            self._store.database.table("portrait").update(row["id"], moved)
            files.append(row["file"])
        self._store.database.table("template").delete_where("person = ?", [keep_id])
        for row in self._store.rows("SELECT * FROM form WHERE person = ?", [other_id]):
            purpose = f"evidence {row['serial']}"
            data = other.decrypt(purpose, self._files.read(row["scan"]))
            moved = {"person": keep_id, "scan": self._files.write(keep.encrypt(purpose, data))}
            self._store.database.table("form").update(row["serial"], moved)
            files.append(row["scan"])
        for word in identifications.of_person(self._store, other_id, other):
            identifications.update(self._store, dataclasses.replace(word, person=keep_id), keep)
        last = len(self._store.rows(f"{ENTRIES} WHERE person = ?", [keep_id]))
        rows = self._store.rows(f"{ENTRIES} WHERE person = ? ORDER BY number", [other_id])
        for number, row in enumerate(rows, last + 1):
            body = other.decrypt(entry_purpose(row["number"], row["kind"]), row["body"])
            entry = {
                "person": keep_id,
                "number": number,
                "kind": row["kind"],
                "body": keep.encrypt(entry_purpose(number, row["kind"]), body),
            }
            self._store.insert("dossier_entry", entry)
        return tuple(files)


def _merged(keep: Person, other: Person) -> Person:
    """The details of both; where they differ, the careful ones, else those of the one kept."""
    capacities = {keep.capacity, other.capacity}
    capacity = Capacity.PATIENT if Capacity.PATIENT in capacities else keep.capacity
    if capacity is Capacity.OTHER:
        capacity = other.capacity
    statuses = (keep.status, other.status)
    return dataclasses.replace(
        keep,
        born=keep.born or other.born,
        contact=keep.contact or other.contact,
        language=keep.language or other.language,
        capacity=capacity,
        status=max(statuses, key=list(Status).index),
    )
