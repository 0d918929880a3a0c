"""Stand-ins for the networks: faces are pure magenta rectangles on any other ground."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from detector.detector import Detector
from detector.faces import Box, Face, Frame, Landmarks
from detector.geometry import ARCFACE_112
from detector.scoring import COUNTS, ScoreModel
from detector.voting import Candidates

if TYPE_CHECKING:
    from detector.faces import Pixels, Templates

MAGENTA = (255, 0, 255)
GREY = (90, 100, 110)

ORDINARY = Box(100, 100, 220, 240)
"""A face with the eyes 48 pixels apart."""


class SquareFinder:
    """Finds the bounding box of each magenta rectangle from `smallest_face` up."""

    name = "squares"
    alignment = "centerface-5.2"
    loads_in_background = False
    smallest_face = 8
    hint: float | None = None

    def __init__(self, threads: int | None = None) -> None:
        self.looks: list[tuple[int, int]] = []

    def find(self, pixels: Pixels, threshold: float) -> Candidates:
        self.looks.append((pixels.shape[1], pixels.shape[0]))
        # Reduced copies blend the edges: most of a pixel must be magenta.
        wide = pixels.astype(int)
        mask = (wide[..., 0] > 180) & (wide[..., 1] < 60) & (wide[..., 2] > 180)
        boxes = [box for box in rectangles(mask) if box.width >= self.smallest_face]
        return Candidates(
            np.array([[b.left, b.top, b.right, b.bottom] for b in boxes], np.float32).reshape(
                -1, 4
            ),
            np.full(len(boxes), 0.7, np.float32),
            np.array([landmarks_in(b).points for b in boxes], np.float32).reshape(-1, 5, 2),
        )


class ColourRecogniser:
    """The average colour of the chip, in a unit cube's first three dimensions."""

    name = "colours_v1"
    # Neither the chips nor the templates have the size of the built-in network's.
    dimensions = 96
    geometry = ARCFACE_112

    def __init__(self, threads: int | None = None) -> None:
        pass

    def embed(self, chips: Pixels) -> Templates:
        rows = np.zeros((len(chips), self.dimensions), np.float32)
        rows[:, :3] = chips.mean(axis=(1, 2)) / 255
        return rows


def a_detector(finder: SquareFinder | None = None) -> Detector:
    """A detector of magenta rectangles."""
    return Detector(lambda: finder or SquareFinder(), ColourRecogniser, "colours_v1/squares")


def a_picture(*boxes: Box, width: int = 400, height: int = 300) -> Pixels:
    """A grey picture with magenta rectangles."""
    pixels = np.full((height, width, 3), GREY, dtype=np.uint8)
    for box in boxes:
        pixels[box.top : box.bottom, box.left : box.right] = MAGENTA
    return pixels


def a_frame(*views: Pixels) -> Frame:
    """A frame of the given views."""
    return Frame(Path("fake.png"), "0" * 64, "PNG", views[0], tuple(views[1:]))


def a_face(box: Box = ORDINARY, score: float = 0.9) -> Face:
    """A face with ordinary landmarks."""
    return Face(box, score, landmarks_in(box), passes=3)


def landmarks_in(box: Box) -> Landmarks:
    """Where the five points of an upright face lie in its box."""

    def at(x: float, y: float) -> tuple[float, float]:
        return box.left + x * box.width, box.top + y * box.height

    return Landmarks(at(0.3, 0.4), at(0.7, 0.4), at(0.5, 0.6), at(0.35, 0.8), at(0.65, 0.8))


def rectangles(mask: np.ndarray) -> list[Box]:
    """Bounding boxes of separate rectangles of True, found row by row."""
    open_boxes: list[list[int]] = []
    for y in range(mask.shape[0]):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], mask[y].astype(int), [0]])))
        for left, right in zip(edges[::2], edges[1::2], strict=True):
            for box in open_boxes:
                if box[3] == y and box[0] < right and left < box[2]:
                    box[0], box[2], box[3] = min(box[0], left), max(box[2], right), y + 1
                    break
            else:
                open_boxes.append([int(left), y, int(right), y + 1])
    return [Box(*(int(value) for value in box)) for box in open_boxes]


def a_model(dimensions: int) -> ScoreModel:
    """A model for which templates a tenth apart are one person's, and people are anywhere.

    In three dimensions one portrait scores 19.684 - 25 times the squared distance.
    """
    return ScoreModel(
        recogniser="colours_v1/squares",
        mean=np.zeros(dimensions),
        transform=10 * np.eye(dimensions),
        shares=np.ones(1),
        centres=np.zeros((1, dimensions)),
        spreads=np.full((1, dimensions), 1e6),
        rates=np.array([1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6]),
        scores=np.tile([2.0, 5, 8, 11, 14, 17], (len(COUNTS), 1)),
        clustering=1.0,
        provenance="made up",
    )
