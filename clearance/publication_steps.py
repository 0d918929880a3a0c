"""The steps of a publication: each takes it as it is, and gives it as it is then, or refuses.

Pure: the moment, the day and what the consents say are arguments. A step that is refused
changes nothing, and its error says what to do instead.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from clearance.checklist import ChecklistItem
from clearance.errors import StepRefusedError
from clearance.publications import (
    PROGRAM,
    Action,
    Actor,
    Answer,
    Approval,
    Event,
    Item,
    Placement,
    Publication,
    State,
    Task,
    Wish,
    check_may_request,
    rule_for,
)
from consent.admission import name_key

_SHA256 = re.compile("[0-9a-f]{64}")
_NOTHING_DECIDED: dict[str, Any] = {"settled_by": "", "approval": None}
EDITABLE = frozenset(
    {
        *("title", "event", "requester", "rights", "patient_context", "channels", "purpose"),
        *("material", "on", "until", "items"),
    }
)
"""What of a publication may be edited before it is out."""


@dataclasses.dataclass(frozen=True, slots=True)
class Deed:
    """Who does a step, when, and what is said about it."""

    actor: Actor
    at: dt.datetime
    note: str = ""
    proof: str = ""


def request(publication_id: str, wish: Wish, deed: Deed) -> Publication:
    """Begin a publication.

    Raises:
        StepRefusedError: the account may not ask, or what is asked for makes no sense.
    """
    check_may_request(deed.actor)
    asked = {field.name: getattr(wish, field.name) for field in dataclasses.fields(wish)}
    event = Event(
        *(1, deed.at, deed.actor.account, Action.REQUEST, None, State.REQUESTED),
        deed.note.strip(),
        deed.proof,
    )
    begun = Publication(id=publication_id, state=State.REQUESTED, history=(event,), **asked)
    _check_whole(begun)
    return begun


def scan(publication: Publication, items: Sequence[Item], deed: Deed) -> Publication:
    """Take the verdicts on its files in; whatever was decided about it is gone.

    Raises:
        StepRefusedError: not now, not by this account, or there is no file.
    """
    if not items:
        raise StepRefusedError("there is no picture in it; scan at least one file")
    changed = _with_items(publication, tuple(items))
    return _moved(publication, Action.SCAN, deed, **changed)


def answer(
    publication: Publication, item: ChecklistItem, deed: Deed, *, clear: bool
) -> Publication:
    """Say what was found when looking for what the program does not see.

    Raises:
        StepRefusedError: not now, or not by this account.
    """
    said = Answer(item, clear, deed.actor.account, deed.at, deed.note)
    answers = (*(one for one in publication.answers if one.item is not item), said)
    return _moved(publication, Action.ANSWER, deed, answers=answers, **_NOTHING_DECIDED)


def sort(publication: Publication, action: Action, deed: Deed) -> Publication:
    """Say what it waits for: `review`, `block`, `need_release` or `need_redaction`.

    Raises:
        StepRefusedError: not now, or not by this account.
    """
    if action not in _SORTING:
        raise ValueError(f"{action} is another step")
    return _moved(publication, action, deed, **_NOTHING_DECIDED)


def edit(publication: Publication, changes: dict[str, Any], deed: Deed) -> Publication:
    """Change what shall be published, where or when; whatever was decided about it is gone.

    Raises:
        StepRefusedError: not now, not by this account, or what is asked for makes no sense.
    """
    if not set(changes) <= EDITABLE:
        raise ValueError(f"not editable: {sorted(set(changes) - EDITABLE)}")
    items = tuple(changes.get("items", publication.items))
    told = {**changes, **_with_items(publication, items)}
    edited = _moved(publication, Action.EDIT, deed, **told)
    _check_whole(edited)
    return edited


def settle(publication: Publication, deed: Deed) -> Publication:
    """Find it ready: every verdict lets it out, every question is answered.

    Raises:
        StepRefusedError: something is missing; the message names it.
    """
    rule_for(publication.state, Action.SETTLE, deed.actor)
    _check_items(publication)
    if missing := publication.unanswered:
        raise StepRefusedError(
            "nobody has answered: {missing}; look for each and answer it",
            missing=", ".join(one.value for one in missing),
        )
    if found := [one.item.value for one in publication.answers if not one.clear]:
        raise StepRefusedError(
            "something was found: {found}; change the picture and answer anew",
            found=", ".join(found),
        )
    if not publication.rights.held:
        raise StepRefusedError(
            "nobody has said that the rights in the pictures are held; ask whoever took them"
        )
    return _moved(publication, Action.SETTLE, deed, settled_by=deed.actor.account)


def approve(
    publication: Publication,
    channels: Sequence[str],
    until: dt.date,
    deed: Deed,
    *,
    today: dt.date,
    four_eyes: bool = True,
) -> Publication:
    """Let its very bytes out, on some of the channels that were asked for, until a day.

    Whether the consents allow it is asked before: see `clearance.ledger`.

    Raises:
        StepRefusedError: not now, not by this account, or not this.
    """
    rule_for(publication.state, Action.APPROVE, deed.actor)
    if four_eyes:
        _check_four_eyes(publication, deed.actor)
    asked = tuple(dict.fromkeys(channels))
    if not asked or not set(asked) <= set(publication.channels):
        raise StepRefusedError(
            "only what was asked for can be approved: {channels}; edit the publication first",
            channels=", ".join(publication.channels),
        )
    if until < max(today, publication.on):
        raise StepRefusedError(
            "it cannot end on {day}, before it begins; name a later day", day=until
        )
    if publication.until is not None and until > publication.until:
        raise StepRefusedError(
            "it was asked for until {day} only; approve no longer, or edit it first",
            day=publication.until,
        )
    copies = frozenset(item.bytes_out for item in publication.items if item.bytes_out)
    approval = Approval(deed.actor.account, deed.at, asked, until, copies)
    return _moved(publication, Action.APPROVE, deed, approval=approval)


def publish(
    publication: Publication,
    channel: str,
    where: str,
    copies: Sequence[str],
    deed: Deed,
    *,
    on: dt.date,
) -> Publication:
    """Note that it was published somewhere: these very bytes, on an approved channel.

    Args:
        publication: as it is.
        channel: one that was approved.
        where: an address or a print run.
        copies: SHA-256 of every file that was published there.
        deed: who, when.
        on: the day of publication.

    Raises:
        StepRefusedError: not now, not by this account, or not what was approved.
    """
    rule_for(publication.state, Action.PUBLISH, deed.actor)
    approval = publication.approval
    if approval is None or channel not in approval.channels:
        raise StepRefusedError(
            "{channel} was not approved; ask for another publication on it", channel=channel
        )
    if not where.strip():
        raise StepRefusedError("say where it is published: an address or a print run")
    if on > approval.until:
        raise StepRefusedError(
            "it was approved until {day} only; have it approved anew", day=approval.until
        )
    if not copies:
        raise StepRefusedError("name the files that are published")
    for sha256 in copies:
        if sha256 not in approval.copies:
            raise StepRefusedError(
                "the file {sha256} is not the one that was approved; publish the approved copy, "
                "or scan this one and have it approved",
                sha256=sha256[:12],
            )
    placement = Placement(
        channel, where.strip(), on, approval.until, deed.actor.account, tuple(copies)
    )
    return _moved(
        publication, Action.PUBLISH, deed, placements=(*publication.placements, placement)
    )


def lapse(publication: Publication, deed: Deed) -> Publication:
    """Take back what was decided: a consent that it rests on has gone.

    Raises:
        StepRefusedError: nothing was decided.
    """
    return _moved(publication, Action.LAPSE, deed, **_NOTHING_DECIDED)


def expire(publication: Publication, task: Task, deed: Deed) -> Publication:
    """Note that its time is over, and that somebody must take it down.

    Raises:
        StepRefusedError: it is not out, or the task is open already.
    """
    return _moved(publication, Action.EXPIRE, deed, task=task)


def withdraw(publication: Publication, task: Task, deed: Deed) -> Publication:
    """Note that it must be taken down.

    Raises:
        StepRefusedError: it is not out, or the task is open already.
    """
    return _moved(publication, Action.WITHDRAW, deed, task=task)


def take_down(publication: Publication, deed: Deed, *, on: dt.date) -> Publication:
    """Note that it is gone from everywhere, with a proof.

    Raises:
        StepRefusedError: not now, not by this account, or without a proof.
    """
    rule_for(publication.state, Action.TAKE_DOWN, deed.actor)
    if not deed.note.strip() and not deed.proof:
        raise StepRefusedError(
            "a proof is needed that it is gone: an address, a note or a screenshot"
        )
    if deed.proof and not _SHA256.fullmatch(deed.proof):
        raise StepRefusedError("the proof is no SHA-256; give the screenshot itself")
    return _moved(publication, Action.TAKE_DOWN, deed, task=_done(publication.task, on))


def irrecoverable(publication: Publication, deed: Deed, *, on: dt.date) -> Publication:
    """Note that it cannot be taken down, and why: printed, in the press, copied by others.

    Raises:
        StepRefusedError: not now, not by this account, or without a reason.
    """
    rule_for(publication.state, Action.IRRECOVERABLE, deed.actor)
    if not deed.note.strip():
        raise StepRefusedError("say why it cannot be taken down, and what was done instead")
    return _moved(publication, Action.IRRECOVERABLE, deed, task=_done(publication.task, on))


def end(publication: Publication, action: Action, deed: Deed) -> Publication:
    """`decline` what was asked for, or `retract` it as whoever asked.

    Raises:
        StepRefusedError: not now, not by this account, or declined without a reason.
    """
    if action not in (Action.DECLINE, Action.RETRACT):
        raise ValueError(f"{action} is another step")
    rule_for(publication.state, action, deed.actor)
    if action is Action.DECLINE and not deed.note.strip():
        raise StepRefusedError("say why it is declined")
    return _moved(publication, action, deed, **_NOTHING_DECIDED)


_SORTING = frozenset({Action.REVIEW, Action.BLOCK, Action.NEED_RELEASE, Action.NEED_REDACTION})


def _moved(publication: Publication, action: Action, deed: Deed, **changes: Any) -> Publication:
    """The publication after a step that some rule allows, with the step in its history."""
    rule = rule_for(publication.state, action, deed.actor)
    event = Event(
        *(len(publication.history) + 1, deed.at, deed.actor.account, action),
        *(publication.state, rule.target, deed.note.strip(), deed.proof),
    )
    return dataclasses.replace(
        publication,
        **{**changes, "state": rule.target, "history": (*publication.history, event)},
    )


def _with_items(publication: Publication, items: tuple[Item, ...]) -> dict[str, Any]:
    """What changes with the files; answers were about the pictures as they were."""
    same = [one.bytes_out for one in items] == [one.bytes_out for one in publication.items]
    answers = publication.answers if same else ()
    return {"items": items, "answers": answers, **_NOTHING_DECIDED}


def _check_items(publication: Publication) -> None:
    if not publication.items:
        raise StepRefusedError("there is no picture in it; scan at least one file")
    for item in publication.items:
        if item.erased:
            raise StepRefusedError(
                "{file} shows somebody who was erased from the registry; scan it again",
                file=item.file,
            )
        if not item.outcome.publishable:
            raise StepRefusedError(
                "{file} may not be published ({outcome}); hide who is not cleared, or get a form",
                file=item.file,
                outcome=item.outcome.value,
            )
        if item.bytes_out is None:
            raise StepRefusedError(
                "of {file} there is no copy in which people are hidden; make it and scan it",
                file=item.file,
            )


def _check_four_eyes(publication: Publication, actor: Actor) -> None:
    before = (publication.settled_by, publication.requested_by, publication.requester)
    if name_key(actor.account) in {name_key(one) for one in before}:
        raise StepRefusedError(
            "{account} asked for it or found it ready; somebody else must approve it",
            account=actor.account,
        )


def _check_whole(publication: Publication) -> None:
    """What is asked for makes sense."""
    if not publication.title.strip() or not publication.requester.strip():
        raise StepRefusedError("a publication needs a title and the name of who asks for it")
    if not publication.channels:
        raise StepRefusedError("a publication needs a channel: say where it shall be published")
    if publication.until is not None and publication.until < publication.on:
        raise StepRefusedError("it ends before it begins; correct one of the days")
    for item in publication.items:
        if not all(_SHA256.fullmatch(one) for one in (item.original, item.copy) if one):
            raise StepRefusedError("{file} has no SHA-256; scan it", file=item.file)


def _done(task: Task | None, on: dt.date) -> Task | None:
    return dataclasses.replace(task, done=on) if task else None


def by_program(at: dt.datetime, note: str = "") -> Deed:
    """A step that the program itself does."""
    return Deed(PROGRAM, at, note)
