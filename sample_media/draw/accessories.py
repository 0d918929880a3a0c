"""What people wear on the face: glasses and surgical masks."""

import numpy as np

from sample_media.draw.anatomy import head_profile, locate
from sample_media.draw.fields import Array, linear, ridge, smoothstep
from sample_media.draw.identity import Identity
from sample_media.draw.surface import Material, Surface, tube

MASK_BLUE = (0.62, 0.80, 0.86)


def put_on_glasses(identity: Identity, detail: float) -> list[Surface]:
    """Two rims, two temples and a bridge; nothing for who wears none."""
    if identity.glasses == "none":
        return []
    heavy = identity.glasses == "heavy"
    colour = np.array((0.04, 0.035, 0.035) if heavy else (0.45, 0.36, 0.22))
    wire, corner, wide, tall = (0.020, 4, 0.225, 0.155) if heavy else (0.010, 2, 0.205, 0.185)
    marks = locate(identity, 0)
    centre, level, ahead = max(marks.eye_x, 0.27), marks.eye_y - 0.02, 0.74

    x, y = _rounded(wide, tall, corner, int(900 * detail))
    rim_depth = ahead - 0.16 * (centre + x) ** 2
    back = np.linspace(0, 1, int(500 * detail))
    frame = []
    for sign in (-1, 1):
        rim = np.stack([sign * (centre + x), level + y, rim_depth], -1)
        temple = np.stack(
            [
                sign * (centre + wide + 0.06 * np.sqrt(back)),
                level + 0.05 + 0 * back,
                ahead - 0.10 - 0.85 * back,
            ],
            -1,
        )
        frame += [tube(rim, wire, colour, detail), tube(temple, wire, colour, detail)]
    across = np.linspace(-1, 1, int(200 * detail))
    bridge = np.stack(
        [across * (centre - wide), level + 0.05 + 0.03 * (1 - across**2), ahead + 0 * across], -1
    )
    return [*frame, tube(bridge, wire, colour, detail)]


def _rounded(wide: float, tall: float, corner: float, count: int) -> tuple[Array, Array]:
    """Evenly spaced points round an ellipse, squarer for a higher `corner`."""
    turn = np.linspace(0, 2 * np.pi, 40 * count)
    cos, sin = np.cos(turn), np.sin(turn)
    x = wide * np.sign(cos) * np.abs(cos) ** (2 / corner)
    y = tall * np.sign(sin) * np.abs(sin) ** (2 / corner)
    length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    even = np.linspace(0, length[-1], count)
    return np.interp(even, length, x), np.interp(even, length, y)


def put_on_mask(identity: Identity, detail: float) -> list[Surface]:
    """A pleated surgical mask from the bridge of the nose to under the chin, with its loops."""
    marks = locate(identity, 0)
    height, half, depth = head_profile(identity, 400)
    azimuth, down = np.meshgrid(
        np.linspace(-1.12, 1.12, int(900 * detail)), np.linspace(0, 1, int(700 * detail))
    )
    top = marks.nose_tip + 0.16 - 0.13 * (azimuth / 1.12) ** 2
    bottom = -1.03 + 0.33 * (azimuth / 1.12) ** 2
    y = top + (bottom - top) * down
    level = np.clip(y, -0.90, 0.3)
    wide, deep = np.interp(level, height[20:], half[20:]), np.interp(level, height[20:], depth[20:])
    x = wide * 1.03 * np.sin(azimuth)
    tent = 0.17 * ridge(x, 0.20) * np.exp(-(((y - marks.nose_tip) / 0.30) ** 2))
    chin = 0.07 * ridge(x, 0.30) * np.exp(-(((y + 0.80) / 0.25) ** 2))
    pleats = sum((ridge(down - at, 0.018) for at in (0.30, 0.48, 0.66)), start=0 * down)
    z = deep * np.cos(azimuth) + 0.06 + tent + chin - 0.012 * pleats
    z = z - 0.22 * smoothstep(-0.92, -1.05, y)
    hem = np.maximum(ridge(down - 0.03, 0.02), ridge(down - 0.97, 0.02))
    shade = 1 - 0.16 * pleats - 0.10 * hem
    points = np.stack([x, y, z], -1)
    sheet = Surface(
        points=points,
        albedo=linear(MASK_BLUE) * shade[..., None],
        gloss=np.full_like(y, 0.05),
        material=Material.CLOTH,
    )
    corners = [(row, column) for row in (0.06, 0.92) for column in (0, -1)]
    return [sheet, *(_loop(points, row, column, detail) for row, column in corners)]


def _loop(sheet: Array, row: float, column: int, detail: float) -> Surface:
    start = sheet[int(row * (len(sheet) - 1)), column]
    ear = np.array([np.sign(start[0]) * 0.80, -0.02 if row < 0.5 else -0.26, -0.14])
    along = np.linspace(0, 1, int(300 * detail))[:, None]
    return tube(start + (ear - start) * along, 0.010, np.array((0.88, 0.90, 0.92)), detail)
