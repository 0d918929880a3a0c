"""One number for the rules in force: it changes with every rule, and with nothing else."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from clearance.policy_version import policy_version
from clearance.settings import Settings

USUAL = Settings()
NUMBER = policy_version(USUAL)


def changed(value: object) -> Any:
    match value:
        case bool():
            return not value
        case tuple():
            return (*value, "more")
        case str():
            return value + "x"
        case int() | float():
            return value + 1
    raise AssertionError(value)


def every_key(section: str) -> list[str]:
    return [field.name for field in dataclasses.fields(getattr(USUAL, section))]


def with_change(section: str, key: str) -> Settings:
    before = getattr(USUAL, section)
    after = dataclasses.replace(before, **{key: changed(getattr(before, key))})
    return dataclasses.replace(USUAL, **{section: after})


BEARING = [
    (section, key)
    for section in ("consent", "detection", "publication")
    for key in every_key(section)
    if key not in {"portrait_days", "retention_years"}
]
OTHERS = [("consent", "portrait_days"), ("consent", "retention_years")]
OTHERS += [("institution", key) for key in every_key("institution")]


def test_it_is_a_sha_256() -> None:
    assert len(bytes.fromhex(NUMBER)) == 32
    assert policy_version(Settings()) == NUMBER


@pytest.mark.parametrize(("section", "key"), BEARING)
def test_every_rule_bears_on_it(section: str, key: str) -> None:
    assert policy_version(with_change(section, key)) != NUMBER


@pytest.mark.parametrize(("section", "key"), OTHERS)
def test_what_decides_nothing_does_not(section: str, key: str) -> None:
    assert policy_version(with_change(section, key)) == NUMBER


def test_a_run_that_looks_thoroughly_has_the_number_of_a_house_that_does() -> None:
    house = with_change("detection", "thorough")
    assert policy_version(USUAL, thorough=True) == policy_version(house) != NUMBER
