"""The part of the registry about what outweighs forms: refusals, holds, exemptions."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable

from consent.admission import admitted_author, admitted_note, admitted_reason
from consent.biometrics import BiometricsDesk
from consent.errors import RecordInvalidError
from consent.filing import Kind
from consent.records import (
    Capacity,
    Exemption,
    ExemptionKind,
    Hold,
    Person,
    Refusal,
    new_id,
)


class ObjectingDesk(BiometricsDesk):
    """Files who said no, whose pictures wait, and for whom somebody else answers."""

    def refuse(
        self,
        person_id: str,
        on: dt.date,
        *,
        channel: str | None = None,
        by_child: bool = False,
        note: str = "",
    ) -> Refusal:
        """File that a person said no, to a channel or to everything.

        Raises:
            PersonUnknownError: nobody has that id.
            RecordInvalidError: the note cannot be kept, or the channel is not known.
        """
        note = admitted_note(note)
        if channel is not None and channel not in self._policy.channels:
            raise RecordInvalidError(
                "{unknown}: not known here; there are {known}",
                unknown=channel,
                known=", ".join(self._policy.channels),
            )
        with self._store.writing():
            dossier = self.dossier(person_id)
            serials = frozenset(one.serial for one in dossier.consents)
            # Whoever speaks for a minor, the no counts as the minor's own.
            by_child = by_child or dossier.person.minor_on(on)
            refusal = Refusal(
                id=new_id(), on=on, channel=channel, serials=serials, by_child=by_child, note=note
            )
            self._file(person_id, Kind.REFUSAL, refusal)
            told = {"refusal": refusal.id, "channel": channel, "by_child": by_child}
            self._note("consent.refused", person_id, told)
            files = self._settled(person_id, on)
        self._forget(files)
        return refusal

    def take_back_refusals(self, person_id: str, on: dt.date) -> int:
        """File that a person expressly changed their mind about every no; how many.

        Raises:
            PersonUnknownError: nobody has that id.
            RecordInvalidError: they refused nothing.
        """
        with self._store.writing():
            said = [one for one in self.dossier(person_id).refusals if one.taken_back is None]
            if not said:
                raise RecordInvalidError("{person} has refused nothing", person=person_id)
            changed = [dataclasses.replace(one, taken_back=on) for one in said]
            self._file(person_id, Kind.REFUSAL_TAKEN_BACK, *changed)
            told = {"refusals": [one.id for one in changed]}
            self._note("refusal.taken_back", person_id, told)
            self._set_terms(self.dossier(person_id))
        return len(changed)

    def hold(self, person_id: str, on: dt.date, *, by: str, reason: str) -> Hold:
        """Let nothing of a person be published, nor the person be erased, until it is lifted.

        Raises:
            PersonUnknownError: nobody has that id.
            RecordInvalidError: who says so, or why, cannot be kept.
        """
        hold = Hold(id=new_id(), on=on, by=admitted_author(by), reason=admitted_reason(reason))
        with self._store.writing():
            self.dossier(person_id)
            self._file(person_id, Kind.HOLD, hold)
            self._note("person.held", person_id, {"hold": hold.id})
        return hold

    def lift_holds(self, person_id: str, on: dt.date, *, by: str) -> int:
        """Lift every hold on a person; how many.

        Raises:
            PersonUnknownError: nobody has that id.
            RecordInvalidError: there is none, or who lifts it cannot be kept.
        """
        by = admitted_author(by)
        with self._store.writing():
            held = [one for one in self.dossier(person_id).holds if one.lifted_on is None]
            if not held:
                raise RecordInvalidError("{person} is not on hold", person=person_id)
            lifted = [dataclasses.replace(one, lifted_on=on, lifted_by=by) for one in held]
            self._file(person_id, Kind.HOLD_LIFTED, *lifted)
            self._note("hold.lifted", person_id, {"holds": [one.id for one in lifted]})
        return len(lifted)

    def exempt(  # noqa: PLR0913 - an exemption has that many parts
        self,
        person_id: str,
        on: dt.date,
        *,
        kind: ExemptionKind,
        reason: str,
        approver: str,
        channels: Iterable[str],
        valid_until: dt.date,
        event: str | None = None,
    ) -> Exemption:
        """File that somebody answers for it that a person's consent is not needed.

        Raises:
            PersonUnknownError: nobody has that id.
            RecordInvalidError: the policy knows no such exemption, the person is a patient or
                a minor, or a part of it cannot be kept.
        """
        if event is not None and not event.strip():
            raise RecordInvalidError(
                "its event cannot be kept: {cause}", cause=RecordInvalidError("it is blank")
            )
        exemption = Exemption(
            id=new_id(),
            kind=kind,
            reason=admitted_reason(reason),
            approver=admitted_author(approver),
            on=on,
            valid_until=valid_until,
            channels=frozenset(channels),
            event=admitted_note(event or "") or None,
        )
        with self._store.writing():
            _check_exemption(exemption, self.dossier(person_id).person, self._policy.exemptions)
            self._file(person_id, Kind.EXEMPTION, exemption)
            told = {"exemption": exemption.id, "kind": kind.value}
            self._note("person.exempted", person_id, told)
        return exemption

    def end_exemptions(self, person_id: str, on: dt.date) -> int:
        """End every exemption of a person; how many.

        Raises:
            PersonUnknownError: nobody has that id.
            RecordInvalidError: there is none.
        """
        with self._store.writing():
            running = [one for one in self.dossier(person_id).exemptions if one.ended_on is None]
            if not running:
                raise RecordInvalidError("{person} has no exemption", person=person_id)
            ended = [dataclasses.replace(one, ended_on=on) for one in running]
            self._file(person_id, Kind.EXEMPTION_ENDED, *ended)
            told = {"exemptions": [one.id for one in ended]}
            self._note("exemption.ended", person_id, told)
        return len(ended)


def _check_exemption(exemption: Exemption, person: Person, known: tuple[str, ...]) -> None:
    if exemption.kind.value not in known:
        raise RecordInvalidError(
            "this institution's policy knows no exemption {kind!r}; it is switched on in "
            "clearance.toml, [consent] exemptions",
            kind=exemption.kind.value,
        )
    if person.capacity is Capacity.PATIENT or person.minor_on(exemption.on):
        raise RecordInvalidError(
            "{person} is a patient or under age: nobody can do without their consent",
            person=person.id,
        )
    if not exemption.channels or exemption.valid_until < exemption.on:
        raise RecordInvalidError(
            "an exemption names its channels, and ends on a day that is still to come"
        )
