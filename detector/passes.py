"""One look at a picture with a finder, at every size at which faces may be.

A finder sees faces of a limited range of sizes. So the picture is offered to it
at its own size and at halves of it (a face that fills the frame is small in the
smallest), enlarged where it is small itself, and cut into tiles where it is
large.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

from detector.faces import Box
from detector.voting import Candidates, strongest, strongest_way, vote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from detector.faces import Pixels
    from detector.voting import Floats


class FaceFinder(Protocol):
    """Looks once at one picture."""

    name: str
    alignment: str
    """Names its kind of landmarks: templates made with others are not comparable."""
    loads_in_background: bool
    """Whether it may be loaded while photos are decoded."""
    smallest_face: int
    """Width in pixels from which faces are found at all."""
    hint: float | None
    """Score below which there is certainly no face, not even one of half the
    smallest size; None for a finder whose scores do not tell."""

    def find(self, pixels: Pixels, threshold: float) -> Candidates:
        """Sightings scored at least `threshold`, in the coordinates of `pixels`.

        There may be several per face. A finder without scores gives 1.
        """


TILE = 768
"""Side of a tile in pixels: about 250 MB of network memory."""

OVERLAP = 64
"""Pixels that neighbouring tiles share; larger faces are found in a smaller copy."""

_AROUND_HINT = 48
"""Pixels around hints that are looked at, so that a face is seen whole with its surroundings."""

_BESIDE = 0.2
"""Share of a doubtful face's width and height that is looked at on every side of it, and the
surroundings of a hint besides. With 0.5 not one labelled face more was found."""

_SMALL = 64
"""Width in pixels of the largest copy below which the slightest hint is followed."""

_DOUBTFUL = 0.9
_LARGE = 384
"""Larger faces are looked at again if the smaller copies together leave doubts: many that
are half covered score little in each copy. Still larger ones do not fit the network."""

_STEP = 32
"""Networks fill a picture up to a multiple of so many pixels."""

_PER_LOOK = 12_000
"""Pixels that could be looked at in the time that one look more takes by itself."""

_ENLARGED_PIXELS = 8_000_000
"""A picture is enlarged only up to this size: a photo of 2 megapixels, twice as wide.

Where a crowd photo of 1024 x 768 was not enlarged, one in ten faces of 16 to 24
pixels more was missed.
"""

TURNS = (1, 3, 2)
"""Quarter turns against the clock that are tried: on the sides first."""

_TURNED_THOROUGH = 1536
"""The longer side of the largest copy that a thorough look turns."""

_SMALLEST_COPY = 320
"""The longer side of the smallest copy: a face that fills the frame fits the network."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Copies:
    """A picture in every size at which the finder must look.

    `made` are those up to its own size, the largest first. If `enlarged`, one of twice
    its size comes before them: it is made only where it is looked at.
    """

    made: tuple[Pixels, ...]
    enlarged: bool

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the largest copy."""
        times = 2 if self.enlarged else 1
        return self.made[0].shape[1] * times, self.made[0].shape[0] * times

    @property
    def smaller(self) -> tuple[Pixels, ...]:
        """All but the largest, the largest of them first."""
        return self.made if self.enlarged else self.made[1:]

    def part(self, box: Box) -> Pixels:
        """A part of the largest copy."""
        if not self.enlarged:
            return self.made[0][box.top : box.bottom, box.left : box.right]
        left, top = box.left // 2, box.top // 2
        right, bottom = -(-box.right // 2), -(-box.bottom // 2)
        twice = resized(self.made[0][top:bottom, left:right], 2.0)
        return twice[
            box.top - 2 * top : box.bottom - 2 * top, box.left - 2 * left : box.right - 2 * left
        ]

    @property
    def all(self) -> tuple[Pixels, ...]:
        """Every copy, the largest first."""
        return (resized(self.made[0], 2.0), *self.made) if self.enlarged else self.made


def look(pixels: Pixels, copies: Copies, finder: FaceFinder, sighting: float) -> list[Candidates]:
    """One pass per copy, in the coordinates of `pixels`: what scores at least `sighting`.

    The largest copy comes last. It costs more than all others together, so it is looked
    at only where the copy of half its size gave the slightest hint of a small face, far
    below a sighting, or the other copies together a doubtful one of a larger face.
    """
    lowest = sighting if finder.hint is None else min(sighting, finder.hint)
    passes, hints = [], None
    for copy in reversed(copies.smaller):
        seen = _seen_in_tiles(copy, finder, lowest).moved(scale=_to(pixels, copy))
        passes.append(strongest(seen.take(seen.scores >= sighting)))
        hints = seen
    across, down = copies.size[0] / pixels.shape[1], copies.size[1] / pixels.shape[0]
    if finder.hint is None or hints is None:
        found = []
        for tile, core in tiles(*copies.size):
            seen = finder.find(copies.part(tile), sighting).moved(shift=(tile.left, tile.top))
            found.append(_in_core(seen, core))
    else:
        hints = _smaller_than(_SMALL, hints.moved(scale=(across, down)))
        sure = vote(passes).candidates
        doubtful = sure.take(sure.scores < _DOUBTFUL).moved(scale=(across, down))
        doubtful = _with_surroundings(_smaller_than(_LARGE, doubtful))
        found = _seen_around(Candidates.joined([hints, doubtful]), copies, finder, sighting)
    largest = Candidates.joined(found).moved(scale=(1 / across, 1 / down))
    return [*passes, strongest(largest)]


def look_every_way(
    pixels: Pixels, copies: Copies, finder: FaceFinder, sighting: float, turned: float
) -> list[Candidates]:
    """One pass per copy, in the coordinates of `pixels`, with nothing left out.

    A pass is a look at the copy as it is and one at its mirror image, and at a copy
    of moderate size also one for every quarter turn. What these say of a face is one
    witness, the strongest: they see the same pixels with the same network, so as
    witnesses of their own they would make the same mistake twice (measured: twice
    the false boxes for the same recall).
    """
    passes = []
    for copy in copies.all:
        mirror = np.ascontiguousarray(copy[:, ::-1])
        seen = [
            _seen_in_tiles(copy, finder, sighting),
            _seen_in_tiles(mirror, finder, sighting).mirrored(copy.shape[1]),
        ]
        if max(copy.shape[:2]) <= _TURNED_THOROUGH:
            seen += [
                turned_back(
                    _seen_in_tiles(np.rot90(copy, turns), finder, turned),
                    turns,
                    copy.shape[1],
                    copy.shape[0],
                )
                for turns in TURNS
            ]
        passes.append(strongest_way(Candidates.joined(seen).moved(scale=_to(pixels, copy))))
    return passes


def look_once(pixels: Pixels, finder: FaceFinder, sighting: float) -> Candidates:
    """One pass at the picture's own size."""
    return strongest(_seen_in_tiles(pixels, finder, sighting))


def scales(width: int, height: int, smallest_face: int, finder_minimum: int) -> tuple[float, ...]:
    """The sizes to look at, as factors: the largest first, each half of the one before."""
    scale = 1.0
    # The largest copy in which a face that matters is just large enough to be found.
    while scale / 2 * smallest_face >= finder_minimum:
        scale /= 2
    if scale == 1.0 and 4 * width * height <= _ENLARGED_PIXELS:
        scale = 2.0
    chosen = [scale]
    while scale > 1.0 or max(width, height) * scale > _SMALLEST_COPY:
        scale /= 2
        chosen.append(scale)
    return tuple(chosen)


def copies_of(pixels: Pixels, smallest_face: int, finder: FaceFinder) -> Copies:
    """The picture in every size at which the finder must look."""
    height, width = pixels.shape[:2]
    factors = scales(width, height, smallest_face, finder.smallest_face)
    enlarged = factors[0] > 1.0
    first, *others = factors[1:] if enlarged else factors
    copies = [pixels if first == 1.0 else resized(pixels, first)]
    for _ in others:
        # Averages of 2 x 2 pixels: exact at halves, and much faster than a filter.
        copies.append(np.asarray(_image(copies[-1]).reduce(2)))
    return Copies(tuple(copies), enlarged)


def resized(pixels: Pixels, factor: float) -> Pixels:
    """The picture at another size, averaged where it is reduced."""
    size = (max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor)))
    return np.asarray(_image(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2))


def reduced_to(side: int, copies: Copies) -> int:
    """Which of the copies made has its longer side nearest to `side`."""
    longer = [max(copy.shape[:2]) for copy in copies.made]
    return min(range(len(longer)), key=lambda index: abs(math.log(longer[index] / side)))


def turned_back(found: Candidates, turns: int, width: int, height: int) -> Candidates:
    """Sightings in `np.rot90(picture, turns)` in the coordinates of the picture.

    `width` and `height` are those of the picture before it was turned.
    """
    corners = _points_back(found.boxes.reshape(-1, 2, 2), turns, width, height)
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    return Candidates(boxes, found.scores, _points_back(found.landmarks, turns, width, height))


def _points_back(points: Floats, turns: int, width: int, height: int) -> Floats:
    x, y = points[..., 0], points[..., 1]
    if turns == 1:
        back = (width - y, x)
    elif turns == 2:  # noqa: PLR2004 - a half turn
        back = (width - x, height - y)
    else:
        back = (y, height - x)
    return np.stack(back, axis=-1)


def _image(pixels: Pixels) -> Image.Image:
    """The pixels as Pillow's image, in half the time of `Image.fromarray`.

    That one paints the new image black before it fills it.
    """
    height, width = pixels.shape[:2]
    image = Image.new("RGB", (width, height), None)
    image.frombytes(np.ascontiguousarray(pixels).data.cast("B"))
    return image


def _to(target: Pixels, source: Pixels) -> tuple[float, float]:
    """The factors from coordinates of `source` to those of `target`."""
    return target.shape[1] / source.shape[1], target.shape[0] / source.shape[0]


def _seen_in_tiles(pixels: Pixels, finder: FaceFinder, threshold: float) -> Candidates:
    """What the finder sees in a picture of any size."""
    found = []
    for tile, core in tiles(pixels.shape[1], pixels.shape[0]):
        seen = finder.find(pixels[tile.top : tile.bottom, tile.left : tile.right], threshold)
        # A face belongs to the tile whose core holds its centre. It reaches at
        # most half a face beyond the core, and the tile half an overlap.
        found.append(_in_core(seen.moved(shift=(tile.left, tile.top)), core))
    return Candidates.joined(found)


def _seen_around(
    hints: Candidates, copies: Copies, finder: FaceFinder, threshold: float
) -> list[Candidates]:
    """What the finder sees in the largest copy around hints, in its coordinates."""
    found = []
    for tile, core in tiles(*copies.size):
        for part in parts_around(_in_core(hints, core).boxes, tile):
            seen = finder.find(copies.part(part), threshold).moved(shift=(part.left, part.top))
            # Not what is cut by an edge that the tile does not have.
            whole = Box(
                core.left if part.left == tile.left else part.left + _AROUND_HINT // 2,
                core.top if part.top == tile.top else part.top + _AROUND_HINT // 2,
                core.right if part.right == tile.right else part.right - _AROUND_HINT // 2,
                core.bottom if part.bottom == tile.bottom else part.bottom - _AROUND_HINT // 2,
            )
            found.append(_in_core(seen, whole))
    return found


def parts_around(boxes: Floats, tile: Box) -> list[Box]:
    """Parts of a tile that together hold all boxes and their surroundings.

    A part is cut in two as long as that leaves less to look at.
    """
    if not len(boxes):
        return []
    whole = _surroundings(_hulls(boxes)[-1:], tile)
    least, halves = float(_cost(whole)[0]), None
    for axis in (0, 1):
        ordered = boxes[np.argsort(boxes[:, axis] + boxes[:, axis + 2], kind="stable")]
        before, after = _hulls(ordered)[:-1], _hulls(ordered[::-1])[::-1][1:]
        costs = _cost(_surroundings(before, tile)) + _cost(_surroundings(after, tile))
        if len(costs) and costs.min() < least:
            least, cut = float(costs.min()), int(costs.argmin()) + 1
            halves = ordered[:cut], ordered[cut:]
    if halves is None:
        return [Box(*(int(edge) for edge in whole[0]))]
    return [part for half in halves for part in parts_around(half, tile)]


def _hulls(boxes: Floats) -> Floats:
    """What holds the first box, the first two, and so on."""
    low = np.minimum.accumulate(boxes[:, :2], axis=0)
    high = np.maximum.accumulate(boxes[:, 2:], axis=0)
    return np.concatenate([low, high], axis=1)


def _surroundings(boxes: Floats, tile: Box) -> Floats:
    # Whole steps of the network: the tile as a whole would be seen in the same cells.
    first, last = np.array([tile.left, tile.top]), np.array([tile.right, tile.bottom])
    steps = np.maximum(0, np.floor((boxes[:, :2] - _AROUND_HINT - first) / _STEP))
    low = np.minimum(first + steps * _STEP, last - 1)
    high = np.clip(np.ceil(boxes[:, 2:]) + _AROUND_HINT, low + 1, last)
    return np.concatenate([low, high], axis=1)


def _cost(parts: Floats) -> Floats:
    """What it takes to look at parts (n, 4), in pixels: (n,)."""
    sides = parts[:, 2:] - parts[:, :2]
    cost: Floats = np.prod(np.ceil(sides / _STEP) * _STEP, axis=1) + _PER_LOOK
    return cost


def _with_surroundings(candidates: Candidates) -> Candidates:
    """Boxes of faces with what is beside them."""
    boxes = candidates.boxes
    more = (boxes[:, 2:] - boxes[:, :2]) * _BESIDE
    return dataclasses.replace(
        candidates, boxes=np.concatenate([boxes[:, :2] - more, boxes[:, 2:] + more], axis=1)
    )


def _smaller_than(width: float, candidates: Candidates) -> Candidates:
    return candidates.take(candidates.boxes[:, 2] - candidates.boxes[:, 0] < width)


def _in_core(candidates: Candidates, core: Box) -> Candidates:
    x, y = (candidates.boxes[:, :2] + candidates.boxes[:, 2:]).T / 2
    inside = (x >= core.left) & (x < core.right) & (y >= core.top) & (y < core.bottom)
    return candidates.take(inside)


def _around(hints: Candidates, tile: Box) -> Box:
    """The part of a tile that holds all hints and their surroundings; empty without any."""
    if not len(hints):
        return Box(tile.left, tile.top, tile.left, tile.top)
    left, top = hints.boxes[:, :2].min(axis=0) - _AROUND_HINT
    right, bottom = hints.boxes[:, 2:].max(axis=0) + _AROUND_HINT
    return Box(
        max(tile.left, int(left)),
        max(tile.top, int(top)),
        min(tile.right, int(right) + 1),
        min(tile.bottom, int(bottom) + 1),
    )


def tiles(width: int, height: int) -> Iterator[tuple[Box, Box]]:
    """Overlapping tiles of a picture, each with its core; cores partition the plane."""
    columns, rows = list(_spans(width)), list(_spans(height))
    for top, bottom, core_top, core_bottom in rows:
        for left, right, core_left, core_right in columns:
            yield (
                Box(left, top, right, bottom),
                Box(core_left, core_top, core_right, core_bottom),
            )


_BEYOND = 1_000_000_000
"""Past every edge: a face cut by the edge may have its centre outside."""


def _spans(length: int) -> Iterator[tuple[int, int, int, int]]:
    """Start and end of each tile along one side, then of its core."""
    count = max(1, -(-(length - OVERLAP) // (TILE - OVERLAP)))
    step = (length - OVERLAP) / count
    for index in range(count):
        start, end = round(index * step), round((index + 1) * step) + OVERLAP
        yield (
            start,
            min(end, length),
            -_BEYOND if index == 0 else start + OVERLAP // 2,
            _BEYOND if index == count - 1 else end - OVERLAP // 2,
        )
