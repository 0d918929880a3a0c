"""Who a person says a face is counts as certain, in that very file and nowhere else."""

from __future__ import annotations

import shutil
from pathlib import Path

import jsonschema
import pytest

from clearance.by_hand import contested_by, region
from clearance.clear import judge_recognised
from clearance.commandline import ExitCode
from clearance.errors import WordRefusedError
from clearance.results import FaceReason, Outcome
from clearance.use import IntendedUse
from consent.decision import Reason
from consent.errors import PersonUnknownError, RegistryDamagedError
from consent.records import Identification
from consent.registry import Registry
from detector.faces import Box, Certainty, Face, Match
from tests.clearance.test_judging import house_of
from tests.commands import PHOTOS, SAMPLES, run
from tests.consent.factories import NEXT_YEAR, TODAY, TOMORROW, bytes_on_disk, enrol, enrol_child
from tests.test_main_job import SCHEMA

LEFT = Face(Box(100, 100, 200, 240), 0.9)
RIGHT = Face(Box(400, 100, 500, 240), 0.9)
USE = IntendedUse(("website",), TODAY)
PICTURE = "a" * 64
BOX = (100, 100, 200, 240)


def a_word(person: str, face: Face = LEFT) -> Identification:
    box = (face.box.left, face.box.top, face.box.right, face.box.bottom)
    return Identification(
        id="w", picture=PICTURE, box=box, person=person, by="Anna Keller", on=TODAY
    )


def test_a_person_recognised_by_a_person_is_judged_by_their_form(tmp_path: Path) -> None:
    with Registry.create(tmp_path / "registry") as registry:
        person = enrol(registry)
        child = enrol_child(registry, TODAY.replace(year=2015))
        house = house_of(registry)
        for who in (person, child):
            result = judge_recognised(LEFT, Match.nobody(), a_word(who), USE, house)
            assert (result.outcome, result.reasons) == (
                Outcome.CLEARED,
                (FaceReason.RECOGNISED,),
            )
        press = IntendedUse(("press",), TODAY)
        result = judge_recognised(LEFT, Match.nobody(), a_word(person), press, house)
        assert result.outcome is Outcome.BLOCKED
        assert Reason.CHANNEL_NOT_COVERED in result.reasons


@pytest.mark.parametrize(
    ("certainty", "outcome"),
    [
        (Certainty.NONE, Outcome.CLEARED),
        (Certainty.LOOK, Outcome.CLEARED),
        (Certainty.CONFIDENT, Outcome.REVIEW),
    ],
)
def test_against_a_certain_likeness_of_somebody_else_a_person_looks_again(
    tmp_path: Path, certainty: Certainty, outcome: Outcome
) -> None:
    with Registry.create(tmp_path / "registry") as registry:
        person, other = enrol(registry), enrol(registry, "Anna Keller", "B-1")
        match = Match(certainty, other, 0.2, margin=9)
        house = house_of(registry)
        assert judge_recognised(LEFT, match, a_word(person), USE, house).outcome is outcome
        same = Match(certainty, person, 0.2, margin=9)
        told = judge_recognised(LEFT, same, a_word(person), USE, house)
        assert told.outcome is Outcome.CLEARED


def test_who_was_recognised_is_no_longer_certain_in_another_face() -> None:
    sure = Match(Certainty.CONFIDENT, "p-1", 0.2, margin=9)
    other = Match(Certainty.CONFIDENT, "p-2", 0.2, margin=9)
    words = [a_word("p-1"), None, None]
    first, second, third = contested_by([sure, sure, other], words)
    assert (first, third) == (sure, other)
    assert (second.certainty, second.contested) == (Certainty.LOOK, True)


def test_nobody_is_in_a_picture_twice() -> None:
    faces = [LEFT, RIGHT]
    assert region(faces, 2, "p-1", [a_word("p-2")]) == (400, 100, 500, 240)
    assert region(faces, 1, "p-1", [a_word("p-1")]) == BOX
    with pytest.raises(WordRefusedError, match="face 1 is said"):
        region(faces, 2, "p-1", [a_word("p-1")])
    with pytest.raises(WordRefusedError, match="no face 3"):
        region(faces, 3, "p-1", [])
    with pytest.raises(WordRefusedError, match="lies over"):
        region([LEFT, Face(Box(102, 100, 202, 240), 0.9)], 1, "p-1", [])


def test_a_word_is_kept_sealed_and_goes_with_the_person(tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    with Registry.create(folder) as registry:
        person, other = enrol(registry), enrol(registry, "Anna Keller", "B-1")
        first = registry.identify(PICTURE, BOX, person, by=" Bruno  Frei ", on=TODAY)
        assert first.by == "Bruno Frei"
        assert registry.identified_in(PICTURE) == (first,)
        assert registry.identified_in("b" * 64) == ()
        # A newer word on the same region takes the place of the older one.
        second = registry.identify(PICTURE, BOX, other, by="Bruno Frei", on=TOMORROW)
        assert registry.identified_in(PICTURE) == (second,)
        assert registry.identifications_of(person)[0].taken_back == TOMORROW
        with pytest.raises(PersonUnknownError):
            registry.identify(PICTURE, BOX, "p-00000000", by="Bruno Frei", on=TODAY)
        moved = registry.merge_people(person, other, on=TODAY)
        assert [word.person for word in registry.identified_in(PICTURE)] == [moved.id]
        assert b"Bruno" not in bytes_on_disk(folder)
        registry.take_back_identifications(
            registry.identified_in(PICTURE), by="Bruno Frei", on=NEXT_YEAR
        )
        assert registry.identified_in(PICTURE) == ()
        registry.identify(PICTURE, BOX, person, by="Bruno Frei", on=TODAY)
        registry.erase_person(person)
        assert registry.identified_in(PICTURE) == ()
        assert registry.verify_audit().ok


def test_a_word_cannot_be_moved_to_another_picture(tmp_path: Path) -> None:
    with Registry.create(tmp_path / "registry") as registry:
        person = enrol(registry)
        registry.identify(PICTURE, BOX, person, by="Bruno Frei", on=TODAY)
        registry._store.connection.execute("UPDATE identification SET picture = ?", ["b" * 64])
        with pytest.raises(RegistryDamagedError):
            registry.identified_in("b" * 64)


def test_with_matching_off_faces_are_assigned_by_hand(
    empty_registry: Path, evidence: Path, tmp_path: Path
) -> None:
    settings = empty_registry / "clearance.toml"
    text = settings.read_text(encoding="utf-8").replace("matching = true", "matching = false")
    settings.write_text(text, encoding="utf-8")
    photo = Path(shutil.copy(SAMPLES / "portraits" / "jurg-mettler-1.jpg", tmp_path))
    home = ("--registry", empty_registry)
    run("people", "add", "Jürg Mettler", *home).assert_exit(ExitCode.CLEARED)
    run(
        *("consent", "record", "Jürg Mettler", "--serial", "T-1", "--evidence", evidence),
        *(*PHOTOS, "--signed", "2026-01-10", "--until", "2036-01-10", "--channel", "website"),
        *home,
    ).assert_exit(ExitCode.CLEARED)
    common = ("check", photo, *home, "--channel", "website", "--json")
    run(*common).assert_exit(ExitCode.NOT_CLEARED)
    word = ("faces", "assign", photo, "--face", 1, "--by", "Anna Keller", *home)
    run(*word, "--person", "Nobody").assert_exit(ExitCode.REGISTRY)
    run(*word).assert_exit(ExitCode.USAGE)
    run(*word, "--person", "Jürg Mettler").assert_exit(ExitCode.CLEARED)
    document = run(*common).assert_exit(ExitCode.CLEARED).document
    jsonschema.validate(document, SCHEMA)
    (face,) = document["faces"]
    assert (face["outcome"], face["reasons"]) == ("cleared", ["recognised"])
    assert face["recognised"]["by"] == "Anna Keller"
    assert face["forms"] == ["T-1"]
    assert "Anna Keller" in run("check", photo, *home, "--channel", "website").result.stdout
    run(*word, "--undo").assert_exit(ExitCode.CLEARED)
    run(*common).assert_exit(ExitCode.NOT_CLEARED)
    run(*word, "--undo").assert_exit(ExitCode.USAGE)
