"""A copy is one video and at most one sound: whatever else is in it is named."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from clearance.errors import VerificationError
from clearance.video_containers import foreign_video_parts
from tests.videos import made, pictures

MUTE = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact")
BARE = (*MUTE, "-use_editlist", "0", "-bf", "0")
SILENT = ("-bsf:v", "filter_units=remove_types=6")
SOUND = ("-f", "lavfi", "-i", "sine=d=1")


def bare(path: Path, *arguments: str, filtered: tuple[str, ...] = SILENT) -> Path:
    """An MP4 of pictures as it should be; coded before, so that no encoder is named."""
    coded = made(path.with_name("coded.mp4"), *arguments, "-bf", "0", *filtered)
    return made(path, "-i", str(coded), "-c", "copy", *BARE, "-movflags", "+faststart")


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    return bare(folder / "clean.mp4", *pictures(1))


@pytest.fixture(scope="module")
def clean_webm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    coder = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")
    encoded = made(folder / "encoded.webm", *pictures(1), *coder)
    return made(folder / "clean.webm", "-i", str(encoded), "-c", "copy", *MUTE)


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
        (("-metadata", "creation_time=2026-11-28T10:00:00Z"), "moov/mvhd"),
        (("-metadata:s:v", "handler_name=Anna"), "moov/trak/mdia/hdlr"),
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


def test_what_the_encoder_says_of_itself_is_named(tmp_path: Path) -> None:
    path = bare(tmp_path / "said.mp4", *pictures(1), filtered=())
    assert foreign_video_parts(path) == ("SEI",)
    path = made(tmp_path / "named.mp4", *pictures(1), *BARE, *SILENT)
    assert foreign_video_parts(path) == ("moov/trak/mdia/minf/stbl/stsd/avc1",)


def test_a_language_is_named(tmp_path: Path) -> None:
    path = made(tmp_path / "said.mp4", *pictures(1), *BARE, "-metadata:s:v", "language=ita")
    assert "moov/trak/mdia/mdhd" in foreign_video_parts(path)


def test_a_turned_picture_is_named(clean: Path, tmp_path: Path) -> None:
    # A copy stands upright: a player must not turn it, and no frame may lie beside the screen.
    data = bytearray(clean.read_bytes())
    data[data.index(b"tkhd") + 4 + 40 + 1] = 2
    path = tmp_path / "turned.mp4"
    path.write_bytes(data)
    assert foreign_video_parts(path) == ("moov/trak/tkhd",)


def grown(data: bytes, kind: bytes, more: bytes) -> bytes:
    """The file with more bytes at the end of a box in front of the samples."""
    path = [b"moov", b"trak", b"mdia", b"minf", b"stbl"]
    at = data.index(kind) - 4
    (size,) = struct.unpack_from(">I", data, at)
    new = bytearray(data[: at + size] + more + data[at + size :])
    for one in (kind, *path[: 1 if kind == b"mvhd" else 5]):
        place = data.index(one) - 4
        struct.pack_into(">I", new, place, struct.unpack_from(">I", data, place)[0] + len(more))
    # The samples lie further behind now.
    table = new.index(b"stco") + 4
    (count,) = struct.unpack_from(">I", new, table + 4)
    for row in range(count):
        place = table + 8 + 4 * row
        struct.pack_into(">I", new, place, struct.unpack_from(">I", new, place)[0] + len(more))
    return bytes(new)


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        (b"mvhd", "moov/mvhd"),
        (b"stts", "moov/trak/mdia/minf/stbl/stts"),
        (b"stsz", "moov/trak/mdia/minf/stbl/stsz"),
    ],
    ids=["movie", "times", "sizes"],
)
def test_bytes_behind_a_table_are_named(
    kind: bytes, named: str, clean: Path, tmp_path: Path
) -> None:
    path = tmp_path / "longer.mp4"
    path.write_bytes(grown(clean.read_bytes(), kind, b"Anna"))
    assert foreign_video_parts(path) == (named,)


def test_a_long_file_of_large_numbers_holds_nothing_foreign(tmp_path: Path) -> None:
    slow = ("-f", "lavfi", "-i", "color=s=32x32:r=1/60:d=36000")
    path = bare(tmp_path / "long.mp4", *slow, "-video_track_timescale", "1000000")
    # Version 1 of the headers, whose times have 64 bits.
    data = path.read_bytes()
    assert data[data.index(b"mdhd") + 4] == 1
    assert foreign_video_parts(path) == ()


def element(identity: bytes, data: bytes) -> bytes:
    return identity + (len(data) | 1 << 56).to_bytes(8, "big") + data


def with_element(data: bytes, more: bytes) -> bytes:
    """A WebM with an element more at the end of its segment."""
    at = data.index(b"\x18\x53\x80\x67") + 4
    assert data[at] == 1  # the length takes eight bytes
    length = int.from_bytes(data[at + 1 : at + 8], "big") + len(more)
    return data[:at] + b"\x01" + length.to_bytes(7, "big") + data[at + 8 :] + more


ATTACHED = element(b"\x19\x41\xa4\x69", b"a photo of Anna")
STRAY = element(b"\xa3", b"\x85\x00\x00\x00an old frame")


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (ATTACHED, "Attachments"),
        (element(b"\x10\x43\xa7\x70", b""), "Chapters"),
        (element(b"\xec", bytes(9)), None),
        (element(b"\xec", b"Anna"), "Void"),
        (element(b"\x1f\x43\xb6\x75", STRAY), "Block"),
        (element(b"\x15\x49\xa9\x66", element(b"\x7b\xa9", b"Anna")), "Title"),
        (element(b"\x15\x49\xa9\x66", element(b"\x4d\x80", b"Anna")), "4D80"),
        (element(b"\x15\x49\xa9\x66", element(b"\x44\x89", b"more than a number")), "4489"),
    ],
    ids=["attached", "chapters", "room", "filled", "stray", "title", "program", "number"],
)
def test_an_element_more_is_named(
    more: bytes, named: str | None, clean_webm: Path, tmp_path: Path
) -> None:
    path = tmp_path / "more.webm"
    path.write_bytes(with_element(clean_webm.read_bytes(), more))
    assert foreign_video_parts(path) == ((named,) if named else ())


def test_bytes_behind_a_webm_are_named(clean_webm: Path, tmp_path: Path) -> None:
    path = tmp_path / "more.webm"
    path.write_bytes(clean_webm.read_bytes() + ATTACHED)
    assert foreign_video_parts(path) == ("Attachments",)
    path.write_bytes(clean_webm.read_bytes() + element(b"\xec", bytes(9)))
    assert foreign_video_parts(path) == ("Void",)


def test_subtitles_of_a_webm_are_named(clean_webm: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nAnna\n")
    both = ("-i", str(clean_webm), "-i", str(words), "-map", "0", "-map", "1")
    path = made(tmp_path / "said.webm", *both, "-c:v", "copy", "-c:s", "webvtt", *MUTE)
    assert "TrackEntry" in foreign_video_parts(path)


def test_a_file_of_parts_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "many.mp4"
    path.write_bytes(atom(b"ftyp", b"isom\0\0\2\0isom") + atom(b"free", b"") * 200_000)
    with pytest.raises(VerificationError):
        foreign_video_parts(path)


def test_whatever_is_changed_in_a_file_it_is_looked_through_or_refused(
    clean: Path, clean_webm: Path, tmp_path: Path
) -> None:
    random = np.random.default_rng(7)
    for source in (clean, clean_webm):
        data = np.frombuffer(source.read_bytes(), np.uint8)
        path = tmp_path / "changed"
        for _ in range(300):
            changed = data.copy()
            changed[random.integers(0, min(len(data), 2000), 3)] = random.choice([0, 1, 128, 255])
            path.write_bytes(changed[: random.integers(len(data) // 2, 2 * len(data))].tobytes())
            try:
                found = foreign_video_parts(path)
            except VerificationError:
                continue
            assert all(name.isprintable() for name in found)


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
