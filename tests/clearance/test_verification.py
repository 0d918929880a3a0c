"""A copy that is wrong in any way is seen as wrong."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from clearance.containers import Carried
from clearance.errors import VerificationError
from clearance.redaction import Redaction, hide
from clearance.verification import (
    Written,
    unjudged_faces,
    verify_copy,
)
from detector.faces import Box, Face, Frame
from detector.photo import open_photo

FACE = Face(Box(60, 50, 110, 110), 0.9)
ENCODERS: dict[str, dict[str, Any]] = {
    ".jpg": {"format": "JPEG", "quality": 92, "subsampling": "4:4:4"},
    ".png": {"format": "PNG"},
    ".webp": {"format": "WEBP", "quality": 92},
    ".avif": {"format": "AVIF", "quality": 90, "subsampling": "4:4:4"},
}


@pytest.fixture
def redaction() -> Redaction:
    """A soft scene with one hidden head."""
    return hide(scene(), [FACE])


def scene() -> np.ndarray[Any, np.dtype[np.uint8]]:
    y, x = np.mgrid[0:203, 0:241]
    return np.stack([60 + x // 2, 200 - y // 2, 90 + (x + y) // 8], axis=2).astype(np.uint8)


def written(
    folder: Path, pixels: np.ndarray[Any, np.dtype[np.uint8]], suffix: str, **more: object
) -> Path:
    path = folder / f"copy{suffix}"
    Image.fromarray(pixels).save(path, **(ENCODERS[suffix] | more))
    return path


def must_be(
    redaction: Redaction, *hidden: Face, exact: bool = False, carried: Carried | None = None
) -> Written:
    """A copy of the scene in which these faces are hidden."""
    return Written(
        photo=Frame(Path("photo.png"), "0" * 64, "PNG", scene()),
        redaction=redaction,
        carried=carried or Carried(),
        exact=exact,
        hidden=hidden,
        placed=hidden,
        visible=(),
        small=(),
    )


def verified(path: Path, redaction: Redaction) -> Frame:
    return verify_copy(path, must_be(redaction, FACE, exact=path.suffix == ".png"), open_photo)


@pytest.mark.parametrize("suffix", ENCODERS)
def test_a_good_copy_passes(tmp_path: Path, redaction: Redaction, suffix: str) -> None:
    copy = verified(written(tmp_path, redaction.pixels, suffix), redaction)
    assert copy.pixels.shape == redaction.pixels.shape


@pytest.mark.parametrize("suffix", ENCODERS)
def test_the_original_does_not_pass_for_its_copy(
    tmp_path: Path, redaction: Redaction, suffix: str
) -> None:
    with pytest.raises(VerificationError):
        verified(written(tmp_path, scene(), suffix), redaction)


@pytest.mark.parametrize("suffix", ENCODERS)
@pytest.mark.parametrize("where", [(80, 85), (50, 60), (109, 109)])
def test_a_bit_of_face_under_the_mask_is_seen(
    tmp_path: Path, redaction: Redaction, suffix: str, where: tuple[int, int]
) -> None:
    pixels = redaction.pixels.copy()
    y, x = where
    assert redaction.mask[y : y + 6, x : x + 6].all()
    pixels[y : y + 6, x : x + 6] = (255, 255, 0)
    with pytest.raises(VerificationError):
        verified(written(tmp_path, pixels, suffix), redaction)


def test_the_last_row_and_column_are_checked_as_strictly(tmp_path: Path) -> None:
    corner = Face(Box(190, 150, 241, 203), 0.9)
    redaction = hide(scene(), [corner])
    pixels = redaction.pixels.copy()
    pixels[-1, -20:] += 27
    pixels[-20:-1, -1] += 27
    path = written(tmp_path, pixels, ".jpg")
    with pytest.raises(VerificationError, match="as it was drawn"):
        verify_copy(path, must_be(redaction, corner), open_photo)


def test_one_pixel_of_a_mask_too_small_to_be_flat_is_seen(tmp_path: Path) -> None:
    tiny = Face(Box(100, 100, 103, 103), 0.9)
    redaction = hide(scene() // 8, [tiny])
    pixels = redaction.pixels.copy()
    pixels[101, 101] = 255
    path = written(tmp_path, pixels, ".jpg")
    with pytest.raises(VerificationError, match="as it was drawn"):
        verify_copy(path, must_be(redaction, tiny), open_photo)


@pytest.mark.parametrize("gap", range(0, 24, 3))
@pytest.mark.parametrize("suffix", ENCODERS)
def test_masks_near_each_other_pass(tmp_path: Path, suffix: str, gap: int) -> None:
    harsh = np.random.default_rng(gap).integers(0, 2, (203, 241, 1), dtype=np.uint8) * 255
    pair = [Face(Box(60, 50, 90, 90), 0.9), Face(Box(110 + gap, 60, 140 + gap, 100), 0.9)]
    redaction = hide(np.repeat(harsh, 3, axis=2), pair)
    path = written(tmp_path, redaction.pixels, suffix)
    verify_copy(path, must_be(redaction, *pair, exact=suffix == ".png"), open_photo)


CHANGES: list[Callable[[Any], Any]] = [
    lambda pixels: pixels[::-1],
    lambda pixels: np.roll(pixels, 40, axis=1),
    lambda pixels: pixels[..., ::-1],
    lambda pixels: 255 - pixels,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("suffix", ENCODERS)
def test_another_picture_is_seen(
    tmp_path: Path, redaction: Redaction, suffix: str, change: Callable[[Any], Any]
) -> None:
    pixels = np.ascontiguousarray(change(redaction.pixels))
    with pytest.raises(VerificationError):
        verified(written(tmp_path, pixels, suffix), redaction)


def test_a_lossless_copy_must_be_equal_to_the_last_bit(
    tmp_path: Path, redaction: Redaction
) -> None:
    pixels = redaction.pixels.copy()
    pixels[0, 0, 0] ^= 1
    with pytest.raises(VerificationError, match="pixels that were written"):
        verified(written(tmp_path, pixels, ".png"), redaction)


@pytest.mark.parametrize("suffix", ENCODERS)
def test_another_size_is_seen(tmp_path: Path, redaction: Redaction, suffix: str) -> None:
    with pytest.raises(VerificationError, match="size"):
        verified(written(tmp_path, redaction.pixels[:-1], suffix), redaction)


@pytest.mark.parametrize("suffix", ENCODERS)
def test_metadata_is_seen(tmp_path: Path, redaction: Redaction, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "ward 4"
    path = written(tmp_path, redaction.pixels, suffix, exif=exif)
    with pytest.raises(VerificationError, match="more than its picture"):
        verified(path, redaction)


@pytest.mark.parametrize("suffix", ENCODERS)
def test_a_copy_cut_short_is_seen(tmp_path: Path, redaction: Redaction, suffix: str) -> None:
    path = written(tmp_path, redaction.pixels, suffix)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(VerificationError):
        verified(path, redaction)


def test_a_copy_that_is_gone_is_seen(tmp_path: Path, redaction: Redaction) -> None:
    with pytest.raises(VerificationError, match="opened again"):
        verified(tmp_path / "copy.jpg", redaction)


def test_a_copy_exchanged_meanwhile_is_seen(tmp_path: Path, redaction: Redaction) -> None:
    path = written(tmp_path, redaction.pixels, ".jpg")

    def exchanged(opened: Path) -> Frame:
        opened.write_bytes(opened.read_bytes() + b"more")
        return open_photo(opened)

    with pytest.raises(VerificationError, match="changed"):
        verify_copy(path, must_be(redaction, FACE), exchanged)


def test_a_face_outside_the_mask_is_seen(tmp_path: Path, redaction: Redaction) -> None:
    path = written(tmp_path, redaction.pixels, ".jpg")
    elsewhere = Face(Box(5, 5, 20, 20), 0.9)
    with pytest.raises(VerificationError, match="not covered"):
        verify_copy(path, must_be(redaction, FACE, elsewhere), open_photo)


def face(left: int, top: int, right: int, bottom: int) -> Face:
    return Face(Box(left, top, right, bottom), 0.5)


def test_faces_that_nobody_judged_are_told_from_those_that_may_be_seen(
    redaction: Redaction,
) -> None:
    cleared = face(150, 40, 200, 100)
    jitter = face(153, 38, 204, 102)
    stranger = face(10, 150, 40, 190)
    beside = face(190, 60, 230, 110)
    found = (jitter, stranger, beside)
    assert unjudged_faces(found, [cleared], redaction.mask) == (stranger, beside)


@pytest.mark.parametrize(
    ("found", "harmless"),
    [
        (face(150, 40, 160, 52), True),
        (face(151, 41, 161, 53), True),
        # As wide as a face that somebody may recognise.
        (face(150, 40, 162, 52), False),
        (face(150, 40, 160, 57), False),
        (face(10, 150, 18, 160), False),
    ],
)
def test_what_was_too_small_is_harmless_only_while_it_is(
    redaction: Redaction, found: Face, harmless: bool
) -> None:
    small = [face(150, 40, 160, 52)]
    assert (unjudged_faces([found], [], redaction.mask, small) == ()) is harmless


@pytest.mark.parametrize(
    ("found", "harmless"),
    [
        (FACE, True),
        (face(55, 45, 115, 112), True),
        (face(60, 80, 110, 170), False),
        (face(100, 50, 150, 110), False),
    ],
)
def test_only_a_box_that_is_nearly_all_mask_is_the_mask(
    redaction: Redaction, found: Face, harmless: bool
) -> None:
    assert (unjudged_faces([found], [], redaction.mask) == ()) is harmless


def test_a_face_beyond_the_picture_is_not_explained_by_the_mask(redaction: Redaction) -> None:
    outside = face(500, 500, 520, 520)
    assert unjudged_faces([outside], [], redaction.mask) == (outside,)


def test_the_examples_hold_what_they_say() -> None:
    data = io.BytesIO()
    Image.fromarray(scene()).save(data, **ENCODERS[".webp"])
    assert data.getvalue()[12:16] == b"VP8 ", "lossless would not test a tolerance"
