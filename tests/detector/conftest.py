"""Fixtures for the detector: real networks once per process, pictures of fictional people."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from detector.detector import Detector
from detector.faces import Box, Face, Frame
from detector.photo import open_photo
from tests.networks_once import Answers

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample_media"


@pytest.fixture(scope="module", autouse=True)
def _networks_themselves(network_answers: Answers) -> Iterator[None]:
    """Here the networks are what is tested: they answer anew each time."""
    with network_answers.asleep():
        yield


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder of real development photos, where a machine has one."""
    named = os.environ.get("CLEARANCE_MEDIA")
    folder = Path(named) if named else ROOT.parent / "shared" / "media"
    if not folder.is_dir():
        pytest.skip(f"no real photos at {folder}; set CLEARANCE_MEDIA")
    return folder


@pytest.fixture(scope="session")
def detector() -> Detector:
    """The built-in networks."""
    return Detector.load()


@dataclasses.dataclass(frozen=True)
class SamplePicture:
    """A picture of fictional people and who is where in it."""

    path: Path
    people: dict[str, Box]

    def open(self) -> Frame:
        return open_photo(self.path)


@pytest.fixture(scope="session")
def cast() -> dict[str, SamplePicture]:
    """The drawn pictures by file name, with the named people in each."""
    told: dict[str, Any] = json.loads((SAMPLES / "cast.json").read_text(encoding="utf-8"))
    return {
        picture["file"]: SamplePicture(
            SAMPLES / picture["file"],
            {face["person"]: Box(*face["box"]) for face in picture["faces"] if face["person"]},
        )
        for picture in told["pictures"]
    }


@pytest.fixture(scope="session")
def ward(cast: dict[str, SamplePicture]) -> SamplePicture:
    """Seven people in a row, all in sight."""
    return cast["ward-opening.jpg"]


@pytest.fixture(scope="session")
def ward_frame(ward: SamplePicture) -> Frame:
    return ward.open()


@pytest.fixture(scope="session")
def ward_faces(ward_frame: Frame, detector: Detector) -> tuple[Face, ...]:
    return detector.find_faces(ward_frame)
