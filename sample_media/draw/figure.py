"""A whole person, put together and given a pose."""

from dataclasses import dataclass

import numpy as np

from sample_media.draw.accessories import put_on_glasses, put_on_mask
from sample_media.draw.anatomy import shape_ears
from sample_media.draw.clothing import dress
from sample_media.draw.complexion import paint_head
from sample_media.draw.fields import Array
from sample_media.draw.hair import CUTS, grow_hair
from sample_media.draw.identity import Identity
from sample_media.draw.surface import Surface

NAPE = np.array([0, -0.7, -0.15])


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """How somebody holds themselves.

    Args:
        yaw: Degrees the head turns to the picture's right.
        pitch: Degrees it bends down.
        roll: Degrees it tilts to its own shoulder.
        smile: 0 to 1; teeth show from 0.35.
        turn: Degrees the body turns; a third of the head's turn when left out.
        mask: Whether they wear a surgical mask.
    """

    yaw: float = 0
    pitch: float = 0
    roll: float = 0
    smile: float = 0.15
    turn: float | None = None
    mask: bool = False

    @property
    def head_turn(self) -> Array:
        """Rotation of the head."""
        return rotation(self.yaw, self.pitch, self.roll)

    @property
    def body_turn(self) -> Array:
        """Rotation of the body."""
        turn = self.yaw * 0.35 if self.turn is None else self.turn
        return rotation(turn, 0, self.roll * 0.15)


def rotation(yaw: float, pitch: float, roll: float) -> Array:
    """Turn about y, then x, then z; degrees."""
    a, b, c = np.radians([yaw, pitch, roll])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    return np.asarray(about_z @ about_x @ about_y, np.float32)


STILL = Pose()


@dataclass(frozen=True, slots=True)
class PointCloud:
    """All points of a figure in a row, posed."""

    points: Array
    normals: Array
    albedo: Array
    gloss: Array
    material: Array
    glow: Array
    is_face: Array


def build_figure(identity: Identity, pose: Pose, drop: float, detail: float) -> PointCloud:
    """Assemble somebody down to `drop` units below the eyes, and pose them."""
    surfaces = [
        paint_head(identity, pose.smile, detail),
        *grow_hair(identity, detail),
        *(shape_ears(identity, detail) if CUTS[identity.style].shows_ears else []),
        *put_on_glasses(identity, detail),
        *(put_on_mask(identity, detail) if pose.mask else []),
        *dress(identity, drop, detail),
    ]
    parts = [_flatten(surface, pose) for surface in surfaces]
    return PointCloud(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _flatten(surface: Surface, pose: Pose) -> tuple[Array, ...]:
    shape = surface.gloss.shape
    keep = np.ones(shape, bool) if surface.keep is None else surface.keep & np.ones(shape, bool)
    turn = pose.head_turn if surface.on_head else pose.body_turn
    points = (surface.points[keep] - NAPE).astype(np.float32) @ turn.T + NAPE
    count = len(points)
    return (
        points.astype(np.float32),
        surface.facing()[keep].astype(np.float32) @ turn.T,
        surface.albedo[keep].astype(np.float32),
        surface.gloss[keep].astype(np.float32),
        np.full(count, surface.material, np.int8),
        np.zeros(count, np.float32) if surface.glow is None else surface.glow[keep],
        np.zeros(count, bool) if surface.is_face is None else surface.is_face[keep],
    )
