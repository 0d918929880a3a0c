"""How pictures of a video move: the camera as a whole, and one head from frame to frame.

Both are asked of small pictures of brightness alone. They say where the same pixels are again,
never whose face they show.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

if TYPE_CHECKING:
    from detector.video_frames import Plane

    Floats = npt.NDArray[np.float64]
    Grey = npt.NDArray[np.float32]

SMALL_SIDE = 640
"""The longer side of a small picture, at most: a face of 24 pixels in 1920 x 1080 still has 8,
and a second of such pictures takes 6 MB."""

_CAMERA_SIDE = 160
"""The longer side of the pictures from which the camera's motion is read, about."""

_PATCH = 24
"""Pixels across of a patch that is searched for, at most: more tells no more, and takes longer."""

_LEAST_PATCH = 6
_LEAST_DETAIL = 2.0
"""Standard deviation in steps of 255 below which a patch looks like any even ground."""

_AROUND = 0.08
"""Share of a box that is added on every side: hair and outline tell more than the cheek."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class SmallPicture:
    """A frame's brightness at a fraction of its size.

    Attributes:
        grey: float32 (rows, columns), 0 to 255.
        factor: so many pixels of the frame are one of it, across and down.
    """

    grey: Grey
    factor: int

    @classmethod
    def of(cls, y: Plane) -> SmallPicture:
        """The small picture of a frame whose brightness is `y`."""
        factor = max(1, math.ceil(max(y.shape) / SMALL_SIDE))
        return cls(_reduced(y, factor), factor)


@dataclasses.dataclass(frozen=True, slots=True)
class Shift:
    """A motion in pixels of the frame, right and down, and how certain it is, 0 to 1."""

    right: float = 0.0
    down: float = 0.0
    certainty: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Spectrum:
    grey: Grey
    transformed: npt.NDArray[np.complex128]
    factor: int


class Camera:
    """Says from one picture to the next how the whole of it moved."""

    def __init__(self) -> None:
        self._before: _Spectrum | None = None

    def moved(self, picture: SmallPicture) -> Shift:
        """The motion since the picture before; none for the first, or where nothing fits.

        Phase correlation (Kuglin and Hines 1975): the peak is believed only if the pictures,
        laid over each other there, are more alike than where they are.
        """
        after = _spectrum(picture)
        before, self._before = self._before, after
        if before is None or before.grey.shape != after.grey.shape:
            return Shift()
        cross = after.transformed * before.transformed.conj()
        surface = np.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-9), s=after.grey.shape)
        rows, columns = after.grey.shape
        row, column = np.unravel_index(int(surface.argmax()), surface.shape)
        down = float(_peak(surface[:, column], int(row)))
        right = float(_peak(surface[row], int(column)))
        down -= rows if down > rows / 2 else 0
        right -= columns if right > columns / 2 else 0
        there = _overlaid(before.grey, after.grey, round(right), round(down))
        if there <= _overlaid(before.grey, after.grey, 0, 0):
            return Shift(0.0, 0.0, 1.0)
        if there <= 0:
            return Shift()
        return Shift(right * after.factor, down * after.factor, min(1.0, there))

    def cut(self) -> None:
        """Another scene begins with the picture that comes next."""
        self._before = None


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """The pixels of a head, to be found again: where it was, and in which small picture."""

    picture: SmallPicture
    box: tuple[float, float, float, float]


@dataclasses.dataclass(frozen=True, slots=True)
class FoundPatch:
    """Where a patch is again: left, top, right, bottom in the frame, and how alike, 0 to 1."""

    box: tuple[float, float, float, float]
    certainty: float


def follow(
    patch: Patch, picture: SmallPicture, near: tuple[float, float], reach: float
) -> FoundPatch:
    """The place in another picture that is most like the patch.

    Normalised cross-correlation (Lewis 1995) at one size: from frame to frame a head hardly
    grows. A patch without detail is found nowhere: its certainty is 0.

    Args:
        patch: what is looked for.
        picture: where.
        near: the motion that is expected, right and down, in pixels of the frame.
        reach: how far from there it may be, in pixels of the frame.
    """
    left, top, right, bottom = patch.box
    across, down = (right - left) * (1 + 2 * _AROUND), (bottom - top) * (1 + 2 * _AROUND)
    step = max(1, math.floor(max(across, down) / patch.picture.factor / _PATCH))
    unit = patch.picture.factor * step
    x, y = (left + right) / 2, (top + bottom) / 2
    width = max(_LEAST_PATCH, round(across / unit))
    height = max(_LEAST_PATCH, round(down / unit))
    margin = max(2, math.ceil(reach / unit))
    head = _cut(patch.picture.grey, x / unit, y / unit, (width, height), step)
    there_x, there_y = (x + near[0]) / unit, (y + near[1]) / unit
    window = _cut(picture.grey, there_x, there_y, (width + 2 * margin, height + 2 * margin), step)
    if head.std() < _LEAST_DETAIL:
        return FoundPatch(_moved(patch.box, *near), 0.0)
    alike = _correlation(window, head)
    row, column = np.unravel_index(int(alike.argmax()), alike.shape)
    moved_x = (_peak(alike[row], int(column)) - margin) * unit + near[0]
    moved_y = (_peak(alike[:, column], int(row)) - margin) * unit + near[1]
    return FoundPatch(
        _moved(patch.box, moved_x, moved_y), float(np.clip(alike[row, column], 0.0, 1.0))
    )


def _moved(
    box: tuple[float, float, float, float], right: float, down: float
) -> tuple[float, float, float, float]:
    return box[0] + right, box[1] + down, box[2] + right, box[3] + down


def _cut(grey: Grey, x: float, y: float, size: tuple[int, int], step: int) -> Grey:
    """Pixels around a place; one of `step` squared each. The edge goes on beyond the picture."""
    columns = np.clip(
        round(x * step - size[0] * step / 2) + np.arange(size[0] * step), 0, grey.shape[1] - 1
    )
    rows = np.clip(
        round(y * step - size[1] * step / 2) + np.arange(size[1] * step), 0, grey.shape[0] - 1
    )
    part = grey[np.ix_(rows, columns)]
    if step > 1:
        part = part.reshape(size[1], step, size[0], step).mean(axis=(1, 3))
    cut: Grey = part
    return cut


def _correlation(window: Grey, head: Grey) -> Floats:
    """Of the head with every place of the window: (rows, columns) of places, -1 to 1."""
    rows, columns = window.shape[0] - head.shape[0] + 1, window.shape[1] - head.shape[1] + 1
    # Taken from the mean first: differences of large sums lose digits.
    wide = window.astype(np.float64) - float(window.mean())
    small = head.astype(np.float64) - float(head.mean())
    product = np.fft.irfft2(
        np.fft.rfft2(wide) * np.fft.rfft2(small, s=wide.shape).conj(), s=wide.shape
    )[:rows, :columns]
    count = small.size
    variance = _sums(np.square(wide), head.shape) - np.square(_sums(wide, head.shape)) / count
    length = np.sqrt(np.maximum(variance, count * _LEAST_DETAIL**2) * np.square(small).sum())
    alike: Floats = product / length
    return alike


def _sums(values: Floats, size: tuple[int, ...]) -> Floats:
    """Sums over every rectangle of that size."""
    total = np.zeros((values.shape[0] + 1, values.shape[1] + 1))
    total[1:, 1:] = values.cumsum(axis=0).cumsum(axis=1)
    high, wide = size
    sums: Floats = (
        total[high:, wide:] - total[:-high, wide:] - total[high:, :-wide] + total[:-high, :-wide]
    )
    return sums


def _peak(line: npt.NDArray[np.floating], at: int) -> float:
    """The top of the parabola through a largest value and its neighbours."""
    if not 0 < at < len(line) - 1:
        return float(at)
    before, top, after = (float(line[at + n]) for n in (-1, 0, 1))
    bend = before - 2 * top + after
    return at + (before - after) / (2 * bend) if bend < 0 else float(at)


def _spectrum(picture: SmallPicture) -> _Spectrum:
    step = max(1, round(max(picture.grey.shape) / _CAMERA_SIDE))
    rows, columns = (side // step * step for side in picture.grey.shape)
    grey = picture.grey[:rows, :columns]
    grey = grey.reshape(rows // step, step, columns // step, step).mean(axis=(1, 3))
    # Faded out towards the edges, or these count as detail that stands still.
    window = np.outer(np.hanning(grey.shape[0]), np.hanning(grey.shape[1]))
    transformed = np.fft.rfft2((grey - grey.mean()) * window)
    return _Spectrum(grey, transformed, picture.factor * step)


def _overlaid(before: Grey, after: Grey, right: int, down: int) -> float:
    """How alike the parts are that lie over each other, -1 to 1."""
    rows, columns = before.shape
    if abs(right) > columns // 2 or abs(down) > rows // 2:
        return -1.0
    one = before[max(0, -down) : rows - max(0, down), max(0, -right) : columns - max(0, right)]
    two = after[max(0, down) : rows + min(0, down), max(0, right) : columns + min(0, right)]
    return alike(one, two)


def alike(one: npt.NDArray[np.floating], two: npt.NDArray[np.floating]) -> float:
    """The correlation of two pictures of one shape, -1 to 1; 0 where one is even."""
    first, second = one - one.mean(), two - two.mean()
    length = math.sqrt(float(np.square(first).sum()) * float(np.square(second).sum()))
    return float((first * second).sum()) / length if length > 0 else 0.0


def _reduced(y: Plane, factor: int) -> Grey:
    image = Image.fromarray(np.ascontiguousarray(y))
    return np.asarray(image.reduce(factor) if factor > 1 else image, dtype=np.float32)
