"""Chips and templates: the same numbers as the reference, person by person."""

from __future__ import annotations

import dataclasses
import importlib
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from detector.detector import Detector
from detector.enrolment import reference_template
from detector.faces import Box, Face, Landmarks
from detector.geometry import ARCFACE_112, DLIB_150, ChipGeometry
from detector.matching import Gallery, Limits
from detector.networks.face_recognition_backend import HogFinder
from detector.recognition import cut_chip, probes, templates
from tests.detector.fakes import (
    MAGENTA,
    ColourRecogniser,
    SquareFinder,
    a_face,
    a_frame,
    a_model,
    a_picture,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from detector.faces import Frame, Pixels, Templates
    from tests.detector.conftest import SamplePicture

POINTS = np.array(DLIB_150.points)
CHIP = DLIB_150.side


def landmarks_at(points: np.ndarray) -> Landmarks:
    return Landmarks(*((float(x), float(y)) for x, y in points))


def ramp(width: int, height: int) -> Pixels:
    """A picture whose colours tell the coordinates of each pixel."""
    y, x = np.mgrid[0:height, 0:width]
    steps = np.stack([255 * x / width, 255 * y / height, 0 * x], axis=-1)
    pixels: Pixels = np.rint(steps).astype(np.uint8)
    return pixels


def test_a_face_at_the_chips_own_points_is_copied() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (CHIP, CHIP, 3), dtype=np.uint8)
    chip = cut_chip(pixels, landmarks_at(POINTS), DLIB_150)
    assert chip is not None
    assert np.array_equal(chip, pixels)


def test_each_geometry_lays_the_same_face_out_in_its_own_way() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    landmarks = landmarks_at(np.array(ARCFACE_112.points))
    small, large = (cut_chip(pixels, landmarks, one) for one in (ARCFACE_112, DLIB_150))
    assert small is not None
    assert np.array_equal(small, pixels)
    assert large is not None
    assert large.shape == (150, 150, 3)


@pytest.mark.parametrize(
    ("side", "points"),
    [(0, DLIB_150.points), (150, DLIB_150.points[:4]), (150, ((7.0, 7.0),) * 5)],
)
def test_a_chip_without_five_places_is_refused(
    side: int, points: tuple[tuple[float, float], ...]
) -> None:
    with pytest.raises(ValueError, match="five different points"):
        ChipGeometry(side, points)


@given(st.floats(0.3, 6), st.floats(-np.pi, np.pi), st.floats(-50, 900), st.floats(-50, 700))
def test_any_turn_scale_and_place_is_undone(
    scale: float, angle: float, right: float, down: float
) -> None:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    width, height = 900, 700
    chip = cut_chip(ramp(width, height), landmarks_at(POINTS @ turn.T + (right, down)), DLIB_150)
    for at in ((10, 10), (75, 75), (140, 30)):
        x, y = turn @ np.add(at, 0.5) + (right, down)
        if chip is not None and 9 < x < width - 9 and 9 < y < height - 9:
            seen = chip[at[1], at[0]] / 255.0 * (width, height, 1)
            assert seen[:2] == pytest.approx((x, y), abs=7)  # two of 255 steps


def test_what_lies_beyond_the_picture_is_black() -> None:
    chip = cut_chip(
        np.full((CHIP, CHIP, 3), 200, np.uint8), landmarks_at(POINTS - (75, 0)), DLIB_150
    )
    assert chip is not None
    assert (chip[:, :70] == 0).all()
    assert (chip[:, 80:] == 200).all()


def test_a_large_face_is_averaged_not_sampled() -> None:
    # One-pixel stripes: sampling would keep them black and white.
    stripes = np.zeros((1500, 1500, 3), np.uint8)
    stripes[:, ::2] = 255
    chip = cut_chip(stripes, landmarks_at(POINTS * 10), DLIB_150)
    assert chip is not None
    assert chip.std() < 3
    assert abs(float(chip.mean()) - 127.5) < 3


@pytest.mark.parametrize(
    "points", [np.full((5, 2), 7.0), np.full((5, 2), np.nan), POINTS * 1e-4, POINTS + 1e6]
)
def test_impossible_landmarks_cut_nothing(points: np.ndarray) -> None:
    assert cut_chip(ramp(200, 200), landmarks_at(points), DLIB_150) is None


def test_templates_stand_in_the_order_of_the_faces() -> None:
    box = Box(20, 20, 220, 260)
    picture = a_picture(box, width=600, height=300)
    elsewhere, bare = a_face(Box(350, 20, 550, 260)), Face(box, 0.9)
    rows = templates([picture], [elsewhere, bare, a_face(box)], ColourRecogniser())
    assert rows.shape == (3, ColourRecogniser.dimensions)
    assert np.isnan(rows[1]).all()
    assert rows[2, 1] < 0.15 < rows[0, 1]
    assert rows[2, :3] == pytest.approx(np.array(MAGENTA) / 255, abs=0.25)


def test_each_face_is_measured_in_the_view_that_shows_it() -> None:
    box = Box(20, 20, 220, 260)
    plain, marked = a_picture(width=300, height=300), a_picture(box, width=300, height=300)
    here, there = a_face(box), dataclasses.replace(a_face(box), view=1)
    rows = templates([plain, marked], [here, there], ColourRecogniser())
    assert rows[0, 0] < 0.5 < rows[1, 0]


def test_no_faces_have_no_templates() -> None:
    rows = templates([a_picture()], [], ColourRecogniser())
    assert rows.shape == (0, ColourRecogniser.dimensions)


# --- with the real networks ----------------------------------------------------------------

PEOPLE = ("zoe-amsler", "jurg-mettler", "desire-kamanda", "nadege-fontanet", "elodie-rochat")


@pytest.fixture(scope="module")
def portraits(cast: dict[str, SamplePicture]) -> dict[tuple[str, int], Frame]:
    return {
        (person, number): cast[f"portraits/{person}-{number}.jpg"].open()
        for person in PEOPLE
        for number in (1, 2)
    }


@pytest.fixture(scope="module")
def references(
    portraits: dict[tuple[str, int], Frame], detector: Detector
) -> dict[tuple[str, int], np.ndarray]:
    return {key: reference_template(frame, detector).template for key, frame in portraits.items()}


def test_pictures_of_one_person_are_near_and_of_others_far(
    references: dict[tuple[str, int], np.ndarray],
) -> None:
    for (key, mine), (other_key, theirs) in itertools.combinations(references.items(), 2):
        distance = np.linalg.norm(mine - theirs)
        assert (distance < 0.4) == (key[0] == other_key[0]), (key, other_key, distance)


def test_templates_agree_with_the_library(
    portraits: dict[tuple[str, int], Frame], references: dict[tuple[str, int], np.ndarray]
) -> None:
    theirs = {key: _library_encoding(frame) for key, frame in portraits.items()}
    for key, encoding in theirs.items():
        assert np.linalg.norm(references[key] - encoding) < 0.35, key
    # The library's own decision, at its usual tolerance, across the two programs.
    for key, encoding in theirs.items():
        for other, mine in references.items():
            assert (np.linalg.norm(encoding - mine) <= 0.45) == (key[0] == other[0]), (key, other)


def _library_encoding(frame: Frame) -> np.ndarray:
    pytest.importorskip("dlib", reason="dlib is not installed")
    # Imports the library without leaving Pillow loosened for the tests that follow.
    HogFinder()
    library: Any = importlib.import_module("face_recognition")
    (location,) = library.face_locations(frame.pixels)
    (encoding,) = library.face_encodings(frame.pixels, [location], model="small")
    return np.asarray(encoding)


def test_turning_and_recompressing_keep_the_person(
    portraits: dict[tuple[str, int], Frame],
    references: dict[tuple[str, int], np.ndarray],
    detector: Detector,
) -> None:
    import io

    frame, reference = portraits["jurg-mettler", 1], references["jurg-mettler", 1]
    out = io.BytesIO()
    Image.fromarray(frame.pixels).resize((400, 450)).save(out, "JPEG", quality=70)
    pressed = np.asarray(Image.open(out))
    for pixels in (np.ascontiguousarray(np.rot90(frame.pixels)), pressed):
        changed = a_frame(pixels)
        (face,) = detector.find_faces(changed)
        (row,) = detector.templates(changed, [face])
        assert np.linalg.norm(row - reference) < 0.3


# --- faces that are nobody's are not looked at for long ------------------------------------


class Watched(ColourRecogniser):
    """Remembers how many chips it was given at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.chips: list[int] = []

    def embed(self, chips: Pixels) -> Templates:
        self.chips.append(len(chips))
        return super().embed(chips)


THREE = tuple(Box(40 + 120 * place, 60, 130 + 120 * place, 160) for place in range(3))


def test_who_stays_near_is_measured_as_carefully_as_ever() -> None:
    frame, faces = a_frame(a_picture(*THREE)), [a_face(box) for box in THREE]
    asked: list[tuple[int, int]] = []

    def near(rows: Templates, looks: int) -> npt.NDArray[np.intp]:
        asked.append((len(rows), looks))
        return np.arange(len(rows))[1:]

    watched = Watched()
    found = probes(frame.views, faces, watched, near)
    # One face is given up after its chip, one after the mirror image.
    assert asked == [(3, 1), (2, 2)]
    assert watched.chips == [3, 2, 4]
    assert np.isnan(found[:2]).all()
    np.testing.assert_array_equal(found[2], templates(frame.views, faces, watched)[2])


def test_near_is_told_the_mean_of_the_looks() -> None:
    pixels = np.array(a_picture(THREE[0]))
    pixels[60:160, 40:80] = 0  # not alike on both sides
    frame, faces = a_frame(pixels), [a_face(THREE[0])]
    told: list[Templates] = []

    def near(rows: Templates, looks: int) -> npt.NDArray[np.intp]:
        told.append(rows)
        return np.arange(len(rows))

    probes(frame.views, faces, Lopsided(), near)
    quick = templates(frame.views, faces, Lopsided(), quick=True)
    np.testing.assert_array_equal(told[0], quick)
    assert told[1][0, 0] != told[0][0, 0]


class Lopsided(ColourRecogniser):
    """Sees the left half only, so that a mirror image is another template."""

    def embed(self, chips: Pixels) -> Templates:
        return super().embed(chips[:, :, : chips.shape[2] // 2])


def test_nobody_is_probed_without_landmarks_or_faces() -> None:
    frame = a_frame(a_picture(*THREE))
    without = dataclasses.replace(a_face(THREE[0]), landmarks=None)

    def everybody(rows: Templates, looks: int) -> npt.NDArray[np.intp]:
        return np.arange(len(rows))

    assert np.isnan(probes(frame.views, [without], ColourRecogniser(), everybody)).all()
    assert probes(frame.views, [], ColourRecogniser(), everybody).shape == (0, 96)


def test_a_detector_probes_who_is_near_somebody_enrolled() -> None:
    """The limits of the gallery say how near: a stranger's look costs one chip, not six."""
    pixels = np.array(a_picture(*THREE))
    pixels[:, :150] = (0, 255, 0)
    frame, faces = a_frame(pixels), [a_face(box) for box in THREE[:2]]
    watched = Watched()
    detector = Detector(SquareFinder, lambda: watched, "colours_v1/squares")
    careful = detector.templates(frame, faces)
    # Of the fake's numbers only three say anything.
    model = dataclasses.replace(a_model(3), mean=np.zeros(96), transform=10 * np.eye(96, 3))
    gallery = Gallery.of({"ada": [careful[1]]}, "colours_v1/squares", model)
    limits = Limits(confident=1e-5, look=1e-3, glance=1e-2, second_glance=1e-3)
    watched.chips.clear()
    found = detector.probes(frame, faces, gallery, limits)
    assert watched.chips == [2, 1, 4]
    assert np.isnan(found[0]).all()
    np.testing.assert_array_equal(found[1], careful[1])
