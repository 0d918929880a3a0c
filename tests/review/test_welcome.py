"""The first visit: from an empty folder to the first page, and the fictional people."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from clearance.settings import FILE_NAME, load_settings
from consent.registry import DATABASE_NAME, Registry
from review.roles import Role
from review.visit import Cookie
from tests.review.office import NARROW, WIDE, Office, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NASTY = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
ANSWERS = {
    "law_seen": "1",
    "shown": "Marie Dubois",
    "name": "Hôpital de Belmont",
    "place": "Belmont",
    "contact": "image@belmont.example",
    "privacy_contact": "dpo@belmont.example",
    "legal_profile": "ch-vs",
    "languages": ["fr", "de"],
    "channels": ["website", "print"],
    "key": "file",
}


@pytest.fixture
def new(tmp_path: Path) -> Office:
    """A desk in a folder in which there is nothing yet."""
    return Office.at(tmp_path / "new")


def alone(office: Office) -> TestClient:
    """The browser of who works alone."""
    client = office.client(signed_in=False)
    accounts = office.desk.accounts
    secret = accounts.begin_session(accounts.local())
    client.cookies.set(Cookie.of(office.address).name, secret, domain=office.address.host)
    return client


def in_it(office: Office) -> set[str]:
    return {path.name for path in office.desk.folder.iterdir()}


def with_sample(office: Office, demo_registry: Path) -> None:
    """The fictional people as they were made the first time."""
    shutil.copytree(demo_registry, office.desk.sample_folder / "registry")


@pytest.mark.parametrize("path", ["/", "/reports", "/settings/rules/consent"])
def test_without_a_registry_every_page_leads_to_the_first_visit(new: Office, path: str) -> None:
    answer = alone(new).get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/welcome")


def test_the_last_step_makes_everything_at_once(new: Office) -> None:
    client = alone(new)
    answer = client.post("/welcome", data=ANSWERS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/welcome/done")
    settings = load_settings(new.desk.folder / FILE_NAME)
    assert (settings.institution.name, settings.institution.place) == (
        "Hôpital de Belmont",
        "Belmont",
    )
    assert settings.institution.legal_profile == "ch-vs"
    assert settings.institution.languages == ("fr", "de")
    assert settings.consent.channels == ("website", "print")
    with Registry.open(new.desk.folder) as registry:
        assert registry.people() == []
    assert new.desk.accounts.local().shown == "Marie Dubois"
    assert "institution.key" in client.get("/welcome/done").text
    assert "What to do next" in client.get("/").text
    assert client.get("/welcome").headers["location"] == "/"


def test_whoever_stops_in_the_middle_leaves_nothing_behind(new: Office) -> None:
    client = alone(new)
    for step in ("who", "institution", "law", "key", "check"):
        page = client.get("/welcome", params={**ANSWERS, "step": step})
        assert page.status_code == 200, step
    assert "Make the registry" in page.text
    assert in_it(new) == {"desk"}
    assert new.desk.accounts.local().shown == ""


@pytest.mark.parametrize(
    ("field", "step"),
    [("shown", "who"), ("name", "institution"), ("languages", "law"), ("channels", "law")],
)
def test_what_is_missing_is_asked_for_again(new: Office, field: str, step: str) -> None:
    told = {name: value for name, value in ANSWERS.items() if name != field}
    told |= {field: ""} if isinstance(ANSWERS[field], str) else {}
    client = alone(new)
    for answer in (
        client.get("/welcome", params={**told, "step": "check"}),
        client.post("/welcome", data=told),
    ):
        assert answer.status_code == 422
        assert 'aria-current="step"' in answer.text
        assert ('id="shown"' in answer.text) == (step == "who")
        assert "Say " in answer.text or "Choose at least one." in answer.text
    assert in_it(new) == {"desk"}


def test_a_key_that_cannot_be_kept_leaves_nothing_half_made(new: Office) -> None:
    answer = alone(new).post("/welcome", data={**ANSWERS, "key": "keyring"})
    assert answer.status_code == 422
    assert "keyring" in answer.text
    assert in_it(new) == {"desk"}
    assert new.desk.accounts.local().shown == ""


def test_a_name_is_text_wherever_it_stands(new: Office) -> None:
    told = {**ANSWERS, "name": NASTY, "shown": NASTY, "channels": [NASTY, "website"]}
    client = alone(new)
    for step in ("who", "institution", "law", "key", "check"):
        assert "<script>alert" not in client.get("/welcome", params={**told, "step": step}).text
    assert client.post("/welcome", data=told).status_code == 303
    for path in ("/", "/settings", "/settings/rules/institution", "/settings/rules/consent"):
        page = client.get(path).text
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
    assert "&lt;script&gt;" in client.get("/settings/rules/institution").text


def test_fictional_people_never_mix_with_real_ones(new: Office, demo_registry: Path) -> None:
    with_sample(new, demo_registry)
    client = alone(new)
    entered = client.post("/sample")
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    first = client.get("/")
    assert "Practising: everybody here is fictional." in first.text
    assert not (new.desk.folder / DATABASE_NAME).exists()
    sample = new.desk.current.workbench
    (album,) = sample.albums.albums()
    assert sample.albums.tiles(album.id).total == 12
    sample.runner.cancel(album.id)
    # Nobody else is let in among them.
    told = {"name": "anna", "shown": "Anna", "roles": "administrator"}
    assert client.post("/settings/accounts", data=told).status_code == 403
    left = client.post("/sample/leave")
    assert left.headers["location"] == "/"
    assert client.get("/").headers["location"] == "/welcome"
    assert "Practising" not in client.get("/welcome").text


def test_practising_is_for_one_person_alone(office: Office, demo_registry: Path) -> None:
    with_sample(office, demo_registry)
    answer = office.client(Role.ADMINISTRATOR).post("/sample")
    assert answer.status_code == 422
    assert office.desk.current is office.desk


def test_leaving_lets_nobody_in_where_others_have_passwords_meanwhile(
    new: Office, demo_registry: Path
) -> None:
    with_sample(new, demo_registry)
    client = alone(new)
    client.post("/sample")
    new.account(Role.ADMINISTRATOR)
    client.post("/sample/leave")
    assert client.get("/settings").headers["location"] == "/sign-in"


def test_from_an_empty_folder_to_the_first_page(
    new: Office, demo_registry: Path, browser: Browser
) -> None:
    with_sample(new, demo_registry)
    token = new.desk.new_start_token()
    with new.open() as opened:
        context = browser.new_context(base_url=opened.origin, locale="en", reduced_motion="reduce")
        page = context.new_page()
        broken: list[str] = []
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto(f"/start?token={token}")
        page.fill("#shown", "Marie Dubois")
        # Enter goes on, and never back.
        page.press("#shown", "Enter")
        page.fill("#name", NASTY)
        page.press("#name", "Enter")
        page.check("#law-ch-vs")
        page.click("button.first")
        page.get_by_role("button", name="Back").click()
        assert page.is_checked("#law-ch-vs")
        page.click("button.first")
        page.click("button.first")
        assert page.locator("dd", has_text="onerror").count() == 1
        page.click("text=Make the registry")
        page.click("text=Begin")
        assert page.get_by_role("heading", name="What to do next").is_visible()
        page.goto("/help")
        page.click("text=Practise with fictional people")
        assert page.url.rstrip("/") == opened.origin
        for width, height in (WIDE, NARROW):
            for dark in (False, True):
                page.set_viewport_size({"width": width, "height": height})
                page.emulate_media(color_scheme="dark" if dark else "light")
                assert violations(page) == []
                assert page.evaluate("document.body.scrollWidth <= window.innerWidth")
        page.click("text=Leave the fictional people")
        assert page.get_by_role("heading", name="What to do next").is_visible()
        assert not broken
        context.close()
