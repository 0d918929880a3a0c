"""Runs a network: the only file that knows ONNX Runtime.

Why this runtime: docs/adr/0001-runtime.md.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from detector.errors import BackendMissingError, ModelMissingError

if TYPE_CHECKING:
    import numpy.typing as npt

    Tensor = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True, slots=True)
class Port:
    """An input or output: its name, the runtime's name of its type, its size.

    A dimension that is free, or not told, is None.
    """

    name: str
    type: str
    shape: tuple[int | None, ...]


class Network:
    """A loaded network. `run` may be called from several threads at once."""

    def __init__(self, model: bytes, threads: int | None = None) -> None:
        """Loads `model`, the bytes of an ONNX file; `threads` defaults to the usable cores."""
        ort = _onnxruntime()
        options = ort.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads or usable_cores()
        # A plan of the memory is made per size of picture and allocated beside what
        # the first run took; tiles come in many sizes and gain nothing from it.
        options.enable_mem_pattern = False
        # Waiting threads that spin make the other workers of an album slower.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = ort.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except ort.capi.onnxruntime_pybind11_state.Fail as error:
            raise ModelMissingError(
                "the runtime refuses a network ({reason}); reinstall onnxruntime",
                reason=_first_line(error),
            ) from error
        self._input: str = self._session.get_inputs()[0].name

    @property
    def inputs(self) -> tuple[Port, ...]:
        """What the network takes."""
        return tuple(map(_port, self._session.get_inputs()))

    @property
    def outputs(self) -> tuple[Port, ...]:
        """What the network gives, in the order of `run`."""
        return tuple(map(_port, self._session.get_outputs()))

    def run(self, batch: npt.NDArray[Any]) -> list[Tensor]:
        """The network's outputs for one input tensor."""
        outputs: list[Tensor] = self._session.run(None, {self._input: batch})
        return outputs


def refusals() -> tuple[type[Exception], ...]:
    """Everything the runtime raises about a network, when it loads and when it runs."""
    told = vars(_onnxruntime().capi.onnxruntime_pybind11_state).values()
    return tuple(one for one in told if isinstance(one, type) and issubclass(one, Exception))


def usable_cores() -> int:
    """Cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _port(told: Any) -> Port:
    sizes = (size if isinstance(size, int) and size > 0 else None for size in told.shape)
    return Port(told.name, told.type, tuple(sizes))


def _onnxruntime() -> Any:
    try:
        onnxruntime = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise BackendMissingError(
            "the network runtime cannot be loaded ({reason}); install onnxruntime",
            reason=_first_line(error),
        ) from error
    # On Windows the official builds report to the operating system's event log.
    onnxruntime.disable_telemetry_events()
    return onnxruntime


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
