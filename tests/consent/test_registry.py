"""What the registry keeps, gives back, refuses and deletes."""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from consent.decision import Reason, decide
from consent.errors import (
    KeyMissingError,
    KeyWrongError,
    PersonAmbiguousError,
    PersonUnknownError,
    RecordInvalidError,
    RegistryDamagedError,
    RegistryUnwritableError,
    SerialTakenError,
)
from consent.policy import Policy
from consent.records import Evidence, Portrait, Use, Withdrawal
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
    enrol,
    record,
)

LATER = TODAY + dt.timedelta(days=40)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "registry"


@pytest.fixture
def registry(folder: Path) -> Iterator[Registry]:
    with Registry.create(folder) as opened:
        yield opened


def files_in(folder: Path) -> set[str]:
    return {path.name for path in (folder / "evidence").iterdir()} - {"unfinished"}


# People


def test_people_are_found_by_id_and_by_name(registry: Registry) -> None:
    anna = registry.add_person("Anna Keller", [], on=TODAY)
    elodie = registry.add_person(f"  {NAME} ", [], on=YESTERDAY)
    assert (elodie.name, elodie.added_on) == (NAME, YESTERDAY)
    assert registry.people() == [anna, elodie]
    assert registry.person(anna.id) == anna
    for ref in (anna.id, anna.id.lower(), "anna  KELLER"):
        assert registry.find_person(ref) == anna


@pytest.mark.parametrize("ref", ["Anna", "p-00000000", "", "%", "Anna Keller'--"])
def test_who_is_not_there_is_unknown(registry: Registry, ref: str) -> None:
    registry.add_person("Anna Keller", [], on=TODAY)
    with pytest.raises(PersonUnknownError):
        registry.find_person(ref)
    with pytest.raises(PersonUnknownError):
        registry.person(ref)
    with pytest.raises(PersonUnknownError):
        registry.add_portrait(ref, PORTRAIT, on=TODAY)
    with pytest.raises(PersonUnknownError):
        born(registry, ref, YESTERDAY)
    with pytest.raises(PersonUnknownError):
        record(registry, ref)
    with pytest.raises(PersonUnknownError):
        registry.withdraw(ref, None, on=TODAY)
    with pytest.raises(PersonUnknownError):
        registry.portraits_of(ref)
    with pytest.raises(PersonUnknownError):
        registry.dossier(ref)


def test_what_a_terminal_could_not_decode_is_nobodys_name(registry: Registry) -> None:
    registry.add_person("Anna Keller", [], on=TODAY)
    with pytest.raises(PersonUnknownError):
        registry.find_person("Anna Keller\udce9")


def test_two_people_of_one_name_are_told_apart_by_id(registry: Registry) -> None:
    first = registry.add_person("Anna Keller", [], on=TODAY)
    second = registry.add_person("ANNA KELLER", [], on=TODAY)
    with pytest.raises(PersonAmbiguousError) as caught:
        registry.find_person("Anna Keller")
    assert first.id in str(caught.value)
    assert second.id in str(caught.value)
    assert registry.find_person(second.id) == second


def test_a_day_of_birth_can_be_given_later_and_corrected(registry: Registry, folder: Path) -> None:
    child = registry.add_person("Mila Küng", [], on=TODAY, born=dt.date(2015, 3, 2))
    other = registry.add_person("Anna Keller", [], on=TODAY)
    assert (child.born, other.born) == (dt.date(2015, 3, 2), None)
    born(registry, other.id, dt.date(1980, 5, 5))
    corrected = born(registry, child.id, dt.date(2015, 2, 3))
    assert corrected.born == dt.date(2015, 2, 3)
    registry.close()
    with Registry.open(folder) as reopened:
        assert [person.born for person in reopened.people()] == [
            dt.date(1980, 5, 5),
            dt.date(2015, 2, 3),
        ]


def test_a_day_of_birth_that_cannot_be_changes_nothing(registry: Registry) -> None:
    with pytest.raises(RecordInvalidError, match="day of birth"):
        registry.add_person("Mila Küng", [], on=TODAY, born=TOMORROW)
    assert registry.people() == []
    child = registry.add_person("Mila Küng", [], on=TODAY, born=YESTERDAY)
    with pytest.raises(RecordInvalidError, match="day of birth"):
        born(registry, child.id, dt.date(1500, 1, 1))
    assert registry.person(child.id).born == YESTERDAY


def test_portraits_come_back_in_the_order_they_were_given(registry: Registry) -> None:
    person = registry.add_person(NAME, [PORTRAIT, Portrait(b"second", ".PNG")], on=TODAY)
    third = registry.add_portrait(person.id, Portrait(b"third", ".webp"), on=TODAY)
    portraits = registry.portraits_of(person.id)
    assert [p.data for p in portraits] == [PORTRAIT.data, b"second", b"third"]
    assert [p.suffix for p in portraits] == [".jpg", ".png", ".webp"]
    assert portraits[-1].id == third


def test_portraits_carry_the_day_they_were_added(registry: Registry) -> None:
    person = registry.add_person(NAME, [PORTRAIT], on=YESTERDAY)
    registry.add_portrait(person.id, PORTRAIT, on=TODAY)
    nobody = registry.add_person("Anna Keller", [], on=TODAY)
    assert [p.added_on for p in registry.portraits_of(person.id)] == [YESTERDAY, TODAY]
    assert registry.portrait_days() == {person.id: (YESTERDAY, TODAY)}
    assert nobody.id not in registry.portrait_days()


def test_later_portraits_come_with_templates_or_not_at_all(
    registry: Registry, folder: Path
) -> None:
    person = enrol(registry)
    new = {"0" * 16: Portrait(b"second", ".jpg"), "1" * 16: Portrait(b"third", ".jpg")}
    for broken in (
        {**new, "2" * 16: Portrait(b"", ".jpg")},
        {"0" * 16: PORTRAIT, "1" * 16: Portrait(b"x", ".jpg/../")},
    ):
        with pytest.raises(RecordInvalidError):
            registry.add_portraits(person, broken, TODAY, templates={"0" * 16: b"t"})
    with pytest.raises(RecordInvalidError, match="no portrait"):
        registry.add_portraits(person, new, TODAY, templates={"f" * 16: b"t"}, recogniser="r 1")
    registry.sweep(TODAY)
    assert len(registry.portraits_of(person)) == 1
    assert registry.gallery(RECOGNISER, TODAY) == ((person, TEMPLATE),)

    templates = {"1" * 16: b"of the third"}
    registry.add_portraits(person, new, TODAY, templates=templates, recogniser=RECOGNISER)
    assert [p.data for p in registry.portraits_of(person)] == [PORTRAIT.data, b"second", b"third"]
    assert registry.gallery(RECOGNISER, TODAY) == ((person, b"of the third"),)


def test_later_portraits_are_not_compared_without_the_tick(registry: Registry) -> None:
    person = registry.add_person(NAME, [], on=TODAY).id
    record(registry, person, biometric=False)
    new = {"0" * 16: PORTRAIT}
    with pytest.raises(RecordInvalidError, match="biometric"):
        registry.add_portraits(person, new, TODAY, templates={"0" * 16: b"t"}, recogniser="r 1")
    assert registry.portraits_of(person) == ()
    registry.add_portraits(person, new, TODAY)
    assert len(registry.portraits_of(person)) == 1


def test_the_templates_of_a_new_form_replace_those_of_the_last(registry: Registry) -> None:
    person = enrol(registry)
    second = registry.add_portrait(person, Portrait(b"second", ".jpg"), on=TODAY)
    record(registry, person, serial="B-2", templates={second: b"new"}, recogniser=RECOGNISER)
    assert registry.gallery(RECOGNISER, TODAY) == ((person, b"new"),)
    record(registry, person, serial="C-3")
    assert registry.gallery(RECOGNISER, TODAY) == ((person, b"new"),)


def test_a_person_with_a_portrait_that_cannot_be_kept_is_not_half_added(
    registry: Registry, folder: Path
) -> None:
    with pytest.raises(RecordInvalidError):
        registry.add_person(NAME, [PORTRAIT, Portrait(b"", ".jpg")], on=TODAY)
    assert registry.people() == []
    registry.sweep(TODAY)
    assert files_in(folder) == set()


# Consents


def test_a_form_comes_back_as_it_was_recorded(registry: Registry, folder: Path) -> None:
    person = registry.add_person(NAME, [], on=TODAY).id
    second = record(registry, person, serial=" B-2 ", channels=["tv"], biometric=False)
    first = record(registry, person, valid_from=TOMORROW)
    assert (second.serial, second.scope.valid_from) == ("B-2", YESTERDAY)
    assert first.evidence == Evidence(hashlib.sha256(SCAN).hexdigest(), ".pdf", len(SCAN))
    registry.close()
    with Registry.open(folder) as reopened:
        assert reopened.dossier(person).consents == (second, first)
        assert reopened.evidence_of("A-1") == SCAN


def test_a_serial_is_recorded_once(registry: Registry) -> None:
    person = registry.add_person(NAME, [], on=TODAY).id
    other = registry.add_person("Anna Keller", [], on=TODAY).id
    record(registry, person)
    with pytest.raises(SerialTakenError, match="A-1"):
        record(registry, other)
    assert registry.dossier(other).consents == ()


def test_only_the_channels_of_the_institution_can_be_recorded(folder: Path) -> None:
    Registry.create(folder).close()
    with Registry.open(folder, Policy(channels=("noticeboard",))) as registry:
        person = registry.add_person(NAME, [], on=TODAY).id
        record(registry, person, channels=["noticeboard"])
        with pytest.raises(RecordInvalidError, match="there are noticeboard"):
            record(registry, person, serial="A-2", channels=["website"])


def test_an_invalid_form_leaves_no_trace(registry: Registry, folder: Path) -> None:
    person = registry.add_person(NAME, [], on=TODAY).id
    entries = registry.verify_audit().entries
    with pytest.raises(RecordInvalidError):
        record(registry, person, signed=TOMORROW)
    with pytest.raises(RecordInvalidError):
        record(registry, person, evidence=b"")
    with pytest.raises(RecordInvalidError):
        record(registry, person, suffix="pdf")
    assert registry.dossier(person).consents == ()
    assert registry.verify_audit().entries == entries
    assert not (folder / "evidence").exists()


def test_no_form_with_that_serial(registry: Registry) -> None:
    with pytest.raises(RecordInvalidError, match="A-9"):
        registry.evidence_of("A-9")


def test_a_scan_that_was_lost_or_altered_is_damage(registry: Registry, folder: Path) -> None:
    person = registry.add_person(NAME, [], on=TODAY).id
    record(registry, person)
    (scan,) = (folder / "evidence").iterdir()
    scan.write_bytes(scan.read_bytes()[:-1])
    with pytest.raises(RegistryDamagedError, match="altered; restore"):
        registry.evidence_of("A-1")
    scan.unlink()
    with pytest.raises(RegistryDamagedError, match="backup"):
        registry.evidence_of("A-1")


def test_a_file_name_from_an_altered_registry_leads_nowhere_else(
    registry: Registry, folder: Path
) -> None:
    person = registry.add_person(NAME, [PORTRAIT], on=TODAY).id
    record(registry, person)
    registry._store.connection.execute("UPDATE portrait SET file = '../institution.key'")
    with pytest.raises(RegistryDamagedError):
        registry.portraits_of(person)
    with pytest.raises(RegistryDamagedError):
        registry.withdraw(person, None, on=TODAY)
    assert (folder / "institution.key").exists()


# Withdrawal


def test_a_withdrawal_blocks_and_forgets_the_face_at_once(registry: Registry, folder: Path) -> None:
    person = enrol(registry)
    assert registry.gallery(RECOGNISER, TODAY) == ((person, TEMPLATE),)
    assert registry.withdraw(person, None, on=TODAY) == 1
    assert registry.gallery(RECOGNISER, TODAY) == ()
    assert registry.portraits_of(person) == ()
    dossier = registry.dossier(person)
    assert dossier.withdrawals == (
        Withdrawal(effective=TODAY, serials=frozenset({"A-1"}), recorded_on=TODAY),
    )
    use = Use(channel="website", on=TODAY)
    assert decide(dossier, use, Policy()).reasons == (Reason.WITHDRAWN,)
    # The proof of what had been agreed to stays.
    assert registry.evidence_of("A-1") == SCAN
    assert len(files_in(folder)) == 1


def test_a_withdrawal_reaches_every_form_of_that_person_only(registry: Registry) -> None:
    person, other = enrol(registry), enrol(registry, "Anna Keller", "B-1")
    record(registry, person, serial="A-2", channels=["press"], biometric=False)
    assert registry.withdraw(person, None, on=TODAY) == 2
    assert registry.dossier(person).withdrawals[0].serials == {"A-1", "A-2"}
    assert registry.dossier(other).withdrawals == ()
    assert registry.gallery(RECOGNISER, TODAY) == ((other, TEMPLATE),)


def test_a_channel_withdrawn_keeps_the_face_until_no_channel_is_left(registry: Registry) -> None:
    person = enrol(registry)
    assert registry.withdraw(person, "website", on=TODAY) == 1
    assert registry.gallery(RECOGNISER, TODAY) == ((person, TEMPLATE),)
    assert registry.withdraw(person, "print", on=TODAY) == 1
    assert registry.gallery(RECOGNISER, TODAY) == ()
    assert registry.portraits_of(person) == ()


def test_there_must_be_something_to_withdraw(registry: Registry) -> None:
    person = registry.add_person(NAME, [], on=TODAY).id
    with pytest.raises(RecordInvalidError, match="no consent"):
        registry.withdraw(person, None, on=TODAY)
    record(registry, person)
    with pytest.raises(RecordInvalidError, match="'press'"):
        registry.withdraw(person, "press", on=TODAY)
    registry.withdraw(person, "print", on=TODAY)
    with pytest.raises(RecordInvalidError, match="'print'"):
        registry.withdraw(person, "print", on=TODAY)
    assert registry.withdraw(person, None, on=TODAY) == 1
    with pytest.raises(RecordInvalidError):
        registry.withdraw(person, None, on=TODAY)
    with pytest.raises(RecordInvalidError):
        registry.withdraw(person, "website", on=TODAY)


def test_an_ended_form_can_still_be_withdrawn(registry: Registry) -> None:
    person = registry.add_person(NAME, [], on=TODAY).id
    record(registry, person, valid_until=TODAY)
    assert registry.withdraw(person, None, on=LATER) == 1


def test_after_a_withdrawal_a_new_form_enrols_again(registry: Registry) -> None:
    person = enrol(registry)
    registry.withdraw(person, None, on=TODAY)
    portrait = registry.add_portrait(person, PORTRAIT, on=TODAY)
    record(
        registry,
        person,
        serial="A-2",
        signed=TODAY,
        templates={portrait: b"new"},
        recogniser=RECOGNISER,
    )
    assert registry.gallery(RECOGNISER, TODAY) == ((person, b"new"),)


def test_an_older_form_recorded_after_the_withdrawal_keeps_no_template(registry: Registry) -> None:
    person = enrol(registry)
    registry.withdraw(person, None, on=TODAY)
    portrait = registry.add_portrait(person, PORTRAIT, on=TODAY)
    record(
        registry,
        person,
        serial="A-2",
        signed=YESTERDAY,
        templates={portrait: b"x"},
        recogniser=RECOGNISER,
    )
    assert not registry.enrolled(TODAY)
    assert registry._store.rows("SELECT 1 FROM template") == []


# Templates


def test_the_gallery_holds_whom_a_consent_covers_that_day(registry: Registry) -> None:
    person = enrol(registry)
    assert registry.enrolled(TODAY)
    assert registry.gallery(RECOGNISER, NEXT_YEAR) == ((person, TEMPLATE),)
    for outside in (YESTERDAY - dt.timedelta(days=1), NEXT_YEAR + dt.timedelta(days=1)):
        assert registry.gallery(RECOGNISER, outside) == ()
        assert not registry.enrolled(outside)


def test_a_new_recogniser_takes_the_place_of_the_old_one(registry: Registry) -> None:
    person = enrol(registry)
    assert registry.outdated(RECOGNISER, TODAY) == {}
    assert registry.outdated("other 2", TODAY) == {person: frozenset({RECOGNISER})}
    assert registry.outdated("other 2", NEXT_YEAR + dt.timedelta(days=1)) == {}
    (portrait,) = registry.portraits_of(person)
    registry.store_templates(person, {portrait.id: b"other"}, "other 2", on=TODAY)
    assert registry.gallery("other 2", TODAY) == ((person, b"other"),)
    assert registry.gallery(RECOGNISER, TODAY) == registry.gallery("unknown", TODAY) == ()
    assert registry.outdated("other 2", TODAY) == {}


def test_refused_templates_leave_the_old_ones(registry: Registry) -> None:
    person = enrol(registry)
    with pytest.raises(RecordInvalidError, match="no portrait"):
        registry.store_templates(person, {"of somebody else": b"new"}, "other 2", on=TODAY)
    assert registry.gallery(RECOGNISER, TODAY) == ((person, TEMPLATE),)


def test_without_the_tick_no_template_is_kept(registry: Registry) -> None:
    person = registry.add_person(NAME, [PORTRAIT], on=TODAY).id
    (portrait,) = registry.portraits_of(person)
    templates = {portrait.id: TEMPLATE}
    with pytest.raises(RecordInvalidError, match="biometric"):
        record(registry, person, biometric=False, templates=templates, recogniser=RECOGNISER)
    record(registry, person, biometric=False)
    with pytest.raises(RecordInvalidError, match="biometric"):
        registry.store_templates(person, templates, RECOGNISER, on=TODAY)
    assert not registry.enrolled(TODAY)


def test_a_form_that_has_ended_keeps_no_template(registry: Registry) -> None:
    person = registry.add_person(NAME, [PORTRAIT], on=TODAY).id
    (portrait,) = registry.portraits_of(person)
    record(
        registry,
        person,
        valid_until=YESTERDAY,
        templates={portrait.id: TEMPLATE},
        recogniser=RECOGNISER,
    )
    assert registry._store.rows("SELECT 1 FROM template") == []


@pytest.mark.parametrize("recogniser", [None, ""])
def test_a_template_without_a_recogniser_is_refused(
    registry: Registry, recogniser: str | None
) -> None:
    person = registry.add_person(NAME, [PORTRAIT], on=TODAY).id
    (portrait,) = registry.portraits_of(person)
    with pytest.raises(RecordInvalidError, match="recogniser"):
        record(registry, person, templates={portrait.id: TEMPLATE}, recogniser=recogniser)
    assert registry.dossier(person).consents == ()


def test_a_template_of_somebody_elses_portrait_is_refused(registry: Registry) -> None:
    other = enrol(registry, "Anna Keller", "B-1")
    (portrait,) = registry.portraits_of(other)
    person = registry.add_person(NAME, [], on=TODAY).id
    with pytest.raises(RecordInvalidError, match=portrait.id):
        record(registry, person, templates={portrait.id: TEMPLATE}, recogniser=RECOGNISER)
    assert registry.gallery(RECOGNISER, TODAY) == ((other, TEMPLATE),)


def test_templates_cannot_be_swapped_between_people(registry: Registry) -> None:
    enrol(registry)
    enrol(registry, "Anna Keller", "B-1")
    registry._store.connection.execute(
        "UPDATE template SET data = (SELECT t.data FROM template t "
        "WHERE t.person != template.person)"
    )
    with pytest.raises(RegistryDamagedError, match="template"):
        registry.gallery(RECOGNISER, TODAY)


# What may not be kept


def test_sweeping_a_tidy_registry_writes_nothing(registry: Registry) -> None:
    enrol(registry)
    entries = registry.verify_audit().entries
    assert registry.sweep(TODAY) == 0
    assert registry.verify_audit().entries == entries


def test_what_a_consent_no_longer_covers_is_swept(registry: Registry, folder: Path) -> None:
    enrol(registry)
    ended = NEXT_YEAR + dt.timedelta(days=1)
    assert registry.sweep(NEXT_YEAR) == 0
    assert registry.sweep(ended) == 2
    assert registry._store.rows("SELECT 1 FROM template") == []
    assert len(files_in(folder)) == 1
    assert registry.sweep(ended) == 0


def test_portraits_wait_as_long_as_the_policy_says(folder: Path) -> None:
    with Registry.create(folder, Policy(portrait_days=10)) as registry:
        person = registry.add_person(NAME, [PORTRAIT], on=TODAY).id
        assert registry.sweep(TODAY + dt.timedelta(days=10)) == 0
        assert registry.sweep(TODAY + dt.timedelta(days=11)) == 1
        assert registry.portraits_of(person) == ()
    assert files_in(folder) == set()


def test_a_portrait_given_after_a_withdrawal_waits_no_longer_than_another(
    registry: Registry,
) -> None:
    person = enrol(registry)
    registry.withdraw(person, None, on=TODAY)
    registry.add_portrait(person, PORTRAIT, on=TODAY)
    assert registry.sweep(TODAY) == 0
    assert registry.sweep(LATER) == 1
    assert registry.portraits_of(person) == ()


@pytest.mark.parametrize("marked", [True, False])
def test_remains_of_an_interrupted_run_are_swept_and_nothing_else(
    registry: Registry, folder: Path, marked: bool
) -> None:
    enrol(registry)
    ours = files_in(folder)
    evidence = folder / "evidence"
    (evidence / ("0" * 64)).write_bytes(b"orphan")
    (evidence / f"{'0' * 64}.12345678.tmp").write_bytes(b"half")
    (evidence / "READ ME.txt").write_bytes(b"somebody's note")
    # A large folder is not listed at every start, unless a run left its mark.
    assert registry.sweep(TODAY) == 0
    if marked:
        (evidence / "unfinished").touch()
    assert registry.sweep(TODAY, thorough=not marked) == 2
    assert not (evidence / "unfinished").exists()
    assert files_in(folder) == ours | {"READ ME.txt"}


# All or nothing


def test_a_crash_before_the_end_records_nothing(
    registry: Registry, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = registry.add_person(NAME, [PORTRAIT], on=TODAY).id
    before = files_in(folder)

    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(registry._log, "append", power_cut)
        with pytest.raises(KeyboardInterrupt):
            record(registry, person)
    assert registry.dossier(person).consents == ()
    assert registry.sweep(TODAY) == 1
    assert files_in(folder) == before
    record(registry, person)


def test_a_disk_that_is_full_of_evidence_leaves_no_half_file(
    registry: Registry, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = registry.add_person(NAME, [PORTRAIT], on=TODAY).id
    before = files_in(folder)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("consent.files.os.fsync", full)
        with pytest.raises(RegistryUnwritableError, match="free space"):
            record(registry, person)
    assert files_in(folder) == before
    assert registry.dossier(person).consents == ()


def test_a_portrait_that_cannot_be_deleted_is_said_and_tried_again(
    registry: Registry, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = enrol(registry)

    def held_open(_path: Path, *, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, "another program has it open")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", held_open)
        with pytest.raises(RegistryUnwritableError, match="the change is recorded"):
            registry.withdraw(person, None, on=TODAY)
    assert registry.dossier(person).withdrawals
    assert registry.sweep(TODAY) == 1
    assert len(files_in(folder)) == 1


# Keys


def test_a_lost_key_is_missing_and_no_new_one_is_made(registry: Registry, folder: Path) -> None:
    registry.close()
    (folder / "institution.key").unlink()
    with pytest.raises(KeyMissingError, match=r"institution\.key"):
        Registry.open(folder)
    assert not (folder / "institution.key").exists()


def test_the_key_of_another_registry_is_wrong(
    registry: Registry, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.close()
    Registry.create(tmp_path / "other").close()
    monkeypatch.setenv("CLEARANCE_KEY_FILE", str(tmp_path / "other" / "institution.key"))
    with pytest.raises(KeyWrongError, match="was made with the key"):
        Registry.open(folder)


def test_a_key_kept_elsewhere_stays_there(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARANCE_KEY_FILE", str(tmp_path / "safe.key"))
    with Registry.create(folder) as registry:
        enrol(registry)
    assert not (folder / "institution.key").exists()
    with Registry.open(folder) as registry:
        assert registry.people()[0].name == NAME
    # A second registry of the house may use the same key.
    with Registry.create(tmp_path / "second") as second:
        enrol(second)
        assert second.people()[0].name == NAME


# Several processes, and a fast start

WRITER = """
import datetime as dt, sys, time
from pathlib import Path
import sqlite_utils
from consent.registry import Registry
folder = Path(sys.argv[1])
with Registry.open(folder) as registry:
    (folder / f"ready {sys.argv[2]}").touch()
    while len(list(folder.glob("ready *"))) < 2:
        time.sleep(0.001)
    for number in range(100):
        registry.audit("photo.checked", by=sys.argv[2], number=number)
        if number % 10 == 0:
            registry.add_person(f"Person {sys.argv[2]} {number}", [], on=dt.date(2026, 11, 21))
"""


def test_two_processes_write_at_once_and_nothing_is_lost(registry: Registry, folder: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(folder), name], stderr=subprocess.PIPE)
        for name in ("a", "b")
    ]
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors.decode()
    verdict = registry.verify_audit()
    assert verdict.ok
    assert verdict.entries == 1 + 2 * (100 + 10)
    assert len(registry.people()) == 20


def test_checking_photos_starts_without_what_only_recording_needs(
    registry: Registry, folder: Path
) -> None:
    enrol(registry)
    registry.close()
    code = (
        "import datetime as dt, sys; from pathlib import Path\n"
        "from consent.registry import Registry\n"
        "with Registry.open(Path(sys.argv[1])) as registry:\n"
        "    on = dt.date(2026, 11, 21)\n"
        "    (person, _), = registry.gallery(sys.argv[2], on)\n"
        "    registry.sweep(on); registry.person(person); registry.dossier(person).consents\n"
        "    registry.audit('photo.checked')\n"
        "sys.exit('sqlite_utils' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), RECOGNISER],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_lookalikes_are_linked_both_ways_and_once(registry: Registry) -> None:
    one, two, three = (registry.add_person(name, [], on=TODAY).id for name in ("A", "B", "C"))
    registry.link_lookalikes(two, one)
    registry.link_lookalikes(one, two)
    registry.link_lookalikes(one, three)
    assert registry.dossier(one).lookalikes == {two, three}
    assert registry.dossier(two).lookalikes == {one}


def test_nobody_is_their_own_lookalike(registry: Registry) -> None:
    one = registry.add_person("A", [], on=TODAY).id
    with pytest.raises(RecordInvalidError, match="two people"):
        registry.link_lookalikes(one, one)
    with pytest.raises(PersonUnknownError):
        registry.link_lookalikes(one, "p-00000000")
