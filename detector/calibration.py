"""From "how often may a stranger be mistaken" to limits on scores.

FMR is the share of strangers that reach a score with one person. A stranger is
compared with everybody in the gallery, so the share of strangers that are
mistaken for somebody (FPIR) grows with it: FPIR = 1 - (1 - FMR)^N, were the
comparisons independent. They are not quite, because some faces are near to many;
the model says by how much (`ScoreModel.clustering`).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from detector.errors import ModelMissingError
from detector.matching import Limits
from detector.scoring import ScoreModel

if TYPE_CHECKING:
    from detector.detector import Detector

UNMEASURED = Limits(confident=0.0, look=1.0)
"""For templates of a network that nobody has measured: whoever is nearest, a person looks."""

SAFETY = 10.0
"""How much stricter the confident limit is than the rate that is asked for.

The tables speak of strangers from all over the world. Guests of one event are of one
region, often of one age, sometimes of one family, and more alike. And at the very rate
of 0.1 % five of 5,000 strangers bear a wrong name, at a tenth of it less than one.
"""

LOOK_FPIR = 0.08
"""Share of strangers that a person is asked to look at."""

GLANCE_FPIR = 0.5
"""Share of strangers that are looked at again after a quick look.

In twelve galleries of 50 people of Labeled Faces in the Wild with one and three portraits,
8,629 of 17,316 faces resembled somebody in the end; not one of them was given up after one
look at this share, nor after two at a share of 0.15.
"""

SECOND_GLANCE_FPIR = 0.2
"""Share of strangers that are looked at carefully after two looks."""

_FITTED = Path(__file__).parent / "fitted"
_BUILT_IN = {"dlib_resnet_v1/centerface-5.2": "dlib_resnet_v1.npz"}
"""Files of score models by the name of the templates they speak of."""


def model_for(detector: Detector) -> ScoreModel | None:
    """What is known about the scores of a detector's templates; None if nobody measured them.

    Raises:
        ModelMissingError: the file that should say so is absent, damaged, or speaks
            of other templates.
    """
    name = detector.recogniser_name
    path = detector.scores_path or (_FITTED / _BUILT_IN[name] if name in _BUILT_IN else None)
    if path is None:
        return None
    model = ScoreModel.load(path)
    if model.recogniser != name:
        raise ModelMissingError(
            "the score tables {path} are of {other}, and the templates are {name}; "
            "make them again with this network",
            path=path.name,
            other=model.recogniser,
            name=name,
        )
    return model


def limits_for(model: ScoreModel | None, people: int, fpir: float = 0.001) -> Limits:
    """Limits for a gallery of so many people.

    A larger gallery never loosens a limit. Where the table does not reach the rate
    that is needed, there are no confident matches (a limit of 0) rather than a
    guessed limit: a person looks.

    Args:
        model: what is known about scores; None if nobody measured them.
        people: number of people in the gallery.
        fpir: share of strangers who may be taken for somebody, 0 < fpir < 1.
    """
    if people < 0 or not 0 < fpir < 1:
        raise ValueError(f"no limits for {people} people at a rate of {fpir}")
    if model is None:
        return UNMEASURED
    people = max(1, people)
    confident = fmr(fpir / SAFETY, people) / model.clustering
    look = fmr(max(LOOK_FPIR, fpir), people) / model.clustering
    if confident < model.smallest_rate:
        confident = 0.0
    return Limits(
        confident=confident,
        look=look,
        glance=fmr(max(GLANCE_FPIR, fpir), people),
        second_glance=fmr(max(SECOND_GLANCE_FPIR, fpir), people),
    )


def fmr(fpir: float, people: int) -> float:
    """The false match rate per comparison that gives `fpir` in a gallery of `people`."""
    return -math.expm1(math.log1p(-fpir) / people)
