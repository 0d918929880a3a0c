"""A desk to be visited: by a client that needs no network, or by a real browser."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import re
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import argon2
from starlette.testclient import TestClient

from review.accounts import Account
from review.app import create_app
from review.desk import Desk
from review.roles import Role
from review.serving import Listening, address_of, bound, server
from review.visit import Cookie

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from starlette.types import ASGIApp

    from review.desk import Address

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
HASHER = argon2.PasswordHasher
"""As it is; most tests have a cheaper one."""
PASSWORD = "correct horse battery"
WIDE, NARROW = (1280, 900), (390, 844)


@dataclasses.dataclass
class Office:
    """One desk, its address, and the people who work there."""

    desk: Desk
    address: Address
    app: ASGIApp

    @classmethod
    def at(cls, folder: Path, listening: Listening | None = None) -> Office:
        """The desk of the registry in the folder."""
        desk = Desk(folder)
        address = address_of(listening or Listening(), 8477)
        return cls(desk, address, create_app(desk, address))

    @property
    def origin(self) -> str:
        return self.address.origins[0]

    def account(self, *roles: Role, name: str | None = None) -> Account:
        """Somebody with these roles."""
        called = name or "-".join(sorted(roles)) or "nobody"
        known = self.desk.accounts.named(called)
        if known:
            return known
        shown = called.replace("-", " ").title()
        return self.desk.accounts.add(called, shown, PASSWORD, roles)

    def client(self, *roles: Role, name: str | None = None, signed_in: bool = True) -> TestClient:
        """A browser without scripts, signed in as somebody with these roles."""
        made = TestClient(
            self.app,
            base_url=self.origin,
            headers={"origin": self.origin},
            follow_redirects=False,
            raise_server_exceptions=False,
        )
        if signed_in:
            account = self.account(*roles, name=name)
            secret = self.desk.accounts.begin_session(account)
            # As the desk itself sets it: else a jar would keep both, and two count as none.
            made.cookies.set(
                Cookie.of(self.address).name, secret, domain=urlsplit(self.origin).hostname or ""
            )
        return made

    @contextlib.contextmanager
    def open(
        self, listening: Listening | None = None, *, head_seconds: float = 10.0
    ) -> Iterator[Open]:
        """The desk as real browsers reach it, while the block runs."""
        listening = listening or Listening()
        with contextlib.closing(bound(dataclasses.replace(listening, port=0))) as socket:
            address = address_of(listening, socket.getsockname()[1])
            running = server(self.desk, listening, address, head_seconds=head_seconds)
            thread = threading.Thread(target=running.run, kwargs={"sockets": [socket]}, daemon=True)
            thread.start()
            try:
                while not running.started:
                    time.sleep(0.01)
                yield Open(self, address)
            finally:
                running.should_exit = True
                thread.join(10)


@dataclasses.dataclass
class Open:
    """A desk that listens."""

    office: Office
    address: Address

    @property
    def origin(self) -> str:
        return self.address.origins[0]

    @contextlib.contextmanager
    def page(
        self,
        browser: Browser,
        *roles: Role,
        name: str | None = None,
        size: tuple[int, int] = WIDE,
        dark: bool = False,
        language: str = "en",
    ) -> Iterator[Page]:
        """A browser's page, signed in as somebody with these roles; its errors are errors."""
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            locale=language,
            base_url=self.origin,
            reduced_motion="reduce",
        )
        accounts = self.office.desk.accounts
        secret = accounts.begin_session(self.office.account(*roles, name=name))
        cookie = Cookie.of(self.address).name
        context.add_cookies([{"name": cookie, "value": secret, "url": self.origin}])
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if said.type == "error" else None,
        )
        try:
            yield page
        finally:
            context.close()
        # The answer to what is refused on purpose is no complaint of the page itself.
        assert not [one for one in complaints if "status of 4" not in one]


def program(office: Office, *roles: Role, maker: Account | None = None) -> TestClient:
    """A program with a token of these roles: it has no cookie, and no page it comes from."""
    maker = maker or office.account(*Role, name="maker")
    label = "-".join(sorted(roles))
    _, secret = office.desk.accounts.add_token(label, roles, maker, dt.date(9999, 1, 1))
    client = office.client(signed_in=False)
    del client.headers["origin"]
    client.headers["authorization"] = f"Bearer {secret}"
    return client


def violations(page: Page) -> list[str]:
    """What axe finds wrong with a page, by WCAG 2.2 AA, in the scheme that it is shown in."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    return _found(page, {"type": "tag", "values": tags})


def violations_in_both(page: Page) -> list[str]:
    """As `violations`, and the colours in the other scheme: nothing else differs there."""
    found = violations(page)
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    for scheme in ("light", "dark") if dark else ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        if scheme == ("light" if dark else "dark"):
            found += _found(page, {"type": "rule", "values": ["color-contrast"]})
    return found


def _found(page: Page, only: dict[str, object]) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": only})
    return [
        f"{one['id']}: {node['html'][:160]}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


def links(html: str) -> set[str]:
    """Every address that a page names."""
    return set(re.findall(r'(?:href|src|action)="([^"]+)"', html))


def without(roles: Iterable[Role]) -> frozenset[Role]:
    """Every role but these."""
    return frozenset(Role) - frozenset(roles)
