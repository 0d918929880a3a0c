"""Nothing of a hidden face is left, and nothing else is touched."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearance.fills import Look, Style
from clearance.masks import Drawn, DrawnShape, Shape
from clearance.redaction import head_region, hide
from detector.faces import Box, Face, Landmarks

if TYPE_CHECKING:
    from clearance.redaction import Redaction
    from detector.faces import Pixels

SIDES = st.integers(1, 70)
NUMBERS = st.floats(-200, 300, width=32)


def noise(seed: int, height: int, width: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def upright_landmarks(box: Box) -> Landmarks:
    """Where the five points of a face seen from the front lie in its box."""

    def at(across: float, down: float) -> tuple[float, float]:
        return (box.left + across * box.width, box.top + down * box.height)

    return Landmarks(at(0.3, 0.4), at(0.7, 0.4), at(0.5, 0.6), at(0.35, 0.8), at(0.65, 0.8))


def turned(landmarks: Landmarks, degrees: float, around: tuple[float, float]) -> Landmarks:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def turn(point: tuple[float, float]) -> tuple[float, float]:
        x, y = point[0] - around[0], point[1] - around[1]
        return (around[0] + x * cos - y * sin, around[1] + x * sin + y * cos)

    return Landmarks(*map(turn, landmarks.points))


@st.composite
def boxes(draw: st.DrawFn, width: int, height: int) -> Box:
    """Boxes that touch the picture, also beyond its borders."""
    left, top = draw(st.integers(-20, width - 1)), draw(st.integers(-20, height - 1))
    right = draw(st.integers(max(left, 0) + 1, width + 20))
    bottom = draw(st.integers(max(top, 0) + 1, height + 20))
    return Box(left, top, right, bottom)


@st.composite
def faces(draw: st.DrawFn, width: int, height: int) -> Face:
    box = draw(boxes(width, height))
    points = st.tuples(NUMBERS, NUMBERS)
    wild = st.builds(Landmarks, points, points, points, points, points)
    middle = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
    rolled = st.floats(-180, 180).map(lambda roll: turned(upright_landmarks(box), roll, middle))
    upright = st.just(upright_landmarks(box))
    return Face(box, 0.9, draw(st.one_of(st.none(), upright, rolled, wild)))


@st.composite
def drawings(draw: st.DrawFn, width: int, height: int) -> Drawn:
    """Masks of every kind that touch the picture, also beyond its borders."""
    kind = draw(st.sampled_from(DrawnShape))
    if kind in (DrawnShape.BOX, DrawnShape.ELLIPSE):
        box = draw(boxes(width, height))
        corners = ((box.left, box.top), (box.right, box.bottom))
        drawn = Drawn(kind, corners)
        # The corner of the box around an ellipse is not in it.
        return drawn if drawn.touches(width, height) else Drawn(DrawnShape.BOX, corners)
    inside = st.tuples(st.floats(0, width), st.floats(0, height))
    anywhere = st.tuples(st.floats(-50, 120), st.floats(-50, 120))
    points = [draw(inside), *draw(st.lists(anywhere, min_size=2, max_size=6))]
    try:
        return Drawn(kind, tuple(points))
    except ValueError:
        return Drawn(kind, ((0, 0), (width, 0), (0, height)))


@dataclasses.dataclass(frozen=True)
class Scene:
    """What is to be hidden in a picture of some size, and how."""

    width: int
    height: int
    hidden: list[Face]
    drawn: list[Drawn]
    look: Look
    cosmetic: list[Face]

    def photo(self, seed: int) -> Pixels:
        return noise(seed, self.height, self.width)

    def hide(self, pixels: Pixels) -> Redaction:
        return hide(pixels, self.hidden, self.drawn, self.look, cosmetic=self.cosmetic)


LOOKS = st.builds(
    Look,
    st.sampled_from([style for style in Style if style is not Style.COSMETIC]),
    st.sampled_from(Shape),
    st.sampled_from(["H", "CHU", "ÉÑ"]),
)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    width, height = draw(SIDES), draw(SIDES)
    return Scene(
        width,
        height,
        draw(st.lists(faces(width, height), min_size=1, max_size=4)),
        draw(st.lists(drawings(width, height), max_size=2)),
        draw(LOOKS),
        draw(st.lists(faces(width, height), max_size=2)),
    )


@settings(max_examples=300, deadline=None)
@given(scene=scenes(), seed=st.integers(0, 1000))
def test_two_contents_under_a_mask_give_the_same_bytes(scene: Scene, seed: int) -> None:
    """In every style, of heads and drawn masks, and beside faces blurred for taste."""
    one = scene.photo(seed)
    mask = scene.hide(one).mask
    other = one.copy()
    other[mask] = scene.photo(seed + 1)[mask]

    assert scene.hide(one).pixels.tobytes() == scene.hide(other).pixels.tobytes()


@settings(max_examples=100, deadline=None)
@given(scene=scenes(), seed=st.integers(0, 1000))
def test_a_blur_for_taste_is_no_source_of_a_fill(scene: Scene, seed: int) -> None:
    """It neither changes a hidden pixel, nor is it seen in one."""
    photo = scene.photo(seed)
    blurred, plain = scene.hide(photo), dataclasses.replace(scene, cosmetic=[]).hide(photo)

    assert not (blurred.cosmetic & blurred.mask).any()
    np.testing.assert_array_equal(blurred.mask, plain.mask)
    same = ~blurred.cosmetic
    np.testing.assert_array_equal(blurred.pixels[same], plain.pixels[same])


@settings(max_examples=150, deadline=None)
@given(scene=scenes(), seed=st.integers(0, 1000))
def test_no_pixel_outside_the_masks_changes(scene: Scene, seed: int) -> None:
    pixels = scene.photo(seed)
    before = pixels.tobytes()
    redaction = scene.hide(pixels)

    assert pixels.tobytes() == before
    same = ~(redaction.mask | redaction.cosmetic)
    np.testing.assert_array_equal(redaction.pixels[same], pixels[same])


@settings(max_examples=100, deadline=None)
@given(scene=scenes(), seed=st.integers(0, 1000))
def test_the_order_of_what_is_hidden_does_not_matter(scene: Scene, seed: int) -> None:
    photo = scene.photo(seed)
    backwards = dataclasses.replace(
        scene,
        hidden=scene.hidden[::-1],
        drawn=scene.drawn[::-1],
        cosmetic=scene.cosmetic[::-1],
    )
    assert scene.hide(photo).pixels.tobytes() == backwards.hide(photo).pixels.tobytes()


@settings(max_examples=150, deadline=None)
@given(scene=scenes())
def test_every_box_is_covered_with_its_margin(scene: Scene) -> None:
    mask = scene.hide(scene.photo(0)).mask

    def covered(left: float, top: float, right: float, bottom: float) -> bool:
        rows = slice(max(0, round(top)), max(0, round(bottom)))
        columns = slice(max(0, round(left)), max(0, round(right)))
        return bool(mask[rows, columns].all())

    for face in scene.hidden:
        box = face.box
        # The whole box and 15 percent around it, corners included ...
        across, down = 0.15 * box.width, 0.15 * box.height
        assert covered(box.left - across, box.top - down, box.right + across, box.bottom + down)
        if face.landmarks is None or face.landmarks == upright_landmarks(box):
            # ... and 30 percent beside, above and below its middle.
            across, down = 0.3 * box.width, 0.3 * box.height
            x, y = (box.left + box.right) // 2, (box.top + box.bottom) // 2
            assert covered(box.left - across, y, box.right + across, y + 1)
            assert covered(x, box.top - down, x + 1, box.bottom + down)


def test_a_face_in_the_last_row_and_column_leaves_no_pixel_of_them() -> None:
    pixels = noise(1, 101, 77)
    redaction = hide(pixels, [Face(Box(60, 80, 77, 101), 0.9)])
    assert redaction.mask[80:101, 60:77].all()
    assert redaction.mask[100, 76]
    assert len(np.unique(redaction.pixels[80:101, 60:77].reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (40, 30)])
def test_a_picture_that_is_all_face_becomes_one_grey(size: tuple[int, int]) -> None:
    height, width = size
    redaction = hide(noise(2, height, width), [Face(Box(0, 0, width, height), 0.9)])
    assert redaction.mask.all()
    assert (redaction.pixels == 128).all()


def test_a_blur_hides_nobody() -> None:
    """Who is not cleared is never only blurred; what is drawn over is filled all the same."""
    pixels, look = noise(12, 60, 60), Look(Style.COSMETIC)
    with pytest.raises(ValueError, match="hides nobody"):
        hide(pixels, [Face(Box(20, 20, 40, 40), 0.9)], look=look)
    redaction = hide(pixels, [], [Drawn.parse("box:10,10,20,20")], look)
    assert len(np.unique(redaction.pixels[10:20, 10:20].reshape(-1, 3), axis=0)) == 1


def test_a_blur_for_taste_is_told_apart() -> None:
    pixels = noise(13, 200, 200)
    seen = Face(Box(80, 80, 120, 130), 0.9)
    redaction = hide(pixels, [], cosmetic=[seen])
    assert redaction.cosmetic[80:130, 80:120].all()
    assert not redaction.mask.any()
    assert redaction.regions == ()
    assert redaction.pixels[80:130, 80:120].std() < 0.2 * pixels[80:130, 80:120].std()


def test_regions_are_the_faces_and_then_what_was_drawn() -> None:
    face, drawn = Face(Box(50, 50, 70, 70), 0.9), Drawn.parse("polygon:2,2 12,2 2,12")
    look = Look(shape=Shape.BOX)
    regions = hide(noise(14, 100, 100), [face], [drawn], look).regions
    assert regions == (head_region(face, 100, 100, Shape.BOX), drawn.region(100, 100))


def test_what_is_drawn_beside_the_picture_is_refused() -> None:
    """Somebody meant to hide something: it must not be passed over."""
    with pytest.raises(ValueError, match="outside"):
        hide(noise(15, 50, 50), [], [Drawn.parse("box:60,10,80,20")])


def test_nobody_to_hide_gives_an_equal_copy() -> None:
    pixels = noise(3, 31, 17)
    redaction = hide(pixels, [])
    assert not redaction.mask.any()
    assert redaction.pixels is not pixels
    np.testing.assert_array_equal(redaction.pixels, pixels)


def test_the_result_cannot_be_changed_by_accident() -> None:
    redaction = hide(noise(4, 20, 20), [Face(Box(5, 5, 10, 10), 0.9)])
    for array in (redaction.pixels, redaction.mask, redaction.cosmetic):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 0


def test_the_mask_reaches_farther_above_the_face_than_below() -> None:
    box = Box(200, 200, 300, 320)
    region = head_region(Face(box, 0.9, upright_landmarks(box)), 600, 600)
    assert box.top - region.box.top >= 0.5 * box.height
    assert 0.3 * box.height <= region.box.bottom - box.bottom < box.top - region.box.top


def test_a_tiny_face_has_a_margin_of_whole_pixels() -> None:
    mask = hide(noise(9, 40, 40), [Face(Box(20, 20, 22, 22), 0.4)]).mask
    assert mask[18:24, 18:24].all()
    assert mask.sum() < 100


@pytest.mark.parametrize("degrees", [90, -90, 180])
def test_the_mask_turns_with_the_head(degrees: int) -> None:
    box = Box(240, 240, 360, 360)
    landmarks = turned(upright_landmarks(box), degrees, (300, 300))
    region = head_region(Face(box, 0.9, landmarks), 600, 600)
    reach = {
        90: region.box.right - box.right,
        -90: box.left - region.box.left,
        180: region.box.bottom - box.bottom,
    }
    assert reach[degrees] >= 0.5 * 120
    assert box.top - region.box.top < 0.5 * 120


def test_a_profile_is_hidden_to_the_back_of_the_head() -> None:
    box = Box(200, 200, 280, 300)
    left_profile = Landmarks((212, 240), (225, 240), (202, 262), (212, 285), (222, 285))
    region = head_region(Face(box, 0.9, left_profile), 600, 600)
    assert region.box.right - box.right > 0.6 * box.width
    assert region.box.right - box.right > 1.5 * (box.left - region.box.left)


def test_landmarks_that_are_no_numbers_are_passed_over() -> None:
    box = Box(20, 20, 40, 44)
    nowhere = Landmarks(*[(math.nan, math.inf)] * 5)
    odd, plain = Face(box, 0.9, nowhere), Face(box, 0.9)
    assert head_region(odd, 100, 100) == head_region(plain, 100, 100)


def test_a_box_turned_inside_out_is_hidden_all_the_same() -> None:
    redaction = hide(noise(5, 60, 60), [Face(Box(40, 45, 20, 15), 0.9)])
    assert redaction.mask[15:45, 20:40].all()


def test_the_fill_is_taken_from_the_surround() -> None:
    pixels = np.full((200, 200, 3), (200, 100, 60), dtype=np.uint8)
    pixels[80:120, 80:120] = (0, 0, 255)
    redaction = hide(pixels, [Face(Box(80, 80, 120, 120), 0.9)])
    fill = redaction.pixels[100, 100].tolist()
    assert fill[0] > fill[1] > fill[2]
    # In the very colour of the surround it would not be seen.
    assert max(abs(one - other) for one, other in zip(fill, (200, 100, 60), strict=True)) > 20


def test_heads_that_touch_share_one_colour_however_they_are_listed() -> None:
    pixels = noise(6, 200, 300)
    pixels[:, 150:] //= 4
    pair = [Face(Box(100, 80, 140, 130), 0.9), Face(Box(160, 80, 200, 130), 0.9)]
    far = Face(Box(0, 180, 8, 190), 0.9)
    one, other = hide(pixels, [*pair, far]), hide(pixels, [far, *reversed(pair)])
    assert one.pixels[100, 120].tolist() == one.pixels[100, 180].tolist()
    np.testing.assert_array_equal(one.pixels, other.pixels)


def test_an_uncleared_head_is_hidden_where_it_overlaps_a_cleared_one() -> None:
    pixels = noise(7, 200, 200)
    hidden, visible = Face(Box(60, 60, 100, 110), 0.9), Face(Box(90, 60, 130, 110), 0.9)
    redaction = hide(pixels, [hidden])
    assert redaction.mask[60:110, 60:100].all()
    seen = ~redaction.mask[60:110, visible.box.left : visible.box.right]
    assert seen.any()


def test_two_people_look_the_same_once_hidden() -> None:
    scene = noise(8, 240, 240)
    face = Face(Box(90, 80, 150, 160), 0.9, upright_landmarks(Box(90, 80, 150, 160)))
    mask = hide(scene, [face]).mask
    copies = set()
    for seed in (10, 11):
        person = scene.copy()
        person[mask] = noise(seed, 240, 240)[mask]
        copies.add(hide(person, [face]).pixels.tobytes())
    assert len(copies) == 1
