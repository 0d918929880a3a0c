"""The account of who is signed in: the name under decisions, the password, the language."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from review.accounts import LOCAL, SHORTEST_PASSWORD
from review.errors import AccountRefusedError, InputRefusedError, SignInRefusedError
from review.pages.settings import settings_tabs

if TYPE_CHECKING:
    from starlette.responses import Response

    from review.visit import Visit


def show(visit: Visit) -> Response:
    """Who one is here, and what one may do."""
    return _page(visit)


def rename(visit: Visit) -> Response:
    """Say another name, where one person works alone; accounts of a team keep theirs."""
    if visit.who.name != LOCAL:
        raise InputRefusedError("whoever runs the desk changes the names of accounts")
    shown = visit.text("shown", most=80)
    if not shown:
        problem = visit.words.gettext("Say your name: it stands under every decision.")
        return _page(visit, name_problem=problem, status=422)
    visit.desk.accounts.local(shown=shown)
    return visit.to("settings", visit.words.gettext("Your name was changed."))


def password(visit: Visit) -> Response:
    """Choose another password; every other browser is signed out."""
    _ = visit.words.gettext
    accounts, own = visit.desk.accounts, visit.who
    new, again = visit.text("new", most=1000), visit.text("again", most=1000)
    try:
        accounts.sign_in(own.name, visit.text("old", most=1000), time.monotonic())
    except SignInRefusedError as error:
        return _page(visit, old_problem=visit.words.error(error), status=422)
    if new != again:
        return _page(visit, new_problem=_("The two are not the same."), status=422)
    try:
        accounts.change(own.name, password=new)
    except AccountRefusedError as error:
        return _page(visit, new_problem=visit.words.error(error), status=422)
    answer = visit.to("settings", _("Your password was changed; others are signed out."))
    visit.cookie.give(answer, accounts.begin_session(own))
    return answer


def _page(
    visit: Visit,
    *,
    name_problem: str | None = None,
    old_problem: str | None = None,
    new_problem: str | None = None,
    status: int = 200,
) -> Response:
    return visit.page(
        "own_account.html",
        status=status,
        tabs=settings_tabs(visit, "settings"),
        local=visit.who.name == LOCAL,
        name_problem=name_problem,
        old_problem=old_problem,
        new_problem=new_problem,
        shortest=SHORTEST_PASSWORD,
    )
