"""Each thing that stands between a form and a use, one by one."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from consent.decision import (
    Caution,
    Decision,
    Ground,
    Reason,
    biometrics_until,
    decide,
    decide_all,
    last_day_of,
    may_keep_biometrics,
    may_match,
    missing_signatures,
    standing,
)
from consent.policy import CHANNELS, PURPOSES, Policy
from consent.records import (
    Capacity,
    Consent,
    Dossier,
    EvidenceLevel,
    ExemptionKind,
    Material,
    Person,
    Role,
    Signatory,
    Status,
    Use,
)
from tests.consent.dossiers import (
    CURATOR,
    FATHER,
    LAST_YEAR,
    MOTHER,
    NEXT_YEAR,
    PERSON,
    SELF,
    TODAY,
    TOMORROW,
    YESTERDAY,
    a_child,
    a_child_of_age_on,
    a_childs_consent,
    a_consent,
    a_dossier,
    a_hold,
    a_person,
    a_refusal,
    a_renewal,
    a_use,
    a_withdrawal,
    an_exemption,
    turning,
)

POLICY = Policy()
CROWDS = Policy(exemptions=("crowd",))
COMBINING = Policy(combine_forms=True)
PATIENT = a_person(capacity=Capacity.PATIENT)
DAY = dt.timedelta(days=1)


def reasons(dossier: Dossier, use: Use | None = None, policy: Policy = POLICY) -> set[Reason]:
    return set(decide(dossier, use or a_use(), policy).reasons)


def cleared(dossier: Dossier, use: Use | None = None, policy: Policy = POLICY) -> bool:
    return decide(dossier, use or a_use(), policy).cleared


# Every reason, alone


def test_a_form_that_says_yes_to_all_of_it_clears() -> None:
    assert decide(a_dossier(a_consent()), a_use(), POLICY) == Decision(
        True,
        ground=Ground(("A-1",), clauses=("channel.website", "material.photo", "purpose.events")),
        by_form={"A-1": ()},
        valid_until=NEXT_YEAR,
    )


@pytest.mark.parametrize(
    ("dossier", "use", "reason"),
    [
        (a_dossier(a_consent(), person=a_person(status=Status.DECEASED)), {}, "deceased"),
        (a_dossier(a_consent(), holds=(a_hold(),)), {}, "on_hold"),
        (a_dossier(a_consent(), refusals=(a_refusal("A-1"),)), {}, "refused"),
        (
            a_dossier(a_childs_consent(), person=a_child(), refusals=(a_refusal(by_child=True),)),
            {},
            "refused_by_child",
        ),
        (a_dossier(), {}, "no_consent"),
        (a_dossier(a_consent(valid_from=TOMORROW)), {}, "not_yet_valid"),
        (a_dossier(a_consent(valid_until=YESTERDAY)), {}, "expired"),
        (a_dossier(a_consent(), withdrawals=(a_withdrawal("A-1"),)), {}, "withdrawn"),
        (
            a_dossier(a_childs_consent(), person=a_child_of_age_on(TODAY)),
            {},
            "of_age_now",
        ),
        (a_dossier(a_consent(signatories=(MOTHER, FATHER))), {}, "signature_missing"),
        (
            a_dossier(a_consent(signatories=(SELF, MOTHER)), person=a_child()),
            {},
            "guardian_missing",
        ),
        (
            a_dossier(a_consent(signatories=(MOTHER, FATHER)), person=a_child(16)),
            {},
            "minor_signature_missing",
        ),
        (a_dossier(a_consent(level=EvidenceLevel.SIMPLE)), {}, "evidence_too_weak"),
        (a_dossier(a_consent(), person=PATIENT), {}, "secrecy_not_released"),
        (a_dossier(a_consent()), {"material": Material.VIDEO}, "material_not_covered"),
        (a_dossier(a_consent()), {"channel": "press"}, "channel_not_covered"),
        (a_dossier(a_consent(purposes=("training",))), {}, "purpose_not_covered"),
        (a_dossier(a_consent(event="Open day")), {}, "event_not_covered"),
        (a_dossier(a_consent(territory=("CH",))), {}, "territory_not_covered"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_obstacle_is_told_by_its_name(
    dossier: Dossier, use: dict[str, Any], reason: str
) -> None:
    decision = decide(dossier, a_use(**use), POLICY)
    assert decision.reasons == (Reason(reason),)
    assert not decision.cleared
    assert decision.ground is None
    assert decision.valid_until is None


def test_a_renewed_form_is_superseded() -> None:
    renewal = a_consent("A-2", signed=YESTERDAY, supersedes=(a_renewal("A-1"),))
    told = decide(a_dossier(a_consent(), renewal), a_use(), POLICY)
    assert told.by_form == {"A-1": (Reason.SUPERSEDED,), "A-2": ()}
    assert told.serials == ("A-2",)


# Every caution


@pytest.mark.parametrize(
    ("dossier", "use", "cautions"),
    [
        (a_dossier(a_consent()), {"until": NEXT_YEAR}, ()),
        (a_dossier(a_consent()), {"until": NEXT_YEAR + DAY}, (Caution.ENDS_BEFORE_CAMPAIGN,)),
        (a_dossier(a_consent(), person=a_person(status=Status.LEFT)), {}, (Caution.HAS_LEFT,)),
        (a_dossier(a_consent(remuneration="CHF 50")), {}, (Caution.REMUNERATED,)),
        (
            a_dossier(a_childs_consent(), person=a_child_of_age_on(TOMORROW)),
            {"until": TOMORROW},
            (Caution.ENDS_BEFORE_CAMPAIGN,),
        ),
    ],
)
def test_what_must_be_said_of_an_allowed_use(
    dossier: Dossier, use: dict[str, Any], cautions: tuple[Caution, ...]
) -> None:
    decision = decide(dossier, a_use(**use), POLICY)
    assert decision.cleared
    assert decision.cautions == cautions


def test_an_exemption_has_its_cautions_too() -> None:
    leaver = a_dossier(person=a_person(status=Status.LEFT), exemptions=(an_exemption(),))
    told = decide(leaver, a_use(until=TOMORROW + DAY), CROWDS)
    assert told.cautions == (Caution.ENDS_BEFORE_CAMPAIGN, Caution.HAS_LEFT)


# The term


def test_the_term_holds_on_its_first_and_its_last_day() -> None:
    on_file = a_dossier(a_consent(valid_from=TODAY, valid_until=TODAY))
    assert decide(on_file, a_use(), POLICY).valid_until == TODAY
    assert reasons(on_file, a_use(on=YESTERDAY)) == {Reason.NOT_YET_VALID}
    assert reasons(on_file, a_use(on=TOMORROW)) == {Reason.EXPIRED}


def test_a_term_that_reaches_back_allows_no_use_before_the_signature() -> None:
    on_file = a_dossier(a_consent(signed=TODAY, valid_from=LAST_YEAR))
    assert cleared(on_file)
    assert reasons(on_file, a_use(on=YESTERDAY)) == {Reason.NOT_YET_VALID}
    assert may_match(on_file, TODAY, POLICY)
    assert not may_match(on_file, YESTERDAY, POLICY)


def test_a_term_that_ends_before_it_begins_holds_on_no_day() -> None:
    on_file = a_dossier(a_consent(valid_from=TOMORROW, valid_until=YESTERDAY))
    assert reasons(on_file) == {Reason.NOT_YET_VALID, Reason.EXPIRED}
    assert not any(may_match(on_file, day, POLICY) for day in (YESTERDAY, TODAY, TOMORROW))


# Withdrawals


def test_a_channel_withdrawn_leaves_the_others() -> None:
    on_file = a_dossier(a_consent(), withdrawals=(a_withdrawal("A-1", channel="website"),))
    assert reasons(on_file) == {Reason.WITHDRAWN}
    assert cleared(on_file, a_use("print"))


@pytest.mark.parametrize("on", [YESTERDAY, TODAY, TOMORROW])
def test_what_was_withdrawn_blocks_whatever_the_day_of_the_use(on: dt.date) -> None:
    on_file = a_dossier(a_consent(), withdrawals=(a_withdrawal("A-1", effective=TOMORROW),))
    assert reasons(on_file, a_use(on=on)) == {Reason.WITHDRAWN}


@pytest.mark.parametrize("channel", [None, "website"])
def test_a_form_signed_anew_clears_again_and_one_that_turns_up_late_does_not(
    channel: str | None,
) -> None:
    gone = (a_withdrawal("A-1", channel=channel),)
    new = a_consent("A-2", signed=TODAY)
    assert decide(a_dossier(a_consent(), new, withdrawals=gone), a_use(), POLICY).serials == (
        "A-2",
    )
    late = a_consent("A-3", signed=YESTERDAY)
    assert reasons(a_dossier(a_consent(), late, withdrawals=gone)) == {Reason.WITHDRAWN}


def test_a_form_on_file_is_withdrawn_although_it_was_signed_on_the_same_day() -> None:
    on_file = a_dossier(a_consent(signed=TODAY), withdrawals=(a_withdrawal("A-1"),))
    assert reasons(on_file) == {Reason.WITHDRAWN}


def test_a_withdrawal_of_one_form_only_leaves_the_older_ones() -> None:
    gone = (a_withdrawal("A-2", only=True),)
    on_file = a_dossier(a_consent(), a_consent("A-2", signed=YESTERDAY), withdrawals=gone)
    assert decide(on_file, a_use(), POLICY).serials == ("A-1",)


# Renewals


def test_a_renewal_that_says_no_where_the_old_form_said_yes_ends_the_yes() -> None:
    renewal = a_consent(
        "A-2", signed=YESTERDAY, channels=("print",), supersedes=(a_renewal("A-1"),)
    )
    on_file = a_dossier(a_consent(), renewal)
    assert not cleared(on_file)
    assert decide(on_file, a_use("print"), POLICY).serials == ("A-2",)


def test_a_renewal_of_one_channel_leaves_the_answers_to_the_others() -> None:
    renewal = a_consent(
        "A-2", signed=YESTERDAY, channels=("print",), supersedes=(a_renewal("A-1", ["print"]),)
    )
    on_file = a_dossier(a_consent(), renewal)
    assert decide(on_file, a_use(), POLICY).serials == ("A-1",)
    told = decide(on_file, a_use("print"), POLICY)
    assert told.by_form == {"A-1": (Reason.SUPERSEDED,), "A-2": ()}


@pytest.mark.parametrize(
    "more",
    [
        {"withdrawals": (a_withdrawal("A-2", only=True),)},
        {"refusals": (a_refusal("A-2", on=LAST_YEAR - DAY),)},
    ],
)
def test_a_renewal_taken_back_does_not_bring_the_old_form_back(more: dict[str, Any]) -> None:
    renewal = a_consent("A-2", signed=YESTERDAY, supersedes=(a_renewal("A-1"),))
    assert not cleared(a_dossier(a_consent(), renewal, **more))


@pytest.mark.parametrize(
    "weak",
    [
        {"valid_until": YESTERDAY},
        {"valid_from": TOMORROW},
        {"level": EvidenceLevel.VERBAL},
        {"signatories": ()},
        {"channels": ()},
    ],
)
def test_a_renewal_that_allows_nothing_itself_still_ends_the_old_form(
    weak: dict[str, Any],
) -> None:
    renewal = a_consent("A-2", signed=YESTERDAY, supersedes=(a_renewal("A-1"),), **weak)
    told = decide(a_dossier(a_consent(), renewal), a_use(), POLICY)
    assert not told.cleared
    assert told.by_form["A-1"] == (Reason.SUPERSEDED,)


def test_before_its_signature_a_renewal_changes_nothing() -> None:
    renewal = a_consent("A-2", signed=TODAY, supersedes=(a_renewal("A-1"),))
    on_file = a_dossier(a_consent(), renewal)
    assert decide(on_file, a_use(on=YESTERDAY), POLICY).serials == ("A-1",)


# Who must sign


@pytest.mark.parametrize(
    ("signatories", "sole", "missing"),
    [
        ((SELF, MOTHER, FATHER), False, ()),
        ((SELF, MOTHER), True, ()),
        ((SELF, MOTHER), False, ("guardian_missing",)),
        ((SELF,), True, ("guardian_missing",)),
        ((SELF, CURATOR), False, ("guardian_missing",)),
        ((), False, ("guardian_missing", "minor_signature_missing")),
    ],
)
def test_two_guardians_sign_for_a_minor_or_one_with_sole_authority(
    signatories: tuple[Signatory, ...], sole: bool, missing: tuple[str, ...]
) -> None:
    form = a_consent(signatories=signatories, sole_authority=sole)
    assert missing_signatures(form, a_child(16), POLICY) == set(map(Reason, missing))
    assert reasons(a_dossier(form, person=a_child(16))) == set(map(Reason, missing))


@pytest.mark.parametrize(
    "again",
    [
        MOTHER.name,
        "NORA zürcher",
        " Nora  Zürcher ",
        "Nora Zu\N{COMBINING DIAERESIS}rcher",
        "",
        " ",
    ],
)
def test_nobody_is_two_guardians(again: str) -> None:
    twice = (SELF, MOTHER, Signatory(role=Role.GUARDIAN, name=again))
    form = a_consent(signatories=twice)
    assert missing_signatures(form, a_child(), POLICY) == {Reason.GUARDIAN_MISSING}


def test_a_blank_name_is_no_guardian_even_where_one_suffices() -> None:
    form = a_consent(signatories=(SELF, Signatory(role=Role.GUARDIAN, name=" ")))
    alone = Policy(guardians=1)
    assert missing_signatures(form, a_child(), alone) == {Reason.GUARDIAN_MISSING}


def test_a_policy_of_no_guardian_still_asks_for_one() -> None:
    form = a_consent(signatories=(SELF,))
    assert missing_signatures(form, a_child(), Policy(guardians=0)) == {Reason.GUARDIAN_MISSING}


@pytest.mark.parametrize(
    ("age", "missing"),
    [(13, set()), (14, {Reason.MINOR_SIGNATURE_MISSING}), (17, {Reason.MINOR_SIGNATURE_MISSING})],
)
def test_a_minor_of_fourteen_signs_as_well(age: int, missing: set[Reason]) -> None:
    form = a_consent(signed=TODAY, signatories=(MOTHER, FATHER))
    on_file = a_dossier(form, person=a_child(age))
    assert reasons(on_file) == missing
    # The day before the fourteenth birthday is the last without the own signature.
    sooner = a_consent(signed=YESTERDAY, signatories=(MOTHER, FATHER))
    if age == 14:
        assert cleared(a_dossier(sooner, person=a_child(age)))


@pytest.mark.parametrize(
    ("signatories", "complete"),
    [
        ((SELF,), True),
        ((CURATOR,), True),
        ((Signatory(role=Role.REPRESENTATIVE, name="Carla Meier"),), False),
        ((Signatory(role=Role.REPRESENTATIVE, name="Carla Meier", basis=" "),), False),
        ((MOTHER, FATHER), False),
        ((), False),
    ],
)
@pytest.mark.parametrize("born", [None, dt.date(1980, 5, 5)])
def test_an_adult_signs_or_somebody_with_a_basis_does(
    signatories: tuple[Signatory, ...], complete: bool, born: dt.date | None
) -> None:
    on_file = a_dossier(a_consent(signatories=signatories), person=a_person(born=born))
    assert reasons(on_file) == (set() if complete else {Reason.SIGNATURE_MISSING})


# Of age


@pytest.mark.parametrize(
    ("born", "birthday"),
    [
        (dt.date(2008, 11, 21), dt.date(2026, 11, 21)),
        (dt.date(2008, 2, 29), dt.date(2026, 3, 1)),
        (dt.date(2008, 3, 1), dt.date(2026, 3, 1)),
    ],
)
def test_what_was_signed_for_a_child_lapses_on_the_eighteenth_birthday(
    born: dt.date, birthday: dt.date
) -> None:
    form = a_childs_consent(signed=dt.date(2025, 1, 1))
    on_file = a_dossier(form, person=a_person(born=born))
    eve = birthday - DAY
    assert decide(on_file, a_use(on=eve), POLICY).valid_until == eve
    assert reasons(on_file, a_use(on=birthday)) == {Reason.OF_AGE_NOW}
    assert last_day_of(form, on_file) == eve
    assert may_match(on_file, eve, POLICY)
    assert not may_match(on_file, birthday, POLICY)
    assert not may_keep_biometrics(on_file, birthday, POLICY)


def test_what_was_signed_on_the_eighteenth_birthday_needs_no_guardian_and_lasts() -> None:
    on_file = a_dossier(a_consent(signed=TODAY), person=a_child_of_age_on(TODAY))
    assert decide(on_file, a_use(), POLICY).valid_until == NEXT_YEAR


def test_the_term_ends_before_childhood_does() -> None:
    form = a_childs_consent(valid_until=TOMORROW)
    assert last_day_of(form, a_dossier(form, person=a_child())) == TOMORROW


# Who said no


def test_an_adult_may_agree_to_what_they_once_refused() -> None:
    no = (a_refusal("A-1", on=YESTERDAY),)
    on_file = a_dossier(a_consent(), a_consent("A-2", signed=TODAY), refusals=no)
    told = decide(on_file, a_use(), POLICY)
    assert told.by_form == {"A-1": (Reason.REFUSED,), "A-2": ()}
    assert told.serials == ("A-2",)


@pytest.mark.parametrize(
    "no",
    [
        a_refusal(on=LAST_YEAR),
        a_refusal(on=LAST_YEAR - DAY),
        a_refusal("A-1", on=dt.date(2020, 1, 1)),
    ],
    ids=["same_day", "before", "on_file"],
)
def test_a_yes_of_the_same_day_or_one_on_file_is_outweighed(no: Any) -> None:
    later_signature = not no.serials and no.on < LAST_YEAR
    on_file = a_dossier(a_consent(signed=LAST_YEAR), refusals=(no,))
    assert cleared(on_file) is later_signature


def test_a_no_to_one_channel_leaves_the_others() -> None:
    on_file = a_dossier(a_consent(), refusals=(a_refusal("A-1", channel="website"),))
    assert reasons(on_file) == {Reason.REFUSED}
    assert cleared(on_file, a_use("print"))
    assert may_match(on_file, TODAY, POLICY)


def test_no_guardian_outweighs_a_childs_no() -> None:
    no = (a_refusal(on=YESTERDAY, by_child=True),)
    later = a_childs_consent(signed=TODAY)
    on_file = a_dossier(later, person=a_child(12), refusals=no)
    assert reasons(on_file) == {Reason.REFUSED_BY_CHILD}
    assert not may_match(on_file, TODAY, POLICY)


def test_a_childs_no_holds_for_who_may_still_be_a_child() -> None:
    no = (a_refusal(on=YESTERDAY, by_child=True),)
    on_file = a_dossier(a_consent(signed=TODAY), refusals=no)
    assert reasons(on_file) == {Reason.REFUSED_BY_CHILD}


def test_who_said_no_as_a_child_may_agree_when_of_age() -> None:
    person = a_child_of_age_on(YESTERDAY)
    no = (a_refusal("A-1", on=LAST_YEAR, by_child=True),)
    old, new = a_childs_consent(signed=LAST_YEAR), a_consent("A-2", signed=TODAY)
    assert Reason.REFUSED in reasons(a_dossier(old, person=person, refusals=no))
    assert cleared(a_dossier(old, new, person=person, refusals=no))


def test_a_refusal_taken_back_no_longer_counts_from_that_day_on() -> None:
    no = (a_refusal("A-1", on=YESTERDAY, taken_back=TODAY),)
    on_file = a_dossier(a_consent(), refusals=no)
    assert cleared(on_file)
    assert reasons(on_file, a_use(on=YESTERDAY)) == {Reason.REFUSED}


def test_a_refusal_of_which_only_one_was_taken_back_still_counts() -> None:
    no = (a_refusal("A-1", taken_back=TODAY), a_refusal("A-1", id="r-2"))
    assert reasons(a_dossier(a_consent(), refusals=no)) == {Reason.REFUSED}


def test_a_hold_holds_until_the_day_it_is_lifted() -> None:
    on_file = a_dossier(a_consent(), holds=(a_hold(on=LAST_YEAR, lifted_on=TODAY),))
    assert cleared(on_file)
    assert reasons(on_file, a_use(on=YESTERDAY)) == {Reason.ON_HOLD}


def test_what_the_person_said_as_a_whole_is_told_before_what_their_forms_lack() -> None:
    person = a_person(status=Status.DECEASED)
    on_file = a_dossier(a_consent(valid_until=YESTERDAY), person=person, holds=(a_hold(),))
    told = decide(on_file, a_use(), POLICY)
    assert told.reasons == (Reason.DECEASED, Reason.ON_HOLD)
    assert told.by_form == {"A-1": (Reason.EXPIRED,)}


# What a form says yes to


def test_a_patient_needs_a_release_from_secrecy() -> None:
    told = decide(a_dossier(a_consent(presence=True), person=PATIENT), a_use(), POLICY)
    assert told.ground is not None
    assert told.ground.clauses[-1] == "secrecy.presence"
    assert reasons(a_dossier(a_consent(), person=PATIENT)) == {Reason.SECRECY_NOT_RELEASED}


@pytest.mark.parametrize(
    ("territory", "website", "paper"),
    [
        (("CH",), False, True),
        (("DE",), False, False),
        (("DE", "CH"), False, True),
        ((), False, False),
    ],
)
def test_the_internet_is_not_in_switzerland(
    territory: tuple[str, ...], website: bool, paper: bool
) -> None:
    on_file = a_dossier(a_consent(territory=territory))
    assert cleared(on_file, a_use("website")) is website
    assert cleared(on_file, a_use("print")) is paper


@pytest.mark.parametrize(
    ("scope", "use", "covered"),
    [
        (None, None, True),
        (None, "Open day", True),
        ("Open day", None, False),
        ("Open day", "Summer fair", False),
        ("Open day", " open  DAY ", True),
        ("", None, False),
        ("", "", False),
        (" ", "", False),
        ("", "Open day", False),
    ],
)
def test_a_form_of_one_occasion_covers_no_other(
    scope: str | None, use: str | None, covered: bool
) -> None:
    on_file = a_dossier(a_consent(event=scope))
    expected = set() if covered else {Reason.EVENT_NOT_COVERED}
    assert reasons(on_file, a_use(event=use)) == expected


def test_an_exemption_of_a_blank_occasion_covers_none() -> None:
    on_file = a_dossier(exemptions=(an_exemption(event=""),))
    assert not cleared(on_file, a_use(event=""), CROWDS)


@pytest.mark.parametrize(
    ("said", "wanted", "covered"),
    [
        (PURPOSES, None, True),
        (PURPOSES[:-1], None, False),
        (("events",), "events", True),
        (("events",), "training", False),
        ((), "events", False),
        (PURPOSES, "", False),
        ((*PURPOSES, "advertising"), "advertising", False),
    ],
)
def test_a_use_of_no_stated_purpose_needs_a_yes_to_every_one(
    said: tuple[str, ...], wanted: str | None, covered: bool
) -> None:
    on_file = a_dossier(a_consent(purposes=said))
    expected = set() if covered else {Reason.PURPOSE_NOT_COVERED}
    assert reasons(on_file, a_use(purpose=wanted)) == expected


def test_forms_that_tell_no_purposes_apart_are_asked_for_none() -> None:
    on_file = a_dossier(a_consent(purposes=()))
    told = decide(on_file, a_use(purpose=None), Policy(purposes=()))
    assert told.ground == Ground(("A-1",), clauses=("channel.website", "material.photo"))


def test_a_channel_that_the_institution_does_not_have_is_never_covered() -> None:
    on_file = a_dossier(
        a_consent(channels=("billboard",)),
        exemptions=(an_exemption(channels=frozenset({"billboard"})),),
    )
    assert reasons(on_file, a_use("billboard"), CROWDS) == {Reason.CHANNEL_NOT_COVERED}


@pytest.mark.parametrize("level", list(EvidenceLevel))
@pytest.mark.parametrize("least", list(EvidenceLevel))
def test_evidence_counts_from_the_level_that_is_demanded(
    level: EvidenceLevel, least: EvidenceLevel
) -> None:
    order = ["verbal", "simple", "advanced", "wet_ink", "qualified"]
    on_file = a_dossier(a_consent(level=level))
    policy = Policy(minimum_evidence=least.value)
    enough = order.index(level.value) >= order.index(least.value)
    assert cleared(on_file, policy=policy) is enough
    assert may_match(on_file, TODAY, policy) is enough


def test_evidence_of_a_level_that_nobody_knows_decides_nothing() -> None:
    with pytest.raises(ValueError, match="handshake"):
        decide(a_dossier(a_consent()), a_use(), Policy(minimum_evidence="handshake"))


# Which form it rests on


def test_the_ground_is_the_form_that_lasts_longest_and_its_answers_count() -> None:
    longest = a_consent("A-2", valid_until=NEXT_YEAR, editing=True)
    on_file = a_dossier(a_consent(valid_until=TOMORROW, named=True), longest)
    told = decide(on_file, a_use(), POLICY)
    assert (told.serials, told.named, told.editing) == (("A-2",), False, True)


def test_the_reasons_are_those_of_the_forms_that_come_nearest() -> None:
    far = a_consent("A-1", valid_until=YESTERDAY, channels=("press",))
    near = a_consent("A-2", valid_from=TOMORROW)
    as_near = a_consent("A-3", purposes=("training",))
    told = decide(a_dossier(far, near, as_near), a_use(), POLICY)
    assert told.reasons == (Reason.NOT_YET_VALID, Reason.PURPOSE_NOT_COVERED)
    assert told.by_form["A-1"] == (Reason.EXPIRED, Reason.CHANNEL_NOT_COVERED)


def halves(**other: Any) -> Dossier:
    """One form for the channel but not the purpose, one the other way round."""
    channel = a_consent("A-1", purposes=("training",), named=True, valid_until=TOMORROW)
    purpose = a_consent("A-2", **{"channels": ("print",), **other})
    return a_dossier(channel, purpose)


def test_two_halves_add_up_only_where_the_policy_combines_forms() -> None:
    assert reasons(halves()) == {Reason.CHANNEL_NOT_COVERED, Reason.PURPOSE_NOT_COVERED}
    told = decide(halves(), a_use(), COMBINING)
    assert told.serials == ("A-1", "A-2")
    assert told.valid_until == TOMORROW
    assert not told.named


@pytest.mark.parametrize(
    "flaw",
    [
        {"valid_until": YESTERDAY},
        {"signatories": ()},
        {"level": EvidenceLevel.VERBAL},
        {"purposes": ("training",)},
    ],
)
def test_a_form_with_another_flaw_is_no_half(flaw: dict[str, Any]) -> None:
    assert not cleared(halves(**flaw), policy=COMBINING)


# Exemptions


def test_an_exemption_clears_without_a_form_where_the_policy_knows_it() -> None:
    on_file = a_dossier(exemptions=(an_exemption(),))
    told = decide(on_file, a_use(), CROWDS)
    assert told == Decision(True, ground=Ground(exemption="e-1"), valid_until=TOMORROW)
    assert told.exempt
    assert told.serials == ()
    assert reasons(on_file) == {Reason.NO_CONSENT}


@pytest.mark.parametrize(
    "change",
    [
        {"kind": ExemptionKind.INCIDENTAL},
        {"on": TOMORROW},
        {"valid_until": YESTERDAY},
        {"channels": frozenset({"print"})},
        {"channels": frozenset()},
        {"event": "Open day"},
        {"ended_on": TOMORROW},
    ],
)
def test_an_exemption_reaches_no_further_than_it_says(change: dict[str, Any]) -> None:
    assert not cleared(a_dossier(exemptions=(an_exemption(**change),)), policy=CROWDS)


@pytest.mark.parametrize(
    "more",
    [
        {"person": PATIENT},
        {"person": a_child()},
        {"person": a_child_of_age_on(TOMORROW)},
        {"person": a_person(status=Status.DECEASED)},
        {"holds": (a_hold(),)},
        {"refusals": (a_refusal(),)},
        {"refusals": (a_refusal(channel="website"),)},
        {"withdrawals": (a_withdrawal(),)},
        {"withdrawals": (a_withdrawal("A-9", channel="website", only=True),)},
    ],
)
def test_no_exemption_for_patients_minors_and_whoever_said_no(more: dict[str, Any]) -> None:
    assert not cleared(a_dossier(exemptions=(an_exemption(),), **more), policy=CROWDS)


def test_after_a_no_a_new_form_clears_and_an_exemption_does_not() -> None:
    no: dict[str, Any] = {
        "refusals": (a_refusal(on=YESTERDAY),),
        "exemptions": (an_exemption(),),
    }
    new = a_consent(signed=TODAY)
    assert decide(a_dossier(new, **no), a_use(), CROWDS).serials == ("A-1",)
    ended = a_consent(signed=TODAY, channels=("print",))
    assert not cleared(a_dossier(ended, **no), policy=CROWDS)


def test_a_form_comes_before_an_exemption() -> None:
    on_file = a_dossier(a_consent(), exemptions=(an_exemption(),))
    assert decide(on_file, a_use(), CROWDS).serials == ("A-1",)


def test_of_several_exemptions_the_one_that_lasts_longest_is_the_ground() -> None:
    longer = an_exemption(id="e-0", valid_until=NEXT_YEAR)
    told = decide(a_dossier(exemptions=(an_exemption(), longer)), a_use(), CROWDS)
    assert told.ground == Ground(exemption="e-0")
    assert told.valid_until == NEXT_YEAR


# Matching and keeping


@pytest.mark.parametrize(
    ("dossier", "may"),
    [
        (a_dossier(a_consent()), True),
        (a_dossier(), False),
        (a_dossier(exemptions=(an_exemption(),)), False),
        (a_dossier(a_consent(biometric=False)), False),
        (a_dossier(a_consent(channels=())), False),
        (a_dossier(a_consent(level=EvidenceLevel.VERBAL)), False),
        (a_dossier(a_consent(signatories=())), False),
        (a_dossier(a_consent(), person=a_person(status=Status.DECEASED)), False),
        (a_dossier(a_consent(), refusals=(a_refusal("A-1"),)), False),
        (a_dossier(a_consent(), refusals=(a_refusal("A-1", taken_back=TODAY),)), True),
        (a_dossier(a_consent(), withdrawals=(a_withdrawal("A-1"),)), False),
        (a_dossier(a_consent(), withdrawals=(a_withdrawal("A-1", channel="print"),)), True),
        (
            a_dossier(
                a_consent(),
                withdrawals=(
                    a_withdrawal("A-1", channel="print"),
                    a_withdrawal("A-1", channel="website"),
                ),
            ),
            False,
        ),
        # The hold stops what is published; that the person is in the picture must be known.
        (a_dossier(a_consent(), holds=(a_hold(),)), True),
    ],
)
def test_matching_needs_the_tick_and_something_to_find_the_person_for(
    dossier: Dossier, may: bool
) -> None:
    assert may_match(dossier, TODAY, POLICY) is may
    assert may_keep_biometrics(dossier, TODAY, POLICY) is may
    assert biometrics_until(dossier, POLICY) == (NEXT_YEAR if may else None)


def test_a_renewal_without_the_tick_ends_matching() -> None:
    renewal = a_consent("A-2", biometric=False, supersedes=(a_renewal("A-1"),))
    assert not may_keep_biometrics(a_dossier(a_consent(), renewal), TODAY, POLICY)
    with_tick = a_consent("A-2", valid_until=TOMORROW, supersedes=(a_renewal("A-1"),))
    assert biometrics_until(a_dossier(a_consent(), with_tick), POLICY) == TOMORROW


def test_a_renewal_of_one_channel_answers_for_the_tick_as_well() -> None:
    renewal = a_consent("A-2", biometric=False, supersedes=(a_renewal("A-1", ["print"]),))
    on_file = a_dossier(a_consent(), renewal)
    assert cleared(on_file)
    assert biometrics_until(on_file, POLICY) is None


def test_biometrics_are_kept_as_long_as_any_form_lets_them() -> None:
    on_file = a_dossier(a_consent(valid_until=TOMORROW), a_consent("A-2"))
    assert biometrics_until(on_file, POLICY) == NEXT_YEAR


def test_before_its_term_a_form_keeps_a_template_and_lets_nothing_match() -> None:
    on_file = a_dossier(a_consent(valid_from=TOMORROW))
    assert may_keep_biometrics(on_file, TODAY, POLICY)
    assert not may_match(on_file, TODAY, POLICY)
    assert not may_keep_biometrics(a_dossier(a_consent(valid_until=YESTERDAY)), TODAY, POLICY)


def test_a_form_stands_until_it_is_taken_back_or_renewed_whatever_its_term() -> None:
    ended = a_consent(valid_until=YESTERDAY)
    assert standing(a_dossier(ended), ended, POLICY)
    assert not standing(a_dossier(ended, withdrawals=(a_withdrawal("A-1"),)), ended, POLICY)
    some = a_consent("A-2", supersedes=(a_renewal("A-1", ["print"]),))
    assert standing(a_dossier(ended, some), ended, POLICY)
    whole = a_consent("A-2", supersedes=(a_renewal("A-1"),))
    assert not standing(a_dossier(ended, whole), ended, POLICY)


# The door


def test_every_channel_is_decided_by_itself_and_in_order() -> None:
    told = decide_all(a_dossier(a_consent()), iter(CHANNELS), a_use(), POLICY)
    assert list(told) == list(CHANNELS)
    assert {channel for channel, one in told.items() if one.cleared} == {"website", "print"}


def test_the_form_of_somebody_else_is_refused() -> None:
    stranger: Consent = a_consent(person="p-11111111")
    with pytest.raises(ValueError, match="one person"):
        a_dossier(a_consent(), stranger)


def test_a_person_of_whom_nothing_is_known_is_not_cleared() -> None:
    nobody = Person(PERSON, "", TODAY, born=turning(30, TODAY))
    assert decide(Dossier(person=nobody), a_use(), POLICY) == Decision(
        False, reasons=(Reason.NO_CONSENT,)
    )


@pytest.mark.parametrize(
    "limited", [{"event": "Summer fair"}, {"territory": ("CH",)}], ids=["event", "territory"]
)
def test_what_is_for_one_occasion_or_country_completes_nothing_elsewhere(
    limited: dict[str, Any],
) -> None:
    here = a_consent("A-0", channels=("website",), **limited)
    general = a_consent("A-1", channels=("print",))
    decision = decide(a_dossier(here, general), a_use(), Policy(combine_forms=True))
    assert not decision.cleared


@pytest.mark.parametrize(
    ("material", "cleared"),
    [
        (Material.PHOTO, True),
        (Material.VIDEO, True),
        (Material.VOICE, False),
        (Material.QUOTATION, False),
    ],
)
def test_nobody_is_heard_or_quoted_by_exemption(material: Material, cleared: bool) -> None:
    dossier = a_dossier(exemptions=(an_exemption(),))
    policy = Policy(exemptions=tuple(ExemptionKind))
    assert decide(dossier, a_use(material=material), policy).cleared is cleared


def test_two_forms_of_one_serial_are_no_dossier() -> None:
    with pytest.raises(ValueError, match="serial"):
        a_dossier(a_consent("A-0"), a_consent("A-0"))


def test_an_exemption_is_nothing_against_a_form_that_left_the_channel_blank() -> None:
    policy = Policy(exemptions=tuple(ExemptionKind))
    alone = a_dossier(exemptions=(an_exemption(),))
    assert decide(alone, a_use(), policy).exempt
    blank = a_dossier(a_consent("A-0", channels=("print",)), exemptions=(an_exemption(),))
    assert not decide(blank, a_use(), policy).cleared


def test_a_channel_of_the_institutions_own_is_seen_in_every_country() -> None:
    policy = Policy(channels=("print", "film channel"))
    form = a_consent("A-0", channels=("print", "film channel"), territory=("CH",))
    assert decide(a_dossier(form), a_use("print"), policy).cleared
    assert decide(a_dossier(form), a_use("film channel"), policy).reasons == (
        Reason.TERRITORY_NOT_COVERED,
    )
