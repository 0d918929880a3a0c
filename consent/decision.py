"""The pure decision: does what is on file about a person allow this use?

Nothing here reads a clock, a disk or the registry: the same dossier, use and
policy always give the same answer.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterable, Mapping, Sequence

from consent.admission import name_key
from consent.policy import Policy
from consent.records import (
    WORLD,
    Capacity,
    Consent,
    Dossier,
    EvidenceLevel,
    Exemption,
    Hold,
    Material,
    Person,
    Refusal,
    Role,
    Status,
    Use,
    Withdrawal,
    same_event,
)


class Reason(enum.StrEnum):
    """Why what is on file does not allow a use; the person's own first, then the form's."""

    DECEASED = "deceased"
    ON_HOLD = "on_hold"
    REFUSED = "refused"
    REFUSED_BY_CHILD = "refused_by_child"
    NO_CONSENT = "no_consent"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    OF_AGE_NOW = "of_age_now"
    SIGNATURE_MISSING = "signature_missing"
    GUARDIAN_MISSING = "guardian_missing"
    MINOR_SIGNATURE_MISSING = "minor_signature_missing"
    EVIDENCE_TOO_WEAK = "evidence_too_weak"
    SECRECY_NOT_RELEASED = "secrecy_not_released"
    MATERIAL_NOT_COVERED = "material_not_covered"
    CHANNEL_NOT_COVERED = "channel_not_covered"
    PURPOSE_NOT_COVERED = "purpose_not_covered"
    EVENT_NOT_COVERED = "event_not_covered"
    TERRITORY_NOT_COVERED = "territory_not_covered"


_OF_THE_SCOPE = frozenset(
    {
        Reason.MATERIAL_NOT_COVERED,
        Reason.CHANNEL_NOT_COVERED,
        Reason.PURPOSE_NOT_COVERED,
    }
)
"""What another form may add. A form for one occasion or country says yes there only."""


_SEEN = frozenset({Material.PHOTO, Material.VIDEO})


class Caution(enum.StrEnum):
    """What somebody must be told although the use is allowed."""

    ENDS_BEFORE_CAMPAIGN = "ends_before_campaign"
    HAS_LEFT = "has_left"
    REMUNERATED = "remunerated"


@dataclasses.dataclass(frozen=True, slots=True)
class Ground:
    """What a clearance rests on: forms by serial, or an exemption by its id.

    `clauses` are the answers of the form that allow the use, in its own words'
    keys: `channel.website`, `material.photo`, `purpose.events`, `secrecy.presence`.
    """

    serials: tuple[str, ...] = ()
    exemption: str | None = None
    clauses: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """Whether a use is allowed, and on what ground or why not.

    Attributes:
        cleared: whether the use is allowed.
        ground: what it rests on; None when nothing clears.
        reasons: why it is not allowed, those of the forms that come nearest; empty when
            cleared.
        by_form: for each form on file, by serial, everything that stands against it;
            nothing for one that allows the use.
        valid_until: the last day on which the ground holds; None when nothing clears.
        cautions: what somebody must be told all the same.
        named: whether the name may stand beside the picture.
        editing: whether the picture may be cropped and corrected.
    """

    cleared: bool
    ground: Ground | None = None
    reasons: tuple[Reason, ...] = ()
    by_form: Mapping[str, tuple[Reason, ...]] = dataclasses.field(default_factory=dict)
    valid_until: dt.date | None = None
    cautions: tuple[Caution, ...] = ()
    named: bool = False
    editing: bool = False

    @property
    def serials(self) -> tuple[str, ...]:
        """The forms the clearance rests on; none for an exemption."""
        return self.ground.serials if self.ground else ()

    @property
    def exempt(self) -> bool:
        """Whether it is allowed without a consent, because somebody answers for that."""
        return self.ground is not None and self.ground.exemption is not None


def decide(dossier: Dossier, use: Use, policy: Policy) -> Decision:
    """Whether one of a person's forms, by itself, allows the use.

    Two forms that each cover half of the use do not add up to one, unless the policy
    combines forms. What the person is or said as a whole (deceased, on hold, refused)
    outweighs every form. An exemption counts only if the policy knows its kind.
    """
    personal = _personal_obstacles(dossier, use, policy)
    found = {one.serial: (one, _obstacles(one, dossier, use, policy)) for one in dossier.consents}
    by_form = {serial: _ordered(why) for serial, (_, why) in sorted(found.items())}
    decision = Decision(False, reasons=_ordered(personal), by_form=by_form)
    if personal:
        return decision
    if grounds := _clearing(list(found.values()), policy):
        return _cleared(grounds, dossier, use, policy, by_form)
    if exemption := _exemption(dossier, use, policy):
        ground = Ground(exemption=exemption.id)
        until = exemption.valid_until
        return dataclasses.replace(
            decision,
            cleared=True,
            ground=ground,
            reasons=(),
            valid_until=until,
            cautions=_cautions(dossier, use, until, ()),
        )
    if not found:
        return dataclasses.replace(decision, reasons=(Reason.NO_CONSENT,))
    fewest = min(len(why) for _, why in found.values())
    nearest = frozenset().union(*(why for _, why in found.values() if len(why) == fewest))
    return dataclasses.replace(decision, reasons=_ordered(nearest))


def decide_all(
    dossier: Dossier, channels: Iterable[str], use: Use, policy: Policy
) -> dict[str, Decision]:
    """The decision for each channel in place of the use's own, in the order of the channels."""
    return {
        channel: decide(dossier, dataclasses.replace(use, channel=channel), policy)
        for channel in channels
    }


def may_match(dossier: Dossier, on: dt.date, policy: Policy) -> bool:
    """Whether the person's face may be compared on that day.

    It needs a form with the biometric tick whose term holds on the day and which still
    allows a channel: without one, finding the person has no purpose.
    """
    return any(
        _begun(one, on) and on <= last
        for one in dossier.consents
        if (last := _biometric_until(one, dossier, policy)) is not None
    )


def biometrics_until(dossier: Dossier, policy: Policy) -> dt.date | None:
    """The last day on which templates and portraits may stay on file; None for not at all.

    A form whose term is still to begin keeps them, one that has ended or was taken back
    does not.
    """
    days = (_biometric_until(one, dossier, policy) for one in dossier.consents)
    return max((day for day in days if day is not None), default=None)


def may_keep_biometrics(dossier: Dossier, on: dt.date, policy: Policy) -> bool:
    """Whether templates and portraits may stay on file on that day."""
    last = biometrics_until(dossier, policy)
    return last is not None and on <= last


def last_day_of(consent: Consent, dossier: Dossier) -> dt.date:
    """The last day of a form: of its term, and of childhood where it was given for a minor."""
    last = consent.scope.valid_until
    childhood = dossier.person.last_day_as_minor
    if childhood and dossier.person.minor_on(consent.signed):
        return min(last, childhood)
    return last


def standing(dossier: Dossier, consent: Consent, policy: Policy) -> bool:
    """Whether a form still says yes to anything, its term apart: not taken back, not renewed."""
    yes = any(_still_says_yes(consent, channel, dossier) for channel in consent.scope.channels)
    return yes and not missing_signatures(consent, dossier.person, policy)


def missing_signatures(consent: Consent, person: Person, policy: Policy) -> frozenset[Reason]:
    """Whose signature a form lacks, by the person's age on the day of signing; empty if none."""
    own = bool(consent.signed_by(Role.SELF))
    age = person.age_on(consent.signed)
    if not person.minor_on(consent.signed):
        represented = any(one.basis.strip() for one in consent.signed_by(Role.REPRESENTATIVE))
        return frozenset() if own or represented else frozenset({Reason.SIGNATURE_MISSING})
    guardians = {name_key(one.name) for one in consent.signed_by(Role.GUARDIAN)} - {""}
    needed = 1 if consent.sole_authority else policy.guardians
    missing = {
        Reason.GUARDIAN_MISSING: len(guardians) < max(needed, 1),
        Reason.MINOR_SIGNATURE_MISSING: not own and (age or 0) >= policy.minor_signs_from,
    }
    return frozenset(reason for reason, lacks in missing.items() if lacks)


def _personal_obstacles(dossier: Dossier, use: Use, policy: Policy) -> frozenset[Reason]:
    no = [one for one in dossier.refusals if _refused(one, use)]
    child = any(one.by_child for one in no) and not _of_age(dossier.person, use.on)
    # What an adult said no to may be agreed to later; the older forms then fail one by one.
    outweighed = any(
        not any(_outweighs(one, consent, dossier.person) for one in no)
        for consent in dossier.consents
    )
    checks = {
        Reason.DECEASED: dossier.person.status is Status.DECEASED,
        Reason.ON_HOLD: any(_held(hold, use.on) for hold in dossier.holds),
        Reason.REFUSED_BY_CHILD: child,
        Reason.REFUSED: bool(no) and not child and not outweighed,
    }
    return frozenset(reason for reason, holds in checks.items() if holds)


def _obstacles(consent: Consent, dossier: Dossier, use: Use, policy: Policy) -> frozenset[Reason]:
    """Everything that stands between one form and the use."""
    minor = dossier.person.minor_on(consent.signed)
    refused = any(
        _refused(one, use) and _outweighs(one, consent, dossier.person) for one in dossier.refusals
    )
    checks = {
        Reason.REFUSED: refused,
        Reason.NOT_YET_VALID: not _begun(consent, use.on),
        Reason.EXPIRED: use.on > consent.scope.valid_until,
        Reason.WITHDRAWN: _withdrawn(consent, use.channel, dossier.withdrawals),
        Reason.SUPERSEDED: _superseded(consent, use, dossier.consents),
        Reason.OF_AGE_NOW: minor and not dossier.person.minor_on(use.on),
        Reason.EVIDENCE_TOO_WEAK: consent.evidence.level.rank
        < EvidenceLevel(policy.minimum_evidence).rank,
        Reason.SECRECY_NOT_RELEASED: dossier.person.capacity is Capacity.PATIENT
        and not consent.terms.secrecy.presence,
        **dict.fromkeys(missing_signatures(consent, dossier.person, policy), True),
        **_scope_obstacles(consent, use, policy),
    }
    return frozenset(reason for reason, stands_in_the_way in checks.items() if stands_in_the_way)


def _scope_obstacles(consent: Consent, use: Use, policy: Policy) -> dict[Reason, bool]:
    scope = consent.scope
    wanted = {use.purpose} if use.purpose is not None else set(policy.purposes)
    seen_in = WORLD if policy.is_worldwide(use.channel) else policy.country
    return {
        Reason.MATERIAL_NOT_COVERED: use.material not in scope.materials,
        Reason.CHANNEL_NOT_COVERED: use.channel not in scope.channels
        or use.channel not in policy.channels,
        Reason.PURPOSE_NOT_COVERED: bool(policy.purposes)
        and not wanted <= scope.purposes & set(policy.purposes),
        Reason.EVENT_NOT_COVERED: not _of_event(scope.event, use.event),
        Reason.TERRITORY_NOT_COVERED: not scope.territory & {WORLD, seen_in},
    }


def _begun(consent: Consent, on: dt.date) -> bool:
    # A term may reach back before the signature, to pictures already taken; a
    # use may not: it needs a form that has been signed.
    return max(consent.scope.valid_from, consent.signed) <= on


def _withdrawn(consent: Consent, channel: str, withdrawals: Iterable[Withdrawal]) -> bool:
    """Whether the channel was taken back, whatever the day of the use.

    A withdrawal belongs to the forms that existed: those on file when it was recorded,
    and, unless it names the only ones, any signed before it that reached the registry later.
    """
    return any(
        withdrawal.channel in (None, channel)
        and (
            consent.serial in withdrawal.serials
            or (not withdrawal.only and consent.signed < withdrawal.effective)
        )
        for withdrawal in withdrawals
    )


def _held(hold: Hold, on: dt.date) -> bool:
    """Whether pictures wait on that day: a hold counts at once, its end not before its day."""
    return hold.lifted_on is None or on < hold.lifted_on


def _refused(refusal: Refusal, use: Use) -> bool:
    """Whether the use was said no to: at once, and until the day on which it is taken back."""
    standing_no = refusal.taken_back is None or use.on < refusal.taken_back
    return standing_no and refusal.channel in (None, use.channel)


def _outweighs(refusal: Refusal, consent: Consent, person: Person) -> bool:
    """Whether the no counts against the form: it is not older than the yes.

    A child's no outweighs whatever was signed in childhood, then or later.
    """
    if refusal.by_child and not _of_age(person, consent.signed):
        return True
    return consent.serial in refusal.serials or consent.signed <= refusal.on


def _of_age(person: Person, day: dt.date) -> bool:
    """Whether the person is known to be of age on that day."""
    return person.born is not None and not person.minor_on(day)


def _superseded(consent: Consent, use: Use, consents: Iterable[Consent]) -> bool:
    """Whether a newer form answers in its place on the day, be the answer yes or no.

    That the newer one was taken back, or has ended, does not bring the older one back.
    """
    return any(
        newer.signed <= use.on and one.serial == consent.serial and one.takes(use.channel)
        for newer in consents
        for one in newer.supersedes
    )


def _of_event(scope: str | None, use: str | None) -> bool:
    # Two blanks are no occasion that both mean.
    return scope is None or (use is not None and bool(use.strip()) and same_event(scope, use))


def _clearing(
    found: Sequence[tuple[Consent, frozenset[Reason]]], policy: Policy
) -> tuple[Consent, ...]:
    """The forms that allow the use: the one that holds longest, else several together."""
    alone = [consent for consent, why in found if not why]
    if alone:
        # The serial only to make the choice a certain one.
        return (max(alone, key=lambda one: (one.scope.valid_until, one.serial)),)
    halves = [(consent, why) for consent, why in found if why <= _OF_THE_SCOPE]
    if policy.combine_forms and halves and not frozenset.intersection(*(w for _, w in halves)):
        return tuple(sorted((consent for consent, _ in halves), key=lambda one: one.serial))
    return ()


def _cleared(
    grounds: tuple[Consent, ...],
    dossier: Dossier,
    use: Use,
    policy: Policy,
    by_form: Mapping[str, tuple[Reason, ...]],
) -> Decision:
    until = min(last_day_of(one, dossier) for one in grounds)
    return Decision(
        True,
        ground=Ground(tuple(one.serial for one in grounds), clauses=_clauses(dossier, use, policy)),
        by_form=by_form,
        valid_until=until,
        cautions=_cautions(dossier, use, until, grounds),
        named=all(one.terms.named for one in grounds),
        editing=all(one.terms.editing for one in grounds),
    )


def _clauses(dossier: Dossier, use: Use, policy: Policy) -> tuple[str, ...]:
    purposes = (use.purpose,) if use.purpose else policy.purposes
    clauses = [f"channel.{use.channel}", f"material.{use.material.value}"]
    clauses += [f"purpose.{purpose}" for purpose in purposes if policy.purposes]
    if dossier.person.capacity is Capacity.PATIENT:
        clauses.append("secrecy.presence")
    return tuple(clauses)


def _cautions(
    dossier: Dossier, use: Use, until: dt.date, grounds: Iterable[Consent]
) -> tuple[Caution, ...]:
    checks = {
        Caution.ENDS_BEFORE_CAMPAIGN: use.until is not None and until < use.until,
        Caution.HAS_LEFT: dossier.person.status is Status.LEFT,
        Caution.REMUNERATED: any(one.terms.remuneration for one in grounds),
    }
    return tuple(caution for caution, holds in checks.items() if holds)


def _exemption(dossier: Dossier, use: Use, policy: Policy) -> Exemption | None:
    """An exemption that covers the use; never for patients or minors, nor after a no."""
    said_no = (
        any(_refused(one, use) for one in dossier.refusals)
        or any(one.channel in (None, use.channel) for one in dossier.withdrawals)
        # A form that asks about channels and leaves this one blank says no to it.
        or any(use.channel not in one.scope.channels for one in dossier.consents)
    )
    person = dossier.person
    if said_no or person.capacity is Capacity.PATIENT or person.minor_on(use.on):
        return None
    fitting = [
        one
        for one in dossier.exemptions
        if one.kind.value in policy.exemptions
        and one.ended_on is None
        and one.on <= use.on <= one.valid_until
        and use.channel in one.channels
        # Each kind is about being seen; nobody is heard or quoted without a yes.
        and use.material in _SEEN
        and use.channel in policy.channels
        and _of_event(one.event, use.event)
    ]
    return max(fitting, key=lambda one: (one.valid_until, one.id), default=None)


def _still_says_yes(consent: Consent, channel: str, dossier: Dossier) -> bool:
    """Whether neither a withdrawal, a refusal nor a renewal took the channel away for good."""
    return not (
        _withdrawn(consent, channel, dossier.withdrawals)
        or any(
            one.taken_back is None
            and one.channel in (None, channel)
            and _outweighs(one, consent, dossier.person)
            for one in dossier.refusals
        )
        or any(
            one.serial == consent.serial and one.takes(channel)
            for newer in dossier.consents
            for one in newer.supersedes
        )
    )


def _biometric_until(consent: Consent, dossier: Dossier, policy: Policy) -> dt.date | None:
    """The last day on which the form lets the face be kept; None if it does not."""
    renewed = any(
        one.serial == consent.serial for newer in dossier.consents for one in newer.supersedes
    )
    weak = consent.evidence.level.rank < EvidenceLevel(policy.minimum_evidence).rank
    if not consent.terms.biometric or renewed or weak:
        return None
    if dossier.person.status is Status.DECEASED or not standing(dossier, consent, policy):
        return None
    return last_day_of(consent, dossier)


def _ordered(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    found = frozenset(reasons)
    return tuple(reason for reason in Reason if reason in found)
