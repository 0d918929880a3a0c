"""People and things put into a place, back to front, and the truth about who is where."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sample_media.draw.fields import Array, blur
from sample_media.draw.figure import STILL, Pose
from sample_media.draw.identity import Identity, Outfit
from sample_media.draw.photograph import PLAIN_SHOT, Shot, expose
from sample_media.draw.rendering import DAYLIGHT, Layer, Lighting, render_figure
from sample_media.draw.scenery import Canvas

HEAD = 2.13  # units from the chin to the top of the skull
SHOWN = 0.30  # a face of which less can be seen is not counted as one


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Somebody in a scene.

    Args:
        look: How they look.
        person: Their id in the cast, None for a passer-by.
        at: Where the middle between their eyes is, as shares of the picture.
        size: Height of their head as a share of the picture's height.
        pose: How they hold themselves.
        outfit: Other clothes than their usual ones.
        note: Anything the truth should mention.
    """

    look: Identity
    person: str | None
    at: tuple[float, float]
    size: float
    pose: Pose = STILL
    outfit: Outfit | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Prop:
    """Something painted in front of those named before it."""

    draw: Callable[[Canvas], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One picture.

    Args:
        file: Where it goes, below the sample folder.
        size: Width and height, upright.
        place: Paints the background.
        items: People and props, the farthest first.
        lighting: The light on the people.
        shot: What the camera adds.
        hidden: People whose faces somebody has painted over, leaving the thumbnail as it was.
        note: What the picture is good for.
    """

    file: str
    size: tuple[int, int]
    place: Callable[[tuple[int, int]], Array]
    items: tuple[Stand | Prop, ...] = ()
    lighting: Lighting = DAYLIGHT
    shot: Shot = PLAIN_SHOT
    hidden: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Face:
    """Where a face is in the upright picture; right and bottom are exclusive.

    Args:
        person: Id in the cast, None for a passer-by.
        box: Left, top, right, bottom in pixels.
        visible: Share of the face that nothing covers.
        yaw: Degrees it is turned, 0 looks at the camera.
        note: Anything special about it.
    """

    person: str | None
    box: tuple[int, int, int, int]
    visible: float
    yaw: float
    note: str | None


@dataclass(slots=True)
class _Placed:
    """A figure already in the picture, and what is still to be seen of its face."""

    stand: Stand
    box: tuple[float, float, float, float]
    whole: int
    left: Array


def compose(scene: Scene, scale: float = 1) -> tuple[Array, list[Face]]:
    """The light of a scene and its faces; `scale` shrinks it for a quick look."""
    size = round(scene.size[0] * scale), round(scene.size[1] * scale)
    light = expose(scene.place(size)).copy()
    placed: list[_Placed] = []
    for item in scene.items:
        if isinstance(item, Prop):
            cover = _add_prop(light, item)
        else:
            figure, cover = _add_figure(light, item, scene.lighting)
        for earlier in placed:
            earlier.left &= cover < 0.5
        if isinstance(item, Stand):
            placed.append(figure)
    faces = [_truth(figure, size) for figure in placed]
    return light, [face for face in faces if face.visible >= SHOWN]


def _add_prop(light: Array, prop: Prop) -> Array:
    canvas = Canvas((light.shape[1], light.shape[0]))
    prop.draw(canvas)
    paint = canvas.finish()
    opacity = paint[..., 3:]
    light[...] = light * (1 - opacity) + expose(paint[..., :3]) * opacity
    return np.asarray(opacity[..., 0])


def _add_figure(light: Array, stand: Stand, lighting: Lighting) -> tuple[_Placed, Array]:
    rows, columns = light.shape[:2]
    unit = stand.size * rows / HEAD
    drop = max((rows - stand.at[1] * rows) / unit + 0.1, 0.6)
    look = stand.look if stand.outfit is None else stand.look.wearing(stand.outfit)
    layer = render_figure(look, stand.pose, lighting, unit=unit, drop=drop)
    corner = (
        round(stand.at[0] * columns - layer.origin[0]),
        round(stand.at[1] * rows - layer.origin[1]),
    )
    window, part = _overlap(layer, corner, (columns, rows))
    _cast_shadow(light, layer, corner, unit)
    opacity = layer.opacity[part][..., None]
    light[window] = light[window] * (1 - opacity) + layer.light[part]
    cover = np.zeros((rows, columns), np.float32)
    cover[window] = layer.opacity[part]
    face = np.zeros((rows, columns), bool)
    face[window] = layer.face[part]
    box = (
        layer.box[0] + corner[0],
        layer.box[1] + corner[1],
        layer.box[2] + corner[0],
        layer.box[3] + corner[1],
    )
    return _Placed(stand, box, int(layer.face.sum()), face), cover


def _overlap(
    layer: Layer, corner: tuple[int, int], size: tuple[int, int]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where a layer lies in the picture, and which part of the layer that is."""
    (left, top), (rows, columns) = corner, layer.opacity.shape
    x0, x1 = max(left, 0), min(left + columns, size[0])
    y0, y1 = max(top, 0), min(top + rows, size[1])
    x1, y1 = max(x0, x1), max(y0, y1)
    return (slice(y0, y1), slice(x0, x1)), (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))


def _cast_shadow(light: Array, layer: Layer, corner: tuple[int, int], unit: float) -> None:
    """Darken softly what is right behind somebody."""
    shifted = (corner[0] + round(0.16 * unit), corner[1] + round(0.10 * unit))
    window, part = _overlap(layer, shifted, (light.shape[1], light.shape[0]))
    shadow = blur(np.pad(layer.opacity, round(unit * 0.5)), 0.22 * unit)
    inset = round(unit * 0.5)
    shadow = shadow[inset:-inset, inset:-inset][part]
    light[window] *= 1 - 0.26 * shadow[..., None]


def _truth(figure: _Placed, size: tuple[int, int]) -> Face:
    left, top, right, bottom = figure.box
    box = (
        max(0, int(np.floor(left))),
        max(0, int(np.floor(top))),
        min(size[0], int(np.ceil(right))),
        min(size[1], int(np.ceil(bottom))),
    )
    visible = float(figure.left.sum()) / max(figure.whole, 1)
    stand = figure.stand
    return Face(stand.person, box, round(visible, 2), stand.pose.yaw, stand.note)
