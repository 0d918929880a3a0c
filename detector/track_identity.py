"""Who a track is: one answer from all its best moments.

A person recognised from a good view stays that person in profile, blur and half-light: that is
what a track is for. It must not make a false match likelier than a photo does, though a stranger
is looked at a dozen times instead of once. If each of n moments were asked by itself, and the
best answer taken, up to n times as many strangers would bear a name. So no single moment decides:

- The templates of the moments that show the face well are averaged, without asking whom they are
  like, and the mean is compared once, with the limits of a photo. That is one look a stranger, and
  the rate (FPIR) that of a photo: the limits were measured on templates of one photo.
- Beyond that at least two moments half a second apart must by themselves be that person; in a
  track whose moments all lie within half a second, each that shows the face well. It can only
  take names away.
- And no moment that shows the face well may say otherwise.

A photo asks for 40 pixels between the eyes. A track that does not come to that is somebody from 30
on (`Limits.often_eye_distance`) if three moments, each half a second after the one before
(`Limits.often`), and every other one that shows the face well at that size, are by themselves
sure of one person, and their mean is. What that is worth, on 225 photos of Labeled Faces in the
Wild, brought to a size, turned, moved, with noise, and encoded (JPEG, quality 60 to 80) three
times each, found again by the look at a frame, beside one portrait each of 2,329 people; of the
same photo, so that moments are as alike as can be. Pairs of strangers that reach the score which
the table gives for a rate, as multiples of it, in some 470,000 pairs (one look: 1.4 million), and
how many pairs of one person (170, one look: 519) reach that for 1e-5:

    eyes, pixels            40            40              35             30             25
    looks                   one   mean of 3   3 and their mean  the same       the same
    rate 1e-2              0.81        0.84           0.58           0.57           0.53
    1e-3                   0.76        0.79           0.49           0.47           0.44
    1e-4                   0.69        0.68           0.47           0.40           0.57
    1e-5, pairs      0.97 (14)     1.27 (6)       0.21 (1)       0.21 (1)       0.21 (1)
    one person, 1e-5      0.750       0.753          0.702          0.676          0.659

So three moments that agree at 30 pixels, and even at 25, let fewer strangers through than one look
at 40. And a stranger's mean reaches a score as often as one look, or a few per cent more often.
The score model knew these people, at every size alike. Faces that a camera shows small, and what a
codec does between frames, were not measured: hence 30, though 25 would do.

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

    Rows = npt.NDArray[np.bool_]
    """One truth for each moment of a track."""

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
    well = tuple(_shows_well(one, limits.eye_distance) for one in moments)
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


def _shows_well(moment: Moment, eye_distance: float) -> bool:
    face = moment.face
    return (
        face.landmarks is not None
        and face.landmarks.eye_distance >= eye_distance
        and moment.sharpness >= LEAST
        and frontality(face) >= _FRONTAL
    )


def _identity(told: _Told, gallery: Gallery, limits: Limits) -> TrackIdentity:
    """Who one track is, whoever else is there."""
    if told.templates is None or told.mean is None:
        return TrackIdentity(Match.nobody(), 0, len(told.moments), _best_picture(told))
    measured: Rows = np.asarray(np.isfinite(told.templates).all(axis=1))
    together = match(told.mean, [_clearest(told)], gallery, limits)[0]
    likeliest = _likeliest(told.matches)
    person = together.person or (likeliest.person if likeliest else None)
    sure = np.array(
        [one.certainty is Certainty.CONFIDENT and one.person == person for one in told.matches]
    )
    mixed = _mixed(told, gallery, person)
    answer = together
    if together.certainty is Certainty.NONE and likeliest:
        answer = likeliest.to_look_at
    elif together.certainty is Certainty.CONFIDENT and (
        mixed or not any(told.well) or not _agree(told, sure, measured)
    ):
        answer = together.to_look_at
    if answer.certainty is Certainty.LOOK:
        answer, sure = _often(told, gallery, limits) or (answer, sure)
    best = _most_like(told, gallery, answer.person) if answer.person else _best_picture(told)
    return TrackIdentity(answer, int(sure.sum()), int(measured.sum()), best, mixed)


def _often(told: _Told, gallery: Gallery, limits: Limits) -> tuple[Match, Rows] | None:
    """The person whom many moments of a smaller face are sure of, and these moments.

    All that show it well at that size must be, and their mean: who is seen at a photo's size
    in some of them gains nothing by the others unless those agree.
    """
    smaller = dataclasses.replace(limits, eye_distance=limits.often_eye_distance)
    if told.templates is None:
        return None
    shown = np.array([_shows_well(one, smaller.eye_distance) for one in told.moments])
    shown &= np.isfinite(told.templates).all(axis=1)
    if _apart(told, shown) < limits.often:
        return None
    templates = told.templates[shown]
    faces = [face for face, shows in zip(told.faces, shown.tolist(), strict=True) if shows]
    mean = templates.mean(axis=0, keepdims=True)
    together = match(mean, [max(faces, key=_eyes)], gallery, smaller)[0]
    each = match(templates, faces, gallery, smaller)
    alike = all(one.certainty is Certainty.CONFIDENT for one in (*each, together)) and all(
        one.person == together.person for one in each
    )
    if not alike or _of_two(templates, gallery):
        return None
    return together, shown


def _agree(told: _Told, sure: Rows, measured: Rows) -> bool:
    """Whether two moments are sure of it, or all that a short track has.

    Moments nearer than `APART` are one: of them each that shows the face well must be sure.
    """
    if _apart(told, sure) > 1:
        return True
    well = np.array(told.well) & measured
    return _apart(told, measured) == 1 and bool(sure.any()) and bool(sure[well].all())


def _apart(told: _Told, rows: Rows) -> int:
    """How many of these moments are `APART` seconds from the one counted before."""
    count, after = 0, None
    for moment, counts in zip(told.moments, rows.tolist(), strict=True):
        if counts and (after is None or moment.time >= after):
            count, after = count + 1, moment.time + APART
    return count


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
    if told.templates is None:
        return False
    measured = np.isfinite(told.templates).all(axis=1)
    return _of_two(told.templates[measured & np.array(told.well)], gallery)


def _of_two(templates: Templates, gallery: Gallery) -> bool:
    """Whether two of these moments, each of which shows a face well, show two people."""
    model = gallery.model
    if model is None:
        return False
    prepared = model.prepared(templates)
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
