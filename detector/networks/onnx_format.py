"""Writes and edits ONNX models without the onnx package.

Only what two networks need: a graph of nodes with float and integer
attributes, float32 constants, and new inputs and outputs for an existing
model. The format is protocol buffers; field numbers are those of onnx.proto3
(IR version 8).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    Dimension = int | str

IR_VERSION = 8
# The last version in which Pad takes its widths as an attribute.
OPSET = 10

FLOAT = 1
UINT8 = 2

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MORE = 0x80  # the bit of a byte that says that another one follows
_MODEL_GRAPH, _GRAPH_NODE, _GRAPH_INPUT, _GRAPH_OUTPUT = 7, 1, 11, 12


def node(
    operator: str,
    inputs: Sequence[str],
    output: str,
    **attributes: int | float | Sequence[int],
) -> bytes:
    """A NodeProto with one output."""
    parts = [_text(1, name) for name in inputs]
    parts += [_text(2, output), _text(3, output), _text(4, operator)]
    parts += [_message(5, _attribute(name, value)) for name, value in attributes.items()]
    return b"".join(parts)


def constant(name: str, values: npt.NDArray[np.float32]) -> tuple[bytes, memoryview]:
    """A TensorProto holding float32 values, in two parts: what it is, and the values."""
    dims = b"".join(_integer(1, size) for size in values.shape)
    raw = np.ascontiguousarray(values, dtype="<f4").data.cast("B")
    told = dims + _integer(2, FLOAT) + _text(8, name)
    return told + _key(9, _BYTES) + _varint(len(raw)), raw


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
) -> bytes:
    """A ModelProto from its parts."""
    graph: list[bytes | memoryview] = [_message(_GRAPH_NODE, part) for part in nodes]
    graph.append(_text(2, "graph"))
    for told, raw in constants:
        graph += [_key(5, _BYTES) + _varint(len(told) + len(raw)), told, raw]
    graph += [_message(_GRAPH_INPUT, part) for part in inputs]
    graph += [_message(_GRAPH_OUTPUT, part) for part in outputs]
    operators = _text(1, "") + _integer(2, OPSET)
    # The values are tens of megabytes: they are copied once, here.
    size = _varint(sum(map(len, graph)))
    head = _integer(1, IR_VERSION) + _key(_MODEL_GRAPH, _BYTES) + size
    return b"".join([head, *graph, _message(8, operators)])


def with_ports(
    untouched: bytes,
    inputs: Mapping[str, bytes],
    outputs: Mapping[str, bytes],
    first_nodes: Iterable[bytes] = (),
) -> bytes:
    """An existing model with other inputs and outputs and nodes put before its own.

    Old exporters list every constant among the inputs, which forbids the
    runtime to treat it as one; replacing the list alone halves the run time.
    """
    parts = []
    for number, kind, value in _fields(untouched):
        if number == _MODEL_GRAPH and kind == _BYTES:
            graph = [_message(_GRAPH_NODE, part) for part in first_nodes]
            graph += [
                _field(inner, inner_kind, content)
                for inner, inner_kind, content in _fields(value)
                if inner not in (_GRAPH_INPUT, _GRAPH_OUTPUT)
            ]
            graph += [_message(_GRAPH_INPUT, part) for part in inputs.values()]
            graph += [_message(_GRAPH_OUTPUT, part) for part in outputs.values()]
            parts.append(_message(_MODEL_GRAPH, b"".join(graph)))
        else:
            parts.append(_field(number, kind, value))
    return b"".join(parts)


def _attribute(name: str, value: int | float | Sequence[int]) -> bytes:
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
    return _key(number, _BYTES) + _varint(len(content)) + content


def _text(number: int, content: str) -> bytes:
    return _message(number, content.encode())


def _field(number: int, kind: int, value: bytes) -> bytes:
    return _message(number, value) if kind == _BYTES else _key(number, kind) + value


def _fields(message: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Number, wire type and raw value of each field."""
    position = 0
    while position < len(message):
        key, position = _read_varint(message, position)
        number, kind = key >> 3, key & 7
        start = position
        if kind == _VARINT:
            _, position = _read_varint(message, position)
        elif kind == _BYTES:
            length, start = _read_varint(message, position)
            position = start + length
        elif kind in (_FIXED32, _FIXED64):
            position += 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"not a model: wire type {kind} at byte {position}")
        if position > len(message):
            raise ValueError("not a model: it ends in the middle of a field")
        yield number, kind, message[start:position]


def _read_varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & ~_MORE) << shift
        if byte < _MORE:
            return value, position
        shift += 7
