"""Where a video goes on to another scene.

A cut is seen in a thumbnail: its detail is nowhere near where it was a frame before, even if the
camera was swung. Brightness does not count, so that a lamp, a shutter and a fade do not look like
a cut, and a flash that lights up a frame or three is known by what comes after it: the same scene.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from detector.motion import alike

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detector.motion import Grey, SmallPicture

AHEAD = 3
"""Frames after a change that tell a flash from a cut. A flash lights one frame, on a sensor
that is read row by row two, with its glow three."""

_SIZE = (64, 36)
_BLUR = 5
"""Pixels of a thumbnail over which brightness is evened out: what is left is detail."""

_SWING = (6, 4)
"""How far a camera may swing from one frame to the next: a tenth of the picture."""

_SAME = 0.35
_OTHER = 0.25
"""How alike the detail is of frames of one scene at least, and of two scenes at most.

Of 149 pairs of unrelated photos of crowds none reached 0.18. From frame to frame of one scene it
was 0.37 at least in a stage clip with a camera held by hand that is swung and zoomed, its one cut
at 0.13; 0.52 at least in 600 frames of people who walk past.
"""

_BLANK = 1.5
"""Standard deviation of a thumbnail without a picture, in steps of 255: the end of a fade."""


class Change(enum.StrEnum):
    """What lies between a frame and the one before."""

    NONE = "none"
    DOUBTFUL = "doubtful"
    """Who was there may be somebody else, and may as well be there still."""
    CUT = "cut"
    """Nothing of the scene before is left."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """What is kept of a frame to find cuts: float32 (36, 64), brightness evened out."""

    detail: Grey
    blank: bool
    brightness: float

    @classmethod
    def of(cls, picture: SmallPicture) -> Thumbnail:
        """The thumbnail of a small picture."""
        image = Image.fromarray(picture.grey)
        grey = np.asarray(image.resize(_SIZE, Image.Resampling.BOX), dtype=np.float32)
        detail = grey - _evened(grey)
        return cls(detail, bool(grey.std() < _BLANK), float(grey.mean()))


class SceneCuts:
    """Says of each frame in its turn whether a scene begins with it."""

    def __init__(self) -> None:
        self._scene: Thumbnail | None = None

    def change(self, frame: Thumbnail, ahead: Sequence[Thumbnail]) -> Change:
        """What lies before the frame.

        Frames that a flash lights up belong to the scene around them. A fade ends in frames
        without a picture, which are a scene of their own.

        Args:
            frame: the next one.
            ahead: up to `AHEAD` frames that come after it.
        """
        scene = self._scene
        if scene is None:
            self._scene = frame
            return Change.NONE
        here = likeness(scene, frame)
        if here >= _SAME:
            self._scene = frame
            return Change.NONE
        if any(likeness(scene, later) >= _SAME for later in ahead[:AHEAD]):
            return Change.NONE
        self._scene = frame
        return Change.DOUBTFUL if here >= _OTHER else Change.CUT


def likeness(one: Thumbnail, other: Thumbnail) -> float:
    """How alike the detail of two frames is, -1 to 1, wherever the camera was swung to."""
    if one.blank or other.blank:
        return 1.0 if one.blank and other.blank else 0.0
    best = alike(one.detail, other.detail)
    if best >= _SAME:
        return best
    rows, columns = one.detail.shape
    across, down = _SWING
    inner = one.detail[down : rows - down, across : columns - across]
    inner = inner - inner.mean()
    places = np.lib.stride_tricks.sliding_window_view(other.detail, inner.shape)
    sums = np.tensordot(places, inner, axes=((2, 3), (0, 1)))
    lengths = places.std(axis=(2, 3)) * np.sqrt(inner.size) * np.linalg.norm(inner)
    return max(best, float((sums / np.maximum(lengths, 1e-6)).max()))


def _evened(grey: Grey) -> Grey:
    """The mean of the surroundings of each pixel."""
    half = _BLUR // 2
    wide = np.pad(grey, half, mode="edge")
    places = np.lib.stride_tricks.sliding_window_view(wide, (_BLUR, _BLUR))
    evened: npt.NDArray[np.float32] = places.mean(axis=(2, 3), dtype=np.float32)
    return evened
