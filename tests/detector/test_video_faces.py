"""One look a frame sees what it must, and looks again only where that pays."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detector.detector import Detector
from detector.faces import Box, Face
from detector.photo import open_photo
from detector.video_faces import EXPECTED, PERHAPS, SURE, is_sure, look_at_frame
from detector.video_frames import ColourMatrix, Colours, VideoFrame
from detector.voting import Candidates
from tests.commands import SAMPLES
from tests.detector.fakes import SquareFinder, a_detector, a_picture, landmarks_in


def a_video_frame(pixels: np.ndarray, index: int = 0) -> VideoFrame:
    y, cb, cr = Image.fromarray(pixels).convert("YCbCr").split()
    half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
    small_cb, small_cr = (
        np.asarray(plane.resize(half, Image.Resampling.BOX)) for plane in (cb, cr)
    )
    colours = Colours(ColourMatrix.BT601, full_range=True)
    return VideoFrame(index, Fraction(index, 25), np.asarray(y), small_cb, small_cr, colours)


class Scripted(SquareFinder):
    """Sees magenta squares, with the score that is asked for at their width in the look."""

    def __init__(self, score: float, from_width: int = 8) -> None:
        super().__init__()
        self.score = score
        self.from_width = from_width

    def find(self, pixels: np.ndarray, threshold: float) -> Candidates:
        found = super().find(pixels, threshold)
        wide = found.boxes[:, 2] - found.boxes[:, 0] >= self.from_width
        found = found.take(wide)
        scores = np.full(len(found), self.score, np.float32)
        return Candidates(found.boxes, scores, found.landmarks).take(scores >= threshold)


FACE = Box(400, 300, 480, 404)
SMALL = Box(1000, 600, 1012, 616)


def test_a_large_frame_is_looked_at_at_half_its_size() -> None:
    finder = SquareFinder()
    frame = a_video_frame(a_picture(FACE, width=1920, height=1080))
    (face,) = look_at_frame(frame, finder)
    assert finder.looks == [(960, 540)]
    assert face.box == FACE
    assert face.landmarks is not None
    assert np.allclose(face.landmarks.points, landmarks_in(FACE).points, atol=2)


def test_a_small_one_is_looked_at_as_it_is_and_a_larger_one_at_a_quarter() -> None:
    for size, looked in (((640, 360), (640, 360)), ((3840, 2160), (960, 540))):
        finder = SquareFinder()
        look_at_frame(a_video_frame(a_picture(width=size[0], height=size[1])), finder)
        assert finder.looks == [looked]


def test_an_expected_face_that_is_not_seen_is_looked_for_at_full_size() -> None:
    finder = Scripted(0.8, from_width=10)
    frame = a_video_frame(a_picture(FACE, SMALL, width=1920, height=1080))
    assert [face.box for face in look_at_frame(frame, finder)] == [FACE]
    finder.looks.clear()
    found = look_at_frame(frame, finder, expected=[FACE, SMALL])
    assert [face.box for face in found] == [FACE, SMALL]
    assert len(finder.looks) == 2  # what was seen clearly needs no look of its own
    assert max(finder.looks[1]) < 64


def test_a_weak_sighting_counts_where_a_face_is_expected_only() -> None:
    weak = (EXPECTED + PERHAPS) / 2
    frame = a_video_frame(a_picture(FACE, width=1920, height=1080))
    assert look_at_frame(frame, Scripted(weak)) == ()
    assert look_at_frame(frame, Scripted(weak), expected=[Box(900, 300, 980, 404)]) == ()
    assert len(look_at_frame(frame, Scripted(weak), expected=[FACE])) == 1


def test_a_sighting_between_is_given_but_not_sure() -> None:
    frame = a_video_frame(a_picture(FACE, width=1920, height=1080))
    (perhaps,) = look_at_frame(frame, Scripted((PERHAPS + SURE) / 2))
    (sure,) = look_at_frame(frame, Scripted(SURE + 0.01))
    assert not is_sure(perhaps)
    assert is_sure(sure)


def test_more_is_asked_of_a_smaller_face() -> None:
    assert is_sure(Face(Box(0, 0, 24, 32), SURE + 0.01))
    assert not is_sure(Face(Box(0, 0, 12, 16), SURE + 0.01))
    assert is_sure(Face(Box(0, 0, 12, 16), SURE + 0.16))


def test_what_a_careful_look_finds_is_sure() -> None:
    """The square is too small for the look at half the size, and not for that at the full one."""
    finder = Scripted(0.8, from_width=10)
    detector = a_detector(finder)
    frame = a_video_frame(a_picture(SMALL, width=1920, height=1080))
    assert detector.look_at_frame(frame) == ()
    (face,) = detector.look_at_frame(frame, careful=True)
    assert is_sure(face)
    assert face.box.iou(SMALL) > 0.7


def test_many_expected_faces_take_no_more_than_their_share() -> None:
    finder = SquareFinder()
    places = [Box(x, y, x + 80, y + 104) for x in range(0, 1800, 60) for y in range(0, 900, 60)]
    look_at_frame(a_video_frame(a_picture(width=1920, height=1080)), finder, expected=places)
    own = [width * height for width, height in finder.looks[1:]]
    assert sum(own) <= 2 * 150_000  # upright, and at one turn


def test_what_lies_beyond_the_frame_is_nowhere() -> None:
    frame = a_video_frame(a_picture(width=640, height=360))
    places = [Box(-90, -90, -10, -10), Box(5, 5, 5, 9), Box(700, 400, 800, 500)]
    assert look_at_frame(frame, SquareFinder(), expected=places) == ()


@pytest.mark.parametrize("scale", [1.0, 0.6])
def test_the_network_sees_everybody_at_a_glance(detector: Detector, scale: float) -> None:
    path: Path = SAMPLES / "ward-opening.jpg"
    photo = open_photo(path)
    size = round(photo.width * scale) // 2 * 2, round(photo.height * scale) // 2 * 2
    pixels = np.asarray(Image.fromarray(photo.pixels).resize(size))
    frame = a_video_frame(pixels)
    glance = [face for face in detector.look_at_frame(frame) if is_sure(face)]
    for face in detector.find_faces(photo):
        there = face.scaled(size[0] / photo.width, size[1] / photo.height)
        assert max(there.box.iou(one.box) for one in glance) > 0.5
