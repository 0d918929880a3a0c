"""A signature that was drawn on a screen: strokes, as they came and as they are drawn again."""

from __future__ import annotations

import itertools
import json
import math
from typing import TYPE_CHECKING

from reportlab.platypus import Flowable

from forms.errors import FormNotConfirmedError
from forms.sheet import FAINT, INK

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 1000, 300
"""Of the field in its own units, whatever it measures on a screen."""
_MOST_STROKES, _MOST_POINTS = 500, 20_000
_LEAST_INK = 150.0
"""Units that a signature must be long at least: half the height of the field. A finger that
touched it once leaves less."""
_PEN = 9.0
"""Width of the pen in units."""

Point = tuple[int, int]
Strokes = tuple[tuple[Point, ...], ...]


def strokes_in(untrusted_text: str) -> Strokes:
    """The strokes of a signature: `[[[x, y], ...], ...]`, x to 1000 and y to 300, whole numbers.

    Returns:
        The strokes; none where nothing was drawn that could be a signature.

    Raises:
        FormNotConfirmedError: it is nothing that the field of a form sends.
    """
    if not untrusted_text.strip():
        return ()
    try:
        read = json.loads(untrusted_text)
        if not isinstance(read, list):
            raise TypeError("a list")
        strokes = tuple(tuple(_point(one) for one in stroke) for stroke in read)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _unreadable() from error
    if len(strokes) > _MOST_STROKES or sum(map(len, strokes)) > _MOST_POINTS:
        raise _unreadable()
    return strokes if _length(strokes) >= _LEAST_INK else ()


def _point(read: Sequence[object]) -> Point:
    x, y = read
    if type(x) is not int or type(y) is not int:
        raise TypeError("whole numbers")
    return min(max(x, 0), WIDTH), min(max(y, 0), HEIGHT)


def _length(strokes: Strokes) -> float:
    return sum(
        math.dist(one, other) for stroke in strokes for one, other in itertools.pairwise(stroke)
    )


def _unreadable() -> FormNotConfirmedError:
    return FormNotConfirmedError("The signature cannot be read. Clear the field, and sign again.")


class Drawn(Flowable):
    """Strokes on a line, in a document; `width` is in points."""

    def __init__(self, strokes: Strokes, width: float = 230.0) -> None:
        super().__init__()
        self._strokes = strokes
        self.width, self.height = width, width * HEIGHT / WIDTH

    def draw(self) -> None:
        """Draw them where the document is."""
        factor = self.width / WIDTH
        canvas = self.canv
        canvas.setStrokeColor(FAINT)
        canvas.setLineWidth(0.5)
        canvas.line(0, 0, self.width, 0)
        canvas.setStrokeColor(INK)
        canvas.setLineWidth(_PEN * factor)
        canvas.setLineCap(1)
        canvas.setLineJoin(1)
        for stroke in self._strokes:
            path = canvas.beginPath()
            places = [(x * factor, self.height - y * factor) for x, y in stroke]
            if not places:
                continue
            path.moveTo(*places[0])
            # A dot is a line to itself: the round end of the pen shows it.
            for place in places[1:] or places:
                path.lineTo(*place)
            canvas.drawPath(path, stroke=1, fill=0)
