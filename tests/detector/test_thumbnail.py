"""A thumbnail is judged where it shows something else than its photo."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detector.errors import PhotoUnreadableError
from detector.faces import Frame
from detector.photo import open_photo
from tests.commands import SAMPLES, media_folder

RNG = np.random.default_rng(7)
SCENE = Image.fromarray(RNG.integers(0, 255, (6, 9, 3), np.uint8)).resize((900, 600))


def exif_with(thumbnail: bytes, orientation: int = 1) -> bytes:
    """EXIF data with the orientation in IFD0 and a JPEG thumbnail in IFD1."""
    ifd0 = struct.pack("<HHHIHHI", 1, 274, 3, 1, orientation, 0, 26)
    first = 26 + 2 + 3 * 12 + 4
    entries = [(259, 3, 6), (513, 4, first), (514, 4, len(thumbnail))]
    ifd1 = struct.pack("<H", 3) + b"".join(struct.pack("<HHII", t, k, 1, v) for t, k, v in entries)
    header = b"II*\x00" + struct.pack("<I", 8)
    return b"Exif\x00\x00" + header + ifd0 + ifd1 + struct.pack("<I", 0) + thumbnail


def jpeg(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80, **options)
    return buffer.getvalue()


def opened(tmp_path: Path, thumbnail: bytes, orientation: int = 1) -> Frame:
    path = tmp_path / "photo.jpg"
    path.write_bytes(jpeg(SCENE, exif=exif_with(thumbnail, orientation)))
    return open_photo(path)


def test_a_thumbnail_of_the_photo_is_no_view_of_its_own(tmp_path: Path) -> None:
    assert len(opened(tmp_path, jpeg(SCENE.resize((160, 107)))).views) == 1


def test_black_bars_around_it_are_not_another_picture(tmp_path: Path) -> None:
    with_bars = Image.new("RGB", (160, 120))
    with_bars.paste(SCENE.resize((160, 106)), (0, 7))
    assert len(opened(tmp_path, jpeg(with_bars)).views) == 1


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_it_is_turned_as_the_photo_is(tmp_path: Path, orientation: int) -> None:
    assert len(opened(tmp_path, jpeg(SCENE.resize((160, 107))), orientation).views) == 1


def test_what_was_covered_in_the_photo_only_is_a_view(tmp_path: Path) -> None:
    before = SCENE.resize((160, 107))
    before.paste((250, 200, 180), (70, 40, 90, 64))
    frame = opened(tmp_path, jpeg(before))
    assert len(frame.views) == 2
    patch = frame.views[1][300:330, 430:460].reshape(-1, 3).mean(axis=0)
    assert np.abs(patch - (250, 200, 180)).max() < 12


def test_a_thumbnail_from_before_the_crop_is_a_view(tmp_path: Path) -> None:
    other = Image.fromarray(RNG.integers(0, 255, (6, 9, 3), np.uint8)).resize((160, 107))
    assert len(opened(tmp_path, jpeg(other)).views) == 2


def test_a_damaged_thumbnail_is_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(PhotoUnreadableError, match="preview"):
        opened(tmp_path, jpeg(SCENE.resize((160, 107)))[:300])


def test_the_sample_with_a_forgotten_thumbnail_has_a_second_view() -> None:
    assert len(open_photo(SAMPLES / "album" / "06.jpg").views) == 2


@pytest.mark.parametrize("number", ["01", "02", "03", "04", "05", "08", "09", "10", "11", "12"])
def test_the_other_samples_have_none(number: str) -> None:
    assert len(open_photo(SAMPLES / "album" / f"{number}.jpg").views) == 1


@pytest.mark.skipif(not media_folder(), reason="the folder of real photos is not on this machine")
@pytest.mark.parametrize(
    "name", ["hdr/iphone_hdr_NO.jpg", "gps/DSCN0021.jpg", "tests/33-type_error.jpg"]
)
def test_thumbnails_of_real_cameras_show_their_photo(name: str) -> None:
    folder = media_folder()
    assert folder
    assert len(open_photo(folder / "hard" / "exif-samples" / "jpg" / name).views) == 1
