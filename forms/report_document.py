"""The clearance report as a PDF: summary, list, one section a picture, limits, approval."""

from __future__ import annotations

import collections
import dataclasses
import functools
from typing import TYPE_CHECKING, BinaryIO

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from clearance.results import Outcome
from forms.numbered_canvas import NumberedCanvas
from forms.report_charts import OutcomeBar
from forms.report_crops import opening_once
from forms.report_margin import BOTTOM, TOP, draw_margin
from forms.report_parts import (
    COLOURS,
    RULE,
    SHADE,
    VerdictSign,
)
from forms.report_pictures import PictureSections
from forms.report_small_tables import set_tables
from forms.report_stills import Stills
from forms.report_style import (
    BODY,
    CELL,
    COUNT,
    FONT,
    LABEL,
    LEAD,
    MARGIN,
    NUMBER,
    POINT,
    SECTION,
    TEXT_WIDTH,
    TITLE,
    Verdict,
    as_markup,
    fact_table,
    grid,
)
from forms.report_tables import ReportTables
from forms.report_words import ReportWords, what_may_go_out, worst_first
from forms.typeface import REGULAR, register_typeface

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from clearance.results import PhotoResult
    from forms.clearance_report import OpenPhoto, ReportHead, Still


def write_document(
    stream: BinaryIO,
    results: Sequence[PhotoResult],
    head: ReportHead,
    open_photo: OpenPhoto,
    still: Still | None = None,
) -> None:
    """Write the PDF to the stream."""
    register_typeface()
    _ = head.language.gettext
    document = BaseDocTemplate(
        stream,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=TOP,
        bottomMargin=BOTTOM,
        title=_("Clearance report"),
        author=head.institution.name,
        creator="Clearance",
        lang=head.language.code,
        initialFontName=REGULAR,
    )
    area = Frame(
        MARGIN, document.bottomMargin, TEXT_WIDTH, A4[1] - TOP - BOTTOM, 0, 0, 0, 0, id="area"
    )
    document.addPageTemplates(PageTemplate("page", [area]))
    writer = _Writer(head, ReportWords.of(results, head), open_photo, Stills(still))
    document.build(
        list(writer.story(results)),
        canvasmaker=functools.partial(
            NumberedCanvas,
            draw=functools.partial(
                draw_margin, head=head, title=_("Clearance report"), notice=_notice(head)
            ),
        ),
    )


def _notice(head: ReportHead) -> str:
    """Whom the report is for."""
    _ = head.language.gettext
    if head.names:
        return _("Internal copy: it names people. Do not pass it on.")
    return _("Copy without people’s names; the name of a file may still hold one.")


@dataclasses.dataclass(frozen=True, slots=True)
class _Writer:
    """Turns results into what ReportLab sets: paragraphs, tables, pictures."""

    head: ReportHead
    words: ReportWords
    open_photo: OpenPhoto
    stills: Stills

    def story(self, results: Sequence[PhotoResult]) -> Iterator[Flowable]:
        """The whole report, in reading order."""
        yield from self._opening(results)
        yield from self._summary(results)
        yield from self._list(results)
        yield from self._people(results)
        opened = opening_once(self.open_photo)
        sections = PictureSections(self.words, opened, self.stills, single=len(results) == 1)
        for number, result in enumerate(results, 1):
            yield from sections.section(number, result)
        yield from self._limits()
        yield self._approval()

    def _opening(self, results: Sequence[PhotoResult]) -> Iterator[Flowable]:
        yield Paragraph(as_markup(self.words.title), TITLE)
        yield Spacer(0, 8)
        rows = [(label, as_markup(text or "–")) for label, text in self.words.opening(results)]
        yield fact_table(rows, TEXT_WIDTH, 40 * mm)

    def _summary(self, results: Sequence[PhotoResult]) -> Iterator[Flowable]:
        counts = collections.Counter(map(what_may_go_out, results))
        yield Spacer(0, 10)
        yield self._verdict_box(counts, results)
        yield Spacer(0, 10)
        yield self._tiles(counts)
        if len(results) > 1:
            title = self.head.language.gettext("The verdicts on the pictures as they are")
            outcomes = [result.outcome for result in results]
            yield Spacer(0, 6)
            yield OutcomeBar(title, outcomes, self.head.language, TEXT_WIDTH)

    def _people(self, results: Sequence[PhotoResult]) -> Iterator[Flowable]:
        """Who may be shown where until when, and who needs no consent and why."""
        tables = ReportTables(self.words)
        exempt = tables.exemptions(results)
        some = [*tables.people(results), *([exempt] if exempt else [])]
        yield from set_tables(some, self.head.language, TEXT_WIDTH)

    def _verdict_box(
        self, counts: collections.Counter[Outcome], results: Sequence[PhotoResult]
    ) -> Flowable:
        worst = Outcome.worst(counts)
        said = [
            Paragraph(as_markup(self.words.lead(counts)), LEAD),
            Paragraph(as_markup(self.words.counted(counts, results)), BODY),
        ]
        box = Table([[VerdictSign(worst, 22), said]], colWidths=[16 * mm, TEXT_WIDTH - 16 * mm])
        box.setStyle(
            TableStyle(
                [
                    FONT,
                    ("BACKGROUND", (0, 0), (-1, -1), SHADE),
                    ("LINEBEFORE", (0, 0), (0, -1), 4, COLOURS[worst], "butt"),
                    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                    ("LEFTPADDING", (0, 0), (0, -1), 14),
                    ("TOPPADDING", (0, 0), (-1, -1), 8),
                    ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
                ]
            )
        )
        return box

    def _tiles(self, counts: collections.Counter[Outcome]) -> Flowable:
        shown = [outcome for outcome in Outcome if counts[outcome]] or [Outcome.CLEARED]
        cells = [
            [
                Paragraph(str(counts[outcome]), COUNT),
                Verdict(self.head.language, outcome, TEXT_WIDTH / len(shown) - 12),
            ]
            for outcome in shown
        ]
        tiles = Table([cells], colWidths=[TEXT_WIDTH / len(shown)] * len(shown))
        tiles.setStyle(
            TableStyle(
                [
                    ("LINEABOVE", (index, 0), (index, 0), 2, COLOURS[outcome], "butt")
                    for index, outcome in enumerate(shown)
                ]
                + [FONT, ("VALIGN", (0, 0), (-1, -1), "TOP")]
            )
        )
        return tiles

    def _list(self, results: Sequence[PhotoResult]) -> Iterator[Flowable]:
        if len(results) <= 1:
            return
        _ = self.head.language.gettext
        header = [_("No."), _("Picture"), _("Verdict"), _("Faces"), _("Faces that need something")]
        widths = [11 * mm, 66 * mm, 36 * mm, 15 * mm, 0]
        widths[-1] = TEXT_WIDTH - sum(widths)
        rows = [
            [
                Paragraph(str(number), NUMBER),
                Paragraph(f'<a href="#picture{number}">{as_markup(result.path.name)}</a>', CELL),
                Verdict(self.head.language, result.outcome, widths[2] - 8),
                Paragraph(str(len(result.faces)), NUMBER),
                Paragraph(as_markup(self.words.needs(result)), CELL),
            ]
            for number, result in worst_first(results)
        ]
        yield Paragraph(as_markup(_("All pictures, first those that need a person")), SECTION)
        yield grid(header, rows, widths, numbers=(0, 3))

    def _limits(self) -> Iterator[Flowable]:
        heading, *points = self.words.limits()
        yield CondPageBreak(60 * mm)
        yield Paragraph(as_markup(heading), SECTION)
        for point in points:
            yield Paragraph(as_markup(point), POINT, bulletText="•")

    def _approval(self) -> Flowable:
        _ = self.head.language.gettext
        people = (_("Prepared by (name, function)"), _("Approved by (another person)"))
        widths = [TEXT_WIDTH * 0.42, TEXT_WIDTH * 0.18, TEXT_WIDTH * 0.4]
        boxes = Table(
            [
                [Paragraph(as_markup(label), LABEL) for label in (who, _("Date"), _("Signature"))]
                for who in people
            ],
            colWidths=widths,
            rowHeights=[15 * mm] * 2,
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
        return KeepTogether(
            [
                Paragraph(as_markup(_("Approval")), SECTION),
                boxes,
            ]
        )
