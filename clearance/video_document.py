"""What a video's verdict says beside a photo's, as JSON; see `schemas/photo.schema.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clearance.left_behind import Block
from clearance.timeline import moments_to_look_at
from clearance.video_words import KINDS

if TYPE_CHECKING:
    from clearance.results import TrackResult, UncertainSpan, VideoExport, VideoResult
    from clearance.timeline import LookAt
    from detector.faces import Box

Document = dict[str, Any]


def video_document(result: VideoResult) -> Document:
    """What is true of a video only.

    Times are seconds from the start, to the millisecond. Tracks, uncertain times, moments and
    what is hidden name a face by its `number` among the faces of the document.
    """
    export = result.video_export
    return {
        "duration": _seconds(result.duration),
        "frames": result.frames,
        "frame_rate": round(result.frame_rate, 4),
        "cuts": [_seconds(cut) for cut in result.cuts],
        "sound": result.sound,
        "beside": list(result.beside),
        "tracks": [_track(number, track) for number, track in enumerate(result.tracks, 1)],
        "uncertain": [_uncertain(span, result) for span in result.uncertain],
        "look_at": [_look_at(moment) for moment in moments_to_look_at(result, None)],
        "export": _export(export, result) if export else None,
    }


def video_without_names(result: VideoResult, document: Document) -> None:
    """Leave nothing in the document of `video_document` that may name somebody."""
    document["beside"] = [_kind(name) for name in document["beside"]]
    if result.video_export:
        document["export"]["path"] = result.video_export.path.name
        removed = map(_kind, result.video_export.removed)
        document["export"]["removed"] = list(dict.fromkeys(removed))


def _kind(name: str) -> str:
    """A word of ours, or that it is another one: titles of streams are anybody's."""
    return name if name in KINDS or name in set(Block) else "other"


def _track(number: int, track: TrackResult) -> Document:
    time, score = track.weakest
    return {
        "face": number,
        "start": _seconds(track.start),
        "end": _seconds(track.end),
        "frames": track.frames,
        "seen": track.seen,
        "longest_gap": _seconds(track.longest_gap),
        "weakest": {"time": _seconds(time), "score": round(score, 4)},
        "best": None if track.best is None else _seconds(track.best),
        "agreed": track.agreed,
        "measured": track.measured,
        "began": track.began.value,
        "ended": track.ended.value,
        "cleared_voice": track.cleared_voice,
    }


def _uncertain(span: UncertainSpan, result: VideoResult) -> Document:
    return {
        "start": _seconds(span.start),
        "end": _seconds(span.end),
        "box": inside(span.box, result),
        "face": result.place_of(span.track),
    }


def _look_at(moment: LookAt) -> Document:
    return {"time": _seconds(moment.time), "why": moment.why.value, "face": moment.place}


def _export(export: VideoExport, result: VideoResult) -> Document:
    places = (result.place_of(track) for track in export.hidden)
    return {
        "path": str(export.path),
        "sha256": export.sha256,
        "width": export.width,
        "height": export.height,
        "outcome": export.outcome.value,
        "duration": _seconds(export.duration),
        "frames": export.frames,
        "hidden": [place for place in places if place is not None],
        "appeared": export.appeared,
        "audio": export.audio.value,
        "removed": list(dict.fromkeys(export.removed)),
        "rounds": export.rounds,
    }


def inside(box: Box, result: VideoResult) -> list[int]:
    """The part of a box that is in the picture; a face that is followed may reach beyond it."""
    if result.width and result.height:
        box = box.clipped(result.width, result.height)
    return [box.left, box.top, box.right, box.bottom]


def _seconds(time: float) -> float:
    return round(time, 3)
