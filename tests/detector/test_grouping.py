"""Groups of templates: their score is that of the model, and blocks change nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from detector import grouping
from detector.grouping import RELIEF, Means, candidates, grouped, limit_for, typical
from detector.scoring import ScoreModel
from tests.detector.drawn import MODEL, Cast
from tests.detector.test_scoring import fitted

AXES = 3


def joint(model: ScoreModel, pictures: np.ndarray) -> float:
    """Logarithm of the density of pictures of one person, from the definition."""
    n = len(pictures)
    between = np.kron(np.ones((n, n)), np.diag(model.spreads[0]))
    middle = np.tile(model.centres[0], n)
    return float(multivariate_normal.logpdf(pictures.ravel(), middle, between + np.eye(n * AXES)))


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 2), (2, 1)])
def test_the_score_of_two_groups_is_the_ratio_of_the_joint_densities(n: int, m: int) -> None:
    model = fitted()
    pictures = np.random.default_rng(4).normal(0, 2, (n + m, AXES))
    ones, others = pictures[:n], pictures[n:]
    means = Means.of(model, np.stack([ones.mean(0), others.mean(0)]), np.array([n, m], float))
    expected = joint(model, pictures) - joint(model, ones) - joint(model, others)
    first, second = np.array([0]), np.array([1])
    assert means.scores(first, second)[0] == pytest.approx(expected, abs=1e-9)
    assert means.scores(second, first)[0] == pytest.approx(expected, abs=1e-9)


def test_a_group_of_several_pictures_is_surer_than_one_picture() -> None:
    model, row = fitted(), np.array([[2.5, -2.0, 1.5]])
    scores = [
        Means.of(model, np.concatenate([row, row]), np.array([count, 1.0])).scores(
            np.array([0]), np.array([1])
        )[0]
        for count in (1.0, 2.0, 3.0)
    ]
    assert scores == sorted(scores)
    assert scores[0] < scores[-1]


def test_pairs_do_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = Cast()
    rows = MODEL.prepared(np.stack([cast.picture_of(f"p{n // 2 % 7}") for n in range(60)]))
    places = np.arange(60) // 2

    def pairs() -> list[tuple[int, int]]:
        return sorted(
            zip(*(part.tolist() for part in candidates(MODEL, rows, places)), strict=True)
        )

    whole = pairs()
    monkeypatch.setattr(grouping, "_BLOCK", 7)
    assert pairs() == whole
    assert len(whole) > 50
    assert all(one < other and places[one] != places[other] for one, other in whole)


def test_a_group_needs_less_than_a_picture() -> None:
    rows = np.zeros((4, MODEL.transform.shape[1]))
    means = Means.of(MODEL, rows, np.array([1.0, 1.0, 2.0, 7.0]))
    ones, others = np.array([0, 0, 2]), np.array([1, 2, 3])
    leads = means.leads(np.full(3, 20.0), ones, others, 18.0)
    assert leads.tolist() == [2.0, 2.0 + RELIEF, 2.0 + 2 * RELIEF]


def test_a_template_far_from_everybody_is_not_typical() -> None:
    cast = Cast()
    rows = MODEL.prepared(np.stack([cast.picture_of(f"p{n}") for n in range(50)]))
    assert typical(MODEL, rows).all()
    assert not typical(MODEL, 3 * rows).any()
    assert typical(MODEL, rows[:0]).shape == (0,)


def test_each_template_has_a_bounded_number_of_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "_MOST_CANDIDATES", 4)
    cast = Cast()
    rows = MODEL.prepared(np.stack([cast.picture_of("x") for _ in range(40)]))
    ones, _ = candidates(MODEL, rows, np.arange(40))
    assert np.bincount(ones).max() == 4
    # And the same person, seen so often, is one group all the same.
    labels = grouped(MODEL, rows, np.arange(40), np.full(40, -1), limit_for(MODEL, 40))
    assert labels.tolist() == [0] * 40


def test_the_limit_rises_with_the_number_of_faces() -> None:
    limits = [limit_for(MODEL, count) for count in (1, 10, 100, 1000, 10_000)]
    assert limits == sorted(limits)
    assert limits[0] < limits[1] < limits[2] < limits[-1]
    # Beyond, the table would rest on too little.
    assert limit_for(MODEL, 10**9) == limits[-1]


def test_there_are_no_groups_where_too_little_was_measured() -> None:
    coarse = dataclasses.replace(MODEL, rates=MODEL.rates[:5], scores=MODEL.scores[:, :5])
    assert limit_for(coarse, 10) < np.inf
    assert limit_for(coarse, 10_000) == np.inf
    rows = np.zeros((3, MODEL.transform.shape[1]))
    labels = grouped(coarse, rows, np.arange(3), np.full(3, -1), np.inf)
    assert labels.tolist() == [0, 1, 2]


def test_people_who_are_known_are_one_group_and_stay_apart() -> None:
    cast = Cast()
    rows = MODEL.prepared(np.stack([cast.picture_of(who) for who in "xyxx"]))
    people = np.array([0, 0, 1, -1])
    # Nobody is alike enough; but who is known is known.
    labels = grouped(MODEL, rows, np.arange(4), people, 1e9)
    assert labels[0] == labels[1]
    assert len(set(labels.tolist())) == 3
    # Everybody is: two who are known to be two stay so.
    labels = grouped(MODEL, rows, np.arange(4), people, -1e9)
    assert labels[0] == labels[1] != labels[2]
    assert labels[3] in labels[:3]


def test_a_group_finds_whom_its_pictures_miss() -> None:
    axis = 1.5 * np.eye(MODEL.transform.shape[1])
    # Around one person: two pictures that are alike, and one that is farther from both.
    rows = np.stack([axis[0], -axis[0], 2.2 * axis[1]])
    both = Means.of(MODEL, np.stack([rows[:2].mean(axis=0), rows[2]]), np.array([2.0, 1.0]))
    single = Means.of(MODEL, rows, np.ones(3))
    alike, far, farther = single.scores(np.array([0, 0, 1]), np.array([1, 2, 2]))
    together = both.scores(np.array([0]), np.array([1]))[0] + RELIEF
    limit = (max(far, farther) + min(alike, together)) / 2
    assert max(far, farther) < limit < min(alike, together)
    nobody = np.full(3, -1)
    assert grouped(MODEL, rows, np.arange(3), nobody, limit).tolist() == [0, 0, 0]
    assert len(set(grouped(MODEL, rows[1:], np.arange(2), nobody[1:], limit).tolist())) == 2
