"""The ledger of publications: what a person does with one, kept in the registry.

Every operation reads the publication, takes one step of `clearance.publication_steps`, and files
it with its line in the log, in one transaction; two people who change the same publication at
once are told. Consents are asked on the day: at approval, at publication, and by every sweep.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from clearance import publication_steps as steps
from clearance.errors import StepRefusedError
from clearance.found_again import FoundAgain, found_again
from clearance.publication_filing import content_of, publication_from, showings_of
from clearance.publication_steps import Deed, by_program
from clearance.publications import (
    Action,
    Actor,
    Item,
    Placement,
    Publication,
    State,
    Task,
    Wish,
    rule_for,
)
from clearance.results import Outcome
from consent.decision import Reason, decide
from consent.records import Showing, Use, new_id, publication_id_in

if TYPE_CHECKING:
    from pathlib import Path

    from clearance.checklist import ChecklistItem
    from clearance.results import PhotoResult
    from clearance.settings import Settings
    from consent.records import Dossier
    from consent.registry import Registry

WARNING_DAYS = (60, 30, 7)
"""Days before the end of a publication on which somebody is warned."""
ERASED, ENDED, ASKED = "erased", "ended", "asked"
"""Why something must be taken down, beside a `consent.decision.Reason`."""
_TIME = frozenset({Reason.EXPIRED.value, Reason.OF_AGE_NOW.value})


@dataclasses.dataclass(frozen=True, slots=True)
class Objection:
    """That somebody whom a file shows does not allow a channel.

    `person` is an id, None for somebody who was erased; `why` are reasons of
    `consent.decision`, or `erased`.
    """

    file: str
    channel: str
    person: str | None
    why: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class ToRemove:
    """One place from which a publication must be removed, as a list for a person says it.

    Attributes:
        publication: its id.
        title: what it is called.
        channel: where it is.
        where: the address or the print run.
        files: names of the files.
        since: the day on which it was put there.
        by: the account that recorded it.
        owner: who must remove it; empty where nobody must.
        deadline: until when; None where nobody must.
        why: see `Task.why`.
    """

    publication: str
    title: str
    channel: str
    where: str
    files: tuple[str, ...]
    since: dt.date
    by: str
    owner: str
    deadline: dt.date | None
    why: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class OpenTask:
    """A publication that must be taken down, and whether that is overdue."""

    publication: Publication
    task: Task
    overdue: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Ending:
    """A publication that is out and ends soon.

    Attributes:
        publication: which.
        last_day: on which it may be there: of its approval or of a consent, the earlier.
        days: how many are left.
        warning: the one of `WARNING_DAYS` that is due.
    """

    publication: Publication
    last_day: dt.date
    days: int
    warning: int


def item_from(result: PhotoResult, look: int | None = None) -> Item:
    """A judged file, and its copy if there is one, as a file of a publication.

    Whoever is hidden on the copy is not shown.

    Args:
        result: the verdict.
        look: `clearance.bursts.perceptual_hash` of what is published: of the copy if there
            is one.

    Raises:
        StepRefusedError: the file could not be read.
    """
    if result.sha256 is None:
        raise StepRefusedError("{file} could not be judged; scan it again", file=result.path.name)
    copy = result.copy
    shown = [
        face
        for face in result.faces
        if face.person and face.outcome in (Outcome.CLEARED, Outcome.EXEMPT)
    ]
    return Item(
        file=result.path.name,
        original=result.sha256,
        outcome=copy.outcome if copy else result.outcome,
        copy=copy.sha256 if copy else None,
        look=look,
        shown=tuple(
            showing(face.person, face.serials, face.valid_until) for face in shown if face.person
        ),
        until=min((face.valid_until for face in shown if face.valid_until), default=None),
    )


def showing(person: str, serials: Iterable[str] = (), until: dt.date | None = None) -> Showing:
    """That a file shows somebody, with an id that says nothing of the person."""
    return Showing(new_id(), person, tuple(serials), until)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Ledger:
    """The publications of a registry.

    Every step raises `StepRefusedError` where it is not allowed, `PublicationUnknownError`
    where there is no such publication, `PublicationChangedError` where somebody else changed
    it meanwhile, and `RegistryDamagedError` where it was altered outside the program.
    """

    def __init__(
        self, registry: Registry, settings: Settings, *, clock: Callable[[], dt.datetime] = _now
    ) -> None:
        """The ledger of an open registry; `clock` gives the moment of each step, in UTC."""
        self._registry = registry
        self._policy = settings.consent
        self._settings = settings.publication
        self._clock = clock

    # Reading

    def publication(self, publication_id: str) -> Publication:
        """The publication with that id, as somebody may have typed it."""
        found = publication_id_in(publication_id) or publication_id
        return publication_from(self._registry.publication(found))

    def publications(self) -> tuple[Publication, ...]:
        """All of them, oldest first."""
        return tuple(map(publication_from, self._registry.publications()))

    def of_person(self, person_id: str) -> tuple[Publication, ...]:
        """Those that show somebody, oldest first.

        Raises:
            PersonUnknownError: nobody has that id.
        """
        return tuple(map(self.publication, self._registry.publications_of(person_id)))

    def name_of(self, picture: bytes | Path) -> tuple[FoundAgain, ...]:
        """The publications that a downloaded file or a screenshot may belong to, nearest first.

        See `clearance.found_again`.

        Raises:
            DetectorError: it is no picture that can be read, nor a file that was published.
        """
        return found_again(picture, self.publications())

    # The steps before publication

    def request(self, wish: Wish, actor: Actor, *, note: str = "") -> Publication:
        """Ask for a publication."""
        self._check_channels(wish.channels)
        publication_id = self._registry.unused_publication_id()
        return self._file(steps.request(publication_id, wish, self._deed(actor, note)))

    def scan(
        self, publication_id: str, items: Sequence[Item], actor: Actor, *, note: str = ""
    ) -> Publication:
        """Take the verdicts on its files in."""
        return self._file(
            steps.scan(self.publication(publication_id), items, self._deed(actor, note))
        )

    def answer(
        self,
        publication_id: str,
        item: ChecklistItem,
        actor: Actor,
        *,
        clear: bool,
        note: str = "",
    ) -> Publication:
        """Say what was found when looking for what the program does not see."""
        before, deed = self.publication(publication_id), self._deed(actor, note)
        return self._file(steps.answer(before, item, deed, clear=clear))

    def sort(
        self, publication_id: str, action: Action, actor: Actor, *, note: str = ""
    ) -> Publication:
        """Say what it waits for: review, block, need_release, need_redaction."""
        return self._file(
            steps.sort(self.publication(publication_id), action, self._deed(actor, note))
        )

    def edit(
        self, publication_id: str, actor: Actor, *, note: str = "", **changes: Any
    ) -> Publication:
        """Change what `publication_steps.EDITABLE` names; an approval is gone then."""
        if "channels" in changes:
            self._check_channels(changes["channels"])
            changes["channels"] = tuple(dict.fromkeys(changes["channels"]))
        before = self.publication(publication_id)
        return self._file(steps.edit(before, changes, self._deed(actor, note)))

    def settle(self, publication_id: str, actor: Actor, *, note: str = "") -> Publication:
        """Find it ready."""
        return self._file(steps.settle(self.publication(publication_id), self._deed(actor, note)))

    def approve(
        self,
        publication_id: str,
        channels: Sequence[str],
        until: dt.date,
        actor: Actor,
        *,
        today: dt.date,
        note: str = "",
    ) -> Publication:
        """Let its very bytes out on some channels until a day, if every consent holds till then."""
        before, deed = self.publication(publication_id), self._deed(actor, note)
        approved = steps.approve(
            before, channels, until, deed, today=today, four_eyes=self._settings.four_eyes
        )
        begins = max(today, before.on)
        self._check_consents(before.items, before, channels, begins, until)
        return self._file(approved)

    def end(self, publication_id: str, action: Action, actor: Actor, note: str) -> Publication:
        """Decline what was asked for, or retract it as whoever asked."""
        before = self.publication(publication_id)
        return self._file(steps.end(before, action, self._deed(actor, note)))

    # Publication, and what comes after it

    def publish(
        self,
        publication_id: str,
        channel: str,
        where: str,
        copies: Sequence[str],
        actor: Actor,
        *,
        on: dt.date,
        note: str = "",
    ) -> Publication:
        """Note that it is published: `copies` are the SHA-256 of the very files.

        The consents are asked again, of that day and until the end of the approval.
        """
        before, deed = self.publication(publication_id), self._deed(actor, note)
        published = steps.publish(before, channel, where, copies, deed, on=on)
        items = [item for item in before.items if item.bytes_out in copies]
        self._check_consents(items, before, [channel], on, published.placements[-1].until)
        return self._file(published)

    def withdraw(
        self, publication_id: str, actor: Actor, *, today: dt.date, note: str = ""
    ) -> Publication:
        """Have it taken down, for a reason that no consent tells."""
        before = self.publication(publication_id)
        deed = self._deed(actor, note)
        rule_for(before.state, Action.WITHDRAW, actor)
        return self._file(steps.withdraw(before, self._task(before, (ASKED,), today), deed))

    def take_down(
        self,
        publication_id: str,
        actor: Actor,
        *,
        on: dt.date,
        note: str = "",
        proof: str = "",
    ) -> Publication:
        """Note that it is gone from everywhere.

        Args:
            publication_id: which.
            actor: who says so.
            on: the day on which it was gone.
            note: an address or a remark that proves it.
            proof: SHA-256 of a screenshot; one of the two is needed.
        """
        before, deed = self.publication(publication_id), self._deed(actor, note, proof)
        return self._file(steps.take_down(before, deed, on=on))

    def irrecoverable(
        self, publication_id: str, actor: Actor, *, on: dt.date, note: str
    ) -> Publication:
        """Note that it cannot be taken down, and why."""
        before, deed = self.publication(publication_id), self._deed(actor, note)
        return self._file(steps.irrecoverable(before, deed, on=on))

    def sweep(self, today: dt.date) -> tuple[Publication, ...]:
        """Look at every publication that is out, or about to be; those that changed by it.

        What is out and not allowed any more gets one task; what was only approved must be
        looked at again. To be called once a day, and after every change in the registry.
        """
        looked_at = self._registry.stirred_publications()
        found = []
        for publication in self.publications():
            after = self._swept(publication, today)
            if after is not None:
                found.append(self._file(after))
        self._registry.calm_publications(looked_at)
        return tuple(found)

    # Lists

    def tasks(self, today: dt.date, *, done: bool = False) -> tuple[OpenTask, ...]:
        """What must be taken down, overdue first, then by deadline; with `done` all there was."""
        found = [
            OpenTask(one, one.task, one.task.overdue(today))
            for one in self.publications()
            if one.task and (done or one.task.done is None)
        ]
        return tuple(
            sorted(found, key=lambda one: (not one.overdue, one.task.deadline, one.publication.id))
        )

    def take_down_list(self, person_id: str | None = None) -> tuple[ToRemove, ...]:
        """Every place from which something must be removed; of a person, all that shows them.

        Raises:
            PersonUnknownError: nobody has that id.
        """
        if person_id is None:
            chosen = [one for one in self.publications() if one.task and one.task.done is None]
        else:
            chosen = [one for one in self.of_person(person_id) if one.state.is_out]
        return tuple(
            _to_remove(one, placement, _files_at(one, placement, person_id))
            for one in chosen
            for placement in one.placements
            if _files_at(one, placement, person_id)
        )

    def ending(self, today: dt.date) -> tuple[Ending, ...]:
        """What is out and ends within 60, 30 or 7 days, soonest first."""
        found = []
        for one in self.publications():
            last_day = self._last_day(one, today) if one.state is State.PUBLISHED else None
            if last_day is None or last_day < today:
                continue
            days = (last_day - today).days
            due = [warning for warning in WARNING_DAYS if days <= warning]
            if due:
                found.append(Ending(one, last_day, days, min(due)))
        return tuple(sorted(found, key=lambda one: (one.last_day, one.publication.id)))

    def objections(
        self,
        items: Iterable[Item],
        publication: Publication,
        channels: Sequence[str],
        on: dt.date,
        until: dt.date | None = None,
    ) -> tuple[Objection, ...]:
        """What speaks against some of its files on some channels, from a day until another."""
        dossiers: dict[str, Dossier] = {}
        found = []
        for item in items:
            for channel in channels:
                if item.erased:
                    found.append(Objection(item.file, channel, None, (ERASED,)))
                use = Use(
                    channel=channel,
                    on=on,
                    purpose=publication.purpose,
                    material=publication.material,
                    event=publication.event,
                    until=until,
                )
                for person in item.people:
                    if person not in dossiers:
                        dossiers[person] = self._registry.dossier(person)
                    if why := self._against(dossiers[person], use):
                        found.append(Objection(item.file, channel, person, why))
        return tuple(found)

    # Below the counter

    def _deed(self, actor: Actor, note: str = "", proof: str = "") -> Deed:
        return Deed(actor, self._clock(), note, proof)

    def _file(self, publication: Publication) -> Publication:
        """Keep a step that was taken; the publication as it is on file then."""
        step = publication.history[-1]
        self._registry.keep_step(
            publication.id,
            len(publication.history),
            content_of(publication),
            showings_of(publication),
            action=f"publication.{step.action.value}",
            told={"from": step.before and step.before.value, "to": step.after.value},
        )
        return publication

    def _check_channels(self, channels: Sequence[str]) -> None:
        for channel in channels:
            if channel not in self._policy.channels:
                raise StepRefusedError(
                    "no channel {channel!r}; there are {known}",
                    channel=channel,
                    known=", ".join(self._policy.channels),
                )

    def _check_consents(
        self,
        items: Iterable[Item],
        publication: Publication,
        channels: Sequence[str],
        on: dt.date,
        until: dt.date,
    ) -> None:
        found = self.objections(items, publication, channels, on, until)
        if found:
            first = found[0]
            raise StepRefusedError(
                "{file} may not be on {channel} from {on} to {until}: {person} ({why}); ask for a "
                "form, hide the person, or end earlier",
                file=first.file,
                channel=first.channel,
                on=on,
                until=until,
                person=first.person or "–",
                why=", ".join(first.why),
            )

    def _against(self, dossier: Dossier, use: Use) -> tuple[str, ...]:
        decision = decide(dossier, use, self._policy)
        if not decision.cleared:
            return tuple(reason.value for reason in decision.reasons)
        last = decision.valid_until
        too_early = use.until is not None and last is not None and last < use.until
        return (Reason.EXPIRED.value,) if too_early else ()

    def _swept(self, publication: Publication, today: dt.date) -> Publication | None:
        """The publication after the step that the day asks for; None for no step."""
        if publication.state in (State.READY, State.APPROVED):
            return self._lapsed(publication, today)
        if publication.state is not State.PUBLISHED:
            return None
        why: dict[str, None] = {}
        for placement in publication.placements:
            items = [one for one in publication.items if one.bytes_out in placement.copies]
            day = max(today, placement.on)
            for one in self.objections(items, publication, [placement.channel], day):
                why.update(dict.fromkeys(one.why))
            if placement.until < today:
                why[ENDED] = None
        if not why:
            return None
        deed, task = by_program(self._clock()), self._task(publication, tuple(why), today)
        if set(why) <= _TIME | {ENDED}:
            return steps.expire(publication, task, deed)
        return steps.withdraw(publication, task, deed)

    def _lapsed(self, publication: Publication, today: dt.date) -> Publication | None:
        approval = publication.approval
        channels = approval.channels if approval else publication.channels
        day = max(today, publication.on)
        over = approval is not None and approval.until < today
        against = over or self.objections(
            publication.items, publication, channels, day, approval.until if approval else None
        )
        return steps.lapse(publication, by_program(self._clock())) if against else None

    def _task(self, publication: Publication, why: tuple[str, ...], today: dt.date) -> Task:
        """The task of whoever published it last, unless the house has named somebody."""
        owner = self._settings.take_down_owner or publication.placements[-1].by
        deadline = today + dt.timedelta(days=self._settings.take_down_days)
        return Task(today, why, owner, deadline)

    def _last_day(self, publication: Publication, today: dt.date) -> dt.date | None:
        days = [one.until for one in publication.placements]
        for person in sorted(publication.people):
            dossier = self._registry.dossier(person)
            for placement in publication.placements:
                use = Use(
                    channel=placement.channel,
                    on=max(today, placement.on),
                    purpose=publication.purpose,
                    material=publication.material,
                    event=publication.event,
                )
                until = decide(dossier, use, self._policy).valid_until
                days += [until] if until else []
        return min(days, default=None)


def _files_at(
    publication: Publication, placement: Placement, person_id: str | None
) -> tuple[str, ...]:
    return tuple(
        item.file
        for item in publication.items
        if item.bytes_out in placement.copies and (person_id is None or person_id in item.people)
    )


def _to_remove(publication: Publication, placement: Placement, files: tuple[str, ...]) -> ToRemove:
    task = publication.task
    return ToRemove(
        publication=publication.id,
        title=publication.title,
        channel=placement.channel,
        where=placement.where,
        files=files,
        since=placement.on,
        by=placement.by,
        owner=task.owner if task else "",
        deadline=task.deadline if task else None,
        why=task.why if task else (),
    )
