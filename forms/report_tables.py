"""The small tables of a report, whatever it is written in: what stands in which cell."""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

from clearance import metadata_words, registry_words
from clearance.checklist import checklist_of, question
from clearance.results import FaceReason, Outcome

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from clearance.results import ExportResult, FaceResult, PhotoResult
    from forms.report_words import ReportWords

_CHANNELS_ABREAST = 7
"""More columns of channels cannot be read; what is more stands in a further table."""


class Blank(enum.Enum):
    """What a person fills in with a pen."""

    SQUARE = "square"
    LINE = "line"


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome in a cell, and what stands below it."""

    outcome: Outcome
    below: str = ""


Cell = str | Verdict | Blank


@dataclasses.dataclass(frozen=True, slots=True)
class SmallTable:
    """A table with a heading.

    Attributes:
        title: what it is.
        headings: one a column.
        rows: as many cells each.
        shares: how wide the columns are in relation to each other.
        note: a sentence above it; empty for none.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    shares: tuple[float, ...]
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class ReportTables:
    """Makes the small tables of one report."""

    words: ReportWords

    def people(self, results: Sequence[PhotoResult]) -> Iterator[SmallTable]:
        """Who may be shown where, and until when; nothing where nobody was recognised.

        Of a person in several pictures the worst verdict counts and the earliest last day.
        """
        faces: dict[str, list[FaceResult]] = {}
        for face in (face for result in results for face in result.faces):
            if face.person and FaceReason.NOT_A_FACE not in face.reasons:
                faces.setdefault(face.person, []).append(face)
        if not faces:
            return
        channels = list(dict.fromkeys(channel for one in results for channel in one.channels))
        asked = {channel for one in results for channel in one.asked}
        for start in range(0, len(channels), _CHANNELS_ABREAST):
            some = channels[start : start + _CHANNELS_ABREAST]
            yield self._people(faces, some, asked)

    def _people(
        self, faces: Mapping[str, Sequence[FaceResult]], channels: Sequence[str], asked: set[str]
    ) -> SmallTable:
        language, _ = self.words.head.language, self.words.head.language.gettext
        mark = _("{channel} (asked for)")
        names = (
            mark.format(channel=language.channel(one)) if one in asked else language.channel(one)
            for one in channels
        )
        rows = tuple(
            (
                self.words.called(shown[0], person),
                *(self._allowed(shown, channel) for channel in channels),
            )
            for person, shown in faces.items()
        )
        return SmallTable(
            _("People and channels"),
            (_("Person"), *names),
            rows,
            (1.2, *(1.0 for _one in channels)),
            _(
                "The verdict for each channel and the last day on which it holds; of several "
                "pictures the worst counts."
            ),
        )

    def _allowed(self, faces: Sequence[FaceResult], channel: str) -> Cell:
        outcomes = [face.channels[channel] for face in faces if channel in face.channels]
        if not outcomes:
            return "–"
        outcome = Outcome.worst(outcomes)
        days = [face.until[channel] for face in faces if channel in face.until]
        if not days or outcome is Outcome.BLOCKED:
            return Verdict(outcome)
        return Verdict(outcome, self._until(min(days)))

    def _until(self, day: dt.date) -> str:
        language = self.words.head.language
        return language.gettext("until {day}").format(day=language.date(day))

    def exemptions(self, results: Sequence[PhotoResult]) -> SmallTable | None:
        """Whose consent is held not to be needed, why, and who answers for that; None for nobody.

        A person's word that a region is no face is one as well.
        """
        _ = self.words.head.language.gettext
        rows = dict.fromkeys(
            row for result in results for face in result.faces for row in self._exempt(result, face)
        )
        if not rows:
            return None
        return SmallTable(
            _("Exemptions"),
            (_("Person"), _("Ground"), _("Reason"), _("Who answers for it"), _("Holds")),
            tuple(rows),
            (1.3, 1.3, 2.2, 1.3, 1.0),
        )

    def _exempt(self, result: PhotoResult, face: FaceResult) -> Iterator[tuple[Cell, ...]]:
        language, _ = self.words.head.language, self.words.head.language.gettext
        names = self.words.head.names
        hidden, somebody = _("on file"), self.words.somebody
        if face.said and FaceReason.NOT_A_FACE in face.reasons:
            number = result.faces.index(face) + 1
            yield (
                _("face {n} of {file}").format(n=number, file=result.path.name),
                _("no face"),
                face.said.reason if names else hidden,
                f"{face.said.by if names else somebody}, {language.date(face.said.on)}",
                _("for this very file"),
            )
        for one in face.exemptions:
            yield (
                self.words.person(face),
                registry_words.exemption(one.kind, language),
                one.reason if names else hidden,
                f"{one.approver if names else somebody}, {language.date(one.on)}",
                self._until(one.valid_until),
            )

    def metadata(self, export: ExportResult) -> SmallTable:
        """What the photo's file says and the copy does not, and what the copy says."""
        language, _ = self.words.head.language, self.words.head.language.gettext
        gone = [metadata_words.removed(name, language) for name in export.removed]
        rows: list[tuple[Cell, ...]] = [(_("removed"), ", ".join(gone) or _("there was nothing"))]
        for name, values in export.written.items():
            told = [metadata_words.value(name, one, language) for one in values]
            open_to_all = self.words.head.names or name in metadata_words.TELLING
            what = metadata_words.written(name, language)
            said = ", ".join(told) if open_to_all else _("on file")
            rows.append((_("put in"), _("{what}: {said}").format(what=what, said=said)))
        if not export.written:
            rows.append((_("put in"), _("nothing")))
        return SmallTable(_("Metadata of the copy"), ("", ""), tuple(rows), (1.0, 4.2))

    def proofs(self, export: ExportResult) -> SmallTable:
        """What was checked on the written copy, check by check; a copy that fails is not kept."""
        language, _ = self.words.head.language, self.words.head.language.gettext
        checks = export.checks
        rows = tuple(
            (metadata_words.proof(proof, checks, language), _("passed")) for proof in checks.passed
        )
        return SmallTable(
            _("Checks of the written copy"), (_("Check"), _("Result")), rows, (3.2, 1.0)
        )

    def checklist(self, result: PhotoResult) -> SmallTable | None:
        """What a person answers with a pen; None for a file that could not be judged."""
        if result.outcome is Outcome.FAILED:
            return None
        language, _ = self.words.head.language, self.words.head.language.gettext
        items = checklist_of(result)
        squares = (Blank.SQUARE, Blank.SQUARE, Blank.SQUARE, Blank.LINE)
        return SmallTable(
            _("Beside faces: to be answered by a person"),
            (_("Question"), _("Yes"), _("No"), _("Does not apply"), _("Initials")),
            tuple((question(item, language), *squares) for item in items),
            (5.0, 0.7, 0.7, 1.3, 1.3),
            _(
                "The program looks at faces only and answers none of these; with one yes the "
                "picture must not go out as it is."
            ),
        )


def of_several(results: Iterable[PhotoResult]) -> bool:
    """Whether more than one person was recognised in the pictures."""
    people = {face.person for result in results for face in result.faces if face.person}
    return len(people) > 1
