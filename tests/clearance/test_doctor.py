"""The doctor says what is wrong with a registry, and nothing else is."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from clearance import doctor
from clearance.commandline import ExitCode
from clearance.doctor import Finding, Health, worst
from consent.registry import Registry
from tests.clearance.clerk import Clerk

NAMED = '[institution]\nname = "Spital Belmont"\ncontact = "image@example.org"\n'
CHECKS = (
    *("institution", "key", "disk", "videos", "earlier_copies", "retention", "drafts"),
    *("database", "log", "dossiers", "publications", "files"),
)


@pytest.fixture
def clerk(
    empty_registry: Path, evidence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Clerk:
    """At a registry with nothing wrong: named, its key elsewhere, one signed form."""
    key = Path(shutil.move(empty_registry / "institution.key", tmp_path / "elsewhere.key"))
    monkeypatch.setenv("CLEARANCE_KEY_FILE", str(key))
    at = Clerk(empty_registry, evidence)
    at.writes(NAMED)
    at.signed(at.adds("Anna Keller"))
    return at


def health(clerk: Clerk, code: ExitCode = ExitCode.CLEARED) -> dict[str, str]:
    """How each check came out that did not come out well."""
    told = clerk.does("doctor", "--json", code=code).document
    assert tuple(told["findings"]) == CHECKS
    return {
        name: one["health"] for name, one in told["findings"].items() if one["health"] != "well"
    }


def altered(clerk: Clerk, statement: str) -> None:
    """Change the database outside the program."""
    with contextlib.closing(
        sqlite3.connect(clerk.registry / "registry.sqlite3", isolation_level=None)
    ) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)


def test_a_healthy_registry(clerk: Clerk) -> None:
    assert health(clerk) == {}
    lines = clerk.reads("doctor").splitlines()
    assert len(lines) == len(CHECKS)
    assert all(line.startswith("✓ ") for line in lines)


@pytest.mark.parametrize("lang", ["fr", "de", "it", "en"])
def test_it_speaks_every_language(clerk: Clerk, lang: str) -> None:
    assert len(clerk.reads("doctor", "--lang", lang).splitlines()) == len(CHECKS)


def test_a_nameless_institution_is_noticed(clerk: Clerk) -> None:
    clerk.writes("")
    assert health(clerk) == {"institution": "notice"}


def test_a_key_beside_the_registry_is_noticed_and_not_wrong(
    clerk: Clerk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLEARANCE_KEY_FILE")
    shutil.copy2(tmp_path / "elsewhere.key", clerk.registry / "institution.key")
    assert health(clerk) == {"key": "notice"}
    assert "! the key lies beside the registry" in clerk.reads("doctor")


def test_a_copy_of_an_earlier_version_is_noticed(clerk: Clerk) -> None:
    (clerk.registry / "registry.sqlite3.schema-1.backup").touch()
    assert health(clerk) == {"earlier_copies": "notice"}
    assert "registry.sqlite3.schema-1.backup" in clerk.reads("doctor")


def test_a_full_disk_is_noticed(clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_FREE", 2**80)
    assert health(clerk) == {"disk": "notice"}


def test_an_altered_log_is_wrong(clerk: Clerk) -> None:
    altered(clerk, "UPDATE audit SET subject = 'p-00000000' WHERE number = 2")
    assert health(clerk, ExitCode.REGISTRY)["log"] == "wrong"
    assert "✗ the log was altered from entry 2 on" in clerk.reads("doctor", code=ExitCode.REGISTRY)


def test_an_altered_dossier_is_wrong(clerk: Clerk) -> None:
    altered(clerk, "UPDATE dossier_entry SET body = zeroblob(64)")
    assert health(clerk, ExitCode.REGISTRY)["dossiers"] == "wrong"


def test_an_altered_publication_is_wrong(clerk: Clerk) -> None:
    with Registry.open(clerk.registry) as opened:
        opened.keep_step("pub-00000001", 1, "{}", (), action="publication.test", told={})
    assert health(clerk) == {}
    altered(clerk, "UPDATE publication SET seal = zeroblob(60)")
    assert health(clerk, ExitCode.REGISTRY)["publications"] == "wrong"


@pytest.mark.parametrize("harm", ["missing", "altered"])
def test_a_scan_that_is_not_as_it_was_is_wrong(clerk: Clerk, harm: str) -> None:
    (scan,) = (path for path in (clerk.registry / "evidence").rglob("*") if path.is_file())
    if harm == "missing":
        scan.unlink()
    else:
        scan.write_bytes(scan.read_bytes()[:-1] + b"x")
    assert health(clerk, ExitCode.REGISTRY) == {"files": "wrong"}


def test_the_worst_finding_counts() -> None:
    found = [Finding("a", one, "") for one in (Health.NOTICE, Health.WRONG, Health.WELL)]
    assert worst(found) is Health.WRONG
    assert worst(found[:1]) is Health.NOTICE
    assert worst([]) is Health.WELL


def test_a_form_that_nobody_confirms_is_told_of(clerk: Clerk) -> None:
    with Registry.open(clerk.registry) as registry:
        registry.keep_draft("7KQ4-M2XD-9F3S-6", b"what was read")
    assert not health(clerk)
    (path,) = (clerk.registry / "drafts").iterdir()
    long_ago = path.stat().st_mtime - (doctor.DRAFT_DAYS + 2) * 86400
    os.utime(path, (long_ago, long_ago))
    assert health(clerk) == {"drafts": "notice"}
    assert "1 form that was read has waited" in " ".join(clerk.reads("doctor").split())
