"""Clips in which every face is known, put together from photos of people.

    python -m benchmarks.clips MEDIA FOLDER [--round 0] [--only NAME,…]

MEDIA holds `lfw/` and `wider/` with their tables. Heads and shoulders of LFW are cut out softly
and move before parts of crowd photos in which nobody is; in two clips the camera pans over a
crowd photo whose faces are labelled. Every third person or so is enrolled by other photos of
theirs and may be shown; nobody else may. Everything follows from the number of the round. FOLDER
gets each clip and, beside it, its truth as JSON (`benchmarks.clip_truth`).

What the classes mean:

- **easy**: one to three people, faces 60 to 200 pixels wide, turned by 10 degrees at most, nothing
  in front of them, good light, a still camera, a good codec. Scene cuts.
- **medium**: three to five people, or a labelled crowd; faces 30 to 150 pixels wide, turned by 30
  degrees at most; people cross each other, come in and go out at the edges, walk from far away;
  half light, a panning camera, uneven times between frames, mirrored pictures, a usual codec.
- **hard**: four to seven people, or a labelled crowd; faces from 20 pixels on, turned by 90 degrees
  at most, as who lies in bed; behind posts, hands and each other; dark, with noise; blurred by the
  lens and by movement; a trembling camera; a poor codec.

Photos of LFW in which the finder sees more than one face are left out: somebody at the edge
would not be in the truth. LFW is portraits of public figures, found by a detector of 2001 and
seen from the front; nobody here turns the head, speaks, or is lit from another side as they
move. The clips say how a program follows and hides faces, not how well faces are found in life.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import random
import statistics
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from benchmarks import composites, video_files
from benchmarks.clip_stage import (
    Actor,
    Camera,
    Cutout,
    Film,
    Ground,
    GroundFace,
    Key,
    Light,
    Oval,
    Shot,
    bar,
    hand,
    shoot,
)
from benchmarks.clip_truth import ClipTruth, Difficulty
from benchmarks.wider import read_photos
from detector.detector import Detector
from detector.faces import Box, Frame
from detector.photo import open_photo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from benchmarks.composites import Cast
    from benchmarks.wider import Photo, Truth
    from detector.faces import Pixels

HD = (1280, 720)
FULL_HD = (1920, 1080)
PEOPLE = 12
"""In the registry; the clips show about half of them."""
PORTRAITS = 3
"""Of each, which are in no clip."""
GROUND = (1600, 900)
CROWD = (7, 20)
"""Faces of a photo over which the camera pans: clear ones of a fit size at least, all at most."""
CROWD_WIDTHS = (24, 90)
"""The fit size, in pixels of the photo, which is 1024 pixels wide."""
CLAP_SECONDS = (1.0, 2.5)
"""When the flash and the click of the clap are, of a clip of four seconds."""

# Parts of a photo of LFW, as shares of its side: the ellipse of the head with its hair, and that
# of the shoulders; `composites.FACE` is the face between them.
_HEAD = (0.5, 0.46, 0.26, 0.36)
_SHOULDERS = (0.5, 1.08, 0.52, 0.34)
_SOFT = 0.014
_LONGEST = 12
"""Photos that are tried for each ground."""


# --- people and grounds ---------------------------------------------------------------------


def cut_out(photo: Path) -> Cutout:
    """Head and shoulders of a photo of LFW, with a soft rim."""
    with Image.open(photo) as opened:
        picture = opened.convert("RGB")
    side = picture.width
    mask = Image.new("L", picture.size)
    draw = ImageDraw.Draw(mask)
    for x, y, across, down in (_HEAD, _SHOULDERS):
        draw.ellipse(
            [side * edge for edge in (x - across, y - down, x + across, y + down)], fill=255
        )
    # The lower edge of the photo is soft, too.
    draw.rectangle((0, side * (1 - 2 * _SOFT), side, side), fill=0)
    picture.putalpha(mask.filter(ImageFilter.GaussianBlur(side * _SOFT)))
    left, top, right, bottom = (side * edge for edge in composites.FACE)
    oval = Oval((left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2)
    return Cutout(picture, oval)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Company:
    """Who can be in a clip, and before what; each is given once a round.

    Attributes:
        cast: who is enrolled, by which portraits, and who nobody knows.
        chance: decides everything.
        detector: says whom a photo shows besides, and that a ground shows nobody.
        crowds: labelled photos.
        guests: photos of enrolled people, one each, with their names.
        strangers: photos of people who are not.
    """

    cast: Cast
    chance: random.Random
    detector: Detector
    crowds: tuple[Photo, ...]
    guests: Iterator[tuple[str, Path]]
    strangers: Iterator[tuple[str, Path]]

    @classmethod
    def of(cls, media: Path, cast: Cast, detector: Detector, number: int) -> Company:
        """That of a round."""
        chance = random.Random(f"clips {number}")
        guests = [(name, chance.choice(cast.probes[name])) for name in cast.portraits]
        strangers = [(path.stem.rpartition("_")[0], path) for path in cast.strangers]
        crowds = list(read_photos(media))
        for some in (guests, strangers, crowds):
            chance.shuffle(some)
        return cls(
            cast,
            chance,
            detector,
            tuple(crowds),
            itertools.cycle(guests),
            itertools.cycle(strangers),
        )

    def people(self, cleared: int, strangers: int) -> list[tuple[str, Cutout]]:
        """So many of each, in any order; nobody twice."""
        found = [
            *self._alone(self.guests, cleared),
            *self._alone(self.strangers, strangers),
        ]
        self.chance.shuffle(found)
        return found

    def _alone(self, photos: Iterator[tuple[str, Path]], count: int) -> list[tuple[str, Cutout]]:
        """The next photos in which nobody else is seen."""
        found: dict[str, Cutout] = {}
        while len(found) < count:
            name, path = next(photos)
            if name not in found and len(self.detector.find_faces(open_photo(path))) == 1:
                found[name] = cut_out(path)
        return list(found.items())

    def ground(self) -> Ground:
        """Part of a crowd photo in which nobody is.

        Raises:
            SystemExit: no photo has such a part.
        """
        for photo in self.chance.sample(self.crowds, len(self.crowds)):
            with Image.open(photo.path) as opened:
                picture = opened.convert("RGB")
            taken = [_grown(face.box) for face in photo.faces]
            for _ in range(_LONGEST):
                across = picture.width * self.chance.uniform(0.4, 0.7)
                down = across * GROUND[1] / GROUND[0]
                if down > picture.height:
                    continue
                left = self.chance.uniform(0, picture.width - across)
                top = self.chance.uniform(0, picture.height - down)
                part = Box.around(left, top, left + across, top + down)
                if any(part.intersection(box) for box in taken):
                    continue
                ground = picture.resize(
                    GROUND, Image.Resampling.BICUBIC, (left, top, left + across, top + down)
                )
                if not self.detector.find_faces(as_frame(np.asarray(ground))):
                    return Ground(ground)
                break
        raise SystemExit("no photo in MEDIA/wider has a part without people")

    def crowd(self, prefix: str) -> tuple[Ground, tuple[float, float]]:
        """A labelled photo, whole, and the middle of its faces, as shares of its sides.

        Raises:
            SystemExit: no photo has as many labelled faces of such a size.
        """
        for photo in self.chance.sample(self.crowds, len(self.crowds)):
            clear = [face for face in photo.faces if _is_clear(face)]
            fit = sum(CROWD_WIDTHS[0] <= face.box.width <= CROWD_WIDTHS[1] for face in clear)
            if fit < CROWD[0] or len(photo.faces) > CROWD[1]:
                continue
            with Image.open(photo.path) as opened:
                picture = opened.convert("RGB")
            if picture.width < 1.2 * picture.height:
                continue
            faces = tuple(
                GroundFace(f"{prefix} {number}", face.box, _is_clear(face))
                for number, face in enumerate(photo.faces)
            )
            x = statistics.fmean(face.box.left + face.box.right for face in clear)
            y = statistics.fmean(face.box.top + face.box.bottom for face in clear)
            return Ground(picture, faces), (x / 2 / picture.width, y / 2 / picture.height)
        raise SystemExit("no photo in MEDIA/wider shows a small crowd from near")


def _is_clear(face: Truth) -> bool:
    """Neither heavily blurred nor heavily covered, by its label."""
    return face.blur < 2 and face.occlusion < 2 and not face.invalid


def _grown(box: Box) -> Box:
    """With the hair, the neck, and what a label leaves out."""
    return Box(
        box.left - box.width, box.top - box.height, box.right + box.width, box.bottom + box.height
    )


def as_frame(pixels: Pixels) -> Frame:
    """A picture in memory, as the finder takes it."""
    return Frame(Path("frame"), "", "RGB", pixels)


# --- the clips ------------------------------------------------------------------------------


def _still(name: str, cutout: Cutout, x: float, y: float, width: float, **more: Any) -> Actor:
    """Somebody who stays, turned by `turn`."""
    turn = more.pop("turn", 0.0)
    return Actor(name, cutout, (Key(0, x, y, width, turn),), **more)


def _walk(name: str, cutout: Cutout, *way: tuple[float, float, float], **more: Any) -> Actor:
    """Somebody who goes from point to point (x, y, width) at even times, turning by `turn`."""
    first, last = more.pop("turn", (0.0, 0.0))
    steps = max(1, len(way) - 1)
    keys = tuple(
        Key(number / steps, *point, first + (last - first) * number / steps)
        for number, point in enumerate(way)
    )
    return Actor(name, cutout, keys, **more)


def _talk(company: Company, seed: int) -> Film:
    """Three people stand and sway."""
    people = company.people(1, 2)
    places = ((0.2, 0.45, 0.14), (0.5, 0.4, 0.18), (0.8, 0.48, 0.12))
    actors = [
        _walk(name, cutout, (x, y, width), (x + 0.02, y, width * 1.1), turn=(-6, 6))
        for (name, cutout), (x, y, width) in zip(people, places, strict=True)
    ]
    shot = Shot(company.ground(), 4, tuple(actors))
    return Film("talk", Difficulty.EASY, HD, (shot,), seed=seed)


def _scenes(company: Company, seed: int) -> Film:
    """Three scenes with other people in each; in the last one somebody of the first is back."""
    people = company.people(2, 3)
    shown = ((0, 1), (2, 3), (0, 4))
    shots = tuple(
        Shot(
            company.ground(),
            1.5,
            tuple(
                _walk(*people[who], (x, 0.45, width), (x + 0.06, 0.45, width), turn=(8, -8))
                for who, x, width in zip(pair, (0.3, 0.66), (0.16, 0.2), strict=True)
            ),
        )
        for pair in shown
    )
    return Film(
        *("scenes", Difficulty.EASY, HD, shots),
        encoding=video_files.Encoding(Fraction(30)),
        seed=seed,
    )


def _nearer(company: Company, seed: int) -> Film:
    """Two people come a little nearer."""
    people = company.people(1, 1)
    actors = tuple(
        _walk(name, cutout, (x, 0.4, 0.1), (x + 0.1, 0.5, 0.24))
        for (name, cutout), x in zip(people, (0.25, 0.6), strict=True)
    )
    return Film("nearer", Difficulty.EASY, HD, (Shot(company.ground(), 3, actors),), seed=seed)


def _crossing(company: Company, seed: int) -> Film:
    """People go past each other in both directions, and in and out at the edges."""
    ways = (
        ((-0.1, 0.4, 0.09), (0.5, 0.4, 0.1), (1.1, 0.42, 0.11)),
        ((0.9, 0.43, 0.11), (0.1, 0.43, 0.11)),
        ((0.2, 0.46, 0.13), (0.8, 0.46, 0.13)),
        ((0.75, 0.52, 0.15), (0.3, 0.5, 0.15), (-0.15, 0.5, 0.15)),
    )
    people = company.people(2, 2)
    actors = tuple(_walk(*one, *way, sway=0.06) for one, way in zip(people, ways, strict=True))
    shot = Shot(company.ground(), 4, actors)
    encoding = video_files.Encoding(quality=26)
    return Film("crossing", Difficulty.MEDIUM, HD, (shot,), encoding=encoding, seed=seed)


def _from_far(company: Company, seed: int) -> Film:
    """A panning camera, at 50 frames a second; people come from far away, others leave."""
    people = company.people(1, 3)
    ways = (
        ((0.55, 0.3, 0.03), (0.5, 0.35, 0.06), (0.45, 0.45, 0.14)),
        ((0.8, 0.32, 0.045), (0.95, 0.36, 0.07)),
        ((0.3, 0.4, 0.14), (0.4, 0.34, 0.06)),
        ((0.7, 0.5, 0.16), (0.8, 0.52, 0.18)),
    )
    actors = tuple(_walk(*one, *way) for one, way in zip(people, ways, strict=True))
    camera = Camera((0.42, 0.5, 0.8), (0.5, 0.5, 0.8))
    encoding = video_files.Encoding(Fraction(50), 26)
    shot = Shot(company.ground(), 3, actors, camera)
    return Film("from far", Difficulty.MEDIUM, HD, (shot,), encoding=encoding, seed=seed)


def _half_light(company: Company, seed: int) -> Film:
    """Half light, people turned and mirrored, a cut, and uneven times between frames."""
    people = company.people(1, 4)
    light = Light(bright=0.75, falls_to=0.45, noise=2)
    first = (
        _walk(*people[0], (0.2, 0.45, 0.08), (0.3, 0.45, 0.09), turn=(20, 30)),
        _walk(people[1][0], people[1][1].mirrored(), (0.5, 0.4, 0.1), (0.45, 0.42, 0.1)),
        _walk(*people[2], (0.75, 0.45, 0.09), (0.85, 0.45, 0.1), turn=(-30, -10)),
    )
    second = (
        _walk(people[3][0], people[3][1].mirrored(), (0.3, 0.4, 0.06), (0.2, 0.42, 0.07)),
        _walk(*people[4], (0.6, 0.42, 0.08), (0.7, 0.45, 0.11), turn=(15, -25)),
        _walk(*people[0], (0.85, 0.45, 0.1), (0.9, 0.45, 0.1), turn=(-15, 0)),
    )
    shots = tuple(Shot(company.ground(), 2, actors, light=light) for actors in (first, second))
    return Film(
        *("half light", Difficulty.MEDIUM, HD, shots),
        encoding=video_files.Encoding(Fraction(30), 26),
        uneven=True,
        seed=seed,
    )


def _crowd(company: Company, seed: int) -> Film:
    """The camera pans over a crowd."""
    ground, (x, y) = company.crowd("crowd")
    camera = Camera((x - 0.08, y, 0.8), (x + 0.08, y, 0.65))
    shot = Shot(ground, 4, camera=camera)
    encoding = video_files.Encoding(quality=26)
    return Film("crowd", Difficulty.MEDIUM, HD, (shot,), encoding=encoding, seed=seed)


def _covered(company: Company, seed: int) -> Film:
    """Posts, hands and other people before faces, and a cut."""
    people = company.people(1, 4)
    post, palm = bar(), hand()
    first = (
        _walk(*people[0], (0.15, 0.42, 0.08), (0.6, 0.42, 0.08), sway=0.06),
        _walk(*people[1], (0.8, 0.45, 0.09), (0.35, 0.45, 0.09), sway=0.06),
        _still("", post, 0.3, 0.5, 0.07, sway=0.0),
        _still("", post, 0.62, 0.5, 0.05, sway=0.0),
        _walk(*people[2], (0.9, 0.5, 0.13), (0.7, 0.5, 0.13)),
        _walk("", palm, (0.95, 0.75, 0.2), (0.8, 0.52, 0.2), (0.75, 0.8, 0.2), sway=0.1),
    )
    second = (
        _still(*people[3], 0.3, 0.42, 0.1),
        _walk("", palm, (0.2, 0.8, 0.18), (0.31, 0.42, 0.16), (0.4, 0.8, 0.18)),
        _walk(*people[4], (0.85, 0.4, 0.07), (0.5, 0.44, 0.08)),
        _still("", post, 0.7, 0.5, 0.08, sway=0.0),
    )
    shots = (Shot(company.ground(), 2.2, first), Shot(company.ground(), 1.8, second))
    encoding = video_files.Encoding(quality=28)
    return Film("covered", Difficulty.HARD, HD, shots, encoding=encoding, seed=seed)


def _dark(company: Company, seed: int) -> Film:
    """Dark and noisy, a trembling camera, smeared by movement; 60 frames a second."""
    people = company.people(1, 3)
    ways = (
        ((-0.05, 0.4, 0.09), (0.55, 0.42, 0.1)),
        ((0.35, 0.38, 0.07), (0.45, 0.38, 0.07)),
        ((0.95, 0.5, 0.14), (0.55, 0.5, 0.14)),
        ((0.7, 0.4, 0.06), (0.8, 0.42, 0.08)),
    )
    actors = tuple(
        _walk(*one, *way, smear=8 if number % 2 == 0 else 0)
        for number, (one, way) in enumerate(zip(people, ways, strict=True))
    )
    camera = Camera((0.5, 0.5, 0.85), shake=2.5)
    light = Light(bright=0.25, noise=5, smear=5)
    shot = Shot(company.ground(), 2.5, actors, camera, light)
    encoding = video_files.Encoding(Fraction(60), 30)
    return Film("dark", Difficulty.HARD, HD, (shot,), encoding=encoding, seed=seed)


def _turned(company: Company, seed: int) -> Film:
    """Small, turned as who lies or bends down, out of focus, and a poor codec."""
    people = company.people(1, 5)
    ways: tuple[tuple[tuple[tuple[float, float, float], ...], tuple[float, float]], ...] = (
        (((0.12, 0.4, 0.035), (0.2, 0.42, 0.05)), (0, 10)),
        (((0.3, 0.4, 0.06), (0.35, 0.5, 0.07)), (0, 75)),
        (((0.45, 0.35, 0.03), (0.5, 0.38, 0.045)), (-10, -30)),
        (((0.6, 0.45, 0.08), (0.62, 0.45, 0.08)), (-60, -90)),
        (((0.78, 0.4, 0.045), (0.7, 0.42, 0.05)), (20, 45)),
        (((0.9, 0.48, 0.09), (0.86, 0.48, 0.1)), (30, 60)),
    )
    actors = tuple(
        _walk(*one, *way, turn=turn) for one, (way, turn) in zip(people, ways, strict=True)
    )
    shot = Shot(company.ground(), 4, actors, light=Light(defocus=1.8))
    encoding = video_files.Encoding(quality=35)
    return Film("turned", Difficulty.HARD, HD, (shot,), encoding=encoding, seed=seed)


def _shaken_crowd(company: Company, seed: int) -> Film:
    """A crowd from further away, by a trembling hand in poor light, and a poor codec."""
    ground, (x, y) = company.crowd("far crowd")
    camera = Camera((0.5 + (x - 0.5) / 4, y, 1.0), (x - 0.05, y, 0.85), shake=4)
    light = Light(bright=0.4, noise=5, smear=5)
    shot = Shot(ground, 4, camera=camera, light=light)
    encoding = video_files.Encoding(quality=34)
    return Film("shaken crowd", Difficulty.HARD, HD, (shot,), encoding=encoding, seed=seed)


def _large(company: Company, seed: int) -> Film:
    """At 1920 x 1080, for speed: a scene of usual difficulty with sound of its own."""
    people = company.people(2, 2)
    ways = (
        ((0.15, 0.4, 0.1), (0.4, 0.42, 0.1)),
        ((0.35, 0.45, 0.13), (0.3, 0.45, 0.13)),
        ((0.62, 0.4, 0.09), (0.66, 0.4, 0.1)),
        ((0.85, 0.45, 0.12), (0.8, 0.45, 0.13)),
    )
    actors = tuple(_walk(*one, *way) for one, way in zip(people, ways, strict=True))
    shot = Shot(company.ground(), 4, actors)
    return Film("1080p", Difficulty.EASY, FULL_HD, (shot,), seed=seed)


FILMS: Mapping[str, Callable[[Company, int], Film]] = {
    "talk": _talk,
    "scenes": _scenes,
    "nearer": _nearer,
    "crossing": _crossing,
    "from-far": _from_far,
    "half-light": _half_light,
    "crowd": _crowd,
    "covered": _covered,
    "dark": _dark,
    "turned": _turned,
    "shaken-crowd": _shaken_crowd,
    "1080p": _large,
}
SPEED = "1080p"
"""The clip with which speed is measured."""


def gallery(media: Path) -> Cast:
    """The people in the registry, all of LFW, and the strangers.

    Raises:
        SystemExit: the folder lacks what the clips are made of.
    """
    for needed in ("lfw_people.csv", "wider/boxes.csv", "deepface_people.csv"):
        if not (media / needed).is_file():
            raise SystemExit(f"{media} has no {needed}: name the folder of labelled photos")
    cast = composites.cast_in(media, PEOPLE, PORTRAITS)
    known = [name for name, paths in cast.portraits.items() if "lfw" in paths[0].parts]
    return composites.only(cast, known)


def make(
    media: Path,
    cast: Cast,
    folder: Path,
    number: int = 0,
    names: Sequence[str] = (),
    detector: Detector | None = None,
) -> Iterator[ClipTruth]:
    """Write the clips of a round, each with its truth beside it.

    Args:
        media: the labelled photos.
        cast: whoever is in the registry may be shown; see `gallery`.
        folder: where to; it is made.
        number: of the round: other ones have other people before other grounds.
        names: keys of `FILMS`; all without any. A clip is the same whichever others are made.
        detector: to look at photos and grounds; loaded if there is none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    looking = detector or Detector.load()
    for place, (name, film_of) in enumerate(FILMS.items()):
        if names and name not in names:
            continue
        seed = 100 * number + place
        film = film_of(Company.of(media, cast, looking, seed), seed)
        film = dataclasses.replace(film, cleared=frozenset(cast.portraits))
        truth = shoot(film, folder / f"{name}-{number}.mp4")
        truth.write(folder / f"{name}-{number}.json")
        yield truth


def clap(media: Path, cast: Cast, path: Path, detector: Detector | None = None) -> Path:
    """A clip of four seconds with two claps: all white for two frames, and a click meanwhile."""
    company = Company.of(media, cast, detector or Detector.load(), 7)
    film = _talk(company, 7)
    silent = path.with_suffix(".silent.mp4")
    shoot(film, silent)
    samples = np.zeros(4 * video_files.SOUND_RATE, np.float32)
    time = np.arange(len(samples)) / video_files.SOUND_RATE
    samples += 0.05 * np.sin(2 * np.pi * 220 * time).astype(np.float32)
    for second in CLAP_SECONDS:
        start = round(second * video_files.SOUND_RATE)
        samples[start : start + video_files.SOUND_RATE // 100] = 0.9
    sound = path.with_suffix(".wav")
    video_files.write_sound(samples, sound)
    white = "+".join(f"between(t,{second},{second + 0.079})" for second in CLAP_SECONDS)
    video_files.ffmpeg(
        *("-i", silent, "-i", sound, "-map", "0:v:0", "-map", "1:a:0"),
        *("-vf", f"drawbox=c=white:t=fill:enable='{white}'", "-c:v", "libx264"),
        *("-crf", 20, "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac", path),
    )
    silent.unlink()
    sound.unlink()
    return path


def main() -> None:
    """Write the clips of a round, and print what is in them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("media", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--round", type=int, default=0)
    parser.add_argument("--only", type=lambda text: tuple(text.split(",")), default=())
    options = parser.parse_args()
    media = options.media.resolve()
    print("| clip | class | size | frames | cuts | faces that count | of cleared people |")
    print("|---|---|---|---|---|---|---|")
    for truth in make(media, gallery(media), options.folder, options.round, options.only):
        there = [face for _, face in truth.face_frames()]
        cleared = sum(face.person in truth.cleared for face in there)
        size = f"{truth.size[0]} x {truth.size[1]}"
        cells = (len(truth.times), len(truth.cuts), len(there), cleared)
        print(
            f"| {truth.name} | {truth.difficulty} | {size} | {' | '.join(map(str, cells))} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
