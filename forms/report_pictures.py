"""One section of the report: a picture, its file, its channels, its faces."""

from __future__ import annotations

import dataclasses
import itertools
import math
from pathlib import Path
from typing import TYPE_CHECKING

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

from clearance import copy_words
from clearance.results import FaceReason, Outcome
from detector.faces import Certainty
from forms.report_parts import COLOURS, SHADE, Picture
from forms.report_style import (
    BARE,
    BODY,
    CELL,
    FONT,
    NAME,
    NUMBER,
    TEXT_WIDTH,
    Verdict,
    as_markup,
    fact_table,
    grid,
)
from forms.typeface import legible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from clearance.results import FaceResult, PhotoResult
    from forms.clearance_report import OpenPhoto, ReportHead

_THUMBNAIL = (86 * mm, 70 * mm)
_FACTS = TEXT_WIDTH - _THUMBNAIL[0] - 5 * mm
_LONG_TABLE = 3
"""A table of more faces than this may begin on one page and end on another."""


@dataclasses.dataclass(frozen=True, slots=True)
class PictureSections:
    """Turns each result into paragraphs, tables and a picture.

    `people` numbers the persons for copies without names.
    """

    head: ReportHead
    open_photo: OpenPhoto
    people: dict[str, int]

    @classmethod
    def of(
        cls, results: Sequence[PhotoResult], head: ReportHead, open_photo: OpenPhoto
    ) -> PictureSections:
        """Sections for these results; a person has one number in all of them."""
        return cls(head, open_photo, _people_numbers(results))

    def section(self, number: int, result: PhotoResult) -> Iterator[Flowable]:
        """Heading, thumbnail, facts and face table of one picture."""
        _ = self.head.language.gettext
        top: list[Flowable] = [
            Spacer(0, 14),
            _Anchor(f"picture{number}", f"{number}. {legible(result.path.name)}"),
            self._banner(number, result),
            Spacer(0, 5),
            self._picture_and_facts(result),
        ]
        if result.faces:
            below = [Spacer(0, 6), self._faces(result)]
        elif result.outcome is not Outcome.FAILED:
            text = _("No face was found. This is not proof that nobody is in the picture.")
            below = [Spacer(0, 4), Paragraph(as_markup(text), BODY)]
        else:
            below = []
        if len(result.faces) > _LONG_TABLE:
            yield KeepTogether(top)
            yield CondPageBreak(30 * mm)
            yield from below
        else:
            yield KeepTogether([*top, *below])

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

    def _file_facts(self, result: PhotoResult) -> list[tuple[str, str]]:
        _, ngettext = self.head.language.gettext, self.head.language.ngettext
        facts = []
        if result.problem:
            problem = self.head.language.error(result.problem)
            facts.append((_("Problem"), f"<b>{as_markup(problem)}</b>"))
        if result.width and result.height:
            facts.append((_("Size"), f"{result.width} × {result.height}"))
        if result.rendition:
            size = f"{result.rendition.width} × {result.rendition.height}"
            said = _("{size}; the file itself is larger and is not covered")
            facts.append((_("Judged at"), f"<b>{as_markup(said.format(size=size))}</b>"))
        # A folder often has the name of an event, a ward, a person.
        where = result.path.parent if self.head.names else Path()
        if where != Path():
            facts.append((_("Folder"), as_markup(str(where))))
        if result.sha256:
            facts.append(("SHA-256", _hash(result.sha256)))
        if more := copy_words.unjudged(result.unjudged, self.head.language):
            facts.append((_("The file"), f"<b>{as_markup(more)}</b>"))
        if export := result.export:
            hidden = len(export.hidden)
            words = ngettext("{n} head hidden, checked", "{n} heads hidden, checked", hidden)
            facts.append(
                (_("Copy"), as_markup(str(export.path) if self.head.names else export.path.name))
            )
            facts.append(("", as_markup(words.format(n=hidden))))
            told = copy_words.copy(export, self.head.language, names=self.head.names)
            facts += [("", as_markup(line)) for line in told]
            facts.append((_("Copy’s SHA-256"), _hash(export.sha256)))
        return facts

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
        _ = self.head.language.gettext
        header = [
            _("No."),
            _("Person"),
            _("Verdict"),
            _("Why"),
            _("Strangers"),
            _("Margin"),
            _("Consent form"),
        ]
        widths = [9 * mm, 33 * mm, 30 * mm, 0, 23 * mm, 15 * mm, 31 * mm]
        widths[3] = TEXT_WIDTH - sum(widths)
        rows = [
            [
                Paragraph(str(number), NUMBER),
                Paragraph(as_markup(self._person(face)), CELL),
                Verdict(self.head.language, face.outcome, widths[2] - 8),
                Paragraph(as_markup(self._reasons(face)), CELL),
                Paragraph(_one_in(face.match.rate), NUMBER),
                Paragraph(_decimal(face.match.margin), NUMBER),
                Paragraph(self._forms(face), CELL),
            ]
            for number, face in enumerate(result.faces, 1)
        ]
        return grid(header, rows, widths, numbers=(0, 4, 5))

    def _forms(self, face: FaceResult) -> str:
        """The forms that a verdict rests on, and until when they do."""
        lines = list(face.serials)
        if face.valid_until:
            until = self.head.language.gettext("until {day}")
            lines.append(until.format(day=self.head.language.date(face.valid_until)))
        return "<br/>".join(map(as_markup, lines)) or "–"

    def _person(self, face: FaceResult) -> str:
        _ = self.head.language.gettext
        person = face.match.person
        if FaceReason.NOT_A_FACE in face.reasons:
            return "–"
        if person is None:
            return face.name if face.name and self.head.names else _("unknown")
        if self.head.names:
            name = face.name or person
        else:
            name = _("person {n}").format(n=self.people[person])
        if face.match.certainty is Certainty.LOOK:
            return _("perhaps {name}").format(name=name)
        return name

    def _reasons(self, face: FaceResult) -> str:
        return self.head.language.why(face, names=self.head.names) or "–"


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


def _people_numbers(results: Sequence[PhotoResult]) -> dict[str, int]:
    """A number for each person, in order of appearance, for copies without names."""
    people = (face.match.person for result in results for face in result.faces)
    seen = dict.fromkeys(person for person in people if person is not None)
    return dict(zip(seen, itertools.count(1), strict=False))


def _hash(sha256: str) -> str:
    return f'<font size="7">{sha256[:32]} {sha256[32:]}</font>'


def _one_in(rate: float | None) -> str:
    """How rare a likeness is: one in how many strangers, to two digits."""
    if rate is None:
        return "–"
    digits = f"{1 / rate:.1e}"
    return f"1 : {float(digits):,.0f}".replace(",", "’")


def _decimal(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:.2f}"
