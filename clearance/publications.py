"""What is published, and how far it is: the values of the ledger, and which step follows which.

A clearance is about one copy of a picture, on one channel, on one day. So an approval names the
very bytes that it is about, and whatever changes before publication (a picture, a copy, a
channel, a verdict) takes it away. Nothing here reads a clock, a disk or the registry.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from typing import TYPE_CHECKING

from clearance.checklist import ChecklistItem, checklist_for
from clearance.errors import StepRefusedError
from clearance.results import Outcome
from consent.records import Material, Showing

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(enum.StrEnum):
    """How far a publication is."""

    REQUESTED = "requested"
    SCANNED = "scanned"
    """There are verdicts on its pictures; nobody has looked at them."""
    IN_REVIEW = "in_review"
    BLOCKED = "blocked"
    """Somebody shown has said no, or is unknown and stays so."""
    NEEDS_RELEASE = "needs_release"
    """It waits for a signed form."""
    NEEDS_REDACTION = "needs_redaction"
    """It waits for a copy in which somebody is hidden."""
    READY = "ready"
    APPROVED = "approved"
    PUBLISHED = "published"
    EXPIRED = "expired"
    """It is out, and its time is over."""
    WITHDRAWAL_PENDING = "withdrawal_pending"
    """It is out, and must be taken down."""
    TAKEN_DOWN = "taken_down"
    IRRECOVERABLE = "irrecoverable"
    """It must be taken down and cannot be: print, press, copies of others."""
    DECLINED = "declined"
    RETRACTED = "retracted"
    """Whoever asked for it does not want it any more."""

    @property
    def is_out(self) -> bool:
        """Whether people can see it, as far as is known."""
        return self in _OUT


_OUT = frozenset({State.PUBLISHED, State.EXPIRED, State.WITHDRAWAL_PENDING})


class Role(enum.StrEnum):
    """What an account may do with publications."""

    REQUESTER = "requester"
    EDITOR = "editor"
    APPROVER = "approver"
    PUBLISHER = "publisher"
    PRIVACY_OFFICER = "privacy_officer"
    PROGRAM = "program"
    """The program itself, when a day or a withdrawal has come; no person has this role."""


class Action(enum.StrEnum):
    """What can be done with a publication."""

    REQUEST = "request"
    SCAN = "scan"
    ANSWER = "answer"
    REVIEW = "review"
    BLOCK = "block"
    NEED_RELEASE = "need_release"
    NEED_REDACTION = "need_redaction"
    EDIT = "edit"
    SETTLE = "settle"
    APPROVE = "approve"
    LAPSE = "lapse"
    """A consent that it rests on has gone before it was published."""
    PUBLISH = "publish"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"
    TAKE_DOWN = "take_down"
    IRRECOVERABLE = "irrecoverable"
    DECLINE = "decline"
    RETRACT = "retract"


@dataclasses.dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a named account, and its roles."""

    account: str
    roles: frozenset[Role]


PROGRAM = Actor("clearance", frozenset({Role.PROGRAM}))


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """That an action leads from some states to one, for whoever has one of the roles."""

    action: Action
    sources: frozenset[State]
    target: State
    roles: frozenset[Role]


_TO_LOOK_AT = frozenset(
    {
        *(State.SCANNED, State.IN_REVIEW, State.BLOCKED),
        *(State.NEEDS_RELEASE, State.NEEDS_REDACTION),
    }
)
_DECIDED = frozenset({State.READY, State.APPROVED})
_BEFORE = _TO_LOOK_AT | _DECIDED
_UNDUE = frozenset({State.EXPIRED, State.WITHDRAWAL_PENDING})
_EDITORS = frozenset({Role.EDITOR})
_EVERYBODY = frozenset(Role) - {Role.PROGRAM}
_WATCHFUL = frozenset({Role.EDITOR, Role.APPROVER, Role.PUBLISHER, Role.PRIVACY_OFFICER})
_REMOVERS = frozenset({Role.PUBLISHER, Role.PRIVACY_OFFICER})
_ITSELF = frozenset({Role.PROGRAM})

RULES = (
    Rule(Action.SCAN, frozenset({State.REQUESTED}), State.SCANNED, _EDITORS),
    Rule(Action.SCAN, _BEFORE, State.IN_REVIEW, _EDITORS),
    Rule(Action.ANSWER, _BEFORE, State.IN_REVIEW, _EDITORS),
    Rule(Action.REVIEW, _BEFORE, State.IN_REVIEW, _WATCHFUL),
    Rule(Action.BLOCK, _BEFORE, State.BLOCKED, _WATCHFUL),
    Rule(Action.NEED_RELEASE, _TO_LOOK_AT, State.NEEDS_RELEASE, _EDITORS),
    Rule(Action.NEED_REDACTION, _TO_LOOK_AT, State.NEEDS_REDACTION, _EDITORS),
    Rule(Action.EDIT, frozenset({State.REQUESTED}), State.REQUESTED, _EVERYBODY),
    Rule(Action.EDIT, _BEFORE, State.IN_REVIEW, _EDITORS),
    Rule(Action.SETTLE, frozenset({State.IN_REVIEW}), State.READY, _EDITORS),
    Rule(Action.APPROVE, frozenset({State.READY}), State.APPROVED, frozenset({Role.APPROVER})),
    Rule(Action.LAPSE, _DECIDED, State.IN_REVIEW, _ITSELF),
    Rule(
        Action.PUBLISH,
        frozenset({State.APPROVED, State.PUBLISHED}),
        State.PUBLISHED,
        frozenset({Role.PUBLISHER}),
    ),
    Rule(Action.EXPIRE, frozenset({State.PUBLISHED}), State.EXPIRED, _ITSELF),
    Rule(
        Action.WITHDRAW,
        frozenset({State.PUBLISHED}),
        State.WITHDRAWAL_PENDING,
        _WATCHFUL | _ITSELF,
    ),
    Rule(Action.TAKE_DOWN, _OUT, State.TAKEN_DOWN, _REMOVERS),
    Rule(Action.IRRECOVERABLE, _UNDUE, State.IRRECOVERABLE, _REMOVERS),
    Rule(
        Action.DECLINE,
        _BEFORE | {State.REQUESTED},
        State.DECLINED,
        frozenset({Role.EDITOR, Role.APPROVER, Role.PRIVACY_OFFICER}),
    ),
    Rule(
        Action.RETRACT,
        _BEFORE | {State.REQUESTED},
        State.RETRACTED,
        frozenset({Role.REQUESTER, Role.EDITOR}),
    ),
)
"""Every step there is but the request, which begins a publication."""

REQUESTERS = _EVERYBODY
TRANSITIONS: Mapping[tuple[State, Action], Rule] = {
    (source, rule.action): rule for rule in RULES for source in rule.sources
}


@dataclasses.dataclass(frozen=True, slots=True)
class PhotoRights:
    """Whose work the pictures are, and whether they may be used.

    Attributes:
        creator: who took them.
        licence: on what ground they are used, in words; may be empty.
        held: whether the institution holds the rights it needs, as somebody said.
    """

    creator: str = ""
    licence: str = ""
    held: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """One file of a publication.

    Attributes:
        file: its name.
        original: SHA-256 of the file that was judged.
        outcome: the verdict on it, or on its copy where there is one.
        copy: SHA-256 of the copy; None until there is one.
        look: the 64-bit `clearance.bursts.perceptual_hash` of what is published; None if that
            was not measured, so that only the very file is found again.
        shown: whom it shows recognisably, each with the forms that this rests on.
        erased: how many people it shows that were erased from the registry since.
        until: the last day on which all of them allow it, as it was when it was judged.
    """

    file: str
    original: str
    outcome: Outcome
    copy: str | None = None
    look: int | None = None
    shown: tuple[Showing, ...] = ()
    erased: int = 0
    until: dt.date | None = None

    @property
    def bytes_out(self) -> str | None:
        """SHA-256 of what may be published: the copy, else a file in which nobody is hidden."""
        if self.copy is None and self.outcome is Outcome.REDACTED:
            return None
        return self.copy or self.original

    @property
    def people(self) -> tuple[str, ...]:
        """Ids of whom it shows."""
        return tuple(sorted({one.person for one in self.shown}))

    @property
    def serials(self) -> tuple[str, ...]:
        """The forms that it rests on."""
        return tuple(sorted({serial for one in self.shown for serial in one.serials}))


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a named person found when looking for what the program does not see.

    Attributes:
        item: the question.
        clear: whether nothing speaks against publication.
        by: the account of who looked.
        at: when, UTC.
        note: a remark.
    """

    item: ChecklistItem
    clear: bool
    by: str
    at: dt.datetime
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Approval:
    """That somebody lets these very bytes out, on these channels, until a day.

    `copies` are the SHA-256 of what may be published.
    """

    by: str
    at: dt.datetime
    channels: tuple[str, ...]
    until: dt.date
    copies: frozenset[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Placement:
    """Where something is out: an address or a print run.

    `copies` are the SHA-256 of what was published there, `by` is the account that did it.
    """

    channel: str
    where: str
    on: dt.date
    until: dt.date
    by: str
    copies: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """That somebody must take a publication down.

    Attributes:
        opened: the day on which that was found.
        why: what was found: a `consent.decision.Reason`, `erased`, `ended` or `asked`.
        owner: the account that must do it.
        deadline: the last day for it.
        done: the day on which it was done; None while it is open.
    """

    opened: dt.date
    why: tuple[str, ...]
    owner: str
    deadline: dt.date
    done: dt.date | None = None

    def overdue(self, today: dt.date) -> bool:
        """Whether it should have been done by that day."""
        return self.done is None and self.deadline < today


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """One step of a publication's history.

    Attributes:
        number: from 1.
        at: when, UTC.
        by: the account.
        action: what was done.
        before: the state it was in; None for the request.
        after: the state it was in then.
        note: what was said about it.
        proof: SHA-256 of a file that proves it, such as a screenshot; else empty.
    """

    number: int
    at: dt.datetime
    by: str
    action: Action
    before: State | None
    after: State
    note: str = ""
    proof: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asks to have published; see `Publication` for each part."""

    title: str
    requester: str
    channels: tuple[str, ...]
    on: dt.date
    event: str | None = None
    rights: PhotoRights = PhotoRights()
    patient_context: bool = False
    purpose: str | None = None
    material: Material = Material.PHOTO
    until: dt.date | None = None
    items: tuple[Item, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What somebody wants to publish, and everything that happened to it.

    Attributes:
        id: random and short.
        title: what it is called.
        state: how far it is.
        event: the occasion of the pictures, as on the forms; None where there is none.
        requester: the name of who asked for it.
        rights: whose work it is.
        patient_context: whether it was taken where patients are treated.
        channels: where it shall be published.
        purpose: what for; None is not stated, which needs a yes to every purpose.
        material: what its files are.
        on: the day on which it shall be published.
        until: the last day on which it shall be there; None is not stated.
        items: its files.
        answers: to the checklist, one for each question at most.
        settled_by: the account that found it ready.
        approval: what was approved; None without or any more.
        placements: where it was published.
        task: that it must be taken down; None where it need not.
        history: every step, oldest first.
    """

    id: str
    title: str
    state: State
    requester: str
    channels: tuple[str, ...]
    on: dt.date
    event: str | None = None
    rights: PhotoRights = PhotoRights()
    patient_context: bool = False
    purpose: str | None = None
    material: Material = Material.PHOTO
    until: dt.date | None = None
    items: tuple[Item, ...] = ()
    answers: tuple[Answer, ...] = ()
    settled_by: str = ""
    approval: Approval | None = None
    placements: tuple[Placement, ...] = ()
    task: Task | None = None
    history: tuple[Event, ...] = ()

    @property
    def people(self) -> frozenset[str]:
        """Ids of everybody it shows."""
        return frozenset(person for item in self.items for person in item.people)

    @property
    def requested_by(self) -> str:
        """The account that asked for it."""
        return self.history[0].by if self.history else ""

    @property
    def unanswered(self) -> tuple[ChecklistItem, ...]:
        """What nobody has looked for."""
        answered = {one.item for one in self.answers}
        return tuple(one for one in checklist_for(self.material) if one not in answered)

    @property
    def ends_on(self) -> dt.date | None:
        """The last day on which what is out may stay there; None where nothing is out."""
        return min((one.until for one in self.placements), default=None)


def rule_for(state: State, action: Action, actor: Actor) -> Rule:
    """The rule by which somebody may do something in a state.

    Raises:
        StepRefusedError: no rule allows it.
    """
    rule = TRANSITIONS.get((state, action))
    if rule is None:
        possible = sorted({one.value for at, one in TRANSITIONS if at is state})
        raise StepRefusedError(
            "'{action}' is not possible while it is '{state}'; possible: {possible}",
            action=action.value,
            state=state.value,
            possible=", ".join(possible) or "–",
        )
    if not rule.roles & actor.roles:
        raise _not_allowed(action, actor, rule.roles)
    return rule


def check_may_request(actor: Actor) -> None:
    """Whether somebody may ask for a publication.

    Raises:
        StepRefusedError: not with these roles.
    """
    if not REQUESTERS & actor.roles:
        raise _not_allowed(Action.REQUEST, actor, REQUESTERS)


def _not_allowed(action: Action, actor: Actor, roles: frozenset[Role]) -> StepRefusedError:
    return StepRefusedError(
        "{account} may not do '{action}'; ask somebody with the role {roles}",
        account=actor.account,
        action=action.value,
        roles=", ".join(role.value for role in Role if role in roles),
    )
