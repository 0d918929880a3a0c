"""A second picture inside a photo's file, where it shows something else.

Editors change a photo and forget its thumbnail: who was cut off or covered is
still to be seen in it. A thumbnail that shows the photo itself needs no look.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import ExifTags, Image

from detector.errors import PhotoUnreadableError

if TYPE_CHECKING:
    import numpy.typing as npt

    from detector.faces import Pixels

_JPEG = b"\xff\xd8"
_EXIF_HEADER = b"Exif\x00\x00"
_OFFSET, _LENGTH = 513, 514  # JPEGInterchangeFormat, JPEGInterchangeFormatLength

_MAX_PIXELS = 4_000_000
"""A thumbnail is 160 x 120; one far larger is no thumbnail."""

_BLOCK = 8
_SAME_BLOCK = 32.0
"""Largest difference of a block's mean colour, out of 255, in a thumbnail of its photo.

Thirteen cameras and programs: 3 to 23; a covered face: 102.
"""

_EDGE = 2
"""Pixels of the thumbnail's border that are not compared: a bar may reach into them."""

_SAME_SHAPE = 1.02
"""Ratio of the two aspect ratios up to which nothing was cut off."""


def stale_thumbnail(image: Image.Image, shown: Pixels) -> Pixels | None:
    """The thumbnail of `image` if it shows anything but `shown`, uint8 (h, w, 3); else None.

    Raises:
        PhotoUnreadableError: there is one and it cannot be read.
    """
    data = _embedded(image)
    if data is None:
        return None
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as opened:
            if opened.width * opened.height > _MAX_PIXELS:
                raise PhotoUnreadableError(
                    "its embedded preview is too large; open it and save it again as JPEG or PNG"
                )
            thumbnail = opened.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise PhotoUnreadableError(
            "its embedded preview is damaged; open it and save it again as JPEG or PNG"
        ) from error
    return _another(np.asarray(thumbnail), shown)


def another_picture(opened: Image.Image, shown: Pixels) -> Pixels | None:
    """A second picture of a file if it shows anything but `shown`, uint8 (h, w, 3); else None.

    Raises:
        Exception: what the decoder raises.
    """
    return _another(np.asarray(opened.convert("RGB")), shown)


def _another(second: Pixels, shown: Pixels) -> Pixels | None:
    """The second picture, turned as it fits best, if it shows something else."""
    # A thumbnail lies as the camera held the sensor, and not every program that
    # turns the photo says so: the turn that fits is the right one.
    turned = [_without_bars(np.rot90(second, turns), shown) for turns in range(4)]
    differences = [_difference(one, shown) for one in turned]
    best = int(np.argmin(differences))
    return None if differences[best] <= _SAME_BLOCK else np.ascontiguousarray(turned[best])


def _embedded(image: Image.Image) -> bytes | None:
    """The bytes of the JPEG thumbnail, or None where there is none."""
    raw = image.info.get("exif")
    if not isinstance(raw, bytes):
        return None
    tags = image.getexif().get_ifd(ExifTags.IFD.IFD1)
    offset, length = tags.get(_OFFSET), tags.get(_LENGTH)
    if not isinstance(offset, int) or not isinstance(length, int):
        return None
    data = raw.removeprefix(_EXIF_HEADER)[offset : offset + length]
    return data if data.startswith(_JPEG) else None


def _without_bars(thumbnail: Pixels, shown: Pixels) -> Pixels:
    """The middle of the thumbnail, in the shape of the photo.

    Cameras put a 3:2 photo between black bars into a 4:3 thumbnail.
    """
    height, width = thumbnail.shape[:2]
    wanted = shown.shape[1] / shown.shape[0]
    if width / height > wanted * _SAME_SHAPE:
        inner = max(1, round(height * wanted))
        left = (width - inner) // 2
        return thumbnail[:, left : left + inner]
    if width / height < wanted / _SAME_SHAPE:
        inner = max(1, round(width / wanted))
        top = (height - inner) // 2
        return thumbnail[top : top + inner]
    return thumbnail


def _difference(thumbnail: Pixels, shown: Pixels) -> float:
    """The largest difference between the mean colours of two blocks, out of 255."""
    height, width = thumbnail.shape[:2]
    reduced = Image.fromarray(shown).resize((width, height), Image.Resampling.BOX, reducing_gap=2)
    inner = np.s_[_EDGE:-_EDGE, _EDGE:-_EDGE] if min(height, width) > _BLOCK else np.s_[:, :]
    here, there = _block_means(thumbnail[inner]), _block_means(np.asarray(reduced)[inner])
    return float(np.abs(here - there).max())


def _block_means(pixels: Pixels) -> npt.NDArray[np.float64]:
    height, width = pixels.shape[:2]
    rows = np.add.reduceat(pixels.astype(np.float64), range(0, height, _BLOCK), axis=0)
    sums = np.add.reduceat(rows, range(0, width, _BLOCK), axis=1)
    ones = np.ones((height, width, 1))
    areas = np.add.reduceat(
        np.add.reduceat(ones, range(0, height, _BLOCK), axis=0), range(0, width, _BLOCK), axis=1
    )
    means: npt.NDArray[np.float64] = sums / areas
    return means
