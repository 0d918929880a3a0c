"""Compares faces with the gallery of people who agreed to be matched.

Pure arithmetic. A false match would publish somebody who did not agree, so
every doubt lowers the certainty: a confident match needs a score that strangers
hardly ever reach, a clear lead over the next person, a face large enough to
tell, and nobody else in the picture who could be the same person.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from detector.faces import Certainty, Match
from detector.scoring import Comparison

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from detector.faces import Face, Templates
    from detector.scoring import ScoreModel

    Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """When a score means somebody. Rates are false match rates, 0 to 1.

    Attributes:
        confident: largest share of strangers that may reach the score of a confident
            match; 0 disables them.
        look: largest share of strangers at which a person must look; 1 for everybody.
        margin: smallest lead over the second-best person for a confident match, as
            the natural logarithm of a ratio of likelihoods.
        eye_distance: pixels between the eyes in the full-size picture that a
            confident match needs; smaller faces all look alike.
        often: moments of a video that must be sure of somebody for the distance below; see
            `detector.track_identity`.
        often_eye_distance: pixels between the eyes that are enough for a face of which so
            many moments agree.
        glance: share of strangers that are still compared carefully after a quick
            template was: at least the share that must be looked at.
        second_glance: the same after two looks, which tell more.
    """

    confident: float
    look: float
    margin: float = 5.0
    eye_distance: float = 40.0
    often: int = 3
    often_eye_distance: float = 30.0
    glance: float = 1.0
    second_glance: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.confident <= self.look <= 1:
            raise ValueError(f"0 <= confident <= look <= 1 is required, not {self}")


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """The people a face is compared with, made by `Gallery.of`.

    Attributes:
        people: each person once.
        means: float32 (p, d): mean template of each.
        counts: float64 (p,): number of templates of each.
        recogniser: what made the templates; others must not be compared.
        model: what is known about their scores; None where nobody has measured
            them, and then distances only order the candidates.
    """

    people: tuple[str, ...]
    means: Templates
    counts: Floats
    recogniser: str = ""
    model: ScoreModel | None = None
    _comparison: Comparison | None = None

    @classmethod
    def empty(cls, recogniser: str = "") -> Gallery:
        """A gallery of nobody."""
        return cls((), np.zeros((0, 0), np.float32), np.zeros(0), recogniser)

    @classmethod
    def of(
        cls,
        templates_of: Mapping[str, Sequence[Templates]],
        recogniser: str = "",
        model: ScoreModel | None = None,
    ) -> Gallery:
        """From each person's templates, each float32 (d,), at least one.

        Raises:
            ValueError: a template is not finite, or not of the length of the others
                or of the model.
        """
        if not templates_of:
            return cls.empty(recogniser)
        means = np.stack(
            [np.mean(rows, axis=0, dtype=np.float64) for rows in templates_of.values()]
        )
        counts = np.array([len(rows) for rows in templates_of.values()], np.float64)
        if not np.isfinite(means).all():
            raise ValueError("a template in the gallery is not finite")
        comparison = None
        if model:
            _check_length(means, model.dimensions)
            comparison = Comparison.of(model, model.prepared(means), counts)
        return cls(
            tuple(templates_of), means.astype(np.float32), counts, recogniser, model, comparison
        )

    def __len__(self) -> int:
        """Number of people."""
        return len(self.people)

    def scores(self, templates: Templates) -> Floats:
        """How well each face (n, d) fits each person: float64 (n, p), higher is better.

        The natural logarithm of the likelihood ratio; minus the distance where
        there is no model. Minus infinity for a template that is not finite.
        """
        _check_length(templates, self.means.shape[1])
        probes = templates.astype(np.float64)
        whole = np.isfinite(probes).all(axis=1)
        scores = np.full((len(probes), len(self)), -np.inf)
        # A template of absurd size overflows on the way; that is no likeness either.
        with np.errstate(over="ignore", invalid="ignore"):
            if self.model and self._comparison:
                prepared = self.model.prepared(probes[whole])
                scores[whole] = self._comparison.log_ratios(prepared)
            else:
                for row in np.flatnonzero(whole):
                    scores[row] = -np.linalg.norm(self.means - probes[row], axis=1)
        return np.where(np.isnan(scores), -np.inf, scores)

    def thresholds(self, rate: float) -> Floats:
        """The score that this share of strangers reaches with each person: float64 (p,).

        Without a model the lowest finite number: everybody is reached.
        """
        if self.model is None:
            return np.full(len(self), np.finfo(np.float64).min)
        return self.model.score_at(rate, self.counts)

    def rate(self, score: float, person: int) -> float:
        """Share of strangers that reach the score with the person in that row; 1 if unmeasured."""
        if self.model is None:
            return 1.0
        return float(self.model.rate(np.array(score), self.counts[person]))

    def distance(self, template: Templates, person: int) -> float:
        """Euclidean distance of a template (d,) to the mean of the person in that row."""
        return float(np.linalg.norm(self.means[person].astype(np.float64) - template))


def worth_a_second_look(
    templates: Templates, gallery: Gallery, limits: Limits, looks: int = 1
) -> npt.NDArray[np.intp]:
    """Rows of templates (n, d) of few looks that come near anybody at all, rising.

    The others are strangers: a careful template would not change that.

    Args:
        templates: the mean of one look at each face, or of two.
        gallery: whom they may come near.
        limits: how near that is.
        looks: how many there were.
    """
    if not len(gallery):
        return np.zeros(0, np.intp)
    rate = limits.glance if looks == 1 else limits.second_glance
    scores = gallery.scores(templates)
    reached = np.isfinite(scores) & (scores >= gallery.thresholds(rate))
    return np.flatnonzero(reached.any(axis=1))


def match(
    templates: Templates, faces: Sequence[Face], gallery: Gallery, limits: Limits
) -> tuple[Match, ...]:
    """The best candidate for each face of one picture, in the order of the faces.

    Args:
        templates: float32 (n, d), one row per face, d as in the gallery; a row that
            is not finite matches nobody.
        faces: the faces, for their size and view.
        gallery: whom to compare with.
        limits: what the scores mean.

    A person can be in a view once. When several faces could be the same person,
    people are given to faces so that the scores are highest in all; the face that
    goes without is nobody's match, or its next candidate's to look at. The one that
    keeps the person stays confident only if its score leads the others' by the margin.

    Raises:
        ValueError: not one template per face, or another length than the gallery's.
    """
    if len(templates) != len(faces):
        raise ValueError(f"{len(templates)} templates for {len(faces)} faces")
    if not len(gallery) or not faces:
        return (Match.nobody(),) * len(faces)
    scores = gallery.scores(templates)
    thresholds = gallery.thresholds(limits.look)
    compared = _Compared(templates, faces, gallery, limits, scores, thresholds)
    matches = [Match.nobody()] * len(faces)
    for view in {face.view for face in faces}:
        rows = [row for row, face in enumerate(faces) if face.view == view]
        for row, person, contested in _assigned(compared, rows):
            matches[row] = compared.judged(row, person, contested=contested)
    return tuple(matches)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Compared:
    """Every face against everybody."""

    templates: Templates
    faces: Sequence[Face]
    gallery: Gallery
    limits: Limits
    scores: Floats
    thresholds: Floats
    """(p,): the score at which a person must look."""

    def candidates(self, row: int, most: int) -> npt.NDArray[np.intp]:
        """The people whom this face could be at the look limit: the `most` likeliest of them."""
        scores = self.scores[row]
        reached = np.flatnonzero(np.isfinite(scores) & (scores >= self.thresholds))
        if len(reached) > most:
            best = np.argpartition(-scores[reached], most - 1)[:most]
            reached = np.sort(reached[best])
        return reached

    def judged(self, row: int, person: int | None, *, contested: bool) -> Match:
        """What it is worth that this face is that person."""
        if person is None:
            return Match(Certainty.NONE, contested=contested)
        scores, face = self.scores[row], self.faces[row]
        others = np.delete(scores, person)
        margin = float(scores[person] - others.max()) if len(others) else math.inf
        measured = self.gallery.model is not None
        rate = self.gallery.rate(float(scores[person]), person)
        sure = (
            measured
            and not contested
            and rate <= self.limits.confident
            and margin >= self.limits.margin
            and face.landmarks is not None
            and face.landmarks.eye_distance >= self.limits.eye_distance
        )
        return Match(
            Certainty.CONFIDENT if sure else Certainty.LOOK,
            self.gallery.people[person],
            distance=self.gallery.distance(self.templates[row], person),
            score=float(scores[person]) if measured else None,
            margin=margin,
            rate=rate if measured else None,
            contested=contested,
        )


def _assigned(compared: _Compared, rows: Sequence[int]) -> Iterable[tuple[int, int | None, bool]]:
    """For each face of one view: the person (a row of the gallery) it gets, and if contested."""
    # As many candidates as faces: more can never be needed to give each face another.
    candidates = {row: compared.candidates(row, len(rows)) for row in rows}
    wanted = {
        row: int(some[np.argmax(compared.scores[row][some])])
        for row, some in candidates.items()
        if len(some)
    }
    given: Mapping[int, int] = wanted
    if len(set(wanted.values())) < len(wanted):
        given = _best_in_all(compared.scores, {row: candidates[row] for row in wanted})
    for row in rows:
        person = given.get(row)
        lost = row in wanted and person != wanted[row]
        yield row, person, lost or (person is not None and _rivalled(compared, row, person, rows))


def _rivalled(compared: _Compared, row: int, person: int, rows: Sequence[int]) -> bool:
    """Whether another face could be the same person, and is not clearly less like them.

    Asked of the scores and not of the candidates, which are only the likeliest.
    """
    lead = compared.scores[row, person] - compared.limits.margin
    least = compared.thresholds[person]
    return any(
        compared.scores[other, person] > lead and compared.scores[other, person] >= least
        for other in rows
        if other != row
    )


def _best_in_all(
    scores: Floats, candidates: Mapping[int, npt.NDArray[np.intp]]
) -> Mapping[int, int]:
    """People given to faces, each to one at most, so that the scores' sum is largest."""
    rows = list(candidates)
    people = np.unique(np.concatenate(list(candidates.values())))
    gain = np.zeros((len(rows), len(people)))
    lowest = min(float(scores[row][some].min()) for row, some in candidates.items())
    for index, row in enumerate(rows):
        # Above 0, which is what giving nobody is worth.
        gain[index, np.searchsorted(people, candidates[row])] = (
            scores[row][candidates[row]] - lowest + 1
        )
    chosen = best_assignment(gain)
    return {rows[index]: int(people[place]) for index, place in enumerate(chosen) if place >= 0}


def best_assignment(gain: Floats) -> npt.NDArray[np.intp]:
    """A column for each row, each to one at most, so that the sum of `gain` (n, m) is largest.

    -1 for a row that gets none: a column that gains nothing is not given. Kuhn's
    Hungarian method by shortest augmenting paths (Jonker and Volgenant 1987), here
    because importing SciPy for it takes half a second.
    """
    rows, columns = gain.shape
    # A column of its own for each row that goes without.
    cost = np.concatenate([-np.maximum(gain, 0), np.zeros((rows, rows))], axis=1)
    owner = np.full(cost.shape[1], -1, np.intp)
    row_price, column_price = np.zeros(rows), np.zeros(cost.shape[1])
    for start in range(rows):
        away = np.full(len(owner), np.inf)
        before = np.full(len(owner), -1, np.intp)
        reached = np.zeros(len(owner), dtype=bool)
        row, last, far = start, -1, 0.0
        while row >= 0:
            through = far + cost[row] - row_price[row] - column_price
            nearer = ~reached & (through < away)
            away[nearer], before[nearer] = through[nearer], last
            last = int(np.where(reached, np.inf, away).argmin())
            reached[last] = True
            far, row = float(away[last]), int(owner[last])
        settled = reached.copy()
        settled[last] = False
        row_price[owner[settled]] += far - away[settled]
        row_price[start] += far
        column_price[settled] -= far - away[settled]
        while last >= 0:
            previous = int(before[last])
            owner[last] = owner[previous] if previous >= 0 else start
            last = previous
    chosen = np.full(rows, -1, np.intp)
    given = np.flatnonzero(owner[:columns] >= 0)
    given = given[gain[owner[given], given] > 0]
    chosen[owner[given]] = given
    return chosen


def _check_length(templates: Templates | Floats, length: int) -> None:
    if templates.ndim != 2 or templates.shape[1] != length:  # noqa: PLR2004 - a matrix
        raise ValueError(
            f"templates of shape {templates.shape} cannot be compared with some of {length} numbers"
        )
