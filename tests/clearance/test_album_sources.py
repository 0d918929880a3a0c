"""What was named becomes a list of files: each once, none left out, no archive believed."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import random
import stat
import struct
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from clearance import album_sources, zipped_album
from clearance.album_sources import AlbumFile, AlbumSources
from clearance.errors import AlbumUnreadableError
from clearance.zipped_album import ZippedAlbum, safe_parts
from detector.decoding import PhotoLimits
from detector.errors import PhotoTooLargeError, PhotoUnreadableError
from tests.commands import SAMPLES

PHOTO = SAMPLES / "portraits" / "jurg-mettler-1.jpg"
posix = pytest.mark.skipif(os.name != "posix", reason="modes and links are those of POSIX")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the command is given, and where temporary files go."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    working = tmp_path / "working"
    working.mkdir()
    monkeypatch.chdir(working)
    return working


def make(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(name.encode())


def named(*names: str | Path, listed: bytes | None = None) -> list[str]:
    """The paths of what was named, as people see them."""
    return [file.path.as_posix() for file in files(*names, listed=listed)]


def files(*names: str | Path, listed: bytes | None = None) -> tuple[AlbumFile, ...]:
    stream = None if listed is None else io.BytesIO(listed)
    with AlbumSources(names, stream) as sources:
        return sources.files


def zipped(path: str | Path, *members: str | zipfile.ZipInfo, content: bytes = b"photo") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            is_folder = isinstance(member, str) and member.endswith("/")
            archive.writestr(member, b"" if is_folder else content)
    return Path(path)


def entry(name: str, mode: int = 0) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr = mode << 16
    return made


# --- files and folders ---------------------------------------------------------------------


def test_files_stay_in_the_order_in_which_they_were_named(here: Path) -> None:
    make("b.jpg", "a.jpg")
    assert files("b.jpg", "a.jpg") == (AlbumFile(Path("b.jpg")), AlbumFile(Path("a.jpg")))


def test_what_is_not_there_stays_in_the_list_and_fails_as_a_file(here: Path) -> None:
    with AlbumSources(["gone.jpg"]) as sources:
        assert named("gone.jpg") == ["gone.jpg"]
        with pytest.raises(PhotoUnreadableError, match="no such file"):
            sources.open_photo(Path("gone.jpg"))


def test_a_folder_is_everything_below_it_that_may_show_somebody(here: Path) -> None:
    make("album/b.jpg", "album/a/clip.mp4", "album/.hidden.jpg", "album/b.xmp", "album/.x/c.jpg")
    make("album/old.zip")
    assert files("album") == tuple(
        AlbumFile(Path("album", name), Path("album")) for name in ("a/clip.mp4", "b.jpg", "old.zip")
    )


def test_a_file_that_was_named_is_in_the_list_whatever_it_is(here: Path) -> None:
    make("notes.txt", ".hidden.jpg")
    assert named("notes.txt", ".hidden.jpg") == ["notes.txt", ".hidden.jpg"]


@posix
def test_a_linked_folder_in_a_folder_stands_in_the_list(here: Path) -> None:
    make("elsewhere/a.jpg", "album/b.jpg")
    Path("album/linked").symlink_to(here / "elsewhere", target_is_directory=True)
    assert named("album") == ["album/b.jpg", "album/linked"]
    with AlbumSources(["album"]) as sources, pytest.raises(PhotoUnreadableError, match="folder"):
        sources.open_photo(Path("album/linked"))


def test_one_path_is_judged_once_however_it_is_named(here: Path) -> None:
    make("album/a.jpg", "album/b.jpg")
    assert named("album/a.jpg", here / "album", "./album/../album/b.jpg", "album/*.jpg") == [
        "album/a.jpg",
        (here / "album/b.jpg").as_posix(),
    ]


@posix
def test_two_names_of_one_file_are_two_files(here: Path) -> None:
    make("a.jpg", "there/x/deep.jpg")
    os.link("a.jpg", "b.jpg")
    Path("c.jpg").symlink_to("a.jpg")
    assert named("a.jpg", "b.jpg", "c.jpg") == ["a.jpg", "b.jpg", "c.jpg"]


@posix
def test_dots_behind_a_link_lead_where_the_system_goes(here: Path) -> None:
    make("a.jpg", "there/x/deep.jpg", "there/a.jpg")
    Path("link").symlink_to("there/x", target_is_directory=True)
    # As text both are the same; `link/..` is `there`.
    assert named("a.jpg", "link/../a.jpg") == ["a.jpg", "link/../a.jpg"]
    assert named("there/a.jpg", "link/../a.jpg") == ["there/a.jpg"]


@pytest.mark.parametrize("what", ["album", "album/*.jpg", "none/**/*.jpg"])
def test_what_holds_nothing_is_an_error(here: Path, what: str) -> None:
    make("album/notes.txt", "a.jpg")
    with pytest.raises(AlbumUnreadableError, match="no picture"):
        files("a.jpg", what)


def test_nothing_named_is_an_error(here: Path) -> None:
    with pytest.raises(AlbumUnreadableError, match="no file is named"):
        files()


@pytest.mark.parametrize("what", ["album", "album/*/*.jpg", "album/**/*.jpg", "album/closed/*.jpg"])
def test_a_folder_that_cannot_be_read_is_an_error(
    here: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    make("album/open/a.jpg", "album/closed/b.jpg")

    def guarded(plain: object) -> object:
        def listing(path: str | Path) -> object:
            if Path(path).name == "closed":
                raise PermissionError(13, "Permission denied", str(path))
            return plain(path)  # type: ignore[operator]

        return listing

    monkeypatch.setattr(os, "scandir", guarded(os.scandir))
    monkeypatch.setattr(os, "listdir", guarded(os.listdir))
    with pytest.raises(AlbumUnreadableError, match=r"closed cannot be read"):
        files(what)


# --- patterns ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.jpg", ["a.jpg", "b.jpg"]),
        ("[b-z].jpg", ["b.jpg"]),
        ("?.jpg", ["a.jpg", "b.jpg"]),
        ("x/*.jpg", ["x/c.jpg"]),
        ("*/*.jpg", ["x/c.jpg"]),
        ("**/*.jpg", ["a.jpg", "b.jpg", "x/c.jpg", "x/y/d.jpg"]),
        ("**/y/*.jpg", ["x/y/d.jpg"]),
        ("**/d.jpg", ["x/y/d.jpg"]),
        ("x/**/*.jpg", ["x/c.jpg", "x/y/d.jpg"]),
        ("x/**", ["x/c.jpg", "x/y/d.jpg"]),
        ("x*", ["x/c.jpg", "x/y/d.jpg"]),
        (".h*", [".hidden.jpg"]),
        ("a*", ["a.jpg"]),
    ],
)
def test_a_pattern_is_what_it_matches(here: Path, pattern: str, expected: list[str]) -> None:
    make("b.jpg", "a.jpg", "a.xmp", "x/c.jpg", "x/y/d.jpg", ".hidden.jpg", ".trash/e.jpg")
    assert named(pattern) == expected
    below = Path("x") if pattern.startswith("x/") else Path()
    assert {file.root for file in files(pattern)} == {below}
    absolute = files(str(here / pattern))
    assert [file.path for file in absolute] == [here / path for path in expected]
    assert {file.root for file in absolute} == {here / below}


def test_a_file_whose_name_is_a_pattern_is_that_file(here: Path) -> None:
    make("a[1].jpg", "a1.jpg")
    assert named("a[1].jpg") == ["a[1].jpg"]
    Path("a[1].jpg").unlink()
    assert named("a[1].jpg") == ["a1.jpg"]


def test_a_matched_archive_is_opened(here: Path) -> None:
    zipped("a.zip", "b.jpg")
    assert files("*.zip") == (AlbumFile(Path("a.zip/b.jpg"), Path("a.zip"), "b.jpg"),)


@posix
def test_a_linked_folder_below_a_pattern_of_every_depth_stands_in_the_list(here: Path) -> None:
    make("elsewhere/a.jpg", "album/x/b.jpg")
    Path("album/x/loop").symlink_to(here / "album", target_is_directory=True)
    assert named("album/**/*.jpg") == ["album/x/b.jpg", "album/x/loop"]
    assert named("album/x/**") == ["album/x/b.jpg", "album/x/loop"]


# --- a list on standard input --------------------------------------------------------------


@pytest.mark.parametrize(
    "listed",
    [
        b"b.jpg\n\n  \na b.jpg\n",
        b"b.jpg\r\na b.jpg",
        b"\xef\xbb\xbfb.jpg\na b.jpg\n",
        b"b.jpg\0a b.jpg\0",
        "\ufeffb.jpg\r\na b.jpg\r\n".encode("utf-16-le"),
        b"b.jpg\n./b.jpg\na b.jpg\n",
    ],
)
def test_a_list_names_files(here: Path, listed: bytes) -> None:
    assert named("-", listed=listed) == ["b.jpg", "a b.jpg"]


@posix
def test_between_nuls_a_name_is_taken_as_it_is(here: Path) -> None:
    assert named("-", listed=b" a\nb.jpg\0c\r\0\xff.jpg") == [" a\nb.jpg", "c\r", "\udcff.jpg"]


def test_a_list_may_name_folders_and_archives_and_no_patterns(here: Path) -> None:
    make("album/a.jpg", "b1.jpg")
    zipped("c.zip", "c.jpg")
    listed = b"album\nc.zip\nb[1].jpg\n*.jpg\n-\n"
    expected = ["album/a.jpg", "c.zip/c.jpg", "b[1].jpg", "*.jpg", "-"]
    assert named("-", listed=listed) == expected


def test_a_list_is_read_once_and_stands_where_it_was_named(here: Path) -> None:
    assert named("a.jpg", "-", "c.jpg", "-", listed=b"b.jpg\n") == ["a.jpg", "b.jpg", "c.jpg", "-"]


def test_without_a_list_a_hyphen_is_a_name(here: Path) -> None:
    assert named("-") == ["-"]


@pytest.mark.parametrize("listed", [b"", b"\n\r\n  \n", b"\0\0"])
def test_an_empty_list_is_an_error(here: Path, listed: bytes) -> None:
    with pytest.raises(AlbumUnreadableError, match="names no file"):
        files("a.jpg", "-", listed=listed)


def test_a_list_without_an_end_is_an_error(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(album_sources, "MAX_LIST_BYTES", 2**20)
    assert named("-", listed=b"\n" * (2**20 - 1) + b"a") == ["a"]
    with pytest.raises(AlbumUnreadableError, match="larger than 1 MiB"):
        files("-", listed=b"\n" * 2**20 + b"a")


# --- archives ------------------------------------------------------------------------------


def test_an_archive_is_its_photos_by_the_rules_of_a_folder(here: Path) -> None:
    zipped(
        "album.zip",
        "day/",
        "day/b.jpg",
        "a.HEIC",
        ".hidden.jpg",
        ".trash/c.jpg",
        "__MACOSX/._b.jpg",
        "b.xmp",
    )
    zip_path = Path("album.zip")
    assert files("album.zip") == (
        AlbumFile(zip_path / "a.HEIC", zip_path, "a.HEIC"),
        AlbumFile(zip_path / "day/b.jpg", zip_path, "day/b.jpg"),
    )


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[io.BufferedReader]:
    """Every archive that was opened since, open or closed."""
    made: list[io.BufferedReader] = []
    plain = zipped_album._opened

    def noted(path: Path) -> zipped_album._Bounded:
        file = plain(path)
        made.append(file)
        return file

    monkeypatch.setattr(zipped_album, "_opened", noted)
    return made


def test_an_archive_is_opened_once(here: Path, opened: list[io.BufferedReader]) -> None:
    zipped("album.zip", "a.jpg")
    assert named("album.zip", here / "album.zip") == ["album.zip/a.jpg"]
    assert [file.closed for file in opened] == [True]


def test_a_photo_in_an_archive_is_opened_like_one_beside_it(here: Path) -> None:
    content = PHOTO.read_bytes()
    zipped("album.ZIP", "day/a.jpg", content=content)
    with AlbumSources(["album.ZIP", PHOTO]) as sources:
        inside, beside = [sources.open_photo(file.path) for file in sources.files]
        assert inside.path == Path("album.ZIP/day/a.jpg")
        assert inside.sha256 == beside.sha256 == hashlib.sha256(content).hexdigest()
        assert (inside.pixels == beside.pixels).all()
        assert sources.read(PHOTO) == content
    with pytest.raises(PhotoUnreadableError):
        sources.open_photo(Path("album.ZIP/day/a.jpg"))


def test_an_unpacked_photo_is_there_for_its_block_and_its_owner_only(here: Path) -> None:
    zipped("album.zip", "a.jpg", "b.x;rm -rf")
    make("c.jpg")
    temporary = here.parent / "temporary"
    with AlbumSources(["album.zip", "c.jpg"]) as sources:
        assert list(temporary.iterdir()) == []
        with sources.unpacked(Path("album.zip/a.jpg")) as path:
            assert path.read_bytes() == b"photo"
            assert path.suffix == ".jpg"
            assert path.parent.parent == temporary
            if os.name == "posix":
                assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
                assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not path.exists()
        with sources.unpacked(Path("album.zip/b.x;rm -rf")) as path:
            assert path.name.isdigit()
        with sources.unpacked(Path("c.jpg")) as path:
            assert path == Path("c.jpg")
        assert Path("c.jpg").exists()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
def test_nothing_unpacked_is_left_behind(here: Path, error: type[BaseException]) -> None:
    zipped("album.zip", "a.jpg")
    with (
        pytest.raises(error),
        AlbumSources(["album.zip"]) as sources,
        sources.unpacked(Path("album.zip/a.jpg")),
    ):
        assert len(list((here.parent / "temporary").iterdir())) == 1
        raise error
    assert list((here.parent / "temporary").iterdir()) == []


def test_a_full_disk_fails_one_file_and_leaves_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _: bytes) -> None:
        raise OSError(28, "No space left on device")

    zipped("album.zip", "a.jpg")
    with AlbumSources(["album.zip"]) as sources:
        monkeypatch.setattr(Path, "write_bytes", full)
        with (
            pytest.raises(PhotoUnreadableError, match=r"a\.jpg: .*No space left"),
            sources.unpacked(Path("album.zip/a.jpg")),
        ):
            pass
        (private,) = (here.parent / "temporary").iterdir()
        assert list(private.iterdir()) == []


def test_every_archive_is_closed_when_one_is_refused(
    here: Path, opened: list[io.BufferedReader]
) -> None:
    zipped("good.zip", "a.jpg")
    zipped("empty.zip", "notes.txt")
    Path("bad.zip").write_bytes(b"no archive")
    for refused in ("bad.zip", "empty.zip"):
        with pytest.raises(AlbumUnreadableError, match=refused):
            files("good.zip", refused)
    assert [file.closed for file in opened] == [True] * 4


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", b"PK\x03\x04" + bytes(200), b"PK\x05\x06" + bytes(18)],
)
def test_no_archive_or_an_empty_one_is_an_error(here: Path, content: bytes) -> None:
    Path("album.zip").write_bytes(content)
    with pytest.raises(AlbumUnreadableError, match=r"album\.zip"):
        files("album.zip")


@posix
def test_a_pipe_named_like_an_archive_is_not_waited_for(here: Path) -> None:
    os.mkfifo("album.zip")
    with AlbumSources(["album.zip"]) as sources, pytest.raises(PhotoUnreadableError, match="pipe"):
        sources.open_photo(Path("album.zip"))
    with pytest.raises(AlbumUnreadableError, match="not a file"):
        ZippedAlbum(Path("album.zip"))


UNSAFE = [
    "../a.jpg",
    "x/../../a.jpg",
    "x/..",
    "/etc/a.jpg",
    "//server/share/a.jpg",
    "C:/a.jpg",
    "c:a.jpg",
    "x/D:/a.jpg",
    "..\\a.jpg",
    "\\a.jpg",
    "x\\..\\..\\a.jpg",
    "... /a.jpg",
    " .. /a.jpg",
    "a.jpg\0.txt",
    "x" * 256,
    "é" * 128,
    "x/" * 1000 + "a.jpg",
    "..",
    "../",
]


@pytest.mark.parametrize("name", UNSAFE)
def test_a_name_that_leads_out_refuses_the_archive(here: Path, name: str) -> None:
    assert safe_parts(name, windows=False) is None
    made = entry("placeholder")
    made.filename = name
    zipped("album.zip", "good.jpg", made)
    with pytest.raises(AlbumUnreadableError, match="leads out of its folder") as refused:
        files("album.zip")
    assert "\0" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a.jpg", ("a.jpg",)),
        ("x\\y/a.jpg", ("x", "y", "a.jpg")),
        ("./x//a.jpg", ("x", "a.jpg")),
        ("x..y/..a.jpg", ("x..y", "..a.jpg")),
        ("at 10:30.jpg", ("at 10:30.jpg",)),
        ("con.jpg", ("con.jpg",)),
    ],
)
def test_an_ordinary_name_is_kept(name: str, parts: tuple[str, ...]) -> None:
    assert safe_parts(name, windows=False) == parts


@pytest.mark.parametrize(
    "name",
    ["at 10:30.jpg", "a.jpg:x", "con.jpg", "x/NUL", "Com1.tar.gz", "a?.jpg", "a.jpg.", "x /a.jpg"],
)
def test_on_windows_a_device_or_a_stream_is_refused(name: str) -> None:
    assert safe_parts(name, windows=True) is None
    assert safe_parts("x\\console.jpg", windows=True) == ("x", "console.jpg")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["x/a.jpg", "x\\a.jpg", "./x//a.jpg"])
def test_two_files_of_one_name_refuse_the_archive(here: Path, second: str) -> None:
    zipped("album.zip", "x/a.jpg", second)
    with pytest.raises(AlbumUnreadableError, match=r"two files named x/a\.jpg"):
        files("album.zip")


@pytest.mark.parametrize("flag", [0x1, 0x40, 0x2000])
def test_a_password_is_told_once(here: Path, flag: int) -> None:
    patched(zipped("album.zip", "a.jpg", "b.jpg"), "flags", flag)
    with pytest.raises(AlbumUnreadableError, match="protected with a password"):
        files("album.zip")


@contextlib.contextmanager
def two(archive: Path) -> Iterator[AlbumSources]:
    """The sources of an archive in which only `bad.jpg` may fail."""
    with AlbumSources([archive]) as sources:
        assert sources.read(archive / "good.jpg") == b"photo"
        yield sources


FIELDS = {"flags": (8, "H"), "method": (10, "H"), "crc": (16, "I"), "packed": (20, "I")}
FIELDS |= {"size": (24, "I"), "offset": (42, "I")}


def patched(archive: Path, field: str, value: int, name: bytes = b"") -> Path:
    """The archive with a field of its listing changed: of the named entry, or of all."""
    data = bytearray(archive.read_bytes())
    place, kind = FIELDS[field]
    start = 0
    while (start := data.find(b"PK\x01\x02", start)) >= 0:
        if data[start + 46 :].startswith(name):
            struct.pack_into(f"<{kind}", data, start + place, value)
        start += 4
    archive.write_bytes(data)
    return archive


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK])
def test_a_link_or_a_device_fails_alone(here: Path, mode: int) -> None:
    archive = zipped("album.zip", entry("good.jpg", 0o100644), entry("bad.jpg", mode | 0o777))
    with (
        two(archive) as sources,
        pytest.raises(PhotoUnreadableError, match=r"bad\.jpg: this is a link or a device"),
    ):
        sources.read(archive / "bad.jpg")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("crc", 1, "damaged"),
        ("size", 4, "damaged"),
        ("size", 6, "damaged"),
        ("packed", 2, "damaged"),
        ("method", zipfile.ZIP_LZMA, "in a manner"),
        ("method", 9, "in a manner"),
    ],
)
def test_a_damaged_photo_fails_alone(here: Path, field: str, value: int, said: str) -> None:
    archive = patched(zipped("album.zip", "good.jpg", "bad.jpg"), field, value, b"bad")
    with two(archive) as sources, pytest.raises(PhotoUnreadableError, match=said):
        sources.read(archive / "bad.jpg")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_photo_that_goes_on_behind_its_end_fails(here: Path, method: int) -> None:
    """With the checksum of its beginning: other programs would show more than was judged."""
    with zipfile.ZipFile("album.zip", "w", method) as archive:
        archive.writestr("good.jpg", b"photo")
        archive.writestr("bad.jpg", b"photo and more")
    path = patched(Path("album.zip"), "size", 5, b"bad")
    patched(path, "crc", zipfile.crc32(b"photo"), b"bad")  # type: ignore[attr-defined]
    with two(path) as sources, pytest.raises(PhotoUnreadableError, match="damaged"):
        sources.read(path / "bad.jpg")


def test_a_file_that_has_another_name_in_its_header_fails(here: Path) -> None:
    archive = zipped("album.zip", "good.jpg", "bad.jpg")
    archive.write_bytes(archive.read_bytes().replace(b"bad.jpg", b"odd.jpg", 1))
    with two(archive) as sources, pytest.raises(PhotoUnreadableError, match="damaged"):
        sources.read(archive / "bad.jpg")


def test_an_empty_photo_fails(here: Path) -> None:
    zipped("album.zip", "a.jpg", content=b"")
    with AlbumSources(["album.zip"]) as sources:
        for read in (sources.read, sources.open_photo):
            with pytest.raises(PhotoUnreadableError, match=r"a\.jpg: the file is empty"):
                read(Path("album.zip/a.jpg"))


def test_a_photo_named_like_a_folder_is_not_passed_over(here: Path) -> None:
    archive = zipped("album.zip", "photo.jpg")
    archive.write_bytes(archive.read_bytes().replace(b"photo.jpg", b"photo.jp/"))
    with AlbumSources([archive]) as sources:
        assert sources.read(archive / "photo.jp") == b"photo"


def test_an_archive_in_an_archive_stands_in_the_list_and_fails(here: Path) -> None:
    inner = zipped("inner.zip", "hidden.jpg").read_bytes()
    zipped("album.zip", "inner.zip", content=inner)
    with AlbumSources(["album.zip"]) as sources:
        (file,) = sources.files
        assert file.inside == "inner.zip"
        with pytest.raises(PhotoUnreadableError, match="not a photo"):
            sources.open_photo(file.path)


def test_a_photo_over_the_limit_is_not_unpacked(here: Path) -> None:
    zipped("album.zip", "a.jpg", content=random.Random(1).randbytes(2 * 2**20))
    path = Path("album.zip/a.jpg")
    with AlbumSources(["album.zip"]) as sources:
        assert len(sources.read(path, PhotoLimits(file_bytes=2 * 2**20))) == 2 * 2**20
        with pytest.raises(PhotoTooLargeError, match=r"a\.jpg: .*larger than 1 MiB"):
            sources.read(path, PhotoLimits(file_bytes=2**20))


def test_what_unpacks_to_far_more_than_a_photo_would_fails(here: Path) -> None:
    zipped("album.zip", "bomb.bmp", content=bytes(50 * 2**20))
    zipped("small.zip", "blank.bmp", content=bytes(2**20))
    with AlbumSources(["album.zip", "small.zip"]) as sources:
        with pytest.raises(PhotoTooLargeError, match="200 times"):
            sources.read(Path("album.zip/bomb.bmp"))
        assert len(sources.read(Path("small.zip/blank.bmp"))) == 2**20


def test_a_bomb_that_says_it_is_small_is_stopped(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = zipped("album.zip", "bomb.bmp", content=bytes(50 * 2**20))
    patched(archive, "size", 1000)
    most = 0
    plain = zipfile.ZipExtFile.read

    def measured(self: zipfile.ZipExtFile, n: int | None = -1) -> bytes:
        nonlocal most
        part = plain(self, n)
        most += len(part)
        return part

    monkeypatch.setattr(zipfile.ZipExtFile, "read", measured)
    with (
        AlbumSources(["album.zip"]) as sources,
        pytest.raises(PhotoUnreadableError, match="damaged"),
    ):
        sources.read(Path("album.zip/bomb.bmp"))
    assert most <= 1001


def test_one_packed_file_under_many_names_refuses_the_archive(here: Path) -> None:
    archive = zipped("album.zip", "a.jpg", "b.jpg")
    patched(archive, "offset", 0)
    with pytest.raises(AlbumUnreadableError, match="overlap"):
        files("album.zip")


def test_too_many_files_refuse_the_archive(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipped_album, "MAX_MEMBERS", 3)
    zipped("album.zip", "a.jpg", "b.jpg", "c.txt")
    assert len(files("album.zip")) == 2
    zipped("album.zip", "a.jpg", "b.jpg", "c.txt", "d/")
    with pytest.raises(AlbumUnreadableError, match="more than 3 files"):
        files("album.zip")


def test_a_listing_without_an_end_is_not_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zipped("album.zip", *(f"{n}.jpg" for n in range(400)))
    assert len(files("album.zip")) == 400
    monkeypatch.setattr(zipped_album, "MAX_LISTING_BYTES", 10_000)
    with pytest.raises(AlbumUnreadableError, match="table of contents"):
        files("album.zip")


def test_a_large_stored_photo_is_no_listing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipped_album, "MAX_LISTING_BYTES", 3 * 2**20)
    content = random.Random(2).randbytes(5 * 2**20)
    with zipfile.ZipFile("album.zip", "w") as archive:
        archive.writestr("a.jpg", content)
    with AlbumSources(["album.zip"]) as sources:
        assert sources.read(Path("album.zip/a.jpg")) == content


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_in_an_archive_it_is_read_or_refused(here: Path, seed: int) -> None:
    chance = random.Random(seed)
    zipped("whole.zip", "x/a.jpg", entry("ü.jpg"), "c.png", content=b"a photo" * 20)
    whole = Path("whole.zip").read_bytes()
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 1, 2, 8])):
            data[chance.randrange(len(data))] = chance.choice([0, 0xFF, chance.randrange(256)])
        if chance.random() < 0.1:
            del data[chance.randrange(len(data)) :]
        Path("album.zip").write_bytes(data)
        with contextlib.suppress(AlbumUnreadableError), AlbumSources(["album.zip"]) as sources:
            for file in sources.files:
                assert not {"", ".", ".."} & set((file.inside or "").split("/"))
                with contextlib.suppress(PhotoUnreadableError):
                    assert sources.read(file.path)


def test_a_second_thread_may_read(here: Path) -> None:
    contents = {f"{n}.jpg": random.Random(n).randbytes(200_000) for n in range(6)}
    with zipfile.ZipFile("album.zip", "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    wrong: list[str] = []
    with AlbumSources(["album.zip"]) as sources:

        def read_all() -> None:
            for name, content in contents.items():
                if sources.read(Path("album.zip", name)) != content:
                    wrong.append(name)

        threads = [threading.Thread(target=read_all) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_a_name_cannot_steer_a_terminal(here: Path) -> None:
    zipped("album.zip", "a\x1b]0;owned\x07.jpg", content=b"")
    with AlbumSources(["album.zip"]) as sources:
        with pytest.raises(PhotoUnreadableError) as failed:
            sources.read(sources.files[0].path)
        assert "\x1b" not in str(failed.value)
