"""Every frame of a written video, looked at as somebody would who wants to see what was hidden."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from clearance.errors import VerificationError
from clearance.masks import window
from clearance.video_masks import GREY, FrameMask
from detector.faces import Box
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

_CELL = 16
"""Side in pixels of the cells whose mean brightness tells one picture from another."""
_OTHER_PICTURE = 30
"""Steps of 255 by which the mean of a cell may differ: as for photos."""
_BLOCK = 8
_INSIDE = 24
"""Steps of 255 by which a sample in the middle of a mask may differ from what was drawn."""


_UPRIGHT = Held((1.0, 0.0, 0.0, 0.0))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class FrameProof:
    """What is kept of a frame that was written, to know it again.

    Attributes:
        means: mean brightness of its cells, uint8, shape (rows, columns).
    """

    means: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, y: Plane) -> FrameProof:
        """Of the brightness that was written."""
        return cls(_means(y))


def _means(y: Plane) -> npt.NDArray[np.uint8]:
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

    def examine(
        self,
        frame: VideoFrame,
        proof: FrameProof,
        mask: FrameMask,
        seen: Sequence[Box],
        *,
        careful: bool,
    ) -> tuple[Face, ...]:
        """Every check of one frame.

        Args:
            frame: as it was read from the written file.
            proof: of the frame that was to be written.
            mask: what is hidden in it.
            seen: faces that may be seen.
            careful: whether faces of every size are looked for.

        Returns:
            Faces that no verdict is about.

        Raises:
            VerificationError: it shows another picture, or something under a mask.
        """
        moved = np.abs(_means(frame.y).astype(np.int16) - proof.means)
        if moved.max(initial=0) > _OTHER_PICTURE:
            raise VerificationError(
                "The copy shows another picture than the one that was written, at {time} s.",
                where=[_cell(moved)],
                time=round(float(frame.time), 2),
            )
        for region in mask.regions:
            _check_hidden(frame, mask, region)
        # Whoever told how the camera was held is hidden; people who lie are found all the same.
        held = _UPRIGHT if mask.regions else None
        found = self.detector.look_at_frame(frame, careful=careful, expected=seen, held=held)
        return tuple(
            face
            for face in found
            if mask.covered(face.box) < _COVERED
            and not any(face.box.iou(box) >= _SAME for box in seen)
        )


def _check_hidden(frame: VideoFrame, mask: FrameMask, region: Box) -> None:
    """In the middle of a mask there is one brightness and no colour.

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
        return
    shape = (part.height // _BLOCK, _BLOCK, part.width // _BLOCK, _BLOCK)
    inside = mask.luma[window(part)].reshape(shape).all(axis=(1, 3))
    around = np.pad(inside, 1)
    down = around[:-2] & around[1:-1] & around[2:]
    middle = down[:, :-2] & down[:, 1:-1] & down[:, 2:]
    if not middle.any():
        return
    y = np.abs(frame.y[window(part)].astype(np.int16) - GREY).reshape(shape).max(axis=(1, 3))
    half = (shape[0], _BLOCK // 2, shape[2], _BLOCK // 2)
    small = Box(part.left // 2, part.top // 2, part.right // 2, part.bottom // 2)
    colours = [
        np.abs(plane[window(small)].astype(np.int16) - 128).reshape(half).max(axis=(1, 3))
        for plane in (frame.cb, frame.cr)
    ]
    if np.maximum(y, np.maximum(*colours))[middle].max() > _INSIDE:
        raise VerificationError(
            "A hidden head is not as it was drawn in the copy, at {time} s.",
            where=[region],
            time=round(float(frame.time), 2),
        )


def _cell(moved: npt.NDArray[np.int16]) -> Box:
    row, column = np.unravel_index(int(moved.argmax()), moved.shape)
    left, top = int(column) * _CELL, int(row) * _CELL
    return Box(left, top, left + _CELL, top + _CELL)
