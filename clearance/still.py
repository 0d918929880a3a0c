"""A still of a video: one frame as a photo, judged with all that the video tells of its people."""

from __future__ import annotations

import dataclasses
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from clearance.clear import decide, remember, with_copy, without_copy
from clearance.errors import ExportError, ExportRefusedError, StillRefusedError
from clearance.looking import look_at
from clearance.making import Raster
from clearance.results import Outcome, PhotoResult
from clearance.video_clear import decide_video
from clearance.video_looking import watch
from clearance.video_progress import bars
from consent.records import Material
from detector.faces import Face
from detector.tracks import How
from detector.video import frame_at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clearance.clear import House
    from clearance.copying import Copies
    from clearance.language import Language
    from clearance.remembered_videos import VideoMemory
    from clearance.results import FaceResult, VideoResult
    from clearance.use import IntendedUse
    from clearance.video_looking import Watched

_SAME = 0.3
"""Intersection over union from which a face of the still is that of a track."""


@dataclasses.dataclass(frozen=True, slots=True)
class StillMaker:
    """Takes stills of videos, through the same gate as photos.

    Attributes:
        use: what they are for.
        house: what they are judged with.
        copies_of: gives what makes the copy of a photo.
        words: the language of whoever watches; None where nobody does.
        memory: what earlier runs saw; None for nothing.
    """

    use: IntendedUse
    house: House
    copies_of: Callable[[Path], Copies]
    words: Language | None = None
    memory: VideoMemory | None = None

    def take(self, video: Path, at: Fraction) -> PhotoResult:
        """The verdict on what the video shows at that time, and a copy that may be published.

        All of the video is looked at: whoever is recognised in it is recognised in the still,
        and whoever is hidden in it is hidden in the still, whatever they look like there.

        Args:
            video: of which.
            at: seconds from its start.

        Raises:
            VideoUnreadableError: the video cannot be judged.
            StillRefusedError: it is not that long.
            ModelMissingError, BackendMissingError: a network or the decoder cannot be used.
            ConsentError: the registry cannot answer.
        """
        with bars(self.words) as told:
            watched = watch(video, self.house.eyes, told, self.memory)
        number = frame_number(watched, at)
        known = decide_video(watched, self.use, self.house, material=Material.PHOTO)
        picture = frame_at(watched.info, watched.time_of(number))
        with tempfile.TemporaryDirectory(prefix="clearance-") as folder:
            path = Path(folder) / f"{video.stem} {_seconds(picture.time - watched.first)}.png"
            Image.fromarray(picture.rgb()).save(path)
            return self._judged(path, watched, known, number)

    def _judged(self, path: Path, watched: Watched, told: VideoResult, number: int) -> PhotoResult:
        frame, sight = look_at(path, self.house.eyes)
        result = decide(sight.looked, self.use, self.house)
        faces = with_tracks(result.faces, watched, told, number)
        result = dataclasses.replace(
            result,
            faces=faces,
            outcome=Outcome.worst(face.outcome for face in faces),
            channels={
                channel: Outcome.worst(face.channels[channel] for face in faces)
                for channel in self.house.channels
            },
        )
        copies, raster = self.copies_of(path), Raster.of(frame)
        try:
            _refuse_uncertain(watched, told, number)
            export = copies.make(frame, result)
            result = with_copy(result, export, self.house, copies, raster)
        except ExportError as error:
            result = without_copy(result, error, copies, raster)
        remember(result, self.house)
        return dataclasses.replace(result, path=watched.info.path)


def frame_number(watched: Watched, at: Fraction) -> int:
    """The frame that is shown at a time.

    Raises:
        StillRefusedError: none is.
    """
    if not 0 <= at < watched.end - watched.first:
        raise StillRefusedError(
            "the video shows nothing at {at} s: it is {length} s long",
            at=_seconds(at),
            length=_seconds(watched.end - watched.first),
        )
    units = (at + watched.first - watched.info.start) / watched.info.time_base
    shown = int(np.searchsorted(watched.times, float(units), side="right")) - 1
    return max(0, shown)


def with_tracks(
    faces: Sequence[FaceResult], watched: Watched, told: VideoResult, number: int
) -> tuple[FaceResult, ...]:
    """The faces of a still with what the tracks of its video say, from the top down.

    A face in the place of a track is that person; a track without a face in its place is there
    all the same. Of a face that two tracks claim, the worse verdict counts, and of one that
    passed in the video as too small, too: here it may be larger. Where a track only could be, it
    clears nobody.

    Args:
        faces: as the still alone was judged.
        watched: the video.
        told: the verdicts on its tracks.
        number: of the frame.
    """
    kept: dict[int, FaceResult] = dict(enumerate(faces))
    added: list[FaceResult] = []
    claimed: set[int] = set()
    for track, said in zip(watched.followed.tracks, told.tracks, strict=True):
        if not track.start <= number < track.stop:
            continue
        held = track.how[number - track.start] == How.HELD
        if held and said.verdict.outcome.publishable:
            continue
        box = track.box_at(number)
        shared = {row: face.face.box.iou(box) for row, face in enumerate(faces)}
        best = max(shared, key=lambda row: shared[row], default=None)
        if best is None or shared[best] < _SAME:
            inside = box.clipped(watched.info.width, watched.info.height)
            if inside.area:
                added.append(dataclasses.replace(said.verdict, face=Face(inside, 1.0)))
            continue
        verdict = dataclasses.replace(said.verdict, face=faces[best].face)
        # Alone it is like somebody else: then the worse of the two is believed.
        contradicted = faces[best].person not in (None, verdict.person)
        doubted = contradicted or best in claimed
        doubted |= verdict.outcome is Outcome.NOT_RECOGNISABLE
        both = (verdict, kept[best]) if doubted else (verdict,)
        kept[best] = max(both, key=lambda one: one.outcome.severity)
        claimed.add(best)
    together = [*kept.values(), *added]
    return tuple(sorted(together, key=lambda one: (one.face.box.top, one.face.box.left)))


def _refuse_uncertain(watched: Watched, told: VideoResult, number: int) -> None:
    """Refuse a still in which somebody who was lost may be anywhere.

    Raises:
        ExportRefusedError: somebody who is not cleared may be.
    """
    hidden = {one.number for one in told.tracks if not one.verdict.outcome.publishable}
    for place in watched.followed.uncertain:
        if place.track in hidden and place.start <= number < place.stop:
            raise ExportRefusedError(
                "Somebody who was lost a moment before may be in this picture: take another moment."
            )


def _seconds(time: Fraction) -> str:
    return f"{float(time):.2f}"
