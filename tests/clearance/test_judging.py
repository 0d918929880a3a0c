"""What a person must look at is never cleared by a machine, however sure the match."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from clearance.clear import House, judge
from clearance.looking import Eyes
from clearance.results import FaceReason, Outcome
from clearance.settings import Settings
from clearance.use import IntendedUse
from consent.decision import Caution, Reason
from consent.policy import Policy
from consent.records import ExemptionKind
from consent.registry import Registry
from detector.detector import Detector
from detector.faces import Box, Certainty, Face, Match
from detector.matching import Gallery, Limits
from tests.consent.factories import NEXT_YEAR, TODAY, YESTERDAY, born, enrol, enrol_child, record

USE = IntendedUse(("website",), TODAY)
FACE = Face(Box(100, 100, 200, 240), 0.9)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.create(tmp_path / "registry") as opened:
        yield opened


def house_of(registry: Registry | None, settings: Settings | None = None) -> House:
    """A house whose networks are never asked."""
    nobody = cast("Detector", None)
    return House(
        settings or Settings(),
        registry,
        Eyes(nobody, Gallery.empty(), Limits(0.5, 0.6)),
    )


def a_match(person: str, distance: float = 0.2) -> Match:
    return Match(Certainty.CONFIDENT, person, distance, margin=0.4)


def test_a_confident_match_of_an_adult_who_agreed_is_cleared(registry: Registry) -> None:
    person = enrol(registry)
    born(registry, person, dt.date(1980, 5, 5))
    assert judge(FACE, a_match(person), USE, house_of(registry)).outcome is Outcome.CLEARED


def test_the_last_day_is_told_of_each_channel_that_is_allowed(registry: Registry) -> None:
    person = enrol(registry)
    result = judge(FACE, a_match(person), USE, house_of(registry))
    assert result.until == dict.fromkeys(("website", "print"), NEXT_YEAR)
    assert result.channels["press"] is Outcome.BLOCKED
    assert result.exemptions == ()


@pytest.mark.parametrize("distance", [0.0, 0.01, 0.2, 0.49])
def test_a_minor_is_never_cleared_whatever_the_distance(
    registry: Registry, distance: float
) -> None:
    person = enrol_child(registry, dt.date(2015, 3, 2))
    result = judge(FACE, a_match(person, distance), USE, house_of(registry))
    assert (result.outcome, result.reasons) == (Outcome.REVIEW, (FaceReason.MINOR,))
    assert Outcome.CLEARED not in result.channels.values()


def test_a_form_of_guardians_ends_with_childhood(registry: Registry) -> None:
    birthday = TODAY.replace(year=TODAY.year - 18) + dt.timedelta(1)
    person = enrol_child(registry, birthday)
    house = house_of(registry)
    tomorrow = IntendedUse(("website",), TODAY + dt.timedelta(days=1))
    assert judge(FACE, a_match(person), USE, house).outcome is Outcome.REVIEW
    grown = judge(FACE, a_match(person), tomorrow, house)
    assert (grown.outcome, grown.reasons) == (Outcome.BLOCKED, (Reason.OF_AGE_NOW,))
    signed = tomorrow.on
    record(registry, person, serial="C-2", signed=signed, on=signed)
    assert judge(FACE, a_match(person), tomorrow, house).outcome is Outcome.CLEARED


def test_a_minor_who_has_not_agreed_stays_blocked(registry: Registry) -> None:
    person = enrol_child(registry, dt.date(2015, 3, 2))
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
    born(registry, person, YESTERDAY)
    result = judge(FACE, a_match(person), USE, house)
    assert (result.outcome, result.reasons) == (
        Outcome.BLOCKED,
        (FaceReason.MINOR, Reason.GUARDIAN_MISSING),
    )


def test_an_exemption_passes_only_with_a_certain_match_and_says_so(tmp_path: Path) -> None:
    policy = Policy(exemptions=("public_figure",))
    settings = dataclasses.replace(Settings(), consent=policy)
    with Registry.create(tmp_path / "exempt", policy) as registry:
        person = registry.add_person("Anna Keller", [], on=TODAY).id
        registry.exempt(
            person,
            TODAY,
            kind=ExemptionKind.PUBLIC_FIGURE,
            reason="mayor at the opening",
            approver="Bruno Frei",
            channels=["website"],
            valid_until=TODAY,
        )
        house = house_of(registry, settings)
        sure = judge(FACE, a_match(person), USE, house)
        likely = dataclasses.replace(a_match(person), certainty=Certainty.LOOK)
        unsure = judge(FACE, likely, USE, house)
    assert (sure.outcome, sure.reasons) == (Outcome.EXEMPT, (FaceReason.EXEMPTED,))
    (exemption,) = sure.exemptions
    assert (exemption.approver, exemption.reason) == ("Bruno Frei", "mayor at the opening")
    assert sure.until == {"website": TODAY}
    assert unsure.outcome is Outcome.REVIEW


def test_what_is_to_be_known_of_a_cleared_face_is_said(registry: Registry) -> None:
    person = enrol(registry)
    campaign = IntendedUse(("website",), TODAY, until=TODAY.replace(year=2030))
    result = judge(FACE, a_match(person), campaign, house_of(registry))
    assert result.outcome is Outcome.CLEARED
    assert result.serials == ("A-1",)
    assert (result.cautions, result.valid_until) == ((Caution.ENDS_BEFORE_CAMPAIGN,), NEXT_YEAR)


def test_a_purpose_that_nobody_ticked_blocks(registry: Registry) -> None:
    person = registry.add_person("Anna Keller", [], on=TODAY).id
    record(registry, person, purposes=["events"])
    house = house_of(registry)
    events, training = (
        IntendedUse(("website",), TODAY, purpose=purpose) for purpose in ("events", "training")
    )
    assert judge(FACE, a_match(person), events, house).outcome is Outcome.CLEARED
    assert judge(FACE, a_match(person), training, house).outcome is Outcome.BLOCKED
    assert judge(FACE, a_match(person), USE, house).outcome is Outcome.BLOCKED
