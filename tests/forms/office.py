"""An office on paper: people who fill in forms with a pen, and what happens to the sheets.

Everything is drawn at random from a seed: how somebody ticks and signs, how the sheet lies in
the scanner, what was spilt on it. What was meant is known, so that a reading can be judged.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pypdfium2
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from reportlab.lib.units import mm

from clearance.settings import Institution
from forms import sheet
from forms.consent_form import form_template, print_forms
from forms.variants import GENERAL

if TYPE_CHECKING:
    from forms.sheet import Blank, Mark

DPI = 200
SCALE = DPI / 72
MM = mm * SCALE
INSTITUTION = Institution(name="Hôpital du Lac", place="Bienne", contact="images@example.ch")
SERIAL = "7KQ4-M2XD-9F3S-6"

Point = tuple[float, float]
Stroke = list[Point]


@dataclasses.dataclass(frozen=True)
class Meant:
    """What somebody wanted to say: questions by name with "yes", "no", "neither" or "both",
    squares without a pair with "yes" or "neither", and the boxes that were written in."""

    answers: Mapping[str, str]
    written: frozenset[str]
    corrected: frozenset[str] = frozenset()
    """Questions in which a first answer was scribbled over."""


@dataclasses.dataclass
class Person:
    """Somebody with a pen: a colour, a width, a hand."""

    chance: random.Random
    colour: tuple[int, int, int]
    width: float
    style: str

    @classmethod
    def drawn(cls, chance: random.Random) -> Person:
        colours = ((20, 20, 30), (25, 45, 140), (40, 60, 170), (10, 10, 90), (60, 60, 70))
        return cls(
            chance,
            chance.choice(colours),
            chance.uniform(0.35, 0.75) * MM,
            chance.choice(("tick", "cross", "tick", "cross", "slash", "zigzag")),
        )

    def line(self, paper: ImageDraw.ImageDraw, stroke: Stroke, width: float = 1.0) -> None:
        """A stroke with the pen's width, rounded at its ends."""
        pen = max(2, round(self.width * width))
        points = [(x, y) for x, y in stroke]
        paper.line(points, fill=self.colour, width=pen, joint="curve")
        for x, y in (points[0], points[-1]):
            half = pen / 2
            paper.ellipse((x - half, y - half, x + half, y + half), fill=self.colour)

    def near(self, point: Point, by: float) -> Point:
        return (point[0] + self.chance.gauss(0, by), point[1] + self.chance.gauss(0, by))

    def tick(self, paper: ImageDraw.ImageDraw, mark: Mark) -> None:
        """The person's usual sign in a square."""
        left, top, side = place_of(mark)
        x, y = left + side / 2, top + side / 2
        half, shake = side * self.chance.uniform(0.34, 0.62), side * 0.05
        corners = {
            "tick": [(-0.8, 0.0), (-0.2, 0.75), (1.0, -0.95)],
            "slash": [(-0.8, 0.8), (0.8, -0.8)],
            "zigzag": [(-0.8, -0.6), (0.8, -0.3), (-0.8, 0.1), (0.8, 0.4), (-0.7, 0.7)],
        }
        strokes = (
            [[(-0.9, -0.9), (0.9, 0.9)], [(0.9, -0.9), (-0.9, 0.9)]]
            if self.style == "cross"
            else [corners[self.style]]
        )
        for stroke in strokes:
            self.line(paper, [self.near((x + a * half, y + b * half), shake) for a, b in stroke])

    def scribble_over(self, paper: ImageDraw.ImageDraw, mark: Mark) -> None:
        """Blacken an answer that was wrong."""
        left, top, side = place_of(mark)
        stroke = []
        for step in range(13):
            x = left + (-0.1 if step % 2 else 1.1) * side
            stroke.append(self.near((x, top + side * (step / 12)), side * 0.06))
        self.line(paper, stroke, 1.3)

    def sign(self, paper: ImageDraw.ImageDraw, blank: Blank) -> None:
        """A name nobody can read: loops from left to right."""
        left, top, width, height = box_of(blank)
        length = min(width * self.chance.uniform(0.5, 0.85), 45 * MM)
        start = left + self.chance.uniform(0.04, 0.12) * width
        middle = top + height * self.chance.uniform(0.5, 0.68)
        turns = self.chance.randint(5, 10)
        stroke = []
        for step in range(turns * 12):
            share = step / (turns * 12)
            angle = step * 2 * np.pi / 12
            tall = height * (0.3 - 0.18 * share) * (1 + 0.5 * np.sin(5 * share + turns))
            x = start + share * length + 0.3 * tall * np.cos(angle)
            stroke.append((float(x), float(middle - tall * np.sin(angle))))
        self.line(paper, stroke)

    def write(self, paper: ImageDraw.ImageDraw, blank: Blank, letters: int) -> None:
        """A word or a number: as many small shapes."""
        left, top, width, height = box_of(blank)
        size = min(height * 0.36, 3.2 * MM)
        step = min(size * 0.85, 0.9 * width / letters)
        x, base = left + 2 * MM, top + height * 0.86
        for _ in range(letters):
            shape = [
                (x + self.chance.uniform(0, 0.7) * step, base - self.chance.uniform(0, 1) * size)
                for _ in range(4)
            ]
            self.line(paper, shape, 0.8)
            x += step


def place_of(mark: Mark) -> tuple[float, float, float]:
    """Left, top and side of a square in pixels of the sheet."""
    return (
        mark.left * SCALE,
        (sheet.HEIGHT - mark.bottom - mark.size) * SCALE,
        mark.size * SCALE,
    )


def box_of(blank: Blank) -> tuple[float, float, float, float]:
    """Left, top, width and height of a box in pixels of the sheet."""
    return (
        blank.left * SCALE,
        (sheet.HEIGHT - blank.bottom - blank.height) * SCALE,
        blank.width * SCALE,
        blank.height * SCALE,
    )


@functools.lru_cache(maxsize=8)
def printed(language: str, variant: str = GENERAL) -> tuple[Image.Image, ...]:
    """The pages of a form fresh from the printer."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "form.pdf"
        print_forms(
            path,
            language=language,
            count=1,
            institution=INSTITUTION,
            variant=variant,
            serials=[SERIAL],
        )
        with pypdfium2.PdfDocument(path.read_bytes()) as document:
            # What follows is the empty back of the last sheet.
            numbers = range(form_template(language, variant).pages)
            pages = [document[one].render(scale=SCALE).to_pil().convert("RGB") for one in numbers]
    return tuple(pages)


def fill(
    language: str, chance: random.Random, variant: str = GENERAL
) -> tuple[Meant, tuple[Image.Image, ...]]:
    """The pages of a form, filled in somehow, and what was meant."""
    person = Person.drawn(chance)
    pages = tuple(page.copy() for page in printed(language, variant))
    papers = [ImageDraw.Draw(page) for page in pages]
    template = form_template(language, variant)
    answers, corrected = _answer(person, papers, template.marks)
    written = set()
    for blank in template.blanks:
        if chance.random() < (0.25 if blank.name.startswith("representative") else 0.75):
            written.add(blank.name)
            if blank.name.endswith(".signature"):
                person.sign(papers[blank.page - 1], blank)
            else:
                letters = 3 if blank.name.endswith("initials") else 9
                person.write(papers[blank.page - 1], blank, letters)
    return Meant(answers, frozenset(written), frozenset(corrected)), pages


def _answer(
    person: Person, papers: list[ImageDraw.ImageDraw], marks: Sequence[Mark]
) -> tuple[dict[str, str], set[str]]:
    """Tick the squares somehow; what was meant, and the questions that were corrected."""
    chance = person.chance
    squares = {mark.name: mark for mark in marks}
    answers: dict[str, str] = {}
    corrected: set[str] = set()
    for name, mark in squares.items():
        question, _, side = name.rpartition(".")
        paper = papers[mark.page - 1]
        if side == "yes":
            pair = {"yes": mark, "no": squares[f"{question}.no"]}
            meant = chance.choices(("yes", "no", "neither", "both"), (45, 42, 10, 3))[0]
            for chosen in ("yes", "no") if meant == "both" else (meant,):
                if chosen in pair:
                    person.tick(paper, pair[chosen])
            if meant in pair and chance.random() < 0.04:
                first = pair["no" if meant == "yes" else "yes"]
                person.tick(paper, first)
                person.scribble_over(paper, first)
                corrected.add(question)
            answers[question] = meant
        elif f"{question}.yes" not in squares:
            answers[name] = "yes" if chance.random() < 0.3 else "neither"
            if answers[name] == "yes":
                person.tick(paper, mark)
    return answers, corrected


# --- what happens to a sheet -----------------------------------------------------------------

# In colour or in grey, as the page is: grey takes a third of the time, and is all that is read.
Damage = Callable[[Image.Image, random.Random], Image.Image]
PAPER = "white"


def straight(page: Image.Image, _: random.Random) -> Image.Image:
    """A good scanner."""
    return page


def _turned(page: Image.Image, degrees: float) -> Image.Image:
    return page.rotate(degrees, expand=True, fillcolor=PAPER, resample=Image.Resampling.BICUBIC)


def skewed(page: Image.Image, chance: random.Random) -> Image.Image:
    """Laid askew on the glass."""
    return _turned(page, chance.uniform(-20, 20))


def upside_down(page: Image.Image, chance: random.Random) -> Image.Image:
    """Fed from the wrong end."""
    return _turned(page, chance.choice((90, 180, 270)) + chance.uniform(-2, 2))


def at_an_angle(page: Image.Image, chance: random.Random) -> Image.Image:
    """Photographed on a table, in the light of one lamp."""
    width, height = page.size
    table = Image.new("RGB", (round(width * 1.3), round(height * 1.25)), (120, 95, 70))
    table.paste(page, (round(width * 0.15), round(height * 0.12)))
    wide, high = table.size
    by = 0.07
    corners = [
        (x + chance.uniform(-by, by) * wide, y + chance.uniform(-by, by) * high)
        for x, y in ((0, 0), (wide, 0), (wide, high), (0, high))
    ]
    seen = table.transform(
        table.size,
        Image.Transform.PERSPECTIVE,
        _perspective(corners, [(0, 0), (wide, 0), (wide, high), (0, high)]),
        Image.Resampling.BICUBIC,
        fillcolor=(90, 80, 70),
    )
    y, x = np.mgrid[0:high, 0:wide]
    tilt = chance.uniform(-1, 1), chance.uniform(-1, 1)
    light = 0.78 + 0.2 * (tilt[0] * (x / wide - 0.5) + tilt[1] * (y / high - 0.5))
    lit = np.clip(np.asarray(seen) * light[..., None], 0, 255).astype(np.uint8)
    return _turned(Image.fromarray(lit), chance.uniform(-6, 6))


def _perspective(seen: list[Point], flat: list[Point]) -> tuple[float, ...]:
    """Pillow's coefficients: for each point of the output, where it is in the input."""
    rows, values = [], []
    for (x, y), (u, v) in zip(seen, flat, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return tuple(np.linalg.solve(np.array(rows), np.array(values)))


def coarse(page: Image.Image, chance: random.Random) -> Image.Image:
    """Scanned at 150 dpi, grey."""
    small = page.convert("L").resize(
        (page.width * 3 // 4, page.height * 3 // 4), Image.Resampling.BOX
    )
    return _turned(small.convert(page.mode), chance.uniform(-3, 3))


def fine(page: Image.Image, chance: random.Random) -> Image.Image:
    """Scanned at 600 dpi."""
    large = page.resize((page.width * 3, page.height * 3), Image.Resampling.BICUBIC)
    return large.rotate(chance.uniform(-2, 2), fillcolor=PAPER)


def noisy(page: Image.Image, chance: random.Random) -> Image.Image:
    """A cheap sensor, and little bytes."""
    noise = np.random.default_rng(chance.getrandbits(32)).normal(0, 18, (*page.size[::-1], 1))
    rough = np.asarray(page) * 0.9
    rough += noise if rough.ndim == noise.ndim else noise[..., 0]
    np.clip(rough, 0, 255, out=rough)
    stream = io.BytesIO()
    _turned(Image.fromarray(rough.astype(np.uint8)), chance.uniform(-4, 4)).save(
        stream, "JPEG", quality=chance.randint(25, 50)
    )
    return Image.open(stream).convert(page.mode)


def blurred(page: Image.Image, chance: random.Random) -> Image.Image:
    """Out of focus."""
    soft = page.filter(ImageFilter.GaussianBlur(chance.uniform(1.0, 2.2)))
    return _turned(soft, chance.uniform(-4, 4))


def black_and_white(page: Image.Image, chance: random.Random) -> Image.Image:
    """A fax: every pixel black or white."""
    limit = chance.randint(120, 190)
    grey = _turned(page, chance.uniform(-3, 3)).convert("L")
    return grey.point(lambda tone: 255 * (tone > limit)).convert(page.mode)


def copied_twice(page: Image.Image, chance: random.Random) -> Image.Image:
    """The copy of a copy: thick, speckled, a little larger."""
    first = page.convert("L").filter(ImageFilter.GaussianBlur(1.2))
    dice = np.random.default_rng(chance.getrandbits(32))
    dust = dice.random(first.size[::-1]) < 0.0004
    dirty = np.where(dust, 60, np.asarray(first)).astype(np.uint8)
    second = Image.fromarray(dirty).filter(ImageFilter.MinFilter(3))
    second = second.filter(ImageFilter.GaussianBlur(0.8)).point(
        lambda tone: max(0, min(255, int((tone - 90) * 1.9)))
    )
    factor = chance.uniform(0.94, 1.0)
    size = (round(page.width * factor), round(page.height * factor))
    smaller = Image.new("L", page.size, 255)
    smaller.paste(second.resize(size, Image.Resampling.BICUBIC), (chance.randint(0, 40), 20))
    return _turned(smaller.convert(page.mode), chance.uniform(-3, 3))


def stained(page: Image.Image, chance: random.Random) -> Image.Image:
    """Coffee: rings and drops."""
    stain = Image.new("RGB", page.size, PAPER)
    draw = ImageDraw.Draw(stain)
    for _ in range(chance.randint(1, 3)):
        x, y = chance.uniform(0, page.width), chance.uniform(0, page.height)
        radius = chance.uniform(14, 42) * MM
        tone = chance.randint(150, 215)
        brown = (tone, round(tone * 0.82), round(tone * 0.62))
        pale = tuple((255 + 2 * part) // 3 for part in brown)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=pale)
        draw.ellipse(
            (x - radius, y - radius, x + radius, y + radius),
            outline=brown,
            width=round(chance.uniform(0.8, 2.5) * MM),
        )
    soft = stain.filter(ImageFilter.GaussianBlur(chance.uniform(1.5, 4)))
    return _turned(ImageChops.multiply(page, soft.convert(page.mode)), chance.uniform(-3, 3))


def punched(page: Image.Image, chance: random.Random) -> Image.Image:
    """Holes of a file and a staple, and a dog's ear."""
    holed = page.copy()
    draw = ImageDraw.Draw(holed)
    for y in (0.5 * page.height - 40 * MM, 0.5 * page.height + 40 * MM):
        x = 11 * MM
        draw.ellipse((x - 3 * MM, y - 3 * MM, x + 3 * MM, y + 3 * MM), fill="#0f0f0f")
    draw.line((9 * MM, 16 * MM, 20 * MM, 9 * MM), fill="#46464b", width=round(0.7 * MM))
    if chance.random() < 0.5:
        far = (page.width, page.height)
        draw.polygon((far, (far[0] - 18 * MM, far[1]), (far[0], far[1] - 18 * MM)), fill=PAPER)
    return _turned(holed, chance.uniform(-5, 5))


def creased(page: Image.Image, chance: random.Random) -> Image.Image:
    """Folded twice; the scanner's glass is dirty, so that a line runs down the page."""
    bent = page.copy()
    draw = ImageDraw.Draw(bent)
    for share in (1 / 3, 2 / 3):
        y = page.height * share + chance.uniform(-20, 20)
        draw.line((0, y, page.width, y + chance.uniform(-6, 6)), fill="#bebebe", width=3)
    x = chance.uniform(0.1, 0.95) * page.width
    draw.line((x, 0, x, page.height), fill="#5a5a5a", width=chance.randint(1, 3))
    return _turned(bent, chance.uniform(-2, 2))


DAMAGES: Mapping[str, Damage] = {
    one.__name__: one
    for one in (
        straight,
        skewed,
        upside_down,
        at_an_angle,
        coarse,
        fine,
        noisy,
        blurred,
        black_and_white,
        copied_twice,
        stained,
        punched,
        creased,
    )
}
