"""A look at a video: every frame, faces followed through them, and who each of them is.

As with photos, looking is nearly all of the work and needs neither the registry nor its key. No
picture and no template is kept: what comes back are boxes, times and likenesses.
"""

from __future__ import annotations

import contextlib
import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from clearance.interrupted_looks import Replay
from detector.faces import Certainty, Face
from detector.track_identity import identify_tracks
from detector.tracking import Follower
from detector.tracks import How, Track
from detector.video import frames, open_video

if TYPE_CHECKING:
    from pathlib import Path

    from clearance.looking import Eyes
    from clearance.video_progress import Bars
    from detector.tracking import Looks
    from detector.tracks import Followed, TrackIdentity
    from detector.video import VideoInfo


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """What a look at a video told.

    Attributes:
        info: what its file says.
        followed: its tracks, without pictures.
        identities: who each of them is, in the same order.
        times: of its frames after `info.start`, int64 (n,), in units of `info.time_base`.
    """

    info: VideoInfo
    followed: Followed
    identities: tuple[TrackIdentity, ...]
    times: npt.NDArray[np.int64] = dataclasses.field(repr=False)

    @property
    def first(self) -> Fraction:
        """When its first frame is shown, in seconds."""
        return self.time_of(0)

    @property
    def frame_rate(self) -> Fraction:
        """Frames a second, on average; of a single frame what the file says."""
        if len(self.times) < 2:  # noqa: PLR2004 - a distance needs two
            return self.info.frame_rate
        span = int(self.times[-1] - self.times[0]) * self.info.time_base
        return (len(self.times) - 1) / span

    @property
    def end(self) -> Fraction:
        """When the last frame is gone, in seconds."""
        return self.time_of(len(self.times) - 1) + 1 / self.frame_rate

    def smaller(self, width: int, height: int) -> Watched:
        """The same video with frames of that size, and everybody where they are in these.

        `identities` are still about the frames that were looked at.

        Args:
            width: of a frame; even, and no more than now.
            height: likewise.

        Raises:
            ValueError: it is another size than that.
        """
        across, down = width / self.info.width, height / self.info.height
        return dataclasses.replace(
            self,
            info=self.info.smaller(width, height),
            followed=self.followed.scaled(across, down),
        )

    def time_of(self, frame: int) -> Fraction:
        """When a frame is shown, in seconds; after the last one: when that is gone."""
        if frame >= len(self.times):
            return self.end
        return self.info.start + int(self.times[frame]) * self.info.time_base


class RemembersVideos(Protocol):
    """Whoever knows what was seen of videos before, as `remembered_videos.VideoMemory`."""

    def known(self, info: VideoInfo) -> Watched | None:
        """What was seen of a video of these bytes; None if it must be looked at."""
        ...

    def keep(self, watched: Watched) -> None:
        """Remember what was seen."""
        ...

    def looking(self, info: VideoInfo, finder: Looks) -> contextlib.AbstractContextManager[Replay]:
        """What looks at its frames while the block runs: see `InterruptedLooks`."""
        ...


def watch(
    path: Path, eyes: Eyes, told: Bars | None = None, memory: RemembersVideos | None = None
) -> Watched:
    """Look at every frame of a video.

    Args:
        path: of the video.
        eyes: what it is looked at with.
        told: is told how far it is.
        memory: what earlier runs saw, also of a look that was interrupted; None for nothing.

    Raises:
        VideoUnreadableError: it cannot be judged, or not to its end.
        ModelMissingError, BackendMissingError: a network or the decoder cannot be used.
        RegistryUnwritableError: what was seen cannot be kept.
    """
    info = open_video(path)
    if memory and (known := memory.known(info)):
        return known
    times: list[int] = []
    with _looking(info, eyes, memory) as looks:
        follower = Follower(looks)
        for frame in frames(info):
            follower.see(frame)
            times.append(round((frame.time - info.start) / info.time_base))
            if told:
                told.looked(frame.time, info.duration, known=looks.replaying)
        followed = follower.end()
        identities = identify_tracks(followed, eyes.detector, eyes.gallery, eyes.limits)
    bare = tuple(dataclasses.replace(track, moments=()) for track in followed.tracks)
    watched = Watched(
        info,
        dataclasses.replace(followed, tracks=bare),
        identities,
        np.array(times, np.int64),
    )
    if memory:
        memory.keep(watched)
    return watched


def _looking(
    info: VideoInfo, eyes: Eyes, memory: RemembersVideos | None
) -> contextlib.AbstractContextManager[Replay]:
    if memory is None:
        return contextlib.nullcontext(Replay(eyes.detector))
    return memory.looking(info, eyes.detector)


def face_of(track: Track, identity: TrackIdentity) -> tuple[int, Face]:
    """The frame in which a track is judged, and its face there.

    Of somebody who is like nobody it is the largest that was seen: whether they are
    recognisable is asked of that one. Else it is the moment that says who it is.
    """
    best = identity.best
    if best and identity.match.certainty is not Certainty.NONE:
        return best.frame, Face(best.box, best.face.score)
    rows = np.flatnonzero(track.how == How.SEEN)
    candidates = rows if len(rows) else np.arange(len(track.boxes))
    largest = max(
        (int(row) + track.start for row in candidates),
        key=lambda frame: Face(track.box_at(frame), 0.0).frontal_width,
    )
    return largest, Face(track.box_at(largest), float(track.scores.max(initial=0.0)))
