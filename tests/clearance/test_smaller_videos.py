"""The copy of a video that is made smaller hides in the smaller picture, and is as large as judged.

Nobody is looked for with networks here; `tests/test_smaller_video_command.py` does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from clearance.errors import ExportRefusedError, VerificationError
from clearance.masks import Drawn
from clearance.rendition import Rendition
from clearance.results import AudioMode, Outcome, VideoResult
from clearance.still import with_tracks
from clearance.video_chunks import proven_chunk, write_chunk
from clearance.video_encoding import FORMATS
from clearance.video_examination import FrameExaminer, cells_of
from clearance.video_looking import Watched
from clearance.video_masks import GREY, FrameMask, MaskedTrack, frame_mask
from clearance.video_plan import VideoPlan, VideoWishes, plan_copy
from detector.detector import Detector
from detector.faces import Box, Face
from detector.tracks import Ending, Followed, How, Track, Uncertain
from detector.video import frames, open_video
from detector.video_info import FILTER_REACH
from tests.clearance.test_video_examination import WHEN, Sees
from tests.forms.videos import a_track, a_video
from tests.videos import made, pictures

if TYPE_CHECKING:
    from detector.video_frames import Plane, VideoFrame

SIZE = (320, 240)
LOSSLESS = ("-c:v", "ffv1", "-pix_fmt", "yuv420p")
PLACE = Box(101, 61, 160, 131)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def video(folder: Path) -> Path:
    return made(folder / "plain.mkv", *pictures(0.4, size="320x240"), *LOSSLESS)


def edges_of(box: Box) -> npt.NDArray[np.int32]:
    return np.array([dataclasses.astuple(box)], np.int32)


def followed_at(box: Box, n: int, number: int = 0) -> Track:
    return Track(
        number=number,
        start=0,
        boxes=np.tile(edges_of(box).astype(np.float32), (n, 1)),
        how=np.full(n, How.SEEN, np.uint8),
        scores=np.full(n, 0.9, np.float32),
        began=Ending.VIDEO,
        ended=Ending.VIDEO,
    )


def watched(path: Path, *boxes: Box, lost: tuple[Uncertain, ...] = ()) -> Watched:
    info = open_video(path)
    times = [round((one.time - info.start) / info.time_base) for one in frames(info)]
    tracks = tuple(followed_at(box, len(times), row) for row, box in enumerate(boxes))
    followed = Followed(tracks, lost, (), len(times))
    return Watched(info, followed, (), np.array(times, np.int64))


def judged(seen: Watched, max_edge: int, *outcomes: Outcome) -> VideoResult:
    info = seen.info
    tracks = (a_track(row, 0.0, 0.4, outcome) for row, outcome in enumerate(outcomes))
    return dataclasses.replace(
        a_video(*tracks, duration=0.4),
        width=info.width,
        height=info.height,
        rendition=Rendition.of_video(info.width, info.height, max_edge),
    )


def planned(
    seen: Watched, max_edge: int, *outcomes: Outcome, drawn: tuple[Drawn, ...] = ()
) -> VideoPlan:
    wishes = VideoWishes(drawn=drawn, audio=AudioMode.MUTE)
    return plan_copy(seen, judged(seen, max_edge, *outcomes), wishes, FORMATS["mp4"], "1")


def hidden_planes(plan: VideoPlan) -> list[tuple[Plane, Plane, Plane]]:
    """What is given to the encoder, frame by frame."""
    shown = frames(plan.watched.info)
    return [plan.mask_at(one.index, plan.masks).hide(one) for one in shown]


@pytest.mark.parametrize(
    ("size", "max_edge", "wanted"),
    [
        ((640, 480), 320, (320, 240)),
        ((640, 480), 300, (300, 224)),
        ((640, 480), 639, (638, 478)),
        ((480, 640), 321, (240, 320)),
        ((1920, 1080), 1000, (1000, 562)),
        ((8192, 40), 200, (200, 2)),
    ],
)
def test_a_smaller_video_has_even_sides_and_is_never_larger_than_it_was_judged(
    size: tuple[int, int], max_edge: int, wanted: tuple[int, int]
) -> None:
    rendition = Rendition.of_video(*size, max_edge)
    assert rendition is not None
    assert (rendition.width, rendition.height) == wanted
    assert max(wanted) <= max_edge
    assert max(a / b for a, b in zip(wanted, size, strict=True)) <= rendition.scale


@pytest.mark.parametrize("max_edge", [0, 320, 321, 4000])
def test_a_video_that_is_no_larger_stays_as_it_is(video: Path, max_edge: int) -> None:
    assert Rendition.of_video(*SIZE, max_edge) is None
    seen = watched(video, PLACE)
    plan = planned(seen, max_edge, Outcome.BLOCKED)
    assert plan.watched is seen
    assert plan.grown == 0
    assert plan.digest == planned(seen, 0, Outcome.BLOCKED).digest


@pytest.mark.parametrize("max_edge", [202, 240, 310])
@pytest.mark.parametrize("what", ["head", "place", "drawn", "corner"])
def test_nothing_of_what_is_hidden_is_left_in_any_pixel(
    video: Path, folder: Path, max_edge: int, what: str
) -> None:
    # Two videos that differ in nothing but what is hidden: their copies must be the very same.
    box = Box(-6, -8, 31, 35) if what == "corner" else PLACE
    is_head = what in ("head", "corner")
    inside = frame_mask([MaskedTrack(0, edges_of(box), is_head)], 0, *SIZE)
    other = folder / f"{what}.mkv"
    if not other.exists():
        raw = folder / "raw"
        raw.write_bytes(b"".join(_otherwise(one, inside) for one in frames(open_video(video))))
        told = ("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "320x240", "-r", "25")
        made(other, *told, "-i", str(raw), *LOSSLESS)
    plans = []
    for path in (video, other):
        if what == "drawn":
            drawn = Drawn.parse(f"box:{box.left},{box.top},{box.right},{box.bottom}")
            plans.append(planned(watched(path), max_edge, drawn=(drawn,)))
        elif what == "place":
            lost = Uncertain(0, (box,) * 10, 0)
            seen = watched(path, Box(280, 200, 300, 225), lost=(lost,))
            plans.append(planned(seen, max_edge, Outcome.BLOCKED))
        else:
            plans.append(planned(watched(path, box), max_edge, Outcome.BLOCKED))
    before, after = (hidden_planes(plan) for plan in plans)
    assert len(before) == 10
    untouched = list(frames(plans[0].watched.info))
    differs = list(frames(plans[1].watched.info))
    assert any(not np.array_equal(a.y, b.y) for a, b in zip(untouched, differs, strict=True))
    for planes in zip(before, after, strict=True):
        for one, same in zip(*planes, strict=True):
            assert np.array_equal(one, same)


def _otherwise(frame: VideoFrame, mask: FrameMask) -> bytes:
    """The samples of a frame, with others where it is hidden."""
    samples = b""
    for plane, hidden in ((frame.y, mask.luma), (frame.cb, mask.chroma), (frame.cr, mask.chroma)):
        other = np.where(plane > 127, 0, 255)
        samples += np.where(hidden, other, plane).astype(np.uint8).tobytes()
    return samples


def test_what_is_not_hidden_is_the_smaller_picture_in_its_colours(video: Path) -> None:
    plan = planned(watched(video, PLACE), 240, Outcome.CLEARED)
    for small, whole in zip(frames(plan.watched.info), frames(open_video(video)), strict=True):
        assert small.time == whole.time
        assert (small.width, small.height) == (240, 180)
        shrunk = Image.fromarray(whole.rgb()).resize((240, 180), Image.Resampling.BICUBIC)
        assert np.abs(small.rgb().astype(int) - np.asarray(shrunk)).mean() < 4


def test_faces_hidden_and_seen_lie_in_the_smaller_picture(video: Path) -> None:
    seen = watched(video, PLACE, Box(200, 40, 240, 90))
    plan = planned(seen, 240, Outcome.BLOCKED, Outcome.CLEARED)
    assert plan.seen_at(3) == [Box(150, 30, 180, 68)]
    mask = plan.mask_at(3, plan.masks)
    assert mask.luma.shape == (180, 240)
    assert mask.covered(Box(75, 45, 120, 99)) == 1.0
    assert mask.covered(Box(150, 30, 180, 68)) == 0.0


def test_everything_hidden_grows_by_the_reach_of_the_filter_within_the_frame() -> None:
    box = np.array([[20, 20, 40, 50]], np.int32)
    for is_head in (True, False):
        track = MaskedTrack(0, box, is_head)
        plain = frame_mask([track], 0, 100, 100).luma
        grown = frame_mask([track], 0, 100, 100, grown=FILTER_REACH).luma
        rows, columns = np.nonzero(plain)
        wanted = np.zeros_like(plain)
        for row, column in zip(rows, columns, strict=True):
            at, down = int(column), int(row)
            around = Box(at - 4, down - 4, at + 5, down + 5).clipped(100, 100)
            wanted[around.top : around.bottom, around.left : around.right] = True
        assert np.array_equal(grown, wanted)
    nowhere = MaskedTrack(0, np.array([[200, 20, 240, 50]], np.int32), is_head=False)
    assert not frame_mask([nowhere], 0, 100, 100, grown=FILTER_REACH).luma.any()


def test_who_is_too_small_only_in_the_smaller_video_is_seen_in_its_copy(video: Path) -> None:
    small = Box(100, 60, 114, 80)
    plan = planned(watched(video, small), 240, Outcome.NOT_RECOGNISABLE)
    assert plan.masks == ()
    assert plan.seen_at(0) == []
    (place,) = plan.small_at(0)
    assert place == Box(75, 45, 86, 60)


@pytest.mark.parametrize("width", [11, 13, 14, 16])
def test_who_passed_as_too_small_must_be_so_in_the_copy(
    video: Path, tmp_path: Path, width: int
) -> None:
    plan = planned(watched(video, Box(100, 60, 114, 80)), 240, Outcome.NOT_RECOGNISABLE)
    face = Face(Box(75, 45, 75 + width, 45 + width + 2), 0.9)

    def sees(frame: VideoFrame) -> Sequence[Face]:
        y = frame.y[face.box.top : face.box.bottom, face.box.left : face.box.right]
        return () if np.abs(y.astype(int) - GREY).max() < 30 else [face]

    written = write_chunk(plan, plan.chunks[0], frames(plan.watched.info), tmp_path / "part.mp4")
    examiner = FrameExaminer(cast("Detector", Sees(sees)))
    proven = proven_chunk(plan, written, examiner)
    assert bool(proven.appeared) == (width >= 14)
    copy = open_video(tmp_path / "part.mp4")
    assert (copy.width, copy.height) == (240, 180)


def test_a_copy_of_another_size_is_an_error(video: Path) -> None:
    whole = next(frames(open_video(video)))
    mask = planned(watched(video), 240).mask_at(0, ())
    with pytest.raises(VerificationError, match="another size"):
        FrameExaminer(cast("Detector", Sees())).check(whole, cells_of(whole.y), mask, WHEN)


def test_the_size_is_a_part_of_what_a_copy_rests_on(video: Path) -> None:
    plans = [planned(watched(video), max_edge) for max_edge in (0, 240, 242, 300)]
    assert len({plan.digest for plan in plans}) == 4


def test_a_drawn_mask_is_in_pixels_of_the_video(video: Path) -> None:
    inside = Drawn.parse("box:300,220,318,238")
    plan = planned(watched(video), 240, drawn=(inside,))
    assert plan.mask_at(0, ()).luma[165:179, 225:239].all()
    with pytest.raises(ExportRefusedError, match="320 x 240"):
        planned(watched(video), 240, drawn=(Drawn.parse("box:330,10,340,20"),))


@pytest.mark.parametrize("wrong", [(0, 100), (321, 240), (322, 240), (160, 121), (161, 120)])
def test_pictures_are_only_made_smaller_and_even(video: Path, wrong: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="smaller"):
        open_video(video).smaller(*wrong)


def test_pictures_that_lie_on_their_side_or_are_not_square_are_made_smaller_upright(
    folder: Path,
) -> None:
    narrow = (*pictures(0.2, size="160x240"), "-vf", "setsar=2", "-c:v", "libx264")
    plain = made(folder / "narrow.mp4", *narrow)
    turned = made(folder / "turned.mp4", "-display_rotation", "90", "-i", str(plain), "-c", "copy")
    for path, wanted in ((plain, (220, 164)), (turned, (164, 220))):
        info = open_video(path)
        rendition = Rendition.of_video(info.width, info.height, 220)
        assert rendition is not None
        assert (rendition.width, rendition.height) == wanted
        small, whole = info.smaller(*wanted), list(frames(info))
        given = list(frames(small))
        assert [one.time for one in given] == [one.time for one in whole]
        for one, full in zip(given, whole, strict=True):
            assert (one.width, one.height) == wanted
            assert abs(float(one.y.mean()) - float(full.y.mean())) < 2
            corner = one.y[: one.height // 2, : one.width // 2]
            before = full.y[: full.height // 2, : full.width // 2]
            assert abs(float(corner.mean()) - float(before.mean())) < 3
        # One sought in the midst is the same.
        last = next(frames(small, start=given[-1].time))
        assert np.array_equal(last.y, given[-1].y)


def test_a_still_shows_nobody_as_too_small_who_is_larger_in_it(video: Path) -> None:
    seen = watched(video, PLACE)
    result = judged(seen, 240, Outcome.NOT_RECOGNISABLE)
    said = result.tracks[0].verdict
    alone = dataclasses.replace(said, outcome=Outcome.REVIEW, face=Face(PLACE, 0.9))
    (face,) = with_tracks((alone,), seen, result, 2)
    assert face.outcome is Outcome.REVIEW
    (face,) = with_tracks((dataclasses.replace(said, face=alone.face),), seen, result, 2)
    assert face.outcome is Outcome.NOT_RECOGNISABLE
