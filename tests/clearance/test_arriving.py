"""A file is given when it is all there: not while it is copied, and again when it changes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from clearance.arriving import Inbox, arriving, is_used_elsewhere
from clearance.errors import AlbumUnreadableError

posix = pytest.mark.skipif(os.name != "posix", reason="links need a privilege on Windows")


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "inbox"
    made.mkdir()
    return made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def look(folder: Path, clock: Clock) -> Callable[[float], list[str]]:
    """Looks into the inbox after so many seconds; gives names."""
    inbox = Inbox(folder, settle=5, clock=clock)

    def looked(seconds: float) -> list[str]:
        clock.now += seconds
        return [path.relative_to(folder).as_posix() for path in inbox.arrived()]

    return looked


def write(path: Path, content: bytes, mtime: int) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (mtime, mtime))


Look = Callable[[float], list[str]]


def test_a_file_is_given_once_when_it_has_settled(folder: Path, look: Look) -> None:
    write(folder / "b.jpg", b"1", 10)
    write(folder / "a.jpg", b"1", 10)
    assert look(0) == []
    assert look(4.9) == []
    assert look(0.1) == ["a.jpg", "b.jpg"]
    assert look(100) == []


@pytest.mark.parametrize(("content", "mtime"), [(b"12", 10), (b"2", 11)])
def test_a_file_that_still_changes_is_waited_for(
    folder: Path, look: Look, content: bytes, mtime: int
) -> None:
    write(folder / "a.jpg", b"1", 10)
    assert look(0) == []
    write(folder / "a.jpg", content, mtime)
    assert look(5) == []
    assert look(4) == []
    assert look(1) == ["a.jpg"]


def test_an_old_date_does_not_make_a_file_complete(folder: Path, look: Look) -> None:
    write(folder / "a.jpg", b"1", 1)
    assert look(1_000) == []


def test_a_file_that_changes_later_is_given_again(folder: Path, look: Look) -> None:
    write(folder / "a.jpg", b"1", 10)
    look(0)
    assert look(5) == ["a.jpg"]
    write(folder / "a.jpg", b"1", 20)
    assert look(1) == []
    assert look(5) == ["a.jpg"]


def test_a_file_that_vanished_is_forgotten(folder: Path, look: Look) -> None:
    write(folder / "a.jpg", b"1", 10)
    look(0)
    assert look(5) == ["a.jpg"]
    (folder / "a.jpg").unlink()
    assert look(1) == []
    write(folder / "a.jpg", b"1", 10)
    assert look(1) == []
    assert look(5) == ["a.jpg"]


@pytest.mark.parametrize(
    "name",
    [
        "a.jpg.part",
        "a.crdownload",
        "a.jpg.FILEPART",
        "a.tmp",
        "~a.jpg",
        ".a.jpg",
        "x.download/a.jpg",
    ],
)
def test_a_temporary_name_is_waited_for(folder: Path, look: Look, name: str) -> None:
    write(folder / name, b"1", 10)
    look(0)
    assert look(100) == []
    (folder / name).rename(folder / "a.jpg")
    assert look(1) == []
    assert look(5) == ["a.jpg"]


def test_what_is_waited_for_can_be_told(folder: Path, clock: Clock) -> None:
    inbox = Inbox(folder, settle=5, clock=clock)
    for name in ("b.jpg.part", "a.jpg", ".hidden.jpg", "notes.txt"):
        write(folder / name, b"1", 10)
    assert list(inbox.arrived()) == []
    assert [path.name for path in inbox.waiting] == ["a.jpg", "b.jpg.part"]
    clock.now += 5
    assert [path.name for path in inbox.arrived()] == ["a.jpg"]
    assert [path.name for path in inbox.waiting] == ["b.jpg.part"]


def test_folders_below_are_looked_into_and_sidecars_passed_over(folder: Path, look: Look) -> None:
    for name in ("day/a.jpg", "day/a.xmp", "clip.mp4", ".trash/b.jpg"):
        write(folder / name, b"1", 10)
    look(0)
    assert look(5) == ["clip.mp4", "day/a.jpg"]


def test_a_file_that_changes_while_another_is_judged_is_not_given(
    folder: Path, clock: Clock
) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        write(folder / name, b"1", 10)
    inbox = Inbox(folder, settle=5, clock=clock)
    list(inbox.arrived())
    clock.now += 5
    given = inbox.arrived()
    assert next(given).name == "a.jpg"
    write(folder / "b.jpg", b"123", 12)
    (folder / "c.jpg").unlink()
    assert list(given) == []
    list(inbox.arrived())
    clock.now += 5
    assert [path.name for path in inbox.arrived()] == ["b.jpg"]


def test_a_file_that_another_program_has_open_is_waited_for(folder: Path, clock: Clock) -> None:
    used = {folder / "a.jpg"}
    write(folder / "a.jpg", b"1", 10)
    inbox = Inbox(folder, settle=0, clock=clock, used_elsewhere=used.__contains__)
    assert list(inbox.arrived()) == []
    used.clear()
    assert list(inbox.arrived()) == [folder / "a.jpg"]


@posix
def test_a_link_is_given_and_not_entered(tmp_path: Path, folder: Path, look: Look) -> None:
    write(tmp_path / "elsewhere" / "a.jpg", b"1", 10)
    (folder / "album").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (folder / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    look(0)
    assert look(5) == ["album", "gone.jpg"]
    write(tmp_path / "elsewhere" / "b.jpg", b"1", 10)
    look(1)
    assert look(10) == []


def test_a_file_that_nobody_may_look_at_is_given(
    folder: Path, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    write(folder / "a.jpg", b"1", 10)
    monkeypatch.setattr(Path, "stat", refuse)
    look(0)
    assert look(5) == ["a.jpg"]


def test_an_inbox_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AlbumUnreadableError, match="cannot be read"):
        list(Inbox(tmp_path / "none").arrived())


def test_a_folder_that_cannot_be_read_is_an_error_and_one_that_went_away_is_not(
    folder: Path, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "below").mkdir()
    error: type[OSError] = FileNotFoundError
    scan = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "below":
            raise error(1, "no", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert look(0) == []
    error = PermissionError
    with pytest.raises(AlbumUnreadableError, match="below"):
        look(0)


def test_watching_gives_what_comes_until_it_is_stopped(folder: Path, clock: Clock) -> None:
    stop, naps = threading.Event(), []
    write(folder / "a.jpg", b"1", 10)

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        clock.now += seconds
        if len(naps) == 4:
            write(folder / "b.jpg", b"1", 10)
        if len(naps) == 10:
            stop.set()

    inbox = Inbox(folder, settle=5, clock=clock)
    seen = [(path.name, len(naps)) for path in arriving(inbox, stop, interval=2, sleep=sleep)]
    assert seen == [("a.jpg", 3), ("b.jpg", 7)]
    assert naps == [2] * 10


def test_nothing_is_looked_for_after_a_stop(folder: Path, clock: Clock) -> None:
    for name in ("a.jpg", "b.jpg"):
        write(folder / name, b"1", 10)
    stop = threading.Event()
    seen = []
    for path in arriving(Inbox(folder, settle=0, clock=clock), stop, interval=0):
        seen.append(path.name)
        stop.set()
    assert seen == ["a.jpg"]
    assert list(arriving(Inbox(folder, settle=0), stop)) == []


def test_a_stop_ends_the_waiting(folder: Path) -> None:
    stop = threading.Event()
    watch = threading.Thread(
        target=lambda: list(arriving(Inbox(folder), stop, interval=600)), daemon=True
    )
    watch.start()
    stop.set()
    watch.join(10)
    assert not watch.is_alive()


def test_an_open_file_is_told_where_the_system_tells(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    with path.open("wb"):
        assert is_used_elsewhere(path) is (os.name == "nt")
    assert is_used_elsewhere(path) is False
