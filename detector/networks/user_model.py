"""A network from a file that did not come with the program: read, checked, run.

Only the declared file is opened, only its declared content is accepted, and the
runtime gets the bytes that were checked. A model may name further files to be
read, or code to be loaded: both are refused before the runtime sees it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from detector.errors import ModelMissingError, ModelRefusedError
from detector.networks import onnx_format
from detector.networks.runtime import Network, refusals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from detector.faces import Pixels
    from detector.models import Preparation, UserModel
    from detector.networks.runtime import Port, Tensor

MAX_MODEL_BYTES = 1 << 30
"""Far above any recogniser; below what protocol buffers can hold."""

COLOURS = 3
_RANK = 4
_TYPE_NAMES = {"float32": "tensor(float)", "uint8": "tensor(uint8)"}

_STANDARD_DOMAINS = {"", "ai.onnx"}
_DEEPEST = 16
"""Graphs within graphs; real ones have one or two."""

# Field numbers of onnx.proto3, by message.
_MODEL_GRAPH, _MODEL_FUNCTION = 7, 25
_GRAPH_NODE, _GRAPH_CONSTANT, _GRAPH_SPARSE = 1, 5, 15
_FUNCTION_NODE = 7
_NODE_OPERATOR, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_SPARSE = {5, 10}, {6, 11}, {22, 23}
_SPARSE_TENSORS = {1, 2}
_TENSOR_ELSEWHERE = {13, 14}


class UserNetwork:
    """A loaded network of the institution's own, whose input is as declared."""

    def __init__(self, model: UserModel, threads: int | None) -> None:
        """Reads, checks and loads the file.

        Raises:
            ModelRefusedError: the file or the network is not what was declared.
            BackendMissingError: the runtime is not installed.
        """
        self.model: Final = model
        content = read_model(model)
        check_content(content, model)
        try:
            self._network = Network(content, threads)
        except ModelMissingError as error:
            raise _unusable(model, error.values.get("reason", error)) from error
        except refusals() as error:
            raise _unusable(model, error) from error
        self.input: Final = _only_input(self._network, model)
        self.outputs: Final = self._network.outputs

    def check_input(self, width: int | None, height: int | None) -> None:
        """That the network takes pictures of this size, and any if None.

        Raises:
            ModelRefusedError: it takes something else.
        """
        wanted = _TYPE_NAMES[self.model.preparation.type]
        if self.input.type != wanted:
            raise refused(
                self.model,
                ModelRefusedError(
                    "its input is {found}, not the declared {declared}; correct 'input'",
                    found=self.input.type,
                    declared=wanted,
                ),
            )
        spatial = (height, width)
        declared = (COLOURS, *spatial) if self._planes_first else (*spatial, COLOURS)
        found = self.input.shape
        fits = len(found) == _RANK and all(
            have is None or have == want for have, want in zip(found[1:], declared, strict=True)
        )
        if not fits or found[0] not in {None, 1}:
            raise refused(
                self.model,
                ModelRefusedError(
                    "its input has the shape {found}, not {declared}; "
                    "correct 'layout', 'size' or the geometry",
                    found=shape_text(found),
                    declared=shape_text((None, *declared)),
                ),
            )

    @property
    def one_at_a_time(self) -> bool:
        """Whether the network takes a single picture per run."""
        return self.input.shape[0] == 1

    @property
    def _planes_first(self) -> bool:
        return self.model.preparation.layout == "nchw"

    def run(self, pixels: Pixels) -> list[Tensor]:
        """The outputs for RGB uint8 (n, height, width, 3), each finite float32.

        Raises:
            ModelRefusedError: the network fails, or gives something else.
        """
        try:
            outputs = self._network.run(prepared(pixels, self.model.preparation))
        except refusals() as error:
            raise _unusable(self.model, error) from error
        for port, output in zip(self.outputs, outputs, strict=True):
            if not isinstance(output, np.ndarray) or output.dtype != np.float32:
                raise refused(
                    self.model,
                    ModelRefusedError("its output {name!r} is not float32", name=port.name),
                )
            if not np.isfinite(output).all():
                raise not_finite(self.model, port.name)
        return outputs

    def positions(self, names: Sequence[str]) -> list[int]:
        """Where the outputs of these names stand.

        Raises:
            ModelRefusedError: there is no such output.
        """
        known = [port.name for port in self.outputs]
        for name in names:
            if name not in known:
                raise refused(
                    self.model,
                    ModelRefusedError(
                        "it has no output {name!r}; there are {known}",
                        name=name,
                        known=", ".join(known),
                    ),
                )
        return [known.index(name) for name in names]


def read_model(model: UserModel) -> bytes:
    """The bytes of the declared file, once they are proven to be the declared ones.

    Raises:
        ModelRefusedError: the file is absent, too large, or another one.
    """
    try:
        if not model.file.is_file():
            raise refused(
                model, ModelRefusedError("there is no file {path}; correct 'file'", path=model.file)
            )
        with model.file.open("rb") as stream:
            content = stream.read(MAX_MODEL_BYTES + 1)
    except OSError as error:
        raise refused(
            model,
            ModelRefusedError(
                "{path} cannot be read ({reason})",
                path=model.file,
                reason=error.strerror or str(error),
            ),
        ) from error
    if len(content) > MAX_MODEL_BYTES:
        raise refused(
            model,
            ModelRefusedError(
                "{path} is larger than {most} bytes; that is no such network",
                path=model.file,
                most=MAX_MODEL_BYTES,
            ),
        )
    found = hashlib.sha256(content).hexdigest()
    if found != model.sha256:
        raise refused(
            model,
            ModelRefusedError(
                "{path} has the SHA-256 {found}, not the declared one ({size} bytes); fetch the "
                "file again, or declare this one if you have replaced it on purpose",
                path=model.file,
                found=found,
                size=len(content),
            ),
        )
    return content


def check_content(content: bytes, model: UserModel) -> None:
    """That the file is a model in itself: no further file, and no code, is named in it.

    Raises:
        ModelRefusedError: it is not an ONNX model, keeps weights elsewhere, or uses
            operators that are not of the ONNX standard.
    """
    try:
        fields = list(onnx_format.fields(memoryview(content)))
        graphs = [value for number, value in _messages(fields) if number == _MODEL_GRAPH]
        if len(graphs) != 1 or not any(n == _GRAPH_NODE for n, _ in _parts(graphs[0])):
            raise ValueError("it holds no graph")
        functions = [value for number, value in _messages(fields) if number == _MODEL_FUNCTION]
        for cause in _objections(graphs[0], functions):
            raise refused(model, cause)
    except (ValueError, IndexError) as error:
        raise refused(
            model,
            ModelRefusedError(
                "{path} is not an ONNX model ({reason})",
                path=model.file,
                reason=str(error) or type(error).__name__,
            ),
        ) from error


def prepared(pixels: Pixels, preparation: Preparation) -> npt.NDArray[Any]:
    """RGB uint8 (n, height, width, 3) as the tensor that the network takes."""
    values: npt.NDArray[Any] = pixels
    if preparation.channels == "bgr":
        values = values[..., ::-1]
    if preparation.type == "float32":
        mean = np.array(preparation.mean, np.float32)
        values = (values.astype(np.float32) - mean) / np.array(preparation.std, np.float32)
    if preparation.layout == "nchw":
        values = values.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(values)


def refused(model: UserModel, cause: ModelRefusedError) -> ModelRefusedError:
    """The error about a model: which one, and what is wrong with it."""
    return ModelRefusedError("model {name!r}: {cause}", name=model.name, cause=cause)


def not_finite(model: UserModel, output: str) -> ModelRefusedError:
    """The error about numbers that mean nothing."""
    return refused(
        model,
        ModelRefusedError(
            "its output {name!r} is not finite; check 'mean', 'std' and the file", name=output
        ),
    )


def shape_text(shape: Sequence[int | None]) -> str:
    """A shape for people: "? x 3 x 112 x 112"."""
    return " x ".join("?" if size is None else str(size) for size in shape) or "1"


def _unusable(model: UserModel, reason: object) -> ModelRefusedError:
    told = next(iter(str(reason).splitlines()), type(reason).__name__)
    return refused(
        model,
        ModelRefusedError(
            "the runtime refuses {path} ({reason}); export it again as ONNX",
            path=model.file,
            reason=told,
        ),
    )


def _only_input(network: Network, model: UserModel) -> Port:
    if len(network.inputs) != 1:
        raise refused(
            model,
            ModelRefusedError(
                "it has {n} inputs; a network of this program takes one", n=len(network.inputs)
            ),
        )
    return network.inputs[0]


Part = tuple[int, memoryview]


def _parts(message: memoryview) -> Iterator[Part]:
    """Number and content of each field that is a message or text."""
    yield from _messages(onnx_format.fields(message))


def _messages(fields: Any) -> Iterator[Part]:
    for number, kind, value in fields:
        if kind == onnx_format.BYTES:
            yield number, value


def _objections(graph: memoryview, functions: Sequence[memoryview]) -> Iterator[ModelRefusedError]:
    """Everything in the graphs that would make the runtime reach outside."""
    for function in functions:
        for number, value in _parts(function):
            if number == _FUNCTION_NODE:
                yield from _in_node(value, 1)
    yield from _in_graph(graph, 0)


def _in_graph(graph: memoryview, depth: int) -> Iterator[ModelRefusedError]:
    if depth > _DEEPEST:
        raise ValueError("its graphs are nested too deeply")
    for number, value in _parts(graph):
        if number == _GRAPH_NODE:
            yield from _in_node(value, depth)
        elif number == _GRAPH_CONSTANT:
            yield from _in_tensor(value)
        elif number == _GRAPH_SPARSE:
            yield from _in_sparse(value)


def _in_node(node: memoryview, depth: int) -> Iterator[ModelRefusedError]:
    parts = list(_parts(node))
    told = {number: bytes(value).decode() for number, value in parts if number in {4, 7}}
    domain = told.get(_NODE_DOMAIN, "")
    if domain not in _STANDARD_DOMAINS:
        yield ModelRefusedError(
            "it uses the operator {operator!r} of {domain!r}, which is not of the ONNX "
            "standard; export it again without",
            operator=told.get(_NODE_OPERATOR, ""),
            domain=domain,
        )
    for number, value in parts:
        if number == _NODE_ATTRIBUTE:
            yield from _in_attribute(value, depth)


def _in_attribute(attribute: memoryview, depth: int) -> Iterator[ModelRefusedError]:
    for number, value in _parts(attribute):
        if number in _ATTRIBUTE_TENSORS:
            yield from _in_tensor(value)
        elif number in _ATTRIBUTE_GRAPHS:
            yield from _in_graph(value, depth + 1)
        elif number in _ATTRIBUTE_SPARSE:
            yield from _in_sparse(value)


def _in_sparse(sparse: memoryview) -> Iterator[ModelRefusedError]:
    for number, value in _parts(sparse):
        if number in _SPARSE_TENSORS:
            yield from _in_tensor(value)


def _in_tensor(tensor: memoryview) -> Iterator[ModelRefusedError]:
    for number, _, value in onnx_format.fields(tensor):
        # A location of 0 says that the values are in the file after all.
        if number in _TENSOR_ELSEWHERE and bytes(value) != b"\0":
            yield ModelRefusedError(
                "it keeps weights in another file; export it again as a single file"
            )
            return
