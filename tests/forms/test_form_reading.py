"""Forms are read back from paper: nothing becomes a yes that was none."""

from __future__ import annotations

import functools
import io
import random
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageDraw
from reportlab.pdfgen.canvas import Canvas

from forms import consent_form, layout
from forms.errors import FormUnknownError, ScanTooLargeError, ScanUnreadableError
from forms.form_reading import Answer, FormReading, PageReading, Problem, join_pages, read_page
from forms.ink import Doubt, Seen
from forms.layout import current_layouts, drawn, load_layout
from forms.page_codes import Foreign
from forms.scans import Scan, open_scans, scans_in
from forms.sheet import Blank, Mark
from forms.variants import VARIANTS
from forms.wording import FORM_LANGUAGES, LANGUAGES
from tests.forms import office
from tests.forms.office import DAMAGES, MM, Meant, Person, box_of, fill, place_of, printed


def scanned(page: Image.Image, number: int = 1) -> Scan:
    return Scan(Path("sheet.png"), number, "0" * 64, np.asarray(page.convert("L")))


def read(page: Image.Image, number: int = 1) -> PageReading:
    found = read_page(scanned(page, number))
    assert isinstance(found, PageReading), found
    assert found.flat is not None
    return found


@functools.cache
def blank_pages() -> tuple[Image.Image, ...]:
    return printed("fr")


@functools.cache
def blank_readings() -> tuple[PageReading, ...]:
    return tuple(read(page, number) for number, page in enumerate(blank_pages(), 1))


def squares(language: str = "fr") -> Mapping[str, Mark]:
    return {mark.name: mark for mark in consent_form.form_template(language).marks}


def boxes(language: str = "fr") -> Mapping[str, Blank]:
    return {blank.name: blank for blank in consent_form.form_template(language).blanks}


def a_person(style: str = "tick") -> Person:
    return Person(random.Random(7), (20, 30, 120), 0.5 * MM, style)


def with_pen(page: int, *draw: object, language: str = "fr") -> Image.Image:
    """A page of a fresh form on which each of `draw` has left something."""
    image = printed(language)[page - 1].copy()
    for one in draw:
        assert callable(one)
        one(ImageDraw.Draw(image))
    return image


def ticked(name: str, style: str = "tick") -> object:
    return lambda paper: a_person(style).tick(paper, squares()[name])


# --- the office ------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", DAMAGES)
def test_nothing_is_read_that_was_not_meant(damage: str) -> None:
    # benchmarks/scanning.py does the same with thousands of forms.
    chance = random.Random(f"office {damage}")
    language = chance.choice(LANGUAGES)
    meant, pages = fill(language, chance)
    found = [read_page(scanned(DAMAGES[damage](page.convert("L"), chance))) for page in pages]
    forms = join_pages(page for page in found if isinstance(page, PageReading))
    assert len(forms) == 1
    assert forms[0].serial == office.SERIAL
    must_hold(forms[0], meant)


@pytest.mark.parametrize("variant", list(VARIANTS))
@pytest.mark.parametrize("kind", ["alone", "beside"])
def test_every_form_is_read_back(variant: str, kind: str) -> None:
    chance = random.Random(f"{variant} {kind}")
    languages = [one for one in FORM_LANGUAGES if ("+" in one) == (kind == "beside")]
    language = chance.choice(languages)
    meant, pages = fill(language, chance, variant)
    damage = DAMAGES[chance.choice(("skewed", "upside_down", "noisy", "punched"))]
    grey = (page.convert("L") for page in pages)
    found = [read(damage(page, chance), number) for number, page in enumerate(grey, 1)]
    (form,) = join_pages(reversed(found))
    assert (form.layout.template, form.layout.language) == (VARIANTS[variant].template, language)
    assert Problem.PAGE_MISSING not in form.problems
    assert len(form.answers) == len(meant.answers)
    must_hold(form, meant)


def must_hold(form: FormReading, meant: Meant) -> None:
    answers = form.answers
    assert len(answers) >= 16
    for name, reading in answers.items():
        if reading.answer is Answer.YES:
            assert meant.answers[name] == "yes", name
        if meant.answers[name] == "yes":
            assert reading.answer in {Answer.YES, Answer.DOUBTFUL}, name
    for name, writing in form.writings.items():
        if writing.sight.seen is Seen.MARKED:
            assert name in meant.written, name


def test_a_good_scan_is_read_without_doubt() -> None:
    chance = random.Random(11)
    meant, pages = fill("de", chance)
    (form,) = join_pages(read(page, number) for number, page in enumerate(pages, 1))
    said = {name: one.answer for name, one in form.answers.items() if name not in meant.corrected}
    assert said == {name: meant.answers[name] for name in said}
    seen = {name for name, one in form.writings.items() if one.sight.seen is Seen.MARKED}
    assert seen == meant.written
    assert min(one.confidence for one in form.answers.values()) >= 0.5


# --- one square ------------------------------------------------------------------------------


def answers_with(*draw: object) -> dict[str, Answer]:
    """Every answer on the first page, after each of `draw` has left something on it."""
    page = read(with_pen(1, *draw)) if draw else blank_readings()[0]
    return {one.name: one.answer for one in page.answers}


@pytest.mark.parametrize("style", ["tick", "cross", "slash"])
def test_a_pair_says_what_is_ticked(style: str) -> None:
    yes, no = (ticked(f"channel.website.{side}", style) for side in ("yes", "no"))
    agreed = answers_with(yes)
    assert agreed["channel.website"] is Answer.YES
    assert agreed["channel.social"] is Answer.NEITHER
    assert answers_with(no)["channel.website"] is Answer.NO
    assert answers_with()["channel.website"] is Answer.NEITHER
    assert answers_with(yes, no)["channel.website"] is Answer.BOTH


def doubt_of(draw: object, name: str = "channel.website") -> Doubt | None:
    return doubt_in(read(with_pen(1, draw)), name)


def doubt_in(page: PageReading, name: str) -> Doubt | None:
    (reading,) = (one for one in page.answers if one.name == name)
    assert reading.answer is Answer.DOUBTFUL
    return next(sight.doubt for sight in reading.sights if sight.doubt)


def test_an_answer_that_was_taken_back_is_doubtful() -> None:
    mark = squares()["channel.website.yes"]
    assert doubt_of(lambda paper: a_person().scribble_over(paper, mark)) is Doubt.FILLED


def test_a_dot_is_no_answer() -> None:
    left, top, side = place_of(squares()["channel.website.yes"])
    x, y, half = left + side / 2, top + side / 2, side * 0.09
    dot = (x - half, y - half, x + half, y + half)
    assert doubt_of(lambda paper: paper.ellipse(dot, fill=(20, 20, 90))) is Doubt.FAINT


def test_a_line_through_a_row_is_no_answer() -> None:
    left, top, side = place_of(squares()["channel.website.yes"])
    line = (left - 400, top + side / 2, left + 300, top + side / 2 + 6)
    assert doubt_of(lambda paper: paper.line(line, fill=(20, 20, 90), width=4)) is Doubt.BEYOND


def test_dirt_on_the_glass_is_no_answer() -> None:
    # Where a line crosses print it is cut: it must be recognised all the same.
    left, _, side = place_of(squares()["capacity.other"])
    x = left + side * 0.6
    line = (x, 0, x + 20, blank_pages()[0].height)
    dirt = lambda paper: paper.line(line, fill=(90, 90, 90), width=3)  # noqa: E731
    page = read(with_pen(1, dirt))
    assert doubt_in(page, "capacity.other") is Doubt.BEYOND
    answers = {one.name: one.answer for one in page.answers}
    assert Answer.YES not in answers.values()


def test_a_smear_of_pencil_is_no_answer() -> None:
    left, top, side = place_of(squares()["channel.website.yes"])
    smear = (left + 6, top + side * 0.35, left + side - 6, top + side * 0.65)
    assert doubt_of(lambda paper: paper.rectangle(smear, fill=(165, 165, 165))) is Doubt.FAINT


def test_a_square_that_is_covered_is_doubtful() -> None:
    left, top, side = place_of(squares()["channel.website.yes"])
    label = (left - 20, top - 20, left + side + 20, top + side + 20)
    covered = lambda paper: paper.rectangle(label, fill=(255, 255, 255))  # noqa: E731
    assert doubt_of(covered) is Doubt.NOT_FOUND


# --- boxes, and ink where none belongs -------------------------------------------------------


def seen_in(name: str, *draw: object) -> Seen:
    page = boxes()[name].page
    reading = read(with_pen(page, *draw)) if draw else blank_readings()[page - 1]
    (writing,) = (one for one in reading.writings if one.name == name)
    return writing.sight.seen


def test_a_signature_is_seen_and_nothing_else_is_one() -> None:
    blank = boxes()["signature.signature"]
    left, top, width, height = box_of(blank)
    assert seen_in(blank.name) is Seen.EMPTY
    assert seen_in(blank.name, lambda paper: a_person().sign(paper, blank)) is Seen.MARKED
    dot = (left + width / 2, top + height / 2, left + width / 2 + 9, top + height / 2 + 9)
    assert seen_in(blank.name, lambda paper: paper.ellipse(dot, fill=(0, 0, 60))) is Seen.DOUBTFUL
    streak = (left + width / 2, 0, left + width / 2, top + 800)
    line = lambda paper: paper.line(streak, fill=(40, 40, 40), width=3)  # noqa: E731
    assert seen_in(blank.name, line) is Seen.DOUBTFUL


def test_words_between_the_lines_are_told() -> None:
    assert Problem.WRITTEN_ELSEWHERE not in blank_readings()[0].problems
    x, y, _ = place_of(squares()["channel.tv.yes"])
    x -= 420

    def add(paper: ImageDraw.ImageDraw) -> None:
        for step in range(6):
            stroke = [(x + 30 * step, y + 8), (x + 30 * step + 14, y - 24), (x + 30 * step + 26, y)]
            a_person().line(paper, stroke)

    page = read(with_pen(1, add))
    assert Problem.WRITTEN_ELSEWHERE in page.problems
    assert any(box[0] < x + 60 and box[2] > x + 20 for box in page.elsewhere)


# --- forms put together ----------------------------------------------------------------------


def a_form(*pages: PageReading) -> FormReading:
    (form,) = join_pages(pages)
    return form


def test_an_empty_form_is_no_consent() -> None:
    form = a_form(*blank_readings())
    assert {one.answer for one in form.answers.values()} == {Answer.NEITHER}
    assert {Problem.NOT_SIGNED, Problem.NO_DATE, Problem.NO_END} <= set(form.problems)


def test_pages_come_in_any_order_and_a_missing_one_is_told() -> None:
    front, back = blank_readings()
    assert list(a_form(back, front).pages) == [1, 2]
    assert Problem.PAGE_MISSING in a_form(back).problems
    assert Problem.PAGE_MISSING not in a_form(back, front).problems


def test_a_page_scanned_twice_must_say_the_same() -> None:
    front, back = blank_readings()
    assert Problem.PAGE_TWICE not in a_form(front, back, front).problems
    other = read(with_pen(1, ticked("channel.press.yes")))
    assert Problem.PAGE_TWICE in a_form(front, back, other).problems


def test_a_form_that_is_whole_has_no_problem() -> None:
    end = lambda paper: a_person().write(paper, boxes()["term.end"], 8)  # noqa: E731
    sign = lambda paper: a_person().sign(paper, boxes()["signature.signature"])  # noqa: E731
    date = lambda paper: a_person().write(paper, boxes()["signature.date"], 8)  # noqa: E731
    front = read(with_pen(1, end))
    form = a_form(front, read(with_pen(2, sign, date)))
    assert form.problems == ()
    without = a_form(front, read(with_pen(2, sign)))
    assert without.problems == (Problem.NO_DATE,)


def test_a_page_that_does_not_lie_flat_is_not_read() -> None:
    page = blank_pages()[0].copy()
    paper = ImageDraw.Draw(page)
    for x in (0, page.width - 140):
        paper.rectangle((x, page.height - 140, x + 140, page.height), fill="white")
    found = read_page(scanned(page))
    assert isinstance(found, PageReading)
    assert (found.flat, found.answers, found.problems) == (None, (), (Problem.NOT_FLAT,))


def test_a_page_cut_off_is_told() -> None:
    page = blank_pages()[0]
    cut = page.crop((0, 0, page.width, page.height - 20))
    assert Problem.CUT_OFF in read(cut).problems


# --- pages that are none of ours -------------------------------------------------------------


def with_code(text: str) -> Image.Image:
    page = Image.new("L", (1200, 1600), 255)
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    page.paste(Image.fromarray(np.asarray(code.to_image(scale=6))), (200, 200))
    return page


def payload(**changes: object) -> str:
    fields = consent_form.qr_payload(office.SERIAL, "fr", 1).split("/")
    names = ("prefix", "serial", "form", "language", "page", "fingerprint")
    whole = dict(zip(names, fields, strict=True)) | changes
    return "/".join(map(str, whole.values()))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("https://example.org/menu", Foreign.OTHER_CODE),
        (payload(prefix="CLR2"), Foreign.OTHER_CODE),
        (payload(serial="0000000000001"), Foreign.WRONG_CHECK),
        (payload(serial="ABC"), Foreign.WRONG_CHECK),
        (payload(form="IR-99"), Foreign.UNKNOWN_FORM),
        (payload(form="../IR-1"), Foreign.WRONG_CHECK),
        (payload(form="IR-²"), Foreign.UNKNOWN_FORM),
        (payload(language="XX"), Foreign.UNKNOWN_FORM),
        (payload(page=3), Foreign.UNKNOWN_FORM),
        (payload(fingerprint="00000000"), Foreign.UNKNOWN_FORM),
        (payload() + "/MORE", Foreign.WRONG_CHECK),
    ],
)
def test_a_code_that_is_not_ours_is_told(text: str, why: Foreign) -> None:
    assert read_page(scanned(with_code(text))) is why


def test_a_page_without_a_code_and_two_sheets_at_once() -> None:
    assert read_page(scanned(Image.new("L", (800, 1100), 255))) is Foreign.NO_CODE
    first, second = (page.resize((827, 1170)) for page in blank_pages())
    both = Image.new("RGB", (1700, 1170), "white")
    both.paste(first, (0, 0))
    both.paste(second, (860, 0))
    assert read_page(scanned(both)) is Foreign.SEVERAL


# --- layouts ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(VARIANTS))
def test_what_is_printed_now_is_kept_for_reading_it_back(name: str) -> None:
    # Fails when a form changes: raise its version, and keep the new one with
    # `python -m forms.layout`. What was printed before stays as it is.
    variant = VARIANTS[name]
    now, empty = current_layouts(name)
    assert tuple(now) == FORM_LANGUAGES
    for language, printed_now in now.items():
        kept = load_layout(variant.template, variant.version, language)
        assert kept == printed_now
        for page in range(1, kept.pages + 1):
            drawn_now, stored = drawn(empty, kept.first + page - 1), kept.printed(page)
            assert stored.sum() > 20_000
            assert (drawn_now ^ stored).sum() < 0.02 * stored.sum()


def test_a_form_that_was_never_printed_is_unknown(tmp_path: Path) -> None:
    for wanted in (
        *(("IR", 99, "fr"), ("../IR", 1, "fr"), ("IR", 1, "../fr")),
        *(("IR", 1, "de+fr"), ("XX", 1, "fr")),
    ):
        with pytest.raises(FormUnknownError, match="There is no form"):
            load_layout(*wanted)
    layout.freeze(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"{variant.template}-{variant.version}{suffix}"
        for variant in VARIANTS.values()
        for suffix in (".json", ".pdf")
    )


# --- files of scans --------------------------------------------------------------------------


def a_pdf(*pages: Image.Image) -> bytes:
    stream = io.BytesIO()
    pages[0].save(stream, "PDF", save_all=True, append_images=pages[1:], resolution=200)
    return stream.getvalue()


def test_every_kind_of_file_gives_its_pages(tmp_path: Path) -> None:
    front, back = (page.convert("L") for page in blank_pages())
    stack = tmp_path / "stack.tif"
    front.save(stack, save_all=True, append_images=[back], compression="tiff_lzw")
    back.save(tmp_path / "photo.jpg")
    front.save(tmp_path / "sub.png")
    (tmp_path / "stack.pdf").write_bytes(a_pdf(front, back))
    (tmp_path / ".hidden.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("no scan")
    files = scans_in([tmp_path])
    assert [path.name for path in files] == ["photo.jpg", "stack.pdf", "stack.tif", "sub.png"]
    counts = {path.name: [scan.number for scan in open_scans(path)[1]] for path in files}
    assert counts == {"photo.jpg": [1], "stack.pdf": [1, 2], "stack.tif": [1, 2], "sub.png": [1]}
    found = [read_page(scan) for scan in open_scans(tmp_path / "stack.pdf")[1]]
    assert [one.code.page for one in found if isinstance(one, PageReading)] == [1, 2]


def protected_pdf() -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, encrypt="secret")
    canvas.drawString(100, 100, "closed")
    canvas.save()
    return stream.getvalue()


def long_pdf(pages: int) -> bytes:
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(100, 100)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "error", "told"),
    [
        ("closed.pdf", protected_pdf, ScanUnreadableError, "protected by a password"),
        ("cut.pdf", lambda: protected_pdf()[:200], ScanUnreadableError, "damaged"),
        ("long.pdf", lambda: long_pdf(5000), ScanTooLargeError, "5000 pages"),
        ("text.png", lambda: b"hello", ScanUnreadableError, "not a photo"),
        ("empty.pdf", lambda: b"", ScanUnreadableError, "empty"),
        ("cut.tif", lambda: b"II*\0" + bytes(4), ScanUnreadableError, "damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(
    tmp_path: Path, name: str, content: object, error: type[Exception], told: str
) -> None:
    path = tmp_path / name
    assert callable(content)
    path.write_bytes(content())
    with pytest.raises(error, match=told) as caught:
        list(open_scans(path)[1])
    assert len(str(caught.value).splitlines()) == 1


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScanUnreadableError, match=r"gone\.pdf"):
        scans_in([tmp_path / "gone.pdf"])


def test_a_huge_picture_in_a_pdf_is_refused_before_it_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.pdf"
    path.write_bytes(a_pdf(Image.new("L", (400, 300), 200)))
    monkeypatch.setattr("forms.scans._MAX_PIXELS", 100_000)
    with pytest.raises(ScanTooLargeError, match="million pixels"):
        list(open_scans(path)[1])


def test_the_office_itself_is_drawn_from_its_seed() -> None:
    first, second = (office.fill("it", random.Random(3)) for _ in range(2))
    assert first[0] == second[0]
    pairs = zip(first[1], second[1], strict=True)
    assert all(one.tobytes() == other.tobytes() for one, other in pairs)
