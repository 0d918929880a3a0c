"""Blank consent forms: one sheet of A4, printed on both sides, each with its own serial."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import io
import itertools
import json
from typing import TYPE_CHECKING

from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from forms import sheet
from forms.atomic import written_whole
from forms.errors import FormCountError, SerialInvalidError
from forms.fillable import add_fields
from forms.serials import compact_serial, new_serial, normalise_serial
from forms.sheet import Blank, Mark, Sheet
from forms.typeface import BOLD, REGULAR, legible, register_typeface
from forms.wording import Wording, load_wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from clearance.settings import Institution

TEMPLATE = "IR"
"""Image rights. Another form, such as one for filming in care areas, has another id."""
VERSION = 1
"""Raised with every change of the wording or of a square's place."""
PAGES = 2
MOST_FORMS = 5000
"""More than this in one file is a mistake in the number, not a print run."""

_QR_VERSION = 3  # 29 modules; 47 characters at level Q
_QR_MASK = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """One language of the form as it is printed: what is asked, and where it is answered.

    `fingerprint` is the SHA-256 of the words and the squares; the institution's own name
    and contact are not part of it.
    """

    language: str
    fingerprint: str
    marks: tuple[Mark, ...]
    blanks: tuple[Blank, ...]


def print_forms(
    path: Path,
    *,
    language: str,
    count: int,
    institution: Institution,
    serials: Sequence[str] | None = None,
    written: Sequence[Mapping[str, str]] = (),
    fillable: bool = False,
) -> tuple[str, ...]:
    """Write `count` forms into one PDF; gives their serials in the order of the sheets.

    Args:
        path: of the PDF.
        language: of the forms.
        count: how many.
        institution: whose form it is.
        serials: their numbers; None draws new ones.
        written: for each form, what is printed into its boxes, by the boxes' names.
        fillable: squares and boxes can be filled in on a screen (AcroForm).

    Raises:
        FormLanguageError: there is no form in that language.
        FormCountError: the count is not 1 to 5000, or not the number of serials.
        SerialInvalidError: a given serial is wrong, or stands there twice.
        FormOverflowError: the institution's name or contact, or what is written into a box,
            is too long.
        DocumentNotWrittenError: the file cannot be written.
    """
    chosen = _chosen_serials(count, serials)
    wording = load_wording(language)
    template = form_template(language)
    with written_whole(path) as stream:
        canvas = _canvas(stream, wording, institution)
        _define_pages(canvas, wording, institution, template.fingerprint)
        for number, serial in enumerate(chosen):
            words = written[number] if number < len(written) else {}
            for page in range(1, PAGES + 1):
                canvas.doForm(_page_name(page))
                _draw_serial(canvas, wording, serial, page, template)
                _write_into(canvas, template, page, words)
                if fillable:
                    add_fields(canvas, template, page, f"{serial}.", words)
                canvas.showPage()
        canvas.save()
    return chosen


@functools.cache
def form_template(language: str) -> Template:
    """The form's fingerprint and the place of every square, for a reader of scans.

    Raises:
        FormLanguageError: there is no form in that language.
    """
    wording = load_wording(language)
    canvas = _canvas(None, wording, None)
    marks, blanks = _define_pages(canvas, wording, None, "")
    content = {
        "template": TEMPLATE,
        "version": VERSION,
        "language": language,
        "texts": dict(wording.texts),
        "marks": [dataclasses.astuple(mark) for mark in marks],
    }
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return Template(language, hashlib.sha256(canonical.encode()).hexdigest(), marks, blanks)


def empty_pages(language: str) -> bytes:
    """A PDF of the form without serial, code and institution: what every copy has in common.

    Raises:
        FormLanguageError: there is no form in that language.
    """
    wording = load_wording(language)
    stream = io.BytesIO()
    canvas = _canvas(stream, wording, None)
    _define_pages(canvas, wording, None, "")
    for page in range(1, PAGES + 1):
        canvas.doForm(_page_name(page))
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def qr_payload(serial: str, language: str, page: int) -> str:
    """What the QR code of a page says; nothing in it is about a person.

    `CLR1/<serial>/<template>-<version>/<language>/<page>/<first 8 digits of the fingerprint>`
    """
    fingerprint = form_template(language).fingerprint[:8]
    fields = ("CLR1", compact_serial(serial), f"{TEMPLATE}-{VERSION}", language, page, fingerprint)
    return "/".join(str(field) for field in fields).upper()


def _chosen_serials(count: int, serials: Sequence[str] | None) -> tuple[str, ...]:
    if not 1 <= count <= MOST_FORMS:
        raise FormCountError(
            "{count} forms cannot be printed at once; ask for 1 to {most}.",
            count=count,
            most=MOST_FORMS,
        )
    if serials is None:
        # A dict keeps the order and drops the double that will never come.
        drawn: dict[str, None] = {}
        while len(drawn) < count:
            drawn[new_serial()] = None
        return tuple(drawn)
    if len(serials) != count:
        raise FormCountError(
            "{count} forms need {count} serials, not {n}.", count=count, n=len(serials)
        )
    normalised = tuple(normalise_serial(serial) for serial in serials)
    if len(set(normalised)) < count:
        raise SerialInvalidError("A serial is given twice; each form needs its own.")
    return normalised


def _canvas(stream: BinaryIO | None, wording: Wording, institution: Institution | None) -> Canvas:
    register_typeface()
    canvas = Canvas(
        stream or "",
        pagesize=A4,
        # Else Helvetica, which is not embedded, is named in the file. (The stubs say float.)
        initialFontName=REGULAR,  # type: ignore[arg-type]
        lang=f"{wording.language}-CH",
    )
    canvas.setTitle(wording["form.title"])
    canvas.setSubject(wording["form.subtitle"])
    canvas.setAuthor(institution.name if institution else "")
    canvas.setCreator("Clearance")
    canvas.setViewerPreference("Duplex", "DuplexFlipLongEdge")
    canvas.setViewerPreference("PrintScaling", "None")
    return canvas


def _define_pages(
    canvas: Canvas, wording: Wording, institution: Institution | None, fingerprint: str
) -> tuple[tuple[Mark, ...], tuple[Blank, ...]]:
    """Draw what is the same on every copy once; each copy then only points to it."""
    marks: list[Mark] = []
    blanks: list[Blank] = []
    for page, fill in ((1, _fill_front), (2, _fill_back)):
        canvas.beginForm(_page_name(page), 0, 0, *A4)
        paper = Sheet(canvas, page, wording["form.yes"], wording["form.no"])
        paper.fiducials()
        _draw_footer(paper, wording, fingerprint)
        fill(paper, wording, institution)
        canvas.endForm()
        marks += paper.marks
        blanks += paper.blanks
    return tuple(marks), tuple(blanks)


def _page_name(page: int) -> str:
    return f"page{page}"


def _fill_front(paper: Sheet, wording: Wording, institution: Institution | None) -> None:
    _draw_head(paper, wording, institution)
    paper.paragraph(wording["intro.free"], gap=1)
    paper.paragraph(wording["intro.blank"], gap=0)
    _ask_person(paper, wording)
    _ask_session(paper, wording)
    for number, name, lines in ((3, "material", ()), (4, "purpose", ("other",))):
        paper.heading(number, wording[f"{name}.heading"])
        paper.questions(name, wording.section(name), lines=lines)
    paper.heading(5, wording["channel.heading"])
    for channel, text in wording.section("channel").items():
        paper.question(f"channel.{channel}", text)
    paper.heading(6, wording["term.heading"])
    _ask_term(paper, wording)
    paper.heading(7, wording["naming.heading"])
    for key, text in wording.section("naming").items():
        paper.question(f"naming.{key}", text)
    paper.heading(8, wording["editing.heading"])
    paper.question("editing.allowed", wording["editing.allowed"])
    paper.paragraph(wording["editing.never"])


def _fill_back(paper: Sheet, wording: Wording, _: Institution | None) -> None:
    _ask_patient(paper, wording)
    _ask_matching(paper, wording)
    _ask_representative(paper, wording)
    paper.heading(12, wording["notes.heading"])
    for text in wording.section("notes").values():
        paper.paragraph(text, gap=2)
    _ask_signature(paper, wording)
    _leave_office(paper, wording)


def _draw_head(paper: Sheet, wording: Wording, institution: Institution | None) -> None:
    paper.text_at(sheet.LEFT, sheet.TOP - 15, wording["form.title"], 18, font=BOLD)
    paper.text_at(sheet.LEFT, sheet.TOP - 28, wording["form.subtitle"], 9.5, colour=sheet.FAINT)
    lines = (
        ("institution", _place_and_name(institution)),
        ("contact", institution.contact if institution else ""),
        ("authority", institution.authority if institution else ""),
    )
    start = sheet.LEFT + 8 + max(paper.width(wording[f"form.{key}"], 8.5) for key, _ in lines)
    for index, (key, text) in enumerate(lines):
        baseline = sheet.TOP - 44 - index * 12
        paper.text_at(sheet.LEFT, baseline, wording[f"form.{key}"], 8.5, colour=sheet.FAINT)
        _draw_institution(paper, start, baseline, text)
    paper.below_code()
    paper.skip(10)


def _draw_institution(paper: Sheet, start: float, baseline: float, text: str) -> None:
    room = sheet.CODE_LEFT - 10 - start
    if text.strip():
        words = legible(" ".join(text.split()))
        paper.text_at(start, baseline, words, paper.fitted(words, sheet.BODY, room))
    else:
        # What the settings do not say is left to a pen or a stamp.
        paper.rule(start, start + room, baseline - 1.5)


def _place_and_name(institution: Institution | None) -> str:
    if institution is None:
        return ""
    return ", ".join(part for part in (institution.name, institution.place) if part.strip())


def _draw_footer(paper: Sheet, wording: Wording, fingerprint: str) -> None:
    template = wording["form.template"].format(
        template=TEMPLATE,
        version=VERSION,
        language=wording.language.upper(),
        hash=" ".join(fingerprint[start : start + 8] for start in range(0, 32, 8)),
    )
    page = wording["form.page"].format(page=paper.page, pages=PAGES)
    paper.text_at(sheet.LEFT, sheet.STRIP_BOTTOM, template, 7, colour=sheet.FAINT)
    paper.text_right(sheet.RIGHT, sheet.STRIP_BOTTOM, page, 8)
    if paper.page > 1:
        paper.text_at(sheet.LEFT, sheet.STRIP_TOP, wording["form.title"], 8, colour=sheet.FAINT)


def _fields(
    paper: Sheet,
    section: str,
    texts: Mapping[str, str],
    shares: Mapping[str, float],
    *,
    height: float = 26,
) -> None:
    """Boxes of a section side by side, each with its share of the width."""
    labels = ((f"{section}.{key}", texts[key], share) for key, share in shares.items())
    paper.fields(*labels, height=height)


def _ask_person(paper: Sheet, wording: Wording) -> None:
    texts = wording.section("person")
    paper.heading(1, wording["person.heading"])
    _fields(paper, "person", texts, {"surname": 1, "first_name": 1})
    _fields(paper, "person", texts, {"contact": 1.6, "birth": 1})
    capacities = ("patient", "staff", "visitor", "volunteer", "student", "other")
    paper.choices("capacity", texts["capacity"], {key: texts[key] for key in capacities})


def _ask_session(paper: Sheet, wording: Wording) -> None:
    texts = wording.section("session")
    paper.heading(2, wording["session.heading"])
    _fields(paper, "session", texts, {"event": 1.6, "date": 1})
    _fields(paper, "session", texts, {"place": 1.6, "photographer": 1})


def _ask_term(paper: Sheet, wording: Wording) -> None:
    paper.box_after("term.end", wording["term.end"], 120)
    paper.paragraph(wording["term.required"] + " " + wording["term.territory"], gap=1)


def _ask_patient(paper: Sheet, wording: Wording) -> None:
    texts = wording.section("patient")
    paper.heading(9, wording["patient.heading"])
    paper.paragraph(texts.pop("text"))
    paper.below_code()
    for key, text in texts.items():
        paper.question(f"patient.{key}", text)


def _ask_matching(paper: Sheet, wording: Wording) -> None:
    paper.heading(10, wording["matching.heading"])
    paper.paragraph(wording["matching.text"])
    paper.question("matching", "<b>" + wording["matching.question"] + "</b>")
    paper.box_after("matching.initials", wording["matching.initials"], 60)


def _ask_representative(paper: Sheet, wording: Wording) -> None:
    texts = wording.section("representative")
    paper.heading(11, wording["representative.heading"])
    paper.paragraph(texts["text"])
    for number in (1, 2):
        shares = {"name": 1.5, "relation": 0.8, "date": 0.7, "signature": 1.5}
        _fields(paper, f"representative.{number}", texts, shares)
    paper.tick_line("representative.sole", texts["sole"])
    paper.tick_line("representative.adult", texts["adult"], write=True)
    paper.question("representative.assent", texts["assent"])


def _ask_signature(paper: Sheet, wording: Wording) -> None:
    texts = wording.section("signature")
    paper.heading(13, wording["signature.heading"])
    paper.paragraph("<b>" + texts["text"] + "</b>")
    _fields(paper, "signature", texts, {"place": 1, "date": 0.8, "signature": 2}, height=36)


def _leave_office(paper: Sheet, wording: Wording) -> None:
    texts = wording.section("office")
    paper.heading(None, wording["office.heading"])
    shares = {"received": 0.7, "portrait": 0.7, "collected": 1, "checked": 1.1}
    _fields(paper, "office", texts, shares)
    ticks = ("identity", "copy", "scanned")
    paper.choices("office", "", {key: texts[key] for key in ticks})


def _draw_serial(
    canvas: Canvas, wording: Wording, serial: str, page: int, template: Template
) -> None:
    canvas.setFillColor(sheet.INK)
    canvas.setFont(BOLD, 10)
    canvas.drawRightString(sheet.RIGHT, sheet.STRIP_TOP, f"{wording['form.serial']} {serial}")
    _draw_code(canvas, qr_payload(serial, template.language, page))


def _write_into(canvas: Canvas, template: Template, page: int, words: Mapping[str, str]) -> None:
    """Print what is known of a person into the boxes."""
    for blank in template.blanks:
        text = legible(" ".join(words.get(blank.name, "").split()))
        if blank.page == page and text:
            size = Sheet.fitted(text, sheet.BODY, blank.width - 8)
            canvas.setFillColor(sheet.INK)
            canvas.setFont(REGULAR, size)
            canvas.drawString(blank.left + 4, blank.bottom + 4, text)


def _draw_code(canvas: Canvas, payload: str) -> None:
    """The QR code as one path of horizontal runs: small files, sharp at any size."""
    code = QRCode(_QR_VERSION, QRErrorCorrectLevel.Q)
    code.addData(payload)
    # The mask is fixed: choosing the prettiest of eight takes eight times as long,
    # and readers decode every one of them.
    code.makeImpl(False, _QR_MASK)
    canvas.saveState()
    canvas.translate(sheet.CODE_LEFT, sheet.CODE_BOTTOM)
    canvas.scale(sheet.CODE / code.moduleCount, sheet.CODE / code.moduleCount)
    path = canvas.beginPath()
    for row, modules in enumerate(code.modules, 1):
        for start, length in _dark_runs(modules):
            path.rect(start, code.moduleCount - row, length, 1)
    canvas.setFillColor(sheet.INK)
    canvas.drawPath(path, stroke=0, fill=1)
    canvas.restoreState()


def _dark_runs(modules: Sequence[bool]) -> list[tuple[int, int]]:
    runs, start = [], 0
    for dark, group in itertools.groupby(modules):
        length = len(list(group))
        if dark:
            runs.append((start, length))
        start += length
    return runs
