"""What a clearance report says, in words, whatever it is written in."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import math
from pathlib import Path
from typing import TYPE_CHECKING

from clearance import copy_words, registry_words, video_words
from clearance.rendition import max_edges
from clearance.results import FaceReason, Outcome, VideoResult
from detector.faces import Certainty

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from clearance.results import FaceResult, PhotoResult
    from forms.clearance_report import ReportHead

_WORST_FIRST = sorted(Outcome, key=lambda outcome: -outcome.severity)


@dataclasses.dataclass(frozen=True, slots=True)
class Fact:
    """A line about a file; `strong` must not be overlooked, `is_hash` is for machines."""

    label: str
    text: str
    strong: bool = False
    is_hash: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class ReportWords:
    """The sentences of one report. `people` numbers the persons for copies without names."""

    head: ReportHead
    people: dict[str, int]

    @classmethod
    def of(cls, results: Sequence[PhotoResult], head: ReportHead) -> ReportWords:
        """The words for these results; a person has one number in all of them."""
        return cls(head, _people_numbers(results))

    @property
    def title(self) -> str:
        """What it is."""
        return self.head.language.gettext("Clearance report")

    def about(self, results: Sequence[PhotoResult]) -> list[tuple[str, str]]:
        """Whose pictures these are, when they were examined, and for which use."""
        _ = self.head.language.gettext
        institution = self.head.institution
        who = ", ".join(part for part in (institution.name, institution.place) if part)
        asked = dict.fromkeys(channel for result in results for channel in result.asked)
        moment = self.head.made_at
        made = f"{self.head.language.date(moment.date())}, {moment:%H:%M} {_offset(moment)}"
        return [
            (_("Institution"), who),
            (_("Examined"), made),
            (_("For publication on"), self.head.language.date(self.head.use_date)),
            (_("Asked for"), ", ".join(map(self.head.language.channel, asked))),
            *self._use(results),
            *((_("Judged for"), self.head.language.up_to(edge)) for edge in max_edges(results)),
        ]

    def opening(self, results: Sequence[PhotoResult]) -> list[tuple[str, str]]:
        """What the report is about: who, when, for which use, with which program."""
        _ = self.head.language.gettext
        return [
            *self.about(results),
            *([(_("Matching"), self.head.language.rate(self.head.rate))] if self.head.rate else []),
            *self._limit(any(isinstance(result, VideoResult) for result in results)),
            (_("Tool"), ", ".join(f"{name} {version}" for name, version in self.head.tool.items())),
            *((_("Model {name}").format(name=name), sha256) for name, sha256 in self._models()),
            *([(_("Rules in force"), self.head.policy)] if self.head.policy else []),
        ]

    def _models(self) -> Iterator[tuple[str, str]]:
        for name, sha256 in self.head.models.items():
            yield name, f"SHA-256 {sha256}"

    def _limit(self, videos: bool) -> Iterator[tuple[str, str]]:
        """What a likeness must reach to count as certain, and in videos if there are any."""
        language, limits = self.head.language, self.head.limits
        if limits is None or not limits.confident:
            return
        said = language.gettext(
            "A likeness counts as certain if at most 1 stranger in {strangers} resembles the "
            "person as much, the next person resembles the face less by at least {margin}, and "
            "the eyes are at least {pixels} pixels apart."
        )
        sentences = [
            said.format(
                strangers=language.number(_to_two_digits(1 / limits.confident)),
                margin=decimal(limits.margin),
                pixels=f"{limits.eye_distance:.0f}",
            )
        ]
        if videos:
            often = language.gettext(
                "In a video {pixels} pixels are enough for a face if all moments that show it "
                "well are certain by themselves, at least {often} of them half a second apart."
            )
            pixels = f"{limits.often_eye_distance:.0f}"
            sentences.append(often.format(pixels=pixels, often=limits.often))
        yield language.gettext("Limits"), " ".join(sentences)

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

    def lead(self, counts: collections.Counter[Outcome]) -> str:
        """What a hurried reader must know."""
        _ = self.head.language.gettext
        total, redacted = counts.total(), counts[Outcome.REDACTED]
        passed = _passed(counts)
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

    def counted(self, counts: collections.Counter[Outcome], results: Sequence[PhotoResult]) -> str:
        """How many pictures may go out, and how many not."""
        ngettext = self.head.language.ngettext
        total = counts.total()
        passed = _passed(counts)
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
        return " ".join(sentences)

    def needs(self, result: PhotoResult) -> str:
        """What of a picture needs a person, the worst first."""
        counts = collections.Counter(face.outcome for face in result.faces)
        needed = [
            f"{counts[outcome]} × {self.head.language.outcome(outcome)}"
            for outcome in _WORST_FIRST
            if counts[outcome] and not outcome.publishable
        ]
        if result.problem and not needed:
            return self.problem(result.problem)
        return ", ".join(needed) or "–"

    def problem(self, error: Exception) -> str:
        """What went wrong with a file; in a copy without names without what may name people."""
        return self.head.language.error(error, names=self.head.names)

    def limits(self) -> list[str]:
        """A heading, and what the report does not say."""
        _ = self.head.language.gettext
        return [
            _("What this report does not say"),
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

    def file_facts(self, result: PhotoResult) -> list[Fact]:
        """What is known of a file and its copy."""
        _, ngettext = self.head.language.gettext, self.head.language.ngettext
        facts = []
        if result.problem:
            facts.append(Fact(_("Problem"), self.problem(result.problem), strong=True))
        if result.width and result.height:
            facts.append(Fact(_("Size"), f"{result.width} × {result.height}"))
        if result.rendition:
            size = f"{result.rendition.width} × {result.rendition.height}"
            said = _("{size}; the file itself is larger and is not covered")
            facts.append(Fact(_("Judged at"), said.format(size=size), strong=True))
        # A folder often has the name of an event, a ward, a person.
        where = result.path.parent if self.head.names else Path()
        if where != Path():
            facts.append(Fact(_("Folder"), str(where)))
        if result.sha256:
            facts.append(Fact("SHA-256", result.sha256, is_hash=True))
        if more := copy_words.unjudged(result.unjudged, self.head.language):
            facts.append(Fact(_("The file"), more, strong=True))
        if export := result.export:
            hidden = len(export.hidden)
            words = ngettext("{n} head hidden, checked", "{n} heads hidden, checked", hidden)
            where = export.path if self.head.names else Path(export.path.name)
            facts.append(Fact(_("Copy"), str(where)))
            facts.append(Fact("", words.format(n=hidden)))
            # A table says what was checked.
            told = copy_words.beside_checks(export, self.head.language, names=self.head.names)
            facts += [Fact("", line) for line in told]
            facts.append(Fact(_("Copy’s SHA-256"), export.sha256, is_hash=True))
        if isinstance(result, VideoResult):
            facts += self._video_facts(result)
        return facts

    def _video_facts(self, result: VideoResult) -> Iterator[Fact]:
        """What is known of a video and its copy beside what is known of any file."""
        language, _ = self.head.language, self.head.language.gettext
        if result.frames:
            yield Fact(_("Length"), video_words.length(result, language))
            for number, line in enumerate(video_words.sound(result, language)):
                yield Fact("" if number else _("Sound"), line, strong=result.sound)
        if more := video_words.beside(result, language, names=self.head.names):
            yield Fact(_("The file"), more, strong=True)
        for number, line in enumerate(video_words.uncertain(result, language)):
            yield Fact("" if number else _("Lost"), line, strong=True)
        if export := result.video_export:
            where = export.path if self.head.names else Path(export.path.name)
            yield Fact(_("Copy"), str(where))
            yield Fact("", video_words.copied(export, language))
            for line in video_words.copy(export, language, names=self.head.names):
                yield Fact("", line)
            yield Fact(_("Copy’s SHA-256"), export.sha256, is_hash=True)

    def face_headings(self) -> tuple[str, ...]:
        """What stands above the columns of faces."""
        _ = self.head.language.gettext
        return (
            _("Face"),
            _("Person"),
            _("Verdict"),
            _("Why"),
            _("Likeness"),
            _("Consent form"),
            _("Who said so"),
        )

    def forms(self, face: FaceResult) -> list[str]:
        """The forms that a verdict rests on, and until when they do."""
        lines = list(face.serials)
        if face.valid_until:
            until = self.head.language.gettext("until {day}")
            lines.append(until.format(day=self.head.language.date(face.valid_until)))
        return lines or ["–"]

    def person(self, face: FaceResult) -> str:
        """Who it is, as surely as that is known: by name, or by number."""
        _ = self.head.language.gettext
        person = face.person
        if FaceReason.NOT_A_FACE in face.reasons:
            return "–"
        if person is None:
            return face.name if face.name and self.head.names else _("unknown")
        name = self.called(face, person)
        if face.match.certainty is Certainty.LOOK and not face.recognised:
            return _("perhaps {name}").format(name=name)
        return name

    def called(self, face: FaceResult, person: str) -> str:
        """The name of somebody, or the number."""
        if self.head.names:
            return face.name or person
        return self.head.language.gettext("person {n}").format(n=self.people[person])

    def reasons(self, face: FaceResult) -> str:
        """Why the verdict is what it is."""
        parts = self.head.language.grounds(face)
        if face.said and self.head.names:
            parts.append(face.said.reason)
        return "; ".join(parts) or "–"

    def likeness(self, face: FaceResult) -> list[str]:
        """What the face was compared by, each figure beside its limit; a dash for no likeness."""
        _ = self.head.language.gettext
        match, limits = face.match, self.head.limits
        if match.person is None:
            return ["–"]
        sure = limits is not None and limits.confident > 0
        lines = [_("strangers {share}").format(share=one_in(match.rate))]
        if limits and sure:
            lines.append(_("(limit {share})").format(share=one_in(limits.confident)))
        lines.append(_("margin {figure}").format(figure=decimal(match.margin)))
        if limits and sure:
            lines.append(_("(limit {share})").format(share=decimal(limits.margin)))
        lines.append(_("distance {figure}").format(figure=decimal(match.distance)))
        return lines

    def reviewer(self, face: FaceResult) -> str:
        """Who said who or what a face is, and when; a dash where only the machine did."""
        language = self.head.language
        if face.word is None:
            return "–"
        by = face.word.by if self.head.names else self.somebody
        return f"{by}, {language.date(face.word.on)}"

    @property
    def somebody(self) -> str:
        """Who answers for something, in a copy without names."""
        return self.head.language.gettext("a named person of the institution")


def _passed(counts: collections.Counter[Outcome]) -> int:
    return sum(count for outcome, count in counts.items() if outcome.publishable)


def worst_first(results: Sequence[PhotoResult]) -> list[tuple[int, PhotoResult]]:
    """The results with their numbers, from 1; what needs a person stands first."""
    return sorted(enumerate(results, 1), key=lambda pair: -pair[1].outcome.severity)


def what_may_go_out(result: PhotoResult) -> Outcome:
    """The photo's own verdict, or that of its hidden copy where only the copy may go out."""
    if result.copy and result.outcome is not Outcome.FAILED and not result.outcome.publishable:
        # A copy of a video that leaves out the sound may show everybody: it goes out, alone.
        return Outcome.worst((result.copy.outcome, Outcome.REDACTED))
    return result.outcome


def _offset(moment: dt.datetime) -> str:
    # Not the zone's name: Windows gives it in the language of the machine.
    offset = f"{moment:%z}"
    return f"UTC{offset[:3]}:{offset[3:5]}" if offset else ""


def _people_numbers(results: Sequence[PhotoResult]) -> dict[str, int]:
    """A number for each person, in order of appearance, for copies without names."""
    faces = [face for result in results for face in result.faces]
    people = (person for face in faces for person in (face.person, face.match.person))
    seen = dict.fromkeys(person for person in people if person is not None)
    return dict(zip(seen, itertools.count(1), strict=False))


def one_in(rate: float | None) -> str:
    """How rare a likeness is: one in how many strangers, to two digits."""
    if rate is None:
        return "–"
    # No line ends within it.
    return f"1\u00a0:\u00a0{_to_two_digits(1 / rate):,}".replace(",", "’")


def _to_two_digits(number: float) -> int:
    return round(float(f"{number:.1e}"))


def decimal(value: float | None) -> str:
    """A figure to two digits; a dash for none."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.2f}"
