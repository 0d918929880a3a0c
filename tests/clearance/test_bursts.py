"""Pictures that look alike come together, and others do not."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import struct
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from clearance import bursts
from clearance.bursts import (
    MAX_DISTANCE,
    Likeness,
    Seen,
    distance,
    groups,
    perceptual_hash,
    taken_at,
)
from tests.commands import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = dt.datetime(2026, 5, 4, 12, 0, 0)  # noqa: DTZ001 - as cameras write it
PHOTOS = sorted([*SAMPLES.glob("album/*.jpg"), *SAMPLES.glob("portraits/*.jpg")])


def opened(path: Any) -> Image.Image:
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def hashed(image: Image.Image) -> int:
    return perceptual_hash(np.asarray(image))


def again(image: Image.Image, quality: int) -> Image.Image:
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=quality)
    return opened(stored)


def cut(image: Image.Image, part: float) -> Image.Image:
    x, y = round(image.width * part / 2), round(image.height * part / 2)
    return image.crop((x, y, image.width - x, image.height - y))


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "a third of the size": lambda image: image.resize((image.width // 3, image.height // 3)),
    "a thumbnail": lambda image: image.resize((160, 120)),
    "JPEG 20": lambda image: again(image, 20),
    "2 % cut off": lambda image: cut(image, 0.02),
    "brighter": lambda image: image.point(lambda value: min(255, value + 30)),
    "darker": lambda image: image.point(lambda value: round(value * 0.7)),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("path", PHOTOS[::3], ids=lambda path: path.stem)
def test_a_changed_copy_of_a_photo_is_near_it(path: Any, change: str) -> None:
    photo = opened(path)
    assert distance(hashed(photo), hashed(CHANGES[change](photo))) <= MAX_DISTANCE


def test_different_photos_are_far_from_each_other() -> None:
    # Drawn portraits are framed exactly alike, so only those of the album can tell.
    hashes = {path: hashed(opened(path)) for path in SAMPLES.glob("album/*.jpg")}
    near = [
        (a.name, b.name)
        for a, b in itertools.combinations(sorted(hashes), 2)
        if distance(hashes[a], hashes[b]) <= MAX_DISTANCE
    ]
    assert not near


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (7, 3), (31, 33), (5000, 2), (1500, 1100)])
def test_every_size_has_a_hash(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    assert 0 <= perceptual_hash(pixels) < 2**64


@pytest.mark.parametrize("size", [(8, 8), (16, 4), (32, 1)])
def test_a_small_picture_is_like_itself_enlarged(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (*size, 3), np.uint8)
    enlarged = pixels.repeat(64 // size[0], axis=0).repeat(64 // size[1], axis=1)
    assert distance(perceptual_hash(pixels), perceptual_hash(enlarged)) <= 2


@pytest.mark.parametrize("value", [0, 127, 255])
def test_a_picture_of_one_colour_has_no_waves(value: int) -> None:
    assert perceptual_hash(np.full((777, 555, 3), value, np.uint8)) == 0


def test_the_hash_is_that_of_the_plain_transform() -> None:
    """An independent reckoning: the areas' means, the transform by its definition, the median."""
    pixels = np.random.default_rng(2).integers(0, 256, (64, 96, 3), np.uint8)
    grey = pixels @ np.array([0.299, 0.587, 0.114])
    grid = grey.reshape(32, 2, 32, 3).mean(axis=(1, 3))
    place = np.arange(32) + 0.5
    strengths = [
        float(
            (grid * np.outer(np.cos(np.pi * v * place / 32), np.cos(np.pi * u * place / 32))).sum()
        )
        for v in range(1, 9)
        for u in range(1, 9)
    ]
    middle = float(np.median(strengths))
    bits = "".join(str(int(one > middle)) for one in strengths)
    assert perceptual_hash(pixels) == int(bits, 2)


def test_pixels_are_only_read() -> None:
    pixels = np.zeros((2000, 2000, 3), np.uint8)
    pixels.flags.writeable = False
    perceptual_hash(pixels)


def seen(key: str, sha256: str, bits: int, seconds: float | None = None) -> Seen[str]:
    moment = None if seconds is None else NOON + dt.timedelta(seconds=seconds)
    return Seen(key, sha256, bits, moment)


def found(*pictures: Seen[str], **how: float) -> list[tuple[str, str]]:
    return [(str(one.likeness), "".join(one.keys)) for one in groups(pictures, **how)]  # type: ignore[arg-type]


def test_the_same_bytes_are_duplicates_and_no_burst() -> None:
    assert found(seen("a", "x", 0), seen("b", "y", 2**64 - 1), seen("c", "x", 0)) == [
        ("duplicates", "ac")
    ]


@pytest.mark.parametrize(("bits", "together"), [((1 << 10) - 1, True), ((1 << 11) - 1, False)])
def test_near_pictures_are_a_burst(bits: int, together: bool) -> None:
    expected = [("burst", "ab")] if together else []
    assert found(seen("a", "x", 0), seen("b", "y", bits)) == expected


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [(0, 10, True), (10, 0, True), (0, 10.5, False), (None, 0, True), (None, None, True)],
)
def test_a_burst_is_of_one_moment_where_both_say_when(
    one: float | None, other: float | None, together: bool
) -> None:
    expected = [("burst", "ab")] if together else []
    assert found(seen("a", "x", 0, one), seen("b", "y", 1, other)) == expected


def test_clocks_are_compared_as_they_showed() -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    with_offset = Seen("a", "x", 0, NOON.replace(tzinfo=zone))
    assert found(with_offset, seen("b", "y", 0, 1)) == [("burst", "ab")]


def test_a_burst_is_linked_by_pairs_and_has_all_copies() -> None:
    assert found(
        seen("a", "x", 0, 0),
        seen("z", "far", 2**64 - 1),
        seen("c", "w", 0, 16),
        seen("b", "y", 0, 8),
        seen("d", "x", 0, 0),
    ) == [("duplicates", "ad"), ("burst", "acbd")]


def test_groups_come_in_the_order_of_their_first_picture() -> None:
    assert found(
        seen("a", "x", 0),
        seen("c", "z", 2**64 - 1),
        seen("d", "z", 2**64 - 1),
        seen("b", "y", 0),
    ) == [("burst", "ab"), ("duplicates", "cd")]


def test_nothing_is_like_nothing() -> None:
    assert groups([]) == []
    assert groups([seen("a", "x", 0)]) == []


def plain(pictures: list[Seen[str]], max_distance: int) -> set[frozenset[str]]:
    """Linked pictures, found the slow way."""
    linked = [{one.key} for one in pictures]
    for a, b in itertools.combinations(pictures, 2):
        apart = abs((a.moment - b.moment).total_seconds()) if a.moment and b.moment else 0
        if distance(a.hash, b.hash) <= max_distance and apart <= 10:
            first, second = (next(g for g in linked if one.key in g) for one in (a, b))
            if first is not second:
                first |= second
                linked.remove(second)
    return {frozenset(one) for one in linked if len(one) > 1}


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, 63), st.one_of(st.none(), st.integers(0, 40))), max_size=24),
    st.integers(1, 9),
)
def test_blocks_find_what_pairs_find(told: list[tuple[int, int | None]], block: int) -> None:
    pictures = [seen(f"{n:02}", str(n), bits, when) for n, (bits, when) in enumerate(told)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bursts, "_AT_ONCE", block)
        grouped = groups(pictures, max_distance=1)
    assert {frozenset(one.keys) for one in grouped} == plain(pictures, 1)
    assert all(one.likeness is Likeness.BURST for one in grouped)
    assert [one.keys[0] for one in grouped] == sorted(one.keys[0] for one in grouped)


@pytest.mark.parametrize("alike", [False, True])
def test_ten_thousand_pictures_take_seconds(alike: bool) -> None:
    bits = np.random.default_rng(3).integers(0, 2**64, 10_000, dtype=np.uint64)
    pictures = [seen(str(n), str(n), 0 if alike else int(one)) for n, one in enumerate(bits)]
    start = time.process_time()
    assert len(groups(pictures)) == int(alike)
    assert time.process_time() - start < 20


def exif(text: bytes, tag: int = 36867) -> bytes:
    """A TIFF structure that says when a picture was taken, and nothing else."""
    first = struct.pack("<HHHIII", 1, 34665, 4, 1, 26, 0)
    second = struct.pack("<HHHIII", 1, tag, 2, len(text), 44, 0)
    return b"II*\0" + struct.pack("<I", 8) + first + second + text


@pytest.mark.parametrize("tag", [36867, 36868])
def test_the_camera_says_when(tag: int) -> None:
    assert taken_at(exif(b"2026:05:04 12:00:00\0", tag)) == NOON


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"II*",
        b"no TIFF at all",
        exif(b"0000:00:00 00:00:00\0"),
        exif(b"    :  :     :  :  \0"),
        exif(b"2026-05-04T12:00:00\0"),
        exif(b"\xff" * 20),
        exif(b"2026:05:04 12:00:00\0")[:-9],
    ],
)
def test_no_moment_is_made_up(data: bytes | None) -> None:
    assert taken_at(data) is None
