"""Reads and writes ONNX models without the onnx package.

Only what two networks need: nodes with one output and float and integer
attributes, float32 constants, and the small integers of a quantised network, which are
written only. The format is protocol buffers; field numbers are those of onnx.proto3
(IR version 8).
"""

from __future__ import annotations

import collections
import dataclasses
import math
import struct
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    Dimension = int | str
    Attribute = int | float | Sequence[int]
    Buffer = bytes | memoryview
    Floats = npt.NDArray[np.float32]

IR_VERSION = 8
# The last version in which Pad takes its widths as an attribute.
OPSET = 10

QUANTISED_OPSET = 13
"""The first version in which every channel of a tensor may have a scale of its own."""

FLOAT = 1
UINT8 = 2
_INT8, _INT32 = 3, 6

BYTES = 2
"""The wire type of a field that holds a message, a text or packed numbers."""

_VARINT, _FIXED64, _FIXED32 = 0, 1, 5
_MORE = 0x80  # the bit of a byte that says that another one follows
_MODEL_GRAPH, _GRAPH_NODE, _GRAPH_CONSTANT, _GRAPH_INPUT, _GRAPH_OUTPUT = 7, 1, 5, 11, 12


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """One operator: the names of its inputs and of its only output, and its attributes."""

    operator: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Attribute]

    def to_bytes(self) -> bytes:
        """The NodeProto."""
        return node(self.operator, self.inputs, self.output, **self.attributes)


@dataclasses.dataclass(frozen=True, slots=True)
class Graph:
    """The nodes of a model, each after those it reads from, and its constants by name."""

    nodes: list[Node]
    constants: dict[str, Floats]


def read_graph(content: bytes) -> Graph:
    """The nodes and float32 constants of a model; constants of other kinds are left out.

    Raises:
        ValueError: not a model, or one with parts that this module does not know.
        IndexError: it ends in the middle of a number.
    """
    graph = Graph([], {})
    for body in _by_number(content)[_MODEL_GRAPH]:
        parts = _by_number(body)
        graph.nodes.extend(map(_read_node, parts[_GRAPH_NODE]))
        for name, values in map(_read_constant, parts[_GRAPH_CONSTANT]):
            if values is not None:
                graph.constants[name] = values
    return graph


def node(
    operator: str,
    inputs: Sequence[str],
    output: str,
    **attributes: Attribute,
) -> bytes:
    """A NodeProto with one output."""
    parts = [_text(1, name) for name in inputs]
    parts += [_text(2, output), _text(3, output), _text(4, operator)]
    parts += [_message(5, _attribute(name, value)) for name, value in attributes.items()]
    return b"".join(parts)


def constant(name: str, values: npt.NDArray[np.generic]) -> tuple[bytes, memoryview]:
    """A TensorProto, in two parts: what it is, and the values; float32, (u)int8 or int32."""
    kind = _KINDS[values.dtype.name]
    dims = b"".join(_integer(1, size) for size in values.shape)
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    raw = little.reshape(-1).data.cast("B")
    told = dims + _integer(2, kind) + _text(8, name)
    return told + _key(9, BYTES) + _varint(len(raw)), raw


_KINDS = {"float32": FLOAT, "uint8": UINT8, "int8": _INT8, "int32": _INT32}


def port(name: str, kind: int, dimensions: Sequence[Dimension]) -> bytes:
    """A ValueInfoProto: an input or output; a dimension given by name is free."""
    shape = b"".join(
        _message(1, _integer(1, size) if isinstance(size, int) else _text(2, size))
        for size in dimensions
    )
    return _text(1, name) + _message(2, _message(1, _integer(1, kind) + _message(2, shape)))


def model(
    nodes: Iterable[bytes],
    constants: Iterable[tuple[bytes, memoryview]],
    inputs: Iterable[bytes],
    outputs: Iterable[bytes],
    opset: int = OPSET,
) -> bytes:
    """A ModelProto from its parts, in a version of the operators."""
    graph: list[Buffer] = [_message(_GRAPH_NODE, part) for part in nodes]
    graph.append(_text(2, "graph"))
    for told, raw in constants:
        graph += [_key(_GRAPH_CONSTANT, BYTES) + _varint(len(told) + len(raw)), told, raw]
    graph += [_message(_GRAPH_INPUT, part) for part in inputs]
    graph += [_message(_GRAPH_OUTPUT, part) for part in outputs]
    operators = _text(1, "") + _integer(2, opset)
    # The values are tens of megabytes: they are copied once, here.
    size = _varint(sum(map(len, graph)))
    head = _integer(1, IR_VERSION) + _key(_MODEL_GRAPH, BYTES) + size
    return b"".join([head, *graph, _message(8, operators)])


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _integer(3, value) + _integer(20, 2)
    if isinstance(value, float):
        return _text(1, name) + _key(2, _FIXED32) + struct.pack("<f", value) + _integer(20, 1)
    return _text(1, name) + b"".join(_integer(8, item) for item in value) + _integer(20, 7)


def _varint(value: int) -> bytes:
    value &= 0xFFFF_FFFF_FFFF_FFFF  # negative numbers are 64-bit two's complement
    out = bytearray()
    while value >= _MORE:
        out.append(value & ~_MORE & 0xFF | _MORE)
        value >>= 7
    out.append(value)
    return bytes(out)


def _key(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _integer(number: int, value: int) -> bytes:
    return _key(number, _VARINT) + _varint(value)


def _message(number: int, content: bytes) -> bytes:
    return _key(number, BYTES) + _varint(len(content)) + content


def _text(number: int, content: str) -> bytes:
    return _message(number, content.encode())


def _read_node(message: Buffer) -> Node:
    parts = _by_number(message)
    operator = _name(parts[4])
    if len(parts[2]) != 1:
        raise ValueError(f"an operator {operator!r} with {len(parts[2])} outputs")
    inputs = tuple(bytes(value).decode() for value in parts[1])
    return Node(operator, inputs, _name(parts[2]), dict(map(_read_attribute, parts[5])))


def _read_attribute(message: Buffer) -> tuple[str, Attribute]:
    parts = _by_number(message)
    name, kind = _name(parts[1]), _integers(parts[20])
    if kind == (1,):
        return name, float(np.frombuffer(b"".join(parts[2]), "<f4").sum())
    if kind == (2,):
        return name, sum(_integers(parts[3]))
    if kind == (7,):
        return name, _integers(parts[8])
    raise ValueError(f"an attribute {name!r} of the kind {kind}")


def _read_constant(message: Buffer) -> tuple[str, Floats | None]:
    """Name and values of a TensorProto; None if they are not float32."""
    parts = _by_number(message)
    name, shape = _name(parts[8]), _integers(parts[1])
    if _integers(parts[2]) != (FLOAT,):
        return name, None
    # Either as bytes or as a packed list of floats, which are the same bytes.
    held = [*parts[9], *parts[4]]
    if len(held) != 1 or len(held[0]) != 4 * math.prod(shape):
        raise ValueError(f"a constant {name!r} with other values than its shape {shape} says")
    return name, np.frombuffer(held[0], "<f4").reshape(shape).astype(np.float32, copy=False)


def _integers(held: Iterable[Buffer]) -> tuple[int, ...]:
    """A repeated integer, one to a field or packed."""
    found = []
    for value in held:
        position = 0
        while position < len(value):
            number, position = _read_varint(value, position)
            found.append(number - 2**64 if number >= 2**63 else number)
    return tuple(found)


def _name(held: Iterable[Buffer]) -> str:
    return b"".join(held).decode()


def _by_number(message: Buffer) -> Mapping[int, list[Buffer]]:
    """The raw values of a message's fields."""
    parts: dict[int, list[Buffer]] = collections.defaultdict(list)
    for number, _, value in fields(message):
        parts[number].append(value)
    return parts


def fields(message: Buffer) -> Iterator[tuple[int, int, Buffer]]:
    """Number, wire type and raw value of each field; a view of `message`."""
    message = memoryview(message)
    position = 0
    while position < len(message):
        key, position = _read_varint(message, position)
        number, kind = key >> 3, key & 7
        start = position
        if kind == _VARINT:
            _, position = _read_varint(message, position)
        elif kind == BYTES:
            length, start = _read_varint(message, position)
            position = start + length
        elif kind in (_FIXED32, _FIXED64):
            position += 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"not a model: wire type {kind} at byte {position}")
        if position > len(message):
            raise ValueError("not a model: it ends in the middle of a field")
        yield number, kind, message[start:position]


def _read_varint(message: Buffer, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & ~_MORE) << shift
        if byte < _MORE:
            return value, position
        shift += 7
