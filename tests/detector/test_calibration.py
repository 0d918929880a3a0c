"""From false-positive rates to limits: never looser for more people."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.calibration import LOOK_FPIR, SAFETY, UNMEASURED, fmr, limits_for, model_for
from detector.detector import Detector
from detector.errors import ModelMissingError
from tests.detector.fakes import ColourRecogniser, SquareFinder, a_model

MODEL = a_model(3)
sizes = st.integers(0, 200_000)
rates = st.floats(1e-9, 0.5)


@given(sizes, sizes, rates)
def test_a_larger_gallery_never_loosens_a_limit(one: int, other: int, fpir: float) -> None:
    small, large = (limits_for(MODEL, people, fpir) for people in sorted((one, other)))
    assert large.confident <= small.confident
    assert large.look <= small.look


@given(sizes, rates, rates)
def test_a_smaller_rate_never_loosens_a_limit(people: int, one: float, other: float) -> None:
    strict, loose = (limits_for(MODEL, people, fpir) for fpir in sorted((one, other)))
    assert strict.confident <= loose.confident
    assert strict.look <= loose.look


@given(sizes, rates)
def test_the_expected_number_of_strangers_named_is_the_one_asked_for(
    people: int, fpir: float
) -> None:
    limits = limits_for(MODEL, people, fpir)
    assert 0 <= limits.confident <= limits.look <= 1
    if limits.confident:
        named = 1 - (1 - limits.confident) ** max(people, 1)
        assert named == pytest.approx(fpir / SAFETY, rel=1e-6)


def test_strangers_who_cluster_make_limits_stricter() -> None:
    clustered = dataclasses.replace(MODEL, clustering=2.0)
    assert limits_for(clustered, 50).confident == limits_for(MODEL, 50).confident / 2


def test_a_gallery_too_large_for_the_table_clears_nobody() -> None:
    # A tenth of 0.1 % of strangers in a gallery of 100 asks for one pair in a million.
    assert limits_for(MODEL, 99).confident == pytest.approx(1.01e-6, rel=1e-3)
    assert limits_for(MODEL, 101).confident == 0
    assert limits_for(MODEL, 101).look == pytest.approx(LOOK_FPIR / 101, rel=0.05)


def test_nobody_is_named_by_scores_that_nobody_measured() -> None:
    assert limits_for(None, 5) == UNMEASURED
    assert UNMEASURED.confident == 0
    assert UNMEASURED.look == 1


def test_in_a_gallery_of_one_both_rates_are_the_same() -> None:
    assert fmr(0.001, 1) == pytest.approx(0.001)


@pytest.mark.parametrize(("people", "fpir"), [(-1, 0.1), (5, 0), (5, 1), (5, -1), (5, math.nan)])
def test_nonsense_is_refused(people: int, fpir: float) -> None:
    with pytest.raises(ValueError, match="no limits"):
        limits_for(MODEL, people, fpir)


# --- which model speaks of which templates -------------------------------------------------


def a_detector_of(name: str, scores: Path | None = None) -> Detector:
    return Detector(SquareFinder, ColourRecogniser, name, scores_path=scores)


def test_the_built_in_networks_are_measured() -> None:
    model = model_for(Detector.load())
    assert model is not None
    assert model.recogniser == Detector.load().recogniser_name
    # Enough pairs for one stranger in a thousand in a gallery of 200.
    assert limits_for(model, 200).confident > 0


def test_a_network_that_nobody_measured_has_no_model() -> None:
    assert model_for(a_detector_of("sface@0123456789ab/centerface-5.2")) is None


def test_an_institutions_own_tables_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "scores.npz"
    MODEL.save(path)
    model = model_for(a_detector_of("colours_v1/squares", path))
    assert model is not None
    assert model.provenance == "made up"


def test_tables_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores.npz"
    MODEL.save(path)
    with pytest.raises(ModelMissingError, match=r"scores\.npz are of colours_v1/squares"):
        model_for(a_detector_of("colours_v2/squares", path))
