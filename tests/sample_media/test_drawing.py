"""Drawing is repeatable, and knows where it put the faces."""

import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sample_media.draw.__main__ import main
from sample_media.draw.cast import DESIRE, ZOE
from sample_media.draw.composition import Scene, Stand, compose
from sample_media.draw.fields import Array
from sample_media.draw.photograph import PLAIN_SHOT, as_stored, develop, encode, exif_block, expose


def grey(size: tuple[int, int]) -> Array:
    return np.full((size[1], size[0], 3), 0.6, np.float32)


def two_people(size: tuple[int, int] = (180, 120)) -> Scene:
    return Scene(
        file="two.jpg",
        size=size,
        place=grey,
        items=(
            Stand(look=ZOE.look, person="behind", at=(0.40, 0.45), size=0.45),
            Stand(look=DESIRE.look, person="before", at=(0.52, 0.50), size=0.50),
        ),
    )


def test_the_same_scene_gives_the_same_pixels() -> None:
    first, second = (compose(two_people())[0] for _ in range(2))
    assert np.array_equal(first, second)
    assert develop(first, 1).tobytes() == develop(second, 1).tobytes()


def test_faces_lie_where_they_were_put_and_know_what_covers_them() -> None:
    _, (behind, before) = compose(two_people())
    assert (behind.person, before.person) == ("behind", "before")
    left, top, right, bottom = before.box
    assert left < 0.52 * 180 < right
    assert top < 0.50 * 120 < bottom
    assert before.visible == 1
    assert 0.3 < behind.visible < 0.9


def test_development_undoes_exposure() -> None:
    screen = np.linspace(0.05, 0.9, 30, dtype=np.float32).reshape(1, 10, 3)
    developed = np.asarray(develop(expose(screen), 1, noise=0)) / 255
    assert np.abs(developed - screen).max() < 0.004


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_stored_pixels_turn_upright_again(orientation: int) -> None:
    from PIL import ImageOps

    upright = Image.fromarray(np.arange(90, dtype=np.uint8).reshape(5, 6, 3))
    stored = as_stored(upright, orientation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.info["exif"] = exif.tobytes()
    stored.getexif()[0x0112] = orientation
    assert ImageOps.exif_transpose(stored).tobytes() == upright.tobytes()


def test_exif_ends_with_the_thumbnail() -> None:
    block = exif_block(PLAIN_SHOT, b"thumbnail")
    assert block.startswith(b"Exif\0\0II*\0")
    assert block.endswith(b"thumbnail")
    assert struct.unpack_from("<I", block, 10) == (8,)


def test_no_camera_means_no_exif() -> None:
    image = Image.new("RGB", (16, 16))
    data = encode(image, replace(PLAIN_SHOT, camera=None), heic=False, preview=None)
    assert b"Exif" not in data
    with pytest.raises(ValueError, match="no EXIF"):
        exif_block(replace(PLAIN_SHOT, camera=None), b"")


def test_the_command_draws_writes_the_truth_and_keeps_what_it_knew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(name: str) -> list[str]:
        arguments = ["draw", "--out", str(tmp_path), "--only", name, "--scale", "0.06"]
        monkeypatch.setattr("sys.argv", arguments)
        main()
        cast = json.loads((tmp_path / "cast.json").read_text("utf-8"))
        return [entry["file"] for entry in cast["pictures"]]

    assert draw("album/04") == ["album/04.jpg"]
    assert draw("album/03") == ["album/03.jpg", "album/04.jpg"]
    assert (tmp_path / "album/03.jpg").exists()
    assert "No real person" in (tmp_path / "SOURCES.md").read_text("utf-8")
