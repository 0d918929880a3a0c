"""How telling a likeness between portraits is: the share of strangers who are as alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from detector.calibration import model_for
from detector.matching import Gallery

if TYPE_CHECKING:
    import numpy.typing as npt

    from detector.detector import Detector
    from detector.faces import Templates

Rates = Callable[["Templates", Sequence[Sequence["Templates"]]], "npt.NDArray[np.float64]"]
"""Templates (n, d), and p people by their templates (d,), to (n, p): rates from 0 to 1."""


def rates_for(detector: Detector) -> Rates | None:
    """The rates of a detector's templates; None where nobody has measured them.

    Without a measurement portraits are not compared with each other: any limit would
    be a guess, and a guess would turn people away.

    Raises:
        ModelMissingError: the file that says what was measured cannot be used.
    """
    model = model_for(detector)
    if model is None:
        return None

    def rates(
        templates: Templates, people: Sequence[Sequence[Templates]]
    ) -> npt.NDArray[np.float64]:
        gallery = Gallery.of(
            {str(number): rows for number, rows in enumerate(people)},
            detector.recogniser_name,
            model,
        )
        return np.array(
            [
                [gallery.rate(score, person) for person, score in enumerate(row)]
                for row in gallery.scores(templates)
            ]
        )

    return rates
