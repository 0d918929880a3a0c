"""Landmarks are found again where a face is known to be, and nowhere else."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from detector.detector import Detector
from detector.faces import Box, Face, Frame
from detector.photo import open_photo
from tests.commands import SAMPLES


def shifts(faces: tuple[Face, ...], again: tuple[Face, ...]) -> list[float]:
    """How far the points lie apart at most, in eye distances."""
    found = []
    for one, other in zip(faces, again, strict=True):
        assert one.landmarks and other.landmarks
        pairs = zip(one.landmarks.points, other.landmarks.points, strict=True)
        found.append(max(math.dist(*pair) for pair in pairs) / one.landmarks.eye_distance)
    return found


def test_the_points_are_those_of_the_whole_search(detector: Detector) -> None:
    frame = open_photo(SAMPLES / "ward-opening.jpg")
    faces = detector.find_faces(frame)
    bare = tuple(dataclasses.replace(face, landmarks=None) for face in faces)
    again = detector.find_again(frame, bare)
    assert max(shifts(faces, again)) < 0.2
    assert tuple(dataclasses.replace(face, landmarks=None) for face in again) == bare


def test_a_face_that_lies_on_its_side_is_found_as_it_lies(detector: Detector) -> None:
    upright = open_photo(SAMPLES / "ward-opening.jpg")
    lying = dataclasses.replace(upright, pixels=np.ascontiguousarray(np.rot90(upright.pixels)))
    faces = detector.find_faces(lying)
    bare = tuple(dataclasses.replace(face, landmarks=None) for face in faces)
    assert max(shifts(faces, detector.find_again(lying, bare))) < 0.2


def test_where_no_face_is_there_are_no_points(detector: Detector) -> None:
    grey = np.full((400, 600, 3), 128, np.uint8)
    photo = open_photo(SAMPLES / "ward-opening.jpg")
    frame: Frame = dataclasses.replace(photo, pixels=grey)
    face = Face(Box(100, 100, 180, 210), 0.9)
    assert detector.find_again(frame, [face]) == (face,)
    assert detector.find_again(frame, []) == ()
