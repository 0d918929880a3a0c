"""The notice at the door of an event: a poster that informs, in one language or several."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from forms.atomic import written_whole
from forms.errors import FormLanguageError, FormOverflowError
from forms.report_style import as_markup
from forms.sheet import ACCENT, FAINT, INK
from forms.typeface import BOLD, REGULAR, legible, register_typeface
from forms.wording import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clearance.settings import Institution
    from forms.logo import Logo

_TEXTS = Path(__file__).resolve().parent / "texts" / "notices.toml"
_WIDTH, _HEIGHT = A4
_MARGIN = 18 * mm
_CODE = 42 * mm
_LOGO = (38 * mm, 22 * mm)
"""Most width and height of the institution's sign."""
_LARGEST, _SMALLEST = 17.0, 9.5
"""Size of the running text: as large as all languages leave room for."""
_SHRINK = 0.25


def print_notice(
    path: Path,
    *,
    languages: Sequence[str],
    institution: Institution,
    event: str = "",
    photographer: str = "",
    address: str = "",
    logo: Logo | None = None,
) -> None:
    """Write the poster, one page of A4.

    Args:
        path: of the PDF.
        languages: one or several, in the order in which they stand.
        institution: whose event it is.
        event: its name; empty for none.
        photographer: who takes the pictures; empty for none.
        address: what the code leads to, such as a web address; empty for no code.
        logo: the institution's sign; None for none.

    Raises:
        FormLanguageError: there is no notice in a language.
        FormOverflowError: so much does not fit one page.
        DocumentNotWrittenError: the file cannot be written.
    """
    texts = [_texts(language) for language in dict.fromkeys(languages)]
    register_typeface()
    with written_whole(path) as stream:
        canvas = Canvas(
            stream,
            pagesize=A4,
            initialFontName=REGULAR,  # type: ignore[arg-type] # the stubs say float
            lang=f"{languages[0]}-CH",
        )
        canvas.setTitle(texts[0]["title"])
        canvas.setAuthor(institution.name)
        canvas.setCreator("Clearance")
        top = _draw_head(canvas, institution, event, logo)
        bottom = _draw_foot(canvas, texts, institution, address)
        _draw_texts(canvas, texts, photographer, top, bottom)
        canvas.showPage()
        canvas.save()


def _texts(language: str) -> Mapping[str, str]:
    texts = tomllib.loads(_TEXTS.read_text(encoding="utf-8"))
    if language not in texts:
        raise FormLanguageError(
            "There is no consent form in {language!r}. Choose one of {known}.",
            language=language,
            known=", ".join(LANGUAGES),
        )
    found: Mapping[str, str] = texts[language]
    return found


def _draw_head(canvas: Canvas, institution: Institution, event: str, logo: Logo | None) -> float:
    """A camera, the institution and the event; gives where the texts may begin."""
    top = _HEIGHT - _MARGIN
    canvas.setFillColor(ACCENT)
    canvas.roundRect(_MARGIN, top - 26 * mm, 38 * mm, 26 * mm, 4 * mm, stroke=0, fill=1)
    canvas.roundRect(_MARGIN + 6 * mm, top - 3 * mm, 12 * mm, 6 * mm, 2 * mm, stroke=0, fill=1)
    canvas.setFillColorRGB(1, 1, 1)
    canvas.circle(_MARGIN + 19 * mm, top - 13 * mm, 8.5 * mm, stroke=0, fill=1)
    canvas.setFillColor(ACCENT)
    canvas.circle(_MARGIN + 19 * mm, top - 13 * mm, 5 * mm, stroke=0, fill=1)
    left, room = _MARGIN + 46 * mm, _WIDTH - 2 * _MARGIN - 46 * mm
    if logo:
        logo.draw(canvas, _WIDTH - _MARGIN, top - _LOGO[1], *_LOGO)
        room -= _LOGO[0] + 6 * mm
    lines = [(institution.name, 15, REGULAR, FAINT), (event, 22, BOLD, INK)]
    y = top + 1 * mm
    for text, size, font, colour in lines:
        style = ParagraphStyle("head", fontName=font, fontSize=size, leading=size * 1.2)
        style.textColor = colour
        paragraph = Paragraph(as_markup(text), style)
        _, height = paragraph.wrap(room, 40 * mm)
        y -= height
        paragraph.drawOn(canvas, left, y)
        y -= 2 * mm
    return min(y, top - 26 * mm) - 8 * mm


def _draw_foot(
    canvas: Canvas, texts: Sequence[Mapping[str, str]], institution: Institution, address: str
) -> float:
    """Whom to ask, and the code; gives where the texts must end."""
    low = _MARGIN
    room = _WIDTH - 2 * _MARGIN - (_CODE + 8 * mm if address else 0)
    words = " · ".join(dict.fromkeys(one["contact"] for one in texts))
    lines = (
        [f"<b>{as_markup(words)}</b> {as_markup(institution.contact)}"]
        if (institution.contact)
        else []
    )
    lines += [as_markup(one["scan"]) for one in texts] if address else []
    lines += [f'<font size="9">{as_markup(address)}</font>'] if address else []
    style = ParagraphStyle("foot", fontName=REGULAR, fontSize=11, leading=14.5, textColor=INK)
    paragraph = Paragraph("<br/>".join(lines), style)
    _, height = paragraph.wrap(room, 80 * mm)
    tall = max(height, _CODE if address else 0)
    paragraph.drawOn(canvas, _MARGIN, low + tall - height)
    if address:
        code = QrCodeWidget(legible(address), barLevel="M", barBorder=0)
        left, bottom, right, top = code.getBounds()
        scale = _CODE / max(right - left, top - bottom)
        drawing = Drawing(_CODE, _CODE, transform=[scale, 0, 0, scale, 0, 0])
        drawing.add(code)
        drawing.drawOn(canvas, _WIDTH - _MARGIN - _CODE, low)
    canvas.setStrokeColor(ACCENT)
    canvas.setLineWidth(1.2)
    line = low + tall + 5 * mm
    canvas.line(_MARGIN, line, _WIDTH - _MARGIN, line)
    return line + 5 * mm


def _draw_texts(
    canvas: Canvas,
    texts: Sequence[Mapping[str, str]],
    photographer: str,
    top: float,
    bottom: float,
) -> None:
    """Every language below the other, all at the largest size that fits."""
    room = _WIDTH - 2 * _MARGIN
    size = _LARGEST
    while size >= _SMALLEST:
        placed = [
            (paragraph, *paragraph.wrap(room, _HEIGHT))
            for one in texts
            for paragraph in _paragraphs(one, photographer, size)
        ]
        gap = size * 0.55
        if sum(height + gap + one.getSpaceBefore() for one, _, height in placed) <= top - bottom:
            for paragraph, _, height in placed:
                top -= height + paragraph.getSpaceBefore()
                paragraph.drawOn(canvas, _MARGIN, top)
                top -= gap
            return
        size -= _SHRINK
    raise FormOverflowError("So many languages do not fit one notice: print one for each.")


def _paragraphs(texts: Mapping[str, str], photographer: str, size: float) -> list[Paragraph]:
    body = ParagraphStyle("body", fontName=REGULAR, fontSize=size, leading=size * 1.3)
    title = ParagraphStyle("title", fontName=BOLD, fontSize=size * 1.6, leading=size * 1.9)
    title.spaceBefore = size * 0.6
    body.textColor, title.textColor = INK, ACCENT
    found = [Paragraph(as_markup(texts["title"]), title)]
    if photographer:
        found.append(Paragraph(f"{as_markup(texts['who'])} {as_markup(photographer)}", body))
    found.append(Paragraph(f"<b>{as_markup(texts['promise'])}</b>", body))
    found += [Paragraph(as_markup(texts[key]), body) for key in ("stop", "form", "later")]
    return found
