"""What is shown and given out: hidden where it must be, and only while everything holds."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from clearance.errors import ExportError, VerificationError
from clearance.export import Exporter
from clearance.results import Outcome, PhotoResult, VideoResult
from consent.registry import Registry
from review import runner as running
from review.albums import Albums
from review.decisions import Decisions
from review.errors import CopyMissingError, DecisionRefusedError
from review.pictures import Pictures
from review.records import Kind, Tile
from review.runner import Runner
from tests.commands import run
from tests.review.deciding import BY, settle
from tests.videos import made
from tests.videos import pictures as moving


@pytest.fixture
def pictures(albums: Albums) -> Pictures:
    """What shows the files of the desk."""
    return Pictures(albums)


def opened(content: bytes) -> npt.NDArray[np.uint8]:
    """The pixels of a picture without metadata."""
    image = Image.open(io.BytesIO(content))
    assert not image.getexif()
    return np.asarray(image.convert("RGB"))


def middle(result: PhotoResult, face: int, pixels: npt.NDArray[np.uint8]) -> float:
    """How much the middle of a face varies from pixel to pixel."""
    box = result.faces[face].face.box
    across, down = box.width // 4, box.height // 4
    part = pixels[box.top + down : box.bottom - down, box.left + across : box.right - across]
    return float(part.reshape(-1, 3).std(axis=0).max())


def test_a_preview_hides_whoever_is_not_cleared(
    albums: Albums, pictures: Pictures, tiles: dict[str, Tile]
) -> None:
    item = tiles["02.jpg"].item.id
    result = albums.verdict(item)
    before, after = opened(pictures.original(item)), opened(pictures.preview(item))
    assert before.shape == after.shape == (result.height, result.width, 3)
    for face, judged in enumerate(result.faces):
        assert not judged.outcome.publishable
        assert middle(result, face, before) > 10
        assert middle(result, face, after) < 3
    assert not list((albums.folder / "making").iterdir())
    assert pictures.kept(item) is None


def test_a_preview_shows_who_is_cleared_and_hides_what_people_ask(
    albums: Albums, pictures: Pictures, tiles: dict[str, Tile]
) -> None:
    item = tiles["01.jpg"].item.id
    result = albums.verdict(item)
    assert middle(result, 0, opened(pictures.preview(item))) > 10
    decisions = Decisions(albums)
    decisions.hide(item, 1, by=BY)
    decisions.mask(item, "box:0,0,60,60", by=BY)
    shown = opened(pictures.preview(item))
    assert middle(result, 0, shown) < 3
    assert middle(result, 1, shown) > 10
    assert shown[:60, :60].reshape(-1, 3).std(axis=0).max() < 3


def test_nothing_that_fails_its_checks_is_given_out(
    albums: Albums, pictures: Pictures, tiles: dict[str, Tile], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> object:
        raise VerificationError("a face is to be seen")

    monkeypatch.setattr(Exporter, "make", fails)
    item = tiles["02.jpg"].item.id
    for make in (pictures.preview, pictures.copy):
        with pytest.raises(ExportError):
            make(item)
    left = [*(albums.folder / "making").iterdir(), *(albums.folder / "copies").iterdir()]
    assert left == []
    assert pictures.kept(item) is None


def test_a_copy_is_kept_with_its_proofs_until_something_changes(
    albums: Albums, album: str, pictures: Pictures, tiles: dict[str, Tile]
) -> None:
    item, decisions = tiles["02.jpg"].item.id, Decisions(albums)
    settle(decisions, item)
    export = pictures.copy(item)
    kept = pictures.kept(item)
    assert kept is not None
    content = pictures.kept_bytes(item)
    assert export.sha256 == kept.sha256 == hashlib.sha256(content).hexdigest()
    assert export.outcome is Outcome.REDACTED
    assert "masks" in kept.document["export"]["checks"]["passed"]
    tile = next(one for one in albums.tiles(album).tiles if one.item.id == item)
    assert (tile.outcome, tile.copied, tile.ready) == (Outcome.BLOCKED, True, True)
    # Looked at again, nothing changed: it stays.
    assert pictures.kept(item) == kept
    decisions.mask(item, "box:0,0,10,10", by=BY)
    assert pictures.kept(item) is None
    assert not export.path.exists()
    tile = next(one for one in albums.tiles(album).tiles if one.item.id == item)
    assert (tile.copied, tile.ready) == (False, False)
    with pytest.raises(CopyMissingError):
        pictures.kept_bytes(item)


def test_a_withdrawal_takes_the_copy_away(
    albums: Albums, album: str, pictures: Pictures, tiles: dict[str, Tile]
) -> None:
    item = tiles["01.jpg"].item.id
    path = pictures.copy(item).path
    assert path.exists()
    person = albums.verdict(item).faces[0].person
    run("consent", "withdraw", person, "--registry", albums.folder.parent)
    albums.tiles(album)
    assert not path.exists()
    assert pictures.kept(item) is None


def test_a_copy_that_was_tampered_with_is_not_given_out(
    pictures: Pictures, tiles: dict[str, Tile]
) -> None:
    item = tiles["01.jpg"].item.id
    path = pictures.copy(item).path
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(CopyMissingError, match="changed"):
        pictures.kept_bytes(item)


def test_the_original_and_its_faces_are_shown_without_metadata(
    albums: Albums, pictures: Pictures, tiles: dict[str, Tile]
) -> None:
    item = tiles["01.jpg"].item.id
    small = opened(pictures.original(item, side=200))
    assert max(small.shape[:2]) == 200
    box = albums.verdict(item).faces[0].face.box
    face = opened(pictures.crop(item, 1))
    assert box.height < face.shape[0] <= 2 * box.height
    assert box.width < face.shape[1] <= 2 * box.height
    with pytest.raises(DecisionRefusedError):
        pictures.crop(item, 9)


def test_what_is_hidden_by_hand_is_ready_in_its_copy_only(
    albums: Albums, pictures: Pictures, tiles: dict[str, Tile]
) -> None:
    item, decisions = tiles["01.jpg"].item.id, Decisions(albums)
    settle(decisions, item)
    # Cleared, and yet only a fresh copy may go out: the file may say more than it shows.
    assert not albums.review(item).ready
    pictures.copy(item)
    assert albums.review(item).ready
    decisions.hide(item, 1, by=BY)
    assert not albums.review(item).ready
    assert Path(pictures.copy(item).path).exists()
    assert albums.review(item).ready


def test_a_video_is_judged_shown_and_copied(
    albums: Albums, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    album = albums.create("Film", channels=["website"], by=BY).id
    film = made(tmp_path / "film.mp4", *moving(1))
    with film.open("rb") as stream:
        (added,) = albums.add_file(album, "film.mp4", stream)
    assert added.item.kind is Kind.VIDEO
    runner = Runner(albums, jobs=1)
    runner.begin(album)
    runner.run_waiting()
    item, shown = added.item.id, Pictures(albums)
    result = albums.verdict(item)
    assert isinstance(result, VideoResult)
    assert result.outcome is Outcome.CLEARED
    assert opened(shown.original(item)).shape == (120, 160, 3)
    assert albums.thumbnail(item)
    with pytest.raises(DecisionRefusedError, match="preview"):
        shown.preview(item)
    looked: list[object] = []
    monkeypatch.setattr(running, "told_of_video", looked.append)
    export = shown.copy(item)
    # What is in it was seen already: nobody looks again, and the log tells of the copy once.
    assert not looked
    with Registry.open(albums.folder.parent) as registry:
        told = [one.details.get("export") for one in registry.audit_entries()]
    assert told.count(export.sha256) == 1
    assert hashlib.sha256(shown.kept_bytes(item)).hexdigest() == export.sha256
    Decisions(albums).mask(item, "box:0,0,20,20", by=BY)
    assert shown.kept(item) is None
