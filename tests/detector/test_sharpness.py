"""Blur is seen on a chip, and nothing else is taken for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageFilter

from detector.enrolment import portrait_face
from detector.errors import PortraitRejectedError
from detector.geometry import DLIB_150
from detector.recognition import cut_chip
from detector.sharpness import LEAST, sharpness
from tests.commands import media_folder
from tests.detector.fakes import a_frame

if TYPE_CHECKING:
    from detector.detector import Detector
    from detector.faces import Pixels
    from tests.detector.conftest import SamplePicture


@pytest.fixture(scope="module")
def chip(cast: dict[str, SamplePicture], detector: Detector) -> Pixels:
    """A drawn face as a recogniser sees it."""
    frame = cast["portraits/margrit-zurcher-1.jpg"].open()
    (face,) = detector.find_faces(frame)
    assert face.landmarks
    cut = cut_chip(frame.pixels, face.landmarks, DLIB_150)
    assert cut is not None
    return cut


def blurred(pixels: Pixels, sigma: float) -> Pixels:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma)))


def noisy(pixels: Pixels, amount: float) -> Pixels:
    noise = np.random.default_rng(0).normal(0, amount, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def test_more_blur_is_less_sharp(chip: Pixels) -> None:
    measured = [sharpness(blurred(chip, sigma)) for sigma in (0.5, 1, 2, 3, 4, 6)]
    assert measured == sorted(measured, reverse=True)
    assert measured[0] > LEAST > measured[-2]


@pytest.mark.parametrize(
    "seen",
    [
        lambda chip: (chip * 0.3).astype(np.uint8),
        lambda chip: (chip * 0.3 + 150).astype(np.uint8),
        lambda chip: chip[:, ::-1],
        lambda chip: chip[::-1],
    ],
    ids=["dark", "pale", "mirrored", "upside down"],
)
def test_light_and_position_do_not_matter(chip: Pixels, seen: Callable[[Pixels], Pixels]) -> None:
    assert sharpness(seen(chip)) == pytest.approx(sharpness(chip), rel=0.05)


@pytest.mark.parametrize("amount", [4, 8])
def test_noise_does_not_make_a_blurred_face_sharp(chip: Pixels, amount: float) -> None:
    assert sharpness(noisy(blurred(chip, 5), amount)) < LEAST


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_even_chip_is_not_sharp(value: int) -> None:
    assert sharpness(np.full((150, 150, 3), value, np.uint8)) == 0


def test_every_drawn_portrait_is_sharp_and_none_is_when_blurred(
    cast: dict[str, SamplePicture], detector: Detector
) -> None:
    for name in ("aline-rochat-1", "elodie-rochat-1", "priya-ramanathan-1", "zoe-amsler-2"):
        frame = cast[f"portraits/{name}.jpg"].open()
        face = portrait_face(frame, detector)
        assert face.landmarks
        # As on the chip, whose eyes are 55 pixels apart.
        soft = blurred(frame.pixels, 4 * face.landmarks.eye_distance / 55)
        with pytest.raises(PortraitRejectedError, match="in focus"):
            portrait_face(a_frame(soft), detector)


@pytest.mark.skipif(media_folder() is None, reason="the development photos are elsewhere")
def test_photos_of_people_are_sharp_until_they_are_blurred(detector: Detector) -> None:
    folder = media_folder()
    assert folder
    refused = {0: 0, 3: 0}
    tried = 0
    for path in sorted((folder / "lfw").glob("*_0002.jpg"))[::25][:30]:
        pixels = np.asarray(Image.open(path).convert("RGB"))
        face = max(
            detector.find_faces(a_frame(pixels)), key=lambda face: face.box.width, default=None
        )
        if face is None or face.landmarks is None:
            continue
        tried += 1
        chip = cut_chip(pixels, face.landmarks, DLIB_150)
        assert chip is not None
        for sigma in refused:
            refused[sigma] += sharpness(blurred(chip, sigma)) < LEAST
    assert tried > 20
    assert refused[0] <= 1
    assert refused[3] >= tried - 1
