"""Many sightings to one face each: what several passes saw is put together.

A pass (one scale, flip or turn of the picture) yields many overlapping
candidates per face. Within a pass the strongest speaks for its neighbours;
between passes the sightings of one face are combined: the box and landmarks
are averages weighted by score, and the score is 1 - product(1 - p), as if the
passes were independent witnesses.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from detector.geometry import DLIB_150

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Integers = npt.NDArray[np.intp]

SAME_FACE = 0.4
"""Intersection over union from which two sightings are of one face.

Two people can overlap in a crowd; above 0.4 that hardly happens, and if it
does, one box covers both.
"""


_ODD = 0.1
"""Oddness from which landmarks count for little beside better ones.

In photos of Labeled Faces in the Wild it was 0.02 to 0.12 where a face was seen
upright, and above 0.19 where the picture had been turned under it.
"""

_MIRRORED = [1, 0, 2, 4, 3]
"""In a mirror the viewer's left eye is the right one, and so is the corner of the mouth."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Sightings of faces: boxes (n, 4) left, top, right, bottom; scores (n,).

    `landmarks` is (n, 5, 2) as x, y in the order of `faces.Landmarks`, NaN where
    the finder gives none.
    """

    boxes: Floats
    scores: Floats
    landmarks: Floats

    @classmethod
    def none(cls) -> Candidates:
        """No sighting at all."""
        return cls(*(np.zeros(shape, np.float32) for shape in ((0, 4), (0,), (0, 5, 2))))

    @classmethod
    def joined(cls, parts: Sequence[Candidates]) -> Candidates:
        """All sightings of all parts."""
        if not parts:
            return cls.none()
        return cls(
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.landmarks for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, rows: npt.NDArray[np.generic]) -> Candidates:
        """The sightings at `rows` (indices or a mask)."""
        return Candidates(self.boxes[rows], self.scores[rows], self.landmarks[rows])

    def moved(
        self, *, scale: tuple[float, float] = (1, 1), shift: tuple[float, float] = (0, 0)
    ) -> Candidates:
        """In other coordinates: times `scale`, then plus `shift` (x, y)."""
        by, to = np.array(scale, np.float32), np.array(shift, np.float32)
        return Candidates(
            self.boxes * np.tile(by, 2) + np.tile(to, 2), self.scores, self.landmarks * by + to
        )

    def mirrored(self, width: float) -> Candidates:
        """Sightings in the mirrored picture of that width, in the picture's own coordinates."""
        left, top, right, bottom = self.boxes.T
        points = self.landmarks[:, _MIRRORED] * np.array([-1, 1], np.float32)
        return Candidates(
            np.stack([width - right, top, width - left, bottom], axis=1),
            self.scores,
            points + np.array([width, 0], np.float32),
        )

    def inside(self, width: int, height: int) -> Candidates:
        """Without boxes that lie beyond a picture of `width` x `height`, or are not finite."""
        left, top, right, bottom = self.boxes.T
        seen = (left < width) & (top < height) & (right > 0) & (bottom > 0)
        return self.take(seen & np.isfinite(self.boxes).all(axis=1))


def strongest(candidates: Candidates, overlap: float = SAME_FACE) -> Candidates:
    """One sighting per face of one pass: the strongest, its neighbours dropped.

    Dropped neighbours do not drop others in turn.
    """
    kept = [rows[0] for rows in _clusters(candidates, overlap)]
    return candidates.take(np.array(kept, dtype=np.intp))


def strongest_way(candidates: Candidates) -> Candidates:
    """As `strongest`, of one pass that looked in several ways: turned, or in a mirror.

    The strongest says that there is a face, and the one that saw it the right way up
    where its eyes are (`oddness`), if it is at least half as sure.
    """
    leads, best = [], []
    odd = oddness(candidates.landmarks)
    for rows in _clusters(candidates, SAME_FACE):
        sure = rows[candidates.scores[rows] >= candidates.scores[rows[0]] / 2]
        leads.append(rows[0])
        # A sighting without landmarks is the last choice.
        best.append(sure[np.argmin(np.nan_to_num(odd[sure], nan=np.inf))])
    kept = candidates.take(np.array(leads, dtype=np.intp))
    points = candidates.landmarks[np.array(best, dtype=np.intp)]
    return Candidates(kept.boxes, kept.scores, points)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Voted:
    """Faces after the vote; `passes` (n,) counts the passes that saw each."""

    candidates: Candidates
    passes: Integers


def vote(passes: Sequence[Candidates], overlap: float = SAME_FACE) -> Voted:
    """The faces that the passes agree on; each pass as `strongest` returns it."""
    everything = Candidates.joined(passes)
    odd = oddness(everything.landmarks)
    origin = np.repeat(np.arange(len(passes)), [len(one) for one in passes])
    boxes, scores, landmarks, counts = [], [], [], []
    for rows in _clusters(everything, overlap):
        members = _witnesses(rows, origin)
        weights = everything.scores[members].astype(np.float64)
        weights /= weights.sum()
        boxes.append(weights @ everything.boxes[members])
        landmarks.append(_averaged_landmarks(everything.landmarks[members], odd[members], weights))
        scores.append(1 - np.prod(1 - everything.scores[members].astype(np.float64)))
        counts.append(len(members))
    return Voted(
        Candidates(
            np.array(boxes, np.float32).reshape(-1, 4),
            np.array(scores, np.float32),
            np.array(landmarks, np.float32).reshape(-1, 5, 2),
        ),
        np.array(counts, np.intp),
    )


def _witnesses(rows: Integers, origin: Integers) -> Integers:
    """The strongest sighting of each pass: rows come strongest first, and a pass speaks once."""
    if len(rows) == 1:  # most of what is seen in a crowd is seen once
        return rows
    _, first = np.unique(origin[rows], return_index=True)
    return rows[first]


def _averaged_landmarks(
    landmarks: Floats, odd: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The weighted average of the sightings that have the face the same way up.

    A network that sees a face lying on its side finds it, but not its eyes: such
    points would pull the others away. They are known by their odd arrangement: `odd`
    (n,), NaN for a sighting without landmarks.
    """
    known = np.isfinite(odd)
    if not known.any():
        return np.full((5, 2), np.nan)
    if len(landmarks) == 1:
        only: npt.NDArray[np.float64] = landmarks[0].astype(np.float64)
        return only
    landmarks, weights = landmarks[known], weights[known]
    doubts = np.square(odd[known] / _ODD)
    weights = weights * np.exp(doubts.min() - doubts)
    eyes = landmarks[:, 1] - landmarks[:, 0]
    lead = eyes[np.argmax(weights)]
    # Within 60 degrees: a face may also have been seen in a turned picture.
    alike = eyes @ lead >= 0.5 * np.linalg.norm(eyes, axis=1) * np.linalg.norm(lead)
    landmarks, weights = landmarks[alike], weights[alike]
    averaged: npt.NDArray[np.float64] = np.tensordot(
        weights / weights.sum(), landmarks.astype(np.float64), axes=1
    )
    return averaged


def oddness(landmarks: Floats) -> npt.NDArray[np.float64]:
    """How far landmarks (n, 5, 2) are from those of a face from the front: (n,).

    Root of the mean square that is left after the best turn, scale and shift, in
    distances between the eyes. Capped: a point is no face at all.
    """
    face = np.array(DLIB_150.points) @ (1, 1j)
    face = (face - face.mean()) / abs(face[1] - face[0])
    points = landmarks.astype(np.float64) @ (1, 1j)
    points = points - points.mean(axis=1, keepdims=True)
    factor = points @ face.conj() / np.square(np.abs(face)).sum()
    left = np.sqrt(np.square(np.abs(points - factor[:, None] * face)).mean(axis=1))
    odd: npt.NDArray[np.float64] = np.minimum(left, 9 * np.abs(factor)) / np.maximum(
        np.abs(factor), 1e-9
    )
    return odd


def _clusters(candidates: Candidates, overlap: float) -> list[Integers]:
    """Rows of each face, strongest first: greedy, by overlap with the strongest."""
    boxes = candidates.boxes.astype(np.float64)
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    # Ties go to the lower index, so that the answer never depends on the sort.
    waiting = np.argsort(-candidates.scores, kind="stable")
    clusters = []
    while len(waiting):
        lead = waiting[0]
        low = np.maximum(boxes[lead, :2], boxes[waiting, :2])
        high = np.minimum(boxes[lead, 2:], boxes[waiting, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        union = areas[lead] + areas[waiting] - shared
        near = shared >= overlap * union
        near[0] = True
        clusters.append(waiting[near])
        waiting = waiting[~near]
    return clusters
