"""Prove a written copy: its bytes, its pixels, and what a detector sees in it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from clearance.containers import Carried, foreign_parts
from clearance.errors import VerificationError
from clearance.results import Checks
from clearance.second_look import Seen, is_one_of, look_both_ways
from detector.errors import DetectorError
from detector.faces import Box, Face, Frame, SizeClass

if TYPE_CHECKING:
    import numpy.typing as npt

    from clearance.redaction import Mask, Redaction
    from clearance.resemblance import Resemblance
    from clearance.second_look import SecondLook
    from detector.faces import Pixels
    from detector.held import Held

    Means = npt.NDArray[np.int16]

__all__ = [
    "Examined",
    "Examiner",
    "Written",
    "look_both_ways",
    "unjudged_faces",
    "verify_copy",
]

OpenPhoto = Callable[[Path], Frame]
FindFaces = Callable[[Frame], Sequence[Face]]
HowHeld = Callable[[Frame], "Held | None"]

_BLOCK = 8
"""Side of the blocks in which JPEG codes a picture, in pixels."""
_STRIP = 16 * _BLOCK
"""Rows that are compared in one go: a picture of them fits the cache."""
# Largest differences between the redacted pixels and the copy that a lossy codec
# may cause, out of 255. The redacted pixels hold nothing of a hidden face, so a
# copy this near to them does not either. Twice the largest in 70 crowd pictures,
# at the qualities of clearance/encoding.py.
_INSIDE = 20
"""A pixel of the mask among others like it, as in the middle of a head."""
_AT_AN_EDGE = 160
"""A pixel of the mask near an edge, of the mask or of a drawing on it, where the codec rings."""
_EDGE = 24
"""Contrast within three blocks from which there is an edge."""
_BLOCK_MEAN = 30
"""The mean of a block, anywhere: catches a shifted, turned or other picture."""

_COVERED = 0.85
"""A box hidden by this share or more is the mask itself, seen as a head.

In 70 crowd pictures with all faces hidden, the boxes found on masks were covered
by 0.91 and more, all others by 0.79 and less.
"""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Written:
    """What a copy must be, to the pixel and to the byte.

    Attributes:
        photo: the photo it was made of, and how it was held.
        redaction: the pixels that were encoded, with the mask.
        carried: the metadata that were put in.
        exact: the format keeps every pixel (PNG).
        hidden: the hidden faces, in pixels of the photo.
        placed: the same faces in pixels of the copy.
        visible: the faces that may be seen, in pixels of the copy.
        small: the faces that may be seen while they are too small to be recognised.
    """

    photo: Frame
    redaction: Redaction
    carried: Carried
    exact: bool
    hidden: tuple[Face, ...]
    placed: tuple[Face, ...]
    visible: tuple[Face, ...]
    small: tuple[Face, ...]


Compare = Callable[[Written, Frame], "Resemblance"]
"""How alike the hidden heads of a copy, opened again, are to whom they hide."""


class Examined(NamedTuple):
    """What came of the checks of one copy.

    `appeared` are the faces that no verdict is about: hide them, too. `seen` is the copy, to
    look at the next one with.
    """

    checks: Checks
    appeared: tuple[Face, ...]
    seen: Seen


@dataclasses.dataclass(frozen=True, slots=True)
class Examiner:
    """Looks at a copy as somebody would who wants to see what was hidden.

    `open_photo` reads a file as it reads the originals, `find_faces` looks for faces in
    it; with a `second_look`, that does it instead, mirrored, and again only where something is
    new. `compare` is None where faces are never compared. `how_held` asks the
    photo how it was held: its copy, in which faces are hidden, cannot tell any more.
    """

    open_photo: OpenPhoto
    find_faces: FindFaces
    compare: Compare | None = None
    how_held: HowHeld = lambda _: None
    second_look: SecondLook | None = None

    def examine(self, path: Path, written: Written, earlier: Seen | None = None) -> Examined:
        """Every check of one copy.

        Args:
            path: of the written file.
            written: what it must be.
            earlier: the copy of the same photo in which faces appeared that are hidden in this
                one; None for the first.

        Raises:
            VerificationError: the copy is wrong; `where` says in which places of it.
        """
        copy, change = _verified(path, written, self.open_photo)
        copy = dataclasses.replace(copy, held=written.photo.held)
        found = self._found(copy, earlier)
        appeared = unjudged_faces(found, written.visible, written.redaction.mask, written.small)
        strangers = None
        if self.compare and written.hidden and not appeared:
            alike = self.compare(written, copy)
            if alike.telltale:
                raise VerificationError(
                    "A hidden head still looks like the person it hides: hide more of it by "
                    "hand, or use another picture.",
                    where=[written.placed[number].box for number in alike.telltale],
                )
            strangers = alike.worst
        checks = Checks(
            faces_seen=len(found),
            heads_hidden=len(written.redaction.regions),
            strangers_as_alike=strangers,
            largest_change=change,
        )
        return Examined(checks, appeared, Seen(copy.pixels, found))

    def _found(self, copy: Frame, earlier: Seen | None) -> tuple[Face, ...]:
        if self.second_look is None:
            return tuple(self.find_faces(copy))
        return self.second_look.again(copy, earlier) if earlier else self.second_look.at(copy)


def verify_copy(path: Path, written: Written, open_photo: OpenPhoto) -> Frame:
    """Open a written copy again and compare it with what was to be written.

    Returns:
        The copy as opened, to look for faces in.

    Raises:
        VerificationError: the file carries more than was put in, or less; it cannot be
            opened, has another size, or a pixel is not as it must be.
    """
    return _verified(path, written, open_photo)[0]


def _verified(path: Path, written: Written, open_photo: OpenPhoto) -> tuple[Frame, int]:
    """The copy as opened, and by how much the mean of a block changed at most."""
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
    if foreign := foreign_parts(data, written.carried):
        raise VerificationError(
            "The copy carries more than its picture: {parts}.", parts=", ".join(foreign)
        )
    if copy.other_views or copy.unjudged:
        raise VerificationError("The copy holds more than one picture.")
    if copy.icc_profile != written.carried.icc_profile:
        raise VerificationError("The copy does not have the colour profile that was written.")
    redaction = written.redaction
    if copy.pixels.shape != redaction.pixels.shape:
        raise VerificationError("The copy has another size than was to be written.")
    _check_covered(redaction.mask, written.placed)
    return copy, _check_pixels(copy.pixels, redaction, exact=written.exact)


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
        and not is_one_of(face, visible)
        and not (face.size_class is SizeClass.TOO_SMALL and is_one_of(face, small))
    )


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
                where=[face.box],
                left=face.box.left,
                top=face.box.top,
            )


def _check_pixels(pixels: Pixels, redaction: Redaction, *, exact: bool) -> int:
    """By how much the mean of a block changed at most."""
    if exact:
        if not np.array_equal(pixels, redaction.pixels):
            raise VerificationError("The copy does not hold the pixels that were written.")
        return 0
    changed = _changes(pixels, redaction)
    largest = int(changed.max(initial=0))
    if largest > _BLOCK_MEAN:
        raise VerificationError(
            "The copy shows another picture than the one that was written.",
            where=[_block(changed)],
        )
    for region in redaction.regions:
        _check_hidden(pixels, redaction, region.box)
    return largest


def _check_hidden(pixels: Pixels, redaction: Redaction, box: Box) -> None:
    """Under a mask there is what was drawn there, but for what a codec does to it."""
    height, width = redaction.mask.shape
    # The pixels around the box decide which of those inside are near an edge. Whole
    # blocks, and the last ones of the picture may be smaller.
    seen = Box(
        (box.left // _BLOCK - 1) * _BLOCK,
        (box.top // _BLOCK - 1) * _BLOCK,
        (-(-box.right // _BLOCK) + 1) * _BLOCK,
        (-(-box.bottom // _BLOCK) + 1) * _BLOCK,
    ).clipped(width, height)
    if not seen.area:
        return
    window = slice(seen.top, seen.bottom), slice(seen.left, seen.right)
    mask, written = redaction.mask[window], redaction.pixels[window]
    difference = np.abs(pixels[window].astype(np.int16) - written).max(axis=2)
    allowed = np.where(_near_an_edge(written), _AT_AN_EDGE, _INSIDE)
    if (mask & (difference > allowed)).any():
        raise VerificationError("A hidden head is not as it was drawn in the copy.", where=[box])


def _near_an_edge(pixels: Pixels) -> Mask:
    """Whether there is contrast in the block of a pixel or a neighbouring one: bool (h, w)."""
    height, width = pixels.shape[:2]
    rows, columns = range(0, height, _BLOCK), range(0, width, _BLOCK)

    def extreme(of: np.ufunc) -> npt.NDArray[np.int16]:
        blocks = of.reduceat(of.reduceat(pixels, rows, axis=0), columns, axis=1)
        around = np.pad(blocks, ((1, 1), (1, 1), (0, 0)), mode="edge").astype(np.int16)
        down = of(of(around[:-2], around[1:-1]), around[2:])
        across: npt.NDArray[np.int16] = of(of(down[:, :-2], down[:, 1:-1]), down[:, 2:])
        return across

    contrast = (extreme(np.maximum) - extreme(np.minimum)).max(axis=2) > _EDGE
    return np.repeat(np.repeat(contrast, _BLOCK, axis=0), _BLOCK, axis=1)[:height, :width]


def _changes(pixels: Pixels, redaction: Redaction) -> Means:
    """How far the mean colour of each block moved: int16, shape (rows, columns)."""
    height = pixels.shape[0]
    strips = [slice(top, top + _STRIP) for top in range(0, height, _STRIP)]
    moved = [
        np.abs(_block_means(pixels[strip]) - _block_means(redaction.pixels[strip])).max(axis=2)
        for strip in strips
    ]
    return np.concatenate(moved)


def _block(changed: Means) -> Box:
    """The block that changed most, in pixels."""
    row, column = np.unravel_index(int(changed.argmax()), changed.shape)
    left, top = int(column) * _BLOCK, int(row) * _BLOCK
    return Box(left, top, left + _BLOCK, top + _BLOCK)


def _block_means(pixels: Pixels) -> Means:
    """The mean colour of every block of 8 x 8, rounded: int16, shape (rows, columns, 3)."""
    return np.asarray(Image.fromarray(pixels).reduce(_BLOCK)).astype(np.int16)
