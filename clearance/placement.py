"""Where the pixels of a photo lie in its copy: cut out first, then made smaller."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from detector.faces import Box, Face, Landmarks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clearance.masks import Drawn
    from clearance.rendition import Rendition
    from detector.faces import Pixels


@dataclasses.dataclass(frozen=True, slots=True)
class Placement:
    """The part of a photo that a copy shows, and the size at which it shows it.

    `crop` is in pixels of the upright photo; `width` and `height` are the copy's. A part
    is shown at the scale of the whole: a face is never larger in a copy than it was judged.
    """

    crop: Box
    width: int
    height: int

    @classmethod
    def of(
        cls, width: int, height: int, rendition: Rendition | None = None, crop: Box | None = None
    ) -> Placement:
        """The placement of a photo of `width` x `height`, or of a part of it.

        Args:
            width: of the upright photo.
            height: of the upright photo.
            rendition: how large the whole photo may be published; None for its own size.
            crop: the part that is shown; None for all of it.
        """
        whole = Box(0, 0, width, height)
        if crop is None:
            size = (rendition.width, rendition.height) if rendition else (width, height)
            return cls(whole, *size)
        scale = rendition.scale if rendition else 1.0
        return cls(crop, max(1, round(crop.width * scale)), max(1, round(crop.height * scale)))

    @property
    def ratios(self) -> tuple[float, float]:
        """The copy's width and height as shares of those of the part it shows."""
        return self.width / self.crop.width, self.height / self.crop.height

    def moves(self, width: int, height: int) -> bool:
        """Whether any pixel of a photo of that size lies elsewhere in the copy."""
        return self != Placement.of(width, height)

    def faces(self, faces: Iterable[Face]) -> tuple[Face, ...]:
        """Faces of the photo where they are in the copy; those beside it as well."""
        across, down = self.ratios
        return tuple(
            moved(face, -self.crop.left, -self.crop.top).scaled(across, down) for face in faces
        )

    def faces_back(self, faces: Iterable[Face]) -> tuple[Face, ...]:
        """Faces of the copy where they are in the photo."""
        across, down = self.ratios
        return tuple(
            moved(face.scaled(1 / across, 1 / down), self.crop.left, self.crop.top)
            for face in faces
        )

    def drawn(self, drawn: Iterable[Drawn]) -> tuple[Drawn, ...]:
        """Masks drawn on the photo where they are in the copy; without those beside it."""
        across, down = self.ratios
        placed = (one.moved(-self.crop.left, -self.crop.top).scaled(across, down) for one in drawn)
        return tuple(one for one in placed if one.touches(self.width, self.height))

    def pixels(self, pixels: Pixels) -> Pixels:
        """What the copy shows of a photo's pixels: uint8, shape (height, width, 3)."""
        box = self.crop
        part = Image.fromarray(pixels[box.top : box.bottom, box.left : box.right])
        if part.size != (self.width, self.height):
            part = part.resize((self.width, self.height), Image.Resampling.LANCZOS)
        return np.asarray(part)


def moved(face: Face, right: float, down: float) -> Face:
    """The same face in a picture whose origin lies so many pixels to the left and above."""
    if not right and not down:
        return face
    box = face.box
    landmarks = face.landmarks and Landmarks(
        *((x + right, y + down) for x, y in face.landmarks.points)
    )
    moved = Box.around(box.left + right, box.top + down, box.right + right, box.bottom + down)
    return dataclasses.replace(face, box=moved, landmarks=landmarks)
