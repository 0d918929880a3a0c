"""What a pen has left on a page that was laid flat: in a square, in a box, where none belongs.

Every limit is chosen so that in doubt a person looks: a smudge is no answer, and nor is a
line that goes on beyond the square.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image, ImageFilter
from reportlab.lib.units import mm
from scipy import ndimage

from forms import sheet
from forms.layout import POINT, SIZE, grown

if TYPE_CHECKING:
    import numpy.typing as npt

    from forms.layout import Layout
    from forms.rectifying import Flat
    from forms.sheet import Blank, Mark

    Ink = npt.NDArray[np.bool_]
    Darkness = npt.NDArray[np.float32]

MM = mm * POINT
"""Pixels in a millimetre."""


class Seen(enum.StrEnum):
    """What is to be seen in a place."""

    EMPTY = "empty"
    MARKED = "marked"
    DOUBTFUL = "doubtful"


class Doubt(enum.StrEnum):
    """Why a place is doubtful."""

    NOT_FOUND = "not_found"
    """The printed square is not where it must be: covered, torn, or the page is bent."""
    FAINT = "faint"
    """A little ink, or much that is pale: a smudge, a pencil, a stain."""
    FILLED = "filled"
    """Blacked out: an answer, or one that was taken back."""
    BEYOND = "beyond"
    """The ink goes on far outside: a line through it, a stain, a fold."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sight:
    """What was seen in one place, and how sure that is, 0 to 1.

    `box` is the place in pixels of the flat page: left, top, right, bottom.
    """

    seen: Seen
    confidence: float
    box: tuple[int, int, int, int]
    doubt: Doubt | None = None


# Of the darkness of print: a pen is nearly as dark, a stain is not.
_PEN, _PALE = 0.5, 0.25
_SPECK = 6
"""Pixels of a speck of dust, which is nothing."""
_PAPER = 11
"""Window in quarters of a pixel in which there is paper somewhere: 5.6 mm."""
_DARKEST = 90
"""Percentile of the darkness of print that counts as black."""

_SHIFT = 4
"""How far a square is looked for around its place, in pixels."""
_OUTLINE = 3
"""Pixels of a square's printed edge."""
_FOUND = 0.45
"""Darkness of a square's edge from which it is there."""
_INSET = 5
"""Pixels from a square's outer edge to what is inside."""
_CLEAN, _MARK, _FULL = 0.012, 0.07, 0.62
"""Share of the inside that is inked: up to the first empty, from the second marked, from the
third blacked out. A pen's stroke across a square covers 0.12 and more of it."""
_STAINED = 0.12
_WINDOW = 1.75
"""A square and its surroundings: so many sides in every direction from its centre."""
_FAR = (1.1, 3.2)
"""So many sides from its middle a line through a square is looked for; no tick goes there."""
_STRAIGHT = 8.0
"""Ratio of the spread along a line to that across it, from which it is one."""
_LINE = 0.6
"""Share of that, print apart, on which it must be seen."""
_JOIN = 3
"""Pixels beside print that cannot be told from it."""
_BRIDGE = 5
"""Half of what the printed edge of a square, with as much on both sides, cuts out of a stroke."""
_DUST = 0.8
"""Millimetres: what is smaller in both directions is dust and no stroke."""


class Page:
    """The ink on a flat page."""

    def __init__(self, flat: Flat, layout: Layout, page: int) -> None:
        """Takes the tone of the paper off, so that only what is on it is left."""
        self.layout = layout
        self.page = page
        self.printed = layout.printed(page)
        self.darkness = _darkness(flat, self.printed)
        self.ink = _without_specks(self.darkness > _PEN)
        self.pale = _without_specks(self.darkness > _PALE)
        self.pen = self.ink & ~layout.near_print(page, _JOIN)
        """Ink that is not near print."""
        # The rim of a stain is nearly as dark as ink in some places; it goes on in others.
        self.trace = self.pale & ~layout.near_print(page, _JOIN)
        """Whatever is not near print and not paper, however pale."""
        # Printed on every sheet anew, and so in no picture of the empty page.
        self.trace[_CODE] = False
        self._squares = [_corner(mark) for mark in layout.marks if mark.page == page]

    def square(self, mark: Mark) -> Sight:
        """What is in a square to tick."""
        left, top = _corner(mark)
        side = _pixels(mark.size + sheet.SQUARE_LINE)
        right_by, down_by, edge = self._find_outline(left, top, side)
        left, top = left + right_by, top + down_by
        box = (left, top, left + side, top + side)
        if edge < _FOUND:
            return Sight(Seen.DOUBTFUL, 0.0, box, Doubt.NOT_FOUND)
        inside = np.s_[top + _INSET : top + side - _INSET, left + _INSET : left + side - _INSET]
        fill, pale = float(self.ink[inside].mean()), float(self.pale[inside].mean())
        doubt = self._doubt(fill, pale, (left, top, side))
        if doubt:
            return Sight(Seen.DOUBTFUL, 0.5, box, doubt)
        if fill <= _CLEAN:
            return Sight(Seen.EMPTY, 1.0 - 0.5 * fill / _CLEAN, box)
        return Sight(Seen.MARKED, min(1.0, 0.5 + fill / (4 * _MARK)), box)

    def _doubt(self, fill: float, pale: float, place: tuple[int, int, int]) -> Doubt | None:
        """Why a square that is so full is neither empty nor marked; None where it is."""
        if fill <= _CLEAN:
            return Doubt.FAINT if pale >= _STAINED else None
        if fill >= _FULL:
            return Doubt.FILLED
        if self._goes_on(*place) or self._on_a_line(*place):
            return Doubt.BEYOND
        return Doubt.FAINT if fill < _MARK else None

    def _find_outline(self, left: int, top: int, side: int) -> tuple[int, int, float]:
        """By how much a square lies beside its place, and how dark its edge is."""
        reach = side + 2 * _SHIFT
        rows, columns = top - _SHIFT, left - _SHIFT
        patch = self.darkness[rows : rows + reach, columns : columns + reach]
        if patch.shape != (reach, reach):
            return 0, 0, 0.0
        outline = np.ones((side, side), dtype=np.float32)
        outline[_OUTLINE:-_OUTLINE, _OUTLINE:-_OUTLINE] = 0
        outline /= outline.sum()
        scores = np.tensordot(sliding_window_view(patch, (side, side)), outline, 2)
        down, right = np.unravel_index(int(scores.argmax()), scores.shape)
        return int(right) - _SHIFT, int(down) - _SHIFT, float(scores[down, right])

    def _goes_on(self, left: int, top: int, side: int) -> bool:
        """Whether what is inside a square goes on to the edge of its surroundings.

        Two ticks below each other may touch: then they are two ticks and no line.
        """
        reach = round((_WINDOW - 0.5) * side)
        window = _window(left - reach, top - reach, left + side + reach, top + side + reach)
        # The square's own edge joins what crosses it.
        labels, _ = ndimage.label(grown(self.trace[window], _BRIDGE, _BRIDGE))
        inside = np.s_[
            reach + _INSET : reach + side - _INSET, reach + _INSET : reach + side - _INSET
        ]
        own = set(np.unique(labels[inside])) - {0}
        above, below, before, behind = (
            bool(own & set(np.unique(edge)))
            for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1])
        )
        if before or behind or (above and below):
            return True
        return (above and not self._ticked_beside(left, top, side, -1)) or (
            below and not self._ticked_beside(left, top, side, 1)
        )

    def _on_a_line(self, left: int, top: int, side: int) -> bool:
        """Whether what is inside a square is a piece of a line that comes from far outside.

        Dirt on a scanner's glass draws one through the whole page, and a fold does. Where it
        crosses print it is cut, so that following it from pixel to pixel is not enough.
        """
        inside = self.ink[top + _INSET : top + side - _INSET, left + _INSET : left + side - _INSET]
        rows, columns = np.nonzero(inside)
        centre = np.array([columns.mean() + left + _INSET, rows.mean() + top + _INSET])
        spread = np.cov(np.stack([columns, rows])) + 1e-9 * np.eye(2)
        (short, long), axes = np.linalg.eigh(spread)
        if long < _STRAIGHT * short:
            return False  # a cross, a tick: no line, and it points nowhere
        direction = axes[:, -1]
        across = np.array([-direction[1], direction[0]])
        free = ~self.layout.near_print(self.page, _JOIN)
        free[_CODE] = False
        for sign in (1, -1):
            steps = np.arange(_FAR[0] * side, _FAR[1] * side)
            points = centre + sign * steps[:, None] * direction
            seen, could = np.zeros(len(points), bool), np.zeros(len(points), bool)
            for off in range(-2, 3):
                x, y = np.rint(points + off * across).astype(int).T
                x, y = np.clip(x, 0, SIZE[0] - 1), np.clip(y, 0, SIZE[1] - 1)
                seen |= self.trace[y, x]
                could |= free[y, x]
            if could.sum() >= side / 2 and seen.sum() >= _LINE * could.sum():
                return True
        return False

    def _ticked_beside(self, left: int, top: int, side: int, down: int) -> bool:
        """Whether there is ink in the square of the row above or below."""
        for other in self._squares:
            x, y = other
            if abs(x - left) < side < (y - top) * down < 2 * side:
                inside = _window(x + _INSET, y + _INSET, x + side - _INSET, y + side - _INSET)
                return bool(self.ink[inside].mean() > _CLEAN)
        return False

    def blank(self, blank: Blank, least: Written) -> Sight:
        """What is in a box to write in: marked where somebody wrote at least so much."""
        left, right = _pixels(blank.left), _pixels(blank.left + blank.width)
        bottom = _pixels(sheet.HEIGHT - blank.bottom)
        top = _pixels(sheet.HEIGHT - blank.bottom - blank.height)
        box = (left, top, right, bottom)
        around = round(6 * MM)
        window = _window(left - around, top - around, right + around, bottom + around)
        pen = self.pen[window]
        own = np.zeros_like(pen)
        inset = 5 if blank.framed else 3
        own[
            top - window[0].start + inset : bottom - window[0].start - inset,
            left - window[1].start + inset : right - window[1].start - inset,
        ] = True
        strokes = _strokes(pen & own)
        dust = float((pen & own).sum() - strokes.sum()) / MM**2
        area = float(strokes.sum()) / MM**2
        if area < least.speck:
            pale = _strokes(self.trace[window] & own)
            if max(dust, float(pale.sum()) / MM**2) > least.area:
                return Sight(Seen.DOUBTFUL, 0.5, box, Doubt.FAINT)
            return Sight(Seen.EMPTY, 1.0 - 0.5 * area / least.speck, box)
        # Letters of a word and a stroke cut by the frame belong together.
        labels, _ = ndimage.label(grown(self.trace[window], _JOIN, _JOIN))
        inner = set(np.unique(labels[strokes])) - {0}
        edges = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        if inner & set(np.unique(edges)):
            return Sight(Seen.DOUBTFUL, 0.5, box, Doubt.BEYOND)
        rows, columns = np.nonzero(strokes)
        width, height = np.ptp(columns) / MM, np.ptp(rows) / MM
        if area < least.area or width < least.width or height < least.height:
            return Sight(Seen.DOUBTFUL, 0.5, box, Doubt.FAINT)
        return Sight(Seen.MARKED, min(1.0, 0.5 + area / (8 * least.area)), box)

    def elsewhere(self) -> list[tuple[int, int, int, int]]:
        """Places with ink where none belongs: words between the lines, something struck out."""
        free = self._free()
        pen = self.ink & free & ~self.layout.near_print(self.page, 4)
        joined = grown(pen, 6, 3)
        labels, count = ndimage.label(joined)
        if not count:
            return []
        areas = ndimage.sum_labels(pen, labels, range(1, count + 1)) / MM**2
        found = []
        for place, area in zip(ndimage.find_objects(labels), areas, strict=True):
            if area >= _STRAY:
                rows, columns = place
                found.append((columns.start, rows.start, columns.stop, rows.stop))
        return found

    def _free(self) -> Ink:
        """Where nobody is asked to write: between the margins, beside squares and boxes."""
        free = np.zeros(self.printed.shape, dtype=bool)
        top, bottom = sheet.HEIGHT - sheet.TOP, sheet.HEIGHT - sheet.BOTTOM
        free[_pixels(top) : _pixels(bottom), _pixels(sheet.LEFT) : _pixels(sheet.RIGHT)] = True
        # The institution's own words, and the code.
        head = _pixels(top + _HEAD if self.page == 1 else top)
        free[:head] = False
        free[_CODE] = False
        places = [
            (mark.left, mark.bottom, mark.size, mark.size, 1.2 * mark.size * POINT)
            for mark in self.layout.marks
            if mark.page == self.page
        ]
        places += [
            (blank.left, blank.bottom, blank.width, blank.height, 4 * MM)
            for blank in self.layout.blanks
            if blank.page == self.page
        ]
        for left, low, width, height, around in places:
            over = round(around)
            window = _window(
                _pixels(left) - over,
                _pixels(sheet.HEIGHT - low - height) - over,
                _pixels(left + width) + over,
                _pixels(sheet.HEIGHT - low) + over,
            )
            free[window] = False
        return free


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """How much ink somebody leaves at least, in mm² and over so many mm; a `speck` is none."""

    area: float
    width: float
    height: float
    speck: float = 0.15


SIGNATURE = Written(area=2.2, width=7.0, height=2.5)
WORDS = Written(area=0.9, width=3.0, height=1.2)

_STRAY = 1.6
"""mm² of ink from which it is handwriting."""
_HEAD = 90.0
"""Points below the upper margin in which the institution's name, contact and authority stand."""


def _darkness(flat: Flat, printed: Ink) -> Darkness:
    """How dark each pixel is: 0 the paper around it, 1 the print of this page; (h, w)."""
    image = Image.fromarray(flat.grey)
    # Rows and columns one after the other: a tenth of the time of Pillow's MaxFilter.
    brightest = ndimage.maximum_filter(np.asarray(image.reduce(4)), _PAPER, mode="nearest")
    small = Image.fromarray(brightest).filter(ImageFilter.BoxBlur(4))
    paper = np.asarray(small.resize(SIZE, Image.Resampling.BILINEAR)).astype(np.float32)
    darkness = np.clip(1 - flat.grey.astype(np.float32) / np.maximum(paper, 1), 0, 1)
    solid = ndimage.binary_erosion(printed, iterations=1)
    black = float(np.percentile(darkness[solid if solid.any() else printed], _DARKEST))
    whole: Darkness = np.minimum(darkness / max(black, 0.05), 1).astype(np.float32)
    return whole


def _without_specks(ink: Ink) -> Ink:
    labels, count = ndimage.label(ink, structure=np.ones((3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    kept: Ink = (sizes >= _SPECK)[labels]
    return kept


def _strokes(ink: Ink) -> Ink:
    """The ink without dust."""
    labels, count = ndimage.label(ink, structure=np.ones((3, 3)))
    long = np.zeros(count + 1, dtype=bool)
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        long[number] = max(rows.stop - rows.start, columns.stop - columns.start) >= _DUST * MM
    kept: Ink = long[labels]
    return kept


def _corner(mark: Mark) -> tuple[int, int]:
    """Left and top of a square's outer edge, in pixels."""
    half = sheet.SQUARE_LINE / 2
    return (
        _pixels(mark.left - half),
        _pixels(sheet.HEIGHT - mark.bottom - mark.size - half),
    )


def _window(left: int, top: int, right: int, bottom: int) -> tuple[slice, slice]:
    """The part of the page between edges that may lie outside it."""
    return (
        slice(max(0, top), min(SIZE[1], bottom)),
        slice(max(0, left), min(SIZE[0], right)),
    )


def _pixels(points: float) -> int:
    return round(points * POINT)


_CODE = np.s_[: _pixels(sheet.HEIGHT - sheet.CODE_BOTTOM) + 6, _pixels(sheet.CODE_LEFT) - 6 :]
"""Where the number and the code of a sheet stand, on the flat page."""
