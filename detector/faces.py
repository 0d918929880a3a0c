"""The values that flow out of the detector.

Coordinates are pixels of the *upright* picture (EXIF orientation applied), x to
the right, y down, origin at the upper left corner of the upper left pixel.
"""

from __future__ import annotations

import dataclasses
import enum
import math
from typing import TYPE_CHECKING

from detector.embedded import NOTHING_EMBEDDED, Embedded

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from detector.held import Held
    from detector.second_pictures import Unjudged

    Pixels = npt.NDArray[np.uint8]
    """RGB picture: uint8, shape (height, width, 3), C-contiguous."""

    Templates = npt.NDArray[np.float32]
    """One row per face: float32, shape (n, d); the recogniser says how many numbers d is."""

# Widths of the face box on the largest published rendition. A familiar face is
# recognised from about 12 x 14 pixels (Sinha et al. 2006, "Face recognition by
# humans: nineteen results"); 24 px doubles it, because the detector's box is
# not exact and the law asks about the circle of acquaintances.
DOUBTFUL_WIDTH = 12
RECOGNISABLE_WIDTH = 24


# Boxes of frontal faces are 1.37 times as high as wide (median of 110 photos of LFW,
# 1.16 to 1.66); rounded to the side on which a face counts as larger.
_WIDTH_OF_HEIGHT = 0.75


class SizeClass(enum.StrEnum):
    """How recognisable a face is by its size alone."""

    TOO_SMALL = "too_small"
    DOUBTFUL = "doubtful"
    RECOGNISABLE = "recognisable"

    @classmethod
    def of_width(cls, width: float) -> SizeClass:
        """The class of a face `width` pixels wide on the published rendition."""
        if width < DOUBTFUL_WIDTH:
            return cls.TOO_SMALL
        if width < RECOGNISABLE_WIDTH:
            return cls.DOUBTFUL
        return cls.RECOGNISABLE


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Box:
    """A rectangle of whole pixels; `right` and `bottom` are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def from_trbl(cls, top: int, right: int, bottom: int, left: int) -> Box:
        """From face_recognition's order (top, right, bottom, left)."""
        return cls(left, top, right, bottom)

    @classmethod
    def around(cls, left: float, top: float, right: float, bottom: float) -> Box:
        """The smallest box of whole pixels that holds the given rectangle."""
        return cls(math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom))

    def scaled(self, across: float, down: float) -> Box:
        """What holds the box in a picture so many times as wide and as high."""
        return Box.around(
            self.left * across, self.top * down, self.right * across, self.bottom * down
        )

    @property
    def width(self) -> int:
        """Pixels from left to right; 0 for an empty or inverted box."""
        return max(0, self.right - self.left)

    @property
    def height(self) -> int:
        """Pixels from top to bottom; 0 for an empty or inverted box."""
        return max(0, self.bottom - self.top)

    @property
    def area(self) -> int:
        """Number of pixels inside."""
        return self.width * self.height

    def clipped(self, width: int, height: int) -> Box:
        """The part of the box inside a picture of `width` x `height`."""
        return Box(
            min(max(self.left, 0), width),
            min(max(self.top, 0), height),
            min(max(self.right, 0), width),
            min(max(self.bottom, 0), height),
        )

    def intersection(self, other: Box) -> int:
        """Number of pixels that lie in both boxes."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0, width) * max(0, height)

    def iou(self, other: Box) -> float:
        """Intersection over union, 0 to 1."""
        shared = self.intersection(other)
        union = self.area + other.area - shared
        return shared / union if union else 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Landmarks:
    """Five points of a face as (x, y); left and right are the viewer's.

    For a face found in a turned picture: of a viewer who holds it upright.
    """

    left_eye: tuple[float, float]
    right_eye: tuple[float, float]
    nose: tuple[float, float]
    left_mouth: tuple[float, float]
    right_mouth: tuple[float, float]

    @property
    def eye_distance(self) -> float:
        """Pixels between the two eyes."""
        return math.dist(self.left_eye, self.right_eye)

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        """The five points, in the order of the fields."""
        return (self.left_eye, self.right_eye, self.nose, self.left_mouth, self.right_mouth)


@dataclasses.dataclass(frozen=True, slots=True)
class Face:
    """One detected face.

    `score` is the detector's confidence, 0 to 1. `passes` counts the detection
    passes (sizes and turns of the picture) that saw it. `landmarks` is None
    for a detector that gives none. `view` is the first of `Frame.views` that
    shows it.
    """

    box: Box
    score: float
    landmarks: Landmarks | None = None
    passes: int = 1
    view: int = 0

    @property
    def size_class(self) -> SizeClass:
        """The class on the picture at its full size."""
        return self.size_class_at(1.0)

    def size_class_at(self, scale: float) -> SizeClass:
        """The class on the picture at `scale` of its size."""
        return SizeClass.of_width(self.frontal_width * scale)

    @property
    def frontal_width(self) -> float:
        """The width in pixels that the face would have from the front.

        A face in profile or cut by the edge is narrower than it is recognisable:
        its height then stands for its width.
        """
        return max(self.box.width, self.box.height * _WIDTH_OF_HEIGHT)

    def scaled(self, across: float, down: float) -> Face:
        """The same face in a picture so many times as wide and as high."""
        landmarks = self.landmarks and Landmarks(
            *((x * across, y * down) for x, y in self.landmarks.points)
        )
        return dataclasses.replace(self, box=self.box.scaled(across, down), landmarks=landmarks)


class Certainty(enum.StrEnum):
    """What a comparison with the gallery is worth."""

    CONFIDENT = "confident"
    LOOK = "look"
    """Near enough that a person must look; never a clearance by itself."""
    NONE = "none"


@dataclasses.dataclass(frozen=True, slots=True)
class Match:
    """The best candidate for one face.

    `person` is set for every certainty but `NONE`. `distance` is Euclidean, from the
    face's template to the mean of the person's. `score` is the natural logarithm of
    how much likelier this is the person than a stranger, `rate` the share of
    strangers that reach it with one person; both None for a recogniser whose scores
    nobody measured. `margin` is the lead over the next person, in the unit of the
    score (of the distance without one): infinite when the gallery holds one person
    only, negative when another person is likelier. `contested`: another face of the
    picture could be the same person, too.
    """

    certainty: Certainty
    person: str | None = None
    distance: float | None = None
    score: float | None = None
    margin: float | None = None
    rate: float | None = None
    contested: bool = False

    @property
    def resembles_somebody(self) -> bool:
        """Whether the face could be somebody enrolled, even one given to another face."""
        return self.certainty is not Certainty.NONE or self.contested

    @property
    def to_look_at(self) -> Match:
        """The same candidate, for a person to look at."""
        return dataclasses.replace(self, certainty=Certainty.LOOK)

    @classmethod
    def nobody(cls) -> Match:
        """The match of a face that was compared with nobody."""
        return cls(Certainty.NONE)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One opened picture, upright, as it will be judged and exported.

    `pixels` is what a viewer shows (transparency over white). `other_views` are
    further pictures the file holds, brought to the same size: what transparent
    pixels hide, the second picture of a multi-picture JPEG, a preview of something
    else. A face in any view is a face of the file. All arrays are read-only. `embedded`
    is what else the file holds, for hints about who is in the picture; no decision rests
    on it.
    `unjudged` names the pictures in the file that are in no view. `held` tells how the
    picture was held where its own faces may not, being hidden: of a copy, what the photo said.
    """

    path: Path
    sha256: str
    format: str
    pixels: Pixels
    other_views: tuple[Pixels, ...] = ()
    icc_profile: bytes | None = None
    embedded: Embedded = NOTHING_EMBEDDED
    unjudged: tuple[Unjudged, ...] = ()
    held: Held | None = None

    @property
    def width(self) -> int:
        """Pixels across, upright."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels down, upright."""
        return int(self.pixels.shape[0])

    @property
    def views(self) -> tuple[Pixels, ...]:
        """Every picture in which a face counts; `pixels` is the first."""
        return (self.pixels, *self.other_views)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class SmallPhoto:
    """An opened picture made small and upright, to look at; nobody is judged by it.

    `sha256` is that of the file: it tells whether this is the picture that was judged.
    `pixels` has the shape of the picture, as far as whole pixels can have it.
    """

    sha256: str
    pixels: Pixels
