"""A publication from the request to the take-down, by the pages; and who may not do what."""

from __future__ import annotations

import dataclasses
import re
import shutil
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from clearance.checklist import ChecklistItem
from clearance.commandline import today
from consent.records import Material
from consent.registry import Registry
from review.decisions import Decisions
from review.errors import ConflictError
from review.publishing import check_same, ledger_of
from review.records import State, Tile
from review.roles import Role
from tests.review.deciding import settle
from tests.review.office import Office
from tests.videos import made
from tests.videos import pictures as moving

ASKED = {
    "title": 'Open day <img src=x onerror="alert(1)">',
    "channel": "website",
    "held": "yes",
    "creator": "Léa Test",
}


@pytest.fixture
def office(judged_registry: Path, tmp_path: Path) -> Office:
    """A desk with a judged album, for one test to change."""
    return Office.at(Path(shutil.copytree(judged_registry, tmp_path / "registry")))


@pytest.fixture
def clear(office: Office) -> Tile:
    """A picture in which everybody agreed, settled and copied."""
    bench = office.desk.workbench
    album = bench.albums.albums()[0]
    tile = next(one for one in bench.albums.tiles(album.id).tiles if one.item.name == "01.jpg")
    settle(Decisions(bench.albums), tile.item.id)
    bench.pictures.copy(tile.item.id)
    return tile


def asked(office: Office, tile: Tile) -> tuple[TestClient, str]:
    """An editor, and the address of what they asked for."""
    editor = office.client(Role.EDITOR, Role.REQUESTER)
    answer = editor.post("/publications/ask", data={**ASKED, "album": tile.item.album})
    assert answer.status_code == 303, answer.text
    return editor, answer.headers["location"]


def step(client: TestClient, address: str, action: str, **fields: object) -> str:
    """What the page says after a step."""
    answer = client.post(address, data={"action": action, **fields})
    if answer.status_code == 303:
        return client.get(address).text
    return answer.text


def test_the_way_to_publication_and_back(office: Office, clear: Tile) -> None:
    editor, where = asked(office, clear)
    assert "&lt;img src=x" in editor.get(where).text
    assert "<img src=x" not in editor.get(where).text
    assert "are not ready" in step(editor, where, "settle")
    assert "ready, to be approved" in step(editor, where, "settle", only_ready="yes")

    approver = office.client(Role.APPROVER)
    copies = re.findall(rf"{where}/copies/([0-9a-f]{{64}})", approver.get(where).text)
    shown = approver.get(f"{where}/copies/{copies[0]}?look=yes")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    step(approver, where, "approve", channel="website", until="2030-01-01")

    publisher = office.client(Role.PUBLISHER)
    assert "is not the one that was approved" in step(
        publisher, where, "publish", channel="website", where="https://x.example", copy="0" * 64
    )
    told = step(
        publisher, where, "publish", channel="website", where="https://x.example", copy=copies[0]
    )
    assert "https://x.example" in told

    with Registry.open(office.desk.folder) as registry:
        shown_person = next(iter(office.desk.workbench.albums.verdict(clear.item.id).people))
        registry.withdraw(shown_person, None, today())
    told = publisher.get("/publications/take-down").text
    assert "https://x.example" in told and "01.jpg" in told
    assert "a proof is needed" in step(publisher, where, "take_down")
    assert "taken down" in step(publisher, where, "take_down", note="gone, 404")
    assert "Nothing to take down" in publisher.get("/publications/take-down").text


def test_nobody_approves_their_own_work(office: Office, clear: Tile) -> None:
    _, where = asked(office, clear)
    both = office.client(Role.EDITOR, Role.APPROVER, name="both")
    step(both, where, "settle", only_ready="yes")
    told = step(both, where, "approve", channel="website", until="2030-01-01")
    assert "somebody else must approve it" in told
    assert "ready, to be approved" in both.get(where).text


def test_what_changed_since_is_not_approved(office: Office, clear: Tile) -> None:
    editor, where = asked(office, clear)
    step(editor, where, "settle", only_ready="yes")
    Decisions(office.desk.workbench.albums).hide(clear.item.id, 1, by="Léa Test")
    approver = office.client(Role.APPROVER)
    told = step(approver, where, "approve", channel="website", until="2030-01-01")
    assert "any more" in told or "not ready" in told or "no picture" in told


def test_the_same_bytes_that_show_somebody_else_are_not_the_same(
    office: Office, clear: Tile
) -> None:
    editor, where = asked(office, clear)
    step(editor, where, "settle", only_ready="yes")
    with ledger_of(office.desk) as (ledger, _):
        found = ledger.publication(where.rsplit("/", 1)[1])
    check_same(office.desk, found)
    (item,) = found.items
    # As if a face had got another name since: of a copy without masks the bytes stay.
    before = dataclasses.replace(item, shown=item.shown[:1])
    with pytest.raises(ConflictError, match="not what was found ready"):
        check_same(office.desk, dataclasses.replace(found, items=(before,)))


def test_a_video_that_came_later_asks_for_consents_to_videos(
    office: Office, clear: Tile, tmp_path: Path
) -> None:
    editor, where = asked(office, clear)
    bench = office.desk.workbench
    film = made(tmp_path / "film.mp4", *moving(1))
    with film.open("rb") as stream:
        (added,) = bench.albums.add_file(clear.item.album, "film.mp4", stream)
    bench.runner.begin(clear.item.album)
    # The desk's own thread looks at it, not this one.
    deadline = time.monotonic() + 60
    while bench.albums.item(added.item.id).state is not State.JUDGED:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    settle(Decisions(bench.albums), added.item.id)
    bench.pictures.copy(added.item.id)
    # That film is silent: nobody is asked of a voice, and nothing waits for the answer.
    assert "ready, to be approved" in step(editor, where, "settle", only_ready="yes")
    with ledger_of(office.desk) as (ledger, _):
        told = ledger.publication(where.rsplit("/", 1)[1])
    assert told.material is Material.VIDEO
    assert {one.file for one in told.items} == {"01.jpg", "film.mp4"}
    heard = next(one for one in told.answers if one.item is ChecklistItem.VOICE)
    assert heard.clear and heard.note == "no file has sound"


def test_copies_are_handed_out_only_while_they_may_be_out(office: Office, clear: Tile) -> None:
    editor, where = asked(office, clear)
    step(editor, where, "settle", only_ready="yes")
    (copy,) = set(re.findall(rf"{where}/copies/([0-9a-f]{{64}})", editor.get(where).text))
    assert editor.get(f"{where}/copies/{copy}").status_code == 200
    step(editor, where, "decline", note="not now")
    assert copy not in editor.get(where).text
    assert editor.get(f"{where}/copies/{copy}").status_code == 409


def test_what_changed_after_the_approval_is_not_noted_as_published(
    office: Office, clear: Tile
) -> None:
    editor, where = asked(office, clear)
    step(editor, where, "settle", only_ready="yes")
    approver, publisher = office.client(Role.APPROVER), office.client(Role.PUBLISHER)
    step(approver, where, "approve", channel="website", until="2030-01-01")
    copies = re.findall(rf"{where}/copies/([0-9a-f]{{64}})", publisher.get(where).text)
    # No consent has changed: somebody has seen something in the picture.
    Decisions(office.desk.workbench.albums).mask(clear.item.id, "box:5,5,60,60", by="Léa Test")
    told = step(publisher, where, "publish", channel="website", where="x", copy=copies[0])
    assert "ready" in told and "Where it is out" not in publisher.get(where).text


def test_whoever_only_asks_sees_their_own_requests_and_no_picture(
    office: Office, clear: Tile
) -> None:
    _, where = asked(office, clear)
    requester = office.client(Role.REQUESTER)
    assert requester.get(where).status_code == 404
    assert requester.post(where, data={"action": "retract"}).status_code == 404
    assert "Open day" not in requester.get("/publications").text
    assert requester.get(f"/picture/{clear.item.id}/image").status_code == 403
    answer = requester.post("/publications/ask", data={**ASKED, "album": clear.item.album})
    assert answer.status_code == 403
    own = requester.post(
        "/publications/ask", data=ASKED, files={"files": ("x.jpg", b"no picture", "image/jpeg")}
    )
    assert own.status_code == 303
    assert "Open day" in requester.get("/publications").text


def test_whoever_asked_does_not_learn_who_is_on_file(office: Office, clear: Tile) -> None:
    editor, where = asked(office, clear)
    step(editor, where, "settle", only_ready="yes")
    person = next(iter(office.desk.workbench.albums.verdict(clear.item.id).people))
    with Registry.open(office.desk.folder) as registry:
        name = registry.find_person(person).name
        registry.withdraw(person, None, today())
    assert name in editor.get(where).text
    # The same account, which by now may only ask.
    office.account(Role.ADMINISTRATOR)
    office.desk.accounts.change("editor-requester", roles=[Role.REQUESTER])
    told = office.client(name="editor-requester").get(where)
    assert told.status_code == 200
    assert name not in told.text and person not in told.text


def test_a_copy_that_was_found_again_names_its_publication(office: Office, clear: Tile) -> None:
    editor, where = asked(office, clear)
    step(editor, where, "settle", only_ready="yes")
    copy = office.desk.workbench.pictures.kept_bytes(clear.item.id)
    told = editor.post("/publications/find", files={"picture": ("a.jpg", copy, "image/jpeg")})
    assert where in told.text
