"""Comparing with the gallery: every doubt lowers the certainty."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.calibration import UNMEASURED
from detector.faces import Box, Certainty, Face, Match
from detector.matching import Gallery, Limits, best_assignment, match, worth_a_second_look
from tests.detector.fakes import a_face, a_model

if TYPE_CHECKING:
    from detector.faces import Templates

LIMITS = Limits(confident=1e-5, look=1e-3, margin=5, eye_distance=40)
MODEL = dataclasses.replace(
    a_model(3), mean=np.array([1.0, 0, 0, 0]), transform=1e4 * np.eye(4, 3, -1)
)
"""Confident up to 0.477 from a lone portrait, a look up to 0.684; the scores lead by 5 nats
when the next person is a fifth farther away, squared."""


def at(*numbers: float) -> Templates:
    """A template at that place: long, so that taking it to unit length moves it by nothing."""
    row = np.zeros(4, np.float32)
    row[0] = 1000
    row[1 : 1 + len(numbers)] = numbers
    return row


def gallery_of(**people: list[Templates]) -> Gallery:
    return Gallery.of(people, "colours_v1/squares", MODEL)


def matched(
    *probes: Templates, gallery: Gallery, faces: list[Face] | None = None, limits: Limits = LIMITS
) -> tuple[Match, ...]:
    return match(np.stack(probes), faces or [a_face() for _ in probes], gallery, limits)


ANNA_AND_BEN = gallery_of(anna=[at(0)], ben=[at(1)])


@pytest.mark.parametrize(
    ("x", "certainty", "person"),
    [
        (0.0, Certainty.CONFIDENT, "anna"),
        (0.39, Certainty.CONFIDENT, "anna"),
        # Near enough, but ben is not much farther.
        (0.41, Certainty.LOOK, "anna"),
        (-0.47, Certainty.CONFIDENT, "anna"),
        (-0.48, Certainty.LOOK, "anna"),
        (0.9, Certainty.CONFIDENT, "ben"),
        (-0.68, Certainty.LOOK, "anna"),
        (-0.69, Certainty.NONE, None),
    ],
)
def test_the_score_decides(x: float, certainty: Certainty, person: str | None) -> None:
    (one,) = matched(at(x), gallery=ANNA_AND_BEN)
    assert (one.certainty, one.person) == (certainty, person)
    assert not one.contested
    if person == "anna":
        assert one.distance == pytest.approx(abs(x), abs=1e-6)
        assert one.score == pytest.approx(19.684 - 25 * x**2, abs=0.02)
        assert one.margin == pytest.approx(25 * ((1 - x) ** 2 - x**2), abs=0.02)


def test_a_rival_counts_even_where_others_are_likelier_for_it() -> None:
    gallery = gallery_of(anna=[at(0)], ben=[at(0.7)], cara=[at(0.4, 0.29)])
    (alone,) = matched(at(-0.1), gallery=gallery)
    near, rival = matched(at(-0.1), at(0.4), gallery=gallery)
    assert (alone.certainty, alone.contested) == (Certainty.CONFIDENT, False)
    # Two faces, so two candidates each: anna is only the third of the second face.
    assert rival.person == "cara"
    assert (near.person, near.certainty, near.contested) == ("anna", Certainty.LOOK, True)


def test_a_match_says_how_many_strangers_come_that_near() -> None:
    near, far = (matched(at(x), gallery=ANNA_AND_BEN)[0] for x in (-0.4768, -0.5894))
    assert near.rate == pytest.approx(1e-5, rel=0.05)
    assert far.rate == pytest.approx(1e-4, rel=0.05)


def test_a_close_second_leaves_it_to_a_look() -> None:
    (one,) = matched(at(-0.1), gallery=gallery_of(anna=[at(0)], ben=[at(0.04)]))
    assert one.certainty is Certainty.LOOK
    assert one.margin == pytest.approx(25 * (0.14**2 - 0.1**2), abs=0.01)


def test_a_lone_person_has_an_infinite_margin() -> None:
    (one,) = matched(at(0.1), gallery=gallery_of(anna=[at(0)]))
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
    assert match(np.zeros((0, 4), np.float32), [], ANNA_AND_BEN, LIMITS) == ()


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
        gallery_of(anna=[at(value)])


def test_templates_of_another_length_are_refused() -> None:
    short = np.zeros((1, 2), np.float32)
    with pytest.raises(ValueError, match=r"\(1, 2\) cannot be compared"):
        match(short, [a_face()], ANNA_AND_BEN, LIMITS)
    with pytest.raises(ValueError, match=r"\(1, 2\) cannot be compared"):
        gallery_of(anna=[short[0]])


def test_templates_and_faces_must_belong_together() -> None:
    with pytest.raises(ValueError, match="2 templates for 1 faces"):
        match(np.stack([at(0), at(0)]), [a_face()], ANNA_AND_BEN, LIMITS)


def test_several_portraits_tell_more_than_one() -> None:
    once = gallery_of(anna=[at(0)])
    twice = gallery_of(anna=[at(0, 0.1), at(0, -0.1)])
    assert len(twice) == 1
    (one,), (other,) = (matched(at(0), gallery=gallery) for gallery in (once, twice))
    assert one.score is not None
    assert other.score is not None
    assert other.score > one.score
    assert other.distance == pytest.approx(0, abs=1e-6)


# --- a network that nobody measured --------------------------------------------------------


def test_without_a_measurement_nobody_is_sure_and_everybody_is_looked_at() -> None:
    rows = 1000 * np.eye(3, 512, dtype=np.float32)
    gallery = Gallery.of({"anna": [rows[0]], "ben": [rows[1], rows[1]]}, "sface@01/centerface-5")
    found = match(rows[:2], [a_face()] * 2, gallery, UNMEASURED)
    assert [(one.certainty, one.person) for one in found] == [("look", "anna"), ("look", "ben")]
    assert {(one.score, one.rate) for one in found} == {(None, None)}
    (stranger,) = match(rows[2:], [a_face()], gallery, UNMEASURED)
    assert stranger.certainty is Certainty.LOOK
    unmeasurable = np.full((1, 512), np.nan, np.float32)
    assert match(unmeasurable, [a_face()], gallery, UNMEASURED) == (Match.nobody(),)


# --- one person, one face ------------------------------------------------------------------


def test_a_clear_lead_keeps_its_certainty_and_the_other_goes_without() -> None:
    near, far = matched(at(-0.1), at(-0.5), gallery=ANNA_AND_BEN)
    assert (near.certainty, near.person, near.contested) == ("confident", "anna", False)
    assert far == Match(Certainty.NONE, contested=True)


def test_without_a_clear_lead_nobody_is_sure() -> None:
    near, far = matched(at(-0.1), at(-0.12), gallery=ANNA_AND_BEN)
    assert (near.certainty, near.person, near.contested) == ("look", "anna", True)
    assert far == Match(Certainty.NONE, contested=True)


def test_the_one_that_goes_without_may_be_somebody_else_to_look_at() -> None:
    trio = gallery_of(anna=[at(0)], ben=[at(0.4)], cleo=[at(5)])
    near, far = matched(at(-0.1), at(0.1), gallery=trio)
    assert (near.certainty, near.person) == ("look", "anna")
    assert (far.certainty, far.person, far.contested) == ("look", "ben", True)
    assert far.margin is not None
    assert far.margin < 0


def test_people_are_given_so_that_all_scores_together_are_highest() -> None:
    # One by one the first face would take anna and leave the second without anybody.
    pair = gallery_of(anna=[at(0)], ben=[at(0.2)])
    first, second = matched(at(0.05), at(-0.5), gallery=pair)
    assert (first.person, second.person) == ("ben", "anna")
    assert {first.certainty, second.certainty} == {Certainty.LOOK}


def test_the_same_person_in_another_view_is_no_rival() -> None:
    here, there = a_face(), dataclasses.replace(a_face(), view=1)
    for one in matched(at(0.1), at(0.12), gallery=ANNA_AND_BEN, faces=[here, there]):
        assert (one.certainty, one.person, one.contested) == ("confident", "anna", False)


def test_different_people_do_not_contest() -> None:
    for one in matched(at(0.1), at(1.1), gallery=ANNA_AND_BEN):
        assert (one.certainty, one.contested) == (Certainty.CONFIDENT, False)


# --- properties ----------------------------------------------------------------------------

rows = st.lists(
    st.lists(st.floats(-1, 1, width=32), min_size=3, max_size=3).map(lambda xs: at(*xs)),
    min_size=1,
    max_size=6,
)


def enrolled_as(rows: list[Templates]) -> Gallery:
    return gallery_of(**{f"p{i}": [row] for i, row in enumerate(rows)})


@given(rows, rows)
def test_nobody_is_in_a_picture_twice(probes: list[Templates], enrolled: list[Templates]) -> None:
    found = matched(*probes, gallery=enrolled_as(enrolled))
    people = [one.person for one in found if one.person]
    assert len(people) == len(set(people))


@given(rows, rows)
def test_a_confident_match_holds_every_condition(
    probes: list[Templates], enrolled: list[Templates]
) -> None:
    gallery = enrolled_as(enrolled)
    for probe, one in zip(probes, matched(*probes, gallery=gallery), strict=True):
        scores = sorted(
            (19.684 - 25 * float(np.square(probe - row).sum()) for row in enrolled), reverse=True
        )
        if one.certainty is Certainty.CONFIDENT:
            assert not one.contested
            assert scores[0] >= 14 - 0.05
            assert len(scores) == 1 or scores[0] - scores[1] >= LIMITS.margin - 0.05
        if one.certainty is Certainty.NONE and not one.contested:
            assert scores[0] <= 8 + 0.05


@given(rows, rows)
def test_a_face_alone_is_never_less_sure(
    probes: list[Templates], enrolled: list[Templates]
) -> None:
    gallery = enrolled_as(enrolled)
    for probe, one in zip(probes, matched(*probes, gallery=gallery), strict=True):
        (alone,) = matched(probe, gallery=gallery)
        if one.certainty is Certainty.CONFIDENT:
            assert (alone.certainty, alone.person) == (one.certainty, one.person)
        if one.certainty is Certainty.LOOK:
            assert alone.certainty is not Certainty.NONE


@given(rows, rows)
def test_the_order_of_faces_and_people_does_not_matter(
    probes: list[Templates], enrolled: list[Templates]
) -> None:
    people = {f"p{i}": [row] for i, row in enumerate(enrolled)}
    straight = matched(*probes, gallery=gallery_of(**people))
    back = matched(*probes[::-1], gallery=gallery_of(**dict(reversed(people.items()))))[::-1]
    sure = [
        {(place, one.person) for place, one in enumerate(found) if one.certainty == "confident"}
        for found in (straight, back)
    ]
    assert sure[0] == sure[1]


@given(rows, rows, st.floats(0, 1e-3), st.floats(0, 1e-3))
def test_stricter_limits_never_clear_more_faces_alone(
    probes: list[Templates], enrolled: list[Templates], one: float, other: float
) -> None:
    gallery = enrolled_as(enrolled)
    strict = dataclasses.replace(LIMITS, confident=min(one, other))
    loose = dataclasses.replace(LIMITS, confident=max(one, other))
    for probe in probes:
        (tight,) = matched(probe, gallery=gallery, limits=strict)
        (wide,) = matched(probe, gallery=gallery, limits=loose)
        if tight.certainty is Certainty.CONFIDENT:
            assert wide.certainty is Certainty.CONFIDENT


@pytest.mark.parametrize(
    ("confident", "look"), [(-0.1, 0.5), (0.6, 0.5), (math.nan, 0.5), (0.1, 1.1)]
)
def test_limits_must_be_in_order(confident: float, look: float) -> None:
    with pytest.raises(ValueError, match="confident"):
        Limits(confident, look)


# --- who gets whom -------------------------------------------------------------------------

gains = st.integers(1, 6).flatmap(
    lambda rows: st.integers(1, 6).flatmap(
        lambda columns: st.lists(
            st.lists(st.integers(-3, 9), min_size=columns, max_size=columns),
            min_size=rows,
            max_size=rows,
        )
    )
)


@given(gains)
def test_people_are_given_so_that_the_sum_is_largest(rows: list[list[int]]) -> None:
    gain = np.array(rows, np.float64)
    chosen = best_assignment(gain)
    given_columns = chosen[chosen >= 0].tolist()
    assert len(set(given_columns)) == len(given_columns)
    held = np.flatnonzero(chosen >= 0)
    assert (gain[held, chosen[held]] > 0).all()
    assert gain[held, chosen[held]].sum() == _most(rows, frozenset())


def _most(rows: list[list[int]], taken: frozenset[int]) -> int:
    """The largest sum, by trying everything."""
    if not rows:
        return 0
    first, *others = rows
    free = [
        gain + _most(others, taken | {column})
        for column, gain in enumerate(first)
        if gain > 0 and column not in taken
    ]
    return max([_most(others, taken), *free])


def test_many_faces_and_people_are_given_as_scipy_does() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(6)
    for rows, columns in ((30, 200), (80, 80), (60, 20), (1, 5)):
        gain = np.where(rng.random((rows, columns)) < 0.2, rng.random((rows, columns)), 0)
        theirs = gain[optimize.linear_sum_assignment(gain, maximize=True)].sum()
        chosen = best_assignment(gain)
        held = np.flatnonzero(chosen >= 0)
        assert gain[held, chosen[held]].sum() == pytest.approx(theirs)


def test_two_looks_are_asked_for_more_than_one() -> None:
    limits = dataclasses.replace(LIMITS, glance=0.1, second_glance=1e-3)
    gallery = gallery_of(ada=[at(0, 0, 0)])
    scores = gallery.scores(np.stack([at(0.1, 0, 0)]))
    between = next(
        at(step / 100, 0, 0)
        for step in range(1, 200)
        if 2.0 < gallery.scores(np.stack([at(step / 100, 0, 0)]))[0, 0] < 8.0
    )
    rows = np.stack([at(0.1, 0, 0), between])
    assert scores[0, 0] > 8.0
    assert worth_a_second_look(rows, gallery, limits).tolist() == [0, 1]
    assert worth_a_second_look(rows, gallery, limits, looks=2).tolist() == [0]
