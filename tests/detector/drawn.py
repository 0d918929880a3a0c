"""Templates drawn from a model of people: as many as a test needs, and nobody's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detector.scoring import COUNTS, ScoreModel

Templates = npt.NDArray[np.float32]

AXES = 40
NEARER = 0.85
"""So many times as far from each other as the model has it, so that nobody is an odd one."""

FINE = 0.02
"""So small that making a template of length 1 hardly changes it."""


def a_model() -> ScoreModel:
    """People of two crowds on 40 axes; strangers are as seldom alike as the scores say."""
    rates = np.logspace(-1, -7, 7)
    return ScoreModel(
        recogniser="drawn",
        mean=np.eye(AXES + 1)[0],
        transform=np.eye(AXES + 1)[:, 1:] / FINE,
        shares=np.array([0.7, 0.3]),
        centres=np.stack([np.zeros(AXES), np.full(AXES, 1.0)]),
        spreads=np.stack([np.full(AXES, 4.0), np.full(AXES, 3.0)]),
        rates=rates,
        scores=np.tile(-np.log(rates), (len(COUNTS), 1)),
        clustering=1.0,
        provenance="made up",
    )


MODEL = a_model()


class Cast:
    """Draws people, and pictures of them, from the model."""

    def __init__(self, seed: int = 1) -> None:
        self._random = np.random.default_rng(seed)
        self._people: dict[str, npt.NDArray[np.float64]] = {}

    def picture_of(self, person: str) -> Templates:
        """The template of one more picture, (d,)."""
        if person not in self._people:
            crowd = self._random.choice(len(MODEL.shares), p=MODEL.shares)
            spread = NEARER * np.sqrt(MODEL.spreads[crowd])
            self._people[person] = self._random.normal(MODEL.centres[crowd], spread)
        axes = self._random.normal(self._people[person], NEARER)
        template = np.concatenate([[1.0], FINE * axes])
        drawn: Templates = (template / np.linalg.norm(template)).astype(np.float32)
        return drawn

    def twin(self, person: str, of: str) -> None:
        """Somebody whom the recogniser cannot tell from another one."""
        self.picture_of(of)
        self._people[person] = self._people[of]
