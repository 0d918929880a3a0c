"""A copy is looked at once more, mirrored; the next one where it differs, and nowhere else."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clearance.encoding import FORMATS, encode
from clearance.export import Exporter
from clearance.making import examiner_with
from clearance.redaction import hide
from clearance.results import ExportResult
from clearance.second_look import SecondLook, Seen, around, differences, mirrored_look
from clearance.verification import Examiner
from detector.detector import Detector
from detector.faces import Box, Face, Frame, Landmarks
from detector.held import Held
from detector.photo import open_photo, photo_from_bytes

MAGENTA = (230, 20, 230)
WIDE, HIGH = 1000, 700


def scene(*faces: Box) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A soft landscape with a magenta patch per face."""
    y, x = np.mgrid[0:HIGH, 0:WIDE]
    pixels = np.stack([90 + x // 16, 110 + y // 12, 80 + (x + y) // 32], axis=2).astype(np.uint8)
    for box in faces:
        pixels[box.top : box.bottom, box.left : box.right] = MAGENTA
    return pixels


def frame(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Frame:
    return Frame(Path("copy.png"), "0" * 64, "PNG", pixels)


@dataclasses.dataclass
class Finder:
    """Sees every magenta patch, and notes the sizes of the pictures it was shown."""

    shown: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    held: list[Held | None] = dataclasses.field(default_factory=list)

    def __call__(self, frame: Frame) -> Sequence[Face]:
        self.shown.append((frame.width, frame.height))
        self.held.append(frame.held)
        red, green, blue = np.moveaxis(frame.pixels.astype(int), 2, 0)
        magenta = (red > 180) & (green < 90) & (blue > 180)
        edges = np.flatnonzero(np.diff(magenta.any(axis=0).astype(int), prepend=0, append=0))
        found = []
        for left, right in edges.reshape(-1, 2).tolist():
            rows = np.flatnonzero(magenta[:, left:right].any(axis=1))
            found.append(Face(Box(left, int(rows[0]), right, int(rows[-1]) + 1), 0.9))
        return [face for face in found if min(face.box.width, face.box.height) > 4]


LEFT, MIDDLE, RIGHT = Box(100, 300, 140, 350), Box(480, 300, 520, 350), Box(800, 300, 840, 350)


def test_a_copy_is_looked_at_both_ways_round() -> None:
    finder = Finder()
    told = Held((0.1, 2.0, 0.3, 0.4))
    (found,) = SecondLook(finder).at(dataclasses.replace(frame(scene(LEFT)), held=told))
    assert found.box == LEFT
    assert (finder.shown, finder.held) == ([(WIDE, HIGH)] * 2, [told, told.mirrored])


def test_points_of_a_mirrored_face_change_sides() -> None:
    points = Landmarks((10, 20), (30, 20), (20, 30), (12, 40), (28, 40))
    found = mirrored_look(lambda _: [Face(Box(5, 5, 35, 45), 0.9, points)], frame(scene()))[0]
    assert found.box == Box(WIDE - 35, 5, WIDE - 5, 45)
    assert found.landmarks
    assert found.landmarks.left_eye == (WIDE - 30, 20)
    assert found.landmarks.right_mouth == (WIDE - 12, 40)


def test_boxes_hold_every_difference() -> None:
    before = scene()
    after = before.copy()
    places = [(0, 0), (HIGH - 1, WIDE - 1), (333, 471), (334, 472)]
    for row, column in places:
        after[row, column, 1] ^= 1
    boxes = differences(before, after)
    assert len(boxes) == 3
    for row, column in places:
        assert any(b.left <= column < b.right and b.top <= row < b.bottom for b in boxes)
    assert all(box == box.clipped(WIDE, HIGH) for box in boxes)
    assert differences(before, before.copy()) == ()


def test_parts_hold_the_surroundings() -> None:
    boxes = [LEFT, RIGHT, Box(0, 0, 10, 10), Box(150, 310, 190, 360)]
    parts = around(boxes, WIDE, HIGH)
    assert len(parts) == 3, "neighbours are looked at together"
    for box in boxes:
        grown = Box(box.left - 48, box.top - 48, box.right + 48, box.bottom + 48)
        seen = grown.clipped(WIDE, HIGH)
        assert any(part.intersection(seen) == seen.area for part in parts)


def test_only_what_differs_is_looked_at_again() -> None:
    finder = Finder()
    look = SecondLook(finder)
    first = frame(scene(LEFT, RIGHT))
    earlier = Seen(first.pixels, look.at(first))
    finder.shown.clear()
    second = frame(scene(LEFT, MIDDLE))
    found = look.again(second, earlier)
    assert sorted(face.box for face in found) == [LEFT, MIDDLE]
    assert len(finder.shown) == 4, "two parts, each both ways round"
    assert max(width for width, _ in finder.shown) < 200


def test_a_copy_that_differs_much_is_looked_at_as_a_whole() -> None:
    finder = Finder()
    before = scene()
    before[:, : WIDE // 2] ^= 1
    (face,) = SecondLook(finder).again(frame(scene(RIGHT)), Seen(before, ()))
    assert face.box == RIGHT
    assert finder.shown == [(WIDE, HIGH)] * 2


@pytest.mark.parametrize("kind", ["jpg", "png"])
def test_hiding_one_more_head_changes_its_blocks_only(kind: str) -> None:
    """What the looks at a second copy rest on: the encoder leaves all other pixels alone."""
    texture = np.random.default_rng(1).integers(0, 40, (HIGH, WIDE, 3), dtype=np.uint8)
    pixels = scene() + texture
    copies = []
    for hidden in ([Face(LEFT, 0.9)], [Face(LEFT, 0.9), Face(RIGHT, 0.9)]):
        redaction = hide(pixels, hidden)
        data = encode(redaction.pixels, FORMATS[kind])
        copies.append(photo_from_bytes(data, Path(f"a.{kind}")).pixels)
    region = redaction.regions[1].box
    for box in differences(*copies):
        assert box.left >= region.left - 40
        assert box.right <= region.right + 40
        assert box.top >= region.top - 40
        assert box.bottom <= region.bottom + 40
    assert differences(*copies)


def exported(tmp_path: Path, finder: Finder, *faces: Box, judged: Sequence[Box]) -> ExportResult:
    photo = tmp_path / "a.jpg"
    Image.fromarray(scene(*faces)).save(photo, quality=95, subsampling="4:4:4")

    def both(_: Frame) -> Sequence[Face]:
        raise AssertionError("looked at whole and both ways")

    examiner = Examiner(open_photo, both, second_look=SecondLook(finder))
    hidden = [Face(box, 0.9) for box in judged]
    exporter = Exporter(tmp_path / "out", [photo], examiner)
    return exporter.write(open_photo(photo), hidden, [])


def test_whoever_was_not_judged_is_found_far_from_every_mask(tmp_path: Path) -> None:
    finder = Finder()
    export = exported(tmp_path, finder, LEFT, RIGHT, judged=[LEFT])
    (appeared,) = export.appeared
    assert appeared.box.iou(RIGHT) > 0.8
    assert finder.shown[:2] == [(WIDE, HIGH)] * 2
    assert finder.shown[2:], "the second copy was looked at, too"
    assert all(width < WIDE / 2 for width, _ in finder.shown[2:])
    assert not Finder()(open_photo(export.path))


def test_whoever_comes_to_light_in_the_second_copy_is_hidden_in_the_third(tmp_path: Path) -> None:
    class Shy(Finder):
        """Sees a neighbour only while nobody is beside."""

        def __call__(self, frame: Frame) -> Sequence[Face]:
            found = super().__call__(frame)
            return found[:1] if len(found) > 1 else found

    beside = Box(RIGHT.left - 90, RIGHT.top, RIGHT.left - 50, RIGHT.bottom)
    export = exported(tmp_path, Shy(), LEFT, beside, RIGHT, judged=[LEFT])
    assert len(export.appeared) == 2
    assert not Finder()(open_photo(export.path))


def test_a_thorough_look_is_whole_and_both_ways() -> None:
    detector = Detector(lambda: None, lambda: None, "none")  # type: ignore[arg-type,return-value]
    finder = Finder()
    detector.find_faces = finder  # type: ignore[method-assign,assignment]
    thorough = examiner_with(detector, compared=False, thorough=True)
    assert thorough.second_look is None
    assert len(thorough.find_faces(frame(scene(LEFT)))) == 1
    assert finder.shown == [(WIDE, HIGH)] * 2
    quick = examiner_with(detector, compared=False)
    assert quick.second_look
    assert [face.box for face in quick.second_look.at(frame(scene(LEFT)))] == [LEFT]
