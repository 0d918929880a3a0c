"""Files that break programs: each is refused in one line and in time, or its copy is proved.

Some are made here, each to cost far more than its bytes; some hundred more lie in
the folder of real photos, where a machine has one: damaged and odd files of the
test suites of several decoders.
"""

from __future__ import annotations

import dataclasses
import io
import itertools
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from clearance.containers import Carried, foreign_parts
from clearance.errors import ExportError
from clearance.export import Exporter
from clearance.verification import Examiner
from detector.decoding import PhotoLimits
from detector.errors import DetectorError, PhotoTooLargeError, PhotoUnreadableError
from detector.faces import Box, Face, Frame
from detector.photo import open_photo
from tests.clearance.crafted_files import (
    app1_xmp,
    chunk,
    coded,
    heif,
    international,
    png,
    riff,
    segment,
    with_segments,
)
from tests.clearance.file_parts import (
    PHOTO,
    encoded,
    iso_box,
    jpeg,
    tiff,
    tiff_page,
)
from tests.clearance.test_hidden_copies import not_one_picture
from tests.commands import media_folder

SECONDS = 20.0
"""More than this is a hang, also on a busy machine; most files take hundredths."""
SMALL = 2_000_000
"""Pixels. Of the larger pictures a few stand for all: their copies take seconds."""
LARGE_ONES = 10


def opened(path: Path) -> Frame:
    return open_photo(path, PhotoLimits(seconds=SECONDS))


def a_face_in_the_middle(frame: Frame) -> Face:
    across, down = frame.width // 3, frame.height // 3
    return Face(Box(across, down, max(across + 1, 2 * across), max(down + 1, 2 * down)), 0.9)


def exported(photo: Path, frame: Frame, folder: Path) -> bytes:
    """The bytes of a copy with the middle hidden."""
    exporter = Exporter(folder, [photo], Examiner(opened, lambda _frame: ()))
    return exporter.write(frame, [a_face_in_the_middle(frame)], []).path.read_bytes()


def complaint(error: Exception) -> str:
    """What is wrong with the words of a refusal; empty for nothing."""
    told = str(error)
    if "within" in told and "seconds" in told:
        return f"took too long: {told}"
    if len(told.splitlines()) != 1 or len(told) >= 400:
        return f"not one short line: {told!r}"
    return f"a traceback: {told}" if "Traceback" in told else ""


# --- files that cost more than they weigh ---------------------------------------------------


def _declaring(width: int, height: int) -> bytes:
    """A JPEG whose header says another size."""
    whole = bytearray(jpeg())
    struct.pack_into(">HH", whole, whole.index(b"\xff\xc0") + 5, height, width)
    return bytes(whole)


def _a_png_of(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )


def _endless_passes() -> bytes:
    """A large picture in one colour, and then pass after pass that changes nothing."""
    whole = jpeg(Image.new("RGB", (6000, 4000), (90, 120, 150)), progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * 5000 + b"\xff\xd9"


def _frames(number: int) -> bytes:
    """A GIF of many pictures of one pixel."""
    stream = io.BytesIO()
    Image.new("P", (1, 1)).save(stream, "GIF")
    whole = stream.getvalue()
    at = whole.index(b",")
    return whole[:at] + whole[at:-1] * number + b";"


def _webp_frames(number: int) -> bytes:
    """A WebP of many pictures of one pixel."""
    still = encoded("WEBP", Image.new("RGB", (1, 1)), lossless=True)[12:]
    frame = bytes(12) + (9).to_bytes(3, "little") + b"\0" + still
    first = (b"VP8X", b"\x02" + bytes(9))
    return riff(first, (b"ANIM", bytes(6)), *[(b"ANMF", frame)] * number)


def _directory_in_a_circle() -> bytes:
    """A TIFF whose only directory says that the next one is itself."""
    whole = bytearray(tiff(tiff_page(PHOTO)))
    (entries,) = struct.unpack_from("<H", whole, 8)
    struct.pack_into("<I", whole, 10 + 12 * entries, 8)
    return bytes(whole)


def _sub_directory_in_a_circle() -> bytes:
    """EXIF data whose directory for the place is the first one."""
    exif = b"Exif\0\0" + tiff({0x8769: 8, 0x8825: 8, 0x010E: "round and round"})
    return jpeg(exif=exif)


def _laughs() -> bytes:
    """Entities of entities of entities: a thousand million words."""
    entities = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "ha">' for n in range(10)
    )
    return (
        f"<!DOCTYPE x [{entities}]>"
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<dc:subject><rdf:Bag><rdf:li>&l9;</rdf:li></rdf:Bag></dc:subject>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def _deep() -> bytes:
    """Elements in elements, more than a program may follow into."""
    return b"<a>" * 9000 + b"</a>" * 9000


def _gigabyte() -> bytes:
    """A thousand million zeros, packed into a megabyte."""
    packer = zlib.compressobj(9)
    block = bytes(2**24)
    first = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * 63 + packer.flush()


def _of_any_size(kind: str, width: int, height: int) -> bytes:
    """A HEIF file that declares another size than its picture has."""
    item = coded(kind)
    declared = iso_box(b"ispe", bytes(4), struct.pack(">II", width, height))
    properties = (declared if one[4:8] == b"ispe" else one for one in item.properties)
    return heif(kind, dataclasses.replace(item, properties=tuple(properties)))


TOO_LARGE: dict[str, Callable[[], bytes]] = {
    "declared.png": lambda: _a_png_of(60_000, 60_000),
    "long.png": lambda: _a_png_of(2**31 - 1, 1),
    "declared.jpg": lambda: _declaring(65_500, 65_500),
    "passes.jpg": _endless_passes,
}
REFUSED: dict[str, Callable[[], bytes]] = {
    "frames.gif": lambda: _frames(100_000),
    "frames.webp": lambda: _webp_frames(5_000),
    "text.png": lambda: png(chunk(b"zTXt", b"Comment\0\0" + _gigabyte())),
    "profile.png": lambda: png(chunk(b"iCCP", b"ICC\0\0" + _gigabyte())),
    "declared.heic": lambda: _of_any_size("HEIF", 2**31 - 1, 2**31 - 1),
    "declared.avif": lambda: _of_any_size("AVIF", 2**31 - 1, 2**31 - 1),
}
JUDGED: dict[str, Callable[[], bytes]] = {
    "circle.tif": _directory_in_a_circle,
    "circle.jpg": _sub_directory_in_a_circle,
    "laughs.jpg": lambda: with_segments(app1_xmp(_laughs())),
    "laughs.png": lambda: png(international(b"XML:com.adobe.xmp", _laughs())),
    "deep.jpg": lambda: with_segments(app1_xmp(_deep())),
    "segments.jpg": lambda: with_segments(*[segment(0xEF, b"")] * 100_000),
}
"""What decoders do not stumble over; whoever reads their metadata must not, either."""


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_would_cost_too_much_is_refused_before_it_is_decoded(
    tmp_path: Path, name: str
) -> None:
    path = written(tmp_path, name, TOO_LARGE[name]())
    began = time.monotonic()
    with pytest.raises(PhotoTooLargeError) as caught:
        opened(path)
    assert time.monotonic() - began < 2
    assert complaint(caught.value) == ""


@pytest.mark.parametrize("name", REFUSED)
def test_what_unpacks_to_far_more_is_refused(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name, REFUSED[name]())
    with pytest.raises(PhotoUnreadableError) as caught:
        opened(path)
    assert complaint(caught.value) == ""


@pytest.mark.parametrize("name", JUDGED)
def test_hostile_metadata_are_left_behind(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name, JUDGED[name]())
    began = time.monotonic()
    try:
        frame = opened(path)
    except PhotoUnreadableError as error:
        assert complaint(error) == ""
        return
    data = exported(path, frame, tmp_path / "out")
    assert time.monotonic() - began < SECONDS
    assert list(not_one_picture(data)) == []
    assert b"ENTITY" not in data
    assert len(data) < 100_000


# --- files that broke decoders --------------------------------------------------------------


@pytest.mark.skipif(not media_folder(), reason="the folder of real photos is not on this machine")
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_every_hard_file_is_refused_in_one_line_or_its_copy_is_proved(tmp_path: Path) -> None:
    media = media_folder()
    assert media
    paths = sorted(path for path in (media / "hard").rglob("*") if path.suffix not in {"", ".csv"})
    large = itertools.count(1)
    problems, copies = [], 0
    for number, path in enumerate(path for path in paths if path.is_file()):
        before = path.stat()
        began = time.monotonic()
        try:
            frame = opened(path)
            if frame.width * frame.height > SMALL and next(large) > LARGE_ONES:
                continue
            problem = _problem_of_a_copy(path, frame, tmp_path / str(number))
            copies += 1
        except (DetectorError, ExportError) as error:
            problem = complaint(error)
        if problem:
            problems.append(f"{path.name}: {problem}")
        if time.monotonic() - began > SECONDS:
            problems.append(f"{path.name}: took {time.monotonic() - began:.0f} seconds")
        assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert problems == []
    assert copies > len(paths) // 3


def _problem_of_a_copy(path: Path, frame: Frame, folder: Path) -> str:
    """What is wrong with a copy; empty for nothing."""
    data = exported(path, frame, folder)
    copy = opened(next(folder.iterdir()))
    found = [
        *foreign_parts(data, Carried(icc_profile=copy.icc_profile)),
        *not_one_picture(data),
        *(["further views"] if copy.other_views else []),
    ]
    return ", ".join(found)
