"""Hair: a second skin over the skull, as thick and as long as the style wants."""

from dataclasses import dataclass

import numpy as np

from sample_media.draw.anatomy import SKULL, head_profile
from sample_media.draw.fields import Array, blend, curve, grain, linear, ridge, smoothstep
from sample_media.draw.identity import HairStyle, Identity
from sample_media.draw.surface import Material, Surface

AZIMUTHS = (0, 30, 48, 60, 70, 82, 96, 112, 150)


@dataclass(frozen=True, slots=True)
class Cut:
    """A haircut.

    Args:
        line: Height where the hair begins, at each of `AZIMUTHS` (degrees from the nose).
        thickness: How far it stands off the skull.
        end: Height of its lowest row.
        curl: 0 straight, 1 tight curls.
        shows_ears: Whether ears are to be drawn.
    """

    line: tuple[float, ...]
    thickness: float
    end: float
    curl: float
    shows_ears: bool


CUTS: dict[HairStyle, Cut] = {
    "short": Cut(
        (0.70, 0.68, 0.60, 0.32, -0.02, 0.18, 0.14, -0.4, -0.55), 0.085, -0.62, 0.25, True
    ),
    "crop": Cut((0.66, 0.64, 0.56, 0.30, 0.0, 0.20, 0.16, -0.35, -0.5), 0.030, -0.55, 0.3, True),
    "side": Cut((0.60, 0.66, 0.58, 0.30, -0.05, 0.18, 0.12, -0.45, -0.6), 0.13, -0.65, 0.15, True),
    "recede": Cut((0.86, 0.95, 0.80, 0.40, 0.0, 0.18, 0.14, -0.4, -0.5), 0.045, -0.6, 0.25, True),
    "bald": Cut((3,) * 9, 0, 0, 0, True),
    "long": Cut((0.72, 0.66, 0.50, 0.22, -0.45, -1.6, -1.7, -1.8, -1.8), 0.12, -1.75, 0.12, False),
    "bob": Cut((0.70, 0.62, 0.46, 0.20, -0.30, -0.75, -0.85, -0.9, -0.9), 0.15, -0.9, 0.10, False),
    "fringe": Cut(
        (0.36, 0.36, 0.34, 0.10, -0.55, -1.5, -1.6, -1.7, -1.7), 0.13, -1.65, 0.08, False
    ),
    "bun": Cut((0.70, 0.66, 0.55, 0.32, 0.05, 0.20, 0.15, 0.0, -0.25), 0.055, -0.30, 0.08, True),
    "curly": Cut((0.64, 0.58, 0.46, 0.22, -0.2, -0.7, -0.9, -0.95, -0.95), 0.26, -0.95, 1.0, False),
}


def hairline(identity: Identity, degrees: Array) -> Array:
    """Height at which the hair begins, by direction from the nose."""
    line = np.array(CUTS[identity.style].line)
    line[:3] += 0.035 * identity.features.forehead
    return curve(AZIMUTHS, line, np.minimum(degrees, 149.9)).astype(np.float32)


def grow_hair(identity: Identity, detail: float) -> list[Surface]:
    """The hair of a head, nothing for a bald one."""
    cut = CUTS[identity.style]
    if identity.style == "bald":
        return []
    rng = np.random.default_rng(identity.seed + 11)
    rows, columns = int(900 * detail), int(2100 * detail)
    azimuth = _directions(columns)[None]
    height, half, ahead, behind, crown = _hull(identity, cut, rows)
    strands = _strands(rng, cut, (rows, columns), detail) * crown

    above = height - hairline(identity, np.degrees(np.abs(azimuth))) + 0.022 * strands
    if identity.style == "fringe":
        lift = blend(0.55, 1, smoothstep(0, 0.16, above))
    else:
        lift = smoothstep(-0.02, 0.17, above)
    thick = cut.thickness * lift * (1 - 0.2 * identity.child)
    thick = thick + 0.012 * strands * (1 + 0.9 * (cut.curl > 0.5)) * smoothstep(0, 0.08, above)
    if identity.style == "side":
        thick = thick + 0.07 * smoothstep(-0.4, 0.5, np.sin(azimuth)) * smoothstep(0.3, 0.9, height)
    parting = 0 * above
    if identity.style in ("long", "bob", "fringe"):
        parting = ridge(azimuth - 0.25, 0.035) * smoothstep(0.55, 0.8, height)
        parting = parting * (np.cos(azimuth) > 0)
    thick = thick - 0.05 * parting

    stretch = 1 + (thick + 0.004) / 0.68
    cos = np.cos(azimuth)
    x = half * np.sin(azimuth) * stretch
    z = np.where(cos > 0, ahead, behind) * cos * stretch
    y = np.where(height > 0.3, 0.30 + (height - 0.30) * (1 + thick / 0.85), height) + 0 * x
    tone = linear(identity.hair_colour)
    shade = 1 + 0.24 * strands + 0.10 * grain(rng, (rows, columns), 60 * detail, 30 * detail)
    albedo = tone * shade.clip(0.3, 2)[..., None] * (1 - 0.5 * parting)[..., None]
    albedo = albedo * blend(0.55, 1, smoothstep(0, 0.1, above))[..., None]
    hair = [
        Surface(
            points=np.stack([x, y, z], -1),
            albedo=albedo,
            gloss=0.42 + 0.22 * strands.clip(-1, 2),
            material=Material.HAIR,
            keep=above > 0,
        )
    ]
    return [*hair, _bun(identity, detail)] if identity.style == "bun" else hair


def _directions(columns: int) -> Array:
    """Once round the head, closer together where hair frames the face and turns edge-on."""
    even = np.linspace(-np.pi, np.pi, 2000)
    density = 1 + 4 * ridge(np.abs(even) - np.radians(70), np.radians(13))
    share = np.cumsum(density) / density.sum()
    return np.asarray(np.interp(np.linspace(0, 1, columns), share, even), np.float32)


def _hull(identity: Identity, cut: Cut, rows: int) -> tuple[Array, Array, Array, Array, Array]:
    """Height, half width, depth in front and behind, and how far from the crown, per row."""
    bare_height, bare_half, bare_depth = head_profile(identity, 400)
    temple = int(np.argmax(bare_height > 0.299))
    half, depth, top = bare_half[temple], bare_depth[temple], bare_height[-1]
    angle = np.linspace(0, np.pi / 2, rows // 2)[:, None]
    hang = np.linspace(cut.end, 0.30, rows - rows // 2)[:, None]
    side = np.interp(
        hang,
        [cut.end, -0.9, -0.4, 0.0, 0.3] if cut.end < -0.9 else [-0.91, -0.9, -0.4, 0.0, 0.3],
        [0.78 if cut.end < -1 else 0.66, 0.72, 0.68, 0.69, half],
    )
    height = np.concatenate([hang, 0.30 + (top - 0.30) * np.sin(angle)])
    width = np.concatenate([np.maximum(side, half * 0.9), half * np.cos(angle) ** 0.75])
    ahead = np.concatenate([np.full_like(hang, depth), depth * np.cos(angle) ** 0.7])
    behind = np.concatenate([np.full_like(hang, 0.95), 0.95 * np.cos(angle) ** 0.7])
    crown = np.concatenate([np.ones_like(hang), smoothstep(0, 0.45, np.cos(angle))])
    return (
        height.astype(np.float32),
        width.astype(np.float32),
        ahead.astype(np.float32),
        behind.astype(np.float32),
        crown.astype(np.float32),
    )


def _strands(rng: np.random.Generator, cut: Cut, shape: tuple[int, int], detail: float) -> Array:
    fine = grain(rng, shape, 45 * detail, 1.5) * 0.55
    locks = grain(rng, shape, 80 * detail, 6 * detail) * 0.75
    if cut.curl <= 0.5:
        return fine + locks + cut.curl * 0.5 * grain(rng, shape, 10 * detail, 8 * detail)
    curls = grain(rng, shape, 12 * detail, 14 * detail)
    ripple = np.sin(grain(rng, shape, 8 * detail, 8 * detail) * 4)
    return np.asarray(curls + 0.35 * ripple)


def _bun(identity: Identity, detail: float) -> Surface:
    turn, rise = np.meshgrid(
        np.linspace(0, 2 * np.pi, int(500 * detail)), np.linspace(-1.5, 1.5, int(300 * detail))
    )
    twist = np.sin(turn * 14 + rise * 6)
    size = 1 + 0.03 * twist
    points = np.stack(
        [
            0.30 * size * np.cos(rise) * np.cos(turn),
            SKULL + 0.20 + 0.24 * size * np.sin(rise),
            -0.25 + 0.30 * size * np.cos(rise) * np.sin(turn),
        ],
        -1,
    )
    tone = linear(identity.hair_colour) * (1 + 0.3 * twist)[..., None]
    return Surface(
        points=points,
        albedo=tone + 0 * points,
        gloss=np.full_like(turn, 0.4),
        material=Material.HAIR,
    )
