"""What is kept of a person's portraits: the best that agree, if they are like nobody else's.

A portrait of somebody else under a person's name publishes somebody who did not agree,
and a mistake in the pile of portraits is the likeliest way there. So the portraits of
one person must look alike, and none of them like another person.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clearance.errors import PortraitsCollideError
from clearance.likeness import rates_for
from consent.records import StoredPortrait
from detector.enrolment import reference_template
from detector.errors import PhotoUnreadableError, PortraitRejectedError
from detector.photo import photo_from_bytes

if TYPE_CHECKING:
    import datetime as dt

    import numpy.typing as npt

    from clearance.likeness import Rates
    from consent.records import Person
    from consent.registry import Registry
    from detector.detector import Detector
    from detector.enrolment import Reference

    Flags = npt.NDArray[np.bool_]

MAX_TEMPLATES = 5
"""Templates kept of a person: more hardly tell more, and what is of no use is not kept."""

DISAGREEMENT = 0.01
"""Two portraits are not of one person when more strangers than that are as alike."""

COLLISION = 1e-4
"""Portraits of two people are too alike when so few strangers are."""

Problem = PhotoUnreadableError | PortraitRejectedError | PortraitsCollideError


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class References:
    """What a person's portraits give.

    Attributes:
        templates: to be kept, by portrait id: float32, little-endian.
        left_out: why portraits cannot be compared with anybody, by portrait id.
        collision: why there are no templates at all, if portraits were good enough.
    """

    templates: Mapping[str, bytes]
    left_out: Mapping[str, Problem]
    collision: Problem | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that somebody must be told."""
        return (*self.left_out.values(), *([self.collision] if self.collision else []))


@dataclasses.dataclass(frozen=True, slots=True)
class NewPortrait:
    """A portrait that is not in the registry yet, and the name of its file."""

    portrait: StoredPortrait
    name: str


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """A portrait that passed the gate. `number` counts what is stored, from 1."""

    portrait: StoredPortrait
    reference: Reference
    number: int
    name: str | None


def references_of(
    person: Person,
    registry: Registry,
    detector: Detector,
    on: dt.date,
    new: Sequence[NewPortrait] = (),
) -> References:
    """What may be kept of the portraits of a person: those stored, and new ones.

    Of the portraits that pass the gate and agree, the best by `Reference.quality`,
    `MAX_TEMPLATES` at most. A portrait agrees when it looks like at least half of the
    others; a new one, like at least half of those stored that agree. Two that disagree
    are both left out: nobody can tell which one is wrong.

    Where nobody has measured the network, portraits are not compared.

    Raises:
        ModelMissingError, BackendMissingError: a network cannot be loaded.
        ConsentError: the registry cannot be read.
    """
    stored = [(portrait, None) for portrait in registry.portraits_of(person.id)]
    every = [*stored, *((one.portrait, one.name) for one in new)]
    candidates, left_out = _described(every, detector)
    rates = rates_for(detector)
    if rates and candidates:
        agreeing = _agreeing(_alike(candidates, rates), [one.name is None for one in candidates])
        for one, agrees in zip(candidates, agreeing, strict=True):
            if not agrees:
                left_out[one.portrait.id] = _told_of(one.portrait, one.number, one.name, _stray())
        candidates = [one for one, agrees in zip(candidates, agreeing, strict=True) if agrees]
    best = sorted(candidates, key=lambda one: -one.reference.quality)[:MAX_TEMPLATES]
    collision = _collision(best, person, registry, detector, on, rates) if rates and best else None
    if collision:
        return References({}, left_out, collision)
    return References(
        {one.portrait.id: one.reference.template.astype("<f4").tobytes() for one in best}, left_out
    )


def _described(
    portraits: Sequence[tuple[StoredPortrait, str | None]], detector: Detector
) -> tuple[list[_Candidate], dict[str, Problem]]:
    """The portraits that pass the gate, and why others do not."""
    candidates: list[_Candidate] = []
    left_out: dict[str, Problem] = {}
    for number, (portrait, name) in enumerate(portraits, 1):
        try:
            frame = photo_from_bytes(portrait.data, Path(portrait.id + portrait.suffix))
            reference = reference_template(frame, detector)
        except (PhotoUnreadableError, PortraitRejectedError) as error:
            left_out[portrait.id] = _told_of(portrait, number, name, error)
        else:
            candidates.append(_Candidate(portrait, reference, number, name))
    return candidates, left_out


def _alike(candidates: Sequence[_Candidate], rates: Rates) -> Flags:
    """Which portraits could be of one person (n, n)."""
    rows = [one.reference.template for one in candidates]
    found = rates(np.stack(rows), [[row] for row in rows])
    # Each is once the portrait and once the picture: in doubt the rarer likeness is not there.
    alike: Flags = np.maximum(found, found.T) <= DISAGREEMENT
    np.fill_diagonal(alike, val=True)
    return alike


def _agreeing(alike: Flags, stored: Sequence[bool]) -> Flags:
    """Which portraits stay, as `references_of` says."""
    old = np.array(stored)
    settled = old.copy()
    settled[old] = _majority(alike[np.ix_(old, old)])
    if not settled.any():
        return _majority(alike)
    near = alike[:, settled].sum(axis=1) * 2 >= settled.sum()
    agreeing: Flags = np.where(old, settled, near)
    return agreeing


def _majority(alike: Flags) -> Flags:
    """Whichever is like at least half of the others."""
    friends = alike.sum(axis=1) - 1
    majority: Flags = friends * 2 >= len(alike) - 1
    return majority


def _collision(
    candidates: Sequence[_Candidate],
    person: Person,
    registry: Registry,
    detector: Detector,
    on: dt.date,
    rates: Rates,
) -> Problem | None:
    """The nearest likeness with somebody else who is matched and not said to look alike."""
    known = registry.dossier(person.id).lookalikes | {person.id}
    others: dict[str, list[npt.NDArray[np.float32]]] = {}
    for known_id, template in registry.gallery(detector.recogniser_name, on):
        if known_id not in known:
            others.setdefault(known_id, []).append(np.frombuffer(template, "<f4"))
    if not others:
        return None
    rows = np.stack([one.reference.template for one in candidates])
    found = rates(rows, list(others.values()))
    row, column = divmod(int(np.argmin(found)), len(others))
    if found[row, column] > COLLISION:
        return None
    one, other = candidates[row], registry.person(list(others)[column])
    error = PortraitsCollideError(
        "it looks like {other}, and no template of {person} is kept until that is settled; if "
        "the two look alike, say so with 'clearance people lookalike {id} {other_id}' and then "
        "'clearance people re-enrol', else use another portrait",
        person=person.name,
        other=other.name,
        id=person.id,
        other_id=other.id,
    )
    return _told_of(one.portrait, one.number, one.name, error)


def _stray() -> PortraitRejectedError:
    return PortraitRejectedError(
        "it does not look like the other portraits of this person; add another picture, "
        "if it is the right person"
    )


def _told_of(portrait: StoredPortrait, number: int, name: str | None, error: Problem) -> Problem:
    """The error, and which portrait it is about."""
    if name is not None:
        return type(error)("{name}: {cause}", name=name, cause=error)
    return type(error)(
        "portrait {number}, added on {day}: {cause}",
        number=number,
        day=portrait.added_on,
        cause=error,
    )
