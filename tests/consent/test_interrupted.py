"""A registry survives whatever ends a change: a kill, another writer, a disk, a cut, a link."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import errno
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clearance.commandline import ExitCode
from consent import store
from consent.errors import RegistryBusyError, RegistryDamagedError, RegistryUnwritableError
from consent.registry import DATABASE_NAME, Registry
from tests.commands import PHOTOS, ROOT, run
from tests.consent.dying import Act, Order, World, after, do, world_in
from tests.consent.factories import NAME, PORTRAIT, SCAN, TODAY, enrol, record

SEEDS = range(8)
KILLS_EACH = 25
ACTS = ("add", "record", "withdraw", "refuse", "change", "erase", "merge")


def an_act(act: str) -> Act:
    """An act in the registry of `folder`."""
    told = {"act": act, "name": NAME, "serial": "A-2", "contact": "12", "other": "Anna Keller"}
    return {**told, "name": "Beat Frei"} if act == "add" else told


class Stage:
    """The process in `tests.consent.dying`, which is given orders."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.consent.dying"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self, order: Order) -> None:
        """Have a worker begin."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(dataclasses.asdict(order)) + "\n")
        self.process.stdin.flush()

    def end(self) -> tuple[list[Act], list[Act], int]:
        """What the worker has done, what it had begun but not done, and how it ended."""
        assert self.process.stdout
        done: list[Act] = []
        begun: list[Act] = []
        while line := self.process.stdout.readline():
            told: dict[str, Any] = json.loads(line)
            if "ended" in told:
                return done, begun, told["ended"]
            if "done" in told:
                done.append(told["done"])
            begun = [told["begun"]] if "begun" in told else []
        raise AssertionError("the stage itself has ended")


@pytest.fixture(scope="module")
def stages() -> Iterator[tuple[Stage, Stage]]:
    if not hasattr(os, "fork"):
        pytest.skip("this platform does not fork")
    both = Stage(), Stage()
    yield both
    for stage in both:
        stage.process.communicate(timeout=10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A closed registry with two people in it."""
    folder = tmp_path / "registry"
    with Registry.create(folder) as registry:
        enrol(registry)
        registry.add_person("Anna Keller", [PORTRAIT], on=TODAY)
    return folder


def assert_whole(registry: Registry, told: object = "") -> None:
    """Nothing is half-written, lost or altered."""
    registry.check_whole()
    assert registry.verify_audit().ok, told
    assert registry.verify_dossiers() == (), told
    assert registry.verify_files() == (), told
    assert registry._store.rows("PRAGMA foreign_key_check") == [], told
    rows = registry._store.rows("SELECT serial, person FROM form")
    forms = {(row["serial"], row["person"]) for row in rows}
    dossiers = {person.id: registry.dossier(person.id) for person in registry.people()}
    assert forms == {(form.serial, id_) for id_, one in dossiers.items() for form in one.consents}
    for serial, _ in forms:
        assert registry.evidence_of(serial) == SCAN, told
    for person in dossiers:
        assert all(one.data == PORTRAIT.data for one in registry.portraits_of(person)), told
    entries = [entry.action for entry in registry.audit_entries()]
    gone = entries.count("person.erased") + entries.count("people.merged")
    assert len(dossiers) == entries.count("person.added") - gone, told


def assert_nothing_left(registry: Registry, told: object = "") -> None:
    """A sweep as every start makes it leaves nothing for a thorough one."""
    registry.sweep(TODAY)
    assert registry.overdue(TODAY) == (0, 0, 0), told


# A kill


@pytest.mark.parametrize("seed", SEEDS)
def test_whoever_is_killed_leaves_all_of_a_change_or_nothing(
    stages: tuple[Stage, Stage], tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    Registry.create(tmp_path / "registry").close()
    world: World = {}
    for turn in range(KILLS_EACH):
        end = {"ms": dice.uniform(1, 40)} if turn % 2 else {"calls": dice.randrange(1, 9000)}
        order = Order(str(tmp_path / "registry"), f"{seed}.{turn}", **end)
        stages[0].begin(order)
        done, begun, code = stages[0].end()
        told = f"{order}, done {done}, begun {begun}"
        assert code == -signal.SIGKILL, told
        for act in done:
            world = after(world, act)
        with Registry.open(tmp_path / "registry") as registry:
            found = world_in(registry)
            assert found in (world, *(after(world, act) for act in begun)), told
            if dice.random() < 0.5:
                assert_nothing_left(registry, told)
            assert_whole(registry, told)
        world = found


def kill_after_the_end(registry: Registry, act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do the act, but nothing that follows the end of its transaction."""

    def killed(*_: object, **_more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(registry, "_forget", killed)
        with pytest.raises(KeyboardInterrupt):
            do(registry, act)


@pytest.mark.parametrize("act", ["withdraw", "refuse", "erase", "merge"])
def test_the_next_start_deletes_what_a_change_had_only_forgotten(
    folder: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    with Registry.open(folder) as registry:
        kill_after_the_end(registry, an_act(act), monkeypatch)
    with Registry.open(folder) as registry:
        assert registry.sweep(TODAY) > 0
        assert_nothing_left(registry)
        assert_whole(registry)


# Another process


def test_two_processes_change_the_registry_at_once(
    stages: tuple[Stage, Stage], tmp_path: Path
) -> None:
    folder = tmp_path / "registry"
    Registry.create(folder).close()
    for stage, who in zip(stages, ("Anna", "Beat"), strict=True):
        stage.begin(Order(str(folder), "0", acts=12, only=who))
    world: World = {}
    for stage in stages:
        done, begun, code = stage.end()
        assert (len(done), begun, code) == (12, [], 0)
        for act in done:
            world = after(world, act)
    with Registry.open(folder) as registry:
        assert world_in(registry) == world
        assert_nothing_left(registry)
        assert_whole(registry)


def test_whoever_reads_what_another_process_changes_sees_no_damage(
    stages: tuple[Stage, Stage], tmp_path: Path
) -> None:
    folder = tmp_path / "registry"
    Registry.create(folder).close()
    stages[0].begin(Order(str(folder), "1", acts=40))
    with (
        concurrent.futures.ThreadPoolExecutor() as pool,
        Registry.open(folder) as registry,
    ):
        ended = pool.submit(stages[0].end)
        while not ended.done():
            assert registry.verify_audit().ok
            assert registry.verify_dossiers() == ()
            assert registry.verify_files() == ()
            assert all(dossier.person.name for dossier in registry.dossiers())
        _, _, code = ended.result()
    assert code == 0


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("holds", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def held_by_another_process(folder: Path) -> Iterator[None]:
    path = str(folder / DATABASE_NAME)
    arguments = [sys.executable, "-c", HOLDER, path]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline().strip() == b"holds"
        try:
            yield
        finally:
            holder.communicate(timeout=10)


def test_whoever_waits_too_long_for_another_process_is_told_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    with Registry.open(folder) as registry:
        before = world_in(registry)
        with held_by_another_process(folder):
            for act in ACTS:
                with pytest.raises(RegistryBusyError, match=r"within 0\.05 seconds; try again"):
                    do(registry, an_act(act))
            assert world_in(registry) == before
        assert_nothing_left(registry)
        assert_whole(registry)
        do(registry, an_act("withdraw"))


# A disk that does not take it


class Failing(sqlite3.Connection):
    """A connection whose statements fail once so many were carried out."""

    left: int | None = None
    code = sqlite3.SQLITE_FULL

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                error = sqlite3.OperationalError("the disk does not take it")
                error.sqlite_errorcode = self.code
                raise error
        return super().execute(sql, parameters)


def open_failing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Registry, Failing]:
    def connect(path: Path) -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level=None, factory=Failing)

    monkeypatch.setattr(store, "_connect", connect)
    registry = Registry.open(folder)
    connection = registry._store.connection
    assert isinstance(connection, Failing)
    return registry, connection


CODES = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR)


@pytest.mark.parametrize("act", ACTS)
def test_a_statement_that_fails_undoes_the_change_or_says_that_it_is_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    registry, connection = open_failing(folder, monkeypatch)
    with registry:
        before = world_in(registry)
        for number in itertools.count():
            connection.left, connection.code = number, CODES[number % len(CODES)]
            try:
                do(registry, an_act(act))
            except RegistryUnwritableError as error:
                made = "the change is recorded" in str(error)
                assert made != ("the change was not made" in str(error))
            else:
                made = True
            connection.left = None
            assert world_in(registry) == (after(before, an_act(act)) if made else before)
            assert_nothing_left(registry)
            assert_whole(registry)
            if made:
                break
        assert number > 3


@pytest.mark.parametrize("act", ACTS)
def test_a_read_only_registry_is_said_to_be_one_and_loses_nothing(folder: Path, act: str) -> None:
    with Registry.open(folder) as registry:
        before = world_in(registry)
        registry._store.connection.execute("PRAGMA query_only = ON")
        with pytest.raises(RegistryUnwritableError, match="the change was not made"):
            do(registry, an_act(act))
        registry._store.connection.execute("PRAGMA query_only = OFF")
        assert world_in(registry) == before
        assert_nothing_left(registry)
        assert_whole(registry)
        do(registry, an_act(act))


@pytest.mark.parametrize("act", sorted(set(ACTS) - {"change"}))
def test_a_folder_that_takes_no_files_refuses_what_needs_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with Registry.open(folder) as registry:
        before = world_in(registry)
        with monkeypatch.context() as patched:
            patched.setattr(Path, "touch", read_only)
            patched.setattr("consent.files.os.open", read_only)
            with pytest.raises(RegistryUnwritableError, match="the change was not made"):
                do(registry, an_act(act))
        assert world_in(registry) == before
        assert_whole(registry)


# A cut


@pytest.fixture
def remains(folder: Path, tmp_path: Path) -> Path:
    """What a killed process leaves of the registry: the last changes are in the log beside it."""
    with Registry.open(folder) as registry:
        for number in range(5):
            registry.add_person(f"Person {number}", [PORTRAIT], on=TODAY)
        shutil.copytree(folder, tmp_path / "remains")
    assert (tmp_path / "remains" / f"{DATABASE_NAME}-wal").stat().st_size > 20_000
    return tmp_path / "remains"


def test_what_a_killed_process_leaves_is_whole(remains: Path) -> None:
    with Registry.open(remains) as registry:
        assert len(registry.people()) == 7
        assert_whole(registry)


@pytest.mark.parametrize("seed", range(20))
def test_a_cut_log_of_the_database_loses_whole_changes_only(remains: Path, seed: int) -> None:
    log = remains / f"{DATABASE_NAME}-wal"
    log.write_bytes(log.read_bytes()[: random.Random(seed).randrange(log.stat().st_size)])
    with Registry.open(remains) as registry:
        assert 2 <= len(registry.people()) < 7
        assert_whole(registry)


@pytest.mark.parametrize("seed", range(20))
def test_a_cut_database_is_damaged_with_and_without_its_log(remains: Path, seed: int) -> None:
    dice = random.Random(seed)
    path = remains / DATABASE_NAME
    path.write_bytes(path.read_bytes()[: dice.randrange(path.stat().st_size)])
    if dice.random() < 0.5:
        (remains / f"{DATABASE_NAME}-wal").unlink()
    with pytest.raises(RegistryDamagedError, match="backup"):
        Registry.open(remains)


# A link


def linked(path: Path, target: Path) -> None:
    try:
        path.symlink_to(target, target_is_directory=target.is_dir())
    except OSError:
        pytest.skip("this account may not make links")


def test_a_scan_replaced_by_a_link_is_read_only_if_it_is_the_same(
    folder: Path, tmp_path: Path
) -> None:
    with Registry.open(folder) as registry:
        (row,) = registry._store.rows("SELECT scan FROM form")
        scan, elsewhere = folder / "evidence" / row["scan"], tmp_path / "elsewhere"
        scan.rename(elsewhere)
        linked(scan, elsewhere)
        assert registry.evidence_of("A-1") == SCAN
        elsewhere.write_bytes(b"another paper")
        with pytest.raises(RegistryDamagedError, match="was altered"):
            registry.evidence_of("A-1")
        assert registry.verify_files() == (row["scan"],)
        elsewhere.unlink()
        with pytest.raises(RegistryDamagedError, match="cannot be read"):
            registry.evidence_of("A-1")


def test_a_folder_of_evidence_that_links_elsewhere_is_not_believed(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "evidence").rename(tmp_path / "moved")
    (tmp_path / "foreign").mkdir()
    with Registry.open(folder) as registry:
        for real in (tmp_path / "moved").iterdir():
            (tmp_path / "foreign" / real.name).write_bytes(b"another paper")
        linked(folder / "evidence", tmp_path / "foreign")
        with pytest.raises(RegistryDamagedError, match="was altered"):
            registry.evidence_of("A-1")
        assert len(registry.verify_files()) == 3
        (folder / "evidence").unlink()
        linked(folder / "evidence", tmp_path / "nowhere")
        with pytest.raises(RegistryDamagedError, match="cannot be read"):
            registry.evidence_of("A-1")
        person = registry.find_person(NAME).id
        with pytest.raises(RegistryUnwritableError, match="the change was not made"):
            record(registry, person, serial="A-2")


@pytest.mark.parametrize(
    ("target", "said"), [("a folder", "this is a folder"), ("nothing", "no such file")]
)
def test_evidence_that_links_to_no_file_is_refused_by_name(
    folder: Path, tmp_path: Path, target: str, said: str
) -> None:
    (tmp_path / "a folder").mkdir()
    linked(tmp_path / "scan.pdf", tmp_path / target)
    told = run(
        *("consent", "record", NAME, "--serial", "A-2", "--evidence", tmp_path / "scan.pdf"),
        *("--channel", "website", "--signed", "2026-01-10", "--until", "2036-01-10", *PHOTOS),
        *("--registry", folder),
    ).assert_exit(ExitCode.INPUT_OR_OUTPUT)
    assert "The scan of the form cannot be used: scan.pdf" in told.result.stderr
    assert said in told.result.stderr
    with Registry.open(folder) as registry:
        assert world_in(registry)[NAME].forms == {"A-1"}
