"""Head and foot of every page of what we report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth

from forms.report_parts import FAINT, RULE
from forms.report_style import MARGIN, TEXT_WIDTH
from forms.typeface import REGULAR, legible

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

    from forms.clearance_report import ReportHead

TOP, BOTTOM = 22 * mm, 18 * mm
"""From the edges of the page to what stands between head and foot, in points."""


def draw_margin(
    canvas: Canvas, page: int, pages: int, *, head: ReportHead, title: str, notice: str
) -> None:
    """The head and the foot of one page: who and what above, the notice and the number below."""
    _ = head.language.gettext
    top, bottom = A4[1] - 13 * mm, 10 * mm
    canvas.setFont(REGULAR, 8)
    canvas.setFillColor(FAINT)
    canvas.drawString(MARGIN, top, _clipped(legible(head.institution.name), TEXT_WIDTH * 0.65))
    canvas.drawRightString(A4[0] - MARGIN, top, title)
    canvas.drawString(MARGIN, bottom, notice)
    count = _("Page {page} of {pages}").format(page=page, pages=pages)
    canvas.drawRightString(A4[0] - MARGIN, bottom, count)
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.5)
    for y in (top - 5, bottom + 11):
        canvas.line(MARGIN, y, A4[0] - MARGIN, y)


def _clipped(text: str, room: float) -> str:
    while text and stringWidth(text, REGULAR, 8) > room:
        text = text[:-2].rstrip("… ") + "…"
    return text
