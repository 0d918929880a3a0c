"""Every frame of a written video, looked at as somebody would who wants to see what was hidden."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from clearance.errors import VerificationError
from clearance.masks import window
from clearance.video_masks import GREY, FrameMask
from detector.faces import Box, SizeClass
from detector.held import Held

if TYPE_CHECKING:
    from detector.detector import Detector
    from detector.faces import Face
    from detector.video_frames import Plane, VideoFrame

_COVERED = 0.85
"""A box hidden by this share or more is the mask itself, seen as a head: as for photos."""
_SAME = 0.3
"""Intersection over union from which a face is the one that may be seen there. Lower than
between two sightings in one picture: a track between two sightings is less exact."""

_ROUNDED = 2
"""Pixels by which a box of whole pixels is wider than the face, at most: one on each side. Whoever
passed as too small was measured in the video's own frames, by the largest of many boxes."""

_CELL = 16
"""Side in pixels of the cells whose mean brightness tells one picture from another."""
_OTHER_PICTURE = 30
"""Steps of 255 by which the mean of a cell may differ: as for photos."""
_BLOCK = 8
_INSIDE = 24
"""Steps of 255 by which a sample in the middle of a mask may differ from what was drawn."""


_UPRIGHT = Held((1.0, 0.0, 0.0, 0.0))


def cells_of(y: Plane) -> Plane:
    """The mean brightness of its cells of 16 x 16 pixels, to know a frame again."""
    return np.asarray(Image.fromarray(y).reduce(_CELL))


def digest_of(frame: VideoFrame) -> bytes:
    """Of all samples of a frame: 16 bytes."""
    digest = hashlib.blake2b(digest_size=16)
    for plane in (frame.y, frame.cb, frame.cr):
        digest.update(plane.data)
    return digest.digest()


@dataclasses.dataclass(frozen=True, slots=True)
class FrameExaminer:
    """Looks at frames of written videos."""

    detector: Detector

    def check(
        self, frame: VideoFrame, proof: Plane, mask: FrameMask, when: Mapping[str, object]
    ) -> None:
        """That a frame is the one that was written, and hides what it should.

        Args:
            frame: as it was read from the written file.
            proof: `cells_of` the brightness that was to be written.
            mask: what is hidden in it.
            when: its `time` in the video, in seconds, and what else an error says of it.

        Raises:
            VerificationError: it shows another picture, or something under a mask.
        """
        if frame.y.shape != mask.luma.shape:
            raise VerificationError("The copy shows pictures of another size than was written.")
        moved = np.abs(cells_of(frame.y).astype(np.int16) - proof)
        if moved.max(initial=0) > _OTHER_PICTURE:
            raise VerificationError(
                "The copy shows another picture than the one that was written, at {time} s.",
                where=[_cell(moved)],
                **when,
            )
        for region in mask.regions:
            if not _is_hidden(frame, mask, region):
                raise VerificationError(
                    "A hidden head is not as it was drawn in the copy, at {time} s.",
                    where=[region],
                    **when,
                )

    def find(
        self,
        frame: VideoFrame,
        mask: FrameMask,
        seen: Sequence[Box],
        small: Sequence[Box] = (),
        *,
        careful: bool,
    ) -> tuple[Face, ...]:
        """Faces in a frame, however unsure, that no verdict is about.

        Args:
            frame: as it was read from the written file.
            mask: what is hidden in it.
            seen: faces that may be seen.
            small: faces that may be seen while they are too small to be recognised: one in such
                a place that is clearly larger is one that no verdict is about, as in photos.
            careful: whether faces of every size are looked for.
        """
        # Whoever told how the camera was held is hidden; people who lie are found all the same.
        held = _UPRIGHT if mask.regions else None
        expected = (*seen, *small)
        found = self.detector.look_at_frame(frame, careful=careful, expected=expected, held=held)
        return tuple(
            face
            for face in found
            if mask.covered(face.box) < _COVERED
            and not _is_one_of(face, seen)
            and not (_is_small(face) and _is_one_of(face, small))
        )


def _is_one_of(face: Face, known: Sequence[Box]) -> bool:
    return any(face.box.iou(box) >= _SAME for box in known)


def _is_small(face: Face) -> bool:
    return SizeClass.of_width(face.frontal_width - _ROUNDED) is SizeClass.TOO_SMALL


def _is_hidden(frame: VideoFrame, mask: FrameMask, region: Box) -> bool:
    """Whether there is one brightness and no colour in the middle of a mask.

    At its edge a codec leaves a little of what is beside it.
    """
    # Whole blocks: those of the mask that have only blocks of it around them.
    part = Box(
        -(-region.left // _BLOCK) * _BLOCK,
        -(-region.top // _BLOCK) * _BLOCK,
        region.right // _BLOCK * _BLOCK,
        region.bottom // _BLOCK * _BLOCK,
    )
    if part.right <= part.left or part.bottom <= part.top:
        return True
    shape = (part.height // _BLOCK, _BLOCK, part.width // _BLOCK, _BLOCK)
    inside = mask.luma[window(part)].reshape(shape).all(axis=(1, 3))
    around = np.pad(inside, 1)
    down = around[:-2] & around[1:-1] & around[2:]
    middle = down[:, :-2] & down[:, 1:-1] & down[:, 2:]
    if not middle.any():
        return True
    y = np.abs(frame.y[window(part)].astype(np.int16) - GREY).reshape(shape).max(axis=(1, 3))
    half = (shape[0], _BLOCK // 2, shape[2], _BLOCK // 2)
    small = Box(part.left // 2, part.top // 2, part.right // 2, part.bottom // 2)
    colours = [
        np.abs(plane[window(small)].astype(np.int16) - 128).reshape(half).max(axis=(1, 3))
        for plane in (frame.cb, frame.cr)
    ]
    return bool(np.maximum(y, np.maximum(*colours))[middle].max() <= _INSIDE)


def _cell(moved: npt.NDArray[np.int16]) -> Box:
    row, column = np.unravel_index(int(moved.argmax()), moved.shape)
    left, top = int(column) * _CELL, int(row) * _CELL
    return Box(left, top, left + _CELL, top + _CELL)
