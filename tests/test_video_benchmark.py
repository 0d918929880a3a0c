"""The measurement of videos judges rightly: leaks above all, tracks, names, sound."""

from __future__ import annotations

import argparse
import dataclasses
import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from benchmarks import clip_truth, video_files, videos
from benchmarks.clip_truth import (
    COLUMNS,
    HIDDEN,
    ROWS,
    ClipTruth,
    Difficulty,
    FaceThere,
    Following,
    Leaks,
    appearances_in,
    at_times,
    changed_outside,
    followed,
    hidden_share,
    leaks_in,
)
from benchmarks.videos import Exported, Verdict, judged, verdicts_in, wrong_identities
from detector.faces import Box
from detector.tracks import Ending, How, Track
from tests import clips

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from detector.video_frames import Plane

BOX = Box(40, 20, 90, 80)
FULL = np.ones((ROWS, COLUMNS), np.float32)


def a_picture(seed: int = 0, size: tuple[int, int] = (160, 120)) -> Plane:
    """Detail everywhere, coarse enough for a codec."""
    small = np.random.default_rng(seed).integers(40, 200, (size[1] // 4, size[0] // 4))
    picture = Image.fromarray(small.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(picture)


def a_face(person: str = "anna", box: Box = BOX, visible: float = 1.0) -> FaceThere:
    return FaceThere(person, box, box.width, visible, FULL)


def a_truth(
    *frames: Sequence[FaceThere], cuts: tuple[int, ...] = (), cleared: Iterable[str] = ()
) -> ClipTruth:
    return ClipTruth(
        "made up",
        Difficulty.EASY,
        Path("made-up.mp4"),
        (160, 120),
        tuple(Fraction(number, 10) for number in range(len(frames))),
        cuts,
        frozenset(cleared),
        tuple(map(tuple, frames)),
    )


def painted(plane: Plane, box: Box, brightness: int = 0) -> Plane:
    """The box filled with one brightness."""
    copy = plane.copy()
    copy[box.top : box.bottom, box.left : box.right] = brightness
    return copy


def blurred(plane: Plane, box: Box, radius: float) -> Plane:
    """The box blurred, as deface blurs: by half of its width."""
    part = (box.left, box.top, box.right, box.bottom)
    picture = Image.fromarray(plane)
    picture.paste(picture.crop(part).filter(ImageFilter.BoxBlur(radius)), part)
    return np.asarray(picture)


def coded_again(plane: Plane) -> Plane:
    """With another brightness and contrast, and the noise of a codec."""
    noise = np.random.default_rng(5).normal(0, 4, plane.shape)
    return np.clip(plane * 0.93 + 9 + noise, 0, 255).astype(np.uint8)


# --- hidden or shown ------------------------------------------------------------------------


def test_a_face_that_nothing_was_done_to_is_shown() -> None:
    plane = a_picture()
    assert hidden_share(plane, plane, a_face()) == 0
    assert hidden_share(plane, coded_again(plane), a_face()) == 0


@pytest.mark.parametrize(
    "hide",
    [
        lambda plane: painted(plane, BOX),
        lambda plane: painted(plane, BOX, 128),
        lambda plane: blurred(plane, BOX, 12),
        lambda plane: coded_again(blurred(plane, BOX, 12)),
        lambda plane: np.where(painted(np.zeros_like(plane), BOX, 1) > 0, a_picture(9), plane),
    ],
    ids=["black", "grey", "blur", "blur-coded", "another-picture"],
)
def test_whatever_hides_a_face_counts(hide: Callable[[Plane], Plane]) -> None:
    plane = a_picture()
    share = hidden_share(plane, hide(plane), a_face())
    assert share is not None
    assert share >= HIDDEN


def test_half_a_mask_is_half_hidden_and_leaks() -> None:
    plane = a_picture()
    left = dataclasses.replace(BOX, right=65)
    share = hidden_share(plane, painted(plane, left), a_face())
    assert share == pytest.approx(0.5, abs=0.1)
    told, _ = leaks_in(a_truth([a_face()]), [plane], [painted(plane, left)])
    assert told.leaked == 1


def test_what_somebody_in_front_covers_is_not_judged() -> None:
    """The hidden face in front must not hide the one behind it."""
    plane = a_picture()
    left = dataclasses.replace(BOX, right=65)
    shown = FULL.copy()
    shown[:, :3] = 0.3
    behind = FaceThere("anna", BOX, 50, 0.5, shown)
    assert hidden_share(plane, painted(plane, left), behind) == 0


def test_where_nothing_can_be_seen_nothing_is_judged() -> None:
    plane = a_picture()
    dark = np.full_like(plane, 16)
    assert hidden_share(dark, dark, a_face()) is None
    told, leaks = leaks_in(a_truth([a_face()]), [dark], [dark])
    assert (told.unjudged, told.uncleared, leaks) == (1, 0, ())
    nothing = FaceThere("anna", BOX, 50, 1.0, np.zeros((ROWS, COLUMNS), np.float32))
    assert hidden_share(plane, plane, nothing) is None


def test_a_face_beyond_the_edge_is_judged_by_what_is_in_the_frame() -> None:
    plane = a_picture()
    box = Box(-25, 20, 25, 80)
    shown = FULL.copy()
    shown[:, :3] = 0
    face = FaceThere("anna", box, 50, 0.5, shown)
    assert hidden_share(plane, plane, face) == 0
    assert hidden_share(plane, painted(plane, box.clipped(160, 120)), face) == 1


# --- leaks ----------------------------------------------------------------------------------


def test_every_frame_that_is_shown_again_counts_once() -> None:
    """A counter that never counts is the worst mistake: frames are un-hidden one by one."""
    planes = [a_picture(seed) for seed in range(6)]
    truth = a_truth(*([a_face()] for _ in planes))
    hidden = [painted(plane, BOX) for plane in planes]
    for shown in range(7):
        copy = [*planes[:shown], *hidden[shown:]]
        told, leaks = leaks_in(truth, planes, copy)
        assert (told.leaked, told.uncleared) == (shown, 6)
        assert [leak.frame for leak in leaks] == list(range(shown))
        assert told.longest == pytest.approx(shown / 10)
    assert told.per_ten_thousand == 10_000


def test_one_of_two_people_is_shown() -> None:
    plane = a_picture()
    other = Box(100, 20, 150, 80)
    truth = a_truth([a_face("anna"), a_face("ben", other)])
    told, leaks = leaks_in(truth, [plane], [painted(plane, BOX)])
    assert [leak.person for leak in leaks] == ["ben"]
    assert (told.uncleared, told.leaked) == (2, 1)


def test_a_cleared_person_may_be_seen_and_is_counted_apart() -> None:
    plane = a_picture()
    truth = a_truth([a_face()], cleared=["anna"])
    seen, _ = leaks_in(truth, [plane], [plane])
    assert (seen.leaked, seen.cleared, seen.shown, seen.over_masked) == (0, 1, 1, 0)
    hidden, _ = leaks_in(truth, [plane], [painted(plane, BOX)])
    assert (hidden.shown, hidden.cleared_shown) == (0, 0)
    assert hidden.over_masked > 0.1


@pytest.mark.parametrize(
    "face",
    [
        a_face(box=Box(40, 20, 63, 48)),
        a_face(visible=0.4),
        dataclasses.replace(a_face(), sharp=False),
    ],
    ids=["small", "covered", "blurred"],
)
def test_who_cannot_be_recognised_does_not_count(face: FaceThere) -> None:
    plane = a_picture()
    told, leaks = leaks_in(a_truth([face]), [plane], [plane])
    assert (told.uncleared, leaks) == (0, ())


def test_the_longest_time_in_view_is_of_frames_in_a_row() -> None:
    planes = [a_picture(seed) for seed in range(6)]
    truth = a_truth(*([a_face()] for _ in planes))
    shown = {0, 2, 3, 5}
    copy = [plane if frame in shown else painted(plane, BOX) for frame, plane in enumerate(planes)]
    told, _ = leaks_in(truth, planes, copy)
    assert told.leaked == 4
    assert told.longest == pytest.approx(0.2)


@pytest.mark.parametrize(("before", "after"), [(2, 1), (1, 2), (1, 1), (3, 3)])
def test_a_copy_with_other_frames_is_refused(before: int, after: int) -> None:
    plane = a_picture()
    with pytest.raises(ValueError, match=r"frames|argument"):
        leaks_in(a_truth([a_face()], [a_face()]), [plane] * before, [plane] * after)


def test_leaks_of_clips_are_added() -> None:
    one = Leaks(100, 1, 2, 10, 9, 0.5, 0.1, 50)
    both = one + Leaks(300, 3, 0, 0, 0, 0.2, 0.0, 50)
    assert (both.per_ten_thousand, both.longest, both.cleared_shown) == (100, 0.5, 0.9)
    assert both.over_masked == pytest.approx(0.001)
    assert np.isnan(Leaks().per_ten_thousand)


def test_a_real_copy_is_judged_by_its_file(tmp_path: Path) -> None:
    """Through ffmpeg and back: encoded again everybody is seen, and painted over nobody is."""
    truth = clips.a_clip(tmp_path / "two.mp4", clips.two_people(seconds=0.6))
    again = tmp_path / "again.mp4"
    video_files.ffmpeg("-i", truth.path, "-c:v", "libx264", "-crf", 30, again)
    shown = judged(truth, Exported(again))
    faces = sum(1 for _ in truth.face_frames())
    assert shown.leaks.leaked == shown.leaks.uncleared == faces // 2 > 0
    assert shown.leaks.shown == shown.leaks.cleared == faces // 2
    assert shown.leaks.unjudged == 0
    hidden = judged(truth, Exported(_painted_over(truth, tmp_path / "hidden.mp4")))
    assert (hidden.leaks.leaked, hidden.leaks.shown) == (0, faces // 2)
    assert hidden.leaks.over_masked < 0.01


def _painted_over(
    truth: ClipTruth, path: Path, but: frozenset[int] = frozenset(), times: bool = True
) -> Path:
    """A copy in which every uncleared face is under a box, but for some frames."""

    def pictures() -> Iterable[Image.Image]:
        for frame, pixels in enumerate(video_files.pictures(truth.path, truth.size)):
            picture = Image.fromarray(pixels)
            for face in truth.frames[frame]:
                if face.person not in truth.cleared and frame not in but:
                    ImageDraw.Draw(picture).rectangle(dataclasses.astuple(face.box), fill="navy")
            yield picture

    encoding = video_files.Encoding(clips.RATE, preset="ultrafast")
    video_files.write(pictures(), truth.size, path, encoding, truth.times if times else ())
    return path


def test_frames_that_are_shown_in_a_file_are_found(tmp_path: Path) -> None:
    truth = clips.a_clip(tmp_path / "crossing.mp4", clips.crossing(seconds=1.0), uneven=True)
    but = frozenset({0, 1, 8})
    copy = _painted_over(truth, tmp_path / "copy.mp4", but)
    _, leaks = leaks_in(truth, clips.luma(truth), videos.pictures_of(truth, copy))
    assert {leak.frame for leak in leaks} == but
    assert {leak.person for leak in leaks} == {clips.REFUSED}


def test_a_clip_without_a_copy_shows_nobody() -> None:
    truth = a_truth([a_face(), a_face("ben")], cleared=["ben"])
    told = judged(truth, Exported(None)).leaks
    assert (told.uncleared, told.leaked, told.cleared, told.shown) == (1, 0, 1, 0)


# --- pictures of a copy at the same times ---------------------------------------------------


def test_repeated_and_dropped_pictures_are_brought_together() -> None:
    planes = [a_picture(seed) for seed in range(5)]
    times = [Fraction(number, 10) for number in range(5)]
    wanted = list(zip(times, planes, strict=True))
    doubled = [(Fraction(number, 20), planes[number // 2]) for number in range(10)]
    late = [(time + Fraction(1, 20), plane) for time, plane in wanted]
    for copies in (wanted, doubled, late):
        found = list(at_times(wanted, copies))
        assert [np.array_equal(one, other) for one, other in zip(found, planes, strict=True)] == (
            [True] * 5
        )
    dropped = [wanted[0], wanted[2], wanted[4]]
    assert len(list(at_times(wanted, dropped))) == 5
    with pytest.raises(ValueError, match="nothing"):
        list(at_times(wanted, []))


def test_a_hidden_face_beside_a_shown_one_is_not_taken_for_it() -> None:
    """Nothing else moves: the picture of the frame before is more like it, and is another."""
    plane = a_picture()
    times = [Fraction(number, 10) for number in range(3)]
    copy = [plane, painted(plane, BOX), plane]
    found = list(at_times([(time, plane) for time in times], list(zip(times, copy, strict=True))))
    assert np.array_equal(found[1], copy[1])


def test_a_frame_hidden_after_one_that_is_shown_is_no_leak(tmp_path: Path) -> None:
    truth = clips.a_clip(tmp_path / "two.mp4")
    copy = _painted_over(truth, tmp_path / "copy.mp4", frozenset({4}))
    _, leaks = leaks_in(truth, clips.luma(truth), videos.pictures_of(truth, copy))
    assert [leak.frame for leak in leaks] == [4]


# --- hidden without need --------------------------------------------------------------------


def test_what_is_hidden_elsewhere_is_told_and_heads_are_left_out() -> None:
    plane = a_picture()
    box = Box(0, 0, 32, 64)
    share = 32 * 64 / (160 * 112)
    assert changed_outside(plane, painted(plane, box), []) == pytest.approx(share, abs=0.01)
    assert changed_outside(plane, painted(plane, box), [box]) == 0
    assert changed_outside(plane, coded_again(plane), []) == 0


# --- following ------------------------------------------------------------------------------


def a_track(number: int, start: int, boxes: Sequence[Box]) -> Track:
    return Track(
        number,
        start,
        np.array([dataclasses.astuple(box) for box in boxes], np.float32),
        np.full(len(boxes), How.SEEN, np.uint8),
        np.ones(len(boxes), np.float32),
        Ending.VIDEO,
        Ending.VIDEO,
    )


RIGHT = Box(100, 20, 150, 80)


def test_a_perfect_following() -> None:
    truth = a_truth(*([a_face("anna"), a_face("ben", RIGHT)] for _ in range(10)))
    told = followed(truth, [a_track(0, 0, [BOX] * 10), a_track(1, 0, [RIGHT] * 10)])
    assert (told.idf1, told.coverage, told.switches, told.mixed) == (1, 1, 0, 0)
    assert (told.tracks, told.appearances) == (2, 2)


def test_a_track_in_two_pieces_is_a_switch() -> None:
    truth = a_truth(*([a_face()] for _ in range(10)))
    told = followed(truth, [a_track(0, 0, [BOX] * 6), a_track(1, 6, [BOX] * 4)])
    assert (told.matched, told.missed, told.surplus) == (6, 4, 4)
    assert told.idf1 == pytest.approx(0.6)
    assert (told.coverage, told.switches, told.mixed) == (1, 1, 0)


def test_a_track_that_goes_on_with_somebody_else_is_mixed() -> None:
    truth = a_truth(*([a_face("anna"), a_face("ben", RIGHT)] for _ in range(10)))
    crossed = [
        a_track(0, 0, [BOX] * 5 + [RIGHT] * 5),
        a_track(1, 0, [RIGHT] * 5 + [BOX] * 5),
    ]
    told = followed(truth, crossed)
    assert (told.mixed, told.switches) == (2, 2)
    assert told.idf1 == pytest.approx(0.5)
    assert told.coverage == 1


def test_missed_faces_and_boxes_that_are_no_face() -> None:
    truth = a_truth(*([a_face()] for _ in range(10)))
    none = followed(truth, [])
    assert (none.idf1, none.coverage, none.missed) == (0, 0, 10)
    elsewhere = followed(truth, [a_track(0, 0, [BOX] * 10), a_track(1, 0, [RIGHT] * 10)])
    assert elsewhere.surplus == 10
    assert elsewhere.idf1 == pytest.approx(20 / 30)


def test_a_box_on_a_face_that_does_not_count_is_left_out() -> None:
    hidden = a_face("ben", RIGHT, visible=0.2)
    truth = a_truth(*([a_face("anna"), hidden] for _ in range(4)))
    told = followed(truth, [a_track(0, 0, [BOX] * 4), a_track(1, 0, [RIGHT] * 4)])
    assert (told.idf1, told.surplus) == (1, 0)


def test_who_comes_back_or_is_in_another_scene_appears_anew() -> None:
    nobody: list[FaceThere] = []
    short = a_truth(*([a_face()], *[nobody] * 5, [a_face()]))
    long = a_truth(*([a_face()], *[nobody] * 12, [a_face()]))
    scenes = a_truth([a_face()], [a_face()], cuts=(1,))
    counts = [len(set(appearances_in(truth).values())) for truth in (short, long, scenes)]
    assert counts == [1, 2, 2]
    assert followed(scenes, [a_track(0, 0, [BOX]), a_track(1, 1, [BOX])]).switches == 0


def test_followings_are_added() -> None:
    both = Following(8, 2, 0, 9, 1, 0, 3, 2) + Following(2, 0, 0, 2, 0, 1, 1, 1)
    assert both == Following(10, 2, 0, 11, 1, 1, 4, 3)


# --- names ----------------------------------------------------------------------------------


def test_an_answer_is_read_and_wrong_identities_are_counted() -> None:
    faces = [
        {"person": "p1", "outcome": "cleared", "box": [40, 20, 90, 80]},
        {"person": "p2", "outcome": "cleared", "box": [100, 20, 150, 80]},
        {"person": "p2", "outcome": "review", "box": [100, 20, 150, 80]},
        {"person": None, "outcome": "blocked", "box": [0, 0, 9, 9]},
    ]
    output = "\n".join(("Some words.", json.dumps({"faces": faces})))
    said = verdicts_in(output, {"p1": "anna", "p2": "ben"})
    assert said[0] == Verdict("anna", True, BOX)
    assert len(said) == 3
    truth = a_truth([a_face("anna"), a_face("stranger", RIGHT)], cleared=["anna", "ben"])
    assert wrong_identities(truth, Exported(None, said)) == 1
    assert wrong_identities(truth, Exported(None, said[:1])) == 0
    assert verdicts_in("nothing", {}) == ()


def test_the_table_tells_leaks_by_class() -> None:
    truth = a_truth([a_face()])
    plane = a_picture()
    told, _ = leaks_in(truth, [plane], [plane])
    text = videos.leak_table({"somebody": [videos.Judged(truth, told, 0, Exported(Path("x")))]})
    row = [cell.strip() for cell in text.splitlines()[-1].split("|")]
    assert row[1:6] == ["easy", "somebody", "1", "1", "10000.0"]


# --- sound, sheets, options -----------------------------------------------------------------


def a_clap(path: Path, late: float) -> Path:
    """White at a second, but for a mask, and a click so much later."""
    pictures = [
        Image.new("RGB", (64, 48), "white" if frame in {10, 11} else "grey") for frame in range(20)
    ]
    for picture in pictures:
        picture.paste("black", (0, 0, 32, 24))
    samples = np.zeros(2 * video_files.SOUND_RATE, np.float32)
    start = round((1 + late) * video_files.SOUND_RATE)
    samples[start : start + 400] = 0.9
    sound = path.with_suffix(".wav")
    video_files.write_sound(samples, sound)
    encoding = video_files.Encoding(
        Fraction(10), inputs=("-i", str(sound)), options=("-map", "1:a", "-c:a", "aac")
    )
    video_files.write(pictures, (64, 48), path, encoding)
    return path


@pytest.mark.parametrize("late", [0.0, 0.12, -0.3])
def test_a_clap_tells_how_late_the_sound_is(late: float, tmp_path: Path) -> None:
    (told,) = videos.claps_in(a_clap(tmp_path / "clap.mp4", late))
    assert told == pytest.approx(late, abs=0.005)


def test_a_clip_without_sound_has_no_clap(tmp_path: Path) -> None:
    assert videos.claps_in(clips.a_clip(tmp_path / "silent.mp4").path) == []


def test_a_sheet_shows_one_row_a_file(tmp_path: Path) -> None:
    paths = [clips.a_clip(tmp_path / name).path for name in ("one.mp4", "two.mp4")]
    sheet = videos.contact_sheet(paths)
    assert sheet.size == (videos.SHEET_WIDTH * videos.ON_SHEET, 2 * 240)


def test_pictures_of_people_do_not_get_into_the_project(tmp_path: Path) -> None:
    assert videos.outside(str(tmp_path)) == tmp_path.resolve()
    with pytest.raises(argparse.ArgumentTypeError, match="in the project"):
        videos.outside(str(videos.ROOT / "docs"))


def test_parts_are_chosen_by_name() -> None:
    assert videos.chosen("sync,truth") == ("truth", "sync")
    assert videos.chosen("") == tuple(videos.PARTS)
    with pytest.raises(argparse.ArgumentTypeError, match="no part speed"):
        videos.chosen("speed")


def test_media_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"has no lfw_people\.csv"):
        videos.prepared(tmp_path, tmp_path / "work", 1, (), 1)


def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "words.mp4"
    path.write_text("no video", "utf-8")
    with pytest.raises(SystemExit, match="ffmpeg failed"):
        video_files.shown(path)
    with pytest.raises(SystemExit, match="could not read"):
        list(video_files.planes(path, (16, 16)))


def test_the_limits_are_told_where_they_are_used() -> None:
    """The text that explains the rule must not part from the numbers."""
    assert clip_truth.__doc__
    assert "fifth of its width" in clip_truth.__doc__
    assert (COLUMNS, clip_truth.LOST, HIDDEN) == (5, 0.5, 0.75)
