"""Prove a written copy: its bytes, its pixels, and what a detector sees in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clearance.errors import VerificationError
from clearance.metadata import foreign_parts
from detector.errors import DetectorError
from detector.faces import Box, Face, Frame, SizeClass

if TYPE_CHECKING:
    import numpy.typing as npt

    from clearance.redaction import Mask, Redaction
    from detector.faces import Pixels

OpenPhoto = Callable[[Path], Frame]
FindFaces = Callable[[Frame], Sequence[Face]]

_BLOCK = 8
"""Side of the blocks in which JPEG codes a picture, in pixels."""
# Largest differences between the redacted pixels and the copy that a lossy codec
# may cause, out of 255. The redacted pixels hold nothing of a hidden face, so a
# copy this near to them does not either. Twice the largest in 70 crowd pictures,
# at the qualities of clearance/export.py.
_INSIDE = 20
"""A pixel farther than one block from the edge of the mask: flat but for rounding."""
_AT_THE_EDGE = 160
"""A pixel of the mask nearer to its edge, where the codec rings."""
_BLOCK_MEAN = 30
"""The mean of a block, anywhere: catches a shifted, turned or other picture."""

_SAME_FACE = 0.3
"""Intersection over union from which detectors count two boxes as one face."""
_COVERED = 0.85
"""A box hidden by this share or more is the mask itself, seen as a head.

In 70 crowd pictures with all faces hidden, the boxes found on masks were covered
by 0.91 and more, all others by 0.79 and less.
"""


def verify_copy(
    path: Path,
    redaction: Redaction,
    hidden: Sequence[Face],
    open_photo: OpenPhoto,
    *,
    exact: bool,
) -> Frame:
    """Open a written copy again and compare it with what was to be written.

    Args:
        path: the file.
        redaction: the pixels that were encoded, and the mask.
        hidden: the faces that must lie under the mask.
        open_photo: reads a file as it reads the originals.
        exact: the format keeps every pixel (PNG).

    Returns:
        The copy as opened, to look for faces in.

    Raises:
        VerificationError: the file carries more than the picture, cannot be
            opened, has another size, or a pixel is not as it must be.
    """
    try:
        data = path.read_bytes()
        copy = open_photo(path)
    except (OSError, DetectorError) as error:
        reason = str(error) if isinstance(error, OSError) else error
        raise VerificationError(
            "The copy cannot be opened again: {reason}", reason=reason
        ) from error
    if copy.sha256 != hashlib.sha256(data).hexdigest():
        raise VerificationError("The copy changed while it was checked: run the command again.")
    if foreign := foreign_parts(data):
        raise VerificationError(
            "The copy carries more than its picture: {parts}.", parts=", ".join(foreign)
        )
    if copy.other_views or copy.icc_profile:
        raise VerificationError("The copy holds more than one picture, or a colour profile.")
    if copy.pixels.shape != redaction.pixels.shape:
        raise VerificationError("The copy has another size than was to be written.")
    _check_covered(redaction.mask, hidden)
    _check_pixels(copy.pixels, redaction, exact=exact)
    return copy


def unjudged_faces(
    found: Sequence[Face], visible: Sequence[Face], mask: Mask, small: Sequence[Face] = ()
) -> tuple[Face, ...]:
    """Faces found in a copy that are neither a cleared face nor a mask itself.

    Somebody whom no verdict is about: found only now, because hiding and encoding
    changed a picture in which the detector had just not seen them. Or a hidden
    face that is not hidden well enough.

    Args:
        found: what the detector sees in the copy.
        visible: the faces that may be seen.
        mask: the hidden pixels, bool, shape (height, width).
        small: the faces that may be seen while they are too small to be recognised:
            one that is larger in the copy was judged wrongly.
    """
    return tuple(
        face
        for face in found
        if _covered(face.box, mask) < _COVERED
        and not _is_one_of(face, visible)
        and not (face.size_class is SizeClass.TOO_SMALL and _is_one_of(face, small))
    )


def _is_one_of(face: Face, known: Sequence[Face]) -> bool:
    return any(face.box.iou(other.box) >= _SAME_FACE for other in known)


def _covered(box: Box, mask: Mask) -> float:
    """The share of a box's pixels in the picture that are hidden, 0 to 1."""
    height, width = mask.shape
    inside = box.clipped(width, height)
    window = mask[inside.top : inside.bottom, inside.left : inside.right]
    return float(window.mean()) if window.size else 0.0


def _check_covered(mask: Mask, hidden: Sequence[Face]) -> None:
    height, width = mask.shape
    for face in hidden:
        if face.box.clipped(width, height).area and _covered(face.box, mask) < 1.0:
            raise VerificationError(
                "The face at {left}, {top} is not covered by the mask.",
                left=face.box.left,
                top=face.box.top,
            )


def _check_pixels(pixels: Pixels, redaction: Redaction, *, exact: bool) -> None:
    if exact:
        if not np.array_equal(pixels, redaction.pixels):
            raise VerificationError("The copy does not hold the pixels that were written.")
        return
    means = np.abs(_block_means(pixels) - _block_means(redaction.pixels))
    if means.max(initial=0.0) > _BLOCK_MEAN:
        raise VerificationError("The copy shows another picture than the one that was written.")
    for region in redaction.regions:
        _check_flat(pixels, redaction, region.box)


def _check_flat(pixels: Pixels, redaction: Redaction, box: Box) -> None:
    height, width = redaction.mask.shape
    # The pixels around the box decide which of those inside are near the edge.
    seen = Box(
        box.left - _BLOCK, box.top - _BLOCK, box.right + _BLOCK, box.bottom + _BLOCK
    ).clipped(width, height)
    inner = np.zeros((seen.height, seen.width), dtype=np.bool_)
    inner[box.top - seen.top :, box.left - seen.left :][: box.height, : box.width] = True
    window = slice(seen.top, seen.bottom), slice(seen.left, seen.right)
    mask = redaction.mask[window]
    written = redaction.pixels[window].astype(np.int16)
    difference = np.abs(pixels[window].astype(np.int16) - written).max(axis=2)
    if difference[mask].max(initial=0) > _AT_THE_EDGE:
        raise VerificationError("A hidden face is not flat in the copy, near the edge of its mask.")
    if difference[_eroded(mask, _BLOCK) & inner].max(initial=0) > _INSIDE:
        raise VerificationError("A hidden face is not flat in the copy.")


def _block_means(pixels: Pixels) -> npt.NDArray[np.float32]:
    """The mean colour of every block of 8 x 8: float32, shape (rows, columns, 3)."""
    height, width = pixels.shape[:2]
    padded = np.pad(pixels, ((0, -height % _BLOCK), (0, -width % _BLOCK), (0, 0)), mode="edge")
    rows, columns = padded.shape[0] // _BLOCK, padded.shape[1] // _BLOCK
    blocks = padded.reshape(rows, _BLOCK, columns, _BLOCK, 3)
    means: npt.NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means


def _eroded(mask: Mask, distance: int) -> Mask:
    """The pixels that have only masked pixels within `distance`, in rows and columns.

    What is beyond the border counts as masked: outside a picture nothing can be
    seen, so its last row and column are checked as strictly as the middle.
    """
    side = 2 * distance + 1
    eroded = np.pad(mask, distance, constant_values=True)
    for axis in (0, 1):
        # Sums over windows, as differences of running sums: all must be masked.
        sums = np.insert(np.cumsum(eroded, axis=axis, dtype=np.int32), 0, 0, axis=axis)
        first, last = np.split(sums, [side], axis=axis)[1], sums.shape[axis] - side
        eroded = first - np.take(sums, range(last), axis=axis) == side
    return eroded
