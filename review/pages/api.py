"""What other programs ask: each answers in JSON what a command of the same name answers."""

from __future__ import annotations

import contextlib
import json
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from typer import BadParameter

from clearance.commandline import known_channels, today, version
from clearance.deciding import Question, answered
from clearance.registry_documents import expiring_document, person_document
from clearance.run_options import Order
from consent.errors import PersonUnknownError, RecordInvalidError
from consent.records import Material
from review.api import OPERATIONS, Values, description
from review.errors import (
    ConflictError,
    InputRefusedError,
    MalformedError,
    NotFoundError,
    TooLargeError,
    TypeRefusedError,
)
from review.uploads import private_folder, received

if TYPE_CHECKING:
    from starlette.responses import Response

    from review.visit import Visit

_MOST_PEOPLE = 50
_USUAL_DAYS = 60
_LARGEST_JSON = 4096
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
        found = registry.find_person(visit.parts["id"])
        if found.id.casefold() != str(visit.parts["id"]).strip().casefold():
            # A name may be somebody else's tomorrow.
            raise NotFoundError("nobody has that id")
        told = answered(question, registry.dossier(found.id), settings, visit.words)
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


def _withdrawn(visit: Visit, sent: dict[str, Any]) -> Response:
    channel = sent.pop("channel", None)
    if sent or not isinstance(channel, str | None):
        raise InputRefusedError("send nothing, or a channel: {text}", text='{"channel": "website"}')
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
                return verdict_on(sent.path, order, copy=asked.one("copy") == "true")

        return JSONResponse(await run_in_threadpool(judged))


def _check_days(asked: Values) -> None:
    until = asked.one("until")
    if until and until < (asked.one("on") or today()):
        raise InputRefusedError("until is before the day of publication")


def _asked(visit: Visit) -> Values:
    """What stands in the address, as the description of the route says."""
    return Values(OPERATIONS[visit.route].query, visit.query.multi_items())


async def _json(visit: Visit) -> dict[str, Any]:
    """The JSON that was sent; nothing is an empty object."""
    body = bytearray()
    async for piece in visit.request.stream():
        body += piece
        if len(body) > _LARGEST_JSON:
            raise TooLargeError("that is larger than {most} bytes", most=_LARGEST_JSON)
    if not body:
        return {}
    kind = visit.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise TypeRefusedError("send application/json")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedError("what was sent is no JSON that can be read") from error
    if not isinstance(told, dict):
        raise InputRefusedError("send nothing, or a channel: {text}", text='{"channel": "website"}')
    return told


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
