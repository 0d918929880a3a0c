"""What holds for every request, before any page sees it, and for every answer.

The desk listens on this computer alone unless an institution decides otherwise; but any web site
that somebody has open may send requests to it. So the name it is called by must be its own (a
foreign name that points here is an attack: DNS rebinding), whatever changes something must come
from its own pages, and its answers may be shown in no other page, kept in no cache, and run no
script but the desk's own files.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, PlainTextResponse, Response

from review.errors import TooLargeError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from review.desk import Address

METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})
"""What the desk understands; no HEAD, which would run pages, no OPTIONS, no TRACE."""
SAFE = frozenset({"GET"})
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-src 'self'",
        "frame-ancestors 'self'",
        "base-uri 'none'",
    )
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    # With "no-referrer" browsers would send "Origin: null", and no form could be told apart.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "SAMEORIGIN",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "x-robots-tag": "noindex",
}
STATIC = "/static/"
PROGRAMS = "/api/"
"""Where other programs ask; they are answered in JSON."""
_STATIC_FILE = re.compile(r"/static/[a-z0-9][a-z0-9_-]*(\.[a-z0-9]+)+")
"""Names that mean the same file on every system, and none that is special on one."""
LONGEST_PATH = 1024

SLOWEST_PIECE = 20.0
"""Seconds that whoever sends something may be silent."""
LEAST_RATE = 4 * 1024
"""Bytes a second that must come on the whole, once `GRACE` seconds are over."""
GRACE = 30.0


class Guard:
    """The outermost layer: names, origins, sizes, speed, and the headers of answers."""

    def __init__(self, app: ASGIApp, address: Address, largest: int) -> None:
        """Wrap the application.

        Args:
            app: what answers.
            address: where it is reached.
            largest: bytes of a request at most, whatever it is; routes have limits of their own.
        """
        self._app = app
        self._first = address.origins[0]
        self._hosts = address.hosts
        self._scheme = "https" if address.secure else "http"
        self._headers = {**HEADERS, **_lasting(address)}
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            # Nothing of ours speaks anything else.
            return
        headers = _headers(scope)
        body = _Body(receive, self._largest, has_some=_has_body(headers))
        answer = _Answer(send, self._headers, scope["path"], body)
        refused = self._refusal(scope["method"], _asked_path(scope), headers)
        if refused:
            await _refused(scope["path"], *refused)(scope, receive, answer.send)
            return
        try:
            await self._app(scope, body.piece, answer.send)
        except Exception as error:  # noqa: BLE001 - the server would print what the error quotes
            # Most were told by the application already, which raises them once more.
            if not answer.begun:
                print(f"clearance desk: {type(error).__name__}", file=sys.stderr)  # noqa: T201
                gone = PlainTextResponse("The program has made a mistake.", 500)
                await gone(scope, receive, answer.send)

    def _refusal(
        self, method: str, path: str, headers: Mapping[str, list[str]]
    ) -> tuple[int, str] | None:
        return (
            self._wrong_address(method, path, headers)
            or self._wrong_sender(method, headers)
            or self._wrong_length(headers)
        )

    def _wrong_address(
        self, method: str, path: str, headers: Mapping[str, list[str]]
    ) -> tuple[int, str] | None:
        hosts = headers.get("host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 421, f"The desk is at {self._first}"
        if method not in METHODS:
            return 405, "That is not asked of a desk."
        if not is_plain(path) or (path.startswith(STATIC) and not _STATIC_FILE.fullmatch(path)):
            return 404, "There is no such page."
        return None

    def _wrong_sender(
        self, method: str, headers: Mapping[str, list[str]]
    ) -> tuple[int, str] | None:
        if method in SAFE and not _is_opened(headers):
            return 403, "This belongs to the desk, and to no other page."
        if method not in SAFE and not self._is_own(headers):
            return 403, "This was not sent from a page of the desk."
        return None

    def _wrong_length(self, headers: Mapping[str, list[str]]) -> tuple[int, str] | None:
        lengths = headers.get("content-length", [])
        if lengths and "transfer-encoding" in headers:
            # A proxy in front may believe the other one, and take the rest for another request.
            return 400, "Two lengths."
        if any(not one.isdecimal() or int(one[:20]) > self._largest for one in lengths):
            return 413, "Too large."
        return None

    def _is_own(self, headers: Mapping[str, list[str]]) -> bool:
        """Whether it comes from a page of the desk, or from a program and no page at all."""
        origins = headers.get("origin", [])
        if origins:
            # The very name it was sent to: under another one of this computer, or another
            # port, somebody else may be listening. "null" is what frames without a name say.
            return [one.lower() for one in origins] == [
                f"{self._scheme}://{headers['host'][0].lower()}"
            ]
        fetched = headers.get("sec-fetch-site", [])
        if fetched:
            return fetched == ["same-origin"]
        # Browsers say one of both. A program has no cookie that somebody could misuse.
        return "authorization" in headers and "cookie" not in headers


class _Body:
    """What is sent, which ends where it is too much or too slow.

    Too much is an error that the page's answer tells; whoever is too slow may not even listen.
    """

    def __init__(self, receive: Receive, largest: int, *, has_some: bool) -> None:
        self._receive = receive
        self._largest = largest
        self._got = 0
        self._waited = 0.0
        self.over = not has_some
        """Whether nothing more of it can come."""
        self._read = False

    async def piece(self) -> Message:
        """The next piece; a disconnect in place of it where patience is over."""
        if self._read:
            return await self._receive()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            message = await asyncio.wait_for(self._receive(), SLOWEST_PIECE)
        except TimeoutError:
            return {"type": "http.disconnect"}
        if message["type"] != "http.request":
            return message
        # Only the time spent waiting: a page that is busy makes nobody slow.
        self._waited += loop.time() - begun
        self._got += len(message.get("body", b""))
        self.over = self._read = not message.get("more_body", False)
        slow = self._waited > GRACE and self._got < self._waited * LEAST_RATE
        if self._got > self._largest:
            raise TooLargeError("that is larger than {most} MiB", most=self._largest // 2**20)
        if slow and not self.over:
            return {"type": "http.disconnect"}
        return message


class _Answer:
    """What goes out, with the headers that every answer has."""

    def __init__(self, send: Send, more: Mapping[str, str], path: str, body: _Body) -> None:
        self._send = send
        self._more = more
        self._static = path.startswith(STATIC)
        self._body = body
        self.begun = False

    async def send(self, message: Message) -> None:
        """One message of it."""
        if message["type"] == "http.response.start":
            self.begun = True
            own = message.get("headers", [])
            known = {name.lower() for name, _ in own}
            more = dict(self._more)
            # Pictures and names must not be found in a browser that others use afterwards.
            lasting = self._static and message["status"] == HTTPStatus.OK
            more["cache-control"] = "public, max-age=3600" if lasting else "no-store"
            if not self._body.over:
                # Whoever goes on sending although they have the answer keeps no connection.
                more["connection"] = "close"
            told = [(name.encode(), value.encode()) for name, value in more.items()]
            added = [(name, value) for name, value in told if name not in known]
            message = {**message, "headers": [*own, *added]}
        await self._send(message)


def _refused(path: str, status: int, said: str) -> Response:
    if path.startswith(PROGRAMS):
        return JSONResponse({"problem": said}, status)
    return PlainTextResponse(said, status)


def is_plain(path: str) -> bool:
    """Whether a path is one that means the same to everybody who reads it.

    No parts that climb, no empty ones (`//elsewhere` is another site), no backslash, which some
    take for a slash, and nothing that is no visible character.
    """
    parts = path.split("/")
    return (
        path.startswith("/")
        and len(path) <= LONGEST_PATH
        and path.isprintable()
        and "\\" not in path
        and not {".", ".."}.intersection(parts)
        and "" not in parts[1:-1]
    )


def _asked_path(scope: Scope) -> str:
    """The path; empty where parts of it are hidden in codes that no address of ours needs."""
    raw = scope.get("raw_path") or scope["path"].encode()
    return "" if _HIDDEN.search(raw) else str(scope["path"])


_HIDDEN = re.compile(rb"%(2e|2f|5c|25)", re.IGNORECASE)


def _is_opened(headers: Mapping[str, list[str]]) -> bool:
    """Whether a page of the desk asks, or somebody opens one: no other site looks in.

    What other pages embed or fetch comes with the cookie if they lie on this computer, on
    another port; they could not read it, and would still learn whether it is there.
    """
    site = headers.get("sec-fetch-site", [])
    if not site or site in (["same-origin"], ["none"]):
        return True
    to = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
    return to == (["navigate"], ["document"])


def _has_body(headers: Mapping[str, list[str]]) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", ["0"]) != ["0"]


def _lasting(address: Address) -> Mapping[str, str]:
    """Encrypted from now on, whatever somebody types; not for the names every computer has.

    It counts for all ports of a name, and `localhost` belongs to other programs as well.
    """
    shared = any(host.startswith(("localhost", "127.", "[::1]")) for host in address.hosts)
    if not address.secure or shared:
        return {}
    return {"strict-transport-security": "max-age=31536000"}


def _headers(scope: Scope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found
