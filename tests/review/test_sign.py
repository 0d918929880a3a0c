"""Signing on a screen: one form, once, and nothing of the registry."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pypdfium2
import pytest

from clearance.commandline import today
from consent.records import Capacity, EvidenceLevel
from consent.records import Role as For
from consent.registry import Registry
from forms.errors import FormNotConfirmedError
from forms.outline import Said, outline
from forms.strokes import strokes_in
from forms.variants import VARIANTS
from forms.wording import LANGUAGES, Words
from review.roles import Role
from review.signings import COPY_SECONDS, OPEN_SECONDS, Signings, State
from tests.forms.paper import squeezed
from tests.review.office import NARROW, Office, violations

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser
    from starlette.testclient import TestClient

    from consent.records import Consent, Person

NASTY = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
STROKES = json.dumps([[[100, 200], [300, 60], [500, 220], [800, 80]]])


@pytest.fixture
def office(empty_registry: Path) -> Office:
    """A desk over a registry with nobody in it."""
    return Office.at(empty_registry)


def opened(office: Office, **changed: object) -> str:
    """Open a form at the desk: the address for whoever signs."""
    client = office.client(Role.CONSENT_DESK)
    typed = {"form": "adult", "language": "en", "person": "", **changed}
    answer = client.post("/forms/sign", data=typed)
    assert answer.status_code == 303, answer.text
    return f"/sign/{office.desk.signings.all()[0].token}"


def stranger(office: Office) -> TestClient:
    """A browser in which nobody is signed in."""
    return office.client(signed_in=False)


def typed(**changed: object) -> dict[str, object]:
    """What somebody of age answers, writes and signs."""
    return {
        "language": "en",
        "box.person.surname": "Keller",
        "box.person.first_name": "Anna",
        "box.person.birth": "1980-02-03",
        "box.term.end": (today() + dt.timedelta(days=400)).isoformat(),
        "question.material.photo": "yes",
        "question.channel.website": "yes",
        "question.channel.press": "no",
        "question.purpose.events": "yes",
        "question.matching": "yes",
        "strokes.signature.signature": STROKES,
        **changed,
    }


def on_file(office: Office) -> list[tuple[Person, tuple[Consent, ...]]]:
    with office.desk.registry() as registry:
        return [(one.person, one.consents) for one in registry.dossiers()]


def evidence(office: Office, serial: str) -> bytes:
    with office.desk.registry() as registry:
        return registry.evidence_of(serial)


def text_of(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        pages = [page.get_textpage().get_text_range() for page in document]
    return squeezed(" ".join(pages))


def test_what_is_signed_becomes_a_consent_with_a_simple_signature(office: Office) -> None:
    address = opened(office)
    client = stranger(office)
    answer = client.post(address, data=typed())
    assert answer.status_code == 303, answer.text
    ((person, (consent,)),) = on_file(office)
    assert (person.name, person.born) == ("Anna Keller", None)
    assert consent.evidence.level is EvidenceLevel.SIMPLE
    assert consent.scope.channels == {"website"}
    assert consent.scope.purposes == {"events"}
    assert consent.terms.biometric is False  # not initialled
    assert (consent.paper.template, consent.paper.language) == ("IA", "en")
    assert consent.paper.collected_by == "Consent_Desk"
    assert [one.role for one in consent.signatories] == [For.SELF]
    with office.desk.registry() as registry:
        assert registry.printed() == {consent.serial}

    thanks = client.get(answer.headers["location"]).text
    assert consent.serial in thanks
    assert "/people" not in thanks
    copy = client.get(f"{address}/copy")
    assert copy.headers["content-disposition"].startswith("attachment")
    assert copy.content == evidence(office, consent.serial)
    said = text_of(copy.content)
    for part in ("You decide freely", consent.serial, "Consent_Desk", "1980", "Anna"):
        assert part in said
    assert "simple electronic signature" in said


def test_an_address_works_once(office: Office) -> None:
    address = opened(office)
    client = stranger(office)
    client.post(address, data=typed())
    again = client.post(address, data=typed())
    assert again.headers["location"] == f"{address}/thanks"
    assert len(on_file(office)) == 1
    assert "Thank you" in client.post(f"{address}/done").text
    for path in ("", "/thanks", "/copy"):
        gone = client.get(f"{address}{path}")
        assert gone.status_code == 410
        assert "Keller" not in gone.text
    assert client.get("/sign/nothing").status_code == 410


def test_it_is_not_shown_where_somebody_is_signed_in(office: Office) -> None:
    address = opened(office)
    desk = office.client(Role.CONSENT_DESK)
    assert "You decide freely" not in desk.get(address).text
    assert "Sign out and open the form" in desk.post(address, data=typed()).text
    assert not on_file(office)
    answer = desk.post(f"{address}/hand-over")
    assert answer.headers["location"] == address
    assert '"cache"' in answer.headers["clear-site-data"]
    assert desk.get("/people").headers["location"] == "/sign-in"
    assert "You decide freely" in desk.get(address).text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"strokes.signature.signature": ""}, "Sign the form"),
        ({"strokes.signature.signature": "[[[5, 5], [6, 6]]]"}, "Sign the form"),
        ({"strokes.signature.signature": "[[5]]"}, "cannot be read"),
        ({"box.person.surname": ""}, "your surname"),
        ({"box.person.birth": ""}, "fill in every field"),
        ({"box.person.birth": "2015-01-01"}, "18 and over"),
        ({"box.term.end": ""}, "fill in every field"),
        ({"box.term.end": "2020-01-01"}, "before it was signed"),
        ({"question.channel.website": ""}, "names no channel"),
    ],
)
def test_what_is_missing_is_said_and_what_was_answered_stays(
    office: Office, changed: dict[str, object], said: str
) -> None:
    address = opened(office)
    client = stranger(office)
    answer = client.post(address, data=typed(**changed))
    assert answer.status_code == 422
    assert said in answer.text
    assert 'name="question.channel.press" value="no" checked' in answer.text
    assert not on_file(office)
    assert client.post(address, data=typed()).status_code == 303


def test_a_name_can_be_typed_instead_but_only_with_the_tick(office: Office) -> None:
    address = opened(office)
    client = stranger(office)
    instead = typed(
        **{"strokes.signature.signature": "", "typed.signature.signature": "Anna Keller"}
    )
    assert client.post(address, data=instead).status_code == 422
    answer = client.post(address, data={**instead, "signs.signature.signature": "yes"})
    assert answer.status_code == 303
    ((_, (consent,)),) = on_file(office)
    assert "name typed" in text_of(evidence(office, consent.serial))


def test_a_blank_is_no_and_nothing_is_preset(office: Office) -> None:
    html = stranger(office).get(opened(office)).text
    assert " checked" not in html
    assert html.count('value="yes"') > 20


def test_who_holds_parental_authority_signs_for_a_child(office: Office) -> None:
    address = opened(office, form="minor")
    client = stranger(office)
    child = {
        "box.person.birth": f"{today().year - 9}-01-01",
        "square.capacity.patient": "yes",
        "question.patient.presence": "yes",
        "strokes.signature.signature": "",
        "box.representative.1.name": "Keller, Berta",
        "box.representative.1.relation": "mother",
        "strokes.representative.1.signature": STROKES,
    }
    assert "their no counts" in client.post(address, data=typed(**child)).text
    child["question.representative.assent"] = "yes"
    assert "guardian" in client.post(address, data=typed(**child)).text
    child["square.representative.sole"] = "yes"
    answer = client.post(address, data=typed(**child))
    assert answer.status_code == 303, answer.text
    ((person, (consent,)),) = on_file(office)
    assert (person.capacity, person.born) == (
        Capacity.PATIENT,
        dt.date(today().year - 9, 1, 1),
    )
    (one,) = consent.signatories
    assert (one.role, one.name, one.relation) == (For.GUARDIAN, "Keller Berta", "mother")
    assert consent.sole_authority
    assert consent.terms.secrecy.presence


def test_a_form_for_somebody_on_file_is_signed_by_nobody_else(office: Office) -> None:
    with office.desk.registry() as registry:
        person = registry.add_person("Keller Anna", [], on=today(), born=dt.date(1980, 2, 3))
    address = opened(office, person=person.id)
    client = stranger(office)
    assert "Keller Anna" not in client.get(address).text
    for other in ({"box.person.surname": "Frei"}, {"box.person.birth": "1980-02-04"}):
        assert "ask at the desk" in client.post(address, data=typed(**other)).text
    assert client.post(address, data=typed()).status_code == 303
    ((kept, consents),) = on_file(office)
    assert (kept.id, len(consents)) == (person.id, 1)


def test_the_desk_presets_the_occasion_and_the_end(office: Office) -> None:
    until = today() + dt.timedelta(days=30)
    preset = {"form": "event", "event": "Open day", "until": until.isoformat()}
    client = office.client(Role.CONSENT_DESK)
    no_event = client.post("/forms/sign", data={**preset, "event": "", "language": "en"})
    assert "about one occasion" in no_event.text
    address = opened(office, **preset)
    html = stranger(office).get(address).text
    assert "Open day" in html
    assert 'name="box.session.event"' not in html
    late = {"box.term.end": "2060-01-01", "box.session.event": "Another"}
    stranger(office).post(address, data=typed(**late))
    ((_, (consent,)),) = on_file(office)
    assert (consent.scope.event, consent.scope.valid_until) == ("Open day", until)


def test_the_desk_is_told_that_it_clears_nobody_by_itself(office: Office) -> None:
    client = office.client(Role.CONSENT_DESK)
    assert "clears nobody by itself" in client.get("/forms/sign").text
    address = opened(office)
    stranger(office).post(address, data=typed())
    opened(office)
    stranger(office).post(f"/sign/{office.desk.signings.all()[0].token}", data=typed())
    one = office.desk.signings.all()[0]
    html = client.get(f"/forms/sign/{one.id}").text
    assert "this form clears nobody by itself" in html
    assert "Somebody of the same name is on file already" in html
    assert one.token not in html
    assert "no valid consent" in client.get("/people").text


def test_a_form_is_closed_unsigned(office: Office) -> None:
    address = opened(office)
    client = office.client(Role.CONSENT_DESK)
    one = office.desk.signings.all()[0]
    page = client.get(f"/forms/sign/{one.id}").text
    assert f"{office.origin}{address}" in page
    code = client.get(f"/forms/sign/{one.id}/code.svg")
    assert code.headers["content-type"] == "image/svg+xml"
    client.post(f"/forms/sign/{one.id}/close")
    assert stranger(office).get(address).status_code == 410
    assert stranger(office).post(address, data=typed()).status_code == 410
    assert not on_file(office)


def test_time_ends_what_an_address_opens() -> None:
    now = 0.0
    signings = Signings(lambda: now)
    preset: dict[str, Any] = {"written": {}, "until": None, "event": None, "person": None}
    one = signings.open(variant="adult", language="en", by="Bruno", **preset)
    now = OPEN_SECONDS - 1
    assert signings.take(one)
    assert not signings.take(one)
    signings.give_back(one)
    assert signings.take(one)
    signings.signed(one, "S", "p")
    now += COPY_SECONDS - 1
    assert signings.may_copy(one)
    now += 2
    assert not signings.may_copy(one)
    two = signings.open(variant="adult", language="en", by="Bruno", **preset)
    now += OPEN_SECONDS
    assert not signings.take(two)
    assert two.state is State.OPEN


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_outline_has_every_word_and_place_of_the_printed_form(
    variant: str, language: str
) -> None:
    from forms.consent_form import form_template

    read = outline(variant, language)
    printed = form_template(language, variant)
    marks = {one.name for one in printed.marks if not one.name.startswith("office.")}
    pairs = {f"{name}.{side}" for name in read.questions for side in ("yes", "no")}
    assert marks == pairs | set(read.squares)
    blanks = {one.name for one in printed.blanks if not one.name.startswith("office.")}
    assert blanks <= set(read.boxes)
    told = [one.markup for one in read.blocks if isinstance(one, Said)]
    assert Words(language)["intro.blank"][0] in told


@pytest.mark.parametrize(
    "text", ["{}", "[[[1, 2, 3]]]", "[[[1.5, 2]]]", "null", "[" * 5000, "[[[true, 1]]]"]
)
def test_what_is_no_signature_is_refused(text: str) -> None:
    with pytest.raises(FormNotConfirmedError):
        strokes_in(text)


def test_strokes_stay_within_their_field() -> None:
    assert strokes_in("[[[-5, 900], [2000, 0]]]") == (((0, 300), (1000, 0)),)
    with pytest.raises(FormNotConfirmedError):
        strokes_in(json.dumps([[[1, 1]] * 20_001]))


def test_somebody_reads_answers_and_signs_with_the_mouse(office: Office, browser: Browser) -> None:
    with (
        office.open() as listening,
        listening.page(browser, Role.CONSENT_DESK, size=NARROW) as page,
    ):
        page.goto("/forms/sign")
        assert violations(page) == []
        page.get_by_label("Form (needed)").select_option("crowd")
        page.get_by_label("Occasion", exact=True).fill(NASTY)
        page.get_by_role("button", name="Open it").click()
        assert violations(page) == []
        page.get_by_role("button", name="Sign out and open the form").click()
        page.get_by_role("link", name="Italiano").click()
        page.locator("html[lang=it]").wait_for(state="attached")
        page.get_by_role("link", name="English").click()
        page.locator("html[lang=en]").wait_for(state="attached")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.get_by_label("Surname", exact=True).fill(NASTY)
        page.get_by_label("First name", exact=True).fill("Anna")
        page.get_by_label("Date of birth", exact=True).fill("1980-02-03")
        page.get_by_label("My consent ends on (date)").fill("2030-01-01")
        for question in ("Photos of me", "Website", "To report on the event"):
            page.get_by_role("group", name=question).get_by_label("Yes").check()
        pad = page.locator("canvas")
        pad.scroll_into_view_if_needed()
        draw(page, pad)
        page.get_by_role("button", name="Clear").click()
        assert page.locator('input[name="strokes.signature.signature"]').input_value() == ""
        draw(page, pad)
        page.get_by_role("button", name="Sign and send").click()
        page.get_by_role("heading", name="Thank you").wait_for()
        assert violations(page) == []
        with page.expect_download() as saved:
            page.get_by_role("link", name="Save my copy").click()
        copy = saved.value.path().read_bytes()
        page.get_by_role("button", name="I am done").click()
        page.goto("/people")
        assert page.url.endswith("/sign-in")
    with Registry.open(office.desk.folder) as registry:
        (dossier,) = registry.dossiers()
        (consent,) = dossier.consents
        assert registry.evidence_of(consent.serial) == copy
    assert dossier.person.name == f"Anna {NASTY}"
    assert consent.evidence.level is EvidenceLevel.SIMPLE
    assert consent.scope.channels == {"website"}
    assert "<script>alert(1)</script>" in text_of(copy)
    assert drawn_ink(copy) > 300
    nobody = office.client(Role.CONSENT_DESK)
    assert "<script>alert" not in nobody.get("/forms/sign").text


def draw(page: object, pad: object) -> None:
    """Two strokes with the mouse."""
    box = pad.bounding_box()  # type: ignore[attr-defined]
    mouse = page.mouse  # type: ignore[attr-defined]
    for start, end in (((0.2, 0.7), (0.5, 0.2)), ((0.5, 0.2), (0.8, 0.75))):
        mouse.move(box["x"] + start[0] * box["width"], box["y"] + start[1] * box["height"])
        mouse.down()
        x, y = box["x"] + end[0] * box["width"], box["y"] + end[1] * box["height"]
        mouse.move(x, y, steps=8)
        mouse.up()


def drawn_ink(pdf: bytes) -> int:
    """Dark pixels of the drawn signature: what is left when all text is taken away."""
    with pypdfium2.PdfDocument(pdf) as document:
        dark = 0
        for page in document:
            for one in list(page.get_objects()):
                if one.type == pypdfium2.raw.FPDF_PAGEOBJ_TEXT:
                    page.remove_obj(one)
            page.gen_content()
            grey = np.asarray(page.render(scale=2).to_pil().convert("L"))
            dark += int((grey < 80).sum())
    return dark
