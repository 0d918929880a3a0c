"""Whoever is erased is gone from the disk; what nothing allows any more goes by itself."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from consent.errors import (
    OnHoldError,
    PersonUnknownError,
    RecordInvalidError,
    RegistryUnwritableError,
)
from consent.people import Holdings
from consent.policy import Policy
from consent.records import (
    Capacity,
    ExemptionKind,
    Portrait,
    Refusal,
    Status,
    Supersession,
    Terms,
)
from consent.registry import Registry
from tests.consent.factories import (
    NAME,
    NEXT_YEAR,
    PORTRAIT,
    RECOGNISER,
    SCAN,
    TEMPLATE,
    TODAY,
    TOMORROW,
    YESTERDAY,
    born,
    bytes_on_disk,
    enrol,
    enrol_child,
    record,
)

DAY = dt.timedelta(days=1)
CONTACT = "elodie@example.org"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "registry"


@pytest.fixture
def registry(folder: Path) -> Iterator[Registry]:
    with Registry.create(folder, Policy(exemptions=("crowd",))) as opened:
        yield opened


def enrol_fully(registry: Registry) -> str:
    """Élodie, of whom there is something in every table."""
    person = enrol(registry)
    changed = dataclasses.replace(
        registry.person(person), born=dt.date(1990, 2, 28), contact=CONTACT, language="fr"
    )
    registry.change_person(changed, on=TODAY)
    record(registry, person, serial="A-2", channels=["press"], biometric=False)
    registry.withdraw(person, "press", on=TODAY)
    registry.refuse(person, TODAY, channel="tv", note="a remark")
    return person


def kept_of(folder: Path, person: str) -> set[bytes]:
    """Everything encrypted, and every tag, that the registry keeps of a person now."""
    columns = {
        "person": ("id", "name, name_tag, born, details, seal"),
        "person_key": ("person", "wrapped"),
        "dossier_entry": ("person", "body"),
        "template": ("person", "data"),
    }
    files = ("SELECT file FROM portrait WHERE person = ?", "SELECT scan FROM form WHERE person = ?")
    found: set[bytes] = set()
    with closing(sqlite3.connect(folder / "registry.sqlite3")) as connection:
        for table, (key, names) in columns.items():
            rows = connection.execute(f"SELECT {names} FROM {table} WHERE {key} = ?", [person])
            found |= {value for row in rows for value in row if value}
        for sql in files:
            names_of_files = [name for (name,) in connection.execute(sql, [person])]
            found |= {(folder / "evidence" / name).read_bytes() for name in names_of_files}
    return found


def pieces_left(folder: Path, kept: Iterable[bytes]) -> list[bytes]:
    """Which pieces of 16 bytes lie anywhere beside the key: a page may hold the middle."""
    disk = bytes_on_disk(folder)
    pieces = {text[at : at + 16] for text in kept for at in range(0, len(text) - 15, 16)}
    return sorted(piece for piece in pieces if piece in disk)


# Erasing


def test_nothing_of_who_was_erased_is_left_on_the_disk(registry: Registry, folder: Path) -> None:
    person = enrol_fully(registry)
    earlier = kept_of(folder, person)
    registry.hold(person, TODAY, by="T. Roth", reason="a complaint")
    registry.lift_holds(person, TODAY, by="T. Roth")
    now = kept_of(folder, person)
    # Name, tag, birth, details, seal, key; two forms, four more entries; a template; three files.
    assert len(now) == 6 + 2 + 4 + 1 + 3
    # An earlier seal, too, may lie in a page that was freed.
    kept = now | earlier
    copy = folder / "registry.sqlite3.schema-4.backup"
    copy.write_bytes((folder / "registry.sqlite3").read_bytes())
    assert len(pieces_left(folder, now)) > len(now)
    registry.erase_person(person)
    assert not copy.exists()
    assert pieces_left(folder, kept) == []
    registry.close()
    assert pieces_left(folder, kept) == []
    texts = (NAME, CONTACT, "a remark", PORTRAIT.data[:24], SCAN[:24], TEMPLATE[:24])
    words = [text.encode() if isinstance(text, str) else text for text in texts]
    assert [word for word in words if word in bytes_on_disk(folder)] == []


def test_nothing_is_left_in_pages_whose_rows_have_moved(folder: Path) -> None:
    dice = random.Random(0)
    with Registry.create(folder) as registry:
        registry._store.connection.execute("PRAGMA synchronous = OFF")
        people = [registry.add_person(f"Person {n}", [], on=TODAY).id for n in range(300)]
        for person in people:
            registry.refuse(person, TODAY, channel="tv", note="x" * dice.randrange(400))
        dice.shuffle(people)
        for person in people[:200]:
            kept = kept_of(folder, person)
            registry.erase_person(person)
            assert pieces_left(folder, kept) == []
        assert {person.id for person in registry.people()} == set(people[200:])
        assert registry.verify_dossiers() == registry.verify_files() == ()
        registry.check_whole()


def test_everybody_else_is_still_there(registry: Registry, folder: Path) -> None:
    person, other = enrol_fully(registry), enrol(registry, "Anna Keller", "B-1")
    before = registry.dossier(other)
    registry.erase_person(person)
    assert registry.people() == [before.person]
    assert registry.dossier(other) == before
    assert registry.evidence_of("B-1") == SCAN
    assert [one.data for one in registry.portraits_of(other)] == [PORTRAIT.data]
    assert registry.gallery(RECOGNISER, TODAY) == ((other, TEMPLATE),)
    registry.close()
    with Registry.open(folder) as reopened:
        assert reopened.dossier(other) == before
        assert reopened.verify_dossiers() == reopened.verify_files() == ()
        assert reopened.overdue(TODAY) == (0, 0, 0)


def test_who_was_erased_is_unknown_and_their_serials_are_free(registry: Registry) -> None:
    person = enrol_fully(registry)
    registry.erase_person(person)
    for ask in (registry.person, registry.dossier, registry.holdings, registry.erase_person):
        with pytest.raises(PersonUnknownError):
            ask(person)
    with pytest.raises(PersonUnknownError):
        registry.find_person(NAME)
    with pytest.raises(RecordInvalidError, match="A-1"):
        registry.evidence_of("A-1")
    assert registry.figures().people == registry.figures().forms == 0
    enrol(registry)


def test_the_log_tells_of_an_erasure_and_names_nobody(registry: Registry) -> None:
    person = enrol_fully(registry)
    registry.erase_person(person, why="retention")
    assert registry.verify_audit().ok
    *_, last = registry.audit_entries()
    assert (last.action, last.subject) == ("person.erased", person)
    assert last.details == {
        "why": "retention",
        "forms": 2,
        "entries": 4,
        "portraits": 1,
        "templates": 1,
        "lookalikes": 0,
        "on_hold": False,
    }
    log = " ".join(map(str, registry.audit_entries()))
    assert not [word for word in (*NAME.split(), CONTACT, "1990-02-28", "a remark") if word in log]


def test_lookalikes_of_who_was_erased_stay_readable(registry: Registry) -> None:
    person, other = enrol(registry), enrol(registry, "Anna Keller", "B-1")
    third = registry.add_person("Mila Küng", [], on=TODAY).id
    registry.link_lookalikes(person, other)
    registry.link_lookalikes(third, person)
    registry.link_lookalikes(third, other)
    registry.erase_person(person)
    assert registry.dossier(other).lookalikes == {third}
    assert registry.dossier(third).lookalikes == {other}
    assert registry.verify_dossiers() == ()


def test_holdings_say_what_an_erasure_would_destroy(registry: Registry) -> None:
    nobody = registry.add_person("Anna Keller", [], on=TODAY).id
    assert registry.holdings(nobody) == Holdings(0, 0, 0, 0, 0, on_hold=False)
    person = enrol_fully(registry)
    registry.add_portrait(person, Portrait(b"second", ".jpg"), on=TODAY)
    registry.link_lookalikes(person, nobody)
    registry.hold(person, TODAY, by="T. Roth", reason="a complaint")
    expected = Holdings(forms=2, entries=5, portraits=2, templates=1, lookalikes=1, on_hold=True)
    assert registry.holdings(person) == expected
    registry.lift_holds(person, TODAY, by="T. Roth")
    freed = dataclasses.replace(expected, entries=6, on_hold=False)
    assert registry.erase_person(person) == freed


def test_nobody_on_hold_is_erased(registry: Registry, folder: Path) -> None:
    person = enrol(registry)
    registry.hold(person, TODAY, by="T. Roth", reason="a complaint")
    before, entries = registry.dossier(person), registry.verify_audit().entries
    copy = folder / "registry.sqlite3.schema-4.backup"
    copy.touch()
    with pytest.raises(OnHoldError, match="lift the hold first"):
        registry.erase_person(person)
    assert copy.exists()
    assert registry.dossier(person) == before
    assert registry.verify_audit().entries == entries
    assert registry.evidence_of("A-1") == SCAN


def test_an_earlier_copy_that_cannot_be_deleted_stops_the_erasure(
    registry: Registry, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, other = enrol(registry), enrol(registry, "Anna Keller", "B-1")
    copy = folder / "registry.sqlite3.schema-4.backup"
    copy.touch()
    unlink = Path.unlink

    def held_open(path: Path, *, missing_ok: bool = False) -> None:
        if path.suffix == ".backup":
            raise PermissionError(13, "another program has it open")
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", held_open)
        with pytest.raises(RegistryUnwritableError, match="the change was not made"):
            registry.erase_person(person)
        with pytest.raises(RegistryUnwritableError, match="the change was not made"):
            registry.merge_people(other, person, TODAY)
    assert registry.evidence_of("A-1") == SCAN
    assert len(registry.people()) == 2
    registry.erase_person(person)
    assert not copy.exists()


def test_a_file_that_cannot_be_deleted_is_said_and_goes_with_the_next_sweep(
    registry: Registry, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = enrol(registry)
    kept = kept_of(folder, person)

    def held_open(_path: Path, *, missing_ok: bool = False) -> None:
        raise PermissionError(13, "another program has it open")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", held_open)
        with pytest.raises(RegistryUnwritableError, match="the change is recorded"):
            registry.erase_person(person)
    assert registry.people() == []
    assert registry.sweep(TODAY) == 2
    assert pieces_left(folder, kept) == []


# Two records of one person


def two_records(registry: Registry) -> tuple[str, str]:
    """The record to keep, and the other, which has everything."""
    keep = enrol(registry, "Élodie Zürcher", "K-1")
    other = enrol_fully(registry)
    registry.exempt(
        other,
        TODAY,
        kind=ExemptionKind.CROWD,
        reason="a crowd",
        approver="T. Roth",
        channels=["tv"],
        valid_until=NEXT_YEAR,
    )
    registry.hold(other, TODAY, by="T. Roth", reason="a complaint")
    return keep, other


def test_merging_moves_everything_and_forgets_the_templates(
    registry: Registry, folder: Path
) -> None:
    keep, other = two_records(registry)
    first, second = registry.dossier(keep), registry.dossier(other)
    merged = registry.merge_people(keep, other, TODAY)
    registry.close()
    with Registry.open(folder) as reopened:
        dossier = reopened.dossier(keep)
        assert dossier.person == merged
        moved = [dataclasses.replace(one, person=keep) for one in second.consents]
        assert dossier.consents == (*first.consents, *moved)
        assert dossier.withdrawals == second.withdrawals
        assert dossier.refusals == second.refusals
        assert dossier.holds == second.holds
        assert dossier.exemptions == second.exemptions
        for serial in ("K-1", "A-1", "A-2"):
            assert reopened.evidence_of(serial) == SCAN
            assert reopened.consent(serial)[0].person.id == keep
        assert [one.data for one in reopened.portraits_of(keep)] == [PORTRAIT.data] * 2
        assert reopened.gallery(RECOGNISER, TODAY) == ()
        assert reopened.figures().templates == 0
        assert reopened.verify_dossiers() == reopened.verify_files() == ()
        assert reopened.overdue(TODAY) == (0, 0, 0)


def test_the_other_record_is_gone_from_the_disk(registry: Registry, folder: Path) -> None:
    keep, other = two_records(registry)
    kept = kept_of(folder, other)
    templates = {text for text in kept_of(folder, keep) if len(text) > len(TEMPLATE)} & {
        bytes(data) for (data,) in registry._store.rows("SELECT data FROM template")
    }
    assert len(templates) == 1
    copy = folder / "registry.sqlite3.schema-4.backup"
    copy.write_bytes((folder / "registry.sqlite3").read_bytes())
    registry.merge_people(keep, other, TODAY)
    assert not copy.exists()
    with pytest.raises(PersonUnknownError):
        registry.dossier(other)
    with pytest.raises(PersonUnknownError):
        registry.merge_people(keep, other, TODAY)
    assert pieces_left(folder, kept | templates) == []
    *_, last = registry.audit_entries()
    assert (last.action, last.subject) == ("people.merged", keep)
    assert last.details["other"] == other
    assert registry.verify_audit().ok


def test_the_careful_details_of_both_are_kept(registry: Registry) -> None:
    keep = registry.add_person("Élodie Z.", [], on=TODAY, capacity=Capacity.STAFF).id
    other = registry.add_person(
        NAME,
        [],
        on=YESTERDAY,
        born=dt.date(1990, 2, 28),
        contact=CONTACT,
        language="fr",
        capacity=Capacity.PATIENT,
    ).id
    left = dataclasses.replace(registry.person(other), status=Status.LEFT)
    registry.change_person(left, on=TODAY)
    merged = registry.merge_people(keep, other, TODAY)
    assert merged == dataclasses.replace(left, id=keep, name="Élodie Z.", added_on=TODAY)
    assert registry.person(keep) == merged
    assert registry.find_person("Élodie Z.").id == keep


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Capacity.STAFF, Capacity.PATIENT, Capacity.PATIENT),
        (Capacity.PATIENT, Capacity.STAFF, Capacity.PATIENT),
        (Capacity.STAFF, Capacity.VISITOR, Capacity.STAFF),
        (Capacity.OTHER, Capacity.VISITOR, Capacity.VISITOR),
        (Capacity.OTHER, Capacity.OTHER, Capacity.OTHER),
    ],
)
def test_a_patient_stays_one(
    registry: Registry, one: Capacity, other: Capacity, expected: Capacity
) -> None:
    first, second = (
        registry.add_person(NAME, [], on=TODAY, capacity=capacity).id for capacity in (one, other)
    )
    assert registry.merge_people(first, second, TODAY).capacity is expected


def test_two_days_of_birth_are_two_people(registry: Registry) -> None:
    first = registry.add_person(NAME, [], on=TODAY, born=dt.date(1990, 2, 28)).id
    second = registry.add_person(NAME, [], on=TODAY, born=dt.date(1991, 2, 28)).id
    entries = registry.verify_audit().entries
    with pytest.raises(RecordInvalidError, match="different days of birth"):
        registry.merge_people(first, second, TODAY)
    with pytest.raises(RecordInvalidError, match="themselves"):
        registry.merge_people(first, first, TODAY)
    for unknown in ((first, "p-00000000"), ("p-00000000", first)):
        with pytest.raises(PersonUnknownError):
            registry.merge_people(*unknown, TODAY)
    assert len(registry.people()) == 2
    assert registry.verify_audit().entries == entries
    born(registry, second, dt.date(1990, 2, 28))
    registry.merge_people(first, second, TODAY)


def test_lookalikes_of_both_are_lookalikes_of_the_one(registry: Registry) -> None:
    keep, other, twin, both = (
        registry.add_person(name, [], on=TODAY).id for name in ("A", "B", "C", "D")
    )
    for one, alike in ((keep, other), (other, twin), (keep, both), (other, both)):
        registry.link_lookalikes(one, alike)
    registry.merge_people(keep, other, TODAY)
    assert registry.dossier(keep).lookalikes == {twin, both}
    assert registry.dossier(twin).lookalikes == registry.dossier(both).lookalikes == {keep}
    assert registry.verify_dossiers() == ()


@pytest.mark.parametrize("change", ["withdrawn", "refused", "dead"])
def test_what_one_record_forbids_the_other_may_not_keep(
    registry: Registry, folder: Path, change: str
) -> None:
    keep = registry.add_person(NAME, [PORTRAIT], on=TODAY).id
    other = registry.add_person(NAME, [], on=TODAY).id
    if change == "withdrawn":
        record(registry, other)
        registry.withdraw(other, None, on=TODAY)
    elif change == "refused":
        registry.refuse(other, TODAY)
    else:
        dead = dataclasses.replace(registry.person(other), status=Status.DECEASED)
        registry.change_person(dead, on=TODAY)
    assert len(registry.portraits_of(keep)) == 1
    merged = registry.merge_people(keep, other, TODAY)
    assert (merged.status is Status.DECEASED) is (change == "dead")
    assert registry.portraits_of(keep) == ()
    assert registry.overdue(TODAY) == (0, 0, 0)


def test_a_portrait_that_waits_still_waits_after_a_merger(registry: Registry) -> None:
    keep = registry.add_person(NAME, [PORTRAIT], on=TODAY).id
    other = registry.add_person(NAME, [PORTRAIT], on=TODAY).id
    registry.merge_people(keep, other, TODAY)
    assert len(registry.portraits_of(keep)) == 2


# When nothing holds any more


def due(registry: Registry, on: dt.date) -> list[str]:
    return [person.id for person in registry.due_for_erasure(on)]


@pytest.mark.parametrize(
    ("years", "last", "kept_until"),
    [
        (10, dt.date(2026, 11, 30), dt.date(2036, 11, 30)),
        (10, dt.date(2027, 2, 28), dt.date(2037, 2, 28)),
        # There is no 29 February ten years on: a day longer, never a day less.
        (10, dt.date(2028, 2, 29), dt.date(2038, 3, 1)),
        (4, dt.date(2028, 2, 29), dt.date(2032, 2, 29)),
        (0, dt.date(2028, 2, 29), dt.date(2028, 2, 29)),
        (9000, dt.date(2027, 2, 28), dt.date(9999, 2, 28)),
    ],
)
def test_forms_are_kept_for_as_many_years_as_the_policy_says(
    folder: Path, years: int, last: dt.date, kept_until: dt.date
) -> None:
    with Registry.create(folder, Policy(retention_years=years)) as registry:
        person = registry.add_person(NAME, [], on=TODAY).id
        record(registry, person, valid_until=last)
        assert due(registry, kept_until) == []
        assert due(registry, kept_until + DAY) == [person]


def test_the_last_matter_counts_whatever_it_is(folder: Path) -> None:
    with Registry.create(folder, Policy(retention_years=1, exemptions=("crowd",))) as registry:
        nobody, withdrawn, refused, held, exempt, partly = (
            registry.add_person(name, [], on=TODAY).id for name in "ABCDEF"
        )
        record(registry, withdrawn, serial="A-1", valid_until=dt.date(2030, 1, 1))
        registry.withdraw(withdrawn, None, on=TODAY + 10 * DAY)
        record(registry, partly, serial="A-2", valid_until=dt.date(2030, 1, 1))
        registry.withdraw(partly, "print", on=TODAY)
        registry.refuse(refused, TODAY + 20 * DAY)
        registry.hold(held, TODAY, by="T. Roth", reason="a complaint")
        registry.exempt(
            exempt,
            TODAY,
            kind=ExemptionKind.CROWD,
            reason="a crowd",
            approver="T. Roth",
            channels=["tv"],
            valid_until=TODAY + 40 * DAY,
        )
        last_days = {nobody: 0, withdrawn: 10, refused: 20, exempt: 40}
        for person, days in last_days.items():
            last = (TODAY + days * DAY).replace(year=(TODAY + days * DAY).year + 1)
            assert person not in due(registry, last)
            assert person in due(registry, last + DAY)
        assert sorted(due(registry, dt.date(2030, 12, 1))) == sorted(last_days)
        registry.lift_holds(held, dt.date(2030, 1, 1), by="T. Roth")
        assert sorted(due(registry, dt.date(2031, 1, 1))) == sorted(last_days)
        assert sorted(due(registry, dt.date(2031, 1, 2))) == sorted([*last_days, held, partly])


def test_who_came_of_age_is_kept_from_that_day(folder: Path) -> None:
    with Registry.create(folder, Policy(retention_years=10)) as registry:
        child = enrol_child(registry, dt.date(2009, 2, 1))
        assert due(registry, dt.date(2037, 1, 31)) == []
        assert due(registry, dt.date(2037, 2, 1)) == [child]


# Templates and portraits


def assert_no_biometrics(registry: Registry, folder: Path, kept: Iterable[bytes]) -> None:
    assert registry.gallery(RECOGNISER, TODAY) == ()
    assert registry.figures().portraits == registry.figures().templates == 0
    assert pieces_left(folder, kept) == []
    assert registry.overdue(TODAY) == (0, 0, 0)


def biometrics_of(folder: Path) -> set[bytes]:
    """The encrypted templates and portraits."""
    with closing(sqlite3.connect(folder / "registry.sqlite3")) as connection:
        kept = {data for (data,) in connection.execute("SELECT data FROM template")}
        files = [name for (name,) in connection.execute("SELECT file FROM portrait")]
    kept |= {(folder / "evidence" / name).read_bytes() for name in files}
    assert len(kept) == 2
    return kept


def enrolled_child(registry: Registry) -> str:
    """A child with a portrait and a template."""
    child = enrol_child(registry, dt.date(2011, 5, 6))
    (portrait,) = registry.portraits_of(child)
    registry.store_templates(child, {portrait.id: TEMPLATE}, RECOGNISER, on=TODAY)
    return child


def test_a_renewal_without_the_tick_ends_the_matching(registry: Registry, folder: Path) -> None:
    person = enrol(registry)
    kept = biometrics_of(folder)
    record(registry, person, serial="A-2", biometric=False)
    assert registry.gallery(RECOGNISER, TODAY) == ((person, TEMPLATE),)
    record(
        registry,
        person,
        serial="A-3",
        signed=TODAY,
        terms=Terms(biometric=False),
        supersedes=(Supersession(serial="A-1"),),
    )
    assert_no_biometrics(registry, folder, kept)
    assert registry.evidence_of("A-1") == SCAN


def test_a_renewal_with_the_tick_keeps_the_face(registry: Registry) -> None:
    person = enrol(registry)
    renewed = (Supersession(serial="A-1"),)
    record(registry, person, serial="A-2", signed=TODAY, supersedes=renewed)
    assert registry.gallery(RECOGNISER, TODAY) == ((person, TEMPLATE),)
    assert len(registry.portraits_of(person)) == 1


def test_a_childs_no_ends_the_matching(registry: Registry, folder: Path) -> None:
    child = enrolled_child(registry)
    kept = biometrics_of(folder)
    assert registry.gallery(RECOGNISER, TODAY) == ((child, TEMPLATE),)
    registry.refuse(child, TODAY, by_child=True)
    assert_no_biometrics(registry, folder, kept)


def test_a_no_to_one_channel_keeps_the_face_for_the_others(registry: Registry) -> None:
    person = enrol(registry)
    registry.refuse(person, TODAY, channel="website")
    assert registry.gallery(RECOGNISER, TODAY) == ((person, TEMPLATE),)
    registry.refuse(person, TODAY, channel="print")
    assert registry.figures().templates == registry.figures().portraits == 0


def test_a_death_ends_the_matching(registry: Registry, folder: Path) -> None:
    person = enrol(registry)
    kept = biometrics_of(folder)
    dead = dataclasses.replace(registry.person(person), status=Status.DECEASED)
    registry.change_person(dead, on=TODAY)
    assert_no_biometrics(registry, folder, kept)
    assert registry.evidence_of("A-1") == SCAN


def test_a_hold_ends_no_matching(registry: Registry) -> None:
    person = enrol(registry)
    registry.hold(person, TODAY, by="T. Roth", reason="a complaint")
    assert registry.sweep(TODAY) == 0
    assert registry.gallery(RECOGNISER, TODAY) == ((person, TEMPLATE),)
    assert len(registry.portraits_of(person)) == 1


@pytest.mark.parametrize("days", [0, 30, 400])
def test_portraits_wait_for_a_consent_and_then_go(folder: Path, days: int) -> None:
    with Registry.create(folder, Policy(portrait_days=days)) as registry:
        person = registry.add_person(NAME, [PORTRAIT], on=TODAY).id
        (portrait,) = registry.portraits_of(person)
        with pytest.raises(RecordInvalidError, match="no template may be kept"):
            registry.store_templates(person, {portrait.id: TEMPLATE}, RECOGNISER, on=TODAY)
        assert registry.gallery(RECOGNISER, TODAY) == ()
        assert not registry.enrolled(TODAY)
        last = TODAY + days * DAY
        assert registry.overdue(last) == (0, 0, 0)
        assert registry.sweep(last) == 0
        assert registry.overdue(last + DAY) == (0, 1, 0)
        assert registry.sweep(last + DAY) == 1
        assert registry.portraits_of(person) == ()
        *_, swept = registry.audit_entries()
        assert (swept.action, swept.details["portraits"]) == ("registry.swept", 1)


def test_a_form_without_the_tick_lets_no_portrait_wait_longer(registry: Registry) -> None:
    person = registry.add_person(NAME, [PORTRAIT], on=TODAY).id
    record(registry, person, biometric=False)
    assert registry.gallery(RECOGNISER, TODAY) == ()
    assert registry.sweep(TODAY + 30 * DAY) == 0
    assert registry.sweep(TODAY + 31 * DAY) == 1


def test_a_child_who_comes_of_age_is_swept(registry: Registry) -> None:
    child = enrolled_child(registry)
    record(
        registry,
        child,
        serial="C-2",
        valid_until=dt.date(2035, 1, 1),
        signatories=registry.dossier(child).consents[0].signatories,
    )
    last = dt.date(2029, 5, 5)
    assert registry.sweep(last) == 0
    assert registry.gallery(RECOGNISER, last) == ((child, TEMPLATE),)
    assert registry.gallery(RECOGNISER, last + DAY) == ()
    assert registry.sweep(last + DAY) == 2


def test_taking_a_no_back_leaves_a_portrait_that_waits(registry: Registry, folder: Path) -> None:
    person = registry.add_person(NAME, [], on=TODAY).id
    no: Refusal = registry.refuse(person, TODAY)
    registry.add_portrait(person, PORTRAIT, on=TODAY)
    assert registry.take_back_refusals(person, TOMORROW) == 1
    assert registry.dossier(person).refusals == (dataclasses.replace(no, taken_back=TOMORROW),)
    assert [one.data for one in registry.portraits_of(person)] == [PORTRAIT.data]
    assert registry.overdue(TODAY) == (0, 0, 0)
