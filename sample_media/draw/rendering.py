"""From points in space to a layer of light: visibility, shadows, shading."""

from dataclasses import dataclass

import numpy as np

from sample_media.draw.fields import Array, Colour, blend, blur, smoothstep
from sample_media.draw.figure import PointCloud, Pose, build_figure
from sample_media.draw.identity import Identity
from sample_media.draw.surface import Material

DISTANCE = 11.0
OVERHEAD = 1.85
SPAN = 2.55
NOTHING = -9.0
NEIGHBOURS = ((1, 0), (-1, 0), (1, 1), (-1, 1))


@dataclass(frozen=True, slots=True)
class Lamp:
    """A distant light; the first one of a lighting casts shadows."""

    direction: tuple[float, float, float]
    colour: Colour


@dataclass(frozen=True, slots=True)
class Lighting:
    """The lamps of a place and the light that comes from everywhere."""

    lamps: tuple[Lamp, ...]
    ambient: float


STUDIO = Lighting(
    (
        Lamp((-0.55, 0.55, 0.75), (1.9, 1.85, 1.8)),
        Lamp((0.8, 0.1, 0.6), (0.55, 0.58, 0.62)),
        Lamp((0.9, 0.5, -0.6), (0.6, 0.6, 0.6)),
    ),
    0.42,
)
DAYLIGHT = Lighting(
    (
        Lamp((-0.60, 0.45, 0.80), (1.65, 1.66, 1.68)),
        Lamp((0.8, 0.2, 0.6), (0.55, 0.55, 0.54)),
        Lamp((-0.8, 0.6, -0.5), (0.5, 0.5, 0.52)),
    ),
    0.56,
)
WINDOW = Lighting(
    (Lamp((0.9, 0.30, 0.55), (2.1, 2.1, 2.2)), Lamp((-0.8, 0.1, 0.5), (0.38, 0.37, 0.36))), 0.40
)
WARM = Lighting(
    (Lamp((-0.35, 0.8, 0.65), (2.1, 1.85, 1.5)), Lamp((0.6, -0.1, 0.7), (0.45, 0.46, 0.52))), 0.42
)
FLAT = Lighting(
    (Lamp((0.1, 0.35, 1.0), (1.6, 1.6, 1.6)), Lamp((-0.9, 0.3, 0.4), (0.35, 0.35, 0.35))), 0.60
)


@dataclass(frozen=True, slots=True)
class Layer:
    """A figure on glass.

    Args:
        light: Linear colour, already multiplied by the opacity.
        opacity: 0 to 1.
        face: Where the face shows, on the layer.
        box: Left, top, right, bottom of the face on the layer, edges in fractions of a pixel.
        origin: Pixel of the layer where the middle between the eyes would be, unturned.
    """

    light: Array
    opacity: Array
    face: Array
    box: tuple[float, float, float, float]
    origin: tuple[float, float]


def render_figure(
    identity: Identity,
    pose: Pose,
    lighting: Lighting,
    *,
    unit: float,
    drop: float = 2.6,
    oversample: int = 2,
) -> Layer:
    """Draw one person at `unit` pixels per unit of the head, down to `drop` units."""
    fine = unit * oversample
    cloud = build_figure(identity, pose, drop, min(1.0, fine / 406))
    width, height = round(2 * SPAN * unit), round((OVERHEAD + drop) * unit)
    camera = _Camera(fine, width * oversample, height * oversample)
    seen = camera.look(cloud)
    light, opacity = _shade(cloud, seen, lighting, fine)
    light = blur(light, 0.5) if oversample > 1 else light
    mask = blur(opacity, 0.5) if oversample > 1 else opacity
    light *= np.minimum(1, mask / np.maximum(mask, 1e-6))[..., None]
    face = np.zeros(seen.index.shape, np.float32)
    face[seen.hit] = cloud.is_face[seen.index[seen.hit]]
    return Layer(
        _reduce(light, oversample),
        _reduce(mask, oversample),
        _reduce(face, oversample) > 0.5,
        tuple(edge / oversample for edge in camera.face_box(cloud)),  # type: ignore[arg-type]
        (width / 2, OVERHEAD * unit),
    )


def _reduce(image: Array, by: int) -> Array:
    rows, columns = image.shape[0] // by, image.shape[1] // by
    cut = image[: rows * by, : columns * by]
    return np.asarray(cut.reshape(rows, by, columns, by, *image.shape[2:]).mean((1, 3)))


@dataclass(frozen=True, slots=True)
class _Seen:
    """Which point of the cloud each pixel shows, -1 for none."""

    index: Array
    hit: Array
    towards: Array


@dataclass(frozen=True, slots=True)
class _Camera:
    """Looks along -z from in front of the face."""

    unit: float
    width: int
    height: int

    def project(self, points: Array) -> tuple[Array, Array]:
        scale = self.unit * DISTANCE / (DISTANCE - points[:, 2])
        return self.width / 2 + points[:, 0] * scale, OVERHEAD * self.unit - points[:, 1] * scale

    def face_box(self, cloud: PointCloud) -> tuple[float, float, float, float]:
        face = cloud.points[cloud.is_face]
        towards = np.array([0, 0, DISTANCE], np.float32) - face
        visible = (cloud.normals[cloud.is_face] * towards).sum(1) > 0
        x, y = self.project(face[visible])
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())

    def look(self, cloud: PointCloud) -> _Seen:
        x, y = self.project(cloud.points)
        towards = np.array([0, 0, DISTANCE], np.float32) - cloud.points
        towards /= np.linalg.norm(towards, axis=1, keepdims=True)
        depth = cloud.points[:, 2]
        away = (cloud.normals * towards).sum(1) < -0.05
        index = _splat(
            x.astype(np.int64),
            y.astype(np.int64),
            depth - 0.5 * (away & (cloud.material == Material.SKIN)),
            (self.width, self.height),
            ((0, 0), (1, 0), (0, 1), (-1, 0), (0, -1)),
        )
        index = _close_gaps(index, depth)
        return _Seen(index, index >= 0, towards)


def _splat(
    x: Array,
    y: Array,
    depth: Array,
    size: tuple[int, int],
    offsets: tuple[tuple[int, int], ...] = ((0, 0),),
) -> Array:
    """The nearest point at every pixel; a point also fills its neighbours where nothing is."""
    width, height = size
    order = np.argsort(depth, kind="stable")
    within = (x >= 1) & (x < width - 1) & (y >= 1) & (y < height - 1)
    order = order[within[order]]
    at = y[order] * width + x[order]
    best = np.full(width * height, -1, np.int64)
    best[at] = order
    for dx, dy in offsets[1:]:
        other = np.full(width * height, -1, np.int64)
        other[at + dy * width + dx] = order
        nearer = (other >= 0) & ((best < 0) | (depth[other] > depth[best] + 0.012))
        best = np.where(nearer, other, best)
    return best.reshape(height, width)


def _neighbours(image: Array) -> Array:
    return np.stack([np.roll(image, shift, axis) for shift, axis in NEIGHBOURS])


def _close_gaps(index: Array, depth: Array) -> Array:
    """Fill pin holes, and holes through which something far behind shows."""
    for _ in range(3):
        around = _neighbours(index)
        index = np.where((index < 0) & ((around >= 0).sum(0) >= 3), around.max(0), index)
    at = np.where(index >= 0, depth[index], NOTHING)
    around, around_at = _neighbours(index), _neighbours(at)
    deep = (np.sort(around_at, 0)[1] - at > 0.12) & (index >= 0)
    nearest = np.take_along_axis(around, around_at.argmax(0)[None], 0)[0]
    return np.where(deep, nearest, index)


def _shade(cloud: PointCloud, seen: _Seen, lighting: Lighting, unit: float) -> tuple[Array, Array]:
    """Light of every pixel, and 1 where there is a figure."""
    hit, index = seen.hit, seen.index[seen.hit]
    opacity = hit.astype(np.float32)
    normal, towards = cloud.normals[index], seen.towards[index]
    normal = np.where(((normal * towards).sum(1) < 0)[:, None], -normal, normal)
    albedo, gloss, material = cloud.albedo[index], cloud.gloss[index], cloud.material[index]
    skin = (material == Material.SKIN)[:, None]
    wrap = np.where(skin, np.array([0.38, 0.22, 0.14]), np.array([0.12] * 3)).astype(np.float32)
    bleed = np.array([0.22, 0.14, 0.12], np.float32) * skin
    crevice = _crevices(cloud, seen, opacity, unit / 187)[hit]

    diffuse, shine = np.zeros_like(albedo), np.zeros_like(albedo)
    for number, lamp in enumerate(lighting.lamps):
        direction = np.array(lamp.direction, np.float32)
        direction /= np.linalg.norm(direction)
        colour = np.array(lamp.colour, np.float32)
        facing = (normal * direction).sum(1)
        reached = (
            _lit(cloud, seen, direction, opacity, unit / 187)
            if number == 0
            else np.ones(len(index), np.float32)
        )
        soft = np.clip((facing[:, None] + wrap) / (1 + wrap), 0, None) ** 1.15
        diffuse += soft * blend(bleed, 1.0, reached[:, None]) * colour * 0.62
        strength = _highlight(normal, towards, direction, material)
        shine += (strength * gloss * reached)[:, None] * colour

    sky = blend(0.62, 1.05, 0.5 + 0.5 * normal[:, 1:2])
    depth = crevice[:, None] ** np.array([0.8, 1.0, 1.05], np.float32)
    light = albedo * (diffuse + lighting.ambient * sky) * depth
    light += shine * 0.55 * crevice[:, None] + cloud.glow[index][:, None] * 0.8
    image = np.zeros((*hit.shape, 3), np.float32)
    image[hit] = light
    return image, opacity


def _crevices(cloud: PointCloud, seen: _Seen, opacity: Array, scale: float) -> Array:
    """Darkening where the surroundings stand out in front."""
    depth = np.where(seen.hit, cloud.points[seen.index, 2], 0)
    open_ = np.ones(seen.index.shape, np.float32)
    for radius, gain in ((5, 2.2), (14, 1.5), (40, 0.7)):
        mean = blur(depth * opacity, radius * scale) / (blur(opacity, radius * scale) + 1e-4)
        open_ *= 1 - np.clip(np.clip(mean - depth - 0.004, 0, 0.18) * gain * 1.6, 0, 0.45)
    return blur(open_, 1)


def _lit(cloud: PointCloud, seen: _Seen, direction: Array, opacity: Array, scale: float) -> Array:
    """How much of a lamp reaches each seen point (a softened shadow map)."""
    first = np.cross([0, 1, 0], direction)
    first = (first / np.linalg.norm(first)).astype(np.float32)
    second = np.cross(direction, first).astype(np.float32)
    cells, reach = 840, 10.0

    def place(points: Array) -> tuple[Array, Array]:
        across = ((points @ first) / reach + 0.5) * cells
        return across.astype(int), (((points @ second) / reach + 0.75) * cells).astype(int)

    sample = cloud.points[::3]
    towards = sample @ direction
    nearest = _splat(*place(sample), towards, (cells, cells))
    front = np.where(nearest >= 0, towards[nearest], NOTHING)
    points = cloud.points[seen.index[seen.hit]]
    column, row = place(points)
    depth, lit = points @ direction, np.zeros(len(points), np.float32)
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            cell = front[np.clip(row + dy, 0, cells - 1), np.clip(column + dx, 0, cells - 1)]
            lit += smoothstep(0.10, 0.04, cell - depth) / 9
    image = np.zeros(seen.hit.shape, np.float32)
    image[seen.hit] = lit
    soft = blur(image, 3.5 * scale) / (blur(opacity, 3.5 * scale) + 1e-4)
    return np.asarray(soft[seen.hit])


def _highlight(normal: Array, towards: Array, direction: Array, material: Array) -> Array:
    half = direction + towards
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    mirror = np.clip((normal * half).sum(1), 0, 1)
    facing = (normal * direction).sum(1)
    along = np.array([0, -1, 0], np.float32) + normal * normal[:, 1:2]
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-6
    strand = np.sqrt(np.clip(1 - (along * half).sum(1) ** 2, 0, 1))
    hair = 0.10 * strand**40 * np.clip(facing + 0.2, 0, 1)
    smooth = 0.10 * mirror**14 + 0.16 * mirror**42 + (material == Material.FRAME) * mirror**60
    return np.asarray(np.where(material == Material.HAIR, hair, smooth * np.clip(facing * 3, 0, 1)))
