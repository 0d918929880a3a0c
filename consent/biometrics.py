"""The part of the registry about faces: portraits, templates, the gallery, what must go."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from consent.admission import admitted_portrait
from consent.decision import may_keep_biometrics, may_match
from consent.desk import Desk
from consent.errors import RecordInvalidError, RegistryBusyError, RegistryUnwritableError
from consent.records import Portrait, StoredPortrait, new_id

if TYPE_CHECKING:
    from consent.vault import PersonSafe


class BiometricsDesk(Desk):
    """Keeps portraits and templates for as long as a consent lets it."""

    def add_portrait(self, person_id: str, portrait: Portrait, on: dt.date) -> str:
        """Add a portrait of a person and give its id.

        Raises:
            PersonUnknownError: nobody has that id.
            RecordInvalidError: the portrait cannot be recorded.
        """
        portrait_id = new_id()
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
        """Add portraits of a person, all of them or none, under ids of `new_id`.

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
            self._set_terms(self.dossier(person_id))
            if templates:
                self._replace_templates(person_id, templates, recogniser, on)
        self._files.finished()

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

    def portrait_days(self, person_id: str | None = None) -> Mapping[str, tuple[dt.date, ...]]:
        """The days on which portraits were added, oldest first, by person id; of one, or of all."""
        days: dict[str, tuple[dt.date, ...]] = {}
        which, wanted = ("WHERE person = ?", [person_id]) if person_id else ("", [])
        sql = f"SELECT person, added_on FROM portrait {which} ORDER BY added_on"  # noqa: S608
        for row in self._store.rows(sql, wanted):
            day = dt.date.fromisoformat(row["added_on"])
            days[row["person"]] = (*days.get(row["person"], ()), day)
        return days

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

    def may_keep_biometrics(self, person_id: str, on: dt.date) -> bool:
        """Whether what is on file about a person lets templates of them be kept on that day.

        Raises:
            PersonUnknownError: nobody has that id.
        """
        return may_keep_biometrics(self.dossier(person_id), on, self._policy)

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
            if may_match(self.dossier(person), on, self._policy)
        }

    def gallery(self, recogniser: str, on: dt.date) -> tuple[tuple[str, bytes], ...]:
        """Person id and template, of everybody whose face may be matched on that day."""
        # Templates first: of a withdrawal in between, the dossiers then know.
        rows = self._store.rows(
            "SELECT portrait, person, data, wrapped FROM template JOIN person_key USING (person) "
            "WHERE recogniser = ? ORDER BY person, portrait",
            [recogniser],
        )
        allowed = {
            dossier.person.id
            for dossier in (self.dossiers(enrolled=True) if rows else ())
            if may_match(dossier, on, self._policy)
        }
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
        return any(may_match(self.dossier(row["person"]), on, self._policy) for row in people)

    def sweep(self, on: dt.date, *, thorough: bool = False) -> int:
        """Delete what may not be kept on that day; how many things went.

        Templates whose consent has ended, portraits that waited longer than the
        policy allows, and files that an interrupted run left behind: all of them where
        `thorough`, else only where a run is known not to have got to its end. Nothing
        is locked when there is nothing to do.
        """
        thorough = thorough or self._files.unfinished
        if not any(self._overdue(on, thorough=thorough)):
            # Where that cannot be now, the mark stays for another sweep.
            with contextlib.suppress(RegistryBusyError, RegistryUnwritableError):
                if thorough:
                    self._store.rewrite()
                self._swept(thorough=thorough)
            return 0
        with self._store.writing():
            templates, portraits, strays = self._overdue(on, thorough=thorough)
            if portraits:
                self._files.begun()
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
        self._forget(portraits + strays, rows=bool(templates))
        self._swept(thorough=thorough)
        return len(templates) + len(portraits) + len(strays)

    def overdue(self, on: dt.date) -> tuple[int, int, int]:
        """How many people's templates, portraits, and files of nobody a sweep would delete."""
        templates, portraits, strays = self._overdue(on, thorough=True)
        return len(templates), len(portraits), len(strays)

    # Below the counter

    def _swept(self, *, thorough: bool) -> None:
        # Otherwise the mark, if there is one by now, is of a run that still writes.
        if thorough:
            self._files.finished()

    def _settled(self, person_id: str, on: dt.date) -> tuple[str, ...]:
        """Note the new terms, and end biometrics that nothing allows now; files to forget."""
        dossier = self.dossier(person_id)
        self._set_terms(dossier)
        return self._end_biometrics(dossier, on)

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
        if not may_keep_biometrics(self.dossier(person_id), on, self._policy):
            raise RecordInvalidError(
                "{person} has no consent with the biometric tick: no template may be kept",
                person=person_id,
            )
        self._insert_templates(person_id, templates, recogniser)
        self._log.append("templates.stored", person_id, {"templates": len(templates)})

    def _insert_templates(
        self, person_id: str, templates: Mapping[str, bytes], recogniser: str | None
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
        safe = self._safe(person_id)
        self._store.database.table("template").delete_where("person = ?", [person_id])
        for portrait, data in templates.items():
            record = {
                "portrait": portrait,
                "recogniser": recogniser,
                "person": person_id,
                "data": safe.encrypt(_template_purpose(portrait, recogniser), data),
            }
            self._store.insert("template", record)

    def _overdue(
        self, on: dt.date, *, thorough: bool
    ) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """People whose templates, and files of portraits and of nobody, that must go."""
        day = on.isoformat()
        waited = (on - dt.timedelta(days=self._policy.portrait_days)).isoformat()
        doubtful = self._store.rows(
            "SELECT person FROM portrait WHERE keep_until < ? "
            "UNION SELECT person FROM portrait WHERE keep_until IS NULL AND added_on < ?",
            [day, waited],
        )
        gone = [
            dossier.person.id
            for dossier in (self.dossier(row["person"]) for row in doubtful)
            if not may_keep_biometrics(dossier, on, self._policy)
        ]
        templates, portraits = self._biometrics_of(gone, waited)
        return templates, portraits, self._strays() if thorough else ()

    def _biometrics_of(
        self, people: Sequence[str], waited: str
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Which of the people have templates, and files of portraits added before a day."""
        templates, portraits = [], []
        for person in people:
            if self._store.rows("SELECT 1 FROM template WHERE person = ? LIMIT 1", [person]):
                templates.append(person)
            files = "SELECT file FROM portrait WHERE person = ? AND added_on < ?"
            portraits += [row["file"] for row in self._store.rows(files, [person, waited])]
        return tuple(templates), tuple(portraits)

    def _strays(self) -> tuple[str, ...]:
        known = self._store.rows("SELECT file FROM portrait UNION ALL SELECT scan FROM form")
        return self._files.strays(row["file"] for row in known)


def _template_purpose(portrait: str, recogniser: str) -> str:
    return f"template {portrait} {recogniser}"
