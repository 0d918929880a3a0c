"""The relief of a head: skull, nose, mouth, eyes, wrinkles, ears.

A head is a sheet wrapped round a vertical axis. Units: the eyes are 0.6 apart, the chin is at
-1 and the top of the skull at about 1.13. x points to the picture's right, y up, z to the viewer.
"""

from dataclasses import dataclass

import numpy as np

from sample_media.draw.fields import Array, blend, bump, curve, linear, ridge, smoothstep
from sample_media.draw.identity import Features, Identity
from sample_media.draw.surface import Material, Surface

REACH = np.radians(135)
CHIN, SKULL = -1.0, 1.13


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Where the parts of a face sit."""

    eye_x: float
    eye_y: float
    eye_half: float
    lid_up: float
    lid_down: float
    eye_tilt: float
    nose_tip: float
    nose_base: float
    nostril: float
    mouth_y: float
    mouth_half: float
    lip_up: float
    lip_down: float


@dataclass(frozen=True, slots=True)
class Mouth:
    """Masks of the lips and of the gap between them."""

    upper: Array
    lower: Array
    gap: Array
    upper_edge: Array
    lower_edge: Array
    corner: Array


@dataclass(frozen=True, slots=True)
class Eyes:
    """Masks and local coordinates of both eyes; `u` runs from the inner to the outer corner."""

    inside: Array
    u: Array
    v: Array
    upper: Array
    lower: Array
    crease: Array


@dataclass(frozen=True, slots=True)
class Wrinkles:
    """Where age and laughter leave lines."""

    fold: Array
    forehead: Array
    crow: Array
    bag: Array


@dataclass(slots=True)
class Head:
    """A sculpted head, before any colour."""

    x: Array
    y: Array
    z: Array
    side: Array
    azimuth: Array
    front: Array
    marks: Landmarks
    mouth: Mouth
    eyes: Eyes
    wrinkles: Wrinkles
    nostrils: Array
    pixel: float


def locate(identity: Identity, smile: float) -> Landmarks:
    """Place the features of a face that smiles that much."""
    f, young = identity.features, identity.child
    eye_y = 0.05 + 0.015 * f.eye_level - 0.10 * young
    tip = eye_y - (0.355 + 0.03 * f.nose_length) * (1 - 0.22 * young)
    base = tip - (0.065 - 0.014 * f.tip_up) * (1 - 0.25 * young)
    return Landmarks(
        eye_x=0.300 + 0.018 * f.eye_distance,
        eye_y=eye_y,
        eye_half=(0.148 + 0.010 * f.eye_width) * (1 + 0.10 * young),
        lid_up=(0.058 + 0.012 * f.eye_height) * (1 - 0.22 * smile) * (1 + 0.28 * young),
        lid_down=(0.040 + 0.005 * f.eye_height) * (1 - 0.30 * smile) * (1 + 0.25 * young),
        eye_tilt=0.10 * f.eye_tilt + 0.03,
        nose_tip=tip,
        nose_base=base,
        nostril=(0.118 + 0.016 * f.nose_width) * (1 - 0.14 * young),
        mouth_y=base - (0.185 + 0.018 * f.mouth_level) * (1 - 0.18 * young),
        mouth_half=(0.235 + 0.020 * f.mouth_width) * (1 + 0.22 * smile) * (1 - 0.12 * young),
        lip_up=max(0.070 + 0.020 * f.upper_lip, 0.028) * (1 - 0.25 * smile),
        lip_down=max(0.085 + 0.020 * f.lower_lip, 0.04) * (1 - 0.15 * smile),
    )


def head_profile(identity: Identity, rows: int) -> tuple[Array, Array, Array]:
    """Height, half width and depth of the bare skull, row by row from the chin up."""
    f, young = identity.features, identity.child
    width = (1 + 0.05 * f.face_width) * (1 + 0.06 * young)
    jaw, chin = (1 + 0.06 * f.jaw) * (1 - 0.04 * young), (1 + 0.14 * f.chin_width)
    full = 0.02 * f.fullness + 0.030 * young
    control = np.array(
        [
            [-0.94, 0.0, 0.10],
            [-1.0, 0.15 * chin, 0.52],
            [-0.965, 0.255 * chin, 0.655],
            [-0.86, (0.385 + full) * (chin + jaw) / 2, 0.70],
            [-0.73, (0.495 + full) * jaw, 0.675],
            [-0.56, (0.575 + 1.2 * full) * jaw, 0.70],
            [-0.38, (0.630 + full) * jaw**0.7, 0.71],
            [-0.15, (0.660 + full) * width, 0.70],
            [0.05, 0.685 * width, 0.69],
            [0.30, 0.705 * width, 0.725],
        ]
    )
    control[:7, 0] *= chin_length(identity)
    below = int(rows * 0.57)
    at, query = np.arange(10.0), np.linspace(0, 9, below)
    lower = [curve(at, control[:, k], query) for k in range(3)]
    angle = np.linspace(0, np.pi / 2, rows - below + 1)[1:]
    top = SKULL + 0.04 * f.forehead + 0.02 * young
    upper = [
        0.30 + (top - 0.30) * np.sin(angle),
        control[9, 1] * np.cos(angle) ** 0.75,
        control[9, 2] * np.cos(angle) ** 0.70,
    ]
    height, half, depth = (
        np.concatenate(pair).astype(np.float32) for pair in zip(lower, upper, strict=True)
    )
    return height, half, depth


def chin_length(identity: Identity) -> float:
    """How far down the chin reaches, 1 for an average adult."""
    return (1 + 0.045 * identity.features.chin_height) * (1 - 0.14 * identity.child)


def sculpt_head(identity: Identity, smile: float, detail: float) -> Head:
    """Model the whole head; `detail` 1 is about 400 pixels per unit."""
    rows, columns = int(1150 * detail), int(1350 * detail)
    height, half, depth = (a[:, None] for a in head_profile(identity, rows))
    t = np.linspace(-1, 1, columns, dtype=np.float32)[None]
    azimuth = REACH * (0.55 * t + 0.45 * t**3)  # denser in front
    cos = np.cos(azimuth)
    x = half * np.sin(azimuth)
    y = height + 0.40 * (1 - cos) ** 2 * smoothstep(-0.25, -1.05, height)
    z = np.where(cos > 0, depth * cos, 0.95 * cos * half / 0.70) + 0 * x
    side, front = np.abs(x), smoothstep(-0.05, 0.25, cos)
    marks, pixel = locate(identity, smile), 0.0045 / detail**0.5

    relief = _large_forms(identity, marks, smile, x, y)
    nose, nostrils = _nose(identity.features, marks, x, y)
    mouth, lips = _mouth(marks, smile, pixel, x, y)
    wrinkles, lines = _wrinkles(identity, marks, smile, x, y)
    z = z + (relief + nose + lips + lines) * front
    eyes, z = _set_eyes(identity, marks, pixel, (x, y, z), front)
    return Head(x, y, z, side, azimuth, front, marks, mouth, eyes, wrinkles, nostrils, pixel)


def _large_forms(identity: Identity, marks: Landmarks, smile: float, x: Array, y: Array) -> Array:
    f, side = identity.features, np.abs(x)
    eye_x, eye_y, mouth_y = marks.eye_x, marks.eye_y, marks.mouth_y
    chin_y = -0.90 * chin_length(identity)
    adult = 1 - 0.6 * identity.child
    sockets = -(0.065 * adult + 0.018 * f.eye_depth)
    form = sockets * bump(side, y, (eye_x - 0.03, eye_y + 0.03), (0.15, 0.085))
    form += (
        (0.014 + 0.012 * identity.male) * adult * bump(side, y, (0.24, eye_y + 0.20), (0.17, 0.05))
    )
    cheekbone = (0.44, eye_y - 0.19 + 0.04 * smile)
    form += (0.020 + 0.014 * f.cheekbones) * bump(side, y, cheekbone, (0.12, 0.09))
    apple = 0.018 * f.fullness + 0.03 * smile + 0.02 * identity.child
    form += apple * bump(side, y, (0.34, marks.nose_base + 0.06), (0.10, 0.09))
    hollow = 0.018 - 0.012 * f.fullness - 0.016 * identity.child
    form -= hollow * bump(side, y, (0.42, mouth_y + 0.04), (0.10, 0.12))
    form += 0.035 * bump(x, y, (0, mouth_y), (0.20, 0.15))
    form += 0.035 * bump(x, y, (0, chin_y), (0.12, 0.075))
    form -= 0.030 * bump(x, y, (0, mouth_y - 0.155), (0.14, 0.035))
    return np.asarray(form)


def _nose(f: Features, marks: Landmarks, x: Array, y: Array) -> tuple[Array, Array]:
    side, tip, base, wing = np.abs(x), marks.nose_tip, marks.nose_base, marks.nostril
    root = marks.eye_y + 0.06
    down = np.clip((root - y) / (root - tip), 0, 1)
    under = np.clip((tip - y) / (tip - base), 0, 1)
    high, low = 0.185 + 0.025 * f.nose_height, 0.055 + 0.018 * f.nose_height
    height = (low + (high - low) * down**1.15) * np.sqrt(1 - under**2 * 0.96)
    height *= smoothstep(base - 0.045, base + 0.035, y)
    height *= smoothstep(marks.eye_y + 0.24, marks.eye_y, y)
    width = blend(0.050 + 0.010 * f.bridge_width, 0.074 + 0.009 * f.nose_width, down)
    nose = height * np.exp(-((side / width) ** 2.2) * 0.6)
    nose += 0.042 * bump(x, y, (0, tip + 0.002), (0.058, 0.048))
    nose += (
        0.080
        * bump(side, y, (wing, base + 0.045), (0.038, 0.042))
        * smoothstep(base - 0.03, base + 0.02, y)
    )
    nose -= 0.014 * bump(side, y, (wing + 0.062, base + 0.05), (0.016, 0.05))
    hole = (0.066 + 0.008 * f.nose_width) * wing / 0.118
    nostrils = bump(
        side, y - 0.10 * (side - hole), (hole, base + 0.010), (0.026 + 0.004 * f.nose_width, 0.011)
    )
    nose -= 0.03 * nostrils
    philtrum = (0, (base + marks.mouth_y + marks.lip_up) / 2)
    return nose - 0.012 * bump(x, y, philtrum, (0.022, 0.05)), nostrils


def _mouth(marks: Landmarks, smile: float, pixel: float, x: Array, y: Array) -> tuple[Mouth, Array]:
    side, half, middle = np.abs(x), marks.mouth_half, marks.mouth_y
    share = np.clip(side / half, 0, 1)
    within = side < half
    line = middle + 0.585 * smile * x * x - 0.010 * ridge(x, 0.0707)
    line = line + 0.004 + 0.006 * (1 - smile) * share**3
    open_by = 0.085 * max(smile - 0.35, 0) / 0.65
    gap = open_by * np.clip(1 - (x / (0.86 * half)) ** 2, 0, 1) ** 0.7
    taper = np.clip(1 - share**2, 0, 1)
    bow = 1 + 0.18 * ridge(side - 0.06, 0.035) - 0.12 * ridge(x, 0.025)
    up, down = marks.lip_up * taper**0.85 * bow, marks.lip_down * taper**0.7
    top, bottom = line + gap * 0.45, line - gap * 0.55
    mouth = Mouth(
        upper=smoothstep(-pixel, pixel, y - top) * smoothstep(pixel, -pixel, y - top - up) * within,
        lower=smoothstep(-pixel, pixel, bottom - y)
        * smoothstep(pixel, -pixel, bottom - down - y)
        * within,
        gap=smoothstep(-pixel, pixel, y - bottom)
        * smoothstep(-pixel, pixel, top - y)
        * (gap > 0.004),
        upper_edge=top,
        lower_edge=bottom,
        corner=taper,
    )
    relief = 0.040 * np.exp(-(((y - top - up * 0.45) / (up * 0.6 + 0.012)) ** 2)) * taper
    relief += 0.048 * np.exp(-(((bottom - down * 0.5 - y) / (down * 0.55 + 0.012)) ** 2)) * taper
    relief -= 0.030 * ridge(y - line, 0.012) * taper**0.3 * (side < half * 1.05)
    corner = (half + 0.01, middle + 0.6 * smile * half * half)
    return mouth, relief - 0.018 * bump(side, y, corner, (0.022, 0.022))


def _wrinkles(
    identity: Identity, marks: Landmarks, smile: float, x: Array, y: Array
) -> tuple[Wrinkles, Array]:
    side, age = np.abs(x), identity.age
    eye_x, eye_y, half = marks.eye_x, marks.eye_y, marks.eye_half
    start = (marks.nostril + 0.055, marks.nose_base + 0.07)
    end = (marks.mouth_half + 0.065, marks.mouth_y - 0.02)
    run, rise = end[0] - start[0], end[1] - start[1]
    along = ((side - start[0]) * run + (y - start[1]) * rise) / (run**2 + rise**2)
    along = np.clip(along, 0, 1)
    off = side - start[0] - along * run - 0.02 * np.sin(np.pi * along)
    fold = ridge(np.hypot(off, y - start[1] - along * rise), 0.018)
    fold *= (0.15 + 0.55 * smile + 0.8 * max(age - 0.3, 0)) * (1 - 0.7 * identity.child)

    waver = 0.010 * np.sin(x * 9 + identity.seed)
    forehead = sum(
        (ridge(y - at - waver - 0.05 * x * x, 0.007) for at in (0.47, 0.545, 0.62)),
        start=np.zeros_like(y),
    ) * (smoothstep(0.48, 0.25, side) * max(age - 0.45, 0))
    outside = side - eye_x - half
    crow = sum(
        (ridge(y - eye_y + 0.01 - slope * outside, 0.006) for slope in (0.45, 0.05, -0.4)),
        start=np.zeros_like(x * y),
    )
    crow = crow * smoothstep(0.03, 0.05, outside) * smoothstep(0.14, 0.09, outside)
    crow = crow * (max(age - 0.5, 0) + 0.3 * smile * (1 - identity.child))
    below = y - eye_y + marks.lid_down + 0.055 - 0.05 * ((side - eye_x) / 0.15) ** 2
    bag = ridge(below, 0.010) * smoothstep(0.16, 0.08, np.abs(side - eye_x + 0.01))
    bag = bag * (0.25 + 0.9 * max(age - 0.3, 0)) * (1 - 0.6 * identity.child)
    relief = -(0.012 * fold + 0.006 * forehead + 0.005 * crow + 0.006 * bag)
    return Wrinkles(fold, forehead, crow, bag), relief


def _set_eyes(
    identity: Identity,
    marks: Landmarks,
    pixel: float,
    sheet: tuple[Array, Array, Array],
    front: Array,
) -> tuple[Eyes, Array]:
    """Lay a ball behind the opening of the lids and drape the lids over it."""
    x, y, z = sheet
    side = np.abs(x)
    u = (side - marks.eye_x) / marks.eye_half
    v = y - marks.eye_y - marks.eye_tilt * marks.eye_half * u
    arch = np.clip(1 - np.abs(u) ** 2, 0, 1)
    upper = marks.lid_up * arch**0.75 * (1 - 0.15 * u)
    lower = -marks.lid_down * arch**0.8 * (1 + 0.18 * u)
    inside = smoothstep(-pixel, pixel, upper - v) * smoothstep(-pixel, pixel, v - lower)
    inside = inside * (np.abs(u) < 1)

    centre = (np.abs(u) < 0.3) & (np.abs(v) < 0.02)
    depth = float(np.median(z[centre])) if centre.any() else 0.5
    radius = 0.135
    round_ = radius**2 - ((side - marks.eye_x) * 0.80) ** 2 - (y - marks.eye_y) ** 2
    ball = depth + 0.022 - radius + np.sqrt(np.clip(round_, 0, None))
    drape = ridge(u, 1.15, 4) * np.exp(
        -((np.clip(v - 0.02, 0, 9) / 0.07) ** 4) - (np.clip(-v - 0.02, 0, 9) / 0.06) ** 4
    )
    z = blend(z, np.maximum(z, ball + 0.014), drape * front)
    z = blend(z, ball, inside)
    fold = upper + 0.030 + 0.012 * identity.features.lid
    crease = ridge(v - fold, 0.010) * smoothstep(1.15, 0.8, np.abs(u))
    return Eyes(inside, u, v, upper, lower, crease), z - 0.010 * crease


def shape_ears(identity: Identity, detail: float) -> list[Surface]:
    """Two shells at the sides of the head."""
    rows, columns = int(160 * detail), int(260 * detail)
    half = 0.685 * (1 + 0.05 * identity.features.face_width)
    radius, turn = np.meshgrid(
        np.linspace(0, 1, rows), np.linspace(0, 2 * np.pi, columns), indexing="ij"
    )
    across, up = np.cos(turn), np.sin(turn)
    px, py = radius * across * (0.115 + 0.03 * up), radius * up * 0.215
    rim = 0.045 * ridge(radius - 0.86, 0.10) - 0.045 * ridge(radius, 0.42)
    rim += 0.02 * ridge(radius - 0.58, 0.09) * (up > -0.2)
    middle = -0.04 + 0.015 * identity.features.eye_level - 0.06 * identity.child
    tone = linear(identity.skin_colour) * np.array([1.0, 0.90, 0.87])
    shade = (1 - 0.45 * ridge(radius, 0.35))[..., None]
    ears = []
    for sign in (-1, 1):
        outward = half - 0.015 + rim * 0.80 + (0.115 - px) * 0.42
        points = np.stack([sign * outward, middle + py, -0.16 + rim * 0.60 + px * 0.8], -1)
        ears.append(
            Surface(
                points=points if sign > 0 else points[:, ::-1],
                albedo=tone * shade + 0 * points,
                gloss=np.full_like(radius, 0.2),
                material=Material.SKIN,
            )
        )
    return ears
