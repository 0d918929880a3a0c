"""Small charts: how the verdicts share a bar, each piece with its number."""

from __future__ import annotations

import dataclasses
from html import escape
from typing import TYPE_CHECKING

from reportlab.lib.colors import white
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable

from clearance.results import Outcome
from forms.report_parts import COLOURS, FAINT, INK, draw_sign
from forms.typeface import BOLD, REGULAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from clearance.language import Language

_HEIGHT = 11.0
_SIGN = 7.0
_SIZE = 7.5
_GAP = 9.0
_LINE = 11.0
_NARROWEST = 16.0
"""Points of the smallest piece: its number has room in it, however many the others are."""


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a bar: from where to where, as shares of its width, for how many of what."""

    outcome: Outcome
    count: int
    start: float
    end: float


def pieces(outcomes: Iterable[Outcome], narrowest: float) -> tuple[Piece, ...]:
    """The pieces of a bar, the worst first, as wide as they are many; none for no outcomes.

    Args:
        outcomes: one for each picture or face.
        narrowest: the least share of the bar's width that a piece takes.
    """
    counts: dict[Outcome, int] = {}
    for outcome in outcomes:
        counts[outcome] = counts.get(outcome, 0) + 1
    total = sum(counts.values())
    worst_first = sorted(counts, key=lambda outcome: -outcome.severity)
    wide = {outcome: max(counts[outcome] / total, narrowest) for outcome in worst_first}
    whole = sum(wide.values())
    found, start = [], 0.0
    for outcome in worst_first:
        end = start + wide[outcome] / whole
        found.append(Piece(outcome, counts[outcome], start, end))
        start = end
    return tuple(found)


class OutcomeBar(Flowable):
    """The bar on paper, with its key below: sign, number and word of each verdict."""

    def __init__(
        self, title: str, outcomes: Sequence[Outcome], language: Language, width: float
    ) -> None:
        super().__init__()
        self._title = title
        self._pieces = pieces(outcomes, _NARROWEST / width)
        self.width = width
        words = {
            piece: f"{piece.count} {language.outcome(piece.outcome)}" for piece in self._pieces
        }
        self._key = _placed(words, width)
        lines = 1 + max((line for line, _ in self._key.values()), default=0)
        self._words = words
        self.height = _LINE + _HEIGHT + lines * _LINE + 2

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        """Its size, whatever the room."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw it with its lower left corner at the origin."""
        canvas, top = self.canv, self.height - _LINE
        canvas.setFont(REGULAR, 8)
        canvas.setFillColor(FAINT)
        canvas.drawString(0, top + 2.5, self._title)
        foot = top - _HEIGHT
        for piece in self._pieces:
            left, right = piece.start * self.width, piece.end * self.width
            canvas.setFillColor(COLOURS[piece.outcome])
            canvas.setStrokeColor(white)
            canvas.setLineWidth(1)
            canvas.rect(left, foot, right - left, _HEIGHT, stroke=1, fill=1)
            canvas.setFillColor(white)
            canvas.setFont(BOLD, _SIZE)
            canvas.drawCentredString((left + right) / 2, foot + 3, str(piece.count))
        canvas.setFont(REGULAR, _SIZE)
        for piece, (line, left) in self._key.items():
            base = foot - (line + 1) * _LINE + 1.5
            draw_sign(canvas, piece.outcome, left, base - 0.8, _SIGN)
            canvas.setFillColor(INK)
            canvas.setFont(REGULAR, _SIZE)
            canvas.drawString(left + _SIGN + 3, base, self._words[piece])


def _placed(words: Mapping[Piece, str], width: float) -> dict[Piece, tuple[int, float]]:
    """For each entry of the key its line, from 0, and its distance from the left."""
    placed, line, left = {}, 0, 0.0
    for piece, text in words.items():
        room = _SIGN + 3 + stringWidth(text, REGULAR, _SIZE)
        if left and left + room > width:
            line, left = line + 1, 0.0
        placed[piece] = (line, left)
        left += room + _GAP
    return placed


def bar_as_svg(title: str, outcomes: Sequence[Outcome], language: Language) -> str:
    """The same bar for a page: SVG that is read aloud as well, and its key in words."""
    bar = pieces(outcomes, 0.03)
    if not bar:
        return ""
    words = [f"{piece.count} {language.outcome(piece.outcome)}" for piece in bar]
    told = escape(f"{title}: {', '.join(words)}", quote=True)
    drawn = "".join(
        f'<rect x="{piece.start * 1000:.1f}" width="{(piece.end - piece.start) * 1000 - 2:.1f}" '
        f'height="28" fill="{as_hex(piece.outcome)}"></rect>'
        f'<text x="{(piece.start + piece.end) * 500:.1f}" y="20">{piece.count}</text>'
        for piece in bar
    )
    key = "".join(
        f'<span class="key"><i style="background:{as_hex(piece.outcome)}"></i>{escape(text)}</span>'
        for piece, text in zip(bar, words, strict=True)
    )
    return (
        f'<div class="bar"><small>{escape(title)}</small>'
        f'<svg viewBox="0 0 1000 28" role="img" aria-label="{told}">{drawn}</svg>{key}</div>\n'
    )


def as_hex(outcome: Outcome) -> str:
    """The colour of an outcome as pages write it."""
    return f"#{COLOURS[outcome].hexval()[2:]}"
