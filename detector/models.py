"""What an institution says about a network of its own: docs/models.md explains every field.

Free of numpy and of the runtime: these are only the words of clearance.toml,
checked. The networks they describe are in `detector.networks.user_recogniser`
and `user_finder`.
"""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import ClassVar

from detector.geometry import ChipGeometry

DECODERS = ("centerface", "scrfd", "yunet")
LAYOUTS = ("nchw", "nhwc")
TYPES = ("float32", "uint8")
CHANNELS = ("rgb", "bgr")
POINTS = ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
"""Names of the landmarks, in the order of `Landmarks`; left is the viewer's left."""

MULTIPLE = 32
"""What the sides of a finder's input are multiples of: it halves the picture five times."""

Triple = tuple[float, float, float]


@dataclasses.dataclass(frozen=True, slots=True)
class Preparation:
    """How pixels become the tensor that a network takes.

    A value is (pixel - mean) / std of its channel; `mean` and `std` stand in the
    order of `channels`. A network that takes uint8 gets the pixels as they are.
    """

    layout: str = "nchw"
    type: str = "float32"
    channels: str = "rgb"
    mean: Triple = (0.0, 0.0, 0.0)
    std: Triple = (1.0, 1.0, 1.0)


@dataclasses.dataclass(frozen=True, slots=True)
class UserRecogniser:
    """A recogniser from an ONNX file of the institution's own.

    Attributes:
        name: what clearance.toml calls it.
        file: the ONNX file.
        sha256: the only content that is accepted, 64 hexadecimal digits.
        licence: under which terms the institution may use it, for people to read.
        geometry: how its chips are cut; its input is a square of that side.
        dimensions: numbers per template.
        preparation: how a chip becomes its input.
        output: name of the output that holds the templates; None is the first.
        normalise: templates are divided by their length.
        scores: what its distances mean, as measured; without it no match is sure.
    """

    kind: ClassVar = "recogniser"

    name: str
    file: Path
    sha256: str
    licence: str
    geometry: ChipGeometry
    dimensions: int
    preparation: Preparation = dataclasses.field(default_factory=Preparation)
    output: str | None = None
    normalise: bool = True
    scores: Path | None = None

    @property
    def tag(self) -> str:
        """Name, content and use of the network: templates with another tag are never compared."""
        return _tag(
            self, self.geometry, self.dimensions, self.preparation, self.output, self.normalise
        )


@dataclasses.dataclass(frozen=True, slots=True)
class UserFinder:
    """A face finder from an ONNX file of the institution's own.

    Attributes:
        name: what clearance.toml calls it.
        file: the ONNX file.
        sha256: the only content that is accepted, 64 hexadecimal digits.
        licence: under which terms the institution may use it, for people to read.
        decoder: one of DECODERS: how its outputs are read.
        preparation: how a picture becomes its input.
        size: width and height of its input in pixels, multiples of 32; None for a
            network that takes any such size.
        outputs: names of its outputs in the decoder's order; empty is the
            decoder's own names, or the order of the file.
        landmarks: the network's landmarks, by the names of POINTS, in its order.
        smallest_face: width in pixels from which faces are found at all.
    """

    kind: ClassVar = "finder"

    name: str
    file: Path
    sha256: str
    licence: str
    decoder: str
    preparation: Preparation = dataclasses.field(default_factory=Preparation)
    size: tuple[int, int] | None = None
    outputs: tuple[str, ...] = ()
    landmarks: tuple[str, ...] = POINTS
    smallest_face: int = 10

    @property
    def tag(self) -> str:
        """Name, content and use of the network: what says where its landmarks lie."""
        return _tag(self, self.decoder, self.preparation, self.outputs, self.landmarks)

    @property
    def permutation(self) -> tuple[int, ...]:
        """For each landmark in the order of POINTS, where the network gives it."""
        return tuple(self.landmarks.index(name) for name in POINTS)


UserModel = UserRecogniser | UserFinder


def _tag(model: UserModel, *use: object) -> str:
    # Other chips or another channel order give other templates from the same file.
    told = hashlib.sha256(repr(use).encode()).hexdigest()
    return f"{model.name}@{model.sha256[:12]}-{told[:6]}"
