"""Clear one video: from what was seen in it to a verdict on every track."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from clearance.clear import judge, remember
from clearance.rendition import Rendition
from clearance.results import (
    FaceReason,
    FaceResult,
    Outcome,
    TrackResult,
    UncertainSpan,
    VideoResult,
)
from clearance.video_looking import RemembersVideos, Watched, face_of, watch
from clearance.video_progress import NoBars
from consent.decision import decide_all
from consent.records import Material
from detector.faces import Box
from detector.tracks import How
from detector.video import BesideKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from clearance.clear import House
    from clearance.use import IntendedUse
    from clearance.video_export import VideoCopies
    from clearance.video_progress import Bars
    from detector.tracks import Track, TrackIdentity, Uncertain
    from detector.video import VideoInfo


def clear_video(
    path: Path,
    use: IntendedUse,
    house: House,
    copies: VideoCopies | None = None,
    *,
    told_as: Path | None = None,
    told: Bars | None = None,
    memory: RemembersVideos | None = None,
) -> VideoResult:
    """The verdict on one video, and its copy when copies are asked for.

    Args:
        path: of the video.
        use: what it is to be used for; whatever material that names, a video is asked about.
        house: what it is judged with.
        copies: makes its copy; None for none.
        told_as: its path as people see it; None for `path`.
        told: is told how far the work is.
        memory: what earlier runs saw; None for nothing.

    Raises:
        VideoUnreadableError: the file cannot be judged.
        ModelMissingError, BackendMissingError: a network or the decoder cannot be used.
        ConsentError: the registry cannot answer.
    """
    watched = watch(path, house.eyes, told, memory)
    result = decide_video(watched, use, house)
    if told_as:
        result = dataclasses.replace(result, path=told_as)
    if copies:
        result = copies.with_copy(watched, result, told or NoBars())
    remember(result, house)
    return result


def decide_video(
    watched: Watched, use: IntendedUse, house: House, material: Material = Material.VIDEO
) -> VideoResult:
    """The verdict on a video that was looked at, as the registry stands now.

    A file with sound is not clear while it is not known that everybody who is to be seen agreed
    to be heard, nor while it holds pictures that nobody looked at.

    Args:
        watched: the video.
        use: what it is to be used for.
        house: what it is judged with.
        material: what the people in it must have agreed to.

    Raises:
        ConsentError: the registry cannot answer.
    """
    info = watched.info
    use = dataclasses.replace(use, material=material)
    rendition = Rendition.of_video(info.width, info.height, use.max_edge)
    scale = rendition.scale if rendition else 1.0
    tracks = tuple(
        _track(track, identity, watched, use, house, scale)
        for track, identity in zip(watched.followed.tracks, watched.identities, strict=True)
    )
    faces = tuple(track.verdict for track in tracks)
    unjudged = any(one.kind in (BesideKind.COVER, BesideKind.VIDEO) for one in info.beside)
    doubtful = unjudged or (bool(info.audio) and not voices_settled(tracks))
    return VideoResult(
        path=info.path,
        outcome=_worst((face.outcome for face in faces), doubtful=doubtful),
        sha256=info.sha256,
        width=info.width,
        height=info.height,
        faces=faces,
        channels={
            channel: _worst((face.channels[channel] for face in faces), doubtful=doubtful)
            for channel in house.channels
        },
        asked=use.channels,
        use=use,
        rendition=rendition,
        tracks=tracks,
        duration=float(watched.end - watched.first),
        frames=watched.followed.frames,
        frame_rate=float(watched.frame_rate),
        cuts=tuple(_seconds(watched, cut) for cut in watched.followed.cuts),
        uncertain=tuple(_uncertain(place, watched) for place in watched.followed.uncertain),
        sound=bool(info.audio),
        beside=_beside(info),
    )


def _beside(info: VideoInfo) -> tuple[str, ...]:
    """What the file holds beside one video and one sound, each kind once."""
    kinds = [one.kind.value for one in info.beside]
    further = ["audio"] if len(info.audio) > 1 else []
    return tuple(dict.fromkeys([*kinds, *further]))


def voices_settled(tracks: Sequence[TrackResult]) -> bool:
    """Whether everybody who is to be seen is cleared and agreed to be heard, and somebody is.

    Who speaks without being seen nobody can tell from the pictures.
    """
    return bool(tracks) and all(
        track.cleared_voice and track.verdict.outcome in (Outcome.CLEARED, Outcome.EXEMPT)
        for track in tracks
    )


def _track(
    track: Track,
    identity: TrackIdentity,
    watched: Watched,
    use: IntendedUse,
    house: House,
    scale: float,
) -> TrackResult:
    frame, face = face_of(track, identity)
    verdict = judge(face, identity.match, use, house, scale=scale)
    if identity.mixed:
        verdict = _doubted(verdict)
    seen = np.flatnonzero(track.how == How.SEEN)
    weakest = int(seen[np.argmin(track.scores[seen])]) if len(seen) else 0
    return TrackResult(
        number=track.number,
        verdict=verdict,
        start=_seconds(watched, track.start),
        end=_seconds(watched, track.stop),
        frames=len(track.boxes),
        seen=len(seen),
        longest_gap=float(track.longest_gap / watched.frame_rate),
        weakest=(_seconds(watched, track.start + weakest), float(track.scores[weakest])),
        best=_seconds(watched, frame),
        agreed=identity.agreed,
        measured=identity.measured,
        began=track.began,
        ended=track.ended,
        cleared_voice=_agreed_to_be_heard(verdict, use, house),
    )


def _doubted(verdict: FaceResult) -> FaceResult:
    """The verdict on a track that may be two people: a person must look, at least."""
    channels: Mapping[str, Outcome] = {
        channel: Outcome.worst((outcome, Outcome.REVIEW))
        for channel, outcome in verdict.channels.items()
    }
    return dataclasses.replace(
        verdict,
        outcome=Outcome.worst((verdict.outcome, Outcome.REVIEW)),
        channels=channels,
        reasons=(FaceReason.TRACK_MIXED, *verdict.reasons),
    )


def _agreed_to_be_heard(verdict: FaceResult, use: IntendedUse, house: House) -> bool:
    if verdict.person is None or house.registry is None:
        return False
    heard = dataclasses.replace(use, material=Material.VOICE)
    decisions = decide_all(
        house.registry.dossier(verdict.person),
        use.channels,
        heard.on_channel(use.channels[0]),
        house.settings.consent,
    )
    return all(decisions[channel].cleared for channel in use.channels)


def _uncertain(place: Uncertain, watched: Watched) -> UncertainSpan:
    info = watched.info
    whole = Box(
        min(box.left for box in place.boxes),
        min(box.top for box in place.boxes),
        max(box.right for box in place.boxes),
        max(box.bottom for box in place.boxes),
    ).clipped(info.width, info.height)
    return UncertainSpan(
        _seconds(watched, place.start),
        _seconds(watched, place.stop),
        whole,
        place.track,
    )


def _seconds(watched: Watched, frame: int) -> float:
    """When a frame is shown, after the first one: as it is in a copy, too."""
    return float(watched.time_of(frame) - watched.first)


def _worst(outcomes: Iterable[Outcome], *, doubtful: bool) -> Outcome:
    return Outcome.worst((*outcomes, *((Outcome.REVIEW,) if doubtful else ())))
