"""A recogniser from an institution's own ONNX file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from detector.errors import ModelRefusedError
from detector.networks.user_model import UserNetwork, refused, shape_text

if TYPE_CHECKING:
    from detector.faces import Pixels, Templates
    from detector.models import UserRecogniser
    from detector.networks.runtime import Tensor

BATCH = 16


class OnnxRecogniser:
    """Turns chips into templates by a network that clearance.toml describes."""

    def __init__(self, model: UserRecogniser, threads: int | None = None) -> None:
        """Reads, checks and loads the file, and tries it on a grey chip.

        Raises:
            ModelRefusedError: the file or the network is not what was declared.
            BackendMissingError: the runtime is not installed.
        """
        self.name = model.tag
        self.dimensions = model.dimensions
        self.geometry = model.geometry
        self._model = model
        self._network = UserNetwork(model, threads)
        side = model.geometry.side
        self._network.check_input(side, side)
        (self._output,) = self._network.positions([model.output]) if model.output else (0,)
        self._batch = 1 if self._network.one_at_a_time else BATCH
        self.embed(np.full((1, side, side, 3), 127, np.uint8))

    def embed(self, chips: Pixels) -> Templates:
        """RGB uint8 (n, side, side, 3) to float32 (n, dimensions).

        A chip to which the network answers nothing but zeros gets a row of NaN if
        templates are normalised: it has no direction, and matches nobody.

        Raises:
            ModelRefusedError: the network fails, or gives something else.
        """
        rows = np.zeros((len(chips), self.dimensions), np.float32)
        for start in range(0, len(chips), self._batch):
            part = chips[start : start + self._batch]
            rows[start : start + len(part)] = self._rows(
                self._network.run(part)[self._output], len(part)
            )
        if not self._model.normalise:
            return rows
        lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
        lengths[lengths == 0] = math.nan
        normalised: Templates = (rows / lengths).astype(np.float32)
        return normalised

    def _rows(self, output: Tensor, count: int) -> Templates:
        """The output as one row per chip: sizes of 1 beside the numbers do not matter."""
        shape = (count, *(size for size in output.shape[1:] if size != 1))
        wanted = (count, self.dimensions) if self.dimensions > 1 else (count,)
        if output.shape[:1] != (count,) or shape != wanted:
            raise refused(
                self._model,
                ModelRefusedError(
                    "its output has the shape {found}, not {declared}; correct 'dimensions' "
                    "or 'output'",
                    found=shape_text(output.shape),
                    declared=shape_text((count, self.dimensions)),
                ),
            )
        rows: Templates = output.reshape(count, self.dimensions)
        return rows
