"""Pictures that are easy to get wrong: noise, crowds, mirrors, posters, odd files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from detector.faces import Box
from detector.photo import open_photo
from tests.detector.fakes import a_frame

if TYPE_CHECKING:
    from detector.detector import Detector
    from detector.faces import Face, Pixels
    from tests.detector.conftest import SamplePicture

FRONTAL = ("zoe-amsler-1", "mila-kung-1", "jurg-mettler-1", "linh-dubach-1", "desire-kamanda-1")


def found(faces: tuple[Face, ...], boxes: list[Box], iou: float = 0.45) -> int:
    return sum(any(face.box.iou(box) >= iou for face in faces) for box in boxes)


def portrait(cast: dict[str, SamplePicture], name: str) -> tuple[Pixels, Box]:
    picture = cast[f"portraits/{name}.jpg"]
    (box,) = picture.people.values()
    return picture.open().pixels, box


def pasted(ground: Pixels, part: Pixels, left: int, top: int) -> Pixels:
    picture = ground.copy()
    picture[top : top + part.shape[0], left : left + part.shape[1]] = part
    return picture


def reduced(pixels: Pixels, factor: float) -> Pixels:
    size = round(pixels.shape[1] * factor), round(pixels.shape[0] * factor)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def scaled(box: Box, factor: float, left: int = 0, top: int = 0) -> Box:
    return Box(
        left + round(box.left * factor),
        top + round(box.top * factor),
        left + round(box.right * factor),
        top + round(box.bottom * factor),
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_noise_shows_nobody(detector: Detector, seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    assert detector.find_faces(a_frame(noise)) == ()


@pytest.mark.parametrize("colour", [0, 128, 255])
def test_one_pixel_shows_nobody(detector: Detector, colour: int) -> None:
    assert detector.find_faces(a_frame(np.full((1, 1, 3), colour, np.uint8))) == ()


def test_two_hundred_people_are_all_found(
    cast: dict[str, SamplePicture], detector: Detector
) -> None:
    columns, rows, side = 20, 10, 64
    crowd = np.full((rows * side, columns * side, 3), 120, np.uint8)
    boxes = []
    for index in range(columns * rows):
        pixels, box = portrait(cast, FRONTAL[index % len(FRONTAL)])
        factor = 34 / box.width
        left, top = index % columns * side, index // columns * side
        middle = (
            round((box.left + box.right) / 2 * factor),
            round((box.top + box.bottom) / 2 * factor),
        )
        whole = reduced(pixels, factor)
        x, y = max(0, middle[0] - side // 2), max(0, middle[1] - side // 2)
        part = whole[y : y + side, x : x + side]
        crowd = pasted(crowd, part, left, top)
        boxes.append(scaled(box, factor, left - x, top - y))
    faces = detector.find_faces(a_frame(crowd))
    assert found(faces, boxes) == 200
    assert len(faces) <= 210


def test_somebody_and_the_mirror_image_both_count(
    cast: dict[str, SamplePicture], detector: Detector
) -> None:
    pixels, box = portrait(cast, "zoe-amsler-1")
    both = np.concatenate([pixels, pixels[:, ::-1]], axis=1)
    width = pixels.shape[1]
    mirrored = Box(2 * width - box.right, box.top, 2 * width - box.left, box.bottom)
    assert found(detector.find_faces(a_frame(both)), [box, mirrored]) == 2


def test_a_face_on_a_poster_is_a_face(cast: dict[str, SamplePicture], detector: Detector) -> None:
    """Whoever hangs on the wall is recognised as well; only a person may say it is none."""
    ward = cast["ward-opening.jpg"]
    pixels, box = portrait(cast, "mila-kung-1")
    factor = 0.3
    poster = np.pad(reduced(pixels, factor), ((6, 6), (6, 6), (0, 0)), constant_values=255)
    scene = pasted(ward.open().pixels, poster, 40, 30)
    faces = detector.find_faces(a_frame(scene))
    assert found(faces, [scaled(box, factor, 46, 36)]) == 1
    covered = Box(40, 30, 40 + poster.shape[1], 30 + poster.shape[0])
    others = [one for one in ward.people.values() if not one.intersection(covered)]
    assert found(faces, others) == len(others)


def test_sixteen_bits_a_channel(
    cast: dict[str, SamplePicture], detector: Detector, tmp_path: Path
) -> None:
    pixels, box = portrait(cast, "zoe-amsler-1")
    grey = np.asarray(Image.fromarray(pixels).convert("L")).astype(np.uint16) * 257
    path = tmp_path / "deep.png"
    Image.fromarray(grey).save(path)
    assert found(detector.find_faces(open_photo(path)), [box]) == 1


def test_inks_instead_of_lights(
    cast: dict[str, SamplePicture], detector: Detector, tmp_path: Path
) -> None:
    pixels, box = portrait(cast, "zoe-amsler-1")
    path = tmp_path / "print.jpg"
    Image.fromarray(pixels).convert("CMYK").save(path, quality=90)
    assert found(detector.find_faces(open_photo(path)), [box]) == 1


def test_a_face_larger_than_a_tile_is_one_face(
    cast: dict[str, SamplePicture], detector: Detector
) -> None:
    pixels, box = portrait(cast, "zoe-amsler-1")
    large = reduced(pixels, 4.0)
    (face,) = detector.find_faces(a_frame(large))
    assert face.box.iou(scaled(box, 4.0)) >= 0.45
