"""A person's word is about one region of one file, and about nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearance.clear import judge
from clearance.errors import WordRefusedError
from clearance.not_a_face import regions, words_about, words_on
from clearance.results import FaceReason, Outcome
from clearance.use import IntendedUse
from consent.records import NotAFace
from consent.registry import Registry
from detector.faces import Box, Certainty, Face, Match
from tests.clearance.test_judging import house_of
from tests.consent.factories import TODAY, enrol

POSTER = Face(Box(100, 100, 200, 240), 0.9)
PERSON = Face(Box(400, 100, 500, 240), 0.9)
USE = IntendedUse(("website",), TODAY)


def a_word(box: Box, word: str = "w") -> NotAFace:
    sides = (box.left, box.top, box.right, box.bottom)
    return NotAFace(
        id=word, picture="0" * 64, box=sides, by="Anna Keller", reason="a poster", on=TODAY
    )


WORD = a_word(POSTER.box)


def moved(face: Face, across: int, view: int = 0) -> Face:
    box = Box(face.box.left + across, face.box.top, face.box.right + across, face.box.bottom)
    return Face(box, 0.9, view=view)


def test_a_word_is_about_the_face_in_its_place() -> None:
    assert words_about([PERSON, POSTER], [WORD]) == (None, WORD)
    assert words_about([], [WORD]) == ()


@pytest.mark.parametrize(("across", "same"), [(0, True), (8, True), (30, True), (40, False)])
def test_a_box_that_only_overlaps_is_another_face(across: int, same: bool) -> None:
    assert (words_about([moved(POSTER, across)], [WORD]) == (WORD,)) is same


def test_a_word_that_could_be_about_two_faces_is_about_neither() -> None:
    assert words_about([POSTER, moved(POSTER, 10)], [WORD]) == (None, None)


def test_a_face_in_a_hidden_picture_was_never_looked_at() -> None:
    assert words_about([moved(POSTER, 0, view=1)], [WORD]) == (None,)


def test_the_newest_word_counts() -> None:
    newer = a_word(POSTER.box, "newer")
    assert words_about([POSTER], [WORD, newer]) == (newer,)


NOBODY = Match.nobody()


def test_the_regions_are_those_of_the_numbers_each_once() -> None:
    found = regions([POSTER, PERSON], [NOBODY, NOBODY], [2, 2])
    assert found == ((400, 100, 500, 240),)


@pytest.mark.parametrize(
    ("faces", "match", "number", "complaint"),
    [
        ([POSTER], NOBODY, 0, "no face 0"),
        ([POSTER], NOBODY, 2, "no face 2"),
        ([POSTER], NOBODY, -1, "no face -1"),
        ([moved(POSTER, 0, view=1)], NOBODY, 1, "inside the file"),
        ([POSTER, moved(POSTER, 5)], NOBODY, 1, "lies over"),
        ([POSTER, moved(POSTER, 0, view=1)], NOBODY, 1, "lies over"),
        ([POSTER], Match(Certainty.LOOK, "p-1", 0.5, 0.1), 1, "resembles"),
        ([POSTER], Match(Certainty.CONFIDENT, "p-1", 0.2, 0.4), 1, "resembles"),
        ([POSTER], Match(Certainty.NONE, contested=True), 1, "resembles"),
    ],
)
def test_what_nobody_may_say_is_refused(
    faces: list[Face], match: Match, number: int, complaint: str
) -> None:
    with pytest.raises(WordRefusedError, match=complaint):
        regions(faces, [match] * len(faces), [number])


def test_every_word_on_a_face_is_taken_back() -> None:
    shifted = a_word(moved(POSTER, 8).box, "shifted")
    elsewhere = a_word(PERSON.box, "elsewhere")
    said = [WORD, shifted, elsewhere]
    assert words_on([POSTER, PERSON], [1], said) == (WORD, shifted)
    with pytest.raises(WordRefusedError, match="nobody has said"):
        words_on([POSTER, PERSON], [2], [WORD])
    with pytest.raises(WordRefusedError, match="no face 3"):
        words_on([POSTER, PERSON], [3], said)


def test_what_a_person_calls_no_face_may_be_published(tmp_path: Path) -> None:
    with Registry.create(tmp_path / "registry") as registry:
        house = house_of(registry)
        assert judge(POSTER, NOBODY, USE, house).outcome is Outcome.BLOCKED
        result = judge(POSTER, NOBODY, USE, house, WORD)
    assert (result.outcome, result.reasons) == (Outcome.EXEMPT, (FaceReason.NOT_A_FACE,))
    assert result.said == WORD
    assert set(result.channels.values()) == {Outcome.EXEMPT}


@pytest.mark.parametrize("certainty", [Certainty.LOOK, Certainty.CONFIDENT])
def test_a_likeness_speaks_against_the_word(tmp_path: Path, certainty: Certainty) -> None:
    with Registry.create(tmp_path / "registry") as registry:
        match = Match(certainty, enrol(registry), 0.2, 0.4)
        result = judge(POSTER, match, USE, house_of(registry), WORD)
        press = judge(POSTER, match, IntendedUse(("press",), TODAY), house_of(registry), WORD)
    assert result.outcome is Outcome.REVIEW
    assert FaceReason.NOT_A_FACE_DOUBTED in result.reasons
    assert not any(outcome.publishable for outcome in result.channels.values())
    # Somebody who has not agreed stays blocked.
    assert press.outcome is Outcome.BLOCKED


def test_a_face_that_lost_its_person_is_not_called_away(tmp_path: Path) -> None:
    with Registry.create(tmp_path / "registry") as registry:
        lost = Match(Certainty.NONE, contested=True)
        result = judge(POSTER, lost, USE, house_of(registry), WORD)
    assert result.outcome is Outcome.BLOCKED
    assert result.reasons == (FaceReason.NOT_A_FACE_DOUBTED, FaceReason.MATCHED_TWICE)
