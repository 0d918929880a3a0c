"""A publication as it is filed, and back: no person is in it but by the id of a `Showing`."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from clearance.checklist import ChecklistItem
from clearance.publications import (
    Action,
    Answer,
    Approval,
    Event,
    Item,
    PhotoRights,
    Placement,
    Publication,
    State,
    Task,
)
from clearance.results import Outcome
from consent.records import Material, Showing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consent.publications import KeptPublication

Json = dict[str, Any]


def content_of(publication: Publication) -> str:
    """The publication as it is now, and the step that led there, as JSON."""
    told = plain(dataclasses.replace(publication, history=publication.history[-1:]))
    return json.dumps(told, sort_keys=True, ensure_ascii=False)


def showings_of(publication: Publication) -> tuple[Showing, ...]:
    """Whom its files show."""
    return tuple(one for item in publication.items for one in item.shown)


def publication_from(kept: KeptPublication) -> Publication:
    """The publication that is on file, with its whole history."""
    steps = [json.loads(one) for one in kept.steps]
    events = tuple(_event(one) for step in steps for one in step["history"])
    told = steps[-1]
    return Publication(
        id=told["id"],
        title=told["title"],
        state=State(told["state"]),
        requester=told["requester"],
        channels=tuple(told["channels"]),
        on=_day(told["on"]),
        event=told["event"],
        rights=PhotoRights(**told["rights"]),
        patient_context=told["patient_context"],
        purpose=told["purpose"],
        material=Material(told["material"]),
        until=_day_or_none(told["until"]),
        items=tuple(_item(one, kept.showings) for one in told["items"]),
        answers=tuple(_answer(one) for one in told["answers"]),
        settled_by=told["settled_by"],
        approval=_approval(told["approval"]) if told["approval"] else None,
        placements=tuple(_placement(one) for one in told["placements"]),
        task=_task(told["task"]) if told["task"] else None,
        history=events,
    )


def plain(value: Any) -> Any:
    """A value as JSON has it: days as ISO texts, sets sorted, a showing as its id."""
    if isinstance(value, Showing):
        # Nothing else of it: what leads to a person lies under the person's key.
        return value.id
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return value.value if isinstance(value, enum.Enum) else value


def _item(told: Json, showings: Mapping[str, Showing]) -> Item:
    shown = tuple(showings[one] for one in told["shown"] if one in showings)
    gone = len(told["shown"]) - len(shown)
    return Item(
        file=told["file"],
        original=told["original"],
        outcome=Outcome(told["outcome"]),
        copy=told["copy"],
        look=told["look"],
        shown=shown,
        erased=told["erased"] + gone,
        until=_day_or_none(told["until"]),
    )


def _answer(told: Json) -> Answer:
    item, at = ChecklistItem(told["item"]), _moment(told["at"])
    return Answer(item, told["clear"], told["by"], at, told["note"])


def _approval(told: Json) -> Approval:
    return Approval(
        told["by"],
        _moment(told["at"]),
        tuple(told["channels"]),
        _day(told["until"]),
        frozenset(told["copies"]),
    )


def _placement(told: Json) -> Placement:
    days = {"on": _day(told["on"]), "until": _day(told["until"])}
    return Placement(**{**told, **days, "copies": tuple(told["copies"])})


def _task(told: Json) -> Task:
    days = {"opened": _day(told["opened"]), "deadline": _day(told["deadline"])}
    done = _day_or_none(told["done"])
    return Task(**{**told, **days, "why": tuple(told["why"]), "done": done})


def _event(told: Json) -> Event:
    before = State(told["before"]) if told["before"] else None
    return Event(
        told["number"],
        _moment(told["at"]),
        told["by"],
        Action(told["action"]),
        before,
        State(told["after"]),
        told["note"],
        told["proof"],
    )


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _day_or_none(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def files_of(items: Iterable[Item]) -> tuple[str, ...]:
    """The names of files, in order."""
    return tuple(item.file for item in items)
