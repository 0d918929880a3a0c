"""Who is in a video from when to when, and which of its moments a person should look at."""

from __future__ import annotations

import dataclasses
import enum
import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from clearance.results import FaceReason, Outcome
from detector.faces import Certainty
from detector.tracks import Ending

if TYPE_CHECKING:
    from clearance.results import FaceResult, TrackResult, VideoResult

MOMENTS = 12
"""So many moments somebody looks at; of more the first ones of each kind."""


class Why(enum.StrEnum):
    """What a moment is to be looked at for; the weightiest first."""

    MIXED = "mixed"
    """The track is perhaps two people."""
    LIKELY = "likely"
    """A likeness that is not sure: who is it?"""
    DOUBTFUL_SIZE = "doubtful_size"
    """Small, and a familiar eye may recognise it."""
    LOST = "lost"
    """Somebody was lost from one frame to the next, and may still be there."""
    APPEARED = "appeared"
    """Somebody was there from one frame to the next, and may have been there before."""
    WEAKEST = "weakest"
    """Somebody who may be shown is hardest to see there: is it still the same person?"""


@dataclasses.dataclass(frozen=True, slots=True)
class LookAt:
    """A moment that a person should look at.

    Attributes:
        time: seconds from the start of the video.
        why: what for.
        place: of the track among the verdicts of the video, from 1.
    """

    time: float
    why: Why
    place: int


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class OnScreen:
    """A person, or somebody unknown, and each time that they are there.

    Attributes:
        tracks: in the order in which they begin, each with its place among the verdicts of
            the video, from 1; those of one person, or one of somebody unknown.
    """

    tracks: tuple[tuple[int, TrackResult], ...]

    @property
    def face(self) -> FaceResult:
        """The worst verdict; all are about the same person."""
        verdicts = (track.verdict for _, track in self.tracks)
        return max(verdicts, key=lambda face: face.outcome.severity)

    @property
    def places(self) -> tuple[int, ...]:
        """Those of the tracks among the verdicts of the video, from 1."""
        return tuple(place for place, _ in self.tracks)

    @property
    def seconds(self) -> float:
        """How long they are there, all in all."""
        return sum(track.end - track.start for _, track in self.tracks)


def who_is_there(result: VideoResult) -> tuple[OnScreen, ...]:
    """Everybody in the video, in the order in which they appear.

    Tracks that were taken for the same person are together, but what only resembles a person
    stands for itself: it may be somebody else. Of strangers nobody knows who is the same.
    """
    found: dict[object, list[tuple[int, TrackResult]]] = {}
    for place, track in enumerate(result.tracks, 1):
        known = is_sure(track.verdict) and FaceReason.NOT_A_FACE not in track.verdict.reasons
        key = track.verdict.person if known else place
        found.setdefault(key, []).append((place, track))
    people = (OnScreen(tuple(sorted(of, key=lambda one: one[1].start))) for of in found.values())
    return tuple(sorted(people, key=lambda one: (one.tracks[0][1].start, one.places)))


def is_sure(face: FaceResult) -> bool:
    """Whether it is known who it is, from a person or from a likeness that counts as certain."""
    if face.recognised:
        return True
    return face.match.person is not None and face.match.certainty is Certainty.CONFIDENT


def most_important(people: Sequence[OnScreen], most: int) -> tuple[OnScreen, ...]:
    """At most so many of them, in the same order: first who is not cleared, then who stays long.

    Args:
        people: everybody.
        most: how many tracks there is room for; one person is always among them.
    """
    weight = {one: (-one.face.outcome.severity, -one.seconds) for one in people}
    chosen: set[OnScreen] = set()
    room = most
    for one in sorted(people, key=lambda one: weight[one]):
        if chosen and room < len(one.tracks):
            break
        chosen.add(one)
        room -= len(one.tracks)
    return tuple(one for one in people if one in chosen)


def moments_to_look_at(result: VideoResult, most: int | None = MOMENTS) -> tuple[LookAt, ...]:
    """The moments that a person should look at, in the order of time.

    Args:
        result: the verdict on a video.
        most: how many at most; of each kind then in turn, so that none crowds out another,
            and of one kind first those of people who are not cleared. None for all.
    """
    kinds: dict[Why, list[tuple[tuple[float, ...], LookAt]]] = {why: [] for why in Why}
    for place, track in enumerate(result.tracks, 1):
        for time, why, weight in _moments(track, result):
            inside = max(0.0, min(time, _last(result)))
            kinds[why].append(((*weight, inside, place), LookAt(inside, why, place)))
    ranked = [[one for _, one in sorted(of, key=lambda pair: pair[0])] for of in kinds.values()]
    in_turn = (one for row in itertools.zip_longest(*ranked) for one in row if one)
    # A second reason for the same picture of the same face says nothing new.
    once: dict[tuple[float, int], LookAt] = {}
    for one in in_turn:
        once.setdefault((round(one.time, 1), one.place), one)
    chosen = list(once.values())[:most]
    return tuple(sorted(chosen, key=lambda one: (one.time, one.place, one.why)))


def _moments(
    track: TrackResult, result: VideoResult
) -> Iterator[tuple[float, Why, tuple[float, ...]]]:
    """What is to be seen of one track: when, what for, and what is weightier as it is smaller."""
    face = track.verdict
    best = (track.start + track.end) / 2 if track.best is None else track.best
    worse = (float(-face.outcome.severity),)
    if FaceReason.TRACK_MIXED in face.reasons:
        yield best, Why.MIXED, worse
    if FaceReason.LIKELY_MATCH in face.reasons:
        yield best, Why.LIKELY, worse
    if FaceReason.DOUBTFUL_SIZE in face.reasons:
        yield best, Why.DOUBTFUL_SIZE, worse
    if track.ended is Ending.LOST:
        # The first picture in which it is not known where they are.
        yield track.end, Why.LOST, worse
    if track.began is Ending.LOST:
        yield track.start - _frame(result), Why.APPEARED, worse
    if face.outcome in {Outcome.CLEARED, Outcome.EXEMPT}:
        time, score = track.weakest
        yield time, Why.WEAKEST, (score,)


def _frame(result: VideoResult) -> float:
    """How long one picture is shown, in seconds."""
    return 1 / result.frame_rate if result.frame_rate > 0 else 0.0


def _last(result: VideoResult) -> float:
    """When the last picture begins to be shown."""
    return max(0.0, result.duration - _frame(result))


def clock(seconds: float) -> str:
    """A time of a video as it is read: minutes, seconds and tenths; of a long one the hours too."""
    whole, tenth = divmod(round(seconds * 10), 10)
    return f"{whole_clock(whole)}.{tenth}"


def whole_clock(seconds: int) -> str:
    """The same to the second."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def span(start: float, end: float) -> str:
    """From when to when."""
    return f"{clock(start)} – {clock(end)}"
