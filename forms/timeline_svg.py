"""The timeline of a video on a page: SVG that is read aloud as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from clearance.results import Outcome
from forms.contact_cells import shortened
from forms.report_charts import as_hex
from forms.report_parts import FAINT, INK, SHADE
from forms.timeline_chart import (
    CROWDED,
    LOST,
    axis,
    key,
    lines,
    pattern,
    slanting,
)
from forms.typeface import legible

if TYPE_CHECKING:
    from reportlab.lib.colors import Color

    from clearance.language import Language
    from forms.timeline_chart import Line, Room, Row, Timeline

_WIDE, _LABEL = 1000, 240
_PLOT = _WIDE - _LABEL
_TOP, _ROW, _BAR = 12, 26, 17
_NARROWEST = 3.2
_TWICE = 2.0
"""Units of a page for a point on paper."""
_SWATCH = (1.0, 1.0, 30.0, 14.0)


def timeline_as_svg(timeline: Timeline, language: Language, told: str) -> str:
    """The chart of `TimelineChart` for a page, with its key in words below.

    Args:
        timeline: what it shows.
        language: of the key.
        told: what is read aloud in place of it.
    """
    foot = _TOP + _ROW * len(timeline.rows)
    parts = list(_ground(timeline, foot))
    parts += (_hatched(_room(timeline, span, 1, _TOP - 2)) for span in timeline.lost)
    for number, row in enumerate(timeline.rows):
        parts.append(_row(timeline, row, _TOP + number * _ROW))
    parts += _axis(timeline, foot)
    entries = "".join(_entry(sort, words) for sort, words in key(timeline, language))
    aloud = escape(legible(told), quote=True)
    return (
        f'<div class="timeline"><svg viewBox="0 0 {_WIDE} {foot + 24}" role="img" '
        f'aria-label="{aloud}">{"".join(parts)}</svg>{entries}</div>\n'
    )


def _ground(timeline: Timeline, foot: float) -> Iterator[str]:
    for number in range(0, len(timeline.rows), 2):
        yield (
            f'<rect x="0" y="{_TOP + number * _ROW}" width="{_WIDE}" height="{_ROW}" '
            f'fill="{_hex(SHADE)}"></rect>'
        )
    cuts = lines(timeline, _PLOT)
    low = foot if len(cuts) <= CROWDED else _TOP
    yield _path([(_LABEL + place, 2, _LABEL + place, low) for place in cuts], _hex(FAINT), 0.8)


def _room(timeline: Timeline, span: tuple[float, float], top: float, height: float) -> Room:
    left = timeline.share(span[0]) * _PLOT
    wide = max(timeline.share(span[1]) * _PLOT - left, _NARROWEST)
    return _LABEL + min(left, _PLOT - wide), top, wide, height


def _row(timeline: Timeline, row: Row, top: float) -> str:
    label = escape(shortened(row.label, (_LABEL - 14) / _TWICE))
    edge = top + (_ROW - _BAR) / 2
    parts = [f'<text x="4" y="{top + 18}">{label}</text>']
    parts += (_hatched(_room(timeline, span, edge, _BAR)) for span in row.lost)
    for bar in row.bars:
        parts.append(_bar(bar.outcome, _room(timeline, (bar.start, bar.end), edge, _BAR)))
    return "".join(parts)


def _bar(outcome: Outcome, room: Room) -> str:
    colour = as_hex(outcome)
    drawn = pattern(outcome, room[2] / _TWICE, room[3] / _TWICE)
    return _rect(room, colour, colour) + _path(_placed(drawn, room), "#fff", 1.1)


def _hatched(room: Room) -> str:
    drawn = slanting(room[2] / _TWICE, room[3] / _TWICE, up=False)
    box = _rect(room, "#fff", _hex(INK), ' stroke-dasharray="3 2"')
    return box + _path(_placed(drawn, room), _hex(INK), 0.7)


def _placed(drawn: Sequence[Line] | Iterator[Line], room: Room) -> list[Line]:
    """Lines of a pattern where they stand on the page, on which y goes down."""
    left, bottom = room[0], room[1] + room[3]
    return [
        (left + _TWICE * x, bottom - _TWICE * y, left + _TWICE * to_x, bottom - _TWICE * to_y)
        for x, y, to_x, to_y in drawn
    ]


def _rect(room: Room, fill: str, stroke: str, more: str = "") -> str:
    left, top, width, height = room
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="{fill}" stroke="{stroke}"{more}></rect>'
    )


def _path(drawn: Sequence[Line], stroke: str, width: float) -> str:
    if not drawn:
        return ""
    moves = "".join(f"M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" for x, y, to_x, to_y in drawn)
    return f'<path d="{moves}" stroke="{stroke}" stroke-width="{width}" fill="none"></path>'


def _axis(timeline: Timeline, foot: float) -> Iterator[str]:
    yield _path([(_LABEL, foot, _WIDE, foot)], _hex(INK), 1)
    for share, words in axis(timeline.duration):
        place = _LABEL + share * _PLOT
        yield _path([(place, foot, place, foot + 5)], _hex(INK), 1)
        anchor = "end" if share > 0.97 else "middle"  # noqa: PLR2004 - at the very end
        yield f'<text x="{place:.1f}" y="{foot + 20}" text-anchor="{anchor}">{words}</text>'


def _entry(sort: Outcome | str, words: str) -> str:
    if isinstance(sort, Outcome):
        drawn = _bar(sort, _SWATCH)
    elif sort == LOST:
        drawn = _hatched(_SWATCH)
    else:
        drawn = _path([(16, 0, 16, 16)], _hex(FAINT), 0.8)
    return (
        f'<span class="key"><svg viewBox="0 0 32 16" width="32" height="16">{drawn}</svg> '
        f"{escape(words)}</span>"
    )


def _hex(colour: Color) -> str:
    return f"#{colour.hexval()[2:]}"
