"""No way of weakening what somebody agreed to ever clears them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.decision import (
    Decision,
    Reason,
    decide,
    decide_all,
    may_keep_biometrics,
    may_match,
)
from consent.policy import Policy
from consent.records import Consent, Use, Withdrawal
from tests.consent.factories import NEXT_YEAR, TODAY, TOMORROW, YESTERDAY, a_consent

CHANNELS = ("website", "social", "press")
POLICY = Policy(channels=CHANNELS)
USE = Use("website", TODAY)

# A few days and channels only, so that terms meet, touch and miss each other.
days = st.integers(-3, 3).map(lambda shift: TODAY + dt.timedelta(days=shift))
channels = st.sampled_from(CHANNELS)
withdrawals = st.builds(Withdrawal, days, st.none() | channels)
uses = st.builds(Use, st.sampled_from((*CHANNELS, "billboard")), days)
forms = st.builds(
    a_consent,
    signed=days,
    valid_from=days,
    valid_until=days,
    channels=st.frozensets(st.sampled_from((*CHANNELS, "billboard"))),
    biometric=st.booleans(),
    withdrawals=st.lists(withdrawals, max_size=2),
)


def numbered(consents: Sequence[Consent]) -> tuple[Consent, ...]:
    return tuple(dataclasses.replace(c, serial=f"A-{n}") for n, c in enumerate(consents))


files = st.lists(forms, max_size=4).map(numbered)
files_with_one = st.lists(forms, min_size=1, max_size=4).map(numbered)


def clears_alone(consent: Consent, use: Use, everything: Sequence[Consent]) -> bool:
    """The rule in plain words, written apart from the code it checks."""
    if use.channel not in POLICY.channels or use.channel not in consent.channels:
        return False
    if use.on < consent.signed:
        return False
    if not consent.valid_from <= use.on <= consent.valid_until:
        return False
    for other in everything:
        for withdrawal in other.withdrawals:
            if withdrawal.channel not in (None, use.channel):
                continue
            if other is consent or withdrawal in consent.withdrawals:
                return False
            if consent.signed < withdrawal.effective:
                return False
    return True


@settings(deadline=None, max_examples=300)
@given(files, uses)
def test_clears_exactly_when_one_form_does_by_itself(
    consents: tuple[Consent, ...], use: Use
) -> None:
    grounds = {c.serial for c in consents if clears_alone(c, use, consents)}
    decision = decide(consents, use, POLICY)
    assert decision.cleared == bool(grounds)
    assert decision.serial in grounds if grounds else decision.serial is None
    assert bool(decision.reasons) != decision.cleared


@settings(deadline=None)
@given(files.flatmap(lambda on_file: st.tuples(st.just(on_file), st.permutations(on_file))), uses)
def test_the_order_of_the_records_does_not_matter(
    pair: tuple[tuple[Consent, ...], list[Consent]], use: Use
) -> None:
    consents, shuffled = pair
    assert decide(shuffled, use, POLICY) == decide(consents, use, POLICY)
    assert may_match(shuffled, use.on) == may_match(consents, use.on)


@st.composite
def weakened(draw: st.DrawFn) -> tuple[tuple[Consent, ...], tuple[Consent, ...]]:
    """Forms on file, and the same after something was taken from one of them."""
    consents = draw(files_with_one)
    number = draw(st.integers(0, len(consents) - 1))
    form = consents[number]
    less = draw(
        st.sampled_from(
            (
                {"withdrawals": (*form.withdrawals, draw(withdrawals))},
                {"channels": form.channels - {draw(channels)}},
                {"valid_until": min(form.valid_until, draw(days))},
                {"valid_from": max(form.valid_from, draw(days))},
                {"biometric": False},
            )
        )
    )
    changed = dataclasses.replace(form, **less)  # type: ignore[arg-type]
    return consents, (*consents[:number], changed, *consents[number + 1 :])


@settings(deadline=None, max_examples=300)
@given(weakened(), uses)
def test_withdrawing_narrowing_or_ending_never_clears(
    pair: tuple[tuple[Consent, ...], tuple[Consent, ...]], use: Use
) -> None:
    before, after = pair
    assert decide(before, use, POLICY).cleared or not decide(after, use, POLICY).cleared
    assert may_match(before, use.on) or not may_match(after, use.on)
    assert may_keep_biometrics(before, use.on) or not may_keep_biometrics(after, use.on)


@settings(deadline=None)
@given(files, uses)
def test_after_a_withdrawal_nothing_on_file_clears_on_any_day(
    consents: tuple[Consent, ...], use: Use
) -> None:
    gone = [
        dataclasses.replace(c, withdrawals=(*c.withdrawals, Withdrawal(TODAY))) for c in consents
    ]
    assert not decide(gone, use, POLICY).cleared
    assert not may_match(gone, use.on)


@settings(deadline=None)
@given(uses)
def test_without_a_form_nobody_is_cleared(use: Use) -> None:
    assert decide([], use, POLICY) == Decision(False, reasons=(Reason.NO_CONSENT,))
    assert not may_match([], use.on)


@settings(deadline=None)
@given(files, uses)
def test_a_channel_the_institution_does_not_have_is_not_covered(
    consents: tuple[Consent, ...], use: Use
) -> None:
    smaller = Policy(channels=tuple(c for c in CHANNELS if c != use.channel))
    assert not decide(consents, use, smaller).cleared


@settings(deadline=None)
@given(files, days)
def test_each_channel_is_decided_as_if_it_were_the_only_one(
    consents: tuple[Consent, ...], on: dt.date
) -> None:
    decisions = decide_all(iter(consents), CHANNELS, on, POLICY)
    assert list(decisions) == list(CHANNELS)
    for channel, decision in decisions.items():
        assert decision == decide(consents, Use(channel, on), POLICY)


@settings(deadline=None)
@given(files, days)
def test_who_may_be_matched_may_be_kept(consents: tuple[Consent, ...], on: dt.date) -> None:
    assert may_keep_biometrics(consents, on) or not may_match(consents, on)


def test_two_halves_of_a_use_do_not_add_up() -> None:
    channel_only = a_consent(serial="A-1", valid_until=YESTERDAY, channels=["website"])
    day_only = a_consent(serial="A-2", channels=["print"])
    decision = decide([channel_only, day_only], USE, POLICY)
    assert decision == Decision(False, reasons=(Reason.EXPIRED, Reason.CHANNEL_NOT_COVERED))


def test_the_term_holds_on_its_first_and_its_last_day() -> None:
    form = a_consent(signed=TODAY, valid_until=TODAY)
    assert decide([form], USE, POLICY) == Decision(True, serial="A-1", valid_until=TODAY)
    assert decide([form], Use("website", YESTERDAY), POLICY).reasons == (Reason.NOT_YET_VALID,)
    assert decide([form], Use("website", TOMORROW), POLICY).reasons == (Reason.EXPIRED,)


def test_a_term_that_reaches_back_allows_no_use_before_the_signature() -> None:
    form = a_consent(signed=TODAY, valid_from=dt.date(2020, 1, 1))
    assert decide([form], USE, POLICY).cleared
    assert not decide([form], Use("website", YESTERDAY), POLICY).cleared
    assert not may_match([form], YESTERDAY)


def test_a_channel_withdrawn_leaves_the_others() -> None:
    form = a_consent(channels=["website", "social"], withdrawals=[Withdrawal(TODAY, "social")])
    assert decide([form], USE, POLICY).cleared
    assert decide([form], Use("social", TODAY), POLICY).reasons == (Reason.WITHDRAWN,)


@pytest.mark.parametrize("on", [YESTERDAY, TODAY, TOMORROW])
def test_what_was_withdrawn_blocks_whatever_the_day_of_the_use(on: dt.date) -> None:
    form = a_consent(withdrawals=[Withdrawal(TOMORROW)])
    assert decide([form], Use("website", on), POLICY).reasons == (Reason.WITHDRAWN,)


@pytest.mark.parametrize("channel", [None, "website"])
def test_a_form_signed_anew_clears_again_and_an_older_one_does_not(channel: str | None) -> None:
    withdrawn = a_consent(serial="A-1", withdrawals=[Withdrawal(TODAY, channel)])
    new = a_consent(serial="A-2", signed=TODAY)
    assert decide([withdrawn, new], USE, POLICY).serial == "A-2"
    # Signed before the withdrawal, and only recorded after it.
    late = a_consent(serial="A-3", signed=YESTERDAY)
    assert decide([withdrawn, late], USE, POLICY).reasons == (Reason.WITHDRAWN,)


def test_the_ground_is_the_form_that_lasts_longest() -> None:
    forms_on_file = [
        a_consent(serial="A-1", valid_until=TOMORROW),
        a_consent(serial="A-2", valid_until=NEXT_YEAR),
    ]
    assert decide(forms_on_file, USE, POLICY).serial == "A-2"


def test_the_reasons_are_those_of_the_nearest_form() -> None:
    far = a_consent(serial="A-1", valid_until=YESTERDAY, channels=["press"])
    near = a_consent(serial="A-2", signed=TOMORROW)
    assert decide([far, near], USE, POLICY).reasons == (Reason.NOT_YET_VALID,)


def test_matching_needs_the_tick_and_something_to_find_the_person_for() -> None:
    assert may_match([a_consent()], TODAY)
    assert not may_match([a_consent(biometric=False)], TODAY)
    assert not may_match([a_consent(channels=[])], TODAY)
    both = [Withdrawal(TODAY, "website"), Withdrawal(TODAY, "social")]
    assert not may_match([a_consent(channels=["website", "social"], withdrawals=both)], TODAY)


def test_before_its_term_a_form_keeps_a_template_and_lets_nothing_match() -> None:
    form = a_consent(valid_from=TOMORROW)
    assert may_keep_biometrics([form], TODAY)
    assert not may_match([form], TODAY)
    assert not may_keep_biometrics([a_consent(valid_until=YESTERDAY)], TODAY)


def test_forms_of_several_people_are_refused() -> None:
    forms_on_file = [a_consent(), dataclasses.replace(a_consent(), person="p-11111111")]
    with pytest.raises(ValueError, match="one person"):
        decide(forms_on_file, USE, POLICY)
    with pytest.raises(ValueError, match="one person"):
        may_match(forms_on_file, TODAY)
