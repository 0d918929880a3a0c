"""What a report says of a video, whatever it is written in."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from clearance import timeline, video_words
from forms.timeline_chart import Timeline

if TYPE_CHECKING:
    from clearance.results import Outcome, TrackResult, VideoResult
    from clearance.timeline import LookAt, OnScreen
    from forms.report_words import ReportWords

_MOST = 150
"""Tracks that a report tells one by one; the table for a spreadsheet and the JSON tell all."""
_NUMBERS = 4
"""Numbers beside a name in the chart."""


@dataclasses.dataclass(frozen=True, slots=True)
class TrackRow:
    """A time in which somebody is there, as a row of a table.

    Attributes:
        place: of the track among the verdicts of the video, from 1.
        person: who it is.
        when: from when to when, and how well they are seen.
        outcome: the verdict.
        reasons: why.
        likeness: what the face was compared by.
        forms: what the verdict rests on.
    """

    place: int
    person: str
    when: tuple[str, ...]
    outcome: Outcome
    reasons: str
    likeness: tuple[str, ...]
    forms: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class VideoReport:
    """What there is to say of one video.

    Attributes:
        words: the sentences of the report.
        result: the verdict.
    """

    words: ReportWords
    result: VideoResult

    @property
    def everybody(self) -> tuple[OnScreen, ...]:
        """Everybody in the video."""
        return timeline.who_is_there(self.result)

    @property
    def shown(self) -> tuple[OnScreen, ...]:
        """Whom the report tells one by one."""
        return timeline.most_important(self.everybody, _MOST)

    @property
    def left_out(self) -> str:
        """How many others there are, by their verdicts; nothing for none."""
        shown = {one.places for one in self.shown}
        left = [one for one in self.everybody if one.places not in shown]
        return video_words.more_people(left, self.words.head.language) if left else ""

    @property
    def timeline(self) -> Timeline:
        """The chart of whom the report tells one by one."""
        return Timeline.of(self.result, [(self.label(one), one.places) for one in self.shown])

    def label(self, one: OnScreen) -> str:
        """Who it is, and their numbers in the table."""
        numbers = ", ".join(map(str, one.places[:_NUMBERS]))
        more = " …" if len(one.places) > _NUMBERS else ""
        return f"{numbers}{more} · {self.words.person(one.face)}"

    @property
    def chart_title(self) -> str:
        """What stands above the chart."""
        return self.words.head.language.gettext("Who is there when")

    @property
    def chart_aloud(self) -> str:
        """The chart in words, for whoever has it read aloud."""
        language = self.words.head.language
        told = (
            f"{self.label(one)}, {language.outcome(one.face.outcome)}: "
            + video_words.spans(track for _, track in one.tracks)
            for one in self.shown
        )
        return f"{self.chart_title}. {'; '.join(told)}"

    def headings(self) -> tuple[str, ...]:
        """What stands above the columns."""
        _ = self.words.head.language.gettext
        return (
            _("No."),
            _("Person"),
            _("When"),
            _("Verdict"),
            _("Why"),
            _("Likeness"),
            _("Consent form"),
        )

    def rows(self) -> list[TrackRow]:
        """One for each time that somebody is there; those of one person one below the other."""
        return [self._row(place, track) for one in self.shown for place, track in one.tracks]

    def _row(self, place: int, track: TrackResult) -> TrackRow:
        language, _ = self.words.head.language, self.words.head.language.gettext
        face = track.verdict
        # A figure stays on one line with its unit, and a time with its figure.
        gap, weakest = (
            text.replace(" ", "\u00a0")
            for text in (video_words.gap(track, language), video_words.weakest(track))
        )
        when = (
            timeline.span(track.start, track.end),
            _("longest gap {seconds}").format(seconds=gap),
            _("weakest {moment}").format(moment=weakest),
        )
        said = self.words.reasons(face)
        if face.word:
            said = f"{said} ({self.words.reviewer(face)})"
        return TrackRow(
            place,
            self.words.person(face),
            when,
            face.outcome,
            said,
            tuple(self.words.likeness(face)),
            tuple(self.words.forms(face)),
        )

    @property
    def moments(self) -> tuple[LookAt, ...]:
        """The moments that a person should look at."""
        return timeline.moments_to_look_at(self.result)

    @property
    def moments_left(self) -> str:
        """How many more there are; nothing for none."""
        left = len(timeline.moments_to_look_at(self.result, None)) - len(self.moments)
        return video_words.more_moments(left, self.words.head.language) if left else ""

    @property
    def moments_title(self) -> str:
        """What stands above them."""
        return self.words.head.language.gettext("Moments that a person should look at")

    def moment_headings(self, *, pictures: bool) -> tuple[str, ...]:
        """What stands above the columns of moments."""
        _ = self.words.head.language.gettext
        picture = (_("Picture"),) if pictures else ()
        return (*picture, _("Time"), _("No."), _("Person"), _("What to look for"))

    def moment_cells(self, moment: LookAt) -> tuple[str, ...]:
        """The words of a row."""
        face = self.result.tracks[moment.place - 1].verdict
        return (
            timeline.clock(moment.time),
            str(moment.place),
            self.words.person(face),
            video_words.why(moment.why, self.words.head.language),
        )

    @property
    def nobody(self) -> str:
        """What no face means."""
        return self.words.head.language.gettext(
            "No face was found. This is not proof that nobody is in the video."
        )
