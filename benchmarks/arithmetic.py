"""How much arithmetic a network does, and how fast this machine could do it at best.

What a network must multiply follows from its graph and the size of its input. How fast one
core can multiply is measured with large matrices: the quicker of numpy's linear algebra and
the networks' own runtime. Together they give a floor that no program with the same networks
gets below.
"""

from __future__ import annotations

import dataclasses
import math
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np

from detector.networks import onnx_format
from detector.networks.onnx_format import Graph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from detector.networks.onnx_format import Attribute, Node

Plane = tuple[int, int, int]
"""Channels, rows, columns."""

SIDE = 640
"""Of the picture for which the work per pixel is counted."""


@dataclasses.dataclass(frozen=True, slots=True)
class Work:
    """Floating-point operations of the two networks; a multiplication and an addition are two."""

    per_pixel: float
    per_face: float

    def seconds(self, pixels: float, chips: float, peak: float) -> float:
        """What so many pixels and chips take at least, at `peak` operations a second."""
        return (pixels * self.per_pixel + chips * self.per_face) / peak


def work_of_networks() -> Work:
    """The work of the built-in face finder for each pixel, and of the recogniser for each chip."""
    from detector.networks import centerface, dlib_resnet

    finder = onnx_format.read_graph(centerface.build_model(centerface.WEIGHTS.read()))
    layers = dlib_resnet.read_layers(dlib_resnet.WEIGHTS.read())
    recogniser = onnx_format.read_graph(dlib_resnet.build_model(layers))
    whole = operations(finder, {"picture": (3, SIDE, SIDE)})
    chip = (3, dlib_resnet.CHIP, dlib_resnet.CHIP)
    return Work(whole / SIDE**2, operations(recogniser, {"chips": chip}))


def operations(graph: Graph, inputs: Mapping[str, Plane]) -> float:
    """Floating-point operations of all convolutions and products for inputs of these planes.

    Everything else (activations, sums, pooling, enlarging) is a few per cent and left out.
    A layout change before the first convolution is taken to keep the planes.

    Raises:
        KeyError: a node reads what no node before it makes.
    """
    planes = dict(inputs)
    total = 0.0
    for node in graph.nodes:
        before = planes[next(name for name in node.inputs if name not in graph.constants)]
        planes[node.output], done = _after(node, before, graph)
        total += done
    return total


def _after(node: Node, plane: Plane, graph: Graph) -> tuple[Plane, float]:
    """What a node makes of a plane, and the operations that it takes."""
    channels, rows, columns = plane
    match node.operator:
        case "GlobalAveragePool":
            return (channels, 1, 1), 0.0
        case "Pad":
            grown = _integers(node.attributes["pads"])
            return (channels + grown[5], rows + grown[6], columns + grown[7]), 0.0
        case "MatMul":
            matrix = graph.constants[node.inputs[1]]
            return (matrix.shape[1], 1, 1), 2.0 * matrix.size
        case "Conv" | "ConvTranspose" | "MaxPool" | "AveragePool":
            return _under_a_window(node, plane, graph)
    return plane, 0.0


def _under_a_window(node: Node, plane: Plane, graph: Graph) -> tuple[Plane, float]:
    """The same, of a node whose window is moved over the plane."""
    channels, rows, columns = plane
    high, wide = _integers(node.attributes["kernel_shape"])
    down, right = _integers(node.attributes.get("strides", (1, 1)))
    top, left, bottom, end = _integers(node.attributes.get("pads", (0, 0, 0, 0)))
    if node.operator == "ConvTranspose":
        weights = graph.constants[node.inputs[1]]
        size = (
            (rows - 1) * down + high - top - bottom,
            (columns - 1) * right + wide - left - end,
        )
        # Each value of the input is spread over a whole kernel.
        return (weights.shape[1], *size), 2.0 * weights.size * rows * columns
    size = (rows + top + bottom - high) // down + 1, (columns + left + end - wide) // right + 1
    if node.operator != "Conv":
        return (channels, *size), 0.0
    weights = graph.constants[node.inputs[1]]
    return (weights.shape[0], *size), 2.0 * weights.size * math.prod(size)


def _integers(value: Attribute) -> Sequence[int]:
    if isinstance(value, int | float):
        raise TypeError("an attribute that ought to be a list of integers")
    return value


def best_rate() -> float:
    """Operations a second of float32 on one core, by the quicker of two ways.

    Each is a process of its own, with one thread. Variables that hold the linear algebra to an
    older kind of processor are left out.
    """
    environment = {name: value for name, value in os.environ.items() if "OPENBLAS" not in name}
    environment |= dict.fromkeys(
        ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"
    )
    rates = []
    for way in (_BY_NUMPY, _BY_RUNTIME):
        done = subprocess.run(
            [sys.executable, "-c", _TIMED.format(way=way)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        rates.append(float(done.stdout))
    return max(rates)


MATRIX = 2048
_BY_NUMPY = f"""
a = numpy.random.default_rng(1).random(({MATRIX}, {MATRIX}), dtype=numpy.float32)
b = a.copy()
multiply = lambda: a @ b
"""
_BY_RUNTIME = f"""
from benchmarks.arithmetic import product_network
a = numpy.random.default_rng(1).random(({MATRIX}, {MATRIX}), dtype=numpy.float32)
network = product_network(a)
multiply = lambda: network.run(a)
"""
_TIMED = f"""
import time, numpy
{{way}}
multiply()
best = float("inf")
for _ in range(12):
    start = time.process_time()
    multiply()
    best = min(best, time.process_time() - start)
print(2 * {MATRIX} ** 3 / best)
"""


def product_network(matrix: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> Network:
    """A network of one thread that multiplies what it is given with the matrix."""
    from detector.networks.runtime import Network

    size = matrix.shape[0]
    model = onnx_format.model(
        [onnx_format.node("MatMul", ["a", "b"], "c")],
        [onnx_format.constant("b", matrix)],
        [onnx_format.port("a", onnx_format.FLOAT, ("n", size))],
        [onnx_format.port("c", onnx_format.FLOAT, ("n", matrix.shape[1]))],
    )
    return Network(model, threads=1)


if TYPE_CHECKING:
    from detector.networks.runtime import Network
