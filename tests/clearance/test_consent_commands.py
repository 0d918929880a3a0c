"""The commands about consent, as a clerk types them."""

from __future__ import annotations

import datetime as dt
import os
import stat
from pathlib import Path

import pytest

from clearance.commandline import ExitCode
from consent.decision import Reason
from tests.clearance.clerk import Clerk
from tests.commands import EVERY_PURPOSE, PHOTOS

TODAY = dt.datetime.now().astimezone().date()
PARENTS = ("--guardian", "Eva Blum, mother", "--guardian", "Ivo Blum, father")
LANGUAGES = ("fr", "de", "it", "en")


@pytest.fixture
def clerk(empty_registry: Path, evidence: Path) -> Clerk:
    return Clerk(empty_registry, evidence)


def years_ago(years: float) -> str:
    return (TODAY - dt.timedelta(days=round(years * 365.25))).isoformat()


# Recording.


def test_an_adult_who_signed_is_cleared_for_what_was_ticked(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    told = clerk.signed(person, "--named", "--editing", "--form", "IR-1").document
    assert (told["consent"], told["last_day"]) == ("S-1", "2036-01-10")
    assert told["paper"] == {
        "template": "IR",
        "version": 1,
        "language": "",
        "collected_by": "",
        "id_check": "",
        "confirmed_by": "",
    }
    assert clerk.may(person)
    assert not clerk.may(person, channel="press")
    assert not clerk.may(person, "--material", "video")
    assert not clerk.may(person, "--on", "2026-01-09")
    assert not clerk.may(person, "--on", "2036-01-11")


def test_a_child_needs_two_guardians_or_one_with_sole_authority(clerk: Clerk) -> None:
    child = clerk.adds("Lia Blum", "--born", years_ago(9))
    clerk.signed(child, code=ExitCode.REGISTRY)
    clerk.signed(child, *PARENTS[:2], code=ExitCode.REGISTRY)
    clerk.signed(child, *PARENTS[:2], "--guardian", "eva  blum", code=ExitCode.REGISTRY)
    assert clerk.does("consent", "list", child, "--json").documents == []
    told = clerk.signed(child, *PARENTS).document
    assert [(one["role"], one["name"], one["relation"]) for one in told["signatories"]] == [
        ("guardian", "Eva Blum", "mother"),
        ("guardian", "Ivo Blum", "father"),
    ]
    assert clerk.may(child)
    sole = clerk.adds("Noa Roth", "--born", years_ago(9))
    clerk.signed(sole, *PARENTS[:2], "--sole-authority", serial="S-2")
    assert clerk.may(sole)


def test_a_minor_of_fourteen_signs_as_well(clerk: Clerk) -> None:
    young = clerk.adds("Lia Blum", "--born", years_ago(14.5))
    clerk.signed(young, *PARENTS, signed=years_ago(0.1), code=ExitCode.REGISTRY)
    clerk.signed(young, *PARENTS, "--own-signature", signed=years_ago(0.1))
    assert clerk.may(young)


def test_guardians_without_a_day_of_birth_are_refused(clerk: Clerk) -> None:
    person = clerk.adds("Lia Blum")
    said = clerk.signed(person, *PARENTS, code=ExitCode.REGISTRY).result.stderr
    assert "clearance people born" in said


def test_a_represented_adult_needs_a_basis(clerk: Clerk) -> None:
    person = clerk.adds("Max Roth", "--born", "1950-05-05")
    by = ("--representative", "Lea Roth")
    clerk.signed(person, *by, code=ExitCode.REGISTRY)
    clerk.signed(person, *by, "--basis", "curatorship of 2024")
    assert clerk.may(person)
    assert "Lea Roth, curatorship of 2024" in clerk.reads("consent", "show", "S-1")


def test_a_patient_must_release_that_they_were_there(clerk: Clerk) -> None:
    person = clerk.adds("Max Roth", "--capacity", "patient")
    clerk.signed(person, serial="S-1")
    assert clerk.reasons(person) == ["secrecy_not_released"]
    clerk.signed(person, "--release", "presence", "--release", "service", serial="S-2")
    assert clerk.may(person)
    assert "being there, the service" in clerk.reads("consent", "show", "S-2")
    clerk.signed(person, "--release", "everything", serial="S-3", code=ExitCode.USAGE)


def test_a_form_of_one_occasion_covers_no_other(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person, "--event", "Open day 2026")
    assert clerk.reasons(person) == ["event_not_covered"]
    assert clerk.may(person, "--event", " open  DAY 2026")
    assert not clerk.may(person, "--event", "Marathon")
    assert "only Open day 2026" in clerk.reads("consent", "list")


def test_a_form_of_one_country_does_not_cover_what_the_world_sees(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(
        person, "--territory", "ch", ticks=(*PHOTOS, "--channel", "website", "--channel", "print")
    )
    assert clerk.reasons(person) == ["territory_not_covered"]
    assert clerk.may(person, channel="print")
    assert "only seen in CH" in clerk.reads("consent", "list")
    clerk.signed(person, "--territory", "Suisse", serial="S-2", code=ExitCode.REGISTRY)


def test_a_word_of_mouth_is_kept_and_does_not_clear(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person, "--level", "verbal")
    assert clerk.reasons(person) == ["evidence_too_weak"]
    assert "not proved well enough" in clerk.reads("consent", "list")


def test_a_signature_after_the_publication_is_refused(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    said = clerk.signed(person, "--first-published", "2026-01-09", code=ExitCode.USAGE).result
    assert "--first-published" in said.stderr
    assert said.stdout == ""
    assert clerk.does("consent", "list", "--json").documents == []
    clerk.signed(person, "--first-published", "2026-01-10")


@pytest.mark.parametrize(
    ("ticks", "code"),
    [
        (("--channel", "website", *EVERY_PURPOSE), ExitCode.REGISTRY),
        (("--channel", "website", "--material", "photo"), ExitCode.REGISTRY),
        (("--channel", "website", "--material", "photo", "--purpose", "fun"), ExitCode.REGISTRY),
        (("--channel", "website", "--material", "smell", *EVERY_PURPOSE), ExitCode.USAGE),
        ((*PHOTOS, "--channel", "billboard"), ExitCode.USAGE),
        ((*PHOTOS, "--channel", ""), ExitCode.USAGE),
        (PHOTOS, ExitCode.USAGE),
    ],
    ids=["no material", "no purpose", "purpose", "material", "channel", "blank", "no channel"],
)
def test_what_the_form_does_not_say_is_never_guessed(
    clerk: Clerk, ticks: tuple[str, ...], code: ExitCode
) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person, ticks=ticks, code=code)
    assert clerk.does("consent", "list", "--json").documents == []


@pytest.mark.parametrize("scan", ["", "missing.pdf", "."])
def test_a_form_needs_its_scan(clerk: Clerk, scan: str) -> None:
    person = clerk.adds("Anna Keller")
    words = ("consent", "record", person, "--serial", "S-1", "--evidence", scan)
    days = ("--signed", "2026-01-10", "--until", "2036-01-10", "--channel", "website")
    clerk.does(*words, *days, *PHOTOS, code=ExitCode.INPUT_OR_OUTPUT)


def test_a_serial_is_taken_once(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person)
    clerk.signed(person, code=ExitCode.REGISTRY)
    clerk.signed("nobody", serial="S-2", code=ExitCode.REGISTRY)


# Renewing.


def renew(
    clerk: Clerk, old: str, serial: str, *ticks: str, code: ExitCode = ExitCode.CLEARED
) -> None:
    clerk.does(
        *("consent", "renew", old, "--serial", serial, "--evidence", clerk.scan),
        *("--signed", "2026-02-01", "--until", "2030-02-01", *PHOTOS, *ticks),
        code=code,
    )


def test_a_renewal_answers_in_place_of_the_older_form(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person, "--channel", "press")
    renew(clerk, "S-1", "S-2", "--channel", "website")
    assert clerk.may(person)
    # The newer form's no to the press wins; the older one is still on file.
    older = clerk.does("consent", "show", "S-1", "--json").document
    assert older["against"] == {"press": ["superseded"], "website": ["superseded"]}
    assert not clerk.may(person, channel="press")
    assert [one["consent"] for one in clerk.does("consent", "list", "--json").documents] == [
        "S-1",
        "S-2",
    ]
    assert "renewed" in clerk.reads("consent", "list")
    assert "S-1" in clerk.reads("consent", "show", "S-2")


def test_a_renewal_of_one_channel_leaves_the_others(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person, "--channel", "press")
    renew(clerk, "S-1", "S-2", "--channel", "intranet", "--only-channel", "website")
    assert not clerk.may(person)
    assert clerk.may(person, channel="press")
    assert clerk.may(person, channel="intranet")
    assert "website (renewed)" in clerk.reads("consent", "list")
    renew(clerk, "S-1", "S-3", "--channel", "tv", "--only-channel", "radio", code=ExitCode.USAGE)
    renew(clerk, "S-9", "S-3", "--channel", "tv", code=ExitCode.REGISTRY)


# Listing and showing.


def test_list_says_what_became_of_a_form(clerk: Clerk) -> None:
    assert clerk.reads("consent", "list") == "No form is recorded.\n"
    person = clerk.adds("Anna Keller")
    clerk.signed(person, serial="OLD", signed="2019-01-01", until="2020-01-01")
    clerk.signed(person, "--channel", "print", serial="NEW")
    clerk.does("consent", "withdraw", person, "--channel", "print", "--serial", "NEW")
    listed = {one["consent"]: one for one in clerk.does("consent", "list", "--json").documents}
    assert listed["OLD"]["against"] == {"website": ["expired"]}
    assert listed["NEW"]["against"] == {"print": ["withdrawn"], "website": []}
    said = clerk.reads("consent", "list", person)
    assert "2020-01-01" in said
    assert "ended" in said
    assert "print (withdrawn)" in said
    assert "every purpose" in said
    clerk.does("consent", "list", "nobody", code=ExitCode.REGISTRY)


def test_show_writes_the_readable_scan_once(clerk: Clerk, tmp_path: Path) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person)
    out = tmp_path / "readable.pdf"
    clerk.does("consent", "show", "S-1", "--scan", out)
    assert out.read_bytes() == clerk.scan.read_bytes()
    if os.name == "posix":
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
    for there in (out, tmp_path, ""):
        clerk.does("consent", "show", "S-1", "--scan", there, code=ExitCode.INPUT_OR_OUTPUT)
    read = clerk.does("audit", "show", "--person", person, "--json").documents
    assert [one["details"] for one in read if one["action"] == "evidence.read"] == [
        {"serial": "S-1"}
    ]
    clerk.does("consent", "show", "S-9", code=ExitCode.REGISTRY)


def test_show_does_not_write_into_a_folder_that_is_not_there(clerk: Clerk, tmp_path: Path) -> None:
    clerk.signed(clerk.adds("Anna Keller"))
    out = tmp_path / "nowhere-at-all" / "scan.pdf"
    words = ("consent", "show", "S-1", "--scan", out)
    assert "cannot be written" in clerk.does(*words, code=ExitCode.INPUT_OR_OUTPUT).result.stderr


# Taking back.


def test_withdraw_one_channel_then_everything(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person, "--channel", "press")
    told = clerk.does("consent", "withdraw", person, "--channel", "press", "--json").document
    assert told == {"person": person, "channel": "press", "serial": None, "consents": 1}
    assert clerk.may(person)
    assert "withdrawn" in clerk.reasons(person, channel="press")
    clerk.does("consent", "withdraw", person)
    assert clerk.reasons(person) == ["withdrawn"]
    clerk.does("consent", "withdraw", person, code=ExitCode.REGISTRY)


def test_withdraw_one_form_leaves_the_other(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person, serial="S-1")
    clerk.signed(person, serial="S-2")
    clerk.does("consent", "withdraw", person, "--serial", "S-1")
    told = clerk.does("decide", person, "--channel", "website", "--json").document
    assert told["channels"]["website"]["forms"] == ["S-2"]
    said = clerk.does("consent", "withdraw", person, "--serial", "S-9", code=ExitCode.REGISTRY)
    assert "S-9" in said.result.stderr
    other = clerk.adds("Eva Blum")
    clerk.does("consent", "withdraw", other, "--serial", "S-2", code=ExitCode.REGISTRY)
    assert clerk.may(person)


@pytest.mark.parametrize("channel", ["billboard", ""])
def test_withdraw_and_refuse_know_the_channels(clerk: Clerk, channel: str) -> None:
    """A blank one above all: it must not count as none, which would be everything."""
    person = clerk.adds("Anna Keller")
    clerk.signed(person)
    for verb in ("withdraw", "refuse"):
        clerk.does("consent", verb, person, "--channel", channel, code=ExitCode.USAGE)
    assert clerk.may(person)


def test_a_no_counts_until_it_is_taken_back(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person, "--channel", "tv")
    clerk.does("consent", "refuse", person, "--channel", "tv", "--note", "said at the desk")
    assert clerk.may(person)
    assert clerk.reasons(person, channel="tv") == ["refused"]
    clerk.does("consent", "refuse", person)
    assert clerk.reasons(person) == ["refused"]
    assert (
        clerk.does("consent", "refuse", person, "--take-back", "--json").document["taken_back"] == 2
    )
    assert "refused" not in clerk.reasons(person, channel="tv")
    clerk.does("consent", "refuse", person, "--take-back", code=ExitCode.REGISTRY)


def test_no_guardian_outweighs_a_childs_no(clerk: Clerk) -> None:
    child = clerk.adds("Lia Blum", "--born", years_ago(9))
    clerk.does("consent", "refuse", child, "--by-child")
    clerk.signed(child, *PARENTS, signed=TODAY.isoformat())
    assert clerk.reasons(child) == ["refused_by_child"]


def test_a_hold_stops_everything_until_it_is_lifted(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person)
    clerk.does("consent", "hold", person, "--by", "Lea Roth", code=ExitCode.REGISTRY)
    clerk.does("consent", "hold", person, "--reason", "a court asks", code=ExitCode.USAGE)
    held = clerk.does("consent", "hold", person, "--by", "Lea Roth", "--reason", "why", "--json")
    assert held.document["person"] == person
    assert clerk.reasons(person) == ["on_hold"]
    lifted = clerk.does("consent", "hold", person, "--by", "Lea Roth", "--lift", "--json").document
    assert lifted == {"person": person, "lifted": 1}
    assert clerk.may(person)
    clerk.does("consent", "hold", person, "--by", "Lea Roth", "--lift", code=ExitCode.REGISTRY)


# Exemptions.


def exempt(clerk: Clerk, person: str, code: ExitCode = ExitCode.CLEARED) -> None:
    clerk.does(
        *("consent", "exempt", person, "--kind", "public_figure", "--by", "Lea Roth"),
        *("--reason", "in office", "--channel", "press", "--until", "2036-01-10"),
        code=code,
    )


def test_an_exemption_is_refused_unless_the_policy_knows_it(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    exempt(clerk, person, code=ExitCode.REGISTRY)
    clerk.writes('[consent]\nexemptions = ["public_figure"]\n')
    exempt(clerk, person)
    told = clerk.does("decide", person, "--channel", "press", "--json").document
    press = told["channels"]["press"]
    assert press["cleared"]
    assert press["exemption"]
    assert press["forms"] == []
    today = clerk.does("people", "show", person, "--json").document["today"]["press"]
    assert (today["every_purpose"], today["exempt"], today["forms"]) == (True, True, [])
    assert "exemption" in clerk.reads("decide", person, "--channel", "press")
    assert "exempt until 2036-01-10, says Lea Roth: public figure in office" in clerk.reads(
        "people", "show", person
    )
    assert not clerk.may(person, channel="website")
    clerk.does("consent", "exempt", person, "--by", "Lea Roth", "--end")
    assert not clerk.may(person, channel="press")
    # Switched off again, it counts no longer, nor can another be given.
    clerk.writes("")
    exempt(clerk, person, code=ExitCode.REGISTRY)


@pytest.mark.parametrize("left_out", ["--kind", "--until", "--channel"])
def test_an_exemption_is_never_half_said(clerk: Clerk, left_out: str) -> None:
    clerk.writes('[consent]\nexemptions = ["crowd"]\n')
    person = clerk.adds("Anna Keller")
    words = {"--kind": "crowd", "--until": "2036-01-10", "--channel": "press"}
    del words[left_out]
    said = [part for pair in words.items() for part in pair]
    more = ("--by", "Lea Roth", "--reason", "a crowd")
    clerk.does("consent", "exempt", person, *said, *more, code=ExitCode.USAGE)


# What ends soon.


def test_expiring_lists_what_ends_and_who_comes_of_age(clerk: Clerk) -> None:
    assert clerk.reads("consent", "expiring") == "No form ends within 60 days.\n"
    soon = (TODAY + dt.timedelta(days=20)).isoformat()
    person = clerk.adds("Anna Keller", "--contact", "anna@example.org")
    clerk.signed(person, serial="SOON", until=soon)
    clerk.signed(person, serial="LATE")
    birthday = TODAY + dt.timedelta(days=30)
    young = clerk.adds("Lia Blum", "--born", birthday.replace(year=birthday.year - 18).isoformat())
    clerk.signed(young, *PARENTS, "--own-signature", serial="AGE")
    gone = clerk.adds("Max Roth")
    clerk.signed(gone, serial="GONE", until=soon)
    clerk.does("consent", "withdraw", gone)
    for within in ((), ("--within", "60d"), ("--within", "9w"), ("--within", "2m")):
        found = clerk.does("consent", "expiring", *within, "--json").documents
        assert [one["consent"] for one in found] == ["SOON", "AGE"], within
    assert found[0]["contact"] == "anna@example.org"
    assert found[1]["last_day"] == (birthday - dt.timedelta(days=1)).isoformat()
    said = clerk.reads("consent", "expiring", "--within", "25")
    assert "anna@example.org" in said
    assert "AGE" not in said


@pytest.mark.parametrize("within", ["soon", "99999999d", "", "d", "-5d", "1.5m", "²d"])
def test_a_time_that_is_none_is_refused(clerk: Clerk, within: str) -> None:
    clerk.does("consent", "expiring", f"--within={within}", code=ExitCode.USAGE)


# The decision.


def test_decide_says_what_a_clerk_may_do_with_the_picture(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person, "--named")
    said = clerk.reads("decide", person, "--channel", "website")
    assert said.startswith(f"Anna Keller ({person}), photo, ")
    assert "form S-1, which says yes to: website, photo, every purpose" in " ".join(said.split())
    assert "S-1" in clerk.reads("decide", person, "--channel", "website", "--purpose", "events")
    told = clerk.does("decide", person, "--channel", "website", "--json").document
    assert told["channels"]["website"]["named"] is True
    assert told["channels"]["website"]["editing"] is False


def test_decide_asks_every_channel_when_none_is_named(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person)
    told = clerk.does("decide", person, "--json", code=ExitCode.NOT_CLEARED).document
    assert told["channels"]["website"]["cleared"]
    assert not told["channels"]["tv"]["cleared"]


def test_decide_is_cautious_about_the_end_of_a_campaign(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person, until="2030-01-10")
    words = ("decide", person, "--channel", "website", "--until", "2030-01-11")
    told = clerk.does(*words, "--json").document
    assert told["channels"]["website"]["cautions"] == ["ends_before_campaign"]
    assert "–2030-01-11" in clerk.reads(*words)
    clerk.does(*words, "--on", "2030-01-12", code=ExitCode.USAGE)


def test_decide_says_against_which_form_what_stands(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person, serial="OLD", signed="2019-01-01", until="2020-01-01")
    clerk.signed(person, "--level", "verbal", serial="WEAK")
    said = clerk.reads("decide", person, "--channel", "website", code=ExitCode.NOT_CLEARED)
    assert "OLD: the consent has expired" in said
    assert "WEAK: the consent is not proved well enough" in said


@pytest.mark.parametrize(
    ("option", "value"), [("--channel", "radio"), ("--purpose", "fun"), ("--purpose", "")]
)
def test_decide_refuses_what_the_house_does_not_know(clerk: Clerk, option: str, value: str) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person)
    clerk.does("decide", person, option, value, code=ExitCode.USAGE)


def _met(clerk: Clerk) -> dict[str, tuple[str, ...]]:
    """People of whom each reason is true, by what is asked about them."""
    clerk.writes("[consent]\nretention_years = 100\n")
    adult = [clerk.adds(f"Adult {n}") for n in range(16)]
    child = [clerk.adds(f"Child {n}", "--born", years_ago(9)) for n in range(2)]
    clerk.does("people", "change", adult[0], "--status", "deceased")
    clerk.does("consent", "hold", adult[1], "--by", "Lea Roth", "--reason", "why")
    clerk.does("consent", "refuse", adult[2])
    clerk.does("consent", "refuse", child[0], "--by-child")
    clerk.signed(adult[4], "--from", "2030-01-01", serial="F-4")
    clerk.signed(adult[5], serial="F-5", signed="2019-01-01", until="2020-01-01")
    clerk.signed(adult[6], serial="F-6")
    clerk.does("consent", "withdraw", adult[6])
    clerk.signed(adult[7], serial="F-7")
    renew(clerk, "F-7", "F-7b", "--channel", "print")
    young = clerk.adds("Young", "--born", years_ago(19))
    clerk.signed(young, *PARENTS, "--own-signature", serial="F-8", signed=years_ago(2))
    clerk.signed(adult[9], "--level", "simple", serial="F-9")
    clerk.does("people", "change", adult[10], "--capacity", "patient")
    clerk.signed(adult[10], serial="F-10")
    clerk.signed(adult[11], "--event", "Open day", serial="F-11")
    clerk.signed(adult[12], "--territory", "CH", serial="F-12")
    some = ("--material", "photo", "--purpose", "events", "--channel", "website")
    clerk.signed(adult[13], serial="F-13", ticks=some)
    # Who was of age, by what was known, when the form was taken in.
    clerk.signed(adult[14], serial="F-14")
    clerk.does("people", "born", adult[14], years_ago(15))
    return {
        "deceased": (adult[0],),
        "on_hold": (adult[1],),
        "refused": (adult[2],),
        "refused_by_child": (child[0],),
        "no_consent": (adult[3],),
        "not_yet_valid": (adult[4],),
        "expired": (adult[5],),
        "withdrawn": (adult[6],),
        "superseded": (adult[7],),
        "of_age_now": (young,),
        "evidence_too_weak": (adult[9],),
        "secrecy_not_released": (adult[10],),
        "event_not_covered": (adult[11],),
        "territory_not_covered": (adult[12],),
        "purpose_not_covered": (adult[13],),
        "channel_not_covered": (adult[4], "--channel", "tv"),
        "material_not_covered": (adult[12], "--material", "video"),
        "guardian_missing": (adult[14],),
    }


def test_every_reason_is_said_in_every_language(clerk: Clerk) -> None:
    # Not reachable by commands: the registry takes in no form that an adult did not sign,
    # and a minor's own signature is there wherever the person was thought of age.
    unreachable = {"signature_missing", "minor_signature_missing"}
    met = _met(clerk)
    assert {reason.value for reason in Reason} == set(met) | unreachable
    for reason, (person, *options) in met.items():
        words = ("decide", person, *(options or ("--channel", "website")))
        told = clerk.does(*words, "--json", code=ExitCode.NOT_CLEARED).document["channels"]
        found = {
            one
            for channel in told.values()
            for some in (channel["reasons"], *channel["by_form"].values())
            for one in some
        }
        assert reason in found
    for lang in LANGUAGES:
        for person, *options in met.values():
            said = clerk.reads(
                "decide", person, *options, "--lang", lang, code=ExitCode.NOT_CLEARED
            )
            assert said.count("✗") >= 1
            clerk.reads("people", "show", person, "--lang", lang)
        clerk.reads("consent", "list", "--lang", lang)
