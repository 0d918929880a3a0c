"""A cut is found, and neither a flash nor a swing nor a lamp is one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from detector.motion import SmallPicture
from detector.scene_cuts import AHEAD, Change, SceneCuts, Thumbnail
from tests.detector.moving import Grey, texture

WIDTH, HEIGHT = 320, 180
ONE, OTHER = texture(1, 3 * WIDTH, HEIGHT, 9), texture(2, 3 * WIDTH, HEIGHT, 9)


def view(ground: Grey, left: int = 0) -> Grey:
    return np.ascontiguousarray(ground[:, left : left + WIDTH])


def lit(picture: Grey, light: float) -> Grey:
    bright: Grey = np.clip(picture * light, 0, 255).astype(np.uint8)
    return bright


def changes(pictures: Sequence[Grey]) -> dict[int, Change]:
    """The frames before which something changes."""
    thumbnails = [Thumbnail.of(SmallPicture.of(picture)) for picture in pictures]
    cuts = SceneCuts()
    found = [
        cuts.change(one, thumbnails[place + 1 : place + 1 + AHEAD])
        for place, one in enumerate(thumbnails)
    ]
    return {place: change for place, change in enumerate(found) if change is not Change.NONE}


def test_a_cut_is_found_where_it_is() -> None:
    assert changes([view(ONE)] * 5 + [view(OTHER)] * 5) == {5: Change.CUT}


def test_a_scene_of_one_frame_at_the_end_is_a_scene() -> None:
    assert changes([view(ONE)] * 5 + [view(OTHER)]) == {5: Change.CUT}


def test_nothing_changes_in_a_scene() -> None:
    random = np.random.default_rng(0)
    noisy = [
        np.clip(view(ONE).astype(int) + random.integers(-12, 13, (HEIGHT, WIDTH)), 0, 255)
        for _ in range(8)
    ]
    assert changes([picture.astype(np.uint8) for picture in noisy]) == {}


@pytest.mark.parametrize("speed", [3, 10, 25])
def test_a_swing_of_the_camera_is_no_cut(speed: int) -> None:
    assert changes([view(ONE, speed * frame) for frame in range(12)]) == {}


def test_a_lamp_is_no_cut() -> None:
    assert changes([view(ONE)] * 4 + [lit(view(ONE), 0.3)] * 4 + [view(ONE)] * 4) == {}


@pytest.mark.parametrize("length", range(1, AHEAD + 1))
def test_a_flash_is_no_cut(length: int) -> None:
    white = np.full((HEIGHT, WIDTH), 250, np.uint8)
    assert changes([view(ONE)] * 5 + [white] * length + [view(ONE)] * 5) == {}


def test_a_longer_white_is_one() -> None:
    white = np.full((HEIGHT, WIDTH), 250, np.uint8)
    found = changes([view(ONE)] * 5 + [white] * (AHEAD + 1) + [view(ONE)] * 5)
    assert found == {5: Change.CUT, 5 + AHEAD + 1: Change.CUT}


def test_a_flash_at_a_cut_does_not_hide_it() -> None:
    white = np.full((HEIGHT, WIDTH), 250, np.uint8)
    found = changes([view(ONE)] * 5 + [white] + [view(OTHER)] * 5)
    assert 5 in found


def test_a_fade_is_two_cuts_at_its_dark_middle() -> None:
    dark = [lit(view(ONE), max(0.0, 1 - frame / 10)) for frame in range(16)]
    bright = [lit(view(OTHER), frame / 10) for frame in range(11)]
    found = changes([*dark, *bright])
    assert len(found) == 2
    assert all(8 <= frame <= 19 for frame in found)


def test_half_of_another_scene_is_a_doubt() -> None:
    """Who was in the other half may be there still: what is held goes on being held."""
    half = view(ONE).copy()
    half[:, : WIDTH * 7 // 10] = view(OTHER)[:, : WIDTH * 7 // 10]
    assert changes([view(ONE)] * 5 + [half] * 5) == {5: Change.DOUBTFUL}
