"""Compares faces with the gallery of people who agreed to be matched.

Pure arithmetic. A false match would publish somebody who did not agree, so
every doubt lowers the certainty: a confident match needs a small distance, a
clear lead over the next person, a face large enough to tell, and nobody else
in the picture who could be the same person.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from detector.faces import Certainty, Match

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from detector.faces import Face, Templates

    Floats = npt.NDArray[np.float64]

WITHIN_PERSON = 0.06
"""Variance of a person's templates that averaging takes away, squared distance.

Measured on Labeled Faces in the Wild (2,019 to 3,977 strangers against the
means of 2, 3 and 5 pictures of 146 to 457 people): without it the limit for one
stranger in 10,000 lets 2 to 4 through, with it 0.6 at every number of pictures.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """When a distance means somebody.

    Attributes:
        confident: largest distance of a confident match; 0 disables them.
        look: largest distance at which a person must look.
        margin: smallest lead over the second-best person for a confident match.
            Identical twins differ by less than 0.1; people who are not related
            hardly ever do below the confident limit.
        eye_distance: pixels between the eyes in the full-size picture that a
            confident match needs; smaller faces all look alike.
    """

    confident: float
    look: float
    margin: float = 0.1
    eye_distance: float = 40.0

    def __post_init__(self) -> None:
        if not 0 <= self.confident <= self.look:
            raise ValueError(f"0 <= confident <= look is required, not {self}")


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """The people a face is compared with.

    Attributes:
        templates: float32 (m, d), read-only; several rows per person allowed.
        people: the person of each row.
        recogniser: what made the templates; others must not be compared.
    """

    templates: Templates
    people: tuple[str, ...]
    recogniser: str = ""

    def __post_init__(self) -> None:
        if self.templates.ndim != 2 or len(self.templates) != len(self.people):  # noqa: PLR2004
            raise ValueError(
                f"{len(self.people)} people need as many rows of templates, "
                f"not the shape {self.templates.shape}"
            )
        if not np.isfinite(self.templates).all():
            raise ValueError("a template in the gallery is not finite")
        self.templates.setflags(write=False)

    @classmethod
    def empty(cls, recogniser: str = "") -> Gallery:
        """A gallery of nobody."""
        return cls(np.zeros((0, 0), np.float32), (), recogniser)

    @classmethod
    def of(cls, templates_of: Mapping[str, Sequence[Templates]], recogniser: str = "") -> Gallery:
        """From each person's templates, each float32 (d,)."""
        people = [person for person, rows in templates_of.items() for _ in rows]
        rows = [row for rows in templates_of.values() for row in rows]
        stacked = np.stack(rows) if rows else np.zeros((0, 0), np.float32)
        return cls(stacked.astype(np.float32), tuple(people), recogniser)

    def __len__(self) -> int:
        """Number of people."""
        return len(set(self.people))

    def means(self) -> tuple[tuple[str, ...], Floats, Floats]:
        """The people, each one's mean template (n, d), and number of templates (n,)."""
        row_of = {person: row for row, person in enumerate(dict.fromkeys(self.people))}
        rows = [row_of[person] for person in self.people]
        counts = np.bincount(rows, minlength=len(row_of)).astype(np.float64)
        sums = np.zeros((len(row_of), self.templates.shape[1]))
        np.add.at(sums, rows, self.templates.astype(np.float64))
        return tuple(row_of), sums / counts[:, None], counts


def match(
    templates: Templates, faces: Sequence[Face], gallery: Gallery, limits: Limits
) -> tuple[Match, ...]:
    """The best candidate for each face of one picture, in the order of the faces.

    Args:
        templates: float32 (n, d), one row per face, d as in the gallery; a row that
            is not finite matches nobody.
        faces: the faces, for their size.
        gallery: whom to compare with.
        limits: what the distances mean.

    A face is a confident match if its distance, its margin and its eye distance
    all allow it. A person can be in a view once: when several faces are near
    enough to be the same person, all of them are left to a look, unless the
    nearest leads the others by the margin; then it alone keeps its certainty.

    Raises:
        ValueError: not one template per face, or another length than the gallery's.
    """
    if len(templates) != len(faces):
        raise ValueError(f"{len(templates)} templates for {len(faces)} faces")
    if not len(gallery) or not faces:
        return (Match.nobody(),) * len(faces)
    if templates.shape[1:] != gallery.templates.shape[1:]:
        raise ValueError(
            f"templates of shape {templates.shape} cannot be compared with a gallery "
            f"of shape {gallery.templates.shape}"
        )
    people, means, counts = gallery.means()
    plain = distances(templates, means)
    corrected = np.sqrt(np.square(plain) + WITHIN_PERSON * (1 - 1 / counts))
    matches = [
        _best(row, raw, people, face, limits)
        for row, raw, face in zip(corrected, plain, faces, strict=True)
    ]
    return _once_each(matches, faces, limits)


def distances(templates: Templates, means: Floats) -> Floats:
    """Distance of each face (n) to each mean (p): (n, p), infinite where not finite."""
    probes = templates.astype(np.float64)
    squared = np.full((len(probes), len(means)), np.inf)
    # Not the expanded square: it loses half the digits at small distances.
    for row in np.flatnonzero(np.isfinite(probes).all(axis=1)):
        squared[row] = np.square(means - probes[row]).sum(axis=1)
    apart: Floats = np.sqrt(squared)
    return apart


def _best(row: Floats, plain: Floats, people: Sequence[str], face: Face, limits: Limits) -> Match:
    """The nearest person, by distances with (`row`) and without the correction.

    The mean of several portraits lies nearer to everybody than one portrait does,
    to strangers too, so limits measured on pairs of pictures would let more of
    them through: the variance that averaging took away is put back. Between
    people with different numbers of portraits either distance may be unfair, so
    the lead must hold in both; a twin with fewer portraits must not win by that.
    """
    best = int(np.argmin(row))
    distance = float(row[best])
    if not distance <= limits.look:
        return Match.nobody()
    margin = min(_lead(row, best), _lead(plain, best))
    sure = (
        # The very picture that was enrolled lies at 0.
        limits.confident > 0
        and distance <= limits.confident
        and margin >= limits.margin
        and face.landmarks is not None
        and face.landmarks.eye_distance >= limits.eye_distance
    )
    certainty = Certainty.CONFIDENT if sure else Certainty.LOOK
    return Match(certainty, people[best], distance, margin)


def _lead(row: Floats, best: int) -> float:
    """How much nearer the best person is than the next; negative if another is nearer."""
    others = np.delete(row, best)
    return float(others.min() - row[best]) if len(others) else math.inf


def _once_each(
    matches: Sequence[Match], faces: Sequence[Face], limits: Limits
) -> tuple[Match, ...]:
    """The matches with nobody confidently in one view twice."""
    rivals: dict[tuple[str | None, int], list[float]] = {}
    for one, face in zip(matches, faces, strict=True):
        if one.distance is not None:
            rivals.setdefault((one.person, face.view), []).append(one.distance)
    return tuple(
        _contested(one, sorted(rivals.get((one.person, face.view), ())), limits)
        for one, face in zip(matches, faces, strict=True)
    )


def _contested(one: Match, nearest: Sequence[float], limits: Limits) -> Match:
    if len(nearest) < 2 or one.distance is None:  # noqa: PLR2004 - nobody else
        return one
    leads = one.distance == nearest[0] and nearest[1] - nearest[0] >= limits.margin
    if leads:
        return one
    return dataclasses.replace(one, certainty=Certainty.LOOK, contested=True)
