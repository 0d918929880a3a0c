"""What is said of publications, in the words of a language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from clearance.ledger import ASKED, ENDED, ERASED
from clearance.publications import Action, State
from consent.decision import Reason

if TYPE_CHECKING:
    from clearance.language import Language


def state(value: State, words: Language) -> str:
    """How far a publication is."""
    _ = words.gettext
    told: Mapping[State, str] = {
        State.REQUESTED: _("asked for"),
        State.SCANNED: _("scanned, to be looked at"),
        State.IN_REVIEW: _("being looked at"),
        State.BLOCKED: _("may not be published"),
        State.NEEDS_RELEASE: _("a signed form is missing"),
        State.NEEDS_REDACTION: _("somebody must be hidden"),
        State.READY: _("ready, to be approved"),
        State.APPROVED: _("approved"),
        State.PUBLISHED: _("published"),
        State.EXPIRED: _("its time is over, take it down"),
        State.WITHDRAWAL_PENDING: _("must be taken down"),
        State.TAKEN_DOWN: _("taken down"),
        State.IRRECOVERABLE: _("cannot be taken down"),
        State.DECLINED: _("declined"),
        State.RETRACTED: _("not wanted any more"),
    }
    return told[value]


def action(value: Action, words: Language) -> str:
    """What was done with a publication."""
    _ = words.gettext
    told: Mapping[Action, str] = {
        Action.REQUEST: _("asked for"),
        Action.SCAN: _("verdicts taken in"),
        Action.ANSWER: _("checklist answered"),
        Action.REVIEW: _("taken in hand"),
        Action.BLOCK: _("blocked"),
        Action.NEED_RELEASE: _("a signed form asked for"),
        Action.NEED_REDACTION: _("a hidden copy asked for"),
        Action.EDIT: _("edited"),
        Action.SETTLE: _("found ready"),
        Action.APPROVE: _("approved"),
        Action.LAPSE: _("approval gone: a consent has ended"),
        Action.PUBLISH: _("published"),
        Action.EXPIRE: _("its time is over"),
        Action.WITHDRAW: _("to be taken down"),
        Action.TAKE_DOWN: _("taken down"),
        Action.IRRECOVERABLE: _("cannot be taken down"),
        Action.DECLINE: _("declined"),
        Action.RETRACT: _("not wanted any more"),
    }
    return told[value]


def why(value: str, words: Language) -> str:
    """Why something must be taken down: one of `Task.why`."""
    _ = words.gettext
    told = {
        ERASED: _("somebody shown was erased from the registry"),
        ENDED: _("the time that was approved is over"),
        ASKED: _("somebody asked for it"),
    }
    return told[value] if value in told else words.reason(Reason(value))
