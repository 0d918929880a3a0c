"""What a person must look at is never cleared by a machine, however sure the match."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from clearance.clear import House, IntendedUse, judge
from clearance.results import FaceReason, Outcome
from clearance.settings import Settings
from consent.decision import Reason
from consent.registry import Registry
from detector.detector import Detector
from detector.faces import Box, Certainty, Face, Match
from detector.matching import Gallery, Limits
from tests.consent.factories import TODAY, YESTERDAY, enrol

USE = IntendedUse(("website",), TODAY)
FACE = Face(Box(100, 100, 200, 240), 0.9)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.create(tmp_path / "registry") as opened:
        yield opened


def house_of(registry: Registry | None, settings: Settings | None = None) -> House:
    """A house whose networks are never asked."""
    nobody = cast("Detector", None)
    return House(settings or Settings(), nobody, registry, Gallery.empty(), Limits(0.5, 0.6))


def a_match(person: str, distance: float = 0.2) -> Match:
    return Match(Certainty.CONFIDENT, person, distance, margin=0.4)


def test_a_confident_match_of_an_adult_who_agreed_is_cleared(registry: Registry) -> None:
    person = enrol(registry)
    registry.set_born(person, dt.date(1980, 5, 5), on=TODAY)
    assert judge(FACE, a_match(person), USE, house_of(registry)).outcome is Outcome.CLEARED


@pytest.mark.parametrize("distance", [0.0, 0.01, 0.2, 0.49])
def test_a_minor_is_never_cleared_whatever_the_distance(
    registry: Registry, distance: float
) -> None:
    person = enrol(registry)
    registry.set_born(person, dt.date(2015, 3, 2), on=TODAY)
    result = judge(FACE, a_match(person, distance), USE, house_of(registry))
    assert (result.outcome, result.reasons) == (Outcome.REVIEW, (FaceReason.MINOR,))
    assert Outcome.CLEARED not in result.channels.values()


def test_age_counts_on_the_day_of_use(registry: Registry) -> None:
    person = enrol(registry)
    registry.set_born(person, TODAY.replace(year=TODAY.year - 18) + dt.timedelta(1), on=TODAY)
    house = house_of(registry)
    tomorrow = IntendedUse(("website",), TODAY + dt.timedelta(days=1))
    assert judge(FACE, a_match(person), USE, house).outcome is Outcome.REVIEW
    assert judge(FACE, a_match(person), tomorrow, house).outcome is Outcome.CLEARED


def test_a_minor_who_has_not_agreed_stays_blocked(registry: Registry) -> None:
    person = enrol(registry)
    registry.set_born(person, dt.date(2015, 3, 2), on=TODAY)
    use = IntendedUse(("press",), TODAY)
    result = judge(FACE, a_match(person), use, house_of(registry))
    assert result.outcome is Outcome.BLOCKED
    assert result.reasons == (FaceReason.MINOR, Reason.CHANNEL_NOT_COVERED)


@pytest.mark.parametrize(
    ("match", "reason"),
    [
        (Match(Certainty.LOOK, "", 0.55, 0.4), FaceReason.LIKELY_MATCH),
        (Match(Certainty.LOOK, "", 0.2, 0.4, contested=True), FaceReason.MATCHED_TWICE),
    ],
)
def test_a_doubtful_match_goes_to_a_person(
    registry: Registry, match: Match, reason: FaceReason
) -> None:
    person = enrol(registry)
    doubtful = dataclasses.replace(match, person=person)
    result = judge(FACE, doubtful, USE, house_of(registry))
    assert result.outcome is Outcome.REVIEW
    assert reason in result.reasons


@pytest.mark.parametrize("side", [6, 18, 100])
def test_a_face_that_lost_its_person_to_another_is_nobody_and_passes_as_nothing(
    registry: Registry, side: int
) -> None:
    small = Face(Box(100, 100, 100 + side, 100 + side), 0.9)
    lost = Match(Certainty.NONE, contested=True)
    result = judge(small, lost, USE, house_of(registry))
    assert (result.outcome, result.reasons) == (Outcome.BLOCKED, (FaceReason.MATCHED_TWICE,))


def test_a_date_of_birth_given_after_the_consent_counts_at_once(registry: Registry) -> None:
    person = enrol(registry)
    house = house_of(registry)
    assert judge(FACE, a_match(person), USE, house).outcome is Outcome.CLEARED
    registry.set_born(person, YESTERDAY, on=TODAY)
    assert judge(FACE, a_match(person), USE, house).outcome is Outcome.REVIEW
