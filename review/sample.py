"""Fictional people to practise with, in a folder of their own, and an album of pictures of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clearance.commandline import detector_for
from clearance.demo import build_demo, sample_pictures
from clearance.settings import Settings
from consent.registry import DATABASE_NAME

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from review.workbench import Workbench


def make_sample(folder: Path, day: dt.date) -> Path:
    """The registry of fictional people in a folder; made where it is not there.

    Args:
        folder: for all of it.
        day: on which the fictional people are taken in.

    Raises:
        DemoMissingError: the sample pictures are not installed.
    """
    registry = folder / "registry"
    if not (registry / DATABASE_NAME).is_file():
        build_demo(folder, detector_for(Settings()), day)
    return registry


def lay_out_album(bench: Workbench, title: str, by: str) -> None:
    """Put the sample pictures into an album, and have them judged; where there is no album yet.

    Args:
        bench: of the fictional people.
        title: of the album.
        by: who makes it.
    """
    if bench.albums.albums():
        return
    album = bench.albums.create(title, channels=["website"], by=by)
    for picture in sample_pictures():
        with picture.open("rb") as stream:
            bench.albums.add_file(album.id, picture.name, stream)
    bench.runner.begin(album.id)
