"""The first page: what waits to be done, by whom it can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response

    from review.visit import Visit


def show(visit: Visit) -> Response:
    """What waits."""
    return visit.page("home.html")


def help_page(visit: Visit) -> Response:
    """The keys, the words, and where more is written."""
    return visit.page("help.html")
