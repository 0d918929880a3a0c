"""People and consents at the desk: what is shown, what is changed, and by whom."""

from __future__ import annotations

import datetime as dt
import functools
import io
import json
import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from clearance.commandline import today
from consent.records import Capacity, EvidenceLevel, Person, Status
from review.roles import Role
from tests.review.office import NARROW, Office, violations_in_both

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser
    from starlette.testclient import TestClient

NASTY = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


@pytest.fixture
def office(empty_registry: Path) -> Office:
    """A desk over a registry with nobody in it."""
    return Office.at(empty_registry)


def add(office: Office, name: str = "Anna Keller", **facts: object) -> Person:
    """Somebody new in the registry of the desk."""
    with office.desk.registry() as registry:
        return registry.add_person(name, [], on=today(), **facts)  # type: ignore[arg-type]


@functools.cache
def scan(pages: int = 1) -> bytes:
    """A scan of a signed form: PDF."""
    stream = io.BytesIO()
    sheets = [Image.new("L", (400, 560), 255 - 40 * number) for number in range(pages)]
    sheets[0].save(stream, "PDF", save_all=True, append_images=sheets[1:])
    return stream.getvalue()


def record(client: TestClient, person: Person, **changed: object) -> object:
    """Record a form by hand."""
    typed: dict[str, object] = {
        "serial": "T-77",
        "signed": today().isoformat(),
        "until": (today() + dt.timedelta(days=40)).isoformat(),
        "level": "wet_ink",
        "material": ["photo"],
        "channel": ["website", "intranet"],
        "purpose": ["events", "services"],
        **changed,
    }
    name = str(typed.pop("file", "signed.pdf"))
    files = {"evidence": (name, scan(2), "application/pdf")}
    return client.post(f"/people/{person.id}/record", data=typed, files=files)


def test_the_list_finds_a_person_without_accents_and_by_id(office: Office) -> None:
    person = add(office, "Zoé Müller")
    client = office.client(Role.AUDITOR)
    for wanted in ("zoe mull", "müller zoé", person.id.lower()):
        html = client.get("/people", params={"q": wanted}).text
        assert "Zoé Müller" in html
        assert "1 person<" in html
        assert "no valid consent" in html
    assert "Nobody found" in client.get("/people", params={"q": "nobody at all"}).text
    assert "Add a person" not in html


def test_fifty_are_shown_at_a_time(office: Office) -> None:
    for number in range(51):
        add(office, f"Guest {number:03}")
    client = office.client(Role.EDITOR)
    first = client.get("/people", params={"q": "guest"}).text
    assert ("Guest 000" in first, "Guest 050" in first) == (True, False)
    second = client.get("/people", params={"q": "guest", "page": "2"}).text
    assert ("Guest 000" in second, "Guest 050" in second) == (False, True)
    assert client.get("/people", params={"page": "9" * 40}).status_code == 200


def test_who_has_no_valid_consent_is_listed_apart(office: Office) -> None:
    person = add(office)
    client = office.client(Role.CONSENT_DESK)
    assert "Anna Keller" in client.get("/people?only=without").text
    record(client, person)
    assert "valid until" in client.get("/people").text  # what is said once, on the next page
    assert "Anna Keller" not in client.get("/people?only=without").text
    assert "intranet, website" in client.get("/people?q=anna").text


def test_a_form_is_recorded_by_hand_and_its_scan_is_shown_beside_it(office: Office) -> None:
    person = add(office)
    client = office.client(Role.CONSENT_DESK)
    answer = record(client, person, **{"from": ""})
    assert answer.status_code == 303, answer.text  # type: ignore[attr-defined]
    with office.desk.registry() as registry:
        _, consent = registry.consent("T-77")
        assert registry.evidence_of("T-77") == scan(2)
    assert consent.scope.channels == {"website", "intranet"}
    assert consent.evidence.level is EvidenceLevel.WET_INK
    page = client.get(f"/people/{person.id}").text
    assert "yes to intranet, website" in page
    shown = client.get(f"/people/{person.id}/form", params={"serial": "T-77"}).text
    assert shown.count('class="sheet"') == 2
    drawn = client.get(f"/people/{person.id}/form/page/2", params={"serial": "T-77"})
    assert drawn.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(drawn.content)).getpixel((50, 50)) == pytest.approx(215, abs=3)
    assert client.get(f"/people/{person.id}/form/page/3?serial=T-77").status_code == 404
    saved = client.get(f"/people/{person.id}/form/evidence?serial=T-77")
    assert saved.headers["content-disposition"] == 'attachment; filename="form-T-77.pdf"'
    assert saved.content == scan(2)
    with office.desk.registry() as registry:
        read = [one for one in registry.audit_entries() if one.action == "evidence.read"]
    assert [one.details.get("page") for one in read] == [2, None]


def test_a_form_of_somebody_else_is_not_shown(office: Office) -> None:
    person, other = add(office), add(office, "Bruno Frei")
    client = office.client(Role.CONSENT_DESK)
    record(client, person)
    for path in ("form", "form/page/1", "form/evidence"):
        answer = client.get(f"/people/{other.id}/{path}?serial=T-77")
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"until": "2020-01-01"}, "before it was signed"),
        ({"signed": "yesterday"}, "is not a day like"),
        ({"channel": ["everywhere"]}, "choose one of the answers"),
        ({"file": "form.html"}, "must be a PDF or a picture"),
        ({"serial": ""}, "fill in every field"),
        ({"first_published": "2020-01-01"}, "signed after the first publication"),
    ],
)
def test_what_cannot_be_recorded_is_said_and_what_was_typed_stays(
    office: Office, changed: dict[str, object], said: str
) -> None:
    person = add(office)
    answer = record(office.client(Role.CONSENT_DESK), person, id_check="passport", **changed)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    html = answer.text  # type: ignore[attr-defined]
    assert said in html
    assert 'value="passport"' in html
    with office.desk.registry() as registry:
        assert not registry.dossier(person.id).consents


def test_a_newer_form_takes_the_place_of_an_older_one(office: Office) -> None:
    person = add(office)
    client = office.client(Role.CONSENT_DESK)
    record(client, person)
    record(client, person, serial="T-78", renews="T-77", renews_only=["website"])
    with office.desk.registry() as registry:
        (renewed,) = registry.consent("T-78")[1].supersedes
    assert (renewed.serial, renewed.channels) == ("T-77", frozenset({"website"}))


def test_a_channel_is_withdrawn_with_its_day_and_a_note(office: Office) -> None:
    person = add(office)
    client = office.client(Role.CONSENT_DESK)
    record(client, person)
    said_on = today() - dt.timedelta(days=3)
    path = f"/people/{person.id}/withdraw"
    typed = {"channel": "website", "on": said_on.isoformat(), "note": "by e-mail"}
    assert client.post(path, data=typed).status_code == 303
    with office.desk.registry() as registry:
        (gone,) = registry.dossier(person.id).withdrawals
    assert (gone.channel, gone.effective, gone.note) == ("website", said_on, "by e-mail")
    assert gone.recorded_on == today()
    html = client.get(f"/people/{person.id}").text
    assert "by e-mail" in html
    again = client.post(path, data=typed)
    assert again.status_code == 422
    assert "no consent for &#39;website&#39; that could be withdrawn" in again.text
    late = {"channel": "all", "on": (today() + dt.timedelta(days=1)).isoformat()}
    assert "still to come" in client.post(path, data=late).text
    assert client.post(path, data={"channel": ""}).status_code == 422
    client.post(path, data={"channel": "all"})
    assert "no valid consent" in client.get("/people?q=keller").text
    assert "Sign on a screen" in client.get(f"/people/{person.id}").text


def test_a_no_is_noted_and_taken_back(office: Office) -> None:
    person = add(office)
    client = office.client(Role.CONSENT_DESK)
    path = f"/people/{person.id}"
    client.post(f"{path}/refuse", data={"channel": "all", "note": "at the door"})
    assert "said no to everything; at the door" in client.get(path).text
    client.post(f"{path}/take-back")
    with office.desk.registry() as registry:
        (said,) = registry.dossier(person.id).refusals
    assert said.taken_back == today()


def test_a_hold_stops_everything_and_erasure_too(office: Office) -> None:
    person = add(office)
    officer = office.client(Role.PRIVACY_OFFICER)
    path = f"/people/{person.id}"
    officer.post(f"{path}/hold", data={"reason": "a complaint"})
    html = officer.get(path).text
    assert "On hold" in html
    assert "says Privacy_Officer: a complaint" in html
    assert (
        "on hold and cannot be erased"
        in officer.post(f"{path}/erase", data={"name": "Anna Keller"}).text
    )
    officer.post(f"{path}/lift")
    assert "hold lifted" in officer.get(path).text


def test_an_exemption_needs_a_kind_that_the_rules_know(office: Office) -> None:
    person = add(office)
    officer = office.client(Role.PRIVACY_OFFICER)
    path = f"/people/{person.id}"
    typed = {
        "kind": "crowd",
        "channel": ["website"],
        "until": (today() + dt.timedelta(days=9)).isoformat(),
        "reason": "open day",
    }
    assert officer.post(f"{path}/exempt", data=typed).status_code == 422
    settings = office.desk.settings_file
    told = settings.read_text(encoding="utf-8") if settings.exists() else ""
    told = re.sub(r"(?m)^#? ?exemptions = .*$", "", told)
    if "[consent]" in told:
        told = told.replace("[consent]", '[consent]\nexemptions = ["crowd"]', 1)
    else:
        told += '\n[consent]\nexemptions = ["crowd"]\n'
    settings.write_text(told, encoding="utf-8")
    assert officer.post(f"{path}/exempt", data=typed).status_code == 303
    assert "exempt until" in officer.get(path).text
    officer.post(f"{path}/exempt/end")
    with office.desk.registry() as registry:
        (one,) = registry.dossier(person.id).exemptions
    assert one.ended_on == today()


def test_erasing_needs_the_name_and_leaves_nothing(office: Office) -> None:
    person = add(office)
    record(office.client(Role.CONSENT_DESK), person)
    officer = office.client(Role.PRIVACY_OFFICER)
    path = f"/people/{person.id}/erase"
    assert "1 signed form with its scan" in officer.get(path).text
    assert officer.post(path, data={"name": "Anna"}).status_code == 422
    with office.desk.registry() as registry:
        assert registry.person(person.id).name == "Anna Keller"
    assert officer.post(path, data={"name": " anna  keller "}).status_code == 303
    assert officer.get(f"/people/{person.id}").status_code == 404


def test_an_access_request_is_a_zip_or_json(office: Office) -> None:
    person = add(office)
    record(office.client(Role.CONSENT_DESK), person)
    officer = office.client(Role.PRIVACY_OFFICER)
    packed = officer.post(f"/people/{person.id}/export", data={"kind": "zip"})
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert {"data.json", "read-me.txt", "forms/1-T-77.pdf"} <= set(archive.namelist())
    told = officer.post(f"/people/{person.id}/export", data={"kind": "json"})
    assert "attachment" in told.headers["content-disposition"]
    assert json.loads(told.content)["person"]["name"] == "Anna Keller"


def test_a_portrait_that_the_gate_refuses_is_explained(office: Office) -> None:
    person = add(office)
    client = office.client(Role.CONSENT_DESK)
    blank = io.BytesIO()
    Image.new("RGB", (300, 300), "white").save(blank, "JPEG")
    path = f"/people/{person.id}/portraits"
    files = {"portrait": ("../../<b>me.jpg", blank.getvalue(), "image/jpeg")}
    answer = client.post(path, files=files)
    assert answer.status_code == 422
    assert "no face" in answer.text
    assert "<b>me" not in answer.text
    with office.desk.registry() as registry:
        assert not registry.portraits_of(person.id)


def test_a_portrait_is_shown_drawn_anew_to_who_may_see_it(registry: Path) -> None:
    office = Office.at(registry)
    with office.desk.registry() as opened:
        person = next(one for one in opened.people() if opened.portraits_of(one.id))
        kept = opened.portraits_of(person.id)[0]
    client = office.client(Role.EDITOR)
    path = f"/people/{person.id}/portraits/{kept.id}"
    assert path in client.get(f"/people/{person.id}").text
    answer = client.get(path)
    assert answer.headers["content-type"] == "image/png"
    assert max(Image.open(io.BytesIO(answer.content)).size) <= 480
    assert office.client(Role.PUBLISHER).get(path).status_code == 403
    other = add(office)
    assert client.get(f"/people/{other.id}/portraits/{kept.id}").status_code == 404


def test_adding_a_second_person_of_a_name_asks_first(office: Office) -> None:
    client = office.client(Role.CONSENT_DESK)
    typed = {"name": "Anna Keller", "capacity": "patient", "born": "2015-05-01"}
    answer = client.post("/people/new", data=typed)
    assert answer.status_code == 303
    assert "on file already" in client.post("/people/new", data=typed).text
    assert client.post("/people/new", data={**typed, "another": "yes"}).status_code == 303
    with office.desk.registry() as registry:
        found = registry.people_named("anna keller")
    assert [one.capacity for one in found] == [Capacity.PATIENT] * 2
    assert "Under 18" in client.get(answer.headers["location"]).text


def test_a_person_is_changed_and_a_day_of_birth_stays(office: Office) -> None:
    person = add(office, born=dt.date(2014, 1, 2))
    client = office.client(Role.CONSENT_DESK)
    path = f"/people/{person.id}/change"
    typed = {"name": "Anna Meier", "capacity": "staff", "status": "left", "born": "2014-01-02"}
    assert client.post(path, data=typed).status_code == 303
    with office.desk.registry() as registry:
        after = registry.person(person.id)
    assert (after.name, after.status) == ("Anna Meier", Status.LEFT)
    assert "not removed" in client.post(path, data={**typed, "born": ""}).text


def test_who_looks_alike_is_linked(office: Office) -> None:
    one, other = add(office), add(office, "Berta Keller")
    client = office.client(Role.CONSENT_DESK)
    client.post(f"/people/{one.id}/alike", data={"other": other.id})
    assert f"Berta Keller ({other.id})" in client.get(f"/people/{one.id}").text


def test_what_ends_soon_is_listed_and_saved_as_a_table(office: Office) -> None:
    person = add(office, "=Anna Keller")
    record(office.client(Role.CONSENT_DESK), person)
    client = office.client(Role.EDITOR)
    assert "T-77" in client.get("/people/expiring?days=60").text
    assert "T-77" not in client.get("/people/expiring?days=30").text
    table = client.get("/people/expiring.csv?days=60")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    line = next(one for one in table.text.splitlines() if "T-77" in one)
    assert ";=Anna" not in line
    assert "Anna Keller" in line


def test_pictures_in_which_somebody_was_recognised_are_listed(office: Office) -> None:
    person = add(office)
    with office.desk.registry() as registry:
        registry.identify("ab" * 32, (1, 2, 30, 40), person.id, by="Bruno", on=today())
    html = office.client(Role.AUDITOR).get(f"/people/{person.id}/pictures").text
    assert "ab" * 32 in html
    assert html.count("Bruno recognised the person") == 1
    assert "face.identified" not in html


def test_a_name_is_only_ever_text(office: Office) -> None:
    person = add(office, NASTY, contact=NASTY)
    client = office.client(Role.PRIVACY_OFFICER)
    record(client, person, event=NASTY)
    client.post(f"/people/{person.id}/hold", data={"reason": NASTY})
    paths = ("", "/record", "/erase", "/pictures", "/form?serial=T-77")
    pages = [f"/people/{person.id}{path}" for path in paths]
    for path in ("/people", "/people/expiring?days=60", *pages):
        html = client.get(path).text
        assert "&lt;script&gt;" in html, path
        assert "<script>alert" not in html, path
        assert "<img src=x" not in html, path


@pytest.mark.parametrize("role", [Role.EDITOR, Role.AUDITOR])
def test_who_only_reads_is_offered_no_change(office: Office, role: Role) -> None:
    person = add(office)
    html = office.client(role).get(f"/people/{person.id}").text
    assert '<h2 id="actions">' not in html
    assert html.count('method="post"') == 2  # the language, and signing out


def test_the_pages_can_be_read_by_everybody(office: Office, browser: Browser) -> None:
    person = add(office)
    record(office.client(Role.CONSENT_DESK), person)
    with (
        office.open() as opened,
        opened.page(browser, Role.PRIVACY_OFFICER, size=NARROW) as page,
    ):
        ways = ("/people", f"/people/{person.id}", f"/people/{person.id}/record")
        for path in (*ways, f"/people/{person.id}/form?serial=T-77"):
            page.goto(path)
            for one in page.query_selector_all("details.explain > summary"):
                one.click()
            assert violations_in_both(page) == [], path
            wide = "document.documentElement.scrollWidth <= window.innerWidth"
            assert page.evaluate(wide), path
