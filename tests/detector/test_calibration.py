"""From false-positive rates to limits: never looser for more people."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.calibration import FMR_TO_DISTANCE, STRICTEST_CAP, distance_at, limits_for

sizes = st.integers(0, 200_000)
rates = st.floats(1e-9, 0.5)


@given(sizes, sizes, rates)
def test_a_larger_gallery_never_loosens_a_limit(one: int, other: int, fpir: float) -> None:
    small, large = limits_for(min(one, other), fpir), limits_for(max(one, other), fpir)
    assert large.confident <= small.confident
    assert large.look <= small.look


@given(sizes, rates, rates)
def test_a_smaller_rate_never_loosens_a_limit(people: int, one: float, other: float) -> None:
    strict, loose = limits_for(people, min(one, other)), limits_for(people, max(one, other))
    assert strict.confident <= loose.confident
    assert strict.look <= loose.look


@given(sizes, rates)
def test_limits_are_sane(people: int, fpir: float) -> None:
    limits = limits_for(people, fpir)
    assert 0 <= limits.confident <= STRICTEST_CAP
    assert limits.confident <= limits.look < 0.6


@given(st.floats(1e-6, 6.4e-3), st.floats(1e-6, 6.4e-3))
def test_distance_grows_with_the_rate(one: float, other: float) -> None:
    low, high = distance_at(min(one, other)), distance_at(max(one, other))
    assert low is not None
    assert high is not None
    assert low <= high


@pytest.mark.parametrize(("fmr", "distance"), FMR_TO_DISTANCE)
def test_measured_points_are_met(fmr: float, distance: float) -> None:
    assert distance_at(fmr) == pytest.approx(distance)


def test_between_measurements_the_logarithm_is_interpolated() -> None:
    assert distance_at(math.sqrt(1e-4 * 1e-3)) == pytest.approx((0.475 + 0.542) / 2)


def test_the_table_is_not_extrapolated() -> None:
    assert distance_at(9e-7) is None
    assert distance_at(0.5) == FMR_TO_DISTANCE[-1][1]


def test_a_gallery_too_large_for_the_table_clears_nobody() -> None:
    # 0.1 % of strangers in a gallery of 500 asks for one pair in a million.
    assert limits_for(500).confident == pytest.approx(0.376, abs=0.001)
    assert limits_for(510).confident == 0
    assert limits_for(510).look > 0.4


@pytest.mark.parametrize(("people", "distance"), [(1, 0.52), (10, 0.459), (100, 0.407)])
def test_usual_galleries(people: int, distance: float) -> None:
    assert limits_for(people).confident == pytest.approx(distance, abs=0.001)


@pytest.mark.parametrize(("people", "fpir"), [(-1, 0.1), (5, 0), (5, 1), (5, -1), (5, math.nan)])
def test_nonsense_is_refused(people: int, fpir: float) -> None:
    with pytest.raises(ValueError, match="no limits"):
        limits_for(people, fpir)
