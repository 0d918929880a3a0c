"""The face beside its verdict: only whom the report may show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from reportlab.lib.units import mm
from reportlab.platypus import Flowable

from clearance.placement import Placement
from clearance.redaction import hide
from detector.errors import DetectorError
from detector.faces import Box
from forms.report_parts import (
    COLOURS,
    RULE,
    SHADE,
    SHOWN,
    as_jpeg,
    draw_image,
    draw_sign,
    is_the_judged_one,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from clearance.results import FaceResult, Outcome, PhotoResult
    from detector.faces import Frame, Pixels
    from forms.clearance_report import OpenPhoto

_AROUND = 0.35
"""How much of a face's width and height is shown around it on each side."""
_SIDE, _SIGN = 12 * mm, 7 * mm
"""Sides of what stands in the table: a face, or a sign in place of one."""
_LONGEST = 160
"""Longer side of a crop in pixels: enough to compare it with the picture."""


def face_crop(frame: Frame, result: PhotoResult, face: FaceResult) -> Pixels | None:
    """The face and a little around it; every uncleared head in it is hidden.

    None for a face that must not be seen, or that lies in a hidden picture of the file:
    in its place the visible one shows something else. As in `thumbnail` it is made small
    first, and never larger than what was judged.
    """
    if face.outcome not in SHOWN or face.face.view:
        return None
    box = face.face.box
    wide, high = round(box.width * _AROUND), round(box.height * _AROUND)
    part = Box(box.left - wide, box.top - high, box.right + wide, box.bottom + high).clipped(
        frame.width, frame.height
    )
    if not part.area:
        return None
    scale = min(
        result.rendition.scale if result.rendition else 1.0,
        _LONGEST / max(part.width, part.height),
    )
    size = max(1, round(part.width * scale)), max(1, round(part.height * scale))
    image = Image.fromarray(frame.pixels[part.top : part.bottom, part.left : part.right])
    small = np.asarray(image.resize(size, Image.Resampling.BOX))
    uncleared = (one.face for one in result.faces if one.outcome not in SHOWN)
    return hide(small, Placement(part, *size).faces(uncleared)).pixels


def opening_once(open_photo: OpenPhoto) -> OpenPhoto:
    """Opens a picture once for all that is drawn of it, one after the other.

    The last one is kept, so that an album needs the memory of one picture.
    """
    last: dict[Path, Frame] = {}

    def opened(path: Path) -> Frame:
        if path not in last:
            last.clear()
            last[path] = open_photo(path)
        return last[path]

    return opened


class Crop(Flowable):
    """A face in a cell of a table; for one that must not be seen its verdict's sign.

    The pixels are asked for only while it is drawn, and only of whoever may be seen.
    """

    def __init__(self, outcome: Outcome, pixels: Callable[[], Pixels | None]) -> None:
        super().__init__()
        self._outcome = outcome
        self._take = pixels
        self.width = self.height = _SIDE if outcome in SHOWN else _SIGN

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        """Its size, whatever the room."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw it with its lower left corner at the origin."""
        canvas, side = self.canv, self.width
        pixels = self._take() if self._outcome in SHOWN else None
        if pixels is None:
            canvas.setFillColor(SHADE)
            canvas.setStrokeColor(RULE)
            canvas.setLineWidth(0.5)
            canvas.rect(0, 0, side, side, stroke=1, fill=1)
            draw_sign(canvas, self._outcome, side * 0.3, side * 0.3, side * 0.4)
            return
        high, wide = pixels.shape[:2]
        scale = side / max(high, wide)
        width, height = wide * scale, high * scale
        draw_image(canvas, as_jpeg(pixels), 0, side - height, width, height)
        canvas.setStrokeColor(COLOURS[self._outcome])
        canvas.setLineWidth(0.8)
        canvas.rect(0, side - height, width, height, stroke=1, fill=0)


class FaceCrop(Crop):
    """A face of a photo."""

    def __init__(
        self,
        result: PhotoResult,
        face: FaceResult,
        open_photo: Callable[[Path], Frame],
    ) -> None:
        super().__init__(face.outcome, self._pixels)
        self._result = result
        self._face = face
        self._open_photo = open_photo

    def _pixels(self) -> Pixels | None:
        try:
            frame = self._open_photo(self._result.path)
        except (DetectorError, OSError):
            return None
        if not is_the_judged_one(frame, self._result):
            return None
        return face_crop(frame, self._result, self._face)
