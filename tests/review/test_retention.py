"""What is deleted is gone, and what nobody works on is deleted."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3

import pytest

from review.albums import Albums
from review.decisions import Decisions
from review.errors import AlbumMissingError, ItemMissingError
from review.pictures import Pictures
from review.records import Tile


def files_of(albums: Albums) -> list[str]:
    """Every file of the desk but its database."""
    return [
        path.name
        for path in albums.folder.rglob("*")
        if path.is_file() and not path.name.startswith("desk.sqlite3")
    ]


def rows_of(albums: Albums) -> dict[str, int]:
    """How many rows each table holds."""
    with sqlite3.connect(albums.store.path) as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        return {name: db.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0] for name in names}


def test_nothing_of_a_deleted_album_is_left(
    albums: Albums, album: str, tiles: dict[str, Tile]
) -> None:
    item = tiles["01.jpg"].item.id
    Pictures(albums).copy(item)
    Decisions(albums).mask(item, "box:0,0,10,10", by="Léa")
    Pictures(albums).copy(item)
    assert files_of(albums)
    albums.delete_album(album)
    assert files_of(albums) == []
    assert {name: n for name, n in rows_of(albums).items() if n} == {"desk": 1}
    with pytest.raises(AlbumMissingError):
        albums.tiles(album)
    with pytest.raises(ItemMissingError):
        albums.verdict(item)
    assert albums.thumbnail(item) is None


def test_an_album_that_nobody_touches_is_deleted(albums: Albums, album: str) -> None:
    touched = albums.album(album).touched
    assert albums.sweep(touched + dt.timedelta(days=90)) == ()
    assert albums.sweep(touched + dt.timedelta(days=91)) == (album,)
    assert files_of(albums) == []


def test_to_decide_is_to_touch(albums: Albums, album: str, tiles: dict[str, Tile]) -> None:
    albums.store.touch(album, dt.date(2020, 1, 1))
    Decisions(albums).mask(tiles["01.jpg"].item.id, "box:0,0,10,10", by="Léa")
    assert albums.sweep() == ()


def test_what_was_cut_off_is_swept_away_and_what_is_under_way_stays(
    albums: Albums, album: str
) -> None:
    known = set(files_of(albums))
    old = albums.folder / "incoming" / "old.part"
    new = albums.folder / "incoming" / "new.part"
    stray = albums.folder / "files" / "stray.jpg"
    for path in (old, new, stray):
        path.write_bytes(b"x")
    for path in (old, stray):
        os.utime(path, (0, 0))
    albums.sweep()
    assert set(files_of(albums)) == known | {"new.part"}
