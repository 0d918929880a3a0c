"""Whatever a photo hides, nothing of it is in the copy; and who is seen there only is judged.

What a tool must find in the copy is said by `remains`, which reads the bytes on its
own: it knows every hiding place of `hidden_copies` and is tried on every source.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import io
import json
import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from clearance.export import Exporter
from clearance.verification import Examiner
from detector.errors import PhotoUnreadableError
from detector.faces import Face, Frame
from detector.photo import open_photo
from tests.clearance.crafted_files import (
    boxes,
)
from tests.clearance.file_parts import (
    SECRET,
)
from tests.clearance.hidden_copies import (
    CASES,
    Case,
)
from tests.clearance.test_export import RIGHT, squares

HANDLED = tuple(case for case in CASES if not case.refused)
REFUSED = tuple(case for case in CASES if case.refused)

OTHER_TRACES = (
    b"Exif",
    b"EXIF",
    b"http://",
    b"xmpmeta",
    b"8BIM",
    b"ftypmp4",
    b"GainMap",
    b"MotionPhoto",
    b"PersonDisplayName",
    b"fcTL",
    b"fdAT",
    b"ANMF",
    b"auxC",
    b"uuid",
)
TRACES = tuple(dict.fromkeys((*(case.trace for case in CASES if case.trace), *OTHER_TRACES)))


@dataclasses.dataclass(frozen=True)
class Made:
    """A source, as it was opened, and its copy."""

    source: Path
    frame: Frame
    copy: Path


class Gallery:
    """Every source with its copy, each made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.made = functools.cache(self._made)

    def _made(self, case: Case) -> Made:
        folder = self._folder / case.name
        folder.mkdir()
        photo = case.build(folder)
        before = hashlib.sha256(photo.read_bytes()).hexdigest()
        frame = open_photo(photo)
        exporter = Exporter(folder / "out", [photo], Examiner(open_photo, squares))
        result = exporter.write(frame, everybody(frame), [])
        assert hashlib.sha256(photo.read_bytes()).hexdigest() == before, "the source was changed"
        return Made(photo, frame, result.path)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    return Gallery(tmp_path_factory.mktemp("hidden"))


def each(cases: tuple[Case, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


def faces_by_view(frame: Frame) -> list[tuple[Face, ...]]:
    return [
        squares(dataclasses.replace(frame, pixels=view, other_views=())) for view in frame.views
    ]


def everybody(frame: Frame) -> list[Face]:
    """The faces of every view, as the detector gives them."""
    found: list[Face] = []
    for faces in faces_by_view(frame):
        found += [face for face in faces if not any(face.box.iou(f.box) > 0.5 for f in found)]
    return found


def remains(data: bytes) -> list[str]:
    """What a file holds beside one picture that says nothing."""
    left = [f"trace {trace!r}" for trace in TRACES if trace in data]
    for form in inflated(data):
        left += [f"secret as {name}" for name, secret in SECRET_FORMS.items() if secret in form]
    return left + list(not_one_picture(data))


def _in_base64(text: bytes, skipped: int) -> bytes:
    """What base64 makes of the text wherever it stands behind `skipped` other bytes."""
    whole = base64.b64encode(bytes(skipped) + text)
    return whole[4:-4]


SECRET_FORMS = {
    "bytes": SECRET,
    "UTF-16, low byte first": SECRET.decode().encode("utf-16-le"),
    "UTF-16, high byte first": SECRET.decode().encode("utf-16-be"),
    "hexadecimal": SECRET.hex().encode(),
    **{f"base64, {n} bytes in": _in_base64(SECRET, n) for n in range(3)},
}


def inflated(data: bytes) -> Iterator[bytes]:
    """The bytes, and whatever in them is packed."""
    yield data
    for start in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data):
        try:
            yield zlib.decompressobj().decompress(data[start.start() :], 1 << 20)
        except zlib.error:
            continue


def not_one_picture(data: bytes) -> Iterator[str]:
    """Second pictures and bytes behind the end, by a format's plainest rules."""
    if data.startswith(b"\xff\xd8"):
        return _not_one_jpeg(data)
    if data.startswith(b"\x89PNG"):
        return _not_one_png(data)
    if data.startswith(b"RIFF"):
        return _not_one_webp(data)
    if data[4:8] == b"ftyp":
        return _not_one_avif(data)
    return iter(["not a format of publication"])


def _not_one_jpeg(data: bytes) -> Iterator[str]:
    if data.count(b"\xff\xd8\xff") != 1:
        yield "a second JPEG"
    if data.find(b"\xff\xd9", data.index(b"\xff\xda")) != len(data) - 2:
        yield "bytes behind the end"


def _not_one_png(data: bytes) -> Iterator[str]:
    if data.find(b"IEND") != len(data) - 8:
        yield "bytes behind the end"
    kinds = list(png_chunks(data))
    if kinds.count(b"IHDR") != 1 or set(kinds) - {b"IHDR", b"IDAT", b"iCCP"}:
        yield "more chunks than a picture has"


def _not_one_webp(data: bytes) -> Iterator[str]:
    if struct.unpack_from("<I", data, 4) != (len(data) - 8,):
        yield "bytes behind the end"
    if len(re.findall(rb"VP8[ L]", data)) != 1:
        yield "a second WebP"


def _not_one_avif(data: bytes) -> Iterator[str]:
    if not data[8:12].startswith(b"avi"):
        yield "not a format of publication"
    if [kind for kind, _ in boxes(data)] != [b"ftyp", b"meta", b"mdat"]:
        yield "boxes beside those of a picture"
    if data.count(b"infe") != 1:
        yield "a second item"


def png_chunks(data: bytes) -> Iterator[bytes]:
    at = 8
    while at < len(data) and data[at + 4 : at + 8] != b"IEND":
        yield data[at + 4 : at + 8]
        at += 12 + int(struct.unpack_from(">I", data, at)[0])


# --- the sources are what they claim to be ---------------------------------------------------


@each(CASES)
def test_the_source_holds_what_it_hides(case: Case, tmp_path: Path) -> None:
    data = case.build(tmp_path).read_bytes()
    assert case.visible_secrets
    for secret in case.visible_secrets:
        assert len(secret) > 16
        assert secret in data
    assert case.trace in data
    assert remains(data), "whatever reads the copies would pass the source as well"


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("xmp-thumbnail.jpg", "base64"),
        ("owner.jpg", "UTF-16, low"),
        ("packed-text.png", "bytes"),
    ],
)
def test_the_secret_is_seen_in_every_form(tmp_path: Path, name: str, form: str) -> None:
    seen = remains(by_name(name).build(tmp_path).read_bytes())
    assert any(one.startswith(f"secret as {form}") for one in seen)


def exiftool(*files: Path) -> dict[str, dict[str, Any]]:
    """What exiftool lists of each file, by name; skips where it is not installed."""
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not on this machine")
    options = ("-json", "-G1", "-a", "-u", "-ee", "-struct")
    run = subprocess.run(
        ["exiftool", *options, *map(str, files)], capture_output=True, check=False, timeout=120
    )
    return {Path(one["SourceFile"]).name: one for one in json.loads(run.stdout)}


def test_exiftool_finds_what_the_sources_hide(tmp_path: Path) -> None:
    listed = exiftool(*(case.build(tmp_path) for case in CASES))
    missing = [
        case.name
        for case in CASES
        if not any(tag.startswith(case.listed) for tag in listed[case.name])
    ]
    assert missing == []


def by_name(name: str) -> Case:
    (case,) = (case for case in CASES if case.name == name)
    return case


@pytest.mark.parametrize(
    ("name", "kind"),
    [("thumbnail.heic", "thumbnails"), ("depth.heic", "depth_images"), ("gain-map.heic", "aux")],
)
def test_a_heic_decoder_finds_the_further_pictures(tmp_path: Path, name: str, kind: str) -> None:
    path = by_name(name).build(tmp_path)
    assert pillow_heif.open_heif(path).info[kind]


# --- nothing comes out -----------------------------------------------------------------------


@each(HANDLED)
def test_nothing_comes_out(case: Case, gallery: Gallery) -> None:
    made = gallery.made(case)
    data = made.copy.read_bytes()
    assert remains(data) == []
    assert not [secret for secret in case.visible_secrets if secret in data]
    with Image.open(io.BytesIO(data)) as copy:
        assert copy.mode == "RGB"
        assert getattr(copy, "n_frames", 1) == 1
        assert copy.size == (made.frame.width, made.frame.height)
        assert not copy.getexif()
        assert not copy.info.get("xmp")
        red, green, blue = np.moveaxis(np.asarray(copy).astype(int), 2, 0)
    assert not ((red > 180) & (green < 90) & (blue > 180)).any(), "somebody is seen"


FOREIGN_GROUP = re.compile(
    "(IFD|SubIFD|ExifIFD|GPS|XMP|IPTC|Photoshop|Adobe|MPF|MPImage|JUMBF|CBOR|JFXX|Samsung|Track|"
    "Keys|ItemList|UserData|Maker|Google|FLIR|Ducky|APP)"
)
FOREIGN_TAG = re.compile(
    r"(Thumbnail|Preview|GPS|MPImage|C2PA|JUMD|UUID|Region|Person|Trailer|Embedded|Motion|Serial|"
    r"Owner|History|Artist|Creator|Author|Comment|Description|Keyword|Subject|Caption|Software|"
    r"Warning|Error|Auxiliary|Animation|Priv$)",
    re.IGNORECASE,
)


def test_exiftool_finds_nothing_in_the_copies(gallery: Gallery, tmp_path: Path) -> None:
    copies = []
    for case in HANDLED:
        made = gallery.made(case)
        copies.append(tmp_path / f"{case.name}{made.copy.suffix}")
        copies[-1].write_bytes(made.copy.read_bytes())
    found = []
    for name, tags in exiftool(*copies).items():
        for tag in tags:
            group, _, key = tag.rpartition(":")
            profile = group.startswith("ICC") and not key.endswith("Priv")
            if not profile and (FOREIGN_GROUP.match(group) or FOREIGN_TAG.search(key)):
                found.append(f"{name}: {tag}")
    assert found == []


# --- nobody disappears -----------------------------------------------------------------------


@each(tuple(case for case in HANDLED if case.judged))
def test_who_is_seen_in_the_hidden_picture_only_is_judged(case: Case, gallery: Gallery) -> None:
    first, *others = faces_by_view(gallery.made(case).frame)
    assert [face.box.iou(RIGHT) > 0.5 for face in first] == [True]
    assert max(map(len, others)) == 2


@each(HANDLED)
def test_what_nobody_can_judge_is_named(case: Case, gallery: Gallery) -> None:
    assert gallery.made(case).frame.unjudged == case.unjudged


@each(REFUSED)
def test_what_cannot_be_judged_is_refused(case: Case, tmp_path: Path) -> None:
    photo = case.build(tmp_path)
    before = photo.read_bytes()
    with pytest.raises(PhotoUnreadableError, match=case.refused) as caught:
        open_photo(photo)
    assert len(str(caught.value).splitlines()) == 1
    assert photo.read_bytes() == before
