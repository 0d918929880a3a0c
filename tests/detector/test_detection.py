"""Finding faces: sizes, tiles, turns, views; with coloured squares and with real networks."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.detection import find_faces, how_held, without_parts
from detector.faces import Box, Face, Frame
from detector.held import Held
from detector.options import DetectionOptions
from detector.passes import OVERLAP, TILE, parts_around, scales, tiles
from detector.voting import Candidates, Voted
from tests.detector.fakes import SquareFinder, a_frame, a_picture

if TYPE_CHECKING:
    from pathlib import Path

    from detector.detector import Detector
    from detector.faces import Pixels
    from tests.detector.conftest import SamplePicture


def boxes_found(frame: Frame, finder: SquareFinder | None = None) -> list[Box]:
    return [face.box for face in find_faces(frame, finder or SquareFinder())]


def assert_same(found: list[Box], expected: list[Box], iou: float = 0.8) -> None:
    assert len(found) == len(expected), (found, expected)
    for box in expected:
        assert max(box.iou(other) for other in found) >= iou, (box, found)


# --- with squares --------------------------------------------------------------------------


def test_faces_come_from_the_top_down_then_from_the_left() -> None:
    low, right, left = Box(50, 200, 90, 250), Box(200, 20, 240, 70), Box(20, 20, 60, 70)
    assert_same(boxes_found(a_frame(a_picture(low, right, left))), [left, right, low])
    found = boxes_found(a_frame(a_picture(low, right, left)))
    assert [box.left // 10 for box in found] == [2, 20, 5]


def test_an_empty_picture_has_no_faces() -> None:
    assert boxes_found(a_frame(a_picture())) == []


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 900), (900, 1), (5, 3), (33, 31)])
def test_tiny_and_thin_pictures_are_looked_at(width: int, height: int) -> None:
    finder = SquareFinder()
    assert boxes_found(a_frame(a_picture(width=width, height=height)), finder) == []
    assert finder.looks


def test_large_pictures_are_looked_at_in_tiles_of_bounded_size() -> None:
    finder = SquareFinder()
    # On corners, edges and seams of tiles, and one that fills most of the picture. Square
    # as their landmarks are: others look as if the picture lay on its side.
    faces = [
        Box(0, 0, 40, 40),
        Box(TILE - 40, TILE - 40, TILE, TILE),
        Box(1360, 10, 1400, 50),
        Box(680, 300, 740, 360),
        Box(150, 850, 1250, 1950),
    ]
    picture = a_picture(*faces, width=1400, height=2000)
    assert_same(boxes_found(a_frame(picture), finder), faces)
    assert max(max(look) for look in finder.looks) <= TILE


def test_a_face_on_a_seam_is_one_face() -> None:
    for left in range(600, 800, 20):
        face = Box(left, 500, left + 50, 560)
        assert_same(boxes_found(a_frame(a_picture(face, width=1500, height=1100))), [face])


@given(st.integers(1, 5000), st.integers(1, 5000), st.floats(0, 1), st.floats(0, 1))
def test_every_point_belongs_to_the_core_of_one_tile(
    width: int, height: int, right: float, down: float
) -> None:
    x, y = right * width, down * height
    owners = [
        tile
        for tile, core in tiles(width, height)
        if core.left <= x < core.right and core.top <= y < core.bottom
    ]
    (tile,) = owners
    assert tile.width <= TILE + 1
    assert tile.height <= TILE + 1
    # A small face around the point lies within the tile or beyond the picture.
    reach = OVERLAP // 2 - 2
    assert tile.left <= max(0, x - reach)
    assert tile.right >= min(width, x + reach)


@given(st.integers(1, 20000), st.integers(1, 20000))
def test_sizes_reach_from_the_smallest_face_to_one_that_fills_the_frame(
    width: int, height: int
) -> None:
    chosen = scales(width, height, 12, 8)
    assert chosen[0] in (1.0, 2.0)
    assert all(small * 2 == large for large, small in itertools.pairwise(chosen))
    assert max(width, height) * chosen[-1] <= max(320, 1)


def test_faces_that_do_not_matter_save_the_largest_copy() -> None:
    assert scales(4000, 3000, 12, 8)[0] == 1.0
    assert scales(4000, 3000, 16, 8)[0] == 0.5
    assert scales(4000, 3000, 64, 8)[0] == 0.125


class _Hinting(SquareFinder):
    """Gives a weak hint for squares too small to be sure of."""

    hint = 0.02

    def find(self, pixels: Pixels, threshold: float) -> Candidates:
        found = super().find(pixels, threshold)
        small = (found.boxes[:, 2] - found.boxes[:, 0]) < 16
        scores = np.where(small, np.float32(0.03), found.scores)
        return Candidates(found.boxes, scores, found.landmarks).take(scores >= threshold)


def test_the_largest_copy_is_looked_at_around_hints_only() -> None:
    hinting, thorough = _Hinting(), _Hinting()
    thorough.hint = None  # type: ignore[assignment]
    faces = [Box(100, 100, 124, 130), Box(2300, 1500, 2324, 1530)]
    frame = a_frame(a_picture(*faces, width=2400, height=1600))
    # At half the size each face is a hint far below a sighting.
    assert_same(boxes_found(frame, hinting), faces)
    assert_same(boxes_found(frame, thorough), faces)
    looked = [sum(w * h for w, h in finder.looks) for finder in (hinting, thorough)]
    assert looked[0] < looked[1] / 2


@given(
    st.lists(
        st.tuples(st.integers(0, 700), st.integers(0, 500), st.integers(1, 60), st.integers(1, 60)),
        min_size=1,
        max_size=30,
    )
)
def test_every_hint_lies_in_a_part_with_what_surrounds_it(
    hints: list[tuple[int, int, int, int]],
) -> None:
    tile = Box(640, 320, 640 + TILE, 320 + 600)
    boxes = [Box(640 + x, 320 + y, 640 + x + w, 320 + y + h) for x, y, w, h in hints]
    parts = parts_around(_voted(*((box, 0.1, 1) for box in boxes)).candidates.boxes, tile)
    for box in boxes:
        around = Box(box.left - 48, box.top - 48, box.right + 48, box.bottom + 48)
        wanted = Box(
            max(around.left, tile.left),
            max(around.top, tile.top),
            min(around.right, tile.right),
            min(around.bottom, tile.bottom),
        )
        assert any(part.intersection(wanted) == wanted.area for part in parts)
    for part in parts:
        assert part.intersection(tile) == part.area
        assert (part.left - tile.left) % 32 == (part.top - tile.top) % 32 == 0


def test_far_hints_are_looked_at_by_themselves() -> None:
    tile = Box(0, 0, TILE, TILE)
    near, beside, far = Box(10, 10, 20, 20), Box(30, 10, 40, 20), Box(700, 700, 710, 710)

    def parts(*boxes: Box) -> list[Box]:
        return parts_around(_voted(*((box, 0.1, 1) for box in boxes)).candidates.boxes, tile)

    assert len(parts(near, beside, far)) == 2
    assert len(parts(near, beside)) == 1
    assert parts() == []


def test_hidden_views_count() -> None:
    seen, hidden = Box(20, 20, 60, 70), Box(200, 100, 260, 170)
    frame = a_frame(a_picture(seen), a_picture(), a_picture(hidden))
    assert_same(boxes_found(frame), [seen, hidden])


def test_one_face_in_two_views_is_one_face() -> None:
    face = Box(20, 20, 60, 70)
    first, second = a_picture(face), a_picture(face)
    second[200:] = 0  # the views differ elsewhere
    assert_same(boxes_found(a_frame(first, second)), [face])


def test_other_pixels_at_the_same_place_may_be_somebody_else() -> None:
    face = Box(20, 20, 60, 70)
    first, second = a_picture(face), a_picture(face)
    second[20:70, 20:60] = (235, 20, 235)
    found = find_faces(a_frame(first, second), SquareFinder())
    assert [one.view for one in found] == [0, 1]


class _Portrait(SquareFinder):
    """Sees only faces that are taller than wide: upright ones."""

    def find(self, pixels: Pixels, threshold: float) -> Candidates:
        found = super().find(pixels, threshold)
        tall = (found.boxes[:, 3] - found.boxes[:, 1]) > (found.boxes[:, 2] - found.boxes[:, 0])
        return found.take(tall)


@pytest.mark.parametrize("beside", [(), (Box(300, 20, 340, 80),)])
def test_somebody_lying_down_is_found(beside: tuple[Box, ...]) -> None:
    lying = Box(30, 100, 130, 160)
    assert_same(boxes_found(a_frame(a_picture(lying, *beside)), _Portrait()), [lying, *beside])


class _Doubtful(_Portrait):
    """Is half sure of what it sees: too little for a picture that is known to be upright."""

    def find(self, pixels: Pixels, threshold: float) -> Candidates:
        found = super().find(pixels, threshold)
        return dataclasses.replace(found, scores=found.scores * np.float32(0.65))


UPRIGHT = Held((2.0, 0.0, 0.0, 0.0))


def test_a_picture_that_is_known_to_be_upright_is_not_taken_for_one_on_its_side() -> None:
    frame = a_frame(a_picture(Box(30, 100, 130, 160)))
    assert len(boxes_found(frame, _Doubtful())) == 1
    assert boxes_found(dataclasses.replace(frame, held=UPRIGHT), _Doubtful()) == []
    # Whoever is clearly seen lies there all the same.
    assert len(boxes_found(dataclasses.replace(frame, held=UPRIGHT), _Portrait())) == 1


def test_an_upright_sighting_counts_in_full_where_the_picture_is_known_to_be_upright() -> None:
    standing, lying = Box(300, 20, 320, 50), [Box(30, top, 130, top + 60) for top in (20, 100, 180)]
    frame = a_frame(a_picture(standing, *lying))
    found = boxes_found(dataclasses.replace(frame, held=UPRIGHT), _Doubtful())
    assert_same(found, [standing])
    assert not any(box.iou(standing) > 0.5 for box in boxes_found(frame, _Doubtful()))


def test_how_a_picture_was_held_is_told_by_its_faces_or_by_nobody() -> None:
    picture = a_picture(Box(40, 30, 90, 110))
    for turns in range(4):
        turned = a_frame(np.ascontiguousarray(np.rot90(picture, turns)))
        held = how_held(turned, _OnlyUpright())
        assert held is not None
        assert int(np.argmax(held.shown)) == (4 - turns) % 4
        other = how_held(a_frame(np.ascontiguousarray(turned.pixels[:, ::-1])), _Portrait())
        own = how_held(turned, _Portrait())
        assert own is not None
        assert other is not None
        assert own.mirrored.shown == pytest.approx(other.shown, abs=0.1)
    assert how_held(a_frame(a_picture()), _OnlyUpright()) is None


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_picture_gives_turned_boxes_and_landmarks(turns: int) -> None:
    face = Box(40, 30, 90, 110)
    picture = np.ascontiguousarray(np.rot90(a_picture(face), turns))
    (found,) = find_faces(a_frame(picture), _OnlyUpright())
    back = np.rot90(_mask(found.box, picture), -turns)
    assert back[30:110, 40:90].mean() > 0.9
    assert back.sum() < 1.2 * face.area
    points = found.landmarks
    assert points is not None
    eyes = np.subtract(points.right_eye, points.left_eye)
    # np.rot90 turns against the clock; y points down.
    direction = {1: (0, -1), 2: (-1, 0), 3: (0, 1)}[turns]
    assert eyes @ direction == pytest.approx(points.eye_distance, rel=0.01)


class _OnlyUpright(SquareFinder):
    """Sees the face of the turned pictures only when the picture is turned upright."""

    def find(self, pixels: Pixels, threshold: float) -> Candidates:
        found = super().find(pixels, threshold)
        centre = found.boxes[:, :2] + found.boxes[:, 2:]
        # The face of these tests lies in the upper left quarter of the upright picture,
        # which is wider than tall.
        upper_left = (centre[:, 0] < pixels.shape[1]) & (centre[:, 1] < pixels.shape[0])
        landscape = pixels.shape[1] >= pixels.shape[0]
        return found.take(upper_left & landscape)


def _mask(box: Box, picture: Pixels) -> np.ndarray:
    mask = np.zeros(picture.shape[:2], bool)
    mask[box.top : box.bottom, box.left : box.right] = True
    return mask


def _voted(*rows: tuple[Box, float, int]) -> Voted:
    return Voted(
        Candidates(
            np.array([[b.left, b.top, b.right, b.bottom] for b, _, _ in rows], np.float32),
            np.array([score for _, score, _ in rows], np.float32),
            np.zeros((len(rows), 5, 2), np.float32),
        ),
        np.array([passes for _, _, passes in rows]),
    )


LARGE, MOUTH = Box(100, 100, 400, 500), Box(180, 350, 320, 450)


def test_a_mouth_seen_once_in_a_clear_face_is_no_face() -> None:
    assert len(without_parts(_voted((LARGE, 0.99, 4), (MOUTH, 0.6, 1))).candidates) == 1


@pytest.mark.parametrize(
    ("large", "small"),
    [
        ((LARGE, 0.99, 4), (MOUTH, 0.6, 2)),  # seen at two sizes: somebody in front
        ((LARGE, 0.8, 4), (MOUTH, 0.6, 1)),  # the large one may be no face itself
        ((LARGE, 0.99, 2), (MOUTH, 0.6, 1)),
        ((LARGE, 0.99, 4), (Box(350, 350, 490, 450), 0.6, 1)),  # beside it
        ((LARGE, 0.99, 4), (Box(110, 110, 390, 480), 0.6, 1)),  # as large
    ],
)
def test_whoever_may_be_a_face_stays(
    large: tuple[Box, float, int], small: tuple[Box, float, int]
) -> None:
    assert len(without_parts(_voted(large, small)).candidates) == 2


# --- with the real network -----------------------------------------------------------------


def hits(faces: tuple[Face, ...], people: dict[str, Box], iou: float = 0.5) -> set[str]:
    return {
        person for person, box in people.items() if any(face.box.iou(box) >= iou for face in faces)
    }


def test_everybody_at_the_ward_is_found_and_nothing_else(
    ward: SamplePicture, ward_faces: tuple[Face, ...]
) -> None:
    assert hits(ward_faces, ward.people) == set(ward.people)
    assert len(ward_faces) == len(ward.people)
    assert all(face.score > 0.9 and face.passes >= 3 for face in ward_faces)


@pytest.mark.parametrize(
    "name", ["album/04.jpg", "album/05.jpg", "album/10.jpg", "portraits/jurg-mettler-1.jpg"]
)
def test_every_named_person_of_a_sample_is_found(
    cast: dict[str, SamplePicture], detector: Detector, name: str
) -> None:
    picture = cast[name]
    assert hits(detector.find_faces(picture.open()), picture.people, 0.4) == set(picture.people)


@pytest.mark.parametrize("name", ["mila-kung-1", "elodie-rochat-2", "desire-kamanda-2"])
def test_parts_of_a_large_face_are_not_faces(
    cast: dict[str, SamplePicture], detector: Detector, name: str
) -> None:
    assert len(detector.find_faces(cast[f"portraits/{name}.jpg"].open())) == 1


def altered(frame: Frame, pixels: Pixels) -> Frame:
    return dataclasses.replace(frame, pixels=np.ascontiguousarray(pixels), other_views=())


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_picture_on_its_side_loses_nobody(
    ward: SamplePicture, ward_frame: Frame, detector: Detector, turns: int
) -> None:
    turned = altered(ward_frame, np.rot90(ward_frame.pixels, turns))
    faces = detector.find_faces(turned)
    people = {
        person: _turned(box, turns, ward_frame.width, ward_frame.height)
        for person, box in ward.people.items()
    }
    assert hits(faces, people) == set(people)


def _turned(box: Box, turns: int, width: int, height: int) -> Box:
    for _ in range(turns):
        box = Box(box.top, width - box.right, box.bottom, width - box.left)
        width, height = height, width
    return box


def test_a_mirrored_picture_has_mirrored_faces(
    ward_frame: Frame, ward_faces: tuple[Face, ...], detector: Detector
) -> None:
    mirrored = detector.find_faces(altered(ward_frame, ward_frame.pixels[:, ::-1]))
    width = ward_frame.width
    expected = [
        Box(width - face.box.right, face.box.top, width - face.box.left, face.box.bottom)
        for face in ward_faces
    ]
    assert_same([face.box for face in mirrored], expected, 0.7)


def test_a_face_cut_by_the_edge_is_found(
    ward: SamplePicture, ward_frame: Frame, detector: Detector
) -> None:
    box = next(iter(ward.people.values()))
    middle = (box.left + box.right) // 2
    cut = altered(ward_frame, ward_frame.pixels[:, middle - box.width // 6 :])
    faces = detector.find_faces(cut)
    assert any(face.box.left == 0 and abs(face.box.top - box.top) < 60 for face in faces)


def test_a_face_that_fills_the_frame_is_found(
    cast: dict[str, SamplePicture], detector: Detector
) -> None:
    picture = cast["portraits/zoe-amsler-1.jpg"]
    frame, box = picture.open(), picture.people["zoe-amsler"]
    close = frame.pixels[box.top : box.bottom, box.left : box.right]
    large = np.repeat(np.repeat(close, 8, axis=0), 8, axis=1)
    (face,) = detector.find_faces(altered(frame, large))
    assert face.box.area > 0.5 * large.shape[0] * large.shape[1]


def test_the_same_picture_gives_the_same_answer(
    ward_frame: Frame, ward_faces: tuple[Face, ...], detector: Detector
) -> None:
    assert detector.find_faces(ward_frame) == ward_faces


def test_only_faces_at_the_threshold_count() -> None:
    frame = a_frame(a_picture(Box(20, 20, 60, 70)))
    (face,) = find_faces(frame, SquareFinder())
    at, above = DetectionOptions(threshold=face.score), DetectionOptions(threshold=1.01)
    assert find_faces(frame, SquareFinder(), at) == (face,)
    assert find_faces(frame, SquareFinder(), above) == ()


# --- with real photos ----------------------------------------------------------------------


def test_most_recognisable_faces_of_crowds_are_found(media: Path, detector: Detector) -> None:
    from detector.photo import open_photo

    truth = _crowd_faces(media)
    found = total = 0
    for name in sorted(truth)[5::40]:
        faces = detector.find_faces(open_photo(media / "wider" / name))
        found += sum(any(face.box.iou(box) >= 0.4 for face in faces) for box in truth[name])
        total += len(truth[name])
    assert total >= 10
    assert found / total >= 0.95


def _crowd_faces(media: Path) -> dict[str, list[Box]]:
    """Faces of at least 24 pixels that are neither blurred nor covered, by photo."""
    import csv

    boxes: dict[str, list[Box]] = {}
    with (media / "wider" / "boxes.csv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table):
            x, y, w, h = (int(row[key]) for key in "xywh")
            clear = row["invalid"] == "0" and row["blur"] != "2" and row["occlusion"] != "2"
            if clear and w >= 24:
                boxes.setdefault(row["file"], []).append(Box(x, y, x + w, y + h))
    return boxes
