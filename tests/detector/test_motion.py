"""The camera's motion and a head's are found; what is not there is not."""

from __future__ import annotations

import numpy as np
import pytest

from detector.motion import Camera, Patch, SmallPicture, follow
from tests.detector.moving import Grey, texture

GROUND = texture(5, 2200, 1400, 24)


def view(left: int, top: int, width: int = 1280, height: int = 720) -> Grey:
    return np.ascontiguousarray(GROUND[top : top + height, left : left + width])


def with_head(x: int, y: int, seed: int = 9) -> Grey:
    picture = view(100, 100).copy()
    picture[y : y + 80, x : x + 60] = texture(seed, 60, 80, 8)
    return picture


@pytest.mark.parametrize(("right", "down"), [(0, 0), (16, 0), (-40, 8), (8, -56), (90, 40)])
def test_the_cameras_motion_is_found(right: int, down: int) -> None:
    camera = Camera()
    camera.moved(SmallPicture.of(view(300, 200)))
    shift = camera.moved(SmallPicture.of(view(300 - right, 200 - down)))
    assert abs(shift.right - right) <= 4
    assert abs(shift.down - down) <= 4
    assert shift.certainty > 0.8


def test_there_is_no_motion_between_two_scenes() -> None:
    camera = Camera()
    assert camera.moved(SmallPicture.of(view(0, 0))).certainty == 0
    camera.cut()
    assert camera.moved(SmallPicture.of(view(300, 200))).certainty == 0
    other = np.random.default_rng(1).integers(0, 256, (720, 1280), dtype=np.uint8)
    assert camera.moved(SmallPicture.of(other)).certainty < 0.5


def test_somebody_who_walks_is_not_the_camera() -> None:
    camera = Camera()
    camera.moved(SmallPicture.of(with_head(300, 300)))
    shift = camera.moved(SmallPicture.of(with_head(330, 300)))
    assert (shift.right, shift.down) == (0, 0)


def test_a_head_is_found_again() -> None:
    patch = Patch(SmallPicture.of(with_head(300, 300)), (300, 300, 360, 380))
    found = follow(patch, SmallPicture.of(with_head(326, 312)), (0, 0), 60)
    assert found.certainty > 0.7
    assert np.allclose(found.box, (326, 312, 386, 392), atol=4)


def test_brightness_does_not_matter() -> None:
    patch = Patch(SmallPicture.of(with_head(300, 300)), (300, 300, 360, 380))
    dim = (with_head(310, 300) * 0.4).astype(np.uint8)
    found = follow(patch, SmallPicture.of(dim), (0, 0), 40)
    assert found.certainty > 0.7
    assert np.allclose(found.box, (310, 300, 370, 380), atol=4)


def test_another_head_is_not_it() -> None:
    patch = Patch(SmallPicture.of(with_head(300, 300)), (300, 300, 360, 380))
    assert follow(patch, SmallPicture.of(with_head(300, 300, seed=10)), (0, 0), 40).certainty < 0.6


def test_a_head_out_of_reach_is_not_found() -> None:
    patch = Patch(SmallPicture.of(with_head(300, 300)), (300, 300, 360, 380))
    assert follow(patch, SmallPicture.of(with_head(700, 300)), (0, 0), 60).certainty < 0.6


def test_an_even_patch_is_found_nowhere() -> None:
    even = SmallPicture.of(np.full((720, 1280), 90, np.uint8))
    found = follow(Patch(even, (300, 300, 360, 380)), even, (7, 3), 60)
    assert found.certainty == 0
    assert found.box == (307, 303, 367, 383)


@pytest.mark.parametrize(
    "box", [(-50, -60, 10, 20), (1250, 700, 1310, 780), (0, 0, 1280, 720), (5, 5, 6, 6)]
)
def test_at_the_edge_and_beyond_it_nothing_breaks(box: tuple[float, ...]) -> None:
    small = SmallPicture.of(view(0, 0))
    left, top, right, bottom = box
    found = follow(Patch(small, (left, top, right, bottom)), small, (0, 0), 40)
    assert np.isfinite(found.box).all()
    assert 0 <= found.certainty <= 1


def test_a_small_picture_is_small_whatever_the_frame() -> None:
    assert SmallPicture.of(np.zeros((1080, 1920), np.uint8)).grey.shape == (360, 640)
    assert SmallPicture.of(np.zeros((2160, 3840), np.uint8)).factor == 6
    assert SmallPicture.of(np.zeros((180, 320), np.uint8)).factor == 1
