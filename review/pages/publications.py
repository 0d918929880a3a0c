"""The way to publication: asked for, looked at, approved, published, taken down."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from clearance.checklist import question
from clearance.commandline import today
from clearance.publication_words import action as action_word
from clearance.publication_words import state as state_word
from clearance.publication_words import why as why_word
from clearance.publications import (
    TRANSITIONS,
    Action,
    Event,
    PhotoRights,
    Publication,
    State,
    Wish,
)
from review import fields
from review.errors import InputRefusedError, NotAllowedError
from review.pages.picture import copy_of
from review.publishing import (
    ALL_SEEN,
    HANDED_OUT,
    actor_of,
    check_not_changed,
    check_same,
    item_with_copy,
    ledger_of,
    material_of,
    may_see,
    readiness,
    seen,
    settle,
)

if TYPE_CHECKING:
    import datetime as dt

    from starlette.responses import Response

    from clearance.language import Language
    from clearance.ledger import Ledger, Objection
    from consent.registry import Registry
    from review.visit import Visit

WAYS = (State.REQUESTED, State.IN_REVIEW, State.READY, State.APPROVED, State.PUBLISHED)
"""The steps that a page shows as the way to publication."""
_TOWARDS = {
    State.SCANNED: State.IN_REVIEW,
    State.BLOCKED: State.IN_REVIEW,
    State.NEEDS_RELEASE: State.IN_REVIEW,
    State.NEEDS_REDACTION: State.IN_REVIEW,
    State.EXPIRED: State.PUBLISHED,
    State.WITHDRAWAL_PENDING: State.PUBLISHED,
    State.TAKEN_DOWN: State.PUBLISHED,
    State.IRRECOVERABLE: State.PUBLISHED,
}


def show(visit: Visit) -> Response:
    """Every publication that whoever asks may see, what must be taken down first."""
    wanted = visit.query.get("state", "")
    with ledger_of(visit.desk) as (ledger, _):
        found = [one for one in ledger.publications() if may_see(visit.who, one)]
        tasks = ledger.tasks(today()) if visit.may_open("tasks") else ()
        ending = ledger.ending(today()) if visit.may_open("tasks") else ()
    states = [one for one in State if any(each.state is one for each in found)]
    shown = [one for one in reversed(found) if wanted in ("", one.state)]
    return visit.page(
        "publications.html",
        publications=shown,
        states=states,
        wanted=wanted,
        tasks=tasks,
        ending=ending,
        names=_names(visit),
        state_word=state_word,
        why_word=why_word,
    )


def ask_form(visit: Visit) -> Response:
    """The form with which anybody asks for a publication."""
    album_id = visit.query.get("album")
    album = None
    if album_id and visit.may_open("inbox"):
        album = visit.desk.workbench.albums.album(album_id)
    return visit.page(
        "ask.html", album=album, settings=visit.desk.settings, today=today(), by=visit.who.shown
    )


def ask(visit: Visit) -> Response:
    """Ask for a publication: over an album at the desk, or over files that come with it."""
    bench = visit.desk.workbench
    title, event = visit.needed("title", most=200), visit.text("event", most=200) or None
    channels, purpose = visit.texts("channel"), visit.text("purpose", most=100) or None
    on = fields.day(visit, "on") or today()
    until = fields.day(visit, "until")
    if not channels:
        raise InputRefusedError("tick at least one place where it shall be published")
    files = [one for one in visit.form.getlist("files") if not isinstance(one, str)]
    files = [one for one in files if one.filename]
    chosen = visit.text("album", most=60)
    if chosen and not visit.may_open("inbox"):
        raise NotAllowedError("your account may not do that; ask who runs the desk")
    if not chosen and not files:
        raise InputRefusedError("add at least one picture")
    with ledger_of(visit.desk) as (ledger, _):
        if chosen:
            album = bench.albums.album(chosen)
        else:
            album = bench.albums.create(title, event, channels, purpose, on, until, by=visit.by)
            for file in files:
                bench.albums.add_file(album.id, file.filename or "?", file.file)
            bench.runner.begin(album.id)
        found = readiness(visit.desk, album)
        wish = Wish(
            title=title,
            requester=visit.by,
            channels=channels,
            on=on,
            event=event,
            rights=PhotoRights(
                visit.text("creator", most=200),
                visit.text("licence", most=500),
                held=bool(visit.text("held")),
            ),
            patient_context=bool(visit.text("patients")),
            purpose=purpose,
            material=material_of(found.all),
            until=until,
        )
        note = visit.text("note")
        publication = ledger.request(wish, actor_of(visit.who), note=note)
        bench.albums.store.keep_asked(publication.id, album.id)
    said = visit.words.gettext("Your request was noted. You will find here what becomes of it.")
    return visit.to("publication", said, publication=publication.id)


def publication(visit: Visit) -> Response:
    """One publication: how far it is, what is missing, and what who is signed in may do."""
    with ledger_of(visit.desk) as (ledger, registry):
        found = seen(ledger, visit.who, visit.parts["publication"])
        # Whoever only asked learns what became of it, and not who is on file or said no.
        inside = visit.may(ALL_SEEN)
        people = _people(registry, found) if inside else {}
        objections: tuple[Objection, ...] = ()
        if inside and (found.state.is_out or found.approval or found.items):
            objections = ledger.objections(
                found.items, found, found.channels, max(today(), found.on), found.until
            )
    bench = visit.desk.workbench
    album_id = bench.albums.store.album_asked(found.id)
    album = bench.albums.album(album_id) if album_id else None
    return visit.page(
        "publication.html",
        one=found,
        history=_history(found),
        inside=inside,
        album=album,
        ready=readiness(visit.desk, album) if album and visit.may_open("inbox") else None,
        objections=objections,
        people=people,
        names=_names(visit),
        ways=WAYS,
        handed_out=found.state in HANDED_OUT,
        reached=_TOWARDS.get(found.state, found.state),
        may=_possible(visit, found),
        today=today(),
        state_word=state_word,
        action_word=action_word,
        why_word=why_word,
        question_word=question,
        moment=moment,
    )


def step(visit: Visit) -> Response:
    """One step of a publication."""
    wanted = visit.needed("action", most=40)
    take = _STEPS.get(Action(wanted)) if wanted in set(Action) else None
    if take is None:
        raise InputRefusedError("choose what you decide")
    with ledger_of(visit.desk) as (ledger, _):
        before = seen(ledger, visit.who, visit.parts["publication"])
        take(visit, ledger, before)
    return visit.to("publication", visit.words.gettext("Noted."), publication=before.id)


def published_copy(visit: Visit) -> Response:
    """A copy that was handed on, as it was approved or is to be."""
    with ledger_of(visit.desk) as (ledger, _):
        found = seen(ledger, visit.who, visit.parts["publication"])
    item = item_with_copy(visit.desk, found, visit.parts["sha256"])
    return copy_of(visit, item.id, inline=visit.query.get("look") == "yes")


def tasks(visit: Visit) -> Response:
    """Everything that must be taken down, by whom and until when; it can be printed."""
    person = visit.query.get("person") or None
    with ledger_of(visit.desk) as (ledger, registry):
        rows = ledger.take_down_list(person)
        name = registry.find_person(person).name if person else None
    return visit.page(
        "tasks.html",
        rows=rows,
        person=name,
        today=today(),
        names=_names(visit),
        why_word=why_word,
    )


def find_form(visit: Visit) -> Response:
    """The form that asks whose a found picture is."""
    return visit.page("find.html", found=None, state_word=state_word)


def find(visit: Visit) -> Response:
    """The publications that a downloaded file or a screenshot may belong to."""
    file = visit.file("picture")
    if file is None:
        raise InputRefusedError("choose a file")
    with ledger_of(visit.desk) as (ledger, _):
        found = ledger.name_of(file.file.read())
    return visit.page("find.html", found=found, state_word=state_word)


def _settle(visit: Visit, ledger: Ledger, before: Publication) -> None:
    only_ready = bool(visit.text("only_ready"))
    settle(visit.desk, ledger, before, visit.who, only_ready=only_ready)


def _approve(visit: Visit, ledger: Ledger, before: Publication) -> None:
    check_same(visit.desk, before)
    ledger.approve(
        *(
            before.id,
            visit.texts("channel"),
            fields.needed_day(visit, "until"),
            actor_of(visit.who),
        ),
        today=today(),
        note=visit.text("note"),
    )


def _publish(visit: Visit, ledger: Ledger, before: Publication) -> None:
    where = (visit.needed("channel"), visit.needed("where"), visit.texts("copy"))
    on = fields.day(visit, "on") or today()
    check_not_changed(visit.desk, before)
    ledger.publish(before.id, *where, actor_of(visit.who), on=on, note=visit.text("note"))


def _withdraw(visit: Visit, ledger: Ledger, before: Publication) -> None:
    note = visit.needed("note")
    ledger.withdraw(before.id, actor_of(visit.who), today=today(), note=note)


def _take_down(visit: Visit, ledger: Ledger, before: Publication) -> None:
    note, proof = visit.text("note"), _proof(visit)
    ledger.take_down(before.id, actor_of(visit.who), on=today(), note=note, proof=proof)


def _irrecoverable(visit: Visit, ledger: Ledger, before: Publication) -> None:
    note = visit.text("note")
    ledger.irrecoverable(before.id, actor_of(visit.who), on=today(), note=note)


def _sort(visit: Visit, ledger: Ledger, before: Publication) -> None:
    action = Action(visit.needed("action"))
    ledger.sort(before.id, action, actor_of(visit.who), note=visit.text("note"))


def _end(visit: Visit, ledger: Ledger, before: Publication) -> None:
    action = Action(visit.needed("action"))
    # Whoever only asks retracts what they asked for, and nobody else's.
    if before.requested_by != visit.who.name and not visit.may(ALL_SEEN):
        raise NotAllowedError("your account may not do that; ask who runs the desk")
    ledger.end(before.id, action, actor_of(visit.who), visit.text("note"))


def _edit(visit: Visit, ledger: Ledger, before: Publication) -> None:
    rights = PhotoRights(
        visit.text("creator", most=200),
        visit.text("licence", most=500),
        held=bool(visit.text("held")),
    )
    ledger.edit(
        before.id,
        actor_of(visit.who),
        channels=visit.texts("channel"),
        on=fields.needed_day(visit, "on"),
        until=fields.day(visit, "until"),
        rights=rights,
    )


_STEPS: Mapping[Action, Callable[[Visit, Ledger, Publication], None]] = {
    Action.SETTLE: _settle,
    Action.APPROVE: _approve,
    Action.PUBLISH: _publish,
    Action.WITHDRAW: _withdraw,
    Action.TAKE_DOWN: _take_down,
    Action.IRRECOVERABLE: _irrecoverable,
    Action.REVIEW: _sort,
    Action.BLOCK: _sort,
    Action.NEED_RELEASE: _sort,
    Action.NEED_REDACTION: _sort,
    Action.DECLINE: _end,
    Action.RETRACT: _end,
    Action.EDIT: _edit,
}
"""What a person does by hand; the rest the program does, or a step of these."""


def _possible(visit: Visit, one: Publication) -> frozenset[Action]:
    """What who is signed in may do with it now."""
    roles = actor_of(visit.who).roles
    rules = [rule for (at, _), rule in TRANSITIONS.items() if at is one.state]
    return frozenset(rule.action for rule in rules if rule.roles & roles)


def _proof(visit: Visit) -> str:
    """The SHA-256 of a screenshot that came with the form; empty for none."""
    file = visit.file("proof")
    if file is None:
        return ""
    digest = hashlib.sha256()
    while block := file.file.read(2**20):
        digest.update(block)
    return digest.hexdigest()


def _history(one: Publication) -> list[tuple[Event, int]]:
    """What happened, the newest first; the same step of the same person in a row stands once."""
    said = itertools.groupby(
        reversed(one.history), key=lambda event: (event.by, event.action, event.note, event.proof)
    )
    return [(same[0], len(same)) for same in (list(group) for _, group in said)]


def _people(registry: Registry, one: Publication) -> Mapping[str, str]:
    """The names of whom it shows, by id."""
    return {id_: registry.find_person(id_).name for id_ in one.people}


def _names(visit: Visit) -> Mapping[str, str]:
    """How accounts are shown, by the names that the ledger knows."""
    names = {one.name: one.shown or one.name for one in visit.desk.accounts.all()}
    return {**names, "clearance": "Clearance"}


def moment(at: dt.datetime, words: Language) -> str:
    """A moment of the ledger as the reader's clock shows it."""
    local = at.astimezone()
    return f"{words.date(local.date())} {local:%H:%M}"
