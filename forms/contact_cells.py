"""One picture of a contact sheet: small, its faces boxed and numbered, its verdict below."""

from __future__ import annotations

import dataclasses
import io
import itertools
import unicodedata
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from reportlab.lib.colors import white
from reportlab.pdfbase.pdfmetrics import stringWidth

from clearance.results import Outcome, VideoResult
from clearance.timeline import clock
from detector.errors import DetectorError
from forms.report_parts import COLOURS, FAINT, INK, RULE, SHADE, draw_sign
from forms.typeface import BOLD, REGULAR, legible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from clearance.language import Language
    from clearance.results import FaceResult, PhotoResult
    from detector.faces import Pixels, SmallPhoto
    from forms.clearance_report import Still
    from forms.streamed_canvas import StreamedCanvas

    OpenSmall = Callable[[Path, int], SmallPhoto]
    """Opens a picture so small that its longer side has so many pixels at most."""
    Place = tuple[float, float, float, float]
    """Left, bottom, width and height in points."""

_CAPTION = 27.0
"""Points below a picture: its name, its verdict, a note."""
_GAP = 7.0
_UNKNOWN = 0.66
"""Height by width of a picture whose shape nobody knows."""
_LINE = 8.4
_SIZE = 7.0
_SMALLEST = 5.0
_SIGN = 6.2
_PIXELS_PER_POINT = 150 / 72
_JPEG_QUALITY = 80
_CROWD = 12
"""From so many faces on their numbers are smaller."""
_TAG, _SMALL_TAG = 5.0, 3.4
_BIG_SIGN = 18.0
_STILLS = 4
"""So many moments of a video stand in the place of one picture."""
_STILL_SIDE = 320
"""Longer side of each of them, in pixels."""


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A picture with its number in the album, and what else is to be said of it.

    `problem` is why it could not be judged; it is said where no picture can be shown.
    """

    number: int
    result: PhotoResult
    note: str = ""
    problem: str = ""

    def height(self, cell: tuple[float, float]) -> float:
        """What of the height of a cell it needs, both in points."""
        wide, high = cell
        across, down = self.result.width, self.result.height
        shape = down / across if across and down else _UNKNOWN
        return min(high, (wide - _GAP) * shape + _CAPTION + _GAP)


@dataclasses.dataclass(frozen=True, slots=True)
class CellPainter:
    """Draws pictures into their places on a sheet."""

    language: Language
    open_small: OpenSmall
    still: Still | None = None

    def draw(self, canvas: StreamedCanvas, entry: Entry, place: Place) -> None:
        """Draw one picture with its caption."""
        left, bottom, width, height = place
        width -= _GAP
        self._draw_picture(
            canvas, entry, (left, bottom + _CAPTION, width, height - _CAPTION - _GAP)
        )
        self._draw_caption(canvas, entry, left, bottom + _CAPTION, width)

    def _draw_picture(self, canvas: StreamedCanvas, entry: Entry, room: Place) -> None:
        result = entry.result
        if isinstance(result, VideoResult):
            self._draw_video(canvas, entry, result, room)
            return
        longer = max(1, round(max(room[2:]) * _PIXELS_PER_POINT))
        _ = self.language.gettext
        try:
            small = self.open_small(result.path, longer)
        except (DetectorError, OSError):
            missing = entry.problem or _("The picture cannot be opened now.")
            self._draw_words(canvas, result.outcome, missing, room)
            return
        if result.sha256 is not None and small.sha256 != result.sha256:
            # The boxes belong to other pixels, and the verdict as well.
            changed = _("The file has changed since it was examined.")
            self._draw_words(canvas, Outcome.FAILED, changed, room)
            return
        self._draw_pixels(canvas, small.pixels, result, room)

    def _draw_video(
        self, canvas: StreamedCanvas, entry: Entry, result: VideoResult, room: Place
    ) -> None:
        """A few moments of a video, or words in place of them."""
        stills = list(itertools.islice(self._stills(result), _STILLS))
        if not stills:
            length = clock(result.duration)
            said = entry.problem or self.language.gettext("Video, {length}").format(length=length)
            self._draw_words(canvas, result.outcome, said, room)
            return
        left, bottom, width, height = room
        abreast = 1 if len(stills) == 1 else 2
        wide, high = width / abreast, height / abreast
        for number, pixels in enumerate(stills):
            down, across = divmod(number, abreast)
            tall, broad = pixels.shape[:2]
            scale = min((wide - 1) / broad, (high - 1) / tall)
            foot = bottom + height - (down + 1) * high
            place = (left + across * wide, foot, broad * scale, tall * scale)
            canvas.draw_jpeg(_as_jpeg(pixels), (broad, tall), place)
        canvas.setStrokeColor(COLOURS[result.outcome])
        canvas.setLineWidth(1.0)
        canvas.rect(*room, stroke=1, fill=0)
        if result.outcome is Outcome.FAILED:
            self._draw_badge(canvas, room)

    def _stills(self, result: VideoResult) -> Iterator[Pixels]:
        """Moments in which somebody is there, spread over the video; small."""
        if self.still is None or result.sha256 is None:
            return
        for time in moments(result):
            try:
                pixels = self.still(result.path, result.sha256, time)
            except (DetectorError, OSError):
                continue
            image = Image.fromarray(np.ascontiguousarray(pixels))
            image.thumbnail((_STILL_SIDE, _STILL_SIDE))
            yield np.asarray(image)

    def _draw_pixels(
        self, canvas: StreamedCanvas, pixels: Pixels, result: PhotoResult, room: Place
    ) -> None:
        high, wide = pixels.shape[:2]
        # The shape is the judged one's: that of a thin picture is lost in few pixels.
        across, down = result.width or wide, result.height or high
        scale = min(room[2] / across, room[3] / down)
        place = (room[0], room[1], across * scale, down * scale)
        canvas.draw_jpeg(_as_jpeg(pixels), (wide, high), place)
        canvas.setStrokeColor(COLOURS[result.outcome])
        canvas.setLineWidth(1.0)
        canvas.rect(*place, stroke=1, fill=0)
        if result.outcome is Outcome.FAILED:
            self._draw_badge(canvas, place)
        placed = [(face, _placed(face, place, scale, (across, down))) for face in result.faces]
        # Outlines first: no outline then crosses a number.
        for face, box in placed:
            _draw_outline(canvas, face.outcome, box)
        size = _TAG if len(placed) <= _CROWD else _SMALL_TAG
        for number, (face, box) in enumerate(placed, 1):
            _draw_tag(canvas, number, face.outcome, box, size, place)

    def _draw_badge(self, canvas: StreamedCanvas, place: Place) -> None:
        """Over a picture that can be opened, and was not judged."""
        left, bottom, width, height = place
        side = min(_BIG_SIGN, width * 0.6, height * 0.6)
        middle = left + (width - side) / 2, bottom + (height - side) / 2
        canvas.setFillColor(white)
        canvas.circle(middle[0] + side / 2, middle[1] + side / 2, side * 0.8, stroke=0, fill=1)
        draw_sign(canvas, Outcome.FAILED, *middle, side)

    def _draw_words(
        self, canvas: StreamedCanvas, outcome: Outcome, words: str, room: Place
    ) -> None:
        """A sign and why, in place of a picture."""
        left, bottom, width, height = room
        canvas.setStrokeColor(RULE)
        canvas.setFillColor(SHADE)
        canvas.setLineWidth(0.6)
        canvas.rect(*room, stroke=1, fill=1)
        middle = left + width / 2
        side = min(_BIG_SIGN, height * 0.3)
        foot = bottom + height - side - min(8, height * 0.1)
        draw_sign(canvas, outcome, middle - side / 2, foot, side)
        canvas.setFillColor(FAINT)
        fitting = max(1, int((foot - bottom) / _LINE))
        lines = _broken(legible(words), width - 8)
        if len(lines) > fitting:
            lines = [*lines[: fitting - 1], f"{lines[fitting - 1]} …"]
        for number, line in enumerate(lines, 1):
            said = shortened(line, width - 8)
            canvas.setFont(REGULAR, _SIZE)
            canvas.drawCentredString(middle, foot - number * _LINE, said)

    def _draw_caption(
        self, canvas: StreamedCanvas, entry: Entry, left: float, top: float, width: float
    ) -> None:
        outcome = entry.result.outcome
        number = f"{entry.number}. "
        first = top - _LINE
        canvas.setFillColor(INK)
        canvas.setFont(BOLD, _SIZE)
        canvas.drawString(left, first, number)
        indent = stringWidth(number, BOLD, _SIZE)
        canvas.setFont(REGULAR, _SIZE)
        name = shortened(entry.result.path.name, width - indent)
        canvas.drawString(left + indent, first, name)
        draw_sign(canvas, outcome, left, first - _LINE - 0.6, _SIGN)
        said = self.language.outcome(outcome)
        canvas.setFillColor(COLOURS[outcome])
        room = width - _SIGN - 3
        canvas.setFont(BOLD, _fitting(said, room, BOLD))
        canvas.drawString(left + _SIGN + 3, first - _LINE, said)
        if entry.note:
            canvas.setFillColor(FAINT)
            canvas.setFont(REGULAR, _SIZE - 0.5)
            note = shortened(entry.note, width, _SIZE - 0.5)
            canvas.drawString(left, first - 2 * _LINE, note)


def moments(result: VideoResult) -> list[float]:
    """Times of a video for a few small pictures: the best of its tracks, spread over it."""
    best = sorted(track.best for track in result.tracks if track.best is not None)
    if not best:
        return [result.duration / 2] if result.duration else []
    last = len(best) - 1
    places = dict.fromkeys(round(last * part / (_STILLS - 1)) for part in range(_STILLS))
    return list(dict.fromkeys(best[place] for place in places))


def shortened(text: str, room: float, size: float = _SIZE) -> str:
    """The text as it is printed; of one that is too long the middle is left out.

    What a name ends with (a number, the suffix) tells pictures apart more often than what
    stands in its midst. A character that is spelled by its number is kept or left out whole.

    Args:
        text: of anybody.
        room: in points.
        size: of the type, in points.
    """
    parts = [legible(char) for char in unicodedata.normalize("NFC", text)]
    if stringWidth("".join(parts), REGULAR, size) <= room:
        return "".join(parts)
    kept = min(len(parts), round(room / size * 4))  # no letter is narrower than a quarter
    while kept > 0:
        end = (kept + 1) // 2
        shown = "".join((*parts[: kept - end], "…", *parts[len(parts) - end :]))
        if stringWidth(shown, REGULAR, size) <= room:
            return shown
        kept -= 1
    return "…"


def _as_jpeg(pixels: Pixels) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=_JPEG_QUALITY)
    return stream.getvalue()


def _placed(face: FaceResult, place: Place, scale: float, size: tuple[int, int]) -> Place:
    """The box of a face on paper, inside its picture."""
    inside = face.face.box.clipped(*size)
    left, bottom = place[:2]
    return (
        left + inside.left * scale,
        bottom + (size[1] - inside.bottom) * scale,
        inside.width * scale,
        inside.height * scale,
    )


def _draw_outline(canvas: StreamedCanvas, outcome: Outcome, box: Place) -> None:
    for colour, width in ((white, 1.8), (COLOURS[outcome], 1.1)):
        canvas.setStrokeColor(colour)
        canvas.setLineWidth(width)
        canvas.rect(*box, stroke=1, fill=0)


def _draw_tag(
    canvas: StreamedCanvas, number: int, outcome: Outcome, box: Place, size: float, picture: Place
) -> None:
    """The sign of a face's verdict and its number: above the box, but inside the picture."""
    left, bottom, _, height = box
    wide = size * 1.25 + stringWidth(str(number), BOLD, size) + size * 0.2
    tall = size * 1.2
    foot = max(min(bottom + height, picture[1] + picture[3] - tall), picture[1])
    left = max(min(left, picture[0] + picture[2] - wide), picture[0])
    canvas.setFillColor(white)
    canvas.setStrokeColor(COLOURS[outcome])
    canvas.setLineWidth(0.4)
    canvas.rect(left, foot, wide, tall, stroke=1, fill=1)
    draw_sign(canvas, outcome, left + size * 0.15, foot + size * 0.15, size * 0.9)
    canvas.setFillColor(INK)
    canvas.setFont(BOLD, size)
    canvas.drawString(left + size * 1.2, foot + size * 0.24, str(number))


def _broken(words: str, room: float) -> list[str]:
    """Lines of a sentence, each as wide as the room where its words let it."""
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and stringWidth(longer, REGULAR, _SIZE) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _fitting(words: str, room: float, font: str = REGULAR) -> float:
    """The size at which the words fit; at least one that can be read."""
    wide = stringWidth(words, font, _SIZE)
    return _SIZE if wide <= room else max(_SMALLEST, _SIZE * room / wide)
