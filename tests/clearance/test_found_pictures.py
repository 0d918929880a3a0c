"""A downloaded file or a screenshot is found among what was published."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clearance import publication_steps as steps
from clearance.found_again import How, found_again, look_of
from clearance.publication_steps import Deed
from clearance.publications import Publication
from detector.errors import PhotoUnreadableError
from tests.clearance.desk import ASKER, MOMENT, a_wish, an_item


def a_picture(seed: int) -> Image.Image:
    """A scene made up of large soft spots, as a photo has, and some noise."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    scene = np.asarray(Image.fromarray(coarse).resize((960, 720), Image.Resampling.BICUBIC))
    noise = random.normal(0, 6, scene.shape)
    return Image.fromarray(np.clip(scene + noise, 0, 255).astype(np.uint8))


def saved(picture: Image.Image, kind: str = "JPEG", **how: int) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **how)
    return stream.getvalue()


OUT = saved(a_picture(1), quality=92)
ORIGINAL = saved(a_picture(1), "PNG")
OTHERS = [saved(a_picture(seed), quality=92) for seed in range(2, 12)]


def a_publication(name: str, data: bytes, original: bytes = b"") -> Publication:
    item = an_item(
        original=hashlib.sha256(original or data + b"!").hexdigest(),
        copy=hashlib.sha256(data).hexdigest(),
        look=look_of(data),
    )
    return steps.request(name, a_wish(item), Deed(ASKER, MOMENT))


@pytest.fixture(scope="module")
def ledger() -> list[Publication]:
    others = [a_publication(f"pub-{n:08}", data) for n, data in enumerate(OTHERS, 2)]
    return [*others, a_publication("pub-00000001", OUT, ORIGINAL)]


def on_a_page(picture: Image.Image, colour: str) -> Image.Image:
    page = Image.new("RGB", (picture.width + 340, picture.height + 210), colour)
    page.paste(picture, (120, 80))
    return page


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(saved(a_picture(1), quality=40), id="saved again"),
        pytest.param(saved(a_picture(1).resize((480, 360)), quality=60), id="half"),
        pytest.param(saved(a_picture(1).resize((240, 180)), "PNG"), id="a quarter"),
        pytest.param(saved(a_picture(1).crop((9, 7, 951, 713)), quality=80), id="cut by 1 %"),
        pytest.param(saved(on_a_page(a_picture(1), "white"), "PNG"), id="on a white page"),
        pytest.param(
            saved(on_a_page(a_picture(1).resize((600, 450)), "#202124"), quality=50),
            id="small on a dark page, saved again",
        ),
    ],
)
def test_a_screenshot_is_found(ledger: list[Publication], data: bytes) -> None:
    (found,) = found_again(data, ledger)
    assert (found.publication.id, found.how) == ("pub-00000001", How.ALIKE)
    assert 0 <= found.distance <= 10


def test_the_very_file_is_certain(ledger: list[Publication], tmp_path: Path) -> None:
    (found,) = found_again(OUT, ledger)
    assert (found.publication.id, found.how, found.distance) == ("pub-00000001", How.PUBLISHED, 0)
    path = tmp_path / "downloaded.jpg"
    path.write_bytes(OUT)
    assert found_again(path, ledger) == (found,)
    (original,) = found_again(ORIGINAL, ledger)
    assert original.how is How.ORIGINAL


def test_a_file_that_is_no_picture_is_found_by_its_bytes(ledger: list[Publication]) -> None:
    video = a_publication("pub-00000099", OUT)
    item = an_item(copy=hashlib.sha256(b"a video").hexdigest(), look=None)
    video = steps.request("pub-00000099", a_wish(item), Deed(ASKER, MOMENT))
    (found,) = found_again(b"a video", [*ledger, video])
    assert found.publication.id == "pub-00000099"
    with pytest.raises(PhotoUnreadableError):
        found_again(b"another video", [*ledger, video])


@pytest.mark.parametrize("seed", range(20, 30))
def test_another_picture_is_not_found(ledger: list[Publication], seed: int) -> None:
    assert found_again(saved(a_picture(seed), quality=90), ledger) == ()
    assert found_again(saved(on_a_page(a_picture(seed), "white"), "PNG"), ledger) == ()


def test_a_plain_page_is_nobody(ledger: list[Publication]) -> None:
    assert found_again(saved(Image.new("RGB", (300, 200), "white"), "PNG"), ledger) == ()


def test_the_nearest_comes_first(ledger: list[Publication]) -> None:
    twice = [*ledger, a_publication("pub-00000000", saved(a_picture(1).resize((300, 225)), "PNG"))]
    found = found_again(saved(a_picture(1), quality=90), twice)
    assert [one.distance for one in found] == sorted(one.distance for one in found)
    assert len(found) == 2
