from __future__ import annotations

import datetime as dt

import pytest

from clearance.clear import House
from clearance.settings import Settings
from clearance.use import IntendedUse
from detector.calibration import UNMEASURED
from detector.detector import Detector
from detector.faces import Box, Face, SizeClass
from tests.detector.fakes import ColourRecogniser, SquareFinder


def test_a_use_of_no_channel_is_refused() -> None:
    with pytest.raises(ValueError, match="channel"):
        IntendedUse((), dt.date(2026, 1, 1))


@pytest.mark.parametrize(
    ("box", "size"),
    [
        (Box(0, 0, 11, 14), SizeClass.TOO_SMALL),
        (Box(0, 0, 9, 23), SizeClass.DOUBTFUL),
        (Box(0, 0, 10, 60), SizeClass.RECOGNISABLE),
    ],
)
def test_half_a_face_at_the_edge_is_not_taken_for_a_small_one(box: Box, size: SizeClass) -> None:
    assert Face(box, 0.9).size_class is size


@pytest.mark.parametrize(
    ("recogniser", "measured"),
    [
        ("dlib_resnet_v1/centerface-5.2", True),
        ("dlib_resnet_v1/yunet@0123456789ab", False),
        ("sface@0123456789ab/centerface-5.2", False),
    ],
)
def test_limits_are_only_used_for_what_they_were_measured_with(
    recogniser: str, measured: bool
) -> None:
    detector = Detector(SquareFinder, ColourRecogniser, recogniser)
    house = House.open(Settings(), detector, None, dt.date(2026, 1, 1))
    assert (house.eyes.limits.confident > 0) == measured
    assert (house.eyes.limits == UNMEASURED) == (not measured)
