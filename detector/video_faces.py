"""What is looked at in one frame of a video.

A photo is looked at in every size and turn; at 25 frames a second that is too much. But a video
shows each face many times. So every frame gets one look at a reduced picture, and more only
where a face is expected and was not clearly seen; about once a second a frame is searched like a
photo. Nearly everything that one look is unsure of is told by the frames around it.

On 100 crowd photos of WIDER FACE, brought to 1920 x 1080, of the faces of at least 24 pixels (in
brackets of those neither much blurred nor much covered), and false boxes of any size a frame:

    look                     half size        half and quarter   full size       as a photo
    a score of 0.15          0.957 (0.990) 7.6  0.964 (0.993) 12.9  0.969 (0.988) 9.2
    0.20                     0.951 (0.990) 3.2  0.950 (0.990)  5.2  0.957 (0.988) 4.3
    0.30                     0.920 (0.978) 0.7  0.920 (0.976)  1.1  0.938 (0.983) 1.2
    0.35                     0.906 (0.976) 0.3  0.910 (0.976)  0.5  0.920 (0.973) 0.6
    0.50                     0.847 (0.935) 0.1  0.851 (0.939)  0.1  0.875 (0.952) 0.2
    voted                                                                        0.969 (0.995) 1.8
    CPU seconds a frame      0.041            0.054              0.180           0.484

The half size alone is as good as the full one at a quarter of the price. At 1280 x 720 half the
size loses more (at 0.30 0.909 and 0.968 instead of 0.938 and 0.981): such frames are looked at as
they are.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from detector.detection import landmarks_of, required_score, sightings, without_parts
from detector.faces import RECOGNISABLE_WIDTH, Box, Face
from detector.options import DetectionOptions
from detector.passes import TURNS, resized, turned_back
from detector.voting import SAME_FACE, Candidates, strongest, vote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detector.faces import Pixels
    from detector.held import Held
    from detector.passes import FaceFinder
    from detector.video_frames import VideoFrame

SURE = 0.35
"""Score of one look from which a sighting by itself is a face, 24 pixels wide or more."""

PERHAPS = 0.2
"""Score from which a sighting is a face if the frames around it show it, too."""

EXPECTED = 0.12
"""Score that is enough where a face is expected."""

_DOUBT = 0.15
"""How much more is asked of a face of half of 24 pixels, as of photos (`DetectionOptions`)."""

_MOST = 0.9
_CLEARLY = 0.5
"""Score from which a face is so clear that a weak sighting inside it is a part of it."""

_WHOLE_PIXELS = 1280 * 736
"""A frame up to this size is looked at as it is."""

_LOOKED_AT = 1024
"""Larger ones are halved until the longer side is no more than this."""

_WIDTH = 48
"""Pixels that an expected face is wide in its own look, about; it is never enlarged."""

_TURNED = 0.3
"""Score from which an expected face is one that lies on its side."""

_AROUND = 0.75
"""Widths of the face around it in its own look."""

_OWN_PIXELS = 150_000
"""Pixels of all such looks of one frame: a quarter of what the frame itself takes."""

_PER_LOOK = 12_000
"""Pixels that could be looked at in the time that one look more takes, as in `passes`."""

_STRIDE = 5
"""About so many looks of their own there are in a frame."""

_PART = 0.8
"""Share of a weak sighting inside a clear one of twice its area: an eye, a mouth, an ear."""


def look_at_frame(
    frame: VideoFrame,
    finder: FaceFinder,
    *,
    careful: bool = False,
    expected: Sequence[Box] = (),
    options: DetectionOptions | None = None,
    held: Held | None = None,
) -> tuple[Face, ...]:
    """Everything in the frame that may be a face, from the top down, then from the left.

    Sightings from `PERHAPS` up, and where a face is expected from `EXPECTED`; of these, those
    that `is_sure` accepts are faces by themselves. Boxes and landmarks are in pixels of the
    frame. A score is that of the strongest look, and for a face that a careful look finds as in
    a photo at least `SURE`.

    Args:
        frame: the picture.
        finder: what looks.
        careful: search it like a photo: every size, and turned. Ten times as slow.
        expected: where faces are expected; those not clearly seen get a look of their own.
        options: how hard a careful look is.
        held: how the picture was held, where its own faces cannot tell, being hidden: a careful
            look at a picture without faces would search it at every turn.
    """
    reduced, factor = _reduced(frame)
    least = EXPECTED if expected else PERHAPS
    seen = [strongest(finder.find(reduced, least).moved(scale=(factor, factor)))]
    seen += _looks_at_expected(frame, seen[0], finder, expected)
    found = _where_expected(strongest(Candidates.joined(seen)), expected)
    if careful:
        found = strongest(
            Candidates.joined(
                [_as_photo(frame, finder, options or DetectionOptions(), held), found]
            )
        )
    return _faces(_without_parts(found), frame)


def is_sure(face: Face) -> bool:
    """Whether a sighting is a face by itself, whatever other frames show."""
    return face.score >= _required(SURE, face.frontal_width)


def _required(least: float, width: float) -> float:
    halvings = math.log2(RECOGNISABLE_WIDTH / max(1.0, width))
    return min(least + _DOUBT * max(0.0, halvings), _MOST)


def _reduced(frame: VideoFrame) -> tuple[Pixels, int]:
    """The picture that every frame is searched in, and how many pixels one of it stands for."""
    if frame.width * frame.height <= _WHOLE_PIXELS:
        return frame.rgb(), 1
    pixels, factor = frame.half(), 2
    while max(pixels.shape[:2]) > _LOOKED_AT:
        pixels, factor = np.asarray(Image.fromarray(pixels).reduce(2)), factor * 2
    return pixels, factor


def _looks_at_expected(
    frame: VideoFrame, seen: Candidates, finder: FaceFinder, expected: Sequence[Box]
) -> list[Candidates]:
    """One look at each expected face that the look at the frame did not see.

    At the size at which the finder sees best: a small face as large as it is, a face too large
    for it reduced. Where there are too many, each frame begins with another of them.
    """
    known = _boxes(seen.take(seen.scores >= PERHAPS))
    unseen = [
        box for box in expected if box.area and not any(box.iou(one) >= SAME_FACE for one in known)
    ]
    first = frame.index * _STRIDE % max(1, len(unseen))
    looks, left = [], float(_OWN_PIXELS)
    for box in unseen[first:] + unseen[:first]:
        around = _surroundings(box, frame)
        scale = min(1.0, _WIDTH / box.width)
        left -= around.area * scale**2 + _PER_LOOK
        if left < 0:
            break
        if not around.area:
            continue
        part = frame.rgb(around)
        copy = resized(part, scale) if scale < 1 else part
        across, down = (part.shape[axis] / copy.shape[axis] for axis in (1, 0))
        found = _seen_any_way_up(copy, finder, TURNS[frame.index % len(TURNS)])
        looks.append(found.moved(scale=(across, down), shift=(around.left, around.top)))
    return looks


def _seen_any_way_up(pixels: Pixels, finder: FaceFinder, turns: int) -> Candidates:
    """What one look sees, and where that is nothing, one at the picture turned by quarters.

    People lie in beds. Each frame tries another turn: the three of them take as long as all else.
    """
    found = strongest(finder.find(pixels, EXPECTED))
    if len(found):
        return found
    turned = strongest(finder.find(np.ascontiguousarray(np.rot90(pixels, turns)), _TURNED))
    return turned_back(turned, turns, pixels.shape[1], pixels.shape[0])


def _surroundings(box: Box, frame: VideoFrame) -> Box:
    more = _AROUND * max(box.width, box.height)
    return Box.around(box.left - more, box.top - more, box.right + more, box.bottom + more).clipped(
        frame.width, frame.height
    )


def _where_expected(found: Candidates, expected: Sequence[Box]) -> Candidates:
    """Without what is too weak for a place where nothing is expected."""
    kept = [
        score >= _required(PERHAPS, max(box.width, 0.75 * box.height))
        or any(_at(box, place) for place in expected)
        for box, score in zip(_boxes(found), found.scores.tolist(), strict=True)
    ]
    return found.take(np.array(kept, dtype=bool))


def _at(box: Box, place: Box) -> bool:
    """Whether a sighting is about where a face is expected: its middle lies in it."""
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    return place.left <= x < place.right and place.top <= y < place.bottom


def _as_photo(
    frame: VideoFrame, finder: FaceFinder, options: DetectionOptions, held: Held | None
) -> Candidates:
    """What a search as of a photo finds; its scores are voted, and mean a face from 0.4 up."""
    voted = without_parts(vote(sightings(frame.rgb(), finder, options, held))).candidates
    kept = []
    for box, score in zip(_boxes(voted), voted.scores.tolist(), strict=True):
        kept.append(score >= required_score(Face(box, score), options))
    found = voted.take(np.array(kept, dtype=bool))
    # An institution may ask for less of a photo than one look needs.
    least = np.array(
        [_required(SURE, max(box.width, 0.75 * box.height)) for box in _boxes(found)], np.float32
    )
    return dataclasses.replace(found, scores=np.maximum(found.scores, least))


def _without_parts(found: Candidates) -> Candidates:
    """Without eyes and mouths taken for faces inside a face that is clearly seen."""
    boxes = found.boxes.astype(np.float64)
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    kept = np.ones(len(found), dtype=bool)
    for outer in np.flatnonzero(found.scores >= _CLEARLY):
        low = np.maximum(boxes[:, :2], boxes[outer, :2])
        high = np.minimum(boxes[:, 2:], boxes[outer, 2:])
        inside = np.prod(np.maximum(high - low, 0), axis=1) >= _PART * areas
        kept &= ~((found.scores < SURE) & inside & (areas <= areas[outer] / 2))
    return found.take(kept)


def _boxes(found: Candidates) -> list[Box]:
    return [Box.around(*(float(edge) for edge in one)) for one in found.boxes]


def _faces(found: Candidates, frame: VideoFrame) -> tuple[Face, ...]:
    faces = [
        Face(box.clipped(frame.width, frame.height), float(score), landmarks_of(points))
        for box, score, points in zip(_boxes(found), found.scores, found.landmarks, strict=True)
    ]
    whole = [face for face in faces if face.box.area]
    return tuple(sorted(whole, key=lambda face: (face.box.top, face.box.left, face.box)))
