"""The best moments of a face: spread over its time, few, and cut out only where it pays."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import pytest

from detector.faces import Box, Face, Frame
from detector.moments import MOST, WINDOW, Moments
from detector.sharpness import sharpness_of
from tests.detector.fakes import landmarks_in
from tests.detector.moving import FPS, STUDIO, frame_of, texture

BOX = Box(100, 40, 180, 146)


def face(width: int = 80, score: float = 0.9) -> Face:
    box = dataclasses.replace(BOX, right=BOX.left + width, bottom=BOX.top + width * 4 // 3)
    return Face(box, score, landmarks_in(box))


def offered(faces: Iterable[Face], first: int = 0) -> Moments:
    moments = Moments()
    for index, one in enumerate(faces, first):
        moments.offer(frame_of(index, [], STUDIO), one)
    return moments


def test_a_track_of_two_seconds_has_one_of_each_half_second() -> None:
    times = [one.time for one in offered([face()] * 2 * FPS).all()]
    assert [time // WINDOW for time in times] == [0, 1, 2, 3]


def test_of_a_window_the_largest_is_kept() -> None:
    widths = [60, 60, 80, 60, 60, 60]
    (moment,) = offered([face(width) for width in widths]).all()
    assert moment.frame == 2


def test_of_a_window_the_sharpest_is_kept() -> None:
    """A larger face out of focus does not take its place."""
    moments = Moments()
    moments.offer(frame_of(0, [], texture(1, 320, 180, 2)), face(60))
    blurred = np.full_like(STUDIO, 128)
    moments.offer(dataclasses.replace(frame_of(1, [], STUDIO), y=blurred), face(80))
    (moment,) = moments.all()
    assert moment.frame == 0


@pytest.mark.parametrize("seconds", [5, 10, 60, 300])
def test_moments_are_few_and_spread_over_all_the_time(seconds: int) -> None:
    """Somebody else may have come at any time: none of its parts is without a moment."""
    moments = offered([face()] * seconds * FPS).all()
    assert MOST // 2 <= len(moments) <= MOST
    assert {int(5 * one.time / seconds) for one in moments} == {0, 1, 2, 3, 4}


def test_of_a_long_track_the_better_moments_are_kept() -> None:
    """Where half of them give way it is not chance which."""
    large = {FPS * second for second in (3, 17, 29)}
    moments = offered(face(80 if index in large else 60) for index in range(30 * FPS)).all()
    assert large <= {one.frame for one in moments}


def test_an_even_face_is_cut_out_once_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    cut: list[Face] = []

    def noted(frame: Frame, face: Face) -> float:
        cut.append(face)
        return sharpness_of(frame, face)

    monkeypatch.setattr("detector.moments.sharpness_of", noted)
    offered([face()] * 30 * FPS)
    assert len(cut) <= 30 / WINDOW


def test_without_landmarks_there_is_no_moment() -> None:
    assert offered([dataclasses.replace(face(), landmarks=None)]).all() == ()
