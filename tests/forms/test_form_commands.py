"""Paper and back, as the office does it: print, sign, scan, read, compare, record."""

from __future__ import annotations

import ctypes
import dataclasses
import json
import random
from collections.abc import Iterable
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image, ImageDraw
from pypdfium2 import raw

from clearance.commandline import ExitCode
from consent.registry import Registry
from forms import printing_commands
from forms.consent_form import form_template, qr_payload
from forms.variants import VARIANTS
from forms.wording import LANGUAGES
from tests.commands import SAMPLES, run
from tests.forms.office import MM, SCALE, Person, skewed, upside_down
from tests.forms.paper import codes, words

YES = ("material.photo", "purpose.events", "channel.website", "channel.intranet", "matching")
WRITTEN = ("term.end", "matching.initials", "signature.date")


@dataclasses.dataclass
class Office:
    """A registry with one person in it, and the sheets on the desk."""

    folder: Path
    registry: Path

    def clearance(self, *arguments: object, code: ExitCode = ExitCode.CLEARED) -> str:
        done = run(*arguments, "--registry", self.registry, "--lang", "en").assert_exit(code)
        return " ".join(done.result.output.split())

    def json(self, *arguments: object, code: ExitCode = ExitCode.CLEARED) -> dict[str, object]:
        done = run(*arguments, "--registry", self.registry, "--json").assert_exit(code)
        return done.document

    def printed(self, count: int = 1) -> list[Image.Image]:
        path = self.folder / "blank.pdf"
        run(
            *("forms", "print", "-o", path, "--count", count),
            *("--registry", self.registry, "--lang", "fr"),
        ).assert_exit(ExitCode.CLEARED)
        with pypdfium2.PdfDocument(path.read_bytes()) as document:
            return [page.render(scale=SCALE).to_pil().convert("RGB") for page in document]

    def scanned(self, *pages: Image.Image, name: str = "scans.pdf") -> Path:
        path = self.folder / name
        pages[0].save(path, save_all=True, append_images=pages[1:], resolution=200)
        return path

    def only_draft(self) -> str:
        drafts = self.json("forms", "drafts")["drafts"]
        assert isinstance(drafts, list)
        (draft,) = drafts
        return str(draft["serial"])


@pytest.fixture
def office(empty_registry: Path, tmp_path: Path) -> Office:
    run("people", "add", "Anna Keller", "--registry", empty_registry).assert_exit(ExitCode.CLEARED)
    return Office(tmp_path, empty_registry)


def fill(
    pages: list[Image.Image],
    *,
    yes: Iterable[str] = YES,
    written: Iterable[str] = WRITTEN,
    signed: bool = True,
) -> None:
    """Answer every question, and sign."""
    person = Person(random.Random(5), (20, 40, 130), 0.5 * MM, "cross")
    papers = [ImageDraw.Draw(page) for page in pages]
    squares = {mark.name: mark for mark in form_template("fr").marks}
    blanks = {blank.name: blank for blank in form_template("fr").blanks}
    for name in squares:
        question, _, side = name.rpartition(".")
        if side == "yes":
            mark = squares[f"{question}.{'yes' if question in set(yes) else 'no'}"]
            person.tick(papers[mark.page - 1], mark)
    for name in written:
        person.write(papers[blanks[name].page - 1], blanks[name], 8)
    if signed:
        person.sign(papers[1], blanks["signature.signature"])


def confirmed(serial: str) -> tuple[object, ...]:
    """What is typed to confirm a form."""
    return (
        *("forms", "confirm", serial, "--by", "Bruno Frei", "--person", "Anna Keller"),
        *("--signed", "2026-11-20", "--until", "2028-11-20"),
    )


def test_a_signed_form_becomes_a_consent_when_a_person_confirms_it(office: Office) -> None:
    pages = office.printed()
    fill(pages)
    chance = random.Random(2)
    letter = Image.new("RGB", pages[0].size, "white")
    scans = office.scanned(skewed(pages[1], chance), letter, upside_down(pages[0], chance))
    told = office.clearance("forms", "read", scans, code=ExitCode.NOT_CLEARED)
    assert "scans.pdf, page 2: no code of a form to be seen" in told
    assert "5 answers are a clear yes; 0 places must be looked at" in told
    assert "Nothing is recorded yet" in told
    assert "No form is recorded" in office.clearance("consent", "list")

    serial = office.only_draft()
    shown = office.clearance("forms", "confirm", serial, "--crops", office.folder / "crops")
    assert "channel.website yes 100% Website of the institution" in shown
    assert (office.folder / "crops" / "signature.signature.png").stat().st_size > 1000
    assert (office.folder / "crops" / "scan.pdf").read_bytes().startswith(b"%PDF-")

    told = office.clearance(*confirmed(serial))
    assert f"Recorded {serial} for Anna Keller, valid until 2028-11-20." in told
    form = office.json("consent", "show", serial)
    scope, terms, paper = (form[part] for part in ("scope", "terms", "paper"))
    assert isinstance(scope, dict)
    assert isinstance(terms, dict)
    assert isinstance(paper, dict)
    assert scope["channels"] == ["intranet", "website"]
    assert (scope["materials"], scope["purposes"]) == (["photo"], ["events"])
    assert (terms["biometric"], terms["named"], terms["editing"]) == (True, False, False)
    assert (paper["template"], paper["version"], paper["language"]) == ("IR", 1, "fr")
    assert paper["confirmed_by"] == "Bruno Frei"
    assert "No form waits" in office.clearance("forms", "drafts")
    told = office.clearance("forms", "read", scans, code=ExitCode.NOT_CLEARED)
    assert "recorded already" in told


def test_a_person_settles_what_is_doubtful(office: Office) -> None:
    pages = office.printed()
    fill(pages, written=("term.end", "signature.date"), signed=False)
    office.clearance("forms", "read", office.scanned(*pages), code=ExitCode.NOT_CLEARED)
    serial = office.only_draft()
    told = office.clearance(*confirmed(serial), code=ExitCode.INPUT_OR_OUTPUT)
    assert "Nothing is written in signature.signature" in told
    told = office.clearance(
        *confirmed(serial), "--answer", "no.such=yes", code=ExitCode.INPUT_OR_OUTPUT
    )
    assert "no question 'no.such'" in told
    office.clearance(*confirmed(serial), "--answer", "what", code=ExitCode.USAGE)
    said = ("--answer", "signature.signature=yes", "--answer", "channel.website=no")
    office.clearance(*confirmed(serial), *said)
    form = office.json("consent", "show", serial)
    assert isinstance(form["scope"], dict)
    assert isinstance(form["terms"], dict)
    assert form["scope"]["channels"] == ["intranet"]
    # The initials that stand for it alone are missing.
    assert form["terms"]["biometric"] is False
    with Registry.open(office.registry) as registry:
        (entry,) = [one for one in registry.audit_entries() if one.action == "draft.confirmed"]
    assert entry.details["changed"] == ["channel.website", "signature.signature"]


def test_a_form_without_an_end_or_with_a_childs_no_is_no_consent(office: Office) -> None:
    pages = office.printed()
    fill(pages, written=("matching.initials", "signature.date"))
    office.clearance("forms", "read", office.scanned(*pages), code=ExitCode.NOT_CLEARED)
    serial = office.only_draft()
    told = office.clearance(*confirmed(serial), code=ExitCode.INPUT_OR_OUTPUT)
    assert "Nothing is written in term.end" in told
    ended = ("--answer", "term.end=yes")
    # Two parents are named, and neither has signed.
    parents = ("--guardian", "A. Keller, mother", "--guardian", "B. Keller, father")
    told = office.clearance(*confirmed(serial), *ended, *parents, code=ExitCode.INPUT_OR_OUTPUT)
    assert "representative.1.signature" in told
    signed = [
        word for number in (1, 2) for word in ("--answer", f"representative.{number}.signature=yes")
    ]
    told = office.clearance(
        *confirmed(serial), *ended, *parents, *signed, code=ExitCode.INPUT_OR_OUTPUT
    )
    assert "did not clearly agree" in told
    assert office.only_draft() == serial


def test_words_behind_other_are_no_yes(office: Office) -> None:
    pages = office.printed()
    fill(pages, written=(*WRITTEN, "purpose.other.words"))
    office.clearance("forms", "read", office.scanned(*pages))
    office.clearance(*confirmed(office.only_draft()))
    form = office.json("consent", "show", str(office.json("consent", "list")["consent"]))
    assert isinstance(form["scope"], dict)
    assert form["scope"]["purposes"] == ["events"]


def test_what_no_program_reads_must_be_said(office: Office) -> None:
    pages = office.printed()
    fill(pages)
    office.clearance("forms", "read", office.scanned(*pages))
    serial = office.only_draft()
    told = office.clearance("forms", "confirm", serial, "--by", "B. Frei", code=ExitCode.USAGE)
    assert "--person, --signed, --until" in told
    assert office.only_draft() == serial


def test_writing_between_the_lines_must_be_seen(office: Office) -> None:
    pages = office.printed()
    fill(pages)
    for step in range(6):
        x = 300 + 40 * step
        ImageDraw.Draw(pages[1]).line((x, 1150, x + 18, 1122, x + 34, 1150), (10, 10, 90), 4)
    office.clearance("forms", "read", office.scanned(*pages), code=ExitCode.NOT_CLEARED)
    serial = office.only_draft()
    told = office.clearance(*confirmed(serial), code=ExitCode.INPUT_OR_OUTPUT)
    assert "where no writing belongs" in told
    office.clearance("forms", "confirm", serial, "--crops", office.folder / "crops")
    assert list((office.folder / "crops").glob("elsewhere-*.png"))
    office.clearance(*confirmed(serial), "--changes-seen")


def test_a_form_of_another_house_and_a_missing_page_are_refused(office: Office) -> None:
    pages = office.printed()
    fill(pages)
    office.clearance("forms", "read", office.scanned(pages[1]), code=ExitCode.NOT_CLEARED)
    serial = office.only_draft()
    told = office.clearance(*confirmed(serial), code=ExitCode.INPUT_OR_OUTPUT)
    assert "a page is missing" in told
    # Read with its other page, it is whole.
    office.clearance("forms", "read", office.scanned(*pages))
    office.clearance("forms", "drafts", "--drop", serial, "--yes")

    elsewhere = office.folder / "elsewhere"
    run("init", "--registry", elsewhere).assert_exit(ExitCode.CLEARED)
    run("forms", "print", "-o", office.folder / "o.pdf", "--registry", elsewhere)
    there = Office(office.folder, elsewhere)
    told = there.clearance("forms", "read", office.folder / "scans.pdf", code=ExitCode.NOT_CLEARED)
    assert "not printed here" in told
    run("people", "add", "Anna Keller", "--registry", elsewhere)
    told = there.clearance(*confirmed(serial), code=ExitCode.INPUT_OR_OUTPUT)
    assert "was not printed here" in told


def test_a_stack_with_a_broken_file_reads_the_others(office: Office) -> None:
    pages = office.printed(2)
    fill(pages[:2])
    stack = office.folder / "stack"
    stack.mkdir()
    (stack / "a.pdf").write_bytes(b"%PDF-1.7 nothing")
    office.scanned(*pages, name="stack/b.pdf")
    told = office.json("forms", "read", stack, code=ExitCode.INPUT_OR_OUTPUT)
    assert isinstance(told["drafts"], list)
    assert isinstance(told["unreadable"], list)
    serials = [draft["serial"] for draft in told["drafts"]]
    assert len(serials) == 2
    assert "a.pdf" in told["unreadable"][0]
    front = codes(pages[2].convert("L"))[0]
    assert front == qr_payload(serials[1], "fr", 1)


def test_a_draft_is_readable_to_nobody_without_the_key(office: Office) -> None:
    pages = office.printed()
    fill(pages)
    office.clearance("forms", "read", office.scanned(*pages))
    serial = office.only_draft()
    (kept,) = (office.registry / "drafts").iterdir()
    body = kept.read_bytes()
    assert b"reading.json" not in body
    assert b"%PDF" not in body
    kept.write_bytes(body[:-1] + bytes([body[-1] ^ 1]))
    office.clearance("forms", "confirm", serial, code=ExitCode.REGISTRY)


@pytest.mark.parametrize("serial", ["0000-0000-0000-0", "../../etc/passwd", "a b"])
def test_a_draft_that_is_not_there_is_said(office: Office, serial: str) -> None:
    told = office.clearance("forms", "confirm", serial, code=ExitCode.REGISTRY)
    assert "draft" in told or "cannot be kept" in told


def test_the_log_holds_numbers_and_no_names(office: Office) -> None:
    pages = office.printed()
    fill(pages)
    office.clearance("forms", "read", office.scanned(*pages))
    office.clearance(*confirmed(office.only_draft()))
    with Registry.open(office.registry) as registry:
        entries = [one for one in registry.audit_entries() if one.action.startswith(("f", "d"))]
        assert [one.action for one in entries] == ["forms.printed", "draft.kept", "draft.confirmed"]
        text = json.dumps([dict(one.details) for one in entries])
        assert registry.verify_audit().ok
    assert "Keller" not in text
    assert "Frei" not in text


# --- lists of guests, and forms on a screen -----------------------------------------------------

GUESTS = """Vorname,Nachname,E-Mail,Geburtsdatum
Jürg,Mettler,juerg@example.ch,1980-01-02
Mila,Küng,,2015-05-06
Đặng Thị Łucja,Şimşek-Ødegård,x@example.ch,
,,lost@example.ch,
"""


def test_a_list_of_guests_becomes_a_form_for_each(office: Office) -> None:
    roster = office.folder / "guests.csv"
    roster.write_text(GUESTS, encoding="utf-8")
    told = office.json(
        *("forms", "print", "-o", office.folder / "all.pdf", "--roster", roster),
        *("--each", office.folder / "each", "--event", "Tag der offenen Tür"),
        code=ExitCode.INPUT_OR_OUTPUT,
    )
    assert isinstance(told["serials"], list)
    assert isinstance(told["refused"], list)
    assert [one["line"] for one in told["refused"]] == [5]
    with pypdfium2.PdfDocument(office.folder / "all.pdf") as document:
        assert len(document) == 6
    text = words(office.folder / "all.pdf")
    assert text.count("Tag der offenen Tür") == 3
    for part in ("Jürg", "Mettler", "juerg@example.ch", "Đặng Thị Łucja", "Şimşek-Ødegård"):
        assert part in text
    # The day of birth of a child is asked for; of an adult it is not printed.
    assert "06.05.2015" in text
    assert "1980" not in text
    single = sorted(path.stem for path in (office.folder / "each").iterdir())
    assert single == sorted(told["serials"])
    assert "Mila" in words(office.folder / "each" / f"{told['serials'][1]}.pdf")


def test_whom_a_form_is_not_for_gets_none(office: Office) -> None:
    roster = office.folder / "guests.csv"
    roster.write_text("name,born\nAnna Keller,1980-02-01\nMila Keller,2015-05-06\n", "utf-8")
    for form, line in (("adult", 3), ("minor", 2)):
        told = office.json(
            *("forms", "print", "-o", office.folder / "x.pdf", "--roster", roster, "--form", form),
            code=ExitCode.INPUT_OR_OUTPUT,
        )
        assert isinstance(told["serials"], list)
        assert isinstance(told["refused"], list)
        assert len(told["serials"]) == 1
        assert [one["line"] for one in told["refused"]] == [line]
    assert "06.05.2015" in words(office.folder / "x.pdf")


def test_the_command_offers_every_form_and_language() -> None:
    assert tuple(VARIANTS) == printing_commands._FORMS
    assert printing_commands._LANGUAGES == LANGUAGES


def test_what_no_box_is_for_is_not_lost_in_silence(office: Office) -> None:
    told = office.clearance(
        *("forms", "print", "-o", office.folder / "x.pdf", "--form", "crowd", "--place", "Sion"),
        code=ExitCode.USAGE,
    )
    assert "the form crowd has no box for it" in told
    assert not (office.folder / "x.pdf").exists()


def test_a_form_about_one_occasion_is_recorded_for_no_other(office: Office) -> None:
    path = office.folder / "blank.pdf"
    office.clearance("forms", "print", "-o", path, "--form", "crowd", "--event", "Fair")
    with pypdfium2.PdfDocument(path.read_bytes()) as document:
        (page,) = [one.render(scale=SCALE).to_pil().convert("RGB") for one in document]
    template = form_template("en", "crowd")
    blanks = {blank.name: blank for blank in template.blanks}
    person = Person(random.Random(5), (20, 40, 130), 0.5 * MM, "cross")
    paper = ImageDraw.Draw(page)
    for mark in template.marks:
        if mark.name in {f"{name}.yes" for name in YES}:
            person.tick(paper, mark)
    for name in ("matching.initials", "signature.date", "term.end"):
        person.write(paper, blanks[name], 8)
    person.sign(paper, blanks["signature.signature"])
    office.clearance("forms", "read", office.scanned(page))
    serial = office.only_draft()
    told = office.clearance(*confirmed(serial), code=ExitCode.USAGE)
    assert "say --event as well" in told
    office.clearance(*confirmed(serial), "--event", "Fair")
    form = office.json("consent", "show", serial)
    assert isinstance(form["scope"], dict)
    assert form["scope"]["event"] == "Fair"
    assert form["scope"]["channels"] == ["intranet", "website"]


def test_a_childs_form_in_two_languages_goes_there_and_back(office: Office) -> None:
    office.clearance("people", "add", "Mila Keller", "--born", "2014-05-06")
    settings = office.registry / "clearance.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('logo = ""', 'logo = "logo.png"'), encoding="utf-8")
    Image.new("RGB", (300, 100), (20, 120, 60)).save(office.registry / "logo.png")
    path = office.folder / "blank.pdf"
    told = office.json(
        *("forms", "print", "-o", path, "--form", "minor", "--lang", "de", "--beside", "fr"),
        *("--until", "2028-11-20", "--copy", "--event", "Fête"),
    )
    assert (told["form"], told["lang"]) == ("IM-1", "fr+de")
    with pypdfium2.PdfDocument(path.read_bytes()) as document:
        # Three sides, an empty one, the copy, an empty one.
        assert len(document) == 6
        rendered = [page.render(scale=SCALE).to_pil().convert("RGB") for page in document]
    template = form_template("fr+de", "minor")
    blanks = {blank.name: blank for blank in template.blanks}
    person = Person(random.Random(5), (20, 40, 130), 0.5 * MM, "cross")
    papers = [ImageDraw.Draw(page) for page in rendered]
    for mark in template.marks:
        yes = (*YES, "representative.assent")
        if mark.name in {f"{name}.yes" for name in yes}:
            person.tick(papers[mark.page - 1], mark)
    for name in ("matching.initials", "signature.date"):
        person.write(papers[blanks[name].page - 1], blanks[name], 8)
    for name in ("representative.1.signature", "representative.2.signature"):
        person.sign(papers[blanks[name].page - 1], blanks[name])
    scans = office.scanned(*reversed(rendered))
    told = office.json("forms", "read", scans, code=ExitCode.NOT_CLEARED)
    assert isinstance(told["drafts"], list)
    assert isinstance(told["foreign"], list)
    (draft,) = told["drafts"]
    assert (draft["problems"], draft["doubtful"]) == ([], [])
    # The copy that the person keeps, and two empty pages, are passed over.
    assert len(told["foreign"]) == 3
    office.clearance(
        *("forms", "confirm", draft["serial"], "--by", "Bruno Frei", "--person", "Mila Keller"),
        *("--signed", "2026-11-20", "--until", "2028-11-20"),
        *("--guardian", "Anna Keller", "--guardian", "Jonas Keller"),
    )
    form = office.json("consent", "show", draft["serial"])
    assert isinstance(form["paper"], dict)
    assert isinstance(form["scope"], dict)
    assert (form["paper"]["template"], form["paper"]["language"]) == ("IM", "fr+de")
    assert form["scope"]["channels"] == ["intranet", "website"]


def test_what_is_printed_into_a_box_must_fit(office: Office) -> None:
    event = "An occasion of a name that goes on and on " * 4
    told = office.clearance(
        *("forms", "print", "-o", office.folder / "x.pdf", "--event", event),
        code=ExitCode.INPUT_OR_OUTPUT,
    )
    assert "too long" in told
    assert not (office.folder / "x.pdf").exists()


def filled_on_screen(path: Path, ticks: Iterable[str], texts: dict[str, str]) -> None:
    """Click and type into a form, as somebody does in a PDF viewer."""
    marks = {mark.name: mark for mark in form_template("fr").marks}
    blanks = {blank.name: blank for blank in form_template("fr").blanks}
    document = pypdfium2.PdfDocument(path.read_bytes())
    document.init_forms()
    forms = document.formenv
    for number, page in enumerate(document, start=1):

        def click(x: float, y: float, page: pypdfium2.PdfPage = page) -> None:
            raw.FORM_OnMouseMove(forms, page, 0, x, y)
            raw.FORM_OnLButtonDown(forms, page, 0, x, y)
            raw.FORM_OnLButtonUp(forms, page, 0, x, y)

        for name in ticks:
            mark = marks[name]
            if mark.page == number:
                click(mark.left + mark.size / 2, mark.bottom + mark.size / 2)
        for name, text in texts.items():
            blank = blanks[name]
            if blank.page == number:
                click(blank.left + 20, blank.bottom + 7)
                typed = (ctypes.c_ushort * (len(text) + 1))(*map(ord, text), 0)
                raw.FORM_ReplaceSelection(forms, page, typed)
        raw.FORM_ForceToKillFocus(forms)
    document.save(path)
    document.close()


def test_a_form_filled_in_on_a_screen_comes_back_by_mail(office: Office) -> None:
    path = office.folder / "screen.pdf"
    office.clearance("forms", "print", "-o", path, "--fillable", "--lang", "fr")
    run(
        *("forms", "print", "-o", path, "--fillable", "--lang", "fr"),
        *("--registry", office.registry),
    ).assert_exit(ExitCode.CLEARED)
    texts = {
        "person.surname": "Keller",
        "term.end": "20.11.2028",
        "signature.date": "20.11.2026",
        "signature.signature": "Anna Keller",
    }
    ticks = ("channel.website.yes", "channel.press.no", "material.photo.yes", "purpose.events.yes")
    filled_on_screen(path, ticks, texts)
    sent = path.read_bytes()
    told = office.json("forms", "read", path, code=ExitCode.NOT_CLEARED)
    assert isinstance(told["drafts"], list)
    (draft,) = told["drafts"]
    yes = {name for name, one in draft["answers"].items() if one["answer"] == "yes"}
    no = {name for name, one in draft["answers"].items() if one["answer"] == "no"}
    assert yes == {"channel.website", "material.photo", "purpose.events"}
    assert no == {"channel.press"}
    written = {name for name, one in draft["writings"].items() if one["seen"] != "empty"}
    assert written == set(texts)
    said = ("--answer", "signature.signature=yes")
    office.clearance(*confirmed(draft["serial"]), *said)
    form = office.json("consent", "show", draft["serial"], "--scan", office.folder / "kept.pdf")
    assert isinstance(form["evidence"], dict)
    # Nobody signed with a pen, and the file itself is the evidence.
    assert form["evidence"]["level"] == "simple"
    assert (office.folder / "kept.pdf").read_bytes() == sent


# --- the portrait with the form -------------------------------------------------------------------


def holding(sheet: Image.Image, portrait: Path) -> Image.Image:
    """Somebody who holds up a sheet."""
    with Image.open(portrait) as opened:
        person = opened.convert("RGB")
    photo = Image.new("RGB", (2600, 2000), (200, 205, 210))
    photo.paste(person.resize((1200, 1200 * person.height // person.width)), (60, 40))
    photo.paste(sheet.resize((900, 900 * sheet.height // sheet.width)), (1500, 500))
    return photo


def test_the_portrait_with_the_form_is_kept_if_matching_was_ticked(office: Office) -> None:
    pages = office.printed()
    fill(pages)
    portrait = SAMPLES / "portraits" / "jurg-mettler-1.jpg"
    holding(pages[0], portrait).save(office.folder / "held.jpg", quality=92)
    scans = office.scanned(*pages)
    told = office.clearance("forms", "read", scans, office.folder / "held.jpg")
    serial = office.only_draft()
    assert f"held.jpg is the portrait for {serial}" in told
    # Reading the paper once more does not lose it.
    office.clearance("forms", "read", scans)
    office.clearance(*confirmed(serial))
    shown = office.json("people", "show", "Anna Keller")
    assert isinstance(shown["portraits"], list)
    assert (len(shown["portraits"]), shown["templates"]) == (1, 1)


def test_without_the_tick_no_portrait_is_kept(office: Office) -> None:
    pages = office.printed()
    fill(pages, yes=[name for name in YES if name != "matching"])
    portrait = SAMPLES / "portraits" / "jurg-mettler-1.jpg"
    holding(pages[0], portrait).save(office.folder / "held.jpg", quality=92)
    office.clearance("forms", "read", office.scanned(*pages))
    told = office.clearance("forms", "read", office.folder / "held.jpg", code=ExitCode.NOT_CLEARED)
    assert "does not say yes to matching the face" in told
    office.clearance(*confirmed(office.only_draft()))
    shown = office.json("people", "show", "Anna Keller")
    assert (shown["portraits"], shown["templates"]) == ([], 0)


def test_a_portrait_of_a_form_that_was_not_read_is_said(office: Office) -> None:
    pages = office.printed()
    portrait = SAMPLES / "portraits" / "jurg-mettler-1.jpg"
    holding(pages[0], portrait).save(office.folder / "held.jpg", quality=92)
    told = office.clearance("forms", "read", office.folder / "held.jpg", code=ExitCode.NOT_CLEARED)
    assert "no draft of the form" in told
