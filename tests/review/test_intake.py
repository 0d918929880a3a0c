"""What strangers bring: bounded, counted, and never a path."""

from __future__ import annotations

import io
import os
import stat
import unicodedata
import zipfile
from pathlib import Path

import pytest

from clearance.errors import AlbumUnreadableError
from review.albums import Albums
from review.errors import AlbumMissingError, AlbumRefusedError, NoVerdictError, UploadRefusedError
from review.intake import told_name
from review.records import Kind, Limits, State
from tests.commands import SAMPLES

PHOTO = (SAMPLES / "album" / "01.jpg").read_bytes()
OTHER = (SAMPLES / "album" / "03.jpg").read_bytes()


@pytest.fixture
def desk(empty_registry: Path) -> Albums:
    """A desk with nothing on it."""
    return Albums(empty_registry / "desk")


@pytest.fixture
def into(desk: Albums) -> str:
    """The id of an empty album."""
    return desk.create("An album", by="Léa").id


def files_of(desk: Albums) -> list[str]:
    """Every file below the desk but its database."""
    return sorted(
        path.name
        for path in desk.folder.rglob("*")
        if path.is_file() and not path.name.startswith("desk.sqlite3")
    )


def packed(members: dict[str, bytes]) -> io.BytesIO:
    """A ZIP archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    content.seek(0)
    return content


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/pass\x00wd\n.jpg", "../../etc/passwd.jpg"),
        ("Cafe\u0301 \u202egpj.exe.jpg", "Caf\u00e9 gpj.exe.jpg"),
        ("\x1b[31mred.jpg", "[31mred.jpg"),
        ("  \x00 ", "?"),
        ("x" * 900 + ".jpg", "x" * 196 + ".jpg"),
    ],
)
def test_a_name_is_a_text(desk: Albums, into: str, given: str, kept: str) -> None:
    assert told_name(given) == kept
    (added,) = desk.add_file(into, given, io.BytesIO(PHOTO))
    assert desk.item(added.item.id).name == kept == unicodedata.normalize("NFC", kept)
    (only,) = files_of(desk)
    assert only == added.item.file
    assert Path(only).stem == added.item.id
    assert (desk.folder / "files" / only).read_bytes() == PHOTO


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights with the folder")
def test_nobody_else_may_read_the_desk(desk: Albums, into: str) -> None:
    desk.add_file(into, "a.jpg", io.BytesIO(PHOTO))
    assert stat.S_IMODE(desk.folder.stat().st_mode) == 0o700
    for path in desk.folder.rglob("*"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_what_waits_has_no_verdict(desk: Albums, into: str) -> None:
    (added,) = desk.add_file(into, "a.jpg", io.BytesIO(PHOTO))
    (tile,) = desk.tiles(into).tiles
    assert (tile.item.state, tile.outcome, tile.ready) == (State.WAITING, None, False)
    with pytest.raises(NoVerdictError):
        desk.verdict(added.item.id)
    progress = desk.progress(into)
    assert (progress.total, progress.done, progress.counts) == (1, 0, {})


def test_the_same_bytes_are_in_an_album_once(desk: Albums, into: str) -> None:
    (first,) = desk.add_file(into, "a.jpg", io.BytesIO(PHOTO))
    (again,) = desk.add_file(into, "b.jpg", [PHOTO[:1000], PHOTO[1000:]])
    assert (first.twin, again.twin) == (False, True)
    assert again.item == first.item
    assert files_of(desk) == [first.item.file]
    other = desk.create("Another", by="Léa").id
    (elsewhere,) = desk.add_file(other, "a.jpg", io.BytesIO(PHOTO))
    assert not elsewhere.twin


def test_what_shows_nobody_is_set_aside_and_told(desk: Albums, into: str) -> None:
    (added,) = desk.add_file(into, "notes.txt", io.BytesIO(b"not of the album"))
    assert (added.item.kind, added.item.state) == (Kind.BESIDE, State.ASIDE)
    assert "notes.txt is no picture" in str(desk.item(added.item.id).problem)
    assert files_of(desk) == []
    progress = desk.progress(into)
    assert (progress.total, progress.aside) == (0, 1)


def test_sizes_are_limited_while_bytes_come(empty_registry: Path) -> None:
    size = len(PHOTO)
    limits = Limits(photo_bytes=size, video_bytes=size, album_bytes=size + 10, album_files=2)
    desk = Albums(empty_registry / "desk", limits=limits)
    into = desk.create("Small", by="Léa").id
    came = 0

    def endless() -> object:
        nonlocal came
        while True:
            came += 1000
            yield bytes(1000)

    with pytest.raises(UploadRefusedError, match="larger than"):
        desk.add_file(into, "endless.jpg", endless())  # type: ignore[arg-type]
    assert came <= size + 1000
    desk.add_file(into, "a.jpg", io.BytesIO(PHOTO))
    with pytest.raises(UploadRefusedError, match="album would become too large"):
        desk.add_file(into, "b.jpg", io.BytesIO(OTHER))
    desk.add_file(into, "a.txt", io.BytesIO(b"x"))
    with pytest.raises(UploadRefusedError, match="holds 2 files"):
        desk.add_file(into, "c.jpg", io.BytesIO(b"y"))
    with pytest.raises(UploadRefusedError, match="empty"):
        desk.add_file(into, "d.jpg", io.BytesIO())
    assert len(files_of(desk)) == 1


def test_the_disk_is_never_filled(empty_registry: Path) -> None:
    desk = Albums(empty_registry / "desk", limits=Limits(spare_bytes=2**62))
    into = desk.create("No room", by="Léa").id
    with pytest.raises(UploadRefusedError, match="no room"):
        desk.add_file(into, "a.jpg", io.BytesIO(PHOTO))
    assert files_of(desk) == []


def test_an_upload_that_is_given_up_leaves_nothing(desk: Albums, into: str) -> None:
    upload = desk.begin_upload(into, "a.jpg")
    upload.append(PHOTO[:100])
    assert len(files_of(desk)) == 1
    upload.abandon()
    assert files_of(desk) == []
    with pytest.raises(UploadRefusedError):
        upload.finish()
    assert desk.tiles(into).total == 0


def test_an_archive_is_its_files(desk: Albums, into: str) -> None:
    archive = packed(
        {"day/a.jpg": PHOTO, "day/again.jpg": PHOTO, "b.jpg": OTHER, "read me.txt": b"hello"}
    )
    added = desk.add_file(into, "album.ZIP", archive)
    names = [one.item.name for one in added]
    assert names == ["read me.txt", "b.jpg", "day/a.jpg", "day/a.jpg"]
    assert added[0].item.state is State.ASIDE
    assert sum(one.twin for one in added) == 1
    assert len(files_of(desk)) == 2


@pytest.mark.parametrize("place", ["../out.jpg", "/etc/out.jpg", "a/../../out.jpg", "C:\\out.jpg"])
def test_an_archive_that_leads_out_of_itself_is_refused(
    desk: Albums, into: str, place: str
) -> None:
    with pytest.raises(AlbumUnreadableError):
        desk.add_file(into, "album.zip", packed({"a.jpg": PHOTO, place: OTHER}))
    assert files_of(desk) == []
    assert desk.tiles(into).total == 0


def test_an_archive_that_unpacks_to_too_much_is_refused(empty_registry: Path) -> None:
    desk = Albums(empty_registry / "desk", limits=Limits(album_bytes=3 * 2**20))
    into = desk.create("Bomb", by="Léa").id
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jpg", bytes(8 * 2**20))
    content.seek(0)
    with pytest.raises(UploadRefusedError, match="album would become too large"):
        desk.add_file(into, "bomb.zip", content)
    assert files_of(desk) == []


def test_a_damaged_file_of_an_archive_has_failed_and_is_not_left_out(
    desk: Albums, into: str
) -> None:
    content = bytearray(packed({"a.jpg": PHOTO, "b.jpg": OTHER}).getvalue())
    content[content.index(PHOTO[:64]) + 500] ^= 0xFF
    added = desk.add_file(into, "album.zip", io.BytesIO(bytes(content)))
    states = {one.item.name: one.item.state for one in added}
    assert states == {"a.jpg": State.FAILED, "b.jpg": State.WAITING}
    assert desk.progress(into).counts == {"failed": 1}
    assert "a.jpg" in str(next(t.item.problem for t in desk.tiles(into).tiles if t.item.problem))


def test_a_folder_of_this_machine_is_taken_in_whole(
    desk: Albums, into: str, tmp_path: Path
) -> None:
    folder = tmp_path / "event"
    (folder / "evening").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(PHOTO)
    (folder / "evening" / "b.jpg").write_bytes(OTHER)
    (folder / "list.csv").write_bytes(b"not of the album")
    (folder / "empty.jpg").write_bytes(b"")
    try:
        added = list(desk.add_folder(into, folder))
    except UploadRefusedError as error:
        raise AssertionError("one empty file must not end the intake") from error
    states = {one.item.name: one.item.state for one in added}
    assert states == {
        "a.jpg": State.WAITING,
        "evening/b.jpg": State.WAITING,
        "empty.jpg": State.FAILED,
    }
    assert (folder / "a.jpg").read_bytes() == PHOTO


def test_an_album_says_what_it_is_for(desk: Albums) -> None:
    with pytest.raises(AlbumRefusedError, match="billboard"):
        desk.create("A", channels=["billboard"], by="Léa")
    with pytest.raises(AlbumRefusedError, match="dancing"):
        desk.create("A", purpose="dancing", by="Léa")
    with pytest.raises(AlbumMissingError):
        desk.begin_upload("nothing", "a.jpg")
