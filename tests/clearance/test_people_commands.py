"""The commands about people, as a clerk types them."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from clearance.commandline import ExitCode
from consent.registry import Registry
from detector.detector import Detector
from tests.clearance.clerk import Clerk
from tests.commands import PHOTOS, SAMPLES, run

PORTRAITS = [SAMPLES / "portraits" / f"jurg-mettler-{n}.jpg" for n in (1, 2)]
ALL = ("intranet", "website", "social", "press", "print", "newsletter", "tv")


@pytest.fixture
def clerk(empty_registry: Path, evidence: Path) -> Clerk:
    return Clerk(empty_registry, evidence)


@pytest.fixture
def no_template(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's face is measured: the test fails if somebody tries."""

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a template was computed")

    monkeypatch.setattr(Detector, "templates", refused)


def test_add_keeps_every_detail(clerk: Clerk) -> None:
    added = clerk.does(
        *("people", "add", "  Anna   Keller ", "--born", "2015-02-28", "--language", "fr"),
        *("--contact", "anna@example.org", "--capacity", "patient", "--json"),
    ).document
    assert added["name"] == "Anna Keller"
    shown = clerk.does("people", "show", added["person"], "--json").document["person"]
    assert {key: shown[key] for key in ("born", "contact", "language", "capacity", "coded")} == {
        "born": "2015-02-28",
        "contact": "anna@example.org",
        "language": "fr",
        "capacity": "patient",
        "coded": False,
    }


def test_add_says_the_id(clerk: Clerk) -> None:
    said = clerk.reads("people", "add", "Anna Keller")
    (person,) = clerk.does("people", "list", "--json").documents
    assert said == f"Anna Keller is {person['person']}\n"


def test_a_code_stands_for_a_name_until_it_is_said(clerk: Clerk) -> None:
    clerk.adds("K-17", "--code")
    assert re.search(r"^code +K-17", clerk.reads("people", "show", "K-17"), re.M)
    changed = clerk.does(
        "people", "change", "K-17", "--name", "Anna Keller", "--no-code", "--json"
    ).document
    assert changed["coded"] is False
    assert re.search(r"^name +Anna Keller", clerk.reads("people", "show", "Anna Keller"), re.M)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--born", "2100-01-01"], ExitCode.REGISTRY),
        (["--born", "28.2.2015"], ExitCode.USAGE),
        (["--language", "es"], ExitCode.REGISTRY),
        (["--contact", "a\x1b[2J"], ExitCode.REGISTRY),
        (["--capacity", "king"], ExitCode.USAGE),
        (["--portrait", "missing.jpg"], ExitCode.INPUT_OR_OUTPUT),
        (["--portrait", ""], ExitCode.INPUT_OR_OUTPUT),
    ],
    ids=str,
)
def test_add_refuses_and_adds_nobody(clerk: Clerk, options: list[str], code: ExitCode) -> None:
    clerk.does("people", "add", "Anna Keller", *options, code=code)
    assert clerk.does("people", "list", "--json").documents == []


@pytest.mark.parametrize("name", ["", " ", "A\x1b[31mB", "A\nB", "\udcff", "x" * 500])
def test_a_name_that_cannot_be_kept_or_meant_is_one_line(clerk: Clerk, name: str) -> None:
    for words in (("people", "add", name), ("people", "show", name), ("consent", "list", name)):
        said = clerk.does(*words, code=ExitCode.REGISTRY).result.stderr
        assert len(said.splitlines()) == 1
        assert "\x1b" not in said


def test_brackets_in_what_was_typed_are_no_styles(clerk: Clerk) -> None:
    person = clerk.adds("Anna [/red] [bold]Keller", "--contact", "[link=x]a[/link]")
    clerk.signed(person, "--event", "[red]Open day[/]", serial="[b]1")
    for words in (
        ("people", "show", person),
        ("people", "list"),
        ("consent", "list"),
        ("consent", "show", "[b]1"),
        ("consent", "expiring", "--within", "20y"),
    ):
        said = clerk.reads(*words)
        assert "[b]1" in said if words[0] == "consent" else "[/red] [bold]Keller" in said
    assert "[bold]" in clerk.reads("decide", person, code=ExitCode.NOT_CLEARED)


def test_list_tells_who_is_there(clerk: Clerk) -> None:
    assert clerk.reads("people", "list") == ""
    one = clerk.adds("Zoé Amsler", "--capacity", "staff", "--born", "1980-02-29")
    two = clerk.adds("Anna Keller")
    assert clerk.reads("people", "list", "--lang", "en").splitlines() == [
        f"{two}  Anna Keller",
        f"{one}  Zoé Amsler, staff, born 1980-02-29",
    ]
    documents = clerk.does("people", "list", "--json").documents
    assert [one["person"] for one in documents] == [two, one]
    assert documents[0]["newest_portrait"] is None


def test_the_same_name_twice_needs_an_id(clerk: Clerk) -> None:
    ids = {clerk.adds("Anna Keller"), clerk.adds("anna keller")}
    said = clerk.does("people", "show", "Anna Keller", code=ExitCode.REGISTRY).result.stderr
    assert all(one in said for one in ids)


def test_show_names_the_purposes_that_are_allowed(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    some = ("--material", "photo", "--purpose", "events", "--purpose", "services")
    clerk.signed(person, serial="ALL", ticks=(*PHOTOS, "--channel", "website"))
    clerk.signed(person, serial="SOME", until="2030-01-10", ticks=(*some, "--channel", "press"))
    today = clerk.does("people", "show", person, "--json").document["today"]
    assert list(today) == list(ALL)
    assert today["website"]["every_purpose"] is True
    assert today["website"]["forms"] == ["ALL"]
    press = today["press"]
    assert (press["every_purpose"], press["purposes"]) == (False, ["services", "events"])
    assert press["valid_until"] == "2030-01-10"
    assert press["reasons"] == []
    assert today["tv"]["purposes"] == []
    assert today["tv"]["reasons"] == ["channel_not_covered"]


def test_show_as_a_clerk_reads_it(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller", "--language", "fr")
    some = ("--material", "photo", "--purpose", "events", "--channel", "press")
    clerk.signed(person, serial="ALL")
    clerk.signed(person, serial="SOME", ticks=some)
    said = clerk.reads("people", "show", person)
    assert re.search(r"^✓ +website +every purpose +ALL +2036-01-10", said, re.M)
    assert re.search(r"^◐ +press +only reports on events +SOME", said, re.M)
    assert re.search(r"^✗ +print +the consent does not cover this channel", said, re.M)
    assert "not compared in photos" in said


def test_show_where_forms_do_not_tell_purposes_apart(clerk: Clerk) -> None:
    clerk.writes("[consent]\npurposes = []\n")
    person = clerk.adds("Anna Keller")
    clerk.signed(person, ticks=("--material", "photo", "--channel", "website"))
    today = clerk.does("people", "show", person, "--json").document["today"]
    assert (today["website"]["every_purpose"], today["tv"]["every_purpose"]) == (True, False)
    assert re.search(r"^✓ +website +allowed", clerk.reads("people", "show", person), re.M)


def test_show_says_what_outweighs_the_forms(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person, "--channel", "print")
    clerk.does("consent", "withdraw", person, "--channel", "print")
    clerk.does("consent", "refuse", person, "--channel", "tv", "--note", "told the nurse")
    clerk.does("consent", "hold", person, "--by", "Lea Roth", "--reason", "a court asks")
    said = clerk.reads("people", "show", person)
    assert "withdrew print (S-1)" in said
    assert "said no to TV and video; told the nurse" in said
    assert "on hold, says Lea Roth: a court asks" in said
    assert "print (withdrawn)" in said
    assert re.search(r"^✗ +website +everything about the person is on hold", said, re.M)


@pytest.mark.parametrize("lang", ["fr", "de", "it", "en"])
def test_show_fits_no_name_of_a_reason_or_state_in_any_language(clerk: Clerk, lang: str) -> None:
    person = clerk.adds("Anna Keller", "--born", "2012-01-01", "--capacity", "patient")
    clerk.adds("Eva")
    guardians = ("--guardian", "Eva, mother", "--guardian", "Ivo, father")
    clerk.signed(person, *guardians, "--own-signature", "--release", "presence")
    clerk.does("people", "lookalike", person, "Eva")
    said = clerk.reads("people", "show", person, "--lang", lang)
    assert "Anna Keller" in said
    assert "Eva (p-" in said


def test_change_corrects_one_detail_and_keeps_the_others(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller", "--contact", "old@example.org", "--language", "de")
    words = ("people", "change", person, "--contact", "new@example.org", "--json")
    changed = clerk.does(*words).document
    assert (changed["contact"], changed["language"]) == ("new@example.org", "de")
    assert (
        clerk.does("people", "change", person, "--contact", "", "--json").document["contact"] == ""
    )
    said = clerk.does("people", "change", person, code=ExitCode.USAGE).result.stderr
    assert "say what is to be changed" in said


def test_who_has_left_is_cautioned_about_and_who_died_is_blocked(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person)
    clerk.does("people", "change", person, "--status", "left")
    told = clerk.does("decide", person, "--channel", "website", "--json").document
    assert told["channels"]["website"]["cautions"] == ["has_left"]
    assert "has left" in clerk.reads("decide", person, "--channel", "website")
    clerk.does("people", "change", person, "--status", "deceased")
    assert clerk.reasons(person) == ["deceased"]


def test_born_says_when(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    assert (
        clerk.does("people", "born", person, "2015-01-31", "--json").document["born"]
        == "2015-01-31"
    )
    assert "31.01.2015" in clerk.reads("people", "born", person, "2015-01-31", "--lang", "de")
    clerk.does("people", "born", person, "soon", code=ExitCode.USAGE)


def test_portrait_waits_unmatched_where_nothing_allows_matching(
    clerk: Clerk, no_template: None
) -> None:
    person = clerk.adds("Jürg Mettler")
    added = clerk.does("people", "portrait", person, *PORTRAITS, "--json").document
    assert (added["portraits"], added["added"], added["templates"]) == (2, 2, 0)
    assert "nothing allows it yet" in clerk.reads("people", "portrait", person, PORTRAITS[0])
    (listed,) = clerk.does("people", "list", "--json").documents
    assert listed["newest_portrait"] == dt.datetime.now().astimezone().date().isoformat()


def test_portrait_adds_all_of_them_or_none(clerk: Clerk, tmp_path: Path) -> None:
    person = clerk.adds("Jürg Mettler")
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    for wrong in (text, tmp_path / "missing.jpg", ""):
        words = ("people", "portrait", person, PORTRAITS[0], wrong)
        clerk.does(*words, code=ExitCode.INPUT_OR_OUTPUT)
    (listed,) = clerk.does("people", "list", "--json").documents
    assert listed["portraits"] == 0


def test_lookalikes_know_of_each_other_by_name(clerk: Clerk) -> None:
    one, other = clerk.adds("Anna Keller"), clerk.adds("Lena Keller")
    linked = clerk.does("people", "lookalike", one, "Lena Keller", "--json").document
    assert linked == {"person": one, "lookalike": other}
    assert f"Lena Keller ({other})" in clerk.reads("people", "show", one)
    assert f"Anna Keller ({one})" in clerk.reads("people", "show", other)
    clerk.does("people", "lookalike", one, one, code=ExitCode.REGISTRY)


# Erasing.


def test_erase_without_a_yes_does_nothing(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person)
    planned = clerk.does("people", "erase", person, "--dry-run", "--json").document
    assert (planned["erased"], planned["forms"]) == (False, 1)
    for more in ((), ("--json",)):
        asked = clerk.does("people", "erase", person, *more, code=ExitCode.USAGE)
        assert "--yes" in asked.result.stderr
    assert clerk.does("people", "show", person, "--json").document["consents"]


def test_erase_leaves_nothing_but_the_id_in_the_log(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person)
    assert clerk.does("people", "erase", person, "--yes", "--json").document["erased"] is True
    clerk.does("people", "show", person, code=ExitCode.REGISTRY)
    clerk.does("consent", "show", "S-1", code=ExitCode.REGISTRY)
    actions = [
        one["action"] for one in clerk.does("audit", "show", "--person", person, "--json").documents
    ]
    assert actions[-1] == "person.erased"
    assert "Anna" not in clerk.reads("audit", "show")


def test_erase_does_not_go_past_a_hold(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.does("consent", "hold", person, "--by", "Lea Roth", "--reason", "a court asks")
    assert "On hold" in clerk.reads("people", "erase", person, "--dry-run")
    clerk.does("people", "erase", person, "--yes", code=ExitCode.REGISTRY)
    assert clerk.does("people", "show", person, "--json").document["holds"]
    clerk.does("consent", "hold", person, "--by", "Lea Roth", "--lift")
    clerk.does("people", "erase", person, "--yes")


# Two records of one person.


def test_merge_puts_everything_under_the_first(clerk: Clerk) -> None:
    keep, gone = clerk.adds("Anna Keller"), clerk.adds("A. Keller", "--contact", "a@example.org")
    clerk.signed(keep, serial="S-1")
    clerk.signed(gone, serial="S-2", ticks=(*PHOTOS, "--channel", "print"))
    clerk.does("people", "merge", keep, gone, code=ExitCode.USAGE)
    assert len(clerk.does("people", "list", "--json").documents) == 2
    merged = clerk.does("people", "merge", keep, gone, "--yes", "--json").document
    assert (merged["person"], merged["merged"], merged["contact"]) == (keep, gone, "a@example.org")
    assert clerk.may(keep, channel="website")
    assert clerk.may(keep, channel="print")
    clerk.does("people", "show", gone, code=ExitCode.REGISTRY)


def test_merge_refuses_two_days_of_birth(clerk: Clerk) -> None:
    keep, gone = (
        clerk.adds("Anna", "--born", "1980-01-01"),
        clerk.adds("Ann", "--born", "1981-01-01"),
    )
    clerk.does("people", "merge", keep, gone, "--yes", code=ExitCode.REGISTRY)
    clerk.does("people", "merge", keep, keep, "--yes", code=ExitCode.REGISTRY)
    assert len(clerk.does("people", "list", "--json").documents) == 2


# An institution that compares no faces.


def test_without_matching_no_template_is_ever_made(clerk: Clerk, no_template: None) -> None:
    clerk.writes("[detection]\nmatching = false\n")
    person = clerk.adds("Jürg Mettler", "--portrait", PORTRAITS[0])
    other = clerk.adds("J. Mettler", "--portrait", PORTRAITS[1])
    assert clerk.signed(person, "--biometric").document["templates"] == 0
    clerk.signed(other, "--biometric", serial="S-2")
    added = clerk.does("people", "portrait", person, PORTRAITS[1], "--json").document
    assert (added["portraits"], added["templates"]) == (2, 0)
    assert "matching is off" in clerk.reads("people", "portrait", other, PORTRAITS[1])
    merged = clerk.does("people", "merge", person, other, "--yes", "--json").document
    assert merged["templates"] == 0
    checked = run(
        "check", PORTRAITS[0], "--registry", clerk.registry, "--channel", "website", "--json"
    )
    checked.assert_exit(ExitCode.NOT_CLEARED)
    assert clerk.may(person)
    with Registry.open(clerk.registry) as opened:
        assert opened.figures().templates == 0
        assert opened.figures().portraits == 4


def test_a_biometric_form_compares_the_face(clerk: Clerk) -> None:
    person = clerk.adds("Jürg Mettler", "--portrait", PORTRAITS[0])
    assert clerk.signed(person, "--biometric").document["templates"] == 1
    assert re.search(r"^face +compared in photos", clerk.reads("people", "show", person), re.M)
    added = clerk.does("people", "portrait", person, PORTRAITS[1], "--json").document
    assert (added["portraits"], added["templates"]) == (2, 2)
    clerk.does("consent", "withdraw", person)
    shown = clerk.does("people", "show", person, "--json").document
    assert (shown["templates"], shown["portraits"]) == (0, [])
