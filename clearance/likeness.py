"""How telling a likeness between portraits is: the share of strangers who are as alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from detector.detector import Detector
    from detector.faces import Templates

Rates = Callable[["Templates", Sequence[Sequence["Templates"]]], "npt.NDArray[np.float64]"]
"""Templates (n, d), and p people by their templates (d,), to (n, p): rates from 0 to 1."""


def rates_for(detector: Detector) -> Rates | None:
    """The rates of a detector's templates; None where nobody has measured them.

    Without a measurement portraits are not compared with each other: any limit would
    be a guess, and a guess would turn people away.
    """
    return None
