"""Whoever edits, removes, moves or adds an entry is noticed."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from consent.audit import _BEFORE_THE_FIRST, AuditVerdict, _hash
from consent.registry import Registry
from tests.consent.factories import NAME, TODAY, enrol

ENTRIES = 6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "registry"
    with Registry.create(folder) as registry:
        person = enrol(registry)
        registry.withdraw(person, None, on=TODAY)
        registry.audit("photo.checked", subject="0" * 64, outcome="blocked", people=[person])
    return folder


def tamper(folder: Path, *statements: str) -> AuditVerdict:
    """Do what somebody with the file and without the key can do; then verify."""
    with contextlib.closing(
        sqlite3.connect(folder / "registry.sqlite3", isolation_level=None)
    ) as connection:
        connection.execute("DROP TRIGGER audit_is_never_edited")
        connection.execute("DROP TRIGGER audit_is_never_shortened")
        for statement in statements:
            connection.execute(statement)
    with Registry.open(folder) as registry:
        return registry.verify_audit()


def test_an_untouched_log_is_whole(folder: Path) -> None:
    with Registry.open(folder) as registry:
        assert registry.verify_audit() == AuditVerdict(ok=True, entries=ENTRIES)
        actions = [entry.action for entry in registry._log.entries()]
    assert actions == [
        "registry.created",
        "person.added",
        "consent.recorded",
        "consent.withdrawn",
        "biometrics.deleted",
        "photo.checked",
    ]


def test_an_entry_says_what_was_done_to_whom_and_names_nobody(folder: Path) -> None:
    with Registry.open(folder) as registry:
        (person,) = registry.people()
        *_, withdrawn, _, checked = registry._log.entries()
        assert withdrawn.subject == person.id
        said = {key: told for key, told in withdrawn.details.items() if key != "seal"}
        assert said == {"serials": ["A-1"], "channel": None}
        assert checked.subject == "0" * 64
        assert checked.details == {"outcome": "blocked", "people": [person.id]}
        assert checked.previous != withdrawn.hash != _BEFORE_THE_FIRST
        everything = " ".join(str(entry) for entry in registry._log.entries())
    assert not any(part in everything for part in NAME.split())


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE audit SET action = 'person.praised' WHERE number = 2", 2),
        ("UPDATE audit SET details = '{}' WHERE number = 4", 4),
        ("UPDATE audit SET subject = NULL WHERE number = 3", 3),
        ("UPDATE audit SET at = '2020-01-01T00:00:00.000+00:00' WHERE number = 1", 1),
        ("UPDATE audit SET hash = upper(hash) WHERE number = 5", 5),
        ("DELETE FROM audit WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number = 3", 3),
        (f"DELETE FROM audit WHERE number = {ENTRIES}", ENTRIES),
        ("DELETE FROM audit", 1),
        ("DELETE FROM audit_head", 1),
        ("UPDATE audit_head SET number = 5", 1),
        (
            "INSERT INTO audit SELECT 7, at, action, NULL, '{}', hash, hash FROM audit LIMIT 1",
            7,
        ),
    ],
)
def test_tampering_is_noticed(folder: Path, statement: str, first_bad: int) -> None:
    verdict = tamper(folder, statement)
    assert not verdict.ok
    assert verdict.first_bad == first_bad


def test_swapping_two_entries_is_noticed(folder: Path) -> None:
    verdict = tamper(
        folder,
        "UPDATE audit SET number = 99 WHERE number = 2",
        "UPDATE audit SET number = 2 WHERE number = 3",
        "UPDATE audit SET number = 3 WHERE number = 99",
    )
    assert (verdict.ok, verdict.first_bad) == (False, 2)


def rewritten(folder: Path, *, upto: int) -> list[str]:
    """Statements for a chain that is consistent in itself and leaves out the truth."""
    statements = ["DELETE FROM audit"]
    previous = _BEFORE_THE_FIRST
    for number in range(1, upto + 1):
        at, action = "2026-11-21T08:00:00.000+00:00", "photo.checked"
        digest = _hash(number, at, action, None, "{}", previous)
        statements.append(
            f"INSERT INTO audit VALUES ({number}, '{at}', '{action}', NULL, '{{}}', "
            f"'{previous}', '{digest}')"
        )
        previous = digest
    return [*statements, f"UPDATE audit_head SET number = {upto}, hash = '{previous}'"]


@pytest.mark.parametrize("upto", [ENTRIES, 3])
def test_a_chain_written_anew_lacks_the_seal(folder: Path, upto: int) -> None:
    verdict = tamper(folder, *rewritten(folder, upto=upto))
    assert verdict == AuditVerdict(ok=False, entries=upto, first_bad=1)


def test_a_chain_written_anew_under_the_old_head_is_noticed(folder: Path) -> None:
    *chain, _head = rewritten(folder, upto=ENTRIES)
    assert not tamper(folder, *chain).ok


def test_what_comes_after_a_removal_does_not_heal_it(folder: Path) -> None:
    assert not tamper(folder, f"DELETE FROM audit WHERE number = {ENTRIES}").ok
    with Registry.open(folder) as registry:
        registry.audit("photo.checked")
        assert registry.verify_audit().first_bad == ENTRIES


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET action = 'x'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit",
    ],
)
def test_the_program_itself_cannot_edit_the_log(folder: Path, statement: str) -> None:
    with Registry.open(folder) as registry:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            registry._store.connection.execute(statement)
        assert registry.verify_audit().ok
