"""Portraits: exactly one face, large, from the front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest

from detector.enrolment import MIN_FACE_WIDTH, reference_template
from detector.errors import PortraitRejectedError
from detector.faces import Box, Face, Frame, Landmarks
from tests.detector.fakes import a_face, a_frame

if TYPE_CHECKING:
    from detector.detector import Detector
    from detector.faces import Templates
    from tests.detector.conftest import SamplePicture

LARGE = Box(100, 100, 300, 340)


class Sees:
    """A detector that sees the given faces."""

    recogniser_name = "fake"

    def __init__(self, *faces: Face, template: float = 1.0) -> None:
        self._faces = faces
        self._template = template

    def find_faces(self, frame: Frame) -> tuple[Face, ...]:
        return self._faces

    def templates(self, frame: Frame, faces: Sequence[Face]) -> Templates:
        return np.full((len(faces), 128), self._template, np.float32)


def striped(wave: int, contrast: int = 60) -> Frame:
    """A picture of slanted stripes, so many pixels from one to the next; even for 0."""
    down, across = np.mgrid[:400, :400]
    light = np.sin((down + across) * 2 * np.pi / wave) if wave else np.zeros((400, 400))
    # What every face has, of light and shade.
    shade = np.sin(across * 2 * np.pi / 40)
    pixels = 128 + (light * contrast + shade * contrast)[..., None] * np.ones(3)
    return a_frame(pixels.astype(np.uint8))


PORTRAIT = striped(12)


def rejected(*faces: Face, template: float = 1.0, frame: Frame = PORTRAIT) -> str:
    with pytest.raises(PortraitRejectedError) as caught:
        reference_template(frame, Sees(*faces, template=template))
    return str(caught.value)


def test_one_large_frontal_face_serves() -> None:
    face = a_face(LARGE)
    reference = reference_template(PORTRAIT, Sees(face))
    assert reference.face == face
    assert reference.template.shape == (128,)
    assert reference.recogniser == "fake"


def test_passers_by_are_ignored_and_neighbours_are_not() -> None:
    assert reference_template(PORTRAIT, Sees(a_face(LARGE), a_face(Box(0, 0, 66, 80))))
    assert "2 faces" in rejected(a_face(LARGE), a_face(Box(0, 0, 67, 80)))


def test_nobody_is_rejected() -> None:
    assert "no face was found" in rejected()


@pytest.mark.parametrize("width", [MIN_FACE_WIDTH - 1, 20])
def test_small_faces_are_rejected_with_both_sizes(width: int) -> None:
    message = rejected(a_face(Box(0, 0, width, width)))
    assert str(width) in message
    assert str(MIN_FACE_WIDTH) in message


def test_faces_hardly_seen_are_rejected() -> None:
    assert "hardly visible" in rejected(a_face(LARGE, score=0.49))


def turned(**points: tuple[float, float]) -> Face:
    usual = dict(
        zip(
            ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth"),
            [(160.0, 200.0), (240.0, 200.0), (200.0, 250.0), (170.0, 290.0), (230.0, 290.0)],
            strict=True,
        )
    )
    return Face(LARGE, 0.9, Landmarks(**(usual | points)))


@pytest.mark.parametrize(
    "face",
    [
        turned(nose=(220, 250)),  # to the side
        turned(nose=(180, 250)),
        turned(right_eye=(220, 260)),  # tilted
        turned(left_eye=(240, 200), right_eye=(160, 200)),  # upside down
        Face(LARGE, 0.9),  # no landmarks to tell
    ],
)
def test_faces_not_from_the_front_are_rejected(face: Face) -> None:
    assert "from the front" in rejected(face)


@pytest.mark.parametrize("wave", [0, 60])
def test_blurred_faces_are_rejected(wave: int) -> None:
    assert "in focus" in rejected(a_face(LARGE), frame=striped(wave))


def test_a_dull_light_is_no_blur() -> None:
    assert reference_template(striped(12, contrast=10), Sees(a_face(LARGE)))


def quality(face: Face, frame: Frame = PORTRAIT) -> float:
    return reference_template(frame, Sees(face)).quality


def test_larger_and_more_frontal_faces_make_better_portraits() -> None:
    best = quality(turned())
    assert best == pytest.approx(1.0)
    assert quality(a_face(Box(0, 0, MIN_FACE_WIDTH, 100))) == pytest.approx(0.5, abs=0.01)
    assert quality(turned(nose=(210, 250))) == pytest.approx(best * (1 - 0.125 / 0.4))


def test_sharper_faces_make_better_portraits() -> None:
    faint = striped(12).pixels.astype(float) * 0.35 + striped(0).pixels.astype(float) * 0.65
    assert 0 < quality(a_face(LARGE), a_frame(faint.astype(np.uint8))) < 0.9


def test_a_slight_tilt_is_no_turn() -> None:
    assert reference_template(PORTRAIT, Sees(turned(right_eye=(235, 225), nose=(186, 258))))


def test_a_face_that_cannot_be_measured_is_rejected() -> None:
    assert "cannot be measured" in rejected(a_face(LARGE), template=float("nan"))


def test_the_drawn_portraits_serve_and_a_group_does_not(
    cast: dict[str, SamplePicture], ward_frame: Frame, detector: Detector
) -> None:
    for name in ("portraits/priya-ramanathan-1.jpg", "portraits/werner-hafliger-1.jpg"):
        reference = reference_template(cast[name].open(), detector)
        assert reference.recogniser == detector.recogniser_name
    with pytest.raises(PortraitRejectedError, match="7 faces"):
        reference_template(ward_frame, detector)
