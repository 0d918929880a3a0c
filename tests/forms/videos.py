"""Verdicts on videos, made by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clearance.results import (
    AudioMode,
    FaceReason,
    FaceResult,
    Outcome,
    TrackResult,
    UncertainSpan,
    VideoExport,
    VideoResult,
)
from detector.faces import Box, Certainty
from detector.tracks import Ending
from tests.forms.judged import SKIN, WALL, a_face

if TYPE_CHECKING:
    from detector.faces import Pixels

SHA256, COPY_SHA256 = "a" * 64, "b" * 64
SIZE = (640, 360)
PLACE = Box(100, 80, 180, 180)
"""Where the face is in every picture of `a_still`."""


def a_track(
    number: int,
    start: float,
    end: float,
    outcome: Outcome = Outcome.BLOCKED,
    *,
    person: str | None = None,
    name: str | None = None,
    reasons: tuple[FaceReason, ...] = (),
    **more: object,
) -> TrackResult:
    """A track whose best moment is in its midst, and its weakest a quarter after its start."""
    if outcome is Outcome.BLOCKED and not reasons and person is None:
        reasons = (FaceReason.UNKNOWN_PERSON,)
    likely = FaceReason.LIKELY_MATCH in reasons
    certainty = Certainty.LOOK if likely else Certainty.CONFIDENT
    face: FaceResult = dataclasses.replace(
        a_face(PLACE, outcome, person=person, name=name, certainty=certainty, reasons=reasons),
        channels={"intranet": Outcome.CLEARED, "website": outcome},
    )
    frames = round((end - start) * 25)
    track = TrackResult(
        number=number,
        verdict=face,
        start=start,
        end=end,
        frames=frames,
        seen=frames * 9 // 10,
        longest_gap=0.4,
        weakest=(start + (end - start) / 4, 0.31),
        best=(start + end) / 2,
        agreed=3,
        measured=4,
        began=Ending.EDGE,
        ended=Ending.EDGE,
    )
    return dataclasses.replace(track, **more)  # type: ignore[arg-type]


def a_video(
    *tracks: TrackResult,
    duration: float = 40.0,
    path: Path = Path("clips/ward.mp4"),
    **more: object,
) -> VideoResult:
    """The verdict on a video with these tracks."""
    outcome = Outcome.worst(track.verdict.outcome for track in tracks)
    result = VideoResult(
        path,
        outcome,
        SHA256,
        *SIZE,
        tuple(track.verdict for track in tracks),
        {"intranet": Outcome.CLEARED, "website": outcome},
        ("website",),
        tracks=tracks,
        duration=duration,
        frames=round(duration * 25),
        frame_rate=25.0,
        sound=True,
    )
    return dataclasses.replace(result, **more)  # type: ignore[arg-type]


def a_copy(*hidden: int, **more: object) -> VideoExport:
    """A copy in which these tracks are hidden."""
    copy = VideoExport(
        path=Path("out/ward.mp4"),
        sha256=COPY_SHA256,
        width=SIZE[0],
        height=SIZE[1],
        duration=40.0,
        frames=1000,
        hidden=hidden,
        appeared=1,
        audio=AudioMode.MUTE_UNCLEARED,
        removed=("subtitles", "exif"),
        rounds=2,
        outcome=Outcome.REDACTED,
    )
    return dataclasses.replace(copy, **more)  # type: ignore[arg-type]


def the_whole_clip() -> VideoResult:
    """Somebody cleared who comes twice, strangers, somebody perhaps known, somebody lost."""
    anna = {"person": "k7", "name": "Anna Keller"}
    tracks = (
        a_track(0, 0.0, 12.4, Outcome.CLEARED, person="k7", name="Anna Keller", cleared_voice=True),
        a_track(1, 3.2, 9.6, ended=Ending.LOST),
        a_track(
            2,
            14.0,
            22.0,
            Outcome.REVIEW,
            person="x9",
            name="Zoé Amsler",
            reasons=(FaceReason.LIKELY_MATCH,),
        ),
        a_track(3, 20.0, 31.0, Outcome.CLEARED, **anna),  # type: ignore[arg-type]
        a_track(4, 25.0, 25.4, Outcome.REVIEW, reasons=(FaceReason.DOUBTFUL_SIZE,)),
        a_track(5, 32.0, 40.0, Outcome.EXEMPT, reasons=(FaceReason.EXEMPTED,)),
        a_track(6, 30.0, 39.0, Outcome.NOT_RECOGNISABLE, reasons=(FaceReason.TOO_SMALL,)),
        a_track(7, 28.0, 36.0, reasons=(FaceReason.TRACK_MIXED,), began=Ending.LOST, best=None),
    )
    return a_video(
        *tracks,
        cuts=(12.4, 24.0, 31.4),
        uncertain=(
            UncertainSpan(9.6, 12.4, Box(-20, 40, 240, 400), 1),
            UncertainSpan(36.0, 38.0, Box(300, 40, 500, 300), 99),
        ),
        beside=("subtitles", "chapters", "Interview with Lea Wyss"),
        video_export=a_copy(1, 2, 4, 7),
    )


def a_crowd(count: int, duration: float = 120.0) -> VideoResult:
    """So many people, mostly strangers."""
    tracks = []
    for number in range(count):
        start = (number * 37) % 100 / 100 * duration * 0.9
        end = min(duration, start + 2 + number % 17)
        known = {"person": f"p{number}", "name": f"Person {number}"} if number % 5 == 0 else {}
        outcome = Outcome.CLEARED if known else Outcome.BLOCKED
        tracks.append(a_track(number, start, end, outcome, **known))  # type: ignore[arg-type]
    return a_video(*sorted(tracks, key=lambda track: track.start), duration=duration)


def a_still(path: Path, sha256: str, time: float) -> Pixels:
    """A picture with a face in it, whatever the time."""
    pixels = np.empty((SIZE[1], SIZE[0], 3), np.uint8)
    pixels[:] = WALL
    pixels[PLACE.top : PLACE.bottom, PLACE.left : PLACE.right] = SKIN
    return pixels
