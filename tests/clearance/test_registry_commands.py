"""The commands about the registry as a whole, and what every command has in common."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail

import cli
from clearance.commandline import ExitCode
from consent.registry import Registry
from tests.clearance.clerk import Clerk
from tests.commands import ROOT, SAMPLES, run

PORTRAIT = SAMPLES / "portraits" / "jurg-mettler-1.jpg"
TODAY = dt.datetime.now().astimezone().date()


@pytest.fixture
def clerk(empty_registry: Path, evidence: Path) -> Clerk:
    return Clerk(empty_registry, evidence)


def tamper(registry: Path, *statements: str) -> None:
    """Do what somebody with the file and without the key can do."""
    with contextlib.closing(
        sqlite3.connect(registry / "registry.sqlite3", isolation_level=None)
    ) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)


# Making one.


class MemoryKeyring(KeyringBackend):
    """Keeps what it is given until the test is over."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def memory() -> Iterator[MemoryKeyring]:
    before, made = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def test_init_says_where_everything_is(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "registry"
    said = run("init", "--registry", folder).assert_exit(ExitCode.CLEARED).result.stdout
    for name in ("clearance.toml", "institution.key"):
        assert str(folder / name) in said
    run("init", "--registry", folder).assert_exit(ExitCode.REGISTRY)


def test_init_leaves_the_settings_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "clearance.toml").write_text("[consent]\nguardians = 1\n")
    told = run("init", "--registry", tmp_path, "--json").assert_exit(ExitCode.CLEARED).document
    assert told["key"] == "file"
    assert (tmp_path / "clearance.toml").read_text() == "[consent]\nguardians = 1\n"


def test_the_key_may_be_kept_in_the_keyring(
    tmp_path: Path, evidence: Path, memory: MemoryKeyring
) -> None:
    folder = tmp_path / "registry"
    said = run("init", "--key", "keyring", "--registry", folder).assert_exit(ExitCode.CLEARED)
    assert "keyring" in said.result.stdout
    assert not (folder / "institution.key").exists()
    (secret,) = memory.kept.values()
    assert secret not in said.result.output
    clerk = Clerk(folder, evidence)
    clerk.adds("Anna Keller")
    findings = clerk.does("doctor", "--json").document["findings"]
    assert findings["key"]["health"] == "well"
    memory.kept.clear()
    clerk.does("people", "list", code=ExitCode.REGISTRY)


def test_without_a_keyring_no_registry_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    try:
        run("init", "--key", "keyring", "--registry", folder).assert_exit(ExitCode.REGISTRY)
    finally:
        keyring.set_keyring(before)
    run("people", "list", "--registry", folder).assert_exit(ExitCode.REGISTRY)
    run("init", "--key", "drawer", "--registry", folder).assert_exit(ExitCode.USAGE)


# Copies.


@pytest.fixture
def backed_up(clerk: Clerk, tmp_path: Path) -> Path:
    """A backup of a registry with one person who signed."""
    clerk.signed(clerk.adds("Anna Keller"))
    backup = tmp_path / "registry.backup"
    assert clerk.does("backup", backup, "--json").document["files"] == 1
    return backup


def test_a_backup_gives_everything_back(clerk: Clerk, backed_up: Path, tmp_path: Path) -> None:
    folder = tmp_path / "restored"
    folder.mkdir()
    # As whoever lost the disk has it: the key from its safe copy, the backup, nothing else.
    shutil.copy2(clerk.registry / "institution.key", folder)
    told = run("restore", backed_up, "--registry", folder, "--json").assert_exit(ExitCode.CLEARED)
    assert (told.document["log"], told.document["altered"]) == (True, [])
    again = Clerk(folder, clerk.scan)
    assert again.may("Anna Keller")
    out = tmp_path / "scan-again.pdf"
    again.does("consent", "show", "S-1", "--scan", out)
    assert out.read_bytes() == clerk.scan.read_bytes()
    actions = [one["action"] for one in again.does("audit", "show", "--json").documents]
    assert "registry.restored" in actions
    run("restore", backed_up, "--registry", folder).assert_exit(ExitCode.REGISTRY)


def test_a_backup_replaces_nothing(clerk: Clerk, backed_up: Path) -> None:
    before = backed_up.read_bytes()
    for there in (backed_up, backed_up.parent, ""):
        clerk.does("backup", there, code=ExitCode.REGISTRY)
    assert backed_up.read_bytes() == before


def test_a_backup_needs_its_own_key(
    backed_up: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("init", "--registry", tmp_path / "other").assert_exit(ExitCode.CLEARED)
    monkeypatch.setenv("CLEARANCE_KEY_FILE", str(tmp_path / "other" / "institution.key"))
    folder = tmp_path / "restored"
    run("restore", backed_up, "--registry", folder).assert_exit(ExitCode.REGISTRY)
    assert not (folder / "registry.sqlite3").exists()


@pytest.mark.parametrize("harm", ["cut", "flipped", "empty", "missing", "folder"])
def test_a_damaged_backup_restores_nothing(
    clerk: Clerk, backed_up: Path, tmp_path: Path, harm: str
) -> None:
    whole, hurt = backed_up.read_bytes(), tmp_path / "hurt.backup"
    if harm == "cut":
        hurt.write_bytes(whole[: len(whole) // 2])
    elif harm == "flipped":
        middle = len(whole) // 2
        hurt.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    elif harm == "empty":
        hurt.touch()
    elif harm == "folder":
        hurt.mkdir()
    folder = tmp_path / "restored"
    folder.mkdir()
    shutil.copy2(clerk.registry / "institution.key", folder)
    run("restore", hurt, "--registry", folder).assert_exit(ExitCode.REGISTRY)
    assert not (folder / "registry.sqlite3").exists()


# The log.


def test_audit_verify_notices_an_altered_log(clerk: Clerk) -> None:
    clerk.adds("Anna Keller")
    told = clerk.does("audit", "verify", "--json").document
    assert (told["ok"], told["altered_dossiers"]) == (True, [])
    assert "whole" in clerk.reads("audit", "verify")
    tamper(clerk.registry, "UPDATE audit SET action = 'person.erased' WHERE number = 2")
    told = clerk.does("audit", "verify", "--json", code=ExitCode.REGISTRY).document
    assert (told["ok"], told["first_bad"]) == (False, 2)
    assert "from entry 2 on" in clerk.reads("audit", "verify", code=ExitCode.REGISTRY)


@pytest.mark.parametrize("details", ["no JSON", "[]", '{"seal": 7, "people": 3, "other": []}'])
def test_a_log_altered_to_nonsense_is_no_traceback(clerk: Clerk, details: str) -> None:
    person = clerk.adds("Anna Keller")
    tamper(clerk.registry, f"UPDATE audit SET details = '{details}' WHERE number = 2")
    for checks in (("audit", "verify"), ("doctor",)):
        clerk.does(*checks, code=ExitCode.REGISTRY)
    # What stands before it is shown, and that there is more is said.
    for words in (("audit", "show"), ("audit", "show", "--person", person)):
        done = clerk.does(*words, "--json", code=ExitCode.REGISTRY)
        assert {entry["number"] for entry in done.documents} <= {1}
        assert "from entry 2 on" in done.result.stderr


def test_audit_verify_notices_an_altered_dossier(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person)
    clerk.does("consent", "withdraw", person)
    # The withdrawal is taken out: without the check the form would count again.
    tamper(clerk.registry, "DELETE FROM dossier_entry WHERE kind = 'withdrawal'")
    told = clerk.does("audit", "verify", "--json", code=ExitCode.REGISTRY).document
    assert told["altered_dossiers"] == [person]
    assert person in clerk.reads("audit", "verify", code=ExitCode.REGISTRY)
    clerk.does("people", "show", person, code=ExitCode.REGISTRY)
    clerk.does("decide", person, "--channel", "website", code=ExitCode.REGISTRY)


def test_audit_show_finds_a_person_also_by_an_erased_id(clerk: Clerk) -> None:
    one, other = clerk.adds("Anna Keller"), clerk.adds("Lena Keller")
    clerk.does("people", "lookalike", other, one)
    by_name = clerk.does("audit", "show", "--person", "anna keller", "--json").documents
    assert {entry["action"] for entry in by_name} == {"person.added", "people.alike"}
    clerk.does("people", "erase", one, "--yes")
    spelled = one.lower().replace("0", "o")
    by_id = clerk.does("audit", "show", "--person", spelled, "--json").documents
    assert by_id[: len(by_name)] == by_name
    assert "person.erased" in {entry["action"] for entry in by_id}
    for nobody in ("Anna Keller", ""):
        clerk.does("audit", "show", "--person", nobody, code=ExitCode.REGISTRY)


def test_audit_show_finds_a_picture_by_its_file_or_its_hash(clerk: Clerk, tmp_path: Path) -> None:
    sha256 = "ab" * 32
    picture = tmp_path / "photo.jpg"
    picture.write_bytes(b"a photo")
    with Registry.open(clerk.registry) as opened:
        opened.audit("photo.checked", subject=sha256, outcome="blocked")
    found = clerk.does("audit", "show", "--file", sha256.upper(), "--json").documents
    assert [entry["subject"] for entry in found] == [sha256]
    assert clerk.does("audit", "show", "--file", picture, "--json").documents == []
    for neither in (tmp_path / "missing.jpg", "abc", "", tmp_path):
        clerk.does("audit", "show", "--file", neither, code=ExitCode.USAGE)


def test_audit_show_of_the_file_of_a_checked_picture(clerk: Clerk) -> None:
    run("check", PORTRAIT, "--registry", clerk.registry)
    found = clerk.does("audit", "show", "--file", PORTRAIT, "--json").documents
    assert found
    assert found == [one for one in found if one["subject"] == found[0]["subject"]]


def test_audit_show_between_two_days(clerk: Clerk) -> None:
    clerk.adds("Anna Keller")
    yesterday, tomorrow = TODAY - dt.timedelta(days=1), TODAY + dt.timedelta(days=1)
    everything = clerk.does("audit", "show", "--json").documents
    assert clerk.does("audit", "show", "--since", TODAY, "--json").documents == everything
    assert clerk.does("audit", "show", "--until", TODAY, "--json").documents == everything
    assert clerk.does("audit", "show", "--since", tomorrow, "--json").documents == []
    assert clerk.does("audit", "show", "--until", yesterday, "--json").documents == []
    clerk.does("audit", "show", "--since", "yesterday", code=ExitCode.USAGE)


def test_audit_show_as_a_clerk_reads_it(clerk: Clerk) -> None:
    person = clerk.adds("Anna Keller")
    clerk.signed(person)
    line = clerk.reads("audit", "show", "--person", person).splitlines()[-1]
    assert f"consent.recorded  {person}  " in line
    assert "channels=website" in line
    assert "biometric=false" in line
    assert "seal" not in line
    assert "[" not in line


# What may no longer be kept.


def test_retention_erases_whom_nothing_keeps(clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, held = clerk.adds("Anna Keller"), clerk.adds("Max Roth")
    clerk.signed(gone, until="2027-01-10")
    clerk.does("consent", "hold", held, "--by", "Lea Roth", "--reason", "a court asks")
    later = dt.date(TODAY.year + 12, 1, 1)
    monkeypatch.setattr("clearance.registry_commands.today", lambda: later)
    planned = clerk.does("retention", "run", "--dry-run", "--json").document
    assert (planned["deleted"], planned["people"]) == (False, [gone])
    assert len(clerk.does("people", "list", "--json").documents) == 2
    assert "Anna Keller" in clerk.reads("retention", "run")
    (left,) = clerk.does("people", "list", "--json").documents
    assert left["person"] == held
    last = clerk.does("audit", "show", "--person", gone, "--json").documents[-1]
    assert (last["action"], last["details"]["why"]) == ("person.erased", "retention")


# What every command has in common.


def everything(group: object, *words: str) -> Iterator[tuple[str, ...]]:
    """Every command as it is typed, and every group."""
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        yield (*words, name)
        if hasattr(command, "commands"):
            yield from everything(command, *words, name)


def commands() -> list[tuple[str, ...]]:
    import typer

    return list(everything(typer.main.get_command(cli.app)))


def test_every_command_opens_its_help_in_every_language() -> None:
    """In one process: one that translates a page must not spoil it for the next."""
    code = (
        "import sys, cli, contextlib, io\n"
        "for lang in ('fr', 'de', 'it', 'en'):\n"
        "    for words in eval(sys.argv[1]):\n"
        "        real, sys.argv = sys.argv, ['clearance', *words, '--lang', lang, '--help']\n"
        "        out = io.StringIO()\n"
        "        try:\n"
        "            with contextlib.redirect_stdout(out): cli.main()\n"
        "        except SystemExit as end:\n"
        "            print(*words, lang, end.code, 'Usage' in out.getvalue())\n"
        "        sys.argv = real\n"
    )
    asked = commands()
    done = subprocess.run(
        [sys.executable, "-c", code, repr(asked)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 4 * len(asked), done.stderr
    groups = {words for words in asked for other in asked if other[:-1] == words}
    wrong = [
        line
        for line in lines
        # A group has no --lang: its help comes first all the same.
        if not line.endswith("0 True") and tuple(line.split()[:-3]) not in groups
    ]
    assert wrong == []


def of_a_registry() -> list[list[str]]:
    """A line for each command that works on a registry."""
    return [
        ["people", "add", "Anna Keller"],
        ["people", "list"],
        ["people", "show", "Anna"],
        ["people", "change", "Anna", "--name", "Anne"],
        ["people", "born", "Anna", "1980-01-01"],
        ["people", "portrait", "Anna", str(PORTRAIT)],
        ["people", "lookalike", "Anna", "Eva"],
        ["people", "export", "Anna", "-o", "anna.zip"],
        ["people", "erase", "Anna", "--yes"],
        ["people", "merge", "Anna", "Eva", "--yes"],
        ["consent", "list"],
        ["consent", "show", "S-1"],
        ["consent", "withdraw", "Anna"],
        ["consent", "refuse", "Anna"],
        ["consent", "hold", "Anna", "--by", "Lea", "--reason", "why"],
        ["consent", "exempt", "Anna", "--by", "Lea", "--end"],
        ["consent", "expiring"],
        ["decide", "Anna"],
        ["backup", "registry.backup"],
        ["audit", "verify"],
        ["audit", "show"],
        ["retention", "run"],
        ["doctor"],
    ]


@pytest.mark.parametrize("words", of_a_registry(), ids=" ".join)
def test_without_a_registry_every_command_is_one_line_and_5(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*words, "--registry", tmp_path / "nowhere").assert_exit(ExitCode.REGISTRY)
    assert done.result.stdout == ""
    assert len(done.result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", of_a_registry(), ids=" ".join)
def test_with_wrong_settings_every_command_is_one_line_and_2(
    clerk: Clerk, words: list[str]
) -> None:
    clerk.writes("[consent]\nguardians = 7\n")
    done = clerk.does(*words, code=ExitCode.USAGE).result
    assert "line 2" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


@pytest.mark.parametrize("words", of_a_registry(), ids=" ".join)
def test_with_a_wrong_key_every_command_is_one_line_and_5(
    clerk: Clerk, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("init", "--registry", tmp_path / "other").assert_exit(ExitCode.CLEARED)
    monkeypatch.setenv("CLEARANCE_KEY_FILE", str(tmp_path / "other" / "institution.key"))
    done = clerk.does(*words, code=ExitCode.REGISTRY).result
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_json_is_the_only_thing_on_standard_output(clerk: Clerk, tmp_path: Path) -> None:
    anna = clerk.adds("Anna Keller", "--portrait", PORTRAIT)
    eva, max_ = clerk.adds("Eva Blum"), clerk.adds("Max Roth")
    clerk.signed(anna)
    for words in (
        ("people", "list"),
        ("people", "show", anna),
        ("people", "change", anna, "--status", "left"),
        ("people", "born", anna, "1980-01-01"),
        ("people", "portrait", anna, PORTRAIT),
        ("people", "lookalike", anna, eva),
        ("people", "export", anna, "-o", tmp_path / "anna.zip"),
        ("people", "erase", anna, "--dry-run"),
        ("people", "erase", max_, "--yes"),
        ("people", "merge", anna, eva, "--yes"),
        ("consent", "list"),
        ("consent", "show", "S-1", "--scan", tmp_path / "readable.pdf"),
        ("consent", "expiring", "--within", "20y"),
        ("consent", "refuse", anna, "--channel", "tv"),
        ("consent", "withdraw", anna, "--channel", "website"),
        ("backup", tmp_path / "registry.backup"),
        ("audit", "verify"),
        ("audit", "show"),
        ("retention", "run", "--dry-run"),
        ("retention", "run"),
        ("doctor",),
    ):
        done = clerk.does(*words, "--json")
        assert done.documents, words
        assert done.result.stderr == "", words


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_a_folder_that_cannot_be_written_is_one_line(clerk: Clerk, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        # Nothing is forbidden to root; a file in place of a folder is.
        folder = tmp_path / "a-file"
        folder.write_text("no folder")
    else:
        folder = tmp_path / "locked"
        folder.mkdir(mode=0o500)
    person = clerk.adds("Anna Keller")
    clerk.signed(person)
    for words, code in (
        (("people", "export", person, "-o", folder / "a.zip"), ExitCode.INPUT_OR_OUTPUT),
        (("consent", "show", "S-1", "--scan", folder / "a.pdf"), ExitCode.INPUT_OR_OUTPUT),
        (("backup", folder / "a.backup"), ExitCode.REGISTRY),
    ):
        said = clerk.does(*words, code=code).result.stderr
        assert len(said.splitlines()) == 1, said
    run("init", "--registry", folder / "new").assert_exit(ExitCode.REGISTRY)
