"""A track is somebody only if its moments agree, and nobody else is there at once."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from detector.detector import Detector
from detector.faces import Box, Certainty, Face
from detector.matching import Gallery, Limits
from detector.sharpness import LEAST
from detector.track_identity import identify_tracks
from detector.tracks import Ending, Followed, How, Moment, Track, TrackIdentity
from tests.detector.fakes import ColourRecogniser, SquareFinder, a_model, landmarks_in

RED, GREEN, BLUE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
REDDISH = (1.0, 0.75, 0.0)
"""As far from red as somebody whom a person must look at."""
CLOSE = (1.0, 0.2, 0.0)
LIMITS = Limits(confident=1e-4, look=1e-1)
OFTEN, SMALLER = LIMITS.often, LIMITS.often_eye_distance


class ThreeColours(ColourRecogniser):
    dimensions = 3

    def embed(self, chips: np.ndarray) -> np.ndarray:
        rows: np.ndarray = (chips.mean(axis=(1, 2)) / 255).astype(np.float32)
        return rows


DETECTOR = Detector(SquareFinder, ThreeColours, "colours_v1/squares")
GALLERY = Gallery.of(
    {"anna": [np.array(RED, np.float32)], "ben": [np.array(GREEN, np.float32)]},
    "colours_v1/squares",
    a_model(3),
)


def moment(
    colour: Sequence[float],
    second: float,
    sharpness: float = 0.2,
    width: int = 120,
    landmarks: bool = True,
) -> Moment:
    box = Box(60, 60, 60 + width, 60 + width * 7 // 6)
    pixels = np.empty((320, 300, 3), np.uint8)
    pixels[:] = np.array(colour) / np.linalg.norm(colour) * 200
    face = Face(box, 0.9, landmarks_in(box) if landmarks else None)
    time = Fraction(second).limit_denominator(100)
    return Moment(round(time * 25), time, box, face, pixels, sharpness)


def track(*moments: Moment, start: int = 0, frames: int = 100, how: How = How.SEEN) -> Track:
    return Track(
        0,
        start,
        np.zeros((frames, 4), np.float32),
        np.full(frames, how, np.uint8),
        np.full(frames, 0.9, np.float32),
        Ending.VIDEO,
        Ending.VIDEO,
        moments,
    )


def identified(*tracks: Track, gallery: Gallery = GALLERY) -> tuple[TrackIdentity, ...]:
    numbered = tuple(dataclasses.replace(one, number=n) for n, one in enumerate(tracks))
    return identify_tracks(Followed(numbered, (), (), 200), DETECTOR, gallery, LIMITS)


def one(*moments: Moment, frames: int = 100) -> TrackIdentity:
    (identity,) = identified(track(*moments, frames=frames))
    return identity


def test_moments_that_agree_are_somebody() -> None:
    first, second = moment(CLOSE, 0), moment(RED, 2)
    identity = one(first, second)
    assert identity.match.certainty is Certainty.CONFIDENT
    assert identity.match.person == "anna"
    assert (identity.agreed, identity.measured, identity.mixed) == (2, 2, False)
    assert identity.best is second


def test_one_moment_of_several_is_not_enough() -> None:
    identity = one(moment(RED, 0), moment(REDDISH, 2), moment(REDDISH, 4))
    assert identity.match.certainty is Certainty.LOOK
    assert identity.agreed == 1


def test_two_moments_at_once_are_one() -> None:
    later = moment(REDDISH, 2)
    assert one(moment(RED, 0), moment(RED, 0.2), later).match.certainty is Certainty.LOOK
    assert one(moment(RED, 0), moment(RED, 0.6), later).match.certainty is Certainty.CONFIDENT


def test_the_only_moment_of_a_short_track_is_enough() -> None:
    identity = one(moment(RED, 0), frames=20)
    assert identity.match.certainty is Certainty.CONFIDENT


def test_all_moments_of_a_short_track_must_agree() -> None:
    """Half a second shows a face once, however many moments are kept of it."""
    assert one(moment(RED, 0), moment(RED, 0.4)).match.certainty is Certainty.CONFIDENT
    doubtful = moment((1.0, 0.72, 0.0), 0.4)
    identity = one(moment(RED, 0), doubtful)
    assert identity.agreed == 1
    assert identity.match.certainty is Certainty.LOOK
    blurred = dataclasses.replace(doubtful, sharpness=LEAST / 2)
    assert one(moment(RED, 0), blurred).match.certainty is Certainty.CONFIDENT


@pytest.mark.parametrize("poor", [{"sharpness": LEAST / 2}, {"width": 60}])
def test_poor_moments_take_nothing_away(poor: dict[str, float]) -> None:
    """Who was recognised from a good view stays that person in blur, and far away."""
    identity = one(moment(RED, 0), moment(RED, 2), moment(BLUE, 4, **poor))  # type: ignore[arg-type]
    assert identity.match.certainty is Certainty.CONFIDENT
    assert not identity.mixed


@pytest.mark.parametrize("poor", [{"sharpness": LEAST / 2}, {"width": 60}])
def test_poor_moments_name_nobody(poor: dict[str, float]) -> None:
    identity = one(moment(RED, 0, **poor), moment(RED, 2, **poor))  # type: ignore[arg-type]
    assert identity.match.certainty is Certainty.LOOK
    assert identity.match.person == "anna"


def small(colour: Sequence[float], second: float, **more: float) -> Moment:
    """A moment whose eyes are 32 pixels apart: fewer than a photo needs, enough for a video."""
    return moment(colour, second, **{"width": 80} | more)  # type: ignore[arg-type]


def test_a_smaller_face_is_somebody_if_it_is_seen_often() -> None:
    identity = one(*(small(RED, second) for second in range(OFTEN)))
    assert identity.match.certainty is Certainty.CONFIDENT
    assert identity.match.person == "anna"
    assert (identity.agreed, identity.measured) == (OFTEN, OFTEN)


def test_a_smaller_face_that_is_seen_seldom_is_to_be_looked_at() -> None:
    identity = one(*(small(RED, second) for second in range(OFTEN - 1)))
    assert identity.match.certainty is Certainty.LOOK
    assert identity.match.person == "anna"


def test_moments_of_a_smaller_face_that_are_near_each_other_count_once() -> None:
    near = [small(RED, 0.4 * n) for n in range(OFTEN)]
    assert one(*near).match.certainty is Certainty.LOOK
    assert one(*near, small(RED, 2)).match.certainty is Certainty.CONFIDENT


@pytest.mark.parametrize(
    "poor", [{"width": 72}, {"sharpness": LEAST / 2}], ids=["smaller still", "blurred"]
)
def test_moments_that_show_a_smaller_face_badly_do_not_count(poor: dict[str, float]) -> None:
    assert landmarks_in(Box(0, 0, 72, 84)).eye_distance < SMALLER
    seen = [small(RED, second) for second in range(OFTEN - 1)]
    assert one(*seen, small(RED, OFTEN, **poor)).match.certainty is Certainty.LOOK


@pytest.mark.parametrize(
    "other",
    [BLUE, GREEN, (1.0, 0.72, 0.0)],
    ids=["a stranger", "somebody else", "not quite"],
)
@pytest.mark.parametrize("width", [80, 120])
def test_one_moment_that_does_not_agree_leaves_a_smaller_face_open(
    other: Sequence[float], width: int
) -> None:
    seen = [small(RED, second) for second in range(OFTEN + 2)]
    identity = one(*seen, moment(other, OFTEN + 2, width=width))
    assert identity.match.certainty is not Certainty.CONFIDENT


def test_many_looks_at_a_smaller_face_do_not_make_a_likeness_sure() -> None:
    """A stranger near the limit: some moments within it, some beyond, and their mean within."""
    lucky, unlucky = (1.0, 0.6, 0.0), (1.0, 0.72, 0.0)
    alike = one(*(small(lucky, n) for n in range(12)))
    assert alike.match.certainty is Certainty.CONFIDENT  # the limit itself, as in a photo
    identity = one(*(small(unlucky if n == 5 else lucky, n) for n in range(12)))
    assert identity.match.score is not None and identity.match.score > 11
    assert identity.match.certainty is Certainty.LOOK


def test_two_people_in_one_track_of_a_smaller_face_are_nobody() -> None:
    seen = [small(RED, second) for second in range(OFTEN)]
    identity = one(*seen, *(small(GREEN, OFTEN + second) for second in range(OFTEN)))
    assert identity.match.certainty is not Certainty.CONFIDENT


def at(degrees: float) -> tuple[float, float, float]:
    """A colour that far from red towards green."""
    return math.cos(math.radians(degrees)), math.sin(math.radians(degrees)), 0.0


def gallery_at(**degrees: float) -> Gallery:
    colours = {name: [np.array(at(one), np.float32)] for name, one in degrees.items()}
    return Gallery.of(colours, "colours_v1/squares", a_model(3))


def test_a_moment_that_is_sure_of_a_lookalike_leaves_a_smaller_face_open() -> None:
    """They are too alike for the moments to be two people's; their mean is one of them."""
    gallery = gallery_at(anna=0, ben=45)
    seen = [small(RED, second) for second in range(12)]
    (alone,) = identified(track(*seen), gallery=gallery)
    assert alone.match.certainty is Certainty.CONFIDENT
    (identity,) = identified(track(*seen, small(at(45), 12)), gallery=gallery)
    assert identity.match.person == "anna"
    assert identity.match.certainty is Certainty.LOOK


def test_moments_that_are_too_unlike_each_other_leave_a_smaller_face_open() -> None:
    """Two strangers, each as like somebody between them as may be."""
    gallery = gallery_at(anna=45)
    for colour in (at(11.4), at(78.6)):
        (alone,) = identified(track(*(small(colour, n) for n in range(OFTEN))), gallery=gallery)
        assert alone.match.certainty is Certainty.CONFIDENT
    both = [small(at(78.6 if n % 2 else 11.4), n) for n in range(2 * OFTEN)]
    (identity,) = identified(track(*both), gallery=gallery)
    assert identity.match.person == "anna"
    assert identity.match.certainty is Certainty.LOOK


def test_two_smaller_faces_at_once_are_not_one_person() -> None:
    seen = [small(RED, second) for second in range(OFTEN)]
    for identity in identified(track(*seen), track(*seen)):
        assert (identity.match.certainty, identity.match.contested) == (Certainty.LOOK, True)


@pytest.mark.parametrize("other", [BLUE, GREEN])
def test_a_moment_that_shows_somebody_else_is_a_mixed_track(other: Sequence[float]) -> None:
    """Whether that is somebody of the gallery or a stranger."""
    identity = one(moment(RED, 0), moment(RED, 2), moment(RED, 3), moment(RED, 5), moment(other, 7))
    assert identity.mixed
    assert identity.match.certainty is not Certainty.CONFIDENT


def test_a_stranger_is_nobody_and_has_a_best_picture() -> None:
    sharp = moment(BLUE, 2, 0.3)
    identity = one(moment(BLUE, 0, 0.01), sharp)
    assert identity.match.certainty is Certainty.NONE
    assert identity.best is sharp
    assert not identity.match.resembles_somebody


def test_many_looks_do_not_make_a_likeness_sure() -> None:
    """Twelve moments near the limit: the mean decides, not the luckiest of them."""
    lucky = (1.0, 0.6, 0.0)  # a little nearer than the limit
    unlucky = (1.0, 0.8, 0.0)
    moments = [moment(lucky if n % 6 == 0 else unlucky, 2 * n) for n in range(12)]
    identity = one(*moments)
    assert identity.agreed == 2
    assert identity.match.certainty is Certainty.LOOK


def test_without_a_moment_nobody_is_known() -> None:
    assert one() == TrackIdentity(one().match, 0, 0)
    assert one().match.certainty is Certainty.NONE
    assert one(moment(RED, 0, landmarks=False)).match.certainty is Certainty.NONE


def test_nobody_is_in_an_empty_gallery() -> None:
    (identity,) = identified(track(moment(RED, 0), moment(RED, 2)), gallery=Gallery.empty())
    assert identity.match.certainty is Certainty.NONE
    assert identity.measured == 2


def test_an_unmeasured_network_is_never_sure() -> None:
    gallery = Gallery.of({"anna": [np.array(RED, np.float32)]}, "colours_v1/squares")
    (identity,) = identified(track(moment(RED, 0), moment(RED, 2)), gallery=gallery)
    assert identity.match.certainty is Certainty.LOOK


def test_two_tracks_in_one_frame_are_not_one_person() -> None:
    sure = track(moment(RED, 0), moment(RED, 2))
    like = track(moment((1.0, 0.55, 0.0), 0), moment((1.0, 0.55, 0.0), 2), start=50)
    strong, weak = identified(sure, like)
    assert strong.match.certainty is Certainty.CONFIDENT
    assert (weak.match.certainty, weak.match.contested) == (Certainty.LOOK, True)


def test_two_alike_in_one_frame_are_both_to_be_looked_at() -> None:
    for identity in identified(
        track(moment(RED, 0), moment(RED, 2)), track(moment(RED, 0), moment(RED, 2))
    ):
        assert (identity.match.certainty, identity.match.contested) == (Certainty.LOOK, True)


@pytest.mark.parametrize("again", [{"start": 100}, {"start": 50, "how": How.HELD}])
def test_two_tracks_one_after_the_other_may_be_one_person(again: dict[str, int]) -> None:
    """A place that is held shows nobody."""
    moments = moment(RED, 0), moment(RED, 2)
    for identity in identified(track(*moments), track(*moments, **again)):  # type: ignore[arg-type]
        assert identity.match.certainty is Certainty.CONFIDENT
