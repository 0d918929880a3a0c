"""Pictures at the desk, as somebody with a browser works with them."""

from __future__ import annotations

import io
import re
import shutil
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from review.access import LOOKING
from review.records import Verb
from review.roles import Role
from tests.commands import SAMPLES
from tests.review.office import NARROW, WIDE, Office, violations, without

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from starlette.testclient import TestClient

HOSTILE = '"><img src=x onerror=alert(1)>.jpg'


@pytest.fixture
def office(judged_registry: Path, tmp_path: Path) -> Office:
    """A desk with a judged album, for one test to change."""
    return Office.at(Path(shutil.copytree(judged_registry, tmp_path / "registry")))


@pytest.fixture
def album(office: Office) -> str:
    return office.desk.workbench.albums.albums()[0].id


def item_named(office: Office, album: str, name: str) -> str:
    tiles = office.desk.workbench.albums.tiles(album).tiles
    return next(tile.item.id for tile in tiles if tile.item.name == name)


def judged(office: Office, album: str) -> None:
    """Wait until nothing waits."""
    while office.desk.workbench.runner.progress(album).running:
        time.sleep(0.05)


def new_album(client: TestClient, title: str) -> str:
    answer = client.post("/pictures", data={"title": title, "channel": "website"})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_what_is_dropped_is_judged_and_named_as_it_was(office: Office) -> None:
    client = office.client(Role.EDITOR)
    where = new_album(client, "Fête <b>d’été</b>")
    page = client.get(where).text
    assert "Fête &lt;b&gt;d’été&lt;/b&gt;" in page and "<b>d’été" not in page
    photo = (SAMPLES / "album" / "01.jpg").read_bytes()
    sent = client.post(
        f"{where}/file",
        content=photo,
        headers={"x-file-name": "%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E.jpg"},
    )
    assert sent.status_code == 200, sent.text
    # The same by a form, without a script: it is there already.
    again = client.post(f"{where}/files", files={"files": ("b.jpg", photo, "image/jpeg")})
    assert again.status_code == 303
    judged(office, where.rsplit("/", 1)[1])
    told = client.get(f"{where}/state").json()
    assert (told["running"], told["done"], told["total"]) == (False, 1, 1)
    assert "&lt;img src=x" in told["tiles"] and "<img src=x" not in told["tiles"]
    assert "cleared" in told["tiles"]


@pytest.mark.parametrize("name", ["../../evil.jpg", "/etc/evil.jpg", "C:\\evil.jpg", "a\x00.jpg"])
def test_a_name_is_never_a_path(office: Office, name: str) -> None:
    client = office.client(Role.EDITOR)
    where = new_album(client, "Names")
    before = {path for path in office.desk.folder.parent.rglob("*") if path.is_file()}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr(name, (SAMPLES / "album" / "03.jpg").read_bytes())
    sent = client.post(
        f"{where}/file", content=archive.getvalue(), headers={"x-file-name": "all.zip"}
    )
    assert sent.status_code < 500
    judged(office, where.rsplit("/", 1)[1])
    after = {path for path in office.desk.folder.parent.rglob("*") if path.is_file()}
    new = {path.relative_to(office.desk.folder) for path in after - before}
    assert all(path.parts[0].startswith(("desk", "registry.sqlite3")) for path in new), new
    assert not [path for path in new if "evil" in path.name]


def test_pictures_are_for_those_who_may_look(office: Office, album: str) -> None:
    item = item_named(office, album, "01.jpg")
    kinds = ("image", "faces/1", "preview", "copy")
    for role in without(LOOKING):
        client = office.client(role)
        for kind in kinds:
            assert client.get(f"/picture/{item}/{kind}").status_code == 403
        assert client.get(f"/thumbnails/{item}").status_code == 403
    shown = office.client(Role.AUDITOR).get(f"/picture/{item}/image")
    assert shown.headers["cache-control"] == "no-store"
    assert not Image.open(io.BytesIO(shown.content)).getexif()


def test_a_portrait_is_shown_beside_the_face_that_is_like_it_only(
    office: Office, album: str
) -> None:
    client = office.client(Role.EDITOR)
    item = item_named(office, album, "01.jpg")
    with office.desk.registry() as registry:
        everybody = {one.id for one in registry.people()}
    seen = office.desk.workbench.albums.verdict(item).people
    assert client.get(f"/picture/{item}/portraits/{min(seen)}").status_code == 200
    assert client.get(f"/picture/{item}/portraits/{min(everybody - seen)}").status_code == 404


def test_everybodys_name_is_only_for_who_says_who_a_face_is(office: Office, album: str) -> None:
    item = item_named(office, album, "01.jpg")
    with office.desk.registry() as registry:
        names = {one.id: one.name for one in registry.people()}
    shown = {names[id_] for id_ in office.desk.workbench.albums.verdict(item).people}
    others = set(names.values()) - shown
    assert all(name in office.client(Role.EDITOR).get(f"/picture/{item}").text for name in others)
    told = office.client(Role.APPROVER).get(f"/picture/{item}").text
    assert not [name for name in others if name in told]


def test_every_word_has_a_name_under_it(office: Office, album: str) -> None:
    item = item_named(office, album, "01.jpg")
    client = office.client(Role.EDITOR, name="lea")
    where = f"/picture/{item}"
    assert client.post(f"{where}/decide", data={"action": "hide", "face": "1"}).status_code == 303
    told = client.get(where).text
    assert "will be hidden in the copy" in told and "Lea" in told
    client.post(f"{where}/decide", data={"action": "undo"})
    decided = office.desk.workbench.decisions.decisions(item)
    assert [(one.verb, one.by, one.undone_by) for one in decided] == [(Verb.HIDDEN, "Lea", "Lea")]
    for wrong in ({"action": "hide", "face": "99"}, {"action": "hide"}, {"action": "publish"}):
        assert client.post(f"{where}/decide", data=wrong).status_code == 422


def test_a_requester_decides_nothing(office: Office, album: str) -> None:
    item = item_named(office, album, "01.jpg")
    for role in without({Role.EDITOR}):
        answer = office.client(role).post(f"/picture/{item}/decide", data={"action": "hide"})
        assert answer.status_code == 403


def test_a_picture_is_settled_in_the_browser(
    office: Office, album: str, browser: Browser, tmp_path: Path
) -> None:
    """From the album to the copy: choose, confirm, draw, answer, look, make the copy."""
    with office.open() as desk, desk.page(browser, Role.EDITOR, Role.REQUESTER) as page:
        page.goto(f"/pictures/{album}")
        assert not violations(page)
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/picture/*")
        page.wait_for_load_state("networkidle")
        assert not violations(page)
        _draw_a_box(page)
        page.fill("#mask-why", "a badge")
        page.get_by_role("button", name="Hide this region").click()
        page.get_by_text("What you drew will be hidden").wait_for()
        page.get_by_role("button", name="Nothing of all that").click()
        page.get_by_role("button", name="Note the answers").click()
        page.get_by_text("7 answers noted").wait_for()
        page.get_by_role("button", name="Make the copy").click()
        page.get_by_text("The copy was made and checked").wait_for(timeout=60_000)
        with page.expect_download() as download:
            page.get_by_role("link", name="Take the copy").click()
        copy = tmp_path / "copy.jpg"
        download.value.save_as(copy)
        assert re.fullmatch(r"clearance-[0-9a-f]+\.jpg", download.value.suggested_filename)
        # What was drawn lies under a mask of one colour.
        part = Image.open(copy).convert("RGB").crop((30, 30, 60, 60))
        assert all(high - low < 12 for low, high in part.getextrema())  # type: ignore[misc]
        page.keyboard.press("?")
        assert page.get_by_role("dialog").is_visible()


def _draw_a_box(page: Page) -> None:
    page.get_by_role("button", name="Draw a box").click()
    stage = page.locator("#stage")
    place = stage.bounding_box()
    assert place
    scale = place["width"] / float(stage.get_attribute("data-width") or 1)
    page.mouse.move(place["x"] + 20 * scale, place["y"] + 20 * scale)
    page.mouse.down()
    page.mouse.move(place["x"] + 90 * scale, place["y"] + 90 * scale)
    page.mouse.up()


def test_pages_are_for_everybody(office: Office, album: str, browser: Browser) -> None:
    item = item_named(office, album, "02.jpg")
    paths = ["/pictures", f"/pictures/{album}", f"/picture/{item}", "/publications"]
    paths += [f"/publications/ask?album={album}", "/publications/find"]
    with office.open() as desk:
        with desk.page(browser, *Role, size=WIDE, dark=True) as page:
            for path in paths:
                page.goto(path)
                assert not violations(page), path
        with desk.page(browser, *Role, size=NARROW) as page:
            for path in paths:
                page.goto(path)
                # Nothing must be scrolled sideways to be read.
                wide = page.locator("body").evaluate("body => body.scrollWidth - innerWidth")
                assert wide <= 0, path
            assert not violations(page)
