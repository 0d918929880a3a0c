"""What people decide about a file: each word with who, when and why, and each to be taken back.

Who somebody is and what is no face goes into the registry, by the same rules as on the command
line. All other words stay at the desk. No word clears anybody: it says who a face is, and the
registry says what that person agreed to.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from clearance.by_hand import region
from clearance.checklist import ChecklistItem, checklist_of
from clearance.commandline import today
from clearance.masks import Drawn
from clearance.not_a_face import face_in, regions
from clearance.results import PhotoResult, VideoResult
from consent.admission import admitted_author, admitted_reason
from detector.faces import Box
from review.album_store import new_id
from review.albums import masks, wishes
from review.bench import number_of
from review.errors import DecisionRefusedError, NoVerdictError
from review.records import Answer, Decision, Item, Kind, Offer, Verb

if TYPE_CHECKING:
    from pathlib import Path

    from clearance.face_groups import FaceGroup, Member
    from consent.registry import Registry
    from review.albums import Albums
    from review.bench import Standing

_OFFERED = frozenset({Verb.IDENTIFIED, Verb.REJECTED, Verb.NOT_A_FACE})
_NOT_RECOGNISABLE = "not recognisable: {why}"
"""As the registry keeps it, beside the words that something is no face."""


@dataclasses.dataclass(frozen=True, slots=True)
class Decisions:
    """What people decide about the files of a desk. Every method may be called by any thread.

    Faces are given by their number in the verdict, from 1. Every method raises
    `ItemMissingError` and `ConsentError`, those about faces `NoVerdictError` while there is no
    verdict.

    Attributes:
        albums: of the desk.
    """

    albums: Albums

    def identify(self, item_id: str, face: int, person: str, *, by: str, why: str = "") -> Decision:
        """Say who a face is: a suggestion that is confirmed, or anybody else.

        Args:
            item_id: of which file.
            face: which.
            person: an id, or exact name.
            by: who says so.
            why: how they know; may be empty.

        Raises:
            DecisionRefusedError: the file is a video.
            WordRefusedError: there is no such face, or the person is in another one already.
            PersonUnknownError, PersonAmbiguousError: the registry does not know who that is.
            RecordInvalidError: the name of who says so cannot be kept.
        """
        item, by = self.albums.item(item_id), admitted_author(by)
        with self.albums.bench.opened() as standing:
            registry = standing.registry
            result, picture = self._photo(item, standing)
            known = registry.find_person(person)
            faces = [one.face for one in result.faces]
            box = region(faces, face, known.id, registry.identified_in(picture))
            word = registry.identify(picture, box, known.id, by=by, on=today())
            made = _new(
                item, Verb.IDENTIFIED, by, why, box=Box(*box), person=known.id, words=(word.id,)
            )
            return self._filed(item, made, standing)

    def reject(self, item_id: str, face: int, *, by: str, why: str = "") -> Decision:
        """Say that a face is not the person it is like: it is then unknown, and blocked.

        Raises:
            DecisionRefusedError: it is like nobody, or a person said who it is.
            WordRefusedError: there is no such face.
        """
        item, by = self.albums.item(item_id), admitted_author(by)
        with self.albums.bench.opened() as standing:
            result, _ = self._photo(item, standing)
            box = face_in([one.face for one in result.faces], face).box
            judged = result.faces[face - 1]
            if judged.recognised:
                raise DecisionRefusedError("a person said who that is: take their word back first")
            if judged.match.person is None:
                raise DecisionRefusedError("face {n} is like nobody in the registry", n=face)
            made = _new(item, Verb.REJECTED, by, why, box=box, person=judged.match.person)
            return self._filed(item, made, standing)

    def not_a_face(self, item_id: str, face: int, *, by: str, why: str) -> Decision:
        """Say that a face is none: a poster, a statue, a pattern.

        Raises:
            DecisionRefusedError: the file is a video.
            WordRefusedError: there is no such face, or it resembles somebody enrolled.
            RecordInvalidError: the name or the reason cannot be kept.
        """
        admitted_reason(why)
        return self._said(item_id, face, Verb.NOT_A_FACE, by, why, why)

    def not_recognisable(self, item_id: str, face: int, *, by: str, why: str) -> Decision:
        """Say that nobody could tell who a face is, and why: it then needs no consent.

        As `not_a_face`, and by the same rules: never of somebody who resembles a person enrolled.

        Raises:
            DecisionRefusedError, WordRefusedError, RecordInvalidError: as `not_a_face`.
        """
        admitted_reason(why)
        told = _NOT_RECOGNISABLE.format(why=why)
        return self._said(item_id, face, Verb.NOT_RECOGNISABLE, by, why, told)

    def hide(self, item_id: str, face: int, *, by: str, why: str = "") -> Decision:
        """Hide a face in the copy, although it may be seen.

        Raises:
            DecisionRefusedError: there is no such face.
        """
        return self._wish(item_id, face, Verb.HIDDEN, by, why)

    def show(self, item_id: str, face: int, *, by: str, why: str = "") -> Decision:
        """Wish no longer that a face is hidden; who is not cleared stays hidden.

        Raises:
            DecisionRefusedError: nobody wished that it be hidden.
        """
        return self._wish(item_id, face, Verb.SHOWN, by, why)

    def mask(self, item_id: str, drawn: str, *, by: str, why: str = "") -> Decision:
        """Hide a part of the picture that somebody drew: a missed face, a badge, a whole body.

        Args:
            item_id: of which file.
            drawn: as `clearance.masks.Drawn.parse` reads it, in pixels of the upright picture:
                `box:LEFT,TOP,RIGHT,BOTTOM`, `ellipse:…`, `polygon:X,Y X,Y X,Y` or `body:…`.
            by: who draws it.
            why: what is there.

        Raises:
            DecisionRefusedError: it is no mask, or lies outside the picture.
        """
        item, by = self.albums.item(item_id), admitted_author(by)
        with self.albums.bench.opened() as standing:
            result = self._result(item, standing)
            try:
                shape = Drawn.parse(drawn)
            except ValueError as error:
                raise DecisionRefusedError("that is no mask: draw it again") from error
            if not shape.touches(result.width or 0, result.height or 0):
                raise DecisionRefusedError("the mask lies outside the picture: draw it again")
            made = _new(item, Verb.MASKED, by, why, mask=shape.text)
            return self._filed(item, made, standing)

    def answer(
        self, item_id: str, question: ChecklistItem, answer: Answer, *, by: str, why: str = ""
    ) -> Decision:
        """Answer a question about what is in a picture beside faces.

        Raises:
            DecisionRefusedError: it is not asked of this file; or something is said to be hidden,
                and nothing is.
        """
        item, by = self.albums.item(item_id), admitted_author(by)
        with self.albums.bench.opened() as standing:
            result = self._result(item, standing)
            if question not in checklist_of(result):
                raise DecisionRefusedError("that is not asked of this file")
            decisions = self.albums.store.decisions(item_id)
            if answer is Answer.HIDDEN and not (masks(decisions) or wishes(decisions)):
                raise DecisionRefusedError("nothing is hidden by hand yet: draw the mask first")
            made = _new(item, Verb.ANSWERED, by, why, question=question, answer=answer)
            return self._filed(item, made, standing)

    def undo(self, item_id: str, *, by: str, decision: str | None = None) -> Decision:
        """Take a decision back, in the registry as well; it stays on file as taken back.

        Args:
            item_id: of which file.
            by: who takes it back.
            decision: its id; None for the last one of the file that stands.

        Raises:
            DecisionRefusedError: there is none.
        """
        item, by = self.albums.item(item_id), admitted_author(by)
        standing_ones = [one for one in self.albums.store.decisions(item_id) if one.stands]
        chosen = [one for one in standing_ones if decision in (None, one.id)]
        if not chosen:
            raise DecisionRefusedError("there is nothing to take back")
        last = chosen[-1]
        with self.albums.bench.opened() as standing:
            self._take_back(last, item.sha256 or "", by, standing.registry)
            at = dt.datetime.now(dt.UTC)
            self.albums.store.undo_decision(last.id, by, at)
            if last.verb in (Verb.MASKED, Verb.HIDDEN):
                self._reopen(item, by, at)
            self._settled(item, last.verb, standing)
        return dataclasses.replace(last, undone_by=by, undone_at=at)

    def decisions(self, item_id: str) -> tuple[Decision, ...]:
        """Every decision about a file, oldest first, those that were taken back too."""
        return self.albums.store.decisions(item_id)

    def offers(self, album_id: str) -> tuple[Offer, ...]:
        """Decisions about a face that may be true of the same face elsewhere in the album.

        Which faces are alike is known since the last run of this process only, and never kept.
        """
        groups = self.albums.groups.get(album_id, ())
        if not groups:
            return ()
        said = [
            one
            for one in self.albums.store.decisions_in(album_id)
            if one.stands and one.verb in _OFFERED
        ]
        # Only groups of which somebody said something: to decide about each face takes a while.
        files = {self.albums.store.item(item_id).file for item_id in {one.item for one in said}}
        spoken_of = [
            group for group in groups if any(one.key.name in files for one in group.members)
        ]
        if not spoken_of:
            return ()
        with self.albums.bench.opened() as standing:
            found = [offer for group in spoken_of for offer in self._offers(group, said, standing)]
        return tuple(found)

    def _offers(
        self, group: FaceGroup[Path], said: list[Decision], standing: Standing
    ) -> Iterator[Offer]:
        faces: list[tuple[str, int, Decision | None]] = []
        for member in group.members:
            if place := self._place(member, said, standing):
                faces.append(place)
        sources = [decision for _, _, decision in faces if decision]
        if not sources:
            return
        source = sources[-1]
        # Two people in one group: then nothing is plain, and nothing is offered.
        if len({(one.verb, one.person) for one in sources}) > 1:
            return
        for item_id, number, decision in faces:
            if decision is None:
                yield Offer(item_id, number, source.verb, source.person, source)

    def _place(
        self, member: Member[Path], said: list[Decision], standing: Standing
    ) -> tuple[str, int, Decision | None] | None:
        """File and number of a face of a group, and what was said of it."""
        item = self.albums.store.item_of_file(member.key.name)
        result = item and self.albums.decided(item, standing)
        if not item or not result or member.face >= len(result.faces):
            return None
        number = member.face + 1
        about = [
            one
            for one in said
            if one.item == item.id and one.box and number_of(one.box, result) == number
        ]
        return item.id, number, about[-1] if about else None

    def _said(self, item_id: str, face: int, verb: Verb, by: str, why: str, told: str) -> Decision:
        item, by = self.albums.item(item_id), admitted_author(by)
        with self.albums.bench.opened() as standing:
            result, picture = self._photo(item, standing)
            faces = [one.face for one in result.faces]
            boxes = regions(faces, [one.match for one in result.faces], [face])
            if result.faces[face - 1].recognised:
                raise DecisionRefusedError("a person said who that is: take their word back first")
            said = standing.registry.say_not_a_face(picture, boxes, by=by, reason=told, on=today())
            words = tuple(word.id for word in said)
            made = _new(item, verb, by, why, box=Box(*boxes[0]), words=words)
            return self._filed(item, made, standing)

    def _wish(self, item_id: str, face: int, verb: Verb, by: str, why: str) -> Decision:
        item, by = self.albums.item(item_id), admitted_author(by)
        with self.albums.bench.opened() as standing:
            result = self._result(item, standing)
            if not 1 <= face <= len(result.faces):
                raise DecisionRefusedError("there is no face {n}", n=face)
            box = result.faces[face - 1].face.box
            track = result.tracks[face - 1].number if isinstance(result, VideoResult) else None
            wished = [(one.box, one.track) for one in wishes(self.albums.store.decisions(item_id))]
            if verb is Verb.SHOWN and (box, track) not in wished:
                raise DecisionRefusedError("nobody wished that face {n} be hidden", n=face)
            made = _new(item, verb, by, why, box=box, track=track)
            return self._filed(item, made, standing)

    def _photo(self, item: Item, standing: Standing) -> tuple[PhotoResult, str]:
        if item.kind is Kind.VIDEO:
            raise DecisionRefusedError(
                "nobody can say by hand who is in a video: hide the face, or add a portrait"
            )
        result = self._result(item, standing)
        return result, result.sha256 or ""

    def _result(self, item: Item, standing: Standing) -> PhotoResult:
        result = self.albums.decided(item, standing)
        if result is None:
            raise NoVerdictError(
                "there is no verdict on {name} yet: wait until it was looked at", name=item.name
            )
        return result

    def _filed(self, item: Item, decision: Decision, standing: Standing) -> Decision:
        self.albums.store.add_decision(decision)
        self._settled(item, decision.verb, standing)
        return decision

    def _settled(self, item: Item, verb: Verb, standing: Standing) -> None:
        """What a word changes at once: no copy outlives it, and the verdict is made anew.

        An answer to a question changes no pixel of a copy, only whether it may go out.
        """
        if verb is not Verb.ANSWERED:
            self.albums.drop_copy(item.id)
        self.albums.touch(item)
        self.albums.decided(item, standing)

    def _take_back(self, decision: Decision, picture: str, by: str, registry: Registry) -> None:
        ids = frozenset(decision.words)
        if decision.verb is Verb.IDENTIFIED:
            known = [word for word in registry.identified_in(picture) if word.id in ids]
            registry.take_back_identifications(known, by=by, on=today())
        elif decision.verb in (Verb.NOT_A_FACE, Verb.NOT_RECOGNISABLE):
            said = [word for word in registry.not_faces_in(picture) if word.id in ids]
            registry.take_back_not_a_face(said, by=by, on=today())

    def _reopen(self, item: Item, by: str, at: dt.datetime) -> None:
        """Take back the answers that something is hidden, where nothing is any more."""
        decisions = self.albums.store.decisions(item.id)
        if masks(decisions) or wishes(decisions):
            return
        for one in decisions:
            if one.stands and one.answer is Answer.HIDDEN:
                self.albums.store.undo_decision(one.id, by, at)


def _new(item: Item, verb: Verb, by: str, why: str, **told: Any) -> Decision:
    return Decision(
        id=new_id(),
        item=item.id,
        verb=verb,
        by=by,
        at=dt.datetime.now(dt.UTC),
        why=admitted_reason(why) if why.strip() else "",
        **told,
    )
