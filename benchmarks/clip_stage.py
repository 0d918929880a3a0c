"""A stage for clips: cut-outs of people move before a ground, and every face's place is known.

A shot has a ground, a camera and actors from back to front. People and what covers them are
pictures with transparency, laid on the ground along their ways; who lies on top is kept in a
second picture, so that what can be seen of each face is counted, not guessed. The same shot
gives the same pixels.
"""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from benchmarks import video_files
from benchmarks.clip_truth import COLUMNS, ROWS, ClipTruth, Difficulty, FaceThere
from detector.faces import Box

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

    Layers = npt.NDArray[np.uint8]
    """Who lies on top: 0 for the ground, n + 1 for actor n; uint8 (height, width)."""

BLURRED = 14
"""A face is blurred beyond recognition by a sigma of its width divided by this.

A picture reduced to n pixels across keeps what a blur of about width / n leaves: 12 to 14 pixels
are the least from which a familiar face is known (Sinha et al. 2006, "Face recognition by
humans: nineteen results")."""
SOLID = 128
"""Opacity, 0 to 255, from which an actor covers what is behind."""


@dataclasses.dataclass(frozen=True, slots=True)
class Oval:
    """A face in a picture: the middle of its ellipse and its half axes, in pixels."""

    x: float
    y: float
    across: float
    down: float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """Somebody or something to be laid on a ground: an RGBA picture, with its face if it has one.

    Without a face its width is what `Key.width` says.
    """

    picture: Image.Image
    face: Oval | None = None

    def mirrored(self) -> Cutout:
        """The same, left and right exchanged."""
        face = self.face and dataclasses.replace(self.face, x=self.picture.width - self.face.x)
        return Cutout(self.picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT), face)

    @property
    def middle(self) -> tuple[float, float]:
        """What is moved along a way: the middle of the face, or of the picture."""
        if self.face:
            return self.face.x, self.face.y
        return self.picture.width / 2, self.picture.height / 2

    @property
    def width(self) -> float:
        """What `Key.width` is the width of."""
        return 2 * self.face.across if self.face else float(self.picture.width)


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """A point of a way.

    Attributes:
        at: when, as a share of the shot, 0 to 1.
        x: the middle of the face, as a share of the frame's width.
        y: the same of the frame's height.
        width: of the face, as a share of the frame's height.
        turn: degrees against the clock.
    """

    at: float
    x: float
    y: float
    width: float
    turn: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Actor:
    """Somebody or something on its way through a shot.

    Attributes:
        name: of the person; "" for a thing.
        cutout: what is laid there.
        way: at least one point, in the order of time; in between along straight lines.
        sway: how far it goes to and fro besides, in widths of the face, as walkers do.
        smear: pixels over which its own movement is smeared, to the side.
    """

    name: str
    cutout: Cutout
    way: tuple[Key, ...]
    sway: float = 0.03
    smear: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class GroundFace:
    """A face that belongs to the ground: a labelled photo's."""

    name: str
    box: Box
    sharp: bool = True


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What is behind everybody: a picture, and the faces in it."""

    picture: Image.Image
    faces: tuple[GroundFace, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Camera:
    """What part of the ground is seen.

    Attributes:
        start: at the beginning: the part's middle, x and y, and its width, as shares of the ground.
        end: the same at the end; the actors stay with the ground.
        shake: pixels of the frame by which the hand trembles, standard deviation.
    """

    start: tuple[float, float, float] = (0.5, 0.5, 1.0)
    end: tuple[float, float, float] | None = None
    shake: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Light:
    """What is done to a whole frame.

    Attributes:
        bright: of all samples, 1 as they are.
        falls_to: brightness at the right edge as a share of that at the left one.
        noise: standard deviation, in steps of 255.
        defocus: sigma of the lens's blur, in pixels.
        smear: pixels over which the camera's movement is smeared, to the side.
    """

    bright: float = 1.0
    falls_to: float = 1.0
    noise: float = 0.0
    defocus: float = 0.0
    smear: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One scene; `actors` from back to front."""

    ground: Ground
    seconds: float
    actors: tuple[Actor, ...] = ()
    camera: Camera = Camera()
    light: Light = Light()


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Film:
    """Shots, one after the other, and how they become a file.

    Attributes:
        name: of the clip.
        difficulty: see `benchmarks.clips`.
        size: width and height, in pixels, both even.
        shots: at least one.
        cleared: who may be shown.
        encoding: of the file.
        uneven: whether the time between frames varies, from half to one and a half of the usual.
        seed: of the trembling, the noise and the uneven times.
    """

    name: str
    difficulty: Difficulty
    size: tuple[int, int]
    shots: tuple[Shot, ...]
    cleared: frozenset[str] = frozenset()
    encoding: video_files.Encoding = dataclasses.field(default_factory=video_files.Encoding)
    uneven: bool = False
    seed: int = 0


def shoot(film: Film, path: Path) -> ClipTruth:
    """Write the clip, and say what is in it.

    Raises:
        SystemExit: ffmpeg failed.
    """
    rate = film.encoding.rate
    counts = [max(1, round(shot.seconds * rate)) for shot in film.shots]
    truth: list[tuple[FaceThere, ...]] = []

    def pictures() -> Iterator[Image.Image]:
        for number, (shot, count) in enumerate(zip(film.shots, counts, strict=True)):
            scene = Scene(shot, film.size, np.random.default_rng([film.seed, number]))
            for frame in range(count):
                picture, faces = scene.at(frame / max(1, count - 1), frame / float(rate))
                truth.append(faces)
                yield picture

    total = sum(counts)
    times = _uneven(total, film) if film.uneven else ()
    video_files.write(pictures(), film.size, path, film.encoding, times)
    cuts = tuple(sum(counts[: number + 1]) for number in range(len(counts) - 1))
    return ClipTruth(
        film.name,
        film.difficulty,
        path,
        film.size,
        times or tuple(frame / rate for frame in range(total)),
        cuts,
        film.cleared,
        tuple(truth),
    )


def _uneven(count: int, film: Film) -> tuple[Fraction, ...]:
    """Times from 0 whose distances vary, in thousandths of a second."""
    rng = np.random.default_rng([film.seed, count])
    usual = 1000 / film.encoding.rate
    steps = [
        max(1, round(usual * Fraction(int(part), 100))) for part in rng.integers(50, 151, count)
    ]
    return tuple(Fraction(sum(steps[:frame]), 1000) for frame in range(count))


class Scene:
    """A shot that is being filmed."""

    def __init__(self, shot: Shot, size: tuple[int, int], rng: np.random.Generator) -> None:
        """Take the shot, the size of the frame, and the chance that shakes the camera."""
        self._shot = shot
        self._size = size
        self._rng = rng
        self._noise: npt.NDArray[np.int16] | None = None
        self._behind: tuple[_View, Image.Image] | None = None
        self._shade = _shade(size, shot.light) if shot.light.falls_to != 1 else None
        self._levels = {actor.cutout: _levels(actor.cutout.picture) for actor in shot.actors}

    def at(self, share: float, seconds: float) -> tuple[Image.Image, tuple[FaceThere, ...]]:
        """One frame, and the faces in it from back to front.

        Args:
            share: of the shot that has passed, 0 to 1.
            seconds: since it began.
        """
        shot, (width, height) = self._shot, self._size
        view = self._view(share)
        picture = self._ground(view)
        top = Image.new("L", self._size)
        first = self._view(0)
        ovals: list[tuple[Oval, float] | None] = []
        for number, actor in enumerate(shot.actors, 1):
            key = _on_way(actor, share, seconds)
            # Points of the frame as the camera began; it has moved on since.
            x, y = view.of(*first.back(key.x * width, key.y * height))
            zoom = view.scale / first.scale
            ovals.append(self._lay(actor, (x, y), key, zoom, picture, top, number))
        layers = np.asarray(top)
        faces = [self._ground_face(face, view, layers) for face in shot.ground.faces]
        for number, (actor, oval) in enumerate(zip(shot.actors, ovals, strict=True), 1):
            if oval and actor.name:
                blur = math.hypot(self._blur(), actor.smear / math.sqrt(12))
                faces.append(face_in(layers, number, actor.name, oval[0], oval[1], blur))
        return self._lit(picture), tuple(face for face in faces if face)

    def _ground(self, view: _View) -> Image.Image:
        """What is seen of the ground; kept, as most cameras stand still."""
        if self._behind is None or self._behind[0] != view:
            seen = self._shot.ground.picture.transform(
                self._size,
                Image.Transform.AFFINE,
                (1 / view.scale, 0, view.left, 0, 1 / view.scale, view.top),
                Image.Resampling.BILINEAR,
            )
            self._behind = view, seen
        return self._behind[1].copy()

    def _view(self, share: float) -> _View:
        camera, ground = self._shot.camera, self._shot.ground.picture
        end = camera.end or camera.start
        x, y, part = (
            one + (other - one) * share for one, other in zip(camera.start, end, strict=True)
        )
        scale = self._size[0] / (part * ground.width)
        shake = self._rng.normal(0, camera.shake, 2) if camera.shake else (0.0, 0.0)
        corners = [
            _within(middle * whole - seen / scale / 2, whole - seen / scale)
            for middle, whole, seen in zip((x, y), ground.size, self._size, strict=True)
        ]
        left, top = (
            corner + float(move) / scale for corner, move in zip(corners, shake, strict=True)
        )
        return _View(left, top, scale)

    def _lay(
        self,
        actor: Actor,
        at: tuple[float, float],
        key: Key,
        zoom: float,
        picture: Image.Image,
        top: Image.Image,
        number: int,
    ) -> tuple[Oval, float] | None:
        """Lay an actor on the frame; its face there and its turn, None for a thing."""
        cutout = actor.cutout
        scale = key.width * self._size[1] * zoom / cutout.width
        turn = math.radians(key.turn)
        placed = _placed(self._levels[cutout], scale, turn, cutout.middle, at, self._size)
        if placed:
            patch, corner = placed
            if actor.smear:
                patch = _smeared(patch, actor.smear)
            picture.paste(patch, corner, patch)
            solid = patch.getchannel("A").point(lambda alpha: 255 * (alpha >= SOLID))
            top.paste(number, (*corner, corner[0] + patch.width, corner[1] + patch.height), solid)
        if cutout.face is None:
            return None
        face = cutout.face
        return Oval(*at, face.across * scale, face.down * scale), turn

    def _ground_face(self, face: GroundFace, view: _View, layers: Layers) -> FaceThere | None:
        left, top = view.of(face.box.left, face.box.top)
        right, bottom = view.of(face.box.right, face.box.bottom)
        oval = Oval((left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2)
        found = face_in(layers, 0, face.name, oval, 0.0, self._blur())
        return found and dataclasses.replace(found, sharp=found.sharp and face.sharp)

    def _blur(self) -> float:
        """The sigma to which lens and movement come together."""
        light = self._shot.light
        return math.hypot(light.defocus, light.smear / math.sqrt(12))

    def _lit(self, picture: Image.Image) -> Image.Image:
        light = self._shot.light
        if light.defocus:
            picture = picture.filter(ImageFilter.GaussianBlur(light.defocus))
        if light.smear:
            picture = picture.filter(ImageFilter.BoxBlur((light.smear / 2, 0)))
        if light.bright != 1:
            picture = picture.point([round(value * light.bright) for value in range(256)] * 3)
        if self._shade:
            picture = ImageChops.multiply(picture, self._shade)
        return self._noisy(picture) if light.noise else picture

    def _noisy(self, picture: Image.Image) -> Image.Image:
        """With noise: the same grain, laid elsewhere in each frame."""
        if self._noise is None:
            grain = self._rng.normal(0, self._shot.light.noise, (self._size[1], self._size[0]))
            self._noise = grain.round().astype(np.int16)
        shift = self._rng.integers(0, min(self._size), 2)
        grain = np.roll(self._noise, (int(shift[0]), int(shift[1])), (0, 1))
        pixels = np.asarray(picture).astype(np.int16) + grain[..., None]
        return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@dataclasses.dataclass(frozen=True, slots=True)
class _View:
    """The part of the ground that is seen: its corner, and pixels of the frame for one of it."""

    left: float
    top: float
    scale: float

    def of(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the ground is in the frame."""
        return (x - self.left) * self.scale, (y - self.top) * self.scale

    def back(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the frame is on the ground."""
        return x / self.scale + self.left, y / self.scale + self.top


def _within(start: float, last: float) -> float:
    """A start from 0 to the last one; in the middle where the ground is too small."""
    return min(max(start, 0.0), last) if last >= 0 else last / 2


def _on_way(actor: Actor, share: float, seconds: float) -> Key:
    way = actor.way
    times = [key.at for key in way]

    def between(values: Sequence[float]) -> float:
        return float(np.interp(share, times, values))

    width = between([key.width for key in way])
    # Two steps a second; up and down twice as often as to the side. The frame is wider than high.
    step = 2 * math.pi * seconds
    return Key(
        share,
        between([key.x for key in way]) + actor.sway * width * math.sin(step) / 2,
        between([key.y for key in way]) + actor.sway * width * math.sin(2 * step),
        width,
        between([key.turn for key in way]),
    )


def _levels(picture: Image.Image) -> list[Image.Image]:
    """The picture and its halves, so that nothing is reduced by more than two at once."""
    levels = [picture]
    while min(levels[-1].size) >= 32:
        levels.append(levels[-1].reduce(2))
    return levels


def _placed(
    levels: Sequence[Image.Image],
    scale: float,
    turn: float,
    middle: tuple[float, float],
    at: tuple[float, float],
    size: tuple[int, int],
) -> tuple[Image.Image, tuple[int, int]] | None:
    """What of a picture, scaled and turned, lies in the frame, and where; None for nothing."""
    level = min(len(levels) - 1, max(0, math.floor(math.log2(1 / scale))) if scale < 1 else 0)
    source = levels[level]
    share = source.width / levels[0].width
    cos, sin = math.cos(turn), math.sin(turn)
    corners = [(0, 0), (levels[0].width, 0), (0, levels[0].height), levels[0].size]
    # Against the clock, as y grows downwards.
    placed = [
        (
            at[0] + scale * (cos * (x - middle[0]) + sin * (y - middle[1])),
            at[1] + scale * (-sin * (x - middle[0]) + cos * (y - middle[1])),
        )
        for x, y in corners
    ]
    left, top = (max(0, math.floor(min(point[axis] for point in placed))) for axis in (0, 1))
    right, bottom = (
        min(size[axis], math.ceil(max(point[axis] for point in placed))) for axis in (0, 1)
    )
    if right <= left or bottom <= top:
        return None
    zoom = share / scale
    x, y = left - at[0], top - at[1]
    back = (
        *(zoom * cos, -zoom * sin, zoom * (cos * x - sin * y) + share * middle[0]),
        *(zoom * sin, zoom * cos, zoom * (sin * x + cos * y) + share * middle[1]),
    )
    patch = source.transform(
        (right - left, bottom - top), Image.Transform.AFFINE, back, Image.Resampling.BICUBIC
    )
    return patch, (left, top)


def _smeared(patch: Image.Image, length: float) -> Image.Image:
    # Multiplied by their opacity first: what cannot be seen must not darken the rim.
    return patch.convert("RGBa").filter(ImageFilter.BoxBlur((length / 2, 0))).convert("RGBA")


def _shade(size: tuple[int, int], light: Light) -> Image.Image:
    row = np.linspace(255, 255 * light.falls_to, size[0]).round().astype(np.uint8)
    grey = Image.fromarray(np.repeat(row[None], size[1], axis=0))
    return Image.merge("RGB", (grey, grey, grey))


def face_in(
    layers: Layers, number: int, name: str, oval: Oval, turn: float, blur: float
) -> FaceThere | None:
    """What can be seen of a face; None where nothing of its box is in the frame.

    Args:
        layers: who lies on top.
        number: the face's own layer.
        name: whose it is.
        oval: of the face, in pixels of the frame.
        turn: radians against the clock.
        blur: sigma, in pixels.
    """
    cos, sin = math.cos(turn), math.sin(turn)
    reach_x = math.hypot(oval.across * cos, oval.down * sin)
    reach_y = math.hypot(oval.across * sin, oval.down * cos)
    box = Box.around(oval.x - reach_x, oval.y - reach_y, oval.x + reach_x, oval.y + reach_y)
    height, width = layers.shape
    if not box.clipped(width, height).area or not box.area:
        return None
    # Some 60 points across tell enough of a large face.
    step = max(1, box.width // 60)
    ys, xs = (
        np.arange(start + step // 2, end, step)
        for start, end in ((box.top, box.bottom), (box.left, box.right))
    )
    right, down = xs[None, :] + 0.5 - oval.x, ys[:, None] + 0.5 - oval.y
    inside = ((cos * right - sin * down) / oval.across) ** 2 + (
        (sin * right + cos * down) / oval.down
    ) ** 2 <= 1
    in_frame = ((ys >= 0) & (ys < height))[:, None] & ((xs >= 0) & (xs < width))[None, :]
    on_top = layers[np.clip(ys, 0, height - 1)[:, None], np.clip(xs, 0, width - 1)[None, :]]
    seen = inside & in_frame & (on_top == number)
    rows = np.minimum((ys - box.top) * ROWS // box.height, ROWS - 1)
    columns = np.minimum((xs - box.left) * COLUMNS // box.width, COLUMNS - 1)
    cell = rows[:, None] * COLUMNS + columns[None, :]
    points = np.bincount(cell.ravel(), minlength=ROWS * COLUMNS)
    shown = np.bincount(cell.ravel(), seen.ravel(), ROWS * COLUMNS) / np.maximum(points, 1)
    across = 2 * oval.across
    return FaceThere(
        name,
        box,
        across,
        float(seen.sum() / max(1, inside.sum())),
        shown.reshape(ROWS, COLUMNS).astype(np.float32),
        blur <= across / BLURRED,
    )


# --- things ---------------------------------------------------------------------------------


def bar(colour: tuple[int, int, int] = (92, 78, 66)) -> Cutout:
    """A post that stands before people: its middle is in the middle."""
    picture = Image.new("RGBA", (40, 800), (*colour, 255))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 8, 800), fill=(*(channel // 2 for channel in colour), 255))
    return Cutout(picture)


def hand(colour: tuple[int, int, int] = (196, 148, 122)) -> Cutout:
    """The outline of a hand: a palm and five fingers."""
    picture = Image.new("RGBA", (200, 200))
    draw = ImageDraw.Draw(picture)
    skin = (*colour, 255)
    draw.ellipse((55, 85, 150, 195), fill=skin)
    for base, tip in (
        ((72, 100), (52, 30)),
        ((92, 95), (86, 12)),
        ((112, 95), (118, 14)),
        ((132, 102), (150, 34)),
        ((140, 140), (188, 96)),
    ):
        draw.line((*base, *tip), fill=skin, width=22)
        draw.ellipse((tip[0] - 11, tip[1] - 11, tip[0] + 11, tip[1] + 11), fill=skin)
    return Cutout(picture.filter(ImageFilter.GaussianBlur(1.5)))
