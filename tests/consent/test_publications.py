"""What is on file of a publication is only ever added, and every tampering with it is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from consent.errors import PublicationChangedError, PublicationUnknownError, RegistryDamagedError
from consent.records import Showing, new_publication_id, publication_id_in
from consent.registry import Registry
from tests.consent.factories import bytes_on_disk, enrol

ID, OTHER = "pub-00000001", "pub-00000002"
SECRET = "the title of the picture of the open day"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.create(tmp_path / "registry") as made:
        yield made


@pytest.fixture
def elodie(registry: Registry) -> str:
    return enrol(registry)


def keep(registry: Registry, number: int, *shown: Showing, publication: str = ID) -> None:
    registry.keep_step(
        publication, number, f"{SECRET} {number}", shown, action="publication.test", told={}
    )


@pytest.fixture
def filed(registry: Registry, elodie: str) -> str:
    """A publication of three steps that shows Élodie."""
    for number in (1, 2, 3):
        keep(registry, number, Showing("t-1", elodie, ("A-1",)))
    return ID


def tamper(registry: Registry, sql: str) -> None:
    """What somebody without the key can do to the file."""
    database = registry._store.connection
    database.execute("DROP TRIGGER publication_event_is_never_edited")
    database.execute("DROP TRIGGER publication_event_is_never_removed")
    database.execute("PRAGMA foreign_keys = OFF")
    database.execute(sql)


def test_steps_in_order(registry: Registry, filed: str, elodie: str) -> None:
    found = registry.publication(filed)
    assert found.steps == tuple(f"{SECRET} {number}".encode() for number in (1, 2, 3))
    assert found.showings == {"t-1": Showing("t-1", elodie, ("A-1",))}
    assert registry.publications() == (found,)
    assert registry.publications_of(elodie) == (filed,)
    assert registry.verify_publications() == ()


def test_nothing_of_it_is_readable(registry: Registry, filed: str, tmp_path: Path) -> None:
    assert SECRET.encode() not in bytes_on_disk(tmp_path)


def test_a_step_out_of_turn(registry: Registry, filed: str) -> None:
    for number in (1, 3, 5):
        with pytest.raises(PublicationChangedError):
            keep(registry, number)
    with pytest.raises(PublicationUnknownError):
        keep(registry, 2, publication=OTHER)
    assert len(registry.publication(filed).steps) == 3


def test_an_event_is_never_edited_nor_removed(registry: Registry, filed: str) -> None:
    for sql in ("UPDATE publication_event SET number = 9", "DELETE FROM publication_event"):
        with pytest.raises(Exception, match="append-only"):
            registry._store.connection.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM publication_event WHERE number = 3",
        "DELETE FROM publication_event WHERE number = 1",
        "UPDATE publication_event SET number = 10 - number",
        "UPDATE publication_event SET body = zeroblob(60) WHERE number = 2",
        "UPDATE publication_event SET body = (SELECT max(body) FROM publication_event)",
        "DELETE FROM publication_person",
        "UPDATE publication_person SET person = (SELECT max(id) FROM person)",
        "UPDATE publication_person SET body = zeroblob(60)",
        "UPDATE publication SET seal = zeroblob(60)",
    ],
)
def test_tampering_is_damage(registry: Registry, filed: str, sql: str) -> None:
    enrol(registry, "Anna Keller", serial="B-1")
    enrol(registry, "Zoé Zbinden", serial="Z-1")
    tamper(registry, "DELETE FROM lookalike")
    before = registry.publication(filed)
    shown = next(iter(before.showings.values())).person
    registry._store.connection.execute(
        sql.replace(
            "(SELECT max(id) FROM person)", f"(SELECT max(id) FROM person WHERE id != '{shown}')"
        )
    )
    with pytest.raises(RegistryDamagedError):
        registry.publication(filed)
    with pytest.raises(RegistryDamagedError):
        registry.publications()
    with pytest.raises(RegistryDamagedError):
        keep(registry, 4)
    assert registry.verify_publications() == (filed,)


def test_one_that_was_taken_out_is_missed(registry: Registry, filed: str) -> None:
    tamper(registry, "DELETE FROM publication_event")
    registry._store.connection.execute("DELETE FROM publication_person")
    registry._store.connection.execute("DELETE FROM publication")
    assert registry.verify_publications() == (filed,)


def test_an_older_state_put_back_is_noticed(registry: Registry, filed: str) -> None:
    ((seal,),) = registry._store.connection.execute("SELECT seal FROM publication").fetchall()
    keep(registry, 4, *registry.publication(filed).showings.values())
    tamper(registry, "DELETE FROM publication_event WHERE number = 4")
    registry._store.connection.execute("UPDATE publication SET seal = ?", (seal,))
    assert len(registry.publication(filed).steps) == 3
    assert registry.verify_publications() == (filed,)


def test_events_of_two_publications_do_not_change_places(
    registry: Registry, filed: str, elodie: str
) -> None:
    for number in (1, 2, 3):
        keep(registry, number, publication=OTHER)
    tamper(
        registry, f"UPDATE publication_event SET body = zeroblob(1) WHERE publication = '{OTHER}'"
    )
    assert len(registry.publication(filed).steps) == 3
    assert registry.verify_publications() == (OTHER,)


def test_erasing_somebody_leaves_what_happened(
    registry: Registry, filed: str, elodie: str, tmp_path: Path
) -> None:
    registry.erase_person(elodie)
    found = registry.publication(filed)
    assert (found.showings, found.erased) == ({}, frozenset({"t-1"}))
    assert registry.stirred_publications() == (filed,)
    assert registry.verify_publications() == ()
    assert registry.verify_dossiers() == ()
    keep(registry, 4)
    assert registry.publication(filed).erased == frozenset()


def test_what_changes_a_dossier_stirs_its_publications(
    registry: Registry, filed: str, elodie: str
) -> None:
    keep(registry, 1, publication=OTHER)
    assert registry.stirred_publications() == ()
    registry.withdraw(elodie, None, registry.person(elodie).added_on)
    assert registry.stirred_publications() == (filed,)
    registry.calm_publications([filed])
    assert registry.stirred_publications() == ()


def test_a_backup_has_them(registry: Registry, filed: str, tmp_path: Path) -> None:
    registry.backup(tmp_path / "one.backup")
    key = tmp_path / "registry" / "institution.key"
    again = tmp_path / "again"
    again.mkdir()
    (again / "institution.key").write_bytes(key.read_bytes())
    (again / "institution.key").chmod(0o600)
    Registry.restore(tmp_path / "one.backup", again)
    with Registry.open(again) as restored:
        assert restored.publication(filed) == registry.publication(filed)


def test_ids_are_read_as_they_are_heard() -> None:
    made = new_publication_id()
    assert publication_id_in(f" {made.lower()} ") == made
    assert publication_id_in("PUB-o0il0000") == "pub-00110000"
    assert publication_id_in("p-00000000") is None
    assert publication_id_in("pub-0000") is None
