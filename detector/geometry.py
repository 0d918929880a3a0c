"""How a face is laid out on the chip that a recogniser takes.

Free of numpy: the settings name geometries before any network is needed.
"""

from __future__ import annotations

import dataclasses

LANDMARKS = 5


@dataclasses.dataclass(frozen=True, slots=True)
class ChipGeometry:
    """The size of a chip and where the landmarks lie on it.

    Attributes:
        side: pixels across and down; a chip is a square.
        points: x, y of each landmark in pixels of the chip, from its upper left
            corner, in the order of `Landmarks`: left eye, right eye, nose, left and
            right corner of the mouth, from the viewer's side.

    Raises:
        ValueError: not five points, or all at one place, or a side of no pixels.
    """

    side: int
    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if self.side < 1 or len(self.points) != LANDMARKS or len(set(self.points)) == 1:
            raise ValueError(f"a chip needs a side and five different points, not {self}")


DLIB_150 = ChipGeometry(
    150, ((47.4, 47.9), (102.3, 46.0), (74.2, 78.9), (51.2, 104.5), (97.8, 103.3))
)
"""The chips that dlib cuts: medians over the CenterFace landmarks of Labeled Faces in the Wild."""

_HALF = 0.5

ARCFACE_112 = ChipGeometry(
    112,
    (
        (38.2946 + _HALF, 51.6963 + _HALF),
        (73.5318 + _HALF, 51.5014 + _HALF),
        (56.0252 + _HALF, 71.7366 + _HALF),
        (41.5493 + _HALF, 92.3655 + _HALF),
        (70.7299 + _HALF, 92.2041 + _HALF),
    ),
)
"""The chips of ArcFace (Deng et al. 2019) and SFace: the template both publish.

They cut with OpenCV, which counts from the middle of the first pixel; we count
from its corner.
"""
