"""clearance.toml as pages: what is good is written whole, what is not changes nothing."""

from __future__ import annotations

import dataclasses
import html
from typing import TYPE_CHECKING

import pytest

from clearance.language import language
from clearance.settings import FILE_NAME, Settings, load_settings
from clearance.settings_file import settings_version
from consent.registry import Registry
from review.roles import Role
from review.settings_keys import SECTIONS, Kind, options, section_named
from tests.review.office import WIDE, Office, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NASTY = '"><img src=x onerror=alert(1)>'


def form_of(office: Office, section: str, **changed: object) -> dict[str, object]:
    """A section's form as it stands on the page, with some fields typed anew."""
    found = section_named(section)
    assert found is not None
    table = getattr(office.desk.settings, section)
    sent: dict[str, object] = {"seen": settings_version(office.desk.folder)}
    for key in found.keys:
        value = getattr(table, key.name)
        match key.kind:
            case Kind.YES:
                sent |= {key.name: "1"} if value else {}
            case Kind.LIST:
                sent[key.name] = "\n".join(value)
            case _:
                sent[key.name] = list(value) if isinstance(value, tuple) else str(value)
    return sent | changed


def log_of(office: Office) -> list[tuple[str, dict[str, object]]]:
    with Registry.open(office.desk.folder) as registry:
        return [(entry.action, dict(entry.details)) for entry in registry.audit_entries()]


def test_every_key_of_the_file_stands_on_a_page_once() -> None:
    asked = {(section.name, key.name) for section in SECTIONS for key in section.keys}
    known = {
        (section.name, key.name)
        for section in dataclasses.fields(Settings)
        if dataclasses.is_dataclass(table := getattr(Settings(), section.name))
        for key in dataclasses.fields(table)
    }
    assert asked == known
    assert sum(len(section.keys) for section in SECTIONS) == len(known)


def test_each_key_is_asked_for_as_its_value_is(office: Office) -> None:
    kinds = {bool: {Kind.YES}, int: {Kind.NUMBER}, float: {Kind.SHARE}}
    kinds |= {tuple: {Kind.LIST, Kind.SOME}, str: {Kind.TEXT, Kind.ONE}}
    for section in SECTIONS:
        for key in section.keys:
            value = getattr(getattr(Settings(), section.name), key.name)
            assert key.kind in kinds[type(value)], key.name
            chosen = options(section.name, key.name, Settings(), language("en"))
            assert bool(chosen) == (key.kind in (Kind.ONE, Kind.SOME)), key.name


@pytest.mark.parametrize("section", [section.name for section in SECTIONS])
def test_a_page_sent_as_it_stands_changes_nothing(office: Office, section: str) -> None:
    path = office.desk.folder / FILE_NAME
    before = path.read_bytes()
    client = office.client(Role.ADMINISTRATOR)
    assert client.get(f"/settings/rules/{section}").status_code == 200
    answer = client.post(f"/settings/rules/{section}", data=form_of(office, section))
    assert answer.status_code == 303, html.unescape(answer.text)
    assert path.read_bytes() == before
    assert not path.with_name(f"{FILE_NAME}.before").exists()


def test_a_change_is_written_and_the_log_says_which_keys_and_not_what(office: Office) -> None:
    path = office.desk.folder / FILE_NAME
    path.write_text(f"# chosen by the board\n{path.read_text('utf-8')}", encoding="utf-8")
    client = office.client(Role.ADMINISTRATOR, name="petra")
    sent = form_of(office, "consent", guardians="1", channels="website\n\n notice board \n")
    assert client.post("/settings/rules/consent", data=sent).status_code == 303
    settings = load_settings(path)
    assert settings.consent.guardians == 1
    assert settings.consent.channels == ("website", "notice board")
    assert "chosen by the board" in path.with_name(f"{FILE_NAME}.before").read_text("utf-8")
    action, details = log_of(office)[-1]
    assert (action, details["keys"]) == (
        "settings.changed",
        ["consent.channels", "consent.guardians"],
    )
    assert "notice board" not in str(details)
    assert "petra" not in str(details)
    # The page knows who that was.
    auditor = office.client(Role.AUDITOR)
    assert "Petra" in auditor.get("/reports/log").text


@pytest.mark.parametrize(
    ("section", "key", "value", "said"),
    [
        ("consent", "guardians", "7", "must be a number from 1 to 2"),
        ("consent", "guardians", "two", "must be a number"),
        ("consent", "country", "Switzerland", "must be a country code of two letters"),
        ("consent", "channels", "", "must name each one once"),
        ("detection", "false_positive_rate", "0.5", "must be above 0, at most 0.01"),
        ("detection", "false_positive_rate", "nan", "must be above 0"),
        ("publication", "data_mining", "whatever", "must be one of"),
        ("institution", "languages", [], "must be one of"),
        ("desk", "idle_minutes", "0", "must be a number from 1 to 720"),
    ],
)
def test_a_wrong_value_is_said_beside_its_field_and_changes_nothing(
    office: Office, section: str, key: str, value: object, said: str
) -> None:
    before = (office.desk.folder / FILE_NAME).read_bytes()
    sent = form_of(office, section, **{key: value})
    answer = office.client(Role.ADMINISTRATOR).post(f"/settings/rules/{section}", data=sent)
    assert answer.status_code == 422
    _, _, beside = answer.text.partition(f'id="key-{key}-problem"')
    assert said in html.unescape(beside.partition("</p>")[0])
    assert (office.desk.folder / FILE_NAME).read_bytes() == before
    assert log_of(office)[-1][0] != "settings.changed"


def test_what_somebody_else_changed_meanwhile_is_not_undone(office: Office) -> None:
    sent = form_of(office, "consent", guardians="1")
    client = office.client(Role.ADMINISTRATOR)
    other = form_of(office, "consent", portrait_days="5")
    assert client.post("/settings/rules/consent", data=other).status_code == 303
    answer = client.post("/settings/rules/consent", data=sent)
    assert answer.status_code == 422
    assert "somebody else has changed the settings meanwhile" in answer.text
    assert office.desk.settings.consent.guardians == 2


def test_values_are_text(office: Office) -> None:
    client = office.client(Role.ADMINISTRATOR)
    sent = form_of(office, "institution", name=NASTY, publishing_units=NASTY)
    assert client.post("/settings/rules/institution", data=sent).status_code == 303
    page = client.get("/settings/rules/institution").text
    assert NASTY not in page
    assert html.escape(NASTY, quote=True).replace("&quot;", "&#34;") in page


def test_who_is_no_administrator_sees_their_own_account_alone(office: Office) -> None:
    client = office.client(Role.EDITOR)
    page = client.get("/settings").text
    assert "/settings/rules/" not in page
    assert "/settings/accounts" not in page
    assert client.get("/settings/rules/consent").status_code == 403


def test_the_pages_are_for_everybody(office: Office, browser: Browser) -> None:
    with office.open() as opened, opened.page(browser, *Role, size=WIDE) as page:
        for number, path in enumerate(("rules/consent", "accounts", "tokens")):
            # By turns, for the time it takes: all of them have the same colours.
            page.emulate_media(color_scheme=("light", "dark")[number % 2])
            page.goto(f"/settings/{path}")
            assert violations(page) == [], path
            assert page.evaluate("document.body.scrollWidth <= window.innerWidth"), path
