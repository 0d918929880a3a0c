"""The first page: what waits, for whom, and what to do where nothing does."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from clearance.commandline import today
from clearance.settings_file import change_settings
from consent.registry import Registry
from review.roles import Role
from tests.review.office import Office


def draft(office: Office) -> None:
    with Registry.open(office.desk.folder) as registry:
        registry.keep_draft("CLR-0001", b"what was read")


def test_a_form_waits_for_the_consent_desk_alone(office: Office) -> None:
    draft(office)
    assert "form to confirm" in office.client(Role.CONSENT_DESK).get("/").text
    assert "form to confirm" not in office.client(Role.EDITOR).get("/").text


def test_a_consent_that_ends_soon_waits(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    client = office.client(Role.CONSENT_DESK)
    assert "within 30 days" not in client.get("/").text
    with Registry.open(office.desk.folder) as registry:
        first = registry.expiring(today(), 10_000)[0].last_day
    monkeypatch.setattr("review.waiting.today", lambda: first - dt.timedelta(days=30))
    assert "within 30 days" in client.get("/").text
    monkeypatch.setattr("review.waiting.today", lambda: first - dt.timedelta(days=31))
    assert "within 30 days" not in client.get("/").text


def test_a_backup_waits_once_the_last_one_is_old(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = office.client(Role.ADMINISTRATOR)
    assert "There is no backup yet" in client.get("/").text
    client.post("/reports/backup")
    assert "backup" not in client.get("/").text
    monkeypatch.setattr("review.waiting.today", lambda: today() + dt.timedelta(days=8))
    assert "days since the last backup" in client.get("/").text


def test_empty_settings_wait_for_who_runs_the_desk(office: Office) -> None:
    change_settings(office.desk.folder, {"institution": {"contact": ""}})
    page = office.client(Role.ADMINISTRATOR).get("/").text
    assert "settings of the institution are empty" in page
    assert 'href="/settings/rules/institution"' in page
    assert "are empty" not in office.client(Role.EDITOR).get("/").text


def test_where_nothing_waits_it_says_so(office: Office) -> None:
    assert "Nothing waits for you" in office.client(Role.REQUESTER).get("/").text


def test_in_an_empty_registry_it_says_what_to_do_first(empty_registry: Path) -> None:
    page = Office.at(empty_registry).client(*Role).get("/").text
    assert "What to do next" in page
    assert "Print forms" in page


def test_a_registry_that_cannot_be_opened_leaves_the_way_to_help_open(office: Office) -> None:
    (office.desk.folder / "institution.key").rename(office.desk.home / "elsewhere")
    client = office.client(Role.ADMINISTRATOR)
    answer = client.get("/")
    assert answer.status_code == 503
    assert "without it nothing can be read" in answer.text
    assert client.get("/help").status_code == 200
    assert client.get("/settings/rules/consent").status_code == 200
