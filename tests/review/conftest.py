"""Desks and browsers for the tests of the review desk, with an album that was judged once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import argon2
import pytest

from review.albums import Albums
from review.desk import Desk
from review.records import Tile
from review.runner import Runner
from tests.commands import SAMPLES
from tests.review.office import CHROMIUM, HASHER, Office

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ALBUM = SAMPLES / "album"
NAMES = ("01.jpg", "02.jpg", "03.jpg")


@pytest.fixture(scope="session", autouse=True)
def _passwords_cost_little() -> Iterator[None]:
    """Hundreds of accounts are made here, and each password costs a core a while on purpose."""
    with pytest.MonkeyPatch.context() as patched:
        # Without arguments, as the desk asks for it: whoever wants a weaker one there gets none.
        patched.setattr(argon2, "PasswordHasher", lambda: HASHER(time_cost=1, memory_cost=64))
        yield


@pytest.fixture(autouse=True)
def _desks_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What works in the background of a desk ends with the test that opened it."""
    opened: list[Desk] = []

    def noted(self: Desk, *given: Any, **named: Any) -> None:
        opened.append(self)
        made(self, *given, **named)

    made = Desk.__init__
    monkeypatch.setattr(Desk, "__init__", noted)
    yield
    for desk in opened:
        desk.close()


@pytest.fixture
def office(registry: Path) -> Office:
    """A desk over a copy of the demo registry, for one test to change."""
    return Office.at(registry)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real browser, started once."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Without a sandbox of its own where the tests run as root in a container.
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def judged_registry(demo_registry: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with a desk whose album was judged; to be read only."""
    folder = Path(shutil.copytree(demo_registry, tmp_path_factory.mktemp("desk") / "registry"))
    albums = Albums(folder / "desk")
    album = albums.create("Open day", channels=["website"], by="Léa Test")
    for name in NAMES:
        with (ALBUM / name).open("rb") as stream:
            albums.add_file(album.id, name, stream)
    runner = Runner(albums, jobs=1)
    runner.begin(album.id)
    runner.run_waiting()
    return folder


@pytest.fixture
def albums(judged_registry: Path, tmp_path: Path) -> Albums:
    """The desk with the judged album, for one test to change."""
    return Albums(Path(shutil.copytree(judged_registry, tmp_path / "registry")) / "desk")


@pytest.fixture
def album(albums: Albums) -> str:
    """The id of the judged album."""
    return albums.albums()[0].id


@pytest.fixture
def tiles(albums: Albums, album: str) -> dict[str, Tile]:
    """Its tiles, by name."""
    return {tile.item.name: tile for tile in albums.tiles(album).tiles}


@pytest.fixture(scope="session")
def crowd_registry(judged_registry: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `judged_registry`, with a picture of strangers in an album of its own."""
    folder = tmp_path_factory.mktemp("crowd") / "registry"
    shutil.copytree(judged_registry, folder)
    albums = Albums(folder / "desk")
    album = albums.create("Strangers", channels=["website"], by="Léa Test")
    with (ALBUM / "11.jpg").open("rb") as stream:
        albums.add_file(album.id, "11.jpg", stream)
    runner = Runner(albums, jobs=1)
    runner.begin(album.id)
    runner.run_waiting()
    return folder


@pytest.fixture
def crowd(crowd_registry: Path, tmp_path: Path) -> tuple[Albums, str, int]:
    """A desk, a picture, and the number of a face in it that is like nobody."""
    albums = Albums(Path(shutil.copytree(crowd_registry, tmp_path / "crowd")) / "desk")
    (tile,) = albums.tiles(albums.albums()[0].id).tiles
    faces = albums.verdict(tile.item.id).faces
    number = next(n for n, face in enumerate(faces, 1) if not face.match.resembles_somebody)
    return albums, tile.item.id, number
