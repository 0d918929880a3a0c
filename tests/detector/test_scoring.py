"""The two-covariance model: its formula, its table, its file."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import multivariate_normal

from detector.errors import ModelMissingError
from detector.scoring import COUNTS, ScoreModel, unit
from tests.detector.fakes import a_model

WITHIN = np.array([[0.5, 0.1, 0.0], [0.1, 0.3, 0.05], [0.0, 0.05, 0.2]])
BETWEEN = np.array([[2.0, -0.3, 0.1], [-0.3, 1.0, 0.2], [0.1, 0.2, 0.7]])
MEAN = np.array([0.2, -0.1, 0.4])


def fitted() -> ScoreModel:
    """The model with the covariances above."""
    whiten = np.linalg.inv(np.linalg.cholesky(WITHIN))
    between, turn = np.linalg.eigh(whiten @ BETWEEN @ whiten.T)
    return dataclasses.replace(
        a_model(3),
        mean=MEAN,
        transform=whiten.T @ turn,
        centres=np.zeros((1, 3)),
        spreads=between[None],
    )


numbers = arrays.arrays(np.float64, (1, 3), elements=st.floats(-3, 3))


@given(numbers, st.lists(numbers, min_size=1, max_size=4))
def test_the_score_is_the_ratio_of_the_joint_densities(
    probe: np.ndarray, portraits: list[np.ndarray]
) -> None:
    model = fitted()
    enrolled = np.concatenate(portraits)
    prepared = model.prepared(enrolled)
    score = model.log_ratios(
        model.prepared(probe), prepared.mean(axis=0, keepdims=True), np.array([len(enrolled)])
    )[0, 0]

    def logpdf(rows: np.ndarray) -> float:
        """Of pictures of one person, from the definition: all share the same person."""
        rows, n = unit(rows), len(rows)
        covariance = np.kron(np.ones((n, n)), BETWEEN) + np.kron(np.eye(n), WITHIN)
        return float(multivariate_normal.logpdf((rows - MEAN).ravel(), np.zeros(3 * n), covariance))

    expected = logpdf(np.concatenate([enrolled, probe])) - logpdf(enrolled) - logpdf(probe)
    assert score == pytest.approx(expected, abs=1e-3)


def test_people_with_different_numbers_of_portraits_stand_in_one_gallery() -> None:
    model = fitted()
    means = model.prepared(np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]))
    counts = np.array([1.0, 3, 1])
    probes = model.prepared(np.array([[1.0, 0.2, 0], [0, 0.4, 1]]))
    together = model.log_ratios(probes, means, counts)
    alone = [model.log_ratios(probes, means[i : i + 1], counts[i : i + 1])[:, 0] for i in range(3)]
    assert together == pytest.approx(np.stack(alone, axis=1), abs=1e-4)


@given(st.floats(-50, 80), st.floats(-50, 80), st.sampled_from([1, 2, 3, 4, 5, 9]))
def test_a_higher_score_is_never_more_common(one: float, other: float, portraits: int) -> None:
    low, high = sorted((one, other))
    rates = a_model(3).rate(np.array([low, high]), np.array([float(portraits)] * 2))
    assert 0 < rates[1] <= rates[0] <= 1


@given(st.floats(1e-6, 0.1), st.sampled_from([1, 2, 3, 5]))
def test_rates_and_scores_are_each_others_inverse(rate: float, portraits: int) -> None:
    model, counts = a_model(3), np.array([float(portraits)])
    score = model.score_at(rate, counts)
    assert model.rate(score, counts)[0] == pytest.approx(rate, rel=1e-9)


def test_beyond_the_table_nothing_is_rarer_than_was_measured() -> None:
    model, one = a_model(3), np.array([1.0])
    assert model.rate(np.array([1e9]), one)[0] == pytest.approx(model.rates[-1])
    assert model.rate(np.array([-1e9]), one)[0] == 1
    assert model.score_at(model.rates[-1] / 2, one)[0] == np.inf
    assert model.score_at(1.0, one)[0] == -np.inf


def test_between_the_rows_of_the_table_fewer_portraits_speak() -> None:
    model = a_model(3)
    rows = np.arange(len(COUNTS))[:, None] * 10.0
    model = dataclasses.replace(model, scores=model.scores + rows)
    four, three = (model.rate(np.array([22.0]), np.array([n])) for n in (4.0, 3.0))
    assert four == three


def test_a_model_comes_back_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "scores.npz"
    model = fitted()
    model.save(path)
    again = ScoreModel.load(path)
    assert (again.recogniser, again.provenance) == (model.recogniser, model.provenance)
    assert again.transform == pytest.approx(model.transform, rel=1e-6)
    assert again.scores == pytest.approx(model.scores, rel=1e-6)


@pytest.mark.parametrize(
    "damage",
    [
        {"spreads": np.array([[1.0, 1, -1]])},
        {"centres": np.zeros((2, 3))},
        {"mean": np.array([np.nan, 0, 0])},
        {"mean": np.zeros(4)},
        {"rates": np.array([0.1, 0.2, 0.01, 1e-3, 1e-4, 1e-5])},
        {"rates": np.zeros(0)},
        {"scores": -a_model(3).scores},
        {"scores": np.full((len(COUNTS), 6), np.nan)},
        {"clustering": 0.5},
    ],
)
def test_a_model_that_cannot_be_is_refused(damage: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "scores.npz"
    dataclasses.replace(a_model(3), **damage).save(path)
    with pytest.raises(ModelMissingError, match=r"scores\.npz cannot be used"):
        ScoreModel.load(path)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "scores.npz"
    path.write_bytes(content)
    with pytest.raises(ModelMissingError, match=r"scores\.npz cannot be used"):
        ScoreModel.load(path)


def test_a_file_with_pickled_objects_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "scores.npz"
    np.savez(path, about=np.array([{"format": 1}], dtype=object))
    with pytest.raises(ModelMissingError):
        ScoreModel.load(path)


def test_an_absent_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match=r"none\.npz"):
        ScoreModel.load(tmp_path / "none.npz")
