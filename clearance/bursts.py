"""Pictures that are nearly the same: copies of one file, and shots of one moment.

Whoever goes through an album by eye sees them side by side, once instead of ten times.
Nothing is decided here: each picture of a group is judged for itself.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
import functools
import struct
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from detector.embedded import EXIF_IFD, Tiff

if TYPE_CHECKING:
    import numpy.typing as npt

    from detector.faces import Pixels

    Grid = npt.NDArray[np.float64]
    Hashes = npt.NDArray[np.uint64]
    Moments = npt.NDArray[np.float64]
    Labels = npt.NDArray[np.intp]

HASH_BITS = 64

MAX_DISTANCE = 10
"""Bits by which two pictures may differ and still be nearly the same.

Measured on real photos. Of 425 (crowds, full-size photos, portraits of 250 pixels) every one
stays within 10 when it is halved, quartered, saved as JPEG at quality 10, made 30 grey levels
brighter or a third darker, or loses 2 % of its width or 1 % at each side; 97.6 % do when they
lose 2 % at each side. No two of the 300 crowd photos, several of each kind of event, are within
15 (44,850 pairs). Of 6,598 portraits that are all framed alike 193 pairs of 21.8 million are
within 10, in groups of 8 at most; at 12 such groups grow together, the largest to 398.
"""

MAX_SECONDS_APART = 10.0
"""Between two shots of one moment, where both say when they were taken."""

_SIDE = 32
# Of a picture's shorter side this many pixels and up to twice as many are looked at:
# 16 x 16 or more for each area, whatever the camera.
_SAMPLES = 512
_WAVES = 8
_LUMA = (0.299, 0.587, 0.114)
# What rounding leaves of a wave that is not there; one grey level is 32 times as much.
_NOTHING = 1e-6
# Pictures compared with all others at once: at 10,000 pictures some 40 MB.
_AT_ONCE = 512
_TAKEN, _DIGITISED = 36867, 36868

K = TypeVar("K", bound=Hashable)


@dataclasses.dataclass(frozen=True, slots=True)
class Seen(Generic[K]):
    """What is needed of one picture to find its likes.

    Attributes:
        key: what the caller knows the picture by.
        sha256: of the file's bytes.
        hash: its `perceptual_hash`.
        moment: when it was taken, as its camera's clock showed it; None where it does not
            say. An offset from UTC is ignored: few cameras write one.
    """

    key: K
    sha256: str
    hash: int
    moment: dt.datetime | None = None


class Likeness(enum.StrEnum):
    """Why pictures stand in one group."""

    DUPLICATES = "duplicates"
    """The same bytes."""
    BURST = "burst"
    """Nearly the same picture, and taken together as far as they say when."""


@dataclasses.dataclass(frozen=True, slots=True)
class PictureGroup(Generic[K]):
    """Two or more pictures that are alike, in the order in which they came."""

    likeness: Likeness
    keys: tuple[K, ...]


def perceptual_hash(pixels: Pixels) -> int:
    """64 bits that stay nearly the same when a picture is scaled, recompressed or brightened.

    Each bit says whether one of the slowest waves of the grey picture, reduced to 32 x 32, is
    stronger than the middle one. A picture of one colour gives 0.

    Args:
        pixels: of the upright picture, uint8, (height, width, 3), RGB; at least one pixel.
    """
    waves = _cosines()
    strengths = (waves @ _reduced(pixels) @ waves.T).ravel()
    strengths[np.abs(strengths) < _NOTHING] = 0.0
    bits = strengths > np.median(strengths)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def distance(one: int, other: int) -> int:
    """How many of 64 bits differ."""
    return (one ^ other).bit_count()


def taken_at(exif: bytes | None) -> dt.datetime | None:
    """When a picture was taken, by its camera's clock; None where EXIF does not say so.

    Args:
        exif: as `detector.embedded.Embedded.exif`.
    """
    try:
        tiff = Tiff.of(exif or b"")
        said = tiff.value(EXIF_IFD, _TAKEN) or tiff.value(EXIF_IFD, _DIGITISED) or b""
        text = said.partition(b"\0")[0].decode("ascii").strip()
        # Without an offset, as cameras write it.
        return dt.datetime.strptime(text, "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
    except (ValueError, struct.error):
        return None


def groups(
    pictures: Iterable[Seen[K]],
    *,
    max_distance: int = MAX_DISTANCE,
    seconds: float = MAX_SECONDS_APART,
) -> list[PictureGroup[K]]:
    """Groups of pictures that are alike, in the order of their first picture.

    Files of the same bytes are one group of duplicates. Pictures whose hashes differ by
    `max_distance` bits at most, and that were taken at most `seconds` apart where both say
    when, are one burst; so are those that are linked by such pairs. A burst has at least two
    different files, and all copies of them. So a picture is in one group of each kind at most.
    """
    seen = list(pictures)
    copies: dict[str, list[int]] = collections.defaultdict(list)
    for place, one in enumerate(seen):
        copies[one.sha256].append(place)
    found = [(Likeness.DUPLICATES, places) for places in copies.values() if len(places) > 1]
    # One of each file is compared: ten thousand copies would be fifty million pairs.
    firsts = [seen[places[0]] for places in copies.values()]
    bursts: dict[int, list[str]] = collections.defaultdict(list)
    for one, label in zip(firsts, _linked(firsts, max_distance, seconds), strict=True):
        bursts[int(label)].append(one.sha256)
    for files in bursts.values():
        if len(files) > 1:
            places = sorted(place for sha256 in files for place in copies[sha256])
            found.append((Likeness.BURST, places))
    found.sort(key=lambda group: (group[1][0], group[0] is Likeness.BURST))
    return [
        PictureGroup(likeness, tuple(seen[place].key for place in places))
        for likeness, places in found
    ]


def _linked(pictures: list[Seen[K]], max_distance: int, seconds: float) -> Labels:
    """A number for each picture, the same for those that are linked.

    Pairs are compared in blocks and never listed: of 10,000 pictures of a wall there are
    fifty million. Only joining two groups costs a step in Python, and there are fewer such
    steps than pictures.
    """
    hashes = np.array([one.hash for one in pictures], np.uint64)
    moments = np.array([_clock(one.moment) for one in pictures], np.float64)
    labels = np.arange(len(pictures))
    for start in range(0, len(pictures), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        near = _near(hashes, moments, rows, max_distance, seconds)
        for row, likes in enumerate(near, start):
            joined = np.unique(labels[start:][likes])
            if len(joined) > 1:
                labels[np.isin(labels, joined)] = labels[row]
    return labels


def _near(
    hashes: Hashes, moments: Moments, rows: slice, max_distance: int, seconds: float
) -> npt.NDArray[np.bool_]:
    """Which pictures, from the first of `rows` on, are near each of `rows`."""
    differing = np.bitwise_count(hashes[rows, None] ^ hashes[None, rows.start :])
    apart = np.abs(moments[rows, None] - moments[None, rows.start :])
    # Not `apart <= seconds`: where one does not say when, the difference is no number.
    near: npt.NDArray[np.bool_] = (differing <= max_distance) & ~(apart > seconds)
    return near


def _clock(moment: dt.datetime | None) -> float:
    """Seconds that the camera's clock showed; not a number where it showed none."""
    return moment.replace(tzinfo=dt.UTC).timestamp() if moment else float("nan")


def _reduced(pixels: Pixels) -> Grid:
    """The grey picture, averaged over 32 x 32 areas; small pictures repeat their pixels."""
    step = max(1, min(pixels.shape[:2]) // _SAMPLES)
    pixels = pixels[step // 2 :: step, step // 2 :: step]
    height, width = pixels.shape[:2]
    rows = np.arange(_SIDE) * height // _SIDE
    columns = np.arange(_SIDE) * width // _SIDE
    high = np.maximum(np.diff(rows, append=height), 1)
    wide = np.maximum(np.diff(columns, append=width), 1)
    bands = np.add.reduceat(pixels, rows, axis=0, dtype=np.uint32)
    sums = np.add.reduceat(bands, columns, axis=1, dtype=np.float64)
    grey: Grid = sums @ np.array(_LUMA) / (high[:, None] * wide[None, :])
    return grey


@functools.cache
def _cosines() -> Grid:
    """The waves of a cosine transform along one side, (8, 32), without the mean."""
    frequency = np.arange(1, _WAVES + 1)[:, None]
    place = np.arange(_SIDE)[None, :]
    waves: Grid = np.cos(np.pi * frequency * (2 * place + 1) / (2 * _SIDE)) * np.sqrt(2 / _SIDE)
    return waves
