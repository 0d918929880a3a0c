"""The part that is proposed is the largest that shows nobody it must not."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearance.cropping import suggest_crop
from detector.faces import Box


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    left, top = draw(st.integers(-2, 10)), draw(st.integers(-2, 10))
    return Box(left, top, left + draw(st.integers(0, 5)), top + draw(st.integers(0, 5)))


def every_part(width: int, height: int) -> list[Box]:
    columns = itertools.combinations(range(width + 1), 2)
    rows = list(itertools.combinations(range(height + 1), 2))
    return [Box(left, top, right, bottom) for left, right in columns for top, bottom in rows]


def fits(part: Box, width: int, height: int, keep: list[Box], avoid: list[Box]) -> bool:
    clipped = [box.clipped(width, height) for box in keep]
    return (
        part.width * 4 >= width
        and part.height * 4 >= height
        and not any(part.intersection(box) for box in avoid if box.area)
        and all(part.intersection(box) == box.area for box in clipped)
    )


@settings(max_examples=300, deadline=None)
@given(
    width=st.integers(1, 10),
    height=st.integers(1, 10),
    keep=st.lists(boxes(), max_size=2),
    avoid=st.lists(boxes(), max_size=4),
    share=st.sampled_from([0.0, 0.2, 0.5]),
)
def test_no_other_part_is_larger(
    width: int, height: int, keep: list[Box], avoid: list[Box], share: float
) -> None:
    part = suggest_crop(width, height, keep, avoid, share)
    parts = [one for one in every_part(width, height) if fits(one, width, height, keep, avoid)]
    parts = [one for one in parts if one.area >= share * width * height]
    if not any(box.clipped(width, height).area for box in avoid):
        assert part is None
        return
    expected = min(parts, key=lambda one: (-one.area, one.left, one.top), default=None)
    assert (part is None) == (expected is None)
    if part and expected:
        assert part in parts
        assert (part.area, part.left, part.top) == (expected.area, expected.left, expected.top)


def test_the_part_beside_a_face_is_proposed() -> None:
    assert suggest_crop(100, 60, [], [Box(80, 10, 95, 30)], 0.3) == Box(0, 0, 80, 60)


def test_nothing_to_avoid_is_nothing_to_cut() -> None:
    assert suggest_crop(100, 60, [Box(5, 5, 9, 9)], [], 0.1) is None
    assert suggest_crop(100, 60, [], [Box(100, 0, 130, 60)], 0.1) is None


def test_a_face_to_keep_that_is_covered_cannot_be_kept() -> None:
    assert suggest_crop(100, 60, [Box(50, 10, 60, 20)], [Box(55, 15, 70, 30)], 0.0) is None


def test_nobody_between_two_who_are_kept_can_be_cut_away() -> None:
    keep = [Box(10, 10, 20, 20), Box(80, 10, 90, 20)]
    assert suggest_crop(100, 60, keep, [Box(40, 10, 50, 20)], 0.0) is None


@pytest.mark.parametrize(("share", "found"), [(0.79, True), (0.81, False)])
def test_a_part_that_is_too_small_is_not_proposed(share: float, found: bool) -> None:
    part = suggest_crop(100, 60, [], [Box(80, 0, 100, 60)], share)
    assert (part is not None) == found


def test_a_strip_is_no_picture() -> None:
    assert suggest_crop(100, 60, [], [Box(24, 0, 100, 60)], 0.0) is None
    assert suggest_crop(100, 60, [], [Box(25, 0, 100, 60)], 0.0) == Box(0, 0, 25, 60)


def test_a_crowd_does_not_take_long() -> None:
    rng = np.random.default_rng(5)
    corners = rng.integers(0, 5900, (200, 2))
    avoid = [Box(int(x), int(y), int(x) + 40, int(y) + 40) for x, y in corners]
    start = time.process_time()
    suggest_crop(6000, 6000, [], avoid, 0.0)
    assert time.process_time() - start < 5
