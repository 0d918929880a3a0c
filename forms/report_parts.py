"""What a report is made of: verdict signs and pictures in which nobody uncleared is seen."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image
from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable

from clearance.redaction import hide
from clearance.results import Outcome
from detector.errors import DetectorError
from forms.typeface import BOLD, REGULAR

if TYPE_CHECKING:
    from collections.abc import Callable

    from reportlab.pdfgen.canvas import Canvas

    from clearance.results import PhotoResult
    from detector.faces import Box, Frame, Pixels
    from forms.clearance_report import OpenPhoto

INK = HexColor("#1f2933")
ACCENT = HexColor("#12466b")
FAINT = HexColor("#5a646c")
RULE = HexColor("#c3cbd1")
SHADE = HexColor("#f2f5f7")

COLOURS = {
    Outcome.CLEARED: HexColor("#1b7f4b"),
    Outcome.EXEMPT: HexColor("#1f6fa8"),
    Outcome.NOT_RECOGNISABLE: HexColor("#66707a"),
    Outcome.REDACTED: HexColor("#3d3f8f"),
    Outcome.REVIEW: HexColor("#b26a00"),
    Outcome.BLOCKED: HexColor("#b4232a"),
    Outcome.FAILED: HexColor("#7a1f5c"),
}

SHOWN = frozenset({Outcome.CLEARED, Outcome.EXEMPT, Outcome.NOT_RECOGNISABLE})
"""Faces that may be seen in a report. Any other is hidden, as it will be in print."""

_PIXELS_PER_POINT = 220 / 72
_JPEG_QUALITY = 82


class VerdictSign(Flowable):
    """A small sign for an outcome. Each has its own shape: some readers see no red and green."""

    def __init__(self, outcome: Outcome, size: float = 9) -> None:
        super().__init__()
        self.outcome = outcome
        self.width = self.height = size

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        """Its size, whatever the room."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw it with its lower left corner at the origin."""
        draw_sign(self.canv, self.outcome, 0, 0, self.width)


def draw_sign(canvas: Canvas, outcome: Outcome, left: float, bottom: float, size: float) -> None:
    """Draw an outcome's sign."""
    canvas.saveState()
    canvas.translate(left, bottom)
    canvas.scale(size / 10, size / 10)
    canvas.setFillColor(COLOURS[outcome])
    canvas.setStrokeColor(white)
    canvas.setLineWidth(1.4)
    canvas.setLineCap(1)
    _SIGNS[outcome](canvas)
    canvas.restoreState()


def _tick(canvas: Canvas) -> None:
    canvas.circle(5, 5, 5, stroke=0, fill=1)
    canvas.lines([(2.6, 5.0, 4.3, 3.2), (4.3, 3.2, 7.5, 6.9)])


def _ring(canvas: Canvas) -> None:
    canvas.circle(5, 5, 5, stroke=0, fill=1)
    canvas.circle(5, 5, 2.3, stroke=1, fill=0)


def _dash(canvas: Canvas) -> None:
    canvas.circle(5, 5, 5, stroke=0, fill=1)
    canvas.line(2.8, 5, 7.2, 5)


def _bar(canvas: Canvas) -> None:
    canvas.rect(0.4, 0.4, 9.2, 9.2, stroke=0, fill=1)
    canvas.setLineWidth(2.6)
    canvas.setLineCap(0)
    canvas.line(2, 5.6, 8, 5.6)


def _question(canvas: Canvas) -> None:
    _polygon(canvas, (5, -0.6), (10.6, 5), (5, 10.6), (-0.6, 5))
    _letter(canvas, "?")


def _cross(canvas: Canvas) -> None:
    _polygon(canvas, (3, 0), (7, 0), (10, 3), (10, 7), (7, 10), (3, 10), (0, 7), (0, 3))
    canvas.lines([(3.1, 3.1, 6.9, 6.9), (3.1, 6.9, 6.9, 3.1)])


def _warning(canvas: Canvas) -> None:
    _polygon(canvas, (-0.4, 0), (10.4, 0), (5, 10))
    _letter(canvas, "!", bottom=1.3)


def _polygon(canvas: Canvas, *points: tuple[float, float]) -> None:
    path = canvas.beginPath()
    path.moveTo(*points[0])
    for point in points[1:]:
        path.lineTo(*point)
    path.close()
    canvas.drawPath(path, stroke=0, fill=1)


def _letter(canvas: Canvas, letter: str, *, bottom: float = 2.3) -> None:
    canvas.setFillColor(white)
    canvas.setFont(BOLD, 7.5)
    canvas.drawCentredString(5, bottom, letter)


_SIGNS: dict[Outcome, Callable[[Canvas], None]] = {
    Outcome.CLEARED: _tick,
    Outcome.EXEMPT: _ring,
    Outcome.NOT_RECOGNISABLE: _dash,
    Outcome.REDACTED: _bar,
    Outcome.REVIEW: _question,
    Outcome.BLOCKED: _cross,
    Outcome.FAILED: _warning,
}


class Picture(Flowable):
    """A picture with its faces numbered, and every uncleared face hidden.

    The file is opened only while it is drawn, so that an album of any length
    needs the memory of one picture. `missing` and `changed` are said in place of
    a picture that cannot be opened, or is no longer the one that was judged.
    """

    def __init__(
        self,
        result: PhotoResult,
        open_photo: OpenPhoto,
        room: tuple[float, float],
        *,
        missing: str,
        changed: str,
    ) -> None:
        super().__init__()
        self._result = result
        self._open_photo = open_photo
        self._missing = missing
        self._changed = changed
        width, height = result.width or 4, result.height or 3
        self._scale = min(room[0] / width, room[1] / height)
        self.width = max(width * self._scale, 8)
        self.height = max(height * self._scale, 8)

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        """Its size, whatever the room."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw it with its lower left corner at the origin."""
        try:
            frame = self._open_photo(self._result.path)
        except (DetectorError, OSError):
            self._draw_words(self._missing)
            return
        if not is_the_judged_one(frame, self._result):
            # The boxes belong to other pixels: they would hide the wrong places.
            self._draw_words(self._changed)
            return
        pixels = thumbnail(frame, self._result, _PIXELS_PER_POINT * self._scale)
        draw_image(self.canv, as_jpeg(pixels), 0, 0, self.width, self.height)
        self._draw_outlines()

    def _draw_words(self, words: str) -> None:
        self.canv.setStrokeColor(RULE)
        self.canv.setFillColor(SHADE)
        self.canv.rect(0, 0, self.width, self.height, stroke=1, fill=1)
        self.canv.setFillColor(FAINT)
        size = min(8.0, 8.0 * (self.width - 6) / max(stringWidth(words, REGULAR, 8), 1))
        self.canv.setFont(REGULAR, max(size, 1))
        self.canv.drawCentredString(self.width / 2, self.height / 2 - 3, words)

    def _draw_outlines(self) -> None:
        tag = 5.0 if len(self._result.faces) > _CROWD else 7.0
        # Outlines first: no outline then crosses a number.
        for face in self._result.faces:
            _draw_outline(self.canv, self._placed(face.face.box), COLOURS[face.outcome])
        for number, face in enumerate(self._result.faces, 1):
            self._draw_number(number, self._placed(face.face.box), COLOURS[face.outcome], tag)

    def _placed(self, box: Box) -> tuple[float, float, float, float]:
        """The box as left, bottom, width, height on paper, inside the picture."""
        inside = box.clipped(self._result.width or 0, self._result.height or 0)
        return (
            inside.left * self._scale,
            self.height - inside.bottom * self._scale,
            inside.width * self._scale,
            inside.height * self._scale,
        )

    def _draw_number(
        self, number: int, placed: tuple[float, float, float, float], colour: Color, size: float
    ) -> None:
        left, bottom, _, height = placed
        width = stringWidth(str(number), BOLD, size) + size * 0.5
        tall = size * 1.15
        # Above the box; at the picture's upper edge, inside it.
        foot = min(bottom + height, self.height - tall)
        left = min(left, self.width - width)
        self.canv.setFillColor(colour)
        self.canv.rect(left, foot, width, tall, stroke=0, fill=1)
        self.canv.setFillColor(white)
        self.canv.setFont(BOLD, size)
        self.canv.drawString(left + size * 0.25, foot + size * 0.2, str(number))


_CROWD = 30
"""From so many faces on, the numbers are smaller."""


def thumbnail(frame: Frame, result: PhotoResult, scale: float) -> Pixels:
    """The picture at `scale` of its size with every uncleared head hidden.

    It is made small first and hidden then: the whole head and some pixels around
    it are filled, so that nothing of a face bleeds out of the scaling.
    """
    image = Image.fromarray(frame.pixels)
    # Never larger than what was judged: a face too small there would be recognised here.
    scale = min(scale, result.rendition.scale if result.rendition else 1.0)
    size = tuple(max(1, round(side * scale)) for side in image.size)
    small = image.resize((size[0], size[1]), Image.Resampling.BOX)
    ratios = (size[0] / frame.width, size[1] / frame.height)
    hidden = [face.face.scaled(*ratios) for face in result.faces if face.outcome not in SHOWN]
    import numpy as np

    return hide(np.asarray(small), hidden).pixels


def is_the_judged_one(frame: Frame, result: PhotoResult) -> bool:
    """Whether an opened file is the one that the result is about."""
    return (frame.sha256, frame.width, frame.height) == (
        result.sha256,
        result.width,
        result.height,
    )


def draw_image(
    canvas: Canvas, jpeg: ImageReader, left: float, bottom: float, width: float, height: float
) -> None:
    """Draw a picture of `as_jpeg` and forget it."""
    canvas.drawImage(jpeg, left, bottom, width, height)
    # The reader points to itself through this attribute: without the knot it is
    # freed at once, and an album does not pile up decoded pictures.
    vars(jpeg).pop("jpeg_fh", None)


def as_jpeg(pixels: Pixels) -> ImageReader:
    """The pixels as a picture that a PDF holds as it is."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=_JPEG_QUALITY)
    stream.seek(0)
    return ImageReader(stream)


def _draw_outline(canvas: Canvas, placed: tuple[float, float, float, float], colour: Color) -> None:
    canvas.setStrokeColor(white)
    canvas.setLineWidth(1.8)
    canvas.rect(*placed, stroke=1, fill=0)
    canvas.setStrokeColor(colour)
    canvas.setLineWidth(1.1)
    canvas.rect(*placed, stroke=1, fill=0)
