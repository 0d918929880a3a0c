from __future__ import annotations

from pathlib import Path

import pytest

from detector.ahead import PhotosAhead
from detector.errors import PhotoUnreadableError
from tests.commands import SAMPLES

ONE, TWO = (SAMPLES / "album" / name for name in ("01.jpg", "02.jpg"))


def test_each_path_gives_its_own_photo_also_twice_and_out_of_turn() -> None:
    with PhotosAhead([ONE, ONE, TWO]) as photos:
        opened = [photos.open(path) for path in (ONE, TWO, ONE, TWO, TWO)]
    assert [frame.path for frame in opened] == [ONE, TWO, ONE, TWO, TWO]
    assert opened[1].sha256 == opened[4].sha256 != opened[0].sha256


def test_a_photo_that_cannot_be_read_is_an_error_at_its_own_turn(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_text("no photo")
    with PhotosAhead([ONE, broken, TWO]) as photos:
        assert photos.open(ONE).path == ONE
        with pytest.raises(PhotoUnreadableError):
            photos.open(broken)
        assert photos.open(TWO).path == TWO


def test_no_photos_are_no_error() -> None:
    with PhotosAhead([]):
        pass
