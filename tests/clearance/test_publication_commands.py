"""`clearance publications`: what is out, and what must be taken down; and what follows a no."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from clearance.commandline import ExitCode, today
from clearance.ledger import Ledger
from clearance.settings import Settings
from consent.registry import Registry
from tests.clearance.clerk import Clerk
from tests.clearance.desk import (
    APPROVER,
    ASKER,
    COPY,
    EDITOR,
    PUBLISHER,
    WHERE,
    a_wish,
    all_answered,
    an_item,
)

YEAR = dt.timedelta(days=365)


@pytest.fixture
def clerk(empty_registry: Path, evidence: Path) -> Clerk:
    return Clerk(empty_registry, evidence)


@pytest.fixture
def anna(clerk: Clerk) -> str:
    person = clerk.adds("Anna Keller")
    clerk.signed(person)
    return person


def out(clerk: Clerk, *people: str, until: dt.date | None = None, title: str = "Open day") -> str:
    """A publication that is out since today; its id."""
    last = until or today() + YEAR
    with Registry.open(clerk.registry) as opened:
        ledger = Ledger(opened, Settings())
        asked = ledger.request(a_wish(on=today(), until=last, title=title), ASKER).id
        ledger.scan(asked, [an_item(*people)], EDITOR)
        all_answered(ledger, asked)
        ledger.settle(asked, EDITOR)
        ledger.approve(asked, ["website"], last, APPROVER, today=today())
        ledger.publish(asked, "website", WHERE, [COPY], PUBLISHER, on=today())
    return asked


def told(clerk: Clerk, *words: object) -> list[dict[str, Any]]:
    return list(clerk.does("publications", *words, "--json").documents)


def test_nothing_yet(clerk: Clerk) -> None:
    assert told(clerk, "list") == told(clerk, "tasks") == []
    assert clerk.reads("publications", "list") == "There is no publication.\n"
    assert clerk.reads("publications", "tasks") == "Nothing must be taken down.\n"


def test_the_list(clerk: Clerk, anna: str) -> None:
    one, other = out(clerk, anna), out(clerk, title="[bold]Night\x1b[31m[/bold]")
    assert [(each["id"], each["state"]) for each in told(clerk, "list")] == [
        (one, "published"),
        (other, "published"),
    ]
    assert [each["id"] for each in told(clerk, "list", "--person", "Anna Keller")] == [one]
    assert told(clerk, "list", "--state", "expired") == []
    shown = clerk.reads("publications", "list")
    assert one in shown
    assert "[bold]Night" in shown
    assert "\x1b[31m" not in shown
    clerk.does("publications", "list", "--state", "gone", code=ExitCode.USAGE)


def test_one_publication(clerk: Clerk, anna: str) -> None:
    one = out(clerk, anna)
    (document,) = told(clerk, "show", one.lower())
    assert document["id"] == one
    assert document["items"][0]["shown"][0]["person"] == anna
    assert document["items"][0]["shown"][0]["serials"] == ["A-1"]
    assert [step["action"] for step in document["history"]][-2:] == ["approve", "publish"]
    shown = clerk.reads("publications", "show", one)
    for words in ("Anna Keller", WHERE, "a.meier: approved", "ward.jpg"):
        assert words in " ".join(shown.split())
    clerk.does("publications", "show", "pub-00000000", code=ExitCode.REGISTRY)


def test_a_withdrawal_opens_a_task_by_itself(clerk: Clerk, anna: str) -> None:
    one = out(clerk, anna)
    clerk.does("consent", "withdraw", anna)
    with Registry.open(clerk.registry) as opened:
        (task,) = Ledger(opened, Settings()).tasks(today())
        assert opened.stirred_publications() == ()
    assert (task.publication.id, task.task.why) == (one, ("withdrawn",))
    (document,) = told(clerk, "tasks")
    deadline = (today() + dt.timedelta(days=7)).isoformat()
    assert (document["publication"], document["overdue"]) == (one, False)
    assert (document["deadline"], document["owner"]) == (deadline, PUBLISHER.account)
    assert document["placements"][0]["where"] == WHERE
    assert PUBLISHER.account in clerk.reads("publications", "tasks")


def test_an_erasure_opens_a_task_of_nobody(clerk: Clerk, anna: str) -> None:
    one = out(clerk, anna)
    clerk.does("people", "erase", anna, "--yes")
    (document,) = told(clerk, "tasks")
    assert (document["publication"], document["why"]) == (one, ["erased"])
    (shown,) = told(clerk, "show", one)
    assert anna not in json.dumps(shown)
    assert shown["items"][0]["shown"] == []
    assert "erased from the registry" in " ".join(clerk.reads("publications", "tasks").split())


def test_what_is_held_about_somebody_has_their_publications(
    clerk: Clerk, anna: str, tmp_path: Path
) -> None:
    one = out(clerk, anna)
    out(clerk)
    clerk.does("people", "export", anna, "--out", tmp_path / "anna.zip")
    with zipfile.ZipFile(io.BytesIO((tmp_path / "anna.zip").read_bytes())) as packed:
        data = json.loads(packed.read("data.json"))
    (place,) = data["published_in"]
    assert (place["publication"], place["where"], place["channel"]) == (one, WHERE, "website")
    assert place["files"] == [COPY]


def test_audit_verify_notices_an_altered_publication(clerk: Clerk, anna: str) -> None:
    one = out(clerk, anna)
    assert clerk.does("audit", "verify", "--json").document["altered_publications"] == []
    with Registry.open(clerk.registry) as opened:
        database = opened._store.connection
        database.execute("DROP TRIGGER publication_event_is_never_removed")
        database.execute("DELETE FROM publication_event WHERE number = 2")
    document = clerk.does("audit", "verify", "--json", code=ExitCode.REGISTRY).document
    assert document["altered_publications"] == [one]
    assert one in clerk.reads("audit", "verify", code=ExitCode.REGISTRY)
    clerk.does("publications", "list", code=ExitCode.REGISTRY)
    # A consent can be taken back all the same, and that something is wrong is said.
    done = clerk.does("consent", "withdraw", anna)
    assert one in done.result.stderr
