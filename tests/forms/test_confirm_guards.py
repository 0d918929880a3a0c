"""What keeps a draft from becoming more than its paper is, or a consent twice."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from pypdfium2 import raw

from clearance.commandline import ExitCode
from consent.registry import Registry
from forms.drafts import Draft
from forms.scans import open_scans
from tests.commands import EVERY_PURPOSE, SAMPLES, run
from tests.forms.test_form_commands import Office, confirmed, fill, filled_on_screen, holding


@pytest.fixture
def office(empty_registry: Path, tmp_path: Path) -> Office:
    run("people", "add", "Anna Keller", "--registry", empty_registry).assert_exit(ExitCode.CLEARED)
    return Office(tmp_path, empty_registry)


def flattened(path: Path) -> None:
    """What a browser saves of a form that was filled in: its ink, and no fields."""
    with pypdfium2.PdfDocument(path.read_bytes()) as document:
        document.init_forms()
        for page in document:
            assert raw.FPDFPage_Flatten(page, raw.FLAT_PRINT) == raw.FLATTEN_SUCCESS
            page.close()
        saved = pypdfium2.PdfDocument.new()
        saved.import_pages(document)
    saved.save(path)
    saved.close()


def test_a_form_printed_into_a_file_is_no_paper(office: Office) -> None:
    path = office.folder / "printed.pdf"
    run(
        *("forms", "print", "-o", path, "--fillable", "--lang", "fr"),
        *("--registry", office.registry),
    ).assert_exit(ExitCode.CLEARED)
    texts = {"term.end": "20.11.2028", "signature.date": "20.11.2026"}
    filled_on_screen(path, ["channel.website.yes"], {**texts, "signature.signature": "Anna Keller"})
    flattened(path)
    with pypdfium2.PdfDocument(path) as document:
        assert document.get_formtype() == raw.FORMTYPE_NONE
    assert [scan.on_screen for scan in open_scans(path)[1]] == [True, True]
    # A name that is typed is a doubtful signature.
    office.clearance("forms", "read", path, code=ExitCode.NOT_CLEARED)
    serial = office.only_draft()
    with Registry.open(office.registry) as registry:
        draft = Draft.unpacked(registry.draft(serial))
    assert (draft.on_screen, draft.level) == (True, "simple")
    assert draft.scan == path.read_bytes()
    # Pictures of the same pages are a scan.
    with pypdfium2.PdfDocument(path) as document:
        pages = [page.render(scale=200 / 72).to_pil().convert("RGB") for page in document]
    assert [one.on_screen for one in open_scans(office.scanned(*pages))[1]] == [False, False]


def test_what_was_recorded_by_hand_is_not_recorded_again(office: Office) -> None:
    pages = office.printed()
    fill(pages)
    portrait = SAMPLES / "portraits" / "jurg-mettler-1.jpg"
    holding(pages[0], portrait).save(office.folder / "held.jpg", quality=92)
    scans = office.scanned(*pages)
    office.clearance("forms", "read", scans, office.folder / "held.jpg")
    serial = office.only_draft()
    office.clearance(
        *("consent", "record", "Anna Keller", "--serial", serial, "--evidence", scans),
        *("--signed", "2026-11-20", "--until", "2027-11-20", "--channel", "press"),
        *("--material", "photo", *EVERY_PURPOSE),
    )
    before = written(office, serial)
    told = office.clearance(*confirmed(serial), code=ExitCode.REGISTRY)
    assert f"the form {serial} is recorded already; a new signature needs a new form" in told
    assert written(office, serial) == before
    # What was read is still there to be looked at.
    assert office.only_draft() == serial


def written(office: Office, serial: str) -> object:
    """Whatever a confirmation leaves in the registry."""
    with Registry.open(office.registry) as registry:
        entries = [(one.action, dict(one.details)) for one in registry.audit_entries()]
    return (
        entries,
        office.json("consent", "list"),
        office.json("consent", "show", serial),
        office.json("people", "show", "Anna Keller"),
    )
