"""Comparing with the gallery: every doubt lowers the certainty."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.calibration import UNMEASURED
from detector.faces import Box, Certainty, Face, Match
from detector.matching import WITHIN_PERSON, Gallery, Limits, match
from tests.detector.fakes import a_face

if TYPE_CHECKING:
    from detector.faces import Templates

LIMITS = Limits(confident=0.4, look=0.55, margin=0.05, eye_distance=40)


def at(*numbers: float) -> Templates:
    """A template that begins with the given numbers."""
    row = np.zeros(128, np.float32)
    row[: len(numbers)] = numbers
    return row


def matched(
    *probes: Templates, gallery: Gallery, faces: list[Face] | None = None, limits: Limits = LIMITS
) -> tuple[Match, ...]:
    return match(np.stack(probes), faces or [a_face() for _ in probes], gallery, limits)


ANNA_AND_BEN = Gallery.of({"anna": [at(0)], "ben": [at(1)]})


@pytest.mark.parametrize(
    ("x", "certainty", "person"),
    [
        (0.0, Certainty.CONFIDENT, "anna"),
        (0.39, Certainty.CONFIDENT, "anna"),
        (0.41, Certainty.LOOK, "anna"),
        (0.9, Certainty.CONFIDENT, "ben"),
        (-0.54, Certainty.LOOK, "anna"),
        (-0.56, Certainty.NONE, None),
    ],
)
def test_distance_decides(x: float, certainty: Certainty, person: str | None) -> None:
    (one,) = matched(at(x), gallery=ANNA_AND_BEN)
    assert (one.certainty, one.person) == (certainty, person)
    assert not one.contested
    if person == "anna":
        assert one.distance == pytest.approx(abs(x), abs=1e-6)
        assert one.margin == pytest.approx(abs(1 - x) - abs(x), abs=1e-6)


def test_a_close_second_leaves_it_to_a_look() -> None:
    twins = Gallery.of({"anna": [at(0)], "ben": [at(0.04)]})
    (one,) = matched(at(-0.1), gallery=twins)
    assert one.certainty is Certainty.LOOK
    assert one.margin == pytest.approx(0.04, abs=1e-6)


def test_a_lone_person_has_an_infinite_margin() -> None:
    (one,) = matched(at(0.1), gallery=Gallery.of({"anna": [at(0)]}))
    assert one.certainty is Certainty.CONFIDENT
    assert one.margin == math.inf


def test_small_faces_and_faces_without_landmarks_need_a_look() -> None:
    small = a_face(Box(0, 0, 99, 120))  # eyes 39.6 pixels apart
    bare = dataclasses.replace(a_face(), landmarks=None)
    for face in (small, bare):
        (one,) = matched(at(0), gallery=ANNA_AND_BEN, faces=[face])
        assert one.certainty is Certainty.LOOK


def test_an_empty_gallery_knows_nobody() -> None:
    assert matched(at(0), gallery=Gallery.empty()) == (Match.nobody(),)
    assert match(np.zeros((0, 128), np.float32), [], ANNA_AND_BEN, LIMITS) == ()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_broken_template_matches_nobody(value: float) -> None:
    broken, whole = matched(at(value), at(0), gallery=ANNA_AND_BEN)
    assert broken == Match.nobody()
    assert whole.certainty is Certainty.CONFIDENT


def test_a_huge_template_matches_nobody() -> None:
    assert matched(at(3e38), gallery=ANNA_AND_BEN) == (Match.nobody(),)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_gallery_with_a_broken_template_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        Gallery.of({"anna": [at(value)]})


def test_templates_of_another_length_are_refused() -> None:
    short = np.zeros((1, 127), np.float32)
    with pytest.raises(ValueError, match=r"\(1, 127\) cannot be compared"):
        match(short, [a_face()], ANNA_AND_BEN, LIMITS)


def test_the_length_of_a_template_is_the_recognisers() -> None:
    rows = np.eye(3, 512, dtype=np.float32)
    gallery = Gallery.of({"anna": [rows[0]], "ben": [rows[1], rows[1]]})
    (one,) = match(rows[1:2], [a_face()], gallery, Limits(confident=0.5, look=0.5))
    assert one.person == "ben"
    assert one.margin == pytest.approx(2**0.5 - 0.03**0.5)


def test_without_a_measurement_nobody_is_sure_and_everybody_is_looked_at() -> None:
    rows = 1000 * np.eye(3, 8, dtype=np.float32)
    gallery = Gallery.of({"anna": [rows[0]], "ben": [rows[1]]})
    found = match(rows, [a_face()] * 3, gallery, UNMEASURED)
    assert {one.certainty for one in found} == {Certainty.LOOK}
    unmeasurable = np.full((1, 8), np.nan, np.float32)
    assert match(unmeasurable, [a_face()], gallery, UNMEASURED) == (Match.nobody(),)


def test_a_gallery_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        Gallery(np.zeros((2, 128), np.float32), ("anna",))


def test_templates_and_faces_must_belong_together() -> None:
    with pytest.raises(ValueError, match="2 templates for 1 faces"):
        match(np.stack([at(0), at(0)]), [a_face()], ANNA_AND_BEN, LIMITS)


def test_several_portraits_count_as_their_mean() -> None:
    gallery = Gallery.of({"anna": [at(0, 0.2), at(0, -0.2)]})
    assert len(gallery) == 1
    (one,) = matched(at(0.1), gallery=gallery)
    # What averaging two templates takes away is put back: no easier limit for more portraits.
    assert one.distance == pytest.approx(math.sqrt(0.1**2 + WITHIN_PERSON / 2), abs=1e-6)


def test_fewer_portraits_do_not_win_between_twins() -> None:
    # The one with two portraits is plainly nearer; only the correction turns that round.
    twins = Gallery.of({"anna": [at(0), at(0)], "ben": [at(0.25)]})
    (one,) = matched(at(0.05), gallery=twins, limits=dataclasses.replace(LIMITS, margin=0.01))
    assert one.certainty is not Certainty.CONFIDENT or one.person == "anna"
    twins = Gallery.of({"anna": [at(0), at(0)], "ben": [at(0.15)]})
    (one,) = matched(at(0.05), gallery=twins, limits=dataclasses.replace(LIMITS, margin=0.01))
    assert one.certainty is Certainty.LOOK
    assert one.margin is not None
    assert one.margin < 0


# --- one person, one face ------------------------------------------------------------------


def test_a_clear_lead_keeps_its_certainty() -> None:
    near, far = matched(at(0.1), at(0.3), gallery=ANNA_AND_BEN)
    assert (near.certainty, near.contested) == (Certainty.CONFIDENT, False)
    assert (far.certainty, far.contested) == (Certainty.LOOK, True)


def test_without_a_clear_lead_everybody_needs_a_look() -> None:
    for one in matched(at(0.1), at(0.12), gallery=ANNA_AND_BEN):
        assert (one.certainty, one.person, one.contested) == (Certainty.LOOK, "anna", True)


def test_equal_distances_are_no_lead() -> None:
    for one in matched(at(0.1), at(0.1), gallery=ANNA_AND_BEN):
        assert (one.certainty, one.contested) == (Certainty.LOOK, True)


def test_the_same_person_in_another_view_is_no_rival() -> None:
    here, there = a_face(), dataclasses.replace(a_face(), view=1)
    for one in matched(at(0.1), at(0.12), gallery=ANNA_AND_BEN, faces=[here, there]):
        assert (one.certainty, one.contested) == (Certainty.CONFIDENT, False)


def test_different_people_do_not_contest() -> None:
    for one in matched(at(0.1), at(1.1), gallery=ANNA_AND_BEN):
        assert (one.certainty, one.contested) == (Certainty.CONFIDENT, False)


# --- properties ----------------------------------------------------------------------------

rows = st.lists(
    st.lists(st.floats(-1, 1, width=32), min_size=3, max_size=3).map(lambda xs: at(*xs)),
    min_size=1,
    max_size=6,
)


@given(rows, rows)
def test_nobody_is_confidently_in_a_picture_twice(
    probes: list[Templates], enrolled: list[Templates]
) -> None:
    gallery = Gallery.of({f"p{i}": [row] for i, row in enumerate(enrolled)})
    sure = [m.person for m in matched(*probes, gallery=gallery) if m.certainty == "confident"]
    assert len(sure) == len(set(sure))


@given(rows, rows)
def test_a_confident_match_holds_every_condition(
    probes: list[Templates], enrolled: list[Templates]
) -> None:
    gallery = Gallery.of({f"p{i}": [row] for i, row in enumerate(enrolled)})
    for probe, one in zip(probes, matched(*probes, gallery=gallery), strict=True):
        nearest = sorted(float(np.linalg.norm(probe - row)) for row in enrolled)
        if one.certainty is Certainty.NONE:
            assert nearest[0] > LIMITS.look - 1e-6
        if one.certainty is Certainty.CONFIDENT:
            assert nearest[0] <= LIMITS.confident + 1e-6
            assert len(nearest) == 1 or nearest[1] - nearest[0] >= LIMITS.margin - 1e-6


@given(rows, rows, st.randoms(use_true_random=False))
def test_the_order_of_faces_and_people_does_not_matter(
    probes: list[Templates], enrolled: list[Templates], random: object
) -> None:
    people = {f"p{i}": [row] for i, row in enumerate(enrolled)}
    turned = dict(reversed(people.items()))
    straight = matched(*probes, gallery=Gallery.of(people))
    back = matched(*probes[::-1], gallery=Gallery.of(turned))[::-1]
    for one, other in zip(straight, back, strict=True):
        assert one.certainty == other.certainty
        assert one.contested == other.contested or one.margin == 0


@given(rows, rows, st.floats(0, 0.4), st.floats(0, 0.4))
def test_stricter_limits_never_clear_more_faces_alone(
    probes: list[Templates], enrolled: list[Templates], one: float, other: float
) -> None:
    gallery = Gallery.of({f"p{i}": [row] for i, row in enumerate(enrolled)})
    strict = dataclasses.replace(LIMITS, confident=min(one, other))
    loose = dataclasses.replace(LIMITS, confident=max(one, other))
    for probe in probes:
        (tight,) = matched(probe, gallery=gallery, limits=strict)
        (wide,) = matched(probe, gallery=gallery, limits=loose)
        if tight.certainty is Certainty.CONFIDENT:
            assert wide.certainty is Certainty.CONFIDENT


def test_limits_must_be_in_order() -> None:
    for confident, look in itertools.product((-0.1, 0.6, math.nan), (0.5,)):
        with pytest.raises(ValueError, match="confident"):
            Limits(confident, look)
