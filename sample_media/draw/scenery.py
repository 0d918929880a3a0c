"""Rooms, gardens and the things that stand about in them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from sample_media.draw.fields import Array, Colour, smoothstep

FINE = 2
Point = tuple[float, float]
Rectangle = tuple[float, float, float, float]


class Canvas:
    """Paints at twice the size with coordinates from 0 to 1, so that edges come out smooth."""

    def __init__(self, size: tuple[int, int], ground: Colour | None = None) -> None:
        self.size = size
        whole = (size[0] * FINE, size[1] * FINE)
        fill = (0, 0, 0, 0) if ground is None else (*_bytes(ground), 255)
        self.image = Image.new("RGBA", whole, fill)

    def _at(self, point: Point) -> Point:
        return point[0] * self.image.width, point[1] * self.image.height

    def _paint(self, opacity: float, draw: Callable[[ImageDraw.ImageDraw], Any]) -> None:
        if opacity >= 1:
            draw(ImageDraw.Draw(self.image))
            return
        glass = Image.new("RGBA", self.image.size)
        draw(ImageDraw.Draw(glass))
        faint = glass.getchannel("A").point(lambda value: round(value * opacity))
        glass.putalpha(faint)
        self.image.alpha_composite(glass)

    def rectangle(
        self, box: Rectangle, colour: Colour, *, opacity: float = 1, rounded: float = 0
    ) -> None:
        """Fill a rectangle (left, top, right, bottom); `rounded` is a share of the width."""
        edges = [*self._at(box[:2]), *self._at(box[2:])]
        radius = rounded * self.image.width
        self._paint(
            opacity, lambda pen: pen.rounded_rectangle(edges, radius, fill=(*_bytes(colour), 255))
        )

    def polygon(self, points: list[Point], colour: Colour, *, opacity: float = 1) -> None:
        """Fill a polygon."""
        corners = [self._at(point) for point in points]
        self._paint(opacity, lambda pen: pen.polygon(corners, fill=(*_bytes(colour), 255)))

    def ellipse(
        self, centre: Point, radius: float, colour: Colour, *, tall: float = 1, opacity: float = 1
    ) -> None:
        """Fill an ellipse; the radius is a share of the width, `tall` its height against it."""
        x, y = self._at(centre)
        across = radius * self.image.width
        edges = [x - across, y - across * tall, x + across, y + across * tall]
        self._paint(opacity, lambda pen: pen.ellipse(edges, fill=(*_bytes(colour), 255)))

    def line(self, points: list[Point], colour: Colour, width: float) -> None:
        """Draw a line as wide as that share of the picture's width."""
        corners = [self._at(point) for point in points]
        thick = max(1, round(width * self.image.width))
        ImageDraw.Draw(self.image).line(corners, (*_bytes(colour), 255), thick, joint="curve")

    def write(self, text: str, centre: Point, height: float, colour: Colour) -> None:
        """Write a line of text around a point."""
        font = ImageFont.load_default(height * self.image.height)  # it knows no accents
        pen = ImageDraw.Draw(self.image)
        pen.text(self._at(centre), text, (*_bytes(colour), 255), font, anchor="mm")

    def fade(self, box: Rectangle, top: Colour, bottom: Colour) -> None:
        """Fill a rectangle from one colour above to another below."""
        left, upper, right, lower = (round(v) for v in (*self._at(box[:2]), *self._at(box[2:])))
        share = np.linspace(0, 1, max(lower - upper, 1))[:, None, None]
        rows = np.array(top) * (1 - share) + np.array(bottom) * share
        pixels = np.broadcast_to(np.round(rows * 255), (len(rows), max(right - left, 1), 3))
        self.image.paste(Image.fromarray(pixels.astype(np.uint8)), (left, upper))

    def soften(self, pixels: float, box: Rectangle | None = None) -> None:
        """Put what is painted so far (or a part) out of focus."""
        area = (0.0, 0.0, 1.0, 1.0) if box is None else box
        left, upper, right, lower = (round(v) for v in (*self._at(area[:2]), *self._at(area[2:])))
        part = self.image.crop((left, upper, right, lower))
        blurred = part.filter(ImageFilter.GaussianBlur(pixels * FINE))
        self.image.paste(blurred, (left, upper))

    def finish(self) -> Array:
        """The painting at its real size, RGBA from 0 to 1."""
        small = self.image.resize(self.size, Image.Resampling.BOX)
        return np.asarray(small, np.float32) / 255


def _bytes(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = (round(255 * max(0.0, min(1.0, part))) for part in colour)
    return red, green, blue


def _darker(colour: Colour, by: float) -> Colour:
    return colour[0] * by, colour[1] * by, colour[2] * by


# -- things ---------------------------------------------------------------------------------


def wall(canvas: Canvas, upper: Colour, lower: Colour, dado: float = 0.66) -> None:
    """A two-coloured wall with a hand rail, as hospital corridors have."""
    canvas.fade((0, 0, 1, dado), upper, _darker(upper, 0.95))
    canvas.fade((0, dado, 1, 1), lower, _darker(lower, 0.90))
    canvas.rectangle((0, dado - 0.012, 1, dado + 0.016), (0.78, 0.66, 0.50))
    canvas.rectangle((0, dado + 0.010, 1, dado + 0.018), (0.55, 0.45, 0.33))


def window(canvas: Canvas, box: Rectangle, seed: int = 1, panes: int = 2) -> None:
    """A bright window with a lake, hills and trees outside."""
    left, top, right, bottom = box
    wide, tall = right - left, bottom - top
    landscape(canvas, box, seed)
    canvas.soften(5, box)
    frame: Colour = (0.95, 0.95, 0.94)
    bar = 0.010
    for number in range(panes + 1):
        x = left + wide * number / panes
        canvas.rectangle((x - bar / 2, top, x + bar / 2, bottom), frame)
    for y in (top, top + tall * 0.30, bottom):
        canvas.rectangle((left - bar / 2, y - bar / 2, right + bar / 2, y + bar / 2), frame)
    canvas.rectangle((left - 0.02, bottom, right + 0.02, bottom + 0.022), (0.90, 0.90, 0.88))
    canvas.rectangle(
        (left - 0.02, bottom + 0.022, right + 0.02, bottom + 0.032), (0.70, 0.70, 0.69)
    )


def landscape(canvas: Canvas, box: Rectangle, seed: int) -> None:
    """Sky, two ranges of hills, a lake and round trees."""
    left, top, right, bottom = box
    wide, tall = right - left, bottom - top
    rng = np.random.default_rng(seed)
    canvas.fade(box, (0.70, 0.84, 0.95), (0.94, 0.97, 0.98))
    ranges: tuple[tuple[float, float, Colour], ...] = (
        (0.50, 0.10, (0.70, 0.79, 0.86)),
        (0.60, 0.07, (0.58, 0.71, 0.72)),
    )
    for level, rise, colour in ranges:
        x = np.linspace(0, 1, 60)
        hill = sum(
            (np.sin(x * k + rng.uniform(0, 6)) / k for k in (3.0, 7.0, 13.0)), start=np.zeros(60)
        )
        y = top + tall * (level - rise * hill * 1.6)
        outline = [(left + wide * float(a), float(b)) for a, b in zip(x, y, strict=True)]
        canvas.polygon([*outline, (right, bottom), (left, bottom)], colour)
    canvas.fade((left, top + tall * 0.70, right, bottom), (0.72, 0.84, 0.88), (0.62, 0.77, 0.66))
    for _ in range(26):
        x0, y0 = left + wide * rng.uniform(0.02, 0.98), top + tall * rng.uniform(0.80, 0.98)
        green = rng.uniform(0.8, 1.15)
        size = wide * rng.uniform(0.03, 0.07)
        size = min(size, x0 - left, right - x0)
        canvas.ellipse((x0, y0 - size), size, (0.36 * green, 0.55 * green, 0.36 * green))
    if bottom < 1:
        canvas.rectangle((left, bottom, right, bottom + 0.001), (0.9, 0.9, 0.9))


def door(canvas: Canvas, box: Rectangle, colour: Colour = (0.72, 0.60, 0.44)) -> None:
    """A wooden door with a small window and a handle."""
    left, top, right, bottom = box
    frame = 0.012
    canvas.rectangle((left - frame, top - frame * 1.3, right + frame, bottom), (0.86, 0.86, 0.84))
    canvas.fade(box, colour, _darker(colour, 0.92))
    wide = right - left
    pane = (left + wide * 0.58, top + 0.06, left + wide * 0.82, top + 0.30)
    canvas.fade(pane, (0.80, 0.88, 0.90), (0.70, 0.80, 0.82))
    canvas.rectangle(
        (left + wide * 0.08, 0.60, left + wide * 0.24, 0.615), (0.55, 0.56, 0.58), rounded=0.003
    )


def sign(canvas: Canvas, centre: Point, size: Point, text: str, colour: Colour) -> None:
    """A plate on the wall with a line of text."""
    (x, y), (wide, tall) = centre, size
    box = (x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2)
    shadow = (box[0] + 0.003, box[1] + 0.005, box[2] + 0.003, box[3] + 0.006)
    canvas.rectangle(shadow, (0.3, 0.3, 0.3), opacity=0.25, rounded=0.006)
    canvas.rectangle(box, colour, rounded=0.006)
    canvas.write(text, centre, tall * 0.50, (1, 1, 1))


def clock(canvas: Canvas, centre: Point, radius: float) -> None:
    """A station clock."""
    aspect = canvas.size[0] / canvas.size[1]
    canvas.ellipse(centre, radius * 1.08, (0.25, 0.26, 0.28))
    canvas.ellipse(centre, radius, (0.97, 0.97, 0.96))
    for turn, length, width in ((0.9, 0.55, 0.10), (2.6, 0.80, 0.07)):
        tip = (
            centre[0] + np.sin(turn) * radius * length,
            centre[1] - np.cos(turn) * radius * length * aspect,
        )
        canvas.line([centre, tip], (0.12, 0.12, 0.13), radius * width)


def painting(canvas: Canvas, box: Rectangle, seed: int) -> None:
    """An abstract picture in a frame."""
    left, top, right, bottom = box
    rng = np.random.default_rng(seed)
    canvas.rectangle((left - 0.006, top - 0.009, right + 0.006, bottom + 0.009), (0.93, 0.92, 0.89))
    canvas.rectangle(box, (0.90, 0.86, 0.76))
    palette: tuple[Colour, ...] = (
        (0.85, 0.45, 0.32),
        (0.20, 0.45, 0.52),
        (0.93, 0.74, 0.35),
        (0.35, 0.55, 0.42),
    )
    for colour in palette:
        x0, x1 = sorted(rng.uniform(left, right, 2))
        y0, y1 = sorted(rng.uniform(top, bottom, 2))
        canvas.rectangle((x0, y0, x1, y1), colour, opacity=0.8)


def plant(canvas: Canvas, foot: Point, size: float, seed: int) -> None:
    """A leafy plant in a pot; `size` is its height as a share of the picture's."""
    rng = np.random.default_rng(seed)
    narrow = size * canvas.size[1] / canvas.size[0]
    x, y = foot
    crown = (x, y - size * 0.28)
    for number in range(46):
        lean = rng.uniform(-1, 1)
        length = rng.uniform(0.40, 0.78) * (1 - 0.25 * abs(lean))
        tip = (x + lean * narrow * 0.42, crown[1] - size * length * (1 - 0.55 * abs(lean)))
        bend = (x + lean * narrow * 0.16, crown[1] - size * length * 0.6)
        width = narrow * rng.uniform(0.030, 0.055)
        green = rng.uniform(0.65, 1.1) * (0.75 + 0.25 * number / 46)
        leaf = [
            crown,
            (bend[0] - width, bend[1]),
            ((bend[0] + tip[0]) / 2 - width, (bend[1] + tip[1]) / 2),
            tip,
            ((bend[0] + tip[0]) / 2 + width, (bend[1] + tip[1]) / 2),
            (bend[0] + width, bend[1]),
        ]
        canvas.polygon(leaf, (0.22 * green, 0.50 * green, 0.25 * green))
        canvas.line([crown, bend, tip], (0.30 * green, 0.60 * green, 0.33 * green), 0.0008)
    pot = [
        (x - narrow * 0.17, y - size * 0.30),
        (x + narrow * 0.17, y - size * 0.30),
        (x + narrow * 0.13, y),
        (x - narrow * 0.13, y),
    ]
    canvas.polygon(pot, (0.82, 0.80, 0.76))
    shade = [pot[1], pot[2], (x + narrow * 0.03, y), (x + narrow * 0.05, y - size * 0.30)]
    canvas.polygon(shade, (0.60, 0.58, 0.55), opacity=0.6)


def flowers(canvas: Canvas, foot: Point, size: float, seed: int) -> None:
    """A bunch of tulips in a glass. Daisies were taken for faces."""
    rng = np.random.default_rng(seed)
    narrow = size * canvas.size[1] / canvas.size[0]
    x, y = foot
    palette: tuple[Colour, ...] = ((0.62, 0.42, 0.70), (0.97, 0.80, 0.30), (0.93, 0.93, 0.95))
    for number in range(15):
        lean, rise = rng.uniform(-1, 1), rng.uniform(0.62, 1)
        head = (x + lean * narrow * 0.36, y - size * rise * (1 - 0.2 * abs(lean)))
        canvas.line([(x, y - size * 0.2), head], (0.30, 0.52, 0.28), 0.0018)
        colour = palette[number % 3]
        half, tall = narrow * 0.045, size * 0.15
        for side in (-1, 0, 1):
            petal = [
                (head[0] - half, head[1]),
                (head[0] + side * half * 1.1, head[1] - tall),
                (head[0] + half, head[1]),
                (head[0], head[1] + tall * 0.35),
            ]
            canvas.polygon(petal, _darker(colour, 1 - 0.10 * abs(side)))
    glass = (x - narrow * 0.13, y - size * 0.36, x + narrow * 0.13, y)
    canvas.rectangle(glass, (0.78, 0.88, 0.90), opacity=0.75, rounded=0.004)


def floor(canvas: Canvas, level: float, colour: Colour) -> None:
    """A floor that shines a little towards the front."""
    canvas.fade((0, level, 1, 1), _darker(colour, 0.88), colour)
    canvas.rectangle((0, level - 0.012, 1, level), (0.60, 0.60, 0.58))


# -- foregrounds ----------------------------------------------------------------------------


def ribbon(canvas: Canvas, level: float, colour: Colour = (0.78, 0.10, 0.16)) -> None:
    """A ribbon across the whole picture with a bow in the middle."""
    aspect = canvas.size[0] / canvas.size[1]
    half = 0.017
    x = np.linspace(0, 1, 120)
    sag = level + 0.030 * (1 - (2 * x - 1) ** 2)
    for low in np.linspace(-1, 0.95, 14):
        tone = 0.86 + 0.22 * float(np.cos(2.6 * (low + 0.25)))
        upper = [(float(a), float(b + half * low)) for a, b in zip(x, sag, strict=True)]
        lower = [(float(a), float(b + half)) for a, b in zip(x, sag, strict=True)]
        canvas.polygon([*upper, *lower[::-1]], _darker(colour, tone))
    middle = level + 0.030
    for side in (-1, 1):
        tail = [
            (0.5, middle),
            (0.5 + side * 0.050, middle + 0.15),
            (0.5 + side * 0.020, middle + 0.17),
        ]
        canvas.polygon(tail, _darker(colour, 0.80))
        loop = [
            (0.5 + side * 0.062 * (1 - np.cos(t)) / 2 * 1.25, middle - aspect * 0.024 * np.sin(t))
            for t in np.linspace(0, 2 * np.pi, 40)
        ]
        canvas.polygon(loop, _darker(colour, 1.05))
        inner = [
            (0.5 + (p[0] - 0.5) * 0.72 + side * 0.012, middle + (p[1] - middle) * 0.5) for p in loop
        ]
        canvas.polygon(inner, _darker(colour, 0.66))
    canvas.ellipse((0.5, middle), 0.013, _darker(colour, 1.15), tall=1.2)


def table(canvas: Canvas, level: float, colour: Colour = (0.80, 0.70, 0.56)) -> None:
    """A table in front, with cups, a closed notebook and a pen."""
    canvas.fade((0, level, 1, 1), colour, _darker(colour, 0.86))
    canvas.rectangle((0, level, 1, level + 0.010), _darker(colour, 1.12))
    for x, tone in ((0.22, (0.93, 0.93, 0.91)), (0.79, (0.30, 0.50, 0.55))):
        canvas.ellipse((x + 0.01, level + 0.105), 0.036, (0.2, 0.15, 0.1), tall=0.35, opacity=0.25)
        canvas.ellipse((x + 0.031, level + 0.045), 0.014, _darker(tone, 0.85), tall=1.3)
        canvas.ellipse((x + 0.031, level + 0.045), 0.009, colour, tall=1.3)
        canvas.rectangle((x - 0.028, level - 0.005, x + 0.028, level + 0.105), tone, rounded=0.008)
        canvas.rectangle((x + 0.008, level, x + 0.028, level + 0.10), (0, 0, 0), opacity=0.10)
        canvas.ellipse((x, level - 0.003), 0.028, _darker(tone, 0.80), tall=0.30)
    book = [(0.44, level + 0.05), (0.58, level + 0.05), (0.61, level + 0.16), (0.43, level + 0.16)]
    canvas.polygon(book, (0.17, 0.33, 0.42))
    canvas.line([(0.63, level + 0.07), (0.68, level + 0.13)], (0.15, 0.15, 0.17), 0.004)


def seats(level: float, colour: Colour) -> Callable[[Canvas], None]:
    """A row of seat backs hiding what is behind them."""

    def draw(canvas: Canvas) -> None:
        canvas.fade((0, level + 0.02, 1, 1), _darker(colour, 0.92), _darker(colour, 0.70))
        for number in range(-1, 9):
            left = number / 8 + 0.004 + 0.06 * (round(level * 100) % 2)
            canvas.rectangle((left, level, left + 0.117, 1), colour, rounded=0.016)
            canvas.rectangle(
                (left + 0.012, level + 0.025, left + 0.105, 1), _darker(colour, 0.90), rounded=0.010
            )

    return draw


def rail(canvas: Canvas) -> None:
    """The parapet of a terrace with a planter of flowers."""
    canvas.fade((0, 0.84, 1, 1), (0.80, 0.78, 0.74), (0.66, 0.64, 0.60))
    canvas.rectangle((0, 0.835, 1, 0.855), (0.88, 0.86, 0.82))
    for x, seed in ((0.10, 4), (0.90, 7)):
        flowers(canvas, (x, 0.90), 0.22, seed)


# -- places ---------------------------------------------------------------------------------


def ward_entrance(size: tuple[int, int]) -> Array:
    """The corridor in front of a new ward."""
    canvas = Canvas(size)
    wall(canvas, (0.93, 0.93, 0.90), (0.60, 0.75, 0.74), dado=0.72)
    window(canvas, (0.03, 0.08, 0.27, 0.52), seed=3)
    door(canvas, (0.72, 0.20, 0.91, 1.0))
    sign(canvas, (0.815, 0.115), (0.25, 0.068), "Belmont  ·  Station 4", (0.09, 0.42, 0.47))
    painting(canvas, (0.315, 0.20, 0.385, 0.40), 12)
    sign(canvas, (0.50, 0.105), (0.36, 0.085), "Willkommen  ·  Bienvenue", (0.78, 0.20, 0.22))
    clock(canvas, (0.655, 0.22), 0.022)
    plant(canvas, (0.965, 1.02), 0.72, 5)
    canvas.soften(1.6)
    return daylight(canvas.finish())


def corridor(size: tuple[int, int]) -> Array:
    """A corridor with a door and a painting."""
    canvas = Canvas(size)
    wall(canvas, (0.94, 0.92, 0.87), (0.80, 0.72, 0.58), dado=0.70)
    door(canvas, (0.05, 0.10, 0.27, 1.0), (0.62, 0.70, 0.70))
    sign(canvas, (0.335, 0.26), (0.085, 0.06), "4.12", (0.09, 0.42, 0.47))
    painting(canvas, (0.44, 0.14, 0.60, 0.38), 21)
    window(canvas, (0.74, 0.06, 0.97, 0.55), seed=8)
    canvas.soften(2.2)
    return daylight(canvas.finish(), from_left=False)


def terrace(size: tuple[int, int]) -> Array:
    """Outdoors: sky, hills, the lake and the garden."""
    canvas = Canvas(size)
    landscape(canvas, (0, 0, 1, 1), 14)
    canvas.soften(6)
    return daylight(canvas.finish(), strength=0.05)


def patient_room(size: tuple[int, int]) -> Array:
    """A made bed by the window and nobody in it."""
    canvas = Canvas(size)
    wall(canvas, (0.93, 0.94, 0.92), (0.72, 0.82, 0.83), dado=0.62)
    window(canvas, (0.06, 0.07, 0.46, 0.52), seed=22, panes=3)
    floor(canvas, 0.84, (0.74, 0.70, 0.64))
    for x in np.linspace(0.475, 0.545, 8):
        tone = 0.84 + 0.10 * float(np.sin(x * 260))
        canvas.rectangle((x, 0.02, x + 0.012, 0.80), (0.55 * tone, 0.76 * tone, 0.74 * tone))
    painting(canvas, (0.70, 0.14, 0.86, 0.36), 5)
    canvas.rectangle((0.955, 0.42, 0.985, 0.88), (0.80, 0.82, 0.83), rounded=0.008)
    canvas.rectangle((0.365, 0.56, 0.385, 0.90), (0.80, 0.82, 0.83), rounded=0.006)
    canvas.rectangle((0.37, 0.70, 0.97, 0.79), (0.66, 0.70, 0.73), rounded=0.006)
    canvas.rectangle((0.375, 0.60, 0.965, 0.73), (0.95, 0.96, 0.97), rounded=0.02)
    canvas.rectangle((0.375, 0.615, 0.80, 0.76), (0.62, 0.80, 0.82), rounded=0.014)
    canvas.rectangle((0.775, 0.612, 0.815, 0.762), (0.97, 0.97, 0.97), rounded=0.006)
    canvas.rectangle((0.83, 0.535, 0.955, 0.635), (0.99, 0.99, 0.98), rounded=0.024)
    canvas.rectangle((0.84, 0.60, 0.95, 0.633), (0.86, 0.88, 0.90), rounded=0.012)
    for x in (0.40, 0.94):
        canvas.ellipse((x, 0.905), 0.012, (0.25, 0.26, 0.28))
    canvas.rectangle((0.14, 0.66, 0.29, 0.90), (0.86, 0.78, 0.66), rounded=0.004)
    canvas.rectangle((0.15, 0.70, 0.28, 0.715), (0.60, 0.52, 0.42))
    canvas.rectangle((0.13, 0.64, 0.30, 0.665), (0.92, 0.86, 0.76), rounded=0.003)
    flowers(canvas, (0.205, 0.645), 0.26, 3)
    canvas.soften(0.8)
    return daylight(canvas.finish())


def office(size: tuple[int, int]) -> Array:
    """A meeting room with shelves and a plant."""
    canvas = Canvas(size)
    canvas.fade((0, 0, 1, 1), (0.86, 0.89, 0.88), (0.74, 0.78, 0.78))
    rng = np.random.default_rng(31)
    for shelf in range(3):
        y = 0.16 + shelf * 0.17
        canvas.rectangle((0.60, y, 0.96, y + 0.014), (0.70, 0.58, 0.42))
        x = 0.61
        while x < 0.93:
            wide, tall = rng.uniform(0.008, 0.020), rng.uniform(0.07, 0.13)
            tone = rng.uniform(0.25, 0.85, 3)
            canvas.rectangle((x, y - tall, x + wide, y), tuple(0.35 + 0.6 * tone * 0.8))
            x += wide + 0.002
    window(canvas, (0.04, 0.06, 0.40, 0.52), seed=41, panes=3)
    plant(canvas, (0.50, 0.80), 0.62, 17)
    canvas.soften(3.2)
    return daylight(canvas.finish())


def laboratory(size: tuple[int, int]) -> Array:
    """Benches with bottles on a tiled wall."""
    canvas = Canvas(size)
    canvas.fade((0, 0, 1, 1), (0.88, 0.92, 0.93), (0.78, 0.85, 0.87))
    for x in np.linspace(0, 1, 19):
        canvas.line([(x, 0), (x, 0.62)], (0.81, 0.86, 0.88), 0.0012)
    for y in np.linspace(0.02, 0.62, 9):
        canvas.line([(0, y), (1, y)], (0.81, 0.86, 0.88), 0.0012)
    canvas.rectangle((0, 0.22, 1, 0.245), (0.93, 0.94, 0.94))
    rng = np.random.default_rng(6)
    hues: tuple[Colour, ...] = ((0.70, 0.45, 0.22), (0.35, 0.60, 0.65), (0.85, 0.87, 0.88))
    for number, x in enumerate(np.linspace(0.03, 0.95, 20)):
        tall, wide = rng.uniform(0.07, 0.13), 0.030
        hue = hues[number % 3]
        canvas.rectangle((x, 0.22 - tall, x + wide, 0.22), hue, rounded=0.005)
        canvas.rectangle(
            (x + 0.008, 0.20 - tall, x + wide - 0.008, 0.225 - tall), (0.30, 0.34, 0.38)
        )
        canvas.rectangle((x, 0.22 - tall * 0.6, x + wide, 0.22 - tall * 0.25), (0.96, 0.96, 0.94))
    canvas.rectangle((0, 0.62, 1, 0.66), (0.96, 0.97, 0.97))
    canvas.fade((0, 0.66, 1, 1), (0.55, 0.66, 0.70), (0.45, 0.55, 0.60))
    canvas.soften(3)
    return daylight(canvas.finish())


def playroom(size: tuple[int, int]) -> Array:
    """The children's corner: bunting and building blocks."""
    canvas = Canvas(size)
    wall(canvas, (0.97, 0.92, 0.80), (0.66, 0.80, 0.70), dado=0.74)
    palette: tuple[Colour, ...] = (
        (0.88, 0.38, 0.34),
        (0.25, 0.55, 0.66),
        (0.95, 0.75, 0.30),
        (0.42, 0.64, 0.42),
    )
    for number, x in enumerate(np.linspace(0.0, 0.96, 17)):
        y = 0.05 + 0.09 * (1 - (2 * x - 1) ** 2)
        flag = [(x, y), (x + 0.045, y + 0.004), (x + 0.022, y + 0.075)]
        canvas.polygon(flag, palette[number % 4])
    window(canvas, (0.68, 0.22, 0.95, 0.62), seed=51)
    painting(canvas, (0.08, 0.26, 0.24, 0.50), 77)
    for number, (x, y) in enumerate(((0.03, 0.9), (0.10, 0.9), (0.065, 0.8), (0.90, 0.88))):
        canvas.rectangle((x, y, x + 0.062, y + 0.095), palette[number], rounded=0.004)
    canvas.soften(2.4)
    return daylight(canvas.finish(), from_left=False)


def lecture_hall(size: tuple[int, int]) -> Array:
    """The back wall of a lecture hall."""
    canvas = Canvas(size)
    canvas.fade((0, 0, 1, 1), (0.72, 0.62, 0.50), (0.58, 0.49, 0.40))
    for x in np.linspace(0, 1, 25):
        canvas.line([(x, 0), (x, 1)], (0.62, 0.53, 0.42), 0.002)
    canvas.rectangle((0, 0.0, 1, 0.05), (0.90, 0.88, 0.84))
    canvas.soften(2)
    return daylight(canvas.finish(), strength=0.12)


def daylight(painting_: Array, *, from_left: bool = True, strength: float = 0.16) -> Array:
    """Let one side be brighter, and the corners a little darker."""
    rows, columns = painting_.shape[:2]
    x = np.linspace(0, 1, columns, dtype=np.float32)[None, :, None]
    y = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None]
    away = x if from_left else 1 - x
    corner = smoothstep(0.35, 0.8, np.hypot(x - 0.5, y - 0.5))
    return np.asarray(painting_[..., :3] * (1 - strength * away) * (1 - 0.10 * corner))
