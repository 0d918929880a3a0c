"""How often a stranger would be taken for somebody enrolled: the number, from the house."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from detector.calibration import limits_for, model_for

if TYPE_CHECKING:
    import datetime as dt

    from clearance.clear import House
    from clearance.settings import Settings
    from consent.registry import Registry
    from detector.detector import Detector


@dataclasses.dataclass(frozen=True, slots=True)
class MatchingRate:
    """About one stranger in `strangers` would be taken for one of `people` enrolled.

    `strangers` is None where no match counts as certain: what was measured does not
    support the rate that the institution wishes for a gallery this large.
    """

    people: int
    strangers: int | None


def rate_of(house: House, *, faces: bool) -> MatchingRate | None:
    """The rate of a run; None where nobody was compared with anybody.

    Args:
        house: what the run judged with.
        faces: whether there was a face at all.
    """
    people = len(house.eyes.gallery)
    if not people or not faces:
        return None
    sure = house.eyes.limits.confident > 0
    return MatchingRate(people, _rounded(house.settings.detection.false_positive_rate, sure=sure))


def rate_of_gallery(
    registry: Registry, detector: Detector, settings: Settings, today: dt.date
) -> MatchingRate | None:
    """The rate of everybody who may be compared today; None where nobody is.

    Raises:
        ModelMissingError: the file that says what scores mean is absent or damaged.
    """
    if not settings.detection.matching:
        return None
    people = len(registry.gallery(detector.recogniser_name, today))
    if not people:
        return None
    wished = settings.detection.false_positive_rate
    sure = limits_for(model_for(detector), people, wished).confident > 0
    return MatchingRate(people, _rounded(wished, sure=sure))


def _rounded(rate: float, *, sure: bool) -> int | None:
    """One in how many, to two digits, rounded to the side of the more frequent."""
    if not sure:
        return None
    # A hair more, for rates like 0.001 that binary numbers only come near to.
    one_in = math.floor(1 / rate * (1 + 1e-9))
    digits: int = 10 ** max(0, len(str(one_in)) - 2)
    return int(one_in // digits * digits)
