"""Does a hidden head still look like who was hidden? Measured, with the recogniser itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from detector.calibration import model_for
from detector.scoring import Comparison

if TYPE_CHECKING:
    import numpy.typing as npt

    from clearance.verification import Compare, Written
    from detector.detector import Detector
    from detector.faces import Face, Frame, Templates
    from detector.scoring import ScoreModel

    Floats = npt.NDArray[np.float64]

STRANGERS = 0.001
"""Share of strangers that must be at least as alike to the hidden person as the copy is.

The false match rate at which borders and NIST SP 800-63A compare two faces: what is less
alike is not taken for the same person. Of 434 heads hidden under one colour in photos of
LFW and WIDER FACE, 99 % were below it, half of them as alike as one stranger in three.
"""
_MORE_ALIKE = 2.0
"""By how much, as a natural logarithm, a copy may be more alike than the pixels that were
to be written: what the codec changes. A face that looks like a plain patch itself, as a
smeared one does, is near to any hidden head, and nothing of it is in the copy for that."""
_SMALLEST_EYES = 16.0
"""Pixels between the eyes: of a smaller face templates say nothing (EN 62676-4, identify)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Resemblance:
    """How alike each hidden head is to the face it hides.

    Attributes:
        strangers: for each head that was compared, in order, the share of strangers who
            are at least as alike to the hidden person, 0 to 1.
        telltale: indices, among the heads that were asked about, of those that look more
            like the hidden person than strangers and an empty mask do.
    """

    strangers: tuple[float, ...] = ()
    telltale: tuple[int, ...] = ()

    @property
    def worst(self) -> float | None:
        """The smallest share; None where no head was compared."""
        return min(self.strangers, default=None)


def comparing(detector: Detector) -> Compare | None:
    """What compares the hidden heads of a copy; None where nobody measured what scores mean.

    Raises:
        ModelMissingError: the file that says what they mean is absent or damaged.
    """
    model = model_for(detector)
    if model is None:
        return None

    def compare(written: Written, copy: Frame) -> Resemblance:
        expected = dataclasses.replace(copy, pixels=written.redaction.pixels)
        return resemblance(
            (written.photo, written.hidden), (copy, expected, written.placed), detector, model
        )

    return compare


def resemblance(
    original: tuple[Frame, Sequence[Face]],
    copy: tuple[Frame, Frame, Sequence[Face]],
    detector: Detector,
    model: ScoreModel,
) -> Resemblance:
    """Compare what the copy shows in the place of each hidden face with that face.

    Templates live in this function only. A face that has none, or is too small for one to
    mean anything, is not compared.

    Args:
        original: the photo, and the hidden faces in it.
        copy: the copy as it was opened again, the copy as it was to be written, and the
            same faces where they are in it.
        detector: makes the templates.
        model: what its scores mean.
    """
    photo, faces = original
    opened, written, placed = copy
    asked = [
        number
        for number, (face, there) in enumerate(zip(faces, placed, strict=True))
        if _comparable(face) and _comparable(there)
    ]
    if not asked:
        return Resemblance()
    theirs = detector.templates(photo, [faces[number] for number in asked], quick=True)
    # A copy has one view, whichever of the photo's showed the face.
    here = [dataclasses.replace(placed[number], view=0) for number in asked]
    seen = detector.templates(opened, here, quick=True)
    known = np.isfinite(theirs).all(axis=1) & np.isfinite(seen).all(axis=1)
    if not known.any():
        return Resemblance()
    scores = _scores(theirs[known], seen[known], model)
    strangers = model.rate(scores, np.ones(len(scores)))
    numbers = np.flatnonzero(known)
    telltale = []
    for row in np.flatnonzero(strangers < STRANGERS):
        number = int(numbers[row])
        empty = detector.templates(written, [here[number]], quick=True)
        expected = _scores(theirs[number : number + 1], empty, model)[0]
        if not scores[row] <= expected + _MORE_ALIKE:
            telltale.append(asked[number])
    return Resemblance(tuple(float(share) for share in strangers), tuple(telltale))


def _comparable(face: Face) -> bool:
    return face.landmarks is not None and face.landmarks.eye_distance >= _SMALLEST_EYES


def _scores(theirs: Templates, seen: Templates, model: ScoreModel) -> Floats:
    """The score of each row against the same row: float64 (n,)."""
    comparison = Comparison.of(model, model.prepared(theirs), np.ones(len(theirs)))
    return np.diagonal(comparison.log_ratios(model.prepared(seen)))
