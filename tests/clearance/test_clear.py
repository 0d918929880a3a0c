from __future__ import annotations

import datetime as dt

import pytest

from clearance.clear import IntendedUse
from detector.faces import Box, Face, SizeClass


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
