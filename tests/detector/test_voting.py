"""Many sightings to one face each."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detector.faces import Box
from detector.voting import Candidates, oddness, strongest, strongest_way, vote
from tests.detector.fakes import landmarks_in


def sightings(*seen: tuple[Box, float]) -> Candidates:
    boxes = [(box.left, box.top, box.right, box.bottom) for box, _ in seen]
    return Candidates(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array([score for _, score in seen], np.float32),
        np.array([landmarks_in(box).points for box, _ in seen], np.float32).reshape(-1, 5, 2),
    )


HERE, NEARBY, ELSEWHERE = Box(10, 10, 50, 60), Box(12, 11, 53, 60), Box(200, 10, 240, 60)

boxes = st.builds(
    lambda x, y, w, h: Box(x, y, x + w, y + h),
    *(st.integers(0, 300), st.integers(0, 300), st.integers(4, 80), st.integers(4, 80)),
)
seen = st.lists(st.tuples(boxes, st.floats(0.0625, 1, width=32)), max_size=30)


def test_the_strongest_speaks_for_its_neighbours() -> None:
    kept = strongest(sightings((NEARBY, 0.5), (HERE, 0.9), (ELSEWHERE, 0.3)))
    assert kept.boxes.tolist() == [[10, 10, 50, 60], [200, 10, 240, 60]]
    assert kept.scores.tolist() == [np.float32(0.9), np.float32(0.3)]


@given(seen)
def test_every_sighting_is_near_one_that_is_kept(some: list[tuple[Box, float]]) -> None:
    kept = [Box(*map(int, row)) for row in strongest(sightings(*some)).boxes]
    for box, _ in some:
        assert max(box.iou(other) for other in kept) >= 0.39
    for index, box in enumerate(kept):
        assert all(box.iou(other) < 0.41 for other in kept[index + 1 :])


def test_passes_that_agree_make_a_face_more_certain() -> None:
    voted = vote([sightings((HERE, 0.5)), sightings((NEARBY, 0.5)), sightings((ELSEWHERE, 0.4))])
    both, single = voted.candidates.scores.tolist()
    assert both == np.float32(0.75)
    assert single == np.float32(0.4)
    assert voted.passes.tolist() == [2, 1]


def test_boxes_and_landmarks_are_weighted_averages() -> None:
    left, right = Box(0, 0, 40, 40), Box(8, 0, 48, 40)
    found = vote([sightings((left, 0.75)), sightings((right, 0.25))]).candidates
    np.testing.assert_allclose(found.boxes, [[2, 0, 42, 40]])
    expected = np.add(landmarks_in(left).points, (2, 0))
    np.testing.assert_allclose(found.landmarks[0], expected, atol=1e-4)


def test_a_pass_speaks_once_for_a_face() -> None:
    # Two sightings in one pass, both near what another pass saw.
    low, high = Box(0, 0, 40, 30), Box(0, 12, 40, 42)
    assert low.iou(high) < 0.5
    voted = vote([sightings((low, 0.5), (high, 0.5)), sightings((Box(0, 4, 40, 36), 0.6))])
    assert voted.passes.max() == 2


def test_landmarks_of_a_turned_sighting_do_not_blend_in() -> None:
    upright = sightings((HERE, 0.9))
    turned = Candidates(
        upright.boxes, upright.scores * np.float32(0.5), upright.landmarks[:, [1, 0, 2, 4, 3]]
    )
    found = vote([upright, turned]).candidates
    np.testing.assert_allclose(found.landmarks, upright.landmarks, atol=1e-4)


def test_a_sighting_without_landmarks_takes_those_of_others() -> None:
    bare = sightings((HERE, 0.9))
    bare = Candidates(bare.boxes, bare.scores, bare.landmarks * np.float32(np.nan))
    found = vote([bare, sightings((HERE, 0.2))]).candidates
    np.testing.assert_allclose(found.landmarks[0], landmarks_in(HERE).points, atol=1e-4)


@given(seen)
def test_the_vote_of_one_pass_changes_nothing(some: list[tuple[Box, float]]) -> None:
    alone = strongest(sightings(*some))
    voted = vote([alone])
    np.testing.assert_allclose(voted.candidates.boxes, alone.boxes, rtol=1e-5)
    np.testing.assert_allclose(voted.candidates.scores, alone.scores, rtol=1e-5)


def test_nothing_is_nothing() -> None:
    assert len(vote([]).candidates) == 0
    assert len(vote([Candidates.none()]).candidates) == 0
    assert len(strongest(Candidates.none())) == 0


# --- seen the wrong way up -----------------------------------------------------------------


def squashed(box: Box, score: float) -> Candidates:
    """A sighting whose eyes and mouth are where a network puts them on a face that lies."""
    one = sightings((box, score))
    middle = one.landmarks.mean(axis=1, keepdims=True)
    askew = middle + (one.landmarks - middle) * (0.4, 1.5) + np.array([[[9, 0]] * 2 + [[0, 0]] * 3])
    return Candidates(one.boxes, one.scores, askew.astype(np.float32))


FACE = Box(100, 100, 180, 200)


def test_points_seen_the_wrong_way_up_do_not_move_the_eyes() -> None:
    right = sightings((FACE, 0.8))
    found = vote([right, squashed(FACE, 0.9), squashed(FACE, 0.9), squashed(FACE, 0.9)]).candidates
    np.testing.assert_allclose(found.landmarks, right.landmarks, atol=1)
    assert found.scores[0] > 0.99


def test_the_best_way_up_tells_where_the_eyes_are_and_the_strongest_how_sure() -> None:
    right, wrong = sightings((FACE, 0.6)), squashed(FACE, 0.9)
    found = strongest_way(Candidates.joined([right, wrong]))
    assert found.scores.tolist() == [np.float32(0.9)]
    np.testing.assert_array_equal(found.landmarks, right.landmarks)


def test_a_hardly_seen_face_tells_nothing_about_the_eyes() -> None:
    right, wrong = sightings((FACE, 0.4)), squashed(FACE, 0.9)
    found = strongest_way(Candidates.joined([right, wrong]))
    np.testing.assert_array_equal(found.landmarks, wrong.landmarks)


@given(st.floats(0, 6.28), st.floats(0.1, 50), st.floats(-500, 500))
def test_turn_scale_and_shift_are_not_odd(turn: float, scale: float, to: float) -> None:
    points = np.array(landmarks_in(FACE).points) @ (1, 1j)
    moved = points * scale * np.exp(1j * turn) + to
    both = np.stack([np.stack([one.real, one.imag], axis=-1) for one in (points, moved)])
    odd = oddness(both.astype(np.float32))
    assert odd[0] < 0.2
    assert abs(odd[0] - odd[1]) < 0.01
