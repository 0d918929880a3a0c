"""Small networks that see magenta, as an institution might bring them: files and their words."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from detector.faces import Box
from detector.geometry import ARCFACE_112
from detector.models import Preparation, UserFinder, UserRecogniser
from detector.networks import onnx_format
from detector.networks.onnx_format import FLOAT, constant, node, port

DIMENSIONS = 24
SIDE = ARCFACE_112.side
FACE = (96, 120)
"""Width and height of the only faces that the small finders know."""

_WINDOW = 96
_STRIDES = (8, 16, 32)
# Where the landmarks lie, from the centre of the box in its widths and heights.
_MARKS = np.array([(-0.2, -0.1), (0.2, -0.1), (0, 0.1), (-0.15, 0.3), (0.15, 0.3)])


def saved(content: bytes, path: Path) -> tuple[Path, str]:
    """The content in a file, and its SHA-256."""
    path.write_bytes(content)
    return path, hashlib.sha256(content).hexdigest()


def recogniser_bytes(
    *, dimensions: int = DIMENSIONS, side: int = SIDE, batch: int | str = "n", extra: Any = None
) -> bytes:
    """Colours in 4 x 4 fields, mixed by a fixed matrix: "data" to "other" and "fc1"."""
    window = side // 4
    mix = np.random.default_rng(1).normal(size=(48, dimensions)).astype(np.float32)
    return onnx_format.model(
        [
            node(
                "AveragePool", ["data"], "fields", kernel_shape=(window,) * 2, strides=(window,) * 2
            ),
            node("Flatten", ["fields"], "flat", axis=1),
            node("MatMul", ["flat", "mix"], "fc1"),
            node("Relu", ["flat"], "other"),
            *(extra or ()),
        ],
        [constant("mix", mix)],
        [port("data", FLOAT, (batch, 3, side, side))],
        [port("other", FLOAT, (batch, 48)), port("fc1", FLOAT, (batch, dimensions))],
    )


def a_recogniser(folder: Path, content: bytes | None = None, **declared: Any) -> UserRecogniser:
    """The small recogniser, in a file in the folder."""
    path, digest = saved(content or recogniser_bytes(), folder / "recogniser.onnx")
    told: dict[str, Any] = {
        "name": "colours",
        "file": path,
        "sha256": digest,
        "licence": "made for the tests",
        "geometry": ARCFACE_112,
        "dimensions": DIMENSIONS,
        "preparation": Preparation(mean=(127.5,) * 3, std=(127.5,) * 3),
        "output": "fc1",
    }
    return UserRecogniser(**told | declared)


class _Finder:
    """Collects the nodes of a finder whose score is the share of magenta around a cell."""

    def __init__(self) -> None:
        pick = np.array([0.5, -1, 0.5]).reshape(1, 3, 1, 1) / 255
        self.nodes = [
            node("Conv", ["picture", "pick"], "signed", kernel_shape=(1, 1)),
            node("Relu", ["signed"], "magenta"),
        ]
        self.constants = [constant("pick", pick.astype(np.float32))]
        self.outputs: list[tuple[str, tuple[int | str, ...]]] = []

    def share(self, name: str, stride: int) -> str:
        beside = (_WINDOW - stride) // 2
        self.nodes.append(
            node(
                "AveragePool",
                ["magenta"],
                name,
                kernel_shape=(_WINDOW,) * 2,
                strides=(stride,) * 2,
                pads=(beside,) * 4,
            )
        )
        return name

    def always(self, name: str, source: str, values: Sequence[float]) -> str:
        """The same values in every cell of `source`."""
        count = len(values)
        self.constants += [
            constant(f"{name}.w", np.zeros((count, 1, 1, 1), np.float32)),
            constant(f"{name}.b", np.array(values, np.float32)),
        ]
        self.nodes.append(
            node("Conv", [source, f"{name}.w", f"{name}.b"], name, kernel_shape=(1, 1))
        )
        return name

    def bytes(self, size: tuple[int, int] | None = None) -> bytes:
        width, height = size or ("width", "height")
        return onnx_format.model(
            self.nodes,
            self.constants,
            [port("picture", FLOAT, (1, 3, height, width))],
            [port(name, FLOAT, shape) for name, shape in self.outputs],
        )


def yunet_bytes(size: tuple[int, int] | None = None, **changes: float) -> bytes:
    """Outputs as YuNet names them, each (1, cells, k)."""
    graph = _Finder()
    parts: dict[str, list[tuple[str, tuple[int | str, ...]]]] = {}
    for stride in _STRIDES:
        share = graph.share(f"share{stride}", stride)
        box = [0.5, 0.5, *(math.log(side / stride) for side in FACE)]
        box[2] = changes.get("log_width", box[2])
        marks = _MARKS * FACE / stride + 0.5
        made = {
            "cls": (share, 1),
            "obj": (share, 1),
            "bbox": (graph.always(f"box{stride}", share, box), 4),
            "kps": (graph.always(f"marks{stride}", share, marks.ravel().tolist()), 10),
        }
        for kind, (source, width) in made.items():
            name = f"{kind}_{stride}"
            graph.nodes += [
                node("Transpose", [source], f"{name}.last", perm=(0, 2, 3, 1)),
                node("Flatten", [f"{name}.last"], f"{name}.rows", axis=3),
                node("Unsqueeze", [f"{name}.rows"], name, axes=(0,)),
            ]
            parts.setdefault(kind, []).append((name, (1, f"cells{stride}", width)))
    # Not in the decoder's order: the names must count.
    graph.outputs = [one for kind in ("kps", "bbox", "obj", "cls") for one in parts[kind]]
    return graph.bytes(size)


def scrfd_bytes(size: tuple[int, int] | None = None, *, loud: float = 1.0) -> bytes:
    """Nine outputs as SCRFD gives them, each (cells * 2, k); the second anchor is silent."""
    graph = _Finder()
    parts: dict[str, list[tuple[str, tuple[int | str, ...]]]] = {}
    for stride in _STRIDES:
        share = graph.share(f"share{stride}", stride)
        graph.constants.append(constant(f"loud{stride}", np.array([loud], np.float32)))
        graph.nodes.append(node("Mul", [share, f"loud{stride}"], f"score{stride}"))
        # Cells are points at the upper left; the window is centred half a cell further.
        across, down = (side / 2 / stride for side in FACE)
        box = [across - 0.5, down - 0.5, across + 0.5, down + 0.5]
        marks = _MARKS * FACE / stride + 0.5
        made = {
            "score": (f"score{stride}", 1),
            "box": (graph.always(f"box{stride}", share, box), 4),
            "marks": (graph.always(f"marks{stride}", share, marks.ravel().tolist()), 10),
        }
        for kind, (source, width) in made.items():
            name = f"{kind}_out_{stride}"
            silent = graph.always(f"{name}.silent", share, [0.0] * width)
            for one in (source, silent):
                graph.nodes.append(node("Unsqueeze", [one], f"{name}.{one}", axes=(4,)))
            graph.nodes += [
                node("Concat", [f"{name}.{source}", f"{name}.{silent}"], f"{name}.both", axis=4),
                node("Transpose", [f"{name}.both"], f"{name}.last", perm=(0, 2, 3, 4, 1)),
                node("Flatten", [f"{name}.last"], name, axis=4),
            ]
            parts.setdefault(kind, []).append((name, (f"cells{stride}", width)))
    graph.outputs = [one for kind in ("score", "box", "marks") for one in parts[kind]]
    return graph.bytes(size)


def centerface_bytes(size: tuple[int, int] | None = None) -> bytes:
    """Four maps as CenterFace gives them, each (1, k, rows, columns)."""
    graph = _Finder()
    share = graph.share("heat", 4)
    marks = (_MARKS + 0.5)[:, ::-1]  # vertical before horizontal, from the box's corner
    made = [
        (share, 1),
        (graph.always("size", share, [math.log(side / 4) for side in reversed(FACE)]), 2),
        (graph.always("offset", share, [0.0, 0.0]), 2),
        (graph.always("points", share, marks.ravel().tolist()), 10),
    ]
    graph.outputs = [(name, (1, width, "rows", "columns")) for name, width in made]
    return graph.bytes(size)


FINDERS = {"centerface": centerface_bytes, "scrfd": scrfd_bytes, "yunet": yunet_bytes}


def a_finder(
    folder: Path, decoder: str = "yunet", content: bytes | None = None, **declared: Any
) -> UserFinder:
    """A small finder, in a file in the folder."""
    content = content or FINDERS[decoder](declared.get("size"))
    path, digest = saved(content, folder / f"{decoder}.onnx")
    told: dict[str, Any] = {
        "name": f"magenta-{decoder}",
        "file": path,
        "sha256": digest,
        "licence": "made for the tests",
        "decoder": decoder,
    }
    return UserFinder(**told | declared)


def face_at(x: int, y: int) -> Box:
    """A face that the small finders know, around a point."""
    width, height = FACE
    return Box(x - width // 2, y - height // 2, x + width // 2, y + height // 2)


def changed(model: Any, **fields: Any) -> Any:
    """The declaration with other words."""
    return dataclasses.replace(model, **fields)
