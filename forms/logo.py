"""The institution's sign on what is printed."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image
from reportlab.lib.utils import ImageReader

from detector.errors import DetectorError
from detector.photo import open_photo
from forms.errors import LogoUnreadableError

if TYPE_CHECKING:
    from pathlib import Path

    from reportlab.pdfgen.canvas import Canvas

_SIDE = 900
"""Longer side in pixels at which a logo is kept: 600 dpi at the size that is printed."""


class Logo:
    """A picture that keeps its shape; white shows where it was transparent."""

    def __init__(self, image: Image.Image) -> None:
        self._size = image.size
        stream = io.BytesIO()
        image.save(stream, "PNG")
        stream.seek(0)
        self._reader = ImageReader(stream)

    def draw(
        self, canvas: Canvas, right: float, bottom: float, width: float, height: float
    ) -> None:
        """Draw it as large as the room lets, at the right edge of it, in points."""
        factor = min(width / self._size[0], height / self._size[1])
        across, up = self._size[0] * factor, self._size[1] * factor
        low = bottom + (height - up) / 2
        canvas.drawImage(self._reader, right - across, low, across, up)


def read_logo(folder: Path, name: str) -> Logo | None:
    """The logo that the settings name, a file in the folder of the registry; None for none.

    Raises:
        LogoUnreadableError: it lies elsewhere, is not there, or is no picture.
    """
    if not name:
        return None
    untrusted_path = folder / name
    if untrusted_path.resolve().parent != folder.resolve():
        raise LogoUnreadableError(
            "The logo {name!r} must lie in the folder of the registry, with no folder before it.",
            name=name,
        )
    try:
        frame = open_photo(untrusted_path)
    except DetectorError as error:
        raise LogoUnreadableError("The logo cannot be used: {cause}", cause=error) from error
    image = Image.fromarray(frame.pixels)
    image.thumbnail((_SIDE, _SIDE), reducing_gap=3)
    return Logo(image)
