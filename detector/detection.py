"""Finds the faces of a frame: several sizes, turns and views, then one vote.

Each view is looked at upright at every size (`passes`), and turned by quarters
at a reduced size: people lie in beds, and a camera may have forgotten which way
it was held.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from detector.faces import Box, Face, Landmarks
from detector.passes import FaceFinder, copies_of, look, look_once, reduced_to
from detector.voting import SAME_FACE, Candidates, Voted, vote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detector.faces import Frame, Pixels
    from detector.voting import Floats


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

_TURNED_SIDE = 640
_TURNED_SIDE_WHEN_EMPTY = 1536
"""The longer side of the copies that are turned; larger where nobody stands upright."""

_CONVINCING = 0.5
"""Score from which a face proves that the picture is the right way up."""

_SAME_PIXELS = 4.0
"""Mean difference in steps of 255 up to which two views show one and the same face."""

_SEVERAL = 3
_CLEARLY_SEEN = 0.9
_INSIDE = 0.8
"""A part lies with this share of its area inside a face of that score and passes."""

_TURNS = (1, 3, 2)
"""Quarter turns against the clock that are tried: on the sides first."""


def find_faces(
    frame: Frame, finder: FaceFinder, options: DetectionOptions = _DEFAULTS
) -> tuple[Face, ...]:
    """Every face in any view of the frame, from the top down, then from the left.

    A face that several views show with the same pixels is one face. Other pixels
    at the same place may be somebody else: that face counts by itself.
    """
    faces: list[Face] = []
    for index, view in enumerate(frame.views):
        copies = copies_of(view, options.smallest_face, finder)
        upright = look(view, copies, finder, options.sighting)
        turned = _look_turned(copies, view, finder, options, vote(upright))
        voted = without_parts(vote([*upright, *turned]))
        faces += [
            dataclasses.replace(face, view=index)
            for face in _faces(voted, frame.width, frame.height, options.threshold)
            if not any(_shown_alike(face, known, view, frame) for known in faces)
        ]
    return tuple(sorted(faces, key=lambda face: (face.box.top, face.box.left, face.box)))


def _shown_alike(face: Face, known: Face, view: Pixels, frame: Frame) -> bool:
    """Whether another view has shown the same face: same place, same pixels."""
    if face.box.iou(known.box) < SAME_FACE:
        return False
    rows, columns = slice(face.box.top, face.box.bottom), slice(face.box.left, face.box.right)
    here = view[rows, columns].astype(np.int16)
    there = frame.views[known.view][rows, columns].astype(np.int16)
    return float(np.abs(here - there).mean()) <= _SAME_PIXELS


def _look_turned(
    copies: Sequence[Pixels],
    pixels: Pixels,
    finder: FaceFinder,
    options: DetectionOptions,
    upright: Voted,
) -> list[Candidates]:
    """Passes over the turned picture, in the coordinates of the upright one.

    A reduced copy is turned; where that shows more than the upright picture did,
    the picture itself lies on its side and is searched at every size.
    """
    scores = upright.candidates.scores
    convincing = float(scores[scores >= _CONVINCING].sum())
    height, width = pixels.shape[:2]
    side = _TURNED_SIDE if convincing else _TURNED_SIDE_WHEN_EMPTY
    reduced = reduced_to(side, pixels, copies)
    passes = []
    for turns in _TURNS:
        found = look_once(np.rot90(reduced, turns), finder, options.turned)
        if float(found.scores.sum()) > convincing:
            upright_again = np.ascontiguousarray(np.rot90(pixels, turns))
            again = copies_of(upright_again, options.smallest_face, finder)
            turned = look(upright_again, again, finder, options.sighting)
            passes += [_turned_back(one, turns, width, height) for one in turned]
        elif len(found):
            found = _turned_back(found, turns, reduced.shape[1], reduced.shape[0])
            back = (width / reduced.shape[1], height / reduced.shape[0])
            passes.append(found.moved(scale=back))
    return passes


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
