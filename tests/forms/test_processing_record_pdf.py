"""The record of processing on paper: complete, readable, in a typeface of its own."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pypdfium2
import pytest

from clearance.errors import LegalTextUnknownError
from clearance.processing_record import (
    ProcessingRecord,
    RegistryFigures,
    record_of_processing,
    record_sections,
    record_title,
)
from clearance.settings import Institution
from consent.admission import LANGUAGES
from consent.policy import Policy
from forms.errors import DocumentNotWrittenError
from forms.processing_record import write_processing_record
from tests.forms.paper import images, squeezed, words

HOSPITAL = Institution(
    name="Hôpital d’Exemple",
    contact="images@hopital.example",
    place="Sion",
    legal_profile="ch-vs",
)


def a_record(institution: Institution = HOSPITAL) -> ProcessingRecord:
    return record_of_processing(
        institution,
        Policy(),
        matching=True,
        figures=RegistryFigures(212, 198, 121, 154, {"patient": 43, "staff": 169}),
        made_on=dt.date(2026, 11, 21),
        version="0.1.0",
    )


def written(folder: Path, record: ProcessingRecord, language: str) -> Path:
    path = folder / f"record-{language}.pdf"
    write_processing_record(record, path, language)
    return path


def unbroken(text: str) -> str:
    """Text without blanks: a line may end anywhere, also after a hyphen."""
    return squeezed(text).replace(" ", "").replace("\ufffe", "-")


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_the_record_says_is_on_the_paper(tmp_path: Path, language: str) -> None:
    record = a_record()
    seen = unbroken(words(written(tmp_path, record, language)))
    for number, section in enumerate(record_sections(record, language), 1):
        assert unbroken(f"{number}. {section.heading}") in seen
        for text in (section.text, *section.points, *section.blanks):
            assert unbroken(text) in seen
        for label, value in section.rows:
            assert unbroken(label) in seen
            assert unbroken(value) in seen


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_says_what_it_is(tmp_path: Path, language: str) -> None:
    record = a_record()
    title, subtitle = record_title(record, language)
    with pypdfium2.PdfDocument(written(tmp_path, record, language)) as document:
        told = document.get_metadata_dict()
    assert (told["Title"], told["Subject"]) == (title, subtitle)
    assert told["Author"] == "Hôpital d’Exemple"
    assert told["Creator"] == "Clearance"


def test_pages_are_a4_and_numbered(tmp_path: Path) -> None:
    path = written(tmp_path, a_record(), "fr")
    with pypdfium2.PdfDocument(path) as document:
        pages = len(document)
        assert {tuple(map(round, page.get_size())) for page in document} == {(595, 842)}
        texts = [squeezed(page.get_textpage().get_text_range()) for page in document]
    assert pages > 1
    for number, text in enumerate(texts, 1):
        assert f"Page {number} sur {pages}" in text
        assert "Clearance 0.1.0, 21.11.2026" in text


def test_every_letter_is_in_the_file(tmp_path: Path) -> None:
    data = written(tmp_path, a_record(), "de").read_bytes()
    assert b"NotoSans" in data
    assert b"Helvetica" not in data
    assert "[U+" not in words(tmp_path / "record-de.pdf")


def test_nothing_is_printed_over_the_edge_or_the_foot(tmp_path: Path) -> None:
    for page in images(written(tmp_path, a_record(), "de"), dots_per_inch=72):
        ink = page.convert("L").point(lambda value: 255 if value < 250 else 0).getbbox()
        assert ink is not None
        assert ink[0] >= 46
        assert ink[2] <= page.width - 46


def test_a_heading_stands_with_what_is_below_it(tmp_path: Path) -> None:
    with pypdfium2.PdfDocument(written(tmp_path, a_record(), "fr")) as document:
        pages = [unbroken(page.get_textpage().get_text_range()) for page in document]
    for section in record_sections(a_record(), "fr"):
        said = [*(value for _, value in section.rows), *section.points, *section.blanks]
        heading, last = unbroken(section.heading), unbroken(said[-1])
        assert any(heading in page and last in page for page in pages), section.key


def test_a_name_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    record = a_record(dataclasses.replace(HOSPITAL, name="<b>Klinik</b> & Söhne \u202e王"))
    text = words(written(tmp_path, record, "en"))
    assert "<b>Klinik</b> & Söhne [U+202E][U+738B]" in text


def test_a_long_name_does_not_run_into_the_title(tmp_path: Path) -> None:
    record = a_record(dataclasses.replace(HOSPITAL, name="Wohnheim " * 60))
    with pypdfium2.PdfDocument(written(tmp_path, record, "en")) as document:
        last = squeezed(document[len(document) - 1].get_textpage().get_text_range())
    assert "…" in last
    assert "Record of processing activities" in last


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "record.pdf"
    path.write_bytes(b"old")
    with pytest.raises(LegalTextUnknownError):
        write_processing_record(a_record(), path, "rm")
    assert path.read_bytes() == b"old"
    with pytest.raises(DocumentNotWrittenError):
        write_processing_record(a_record(), tmp_path / "none" / "record.pdf", "fr")
    assert [one.name for one in tmp_path.iterdir()] == ["record.pdf"]
