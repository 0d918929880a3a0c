"""What holds for every request, before any page sees it, and for every answer.

The desk listens on this computer alone unless an institution decides otherwise; but any web site
that somebody has open may send requests to it. So the name it is called by must be its own (a
foreign name that points here is an attack: DNS rebinding), whatever changes something must come
from its own pages, and its answers may be shown in no other page, kept in no cache, and run no
script but the desk's own files.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from review.desk import Address

SAFE = frozenset({"GET", "HEAD"})
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
        self._hosts = address.hosts
        self._origins = frozenset(origin.lower() for origin in address.origins)
        self._secure = address.secure
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
        refused = self._refusal(scope["method"], headers)
        answer = self._with_headers(scope["path"], send)
        if refused:
            await PlainTextResponse(refused[1], refused[0])(scope, receive, answer)
            return
        await self._app(scope, self._bounded(receive), answer)

    def _refusal(self, method: str, headers: Mapping[str, list[str]]) -> tuple[int, str] | None:
        hosts = headers.get("host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 421, "This is not the desk you are looking for."
        if method not in SAFE and not self._is_own(headers):
            return 403, "This was not sent from a page of the desk."
        lengths = headers.get("content-length", [])
        if any(not one.isdecimal() or int(one) > self._largest for one in lengths):
            return 413, "Too large."
        return None

    def _is_own(self, headers: Mapping[str, list[str]]) -> bool:
        """Whether it comes from a page of the desk, or from a program and no page at all."""
        origins = headers.get("origin", [])
        if origins:
            return len(origins) == 1 and origins[0].lower() in self._origins
        fetched = headers.get("sec-fetch-site", [])
        if fetched:
            return fetched == ["same-origin"]
        # Browsers say one of both. A program has no cookie that somebody could misuse.
        return "authorization" in headers and "cookie" not in headers

    def _bounded(self, receive: Receive) -> Receive:
        """What is sent, which ends where it is too much or too slow."""
        loop = asyncio.get_running_loop()
        begun, got = loop.time(), 0
        over = False

        async def piece() -> Message:
            nonlocal got, over
            if over:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), SLOWEST_PIECE)
            except TimeoutError:
                return {"type": "http.disconnect"}
            if message["type"] != "http.request":
                return message
            got += len(message.get("body", b""))
            over = not message.get("more_body", False)
            late = loop.time() - begun
            if got > self._largest or (late > GRACE and got < late * LEAST_RATE and not over):
                return {"type": "http.disconnect"}
            return message

        return piece

    def _with_headers(self, path: str, send: Send) -> Send:
        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = {name.lower() for name, _ in message.get("headers", [])}
                more = dict(HEADERS)
                # Pictures and names must not be found in a browser that others use afterwards.
                more["cache-control"] = (
                    "public, max-age=3600" if path.startswith(STATIC) else "no-store"
                )
                if self._secure:
                    more["strict-transport-security"] = "max-age=31536000"
                message = {
                    **message,
                    "headers": [
                        *message.get("headers", []),
                        *(
                            (name.encode(), value.encode())
                            for name, value in more.items()
                            if name.encode() not in known
                        ),
                    ],
                }
            await send(message)

        return answered


def _headers(scope: Scope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found
