"""Finds the faces of a frame: several sizes, turns and views, then one vote.

Each view is looked at upright at every size (`passes`), and turned by quarters
at a reduced size: people lie in beds, and a camera may have forgotten which way
it was held.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from detector.faces import RECOGNISABLE_WIDTH, Box, Face, Landmarks
from detector.held import Held
from detector.options import DetectionOptions
from detector.passes import (
    TURNS,
    Copies,
    FaceFinder,
    copies_of,
    look,
    look_every_way,
    look_once,
    reduced_to,
    turned_back,
)
from detector.voting import SAME_FACE, Candidates, Voted, oddness, vote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from detector.faces import Frame, Pixels
    from detector.voting import Floats


_DEFAULTS = DetectionOptions()

_TURNED_SIDES = (640, 1536)
"""The longer side of the copies that are turned: the larger where nobody is seen."""

_CONVINCING = 0.5
"""Combined score from which somebody is seen."""

_PERHAPS = 0.3
"""Score from which a sighting says something about how the picture was held."""

_TYPICALLY_ODD = 0.12
"""Oddness that halves what a sighting says of how the picture was held: a large face is
seen at any turn, but its eyes are found at the right one only. (Without it a turned
copy showed more in 29 of the 300 photos, with it in 14.)"""

_SAME_PIXELS = 4.0
"""Mean difference in steps of 255 up to which two views show one and the same face."""

_MOST_REQUIRED = 0.9
"""A sighting that certain is a face at any size."""

_SEVERAL = 3
_CLEARLY_SEEN = 0.9
_INSIDE = 0.8
"""A part lies with this share of its area inside a face of that score and passes."""


def find_faces(
    frame: Frame, finder: FaceFinder, options: DetectionOptions = _DEFAULTS
) -> tuple[Face, ...]:
    """Every face in any view of the frame, from the top down, then from the left.

    A face that several views show with the same pixels is one face. Other pixels
    at the same place may be somebody else: that face counts by itself.
    """
    faces: list[Face] = []
    for index, view in enumerate(frame.views):
        passes = sightings(view, finder, options, frame.held)
        voted = without_parts(vote(passes))
        faces += [
            dataclasses.replace(face, view=index)
            for face in _faces(voted, frame.width, frame.height)
            if face.score >= required_score(face, options)
            and not any(_shown_alike(face, known, view, frame) for known in faces)
        ]
    return tuple(sorted(faces, key=lambda face: (face.box.top, face.box.left, face.box)))


def sightings(
    pixels: Pixels,
    finder: FaceFinder,
    options: DetectionOptions = _DEFAULTS,
    known: Held | None = None,
) -> list[Candidates]:
    """What every pass over one picture saw, in its coordinates."""
    copies = copies_of(pixels, options.smallest_face, finder)
    if options.thorough:
        return _look_every_way(copies, pixels, finder, options, known)
    upright = look(pixels, copies, finder, options.sighting)
    somebody = bool((vote(upright).candidates.scores >= _CONVINCING).any())
    # The larger copies are turned to learn how a picture was held in which nobody is seen.
    sides = _TURNED_SIDES[:1] if somebody or known else _TURNED_SIDES
    turned = _Turned.look(copies, pixels, finder, sides, upright)
    held = known or turned.held
    believed = held.believed(upright, options.turned)
    return [*believed, *_look_turned(pixels, finder, options, turned, held)]


def how_held(
    frame: Frame, finder: FaceFinder, options: DetectionOptions = _DEFAULTS
) -> Held | None:
    """How the faces of a picture say that it was held; None where they say nothing."""
    copies = copies_of(frame.pixels, options.smallest_face, finder)
    held = _Turned.look(copies, frame.pixels, finder, _TURNED_SIDES).held
    return held if any(held.shown) else None


def _shown_alike(face: Face, known: Face, view: Pixels, frame: Frame) -> bool:
    """Whether another view has shown the same face: same place, same pixels."""
    if face.box.iou(known.box) < SAME_FACE:
        return False
    rows, columns = slice(face.box.top, face.box.bottom), slice(face.box.left, face.box.right)
    here = view[rows, columns].astype(np.int16)
    there = frame.views[known.view][rows, columns].astype(np.int16)
    return float(np.abs(here - there).mean()) <= _SAME_PIXELS


def _look_turned(
    pixels: Pixels,
    finder: FaceFinder,
    options: DetectionOptions,
    reduced: _Turned,
    held: Held,
) -> list[Candidates]:
    """Passes over the turned picture, in the coordinates of the upright one.

    Where a turned copy shows more than the upright one does, the picture itself lies
    on its side and is searched at every size, at the turn that shows most.
    """
    height, width = pixels.shape[:2]
    passes = []
    for turns in TURNS:
        if held.shows_more(turns):
            turned = np.ascontiguousarray(np.rot90(pixels, turns))
            again = copies_of(turned, options.smallest_face, finder)
            seen = look(turned, again, finder, options.sighting)
            passes += [turned_back(one, turns, width, height) for one in seen]
        elif len(found := reduced.sightings(turns, options.turned)):
            passes.append(found)
    return passes


def _look_every_way(
    copies: Copies,
    pixels: Pixels,
    finder: FaceFinder,
    options: DetectionOptions,
    known: Held | None,
) -> list[Candidates]:
    """Passes over the picture with nothing left out, and again as it lies if it does."""

    def look_at(upright: Pixels, sizes: Copies) -> list[Candidates]:
        return look_every_way(upright, sizes, finder, options.sighting, options.turned_thorough)

    height, width = pixels.shape[:2]
    held = known or _Turned.look(copies, pixels, finder, _TURNED_SIDES).held
    passes = held.believed(look_at(pixels, copies), options.turned_thorough)
    for turns in TURNS:
        if held.shows_more(turns):
            turned = np.ascontiguousarray(np.rot90(pixels, turns))
            seen = look_at(turned, copies_of(turned, options.smallest_face, finder))
            passes += [turned_back(one, turns, width, height) for one in seen]
    return passes


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Turned:
    """What a reduced copy shows upright and at every turn.

    Only like is compared with like: the sum of all sizes upright is larger than one
    reduced look at the right turn, even where half of its faces are none.
    """

    seen: Mapping[int, Candidates]
    """Sightings by quarter turns: of the turned copies, in their coordinates."""
    copy: tuple[int, int]
    picture: tuple[int, int]
    """Width and height of the copy and of the picture."""

    @classmethod
    def look(
        cls,
        copies: Copies,
        pixels: Pixels,
        finder: FaceFinder,
        sides: Sequence[int],
        upright: Sequence[Candidates] = (),
    ) -> _Turned:
        """Look at the smallest of the copies that shows anybody at any turn.

        `upright` is what `passes.look` has seen in them as they are.
        """
        for side in sides:
            index = reduced_to(side, copies)
            copy = copies.made[index]
            # The passes are in the opposite order, the largest copy last.
            known = upright[len(copies.made) - 1 - index] if upright else None
            if known is None:
                known = look_once(copy, finder, _PERHAPS)
            seen = {0: known.take(known.scores >= _PERHAPS)}
            seen |= {turns: look_once(np.rot90(copy, turns), finder, _PERHAPS) for turns in TURNS}
            if any(len(found) for found in seen.values()):
                break
        return cls(seen, (copy.shape[1], copy.shape[0]), (pixels.shape[1], pixels.shape[0]))

    @property
    def held(self) -> Held:
        """What this says of how the picture was held."""
        upright, one, two, three = (self._shown(turns) for turns in range(4))
        return Held((upright, one, two, three))

    def _shown(self, turns: int) -> float:
        """How many faces the copy shows the right way up, each by how certain it is."""
        found = self.seen[turns]
        odd = oddness(found.landmarks)
        # A finder without landmarks shows all faces alike.
        right = 1 / (1 + np.nan_to_num(odd) / _TYPICALLY_ODD)
        return float((found.scores * right).sum())

    def sightings(self, turns: int, least: float) -> Candidates:
        """What the turned copy shows with a score of `least`, in the picture's coordinates."""
        found = self.seen[turns]
        found = turned_back(found.take(found.scores >= least), turns, *self.copy)
        across, down = (self.picture[axis] / self.copy[axis] for axis in (0, 1))
        return found.moved(scale=(across, down))


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


def required_score(face: Face, options: DetectionOptions = _DEFAULTS) -> float:
    """The score from which a sighting of this size is a face."""
    doubt = options.doubt_thorough if options.thorough else options.doubt
    halvings = math.log2(RECOGNISABLE_WIDTH / max(1.0, face.frontal_width))
    least = options.threshold_thorough if options.thorough else options.threshold
    return min(least + doubt * max(0.0, halvings), max(least, _MOST_REQUIRED))


def _faces(voted: Voted, width: int, height: int) -> list[Face]:
    found = voted.candidates
    faces = []
    for box, score, points, passes in zip(
        found.boxes, found.scores, found.landmarks, voted.passes, strict=True
    ):
        whole = Box.around(*(float(edge) for edge in box)).clipped(width, height)
        if whole.area:
            faces.append(Face(whole, float(score), landmarks_of(points), passes=int(passes)))
    return faces


def landmarks_of(points: Floats) -> Landmarks | None:
    """Five points (5, 2) as landmarks; None where one of them is not known."""
    if not np.isfinite(points).all():
        return None
    return Landmarks(*((float(x), float(y)) for x, y in points))
