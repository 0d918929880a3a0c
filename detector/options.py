"""How hard to look: what may be asked of the detector before it is loaded."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class DetectionOptions:
    """How hard to look.

    The numbers were chosen on 300 crowd photos (benchmarks/fit_detection.py,
    docs/accuracy/misses.md).

    Attributes:
        thorough: look at every size everywhere, as it is, mirrored and turned, for
            several times the time; otherwise the costly looks only where they pay.
        threshold: combined score from which a sighting 24 pixels wide or more is a
            face. Low, because a missed face may be published and a false one costs
            a look.
        threshold_thorough: the same for a thorough look.
        doubt: how much more is asked of a face of half that width, and again of a
            quarter: there is less to recognise, and much more that looks alike.
        doubt_thorough: the same for a thorough look.
        sighting: score from which a single pass counts as a witness.
        smallest_face: width in pixels of the full-size picture from which faces
            matter; the picture is reduced no further than that allows.
        turned: score from which a sighting in a turned picture is a witness.
        turned_thorough: the same for a thorough look.
    """

    thorough: bool = False
    threshold: float = 0.44
    threshold_thorough: float = 0.4
    doubt: float = 0.15
    doubt_thorough: float = 0.12
    sighting: float = 0.1
    smallest_face: int = 12
    turned: float = 0.5
    turned_thorough: float = 0.4
