"""The shapes of masks: around a head that a detector found, or drawn by a person's hand."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from detector.faces import Box

if TYPE_CHECKING:
    from detector.faces import Face, Landmarks

Mask: TypeAlias = npt.NDArray[np.bool_]
"""One truth value per pixel: bool, shape (height, width); True is hidden."""

Point: TypeAlias = tuple[float, float]
_Numbers: TypeAlias = npt.NDArray[np.float64]

# Growth from the detector's box, forehead to chin and cheek to cheek, to the
# head, as shares of the box's height and width. Chosen on photographs so that
# hair, ears and the edge of the neck are inside; never below 0.3, the margin
# that editors of sensitive pictures take at least.
_ABOVE = 0.55
_BELOW = 0.32
_BESIDE = 0.30
# The back of the head in a profile, at most, as a share of the box's width.
_BEHIND = 0.45
# A small box is uncertain by whole pixels, not by a share of itself.
_EXTRA_PIXELS = 2.0
# How far the box itself, corners included, stays inside the rounded shape.
_CORNER_MARGIN = 0.15
# The exponent of the superellipse |x/a|^n + |y/b|^n <= 1: 2 is an ellipse, large
# ones are rectangles. A head of known attitude gets a rounded shape; without
# landmarks the attitude is unknown and the corners may hold something.
_ELLIPSE = 2.0
_ROUNDED = 2.6
_NEARLY_SQUARE = 8.0
_SQUARE = math.inf
# Points of a curve stand for the arcs between them when they lie so much farther out.
_ARC = 1.01

_TOUCHED = 0.71
"""Pixels from the middle of a pixel to its corner, a hair more than half the root of 2:
what is grown by it holds the middle of every pixel that was only touched."""
_BODY_MARGIN = 2.0
"""Pixels by which the outline of a figure is drawn too tight: hair, cloth, a trembling hand."""
_CORNERS = 2
_LEAST_POINTS = 3
_MOST_POINTS = 1000
_STRAIGHT = 1e-9
"""Width of a polygon, as a share of its length, that comes of rounding."""
_FARTHEST = 1e6
"""Pixels from the origin, beyond which a point is a slip of the pen."""

_STRIP = 1 << 18
"""Pixels that are looked at in one go: what is computed for each of them fits the cache."""


class Shape(enum.StrEnum):
    """The shape of the mask around a detected face."""

    HEAD = "head"
    """The head as it is held: rounded, turned with it, with the back of a profile."""
    ELLIPSE = "ellipse"
    """An upright ellipse that holds the head."""
    BOX = "box"
    """An upright rectangle that holds the head."""


class Region(Protocol):
    """A part of a picture that is hidden, in pixels of the upright picture."""

    @property
    def box(self) -> Box:
        """Holds every pixel of the region that lies in the picture; may be empty."""

    @property
    def centre(self) -> Point:
        """Its middle."""

    @property
    def up(self) -> Point:
        """The unit vector from chin to crown."""

    @property
    def size(self) -> float:
        """The smaller of its two extents, in pixels, before it was clipped."""

    def mask(self) -> Mask:
        """Which pixels of `box` are inside: bool, shape (box.height, box.width)."""

    def around(self, times: float, width: int, height: int) -> Region:
        """The same shape, so many times as large, in a picture of that size."""


@dataclasses.dataclass(frozen=True, slots=True)
class Superellipse:
    """A turned superellipse; `exponent` infinity is a rectangle.

    `across` and `along` are the half axes, at right angles to `up` and in its direction.
    """

    centre: Point
    up: Point
    across: float
    along: float
    exponent: float
    box: Box

    @property
    def size(self) -> float:
        """The smaller of its two extents, in pixels, before it was clipped."""
        return 2 * min(self.across, self.along)

    def mask(self) -> Mask:
        """Which pixels of `box` are inside: bool, shape (box.height, box.width).

        A pixel counts when its centre is inside; the half axes hold a margin of
        whole pixels, so a pixel that is only touched counts as well.
        """
        inside: Mask = np.empty((self.box.height, self.box.width), dtype=np.bool_)
        for strip in strips(self.box):
            inside[strip.top - self.box.top : strip.bottom - self.box.top] = self._inside(strip)
        return inside

    def _inside(self, box: Box) -> Mask:
        x, y = middles(box)
        x, y = x - self.centre[0], y - self.centre[1]
        up_x, up_y = self.up
        across = np.abs(x * -up_y + y * up_x) / self.across
        along = np.abs(x * up_x + y * up_y) / self.along
        within: Mask = np.maximum(across, along) <= 1.0
        if math.isinf(self.exponent):
            return within
        # The ellipse is inside every shape with more of a corner: the powers are slow.
        inside: Mask = across * across + along * along <= 1.0
        open_ = within & ~inside
        inside[open_] = across[open_] ** self.exponent + along[open_] ** self.exponent <= 1.0
        return inside

    def around(self, times: float, width: int, height: int) -> Superellipse:
        """The same shape, so many times as large, in a picture of that size."""
        axes = (self.across * times, self.along * times)
        return _superellipse(self.centre, self.up, axes, self.exponent, (width, height))

    def norm(self, point: Point) -> float:
        """By how much the axes must be stretched for the point to lie on the edge."""
        x, y = point[0] - self.centre[0], point[1] - self.centre[1]
        across = abs(x * -self.up[1] + y * self.up[0]) / self.across
        along = abs(x * self.up[0] + y * self.up[1]) / self.along
        longest = max(across, along)
        if longest == 0.0 or math.isinf(self.exponent):
            return longest
        # Divided first: powers of a far point would overflow.
        total = (across / longest) ** self.exponent + (along / longest) ** self.exponent
        return float(longest * total ** (1 / self.exponent))


def _superellipse(
    centre: Point, up: Point, axes: tuple[float, float], exponent: float, size: tuple[int, int]
) -> Superellipse:
    """The shape with the box of its part inside a picture of that (width, height)."""
    (up_x, up_y), (across, along) = up, axes
    # The bounding box of the turned rectangle around the shape is enough:
    # pixels in it that are outside the shape are not in the mask.
    reach_x = abs(up_y) * across + abs(up_x) * along
    reach_y = abs(up_x) * across + abs(up_y) * along
    x, y = centre
    box = Box.around(x - reach_x, y - reach_y, x + reach_x, y + reach_y).clipped(*size)
    return Superellipse(centre, up, across, along, exponent, box)


def head_region(face: Face, width: int, height: int, shape: Shape = Shape.HEAD) -> Superellipse:
    """The whole head around a detected face: hair, ears, chin, edge of the neck.

    It holds the box with a margin on every side, corners included, however odd
    the landmarks are; and reaches the last row and column where the head does.

    Args:
        face: box and landmarks in pixels of the picture.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        shape: another shape than the head's own is upright and holds all of that.
    """
    landmarks = face.landmarks if face.landmarks and _finite(face.landmarks) else None
    up = _up(landmarks)
    core = _ordered(face.box)
    centre = ((core.left + core.right) / 2, (core.top + core.bottom) / 2)
    face_width, face_height = _size_along(core, up)
    behind = _behind(landmarks, centre, up, face_width)
    across = face_width * (0.5 + _BESIDE) + abs(behind) / 2 + _EXTRA_PIXELS
    along = face_height * (1 + _ABOVE + _BELOW) / 2 + _EXTRA_PIXELS
    lift = face_height * (_ABOVE - _BELOW) / 2
    right = (-up[1], up[0])
    centre = (
        centre[0] + up[0] * lift + right[0] * behind / 2,
        centre[1] + up[1] * lift + right[1] * behind / 2,
    )
    exponent = _ROUNDED if landmarks else _NEARLY_SQUARE
    must_hold = [*_corners(core, _CORNER_MARGIN), *(landmarks.points if landmarks else ())]
    drawn = _superellipse(centre, up, (across, along), exponent, (width, height))
    head = drawn.around(max(1.0, *map(drawn.norm, must_hold)), width, height)
    return head if shape is Shape.HEAD else _upright(head, must_hold, shape, width, height)


def _upright(
    head: Superellipse, must_hold: Sequence[Point], shape: Shape, width: int, height: int
) -> Superellipse:
    """An upright ellipse or rectangle that holds the head's own shape and the points."""
    up_x, up_y = head.up
    outline = [
        (
            head.centre[0] - up_y * head.across * across + up_x * head.along * along,
            head.centre[1] + up_x * head.across * across + up_y * head.along * along,
        )
        for across, along in _unit_curve(head.exponent)
    ]
    reach_x = max(abs(x - head.centre[0]) for x, _ in outline)
    reach_y = max(abs(y - head.centre[1]) for _, y in outline)
    exponent = _ELLIPSE if shape is Shape.ELLIPSE else _SQUARE
    plain = _superellipse(head.centre, (0.0, -1.0), (reach_x, reach_y), exponent, (width, height))
    times = max(1.0, *map(plain.norm, [*outline, *must_hold]))
    return plain.around(times, width, height)


def _unit_curve(exponent: float) -> list[Point]:
    """Points on |x|^n + |y|^n = 1, close enough together to stand for it."""
    angles = np.linspace(0, 2 * math.pi, 64, endpoint=False)
    cos, sin = np.cos(angles), np.sin(angles)
    radius = (np.abs(cos) ** exponent + np.abs(sin) ** exponent) ** (-1 / exponent)
    # A hair outside, for the arcs between them.
    radius *= _ARC
    return [(float(x), float(y)) for x, y in zip(cos * radius, sin * radius, strict=True)]


def strips(box: Box) -> Iterator[Box]:
    """The box from top to bottom in strips of a bounded number of pixels."""
    rows = max(1, _STRIP // max(1, box.width))
    for top in range(box.top, box.bottom, rows):
        yield Box(box.left, top, box.right, min(top + rows, box.bottom))


def middles(box: Box) -> tuple[_Numbers, _Numbers]:
    """The middles of a box's pixels: x as float64 (1, width), y as float64 (height, 1)."""
    x = np.arange(box.left, box.right, dtype=np.float64) + 0.5
    y = np.arange(box.top, box.bottom, dtype=np.float64) + 0.5
    return x[None, :], y[:, None]


def window(box: Box) -> tuple[slice, slice]:
    """The index of a box in an array of shape (height, width, ...)."""
    return slice(box.top, box.bottom), slice(box.left, box.right)


class DrawnShape(enum.StrEnum):
    """What a person draws."""

    BOX = "box"
    ELLIPSE = "ellipse"
    POLYGON = "polygon"
    BODY = "body"
    """The outline of a whole figure: a polygon, and a little more."""


@dataclasses.dataclass(frozen=True, slots=True)
class Drawn:
    """A mask drawn by hand, in pixels of the upright photo.

    `points` are two opposite corners of a box or of the box around an ellipse, else at
    least three corners of a polygon. They may lie beyond the picture. A pixel that is
    only touched is hidden as well.
    """

    kind: DrawnShape
    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        """Refuse what encloses nothing.

        Raises:
            ValueError: too few points or too many, no numbers of pixels, or no area.
        """
        numbers = [number for point in self.points for number in point]
        if not all(math.isfinite(number) and abs(number) <= _FARTHEST for number in numbers):
            raise ValueError("a point is no number of pixels")
        if self._has_corners:
            wanted = len(self.points) == _CORNERS and min(self._extent) > 0
        else:
            wanted = _LEAST_POINTS <= len(self.points) <= _MOST_POINTS and not self._is_a_line
        if not wanted:
            raise ValueError("the points enclose nothing")

    @classmethod
    def parse(cls, text: str) -> Drawn:
        """From "box:10,20,110,220", "ellipse:…", "polygon:10,20 110,20 60,90" or "body:…".

        Raises:
            ValueError: it is none of these, or encloses nothing.
        """
        name, _, rest = text.partition(":")
        kind = DrawnShape(name.strip())
        if kind in (DrawnShape.BOX, DrawnShape.ELLIPSE):
            left, top, right, bottom = (float(number) for number in rest.split(","))
            return cls(kind, ((left, top), (right, bottom)))
        pairs = [pair.split(",") for pair in rest.split()]
        return cls(kind, tuple((float(x), float(y)) for x, y in pairs))

    @property
    def text(self) -> str:
        """As `parse` reads it, to the last digit."""
        pairs = [f"{_digits(x)},{_digits(y)}" for x, y in self.points]
        return f"{self.kind}:{(',' if self._has_corners else ' ').join(pairs)}"

    def moved(self, right: float, down: float) -> Drawn:
        """The same mask in a picture whose origin is so far to the left and above."""
        return dataclasses.replace(
            self, points=tuple((x + right, y + down) for x, y in self.points)
        )

    def scaled(self, across: float, down: float) -> Drawn:
        """The same mask in a picture so many times as wide and as high."""
        return dataclasses.replace(
            self, points=tuple((x * across, y * down) for x, y in self.points)
        )

    def touches(self, width: int, height: int) -> bool:
        """Whether any of it lies in a picture of that size."""
        return bool(self._region(width, height).mask().any())

    def region(self, width: int, height: int) -> Region:
        """The mask in a picture of that size.

        Raises:
            ValueError: none of it lies in the picture.
        """
        region = self._region(width, height)
        if not region.mask().any():
            raise ValueError("the mask lies outside the picture")
        return region

    def _region(self, width: int, height: int) -> Region:
        if not self._has_corners:
            margin = _TOUCHED + (_BODY_MARGIN if self.kind is DrawnShape.BODY else 0.0)
            return Polygon.of(self.points, margin, width, height)
        (x1, y1), (x2, y2) = self.points
        middle = ((x1 + x2) / 2, (y1 + y2) / 2)
        across, along = (size / 2 for size in self._extent)
        if self.kind is DrawnShape.BOX:
            axes, exponent = (across + _TOUCHED, along + _TOUCHED), _SQUARE
        else:
            axes, exponent = _ellipse_around(across, along, _TOUCHED), _ELLIPSE
        return _superellipse(middle, (0.0, -1.0), axes, exponent, (width, height))

    @property
    def _has_corners(self) -> bool:
        return self.kind in (DrawnShape.BOX, DrawnShape.ELLIPSE)

    @property
    def _extent(self) -> tuple[float, float]:
        left, top, right, bottom = _bounds(self.points)
        return right - left, bottom - top

    @property
    def _is_a_line(self) -> bool:
        """Whether all points lie on one straight line."""
        x0, y0 = self.points[0]
        across, down = max(
            ((x - x0, y - y0) for x, y in self.points), key=lambda to: math.hypot(*to)
        )
        least = _STRAIGHT * (across**2 + down**2)
        return all(abs(across * (y - y0) - down * (x - x0)) <= least for x, y in self.points)


def _digits(number: float) -> str:
    return repr(int(number) if number == int(number) else number)


def _bounds(points: Iterable[Point]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the points."""
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _ellipse_around(across: float, along: float, distance: float) -> tuple[float, float]:
    """The half axes of an ellipse that holds all within a distance of another one.

    Half axes that are longer by the distance do not: a flat ellipse bulges beyond them.
    In the direction t the smaller ellipse reaches h with h^2 = (a cos t)^2 + (b sin t)^2,
    and 2 h d <= l h^2 + d^2 / l for every l > 0, so that (h + d)^2 <= (1 + l) h^2 +
    (1 + 1 / l) d^2. For a circle and l = d / a there is nothing to spare.
    """
    share = distance / math.sqrt(across * along)
    longer = (1 + 1 / share) * distance**2
    return (
        math.sqrt((1 + share) * across**2 + longer),
        math.sqrt((1 + share) * along**2 + longer),
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Polygon:
    """Everything that a closed line goes round or comes near to, `margin` pixels.

    Where the line crosses itself, every part it goes round counts: safety wins.
    """

    points: tuple[Point, ...]
    margin: float
    box: Box

    @classmethod
    def of(cls, points: Iterable[Point], margin: float, width: int, height: int) -> Polygon:
        """The polygon with the box of its part inside a picture of that size."""
        corners = tuple(points)
        left, top, right, bottom = _bounds(corners)
        box = Box.around(left - margin, top - margin, right + margin, bottom + margin)
        return cls(corners, margin, box.clipped(width, height))

    @property
    def centre(self) -> Point:
        """The middle of the box around it."""
        left, top, right, bottom = _bounds(self.points)
        return ((left + right) / 2, (top + bottom) / 2)

    @property
    def up(self) -> Point:
        """Straight up."""
        return (0.0, -1.0)

    @property
    def size(self) -> float:
        """The smaller of its two extents, in pixels, before it was clipped."""
        left, top, right, bottom = _bounds(self.points)
        return min(right - left, bottom - top) + 2 * self.margin

    def mask(self) -> Mask:
        """Which pixels of `box` are inside: bool, shape (box.height, box.width)."""
        box = self.box
        if not box.area:
            return np.zeros((box.height, box.width), dtype=np.bool_)
        return self._closed(self._near_the_line())

    def around(self, times: float, width: int, height: int) -> Polygon:
        """The same shape, so many times as large, in a picture of that size."""
        x0, y0 = self.centre
        larger = ((x0 + (x - x0) * times, y0 + (y - y0) * times) for x, y in self.points)
        return Polygon.of(larger, self.margin * times, width, height)

    @property
    def _sides(self) -> list[tuple[Point, Point]]:
        return list(zip(self.points, (*self.points[1:], self.points[0]), strict=True))

    def _near_the_line(self) -> Mask:
        """The pixels whose middle is within `margin` of the line.

        What is near a straight side has no dents, so that it holds one span of each row.
        """
        x, y = middles(self.box)
        ends = np.zeros((self.box.height, self.box.width + 1), dtype=np.int16)
        for start, end in self._sides:
            first, last = _span_near(start, end, self.margin, y[:, 0])
            from_, to = np.searchsorted(x[0], first), np.searchsorted(x[0], last, side="right")
            rows = np.flatnonzero(from_ < to)
            ends[rows, from_[rows]] += 1
            ends[rows, to[rows]] -= 1
        np.cumsum(ends, axis=1, out=ends)
        near: Mask = ends[:, :-1] != 0
        return near

    def _closed(self, line: Mask) -> Mask:
        """The pixels near the line, and those from which no way leads out of its bends.

        A part of the box is outside when, from one of its pixels at the border of the box,
        the line is not in the way straight out. That a line that goes round a part once
        each way leaves no hole is why its winding number is not asked.
        """
        from scipy import ndimage

        parts, count = ndimage.label(~line)
        x, y = middles(self.box)
        above, below = self._in_the_way(x[0], float(y[0, 0]), float(y[-1, 0]), across=True)
        left, right = self._in_the_way(y[:, 0], float(x[0, 0]), float(x[0, -1]), across=False)
        outside = np.zeros(count + 1, dtype=np.bool_)
        outside[parts[0][~above]] = True
        outside[parts[-1][~below]] = True
        outside[parts[:, 0][~left]] = True
        outside[parts[:, -1][~right]] = True
        outside[0] = False
        hidden: Mask = ~outside[parts]
        return hidden

    def _in_the_way(
        self, lines: _Numbers, first: float, last: float, *, across: bool
    ) -> tuple[Mask, Mask]:
        """For columns or rows, whether the line crosses them before `first` or after `last`."""
        before, after = (np.zeros(len(lines), dtype=np.bool_) for _ in range(2))
        for one, other in self._sides:
            start, end = ((one[1], one[0]), (other[1], other[0])) if across else (one, other)
            crossed, crossings = _crossings(start, end, lines)
            before[crossed] |= crossings < first
            after[crossed] |= crossings > last
        return before, after


def _crossings(
    start: Point, end: Point, heights: _Numbers
) -> tuple[npt.NDArray[np.intp], _Numbers]:
    """Which of the level lines a side crosses, and at which x. A level end counts once."""
    low, high = sorted((start[1], end[1]))
    first, last = np.searchsorted(heights, (low, high))
    crossed = np.arange(first, last)
    if not len(crossed):
        return crossed, np.zeros(0)
    slope = (end[0] - start[0]) / (end[1] - start[1])
    return crossed, start[0] + (heights[crossed] - start[1]) * slope


def _span_near(
    start: Point, end: Point, distance: float, heights: _Numbers
) -> tuple[_Numbers, _Numbers]:
    """From which x to which each level line is near a side; from inf to -inf for nowhere."""
    first, last = np.full(len(heights), np.inf), np.full(len(heights), -np.inf)
    for x, y in (start, end):
        square = distance * distance - (heights - y) ** 2
        rows = np.flatnonzero(square >= 0)
        reach = np.sqrt(square[rows])
        first[rows] = np.minimum(first[rows], x - reach)
        last[rows] = np.maximum(last[rows], x + reach)
    length = math.dist(start, end)
    if length == 0.0:
        return first, last
    beside_x = (start[1] - end[1]) / length * distance
    beside_y = (end[0] - start[0]) / length * distance
    corners = [
        (x + sign * beside_x, y + sign * beside_y)
        for (x, y), sign in ((start, 1), (end, 1), (end, -1), (start, -1))
    ]
    for one, other in zip(corners, (*corners[1:], corners[0]), strict=True):
        rows, crossings = _crossings(one, other, heights)
        first[rows] = np.minimum(first[rows], crossings)
        last[rows] = np.maximum(last[rows], crossings)
    return first, last


def _finite(landmarks: Landmarks) -> bool:
    return all(math.isfinite(number) for point in landmarks.points for number in point)


def _ordered(box: Box) -> Box:
    """The box with its sides in order and at least one pixel inside."""
    left, right = sorted((box.left, box.right))
    top, bottom = sorted((box.top, box.bottom))
    return Box(left, top, max(right, left + 1), max(bottom, top + 1))


def _up(landmarks: Landmarks | None) -> Point:
    """Unit vector from mouth to eyes; straight up where it cannot be told.

    It is the roll of the head. The line between the eyes would say the same for
    a face seen from the front, but shrinks to a point in a profile, and does not
    tell a head that hangs down from an upright one.
    """
    if landmarks is None:
        return (0.0, -1.0)
    eyes = _middle(landmarks.left_eye, landmarks.right_eye)
    mouth = _middle(landmarks.left_mouth, landmarks.right_mouth)
    x, y = eyes[0] - mouth[0], eyes[1] - mouth[1]
    length = math.hypot(x, y)
    return (x / length, y / length) if length >= 1.0 else (0.0, -1.0)


def _middle(one: Point, other: Point) -> Point:
    return ((one[0] + other[0]) / 2, (one[1] + other[1]) / 2)


def _size_along(box: Box, up: Point) -> tuple[float, float]:
    """Width and height of the face when `up` is up.

    The box stays upright while the head turns: at a quarter turn its width is
    the height of the face. Between, the ellipse inside the box is measured.
    """
    up_x, up_y = up
    return (
        math.hypot(up_y * box.width, up_x * box.height),
        math.hypot(up_x * box.width, up_y * box.height),
    )


def _behind(landmarks: Landmarks | None, centre: Point, up: Point, face_width: float) -> float:
    """How far the head reaches behind a turned face, in pixels; positive is rightwards.

    In a profile the nose is at one side of the box, the eyes' midpoint between;
    the skull lies on the other side.
    """
    if landmarks is None:
        return 0.0
    features = [landmarks.nose, _middle(landmarks.left_eye, landmarks.right_eye)]
    offsets = [(x - centre[0]) * -up[1] + (y - centre[1]) * up[0] for x, y in features]
    turned = sum(offsets) / len(offsets) / (0.5 * face_width)
    return -min(1.0, max(-1.0, turned)) * _BEHIND * face_width


def _corners(box: Box, margin: float) -> list[Point]:
    across, along = box.width * margin, box.height * margin
    left, right = box.left - across, box.right + across
    top, bottom = box.top - along, box.bottom + along
    return [(left, top), (right, top), (left, bottom), (right, bottom)]
