"""A mask holds all that it is drawn around, however it is drawn."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clearance.masks import Drawn, DrawnShape, Mask, Region, Shape, head_region, window
from detector.faces import Box, Face
from tests.clearance.test_redaction import SIDES, drawings, faces, turned, upright_landmarks

COORDINATES = st.floats(-40, 60)
POINTS = st.tuples(COORDINATES, COORDINATES)


def drawn_on(region: Region, width: int, height: int) -> Mask:
    mask = np.zeros((height, width), dtype=np.bool_)
    mask[window(region.box)] = region.mask()
    return mask


def covered(text: str, width: int, height: int) -> Mask:
    return drawn_on(Drawn.parse(text).region(width, height), width, height)


# --- around a head --------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(data=st.data(), width=SIDES, height=SIDES, shape=st.sampled_from(Shape))
def test_upright_shapes_hold_the_head(
    data: st.DataObject, width: int, height: int, shape: Shape
) -> None:
    face = data.draw(faces(width, height))
    head = drawn_on(head_region(face, width, height), width, height)
    other = drawn_on(head_region(face, width, height, shape), width, height)
    assert not (head & ~other).any()


def test_a_box_is_a_rectangle_and_an_ellipse_is_none() -> None:
    box = Box(200, 200, 260, 280)
    face = Face(box, 0.9, turned(upright_landmarks(box), 30, (230, 240)))
    rectangle, ellipse = (
        head_region(face, 600, 600, shape) for shape in (Shape.BOX, Shape.ELLIPSE)
    )
    # Its border may lie within the outermost pixels.
    assert rectangle.mask()[1:-1, 1:-1].all()
    assert ellipse.up == (0.0, -1.0)
    assert ellipse.mask().mean() == pytest.approx(math.pi / 4, abs=0.02)


def test_a_mask_of_many_pixels_is_one_of_few_enlarged() -> None:
    """Large masks are made in strips; the seams do not show."""
    small = head_region(Face(Box(30, 40, 50, 60), 0.9), 100, 100, Shape.ELLIPSE)
    large = small.around(10, 2000, 2000)
    mask = drawn_on(large, 2000, 2000)
    x, y = np.arange(2000) + 0.5 - large.centre[0], np.arange(2000) + 0.5 - large.centre[1]
    expected = (x[None, :] / large.across) ** 2 + (y[:, None] / large.along) ** 2 <= 1
    np.testing.assert_array_equal(mask, expected)


# --- drawn by hand --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "points"),
    [
        ("box:10,20,110,220", DrawnShape.BOX, ((10, 20), (110, 220))),
        ("ellipse:110,220,10,20", DrawnShape.ELLIPSE, ((110, 220), (10, 20))),
        ("polygon:10,20 110,20 60,90", DrawnShape.POLYGON, ((10, 20), (110, 20), (60, 90))),
        ("body:-1.5,0 9,0 9,12.25", DrawnShape.BODY, ((-1.5, 0), (9, 0), (9, 12.25))),
    ],
)
def test_a_mask_is_read_and_written(
    text: str, kind: DrawnShape, points: tuple[tuple[float, float], ...]
) -> None:
    drawn = Drawn.parse(text)
    assert drawn == Drawn(kind, points)
    assert drawn.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "box",
        "circle:1,2,3,4",
        "box:1,2,3",
        "box:1,2,3,4,5",
        "box:1,2,3,four",
        "box:1,2,1,9",
        "box:nan,2,3,4",
        "ellipse:0,0,inf,9",
        "ellipse:5,5,9,5",
        "box:0,0,1e300,9",
        "polygon:1,2 3,4",
        "polygon:1,2 3,4 5",
        "polygon:1,1 2,2 3,3",
        "polygon:0.1,0.3 0.2,0.6 0.3,0.9",
        "polygon:5,5 5,5 5,5",
        "polygon:1,2,3,4,5,6",
        "body:0,0 9,0 nan,9",
        "body:" + " ".join(["0,0 9,0 9,9"] * 400),
    ],
)
def test_what_encloses_nothing_is_no_mask(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Drawn.parse(text)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_every_mask_is_written_as_it_is_read(data: st.DataObject) -> None:
    drawn = data.draw(drawings(50, 50))
    assert Drawn.parse(drawn.text) == drawn


def test_a_mask_moves_and_grows_with_the_picture() -> None:
    drawn = Drawn.parse("polygon:10,20 30,20 10,50")
    assert drawn.moved(-10, 5).text == "polygon:0,25 20,25 0,55"
    assert drawn.scaled(0.5, 2).text == "polygon:5,40 15,40 5,100"


@pytest.mark.parametrize(
    "text", ["box:-30,-30,-1,-1", "ellipse:52,0,90,40", "polygon:0,60 50,60 25,90"]
)
def test_a_mask_beside_the_picture_is_none(text: str) -> None:
    drawn = Drawn.parse(text)
    assert not drawn.touches(50, 50)
    with pytest.raises(ValueError, match="outside"):
        drawn.region(50, 50)


def test_a_mask_whose_box_alone_touches_the_picture_is_none() -> None:
    drawn = Drawn.parse("polygon:20,-40 100,40 100,-40")
    assert not drawn.touches(50, 50)
    with pytest.raises(ValueError, match="outside"):
        drawn.region(50, 50)


@pytest.mark.parametrize("kind", ["box", "ellipse"])
def test_corners_may_be_named_in_any_order(kind: str) -> None:
    masks = [
        covered(f"{kind}:{corners}", 60, 60)
        for corners in ("10,12,40,33", "40,33,10,12", "40,12,10,33", "10,33,40,12")
    ]
    for other in masks[1:]:
        np.testing.assert_array_equal(masks[0], other)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), width=SIDES, height=SIDES)
def test_every_pixel_that_a_mask_touches_is_hidden(
    data: st.DataObject, width: int, height: int
) -> None:
    """Anywhere on the outline of what was drawn, and on the way to its middle."""
    drawn = data.draw(drawings(width, height))
    mask = drawn_on(drawn.region(width, height), width, height)
    for x, y in outline(drawn):
        if 0 <= x < width and 0 <= y < height:
            assert mask[int(y), int(x)]


def outline(drawn: Drawn) -> list[tuple[float, float]]:
    """Points close together on the outline of a drawing."""
    if drawn.kind is DrawnShape.ELLIPSE:
        (x1, y1), (x2, y2) = drawn.points
        return [
            (
                (x1 + x2 + (x2 - x1) * share * math.cos(angle)) / 2,
                (y1 + y2 + (y2 - y1) * share * math.sin(angle)) / 2,
            )
            for angle in np.linspace(0, 2 * math.pi, 400)
            for share in (1.0, 0.6, 0.0)
        ]
    points = list(drawn.points)
    if drawn.kind is DrawnShape.BOX:
        (x1, y1), (x2, y2) = points
        points = [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
    return [
        (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)
        for a, b in zip(points, [*points[1:], points[0]], strict=True)
        for share in np.linspace(0, 1, 200)
    ]


@settings(max_examples=150, deadline=None)
@given(points=st.lists(POINTS, min_size=3, max_size=7), width=SIDES, height=SIDES)
def test_everything_that_a_line_goes_round_is_hidden(
    points: list[tuple[float, float]], width: int, height: int
) -> None:
    """By the angle under which a pixel sees the line go round it, and by nothing else."""
    try:
        drawn = Drawn(DrawnShape.POLYGON, tuple(points))
    except ValueError:
        assume(False)
    assume(drawn.touches(width, height))
    mask = drawn_on(drawn.region(width, height), width, height)
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    total, nearest = np.zeros((height, width)), np.full((height, width), np.inf)
    for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
        one, other = (x1 - x) + 1j * (y1 - y), (x2 - x) + 1j * (y2 - y)
        total += np.angle(other * np.conj(one))
        long = max(1e-12, (x2 - x1) ** 2 + (y2 - y1) ** 2)
        share = np.clip(((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / long, 0, 1)
        gaps = np.hypot(x1 + share * (x2 - x1) - x, y1 + share * (y2 - y1) - y)
        nearest = np.minimum(nearest, gaps)
    turns = np.rint(total / (2 * math.pi))
    assert mask[(turns != 0) & (nearest > 0.1)].all()
    assert mask[nearest <= math.sqrt(0.5)].all()
    beyond = (x < min(p[0] for p in points) - 1) | (y > max(p[1] for p in points) + 1)
    assert not mask[beyond].any()


def test_a_triangle_is_hidden_to_its_edge_and_no_farther() -> None:
    mask = covered("polygon:10,10 50,10 10,50", 80, 80)
    x, y = np.meshgrid(np.arange(80) + 0.5, np.arange(80) + 0.5)
    depth = np.minimum(np.minimum(x - 10, y - 10), (60 - x - y) * math.sqrt(0.5))
    assert mask[depth >= -0.5].all()
    assert not mask[depth < -0.72].any()


def test_a_body_is_hidden_a_little_beyond_its_outline() -> None:
    square = "20,20 60,20 60,60 20,60"
    plain, body = covered(f"polygon:{square}", 90, 90), covered(f"body:{square}", 90, 90)
    assert plain.any(axis=0).sum() == 42
    assert body.any(axis=0).sum() == 46
    assert not (plain & ~body).any()


@pytest.mark.parametrize(
    "loop",
    [
        # Once each way round the small square: the winding number in it is 0.
        "30,30 30,70 70,70 70,30",
        "30,30 70,30 70,70 30,70",
    ],
)
def test_a_loop_within_a_loop_leaves_no_hole(loop: str) -> None:
    whole = covered("polygon:10,10 90,10 90,90 10,90", 100, 100)
    looped = covered(f"polygon:10,10 {loop} 30,30 10,10 90,10 90,90 10,90", 100, 100)
    np.testing.assert_array_equal(whole, looped)


@pytest.mark.parametrize("shift", [(-50, 0), (50, 0), (0, -50), (0, 50), (-50, 50)])
def test_a_loop_cut_by_the_border_leaves_no_hole(shift: tuple[int, int]) -> None:
    loop = "30,30 30,70 70,70 70,30 30,30"
    drawn = Drawn.parse(f"polygon:10,10 {loop} 10,10 90,10 90,90 10,90").moved(*shift)
    whole = Drawn.parse("polygon:10,10 90,10 90,90 10,90").moved(*shift)
    np.testing.assert_array_equal(
        drawn_on(drawn.region(100, 100), 100, 100), drawn_on(whole.region(100, 100), 100, 100)
    )


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_the_gap_in_a_horseshoe_is_not_hidden(quarters: int) -> None:
    """Wherever it opens, also where the picture ends within the gap."""
    points = [(10, 10), (30, 10), (30, 60), (70, 60), (70, 10), (90, 10), (90, 90), (10, 90)]
    for _ in range(quarters):
        points = [(y, 100 - x) for x, y in points]
    horseshoe = Drawn(DrawnShape.POLYGON, tuple(points))
    whole = drawn_on(horseshoe.region(100, 100), 100, 100)
    assert not np.rot90(whole, quarters, (1, 0))[10:55, 35:65].any()
    for left, top in itertools.product((0, 50), repeat=2):
        part = drawn_on(horseshoe.moved(-left, -top).region(50, 50), 50, 50)
        np.testing.assert_array_equal(part, whole[top : top + 50, left : left + 50])


def test_a_figure_of_eight_is_hidden_in_both_halves() -> None:
    mask = covered("polygon:10,10 60,60 60,10 10,60", 80, 80)
    assert mask[35, 15]
    assert mask[35, 55]
    assert not mask[12, 35]


def test_a_mask_is_the_same_in_a_larger_picture() -> None:
    drawn = Drawn.parse("polygon:-20,5 30,-8 70,40 35,20 12,66")
    large = drawn_on(drawn.moved(100, 100).region(300, 300), 300, 300)
    for width, height in itertools.product((1, 7, 50), repeat=2):
        part = drawn_on(drawn.region(width, height), width, height)
        np.testing.assert_array_equal(part, large[100 : 100 + height, 100 : 100 + width])


def test_a_single_pixel_is_hidden_by_whatever_touches_it() -> None:
    for text in ("box:0.9,0.9,5,5", "ellipse:-9,-9,0.5,9", "polygon:0.5,0.5 9,0 9,9"):
        assert covered(text, 1, 1).all()
