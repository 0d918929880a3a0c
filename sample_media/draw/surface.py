"""A coloured sheet in space, the one thing the renderer knows."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from sample_media.draw.fields import Array, linear


class Material(IntEnum):
    """How light leaves a sheet."""

    SKIN = 0
    HAIR = 1
    CLOTH = 2
    FRAME = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """A grid of points with their colour.

    Args:
        points: (rows, columns, 3).
        albedo: Linear colour of each point.
        gloss: How much it shines.
        material: How it scatters light.
        normals: Worked out from the points when left out.
        keep: Points to draw; all when left out.
        glow: Light of its own, for the sparkle of an eye.
        on_head: Whether it turns with the head.
        is_face: Points that belong to what a face box must enclose.
    """

    points: Array
    albedo: Array
    gloss: Array
    material: Material
    normals: Array | None = None
    keep: Array | None = None
    glow: Array | None = None
    on_head: bool = True
    is_face: Array | None = None

    def facing(self) -> Array:
        """The unit normals."""
        if self.normals is not None:
            return self.normals
        across = np.cross(np.gradient(self.points, axis=1), np.gradient(self.points, axis=0))
        return np.asarray(across / (np.linalg.norm(across, axis=-1, keepdims=True) + 1e-12))


def tube(line: Array, radius: float | Array, colour: Array, detail: float) -> Surface:
    """A shiny wire along a line of points."""
    along = np.gradient(line, axis=0)
    along = along / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-9)
    first = np.cross(along, [0, 0.3, 1.0])
    first /= np.linalg.norm(first, axis=1, keepdims=True) + 1e-9
    second = np.cross(along, first)
    turn = np.linspace(0, 2 * np.pi, int(28 * detail) + 8)[None, :, None]
    normals = first[:, None] * np.cos(turn) + second[:, None] * np.sin(turn)
    thickness = np.broadcast_to(np.asarray(radius, float), line.shape[:1])[:, None, None]
    points = line[:, None] + thickness * normals
    return Surface(
        points=points,
        albedo=linear(colour) + 0 * points,
        gloss=np.full(points.shape[:2], 1.2),
        material=Material.FRAME,
        normals=normals,
    )
