"""No way of weakening what somebody agreed to ever clears them."""

from __future__ import annotations

import calendar
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from consent.decision import (
    Reason,
    biometrics_until,
    decide,
    decide_all,
    last_day_of,
    may_keep_biometrics,
    may_match,
)
from consent.policy import CHANNELS as KNOWN_CHANNELS
from consent.policy import Policy
from consent.records import (
    WORLD,
    Capacity,
    Consent,
    Dossier,
    EvidenceLevel,
    Exemption,
    ExemptionKind,
    Hold,
    Material,
    Person,
    Refusal,
    Role,
    Signatory,
    Status,
    Supersession,
    Use,
    Withdrawal,
)
from tests.consent.dossiers import (
    CURATOR,
    FATHER,
    MOTHER,
    SELF,
    TODAY,
    a_child,
    a_child_of_age_on,
    a_consent,
    a_dossier,
    a_hold,
    a_person,
    a_refusal,
    a_withdrawal,
    an_exemption,
)

CHANNELS = ("website", "print", "billboard")
"""Seen everywhere, seen in the country, and one that most policies do not have."""
PURPOSES = ("events", "training")
SERIALS = tuple(f"A-{number}" for number in range(3))
LEVELS = list(EvidenceLevel)
SCOPE = {
    Reason.MATERIAL_NOT_COVERED,
    Reason.CHANNEL_NOT_COVERED,
    Reason.PURPOSE_NOT_COVERED,
}
NAMELESS = Signatory(role=Role.GUARDIAN)
MOTHER_AGAIN = dataclasses.replace(MOTHER, name=MOTHER.name.upper())
NO_BASIS = dataclasses.replace(CURATOR, basis="")


def mostly(usual: Any, *others: st.SearchStrategy[Any], rare: int = 1) -> st.SearchStrategy[Any]:
    """The usual value, but for so many draws of ten, or nobody would ever be cleared."""
    return st.integers(1, 10).flatmap(lambda n: st.one_of(*others) if n <= rare else st.just(usual))


def subsets(of: Iterable[Any]) -> st.SearchStrategy[frozenset[Any]]:
    return st.frozensets(st.sampled_from(tuple(of)))


def few(of: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return mostly((), st.lists(of, min_size=1, max_size=2).map(tuple), rare=2)


def shifted(days: int) -> dt.date:
    return TODAY + dt.timedelta(days=days)


# A few days only, so that terms meet, touch and miss each other.
days = st.integers(-3, 3).map(shifted)
early = st.integers(-3, 0).map(shifted)
late = st.integers(0, 3).map(shifted)
one_channel = st.none() | st.sampled_from(CHANNELS)
serial_sets = subsets(SERIALS)
events = st.sampled_from((None, "Open day", "open  DAY", "Summer fair"))

people = st.builds(
    lambda person, status, capacity: dataclasses.replace(person, status=status, capacity=capacity),
    mostly(
        a_person(),
        st.just(a_person(born=dt.date(1980, 5, 5))),
        st.builds(a_child, st.just(10)),
        st.builds(a_child, st.just(14), on=days),
        st.builds(a_child_of_age_on, days),
        rare=5,
    ),
    mostly(Status.ACTIVE, st.sampled_from(Status)),
    mostly(Capacity.STAFF, st.just(Capacity.PATIENT), rare=3),
)
signatories = mostly(
    (SELF, MOTHER, FATHER),
    st.just((SELF, MOTHER)),
    st.lists(
        st.sampled_from((SELF, MOTHER, MOTHER_AGAIN, FATHER, NAMELESS, CURATOR, NO_BASIS)),
        max_size=3,
    ).map(tuple),
    rare=3,
)
forms = st.builds(
    a_consent,
    signed=mostly(shifted(-3), days, rare=4),
    valid_from=mostly(shifted(-3), days),
    valid_until=mostly(shifted(3), days),
    channels=mostly(frozenset(CHANNELS), subsets(CHANNELS), rare=3),
    materials=mostly(frozenset(Material), subsets(Material)),
    purposes=mostly(frozenset(PURPOSES), subsets((*PURPOSES, "advertising")), rare=3),
    event=mostly(None, events, rare=3),
    territory=mostly(frozenset({WORLD}), subsets((WORLD, "CH", "DE")), rare=3),
    level=mostly(EvidenceLevel.QUALIFIED, st.sampled_from(LEVELS), rare=3),
    biometric=mostly(True, st.booleans()),
    named=st.booleans(),
    presence=mostly(True, st.booleans()),
    remuneration=st.sampled_from(("", "CHF 50")),
    signatories=signatories,
    sole_authority=st.booleans(),
    supersedes=few(
        st.builds(
            lambda serial, channels: Supersession(serial=serial, channels=channels),
            st.sampled_from(SERIALS),
            st.none() | subsets(CHANNELS),
        )
    ),
)
withdrawals = st.builds(
    lambda serials, channel, effective, only: a_withdrawal(
        *serials, channel=channel, effective=effective, only=only
    ),
    serial_sets,
    one_channel,
    days,
    st.booleans(),
)
refusals = st.builds(
    lambda serials, **more: a_refusal(*serials, **more),
    serial_sets,
    on=days,
    channel=one_channel,
    by_child=st.booleans(),
    taken_back=st.none() | days,
)
few_refusals = few(refusals)
holds = st.builds(a_hold, on=days, lifted_on=mostly(TODAY, st.none(), days))
exemptions = st.builds(
    an_exemption,
    kind=st.sampled_from(ExemptionKind),
    on=early,
    valid_until=late,
    channels=mostly(frozenset(CHANNELS), subsets(CHANNELS), rare=3),
    event=mostly(None, events),
    ended_on=mostly(None, days),
)
few_exemptions = few(exemptions)


def numbered(entries: Iterable[Any], **name: str) -> tuple[Any, ...]:
    """The same records with identifiers of their own."""
    ((field, prefix),) = name.items()
    return tuple(
        dataclasses.replace(one, **{field: f"{prefix}-{n}"}) for n, one in enumerate(entries)
    )


def dossiers_of(
    fewest: int = 0,
    *,
    signed: st.SearchStrategy[Consent] = forms,
    exempt: st.SearchStrategy[tuple[Exemption, ...]] = few_exemptions,
    refused: st.SearchStrategy[tuple[Refusal, ...]] = few_refusals,
) -> st.SearchStrategy[Dossier]:
    return st.builds(
        lambda consents, person, refusals, holds, exemptions, withdrawals: a_dossier(
            *numbered(consents, serial="A"),
            person=person,
            withdrawals=withdrawals,
            refusals=numbered(refusals, id="r"),
            holds=numbered(holds, id="h"),
            exemptions=numbered(exemptions, id="e"),
        ),
        st.lists(signed, min_size=fewest, max_size=len(SERIALS)),
        people,
        refused,
        few(holds),
        exempt,
        few(withdrawals),
    )


dossiers = dossiers_of()
dossiers_with_forms = dossiers_of(1)
exempt_dossiers = dossiers_of(exempt=st.lists(exemptions, min_size=1, max_size=2).map(tuple))
sound_forms = st.builds(
    a_consent,
    signed=early,
    valid_from=st.just(shifted(-3)),
    channels=mostly(frozenset(CHANNELS), subsets(CHANNELS)),
    signatories=st.sampled_from(((SELF, MOTHER, FATHER), (SELF, MOTHER))),
    sole_authority=st.booleans(),
    presence=st.just(True),
)
sound_dossiers = dossiers_of(1, signed=sound_forms)
objecting_dossiers = dossiers_of(
    1, signed=sound_forms, refused=st.lists(refusals, min_size=1, max_size=2).map(tuple)
)
half_forms = st.builds(
    a_consent,
    valid_until=mostly(shifted(3), days),
    channels=subsets(CHANNELS),
    materials=mostly(frozenset(Material), subsets(Material)),
    purposes=subsets(PURPOSES),
    event=mostly(None, events, rare=3),
    territory=mostly(frozenset({WORLD}), st.just(frozenset({"CH"})), rare=3),
    signatories=mostly((SELF, MOTHER, FATHER), signatories, rare=2),
    named=st.booleans(),
    presence=st.just(True),
)
dossiers_of_halves = dossiers_of(2, signed=half_forms)
uses = st.builds(
    Use,
    channel=mostly("website", st.sampled_from(CHANNELS)),
    on=mostly(TODAY, days),
    purpose=mostly("events", st.sampled_from((None, "training", "advertising"))),
    material=mostly(Material.PHOTO, st.sampled_from(Material)),
    event=events,
    until=st.none() | late,
)


def policies_of(
    combine: st.SearchStrategy[bool], known: st.SearchStrategy[tuple[str, ...]]
) -> st.SearchStrategy[Policy]:
    return st.builds(
        Policy,
        channels=mostly(CHANNELS, st.just(("website", "print")), st.just(("print",))),
        purposes=st.sampled_from((PURPOSES, ("events",), ())),
        worldwide_channels=st.sampled_from((("website",), ("website", "print"), ())),
        country=st.just("CH"),
        minimum_evidence=mostly(
            "verbal", st.sampled_from([level.value for level in LEVELS]), rare=4
        ),
        guardians=st.sampled_from((1, 2)),
        minor_signs_from=st.sampled_from((12, 14, 18)),
        combine_forms=combine,
        exemptions=known,
    )


known_exemptions = st.sampled_from(((), ("crowd",), tuple(kind.value for kind in ExemptionKind)))
policies = policies_of(st.booleans(), known_exemptions)
plain_policies = policies_of(st.just(False), st.just(()))


# What weakens a form, a dossier, a policy


def scoped(form: Consent, **less: Any) -> Consent:
    return dataclasses.replace(form, scope=dataclasses.replace(form.scope, **less))


def termed(form: Consent, **less: Any) -> Consent:
    return dataclasses.replace(form, terms=dataclasses.replace(form.terms, **less))


def narrower_territory(form: Consent, kept: frozenset[str]) -> Consent:
    """What is seen in the world is seen in every country; the other way round it is not."""
    old = form.scope.territory
    return scoped(form, territory=kept - {WORLD} if WORLD in old else kept & old)


def weaker_evidence(form: Consent, level: EvidenceLevel) -> Consent:
    weaker = LEVELS[min(LEVELS.index(level), LEVELS.index(form.evidence.level))]
    return dataclasses.replace(form, evidence=dataclasses.replace(form.evidence, level=weaker))


FORM_CHANGES: tuple[tuple[Callable[..., Consent], st.SearchStrategy[Any]], ...] = (
    (lambda form, kept: scoped(form, channels=form.scope.channels & kept), subsets(CHANNELS)),
    (lambda form, kept: scoped(form, purposes=form.scope.purposes & kept), subsets(PURPOSES)),
    (lambda form, kept: scoped(form, materials=form.scope.materials & kept), subsets(Material)),
    (lambda form, event: scoped(form, event=form.scope.event or event), events),
    (narrower_territory, subsets(("CH", "DE", WORLD))),
    (lambda form, day: scoped(form, valid_from=max(form.scope.valid_from, day)), days),
    (lambda form, day: scoped(form, valid_until=min(form.scope.valid_until, day)), days),
    (weaker_evidence, st.sampled_from(LEVELS)),
    (
        lambda form, number: dataclasses.replace(
            form, signatories=form.signatories[:number] + form.signatories[number + 1 :]
        ),
        st.integers(0, 2),
    ),
    (lambda form, _: dataclasses.replace(form, sole_authority=False), st.none()),
    (lambda form, _: termed(form, biometric=False), st.none()),
    (
        lambda form, _: termed(
            form, secrecy=dataclasses.replace(form.terms.secrecy, presence=False)
        ),
        st.none(),
    ),
    (
        lambda form, serial: dataclasses.replace(
            form, supersedes=(*form.supersedes, Supersession(serial=serial))
        ),
        st.sampled_from(SERIALS),
    ),
)


def said(dossier: Dossier, **more: Any) -> Dossier:
    """The dossier with one more entry of a kind."""
    ((kind, entry),) = more.items()
    fields: dict[str, Any] = {kind: (*getattr(dossier, kind), entry)}
    return dataclasses.replace(dossier, **fields)


def of_somebody(dossier: Dossier, **details: Any) -> Dossier:
    return dataclasses.replace(dossier, person=dataclasses.replace(dossier.person, **details))


DOSSIER_CHANGES: tuple[tuple[Callable[..., Dossier], st.SearchStrategy[Any]], ...] = (
    (lambda dossier, entry: said(dossier, withdrawals=entry), withdrawals),
    (lambda dossier, entry: said(dossier, refusals=entry), refusals),
    (lambda dossier, entry: said(dossier, holds=entry), holds),
    (lambda dossier, _: of_somebody(dossier, status=Status.DECEASED), st.none()),
    (lambda dossier, _: of_somebody(dossier, capacity=Capacity.PATIENT), st.none()),
    (lambda dossier, _: dataclasses.replace(dossier, exemptions=()), st.none()),
)


POLICY_CHANGES: tuple[tuple[Callable[..., Policy], st.SearchStrategy[Any]], ...] = (
    (
        lambda policy, kept: dataclasses.replace(
            policy, channels=tuple(one for one in policy.channels if one in kept)
        ),
        subsets(CHANNELS),
    ),
    (
        lambda policy, level: dataclasses.replace(
            policy,
            minimum_evidence=max(
                policy.minimum_evidence, level.value, key=[one.value for one in LEVELS].index
            ),
        ),
        st.sampled_from(LEVELS),
    ),
    (lambda policy, _: dataclasses.replace(policy, guardians=2), st.none()),
    (lambda policy, _: dataclasses.replace(policy, minor_signs_from=0), st.none()),
    (lambda policy, _: dataclasses.replace(policy, worldwide_channels=CHANNELS), st.none()),
    (lambda policy, _: dataclasses.replace(policy, exemptions=()), st.none()),
    (lambda policy, _: dataclasses.replace(policy, combine_forms=False), st.none()),
)


def changed(draw: st.DrawFn, changes: Any, value: Any) -> Any:
    change, argument = draw(st.sampled_from(changes))
    return change(value, draw(argument))


@st.composite
def dossiers_with_a_weaker_form(draw: st.DrawFn) -> tuple[Dossier, Dossier]:
    """A dossier, and the same after something was taken from one of its forms."""
    dossier = draw(dossiers_with_forms | dossiers_of_halves)
    number = draw(st.integers(0, len(dossier.consents) - 1))
    consents = list(dossier.consents)
    consents[number] = changed(draw, FORM_CHANGES, consents[number])
    return dossier, dataclasses.replace(dossier, consents=tuple(consents))


@st.composite
def dossiers_with_a_no(draw: st.DrawFn) -> tuple[Dossier, Dossier]:
    """A dossier, and the same after something was said or became known."""
    dossier = draw(dossiers | exempt_dossiers | dossiers_of_halves)
    return dossier, changed(draw, DOSSIER_CHANGES, dossier)


@st.composite
def stricter_policies(draw: st.DrawFn) -> tuple[Policy, Policy]:
    policy = draw(policies)
    return policy, changed(draw, POLICY_CHANGES, policy)


def assert_no_more(before: tuple[Dossier, Policy], after: tuple[Dossier, Policy], use: Use) -> None:
    """What was not allowed before is not allowed after."""
    assert decide(before[0], use, before[1]).cleared or not decide(after[0], use, after[1]).cleared
    for may in (may_match, may_keep_biometrics):
        assert may(before[0], use.on, before[1]) or not may(after[0], use.on, after[1])


@settings(deadline=None, max_examples=300)
@given(dossiers_with_a_weaker_form(), uses, policies)
def test_taking_something_from_a_form_never_clears(
    pair: tuple[Dossier, Dossier], use: Use, policy: Policy
) -> None:
    before, after = pair
    assert_no_more((before, policy), (after, policy), use)


@settings(deadline=None, max_examples=300)
@given(dossiers_with_a_no(), uses, policies)
def test_a_no_a_hold_and_what_is_learnt_of_a_person_never_clear(
    pair: tuple[Dossier, Dossier], use: Use, policy: Policy
) -> None:
    before, after = pair
    assert_no_more((before, policy), (after, policy), use)


@settings(deadline=None, max_examples=300)
@given(dossiers | exempt_dossiers | dossiers_of_halves, uses, stricter_policies())
def test_a_stricter_policy_never_clears(
    dossier: Dossier, use: Use, pair: tuple[Policy, Policy]
) -> None:
    before, after = pair
    assert_no_more((dossier, before), (dossier, after), use)


@settings(deadline=None, max_examples=300)
@given(dossiers, uses, policies, refusals, holds)
def test_what_is_taken_back_or_lifted_later_counts_until_then(
    dossier: Dossier, use: Use, policy: Policy, no: Refusal, hold: Hold
) -> None:
    tomorrow = use.on + dt.timedelta(days=1)
    open_no, open_hold = (
        dataclasses.replace(no, taken_back=None),
        dataclasses.replace(hold, lifted_on=None),
    )
    late_no, late_hold = (
        dataclasses.replace(no, taken_back=tomorrow),
        dataclasses.replace(hold, lifted_on=tomorrow),
    )
    for kind, still, later in (("refusals", open_no, late_no), ("holds", open_hold, late_hold)):
        assert decide(said(dossier, **{kind: later}), use, policy) == decide(
            said(dossier, **{kind: still}), use, policy
        )


@settings(deadline=None, max_examples=300)
@given(
    dossiers | exempt_dossiers | dossiers_of_halves,
    uses,
    policies,
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_records_does_not_matter(
    dossier: Dossier, use: Use, policy: Policy, random: Any
) -> None:
    def shuffled(entries: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(random.sample(entries, len(entries)))

    other = dataclasses.replace(
        dossier,
        consents=shuffled(
            tuple(
                dataclasses.replace(
                    one,
                    signatories=shuffled(one.signatories),
                    supersedes=shuffled(one.supersedes),
                )
                for one in dossier.consents
            )
        ),
        withdrawals=shuffled(dossier.withdrawals),
        refusals=shuffled(dossier.refusals),
        holds=shuffled(dossier.holds),
        exemptions=shuffled(dossier.exemptions),
    )
    assert decide(other, use, policy) == decide(dossier, use, policy)
    assert list(decide(other, use, policy).by_form) == list(decide(dossier, use, policy).by_form)
    assert biometrics_until(other, policy) == biometrics_until(dossier, policy)
    assert may_match(other, use.on, policy) == may_match(dossier, use.on, policy)


# The rule in plain words, written apart from the code it checks


def birthday(person: Person, age: int) -> dt.date:
    """The first day on which a person with a known day of birth has that age."""
    assert person.born is not None
    year = person.born.year + age
    if (person.born.month, person.born.day) == (2, 29) and not calendar.isleap(year):
        return dt.date(year, 3, 1)
    return dt.date(year, person.born.month, person.born.day)


def of_age(person: Person, day: dt.date) -> bool:
    return person.born is not None and day >= birthday(person, 18)


def under_age(person: Person, day: dt.date) -> bool:
    return person.born is not None and day < birthday(person, 18)


def rightly_signed(form: Consent, person: Person, policy: Policy) -> bool:
    roles = [one.role for one in form.signatories]
    if not under_age(person, form.signed):
        return Role.SELF in roles or any(
            one.role is Role.REPRESENTATIVE and one.basis for one in form.signatories
        )
    guardians = {
        one.name.lower() for one in form.signatories if one.role is Role.GUARDIAN and one.name
    }
    if len(guardians) < (1 if form.sole_authority else policy.guardians):
        return False
    return Role.SELF in roles or form.signed < birthday(person, policy.minor_signs_from)


def says_no_to(refusal: Refusal, form: Consent, person: Person, use: Use) -> bool:
    if refusal.channel is not None and refusal.channel != use.channel:
        return False
    if refusal.taken_back is not None and refusal.taken_back <= use.on:
        return False
    if refusal.by_child and not of_age(person, min(use.on, form.signed)):
        return True
    return form.serial in refusal.serials or refusal.on >= form.signed


def takes_back(withdrawal: Withdrawal, form: Consent, use: Use) -> bool:
    if withdrawal.channel is not None and withdrawal.channel != use.channel:
        return False
    if form.serial in withdrawal.serials:
        return True
    return withdrawal.effective > form.signed and not withdrawal.only


def replaced(form: Consent, everything: Iterable[Consent], use: Use) -> bool:
    for newer in everything:
        if newer.signed > use.on:
            continue
        for named in newer.supersedes:
            if named.serial == form.serial and (
                named.channels is None or use.channel in named.channels
            ):
                return True
    return False


def covers(form: Consent, use: Use, policy: Policy) -> bool:
    scope = form.scope
    if use.channel not in policy.channels or use.channel not in scope.channels:
        return False
    if use.material not in scope.materials:
        return False
    if policy.purposes:
        needed = policy.purposes if use.purpose is None else (use.purpose,)
        if any(one not in policy.purposes or one not in scope.purposes for one in needed):
            return False
    if scope.event is not None and (
        use.event is None or scope.event.lower().split() != use.event.lower().split()
    ):
        return False
    if WORLD in scope.territory:
        return True
    # Of a channel of the institution's own nobody has said where it is seen.
    worldwide = use.channel in policy.worldwide_channels or use.channel not in KNOWN_CHANNELS
    return not worldwide and policy.country in scope.territory


def in_force(form: Consent, use: Use) -> bool:
    return form.signed <= use.on and form.scope.valid_from <= use.on <= form.scope.valid_until


def clears_alone(form: Consent, dossier: Dossier, use: Use, policy: Policy) -> bool:
    person = dossier.person
    if person.status is Status.DECEASED:
        return False
    if any(hold.lifted_on is None or hold.lifted_on > use.on for hold in dossier.holds):
        return False
    if under_age(person, form.signed) and not under_age(person, use.on):
        return False
    if person.capacity is Capacity.PATIENT and not form.terms.secrecy.presence:
        return False
    if LEVELS.index(form.evidence.level) < LEVELS.index(EvidenceLevel(policy.minimum_evidence)):
        return False
    return (
        in_force(form, use)
        and rightly_signed(form, person, policy)
        and not any(says_no_to(no, form, person, use) for no in dossier.refusals)
        and not any(takes_back(one, form, use) for one in dossier.withdrawals)
        and not replaced(form, dossier.consents, use)
        and covers(form, use, policy)
    )


@settings(deadline=None, max_examples=600)
@given(dossiers_with_forms | sound_dossiers | objecting_dossiers, uses, plain_policies)
def test_clears_exactly_when_one_form_does_by_itself(
    dossier: Dossier, use: Use, policy: Policy
) -> None:
    grounds = {form.serial for form in dossier.consents if clears_alone(form, dossier, use, policy)}
    decision = decide(dossier, use, policy)
    assert decision.cleared == bool(grounds)
    assert set(decision.serials) <= grounds
    assert len(decision.serials) == decision.cleared


# What a decision is made of


@settings(deadline=None, max_examples=300)
@given(dossiers | exempt_dossiers | dossiers_of_halves, uses, policies)
def test_a_decision_is_of_one_piece(dossier: Dossier, use: Use, policy: Policy) -> None:
    decision = decide(dossier, use, policy)
    assert decision.cleared == (decision.ground is not None) == (not decision.reasons)
    assert decision.cleared == (decision.valid_until is not None)
    assert set(decision.by_form) == {one.serial for one in dossier.consents}
    assert set(decision.serials) <= set(decision.by_form)
    if decision.valid_until is not None:
        assert decision.valid_until >= use.on
        assert (decision.valid_until < (use.until or use.on)) == (
            "ends_before_campaign" in decision.cautions
        )
    else:
        assert not (decision.cautions or decision.named or decision.editing)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.filter_too_much])
@given(dossiers_with_forms | exempt_dossiers | dossiers_of_halves, uses, policies)
def test_a_ground_holds_on_every_day_until_the_last(
    dossier: Dossier, use: Use, policy: Policy
) -> None:
    # A form of a later day would be a renewal that nobody can have signed yet.
    assume(all(form.signed <= use.on for form in dossier.consents))
    last = decide(dossier, use, policy).valid_until
    assume(last is not None)
    assert last is not None
    for more in range((last - use.on).days + 1):
        later = dataclasses.replace(use, on=use.on + dt.timedelta(days=more))
        assert decide(dossier, later, policy).cleared


@settings(deadline=None, max_examples=300)
@given(dossiers_of_halves, uses, policies)
def test_forms_add_up_only_where_the_policy_combines_them(
    dossier: Dossier, use: Use, policy: Policy
) -> None:
    strict = decide(dossier, use, dataclasses.replace(policy, combine_forms=False))
    assert len(strict.serials) <= 1
    assert all(strict.by_form[serial] == () for serial in strict.serials)
    combined = decide(dossier, use, dataclasses.replace(policy, combine_forms=True))
    if combined.serials != strict.serials:
        lacks = [set(combined.by_form[serial]) for serial in combined.serials]
        assert len(lacks) > 1
        assert all(why and why <= SCOPE for why in lacks)
        assert not set.intersection(*lacks)
        assert last_days(dossier, combined.serials) >= {combined.valid_until}


def last_days(dossier: Dossier, serials: Iterable[str]) -> set[dt.date | None]:
    found = [dossier.consent(serial) for serial in serials]
    return {last_day_of(one, dossier) for one in found if one}


halves = st.sampled_from(
    (
        ({"materials": ()}, {"channels": ()}),
        ({"channels": ("print",)}, {"purposes": ("training",)}),
    )
)


@settings(deadline=None)
@given(halves, st.booleans())
def test_two_halves_that_make_a_whole_clear_together(
    lacking: tuple[dict[str, Any], dict[str, Any]], turned: bool
) -> None:
    one, other = lacking[::-1] if turned else lacking
    scopes = ({"purposes": PURPOSES, **one}, {"purposes": PURPOSES, **other})
    on_file = a_dossier(a_consent("A-0", **scopes[0]), a_consent("A-1", **scopes[1]))
    use = Use(channel="website", on=TODAY, purpose="events")
    assert not decide(on_file, use, Policy()).cleared
    assert decide(on_file, use, Policy(combine_forms=True)).serials == ("A-0", "A-1")
    alike = a_dossier(a_consent("A-0", **scopes[0]), a_consent("A-1", **scopes[0]))
    assert not decide(alike, use, Policy(combine_forms=True)).cleared


@settings(deadline=None, max_examples=300)
@given(exempt_dossiers, uses, policies)
def test_who_signed_nothing_is_cleared_by_a_known_exemption_or_not_at_all(
    dossier: Dossier, use: Use, policy: Policy
) -> None:
    decision = decide(dataclasses.replace(dossier, consents=()), use, policy)
    fitting = {one.id for one in dossier.exemptions if exempts(one, use, policy)}
    assert decision.exempt == decision.cleared
    if decision.ground is not None:
        assert decision.ground.exemption in fitting


def exempts(one: Exemption, use: Use, policy: Policy) -> bool:
    return (
        one.kind in policy.exemptions
        and one.ended_on is None
        and one.on <= use.on <= one.valid_until
        and use.channel in one.channels
    )


@settings(deadline=None, max_examples=300)
@given(exempt_dossiers, uses, policies)
@example(
    a_dossier(person=a_child(17), exemptions=(an_exemption(),)),
    Use(channel="website", on=TODAY),
    Policy(exemptions=("crowd",)),
)
def test_no_exemption_clears_patients_minors_or_whoever_said_no(
    dossier: Dossier, use: Use, policy: Policy
) -> None:
    decision = decide(dossier, use, policy)
    if decision.exempt:
        assert dossier.person.capacity is not Capacity.PATIENT
        assert not under_age(dossier.person, use.on)
        assert not any(one.channel in (None, use.channel) for one in dossier.withdrawals)
        assert all(
            one.channel not in (None, use.channel)
            or (one.taken_back is not None and one.taken_back <= use.on)
            for one in dossier.refusals
        )


@settings(deadline=None, max_examples=200)
@given(dossiers, uses, policies, withdrawals, st.booleans())
def test_after_everything_was_withdrawn_nothing_on_file_clears_or_matches(
    dossier: Dossier, use: Use, policy: Policy, gone: Withdrawal, only: bool
) -> None:
    every = frozenset(form.serial for form in dossier.consents)
    gone = dataclasses.replace(gone, serials=every, only=only, channel=None)
    after = said(dossier, withdrawals=gone)
    assert not decide(after, use, policy).cleared
    assert not may_match(after, use.on, policy)
    assert biometrics_until(after, policy) is None


@settings(deadline=None, max_examples=200)
@given(dossiers, uses, policies)
def test_each_channel_is_decided_as_if_it_were_the_only_one(
    dossier: Dossier, use: Use, policy: Policy
) -> None:
    told = decide_all(dossier, CHANNELS, use, policy)
    assert list(told) == list(CHANNELS)
    for channel, decision in told.items():
        assert decision == decide(dossier, dataclasses.replace(use, channel=channel), policy)


# Matching and keeping


@settings(deadline=None, max_examples=300)
@given(dossiers, days, policies)
def test_who_may_be_matched_may_be_kept(dossier: Dossier, on: dt.date, policy: Policy) -> None:
    assert may_keep_biometrics(dossier, on, policy) or not may_match(dossier, on, policy)


@settings(deadline=None, max_examples=300)
@given(dossiers, days, policies)
def test_biometrics_are_kept_to_the_last_day_and_no_longer(
    dossier: Dossier, on: dt.date, policy: Policy
) -> None:
    last = biometrics_until(dossier, policy)
    assert may_keep_biometrics(dossier, on, policy) == (last is not None and on <= last)
    if last is not None:
        assert last in {
            last_day_of(form, dossier) for form in dossier.consents if form.terms.biometric
        }
        assert not may_match(dossier, last + dt.timedelta(days=1), policy)


@settings(deadline=None, max_examples=300)
@given(dossiers, days, policies)
def test_nobody_is_matched_without_a_tick_of_theirs_in_force(
    dossier: Dossier, on: dt.date, policy: Policy
) -> None:
    if may_match(dossier, on, policy):
        assert any(
            form.terms.biometric
            and form.signed <= on
            and form.scope.valid_from <= on <= form.scope.valid_until
            and form.scope.channels
            and rightly_signed(form, dossier.person, policy)
            and not (under_age(dossier.person, form.signed) and not under_age(dossier.person, on))
            for form in dossier.consents
        )
