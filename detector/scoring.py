"""Scores: how much likelier "the same person" is than "a stranger", for two templates.

A template is taken as who it is plus how this picture was taken, as in
probabilistic linear discriminant analysis (Ioffe 2006). How pictures of one
person vary is one Gaussian. How people differ is a mixture of Gaussians, because
people come in crowds who look alike to the recogniser: two members of one crowd
must be much more alike to be the same person than two people of whom that is rare.

What is learnt are aggregates over thousands of people: means, variances, one
matrix. Beside them stands a table of how often strangers reach a score, so that a
score can be read as a rate.
"""

from __future__ import annotations

import dataclasses
import json
import zipfile
from typing import TYPE_CHECKING

import numpy as np

from detector.errors import ModelMissingError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from detector.faces import Templates

    Floats = npt.NDArray[np.float64]
    Rows = npt.NDArray[np.intp]

FORMAT = 1
"""Version of the file; another one is refused."""

COUNTS = (1, 2, 3, 5)
"""Numbers of portraits for which there is a table; between them the stricter one holds."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class ScoreModel:
    """What was learnt about the templates of one recogniser.

    Attributes:
        recogniser: name of the templates, as `Detector.recogniser_name`.
        mean: float64 (d,): the mean template, of unit length each, of people.
        transform: float64 (d, k), k <= d: `(template - mean) @ transform` has unit
            variance within a person on every axis, and independent axes. Directions
            in which the recogniser never varies are left out.
        shares: float64 (c,), sum 1: share of people in each crowd.
        centres: float64 (c, k): the middle of each crowd.
        spreads: float64 (c, k): variance of people within each crowd, positive.
        rates: float64 (r,), falling: false match rates of the table's columns.
        scores: float64 (len(COUNTS), r), rising: the score that this share of
            strangers reaches against a person of so many portraits.
        clustering: factor by which strangers in a gallery are mistaken more often
            than if pairs were independent: some faces are near to many.
        provenance: one line a person can read: data, date, how many pairs.
    """

    recogniser: str
    mean: Floats
    transform: Floats
    shares: Floats
    centres: Floats
    spreads: Floats
    rates: Floats
    scores: Floats
    clustering: float
    provenance: str

    @property
    def dimensions(self) -> int:
        """Length of a template."""
        return len(self.mean)

    @property
    def smallest_rate(self) -> float:
        """The smallest false match rate that enough pairs support."""
        return float(self.rates[-1])

    def prepared(self, templates: Templates | Floats) -> Floats:
        """Templates (n, d), finite, on the model's axes: float64 (n, k)."""
        rows = np.asarray(templates, dtype=np.float64)
        return (unit(rows) - self.mean) @ self.transform

    def log_ratios(self, probes: Floats, means: Floats, counts: Floats) -> Floats:
        """Logarithm of the likelihood ratio, natural, float64 (n, p).

        Args:
            probes: (n, k), prepared.
            means: (p, k), each person's mean of prepared templates.
            counts: (p,), portraits behind each mean.
        """
        return Comparison.of(self, means, counts).log_ratios(probes)

    def evidence(self, means: Floats, counts: Floats) -> Floats:
        """Logarithm of the density of what is the mean of one person's pictures: float64 (n,).

        Args:
            means: (n, k), of prepared templates.
            counts: (n,), pictures behind each.
        """
        densities = np.empty(len(means))
        for count in np.unique(counts):
            here = counts == count
            spreads = self.spreads + 1 / count
            likely = np.log(self.shares) + _log_densities(means[here], self.centres, spreads)
            densities[here] = _log_sum(likely)
        return densities

    def rate(self, scores: Floats, counts: Floats) -> Floats:
        """Share of strangers that reach each score: float64, both shapes broadcast.

        Logarithms are interpolated. A score above the table gets its smallest rate,
        one below it 1.
        """
        asked, rows = np.broadcast_arrays(scores, _row_of(counts))
        answer = np.ones(asked.shape)
        for row in np.unique(rows):
            here = rows == row
            logs = np.interp(asked[here], self.scores[row], np.log(self.rates), left=0.0)
            answer[here] = np.exp(logs)
        return answer

    def score_at(self, rate: float, counts: Floats) -> Floats:
        """The score that the share `rate` of strangers reaches: float64, shape of `counts`.

        The inverse of `rate`; minus infinity for 1, infinity below the table.
        """
        rows = _row_of(counts)
        answer = np.empty(rows.shape)
        for row in np.unique(rows):
            if rate >= 1:
                score = -np.inf
            elif rate < self.smallest_rate:
                score = np.inf
            else:
                # Interpolation wants rising rates.
                rates, scores = self.rates[::-1], self.scores[row][::-1]
                score = float(np.interp(np.log(rate), np.log(rates), scores))
            answer[rows == row] = score
        return answer

    def save(self, path: Path) -> None:
        """Writes the model: a zip of arrays and a line of JSON, never pickled objects."""
        about = {
            "format": FORMAT,
            "recogniser": self.recogniser,
            "clustering": self.clustering,
            "provenance": self.provenance,
        }
        arrays = {name: getattr(self, name).astype("<f4") for name in _SINGLE}
        arrays |= {name: getattr(self, name).astype("<f8") for name in _DOUBLE}
        with path.open("wb") as file:
            np.savez_compressed(
                file, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays
            )

    @classmethod
    def load(cls, path: Path) -> ScoreModel:
        """The model in a file that `save` wrote.

        Raises:
            ModelMissingError: the file is absent, damaged, or of another version.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                about = json.loads(arrays["about"].tobytes())
                if about["format"] != FORMAT:
                    raise ValueError(f"version {about['format']}, expected {FORMAT}")
                model = cls(
                    recogniser=str(about["recogniser"]),
                    clustering=float(about["clustering"]),
                    provenance=str(about["provenance"]),
                    **{name: arrays[name].astype(np.float64) for name in _SINGLE + _DOUBLE},
                )
            model.check()
        except (
            OSError,
            EOFError,
            ValueError,
            KeyError,
            TypeError,
            IndexError,
            zipfile.BadZipFile,
        ) as error:
            raise ModelMissingError(
                "the score tables {path} cannot be used ({reason}); make them again",
                path=path.name,
                reason=(str(error).splitlines() or [type(error).__name__])[0],
            ) from error
        return model

    def check(self) -> None:
        """That the parts fit each other and scores rise as rates fall.

        Raises:
            ValueError: they do not.
        """
        crowds, size = len(self.shares), self.transform.shape[-1]
        if (
            self.mean.ndim != 1
            or self.transform.shape != (len(self.mean), size)
            or not crowds == len(self.centres) == len(self.spreads)
            or not (crowds, size) == self.centres.shape == self.spreads.shape
        ):
            raise ValueError("its parts do not fit each other")
        if self.scores.shape != (len(COUNTS), len(self.rates)) or not len(self.rates):
            raise ValueError("the table has another size than its rates")
        if not all(np.isfinite(getattr(self, name)).all() for name in _SINGLE + _DOUBLE):
            raise ValueError("a number is not finite")
        if (self.spreads <= 0).any() or (self.shares <= 0).any():
            raise ValueError("a variance or a share is not positive")
        if not ((self.rates > 0) & (self.rates < 1)).all() or (np.diff(self.rates) >= 0).any():
            raise ValueError("the rates do not fall from 1 to 0")
        if (np.diff(self.scores, axis=1) < 0).any():
            raise ValueError("a rarer score is lower")
        if self.clustering < 1:
            raise ValueError("clustering is below 1")


_SINGLE = ("mean", "transform", "shares", "centres", "spreads", "scores")
_DOUBLE = ("rates",)
"""Arrays of the file, by their precision."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A gallery made ready for one matrix product per picture.

    With unit variance within a person, somebody of a crowd (centre u, spread s) with
    c portraits of mean m will look like N(u + g (m - u), 1 + s / (c s + 1)),
    g = c s / (c s + 1), in the next picture; a stranger like the mixture of
    N(u, s + 1). The crowd of a person is the one that explains the portraits best.
    The logarithm of the ratio is quadratic in the probe, with equal weights of the
    squares for people of one crowd and equally many portraits, so per person only a
    vector and a constant remain: float32, read once per picture.
    """

    model: ScoreModel
    vectors: npt.NDArray[np.float32]
    constants: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    """(k, g): what the probe's squares count for, per group."""
    groups: Rows
    """(p,): the column of `weights` of each person."""

    @classmethod
    def of(cls, model: ScoreModel, means: Floats, counts: Floats) -> Comparison:
        """For people with these means (p, k), prepared, of `counts` (p,) portraits."""
        crowds = np.empty(len(means), np.intp)
        for count in np.unique(counts):
            here = counts == count
            likely = np.log(model.shares) + _log_densities(
                means[here], model.centres, model.spreads + 1 / count
            )
            crowds[here] = likely.argmax(axis=1)
        kinds, groups = np.unique(
            np.stack([crowds, counts.astype(np.intp)]), axis=1, return_inverse=True
        )
        groups = groups.reshape(-1)
        crowd, count = kinds[0], kinds[1][:, None].astype(np.float64)
        spread, centre = model.spreads[crowd], model.centres[crowd]
        gain = count * spread / (count * spread + 1)
        variance = 1 + spread / (count * spread + 1)
        expected = centre[groups] + gain[groups] * (means - centre[groups])
        vectors = expected / variance[groups]
        constants = -0.5 * np.log(2 * np.pi * variance).sum(axis=1)[groups]
        constants -= 0.5 * (vectors * expected).sum(axis=1)
        return cls(
            model,
            np.ascontiguousarray(vectors, dtype=np.float32),
            constants.astype(np.float32),
            np.ascontiguousarray((-0.5 / variance).T, dtype=np.float32),
            groups,
        )

    def since(self, first: int) -> Comparison:
        """With the people from the row `first` on only; nothing is copied."""
        return dataclasses.replace(
            self,
            vectors=self.vectors[first:],
            constants=self.constants[first:],
            groups=self.groups[first:],
        )

    def log_ratios(self, probes: Floats) -> Floats:
        """float64 (n, p): each prepared probe (n, k) against each person."""
        model = self.model
        strangers = _log_sum(
            np.log(model.shares) + _log_densities(probes, model.centres, model.spreads + 1)
        )
        rows = probes.astype(np.float32)
        compared = rows @ self.vectors.T
        compared += self.constants
        compared += (np.square(rows) @ self.weights)[:, self.groups]
        return compared.astype(np.float64) - strangers[:, None]


def unit(rows: Floats) -> Floats:
    """Rows (n, d) of length 1; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)


def _log_densities(rows: Floats, centres: Floats, variances: Floats) -> Floats:
    """Of each row (n, k) under each Gaussian (c, k) of independent axes: (n, c)."""
    constants = (np.log(2 * np.pi * variances) + np.square(centres) / variances).sum(axis=1)
    squares = np.square(rows) @ (1 / variances).T - 2 * rows @ (centres / variances).T
    densities: Floats = -0.5 * (squares + constants)
    return densities


def _log_sum(logs: Floats) -> Floats:
    """Logarithm of the sum of exponentials of each row."""
    most = logs.max(axis=1, keepdims=True)
    total: Floats = (most + np.log(np.exp(logs - most).sum(axis=1, keepdims=True)))[:, 0]
    return total


def _row_of(counts: Floats) -> Rows:
    """The table's row for so many portraits: the last that is not for more of them."""
    return np.maximum(np.searchsorted(np.array(COUNTS), counts, side="right") - 1, 0)
