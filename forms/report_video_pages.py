"""What a page of the report says of a video: its timeline, its people, what to look at."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from forms.html_parts import as_data, as_text, row
from forms.report_charts import as_hex
from forms.report_parts import SHOWN
from forms.report_video import VideoReport
from forms.timeline_svg import timeline_as_svg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clearance.results import VideoResult
    from detector.faces import Pixels
    from forms.report_stills import Stills
    from forms.report_video import TrackRow
    from forms.report_words import ReportWords


@dataclasses.dataclass(frozen=True, slots=True)
class VideoPages:
    """Turns the verdict on a video into what stands below its facts."""

    words: ReportWords
    stills: Stills

    def below(self, result: VideoResult) -> Iterator[str]:
        """The timeline, the table of people, and the moments to look at."""
        said = VideoReport(self.words, result)
        yield f"<h3>{as_text(said.chart_title)}</h3>\n"
        yield timeline_as_svg(said.timeline, self.words.head.language, said.chart_aloud)
        yield '<table class="faces">\n' + row(map(as_text, said.headings()), "th")
        for one in said.rows():
            yield self._row(result, one)
        yield "</table>\n"
        if said.left_out:
            yield f"<p>{as_text(said.left_out)}</p>\n"
        yield from self._moments(said)

    def nobody(self, result: VideoResult) -> str:
        """What stands there where no face was found."""
        return f"<p>{as_text(VideoReport(self.words, result).nobody)}</p>\n"

    def _row(self, result: VideoResult, one: TrackRow) -> str:
        verdict = as_text(self.words.head.language.outcome(one.outcome))
        return row(
            (
                f"<b>{one.place}</b><br>{self._face(result, one)}",
                as_text(one.person),
                "<br>".join(map(as_text, one.when)),
                f'<span class="verdict" style="color:{as_hex(one.outcome)}">{verdict}</span>',
                as_text(one.reasons),
                "<br>".join(map(as_text, one.likeness)),
                "<br>".join(map(as_text, one.forms)),
            )
        )

    def _face(self, result: VideoResult, one: TrackRow) -> str:
        _ = self.words.head.language.gettext
        pixels = self.stills.face(result, one.place) if one.outcome in SHOWN else None
        if pixels is None:
            return self._not_shown
        alt = as_text(_("Face {n}").format(n=one.place))
        return f'<img class="crop" alt="{alt}" src="{as_data(pixels)}">'

    @property
    def _not_shown(self) -> str:
        return f'<span class="none">{as_text(self.words.head.language.gettext("not shown"))}</span>'

    def _moments(self, said: VideoReport) -> Iterator[str]:
        if not said.moments:
            return
        shown = any(self.stills.can_show(said.result, one.time) for one in said.moments)
        yield f"<h3>{as_text(said.moments_title)}</h3>\n"
        headings = said.moment_headings(pictures=shown)
        yield '<table class="small moments">\n' + row(map(as_text, headings), "th")
        for moment in said.moments:
            cells = list(map(as_text, said.moment_cells(moment)))
            if shown:
                cells.insert(0, self._still(self.stills.moment(said.result, moment.time), cells[0]))
            yield row(cells)
        yield "</table>\n"
        if said.moments_left:
            yield f"<p>{as_text(said.moments_left)}</p>\n"

    def _still(self, pixels: Pixels | None, alt: str) -> str:
        return self._not_shown if pixels is None else f'<img alt="{alt}" src="{as_data(pixels)}">'
