"""How a hidden head looks, and that a blur for taste is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from clearance.fills import Look, Style, plain_letters
from clearance.masks import Drawn, Shape
from clearance.redaction import hide
from detector.faces import Box, Face
from tests.clearance.test_redaction import noise, turned, upright_landmarks

if TYPE_CHECKING:
    from detector.faces import Pixels

BOX = Box(170, 150, 230, 235)
FACE = Face(BOX, 0.9, upright_landmarks(BOX))
HIDING = [style for style in Style if style is not Style.COSMETIC]


def wall(height: int = 400, width: int = 400) -> Pixels:
    """Light on the left, dark on the right, with a little texture."""
    picture = np.linspace(230, 90, width)[None, :, None].repeat(height, axis=0).repeat(3, axis=2)
    return (picture + noise(1, height, width) / 32).astype(np.uint8)


def hidden(look: Look, face: Face = FACE) -> tuple[Pixels, Pixels]:
    """The picture, and what of it is hidden: uint8, shape (n, 3)."""
    redaction = hide(wall(), [face], look=look)
    return redaction.pixels, redaction.pixels[redaction.mask]


def of_yellow(pixels: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    colours = pixels.astype(int)
    return (colours[..., 0] > 200) & (colours[..., 2] < 120)


def test_every_style_looks_otherwise() -> None:
    drawn = {hidden(Look(style, initials="CHU"))[0].tobytes() for style in HIDING}
    assert len(drawn) == len(HIDING)


@pytest.mark.parametrize("shape", list(Shape))
@pytest.mark.parametrize("style", HIDING)
def test_every_style_fills_every_pixel(style: Style, shape: Shape) -> None:
    """Nothing is left of a colour that is nowhere else."""
    pixels = wall()
    head = hide(pixels, [FACE], look=Look(shape=shape)).mask
    pixels[head] = (255, 0, 255)
    redaction = hide(pixels, [FACE], look=Look(style, shape, "H"))
    np.testing.assert_array_equal(redaction.mask, head)
    colours = redaction.pixels[head].astype(int)
    assert not ((colours[:, 0] > 150) & (colours[:, 1] < 60) & (colours[:, 2] > 150)).any()


@pytest.mark.parametrize("style", HIDING)
def test_a_head_beside_the_picture_changes_nothing(style: Style) -> None:
    """A part of a photo is hidden with all of its faces."""
    pixels, look = wall(), Look(style, initials="H")
    beside = [
        Face(Box(left, top, left + 60, top + 80), 0.9)
        for left, top in ((2000, 150), (-900, -900), (170, 900), (420, 150))
    ]
    alone = hide(pixels, beside, look=look, cosmetic=beside)
    np.testing.assert_array_equal(alone.pixels, pixels)
    with_one = hide(pixels, [*beside, FACE], look=look)
    np.testing.assert_array_equal(with_one.pixels, hide(pixels, [FACE], look=look).pixels)
    assert len(with_one.regions) == 5


# --- soft -----------------------------------------------------------------------------------


def test_a_soft_fill_follows_the_surround() -> None:
    """From the light side to the dark one, without a step."""
    pixels, _ = hidden(Look(Style.SOFT))
    row = pixels[190, BOX.left - 10 : BOX.right + 10].astype(int).mean(axis=1)
    assert row[0] > row[-1] + 15
    assert np.abs(np.diff(row)).max() <= 3


def test_a_soft_fill_is_no_hole() -> None:
    """A head before a bare wall is still to be seen."""
    pixels = np.full((400, 400, 3), 200, dtype=np.uint8)
    middle = hide(pixels, [FACE], look=Look(Style.SOFT)).pixels[190, 200]
    assert 150 < middle.min() <= middle.max() < 190


def test_a_soft_fill_keeps_to_colours_that_are_there() -> None:
    _, colours = hidden(Look(Style.SOFT))
    assert colours.min() > 60
    assert colours.max() < 240


def test_heads_that_touch_are_filled_softly_without_a_seam() -> None:
    boxes = [Box(120, 150, 180, 235), Box(190, 150, 250, 235)]
    pair = [Face(box, 0.9, upright_landmarks(box)) for box in boxes]
    row = hide(wall(), pair, look=Look(Style.SOFT)).pixels[190, 110:260].astype(int)
    assert np.abs(np.diff(row, axis=0)).max() <= 4


def test_a_soft_fill_without_a_surround_is_grey() -> None:
    pixels = hide(noise(2, 50, 50), [Face(Box(0, 0, 50, 50), 0.9)], look=Look(Style.SOFT)).pixels
    assert pixels.std() < 1
    assert 90 < pixels.mean() < 160


# --- stripes --------------------------------------------------------------------------------


def test_stripes_are_of_two_tones_and_as_wide_as_the_head_asks() -> None:
    def changes(scale: int) -> int:
        box = Box(*(side * scale for side in (170, 150, 230, 235)))
        picture = np.full((400 * scale, 400 * scale, 3), 200, dtype=np.uint8)
        face = Face(box, 0.9, upright_landmarks(box))
        row = hide(picture, [face], look=Look(Style.STRIPES)).pixels[
            190 * scale, box.left : box.right, 0
        ]
        assert row.max() - row.min() > 25
        return int(np.count_nonzero(np.diff((row > row.mean()).astype(int))))

    assert changes(1) == pytest.approx(changes(3), abs=1)
    assert 3 <= changes(1) <= 12


# --- a smile --------------------------------------------------------------------------------


def test_a_smile_is_in_the_middle_of_the_head() -> None:
    pixels, _ = hidden(Look(Style.EMOJI))
    rows, columns = np.nonzero(of_yellow(pixels))
    assert columns.mean() == pytest.approx(200, abs=2)
    assert np.ptp(columns) > BOX.width
    # The head reaches higher above the box than below.
    assert BOX.top < rows.mean() < 192


@pytest.mark.parametrize("degrees", [0, 90, 180, -45])
def test_a_smile_turns_with_the_head(degrees: float) -> None:
    """The dark of the eyes and the mouth lies below the middle of the disc: the mouth is wide."""
    middle = (200.0, 192.5)
    face = Face(BOX, 0.9, turned(upright_landmarks(BOX), degrees, middle))
    pixels, _ = hidden(Look(Style.EMOJI), face)
    disc = np.array(np.nonzero(of_yellow(pixels))).mean(axis=1)[::-1]
    dark = (pixels[..., 0] < 120) & (pixels[..., 2] < 40)
    down = np.array(np.nonzero(dark)).mean(axis=1)[::-1] - disc
    angle = np.degrees(np.arctan2(down[1], down[0])) - 90
    assert np.hypot(*down) > 3
    assert (angle - degrees + 180) % 360 - 180 == pytest.approx(0, abs=12)


def test_what_is_drawn_by_hand_gets_no_face() -> None:
    drawn = Drawn.parse("ellipse:20,20,120,120")
    for style in (Style.EMOJI, Style.INITIALS):
        pixels = hide(wall(), [], [drawn], Look(style, initials="H")).pixels
        assert len(np.unique(pixels[40:100, 40:100].reshape(-1, 3), axis=0)) == 1


def test_who_is_nearer_stands_before_the_other() -> None:
    """The smile on the larger head is whole, whatever their order."""
    far, near = Box(150, 120, 200, 190), Box(180, 150, 260, 260)
    heads = [Face(box, 0.9, upright_landmarks(box)) for box in (near, far)]
    alone = hide(wall(), heads[:1], look=Look(Style.EMOJI))
    both = hide(wall(), heads, look=Look(Style.EMOJI))
    np.testing.assert_array_equal(
        of_yellow(both.pixels)[alone.mask], of_yellow(alone.pixels)[alone.mask]
    )


# --- letters --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "letters"),
    [("chu", "CHU"), ("ÉÑ", "EN"), ("Øß", "OSS"), ("Ł.b", "LB"), ("ЖΩ", ""), ("ŒÇ", "OEC")],
)
def test_letters_are_written_plainly(text: str, letters: str) -> None:
    assert plain_letters(text) == letters


def test_letters_are_those_that_were_asked_for() -> None:
    pictures = {
        initials: hidden(Look(Style.INITIALS, initials=initials))[0].tobytes()
        for initials in ("H", "É", "E", "WWWW", "Ж")
    }
    assert pictures["É"] == pictures["E"]
    assert len(set(pictures.values())) == 4


@pytest.mark.parametrize("initials", ["I", "HUG", "WWWW"])
def test_letters_are_read_on_their_disc(initials: str) -> None:
    redaction = hide(wall(), [FACE], look=Look(Style.INITIALS, initials=initials))
    colours = redaction.pixels[redaction.mask]
    rows, columns = np.nonzero(redaction.mask & (redaction.pixels[..., 0] > 200))
    assert len(rows) > 30
    assert columns.mean() == pytest.approx(200, abs=6)
    # Within the disc, and so within the mask.
    assert np.ptp(columns) < 1.4 * BOX.width
    assert colours.max() - np.median(colours) > 60


@pytest.mark.parametrize("initials", ["", "ABCDE"])
def test_a_look_without_letters_is_refused(initials: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        Look(Style.INITIALS, initials=initials)
    assert Look(Style.SOLID, initials=initials).initials == initials


# --- a blur for taste -----------------------------------------------------------------------


def test_a_blur_is_stronger_on_a_larger_head() -> None:
    """What is left of a stripe depends on its share of the head, not on its pixels."""

    def contrast(scale: int) -> float:
        pixels = np.zeros((400 * scale, 400 * scale, 3), dtype=np.uint8)
        pixels[:, 195 * scale : 205 * scale] = 255
        box = Box(*(side * scale for side in (170, 150, 230, 235)))
        face = Face(box, 0.9, upright_landmarks(box))
        return float(hide(pixels, [], cosmetic=[face]).pixels[190 * scale].max(initial=0)) / 255

    assert contrast(1) == pytest.approx(contrast(3), abs=0.03)
    assert 0.1 < contrast(1) < 0.6


def test_a_blur_keeps_the_colours_of_the_head() -> None:
    pixels = np.full((400, 400, 3), 60, dtype=np.uint8)
    pixels[150:235, 170:230] = (210, 150, 120)
    blurred = hide(pixels, [], cosmetic=[FACE]).pixels[190, 200].astype(int)
    assert blurred[0] > blurred[1] > blurred[2] > 60


def test_a_blur_beside_a_hidden_head_does_not_mix_it_in() -> None:
    """Nothing of what is drawn on the other is smeared over it either."""
    beside = Box(260, 150, 320, 235)
    uncleared = Face(beside, 0.9, upright_landmarks(beside))
    pixels = np.full((400, 400, 3), 100, dtype=np.uint8)
    pixels[hide(pixels, [uncleared]).mask] = (255, 0, 0)
    redaction = hide(pixels, [uncleared], look=Look(Style.EMOJI), cosmetic=[FACE])
    assert redaction.cosmetic.any()
    assert (redaction.pixels[redaction.cosmetic] == 100).all()


def test_a_head_under_a_hidden_one_is_not_blurred() -> None:
    redaction = hide(noise(5, 400, 400), [FACE], cosmetic=[FACE])
    assert not redaction.cosmetic.any()
