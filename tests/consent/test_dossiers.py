"""What is on file about a person comes back as it was filed, or is said to be damaged."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from consent.decision import Reason, decide
from consent.errors import PersonUnknownError, RegistryDamagedError
from consent.policy import Policy
from consent.records import (
    Capacity,
    Consent,
    Dossier,
    EvidenceLevel,
    ExemptionKind,
    Material,
    Paper,
    Person,
    Role,
    Secrecy,
    Signatory,
    Status,
    Supersession,
    Terms,
    Use,
    Withdrawal,
)
from consent.registry import Registry
from consent.signing import evidence_from
from tests.consent.factories import (
    NAME,
    NEXT_YEAR,
    PORTRAIT,
    SCAN,
    TODAY,
    TOMORROW,
    YESTERDAY,
    a_form,
    born,
    bytes_on_disk,
    record,
)

POLICY = Policy(exemptions=tuple(kind.value for kind in ExemptionKind))
CHILD_BORN = dt.date(2011, 5, 6)
FIRST_SIGNED = dt.date(2026, 3, 1)
SECRETS = (
    *NAME.split(),
    "AK-17",
    "Mila Küng",
    "elodie@example.org",
    "Gründungsfeier",
    "Nora Zürcher",
    "Émile Favre",
    "Großmutter",
    "Carla Meier",
    "Beistandschaft",
    "Blumenstrauß",
    "Überraschung",
    "Empfangsdame",
    "Reisepass",
    "Beschwerde beim Amt",
    "T. Röthlisberger",
    "Zuschauermenge",
    "Jubiläumslauf",
)


def childs_form(person: str) -> Consent:
    """A form on which every question is answered, signed by everybody who can sign one."""
    form = a_form(
        person,
        serial="C-1",
        materials=tuple(Material),
        channels=("website", "tv", "newsletter"),
        purposes=("events", "other"),
        valid_from=dt.date(2026, 1, 1),
        terms=Terms(
            biometric=True,
            named=True,
            editing=True,
            secrecy=Secrecy(presence=True, service=True, diagnosis=True),
            remuneration="ein Blumenstrauß",
        ),
        signatories=(
            Signatory(role=Role.SELF, name="Mila Küng"),
            Signatory(role=Role.GUARDIAN, name="Nora Zürcher", relation="Großmutter"),
            Signatory(role=Role.GUARDIAN, name="Émile Favre", relation="father"),
            Signatory(role=Role.REPRESENTATIVE, name="Carla Meier", basis="Beistandschaft"),
        ),
        sole_authority=True,
        paper=Paper(
            template="hospital",
            version=3,
            language="de",
            collected_by="die Empfangsdame",
            id_check="Reisepass",
        ),
    )
    scope = dataclasses.replace(
        form.scope, event="Gründungsfeier", territory=frozenset({"CH", "LI", "DE"})
    )
    evidence = dataclasses.replace(form.evidence, level=EvidenceLevel.QUALIFIED)
    return dataclasses.replace(form, scope=scope, evidence=evidence)


def renewal(person: str) -> Consent:
    """A form that takes the place of one wholly, and of another for a channel."""
    return a_form(
        person,
        serial="A-3",
        signed=TODAY,
        channels=("print", "social"),
        supersedes=(
            Supersession(serial="A-1"),
            Supersession(serial="A-2", channels=frozenset({"social"})),
        ),
    )


def fill(registry: Registry) -> tuple[str, str, str]:
    """Élodie, Anna and Mila, of whom everything there is on file."""
    elodie = registry.add_person(
        NAME,
        [PORTRAIT],
        on=YESTERDAY,
        born=dt.date(1990, 2, 28),
        contact="elodie@example.org",
        language="fr",
        capacity=Capacity.STAFF,
    ).id
    anna = registry.add_person("AK-17", [PORTRAIT], on=TODAY, coded=True).id
    mila = registry.add_person("Mila Küng", [], on=TODAY, born=CHILD_BORN).id
    registry.link_lookalikes(elodie, anna)
    record(registry, elodie, signed=FIRST_SIGNED)
    record(registry, elodie, serial="A-2", signed=FIRST_SIGNED, channels=("website", "social"))
    registry.record_consent(renewal(elodie), SCAN)
    record(registry, anna, serial="B-1")
    registry.record_consent(childs_form(mila), SCAN)
    registry.withdraw(elodie, "print", on=YESTERDAY, serial="A-1")
    registry.withdraw(elodie, "website", on=TODAY)
    registry.withdraw(anna, None, on=TODAY)
    registry.refuse(mila, TODAY, channel="tv", by_child=True, note="eine Überraschung")
    registry.refuse(elodie, YESTERDAY)
    registry.take_back_refusals(elodie, TODAY)
    registry.refuse(elodie, TODAY, channel="press")
    registry.hold(elodie, YESTERDAY, by="T. Röthlisberger", reason="eine Beschwerde beim Amt")
    registry.lift_holds(elodie, TODAY, by="Carla Meier")
    registry.hold(elodie, TODAY, by="T. Röthlisberger", reason="noch eine")
    for event in ("Jubiläumslauf", None):
        registry.exempt(
            elodie,
            TODAY,
            kind=ExemptionKind.CROWD,
            reason="eine Zuschauermenge",
            approver="T. Röthlisberger",
            channels=("website", "press"),
            valid_until=NEXT_YEAR,
            event=event,
        )
        if event:
            registry.end_exemptions(elodie, TODAY)
    changed = dataclasses.replace(registry.person(elodie), status=Status.LEFT)
    registry.change_person(changed, on=TODAY)
    return elodie, anna, mila


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[str, str, str]]:
    """A closed registry; to be read only."""
    folder = tmp_path_factory.mktemp("filled") / "registry"
    with Registry.create(folder, POLICY) as registry:
        return folder, fill(registry)


@pytest.fixture
def folder(filled: tuple[Path, tuple[str, str, str]], tmp_path: Path) -> Path:
    """A copy of it for one test to alter."""
    return Path(shutil.copytree(filled[0], tmp_path / "registry"))


@pytest.fixture
def ids(filled: tuple[Path, tuple[str, str, str]]) -> tuple[str, str, str]:
    return filled[1]


@pytest.fixture
def reopened(folder: Path) -> Iterator[Registry]:
    with Registry.open(folder, POLICY) as registry:
        yield registry


# What was filed


def test_every_dossier_is_equal_after_reopening(tmp_path: Path) -> None:
    with Registry.create(tmp_path / "registry", POLICY) as registry:
        fill(registry)
        before = list(registry.dossiers())
    with Registry.open(tmp_path / "registry", POLICY) as registry:
        assert list(registry.dossiers()) == before
        assert [registry.dossier(one.person.id) for one in before] == before
        assert registry.verify_dossiers() == registry.verify_files() == ()


def test_details_come_back(reopened: Registry, ids: tuple[str, str, str]) -> None:
    elodie, anna, mila = ids
    assert reopened.person(elodie) == Person(
        elodie,
        NAME,
        YESTERDAY,
        dt.date(1990, 2, 28),
        contact="elodie@example.org",
        language="fr",
        capacity=Capacity.STAFF,
        status=Status.LEFT,
    )
    assert reopened.person(anna) == Person(anna, "AK-17", TODAY, coded=True)
    assert reopened.person(mila).born == CHILD_BORN
    assert reopened.dossier(elodie).lookalikes == {anna}
    assert reopened.dossier(anna).lookalikes == {elodie}


def test_a_form_comes_back_with_every_answer(reopened: Registry, ids: tuple[str, str, str]) -> None:
    elodie, _, mila = ids
    assert reopened.dossier(mila).consents == (childs_form(mila),)
    assert reopened.dossier(elodie).consents == (
        a_form(elodie, signed=FIRST_SIGNED),
        a_form(elodie, serial="A-2", signed=FIRST_SIGNED, channels=("website", "social")),
        renewal(elodie),
    )
    assert childs_form(mila).evidence == evidence_from(SCAN, ".pdf", EvidenceLevel.QUALIFIED)


def test_what_was_taken_back_comes_back(reopened: Registry, ids: tuple[str, str, str]) -> None:
    elodie, anna, _ = ids
    assert reopened.dossier(elodie).withdrawals == (
        Withdrawal(
            effective=YESTERDAY,
            channel="print",
            serials=frozenset({"A-1"}),
            only=True,
            recorded_on=YESTERDAY,
        ),
        Withdrawal(
            effective=TODAY,
            channel="website",
            serials=frozenset({"A-1", "A-2"}),
            recorded_on=TODAY,
        ),
    )
    assert reopened.dossier(anna).withdrawals == (
        Withdrawal(effective=TODAY, serials=frozenset({"B-1"}), recorded_on=TODAY),
    )


def test_who_said_no_and_who_answers_comes_back(
    reopened: Registry, ids: tuple[str, str, str]
) -> None:
    elodie, _, mila = ids
    dossier = reopened.dossier(elodie)
    assert [(one.on, one.channel, one.taken_back) for one in dossier.refusals] == [
        (YESTERDAY, None, TODAY),
        (TODAY, "press", None),
    ]
    assert dossier.refusals[0].serials == {"A-1", "A-2", "A-3"}
    (no,) = reopened.dossier(mila).refusals
    assert (no.channel, no.by_child, no.note) == ("tv", True, "eine Überraschung")
    assert [(one.reason, one.lifted_on, one.lifted_by) for one in dossier.holds] == [
        ("eine Beschwerde beim Amt", TODAY, "Carla Meier"),
        ("noch eine", None, ""),
    ]
    assert {one.by for one in dossier.holds} == {"T. Röthlisberger"}
    assert [(one.event, one.ended_on) for one in dossier.exemptions] == [
        ("Jubiläumslauf", TODAY),
        (None, None),
    ]
    (exemption, _) = dossier.exemptions
    assert exemption.kind is ExemptionKind.CROWD
    assert exemption.channels == {"website", "press"}
    assert (exemption.on, exemption.valid_until) == (TODAY, NEXT_YEAR)
    assert (exemption.reason, exemption.approver) == ("eine Zuschauermenge", "T. Röthlisberger")


# Nobody reads it


def in_every_writing(text: str) -> set[bytes]:
    spellings = (text, text.casefold(), text.upper())
    found = {
        one.encode(codec) for one in spellings for codec in ("utf-8", "utf-16-le", "utf-16-be")
    }
    found |= {one.encode("latin-1", "ignore") for one in spellings}
    return found | {json.dumps(one).strip('"').encode() for one in spellings}


def test_nothing_of_a_dossier_is_written_readably(tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    with Registry.create(folder, POLICY) as registry:
        _, anna, _ = fill(registry)
        # Not everything empties the write-ahead log.
        registry.hold(anna, TODAY, by="T. Röthlisberger", reason="eine Beschwerde beim Amt")
        on_file = str(list(registry.dossiers()))
        assert (folder / "registry.sqlite3-wal").stat().st_size
        while_open = bytes_on_disk(folder)
    assert [text for text in SECRETS if text not in on_file] == []
    for content in (while_open, bytes_on_disk(folder)):
        found = {text for text in SECRETS for word in in_every_writing(text) if word in content}
        assert found == set()


# Whoever has the file but not the key


def alter(folder: Path, ids: tuple[str, str, str], *statements: str) -> None:
    """Change the file as somebody would who has no key."""
    names = dict(zip(("elodie", "anna", "mila"), ids, strict=True))
    with closing(sqlite3.connect(folder / "registry.sqlite3")) as connection:
        changed = connection.total_changes
        for statement in statements:
            connection.execute(statement, {**names, **older_values(folder, ids[0])})
        assert connection.total_changes > changed
        connection.commit()


def older_values(folder: Path, person: str) -> dict[str, bytes]:
    """What the person's row held in the older copy, if there is one."""
    if not (folder.parent / "older").exists():
        return {}
    with closing(sqlite3.connect(folder.parent / "older" / "registry.sqlite3")) as connection:
        columns = "name, name_tag, born, details, seal"
        row = connection.execute(f"SELECT {columns} FROM person WHERE id = ?", [person]).fetchone()
    return dict(zip(("o_name", "o_tag", "o_born", "o_details", "o_seal"), row, strict=True))


ELODIES = "WHERE person = :elodie"
OF_ANNA = "(SELECT {0} FROM person WHERE id = :anna)"
ENTRIES = {
    "edited": f"UPDATE dossier_entry SET body = zeroblob(length(body)) {ELODIES} AND number = 1",
    "cut short": f"UPDATE dossier_entry SET body = substr(body, 2) {ELODIES} AND number = 2",
    "another kind": f"UPDATE dossier_entry SET kind = 'hold_lifted' {ELODIES} AND kind = 'hold'",
    "an unknown kind": f"UPDATE dossier_entry SET kind = 'song' {ELODIES} AND kind = 'hold'",
    "the last deleted": "DELETE FROM dossier_entry WHERE id = "
    f"(SELECT id FROM dossier_entry {ELODIES} ORDER BY number DESC LIMIT 1)",
    "the first deleted": f"DELETE FROM dossier_entry {ELODIES} AND number = 1",
    "withdrawals deleted": f"DELETE FROM dossier_entry {ELODIES} AND kind = 'withdrawal'",
    "all deleted": f"DELETE FROM dossier_entry {ELODIES}",
    "numbered anew": f"UPDATE dossier_entry SET number = number + 100 {ELODIES} AND number = 1",
    "duplicated": "INSERT INTO dossier_entry (person, number, kind, body) "
    f"SELECT person, number + 100, kind, body FROM dossier_entry {ELODIES} AND number = 1",
    "moved to": "UPDATE dossier_entry SET person = :elodie, number = 101 WHERE person = :anna "
    "AND number = 1",
    "moved away": f"UPDATE dossier_entry SET person = :anna, number = 101 {ELODIES} AND number = 1",
    "one body for all": "UPDATE dossier_entry SET body = "
    f"(SELECT body FROM dossier_entry {ELODIES} AND number = 1) {ELODIES}",
}
PERSON = {
    "anothers name": f"UPDATE person SET name = {OF_ANNA.format('name')} WHERE id = :elodie",
    "anothers details": "UPDATE person SET details = "
    f"{OF_ANNA.format('details')} WHERE id = :elodie",
    "anothers birth": "UPDATE person SET born = (SELECT born FROM person WHERE id = :mila) "
    "WHERE id = :elodie",
    "anothers seal": f"UPDATE person SET seal = {OF_ANNA.format('seal')} WHERE id = :elodie",
    "anothers row": "UPDATE person SET (name, name_tag, born, details, seal) = "
    "(SELECT name, name_tag, born, details, seal FROM person WHERE id = :mila) "
    "WHERE id = :elodie",
    "found by anothers name": "UPDATE person SET name_tag = "
    f"{OF_ANNA.format('name_tag')} WHERE id = :elodie",
    "no birth": "UPDATE person SET born = NULL WHERE id = :elodie",
    "no details": "UPDATE person SET details = NULL WHERE id = :elodie",
    "no seal": "UPDATE person SET seal = NULL WHERE id = :elodie",
    "an empty seal": "UPDATE person SET seal = x'' WHERE id = :elodie",
    "another day": "UPDATE person SET added_on = '2001-01-01' WHERE id = :elodie",
    "anothers key": "UPDATE person_key SET wrapped = "
    f"(SELECT wrapped FROM person_key WHERE person = :anna) {ELODIES}",
}
LOOKALIKES = {
    "unlinked": "DELETE FROM lookalike WHERE :elodie IN (one, other)",
    "linked": "INSERT INTO lookalike VALUES (min(:elodie, :mila), max(:elodie, :mila))",
    "linked to nobody": "INSERT INTO lookalike VALUES (:elodie, 'p-zzzzzzzz')",
}


@pytest.mark.parametrize("statement", (ENTRIES | PERSON | LOOKALIKES).values(), ids=str)
def test_an_altered_dossier_is_damage_and_not_a_decision(
    folder: Path, ids: tuple[str, str, str], statement: str
) -> None:
    alter(folder, ids, statement)
    with Registry.open(folder, POLICY) as registry:
        assert ids[0] in registry.verify_dossiers()
        with pytest.raises(RegistryDamagedError, match=ids[0]):
            registry.dossier(ids[0])
        with pytest.raises(RegistryDamagedError):
            list(registry.dossiers())
        with pytest.raises(RegistryDamagedError):
            registry.withdraw(ids[0], None, on=TODAY)
        with pytest.raises(RegistryDamagedError):
            registry.change_person(registry_person(registry, ids[0]), on=TODAY)


def registry_person(registry: Registry, person: str) -> Person:
    """The person as far as they can be read; what a command would change and give back."""
    try:
        return registry.person(person)
    except RegistryDamagedError:
        return Person(person, NAME, YESTERDAY)


def test_two_entries_that_change_places_are_noticed(
    folder: Path, ids: tuple[str, str, str]
) -> None:
    swap = "UPDATE dossier_entry SET number = {1} WHERE person = :elodie AND number = {0}"
    alter(folder, ids, swap.format(1, 100), swap.format(2, 1), swap.format(100, 2))
    with Registry.open(folder, POLICY) as registry:
        assert registry.verify_dossiers() == (ids[0],)


def test_others_can_still_be_read_beside_an_altered_dossier(
    folder: Path, ids: tuple[str, str, str]
) -> None:
    alter(folder, ids, ENTRIES["edited"])
    with Registry.open(folder, POLICY) as registry:
        assert registry.verify_dossiers() == (ids[0],)
        assert registry.dossier(ids[1]).withdrawals
        assert registry.dossier(ids[2]).consents


def test_who_was_taken_out_of_the_file_is_missed(folder: Path, ids: tuple[str, str, str]) -> None:
    tables = ("dossier_entry", "form", "portrait", "template", "person_key")
    deletions = [f"DELETE FROM {table} WHERE person = :mila" for table in tables]
    alter(folder, ids, *deletions, "DELETE FROM person WHERE id = :mila")
    with Registry.open(folder, POLICY) as registry:
        assert registry.verify_dossiers() == (ids[2],)


def test_whose_key_was_taken_out_is_missed(folder: Path, ids: tuple[str, str, str]) -> None:
    alter(folder, ids, "DELETE FROM person_key WHERE person = :mila")
    with Registry.open(folder, POLICY) as registry:
        assert registry.verify_dossiers() == (ids[2],)
        with pytest.raises(PersonUnknownError):
            registry.dossier(ids[2])


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM form WHERE serial = 'A-1'",
        "UPDATE form SET last_day = '2099-12-31' WHERE serial = 'A-3'",
        "UPDATE form SET serial = 'Z-9' WHERE serial = 'A-1'",
        "UPDATE form SET person = :anna WHERE serial = 'A-1'",
        "INSERT INTO form VALUES ('Z-9', :elodie, '2027-01-01', 'nothing')",
        "INSERT INTO form VALUES ('Z-9', 'p-zzzzzzzz', '2027-01-01', 'nothing')",
    ],
)
def test_what_forms_are_found_by_is_checked(
    folder: Path, ids: tuple[str, str, str], statement: str
) -> None:
    alter(folder, ids, statement)
    with Registry.open(folder, POLICY) as registry:
        assert set(registry.verify_dossiers()) & {ids[0], "p-zzzzzzzz"}


def test_the_scan_of_another_form_is_no_proof(folder: Path, ids: tuple[str, str, str]) -> None:
    swap = "UPDATE form SET scan = '{1}' WHERE scan = '{0}'"
    with closing(sqlite3.connect(folder / "registry.sqlite3")) as connection:
        rows = connection.execute("SELECT scan FROM form WHERE serial IN ('A-1', 'A-2')").fetchall()
    one, other = (row[0] for row in rows)
    alter(folder, ids, swap.format(one, "x"), swap.format(other, one), swap.format("x", other))
    with Registry.open(folder, POLICY) as registry:
        for serial in ("A-1", "A-2"):
            with pytest.raises(RegistryDamagedError, match="evidence"):
                registry.evidence_of(serial)


# Older copies


@pytest.mark.parametrize("column", ["name", "born", "details", "seal"])
def test_an_older_value_in_a_persons_row_is_noticed(
    folder: Path, ids: tuple[str, str, str], column: str
) -> None:
    shutil.copytree(folder, folder.parent / "older")
    with Registry.open(folder, POLICY) as registry:
        changed = dataclasses.replace(
            registry.person(ids[0]),
            name="Élodie Favre",
            born=dt.date(1991, 1, 1),
            capacity=Capacity.PATIENT,
        )
        registry.change_person(changed, on=TODAY)
        assert registry.verify_dossiers() == ()
    alter(folder, ids, f"UPDATE person SET {column} = :o_{column} WHERE id = :elodie")
    with Registry.open(folder, POLICY) as registry:
        assert registry.verify_dossiers() == (ids[0],)
        with pytest.raises(RegistryDamagedError, match="altered"):
            registry.dossier(ids[0])


def put_back(folder: Path, person: str, *tables: str) -> None:
    """Put back every row about a person as an older copy has it, the seal among them."""
    with closing(sqlite3.connect(folder / "registry.sqlite3")) as connection:
        older = str(folder.parent / "older" / "registry.sqlite3")
        connection.execute("ATTACH ? AS older", [older])
        for table in ("person", "person_key", "dossier_entry", "form", *tables):
            mine = {"person": "id = ?1", "lookalike": "?1 IN (one, other)"}.get(
                table, "person = ?1"
            )
            connection.execute(f"DELETE FROM main.{table} WHERE {mine}", [person])
            connection.execute(
                f"INSERT OR REPLACE INTO main.{table} SELECT * FROM older.{table} WHERE {mine}",
                [person],
            )
        connection.commit()


CHANGES: dict[str, Callable[[Registry, tuple[str, str, str]], object]] = {
    "a withdrawal": lambda registry, ids: registry.withdraw(ids[2], None, on=TODAY),
    "a refusal": lambda registry, ids: registry.refuse(ids[2], TODAY),
    "a hold": lambda registry, ids: registry.hold(ids[2], TODAY, by="Anna", reason="why"),
    "a form": lambda registry, ids: registry.record_consent(
        dataclasses.replace(childs_form(ids[2]), serial="C-2"), SCAN
    ),
    "a birth": lambda registry, ids: born(registry, ids[2], dt.date(2012, 1, 1)),
    "a death": lambda registry, ids: registry.change_person(
        dataclasses.replace(registry.person(ids[2]), status=Status.DECEASED), on=TODAY
    ),
    "a look-alike": lambda registry, ids: registry.link_lookalikes(ids[2], ids[1]),
    "of the other": lambda registry, ids: registry.link_lookalikes(ids[1], ids[2]),
    "an erasure": lambda registry, ids: registry.erase_person(ids[2]),
    "a merger": lambda registry, ids: registry.merge_people(ids[1], ids[2], TODAY),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_an_older_copy_of_a_dossier_with_its_seal_is_noticed_by_the_log(
    folder: Path,
    ids: tuple[str, str, str],
    change: Callable[[Registry, tuple[str, str, str]], object],
) -> None:
    shutil.copytree(folder, folder.parent / "older")
    with Registry.open(folder, POLICY) as registry:
        change(registry, ids)
        assert registry.verify_dossiers() == ()
    put_back(folder, ids[2], "lookalike")
    with Registry.open(folder, POLICY) as registry:
        # By itself it is in order; only the log knows better.
        assert registry.dossier(ids[2]).person.name == "Mila Küng"
        assert registry.verify_audit().ok
        assert ids[2] in registry.verify_dossiers()


def test_what_a_rolled_back_withdrawal_would_have_cleared(
    folder: Path, ids: tuple[str, str, str]
) -> None:
    use = Use(channel="website", on=TODAY, purpose="events", event="Gründungsfeier")

    def reasons(dossier: Dossier) -> tuple[Reason, ...]:
        return decide(dossier, use, Policy(country="CH", worldwide_channels=())).reasons

    shutil.copytree(folder, folder.parent / "older")
    with Registry.open(folder, POLICY) as registry:
        assert reasons(registry.dossier(ids[2])) == ()
        registry.withdraw(ids[2], None, on=TODAY)
        assert reasons(registry.dossier(ids[2])) == (Reason.WITHDRAWN,)
    put_back(folder, ids[2])
    with Registry.open(folder, POLICY) as registry:
        assert reasons(registry.dossier(ids[2])) == ()
        assert registry.verify_dossiers() == (ids[2],)


def test_a_cut_off_log_does_not_hide_a_rolled_back_dossier(
    folder: Path, ids: tuple[str, str, str]
) -> None:
    shutil.copytree(folder, folder.parent / "older")
    with Registry.open(folder, POLICY) as registry:
        registry.withdraw(ids[2], None, on=TOMORROW)
    put_back(folder, ids[2])
    last = "number = (SELECT max(number) FROM audit)"
    alter(
        folder,
        ids,
        "DROP TRIGGER audit_is_never_shortened",
        *(f"DELETE FROM audit WHERE {last}" for _ in range(2)),
    )
    with Registry.open(folder, POLICY) as registry:
        assert not registry.verify_audit().ok
