"""Answers that are no pages: files to save, and pictures that are shown."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image
from starlette.responses import Response

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_LONGER_SIDE = 1800
_KINDS = {
    ".pdf": "application/pdf",
    ".zip": "application/zip",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".svg": "image/svg+xml",
}


def download(data: bytes, name: str) -> Response:
    """A file to save, never shown in a page.

    Args:
        data: what is in it.
        name: of ours: letters, digits, dashes and one ending.
    """
    suffix = name[name.rfind(".") :]
    return Response(
        data,
        media_type=_KINDS.get(suffix, "application/octet-stream"),
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def picture(pixels: npt.NDArray[np.uint8], longer_side: int = _LONGER_SIDE) -> Response:
    """Pixels as a picture in a page: encoded anew, whatever the file was that they come from.

    Args:
        pixels: grey (height, width) or RGB (height, width, 3), 0 to 255.
        longer_side: in pixels; larger ones are made smaller.
    """
    image = Image.fromarray(pixels)
    image.thumbnail((longer_side, longer_side))
    return png(image)


def png(image: Image.Image) -> Response:
    """A picture in a page."""
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return Response(stream.getvalue(), media_type="image/png")


def plain(text: str) -> str:
    """A text as part of a file's name: letters, digits and dashes of ASCII."""
    kept = "".join(char if char.isascii() and char.isalnum() else "-" for char in text)
    return kept.strip("-")[:64] or "file"
