"""The one table of everything that can be asked of the desk, and who may.

The application is built from it, so nothing is reachable that does not stand here; a test walks it
with every role.
"""

from __future__ import annotations

import dataclasses
import enum
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from review.roles import EVERYBODY, Role

if TYPE_CHECKING:
    from starlette.responses import Response

    from review.visit import Visit

_R = Role
LOOKING = frozenset({_R.EDITOR, _R.APPROVER, _R.PUBLISHER, _R.PRIVACY_OFFICER, _R.AUDITOR})
"""Who sees pictures that nobody has cleared."""
EDITING = frozenset({_R.EDITOR})
CONSENTS = frozenset({_R.CONSENT_DESK, _R.PRIVACY_OFFICER})
"""Who changes what is on file about people."""
KNOWING = CONSENTS | {_R.EDITOR, _R.AUDITOR}
"""Who reads it."""


class Entry(enum.Enum):
    """How a page asks who comes."""

    ANYBODY = "anybody"
    """Also who is not signed in: the pages to sign in, and what they look like."""
    SIGNED_IN = "signed in"
    """Whoever has one of the route's roles."""
    PROGRAM = "program"
    """Programs, with a token of one of the route's roles; no cookie counts."""


@dataclasses.dataclass(frozen=True, slots=True)
class Route:
    """One thing that can be asked for.

    Attributes:
        name: by which pages link to it.
        method: GET, or POST for whatever changes something.
        path: with its parts in braces; `{name}` or `{name:int}`. Never the path of a file.
        handler: `module:function` under `review.pages`, which takes a `Visit`.
        roles: who may.
        entry: how it is asked who comes.
        body: bytes that may be sent to it, at most; 0 for the usual limit of a form.
        streams: it reads what is sent by itself, piece by piece, and is a coroutine.
        without_registry: it works where there is no registry yet.
    """

    name: str
    method: str
    path: str
    handler: str
    roles: frozenset[Role] = frozenset()
    entry: Entry = Entry.SIGNED_IN
    body: int = 0
    streams: bool = False
    without_registry: bool = False

    def load(self) -> Callable[[Visit], Response | Any]:
        """The function that answers."""
        module, _, function = self.handler.partition(":")
        found: Callable[[Visit], Response | Any] = getattr(
            importlib.import_module(f"review.pages.{module}"), function
        )
        return found


def _open(name: str, method: str, path: str, handler: str) -> Route:
    return Route(name, method, path, handler, EVERYBODY, Entry.ANYBODY, without_registry=True)


FORM_BYTES = 1024 * 1024
"""What a form sends at most."""

ENTRY_ROUTES = (
    _open("start", "GET", "/start", "entry:start"),
    _open("sign_in", "GET", "/sign-in", "entry:show"),
    _open("sign_in_now", "POST", "/sign-in", "entry:sign_in"),
    _open("language", "POST", "/language", "entry:language"),
    Route(*("sign_out", "POST", "/sign-out", "entry:sign_out", EVERYBODY), without_registry=True),
    Route(*("home", "GET", "/", "home:show", EVERYBODY)),
    Route(*("help", "GET", "/help", "home:help_page", EVERYBODY), without_registry=True),
)

ROUTES: tuple[Route, ...] = (*ENTRY_ROUTES,)
