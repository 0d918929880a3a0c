"""The timeline of a video: a row for each person, a bar for each time that they are there."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from reportlab.lib.colors import white
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable

from clearance.results import Outcome
from clearance.timeline import clock, whole_clock
from forms.contact_cells import shortened
from forms.report_parts import COLOURS, FAINT, INK, RULE, SHADE, draw_sign
from forms.typeface import REGULAR

if TYPE_CHECKING:
    from reportlab.lib.colors import Color
    from reportlab.pdfgen.canvas import Canvas

    from clearance.language import Language
    from clearance.results import VideoResult

    Room = tuple[float, float, float, float]
    """Left, bottom, width and height in points."""

_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
"""Seconds between two marks of the axis: those that people count in."""
_ROW, _BAR = 13.0, 8.6
_AXIS, _KEY_LINE, _STRIP = 13.0, 11.0, 7.0
_LABEL_SHARE = 0.24
_SIZE, _SIGN = 7.5, 6.4
_NARROWEST = 1.6
"""Points of the shortest bar: it can be seen however long the video is."""
_STRIPE = 3.4
"""Points between the lines of a pattern."""
_APART = 1.2
"""Points: cuts that are nearer to each other are one line."""
CROWDED = 90
"""From so many lines on, cuts are marked above the rows only: across them they would hide them."""
_KEY_GAP = 9.0
_MARKS = 11
"""So many marks have room below the rows."""


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    """A time in which somebody is there, with the verdict on them."""

    start: float
    end: float
    outcome: Outcome


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """Somebody, and when they are there.

    Attributes:
        label: who it is, and their numbers.
        bars: each time.
        lost: from when to when they may be anywhere.
    """

    label: str
    bars: tuple[Bar, ...]
    lost: tuple[tuple[float, float], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Timeline:
    """What a chart shows.

    Attributes:
        duration: of the video, in seconds.
        rows: from the top down.
        cuts: seconds at which another scene begins.
        lost: from when to when somebody of no row may be anywhere.
    """

    duration: float
    rows: tuple[Row, ...]
    cuts: tuple[float, ...] = ()
    lost: tuple[tuple[float, float], ...] = ()

    @classmethod
    def of(cls, result: VideoResult, people: Sequence[tuple[str, tuple[int, ...]]]) -> Timeline:
        """The timeline of a video.

        Args:
            result: the verdict on it.
            people: for each row who it is, and the places of their tracks among the verdicts
                of the video, from 1.
        """
        lost: dict[int | None, list[tuple[float, float]]] = {}
        for span in result.uncertain:
            lost.setdefault(result.place_of(span.track), []).append((span.start, span.end))
        rows = tuple(
            Row(
                label,
                tuple(
                    Bar(track.start, track.end, track.verdict.outcome)
                    for track in (result.tracks[place - 1] for place in places)
                ),
                tuple(itertools.chain.from_iterable(lost.pop(place, []) for place in places)),
            )
            for label, places in people
        )
        rest = tuple(sorted(itertools.chain.from_iterable(lost.values())))
        # The last frame of a track may end a little after what the file says of its length.
        ends = [result.duration, *(bar.end for row in rows for bar in row.bars)]
        return cls(max(ends), rows, result.cuts, rest)

    def parts(self, most: int) -> Iterator[Timeline]:
        """The same in charts of at most so many rows each."""
        for start in range(0, max(len(self.rows), 1), most):
            yield dataclasses.replace(self, rows=self.rows[start : start + most])

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The verdicts that occur, from harmless to worst."""
        found = {bar.outcome for row in self.rows for bar in row.bars}
        return tuple(outcome for outcome in Outcome if outcome in found)

    @property
    def has_lost(self) -> bool:
        """Whether there is a time in which somebody may be anywhere."""
        return bool(self.lost) or any(row.lost for row in self.rows)

    def share(self, time: float) -> float:
        """Where a time stands between the start, 0, and the end, 1."""
        return min(max(time / self.duration, 0.0), 1.0) if self.duration > 0 else 0.0


def ticks(duration: float, most: int) -> tuple[float, ...]:
    """The times that are marked on the axis, evenly from 0.

    Args:
        duration: of the video, in seconds.
        most: how many marks there is room for.
    """
    if duration <= 0:
        return (0.0,)
    fitting = (step for step in _STEPS if duration / step + 1 <= most)
    # Of days of film every so many hours.
    step = next(fitting, 3600.0 * (int(duration / 3600 / max(most - 1, 1)) + 1))
    return tuple(number * step for number in range(int(duration / step + 1e-9) + 1))


def axis(duration: float) -> list[tuple[float, str]]:
    """The marks of the axis, each at its share of the width; tenths only where they are so near."""
    marks = ticks(duration, _MARKS)
    near = len(marks) > 1 and marks[1] < 1
    return [
        (
            time / duration if duration > 0 else 0.0,
            clock(time) if near else whole_clock(round(time)),
        )
        for time in marks
    ]


def lines(timeline: Timeline, width: float) -> list[float]:
    """Where cuts are drawn, from the left of a chart of that width; those too near are one."""
    drawn: list[float] = []
    for cut in sorted(timeline.cuts):
        place = timeline.share(cut) * width
        if not drawn or place - drawn[-1] >= _APART:
            drawn.append(place)
    return drawn


class TimelineChart(Flowable):
    """The chart on paper: colours, and for whoever sees none a pattern and a sign each."""

    def __init__(self, timeline: Timeline, language: Language, width: float) -> None:
        super().__init__()
        self._timeline = timeline
        self._label = width * _LABEL_SHARE
        self._plot = width - self._label
        self.width = width
        self._key = list(key(timeline, language))
        self._placed = _placed([words for _, words in self._key], width)
        below = 1 + max((line for line, _ in self._placed), default=0)
        self.height = _STRIP + _ROW * len(timeline.rows) + _AXIS + _KEY_LINE * below + 2

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        """Its size, whatever the room."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw it with its lower left corner at the origin."""
        timeline, canvas = self._timeline, self.canv
        top = self.height - _STRIP
        foot = top - _ROW * len(timeline.rows)
        canvas.saveState()
        self._draw_ground(top, foot)
        for start, end in timeline.lost:
            _draw_lost(canvas, self._room(start, end, top + 1, _STRIP - 2))
        for number, row in enumerate(timeline.rows):
            self._draw_row(row, top - (number + 1) * _ROW)
        self._draw_axis(foot)
        self._draw_key(foot - _AXIS)
        canvas.restoreState()

    def _draw_ground(self, top: float, foot: float) -> None:
        canvas = self.canv
        for number in range(0, len(self._timeline.rows), 2):
            canvas.setFillColor(SHADE)
            canvas.rect(0, top - (number + 1) * _ROW, self.width, _ROW, stroke=0, fill=1)
        cuts = lines(self._timeline, self._plot)
        crowded = len(cuts) > CROWDED
        canvas.setStrokeColor(RULE if crowded else FAINT)
        canvas.setLineWidth(0.3 if crowded else 0.4)
        low = top if crowded else foot
        for place in cuts:
            canvas.line(self._label + place, top + _STRIP - 1, self._label + place, low)

    def _room(self, start: float, end: float, bottom: float, height: float) -> Room:
        """Where a time is drawn: never too narrow to be seen, and within the chart."""
        left = self._timeline.share(start) * self._plot
        wide = max(self._timeline.share(end) * self._plot - left, _NARROWEST)
        return self._label + min(left, self._plot - wide), bottom, wide, height

    def _draw_row(self, row: Row, bottom: float) -> None:
        canvas, foot = self.canv, bottom + (_ROW - _BAR) / 2
        canvas.setFillColor(INK)
        canvas.setFont(REGULAR, _SIZE)
        canvas.drawString(2, bottom + 3.6, shortened(row.label, self._label - 8, _SIZE))
        for start, end in row.lost:
            _draw_lost(canvas, self._room(start, end, foot, _BAR))
        for bar in row.bars:
            room = self._room(bar.start, bar.end, foot, _BAR)
            draw_bar(canvas, bar.outcome, room)
            if room[2] >= _SIGN + 3:
                # On white: the sign has the colour of the bar.
                canvas.setFillColor(white)
                canvas.rect(room[0] + 0.8, foot + 0.8, _SIGN + 1, _BAR - 1.6, stroke=0, fill=1)
                draw_sign(canvas, bar.outcome, room[0] + 1.3, foot + 1.1, _SIGN)

    def _draw_axis(self, foot: float) -> None:
        canvas = self.canv
        canvas.setStrokeColor(INK)
        canvas.setLineWidth(0.6)
        canvas.line(self._label, foot, self.width, foot)
        canvas.setFillColor(FAINT)
        canvas.setFont(REGULAR, _SIZE - 0.5)
        for share, said in axis(self._timeline.duration):
            place = self._label + share * self._plot
            wide = stringWidth(said, REGULAR, _SIZE - 0.5)
            canvas.line(place, foot, place, foot - 2.5)
            left = min(max(place - wide / 2, self._label - 2), self.width - wide)
            canvas.drawString(left, foot - 9.5, said)

    def _draw_key(self, top: float) -> None:
        canvas = self.canv
        for (sort, words), (line, left) in zip(self._key, self._placed, strict=True):
            base = top - (line + 1) * _KEY_LINE + 2
            swatch = (left, base - 1, _SWATCH, 7.5)
            if isinstance(sort, Outcome):
                draw_bar(canvas, sort, swatch)
                draw_sign(canvas, sort, left + _SWATCH + 2, base - 0.8, _SIGN)
            elif sort == LOST:
                _draw_lost(canvas, swatch)
            else:
                canvas.setStrokeColor(FAINT)
                canvas.setLineWidth(0.4)
                canvas.line(left + _SWATCH / 2, base - 1.5, left + _SWATCH / 2, base + 7)
            canvas.setFillColor(INK)
            canvas.setFont(REGULAR, _SIZE)
            canvas.drawString(left + _KEY_INDENT, base, words)


CUT, LOST = "cut", "lost"
"""What the key explains beside verdicts."""
_SWATCH = 15.0
_KEY_INDENT = _SWATCH + _SIGN + 5


def key(timeline: Timeline, language: Language) -> Iterator[tuple[Outcome | str, str]]:
    """What the chart is made of, in words."""
    _ = language.gettext
    for outcome in timeline.outcomes:
        yield outcome, language.outcome(outcome)
    if timeline.has_lost:
        yield LOST, _("was lost, may be anywhere")
    if timeline.cuts:
        yield CUT, _("the scene is cut")


def _placed(texts: Sequence[str], width: float) -> list[tuple[int, float]]:
    """For each entry of the key its line, from 0, and its distance from the left."""
    placed: list[tuple[int, float]] = []
    line, left = 0, 0.0
    for text in texts:
        room = _KEY_INDENT + stringWidth(text, REGULAR, _SIZE)
        if left and left + room > width:
            line, left = line + 1, 0.0
        placed.append((line, left))
        left += room + _KEY_GAP
    return placed


# --- patterns ---------------------------------------------------------------------------------

Line = tuple[float, float, float, float]
"""From x, y to x, y."""


def pattern(outcome: Outcome, width: float, height: float) -> list[Line]:
    """The white lines over a bar of that size, by which verdicts differ without their colour.

    Who may be shown has none, upright or level ones; whoever may not is struck through.
    """
    made = _PATTERNS.get(outcome)
    return list(made(width, height)) if made else []


def _level(*shares: float) -> Callable[[float, float], Iterator[Line]]:
    return lambda width, height: ((0.0, height * one, width, height * one) for one in shares)


def _upright(width: float, height: float) -> Iterator[Line]:
    return ((x, 0.0, x, height) for x in _every(_STRIPE, width))


def _rising(width: float, height: float) -> Iterator[Line]:
    return slanting(width, height, up=True)


def _crossed(width: float, height: float) -> Iterator[Line]:
    yield from slanting(width, height, up=True)
    yield from slanting(width, height, up=False)


def _fenced(width: float, height: float) -> Iterator[Line]:
    yield from _upright(width, height)
    yield from _level(0.5)(width, height)


_PATTERNS: dict[Outcome, Callable[[float, float], Iterator[Line]]] = {
    Outcome.EXEMPT: _level(0.5),
    Outcome.NOT_RECOGNISABLE: _upright,
    Outcome.REDACTED: _level(0.3, 0.7),
    Outcome.REVIEW: _rising,
    Outcome.BLOCKED: _crossed,
    Outcome.FAILED: _fenced,
}


def _every(step: float, width: float) -> Iterator[float]:
    return (number * step for number in range(1, int(width / step) + 1) if number * step < width)


def slanting(width: float, height: float, *, up: bool) -> Iterator[Line]:
    """Lines at half a right angle, cut off at the edges of a bar."""
    count = int((width + height) / _STRIPE)
    for number in range(1, count + 1):
        # Along x - y = shift for rising lines.
        shift = number * _STRIPE - height
        left, right = max(shift, 0.0), min(shift + height, width)
        if left < right:
            low, high = left - shift, right - shift
            yield (left, low, right, high) if up else (left, height - low, right, height - high)


def draw_bar(canvas: Canvas, outcome: Outcome, room: Room) -> None:
    """Draw a bar in the colour and with the pattern of a verdict."""
    left, bottom, width, height = room
    canvas.setFillColor(COLOURS[outcome])
    canvas.rect(*room, stroke=0, fill=1)
    canvas.setStrokeColor(white)
    canvas.setLineWidth(0.55)
    _draw_lines(canvas, pattern(outcome, width, height), left, bottom)
    _draw_edge(canvas, COLOURS[outcome], room)


def _draw_lost(canvas: Canvas, room: Room) -> None:
    """Hatched and open, as it is open where somebody is."""
    left, bottom, width, height = room
    canvas.setFillColor(white)
    canvas.rect(*room, stroke=0, fill=1)
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(0.35)
    _draw_lines(canvas, slanting(width, height, up=False), left, bottom)
    canvas.setDash(1.5, 1)
    _draw_edge(canvas, INK, room)
    canvas.setDash()


def _draw_lines(
    canvas: Canvas, drawn: Sequence[Line] | Iterator[Line], left: float, bottom: float
) -> None:
    moved = [(left + x, bottom + y, left + to_x, bottom + to_y) for x, y, to_x, to_y in drawn]
    if moved:
        canvas.lines(moved)


def _draw_edge(canvas: Canvas, colour: Color, room: Room) -> None:
    canvas.setStrokeColor(colour)
    canvas.setLineWidth(0.5)
    canvas.rect(*room, stroke=1, fill=0)
