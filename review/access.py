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


def _program(
    name: str, method: str, path: str, roles: frozenset[Role], *, streams: bool = False
) -> Route:
    # Called by the last words of its name, as what it says of itself in the description.
    handler = f"api:{name.removeprefix('api_')}"
    return Route(name, method, f"/api/v1/{path}", handler, roles, Entry.PROGRAM, streams=streams)


INQUIRING = KNOWING | {_R.APPROVER, _R.PUBLISHER}
"""Programs that ask whether somebody may be published."""
JUDGING = EDITING | {_R.APPROVER, _R.PUBLISHER}
"""Programs that ask about a picture; the answer names people in it."""
PUBLISHING = frozenset({_R.PUBLISHER})
"""Programs that publish: they fetch what was approved, and say where they put it."""
REMOVING = PUBLISHING | {_R.PRIVACY_OFFICER}
"""Programs that say what they removed."""

PROGRAM_ROUTES = (
    dataclasses.replace(
        _program("api_described", "GET", "openapi.json", EVERYBODY), without_registry=True
    ),
    dataclasses.replace(_program("api_me", "GET", "me", EVERYBODY), without_registry=True),
    _program("api_people", "GET", "people", KNOWING),
    _program("api_decision", "GET", "people/{id}/decision", INQUIRING),
    _program("api_expiring", "GET", "consents/expiring", KNOWING),
    _program("api_withdraw", "POST", "consents/{serial}/withdraw", CONSENTS, streams=True),
    _program("api_clear", "POST", "clear", JUDGING, streams=True),
    _program("api_publications", "GET", "publications", EVERYBODY),
    _program("api_publication", "GET", "publications/{publication}", EVERYBODY),
    _program(
        *("api_published", "POST", "publications/{publication}/published", PUBLISHING),
        streams=True,
    ),
    _program(
        *("api_taken_down", "POST", "publications/{publication}/taken-down", REMOVING),
        streams=True,
    ),
    _program("api_copy", "GET", "publications/{publication}/copies/{sha256}", PUBLISHING),
    _program("api_take_downs", "GET", "take-downs", WATCHING),
    _program("api_find", "POST", "find", WATCHING, streams=True),
)

ADMINISTERING = frozenset({_R.ADMINISTRATOR})
"""Who runs the desk: accounts and settings."""
OVERSEEING = frozenset({_R.AUDITOR, _R.PRIVACY_OFFICER, _R.ADMINISTRATOR})
"""Who reads what was done, and how the registry stands."""
REPORTING = LOOKING | KNOWING | OVERSEEING
"""Who reads figures, which name nobody."""


def _first(name: str, method: str, path: str, handler: str) -> Route:
    return Route(name, method, path, handler, ADMINISTERING, without_registry=True)


WELCOME_ROUTES = (
    _first("welcome", "GET", "/welcome", "welcome:show"),
    _first("welcome_make", "POST", "/welcome", "welcome:make"),
    Route("welcome_done", "GET", "/welcome/done", "welcome:done", ADMINISTERING),
    _first("sample_enter", "POST", "/sample", "welcome:enter_sample"),
    _first("sample_leave", "POST", "/sample/leave", "welcome:leave_sample"),
)

SETTINGS_ROUTES = (
    Route("settings", "GET", "/settings", "own_account:show", EVERYBODY),
    Route("own_name", "POST", "/settings/name", "own_account:rename", EVERYBODY),
    Route("own_password", "POST", "/settings/password", "own_account:password", EVERYBODY),
    Route("rules", "GET", "/settings/rules/{section}", "settings:show", ADMINISTERING),
    Route("rules_save", "POST", "/settings/rules/{section}", "settings:save", ADMINISTERING),
    Route("accounts", "GET", "/settings/accounts", "accounts:show", ADMINISTERING),
    Route("account_add", "POST", "/settings/accounts", "accounts:add", ADMINISTERING),
    Route("account_change", "POST", "/settings/accounts/change", "accounts:change", ADMINISTERING),
    Route("tokens", "GET", "/settings/tokens", "tokens:show", EVERYBODY),
    Route("token_add", "POST", "/settings/tokens", "tokens:add", EVERYBODY),
    Route("token_drop", "POST", "/settings/tokens/drop", "tokens:drop", EVERYBODY),
)

REPORT_ROUTES = (
    Route("reports", "GET", "/reports", "reports:show", REPORTING),
    Route("health", "GET", "/reports/health", "reports:health", OVERSEEING),
    Route(
        *("delete_due", "POST", "/reports/deletions", "reports:delete_due"),
        frozenset({_R.PRIVACY_OFFICER}),
    ),
    Route("audit", "GET", "/reports/log", "audit:show", OVERSEEING),
    Route("audit_csv", "GET", "/reports/log.csv", "audit:as_csv", OVERSEEING),
    Route("audit_json", "GET", "/reports/log.json", "audit:as_json", OVERSEEING),
    Route("processing_record", "GET", "/reports/processing.pdf", "audit:record", OVERSEEING),
    Route("backup", "POST", "/reports/backup", "audit:backup", ADMINISTERING),
)

SCAN_BYTES = 64 * 1024 * 1024 + FORM_BYTES
"""What a form with one scan or portrait sends at most."""
STACK_BYTES = 512 * 1024 * 1024
"""What a form with a stack of scans sends at most."""
PRIVACY = frozenset({_R.PRIVACY_OFFICER})
"""Who stops everything, exempts, erases, and answers who asks what is held."""

_PERSON = "/people/{person}"

PEOPLE_ROUTES = (
    Route(*("people", "GET", "/people", "people:show_all", KNOWING)),
    Route(*("people_expiring", "GET", "/people/expiring", "people:expiring", KNOWING)),
    Route(*("people_expiring_csv", "GET", "/people/expiring.csv", "people:expiring_csv", KNOWING)),
    Route(*("person_new", "GET", "/people/new", "people:new", CONSENTS)),
    Route(*("person_add", "POST", "/people/new", "people:add", CONSENTS), body=SCAN_BYTES),
    Route(*("person", "GET", _PERSON, "people:show", KNOWING)),
    Route(*("person_pictures", "GET", f"{_PERSON}/pictures", "people:pictures", KNOWING)),
    Route(
        *("person_portrait", "GET", f"{_PERSON}/portraits/{{portrait}}"),
        *("people:portrait", KNOWING),
    ),
    Route(*("person_form", "GET", f"{_PERSON}/form", "people:form", KNOWING)),
    Route(
        *("person_form_page", "GET", f"{_PERSON}/form/page/{{number:int}}"),
        *("people:form_page", KNOWING),
    ),
    Route(*("person_evidence", "GET", f"{_PERSON}/form/evidence", "people:evidence", KNOWING)),
    Route(*("person_change", "POST", f"{_PERSON}/change", "people:change", CONSENTS)),
    Route(
        *("person_portrait_add", "POST", f"{_PERSON}/portraits", "people:add_portrait", CONSENTS),
        body=SCAN_BYTES,
    ),
    Route(*("person_alike", "POST", f"{_PERSON}/alike", "people:alike", CONSENTS)),
    Route(*("person_record", "GET", f"{_PERSON}/record", "people:record", CONSENTS)),
    Route(
        *("person_record_now", "POST", f"{_PERSON}/record", "people:record_now", CONSENTS),
        body=SCAN_BYTES,
    ),
    Route(*("person_withdraw", "POST", f"{_PERSON}/withdraw", "people:withdraw", CONSENTS)),
    Route(*("person_refuse", "POST", f"{_PERSON}/refuse", "people:refuse", CONSENTS)),
    Route(*("person_take_back", "POST", f"{_PERSON}/take-back", "people:take_back", CONSENTS)),
    Route(*("person_hold", "POST", f"{_PERSON}/hold", "people:hold", PRIVACY)),
    Route(*("person_lift", "POST", f"{_PERSON}/lift", "people:lift", PRIVACY)),
    Route(*("person_exempt", "POST", f"{_PERSON}/exempt", "people:exempt", PRIVACY)),
    Route(
        *("person_exempt_end", "POST", f"{_PERSON}/exempt/end", "people:end_exemptions", PRIVACY)
    ),
    Route(*("person_erase", "GET", f"{_PERSON}/erase", "people:erase", PRIVACY)),
    Route(*("person_erase_now", "POST", f"{_PERSON}/erase", "people:erase_now", PRIVACY)),
    Route(*("person_export", "POST", f"{_PERSON}/export", "people:export", PRIVACY)),
)

_DRAFT = "/forms/drafts/{serial}"

FORMS_ROUTES = (
    Route(*("forms", "GET", "/forms", "forms:show", CONSENTS)),
    Route(*("forms_print", "GET", "/forms/print", "forms:printing", CONSENTS)),
    Route(
        *("forms_print_now", "POST", "/forms/print", "forms:print_now", CONSENTS), body=SCAN_BYTES
    ),
    Route(*("forms_read", "POST", "/forms/read", "forms:read", CONSENTS), body=STACK_BYTES),
    Route(*("forms_reading", "GET", "/forms/reading/{reading}", "forms:reading", CONSENTS)),
    Route(*("draft", "GET", _DRAFT, "forms:draft", CONSENTS)),
    Route(*("draft_page", "GET", f"{_DRAFT}/page/{{number:int}}", "forms:draft_page", CONSENTS)),
    Route(*("draft_portrait", "GET", f"{_DRAFT}/portrait", "forms:draft_portrait", CONSENTS)),
    Route(*("draft_confirm", "POST", f"{_DRAFT}/confirm", "forms:confirm_draft", CONSENTS)),
    Route(*("draft_drop", "POST", f"{_DRAFT}/drop", "forms:drop_draft", CONSENTS)),
)

_SIGNING = "/forms/sign/{signing}"

SIGN_ROUTES = (
    Route(*("signings", "GET", "/forms/sign", "sign:show_all", CONSENTS)),
    Route(*("signing_open", "POST", "/forms/sign", "sign:open_form", CONSENTS)),
    Route(*("signing", "GET", _SIGNING, "sign:show", CONSENTS)),
    Route(*("signing_code", "GET", f"{_SIGNING}/code.svg", "sign:code", CONSENTS)),
    Route(*("signing_close", "POST", f"{_SIGNING}/close", "sign:close", CONSENTS)),
    # For whoever holds the secret of the address, which opens one form, once, and nothing else.
    _open("sign", "GET", "/sign/{token}", "sign:form"),
    _open("sign_now", "POST", "/sign/{token}", "sign:sign"),
    _open("sign_hand_over", "POST", "/sign/{token}/hand-over", "sign:hand_over"),
    _open("sign_thanks", "GET", "/sign/{token}/thanks", "sign:thanks"),
    _open("sign_copy", "GET", "/sign/{token}/copy", "sign:copy"),
    _open("sign_done", "POST", "/sign/{token}/done", "sign:done"),
)

ROUTES: tuple[Route, ...] = (
    *ENTRY_ROUTES,
    *WELCOME_ROUTES,
    *PICTURE_ROUTES,
    *PEOPLE_ROUTES,
    *FORMS_ROUTES,
    *SIGN_ROUTES,
    *PUBLICATION_ROUTES,
    *REPORT_ROUTES,
    *SETTINGS_ROUTES,
    *PROGRAM_ROUTES,
)
