"""Coming in and going out: the start of who works alone, signing in, the language."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse

from clearance.errors import ClearanceError
from clearance.language import LANGUAGES
from consent.errors import ConsentError
from review.errors import SignInLockedError, SignInRefusedError
from review.events import ACCOUNT_LOCKED, account_mark, note
from review.security import is_plain
from review.visit import LANGUAGE_COOKIE, NOTICE

if TYPE_CHECKING:
    from starlette.responses import Response

    from review.accounts import Account
    from review.desk import Desk
    from review.visit import Visit

_YEAR = 365 * 24 * 3600


def start(visit: Visit) -> Response:
    """Let the browser in that the program opened; the address works once."""
    if visit.account is None and not visit.desk.take_start_token(visit.query.get("token", "")):
        return visit.page("started.html", status=403)
    if visit.account is not None:
        return visit.to("home")
    return _let_in(visit, visit.desk.accounts.local())


def show(visit: Visit) -> Response:
    """The page to sign in."""
    if visit.account is not None:
        return visit.to("home")
    if not visit.desk.accounts.team:
        return visit.page("started.html", status=403)
    return visit.page("sign_in.html", problem=None, name="")


def sign_in(visit: Visit) -> Response:
    """Let in who knows the password."""
    name = visit.text("name", most=200)
    try:
        account = visit.desk.accounts.sign_in(
            name, visit.typed("password"), time.monotonic(), client=visit.client
        )
    except SignInRefusedError as error:
        problem = visit.words.error(error)
        answer = visit.page("sign_in.html", status=401, problem=problem, name=name)
        if isinstance(error, SignInLockedError):
            # Afterwards, so that nobody learns from the time whether the name exists.
            answer.background = BackgroundTask(_note_locked, visit.desk, name)
        return answer
    return _let_in(visit, account)


def _note_locked(desk: Desk, name: str) -> None:
    """Note that somebody tries passwords; of names that do not exist nothing is kept."""
    account = desk.accounts.named(name)
    # There is nobody any more who could be told.
    with contextlib.suppress(ConsentError, ClearanceError):
        if account is not None:
            note(desk, ACCOUNT_LOCKED, None, account=account_mark(account.name))


def sign_out(visit: Visit) -> Response:
    """End the session."""
    if visit.secret:
        visit.desk.accounts.end_session(visit.secret)
    answer = visit.to("sign_in")
    visit.cookie.take(answer)
    # A sentence that was meant for the page after: it may name somebody.
    answer.delete_cookie(NOTICE, path="/", httponly=True, samesite="strict")
    # What the browser may have kept in spite of all.
    answer.headers["clear-site-data"] = '"cache", "storage"'
    return answer


def language(visit: Visit) -> Response:
    """Change the language of the pages, and go back to where one was."""
    code = visit.text("code", most=5)
    back = visit.text("back", most=500)
    # Only a page of ours: "//elsewhere" and "/\\elsewhere" are other sites.
    here = back if is_plain(back) else "/"
    answer = RedirectResponse(here, 303)
    if code in LANGUAGES:
        answer.set_cookie(
            LANGUAGE_COOKIE, code, max_age=_YEAR, path="/", httponly=True, samesite="strict"
        )
        if visit.account is not None:
            visit.desk.accounts.change(visit.account.name, language=code)
    return answer


def _let_in(visit: Visit, account: Account) -> Response:
    answer = visit.to("home")
    if visit.secret:
        # What this browser was before it is no more.
        visit.desk.accounts.end_session(visit.secret)
    visit.cookie.give(answer, visit.desk.accounts.begin_session(account))
    return answer
