"""The unknown faces of an album that are the same person: one question instead of forty.

Templates of faces live in the input and, while it is reckoned, in the functions below: what is
answered holds pictures and numbers of faces, nothing that a face could be known by. Nothing is
decided here either. Whom a group may show is a suggestion to a person who looks at it, and is made
only where it is plain: not where two people come into question, not of somebody who has a
look-alike on file.
"""

from __future__ import annotations

import collections
import dataclasses
import itertools
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from clearance.results import FaceReason
from detector.faces import Certainty
from detector.grouping import Means, grouped, limit_for, typical
from detector.sharpness import LEAST

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from clearance.results import FaceResult, PhotoResult
    from detector.faces import Face, Templates
    from detector.scoring import ScoreModel

    Floats = npt.NDArray[np.float64]
    Rows = npt.NDArray[np.intp]

SMALLEST_EYES = 30.0
"""Pixels between the eyes from which a face is compared with others.

Small faces are near to each other. Of faces in 300 crowd photos, all of them strangers, 3 % came
into a group with others from here on, 8 % from 24 pixels on, 10 % from 20.
"""

MARGIN = 5.0
"""Lead over the next person that a suggestion needs, as that of `detector.matching.Limits`."""

K = TypeVar("K", bound=Hashable)


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """Whom a face is taken for: the id, and whether a person said so or only the machine."""

    person: str
    by_hand: bool


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class SeenFaces(Generic[K]):
    """One picture with all its faces and their templates; to be dropped once groups are made.

    Attributes:
        key: what the caller knows the picture by.
        sha256: of the file's bytes: copies of one file are no more evidence than the file.
        faces: in the order of the verdicts.
        templates: float32 (n, d), one row per face; NaN for a face that cannot be measured
            or shall not take part. Never printed.
        known: per face, whom it is taken for; None for nobody.
        sharpness: per face, as `detector.sharpness.sharpness_of`; empty where nobody measured.
    """

    key: K
    sha256: str
    faces: tuple[Face, ...]
    templates: Templates = dataclasses.field(repr=False)
    known: tuple[Known | None, ...]
    sharpness: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.faces) == len(self.templates) == len(self.known):
            raise ValueError(
                f"{len(self.templates)} templates and {len(self.known)} people for "
                f"{len(self.faces)} faces"
            )


@dataclasses.dataclass(frozen=True, slots=True)
class Member(Generic[K]):
    """A face of the album: the key of its picture, and its index there, from 0."""

    key: K
    face: int


@dataclasses.dataclass(frozen=True, slots=True)
class Suggestion(Generic[K]):
    """Whom a group may show: never a verdict, and never more than a reason to look.

    `example` is a face that is taken for that `person`, `by_hand` whether a person said so.
    """

    person: str
    example: Member[K]
    by_hand: bool


@dataclasses.dataclass(frozen=True, slots=True)
class FaceGroup(Generic[K]):
    """Faces nobody has recognised that are one person's.

    Attributes:
        name: `A` for the person in most pictures, then `B`, after `Z` `AA`.
        members: in the order of the album; copies of one file each.
        pictures: number of pictures they are in, copies included.
        best: the member to look at: sharp before blurred, then the largest.
        suggestion: whom the group may show; None where that is not plain.
    """

    name: str
    members: tuple[Member[K], ...]
    pictures: int
    best: Member[K]
    suggestion: Suggestion[K] | None = None


def seen_faces(
    result: PhotoResult, templates: Templates, sharpness: Sequence[float] = ()
) -> SeenFaces[Path]:
    """A picture's faces with what its verdicts know of them.

    Of whom nobody is sure, the machine's likeness counts for nothing. A face takes no part
    that a person called none, or of which a person and the machine say different things.

    Args:
        result: of a file that was judged.
        templates: float32 (n, d) of the faces that were found in the file; those that only
            a copy showed stand behind them in the result, and are left out.
        sharpness: of these faces.

    Raises:
        ValueError: there are more templates than faces, or the file was not judged.
    """
    if result.sha256 is None:
        raise ValueError(f"{result.path} was not judged")
    faces = result.faces[: len(templates)]
    silent = np.array([_says_nothing(face) for face in faces], np.bool_)
    rows = np.where(silent[:, None], np.float32(np.nan), templates)
    return SeenFaces(
        result.path,
        result.sha256,
        tuple(face.face for face in faces),
        rows,
        tuple(_known(face) for face in faces),
        tuple(sharpness),
    )


def _says_nothing(face: FaceResult) -> bool:
    return face.said is not None or FaceReason.RECOGNISED_DOUBTED in face.reasons


def _known(face: FaceResult) -> Known | None:
    if face.recognised:
        return Known(face.recognised.person, by_hand=True)
    if face.match.certainty is Certainty.CONFIDENT and face.match.person:
        return Known(face.match.person, by_hand=False)
    return None


def group_faces(
    pictures: Iterable[SeenFaces[K]],
    model: ScoreModel | None,
    *,
    unsuggested: Collection[str] = frozenset(),
) -> tuple[FaceGroup[K], ...]:
    """Groups of faces that nobody has recognised, of one person each; the largest first.

    A group is in two different files at least, or suggested to be somebody. The same pictures
    give the same groups in whatever order they come; only names of groups of equally many
    pictures, and examples that are equally good, go by it.

    Args:
        pictures: the album, in its order.
        model: what is known of the templates; None gives no groups, because nobody has
            measured what their distances mean.
        unsuggested: people whom no group is suggested to be, above all those with a
            look-alike on file.

    Raises:
        ValueError: a template has another length than the model's.
    """
    if model is None:
        return ()
    album = _Album.of(list(pictures), model)
    if not len(album.sightings):
        return ()
    found = list(_clusters(album, unsuggested))
    found = [one for one in found if one.suggestion or len(one.files) > 1]
    found.sort(key=lambda one: (-one.pictures, one.first))
    return tuple(
        FaceGroup(name, one.members, one.pictures, one.best, one.suggestion)
        for name, one in zip(_names(), found, strict=False)
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Sighting(Generic[K]):
    """One face of one file, in however many copies."""

    sha256: str
    index: int
    face: Face
    known: Known | None
    sharp: bool
    copies: tuple[tuple[int, K], ...]
    """Place in the album and key of every picture that is this file."""

    @property
    def first(self) -> tuple[int, int]:
        """Where it appears first in the album: the picture's place, the face's index."""
        return self.copies[0][0], self.index


@dataclasses.dataclass(frozen=True, slots=True)
class _Found(Generic[K]):
    """A group before it has a name."""

    sightings: tuple[_Sighting[K], ...]
    suggestion: Suggestion[K] | None

    @property
    def files(self) -> set[str]:
        return {one.sha256 for one in self.sightings}

    @property
    def first(self) -> tuple[int, int]:
        return min(one.first for one in self.sightings)

    @property
    def pictures(self) -> int:
        return len({place for one in self.sightings for place, _ in one.copies})

    @property
    def members(self) -> tuple[Member[K], ...]:
        standing = sorted(
            ((place, one.index), Member(key, one.index))
            for one in self.sightings
            for place, key in one.copies
        )
        return tuple(member for _, member in standing)

    @property
    def best(self) -> Member[K]:
        best = min(self.sightings, key=lambda one: (not one.sharp, -_eyes(one.face), one.first))
        return Member(best.copies[0][1], best.index)


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Album(Generic[K]):
    """The faces worth comparing, in an order that does not depend on that of the pictures.

    Attributes:
        model: what is known of the templates.
        limit: the score that two single pictures need to be one person's.
        sightings: by file, then by face.
        rows: (n, k), the prepared template of each.
        places: (n,), a number for each view of each file: nobody is in it twice.
        names: ids of everybody who is known in the album, sorted.
        people: (n,), the index in `names` of whom each is taken for; -1 for nobody.
    """

    model: ScoreModel
    limit: float
    sightings: Sequence[_Sighting[K]]
    rows: Floats
    places: Rows
    names: Sequence[str]
    people: Rows

    @classmethod
    def of(cls, pictures: Sequence[SeenFaces[K]], model: ScoreModel) -> _Album[K]:
        copies: dict[str, list[int]] = collections.defaultdict(list)
        for place, picture in enumerate(pictures):
            copies[picture.sha256].append(place)
        seen = [
            one
            for sha256 in sorted(copies)
            for one in _sightings([(place, pictures[place]) for place in copies[sha256]])
        ]
        rows = _prepared([template for _, template in seen], model)
        whole = np.flatnonzero(typical(model, rows))
        sightings = [seen[row][0] for row in whole.tolist()]
        names = sorted({one.known.person for one in sightings if one.known})
        number = {name: index for index, name in enumerate(names)}
        people = [number[one.known.person] if one.known else -1 for one in sightings]
        return cls(
            model,
            limit_for(model, len(sightings)),
            sightings,
            rows[whole],
            _numbered((one.sha256, one.face.view) for one in sightings),
            names,
            np.array(people, np.intp),
        )

    def grouped(self, rows: Rows, people: Rows) -> Rows:
        """A number of a group for each of `rows`, of which `people` are known."""
        return grouped(self.model, self.rows[rows], self.places[rows], people, self.limit)


def _prepared(templates: Sequence[Templates], model: ScoreModel) -> Floats:
    """The templates on the model's axes: (n, k)."""
    for template in templates:
        if template.shape != (model.dimensions,):
            raise ValueError(
                f"a template of {template.shape} cannot be compared with some of "
                f"{model.dimensions} numbers"
            )
    rows = np.array(templates, np.float64).reshape(-1, model.dimensions)
    return model.prepared(rows)


def _sightings(
    same: Sequence[tuple[int, SeenFaces[K]]],
) -> Iterator[tuple[_Sighting[K], Templates]]:
    """The faces of one file that are worth comparing, given all its copies."""
    _, picture = same[0]
    copies = tuple((place, one.key) for place, one in same)
    for index, face in enumerate(picture.faces):
        template = picture.templates[index]
        if _eyes(face) < SMALLEST_EYES or not np.isfinite(template).all():
            continue
        told = [one.known[index] for _, one in same]
        known = min(filter(None, told), key=lambda one: (not one.by_hand, one.person), default=None)
        sharp = not picture.sharpness or picture.sharpness[index] >= LEAST
        yield _Sighting(picture.sha256, index, face, known, sharp, copies), template


def _eyes(face: Face) -> float:
    return face.landmarks.eye_distance if face.landmarks else 0.0


def _numbered(values: Iterable[Hashable]) -> Rows:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.intp)


def _clusters(album: _Album[K], unsuggested: Collection[str]) -> Iterator[_Found[K]]:
    everybody = np.arange(len(album.sightings))
    undecided = []
    for rows in _split(everybody, album.grouped(everybody, album.people)):
        unknown, known = rows[album.people[rows] < 0], rows[album.people[rows] >= 0]
        if not len(unknown):
            continue
        if not len(known):
            yield _found(album, unknown, None)
        elif suggestion := _suggestion(album, unknown, known, unsuggested):
            yield _found(album, unknown, suggestion)
        else:
            undecided.append(unknown)
    if undecided:
        # They came together through people whom they may not be: what are they without?
        rows = np.sort(np.concatenate(undecided))
        for some in _split(rows, album.grouped(rows, np.full(len(rows), -1))):
            yield _found(album, some, None)


def _split(rows: Rows, labels: Rows) -> Iterator[Rows]:
    order = np.argsort(labels, kind="stable")
    yield from np.split(rows[order], np.flatnonzero(np.diff(labels[order])) + 1)


def _found(album: _Album[K], rows: Rows, suggestion: Suggestion[K] | None) -> _Found[K]:
    return _Found(tuple(album.sightings[row] for row in rows.tolist()), suggestion)


def _suggestion(
    album: _Album[K], unknown: Rows, known: Rows, unsuggested: Collection[str]
) -> Suggestion[K] | None:
    """The person with whom a group came together; None where another one comes into question."""
    person = int(album.people[known[0]])
    everybody = [np.flatnonzero(album.people == other) for other in range(len(album.names))]
    likeness = _likeness(album, unknown, everybody)
    rival = np.delete(likeness, person).max(initial=-np.inf)
    if (
        album.names[person] in unsuggested
        or likeness[person] < 0
        or rival >= min(0.0, likeness[person] - MARGIN)
    ):
        return None
    near = _likeness(album, unknown, list(known[:, None]))
    told = [album.sightings[row] for row in known.tolist()]
    by_hand = [one.known is not None and one.known.by_hand for one in told]
    best = min(range(len(told)), key=lambda one: (not by_hand[one], -near[one], told[one].first))
    example = Member(told[best].copies[0][1], told[best].index)
    return Suggestion(album.names[person], example, by_hand[best])


def _likeness(album: _Album[K], unknown: Rows, others: Sequence[Rows]) -> Floats:
    """How much more than is needed some faces are like each of `others`, one person's each."""
    groups = [unknown, *others]
    means = Means.of(
        album.model,
        np.stack([album.rows[rows].mean(axis=0) for rows in groups]),
        np.array([len(rows) for rows in groups], np.float64),
    )
    one, other = np.zeros(len(others), np.intp), np.arange(1, len(groups))
    return means.leads(means.scores(one, other), one, other, album.limit)


def _names() -> Iterator[str]:
    """A to Z, then AA, AB and so on, without an end."""
    letters = [chr(code) for code in range(ord("A"), ord("Z") + 1)]
    for length in itertools.count(1):
        yield from map("".join, itertools.product(letters, repeat=length))
