"""Unknown faces of one person come together, others do not, and nobody is told who it was by."""

from __future__ import annotations

import dataclasses
import gc
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from clearance.face_groups import (
    SMALLEST_EYES,
    FaceGroup,
    Known,
    Member,
    SeenFaces,
    group_faces,
    seen_faces,
)
from clearance.group_words import group_lines, groups_document
from clearance.language import language
from clearance.results import FaceReason, FaceResult, Outcome, PhotoResult
from consent.records import Identification, NotAFace
from detector import grouping
from detector.faces import Box, Certainty, Face, Landmarks, Match, SizeClass
from tests.consent.factories import TODAY
from tests.detector.drawn import AXES, MODEL, Cast

Templates = npt.NDArray[np.float32]


def a_face(left: int = 0, *, eyes: float = 60, view: int = 0) -> Face:
    points = [(left + x * eyes, y * eyes) for x, y in ((1, 1), (2, 1), (1.5, 2), (1, 3), (2, 3))]
    box = Box(left, 0, left + int(3 * eyes), int(4 * eyes))
    return Face(box, 0.9, Landmarks(*points), view=view)


def a_picture(
    name: str,
    templates: Sequence[Templates],
    *,
    faces: Sequence[Face] | None = None,
    known: dict[int, Known] | None = None,
    sha256: str | None = None,
    sharpness: tuple[float, ...] = (),
) -> SeenFaces[Path]:
    return SeenFaces(
        Path(name),
        sha256 or name,
        tuple(faces or (a_face(200 * place) for place in range(len(templates)))),
        np.stack(templates),
        tuple((known or {}).get(place) for place in range(len(templates))),
        sharpness,
    )


def pictures_of(
    cast: Cast, person: str, count: int, known: Known | None = None
) -> list[SeenFaces[Path]]:
    """So many pictures, each of this person alone."""
    return [
        a_picture(
            f"{person}{n}.jpg", [cast.picture_of(person)], known={0: known} if known else None
        )
        for n in range(count)
    ]


def grouped(
    pictures: Sequence[SeenFaces[Path]], unsuggested: Sequence[str] = ()
) -> tuple[FaceGroup[Path], ...]:
    return group_faces(pictures, MODEL, unsuggested=unsuggested)


def who(group: FaceGroup[Path]) -> set[str]:
    """The files of a group, as `person` and number."""
    return {member.key.stem for member in group.members}


ANNA = Known("anna", by_hand=True)


# --- who comes together --------------------------------------------------------------------


def test_one_stranger_in_forty_pictures_is_one_question() -> None:
    cast = Cast()
    album = pictures_of(cast, "x", 40) + pictures_of(cast, "y", 12)
    first, second = grouped(album)
    assert (first.name, first.pictures, second.name, second.pictures) == ("A", 40, "B", 12)
    assert first.members == tuple(Member(picture.key, 0) for picture in album[:40])
    assert {name[0] for name in who(second)} == {"y"}
    assert first.suggestion is None


def test_strangers_who_are_seen_once_are_no_groups() -> None:
    cast = Cast()
    crowd = [
        a_picture(f"{n}.jpg", [cast.picture_of(f"p{n}-{m}") for m in range(5)]) for n in range(80)
    ]
    assert grouped(crowd) == ()


def test_many_people_in_many_pictures_are_told_apart() -> None:
    cast = Cast()
    album = [
        a_picture(f"{n}.jpg", [cast.picture_of(f"p{(n * 7 + m * 11) % 60}") for m in range(4)])
        for n in range(150)
    ]
    whose = {
        Member(Path(f"{n}.jpg"), m): (n * 7 + m * 11) % 60 for n in range(150) for m in range(4)
    }
    found = grouped(album)
    assert all(len({whose[member] for member in group.members}) == 1 for group in found)
    assert len(found) == 60
    assert sum(len(group.members) for group in found) > 0.98 * len(whose)


def test_two_faces_of_one_picture_are_two_people() -> None:
    cast = Cast()
    double = a_picture("double.jpg", [cast.picture_of("x"), cast.picture_of("x")])
    found = grouped([double, *pictures_of(cast, "x", 6)])
    assert sum(len(group.members) for group in found) >= 7
    for group in found:
        assert len(who(group)) == len(group.members)
    # And neither are two groups each of which was seen there.
    album = [a_picture(f"d{n}.jpg", [cast.picture_of("z"), cast.picture_of("z")]) for n in range(4)]
    for group in grouped(album):
        assert len(who(group)) == len(group.members)


def test_views_of_one_picture_may_show_the_same_person() -> None:
    cast = Cast()
    faces = [a_face(0), a_face(0, view=1)]
    both = a_picture("both.jpg", [cast.picture_of("x"), cast.picture_of("x")], faces=faces)
    (group,) = grouped([both, *pictures_of(cast, "x", 3)])
    assert group.members[:2] == (Member(Path("both.jpg"), 0), Member(Path("both.jpg"), 1))
    assert group.pictures == 4


def test_faces_that_are_too_small_or_cannot_be_measured_take_no_part() -> None:
    cast = Cast()
    small = a_picture("small.jpg", [cast.picture_of("x")], faces=[a_face(eyes=SMALLEST_EYES - 1)])
    unmarked = dataclasses.replace(a_face(), landmarks=None)
    found = grouped(
        [
            small,
            a_picture("unmarked.jpg", [cast.picture_of("x")], faces=[unmarked]),
            a_picture("unmeasured.jpg", [np.full(AXES + 1, np.nan, np.float32)]),
            a_picture("just.jpg", [cast.picture_of("x")], faces=[a_face(eyes=SMALLEST_EYES)]),
            a_picture("large.jpg", [cast.picture_of("x")]),
        ]
    )
    assert [who(group) for group in found] == [{"just", "large"}]


def test_a_face_such_as_there_is_none_takes_no_part() -> None:
    cast = Cast()
    odd = cast.picture_of("x")
    odd[1:] += 0.08 * np.sign(odd[1:])
    found = grouped([a_picture(f"odd{n}.jpg", [odd]) for n in range(3)] + pictures_of(cast, "x", 3))
    assert [who(group) for group in found] == [{"x0", "x1", "x2"}]


def test_copies_of_a_file_are_no_evidence_but_belong_to_the_group() -> None:
    cast = Cast()
    template = cast.picture_of("x")
    copies = [a_picture(f"copy{n}.jpg", [template], sha256="same") for n in range(3)]
    assert grouped(copies) == ()
    (group,) = grouped([copies[0], *pictures_of(cast, "x", 1), *copies[1:]])
    assert [member.key.stem for member in group.members] == ["copy0", "x0", "copy1", "copy2"]
    assert group.pictures == 4


def test_nothing_is_said_where_nobody_measured_the_recogniser() -> None:
    assert group_faces(pictures_of(Cast(), "x", 5), None) == ()


def test_nothing_comes_of_nothing() -> None:
    assert grouped([]) == ()
    assert (
        grouped([SeenFaces(Path("empty.jpg"), "e", (), np.zeros((0, AXES + 1), np.float32), ())])
        == ()
    )


def test_templates_of_another_recogniser_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        grouped([a_picture("a.jpg", [np.zeros(7, np.float32)])])


def test_one_template_and_one_word_for_each_face() -> None:
    with pytest.raises(ValueError, match="for 2 faces"):
        a_picture("a.jpg", [Cast().picture_of("x")], faces=[a_face(), a_face(200)])


# --- the order -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("candidates", [1, 64])
def test_the_order_of_the_pictures_changes_no_group(
    seed: int, candidates: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "_MOST_CANDIDATES", candidates)
    cast = Cast(seed)
    album = [
        a_picture(f"{n}.jpg", [cast.picture_of(f"p{(n * m + n) % 17}") for m in range(3)])
        for n in range(60)
    ]
    album += pictures_of(cast, "p3", 2, ANNA)

    def told(pictures: Sequence[SeenFaces[Path]]) -> set[object]:
        return {
            (frozenset(group.members), group.pictures, group.suggestion)
            for group in grouped(pictures)
        }

    shuffled = album[:]
    random.Random(seed).shuffle(shuffled)
    assert told(shuffled) == told(album)
    assert grouped(album) == grouped(album)


def test_names_go_from_a_to_z_and_on_by_size_and_appearance() -> None:
    cast = Cast()
    album = [picture for n in range(28) for picture in pictures_of(cast, f"p{n}-", 2)]
    album += pictures_of(cast, "last", 3)
    found = grouped(album)
    assert [group.name for group in found] == [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "AA", "AB", "AC"]
    assert who(found[0]) == {"last0", "last1", "last2"}
    assert [who(group) for group in found[1:]] == [{f"p{n}-0", f"p{n}-1"} for n in range(28)]


def test_the_best_example_is_sharp_and_large() -> None:
    cast = Cast()
    sizes = {"small": (40, 0.2), "large": (90, 0.2), "blurred": (200, 0.01)}
    album = [
        a_picture(name, [cast.picture_of("x")], faces=[a_face(eyes=eyes)], sharpness=(sharp,))
        for name, (eyes, sharp) in sizes.items()
    ]
    (group,) = grouped(album)
    assert group.best == Member(Path("large"), 0)


# --- suggestions ---------------------------------------------------------------------------


@pytest.mark.parametrize("by_hand", [True, False], ids=["by hand", "by the machine"])
def test_whoever_is_like_a_known_face_is_suggested_to_be_that_person(by_hand: bool) -> None:
    cast = Cast()
    named = pictures_of(cast, "x", 1, Known("anna", by_hand=by_hand))
    more = [a_picture(f"more{n}.jpg", [cast.picture_of("x")]) for n in range(5)]
    others = pictures_of(cast, "y", 3)
    first, second = grouped([*named, *more, *others])
    assert first.suggestion is not None
    assert first.suggestion.person == "anna"
    assert first.suggestion.by_hand is by_hand
    assert first.suggestion.example == Member(Path("x0.jpg"), 0)
    # The face that is known is no question any more.
    assert who(first) == {f"more{n}" for n in range(5)}
    assert second.suggestion is None


def test_a_single_face_is_worth_telling_if_somebody_is_suggested() -> None:
    cast = Cast()
    named = pictures_of(cast, "x", 3, ANNA)
    (group,) = grouped([*named, a_picture("one.jpg", [cast.picture_of("x")])])
    assert (group.pictures, who(group)) == (1, {"one"})


def test_the_example_is_one_that_a_person_named_if_there_is_any() -> None:
    cast = Cast()
    album = pictures_of(cast, "x", 4, Known("anna", by_hand=False))
    album.append(a_picture("named.jpg", [cast.picture_of("x")], known={0: ANNA}))
    (group,) = grouped([*album, a_picture("one.jpg", [cast.picture_of("x")])])
    assert group.suggestion is not None
    assert group.suggestion.example.key.stem == "named"


def test_a_word_on_one_copy_is_a_word_on_all() -> None:
    cast = Cast()
    template = cast.picture_of("x")
    silent = a_picture("copy.jpg", [template], sha256="same")
    spoken = a_picture("named.jpg", [template], sha256="same", known={0: ANNA})
    (group,) = grouped([silent, spoken, *pictures_of(cast, "x", 2)])
    assert who(group) == {"x0", "x1"}
    assert group.suggestion is not None
    assert group.suggestion.person == "anna"


def test_nobody_is_suggested_where_two_people_come_into_question() -> None:
    cast = Cast()
    cast.twin("twin", of="x")
    album = [
        *pictures_of(cast, "x", 2, ANNA),
        *pictures_of(cast, "twin", 2, Known("berta", by_hand=True)),
        *[a_picture(f"more{n}.jpg", [cast.picture_of("x")]) for n in range(4)],
    ]
    (group,) = grouped(album)
    assert group.suggestion is None
    assert who(group) == {f"more{n}" for n in range(4)}


def test_people_with_a_look_alike_are_not_suggested() -> None:
    cast = Cast()
    album = pictures_of(cast, "x", 2, ANNA)
    album += [a_picture(f"more{n}.jpg", [cast.picture_of("x")]) for n in range(4)]
    (group,) = grouped(album, unsuggested=["anna"])
    assert group.suggestion is None
    assert who(group) == {f"more{n}" for n in range(4)}
    (group,) = grouped(album, unsuggested=["berta"])
    assert group.suggestion is not None


def test_nobody_is_suggested_who_stands_beside_the_face() -> None:
    cast = Cast()
    beside = a_picture("beside.jpg", [cast.picture_of("x"), cast.picture_of("x")], known={0: ANNA})
    assert grouped([beside, *pictures_of(cast, "x", 3, ANNA)]) == ()


def test_two_people_who_are_known_never_come_together() -> None:
    cast = Cast()
    cast.twin("twin", of="x")
    album = pictures_of(cast, "x", 3, ANNA) + pictures_of(cast, "twin", 3, Known("berta", False))
    assert grouped(album) == ()


# --- what verdicts know --------------------------------------------------------------------


A_POSTER = NotAFace(
    id="n", picture="0" * 64, box=(0, 0, 1, 1), reason="a poster", by="Bea", on=TODAY
)


def identified(person: str) -> Identification:
    return Identification(
        id="i", picture="0" * 64, box=(0, 0, 1, 1), person=person, by="Bea", on=TODAY
    )


def a_verdict(
    match: Match | None = None,
    *,
    recognised: str | None = None,
    said: bool = False,
    reasons: tuple[FaceReason, ...] = (FaceReason.UNKNOWN_PERSON,),
) -> FaceResult:
    return FaceResult(
        a_face(),
        SizeClass.RECOGNISABLE,
        match or Match.nobody(),
        Outcome.REVIEW,
        reasons,
        {},
        recognised=identified(recognised) if recognised else None,
        said=A_POSTER if said else None,
    )


def test_what_a_verdict_knows_of_a_face() -> None:
    sure = Match(Certainty.CONFIDENT, "anna")
    verdicts = (
        a_verdict(),
        a_verdict(sure),
        a_verdict(Match(Certainty.LOOK, "anna")),
        a_verdict(sure, recognised="berta"),
        a_verdict(sure, recognised="berta", reasons=(FaceReason.RECOGNISED_DOUBTED,)),
        a_verdict(said=True),
        a_verdict(reasons=(FaceReason.FOUND_IN_COPY,)),
    )
    result = PhotoResult(Path("a.jpg"), Outcome.REVIEW, "a" * 64, 10, 10, verdicts)
    seen = seen_faces(result, np.ones((6, 3), np.float32))
    by_hand = Known("berta", by_hand=True)
    assert seen.known[:4] == (None, Known("anna", by_hand=False), None, by_hand)
    # The last was seen in a copy only, and has no template.
    assert np.isfinite(seen.templates).all(axis=1).tolist() == [True] * 4 + [False] * 2
    assert len(seen.faces) == 6


def test_a_file_that_was_not_judged_has_no_faces_to_group() -> None:
    with pytest.raises(ValueError, match="not judged"):
        seen_faces(PhotoResult(Path("a.jpg"), Outcome.FAILED), np.zeros((0, 3), np.float32))


# --- what is left of templates -------------------------------------------------------------


def reachable(start: object) -> list[object]:
    """Everything a result refers to, but not the classes and modules behind it."""
    found: dict[int, object] = {}
    waiting = [start]
    while waiting:
        one = waiting.pop()
        if id(one) in found or isinstance(one, type):
            continue
        found[id(one)] = one
        waiting += gc.get_referents(one)
    return list(found.values())


def test_no_template_can_be_reached_from_the_answer() -> None:
    cast = Cast()
    album = pictures_of(cast, "x", 5) + pictures_of(cast, "y", 2, ANNA) + pictures_of(cast, "z", 2)
    album.append(a_picture("more.jpg", [cast.picture_of("y")]))
    found = grouped(album)
    assert any(group.suggestion for group in found)
    assert not [one for one in reachable(found) if isinstance(one, np.ndarray | SeenFaces)]
    # What holds them is found by the same search.
    assert [one for one in reachable(album) if isinstance(one, np.ndarray)]


def test_what_holds_templates_does_not_print_them() -> None:
    picture = a_picture("a.jpg", [np.full(AXES + 1, 0.123456, np.float32)])
    assert "0.123" not in repr(picture)
    assert "array" not in repr(picture)


# --- words ---------------------------------------------------------------------------------


def an_album() -> list[SeenFaces[Path]]:
    cast = Cast()
    album = pictures_of(cast, "x", 4)
    album += [a_picture(f"named{n}.jpg", [cast.picture_of("y")], known={0: ANNA}) for n in range(2)]
    return [*album, a_picture("y.jpg", [cast.picture_of("other"), cast.picture_of("y")])]


def test_a_line_for_each_group() -> None:
    named, unnamed = (
        group_lines(grouped(an_album()), language("en"), names)
        for names in ({"anna": "Anna Muster"}, {})
    )
    assert named[0] == "Unknown A: 4 pictures, first in x0.jpg, face 1"
    assert named[1].startswith("Unknown B: 1 picture, first in y.jpg, face 2 – perhaps Anna Muster")
    assert "as in named" in named[1]
    assert "perhaps anna, as" in unnamed[1]


def test_of_many_groups_the_largest_are_told_and_the_others_counted() -> None:
    cast = Cast()
    album = [picture for n in range(5) for picture in pictures_of(cast, f"p{n}-", 2 + n)]
    found = grouped(album)
    lines = group_lines(found, language("en"), {}, most=3)
    assert [line.split(":")[0] for line in lines[:3]] == ["Unknown A", "Unknown B", "Unknown C"]
    assert lines[3] == "… and 2 more unknown people in several pictures."
    assert len(group_lines(found, language("en"), {}, most=None)) == 5
    assert group_lines((), language("en"), {}) == []


def test_the_document_numbers_faces_from_one() -> None:
    first, second = groups_document(grouped(an_album()))
    assert first["group"] == "A"
    assert first["pictures"] == 4
    assert first["faces"] == [{"path": f"x{n}.jpg", "face": 1} for n in range(4)]
    assert first["suggestion"] is None
    assert second["faces"] == [{"path": "y.jpg", "face": 2}]
    assert second["suggestion"]["person"] == "anna"
    assert second["suggestion"]["by_hand"] is True
    assert second["suggestion"]["path"].startswith("named")
    assert second["suggestion"]["face"] == 1
