"""What other programs sign in with."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from clearance.commandline import today
from review.errors import AccountRefusedError, NotAllowedError, NotFoundError
from review.events import TOKEN_ADDED, TOKEN_DROPPED, told_and_noted
from review.pages.settings import settings_tabs
from review.roles import Role
from review.templating import role_meaning

if TYPE_CHECKING:
    from starlette.responses import Response

    from review.accounts import ApiToken
    from review.visit import Visit

LONGEST_DAYS = 366
"""A token that nobody renews ends within a year."""


def show(visit: Visit) -> Response:
    """One's own tokens, and every one for who runs the desk; a new secret is shown once."""
    return _page(visit, secret=visit.desk.notices.take(visit.query.get("made", "")))


def add(visit: Visit) -> Response:
    """A new token, with no more roles than its maker has."""
    desk, known = visit.desk, set(Role)
    if desk.outer is not None:
        raise NotAllowedError("among fictional people nobody else signs in; leave them first")
    roles = frozenset(Role(one) for one in visit.texts("roles") if one in known)
    try:
        token, secret = desk.accounts.add_token(
            visit.text("label", most=80), roles, visit.who, _until(visit)
        )
    except AccountRefusedError as error:
        return _page(visit, problem=visit.words.error(error), status=422)
    said = told_and_noted(
        visit,
        visit.words.gettext("The token was made."),
        TOKEN_ADDED,
        token=token.id,
        roles=sorted(roles),
    )
    return visit.to("tokens", said, query={"made": desk.notices.keep(secret)})


def drop(visit: Visit) -> Response:
    """Nobody signs in with it any more."""
    wanted = visit.text("id", most=40)
    if all(one.id != wanted for one in _tokens(visit)):
        raise NotFoundError("there is no such token, or it is not yours")
    visit.desk.accounts.drop_token(wanted)
    said = visit.words.gettext("The token is of no use any more.")
    return visit.to("tokens", told_and_noted(visit, said, TOKEN_DROPPED, token=wanted))


def _until(visit: Visit) -> dt.date:
    try:
        until = dt.date.fromisoformat(visit.text("until", most=20))
    except ValueError:
        raise AccountRefusedError("say until which day the token is to work") from None
    if not today() <= until <= today() + dt.timedelta(days=LONGEST_DAYS):
        raise AccountRefusedError("a token works for a year at most, and not in the past")
    return until


def _tokens(visit: Visit) -> list[ApiToken]:
    every = visit.may({Role.ADMINISTRATOR})
    return [one for one in visit.desk.accounts.tokens() if every or one.made_by == visit.who.name]


def _page(
    visit: Visit, *, secret: str | None = None, problem: str | None = None, status: int = 200
) -> Response:
    makers = {one.name: one.shown for one in visit.desk.accounts.all()}
    own = [role for role in Role if role in visit.who.roles]
    return visit.page(
        "tokens.html",
        status=status,
        tabs=settings_tabs(visit, "tokens"),
        tokens=_tokens(visit),
        makers=makers,
        roles=[(role, role_meaning(role, visit.words)) for role in own],
        secret=secret,
        problem=problem,
        label=visit.text("label", most=1000) if problem else "",
        today=today(),
        usual=today() + dt.timedelta(days=90),
        latest=today() + dt.timedelta(days=LONGEST_DAYS),
        outer=visit.desk.outer is not None,
    )
