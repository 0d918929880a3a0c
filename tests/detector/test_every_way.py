"""The thorough look: mirrored, turned, everywhere; and what is asked of a small face."""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.detection import find_faces, required_score, sightings
from detector.detector import Detector
from detector.faces import Box, Face
from detector.options import DetectionOptions
from detector.passes import TURNS, turned_back
from detector.voting import Candidates, vote
from tests.detector.fakes import ColourRecogniser, SquareFinder, a_frame, a_picture, landmarks_in

if TYPE_CHECKING:
    from detector.faces import Frame, Pixels
    from tests.detector.conftest import SamplePicture

THOROUGH = DetectionOptions(thorough=True)
LEFT, RIGHT = Box(40, 60, 80, 108), Box(320, 180, 360, 228)


class _LeftHalf(SquareFinder):
    """Sees faces in the left half of an upright picture, and none elsewhere.

    The sky is up.
    """

    def find(self, pixels: Pixels, threshold: float) -> Candidates:
        found = super().find(pixels, threshold)
        upright = pixels[0].mean(axis=0)[2] > 200
        return found.take((found.boxes[:, 2] <= pixels.shape[1] / 2) & upright)


def under_the_sky(*faces: Box) -> Pixels:
    picture = a_picture(*faces)
    picture[:16] = (90, 100, 255)
    return picture


class _Weak(SquareFinder):
    """Sees every face a little, and gives no hint in small copies."""

    hint: float | None = 0.02

    def __init__(self, score: float) -> None:
        super().__init__()
        self.score = score

    def find(self, pixels: Pixels, threshold: float) -> Candidates:
        found = super().find(pixels, threshold)
        scores = np.full(len(found), self.score, np.float32)
        return Candidates(found.boxes, scores, found.landmarks).take(scores >= threshold)


def boxes(faces: tuple[Face, ...]) -> list[Box]:
    return [face.box for face in faces]


def test_what_only_the_mirror_shows_is_found_where_it_is() -> None:
    frame = a_frame(under_the_sky(LEFT, RIGHT))
    assert boxes(find_faces(frame, _LeftHalf())) == [LEFT]
    found = find_faces(frame, _LeftHalf(), THOROUGH)
    assert [max(box.iou(one) for one in boxes(found)) > 0.8 for box in (LEFT, RIGHT)] == [True] * 2
    points = found[1].landmarks
    assert points is not None
    # The viewer's left eye stays on the left.
    np.testing.assert_allclose(points.points, landmarks_in(RIGHT).points, atol=2)


def test_a_size_is_one_witness_however_often_it_is_looked_at() -> None:
    (face,) = find_faces(a_frame(a_picture(LEFT)), _Weak(0.3), THOROUGH)
    once = find_faces(a_frame(a_picture(LEFT)), _Weak(0.3))
    assert face.score == pytest.approx(once[0].score)
    assert face.passes == once[0].passes


def test_a_thorough_look_leaves_out_no_part_of_any_copy() -> None:
    finder = _Weak(0.3)
    find_faces(a_frame(a_picture(LEFT, width=900, height=700)), finder, THOROUGH)
    enlarged = 1800 * 1400
    assert sum(width * height for width, height in finder.looks) > 2 * enlarged


@pytest.mark.parametrize("turns", TURNS)
def test_a_picture_on_its_side_is_looked_at_every_way(turns: int) -> None:
    class Upright(SquareFinder):
        def find(self, pixels: Pixels, threshold: float) -> Candidates:
            found = super().find(pixels, threshold)
            return found if pixels.shape[1] >= pixels.shape[0] else found.take(np.array([], int))

    picture = a_picture(LEFT, RIGHT, width=420)
    turned = np.ascontiguousarray(np.rot90(picture, turns))
    assert len(find_faces(a_frame(turned), Upright(), THOROUGH)) == 2


@given(
    st.sampled_from(TURNS),
    st.integers(50, 90),
    st.integers(20, 90),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_turning_back_undoes_a_turn(turns: int, width: int, height: int, x: int, y: int) -> None:
    picture = np.zeros((height, width), bool)
    box = Box(x, y, x + 7, y + 5).clipped(width, height)
    if not box.area:
        return
    picture[box.top : box.bottom, box.left : box.right] = True
    rows, columns = np.nonzero(np.rot90(picture, turns))
    seen = Candidates(
        np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32),
        np.ones(1, np.float32),
        np.zeros((1, 5, 2), np.float32),
    )
    back = turned_back(seen, turns, width, height).boxes[0]
    assert tuple(back) == dataclasses.astuple(box)


scores = st.floats(0.125, 0.875, width=32)


def voted_score(given_scores: list[float]) -> float:
    passes = [
        Candidates(
            np.array([dataclasses.astuple(LEFT)], np.float32),
            np.array([score], np.float32),
            np.array([landmarks_in(LEFT).points], np.float32),
        )
        for score in given_scores
    ]
    return float(vote(passes).candidates.scores[0])


@given(st.lists(scores, min_size=1, max_size=8), st.data())
def test_a_stronger_sighting_never_makes_a_face_less_certain(
    some: list[float], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(some) - 1))
    more = [*some[:index], data.draw(st.floats(some[index], 0.9375, width=32)), *some[index + 1 :]]
    assert voted_score(more) >= voted_score(some) - 1e-6
    assert voted_score([*some, 0.125]) >= voted_score(some) - 1e-6


@given(st.lists(scores, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_passes_does_not_matter(some: list[float], shuffler: random.Random) -> None:
    shuffled = list(some)
    shuffler.shuffle(shuffled)
    assert voted_score(shuffled) == pytest.approx(voted_score(some), abs=1e-6)


def a_face(width: int, score: float = 0.5) -> Face:
    return Face(Box(0, 0, width, round(width * 4 / 3)), score)


def test_more_is_asked_of_a_smaller_face() -> None:
    asked = [required_score(a_face(width)) for width in (96, 24, 18, 12, 6, 3)]
    assert asked == sorted(asked)
    assert asked[0] == asked[1] == DetectionOptions().threshold
    assert asked[3] == pytest.approx(DetectionOptions().threshold + DetectionOptions().doubt)
    assert max(asked) <= 0.9


@given(st.integers(1, 60), st.integers(1, 60))
def test_a_thorough_look_never_asks_for_more(width: int, height: int) -> None:
    face = Face(Box(0, 0, width, height), 0.5)
    assert required_score(face, THOROUGH) <= required_score(face)


def test_a_face_in_profile_counts_by_its_height() -> None:
    narrow = Face(Box(0, 0, 14, 40), 0.5)
    assert required_score(narrow) == DetectionOptions().threshold


def test_the_score_is_asked_for_in_pictures() -> None:
    small = Box(40, 60, 56, 80)
    certain = Box(200, 60, 216, 80)
    seen = sightings(a_picture(small, certain), _Weak(0.2))
    score = float(vote(seen).candidates.scores.max())
    frame = a_frame(a_picture(small))
    asked = DetectionOptions(threshold=score - 0.01, doubt=0.5)
    assert find_faces(frame, _Weak(0.2), asked) == ()
    assert find_faces(frame, _Weak(0.2), dataclasses.replace(asked, doubt=0.0))


def test_a_detector_looks_as_it_was_asked_to() -> None:
    def detector(options: DetectionOptions | None) -> Detector:
        return Detector(_LeftHalf, ColourRecogniser, "colours", options)

    frame = a_frame(under_the_sky(LEFT, RIGHT))
    assert len(detector(None).find_faces(frame)) == 1
    assert len(detector(THOROUGH).find_faces(frame)) == 2


# --- with the real network -----------------------------------------------------------------


@pytest.fixture(scope="module")
def thorough() -> Detector:
    return Detector.load(options=THOROUGH)


@pytest.mark.parametrize("name", ["album/04.jpg", "album/05.jpg"])
def test_a_thorough_look_loses_nobody(
    cast: dict[str, SamplePicture], detector: Detector, thorough: Detector, name: str
) -> None:
    frame: Frame = cast[name].open()
    found = boxes(thorough.find_faces(frame))
    for face in detector.find_faces(frame):
        assert max(face.box.iou(box) for box in found) >= 0.5
