"""dlib's face recogniser, read from its own file and run without dlib.

The network is `anet_type` of dlib's dnn_face_recognition example: 29
convolutions, trained by Davis King, public domain (CC0). The file is dlib's
stream format: an integer is one byte (low nibble: number of bytes, bit 7:
sign) and then little-endian bytes; a string is its length and its bytes; a
tensor is the version 2, four sizes and raw little-endian float32. Layers stand
input first. Sources: dlib/serialize.h, dlib/dnn/core.h, dlib/dnn/layers.h.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from detector.errors import ModelMissingError
from detector.geometry import DLIB_150
from detector.networks import onnx_format
from detector.networks.runtime import Network
from detector.networks.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from detector.faces import Pixels, Templates

    Floats = npt.NDArray[np.float32]

WEIGHTS = Weights(
    package="face_recognition_models",
    file="models/dlib_face_recognition_resnet_model_v1.dat",
    sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    distribution="face-recognition-models==0.3.0",
)

CHIP = DLIB_150.side
"""Side of the square picture of a face, in pixels."""

BATCH = 16
"""Faces per run: larger batches are no faster and need more memory."""

_TENSOR_VERSION = 2
_MEANS = np.array([122.782, 117.001, 104.298], dtype=np.float32)
_SCALE = 1 / 256

# Filters of each residual block; a block named "down" halves the size.
_BLOCKS = (
    *[(32, False)] * 3,
    (64, True),
    *[(64, False)] * 3,
    (128, True),
    *[(128, False)] * 2,
    (256, True),
    *[(256, False)] * 2,
    (256, True),
)


class DlibResnet:
    """Recogniser: 150-pixel chips to 128 numbers, those of dlib to 10⁻⁵."""

    name = "dlib_resnet_v1"
    dimensions = 128
    geometry = DLIB_150

    def __init__(self, threads: int | None = None) -> None:
        """Reads the weights and loads the network.

        Raises:
            ModelMissingError: the weights are absent or not the tested ones.
            BackendMissingError: the runtime is not installed.
        """
        self._network = Network(build_model(read_layers(WEIGHTS.read())), threads)

    def embed(self, chips: Pixels) -> Templates:
        """Templates of aligned faces: uint8 (n, 150, 150, 3) to float32 (n, 128)."""
        if not len(chips):
            return np.zeros((0, 128), dtype=np.float32)
        batches = [
            self._network.run(np.ascontiguousarray(chips[start : start + BATCH]))[0]
            for start in range(0, len(chips), BATCH)
        ]
        return np.concatenate(batches)


@dataclasses.dataclass(frozen=True, slots=True)
class Convolution:
    """One convolution with the affine layer after it folded in."""

    filters: Floats
    bias: Floats


@dataclasses.dataclass(frozen=True, slots=True)
class Layers:
    """What the file holds: 29 convolutions, input first, and the last matrix."""

    convolutions: tuple[Convolution, ...]
    projection: Floats
    """Shape (256, 128)."""


def read_layers(content: bytes) -> Layers:
    """The layers of dlib's file.

    Raises:
        ModelMissingError: the bytes are not the expected network.
    """
    shapes = _convolution_shapes()
    try:
        stream = _Stream(content)
        convolutions = []
        for shape in shapes:
            stream.skip_past("con_4")
            count, area = shape[0], shape[1] * shape[2] * shape[3]
            values = stream.tensor(count * area + count)
            declared = [stream.integer() for _ in range(3)]
            if declared != [count, shape[2], shape[3]]:
                raise ValueError(f"a convolution declares {declared}, expected {shape}")
            stream.skip_past("affine_")
            gamma, beta = np.split(stream.tensor(2 * count), 2)
            filters = values[: count * area].reshape(shape) * gamma[:, None, None, None]
            convolutions.append(Convolution(filters, values[count * area :] * gamma + beta))
        stream.skip_past("fc_2")
        sizes = [stream.integer(), stream.integer()]
        if sizes != [128, 256]:
            raise ValueError(f"the last layer declares {sizes}")
        projection = stream.tensor(256 * 128).reshape(256, 128)
    except (ValueError, IndexError) as error:
        raise ModelMissingError(
            "the face recogniser's file is not the expected network ({reason}); "
            "reinstall {package}",
            reason=str(error),
            package=WEIGHTS.distribution,
        ) from error
    return Layers(tuple(convolutions), projection)


def build_model(layers: Layers) -> bytes:
    """The network as an ONNX model: "chips" uint8 (n, 150, 150, 3) to "templates"."""
    first, *others = layers.convolutions
    graph = _Graph(iter([_with_normalisation(first), *others]))
    graph.add("Cast", ["chips"], "float", to=onnx_format.FLOAT)
    graph.add("Transpose", ["float"], "planes", perm=(0, 3, 1, 2))
    graph.convolve("planes", "c0", stride=2, padding=0)
    graph.add("Relu", ["c0"], "r0")
    here = graph.add("MaxPool", ["r0"], "p0", kernel_shape=(3, 3), strides=(2, 2))
    size = _after(_after(CHIP, 7, 2, 0), 3, 2, 0)
    channels = 32
    for index, (filters, down) in enumerate(_BLOCKS):
        if down:
            here, size = graph.down_block(f"b{index}", here, size, filters - channels)
            channels = filters
        else:
            here = graph.block(f"b{index}", here)
    graph.add("GlobalAveragePool", [here], "mean")
    graph.add("Flatten", ["mean"], "flat", axis=1)
    graph.constants.append(onnx_format.constant("projection", layers.projection))
    graph.add("MatMul", ["flat", "projection"], "templates")
    return onnx_format.model(
        graph.nodes,
        graph.constants,
        [onnx_format.port("chips", onnx_format.UINT8, ("n", CHIP, CHIP, 3))],
        [onnx_format.port("templates", onnx_format.FLOAT, ("n", 128))],
    )


def _convolution_shapes() -> list[tuple[int, int, int, int]]:
    """Filters, channels, rows, columns of each convolution, input first."""
    shapes = [(32, 3, 7, 7)]
    channels = 32
    for filters, _ in _BLOCKS:
        shapes += [(filters, channels, 3, 3), (filters, filters, 3, 3)]
        channels = filters
    return shapes


def _with_normalisation(first: Convolution) -> Convolution:
    """The first convolution, taking plain pixels; exact because it does not pad."""
    filters = first.filters * np.float32(_SCALE)
    shift = np.einsum("fcyx,c->f", filters.astype(np.float64), _MEANS.astype(np.float64))
    return Convolution(filters, first.bias - shift.astype(np.float32))


class _Graph:
    """Collects the nodes and constants of the model, taking convolutions in order."""

    def __init__(self, convolutions: Iterator[Convolution]) -> None:
        self.nodes: list[bytes] = []
        self.constants: list[tuple[bytes, memoryview]] = []
        self._convolutions = convolutions

    def add(
        self, operator: str, inputs: Sequence[str], output: str, **attributes: int | Sequence[int]
    ) -> str:
        self.nodes.append(onnx_format.node(operator, inputs, output, **attributes))
        return output

    def convolve(self, source: str, output: str, *, stride: int, padding: int) -> str:
        layer = next(self._convolutions)
        for suffix, values in (("w", layer.filters), ("b", layer.bias)):
            self.constants.append(onnx_format.constant(f"{output}.{suffix}", values))
        return self.add(
            "Conv",
            [source, f"{output}.w", f"{output}.b"],
            output,
            kernel_shape=layer.filters.shape[2:],
            strides=(stride, stride),
            pads=(padding,) * 4,
        )

    def block(self, name: str, source: str) -> str:
        """A residual block that keeps its size."""
        self.convolve(source, f"{name}.1", stride=1, padding=1)
        return self._finish(name, source)

    def down_block(self, name: str, source: str, size: int, more_channels: int) -> tuple[str, int]:
        """A residual block that halves its size; its output and the new size.

        The branch and the 2 x 2 average of the input may differ by one row and
        column, and in channels: dlib adds them at the upper left corner and takes
        what is missing as zero.
        """
        convolved, pooled = _after(size, 3, 2, 0), _after(size, 2, 2, 0)
        self.convolve(source, f"{name}.1", stride=2, padding=0)
        skip = self.add(
            "AveragePool", [source], f"{name}.skip", kernel_shape=(2, 2), strides=(2, 2)
        )
        larger = max(convolved, pooled)
        skip = self._grow(skip, more_channels, larger - pooled)
        return self._finish(name, skip, larger - convolved), larger

    def _finish(self, name: str, skip: str, missing: int = 0) -> str:
        self.add("Relu", [f"{name}.1"], f"{name}.relu")
        branch = self.convolve(f"{name}.relu", f"{name}.2", stride=1, padding=1)
        self.add("Add", [self._grow(branch, 0, missing), skip], f"{name}.sum")
        return self.add("Relu", [f"{name}.sum"], name)

    def _grow(self, source: str, channels: int, pixels: int) -> str:
        if not channels and not pixels:
            return source
        pads = (0, 0, 0, 0, 0, channels, pixels, pixels)
        return self.add("Pad", [source], f"{source}.grown", pads=pads)


def _after(size: int, window: int, stride: int, padding: int) -> int:
    """Side of a picture after a convolution or pooling."""
    return (size + 2 * padding - window) // stride + 1


class _Stream:
    """Reads dlib's serialised values one after the other."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0

    def skip_past(self, name: str) -> None:
        """Goes on to just after the next string `name`."""
        marker = bytes([1, len(name)]) + name.encode()
        found = self._content.find(marker, self._position)
        if found < 0:
            raise ValueError(f"no further layer {name}")
        self._position = found + len(marker)

    def integer(self) -> int:
        head = self._content[self._position]
        start = self._position + 1
        self._position = start + (head & 0x0F)
        value = int.from_bytes(self._content[start : self._position], "little")
        return -value if head & 0x80 else value

    def tensor(self, expected: int) -> Floats:
        version = self.integer()
        sizes = [self.integer() for _ in range(4)]
        if version != _TENSOR_VERSION or math.prod(sizes) != expected:
            raise ValueError(f"a tensor of version {version} and sizes {sizes}")
        end = self._position + 4 * expected
        if end > len(self._content):
            raise ValueError("it ends in the middle of a tensor")
        values = np.frombuffer(self._content, "<f4", expected, self._position)
        self._position = end
        return values.astype(np.float32, copy=False)
