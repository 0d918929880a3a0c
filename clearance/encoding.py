"""A picture as the bytes of a file: which format, how finely, and nothing else inside."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from clearance.containers import NOTHING, Carried, embed_options
from clearance.errors import ExportError

if TYPE_CHECKING:
    from detector.faces import Pixels

FINEST, COARSEST = 100, 70
"""Qualities that may be asked for: below, a codec's own noise could pass for a mistake."""


@dataclasses.dataclass(frozen=True, slots=True)
class Encoding:
    """How a copy is written; `exact` when every pixel survives."""

    suffix: str
    format: str
    options: Mapping[str, object]
    exact: bool = False

    def at(self, quality: int | None) -> Encoding:
        """The same format at another quality; one that keeps every pixel has none."""
        if quality is None or self.exact:
            return self
        return dataclasses.replace(self, options={**self.options, "quality": quality})


# At these settings a copy is as sharp as a photo straight from a camera. 4:4:4
# keeps the colour of every pixel: the edge of a mask stays clean, and no colour
# of its neighbours is spread over it. Without `optimize`, whose buffer in Pillow
# is too small for very noisy pictures.
_JPEG = Encoding(".jpg", "JPEG", {"quality": 92, "subsampling": "4:4:4"})
_PNG = Encoding(".png", "PNG", {}, exact=True)
_WEBP = Encoding(".webp", "WEBP", {"quality": 92})
_AVIF = Encoding(".avif", "AVIF", {"quality": 90, "subsampling": "4:4:4"})
FORMATS = {"jpg": _JPEG, "png": _PNG, "webp": _WEBP, "avif": _AVIF}
"""What a copy may be, by the name that a person gives it."""
# TIFF, HEIC, BMP and multi-picture files are formats of work: a copy is for
# publication, and JPEG is what every channel takes.
_KEPT = {".png": _PNG, ".webp": _WEBP, ".avif": _AVIF}


def encoding_of(path: Path, wanted: str | None = None) -> Encoding:
    """The encoding that belongs to a name, or the one of FORMATS that is wanted."""
    return FORMATS[wanted] if wanted else _KEPT.get(path.suffix.lower(), _JPEG)


def encode(pixels: Pixels, encoding: Encoding, carried: Carried = NOTHING) -> bytes:
    """A whole file that holds the pixels and what is carried, and nothing else.

    Args:
        pixels: uint8, shape (height, width, 3).
        encoding: the format.
        carried: the metadata and the colour profile that were composed for it.

    Raises:
        ExportError: the format cannot hold a picture of this size.
    """
    buffer = io.BytesIO()
    extra = embed_options(encoding.format, carried)
    try:
        # A new image has no `info`: nothing of the source can be passed on.
        Image.fromarray(pixels).save(buffer, encoding.format, **encoding.options, **extra)
    except (OSError, ValueError) as error:
        height, width = pixels.shape[:2]
        raise ExportError(
            "{format} cannot hold a picture of {width} x {height} pixels "
            "({reason}): export a smaller version of the photo.",
            format=encoding.format,
            width=width,
            height=height,
            reason=str(error),
        ) from error
    return buffer.getvalue()
