"""Look for faces in a copy once more: in all of it, both ways round; in the next, what is new.

A network sees a picture and its mirror image as two: in 40 photos with everybody hidden it saw 22
further places the one way, 25 the other, 39 in all. So a copy that was never looked at is looked at
both ways. One that was made again because a face appeared is looked at where it differs from the
one before: all other pixels are the very same, which is seen by comparing each of them.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from clearance.masks import window
from clearance.placement import moved
from detector.faces import Box, Face, Landmarks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from clearance.masks import Mask
    from detector.faces import Frame, Pixels

    FindFaces = Callable[[Frame], Sequence[Face]]

SAME_FACE = 0.3
"""Intersection over union from which detectors count two boxes as one face."""

_LEAST_MARGIN = 48
"""Pixels around new ones that are looked at as well, at least."""
_MARGIN = 0.5
"""The same as a share of the longer side of what is new: a face is seen with its head."""
_CELL = 32
"""Side in pixels of the cells in which copies are compared."""
_MOST = 0.35
"""Share of a copy that differs from the one before, from which all of it is looked at: small
parts are looked at more closely, and would cost as much. Codecs that predict blocks from others
get there soon."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A copy as it was opened again, and every face that was seen in it."""

    pixels: Pixels
    faces: tuple[Face, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class SecondLook:
    """Looks at copies; `find_faces` looks once at a picture, the way it comes."""

    find_faces: FindFaces

    def at(self, copy: Frame) -> tuple[Face, ...]:
        """The faces in a copy, as it was opened again, that was never looked at."""
        return tuple(look_both_ways(self.find_faces)(copy))

    def again(self, copy: Frame, earlier: Seen) -> tuple[Face, ...]:
        """The faces in a copy that differs little from one that was looked at.

        Args:
            copy: as it was opened again.
            earlier: the copy before, of the same size.
        """
        new = differences(earlier.pixels, copy.pixels)
        parts = around(new, copy.width, copy.height)
        if sum(part.area for part in parts) > _MOST * copy.width * copy.height:
            return self.at(copy)
        # Who was seen there and might not be is hidden by now.
        still = [face for face in earlier.faces if not any(face.box.intersection(b) for b in new)]
        return _united(still, self._within(copy, parts))

    def _within(self, copy: Frame, parts: Sequence[Box]) -> list[Face]:
        found = []
        for part in parts:
            pixels = np.ascontiguousarray(copy.pixels[window(part)])
            seen = self.at(dataclasses.replace(copy, pixels=pixels, other_views=()))
            whole = _inner(part, copy.width, copy.height)
            back = (moved(face, part.left, part.top) for face in seen)
            found += [face for face in back if _middle_in(face.box, whole)]
        return found


def look_both_ways(
    find_faces: FindFaces,
) -> FindFaces:
    """Look at a picture and at its mirror image; what only the mirror shows comes last.

    A network sees a face and its mirror image as two different pictures: whoever it just
    missed in the one, it may find in the other.
    """

    def look(frame: Frame) -> Sequence[Face]:
        return _united(find_faces(frame), mirrored_look(find_faces, frame))

    return look


def mirrored_look(find_faces: FindFaces, frame: Frame) -> tuple[Face, ...]:
    """What the mirror image of a picture shows, where it is in the picture."""
    mirror = dataclasses.replace(
        frame,
        pixels=np.ascontiguousarray(frame.pixels[:, ::-1]),
        other_views=(),
        held=frame.held and frame.held.mirrored,
    )
    return tuple(_mirrored(face, frame.width) for face in find_faces(mirror))


def is_one_of(face: Face, known: Iterable[Face]) -> bool:
    """Whether one of the known faces is in the same place."""
    return any(face.box.iou(other.box) >= SAME_FACE for other in known)


def differences(before: Pixels, after: Pixels) -> tuple[Box, ...]:
    """Boxes that hold every pixel in which two pictures of one size differ, in whole cells."""
    height, width = before.shape[:2]
    rows, columns = range(0, height, _CELL), range(0, width, _CELL)
    cells = np.empty((len(rows), len(columns)), dtype=np.bool_)
    for row, top in enumerate(rows):
        # A row of cells at a time: what is compared fits the cache.
        strip = slice(top, top + _CELL)
        differs = (before[strip] != after[strip]).any(axis=(0, 2))
        cells[row] = np.logical_or.reduceat(differs, columns)
    boxes = []
    for left, top, right, bottom in _patches(cells):
        box = Box(left * _CELL, top * _CELL, right * _CELL, bottom * _CELL)
        boxes.append(box.clipped(width, height))
    return tuple(boxes)


def around(boxes: Iterable[Box], width: int, height: int) -> tuple[Box, ...]:
    """Parts of a picture that together hold all boxes and their surroundings.

    Two parts become one where that leaves no more to look at.
    """
    parts: list[Box] = []
    for box in boxes:
        if not box.area:
            continue
        margin = max(_LEAST_MARGIN, round(_MARGIN * max(box.width, box.height)))
        part = Box(
            box.left - margin, box.top - margin, box.right + margin, box.bottom + margin
        ).clipped(width, height)
        # What it was joined with may now be near others.
        while (
            other := next((one for one in parts if _better_joined(one, part)), None)
        ) is not None:
            parts.remove(other)
            part = _hull(other, part)
        parts.append(part)
    return tuple(parts)


def _better_joined(one: Box, other: Box) -> bool:
    return _hull(one, other).area <= one.area + other.area


def _hull(one: Box, other: Box) -> Box:
    return Box(
        min(one.left, other.left),
        min(one.top, other.top),
        max(one.right, other.right),
        max(one.bottom, other.bottom),
    )


def _inner(part: Box, width: int, height: int) -> Box:
    """Where the middle of a face lies that is not cut by an edge the picture does not have."""
    cut = _LEAST_MARGIN // 2
    return Box(
        part.left + cut * (part.left > 0),
        part.top + cut * (part.top > 0),
        part.right - cut * (part.right < width),
        part.bottom - cut * (part.bottom < height),
    )


def _middle_in(box: Box, part: Box) -> bool:
    across, down = box.left + box.right, box.top + box.bottom
    return 2 * part.left <= across < 2 * part.right and 2 * part.top <= down < 2 * part.bottom


def _united(first: Iterable[Face], more: Iterable[Face]) -> tuple[Face, ...]:
    """The faces, and those of the others that are in other places."""
    faces = list(first)
    for face in more:
        if not is_one_of(face, faces):
            faces.append(face)
    return tuple(faces)


def _patches(cells: Mask) -> Iterable[tuple[int, ...]]:
    """Left, top, right and bottom of every group of cells that touch, also at corners."""
    left = {(int(row), int(column)) for row, column in np.argwhere(cells)}
    while left:
        group, edge = [], [left.pop()]
        while edge:
            row, column = edge.pop()
            group.append((row, column))
            near = {(row + down, column + across) for down in (-1, 0, 1) for across in (-1, 0, 1)}
            edge += near & left
            left -= near
        rows, columns = zip(*group, strict=True)
        yield min(columns), min(rows), max(columns) + 1, max(rows) + 1


def _mirrored(face: Face, width: int) -> Face:
    """A face of the mirror image where it is in the picture."""
    box, points = face.box, face.landmarks
    return dataclasses.replace(
        face,
        box=Box(width - box.right, box.top, width - box.left, box.bottom),
        landmarks=points
        and Landmarks(
            # The viewer's left is the other side now.
            *(
                (width - x, y)
                for x, y in (
                    points.right_eye,
                    points.left_eye,
                    points.nose,
                    points.right_mouth,
                    points.left_mouth,
                )
            )
        ),
    )
