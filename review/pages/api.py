"""What other programs ask: each answers in JSON what a command of the same name answers."""

from __future__ import annotations

import contextlib
import hashlib
import json
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from typer import BadParameter

from clearance.commandline import known_channels, today, version
from clearance.deciding import Question, answered
from clearance.publication_documents import (
    publication_document,
    summary_document,
    task_document,
)
from clearance.publications import Publication, State
from clearance.registry_documents import expiring_document, person_document
from clearance.run_options import Order
from consent.errors import PersonUnknownError, RecordInvalidError
from consent.records import Material, person_id_in
from review.access import KNOWING, LARGEST_PICTURE
from review.api import OPERATIONS, Values, description, sent_values
from review.errors import (
    AlbumMissingError,
    ConflictError,
    CopyMissingError,
    InputRefusedError,
    MalformedError,
    NotAllowedError,
    NotFoundError,
    TooLargeError,
    TypeRefusedError,
)
from review.pages.picture import copy_of
from review.publishing import (
    ALL_SEEN,
    actor_of,
    check_not_changed,
    item_with_copy,
    ledger_of,
    may_see,
    seen,
)
from review.uploads import private_folder, received

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from clearance.found_again import FoundAgain
    from clearance.ledger import Ledger
    from consent.registry import Registry
    from review.visit import Visit

_MOST_PEOPLE = 50
_USUAL_DAYS = 60
_LARGEST_JSON = 128 * 1024
"""Bytes; room for the digests of as many files as one publication names."""
_TO_BE_HAD = (State.APPROVED, State.PUBLISHED)
"""While it may be published: nothing that must be taken down is handed out again."""
_SHOWN = ("person", "name", "coded", "capacity", "status")
"""What a list of people says: no day of birth, no address."""


def described(visit: Visit) -> Response:
    """The description of all that follows."""
    _asked(visit)
    return JSONResponse(description())


def me(visit: Visit) -> Response:
    """Whose token it is."""
    _asked(visit)
    who = visit.who
    return JSONResponse(
        {
            "name": who.name,
            "shown": who.shown,
            "roles": sorted(who.roles),
            "version": version(),
        }
    )


def people(visit: Visit) -> Response:
    """People by a part of their name."""
    asked = _asked(visit).one("query")
    wanted = _folded(asked)
    with visit.desk.registry() as registry:
        found = [one for one in registry.people() if wanted in _folded(one.name) or one.id == asked]
    shown = [
        {key: value for key, value in person_document(one).items() if key in _SHOWN}
        for one in found[:_MOST_PEOPLE]
    ]
    return JSONResponse({"people": shown, "more": len(found) > len(shown)})


def decision(visit: Visit) -> Response:
    """Whether somebody may be published."""
    asked = _asked(visit)
    _check_days(asked)
    question = Question(
        channels=asked.all("channel"),
        purpose=asked.one("purpose"),
        material=Material(asked.one("material") or Material.PHOTO),
        event=asked.one("event"),
        on=asked.one("on"),
        until=asked.one("until"),
    )
    settings = visit.desk.settings
    with visit.desk.registry() as registry, _said():
        person = _person_in(registry, visit.parts["id"])
        told = answered(question, registry.dossier(person), settings, visit.words)
    return JSONResponse(told.document)


def expiring(visit: Visit) -> Response:
    """Forms that end soon."""
    days = _asked(visit).one("days")
    days = _USUAL_DAYS if days is None else days
    with visit.desk.registry() as registry:
        found = registry.expiring(today(), days)
    return JSONResponse({"days": days, "consents": [expiring_document(one) for one in found]})


async def withdraw(visit: Visit) -> Response:
    """Withdraw a form."""
    _asked(visit)
    sent = await _json(visit)
    return await run_in_threadpool(_withdrawn, visit, sent)


def _withdrawn(visit: Visit, sent: Values) -> Response:
    channel = sent.one("channel")
    with visit.desk.registry() as registry, _said():
        known_channels((channel,) if channel is not None else (), visit.desk.settings, visit.words)
        try:
            dossier, form = registry.consent(visit.parts["serial"])
        except RecordInvalidError as error:
            raise NotFoundError("no form with that serial is recorded") from error
        try:
            n = registry.withdraw(dossier.person.id, channel, on=today(), serial=form.serial)
        except RecordInvalidError as error:
            raise ConflictError("{reason}", reason=error) from error
    told = {"person": dossier.person.id, "channel": channel, "form": form.serial, "consents": n}
    return JSONResponse(told)


async def clear(visit: Visit) -> Response:
    """The verdict on a picture that is sent."""
    _asked(visit)
    queue = visit.desk.queue
    most = visit.desk.settings.desk.largest_file_mib * 2**20
    with queue.place(), private_folder(queue.home) as folder:
        incoming = folder / "in"
        incoming.mkdir(mode=0o700)
        sent = await received(visit.request, incoming, "file", most)
        asked = Values(OPERATIONS[visit.route].form, sent.fields)
        _check_days(asked)
        order = Order(
            channel=list(asked.all("channel")),
            purpose=asked.one("purpose"),
            event=asked.one("event"),
            on=asked.one("on"),
            until=asked.one("until"),
            max_edge=asked.one("max_edge"),
            registry=visit.desk.folder,
            as_json=True,
            lang=visit.words.code,
        )

        def judged() -> dict[str, Any]:
            from review.clearing import verdict_on

            with queue.turn(), _said():
                detector = visit.desk.detector(visit.desk.settings)
                return verdict_on(sent.path, order, detector, copy=asked.one("copy") == "true")

        return JSONResponse(await run_in_threadpool(judged))


def publications(visit: Visit) -> Response:
    """Publications, as far as whose token it is may know of them."""
    asked = _asked(visit)
    state, person = asked.one("state"), asked.one("person")
    if person is not None and not visit.may(KNOWING):
        raise NotAllowedError("your account may not ask for what shows a person")
    with ledger_of(visit.desk) as (ledger, registry), _said():
        if person is None:
            found = ledger.publications()
        else:
            found = ledger.of_person(_person_in(registry, person))
    shown = [one for one in found if may_see(visit.who, one) and state in (None, one.state)]
    return JSONResponse(
        {"publications": [summary_document(one, people=_tells(visit)) for one in shown]}
    )


def publication(visit: Visit) -> Response:
    """One publication."""
    _asked(visit)
    with ledger_of(visit.desk) as (ledger, _):
        found = seen(ledger, visit.who, visit.parts["publication"])
    return JSONResponse(publication_document(found, people=_tells(visit)))


def _tells(visit: Visit) -> bool:
    """Whether who asks may know whom a publication shows, and who said no."""
    return visit.may(ALL_SEEN)


async def published(visit: Visit) -> Response:
    """Note where approved bytes were put."""

    def step(ledger: Ledger, before: Publication, sent: Values) -> Publication:
        check_not_changed(visit.desk, before)
        return ledger.publish(
            before.id,
            sent.one("channel"),
            sent.one("where"),
            # Two files may be the same bytes.
            tuple(dict.fromkeys(sent.all("copies"))),
            actor_of(visit.who),
            on=sent.one("on") or today(),
            note=sent.one("note") or "",
        )

    return await _stepped(visit, step)


async def taken_down(visit: Visit) -> Response:
    """Note that something is gone."""

    def step(ledger: Ledger, before: Publication, sent: Values) -> Publication:
        note, proof = sent.one("note") or "", sent.one("proof") or ""
        return ledger.take_down(before.id, actor_of(visit.who), on=today(), note=note, proof=proof)

    return await _stepped(visit, step)


async def _stepped(
    visit: Visit, step: Callable[[Ledger, Publication, Values], Publication]
) -> Response:
    """The publication after a step of it."""
    _asked(visit)
    sent = await _json(visit)

    def taken() -> Publication:
        with ledger_of(visit.desk) as (ledger, _):
            return step(ledger, seen(ledger, visit.who, visit.parts["publication"]), sent)

    return JSONResponse(publication_document(await run_in_threadpool(taken)))


def copy(visit: Visit) -> Response:
    """The very bytes that were approved, while they may be published."""
    _asked(visit)
    sha256 = visit.parts["sha256"]
    with ledger_of(visit.desk) as (ledger, _):
        found = seen(ledger, visit.who, visit.parts["publication"])
    if found.state not in _TO_BE_HAD or found.approval is None:
        raise ConflictError("this publication is not approved, or must be taken down")
    if sha256 not in found.approval.copies:
        raise NotFoundError("no copy with that SHA-256 was approved")
    gone = ConflictError("this copy does not hold any more: make it and have it approved anew")
    try:
        answer = copy_of(visit, item_with_copy(visit.desk, found, sha256).id)
    except (AlbumMissingError, CopyMissingError, InputRefusedError) as error:
        raise gone from error
    if hashlib.sha256(answer.body).hexdigest() != sha256:
        # It was made anew while it was looked for.
        raise gone
    return answer


def take_downs(visit: Visit) -> Response:
    """What must be taken down, and from where."""
    _asked(visit)
    with ledger_of(visit.desk) as (ledger, _):
        tasks = ledger.tasks(today())
    return JSONResponse({"take_downs": [task_document(one) for one in tasks]})


async def find(visit: Visit) -> Response:
    """The publications that a file may belong to."""
    _asked(visit)
    queue = visit.desk.queue
    most = min(visit.desk.settings.desk.largest_file_mib * 2**20, LARGEST_PICTURE)
    with queue.place(), private_folder(queue.home) as folder:
        sent = await received(visit.request, folder, "file", most)
        Values(OPERATIONS[visit.route].form, sent.fields)

        def found() -> tuple[FoundAgain, ...]:
            with queue.turn(), ledger_of(visit.desk) as (ledger, _):
                # Its bytes alone: of what it is called nothing is believed.
                return ledger.name_of(sent.path.read_bytes())

        told = [
            {
                "publication": summary_document(one.publication),
                "file": one.item.file,
                "how": one.how.value,
                "distance": one.distance,
            }
            for one in await run_in_threadpool(found)
        ]
    return JSONResponse({"found": told})


def _person_in(registry: Registry, text: str) -> str:
    """The id of somebody, by that alone: a name may be somebody else's tomorrow.

    Raises:
        PersonUnknownError: nobody has it.
    """
    return registry.person(person_id_in(text) or text).id


def _check_days(asked: Values) -> None:
    until = asked.one("until")
    if until and until < (asked.one("on") or today()):
        raise InputRefusedError("until is before the day of publication")


def _asked(visit: Visit) -> Values:
    """What stands in the address, as the description of the route says."""
    return Values(OPERATIONS[visit.route].query, visit.query.multi_items())


async def _json(visit: Visit) -> Values:
    """What the JSON says that was sent; nothing is an empty object."""
    parameters = OPERATIONS[visit.route].body
    body = bytearray()
    async for piece in visit.request.stream():
        body += piece
        if len(body) > _LARGEST_JSON:
            raise TooLargeError("that is larger than {most} bytes", most=_LARGEST_JSON)
    if not body:
        return sent_values(parameters, {})
    kind = visit.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise TypeRefusedError("send application/json")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedError("what was sent is no JSON that can be read") from error
    return sent_values(parameters, told)


@contextlib.contextmanager
def _said() -> Iterator[None]:
    """What the command line says of its options, said of values."""
    try:
        yield
    except BadParameter as error:
        raise InputRefusedError("{reason}", reason=error.message) from error
    except PersonUnknownError as error:
        raise NotFoundError("nobody has that id") from error


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
