"""What is somewhere in a photo is where it must be in its copy, and the way back."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clearance.placement import Placement
from clearance.rendition import Rendition
from detector.faces import Box, Face, Landmarks

POINTS = Landmarks((110, 120), (130, 120), (120, 130), (112, 140), (128, 140))
FACE = Face(Box(100, 100, 140, 150), 0.9, POINTS)


def test_a_whole_photo_moves_nothing() -> None:
    placement = Placement.of(400, 300)
    assert not placement.moves(400, 300)
    assert placement.faces([FACE]) == (FACE,)
    pixels = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    np.testing.assert_array_equal(placement.pixels(pixels), pixels)


def test_a_part_is_shown_at_the_scale_of_the_whole() -> None:
    """A crop is no reason to show a face larger than it was judged."""
    rendition = Rendition.of(4000, 3000, 2000)
    placement = Placement.of(4000, 3000, rendition, Box(1000, 0, 3000, 3000))
    assert (placement.width, placement.height) == (1000, 1500)
    assert placement.ratios == (0.5, 0.5)


def test_faces_of_a_part_are_counted_from_its_corner() -> None:
    placement = Placement.of(400, 300, crop=Box(60, 80, 300, 280))
    (face,) = placement.faces([FACE])
    assert face.box == Box(40, 20, 80, 70)
    assert face.landmarks
    assert face.landmarks.nose == (60, 50)


def test_a_smaller_part_shows_the_pixels_it_shows() -> None:
    pixels = np.zeros((300, 400, 3), dtype=np.uint8)
    pixels[100:150, 100:140] = 255
    placement = Placement.of(400, 300, Rendition.of(400, 300, 200), Box(60, 80, 300, 280))
    shown = placement.pixels(pixels)
    assert shown.shape == (100, 120, 3)
    (face,) = placement.faces([FACE])
    inside = shown[face.box.top : face.box.bottom, face.box.left : face.box.right]
    assert inside.mean() > 240
    assert shown.sum() - inside.astype(int).sum() < 0.05 * inside.sum()


@settings(max_examples=100, deadline=None)
@given(
    left=st.integers(0, 200),
    top=st.integers(0, 100),
    width=st.integers(50, 200),
    height=st.integers(50, 200),
    edge=st.sampled_from([0, 200, 333]),
)
def test_a_face_finds_its_way_back(left: int, top: int, width: int, height: int, edge: int) -> None:
    crop = Box(left, top, left + width, top + height)
    placement = Placement.of(400, 300, Rendition.of(400, 300, edge), crop)
    (back,) = placement.faces_back(placement.faces([FACE]))
    # Whole pixels of a smaller copy hold several of the photo.
    around = 1 / min(placement.ratios) + 1
    for one, other in (
        (back.box.left, FACE.box.left),
        (back.box.top, FACE.box.top),
        (back.box.right, FACE.box.right),
        (back.box.bottom, FACE.box.bottom),
    ):
        assert abs(one - other) <= around
    assert back.box.intersection(FACE.box) == FACE.box.area
