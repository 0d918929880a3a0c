"""What a program that publishes asks: what was approved, and where it put and removed it."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from clearance.commandline import today
from clearance.ledger import Ledger
from consent.registry import Registry
from review import api
from review.decisions import Decisions
from review.publishing import actor_of
from review.roles import Role
from tests.commands import run
from tests.review.deciding import settle
from tests.review.office import Office, program

if TYPE_CHECKING:
    from starlette.testclient import TestClient

PLACE = "https://www.example.org/news/42"


@dataclasses.dataclass(frozen=True, slots=True)
class Approved:
    """A registry with one approved publication: its id, its picture, and its copy's SHA-256."""

    folder: Path
    publication: str
    item: str
    sha256: str
    data: bytes
    person: str


@pytest.fixture(scope="module")
def approved(judged_registry: Path, tmp_path_factory: pytest.TempPathFactory) -> Approved:
    """Made once; to be read only."""
    folder = tmp_path_factory.mktemp("approved") / "registry"
    office = Office.at(Path(shutil.copytree(judged_registry, folder)))
    bench = office.desk.workbench
    album = bench.albums.albums()[0]
    item = next(
        one.item.id for one in bench.albums.tiles(album.id).tiles if one.item.name == "01.jpg"
    )
    settle(Decisions(bench.albums), item)
    bench.pictures.copy(item)
    data = bench.pictures.kept_bytes(item)
    editor, approver = office.client(Role.EDITOR), office.client(Role.APPROVER)
    asked = {"title": "Open day", "channel": ["website", "press"], "held": "yes"}
    answer = editor.post("/publications/ask", data={**asked, "album": album.id})
    where = answer.headers["location"]
    editor.post(where, data={"action": "settle", "only_ready": "yes"})
    approver.post(where, data={"action": "approve", "channel": "website", "until": "2030-01-01"})
    person = sorted(bench.albums.verdict(item).people)[0]
    office.desk.close()
    return Approved(
        *(folder, where.rpartition("/")[2], item, hashlib.sha256(data).hexdigest(), data, person)
    )


@pytest.fixture
def office(approved: Approved, tmp_path: Path) -> Office:
    """A desk with the approved publication, for one test to change."""
    return Office.at(Path(shutil.copytree(approved.folder, tmp_path / "registry")))


@pytest.fixture
def publisher(office: Office) -> TestClient:
    """A content management system."""
    return program(office, Role.PUBLISHER)


def of(approved: Approved, rest: str = "") -> str:
    return f"/api/v1/publications/{approved.publication}{rest}"


def put(approved: Approved, **changes: Any) -> dict[str, Any]:
    """What a content management system says once it has published."""
    return {"channel": "website", "where": PLACE, "copies": [approved.sha256], **changes}


def as_described(document: Any, name: str) -> None:
    """Check an answer against the schema of that name."""
    told = api.description()["components"]
    jsonschema.validate(document, {"$ref": f"#/components/schemas/{name}", "components": told})


def withdrawn(office: Office, approved: Approved) -> None:
    with Registry.open(office.desk.folder) as registry:
        registry.withdraw(approved.person, None, today())


# --- reading ----------------------------------------------------------------------------


def test_the_publications_are_those_of_the_commands(
    office: Office, publisher: TestClient, approved: Approved
) -> None:
    listed = publisher.get("/api/v1/publications").json()["publications"]
    there = ("--registry", office.desk.folder, "--json")
    assert listed == run("publications", "list", *there).documents
    assert [(one["id"], one["state"]) for one in listed] == [(approved.publication, "approved")]
    shown = publisher.get(of(approved)).json()
    assert shown == run("publications", "show", approved.publication, *there).document
    assert shown["approval"]["copies"] == [approved.sha256]
    as_described(listed[0], "Summary")
    as_described(shown, "Publication")


@pytest.mark.parametrize(
    ("query", "status", "n"),
    [
        ("state=approved", 200, 1),
        ("state=published", 200, 0),
        ("state=out", 422, None),
        ("sate=approved", 422, None),
    ],
)
def test_publications_are_listed_by_how_far_they_are(
    publisher: TestClient, query: str, status: int, n: int | None
) -> None:
    answer = publisher.get(f"/api/v1/publications?{query}")
    assert answer.status_code == status
    assert n is None or len(answer.json()["publications"]) == n


def test_who_may_know_people_asks_what_shows_one(office: Office, approved: Approved) -> None:
    knowing = program(office, Role.CONSENT_DESK)
    path = "/api/v1/publications"
    for typed in (approved.person, approved.person.lower()):
        found = knowing.get(path, params={"person": typed}).json()["publications"]
        assert [one["id"] for one in found] == [approved.publication]
    with Registry.open(office.desk.folder) as registry:
        name = registry.person(approved.person).name
        other = next(one.id for one in registry.people() if one.id != approved.person)
    assert knowing.get(path, params={"person": other}).json() == {"publications": []}
    for nobody in ("p-AAAAAAAA", name, "*"):
        answer = knowing.get(path, params={"person": nobody})
        assert answer.status_code == 404
        assert name not in answer.text
    for role in (Role.PUBLISHER, Role.APPROVER, Role.REQUESTER, Role.ADMINISTRATOR):
        client = program(office, role)
        assert client.get(path, params={"person": approved.person}).status_code == 403


def test_whoever_only_asks_sees_what_they_asked_for(office: Office, approved: Approved) -> None:
    staff = office.account(Role.REQUESTER, name="staff")
    client = program(office, Role.REQUESTER, maker=staff)
    assert client.get("/api/v1/publications").json() == {"publications": []}
    hidden, unknown = client.get(of(approved)), client.get("/api/v1/publications/pub-AAAAAAAA")
    # Nor is it said that there is one.
    assert (hidden.status_code, hidden.json()) == (404, unknown.json())
    assert unknown.status_code == 404
    own = office.client(Role.REQUESTER, name="staff").post(
        "/publications/ask",
        data={"title": "Mine", "channel": "website", "held": "yes"},
        files={"files": ("x.jpg", b"no picture", "image/jpeg")},
    )
    own_id = own.headers["location"].rpartition("/")[2]
    (listed,) = client.get("/api/v1/publications").json()["publications"]
    assert listed["id"] == own_id
    assert client.get(f"/api/v1/publications/{own_id.lower()}").json()["title"] == "Mine"


# --- publishing -------------------------------------------------------------------------


def test_the_approved_bytes_are_fetched(publisher: TestClient, approved: Approved) -> None:
    answer = publisher.get(of(approved, f"/copies/{approved.sha256}"))
    assert answer.status_code == 200
    assert answer.content == approved.data
    assert answer.headers["content-type"] == "image/jpeg"
    assert re.fullmatch(
        r'attachment; filename="clearance-[\w-]+\.jpg"', answer.headers["content-disposition"]
    )


def test_no_other_bytes_are_fetched(
    office: Office, publisher: TestClient, approved: Approved
) -> None:
    for digest in ("0" * 64, approved.sha256[:12], approved.sha256.upper(), "x"):
        assert publisher.get(of(approved, f"/copies/{digest}")).status_code == 404
    # The file itself is none of the approved: only its copy is.
    (item,) = publisher.get(of(approved)).json()["items"]
    assert publisher.get(of(approved, f"/copies/{item['original']}")).status_code == 404
    assert (
        program(office, *(set(Role) - {Role.PUBLISHER}))
        .get(of(approved, f"/copies/{approved.sha256}"))
        .status_code
        == 403
    )


def test_a_copy_that_was_made_anew_is_not_handed_out(
    office: Office, publisher: TestClient, approved: Approved, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = type(office.desk.workbench.pictures)
    monkeypatch.setattr(pictures, "kept_bytes", lambda *_: b"other bytes")
    answer = publisher.get(of(approved, f"/copies/{approved.sha256}"))
    assert answer.status_code == 409
    assert set(answer.json()) == {"problem"}


def test_a_copy_that_does_not_hold_any_more_is_not_handed_out(
    office: Office, publisher: TestClient, approved: Approved
) -> None:
    Decisions(office.desk.workbench.albums).hide(approved.item, 1, by="Léa Test")
    answer = publisher.get(of(approved, f"/copies/{approved.sha256}"))
    assert (answer.status_code, set(answer.json())) == (409, {"problem"})


def test_what_is_not_approved_any_more_is_neither_fetched_nor_published(
    office: Office, publisher: TestClient, approved: Approved
) -> None:
    withdrawn(office, approved)
    assert publisher.get(of(approved, f"/copies/{approved.sha256}")).status_code == 409
    assert publisher.post(of(approved, "/published"), json=put(approved)).status_code == 409
    assert publisher.get(of(approved)).json()["state"] == "in_review"


def test_a_publication_says_where_it_is(publisher: TestClient, approved: Approved) -> None:
    answer = publisher.post(of(approved, "/published"), json=put(approved, note="page 42"))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    as_described(told, "Publication")
    assert told == publisher.get(of(approved)).json()
    (place,) = told["placements"]
    assert told["state"] == "published"
    assert (place["where"], place["copies"]) == (PLACE, [approved.sha256])
    assert (place["by"], place["on"]) == ("maker", today().isoformat())
    assert told["history"][-1]["note"] == "page 42"
    # What is out may be fetched for another place.
    assert publisher.get(of(approved, f"/copies/{approved.sha256}")).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"copies": ["0" * 64]}, 409, "is not the one that was approved"),
        ({"channel": "press"}, 409, "press was not approved"),
        ({"on": "2035-01-01"}, 409, "have it approved anew"),
        ({"copies": []}, 422, "copies is needed"),
        ({"copies": None}, 422, "copies is needed"),
        ({"copies": ["0" * 63]}, 422, "copies"),
        ({"copies": ["A" * 64]}, 422, "copies"),
        ({"copies": [5]}, 422, "copies must be a text"),
        ({"copies": ["0" * 64] * 1001}, 422, "too much"),
        ({"where": " "}, 422, "where"),
        ({"where": None}, 422, "where is needed"),
        ({"where": {"url": PLACE}}, 422, "where must be a text"),
        ({"on": "tomorrow"}, 422, "on cannot be"),
        ({"note": "x" * 2001}, 422, "note cannot be"),
        ({"chanel": "website"}, 422, "chanel is not asked for"),
    ],
)
def test_what_was_not_approved_is_not_noted(
    publisher: TestClient, approved: Approved, changes: dict[str, Any], status: int, said: str
) -> None:
    answer = publisher.post(of(approved, "/published"), json=put(approved, **changes))
    assert (answer.status_code, set(answer.json())) == (status, {"problem"})
    assert said in answer.json()["problem"]
    assert publisher.get(of(approved)).json()["placements"] == []


# --- taking down ------------------------------------------------------------------------


def test_what_must_go_is_told_and_noted_as_gone(
    office: Office, publisher: TestClient, approved: Approved
) -> None:
    assert publisher.get("/api/v1/take-downs").json() == {"take_downs": []}
    publisher.post(of(approved, "/published"), json=put(approved))
    withdrawn(office, approved)
    (task,) = publisher.get("/api/v1/take-downs").json()["take_downs"]
    as_described(task, "TakeDown")
    assert (task["publication"], task["state"]) == (approved.publication, "withdrawal_pending")
    assert [place["where"] for place in task["placements"]] == [PLACE]
    # What must be taken down is handed out to nobody.
    assert publisher.get(of(approved, f"/copies/{approved.sha256}")).status_code == 409
    without = publisher.post(of(approved, "/taken-down"))
    assert (without.status_code, "a proof is needed" in without.text) == (409, True)
    wrong = publisher.post(of(approved, "/taken-down"), json={"proof": "yes"})
    assert wrong.status_code == 422
    told = publisher.post(of(approved, "/taken-down"), json={"proof": "0" * 64}).json()
    assert (told["state"], told["history"][-1]["proof"]) == ("taken_down", "0" * 64)
    assert publisher.get("/api/v1/take-downs").json() == {"take_downs": []}
    assert publisher.post(of(approved, "/taken-down"), json={"note": "x"}).status_code == 409


def test_what_somebody_had_taken_down_is_not_handed_out(
    office: Office, publisher: TestClient, approved: Approved
) -> None:
    publisher.post(of(approved, "/published"), json=put(approved))
    privacy = office.account(Role.PRIVACY_OFFICER)
    with office.desk.registry() as registry:
        Ledger(registry, office.desk.settings).withdraw(
            approved.publication, actor_of(privacy), today=today(), note="asked for by telephone"
        )
    # Every consent still holds, and the copy with them.
    assert publisher.get(of(approved, f"/copies/{approved.sha256}")).status_code == 409
    told = program(office, Role.PRIVACY_OFFICER).post(
        of(approved, "/taken-down"), json={"note": "404 since noon"}
    )
    assert told.json()["state"] == "taken_down"


@pytest.mark.parametrize("role", [Role.EDITOR, Role.APPROVER, Role.PRIVACY_OFFICER])
def test_only_who_publishes_says_that_it_is_published(
    office: Office, approved: Approved, role: Role
) -> None:
    client = program(office, role)
    assert client.post(of(approved, "/published"), json=put(approved)).status_code == 403


# --- finding again ----------------------------------------------------------------------


def test_a_file_is_found_again(office: Office, publisher: TestClient, approved: Approved) -> None:
    with (
        office.desk.workbench.albums.path_of(office.desk.workbench.albums.item(approved.item))
    ).open("rb") as file:
        original = file.read()
    for data, how in ((approved.data, "published"), (original, "original")):
        answer = publisher.post("/api/v1/find", files={"file": ("a.jpg", data)})
        (found,) = answer.json()["found"]
        as_described(found, "Found")
        assert (found["publication"]["id"], found["how"]) == (approved.publication, how)
        assert (found["file"], found["distance"]) == ("01.jpg", 0)
    assert list(office.desk.queue.home.iterdir()) == []


def test_what_cannot_be_looked_for_is_refused_and_deleted(
    office: Office, publisher: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = publisher.post("/api/v1/find", files={"file": ("Anna.jpg", b"no picture")})
    assert (answer.status_code, set(answer.json())) == (422, {"problem"})
    assert str(office.desk.folder) not in answer.text
    more = publisher.post("/api/v1/find", files={"file": ("a.jpg", b"x")}, data={"state": "ready"})
    assert more.status_code == 422
    monkeypatch.setattr("review.pages.api.LARGEST_PICTURE", 8)
    assert publisher.post("/api/v1/find", files={"file": ("a", b"x" * 9)}).status_code == 413
    assert list(office.desk.queue.home.iterdir()) == []
