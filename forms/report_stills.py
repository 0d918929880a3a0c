"""Pictures out of a video for a report: only such in which nobody is seen who may not be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from clearance.results import Outcome
from detector.errors import DetectorError
from detector.faces import Box
from forms.report_parts import SHOWN

if TYPE_CHECKING:
    from pathlib import Path

    from clearance.results import VideoResult
    from detector.faces import Pixels
    from forms.clearance_report import Still

_AROUND = 0.35
"""How much of a face's width and height is shown around it on each side."""
_FACE, _WHOLE = 160, 480
"""Longer side of a face and of a whole picture, in pixels."""
_AROUND_THEM = 0.5
"""Seconds before and after somebody who must not be seen in which they may be seen all the same: a
face that turns away is recognised for longer than it is found."""


class Stills:
    """Takes pictures out of videos, from the copy where there is one.

    In a copy whoever may not be seen is hidden in every frame. Where people are in the frames of
    the video itself is known at one moment of each only, so that nobody could be hidden there: a
    picture of it is shown only if everybody on screen may be seen.
    """

    def __init__(self, still: Still | None) -> None:
        """Take what opens videos; None for no pictures at all."""
        self._still = still

    def can_show(self, result: VideoResult, time: float) -> bool:
        """Whether a picture of that moment may be shown."""
        if self._still is None or result.outcome is Outcome.FAILED or not result.sha256:
            return False
        return result.video_export is not None or _everybody_may_be_seen(result, time)

    def moment(self, result: VideoResult, time: float) -> Pixels | None:
        """The picture of that moment, made small; None where it may not be shown, or is gone."""
        pixels = self._taken(result, time)
        return None if pixels is None else _small(pixels, _longest(pixels, result, _WHOLE))

    def face(self, result: VideoResult, place: int) -> Pixels | None:
        """A face at its best moment and a little around it; None as above.

        Args:
            result: the verdict on the video.
            place: of the track among its verdicts, from 1.
        """
        track = result.tracks[place - 1]
        if track.verdict.outcome not in SHOWN or track.best is None:
            return None
        pixels = self._taken(result, track.best)
        if pixels is None or not result.width or not result.height:
            return None
        high, wide = pixels.shape[:2]
        # A copy may be smaller than the video.
        face = track.verdict.face.scaled(wide / result.width, high / result.height).box
        across, down = round(face.width * _AROUND), round(face.height * _AROUND)
        part = Box(
            face.left - across, face.top - down, face.right + across, face.bottom + down
        ).clipped(wide, high)
        if not part.area:
            return None
        whole = _longest(pixels, result, max(high, wide))
        longest = min(_FACE, max(1, round(max(part.width, part.height) * whole / max(high, wide))))
        return _small(pixels[part.top : part.bottom, part.left : part.right], longest)

    def _taken(self, result: VideoResult, time: float) -> Pixels | None:
        if self._still is None or not self.can_show(result, time):
            return None
        path, sha256 = _source(result)
        try:
            return self._still(path, sha256, time)
        except (DetectorError, OSError):
            return None


def _source(result: VideoResult) -> tuple[Path, str]:
    """The file that pictures are taken from."""
    if result.video_export:
        return result.video_export.path, result.video_export.sha256
    return result.path, result.sha256 or ""


def _everybody_may_be_seen(result: VideoResult, time: float) -> bool:
    """Whether nobody is on screen, or may be, who may not be seen."""
    # A frame before and after as well: whoever is just coming or going is partly there.
    near = _AROUND_THEM + (1 / result.frame_rate if result.frame_rate > 0 else 0.0)
    there = (track for track in result.tracks if track.start - near <= time <= track.end + near)
    lost = any(span.start - near <= time <= span.end + near for span in result.uncertain)
    return not lost and all(track.verdict.outcome in SHOWN for track in there)


def _longest(pixels: Pixels, result: VideoResult, most: int) -> int:
    """The longer side at which a picture is shown: never larger than what was judged."""
    longer = max(int(side) for side in pixels.shape[:2])
    if result.rendition:
        longer = min(
            longer, round(result.rendition.scale * max(result.width or 1, result.height or 1))
        )
    return min(longer, most)


def _small(pixels: Pixels, longest: int) -> Pixels:
    high, wide = pixels.shape[:2]
    scale = min(1.0, longest / max(high, wide))
    size = max(1, round(wide * scale)), max(1, round(high * scale))
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize(size, Image.Resampling.BOX))
