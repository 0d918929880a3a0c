"""The report says what was decided, and shows nobody who did not agree."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pypdfium2
import pytest

from clearance.documents import photo_document
from clearance.language import LANGUAGES, language
from clearance.rate import MatchingRate
from clearance.rendition import Rendition
from clearance.results import ExportResult, FaceReason, Outcome, PhotoResult
from consent.decision import Reason
from detector.errors import PhotoUnreadableError
from detector.faces import Box, Certainty, Frame
from forms.clearance_report import write_report
from forms.errors import DocumentNotWrittenError, FormsError, ReportFormatError
from forms.report_parts import thumbnail
from forms.report_words import ReportWords
from tests.forms.judged import (
    CHECKS,
    HEAD,
    SAID,
    SKIN,
    WALL,
    a_face,
    a_photo,
    a_result,
    open_photo,
    report,
)
from tests.forms.paper import images, words

LEFT, RIGHT = Box(100, 120, 180, 220), Box(400, 120, 480, 220)


def seen(path: Path, colour: tuple[int, int, int]) -> int:
    """How many pixels of the printed report have about this colour."""
    return sum(
        int((np.abs(np.asarray(page, dtype=int) - colour).max(axis=2) < 40).sum())
        for page in images(path, dots_per_inch=90)
    )


@pytest.mark.parametrize("outcome", Outcome)
def test_only_faces_that_may_be_seen_are_seen(tmp_path: Path, outcome: Outcome) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    path = report(tmp_path / "report.pdf", [a_result(photo, [a_face(LEFT, outcome)])])
    visible = outcome in {Outcome.CLEARED, Outcome.EXEMPT, Outcome.NOT_RECOGNISABLE}
    assert (seen(path, SKIN) > 200) is visible
    # A file that failed shows nothing at all.
    assert (seen(path, WALL) > 2000) is (outcome is not Outcome.FAILED)


@pytest.mark.parametrize("size", [(600, 400), (3000, 2000), (90, 60), (3000, 300), (300, 3000)])
def test_a_hidden_face_is_hidden_at_any_size_and_at_the_edge(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    width, height = size
    corner = Box(width * 4 // 5, height * 4 // 5, width, height)
    photo = a_photo(tmp_path / "a.png", [corner], size)
    path = report(tmp_path / "report.pdf", [a_result(photo, [a_face(corner)])])
    assert seen(path, SKIN) == 0
    assert seen(path, WALL) > 0


def test_pictures_are_opened_by_the_detector_unless_another_way_is_given(tmp_path: Path) -> None:
    result = a_result(a_photo(tmp_path / "a.png", [LEFT]), [a_face(LEFT)])
    path = tmp_path / "report.pdf"
    write_report([result], path, HEAD)
    assert seen(path, WALL) > 2000
    assert seen(path, SKIN) == 0


def test_a_cleared_neighbour_stays_visible(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT, RIGHT])
    faces = [a_face(LEFT, Outcome.CLEARED, person="p1", name="Anna"), a_face(RIGHT)]
    both = report(tmp_path / "both.pdf", [a_result(photo, faces)])
    one = a_photo(tmp_path / "one.png", [LEFT])
    only = report(tmp_path / "only.pdf", [a_result(one, faces[:1])])
    assert 0.8 < seen(both, SKIN) / seen(only, SKIN) < 1.2


def test_a_file_that_changed_since_is_not_shown(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    result = a_result(photo, [a_face(LEFT)])
    a_photo(photo, [RIGHT])
    path = report(tmp_path / "report.pdf", [result])
    assert seen(path, SKIN) == seen(path, WALL) == 0
    assert "changed since it was examined" in words(path)


@pytest.mark.parametrize("error", [PhotoUnreadableError("gone"), FileNotFoundError("gone")])
def test_a_file_that_cannot_be_opened_any_more_is_said(tmp_path: Path, error: Exception) -> None:
    def gone(_: Path) -> Frame:
        raise error

    result = a_result(a_photo(tmp_path / "a.png", []), [])
    path = report(tmp_path / "report.pdf", [result], opener=gone)
    assert "cannot be opened now" in words(path)


def test_all_that_was_decided_is_said(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "ward.png", [LEFT, RIGHT])
    faces = [
        a_face(LEFT, person="p1", name="Loïc Berthoud", reasons=(Reason.WITHDRAWN,)),
        a_face(
            RIGHT,
            Outcome.REVIEW,
            person="p2",
            name="Zoé Amsler",
            certainty=Certainty.LOOK,
            reasons=(FaceReason.LIKELY_MATCH,),
        ),
    ]
    result = a_result(photo, faces)
    text = words(report(tmp_path / "report.pdf", [result]))
    for part in (
        "Hôpital d’Exemple, Sion",
        "2026-11-21, 14:30 UTC+01:00",
        "2026-12-01",
        "clearance 0.1.0, recogniser dlib_resnet",
        "Nothing of this may be published.",
        "Loïc Berthoud",
        "the consent was withdrawn",
        "perhaps Zoé Amsler",
        "looks similar, but not enough to be sure",
        "1 : 120’000",
        "7KQ4-M2XD-9F3T-C",
        "600 × 400",
        "not proof that nobody is there",
    ):
        assert part in text, part
    assert str(result.sha256)[:32] in text
    assert str(result.sha256)[32:] in text
    assert "inf" not in re.findall(r"\w+", text)


def test_a_copy_without_names_numbers_people_the_same_everywhere(tmp_path: Path) -> None:
    first = a_result(
        a_photo(tmp_path / "a.png", [LEFT, RIGHT]),
        [a_face(LEFT, person="k7", name="Anna"), a_face(RIGHT, person="x9", name="Béa")],
    )
    second = a_result(a_photo(tmp_path / "b.png", [LEFT]), [a_face(LEFT, person="x9", name="Béa")])
    head = dataclasses.replace(HEAD, names=False)
    text = words(report(tmp_path / "report.pdf", [first, second], head))
    # In the table of the album, in that of the first picture, and beside each face.
    assert text.count("person 1") == 3
    assert text.count("person 2") == 4
    for secret in ("Anna", "Béa", "k7", "x9", str(tmp_path)):
        assert secret not in text


def test_what_a_person_said_of_a_face_is_quoted(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    exempt = a_face(LEFT, Outcome.EXEMPT, reasons=(FaceReason.NOT_A_FACE,))
    result = a_result(photo, [dataclasses.replace(exempt, said=SAID)])
    path = report(tmp_path / "report.pdf", [result])
    text = words(path)
    assert "no face, as a person said; a poster of Jean Morand" in text
    assert "Anna Keller, 2026-12-01" in text
    assert "unknown" not in text
    assert seen(path, SKIN) > 200
    outside = words(
        report(tmp_path / "outside.pdf", [result], dataclasses.replace(HEAD, names=False))
    )
    assert "2026-12-01" in outside
    assert "Keller" not in outside
    assert "poster" not in outside


def test_a_verdict_about_a_smaller_version_says_so(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    tiny = a_face(LEFT, Outcome.NOT_RECOGNISABLE, reasons=(FaceReason.TOO_SMALL,))
    result = a_result(photo, [tiny])
    smaller = dataclasses.replace(result, rendition=Rendition.of(600, 400, 300))
    text = words(report(tmp_path / "report.pdf", [smaller]))
    limit = "versions of at most 300 pixels on the longer edge"
    assert f"Judged for {limit}" in text
    assert f"This is only about {limit}; larger files are not covered." in text
    assert "300 × 200; the file itself is larger and is not covered" in text
    assert "not covered" not in words(report(tmp_path / "whole.pdf", [result]))


def test_a_thumbnail_shows_no_face_larger_than_it_was_judged(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT], (2000, 1500))
    result = a_result(photo, [a_face(LEFT, Outcome.NOT_RECOGNISABLE)])
    smaller = dataclasses.replace(result, rendition=Rendition.of(2000, 1500, 200))
    frame = open_photo(photo)
    assert thumbnail(frame, result, 0.4).shape == (600, 800, 3)
    assert thumbnail(frame, smaller, 0.4).shape == (150, 200, 3)
    assert thumbnail(frame, smaller, 0.05).shape == (75, 100, 3)


def test_how_often_a_stranger_is_mistaken_is_said(tmp_path: Path) -> None:
    result = a_result(a_photo(tmp_path / "a.png", [LEFT]), [a_face(LEFT)])
    head = dataclasses.replace(HEAD, rate=MatchingRate(212, 1000))
    text = words(report(tmp_path / "r.pdf", [result], head))
    assert "In a gallery of 212 people, about 1 stranger in 1,000 would be taken" in text
    large = dataclasses.replace(HEAD, rate=MatchingRate(9000, None))
    assert "No match counts as certain" in words(report(tmp_path / "l.pdf", [result], large))
    assert "about 1 stranger" not in words(report(tmp_path / "n.pdf", [result]))


def test_an_export_is_recorded_and_only_it_may_go_out(tmp_path: Path) -> None:
    result = a_result(a_photo(tmp_path / "a.png", [LEFT]), [a_face(LEFT, Outcome.BLOCKED)])
    export = ExportResult(Path("out/a.png"), "c" * 64, 600, 400, (LEFT,), Outcome.REDACTED, CHECKS)
    text = words(report(tmp_path / "r.pdf", [dataclasses.replace(result, export=export)]))
    assert "1 head hidden, checked" in text
    assert "matched by 25.0% of strangers" in text
    assert str(Path("out/a.png")) in text
    assert "c" * 32 in text
    assert "Only the copies with hidden heads may be published." in text
    assert "Of 1, only the copy in which heads are hidden." in text


def test_a_failed_file_is_said_and_weighs_most(tmp_path: Path) -> None:
    failed = PhotoResult(
        Path("x.heic"), Outcome.FAILED, problem=FormsError("The file is <truncated>.")
    )
    fine = a_result(a_photo(tmp_path / "a.png", []), [])
    text = words(report(tmp_path / "report.pdf", [fine, failed]))
    assert "The file is <truncated>." in text
    assert "1 could not be examined or written" in text
    assert "No face was found. This is not proof that nobody is in the picture." in text


@pytest.mark.parametrize(
    "name",
    ["Łukasz Żółć", "Ελένη Παπαδοπούλου", "Владимир Ёлкин", "Nguyễn Thị Ánh", "Gökçe Şahin"],
)
def test_names_of_every_european_alphabet_are_set(tmp_path: Path, name: str) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    result = a_result(photo, [a_face(LEFT, person="p", name=name)])
    assert name in words(report(tmp_path / "report.pdf", [result]))


def test_what_has_no_glyph_or_hides_is_spelled_out(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    result = a_result(photo, [a_face(LEFT, person="p", name="王 <b>&amp;\u202e\x00")])
    text = words(report(tmp_path / "report.pdf", [result]))
    # The long word is broken into lines.
    assert "[U+738B]<b>&amp;[U+202E][U+0000]" in text.replace(" ", "")


def test_a_path_that_is_not_unicode_does_not_stop_the_report(tmp_path: Path) -> None:
    odd = PhotoResult(Path("caf\udce9.jpg"), Outcome.FAILED, problem=FormsError("Unreadable."))
    assert "caf[U+DCE9].jpg" in words(report(tmp_path / "report.pdf", [odd]))
    document = json.loads(report(tmp_path / "report.json", [odd]).read_bytes())
    assert document["files"][0]["path"] == "caf\udce9.jpg"


def test_long_names_many_faces_and_long_lists_have_room(tmp_path: Path) -> None:
    boxes = [Box(x, y, x + 20, y + 24) for y in range(10, 380, 37) for x in range(10, 590, 58)]
    crowd = [a_face(box, person=f"p{i}", name="Anna " * 40) for i, box in enumerate(boxes)]
    photo = a_photo(tmp_path / ("n" * 120 + ".png"), boxes)
    results = [a_result(photo, crowd)]
    results += [
        PhotoResult(Path(f"{i}.jpg"), Outcome.FAILED, problem=FormsError("x " * 200))
        for i in range(20)
    ]
    path = report(tmp_path / "report.pdf", results)
    assert len(crowd) == 100
    text = words(path)
    assert "21. 19.jpg" in text
    assert seen(path, SKIN) == 0


def test_the_longest_paths_a_system_allows_have_room(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    far = Path("/".join(["folder" * 40] * 17)) / ("n" * 250 + ".png")
    export = ExportResult(far, "c" * 64, 600, 400, (LEFT,), Outcome.REDACTED, CHECKS)
    channels = dict.fromkeys(["website", *map(str, range(9))], Outcome.REDACTED)
    result = dataclasses.replace(
        a_result(photo, [a_face(LEFT)]), path=far, export=export, channels=channels
    )
    text = words(report(tmp_path / "r.pdf", [result], opener=lambda _: open_photo(photo)))
    assert " … " in text


@pytest.mark.parametrize(
    ("outcomes", "lead"),
    [
        ([Outcome.CLEARED, Outcome.EXEMPT], "Everything may be published as asked."),
        ([Outcome.CLEARED, Outcome.REDACTED], "some of it only as a copy with hidden heads."),
        ([Outcome.CLEARED, Outcome.REVIEW], "Some of it must not be published."),
        ([Outcome.BLOCKED, Outcome.FAILED], "Nothing of this may be published."),
    ],
)
def test_the_first_sentence_says_what_may_go_out(
    tmp_path: Path, outcomes: list[Outcome], lead: str
) -> None:
    results = [PhotoResult(Path("a.jpg"), outcome) for outcome in outcomes]
    assert lead in words(report(tmp_path / "report.pdf", results))


def test_an_empty_album_is_a_report_too(tmp_path: Path) -> None:
    assert "No picture was examined." in words(report(tmp_path / "report.pdf", []))


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_is_set_and_names_itself(tmp_path: Path, code: str) -> None:
    head = dataclasses.replace(HEAD, language=language(code))
    result = a_result(a_photo(tmp_path / "a.png", [LEFT]), [a_face(LEFT)])
    path = report(tmp_path / "report.pdf", [result], head)
    assert head.language.gettext("What this report does not say") in words(path)
    assert f"/Lang ({code})".encode() in path.read_bytes()
    with pypdfium2.PdfDocument(path) as document:
        assert document.get_metadata_value("Title") == head.language.gettext("Clearance report")


def test_pages_are_counted_and_pictures_have_bookmarks(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    path = report(tmp_path / "report.pdf", [a_result(photo, [a_face(LEFT)])] * 6)
    with pypdfium2.PdfDocument(path) as document:
        pages = len(document)
        titles = [item.get_title() for item in document.get_toc()]
        last = document[pages - 1].get_textpage().get_text_range()
    assert titles == [f"{number}. a.png" for number in range(1, 7)]
    assert f"Page {pages} of {pages}" in last


def test_json_holds_the_published_documents(tmp_path: Path) -> None:
    result = a_result(a_photo(tmp_path / "é.png", [LEFT]), [a_face(LEFT, person="p")])
    head = dataclasses.replace(HEAD, rate=MatchingRate(212, 1000))
    path = report(tmp_path / "r.JSON", [result], head)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document == {
        "schema_version": 1,
        "names": True,
        "language": "en",
        "models": {},
        "policy": None,
        "summary": {"blocked": 1},
        "limits": ReportWords.of([result], head).limits()[1:],
        "made_at": "2026-11-21T14:30:00+01:00",
        "use_date": "2026-12-01",
        "tool": {"clearance": "0.1.0", "recogniser": "dlib_resnet"},
        "institution": json.loads(json.dumps(dataclasses.asdict(HEAD.institution))),
        "matching": {"people": 212, "strangers": 1000, "limits": None},
        "files": [photo_document(result)],
    }


@pytest.mark.parametrize("name", ["report.docx", "report"])
def test_another_format_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReportFormatError, match=r"\.pdf, \.html, \.csv, \.json"):
        report(tmp_path / name, [])
    assert not list(tmp_path.iterdir())


def test_a_report_that_cannot_be_written_leaves_the_older_one(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(b"older")

    def broken(_: Path) -> Frame:
        raise RuntimeError("a bug")

    result = a_result(a_photo(tmp_path / "a.png", []), [])
    with pytest.raises(RuntimeError):
        report(path, [result], opener=broken)
    assert path.read_bytes() == b"older"
    assert {item.name for item in tmp_path.iterdir()} == {"a.png", "report.pdf"}
    with pytest.raises(DocumentNotWrittenError):
        report(tmp_path / "nowhere" / "report.pdf", [])


@pytest.mark.skipif(shutil.which("pdffonts") is None, reason="poppler's pdffonts is not installed")
def test_every_font_is_embedded(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    path = report(tmp_path / "report.pdf", [a_result(photo, [a_face(LEFT)])] * 2)
    table = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout
    assert all(re.search(r"NotoSans.* yes yes yes ", line) for line in table.splitlines()[2:])


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="qpdf is not installed")
def test_the_file_is_sound(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    path = report(tmp_path / "report.pdf", [a_result(photo, [a_face(LEFT)])] * 2)
    subprocess.run(["qpdf", "--check", path], check=True, capture_output=True)
