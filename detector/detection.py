"""Finds the faces of a frame: several sizes, tiles, turns and views, then one vote.

A finder sees faces of a limited range of sizes, the right way up. So the
picture is offered to it at its own size and at halves of it (a face that fills
the frame is small in the smallest), enlarged where it is small itself, cut
into tiles where it is large, and turned by quarters at a reduced size: people
lie in beds, and a camera may have forgotten which way it was held.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

from detector.faces import Box, Face, Landmarks
from detector.voting import Candidates, Voted, strongest, vote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from detector.faces import Frame, Pixels
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

    def find(self, pixels: Pixels, threshold: float) -> Candidates:
        """Sightings scored at least `threshold`, in the coordinates of `pixels`.

        There may be several per face. A finder without scores gives 1.
        """


@dataclasses.dataclass(frozen=True, slots=True)
class DetectionOptions:
    """How hard to look.

    Attributes:
        threshold: combined score from which a sighting is a face. Low, because a
            missed face may be published and a false one costs a look.
        sighting: score from which a single pass counts as a witness.
        smallest_face: width in pixels of the full-size picture from which faces
            matter; the picture is reduced no further than that allows.
        turned: score from which a sighting in a turned picture is a face.
    """

    threshold: float = 0.4
    sighting: float = 0.1
    smallest_face: int = 12
    turned: float = 0.5


_DEFAULTS = DetectionOptions()

TILE = 768
"""Side of a tile in pixels: about 250 MB of network memory."""

OVERLAP = 64
"""Pixels that neighbouring tiles share; larger faces are found in a smaller copy."""

_ENLARGED_PIXELS = 3_000_000
"""A picture is enlarged only up to this size."""

_SMALLEST_COPY = 320
"""The longer side of the smallest copy: a face that fills the frame fits the network."""

_TURNED_SIDE = 640
_TURNED_SIDE_WHEN_EMPTY = 1536
"""The longer side of the copies that are turned; larger where nobody stands upright."""

_CONVINCING = 0.5
"""Score from which a face proves that the picture is the right way up."""

_SEVERAL = 3
_CLEARLY_SEEN = 0.9
_INSIDE = 0.8
"""A part lies with this share of its area inside a face of that score and passes."""

_TURNS = (1, 3, 2)
"""Quarter turns against the clock that are tried: on the sides first."""


def find_faces(
    frame: Frame, finder: FaceFinder, options: DetectionOptions = _DEFAULTS
) -> tuple[Face, ...]:
    """Every face in any view of the frame, from the top down, then from the left."""
    passes: list[Candidates] = []
    for view in frame.views:
        upright = _look(view, finder, options)
        passes += upright
        passes += _look_turned(view, finder, options, vote(upright))
    voted = without_parts(vote(passes))
    faces = _faces(voted, frame.width, frame.height, options.threshold)
    return tuple(sorted(faces, key=lambda face: (face.box.top, face.box.left, face.box)))


def _look(pixels: Pixels, finder: FaceFinder, options: DetectionOptions) -> list[Candidates]:
    """One pass per size, in the coordinates of `pixels`."""
    height, width = pixels.shape[:2]
    passes = []
    copy, previous = pixels, 1.0
    for scale in scales(width, height, options.smallest_face, finder.smallest_face):
        copy, previous = _resized(copy, pixels, scale, previous), scale
        found = _look_in_tiles(copy, finder, options.sighting)
        back = (width / copy.shape[1], height / copy.shape[0])
        passes.append(found.moved(scale=back, shift=(0, 0)))
    return passes


def scales(width: int, height: int, smallest_face: int, finder_minimum: int) -> tuple[float, ...]:
    """The sizes to look at, as factors: the largest first, each half of the one before."""
    scale = 1.0
    # The largest copy in which a face that matters is just large enough to be found.
    while scale / 2 * smallest_face >= finder_minimum:
        scale /= 2
    if scale == 1.0 and 4 * width * height <= _ENLARGED_PIXELS:
        scale = 2.0
    chosen = [scale]
    while max(width, height) * scale > _SMALLEST_COPY:
        scale /= 2
        chosen.append(scale)
    return tuple(chosen)


def _resized(copy: Pixels, original: Pixels, scale: float, previous: float) -> Pixels:
    """The original at `scale`, made from the copy at `previous` where that is exact."""
    if scale == 1.0:
        return original
    if scale * 2 == previous and previous <= 1.0:
        # Averages of 2 x 2 pixels: exact at halves, and much faster than a filter.
        return np.asarray(Image.fromarray(copy).reduce(2))
    height, width = original.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(original).resize(size, Image.Resampling.BILINEAR))


def _look_in_tiles(pixels: Pixels, finder: FaceFinder, threshold: float) -> Candidates:
    """One pass over a picture of any size: one sighting per face."""
    found = []
    for tile, core in tiles(pixels.shape[1], pixels.shape[0]):
        part = finder.find(pixels[tile.top : tile.bottom, tile.left : tile.right], threshold)
        part = part.moved(scale=(1, 1), shift=(tile.left, tile.top))
        # A face belongs to the tile whose core holds its centre. It reaches at
        # most half a face beyond the core, and the tile half an overlap.
        x, y = (part.boxes[:, :2] + part.boxes[:, 2:]).T / 2
        mine = (x >= core.left) & (x < core.right) & (y >= core.top) & (y < core.bottom)
        found.append(part.take(mine))
    return strongest(Candidates.joined(found))


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


def _look_turned(
    pixels: Pixels, finder: FaceFinder, options: DetectionOptions, upright: Voted
) -> list[Candidates]:
    """Passes over the turned picture, in the coordinates of the upright one.

    A reduced copy is turned; where that shows more than the upright picture did,
    the picture itself lies on its side and is searched at every size.
    """
    scores = upright.candidates.scores
    convincing = float(scores[scores >= _CONVINCING].sum())
    reduced = _fitted(pixels, _TURNED_SIDE if convincing else _TURNED_SIDE_WHEN_EMPTY)
    height, width = pixels.shape[:2]
    passes = []
    for turns in _TURNS:
        found = _look_in_tiles(np.rot90(reduced, turns), finder, options.turned)
        if float(found.scores.sum()) > convincing:
            turned = _look(np.ascontiguousarray(np.rot90(pixels, turns)), finder, options)
            passes += [_turned_back(one, turns, width, height) for one in turned]
        elif len(found):
            found = _turned_back(found, turns, reduced.shape[1], reduced.shape[0])
            back = (width / reduced.shape[1], height / reduced.shape[0])
            passes.append(found.moved(scale=back, shift=(0, 0)))
    return passes


def _fitted(pixels: Pixels, side: int) -> Pixels:
    factor = max(pixels.shape[:2]) / side
    if factor <= 1:
        return pixels
    size = (max(1, round(pixels.shape[1] / factor)), max(1, round(pixels.shape[0] / factor)))
    return np.asarray(
        Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2)
    )


def _turned_back(found: Candidates, turns: int, width: int, height: int) -> Candidates:
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


def without_parts(voted: Voted) -> Voted:
    """Without eyes and mouths taken for faces inside a large face.

    A face too large for the copy it is looked for in breaks up into parts. A real
    face in front of another is seen at several sizes; a part at one. So only what
    a single pass saw, inside a larger face that several passes saw clearly, goes.
    """
    found, passes = voted.candidates, voted.passes
    boxes = found.boxes.astype(np.float64)
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    kept = np.ones(len(found), dtype=bool)
    for outer in np.flatnonzero((passes >= _SEVERAL) & (found.scores >= _CLEARLY_SEEN)):
        low = np.maximum(boxes[:, :2], boxes[outer, :2])
        high = np.minimum(boxes[:, 2:], boxes[outer, 2:])
        inside = np.prod(np.maximum(high - low, 0), axis=1) >= _INSIDE * areas
        kept &= ~((passes == 1) & inside & (areas <= areas[outer] / 2))
    return Voted(found.take(kept), passes[kept])


def _faces(voted: Voted, width: int, height: int, threshold: float) -> list[Face]:
    found = voted.candidates
    faces = []
    for box, score, points, passes in zip(
        found.boxes, found.scores, found.landmarks, voted.passes, strict=True
    ):
        whole = Box.around(*(float(edge) for edge in box)).clipped(width, height)
        if score >= threshold and whole.area:
            faces.append(
                Face(
                    box=whole, score=float(score), landmarks=_landmarks(points), passes=int(passes)
                )
            )
    return faces


def _landmarks(points: Floats) -> Landmarks | None:
    if not np.isfinite(points).all():
        return None
    return Landmarks(*((float(x), float(y)) for x, y in points))
