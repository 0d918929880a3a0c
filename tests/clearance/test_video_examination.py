"""A written part is examined frame by frame; what it shows that nobody judged is hidden."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from clearance.errors import ExportError, VerificationError
from clearance.video_chunks import Proven, believed, places, proven_chunk, write_chunk
from clearance.video_encoding import FORMATS
from clearance.video_examination import FrameExaminer, cells_of
from clearance.video_looking import Watched
from clearance.video_masks import MaskedTrack, frame_mask
from clearance.video_plan import Chunk, VideoPlan, chunks_of
from detector.detector import Detector
from detector.faces import Box, Face
from detector.held import Held
from detector.tracks import Followed
from detector.video import frames, open_video
from detector.video_frames import VideoFrame
from tests.videos import made, pictures

HEAD = MaskedTrack(0, np.tile(np.array([[60, 40, 84, 72]], np.int32), (25, 1)))
WHEN = {"time": 0.5, "frame": 12}
Looks = Callable[[VideoFrame], Sequence[Face]]


@dataclasses.dataclass
class Sees:
    """Stands for the networks: sees what it is told to."""

    looks: Looks = lambda _: ()
    careful: int = 0

    def look_at_frame(
        self,
        frame: VideoFrame,
        *,
        careful: bool = False,
        expected: Sequence[Box] = (),
        held: Held | None = None,
    ) -> tuple[Face, ...]:
        self.careful += careful
        return tuple(self.looks(frame))


def examiner(sees: Sees) -> FrameExaminer:
    return FrameExaminer(cast("Detector", sees))


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    path = made(tmp_path_factory.mktemp("clips") / "in.mp4", *pictures(1))
    info = open_video(path)
    times = [round(frame.time / info.time_base) for frame in frames(info)]
    followed = Followed((), (), (), len(times))
    return Watched(info, followed, (), np.array(times, np.int64))


def planned(watched: Watched, *masks: MaskedTrack) -> VideoPlan:
    return VideoPlan(
        watched=watched,
        masks=masks,
        seen=(),
        hidden=(),
        chunks=chunks_of(watched),
        format=FORMATS["mp4"],
        digest="0" * 64,
    )


def test_a_part_that_shows_nobody_else_is_proven(watched: Watched, tmp_path: Path) -> None:
    plan = planned(watched, HEAD)
    sees = Sees()
    path = tmp_path / "part.mp4"
    written = write_chunk(plan, plan.chunks[0], frames(watched.info), path)
    proven = proven_chunk(plan, written, examiner(sees))
    assert len(proven.frames) == 25
    assert proven.rounds == 1
    assert sees.careful >= 1
    assert Proven.load(plan.chunks[0], path) == proven


def test_a_face_that_only_the_copy_shows_is_hidden_and_looked_at_again(
    watched: Watched, tmp_path: Path
) -> None:
    place = Box(100, 20, 124, 52)

    def sees(frame: VideoFrame) -> Sequence[Face]:
        part = frame.y[place.top : place.bottom, place.left : place.right]
        hidden = np.abs(part.astype(int) - 64).max() < 30
        return () if hidden or frame.time != Fraction(10, 25) else [Face(place, 0.9)]

    plan = planned(watched, HEAD)
    path = tmp_path / "part.mp4"
    written = write_chunk(plan, plan.chunks[0], frames(watched.info), path)
    proven = proven_chunk(plan, written, examiner(Sees(sees)))
    assert proven.rounds == 2
    assert proven.appeared == ((10, place),)
    for frame in frames(open_video(path)):
        part = frame.y[place.top : place.bottom, place.left : place.right].astype(int)
        # A moment before and after as well.
        assert (np.abs(part - 64).max() < 30) == (abs(frame.index - 10) <= 4)


def test_faces_that_keep_appearing_are_an_error_that_says_when(
    watched: Watched, tmp_path: Path
) -> None:
    plan = planned(watched)

    # Wherever it is looked for, it is somewhere else.
    def sees(frame: VideoFrame) -> Sequence[Face]:
        row = int(np.argmax(np.abs(frame.y[10, ::8].astype(int) - 64) > 30))
        return [Face(Box(8 * row, 0, 8 * row + 8, 12), 0.9)] if frame.index == 3 else ()

    written = write_chunk(plan, plan.chunks[0], frames(watched.info), tmp_path / "part.mp4")
    with pytest.raises(VerificationError, match=r"0\.12 s"):
        proven_chunk(plan, written, examiner(Sees(sees)))


def test_a_weak_sighting_counts_where_it_stays(watched: Watched) -> None:
    weak = Face(Box(10, 10, 40, 50), 0.25)
    once = [(n, (weak,) if n == 5 else ()) for n in range(12)]
    assert believed(once) == []
    # At the end of a part one other is enough: its neighbours are in another part.
    last = [(n, (weak,) if n in (10, 11) else ()) for n in range(12)]
    assert [frame for frame, _ in believed(last)] == [10, 11]
    thrice = [(n, (weak,) if n in (4, 5, 7) else ()) for n in range(12)]
    assert [frame for frame, _ in believed(thrice)] == [4, 5, 7]
    sure = [(n, (Face(weak.box, 0.8),) if n == 5 else ()) for n in range(12)]
    assert [frame for frame, _ in believed(sure)] == [5]


def test_sightings_that_follow_one_another_are_one_place() -> None:
    here, there = Box(0, 0, 20, 20), Box(200, 0, 220, 20)
    appeared = [(frame, here) for frame in range(5)] + [(2, there), (90, here)]
    assert places(appeared, around=4) == 3


def test_another_picture_is_an_error(watched: Watched) -> None:
    first, *_, last = frames(watched.info)
    mask = frame_mask([], 0, first.width, first.height)
    with pytest.raises(VerificationError, match="another picture"):
        examiner(Sees()).check(last, cells_of(first.y), mask, WHEN)


@pytest.mark.parametrize("plane", ["y", "cb", "cr"])
def test_something_under_a_mask_is_an_error(plane: str, watched: Watched) -> None:
    frame = next(frames(watched.info))
    mask = frame_mask([HEAD], 0, frame.width, frame.height)
    y, cb, cr = (one.copy() for one in mask.hide(frame))
    hidden = dataclasses.replace(frame, y=y, cb=cb, cr=cr)
    proof = cells_of(y)
    examiner(Sees()).check(hidden, proof, mask, WHEN)
    samples = {"y": y, "cb": cb, "cr": cr}[plane]
    at = (56, 72) if plane == "y" else (28, 36)
    samples[at] += 60
    with pytest.raises(VerificationError, match="not as it was drawn"):
        examiner(Sees()).check(hidden, proof, mask, WHEN)


def test_a_video_that_was_changed_is_an_error(watched: Watched, tmp_path: Path) -> None:
    plan = planned(watched)
    later = frames(watched.info, start=watched.time_of(1))
    with pytest.raises(ExportError, match="was changed"):
        write_chunk(plan, plan.chunks[0], later, tmp_path / "part.mp4")
    few = list(frames(watched.info))[:10]
    with pytest.raises(ExportError, match="was changed"):
        write_chunk(plan, plan.chunks[0], few, tmp_path / "part.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_was_examined_counts_only_with_its_very_bytes(
    watched: Watched, tmp_path: Path
) -> None:
    plan = planned(watched)
    path = tmp_path / "part.mp4"
    chunk = plan.chunks[0]
    written = write_chunk(plan, chunk, frames(watched.info), path)
    proven_chunk(plan, written, examiner(Sees()))
    assert Proven.load(chunk, path)
    assert Proven.load(Chunk(0, 0, 24), path) is None
    path.write_bytes(path.read_bytes() + b"\0")
    assert Proven.load(chunk, path) is None
    path.unlink()
    assert Proven.load(chunk, path) is None


def test_parts_cover_every_frame_once_and_end_at_cuts() -> None:
    class Info:
        time_base = Fraction(1, 25)
        frame_rate = Fraction(25)
        start = Fraction(0)

    followed = Followed((), (), (60, 70, 260), 400)
    video = Watched(cast("object", Info), followed, (), np.arange(400))  # type: ignore[arg-type]
    chunks = chunks_of(video)
    assert [chunk.start for chunk in chunks] == [0, 60, 160, 260, 360]
    assert [chunk.stop for chunk in chunks] == [60, 160, 260, 360, 400]
