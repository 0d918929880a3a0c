"""The report for programs holds to the schema that is published."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

from clearance.checklist import ChecklistItem, checklist_for
from clearance.language import LANGUAGES, language
from clearance.metadata_words import TELLING
from clearance.rate import MatchingRate
from clearance.results import Outcome, PhotoResult, Proof
from consent.records import ExemptionKind
from detector.matching import Limits
from forms.clearance_report import ReportHead
from forms.report_json import SCHEMA_VERSION
from tests.forms.judged import HEAD, a_photo, a_result, report, the_whole_story

SCHEMAS = Path(__file__).resolve().parents[2] / "clearance" / "schemas"
PHOTO = json.loads((SCHEMAS / "photo.schema.json").read_text(encoding="utf-8"))
REPORT = json.loads((SCHEMAS / "report.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(
    REPORT,
    registry=Registry().with_resource("photo.schema.json", Resource.from_contents(PHOTO)),
    format_checker=jsonschema.FormatChecker(),
)
FULL = dataclasses.replace(
    HEAD,
    policy="ab" * 32,
    models={"centerface": "cd" * 32},
    rate=MatchingRate(5, 1000),
    limits=Limits(confident=1.9e-5, look=0.08),
)


def document_of(folder: Path, results: list[PhotoResult], head: ReportHead = FULL) -> Any:
    return json.loads(report(folder / "r.json", results, head).read_bytes())


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("full", [True, False])
def test_reports_of_every_kind_hold_to_the_schema(
    tmp_path: Path, code: str, names: bool, full: bool
) -> None:
    head = dataclasses.replace(FULL if full else HEAD, language=language(code), names=names)
    empty = a_result(a_photo(tmp_path / "empty.png", []), [])
    for results in ([], [empty], the_whole_story(tmp_path)):
        VALIDATOR.validate(document_of(tmp_path, results, head))


@pytest.mark.parametrize(
    "spoiled",
    [
        {"schema_version": SCHEMA_VERSION + 1},
        {"policy": "1.0"},
        {"summary": {"fine": 1}},
        {"limits": []},
        {"more": 1},
        {"files": [{}]},
    ],
)
def test_the_schema_refuses_what_is_no_report(tmp_path: Path, spoiled: dict[str, Any]) -> None:
    document = document_of(tmp_path, the_whole_story(tmp_path)) | spoiled
    assert not VALIDATOR.is_valid(document)


def test_both_schemas_are_sound() -> None:
    for schema in (PHOTO, REPORT):
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_schema_knows_every_word_of_the_program() -> None:
    checks = PHOTO["properties"]["export"]["properties"]["checks"]["properties"]
    assert checks["passed"]["items"]["enum"] == [one.value for one in Proof]
    items = PHOTO["properties"]["checklist"]["items"]["properties"]["item"]
    assert items["enum"] == [one.value for one in ChecklistItem]
    exemption = PHOTO["properties"]["faces"]["items"]["properties"]["exemptions"]["items"]
    assert exemption["properties"]["kind"]["enum"] == [one.value for one in ExemptionKind]
    assert REPORT["properties"]["summary"]["propertyNames"]["enum"] == [
        one.value for one in Outcome
    ]


def test_the_checklist_is_open(tmp_path: Path) -> None:
    first, failed = document_of(tmp_path, the_whole_story(tmp_path))["files"]
    assert [one["item"] for one in first["checklist"]] == [item.value for item in checklist_for()]
    assert {one["answer"] for one in first["checklist"]} == {None}
    assert failed["checklist"] == []


def test_limits_rules_versions_and_models_are_told(tmp_path: Path) -> None:
    document = document_of(tmp_path, the_whole_story(tmp_path))
    assert document["schema_version"] == SCHEMA_VERSION
    assert document["matching"]["limits"] == {
        "confident": 1.9e-5,
        "look": 0.08,
        "margin": 5.0,
        "eye_distance": 40.0,
    }
    assert document["policy"] == "ab" * 32
    assert document["models"] == {"centerface": "cd" * 32}
    assert document["summary"] == {"blocked": 1, "failed": 1}
    assert any("not proof that nobody is there" in said for said in document["limits"])


def test_channels_exemptions_and_copies_are_told(tmp_path: Path) -> None:
    first = document_of(tmp_path, the_whole_story(tmp_path))["files"][0]
    known, _, exempt, _ = first["faces"]
    assert known["channels"]["website"] == {"outcome": "cleared", "valid_until": "2027-04-30"}
    assert known["recognised"] == {"by": "Rolf Huber", "on": "2026-12-01"}
    (exemption,) = exempt["exemptions"]
    assert (exemption["kind"], exemption["approver"]) == ("public_figure", "Marie Dubois")
    assert first["export"]["removed"] == ["exif", "coordinates", "caption"]
    assert first["export"]["written"]["dc:creator"] == ["Paul Girard"]
    assert first["export"]["checks"]["passed"] == [one.value for one in Proof]


def test_without_names_the_same_is_told_by_numbers(tmp_path: Path) -> None:
    head = dataclasses.replace(FULL, names=False)
    document = document_of(tmp_path, the_whole_story(tmp_path), head)
    first, failed = document["files"]
    assert [face["person"] for face in first["faces"]] == ["person 1", None, "person 2", None]
    assert first["path"] == "a.png"
    assert first["export"]["path"] == "a.png"
    assert first["export"]["written"]["dc:creator"] == []
    assert first["export"]["written"]["plus:ModelReleaseID"] == ["7KQ4-M2XD-9F3T-C"]
    assert failed["problem"].startswith("The copy of b.png would name somebody")
    assert document["institution"] == {"name": "Hôpital d’Exemple", "place": "Sion"}
    assert set(first["export"]["written"]) & TELLING
