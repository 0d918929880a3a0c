"""To which publication a downloaded file, or a screenshot of it, belongs.

The very bytes are certain. Anything else is a suggestion: pictures that look nearly the same,
by the hash with which `clearance.bursts` finds shots of one moment.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clearance.bursts import MAX_DISTANCE, distance, perceptual_hash
from detector.photo import photo_from_bytes, read_file

if TYPE_CHECKING:
    from clearance.publications import Item, Publication
    from detector.faces import Pixels

BORDER_LEVELS = 24
"""Grey levels by which the pixels of a row of a plain border may differ.

Measured on 120 photos of crowds (WIDER FACE) that were reduced to 60 %, put on a page and saved as
JPEG at quality 50: on a white page 116 are found within `clearance.bursts.MAX_DISTANCE`, on a dark
one all 120, with no page all 120; no photo is taken for another. With 16, 40 and 60 levels
as many or fewer are found. """
_SMALLEST_SHARE = 0.05
"""Of a screenshot's width and height that a picture in it has at least."""


class How(enum.StrEnum):
    """By what a file was found again."""

    PUBLISHED = "published"
    """It is the very file that was published."""
    ORIGINAL = "original"
    """It is the very file of which a copy was published."""
    ALIKE = "alike"
    """It looks nearly the same."""


@dataclasses.dataclass(frozen=True, slots=True)
class FoundAgain:
    """A publication to which a file may belong.

    `distance` is in bits of 64, 0 for the very file.
    """

    publication: Publication
    item: Item
    how: How
    distance: int


def found_again(
    picture: bytes | Path,
    publications: Iterable[Publication],
    *,
    max_distance: int = MAX_DISTANCE,
) -> tuple[FoundAgain, ...]:
    """The publications that a file may belong to: the very file, else those that look like it.

    A picture scaled, compressed again, made brighter, or on a plain page is found as far as
    `clearance.bursts.MAX_DISTANCE` says, which also has the measurements behind the limit.
    One that was cropped by more, mirrored or turned is not.

    Args:
        picture: the file, or its bytes.
        publications: among which it is looked for.
        max_distance: bits of 64 by which the looks may differ.

    Raises:
        DetectorError: it is none of the files, and no picture that can be read.
    """
    path = picture if isinstance(picture, Path) else Path("picture")
    data = picture if isinstance(picture, bytes) else read_file(picture)
    among = [(one, item) for one in publications for item in one.items]
    exact = list(_exact(hashlib.sha256(data).hexdigest(), among))
    if exact:
        return tuple(exact)
    looks = _looks(photo_from_bytes(data, path).pixels)
    found = []
    for one, item in among:
        if item.look is None:
            continue
        bits = min(distance(item.look, look) for look in looks)
        if bits <= max_distance:
            found.append(FoundAgain(one, item, How.ALIKE, bits))
    return tuple(sorted(found, key=lambda one: (one.distance, one.publication.id)))


def look_of(picture: bytes | Path) -> int:
    """The hash by which a file that is published is found again.

    Raises:
        DetectorError: it is no picture that can be read.
    """
    path = picture if isinstance(picture, Path) else Path("picture")
    data = picture if isinstance(picture, bytes) else read_file(picture)
    return perceptual_hash(photo_from_bytes(data, path).pixels)


def _exact(sha256: str, among: Iterable[tuple[Publication, Item]]) -> Iterable[FoundAgain]:
    for one, item in among:
        if item.bytes_out == sha256:
            yield FoundAgain(one, item, How.PUBLISHED, 0)
        elif item.original == sha256:
            yield FoundAgain(one, item, How.ORIGINAL, 0)


def _looks(pixels: Pixels) -> tuple[int, ...]:
    """Of the picture as it is, and without a plain border."""
    inner = _without_border(pixels)
    return tuple(perceptual_hash(one) for one in (pixels, inner))


def _without_border(pixels: Pixels) -> Pixels:
    """The picture without the plain rows and columns around it; itself where little is left."""
    height, width = pixels.shape[:2]
    rows = _busy(pixels, 1)
    if rows.size == 0:
        return pixels
    inner = pixels[rows[0] : rows[-1] + 1]
    columns = _busy(inner, 0)
    if columns.size == 0:
        return pixels
    inner = inner[:, columns[0] : columns[-1] + 1]
    small = inner.shape[0] < _SMALLEST_SHARE * height or inner.shape[1] < _SMALLEST_SHARE * width
    return pixels if small else inner


def _busy(pixels: Pixels, along: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The rows (along 1) or columns (along 0) that are not of one colour."""
    most = pixels.max(axis=along).astype(np.int16)
    least = pixels.min(axis=along).astype(np.int16)
    return np.flatnonzero((most - least).max(axis=1) > BORDER_LEVELS)
