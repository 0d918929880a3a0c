"""What a report says of each file beside its picture: who, until when, why, and what is open."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import html
import itertools
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pypdfium2
import pytest

from clearance.checklist import ChecklistItem, checklist_for, question
from clearance.language import LANGUAGES, language
from clearance.rate import MatchingRate
from clearance.rendition import Rendition
from clearance.results import Checks, Outcome, PhotoResult, Proof
from clearance.use import IntendedUse
from consent.records import Material
from detector.faces import Box
from detector.matching import Limits
from forms.report_charts import pieces
from forms.report_crops import face_crop, opening_once
from forms.report_tables import Blank, ReportTables, Verdict
from forms.report_words import ReportWords
from tests.forms.judged import (
    ENGLISH,
    HEAD,
    NAMES,
    SKIN,
    WALL,
    a_face,
    a_photo,
    a_result,
    an_export,
    open_photo,
    report,
    the_whole_story,
)
from tests.forms.paper import squeezed, words
from tests.forms.test_report_faces import page_of, seen
from tests.forms.videos import a_track, a_video

LEFT, RIGHT = Box(100, 120, 180, 220), Box(400, 120, 480, 220)
SHARED = dataclasses.replace(HEAD, names=False)


def words_of(path: Path) -> str:
    """All that somebody reads of a report on paper or on a screen."""
    if path.suffix == ".pdf":
        return words(path)
    page = re.sub(r"<style>.*?</style>|<[^>]*>", " ", path.read_text(encoding="utf-8"), flags=re.S)
    return squeezed(html.unescape(page))


@pytest.fixture(params=[".pdf", ".html"])
def face(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., str]:
    """Writes a report in one of its two faces for people, and reads it."""

    def read(results: list[PhotoResult], head: object = HEAD) -> str:
        assert isinstance(head, type(HEAD))
        return words_of(report(tmp_path / f"r{request.param}", results, head))

    return read


def tables_of(results: list[PhotoResult]) -> ReportTables:
    return ReportTables(ReportWords.of(results, HEAD))


# --- what a person answers -------------------------------------------------------------------


def test_a_person_is_asked_about_everything_beside_faces(
    tmp_path: Path, face: Callable[..., str]
) -> None:
    text = face(the_whole_story(tmp_path))
    for item in set(ChecklistItem) - {ChecklistItem.VOICE}:
        assert text.count(question(item, ENGLISH)) == 1, item
    assert question(ChecklistItem.VOICE, ENGLISH) not in text
    assert "The program looks at faces only and answers none of these" in text
    assert "Initials" in text


def test_a_voice_is_asked_about_where_one_is_heard(tmp_path: Path) -> None:
    assert ChecklistItem.VOICE in checklist_for(Material.VIDEO)
    assert ChecklistItem.VOICE not in checklist_for(Material.PHOTO)
    use = IntendedUse(("website",), HEAD.use_date, material=Material.VIDEO)
    film = dataclasses.replace(a_result(a_photo(tmp_path / "a.png", []), []), use=use)
    text = words(report(tmp_path / "r.pdf", [film]))
    assert question(ChecklistItem.VOICE, ENGLISH) in text


def test_each_question_has_three_squares_and_no_answer(tmp_path: Path) -> None:
    results = the_whole_story(tmp_path)
    table = tables_of(results).checklist(results[0])
    assert table
    assert len(table.rows) == len(checklist_for())
    for row in table.rows:
        assert row[1:] == (Blank.SQUARE, Blank.SQUARE, Blank.SQUARE, Blank.LINE)
    page = page_of(report(tmp_path / "r.html", results))
    squares = [attrs for tag, attrs in page.tags if attrs.get("class") == "square"]
    assert len(squares) == 3 * len(table.rows)


def test_squares_are_drawn(tmp_path: Path) -> None:
    path = report(tmp_path / "r.pdf", [a_result(a_photo(tmp_path / "a.png", []), [])])
    with pypdfium2.PdfDocument(path) as document:
        boxes = [
            part.get_bounds()
            for page in document
            for part in page.get_objects()
            if part.type == pypdfium2.raw.FPDF_PAGEOBJ_PATH
        ]
    sides = [(right - left, top - bottom) for left, bottom, right, top in boxes]
    # 8 points and the pen; the signs of verdicts are a little smaller.
    squares = [one for one in sides if max(abs(side - 8.9) for side in one) < 0.05]
    assert len(squares) == 3 * len(checklist_for())


def test_a_file_that_failed_is_not_asked_about(tmp_path: Path) -> None:
    failed = the_whole_story(tmp_path)[1]
    assert tables_of([failed]).checklist(failed) is None


# --- who said so -----------------------------------------------------------------------------


def test_who_said_so_stands_beside_the_face(tmp_path: Path, face: Callable[..., str]) -> None:
    results = the_whole_story(tmp_path)
    text = face(results)
    assert text.count("Rolf Huber, 2026-12-01") == 1
    # Beside the face, and among the exemptions.
    assert text.count("Anna Keller, 2026-12-01") == 2
    shared = face(results, SHARED)
    assert "Rolf" not in shared
    assert "a named person of the institution, 2026-12-01" in shared


def test_who_was_recognised_by_a_person_is_numbered(tmp_path: Path) -> None:
    text = words(report(tmp_path / "r.pdf", the_whole_story(tmp_path), SHARED))
    assert "person 1" in text
    assert "person 2" in text
    assert "person 3" not in text


# --- faces and figures -----------------------------------------------------------------------


@pytest.mark.parametrize("outcome", Outcome)
def test_only_faces_that_may_be_seen_are_cut_out(tmp_path: Path, outcome: Outcome) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    judged = a_face(LEFT, outcome)
    crop = face_crop(open_photo(photo), a_result(photo, [judged]), judged)
    visible = outcome in {Outcome.CLEARED, Outcome.EXEMPT, Outcome.NOT_RECOGNISABLE}
    assert (crop is not None) is visible
    assert crop is None or seen(crop.astype(int), SKIN) > 200


def test_a_crop_hides_an_uncleared_neighbour(tmp_path: Path) -> None:
    near = Box(175, 120, 235, 220)
    photo = a_photo(tmp_path / "a.png", [LEFT, near])
    shown = a_face(LEFT, Outcome.CLEARED)
    frame = open_photo(photo)
    alone = face_crop(frame, a_result(photo, [shown, a_face(near, Outcome.EXEMPT)]), shown)
    beside = face_crop(frame, a_result(photo, [shown, a_face(near)]), shown)
    assert alone is not None
    assert beside is not None
    right = slice(int(beside.shape[1] * 0.8), None)
    assert seen(alone[:, right].astype(int), SKIN) > 200
    assert seen(beside[:, right].astype(int), SKIN) == 0


def test_a_crop_is_no_larger_than_what_was_judged(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT], (2000, 1500))
    tiny = a_face(LEFT, Outcome.NOT_RECOGNISABLE)
    result = a_result(photo, [tiny])
    frame = open_photo(photo)
    whole = face_crop(frame, result, tiny)
    smaller = dataclasses.replace(result, rendition=Rendition.of(2000, 1500, 200))
    small = face_crop(frame, smaller, tiny)
    assert whole is not None
    assert small is not None
    assert max(whole.shape) == 160
    assert max(small.shape) == 17


def test_a_face_in_a_hidden_picture_of_the_file_is_not_cut_out_of_the_visible_one(
    tmp_path: Path,
) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    other = a_face(LEFT, Outcome.CLEARED)
    other = dataclasses.replace(other, face=dataclasses.replace(other.face, view=1))
    assert face_crop(open_photo(photo), a_result(photo, [other]), other) is None


def test_the_table_shows_cleared_faces_and_no_other(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT, RIGHT])
    faces = [a_face(LEFT, Outcome.CLEARED, person="p1", name="Anna"), a_face(RIGHT)]
    page = page_of(report(tmp_path / "r.html", [a_result(photo, faces)]))
    crops = [attrs for tag, attrs in page.tags if attrs.get("class") == "crop"]
    assert [attrs["alt"] for attrs in crops] == ["Face 1"]
    assert page.words.count("not shown") == 1
    _, crop = page.pictures()
    assert seen(crop, SKIN) > 1000
    assert seen(crop, WALL) > 1000


def test_a_changed_file_shows_no_face(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    result = a_result(photo, [a_face(LEFT, Outcome.CLEARED)])
    a_photo(photo, [RIGHT])
    assert page_of(report(tmp_path / "r.html", [result])).pictures() == []


def test_a_picture_is_opened_once_and_the_last_one_kept(tmp_path: Path) -> None:
    paths = [a_photo(tmp_path / f"{n}.png", [LEFT]) for n in range(2)]
    opened: list[Path] = []

    def counting(path: Path) -> object:
        opened.append(path)
        return open_photo(path)

    once = opening_once(counting)  # type: ignore[arg-type]
    for path in (paths[0], paths[0], paths[1], paths[1], paths[0]):
        once(path)
    assert opened == [paths[0], paths[1], paths[0]]


def test_each_figure_stands_beside_its_limit(tmp_path: Path, face: Callable[..., str]) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    judged = a_face(LEFT, Outcome.CLEARED, person="p1", name="Anna")
    judged = dataclasses.replace(judged, match=dataclasses.replace(judged.match, margin=8.126))
    limits = Limits(confident=1.9e-5, look=0.08, margin=5.0, eye_distance=40)
    head = dataclasses.replace(HEAD, rate=MatchingRate(5, 1000), limits=limits)
    text = face([a_result(photo, [judged])], head)
    assert "strangers 1 : 120’000" in text
    assert "(limit 1 : 53’000)" in text
    assert "margin 8.13 (limit 5.00)" in text
    assert "distance 0.41" in text
    assert "at most 1 stranger in 53,000 resembles the person as much" in text
    assert "In a video" not in text
    unsure = dataclasses.replace(head, limits=Limits(confident=0.0, look=1.0))
    assert "limit" not in face([a_result(photo, [judged])], unsure).replace("limits", "")


def test_what_is_enough_in_a_video_is_said_of_videos() -> None:
    limits = Limits(confident=1.9e-5, look=0.08, often=3, often_eye_distance=30)
    head = dataclasses.replace(HEAD, rate=MatchingRate(5, 1000), limits=limits)
    video = a_video(a_track(0, 0.0, 12.4))
    said = dict(ReportWords.of([video], head).opening([video]))["Limits"]
    assert "the eyes are at least 40 pixels apart. In a video 30 pixels are enough" in said
    assert "at least 3 of them half a second apart" in said


# --- copies ----------------------------------------------------------------------------------


def test_what_a_copy_lost_and_says_is_told(tmp_path: Path, face: Callable[..., str]) -> None:
    text = face(the_whole_story(tmp_path))
    for part in (
        "EXIF (camera, time, settings, thumbnail), coordinates of the place, caption",
        "releases of the people shown: MR-LMR (limited: ask before any other use)",
        "numbers of the consent forms: 7KQ4-M2XD-9F3T-C",
        "creator: Paul Girard",
    ):
        assert part in text, part


def test_every_check_of_a_copy_is_named_and_passed(
    tmp_path: Path, face: Callable[..., str]
) -> None:
    text = face(the_whole_story(tmp_path))
    assert text.count("passed") == len(Proof)
    assert "largest change 3 of 255" in text
    assert "Under 1 mask there is what was drawn" in text
    assert "matched by 25.0% of strangers" in text


def test_what_was_not_checked_is_not_said_to_have_passed(tmp_path: Path) -> None:
    nothing_hidden = Checks(faces_seen=2, heads_hidden=0, strangers_as_alike=None, largest_change=0)
    assert set(Proof) - set(nothing_hidden.passed) == {Proof.COVERED, Proof.MASKS, Proof.UNLIKE}
    export = dataclasses.replace(an_export(), checks=nothing_hidden)
    result = dataclasses.replace(a_result(a_photo(tmp_path / "a.png", []), []), export=export)
    text = words(report(tmp_path / "r.pdf", [result]))
    assert text.count("passed") == len(Proof) - 3
    assert "strangers" not in text.partition("What this report does not say")[0]


# --- people, channels, exemptions ------------------------------------------------------------


def test_who_may_be_shown_where_until_when(tmp_path: Path, face: Callable[..., str]) -> None:
    results = the_whole_story(tmp_path)
    (table,) = tables_of(results).people(results)
    assert table.headings == ("Person", "intranet", "website (asked for)")
    assert table.rows == (
        (
            "Loïc Berthoud",
            Verdict(Outcome.CLEARED, "until 2027-05-31"),
            Verdict(Outcome.CLEARED, "until 2027-04-30"),
        ),
        ("Zoé Amsler", Verdict(Outcome.BLOCKED), Verdict(Outcome.EXEMPT, "until 2027-03-31")),
    )
    text = face(results)
    # Of the album, and of the only picture with several people.
    assert text.count("until 2027-05-31") == 2
    assert face(results[:1]).count("until 2027-05-31") == 1


def test_of_several_pictures_the_worst_verdict_and_the_earliest_day_count(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])

    def one(outcome: Outcome, day: dt.date) -> PhotoResult:
        judged = a_face(LEFT, outcome, person="p1", name="Anna")
        return a_result(
            photo,
            [dataclasses.replace(judged, channels={"website": outcome}, until={"website": day})],
        )

    results = [
        one(Outcome.CLEARED, dt.date(2027, 1, 1)),
        one(Outcome.REVIEW, dt.date(2027, 3, 1)),
    ]
    (table,) = tables_of(results).people(results)
    assert table.rows == (("Anna", "–", Verdict(Outcome.REVIEW, "until 2027-01-01")),)


def test_many_channels_stand_in_several_tables(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    channels = {f"channel {n}": Outcome.CLEARED for n in range(16)}
    judged = dataclasses.replace(a_face(LEFT, Outcome.CLEARED, person="p1"), channels=channels)
    result = dataclasses.replace(a_result(photo, [judged]), channels=channels)
    tables = list(tables_of([result]).people([result]))
    assert [len(table.headings) for table in tables] == [8, 8, 3]
    assert "channel 15" in words(report(tmp_path / "r.pdf", [result]))


def test_exemptions_name_ground_reason_and_who_answers(
    tmp_path: Path, face: Callable[..., str]
) -> None:
    text = face(the_whole_story(tmp_path))
    for part in (
        "public figure in office",
        "speech of Nicole Favre",
        "Marie Dubois, 2026-11-02",
        "face 2 of a.png",
        "a poster of Jean Morand",
        "for this very file",
    ):
        assert part in text, part


def test_without_exemptions_there_is_no_such_table(tmp_path: Path) -> None:
    result = a_result(a_photo(tmp_path / "a.png", [LEFT]), [a_face(LEFT)])
    assert tables_of([result]).exemptions([result]) is None


# --- the whole report ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["r.pdf", "r.html", "r.csv", "r.json"])
def test_a_copy_without_names_names_nobody(tmp_path: Path, name: str) -> None:
    results = the_whole_story(tmp_path)

    def text(head: object) -> str:
        assert isinstance(head, type(HEAD))
        path = report(tmp_path / name, results, head)
        if path.suffix == ".pdf":
            return words(path)
        # The letters of a picture may spell anything.
        return re.sub(r"base64,[\w+/=]*", "", path.read_text(encoding="utf-8"))

    # Each name is there to be found, or nothing is proved by not finding it.
    told = text(HEAD)
    everywhere = {"Anna Keller", "Rolf Huber", "Lea Wyss"}
    everywhere |= (
        {"k7", "x9", "Karin Egli"} if name == "r.json" else {"Loïc Berthoud", "Zoé Amsler"}
    )
    assert {one for one in everywhere if one not in told} == set()
    shared = text(SHARED)
    assert [one for one in (*NAMES, str(tmp_path)) if one in shared] == []
    assert "7KQ4-M2XD-9F3T-C" in shared


def test_what_needs_a_person_stands_first(tmp_path: Path, face: Callable[..., str]) -> None:
    fine = [a_result(a_photo(tmp_path / f"fine{n}.png", []), []) for n in range(2)]
    stopped = a_result(a_photo(tmp_path / "stopped.png", [LEFT]), [a_face(LEFT)])
    text = face([fine[0], stopped, fine[1]])
    listed = text.partition("first those that need a person")[2]
    assert re.findall(r"(\w+)\.png", listed)[:3] == ["stopped", "fine0", "fine1"]


def test_rules_versions_and_models_are_told(tmp_path: Path, face: Callable[..., str]) -> None:
    head = dataclasses.replace(HEAD, policy="ab" * 32, models={"centerface": "cd" * 32})
    text = face(the_whole_story(tmp_path), head)
    assert f"Rules in force {'ab' * 32}" in text
    assert f"SHA-256 {'cd' * 32}" in text
    assert "Model centerface" in text


def test_a_bar_has_a_piece_for_each_verdict_and_room_for_its_number() -> None:
    outcomes = [Outcome.CLEARED] * 997 + [Outcome.BLOCKED, Outcome.BLOCKED, Outcome.FAILED]
    bar = pieces(outcomes, 0.03)
    assert [(piece.outcome, piece.count) for piece in bar] == [
        (Outcome.FAILED, 1),
        (Outcome.BLOCKED, 2),
        (Outcome.CLEARED, 997),
    ]
    assert bar[0].start == 0.0
    assert bar[-1].end == pytest.approx(1.0)
    assert all(before.end == after.start for before, after in itertools.pairwise(bar))
    assert min(piece.end - piece.start for piece in bar) > 0.025
    assert pieces([], 0.03) == ()


def test_charts_are_told_in_words_and_numbers_as_well(
    tmp_path: Path, face: Callable[..., str]
) -> None:
    text = face(the_whole_story(tmp_path))
    assert "The verdicts on the pictures as they are" in text
    assert "The verdicts on the faces" in text
    for part in ("1 failed", "1 blocked", "2 exempt", "1 cleared"):
        assert part in text, part


def test_a_chart_is_read_aloud(tmp_path: Path) -> None:
    page = page_of(report(tmp_path / "r.html", the_whole_story(tmp_path)))
    labels = [attrs["aria-label"] for tag, attrs in page.tags if tag == "svg"]
    assert labels[1] == "The verdicts on the faces: 1 blocked, 2 exempt, 1 cleared"


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("names", [True, False])
def test_every_language_says_everything(tmp_path: Path, code: str, names: bool) -> None:
    head = dataclasses.replace(HEAD, language=language(code), names=names)
    said = head.language.gettext
    results = the_whole_story(tmp_path)
    for name in ("r.pdf", "r.html"):
        text = words_of(report(tmp_path / name, results, head))
        for title in (
            "People and channels",
            "Exemptions",
            "Metadata of the copy",
            "Checks of the written copy",
            "Beside faces: to be answered by a person",
        ):
            assert squeezed(said(title)) in text, title
        for item in checklist_for():
            assert squeezed(question(item, head.language)) in text


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_verdict_is_broken_within_a_word(tmp_path: Path, code: str) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    channels = {f"c{n}": outcome for n, outcome in enumerate(Outcome)}
    judged = dataclasses.replace(a_face(LEFT, Outcome.CLEARED, person="p1"), channels=channels)
    result = dataclasses.replace(a_result(photo, [judged]), channels=channels)
    head = dataclasses.replace(HEAD, language=language(code))
    text = words(report(tmp_path / "r.pdf", [result], head))
    for outcome in Outcome:
        for word in head.language.outcome(outcome).split():
            assert len(re.findall(rf"\b{word}\b", text)) >= 2, word


def test_the_table_for_excel_tells_the_figures_and_who_said_so(tmp_path: Path) -> None:
    limits = Limits(confident=1.9e-5, look=0.08, margin=5.0)
    head = dataclasses.replace(HEAD, limits=limits)
    path = report(tmp_path / "r.csv", the_whole_story(tmp_path), head)
    with path.open(encoding="utf-8-sig", newline="") as file:
        known, poster, exempt, blocked, _ = csv.DictReader(file, delimiter=";")
    assert (known["said_by"], known["said_on"]) == ("Rolf Huber", "2026-12-01")
    assert poster["said_by"] == "Anna Keller"
    assert (exempt["distance"], exempt["margin_limit"]) == ("0.41", "5.0")
    assert exempt["strangers_limit"] == "1.9e-05"
    assert exempt["exemptions"] == "public_figure"
    assert (blocked["said_by"], blocked["distance"], blocked["margin_limit"]) == ("", "", "")


def test_no_text_leaves_the_page_nor_lies_on_another(tmp_path: Path) -> None:
    """Seen as boxes of words: within the margins, and none over another."""
    head = dataclasses.replace(HEAD, language=language("de"))
    path = report(tmp_path / "r.pdf", the_whole_story(tmp_path), head)
    with pypdfium2.PdfDocument(path) as document:
        for page in document:
            lines = page.get_textpage()
            boxes = np.array([lines.get_rect(n) for n in range(lines.count_rects())])
            width, height = page.get_size()
            assert boxes[:, 0].min() > 40
            assert boxes[:, 2].max() < width - 40
            assert boxes[:, 1].min() > 15
            assert boxes[:, 3].max() < height - 15
            # Letters of neighbouring lines may touch; what is written over has half in common.
            for number, one in enumerate(boxes):
                others = np.delete(boxes, number, axis=0)
                across = np.minimum(one[2], others[:, 2]) - np.maximum(one[0], others[:, 0])
                down = np.minimum(one[3], others[:, 3]) - np.maximum(one[1], others[:, 1])
                height_of = one[3] - one[1]
                assert not ((across > 1) & (down > height_of / 2)).any()
