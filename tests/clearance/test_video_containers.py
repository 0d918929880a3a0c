"""A copy is one video and at most one sound: whatever else is in it is named."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from clearance.errors import VerificationError
from clearance.video_containers import foreign_video_parts
from tests.videos import made, pictures

BARE = ("-map_metadata", "-1", "-fflags", "+bitexact", "-use_editlist", "0", "-bf", "0")
SOUND = ("-f", "lavfi", "-i", "sine=d=1")


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    return made(folder / "clean.mp4", *pictures(1), *BARE, "-movflags", "+faststart")


@pytest.fixture(scope="module")
def clean_webm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    bare = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact")
    encoded = made(folder / "encoded.webm", *pictures(1), "-c:v", "libvpx", "-b:v", "500k")
    return made(folder / "clean.webm", "-i", str(encoded), "-c", "copy", *bare)


def test_a_bare_file_holds_nothing_foreign(clean: Path, clean_webm: Path) -> None:
    assert foreign_video_parts(clean) == ()
    assert foreign_video_parts(clean_webm) == ()


def atom(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", 8 + len(data)) + kind + data


@pytest.mark.parametrize("kind", [b"uuid", b"meta", b"udta", b"skip", b"moof"])
def test_a_box_behind_the_last_is_named(kind: bytes, clean: Path, tmp_path: Path) -> None:
    path = tmp_path / "more.mp4"
    path.write_bytes(clean.read_bytes() + atom(kind, b"a face"))
    assert foreign_video_parts(path) == (kind.decode(),)


def test_bytes_that_no_frame_refers_to_are_named(clean: Path, tmp_path: Path) -> None:
    data = clean.read_bytes()
    at = data.index(b"mdat") - 4
    (size,) = struct.unpack(">I", data[at : at + 4])
    assert at + size == len(data)  # it is the last
    path = tmp_path / "old.mp4"
    grown = struct.pack(">I", size + 500) + data[at + 4 :] + b"\x55" * 500
    path.write_bytes(data[:at] + grown)
    assert foreign_video_parts(path) == ("mdat",)


def test_a_second_mdat_is_named(clean: Path, tmp_path: Path) -> None:
    path = tmp_path / "second.mp4"
    path.write_bytes(clean.read_bytes() + atom(b"mdat", b"an old group of pictures"))
    assert foreign_video_parts(path) == ("mdat",)


def test_free_room_that_is_not_empty_is_named(clean: Path, tmp_path: Path) -> None:
    path = tmp_path / "free.mp4"
    path.write_bytes(clean.read_bytes() + atom(b"free", b"\0" * 40))
    assert foreign_video_parts(path) == ()
    path.write_bytes(clean.read_bytes() + atom(b"free", b"\0" * 40 + b"Anna"))
    assert foreign_video_parts(path) == ("free",)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("-metadata", "title=Anna Muster"), "moov/udta"),
        (("-metadata", "creation_time=2026-11-28T10:00:00Z"), "mvhd time"),
        (("-metadata:s:v", "handler_name=Anna"), "hdlr"),
    ],
    ids=["title", "time", "handler"],
)
def test_what_a_file_says_is_named(arguments: tuple[str, ...], named: str, tmp_path: Path) -> None:
    path = made(tmp_path / "said.mp4", *pictures(1), *BARE, *arguments)
    assert named in foreign_video_parts(path)


def test_a_second_sound_and_a_second_video_are_named(tmp_path: Path) -> None:
    two = made(
        tmp_path / "two.mp4", *pictures(1), *SOUND, *SOUND, *BARE,
        "-map", "0", "-map", "1", "-map", "2", "-c:a", "aac",
    )  # fmt: skip
    assert "trak" in foreign_video_parts(two)
    both = made(tmp_path / "both.mp4", *pictures(1), *pictures(1), *BARE, "-map", "0", "-map", "1")
    assert "trak" in foreign_video_parts(both)


def test_an_edit_list_is_named(tmp_path: Path) -> None:
    path = made(tmp_path / "edit.mp4", *pictures(1), *BARE[:4], "-use_editlist", "1", "-bf", "2")
    assert "moov/trak/edts" in foreign_video_parts(path)


@pytest.mark.parametrize("texts", ["title", "chapters"])
def test_texts_of_a_webm_are_named(texts: str, tmp_path: Path) -> None:
    listed = tmp_path / "chapters.txt"
    listed.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=Anna\n")
    arguments = {
        "title": ("-metadata", "title=Anna"),
        "chapters": ("-f", "ffmetadata", "-i", str(listed), "-map_chapters", "1", "-map", "0"),
    }[texts]
    path = made(tmp_path / "said.webm", *pictures(1), *arguments, "-c:v", "libvpx", "-b:v", "500k")
    assert foreign_video_parts(path)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_a_file_that_is_cut_off_is_no_copy(cut: float, clean: Path, tmp_path: Path) -> None:
    data = clean.read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(VerificationError):
        foreign_video_parts(path)


def test_something_else_is_no_copy(tmp_path: Path) -> None:
    path = tmp_path / "else.mp4"
    path.write_bytes(b"not a video at all")
    with pytest.raises(VerificationError):
        foreign_video_parts(path)
