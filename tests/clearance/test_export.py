"""A copy is written whole and proved, or not at all; nothing of the source rides along."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
import struct
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from clearance.colour import in_srgb, profile_for_copy
from clearance.errors import ExportError, ExportRefusedError, VerificationError
from clearance.export import Exporter, Manner, Plan, copy_path
from clearance.metadata import DataMining, ReleaseStatus, Rights, packet
from clearance.redaction import head_region
from clearance.rendition import Rendition
from clearance.results import ExportResult, Outcome
from clearance.verification import Examiner, look_both_ways
from detector.faces import Box, Face, Frame
from detector.held import Held
from detector.photo import open_photo

MAGENTA = (230, 20, 230)
SECRET = b"Thumbnail of somebody who said no"
LEFT, RIGHT = Box(40, 60, 80, 110), Box(150, 60, 190, 110)


def squares(frame: Frame) -> tuple[Face, ...]:
    """A face finder for tests: a face is a magenta patch, with none above or below it."""
    red, green, blue = np.moveaxis(frame.pixels.astype(int), 2, 0)
    magenta = (red > 180) & (green < 90) & (blue > 180)
    edges = np.flatnonzero(np.diff(magenta.any(axis=0).astype(int), prepend=0, append=0))
    found = []
    for left, right in edges.reshape(-1, 2).tolist():
        rows = np.flatnonzero(magenta[:, left:right].any(axis=1))
        found.append(Face(Box(left, int(rows[0]), right, int(rows[-1]) + 1), 0.9))
    return tuple(face for face in found if min(face.box.width, face.box.height) > 4)


def picture(*faces: Box, width: int = 240, height: int = 180) -> Image.Image:
    """A soft landscape with a magenta patch per face."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([90 + x // 4, 110 + y // 3, 80 + (x + y) // 8], axis=2).astype(np.uint8)
    for box in faces:
        pixels[box.top : box.bottom, box.left : box.right] = MAGENTA
    return Image.fromarray(pixels)


def saved(path: Path, image: Image.Image, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in {".jpg", ".jpeg"}:
        options = {"quality": 95, "subsampling": "4:4:4"} | options
    image.save(path, **options)
    return path


def exported(
    photo: Path,
    folder: Path,
    visible: Sequence[Box] = (),
    find_faces: Callable[[Frame], Sequence[Face]] = squares,
) -> ExportResult:
    """One photo's copy, everybody hidden but those whose box is near a visible one."""
    frame = open_photo(photo)
    faces = squares(frame)
    seen = [face for face in faces if any(face.box.iou(box) > 0.5 for box in visible)]
    hidden = [face for face in faces if face not in seen]
    exporter = Exporter(folder, [photo], Examiner(open_photo, find_faces))
    return exporter.write(frame, hidden, seen)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("name", "written", "kind"),
    [
        ("a.jpg", "a.jpg", "JPEG"),
        ("a.JPEG", "a.jpg", "JPEG"),
        ("a.png", "a.png", "PNG"),
        ("a.webp", "a.webp", "WEBP"),
        ("a.avif", "a.avif", "AVIF"),
        ("a.tif", "a.jpg", "JPEG"),
        ("a.bmp", "a.jpg", "JPEG"),
    ],
)
def test_the_copy_hides_who_must_not_be_seen(
    tmp_path: Path, name: str, written: str, kind: str
) -> None:
    photo = saved(tmp_path / name, picture(LEFT, RIGHT))
    before = digest(photo)
    result = exported(photo, tmp_path / "out", visible=[RIGHT])

    assert files(tmp_path / "out") == [written]
    assert result.path == tmp_path / "out" / written
    assert result.sha256 == digest(result.path)
    assert result.outcome is Outcome.REDACTED
    assert len(result.hidden) == 1
    assert (result.width, result.height) == (240, 180)
    with Image.open(result.path) as copy:
        assert copy.format == kind
        assert copy.size == (240, 180)
    assert [face.box.iou(RIGHT) > 0.8 for face in squares(open_photo(result.path))] == [True]
    assert digest(photo) == before


def test_a_picture_without_people_is_cleared(tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.png", picture())
    result = exported(photo, tmp_path / "out")
    assert result.outcome is Outcome.CLEARED
    assert result.hidden == ()


def test_a_lossless_copy_differs_under_the_mask_only(tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.png", picture(LEFT))
    copy = open_photo(exported(photo, tmp_path / "out").path).pixels
    changed = (copy != open_photo(photo).pixels).any(axis=2)
    assert changed[LEFT.top : LEFT.bottom, LEFT.left : LEFT.right].all()
    assert not changed[:, 140:].any()


def exif_with_thumbnail(thumbnail: bytes) -> bytes:
    """EXIF as a camera writes it: description and GPS pointer, then the thumbnail's directory."""

    def entry(tag: int, kind: int, count: int, value: int) -> bytes:
        return struct.pack("<HHII", tag, kind, count, value)

    first, second, gps = 8, 8 + 2 + 2 * 12 + 4, 8 + 2 + 2 * 12 + 4 + 2 + 2 * 12 + 4
    text = gps + 2 + 12 + 4
    picture_at = text + len(SECRET) + 1
    ascii_kind, long_kind = 2, 4
    tiff = b"II*\0" + struct.pack("<I", first)
    tiff += struct.pack("<H", 2) + entry(0x010E, ascii_kind, len(SECRET) + 1, text)
    tiff += entry(0x8825, long_kind, 1, gps) + struct.pack("<I", second)
    tiff += struct.pack("<H", 2) + entry(0x0201, long_kind, 1, picture_at)
    tiff += entry(0x0202, long_kind, 1, len(thumbnail)) + struct.pack("<I", 0)
    tiff += struct.pack("<H", 1) + struct.pack("<HHI4s", 1, ascii_kind, 2, b"N") + bytes(4)
    return b"Exif\0\0" + tiff + SECRET + b"\0" + thumbnail


def source_with_everything(path: Path) -> Path:
    """A JPEG with a thumbnail, GPS, comment, XMP and colour profile."""
    thumbnail = io.BytesIO()
    picture(LEFT).resize((80, 60)).save(thumbnail, "JPEG")
    return saved(
        path,
        picture(LEFT),
        exif=exif_with_thumbnail(thumbnail.getvalue()),
        xmp=b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>",
        comment=SECRET,
        icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    )


def test_nothing_but_the_picture_is_in_the_copy(tmp_path: Path) -> None:
    photo = source_with_everything(tmp_path / "a.jpg")
    with Image.open(photo) as source:
        assert source.getexif().get_ifd(ExifTags.IFD.IFD1)[0x0202] > 500, "no thumbnail"
        assert source.getexif().get_ifd(ExifTags.IFD.GPSInfo) == {1: "N"}
    assert photo.read_bytes().count(SECRET) == 3
    assert photo.read_bytes().count(b"\xff\xd8\xff") == 2

    data = exported(photo, tmp_path / "out").path.read_bytes()

    assert data.count(b"\xff\xd8\xff") == 1, "a second picture"
    for trace in (SECRET, b"Exif", b"http", b"Photoshop", b"xmpmeta", b"GPS"):
        assert trace not in data
    with Image.open(io.BytesIO(data)) as copy:
        assert not copy.getexif()
        assert set(copy.info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "icc_profile",
        }


def test_text_in_a_png_is_left_behind(tmp_path: Path) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", SECRET.decode())
    photo = saved(tmp_path / "a.png", picture(LEFT), pnginfo=notes)
    assert SECRET in photo.read_bytes()
    assert SECRET not in exported(photo, tmp_path / "out").path.read_bytes()


def test_what_transparency_hides_is_left_behind(tmp_path: Path) -> None:
    image = picture(LEFT).convert("RGBA")
    alpha = Image.new("L", image.size, 255)
    alpha.paste(0, (LEFT.left, LEFT.top, LEFT.right, LEFT.bottom))
    image.putalpha(alpha)
    photo = saved(tmp_path / "a.png", image)
    frame = open_photo(photo)
    assert not squares(frame)
    Exporter(tmp_path / "out", [photo], Examiner(open_photo, squares)).write(
        frame, [Face(LEFT, 0.9)], []
    )
    with Image.open(tmp_path / "out" / "a.png") as copy:
        assert copy.mode == "RGB"
        assert not (np.asarray(copy) == MAGENTA).all(axis=2).any()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_on_its_side_is_hidden_upright(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = saved(tmp_path / "a.jpg", picture(LEFT), exif=exif)
    result = exported(photo, tmp_path / "out")
    upright = open_photo(photo)
    with Image.open(result.path) as copy:
        assert not copy.getexif()
        assert copy.size == (upright.width, upright.height)
    assert squares(upright)
    assert not squares(open_photo(result.path))


def test_colours_are_kept_with_a_profile_of_their_own(tmp_path: Path) -> None:
    icc = wide_profile()
    photo = saved(tmp_path / "a.png", picture(), icc_profile=icc)
    frame = open_photo(photo)
    copy = open_photo(exported(photo, tmp_path / "out").path)
    np.testing.assert_array_equal(copy.pixels, frame.pixels)
    assert copy.icc_profile == profile_for_copy(icc)
    with Image.open(photo) as source:
        expected = in_srgb(np.asarray(source), icc)
    difference = np.abs(in_srgb(copy.pixels, copy.icc_profile).astype(int) - expected)
    assert difference.max() <= 2
    assert np.abs(frame.pixels.astype(int) - expected).max() > 8


def wide_profile() -> bytes:
    """sRGB's profile with red and green exchanged: a space of its own, easily told."""
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return icc.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")


@pytest.mark.parametrize("profile", [b"no profile at all", b"\0" * 200], ids=["text", "zeros"])
def test_a_damaged_profile_is_passed_over(tmp_path: Path, profile: bytes) -> None:
    frame = open_photo(saved(tmp_path / "a.png", picture()))
    assert profile_for_copy(profile) is None
    np.testing.assert_array_equal(in_srgb(frame.pixels, profile), frame.pixels)


def test_srgb_under_another_name_moves_no_pixel(tmp_path: Path) -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    frame = open_photo(saved(tmp_path / "a.png", picture(), icc_profile=icc))
    assert frame.icc_profile
    assert in_srgb(frame.pixels, frame.icc_profile) is frame.pixels


def test_a_profile_keeps_its_colours_and_nothing_else() -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = profile_for_copy(icc)
    assert made
    secret = icc.replace(b"mluc", b"secr", 1)
    kept = profile_for_copy(secret)
    assert kept is None or b"secr" not in kept
    assert profile_for_copy(made) == made


def test_a_face_that_appears_in_the_copy_is_hidden_as_well(tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.jpg", picture(LEFT, RIGHT))
    frame = open_photo(photo)
    judged = [face for face in squares(frame) if face.box.iou(LEFT) > 0.5]
    exporter = Exporter(tmp_path / "out", [photo], Examiner(open_photo, squares))
    result = exporter.write(frame, judged, [])

    assert len(result.hidden) == 2
    assert result.hidden[1].iou(RIGHT) > 0.8
    assert not squares(open_photo(result.path))


HALF = Rendition(120, 120, 90, 0.5)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.avif"])
def test_a_smaller_copy_hides_the_same_people(tmp_path: Path, name: str) -> None:
    photo = saved(tmp_path / name, picture(LEFT, RIGHT))
    frame = open_photo(photo)
    left, right = squares(frame)
    exporter = Exporter(tmp_path / "out", [photo], Examiner(open_photo, squares))
    result = exporter.write(frame, [left], [right], Plan(rendition=HALF))

    assert (result.width, result.height) == (120, 90)
    assert result.hidden == (left.box,)
    copy = open_photo(result.path)
    assert (copy.width, copy.height) == (120, 90)
    (seen,) = squares(copy)
    assert seen.box.iou(RIGHT_AT_HALF) > 0.8


RIGHT_AT_HALF = Box(75, 30, 95, 55)


def test_no_pixel_of_a_smaller_copy_knows_what_was_hidden(tmp_path: Path) -> None:
    """Scaling mixes neighbours: what is hidden must be gone before."""
    copies = []
    face = Face(LEFT, 0.9)
    region = head_region(face, 240, 180)
    for number, colour in enumerate([(255, 255, 255), (0, 0, 0)]):
        pixels = np.array(picture())
        window = pixels[region.box.top : region.box.bottom, region.box.left : region.box.right]
        window[region.mask()] = colour
        photo = saved(tmp_path / f"{number}.png", Image.fromarray(pixels))
        exporter = Exporter(tmp_path / "out", [photo], Examiner(open_photo, lambda _: ()))
        copies.append(exporter.write(open_photo(photo), [face], [], Plan(rendition=HALF)).sha256)
    assert copies[0] == copies[1]


def test_a_face_that_appears_in_a_smaller_copy_is_hidden_as_well(tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.jpg", picture(LEFT, RIGHT))
    frame = open_photo(photo)
    left, right = squares(frame)
    exporter = Exporter(tmp_path / "out", [photo], Examiner(open_photo, squares))
    result = exporter.write(frame, [left], [], Plan(rendition=HALF))
    assert len(result.hidden) == 2
    # In pixels of the photo, like the first.
    assert result.hidden[1].iou(right.box) > 0.8
    assert not squares(open_photo(result.path))


@pytest.mark.parametrize(("side", "stays"), [(20, True), (40, False)])
def test_a_face_is_seen_only_as_long_as_it_is_too_small(
    tmp_path: Path, side: int, stays: bool
) -> None:
    photo = saved(tmp_path / "a.png", picture(Box(100, 60, 100 + side, 60 + side)))
    frame = open_photo(photo)
    exporter = Exporter(tmp_path / "out", [photo], Examiner(open_photo, squares))
    result = exporter.write(frame, [], [], Plan(small=squares(frame), rendition=HALF))
    assert (len(result.hidden) == 0) is stays
    assert bool(squares(open_photo(result.path))) is stays


def test_a_copy_is_looked_at_as_its_photo_was_held(tmp_path: Path) -> None:
    photo = saved(tmp_path / "photo.png", picture(LEFT))
    seen: list[Held | None] = []

    def look(frame: Frame) -> tuple[Face, ...]:
        seen.append(frame.held)
        return squares(frame)

    told = Held((0.1, 2.0, 0.3, 0.4))
    examiner = Examiner(open_photo, look_both_ways(look), how_held=lambda _: told)
    frame = open_photo(photo)
    Exporter(tmp_path / "out", [photo], examiner).write(frame, squares(frame), [])
    assert seen == [told, told.mirrored]


def test_faces_that_keep_appearing_refuse_the_copy(tmp_path: Path) -> None:
    places = (Face(Box(x, 150, x + 6, 156), 0.3) for x in range(20, 240, 24))

    def restless(_frame: Frame) -> Sequence[Face]:
        return [next(places)]

    photo = saved(tmp_path / "a.jpg", picture(LEFT))
    with pytest.raises(VerificationError, match="not judged"):
        exported(photo, tmp_path / "out", find_faces=restless)
    assert files(tmp_path / "out") == []


def test_a_mask_seen_as_a_head_is_no_face(tmp_path: Path) -> None:
    def sees_masks(_frame: Frame) -> Sequence[Face]:
        return [Face(LEFT, 0.4)]

    photo = saved(tmp_path / "a.jpg", picture(LEFT))
    assert exported(photo, tmp_path / "out", find_faces=sees_masks).hidden


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, MemoryError])
def test_an_interruption_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    seen: list[str] = []

    def interrupted(_frame: Frame) -> NoReturn:
        seen.extend(files(tmp_path / "out"))
        raise error

    photo = saved(tmp_path / "a.jpg", picture(LEFT))
    saved(tmp_path / "out" / "a.jpg", picture(LEFT))
    with pytest.raises(error):
        exported(photo, tmp_path / "out", find_faces=interrupted)
    assert len(seen) == 2, "the finder looked at a file that was written"
    assert files(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("number", "remedy"), [(errno.ENOSPC, "make room"), (errno.EROFS, "choose a folder")]
)
def test_a_disk_that_takes_no_more_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    def full(_descriptor: int) -> NoReturn:
        raise OSError(number, os.strerror(number))

    photo = saved(tmp_path / "a.jpg", picture(LEFT))
    saved(tmp_path / "out" / "a.jpg", picture(LEFT))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match=remedy) as caught:
        exported(photo, tmp_path / "out")
    assert "was removed" in str(caught.value)
    assert files(tmp_path / "out") == []


def test_a_copy_that_fails_its_checks_is_not_left(tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.jpg", picture(LEFT))
    other = saved(tmp_path / "other.jpg", picture(LEFT))
    frame = open_photo(photo)

    def another_file(_path: Path) -> Frame:
        return open_photo(other)

    exporter = Exporter(tmp_path / "out", [photo], Examiner(another_file, squares))
    with pytest.raises(VerificationError):
        exporter.write(frame, squares(frame), [])
    assert files(tmp_path / "out") == []


def test_a_new_verdict_replaces_the_earlier_copy(tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.png", picture(LEFT, RIGHT))
    first = exported(photo, tmp_path / "out", visible=[LEFT, RIGHT])
    assert first.outcome is Outcome.CLEARED
    second = exported(photo, tmp_path / "out", visible=[RIGHT])
    assert files(tmp_path / "out") == ["a.png"]
    assert digest(second.path) == second.sha256 != first.sha256


def test_the_same_verdict_gives_the_same_bytes(tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.jpg", picture(LEFT))
    assert exported(photo, tmp_path / "x").sha256 == exported(photo, tmp_path / "y").sha256


def test_a_photo_that_cannot_be_judged_loses_its_earlier_copy(tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.jpg", picture(LEFT))
    exported(photo, tmp_path / "out")
    exporter = Exporter(tmp_path / "out", [photo], Examiner(open_photo, squares))
    assert exporter.withdraw(photo)
    assert files(tmp_path / "out") == []
    assert not exporter.withdraw(photo)
    assert photo.exists()


def test_an_earlier_copy_in_another_format_does_not_stay(tmp_path: Path) -> None:
    """It shows an earlier decision as much as one of the same format."""
    photo = saved(tmp_path / "a.jpg", picture(LEFT))
    out, xmp = tmp_path / "out", packet(ReleaseStatus.LIMITED, (), DataMining.PROHIBITED, Rights())
    mine = saved(out / "a.webp", picture(RIGHT))
    frame = open_photo(photo)

    def written(wanted: str | None) -> ExportResult:
        manner = Manner(format=wanted)
        exporter = Exporter(out, [photo], Examiner(open_photo, squares), manner=manner)
        return exporter.write(frame, squares(frame), [], Plan(xmp=xmp))

    written("png")
    assert files(out) == ["a.png", "a.webp"]
    written(None)
    assert files(out) == ["a.jpg", "a.webp"], "what is no copy of ours is somebody's picture"
    written("png")
    assert files(out) == ["a.png", "a.webp"]
    Exporter(out, [photo], Examiner(open_photo, squares)).withdraw(photo)
    assert files(out) == [mine.name]


def test_the_copy_of_a_neighbour_is_no_earlier_copy(tmp_path: Path) -> None:
    photos = [saved(tmp_path / name, picture(LEFT)) for name in ("a.jpg", "a.png")]
    xmp = packet(ReleaseStatus.LIMITED, (), DataMining.PROHIBITED, Rights())
    exporter = Exporter(tmp_path / "out", photos, Examiner(open_photo, squares))
    for photo in photos:
        frame = open_photo(photo)
        exporter.write(frame, squares(frame), [], Plan(xmp=xmp))
    assert files(tmp_path / "out") == ["a.jpg", "a.png"]


def test_an_earlier_copy_that_cannot_be_removed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = saved(tmp_path / "a.jpg", picture(LEFT))
    exported(photo, tmp_path / "out")

    def locked(_path: Path, *, missing_ok: bool = False) -> NoReturn:
        raise PermissionError(errno.EACCES, "locked")

    monkeypatch.setattr(Path, "unlink", locked)
    with pytest.raises(ExportError, match="delete it by hand"):
        Exporter(tmp_path / "out", [photo], Examiner(open_photo, squares)).withdraw(photo)


@pytest.mark.parametrize("kind", ["same", "symlink", "hardlink"])
def test_an_original_is_never_written_to(tmp_path: Path, kind: str) -> None:
    photo = saved(tmp_path / "photos" / "a.jpg", picture(LEFT))
    out = tmp_path / "out"
    out.mkdir()
    if kind == "same":
        out = photo.parent
    elif kind == "symlink":
        (out / "a.jpg").symlink_to(photo)
    else:
        (out / "a.jpg").hardlink_to(photo)
    before = digest(photo)
    with pytest.raises(ExportRefusedError, match="never overwritten"):
        exported(photo, out)
    assert digest(photo) == before
    assert files(photo.parent) == ["a.jpg"]


def test_an_original_exchanged_during_the_run_is_still_one(tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.jpg", picture(LEFT))
    exporter = Exporter(tmp_path, [photo], Examiner(open_photo, squares))
    saved(tmp_path / "new.jpg", picture(RIGHT)).replace(photo)
    before = digest(photo)
    frame = open_photo(photo)
    with pytest.raises(ExportRefusedError):
        exporter.write(frame, squares(frame), [])
    assert digest(photo) == before


def test_another_photo_of_the_run_is_not_written_to_either(tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.tif", picture(LEFT))
    neighbour = saved(tmp_path / "out" / "a.jpg", picture(RIGHT))
    before = digest(neighbour)
    frame = open_photo(photo)
    exporter = Exporter(tmp_path / "out", [photo, neighbour], Examiner(open_photo, squares))
    with pytest.raises(ExportRefusedError):
        exporter.write(frame, squares(frame), [])
    assert digest(neighbour) == before


def test_a_link_to_the_folder_of_the_photos_is_seen_through(tmp_path: Path) -> None:
    photo = saved(tmp_path / "photos" / "a.jpg", picture(LEFT))
    (tmp_path / "out").symlink_to(photo.parent, target_is_directory=True)
    before = digest(photo)
    with pytest.raises(ExportRefusedError):
        exported(photo, tmp_path / "out")
    assert digest(photo) == before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.tif", "a.jpg"),
        ("x/a.jpg", "y/a.jpg"),
        ("x/a.jpg", "y/A.JPG"),
        ("é.jpg", "x/e\u0301.jpg"),
    ],
)
def test_two_photos_with_one_name_both_get_no_copy(tmp_path: Path, one: str, other: str) -> None:
    photos = [saved(tmp_path / name, picture(LEFT), format="JPEG") for name in (one, other)]
    out = tmp_path / "out"
    stale = saved(copy_path(photos[0], out), picture(LEFT))
    exporter = Exporter(out, photos, Examiner(open_photo, squares))
    for photo in photos:
        frame = open_photo(photo)
        with pytest.raises(ExportRefusedError) as caught:
            exporter.write(frame, squares(frame), [])
        assert all(str(path) in str(caught.value) for path in photos)
    assert not stale.exists(), "nobody can tell which photo it shows"


def test_a_photo_named_twice_is_one_photo(tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.jpg", picture(LEFT))
    exporter = Exporter(tmp_path / "out", [photo, photo], Examiner(open_photo, squares))
    frame = open_photo(photo)
    assert exporter.write(frame, squares(frame), []).path.exists()


def test_a_photo_that_was_not_announced_is_refused(tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.jpg", picture(LEFT))
    with pytest.raises(ExportRefusedError, match="not among the photos"):
        Exporter(tmp_path / "out", [], Examiner(open_photo, squares)).write(
            open_photo(photo), [], []
        )


def test_subfolders_of_an_album_are_kept(tmp_path: Path) -> None:
    album = tmp_path / "album"
    photos = [saved(album / day / "a.jpg", picture(LEFT)) for day in ("monday", "tuesday")]
    exporter = Exporter(tmp_path / "out", photos, Examiner(open_photo, squares), root=album)
    for photo in photos:
        frame = open_photo(photo)
        exporter.write(frame, squares(frame), [])
    assert files(tmp_path / "out") == [
        str(Path("monday") / "a.jpg"),
        str(Path("tuesday") / "a.jpg"),
    ]


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.jpg", picture(LEFT))
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ExportError, match="choose a folder"):
        exported(photo, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_picture_too_long_for_the_format_is_said(tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.webp", picture(), format="WEBP")
    frame = open_photo(photo)
    pixels = np.zeros((1, 16384, 3), dtype=np.uint8)
    long = Frame(photo, frame.sha256, "WEBP", pixels)
    exporter = Exporter(tmp_path / "out", [photo], Examiner(open_photo, squares))
    with pytest.raises(ExportError, match="smaller version"):
        exporter.write(long, [], [])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
def test_the_copy_can_be_read_by_those_the_folder_is_shared_with(tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.jpg", picture(LEFT))
    mask = os.umask(0o022)
    try:
        result = exported(photo, tmp_path / "out")
    finally:
        os.umask(mask)
    assert stat.S_IMODE(result.path.stat().st_mode) == 0o644


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif"])
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (17, 65), (301, 203)])
def test_pictures_of_odd_sizes_and_pure_noise_pass(
    tmp_path: Path, suffix: str, size: tuple[int, int]
) -> None:
    width, height = size
    pixels = np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)
    photo = saved(tmp_path / "a.png", Image.fromarray(pixels)).rename(tmp_path / f"a{suffix}")
    frame = open_photo(photo)
    hidden = [Face(Box(width // 2, height // 2, width, height), 0.9)]
    exporter = Exporter(tmp_path / "out", [photo], Examiner(open_photo, lambda _frame: ()))
    result = exporter.write(frame, hidden, [])
    assert result.path.suffix == suffix
    assert (result.width, result.height) == size
