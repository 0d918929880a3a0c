"""The report says in plain words how often a stranger is mistaken for somebody."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from clearance.clear import House
from clearance.language import language
from clearance.rate import MatchingRate, rate_of
from clearance.results import Outcome, PhotoResult
from clearance.settings import Detection, Settings
from detector.faces import Box
from detector.matching import Gallery, Limits
from tests.clearance.test_judging import house_of
from tests.forms.judged import a_face

RESULT = PhotoResult(Path("a.jpg"), Outcome.BLOCKED, faces=(a_face(Box(0, 0, 50, 60)),))


def a_gallery(people: int) -> Gallery:
    row = np.zeros(128, np.float32)
    return Gallery.of({f"p-{number}": [row, row] for number in range(people)})


def rate(people: int, wished: float = 0.001, confident: float = 0.4) -> MatchingRate | None:
    settings = Settings(detection=Detection(false_positive_rate=wished))
    house = compared(house_of(None, settings), a_gallery(people), Limits(confident, 0.6))
    return rate_of(house, faces=True)


def compared(house: House, gallery: Gallery, limits: Limits) -> House:
    eyes = dataclasses.replace(house.eyes, gallery=gallery, limits=limits)
    return dataclasses.replace(house, eyes=eyes)


@pytest.mark.parametrize(
    ("wished", "strangers"),
    [(0.001, 1000), (0.01, 100), (0.003, 330), (0.0001, 10_000), (0.0007, 1400), (1e-6, 1_000_000)],
)
def test_the_rate_is_that_of_the_settings(wished: float, strangers: int) -> None:
    assert rate(212, wished) == MatchingRate(212, strangers)


def test_people_count_and_not_their_portraits() -> None:
    found = rate(3)
    assert found
    assert found.people == 3


def test_without_a_certain_match_there_is_no_rate() -> None:
    assert rate(212, confident=0.0) == MatchingRate(212, None)


def test_nobody_enrolled_or_nobody_found_is_no_matching() -> None:
    assert rate(0) is None
    house = compared(house_of(None), a_gallery(2), Limits(0.5, 0.6))
    assert rate_of(house, faces=False) is None


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (
            "en",
            "In a gallery of 1,212 people, about 1 stranger in 1,000 would be taken for somebody.",
        ),
        ("fr", "Dans une galerie de 1\u00a0212 personnes, environ 1 inconnu sur 1\u00a0000"),
        ("de", "In einer Galerie von 1’212 Personen würde etwa 1 fremder Mensch von 1’000"),
        ("it", "In una galleria di 1’212 persone, circa 1 sconosciuto su 1’000"),
    ],
)
def test_it_is_said_in_plain_words(code: str, sentence: str) -> None:
    assert language(code).rate(MatchingRate(1212, 1000)).startswith(sentence)


def test_a_gallery_of_one_and_one_too_large_are_said_too() -> None:
    words = language("en")
    assert "gallery of 1 person, about" in words.rate(MatchingRate(1, 1000))
    uncertain = words.rate(MatchingRate(212, None))
    assert uncertain.startswith("No match counts as certain with 212 people enrolled")
