"""A picture that shows a person where a copy failed its checks. It is not for publication."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from consent.files import write_whole

if TYPE_CHECKING:
    from clearance.verification import Written
    from detector.faces import Box

_RED, _WHITE = (220, 20, 30), (255, 255, 255)
_LONGEST = 1600
"""Longer edge of the picture, in pixels: enough to see what is meant on a screen."""


def write_explanation(folder: Path, written: Written, where: Sequence[Box]) -> Path:
    """Draw a red frame around every place that gave the copy away.

    It shows what the refused copy would have shown, so that only its owner may read it.

    Args:
        folder: made if it is not there.
        written: the copy that was refused.
        where: boxes in pixels of the copy.

    Raises:
        OSError: it cannot be written.
    """
    image = Image.fromarray(written.redaction.pixels)
    draw = ImageDraw.Draw(image)
    width = max(2, max(image.size) // 300)
    for box in where:
        around = (
            box.left - 3 * width,
            box.top - 3 * width,
            box.right + 3 * width,
            box.bottom + 3 * width,
        )
        draw.rectangle(around, outline=_WHITE, width=2 * width)
        draw.rectangle(around, outline=_RED, width=width)
    image.thumbnail((_LONGEST, _LONGEST))
    content = io.BytesIO()
    image.save(content, "PNG")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{written.photo.path.stem}.explain.png"
    write_whole(path, content.getvalue())
    return path
