"""The part of the registry about words on pictures."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from consent import identifications, words
from consent.admission import admitted_author, admitted_reason
from consent.desk import Desk
from consent.records import Identification, NotAFace, new_id


class SayingDesk(Desk):
    """Remembers what people said of regions of pictures."""

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
            NotAFace(id=new_id(), picture=picture, box=box, by=by, reason=reason, on=on)
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

    def identify(
        self,
        picture: str,
        box: tuple[int, int, int, int],
        person_id: str,
        *,
        by: str,
        on: dt.date,
    ) -> Identification:
        """Remember that a region of a file shows somebody, as a person said.

        What was said of the very same region before is taken back.

        Raises:
            PersonUnknownError: nobody has that id.
            RecordInvalidError: the name of who says so cannot be kept.
        """
        by = admitted_author(by)
        word = Identification(id=new_id(), picture=picture, box=box, person=person_id, by=by, on=on)
        with self._store.writing():
            same = [one for one in self.identified_in(picture) if one.box == box]
            self._take_back(same, by, on)
            identifications.insert(self._store, word, self._safe(person_id))
            told = {"word": word.id, "box": box, "people": [person_id]}
            self._log.append("face.identified", picture, told)
        return word

    def take_back_identifications(
        self, said: Sequence[Identification], *, by: str, on: dt.date
    ) -> None:
        """Take words on who is in a picture back; they stay on file as taken back.

        Raises:
            RecordInvalidError: the name of who takes them back cannot be kept.
        """
        by = admitted_author(by)
        with self._store.writing():
            self._take_back(said, by, on)

    def identified_in(self, picture: str) -> tuple[Identification, ...]:
        """Whom people recognised in the file with that SHA-256, oldest word first."""
        said = identifications.of_picture(self._store, picture, self._safe)
        return tuple(word for word in said if word.taken_back is None)

    def identifications_of(self, person_id: str) -> tuple[Identification, ...]:
        """Every word that recognised a person, oldest first, those taken back too.

        Raises:
            PersonUnknownError: nobody has that id.
        """
        return identifications.of_person(self._store, person_id, self._safe(person_id))

    def _take_back(self, said: Sequence[Identification], by: str, on: dt.date) -> None:
        for word in said:
            taken = dataclasses.replace(word, taken_back=on, taken_back_by=by)
            identifications.update(self._store, taken, self._safe(word.person))
            told = {"word": word.id, "people": [word.person]}
            self._log.append("identification.taken_back", word.picture, told)
