"""Masks of a video: wide enough in time, steady, and with nothing left under them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearance.masks import head_region, window
from clearance.video_masks import (
    GREY,
    MaskedTrack,
    frame_mask,
    frames_around,
    masked_face,
    masked_place,
    masked_track,
)
from detector.faces import Box, Face
from detector.tracks import Ending, How, Track, Uncertain
from detector.video_frames import Colours, VideoFrame

RATE = Fraction(25)


def a_track(boxes: list[tuple[float, float, float, float]], start: int = 10) -> Track:
    n = len(boxes)
    return Track(
        number=0,
        start=start,
        boxes=np.array(boxes, np.float32),
        how=np.full(n, How.SEEN, np.uint8),
        scores=np.full(n, 0.9, np.float32),
        began=Ending.VIDEO,
        ended=Ending.VIDEO,
    )


def a_frame(width: int = 320, height: int = 240, seed: int = 1) -> VideoFrame:
    rng = np.random.default_rng(seed)
    return VideoFrame(
        0,
        Fraction(0),
        rng.integers(16, 236, (height, width), np.uint8),
        rng.integers(0, 256, (height // 2, width // 2), np.uint8),
        rng.integers(0, 256, (height // 2, width // 2), np.uint8),
        Colours(),
    )


def walking(n: int) -> list[tuple[float, float, float, float]]:
    return [(20.5 + 3 * i, 40.0, 60.5 + 3 * i, 95.0) for i in range(n)]


def test_the_mask_of_a_frame_holds_the_heads_a_moment_before_and_after() -> None:
    track = a_track(walking(20))
    mask, around = masked_track(track, RATE, 100), frames_around(RATE)
    for frame in range(track.start, track.stop):
        box = mask.box_at(frame)
        assert box is not None
        for near in range(max(track.start, frame - around), min(track.stop, frame + around + 1)):
            there = track.box_at(near)
            assert box.left <= there.left
            assert box.top <= there.top
            assert box.right >= there.right
            assert box.bottom >= there.bottom


def test_it_begins_before_the_track_and_ends_after_it_but_within_the_video() -> None:
    around = frames_around(RATE)
    mask = masked_track(a_track(walking(5), start=10), RATE, 100)
    assert (mask.start, mask.stop) == (10 - around, 15 + around)
    short = masked_track(a_track(walking(5), start=1), RATE, 7)
    assert (short.start, short.stop) == (0, 7)


def test_a_face_that_trembles_moves_no_edge() -> None:
    rng = np.random.default_rng(3)
    boxes = [tuple(np.array([50.0, 50.0, 90.0, 105.0]) + rng.uniform(-1, 1, 4)) for _ in range(60)]
    mask = masked_track(a_track(boxes), RATE, 1000)
    inner = mask.boxes[8:-8]
    assert len(np.unique(inner, axis=0)) <= 4
    assert np.abs(np.diff(inner, axis=0)).max() <= 4


def test_a_place_is_hidden_as_it_is_and_ends_where_it_ends() -> None:
    place = Uncertain(5, (Box(0, 0, 50, 50), Box(0, 0, 80, 80)), track=3)
    mask = masked_place(place)
    assert (mask.start, mask.stop, mask.is_head) == (5, 7, False)
    hidden = frame_mask([mask], 6, 100, 100)
    assert hidden.luma[:80, :80].all()
    assert not hidden.luma[80:].any()


def test_a_face_seen_once_is_hidden_around_that_frame_within_its_part() -> None:
    mask = masked_face(Box(10, 10, 30, 40), 20, RATE, first=19, last=21)
    assert (mask.start, mask.stop) == (19, 22)


def test_the_head_is_hidden_and_nothing_else_is_touched() -> None:
    frame = a_frame()
    tracks = [MaskedTrack(0, np.array([[100, 80, 140, 134]], np.int32))]
    mask = frame_mask(tracks, 0, frame.width, frame.height)
    head = head_region(Face(Box(100, 80, 140, 134), 1.0), frame.width, frame.height)
    y, cb, cr = mask.hide(frame)
    inside = np.zeros((frame.height, frame.width), bool)
    inside[window(head.box)] = head.mask()
    assert np.array_equal(mask.luma, inside)
    assert (y[inside] == GREY).all()
    assert np.array_equal(y[~inside], frame.y[~inside])
    # A sample of colour is that of four pixels: it goes where one of them is hidden.
    four = inside.reshape(frame.height // 2, 2, frame.width // 2, 2).any(axis=(1, 3))
    for plane, before in ((cb, frame.cb), (cr, frame.cr)):
        assert (plane[four] == 128).all()
        assert np.array_equal(plane[~four], before[~four])


def test_nobody_to_hide_costs_no_copy() -> None:
    frame = a_frame()
    y, cb, cr = frame_mask([], 0, frame.width, frame.height).hide(frame)
    assert y is frame.y
    assert cb is frame.cb
    assert cr is frame.cr


@settings(max_examples=60, deadline=None)
@given(
    left=st.integers(-60, 200),
    top=st.integers(-60, 150),
    width=st.integers(1, 150),
    height=st.integers(1, 150),
    seed=st.integers(0, 5),
)
def test_what_is_written_is_the_same_whatever_lies_under_the_mask(
    left: int, top: int, width: int, height: int, seed: int
) -> None:
    edges = np.array([[left, top, left + width, top + height]], np.int32)
    one, other = a_frame(160, 120, seed), a_frame(160, 120, seed + 100)
    mask = frame_mask([MaskedTrack(0, edges)], 0, 160, 120)
    small = mask.chroma
    # Two frames that differ under the mask only.
    mixed = VideoFrame(
        0,
        Fraction(0),
        np.where(mask.luma, other.y, one.y),
        np.where(small, other.cb, one.cb),
        np.where(small, other.cr, one.cr),
        Colours(),
    )
    for a, b in zip(mask.hide(one), mask.hide(mixed), strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("rate", [10, 24, 25, 30, 50, 60])
def test_the_moment_is_an_eighth_of_a_second_at_any_rate(rate: int) -> None:
    assert frames_around(Fraction(rate)) / rate >= 1 / 8


def test_how_much_of_a_box_is_hidden() -> None:
    mask = frame_mask(
        [MaskedTrack(0, np.array([[0, 0, 50, 100]], np.int32), is_head=False)], 0, 100, 100
    )
    assert mask.covered(Box(0, 0, 100, 100)) == 0.5
    assert mask.covered(Box(-50, 0, 50, 100)) == 1.0
    assert mask.covered(Box(200, 0, 250, 100)) == 0.0
