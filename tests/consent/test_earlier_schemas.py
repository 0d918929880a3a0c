"""A registry of every released version is read by today's, and loses only what was readable."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database, Migrations

from consent import migrations, store
from consent.decision import decide
from consent.errors import KeyMissingError, RegistryTooNewError
from consent.policy import PURPOSES, Policy
from consent.records import EvidenceLevel, Material, Role, Use, Withdrawal
from consent.registry import Registry
from consent.store import SCHEMA
from tests.consent.factories import NAME, RECOGNISER, TODAY, YESTERDAY, bytes_on_disk

RELEASED = (1, 2, 3, 4, 5)
SEALED = 5
"""The first schema in which nothing of a form or a withdrawal was readable."""
STORED = Path(__file__).parent / "earlier"
PICTURE = "ab" * 32
BORN = dt.date(1990, 2, 28)
FACE = b"\xff\xd8 a portrait that somebody made up"
FACE_TEMPLATE = b"a template that somebody made up"
FORM = b"%PDF-1.7 a form that somebody made up "
READABLE = ("consent", "consent_channel", "withdrawal")


@pytest.fixture(params=RELEASED)
def released(request: pytest.FixtureRequest) -> int:
    """The number of a schema that was released."""
    return int(request.param)


@pytest.fixture
def folder(released: int, tmp_path: Path) -> Path:
    """A registry as the version of that schema left it."""
    folder = tmp_path / "registry"
    with zipfile.ZipFile(STORED / f"schema-{released}.zip") as packed:
        packed.extractall(folder)
    (folder / "institution.key").chmod(0o600)
    shutil.move(folder / "said.json", tmp_path / "said.json")
    return folder


@pytest.fixture
def said(folder: Path) -> dict[str, Any]:
    """What the earlier version answered."""
    told: dict[str, Any] = json.loads((folder.parent / "said.json").read_text(encoding="utf-8"))
    return told


@pytest.fixture
def registry(folder: Path) -> Iterator[Registry]:
    with Registry.open(folder) as opened:
        yield opened


def raw(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """What a file says to somebody without the key, who changes nothing in it."""
    uri = path.absolute().as_uri() + "?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        return connection.execute(sql).fetchall()


def copy_of(folder: Path, released: int) -> Path:
    return folder / f"registry.sqlite3.schema-{released}.backup"


def readable_records(database: Path) -> list[bytes]:
    """The readable rows of forms and withdrawals, as their texts lie in the file."""
    forms = raw(database, "SELECT serial || person || signed || valid_from FROM consent")
    channels = raw(database, "SELECT consent || channel FROM consent_channel")
    taken = raw(database, "SELECT consent || effective || coalesce(channel, '') FROM withdrawal")
    return [text.encode() for (text,) in forms + channels + taken]


def test_there_is_a_stored_registry_of_every_earlier_schema() -> None:
    assert tuple(range(1, SCHEMA)) == RELEASED
    assert {path.name for path in STORED.glob("*.zip")} == {f"schema-{n}.zip" for n in RELEASED}


def test_people_are_who_they_were(registry: Registry, said: dict[str, Any], released: int) -> None:
    anna, elodie = registry.people()
    assert (anna.id, anna.name) == (said["anna"], "Anna Keller")
    assert (elodie.id, elodie.name, elodie.added_on) == (said["elodie"], NAME, YESTERDAY)
    assert (anna.born, elodie.born) == (None, BORN if released >= 3 else None)
    alike = {said["anna"]} if released >= 2 else set()
    assert registry.dossier(said["elodie"]).lookalikes == alike
    assert registry.find_person(NAME) == elodie


def test_forms_are_read_as_the_yes_they_were_taken_for(
    registry: Registry, said: dict[str, Any]
) -> None:
    (form,) = registry.dossier(said["elodie"]).consents
    assert form.serial == "A-1"
    assert (form.signed, form.recorded_on) == (YESTERDAY, TODAY)
    assert form.scope.channels == {"website", "print"}
    assert form.scope.materials == {Material.PHOTO}
    assert form.scope.purposes == set(PURPOSES)
    assert (form.scope.valid_from, form.scope.valid_until) == (YESTERDAY, dt.date(2027, 11, 21))
    assert form.terms.biometric
    assert not (form.terms.named or form.terms.editing or form.terms.secrecy.presence)
    assert form.evidence.level is EvidenceLevel.WET_INK
    assert form.evidence.sha256 == hashlib.sha256(FORM + b"A-1").hexdigest()
    assert [one.role for one in form.signatories] == [Role.SELF]
    of_anna = registry.dossier(said["anna"]).consents
    assert {one.serial: set(one.scope.channels) for one in of_anna} == {
        "B-1": {"website", "tv"},
        "B-2": {"press"},
    }
    for serial in ("A-1", "B-1", "B-2"):
        assert registry.evidence_of(serial) == FORM + serial.encode()


def test_what_was_taken_back_stays_taken_back(registry: Registry, said: dict[str, Any]) -> None:
    assert registry.dossier(said["elodie"]).withdrawals == (
        Withdrawal(effective=TODAY, channel="print", serials=frozenset({"A-1"}), recorded_on=TODAY),
    )
    assert registry.dossier(said["anna"]).withdrawals == (
        Withdrawal(effective=TODAY, serials=frozenset({"B-1"}), recorded_on=TODAY),
    )


def test_faces_are_compared_as_before(registry: Registry, said: dict[str, Any]) -> None:
    (portrait,) = registry.portraits_of(said["elodie"])
    assert (portrait.id, portrait.data, portrait.suffix) == (said["portrait"], FACE, ".jpg")
    assert [day for day, who in said["gallery"].items() if who]
    for day, who in said["gallery"].items():
        found = registry.gallery(RECOGNISER, dt.date.fromisoformat(day))
        assert found == tuple((person, FACE_TEMPLATE) for person in who)


def test_every_decision_is_the_one_the_earlier_version_made(
    registry: Registry, said: dict[str, Any]
) -> None:
    policy = Policy()
    assert any(one["cleared"] for one in said["decisions"])
    for one in said["decisions"]:
        use = Use(channel=one["channel"], on=dt.date.fromisoformat(one["on"]))
        now = decide(registry.dossier(one["person"]), use, policy)
        told = {
            **one,
            "cleared": now.cleared,
            "reasons": [reason.value for reason in now.reasons],
            "valid_until": now.valid_until and now.valid_until.isoformat(),
        }
        assert told == one


def test_portraits_are_swept_when_the_form_has_ended(
    registry: Registry, said: dict[str, Any]
) -> None:
    ended = dt.date(2027, 11, 22)
    assert registry.sweep(ended - dt.timedelta(days=1)) == 0
    assert registry.sweep(ended) == 2
    assert registry.portraits_of(said["elodie"]) == ()
    assert [one.consent.serial for one in registry.expiring(TODAY, 400)] == ["A-1", "B-2"]


def test_words_on_pictures_still_stand(registry: Registry, released: int) -> None:
    words = registry.not_faces_in(PICTURE)
    if released < 4:
        assert words == ()
        return
    (word,) = words
    assert (word.box, word.by, word.reason, word.on) == (
        (1, 2, 30, 40),
        "T. Roth",
        "a poster",
        TODAY,
    )


def test_who_was_recognised_still_is(
    registry: Registry, said: dict[str, Any], released: int
) -> None:
    found = registry.identifications_of(said["elodie"])
    if released < SEALED:
        assert found == ()
        return
    (word,) = found
    assert (word.picture, word.box, word.by) == (PICTURE, (10, 20, 60, 80), "T. Roth")


def test_nothing_was_published_yet(registry: Registry, said: dict[str, Any]) -> None:
    assert registry.publications() == ()
    assert registry.publications_of(said["elodie"]) == ()
    assert registry.verify_publications() == ()


def test_the_log_goes_on_where_it_was(registry: Registry, folder: Path, released: int) -> None:
    before = raw(copy_of(folder, released), "SELECT number, action, hash FROM audit")
    entries = list(registry.audit_entries())
    assert [(one.number, one.action, one.hash) for one in entries[: len(before)]] == before
    since = {"dossier.sealed"} if released < SEALED else set()
    assert {one.action for one in entries[len(before) :]} == since
    assert registry.verify_audit().ok
    assert registry.verify_dossiers() == registry.verify_files() == ()


def test_what_was_readable_is_gone_from_the_file(folder: Path, released: int) -> None:
    database = folder / "registry.sqlite3"
    records = readable_records(database)
    assert len(records) == (3 + 5 + 2 if released < SEALED else 0)
    assert [text for text in records if text not in database.read_bytes()] == []
    Registry.open(folder).close()
    for table in READABLE:
        assert raw(database, f"SELECT * FROM {table}") == []
    shutil.move(copy_of(folder, released), folder.parent)
    assert [text for text in records if text in bytes_on_disk(folder)] == []


def test_a_copy_of_the_earlier_file_lies_beside_it(folder: Path, released: int) -> None:
    database, copy = folder / "registry.sqlite3", copy_of(folder, released)
    everything = {table: raw(database, f"SELECT * FROM {table}") for table in READABLE}
    Registry.open(folder).close()
    assert {path.name for path in folder.iterdir()} == {
        "evidence",
        "institution.key",
        "registry.sqlite3",
        copy.name,
    }
    if os.name == "posix":
        assert copy.stat().st_mode & 0o777 == 0o600
    copy.chmod(0o400)
    assert raw(copy, "PRAGMA user_version") == [(released,)]
    assert raw(copy, "PRAGMA integrity_check") == [("ok",)]
    assert {table: raw(copy, f"SELECT * FROM {table}") for table in READABLE} == everything


def test_the_copy_can_take_the_place_of_the_file(
    folder: Path, said: dict[str, Any], released: int
) -> None:
    Registry.open(folder).close()
    copy_of(folder, released).replace(folder / "registry.sqlite3")
    with Registry.open(folder) as registry:
        assert [one.serial for one in registry.dossier(said["elodie"]).consents] == ["A-1"]


def test_erasing_somebody_reaches_the_copy_too(
    folder: Path, said: dict[str, Any], released: int
) -> None:
    database = folder / "registry.sqlite3"
    key_of = f"SELECT wrapped FROM person_key WHERE person = '{said['elodie']}'"
    ((wrapped,),) = raw(database, key_of)
    with Registry.open(folder) as registry:
        assert copy_of(folder, released).exists()
        registry.erase_person(said["elodie"])
        assert [person.id for person in registry.people()] == [said["anna"]]
        assert registry.dossier(said["anna"]).lookalikes == frozenset()
        after = bytes_on_disk(folder)
    assert not copy_of(folder, released).exists()
    assert [wrapped[at : at + 16] in after for at in range(0, len(wrapped) - 16, 16)] == [False] * 3


def test_a_second_opening_changes_nothing(folder: Path) -> None:
    Registry.open(folder).close()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    Registry.open(folder).close()
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after == before


def test_a_file_of_a_newer_version_is_refused_and_left_alone(folder: Path) -> None:
    database = folder / "registry.sqlite3"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    before = database.read_bytes()
    with pytest.raises(RegistryTooNewError, match="newer version"):
        Registry.open(folder)
    assert database.read_bytes() == before
    assert not list(folder.glob("*.backup"))


def test_a_step_that_fails_leaves_the_earlier_file_as_it_was(
    folder: Path, said: dict[str, Any], released: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Migrations("consent")
    for step in migrations.MIGRATIONS._migrations:
        broken(name=step.name)(step.fn)

    def fails(db: Database) -> None:
        db.executescript("CREATE TABLE trial (x TEXT) STRICT; DROP TABLE nothing;")

    broken(name=f"m{SCHEMA + 1:03}_trial")(fails)
    database = folder / "registry.sqlite3"
    before = database.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "MIGRATIONS", broken)
        patched.setattr(store, "SCHEMA", SCHEMA + 1)
        with pytest.raises(sqlite3.OperationalError):
            Registry.open(folder)
    assert database.read_bytes() == before
    assert raw(database, "PRAGMA user_version") == [(released,)]
    with Registry.open(folder) as registry:
        assert registry.dossier(said["elodie"]).withdrawals


def test_forms_that_could_not_be_moved_are_moved_the_next_time(
    folder: Path, said: dict[str, Any], released: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if released >= SEALED:
        pytest.skip("nothing is moved: the dossiers are sealed already")
    database = folder / "registry.sqlite3"

    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("consent.audit.AuditLog.append", power_cut)
        with pytest.raises(KeyboardInterrupt):
            Registry.open(folder)
    assert len(raw(database, "SELECT * FROM consent")) == 3
    assert raw(database, "SELECT * FROM dossier_entry") == []
    with Registry.open(folder) as registry:
        assert len(registry.dossier(said["anna"]).consents) == 2
        assert registry.verify_audit().ok
    assert raw(database, "SELECT * FROM consent") == []


def test_without_its_key_nothing_is_lost(folder: Path, said: dict[str, Any]) -> None:
    (folder / "institution.key").rename(folder.parent / "away")
    with pytest.raises(KeyMissingError):
        Registry.open(folder)
    (folder.parent / "away").rename(folder / "institution.key")
    with Registry.open(folder) as registry:
        assert len(registry.dossier(said["anna"]).consents) == 2
