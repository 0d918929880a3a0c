"""Who a track is: one answer from all its best moments.

A person recognised from a good view stays that person in profile, blur and half-light: that is
what a track is for. It must not make a false match likelier than a photo does, though a stranger
is looked at a dozen times instead of once. If each of n moments were asked by itself, and the
best answer taken, up to n times as many strangers would bear a name. So no single moment decides:

- The templates of the moments that show the face well are averaged, without asking whom they are
  like, and the mean is compared once, with the limits of a photo. That is one look a stranger, and
  the rate (FPIR) that of a photo: the limits were measured on templates of one photo. A mean
  has less of what chance adds; that strangers' means score no higher is argued, not measured.
- Beyond that at least two moments half a second apart must by themselves be that person; in a
  track that shows one moment only, that one. It can only take names away.
- And no moment that shows the face well may say otherwise.

So a track bears a wrong name at most as often as a photo. That a person is asked to look is
likelier, since for that one moment is enough: this costs a look, and publishes nobody.

Two moments say that a track is of two people where the recogniser's score model has it `OTHER`
(a natural logarithm) likelier that they are strangers. Of pairs from 150 people of Labeled Faces
in the Wild, each seen well and on different days, 2.4 % of one person's were below -10 (some of
them the wrong face of the photo) and 99.3 % of two people's. Below 0 it would be 5.6 % and 99.9 %.
"""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from detector.faces import Certainty, Match
from detector.matching import match
from detector.moments import frame_of, frontality
from detector.sharpness import LEAST
from detector.tracks import How, TrackIdentity

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from detector.detector import Detector
    from detector.faces import Face, Templates
    from detector.matching import Gallery, Limits
    from detector.tracks import Followed, Moment, Track

    Floats = npt.NDArray[np.float64]

OTHER = -10.0
"""Logarithm of the likelihood ratio below which two moments show two people."""

APART = Fraction(1, 2)
"""Seconds between two moments that are two: nearer ones are nearly the same picture."""

_FRONTAL = 0.5
"""See `moments.frontality`: landmarks no odder than 0.12. Of 300 photos of Labeled Faces in the
Wild 91 % were so, and sharp."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """What the moments of a track say."""

    track: Track
    moments: tuple[Moment, ...] = ()
    faces: tuple[Face, ...] = ()
    templates: Templates | None = None
    """float32 (n, d), one row a moment; None where none of them is like anybody."""
    matches: tuple[Match, ...] = ()
    well: tuple[bool, ...] = ()
    """Whether a moment shows the face sharp, from the front and large enough."""
    mean: Templates | None = None
    """float32 (1, d), of those that show it well, or else of all."""


def identify_tracks(
    followed: Followed, detector: Detector, gallery: Gallery, limits: Limits
) -> tuple[TrackIdentity, ...]:
    """Who each track is, in their order.

    Of two tracks that are seen in one frame at most one is somebody: the one that is less like
    them is contested and to be looked at, and so is the other if it does not lead by the margin.

    Args:
        followed: the tracks, with their moments.
        detector: what measures faces.
        gallery: whom they may be.
        limits: what scores mean, the same as for a photo.

    Raises:
        ModelMissingError: the recogniser's weights are absent or damaged.
        BackendMissingError: a package that the backend needs is not installed.
    """
    told = [_told(track, detector, gallery, limits) for track in followed.tracks]
    identities = [_identity(one, gallery, limits) for one in told]
    return tuple(
        _contested(place, identities, told, gallery, limits) for place in range(len(identities))
    )


def _told(track: Track, detector: Detector, gallery: Gallery, limits: Limits) -> _Told:
    moments = tuple(one for one in track.moments if one.face.landmarks is not None)
    if not moments:
        return _Told(track)
    frame, faces = frame_of(moments)
    well = tuple(_shows_well(one, limits) for one in moments)
    nobody = (Match.nobody(),) * len(moments)
    if not len(gallery):
        return _Told(track, moments, faces, None, nobody, well)
    # Most strangers are given up after one chip of each moment.
    templates = detector.probes(frame, faces, gallery, limits)
    missing = np.flatnonzero(~np.isfinite(templates).all(axis=1))
    if len(missing) == len(moments):
        return _Told(track, moments, faces, None, nobody, well)
    # A moment that is like nobody must be measured, too: it may be somebody else.
    templates[missing] = detector.templates(frame, [faces[row] for row in missing.tolist()])
    # Each moment is a view of its own, so that several may be one person.
    matches = tuple(
        one
        if one.certainty is not Certainty.CONFIDENT or moment.sharpness >= LEAST
        else one.to_look_at
        for one, moment in zip(match(templates, faces, gallery, limits), moments, strict=True)
    )
    measured = np.isfinite(templates).all(axis=1)
    averaged = measured & np.array(well) if (measured & np.array(well)).any() else measured
    mean = templates[averaged].mean(axis=0, keepdims=True) if averaged.any() else None
    return _Told(track, moments, faces, templates, matches, well, mean)


def _shows_well(moment: Moment, limits: Limits) -> bool:
    face = moment.face
    return (
        face.landmarks is not None
        and face.landmarks.eye_distance >= limits.eye_distance
        and moment.sharpness >= LEAST
        and frontality(face) >= _FRONTAL
    )


def _identity(told: _Told, gallery: Gallery, limits: Limits) -> TrackIdentity:
    """Who one track is, whoever else is there."""
    if told.templates is None or told.mean is None:
        return TrackIdentity(Match.nobody(), 0, len(told.moments), _best_picture(told))
    measured = int(np.isfinite(told.templates).all(axis=1).sum())
    together = match(told.mean, [_clearest(told)], gallery, limits)[0]
    likeliest = _likeliest(told.matches)
    person = together.person or (likeliest.person if likeliest else None)
    sure = [
        row
        for row, one in enumerate(told.matches)
        if one.certainty is Certainty.CONFIDENT and one.person == person
    ]
    mixed = _mixed(told, gallery, person)
    answer = together
    if together.certainty is Certainty.NONE and likeliest:
        answer = likeliest.to_look_at
    elif together.certainty is Certainty.CONFIDENT:
        agreed = _apart([told.moments[row].time for row in sure]) or (sure and measured == 1)
        if mixed or not agreed or not any(told.well):
            answer = together.to_look_at
    best = _most_like(told, gallery, answer.person) if answer.person else _best_picture(told)
    return TrackIdentity(answer, len(sure), measured, best, mixed)


def _apart(times: Sequence[Fraction]) -> bool:
    return len(times) > 1 and max(times) - min(times) >= APART


def _likeliest(matches: Sequence[Match]) -> Match | None:
    """The match of the moment that is most like anybody."""
    some = [one for one in matches if one.certainty is not Certainty.NONE]
    return max(
        some,
        key=lambda one: (one.score is not None, one.score or 0.0, -(one.distance or 0.0)),
        default=None,
    )


def _mixed(told: _Told, gallery: Gallery, person: str | None) -> bool:
    """Whether moments that show a face well show two people."""
    for one, well in zip(told.matches, told.well, strict=True):
        if well and one.certainty is Certainty.CONFIDENT and one.person != person:
            return True
    model, templates = gallery.model, told.templates
    if model is None or templates is None:
        return False
    clear = templates[np.array(told.well) & np.isfinite(templates).all(axis=1)]
    prepared = model.prepared(clear)
    ratios = model.log_ratios(prepared, prepared, np.ones(len(prepared)))
    return bool((ratios < OTHER).any())


def _clearest(told: _Told) -> Face:
    """The largest face among those that show it well, or among all."""
    rows = [row for row, well in enumerate(told.well) if well] or list(range(len(told.faces)))
    return max((told.faces[row] for row in rows), key=_eyes)


def _eyes(face: Face) -> float:
    return face.landmarks.eye_distance if face.landmarks else 0.0


def _best_picture(told: _Told) -> Moment | None:
    return max(
        told.moments,
        key=lambda one: _eyes(one.face) * frontality(one.face) * min(1.0, one.sharpness / LEAST),
        default=None,
    )


def _most_like(told: _Told, gallery: Gallery, person: str) -> Moment | None:
    if told.templates is None:
        return None
    scores = gallery.scores(told.templates)[:, gallery.people.index(person)]
    return told.moments[int(scores.argmax())]


def _contested(
    place: int,
    identities: Sequence[TrackIdentity],
    told: Sequence[_Told],
    gallery: Gallery,
    limits: Limits,
) -> TrackIdentity:
    """The identity, contested where somebody in the same frame could be the same person."""
    identity = identities[place]
    person = identity.match.person
    if person is None:
        return identity
    row = gallery.people.index(person)
    mine = _score(told[place], gallery, row)
    least = gallery.thresholds(limits.look)[row]
    for other, theirs in enumerate(told):
        if other == place:
            continue
        score = _score(theirs, gallery, row)
        named = identities[other].match.person == person
        rivals = score > mine - limits.margin and score >= least
        if (rivals or (named and score >= mine)) and _together(told[place].track, theirs.track):
            contested = dataclasses.replace(identity.match.to_look_at, contested=True)
            return dataclasses.replace(identity, match=contested)
    return identity


def _score(told: _Told, gallery: Gallery, person: int) -> float:
    if told.mean is None:
        return float("-inf")
    return float(gallery.scores(told.mean)[0, person])


def _together(one: Track, other: Track) -> bool:
    """Whether the finder saw both in one frame: a place that is only held shows nobody."""
    first, stop = max(one.start, other.start), min(one.stop, other.stop)
    if first >= stop:
        return False
    both = [
        track.how[first - track.start : stop - track.start] == How.SEEN for track in (one, other)
    ]
    return bool((both[0] & both[1]).any())
