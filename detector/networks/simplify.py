"""Rewrites a network of convolutions into an equal one that costs less.

What is removed is exact on paper and differs by rounding in practice:
normalisation after a convolution becomes part of it, two convolutions without
anything between them become one, convolutions of one tensor become one, and
hidden channels that training has switched off are left out.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from detector.networks.onnx_format import Graph, Node

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from detector.networks.onnx_format import Attribute

    Floats = npt.NDArray[np.float32]
    Numbers = npt.NDArray[np.floating]

NEGLIGIBLE = 1e-4
"""Weights of a path through a hidden channel, multiplied, that count as nothing.

In CenterFace a tenth of the hidden channels lie below (most below 10⁻⁶), and
the others far above.
"""

_BLOCK = 8
"""The runtime computes channels in blocks of eight: fewer are no gain."""

_BRIGHTEST = 255
"""The largest value of the network's input."""


def without_normalisation(graph: Graph) -> Graph:
    """BatchNormalization after a ConvTranspose becomes its weights and bias.

    Raises:
        ValueError: one stands elsewhere.
    """
    edited = _Editable(graph)
    for last in graph.nodes:
        if last.operator != "BatchNormalization":
            continue
        first = edited.only_reader_of(last.inputs[0], "ConvTranspose")
        gamma, beta, mean, variance = (
            edited.constant(name).astype(np.float64) for name in last.inputs[1:]
        )
        factor = gamma / np.sqrt(variance + _number(last, "epsilon"))
        weights, bias = edited.weights(first)
        edited.remove(last)
        # A transposed convolution has its outputs second.
        edited.replace(first, weights * factor[:, None, None], (bias - mean) * factor + beta, last)
    return edited.graph()


def without_detours(graph: Graph) -> Graph:
    """Two pointwise convolutions with nothing between become one where that is less work."""
    edited = _Editable(graph)
    for last in graph.nodes:
        first = edited.makers.get(last.inputs[0])
        if first is None or not (_is_pointwise(first) and _is_pointwise(last)):
            continue
        inner, inner_bias = edited.weights(first)
        outer, outer_bias = edited.weights(last)
        joined_size = inner.shape[1] * outer.shape[0]
        if len(edited.readers(first)) > 1 or joined_size >= inner.size + outer.size:
            continue
        # Not "@": waking the threads of the linear algebra takes longer than this sum.
        joined = np.einsum("ohyx,hiyx->oi", outer, inner, dtype=np.float64)
        bias = np.einsum("ohyx,h->o", outer, inner_bias, dtype=np.float64) + outer_bias
        edited.remove(last)
        edited.replace(first, joined[:, :, None, None], bias, last)
    return edited.graph()


def with_one_head(graph: Graph, heads: Sequence[str], output: str) -> Graph:
    """The convolutions that give `heads`, all of one tensor, as one with the output `output`.

    A Sigmoid after a head is left out. Channels come in the order of `heads`.

    Raises:
        ValueError: the heads are not convolutions of one tensor.
    """
    edited = _Editable(graph)
    found = []
    for name in heads:
        node = edited.makers[name]
        if node.operator == "Sigmoid":
            edited.remove(node)
            node = edited.makers[node.inputs[0]]
        found.append(node)
    if len({node.inputs[0] for node in found}) > 1 or not all(map(_is_pointwise, found)):
        raise ValueError(f"the outputs {', '.join(heads)} are not made of one tensor")
    weights, biases = zip(*map(edited.weights, found), strict=True)
    first, *others = found
    for node in others:
        edited.remove(node)
    last = dataclasses.replace(first, output=output)
    edited.replace(first, np.concatenate(weights), np.concatenate(biases), last)
    return edited.graph()


def without_idle_channels(graph: Graph) -> Graph:
    """Leaves out hidden channels whose weights training has brought to nothing.

    A hidden channel is made by a convolution, filtered by a depthwise one and
    read by a pointwise one, each but the last followed by Relu (Sandler et al.
    2018, inverted residual). Per unit of the input (per 255 where that is the
    picture) it varies an output by at most its reach: the sum of the absolute
    weights that make it (and its bias, which the zeros beyond the edges lack),
    times the sum of those that filter it, times the largest that reads it. What
    does not vary becomes bias.
    """
    edited = _Editable(graph)
    for middle in graph.nodes:
        path = edited.hidden_path(middle)
        if path is None:
            continue
        maker, reader = path
        made, made_bias = edited.weights(maker)
        filters, filter_bias = edited.weights(middle)
        read, read_bias = edited.weights(reader)
        brightest = 1 if maker.inputs[0] in edited.makers else _BRIGHTEST
        enters = _sums(made) * brightest + np.maximum(made_bias, 0)
        reach = enters * _sums(filters) * np.abs(read[:, :, 0, 0]).max(axis=0)
        idle = int((reach < NEGLIGIBLE).sum()) // _BLOCK * _BLOCK
        if not idle:
            continue
        order = np.argsort(reach, kind="stable")
        gone, kept = np.sort(order[:idle]), np.sort(order[idle:])
        steady = np.maximum(made_bias, 0) * filters.sum(axis=(1, 2, 3)) + filter_bias
        steady = np.maximum(steady, 0)
        bias = read_bias + np.einsum("ohyx,h->o", read[:, gone], steady[gone], dtype=np.float64)
        edited.replace(maker, made[kept], made_bias[kept])
        edited.replace(middle, filters[kept], filter_bias[kept])
        edited.replace(reader, read[:, kept], bias)
    return edited.graph()


class _Editable:
    """A graph whose convolutions can be exchanged; each has weights and a bias."""

    def __init__(self, graph: Graph) -> None:
        self._nodes = list(graph.nodes)
        self._constants = dict(graph.constants)
        self.makers = {node.output: node for node in self._nodes}

    def graph(self) -> Graph:
        """The result, with the constants that it uses."""
        used = {name for node in self._nodes for name in node.inputs}
        constants = {name: self._constants[name] for name in self._constants if name in used}
        return Graph(self._nodes, constants)

    def constant(self, name: str) -> Floats:
        return self._constants[name]

    def weights(self, node: Node) -> tuple[Floats, Floats]:
        """Weights and bias of a convolution; no bias is zeros."""
        weights = self.constant(node.inputs[1])
        if len(node.inputs) > 2:  # noqa: PLR2004 - it has a bias
            return weights, self.constant(node.inputs[2])
        outputs = weights.shape[1 if node.operator == "ConvTranspose" else 0]
        return weights, np.zeros(outputs, np.float32)

    def readers(self, node: Node) -> list[Node]:
        return [other for other in self._nodes if node.output in other.inputs]

    def only_reader_of(self, name: str, operator: str) -> Node:
        """The node of that operator that makes `name`, for one reader alone."""
        node = self.makers.get(name)
        if node is None or node.operator != operator or len(self.readers(node)) != 1:
            raise ValueError(f"{name} is not made by a {operator} for one reader")
        return node

    def hidden_path(self, middle: Node) -> tuple[Node, Node] | None:
        """What makes and what reads the channels of a depthwise convolution, Relu between."""
        if middle.operator != "Conv" or middle.attributes.get("group", 1) == 1:
            return None
        before = self.makers.get(middle.inputs[0])
        maker = before and self.makers.get(before.inputs[0])
        after = self._reader(middle, "Relu")
        reader = after and self._reader(after, "Conv")
        if not (before and maker and reader and before.operator == "Relu"):
            return None
        alone = self._reader(maker, "Relu") and self._reader(before, "Conv")
        whole = self.weights(middle)[0].shape[1] == 1 and maker.operator == "Conv"
        return (maker, reader) if alone and whole and _is_pointwise(reader) else None

    def _reader(self, node: Node, operator: str) -> Node | None:
        """The only reader, if it is of that operator."""
        readers = self.readers(node)
        return readers[0] if len(readers) == 1 and readers[0].operator == operator else None

    def remove(self, node: Node) -> None:
        self._nodes.remove(node)
        del self.makers[node.output]

    def replace(
        self, node: Node, weights: Numbers, bias: Numbers, named: Node | None = None
    ) -> None:
        """Other weights for a convolution, perhaps with the output of `named`."""
        output = (named or node).output
        names = (f"{output}.w", f"{output}.b")
        self._constants[names[0]] = np.ascontiguousarray(weights, dtype=np.float32)
        self._constants[names[1]] = bias.astype(np.float32)
        changed = dict(node.attributes)
        if changed.get("group", 1) != 1:
            changed["group"] = len(weights)
        self._exchange(node, Node(node.operator, (node.inputs[0], *names), output, changed))

    def _exchange(self, old: Node, new: Node) -> None:
        self._nodes[self._nodes.index(old)] = new
        del self.makers[old.output]
        self.makers[new.output] = new


def _is_pointwise(node: Node) -> bool:
    """Whether it is a 1 x 1 convolution that mixes channels and nothing else."""
    wanted: Iterable[tuple[str, Attribute]] = (("group", 1), ("strides", (1, 1)))
    return (
        node.operator == "Conv"
        and node.attributes.get("kernel_shape") == (1, 1)
        and all(node.attributes.get(name, value) == value for name, value in wanted)
        and not any(_integers(node, "pads"))
    )


def _sums(filters: Floats) -> Floats:
    """The sum of the absolute weights of each filter."""
    sums: Floats = np.abs(filters).sum(axis=(1, 2, 3))
    return sums


def _number(node: Node, name: str) -> float:
    value = node.attributes[name]
    if not isinstance(value, int | float):
        raise ValueError(f"the attribute {name} of a {node.operator} is not a number")
    return value


def _integers(node: Node, name: str) -> Sequence[int]:
    value = node.attributes.get(name, ())
    return () if isinstance(value, int | float) else value
