"""One section of the report: a picture, its file, its channels, its faces."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from reportlab.lib.units import mm
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    KeepTogether,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from clearance.results import Outcome, VideoResult
from forms.report_charts import OutcomeBar
from forms.report_crops import FaceCrop
from forms.report_parts import COLOURS, SHADE, Picture
from forms.report_small_tables import set_abreast, set_tables
from forms.report_style import (
    BARE,
    BODY,
    CELL,
    FONT,
    NAME,
    SMALL,
    TEXT_WIDTH,
    Verdict,
    as_markup,
    fact_table,
    grid,
)
from forms.report_tables import ReportTables, of_several
from forms.report_video_sections import VideoSections
from forms.report_words import Fact, ReportWords
from forms.typeface import legible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clearance.results import PhotoResult
    from forms.clearance_report import OpenPhoto, ReportHead
    from forms.report_stills import Stills

_THUMBNAIL = (86 * mm, 70 * mm)
_FACTS = TEXT_WIDTH - _THUMBNAIL[0] - 5 * mm
_LONG_TABLE = 3
"""A table of more faces than this may begin on one page and end on another."""


@dataclasses.dataclass(frozen=True, slots=True)
class PictureSections:
    """Turns each result into paragraphs, tables and a picture."""

    words: ReportWords
    open_photo: OpenPhoto
    stills: Stills
    single: bool = False
    """There is one picture only: what is said of the album is said of it."""

    @property
    def head(self) -> ReportHead:
        """What the report says about itself."""
        return self.words.head

    def section(self, number: int, result: PhotoResult) -> Iterator[Flowable]:
        """Heading, thumbnail, facts and tables of one picture."""
        top: list[Flowable] = [
            Spacer(0, 14),
            _Anchor(f"picture{number}", f"{number}. {legible(result.path.name)}"),
            self._banner(number, result),
            Spacer(0, 5),
            self._picture_and_facts(result),
        ]
        below = list(self._below(result))
        if len(result.faces) > _LONG_TABLE or isinstance(result, VideoResult):
            yield KeepTogether(top)
            yield CondPageBreak(30 * mm)
            yield from below
        else:
            yield KeepTogether([*top, *below])
        yield from self._tables(result)

    def _below(self, result: PhotoResult) -> Iterator[Flowable]:
        """What stands below the facts: the faces, or that there are none."""
        videos = VideoSections(self.words, self.stills)
        if result.faces:
            yield Spacer(0, 6)
            yield from self._bar(result)
            if isinstance(result, VideoResult):
                yield from videos.below(result)
            else:
                yield self._faces(result)
        elif result.outcome is Outcome.FAILED:
            return
        elif isinstance(result, VideoResult):
            yield from videos.nobody(result)
        else:
            text = self.head.language.gettext(
                "No face was found. This is not proof that nobody is in the picture."
            )
            yield Spacer(0, 4)
            yield Paragraph(as_markup(text), BODY)

    def _bar(self, result: PhotoResult) -> Iterator[Flowable]:
        if len(result.faces) > 1:
            title = self.head.language.gettext("The verdicts on the faces")
            outcomes = [face.outcome for face in result.faces]
            yield OutcomeBar(title, outcomes, self.head.language, TEXT_WIDTH)
            yield Spacer(0, 3)

    def _tables(self, result: PhotoResult) -> Iterator[Flowable]:
        """Who may be shown where, what the copy says and was checked for, what is to be seen."""
        language = self.head.language
        tables = ReportTables(self.words)
        if not self.single and of_several([result]):
            yield from set_tables(tables.people([result]), language, TEXT_WIDTH)
        if result.export:
            both = [tables.metadata(result.export), tables.proofs(result.export)]
            yield Spacer(0, 8)
            yield set_abreast(both, language, TEXT_WIDTH, 6 * mm)
        checklist = tables.checklist(result)
        yield from set_tables([checklist] if checklist else [], language, TEXT_WIDTH)

    def _banner(self, number: int, result: PhotoResult) -> Flowable:
        width = 44 * mm
        name = Paragraph(f"{number}. {as_markup(result.path.name)}", NAME)
        banner = Table(
            [[name, Verdict(self.head.language, result.outcome, width - 8, bold=True)]],
            colWidths=[TEXT_WIDTH - width, width],
        )
        banner.setStyle(
            TableStyle(
                [
                    ("LINEABOVE", (0, 0), (-1, 0), 1.2, COLOURS[result.outcome]),
                    FONT,
                    ("BACKGROUND", (0, 0), (-1, 0), SHADE),
                    ("VALIGN", (0, 0), (-1, 0), "MIDDLE"),
                    ("LEFTPADDING", (0, 0), (0, 0), 5),
                    ("BOTTOMPADDING", (0, 0), (-1, 0), 4),
                ]
            )
        )
        return banner

    def _picture_and_facts(self, result: PhotoResult) -> Flowable:
        _ = self.head.language.gettext
        if result.outcome is Outcome.FAILED or not result.width or not result.height:
            # Of a file that could not be judged nobody knows which faces to hide.
            return fact_table(self._file_facts(result), TEXT_WIDTH, 40 * mm)
        if isinstance(result, VideoResult):
            return self._facts_and_channels(result)
        picture = Picture(
            result,
            self.open_photo,
            _THUMBNAIL,
            missing=_("The picture cannot be opened now."),
            changed=_("The file has changed since it was examined."),
        )
        facts = [
            fact_table(self._file_facts(result), _FACTS, 23 * mm),
            Spacer(0, 4),
            self._channels(result),
        ]
        both = Table([[picture, facts]], colWidths=[_THUMBNAIL[0] + 5 * mm, _FACTS])
        both.setStyle(BARE)
        return both

    def _facts_and_channels(self, result: PhotoResult) -> Flowable:
        """Of a video there is more to say than has room beside something."""
        facts = fact_table(self._file_facts(result), TEXT_WIDTH, 32 * mm)
        channels = self._channels(result)
        channels.hAlign = "LEFT"
        both = Table([[facts], [channels]], colWidths=[TEXT_WIDTH])
        both.setStyle(BARE)
        return both

    def _file_facts(self, result: PhotoResult) -> list[tuple[str, str]]:
        return [
            (fact.label, f"<b>{as_markup(fact.text)}</b>" if fact.strong else _small(fact))
            for fact in self.words.file_facts(result)
        ]

    def _channels(self, result: PhotoResult) -> Flowable:
        _ = self.head.language.gettext
        rows = []
        for channel, outcome in result.channels.items():
            name = as_markup(self.head.language.channel(channel))
            asked = channel in result.asked
            rows.append(
                [
                    Paragraph(f"<b>{name}</b>" if asked else name, CELL),
                    Verdict(self.head.language, outcome, 34 * mm),
                ]
            )
        if not rows:
            return Spacer(0, 0)
        return grid(
            [_("Channel (bold: asked for)"), _("Verdict")], rows, [_FACTS - 38 * mm, 38 * mm]
        )

    def _faces(self, result: PhotoResult) -> Flowable:
        header = list(self.words.face_headings())
        widths = [15 * mm, 23 * mm, 26 * mm, 0, 33 * mm, 28 * mm, 21 * mm]
        widths[3] = TEXT_WIDTH - sum(widths)
        rows: list[list[Any]] = [
            [
                [
                    Paragraph(f"<b>{number}</b>", SMALL),
                    FaceCrop(result, face, self.open_photo),
                ],
                _small_text(self.words.person(face)),
                Verdict(self.head.language, face.outcome, widths[2] - 8, size=7.5),
                _small_text(self.words.reasons(face)),
                _small_text(*self.words.likeness(face)),
                _small_text(*self.words.forms(face)),
                _small_text(self.words.reviewer(face)),
            ]
            for number, face in enumerate(result.faces, 1)
        ]
        return grid(header, rows, widths)


class _Anchor(Flowable):
    """A place that the list of pictures and the viewer's outline lead to."""

    def __init__(self, key: str, title: str) -> None:
        super().__init__()
        self._key = key
        self._title = title

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        """It takes no room."""
        return 0, 0

    def draw(self) -> None:
        """Register the place."""
        self.canv.bookmarkHorizontal(self._key, 0, 12)
        self.canv.addOutlineEntry(self._title, self._key, 0)


def _small_text(*lines: str) -> Paragraph:
    return Paragraph("<br/>".join(map(as_markup, lines)), SMALL)


def _small(fact: Fact) -> str:
    """A fact as markup: hashes are long, and nobody reads them."""
    text = as_markup(fact.text)
    return f'<font size="7">{text[:32]} {text[32:]}</font>' if fact.is_hash else text
