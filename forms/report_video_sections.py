"""One section of the report on paper: a video, its timeline, its people, what to look at."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, Paragraph, Spacer

from forms.report_crops import Crop
from forms.report_parts import RULE, SHADE, as_jpeg, draw_image
from forms.report_style import (
    BODY,
    NOTE,
    SMALL,
    SMALL_SECTION,
    TEXT_WIDTH,
    Verdict,
    as_markup,
    grid,
)
from forms.report_video import VideoReport
from forms.timeline_chart import TimelineChart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clearance.language import Language
    from clearance.results import VideoResult
    from detector.faces import Pixels
    from forms.report_stills import Stills
    from forms.report_words import ReportWords

_ROWS = 40
"""So many rows of a timeline stand on one page."""
_STILL = (36 * mm, 24 * mm)


@dataclasses.dataclass(frozen=True, slots=True)
class VideoSections:
    """Turns the verdict on a video into what stands below its facts."""

    words: ReportWords
    stills: Stills

    @property
    def _language(self) -> Language:
        return self.words.head.language

    def below(self, result: VideoResult) -> Iterator[Flowable]:
        """The timeline, the table of people, and the moments to look at."""
        said = VideoReport(self.words, result)
        yield Spacer(0, 6)
        yield from self._charts(said)
        yield Spacer(0, 6)
        yield CondPageBreak(35 * mm)
        yield self._people(said)
        if said.left_out:
            yield Spacer(0, 3)
            yield Paragraph(as_markup(said.left_out), BODY)
        yield from self._moments(said)

    def nobody(self, result: VideoResult) -> Iterator[Flowable]:
        """What stands there where no face was found."""
        yield Spacer(0, 4)
        yield Paragraph(as_markup(VideoReport(self.words, result).nobody), BODY)

    def _charts(self, said: VideoReport) -> Iterator[Flowable]:
        title: list[Flowable] = [Paragraph(as_markup(said.chart_title), SMALL_SECTION)]
        for part in said.timeline.parts(_ROWS):
            yield KeepTogether([*title, TimelineChart(part, self._language, TEXT_WIDTH)])
            title = [Spacer(0, 6)]

    def _people(self, said: VideoReport) -> Flowable:
        widths = [15 * mm, 25 * mm, 34 * mm, 25 * mm, 0, 27 * mm, 25 * mm]
        widths[4] = TEXT_WIDTH - sum(widths)
        rows: list[list[Any]] = [
            [
                [
                    Paragraph(f"<b>{row.place}</b>", SMALL),
                    Crop(row.outcome, functools.partial(self.stills.face, said.result, row.place)),
                ],
                _small(row.person),
                _small(*row.when),
                Verdict(self._language, row.outcome, widths[3] - 8, size=7.5),
                _small(row.reasons),
                _small(*row.likeness),
                _small(*row.forms),
            ]
            for row in said.rows()
        ]
        return grid(said.headings(), rows, widths)

    def _moments(self, said: VideoReport) -> Iterator[Flowable]:
        moments, result = said.moments, said.result
        if not moments:
            return
        pictures = [self.stills.can_show(result, moment.time) for moment in moments]
        shown = any(pictures)
        widths = [*([_STILL[0] + 8] if shown else []), 16 * mm, 10 * mm, 40 * mm, 0]
        widths[-1] = TEXT_WIDTH - sum(widths)
        rows: list[list[Any]] = []
        for moment, can in zip(moments, pictures, strict=True):
            take = functools.partial(self.stills.moment, result, moment.time)
            picture: list[Any] = [_StillPicture(take, result)] if can else [_small("–")]
            cells = [_small(text) for text in said.moment_cells(moment)]
            rows.append([*(picture if shown else []), *cells])
        yield Spacer(0, 6)
        yield CondPageBreak(40 * mm)
        yield Paragraph(as_markup(said.moments_title), SMALL_SECTION)
        yield grid(said.moment_headings(pictures=shown), rows, widths)
        if said.moments_left:
            yield Paragraph(as_markup(said.moments_left), NOTE)


class _StillPicture(Flowable):
    """A picture out of a video; taken only while it is drawn, so that one is in memory."""

    def __init__(self, take: Callable[[], Pixels | None], result: VideoResult) -> None:
        super().__init__()
        self._take = take
        across, down = result.width or 16, result.height or 9
        scale = min(_STILL[0] / across, _STILL[1] / down)
        self.width, self.height = max(across * scale, 4), max(down * scale, 4)

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        """Its size, whatever the room."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw it with its lower left corner at the origin."""
        pixels, canvas = self._take(), self.canv
        if pixels is not None:
            draw_image(canvas, as_jpeg(pixels), 0, 0, self.width, self.height)
            return
        canvas.setStrokeColor(RULE)
        canvas.setFillColor(SHADE)
        canvas.rect(0, 0, self.width, self.height, stroke=1, fill=1)


def _small(*lines: str) -> Paragraph:
    return Paragraph("<br/>".join(map(as_markup, lines)), SMALL)
