"""The record of processing as a PDF, to be completed by hand, signed and kept."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from clearance.legal import legal_texts
from clearance.processing_record import record_head, record_sections, record_title
from forms.atomic import written_whole
from forms.numbered_canvas import NumberedCanvas
from forms.report_parts import FAINT, RULE
from forms.report_style import (
    BODY,
    FONT,
    LABEL,
    LEAD,
    MARGIN,
    POINT,
    SECTION,
    TEXT_WIDTH,
    TITLE,
    as_markup,
    fact_table,
)
from forms.typeface import REGULAR, legible, register_typeface

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from clearance.processing_record import ProcessingRecord, Section

_LABELS = 58 * mm


def write_processing_record(record: ProcessingRecord, path: Path, language: str) -> None:
    """Write the record as a PDF; a file that is there is replaced.

    Raises:
        LegalTextUnknownError: the record is not written in that language.
        DocumentNotWrittenError: the file cannot be written.
    """
    register_typeface()
    title, subtitle = record_title(record, language)
    story = list(_story(record, language))
    with written_whole(path) as stream:
        document = BaseDocTemplate(
            stream,
            pagesize=A4,
            leftMargin=MARGIN,
            rightMargin=MARGIN,
            topMargin=22 * mm,
            bottomMargin=18 * mm,
            title=title,
            subject=subtitle,
            author=record.institution.name,
            creator="Clearance",
            lang=language,
            initialFontName=REGULAR,
        )
        area = Frame(
            MARGIN, document.bottomMargin, TEXT_WIDTH, A4[1] - 40 * mm, 0, 0, 0, 0, id="area"
        )
        document.addPageTemplates(PageTemplate("page", [area]))
        margin = functools.partial(_draw_margin, record=record, language=language)
        document.build(story, canvasmaker=functools.partial(NumberedCanvas, draw=margin))


def _draw_margin(
    canvas: Canvas, page: int, pages: int, *, record: ProcessingRecord, language: str
) -> None:
    texts = legal_texts("record", language)["document"]
    top, bottom = A4[1] - 13 * mm, 10 * mm
    name = legible(record.institution.name)
    while stringWidth(name, REGULAR, 8) > TEXT_WIDTH * 0.6:
        name = name[:-2].rstrip("… ") + "…"
    _, (_, day), (_, tool) = record_head(record, language)
    canvas.setFont(REGULAR, 8)
    canvas.setFillColor(FAINT)
    canvas.drawString(MARGIN, top, name)
    canvas.drawRightString(A4[0] - MARGIN, top, record_title(record, language)[0])
    canvas.drawString(MARGIN, bottom, f"{legible(tool)}, {day}")
    count = texts["page"].format(page=page, pages=pages)
    canvas.drawRightString(A4[0] - MARGIN, bottom, count)
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.5)
    for y in (top - 5, bottom + 11):
        canvas.line(MARGIN, y, A4[0] - MARGIN, y)


def _story(record: ProcessingRecord, language: str) -> Iterator[Flowable]:
    """The whole record, in reading order."""
    texts = legal_texts("record", language)
    title, subtitle = record_title(record, language)
    yield Paragraph(as_markup(title), TITLE)
    yield Spacer(0, 4)
    yield Paragraph(as_markup(subtitle), LEAD)
    yield Spacer(0, 8)
    yield _facts(record_head(record, language))
    yield Spacer(0, 4)
    yield Paragraph(as_markup(texts["document"]["note"]), BODY)
    for number, section in enumerate(record_sections(record, language), 1):
        # No heading stands alone at the foot of a page, and no table is cut.
        yield KeepTogether(list(_section(number, section, texts)))


def _section(
    number: int, section: Section, texts: Mapping[str, Mapping[str, str]]
) -> Iterator[Flowable]:
    yield Paragraph(as_markup(f"{number}. {section.heading}"), SECTION)
    if section.text:
        yield Paragraph(as_markup(section.text), BODY)
    if section.rows:
        yield _facts(section.rows)
        yield Spacer(0, 3)
    for point in section.points:
        yield Paragraph(as_markup(point), POINT, bulletText="•")
    if section.key == "signature":
        yield _signatures(section, texts["signature"])
    elif section.blanks:
        yield _blanks(section.blanks)


def _facts(rows: tuple[tuple[str, str], ...]) -> Flowable:
    return fact_table([(label, as_markup(value)) for label, value in rows], TEXT_WIDTH, _LABELS)


def _blanks(labels: tuple[str, ...]) -> Flowable:
    """A ruled line beside each label, high enough to write on."""
    table = Table(
        [[Paragraph(as_markup(label), LABEL), ""] for label in labels],
        colWidths=[_LABELS, TEXT_WIDTH - _LABELS],
    )
    table.setStyle(
        TableStyle(
            [
                FONT,
                ("LINEBELOW", (1, 0), (1, -1), 0.5, RULE),
                ("VALIGN", (0, 0), (-1, -1), "BOTTOM"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (0, -1), 6),
                ("TOPPADDING", (0, 0), (-1, -1), 14),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return table


def _signatures(section: Section, said: Mapping[str, str]) -> Flowable:
    """Who completed the record and who checked it, and when it is looked at again."""
    widths = [TEXT_WIDTH * 0.42, TEXT_WIDTH * 0.18, TEXT_WIDTH * 0.4]
    boxes = Table(
        [
            [Paragraph(as_markup(text), LABEL) for text in (who, said["date"], said["signature"])]
            for who in section.blanks
        ],
        colWidths=widths,
        rowHeights=[15 * mm] * len(section.blanks),
    )
    boxes.setStyle(
        TableStyle(
            [
                FONT,
                ("GRID", (0, 0), (-1, -1), 0.6, RULE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return boxes
