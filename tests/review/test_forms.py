"""Paper at the desk: blanks, scans, drafts that somebody compares, consents."""

from __future__ import annotations

import datetime as dt
import io
import random
import time
from typing import TYPE_CHECKING

import pypdfium2
import pytest
from PIL import Image, ImageDraw

from clearance.commandline import today
from consent.registry import Registry
from forms.consent_form import form_template
from forms.layout import SIZE
from review.roles import Role
from tests.forms.office import MM, SCALE, Person, skewed
from tests.review.office import NARROW, Office, violations

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser
    from starlette.testclient import TestClient

YES = ("material.photo", "purpose.events", "channel.website", "channel.press")
WRITTEN = ("term.end", "signature.date")
NASTY = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


@pytest.fixture
def office(empty_registry: Path) -> Office:
    """A desk with one person on file."""
    made = Office.at(empty_registry)
    with made.desk.registry() as registry:
        registry.add_person("Anna Keller", [], on=today())
    return made


def pages_of(pdf: bytes) -> list[Image.Image]:
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.render(scale=SCALE).to_pil().convert("RGB") for page in document]


def printed(client: TestClient, **changed: object) -> bytes:
    """A short form from the desk's own printer: one page, one occasion."""
    typed = {"form": "crowd", "language": "fr", "beside": "", "count": "1", "event": "Fête"}
    answer = client.post("/forms/print", data={**typed, **changed})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    return answer.content


def filled(pages: list[Image.Image], *, doubtful: str = "") -> bytes:
    """The form, answered and signed with a pen, askew in the scanner."""
    person = Person(random.Random(5), (20, 40, 130), 0.5 * MM, "cross")
    papers = [ImageDraw.Draw(page) for page in pages]
    template = form_template("fr", "crowd")
    squares = {mark.name: mark for mark in template.marks}
    blanks = {blank.name: blank for blank in template.blanks}
    for name, square in squares.items():
        question, _, side = name.rpartition(".")
        if side == "yes":
            chosen = squares[f"{question}.{'yes' if question in YES else 'no'}"]
            person.tick(papers[chosen.page - 1], chosen)
        if side == "no" and question == doubtful:
            person.tick(papers[square.page - 1], square)
    for name in WRITTEN:
        person.write(papers[blanks[name].page - 1], blanks[name], 8)
    signature = blanks["signature.signature"]
    person.sign(papers[signature.page - 1], signature)
    scans = [skewed(page, random.Random(2)) for page in pages]
    stream = io.BytesIO()
    scans[0].save(stream, "PDF", save_all=True, append_images=scans[1:], resolution=200)
    return stream.getvalue()


def read(client: TestClient, *files: tuple[str, bytes]) -> str:
    """Send scans, and wait until they are read: the page that says what came of it."""
    sent = [("scans", (name, data, "application/octet-stream")) for name, data in files]
    answer = client.post("/forms/read", files=sent)
    assert answer.status_code == 303, answer.text
    for _ in range(600):
        html = client.get(answer.headers["location"]).text
        if "data-waits" not in html:
            return html
        time.sleep(0.05)
    raise AssertionError("it is never over")


def serial_in(office: Office) -> str:
    with office.desk.registry() as registry:
        (serial,) = registry.drafts()
    return serial


TYPED = {
    "person": "Anna Keller",
    "signed": today().isoformat(),
    "until": (today() + dt.timedelta(days=300)).isoformat(),
    "event": "Fête",
    "compared": "yes",
}


def test_blanks_are_printed_and_their_numbers_remembered(office: Office) -> None:
    client = office.client(Role.CONSENT_DESK)
    pdf = printed(client, count="3", beside="de", form="general", copy="yes", event="")
    with pypdfium2.PdfDocument(pdf) as document:
        assert len(document) >= 9
    with office.desk.registry() as registry:
        assert len(registry.printed()) == 3


def test_one_is_printed_for_each_person_of_a_list(office: Office) -> None:
    client = office.client(Role.CONSENT_DESK)
    child = f"{today().year - 5}-01-01"
    table = f"first name;surname;born\r\nAnna;Keller;\r\nUrs;Frei;{child}\r\n".encode()
    typed = {"form": "adult", "language": "fr", "beside": ""}
    files = {"roster": ("list.csv", table, "text/csv")}
    refused = client.post("/forms/print", data=typed, files=files)
    assert refused.status_code == 422
    assert "line 3: under 18" in refused.text
    answer = client.post("/forms/print", data={**typed, "without_refused": "yes"}, files=files)
    assert answer.headers["content-type"] == "application/pdf"
    with office.desk.registry() as registry:
        assert len(registry.printed()) == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"count": "0"}, "print 1 to 5000 forms"),
        ({"form": "../general"}, "choose one of the answers"),
        ({"place": "Bienne"}, "has no box for place"),
        ({"until": "soon"}, "is not a day like"),
    ],
)
def test_what_cannot_be_printed_is_said(office: Office, changed: dict[str, str], said: str) -> None:
    typed = {"form": "crowd", "language": "fr", "beside": "", "count": "1"}
    answer = office.client(Role.CONSENT_DESK).post("/forms/print", data={**typed, **changed})
    assert answer.status_code == 422
    assert said in answer.text
    with office.desk.registry() as registry:
        assert not registry.printed()


def test_a_scan_becomes_a_consent_once_somebody_has_compared_it(office: Office) -> None:
    client = office.client(Role.CONSENT_DESK)
    scan = filled(pages_of(printed(client)), doubtful="channel.website")
    html = read(client, ("a.pdf", scan), ("b.png", png()), ("c.jpg", b"no picture"))
    assert "File 2, page 1: no code of a form to be seen" in html
    assert html.count('role="alert"') == 1
    serial = serial_in(office)
    with office.desk.registry() as registry:
        assert not next(iter(registry.dossiers())).consents
    assert serial in client.get("/forms").text
    path = f"/forms/drafts/{serial}"
    page = client.get(path).text
    assert "read as: both" in page
    flat = client.get(f"{path}/page/1")
    assert Image.open(io.BytesIO(flat.content)).size == SIZE
    assert client.get(f"{path}/page/9").status_code == 404

    for without, said in (
        ("compared", "tick that you have compared"),
        ("signed", "fill in every field"),
        ("event", "about one occasion"),
    ):
        typed = {name: value for name, value in TYPED.items() if name != without}
        answer = client.post(f"{path}/confirm", data=typed)
        assert answer.status_code == 422
        assert said in answer.text
    settled = {**TYPED, "said.channel.website": "yes", "said.material.photo": "yes"}
    answer = client.post(f"{path}/confirm", data=settled)
    assert answer.status_code == 303, answer.text
    with office.desk.registry() as registry:
        _, consent = registry.consent(serial)
        assert not registry.drafts()
        done = [one for one in registry.audit_entries() if one.action == "draft.confirmed"]
    assert consent.scope.channels == {"website", "press"}
    assert consent.scope.event == "Fête"
    assert consent.paper.confirmed_by == "Consent_Desk"
    assert done[0].details["changed"] == ["channel.website"]
    assert list((office.desk.home / "scans").iterdir()) == []


def png() -> bytes:
    """A page that is no form."""
    stream = io.BytesIO()
    Image.new("L", (600, 800), 255).save(stream, "PNG")
    return stream.getvalue()


def test_what_was_doubtful_and_not_settled_is_no(office: Office) -> None:
    client = office.client(Role.CONSENT_DESK)
    read(client, ("a.pdf", filled(pages_of(printed(client)), doubtful="channel.website")))
    serial = serial_in(office)
    answer = client.post(f"/forms/drafts/{serial}/confirm", data=TYPED)
    assert answer.status_code == 303, answer.text
    with office.desk.registry() as registry:
        assert registry.consent(serial)[1].scope.channels == {"press"}


def test_nobody_is_put_on_file_for_a_form_that_is_refused(office: Office) -> None:
    client = office.client(Role.CONSENT_DESK)
    read(client, ("a.pdf", filled(pages_of(printed(client)))))
    path = f"/forms/drafts/{serial_in(office)}/confirm"
    new = {**TYPED, "person": "Bruno Frei", "new_person": "yes"}
    assert client.post(path, data={**new, "until": "2020-01-01"}).status_code == 422
    assert "Bruno" not in client.get("/people").text
    assert client.post(path, data=new).status_code == 303
    assert "Bruno Frei" in client.get("/people").text


def test_a_draft_is_dropped(office: Office) -> None:
    client = office.client(Role.CONSENT_DESK)
    read(client, ("a.pdf", filled(pages_of(printed(client)))))
    serial = serial_in(office)
    assert client.post(f"/forms/drafts/{serial}/drop").status_code == 303
    assert client.get(f"/forms/drafts/{serial}").status_code == 404
    with office.desk.registry() as registry:
        assert not registry.drafts()


@pytest.mark.parametrize("name", ["form.html", "form", "form.svg", "form.pdf.exe"])
def test_what_is_no_scan_is_not_taken_in(office: Office, name: str) -> None:
    client = office.client(Role.CONSENT_DESK)
    answer = client.post("/forms/read", files=[("scans", (name, b"x", "application/pdf"))])
    assert answer.status_code == 422
    assert "must be a PDF or a picture" in answer.text
    assert not (office.desk.home / "scans").exists()


def test_what_an_earlier_start_left_is_deleted(office: Office) -> None:
    left = office.desk.readings.new_folder()
    (left / "001.pdf").write_bytes(b"signed")
    Office.at(office.desk.folder)
    assert not left.exists()


def test_from_the_printer_to_the_consent_in_a_browser(office: Office, browser: Browser) -> None:
    with office.desk.registry() as registry:
        registry.add_person(NASTY, [], on=today())
    with office.open() as opened, opened.page(browser, Role.CONSENT_DESK, size=NARROW) as page:
        page.goto("/forms")
        assert violations(page) == []
        page.get_by_role("link", name="Print", exact=True).click()
        assert violations(page) == []
        page.get_by_label("Form (needed)").select_option("crowd")
        page.get_by_label("Occasion").fill(NASTY)
        with page.expect_download() as saved:
            page.get_by_role("button", name="Make the PDF").click()
        scan = filled(pages_of(saved.value.path().read_bytes()))
        page.goto("/forms")
        page.get_by_label("Scans of signed forms").set_input_files(
            {"name": "s.pdf", "mimeType": "application/pdf", "buffer": scan}
        )
        page.get_by_role("button", name="Read them").click()
        page.get_by_role("link", name="Compare").click(timeout=30_000)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.get_by_label("Whose form it is").fill(NASTY)
        page.get_by_label("Day of the signature").fill(TYPED["signed"])
        page.get_by_label("Last day it is valid").fill(TYPED["until"])
        page.get_by_label("Only for the pictures of this occasion").fill(NASTY)
        page.get_by_role("group", name="Newsletter").get_by_label("yes").check()
        page.get_by_label("I have compared every answer with the paper.").check()
        page.get_by_role("button", name="Record the consent").click()
        assert page.get_by_role("heading", level=1).inner_text() == NASTY
    with Registry.open(office.desk.folder) as registry:
        (consent,) = registry.dossier(registry.find_person(NASTY).id).consents
    assert consent.scope.channels == {"website", "press", "newsletter"}
