"""A registry that is lost, damaged, busy or from the future is said to be so, never empty."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations, hookimpl
from sqlite_utils.plugins import pm

from consent import migrations, store
from consent.errors import (
    RegistryBusyError,
    RegistryDamagedError,
    RegistryExistsError,
    RegistryMissingError,
    RegistryTooNewError,
    RegistryUnwritableError,
    SqliteTooOldError,
)
from consent.registry import Registry
from consent.store import SCHEMA, Store
from tests.consent.factories import NAME, TODAY, enrol


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A closed registry with one person in it."""
    folder = tmp_path / "registry"
    with Registry.create(folder) as registry:
        enrol(registry)
    return folder


@contextlib.contextmanager
def opened_raw(folder: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(
        sqlite3.connect(folder / "registry.sqlite3", isolation_level=None)
    ) as connection:
        yield connection


def test_a_missing_registry_is_missing_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(RegistryMissingError, match="clearance init"):
        Registry.open(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_second_registry_does_not_replace_the_first(folder: Path) -> None:
    before = (folder / "registry.sqlite3").read_bytes()
    with pytest.raises(RegistryExistsError):
        Registry.create(folder)
    assert (folder / "registry.sqlite3").read_bytes() == before


@pytest.mark.parametrize("size", [0, 1, 99, 100, 1000, 4096, 10_000, -4096, -1])
def test_a_truncated_file_is_damaged_whatever_is_left(folder: Path, size: int) -> None:
    path = folder / "registry.sqlite3"
    whole = path.read_bytes()
    path.write_bytes(whole[:size])
    with pytest.raises(RegistryDamagedError, match="backup"):
        Registry.open(folder)


def test_a_file_that_is_no_database_is_damaged(folder: Path) -> None:
    (folder / "registry.sqlite3").write_text("Dear Sir or Madam, " * 300)
    with pytest.raises(RegistryDamagedError):
        Registry.open(folder)


def test_another_programs_database_is_not_filled_with_tables(folder: Path) -> None:
    path = folder / "registry.sqlite3"
    path.unlink()
    with opened_raw(folder) as connection:
        connection.execute("CREATE TABLE song (title TEXT)")
    with pytest.raises(RegistryDamagedError):
        Registry.open(folder)
    with opened_raw(folder) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema").fetchall()
    assert tables == [("song",)]


def test_a_page_of_garbage_is_noticed_on_opening(folder: Path) -> None:
    path = folder / "registry.sqlite3"
    content = bytearray(path.read_bytes())
    with opened_raw(folder) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'person'"
        ).fetchone()
    content[(page - 1) * 4096 : page * 4096] = b"\x55" * 4096
    path.write_bytes(content)
    with pytest.raises(RegistryDamagedError):
        Registry.open(folder)


def test_a_registry_from_the_future_is_refused(folder: Path) -> None:
    with opened_raw(folder) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    with pytest.raises(RegistryTooNewError, match="newer version"):
        Registry.open(folder)


def test_every_step_is_numbered_and_the_last_is_todays_schema(folder: Path) -> None:
    names = [step.name for step in migrations.MIGRATIONS._migrations]
    assert [name[:5] for name in names] == [f"m{n:03}_" for n in range(1, len(names) + 1)]
    assert len(names) == SCHEMA
    with opened_raw(folder) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA,)


def with_more_steps(monkeypatch: pytest.MonkeyPatch, *scripts: str) -> None:
    later = Migrations("consent")
    later(name="m001_people_consents_biometrics_audit")(
        migrations.m001_people_consents_biometrics_audit
    )
    for number, script in enumerate(scripts, SCHEMA + 1):

        def step(db: Database, script: str = script, number: int = number) -> None:
            db.executescript(f"{script}; PRAGMA user_version = {number};")

        later(name=f"m{number:03}_trial")(step)
    monkeypatch.setattr(migrations, "MIGRATIONS", later)
    monkeypatch.setattr(store, "SCHEMA", SCHEMA + len(scripts))


def test_an_older_registry_is_brought_up_to_date(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_more_steps(monkeypatch, "CREATE TABLE trial (x TEXT) STRICT")
    for _ in range(2):
        with Registry.open(folder) as registry:
            assert registry.people()[0].name == NAME
    with opened_raw(folder) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA + 1,)
        assert connection.execute("SELECT count(*) FROM trial").fetchone() == (0,)


@pytest.mark.parametrize("released", range(1, SCHEMA))
def test_a_registry_of_every_earlier_schema_becomes_todays(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, released: int
) -> None:
    steps = migrations.MIGRATIONS._migrations
    earlier = Migrations("consent")
    for step in steps[:released]:
        earlier(name=step.name)(step.fn)
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "MIGRATIONS", earlier)
        patched.setattr(store, "SCHEMA", released)
        Registry.create(tmp_path / "old").close()
    Registry.open(tmp_path / "old").close()
    assert layout(tmp_path / "old") == layout(folder)


def layout(folder: Path) -> list[tuple[object, ...]]:
    """Every table, index, trigger and column of a registry."""
    with opened_raw(folder) as connection:
        objects = connection.execute(
            "SELECT type, name, tbl_name FROM sqlite_schema WHERE name NOT LIKE '%migrations%'"
        ).fetchall()
        columns = connection.execute(
            "SELECT m.name, c.name, c.type, c.[notnull] FROM sqlite_schema m, "
            "pragma_table_info(m.name) c WHERE m.name NOT LIKE '%migrations%'"
        ).fetchall()
    return sorted(objects) + sorted(columns)


def test_a_step_that_fails_leaves_the_registry_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        with_more_steps(patched, "CREATE TABLE trial (x TEXT) STRICT", "DROP TABLE nothing")
        with pytest.raises(sqlite3.OperationalError):
            Registry.open(folder)
    with Registry.open(folder) as registry:
        assert registry.people()[0].name == NAME
    with opened_raw(folder) as connection:
        assert not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'trial'").fetchall()


def test_a_registry_that_could_not_be_made_whole_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_more_steps(monkeypatch, "DROP TABLE nothing")
    with pytest.raises(sqlite3.OperationalError):
        Registry.create(tmp_path)
    assert not list(tmp_path.iterdir())


def test_plugins_of_the_store_do_not_run_on_peoples_data(folder: Path) -> None:
    seen: list[object] = []

    class Curious:
        @hookimpl
        def prepare_connection(self, conn: object) -> None:
            seen.append(conn)

    curious = Curious()
    pm.register(curious)
    try:
        with Registry.open(folder) as registry:
            registry.add_person("Anna Keller", [], on=TODAY)
    finally:
        pm.unregister(curious)
    assert seen == []


def test_a_change_holds_the_write_lock_from_its_start(folder: Path) -> None:
    with opened_raw(folder) as other, Store.open(folder / "registry.sqlite3") as opened:
        other.execute("PRAGMA busy_timeout = 0")
        with (
            opened.writing(),
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("BEGIN IMMEDIATE")


def test_a_writer_that_does_not_finish_is_not_waited_for_forever(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    with opened_raw(folder) as other, Registry.open(folder) as registry:
        other.execute("BEGIN IMMEDIATE")
        assert registry.people()
        with pytest.raises(RegistryBusyError, match="try again"):
            registry.audit("photo.checked")
        other.execute("ROLLBACK")
        registry.audit("photo.checked")


def test_a_registry_that_cannot_be_written_says_so_and_can_be_read(folder: Path) -> None:
    with Registry.open(folder) as registry:
        registry._store.connection.execute("PRAGMA query_only = ON")
        with pytest.raises(RegistryUnwritableError, match="the change was not made"):
            registry.add_person("Anna Keller", [], on=TODAY)
        assert len(registry.people()) == 1


def test_a_full_disk_records_nothing(folder: Path) -> None:
    with Registry.open(folder) as registry:
        connection = registry._store.connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(RegistryUnwritableError, match="free space"):
            for _ in range(500):
                registry.audit("photo.checked", sha256="0" * 64)
        assert registry.verify_audit().ok


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() == 0, reason="permissions bind neither root nor Windows"
)
def test_a_folder_that_cannot_be_written_holds_no_half_registry(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(RegistryUnwritableError):
        Registry.create(tmp_path)
    tmp_path.chmod(0o700)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RegistryUnwritableError):
        Registry.create(tmp_path / "file" / "registry")


def test_a_registry_whose_key_cannot_be_written_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARANCE_KEY_FILE", str(tmp_path / "no folder" / "key"))
    with pytest.raises(RegistryUnwritableError, match="CLEARANCE_KEY_FILE"):
        Registry.create(tmp_path / "registry")
    assert not list((tmp_path / "registry").iterdir())


def test_an_old_sqlite_is_named_rather_than_called_damage(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(SqliteTooOldError, match=r"3\.37"):
        Registry.open(folder)


def test_the_tables_are_strict_and_their_references_hold(folder: Path) -> None:
    with Store.open(folder / "registry.sqlite3") as opened:
        # The table that sqlite-utils keeps of the steps is its own.
        lax = opened.rows(
            "SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict "
            "AND name NOT LIKE 'sqlite%' AND name NOT LIKE '_sqlite%'"
        )
        assert [tuple(row) for row in lax] == []
        assert opened.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"), opened.writing():
            opened.connection.execute("DELETE FROM person")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_nobody_else_can_read_what_is_on_the_disk(folder: Path) -> None:
    with Registry.open(folder) as registry:
        registry.audit("photo.checked")
        open_to_others = [
            path for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o077
        ]
    assert not open_to_others
