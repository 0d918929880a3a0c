"""Rewrites a network of convolutions into one that counts in 8-bit integers.

A tensor is held as uint8 with one scale and one zero for all of it, the weights of every
output channel as int8 with a scale of their own (Jacob et al. 2018, "Quantization and
training of neural networks for efficient integer-arithmetic-only inference"). It is written
as pairs of QuantizeLinear and DequantizeLinear around every convolution and sum, which the
runtime melts into integer operators. What it gains and what it costs:
docs/adr/0002-eight-bits.md.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import numpy as np

from detector.errors import ModelMissingError
from detector.networks import onnx_format
from detector.networks.onnx_format import Graph, Node

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Values = npt.NDArray[np.generic]

_STEPS = 255
"""Steps of a uint8."""

_LARGEST = 127
"""Largest weight as an int8; the range is even on both sides of zero."""

_PAIR = 128
"""What two neighbouring weights may come to: processors without instructions for such
networks add their products with 8-bit values in 16 bits, and 255 times more would not fit."""

_FINEST = 1e-12
"""Smallest scale: of a channel whose weights are all nothing."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """What values a network's tensors take, as benchmarks/fit_ranges.py measured it in photos.

    Attributes:
        tensors: lowest and highest value by the tensor's name; what lies beyond is cut off.
    """

    tensors: Mapping[str, tuple[float, float]]

    @classmethod
    def load(cls, path: Path) -> Ranges:
        """The ranges in a file that `save` wrote.

        Raises:
            ModelMissingError: the file is absent or damaged.
        """
        try:
            told = json.loads(path.read_text("utf-8"))
            return cls({name: (float(low), float(high)) for name, (low, high) in told.items()})
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise ModelMissingError(
                "the value ranges {path} cannot be used ({reason}); install the program again",
                path=path.name,
                reason=(str(error).splitlines() or [type(error).__name__])[0],
            ) from error

    def save(self, path: Path) -> None:
        """Writes the ranges as JSON, with the four digits that count."""
        told = {
            name: [float(f"{edge:.4g}") for edge in edges] for name, edges in self.tensors.items()
        }
        path.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def quantised(
    graph: Graph, ranges: Ranges, exact: Collection[str]
) -> tuple[list[bytes], list[tuple[bytes, memoryview]]]:
    """The nodes and constants of the network in integers, for `onnx_format.model`.

    Its input and output stay 32-bit floats. Convolutions and sums are counted in integers.

    Args:
        graph: of Conv, ConvTranspose, Relu and Add.
        ranges: of every tensor that a convolution or a sum reads.
        exact: the outputs of convolutions that stay as they are.

    Raises:
        LookupError: the range of a tensor is not known.
        ValueError: a range is not one.
    """
    writer = _Writer(ranges)
    for node in graph.nodes:
        if node.operator == "Conv" and node.output not in exact:
            writer.convolve(node, graph.constants)
        else:
            writer.copy(node, graph.constants)
    return writer.nodes, writer.constants


class _Writer:
    """Collects nodes and constants; a tensor is held in integers once that is asked for."""

    def __init__(self, ranges: Ranges) -> None:
        self.nodes: list[bytes] = []
        self.constants: list[tuple[bytes, memoryview]] = []
        self._ranges = ranges
        self._scales: dict[str, np.float32] = {}
        self._held: dict[str, str] = {}

    def copy(self, node: Node, constants: Mapping[str, Floats]) -> None:
        """A node that takes what there is; a sum of integers needs both in integers."""
        hold = self._integers if node.operator == "Add" else self._as_held
        inputs = [name if name in constants else hold(name) for name in node.inputs]
        self._keep({name: constants[name] for name in node.inputs if name in constants})
        self.nodes.append(onnx_format.node(node.operator, inputs, node.output, **node.attributes))

    def convolve(self, node: Node, constants: Mapping[str, Floats]) -> None:
        """A convolution counted in integers."""
        source = self._integers(node.inputs[0])
        weights, bias = (constants[name] for name in node.inputs[1:])
        grouped = node.attributes.get("group", 1) != 1
        scales = _scales(weights, pairwise=not grouped)
        whole = np.rint(weights / scales[:, None, None, None]).astype(np.int8)
        fine = scales * self._scales[node.inputs[0]]
        steps = np.clip(np.rint(bias / fine.astype(np.float64)), -(2**31), 2**31 - 1)
        inputs = [source]
        for name, values, scale in (
            (f"{node.output}.weights", whole, scales),
            (f"{node.output}.bias", steps.astype(np.int32), fine),
        ):
            zeros = np.zeros(len(values), values.dtype)
            self._keep({f"{name}.q": values, f"{name}.scale": scale, f"{name}.zero": zeros})
            parts = [f"{name}.q", f"{name}.scale", f"{name}.zero"]
            self.nodes.append(onnx_format.node("DequantizeLinear", parts, name, axis=0))
            inputs.append(name)
        self.nodes.append(onnx_format.node("Conv", inputs, node.output, **node.attributes))

    def _as_held(self, name: str) -> str:
        return self._held.get(name, name)

    def _integers(self, name: str) -> str:
        """The name under which a tensor is read when it has gone through integers."""
        if name not in self._held:
            low, high = self._ranges.tensors[name]
            low, high = min(low, 0.0), max(high, 0.0)
            if not 0 < high - low < np.inf:
                raise ValueError(f"{name} lies between {low} and {high}")
            scale = np.float32((high - low) / _STEPS)
            self._keep(
                {
                    f"{name}.scale": np.array(scale, np.float32),
                    f"{name}.zero": np.array(round(-low / float(scale)), np.uint8),
                }
            )
            how = (f"{name}.scale", f"{name}.zero")
            held = f"{name}.held"
            self.nodes.append(onnx_format.node("QuantizeLinear", [name, *how], f"{name}.q"))
            self.nodes.append(onnx_format.node("DequantizeLinear", [f"{name}.q", *how], held))
            self._scales[name], self._held[name] = scale, held
        return self._held[name]

    def _keep(self, constants: Mapping[str, Values]) -> None:
        self.constants += [onnx_format.constant(name, row) for name, row in constants.items()]


def _scales(weights: Floats, *, pairwise: bool) -> Floats:
    """The scale of each output channel: the finest that keeps within the limits, (n,)."""
    largest = np.abs(weights).max(axis=(1, 2, 3)) / _LARGEST
    if pairwise:
        # The runtime multiplies channel by channel of one place: these are neighbours.
        rows = weights.transpose(0, 2, 3, 1).reshape(len(weights), -1)
        largest = np.maximum(largest, _neighbours(rows) / (_PAIR - 1))
    scales: Floats = np.maximum(largest, _FINEST).astype(np.float32)
    return scales


def _neighbours(rows: Floats) -> Floats:
    """The most that two neighbouring weights of one sign come to together, (n,)."""
    most = np.zeros(len(rows), np.float32)
    for signed in (np.maximum(rows, 0), np.maximum(-rows, 0)):
        most = np.maximum(most, (signed[:, 1:] + signed[:, :-1]).max(axis=1, initial=0))
    return most
