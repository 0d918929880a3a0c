"""Hide heads, and what a person drew a mask over, on a copy of the pixels.

Nothing of them is left: see `clearance.fills` for what takes their place, and
`clearance.masks` for how much is hidden.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clearance.fills import Look, Patch, Style, blur, fill
from clearance.masks import Drawn, Mask, Region, head_region, window

if TYPE_CHECKING:
    from detector.faces import Face, Pixels

__all__ = ["Mask", "Redaction", "Region", "head_region", "hide"]

_PLAIN = Look()


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Redaction:
    """A picture with heads hidden.

    `pixels` is like `detector.faces.Pixels`. `mask` says which of them were replaced, and
    `cosmetic` which others were blurred for taste: bool, shape (height, width). `regions`
    are in the order of the hidden faces, then of the masks drawn by hand. All arrays are
    read-only.
    """

    pixels: Pixels
    mask: Mask
    regions: tuple[Region, ...]
    cosmetic: Mask


def hide(
    pixels: Pixels,
    hidden: Sequence[Face],
    drawn: Sequence[Drawn] = (),
    look: Look = _PLAIN,
    *,
    cosmetic: Sequence[Face] = (),
) -> Redaction:
    """A copy of the picture in which nothing is left of the heads and of what is drawn over.

    An uncleared head is hidden completely, also where it overlaps the face of a cleared
    neighbour; the neighbour's face outside the mask stays. Of two masks that overlap all
    is hidden that either of them hides. Safety wins.

    What is under the masks depends on their shape and on pixels outside *all* of them
    alone. Their edge is hard: a soft one would mix in pixels of the head. A blur for taste
    is made of the picture in which the others are hidden, without the pixels of any mask.

    Args:
        pixels: RGB picture, uint8, shape (height, width, 3); it is not altered.
        hidden: the faces to hide.
        drawn: masks drawn by hand; they are hidden as well. No face and no letters are
            drawn on them.
        look: how they are hidden, and the shape of the masks around faces.
        cosmetic: faces that may be seen and are blurred for taste, whatever the style.

    Raises:
        ValueError: the style is a blur, which can be undone, and there is somebody to
            hide; or a drawn mask lies outside the picture.
    """
    if look.style is Style.COSMETIC:
        if hidden:
            raise ValueError("a blur hides nobody")
        look = dataclasses.replace(look, style=Style.SOLID)
    height, width = pixels.shape[:2]

    def heads(faces: Sequence[Face]) -> list[Patch]:
        regions = (head_region(face, width, height, look.shape) for face in faces)
        return [Patch.of(region, is_head=True) for region in regions]

    patches = heads(hidden)
    patches += [Patch.of(one.region(width, height), is_head=False) for one in drawn]
    mask: Mask = np.zeros((height, width), dtype=np.bool_)
    for patch in patches:
        mask[window(patch.box)] |= patch.inside
    copy = np.array(pixels, dtype=np.uint8, order="C")
    fill(copy, mask, patches, look)
    # In an order of their own: of two in one place the listing must not decide.
    blurred = blur(copy, mask, heads(sorted(cosmetic, key=repr)))
    for array in (copy, mask, blurred):
        array.setflags(write=False)
    return Redaction(copy, mask, tuple(patch.region for patch in patches), blurred)
