"""Blank consent forms, each with its own serial: a sheet of A4 printed on both sides.

Of the short form one side is enough; two languages side by side take two sheets at most.
"""

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

from clearance.legal import legal_profile
from forms import sheet
from forms.atomic import written_whole
from forms.errors import FormCountError, FormOverflowError, SerialInvalidError
from forms.fillable import add_fields
from forms.form_sections import Form, head
from forms.person_copy import define_copy, draw_copy
from forms.serials import compact_serial, new_serial, normalise_serial
from forms.sheet import Blank, Mark, Sheet
from forms.typeface import BOLD, REGULAR, legible, register_typeface
from forms.variants import GENERAL, Variant, variant_named
from forms.wording import BESIDE, Words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from clearance.settings import Institution
    from forms.form_sections import Section
    from forms.logo import Logo

MOST_FORMS = 5000
"""More than this in one file is a mistake in the number, not a print run."""

_LAW, _LAW_BESIDE, _LEAST_LAW = 6.0, 4.75, 4.25
_LAW_BASELINE = sheet.STRIP_BOTTOM + 6.8
_QR_VERSION = 3  # 29 modules; 47 characters at level Q, of which 41 are used at most
_QR_MASK = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """One form in one language, or in two, as it is printed: what it asks, and where.

    `language` is one of `forms.wording.FORM_LANGUAGES`. `fingerprint` is the SHA-256 of the
    words and the squares; the institution's own name, contact and logo are not part of it.
    """

    variant: Variant
    language: str
    fingerprint: str
    pages: int
    marks: tuple[Mark, ...]
    blanks: tuple[Blank, ...]

    @property
    def name(self) -> str:
        """What stands on the paper, as in `IR-1`."""
        return f"{self.variant.template}-{self.variant.version}"


def print_forms(  # noqa: PLR0913
    path: Path,
    *,
    language: str,
    count: int,
    institution: Institution,
    variant: str = GENERAL,
    serials: Sequence[str] | None = None,
    written: Sequence[Mapping[str, str]] = (),
    fillable: bool = False,
    copies: bool = False,
    logo: Logo | None = None,
) -> tuple[str, ...]:
    """Write `count` forms into one PDF; gives their serials in the order of the sheets.

    Args:
        path: of the PDF.
        language: of the forms: one of `forms.wording.FORM_LANGUAGES`.
        count: how many.
        institution: whose form it is.
        variant: which form, one of `forms.variants.VARIANTS`.
        serials: their numbers; None draws new ones.
        written: for each form, what is printed into its boxes, by the boxes' names.
        fillable: squares and boxes can be filled in on a screen (AcroForm).
        copies: with a sheet after each form that the person keeps, with a slip to withdraw.
        logo: the institution's sign; None for none.

    Raises:
        FormLanguageError: there is no form in that language.
        FormVariantError: there is no form of that name.
        FormCountError: the count is not 1 to 5000, or not the number of serials.
        SerialInvalidError: a given serial is wrong, or stands there twice.
        FormOverflowError: the institution's name or contact, or what is written into a box,
            is too long.
        DocumentNotWrittenError: the file cannot be written.
    """
    chosen = _chosen_serials(count, serials)
    template = form_template(language, variant)
    words = Words(language)
    with written_whole(path) as stream:
        canvas = _canvas(stream, words, institution)
        # Whoever prints on both sides must not find two people on one sheet.
        several = template.pages > 1
        canvas.setViewerPreference("Duplex", "DuplexFlipLongEdge" if several else "Simplex")
        _define_pages(canvas, template.variant, words, institution, logo, template)
        if copies:
            define_copy(canvas, words, institution, template.marks)
        for number, serial in enumerate(chosen):
            known = written[number] if number < len(written) else {}
            for page in range(1, template.pages + 1):
                canvas.doForm(_page_name(page))
                _draw_serial(canvas, words, serial, page, template)
                _write_into(canvas, template, page, known)
                if fillable:
                    add_fields(canvas, template, page, f"{serial}.", known)
                canvas.showPage()
            if several and template.pages % 2:
                canvas.showPage()
            if copies:
                draw_copy(canvas, words, serial)
                canvas.showPage()
                if several:
                    canvas.showPage()
        canvas.save()
    return chosen


@functools.cache
def form_template(language: str, variant: str = GENERAL) -> Template:
    """The form's fingerprint and the place of every square, for a reader of scans.

    Raises:
        FormLanguageError: there is no form in that language.
        FormVariantError: there is no form of that name.
    """
    words = Words(language)
    chosen = variant_named(variant)
    canvas = _canvas(None, words, None)
    pages = _define_pages(canvas, chosen, words, None, None, None)
    marks = tuple(mark for page in pages for mark in page.marks)
    blanks = tuple(blank for page in pages for blank in page.blanks)
    _ = words["form.serial"]  # which is drawn with the number, on every sheet anew
    several = len(words["form.yes"]) > 1
    content = {
        "template": chosen.template,
        "version": chosen.version,
        "language": language,
        "texts": {key: list(text) if several else text[0] for key, text in words.used.items()},
        "marks": [dataclasses.astuple(mark) for mark in marks],
    }
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    fingerprint = hashlib.sha256(canonical.encode()).hexdigest()
    return Template(chosen, language, fingerprint, len(pages), marks, blanks)


def empty_pages(languages: Sequence[str], variant: str) -> bytes:
    """A PDF of a form without serial, code and institution: what every copy has in common.

    Its pages are those of each language in turn.

    Raises:
        FormLanguageError: there is no form in that language.
        FormVariantError: there is no form of that name.
    """
    stream = io.BytesIO()
    canvas = _canvas(stream, Words(languages[0]), None, reproducible=True)
    for language in languages:
        words = Words(language)
        before = f"{language}."
        pages = _define_pages(canvas, variant_named(variant), words, None, None, None, before)
        for page in range(1, len(pages) + 1):
            canvas.doForm(before + _page_name(page))
            canvas.showPage()
    canvas.save()
    return stream.getvalue()


def qr_payload(serial: str, language: str, page: int, variant: str = GENERAL) -> str:
    """What the QR code of a page says; nothing in it is about a person.

    `CLR1/<serial>/<template>-<version>/<language>/<page>/<first 8 digits of the fingerprint>`
    """
    template = form_template(language, variant)
    fingerprint = template.fingerprint[:8]
    fields = ("CLR1", compact_serial(serial), template.name, language, page, fingerprint)
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


def _canvas(
    stream: BinaryIO | None,
    words: Words,
    institution: Institution | None,
    *,
    reproducible: bool = False,
) -> Canvas:
    """A document to draw in; `reproducible` without the moment at which it was made."""
    register_typeface()
    canvas = Canvas(
        stream or "",
        pagesize=A4,
        # Else Helvetica, which is not embedded, is named in the file. (The stubs say float.)
        initialFontName=REGULAR,  # type: ignore[arg-type]
        lang=f"{words.language.partition(BESIDE)[0]}-CH",
        invariant=reproducible,
    )
    canvas.setTitle(words.line("form.title"))
    canvas.setSubject(words.line("form.subtitle"))
    canvas.setAuthor(institution.name if institution else "")
    canvas.setCreator("Clearance")
    canvas.setViewerPreference("PrintScaling", "None")
    return canvas


def _define_pages(
    canvas: Canvas,
    variant: Variant,
    words: Words,
    institution: Institution | None,
    logo: Logo | None,
    template: Template | None,
    before: str = "",
) -> list[Sheet]:
    """Draw what is the same on every copy once; each copy then only points to it.

    Gives the pages with their squares. Without a template, as while it is made, the foot of
    the pages says no fingerprint. `before` stands before the names of the pages.
    """
    split = _pages_of(variant, words.language)
    form = Form(_sheet(canvas, 1, words), words, institution, logo)
    sheets = []
    for page, sections in enumerate(split, 1):
        canvas.beginForm(before + _page_name(page), 0, 0, *A4)
        form.paper = _sheet(canvas, page, words)
        form.paper.fiducials()
        fingerprint = template.fingerprint if template else ""
        _draw_footer(form.paper, words, variant, len(split), fingerprint)
        if institution:
            _draw_law(form.paper, words, institution)
        if page == 1:
            head(form, variant.subtitle)
        for section in sections:
            section(form)
        canvas.endForm()
        sheets.append(form.paper)
    return sheets


@functools.cache
def _pages_of(variant: Variant, language: str) -> tuple[tuple[Section, ...], ...]:
    """Which sections stand on which page: each as early as it fits, and never on two.

    Raises:
        FormOverflowError: they do not fit so many pages.
    """
    words = Words(language)
    canvas = _canvas(None, words, None)
    most = variant.sides * len(words["form.yes"])
    form = Form(_sheet(canvas, 1, words), words, None)
    head(form, variant.subtitle)
    pages: list[list[Section]] = [[]]
    for section in variant.sections:
        number = form.number
        try:
            section(form)
        except FormOverflowError:
            if len(pages) == most or not pages[-1]:
                raise
            pages.append([])
            form.number = number
            form.paper = _sheet(canvas, len(pages), words)
            section(form)
        pages[-1].append(section)
    return tuple(map(tuple, pages))


def _sheet(canvas: Canvas, page: int, words: Words) -> Sheet:
    return Sheet(canvas, page, words["form.yes"], words["form.no"])


def _page_name(page: int) -> str:
    return f"page{page}"


def _draw_footer(
    paper: Sheet, words: Words, variant: Variant, pages: int, fingerprint: str
) -> None:
    texts = words["form.template"]
    # In two languages only the first says it: it is for machines and archives.
    template = texts[0].format(
        template=variant.template,
        version=variant.version,
        language=words.language.upper(),
        hash=" ".join(fingerprint[start : start + 8] for start in range(0, 32, 8)),
    )
    page = words.line("form.page").format(page=paper.page, pages=pages)
    paper.text_at(sheet.LEFT, sheet.STRIP_BOTTOM, template, 7, colour=sheet.FAINT)
    paper.text_right(sheet.RIGHT, sheet.STRIP_BOTTOM, page, 8)
    if paper.page > 1:
        title = words.line("form.title")
        paper.text_at(sheet.LEFT, sheet.STRIP_TOP, title, 8, colour=sheet.FAINT)


def _draw_law(paper: Sheet, words: Words, institution: Institution) -> None:
    """The act the institution lives under: in the margin, where no scan is searched for ink."""
    languages = words.language.split(BESIDE)
    room = sheet.RIGHT - sheet.LEFT
    for line, language in enumerate(reversed(languages)):
        text = legal_profile(institution.legal_profile, language).data_protection_act
        size = _LAW if len(languages) == 1 else _LAW_BESIDE
        while size > _LEAST_LAW and Sheet.width(text, size) > room:
            size -= 0.25
        shown = Sheet.clipped(text, size, room)
        baseline = _LAW_BASELINE + line * (size + 0.5)
        paper.text_at(sheet.LEFT, baseline, shown, size, colour=sheet.FAINT)


def _draw_serial(canvas: Canvas, words: Words, serial: str, page: int, template: Template) -> None:
    canvas.setFillColor(sheet.INK)
    canvas.setFont(BOLD, 10)
    shown = f"{words['form.serial'][0]} {serial}"
    canvas.drawRightString(sheet.RIGHT, sheet.STRIP_TOP, shown)
    _draw_code(canvas, qr_payload(serial, template.language, page, template.variant.name))


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
