"""Noes, holds and exemptions are filed, taken back and ended, and the log says so."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from consent.audit import Entry
from consent.decision import Reason, decide
from consent.errors import PersonUnknownError, RecordInvalidError
from consent.policy import Policy
from consent.records import (
    Capacity,
    Exemption,
    ExemptionKind,
    Hold,
    Refusal,
    Use,
)
from consent.registry import Registry
from tests.consent.factories import (
    NAME,
    NEXT_YEAR,
    TODAY,
    TOMORROW,
    YESTERDAY,
    born,
    enrol,
    enrol_child,
    record,
)

POLICY = Policy(exemptions=("crowd", "incidental"))
USE = Use(channel="website", on=TODAY, purpose="events")
NOBODY = "p-00000000"
SECRETS = ("T. Roth", "Carla Meier", "a complaint", "a crowd", "a remark", "Summer party")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.create(tmp_path / "registry", POLICY) as opened:
        yield opened


@pytest.fixture
def person(registry: Registry) -> str:
    return enrol(registry)


def reasons(registry: Registry, person: str, **use: Any) -> tuple[Reason, ...]:
    """Why a use is not allowed; nothing where it is."""
    return decide(registry.dossier(person), dataclasses.replace(USE, **use), POLICY).reasons


def last_entry(registry: Registry) -> tuple[Entry, dict[str, object]]:
    """The last entry of the log, and what it says beside how the dossier is sealed.

    That a face was forgotten because of it is told after it, and is not meant.
    """
    told = [one for one in registry.audit_entries() if one.action != "biometrics.deleted"]
    last = told[-1]
    assert not [word for word in SECRETS if word in str(last)]
    return last, {key: told for key, told in last.details.items() if key != "seal"}


def exempt(registry: Registry, person: str, **changed: Any) -> Exemption:
    usual = {
        "kind": ExemptionKind.CROWD,
        "reason": " a  crowd",
        "approver": "T.  Roth",
        "channels": ["website", "website"],
        "valid_until": NEXT_YEAR,
    }
    on = changed.pop("on", TODAY)
    return registry.exempt(person, on, **{**usual, **changed})


@pytest.fixture
def untouched(registry: Registry, person: str) -> Iterator[None]:
    """Whatever the test tries leaves the dossier and the log as they are."""
    before, entries = registry.dossier(person), registry.verify_audit().entries
    yield
    assert registry.dossier(person) == before
    assert registry.verify_audit().entries == entries
    assert registry.verify_dossiers() == ()


# Refusals


def test_a_no_counts_at_once_and_names_the_forms_there_were(
    registry: Registry, person: str
) -> None:
    assert reasons(registry, person) == ()
    no = registry.refuse(person, TODAY, note="  a  remark ")
    assert no == Refusal(id=no.id, on=TODAY, serials=frozenset({"A-1"}), note="a remark")
    last, told = last_entry(registry)
    assert (last.action, last.subject) == ("consent.refused", person)
    assert told == {"refusal": no.id, "channel": None, "by_child": False}
    assert registry.dossier(person).refusals == (no,)
    assert reasons(registry, person) == (Reason.REFUSED,)


def test_a_no_to_a_channel_leaves_the_others(registry: Registry, person: str) -> None:
    registry.refuse(person, TODAY, channel="website")
    _, told = last_entry(registry)
    assert told["channel"] == "website"
    assert reasons(registry, person) == (Reason.REFUSED,)
    assert reasons(registry, person, channel="print") == ()


def test_a_childs_no_outweighs_a_form_that_is_signed_later(registry: Registry) -> None:
    child = enrol_child(registry, dt.date(2011, 5, 6))
    registry.refuse(child, TODAY, by_child=True)
    _, told = last_entry(registry)
    signatories = registry.dossier(child).consents[0].signatories
    record(registry, child, serial="C-2", signed=TOMORROW, on=TOMORROW, signatories=signatories)
    assert reasons(registry, child, on=TOMORROW) == (Reason.REFUSED_BY_CHILD,)
    assert told["by_child"]


def test_every_no_is_taken_back_at_once_and_only_once(registry: Registry, person: str) -> None:
    first = registry.refuse(person, YESTERDAY, channel="website")
    second = registry.refuse(person, TODAY)
    assert registry.take_back_refusals(person, TOMORROW) == 2
    last, told = last_entry(registry)
    assert (last.action, last.subject) == ("refusal.taken_back", person)
    assert told == {"refusals": [first.id, second.id]}
    assert registry.dossier(person).refusals == (
        dataclasses.replace(first, taken_back=TOMORROW),
        dataclasses.replace(second, taken_back=TOMORROW),
    )
    assert reasons(registry, person, on=TODAY) == (Reason.REFUSED,)
    assert reasons(registry, person, on=TOMORROW) == ()
    with pytest.raises(RecordInvalidError, match="has refused nothing"):
        registry.take_back_refusals(person, TOMORROW)
    third = registry.refuse(person, TOMORROW)
    assert registry.take_back_refusals(person, TOMORROW) == 1
    assert last_entry(registry)[1] == {"refusals": [third.id]}


@pytest.mark.usefixtures("untouched")
def test_there_must_be_a_no_to_take_back(registry: Registry, person: str) -> None:
    with pytest.raises(RecordInvalidError, match=f"{person} has refused nothing"):
        registry.take_back_refusals(person, TODAY)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("note", ["a\x00b", "x" * 501, "x" * 10_000_000], ids=len)
def test_a_remark_that_cannot_be_kept_files_no_no(
    registry: Registry, person: str, note: str
) -> None:
    with pytest.raises(RecordInvalidError, match="the remark"):
        registry.refuse(person, TODAY, note=note)


# Holds


def test_a_hold_stops_everything_until_it_is_lifted(registry: Registry, person: str) -> None:
    hold = registry.hold(person, TODAY, by=" T.  Roth", reason="a  complaint ")
    assert hold == Hold(id=hold.id, on=TODAY, by="T. Roth", reason="a complaint")
    last, told = last_entry(registry)
    assert (last.action, last.subject, told) == ("person.held", person, {"hold": hold.id})
    assert reasons(registry, person) == (Reason.ON_HOLD,)
    assert registry.lift_holds(person, TOMORROW, by="Carla  Meier") == 1
    lifted = dataclasses.replace(hold, lifted_on=TOMORROW, lifted_by="Carla Meier")
    last, told = last_entry(registry)
    assert (last.action, last.subject, told) == ("hold.lifted", person, {"holds": [hold.id]})
    assert registry.dossier(person).holds == (lifted,)
    assert reasons(registry, person) == (Reason.ON_HOLD,)
    assert reasons(registry, person, on=TOMORROW) == ()


def test_every_hold_is_lifted_and_a_lifted_one_is_not_lifted_anew(
    registry: Registry, person: str
) -> None:
    registry.hold(person, YESTERDAY, by="T. Roth", reason="a complaint")
    registry.lift_holds(person, YESTERDAY, by="T. Roth")
    (first,) = registry.dossier(person).holds
    for _ in range(2):
        registry.hold(person, TODAY, by="T. Roth", reason="another")
    assert registry.lift_holds(person, TOMORROW, by="Carla Meier") == 2
    holds = registry.dossier(person).holds
    assert holds[0] == first
    assert [one.lifted_on for one in holds] == [YESTERDAY, TOMORROW, TOMORROW]


@pytest.mark.usefixtures("untouched")
def test_there_must_be_a_hold_to_lift(registry: Registry, person: str) -> None:
    with pytest.raises(RecordInvalidError, match=f"{person} is not on hold"):
        registry.lift_holds(person, TODAY, by="T. Roth")
    for by in ("", "a\nb", "x" * 201):
        with pytest.raises(RecordInvalidError, match="who says so"):
            registry.lift_holds(person, TODAY, by=by)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("text", ["", " ", "a\x1bb", "x" * 501])
def test_a_hold_needs_who_and_why(registry: Registry, person: str, text: str) -> None:
    with pytest.raises(RecordInvalidError, match="who says so"):
        registry.hold(person, TODAY, by=text, reason="a complaint")
    with pytest.raises(RecordInvalidError, match="the reason"):
        registry.hold(person, TODAY, by="T. Roth", reason=text)


# Exemptions


def test_an_exemption_counts_without_a_form_until_it_is_ended(registry: Registry) -> None:
    guest = registry.add_person(NAME, [], on=TODAY).id
    assert reasons(registry, guest) == (Reason.NO_CONSENT,)
    exemption = exempt(registry, guest, event=" Summer  party ")
    assert exemption == Exemption(
        id=exemption.id,
        kind=ExemptionKind.CROWD,
        reason="a crowd",
        approver="T. Roth",
        on=TODAY,
        valid_until=NEXT_YEAR,
        channels=frozenset({"website"}),
        event="Summer party",
    )
    last, told = last_entry(registry)
    assert (last.action, last.subject) == ("person.exempted", guest)
    assert told == {"exemption": exemption.id, "kind": "crowd"}
    assert reasons(registry, guest, event="summer party") == ()
    assert reasons(registry, guest) == (Reason.NO_CONSENT,)
    assert registry.end_exemptions(guest, TOMORROW) == 1
    last, told = last_entry(registry)
    assert (last.action, last.subject) == ("exemption.ended", guest)
    assert told == {"exemptions": [exemption.id]}
    ended = dataclasses.replace(exemption, ended_on=TOMORROW)
    assert registry.dossier(guest).exemptions == (ended,)
    assert reasons(registry, guest, event="summer party") == (Reason.NO_CONSENT,)


@pytest.mark.parametrize("event", ["", "  "])
def test_a_blank_event_is_refused_or_it_would_mean_every_event(
    registry: Registry, person: str, event: str
) -> None:
    with pytest.raises(RecordInvalidError, match="event"):
        exempt(registry, person, event=event)
    assert exempt(registry, person).event is None


def test_the_no_of_a_channel_that_nobody_knows_is_refused(registry: Registry, person: str) -> None:
    with pytest.raises(RecordInvalidError, match="Website: not known"):
        registry.refuse(person, TODAY, channel="Website")
    assert registry.dossier(person).refusals == ()


def test_a_no_for_a_minor_counts_as_the_minors_own(registry: Registry) -> None:
    child = registry.add_person("Mila Küng", [], on=TODAY, born=TODAY.replace(year=2015)).id
    assert registry.refuse(child, TODAY).by_child


def test_every_exemption_is_ended_and_none_twice(registry: Registry, person: str) -> None:
    exempt(registry, person)
    registry.end_exemptions(person, TODAY)
    exempt(registry, person, kind=ExemptionKind.INCIDENTAL)
    exempt(registry, person)
    assert registry.end_exemptions(person, TOMORROW) == 2
    assert [one.ended_on for one in registry.dossier(person).exemptions] == [
        TODAY,
        TOMORROW,
        TOMORROW,
    ]
    with pytest.raises(RecordInvalidError, match=f"{person} has no exemption"):
        registry.end_exemptions(person, TOMORROW)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"kind": ExemptionKind.PUBLIC_FIGURE}, "knows no exemption 'public_figure'"),
        ({"channels": []}, "names its channels"),
        ({"valid_until": YESTERDAY}, "still to come"),
        ({"reason": " "}, "the reason"),
        ({"reason": "a\x00b"}, "the reason"),
        ({"reason": "x" * 501}, "the reason"),
        ({"approver": ""}, "who says so"),
        ({"approver": "x" * 201}, "who says so"),
        ({"event": "a\x1bb"}, "the remark"),
        ({"event": "x" * 10_000_000}, "the remark"),
    ],
    ids=lambda one: str(one)[:40],
)
def test_an_exemption_that_cannot_be_answered_for_is_refused(
    registry: Registry, person: str, changed: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(RecordInvalidError, match=complaint):
        exempt(registry, person, **changed)


def test_a_policy_that_knows_no_exemption_admits_none(tmp_path: Path) -> None:
    with Registry.create(tmp_path / "registry") as registry:
        person = registry.add_person(NAME, [], on=TODAY).id
        for kind in ExemptionKind:
            with pytest.raises(RecordInvalidError, match=r"clearance\.toml"):
                exempt(registry, person, kind=kind)


def test_nobody_answers_for_patients_and_minors(registry: Registry) -> None:
    patient = registry.add_person(NAME, [], on=TODAY, capacity=Capacity.PATIENT).id
    minor = registry.add_person(NAME, [], on=TODAY, born=dt.date(2008, 11, 22)).id
    for person in (patient, minor):
        with pytest.raises(RecordInvalidError, match="a patient or under age"):
            exempt(registry, person)
        assert registry.dossier(person).exemptions == ()
    of_age = minor
    born(registry, of_age, dt.date(2008, 11, 21))
    assert exempt(registry, of_age)


# Nobody


ACTS: dict[str, Callable[[Registry], object]] = {
    "refuse": lambda registry: registry.refuse(NOBODY, TODAY),
    "take back": lambda registry: registry.take_back_refusals(NOBODY, TODAY),
    "hold": lambda registry: registry.hold(NOBODY, TODAY, by="T. Roth", reason="a complaint"),
    "lift": lambda registry: registry.lift_holds(NOBODY, TODAY, by="T. Roth"),
    "exempt": lambda registry: exempt(registry, NOBODY),
    "end": lambda registry: registry.end_exemptions(NOBODY, TODAY),
}


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("act", ACTS.values(), ids=list(ACTS))
def test_nothing_is_filed_about_nobody(
    registry: Registry, act: Callable[[Registry], object]
) -> None:
    with pytest.raises(PersonUnknownError, match=NOBODY):
        act(registry)
