"""What people decide: who said it is kept, it counts at once, and it can be taken back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clearance.checklist import ChecklistItem, checklist_for
from clearance.errors import WordRefusedError
from clearance.face_groups import FaceGroup, Member
from clearance.results import FaceReason, Outcome, PhotoResult
from consent.errors import RecordInvalidError
from consent.registry import Registry
from review.albums import Albums
from review.decisions import Decisions
from review.errors import DecisionRefusedError
from review.pictures import Pictures
from review.records import Answer, Tile, Verb
from tests.review.deciding import BY, settle


@pytest.fixture
def decisions(albums: Albums) -> Decisions:
    """What decides at the desk."""
    return Decisions(albums)


@pytest.fixture
def doubtful(albums: Albums, tiles: dict[str, Tile]) -> str:
    """The id of a picture with a suggestion, somebody blocked, and another suggestion."""
    item = tiles["02.jpg"].item.id
    outcomes = [face.outcome for face in albums.verdict(item).faces]
    assert outcomes == [Outcome.REVIEW, Outcome.BLOCKED, Outcome.REVIEW]
    return item


def faces_of(albums: Albums, item: str) -> list[tuple[str | None, Outcome]]:
    """Whom each face is taken for, and the verdict on it."""
    return [(face.person, face.outcome) for face in albums.verdict(item).faces]


def test_a_suggestion_that_is_confirmed_clears_and_is_taken_back(
    albums: Albums, decisions: Decisions, doubtful: str
) -> None:
    before = faces_of(albums, doubtful)
    person = before[0][0]
    assert person
    made = decisions.identify(doubtful, 1, person, by=BY, why="a colleague")
    assert faces_of(albums, doubtful)[0] == (person, Outcome.CLEARED)
    with Registry.open(albums.folder.parent) as registry:
        (word,) = registry.identified_in(albums.item(doubtful).sha256 or "")
    assert (word.person, word.by) == (person, BY)
    assert (made.verb, made.by, made.why) == (Verb.IDENTIFIED, BY, "a colleague")
    undone = decisions.undo(doubtful, by="Noé")
    assert (undone.id, undone.undone_by) == (made.id, "Noé")
    assert faces_of(albums, doubtful) == before
    with Registry.open(albums.folder.parent) as registry:
        assert registry.identified_in(albums.item(doubtful).sha256 or "") == ()
    (kept,) = decisions.decisions(doubtful)
    assert (kept.by, kept.undone_by, kept.stands) == (BY, "Noé", False)


def test_whoever_is_said_to_be_there_clears_nobody_without_a_consent(
    albums: Albums, decisions: Decisions, doubtful: str
) -> None:
    blocked = albums.verdict(doubtful).faces[1].person
    assert blocked
    decisions.identify(doubtful, 2, blocked, by=BY)
    assert faces_of(albums, doubtful)[1] == (blocked, Outcome.BLOCKED)


def test_nobody_is_in_a_picture_twice(albums: Albums, decisions: Decisions, doubtful: str) -> None:
    person = albums.verdict(doubtful).faces[0].person
    assert person
    decisions.identify(doubtful, 1, person, by=BY)
    with pytest.raises(WordRefusedError):
        decisions.identify(doubtful, 3, person, by=BY)
    with pytest.raises(RecordInvalidError):
        decisions.identify(doubtful, 3, person, by="  ")


def test_a_rejected_suggestion_is_nobody_and_blocked(
    albums: Albums, decisions: Decisions, doubtful: str, tiles: dict[str, Tile]
) -> None:
    before = faces_of(albums, doubtful)
    decisions.reject(doubtful, 1, by=BY)
    face = albums.verdict(doubtful).faces[0]
    assert (face.person, face.outcome, face.name) == (None, Outcome.BLOCKED, None)
    assert face.reasons == (FaceReason.UNKNOWN_PERSON,)
    assert set(face.channels.values()) == {Outcome.BLOCKED}
    with pytest.raises(DecisionRefusedError, match="like nobody"):
        decisions.reject(doubtful, 1, by=BY)
    decisions.undo(doubtful, by=BY)
    assert faces_of(albums, doubtful) == before
    # Also where the machine was sure.
    sure = tiles["01.jpg"].item.id
    decisions.reject(sure, 1, by=BY)
    assert albums.verdict(sure).outcome is Outcome.BLOCKED


def test_a_person_outranks_a_rejection(albums: Albums, decisions: Decisions, doubtful: str) -> None:
    person = albums.verdict(doubtful).faces[0].person
    assert person
    decisions.reject(doubtful, 1, by=BY)
    decisions.identify(doubtful, 1, person, by=BY)
    assert faces_of(albums, doubtful)[0] == (person, Outcome.CLEARED)
    with pytest.raises(DecisionRefusedError, match="a person said"):
        decisions.reject(doubtful, 1, by=BY)


@pytest.mark.parametrize("verb", [Verb.NOT_A_FACE, Verb.NOT_RECOGNISABLE])
def test_what_is_no_face_or_nobody_is_said_with_a_reason(
    albums: Albums, album: str, decisions: Decisions, doubtful: str, verb: Verb
) -> None:
    say = decisions.not_a_face if verb is Verb.NOT_A_FACE else decisions.not_recognisable
    with pytest.raises(WordRefusedError, match="resembles somebody"):
        say(doubtful, 1, by=BY, why="a poster")
    with pytest.raises(RecordInvalidError):
        say(doubtful, 1, by=BY, why=" ")
    with pytest.raises(WordRefusedError, match="no face 9"):
        say(doubtful, 9, by=BY, why="a poster")


@pytest.mark.parametrize("verb", [Verb.NOT_A_FACE, Verb.NOT_RECOGNISABLE])
def test_an_unknown_face_may_be_said_to_be_none(crowd: tuple[Albums, str, int], verb: Verb) -> None:
    albums, item, face = crowd
    decisions = Decisions(albums)
    say = decisions.not_a_face if verb is Verb.NOT_A_FACE else decisions.not_recognisable
    made = say(item, face, by=BY, why="a statue")
    judged = albums.verdict(item).faces[face - 1]
    assert judged.outcome is Outcome.EXEMPT
    assert judged.said is not None
    assert judged.said.by == BY
    assert "a statue" in judged.said.reason
    assert (made.verb, made.why) == (verb, "a statue")
    decisions.undo(item, by=BY)
    assert albums.verdict(item).faces[face - 1].outcome is Outcome.BLOCKED


def test_a_decision_that_is_not_the_last_can_be_taken_back(
    albums: Albums, decisions: Decisions, doubtful: str
) -> None:
    first = decisions.mask(doubtful, "box:0,0,10,10", by=BY)
    second = decisions.mask(doubtful, "box:20,20,30,30", by=BY)
    decisions.undo(doubtful, by=BY, decision=first.id)
    assert [one.id for one in decisions.decisions(doubtful) if one.stands] == [second.id]
    decisions.undo(doubtful, by=BY)
    with pytest.raises(DecisionRefusedError, match="nothing to take back"):
        decisions.undo(doubtful, by=BY)


@pytest.mark.parametrize(
    "drawn", ["box:0,0,0,0", "circle:1,2,3", "polygon:0,0 1,1", "box:9000,9000,9010,9010"]
)
def test_what_is_no_mask_is_refused(decisions: Decisions, doubtful: str, drawn: str) -> None:
    with pytest.raises(DecisionRefusedError):
        decisions.mask(doubtful, drawn, by=BY)


def test_a_picture_is_ready_once_every_question_is_settled(
    albums: Albums, decisions: Decisions, tiles: dict[str, Tile]
) -> None:
    clear = tiles["01.jpg"].item.id
    assert not tiles["01.jpg"].ready
    Pictures(albums).copy(clear)
    assert not albums.review(clear).ready
    questions = checklist_for()
    for question in questions[:-1]:
        decisions.answer(clear, question, Answer.NOTHING, by=BY)
        assert not albums.review(clear).ready
    decisions.answer(clear, questions[-1], Answer.NOTHING, by=BY)
    told = albums.review(clear)
    assert told.ready
    assert {one and one.by for one in told.checklist.values()} == {BY}
    decisions.answer(clear, ChecklistItem.BADGES, Answer.OPEN, by=BY)
    assert not albums.review(clear).ready
    decisions.undo(clear, by=BY)
    assert albums.review(clear).ready
    decisions.undo(clear, by=BY)
    assert not albums.review(clear).ready


def test_a_blocked_picture_is_never_ready_for_its_answers(
    albums: Albums, album: str, decisions: Decisions, doubtful: str
) -> None:
    settle(decisions, doubtful)
    assert not albums.review(doubtful).ready
    assert not any(tile.ready for tile in albums.tiles(album).tiles)


def test_what_is_said_to_be_hidden_must_be_hidden(
    albums: Albums, decisions: Decisions, tiles: dict[str, Tile]
) -> None:
    item = tiles["01.jpg"].item.id
    with pytest.raises(DecisionRefusedError, match="draw the mask"):
        decisions.answer(item, ChecklistItem.BADGES, Answer.HIDDEN, by=BY)
    with pytest.raises(DecisionRefusedError, match="not asked"):
        decisions.answer(item, ChecklistItem.VOICE, Answer.NOTHING, by=BY)
    settle(decisions, item)
    mask = decisions.mask(item, "box:0,0,40,40", by=BY)
    decisions.answer(item, ChecklistItem.BADGES, Answer.HIDDEN, by=BY)
    # Only in a copy it is hidden.
    assert not albums.review(item).ready
    decisions.undo(item, by=BY, decision=mask.id)
    assert albums.review(item).checklist[ChecklistItem.BADGES].answer is Answer.NOTHING  # type: ignore[union-attr]


def test_a_wish_to_hide_is_taken_back_and_clears_nobody(
    albums: Albums, decisions: Decisions, doubtful: str
) -> None:
    before = faces_of(albums, doubtful)
    with pytest.raises(DecisionRefusedError, match="nobody wished"):
        decisions.show(doubtful, 2, by=BY)
    decisions.hide(doubtful, 2, by=BY)
    decisions.show(doubtful, 2, by=BY)
    assert faces_of(albums, doubtful) == before
    with pytest.raises(DecisionRefusedError, match="no face 9"):
        decisions.hide(doubtful, 9, by=BY)


def test_a_decision_is_offered_for_the_same_face_and_not_applied(
    albums: Albums, album: str, decisions: Decisions, doubtful: str, tiles: dict[str, Tile]
) -> None:
    other = tiles["01.jpg"].item
    here = albums.item(doubtful)
    members = tuple(Member(albums.path_of(item), face) for item, face in ((here, 0), (other, 1)))
    albums.groups[album] = (FaceGroup("A", members, 2, members[0]),)
    assert decisions.offers(album) == ()
    before = faces_of(albums, other.id)
    person = albums.verdict(doubtful).faces[0].person
    assert person
    made = decisions.identify(doubtful, 1, person, by=BY)
    (offer,) = decisions.offers(album)
    assert (offer.item, offer.face, offer.verb, offer.person) == (
        other.id,
        2,
        Verb.IDENTIFIED,
        person,
    )
    assert offer.source.id == made.id
    assert faces_of(albums, other.id) == before


def test_decisions_outlive_the_program(
    albums: Albums, decisions: Decisions, doubtful: str, tmp_path: Path
) -> None:
    decisions.reject(doubtful, 1, by=BY)
    copied = Path(shutil.copytree(albums.folder.parent, tmp_path / "elsewhere"))
    again = Albums(copied / "desk")
    result: PhotoResult = again.verdict(doubtful)
    assert result.faces[0].person is None
    assert Decisions(again).decisions(doubtful) == decisions.decisions(doubtful)
