"""The log, the figures, the health of the registry, and the copies that are handed out."""

from __future__ import annotations

import csv
import datetime as dt
import io
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clearance.commandline import today
from consent.registry import DATABASE_NAME, Registry
from review.pages.audit import ON_A_PAGE
from review.roles import Role
from tests.review.office import NARROW, Office, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def note(office: Office, *actions: str) -> None:
    with Registry.open(office.desk.folder) as registry:
        for action in actions:
            registry.audit(action)


def entries(office: Office) -> int:
    with Registry.open(office.desk.folder) as registry:
        return registry.verify_audit().entries


def alter(office: Office) -> None:
    store = sqlite3.connect(office.desk.folder / DATABASE_NAME)
    with store:
        store.execute("DROP TRIGGER audit_is_never_edited")
        store.execute("UPDATE audit SET action = 'nothing.happened' WHERE number = 3")
    store.close()


def test_a_whole_log_says_so_and_an_altered_one_too(office: Office) -> None:
    client = office.client(Role.AUDITOR)
    page = client.get("/reports/log").text
    assert "The log is whole" in page
    assert f"all {entries(office)} entries" in page
    alter(office)
    page = client.get("/reports/log").text
    assert "The log cannot be trusted" in page
    assert "Entry 3 is not as it was written" in page
    # From there on nothing is known.
    assert "nothing.happened" not in page
    assert "2 entries</h2>" in page
    assert "The log was altered" in client.get("/").text


def test_the_newest_stand_first_page_by_page_and_can_be_chosen(office: Office) -> None:
    note(office, *["test.noted"] * (ON_A_PAGE + 5))
    client = office.client(Role.AUDITOR)
    newest = entries(office)
    first = client.get("/reports/log").text
    assert f"<td>{newest}</td>" in first
    assert f"<td>{newest - ON_A_PAGE}</td>" not in first
    chosen = client.get("/reports/log", params={"action": "test.noted", "page": 2}).text
    assert f"{ON_A_PAGE + 5} entries</h2>" in chosen
    assert chosen.count('<td class="when">') == 5
    tomorrow = (today() + dt.timedelta(days=1)).isoformat()
    assert "Nothing was found" in client.get("/reports/log", params={"since": tomorrow}).text
    for page in ("0", "-3", "9" * 30, "<script>"):
        assert client.get("/reports/log", params={"page": page}).status_code == 200


def test_the_log_goes_out_as_a_table_and_as_json(office: Office) -> None:
    note(office, "=HYPERLINK(1)", "test.noted")
    client = office.client(Role.AUDITOR)
    table = client.get("/reports/log.csv")
    assert table.headers["content-disposition"].startswith("attachment; filename=")
    rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == entries(office) + 1
    assert rows[-2][2] == "'=HYPERLINK(1)"
    told = client.get("/reports/log.json", params={"action": "test.noted"}).json()
    assert [one["action"] for one in told] == ["test.noted"]
    assert {"previous", "hash"} <= told[0].keys()


def test_what_stands_in_the_log_is_text(office: Office) -> None:
    with Registry.open(office.desk.folder) as registry:
        registry.audit("<script>alert(1)</script>", note="<img src=x>")
    page = office.client(Role.AUDITOR).get("/reports/log").text
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert "&lt;img src=x&gt;" in page


def test_the_record_of_processing_is_a_pdf(office: Office) -> None:
    answer = office.client(Role.PRIVACY_OFFICER).get("/reports/processing.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")


def test_a_backup_can_be_restored_and_nothing_of_it_stays(office: Office, tmp_path: Path) -> None:
    left = office.desk.home / "clearance-backup-0123"
    left.write_bytes(b"of a program that was stopped")
    client = office.client(Role.ADMINISTRATOR)
    answer = client.post("/reports/backup")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    assert not list(office.desk.home.glob("clearance-backup-*"))
    file, folder = tmp_path / "copy.backup", tmp_path / "restored"
    file.write_bytes(answer.content)
    folder.mkdir()
    shutil.copy2(office.desk.folder / "institution.key", folder)
    Registry.restore(file, folder)
    with Registry.open(folder) as restored, Registry.open(office.desk.folder) as own:
        assert restored.people() == own.people()
        assert [one.action for one in own.audit_entries()][-1] == "registry.backed_up"
    assert "There is no backup yet" not in client.get("/").text
    assert office.client(Role.AUDITOR).post("/reports/backup").status_code == 403


def test_the_figures_are_those_of_the_registry(office: Office) -> None:
    with Registry.open(office.desk.folder) as registry:
        figures = registry.figures()
    page = office.client(Role.EDITOR).get("/reports").text
    for n in (figures.people, figures.forms, figures.portraits, figures.templates):
        assert f'<dd class="figure">{n}</dd>' in page
    assert "1 stranger in" in page
    assert office.client(Role.REQUESTER).get("/reports").status_code == 403


def test_the_health_says_what_the_doctor_says(office: Office) -> None:
    client = office.client(Role.ADMINISTRATOR)
    page = client.get("/reports/health").text
    assert "the key lies beside the registry" in page
    assert "Something should be looked at" in page
    alter(office)
    assert "Something is wrong" in client.get("/reports/health").text


def test_what_is_due_is_deleted_by_the_privacy_officer_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = today() + dt.timedelta(days=80 * 365)
    for module in ("review.pages.reports", "review.waiting", "review.desk", "review.app"):
        monkeypatch.setattr(f"{module}.today", lambda: later)
    officer = office.client(Role.PRIVACY_OFFICER)
    assert "Delete what is due" in officer.get("/reports").text
    assert "deletions that are due" in officer.get("/").text
    assert office.client(Role.AUDITOR).post("/reports/deletions").status_code == 403
    assert officer.post("/reports/deletions").status_code == 303
    assert "Nothing is due for deletion." in officer.get("/reports").text
    with Registry.open(office.desk.folder) as registry:
        assert registry.people() == []


def test_the_pages_are_for_everybody(office: Office, browser: Browser) -> None:
    with office.open() as opened, opened.page(browser, *Role, size=NARROW) as page:
        for number, path in enumerate(("reports", "reports/health", "reports/log", "help")):
            # By turns, for the time it takes: all of them have the same colours.
            page.emulate_media(color_scheme=("light", "dark")[number % 2])
            page.goto(f"/{path}")
            assert violations(page) == [], path
            assert page.evaluate("document.body.scrollWidth <= window.innerWidth"), path
