"""Every route with every role: what stands in the table holds; nothing else is there."""

from __future__ import annotations

import inspect

import pytest

from review.access import ROUTES, Entry, Route
from review.roles import Role
from tests.review.office import Office

SIGNED_IN = [route for route in ROUTES if route.entry is Entry.SIGNED_IN]
PARTS = {"int": "1", "": "nothing-of-that-name"}


def path_of(route: Route) -> str:
    """Its path, with something in each of its parts."""
    path = route.path
    while "{" in path:
        before, _, rest = path.partition("{")
        part, _, after = rest.partition("}")
        path = f"{before}{PARTS[part.partition(':')[2]]}{after}"
    return path


def test_each_name_and_each_address_stands_once() -> None:
    assert len({route.name for route in ROUTES}) == len(ROUTES)
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_route_has_somebody_who_may_and_a_handler(route: Route) -> None:
    assert route.method in ("GET", "POST", "PUT", "DELETE")
    assert route.roles
    handler = route.load()
    assert list(inspect.signature(handler).parameters) == ["visit"]
    assert inspect.iscoroutinefunction(handler) == route.streams


def test_nobody_comes_in_without_signing_in(office: Office) -> None:
    client = office.client(signed_in=False)
    for route in SIGNED_IN:
        answer = client.request(route.method, path_of(route))
        told = (answer.status_code, answer.headers.get("location"))
        assert told == (303, "/sign-in"), route.name


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_its_routes_and_no_other(office: Office, role: Role) -> None:
    client = office.client(role)
    for route in SIGNED_IN:
        if route.name == "sign_out":
            continue
        status = client.request(route.method, path_of(route)).status_code
        if role in route.roles:
            assert status not in (401, 403, 405, 500), (route.name, status)
        else:
            assert status == 403, (route.name, status)


@pytest.mark.parametrize("path", ["/nothing", "/static/../app.py", "/static/%2e%2e/app.py"])
def test_there_is_nothing_else(office: Office, path: str) -> None:
    assert office.client(Role.EDITOR).get(path).status_code == 404
