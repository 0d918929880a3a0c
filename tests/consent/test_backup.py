"""What comes back out of a backup is what went in, or nothing does."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import hashlib
import hmac
import itertools
import json
import os
import secrets
import sqlite3
import stat
import threading
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from consent import backup, store
from consent.backup import (
    BackupReport,
    backup_key_id,
    restore_backup,
    verify_backup,
    write_backup,
)
from consent.errors import (
    BackupInvalidError,
    RegistryBusyError,
    RegistryDamagedError,
    RegistryExistsError,
    RegistryUnwritableError,
)
from consent.files import EncryptedFiles
from consent.keys import InstitutionKey
from consent.store import SCHEMA, Store

KEY = InstitutionKey(bytes(range(32)))
OTHER = InstitutionKey(bytes(range(1, 33)))
posix_only = pytest.mark.skipif(os.name != "posix", reason="limits and permissions of POSIX")


def names_of(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT file FROM paper")]


class House:
    """A registry of the barest kind: a table of papers, each an encrypted file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        with Store.create(folder / "registry.sqlite3") as made:
            made.connection.execute("CREATE TABLE paper (file TEXT NOT NULL UNIQUE) STRICT")
        self.store = Store.open(folder / "registry.sqlite3")
        self.files = EncryptedFiles(folder / "evidence")

    def add(self, size: int = 3000) -> str:
        return added(self.store.connection, self.files, size)

    def remove(self, name: str) -> None:
        self.store.connection.execute("DELETE FROM paper WHERE file = ?", (name,))
        self.files.delete([name])

    def backup(
        self,
        target: Path,
        names: Callable[[sqlite3.Connection], Iterable[str]] = names_of,
        settings: Path | None = None,
    ) -> BackupReport:
        return write_backup(self.store, self.folder / "evidence", KEY, target, names, settings)


def added(connection: sqlite3.Connection, files: EncryptedFiles, size: int) -> str:
    name = files.write(secrets.token_bytes(size))
    connection.execute("INSERT INTO paper VALUES (?)", (name,))
    return name


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "registry")
    for _ in range(3):
        made.add()
    yield made
    made.store.close()


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """An empty folder for backups."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


@pytest.fixture
def target(house: House, shelf: Path) -> Path:
    """A good backup."""
    house.backup(shelf / "monday.zip")
    return shelf / "monday.zip"


def papers(folder: Path) -> dict[str, bytes]:
    """Every paper of a registry, by the name in its database."""
    files = EncryptedFiles(folder / "evidence")
    with Store.open(folder / "registry.sqlite3") as opened:
        return {name: files.read(name) for name in names_of(opened.connection)}


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


# There and back.


def test_a_registry_comes_back_as_it_was(house: House, shelf: Path, tmp_path: Path) -> None:
    (house.folder / "clearance.toml").write_text("[publication]\n")
    before = papers(house.folder)
    written = house.backup(shelf / "b.zip", settings=house.folder / "clearance.toml")
    assert verify_backup(shelf / "b.zip", KEY) == written
    restored = tmp_path / "new" / "registry"
    assert restore_backup(shelf / "b.zip", KEY, restored) == written
    assert papers(restored) == before
    assert len(before) == 3
    assert (restored / "clearance.toml").read_text() == "[publication]\n"
    assert [path.name for path in restored.parent.iterdir()] == ["registry"]
    assert [path.name for path in shelf.iterdir()] == ["b.zip"]


def test_the_report_says_what_a_backup_holds(house: House, shelf: Path) -> None:
    began = dt.datetime.now(dt.UTC).replace(microsecond=0)
    report = house.backup(shelf / "b.zip")
    assert began <= report.created_at <= dt.datetime.now(dt.UTC)
    with zipfile.ZipFile(shelf / "b.zip") as packed:
        infos = packed.infolist()
    assert report.size == sum(info.file_size for info in infos[:-2])
    assert (report.files, report.schema, report.key_id) == (3, SCHEMA, KEY.id)
    assert (report.path, report.settings) == (shelf / "b.zip", False)
    assert backup_key_id(shelf / "b.zip") == KEY.id


def test_any_tool_opens_it_and_finds_no_key(target: Path) -> None:
    with zipfile.ZipFile(target) as packed:
        assert packed.testzip() is None
        names = packed.namelist()
        content = b"".join(packed.read(name) for name in names)
    assert names[0] == "registry.sqlite3"
    assert names[-2:] == ["manifest.json", "manifest.hmac"]
    assert KEY.secret not in content + target.read_bytes()
    assert KEY.secret.hex().encode() not in content


def test_what_no_record_names_is_not_taken_along(house: House, shelf: Path) -> None:
    house.files.write(b"the remains of an interrupted run")
    assert house.backup(shelf / "b.zip").files == 3


def test_an_empty_registry_and_settings_that_are_not_there(tmp_path: Path, shelf: Path) -> None:
    empty = House(tmp_path / "empty")
    with empty.store:
        report = empty.backup(shelf / "b.zip", settings=tmp_path / "none.toml")
    assert (report.files, report.settings) == (0, False)
    restore_backup(shelf / "b.zip", KEY, tmp_path / "restored")
    assert papers(tmp_path / "restored") == {}


@posix_only
def test_nobody_else_can_read_it(house: House, target: Path, tmp_path: Path) -> None:
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    restore_backup(target, KEY, tmp_path / "restored")
    open_to_others = [
        path
        for path in (tmp_path / "restored", *(tmp_path / "restored").rglob("*"))
        if path.stat().st_mode & 0o077
    ]
    assert not open_to_others


# While others work.


def test_a_backup_is_whole_while_others_write(house: House, shelf: Path) -> None:
    stop = threading.Event()
    problems: list[BaseException] = []

    def write() -> None:
        try:
            with Store.open(house.folder / "registry.sqlite3") as other:
                while not stop.is_set():
                    name = added(other.connection, house.files, 200_000)
                    other.connection.execute("DELETE FROM paper WHERE file = ?", (name,))
                    house.files.delete([name])
        except BaseException as error:  # noqa: BLE001 - told to the test
            problems.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        reports = []
        for number in range(12):
            with contextlib.suppress(RegistryBusyError):
                reports.append(house.backup(shelf / f"{number}.zip"))
    finally:
        stop.set()
        writer.join()
    assert not problems
    assert reports
    for number, report in enumerate(reports):
        assert verify_backup(report.path, KEY) == report
        restore_backup(report.path, KEY, shelf / f"restored-{number}")
        assert len(papers(shelf / f"restored-{number}")) == report.files >= 3


def test_a_file_deleted_meanwhile_is_not_missed(house: House, shelf: Path) -> None:
    doomed = [house.add(), house.add()]

    def names(connection: sqlite3.Connection) -> list[str]:
        found = names_of(connection)
        if doomed:
            house.remove(doomed.pop())
        return found

    assert house.backup(shelf / "b.zip", names).files == 3
    assert verify_backup(shelf / "b.zip", KEY).files == 3


def test_files_that_vanish_without_end_are_not_waited_for(house: House, shelf: Path) -> None:
    def names(connection: sqlite3.Connection) -> list[str]:
        house.remove(house.add())
        found = names_of(connection)
        doomed = house.add()
        house.remove(doomed)
        return [*found, doomed]

    with pytest.raises(RegistryBusyError, match="try again"):
        house.backup(shelf / "b.zip", names)
    assert not list(shelf.iterdir())


def test_a_file_that_is_missing_is_damage(house: House, shelf: Path) -> None:
    house.files.delete([house.add()])
    with pytest.raises(RegistryDamagedError, match="is missing"):
        house.backup(shelf / "b.zip")
    assert not list(shelf.iterdir())


def test_a_file_that_was_altered_is_not_backed_up_as_good(house: House, shelf: Path) -> None:
    (house.folder / "evidence" / house.add()).write_bytes(b"altered")
    with pytest.raises(RegistryDamagedError, match="altered"):
        house.backup(shelf / "b.zip")
    assert not list(shelf.iterdir())


def test_a_name_that_leads_elsewhere_is_not_followed(house: House, shelf: Path) -> None:
    with pytest.raises(RegistryDamagedError, match="cannot be its own"):
        house.backup(shelf / "b.zip", lambda _: ["../institution.key"])
    assert not list(shelf.iterdir())


def test_a_registry_in_the_middle_of_a_change_is_not_backed_up(
    house: House, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    with house.store.writing():
        house.store.connection.execute("DELETE FROM paper")
        began = time.monotonic()
        with pytest.raises(RegistryBusyError):
            house.backup(shelf / "b.zip")
        assert time.monotonic() - began < 3
    assert not list(shelf.iterdir())


# Where it may be written.


def test_an_existing_file_is_not_replaced(house: House, target: Path) -> None:
    before = target.read_bytes()
    with pytest.raises(RegistryUnwritableError, match="replaces nothing"):
        house.backup(target)
    assert target.read_bytes() == before


def test_a_file_that_appears_meanwhile_is_not_replaced(house: House, shelf: Path) -> None:
    def names(connection: sqlite3.Connection) -> list[str]:
        (shelf / "b.zip").write_text("somebody else's")
        return names_of(connection)

    with pytest.raises(RegistryUnwritableError, match="replaces nothing"):
        house.backup(shelf / "b.zip", names)
    assert contents(shelf) == {"b.zip": b"somebody else's"}


@pytest.mark.parametrize("below", ["b.zip", "deeper/b.zip"])
def test_a_backup_does_not_lie_among_what_it_saves(house: House, below: str) -> None:
    (house.folder / "evidence" / "deeper").mkdir()
    before = contents(house.folder / "evidence")
    with pytest.raises(RegistryUnwritableError, match="itself"):
        house.backup(house.folder / "evidence" / below)
    assert contents(house.folder / "evidence") == before


@posix_only
def test_a_link_into_the_registry_is_seen_through(house: House, shelf: Path) -> None:
    (shelf / "link").symlink_to(house.folder / "evidence")
    with pytest.raises(RegistryUnwritableError, match="itself"):
        house.backup(shelf / "link" / "b.zip")


def test_a_folder_that_is_not_there_is_said(house: House, shelf: Path) -> None:
    with pytest.raises(RegistryUnwritableError, match="check the free space"):
        house.backup(shelf / "none" / "b.zip")
    assert not list(shelf.iterdir())


# Interrupted.


def failing_at(
    monkeypatch: pytest.MonkeyPatch, place: Any, name: str, turn: int, error: BaseException
) -> None:
    """Let the `turn`th call raise."""
    real, calls = getattr(place, name), iter(range(1, 1000))

    def failing(*arguments: Any, **options: Any) -> Any:
        if next(calls) == turn:
            raise error
        return real(*arguments, **options)

    monkeypatch.setattr(place, name, failing)


FULL = OSError(errno.ENOSPC, "No space left on device")
WRITE_POINTS = [
    *[(zipfile.ZipFile, "open", turn) for turn in range(1, 7)],
    *[(backup._Manifest, "to_json", 1), (zipfile.ZipFile, "close", 1)],
    *[(os, "fsync", 1), (os, "fsync", 2), (Path, "replace", 1), (backup, "_seal_of", 1)],
]


@pytest.mark.parametrize("point", WRITE_POINTS, ids=str)
@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt()], ids=["full", "interrupted"])
def test_a_backup_that_fails_leaves_nothing(
    house: House,
    shelf: Path,
    monkeypatch: pytest.MonkeyPatch,
    point: tuple[Any, str, int],
    error: BaseException,
) -> None:
    wanted = RegistryUnwritableError if isinstance(error, OSError) else type(error)
    with monkeypatch.context() as patched:
        failing_at(patched, *point, error)
        with pytest.raises(wanted):
            house.backup(shelf / "b.zip")
    assert not list(shelf.iterdir())
    assert house.backup(shelf / "b.zip").files == 3


RESTORE_POINTS = [
    *[(os, "fsync", turn) for turn in (1, 2, 5, 6, 7)],
    *[(zipfile.ZipFile, "open", turn) for turn in (3, 5)],
    *[(Path, "replace", turn) for turn in (1, 2, 3)],
    (backup, "_check_database", 1),
]


@pytest.mark.parametrize("point", RESTORE_POINTS, ids=str)
@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt()], ids=["full", "interrupted"])
def test_a_restoring_that_fails_leaves_the_folder_as_it_was(
    house: House,
    shelf: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    point: tuple[Any, str, int],
    error: BaseException,
) -> None:
    (house.folder / "clearance.toml").write_text("[publication]\n")
    house.backup(shelf / "b.zip", settings=house.folder / "clearance.toml")
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "institution.key").write_text("a key")
    with monkeypatch.context() as patched:
        failing_at(patched, *point, error)
        with pytest.raises((RegistryUnwritableError, BackupInvalidError, KeyboardInterrupt)):
            restore_backup(shelf / "b.zip", KEY, folder)
    assert [path.name for path in folder.iterdir()] == ["institution.key"]
    restore_backup(shelf / "b.zip", KEY, folder)
    assert papers(folder) == papers(house.folder)


@pytest.mark.parametrize("point", [(os, "fsync", 1), (os, "fsync", 7), (Path, "replace", 1)])
def test_a_new_folder_appears_whole_or_not_at_all(
    target: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    point: tuple[Any, str, int],
) -> None:
    (tmp_path / "parent").mkdir()
    failing_at(monkeypatch, *point, FULL)
    with pytest.raises(RegistryUnwritableError, match="No space left"):
        restore_backup(target, KEY, tmp_path / "parent" / "registry")
    assert not list((tmp_path / "parent").iterdir())


@posix_only
@pytest.mark.parametrize("limit", [0, 4096, 20_000, -5000, -10])
def test_a_disk_that_fills_up_leaves_nothing(
    house: House, shelf: Path, tmp_path: Path, limit: int
) -> None:
    import resource

    whole = house.backup(shelf / "whole.zip").path
    limit = limit if limit >= 0 else whole.stat().st_size + limit
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(RegistryUnwritableError, match="free space"):
            house.backup(shelf / "b.zip")
        if limit <= 20_000:
            with pytest.raises(RegistryUnwritableError, match="free space"):
                restore_backup(whole, KEY, tmp_path / "restored")
            with pytest.raises(RegistryUnwritableError, match="free space"):
                verify_backup(whole, KEY)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in shelf.iterdir()] == ["whole.zip"]
    assert not (tmp_path / "restored").exists()


# Where it may be restored.


@pytest.mark.parametrize(
    "name",
    [
        "registry.sqlite3",
        "registry.sqlite3-wal",
        "registry.sqlite3-journal",
        f"evidence/{'0' * 64}",
    ],
)
def test_nothing_is_restored_over_a_registry(target: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "there"
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text("precious")
    with pytest.raises(RegistryExistsError, match="left as it is"):
        restore_backup(target, KEY, folder)
    assert contents(folder) == {name: b"precious"}


def test_a_registry_made_meanwhile_is_not_replaced(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    real = backup._check_database

    def slow(*arguments: Any) -> None:
        real(*arguments)
        (folder / "registry.sqlite3").write_text("precious")

    monkeypatch.setattr(backup, "_check_database", slow)
    with pytest.raises(RegistryExistsError):
        restore_backup(target, KEY, folder)
    assert contents(folder) == {"registry.sqlite3": b"precious"}


def test_a_key_and_settings_that_are_there_stay(house: House, shelf: Path, tmp_path: Path) -> None:
    (house.folder / "clearance.toml").write_text("old")
    house.backup(shelf / "b.zip", settings=house.folder / "clearance.toml")
    folder = tmp_path / "there"
    (folder / "evidence").mkdir(parents=True)
    (folder / "institution.key").write_text("a key")
    (folder / "clearance.toml").write_text("new")
    restore_backup(shelf / "b.zip", KEY, folder)
    assert papers(folder) == papers(house.folder)
    assert (folder / "institution.key").read_text() == "a key"
    assert (folder / "clearance.toml").read_text() == "new"


def test_a_file_in_the_place_of_the_folder_is_said(target: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    for folder in (tmp_path / "file", tmp_path / "file" / "registry"):
        with pytest.raises(RegistryUnwritableError):
            restore_backup(target, KEY, folder)
    assert (tmp_path / "file").read_text() == "precious"


# Altered, damaged, of another key.


def assert_refused(
    path: Path, tmp_path: Path, match: str | None = None, key: InstitutionKey = KEY
) -> None:
    with pytest.raises(BackupInvalidError, match=match) as caught:
        verify_backup(path, key)
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(BackupInvalidError, match=match):
        restore_backup(path, key, tmp_path / "refused" / "registry")
    assert not (tmp_path / "refused").exists() or not list((tmp_path / "refused").iterdir())


def parts(path: Path) -> dict[str, range]:
    """Where each part of a backup lies in it."""
    with zipfile.ZipFile(path) as packed:
        starts = [(info.header_offset, info.filename) for info in packed.infolist()]
        directory = packed.start_dir
    size = path.stat().st_size
    starts += [(directory, "directory"), (size - 114, "last line"), (size, "")]
    return {
        name: range(start, following)
        for (start, name), (following, _) in itertools.pairwise(starts)
    }


@pytest.mark.parametrize("bit", [0, 5, 7])
@pytest.mark.parametrize("offset", [0, 1, 5, 20, 35, 60, 103, 500, -70, -65, -64, -17, -2, -1])
def test_every_altered_byte_is_noticed(target: Path, tmp_path: Path, offset: int, bit: int) -> None:
    whole = target.read_bytes()
    for name, places in parts(target).items():
        altered = bytearray(whole)
        altered[places[max(-len(places), min(offset, len(places) - 1))]] ^= 1 << bit
        target.write_bytes(altered)
        with pytest.raises(BackupInvalidError):
            verify_backup(target, KEY)
            pytest.fail(name)
    target.write_bytes(altered)
    assert_refused(target, tmp_path)


@pytest.mark.parametrize("size", [0, 1, 22, 113, 114, 115, 5000, -1000, -114, -64, -1])
def test_a_truncated_backup_is_refused(target: Path, tmp_path: Path, size: int) -> None:
    target.write_bytes(target.read_bytes()[:size])
    assert_refused(target, tmp_path, "end is missing")


@pytest.mark.parametrize(("before", "after"), [(b"x", b""), (b"", b"\n"), (b"x" * 200, b"")])
def test_a_lengthened_backup_is_refused(
    target: Path, tmp_path: Path, before: bytes, after: bytes
) -> None:
    target.write_bytes(before + target.read_bytes() + after)
    assert_refused(target, tmp_path)


def test_the_key_of_another_registry_is_named(target: Path, tmp_path: Path) -> None:
    assert_refused(target, tmp_path, f"key {KEY.id}, and not with {OTHER.id}", key=OTHER)


def test_a_newer_backup_says_so(target: Path, tmp_path: Path) -> None:
    target.write_bytes(
        target.read_bytes().replace(b"clearance backup 0001", b"clearance backup 0002")
    )
    assert_refused(target, tmp_path, "newer version")
    with pytest.raises(BackupInvalidError, match="newer version"):
        backup_key_id(target)


@pytest.mark.parametrize("content", [b"", b"PK", b"Dear Sir or Madam, " * 300])
def test_what_is_no_backup_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b.zip").write_bytes(content)
    assert_refused(tmp_path / "b.zip", tmp_path, "is not a backup")


def test_a_backup_that_is_not_there_says_so(tmp_path: Path) -> None:
    assert_refused(tmp_path / "none.zip", tmp_path, "cannot be read")
    assert_refused(tmp_path, tmp_path, "cannot be read")


# Made by somebody who has the key. Whoever has it may still be wrong.


class Forger:
    """Takes a backup apart and puts it together again, sealed as if it were good."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with zipfile.ZipFile(path) as packed:
            self.members = [(info.filename, packed.read(info)) for info in packed.infolist()][:-2]
            self.manifest: dict[str, Any] = json.loads(packed.read("manifest.json"))
        self.compression = zipfile.ZIP_STORED
        self.manifest_key = KEY

    def tell(self, *names: str) -> None:
        """Let the manifest say what is there."""
        for name, content in self.members:
            if name in names:
                digest = hashlib.sha256(content).hexdigest()
                self.manifest["members"][name] = {"size": len(content), "sha256": digest}

    def replace(self, name: str, content: bytes) -> None:
        self.members = [(one, content if one == name else old) for one, old in self.members]

    @property
    def evidence(self) -> list[str]:
        return [name for name, _ in self.members if name.startswith("evidence/")]

    def write(self, manifest: bytes | None = None) -> None:
        text = json.dumps(self.manifest).encode() if manifest is None else manifest
        seal = hmac.new(self.manifest_key.derive("backup"), text, "sha256").hexdigest()
        with (
            pytest.MonkeyPatch.context() as patched,
            zipfile.ZipFile(self.path, "w", self.compression) as packed,
        ):
            # It warns of a name that is there twice.
            patched.setattr("warnings.warn", lambda *_, **__: None)
            for name, content in self.members:
                packed.writestr(name, content)
            packed.writestr("manifest.json", text)
            packed.writestr("manifest.hmac", seal)
            packed.comment = f"clearance backup 0001, key {KEY.id}, seal {'0' * 64}".encode()
        backup._seal(self.path, KEY)


@pytest.fixture
def forger(target: Path) -> Forger:
    return Forger(target)


def test_the_forger_writes_what_would_pass(forger: Forger, tmp_path: Path) -> None:
    forger.write()
    assert verify_backup(forger.path, KEY).files == 3
    assert restore_backup(forger.path, KEY, tmp_path / "restored").files == 3


def test_a_manifest_under_another_key_is_refused(forger: Forger, tmp_path: Path) -> None:
    forger.manifest_key = OTHER
    forger.write()
    assert_refused(forger.path, tmp_path, "manifest was altered")


def test_an_added_member_is_refused(forger: Forger, tmp_path: Path) -> None:
    forger.members.append((f"evidence/{hashlib.sha256(b'x').hexdigest()}", b"x"))
    forger.write()
    assert_refused(forger.path, tmp_path, "does not hold what")


def test_a_member_that_is_there_twice_is_refused(forger: Forger, tmp_path: Path) -> None:
    forger.members.append(forger.members[0])
    forger.write()
    assert_refused(forger.path, tmp_path, "does not hold what")


def test_a_removed_member_is_refused(forger: Forger, tmp_path: Path) -> None:
    forger.members.pop()
    forger.write()
    assert_refused(forger.path, tmp_path, "does not hold what")


def test_swapped_members_are_refused(forger: Forger, tmp_path: Path) -> None:
    one, other = forger.evidence[:2]
    told = dict(forger.members)
    forger.replace(one, told[other])
    forger.replace(other, told[one])
    forger.write()
    assert_refused(forger.path, tmp_path, "not what its manifest says")


def test_another_content_of_the_same_size_is_refused(forger: Forger, tmp_path: Path) -> None:
    name = forger.evidence[0]
    forger.replace(name, bytes(3000))
    forger.write()
    assert_refused(forger.path, tmp_path, "not what its manifest says")
    forger.tell(name)
    forger.write()
    assert_refused(forger.path, tmp_path, "is no registry")


def test_a_size_that_is_not_true_is_refused(forger: Forger, tmp_path: Path) -> None:
    for change in (1, -1, 10**18):
        manifest = json.loads(json.dumps(forger.manifest))
        manifest["members"][forger.evidence[0]]["size"] += change
        forger.write(json.dumps(manifest).encode())
        assert_refused(forger.path, tmp_path, "another size")


def test_a_bomb_does_not_go_off(forger: Forger, tmp_path: Path) -> None:
    forger.members.append(("clearance.toml", bytes(50_000_000)))
    forger.tell("clearance.toml")
    forger.compression = zipfile.ZIP_DEFLATED
    forger.write()
    assert forger.path.stat().st_size < 1_000_000
    assert_refused(forger.path, tmp_path, "compressed")


def test_members_that_share_their_bytes_are_refused(
    forger: Forger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forger.write()
    monkeypatch.setattr(Path, "stat", lambda _: os.stat_result([0o600, *[0] * 5, 40_000, 0, 0, 0]))
    with pytest.raises(BackupInvalidError, match="another size"):
        verify_backup(forger.path, KEY)


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/evil",
        "C:/evil",
        "evidence/../evil",
        "evidence/../../evil",
        "evidence\\..\\evil",
        "evidence/evil",
        "evidence/",
        "evidence/" + "0" * 64,
        "institution.key",
        "registry.sqlite3-wal",
    ],
)
def test_a_name_that_no_registry_has_is_refused(forger: Forger, tmp_path: Path, name: str) -> None:
    forger.members.append((name, b"evil"))
    forger.tell(name)
    forger.write()
    assert_refused(forger.path, tmp_path, "is no registry")
    assert not list(tmp_path.rglob("evil"))


def test_a_backup_without_a_database_is_refused(forger: Forger, tmp_path: Path) -> None:
    forger.members.pop(0)
    del forger.manifest["members"]["registry.sqlite3"]
    forger.write()
    assert_refused(forger.path, tmp_path, "is no registry")


@pytest.mark.parametrize(
    "manifest",
    [b"", b"{", b"[]", b"{}", b"\xff", b'{"members": {"a": 1}}', b"[" * 100_000, b"null"],
)
def test_a_manifest_that_is_nonsense_is_refused(
    forger: Forger, tmp_path: Path, manifest: bytes
) -> None:
    forger.write(manifest)
    assert_refused(forger.path, tmp_path, "damaged")


def test_a_manifest_without_end_is_not_read_to_its_end(
    forger: Forger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "_LARGEST_MANIFEST", 100)
    forger.write()
    assert_refused(forger.path, tmp_path, "too large")


def changed_database(forger: Forger, tmp_path: Path, script: str) -> None:
    copy = tmp_path / "copy.sqlite3"
    copy.write_bytes(dict(forger.members)["registry.sqlite3"])
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.executescript(script)
    forger.replace("registry.sqlite3", copy.read_bytes())
    forger.tell("registry.sqlite3")


@pytest.mark.parametrize(
    ("script", "match"),
    [
        (f"PRAGMA user_version = {SCHEMA + 1}", "another version"),
        (
            """
            CREATE TABLE child (paper TEXT REFERENCES paper (file));
            INSERT INTO child VALUES ('none');
            """,
            "refers to one that is missing",
        ),
    ],
)
def test_a_database_that_is_inconsistent_is_refused(
    forger: Forger, tmp_path: Path, script: str, match: str
) -> None:
    changed_database(forger, tmp_path, script)
    forger.write()
    assert_refused(forger.path, tmp_path, match)


def test_a_database_of_a_newer_version_says_so(forger: Forger, tmp_path: Path) -> None:
    changed_database(forger, tmp_path, f"PRAGMA user_version = {SCHEMA + 1}")
    forger.manifest["schema"] = SCHEMA + 1
    forger.write()
    assert_refused(forger.path, tmp_path, "newer version")


@pytest.mark.parametrize("content", [b"", b"Dear Sir or Madam, " * 300])
def test_what_is_no_database_is_refused(forger: Forger, tmp_path: Path, content: bytes) -> None:
    forger.replace("registry.sqlite3", content)
    forger.tell("registry.sqlite3")
    forger.write()
    assert_refused(forger.path, tmp_path)


def test_a_page_of_garbage_in_the_database_is_refused(forger: Forger, tmp_path: Path) -> None:
    content = bytearray(dict(forger.members)["registry.sqlite3"])
    content[4096:8192] = b"\x55" * 4096
    forger.replace("registry.sqlite3", bytes(content))
    forger.tell("registry.sqlite3")
    forger.write()
    assert_refused(forger.path, tmp_path, "damaged")


def test_a_backup_that_changes_while_it_is_read_is_noticed(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, where = backup._check_seal, parts(target)

    def slow(*arguments: Any) -> None:
        real(*arguments)
        altered = bytearray(target.read_bytes())
        altered[where["registry.sqlite3"][5000]] ^= 1
        target.write_bytes(altered)

    monkeypatch.setattr(backup, "_check_seal", slow)
    assert_refused(target, tmp_path, "damaged")


def test_a_large_file_is_never_in_memory_whole(
    house: House, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.add(3_000_000)
    monkeypatch.setattr(backup, "_CHUNK", 1 << 16)

    def refuse(_: Path) -> NoReturn:
        raise AssertionError("a file was read whole")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", refuse)
        tracemalloc.start()
        try:
            house.backup(shelf / "b.zip")
            verify_backup(shelf / "b.zip", KEY)
            restore_backup(shelf / "b.zip", KEY, tmp_path / "restored")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 2_000_000
    assert papers(tmp_path / "restored") == papers(house.folder)
