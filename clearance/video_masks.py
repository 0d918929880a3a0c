"""What is hidden in each frame of a video: heads through time, with stable edges.

The mask of a frame holds the heads of the frames around it as well. So it does not tremble with
the finder, a frame shown a moment early or late shows nothing, and no codec that predicts one
frame from another meets a head at the edge of a mask that moves.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from clearance.masks import head_region, window
from detector.faces import Box, Face

if TYPE_CHECKING:
    from clearance.masks import Drawn, Mask, Region
    from detector.tracks import Track, Uncertain
    from detector.video_frames import Plane, VideoFrame

AROUND = Fraction(1, 8)
"""Seconds before and after a frame whose heads are hidden in it as well: three frames of 25."""

_GRID = 4
"""Pixels to whose multiples edges are moved outwards: a face that trembles moves no edge."""

GREY = 64
"""Brightness of what is hidden, between black (16) and white (235); it has no colour."""
_NO_COLOUR = 128


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class MaskedTrack:
    """One head, or a place where one may be, hidden through some frames.

    Attributes:
        start: the first frame.
        boxes: int32 (n, 4): left, top, right, bottom of the *face* in frame `start + row`.
        is_head: whether the mask is the head around that; else it is the box itself.
    """

    start: int
    boxes: npt.NDArray[np.int32] = dataclasses.field(repr=False)
    is_head: bool = True

    @property
    def stop(self) -> int:
        """The frame after the last one."""
        return self.start + len(self.boxes)

    def box_at(self, frame: int) -> Box | None:
        """The face in that frame; None where it is not there."""
        if not self.start <= frame < self.stop:
            return None
        return Box(*(int(edge) for edge in self.boxes[frame - self.start]))


def masked_track(track: Track, frame_rate: Fraction, frames: int) -> MaskedTrack:
    """The mask of a track: in each frame, of all its boxes a moment before and after.

    It begins that moment before the track, and ends that moment after it.

    Args:
        track: a face through some frames.
        frame_rate: frames a second.
        frames: how many the video has.
    """
    around = frames_around(frame_rate)
    start, stop = max(0, track.start - around), min(frames, track.stop + around)
    rows = np.arange(start - track.start - around, stop - track.start + around)
    boxes = track.boxes[np.clip(rows, 0, len(track.boxes) - 1)].astype(np.float64)
    return MaskedTrack(start, _hulls(boxes, around))


def masked_place(place: Uncertain) -> MaskedTrack:
    """The mask of where a face that was lost may be."""
    boxes = np.array(
        [(box.left, box.top, box.right, box.bottom) for box in place.boxes], np.int32
    ).reshape(-1, 4)
    return MaskedTrack(place.start, boxes, is_head=False)


def masked_face(box: Box, frame: int, frame_rate: Fraction, first: int, last: int) -> MaskedTrack:
    """The mask of a face that was seen in one frame only, a moment before and after.

    Args:
        box: of the face.
        frame: in which it was seen.
        frame_rate: frames a second.
        first: the frame before which nothing is hidden.
        last: the frame after which nothing is.
    """
    around = frames_around(frame_rate)
    start, stop = max(first, frame - around), min(last, frame + around) + 1
    edges = (box.left, box.top, box.right, box.bottom)
    return MaskedTrack(start, np.tile(np.array(edges, np.int32), (max(0, stop - start), 1)))


def frames_around(frame_rate: Fraction) -> int:
    """How many frames before and after one are hidden with it."""
    return max(1, math.ceil(AROUND * frame_rate))


def _hulls(boxes: npt.NDArray[np.float64], around: int) -> npt.NDArray[np.int32]:
    """What holds each of the inner boxes and as many before and after it, on the grid."""
    windows = np.lib.stride_tricks.sliding_window_view(boxes, 2 * around + 1, axis=0)
    low = np.floor(windows[:, :2].min(axis=-1) / _GRID) * _GRID
    high = np.ceil(windows[:, 2:].max(axis=-1) / _GRID) * _GRID
    return np.concatenate([low, high], axis=1).astype(np.int32)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class FrameMask:
    """What is hidden in one frame.

    Attributes:
        luma: bool, shape (height, width).
        regions: boxes that together hold all of it, inside the frame.
    """

    luma: Mask
    regions: tuple[Box, ...]

    @property
    def chroma(self) -> Mask:
        """Which samples of colour belong to a hidden pixel: bool, half the height and width."""
        return self._chroma(Box(0, 0, self.luma.shape[1], self.luma.shape[0]))

    def _chroma(self, box: Box) -> Mask:
        """The same of a part of even edges."""
        part = self.luma[window(box)]
        across = part[:, ::2] | part[:, 1::2]
        any_of_four: Mask = across[::2] | across[1::2]
        return any_of_four

    def covered(self, box: Box) -> float:
        """The share of a box's pixels in the frame that are hidden, 0 to 1."""
        inside = box.clipped(self.luma.shape[1], self.luma.shape[0])
        return float(self.luma[window(inside)].mean()) if inside.area else 0.0

    def hide(self, frame: VideoFrame) -> tuple[Plane, Plane, Plane]:
        """The planes of a frame of that size, with nothing left of what is hidden."""
        if not self.regions:
            return frame.y, frame.cb, frame.cr
        y, cb, cr = frame.y.copy(), frame.cb.copy(), frame.cr.copy()
        for region in self.regions:
            y[window(region)][self.luma[window(region)]] = GREY
            small = Box(region.left // 2, region.top // 2, region.right // 2, region.bottom // 2)
            hidden = self._chroma(region)
            cb[window(small)][hidden] = _NO_COLOUR
            cr[window(small)][hidden] = _NO_COLOUR
        return y, cb, cr


def frame_mask(
    tracks: Iterable[MaskedTrack],
    frame: int,
    width: int,
    height: int,
    drawn: Iterable[Drawn] = (),
    grown: int = 0,
) -> FrameMask:
    """What is hidden in a frame of even width and height.

    Args:
        tracks: everything that is hidden in the video.
        frame: the number of the frame.
        width: in pixels.
        height: in pixels.
        drawn: what a person hides in every frame.
        grown: pixels around all of it that are hidden as well: what a filter mixed into others.
    """
    mask: Mask = np.zeros((height, width), dtype=np.bool_)
    regions = []
    for one in drawn:
        held, hidden = _drawn(one, width, height, grown)
        mask[window(held)] |= hidden
        regions.append(_even(held, width, height))
    for track in tracks:
        box = track.box_at(frame)
        if box is None:
            continue
        if track.is_head:
            held, hidden = _head(box, width, height, grown)
            mask[window(held)] |= hidden
            regions.append(_even(held, width, height))
        elif part := _around(box.clipped(width, height), grown, width, height):
            mask[window(part)] = True
            regions.append(_even(part, width, height))
    mask.setflags(write=False)
    return FrameMask(mask, tuple(region for region in regions if region.area))


@functools.lru_cache(maxsize=512)
def _head(box: Box, width: int, height: int, grown: int) -> tuple[Box, Mask]:
    """The part of a frame that holds a head, and what of it is hidden.

    Edges stay where they are for many frames, and each is written and examined.
    """
    return _grown(head_region(Face(box, 1.0), width, height), grown, width, height)


@functools.lru_cache(maxsize=64)
def _drawn(drawn: Drawn, width: int, height: int, grown: int) -> tuple[Box, Mask]:
    return _grown(drawn.region(width, height), grown, width, height)


def _grown(region: Region, by: int, width: int, height: int) -> tuple[Box, Mask]:
    """The part of a frame within so many pixels of a region, across and down, and its mask."""
    inner, hidden = region.box, region.mask()
    outer = _around(inner, by, width, height)
    if by and outer:
        sides = (inner.top - outer.top, outer.bottom - inner.bottom)
        ends = (inner.left - outer.left, outer.right - inner.right)
        hidden = np.pad(hidden, (sides, ends))
        for axis in (0, 1):
            # Within the frame: what lies beyond it needs no mask.
            spread = np.pad(hidden, [(by, by) if each == axis else (0, 0) for each in (0, 1)])
            windows = np.lib.stride_tricks.sliding_window_view(spread, 2 * by + 1, axis=axis)
            hidden = np.any(windows, axis=-1, keepdims=False)
    hidden.setflags(write=False)
    return outer or inner, hidden


def _around(box: Box, by: int, width: int, height: int) -> Box | None:
    """A part of a frame and so many pixels around it in the frame; None where it is empty."""
    if not box.area:
        return None
    return Box(box.left - by, box.top - by, box.right + by, box.bottom + by).clipped(width, height)


def _even(box: Box, width: int, height: int) -> Box:
    """The box with its edges moved outwards to even numbers."""
    return Box(
        box.left & ~1, box.top & ~1, -(-box.right // 2) * 2, -(-box.bottom // 2) * 2
    ).clipped(width, height)


def masked_between(tracks: Sequence[MaskedTrack], start: int, stop: int) -> list[MaskedTrack]:
    """Those that hide anything from frame `start` to before `stop`."""
    return [track for track in tracks if track.start < stop and track.stop > start]
