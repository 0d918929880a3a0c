"""The committed sample pictures are what SOURCES.md and cast.json say they are."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import ExifTags, Image, ImageOps

import sample_media
from sample_media.draw import cast
from sample_media.draw.truth import describe_person

FOLDER = Path(sample_media.__file__).parent
MEGABYTE = 1024 * 1024
ORIENTATION, THUMBNAIL_AT, THUMBNAIL_SIZE = 0x0112, 0x0201, 0x0202

pillow_heif.register_heif_opener()

CAST: dict[str, Any] = json.loads((FOLDER / "cast.json").read_text("utf-8"))
PICTURES: dict[str, dict[str, Any]] = {entry["file"]: entry for entry in CAST["pictures"]}
ALBUM = sorted(name for name in PICTURES if name.startswith("album/"))


def media_files() -> list[str]:
    kinds = (".jpg", ".heic", ".json")
    found = (path for path in FOLDER.rglob("*") if path.suffix in kinds)
    return sorted(path.relative_to(FOLDER).as_posix() for path in found)


def thumbnail(name: str) -> Image.Image:
    """The preview embedded in a picture, as it is stored."""
    with Image.open(FOLDER / name) as image:
        exif = image.getexif()
        block = image.info["exif"].removeprefix(b"Exif\0\0")
    directory = exif.get_ifd(ExifTags.IFD.IFD1)
    start = directory[THUMBNAIL_AT]
    data = block[start : start + directory[THUMBNAIL_SIZE]]
    return Image.open(io.BytesIO(data))


def test_sources_lists_every_file() -> None:
    rows = re.findall(r"^\| (\S+) \| .* \| Apache-2\.0 \| \S.* \|$", sources(), re.MULTILINE)
    assert sorted(rows) == media_files()


def sources() -> str:
    return (FOLDER / "SOURCES.md").read_text("utf-8")


def test_sources_says_nobody_is_real() -> None:
    assert "No real person is shown" in sources()


def test_cast_knows_every_picture() -> None:
    assert sorted(PICTURES) == [name for name in media_files() if name != "cast.json"]


def test_the_set_stays_small() -> None:
    assert sum((FOLDER / name).stat().st_size for name in media_files()) < 5 * MEGABYTE


def test_cast_is_what_the_program_says() -> None:
    said = json.loads(json.dumps([describe_person(person) for person in cast.CAST]))
    assert CAST["people"] == said


@pytest.mark.parametrize("name", PICTURES)
def test_truth_fits_the_upright_picture(name: str) -> None:
    with Image.open(FOLDER / name) as stored:
        upright = ImageOps.exif_transpose(stored)
    width, height = PICTURES[name]["size"]
    assert upright.size == (width, height)
    known = {person["id"] for person in CAST["people"]} | {None}
    for face in PICTURES[name]["faces"] + PICTURES[name]["only_in_thumbnail"]:
        left, top, right, bottom = face["box"]
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert face["person"] in known
        assert 0.3 <= face["visible"] <= 1


@pytest.mark.parametrize("name", ALBUM)
def test_album_carries_what_cameras_add(name: str) -> None:
    with Image.open(FOLDER / name) as image:
        exif = image.getexif()
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    assert exif[0x010F] == "Belmont Optik"
    assert exif.get_ifd(ExifTags.IFD.Exif)[0x9003].startswith("2026:")
    assert [round(float(part), 2) for part in place[2]] == [46, 54, 0]
    assert place[3] == "E"


def test_orientations_turn_sideways_and_upside_down() -> None:
    turned = {name: PICTURES[name]["orientation"] for name in ALBUM}
    turned = {name: value for name, value in turned.items() if value != 1}
    assert turned == {"album/04.jpg": 6, "album/11.jpg": 3, "album/12.jpg": 8}
    for name, value in turned.items():
        with Image.open(FOLDER / name) as image:
            assert image.getexif()[ORIENTATION] == value
            lying = image.size != tuple(PICTURES[name]["size"])
        assert lying == (value in (6, 8))


@pytest.mark.parametrize("name", [name for name in ALBUM if name.endswith(".jpg")])
def test_thumbnails_are_embedded(name: str) -> None:
    preview = thumbnail(name)
    assert max(preview.size) == 256
    with Image.open(FOLDER / name) as image:
        assert (preview.width < preview.height) == (image.width < image.height)


def test_heic_opens() -> None:
    with Image.open(FOLDER / "album/07.heic") as image:
        assert image.format == "HEIF"
        assert image.convert("RGB").size == (1600, 1067)


def test_stale_thumbnail_still_shows_the_hidden_face() -> None:
    hidden = PICTURES["album/06.jpg"]["only_in_thumbnail"][0]["box"]
    with Image.open(FOLDER / "album/06.jpg") as image:
        shrink = 256 / image.width
        large = image.crop(hidden).convert("L")
    left, top, right, bottom = (round(edge * shrink) for edge in hidden)
    small = thumbnail("album/06.jpg").crop((left, top, right, bottom)).convert("L")
    assert spread(large) < 30
    assert spread(small) > 60


def spread(image: Image.Image) -> int:
    """From dark to light, the outermost tenth of the pixels left out on both sides."""
    values = sorted(image.tobytes())
    return values[-len(values) // 10] - values[len(values) // 10]


def test_the_album_covers_what_it_promises() -> None:
    faces = {name: PICTURES[name]["faces"] for name in ALBUM}
    assert len(ALBUM) == 12
    assert any(not found for found in faces.values()), "one with nobody"
    assert any(len(found) >= 10 for found in faces.values()), "one with a crowd"
    assert any(face.get("note") == "surgical mask" for found in faces.values() for face in found)
    together = [{face["person"] for face in found} for found in faces.values()]
    assert any({"elodie-rochat", "aline-rochat"} <= people for people in together)
    assert any("mila-kung" in people for people in together)


def test_only_the_child_has_a_birth_year_and_a_guardian() -> None:
    children = [person for person in CAST["people"] if person["birth_year"]]
    assert [person["id"] for person in children] == ["mila-kung"]
    assert children[0]["consent"]["guardian"]
