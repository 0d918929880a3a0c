"""The same people, whatever was done to the picture: mirrored, turned, scaled, recompressed."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from detector.faces import Box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from detector.detector import Detector
    from detector.faces import Face, Frame, Pixels
    from tests.detector.conftest import SamplePicture

PICTURES = ("ward-opening.jpg", "album/04.jpg", "album/05.jpg")


def altered(frame: Frame, pixels: Pixels) -> Frame:
    return dataclasses.replace(frame, pixels=np.ascontiguousarray(pixels), other_views=())


def assert_found(faces: Iterable[Face], people: dict[str, Box], iou: float = 0.45) -> None:
    boxes = [face.box for face in faces]
    lost = [
        person
        for person, box in people.items()
        if not any(box.iou(found) >= iou for found in boxes)
    ]
    assert lost == []


def moved(people: dict[str, Box], where: Callable[[Box], Box]) -> dict[str, Box]:
    return {person: where(box) for person, box in people.items()}


@pytest.fixture(params=PICTURES)
def sample(request: pytest.FixtureRequest, cast: dict[str, SamplePicture]) -> SamplePicture:
    return cast[request.param]


def test_mirrored(sample: SamplePicture, detector: Detector) -> None:
    frame = sample.open()
    people = moved(
        sample.people,
        lambda box: Box(frame.width - box.right, box.top, frame.width - box.left, box.bottom),
    )
    assert_found(detector.find_faces(altered(frame, frame.pixels[:, ::-1])), people)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned(sample: SamplePicture, detector: Detector, turns: int) -> None:
    frame = sample.open()

    def where(box: Box) -> Box:
        width, height = frame.width, frame.height
        for _ in range(turns):
            box = Box(box.top, width - box.right, box.bottom, width - box.left)
            width, height = height, width
        return box

    faces = detector.find_faces(altered(frame, np.rot90(frame.pixels, turns)))
    assert_found(faces, moved(sample.people, where))


@pytest.mark.parametrize("factor", [0.5, 0.7, 2.0])
def test_scaled(sample: SamplePicture, detector: Detector, factor: float) -> None:
    frame = sample.open()
    size = round(frame.width * factor), round(frame.height * factor)
    pixels = np.asarray(Image.fromarray(frame.pixels).resize(size, Image.Resampling.LANCZOS))
    people = moved(
        sample.people,
        lambda box: Box(*(round(edge * factor) for edge in dataclasses.astuple(box))),
    )
    assert_found(detector.find_faces(altered(frame, pixels)), people)


@pytest.mark.parametrize("cut", [37, 90])
def test_cut_at_the_upper_left(sample: SamplePicture, detector: Detector, cut: int) -> None:
    """Nobody depends on how the cells of the network or the tiles fall."""
    frame = sample.open()
    people = {
        person: Box(box.left - cut, box.top - cut, box.right - cut, box.bottom - cut)
        for person, box in sample.people.items()
        if min(box.left, box.top) >= cut
    }
    assert people
    assert_found(detector.find_faces(altered(frame, frame.pixels[cut:, cut:])), people)


@pytest.mark.parametrize("quality", [30, 60])
def test_recompressed(sample: SamplePicture, detector: Detector, quality: int) -> None:
    frame = sample.open()
    stream = io.BytesIO()
    Image.fromarray(frame.pixels).save(stream, "JPEG", quality=quality)
    pixels = np.asarray(Image.open(stream).convert("RGB"))
    assert_found(detector.find_faces(altered(frame, pixels)), sample.people)


def test_without_colours(sample: SamplePicture, detector: Detector) -> None:
    frame = sample.open()
    grey = np.asarray(Image.fromarray(frame.pixels).convert("L").convert("RGB"))
    assert_found(detector.find_faces(altered(frame, grey)), sample.people)
