"""Opening photos: every kind, every limit, every way to be broken."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import sys
import threading
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageFile

import detector.photo
from detector.decoding import MAX_PIXELS, PhotoFormat, PhotoLimits, recognise_format
from detector.errors import PhotoTooLargeError, PhotoUnreadableError
from detector.photo import open_photo
from detector.untrusted import printable

if TYPE_CHECKING:
    from detector.faces import Pixels

ORIENTATION = 0x0112


def a_scene(width: int = 96, height: int = 64) -> Image.Image:
    """A picture with a different colour in every corner."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (220, 30, 30)
    pixels[: height // 2, width // 2 :] = (30, 200, 30)
    pixels[height // 2 :, : width // 2] = (30, 30, 220)
    pixels[height // 2 :, width // 2 :] = (200, 200, 40)
    return Image.fromarray(pixels)


def alike(one: Pixels, other: Pixels, tolerance: float = 6) -> bool:
    return one.shape == other.shape and (
        float(np.abs(one.astype(int) - other.astype(int)).mean()) < tolerance
    )


SCENE = np.asarray(a_scene())


@pytest.mark.parametrize(
    ("suffix", "kind", "options"),
    [
        ("jpg", "JPEG", {"quality": 95}),
        ("png", "PNG", {}),
        ("webp", "WEBP", {"quality": 95}),
        ("tif", "TIFF", {}),
        ("tif", "TIFF", {"compression": "tiff_lzw"}),
        ("bmp", "BMP", {}),
        ("gif", "GIF", {}),
        ("avif", "AVIF", {"quality": 95}),
    ],
)
def test_each_kind_opens_to_the_same_picture(
    tmp_path: Path, suffix: str, kind: str, options: dict[str, Any]
) -> None:
    path = tmp_path / f"a.{suffix}"
    a_scene().save(path, **options)
    frame = open_photo(path)
    assert frame.format == kind
    assert (frame.width, frame.height) == (96, 64)
    assert alike(frame.pixels, SCENE)
    assert frame.other_views == ()
    assert frame.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_heic_opens(tmp_path: Path) -> None:
    path = tmp_path / "a.heic"
    pillow_heif.from_pillow(a_scene()).save(path, quality=95)
    frame = open_photo(path)
    assert frame.format == "HEIF"
    assert alike(frame.pixels, SCENE)


def test_a_misleading_suffix_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "really-a-png.heic"
    a_scene().save(path, "PNG")
    assert open_photo(path).format == "PNG"


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "YCbCr", "LA", "RGBA"])
def test_every_colour_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.jpg" if mode in ("CMYK", "YCbCr") else "a.png")
    picture = a_scene().convert("RGBA" if mode == "LA" else "RGB").convert(mode)
    picture.save(path, quality=95)
    frame = open_photo(path)
    expected = np.asarray(picture.convert("RGB"))
    assert frame.pixels.dtype == np.uint8
    assert alike(frame.pixels, expected, 8)


def test_pixels_cannot_be_changed(tmp_path: Path) -> None:
    picture = a_scene().convert("RGBA")
    picture.putalpha(100)
    picture.save(tmp_path / "a.png")
    frame = open_photo(tmp_path / "a.png")
    for view in frame.views:
        assert not view.flags.writeable
        assert view.flags.c_contiguous
        assert view.shape == (64, 96, 3)


# --- orientation ---------------------------------------------------------------------------

_STORED_AS = {
    1: (),
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_90,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_270,),
}


def _sideways(orientation: int) -> tuple[Image.Image, Image.Exif]:
    """The scene as a camera stores it that was held in another way."""
    picture = a_scene()
    for step in _STORED_AS[orientation]:
        picture = picture.transpose(step)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return picture, exif


@pytest.mark.parametrize("orientation", _STORED_AS)
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "avif"])
def test_a_photo_is_turned_upright_once(tmp_path: Path, orientation: int, suffix: str) -> None:
    picture, exif = _sideways(orientation)
    path = tmp_path / f"a.{suffix}"
    picture.save(path, exif=exif, quality=95)
    assert alike(open_photo(path).pixels, SCENE)


def test_heic_is_turned_by_its_own_rotation_alone(tmp_path: Path) -> None:
    picture, exif = _sideways(6)
    path = tmp_path / "a.heic"
    # The writer stores the orientation as a HEIF rotation; decoders apply that one.
    pillow_heif.from_pillow(picture).save(path, quality=95, exif=exif.tobytes())
    assert alike(open_photo(path).pixels, SCENE)


# --- what a file may hide ------------------------------------------------------------------


def test_what_transparency_hides_is_judged_too(tmp_path: Path) -> None:
    rgba = np.dstack([SCENE, np.full(SCENE.shape[:2], 255, np.uint8)])
    rgba[:32, :, 3] = 0
    Image.fromarray(rgba).save(tmp_path / "a.png")
    frame = open_photo(tmp_path / "a.png")
    assert (frame.pixels[:32] == 255).all()
    assert np.array_equal(frame.pixels[32:], SCENE[32:])
    black, stored = frame.other_views
    assert (black[:32] == 0).all()
    assert np.array_equal(stored, SCENE)


def test_a_transparent_colour_counts_as_transparency(tmp_path: Path) -> None:
    a_scene().save(tmp_path / "a.png", transparency=(220, 30, 30))
    frame = open_photo(tmp_path / "a.png")
    assert tuple(frame.pixels[0, 0]) == (255, 255, 255)
    assert any(tuple(view[0, 0]) == (220, 30, 30) for view in frame.other_views)


def test_opaque_pictures_have_one_view(tmp_path: Path) -> None:
    a_scene().convert("RGBA").save(tmp_path / "a.png")
    assert open_photo(tmp_path / "a.png").other_views == ()


def test_the_second_picture_of_a_phone_photo_is_a_view(tmp_path: Path) -> None:
    second = a_scene().transpose(Image.Transpose.ROTATE_180).resize((48, 32))
    a_scene().save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second], quality=95)
    frame = open_photo(tmp_path / "a.jpg")
    assert frame.format == "JPEG"
    assert alike(frame.pixels, SCENE)
    (other,) = frame.other_views
    assert alike(other, SCENE[::-1, ::-1], 12)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tif"])
def test_several_pictures_are_refused_with_their_number(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    more = [a_scene().transpose(Image.Transpose.ROTATE_180), a_scene(96, 64).convert("L")]
    a_scene().save(path, save_all=True, append_images=[one.convert("RGB") for one in more])
    with pytest.raises(PhotoUnreadableError, match="3 pictures"):
        open_photo(path)


def test_several_heic_pictures_are_refused(tmp_path: Path) -> None:
    file = pillow_heif.from_pillow(a_scene())
    file.add_from_pillow(a_scene().rotate(180))
    file.save(tmp_path / "a.heic", quality=50)
    with pytest.raises(PhotoUnreadableError, match="2 pictures"):
        open_photo(tmp_path / "a.heic")


@pytest.mark.parametrize("tag", [330, 50706])
def test_camera_raw_files_are_refused(tmp_path: Path, tag: int) -> None:
    from PIL import TiffImagePlugin

    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[tag] = 8 if tag == 330 else b"\1\4\0\0"
    tags.tagtype[tag] = 4 if tag == 330 else 1
    a_scene().save(tmp_path / "a.dng", "TIFF", tiffinfo=tags)
    with pytest.raises(PhotoUnreadableError, match="camera raw"):
        open_photo(tmp_path / "a.dng")


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    deep = np.linspace(0, 65535, 96 * 64).reshape(64, 96).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "a.png")
    seen = open_photo(tmp_path / "a.png").pixels[..., 0].astype(int)
    assert np.abs(seen - deep / 257.0).max() <= 0.51


# --- colour --------------------------------------------------------------------------------


def test_an_rgb_profile_is_kept(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    a_scene().save(tmp_path / "a.jpg", icc_profile=profile)
    assert open_photo(tmp_path / "a.jpg").icc_profile == profile


def test_a_profile_for_other_colours_is_dropped(tmp_path: Path) -> None:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[16:20] = b"GRAY"
    a_scene().convert("L").save(tmp_path / "a.png", icc_profile=bytes(profile))
    assert open_photo(tmp_path / "a.png").icc_profile is None


# --- limits --------------------------------------------------------------------------------


def test_too_many_bytes_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    a_scene().save(path)
    size = path.stat().st_size
    assert open_photo(path, PhotoLimits(file_bytes=size)).format == "PNG"
    with pytest.raises(PhotoTooLargeError, match="larger than"):
        open_photo(path, PhotoLimits(file_bytes=size - 1))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "bmp", "gif", "avif"])
def test_too_many_pixels_are_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    a_scene().save(path)
    open_photo(path, PhotoLimits(pixels=96 * 64))
    with pytest.raises(PhotoTooLargeError, match="96 x 64"):
        open_photo(path, PhotoLimits(pixels=96 * 64 - 1))


def test_too_many_heic_pixels_are_refused(tmp_path: Path) -> None:
    pillow_heif.from_pillow(a_scene()).save(tmp_path / "a.heic")
    with pytest.raises(PhotoTooLargeError, match="96 x 64"):
        open_photo(tmp_path / "a.heic", PhotoLimits(pixels=96 * 64 - 1))


def _bomb(width: int, height: int) -> bytes:
    """A PNG of a hundred bytes that declares any number of pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("side", [14_000, 60_000])
def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path, side: int) -> None:
    (tmp_path / "bomb.png").write_bytes(_bomb(side, side))
    assert side * side > MAX_PIXELS
    with pytest.raises(PhotoTooLargeError):
        open_photo(tmp_path / "bomb.png")


# --- not a photo ---------------------------------------------------------------------------


def _progressive() -> bytes:
    stream = io.BytesIO()
    a_scene(64, 64).save(stream, "JPEG", progressive=True)
    return stream.getvalue()


def _last_scan(jpeg: bytes) -> bytes:
    return jpeg[jpeg.rindex(b"\xff\xda") : -2]


def test_a_jpeg_of_endless_passes_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    plain = _progressive()
    bomb = plain[:-2] + _last_scan(plain) * 5000 + b"\xff\xd9"
    path = tmp_path / "bomb.jpg"
    path.write_bytes(bomb)
    with pytest.raises(PhotoTooLargeError, match="passes"):
        open_photo(path)
    # Also where a harmless picture stands before it.
    path.write_bytes(plain + bomb)
    with pytest.raises(PhotoTooLargeError, match="passes"):
        open_photo(path)


def test_what_a_phone_appends_is_not_counted_as_passes(tmp_path: Path) -> None:
    path = tmp_path / "motion.jpg"
    path.write_bytes(_progressive() + b"\0\0\0\x18ftypmp42" + b"\xff\xda\0\x08moov" * 5000)
    assert open_photo(path).width == 64


def test_what_takes_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "slow.jpg"
    path.write_bytes(_progressive())
    waiting = threading.Event()
    monkeypatch.setattr(detector.photo, "decode", lambda *_: waiting.wait(60))
    with pytest.raises(PhotoTooLargeError, match="seconds"):
        open_photo(path, PhotoLimits(seconds=0.05))
    waiting.set()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhotoUnreadableError, match=r"nowhere\.jpg: there is no such file"):
        open_photo(tmp_path / "nowhere.jpg")


def test_a_folder_is_not_a_photo(tmp_path: Path) -> None:
    with pytest.raises(PhotoUnreadableError, match="this is a folder"):
        open_photo(tmp_path)


def test_an_empty_file_is_not_a_photo(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    with pytest.raises(PhotoUnreadableError, match="empty"):
        open_photo(tmp_path / "a.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(PhotoUnreadableError, match="a pipe or a device"):
        open_photo(tmp_path / "a.jpg")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no /dev/zero")
def test_an_endless_device_is_refused() -> None:
    with pytest.raises(PhotoUnreadableError, match="a pipe or a device"):
        open_photo(Path("/dev/zero"))


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="this user may read everything"
)
def test_an_unreadable_file_says_so(tmp_path: Path) -> None:
    a_scene().save(tmp_path / "a.png")
    (tmp_path / "a.png").chmod(0)
    with pytest.raises(PhotoUnreadableError, match="permission"):
        open_photo(tmp_path / "a.png")


def test_a_name_with_a_null_is_refused() -> None:
    with pytest.raises(PhotoUnreadableError):
        open_photo(Path("a\0b.jpg"))


def test_other_kinds_are_refused_with_the_supported_ones(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"%PDF-1.7 not a photo")
    with pytest.raises(PhotoUnreadableError, match="JPEG, PNG"):
        open_photo(tmp_path / "a.jpg")


def test_a_name_cannot_move_the_cursor(tmp_path: Path) -> None:
    name = "a\x1b[2Jb\n.jpg"
    with pytest.raises(PhotoUnreadableError) as caught:
        open_photo(tmp_path / name)
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert printable("Élodie 1.jpg") == "Élodie 1.jpg"


# --- damage --------------------------------------------------------------------------------


def _encoded(suffix: str) -> bytes:
    noise = np.random.default_rng(1).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    picture, out = Image.fromarray(noise), io.BytesIO()
    if suffix == "heic":
        pillow_heif.from_pillow(picture).save(out, quality=90)
    else:
        picture.save(out, suffix)
    return out.getvalue()


@pytest.mark.parametrize("suffix", ["jpeg", "png", "webp", "tiff", "bmp", "gif", "avif", "heic"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_off_file_is_refused_even_if_others_allow_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, share: float
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    whole = _encoded(suffix)
    (tmp_path / "a").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(PhotoUnreadableError):
        open_photo(tmp_path / "a")
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True, "the switch belongs to others: restored"


@pytest.mark.parametrize("suffix", ["jpeg", "png", "webp", "tiff", "bmp", "gif", "avif", "heic"])
def test_damaged_bytes_give_a_picture_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, suffix: str
) -> None:
    whole = _encoded(suffix)
    path = tmp_path_factory.mktemp("damaged") / "a"

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.integers(0, min(len(whole), 600) - 1), st.binary(min_size=1))))
    def check(damage: list[tuple[int, bytes]]) -> None:
        content = bytearray(whole)
        for position, replacement in damage:
            content[position : position + len(replacement)] = replacement
        path.write_bytes(content)
        try:
            frame = open_photo(path, PhotoLimits(pixels=4_000_000))
        except PhotoUnreadableError as error:
            assert "\n" not in str(error)
        else:
            assert frame.pixels.ndim == 3

    check()


@given(st.binary(max_size=64))
def test_any_bytes_are_of_a_kind_or_refused(content: bytes) -> None:
    try:
        assert recognise_format(content) in PhotoFormat
    except PhotoUnreadableError as error:
        assert "JPEG" in str(error)


# --- real and hostile files ----------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_no_hostile_file_escapes_as_another_error(media: Path) -> None:
    import csv

    with (media / "hard" / "cases.csv").open(encoding="utf-8") as table:
        cases = list(csv.DictReader(table))
    assert cases
    opened = 0
    for case in cases:
        try:
            frame = open_photo(media / "hard" / case["file"])
        except PhotoUnreadableError:
            continue
        opened += 1
        assert case["pillow_loads"] == "yes", f"{case['file']} should be refused"
        assert frame.pixels.shape == (frame.height, frame.width, 3)
    assert opened > len(cases) // 3


@pytest.mark.parametrize("scene", ["Portrait", "Landscape"])
def test_real_photos_of_all_orientations_come_out_alike(media: Path, scene: str) -> None:
    paths = sorted((media / "hard" / "exif-orientation").glob(f"{scene}_*.jpg"))
    first, *others = (open_photo(path).pixels for path in paths)
    assert others
    assert all(alike(first, other, 4) for other in others)
