"""The pure decision: do these consents allow this use?

Nothing here reads a clock, a disk or the registry: the same consents, use and
policy always give the same answer.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterable

from consent.policy import Policy
from consent.records import Consent, Use, Withdrawal


class Reason(enum.StrEnum):
    """Why a person's consents do not allow a use."""

    NO_CONSENT = "no_consent"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    CHANNEL_NOT_COVERED = "channel_not_covered"


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """Whether a use is allowed, and on what ground or why not.

    `serial` is the one consent the clearance rests on and `valid_until` its last
    day; both are None when nothing clears. `reasons` is empty when cleared.
    """

    cleared: bool
    serial: str | None = None
    reasons: tuple[Reason, ...] = ()
    valid_until: dt.date | None = None


def decide(consents: Iterable[Consent], use: Use, policy: Policy) -> Decision:
    """Whether one of a person's consents, by itself, allows the use.

    Two consents that each cover half of the use do not add up to one. When
    nothing clears, the reasons are those of the consents with the fewest.

    Raises:
        ValueError: the consents are of more than one person.
    """
    on_file = _of_one_person(consents)
    withdrawals = _withdrawals(on_file)
    obstacles = {c: _obstacles(c, use, policy, withdrawals) for c in on_file}
    clearing = [consent for consent, found in obstacles.items() if not found]
    if clearing:
        # The longest term, and the serial only to make the choice a certain one.
        ground = max(clearing, key=lambda consent: (consent.valid_until, consent.serial))
        return Decision(True, serial=ground.serial, valid_until=ground.valid_until)
    if not obstacles:
        return Decision(False, reasons=(Reason.NO_CONSENT,))
    fewest = min(map(len, obstacles.values()))
    nearest = set().union(*(found for found in obstacles.values() if len(found) == fewest))
    return Decision(False, reasons=tuple(reason for reason in Reason if reason in nearest))


def decide_all(
    consents: Iterable[Consent], channels: Iterable[str], on: dt.date, policy: Policy
) -> dict[str, Decision]:
    """The decision for each channel, in the order of the channels.

    Raises:
        ValueError: the consents are of more than one person.
    """
    on_file = tuple(consents)
    return {channel: decide(on_file, Use(channel, on), policy) for channel in channels}


def may_match(consents: Iterable[Consent], on: dt.date) -> bool:
    """Whether the person's face may be compared on that day.

    It needs a consent with the biometric tick whose term holds on the day and
    which still allows a channel: without one, finding the person has no purpose.

    Raises:
        ValueError: the consents are of more than one person.
    """
    on_file = _of_one_person(consents)
    return any(
        _begun(consent, on) and _keeps_biometrics(consent, on, _withdrawals(on_file))
        for consent in on_file
    )


def may_keep_biometrics(consents: Iterable[Consent], on: dt.date) -> bool:
    """Whether templates and portraits may stay on file: as `may_match`, or later on.

    A consent whose term is still to begin keeps them, one that has ended or was
    taken back does not.

    Raises:
        ValueError: the consents are of more than one person.
    """
    on_file = _of_one_person(consents)
    return any(_keeps_biometrics(consent, on, _withdrawals(on_file)) for consent in on_file)


def _obstacles(
    consent: Consent, use: Use, policy: Policy, withdrawals: Iterable[Withdrawal]
) -> frozenset[Reason]:
    checks = {
        Reason.NOT_YET_VALID: not _begun(consent, use.on),
        Reason.EXPIRED: use.on > consent.valid_until,
        Reason.WITHDRAWN: _withdrawn(consent, use.channel, withdrawals),
        Reason.CHANNEL_NOT_COVERED: use.channel not in consent.channels
        or use.channel not in policy.channels,
    }
    return frozenset(reason for reason, stands_in_the_way in checks.items() if stands_in_the_way)


def _begun(consent: Consent, on: dt.date) -> bool:
    # A term may reach back before the signature, to pictures already taken; a
    # use may not: it needs a form that has been signed.
    return max(consent.valid_from, consent.signed) <= on


def _keeps_biometrics(consent: Consent, on: dt.date, withdrawals: Iterable[Withdrawal]) -> bool:
    withdrawn = all(_withdrawn(consent, channel, withdrawals) for channel in consent.channels)
    return consent.biometric and on <= consent.valid_until and not withdrawn


def _withdrawn(consent: Consent, channel: str, withdrawals: Iterable[Withdrawal]) -> bool:
    """Whether the channel was taken back, whatever the day of the use.

    A withdrawal belongs to the consents that existed: those it is recorded
    with, and any signed before it that reached the registry only afterwards.
    """
    return any(
        withdrawal.channel in (None, channel)
        and (withdrawal in consent.withdrawals or consent.signed < withdrawal.effective)
        for withdrawal in withdrawals
    )


def _withdrawals(consents: Iterable[Consent]) -> frozenset[Withdrawal]:
    return frozenset(withdrawal for c in consents for withdrawal in c.withdrawals)


def _of_one_person(consents: Iterable[Consent]) -> tuple[Consent, ...]:
    on_file = tuple(consents)
    # Mixed up, one person's form would clear another.
    if len({consent.person for consent in on_file}) > 1:
        raise ValueError("the consents of one person are asked for, not of several")
    return on_file
