"""Boxes: the one place where pixel arithmetic lives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.faces import Box, Face, Landmarks, SizeClass

SIDES = st.integers(-50, 200)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    left, top = draw(SIDES), draw(SIDES)
    return Box(left, top, left + draw(st.integers(0, 99)), top + draw(st.integers(0, 99)))


@given(boxes(), st.integers(1, 150), st.integers(1, 150))
def test_clipping_keeps_exactly_the_pixels_inside_the_picture(
    box: Box, width: int, height: int
) -> None:
    clipped = box.clipped(width, height)
    assert clipped.area == box.intersection(Box(0, 0, width, height))
    assert clipped.clipped(width, height) == clipped


@given(boxes(), boxes())
def test_overlap_is_symmetric_and_a_share(one: Box, other: Box) -> None:
    assert one.iou(other) == other.iou(one)
    assert 0.0 <= one.iou(other) <= 1.0
    assert one.intersection(other) <= min(one.area, other.area)


@given(boxes().filter(lambda box: box.area > 0))
def test_a_box_overlaps_itself_wholly(box: Box) -> None:
    assert box.iou(box) == 1.0


EDGES = st.floats(-1e4, 1e4)


@given(EDGES, EDGES, st.floats(0, 500), st.floats(0, 500))
def test_a_box_around_holds_the_rectangle_and_nothing_to_spare(
    left: float, top: float, width: float, height: float
) -> None:
    right, bottom = left + width, top + height
    box = Box.around(left, top, right, bottom)
    assert box.left <= left < box.left + 1
    assert box.right - 1 < right <= box.right
    assert box.top <= top < box.top + 1
    assert box.bottom - 1 < bottom <= box.bottom


def test_the_order_of_face_recognition_is_turned_round() -> None:
    assert Box.from_trbl(1, 20, 30, 4) == Box(left=4, top=1, right=20, bottom=30)


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (0, SizeClass.TOO_SMALL),
        (11, SizeClass.TOO_SMALL),
        (12, SizeClass.DOUBTFUL),
        (23, SizeClass.DOUBTFUL),
        (24, SizeClass.RECOGNISABLE),
    ],
)
def test_size_classes_begin_at_their_limits(width: int, expected: SizeClass) -> None:
    assert Face(Box(0, 0, width, width), 0.5).size_class is expected


def test_eye_distance_is_measured_along_the_tilt() -> None:
    points = Landmarks((0, 0), (30, 40), (0, 0), (0, 0), (0, 0))
    assert points.eye_distance == 50
