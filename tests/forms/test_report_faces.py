"""The same report for a screen and for a spreadsheet: it says the same, and shows no more."""

from __future__ import annotations

import base64
import csv
import dataclasses
import html.parser
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clearance.language import LANGUAGES, language
from clearance.results import Outcome, PhotoResult
from detector.errors import PhotoUnreadableError
from detector.faces import Box
from detector.second_pictures import Unjudged
from tests.forms.judged import HEAD, SKIN, WALL, a_face, a_photo, a_result, report

LEFT, RIGHT = Box(100, 120, 180, 220), Box(400, 120, 480, 220)
EVIL = "<script>alert(1)</script> & \"x\" 'y'"


class _Page(html.parser.HTMLParser):
    """What a browser makes of a page: its tags, its words, its pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def pictures(self) -> list[np.ndarray]:
        sources = [attrs["src"] or "" for tag, attrs in self.tags if tag == "img"]
        data = [base64.b64decode(source.partition(",")[2]) for source in sources]
        return [np.asarray(Image.open(io.BytesIO(one)).convert("RGB"), int) for one in data]


def page_of(path: Path) -> _Page:
    return _Page(path.read_text(encoding="utf-8"))


def seen(pixels: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((np.abs(pixels - colour).max(axis=2) < 40).sum())


@pytest.mark.parametrize("outcome", [Outcome.CLEARED, Outcome.REVIEW, Outcome.BLOCKED])
def test_the_page_shows_only_faces_that_may_be_seen(tmp_path: Path, outcome: Outcome) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    page = page_of(report(tmp_path / "r.html", [a_result(photo, [a_face(LEFT, outcome)])]))
    picture = page.pictures()[0]
    assert (seen(picture, SKIN) > 200) is (outcome is Outcome.CLEARED)
    assert seen(picture, WALL) > 2000
    assert [attrs["class"] for tag, attrs in page.tags if tag == "span" and "style" in attrs][
        :1
    ] == ["verdict"]
    (box,) = (attrs for tag, attrs in page.tags if attrs.get("class") == "box")
    assert "left:16.67%;top:30.00%;width:13.33%;height:25.00%" in (box["style"] or "")


def test_nothing_on_the_page_runs_or_is_fetched(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    result = dataclasses.replace(
        a_result(photo, [a_face(LEFT, person="p1", name=EVIL)]), path=photo.with_name("<i>a&b.png")
    )
    text = report(tmp_path / "r.html", [result]).read_text(encoding="utf-8")
    page = _Page(text)
    assert EVIL in page.words
    assert "<i>a&b.png" in page.words
    assert {tag for tag, _ in page.tags} <= {
        *("html", "meta", "title", "style", "h1", "h2", "table", "tr", "td", "th", "div", "b"),
        *("section", "figure", "img", "span", "strong", "ul", "li", "footer", "br", "p", "a"),
        *("h3", "svg", "rect", "text", "small", "i"),
    }
    assert not re.search(r"(?:src|href)=[\"'](?!data:|#)", text)
    assert not re.search(r"\son\w+=", text)
    assert "default-src 'none'" in text


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_page_says_what_the_pdf_says(tmp_path: Path, code: str) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    gone = PhotoResult(tmp_path / "gone.png", Outcome.FAILED, problem=PhotoUnreadableError("gone"))
    more = dataclasses.replace(a_result(photo, []), unjudged=(Unjudged.VIDEO,))
    faces = [a_face(LEFT, Outcome.CLEARED, person="p1", name="Zoé Amsler")]
    head = dataclasses.replace(HEAD, language=language(code))
    path = report(tmp_path / "r.html", [a_result(photo, faces), gone, more], head)
    page = page_of(path)
    said = head.language.gettext
    for words in ("Zoé Amsler", "7KQ4-M2XD-9F3T-C", "gone.png", said("Clearance report")):
        assert words in page.words
    assert said("a video") in page.words
    assert said("What this report does not say") in page.words
    assert page.tags[0] == ("html", {"lang": code})


def test_a_copy_without_names_numbers_people(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    results = [a_result(photo, [a_face(LEFT, person="p1", name="Zoé Amsler")])]
    head = dataclasses.replace(HEAD, names=False)
    for name in ("r.html", "r.csv"):
        text = report(tmp_path / name, results, head).read_text(encoding="utf-8")
        assert "Zoé" not in text
        assert "person 1" in text
        assert str(tmp_path) not in text


def test_the_table_has_a_line_for_each_face_and_each_empty_picture(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT, RIGHT])
    faces = [
        a_face(LEFT, Outcome.CLEARED, person="p1", name="=HYPERLINK(1)"),
        a_face(RIGHT),
    ]
    gone = PhotoResult(tmp_path / "gone.png", Outcome.FAILED, problem=PhotoUnreadableError("gone"))
    path = report(tmp_path / "r.csv", [a_result(photo, faces), gone])
    with path.open(encoding="utf-8-sig", newline="") as file:
        first, second, third = csv.DictReader(file, delimiter=";")
    assert (first["face"], first["face_verdict"], first["left"]) == ("1", "cleared", "100")
    # No cell of a spreadsheet can do anything.
    assert first["person"] == "'=HYPERLINK(1)"
    assert first["forms"] == "7KQ4-M2XD-9F3T-C"
    assert (second["face"], second["face_verdict"]) == ("2", "blocked")
    assert (second["on"], second["asked_for"]) == ("2026-12-01", "website")
    assert (third["face"], third["verdict"], third["problem"]) == ("", "failed", "gone")
