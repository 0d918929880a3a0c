"""The part of the registry about publications: what happened to each, and whom it shows.

What happens to a publication is only ever added, encrypted under the institution's key, and
a seal covers all of it: an event that was changed, moved or taken out is damage. Whom it
shows lies apart, under the key of each person: erasing somebody leaves the publication, and
nothing in it that leads to them. What an event means is the business of whoever files it.

Whatever changes a dossier stirs the publications that show the person, in the same
transaction: after every withdrawal it is on file which of them somebody must look at.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from consent.desk import seal_mark
from consent.errors import (
    PublicationChangedError,
    PublicationUnknownError,
    RegistryDamagedError,
)
from consent.people import PeopleDesk
from consent.records import Showing, new_publication_id

if TYPE_CHECKING:
    import sqlite3

_PUBLICATIONS = "SELECT id, seal FROM publication"
_EVENTS = "SELECT publication, number, body FROM publication_event"
_SHOWINGS = """
    SELECT publication_person.id, publication, publication_person.person, body, wrapped
    FROM publication_person JOIN person_key ON person_key.person = publication_person.person
"""
_STEP, _ERASED = "step", "erased"


@dataclasses.dataclass(frozen=True, slots=True)
class KeptPublication:
    """What is on file of one publication.

    Attributes:
        id: of the publication.
        steps: what was filed, oldest first, as it was given.
        showings: whom the last step shows, by the id of each `Showing`.
        erased: ids of showings of the last step whose person was erased since.
    """

    id: str
    steps: tuple[bytes, ...]
    showings: Mapping[str, Showing]
    erased: frozenset[str] = frozenset()


class PublicationDesk(PeopleDesk):
    """Keeps what happened to publications."""

    def unused_publication_id(self) -> str:
        """An id that no publication has, nor had."""
        while True:
            found = new_publication_id()
            used = (
                "SELECT 1 FROM publication WHERE id = ? UNION SELECT 1 FROM audit WHERE subject = ?"
            )
            if not self._store.rows(used, [found, found]):
                return found

    def keep_step(
        self,
        publication_id: str,
        number: int,
        content: str,
        showings: Iterable[Showing],
        *,
        action: str,
        told: Mapping[str, object],
    ) -> None:
        """File what happened to a publication; the first step begins it.

        Args:
            publication_id: of the publication.
            number: of the step, from 1: how many its author has seen before it, plus one.
            content: what happened; it names no person but by the ids of `showings`.
            showings: whom the publication shows from now on.
            action: for the log, such as `publication.approved`.
            told: what the log says beside: no name.

        Raises:
            PublicationUnknownError: nothing begun has that id, and this is no first step.
            PublicationChangedError: another step was filed meanwhile.
            PersonUnknownError: somebody whom it shows is not on file any more.
        """
        shown = {one.id: one for one in showings}
        with self._store.writing():
            if number == 1:
                self._begin_publication(publication_id)
            before = self.publication(publication_id)
            if number != len(before.steps) + 1:
                raise _changed(publication_id)
            event = {"kind": _STEP, "shows": sorted(shown), "content": content}
            # Whoever was erased stays erased in what follows.
            event["erased"] = sorted(before.erased & shown.keys())
            for token in before.showings.keys() - shown.keys():
                self._store.database.table("publication_person").delete(token)
            for token in shown.keys() - before.showings.keys() - before.erased:
                self._store.insert(
                    "publication_person", self._showing_row(publication_id, shown[token])
                )
            self._append_event(publication_id, event, action, {**told, "step": number})

    def publication(self, publication_id: str) -> KeptPublication:
        """What is on file of a publication.

        Raises:
            PublicationUnknownError: there is none with that id.
            RegistryDamagedError: it is not as it was written.
        """
        with self._store.reading():
            found = list(
                self._publications_where("WHERE id = ?", "WHERE publication = ?", [publication_id])
            )
        if not found:
            raise PublicationUnknownError(
                "there is no publication {id!r}; 'clearance publications list' names all of them",
                id=publication_id,
            )
        return found[0]

    def publications(self) -> tuple[KeptPublication, ...]:
        """Every publication, oldest first.

        Raises:
            RegistryDamagedError: one is not as it was written.
        """
        with self._store.reading():
            return tuple(self._publications_where("", "", []))

    def publications_of(self, person_id: str) -> tuple[str, ...]:
        """Ids of the publications that show a person, oldest first.

        Raises:
            PersonUnknownError: nobody has that id.
        """
        self._safe(person_id)
        rows = self._store.rows(
            "SELECT id FROM publication WHERE id IN "
            "(SELECT publication FROM publication_person WHERE person = ?) ORDER BY rowid",
            [person_id],
        )
        return tuple(row["id"] for row in rows)

    def stirred_publications(self) -> tuple[str, ...]:
        """Ids of those that show somebody whose dossier changed, and that nobody looked at since.

        It is a hint that a look is due now; whoever wants to be certain looks at all of them.
        """
        rows = self._store.rows("SELECT id FROM publication WHERE stirred = 1 ORDER BY rowid")
        return tuple(row["id"] for row in rows)

    def calm_publications(self, ids: Sequence[str]) -> None:
        """Note that somebody looked at what stirred these, and that nothing follows from it."""
        if ids:
            with self._store.writing():
                for publication_id in ids:
                    self._store.database.table("publication").update(publication_id, {"stirred": 0})

    def verify_publications(self) -> tuple[str, ...]:
        """Ids of publications that are not as the log and their own seals say, or not there."""
        with self._store.reading():
            marks: dict[str, object] = {}
            for entry in self._log.entries():
                if entry.subject and "mark" in entry.details:
                    marks[entry.subject] = entry.details["mark"]
            seals = {row["id"]: row["seal"] for row in self._store.rows(_PUBLICATIONS)}
            wrong = marks.keys() ^ seals.keys()
            for publication_id, seal in seals.items():
                try:
                    self.publication(publication_id)
                except RegistryDamagedError:
                    wrong.add(publication_id)
                if seal_mark(seal) != marks.get(publication_id):
                    wrong.add(publication_id)
        return tuple(sorted(wrong))

    # What other desks do to people

    def _note(self, action: str, person_id: str, details: Mapping[str, object]) -> None:
        super()._note(action, person_id, details)
        self._store.connection.execute(
            "UPDATE publication SET stirred = 1 "
            "WHERE id IN (SELECT publication FROM publication_person WHERE person = ?)",
            (person_id,),
        )

    def _destroy(self, person_id: str) -> tuple[str, ...]:
        rows = self._store.rows(
            "SELECT id, publication FROM publication_person WHERE person = ? ORDER BY rowid",
            [person_id],
        )
        shown = collections.defaultdict(list)
        for row in rows:
            shown[row["publication"]].append(row["id"])
        self._store.database.table("publication_person").delete_where("person = ?", [person_id])
        for publication_id, tokens in shown.items():
            event = {"kind": _ERASED, "shows": sorted(tokens)}
            self._append_event(publication_id, event, "publication.person_erased", {})
            self._store.database.table("publication").update(publication_id, {"stirred": 1})
        return super()._destroy(person_id)

    def _move_all(self, keep_id: str, other_id: str) -> tuple[str, ...]:
        rows = self._store.rows(f"{_SHOWINGS} WHERE publication_person.person = ?", [other_id])
        for row in rows:
            moved = dataclasses.replace(self._showing(row), person=keep_id)
            record = self._showing_row(row["publication"], moved)
            self._store.database.table("publication_person").update(row["id"], record)
        return super()._move_all(keep_id, other_id)

    # Below the counter

    def _begin_publication(self, publication_id: str) -> None:
        if self._store.rows("SELECT 1 FROM publication WHERE id = ?", [publication_id]):
            raise _changed(publication_id)
        record = {"id": publication_id, "seal": self._sealed_events(publication_id, [])}
        self._store.insert("publication", record)

    def _append_event(
        self,
        publication_id: str,
        event: Mapping[str, object],
        action: str,
        told: Mapping[str, object],
    ) -> None:
        """Add an event to what is there, unless that was altered, and seal and log it."""
        rows = self._store.rows(f"{_PUBLICATIONS} WHERE id = ?", [publication_id])
        if not rows:
            raise _damaged(publication_id)
        events = self._store.rows(
            f"{_EVENTS} WHERE publication = ? ORDER BY number", [publication_id]
        )
        self._check_seal(rows[0], events)
        number = len(events) + 1
        body = self._vault.house.encrypt(
            _purpose(publication_id, number), json.dumps(event, sort_keys=True).encode()
        )
        record = {"publication": publication_id, "number": number, "body": body}
        self._store.insert("publication_event", record)
        seal = self._sealed_events(publication_id, [*(row["body"] for row in events), body])
        self._store.database.table("publication").update(publication_id, {"seal": seal})
        # Not called a seal: by that the log tells dossiers from everything else.
        self._log.append(action, publication_id, {**told, "mark": seal_mark(seal)})

    def _publications_where(
        self, which: str, of_which: str, parameters: Sequence[object]
    ) -> Iterator[KeptPublication]:
        events: dict[str, list[sqlite3.Row]] = collections.defaultdict(list)
        for row in self._store.rows(f"{_EVENTS} {of_which} ORDER BY number", parameters):
            events[row["publication"]].append(row)
        showings: dict[str, dict[str, Showing]] = collections.defaultdict(dict)
        for row in self._store.rows(f"{_SHOWINGS} {of_which}", parameters):
            showings[row["publication"]][row["id"]] = self._showing(row)
        for row in self._store.rows(f"{_PUBLICATIONS} {which} ORDER BY rowid", parameters):
            self._check_seal(row, events[row["id"]])
            yield self._publication_from(row["id"], events[row["id"]], showings[row["id"]])

    def _publication_from(
        self, publication_id: str, rows: Iterable[sqlite3.Row], showings: Mapping[str, Showing]
    ) -> KeptPublication:
        steps: list[bytes] = []
        shows: set[str] = set()
        erased: set[str] = set()
        for row in rows:
            body = self._vault.house.decrypt(_purpose(publication_id, row["number"]), row["body"])
            event: dict[str, Any] = json.loads(body)
            if event["kind"] == _STEP:
                steps.append(event["content"].encode())
                shows, erased = set(event["shows"]), set(event["erased"])
            else:
                erased.update(event["shows"])
        if shows - erased != showings.keys():
            raise _damaged(publication_id)
        return KeptPublication(publication_id, tuple(steps), showings, frozenset(erased))

    def _showing(self, row: sqlite3.Row) -> Showing:
        safe = self._vault.safe(row["person"], row["wrapped"])
        told = json.loads(safe.decrypt(f"showing {row['id']} {row['publication']}", row["body"]))
        until = dt.date.fromisoformat(told["until"]) if told["until"] else None
        return Showing(row["id"], row["person"], tuple(told["serials"]), until)

    def _showing_row(self, publication_id: str, showing: Showing) -> dict[str, object]:
        until = showing.until.isoformat() if showing.until else None
        told = json.dumps({"serials": list(showing.serials), "until": until}).encode()
        return {
            "id": showing.id,
            "publication": publication_id,
            "person": showing.person,
            "body": self._safe(showing.person).encrypt(
                f"showing {showing.id} {publication_id}", told
            ),
        }

    def _sealed_events(self, publication_id: str, bodies: Iterable[bytes]) -> bytes:
        purpose = f"publication-seal {publication_id}"
        return self._vault.house.encrypt(purpose, _digest(bodies))

    def _check_seal(self, row: sqlite3.Row, events: Iterable[sqlite3.Row]) -> None:
        sealed = self._vault.house.decrypt(f"publication-seal {row['id']}", row["seal"])
        if sealed != _digest(one["body"] for one in events):
            raise _damaged(row["id"])


def _digest(bodies: Iterable[bytes]) -> bytes:
    """What a seal covers: every event, in order."""
    digest = hashlib.sha256()
    for body in bodies:
        digest.update(len(body).to_bytes(8, "big") + body)
    return digest.digest()


def _purpose(publication_id: str, number: int) -> str:
    return f"publication {publication_id} {number}"


def _changed(publication_id: str) -> PublicationChangedError:
    return PublicationChangedError(
        "somebody else changed {publication} meanwhile; look at it again",
        publication=publication_id,
    )


def _damaged(publication_id: str) -> RegistryDamagedError:
    return RegistryDamagedError(
        "the publication {publication} was altered outside this program; restore the registry "
        "from a backup",
        publication=publication_id,
    )
