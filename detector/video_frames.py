"""One picture of a video, as it is judged and exported: planes, colours, time.

Frames stay in the form in which codecs keep them, one plane of brightness and two of colour at
half the width and height: what is not hidden is written again bit by bit as it was read, and the
picture of half the size, in which most faces are looked for, costs next to nothing.
"""

from __future__ import annotations

import dataclasses
import enum
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from detector.faces import Box

if TYPE_CHECKING:
    from detector.faces import Pixels

    Plane = npt.NDArray[np.uint8]
    """Samples of one kind: uint8, shape (rows, columns), C-contiguous."""


class ColourMatrix(enum.StrEnum):
    """How brightness and colour differences are made of red, green and blue."""

    BT601 = "bt601"
    """ITU-R BT.601: standard definition, and JPEG."""
    BT709 = "bt709"
    """ITU-R BT.709: high definition."""


# The shares of red and blue in brightness: ITU-R BT.601-7 and BT.709-6, table 3.
_WEIGHTS = {ColourMatrix.BT601: (0.299, 0.114), ColourMatrix.BT709: (0.2126, 0.0722)}


@dataclasses.dataclass(frozen=True, slots=True)
class Colours:
    """What the samples of a video of 8 bits mean.

    Attributes:
        matrix: see `ColourMatrix`.
        full_range: whether brightness fills 0 to 255; else black is 16 and white 235.
    """

    matrix: ColourMatrix = ColourMatrix.BT709
    full_range: bool = False

    def to_rgb(self) -> tuple[float, ...]:
        """The 3 x 4 matrix, by rows, from (Y, Cb, Cr, 1) to red, green and blue, 0 to 255."""
        red, blue = _WEIGHTS[self.matrix]
        green = 1 - red - blue
        bright, differ, black = (1.0, 1.0, 0.0) if self.full_range else (255 / 219, 255 / 224, 16.0)
        by_blue, by_red = 2 * (1 - blue) * differ, 2 * (1 - red) * differ
        rows = (
            (0.0, by_red),
            (-by_blue * blue / green, -by_red * red / green),
            (by_blue, 0.0),
        )
        numbers: list[float] = []
        for cb, cr in rows:
            numbers += [bright, cb, cr, -bright * black - 128 * (cb + cr)]
        return tuple(numbers)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class VideoFrame:
    """One picture of a video, upright and with square pixels.

    Attributes:
        index: its number, from 0, in the order in which pictures are shown.
        time: when it is shown, in seconds; exact, and strictly growing with the index.
        y: brightness, uint8, shape (height, width); both even.
        cb: colour difference to blue, uint8, shape (height / 2, width / 2).
        cr: colour difference to red, the same.
        colours: what the samples mean.
    """

    index: int
    time: Fraction
    y: Plane
    cb: Plane
    cr: Plane
    colours: Colours

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.y.shape[0])

    def rgb(self, box: Box | None = None) -> Pixels:
        """The picture, or a part of it, at its own size.

        Args:
            box: the part, inside the picture, to the pixel; None for all of it.
        """
        box = box or Box(0, 0, self.width, self.height)
        # Samples of colour lie between those of brightness: whole ones around the part.
        left, top = box.left // 2, box.top // 2
        right, bottom = -(-box.right // 2), -(-box.bottom // 2)
        rows, columns = slice(2 * top, 2 * bottom), slice(2 * left, 2 * right)
        y = self.y[rows, columns]
        size = (y.shape[1], y.shape[0])
        cb, cr = (
            Image.fromarray(np.ascontiguousarray(plane[top:bottom, left:right])).resize(
                size, Image.Resampling.BILINEAR
            )
            for plane in (self.cb, self.cr)
        )
        pixels = self._converted(Image.fromarray(np.ascontiguousarray(y)), cb, cr)
        shift_x, shift_y = box.left - 2 * left, box.top - 2 * top
        part = pixels[shift_y : shift_y + box.height, shift_x : shift_x + box.width]
        return np.ascontiguousarray(part)

    def half(self) -> Pixels:
        """The whole picture at half its width and height: the samples of colour as they are."""
        y = Image.fromarray(self.y).reduce(2)
        return self._converted(y, Image.fromarray(self.cb), Image.fromarray(self.cr))

    def _converted(self, y: Image.Image, cb: Image.Image, cr: Image.Image) -> Pixels:
        # Pillow's own conversion knows one matrix and one range only.
        planes = Image.merge("RGB", (y, cb, cr))
        return np.asarray(planes.convert("RGB", self.colours.to_rgb()))
