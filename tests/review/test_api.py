"""What other programs ask: the answers of the commands, and nothing more than their token may."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from clearance.documents import photo_document
from consent.registry import Registry
from detector.errors import ModelMissingError
from review import api, clearing
from review.access import PROGRAM_ROUTES, ROUTES, Entry, Route
from review.errors import InputRefusedError
from review.pages.api import described
from review.queueing import Queue
from review.roles import Role
from tests.commands import ROOT, SAMPLES, run
from tests.review.office import Office, program
from tests.review.test_access import path_of

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAMS = [route for route in ROUTES if route.entry is Entry.PROGRAM]
VERDICT = json.loads((ROOT / "clearance" / "schemas" / "photo.schema.json").read_text("utf-8"))
OPENING = SAMPLES / "ward-opening.jpg"


@pytest.fixture(scope="module")
def reading(demo_registry: Path, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A desk for questions that change nothing."""
    import shutil

    folder = tmp_path_factory.mktemp("reading") / "registry"
    return Office.at(Path(shutil.copytree(demo_registry, folder)))


@pytest.fixture(scope="module")
def everything(reading: Office) -> TestClient:
    """A program that may do all there is."""
    return program(reading, *Role)


def sent(path: Path, name: str | None = None) -> dict[str, Any]:
    return {"file": (name or path.name, path.read_bytes(), "application/octet-stream")}


def nothing_is_left(office: Office) -> bool:
    home = office.desk.queue.home
    return not home.exists() or not list(home.iterdir())


# --- who may ----------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_a_token_opens_the_routes_of_its_role_and_no_other(reading: Office, role: Role) -> None:
    client = program(reading, role)
    for route in PROGRAMS:
        status = client.request(route.method, path_of(route)).status_code
        if role in route.roles:
            assert status in (200, 404, 415, 422), (route.name, status)
        else:
            assert status == 403, (route.name, status)


@pytest.mark.parametrize("route", PROGRAMS, ids=lambda route: route.name)
def test_nothing_is_answered_without_a_token_that_counts(reading: Office, route: Route) -> None:
    client = reading.client(*Role, name="signed-in")
    for header in ({}, {"authorization": "Bearer made-up"}, {"authorization": "Basic bTpt"}):
        # A cookie is none, however many roles it has.
        answer = client.request(route.method, path_of(route), headers=header)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert set(answer.json()) == {"problem"}


@pytest.mark.parametrize("scheme", ["Basic", "Token", "Digest", ""])
def test_a_secret_of_another_scheme_opens_nothing(reading: Office, scheme: str) -> None:
    client = program(reading, *Role)
    secret = client.headers["authorization"].partition(" ")[2]
    told = {"authorization": f"{scheme} {secret}".strip()}
    assert client.get("/api/v1/me", headers=told).status_code == 401
    told = {"authorization": f"bearer  {secret} "}
    assert client.get("/api/v1/me", headers=told).status_code == 200


def test_a_secret_in_the_address_opens_nothing(reading: Office) -> None:
    client = program(reading, *Role)
    secret = client.headers.pop("authorization").partition(" ")[2]
    for name in ("token", "access_token", "authorization"):
        assert client.get("/api/v1/me", params={name: secret}).status_code == 401


def test_a_token_opens_no_page(reading: Office, everything: TestClient) -> None:
    for route in ROUTES:
        if route.entry is Entry.SIGNED_IN:
            answer = everything.request(route.method, path_of(route))
            assert answer.headers.get("location") in ("/sign-in", None)
            assert answer.status_code in (303, 403)


def test_no_web_site_asks_in_a_browser(reading: Office) -> None:
    client = program(reading, *Role)
    evil = {"origin": "https://evil.example"}
    assert client.post("/api/v1/clear", headers=evil).status_code == 403
    asked = client.options(
        "/api/v1/clear", headers={**evil, "access-control-request-method": "POST"}
    )
    assert asked.status_code == 405
    answer = client.get("/api/v1/me", headers=evil)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["cache-control"] == "no-store"


def test_a_registry_that_is_not_there_is_said(tmp_path: Path) -> None:
    client = program(Office.at(tmp_path / "none"), *Role)
    assert client.get("/api/v1/me").status_code == 200
    answer = client.get("/api/v1/people?query=an")
    assert (answer.status_code, set(answer.json())) == (503, {"problem"})


# --- the description --------------------------------------------------------------------


def test_the_description_is_of_the_table_and_of_nothing_else(everything: TestClient) -> None:
    told = everything.get("/api/v1/openapi.json").json()
    described_routes = {
        (path, method.upper()): operation["x-roles"]
        for path, operations in told["paths"].items()
        for method, operation in operations.items()
    }
    assert described_routes == {
        (route.path, route.method): sorted(route.roles) for route in PROGRAMS
    }
    assert set(api.OPERATIONS) == {route.name for route in PROGRAM_ROUTES}


def test_the_description_can_be_read(everything: TestClient) -> None:
    told = everything.get("/api/v1/openapi.json").json()
    for schema in told["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for path, operations in told["paths"].items():
        for operation in operations.values():
            named = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert named == {part.partition("}")[0] for part in path.split("{")[1:]}
    text = json.dumps(told)
    assert "#/$defs" not in text


SCHEMA = schemathesis.openapi.from_dict(api.description())


@SCHEMA.parametrize()
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_whatever_is_sent_is_answered_as_described(
    reading: Office, everything: TestClient, case: schemathesis.Case[Any]
) -> None:
    case.operation.app = reading.app
    token = {"authorization": everything.headers["authorization"]}
    answer = case.call(base_url=reading.origin, headers=token)
    case.validate_response(
        answer,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )


# --- people and consents ----------------------------------------------------------------


def test_whose_token_it_is(reading: Office) -> None:
    told = program(reading, Role.EDITOR).get("/api/v1/me").json()
    assert told["name"] == "maker"
    assert told["roles"] == ["editor"]


def test_people_are_found_by_a_part_of_their_name(everything: TestClient) -> None:
    found = everything.get("/api/v1/people", params={"query": "KAMANDA"}).json()
    (person,) = found["people"]
    assert person["name"] == "Désiré Kamanda"
    assert not found["more"]
    # For who looks somebody up: nothing that is not needed for that.
    assert set(person) == {"person", "name", "coded", "capacity", "status"}
    by_id = everything.get("/api/v1/people", params={"query": person["person"]}).json()
    assert by_id["people"] == [person]


def test_the_registry_is_not_given_away_as_a_whole(
    everything: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert everything.get("/api/v1/people").status_code == 422
    assert everything.get("/api/v1/people?query=a").status_code == 422
    assert everything.get("/api/v1/people?query=%20a").status_code == 422
    assert everything.get("/api/v1/people?query=an&query=en").status_code == 422
    monkeypatch.setattr("review.pages.api._MOST_PEOPLE", 1)
    found = everything.get("/api/v1/people?query=an").json()
    assert (len(found["people"]), found["more"]) == (1, True)


def person_called(client: TestClient, name: str) -> str:
    found = client.get("/api/v1/people", params={"query": name}).json()
    return str(found["people"][0]["person"])


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"channel": ["website"], "on": "2026-04-01"},
        {"channel": ["website", "press"], "purpose": "recruitment", "on": "2026-04-01"},
        {"channel": ["website"], "on": "2026-04-01", "until": "2040-01-01", "material": "video"},
        {"event": "Summer party", "on": "2026-04-01"},
    ],
)
def test_a_decision_is_that_of_the_command(
    reading: Office, everything: TestClient, asked: dict[str, Any]
) -> None:
    person = person_called(everything, "Kamanda")
    words = [
        word
        for name, value in asked.items()
        for one in (value if isinstance(value, list) else [value])
        for word in (f"--{name}", one)
    ]
    command = run("decide", person, *words, "--registry", reading.desk.folder, "--json")
    answer = everything.get(f"/api/v1/people/{person}/decision", params=asked)
    assert answer.json() == command.document


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("channel=billboard", 422),
        ("purpose=fun", 422),
        ("material=statue", 422),
        ("on=tomorrow", 422),
        ("on=2026-02-30", 422),
        ("on=20260401", 422),
        ("on=2026-04-01&until=2026-03-01", 422),
        ("chanel=website", 422),
        ("on=2026-04-01&on=2026-05-01", 422),
        ("event=", 422),
        ("on=9999-12-31", 200),
        ("on=0001-01-01", 200),
    ],
)
def test_what_makes_no_sense_is_refused(everything: TestClient, asked: str, status: int) -> None:
    person = person_called(everything, "Kamanda")
    answer = everything.get(f"/api/v1/people/{person}/decision?{asked}")
    assert answer.status_code == status
    if status != 200:
        assert set(answer.json()) == {"problem"}


@pytest.mark.parametrize("who", ["p-AAAAAAAA", "Désiré Kamanda", "*", "' OR 1=1 --"])
def test_a_decision_is_about_an_id(everything: TestClient, who: str) -> None:
    answer = everything.get(f"/api/v1/people/{who}/decision")
    assert answer.status_code == 404
    assert "Kamanda" not in answer.text


def test_forms_that_end_are_those_of_the_command(reading: Office, everything: TestClient) -> None:
    command = run(
        *("consent", "expiring", "--within", "20y", "--registry", reading.desk.folder, "--json")
    )
    answer = everything.get("/api/v1/consents/expiring?days=7300")
    assert answer.json() == {"days": 7300, "consents": command.documents}
    assert command.documents
    assert everything.get("/api/v1/consents/expiring").json()["days"] == 60


@pytest.mark.parametrize("days", ["-1", "1.5", "١٠", "999999999999999999999", "36501", "", "1e3"])
def test_days_are_a_number(everything: TestClient, days: str) -> None:
    assert everything.get("/api/v1/consents/expiring", params={"days": days}).status_code == 422


def test_a_withdrawal_counts_at_once_and_is_made_once(office: Office) -> None:
    client = program(office, Role.CONSENT_DESK)
    asked = f"/api/v1/people/{person_called(client, 'Kamanda')}/decision?channel=website"
    on = "&on=2026-04-01"
    before = client.get(asked + on).json()["channels"]["website"]
    (serial,) = before["forms"]
    path = f"/api/v1/consents/{serial}/withdraw"
    told = client.post(path, json={"channel": "press"})
    assert told.status_code == 200
    assert told.json()["channel"] == "press"
    told = client.post(path)
    assert told.status_code == 200
    assert told.json()["form"] == serial
    assert not client.get(asked).json()["channels"]["website"]["cleared"]
    assert client.post(path).status_code == 409
    with Registry.open(office.desk.folder) as registry:
        entries = list(registry.audit_entries())
    # Nobody else let this face be matched: what it was known by is gone.
    assert [one.action for one in entries][-2:] == ["consent.withdrawn", "biometrics.deleted"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"channel": "billboard"}', "application/json", 422),
        (b'{"channel": 5}', "application/json", 422),
        (b'{"chanel": "website"}', "application/json", 422),
        (b'["website"]', "application/json", 422),
        (b'{"channel": ["website"]}', "application/json", 422),
        (rb'{"\ud800": "website"}', "application/json", 422),
        (b'{"channel":', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 4000, "application/json", 400),
        (b'{"channel": "website"}', "text/plain", 415),
        (b"channel=website", "application/x-www-form-urlencoded", 415),
        (b'{"channel": "' + b"x" * 200_000 + b'"}', "application/json", 413),
    ],
)
def test_a_withdrawal_that_cannot_be_read_withdraws_nothing(
    reading: Office, everything: TestClient, content: bytes, kind: str, status: int
) -> None:
    serial = everything.get("/api/v1/consents/expiring?days=7300").json()["consents"][0]["consent"]
    path = f"/api/v1/consents/{serial}/withdraw"
    answer = everything.post(path, content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert set(answer.json()) == {"problem"}
    still = everything.get("/api/v1/consents/expiring?days=7300").json()["consents"][0]["consent"]
    assert still == serial


def test_a_form_that_is_not_there_is_not_withdrawn(everything: TestClient) -> None:
    assert everything.post("/api/v1/consents/NO-SUCH/withdraw").status_code == 404


# --- pictures ---------------------------------------------------------------------------


def test_the_verdict_is_that_of_the_command(reading: Office, everything: TestClient) -> None:
    command = run(
        *("check", OPENING, "--channel", "website", "--on", "2026-04-01", "--max-edge", 1200),
        *("--registry", reading.desk.folder, "--json"),
    ).document
    asked = {"channel": ["website"], "on": "2026-04-01", "max_edge": "1200"}
    answer = everything.post("/api/v1/clear", files=sent(OPENING), data=asked)
    assert answer.status_code == 200
    assert answer.json() == {**command, "path": OPENING.name}
    assert answer.json()["outcome"] == "blocked"
    assert nothing_is_left(reading)


def test_the_copy_comes_with_the_verdict(reading: Office, everything: TestClient) -> None:
    asked = {"channel": ["website"], "on": "2026-04-01", "copy": "true"}
    answer = everything.post("/api/v1/clear", files=sent(OPENING), data=asked).json()
    verdict, copy = answer["verdict"], answer["copy"]
    jsonschema.validate(verdict, VERDICT)
    data = base64.b64decode(copy["base64"])
    assert verdict["outcome"] == "blocked"
    assert verdict["export"]["outcome"] == "redacted"
    assert hashlib.sha256(data).hexdigest() == copy["sha256"] == verdict["export"]["sha256"]
    assert copy["name"] == verdict["export"]["path"]
    assert copy["type"] == "image/jpeg"
    assert str(reading.desk.folder) not in json.dumps(answer)
    assert nothing_is_left(reading)


@pytest.mark.parametrize("wanted", ["true", "false"])
@pytest.mark.parametrize(
    "data", [b"", b"nothing", OPENING.read_bytes()[:5000], b"\x89PNG\r\n\x1a\n", b"%PDF-1.7"]
)
def test_a_picture_that_cannot_be_judged_has_failed_and_nothing_else(
    reading: Office, everything: TestClient, data: bytes, wanted: str
) -> None:
    answer = everything.post(
        "/api/v1/clear", files={"file": ("Anna.jpg", data)}, data={"copy": wanted}
    )
    assert answer.status_code == 200
    told = answer.json()
    verdict = told["verdict"] if wanted == "true" else told
    jsonschema.validate(verdict, VERDICT)
    assert verdict["outcome"] == "failed"
    assert verdict["path"] == "Anna.jpg"
    assert wanted == "false" or told["copy"] is None
    assert str(reading.desk.folder) not in answer.text
    assert nothing_is_left(reading)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../etc/passwd", "passwd"),
        ("C:\\photos\\a.jpg", "a.jpg"),
        ("..", "__"),
        ("", "_"),
        ("con.jpg", "_con.jpg"),
        ("a\x01b.jpg", "a%01b.jpg"),
        ("<script>.jpg", "%3Cscript%3E.jpg"),
        ("-o.jpg", "-o.jpg"),
        ("copies", "copies"),
    ],
)
def test_of_a_files_name_nothing_is_believed(
    reading: Office, everything: TestClient, name: str, shown: str
) -> None:
    boundary = "xxBOUNDARYxx"
    disposition = name.replace("\\", "\\\\")
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{disposition}"'
        f"\r\n\r\nnothing\r\n--{boundary}--\r\n"
    ).encode()
    kind = {"content-type": f"multipart/form-data; boundary={boundary}"}
    answer = everything.post("/api/v1/clear", content=body, headers=kind)
    assert answer.json().get("path") == shown, answer.text
    assert nothing_is_left(reading)


def multipart(*parts: str, end: bool = True) -> bytes:
    lines = "".join(f"--x\r\nContent-Disposition: form-data; {part}\r\n" for part in parts)
    return (lines + ("--x--\r\n" if end else "")).encode()


FILE = 'name="file"; filename="a.jpg"\r\n\r\nnothing'


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"", "multipart/form-data", 415),
        (b"", "multipart/form-data; boundary=x", 400),
        (b"nothing of the kind", "multipart/form-data; boundary=x", 400),
        (multipart(FILE, end=False), "multipart/form-data; boundary=x", 400),
        (multipart('name="copy"\r\n\r\ntrue'), "multipart/form-data; boundary=x", 422),
        (multipart(FILE, FILE), "multipart/form-data; boundary=x", 422),
        (
            multipart(FILE, 'name="other"; filename="b"\r\n\r\nx'),
            "multipart/form-data; boundary=x",
            422,
        ),
        (multipart(FILE, 'name="copy"\r\n\r\nyes'), "multipart/form-data; boundary=x", 422),
        (multipart(FILE, 'name="chanel"\r\n\r\npress'), "multipart/form-data; boundary=x", 422),
        (multipart(FILE, 'name="channel"\r\n\r\npres'), "multipart/form-data; boundary=x", 422),
        (multipart(FILE, 'name="max_edge"\r\n\r\n-1'), "multipart/form-data; boundary=x", 422),
        (
            multipart(FILE, 'name="on"\r\n\r\n2026-04-01', 'name="until"\r\n\r\n2026-01-01'),
            "multipart/form-data; boundary=x",
            422,
        ),
        (
            multipart(FILE, 'name="event"\r\n\r\n' + "x" * 3000),
            "multipart/form-data; boundary=x",
            422,
        ),
        (multipart(*['name="channel"\r\n\r\npress'] * 60), "multipart/form-data; boundary=x", 422),
    ],
)
def test_what_cannot_be_read_is_refused_and_deleted(
    reading: Office, everything: TestClient, content: bytes, kind: str, status: int
) -> None:
    answer = everything.post("/api/v1/clear", content=content, headers={"content-type": kind})
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"problem"}
    assert nothing_is_left(reading)


def test_a_file_that_is_too_large_is_refused_and_deleted(registry: Path) -> None:
    (registry / "clearance.toml").write_text("[desk]\nlargest_file_mib = 1\n", "utf-8")
    office = Office.at(registry)
    client = program(office, Role.EDITOR)
    large = {"file": ("a.jpg", b"x" * (2**20 + 1))}
    answer = client.post("/api/v1/clear", files=large)
    assert answer.status_code == 413
    assert set(answer.json()) == {"problem"}
    assert nothing_is_left(office)
    # Nor one that does not say how long it is.
    kind = {"content-type": "multipart/form-data; boundary=x"}

    def pieces() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(5):
            yield b"x" * 2**19

    assert client.post("/api/v1/clear", content=pieces(), headers=kind).status_code == 413
    assert nothing_is_left(office)


def test_a_picture_is_deleted_also_where_the_program_has_a_bug(
    reading: Office, everything: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []

    def fails(path: Path, *_: object, **__: object) -> dict[str, Any]:
        seen.append(path.read_bytes())
        raise ZeroDivisionError

    monkeypatch.setattr(clearing, "verdict_on", fails)
    answer = everything.post("/api/v1/clear", files={"file": ("a.jpg", b"nothing")})
    assert (answer.status_code, seen) == (500, [b"nothing"])
    assert nothing_is_left(reading)


def test_a_network_that_is_missing_is_no_verdict(
    reading: Office, everything: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> dict[str, Any]:
        raise ModelMissingError("no such network in {path}", path=reading.desk.folder / "x.onnx")

    monkeypatch.setattr(clearing, "verdict_on", fails)
    answer = everything.post("/api/v1/clear", files={"file": ("a.jpg", b"nothing")})
    assert answer.status_code == 503
    assert str(reading.desk.folder) not in answer.text


def test_a_copy_of_other_bytes_than_were_examined_does_not_go_out(
    everything: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = photo_document

    def meddled(result: Any) -> dict[str, Any]:
        with result.copy.path.open("ab") as file:
            file.write(b"x")
        return document(result)

    monkeypatch.setattr(clearing, "photo_document", meddled)
    asked = {"channel": ["website"], "on": "2026-04-01", "copy": "true"}
    answer = everything.post("/api/v1/clear", files=sent(OPENING), data=asked).json()
    assert answer["copy"] is None


def test_one_is_looked_at_at_a_time_and_a_few_wait(
    reading: Office, everything: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, go_on = threading.Event(), threading.Event()
    at_once: list[int] = []
    inside = 0

    def slow(*_: object, **__: object) -> dict[str, Any]:
        nonlocal inside
        inside += 1
        at_once.append(inside)
        looking.set()
        go_on.wait(20)
        inside -= 1
        return {}

    monkeypatch.setattr(clearing, "verdict_on", slow)
    monkeypatch.setattr(reading.desk, "queue", Queue(reading.desk.home, waiting=1))
    statuses: list[int] = []

    def ask() -> None:
        client = TestClient(reading.app, base_url=reading.origin, headers=dict(everything.headers))
        statuses.append(
            client.post("/api/v1/clear", files={"file": ("a.jpg", b"nothing")}).status_code
        )

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    looking.wait(20)
    while reading.desk.queue._places._value:
        pass
    refused = everything.post("/api/v1/clear", files={"file": ("a.jpg", b"nothing")})
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert (statuses, at_once) == ([200, 200], [1, 1])
    assert nothing_is_left(reading)
    # Whoever asks again has a place.
    assert everything.post("/api/v1/clear", files={"file": ("a.jpg", b"x")}).status_code == 200


def test_what_a_crash_left_is_deleted_once_it_is_old(tmp_path: Path) -> None:
    import os

    old, new = tmp_path / "sent" / "sent-old", tmp_path / "sent" / "sent-new"
    for folder in (old, new):
        (folder / "in").mkdir(parents=True)
        (folder / "in" / "a.jpg").write_bytes(b"x")
    os.utime(old, (0, 0))
    Queue(tmp_path)
    assert not old.exists()
    assert new.exists()


def test_a_problem_is_told_in_the_language_that_is_asked_for(everything: TestClient) -> None:
    english = everything.get("/api/v1/nothing").json()
    asked = everything.get("/api/v1/nothing", headers={"accept-language": "fr-CH, en"}).json()
    assert english == {"problem": "there is no such page"}
    assert set(asked) == {"problem"}
    # The language of whoever made the token is not that of the program.
    assert everything.get("/api/v1/me?x=1").json()["problem"].startswith("x is not asked for")


def test_values_are_read_as_described() -> None:
    parameters = api.OPERATIONS["api_clear"].form
    read = api.Values(parameters, [("channel", "press"), ("channel", " tv "), ("max_edge", "007")])
    assert read.all("channel") == ("press", "tv")
    assert read.one("max_edge") == 7
    assert read.one("on") is None
    with pytest.raises(InputRefusedError):
        api.Values(parameters, [("event", "a\x00b")])


def test_the_handlers_are_those_of_the_table() -> None:
    assert next(r for r in PROGRAM_ROUTES if r.name == "api_described").load() is cast(
        "Callable[..., Any]", described
    )
