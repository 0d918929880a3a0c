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


NO_LIMIT = 1 << 60
"""Of a route that bounds by itself what it takes; the desk's own limit holds all the same."""

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

LARGEST_PICTURE = 64 * 1024 * 1024
"""What a form with one picture sends at most."""
LARGEST_FORM = 1024 * 1024 * 1024
"""What a form with files sends at most, where no script sends them one by one."""

PICTURE_ROUTES = (
    Route("inbox", "GET", "/pictures", "inbox:show", LOOKING),
    Route("album_new", "POST", "/pictures", "inbox:add", EDITING),
    Route("album", "GET", "/pictures/{album}", "inbox:album", LOOKING),
    Route("album_state", "GET", "/pictures/{album}/state", "inbox:state", LOOKING),
    Route(
        *("receive", "POST", "/pictures/{album}/file", "inbox:receive", EDITING),
        body=NO_LIMIT,
        streams=True,
    ),
    Route(
        *("upload", "POST", "/pictures/{album}/files", "inbox:upload", EDITING),
        body=LARGEST_FORM,
    ),
    Route("album_run", "POST", "/pictures/{album}/run", "inbox:run", EDITING),
    Route("album_stop", "POST", "/pictures/{album}/stop", "inbox:stop", EDITING),
    Route("album_delete", "POST", "/pictures/{album}/delete", "inbox:delete", EDITING),
    Route("album_report", "GET", "/pictures/{album}/report", "album_report:pdf", LOOKING),
    Route("thumbnail", "GET", "/thumbnails/{item}", "inbox:thumbnail", LOOKING),
    Route("picture", "GET", "/picture/{item}", "picture:show", LOOKING),
    Route("picture_image", "GET", "/picture/{item}/image", "picture:image", LOOKING),
    Route("face", "GET", "/picture/{item}/faces/{face:int}", "picture:face", LOOKING),
    Route("portrait", "GET", "/picture/{item}/portraits/{person}", "picture:portrait", LOOKING),
    Route("preview", "GET", "/picture/{item}/preview", "picture:preview", LOOKING),
    Route("decide", "POST", "/picture/{item}/decide", "picture:decide", EDITING),
    Route("make_copy", "POST", "/picture/{item}/copy", "picture:make_copy", EDITING),
    Route("copy", "GET", "/picture/{item}/copy", "picture:copy", LOOKING),
    Route("item_delete", "POST", "/picture/{item}/delete", "picture:remove", EDITING),
    Route("make_copies", "POST", "/pictures/{album}/copies", "inbox:make_copies", EDITING),
)

ASKING = EVERYBODY - {_R.AUDITOR, _R.ADMINISTRATOR}
"""Who asks for a publication: any member of the staff."""
WATCHING = frozenset({_R.EDITOR, _R.APPROVER, _R.PUBLISHER, _R.PRIVACY_OFFICER, _R.AUDITOR})
"""Who sees what is out, and what must be taken down."""
STEPPING = EVERYBODY - {_R.AUDITOR, _R.ADMINISTRATOR, _R.CONSENT_DESK}
"""Who takes steps; which, the ledger knows for each."""

PUBLICATION_ROUTES = (
    Route("publications", "GET", "/publications", "publications:show", EVERYBODY),
    Route("ask_form", "GET", "/publications/ask", "publications:ask_form", ASKING),
    Route(*("ask", "POST", "/publications/ask", "publications:ask", ASKING), body=LARGEST_FORM),
    Route("tasks", "GET", "/publications/take-down", "publications:tasks", WATCHING),
    Route("find_form", "GET", "/publications/find", "publications:find_form", WATCHING),
    Route(
        *("find", "POST", "/publications/find", "publications:find", WATCHING),
        body=LARGEST_PICTURE,
    ),
    Route(
        *("publication", "GET", "/publications/{publication}", "publications:publication"),
        EVERYBODY,
    ),
    Route(
        *("published_copy", "GET", "/publications/{publication}/copies/{sha256}"),
        *("publications:published_copy", WATCHING),
    ),
    Route(
        *("publication_step", "POST", "/publications/{publication}", "publications:step"),
        STEPPING,
        body=LARGEST_PICTURE,
    ),
)

ROUTES: tuple[Route, ...] = (*ENTRY_ROUTES, *PICTURE_ROUTES, *PUBLICATION_ROUTES)
