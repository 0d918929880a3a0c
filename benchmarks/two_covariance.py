"""Learns the model of `detector.scoring` from labelled templates.

First one covariance within and one between people, by expectation maximisation
(Sizov, Lee, Kinnunen 2014, "Unifying probabilistic linear discriminant analysis
variants in biometric authentication"), exact and in closed form per step because a
person's pictures enter by their mean and number only. Then, on the axes where both
are diagonal, people as a mixture of Gaussians instead of one.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Labels = npt.NDArray[np.intp]

STEPS = 10
"""Steps of the first maximisation; more change no figure in the third digit."""

CROWD_STEPS = 40

CROWDS = 16
"""Gaussians of people. 4, 8 and 16 found 0.775, 0.772 and 0.783 of people with one
portrait in galleries of 50, one Gaussian 0.68 (half of LFW against the other half)."""

PRIOR = 20.0
"""People of average spread that each crowd begins with, so that a small one is not too sure."""

SHRINKAGE = 0.15
"""Share of a round covariance mixed into that within a person: measured from few pictures,
its small variances are too small. From 0.1 to 0.25 it makes no difference."""

PICTURES_EACH = 10
"""Of one person at most: a few have hundreds, and would be all that is learnt about pictures."""

_FLAT = 1e-8
"""Directions with less than this share of the largest variance carry nothing: dlib's
128 numbers vary in 84 directions only."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class TwoCovariance:
    """Mean (d,), covariance between people (d, d) and within a person (d, d)."""

    mean: Floats
    between: Floats
    within: Floats

    def axes(self) -> tuple[Floats, Floats]:
        """The matrix (d, d) that makes `within` the identity and `between` diagonal, and that.

        Templates minus the mean are multiplied from the right; the axes on which
        people differ most come first.
        """
        whiten = np.linalg.inv(np.linalg.cholesky(self.within))
        variances, turn = np.linalg.eigh(whiten @ self.between @ whiten.T)
        order = np.argsort(-variances)
        return whiten.T @ turn[:, order], np.clip(variances[order], 1e-6, None)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Crowds:
    """People as a mixture: shares (c,), centres (c, k), spreads (c, k)."""

    shares: Floats
    centres: Floats
    spreads: Floats


def some_of_each(labels: Labels, most: int = PICTURES_EACH) -> Labels:
    """Rows with at most `most` of each person, chosen at random, always the same ones."""
    random = np.random.default_rng(0)
    order = random.permutation(len(labels))
    ranked = order[np.argsort(labels[order], kind="stable")]
    _, starts, counts = np.unique(labels[ranked], return_index=True, return_counts=True)
    place = np.arange(len(labels)) - np.repeat(starts, counts)
    return np.sort(ranked[place < most])


def varying(templates: Floats) -> Floats:
    """Orthonormal directions (d, k) in which the templates (n, d) vary at all."""
    variances, directions = np.linalg.eigh(np.cov(templates.T))
    kept: Floats = directions[:, variances > _FLAT * variances[-1]]
    return kept


def fit(templates: Floats, labels: Labels, steps: int = STEPS) -> TwoCovariance:
    """The model of the templates (n, d); `labels` (n,) says whose each is.

    Raises:
        ValueError: fewer than two people, or nobody with two pictures.
    """
    means, counts, rows = people_of(templates, labels)
    people, size = means.shape
    if people < 2 or counts.max() < 2:
        raise ValueError("at least two people, and one of them twice, are needed")
    mean = means.mean(axis=0)
    centred, around = means - mean, templates - means[rows]
    scatter = around.T @ around
    within = scatter / max(1, len(templates) - people)
    between = _positive(np.cov(centred.T) - within * np.mean(1 / counts))
    for _ in range(steps):
        spread, deviation = np.zeros((size, size)), np.zeros((size, size))
        for count in np.unique(counts):
            here = centred[counts == count]
            gain = np.linalg.solve(between + within / count, between).T
            doubt = between - gain @ between
            guessed = here @ gain.T
            left = here - guessed
            spread += guessed.T @ guessed + len(here) * doubt
            deviation += count * (left.T @ left + len(here) * doubt)
        between = _symmetric(spread / people)
        within = _symmetric((scatter + deviation) / len(templates))
    round_one = np.eye(size) * np.trace(within) / size
    return TwoCovariance(mean, between, (1 - SHRINKAGE) * within + SHRINKAGE * round_one)


def crowds_of(means: Floats, counts: Floats, average: Floats, crowds: int) -> Crowds:
    """The mixture of people whose prepared pictures have these means (p, k), of `counts` (p,).

    `average` (k,) is the variance of all people. A mean of c pictures lies off the
    person by a variance of 1 / c. Starts from clusters, always the same ones.
    """
    centres = _clusters(means, crowds)
    spreads = np.tile(average, (crowds, 1))
    shares = np.full(crowds, 1 / crowds)
    for _ in range(CROWD_STEPS):
        logs = np.log(shares) + np.stack(
            [
                -0.5
                * (
                    np.log(spread + 1 / counts[:, None])
                    + np.square(means - centre) / (spread + 1 / counts[:, None])
                ).sum(axis=1)
                for centre, spread in zip(centres, spreads, strict=True)
            ],
            axis=1,
        )
        belongs = np.exp(logs - logs.max(axis=1, keepdims=True))
        belongs /= belongs.sum(axis=1, keepdims=True)
        members = belongs.sum(axis=0)
        for crowd in range(crowds):
            weight = belongs[:, [crowd]]
            known = counts[:, None] * spreads[crowd] + 1
            person = centres[crowd] + (known - 1) / known * (means - centres[crowd])
            centres[crowd] = (weight * person).sum(axis=0) / max(members[crowd], 1e-9)
            squares = np.square(person - centres[crowd]) + spreads[crowd] / known
            total = (weight * squares).sum(axis=0) + PRIOR * _TIGHTER * average
            spreads[crowd] = np.maximum(total / (members[crowd] + PRIOR), 1e-3)
        shares = (members + 1) / (len(means) + crowds)
    return Crowds(shares, centres, spreads)


_TIGHTER = 0.7
"""People of one crowd differ less than people do: where a crowd's spread starts from."""


def people_of(templates: Floats, labels: Labels) -> tuple[Floats, Floats, Labels]:
    """Each person's mean (p, d), number of pictures (p,), and each picture's person (n,)."""
    _, rows, counts = np.unique(labels, return_inverse=True, return_counts=True)
    means = np.zeros((len(counts), templates.shape[1]))
    np.add.at(means, rows, templates)
    return means / counts[:, None], counts.astype(np.float64), rows


def _clusters(rows: Floats, count: int) -> Floats:
    """Centres (count, k) of clusters, on the axes on which people differ most."""
    random = np.random.default_rng(0)
    centres = rows[random.choice(len(rows), count, replace=False)].copy()
    front = slice(0, 40)
    for _ in range(20):
        apart = np.square(rows[:, None, front] - centres[None, :, front]).sum(axis=2)
        nearest = apart.argmin(axis=1)
        for one in np.unique(nearest):
            centres[one] = rows[nearest == one].mean(axis=0)
    return centres


def _symmetric(matrix: Floats) -> Floats:
    """Without the rounding that makes a covariance lopsided."""
    return (matrix + matrix.T) / 2


def _positive(matrix: Floats) -> Floats:
    """The nearest covariance: negative variances, an artefact of subtracting, become tiny."""
    variances, axes = np.linalg.eigh(matrix)
    positive: Floats = (axes * np.clip(variances, 1e-6 * variances.max(), None)) @ axes.T
    return positive
