"""Where a person may appear: for each channel the purposes, for each form what stands against it.

A decision is about one purpose. Who only asks where somebody may appear names none, and
is to read which ones are allowed, not that no form covers all of them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from consent.decision import Caution, Reason, decide
from consent.records import Use

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consent.policy import Policy
    from consent.records import Consent, Dossier

# What ends a whole form, or never let it begin; the most telling first.
_ENDINGS = (
    Reason.WITHDRAWN,
    Reason.REFUSED,
    Reason.SUPERSEDED,
    Reason.OF_AGE_NOW,
    Reason.EXPIRED,
    Reason.NOT_YET_VALID,
    Reason.SIGNATURE_MISSING,
    Reason.GUARDIAN_MISSING,
    Reason.MINOR_SIGNATURE_MISSING,
    Reason.EVIDENCE_TOO_WEAK,
    Reason.SECRECY_NOT_RELEASED,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Appearance:
    """For what a photo of a person may be on one channel, and why for nothing.

    Attributes:
        purposes: those that are allowed, in the order of the policy.
        whole: whether every purpose is allowed; where the institution's forms do not tell
            purposes apart, this alone says whether the channel is.
        forms: the serials that this rests on; `exempt` where somebody answers for it.
        valid_until: the last day on which all of `purposes` is allowed.
        reasons: why nothing is allowed: what stands against the purpose that comes nearest.
    """

    purposes: tuple[str, ...]
    whole: bool
    forms: tuple[str, ...] = ()
    exempt: bool = False
    valid_until: dt.date | None = None
    reasons: tuple[Reason, ...] = ()
    cautions: tuple[Caution, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether there is a purpose for which the channel is allowed."""
        return self.whole or bool(self.purposes)


def appearances(dossier: Dossier, on: dt.date, policy: Policy) -> dict[str, Appearance]:
    """For each channel, the purposes for which a photo of no named occasion is allowed."""
    return {channel: _appearance(dossier, channel, on, policy) for channel in policy.channels}


def against(
    consent: Consent, dossier: Dossier, on: dt.date, policy: Policy
) -> dict[str, tuple[Reason, ...]]:
    """For each channel of a form, what stands against it whatever the use, the worst first."""
    found = {}
    for channel in sorted(consent.scope.channels):
        told = decide(dossier, Use(channel=channel, on=on), policy).by_form[consent.serial]
        found[channel] = tuple(reason for reason in _ENDINGS if reason in told)
    return found


def common(found: Mapping[str, tuple[Reason, ...]]) -> tuple[Reason, ...]:
    """What stands against every channel of a form, from `against`: it counts nowhere."""
    sets = [frozenset(reasons) for reasons in found.values()]
    shared = frozenset.intersection(*sets) if sets else frozenset()
    return tuple(reason for reason in _ENDINGS if reason in shared)


def _appearance(dossier: Dossier, channel: str, on: dt.date, policy: Policy) -> Appearance:
    asked: tuple[str | None, ...] = policy.purposes or (None,)
    found = {
        purpose: decide(dossier, Use(channel=channel, on=on, purpose=purpose), policy)
        for purpose in asked
    }
    allowed = {purpose: one for purpose, one in found.items() if one.cleared}
    if not allowed:
        nearest = min(found.values(), key=lambda one: len(one.reasons))
        return Appearance((), whole=False, reasons=nearest.reasons)
    cautions = {caution for one in allowed.values() for caution in one.cautions}
    return Appearance(
        tuple(purpose for purpose in allowed if purpose is not None),
        whole=len(allowed) == len(found),
        forms=tuple(sorted({serial for one in allowed.values() for serial in one.serials})),
        exempt=any(one.exempt for one in allowed.values()),
        valid_until=min(one.valid_until for one in allowed.values() if one.valid_until),
        cautions=tuple(caution for caution in Caution if caution in cautions),
    )
