"""A verdict is the one of now: as the command line gives it, and never an old yes."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import io
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clearance.documents import photo_document
from clearance.results import Outcome
from detector.detector import Detector
from detector.faces import Face
from review import runner as running
from review.albums import Albums
from review.errors import AlbumRefusedError, NoVerdictError
from review.records import State, Tile
from review.runner import Runner
from tests.commands import SAMPLES, run
from tests.videos import made
from tests.videos import pictures as moving

ALBUM = SAMPLES / "album"


def tile_of(albums: Albums, album: str, name: str) -> Tile:
    """The tile of one file, as it is now."""
    return next(tile for tile in albums.tiles(album).tiles if tile.item.name == name)


def judge(albums: Albums, album: str) -> None:
    """Judge what waits, here."""
    runner = Runner(albums, jobs=1)
    runner.begin(album)
    runner.run_waiting()


def test_the_desk_says_what_the_command_line_says(
    judged_registry: Path, albums: Albums, tiles: dict[str, Tile]
) -> None:
    paths = [ALBUM / name for name in tiles]
    asked = ("--registry", judged_registry, "--channel", "website", "--json")
    told = run("scan", *paths, *asked).documents
    for document in told:
        tile = tiles[Path(document["path"]).name]
        found = photo_document(albums.verdict(tile.item.id))
        assert found | {"path": None} == document | {"path": None}
        assert tile.outcome == document["outcome"]
        assert tile.faces == len(document["faces"])
        small = albums.thumbnail(tile.item.id)
        assert small is not None and small.startswith(b"\xff\xd8")
    assert {tile.outcome for tile in tiles.values()} >= {Outcome.CLEARED, Outcome.BLOCKED}


def test_a_withdrawal_blocks_at_once(albums: Albums, album: str, tiles: dict[str, Tile]) -> None:
    tile = tiles["01.jpg"]
    person = albums.verdict(tile.item.id).faces[0].person
    run("consent", "withdraw", person, "--registry", albums.folder.parent)
    assert tile_of(albums, album, "01.jpg").outcome is Outcome.BLOCKED
    assert albums.verdict(tile.item.id).outcome is Outcome.BLOCKED
    assert albums.tiles(album, Outcome.CLEARED).total == 1
    names = [one.item.name for one in albums.tiles(album, Outcome.BLOCKED).tiles]
    assert "01.jpg" in names


def test_counts_are_those_of_now(albums: Albums, album: str, tiles: dict[str, Tile]) -> None:
    before = albums.progress(album).counts
    person = albums.verdict(tiles["01.jpg"].item.id).faces[0].person
    run("consent", "withdraw", person, "--registry", albums.folder.parent)
    # Until they are decided anew none counts: an old verdict is no verdict.
    meanwhile = albums.progress(album)
    assert (meanwhile.done, meanwhile.counts, meanwhile.running) == (0, {}, True)
    assert not albums.tiles(album, outcome=Outcome.CLEARED).tiles
    with contextlib.closing(Running(albums)):
        while albums.progress(album).running:
            time.sleep(0.01)
    after = albums.progress(album).counts
    assert after.get(Outcome.CLEARED, 0) == before[Outcome.CLEARED] - 1


class Running(Runner):
    """A runner at work."""

    def __init__(self, albums: Albums) -> None:
        super().__init__(albums, jobs=1)
        self.start()

    def close(self) -> None:
        self.stop()


def test_whoever_was_erased_is_forgotten_and_nothing_is_clear_for_that(
    albums: Albums, album: str, tiles: dict[str, Tile]
) -> None:
    tile = tiles["01.jpg"]
    person = albums.verdict(tile.item.id).faces[0].person
    run("people", "erase", person, "--yes", "--registry", albums.folder.parent)
    now = tile_of(albums, album, "01.jpg")
    assert (now.outcome, now.ready) == (None, False)
    with pytest.raises(NoVerdictError):
        albums.verdict(tile.item.id)
    judge(albums, album)
    assert tile_of(albums, album, "01.jpg").outcome is Outcome.BLOCKED


def test_somebody_new_is_compared_before_anything_is_clear_again(
    albums: Albums,
    album: str,
    enrol: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    portrait = SAMPLES / "portraits" / "tiziano-ravelli-1.jpg"
    enrol(albums.folder.parent, "Somebody Else", portrait, serial="T-9")
    now = tile_of(albums, album, "01.jpg")
    assert now.outcome is not Outcome.CLEARED
    assert now.item.state is State.WAITING
    assert tile_of(albums, album, "02.jpg").outcome is Outcome.BLOCKED

    def never(*_: object, **__: object) -> tuple[Face, ...]:
        raise AssertionError("searched again")

    monkeypatch.setattr(Detector, "find_faces", never)
    judge(albums, album)
    assert albums.progress(album).done == 3


def test_another_day_decides_anew(judged_registry: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(judged_registry, tmp_path / "registry"))
    day = [dt.datetime.now().astimezone().date()]
    albums = Albums(folder / "desk", clock=lambda: day[0])
    album = albums.albums()[0].id
    albums.refresh(album)
    assert albums.refresh(album) == 0
    day[0] += dt.timedelta(days=1)
    assert albums.refresh(album) == 3


def test_a_word_about_one_picture_concerns_no_other(
    albums: Albums, album: str, tiles: dict[str, Tile]
) -> None:
    albums.refresh(album)
    registry = albums.folder.parent
    result = albums.verdict(tiles["01.jpg"].item.id)
    name = result.faces[0].name
    photo = ALBUM / "01.jpg"
    run(
        "faces", "assign", photo, "--face", 1, "--person", name, "--by", "A", "--registry", registry
    )
    assert albums.refresh(album) == 1
    assert albums.verdict(tiles["01.jpg"].item.id).faces[0].recognised


def test_what_is_wrong_with_one_album_stops_no_other(
    albums: Albums, album: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = albums.create("Other", channels=["website"], by="Léa").id
    albums.add_file(other, "04.jpg", io.BytesIO((ALBUM / "04.jpg").read_bytes()))
    refused = [AlbumRefusedError("no such channel"), RuntimeError("a bug")]
    real = albums.refresh

    def refresh(album_id: str, limit: int) -> int:
        if album_id == album and refused:
            raise refused.pop(0)
        return real(album_id, limit)

    monkeypatch.setattr(albums, "refresh", refresh)
    monkeypatch.setattr(albums.store, "stale_albums", lambda: (album,))
    monkeypatch.setattr(running, "_PATIENCE", 0.01)
    runner = Runner(albums, jobs=1)
    runner.start()
    try:
        problem = None
        deadline = time.monotonic() + 60
        while refused or problem is None:
            assert time.monotonic() < deadline
            problem = albums.store.asking(album)[1]
            time.sleep(0.01)
        assert "a bug" in str(problem) or "no such channel" in str(problem)
        # The thread is there for whoever comes next.
        runner.begin(other)
        while albums.tiles(other).tiles[0].item.state is not State.JUDGED:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        runner.stop()


def test_a_video_that_was_changed_on_the_disk_has_failed(albums: Albums, tmp_path: Path) -> None:
    album = albums.create("Film", channels=["website"], by="Léa").id
    film = made(tmp_path / "film.mp4", *moving(1))
    (added,) = albums.add_file(album, "film.mp4", io.BytesIO(film.read_bytes()))
    runner = Runner(albums, jobs=1)
    runner.begin(album)
    runner.run_waiting()
    assert albums.verdict(added.item.id).outcome is Outcome.CLEARED
    albums.path_of(added.item).write_bytes(b"no video")
    with pytest.raises(NoVerdictError):
        albums.verdict(added.item.id)
    assert albums.item(added.item.id).state is State.FAILED


def test_a_run_that_was_cut_off_goes_on(albums: Albums, monkeypatch: pytest.MonkeyPatch) -> None:
    album = albums.create("Two", channels=["website"], by="Léa").id
    for name in ("04.jpg", "12.jpg"):
        albums.add_file(album, name, io.BytesIO((ALBUM / name).read_bytes()))
    runner = Runner(albums, jobs=1)
    runner.begin(album)
    noted = running.Look.note

    class PowerCutError(BaseException):
        pass

    def cut(self: object, item: object, result: object) -> None:
        noted(self, item, result)  # type: ignore[arg-type]
        raise PowerCutError

    monkeypatch.setattr(running.Look, "note", cut)
    monkeypatch.setattr(albums.store, "nobody_looks", lambda: None)
    with pytest.raises(PowerCutError):
        runner.run_waiting()
    monkeypatch.undo()
    states = [tile.item.state for tile in albums.tiles(album).tiles]
    assert states == [State.JUDGED, State.LOOKING]
    # Another process, later.
    again = Albums(albums.folder)
    looked: list[str] = []
    find = Detector.find_faces

    def watched(self: Detector, frame: object) -> tuple[Face, ...]:
        looked.append(frame.path.name)  # type: ignore[attr-defined]
        return find(self, frame)  # type: ignore[arg-type]

    monkeypatch.setattr(Detector, "find_faces", watched)
    next_runner = Runner(again, jobs=1)
    next_runner.start()
    for _ in range(600):
        if not again.progress(album).running:
            break
        next_runner._end.wait(0.05)
    next_runner.stop()
    told = again.progress(album)
    assert (told.done, told.total, told.running) == (2, 2, False)
    assert looked == [again.tiles(album).tiles[1].item.file]


def test_a_broken_file_ends_nothing_and_is_called_by_its_own_name(
    albums: Albums, monkeypatch: pytest.MonkeyPatch
) -> None:
    album = albums.create("Broken", channels=["website"], by="Léa").id
    albums.add_file(album, "broken.jpg", io.BytesIO(b"no picture"))
    albums.add_file(album, "04.jpg", io.BytesIO((ALBUM / "04.jpg").read_bytes()))
    judge(albums, album)
    broken, good = albums.tiles(album).tiles
    assert (broken.outcome, good.outcome) == (Outcome.FAILED, Outcome.CLEARED)
    assert str(broken.item.problem).startswith("broken.jpg: ")
    assert str(broken.item.file) not in str(broken.item.problem)
    (only,) = albums.tiles(album, Outcome.FAILED).tiles
    assert only.item.id == broken.item.id
    with pytest.raises(NoVerdictError, match=r"broken\.jpg"):
        albums.verdict(broken.item.id)


def test_a_fault_of_ours_fails_its_file_and_says_so(
    albums: Albums, monkeypatch: pytest.MonkeyPatch
) -> None:
    album = albums.create("Bug", channels=["website"], by="Léa").id
    albums.add_file(album, "04.jpg", io.BytesIO((ALBUM / "04.jpg").read_bytes()))

    def broken(*_: object, **__: object) -> object:
        raise KeyError("a bug")

    monkeypatch.setattr("clearance.album.decide", broken)
    judge(albums, album)
    (tile,) = albums.tiles(album).tiles
    assert tile.outcome is Outcome.FAILED
    assert "internal error: KeyError" in str(tile.item.problem)


def test_a_run_that_is_cancelled_leaves_the_rest_waiting(albums: Albums) -> None:
    album = albums.create("Cancelled", channels=["website"], by="Léa").id
    albums.add_file(album, "04.jpg", io.BytesIO((ALBUM / "04.jpg").read_bytes()))
    runner = Runner(albums, jobs=1)
    runner.begin(album)
    assert albums.progress(album).running
    runner.cancel(album)
    runner.run_waiting()
    told = albums.progress(album)
    assert (told.done, told.running) == (0, False)


def test_pages_are_of_a_verdict_and_of_a_channel(
    albums: Albums, album: str, tiles: dict[str, Tile]
) -> None:
    first = albums.tiles(album, limit=2)
    last = albums.tiles(album, offset=2, limit=2)
    assert (len(first.tiles), len(last.tiles), first.total) == (2, 1, 3)
    assert [*first.tiles, *last.tiles] == list(tiles.values())
    for outcome in Outcome:
        found = albums.tiles(album, outcome)
        assert {tile.item.name for tile in found.tiles} == {
            name for name, tile in tiles.items() if tile.outcome is outcome
        }
    blocked = albums.tiles(album, Outcome.BLOCKED, channel="press")
    assert {tile.item.name for tile in blocked.tiles} == {
        name for name, tile in tiles.items() if tile.channels["press"] is Outcome.BLOCKED
    }


def test_a_day_of_publication_that_is_over_is_not_asked_about(albums: Albums) -> None:
    past = dataclasses.replace(
        albums.albums()[0], on=dt.date(2020, 1, 1), until=dt.date(2020, 2, 1)
    )
    order = albums.bench.order(past)
    assert order.on == order.until == dt.datetime.now().astimezone().date()
