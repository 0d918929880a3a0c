"""The clearance report as a PDF: summary, list, one section a picture, limits, approval."""

from __future__ import annotations

import collections
import dataclasses
import functools
from typing import TYPE_CHECKING, BinaryIO

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
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

from clearance import registry_words
from clearance.rendition import max_edges
from clearance.results import Outcome
from forms.numbered_canvas import NumberedCanvas
from forms.report_parts import (
    COLOURS,
    FAINT,
    RULE,
    SHADE,
    VerdictSign,
)
from forms.report_pictures import PictureSections
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
from forms.typeface import REGULAR, legible, register_typeface

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from clearance.results import PhotoResult
    from forms.clearance_report import OpenPhoto, ReportHead

_WORST_FIRST = sorted(Outcome, key=lambda outcome: -outcome.severity)


def write_document(
    stream: BinaryIO, results: Sequence[PhotoResult], head: ReportHead, open_photo: OpenPhoto
) -> None:
    """Write the PDF to the stream."""
    register_typeface()
    _ = head.language.gettext
    document = BaseDocTemplate(
        stream,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=22 * mm,
        bottomMargin=18 * mm,
        title=_("Clearance report"),
        author=head.institution.name,
        creator="Clearance",
        lang=head.language.code,
        initialFontName=REGULAR,
    )
    area = Frame(MARGIN, document.bottomMargin, TEXT_WIDTH, A4[1] - 40 * mm, 0, 0, 0, 0, id="area")
    document.addPageTemplates(PageTemplate("page", [area]))
    writer = _Writer(head, open_photo)
    document.build(
        list(writer.story(results)),
        canvasmaker=functools.partial(
            NumberedCanvas, draw=functools.partial(_draw_margin, head=head)
        ),
    )


def _draw_margin(canvas: Canvas, page: int, pages: int, *, head: ReportHead) -> None:
    """The head and the foot of one page."""
    _ = head.language.gettext
    top, bottom = A4[1] - 13 * mm, 10 * mm
    copy = (
        _("Internal copy: it names people. Do not pass it on.")
        if head.names
        else _("Copy without people’s names; the name of a file may still hold one.")
    )
    canvas.setFont(REGULAR, 8)
    canvas.setFillColor(FAINT)
    canvas.drawString(MARGIN, top, _clipped(legible(head.institution.name), TEXT_WIDTH * 0.65))
    canvas.drawRightString(A4[0] - MARGIN, top, _("Clearance report"))
    canvas.drawString(MARGIN, bottom, copy)
    count = _("Page {page} of {pages}").format(page=page, pages=pages)
    canvas.drawRightString(A4[0] - MARGIN, bottom, count)
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.5)
    for y in (top - 5, bottom + 11):
        canvas.line(MARGIN, y, A4[0] - MARGIN, y)


@dataclasses.dataclass(frozen=True, slots=True)
class _Writer:
    """Turns results into what ReportLab sets: paragraphs, tables, pictures."""

    head: ReportHead
    open_photo: OpenPhoto

    def story(self, results: Sequence[PhotoResult]) -> Iterator[Flowable]:
        """The whole report, in reading order."""
        yield from self._opening(results)
        yield from self._summary(results)
        yield from self._list(results)
        sections = PictureSections.of(results, self.head, self.open_photo)
        for number, result in enumerate(results, 1):
            yield from sections.section(number, result)
        yield from self._limits()
        yield self._approval()

    def _opening(self, results: Sequence[PhotoResult]) -> Iterator[Flowable]:
        _ = self.head.language.gettext
        institution = self.head.institution
        who = ", ".join(part for part in (institution.name, institution.place) if part)
        asked = dict.fromkeys(channel for result in results for channel in result.asked)
        moment = self.head.made_at
        made = f"{self.head.language.date(moment.date())}, {moment:%H:%M} {_offset(moment)}"
        rows = [
            (_("Institution"), who),
            (_("Examined"), made),
            (_("For publication on"), self.head.language.date(self.head.use_date)),
            (_("Asked for"), ", ".join(map(self.head.language.channel, asked))),
            *self._use(results),
            *((_("Judged for"), self.head.language.up_to(edge)) for edge in max_edges(results)),
            *([(_("Matching"), self.head.language.rate(self.head.rate))] if self.head.rate else []),
            (_("Tool"), ", ".join(f"{name} {version}" for name, version in self.head.tool.items())),
        ]
        yield Paragraph(as_markup(_("Clearance report")), TITLE)
        yield Spacer(0, 8)
        yield fact_table(
            [(label, as_markup(text or "–")) for label, text in rows], TEXT_WIDTH, 40 * mm
        )

    def _use(self, results: Sequence[PhotoResult]) -> Iterator[tuple[str, str]]:
        """Which use the verdicts are about, beside its channels and its first day."""
        language, _ = self.head.language, self.head.language.gettext
        uses = [result.use for result in results if result.use]
        if not uses:
            return
        purpose = uses[0].purpose
        stated = registry_words.purpose(purpose, language) if purpose else None
        yield _("Purpose"), stated or _("not stated: every purpose must be allowed")
        if uses[0].event:
            yield _("Occasion"), uses[0].event
        if uses[0].until:
            yield _("Last day of the campaign"), language.date(uses[0].until)

    def _summary(self, results: Sequence[PhotoResult]) -> Iterator[Flowable]:
        counts = collections.Counter(map(_what_may_go_out, results))
        yield Spacer(0, 10)
        yield self._verdict_box(counts, results)
        yield Spacer(0, 10)
        yield self._tiles(counts)

    def _verdict_box(
        self, counts: collections.Counter[Outcome], results: Sequence[PhotoResult]
    ) -> Flowable:
        ngettext = self.head.language.ngettext
        total = counts.total()
        passed = sum(count for outcome, count in counts.items() if outcome.publishable)
        failed = counts[Outcome.FAILED]
        stopped = total - passed - failed
        sentences = [
            ngettext("{n} picture was examined.", "{n} pictures were examined.", total).format(
                n=total
            ),
            ngettext("{n} may be published.", "{n} may be published.", passed).format(n=passed),
        ]
        if redacted := counts[Outcome.REDACTED]:
            words = ngettext(
                "Of {n}, only the copy in which heads are hidden.",
                "Of {n}, only the copies in which heads are hidden.",
                redacted,
            )
            sentences.append(words.format(n=redacted))
        if stopped:
            words = ngettext(
                "{n} must not be published as it is.",
                "{n} must not be published as they are.",
                stopped,
            )
            sentences.append(words.format(n=stopped))
        if failed:
            words = ngettext(
                "{n} could not be examined or written: treat it as not cleared.",
                "{n} could not be examined or written: treat them as not cleared.",
                failed,
            )
            sentences.append(words.format(n=failed))
        sentences += [self.head.language.only_up_to(edge) for edge in max_edges(results)]
        worst = Outcome.worst(counts)
        said = [
            Paragraph(as_markup(self._lead(counts, passed)), LEAD),
            Paragraph(as_markup(" ".join(sentences)), BODY),
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

    def _lead(self, counts: collections.Counter[Outcome], passed: int) -> str:
        """What a hurried reader must know."""
        _ = self.head.language.gettext
        total, redacted = counts.total(), counts[Outcome.REDACTED]
        if not total:
            return _("No picture was examined.")
        if not passed:
            return _("Nothing of this may be published.")
        if passed < total:
            return _("Some of it must not be published.")
        if redacted == total:
            return _("Only the copies with hidden heads may be published.")
        if redacted:
            return _("Everything may be published, some of it only as a copy with hidden heads.")
        return _("Everything may be published as asked.")

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
                Paragraph(as_markup(self._needs(result)), CELL),
            ]
            for number, result in enumerate(results, 1)
        ]
        yield Paragraph(as_markup(_("All pictures")), SECTION)
        yield grid(header, rows, widths, numbers=(0, 3))

    def _needs(self, result: PhotoResult) -> str:
        counts = collections.Counter(face.outcome for face in result.faces)
        needed = [
            f"{counts[outcome]} × {self.head.language.outcome(outcome)}"
            for outcome in _WORST_FIRST
            if counts[outcome] and not outcome.publishable
        ]
        if result.problem and not needed:
            return self.head.language.error(result.problem)
        return ", ".join(needed) or "–"

    def _limits(self) -> Iterator[Flowable]:
        _ = self.head.language.gettext
        points = [
            _(
                "A verdict is about the exact bytes named by their SHA-256, the channels asked "
                "for and the day of publication above. An edited picture needs a new report."
            ),
            _(
                "No face found is not proof that nobody is there. People are also recognised by "
                "their figure, clothes, tattoos, voice, a name badge, a screen or the caption: "
                "somebody must look."
            ),
            _(
                "That a face resembles a portrait is a computed likeness, not an identification. "
                "Strangers: one in how many resembles this person as much. Margin: by how much "
                "the next person resembles the face less; below 0, more."
            ),
            _(
                "Whether a consent was given freely, was understood and was signed by the right "
                "person cannot be seen from here. The signed paper counts."
            ),
            _(
                "In this report, faces that are not cleared are hidden; they are not hidden in "
                "the original file."
            ),
        ]
        yield CondPageBreak(60 * mm)
        yield Paragraph(as_markup(_("What this report does not say")), SECTION)
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


def _what_may_go_out(result: PhotoResult) -> Outcome:
    """The photo's own verdict, or that of its hidden copy where only the copy may go out."""
    if result.export and result.outcome is not Outcome.FAILED and not result.outcome.publishable:
        return result.export.outcome
    return result.outcome


def _offset(moment: dt.datetime) -> str:
    # Not the zone's name: Windows gives it in the language of the machine.
    offset = f"{moment:%z}"
    return f"UTC{offset[:3]}:{offset[3:5]}" if offset else ""


def _clipped(text: str, room: float) -> str:
    while text and stringWidth(text, REGULAR, 8) > room:
        text = text[:-2].rstrip("… ") + "…"
    return text
