"""The parrot test counts fairly: guessing is worth what guessing is worth."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.parrot import CANDIDATES, RIM, Likeness, identified, laid_over, standardised, wilson
from detector.faces import Box, Face

PHOTOS = 5
PEOPLE = np.repeat(np.arange(80), PHOTOS)


def rows(*, telling: float) -> np.ndarray:
    """A row for each photo: noise, and so much of the person."""
    rng = np.random.default_rng(3)
    own = rng.standard_normal((80, 24))[PEOPLE]
    return telling * own + rng.standard_normal((len(PEOPLE), 24))


@pytest.mark.parametrize(
    "noise", [rows(telling=0), np.zeros((len(PEOPLE), 24))], ids=["noise", "all alike"]
)
def test_guessing_finds_one_in_fifty(noise: np.ndarray) -> None:
    found = identified([(Likeness(noise, noise), PEOPLE)], lists=400, seed=1)
    assert found.first == pytest.approx(1 / CANDIDATES, abs=0.006)
    assert found.among_five == pytest.approx(5 / CANDIDATES, abs=0.012)
    assert found.photos == len(PEOPLE)


def test_people_who_are_told_apart_are_found() -> None:
    clear = rows(telling=5)
    found = identified([(Likeness(clear, clear), PEOPLE)], lists=20, seed=1)
    assert found.first == 1.0


def test_people_with_more_photos_are_no_nearer() -> None:
    # The mean of many photos is nearer to any other photo.
    people = np.concatenate([np.repeat(np.arange(40), 4), np.repeat(np.arange(40, 80), 40)])
    noise = np.random.default_rng(5).standard_normal((len(people), 24))
    found = identified([(Likeness(noise, noise), people)], lists=400, seed=1)
    assert found.first == pytest.approx(1 / CANDIDATES, abs=0.006)


def test_the_interval_is_wilsons() -> None:
    # R: prop.test(10, 100, correct = FALSE)
    assert wilson(0.1, 100) == pytest.approx((0.05522914, 0.17436566), abs=1e-6)
    assert wilson(0.0, 100)[0] == 0.0
    assert wilson(1.0, 100)[1] == 1.0


def test_a_flat_window_is_all_zero() -> None:
    flat = np.full((1, 32, 32, 3), 77, np.uint8)
    assert not standardised(flat).any()


def test_outside_the_rim_nothing_of_the_photo_is_left() -> None:
    rng = np.random.default_rng(2)
    head, below = rng.integers(0, 256, (2, 60, 50, 3), dtype=np.uint8)
    face = Face(Box(10, 10, 40, 50), 0.9)
    mixed, alpha = laid_over(head, below, face)
    assert (mixed[alpha == 0] == below[alpha == 0]).all()
    assert (mixed[alpha == 1] == head[alpha == 1]).all()
    columns = np.flatnonzero(alpha.any(axis=0))
    assert columns[0] >= 25 - RIM[1] * 30 - 1
    assert columns[-1] <= 25 + RIM[1] * 30
