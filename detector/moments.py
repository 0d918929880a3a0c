"""The best moments of a face, picked while it goes by."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from detector.faces import Box, Frame
from detector.sharpness import USUAL, sharpness_of
from detector.tracks import Moment
from detector.voting import oddness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detector.faces import Face, Pixels
    from detector.video_frames import VideoFrame

WINDOW = Fraction(1, 2)
"""Seconds of which one moment is kept, at first: nearer ones are nearly the same picture."""

MOST = 12
"""Moments of a track that are kept at most; then one is kept of twice as many seconds."""

_AROUND = 0.6
"""Widths of the face around it that are kept: a chip turned by 45 degrees reaches about half."""

_WIDEST = 320
"""Pixels a kept face is wide at most: twice what the largest chip shows of it."""

_ENOUGH_BETWEEN_EYES = 60.0
"""Pixels between the eyes beyond which a face tells no more: a chip has 55 (`DLIB_150`)."""

_TYPICALLY_ODD = 0.12
"""Oddness of the landmarks that halves what a moment is worth, as in `detector.detection`."""

_BETTER = 1.1
"""A moment takes the place of another only if it is so much better: to cut it out costs time."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    moment: Moment
    promise: float
    """What it is worth without its sharpness."""
    worth: float


class Moments:
    """Keeps the best moment of every window, `MOST` at most, spread evenly over the time."""

    def __init__(self) -> None:
        self._kept: list[_Kept] = []
        self._window = WINDOW

    def offer(self, frame: VideoFrame, face: Face) -> None:
        """A sighting that may be a better moment than those kept."""
        promise = _promise(face)
        rival = self._kept[-1] if self._kept and self._same(self._kept[-1], frame.time) else None
        if promise <= 0 or (rival and promise < rival.promise * _BETTER):
            return
        moment = _moment(frame, face)
        worth = promise * (0.1 + min(1.0, moment.sharpness / USUAL))
        if rival and worth <= rival.worth:
            return
        if rival:
            self._kept.pop()
        self._kept.append(_Kept(moment, promise, worth))
        while len(self._kept) > MOST:
            self._widen()

    def _same(self, kept: _Kept, time: Fraction) -> bool:
        """Whether a moment is in the window of that time."""
        return kept.moment.time // self._window == time // self._window

    def _widen(self) -> None:
        """Windows of twice the length, each with the better moment of its two.

        So moments stay spread over all the time, in which somebody else may have come.
        """
        self._window *= 2
        best: list[_Kept] = []
        for one in self._kept:
            if not best or not self._same(best[-1], one.moment.time):
                best.append(one)
            elif one.worth > best[-1].worth:
                best[-1] = one
        self._kept = best

    @property
    def pixels(self) -> int:
        """How many are kept, of all moments together."""
        return sum(kept.moment.pixels.shape[0] * kept.moment.pixels.shape[1] for kept in self._kept)

    def thin(self, most: int) -> None:
        """Keeps so many: of those that are closest in time the worse one goes."""
        while len(self._kept) > max(1, most):
            gaps = [
                after.moment.time - before.moment.time
                for before, after in zip(self._kept, self._kept[1:], strict=False)
            ]
            closest = min(range(len(gaps)), key=gaps.__getitem__)
            pair = self._kept[closest : closest + 2]
            del self._kept[closest + (pair[0].worth > pair[1].worth)]

    def all(self) -> tuple[Moment, ...]:
        """Those kept, in the order of time."""
        return tuple(kept.moment for kept in self._kept)

    def __len__(self) -> int:
        return len(self._kept)


def frontality(face: Face) -> float:
    """How much a face is seen from the front, 0 to 1, by how its landmarks lie."""
    if face.landmarks is None:
        return 0.0
    odd = float(oddness(np.array([face.landmarks.points], np.float32))[0])
    return 1 / (1 + (odd / _TYPICALLY_ODD) ** 2)


def frame_of(moments: Sequence[Moment]) -> tuple[Frame, tuple[Face, ...]]:
    """Moments as the views of one picture, each with its face: to be measured together."""
    views = [moment.pixels for moment in moments]
    faces = tuple(
        dataclasses.replace(moment.face, view=index) for index, moment in enumerate(moments)
    )
    return Frame(Path(), "", "", views[0], tuple(views[1:])), faces


def _promise(face: Face) -> float:
    if face.landmarks is None:
        return 0.0
    size = min(1.0, face.landmarks.eye_distance / _ENOUGH_BETWEEN_EYES)
    return size * face.score * frontality(face)


def _moment(frame: VideoFrame, face: Face) -> Moment:
    box = face.box
    more = _AROUND * max(box.width, box.height)
    around = Box.around(
        box.left - more, box.top - more, box.right + more, box.bottom + more
    ).clipped(frame.width, frame.height)
    pixels = frame.rgb(around)
    moved = _moved(face, -around.left, -around.top)
    factor = -(-box.width // _WIDEST)
    if factor > 1:
        pixels = np.asarray(Image.fromarray(pixels).reduce(factor))
        moved = moved.scaled(1 / factor, 1 / factor)
    sharpness = sharpness_of(Frame(Path(), "", "", pixels), moved)
    return Moment(frame.index, frame.time, box, moved, _own(pixels), sharpness)


def _own(pixels: Pixels) -> Pixels:
    """Not a view of a whole frame, which would stay in memory with it."""
    return pixels.copy() if pixels.base is not None else pixels


def _moved(face: Face, right: int, down: int) -> Face:
    box = face.box
    points = face.landmarks and dataclasses.replace(
        face.landmarks,
        **{
            field.name: tuple(
                value + by
                for value, by in zip(
                    getattr(face.landmarks, field.name), (right, down), strict=True
                )
            )
            for field in dataclasses.fields(face.landmarks)
        },
    )
    moved = Box(box.left + right, box.top + down, box.right + right, box.bottom + down)
    return dataclasses.replace(face, box=moved, landmarks=points)
