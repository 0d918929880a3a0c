"""Hide heads on a copy of the pixels, so that nothing of the face is left.

Blur, mosaic and warping keep a function of the hidden pixels, and such functions
have been inverted: faces behind a mosaic are recognised by a network trained on
mosaics (McPherson, Shokri, Shmatikov 2016, "Defeating image obfuscation with
deep learning"). The only fill here is one flat colour computed from pixels
*outside* every mask: whatever was under a mask, the same bytes come out.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from detector.faces import Box

if TYPE_CHECKING:
    import numpy.typing as npt

    from detector.faces import Face, Landmarks, Pixels

    Mask = npt.NDArray[np.bool_]
    """One truth value per pixel: bool, shape (height, width); True is hidden."""

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
_ROUNDED = 2.6
_NEARLY_SQUARE = 8.0

_RING = 1.25
"""The surround that gives the fill reaches so many times farther than the mask."""
_GREY = 128
_CONTRAST = 0.22
"""How far the fill moves from the surround towards black or white. Without it a
head before a wall vanishes, and the picture shows a body without a head."""


@dataclasses.dataclass(frozen=True, slots=True)
class Region:
    """A turned superellipse around one head, in pixels of the upright picture.

    `up` is the unit vector from chin to crown. `across` and `along` are the half
    axes, at right angles to `up` and in its direction. `box` holds every pixel of
    the region that lies in the picture; its right and bottom are exclusive.
    """

    centre: tuple[float, float]
    up: tuple[float, float]
    across: float
    along: float
    exponent: float
    box: Box

    def mask(self) -> Mask:
        """Which pixels of `box` are inside: bool, shape (box.height, box.width).

        A pixel counts when its centre is inside; the half axes hold a margin of
        whole pixels, so a pixel that is only touched counts as well.
        """
        x = np.arange(self.box.left, self.box.right, dtype=np.float64) + 0.5 - self.centre[0]
        y = np.arange(self.box.top, self.box.bottom, dtype=np.float64) + 0.5 - self.centre[1]
        up_x, up_y = self.up
        across = np.abs(x[None, :] * -up_y + y[:, None] * up_x) / self.across
        along = np.abs(x[None, :] * up_x + y[:, None] * up_y) / self.along
        inside: Mask = across**self.exponent + along**self.exponent <= 1.0
        return inside


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Redaction:
    """A picture with heads hidden.

    `pixels` is like `detector.faces.Pixels`, `mask` says which of them were
    replaced: bool, shape (height, width). `regions` are in the order of the
    faces. Both arrays are read-only.
    """

    pixels: Pixels
    mask: Mask
    regions: tuple[Region, ...]


def head_region(face: Face, width: int, height: int) -> Region:
    """The whole head around a detected face: hair, ears, chin, edge of the neck.

    It holds the box with a margin on every side, corners included, however odd
    the landmarks are; and reaches the last row and column where the head does.

    Args:
        face: box and landmarks in pixels of the picture.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
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
    drawn = _Axes(centre, up, across, along, exponent)
    return drawn.stretched(max(1.0, *map(drawn.norm, must_hold))).region(width, height)


def hide(pixels: Pixels, hidden: Sequence[Face]) -> Redaction:
    """A copy of the picture in which the heads are one flat colour each.

    An uncleared head is hidden completely, also where it overlaps the face of a
    cleared neighbour; the neighbour's face outside the region stays. The colour
    is the median of the surround, a little darker or lighter, without any pixel
    of any mask; heads that touch share it. The edge is hard: a soft one would mix
    in pixels of the head.

    Args:
        pixels: RGB picture, uint8, shape (height, width, 3); it is not altered.
        hidden: the faces to hide.
    """
    height, width = pixels.shape[:2]
    regions = tuple(head_region(face, width, height) for face in hidden)
    mask = np.zeros((height, width), dtype=np.bool_)
    for region in regions:
        mask[_window(region.box)][region.mask()] = True
    copy = np.array(pixels, dtype=np.uint8, order="C")
    for group in _touching(regions):
        colour = _fill(pixels, mask, group)
        for region in group:
            copy[_window(region.box)][region.mask()] = colour
    copy.setflags(write=False)
    mask.setflags(write=False)
    return Redaction(copy, mask, regions)


@dataclasses.dataclass(frozen=True, slots=True)
class _Axes:
    """A superellipse before it is clipped to a picture."""

    centre: tuple[float, float]
    up: tuple[float, float]
    across: float
    along: float
    exponent: float

    def norm(self, point: tuple[float, float]) -> float:
        """By how much the axes must be stretched for the point to lie on the edge."""
        x, y = point[0] - self.centre[0], point[1] - self.centre[1]
        across = abs(x * -self.up[1] + y * self.up[0]) / self.across
        along = abs(x * self.up[0] + y * self.up[1]) / self.along
        longest = max(across, along)
        if longest == 0.0:
            return 0.0
        # Divided first: powers of a far point would overflow.
        total = (across / longest) ** self.exponent + (along / longest) ** self.exponent
        return float(longest * total ** (1 / self.exponent))

    def stretched(self, factor: float) -> _Axes:
        """The same shape, larger on every side."""
        return dataclasses.replace(self, across=self.across * factor, along=self.along * factor)

    def region(self, width: int, height: int) -> Region:
        """The part inside a picture of `width` x `height`."""
        up_x, up_y = self.up
        # The bounding box of the turned rectangle around the shape is enough:
        # pixels in it that are outside the shape are not in the mask.
        reach_x = abs(up_y) * self.across + abs(up_x) * self.along
        reach_y = abs(up_x) * self.across + abs(up_y) * self.along
        x, y = self.centre
        box = Box.around(x - reach_x, y - reach_y, x + reach_x, y + reach_y)
        return Region(
            self.centre,
            self.up,
            self.across,
            self.along,
            self.exponent,
            box.clipped(width, height),
        )


def _finite(landmarks: Landmarks) -> bool:
    return all(math.isfinite(number) for point in landmarks.points for number in point)


def _ordered(box: Box) -> Box:
    """The box with its sides in order and at least one pixel inside."""
    left, right = sorted((box.left, box.right))
    top, bottom = sorted((box.top, box.bottom))
    return Box(left, top, max(right, left + 1), max(bottom, top + 1))


def _up(landmarks: Landmarks | None) -> tuple[float, float]:
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


def _middle(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return ((one[0] + other[0]) / 2, (one[1] + other[1]) / 2)


def _size_along(box: Box, up: tuple[float, float]) -> tuple[float, float]:
    """Width and height of the face when `up` is up.

    The box stays upright while the head turns: at a quarter turn its width is
    the height of the face. Between, the ellipse inside the box is measured.
    """
    up_x, up_y = up
    return (
        math.hypot(up_y * box.width, up_x * box.height),
        math.hypot(up_x * box.width, up_y * box.height),
    )


def _behind(
    landmarks: Landmarks | None,
    centre: tuple[float, float],
    up: tuple[float, float],
    face_width: float,
) -> float:
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


def _corners(box: Box, margin: float) -> list[tuple[float, float]]:
    across, along = box.width * margin, box.height * margin
    left, right = box.left - across, box.right + across
    top, bottom = box.top - along, box.bottom + along
    return [(left, top), (right, top), (left, bottom), (right, bottom)]


def _touching(regions: Iterable[Region]) -> list[list[Region]]:
    """The regions in groups whose boxes overlap or adjoin, directly or through others."""
    groups: list[list[Region]] = []
    for region in regions:
        apart: list[list[Region]] = []
        merged = [region]
        for group in groups:
            if any(_adjoin(region.box, other.box) for other in group):
                merged += group
            else:
                apart.append(group)
        groups = [*apart, merged]
    return groups


def _adjoin(one: Box, other: Box) -> bool:
    return bool(Box(one.left - 1, one.top - 1, one.right + 1, one.bottom + 1).intersection(other))


def _fill(pixels: Pixels, mask: Mask, group: Sequence[Region]) -> npt.NDArray[np.uint8]:
    """The colour for a group, from unmasked pixels around it only: uint8, shape (3,)."""
    surround = np.concatenate([_surround(pixels, mask, region) for region in group])
    if not len(surround):
        return np.full(3, _GREY, dtype=np.uint8)
    colour = np.median(surround, axis=0)
    opposite = 0.0 if colour.mean() >= _GREY else 255.0
    fill: npt.NDArray[np.uint8] = np.rint(colour + (opposite - colour) * _CONTRAST).astype(np.uint8)
    return fill


def _surround(pixels: Pixels, mask: Mask, region: Region) -> npt.NDArray[np.uint8]:
    """The unmasked pixels around a region: uint8, shape (n, 3)."""
    height, width = mask.shape
    shape = _Axes(region.centre, region.up, region.across, region.along, region.exponent)
    ring = shape.stretched(_RING).region(width, height)
    seen = ring.mask() & ~mask[_window(ring.box)]
    return pixels[_window(ring.box)][seen]


def _window(box: Box) -> tuple[slice, slice]:
    """The index of a box in an array of shape (height, width, ...)."""
    return slice(box.top, box.bottom), slice(box.left, box.right)
