"""What the copy of a video shows, hides and lets hear: from the verdicts to masks and silences."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING

from clearance.errors import ExportRefusedError
from clearance.results import Outcome
from clearance.video_masks import (
    FrameMask,
    MaskedTrack,
    frame_mask,
    masked_place,
    masked_track,
)
from detector.faces import Box
from detector.tracks import How
from detector.video_info import FILTER_REACH

if TYPE_CHECKING:
    from clearance.masks import Drawn
    from clearance.results import AudioMode, TrackResult, VideoResult
    from clearance.video_encoding import VideoFormat
    from clearance.video_looking import Watched
    from detector.tracks import Track

_CHUNK = 4
"""Seconds of a video that are written, opened again and examined in one go, at least."""
_AT_A_CUT = Fraction(3, 2)
"""Seconds from which a chunk may end where the scene does."""


@dataclasses.dataclass(frozen=True, slots=True)
class Chunk:
    """Some frames that are written into a file of their own: `start` to before `stop`."""

    number: int
    start: int
    stop: int


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class VideoPlan:
    """One copy of a video that is to be made.

    All of it is in frames of the copy's size, which may be smaller than those of the video.

    Attributes:
        watched: the video, as it was looked at, in frames of the size of the copy.
        masks: what is hidden.
        seen: tracks that may be seen.
        hidden: the numbers of the tracks that may not.
        chunks: the parts in which it is written, in order.
        format: how it is written.
        digest: of all that the copy rests on, 64 hexadecimal digits.
        drawn: masks drawn by hand, hidden in every frame.
        small: those of `seen` that may be seen as long as they are too small to be recognised.
        grown: pixels around everything hidden that are hidden as well.
    """

    watched: Watched
    masks: tuple[MaskedTrack, ...]
    seen: tuple[Track, ...]
    hidden: tuple[int, ...]
    chunks: tuple[Chunk, ...]
    format: VideoFormat
    digest: str
    drawn: tuple[Drawn, ...] = ()
    small: tuple[Track, ...] = ()
    grown: int = 0

    def mask_at(self, frame: int, tracks: Iterable[MaskedTrack]) -> FrameMask:
        """What is hidden in a frame: these tracks, and what was drawn by hand."""
        info = self.watched.info
        return frame_mask(tracks, frame, info.width, info.height, self.drawn, self.grown)

    def seen_at(self, frame: int) -> list[Box]:
        """The faces that may be seen in a frame at any size; not where they only could be."""
        return _there([one for one in self.seen if one not in self.small], frame)

    def small_at(self, frame: int) -> list[Box]:
        """The faces that may be seen in a frame while they are too small to be recognised."""
        return _there(self.small, frame)


def _there(tracks: Iterable[Track], frame: int) -> list[Box]:
    return [
        one.box_at(frame)
        for one in tracks
        if one.start <= frame < one.stop and one.how[frame - one.start] != How.HELD
    ]


@dataclasses.dataclass(frozen=True, slots=True)
class VideoWishes:
    """What a person asks of the copies of videos.

    Attributes:
        hide: numbers of tracks that are hidden although they may be seen; from 1.
        hide_all: hide everybody.
        audio: what becomes of the sound; None for what the consents allow.
        drawn: masks drawn by hand, in pixels of a frame of the video; they are hidden in every
            frame.
    """

    hide: tuple[int, ...] = ()
    hide_all: bool = False
    audio: AudioMode | None = None
    drawn: tuple[Drawn, ...] = ()


def plan_copy(
    watched: Watched,
    result: VideoResult,
    wishes: VideoWishes,
    format_: VideoFormat,
    version: str,
) -> VideoPlan:
    """What the copy of a judged video is to be; no picture is looked at, nothing is written.

    Args:
        watched: the video.
        result: the verdict on it.
        wishes: what a person asks besides.
        format_: how it is written.
        version: of the program and the networks, for the digest.

    Raises:
        ExportRefusedError: a number is that of no track, or a drawn mask lies outside.
    """
    drawn = _in_the_picture(wishes.drawn, watched, result)
    hidden = _hidden(result, wishes)
    if rendition := result.rendition:
        across, down = rendition.width / watched.info.width, rendition.height / watched.info.height
        drawn = tuple(one.scaled(across, down) for one in drawn)
        watched = watched.smaller(rendition.width, rendition.height)
    tracks = watched.followed.tracks
    rate, frames = watched.frame_rate, watched.followed.frames
    masks = [masked_track(tracks[row], rate, frames) for row in sorted(hidden)]
    numbers = {tracks[row].number for row in hidden}
    lost = [place for place in watched.followed.uncertain if place.track in numbers]
    masks += [masked_place(place) for place in lost]
    seen = {row: track for row, track in enumerate(tracks) if row not in hidden}
    plan = VideoPlan(
        watched=watched,
        masks=tuple(masks),
        seen=tuple(seen.values()),
        hidden=tuple(sorted(numbers)),
        chunks=chunks_of(watched),
        format=format_,
        digest="",
        drawn=drawn,
        small=tuple(track for row, track in seen.items() if _is_small(result.tracks[row])),
        grown=FILTER_REACH if rendition else 0,
    )
    return dataclasses.replace(plan, digest=_digest(plan, version))


def chunks_of(watched: Watched) -> tuple[Chunk, ...]:
    """The video in parts of a few seconds, which end where a scene does if one ends there."""
    cuts = set(watched.followed.cuts)
    starts = [0]
    for frame in range(1, watched.followed.frames):
        length = watched.time_of(frame) - watched.time_of(starts[-1])
        if length >= _CHUNK or (frame in cuts and length >= _AT_A_CUT):
            starts.append(frame)
    stops = [*starts[1:], watched.followed.frames]
    return tuple(Chunk(*one) for one in zip(range(len(starts)), starts, stops, strict=True))


def _in_the_picture(
    drawn: tuple[Drawn, ...], watched: Watched, result: VideoResult
) -> tuple[Drawn, ...]:
    width, height = watched.info.width, watched.info.height
    if not all(one.touches(width, height) for one in drawn):
        raise ExportRefusedError(
            "A mask drawn by hand lies outside {path}, which has {width} x {height} pixels.",
            path=result.path,
            width=width,
            height=height,
        )
    return drawn


def _hidden(result: VideoResult, wishes: VideoWishes) -> set[int]:
    """The rows of the tracks that must not be seen."""
    rows = set(range(len(result.tracks)))
    if wishes.hide_all:
        return rows
    for number in wishes.hide:
        if not 1 <= number <= len(rows):
            raise ExportRefusedError(
                "{path} has no track {number}: clear lists them.",
                path=result.path,
                number=number,
            )
    asked = {number - 1 for number in wishes.hide}
    return asked | {row for row in rows if not result.tracks[row].verdict.outcome.publishable}


def _is_small(track: TrackResult) -> bool:
    """Whether somebody may be seen only because nobody recognises them at that size."""
    return track.verdict.outcome is Outcome.NOT_RECOGNISABLE


def _digest(plan: VideoPlan, version: str) -> str:
    digest = hashlib.sha256()
    told: Iterable[object] = (
        version,
        plan.watched.info.sha256,
        (plan.watched.info.width, plan.watched.info.height, plan.watched.info.filters),
        plan.watched.first,
        plan.watched.times.tobytes(),
        [(mask.start, mask.is_head, mask.boxes.tobytes()) for mask in plan.masks],
        [(track.start, track.boxes.tobytes(), track.how.tobytes()) for track in plan.seen],
        [track.number for track in plan.small],
        plan.chunks,
        plan.format,
        plan.grown,
        [one.text for one in plan.drawn],
    )
    for part in told:
        digest.update(repr(part).encode())
    return digest.hexdigest()
