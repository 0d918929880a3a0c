"""The desk's door, as somebody tries it who should not come in.

By one who sits in the same network, a web site that is open in the same browser, a program on
another port of the same computer, and whoever uses the browser afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from consent.registry import DATABASE_NAME
from review import app, connections, security
from review.pages import home
from review.roles import Role
from review.serving import Listening
from review.visit import NOTICE, Cookie, Visit
from tests.review.office import PASSWORD, Office
from tests.review.wire import answer_to, line_to, rest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from starlette.responses import Response
    from starlette.types import Message, Receive, Scope, Send

    from tests.review.office import Open

PAGE = "/help"
"""A page that everybody sees who is signed in, also without a registry."""


@pytest.fixture
def door(tmp_path: Path) -> Office:
    """A desk without a registry, which opens at once."""
    return Office.at(tmp_path / "desk")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """One for all who only knock."""
    return Office.at(tmp_path_factory.mktemp("shared") / "desk")


@pytest.fixture(scope="module")
def listening(shared: Office) -> Iterator[Open]:
    """The same, behind a real server."""
    with shared.open() as opened:
        yield opened


def is_signed_in(client: TestClient) -> bool:
    return client.get(PAGE).status_code == 200


# --- by which name ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8477",
        "127.0.0.1",
        "127.0.0.1:8478",
        "127.0.0.1:8477.",
        "127.0.0.1.:8477",
        "127.0.0.1:08477",
        "user@127.0.0.1:8477",
        "127.0.0.1:8477@evil.example",
        "127.1:8477",
        "localhost:8477",
        "[::1]:8477",
        "",
    ],
)
def test_a_foreign_name_that_points_here_gets_nothing(shared: Office, host: str) -> None:
    answer = shared.client(Role.EDITOR).get(PAGE, headers={"host": host})
    assert answer.status_code == 421
    assert answer.headers["cache-control"] == "no-store"


def test_its_own_name_counts_in_any_case(tmp_path: Path) -> None:
    office = Office.at(tmp_path, Listening(origin="https://Desk.Example.org:443/"))
    assert office.origin == "https://desk.example.org"
    client = office.client(Role.EDITOR)
    # By the name as browsers write it, and as some proxy passes it on.
    assert client.get(PAGE, headers={"host": "DESK.example.org"}).status_code == 200


def test_two_names_are_one_too_many(listening: Open) -> None:
    host = urlsplit(listening.origin).netloc
    own = answer_to(listening.origin, "GET /static/icon.svg HTTP/1.1", f"Host: {host}")
    assert own.status == 200
    two = answer_to(
        listening.origin, "GET /sign-in HTTP/1.1", f"Host: {host}", "Host: evil.example"
    )
    assert two.status in (400, 421)
    none = answer_to(listening.origin, "GET /sign-in HTTP/1.0")
    assert none.status == 421


@pytest.mark.parametrize(
    "target",
    ["http://evil.example/help", "//evil.example/help", "http://127.0.0.1/help", "evil.example:80"],
)
def test_a_target_is_a_path_and_no_address(listening: Open, target: str) -> None:
    host = urlsplit(listening.origin).netloc
    reply = answer_to(listening.origin, f"GET {target} HTTP/1.1", f"Host: {host}")
    assert reply.status in (400, 404)
    assert "location:" not in reply.head


# --- what is asked ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "CONNECT"])
def test_other_methods_are_not_there(shared: Office, method: str) -> None:
    client = shared.client(Role.EDITOR)
    for path in (PAGE, "/static/desk.css", "/start"):
        assert client.request(method, path).status_code == 405


def test_a_look_at_the_head_of_the_start_page_does_not_use_it_up(door: Office) -> None:
    token = door.desk.new_start_token()
    client = door.client(signed_in=False)
    client.head(f"/start?token={token}")
    assert client.get(f"/start?token={token}").headers["location"] == "/"


def test_no_header_and_no_field_makes_another_method_of_one(shared: Office) -> None:
    client = shared.client(Role.EDITOR)
    for header in ("x-http-method-override", "x-method-override", "x-http-method"):
        assert client.get("/sign-out?_method=POST", headers={header: "POST"}).status_code == 405
    assert is_signed_in(client)


HIDING = [
    "/static/%2e%2e/app.py",
    "/static/..%2fapp.py",
    "/static/..%5capp.py",
    "/static/%252e%252e/app.py",
    "/static/desk.css%00.png",
    "/static/desk.css::$DATA",
    "/static/DESK.CSS",
    "/static/con",
    "/static//desk.css",
    "/static/./desk.css",
    "/static/",
    "/static/" + "a" * 300 + ".css",
    "/help%00",
    "/help%0d%0aset-cookie:a=b",
    "/%68elp/..",
    "/he%2flp",
    "/help/",
    "/help\\",
    "//help",
    "/" + "a" * 5000,
    "/%ff%fe",
    "/help\x7f",
    "",
]


@pytest.mark.parametrize("path", HIDING[:-2])
def test_a_path_that_hides_something_is_no_page(listening: Open, path: str) -> None:
    host = urlsplit(listening.origin).netloc
    reply = answer_to(listening.origin, f"GET {path} HTTP/1.1", f"Host: {host}")
    assert reply.status in (400, 404)
    assert "location:" not in reply.head


@pytest.mark.parametrize("path", HIDING)
def test_no_page_has_to_see_such_a_path(shared: Office, path: str) -> None:
    seen: list[str] = []

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["path"])

    guarded = security.Guard(page, shared.address, 1000)
    scope = {
        "type": "http",
        "method": "GET",
        "path": unquote(path),
        "raw_path": path.encode(),
        "headers": [(b"host", urlsplit(shared.origin).netloc.encode())],
    }
    told: list[Message] = []

    async def answered(message: Message) -> None:
        told.append(message)

    async def nothing() -> Message:
        return {"type": "http.request"}

    # In a thread of its own: in this one a browser's loop may be running.
    with ThreadPoolExecutor(1) as alone:
        alone.submit(asyncio.run, guarded(scope, nothing, answered)).result()
    if seen and path not in HIDING[:10]:
        # Nothing hidden: the pages themselves know no such address.
        assert security.is_plain(seen[0])
        assert path in ("/help/", "/%ff%fe") or path.endswith("a.css")
        return
    assert not seen
    assert told[0]["status"] == 404


def test_the_desks_own_files_are_there(listening: Open) -> None:
    host = urlsplit(listening.origin).netloc
    for name in ("desk.css", "desk.js", "icon.svg", "icons.svg"):
        reply = answer_to(listening.origin, f"GET /static/{name} HTTP/1.1", f"Host: {host}")
        assert reply.status == 200


def test_every_file_of_ours_has_a_name_that_is_served() -> None:
    for path in (Path(security.__file__).parent / "static").rglob("*"):
        assert security._STATIC_FILE.fullmatch(f"/static/{path.name}"), path


def test_two_lengths_are_one_too_many(listening: Open) -> None:
    host = urlsplit(listening.origin).netloc
    reply = answer_to(
        listening.origin,
        "POST /sign-in HTTP/1.1",
        f"Host: {host}",
        f"Origin: {listening.origin}",
        "Content-Length: 4",
        "Transfer-Encoding: chunked",
        body=b"0\r\n\r\nGET /help HTTP/1.1\r\n\r\n",
    )
    assert reply.status == 400
    assert reply.data.count(b"HTTP/1.1 ") == 1


# --- who sends it -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:9999",
        "https://127.0.0.1:8477",
        "http://localhost:8477",
        "http://[::1]:8477",
        "http://127.0.0.1:8477.evil.example",
        "http://127.0.0.1:8477 http://evil.example",
        "file://",
    ],
)
def test_no_other_site_signs_anybody_out(shared: Office, origin: str) -> None:
    client = shared.client(Role.EDITOR)
    # What else the browser says does not outweigh it.
    more = {"origin": origin, "sec-fetch-site": "same-origin"}
    assert client.post("/sign-out", headers=more).status_code == 403
    assert is_signed_in(client)
    del client.headers["origin"]
    assert client.post("/sign-out", headers={"origin": shared.origin}).status_code == 303
    assert not is_signed_in(client)


@pytest.mark.parametrize("site", [None, "cross-site", "same-site", "none"])
def test_what_comes_from_no_page_of_the_desk_changes_nothing(
    shared: Office, site: str | None
) -> None:
    client = shared.client(Role.EDITOR)
    del client.headers["origin"]
    more = {"sec-fetch-site": site} if site else {}
    assert client.post("/sign-out", headers=more).status_code == 403
    assert is_signed_in(client)
    assert client.post("/sign-out", headers={"sec-fetch-site": "same-origin"}).status_code == 303


def test_a_token_beside_a_cookie_opens_no_form(shared: Office) -> None:
    client = shared.client(Role.EDITOR)
    del client.headers["origin"]
    assert client.post("/sign-out", headers={"authorization": "Bearer x"}).status_code == 403
    assert is_signed_in(client)


def test_no_other_site_signs_anybody_in(shared: Office) -> None:
    shared.account(Role.EDITOR, name="mallory")
    client = shared.client(signed_in=False)
    sent = {"name": "mallory", "password": PASSWORD}
    answer = client.post("/sign-in", data=sent, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(
    ("mode", "dest"),
    [("no-cors", "image"), ("no-cors", "script"), ("cors", "empty"), ("navigate", "iframe")],
)
def test_no_other_page_looks_in(shared: Office, site: str, mode: str, dest: str) -> None:
    client = shared.client(Role.EDITOR)
    told = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest}
    assert client.get(PAGE, headers=told).status_code == 403
    told = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert client.get(PAGE, headers=told).status_code == 200


def test_the_browser_is_told_to_show_it_nowhere_else_and_to_keep_nothing(shared: Office) -> None:
    client = shared.client(Role.EDITOR)
    for answer in (
        client.get(PAGE),
        client.get("/nothing"),
        client.get(PAGE, headers={"host": "evil.example"}),
        client.post("/sign-out", headers={"origin": "null"}),
        client.get("/static/nothing.css"),
        client.get("/api/v1/me"),
        shared.client(signed_in=False).get(PAGE),
    ):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers
    assert "max-age" in client.get("/static/desk.css").headers["cache-control"]


def test_encryption_is_remembered_for_a_name_of_its_own_only(tmp_path: Path) -> None:
    named = Office.at(tmp_path / "a", Listening(origin="https://desk.example.org"))
    assert "strict-transport-security" in named.client(signed_in=False).get("/sign-in").headers
    # Else every other program on this computer would have to encrypt.
    here = Office.at(tmp_path / "b", Listening(certificate=Path("never-read.pem")))
    assert here.origin == "https://127.0.0.1:8477"
    assert "strict-transport-security" not in here.client(signed_in=False).get("/sign-in").headers


# --- cookies and sessions ---------------------------------------------------------------


def test_a_second_cookie_of_that_name_makes_both_worthless(shared: Office) -> None:
    client = shared.client(Role.EDITOR)
    name = Cookie.of(shared.address).name
    (mine,) = [one.value for one in client.cookies.jar if one.name == name]
    client.cookies.clear()
    own = f"{name}={mine}"
    assert client.get(PAGE, headers={"cookie": own}).status_code == 200
    for tossed in (f"{name}=theirs; {own}", f"{own}; {name}=theirs", f"{own}; {own}"):
        assert client.get(PAGE, headers={"cookie": tossed}).status_code == 303


def test_the_cookie_is_for_the_desk_alone(door: Office, tmp_path: Path) -> None:
    given = door.client(signed_in=False).get(f"/start?token={door.desk.new_start_token()}")
    cookie = given.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "domain" not in cookie
    assert "max-age" not in cookie
    assert "expires" not in cookie
    assert "secure" not in cookie
    behind = Office.at(tmp_path / "proxied", Listening(origin="https://desk.example.org"))
    behind.account(Role.EDITOR, name="erika")
    sent = {"name": "erika", "password": PASSWORD}
    cookie = behind.client(signed_in=False).post("/sign-in", data=sent).headers["set-cookie"]
    assert cookie.startswith("__Host-clearance=")
    assert "; Secure" in cookie
    assert "; Path=/" in cookie
    assert "Domain" not in cookie


def test_whoever_signs_in_gets_a_new_session_and_the_old_one_ends(door: Office) -> None:
    client = door.client(Role.EDITOR, name="planted")
    name = Cookie.of(door.address).name
    (planted,) = [one.value for one in client.cookies.jar if one.name == name]
    door.account(Role.APPROVER, name="victim")
    answer = client.post("/sign-in", data={"name": "victim", "password": PASSWORD})
    assert f"{name}={planted}" not in answer.headers["set-cookie"]
    assert door.desk.accounts.session(str(planted)) is None
    # Nor is what somebody else made up taken for a session.
    fixed = door.client(signed_in=False)
    fixed.cookies.set(name, "made-up")
    answer = fixed.post("/sign-in", data={"name": "victim", "password": PASSWORD})
    assert "made-up" not in answer.headers["set-cookie"]
    assert door.desk.accounts.session("made-up") is None


def test_the_start_address_works_once_and_a_wrong_one_does_not_use_it_up(door: Office) -> None:
    token = door.desk.new_start_token()
    for wrong in ("", "x", token[:-1], f"{token}x", "é", token.swapcase()):
        answer = door.client(signed_in=False).get("/start", params={"token": wrong})
        assert answer.status_code == 403
    first = door.client(signed_in=False).get(f"/start?token={token}")
    assert first.headers["location"] == "/"
    assert token not in first.text
    assert first.headers["referrer-policy"] == "same-origin"
    again = door.client(signed_in=False).get(f"/start?token={token}")
    assert again.status_code == 403
    assert "set-cookie" not in again.headers


def test_the_start_address_lets_nobody_in_where_people_have_passwords(door: Office) -> None:
    token = door.desk.new_start_token()
    door.account(Role.ADMINISTRATOR)
    assert door.client(signed_in=False).get(f"/start?token={token}").status_code == 403


def test_a_new_start_ends_what_an_earlier_one_let_in(door: Office) -> None:
    client = door.client(signed_in=False)
    client.get(f"/start?token={door.desk.new_start_token()}")
    assert is_signed_in(client)
    door.desk.new_start_token()
    assert not is_signed_in(client)


def test_signing_out_leaves_nothing(shared: Office) -> None:
    client = shared.client(Role.EDITOR)
    client.cookies.set(NOTICE, shared.desk.notices.keep("Withdrawn for Anna Keller."))
    answer = client.post("/sign-out")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    # The next who uses this browser must not be told what was meant for the one before.
    gone = {
        cookie.partition("=")[0]
        for cookie in answer.headers.get_list("set-cookie")
        if "max-age=0" in cookie.lower()
    }
    assert gone == {NOTICE, Cookie.of(shared.address).name}
    assert not is_signed_in(client)


def test_a_page_that_the_browser_kept_is_asked_for_again(listening: Open, browser: Browser) -> None:
    with listening.page(browser, Role.EDITOR) as page:
        page.goto(PAGE)
        with page.expect_navigation():
            page.evaluate(
                "window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))"
            )
        page.context.clear_cookies()
        page.goto("/sign-in")
        page.go_back()
        # Also where it comes from no memory of the browser.
        assert page.locator("nav.main-nav").count() == 0


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "/\t/evil.example",
        "/a//evil.example",
        "javascript:alert(1)",
        "/../..//evil.example",
        "evil.example",
    ],
)
def test_changing_the_language_leads_to_no_other_site(shared: Office, back: str) -> None:
    client = shared.client(Role.EDITOR)
    answer = client.post("/language", data={"code": "fr", "back": back})
    assert answer.headers["location"] == "/"
    answer = client.post("/language", data={"code": "fr", "back": "/help"})
    assert answer.headers["location"] == "/help"


def test_a_path_with_a_slash_at_its_end_leads_nowhere(shared: Office) -> None:
    answer = shared.client(Role.EDITOR).get("/help/")
    assert answer.status_code == 404
    assert "location" not in answer.headers


# --- what goes wrong --------------------------------------------------------------------


def test_a_bug_tells_nobody_what_was_worked_on(
    door: Office,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(visit: Visit) -> Response:
        raise ValueError("Anna Keller")

    monkeypatch.setattr(home, "help_page", fails)
    host = urlsplit(door.origin).netloc
    secret = door.desk.accounts.begin_session(door.account(Role.EDITOR))
    with door.open() as opened:
        host = urlsplit(opened.origin).netloc
        cookie = f"{Cookie.of(opened.address).name}={secret}"
        reply = answer_to(opened.origin, "GET /help HTTP/1.1", f"Host: {host}", f"Cookie: {cookie}")
    assert reply.status == 500
    told = capfd.readouterr()
    said = reply.data.decode() + told.out + told.err + caplog.text
    assert "Anna" not in said
    assert "Traceback" not in said
    assert "clearance desk: bug: ValueError" in told.err


def test_programs_are_not_told_where_the_registry_lies(registry: Path) -> None:
    office = Office.at(registry)
    (registry / DATABASE_NAME).write_bytes(b"broken" * 1000)
    client = token_client(office, Role.EDITOR)
    answer = client.get("/api/v1/people?query=an")
    assert answer.status_code == 503
    assert str(registry) not in answer.text


def token_client(office: Office, *roles: Role) -> TestClient:
    maker = office.account(*roles)
    _, secret = office.desk.accounts.add_token("test", roles, maker, dt.date(9999, 1, 1))
    client = office.client(signed_in=False)
    client.headers["authorization"] = f"Bearer {secret}"
    return client


# --- too slow, too much -----------------------------------------------------------------


def test_whoever_says_nothing_loses_the_line(door: Office) -> None:
    with door.open(head_seconds=0.3) as opened, line_to(opened.origin) as line:
        assert not rest_of(line).data


def test_a_head_that_never_ends_loses_the_line(door: Office) -> None:
    with door.open(head_seconds=0.5) as opened, line_to(opened.origin) as line:
        host = urlsplit(opened.origin).netloc
        _trickle(line, f"GET /sign-in HTTP/1.1\r\nHost: {host}\r\nX: ".encode())


def test_the_second_head_on_a_line_must_end_as_well(door: Office) -> None:
    with door.open(head_seconds=0.5) as opened, line_to(opened.origin) as line:
        host = urlsplit(opened.origin).netloc
        line.sendall(f"GET /static/icon.svg HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert b"200" in line.recv(65536)
        _trickle(line, f"GET /sign-in HTTP/1.1\r\nHost: {host}\r\nX: ".encode())


def _trickle(line: socket.socket, head: bytes) -> None:
    """Send a letter now and then, until the other side hangs up."""
    line.sendall(head)
    line.settimeout(0.05)
    for _ in range(200):
        try:
            line.sendall(b"x")
            if not line.recv(65536):
                return
        except TimeoutError:
            continue
        except ConnectionError:
            return
    pytest.fail("it listens for ever")


def test_a_body_that_never_ends_is_not_waited_for(
    listening: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(security, "SLOWEST_PIECE", 0.3)
    host = urlsplit(listening.origin).netloc
    with line_to(listening.origin) as line:
        line.sendall(
            f"POST /sign-in HTTP/1.1\r\nHost: {host}\r\nOrigin: {listening.origin}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            "Content-Length: 100\r\n\r\nname=".encode()
        )
        reply = rest_of(line)
    assert reply.status == 408
    assert "connection: close" in reply.head


def test_a_body_that_trickles_is_not_waited_for(
    listening: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(security, "GRACE", 0.3)
    host = urlsplit(listening.origin).netloc
    with line_to(listening.origin) as line:
        head = (
            f"POST /sign-in HTTP/1.1\r\nHost: {host}\r\nOrigin: {listening.origin}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\n"
        )
        _trickle(line, head.encode())


def test_who_is_refused_before_the_end_cannot_go_on_sending(listening: Open) -> None:
    host = urlsplit(listening.origin).netloc
    with line_to(listening.origin) as line:
        line.sendall(
            f"POST /sign-in HTTP/1.1\r\nHost: {host}\r\nOrigin: null\r\n"
            "Content-Length: 100000\r\n\r\n".encode()
        )
        reply = rest_of(line)
    assert reply.status == 403
    assert "connection: close" in reply.head


@pytest.mark.parametrize("chunked", [False, True])
def test_more_than_a_route_takes_is_refused(
    shared: Office, monkeypatch: pytest.MonkeyPatch, chunked: bool
) -> None:
    monkeypatch.setattr(app, "FORM_BYTES", 1000)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    body = b"name=" + b"x" * 2000
    content = iter([body[:1500], body[1500:]]) if chunked else body
    answer = shared.client(signed_in=False).post("/sign-in", content=content, headers=kind)
    assert answer.status_code == 413


def test_a_length_beyond_all_is_refused_before_anything_is_sent(listening: Open) -> None:
    host = urlsplit(listening.origin).netloc
    with line_to(listening.origin) as line:
        line.sendall(
            f"POST /sign-in HTTP/1.1\r\nHost: {host}\r\nOrigin: {listening.origin}\r\n"
            f"Content-Length: {10**18}\r\n\r\n".encode()
        )
        assert rest_of(line).status == 413


def test_one_client_does_not_take_every_line(door: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with door.open() as opened, contextlib.ExitStack() as lines:
        host = urlsplit(opened.origin).netloc
        held = [lines.enter_context(line_to(opened.origin)) for _ in range(connections.PER_CLIENT)]
        for line in held:
            line.sendall(b"GET")
        # Until the server has taken them all.
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with line_to(opened.origin) as one_more, contextlib.suppress(ConnectionError):
                one_more.sendall(f"GET /sign-in HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                one_more.settimeout(5)
                if not one_more.recv(100):
                    break
                continue
            break
        else:
            pytest.fail("it takes any number")
        held[0].sendall(f" /sign-in HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert b"403" in held[0].recv(100)


def test_a_server_reads_no_address_from_a_header(door: Office) -> None:
    seen: list[str | None] = []

    def shown(visit: Visit) -> Response:
        seen.append(visit.request.client.host if visit.request.client else None)
        return PlainTextResponse("seen")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(home, "help_page", shown)
        secret = door.desk.accounts.begin_session(door.account(Role.EDITOR))
        with door.open() as opened:
            answer_to(
                opened.origin,
                "GET /help HTTP/1.1",
                f"Host: {urlsplit(opened.origin).netloc}",
                f"Cookie: {Cookie.of(opened.address).name}={secret}",
                "X-Forwarded-For: 203.0.113.7",
                "Forwarded: for=203.0.113.7",
            )
    assert seen == ["127.0.0.1"]
