"""How often a stranger would be taken for somebody enrolled: the number, from the house."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clearance.clear import House


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


def _rounded(rate: float, *, sure: bool) -> int | None:
    """One in how many, to two digits, rounded to the side of the more frequent."""
    if not sure:
        return None
    # A hair more, for rates like 0.001 that binary numbers only come near to.
    one_in = math.floor(1 / rate * (1 + 1e-9))
    digits: int = 10 ** max(0, len(str(one_in)) - 2)
    return int(one_in // digits * digits)
