"""Neck, shoulders and arms, and what is worn on them."""

from dataclasses import dataclass

import numpy as np

from sample_media.draw.fields import Array, blend, bump, grain, linear, ridge, smoothstep
from sample_media.draw.identity import Identity, Outfit
from sample_media.draw.surface import Material, Surface

SHORT_SLEEVES = ("tee", "scrubs", "gown")


@dataclass(frozen=True, slots=True)
class Cloth:
    """A garment over the chest: its colour, how far it stands off, and where it covers skin."""

    colour: Array
    height: Array
    covers: Array


def dress(identity: Identity, drop: float, detail: float) -> list[Surface]:
    """Neck, chest and arms down to `drop` units below the eyes."""
    return [_neck(identity, detail), _chest(identity, drop, detail), *_arms(identity, drop, detail)]


def _shoulders(identity: Identity) -> tuple[float, float]:
    """Half width of the shoulders and the height where the neck meets them."""
    return (
        (1.65 + 0.22 * identity.male) * (1 - 0.30 * identity.child),
        -1.26 + 0.22 * identity.child,
    )


def _neck(identity: Identity, detail: float) -> Surface:
    radius = (0.365 + 0.065 * identity.male + 0.012 * identity.features.fullness) * (
        1 - 0.22 * identity.child
    )
    turn, down = np.meshgrid(
        np.linspace(-2.2, 2.2, int(700 * detail)), np.linspace(1, 0, int(500 * detail))
    )
    flare = 1 + 0.30 * smoothstep(0.55, 1, down) ** 2
    z = -0.16 - 0.30 * smoothstep(0.50, 0.85, down) + radius * (0.95 + 0.1 * down) * np.cos(turn)
    z = z + 0.014 * ridge(np.abs(turn) - 0.55 + 0.25 * down, 0.14) * (1 - identity.child)
    points = np.stack([radius * flare * np.sin(turn), -0.50 - 1.25 * down, z], -1)
    return Surface(
        points=points,
        albedo=linear(identity.skin_colour) * 0.92 + 0 * points,
        gloss=np.full_like(turn, 0.12),
        material=Material.SKIN,
        on_head=False,
    )


def _chest(identity: Identity, drop: float, detail: float) -> Surface:
    half, collar = _shoulders(identity)
    arc, straight = 1.45, max(drop - 2.2, 0.2)
    x, path = np.meshgrid(
        np.linspace(-half - 0.1, half + 0.1, int(1150 * detail)),
        np.linspace(0, arc + straight, int(420 * detail * (arc + straight))),
    )
    out = np.clip(np.abs(x) / half, 0, 1)
    slope = 0.34 * out**1.3 + 0.75 * smoothstep(0.80, 1.0, out) ** 1.5
    top = collar - slope + 0.15 * ridge(x, 0.55)
    angle = np.clip(path / arc, 0, 1) * np.pi / 2
    below = np.clip(path - arc, 0, None)
    y = top - (1 - np.cos(angle)) * 1.2 - below
    z = -0.35 + 0.85 * np.sin(angle) * np.sqrt(np.clip(1 - 0.75 * out**2, 0, 1))
    if not identity.male and not identity.child:
        z = z + 0.13 * bump(np.abs(x), y, (0.52, -2.75), (0.36, 0.42))
    waist = smoothstep(-1.9, -3.6, y)
    x = x * (1 - (0.26 if identity.male else 0.32) * waist)

    rng = np.random.default_rng(identity.seed + 3)
    shape = (x.shape[0], x.shape[1])
    folds = grain(rng, shape, 60 * detail, 22 * detail) * smoothstep(-1.5, -2.6, y)
    folds += 0.4 * grain(rng, shape, 25 * detail, 25 * detail)
    cloth = _tailor(identity.outfit, x, y - collar - 1.26, male=identity.male)
    weave = 1 + 0.025 * grain(rng, shape, 1, 1) + 0.025 * folds
    skin = linear(identity.skin_colour) * 0.95
    albedo = blend(skin, cloth.colour * weave[..., None], cloth.covers[..., None])
    z = z + cloth.covers * (0.03 + 0.012 * folds + cloth.height)
    return Surface(
        points=np.stack([x, y, z], -1),
        albedo=albedo,
        gloss=0.05 + 0 * x,
        material=Material.CLOTH,
        keep=np.abs(x) < half,
        on_head=False,
    )


def _arms(identity: Identity, drop: float, detail: float) -> list[Surface]:
    half, collar = _shoulders(identity)
    turn, along = np.meshgrid(
        np.linspace(-np.pi * 0.75, np.pi * 0.75, int(420 * detail)),
        np.linspace(0, 1, int(380 * detail * max(drop - 1.2, 1))),
    )
    start, slim = collar - 0.21, 1 - 0.28 * identity.child
    y_line = start - along * max(drop - 1.2, 1)
    down = start - y_line
    radius = (0.335 - 0.026 * down) * slim
    radius = radius * np.sqrt(np.clip(1 - (1 - np.clip(down / 0.62, 0, 1)) ** 2, 0.0, 1))
    bend = 0.19 * smoothstep(0.0, 1.1, down) - 0.10 * smoothstep(2.2, 4.5, down)
    rng = np.random.default_rng(identity.seed + 5)
    creases = grain(rng, (turn.shape[0], turn.shape[1]), 45 * detail, 70 * detail)
    sleeve = down < 1.75 if identity.outfit.garment in SHORT_SLEEVES else down < 99
    hem = ridge(down - 1.72, 0.03) if identity.outfit.garment in SHORT_SLEEVES else 0 * down
    cloth = linear(identity.outfit.colour) * (1 - 0.4 * hem + 0.03 * creases)[..., None]
    albedo = np.where(sleeve[..., None], cloth, linear(identity.skin_colour) * 0.9)
    radius = radius + sleeve * (0.03 + 0.012 * creases * smoothstep(0.1, 0.5, down))
    arms = []
    for sign in (-1, 1):
        x = sign * (half + (bend - 0.46) * slim) + radius * np.sin(turn)
        z = -0.10 + 0.16 * smoothstep(1.8, 4.5, down) + radius * np.cos(turn)
        arms.append(
            Surface(
                points=np.stack([x, y_line, z], -1),
                albedo=albedo,
                gloss=0.05 + 0 * x,
                material=Material.CLOTH,
                on_head=False,
            )
        )
    return arms


def _tailor(outfit: Outfit, x: Array, y: Array, *, male: bool) -> Cloth:
    """Cut a garment; `y` counts from the usual height of the collar."""
    main, under = linear(outfit.colour), linear(outfit.under)
    round_neck = np.hypot(x / 0.62, (y + 1.30) / (0.34 if male else 0.48))
    covers = smoothstep(0.98, 1.02, round_neck)
    shade = 1 - 0.4 * ridge(round_neck - 1.06, 0.05)
    colour, height = main * shade[..., None], 0 * x
    side = np.abs(x)
    if outfit.garment == "scrubs":
        covers, colour, height = _scrubs(main, x, y)
    elif outfit.garment == "shirt":
        covers, colour, height = _shirt(main, x, y)
    elif outfit.garment in ("coat", "cardigan"):
        apex = -3.7 if outfit.garment == "coat" else -3.0
        opening = 0.02 + 0.56 * smoothstep(apex, -1.35, y)
        outer = smoothstep(-0.01, 0.012, side - opening)
        edge = 1 - 0.45 * ridge(side - opening, 0.016)
        if outfit.garment == "coat":
            edge, height = _lapels(edge, x, y, opening)
        colour = blend(under * shade[..., None], main * edge[..., None], outer[..., None])
        height = (height + 0.045) * outer
        covers = np.maximum(covers, outer)
    elif outfit.garment == "gown":
        dots = ridge(np.hypot((x * 6) % 1 - 0.5, (y * 6 + (x * 6 // 1) * 0.5) % 1 - 0.5), 0.16, 4)
        colour = blend(colour, under, dots[..., None] * 0.8)
    if outfit.badge:
        colour = _badge(colour, x, y)
    return Cloth(colour, height, covers)


def _scrubs(main: Array, x: Array, y: Array) -> tuple[Array, Array, Array]:
    side = np.abs(x)
    from_edge = 1.5 * side - (y + 2.12)
    covers = smoothstep(-0.01, 0.02, from_edge)
    seam = 0.35 * ridge(from_edge - 0.14, 0.016) + 0.35 * ridge(from_edge - 0.02, 0.02)
    pocket_x, pocket_y = np.abs(x - 0.70) - 0.30, np.abs(y + 2.95) - 0.34
    outline = ridge(np.maximum(pocket_x, pocket_y), 0.014) * (x > 0)
    top = ridge(y + 2.66, 0.014) * (pocket_x < 0)
    colour = main * (1 - np.clip(seam + 0.35 * outline + 0.25 * top, 0, 0.6))[..., None]
    return covers, colour, 0.03 * ridge(from_edge - 0.08, 0.08)


def _shirt(main: Array, x: Array, y: Array) -> tuple[Array, Array, Array]:
    side = np.abs(x)
    from_edge = 1.25 * side - (y + 1.86)
    covers = smoothstep(-0.01, 0.02, from_edge)
    flap = smoothstep(0.34, 0.32, from_edge) * smoothstep(-2.05, -2.02, y + 0.35 * side)
    rim = ridge(from_edge - 0.33, 0.014) * smoothstep(-2.05, -2.0, y + 0.35 * side)
    placket = (ridge(x - 0.085, 0.010) + ridge(x + 0.085, 0.010)) * smoothstep(-1.8, -1.95, y)
    button = ridge(np.hypot(x, (y + 2.3) % 0.55 - 0.27), 0.035, 6) * smoothstep(-1.9, -2.0, y)
    dark = np.clip(0.45 * rim + 0.25 * placket + 0.35 * button, 0, 0.6)
    return covers, main * (1 - dark)[..., None], 0.04 * flap


def _lapels(edge: Array, x: Array, y: Array, opening: Array) -> tuple[Array, Array]:
    side = np.abs(x)
    width = 0.40 * smoothstep(-3.7, -2.0, y)
    lapel = smoothstep(0.01, -0.01, side - opening - width) * smoothstep(-3.6, -3.3, y)
    rim = ridge(side - opening - width, 0.014) * smoothstep(-3.6, -3.3, y)
    notch = ridge(y + 1.95 + 0.30 * (side - 0.4), 0.016) * (side - opening > 0.16) * lapel
    buttons = sum((ridge(np.hypot(x - 0.06, y - at), 0.05, 6) for at in (-4.1, -4.8)), start=0 * x)
    pocket_x, pocket_y = np.abs(x - 0.98) - 0.26, np.abs(y + 3.05) - 0.34
    outline = ridge(np.maximum(pocket_x, pocket_y), 0.012) * (x > 0)
    dark = np.clip(0.40 * rim + 0.40 * notch + 0.30 * buttons + 0.22 * outline, 0, 0.6)
    return edge * (1 - dark), 0.035 * lapel


def _badge(colour: Array, x: Array, y: Array) -> Array:
    """A name card on the chest; the print on it is too small to read."""
    across, down = (x + 0.92) / 0.22, (y + 2.72) / 0.15
    card = smoothstep(1.02, 0.98, np.maximum(np.abs(across), np.abs(down)))
    stripe = card * (down > 0.45)
    text = (
        card
        * (across > -0.2)
        * (np.abs(across) < 0.8)
        * (ridge(down, 0.14) + ridge(down + 0.5, 0.1))
    )
    photo = card * (across < -0.35) * (across > -0.85) * (down < 0.25) * (down > -0.75)
    colour = blend(colour, linear((0.93, 0.94, 0.95)), card[..., None])
    colour = blend(colour, linear((0.10, 0.42, 0.50)), stripe[..., None])
    grey = np.clip(0.6 * text + 0.5 * photo, 0, 0.7)
    return blend(colour, linear((0.45, 0.50, 0.55)), grey[..., None])
