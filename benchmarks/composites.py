"""Albums put together from labelled photos, with the truth about every picture in them.

Photos of crowds (WIDER FACE) with boxes, full-size photos with the person's name (deepface,
face_recognition), and pictures of camera size: a crowd photo enlarged, with the grain of a
camera, on which photos of single faces (LFW) are laid: of people of the gallery and of
strangers. Albums of many small pictures are variants: cut, sized and encoded differently, so
that no two have the same bytes. Everything follows from the numbers given: the same folder of
media gives the same albums.
"""

from __future__ import annotations

import collections
import csv
import dataclasses
import hashlib
import io
import itertools
import random
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from benchmarks.wider import Photo, Truth, read_photos, spread
from detector.faces import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

QUALITY = 92
SIZES: Mapping[str, tuple[int, int]] = {"12 MP": (4000, 3000), "24 MP": (6000, 4000)}
TILES = 8
"""Photos of single faces laid on a picture: half of them of people of the gallery."""
SIDES = (260, 760)
"""Of those photos, in pixels: LFW's face is a third of it across."""
FACE = (0.32, 0.27, 0.68, 0.73)
"""Where LFW shows the face: left, top, right, bottom as shares of its side."""
MOST_LABELLED = 12
"""Faces of the crowd photo that is the ground of a picture."""
GRAIN = 4.0
"""Standard deviation of the noise, in steps of 255: it costs a decoder what a camera's does."""
SMALL = (160, 240)
"""The longer side of a variant, in pixels: ten thousand are to be looked at in minutes."""
FEW = 4
"""Labelled faces of the photos of which variants are made."""
_SEED = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """A photo, its labelled faces, and who is in it of those whose name is known."""

    photo: Photo
    people: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True, slots=True)
class Album:
    """Pictures in a folder of their own; no two have the same name.

    `complete` says that every face is labelled, so that a box elsewhere is false.
    """

    name: str
    folder: Path
    pictures: tuple[Picture, ...]
    complete: bool = False

    @property
    def photos(self) -> tuple[Photo, ...]:
        """The photos with their boxes."""
        return tuple(one.photo for one in self.pictures)


@dataclasses.dataclass(frozen=True, slots=True)
class Cast:
    """Who is known by which portraits, other photos of them, and photos of strangers."""

    portraits: Mapping[str, tuple[Path, ...]]
    probes: Mapping[str, tuple[Path, ...]]
    strangers: tuple[Path, ...]


def cast_in(media: Path, people: int = 20, portraits: int = 3) -> Cast:
    """The gallery: people of LFW with enough photos, and everybody of the full-size photos.

    Args:
        media: the folder with the tables `*_people.csv`.
        people: of LFW, the first by name with three photos more than portraits.
        portraits: of each, where that leaves a photo to find them in.
    """
    lfw = _photos_of(media / "lfw_people.csv", media)
    known: dict[str, tuple[Path, ...]] = {}
    probes: dict[str, tuple[Path, ...]] = {}
    chosen = [name for name, paths in sorted(lfw.items()) if len(paths) >= portraits + 3]
    for name in chosen[:people]:
        known[name], probes[name] = lfw[name][:portraits], lfw[name][portraits:]
    for name, paths in _full_size(media).items():
        count = min(portraits, len(paths) - 1)
        known[name], probes[name] = paths[:count], paths[count:]
    strangers = tuple(paths[0] for _, paths in sorted(lfw.items()) if len(paths) == 1)
    return Cast(known, probes, strangers)


def _full_size(media: Path) -> dict[str, tuple[Path, ...]]:
    """People of the photos that show one person and are no two sizes of the same picture."""
    found = dict(_photos_of(media / "deepface_people.csv", media))
    trained = _photos_of(media / "face_recognition_people.csv", media)
    for name, paths in trained.items():
        some = tuple(path for path in paths if "knn_examples" in path.parts)
        found[name] = tuple(dict.fromkeys(some))
    return {name: paths for name, paths in found.items() if len(paths) > 1}


def _photos_of(table: Path, media: Path) -> dict[str, tuple[Path, ...]]:
    found: dict[str, list[Path]] = collections.defaultdict(list)
    with table.open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            if row["person"]:
                found[row["person"]].append(media / row["file"])
    return {name: tuple(sorted(paths)) for name, paths in sorted(found.items())}


def only(cast: Cast, names: Iterable[str]) -> Cast:
    """The cast with nobody in its gallery but these: the portraits of others were refused."""
    kept = {name: cast.portraits[name] for name in names}
    return dataclasses.replace(cast, portraits=kept)


# --- albums ---------------------------------------------------------------------------------


def crowds(media: Path, count: int, folder: Path) -> Album:
    """Photos of crowds, spread over the events; nobody in them is known."""
    chosen = spread(read_photos(media), count)
    made = _album("crowds", folder, (Picture(photo) for photo in chosen))
    return dataclasses.replace(made, complete=True)


def full_size(cast: Cast, count: int, folder: Path) -> Album:
    """Photos of people of the gallery as their cameras made them, other than their portraits."""
    people: dict[Path, set[str]] = collections.defaultdict(set)
    for name in cast.portraits:
        for path in cast.probes[name]:
            if not _is_lfw(path):
                people[path].add(name)
    pictures = (Picture(Photo(path, ()), frozenset(names)) for path, names in people.items())
    return _album("full-size photos", folder, itertools.islice(pictures, count))


def composed(media: Path, cast: Cast, size: str, count: int, folder: Path) -> Album:
    """Pictures of camera size, put together; half of the faces laid on them are known.

    Photos of LFW often show somebody else at the edge, whom nobody has labelled.
    """
    folder.mkdir(parents=True, exist_ok=True)
    grounds = [one for one in read_photos(media) if 0 < len(one.faces) <= MOST_LABELLED]
    chance = random.Random(f"{_SEED} {size}")
    chance.shuffle(grounds)
    # Only people of LFW: in their photos the place of the face is known.
    known = [(path, name) for name in cast.portraits for path in cast.probes[name] if _is_lfw(path)]
    chance.shuffle(known)
    strangers = [(path, None) for path in cast.strangers]
    chance.shuffle(strangers)
    pictures = []
    for number, ground in enumerate(grounds[:count]):
        tiles = [*_one_each(known, number, TILES // 2), *_some(strangers, number, TILES // 2)]
        target = folder / f"{size.replace(' ', '-')}-{number:03}.jpg"
        pictures.append(compose(ground, SIZES[size], tiles, chance, target))
    return Album(f"composed, {size}", folder, tuple(pictures))


def _is_lfw(path: Path) -> bool:
    return "lfw" in path.parts


def _some(
    tiles: Sequence[tuple[Path, str | None]], number: int, count: int
) -> list[tuple[Path, str | None]]:
    """So many of the photos, the next ones for each number."""
    if not tiles:
        return []
    start = number * count % len(tiles)
    return list(itertools.islice(itertools.cycle(tiles), start, start + count))


def _one_each(
    tiles: Sequence[tuple[Path, str]], number: int, count: int
) -> list[tuple[Path, str | None]]:
    """So many photos of different people, other ones for each number."""
    found: dict[str, tuple[Path, str | None]] = {}
    start = number * count % max(1, len(tiles))
    for path, name in (*tiles[start:], *tiles[:start]):
        if len(found) < count:
            found.setdefault(name, (path, name))
    return list(found.values())


def compose(
    ground: Photo,
    size: tuple[int, int],
    tiles: Iterable[tuple[Path, str | None]],
    chance: random.Random,
    target: Path,
) -> Picture:
    """A picture of that size: the ground enlarged, tiles laid where no face is, and grain.

    Args:
        ground: a photo with its labels; its middle fills the picture.
        size: width and height in pixels.
        tiles: photos of one face each as LFW cuts them, and who it is.
        chance: where they lie and how large they are. One that finds no room is left out.
        target: the JPEG that is written.
    """
    picture, faces = _enlarged(ground, size)
    taken = [face.box for face in faces]
    people = set()
    for path, name in tiles:
        place = _room(size, taken, chance)
        if place is None:
            continue
        with Image.open(path) as opened:
            side = (place.width, place.height)
            tile = opened.convert("RGB").resize(side, Image.Resampling.LANCZOS)
        picture.paste(tile, (place.left, place.top))
        taken.append(place)
        faces.append(Truth(face_in(place), blur=0, occlusion=0, invalid=False))
        people |= {name} if name else set()
    _grained(picture, chance).save(target, quality=QUALITY)
    return Picture(Photo(target, tuple(faces)), frozenset(people))


def face_in(place: Box) -> Box:
    """Where the face is in a photo of LFW that was laid there."""
    left, top, right, bottom = FACE
    return Box(
        round(place.left + left * place.width),
        round(place.top + top * place.height),
        round(place.left + right * place.width),
        round(place.top + bottom * place.height),
    )


def _enlarged(ground: Photo, size: tuple[int, int]) -> tuple[Image.Image, list[Truth]]:
    """The middle of a photo at that size, with the labelled faces that lie wholly in it.

    A face that its edge cuts is in the picture, too, and must not be covered: it stays, as
    one that nobody counts.
    """
    width, height = size
    with Image.open(ground.path) as opened:
        scale = max(width / opened.width, height / opened.height)
        left, top = (opened.width - width / scale) / 2, (opened.height - height / scale) / 2
        box = (left, top, left + width / scale, top + height / scale)
        picture = opened.convert("RGB").resize(size, Image.Resampling.LANCZOS, box=box)
    faces = []
    for face in ground.faces:
        old = face.box
        moved = Box(
            round((old.left - left) * scale),
            round((old.top - top) * scale),
            round((old.right - left) * scale),
            round((old.bottom - top) * scale),
        )
        seen = moved.clipped(width, height)
        if seen.area:
            cut = seen != moved
            faces.append(dataclasses.replace(face, box=seen, invalid=face.invalid or cut))
    return picture, faces


def _room(size: tuple[int, int], taken: Sequence[Box], chance: random.Random) -> Box | None:
    for _ in range(60):
        side = chance.randint(*SIDES)
        left, top = (chance.randint(0, edge - side) for edge in size)
        place = Box(left, top, left + side, top + side)
        if not any(place.intersection(other) for other in taken):
            return place
    return None


def _grained(picture: Image.Image, chance: random.Random) -> Image.Image:
    rng = np.random.default_rng(chance.randrange(2**32))
    pixels = np.asarray(picture, dtype=np.float32)
    grain = rng.standard_normal(pixels.shape[:2], dtype=np.float32)[..., None] * np.float32(GRAIN)
    return Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8))


def _album(name: str, folder: Path, pictures: Iterable[Picture]) -> Album:
    """Copies of the pictures in a folder: a peer writes beside what it reads."""
    folder.mkdir(parents=True, exist_ok=True)
    held = []
    for number, one in enumerate(pictures):
        copy = folder / f"{number:04}{one.photo.path.suffix.lower()}"
        copy.write_bytes(one.photo.path.read_bytes())
        held.append(Picture(dataclasses.replace(one.photo, path=copy), one.people))
    return Album(name, folder, tuple(held))


def variants(photos: Sequence[Photo], count: int, folder: Path) -> list[Path]:
    """So many small pictures of these photos in the folder, no two of the same bytes.

    Of those only that show a few people, as most photos of an album do.
    """
    folder.mkdir(parents=True, exist_ok=True)
    photos = [one for one in photos if len(one.faces) <= FEW]
    seen: set[bytes] = set()
    written = []
    for number, content in enumerate(itertools.islice(_distinct(photos, seen), count)):
        target = folder / f"{number:05}.jpg"
        target.write_bytes(content)
        written.append(target)
    return written


def _distinct(photos: Sequence[Photo], seen: set[bytes]) -> Iterator[bytes]:
    chance = random.Random(_SEED)
    for photo in itertools.cycle(photos):
        content = _variant(photo.path, chance)
        digest = hashlib.sha256(content).digest()
        if digest not in seen:
            seen.add(digest)
            yield content


def _variant(path: Path, chance: random.Random) -> bytes:
    """Part of a photo, nearly all of it, at another size and quality: a JPEG."""
    with Image.open(path) as opened:
        longer = chance.randint(*SMALL)
        opened.draft("RGB", (longer, longer))
        width, height = opened.size
        left, top = (chance.uniform(0, 0.08) * edge for edge in (width, height))
        right, bottom = (edge * chance.uniform(0.92, 1) for edge in (width, height))
        scale = longer / max(right - left, bottom - top)
        size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
        small = opened.convert("RGB").resize(
            size, Image.Resampling.BILINEAR, box=(left, top, right, bottom)
        )
    held = io.BytesIO()
    small.save(held, "JPEG", quality=chance.randint(78, 94))
    return held.getvalue()
