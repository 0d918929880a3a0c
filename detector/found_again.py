"""Landmarks of faces whose place is known: found anew, where only the boxes were kept.

What is remembered of a stranger's face is where it is. To compare it with somebody who came into
the gallery later, its eyes, nose and mouth are needed; a few small looks at the place find them
in a fraction of the time that it takes to search the picture.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from detector.detection import landmarks_of
from detector.faces import Box
from detector.passes import TURNS, resized, turned_back
from detector.voting import SAME_FACE, Candidates, oddness, vote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detector.faces import Face, Frame, Landmarks, Pixels
    from detector.passes import FaceFinder

_AROUND = 0.75
"""Widths of the face that are looked at on each side of it."""

_WIDTHS = (28, 56)
"""Pixels that the face is wide in each look. Of 73 faces of at least 20 pixels between the eyes
(real photos of crowds and of single people) the points came to lie within 0.05 eye distances of
those of the whole search for half, within 0.15 for nine in ten; more or larger looks were no
better."""

_LARGEST_SCALE = 2.0
"""A face is not enlarged beyond: its landmarks would be no better."""

_LEAST_SCORE = 0.1
"""Somebody has said already that here is a face; only its points are looked for."""

_TYPICALLY_ODD = 0.12
"""Oddness that halves what a sighting is worth, as where it is asked how a picture was held."""

_UPRIGHT = 0.15
"""Oddness up to which landmarks are those of a face that was seen the right way up; unless it is
wider than high, as a face that lies on its side is: of such a one even wrong points look right."""


def find_again(frame: Frame, faces: Sequence[Face], finder: FaceFinder) -> tuple[Face, ...]:
    """The same faces, in the same order, each with the landmarks that are found at its place.

    Boxes, scores and views stay as they are. A face at whose place none are found has none,
    and so cannot be compared with anybody.
    """
    return tuple(
        dataclasses.replace(face, landmarks=_found(frame.views[face.view], face, finder))
        for face in faces
    )


def _found(view: Pixels, face: Face, finder: FaceFinder) -> Landmarks | None:
    box = face.box
    width, height = max(box.width, 1), max(box.height, 1)
    around = Box.around(
        box.left - _AROUND * width,
        box.top - _AROUND * height,
        box.right + _AROUND * width,
        box.bottom + _AROUND * height,
    ).clipped(view.shape[1], view.shape[0])
    part = np.ascontiguousarray(view[around.top : around.bottom, around.left : around.right])
    best: tuple[float, Landmarks] | None = None
    for turns in (0, *TURNS):
        found = _seen(part, width, turns, finder).moved(shift=(around.left, around.top))
        here = _at(found, box)
        points = landmarks_of(here.landmarks[0]) if len(here) else None
        if points is None:
            continue
        odd = float(oddness(here.landmarks)[0])
        shown = float(here.scores[0]) / (1 + odd / _TYPICALLY_ODD)
        if best is None or shown > best[0]:
            best = shown, points
        if odd <= _UPRIGHT and box.width <= box.height:
            break
    return best[1] if best else None


def _seen(part: Pixels, width: int, turns: int, finder: FaceFinder) -> Candidates:
    """What looks at several sizes agree on, in the coordinates of the part."""
    turned = np.ascontiguousarray(np.rot90(part, turns))
    scales = dict.fromkeys(min(_LARGEST_SCALE, wanted / width) for wanted in _WIDTHS)
    passes = []
    for scale in scales:
        copy = resized(turned, scale)
        across, down = (turned.shape[axis] / copy.shape[axis] for axis in (1, 0))
        passes.append(finder.find(copy, _LEAST_SCORE).moved(scale=(across, down)))
    found = vote(passes).candidates
    return turned_back(found, turns, part.shape[1], part.shape[0]) if turns else found


def _at(found: Candidates, box: Box) -> Candidates:
    """The sighting that covers the box best, if any is of the same face."""
    overlaps = np.array(
        [Box.around(*(float(edge) for edge in one)).iou(box) for one in found.boxes]
    )
    if not len(overlaps) or overlaps.max() < SAME_FACE:
        return Candidates.none()
    return found.take(np.array([overlaps.argmax()]))
