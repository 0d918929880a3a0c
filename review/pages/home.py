"""The first page: what waits to be done, by whom it can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clearance.errors import ClearanceError
from clearance.results import Outcome
from consent.errors import ConsentError
from review.publishing import ledger_of
from review.roles import Role
from review.templating import role_meaning
from review.waiting import Waiting, first_open, waiting_for

if TYPE_CHECKING:
    from starlette.responses import Response

    from review.visit import Visit

GUIDE = "docs/guide.md"
DESK_GUIDES = {"fr": "docs/guide-desk.fr.md", "de": "docs/guide-desk.de.md"}


def show(visit: Visit) -> Response:
    """What waits, or what to do first."""
    waiting: list[Waiting] = []
    people, problem = 0, None
    try:
        # A day or a withdrawal since the last look at the ledger may have opened a task.
        with ledger_of(visit.desk) as (_, registry):
            people = registry.figures().people
            waiting = waiting_for(visit, registry)
    except (ConsentError, ClearanceError) as error:
        # Somebody must be able to get to the settings from here.
        problem = visit.words.error(error)
    return visit.page(
        "home.html",
        status=503 if problem else 200,
        waiting=waiting,
        people=people,
        problem=problem,
        print_forms=first_open(visit, "forms", "forms_print"),
        drop_pictures=first_open(visit, "inbox", "albums"),
        practising=visit.desk.outer is not None,
    )


def help_page(visit: Visit) -> Response:
    """The keys, the words, and where more is written."""
    return visit.page(
        "help.html",
        outcomes=tuple(Outcome),
        roles=[(role, role_meaning(role, visit.words)) for role in Role],
        guide=DESK_GUIDES.get(visit.words.code, GUIDE),
        practise=visit.may_open("sample_enter") and visit.desk.may_practise,
    )
