"""The values that come of following faces through a video.

Frames are counted from 0 in the order in which they are shown; `stop` is exclusive. Boxes are in
pixels of the upright frame, as everywhere.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from detector.faces import Box

if TYPE_CHECKING:
    from fractions import Fraction

    from detector.faces import Face, Match, Pixels


class How(enum.IntEnum):
    """How it is known where a face is in a frame, from certain to guessed."""

    SEEN = 0
    """The finder saw it."""
    FOLLOWED = 1
    """The finder did not; the same pixels were found again."""
    FILLED = 2
    """Between two sightings, on the way from one to the other."""
    HELD = 3
    """Before the first or after the last sighting: where it was, and what it could reach."""


class Ending(enum.StrEnum):
    """Why a track begins or ends where it does."""

    VIDEO = "video"
    """The video begins or ends."""
    CUT = "cut"
    """The scene is cut."""
    EDGE = "edge"
    """It came in or went out at the edge of the picture."""
    MEETING = "meeting"
    """Two faces came so near to each other that nobody could say which is which."""
    FADED = "faded"
    """It grew too small, or turned away slowly, while the finder was less and less sure."""
    LOST = "lost"
    """From one frame to the next, without an explanation: it may be anywhere near."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A face at a good moment of its track, kept to be compared with the gallery.

    `pixels` is the part of the frame around the head at its full size, or reduced by a whole
    number where the face is wider than 320 pixels; `face` is in pixels of that part, with
    landmarks, and `box` in those of the frame. `sharpness` as
    `detector.sharpness` says, 0 to 1.
    """

    frame: int
    time: Fraction
    box: Box
    face: Face
    pixels: Pixels = dataclasses.field(repr=False)
    sharpness: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One face through the frames in which it is there, whoever it is.

    Two tracks that are seen in one frame are two people; where one of them is only held, they may
    be the same one before and after it was lost.

    Attributes:
        number: from 0, in the order in which tracks begin.
        start: the first frame.
        boxes: float32 (n, 4): left, top, right, bottom in frame `start + row`.
        how: uint8 (n,), values of `How`: how each of them is known.
        scores: float32 (n,): the finder's, 0 where it did not see the face.
        began: why it begins there.
        ended: why it ends there.
        moments: its best, spread over its time; empty where none shows enough.
    """

    number: int
    start: int
    boxes: npt.NDArray[np.float32] = dataclasses.field(repr=False)
    how: npt.NDArray[np.uint8] = dataclasses.field(repr=False)
    scores: npt.NDArray[np.float32] = dataclasses.field(repr=False)
    began: Ending
    ended: Ending
    moments: tuple[Moment, ...] = dataclasses.field(default=(), repr=False)

    @property
    def stop(self) -> int:
        """The frame after the last one."""
        return self.start + len(self.boxes)

    def box_at(self, frame: int) -> Box:
        """The smallest box of whole pixels that holds the face; it may reach beyond the frame.

        Raises:
            IndexError: the track is not there in that frame.
        """
        if not self.start <= frame < self.stop:
            raise IndexError(f"the track is not there in frame {frame}")
        return Box.around(*(float(edge) for edge in self.boxes[frame - self.start]))

    def scaled(self, across: float, down: float) -> Track:
        """The same track, without its moments, in frames so many times as wide and as high."""
        ratios = np.array([across, down, across, down])
        boxes = (self.boxes * ratios).astype(np.float32)
        return dataclasses.replace(self, boxes=boxes, moments=())

    @property
    def longest_gap(self) -> int:
        """The most frames in a row in which the finder did not see it."""
        unseen = np.flatnonzero(np.diff(np.concatenate([[0], self.how != How.SEEN, [0]])))
        return int((unseen[1::2] - unseen[::2]).max(initial=0))


@dataclasses.dataclass(frozen=True, slots=True)
class Uncertain:
    """A part of the frame in which a face may be that was lost, in each of some frames.

    Attributes:
        start: the first frame.
        boxes: where it could be in frame `start + n`; it grows as time goes by.
        track: the number of the track that was lost.
    """

    start: int
    boxes: tuple[Box, ...]
    track: int

    @property
    def stop(self) -> int:
        """The frame after the last one."""
        return self.start + len(self.boxes)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """All faces of a video.

    Attributes:
        tracks: in the order in which they begin, then from the top down.
        uncertain: where lost faces may be.
        cuts: the frames at which another scene begins; 0 is not among them.
        frames: how many there are.
    """

    tracks: tuple[Track, ...]
    uncertain: tuple[Uncertain, ...]
    cuts: tuple[int, ...]
    frames: int

    def scaled(self, across: float, down: float) -> Followed:
        """The same, without moments, in frames so many times as wide and as high."""
        return dataclasses.replace(
            self,
            tracks=tuple(track.scaled(across, down) for track in self.tracks),
            uncertain=tuple(
                dataclasses.replace(
                    place, boxes=tuple(box.scaled(across, down) for box in place.boxes)
                )
                for place in self.uncertain
            ),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class TrackIdentity:
    """Who a track is, from all its moments together.

    `match` is what it comes to; `agreed` moments say so out of `measured`. `best` is the moment
    that is most like the person, or the best picture of a stranger; None where no moment shows
    enough. `mixed` says that some of them show somebody else: the track is of two people, and
    nobody's.
    """

    match: Match
    agreed: int
    measured: int
    best: Moment | None = None
    mixed: bool = False
