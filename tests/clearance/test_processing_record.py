"""The record of processing says what is so, and no more."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from types import MappingProxyType
from typing import Any

import pytest

from clearance.errors import LegalTextUnknownError
from clearance.legal import PROFILES, legal_profile, legal_texts
from clearance.processing_record import (
    ProcessingRecord,
    RegistryFigures,
    Section,
    record_document,
    record_head,
    record_markdown,
    record_of_processing,
    record_sections,
)
from clearance.settings import Institution
from consent.admission import LANGUAGES
from consent.policy import CHANNELS, Policy
from consent.records import Capacity

FIGURES = RegistryFigures(
    people=212,
    consents=198,
    templates=121,
    portraits=154,
    by_capacity=MappingProxyType({"patient": 43, "staff": 150, "visitor": 19, "student": 0}),
)
HOSPITAL = Institution(
    name="Hôpital d’Exemple",
    contact="images@hopital.example",
    place="Sion",
    privacy_contact="donnees@hopital.example",
    legal_profile="ch-vs",
)


def a_record(
    *,
    institution: Institution = HOSPITAL,
    policy: Policy | None = None,
    matching: bool = True,
    figures: RegistryFigures = FIGURES,
) -> ProcessingRecord:
    return record_of_processing(
        institution,
        policy or Policy(),
        matching=matching,
        figures=figures,
        made_on=dt.date(2026, 11, 21),
        version="0.1.0",
    )


def section(record: ProcessingRecord, key: str, code: str = "en") -> Section:
    (found,) = (one for one in record_sections(record, code) if one.key == key)
    return found


def said(record: ProcessingRecord, key: str, code: str = "en") -> str:
    one = section(record, key, code)
    return " ".join([one.text, *(f"{a}: {b}" for a, b in one.rows), *one.points, *one.blanks])


def test_an_unknown_profile_makes_no_record() -> None:
    with pytest.raises(LegalTextUnknownError, match="'ch-zz'"):
        a_record(institution=dataclasses.replace(HOSPITAL, legal_profile="ch-zz"))


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(LegalTextUnknownError, match="'rm'"):
        record_markdown(a_record(), "rm")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("code", LANGUAGES)
def test_every_law_and_language_says_every_section(profile: str, code: str) -> None:
    record = a_record(institution=dataclasses.replace(HOSPITAL, legal_profile=profile))
    sections = record_sections(record, code)
    # A text without its section would be said nowhere.
    assert {one.key for one in sections} | {"document"} == set(legal_texts("record", code))
    assert all(one.text or one.rows or one.points or one.blanks for one in sections)
    markdown = record_markdown(record, code)
    assert not re.search(r"\{|\}", markdown)
    assert legal_profile(profile, code).data_protection_act in markdown


def test_every_sentence_on_file_is_said_in_some_record() -> None:
    """What no record says is either dead or forgotten."""
    texts: dict[str, dict[str, str]] = dict(legal_texts("record", "en"))
    spoken = {
        key
        for policy in (
            Policy(channels=CHANNELS, worldwide_channels=()),
            Policy(channels=(*CHANNELS, "club")),
            Policy(portrait_days=0, retention_years=1, guardians=1, exemptions=("crowd",)),
            Policy(portrait_days=1, purposes=()),
        )
        for on in (True, False)
        for key in _spoken(texts, a_record(policy=policy, matching=on))
    }
    # Page and signature lines belong to the paper; so does "to be completed", tested below.
    paper = {"document.page", "document.missing", "signature.date", "signature.signature"}
    all_keys = {f"{name}.{key}" for name, table in texts.items() for key in table}
    assert all_keys - spoken - paper == set()


def _spoken(texts: dict[str, dict[str, str]], record: ProcessingRecord) -> set[str]:
    markdown = record_markdown(record, "en")
    return {
        f"{name}.{key}"
        for name, table in texts.items()
        for key, text in table.items()
        if all(part.strip() in markdown for part in re.split(r"\{\w+\}", text))
    }


def test_the_controller_is_who_publishes() -> None:
    rows = dict(section(a_record(), "controller").rows)
    assert rows["Institution"] == "Hôpital d’Exemple"
    assert rows["Place"] == "Sion"
    assert rows["Contact, withdrawal"] == "images@hopital.example"
    assert rows["Data protection"] == "donnees@hopital.example"
    assert rows["Who may publish"] == "communication, human resources"


def test_what_the_settings_leave_open_is_marked() -> None:
    empty = Institution(legal_profile="ch-vs", publishing_units=())
    rows = dict(section(a_record(institution=empty), "controller", "fr").rows)
    authority = rows.pop("Autorité de surveillance")
    assert set(rows.values()) == {"[à compléter]"}
    assert authority.endswith("(Valais), www.vs.ch")


def test_the_institutions_own_authority_and_units_come_first() -> None:
    own = dataclasses.replace(
        HOSPITAL, authority="Aufsicht Muster", publishing_units=("hr", "heading", "Museum")
    )
    rows = dict(section(a_record(institution=own), "controller").rows)
    assert rows["Supervisory authority"] == "Aufsicht Muster"
    assert rows["Who may publish"] == "human resources, heading, Museum"


def test_people_are_counted_by_capacity_and_who_is_not_there_is_left_out() -> None:
    assert section(a_record(), "people").rows == (
        ("People in the registry", "212"),
        ("of whom: patient", "43"),
        ("of whom: staff", "150"),
        ("of whom: visitor or relative", "19"),
        ("Signed consents", "198"),
    )


def test_capacities_may_be_counted_by_their_enum() -> None:
    figures = dataclasses.replace(FIGURES, by_capacity={Capacity.PATIENT: 7})
    assert "Patients: 7." in said(a_record(figures=figures), "sensitive")


def test_sensitive_data_are_counted_with_what_they_rest_on() -> None:
    told = said(a_record(), "sensitive")
    assert "Biometric templates: 121. A template exists only if the person said yes" in told
    assert "Patients: 43." in told
    assert "Portraits to recognise the person by: 154." in said(a_record(), "data")


def test_matching_on_says_what_becomes_of_bystanders() -> None:
    record = a_record(matching=True)
    assert "in memory only, neither written nor kept" in said(record, "decisions")
    assert "in memory only, while the picture is checked" in said(record, "retention")
    assert "Comparing faces of people who did not agree to it." in said(record, "confirm")
    assert "Minors and look-alikes: never" in said(record, "decisions")
    assert "switched off" not in said(record, "sensitive")


def test_matching_off_computes_nothing_and_doubts_templates_that_are_left() -> None:
    record = a_record(matching=False)
    assert "computes no templates from pictures" in said(record, "decisions")
    assert "switched on" not in said(record, "decisions")
    assert "none is computed" in said(record, "retention")
    assert "these templates serve no purpose" in said(record, "sensitive")
    assert "before faces are compared" not in said(record, "confirm")
    none_left = a_record(matching=False, figures=dataclasses.replace(FIGURES, templates=0))
    assert "these templates serve no purpose" not in said(none_left, "sensitive")


@pytest.mark.parametrize(
    ("days", "years", "waiting", "forms"),
    [
        (30, 10, "30 jours", "puis 10 ans"),
        (1, 1, "1 jour", "puis 1 an\u00a0;"),
        (0, 100, "effacés à la première occasion", "puis 100 ans"),
    ],
)
def test_data_are_kept_as_long_as_the_policy_says(
    days: int, years: int, waiting: str, forms: str
) -> None:
    record = a_record(policy=Policy(portrait_days=days, retention_years=years))
    rows = dict(section(record, "retention", "fr").rows)
    assert rows["Portraits en attente d’un accord biométrique"] == waiting
    assert forms in rows["Formulaires et dossier"]


def test_recipients_are_told_channel_by_channel() -> None:
    record = a_record(policy=Policy(channels=("website", "text", "print")))
    assert section(record, "recipients").rows == (
        ("website", "Everybody with access to the internet"),
        ("text", "A channel of the institution’s own: recipients to be completed"),
        ("print", "Whoever gets or sees the printed matter"),
    )


def test_only_channels_in_use_are_said_to_be_seen_worldwide() -> None:
    some = a_record(policy=Policy(channels=("intranet", "press", "social")))
    assert "whole world: press, social networks." in said(some, "abroad")
    none = a_record(policy=Policy(channels=("intranet",)))
    assert "No channel is meant" not in said(some, "abroad")
    assert "no channel is meant for the whole world" in said(none, "abroad")
    assert all("By the program: none" in said(one, "abroad") for one in (some, none))


def test_the_ground_is_what_the_policy_demands() -> None:
    strict = said(a_record(), "ground")
    assert "advanced electronic signature" in strict
    assert "both parents" in strict
    assert "from 14 years" in strict
    assert "No exemptions" in strict
    lax = Policy(
        minimum_evidence="simple",
        guardians=1,
        minor_signs_from=12,
        exemptions=("crowd", "incidental"),
        purposes=(),
    )
    told = said(a_record(policy=lax), "ground")
    assert "simple electronic signature" in told
    assert "one holder of parental authority; from 12 years" in told
    assert "one of a crowd at an assembly, incidental in the picture" in told
    assert "No exemptions" not in told
    assert "purpose" not in told


def test_purposes_are_the_policys() -> None:
    told = said(a_record(policy=Policy(purposes=("recruitment", "Jubilee"))), "purposes")
    assert "finding staff, Jubilee." in told
    assert "do not tell purposes" in said(a_record(policy=Policy(purposes=())), "purposes")


@pytest.mark.parametrize("profile", PROFILES)
def test_what_a_lawyer_must_confirm_stands_in_full(profile: str) -> None:
    record = a_record(institution=dataclasses.replace(HOSPITAL, legal_profile=profile))
    points = section(record, "confirm", "de").points
    assert set(legal_profile(profile, "de").to_confirm) <= set(points)


def test_who_else_works_on_it_is_left_to_be_filled_in() -> None:
    assert len(section(a_record(), "processors").blanks) == 4
    assert "Photographers, film crews ____" in record_markdown(a_record(), "en")


def test_the_head_says_law_day_and_version() -> None:
    assert [value for _, value in record_head(a_record(), "de")] == [
        "Wallis, öffentlich-rechtliche Institution (ch-vs)",
        "21.11.2026",
        "Clearance 0.1.0",
    ]


def test_the_json_has_facts_and_sections() -> None:
    document: dict[str, Any] = json.loads(json.dumps(record_document(a_record(), "it")))
    assert document["made_on"] == "2026-11-21"
    assert document["tool"] == {"clearance": "0.1.0"}
    assert document["institution"]["legal_profile"] == "ch-vs"
    assert document["matching"] is True
    assert document["figures"]["by_capacity"]["patient"] == 43
    assert document["policy"]["retention_years"] == 10
    assert document["policy"]["channels"] == list(CHANNELS)
    assert document["language"] == "it"
    assert [one["key"] for one in document["sections"]][:2] == ["controller", "law"]
    assert record_document(a_record())["language"] == "en"


def test_a_name_cannot_break_the_markdown() -> None:
    hostile = dataclasses.replace(HOSPITAL, name="A|B\n# C <b>*d*</b> [x](y)")
    markdown = record_markdown(a_record(institution=hostile), "en")
    assert r"| Institution | A\|B \# C \<b\>\*d\*\</b\> \[x\](y) |" in markdown.splitlines()


def test_french_keeps_its_no_break_spaces() -> None:
    markdown = record_markdown(a_record(), "fr")
    assert "Droit à l’image\u00a0: autorisations" in markdown
