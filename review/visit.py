"""One request of somebody to the desk: what a page is told, and how it answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response

from review.attempts import neighbourhood
from review.errors import InputRefusedError, NotAllowedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.datastructures import FormData, QueryParams, UploadFile
    from starlette.requests import Request

    from clearance.language import Language
    from review.accounts import Account
    from review.desk import Address, Desk
    from review.roles import Role

_LONGEST_TYPED = 1000
LANGUAGE_COOKIE = "clearance_language"
NOTICE = "clearance_notice"
"""The cookie that carries one sentence to the next page: a number, no words."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cookie:
    """The cookie of a session: its name, and whether it goes over encrypted connections only."""

    name: str
    secure: bool
    proxied: bool = False
    """Whether a proxy stands between, whose address all requests have."""

    @classmethod
    def of(cls, address: Address) -> Cookie:
        """The one of an address; desks on other ports of one computer have their own."""
        # The prefix makes browsers take it from this host alone, and only encrypted.
        name = "__Host-clearance" if address.secure else f"clearance_{address.port}"
        return cls(name, address.secure, address.proxied)

    def kept(self, request: Request) -> str | None:
        """What the browser sends back; None for none.

        Cookies do not know ports: another program on this computer may set one of the same name
        for a longer path. Which of two is ours nobody can tell, so neither counts.
        """
        pairs = ";".join(request.headers.getlist("cookie")).split(";")
        found = [
            value
            for name, _, value in (pair.partition("=") for pair in pairs)
            if name.strip() == self.name
        ]
        return found[0].strip() or None if len(found) == 1 else None

    def give(self, answer: Response, secret: str) -> None:
        """Let the browser keep it until it is closed."""
        answer.set_cookie(
            self.name, secret, path="/", secure=self.secure, httponly=True, samesite="strict"
        )

    def take(self, answer: Response) -> None:
        """Let the browser forget it."""
        answer.delete_cookie(
            self.name, path="/", secure=self.secure, httponly=True, samesite="strict"
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Visit:
    """Who asks for what.

    Attributes:
        desk: everything the desk works with.
        request: as it came; pages need it for little else than headers.
        route: the name of the route.
        account: who it is; None only on pages for anybody.
        words: the language of the answer.
        parts: the parts of the path.
        form: what was sent with a form; empty for none.
        cookie: what carries the session.
        secret: of the session; None without one.
    """

    desk: Desk
    request: Request
    route: str
    account: Account | None
    words: Language
    parts: Mapping[str, Any]
    form: FormData
    cookie: Cookie
    secret: str | None = dataclasses.field(default=None, repr=False)

    @property
    def who(self) -> Account:
        """Who is signed in.

        Raises:
            NotAllowedError: nobody.
        """
        if self.account is None:
            raise NotAllowedError("sign in first")
        return self.account

    @property
    def by(self) -> str:
        """The name that stands under what is decided now.

        Raises:
            InputRefusedError: who works alone has not said their name yet.
        """
        if not self.who.shown:
            raise InputRefusedError(
                "say your name first: it stands under every decision (Settings)"
            )
        return self.who.shown

    @property
    def client(self) -> str | None:
        """Which client asks, as far as an address tells; None where it does not."""
        asking = self.request.client
        return neighbourhood(asking.host) if asking and not self.cookie.proxied else None

    @property
    def query(self) -> QueryParams:
        """What stands after the question mark."""
        return self.request.query_params

    def may(self, roles: Iterable[Role]) -> bool:
        """Whether who is signed in has one of the roles."""
        return self.account is not None and self.account.may(roles)

    def may_open(self, route: str) -> bool:
        """Whether who is signed in may ask for that; pages offer nothing else."""
        return self.may(self.desk.routes[route].roles)

    # --- what was sent --------------------------------------------------------------------

    def text(self, name: str, *, most: int = 2000) -> str:
        """A field of the form, without spaces around it; empty where there is none.

        Raises:
            InputRefusedError: it is too long, or a file.
        """
        value = self.form.get(name, "")
        if not isinstance(value, str) or len(value) > most:
            raise InputRefusedError("what stands in {field} is too long", field=name)
        return value.strip()

    def typed(self, name: str) -> str:
        """A password as it was typed: a space at its end belongs to it.

        Raises:
            InputRefusedError: it is far too long, or a file.
        """
        value = self.form.get(name, "")
        if not isinstance(value, str) or len(value) > _LONGEST_TYPED:
            raise InputRefusedError("what stands in {field} is too long", field=name)
        return value

    def needed(self, name: str, *, most: int = 2000) -> str:
        """A field that must be filled in.

        Raises:
            InputRefusedError: it is empty or too long.
        """
        value = self.text(name, most=most)
        if not value:
            raise InputRefusedError("fill in every field that is marked as needed")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Every value of a field that may stand several times, such as boxes that are ticked."""
        return tuple(value for value in self.form.getlist(name) if isinstance(value, str))

    def file(self, name: str) -> UploadFile | None:
        """A file sent with the form; None where none was chosen."""
        value = self.form.get(name)
        if value is None or isinstance(value, str) or not value.filename:
            return None
        return value

    # --- answers --------------------------------------------------------------------------

    def page(self, template: str, *, status: int = 200, **values: object) -> Response:
        """A page from a template, which also knows `visit`, `_`, `ngettext`, `words` and `url`."""
        html = self.desk.templates.get_template(template).render(
            visit=self,
            _=self.words.gettext,
            gettext=self.words.gettext,
            ngettext=self.words.ngettext,
            words=self.words,
            url=self.url,
            notice=self._notice(),
            **values,
        )
        answer = HTMLResponse(html, status)
        if NOTICE in self.request.cookies:
            answer.delete_cookie(NOTICE, path="/", httponly=True, samesite="strict")
        return answer

    def url(
        self, route: str, /, *, query: Mapping[str, object] | None = None, **parts: object
    ) -> str:
        """The address of a route of ours.

        Args:
            route: its name.
            query: what stands after the question mark; what is None is left out.
            parts: the parts of its path.

        Raises:
            KeyError: there is no such route, or a part is missing.
        """
        path = self.desk.routes[route].path.replace(":int}", "}")
        told = {name: quote(str(value), safe="") for name, value in parts.items()}
        asked = urlencode({k: v for k, v in (query or {}).items() if v is not None}, doseq=True)
        return path.format_map(told) + (f"?{asked}" if asked else "")

    def to(
        self,
        route: str,
        /,
        said: str | None = None,
        *,
        query: Mapping[str, object] | None = None,
        **parts: object,
    ) -> Response:
        """Go on to another page, after a change; `said` is told there, once."""
        answer = RedirectResponse(self.url(route, query=query, **parts), 303)
        if said:
            number = self.desk.notices.keep(said)
            answer.set_cookie(
                NOTICE, number, max_age=60, path="/", httponly=True, samesite="strict"
            )
        return answer

    def _notice(self) -> str | None:
        number = self.request.cookies.get(NOTICE)
        return self.desk.notices.take(number) if number else None
