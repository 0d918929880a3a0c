"""A face finder from an institution's own ONNX file."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from detector.errors import ModelRefusedError
from detector.faces import Box
from detector.models import MULTIPLE
from detector.networks import user_decoders
from detector.networks.user_model import UserNetwork, not_finite, refused
from detector.voting import Candidates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from detector.faces import Pixels
    from detector.models import UserFinder

OVERLAP = 64
"""Pixels that neighbouring windows share, where the network's input has a fixed size."""


class OnnxFinder:
    """Finds faces by a network that clearance.toml describes."""

    loads_in_background = True
    hint: float | None = None
    """What the scores of a network mean far below a sighting is not known."""

    def __init__(self, model: UserFinder, threads: int | None = None) -> None:
        """Reads, checks and loads the file, and tries it on a grey picture.

        Raises:
            ModelRefusedError: the file or the network is not what was declared.
            BackendMissingError: the runtime is not installed.
        """
        self.name = self.alignment = model.tag
        self.smallest_face = model.smallest_face
        self._model = model
        self._network = UserNetwork(model, threads)
        self._network.check_input(*(model.size or (None, None)))
        self._decoder = user_decoders.DECODERS[model.decoder]
        known = {port.name for port in self._network.outputs}
        names = model.outputs
        if not names and known.issuperset(self._decoder.names):
            names = self._decoder.names
        self._outputs = self._network.positions(names or [p.name for p in self._network.outputs])
        self.find(np.full((MULTIPLE, 2 * MULTIPLE, 3), 127, np.uint8), 0.5)

    def find(self, pixels: Pixels, threshold: float) -> Candidates:
        """Every sighting scored at least `threshold`: many per face.

        `pixels` is RGB uint8 (height, width, 3); coordinates are its pixels.

        Raises:
            ModelRefusedError: the network fails, or gives something else.
        """
        height, width = pixels.shape[:2]
        found = []
        for window, core in self._windows(width, height):
            seen = self._find_in_window(
                pixels[window.top : window.bottom, window.left : window.right], threshold
            ).moved(shift=(window.left, window.top))
            # Each sighting belongs to one window: that in whose core its centre lies.
            x, y = (seen.boxes[:, :2] + seen.boxes[:, 2:]).T / 2
            inside = (x >= core.left) & (x < core.right) & (y >= core.top) & (y < core.bottom)
            found.append(seen.take(inside))
        return Candidates.joined(found).inside(width, height)

    def _find_in_window(self, pixels: Pixels, threshold: float) -> Candidates:
        height, width = pixels.shape[:2]
        across, down = self._model.size or (_rounded_up(width), _rounded_up(height))
        # Black beyond the edges, as the networks are used by those who publish them.
        padded = np.zeros((1, down, across, 3), np.uint8)
        padded[0, :height, :width] = pixels
        outputs = self._network.run(padded)
        try:
            found = self._decoder.decode(
                [outputs[index] for index in self._outputs], across, down, threshold
            )
        except ModelRefusedError as cause:
            raise refused(self._model, cause) from cause
        for array in (found.boxes, found.landmarks):
            if not np.isfinite(array).all():
                raise not_finite(self._model, self._network.outputs[0].name)
        landmarks = found.landmarks[:, list(self._model.permutation)] + np.float32(
            self._decoder.first_pixel
        )
        return Candidates(found.boxes, found.scores, landmarks)

    def _windows(self, width: int, height: int) -> Iterator[tuple[Box, Box]]:
        """Parts of the picture that fit the network, each with its core; cores do not overlap."""
        across, down = self._model.size or (width, height)
        for top, bottom, first_row, last_row in _spans(height, down):
            for left, right, first_column, last_column in _spans(width, across):
                yield (
                    Box(left, top, right, bottom),
                    Box(first_column, first_row, last_column, last_row),
                )


_BEYOND = 1_000_000_000
"""Past every edge: a face cut by the edge may have its centre outside."""


def _spans(length: int, window: int) -> Iterator[tuple[int, int, int, int]]:
    """Start and end of each window along one side, then of its core."""
    count = 1 if length <= window else -(-(length - OVERLAP) // (window - OVERLAP))
    starts = [round(index * (length - window) / max(1, count - 1)) for index in range(count)]
    # Neighbours share at least OVERLAP pixels; the border between cores is their middle.
    borders = [(one + window + other) // 2 for one, other in itertools.pairwise(starts)]
    lows, highs = [-_BEYOND, *borders], [*borders, _BEYOND]
    for start, low, high in zip(starts, lows, highs, strict=True):
        yield start, min(start + window, length), low, high


def _rounded_up(pixels: int) -> int:
    return max(1, -(-pixels // MULTIPLE)) * MULTIPLE
