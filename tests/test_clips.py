"""The makers of clips tell the truth: places, visibility, times, what is in the file."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import clips as made_of_photos
from benchmarks import video_files
from benchmarks.clip_stage import (
    Actor,
    Camera,
    Cutout,
    Ground,
    GroundFace,
    Key,
    Light,
    Oval,
    Scene,
    Shot,
    bar,
    face_in,
)
from benchmarks.clip_truth import COLUMNS, ROWS, ClipTruth, FaceThere
from detector.detector import Detector
from detector.faces import Box
from tests import clips

SIZE = (200, 100)


def a_disc(colour: str = "red") -> Cutout:
    """A picture that is all face: 40 x 40, solid."""
    return Cutout(Image.new("RGBA", (40, 40), colour), Oval(20, 20, 20, 20))


def faces_of(shot: Shot, share: float = 0.0, seconds: float = 0.0) -> dict[str, FaceThere]:
    """The faces of one frame, by person."""
    _, faces = Scene(shot, SIZE, np.random.default_rng(0)).at(share, seconds)
    return {face.person: face for face in faces}


def ground() -> Ground:
    return Ground(Image.new("RGB", SIZE, "white"))


def standing(name: str, x: float, y: float = 0.5, width: float = 0.4, turn: float = 0.0) -> Actor:
    return Actor(name, a_disc(), (Key(0, x, y, width, turn),), sway=0)


# --- where faces are ------------------------------------------------------------------------


def test_a_face_is_where_its_pixels_are() -> None:
    shot = Shot(ground(), 1, (standing("red", 0.25),))
    picture, (face,) = Scene(shot, SIZE, np.random.default_rng(0)).at(0, 0)
    red = np.asarray(picture)[..., 1] < 128
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    assert face.box == Box(30, 30, 70, 70)
    drawn = Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    assert drawn.iou(face.box) > 0.9
    assert face.visible == 1
    assert face.recognisable


def test_a_walker_is_between_two_points_of_its_way() -> None:
    way = (Key(0, 0.2, 0.5, 0.2), Key(1, 0.8, 0.5, 0.4))
    walker = Actor("red", a_disc(), way, sway=0)
    face = faces_of(Shot(ground(), 1, (walker,)), share=0.5)["red"]
    assert face.box == Box(85, 35, 115, 65)
    assert face.width == pytest.approx(30)


def test_who_stands_in_front_hides_who_is_behind() -> None:
    shot = Shot(ground(), 1, (standing("behind", 0.4), standing("front", 0.45)))
    faces = faces_of(shot)
    assert faces["front"].visible == 1
    # Squares 10 pixels apart, the face an ellipse of 40: about a quarter is left.
    assert 0.15 < faces["behind"].visible < 0.35
    assert not faces["behind"].recognisable
    assert faces["behind"].shown[2, 0] > 0.5
    assert faces["behind"].shown[2, 4] == 0


def test_a_post_hides_and_is_no_face() -> None:
    post = Actor("", bar(), (Key(0, 0.5, 0.5, 0.6),), sway=0)
    faces = faces_of(Shot(ground(), 1, (standing("red", 0.5), post)))
    assert faces.keys() == {"red"}
    assert faces["red"].visible == 0


def test_what_is_beyond_the_edge_cannot_be_seen() -> None:
    half = faces_of(Shot(ground(), 1, (standing("red", 0.0),)))["red"]
    assert half.box == Box(-20, 30, 20, 70)
    assert half.visible == pytest.approx(0.5, abs=0.05)
    assert half.shown[:, 0].max() == 0
    assert faces_of(Shot(ground(), 1, (standing("red", -0.2),))) == {}


@pytest.mark.parametrize("turn", [0.0, 90.0, -90.0, 30.0])
def test_a_turned_face_is_counted_where_it_lies(turn: float) -> None:
    tall = Cutout(Image.new("RGBA", (20, 40), "red"), Oval(10, 20, 10, 20))
    actor = Actor("red", tall, (Key(0, 0.5, 0.5, 0.2, turn),), sway=0)
    picture, (face,) = Scene(Shot(ground(), 1, (actor,)), SIZE, np.random.default_rng(0)).at(0, 0)
    assert face.visible == 1
    assert face.width == pytest.approx(20)
    angle = math.radians(turn)
    assert face.box.width == pytest.approx(
        2 * math.hypot(10 * math.cos(angle), 20 * math.sin(angle)), abs=2
    )
    red = np.asarray(picture)[..., 1] < 128
    assert red[50, 100]
    # Along the long axis it reaches 18 pixels, and not across.
    along = (100 - 18 * math.sin(angle), 50 - 18 * math.cos(angle))
    across = (100 + 18 * math.cos(angle), 50 - 18 * math.sin(angle))
    assert red[round(along[1]), round(along[0])]
    assert not red[round(across[1]), round(across[0])]


def test_a_mirrored_cutout_has_its_face_on_the_other_side() -> None:
    cutout = Cutout(Image.new("RGBA", (100, 50)), Oval(20, 25, 10, 12)).mirrored()
    assert cutout.face == Oval(80, 25, 10, 12)


def test_faces_of_the_ground_move_with_the_camera() -> None:
    crowd = Ground(
        Image.new("RGB", (400, 200), "white"),
        (
            GroundFace("one", Box(100, 80, 140, 120)),
            GroundFace("dim", Box(160, 80, 200, 120), False),
        ),
    )
    shot = Shot(crowd, 1, camera=Camera((0.25, 0.5, 0.5), (0.5, 0.5, 0.5)))
    assert faces_of(shot)["one"].box == Box(100, 30, 140, 70)
    assert faces_of(shot, share=1)["one"].box == Box(0, 30, 40, 70)
    assert faces_of(shot)["one"].recognisable
    assert not faces_of(shot)["dim"].recognisable


def test_actors_stay_on_a_ground_over_which_the_camera_moves() -> None:
    wide = Ground(Image.new("RGB", (400, 200), "white"))
    camera = Camera((0.25, 0.5, 0.5), (0.5, 0.5, 0.5))
    shot = Shot(wide, 1, (standing("red", 0.75),), camera)
    assert faces_of(shot)["red"].box == Box(130, 30, 170, 70)
    assert faces_of(shot, share=1)["red"].box == Box(30, 30, 70, 70)


def test_too_small_and_too_blurred_faces_do_not_count() -> None:
    small = faces_of(Shot(ground(), 1, (standing("red", 0.5, width=0.23),)))["red"]
    assert small.visible == 1
    assert not small.recognisable
    sharp, dim = (
        faces_of(Shot(ground(), 1, (standing("red", 0.5),), light=Light(defocus=sigma)))["red"]
        for sigma in (2.0, 4.0)
    )
    assert sharp.recognisable
    assert not dim.recognisable


def test_cells_tell_what_of_a_face_can_be_seen() -> None:
    layers = np.zeros((100, 100), np.uint8)
    layers[:, 50:] = 1
    face = face_in(layers, 1, "half", Oval(50, 50, 25, 30), 0, 0)
    assert face is not None
    assert face.shown.shape == (ROWS, COLUMNS)
    assert face.shown[:, :2].max() == 0
    assert face.shown[2, 3] == 1
    assert face.visible == pytest.approx(0.5, abs=0.03)


# --- files ----------------------------------------------------------------------------------


def test_a_clip_has_the_frames_and_times_of_its_truth(tmp_path: Path) -> None:
    truth = clips.a_clip(tmp_path / "cut.mp4", *clips.cut())
    shown = video_files.shown(truth.path)
    assert truth.cuts == (6,)
    assert len(truth.frames) == len(shown.times) == 12
    assert shown.times == truth.times
    assert {face.person for face in truth.frames[5]} == {clips.CLEARED}
    assert {face.person for face in truth.frames[6]} == {clips.REFUSED}


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    truth = clips.a_clip(tmp_path / "uneven.mp4", uneven=True)
    shown = video_files.shown(truth.path)
    assert shown.times == truth.times
    steps = {after - before for before, after in pairwise(truth.times)}
    assert len(steps) > 3
    assert min(steps) > 0


def test_the_same_clip_has_the_same_pictures(tmp_path: Path) -> None:
    one, other = (clips.a_clip(tmp_path / name) for name in ("one.mp4", "other.mp4"))
    for before, after in zip(clips.luma(one), clips.luma(other), strict=True):
        assert np.array_equal(before, after)


def test_scenes_differ_and_frames_within_one_hardly(tmp_path: Path) -> None:
    truth = clips.a_clip(tmp_path / "cut.mp4", *clips.cut())
    planes = [plane.astype(np.int16) for plane in clips.luma(truth)]
    changes = [float(np.abs(one - other).mean()) for one, other in pairwise(planes)]
    assert max(changes[:5] + changes[6:]) < 2 < changes[5]


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_turned_clip_is_upright_where_it_is_shown(turned: int, tmp_path: Path) -> None:
    upright = clips.a_clip(tmp_path / "upright.mp4")
    held = clips.a_clip(tmp_path / "held.mp4", beside=clips.Beside(turned=turned))
    assert video_files.shown(held.path).size == clips.SMALL
    for one, other in zip(clips.luma(upright), clips.luma(held), strict=True):
        assert np.abs(one.astype(np.int16) - other).mean() < 3


def test_a_clip_holds_what_it_was_asked_to_hold(tmp_path: Path) -> None:
    beside = clips.Beside(
        sound=True, subtitles=True, chapters=True, titles=True, data=True, cover=True
    )
    path = clips.a_clip(tmp_path / "all.mp4", beside=beside).path
    told = video_files.described(path)
    held = video_files.streams(path)
    assert (held["Video"], held["Audio"], held["Subtitle"]) == (2, 1, 1)
    assert held["Data"] >= 1
    for word in ("attached pic", "Priya comes in", "Tiziano Ravelli", "tmcd", "+46.95"):
        assert word in told
    samples = video_files.sound(path)
    assert len(samples) == pytest.approx(video_files.SOUND_RATE, rel=0.1)
    assert 0.2 < np.abs(samples).max() < 0.4
    plain = clips.a_clip(tmp_path / "plain.mp4").path
    assert video_files.streams(plain) == {"Video": 1}
    assert len(video_files.sound(plain)) == 0


def test_a_truth_that_was_written_is_read_again(tmp_path: Path) -> None:
    truth = clips.a_clip(tmp_path / "two.mp4", uneven=True)
    truth.write(tmp_path / "two.json")
    read = ClipTruth.read(tmp_path / "two.json")
    assert (read.path, read.size, read.times) == (truth.path, truth.size, truth.times)
    assert (read.cuts, read.cleared) == (truth.cuts, truth.cleared)
    for one, other in zip(truth.frames, read.frames, strict=True):
        assert [face.box for face in one] == [face.box for face in other]
        assert [face.person for face in one] == [face.person for face in other]
        for before, after in zip(one, other, strict=True):
            assert np.abs(before.shown - after.shown).max() < 0.01


def test_the_finder_sees_every_drawn_face_that_counts(tmp_path: Path) -> None:
    detector = Detector.load()
    truth = clips.a_clip(tmp_path / "crossing.mp4", clips.crossing(seconds=0.8), *clips.cut())
    for frame, pixels in enumerate(video_files.pictures(truth.path, truth.size)):
        if frame % 3:
            continue
        boxes = [face.box for face in detector.find_faces(made_of_photos.as_frame(pixels))]
        for face in truth.frames[frame]:
            found = any(face.box.iou(box) > 0.4 for box in boxes)
            assert found or not face.recognisable, (frame, face.person)


def test_times_need_not_begin_at_an_even_number(tmp_path: Path) -> None:
    """Ninety thousandths of a second are exact for every usual rate."""
    path = tmp_path / "times.mp4"
    times = (Fraction(0), Fraction(1001, 30000), Fraction(2002, 30000), Fraction(1, 5))
    pictures = [Image.new("RGB", (32, 32), (60 * number, 0, 0)) for number in range(4)]
    video_files.write(pictures, (32, 32), path, times=times)
    assert video_files.shown(path).times == times
