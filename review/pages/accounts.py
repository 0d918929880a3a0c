"""Who may sign in, and what each may do."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from review.accounts import LOCAL, SHORTEST_PASSWORD
from review.errors import AccountRefusedError, NotAllowedError
from review.events import ACCOUNT_ADDED, ACCOUNT_CHANGED, account_mark, told_and_noted
from review.pages.settings import settings_tabs
from review.roles import Role
from review.templating import role_meaning

if TYPE_CHECKING:
    from starlette.responses import Response

    from review.visit import Visit

# Without what people confuse when they type it: 0 O 1 l I.
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_GROUPS, _GROUP = 4, 5


def show(visit: Visit) -> Response:
    """Every account; a start password that was just made is shown once."""
    made = visit.desk.notices.take(visit.query.get("made", ""))
    return _page(visit, password=made)


def add(visit: Visit) -> Response:
    """A new account, with a password that is typed or made up."""
    desk, words = visit.desk, visit.words
    if desk.outer is not None:
        raise NotAllowedError("among fictional people nobody else signs in; leave them first")
    roles, typed = _roles(visit), visit.text("password", most=1000)
    try:
        if not roles:
            raise AccountRefusedError("an account needs at least one role")
        if not desk.accounts.team and Role.ADMINISTRATOR not in roles:
            raise AccountRefusedError(
                "the first account must be able to make others: make it an administrator too"
            )
        password = typed or start_password()
        made = desk.accounts.add(
            visit.text("name", most=80), visit.text("shown", most=80), password, roles
        )
    except AccountRefusedError as error:
        return _page(visit, problem=words.error(error), status=422)
    said = told_and_noted(
        visit,
        words.gettext("The account {name} was made.").format(name=made.name),
        ACCOUNT_ADDED,
        account=account_mark(made.name),
        roles=sorted(roles),
    )
    if typed:
        return visit.to("accounts", said)
    return visit.to("accounts", said, query={"made": desk.notices.keep(f"{made.name}\n{password}")})


def change(visit: Visit) -> Response:
    """Give an account other roles or a new password, close it or open it again."""
    desk, _ = visit.desk, visit.words.gettext
    name, what = visit.text("name", most=80), visit.text("do", most=20)
    known = desk.accounts.named(name)
    query: dict[str, object] = {}
    try:
        if known is None or known.name == LOCAL:
            raise AccountRefusedError("there is no account named {name}", name=name)
        match what:
            case "roles":
                roles = _roles(visit)
                if not roles:
                    raise AccountRefusedError("an account needs at least one role")
                desk.accounts.change(name, roles=roles)
            case "close" | "reopen":
                desk.accounts.change(name, closed=what == "close")
            case "password":
                password = start_password()
                desk.accounts.change(name, password=password)
                query["made"] = desk.notices.keep(f"{known.name}\n{password}")
            case _:
                raise AccountRefusedError("choose what to change")
    except AccountRefusedError as error:
        return _page(visit, problem=visit.words.error(error), status=422)
    said = told_and_noted(
        visit,
        _("The account {name} was changed; it is signed out everywhere.").format(name=known.name),
        ACCOUNT_CHANGED,
        account=account_mark(known.name),
        what=what,
    )
    return visit.to("accounts", said, query=query)


def start_password() -> str:
    """A password to hand over: 20 letters and digits, more than 115 bits."""
    return "-".join(
        "".join(secrets.choice(_LETTERS) for _letter in range(_GROUP)) for _group in range(_GROUPS)
    )


def _roles(visit: Visit) -> frozenset[Role]:
    known = set(Role)
    return frozenset(Role(one) for one in visit.texts("roles") if one in known)


def _page(
    visit: Visit, *, password: str | None = None, problem: str | None = None, status: int = 200
) -> Response:
    accounts = visit.desk.accounts
    return visit.page(
        "accounts.html",
        status=status,
        tabs=settings_tabs(visit, "accounts"),
        accounts=[one for one in accounts.all() if one.name != LOCAL],
        team=accounts.team,
        roles=[(role, role_meaning(role, visit.words)) for role in Role],
        made=password.split("\n", 1) if password else None,
        problem=problem,
        shortest=SHORTEST_PASSWORD,
        typed=_typed(visit) if problem else {"name": "", "shown": "", "roles": ()},
        outer=visit.desk.outer is not None,
    )


def _typed(visit: Visit) -> dict[str, object]:
    # Of the form that makes an account; that of a change has no field `shown`.
    if "shown" not in visit.form:
        return {"name": "", "shown": "", "roles": ()}
    return {
        "name": visit.text("name", most=1000),
        "shown": visit.text("shown", most=1000),
        "roles": visit.texts("roles"),
    }
