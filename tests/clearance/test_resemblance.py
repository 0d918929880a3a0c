"""A head that still looks like its person is seen, a plain patch is not."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageFilter

from clearance.redaction import hide
from clearance.resemblance import STRANGERS, Resemblance, resemblance
from detector.calibration import model_for
from detector.detector import Detector
from detector.photo import open_photo
from tests.commands import SAMPLES

if TYPE_CHECKING:
    from detector.faces import Face, Frame, Pixels
    from detector.scoring import ScoreModel

WARD = SAMPLES / "ward-opening.jpg"


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load()


@pytest.fixture(scope="module")
def model(detector: Detector) -> ScoreModel:
    model = model_for(detector)
    assert model
    return model


@pytest.fixture(scope="module")
def photo(detector: Detector) -> tuple[Frame, tuple[Face, ...]]:
    frame = open_photo(WARD)
    return frame, detector.find_faces(frame)


def seen(
    photo: tuple[Frame, tuple[Face, ...]], pixels: Pixels, detector: Detector, model: ScoreModel
) -> Resemblance:
    """What is found in a copy of these pixels where everybody was to be hidden."""
    frame, faces = photo
    written = dataclasses.replace(frame, pixels=hide(frame.pixels, faces).pixels)
    copy = dataclasses.replace(frame, pixels=pixels)
    return resemblance((frame, faces), (copy, written, faces), detector, model)


def test_hidden_heads_look_like_nobody(
    photo: tuple[Frame, tuple[Face, ...]], detector: Detector, model: ScoreModel
) -> None:
    frame, faces = photo
    found = seen(photo, hide(frame.pixels, faces).pixels, detector, model)
    assert len(found.strangers) == len(faces)
    assert found.telltale == ()


def test_a_head_that_was_not_hidden_is_told(
    photo: tuple[Frame, tuple[Face, ...]], detector: Detector, model: ScoreModel
) -> None:
    frame, faces = photo
    found = seen(photo, hide(frame.pixels, faces[1:]).pixels, detector, model)
    assert found.telltale == (0,)
    assert found.worst is not None
    assert found.worst < STRANGERS


def test_a_blur_is_not_enough(
    photo: tuple[Frame, tuple[Face, ...]], detector: Detector, model: ScoreModel
) -> None:
    frame, _ = photo
    blurred = Image.fromarray(frame.pixels).filter(ImageFilter.GaussianBlur(3))
    found = seen(photo, np.asarray(blurred), detector, model)
    assert found.telltale


def test_a_face_without_landmarks_is_not_compared(
    photo: tuple[Frame, tuple[Face, ...]], detector: Detector, model: ScoreModel
) -> None:
    frame, faces = photo
    blank = tuple(dataclasses.replace(face, landmarks=None) for face in faces)
    assert seen((frame, blank), frame.pixels, detector, model) == Resemblance()
