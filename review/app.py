"""The web application: the table of `review.access` turned into routes, and what wraps each.

Every request goes one way: the guard (`review.security`), who it is, whether they may, what was
sent, the page, and an answer also where something went wrong.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount
from starlette.routing import Route as WebRoute
from starlette.staticfiles import StaticFiles

from clearance.commandline import today, words_for
from clearance.errors import ClearanceError, StepRefusedError
from clearance.language import LANGUAGES
from consent.errors import (
    ConsentError,
    DraftMissingError,
    PersonUnknownError,
    PublicationChangedError,
    PublicationUnknownError,
    RecordInvalidError,
)
from detector.errors import BackendMissingError, DetectorError, ModelMissingError
from forms.errors import FormsError
from review.access import FORM_BYTES, ROUTES, Entry, Route
from review.errors import (
    BusyError,
    ConflictError,
    DeskError,
    InputRefusedError,
    MalformedError,
    NotAllowedError,
    NotFoundError,
    SignInRefusedError,
    TooLargeError,
    TooSlowError,
    TypeRefusedError,
)
from review.security import PROGRAMS, STATIC, Guard
from review.templating import HERE
from review.visit import LANGUAGE_COOKIE, Cookie, Visit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive

    from clearance.language import Language
    from review.accounts import Account
    from review.desk import Address, Desk

OURS = (DeskError, ClearanceError, ConsentError, DetectorError, FormsError)
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (NotFoundError, 404),
    (PersonUnknownError, 404),
    (DraftMissingError, 404),
    (PublicationUnknownError, 404),
    (PublicationChangedError, 409),
    (StepRefusedError, 409),
    (RecordInvalidError, 422),
    (NotAllowedError, 403),
    (SignInRefusedError, 401),
    (TooLargeError, 413),
    (MalformedError, 400),
    (TypeRefusedError, 415),
    (ConflictError, 409),
    (TooSlowError, 408),
    (BusyError, 429),
    (DeskError, 422),
    (ModelMissingError, 503),
    (BackendMissingError, 503),
    (DetectorError, 422),
    (FormsError, 422),
    (ClearanceError, 422),
    (ConsentError, 503),
)
_MOST_FIELDS = 2000
_OURS_TO_MEND = 500
RETRY_SECONDS = 30
"""When to ask again where too much is asked at once."""


def create_app(desk: Desk, address: Address) -> ASGIApp:
    """The application of an open desk.

    Args:
        desk: what it works with.
        address: where it is reached.
    """
    door = _Door(desk, address)
    app = Starlette(
        routes=[
            *(door.web_route(route) for route in ROUTES),
            Mount(STATIC.rstrip("/"), StaticFiles(directory=HERE / "static"), name="static"),
        ],
        exception_handlers={HTTPException: door.unknown, Exception: door.broken},
    )
    # An address is right or wrong: none is guessed, and none sends anybody elsewhere.
    app.router.redirect_slashes = False
    largest = desk.settings.desk.largest_file_mib * 2**20 + FORM_BYTES
    return Guard(app, address, largest)


class _Door:
    """What stands before every page."""

    def __init__(self, desk: Desk, address: Address) -> None:
        self._own = desk
        self._cookie = Cookie.of(address)

    def _desk(self, route: Route | None) -> Desk:
        """The desk that answers; a request keeps to the one that it began with."""
        if route is not None and route.entry is Entry.PROGRAM:
            # Programs work for the institution, whatever somebody practises with.
            return self._own
        return self._own.current

    def web_route(self, route: Route) -> WebRoute:
        """A route of the table, as the framework wants it."""

        async def answer(request: Request) -> Response:
            return await self._answer(route, request)

        # The framework adds HEAD to GET; the guard lets none through.
        return WebRoute(route.path, answer, methods=[route.method], name=route.name)

    async def _answer(self, route: Route, request: Request) -> Response:
        words = self._words(request, None)
        desk = self._desk(route)
        try:
            account, secret = await run_in_threadpool(self._who, desk, route, request)
            if route.entry is not Entry.PROGRAM:
                words = self._words(request, account)
            if account is None and route.entry is not Entry.ANYBODY:
                return self._unknown_visitor(route)
            if account is not None and not account.may(route.roles):
                raise NotAllowedError("your account may not do that; ask who runs the desk")
            if not desk.has_registry and not route.without_registry:
                return self._no_registry(route)
            limited = Request(request.scope, _limited(request.receive, route.body or FORM_BYTES))
            form = FormData()
            if route.method == "POST" and not route.streams and route.entry is not Entry.PROGRAM:
                form = await _form(limited)
            try:
                visit = Visit(
                    desk=desk,
                    request=request if route.streams else limited,
                    route=route.name,
                    account=account,
                    words=words,
                    parts=request.path_params,
                    form=form,
                    cookie=self._cookie,
                    secret=secret,
                )
                return await _handled(route, visit)
            finally:
                await form.close()
        except ClientDisconnect:
            # Too slow, or gone; whoever is still there reads why.
            return await run_in_threadpool(
                self._problem, route, request, words, TooSlowError("that took too long to arrive")
            )
        except OURS as error:
            return await run_in_threadpool(self._problem, route, request, words, error)

    def _who(self, desk: Desk, route: Route, request: Request) -> tuple[Account | None, str | None]:
        if route.entry is Entry.PROGRAM:
            scheme, _, secret = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer":
                return None, None
            return desk.accounts.token(secret.strip(), today()), None
        kept = self._cookie.kept(request)
        return (desk.accounts.session(kept), kept) if kept else (None, None)

    def _words(self, request: Request, account: Account | None) -> Language:
        if account and account.language:
            return words_for(account.language)
        chosen = request.cookies.get(LANGUAGE_COOKIE)
        if chosen in LANGUAGES:
            return words_for(chosen)
        return words_for(preferred(request.headers.get("accept-language", "")))

    def _unknown_visitor(self, route: Route) -> Response:
        if route.entry is Entry.PROGRAM:
            problem = {"problem": "a token is needed: Authorization: Bearer TOKEN"}
            return JSONResponse(problem, 401, {"www-authenticate": "Bearer"})
        return RedirectResponse(self._own.routes["sign_in"].path, 303)

    def _no_registry(self, route: Route) -> Response:
        if route.entry is Entry.PROGRAM:
            return JSONResponse({"problem": "there is no registry yet"}, 503)
        return RedirectResponse(self._own.routes["welcome"].path, 303)

    def _problem(
        self, route: Route | None, request: Request, words: Language, error: Exception
    ) -> Response:
        status = next(number for kind, number in _STATUS if isinstance(error, kind))
        if (route and route.entry is Entry.PROGRAM) or _wants_json(request):
            later = {"retry-after": str(RETRY_SECONDS)} if isinstance(error, BusyError) else None
            # Where the registry lies on this machine is not for other programs.
            said = words.error(error, names=status < _OURS_TO_MEND)
            return JSONResponse({"problem": said}, status, later)
        said = words.error(error)
        return self._error_page(request, words, status, said)

    def _error_page(self, request: Request, words: Language, status: int, said: str) -> Response:
        secret = self._cookie.kept(request)
        desk = self._desk(None)
        account = desk.accounts.session(secret) if secret else None
        visit = Visit(desk, request, "", account, words, {}, FormData(), self._cookie, secret)
        return visit.page("error.html", status=status, said=said, number=status)

    async def unknown(self, request: Request, error: Exception) -> Response:
        """The answer where there is nothing of that address or method."""
        status = error.status_code if isinstance(error, HTTPException) else 404
        said = NotFoundError("there is no such page")
        words = self._words(request, None)
        if _wants_json(request):
            allowed = error.headers if isinstance(error, HTTPException) else None
            return JSONResponse({"problem": words.error(said)}, status, allowed)
        return await run_in_threadpool(self._error_page, request, words, status, words.error(said))

    async def broken(self, request: Request, error: Exception) -> Response:
        """The answer where the program has a bug: it says so, and shows nothing."""
        # Where it happened, and never what was worked on.
        frames = traceback.extract_tb(error.__traceback__)
        at = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
        print(f"clearance desk: bug: {type(error).__name__} at {at}", file=sys.stderr)  # noqa: T201
        words = self._words(request, None)
        said = words.gettext(
            "The program has made a mistake. Nothing was published or lost by it; please tell "
            "who looks after it."
        )
        if _wants_json(request):
            return JSONResponse({"problem": said}, 500)
        return await run_in_threadpool(self._error_page, request, words, 500, said)


def preferred(accepted: str) -> str:
    """The first of our languages that a browser names; English for none."""
    for part in accepted.split(","):
        code = part.split(";")[0].strip().split("-")[0].lower()
        if code in LANGUAGES:
            return code
    return "en"


async def _handled(route: Route, visit: Visit) -> Response:
    handler = route.load()
    if route.streams:
        return await cast("Callable[[Visit], Awaitable[Response]]", handler)(visit)
    return await run_in_threadpool(cast("Callable[[Visit], Response]", handler), visit)


async def _form(request: Request) -> FormData:
    try:
        return await request.form(
            max_files=_MOST_FIELDS, max_fields=_MOST_FIELDS, max_part_size=FORM_BYTES
        )
    except HTTPException as error:
        raise InputRefusedError(
            "what was sent cannot be read: {reason}", reason=str(error.detail)
        ) from error


def _limited(receive: Receive, most: int) -> Receive:
    """What is sent, refused once it is more than the route takes."""
    got = 0

    async def piece() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > most:
            raise TooLargeError("that is larger than {most} MiB", most=max(1, most // 2**20))
        return message

    return piece


def _wants_json(request: Request) -> bool:
    if request.url.path.startswith(PROGRAMS):
        return True
    return "application/json" in request.headers.get("accept", "")
