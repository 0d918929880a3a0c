"""A whole album on a few pages: every picture, its faces, its verdict, in colour and in signs."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from PIL import Image
from reportlab.pdfbase.pdfmetrics import stringWidth

from clearance.bursts import Likeness, PictureGroup
from clearance.language import LANGUAGES, language
from clearance.rendition import Rendition
from clearance.results import Outcome, PhotoResult
from detector.errors import PhotoUnreadableError
from detector.faces import Box, SmallPhoto
from detector.photo import open_photo, read_file, small_photo_from_bytes
from forms.contact_cells import shortened
from forms.contact_sheet import Grid, small_opener, write_contact_sheet
from forms.errors import DocumentNotWrittenError
from forms.report_parts import COLOURS
from forms.typeface import REGULAR, register_typeface
from tests.commands import SAMPLES, media_folder
from tests.forms.judged import HEAD, SKIN, WALL, a_face, a_photo, a_result
from tests.forms.paper import images, words

LEFT, RIGHT = Box(100, 120, 220, 260), Box(380, 120, 500, 260)


def said(path: Path) -> str:
    """The words of the sheet, without the letters in the signs of two verdicts."""
    return words(path).replace(" ? ", " ").replace(" ! ", " ")


def sheet(path: Path, results: list[PhotoResult], *arguments: Any, **options: Any) -> Path:
    head = options.pop("head", HEAD)
    opener = options.pop("open_small", small_opener(read_file))
    write_contact_sheet(results, path, head, opener, *arguments, **options)
    return path


def album(folder: Path, *outcomes: Outcome) -> list[PhotoResult]:
    """Pictures of one face each, with these verdicts."""
    return [
        a_result(a_photo(folder / f"{number:02}.png", [LEFT]), [a_face(LEFT, outcome)])
        for number, outcome in enumerate(outcomes, 1)
    ]


def seen(path: Path, colour: tuple[int, ...]) -> int:
    """How many pixels of all pages have about this colour."""
    return sum(
        int((np.abs(np.asarray(page, dtype=int) - colour).max(axis=2) < 40).sum())
        for page in images(path, dots_per_inch=90)
    )


def pages(path: Path) -> int:
    with pypdfium2.PdfDocument(path) as document:
        return len(document)


def drawn(path: Path) -> list[tuple[float, float, float, float]]:
    """Left, bottom, right and top of every picture, in points, in the order of the pages."""
    with pypdfium2.PdfDocument(path) as document:
        return [
            found.get_bounds()
            for page in document
            for found in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
        ]


# --- one picture ------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", Outcome)
def test_everybody_is_seen_and_the_verdict_is_said_in_colour_and_words(
    tmp_path: Path, outcome: Outcome
) -> None:
    path = sheet(tmp_path / "sheet.pdf", album(tmp_path, outcome))
    assert seen(path, SKIN) > 300
    colour = COLOURS[outcome]
    assert seen(path, tuple(round(255 * part) for part in colour.rgb())) > 150
    text = said(path)
    assert f"1. 01.png {HEAD.language.outcome(outcome)}" in text
    assert "Internal: shows people who have not agreed." in text


def test_faces_are_numbered_as_in_the_report(tmp_path: Path) -> None:
    faces = [a_face(RIGHT, Outcome.CLEARED), a_face(LEFT, Outcome.BLOCKED)]
    result = a_result(a_photo(tmp_path / "a.png", [LEFT, RIGHT]), faces)
    path = sheet(tmp_path / "sheet.pdf", [result], grid=Grid(1, 1))
    with pypdfium2.PdfDocument(path) as document:
        text = document[0].get_textpage()
        (left, _, right, _) = drawn(path)[0]
        middle = (left + right) / 2
        found = {}
        for index in range(text.count_chars()):
            char = text.get_text_range(index, 1)
            box = text.get_charbox(index)
            # The tags: digits within the picture.
            if char in "12" and drawn(path)[0][1] < box[1] < drawn(path)[0][3]:
                found[char] = box[0] > middle
    assert found == {"1": True, "2": False}


def test_a_tag_has_the_sign_of_its_verdict_beside_the_number(tmp_path: Path) -> None:
    blocked, review = (
        seen_signs(tmp_path, outcome) for outcome in (Outcome.BLOCKED, Outcome.REVIEW)
    )
    # In grey the two differ: the colour is not alone.
    assert (np.abs(blocked - review) > 60).sum() > 10


def seen_signs(folder: Path, outcome: Outcome) -> Any:
    """The page in grey, as a printer without colours shows it, and only the tag's part of it."""
    result = album(folder, Outcome.BLOCKED)[0]
    told = dataclasses.replace(result, faces=(a_face(LEFT, outcome),))
    path = sheet(folder / "sheet.pdf", [told], grid=Grid(1, 1))
    page = np.asarray(images(path, dots_per_inch=200)[0].convert("L"), dtype=int)
    left, _, _, top = drawn(path)[0]
    scale = 200 / 72
    row, column = round((841.89 - top) * scale), round(left * scale)
    wide = drawn(path)[0][2] - left
    factor = wide / 600 * scale
    y, x = row + round(LEFT.top * factor), column + round(LEFT.left * factor)
    return page[y - 14 : y + 2, x : x + 16]


@pytest.mark.parametrize("size", [(600, 400), (400, 600), (900, 60), (60, 900), (8, 6)])
def test_a_picture_keeps_its_shape(tmp_path: Path, size: tuple[int, int]) -> None:
    photo = a_photo(tmp_path / "a.png", [], size)
    ((left, bottom, right, top),) = drawn(sheet(tmp_path / "sheet.pdf", [a_result(photo, [])]))
    assert (right - left) / (top - bottom) == pytest.approx(size[0] / size[1], rel=0.02)


def test_a_file_that_changed_since_is_not_shown(tmp_path: Path) -> None:
    results = album(tmp_path, Outcome.CLEARED)
    a_photo(results[0].path, [RIGHT])
    path = sheet(tmp_path / "sheet.pdf", results)
    assert seen(path, SKIN) == seen(path, WALL) == 0
    assert "has changed since it was examined" in words(path)


@pytest.mark.parametrize("error", [PhotoUnreadableError("gone"), FileNotFoundError("gone")])
def test_a_file_that_cannot_be_opened_any_more_is_said(tmp_path: Path, error: Exception) -> None:
    def gone(_: Path, __: int) -> SmallPhoto:
        raise error

    path = sheet(tmp_path / "sheet.pdf", album(tmp_path, Outcome.CLEARED), open_small=gone)
    assert drawn(path) == []
    assert "cannot be opened now" in words(path)


def test_a_file_that_could_not_be_judged_says_why_in_place_of_a_picture(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"a video")
    with pytest.raises(PhotoUnreadableError) as raised:
        open_photo(tmp_path / "clip.mp4")
    result = PhotoResult(tmp_path / "clip.mp4", Outcome.FAILED, problem=raised.value)
    path = sheet(tmp_path / "sheet.pdf", [result])
    text = said(path)
    assert drawn(path) == []
    assert "not a photo of a supported kind" in text
    assert "1. clip.mp4 failed not judged" in text


def test_a_file_that_was_not_judged_and_can_be_opened_is_shown_with_the_sign(
    tmp_path: Path,
) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    path = sheet(tmp_path / "sheet.pdf", [PhotoResult(photo, Outcome.FAILED)])
    assert len(drawn(path)) == 1
    assert "failed not judged" in words(path)
    failed = tuple(round(255 * part) for part in COLOURS[Outcome.FAILED].rgb())
    left, bottom, right, top = (round(bound * 90 / 72) for bound in drawn(path)[0])
    page = np.asarray(images(path, dots_per_inch=90)[0], dtype=int)
    inside = page[page.shape[0] - top + 4 : page.shape[0] - bottom - 4, left + 4 : right - 4]
    assert (np.abs(inside - failed).max(axis=2) < 40).sum() > 50


def test_a_verdict_on_a_smaller_version_says_so(tmp_path: Path) -> None:
    (result,) = album(tmp_path, Outcome.CLEARED)
    smaller = dataclasses.replace(result, rendition=Rendition.of(600, 400, 300))
    text = words(sheet(tmp_path / "sheet.pdf", [smaller], grid=Grid(2, 2)))
    assert text.count("versions of at most 300 pixels on the longer edge") == 2


# --- the sheet --------------------------------------------------------------------------------


def test_the_heading_says_whose_for_what_when_and_how_many(tmp_path: Path) -> None:
    results = album(tmp_path, Outcome.CLEARED, Outcome.BLOCKED, Outcome.BLOCKED)
    text = words(sheet(tmp_path / "sheet.pdf", results))
    for part in (
        "Contact sheet",
        "Hôpital d’Exemple, Sion",
        "2026-11-21, 14:30 UTC+01:00",
        "For publication on 2026-12-01",
        "Asked for website",
        "2 blocked",
        "1 cleared",
    ):
        assert part in text, part
    assert text.count("Internal: shows people who have not agreed. Do not pass it on.") == 2


def test_pictures_that_are_alike_stand_under_one_heading(tmp_path: Path) -> None:
    results = album(tmp_path, *[Outcome.CLEARED] * 9)
    paths = [result.path for result in results]
    burst = PictureGroup(Likeness.BURST, tuple(paths[i] for i in (1, 4, 7)))
    same = PictureGroup(Likeness.DUPLICATES, (paths[2], paths[8]))
    text = words(sheet(tmp_path / "sheet.pdf", results, [same, burst]))
    parts = ["3 pictures of one moment", "2. 02.png", "5. 05.png", "8. 08.png"]
    parts += ["2 copies of one file", "3. 03.png", "9. 09.png"]
    parts += ["All other pictures", "1. 01.png", "4. 04.png", "6. 06.png", "7. 07.png"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert all(text.count(f"{path.stem}.png") == 1 for path in paths)


def test_a_copy_within_a_burst_names_the_first(tmp_path: Path) -> None:
    results = album(tmp_path, *[Outcome.CLEARED] * 3)
    a_photo(results[1].path, [RIGHT])
    results[1] = a_result(results[1].path, [a_face(RIGHT, Outcome.CLEARED)])
    paths = tuple(result.path for result in results)
    groups = [
        PictureGroup(Likeness.DUPLICATES, (paths[0], paths[2])),
        PictureGroup(Likeness.BURST, paths),
    ]
    text = words(sheet(tmp_path / "sheet.pdf", results, groups))
    assert "3 pictures of one moment" in text
    assert "copies of one file" not in text
    assert text.count("same file as no. 1") == 1
    assert "3. 03.png cleared same file as no. 1" in text


def test_only_some_verdicts_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    results = album(tmp_path, Outcome.CLEARED, Outcome.BLOCKED, Outcome.REVIEW, Outcome.BLOCKED)
    paths = tuple(result.path for result in results)
    burst = PictureGroup(Likeness.BURST, paths[:2])
    shown = {Outcome.BLOCKED, Outcome.REVIEW}
    text = words(sheet(tmp_path / "sheet.pdf", results, [burst], only=shown))
    assert "01.png" not in text
    # Its number is that of the whole album; alone it is no burst any more.
    assert "2. 02.png" in text
    assert "of one moment" not in text
    assert "3 of 4 pictures" in text
    assert "1 cleared" in text


def test_a_group_that_goes_on_says_so_on_the_next_page(tmp_path: Path) -> None:
    results = album(tmp_path, *[Outcome.CLEARED] * 60)
    burst = PictureGroup(Likeness.BURST, tuple(result.path for result in results))
    path = sheet(tmp_path / "sheet.pdf", results, [burst])
    assert pages(path) > 1
    assert words(path).count("60 pictures of one moment (continued)") == pages(path) - 1
    assert len(drawn(path)) == 60


@pytest.mark.parametrize("grid", [Grid(), Grid(1, 1), Grid(2, 3), Grid(8, 12)], ids=str)
def test_no_picture_lies_on_another_or_on_head_and_foot(tmp_path: Path, grid: Grid) -> None:
    portrait = a_photo(tmp_path / "portrait.png", [], (400, 600))
    results = album(tmp_path, *[Outcome.CLEARED] * 9)
    results += [dataclasses.replace(a_result(portrait, [])) for _ in range(9)]
    path = sheet(tmp_path / "sheet.pdf", results, grid=grid)
    with pypdfium2.PdfDocument(path) as document:
        for page in document:
            boxes = [
                found.get_bounds()
                for found in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
            ]
            assert boxes
            assert all(box[1] > 50 and box[3] < 790 and box[2] < 560 for box in boxes)
            for number, one in enumerate(boxes):
                for other in boxes[number + 1 :]:
                    apart = one[2] <= other[0] or other[2] <= one[0]
                    assert apart or one[1] >= other[3] or other[1] >= one[3]


@pytest.mark.parametrize("wrong", [(0, 5), (4, 13), (-1, 1)])
def test_a_grid_without_room_is_refused(wrong: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="columns and rows"):
        Grid(*wrong)


def test_an_album_of_nothing_is_a_page_that_says_so(tmp_path: Path) -> None:
    path = sheet(tmp_path / "sheet.pdf", [])
    assert pages(path) == 1
    assert "No picture was examined." in words(path)


@pytest.mark.parametrize("code", LANGUAGES)
def test_it_is_written_in_every_language(tmp_path: Path, code: str) -> None:
    head = dataclasses.replace(HEAD, language=language(code))
    path = sheet(tmp_path / "sheet.pdf", album(tmp_path, Outcome.BLOCKED), head=head)
    assert head.language.outcome(Outcome.BLOCKED) in words(path)
    assert f"/Lang ({code})".encode() in path.read_bytes()


def test_the_same_album_gives_the_same_file(tmp_path: Path) -> None:
    results = album(tmp_path, Outcome.CLEARED, Outcome.BLOCKED)
    one = sheet(tmp_path / "one.pdf", results).read_bytes()
    assert one == sheet(tmp_path / "other.pdf", results).read_bytes()
    assert b"D:20261121143000" in one


def test_every_font_is_embedded(tmp_path: Path) -> None:
    content = sheet(tmp_path / "sheet.pdf", album(tmp_path, Outcome.REVIEW)).read_bytes()
    assert b"NotoSans" in content
    assert b"/FontFile2" in content
    for standard in (b"/Helvetica", b"/Times", b"/Courier", b"/ZapfDingbats"):
        assert standard not in content


def test_it_is_one_file_whose_parts_stand_where_it_says(tmp_path: Path) -> None:
    content = sheet(tmp_path / "sheet.pdf", album(tmp_path, *[Outcome.REVIEW] * 3)).read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.count(b"%PDF-") == content.count(b"%%EOF") == 1
    start = int(content.rpartition(b"startxref")[2].split()[0])
    head, *table = content[start:].split(b"\n")
    count = int(table[0].split()[1])
    offsets = [int(line.split()[0]) for line in table[2 : count + 1]]
    assert head == b"xref"
    for number, offset in enumerate(offsets, 1):
        assert content[offset:].startswith(b"%d 0 obj" % number)


def test_a_folder_that_is_not_there_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    results = album(tmp_path, Outcome.CLEARED)
    with pytest.raises(DocumentNotWrittenError):
        sheet(tmp_path / "none" / "sheet.pdf", results)


def test_an_interrupted_sheet_leaves_the_old_one(tmp_path: Path) -> None:
    results = album(tmp_path, Outcome.CLEARED)
    path = sheet(tmp_path / "sheet.pdf", results)
    before = path.read_bytes(), sorted(tmp_path.iterdir())

    def interrupted(_: Path, __: int) -> SmallPhoto:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sheet(path, results, open_small=interrupted)
    assert (path.read_bytes(), sorted(tmp_path.iterdir())) == before


def test_many_pictures_need_hardly_more_memory_than_few(tmp_path: Path) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (180, 270, 3), np.uint8)

    def opened(path: Path, _: int) -> SmallPhoto:
        return SmallPhoto(path.stem, noise + np.uint8(int(path.stem) % 200))

    def peak(count: int) -> int:
        results = [
            PhotoResult(Path(f"{number}.jpg"), Outcome.CLEARED, str(number), 270, 180)
            for number in range(count)
        ]
        path = tmp_path / f"{count}.pdf"
        tracemalloc.start()
        sheet(path, results, open_small=opened)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        sizes[count] = path.stat().st_size
        return found

    sizes: dict[int, int] = {}
    peak(20)  # what is loaded once
    few, many = peak(20), peak(320)
    assert many - few < 0.25 * (sizes[320] - sizes[20])


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Fête du personnel à l’hôpital, été 2026, première partie 0001.jpg",
        "Übergabe der Diplome an die Pflegefachfrauen und -männer 0002.JPG",
        "Žižkův večírek s přáteli z oddělení chirurgie 0003.jpeg",
        "Łódź źdźbło ćma Święto pielęgniarek w szpitalu 0004.jpg",
        "Πρωτοχρονιάτικη γιορτή στο νοσοκομείο 0005.jpg",
        "Новогодний праздник в больнице, вид из окна 0006.jpg",
    ],
)
def test_of_a_long_name_both_ends_are_kept(name: str) -> None:
    register_typeface()
    shown = shortened(name, 110)
    assert stringWidth(shown, REGULAR, 7) <= 110
    start, end = shown.split("…")
    assert name.startswith(start)
    assert name.endswith(end)
    assert end.endswith(name[-8:])
    # No room is wasted.
    assert stringWidth(shown, REGULAR, 7) > 95


def test_a_character_without_glyph_is_spelled_whole_or_not_at_all() -> None:
    register_typeface()
    assert shortened("院長.jpg", 200) == "[U+9662][U+9577].jpg"
    for room in range(5, 200, 3):
        shown = shortened("院長" * 9 + ".jpg", room)
        assert shown.count("[U+") == shown.count("]")
    assert shortened("a\u202egpj.exe", 200) == "a[U+202E]gpj.exe"


# --- small photos -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted((SAMPLES / "album").iterdir()), ids=lambda path: path.name)
def test_a_small_photo_is_the_photo_made_small(path: Path) -> None:
    whole = open_photo(path)
    small = small_photo_from_bytes(path.read_bytes(), path, 400)
    assert small.sha256 == whole.sha256
    assert max(small.pixels.shape) == 400
    shape = small.pixels.shape[1::-1]
    like = np.asarray(Image.fromarray(whole.pixels).resize(shape, Image.Resampling.BOX), int)
    assert np.abs(like - small.pixels).mean() < 4


def test_a_small_photo_is_upright() -> None:
    picture = Image.new("RGB", (640, 320), "white")
    picture.paste((200, 0, 0), (0, 0, 320, 320))
    exif = Image.Exif()
    exif[274] = 6  # a quarter turn to the right
    stream = io.BytesIO()
    picture.save(stream, "JPEG", exif=exif)
    small = small_photo_from_bytes(stream.getvalue(), Path("a.jpg"), 64).pixels
    assert small.shape == (64, 32, 3)
    assert small[4, 16, 1] < 60 < small[60, 16, 1]


def test_a_photo_that_is_small_already_stays_as_it_is(tmp_path: Path) -> None:
    photo = a_photo(tmp_path / "a.png", [LEFT])
    assert small_photo_from_bytes(photo.read_bytes(), photo, 5000).pixels.shape == (400, 600, 3)


@pytest.mark.parametrize("cut", [2, 40, 900, 4000])
def test_a_damaged_photo_is_refused_small_as_well(cut: int) -> None:
    content = (SAMPLES / "album" / "01.jpg").read_bytes()[:cut]
    with pytest.raises(PhotoUnreadableError, match=r"a\.jpg"):
        small_photo_from_bytes(content, Path("a.jpg"), 100)


HARD = media_folder()


@pytest.mark.skipif(HARD is None, reason="needs the real development photos")
def test_real_photos_are_opened_small_wherever_they_are_opened_whole() -> None:
    assert HARD
    for path in sorted((HARD / "hard").iterdir()):
        try:
            whole = open_photo(path)
        except PhotoUnreadableError:
            continue
        small = small_photo_from_bytes(path.read_bytes(), path, 160)
        assert small.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        high, wide = small.pixels.shape[:2]
        shape = max(1, round(whole.width * max(high, wide) / max(whole.width, whole.height)))
        assert abs(wide - shape) <= 1, path.name
