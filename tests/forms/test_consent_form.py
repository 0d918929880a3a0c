"""What comes out of the printer can be read, signed, and read back."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from clearance.settings import Institution
from consent.policy import CHANNELS
from forms import consent_form, sheet
from forms.consent_form import form_template, print_forms, qr_payload
from forms.errors import (
    DocumentNotWrittenError,
    FormCountError,
    FormOverflowError,
    FormVariantError,
    LogoUnreadableError,
    SerialInvalidError,
)
from forms.form_reading import PageReading, read_page
from forms.logo import read_logo
from forms.page_codes import Foreign
from forms.scans import Scan
from forms.serials import new_serial
from forms.variants import VARIANTS
from forms.wording import FORM_LANGUAGES, LANGUAGES, Wording, load_wording
from tests.forms.office import SERIAL
from tests.forms.paper import codes, images, squeezed, words

HOSPITAL = Institution(
    name="Hôpital d’Exemple · Spital Beispiel",
    contact="images@hopital.example, +41 27 000 00 00",
    authority="Préposé cantonal à la protection des données, Sion",
    place="Sion",
)


def printed(path: Path, language: str = "fr", count: int = 1) -> tuple[str, ...]:
    return print_forms(path, language=language, count=count, institution=HOSPITAL)


EVERY_FORM = [(variant, language) for variant in VARIANTS for language in FORM_LANGUAGES]


def form_of(path: Path, variant: str, language: str, **more: Any) -> Path:
    print_forms(path, variant=variant, language=language, count=1, institution=HOSPITAL, **more)
    return path


def said(sentence: str) -> str:
    return squeezed(re.sub("</?b>", "", sentence))


@pytest.mark.parametrize(("variant", "language"), EVERY_FORM)
def test_a_form_is_as_many_sides_as_it_should_and_says_what_it_asks(
    tmp_path: Path, variant: str, language: str
) -> None:
    """One sheet, and two in two languages; everything in each of its languages."""
    form = form_of(tmp_path / "form.pdf", variant, language)
    with pypdfium2.PdfDocument(form) as document:
        sides = 1 if variant == "crowd" else 2
        assert len(document) == (2 * sides if "+" in language else sides)
    text = words(form)
    for line in (HOSPITAL.name, HOSPITAL.contact, HOSPITAL.authority):
        assert line in text
    for one in language.split("+"):
        wording = load_wording(one)
        keys = ["intro.blank", "term.required", "editing.allowed", "matching.text"]
        keys += ["patient.presence"] * (variant in {"general", "patient", "minor", "represented"})
        keys += ["notes.withdrawal"] if variant != "crowd" else ["crowd.notes"]
        keys += {
            "general": ["representative.text", "form.subtitle"],
            "minor": ["minor.text", "minor.assent", "minor.signature", "representative.sole"],
            "represented": ["represented.text", "represented.assent", "represented.wish"],
            "staff": ["staff.free", "staff.function"],
            "event": ["event.text"],
            "crowd": ["crowd.text"],
        }.get(variant, [])
        keys += [] if variant == "general" else [f"subtitle.{variant}"]
        for key in keys:
            assert said(wording[key]) in text, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_in_the_files_for_nothing(tmp_path: Path, language: str) -> None:
    paths = [
        form_of(tmp_path / f"{variant}.pdf", variant, language, copies=True) for variant in VARIANTS
    ]
    text = " ".join(map(words, paths))
    for key, sentence in load_wording(language).texts.items():
        if "{" not in sentence:
            assert said(sentence) in text, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_sheet_printed_on_both_sides(tmp_path: Path, language: str) -> None:
    path = tmp_path / "form.pdf"
    (serial,) = printed(path, language)
    assert words(path).count(serial) == 2
    with pypdfium2.PdfDocument(path) as document:
        assert len(document) == 2
        assert [round(side) for side in document[0].get_size()] == [595, 842]
        assert document.get_metadata_value("Title") == load_wording(language)["form.title"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_codes_of_both_pages_are_read_back(tmp_path: Path, language: str) -> None:
    path = tmp_path / "form.pdf"
    serials = printed(path, language, count=3)
    found = [codes(image) for image in images(path)]
    expected = [[qr_payload(serial, language, page)] for serial in serials for page in (1, 2)]
    assert found == expected
    compact = serials[0].replace("-", "")
    assert found[0][0].startswith(f"CLR1/{compact}/IR-1/{language.upper()}/1/")


def test_the_codes_of_many_serials_survive_a_poor_scan(tmp_path: Path) -> None:
    path = tmp_path / "form.pdf"
    serials = printed(path, "de", count=12)
    for number, image in enumerate(images(path, dots_per_inch=100)):
        tilted = image.convert("L").rotate(1.5, fillcolor=255)
        assert codes(tilted) == [qr_payload(serials[number // 2], "de", 1 + number % 2)]


def test_nothing_in_the_code_is_about_the_institution_or_a_person() -> None:
    payload = qr_payload(new_serial(), "fr", 1)
    assert re.fullmatch(r"CLR1/[0-9A-Z]{13}/IR-1/FR/1/[0-9A-F]{8}", payload)


def test_two_prints_share_no_serial(tmp_path: Path) -> None:
    first, second = (set(printed(tmp_path / name, count=50)) for name in ("a.pdf", "b.pdf"))
    assert len(first) == len(second) == 50
    assert not first & second


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_channel_has_its_own_pair_and_matching_stands_apart(language: str) -> None:
    names = [mark.name for mark in form_template(language).marks]
    for question in [*(f"channel.{channel}" for channel in CHANNELS), "matching", "naming.name"]:
        assert {f"{question}.yes", f"{question}.no"} <= set(names)
    assert not any("all" in name.split(".") for name in names)
    pages = {mark.name: mark.page for mark in form_template(language).marks}
    assert pages["channel.website.yes"] != pages["matching.yes"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_squares_stand_where_the_template_says_and_are_empty(
    tmp_path: Path, language: str
) -> None:
    path = tmp_path / "form.pdf"
    printed(path, language)
    scale = 200 / 72
    pages = [np.asarray(image.convert("L")) for image in images(path, dots_per_inch=200)]
    for mark in form_template(language).marks:
        page = pages[mark.page - 1]
        left, right = (round(x * scale) for x in (mark.left, mark.left + mark.size))
        bottom, top = (
            page.shape[0] - round(y * scale) for y in (mark.bottom, mark.bottom + mark.size)
        )
        assert page[top + 4 : bottom - 3, left + 4 : right - 3].min() > 250, mark
        for edge in (page[top + 8, left - 2 : left + 3], page[bottom - 8, right - 2 : right + 3]):
            assert edge.min() < 100, mark


@pytest.mark.parametrize(("variant", "language"), EVERY_FORM)
def test_no_square_and_no_box_stands_on_another(variant: str, language: str) -> None:
    template = form_template(language, variant)
    places = [
        (one.name, one.page, one.left, one.bottom, one.size, one.size) for one in template.marks
    ]
    places += [
        (one.name, one.page, one.left, one.bottom, one.width, one.height) for one in template.blanks
    ]
    assert len({name for name, *_ in places}) == len(places)
    for first, second in itertools.combinations(places, 2):
        _, page, left, bottom, width, height = first
        _, other, x, y, across, up = second
        apart = page != other or x >= left + width or left >= x + across
        assert apart or y >= bottom + height or bottom >= y + up, (first[0], second[0])
    for _, _, left, bottom, width, height in places:
        assert sheet.LEFT - 1 <= left < left + width <= sheet.RIGHT + 1
        assert sheet.BOTTOM <= bottom < bottom + height <= sheet.TOP


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_every_form_asks_what_a_consent_needs(variant: str) -> None:
    template = form_template("de", variant)
    names = {mark.name for mark in template.marks}
    for question in [*(f"channel.{channel}" for channel in CHANNELS), "matching", "material.photo"]:
        assert {f"{question}.yes", f"{question}.no"} <= names
    boxes = {blank.name for blank in template.blanks}
    assert {"term.end", "signature.date", "signature.signature", "matching.initials"} <= boxes
    assert ("representative.1.signature" in boxes) is (
        variant in {"general", "minor", "represented"}
    )
    assert ("representative.2.signature" in boxes) is (variant in {"general", "minor"})
    assert ("patient.presence.yes" in names) is (
        variant in {"general", "patient", "minor", "represented"}
    )
    assert len({form_template(one, variant).fingerprint for one in FORM_LANGUAGES}) == 10


def test_the_institutions_words_move_no_square_and_no_fingerprint(tmp_path: Path) -> None:
    template = form_template("fr")
    form_template.cache_clear()
    assert form_template("fr") == template
    assert len({form_template(language).fingerprint for language in LANGUAGES}) == len(LANGUAGES)
    path = tmp_path / "form.pdf"
    print_forms(path, language="fr", count=1, institution=Institution())
    assert template.fingerprint[:8] in words(path)


def test_an_institution_without_settings_gets_lines_to_write_on(tmp_path: Path) -> None:
    path = tmp_path / "form.pdf"
    print_forms(path, language="en", count=1, institution=Institution())
    assert "Data protection authority" in words(path)


def test_names_of_other_alphabets_have_their_glyphs(tmp_path: Path) -> None:
    path = tmp_path / "form.pdf"
    name = "Szpital Łódź, Νοσοκομείο, Больница, İstanbul, Țăndărei"
    print_forms(path, language="en", count=1, institution=Institution(name=name))
    assert name in words(path)


def test_markup_in_an_institutions_name_is_only_text(tmp_path: Path) -> None:
    path = tmp_path / "form.pdf"
    print_forms(path, language="en", count=1, institution=Institution(name="A <b>& B\u202e"))
    assert "A <b>& B[U+202E]" in words(path)


def test_a_name_too_long_for_the_form_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "form.pdf"
    path.write_bytes(b"older")
    with pytest.raises(FormOverflowError, match="too long for its place"):
        print_forms(path, language="fr", count=1, institution=Institution(name="Spital " * 40))
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]


def test_wording_that_does_not_fit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = dict(load_wording("en").texts)
    texts["notes.privacy"] *= 8
    form_template("en")
    monkeypatch.setattr("forms.wording.load_wording", lambda _: Wording("en", texts))
    consent_form._pages_of.cache_clear()
    form_template.cache_clear()
    with pytest.raises(FormOverflowError, match="page 2"):
        printed(tmp_path / "form.pdf", "en")
    assert not list(tmp_path.iterdir())
    form_template.cache_clear()


@pytest.mark.parametrize("language", ["fr", "fr+de", "it+en"])
@pytest.mark.parametrize("variant", ["general", "crowd"])
def test_the_persons_copy_has_the_number_twice_and_no_code(
    tmp_path: Path, variant: str, language: str
) -> None:
    path = form_of(tmp_path / "form.pdf", variant, language, serials=[SERIAL], copies=True)
    with pypdfium2.PdfDocument(path) as document:
        texts = [squeezed(page.get_textpage().get_text_range()) for page in document]
    # The number of sheets stays even where both sides are printed.
    assert len(texts) % 2 == 0
    (number,) = (
        number
        for number, text in enumerate(texts)
        if load_wording(language[:2])["copy.slip"] in text
    )
    assert texts[number].count(SERIAL) == 2
    assert HOSPITAL.contact in texts[number]
    image = images(path)[number]
    assert not codes(image)
    assert isinstance(read_page(Scan(path, 1, "", np.asarray(image.convert("L")))), Foreign)


def test_a_logo_stands_on_every_form_and_changes_no_reading(tmp_path: Path) -> None:
    Image.new("RGBA", (300, 100), (200, 30, 160, 255)).save(tmp_path / "logo.png")
    logo = read_logo(tmp_path, "logo.png")
    page = images(form_of(tmp_path / "form.pdf", "adult", "fr", logo=logo), dots_per_inch=200)[0]
    pixels = np.asarray(page.convert("RGB")).astype(int)
    rows, columns = np.nonzero(np.abs(pixels - (200, 30, 160)).max(axis=2) < 12)
    width, height = np.ptp(columns) / 200 * 72, np.ptp(rows) / 200 * 72
    assert width / height == pytest.approx(3, rel=0.05)
    assert 70 < width <= 110
    found = read_page(Scan(tmp_path, 1, "", np.asarray(page.convert("L"))))
    assert isinstance(found, PageReading)
    assert not found.elsewhere
    assert not found.problems


def test_the_law_of_the_institution_stands_in_the_margin(tmp_path: Path) -> None:
    path = tmp_path / "form.pdf"
    house = Institution(name="Haus", legal_profile="ch-vs")
    print_forms(path, language="fr+de", count=1, institution=house)
    text = words(path)
    assert "(LIPDA)" in text
    assert "(GIDA)" in text
    found = read_page(
        Scan(path, 1, "", np.asarray(images(path, dots_per_inch=200)[0].convert("L")))
    )
    assert isinstance(found, PageReading)
    assert not found.elsewhere


@pytest.mark.parametrize("name", ["../logo.png", "none.png", "text.png"])
def test_a_logo_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "registry"
    folder.mkdir()
    Image.new("RGB", (30, 10)).save(tmp_path / "logo.png")
    (folder / "text.png").write_text("no picture")
    with pytest.raises(LogoUnreadableError, match="logo"):
        read_logo(folder, name)
    assert read_logo(folder, "") is None


def test_a_form_nobody_knows_is_named() -> None:
    with pytest.raises(FormVariantError, match=r"'pet'.*general, adult"):
        form_template("fr", "pet")


def test_given_serials_are_printed_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "form.pdf"
    serial = new_serial()

    def given(*serials: str, count: int) -> tuple[str, ...]:
        return print_forms(path, language="it", count=count, institution=HOSPITAL, serials=serials)

    assert given(serial.lower(), count=1) == (serial,)
    with pytest.raises(FormCountError):
        given(serial, count=2)
    with pytest.raises(SerialInvalidError, match="twice"):
        given(serial, serial.lower(), count=2)
    with pytest.raises(SerialInvalidError):
        given("0000-0000-0000-1", count=1)


@pytest.mark.parametrize("count", [-1, 0, 5001])
def test_a_count_that_makes_no_sense_is_refused(tmp_path: Path, count: int) -> None:
    with pytest.raises(FormCountError, match="1 to 5000"):
        printed(tmp_path / "form.pdf", count=count)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentNotWrittenError, match="Check that the folder exists"):
        printed(tmp_path / "nowhere" / "form.pdf")


def test_copies_point_to_one_drawing(tmp_path: Path) -> None:
    printed(tmp_path / "one.pdf")
    printed(tmp_path / "many.pdf", count=20)
    one, many = ((tmp_path / name).stat().st_size for name in ("one.pdf", "many.pdf"))
    assert many - one < 20 * 6000


@pytest.mark.skipif(shutil.which("pdffonts") is None, reason="poppler's pdffonts is not installed")
@pytest.mark.parametrize("variant", ["general", "crowd"])
def test_every_font_is_embedded(tmp_path: Path, variant: str) -> None:
    path = form_of(tmp_path / "form.pdf", variant, "fr+de", copies=True)
    table = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout
    fonts = table.splitlines()[2:]
    assert len(fonts) == 2
    assert all(re.search(r"NotoSans.* yes yes yes ", line) for line in fonts)


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="qpdf is not installed")
@pytest.mark.parametrize("fillable", [True, False])
def test_the_file_is_sound(tmp_path: Path, *, fillable: bool) -> None:
    path = form_of(tmp_path / "form.pdf", "minor", "it+en", copies=True, fillable=fillable)
    subprocess.run(["qpdf", "--check", path], check=True, capture_output=True)
