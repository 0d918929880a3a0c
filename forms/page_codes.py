"""The code in the corner of a page: which form this is, which page, and where it lies."""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from forms.errors import FormUnknownError, SerialInvalidError
from forms.layout import Layout, load_layout
from forms.serials import normalise_serial

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from forms.scans import Grey

    Points = npt.NDArray[np.float64]

_PREFIX = "CLR1/"
_FIELDS = 6
_FINGERPRINT = 8
_LONGEST_SIDE = 2400
"""Pixels at which the code is looked for first; its modules are then 5 to 6 pixels wide."""
_LARGER = 1.7


class Foreign(enum.StrEnum):
    """Why a page is none of our forms."""

    NO_CODE = "no_code"
    OTHER_CODE = "other_code"
    """A code of something else: a letter, a parcel."""
    WRONG_CHECK = "wrong_check"
    """It looks like ours, and its serial cannot be: forged, or another program's."""
    UNKNOWN_FORM = "unknown_form"
    """Of a version that this program never printed, or with another wording."""
    SEVERAL = "several"
    """The codes of several pages: two sheets lay on each other."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class PageCode:
    """What the code of a page says, and its corners in pixels of the scan, float64 (4, 2).

    Corners go from the upper left of the *code* on clockwise.
    """

    serial: str
    layout: Layout
    page: int
    corners: Points


def read_code(grey: Grey) -> PageCode | Foreign:
    """The code of a page; or why it is none of ours."""
    found = _codes(grey)
    ours = {text: corners for text, corners in found if text.startswith(_PREFIX)}
    if not ours:
        return Foreign.OTHER_CODE if found else Foreign.NO_CODE
    if len(ours) > 1:
        return Foreign.SEVERAL
    ((text, corners),) = ours.items()
    return _understood(text, corners)


def _understood(text: str, corners: Points) -> PageCode | Foreign:
    fields = text.split("/")
    if len(fields) != _FIELDS:
        return Foreign.WRONG_CHECK
    _, serial, form, language, page, fingerprint = fields
    template, _, version = form.rpartition("-")
    try:
        serial = normalise_serial(serial)
    except SerialInvalidError:
        return Foreign.WRONG_CHECK
    if not (version.isdecimal() and page.isdecimal() and version.isascii() and page.isascii()):
        return Foreign.UNKNOWN_FORM
    try:
        layout = load_layout(template, int(version), language.lower())
    except FormUnknownError:
        return Foreign.UNKNOWN_FORM
    if (
        layout.fingerprint[:_FINGERPRINT].upper() != fingerprint
        or not 1 <= int(page) <= layout.pages
    ):
        return Foreign.UNKNOWN_FORM
    return PageCode(serial, layout, int(page), corners)


def _codes(grey: Grey) -> list[tuple[str, Points]]:
    """Every QR code, as text and corners; looked for harder until one of ours is there."""
    import zxingcpp

    image = Image.fromarray(grey)
    scale = min(1.0, _LONGEST_SIDE / max(image.size))
    first = image if scale == 1.0 else _resized(image, scale)
    others: list[tuple[str, Points]] = []
    for prepared, factor in _preparations(image, first, scale):
        found = [
            (code.text, _corners(code.position) / factor)
            for code in zxingcpp.read_barcodes(
                np.asarray(prepared), formats=zxingcpp.barcode_formats_from_str("QRCode")
            )
        ]
        if any(text.startswith(_PREFIX) for text, _ in found):
            return found
        others = others or found
    return others


def _preparations(
    image: Image.Image, first: Image.Image, scale: float
) -> Iterator[tuple[Image.Image, float]]:
    """The scan as it may be read better, the cheapest first, with the size of each."""
    yield first, scale
    if scale < 1.0:
        yield image, 1.0
    yield ImageOps.autocontrast(first.filter(ImageFilter.MedianFilter(3)), cutoff=2), scale
    larger = _resized(first, _LARGER)
    yield larger, scale * _LARGER
    yield larger.filter(ImageFilter.UnsharpMask(4, 250, 0)), scale * _LARGER
    yield larger.filter(ImageFilter.GaussianBlur(2)), scale * _LARGER


def _resized(image: Image.Image, factor: float) -> Image.Image:
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2)


def _corners(position: object) -> Points:
    names = ("top_left", "top_right", "bottom_right", "bottom_left")
    points = [getattr(position, name) for name in names]
    return np.array([(point.x, point.y) for point in points], dtype=np.float64)
