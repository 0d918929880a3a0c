"""The measure of misses and false boxes is itself right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.fit_detection import Counts, Limits, Looked, chosen, cross_validated
from benchmarks.wider import Band, Photo, Truth, evaluate_turned, judged, read_photos, table, turned
from detector.faces import Box, Face
from tests.detector.fakes import MAGENTA, a_picture, rectangles

CLEAR = Truth(Box(10, 10, 50, 60), blur=0, occlusion=0, invalid=False)
BLURRED = Truth(Box(110, 10, 150, 60), blur=2, occlusion=0, invalid=False)
SMALL = Truth(Box(210, 10, 228, 30), blur=0, occlusion=0, invalid=False)
TINY = Truth(Box(260, 10, 270, 22), blur=0, occlusion=0, invalid=False)
INVALID = Truth(Box(310, 10, 350, 60), blur=0, occlusion=0, invalid=True)
PHOTO = Photo(Path("0--Parade/0_Parade_x_0_1.jpg"), (CLEAR, BLURRED, SMALL, TINY, INVALID))


def test_a_face_counts_in_its_bands() -> None:
    assert CLEAR.bands == {Band.RECOGNISABLE, Band.ALL}
    assert BLURRED.bands == {Band.ALL}
    assert SMALL.bands == {Band.SMALL}
    assert not TINY.bands
    assert not INVALID.bands


def test_what_was_found_and_what_is_false() -> None:
    elsewhere = Box(10, 200, 50, 250)
    result = judged("x", [(PHOTO, [CLEAR.box, SMALL.box, INVALID.box, TINY.box, elsewhere])])
    assert [result.recall(band) for band in Band] == [1.0, 0.5, 1.0]
    assert result.false == ((PHOTO.path.name, elsewhere),)
    assert [one.face for one in result.missed] == [BLURRED]
    assert "| x | 1 | 1.000 | 0.500 | 1.000 | 1.00 |" in table([result])


def test_a_box_that_only_touches_finds_nobody_and_is_not_false() -> None:
    beside = Box(22, 10, 62, 60)
    assert 0.3 < beside.iou(CLEAR.box) < 0.6
    far = Box(30, 10, 70, 60)
    assert far.iou(CLEAR.box) < 0.4
    result = judged("x", [(PHOTO, [far])])
    assert result.recall(Band.RECOGNISABLE) == 0
    assert result.false_boxes == 0


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_the_truth_turns_with_the_photo(tmp_path: Path, turns: int) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(a_picture(CLEAR.box, BLURRED.box)).save(path)

    def find(copy: Path) -> list[Box]:
        return rectangles((np.asarray(Image.open(copy)) == MAGENTA).all(axis=2))

    result = evaluate_turned("x", find, [Photo(path, (CLEAR, BLURRED))], turns)
    assert [result.recall(band) for band in (Band.RECOGNISABLE, Band.ALL)] == [1, 1]
    assert result.false_boxes == 0


def test_a_face_counts_in_the_same_bands_however_the_picture_is_held(tmp_path: Path) -> None:
    path = tmp_path / "0_Parade_x_0_1.png"
    Image.fromarray(a_picture(width=400, height=300)).save(path)
    narrow = Truth(Box(10, 10, 32, 60), blur=0, occlusion=0, invalid=False)
    folder = tmp_path / "turned"
    folder.mkdir()
    for turns in range(4):
        copy = turned(Photo(path, (narrow,)), turns, folder)
        assert copy.faces[0].bands == {Band.SMALL}


def test_labels_are_read(tmp_path: Path) -> None:
    (tmp_path / "wider").mkdir()
    (tmp_path / "wider" / "boxes.csv").write_text(
        "file,x,y,w,h,blur,occlusion,invalid\nb.jpg,1,2,30,40,2,1,0\na.jpg,5,6,7,8,0,0,1\n",
        encoding="utf-8",
    )
    first, second = read_photos(tmp_path)
    assert (first.path.name, first.faces[0].invalid) == ("a.jpg", True)
    assert second.faces == (Truth(Box(1, 2, 31, 42), 2, 1, False),)


def looked(event: int, true_score: float, false_score: float) -> Looked:
    photo = Photo(Path(f"{event}_Event_x.jpg"), (CLEAR,))
    faces = [Face(CLEAR.box, true_score), Face(Box(200, 10, 240, 60), false_score)]
    return Looked.of(photo, faces)


def test_limits_find_most_faces_within_the_allowance() -> None:
    some = [looked(event, 0.45, 0.40) for event in range(20)]
    assert 0.40 < chosen(some, 0).threshold <= 0.45
    assert chosen(some, 1).threshold <= 0.45
    assert cross_validated(some, 0).false == 0
    kept = Counts.together([one.counts(Limits(0.5, 0)) for one in some])
    assert kept.found.tolist() == [0, 0, 0]
    assert kept.total.tolist() == [20, 20, 0]
