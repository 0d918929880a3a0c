"""Tiny videos of the fictional people of the sample media, with the truth about every frame.

Their drawn portraits are cut out and move before a drawn wall. One second of 320 x 240 takes a
fraction of a second to make, and is the same whenever it is made.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from benchmarks import video_files
from benchmarks.clip_stage import (
    Actor,
    Cutout,
    Film,
    Ground,
    Key,
    Light,
    Oval,
    Shot,
    shoot,
)
from benchmarks.clip_truth import ClipTruth, Difficulty
from tests.commands import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from detector.video_frames import Plane

SMALL = (320, 240)
RATE = Fraction(10)

CLEARED, REFUSED, UNKNOWN = "desire-kamanda", "priya-ramanathan", "tiziano-ravelli"
"""Of the demo registry: agreed to everything, refused, and in no registry."""

Way = tuple[tuple[float, float, float], ...]
"""Points (x, y, width of the face): shares of the frame's width, and twice of its height."""


@dataclasses.dataclass(frozen=True, slots=True)
class Beside:
    """What a file holds besides its pictures.

    Attributes:
        sound: a tone of 440 Hz.
        subtitles: one line, for the first second.
        chapters: two of them, with titles.
        titles: a title, an artist, a place, in the tags of the file.
        data: a track of time codes.
        cover: a picture for the shelf.
        turned: degrees by which a player turns the pictures; the truth is of upright ones.
    """

    sound: bool = False
    subtitles: bool = False
    chapters: bool = False
    titles: bool = False
    data: bool = False
    cover: bool = False
    turned: int = 0


@functools.cache
def portrait(person: str, number: int = 1) -> Cutout:
    """Somebody of the cast, cut out of a portrait, with the face as the cast's table has it."""
    told = json.loads((SAMPLES / "cast.json").read_text(encoding="utf-8"))
    file = f"portraits/{person}-{number}.jpg"
    left, top, right, bottom = next(
        picture["faces"][0]["box"] for picture in told["pictures"] if picture["file"] == file
    )
    face = Oval((left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2)
    with Image.open(SAMPLES / file) as opened:
        picture = opened.convert("RGB")
    mask = Image.new("L", picture.size)
    draw = ImageDraw.Draw(mask)
    for middle, across, down in (
        (face.y - 0.2 * face.down, 1.6 * face.across, 1.5 * face.down),
        (face.y + 3.3 * face.down, 2.8 * face.across, 2.1 * face.down),
    ):
        draw.ellipse((face.x - across, middle - down, face.x + across, middle + down), fill=255)
    picture.putalpha(mask.filter(ImageFilter.GaussianBlur(6)))
    # No clip shows a face as large as in the portrait.
    return Cutout(picture.reduce(2), Oval(face.x / 2, face.y / 2, face.across / 2, face.down / 2))


def wall(hue: int = 0, size: tuple[int, int] = SMALL) -> Ground:
    """A drawn wall with stripes and spots: nobody is there. Walls of other hues differ."""
    rng = np.random.default_rng(hue)
    picture = Image.new("RGB", size, f"hsl({hue * 67 % 360}, 35%, 62%)")
    draw = ImageDraw.Draw(picture)
    for x in range(0, size[0], 40):
        draw.rectangle((x, 0, x + 12, size[1]), fill=f"hsl({hue * 67 % 360}, 30%, 56%)")
    for x, y in rng.integers(0, size, (12, 2)).tolist():
        draw.rectangle((x, y, x + 14, y + 5), fill=f"hsl({(hue * 67 + 40) % 360}, 25%, 45%)")
    return Ground(picture)


def walker(person: str, *way: tuple[float, float, float], number: int = 1) -> Actor:
    """Somebody of the cast on a way of even times; a single point for who stays."""
    steps = max(1, len(way) - 1)
    keys = tuple(Key(place / steps, *point) for place, point in enumerate(way))
    return Actor(person, portrait(person, number), keys, sway=0.0)


def scene(
    *actors: Actor,
    seconds: float = 1.0,
    hue: int = 0,
    size: tuple[int, int] = SMALL,
    light: Light | None = None,
) -> Shot:
    """A scene before a wall, actors from back to front."""
    return Shot(wall(hue, size), seconds, actors, light=light or Light())


def a_clip(
    path: Path,
    *shots: Shot,
    size: tuple[int, int] = SMALL,
    rate: Fraction = RATE,
    uneven: bool = False,
    beside: Beside | None = None,
    quality: int = 20,
) -> ClipTruth:
    """Write a clip; without shots two people stand in it, one of whom agreed.

    `path` ends in `.mp4`, `.mov` or `.mkv`.
    """
    shown = shots or (two_people(size),)
    encoding = video_files.Encoding(rate, quality, "ultrafast")
    film = Film(
        *(path.stem, Difficulty.EASY, size, shown),
        *(frozenset({CLEARED}), encoding, uneven),
    )
    if beside is None or beside == Beside():
        return shoot(film, path)
    plain = path.with_name(f"plain-{path.name}")
    truth = shoot(film, plain)
    _with_parts(plain, path, beside, float(truth.times[-1]) + float(1 / rate))
    plain.unlink()
    return dataclasses.replace(truth, path=path)


def two_people(size: tuple[int, int] = SMALL, seconds: float = 1.0) -> Shot:
    """Somebody who agreed and somebody who refused, side by side."""
    return scene(
        walker(CLEARED, (0.3, 0.4, 0.24), (0.33, 0.4, 0.25)),
        walker(REFUSED, (0.72, 0.42, 0.24), (0.68, 0.42, 0.25)),
        seconds=seconds,
        size=size,
    )


def crossing(size: tuple[int, int] = SMALL, seconds: float = 1.5) -> Shot:
    """The two walk past each other; who refused is in front."""
    return scene(
        walker(CLEARED, (0.2, 0.4, 0.2), (0.8, 0.4, 0.2)),
        walker(REFUSED, (0.8, 0.44, 0.22), (0.2, 0.44, 0.22)),
        seconds=seconds,
        size=size,
    )


def cut(size: tuple[int, int] = SMALL, seconds: float = 0.6) -> tuple[Shot, Shot]:
    """Two scenes: who agreed, and then, at the same place, who refused."""
    return (
        scene(walker(CLEARED, (0.5, 0.42, 0.26)), seconds=seconds, hue=1, size=size),
        scene(walker(REFUSED, (0.5, 0.42, 0.26)), seconds=seconds, hue=3, size=size),
    )


def passing(size: tuple[int, int] = SMALL, seconds: float = 1.5) -> Shot:
    """Somebody nobody knows comes in at one edge and goes out at the other."""
    return scene(
        walker(UNKNOWN, (-0.2, 0.42, 0.24), (1.2, 0.42, 0.24)), seconds=seconds, hue=2, size=size
    )


def nobody(size: tuple[int, int] = SMALL, seconds: float = 0.5) -> Shot:
    """An empty room."""
    return scene(seconds=seconds, hue=4, size=size)


@dataclasses.dataclass(frozen=True, slots=True)
class _Part:
    """A file that is put beside the pictures: which stream of it, and words of ffmpeg about it."""

    file: Path
    kind: str
    words: tuple[str, ...]


def _with_parts(plain: Path, path: Path, beside: Beside, seconds: float) -> None:
    """The same pictures with other things in the file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = _turned(plain, beside.turned, folder) if beside.turned else plain
        parts = list(_parts(folder, beside, seconds, path.suffix))
        words: list[object] = ["-map", "0:v:0"]
        for number, part in enumerate(parts, 1):
            words += ["-map", f"{number}:{part.kind}"] if part.kind else ["-map_chapters", number]
        words += ["-c:v:0", "copy", *(word for part in parts for word in part.words)]
        if beside.titles:
            for tag in ("title=Priya's visit", "artist=Tiziano Ravelli", "location=+46.95+007.44/"):
                words += ["-metadata", tag]
        if beside.data:
            words += ["-timecode", "10:00:00:00"]
        rotation = ("-display_rotation:v:0", beside.turned) if beside.turned else ()
        inputs = [word for part in parts for word in ("-i", part.file)]
        video_files.ffmpeg(*rotation, "-i", pictures, *inputs, *words, path)


def _parts(folder: Path, beside: Beside, seconds: float, suffix: str) -> Iterator[_Part]:
    if beside.sound:
        tone = folder / "tone.wav"
        time = np.arange(round(seconds * video_files.SOUND_RATE)) / video_files.SOUND_RATE
        video_files.write_sound((0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32), tone)
        yield _Part(tone, "a", ("-c:a", "aac", "-b:a", "64k"))
    if beside.subtitles:
        line = folder / "line.srt"
        line.write_text("1\n00:00:00,000 --> 00:00:01,000\nPriya Ramanathan, room 12\n", "utf-8")
        yield _Part(line, "s", ("-c:s", "srt" if suffix == ".mkv" else "mov_text"))
    if beside.cover:
        cover = folder / "cover.png"
        portrait(REFUSED).picture.convert("RGB").resize((64, 72)).save(cover)
        yield _Part(cover, "v", ("-c:v:1", "png", "-disposition:v:1", "attached_pic"))
    if beside.chapters:
        chapters = folder / "chapters.txt"
        half = round(500 * seconds)
        lines = (
            ";FFMETADATA1",
            *("[CHAPTER]", "TIMEBASE=1/1000", "START=0", f"END={half}", "title=Priya comes in"),
            *("[CHAPTER]", "TIMEBASE=1/1000", f"START={half}", f"END={2 * half}", "title=Ward 3"),
        )
        chapters.write_text("\n".join(lines), "utf-8")
        yield _Part(chapters, "", ())


def _turned(plain: Path, degrees: int, folder: Path) -> Path:
    """The pictures as a camera writes them that was held another way.

    Raises:
        KeyError: by something else than quarters.
    """
    filters = {90: "transpose=clock", 180: "hflip,vflip", 270: "transpose=cclock"}
    target = folder / plain.name
    video_files.ffmpeg(
        *("-i", plain, "-vf", filters[degrees], "-fps_mode", "passthrough"),
        *("-enc_time_base", "demux", "-c:v", "libx264", "-preset", "ultrafast", "-crf", 18, target),
    )
    return target


def luma(truth: ClipTruth) -> Sequence[Plane]:
    """The brightness of every frame."""
    return list(video_files.planes(truth.path, truth.size))
